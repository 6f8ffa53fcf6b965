#include "engine/tables_index.h"

#include <assert.h>
#include <string.h>

#include "core/heap.h"
#include "engine/tables_rows.h"

#define SLOTS_MIN 64u
#define SLOTS_MAX (1u << 31)

void sarn__row_index_init(struct sarn__row_index *index, const struct sarn_heap *heap)
{
    *index = (struct sarn__row_index){.heap = *heap};
}

void sarn__row_index_done(struct sarn__row_index *index)
{
    sarn__heap_free(&index->heap, index->slots);
    *index = (struct sarn__row_index){.heap = index->heap};
}

/* Multiply and fold, eight bytes at a time. The constants are odd and have no pattern;
 * the value lives as long as the process, so the machine's byte order does not matter.
 */
uint64_t sarn__row_hash(struct sarn_str key)
{
    const uint64_t factor = UINT64_C(0x9fb21c651e98df25);
    uint64_t hash = key.size * UINT64_C(0xd6e8feb86659fd93);
    const char *bytes = key.data;
    size_t left = key.size;
    uint64_t word;

    for (; left >= sizeof(word); left -= sizeof(word), bytes += sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    if (left > 0) {
        word = 0;
        memcpy(&word, bytes, left);
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    hash *= factor;
    return hash ^ hash >> 29;
}

struct sarn__row *sarn__row_index_find(const struct sarn__row_index *index,
                                       struct sarn_str key)
{
    uint32_t mask = index->size - 1;
    uint64_t hash;

    if (index->count == 0) {
        return NULL;
    }
    hash = sarn__row_hash(key);
    for (uint32_t at = (uint32_t)hash & mask;; at = (at + 1) & mask) {
        const struct sarn__row_slot *slot = &index->slots[at];

        if (slot->row == NULL) {
            return NULL;
        }
        if (slot->hash == hash && sarn_str_equal(slot->row->key, key)) {
            return slot->row;
        }
    }
}

/* Put a slot where it belongs; there is room. */
static void place(struct sarn__row_index *index, struct sarn__row_slot slot)
{
    uint32_t mask = index->size - 1;
    uint32_t at = (uint32_t)slot.hash & mask;

    while (index->slots[at].row != NULL) {
        at = (at + 1) & mask;
    }
    index->slots[at] = slot;
}

/* Double the slots. */
static bool grow(struct sarn__row_index *index)
{
    struct sarn__row_index old = *index;
    uint32_t size = old.size == 0 ? SLOTS_MIN : old.size * 2;
    struct sarn__row_slot *slots;

    if (old.size >= SLOTS_MAX) {
        return false;
    }
    slots = sarn__heap_alloc(&index->heap, size * sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    index->slots = slots;
    index->size = size;
    for (uint32_t i = 0; i < old.size; i++) {
        if (old.slots[i].row != NULL) {
            place(index, old.slots[i]);
        }
    }
    sarn__heap_free(&index->heap, old.slots);
    return true;
}

sarn_status sarn__row_index_insert(struct sarn__row_index *index, struct sarn__row *row)
{
    /* At most 5/8 full, so that searches stay short; one slot is empty at all times, so
     * that they end. */
    bool crowded = (uint64_t)index->count * 8 >= (uint64_t)index->size * 5;

    if (crowded && !grow(index)) {
        return SARN_ERR_NOMEM;
    }
    place(index, (struct sarn__row_slot){sarn__row_hash(row->key), row});
    index->count += 1;
    return SARN_OK;
}

void sarn__row_index_remove(struct sarn__row_index *index, const struct sarn__row *row)
{
    uint32_t mask = index->size - 1;
    uint32_t hole = (uint32_t)sarn__row_hash(row->key) & mask;
    uint32_t at;

    while (index->slots[hole].row != row) {
        assert(index->slots[hole].row != NULL);
        hole = (hole + 1) & mask;
    }
    /* Move what follows up, unless it is nearer to where it belongs than the hole is.
     */
    for (at = (hole + 1) & mask; index->slots[at].row != NULL; at = (at + 1) & mask) {
        uint32_t home = (uint32_t)index->slots[at].hash & mask;

        if (((at - home) & mask) >= ((at - hole) & mask)) {
            index->slots[hole] = index->slots[at];
            hole = at;
        }
    }
    index->slots[hole].row = NULL;
    index->count -= 1;
}
