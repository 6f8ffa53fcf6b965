/* profile.h - the commands of a user's profile of compliance, shortened, for a struct
 * given of its aggregate: each is decided, applied, and described. */
#ifndef SARN_TESTS_SUPPORT_PROFILE_H
#define SARN_TESTS_SUPPORT_PROFILE_H

#include "modules/compliance/profile.h"

#include "support/account.h"

#define HOUR_US INT64_C(3600000000)

/* cmocka's: a struct given of a new profile, compliance-7, or of a subject of
 * sanctions, sanction-user:7, in *state. */
int profile_setup(void **state);
int subject_setup(void **state);
int profile_teardown(void **state);

/* In CZK, over 24 hours. */
const char *
profile_limit(struct given *g, int64_t transaction, int64_t sum, uint32_t count);
/* 1,000 a transaction, 2,000 and 10 transactions a day. */
void profile_limit_usually(struct given *g);
/* Screen, and say in short what came of it: "CLEAR 0", "REVIEW 40", "REFUSE 0: 4"
 * (why).
 */
const char *profile_screen_with(struct given *g,
                                const char *id,
                                int64_t minor,
                                bool fully_verified,
                                const char *sanctioned);
const char *profile_screen(struct given *g, const char *id, int64_t minor);
const char *profile_pass(struct given *g, const char *id, int64_t minor);
const char *profile_settle(struct given *g, const char *id, int64_t minor);
const char *
profile_withdraw(struct given *g, const char *id, int64_t minor, int64_t screened_us);
const char *
profile_decide(struct given *g, const char *id, bool approved, const char *by);
const char *profile_expire(struct given *g, const char *id);
const char *profile_check_review(struct given *g, const char *id);
const char *profile_watch(struct given *g);
struct sarn__in_window profile_in_window(struct given *g);

#endif
