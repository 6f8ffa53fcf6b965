/* execution.h - the life of one execution, folded from its events.
 *
 * What is recorded of a workflow's run, and nothing else: no definition, no clock, no
 * knowledge of what is under way. plan.h holds it against a workflow's definition and
 * says what to do next.
 *
 * A visit is one coming to a step. Its states:
 *
 *   forward    WAITING   nothing recorded, or to be begun again
 *              RUNNING   its intent is recorded, no result yet
 *              BACKOFF   failed; the next attempt is due at retry_at_us
 *              DOUBTED   an attempt timed out and may have acted: reconcile is asked
 *              AWAITING  waits for a time, signal, promise or child
 *   over       DONE, SKIPPED (by an operator), CANCELLED, EXPIRED (on_timeout),
 *              FAILED (for good), UNKNOWN (reconcile could not say)
 *   backward   IN_DOUBT (may have run; to be compensated by its key alone),
 *              COMPENSATING, COMPENSATION_BACKOFF, UNDONE, STUCK
 *
 * A step of a window (below) and a local step need no intent: their results follow
 * WAITING and BACKOFF at once. An event counts the attempt that its intent counted
 * (RUNNING, DOUBTED, COMPENSATING), or else one more; to begin to wait is no attempt.
 * What is RUNNING or DOUBTED may end also while the execution is undone or parked, what
 * is COMPENSATING while it is parked, and what is AWAITING and settled while the
 * execution is undone.
 *
 * Window: the steps that an event names may start as soon as that event is durable,
 * before anything after it is. So a step that was permitted and has no result may have
 * run in the life of a process that crashed; when the execution then fails,
 * CompensationBegan names it, and it is compensated by its key alone (IN_DOUBT).
 *
 * Where it is: place names the step, or the group, that was completed last, and what
 * that one chose to follow. Members of a group do not move it; GroupJoined does. Visits
 * that began at the same place (before.serial) came to the same element, so these are
 * the members of the group that is under way: group, and before.serial is place.serial.
 *
 * Runs: a new STARTED may follow when the run before is over, and begins from nothing.
 *
 * Ownership: everything is in the arena given at init; event's bytes are copied. A new
 *            run leaves the bytes of the one before in it.
 * Threads:   one at a time per execution.
 */
#ifndef SARN_CORE_EXECUTION_H
#define SARN_CORE_EXECUTION_H

#include "sarn/execution.h"
#include "sarn/types.h"
#include "sarn/workflow.h"

#define SARN__INPUT_HASH_BYTES    16u
#define SARN__EXECUTION_STEPS_MAX 4096u /* Visits of one run. */
#define SARN__MESSAGES_MAX        1024u /* That nobody has waited for yet. */

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
    SARN__PARKED,
    SARN__STEP_TIMED_OUT,
    SARN__STEP_AWAITS, /* StepWaiting */
    SARN__STEP_CANCELLED,
    SARN__STEP_INHERITED,
    SARN__GROUP_JOINED,
    SARN__UPGRADED,
    SARN__SIGNAL_RECEIVED,
    SARN__UPDATE_ACCEPTED,
    SARN__PROMISE_SETTLED,
    SARN__CHILD_ENDED,
    SARN__CANCEL_REQUESTED,
    SARN__UNDO_REQUESTED,
    SARN__PAUSED,
    SARN__RESUMED,
    SARN__RESET_REQUESTED,
    SARN__REWOUND,
    SARN__UNPARKED,
    SARN__CONTINUED,
    SARN__SLEPT
};

enum sarn__cause {
    SARN__CAUSE_FAILURE,
    SARN__CAUSE_CANCEL,
    SARN__CAUSE_TERMINATE,
    SARN__CAUSE_TIMEOUT, /* Of the run. */
    SARN__CAUSE_PARENT,  /* It had completed, and its parent is undone. */
    SARN__CAUSE_RESET    /* Not in a CompensationBegan: while a reset undoes. */
};

enum sarn__timeout_kind {
    SARN__START_TO_CLOSE = 1,
    SARN__SCHEDULE_TO_CLOSE,
    SARN__HEARTBEAT
};

enum sarn__decision {
    SARN__DECIDE_RETRY = 1,
    SARN__DECIDE_SKIP,
    SARN__DECIDE_DONE,
    SARN__DECIDE_NOT_DONE
};

/* As a search attribute is: an empty value is none. */
struct sarn__attribute {
    struct sarn_str name, value;
};

/* What STARTED alone says. */
struct sarn__beginning {
    uint32_t definition_version;
    uint64_t fingerprint; /* Of the step table. */
    struct sarn_uuid run_id;
    struct sarn_str input; /* Encoded. */
    uint8_t input_hash[SARN__INPUT_HASH_BYTES];
    int64_t deadline_us; /* 0: none. */
    uint32_t priority;
    struct sarn_str parent; /* Stream; {NULL, 0}: none. */
    struct sarn_uuid parent_run;
    struct sarn_str parent_step;
    uint32_t parent_visit;
    uint32_t parent_close; /* enum sarn_parent_close */
    struct sarn_uuid continued_from;
    struct sarn_str forked_from; /* Stream. */
    struct sarn_uuid forked_run;
    struct sarn_str schedule;
};

/* One event; members that its kind does not have are zero. The comments name the kinds
 * by the events of sarn.fbs, whose fields these are. */
struct sarn__execution_event {
    enum sarn__fact kind;
    int64_t time_us;   /* Of the record. */
    uint32_t attempt;  /* STEP_x: from 1. */
    uint32_t visit;    /* From 1; 0 is 1. */
    bool compensation; /* Of the step's compensation. */
    bool chose;        /* StepSucceeded, StepTimedOut, StepInherited: next follows;
                          empty: the end. */
    bool in_doubt;     /* StepTimedOut */
    bool failed;       /* PromiseSettled */
    bool terminate;    /* CancelRequested */
    bool continues;    /* StepSucceeded: as a new run, with input. */
    bool carried;      /* SignalReceived */
    bool to_step;      /* UpdateAccepted: a step waits for its name; as a signal's. */
    uint32_t fate;     /* StepReconciled: enum sarn_step_fate. */
    uint32_t cause;    /* CompensationBegan, ExecutionCompensated: enum sarn__cause */
    uint32_t was;      /* The status before, where the schema has it; 0: not said. */
    uint32_t timeout;  /* StepTimedOut: enum sarn__timeout_kind */
    uint32_t decision; /* ExecutionUnparked: enum sarn__decision */
    uint32_t status;   /* ChildEnded; ExecutionUnparked: now. */
    uint32_t count;    /* GroupJoined: succeeded. */
    struct sarn_str step;
    struct sarn_str group;  /* Of step; GroupJoined: its own. */
    struct sarn_str name;   /* Of a signal or update; StepSucceeded: signal taken. */
    struct sarn_str output; /* Encoded; a signal's or update's payload is input. */
    struct sarn_str input;  /* StepSucceeded: continue_input. */
    struct sarn_str next;
    struct sarn_str code, text; /* text: reason, too. */
    struct sarn_str child;      /* StepWaiting: stream. */
    struct sarn_uuid run_id;    /* StepWaiting: child_run; Continued: the new run. */
    int64_t retry_at_us;        /* 0: no further attempt. */
    int64_t due_us;             /* StepWaiting, ExecutionSlept (until). */
    int64_t deadline_us;        /* StepStarted, StepWaiting */
    /* The window, or (CompensationBegan, ResetRequested) the steps in doubt in the
     * order they ran in: sarn__execution_doubts(). */
    const struct sarn_str *steps;
    uint32_t step_count;
    uint32_t attribute_count;
    const struct sarn__attribute *attributes; /* Started, StepSucceeded. */
    const struct sarn__attribute *removed;    /* StepSucceeded: as many. */
    const struct sarn__beginning *beginning;  /* Started, Upgraded. */
};

/* --- state --- */

enum sarn__step_state {
    SARN__WAITING,
    SARN__RUNNING,
    SARN__BACKOFF,
    SARN__DOUBTED,
    SARN__AWAITING,
    SARN__DONE,
    SARN__SKIPPED,
    SARN__CANCELLED,
    SARN__EXPIRED,
    SARN__FAILED,
    SARN__UNKNOWN,
    SARN__IN_DOUBT,
    SARN__COMPENSATING,
    SARN__COMPENSATION_BACKOFF,
    SARN__UNDONE,
    SARN__STUCK
};

/* The step or group that was completed last, and what it chose to follow. */
struct sarn__place {
    struct sarn_str id; /* {NULL, 0}: nothing was. */
    bool is_group;
    bool chose;
    struct sarn_str next; /* chose: this follows; empty: the end. */
    uint32_t serial;      /* Another one after every move. */
};

/* One visit of a step that some event named. */
struct sarn__step {
    struct sarn__step *next;    /* In the order that events first named them. */
    struct sarn__step *earlier; /* The visit before of the same step. */
    struct sarn_str id;
    struct sarn_str group;     /* {NULL, 0}: none. */
    struct sarn_str output;    /* Encoded; {NULL, 0}: none. */
    struct sarn__place before; /* Where the execution was when it began. */
    uint32_t visit;            /* From 1. */
    int64_t scheduled_us;      /* Of its first event but for being permitted. */
    int64_t retry_at_us;
    int64_t due_us;        /* AWAITING: goes off; 0: not by itself. */
    int64_t deadline_us;   /* RUNNING, AWAITING, COMPENSATING: times out; 0: never. */
    struct sarn_str child; /* AWAITING and after: the stream of its child. */
    struct sarn_uuid child_run;
    uint32_t attempts;              /* Recorded. */
    uint32_t compensation_attempts; /* Recorded. */
    uint32_t compensation_base;     /* Of them before an operator said retry. */
    uint32_t order; /* In which steps became DONE (or IN_DOUBT): the highest is undone
                       first. */
    uint32_t begun; /* In which visits began; 0: only permitted, or settled early. */
    uint8_t state;  /* enum sarn__step_state */
    bool permitted; /* Named by a window. */
    bool orphaned;  /* May have run: see sarn__execution_recovered(). */
    bool acted;     /* Not DONE, but an attempt of it timed out: it may have run. */
    bool timed_out; /* Its latest attempt did, also when that turned out not done. */
    bool inherited; /* Done by the run that this one was forked from: never undone. */
    /* AWAITING (a promise: also before), and its end is known (ChildEnded,
     * PromiseSettled; with output): */
    bool settled, settled_failed;
    struct sarn_str settled_code, settled_text; /* FAILED, UNKNOWN, STUCK: why. */
    uint32_t settled_status;                    /* Of a child. */
};

/* A signal, or an update, that was received. */
struct sarn__message {
    struct sarn__message *next;
    struct sarn_str name, payload;
    bool taken; /* A step has waited for it, or it is an update: see latest. */
};

/* Why it failed, or is parked. */
struct sarn__trouble {
    struct sarn_str step, code, text;
};

struct sarn__execution {
    struct sarn_arena *arena;
    uint32_t status; /* enum sarn_execution_status; 0: not started. */
    struct sarn__beginning beginning;
    struct sarn__step *first, *last;
    struct sarn__step *newest; /* That began last; NULL: none has. */
    uint32_t step_count;       /* Visits in the list. */
    uint32_t done_count;       /* DONE: completed and not compensated. */
    uint32_t last_order, last_begun, last_serial;
    struct sarn__place place;
    int64_t moved_us;                              /* When it came there. */
    struct sarn__message *messages, *last_message; /* Not taken. */
    uint32_t message_count;
    struct sarn__message *latest; /* The latest taken one of each name. */
    struct sarn__trouble failure; /* Of the step that failed for good. */
    struct sarn__trouble parked;  /* Of what parked it: or is about to. */
    uint32_t parked_visit;        /* Of parked.step. */
    bool parked_compensation;
    uint32_t parked_from; /* The status before. */
    uint32_t cause;       /* enum sarn__cause: COMPENSATING and after. */
    bool asked_to_end;    /* CancelRequested; asked_terminate: without waiting. */
    bool asked_terminate;
    uint32_t asked_serial;      /* Of the place where it was asked to end first. */
    bool asked_to_undo;         /* UndoRequested. */
    struct sarn_str asked_text; /* The reason. */
    bool paused;
    struct sarn_str reset_to; /* While cause is RESET: forward from here. */
    uint32_t reset_begun;     /* Visits begun from this one on are undone. */
    bool continues;           /* The step completed last said so, with: */
    struct sarn_str continue_input;
    struct sarn_str output;             /* COMPLETED. */
    struct sarn__attribute *attributes; /* At most SARN_ATTRIBUTES_MAX. */
    uint32_t attribute_count;
    int64_t started_us;
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
 * may the attempts whose intents are recorded; false: those of the last unit are our
 * own, and were not begun. Said once, after the fold; the events that follow settle it.
 */
void sarn__execution_recovered(struct sarn__execution *execution, bool intents);
/* The steps whose latest visits were permitted, have no result, and may have run so:
 * what a CompensationBegan or ResetRequested is to name. steps has room for
 * execution->step_count. How many there are. Visits that acted are in doubt by
 * themselves, named or not. */
uint32_t sarn__execution_doubts(const struct sarn__execution *execution,
                                struct sarn_str *steps);
/* There is such an attempt: its intent is recorded, and nobody knows what became of it.
 */
bool sarn__execution_is_orphaned(const struct sarn__execution *execution);

/* The latest visit of the step called id, or NULL: no event named it. */
struct sarn__step *sarn__execution_step(const struct sarn__execution *execution,
                                        struct sarn_str id);
/* That visit; 0 is 1. */
struct sarn__step *sarn__execution_visit(const struct sarn__execution *execution,
                                         struct sarn_str id,
                                         uint32_t visit);
/* The earliest message called name that nobody has taken; NULL: none. */
const struct sarn__message *
sarn__execution_pending_message(const struct sarn__execution *execution,
                                struct sarn_str name);
/* The latest that was taken. */
const struct sarn__message *
sarn__execution_latest_message(const struct sarn__execution *execution,
                               struct sarn_str name);
/* The value of an attribute; empty: none. */
struct sarn_str sarn__execution_attribute(const struct sarn__execution *execution,
                                          struct sarn_str name);
/* Completed (and not asked to undo itself), wholly undone (whatever the cause),
 * continued, or parked: nothing goes on by itself. */
bool sarn__execution_is_over(const struct sarn__execution *execution);
/* The same without parked: a new run may follow. */
bool sarn__execution_is_closed(const struct sarn__execution *execution);
/* May it be asked to end, or (terminate) to end at once: may a CancelRequested follow?
 * It goes forward or is reset, or it is parked on such a way, and was not asked before.
 */
bool sarn__execution_may_be_ended(const struct sarn__execution *execution,
                                  bool terminate);
/* Is visit over, so that coming to its step again is a new one? */
bool sarn__visit_is_over(const struct sarn__step *visit);

#endif
