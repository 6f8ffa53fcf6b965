/* saga.h - a simulated engine with one workflow, and the world that its steps act on.
 *
 * The workflow is given by a word, one letter a step (their ids are s0, s1, ...):
 *   E  external, with a reconcile that knows the truth
 *   N  external, without one
 *   I  external, idempotent
 *   L  local: credits account-<workflow id> with 1, which it opens first
 * Every step has a compensation and an output, its id.
 *
 * The world remembers what was done to it. Its services keep the promises that steps
 * are declared with: an idempotent step and every compensation count once under their
 * key; another step counts as often as it is run.
 */
#ifndef SARN_TESTS_SUPPORT_SAGA_H
#define SARN_TESTS_SUPPORT_SAGA_H

#include "infra/memory/sim.h"
#include "sarn/workflow.h"

#include "support/test.h"

#define SAGA_STEPS_MAX 8u
#define SAGA_IDS_MAX   4u /* Workflow ids are "0" to "3". */

/* What was done for one step of one execution. */
struct saga_deed {
    int32_t applied;                  /* How often it stands: 0 or 1 if all is well. */
    uint32_t runs, undos;             /* Calls of its functions. */
    uint32_t asked;                   /* Calls of reconcile. */
    uint32_t last_attempt;            /* Of run. */
    char run_key[128], undo_key[128]; /* Served under these. */
};

struct saga {
    struct sarn__sim *sim;
    struct sarn_arena *arena;
    const char *kinds;
    /* The script: step fail_step succeeds ok_times, then fails fail_times with code
     * fail_code, then succeeds again. */
    int fail_step; /* -1: none does. */
    uint32_t ok_times, fail_times;
    const char *fail_code;
    int undo_fail_step; /* The same for its compensation. */
    uint32_t undo_fail_times;
    bool forgetful; /* reconcile does not know. */
    struct saga_deed deeds[SAGA_IDS_MAX][SAGA_STEPS_MAX];
    /* The module. */
    char ids[SAGA_STEPS_MAX][16];
    struct sarn_step steps[SAGA_STEPS_MAX];
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[1];
    struct sarn_module module;
    const struct sarn_module *modules[2];
    char text[4096]; /* What the last helper said. */
};

/* Set the script after this; options (NULL: defaults) get the modules. */
void saga_open(struct saga *saga,
               const char *kinds,
               uint64_t seed,
               const struct sarn_options *options);
void saga_close(struct saga *saga);

/* Submit a start of execution id; input is some text. */
void saga_send(struct saga *saga,
               const char *id,
               const char *input,
               uint32_t flags,
               struct sarn__sim_outcome *out);
/* The same, run to the end, and described: "ok", "compensated: no", "parked: ...". */
const char *saga_do(struct saga *saga, const char *id);
const char *saga_describe(struct saga *saga, const struct sarn__sim_outcome *out);

/* The execution's events, as text: "started [s0 s1], s0#1 ok, ..." */
const char *saga_history(struct saga *saga, const char *id);
/* sarn_execution_get(), as text: "running 2 done, at s2". */
const char *saga_info(struct saga *saga, const char *id);
/* How often step stands: of a local one, as far as its account tells, all of them. */
int64_t saga_local_sum(struct saga *saga, const char *id);
uint64_t saga_commits(struct saga *saga);

/* Whatever happened: every step stands once (completed), or none does (compensated). A
 * parked execution fails the test unless may_park. Ends by starting execution id once
 * more, to hear how it ended. */
void saga_check(struct saga *saga, const char *id, bool may_park, const char *what);

#endif
