/* Which event each outcome is. */
#include <assert.h>

#include "core/plan.h"
#include "core/retry.h"

void sarn__plan_start(const struct sarn__definition *definition,
                      struct sarn_str *steps,
                      struct sarn__execution_event *event)
{
    *event = (struct sarn__execution_event){
        .kind = SARN__STARTED,
        .definition_version = definition->workflow->version,
        .fingerprint = definition->fingerprint,
        .steps = steps,
        .step_count = sarn__window(definition->workflow, 0, steps),
    };
}

/* The window that opens with the success of step: the steps after it, unless they were
 * named before. */
static sarn_status open_window(const struct sarn__execution *execution,
                               const struct sarn_workflow *workflow,
                               const struct sarn_step *step,
                               struct sarn_arena *arena,
                               struct sarn__execution_event *event)
{
    uint32_t next = sarn__step_index(workflow, sarn_str(step->id), 0) + 1;
    struct sarn_str *steps = NULL;

    if (next >= workflow->step_count ||
        !sarn__step_is_repeatable(sarn__step_at(workflow, next)) ||
        sarn__execution_step(execution, sarn_str(sarn__step_at(workflow, next)->id)) !=
            NULL) {
        return SARN_OK;
    }
    steps = sarn_arena_alloc(arena, SARN__WINDOW_STEPS_MAX * sizeof(*steps));
    if (steps == NULL) {
        return SARN_ERR_NOMEM;
    }
    event->step_count = sarn__window(workflow, next, steps);
    event->steps = steps;
    return SARN_OK;
}

static void failed(const struct sarn__duty *duty,
                   const struct sarn__outcome *outcome,
                   int64_t now_us,
                   struct sarn__execution_event *event)
{
    const struct sarn_retry *policy =
        duty->compensation ? &duty->step->compensation_retry : &duty->step->retry;

    event->kind = SARN__STEP_FAILED;
    event->code = outcome->code;
    event->text = outcome->text;
    /* A local step is pure: it would fail again. */
    event->retry_at_us =
        duty->local ? 0
                    : sarn__retry_at_us(policy, duty->attempt, outcome->code, now_us);
}

/* The steps that may have run in a process that is gone, the failed one among them:
 * that its last attempt failed does not say that one before the crash did. */
static sarn_status undo(const struct sarn__execution *execution,
                        struct sarn_arena *arena,
                        struct sarn__execution_event *event)
{
    struct sarn_str *steps =
        sarn_arena_alloc(arena, execution->step_count * sizeof(*steps));

    if (steps == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (const struct sarn__step *step = execution->first; step != NULL;
         step = step->next) {
        if (step->orphaned && step->permitted) {
            steps[event->step_count++] = step->id;
        }
    }
    event->kind = SARN__COMPENSATION_BEGAN;
    event->step = execution->failure.step;
    event->code = execution->failure.code;
    event->text = execution->failure.text;
    event->steps = steps;
    event->attempt = 0;
    return SARN_OK;
}

static void parked(const struct sarn__duty *duty, struct sarn__execution_event *event)
{
    event->kind = SARN__PARKED;
    event->attempt = 0;
    event->code = sarn_str(duty->code);
    event->text = sarn_str(duty->text);
}

sarn_status sarn__plan_settle(const struct sarn__execution *execution,
                              const struct sarn__definition *definition,
                              const struct sarn__duty *duty,
                              const struct sarn__outcome *outcome,
                              int64_t now_us,
                              struct sarn_arena *arena,
                              struct sarn__execution_event *event)
{
    const struct sarn_workflow *workflow = definition->workflow;

    *event = (struct sarn__execution_event){
        .step = duty->step_id,
        .attempt = duty->attempt,
        .compensation = duty->compensation,
    };
    switch (duty->kind) {
    case SARN__DUTY_INTEND:
        event->kind = SARN__STEP_STARTED;
        return SARN_OK;
    case SARN__DUTY_RUN:
        if (outcome->failed) {
            failed(duty, outcome, now_us, event);
            return SARN_OK;
        }
        event->kind = SARN__STEP_SUCCEEDED;
        if (duty->compensation) {
            return SARN_OK;
        }
        event->output = outcome->output;
        return open_window(execution, workflow, duty->step, arena, event);
    case SARN__DUTY_RECONCILE:
        event->kind = SARN__STEP_RECONCILED;
        event->fate = outcome->fate;
        event->text = outcome->text;
        if (outcome->fate != SARN_STEP_DONE) {
            return SARN_OK;
        }
        event->output = outcome->output;
        return open_window(execution, workflow, duty->step, arena, event);
    case SARN__DUTY_UNDO:
        return undo(execution, arena, event);
    case SARN__DUTY_COMPLETE:
        event->kind = SARN__COMPLETED;
        return SARN_OK;
    case SARN__DUTY_UNDONE:
        event->kind = SARN__COMPENSATED;
        return SARN_OK;
    case SARN__DUTY_PARK:
        parked(duty, event);
        return SARN_OK;
    case SARN__DUTY_WAIT:
    case SARN__DUTY_NONE:
        break;
    }
    assert(!"a duty without an event");
    return SARN_ERR_STATE;
}

bool sarn__plan_may_lag(const struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        const struct sarn__duty *next)
{
    const struct sarn__step *done = NULL, *following = NULL;

    if (event->kind != SARN__STEP_SUCCEEDED || event->compensation ||
        event->step_count > 0 || next->kind != SARN__DUTY_RUN || next->local ||
        next->compensation) {
        return false;
    }
    done = sarn__execution_step(execution, event->step);
    following = sarn__execution_step(execution, next->step_id);
    return done != NULL && done->permitted && following != NULL &&
           following->permitted && following->state == SARN__WAITING;
}
