#include "core/heap.h"

#include <assert.h>
#include <string.h>

#define ALIGN       16u
#define BLOCK_FIRST 928u           /* With the arena itself: a bit under 1 KiB. */
#define BLOCK_MAX   (64u * 1024u)  /* Blocks double up to here. */
#define KEEP_MAX    (256u * 1024u) /* A larger block is not kept by reset. */

/* Memory from the heap, handed out from its beginning. Its bytes follow it. */
struct block {
    _Alignas(ALIGN) struct block *next; /* An older one. */
    size_t size;
    size_t used;
};

/* The arena lies in front of its first block, which lives as long as it: creating one
 * is one allocation. */
struct sarn_arena {
    struct sarn_heap heap;
    struct block *current; /* The only one that may have room. */
    size_t bytes;
    _Alignas(ALIGN) struct block first;
};

static void *block_bytes(struct block *block)
{
    return block + 1;
}

struct sarn_arena *sarn_arena_create(const struct sarn_heap *heap)
{
    struct sarn_heap from = sarn__heap_or_malloc(heap);
    struct sarn_arena *arena;

    arena = sarn__heap_resize(&from, NULL, sizeof(*arena) + BLOCK_FIRST);
    if (arena == NULL) {
        return NULL;
    }
    *arena = (struct sarn_arena){.heap = from, .first = {.size = BLOCK_FIRST}};
    arena->current = &arena->first;
    return arena;
}

void sarn_arena_destroy(struct sarn_arena *arena)
{
    struct sarn_heap heap;

    if (arena == NULL) {
        return;
    }
    while (arena->current != &arena->first) {
        struct block *block = arena->current;

        arena->current = block->next;
        sarn__heap_free(&arena->heap, block);
    }
    heap = arena->heap;
    sarn__heap_free(&heap, arena);
}

void sarn_arena_reset(struct sarn_arena *arena)
{
    struct block *kept = NULL;

    /* Beside the first block, the largest one is kept: an arena that is used again and
     * again for the same kind of work soon stops asking the heap. */
    while (arena->current != &arena->first) {
        struct block *block = arena->current;
        struct block *drop = block;

        arena->current = block->next;
        if (block->size <= KEEP_MAX && (kept == NULL || block->size > kept->size)) {
            drop = kept;
            kept = block;
        }
        sarn__heap_free(&arena->heap, drop);
    }
    arena->first.used = 0;
    arena->bytes = 0;
    if (kept != NULL) {
        kept->used = 0;
        kept->next = &arena->first;
        arena->current = kept;
    }
}

/* Put a block with room for size bytes in front. */
static bool add_block(struct sarn_arena *arena, size_t size)
{
    size_t wanted = arena->current->size * 2;
    struct block *block;

    if (wanted > BLOCK_MAX) {
        wanted = BLOCK_MAX;
    }
    if (wanted < size) {
        wanted = size;
    }
    if (wanted > SIZE_MAX - sizeof(*block)) {
        return false;
    }
    block = sarn__heap_resize(&arena->heap, NULL, sizeof(*block) + wanted);
    if (block == NULL) {
        return false;
    }
    *block = (struct block){.next = arena->current, .size = wanted};
    arena->current = block;
    return true;
}

/* Memory as it comes, with at least size bytes, or NULL. */
static char *take(struct sarn_arena *arena, size_t size)
{
    size_t rounded = (size + (ALIGN - 1)) & ~(size_t)(ALIGN - 1);
    char *memory;

    if (rounded < size) {
        return NULL; /* It wrapped: nobody has that much. */
    }
    assert(arena->current->used <= arena->current->size);
    if (rounded > arena->current->size - arena->current->used &&
        !add_block(arena, rounded)) {
        return NULL;
    }
    memory = (char *)block_bytes(arena->current) + arena->current->used;
    arena->current->used += rounded;
    arena->bytes += rounded;
    return memory;
}

void *sarn_arena_alloc(struct sarn_arena *arena, size_t size)
{
    char *memory = take(arena, size);

    if (memory != NULL) {
        memset(memory, 0, size);
    }
    return memory;
}

sarn_status
sarn_arena_copy(struct sarn_arena *arena, struct sarn_str text, struct sarn_str *copy)
{
    char *memory;

    if (text.data == NULL) {
        *copy = (struct sarn_str){NULL, 0};
        return SARN_OK;
    }
    memory = take(arena, (size_t)text.size + 1);
    if (memory == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(memory, text.data, text.size);
    memory[text.size] = '\0';
    *copy = (struct sarn_str){memory, text.size};
    return SARN_OK;
}

size_t sarn_arena_bytes(const struct sarn_arena *arena)
{
    return arena->bytes;
}

size_t sarn__arena_held(const struct sarn_arena *arena)
{
    size_t held = sizeof(*arena) + arena->first.size;

    for (const struct block *block = arena->current; block != &arena->first;
         block = block->next) {
        held += sizeof(*block) + block->size;
    }
    return held;
}
