/* A window of time that slides, in as many slices as it is fine: what it costs does not
 * depend on how much happens in it. */
#include "profile.h"

#include <assert.h>

#define SLICES SARN_COMPLIANCE_WINDOW_SLICES

static int64_t width_of(int64_t window_us)
{
    return window_us < SLICES ? 1 : window_us / SLICES;
}

static int64_t begin_of(int64_t at_us, int64_t window_us)
{
    return at_us - at_us % width_of(window_us);
}

static uint32_t slot_of(int64_t at_us, int64_t window_us)
{
    return (uint32_t)(at_us / width_of(window_us) % SLICES);
}

static int64_t add_saturated(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

struct sarn__in_window sarn__window_total(const struct compliance_profile *profile,
                                          int64_t now_us)
{
    int64_t after_us = now_us - profile->limits.window_us;
    struct sarn__in_window total = {0, 0};

    for (uint32_t i = 0; i < profile->window.size; i++) {
        const struct compliance_slice *slice = &profile->window.data[i];

        if (slice->begin_us > after_us) {
            total.sum = add_saturated(total.sum, slice->sum);
            total.count = total.count > UINT32_MAX - slice->count
                              ? UINT32_MAX
                              : total.count + slice->count;
        }
    }
    return total;
}

/* Add what from holds to the slice of its time, unless that has moved on. */
static void carry(struct compliance_slice *slices,
                  int64_t window_us,
                  const struct compliance_slice *from)
{
    int64_t begin_us = begin_of(from->begin_us, window_us);
    struct compliance_slice *to = &slices[slot_of(from->begin_us, window_us)];

    if (to->begin_us < begin_us) {
        *to = (struct compliance_slice){.begin_us = begin_us};
    }
    if (to->begin_us == begin_us) {
        to->sum = add_saturated(to->sum, from->sum);
        to->count =
            to->count > UINT32_MAX - from->count ? UINT32_MAX : to->count + from->count;
    }
}

sarn_status sarn__window_cut(struct compliance_profile *profile,
                             int64_t window_us,
                             struct sarn_arena *arena)
{
    struct compliance_slice *slices;

    assert(window_us > 0);
    if (profile->window.size == SLICES && profile->limits.window_us == window_us) {
        return SARN_OK;
    }
    slices = sarn_arena_alloc(arena, SLICES * sizeof(*slices));
    if (slices == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < profile->window.size; i++) {
        if (profile->window.data[i].count > 0) {
            carry(slices, window_us, &profile->window.data[i]);
        }
    }
    profile->window.data = slices;
    profile->window.size = SLICES;
    return SARN_OK;
}

/* The slice of a time, to be changed: the vector is const for readers; this state is
 * ours. NULL: there is no window. */
static struct compliance_slice *slice_of(struct compliance_profile *profile,
                                         int64_t at_us)
{
    struct compliance_slice *slices =
        (struct compliance_slice *)(uintptr_t)profile->window.data;

    if (profile->window.size != SLICES || profile->limits.window_us <= 0 || at_us < 0) {
        return NULL;
    }
    return &slices[slot_of(at_us, profile->limits.window_us)];
}

bool sarn__window_add(struct compliance_profile *profile, int64_t at_us, int64_t amount)
{
    struct compliance_slice *slice = slice_of(profile, at_us);
    struct compliance_slice next;

    if (slice == NULL || amount < 0) {
        return false;
    }
    next = *slice;
    if (next.begin_us != begin_of(at_us, profile->limits.window_us)) {
        next = (struct compliance_slice){
            .begin_us = begin_of(at_us, profile->limits.window_us)};
    }
    if (next.sum > INT64_MAX - amount || next.count == UINT32_MAX) {
        return false;
    }
    next.sum += amount;
    next.count += 1;
    *slice = next;
    return true;
}

void sarn__window_remove(struct compliance_profile *profile,
                         int64_t at_us,
                         int64_t amount)
{
    struct compliance_slice *slice = slice_of(profile, at_us);

    if (slice != NULL &&
        slice->begin_us == begin_of(at_us, profile->limits.window_us) &&
        slice->count > 0 && slice->sum >= amount) {
        slice->sum -= amount;
        slice->count -= 1;
    }
}
