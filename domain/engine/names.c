#include "engine/names.h"

#include <assert.h>

#include "core/heap.h"

#define SLOTS_MIN 256u

void sarn__names_init(struct sarn__names *names, const struct sarn_heap *heap)
{
    *names = (struct sarn__names){.heap = *heap};
}

void sarn__names_done(struct sarn__names *names)
{
    sarn__heap_free(&names->heap, names->slots);
    sarn_arena_destroy(names->current);
    sarn_arena_destroy(names->previous);
    *names = (struct sarn__names){.heap = names->heap};
}

/* Begin a new generation of bytes; the one before stays, for names in use. */
static void turn(struct sarn__names *names)
{
    sarn_arena_destroy(names->previous);
    names->previous = names->current;
    names->current = NULL;
    for (uint32_t i = 0; i < names->slot_count; i++) {
        names->slots[i] = (struct sarn__name_slot){.number = 0};
    }
    names->used = 0;
}

/* Double the slots. Without memory they stay as they are. */
static void grow(struct sarn__names *names)
{
    uint32_t count = names->slot_count == 0 ? SLOTS_MIN : names->slot_count * 2;
    struct sarn__name_slot *slots =
        sarn__heap_alloc(&names->heap, count * sizeof(*slots));

    if (slots == NULL) {
        return;
    }
    for (uint32_t i = 0; i < names->slot_count; i++) {
        if (names->slots[i].number != 0) {
            slots[names->slots[i].number & (count - 1)] = names->slots[i];
        }
    }
    sarn__heap_free(&names->heap, names->slots);
    names->slots = slots;
    names->slot_count = count;
}

struct sarn_str
sarn__names_put(struct sarn__names *names, uint64_t number, struct sarn_str name)
{
    struct sarn__name_slot *slot;
    struct sarn_str copy;

    assert(number != 0);
    if (names->current != NULL && names->holds <= 1 &&
        sarn_arena_bytes(names->current) >= SARN__NAMES_BYTES) {
        turn(names);
    }
    if (names->used >= names->slot_count && names->slot_count < SARN__NAMES_SLOTS_MAX) {
        grow(names);
    }
    if (names->current == NULL) {
        names->current = sarn_arena_create(&names->heap);
    }
    if (names->slot_count == 0 || names->current == NULL ||
        sarn_arena_copy(names->current, name, &copy) != SARN_OK) {
        return name;
    }
    slot = &names->slots[number & (names->slot_count - 1)];
    names->used += slot->number == 0 ? 1 : 0;
    *slot = (struct sarn__name_slot){.number = number, .name = copy};
    return copy;
}
