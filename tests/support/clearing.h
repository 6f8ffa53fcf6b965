/* clearing.h - a simulated engine with everything that financial_transaction needs: a
 * user with an account, another account, limits, and somebody who takes notices.
 *
 * User "u" is fully verified and owns account "a", which has 10,000; account "b" has
 * nothing. In a day u may move 5,000 in 10 transactions of at most 1,000: so 100 is
 * clear, and 900 is for review.
 */
#ifndef SARN_TESTS_SUPPORT_CLEARING_H
#define SARN_TESTS_SUPPORT_CLEARING_H

#include "infra/memory/sim.h"
#include "sarn/financial_transaction.h"

#include "support/test.h"

#define CLEARING_STEPS_MAX 32u

/* The embedder: it takes notices, or does not. */
struct clearing_office {
    struct sarn_financial_transaction_context context; /* First: the workflow's. */
    uint32_t refuse;                                   /* So many notices. */
    uint32_t refuse_retractions;
    uint32_t notices, retractions; /* Calls. */
    char last[160];                /* The last one taken, as text. */
};

struct clearing {
    struct sarn__sim *sim;
    struct clearing_office office;
    /* The workflow, of which a test may change steps before it is opened. */
    struct sarn_step steps[CLEARING_STEPS_MAX];
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[1];
    struct sarn_module module;
    const struct sarn_module *modules[6];
    char text[1024]; /* What the last helper said. */
};

/* A copy of the workflow as it is; then open. */
void clearing_init(struct clearing *clearing);
/* The step called id, to be changed. */
struct sarn_step *clearing_step(struct clearing *clearing, const char *id);
/* Open, and set up u, a and b. */
void clearing_open(struct clearing *clearing, uint64_t seed);
void clearing_close(struct clearing *clearing);
/* The power goes, and comes back. */
void clearing_crash(struct clearing *clearing);

/* Send a command to "<category>-<id>" and run what is due now. */
sarn_status clearing_send(struct clearing *clearing,
                          const char *category,
                          const char *id,
                          const struct sarn_type *type,
                          const void *data);
void clearing_list(struct clearing *clearing, const char *subject);

/* minor from a to b, by u. */
struct transactions_order clearing_order(int64_t minor);
/* Submit a start of transaction id. */
void clearing_begin(struct clearing *clearing,
                    const char *id,
                    const struct transactions_order *order,
                    struct sarn__sim_outcome *outcome);
/* Go on as long as the clock need not move. */
void clearing_settle(struct clearing *clearing);
/* The signal review; runs what is due now. */
sarn_status clearing_review(struct clearing *clearing,
                            const char *id,
                            bool approved,
                            const char *by);
sarn_status clearing_cancel(struct clearing *clearing, const char *id);
/* Begin a transaction of minor and run it to its end: how it ended, as text. */
const char *clearing_do(struct clearing *clearing, const char *id, int64_t minor);
const char *clearing_describe(struct clearing *clearing,
                              const struct sarn__sim_outcome *outcome);

/* All that transaction id can have changed, as text:
 * "a 9900, b 100, window 1 of 100, 0 under way, day 1 of 100, notice sent" */
const char *clearing_state(struct clearing *clearing, const char *id);
/* The state of one in which nothing took place, and no notice was ever queued; and one
 * that had a notice. */
#define CLEARING_UNTOUCHED                                                             \
    "a 10000, b 0, window 0 of 0, 0 under way, day 0 of 0, notice none"
#define CLEARING_UNDONE                                                                \
    "a 10000, b 0, window 0 of 0, 0 under way, day 0 of 0, notice cancelled"
bool clearing_is_undone(struct clearing *clearing, const char *id);

#endif
