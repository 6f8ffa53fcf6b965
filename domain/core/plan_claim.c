/* Whose outcome it is, and whether the world may wait for it. */
#include "core/plan_parts.h"

/* Is the attempt of claim one whose outcome visit is waiting for? */
static bool is_wanted(const struct sarn__execution *execution,
                      const struct sarn_workflow *workflow,
                      const struct sarn__claim *claim,
                      const struct sarn__step *visit)
{
    bool going = execution->status == SARN_EXECUTION_RUNNING;

    switch ((enum sarn__step_state)visit->state) {
    case SARN__RUNNING:
        return !claim->compensation && claim->attempt == visit->attempts &&
               (claim->kind == SARN__DUTY_CALL || visit->orphaned);
    case SARN__DOUBTED:
        return !claim->compensation && claim->attempt == visit->attempts &&
               claim->kind == SARN__DUTY_RECONCILE;
    case SARN__COMPENSATING:
        return claim->compensation && claim->attempt == visit->compensation_attempts &&
               claim->kind == SARN__DUTY_CALL;
    case SARN__WAITING:
    case SARN__BACKOFF:
        /* Of a window: there is no intent. What was done before it may have been
         * forgotten with an append that failed: then its turn has not come. */
        return going && !claim->compensation && claim->attempt == visit->attempts + 1 &&
               claim->kind == SARN__DUTY_CALL &&
               sarn__plan_may_be_out(execution, workflow, visit, INT64_MAX);
    case SARN__AWAITING:
    case SARN__DONE:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__UNDONE:
    case SARN__STUCK:
        break;
    }
    return false;
}

bool sarn__plan_claim(const struct sarn__execution *execution,
                      const struct sarn__definition *definition,
                      const struct sarn__claim *claim,
                      struct sarn__duty *duty)
{
    struct sarn__step *visit =
        sarn__execution_visit(execution, claim->step_id, claim->visit);
    const struct sarn_step *step = NULL;
    uint32_t near = 0;

    if (visit == NULL || !is_wanted(execution, definition->workflow, claim, visit)) {
        return false;
    }
    step = sarn__plan_step_of(definition->workflow, visit, &near);
    if (step == NULL) {
        return false;
    }
    *duty = (struct sarn__duty){
        .kind = claim->kind,
        .compensation = claim->compensation,
        .attempt = claim->attempt,
        .step = step,
        .visit = visit,
        .visit_number = visit->visit,
        .step_id = visit->id,
        .deadline_us = visit->deadline_us,
    };
    return true;
}

bool sarn__plan_may_lag(const struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        const struct sarn__plan *next)
{
    const struct sarn__duty *call = &next->duties[0];
    const struct sarn__step *done = NULL;

    if (event->kind != SARN__STEP_SUCCEEDED || event->compensation ||
        event->step_count > 0 || next->count != 1 || next->winding ||
        call->kind != SARN__DUTY_CALL || call->compensation || call->visit == NULL) {
        return false;
    }
    done = sarn__execution_visit(execution, event->step, event->visit);
    return done != NULL && done->permitted && call->visit->permitted &&
           call->visit->state == SARN__WAITING;
}
