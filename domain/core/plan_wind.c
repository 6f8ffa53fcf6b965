/* Winding down: nothing new begins, what waits is given up, what is under way is heard
 * to its end. Then undoing begins. A terminate does not wait. */
#include <assert.h>
#include <stdio.h>

#include "core/plan_parts.h"

/* Was it told to end before it came to where it is? Then nothing has begun here. */
static bool came_too_late(const struct sarn__execution *execution)
{
    int64_t deadline = execution->beginning.deadline_us;

    return (execution->asked_to_end &&
            execution->asked_serial != execution->place.serial) ||
           (deadline != 0 && execution->moved_us >= deadline);
}

bool sarn__plan_may_be_out(const struct sarn__execution *execution,
                           const struct sarn_workflow *workflow,
                           const struct sarn__step *visit,
                           int64_t now_us)
{
    uint32_t index = 0;

    if (!visit->permitted || came_too_late(execution) ||
        !(visit->state == SARN__WAITING ||
          (visit->state == SARN__BACKOFF && visit->retry_at_us <= now_us)) ||
        !sarn__plan_next(execution, workflow, &index) ||
        index == workflow->step_count) {
        return false;
    }
    return sarn__plan_latest(execution, sarn__step_at(workflow, index)) == visit;
}

/* It may have acted in a way that nobody can ask about: it is in doubt as it is. */
static bool is_doubtful(const struct sarn__step *visit)
{
    return visit->acted || (visit->orphaned && visit->permitted);
}

static bool
wind_visit(struct sarn__planning *planning, struct sarn__step *visit, uint32_t *near)
{
    const struct sarn_step *step = sarn__plan_step_of(planning->workflow, visit, near);

    if (step == NULL) {
        return false;
    }
    switch ((enum sarn__step_state)visit->state) {
    case SARN__RUNNING:
    case SARN__DOUBTED:
        return sarn__plan_attempt(planning, step, visit);
    case SARN__WAITING:
    case SARN__BACKOFF:
        if (sarn__plan_may_be_out(planning->execution, planning->workflow, visit,
                                  planning->now_us) &&
            !sarn__plan_is_held(planning, step)) {
            sarn__plan_under_way(planning, SARN__DUTY_CALL, step, visit);
            return false;
        }
        return visit->begun != 0 && !is_doubtful(visit) &&
               sarn__plan_at_once(planning, SARN__DUTY_CANCEL, step, visit);
    case SARN__AWAITING:
        return sarn__plan_give_up(planning, step, visit);
    case SARN__DONE:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__UNDONE:
    case SARN__STUCK:
        break;
    }
    return false;
}

static void say_why(struct sarn__plan *plan, enum sarn__cause cause)
{
    plan->cause = cause;
    plan->code = cause == SARN__CAUSE_CANCEL      ? "cancelled"
                 : cause == SARN__CAUSE_TERMINATE ? "terminated"
                 : cause == SARN__CAUSE_TIMEOUT   ? "timeout"
                 : cause == SARN__CAUSE_PARENT    ? "undone"
                                                  : NULL;
    if (cause == SARN__CAUSE_TIMEOUT) {
        snprintf(plan->text, sizeof(plan->text), "the time of this run is up");
    }
}

bool sarn__plan_wind(struct sarn__planning *planning, enum sarn__cause cause)
{
    struct sarn__plan *plan = planning->plan;
    uint32_t near = 0;

    plan->winding = true;
    plan->count = 0;
    plan->wake_us = INT64_MAX;
    for (struct sarn__step *visit = planning->execution->first;
         visit != NULL && cause != SARN__CAUSE_TERMINATE; visit = visit->next) {
        if (wind_visit(planning, visit, &near)) {
            return true;
        }
    }
    if (plan->count > 0) {
        return false;
    }
    say_why(plan, cause);
    return sarn__plan_at_once(planning, SARN__DUTY_UNDO, NULL, NULL);
}

void sarn__plan_rest(struct sarn__planning *planning)
{
    uint32_t near = 0;

    for (struct sarn__step *visit = planning->execution->first; visit != NULL;
         visit = visit->next) {
        const struct sarn_step *step =
            sarn__plan_step_of(planning->workflow, visit, &near);
        bool asked = visit->state == SARN__DOUBTED ||
                     (visit->state == SARN__RUNNING && visit->orphaned &&
                      step != NULL && !sarn__step_is_repeatable(step));

        if (step == NULL || (asked && step->reconcile == NULL)) {
            continue; /* It waits for the resume with everything else. */
        }
        if (asked) {
            sarn__plan_under_way(planning, SARN__DUTY_RECONCILE, step, visit);
        } else if (visit->state == SARN__RUNNING ||
                   (visit->state == SARN__COMPENSATING &&
                    step->kind == SARN_STEP_EXTERNAL)) {
            sarn__plan_under_way(planning, SARN__DUTY_CALL, step, visit);
        }
    }
}
