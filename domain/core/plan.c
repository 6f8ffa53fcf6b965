/* What an execution needs next. */
#include "core/plan.h"

#include <assert.h>

#include "core/plan_parts.h"

bool sarn__plan_is_immediate(const struct sarn__plan *plan)
{
    const struct sarn__duty *first = &plan->duties[0];

    if (plan->count == 0) {
        return false;
    }
    /* Nobody can be asked: that is known at once. */
    return first->kind < SARN__DUTY_CALL ||
           (first->kind == SARN__DUTY_RECONCILE && first->step->reconcile == NULL);
}

void sarn__plan(const struct sarn__execution *execution,
                const struct sarn__definition *definition,
                int64_t now_us,
                struct sarn__plan *plan)
{
    sarn__plan_held(execution, definition, NULL, now_us, plan);
}

void sarn__plan_held(const struct sarn__execution *execution,
                     const struct sarn__definition *definition,
                     struct sarn__hold *holds,
                     int64_t now_us,
                     struct sarn__plan *plan)
{
    struct sarn__planning planning = {
        .execution = execution,
        .workflow = definition->workflow,
        .now_us = now_us,
        .plan = plan,
        .holds = holds,
    };

    assert(execution->status != 0);
    plan->count = 0;
    plan->wake_us = INT64_MAX;
    plan->winding = false;
    plan->code = NULL;
    plan->text[0] = '\0';
    if (sarn__execution_is_over(execution)) {
        return;
    }
    if (execution->beginning.fingerprint != definition->fingerprint) {
        sarn__plan_at_once(&planning, SARN__DUTY_UPGRADE, NULL, NULL);
    } else if (execution->paused) {
        sarn__plan_rest(&planning);
    } else if (execution->status == SARN_EXECUTION_RUNNING) {
        sarn__plan_forward(&planning);
    } else if (execution->status == SARN_EXECUTION_COMPLETED) {
        sarn__plan_wind(&planning, SARN__CAUSE_PARENT); /* It was asked to. */
    } else {
        sarn__plan_backward(&planning);
    }
}

uint32_t sarn__plan_visit_number(const struct sarn__execution *execution,
                                 const struct sarn__definition *definition,
                                 uint32_t index)
{
    const struct sarn_workflow *workflow = definition->workflow;
    const struct sarn_step *step = sarn__step_at(workflow, index);
    struct sarn__element element;
    struct sarn__members members;
    uint32_t number = 0;

    if (step->group == NULL) {
        sarn__plan_current(execution, step, &number);
        return number;
    }
    sarn__element_of(workflow, index, &element);
    sarn__plan_members(execution, workflow, &element, &members);
    return members.number;
}
