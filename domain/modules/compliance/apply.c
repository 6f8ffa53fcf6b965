/* What an event does to a user's profile. Events come from disk: one that cannot follow
 * is reported as corrupt and changes nothing. */
#include "profile.h"

typedef sarn_status apply_fn(struct compliance_profile *profile,
                             const struct sarn_event *event,
                             struct sarn_arena *arena);

static sarn_status limits_set(struct compliance_profile *profile,
                              const struct sarn_event *event,
                              struct sarn_arena *arena)
{
    const struct compliance_limits_set *e = event->data;
    sarn_status status;

    if (e->limits.transaction <= 0 || e->limits.window_us <= 0 ||
        e->limits.window_sum <= 0 || e->limits.window_count == 0) {
        return SARN_ERR_CORRUPT;
    }
    status = sarn__window_cut(profile, e->limits.window_us, arena);
    if (status == SARN_OK) {
        profile->limits = e->limits;
    }
    return status;
}

static sarn_status watched(struct compliance_profile *profile,
                           const struct sarn_event *event,
                           struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    profile->watched = true;
    return SARN_OK;
}

static sarn_status unwatched(struct compliance_profile *profile,
                             const struct sarn_event *event,
                             struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    profile->watched = false;
    return SARN_OK;
}

/* Which status a screening begins with, by its band. NONE: no such band. */
static uint8_t first_status(uint8_t band)
{
    switch (band) {
    case COMPLIANCE_BAND_CLEAR:
        return COMPLIANCE_SCREENING_STATUS_CLEAR;
    case COMPLIANCE_BAND_REVIEW:
        return COMPLIANCE_SCREENING_STATUS_REVIEW;
    case COMPLIANCE_BAND_REFUSE:
        return COMPLIANCE_SCREENING_STATUS_REFUSED;
    default:
        return COMPLIANCE_SCREENING_STATUS_NONE;
    }
}

static sarn_status screened(struct compliance_profile *profile,
                            const struct sarn_event *event,
                            struct sarn_arena *arena)
{
    const struct compliance_transaction_screened *e = event->data;
    bool counts = e->band != COMPLIANCE_BAND_REFUSE;
    const struct compliance_screening screening = {.transaction = e->transaction,
                                                   .amount = e->amount.minor,
                                                   .screened_us =
                                                       counts ? e->screened_us : 0,
                                                   .status = first_status(e->band),
                                                   .refusal = e->refusal,
                                                   .score = e->score,
                                                   .by = e->sanctioned};
    sarn_status status;

    if (screening.status == COMPLIANCE_SCREENING_STATUS_NONE || e->amount.minor <= 0 ||
        sarn__screening_find(profile, e->transaction) != NULL ||
        (counts && !sarn__window_add(profile, e->screened_us, e->amount.minor))) {
        return SARN_ERR_CORRUPT;
    }
    status = sarn__screening_add(profile, &screening, arena);
    if (status != SARN_OK && counts) {
        sarn__window_remove(profile, e->screened_us, e->amount.minor);
    }
    return status;
}

/* The screening of transaction, which waits for a review; NULL: it does not. */
static struct compliance_screening *review_of(struct compliance_profile *profile,
                                              struct sarn_str transaction)
{
    const struct compliance_screening *found =
        sarn__screening_find(profile, transaction);

    return found == NULL || found->status != COMPLIANCE_SCREENING_STATUS_REVIEW
               ? NULL
               : sarn__screening_edit(profile, transaction);
}

static sarn_status review_opened(struct compliance_profile *profile,
                                 const struct sarn_event *event,
                                 struct sarn_arena *arena)
{
    const struct compliance_review_opened *e = event->data;

    (void)arena;
    return review_of(profile, e->transaction) == NULL ? SARN_ERR_CORRUPT : SARN_OK;
}

static sarn_status review_decided(struct compliance_profile *profile,
                                  const struct sarn_event *event,
                                  struct sarn_arena *arena)
{
    const struct compliance_review_decided *e = event->data;
    struct compliance_screening *screening = review_of(profile, e->transaction);
    struct sarn_str by, reason;

    if (screening == NULL) {
        return SARN_ERR_CORRUPT;
    }
    if (sarn_arena_copy(arena, e->by, &by) != SARN_OK ||
        sarn_arena_copy(arena, e->reason, &reason) != SARN_OK) {
        return SARN_ERR_NOMEM;
    }
    screening->status = e->approved ? COMPLIANCE_SCREENING_STATUS_APPROVED
                                    : COMPLIANCE_SCREENING_STATUS_REFUSED;
    screening->refusal =
        e->approved ? COMPLIANCE_REFUSAL_NONE : COMPLIANCE_REFUSAL_REVIEWER;
    screening->by = by;
    screening->reason = reason;
    return SARN_OK;
}

static sarn_status review_expired(struct compliance_profile *profile,
                                  const struct sarn_event *event,
                                  struct sarn_arena *arena)
{
    const struct compliance_review_expired *e = event->data;
    struct compliance_screening *screening = review_of(profile, e->transaction);

    (void)arena;
    if (screening == NULL) {
        return SARN_ERR_CORRUPT;
    }
    screening->status = COMPLIANCE_SCREENING_STATUS_REFUSED;
    screening->refusal = COMPLIANCE_REFUSAL_EXPIRED;
    return SARN_OK;
}

static sarn_status settled(struct compliance_profile *profile,
                           const struct sarn_event *event,
                           struct sarn_arena *arena)
{
    const struct compliance_screening_settled *e = event->data;

    (void)arena;
    if (sarn__screening_find(profile, e->transaction) == NULL) {
        return SARN_ERR_CORRUPT;
    }
    sarn__screening_remove(profile, e->transaction);
    return SARN_OK;
}

static sarn_status withdrawn(struct compliance_profile *profile,
                             const struct sarn_event *event,
                             struct sarn_arena *arena)
{
    const struct compliance_screening_withdrawn *e = event->data;

    (void)arena;
    sarn__screening_remove(profile, e->transaction);
    if (e->screened_us > 0) {
        sarn__window_remove(profile, e->screened_us, e->amount.minor);
    }
    return SARN_OK;
}

static const struct {
    const struct sarn_type *event;
    apply_fn *apply;
} effects[] = {
    {&compliance_transaction_screened_type, screened},
    {&compliance_screening_settled_type, settled},
    {&compliance_screening_withdrawn_type, withdrawn},
    {&compliance_review_opened_type, review_opened},
    {&compliance_review_decided_type, review_decided},
    {&compliance_review_expired_type, review_expired},
    {&compliance_limits_set_type, limits_set},
    {&compliance_user_watched_type, watched},
    {&compliance_user_unwatched_type, unwatched},
};

sarn_status sarn__profile_apply(void *state,
                                const struct sarn_event *event,
                                struct sarn_arena *arena)
{
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        if (event->type == effects[i].event) {
            return effects[i].apply(state, event, arena);
        }
    }
    return SARN_ERR_CORRUPT;
}
