#include "infra/yajl/memory.h"

#include <stdint.h>
#include <string.h>

/* Before each block: how large it is, for realloc. */
#define HEADER_BYTES 16u

void *sarn__yajl_alloc(struct yajl_memory *memory, size_t size)
{
    void *block = sarn_arena_alloc(memory->arena, size);

    if (block == NULL) {
        longjmp(memory->out, 1);
    }
    return block;
}

static void *allocate(void *ctx, size_t size)
{
    char *block = sarn__yajl_alloc(ctx, HEADER_BYTES + size);

    memcpy(block, &size, sizeof(size));
    return block + HEADER_BYTES;
}

static void *reallocate(void *ctx, void *block, size_t size)
{
    char *resized = allocate(ctx, size);
    size_t old;

    if (block != NULL) {
        memcpy(&old, (char *)block - HEADER_BYTES, sizeof(old));
        memcpy(resized, block, old < size ? old : size);
    }
    return resized;
}

/* The arena frees all at once. */
static void release(void *ctx, void *block)
{
    (void)ctx, (void)block;
}

yajl_alloc_funcs sarn__yajl_functions(struct yajl_memory *memory)
{
    return (yajl_alloc_funcs){
        .malloc = allocate,
        .realloc = reallocate,
        .free = release,
        .ctx = memory,
    };
}
