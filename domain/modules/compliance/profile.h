/* profile.h - the aggregates of compliance, and the arithmetic of a profile.
 *
 * Invariant of a struct compliance_profile, held by every function here:
 *   the window is empty or has SARN_COMPLIANCE_WINDOW_SLICES slices; the slice of a
 * time is found by it, and says by begin_us whether it still means that time; no count
 * and no sum is below zero.
 */
#ifndef SARN_MODULES_COMPLIANCE_PROFILE_H
#define SARN_MODULES_COMPLIANCE_PROFILE_H

#include "sarn/compliance.h"

/* decide and apply of the aggregates (see struct sarn_aggregate). */
sarn_status sarn__profile_decide(const void *state,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision);
sarn_status sarn__profile_apply(void *state,
                                const struct sarn_event *event,
                                struct sarn_arena *arena);
sarn_status sarn__subject_decide(const void *state,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision);
sarn_status sarn__subject_apply(void *state,
                                const struct sarn_event *event,
                                struct sarn_arena *arena);

/* --- the window (window.c) --- */

/* What lies in the window at now_us; a sum ends at INT64_MAX, a count at UINT32_MAX. */
struct sarn__in_window {
    int64_t sum;
    uint32_t count;
};
struct sarn__in_window sarn__window_total(const struct compliance_profile *profile,
                                          int64_t now_us);
/* Make the window, or cut it anew for another length. SARN_ERR_NOMEM: profile is
 * unchanged. */
SARN_MUST_USE sarn_status sarn__window_cut(struct compliance_profile *profile,
                                           int64_t window_us,
                                           struct sarn_arena *arena);
/* Count amount at at_us. false: a sum would overflow, or there is no window; profile is
 * unchanged. */
SARN_MUST_USE bool
sarn__window_add(struct compliance_profile *profile, int64_t at_us, int64_t amount);
/* Take it out again; what has left the window is left alone. */
void sarn__window_remove(struct compliance_profile *profile,
                         int64_t at_us,
                         int64_t amount);

/* --- the verdict (score.c) --- */

struct sarn__verdict {
    uint8_t band;    /* enum compliance_band */
    uint8_t refusal; /* enum compliance_refusal */
    uint8_t score;
    struct compliance_points points;
};
/* Judge what screen asks, at now_us. */
struct sarn__verdict sarn__judge(const struct compliance_profile *profile,
                                 const struct compliance_screen *screen,
                                 int64_t now_us);

/* --- screenings under way (screenings.c) --- */

/* NULL: none. */
const struct compliance_screening *
sarn__screening_find(const struct compliance_profile *profile,
                     struct sarn_str transaction);
uint32_t sarn__screening_count(const struct compliance_profile *profile);
/* Put screening, whose strings are copied, in a free slot. SARN_ERR_NOMEM: profile is
 * unchanged. */
SARN_MUST_USE sarn_status
sarn__screening_add(struct compliance_profile *profile,
                    const struct compliance_screening *screening,
                    struct sarn_arena *arena);
/* The same, to be changed; one that sarn__screening_find() finds. */
struct compliance_screening *sarn__screening_edit(struct compliance_profile *profile,
                                                  struct sarn_str transaction);
void sarn__screening_remove(struct compliance_profile *profile,
                            struct sarn_str transaction);

#endif
