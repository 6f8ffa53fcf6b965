/* What an execution that goes forward needs. */
#include <assert.h>
#include <stdio.h>

#include "core/plan_parts.h"
#include "core/retry.h"

/* --- the attempts of a step --- */

/* When an attempt that begins now times out; 0: never. */
static int64_t attempt_deadline(const struct sarn__planning *planning,
                                const struct sarn_step *step,
                                const struct sarn__step *visit)
{
    const struct sarn_timeouts *timeouts = &step->timeouts;
    int64_t deadline = INT64_MAX, schedule = INT64_MAX;

    if (timeouts->start_to_close_us != 0) {
        deadline = sarn__plan_later(planning->now_us, timeouts->start_to_close_us);
    }
    if (timeouts->schedule_to_close_us != 0) {
        schedule =
            visit != NULL && visit->begun != 0
                ? sarn__plan_schedule_end(step, visit)
                : sarn__plan_later(planning->now_us, timeouts->schedule_to_close_us);
    }
    deadline = schedule < deadline ? schedule : deadline;
    return deadline == INT64_MAX ? 0 : deadline;
}

/* The time for all attempts is over, or the one that timed out, without having been
 * done, was the last. */
static bool expires(struct sarn__planning *planning,
                    const struct sarn_step *step,
                    struct sarn__step *visit)
{
    int64_t end = sarn__plan_schedule_end(step, visit);
    bool late = visit != NULL && end <= planning->now_us;

    if (!late && !(visit != NULL && visit->state == SARN__WAITING && visit->timed_out &&
                   !sarn__retry_is_left(&step->retry, visit->attempts))) {
        sarn__plan_wake(planning, end);
        return false;
    }
    sarn__plan_at_once(planning, SARN__DUTY_EXPIRE, step, visit);
    planning->plan->duties[0].timeout =
        late ? SARN__SCHEDULE_TO_CLOSE : SARN__START_TO_CLOSE;
    planning->plan->duties[0].attempt = visit->attempts;
    return true;
}

static bool begin(struct sarn__planning *planning,
                  const struct sarn_step *step,
                  struct sarn__step *visit,
                  uint32_t number)
{
    bool windowed = false;

    if (sarn__step_waits(step)) {
        return sarn__plan_begin(planning, SARN__DUTY_AWAIT, step, visit, number);
    }
    if (sarn__step_is_local(step)) {
        return sarn__plan_begin(planning, SARN__DUTY_LOCAL, step, visit, number);
    }
    windowed = visit != NULL && visit->permitted && sarn__step_is_windowed(step);
    if (!windowed && expires(planning, step, visit)) {
        return true;
    }
    if (sarn__plan_is_held(planning, step)) {
        return false;
    }
    if (windowed) {
        sarn__plan_under_way(planning, SARN__DUTY_CALL, step, visit);
        return false;
    }
    sarn__plan_begin(planning, SARN__DUTY_INTEND, step, visit, number);
    planning->plan->duties[0].deadline_us = attempt_deadline(planning, step, visit);
    return true;
}

bool sarn__plan_attempt(struct sarn__planning *planning,
                        const struct sarn_step *step,
                        struct sarn__step *visit)
{
    if (visit->state == SARN__DOUBTED ||
        (visit->orphaned && !sarn__step_is_repeatable(step))) {
        if (step->reconcile == NULL) {
            return sarn__plan_at_once(planning, SARN__DUTY_RECONCILE, step, visit);
        }
        sarn__plan_under_way(planning, SARN__DUTY_RECONCILE, step, visit);
        return false;
    }
    if (visit->deadline_us != 0 && visit->deadline_us <= planning->now_us) {
        sarn__plan_at_once(planning, SARN__DUTY_EXPIRE, step, visit);
        planning->plan->duties[0].timeout =
            sarn__plan_schedule_end(step, visit) <= planning->now_us
                ? SARN__SCHEDULE_TO_CLOSE
                : SARN__START_TO_CLOSE;
        return true;
    }
    if (visit->deadline_us != 0) {
        sarn__plan_wake(planning, visit->deadline_us);
    }
    sarn__plan_under_way(planning, SARN__DUTY_CALL, step, visit);
    return false;
}

bool sarn__plan_step(struct sarn__planning *planning,
                     const struct sarn_step *step,
                     struct sarn__step *visit,
                     uint32_t number)
{
    switch (visit == NULL ? SARN__WAITING : (enum sarn__step_state)visit->state) {
    case SARN__WAITING:
        return begin(planning, step, visit, number);
    case SARN__BACKOFF:
        if (expires(planning, step, visit)) {
            return true;
        }
        if (visit->retry_at_us > planning->now_us) {
            sarn__plan_wake(planning, visit->retry_at_us);
            return false;
        }
        return begin(planning, step, visit, number);
    case SARN__RUNNING:
    case SARN__DOUBTED:
        return sarn__plan_attempt(planning, step, visit);
    case SARN__AWAITING:
        return sarn__plan_wait(planning, step, visit);
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
    assert(!"a visit that is over has nothing to go on with");
    return false;
}

/* --- the next element --- */

static uint32_t visits_max(const struct sarn_step *step)
{
    return step->visits_max != 0 ? step->visits_max : SARN__VISITS_DEFAULT;
}

/* A run has no room for more visits than an execution can hold, less those that a
 * window, or the members of a group, may still name at once. */
#define RUN_VISITS_MAX                                                                 \
    (SARN__EXECUTION_STEPS_MAX - SARN__WINDOW_STEPS_MAX - SARN__GROUP_STEPS_MAX)

static bool too_often(struct sarn__planning *planning,
                      const struct sarn_step *step,
                      uint32_t number)
{
    struct sarn__plan *plan = planning->plan;

    plan->code = "loop_limit";
    if (number > visits_max(step)) {
        snprintf(plan->text, sizeof(plan->text),
                 "step %.100s was visited %u times in one run, and its limit is %u",
                 step->id, number - 1, visits_max(step));
    } else {
        snprintf(plan->text, sizeof(plan->text),
                 "the run has come to steps %u times, and cannot come to step %.100s: "
                 "it has to go on as a new run before",
                 planning->execution->step_count, step->id);
    }
    return sarn__plan_begin(planning, SARN__DUTY_FAIL, step, NULL, number);
}

static bool in_doubt(struct sarn__planning *planning,
                     const struct sarn_step *step,
                     struct sarn__step *visit)
{
    return sarn__plan_park(planning, step, visit, "in_doubt",
                           "nobody knows whether attempt %u of step %.100s was done",
                           visit->attempts, step->id);
}

bool sarn__plan_visit(struct sarn__planning *planning,
                      const struct sarn_step *step,
                      struct sarn__step *visit,
                      uint32_t number)
{
    if (visit == NULL && (number > visits_max(step) ||
                          planning->execution->step_count >= RUN_VISITS_MAX)) {
        return too_often(planning, step, number);
    }
    return sarn__plan_step(planning, step, visit, number);
}

static bool alone(struct sarn__planning *planning, const struct sarn_step *step)
{
    uint32_t number = 0;
    struct sarn__step *visit = sarn__plan_current(planning->execution, step, &number);

    if (visit == NULL || !sarn__visit_is_over(visit)) {
        return sarn__plan_visit(planning, step, visit, number);
    }
    if (visit->state == SARN__FAILED) {
        return sarn__plan_wind(planning, SARN__CAUSE_FAILURE);
    }
    planning->unknown = planning->unknown || visit->state == SARN__UNKNOWN;
    return false;
}

/* The first visit that nobody knows the outcome of. */
static bool park_in_doubt(struct sarn__planning *planning)
{
    for (struct sarn__step *visit = planning->execution->first; visit != NULL;
         visit = visit->next) {
        const struct sarn_step *step = NULL;
        uint32_t near = 0;

        if (visit->state == SARN__UNKNOWN) {
            step = sarn__plan_step_of(planning->workflow, visit, &near);
            return step != NULL && in_doubt(planning, step, visit);
        }
    }
    return false;
}

/* Whatever a group left behind has come to its end first. */
static bool finish(struct sarn__planning *planning)
{
    if (planning->plan->count > 0 || planning->unknown) {
        return false;
    }
    return sarn__plan_at_once(planning,
                              planning->execution->continues ? SARN__DUTY_CONTINUE
                                                             : SARN__DUTY_COMPLETE,
                              NULL, NULL);
}

static bool go_on(struct sarn__planning *planning)
{
    const struct sarn_workflow *workflow = planning->workflow;
    const struct sarn__execution *execution = planning->execution;
    struct sarn__element element;
    uint32_t index = 0;

    if (!sarn__plan_next(execution, workflow, &index)) {
        return sarn__plan_park(
            planning, NULL, NULL, "definition_changed",
            "workflow %.60s does not have %s %.*s, where this "
            "execution is",
            workflow->name, execution->place.is_group ? "group" : "step",
            execution->place.id.size > 100 ? 100 : (int)execution->place.id.size,
            execution->place.id.data);
    }
    if (execution->continues || index == workflow->step_count) {
        return sarn__plan_left(planning) || finish(planning);
    }
    if (workflow->group_count > 0 && sarn__plan_left(planning)) {
        return true;
    }
    if (sarn__step_at(workflow, index)->group == NULL) {
        return alone(planning, sarn__step_at(workflow, index));
    }
    sarn__element_of(workflow, index, &element);
    return sarn__plan_group(planning, &element);
}

void sarn__plan_forward(struct sarn__planning *planning)
{
    const struct sarn__execution *execution = planning->execution;
    int64_t deadline = execution->beginning.deadline_us;

    if (execution->asked_to_end) {
        sarn__plan_wind(planning, execution->asked_terminate ? SARN__CAUSE_TERMINATE
                                                             : SARN__CAUSE_CANCEL);
        return;
    }
    if (deadline != 0 && deadline <= planning->now_us) {
        sarn__plan_wind(planning, SARN__CAUSE_TIMEOUT);
        return;
    }
    if (go_on(planning)) {
        return;
    }
    if (deadline != 0 && !planning->plan->winding) {
        sarn__plan_wake(planning, deadline);
    }
    /* What waits, waits parked, too: nothing is under way. */
    if (planning->unknown && planning->plan->count == 0) {
        park_in_doubt(planning);
    }
}
