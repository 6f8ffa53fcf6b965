#include "core/definition.h"

#include <assert.h>
#include <string.h>

const struct sarn_step *sarn__step_at(const struct sarn_workflow *workflow,
                                      uint32_t index)
{
    assert(index < workflow->step_count);
    return (const struct sarn_step *)(const void *)((const char *)workflow->steps +
                                                    (size_t)index *
                                                        workflow->step_size);
}

/* --- what a step is --- */

bool sarn__step_is_local(const struct sarn_step *step)
{
    return step->kind == SARN_STEP_LOCAL;
}

bool sarn__step_waits(const struct sarn_step *step)
{
    return step->kind != SARN_STEP_LOCAL && step->kind != SARN_STEP_EXTERNAL;
}

bool sarn__step_is_repeatable(const struct sarn_step *step)
{
    return step->kind == SARN_STEP_EXTERNAL && (step->flags & SARN_STEP_IDEMPOTENT);
}

bool sarn__step_is_windowed(const struct sarn_step *step)
{
    const struct sarn_timeouts *timeouts = &step->timeouts;

    return sarn__step_is_repeatable(step) && step->group == NULL &&
           timeouts->start_to_close_us == 0 && timeouts->schedule_to_close_us == 0 &&
           timeouts->heartbeat_us == 0;
}

bool sarn__step_compensates(const struct sarn_step *step)
{
    return step->compensate != NULL || step->kind == SARN_STEP_CHILD;
}

bool sarn__step_undoes_locally(const struct sarn_step *step)
{
    return step->compensate != NULL && step->kind != SARN_STEP_EXTERNAL;
}

/* --- where a step is --- */

static bool has_alias(const struct sarn_step *step, struct sarn_str id)
{
    for (const char *const *alias = step->aliases; alias != NULL && *alias != NULL;
         alias++) {
        if (sarn_str_equal(sarn_str(*alias), id)) {
            return true;
        }
    }
    return false;
}

uint32_t sarn__step_index(const struct sarn_workflow *workflow,
                          struct sarn_str id,
                          uint32_t from)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        uint32_t index = (from + i) % workflow->step_count;

        if (sarn_str_equal(sarn_str(sarn__step_at(workflow, index)->id), id)) {
            return index;
        }
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        if (has_alias(sarn__step_at(workflow, i), id)) {
            return i;
        }
    }
    return workflow->step_count;
}

/* --- elements --- */

static bool
same_group(const struct sarn_workflow *workflow, uint32_t index, const char *group)
{
    const char *other = sarn__step_at(workflow, index)->group;

    return other != NULL && strcmp(other, group) == 0;
}

static uint32_t needed(const struct sarn_workflow *workflow,
                       const struct sarn__element *element)
{
    for (uint32_t i = 0; i < workflow->group_count; i++) {
        const struct sarn_group *group = &workflow->groups[i];

        if (strcmp(group->name, element->group) != 0) {
            continue;
        }
        switch (group->join) {
        case SARN_JOIN_FIRST:
            return 1;
        case SARN_JOIN_COUNT:
            return group->count < element->count ? group->count : element->count;
        default:
            return element->count;
        }
    }
    return element->count;
}

void sarn__element_of(const struct sarn_workflow *workflow,
                      uint32_t index,
                      struct sarn__element *element)
{
    const char *group = sarn__step_at(workflow, index)->group;

    *element = (struct sarn__element){index, 1, group, 1};
    if (group == NULL) {
        return;
    }
    while (element->first > 0 && same_group(workflow, element->first - 1, group)) {
        element->first -= 1;
    }
    element->count = index - element->first + 1;
    while (element->first + element->count < workflow->step_count &&
           same_group(workflow, element->first + element->count, group)) {
        element->count += 1;
    }
    element->needed = needed(workflow, element);
}

uint32_t sarn__element_after(const struct sarn_workflow *workflow,
                             const struct sarn__element *element)
{
    uint32_t last = element->first + element->count - 1;
    const char *next = sarn__step_at(workflow, last)->next;

    if (next == NULL) {
        return last + 1;
    }
    return next[0] == '\0' ? workflow->step_count
                           : sarn__step_index(workflow, sarn_str(next), last);
}

/* --- messages --- */

static bool signal_find(const struct sarn_workflow *workflow,
                        struct sarn_str name,
                        const struct sarn_type **payload)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);

        if (step->kind == SARN_STEP_SIGNAL &&
            sarn_str_equal(sarn_str(sarn__step_signal(step)), name)) {
            *payload = step->output;
            return true;
        }
    }
    return false;
}

const char *sarn__step_signal(const struct sarn_step *step)
{
    return step->signal != NULL ? step->signal : step->id;
}

bool sarn__message_find(const struct sarn_workflow *workflow,
                        struct sarn_str name,
                        uint32_t *kind,
                        const struct sarn_type **payload,
                        const struct sarn_message **message)
{
    const struct sarn_type *type = NULL;
    const struct sarn_message *found = NULL;

    for (uint32_t i = 0; found == NULL && i < workflow->message_count; i++) {
        if (sarn_str_equal(sarn_str(workflow->messages[i].name), name)) {
            found = &workflow->messages[i];
            type = found->input;
        }
    }
    if (found == NULL && !signal_find(workflow, name, &type)) {
        return false;
    }
    if (kind != NULL) {
        *kind = found != NULL ? found->kind : (uint32_t)SARN_MESSAGE_SIGNAL;
    }
    if (message != NULL) {
        *message = found;
    }
    if (payload != NULL) {
        *payload = type;
    }
    return true;
}

/* --- windows --- */

uint32_t sarn__window(const struct sarn_workflow *workflow,
                      uint32_t index,
                      struct sarn_str *steps)
{
    uint32_t count = 0;

    while (index < workflow->step_count && count < SARN__WINDOW_STEPS_MAX) {
        const struct sarn_step *step = sarn__step_at(workflow, index);

        if (!sarn__step_is_windowed(step)) {
            break;
        }
        steps[count++] = sarn_str(step->id);
        if (step->next != NULL) {
            break; /* What follows it in the table does not follow it. */
        }
        index += 1;
    }
    return count;
}
