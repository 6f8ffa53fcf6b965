/* heap.h - shorthand for struct sarn_heap. */
#ifndef SARN_CORE_HEAP_H
#define SARN_CORE_HEAP_H

#include "sarn/types.h"

/* Zeroed memory, or NULL. */
void *sarn__heap_alloc(const struct sarn_heap *heap, size_t size);
/* As realloc; what is new is not zeroed. NULL leaves memory alone. */
void *sarn__heap_resize(const struct sarn_heap *heap, void *memory, size_t size);
/* NULL does nothing. */
void sarn__heap_free(const struct sarn_heap *heap, void *memory);
/* heap itself, or malloc where its function is NULL. */
struct sarn_heap sarn__heap_or_malloc(const struct sarn_heap *heap);
/* What arena has taken from its heap, used or not. */
size_t sarn__arena_held(const struct sarn_arena *arena);

#endif
