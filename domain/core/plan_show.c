/* What an undo would do, for who only wants to know. */
#include <string.h>

#include "core/plan_parts.h"

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

        /* The others keep their order. */
        memmove(&undos[i + 1], &undos[i], (first - i) * sizeof(undo));
        undos[i] = undo;
    }
    return count;
}
