/* Of a run that failed: the fewest faults, and the earliest, that still make it. */
#include "infra/testkit/testkit.h"

#define SHRINK_RUNS_MAX 500u /* A search, not a proof. */

/* Does the run fail with these? Then they are what is kept. */
static sarn_status attempt(struct sarn__search *search,
                           const struct sarn__faults *faults,
                           struct sarn__faults *kept,
                           struct sarn__verdict *verdict,
                           bool *fails,
                           struct sarn_error *error)
{
    struct sarn__verdict tried;
    sarn_status status = sarn__crash_run(search, faults, &tried, NULL, NULL, error);

    if (status != SARN_OK) {
        return status;
    }
    *fails = !tried.held;
    if (*fails) {
        *kept = *faults;
        *verdict = tried;
    }
    return SARN_OK;
}

/* Leave faults out, as long as that is possible. */
static sarn_status fewer(struct sarn__search *search,
                         struct sarn__faults *faults,
                         struct sarn__verdict *verdict,
                         struct sarn_error *error)
{
    bool fails = true;

    while (fails && faults->count > 1) {
        fails = false;
        for (uint32_t i = 0; i < faults->count && !fails; i++) {
            struct sarn__faults without = *faults;
            sarn_status status;

            without.count -= 1;
            for (uint32_t k = i; k < without.count; k++) {
                without.faults[k] = without.faults[k + 1];
            }
            status = attempt(search, &without, faults, verdict, &fails, error);
            if (status != SARN_OK) {
                return status;
            }
        }
    }
    return SARN_OK;
}

/* The first of the single faults, in order of time, that makes it fail, too. */
static sarn_status earlier(struct sarn__search *search,
                           struct sarn__faults *faults,
                           struct sarn__verdict *verdict,
                           struct sarn_error *error)
{
    const struct sarn__fault before = faults->faults[0];
    bool fails = false;

    for (uint32_t i = 0; i < search->all_count && i < SHRINK_RUNS_MAX && !fails; i++) {
        const struct sarn__faults single = {{search->all[i]}, 1};
        sarn_status status;

        if (search->all[i].kind == before.kind && search->all[i].nth == before.nth) {
            break;
        }
        status = attempt(search, &single, faults, verdict, &fails, error);
        if (status != SARN_OK) {
            return status;
        }
    }
    return SARN_OK;
}

sarn_status sarn__crash_shrink(struct sarn__search *search,
                               bool in_order,
                               struct sarn__faults *faults,
                               struct sarn__verdict *verdict,
                               struct sarn_error *error)
{
    sarn_status status = fewer(search, faults, verdict, error);

    if (status != SARN_OK || faults->count != 1 || in_order) {
        return status;
    }
    return earlier(search, faults, verdict, error);
}
