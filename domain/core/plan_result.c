/* How an attempt, a wait or a question ended, as an event. */
#include "core/plan_parts.h"
#include "core/retry.h"

/* --- failure --- */

/* Whether and when the attempt that failed is made again. */
static int64_t retry_at_us(const struct sarn__settling *settling, struct sarn_str code)
{
    const struct sarn__duty *duty = settling->duty;
    const struct sarn_step *step = duty->step;
    uint64_t random = settling->outcome->random;

    if (duty->compensation) {
        return sarn__step_undoes_locally(step)
                   ? 0
                   : sarn__retry_at_us(&step->compensation_retry,
                                       duty->attempt - duty->visit->compensation_base,
                                       code, random, settling->now_us);
    }
    /* All but the external are pure: they would fail again. What nobody needs any more
     * is not made again either. */
    if (step->kind != SARN_STEP_EXTERNAL ||
        settling->execution->status != SARN_EXECUTION_RUNNING ||
        (duty->visit != NULL &&
         sarn__plan_was_left(settling->execution, duty->visit))) {
        return 0;
    }
    return sarn__retry_at_us(&step->retry, duty->attempt, code, random,
                             settling->now_us);
}

static void
failed(struct sarn__settling *settling, struct sarn_str code, struct sarn_str text)
{
    settling->event->kind = SARN__STEP_FAILED;
    settling->event->code = code;
    settling->event->text = text;
    settling->event->retry_at_us = retry_at_us(settling, code);
}

/* --- success --- */

/* The window that opens behind what has just been done: the steps that follow, up to
 * one that was come to, or named, before. */
static sarn_status open_window(struct sarn__settling *settling)
{
    const struct sarn__execution *execution = settling->execution;
    const struct sarn_workflow *workflow = settling->workflow;
    struct sarn__execution_event *event = settling->event;
    uint32_t next = 0, count = 0;
    struct sarn__element element;
    struct sarn_str *steps = NULL;

    if (execution->status != SARN_EXECUTION_RUNNING || execution->asked_to_end ||
        event->group.size > 0 || event->continues) {
        return SARN_OK;
    }
    next = sarn__step_index(workflow, event->step,
                            execution->done_count); /* Most likely there. */
    sarn__element_of(workflow, next, &element);
    next = !event->chose           ? sarn__element_after(workflow, &element)
           : event->next.size == 0 ? workflow->step_count
                                   : sarn__step_index(workflow, event->next, next);
    if (next >= workflow->step_count ||
        !sarn__step_is_windowed(sarn__step_at(workflow, next)) ||
        sarn__plan_latest(execution, sarn__step_at(workflow, next)) != NULL) {
        return SARN_OK;
    }
    steps = sarn_arena_alloc(settling->arena, SARN__WINDOW_STEPS_MAX * sizeof(*steps));
    if (steps == NULL) {
        return SARN_ERR_NOMEM;
    }
    count = sarn__window(workflow, next, steps);
    while (event->step_count < count &&
           !sarn_str_equal(steps[event->step_count], event->step) &&
           sarn__plan_latest(
               execution, sarn__step_at(workflow, next + event->step_count)) == NULL) {
        event->step_count += 1;
    }
    event->steps = steps;
    return SARN_OK;
}

/* With what they were, so that an index can be kept from the event alone. */
static sarn_status set_attributes(struct sarn__settling *settling)
{
    const struct sarn__outcome *outcome = settling->outcome;
    struct sarn__attribute *removed = NULL;

    if (outcome->attribute_count == 0) {
        return SARN_OK;
    }
    removed =
        sarn_arena_alloc(settling->arena, outcome->attribute_count * sizeof(*removed));
    if (removed == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < outcome->attribute_count; i++) {
        removed[i].name = outcome->attributes[i].name;
        removed[i].value =
            sarn__execution_attribute(settling->execution, removed[i].name);
    }
    settling->event->attributes = outcome->attributes;
    settling->event->removed = removed;
    settling->event->attribute_count = outcome->attribute_count;
    return SARN_OK;
}

sarn_status sarn__settle_call(struct sarn__settling *settling)
{
    const struct sarn__outcome *outcome = settling->outcome;
    struct sarn__execution_event *event = settling->event;
    sarn_status status = SARN_OK;

    if (outcome->failed) {
        failed(settling, outcome->code, outcome->text);
        return SARN_OK;
    }
    event->kind = SARN__STEP_SUCCEEDED;
    if (settling->duty->compensation) {
        return SARN_OK;
    }
    event->output = outcome->output;
    event->chose = outcome->chose && event->group.size == 0;
    event->next = event->chose ? outcome->next : (struct sarn_str){NULL, 0};
    event->continues = outcome->continues && event->group.size == 0;
    event->input =
        event->continues ? outcome->continue_input : (struct sarn_str){NULL, 0};
    status = set_attributes(settling);
    return status == SARN_OK ? open_window(settling) : status;
}

/* --- reconcile --- */

sarn_status sarn__settle_reconcile(struct sarn__settling *settling)
{
    const struct sarn__outcome *outcome = settling->outcome;
    struct sarn__execution_event *event = settling->event;

    event->kind = SARN__STEP_RECONCILED;
    event->fate = outcome->failed ? (uint32_t)SARN_STEP_UNKNOWN : outcome->fate;
    event->text = outcome->text;
    if (event->fate == SARN_STEP_UNKNOWN && outcome->text.size == 0 &&
        settling->duty->step->reconcile == NULL) {
        event->text = sarn_str("the step has no reconcile to ask");
    }
    if (event->fate != SARN_STEP_DONE) {
        return SARN_OK;
    }
    event->output = outcome->output;
    return open_window(settling);
}

int64_t sarn__plan_ask_again_us(const struct sarn__duty *duty,
                                const struct sarn__outcome *outcome,
                                uint32_t asked,
                                int64_t now_us)
{
    return outcome->failed && duty->kind == SARN__DUTY_RECONCILE
               ? sarn__retry_at_us(&duty->step->retry, asked, outcome->code,
                                   outcome->random, now_us)
               : 0;
}

/* --- waits --- */

void sarn__settle_await(struct sarn__settling *settling)
{
    const struct sarn_step *step = settling->duty->step;
    const struct sarn__outcome *outcome = settling->outcome;
    struct sarn__execution_event *event = settling->event;
    int64_t limit = step->timeouts.schedule_to_close_us;

    if (outcome->failed) {
        failed(settling, outcome->code, outcome->text);
        return;
    }
    event->kind = SARN__STEP_AWAITS;
    event->attempt = 0;
    if (step->kind == SARN_STEP_TIMER) {
        event->due_us = outcome->due_us != 0
                            ? outcome->due_us
                            : sarn__plan_later(settling->now_us, step->delay_us);
        event->due_us = event->due_us > 0 ? event->due_us : 1; /* 0 would be never. */
    }
    if (limit != 0) {
        event->deadline_us = sarn__plan_later(settling->now_us, limit);
    }
    event->child = outcome->child;
    event->run_id = outcome->child_run;
}

sarn_status sarn__settle_go_on(struct sarn__settling *settling)
{
    const struct sarn__step *visit = settling->duty->visit;
    const struct sarn_step *step = settling->duty->step;
    struct sarn__execution_event *event = settling->event;
    struct sarn_str signal = {NULL, 0};

    if (visit->settled && visit->settled_failed) {
        /* Whoever ended it tried as often as they wanted to. */
        failed(settling, visit->settled_code, visit->settled_text);
        event->retry_at_us = 0;
        return SARN_OK;
    }
    event->kind = SARN__STEP_SUCCEEDED;
    if (settling->duty->compensation) {
        return SARN_OK;
    }
    event->output = visit->output;
    if (step->kind == SARN_STEP_SIGNAL) {
        signal = sarn_str(sarn__step_signal(step));
        event->name = signal;
        event->output =
            sarn__execution_pending_message(settling->execution, signal)->payload;
    }
    return open_window(settling);
}

/* --- timeouts --- */

/* What did not act may be gone on from; else it has failed. */
static void give_up(struct sarn__settling *settling)
{
    const struct sarn_step *step = settling->duty->step;
    const struct sarn__step *visit = settling->duty->visit;
    bool under_way = visit->state == SARN__RUNNING || visit->acted || visit->orphaned;

    if (step->on_timeout != NULL && step->group == NULL && !under_way) {
        settling->event->chose = true;
        settling->event->next = sarn_str(step->on_timeout);
    }
}

static const char *timeout_text(uint32_t timeout, enum sarn__step_state state)
{
    if (state == SARN__AWAITING) {
        return "what it waited for did not come in time";
    }
    switch (timeout) {
    case SARN__START_TO_CLOSE:
        return "the attempt took too long";
    case SARN__HEARTBEAT:
        return "the attempt gave no sign of life";
    default:
        return "all its attempts together took too long";
    }
}

void sarn__settle_expire(struct sarn__settling *settling)
{
    static const struct sarn_str code = SARN_STR("timeout");
    const struct sarn__duty *duty = settling->duty;
    struct sarn__execution_event *event = settling->event;
    bool one_attempt = duty->timeout != SARN__SCHEDULE_TO_CLOSE;

    event->kind = SARN__STEP_TIMED_OUT;
    event->timeout = duty->timeout;
    event->code = code;
    event->text = sarn_str(
        timeout_text(duty->timeout, (enum sarn__step_state)duty->visit->state));
    if (duty->compensation) {
        event->retry_at_us = retry_at_us(settling, code);
    } else if (duty->visit->state == SARN__RUNNING &&
               !sarn__step_is_repeatable(duty->step)) {
        event->in_doubt = true;
    } else if (duty->visit->state == SARN__RUNNING && one_attempt) {
        event->retry_at_us = retry_at_us(settling, code);
    } else {
        give_up(settling);
    }
}
