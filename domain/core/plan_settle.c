/* Which event each duty leads to. */
#include <assert.h>

#include "core/plan_parts.h"

void sarn__plan_start(const struct sarn__definition *definition,
                      struct sarn_str *steps,
                      struct sarn__beginning *beginning,
                      struct sarn__execution_event *event)
{
    beginning->definition_version = definition->workflow->version;
    beginning->fingerprint = definition->fingerprint;
    *event = (struct sarn__execution_event){
        .kind = SARN__STARTED,
        .steps = steps,
        .step_count = sarn__window(definition->workflow, 0, steps),
        .beginning = beginning,
    };
}

/* --- undoing begins --- */

/* The failure that it began with: the latest of what it is at. */
static const struct sarn__step *failed_visit(const struct sarn__execution *execution)
{
    const struct sarn__step *found = NULL;

    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (visit->state == SARN__FAILED && sarn__plan_is_here(execution, visit) &&
            (found == NULL || sarn_str_equal(visit->id, execution->failure.step))) {
            found = visit;
        }
    }
    return found;
}

/* An attempt of this one may still be under way, and nobody waits for it. */
static bool is_left_alone(const struct sarn__execution *execution,
                          const struct sarn_workflow *workflow,
                          const struct sarn__step *visit,
                          int64_t now_us)
{
    const struct sarn_step *step = NULL;
    uint32_t near = 0;

    if (sarn__execution_step(execution, visit->id) != visit) {
        return false; /* Not to be told by its name. */
    }
    if (sarn__plan_may_be_out(execution, workflow, visit, now_us)) {
        return true;
    }
    step = sarn__plan_step_of(workflow, visit, &near);
    return visit->state == SARN__RUNNING && visit->orphaned && step != NULL &&
           sarn__step_is_repeatable(step);
}

uint32_t sarn__plan_doubts(const struct sarn__execution *execution,
                           const struct sarn__definition *definition,
                           int64_t now_us,
                           struct sarn_str *steps)
{
    uint32_t known = sarn__execution_doubts(execution, steps), count = known;

    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        bool named = !is_left_alone(execution, definition->workflow, visit, now_us);

        for (uint32_t i = 0; i < known; i++) {
            named = named || sarn_str_equal(steps[i], visit->id);
        }
        if (!named) {
            steps[count++] = visit->id;
        }
    }
    return count;
}

static sarn_status undo(struct sarn__settling *settling,
                        const struct sarn__definition *definition)
{
    const struct sarn__execution *execution = settling->execution;
    struct sarn__execution_event *event = settling->event;
    const struct sarn__step *failed = NULL;
    struct sarn_str *steps =
        sarn_arena_alloc(settling->arena, execution->step_count * sizeof(*steps));

    if (steps == NULL) {
        return SARN_ERR_NOMEM;
    }
    event->kind = SARN__COMPENSATION_BEGAN;
    event->was = execution->status;
    event->cause = settling->plan->cause;
    event->step_count =
        event->cause == SARN__CAUSE_TERMINATE
            ? sarn__plan_doubts(execution, definition, settling->now_us, steps)
            : sarn__execution_doubts(execution, steps);
    event->steps = steps;
    if (event->cause == SARN__CAUSE_FAILURE) {
        failed = failed_visit(execution);
        assert(failed != NULL);
        event->step = failed->id;
        event->code = failed->settled_code;
        event->text = failed->settled_text;
        return SARN_OK;
    }
    event->code = sarn_str(settling->plan->code);
    event->text = settling->plan->text[0] != '\0' ? sarn_str(settling->plan->text)
                                                  : execution->asked_text;
    return SARN_OK;
}

/* --- the others --- */

static void end(struct sarn__settling *settling, enum sarn__fact kind)
{
    const struct sarn_workflow *workflow = settling->workflow;
    struct sarn__execution_event *event = settling->event;
    const struct sarn__step *result = NULL;
    uint32_t index = 0;

    event->kind = kind;
    event->was = settling->execution->status;
    if (kind == SARN__CONTINUED) {
        event->run_id = settling->outcome->child_run;
        return;
    }
    if (workflow->result == NULL) {
        return;
    }
    index = sarn__step_index(workflow, sarn_str(workflow->result), 0);
    if (index < workflow->step_count) {
        result = sarn__plan_latest(settling->execution, sarn__step_at(workflow, index));
    }
    while (result != NULL && result->state != SARN__DONE) {
        result = result->earlier;
    }
    if (result != NULL) {
        event->output = result->output;
    }
}

static void join(struct sarn__settling *settling)
{
    const struct sarn__element *element = &settling->plan->element;
    struct sarn__members members;

    sarn__plan_members(settling->execution, settling->workflow, element, &members);
    settling->event->kind = SARN__GROUP_JOINED;
    settling->event->group = sarn_str(element->group);
    settling->event->count = members.succeeded;
    settling->event->visit = 0;
}

static sarn_status upgrade(struct sarn__settling *settling, uint64_t fingerprint)
{
    struct sarn__beginning *beginning =
        sarn_arena_alloc(settling->arena, sizeof(*beginning));

    if (beginning == NULL) {
        return SARN_ERR_NOMEM;
    }
    beginning->definition_version = settling->workflow->version;
    beginning->fingerprint = fingerprint;
    settling->event->kind = SARN__UPGRADED;
    settling->event->beginning = beginning;
    return SARN_OK;
}

/* With the words of the plan. */
static void tell(struct sarn__settling *settling, enum sarn__fact kind)
{
    settling->event->kind = kind;
    settling->event->code = sarn_str(settling->plan->code);
    settling->event->text = sarn_str(settling->plan->text);
}

/* Those that are no attempt of a step. */
static sarn_status settle_other(struct sarn__settling *settling,
                                const struct sarn__definition *definition)
{
    struct sarn__execution_event *event = settling->event;

    event->attempt = 0;
    switch (settling->duty->kind) {
    case SARN__DUTY_CANCEL:
        event->kind = SARN__STEP_CANCELLED;
        return SARN_OK;
    case SARN__DUTY_JOIN:
        join(settling);
        return SARN_OK;
    case SARN__DUTY_UNDO:
        event->visit = 0;
        return undo(settling, definition);
    case SARN__DUTY_REWIND:
        event->kind = SARN__REWOUND;
        event->step = settling->execution->reset_to;
        return SARN_OK;
    case SARN__DUTY_COMPLETE:
        end(settling, SARN__COMPLETED);
        return SARN_OK;
    case SARN__DUTY_CONTINUE:
        end(settling, SARN__CONTINUED);
        return SARN_OK;
    case SARN__DUTY_UNDONE:
        event->kind = SARN__COMPENSATED;
        event->cause = settling->execution->cause;
        return SARN_OK;
    case SARN__DUTY_PARK:
        event->was = settling->execution->status;
        tell(settling, SARN__PARKED);
        return SARN_OK;
    case SARN__DUTY_UPGRADE:
        return upgrade(settling, definition->fingerprint);
    case SARN__DUTY_INTEND:
    case SARN__DUTY_LOCAL:
    case SARN__DUTY_AWAIT:
    case SARN__DUTY_GO_ON:
    case SARN__DUTY_EXPIRE:
    case SARN__DUTY_FAIL:
    case SARN__DUTY_UNDO_CHILD:
    case SARN__DUTY_CALL:
    case SARN__DUTY_RECONCILE:
        break;
    }
    assert(!"a duty without an event");
    return SARN_ERR_STATE;
}

sarn_status sarn__plan_settle(const struct sarn__execution *execution,
                              const struct sarn__definition *definition,
                              const struct sarn__plan *plan,
                              const struct sarn__duty *duty,
                              const struct sarn__outcome *outcome,
                              int64_t now_us,
                              struct sarn_arena *arena,
                              struct sarn__execution_event *event)
{
    static const struct sarn__outcome nothing = {0};
    struct sarn__settling settling = {
        .execution = execution,
        .workflow = definition->workflow,
        .plan = plan,
        .duty = duty,
        .outcome = outcome != NULL ? outcome : &nothing,
        .now_us = now_us,
        .arena = arena,
        .event = event,
    };

    *event = (struct sarn__execution_event){
        .time_us = now_us,
        .step = duty->step_id,
        .visit = duty->step_id.size > 0 ? duty->visit_number : 0,
        .attempt = duty->attempt,
        .compensation = duty->compensation,
        .group = duty->step != NULL ? sarn_str(duty->step->group)
                                    : (struct sarn_str){NULL, 0},
    };
    switch (duty->kind) {
    case SARN__DUTY_INTEND:
    case SARN__DUTY_UNDO_CHILD:
        event->kind = SARN__STEP_STARTED;
        event->deadline_us = duty->kind == SARN__DUTY_INTEND ? duty->deadline_us : 0;
        return SARN_OK;
    case SARN__DUTY_CALL:
    case SARN__DUTY_LOCAL:
        return sarn__settle_call(&settling);
    case SARN__DUTY_RECONCILE:
        return sarn__settle_reconcile(&settling);
    case SARN__DUTY_AWAIT:
        sarn__settle_await(&settling);
        return SARN_OK;
    case SARN__DUTY_GO_ON:
        return sarn__settle_go_on(&settling);
    case SARN__DUTY_EXPIRE:
        sarn__settle_expire(&settling);
        return SARN_OK;
    case SARN__DUTY_FAIL:
        tell(&settling, SARN__STEP_FAILED);
        return SARN_OK;
    case SARN__DUTY_CANCEL:
    case SARN__DUTY_JOIN:
    case SARN__DUTY_UNDO:
    case SARN__DUTY_REWIND:
    case SARN__DUTY_COMPLETE:
    case SARN__DUTY_CONTINUE:
    case SARN__DUTY_UNDONE:
    case SARN__DUTY_PARK:
    case SARN__DUTY_UPGRADE:
        break;
    }
    return settle_other(&settling, definition);
}
