/* A workflow's table of steps, to the log. */
#include <string.h>

#include "core/fail.h"
#include "engine/definition_log.h"

static struct sarn_str text_of(const char *text)
{
    return text == NULL ? (struct sarn_str){NULL, 0} : sarn_str(text);
}

static struct sarn_str type_of(const struct sarn_type *type)
{
    return type == NULL ? (struct sarn_str){NULL, 0} : sarn_str(type->name);
}

/* A NULL-terminated list of words. */
static bool list_of(const char *const *words,
                    struct sarn_arena *arena,
                    const struct sarn_str **list,
                    uint32_t *count)
{
    struct sarn_str *made;

    *list = NULL;
    *count = 0;
    while (words != NULL && words[*count] != NULL) {
        *count += 1;
    }
    if (*count == 0) {
        return true;
    }
    made = sarn_arena_alloc(arena, *count * sizeof(*made));
    if (made == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < *count; i++) {
        made[i] = sarn_str(words[i]);
    }
    *list = made;
    return true;
}

static bool describe_step(const struct sarn_step *step,
                          struct sarn_arena *arena,
                          struct sarn_step_defined *defined)
{
    bool ends = step->next != NULL && step->next[0] == '\0';

    *defined = (struct sarn_step_defined){.id = sarn_str(step->id),
                                          .kind = step->kind,
                                          .flags = step->flags,
                                          .compensates = sarn__step_compensates(step),
                                          .reconciles = step->reconcile != NULL,
                                          .output = type_of(step->output),
                                          .ends = ends,
                                          .group = text_of(step->group),
                                          .on_timeout = text_of(step->on_timeout),
                                          .signal = text_of(step->signal),
                                          .child = text_of(step->child)};
    if (!ends) {
        defined->next = text_of(step->next);
    }
    return list_of(step->aliases, arena, &defined->aliases.data,
                   &defined->aliases.size) &&
           list_of(step->depends_on, arena, &defined->depends_on.data,
                   &defined->depends_on.size);
}

static bool describe_steps(const struct sarn_workflow *workflow,
                           struct sarn_arena *arena,
                           struct sarn_workflow_registered *event)
{
    struct sarn_step_defined *steps =
        sarn_arena_alloc(arena, workflow->step_count * sizeof(*steps));

    for (uint32_t i = 0; steps != NULL && i < workflow->step_count; i++) {
        if (!describe_step(sarn__step_at(workflow, i), arena, &steps[i])) {
            return false;
        }
    }
    event->steps.data = steps;
    event->steps.size = workflow->step_count;
    return steps != NULL;
}

static bool describe_groups(const struct sarn_workflow *workflow,
                            struct sarn_arena *arena,
                            struct sarn_workflow_registered *event)
{
    struct sarn_group_defined *groups =
        sarn_arena_alloc(arena, (workflow->group_count + (size_t)1) * sizeof(*groups));

    for (uint32_t i = 0; groups != NULL && i < workflow->group_count; i++) {
        groups[i] =
            (struct sarn_group_defined){.name = sarn_str(workflow->groups[i].name),
                                        .join = workflow->groups[i].join,
                                        .count = workflow->groups[i].count};
    }
    event->groups.data = groups;
    event->groups.size = workflow->group_count;
    return groups != NULL;
}

static bool describe_messages(const struct sarn_workflow *workflow,
                              struct sarn_arena *arena,
                              struct sarn_workflow_registered *event)
{
    struct sarn_message_defined *messages = sarn_arena_alloc(
        arena, (workflow->message_count + (size_t)1) * sizeof(*messages));

    for (uint32_t i = 0; messages != NULL && i < workflow->message_count; i++) {
        const struct sarn_message *message = &workflow->messages[i];

        messages[i] = (struct sarn_message_defined){.name = sarn_str(message->name),
                                                    .kind = message->kind,
                                                    .input = type_of(message->input),
                                                    .output = type_of(message->output)};
    }
    event->messages.data = messages;
    event->messages.size = workflow->message_count;
    return messages != NULL;
}

sarn_status sarn__definition_describe(const struct sarn_workflow *workflow,
                                      uint64_t fingerprint,
                                      struct sarn_arena *arena,
                                      struct sarn_workflow_registered *event,
                                      struct sarn_error *error)
{
    *event = (struct sarn_workflow_registered){.name = sarn_str(workflow->name),
                                               .version = workflow->version,
                                               .fingerprint = fingerprint,
                                               .input = type_of(workflow->input),
                                               .undo_order = workflow->undo_order,
                                               .result = text_of(workflow->result)};
    return describe_steps(workflow, arena, event) &&
                   describe_groups(workflow, arena, event) &&
                   describe_messages(workflow, arena, event)
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_NOMEM, "out of memory for workflow '%.60s'",
                            workflow->name);
}
