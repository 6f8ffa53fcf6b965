#include "core/heap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *malloc_resize(void *arg, void *memory, size_t size)
{
    (void)arg;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

void *sarn__heap_alloc(const struct sarn_heap *heap, size_t size)
{
    size_t wanted = size > 0 ? size : 1; /* Size 0 would free. */
    void *memory;

    assert(heap->resize != NULL);
    memory = heap->resize(heap->arg, NULL, wanted);
    if (memory != NULL) {
        memset(memory, 0, wanted);
    }
    return memory;
}

void *sarn__heap_resize(const struct sarn_heap *heap, void *memory, size_t size)
{
    assert(heap->resize != NULL);
    return heap->resize(heap->arg, memory, size > 0 ? size : 1);
}

void sarn__heap_free(const struct sarn_heap *heap, void *memory)
{
    assert(heap->resize != NULL);
    if (memory != NULL) {
        (void)heap->resize(heap->arg, memory, 0);
    }
}

struct sarn_heap sarn__heap_or_malloc(const struct sarn_heap *heap)
{
    if (heap == NULL || heap->resize == NULL) {
        return (struct sarn_heap){.resize = malloc_resize};
    }
    return *heap;
}
