/* plan.h - what an execution needs next, and which event each outcome is.
 *
 * A conversation without side effects: sarn__plan() holds what is recorded against the
 * workflow's definition and answers with one duty; whoever carries it out says how it
 * went, sarn__plan_settle() answers with the event, and once that is applied to the
 * execution the next duty is planned.
 *
 * Every duty but RUN and RECONCILE of external steps, and WAIT, is settled at once, so
 * one commit holds everything up to the next attempt: a result and the next intent, a
 * whole run of local steps, a failure and the beginning of its compensation.
 *
 * RUN, RECONCILE: an external function is called only when every event written so far
 * is durable, with one exception: sarn__plan_may_lag().
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_PLAN_H
#define SARN_CORE_PLAN_H

#include "core/definition.h"
#include "core/execution.h"

enum sarn__duty_kind {
    SARN__DUTY_INTEND,    /* Record the intent of an external attempt. */
    SARN__DUTY_RUN,       /* Call run or compensate, and say how it went. */
    SARN__DUTY_RECONCILE, /* Ask reconcile, where there is one. */
    SARN__DUTY_WAIT,      /* Plan again at due_us. */
    SARN__DUTY_UNDO,      /* Record that compensation begins. */
    SARN__DUTY_COMPLETE,  /* Record the end: completed, */
    SARN__DUTY_UNDONE,    /* or compensated, */
    SARN__DUTY_PARK,      /* or parked, with code and text. */
    SARN__DUTY_NONE       /* It is over. */
};

struct sarn__duty {
    enum sarn__duty_kind kind;
    bool compensation;
    bool local;
    uint32_t attempt;
    const struct sarn_step
        *step; /* Of the definition; NULL: none, or no longer there. */
    struct sarn_str step_id;
    int64_t due_us;
    const char *code; /* PARK; constant. */
    char text[SARN_ERROR_TEXT_BYTES];
};

/* How a RUN or RECONCILE went. */
struct sarn__outcome {
    bool failed;
    uint32_t fate; /* RECONCILE: enum sarn_step_fate. */
    struct sarn_str output, code, text;
};

/* The first event of an execution but for what its caller adds: workflow, ids, input.
 * steps has room for SARN__WINDOW_STEPS_MAX, and lives as long as event. */
void sarn__plan_start(const struct sarn__definition *definition,
                      struct sarn_str *steps,
                      struct sarn__execution_event *event);

/* What execution (started) needs next at now_us. */
void sarn__plan(const struct sarn__execution *execution,
                const struct sarn__definition *definition,
                int64_t now_us,
                struct sarn__duty *duty);

/* The event that duty leads to; not for WAIT and NONE. outcome is looked at for RUN and
 * RECONCILE; duty, outcome and arena live as long as event. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__plan_settle(const struct sarn__execution *execution,
                                            const struct sarn__definition *definition,
                                            const struct sarn__duty *duty,
                                            const struct sarn__outcome *outcome,
                                            int64_t now_us,
                                            struct sarn_arena *arena,
                                            struct sarn__execution_event *event);

/* Need nobody wait for event before the next duty is carried out? Only the success of a
 * step in a window, whose next duty is to run another one in it. */
bool sarn__plan_may_lag(const struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        const struct sarn__duty *next);

#endif
