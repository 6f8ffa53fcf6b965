/* The transactions of a user that are screened and not settled. */
#include "profile.h"

#include <assert.h>

static uint32_t index_of(const struct compliance_profile *profile,
                         struct sarn_str transaction)
{
    uint32_t i = 0;

    while (i < profile->screenings.size &&
           (profile->screenings.data[i].status == COMPLIANCE_SCREENING_STATUS_NONE ||
            !sarn_str_equal(profile->screenings.data[i].transaction, transaction))) {
        i++;
    }
    return i;
}

/* The descriptor's vectors are const for readers; this state is ours. */
static struct compliance_screening *slots_of(const struct compliance_profile *profile)
{
    return (struct compliance_screening *)(uintptr_t)profile->screenings.data;
}

const struct compliance_screening *
sarn__screening_find(const struct compliance_profile *profile,
                     struct sarn_str transaction)
{
    uint32_t i = index_of(profile, transaction);

    return i == profile->screenings.size ? NULL : &profile->screenings.data[i];
}

uint32_t sarn__screening_count(const struct compliance_profile *profile)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < profile->screenings.size; i++) {
        count += profile->screenings.data[i].status != COMPLIANCE_SCREENING_STATUS_NONE;
    }
    return count;
}

/* A free slot: there is none, and their number is doubled. NULL: out of memory. */
static struct compliance_screening *free_slot(struct compliance_profile *profile,
                                              struct sarn_arena *arena)
{
    uint32_t count = profile->screenings.size;
    uint32_t grown = count == 0 ? 2 : count * 2;
    struct compliance_screening *slots = slots_of(profile);

    for (uint32_t i = 0; i < count; i++) {
        if (slots[i].status == COMPLIANCE_SCREENING_STATUS_NONE) {
            return &slots[i];
        }
    }
    slots = sarn_arena_alloc(arena, grown * sizeof(*slots));
    if (slots == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        slots[i] = profile->screenings.data[i];
    }
    profile->screenings.data = slots;
    profile->screenings.size = grown;
    return &slots[count];
}

sarn_status sarn__screening_add(struct compliance_profile *profile,
                                const struct compliance_screening *screening,
                                struct sarn_arena *arena)
{
    struct compliance_screening copy = *screening;
    struct compliance_screening *slot;

    assert(copy.status != COMPLIANCE_SCREENING_STATUS_NONE);
    if (sarn_arena_copy(arena, screening->transaction, &copy.transaction) != SARN_OK ||
        sarn_arena_copy(arena, screening->by, &copy.by) != SARN_OK ||
        sarn_arena_copy(arena, screening->reason, &copy.reason) != SARN_OK ||
        (slot = free_slot(profile, arena)) == NULL) {
        return SARN_ERR_NOMEM;
    }
    *slot = copy;
    return SARN_OK;
}

struct compliance_screening *sarn__screening_edit(struct compliance_profile *profile,
                                                  struct sarn_str transaction)
{
    uint32_t i = index_of(profile, transaction);

    assert(i < profile->screenings.size);
    return &slots_of(profile)[i];
}

void sarn__screening_remove(struct compliance_profile *profile,
                            struct sarn_str transaction)
{
    uint32_t i = index_of(profile, transaction);

    if (i < profile->screenings.size) {
        slots_of(profile)[i] = (struct compliance_screening){.status = 0};
    }
}
