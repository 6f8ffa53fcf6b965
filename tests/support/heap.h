/* heap.h - a heap that counts what is out and fails on demand.
 *
 * The usual test: run the thing with fail_at 1, 2, 3, ... until it succeeds; each time
 * it must answer SARN_ERR_NOMEM, change nothing and leave nothing allocated.
 */
#ifndef SARN_TESTS_SUPPORT_HEAP_H
#define SARN_TESTS_SUPPORT_HEAP_H

#include <stdatomic.h>

#include "sarn/types.h"

/* All zero: never fails. [any thread] */
struct test_heap {
    _Atomic uint64_t calls;   /* That asked for memory. */
    _Atomic uint64_t fail_at; /* The call that gets none, from 1; 0: none. */
    _Atomic uint64_t live;    /* Blocks not yet freed. */
    _Atomic bool broken;      /* Every call from fail_at on gets none. */
};

/* heap outlives what allocates from it. */
struct sarn_heap test_heap(struct test_heap *heap);

#endif
