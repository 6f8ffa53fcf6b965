/* inject.h - failures on order: a copy of the workflow whose steps fail now and then.
 *
 * The library knows nothing of this: a workflow is a table, so a program may register
 * one of its own with the same steps and other functions in it. Whether a step fails is
 * drawn from the seed, the transaction and the step alone: the same on every attempt,
 * and whenever and however often the file is imported.
 */
#ifndef BANK_INJECT_H
#define BANK_INJECT_H

#include "bank.h"

#define BANK_STEPS_MAX 32u
/* What the reason of an injected failure begins with. */
#define BANK_INJECTED "injected: "

/* What --fail and --seed said. All zero: nothing fails. */
struct bank_failures {
    uint64_t seed;
    double rates[BANK_STEPS_MAX]; /* Of each step, as the workflow has them. */
};

/* Take STEP:RATE. false: said why on stderr. */
bool bank_failures_add(struct bank_failures *failures, const char *text);
bool bank_failures_seed(struct bank_failures *failures, const char *text);

/* The module to register, and the context to open the engine with: both are in here,
 * and it stays where it is. */
struct bank_injection {
    struct sarn_financial_transaction_context context; /* First: the workflow's own. */
    struct bank_failures failures;
    struct sarn_step steps[BANK_STEPS_MAX];
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[1];
    struct sarn_module module;
};

void bank_injection_init(struct bank_injection *injection,
                         const struct bank_failures *failures);

#endif
