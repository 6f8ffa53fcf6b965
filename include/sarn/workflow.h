/* workflow.h - multi-step transactions that compensate themselves.
 *
 * A workflow is a table of steps, each with a stable id. An execution runs them in
 * order; when one fails for good, the steps that completed are compensated in reverse
 * order. Everything is recorded as events in the stream "<workflow>-<workflow_id>" and
 * goes on where it stopped after a crash.
 *
 * A local step sends commands to Sarn's own aggregates; their events and the step's own
 * are in one commit: exactly once. Consecutive local steps share that commit.
 * An external step is a function on the worker pool: at least once.
 *   - Not idempotent: an intent is durable before it runs and its result after. After a
 *     crash between the two, reconcile is asked what happened; unknown, or no
 *     reconcile, parks the execution.
 *   - SARN_STEP_IDEMPOTENT: repeated under the same sarn_step_key() it gives the same
 *     outcome, and its compensate accepts a step that never ran (no output). Such steps
 *     need no intent, and their successes are not waited for: after a crash they are
 *     run again under their keys, or compensated by them.
 */
#ifndef SARN_WORKFLOW_H
#define SARN_WORKFLOW_H

#include "sarn/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One call of a step's function. */
struct sarn_step_call;

/* A step's run, compensate or reconcile.
 * External: on a worker thread, may block. Local: on the dispatch thread, pure.
 * SARN_OK: done. Anything else: failed, with the words given to sarn_step_fail(). An
 * external failure is retried by the step's policy; a local one is final. */
typedef sarn_status sarn_step_fn(struct sarn_step_call *call);

/* All valid until the step's function returns. */
SARN_API struct sarn_str sarn_step_workflow_id(const struct sarn_step_call *call);
SARN_API struct sarn_str sarn_step_id(const struct sarn_step_call *call);
/* The same for every attempt of this step of this run, and different for its
 * compensation: what to hand to a service as an idempotency key. */
SARN_API struct sarn_str sarn_step_key(const struct sarn_step_call *call);
/* From 1. */
SARN_API uint32_t sarn_step_attempt(const struct sarn_step_call *call);
/* The execution's input, a struct of the workflow's input type. */
SARN_API const void *sarn_step_input(const struct sarn_step_call *call);
/* The output of a step that completed, a struct of its output type; NULL: it has none.
 * A compensation finds its own step's output here too. */
SARN_API const void *sarn_step_output_of(const struct sarn_step_call *call,
                                         const char *step_id);
/* The embedder's pointer from sarn_options.context. */
SARN_API void *sarn_step_context(const struct sarn_step_call *call);

/* Hand over the step's output, a struct of its output type; it is encoded before the
 * call returns, the last call counts. SARN_ERR_SCHEMA, SARN_ERR_TOO_LARGE,
 * SARN_ERR_NOMEM. */
SARN_API SARN_MUST_USE sarn_status sarn_step_output(struct sarn_step_call *call,
                                                    const void *output);
/* Local steps only: send a command to an aggregate, decided at once.
 * SARN_ERR_REJECTED and others as decide answers: return them to fail the step, or go
 * on. SARN_ERR_STATE: not a local step. The authorize hook is not asked: it was when
 * the execution was started. */
struct sarn_command;
SARN_API SARN_MUST_USE sarn_status
sarn_step_command(struct sarn_step_call *call, const struct sarn_command *command);
/* Say why the step failed: a code for programs (matched against the retry policy's
 * non-retryable codes) and a sentence. Returns SARN_ERR_REJECTED, to be returned. */
SARN_API SARN_MUST_USE sarn_status sarn_step_fail(struct sarn_step_call *call,
                                                  const char *code,
                                                  const char *format,
                                                  ...) SARN_PRINTF(3, 4);

/* From reconcile only: what became of an attempt whose result was not recorded.
 * SARN_STEP_DONE: sarn_step_output() may have been called; SARN_STEP_NOT_DONE: run it
 * again; SARN_STEP_UNKNOWN: park. Not called: unknown. */
enum sarn_step_fate { SARN_STEP_UNKNOWN, SARN_STEP_DONE, SARN_STEP_NOT_DONE };
SARN_API void sarn_step_set_fate(struct sarn_step_call *call, enum sarn_step_fate fate);

/* When to try again. All zero: 3 attempts, 100 ms, doubling, at most 10 s. */
struct sarn_retry {
    int64_t initial_interval_us;
    int64_t maximum_interval_us;
    double backoff_coefficient; /* >= 1 */
    uint32_t maximum_attempts;  /* 1: no retry. */
    uint32_t non_retryable_count;
    const char *const *non_retryable; /* Codes of sarn_step_fail(). */
};

enum sarn_step_kind { SARN_STEP_EXTERNAL, SARN_STEP_LOCAL };

#define SARN_STEP_IDEMPOTENT 1u

struct sarn_step {
    const char *id; /* Stable, unique in the workflow; no position. */
    sarn_step_fn *run;
    sarn_step_fn *compensate;       /* NULL: nothing to undo. */
    uint32_t kind;                  /* enum sarn_step_kind */
    uint32_t flags;                 /* SARN_STEP_x */
    sarn_step_fn *reconcile;        /* NULL: in doubt parks. */
    const struct sarn_type *output; /* NULL: none. */
    struct sarn_retry retry;
    struct sarn_retry compensation_retry;
};

/* The last three members of a struct sarn_workflow, of an array of steps. The size
 * makes room for steps to grow. */
#define SARN_STEPS(array)                                                              \
    (array), (uint32_t)(sizeof(array) / sizeof((array)[0])),                           \
        (uint32_t)sizeof((array)[0])

struct sarn_workflow {
    const char *name; /* "funds_transfer"; no '-'; not also a category. */
    uint32_t version;
    const struct sarn_type *input; /* NULL: none. */
    const struct sarn_step *steps;
    uint32_t step_count;
    uint32_t step_size;
};

#ifdef __cplusplus
}
#endif
#endif
