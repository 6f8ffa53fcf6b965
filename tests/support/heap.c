#include "support/heap.h"

#include <stdlib.h>

static void *resize(void *arg, void *memory, size_t size)
{
    struct test_heap *heap = arg;
    uint64_t call;
    void *resized;

    if (size == 0) {
        if (memory != NULL) {
            atomic_fetch_sub(&heap->live, 1);
        }
        free(memory);
        return NULL;
    }
    call = atomic_fetch_add(&heap->calls, 1) + 1;
    if (heap->fail_at != 0 &&
        (call == heap->fail_at || (heap->broken && call > heap->fail_at))) {
        return NULL;
    }
    resized = realloc(memory, size);
    if (resized != NULL && memory == NULL) {
        atomic_fetch_add(&heap->live, 1);
    }
    return resized;
}

struct sarn_heap test_heap(struct test_heap *heap)
{
    return (struct sarn_heap){.resize = resize, .arg = heap};
}
