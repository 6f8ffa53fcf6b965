/* Duties put down, and where an execution is in its definition. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/plan_parts.h"

static uint32_t attempt_of(const struct sarn__step *visit, bool compensation)
{
    if (visit == NULL) {
        return 1;
    }
    switch ((enum sarn__step_state)visit->state) {
    case SARN__RUNNING:
    case SARN__DOUBTED:
        return visit->attempts;
    case SARN__COMPENSATING:
        return visit->compensation_attempts;
    case SARN__WAITING:
    case SARN__BACKOFF:
    case SARN__AWAITING:
    case SARN__DONE:
    case SARN__SKIPPED:
    case SARN__CANCELLED:
    case SARN__EXPIRED:
    case SARN__FAILED:
    case SARN__UNKNOWN:
    case SARN__IN_DOUBT:
    case SARN__COMPENSATION_BACKOFF:
    case SARN__UNDONE:
    case SARN__STUCK:
        break;
    }
    return (compensation ? visit->compensation_attempts : visit->attempts) + 1;
}

static bool is_undoing(const struct sarn__execution *execution,
                       const struct sarn__step *visit)
{
    return visit != NULL && execution->status == SARN_EXECUTION_COMPENSATING &&
           sarn__plan_is_owed(visit);
}

static void fill(struct sarn__planning *planning,
                 struct sarn__duty *duty,
                 enum sarn__duty_kind kind,
                 const struct sarn_step *step,
                 struct sarn__step *visit)
{
    bool compensation = is_undoing(planning->execution, visit);

    *duty = (struct sarn__duty){
        .kind = kind,
        .compensation = compensation,
        .attempt = attempt_of(visit, compensation),
        .step = step,
        .visit = visit,
        .visit_number = visit != NULL ? visit->visit : 1,
        .step_id = visit != NULL  ? visit->id
                   : step != NULL ? sarn_str(step->id)
                                  : (struct sarn_str){NULL, 0},
        .deadline_us = visit != NULL ? visit->deadline_us : 0,
    };
}

bool sarn__plan_at_once(struct sarn__planning *planning,
                        enum sarn__duty_kind kind,
                        const struct sarn_step *step,
                        struct sarn__step *visit)
{
    planning->plan->count = 1;
    fill(planning, &planning->plan->duties[0], kind, step, visit);
    return true;
}

bool sarn__plan_begin(struct sarn__planning *planning,
                      enum sarn__duty_kind kind,
                      const struct sarn_step *step,
                      struct sarn__step *visit,
                      uint32_t number)
{
    sarn__plan_at_once(planning, kind, step, visit);
    planning->plan->duties[0].visit_number = number;
    return true;
}

void sarn__plan_under_way(struct sarn__planning *planning,
                          enum sarn__duty_kind kind,
                          const struct sarn_step *step,
                          struct sarn__step *visit)
{
    struct sarn__plan *plan = planning->plan;

    if (plan->count < SARN__DUTIES_MAX) {
        fill(planning, &plan->duties[plan->count], kind, step, visit);
        plan->count += 1;
    }
}

void sarn__plan_wake(struct sarn__planning *planning, int64_t at_us)
{
    if (at_us < planning->plan->wake_us) {
        planning->plan->wake_us = at_us;
    }
}

bool sarn__plan_park(struct sarn__planning *planning,
                     const struct sarn_step *step,
                     struct sarn__step *visit,
                     const char *code,
                     const char *format,
                     ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(planning->plan->text, sizeof(planning->plan->text), format, list);
    va_end(list);
    planning->plan->code = code;
    return sarn__plan_at_once(planning, SARN__DUTY_PARK, step, visit);
}

bool sarn__plan_is_held(const struct sarn__planning *planning,
                        const struct sarn_step *step)
{
    for (struct sarn__hold *hold = planning->holds; hold != NULL; hold = hold->next) {
        if (sarn_str_equal(hold->step, sarn_str(step->id))) {
            hold->asked = true;
            return true;
        }
    }
    return false;
}

int64_t sarn__plan_later(int64_t at_us, int64_t delay_us)
{
    return at_us > INT64_MAX - delay_us ? INT64_MAX : at_us + delay_us;
}

/* --- where it is --- */

const struct sarn_step *sarn__plan_step_of(const struct sarn_workflow *workflow,
                                           const struct sarn__step *visit,
                                           uint32_t *near)
{
    uint32_t index = sarn__step_index(workflow, visit->id, *near);

    if (index == workflow->step_count) {
        return NULL;
    }
    *near = index + 1;
    return sarn__step_at(workflow, index);
}

struct sarn__step *sarn__plan_latest(const struct sarn__execution *execution,
                                     const struct sarn_step *step)
{
    struct sarn__step *latest = sarn__execution_step(execution, sarn_str(step->id));

    for (const char *const *alias = step->aliases;
         latest == NULL && alias != NULL && *alias != NULL; alias++) {
        latest = sarn__execution_step(execution, sarn_str(*alias));
    }
    return latest;
}

bool sarn__plan_is_here(const struct sarn__execution *execution,
                        const struct sarn__step *visit)
{
    return visit->begun != 0 && visit->before.serial == execution->place.serial;
}

bool sarn__plan_was_left(const struct sarn__execution *execution,
                         const struct sarn__step *visit)
{
    return visit->begun != 0 && visit->before.serial != execution->place.serial;
}

/* The first step of the group called name; step_count: none. */
static uint32_t group_index(const struct sarn_workflow *workflow, struct sarn_str name)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const char *group = sarn__step_at(workflow, i)->group;

        if (group != NULL && sarn_str_equal(sarn_str(group), name)) {
            return i;
        }
    }
    return workflow->step_count;
}

/* What follows the place, by what it chose or by the table. */
static uint32_t after_place(const struct sarn__execution *execution,
                            const struct sarn_workflow *workflow,
                            bool *found)
{
    const struct sarn__place *place = &execution->place;
    /* In a sequence, as many as are done come before what is next. */
    uint32_t near = execution->done_count > 0 ? execution->done_count - 1 : 0;
    struct sarn__element element;
    uint32_t index = 0;

    *found = true;
    if (place->id.size == 0) {
        return 0;
    }
    if (place->chose) {
        index = place->next.size == 0 ? workflow->step_count
                                      : sarn__step_index(workflow, place->next, near);
        *found = place->next.size == 0 || index < workflow->step_count;
        return index;
    }
    index = place->is_group ? group_index(workflow, place->id)
                            : sarn__step_index(workflow, place->id, near);
    if (index == workflow->step_count) {
        *found = false;
        return index;
    }
    sarn__element_of(workflow, index, &element);
    return sarn__element_after(workflow, &element);
}

/* The place was removed, and so had been left: the first of the window behind it. */
static uint32_t first_permitted(const struct sarn__execution *execution,
                                const struct sarn_workflow *workflow)
{
    uint32_t near = 0;

    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (visit->permitted && visit->begun == 0 && !sarn__visit_is_over(visit) &&
            sarn__plan_step_of(workflow, visit, &near) != NULL) {
            return near - 1;
        }
    }
    return workflow->step_count;
}

bool sarn__plan_next(const struct sarn__execution *execution,
                     const struct sarn_workflow *workflow,
                     uint32_t *index)
{
    const struct sarn__step *newest = execution->newest;
    bool found = false;

    /* What has begun goes on, whatever a newer definition puts before it. */
    if (newest != NULL && sarn__plan_is_here(execution, newest)) {
        *index = sarn__step_index(workflow, newest->id, execution->done_count);
        return *index < workflow->step_count;
    }
    *index = after_place(execution, workflow, &found);
    if (!found && !execution->place.chose) {
        *index = first_permitted(execution, workflow);
        found = *index < workflow->step_count;
    }
    return found;
}

struct sarn__step *sarn__plan_counting(const struct sarn__execution *execution,
                                       const struct sarn_step *step)
{
    struct sarn__step *visit = sarn__plan_latest(execution, step);

    if (visit != NULL && visit->begun == 0 && visit->earlier != NULL &&
        sarn__plan_is_here(execution, visit->earlier)) {
        return visit->earlier;
    }
    return visit;
}

struct sarn__step *sarn__plan_current(const struct sarn__execution *execution,
                                      const struct sarn_step *step,
                                      uint32_t *number)
{
    struct sarn__step *visit = sarn__plan_counting(execution, step);

    if (visit == NULL) {
        *number = 1;
        return NULL;
    }
    if (sarn__visit_is_over(visit) && !sarn__plan_is_here(execution, visit)) {
        *number = visit->visit + 1;
        return NULL;
    }
    *number = visit->visit;
    return visit;
}

int64_t sarn__plan_schedule_end(const struct sarn_step *step,
                                const struct sarn__step *visit)
{
    if (step->timeouts.schedule_to_close_us == 0 || visit == NULL ||
        visit->begun == 0) {
        return INT64_MAX;
    }
    return sarn__plan_later(visit->scheduled_us, step->timeouts.schedule_to_close_us);
}
