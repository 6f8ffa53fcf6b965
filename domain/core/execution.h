/* execution.h - the life of one execution, folded from its events.
 *
 * What is recorded of a workflow's run, and nothing else: no definition, no clock, no
 * knowledge of what is under way. plan.h holds it against a workflow's definition and
 * says what to do next.
 *
 *   WAITING --intent--> RUNNING --+--------> DONE ---------> COMPENSATING -->
 * COMPENSATED |  ^                 |  |    |           |               |  ^     | |
 * +--not done-------+  |    +--> FAILED |               v  |     +--> STUCK |
 * +--retry-- BACKOFF <-+          |     |        COMPENSATION_BACKOFF | |          |
 * +-- (local: at once) --> COMPENSATED |                       +-> UNKNOWN|
 *    +--------- compensation began -----+--> IN_DOUBT --> COMPENSATING
 *
 * A step of a window (below) and a local step need no intent: their results follow
 * WAITING and BACKOFF at once.
 *
 * Window: the steps that an event names may start as soon as that event is durable,
 * before anything after it is. So a step that was permitted and has no result may have
 * run in the life of a process that crashed; when the execution then fails,
 * CompensationBegan names it, and it is compensated by its key alone (IN_DOUBT).
 *
 * Ownership: everything is in the arena given at init; event's bytes are copied.
 * Threads:   one at a time per execution.
 */
#ifndef SARN_CORE_EXECUTION_H
#define SARN_CORE_EXECUTION_H

#include "sarn/execution.h"
#include "sarn/types.h"

#define SARN__INPUT_HASH_BYTES    16u
#define SARN__EXECUTION_STEPS_MAX 1024u /* Named in one execution. */

/* --- events: schemas/sarn.fbs says the same to the log --- */

enum sarn__fact {
    SARN__STARTED = 1,
    SARN__STEP_STARTED,
    SARN__STEP_SUCCEEDED,
    SARN__STEP_FAILED,
    SARN__STEP_RECONCILED,
    SARN__COMPENSATION_BEGAN,
    SARN__COMPLETED,
    SARN__COMPENSATED,
    SARN__PARKED
};

/* One event; members that its kind does not have are zero. */
struct sarn__execution_event {
    enum sarn__fact kind;
    uint32_t attempt;  /* STEP_x: from 1. */
    bool compensation; /* STEP_x, PARKED: of the step's compensation. */
    uint32_t fate;     /* STEP_RECONCILED: enum sarn_step_fate. */
    struct sarn_str step;
    struct sarn_str output; /* STEP_SUCCEEDED, STEP_RECONCILED: encoded. */
    struct sarn_str code;   /* STEP_FAILED, COMPENSATION_BEGAN, PARKED */
    struct sarn_str text;   /* The same, and STEP_RECONCILED. */
    int64_t retry_at_us;    /* STEP_FAILED: 0: no further attempt. */
    /* STARTED, STEP_SUCCEEDED, STEP_RECONCILED: steps that may start before the next
     * sync. COMPENSATION_BEGAN: steps in doubt, in the order that they ran in. */
    const struct sarn_str *steps;
    uint32_t step_count;
    /* STARTED: */
    uint32_t definition_version;
    uint64_t fingerprint; /* Of the step table. */
    struct sarn_uuid run_id;
    struct sarn_str input; /* Encoded. */
    uint8_t input_hash[SARN__INPUT_HASH_BYTES];
};

/* --- state --- */

enum sarn__step_state {
    SARN__WAITING, /* Nothing recorded, or to be begun again. */
    SARN__RUNNING, /* Its intent is recorded, no result yet. */
    SARN__BACKOFF, /* Failed; the next attempt is due at retry_at_us. */
    SARN__DONE,
    SARN__FAILED,               /* For good. */
    SARN__UNKNOWN,              /* Reconcile could not say what became of it. */
    SARN__IN_DOUBT,             /* May have run; to be compensated by its key alone. */
    SARN__COMPENSATING,         /* Its intent is recorded, no result yet. */
    SARN__COMPENSATION_BACKOFF, /* Failed; again at retry_at_us. */
    SARN__UNDONE,               /* Compensated. */
    SARN__STUCK                 /* Its compensation failed for good. */
};

/* A step that some event named. */
struct sarn__step {
    struct sarn__step *next; /* In the order that events first named them. */
    struct sarn_str id;
    struct sarn_str output; /* Encoded; {NULL, 0}: none. */
    int64_t retry_at_us;
    uint32_t attempts;              /* Recorded. */
    uint32_t compensation_attempts; /* Recorded. */
    uint32_t order; /* In which the steps are undone: the highest first. */
    uint8_t state;  /* enum sarn__step_state */
    bool permitted; /* Named by a window. */
    bool orphaned;  /* May have run: see sarn__execution_recovered(). */
};

/* Why it failed, or is parked. */
struct sarn__trouble {
    struct sarn_str step, code, text;
};

struct sarn__execution {
    struct sarn_arena *arena;
    uint32_t status; /* enum sarn_execution_status; 0: not started. */
    uint32_t definition_version;
    uint64_t fingerprint;
    struct sarn_uuid run_id;
    struct sarn_str input;
    uint8_t input_hash[SARN__INPUT_HASH_BYTES];
    struct sarn__step *first, *last;
    uint32_t step_count; /* Steps in the list. */
    uint32_t done_count; /* DONE: completed and not compensated. */
    uint32_t last_order;
    struct sarn__trouble failure; /* Of the step that failed for good. */
    struct sarn__trouble parked;  /* Of what parked it: or is about to. */
};

/* An execution before its first event. */
void sarn__execution_init(struct sarn__execution *execution, struct sarn_arena *arena);

/* Fold one event. SARN_ERR_CORRUPT: it cannot follow: says why; SARN_ERR_NOMEM. Both
 * leave execution as it was. */
SARN_MUST_USE sarn_status
sarn__execution_apply(struct sarn__execution *execution,
                      const struct sarn__execution_event *event,
                      struct sarn_error *error);

/* What is known of execution comes from the log: it was under way in a process that is
 * gone. Steps that a window permitted and that have no result may have run. intents: so
 * may the attempt whose intent is the last event; false: its intent is our own, and it
 * was not begun. Said once, after the fold; the events that follow settle it. */
void sarn__execution_recovered(struct sarn__execution *execution, bool intents);
/* There is such an attempt: its intent is recorded, and nobody knows what became of it.
 */
bool sarn__execution_is_orphaned(const struct sarn__execution *execution);

/* The step called id, or NULL: no event named it. */
struct sarn__step *sarn__execution_step(const struct sarn__execution *execution,
                                        struct sarn_str id);
/* COMPLETED, COMPENSATED or PARKED. */
bool sarn__execution_is_over(const struct sarn__execution *execution);

#endif
