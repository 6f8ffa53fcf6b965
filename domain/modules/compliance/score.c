/* From what is known about a transaction to a verdict: sarn/compliance.h has the table.
 */
#include "profile.h"

#define SCORE_MAX 100u

/* Is value at least so many tenths of limit? Without a product that could overflow. */
static bool reaches(int64_t value, int64_t limit, int64_t tenths)
{
    return value >= limit / 10 * tenths + (limit % 10 * tenths + 9) / 10;
}

/* Why it cannot be, whatever its score. */
static uint8_t refusal_of(const struct compliance_profile *profile,
                          const struct compliance_screen *screen,
                          const struct sarn__in_window *before)
{
    const struct compliance_limits *limits = &profile->limits;

    if (screen->sanctioned.size > 0) {
        return COMPLIANCE_REFUSAL_SANCTIONED;
    }
    if (limits->transaction <= 0) {
        return COMPLIANCE_REFUSAL_NO_LIMITS;
    }
    if (screen->amount.currency != limits->currency) {
        return COMPLIANCE_REFUSAL_CURRENCY;
    }
    if (screen->amount.minor > limits->transaction) {
        return COMPLIANCE_REFUSAL_TRANSACTION_LIMIT;
    }
    if (before->count >= limits->window_count) {
        return COMPLIANCE_REFUSAL_WINDOW_COUNT;
    }
    if (screen->amount.minor > limits->window_sum - before->sum) {
        return COMPLIANCE_REFUSAL_WINDOW_SUM;
    }
    return COMPLIANCE_REFUSAL_NONE;
}

static struct compliance_points points_of(const struct compliance_profile *profile,
                                          const struct compliance_screen *screen,
                                          const struct sarn__in_window *before)
{
    const struct compliance_limits *limits = &profile->limits;
    int64_t amount = screen->amount.minor;
    int64_t sum = before->sum + amount; /* Within the limit. */
    int64_t count = (int64_t)before->count + 1;

    return (struct compliance_points){
        .amount = reaches(amount, limits->transaction, 8)   ? 40
                  : reaches(amount, limits->transaction, 5) ? 20
                                                            : 0,
        .sum = reaches(sum, limits->window_sum, 8)   ? 25
               : reaches(sum, limits->window_sum, 5) ? 10
                                                     : 0,
        .count = reaches(count, limits->window_count, 8) ? 15 : 0,
        .level = screen->fully_verified ? 0 : 20,
        .watched = profile->watched ? 35 : 0};
}

struct sarn__verdict sarn__judge(const struct compliance_profile *profile,
                                 const struct compliance_screen *screen,
                                 int64_t now_us)
{
    const struct sarn__in_window before = sarn__window_total(profile, now_us);
    struct sarn__verdict verdict = {.refusal = refusal_of(profile, screen, &before)};
    uint32_t score;

    if (verdict.refusal != COMPLIANCE_REFUSAL_NONE) {
        verdict.band = COMPLIANCE_BAND_REFUSE;
        return verdict;
    }
    verdict.points = points_of(profile, screen, &before);
    score = (uint32_t)verdict.points.amount + verdict.points.sum +
            verdict.points.count + verdict.points.level + verdict.points.watched;
    verdict.score = (uint8_t)(score > SCORE_MAX ? SCORE_MAX : score);
    verdict.band = score >= SARN_COMPLIANCE_REFUSE_SCORE   ? COMPLIANCE_BAND_REFUSE
                   : score >= SARN_COMPLIANCE_REVIEW_SCORE ? COMPLIANCE_BAND_REVIEW
                                                           : COMPLIANCE_BAND_CLEAR;
    if (verdict.band == COMPLIANCE_BAND_REFUSE) {
        verdict.refusal = COMPLIANCE_REFUSAL_SCORE;
    }
    return verdict;
}
