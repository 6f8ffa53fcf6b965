/* Steps that wait: for a time, a signal, a promise, a child. */
#include "core/plan_parts.h"

/* Has come what visit waits for? */
static bool has_come(const struct sarn__planning *planning,
                     const struct sarn_step *step,
                     const struct sarn__step *visit)
{
    switch ((enum sarn_step_kind)step->kind) {
    case SARN_STEP_TIMER:
        return visit->due_us != 0 && visit->due_us <= planning->now_us;
    case SARN_STEP_SIGNAL:
        return sarn__execution_pending_message(
                   planning->execution, sarn_str(sarn__step_signal(step))) != NULL;
    case SARN_STEP_PROMISE:
    case SARN_STEP_CHILD:
        return visit->settled;
    case SARN_STEP_EXTERNAL:
    case SARN_STEP_LOCAL:
        break;
    }
    return false;
}

/* A child that has completed in the meantime stands: it is taken as done, so that it is
 * undone with the rest. */
bool sarn__plan_give_up(struct sarn__planning *planning,
                        const struct sarn_step *step,
                        struct sarn__step *visit)
{
    bool stands = step->kind == SARN_STEP_CHILD && visit->state == SARN__AWAITING &&
                  visit->settled && !visit->settled_failed;

    return sarn__plan_at_once(planning, stands ? SARN__DUTY_GO_ON : SARN__DUTY_CANCEL,
                              step, visit);
}

bool sarn__plan_wait(struct sarn__planning *planning,
                     const struct sarn_step *step,
                     struct sarn__step *visit)
{
    if (has_come(planning, step, visit)) {
        return sarn__plan_at_once(planning, SARN__DUTY_GO_ON, step, visit);
    }
    if (visit->deadline_us != 0 && visit->deadline_us <= planning->now_us) {
        sarn__plan_at_once(planning, SARN__DUTY_EXPIRE, step, visit);
        planning->plan->duties[0].timeout = SARN__SCHEDULE_TO_CLOSE;
        return true;
    }
    if (step->kind == SARN_STEP_TIMER && visit->due_us != 0) {
        sarn__plan_wake(planning, visit->due_us);
    }
    if (visit->deadline_us != 0) {
        sarn__plan_wake(planning, visit->deadline_us);
    }
    return false;
}
