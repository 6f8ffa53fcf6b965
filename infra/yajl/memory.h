/* memory.h - yajl's memory, from an arena.
 *
 * yajl uses what it is given without a look at it, so running out cannot be told to it.
 * It leaves by longjmp instead, over yajl's frames: all that they hold is in the arena.
 */
#ifndef SARN_YAJL_MEMORY_H
#define SARN_YAJL_MEMORY_H

#include <setjmp.h>

#include <yajl/yajl_common.h>

#include "sarn/types.h"

struct yajl_memory {
    struct sarn_arena *arena;
    jmp_buf out; /* Where to go when memory runs out; set it before yajl is called. */
};

/* Functions for yajl; memory outlives them. */
yajl_alloc_funcs sarn__yajl_functions(struct yajl_memory *memory);
/* The same for ours: never NULL. */
void *sarn__yajl_alloc(struct yajl_memory *memory, size_t size);

#endif
