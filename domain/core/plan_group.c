/* Groups: members that run in parallel, and those that outlive their group. */
#include <assert.h>

#include "core/plan_parts.h"

/* The visit of a member that is over, or not, before the group is come to again. */
static uint32_t number_to_come(const struct sarn__step *visit)
{
    if (visit == NULL) {
        return 1;
    }
    return sarn__visit_is_over(visit) || visit->begun != 0 ? visit->visit + 1
                                                           : visit->visit;
}

static void count(struct sarn__members *members, const struct sarn__step *visit)
{
    if (visit->state == SARN__DONE || visit->state == SARN__SKIPPED) {
        members->succeeded += 1;
    } else if (visit->state == SARN__FAILED || visit->state == SARN__CANCELLED) {
        members->failed += 1;
    }
}

void sarn__plan_members(const struct sarn__execution *execution,
                        const struct sarn_workflow *workflow,
                        const struct sarn__element *element,
                        struct sarn__members *members)
{
    uint32_t here = 0, to_come = 1;

    assert(element->count <= SARN__GROUP_STEPS_MAX);
    members->succeeded = members->failed = 0;
    for (uint32_t i = 0; i < element->count; i++) {
        struct sarn__step *visit =
            sarn__plan_counting(execution, sarn__step_at(workflow, element->first + i));
        uint32_t number = number_to_come(visit);

        members->visits[i] = NULL;
        if (visit != NULL && sarn__plan_is_here(execution, visit)) {
            members->visits[i] = visit;
            here = visit->visit;
            count(members, visit);
        } else if (visit != NULL && !sarn__visit_is_over(visit)) {
            /* A promise that was settled early; or it is under way, left behind when
             * the group was joined the last time. */
            members->visits[i] = visit;
        }
        to_come = number > to_come ? number : to_come;
    }
    members->number = here != 0 ? here : to_come;
}

/* --- enough have succeeded --- */

static bool is_not_needed(const struct sarn__step *visit)
{
    return visit != NULL &&
           (visit->state == SARN__AWAITING || visit->state == SARN__BACKOFF ||
            (visit->state == SARN__WAITING && visit->begun != 0));
}

static bool join(struct sarn__planning *planning,
                 const struct sarn__element *element,
                 const struct sarn__members *members)
{
    const struct sarn_workflow *workflow = planning->workflow;

    for (uint32_t i = 0; i < element->count; i++) {
        if (is_not_needed(members->visits[i])) {
            return sarn__plan_give_up(planning,
                                      sarn__step_at(workflow, element->first + i),
                                      members->visits[i]);
        }
    }
    planning->plan->element = *element;
    return sarn__plan_at_once(
        planning, SARN__DUTY_JOIN,
        sarn__step_at(workflow, element->first + element->count - 1), NULL);
}

/* --- all go on --- */

bool sarn__plan_group(struct sarn__planning *planning,
                      const struct sarn__element *element)
{
    struct sarn__members members;

    sarn__plan_members(planning->execution, planning->workflow, element, &members);
    if (members.succeeded >= element->needed) {
        return join(planning, element, &members);
    }
    if (element->count - members.failed < element->needed) {
        return sarn__plan_wind(planning, SARN__CAUSE_FAILURE);
    }
    for (uint32_t i = 0; i < element->count; i++) {
        struct sarn__step *visit = members.visits[i];

        if (visit != NULL && sarn__plan_was_left(planning->execution, visit)) {
            continue; /* Its turn comes when it has ended. */
        }
        if (visit != NULL && visit->state == SARN__UNKNOWN) {
            planning->unknown = true;
        } else if (visit == NULL || !sarn__visit_is_over(visit)) {
            const struct sarn_step *step =
                sarn__step_at(planning->workflow, element->first + i);

            if (sarn__plan_visit(planning, step, visit, members.number)) {
                return true;
            }
        }
    }
    return false;
}

/* --- what outlives it --- */

bool sarn__plan_left(struct sarn__planning *planning)
{
    uint32_t near = 0;

    for (struct sarn__step *visit = planning->execution->first; visit != NULL;
         visit = visit->next) {
        const struct sarn_step *step = NULL;

        if (!sarn__plan_was_left(planning->execution, visit)) {
            continue;
        }
        if (visit->state == SARN__UNKNOWN) {
            planning->unknown = true;
        }
        if (!is_not_needed(visit) && visit->state != SARN__RUNNING &&
            visit->state != SARN__DOUBTED) {
            continue;
        }
        step = sarn__plan_step_of(planning->workflow, visit, &near);
        if (step == NULL) {
            continue;
        }
        /* It was not done after all, and is not tried again. */
        if (is_not_needed(visit) ? sarn__plan_give_up(planning, step, visit)
                                 : sarn__plan_attempt(planning, step, visit)) {
            return true;
        }
    }
    return false;
}
