/* workflow.h - multi-step transactions that compensate themselves.
 *
 * A workflow is a table of steps, each with a stable id. An execution runs them in the
 * order of the table, or in the order that they name (next, sarn_step_next()); steps of
 * one group run in parallel. When a step fails for good, the execution is cancelled or
 * terminated, or its time is up, the steps that completed are compensated. Everything
 * is recorded as events in the stream "<workflow>-<workflow_id>" and goes on where it
 * stopped after a crash.
 *
 * A local step sends commands to Sarn's own aggregates; their events and the step's own
 * are in one commit: exactly once. Consecutive local steps share that commit.
 * An external step is a function on the worker pool: at least once.
 *   - Not idempotent: an intent is durable before it runs and its result after. After a
 *     crash between the two, or a timeout, it is in doubt: reconcile is asked what
 *     happened; unknown, or no reconcile, parks the execution.
 *   - SARN_STEP_IDEMPOTENT: repeated under the same sarn_step_key() it gives the same
 *     outcome, and its compensate accepts a step that never ran (no output). Such steps
 *     need no intent (unless they have timeouts), and their successes are not waited
 *     for: after a crash they are run again under their keys, or compensated by them.
 * The other kinds wait: for a time, a signal, somebody's promise, another execution.
 */
#ifndef SARN_WORKFLOW_H
#define SARN_WORKFLOW_H

#include "sarn/module.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One call of a step's function, or of a message's handler. */
struct sarn_step_call;

/* A step's run, compensate or reconcile, or a message's handler.
 * External: on a worker thread, may block. All others: on the dispatch thread, pure.
 * SARN_OK: done. Anything else: failed, with the words given to sarn_step_fail(). An
 * external failure is retried by the step's policy; another one is final. */
typedef sarn_status sarn_step_fn(struct sarn_step_call *call);

/* All valid until the function returns. */
SARN_API struct sarn_str sarn_step_workflow_id(const struct sarn_step_call *call);
SARN_API struct sarn_str sarn_step_id(const struct sarn_step_call *call);
/* The same for every attempt of this visit of this step of this run, and different for
 * its compensation: what to hand to a service as an idempotency key. */
SARN_API struct sarn_str sarn_step_key(const struct sarn_step_call *call);
/* From 1. */
SARN_API uint32_t sarn_step_attempt(const struct sarn_step_call *call);
/* How many times the execution has come to this step, this time included: from 1. */
SARN_API uint32_t sarn_step_visit(const struct sarn_step_call *call);
/* The one reading of the clock for this call. */
SARN_API int64_t sarn_step_now_us(const struct sarn_step_call *call);
/* The execution's input, a struct of the workflow's input type. */
SARN_API const void *sarn_step_input(const struct sarn_step_call *call);
/* The output of the latest visit of a step that completed, a struct of its output type;
 * NULL: it has none. A compensation finds the output of its own visit here too. */
SARN_API const void *sarn_step_output_of(const struct sarn_step_call *call,
                                         const char *step_id);
/* The payload of the latest signal, or accepted update, called name, that a step has
 * waited for or an update has brought; NULL: none. A struct of the message's input. */
SARN_API const void *sarn_step_message(const struct sarn_step_call *call,
                                       const char *name);
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
 * non-retryable codes) and a sentence; 127 and 255 bytes of them are kept. Returns
 * SARN_ERR_REJECTED, to be returned. */
SARN_API SARN_MUST_USE sarn_status sarn_step_fail(struct sarn_step_call *call,
                                                  const char *code,
                                                  const char *format,
                                                  ...) SARN_PRINTF(3, 4);

/* Branch: the step to go on with when this one has succeeded; it may be one that came
 * before, which is then visited once more. SARN_STEP_END: the workflow completes. Not
 * in a group. A step whose reconcile found it done goes on by the table: let a local or
 * idempotent one choose. SARN_ERR_NOT_FOUND: no such step; SARN_ERR_STATE: not from
 * run. */
#define SARN_STEP_END ""
SARN_API SARN_MUST_USE sarn_status sarn_step_next(struct sarn_step_call *call,
                                                  const char *step_id);
/* When this step has succeeded, end this run and begin a new one of the same workflow
 * id with input: what was done stays done, the history begins anew, and signals that
 * nobody has waited for are carried over. SARN_ERR_STATE: not from run; or as
 * sarn_step_output(). */
SARN_API SARN_MUST_USE sarn_status
sarn_step_continue_as_new(struct sarn_step_call *call, const void *input);
/* Set a search attribute when this step has succeeded; an empty value removes it. Both
 * have at most SARN_ATTRIBUTE_BYTES_MAX. SARN_ERR_TOO_LARGE. */
#define SARN_ATTRIBUTE_BYTES_MAX 120u
#define SARN_ATTRIBUTES_MAX      16u
SARN_API SARN_MUST_USE sarn_status sarn_step_attribute(struct sarn_step_call *call,
                                                       struct sarn_str name,
                                                       struct sarn_str value);
/* A timer's run only: when it goes off, instead of delay_us from now. */
SARN_API SARN_MUST_USE sarn_status sarn_step_wait_until(struct sarn_step_call *call,
                                                        int64_t due_us);
/* A child's run only: its id (empty: "<workflow_id>/<step id>", and the visit from the
 * second on) and its input, a struct of that workflow's input type. */
SARN_API SARN_MUST_USE sarn_status sarn_step_child(struct sarn_step_call *call,
                                                   struct sarn_str workflow_id,
                                                   const void *input);
/* The id under which the world completes a promise step of this run: step_id's visit to
 * come, or the one that waits. Any step may hand it out before. In the call's memory;
 * SARN_ERR_NOT_FOUND: no such promise; SARN_ERR_NOMEM. */
SARN_API SARN_MUST_USE sarn_status sarn_step_promise(struct sarn_step_call *call,
                                                     const char *step_id,
                                                     struct sarn_str *promise_id);
/* An external function says that it is alive. SARN_ERR_CANCELLED: the execution is to
 * be undone, or this attempt has timed out: stop soon, and say how it went. */
SARN_API SARN_MUST_USE sarn_status sarn_step_heartbeat(struct sarn_step_call *call);
/* What an update or query was asked with, a struct of the message's input type. */
SARN_API const void *sarn_step_argument(const struct sarn_step_call *call);

/* From reconcile only: what became of an attempt whose result was not recorded.
 * SARN_STEP_DONE: sarn_step_output() may have been called; SARN_STEP_NOT_DONE: run it
 * again; SARN_STEP_UNKNOWN: park. Not called: unknown. A reconcile that fails is
 * retried by the step's policy; for good, it is unknown. */
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
    double jitter; /* 0 to 1: the part of an interval that is drawn by chance. */
};

/* 0: none. A step of a kind that waits has only schedule_to_close_us. The code of a
 * failure by timeout is "timeout". */
struct sarn_timeouts {
    int64_t start_to_close_us;    /* One attempt; not while it waits for a worker. */
    int64_t schedule_to_close_us; /* From the first attempt on, retries included. */
    int64_t heartbeat_us;         /* Between two sarn_step_heartbeat(). */
    int64_t compensation_us;      /* One attempt of compensate. */
};

enum sarn_step_kind {
    SARN_STEP_EXTERNAL, /* run, on a worker. */
    SARN_STEP_LOCAL,    /* run, in the orchestrator's own commit. */
    SARN_STEP_TIMER,    /* Waits delay_us; run (may be NULL) may say until when. */
    SARN_STEP_SIGNAL,   /* Waits for the signal called signal; its output is the
                           signal's payload. No run. */
    SARN_STEP_PROMISE,  /* Waits until it is completed from outside by its id, with its
                           output, or failed. No run. */
    SARN_STEP_CHILD     /* Starts an execution of workflow child and waits for its end;
                           its output is that execution's. run (may be NULL where the child
                           has no input) says with what. */
};

/* What becomes of a child that runs when its parent's run ends or is undone. */
enum sarn_parent_close {
    SARN_PARENT_CLOSE_CANCEL,
    SARN_PARENT_CLOSE_TERMINATE,
    SARN_PARENT_CLOSE_ABANDON /* It goes on. */
};

#define SARN_STEP_IDEMPOTENT 1u

struct sarn_step {
    const char *id; /* Stable, unique in the workflow; no position. */
    sarn_step_fn *run;
    /* NULL: nothing to undo; but of a child: the child that completed is undone. */
    sarn_step_fn *compensate;       /* External for an external step, else local. */
    uint32_t kind;                  /* enum sarn_step_kind */
    uint32_t flags;                 /* SARN_STEP_x */
    sarn_step_fn *reconcile;        /* NULL: in doubt parks. */
    const struct sarn_type *output; /* NULL: none. */
    struct sarn_retry retry; /* Of what is EXTERNAL: nothing else is tried again. */
    struct sarn_retry compensation_retry;
    struct sarn_timeouts timeouts;
    const char *next; /* The step after this one; NULL: the next in the table that is
                         not of its group; SARN_STEP_END: none. */
    const char
        *group; /* Neighbours in the table with the same group run in parallel. */
    const char *on_timeout; /* The step to go on with when this one timed out for good
                               without having acted; NULL: it has failed. */
    const char *const *aliases;    /* Ids it had in older versions; NULL-terminated. */
    const char *const *depends_on; /* SARN_UNDO_DEPENDENCY: ids; NULL-terminated. */
    int64_t delay_us;              /* TIMER */
    const char *signal;            /* SIGNAL; NULL: its id. */
    const char *child;             /* CHILD: a workflow's name. */
    uint32_t parent_close;         /* CHILD: enum sarn_parent_close */
    uint32_t visits_max; /* Of one run; one more fails it ("loop_limit"). 0: 100. */
};

/* When a group is over. The members that are not needed any more are cancelled where
 * they wait; what of them is under way ends by itself, and is undone with the rest if
 * it comes to that. */
enum sarn_join {
    SARN_JOIN_ALL,
    SARN_JOIN_FIRST,
    SARN_JOIN_COUNT /* When count of them have succeeded. */
};

struct sarn_group {
    const char *name;
    uint32_t join; /* enum sarn_join */
    uint32_t count;
};

enum sarn_undo_order {
    SARN_UNDO_REVERSE,
    SARN_UNDO_PARALLEL,
    SARN_UNDO_DEPENDENCY /* A step when all that depend on it are undone. */
};

enum sarn_message_kind {
    SARN_MESSAGE_SIGNAL, /* Kept until a step waits for it. */
    SARN_MESSAGE_UPDATE, /* handler validates and answers; then as a signal. */
    SARN_MESSAGE_QUERY   /* handler answers from the state; nothing is written. */
};

/* What the world may tell and ask an execution. The signal of a step needs no entry:
 * its payload has the step's output type. */
struct sarn_message {
    const char *name;
    uint32_t kind; /* enum sarn_message_kind */
    uint32_t reserved;
    const struct sarn_type *input;  /* NULL: none. */
    const struct sarn_type *output; /* UPDATE, QUERY; NULL: none. */
    sarn_step_fn *handler;          /* UPDATE (NULL: accepts all), QUERY */
};

/* Three members of a struct sarn_workflow, of an array of steps. The size makes room
 * for steps to grow. */
#define SARN_STEPS(array)                                                              \
    .steps = (array), .step_count = (uint32_t)(sizeof(array) / sizeof((array)[0])),    \
    .step_size = (uint32_t)sizeof((array)[0])

struct sarn_workflow {
    const char *name; /* "funds_transfer"; no '-' or '/'; not also a category. */
    uint32_t version; /* From 1; several versions of one name may be registered. */
    const struct sarn_type *input; /* NULL: none. */
    const struct sarn_step *steps;
    uint32_t step_count;
    uint32_t step_size;
    uint32_t undo_order; /* enum sarn_undo_order */
    uint32_t group_count;
    const struct sarn_group *groups; /* Those with another join than ALL. */
    const struct sarn_message *messages;
    uint32_t message_count;
    uint32_t reserved;
    int64_t timeout_us; /* Of one run; 0: none. sarn_start may say less. */
    const char *result; /* The step whose output is the execution's; NULL: none. */
};

#ifdef __cplusplus
}
#endif
#endif
