/* What an execution needs next. */
#include "core/plan.h"

#include <assert.h>
#include <stdio.h>

/* --- what next --- */

static void park(struct sarn__duty *duty, const char *code)
{
    duty->kind = SARN__DUTY_PARK;
    duty->code = code;
}

static void attempt(struct sarn__duty *duty,
                    enum sarn__duty_kind kind,
                    const struct sarn_step *step,
                    const struct sarn__step *recorded,
                    bool compensation)
{
    uint32_t attempts = 0;
    bool intended = false;

    if (recorded != NULL) {
        attempts = compensation ? recorded->compensation_attempts : recorded->attempts;
        intended =
            recorded->state == SARN__RUNNING || recorded->state == SARN__COMPENSATING;
    }
    duty->kind = kind;
    duty->compensation = compensation;
    duty->local = sarn__step_is_local(step);
    duty->attempt = attempts + (intended ? 0 : 1);
    duty->step = step;
    duty->step_id = sarn_str(step->id);
}

/* Only an external step can have been begun without having ended. */
static bool state_fits(const struct sarn__step *recorded, const struct sarn_step *step)
{
    bool ended = recorded->state == SARN__WAITING || recorded->state == SARN__DONE ||
                 recorded->state == SARN__FAILED || recorded->state == SARN__UNDONE ||
                 recorded->state == SARN__STUCK;

    return ended || !sarn__step_is_local(step);
}

/* A definition that differs from the one an execution was started with may not continue
 * it: its steps could mean something else. */
static bool definition_fits(const struct sarn__execution *execution,
                            const struct sarn__definition *definition,
                            struct sarn__duty *duty)
{
    const struct sarn_workflow *workflow = definition->workflow;
    uint32_t index = 0;

    if (execution->fingerprint != definition->fingerprint) {
        park(duty, "definition_changed");
        snprintf(duty->text, sizeof(duty->text),
                 "the steps of workflow %.100s changed while this execution was under "
                 "way (started with version %u, now version %u)",
                 workflow->name, execution->definition_version, workflow->version);
        return false;
    }
    for (const struct sarn__step *recorded = execution->first; recorded != NULL;
         recorded = recorded->next) {
        index = sarn__step_index(workflow, recorded->id, index);
        if (index == workflow->step_count ||
            !state_fits(recorded, sarn__step_at(workflow, index))) {
            park(duty, "definition_changed");
            duty->step_id = recorded->id;
            snprintf(duty->text, sizeof(duty->text),
                     "step %.*s has begun, and workflow %.60s does not have it, or as "
                     "a local step",
                     recorded->id.size > 100 ? 100 : (int)recorded->id.size,
                     recorded->id.data, workflow->name);
            return false;
        }
    }
    return true;
}

/* The other way round, in the same manner. */
static const struct sarn__step *recorded_step(const struct sarn__execution *execution,
                                              struct sarn_str id,
                                              const struct sarn__step **cursor)
{
    const struct sarn__step *found = *cursor;

    if (found == NULL || !sarn_str_equal(found->id, id)) {
        found = sarn__execution_step(execution, id);
    }
    if (found != NULL) {
        *cursor = found->next;
    }
    return found;
}

static void start_step(const struct sarn_step *step,
                       const struct sarn__step *recorded,
                       struct sarn__duty *duty)
{
    bool free_to_run =
        sarn__step_is_local(step) ||
        (sarn__step_is_repeatable(step) && recorded != NULL && recorded->permitted);

    attempt(duty, free_to_run ? SARN__DUTY_RUN : SARN__DUTY_INTEND, step, recorded,
            false);
}

/* Wait for recorded's next attempt. True: it is not due yet. */
static bool
must_wait(const struct sarn__step *recorded, int64_t now_us, struct sarn__duty *duty)
{
    if (recorded->retry_at_us <= now_us) {
        return false;
    }
    duty->kind = SARN__DUTY_WAIT;
    duty->step_id = recorded->id;
    duty->due_us = recorded->retry_at_us;
    return true;
}

/* Go on with the first step that is not done. */
static void plan_step(const struct sarn_step *step,
                      const struct sarn__step *recorded,
                      int64_t now_us,
                      struct sarn__duty *duty)
{
    switch (recorded == NULL ? SARN__WAITING : (enum sarn__step_state)recorded->state) {
    case SARN__BACKOFF:
        if (must_wait(recorded, now_us, duty)) {
            return;
        }
        start_step(step, recorded, duty);
        return;
    case SARN__WAITING:
        start_step(step, recorded, duty);
        return;
    case SARN__RUNNING:
        attempt(duty,
                recorded->orphaned && !sarn__step_is_repeatable(step)
                    ? SARN__DUTY_RECONCILE
                    : SARN__DUTY_RUN,
                step, recorded, false);
        return;
    case SARN__FAILED:
        attempt(duty, SARN__DUTY_UNDO, step, recorded, false);
        return;
    case SARN__UNKNOWN:
        attempt(duty, SARN__DUTY_PARK, step, recorded, false);
        duty->code = "in_doubt";
        snprintf(duty->text, sizeof(duty->text),
                 "attempt %u of step %.100s was under way when the process ended, and "
                 "nobody knows whether it was done",
                 recorded->attempts, step->id);
        return;
    case SARN__DONE: /* None of these while the execution goes forward. */
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__UNDONE:
    case SARN__STUCK:
        break;
    }
    assert(!"a step that cannot be planned");
}

static void plan_forward(const struct sarn__execution *execution,
                         const struct sarn__definition *definition,
                         int64_t now_us,
                         struct sarn__duty *duty)
{
    const struct sarn_workflow *workflow = definition->workflow;
    const struct sarn__step *cursor = execution->first;

    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);
        const struct sarn__step *recorded =
            recorded_step(execution, sarn_str(step->id), &cursor);

        if (recorded == NULL || recorded->state != SARN__DONE) {
            plan_step(step, recorded, now_us, duty);
            return;
        }
    }
    duty->kind = SARN__DUTY_COMPLETE;
}

/* --- undoing --- */

static bool to_be_undone(const struct sarn__step *recorded)
{
    switch ((enum sarn__step_state)recorded->state) {
    case SARN__DONE:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATING:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__STUCK:
        return true;
    case SARN__WAITING:
    case SARN__RUNNING:
    case SARN__BACKOFF:
    case SARN__FAILED:
    case SARN__UNKNOWN:
    case SARN__UNDONE:
        break;
    }
    return false;
}

static void plan_undo(const struct sarn__execution *execution,
                      const struct sarn__step *recorded,
                      const struct sarn_step *step,
                      int64_t now_us,
                      struct sarn__duty *duty)
{
    enum sarn__duty_kind begin =
        sarn__step_is_local(step) ? SARN__DUTY_RUN : SARN__DUTY_INTEND;

    if (recorded->state == SARN__STUCK) {
        struct sarn_str why = execution->parked.text;

        attempt(duty, SARN__DUTY_PARK, step, recorded, true);
        duty->code = "compensation_failed";
        snprintf(duty->text, sizeof(duty->text),
                 "the compensation of step %.60s failed for good: %.*s", step->id,
                 why.size > 150 ? 150 : (int)why.size, why.data);
        return;
    }
    if (recorded->state == SARN__COMPENSATION_BACKOFF &&
        must_wait(recorded, now_us, duty)) {
        duty->compensation = true;
        return;
    }
    /* A compensation whose intent is recorded runs again, whoever began it: it is at
     * least once, under its own key. */
    attempt(duty, recorded->state == SARN__COMPENSATING ? SARN__DUTY_RUN : begin, step,
            recorded, true);
}

static void plan_backward(const struct sarn__execution *execution,
                          const struct sarn__definition *definition,
                          int64_t now_us,
                          struct sarn__duty *duty)
{
    const struct sarn_workflow *workflow = definition->workflow;
    const struct sarn__step *cursor = execution->first, *last = NULL;
    const struct sarn_step *step_of_last = NULL;

    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);
        const struct sarn__step *recorded =
            recorded_step(execution, sarn_str(step->id), &cursor);

        if (recorded != NULL && step->compensate != NULL && to_be_undone(recorded) &&
            (last == NULL || recorded->order > last->order)) {
            last = recorded;
            step_of_last = step;
        }
    }
    if (last == NULL) {
        duty->kind = SARN__DUTY_UNDONE;
        return;
    }
    plan_undo(execution, last, step_of_last, now_us, duty);
}

void sarn__plan(const struct sarn__execution *execution,
                const struct sarn__definition *definition,
                int64_t now_us,
                struct sarn__duty *duty)
{
    assert(execution->status != 0);
    *duty = (struct sarn__duty){.kind = SARN__DUTY_NONE};
    if (sarn__execution_is_over(execution) ||
        !definition_fits(execution, definition, duty)) {
        return;
    }
    if (execution->status == SARN_EXECUTION_RUNNING) {
        plan_forward(execution, definition, now_us, duty);
    } else {
        plan_backward(execution, definition, now_us, duty);
    }
}
