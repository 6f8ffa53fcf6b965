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

/* --- what an undo would do --- */

static uint32_t kind_of_undo(const struct sarn__step *visit,
                             const struct sarn_step *step)
{
    switch ((enum sarn__step_state)visit->state) {
    case SARN__RUNNING:
        if (sarn__step_is_repeatable(step)) {
            return sarn__step_compensates(step) ? SARN_UNDO_BY_KEY : SARN_UNDO_NOTHING;
        }
        return SARN_UNDO_RECONCILE;
    case SARN__DOUBTED:
    case SARN__UNKNOWN:
        return SARN_UNDO_RECONCILE;
    case SARN__DONE:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__STUCK:
        return !sarn__step_compensates(step) ? SARN_UNDO_NOTHING
               : step->compensate == NULL    ? SARN_UNDO_CHILD
                                             : SARN_UNDO_COMPENSATE;
    case SARN__WAITING:
    case SARN__BACKOFF:
    case SARN__AWAITING:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__IN_DOUBT:
    case SARN__UNDONE:
        break;
    }
    return sarn__step_compensates(step) ? SARN_UNDO_BY_KEY : SARN_UNDO_NOTHING;
}

/* Would an undo that begins now look at visit? */
static bool is_concerned(const struct sarn__execution *execution,
                         const struct sarn__step *visit)
{
    if (visit->inherited ||
        (execution->cause == SARN__CAUSE_RESET &&
         (visit->begun == 0 || visit->begun < execution->reset_begun))) {
        return false;
    }
    switch ((enum sarn__step_state)visit->state) {
    case SARN__WAITING:
    case SARN__BACKOFF:
    case SARN__FAILED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
        return visit->acted || (visit->permitted && visit->orphaned);
    case SARN__AWAITING:
    case SARN__SKIPPED:
    case SARN__UNDONE:
        return false;
    case SARN__RUNNING:
    case SARN__DOUBTED:
    case SARN__DONE:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__STUCK:
        break;
    }
    return true;
}

static void take_all(const struct sarn__execution *execution,
                     const struct sarn_workflow *workflow,
                     struct sarn__undo *undos,
                     uint32_t *count)
{
    uint32_t near = 0;

    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        const struct sarn_step *step = NULL;

        if (is_concerned(execution, visit)) {
            step = sarn__plan_step_of(workflow, visit, &near);
        }
        if (step != NULL) {
            undos[(*count)++] =
                (struct sarn__undo){visit, step, kind_of_undo(visit, step)};
        }
    }
}

/* The index, from index on, of what begins next. */
static uint32_t first_of(const struct sarn_workflow *workflow,
                         const struct sarn__undo *undos,
                         uint32_t index,
                         uint32_t count)
{
    struct sarn__undo_order order;

    sarn__undo_order_init(&order, workflow);
    for (uint32_t i = index; i < count; i++) {
        sarn__undo_order_add(&order, undos[i].visit, undos[i].step);
    }
    for (uint32_t i = index; i < count; i++) {
        if (sarn__undo_order_allows(&order, undos[i].visit, undos[i].step)) {
            return i;
        }
    }
    return index;
}

uint32_t sarn__plan_undo(const struct sarn__execution *execution,
                         const struct sarn__definition *definition,
                         struct sarn__undo *undos)
{
    const struct sarn_workflow *workflow = definition->workflow;
    uint32_t count = 0;

    take_all(execution, workflow, undos, &count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t first = first_of(workflow, undos, i, count);
        struct sarn__undo undo = undos[first];

        undos[first] = undos[i];
        undos[i] = undo;
    }
    return count;
}
