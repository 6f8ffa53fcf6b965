/* What people say to an execution, and what they decide when it is parked. */
#include "core/execution_parts.h"

/* --- cancel, terminate, undo, pause --- */

bool sarn__execution_may_be_ended(const struct sarn__execution *execution,
                                  bool terminate)
{
    uint32_t status = execution->status == SARN_EXECUTION_PARKED
                          ? execution->parked_from
                          : execution->status;
    bool forward =
        status == SARN_EXECUTION_RUNNING || (status == SARN_EXECUTION_COMPENSATING &&
                                             execution->cause == SARN__CAUSE_RESET);

    return forward &&
           (!execution->asked_to_end || (terminate && !execution->asked_terminate));
}

static bool may_be_asked(const struct sarn__execution *execution,
                         const struct sarn__execution_event *event)
{
    return event->kind == SARN__UNDO_REQUESTED
               ? execution->status == SARN_EXECUTION_COMPLETED &&
                     !execution->asked_to_undo
               : sarn__execution_may_be_ended(execution, event->terminate);
}

sarn_status sarn__execution_asked(struct sarn__execution *execution,
                                  const struct sarn__execution_event *event,
                                  struct sarn_error *error)
{
    struct sarn_str text = {NULL, 0};

    if (!may_be_asked(execution, event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution with status %u%s cannot be asked to %s",
                          execution->status,
                          execution->asked_to_end || execution->asked_to_undo
                              ? ", which was asked to end before,"
                              : "",
                          event->kind == SARN__UNDO_REQUESTED ? "undo itself" : "end");
    }
    SARN__TRY(sarn__execution_copy(execution, event->text, &text, error));
    execution->asked_text = text;
    if (event->kind == SARN__UNDO_REQUESTED) {
        execution->asked_to_undo = true;
        return SARN_OK;
    }
    if (!execution->asked_to_end) {
        execution->asked_serial = execution->place.serial;
    }
    execution->asked_to_end = true;
    execution->asked_terminate = execution->asked_terminate || event->terminate;
    /* What parked it still does, but it is not to stand in the way of winding down. A
     * reset has to be gone through first. */
    if (execution->status == SARN_EXECUTION_PARKED &&
        execution->parked_from == SARN_EXECUTION_RUNNING) {
        execution->status = SARN_EXECUTION_RUNNING;
    }
    return SARN_OK;
}

sarn_status sarn__execution_paused(struct sarn__execution *execution,
                                   const struct sarn__execution_event *event,
                                   struct sarn_error *error)
{
    bool pause = event->kind == SARN__PAUSED;

    if (execution->paused == pause) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "an execution %s",
                          pause ? "was paused twice"
                                : "was resumed, and it was not paused");
    }
    execution->paused = pause;
    return SARN_OK;
}

/* --- parked --- */

sarn_status sarn__execution_parked(struct sarn__execution *execution,
                                   const struct sarn__execution_event *event,
                                   struct sarn_error *error)
{
    struct sarn__trouble trouble = {0};

    SARN__TRY(sarn__execution_trouble(execution, event, &trouble, error));
    execution->parked = trouble;
    execution->parked_visit = event->step.size == 0 ? 0
                              : event->visit == 0   ? 1
                                                    : event->visit;
    execution->parked_compensation = event->compensation;
    execution->parked_from = execution->status;
    execution->status = SARN_EXECUTION_PARKED;
    return SARN_OK;
}

/* What a decision makes of a visit whose forward outcome is not known. */
static void decide_forward(struct sarn__execution *execution,
                           struct sarn__step *visit,
                           const struct sarn__execution_event *event,
                           struct sarn_str output)
{
    switch ((enum sarn__decision)event->decision) {
    case SARN__DECIDE_RETRY:
        sarn__visit_become(execution, visit, SARN__DOUBTED);
        return;
    case SARN__DECIDE_NOT_DONE:
        visit->acted = false;
        sarn__visit_become(execution, visit, SARN__WAITING);
        return;
    case SARN__DECIDE_SKIP:
        visit->acted = false;
        sarn__visit_become(execution, visit, SARN__SKIPPED);
        break;
    case SARN__DECIDE_DONE:
        sarn__visit_done(execution, visit);
        visit->output = output;
        break;
    }
    if (visit->group.size == 0 && execution->status == SARN_EXECUTION_RUNNING) {
        sarn__execution_arrive(execution, visit, false, (struct sarn_str){NULL, 0});
    }
}

/* And of a compensation that failed for good. */
static void decide_undo(struct sarn__execution *execution,
                        struct sarn__step *visit,
                        const struct sarn__execution_event *event)
{
    if (event->decision != SARN__DECIDE_RETRY) {
        sarn__visit_become(execution, visit, SARN__UNDONE);
        return;
    }
    sarn__visit_become(execution, visit, SARN__COMPENSATION_BACKOFF);
    visit->retry_at_us = event->time_us;
    visit->compensation_base = visit->compensation_attempts;
}

/* Is there to decide what event decides? */
static sarn_status check_decision(const struct sarn__execution_event *event,
                                  const struct sarn__step *visit,
                                  struct sarn_error *error)
{
    enum sarn__step_state due = event->compensation ? SARN__STUCK : SARN__UNKNOWN;

    if (event->decision < SARN__DECIDE_RETRY ||
        event->decision > SARN__DECIDE_NOT_DONE) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "an execution was unparked by decision %u, which there is not",
            event->decision);
    }
    if (event->decision == SARN__DECIDE_RETRY &&
        (visit == NULL ||
         (visit->state != SARN__STUCK && visit->state != SARN__UNKNOWN))) {
        return SARN_OK; /* It is the execution that tries again. */
    }
    if (visit == NULL || visit->state != due ||
        (event->compensation && event->decision == SARN__DECIDE_NOT_DONE)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "there is nothing to decide about step %.*s, which %s%s",
                          (int)event->step.size, event->step.data,
                          visit == NULL ? "never began" : "is ",
                          visit == NULL ? "" : sarn__state_names[visit->state]);
    }
    return SARN_OK;
}

sarn_status sarn__execution_unparked(struct sarn__execution *execution,
                                     const struct sarn__execution_event *event,
                                     struct sarn_error *error)
{
    struct sarn__step *visit =
        event->step.size == 0
            ? NULL
            : sarn__execution_visit(execution, event->step, event->visit);
    struct sarn_str output = {NULL, 0};

    SARN__TRY(check_decision(event, visit, error));
    SARN__TRY(sarn__execution_copy(execution, event->output, &output, error));
    execution->status = execution->parked_from;
    execution->parked = (struct sarn__trouble){0};
    if (visit != NULL && visit->state == SARN__UNKNOWN) {
        decide_forward(execution, visit, event, output);
    } else if (visit != NULL && visit->state == SARN__STUCK) {
        decide_undo(execution, visit, event);
    }
    return SARN_OK;
}
