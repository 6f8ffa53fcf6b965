/* names.h - a bounded cache from numbers to names, for what every event needs: its
 * stream, its actor, its origin.
 *
 * Numbers are dense, so a slot is found without hashing. A name handed out stays valid
 * until names for about SARN__NAMES_BYTES more have been put, and as long as the cache
 * is held more than once: whoever calls back into the engine with a name in hand holds
 * it.
 *
 * Threads: one at a time.
 */
#ifndef SARN_ENGINE_NAMES_H
#define SARN_ENGINE_NAMES_H

#include "sarn/types.h"

#define SARN__NAMES_SLOTS_MAX 131072u
#define SARN__NAMES_BYTES     (4u * 1024u * 1024u)

struct sarn__name_slot {
    uint64_t number; /* 0: free. */
    struct sarn_str name;
};

struct sarn__names {
    struct sarn_heap heap;
    struct sarn__name_slot *slots; /* A power of two, or none yet. */
    uint32_t slot_count;
    uint32_t used;
    uint32_t holds;
    struct sarn_arena *current, *previous; /* The names' bytes, in two generations. */
};

void sarn__names_init(struct sarn__names *names, const struct sarn_heap *heap);
void sarn__names_done(struct sarn__names *names);
/* The name of number (not 0), or NULL when it is not here. */
static inline const struct sarn_str *sarn__names_find(const struct sarn__names *names,
                                                      uint64_t number)
{
    const struct sarn__name_slot *slot;

    if (names->slot_count == 0) {
        return NULL;
    }
    slot = &names->slots[number & (names->slot_count - 1)];
    return slot->number == number ? &slot->name : NULL;
}
/* Remember a copy of name and return it; without memory, return name itself. */
struct sarn_str
sarn__names_put(struct sarn__names *names, uint64_t number, struct sarn_str name);

#endif
