/* The events of a step: which of its states may follow which, and when. */
#include "core/execution_parts.h"

#define TO(state) SARN__STATE(state)

/* Which state of a visit the events of its step may lead to from which. What an
 * operator decides and what begins to be undone are elsewhere. This table is the
 * design; the rest is detail. */
static const unsigned successors[] = {
    [SARN__WAITING] = TO(RUNNING) | TO(BACKOFF) | TO(AWAITING) | TO(DONE) |
                      TO(CANCELLED) | TO(EXPIRED) | TO(FAILED),
    [SARN__RUNNING] = TO(WAITING) | TO(BACKOFF) | TO(DOUBTED) | TO(DONE) | TO(EXPIRED) |
                      TO(FAILED) | TO(UNKNOWN),
    [SARN__BACKOFF] =
        TO(RUNNING) | TO(BACKOFF) | TO(DONE) | TO(CANCELLED) | TO(EXPIRED) | TO(FAILED),
    [SARN__DOUBTED] =
        TO(WAITING) | TO(BACKOFF) | TO(DONE) | TO(EXPIRED) | TO(FAILED) | TO(UNKNOWN),
    [SARN__AWAITING] = TO(DONE) | TO(CANCELLED) | TO(EXPIRED) | TO(FAILED),
    [SARN__DONE] = TO(COMPENSATING) | TO(UNDONE) | TO(STUCK),
    [SARN__SKIPPED] = 0,
    [SARN__CANCELLED] = 0,
    [SARN__EXPIRED] = 0,
    [SARN__FAILED] = 0,
    [SARN__UNKNOWN] = 0,
    [SARN__IN_DOUBT] = TO(COMPENSATING),
    [SARN__COMPENSATING] = TO(COMPENSATION_BACKOFF) | TO(UNDONE) | TO(STUCK),
    [SARN__COMPENSATION_BACKOFF] = TO(COMPENSATING) | TO(UNDONE) | TO(STUCK),
    [SARN__UNDONE] = 0,
    [SARN__STUCK] = 0,
};

#define UNDER_WAY (TO(RUNNING) | TO(DOUBTED))

static bool is_one_of(const struct sarn__step *visit, unsigned states)
{
    return (states & (1u << visit->state)) != 0;
}

/* --- may it follow? --- */

static enum sarn__step_state after_timeout(const struct sarn__execution_event *event)
{
    if (event->compensation) {
        return event->retry_at_us != 0 ? SARN__COMPENSATION_BACKOFF : SARN__STUCK;
    }
    if (event->in_doubt) {
        return SARN__DOUBTED;
    }
    if (event->retry_at_us != 0) {
        return SARN__BACKOFF;
    }
    return event->chose ? SARN__EXPIRED : SARN__FAILED;
}

static enum sarn__step_state after_failure(const struct sarn__execution_event *event)
{
    if (event->retry_at_us != 0) {
        return event->compensation ? SARN__COMPENSATION_BACKOFF : SARN__BACKOFF;
    }
    return event->compensation ? SARN__STUCK : SARN__FAILED;
}

static enum sarn__step_state after_asking(const struct sarn__execution_event *event)
{
    return event->fate == SARN_STEP_DONE       ? SARN__DONE
           : event->fate == SARN_STEP_NOT_DONE ? SARN__WAITING
                                               : SARN__UNKNOWN;
}

/* The state that event leads its visit to. */
static enum sarn__step_state target(const struct sarn__execution_event *event)
{
    bool undo = event->compensation;

    if (event->kind == SARN__STEP_STARTED) {
        return undo ? SARN__COMPENSATING : SARN__RUNNING;
    }
    if (event->kind == SARN__STEP_SUCCEEDED || event->kind == SARN__STEP_INHERITED) {
        return undo ? SARN__UNDONE : SARN__DONE;
    }
    if (event->kind == SARN__STEP_FAILED) {
        return after_failure(event);
    }
    if (event->kind == SARN__STEP_TIMED_OUT) {
        return after_timeout(event);
    }
    if (event->kind == SARN__STEP_RECONCILED) {
        return after_asking(event);
    }
    return event->kind == SARN__STEP_AWAITS ? SARN__AWAITING : SARN__CANCELLED;
}

/* Only attempts are made of compensations, and there are three fates. */
static bool is_known(const struct sarn__execution_event *event)
{
    bool attempt =
        event->kind == SARN__STEP_STARTED || event->kind == SARN__STEP_SUCCEEDED ||
        event->kind == SARN__STEP_FAILED || event->kind == SARN__STEP_TIMED_OUT;

    return (attempt || !event->compensation) && event->fate <= SARN_STEP_NOT_DONE;
}

/* Has the execution come to where event may happen? */
static bool status_allows(const struct sarn__execution *execution,
                          const struct sarn__step *visit,
                          const struct sarn__execution_event *event)
{
    bool begins = event->kind == SARN__STEP_STARTED ||
                  event->kind == SARN__STEP_AWAITS ||
                  event->kind == SARN__STEP_INHERITED;

    if (event->compensation) {
        if (visit->inherited ||
            (execution->cause == SARN__CAUSE_RESET && visit->begun != 0 &&
             visit->begun < execution->reset_begun)) {
            return false;
        }
        return execution->status == SARN_EXECUTION_COMPENSATING ||
               (execution->status == SARN_EXECUTION_PARKED && !begins &&
                visit->state == SARN__COMPENSATING);
    }
    if (execution->status == SARN_EXECUTION_RUNNING) {
        return true;
    }
    if (event->kind == SARN__STEP_CANCELLED) {
        return execution->status == SARN_EXECUTION_COMPENSATING;
    }
    /* A child may have come to its end before its parent did. */
    return !begins && (is_one_of(visit, UNDER_WAY) ||
                       (visit->state == SARN__AWAITING && visit->settled &&
                        execution->status == SARN_EXECUTION_COMPENSATING));
}

static bool attempt_follows(const struct sarn__step *visit,
                            const struct sarn__execution_event *event)
{
    uint32_t recorded =
        event->compensation ? visit->compensation_attempts : visit->attempts;

    if (!sarn__event_is_attempt(event)) {
        return true;
    }
    if (is_one_of(visit, UNDER_WAY | TO(COMPENSATING))) {
        return event->attempt == recorded;
    }
    /* A step can time out while it waits for its next attempt, or fail without one. */
    return (recorded != UINT32_MAX && event->attempt == recorded + 1) ||
           (event->attempt == recorded &&
            (event->kind == SARN__STEP_TIMED_OUT ||
             (event->kind == SARN__STEP_FAILED && event->retry_at_us == 0)));
}

static sarn_status check(const struct sarn__execution *execution,
                         const struct sarn__step *visit,
                         const struct sarn__execution_event *event,
                         enum sarn__step_state to,
                         struct sarn_error *error)
{
    if ((successors[visit->state] & (1u << to)) == 0 ||
        (event->kind == SARN__STEP_RECONCILED && !is_one_of(visit, UNDER_WAY)) ||
        (event->kind == SARN__STEP_INHERITED && visit->state != SARN__WAITING)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s is %s and cannot become %s", (int)visit->id.size,
                          visit->id.data, sarn__state_names[visit->state],
                          sarn__state_names[to]);
    }
    if (!status_allows(execution, visit, event)) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "step %.*s cannot become %s while its execution has status %u",
            (int)visit->id.size, visit->id.data, sarn__state_names[to],
            execution->status);
    }
    if (!attempt_follows(visit, event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s has %u attempts and goes on with number %u",
                          (int)visit->id.size, visit->id.data,
                          event->compensation ? visit->compensation_attempts
                                              : visit->attempts,
                          event->attempt);
    }
    if (event->step_count > 0 &&
        (to != SARN__DONE || execution->status != SARN_EXECUTION_RUNNING)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s cannot open a window here", (int)visit->id.size,
                          visit->id.data);
    }
    if (event->kind == SARN__STEP_SUCCEEDED && event->name.size > 0 &&
        sarn__execution_pending_message(execution, event->name) == NULL) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s took signal %.*s, which nobody had sent",
                          (int)visit->id.size, visit->id.data, (int)event->name.size,
                          event->name.data);
    }
    return SARN_OK;
}

sarn_status sarn__execution_step_changed(struct sarn__execution *execution,
                                         const struct sarn__execution_event *event,
                                         struct sarn_error *error)
{
    struct sarn__pending pending = {0};
    struct sarn__step *visit = NULL;
    enum sarn__step_state to = target(event);
    struct sarn__kept kept = {0};

    if (!is_known(event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s came to what there is not (event %d)",
                          (int)event->step.size, event->step.data, (int)event->kind);
    }
    SARN__TRY(sarn__visit_touch(execution, event, &pending, &visit, error));
    SARN__TRY(check(execution, visit, event, to, error));
    SARN__TRY(sarn__visit_prepare_window(execution, event, &pending, error));
    SARN__TRY(sarn__visit_keep(execution, visit, event, to, &kept, error));
    sarn__visit_link(execution, &pending);
    sarn__visit_move(execution, visit, event, to, &kept);
    return SARN_OK;
}
