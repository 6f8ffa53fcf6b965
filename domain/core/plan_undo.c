/* Undoing: what completed is compensated, in the workflow's order. */
#include "core/plan_parts.h"

#define TEXT_BYTES_MAX 150u /* Of a failure's own words, in a sentence of ours. */

/* What one look at all visits finds. */
struct undoing {
    struct sarn__undo_order order;
    uint32_t left;            /* To be undone. */
    bool settling;            /* Some forward attempt is still to be heard of. */
    struct sarn__step *stuck; /* One whose compensation has failed for good. */
    struct sarn__step *doubt; /* One that nobody knows the outcome of. */
};

/* Is visit one of those that this undoing is about? */
static bool is_meant(const struct sarn__execution *execution,
                     const struct sarn__step *visit)
{
    return !visit->inherited &&
           (execution->status != SARN_EXECUTION_COMPENSATING ||
            execution->cause != SARN__CAUSE_RESET ||
            (visit->begun != 0 && visit->begun >= execution->reset_begun));
}

bool sarn__plan_is_owed(const struct sarn__step *visit)
{
    switch ((enum sarn__step_state)visit->state) {
    case SARN__DONE:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__STUCK:
        return true;
    case SARN__WAITING:
    case SARN__RUNNING:
    case SARN__BACKOFF:
    case SARN__DOUBTED:
    case SARN__AWAITING:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__UNKNOWN:
    case SARN__UNDONE:
        break;
    }
    return false;
}

/* What has begun to be undone is, whatever its step says now. */
static bool undoes(const struct sarn__execution *execution,
                   const struct sarn__step *visit,
                   const struct sarn_step *step)
{
    bool begun = visit->state != SARN__DONE && visit->state != SARN__IN_DOUBT;

    return is_meant(execution, visit) && sarn__plan_is_owed(visit) &&
           (begun || sarn__step_compensates(step));
}

/* --- what did not come to its end --- */

/* If it was done, it was done after what completed, and is undone before. A terminate
 * does not wait for that. */
static void stand_before(const struct sarn__planning *planning,
                         struct undoing *undoing,
                         const struct sarn__step *visit,
                         const struct sarn_step *step)
{
    undoing->left += 1;
    if (planning->execution->cause != SARN__CAUSE_TERMINATE) {
        sarn__undo_order_add(&undoing->order, visit, step);
    }
}

/* true: something is to be settled at once. */
static bool hear_out(struct sarn__planning *planning,
                     struct undoing *undoing,
                     struct sarn__step *visit,
                     const struct sarn_step *step)
{
    switch ((enum sarn__step_state)visit->state) {
    case SARN__RUNNING:
    case SARN__DOUBTED:
        undoing->settling = true;
        stand_before(planning, undoing, visit, step);
        return sarn__plan_attempt(planning, step, visit);
    case SARN__AWAITING:
        return sarn__plan_give_up(planning, step, visit);
    case SARN__UNKNOWN:
        undoing->doubt = visit;
        stand_before(planning, undoing, visit, step);
        return false;
    case SARN__WAITING:
    case SARN__BACKOFF:
    case SARN__DONE:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__UNDONE:
    case SARN__STUCK:
        break;
    }
    return false;
}

static bool look(struct sarn__planning *planning, struct undoing *undoing)
{
    const struct sarn__execution *execution = planning->execution;
    uint32_t near = 0;

    for (struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        const struct sarn_step *step = NULL;

        if (!is_meant(execution, visit) || visit->state == SARN__UNDONE) {
            continue;
        }
        step = sarn__plan_step_of(planning->workflow, visit, &near);
        if (step == NULL) {
            continue; /* It was removed, and had nothing to undo: see fit.h. */
        }
        if (undoes(execution, visit, step)) {
            undoing->left += 1;
            sarn__undo_order_add(&undoing->order, visit, step);
            if (visit->state == SARN__STUCK) {
                undoing->stuck = visit;
            }
        } else if (hear_out(planning, undoing, visit, step)) {
            return true;
        }
    }
    return false;
}

/* --- one visit --- */

static bool begin(struct sarn__planning *planning,
                  const struct sarn_step *step,
                  struct sarn__step *visit)
{
    int64_t limit = step->timeouts.compensation_us;

    if (step->compensate == NULL) {
        return sarn__plan_at_once(planning, SARN__DUTY_UNDO_CHILD, step, visit);
    }
    if (sarn__step_undoes_locally(step)) {
        return sarn__plan_at_once(planning, SARN__DUTY_LOCAL, step, visit);
    }
    if (planning->plan->count == SARN__DUTIES_MAX) {
        return false; /* When others have ended. */
    }
    sarn__plan_at_once(planning, SARN__DUTY_INTEND, step, visit);
    planning->plan->duties[0].deadline_us =
        limit == 0 ? 0 : sarn__plan_later(planning->now_us, limit);
    return true;
}

/* Its intent is recorded; whoever began it, it is made again: it is at least once,
 * under its own key. */
static bool go_on(struct sarn__planning *planning,
                  const struct sarn_step *step,
                  struct sarn__step *visit)
{
    if (step->compensate == NULL) { /* A child. */
        return visit->settled &&
               sarn__plan_at_once(planning, SARN__DUTY_GO_ON, step, visit);
    }
    if (visit->deadline_us != 0 && visit->deadline_us <= planning->now_us) {
        sarn__plan_at_once(planning, SARN__DUTY_EXPIRE, step, visit);
        planning->plan->duties[0].timeout = SARN__START_TO_CLOSE;
        return true;
    }
    if (visit->deadline_us != 0) {
        sarn__plan_wake(planning, visit->deadline_us);
    }
    sarn__plan_under_way(planning, SARN__DUTY_CALL, step, visit);
    return false;
}

/* *waits: visit will go on by itself. */
static bool undo(struct sarn__planning *planning,
                 const struct sarn_step *step,
                 struct sarn__step *visit,
                 bool *waits)
{
    switch ((enum sarn__step_state)visit->state) {
    case SARN__COMPENSATING:
        *waits = true;
        return go_on(planning, step, visit);
    case SARN__COMPENSATION_BACKOFF:
        *waits = true;
        if (visit->retry_at_us > planning->now_us) {
            sarn__plan_wake(planning, visit->retry_at_us);
            return false;
        }
        return begin(planning, step, visit);
    case SARN__DONE:
    case SARN__IN_DOUBT:
        *waits = true;
        return begin(planning, step, visit);
    case SARN__WAITING:
    case SARN__RUNNING:
    case SARN__BACKOFF:
    case SARN__DOUBTED:
    case SARN__AWAITING:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__UNKNOWN:
    case SARN__UNDONE:
    case SARN__STUCK:
        break;
    }
    return false;
}

/* All visits whose turn it is. */
static bool
undo_all(struct sarn__planning *planning, const struct undoing *undoing, bool *waits)
{
    const struct sarn__execution *execution = planning->execution;
    uint32_t near = 0;

    for (struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        const struct sarn_step *step = NULL;

        if (!is_meant(execution, visit) || visit->state == SARN__UNDONE ||
            (undoing->order.last != NULL && visit != undoing->order.last)) {
            continue;
        }
        step = sarn__plan_step_of(planning->workflow, visit, &near);
        if (step != NULL && undoes(execution, visit, step) &&
            sarn__undo_order_allows(&undoing->order, visit, step) &&
            undo(planning, step, visit, waits)) {
            return true;
        }
    }
    return false;
}

/* --- nobody can go on --- */

static bool park(struct sarn__planning *planning, const struct undoing *undoing)
{
    struct sarn__step *visit = undoing->stuck != NULL ? undoing->stuck : undoing->doubt;
    uint32_t near = 0;
    const struct sarn_step *step = sarn__plan_step_of(planning->workflow, visit, &near);
    struct sarn_str why = visit->settled_text;

    if (visit == undoing->doubt) {
        return sarn__plan_park(
            planning, step, visit, "in_doubt",
            "nobody knows whether attempt %u of step %.100s was done, and so whether "
            "to undo it",
            visit->attempts, step->id);
    }
    return sarn__plan_park(
        planning, step, visit, "compensation_failed",
        "the compensation of step %.60s failed for good: %.*s", step->id,
        why.size > TEXT_BYTES_MAX ? (int)TEXT_BYTES_MAX : (int)why.size, why.data);
}

void sarn__plan_backward(struct sarn__planning *planning)
{
    struct undoing undoing;
    bool reset = planning->execution->cause == SARN__CAUSE_RESET, waits = false;

    undoing.left = 0;
    undoing.settling = false;
    undoing.stuck = undoing.doubt = NULL;
    sarn__undo_order_init(&undoing.order, planning->workflow);
    planning->plan->winding = true;
    if (look(planning, &undoing)) {
        return;
    }
    if (undoing.left == 0) {
        sarn__plan_at_once(planning, reset ? SARN__DUTY_REWIND : SARN__DUTY_UNDONE,
                           NULL, NULL);
        return;
    }
    if (undo_all(planning, &undoing, &waits) || waits || undoing.settling) {
        return;
    }
    park(planning, &undoing);
}
