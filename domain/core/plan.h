/* plan.h - what to do next: a pure function of an execution, its definition and the
 * time.
 *
 *   execution + definition + now -> plan: duties
 *   duty + outcome               -> event
 *
 * An orchestrator drives an execution in a loop. sarn__plan() holds it against the
 * workflow's definition and answers with what there is to do now. Where the first duty
 * is one to be settled at once, it is the only one that counts: whoever carries it out
 * says how it went, sarn__plan_settle() answers with the event, and once that is
 * applied to the execution the next plan is made. So one commit holds everything up to
 * the next attempt: a result and the next intent, a whole run of local steps, a failure
 * and the beginning of its compensation.
 *
 * What is left when there is nothing to settle at once:
 *   CALL       an external function that is to be under way: of one attempt. It is
 *              called only when every event written so far is durable, with one
 *              exception: sarn__plan_may_lag(). An attempt whose call is already out
 *              is named again in every plan until its outcome is settled.
 *   RECONCILE  the same for reconcile.
 *   (waits)    in wake_us: plan again then.
 * Nothing left and no wake: it is over, or it waits to be told something.
 *
 * An outcome that comes back is settled by sarn__plan_claim(), which finds the duty
 * that it answers, if it is still wanted.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_PLAN_H
#define SARN_CORE_PLAN_H

#include "core/definition.h"
#include "core/execution.h"

enum sarn__duty_kind {
    /* To be settled at once: */
    SARN__DUTY_INTEND, /* Record the intent of an external attempt. */
    SARN__DUTY_LOCAL,  /* Call run or compensate here, and say how it went. */
    SARN__DUTY_AWAIT,  /* A waiting step begins: call run, where it has one, and say
                          until when, or for which child. CHILD: begin that, too. */
    SARN__DUTY_GO_ON,  /* What a step waits for has come: a time, a message, an end. */
    SARN__DUTY_EXPIRE, /* An attempt or a wait has timed out. */
    SARN__DUTY_FAIL,   /* A step fails without an attempt, with code and text. */
    SARN__DUTY_CANCEL, /* A step is not needed any more. */
    SARN__DUTY_JOIN,   /* A group is over. */
    SARN__DUTY_UNDO,   /* Record that compensation begins. */
    SARN__DUTY_UNDO_CHILD, /* Compensate a child step: ask its child to undo itself, and
                              record the intent. */
    SARN__DUTY_REWIND,     /* A reset has undone what it had to. */
    SARN__DUTY_COMPLETE,   /* Record the end: completed, */
    SARN__DUTY_CONTINUE,   /* or going on as a new run, */
    SARN__DUTY_UNDONE,     /* or wholly undone, */
    SARN__DUTY_PARK,       /* or parked, with code and text. */
    SARN__DUTY_UPGRADE,    /* It fits this definition, which is not its own: say so. */
    /* To be under way: */
    SARN__DUTY_CALL,
    SARN__DUTY_RECONCILE
};

struct sarn__duty {
    enum sarn__duty_kind kind;
    bool compensation;
    uint32_t attempt;
    uint32_t timeout;             /* EXPIRE: enum sarn__timeout_kind */
    const struct sarn_step *step; /* Of the definition; NULL: none, or not there. */
    struct sarn__step *visit;     /* Recorded; NULL: nothing is yet. */
    uint32_t visit_number;        /* Also of one not recorded. */
    struct sarn_str step_id;      /* As recorded, or as the definition has it. */
    int64_t deadline_us; /* CALL: of this attempt, 0: none. INTEND: the same, to be. */
};

#define SARN__DUTIES_MAX (SARN__GROUP_STEPS_MAX + 64u)

struct sarn__plan {
    struct sarn__duty duties[SARN__DUTIES_MAX];
    uint32_t count;
    int64_t wake_us;  /* Plan again then at the latest; INT64_MAX: when it is told. */
    bool winding;     /* Attempts of run that are under way are to be told to stop. */
    uint32_t cause;   /* UNDO: enum sarn__cause */
    const char *code; /* PARK, FAIL; UNDO, but for a failure's. Constant. */
    char text[SARN_ERROR_TEXT_BYTES];
    struct sarn__element element; /* JOIN */
};

/* Is the first duty of plan one to be settled at once? */
bool sarn__plan_is_immediate(const struct sarn__plan *plan);

/* How a call went. */
struct sarn__outcome {
    bool failed;
    uint32_t fate;   /* RECONCILE: enum sarn_step_fate. */
    uint64_t random; /* For the jitter of a retry. */
    struct sarn_str output, code, text;
    bool chose; /* sarn_step_next(): */
    struct sarn_str next;
    bool continues; /* sarn_step_continue_as_new(): */
    struct sarn_str continue_input;
    const struct sarn__attribute *attributes; /* sarn_step_attribute() */
    uint32_t attribute_count;
    int64_t due_us; /* AWAIT of a timer whose run said until when; 0: it did not. */
    struct sarn_str child;      /* AWAIT: stream of the child. */
    struct sarn_uuid child_run; /* AWAIT: of the child; CONTINUE: of the new run. */
};

/* The first event of an execution but for what its caller adds: ids, input, parent and
 * so on in beginning, which lives as long as event. steps has room for
 * SARN__WINDOW_STEPS_MAX, likewise. */
void sarn__plan_start(const struct sarn__definition *definition,
                      struct sarn_str *steps,
                      struct sarn__beginning *beginning,
                      struct sarn__execution_event *event);

/* What execution (started) needs at now_us. */
void sarn__plan(const struct sarn__execution *execution,
                const struct sarn__definition *definition,
                int64_t now_us,
                struct sarn__plan *plan);

/* A step that may not begin an attempt now: somebody else has the room (admission.h).
 * asked: it would have. */
struct sarn__hold {
    struct sarn__hold *next;
    struct sarn_str step; /* Its id in the definition. */
    bool asked;
};
/* The same, with those of holds held back. */
void sarn__plan_held(const struct sarn__execution *execution,
                     const struct sarn__definition *definition,
                     struct sarn__hold *holds,
                     int64_t now_us,
                     struct sarn__plan *plan);

/* What a call was made for. */
struct sarn__claim {
    enum sarn__duty_kind kind; /* CALL or RECONCILE */
    bool compensation;
    struct sarn_str step_id;
    uint32_t visit, attempt;
};

/* The duty that the outcome of claim settles; false: nobody wants it any more (it timed
 * out, or was forgotten with an append that failed). Wanted also while paused, winding
 * down or undoing. */
bool sarn__plan_claim(const struct sarn__execution *execution,
                      const struct sarn__definition *definition,
                      const struct sarn__claim *claim,
                      struct sarn__duty *duty);

/* The event that duty leads to. outcome is looked at for CALL, RECONCILE, LOCAL, AWAIT
 * and CONTINUE; plan (for its text, code and element) for the others and may be NULL
 * for the former. All of them and arena live as long as event. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__plan_settle(const struct sarn__execution *execution,
                                            const struct sarn__definition *definition,
                                            const struct sarn__plan *plan,
                                            const struct sarn__duty *duty,
                                            const struct sarn__outcome *outcome,
                                            int64_t now_us,
                                            struct sarn_arena *arena,
                                            struct sarn__execution_event *event);

/* The steps that a terminate or a reset now leaves in doubt: what may have run in a
 * process that is gone (sarn__execution_doubts), and what is under way under its key
 * and is not waited for. For CompensationBegan, which sarn__plan_settle() makes, and
 * ResetRequested. steps has room for execution->step_count. How many there are.
 * They are compensated by their keys, and a compensation is called only when no call of
 * the same visit is out any more. */
uint32_t sarn__plan_doubts(const struct sarn__execution *execution,
                           const struct sarn__definition *definition,
                           int64_t now_us,
                           struct sarn_str *steps);

/* A reconcile that failed (outcome), asked times so far, is asked again then, by the
 * step's retry policy. 0: no more: it is settled, as unknown. What was asked is not
 * recorded: who recovers asks anew. */
int64_t sarn__plan_ask_again_us(const struct sarn__duty *duty,
                                const struct sarn__outcome *outcome,
                                uint32_t asked,
                                int64_t now_us);

/* Need nobody wait for event before next, the plan after it, is carried out? Only the
 * success of a step in a window, where all that is next is to run another one in it. */
bool sarn__plan_may_lag(const struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        const struct sarn__plan *next);

/* The number of the visit of the step at index that is current, or to come. */
uint32_t sarn__plan_visit_number(const struct sarn__execution *execution,
                                 const struct sarn__definition *definition,
                                 uint32_t index);

/* --- what an undo would do (sarn_execution_plan) --- */

struct sarn__undo {
    const struct sarn__step *visit;
    const struct sarn_step *step;
    uint32_t undo; /* enum sarn_undo */
};
/* The visits that would be undone, in the order that they would begin in; undos has
 * room for execution->step_count. How many there are. */
uint32_t sarn__plan_undo(const struct sarn__execution *execution,
                         const struct sarn__definition *definition,
                         struct sarn__undo *undos);

#endif
