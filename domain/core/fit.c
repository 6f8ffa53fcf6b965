/* Holding an execution against another definition. */
#include "core/fit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/plan_parts.h"

struct fitting {
    const struct sarn__execution *execution;
    const struct sarn_workflow *old; /* NULL: nobody knows it. */
    const struct sarn_workflow *next;
    struct sarn__misfit *misfit;
};

SARN_PRINTF(3, 4)
static bool
misfits(struct sarn__misfit *misfit, struct sarn_str step, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(misfit->reason, sizeof(misfit->reason), format, list);
    va_end(list);
    misfit->step = step;
    return false;
}

/* --- what became of a step --- */

static bool same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const char *type_name(const struct sarn_type *type)
{
    return type != NULL ? type->name : NULL;
}

/* What is different about step such that a visit of it cannot go on; NULL: nothing. */
static const char *difference(const struct sarn_step *old, const struct sarn_step *step)
{
    if (old->kind != step->kind) {
        return "is of another kind";
    }
    if (!same(old->group, step->group)) {
        return "is in another group";
    }
    if (!same(type_name(old->output), type_name(step->output))) {
        return "has another type of output";
    }
    if (sarn__step_compensates(old) && !sarn__step_compensates(step)) {
        return "has nothing to undo it with any more";
    }
    return NULL;
}

/* The same, from what was recorded of visit alone. */
static const char *difference_seen(const struct sarn__step *visit,
                                   const struct sarn_step *step)
{
    bool external = step->kind == SARN_STEP_EXTERNAL;

    if (visit->begun != 0 && !sarn_str_equal(visit->group, sarn_str(step->group))) {
        return "is in another group";
    }
    if (visit->child.size > 0 && step->kind != SARN_STEP_CHILD) {
        return "is of another kind";
    }
    switch ((enum sarn__step_state)visit->state) {
    case SARN__RUNNING:
    case SARN__DOUBTED:
    case SARN__UNKNOWN:
    case SARN__BACKOFF:
        return external ? NULL : "is of another kind";
    case SARN__AWAITING:
        return sarn__step_waits(step) ? NULL : "is of another kind";
    case SARN__COMPENSATION_BACKOFF:
    case SARN__STUCK:
        return sarn__step_compensates(step) ? NULL
                                            : "has nothing to undo it with any more";
    case SARN__COMPENSATING:
        return (external && step->compensate != NULL) || step->kind == SARN_STEP_CHILD
                   ? NULL
                   : "is of another kind";
    case SARN__WAITING:
    case SARN__DONE: /* With something to undo it, or without: nobody knows. */
    case SARN__IN_DOUBT:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__UNDONE:
        break;
    }
    return NULL;
}

/* --- visits --- */

/* Of a step that next does not have: has it left anything that matters? */
static bool may_be_gone(const struct fitting *fitting,
                        const struct sarn__step *visit,
                        const char **reason)
{
    uint32_t near = 0;
    const struct sarn_step *old =
        fitting->old != NULL ? sarn__plan_step_of(fitting->old, visit, &near) : NULL;
    bool undoes = old == NULL || sarn__step_compensates(old);

    switch ((enum sarn__step_state)visit->state) {
    case SARN__DONE:
        *reason = old != NULL ? "was done and is to be undone if it comes to that, and "
                                "it was removed"
                              : "was done, it was removed, and nobody knows whether it "
                                "has something to undo";
        return visit->inherited || !undoes;
    case SARN__WAITING:
    case SARN__BACKOFF:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
        *reason = "may have run, and it was removed";
        if (visit->acted || (visit->permitted && visit->orphaned)) {
            return !undoes && visit->state != SARN__BACKOFF;
        }
        *reason = "has begun, and it was removed";
        return visit->begun == 0 || sarn__visit_is_over(visit);
    case SARN__SKIPPED:
    case SARN__UNDONE:
        return true;
    case SARN__RUNNING:
    case SARN__DOUBTED:
    case SARN__AWAITING:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__STUCK:
        break;
    }
    *reason = "has begun, and it was removed";
    return false;
}

static bool visit_fits(const struct fitting *fitting,
                       const struct sarn__step *visit,
                       uint32_t *near)
{
    const struct sarn_step *step = sarn__plan_step_of(fitting->next, visit, near);
    const struct sarn_step *old = NULL;
    const char *reason = NULL;
    uint32_t old_near = 0;

    if (step == NULL) {
        return may_be_gone(fitting, visit, &reason) ||
               misfits(fitting->misfit, visit->id, "the step %s", reason);
    }
    if (visit->begun == 0 && !visit->orphaned) {
        return true;
    }
    if (fitting->old != NULL) {
        old = sarn__plan_step_of(fitting->old, visit, &old_near);
    }
    reason = old != NULL ? difference(old, step) : difference_seen(visit, step);
    return reason == NULL ||
           misfits(fitting->misfit, visit->id, "the step has begun, and it %s", reason);
}

static bool visits_fit(const struct fitting *fitting)
{
    uint32_t near = 0;

    for (const struct sarn__step *visit = fitting->execution->first; visit != NULL;
         visit = visit->next) {
        if (!visit_fits(fitting, visit, &near)) {
            return false;
        }
    }
    return true;
}

/* --- what is still to come --- */

/* The steps from the element at index on, by the table alone. */
static void
future_of(const struct sarn_workflow *workflow, uint32_t index, bool *future)
{
    memset(future, 0, SARN__STEPS_MAX * sizeof(*future));
    while (index < workflow->step_count && !future[index]) {
        struct sarn__element element;

        sarn__element_of(workflow, index, &element);
        for (uint32_t i = 0; i < element.count; i++) {
            future[element.first + i] = true;
        }
        index = sarn__element_after(workflow, &element);
    }
}

static bool is_in(const struct sarn_workflow *workflow,
                  const bool *future,
                  const struct sarn_step *step)
{
    uint32_t index = sarn__step_index(workflow, sarn_str(step->id), 0);

    for (const char *const *alias = step->aliases;
         index == workflow->step_count && alias != NULL && *alias != NULL; alias++) {
        index = sarn__step_index(workflow, sarn_str(*alias), 0);
    }
    return index < workflow->step_count && future[index];
}

static bool has_begun(const struct sarn__execution *execution,
                      const struct sarn_step *step)
{
    const struct sarn__step *visit = sarn__plan_latest(execution, step);

    return visit != NULL && visit->begun != 0;
}

/* Would a step that was still to come be passed over? */
static bool
skips_none(const struct fitting *fitting, const bool *future, const bool *next_future)
{
    for (uint32_t i = 0; i < fitting->old->step_count; i++) {
        const struct sarn_step *old = sarn__step_at(fitting->old, i);
        uint32_t index = sarn__step_index(fitting->next, sarn_str(old->id), i);

        if (future[i] && index < fitting->next->step_count && !next_future[index] &&
            !has_begun(fitting->execution, sarn__step_at(fitting->next, index))) {
            return misfits(fitting->misfit, sarn_str(old->id),
                           "the step was moved to before where the execution is, and "
                           "would never be run");
        }
    }
    return true;
}

/* May a step be come to again in the way of things, as far as is seen? */
static bool loops(const struct fitting *fitting)
{
    for (uint32_t i = 0; i < fitting->next->step_count; i++) {
        const char *next = sarn__step_at(fitting->next, i)->next;

        if (next != NULL && next[0] != '\0' &&
            sarn__step_index(fitting->next, sarn_str(next), 0) <= i) {
            return true;
        }
    }
    for (const struct sarn__step *visit = fitting->execution->first; visit != NULL;
         visit = visit->next) {
        if (visit->visit > 1) {
            return true;
        }
    }
    return fitting->execution->place.chose;
}

/* Would a step that was done be run again? future NULL: nobody knows what was to come.
 */
static bool repeats_none(const struct fitting *fitting,
                         uint32_t at,
                         const bool *future,
                         const bool *next_future)
{
    for (uint32_t i = 0; i < fitting->next->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(fitting->next, i);
        const struct sarn__step *visit = sarn__plan_latest(fitting->execution, step);

        if (next_future[i] && !(fitting->execution->place.chose && i == at) &&
            visit != NULL && visit->state == SARN__DONE &&
            !sarn__plan_is_here(fitting->execution, visit) &&
            !(future != NULL && is_in(fitting->old, future, step))) {
            return misfits(fitting->misfit, visit->id,
                           "the step was done, it was moved to behind where the "
                           "execution is, and would be run once more");
        }
    }
    return true;
}

static bool future_fits(const struct fitting *fitting)
{
    const struct sarn__execution *execution = fitting->execution;
    bool future[SARN__STEPS_MAX], next_future[SARN__STEPS_MAX];
    uint32_t at = 0, old_at = 0;

    if (!sarn__plan_next(execution, fitting->next, &at)) {
        return misfits(fitting->misfit, execution->place.id,
                       "the execution is behind this %s, which was removed, or goes on "
                       "with a step that was",
                       execution->place.is_group ? "group" : "step");
    }
    future_of(fitting->next, at, next_future);
    if (fitting->old == NULL || !sarn__plan_next(execution, fitting->old, &old_at)) {
        return loops(fitting) || repeats_none(fitting, at, NULL, next_future);
    }
    future_of(fitting->old, old_at, future);
    return skips_none(fitting, future, next_future) &&
           repeats_none(fitting, at, future, next_future);
}

bool sarn__fits(const struct sarn__execution *execution,
                const struct sarn__definition *old,
                const struct sarn__definition *next,
                struct sarn__misfit *misfit)
{
    struct fitting fitting = {execution, old != NULL ? old->workflow : NULL,
                              next->workflow, misfit};
    bool forward = execution->status == SARN_EXECUTION_RUNNING ||
                   (execution->status == SARN_EXECUTION_PARKED &&
                    execution->parked_from == SARN_EXECUTION_RUNNING);

    return visits_fit(&fitting) && (!forward || future_fits(&fitting));
}
