/* Is a workflow well formed as a whole? Each of its steps: step_check.c. */
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/definition.h"
#include "core/fail.h"
#include "core/utf8.h"
#include "engine/module_check.h"
#include "engine/registry.h"

/* Of a struct sarn_step as the first ABI has it: any array of steps is at least this.
 */
#define STEP_BYTES_MIN sizeof(struct sarn_step)
#define MESSAGES_MAX   64u

const struct sarn_step *sarn__workflow_step(const struct sarn_workflow *workflow,
                                            uint32_t index)
{
    return sarn__step_at(workflow, index);
}

SARN_PRINTF(4, 5)
static sarn_status refuse(const char *module,
                          const struct sarn_workflow *workflow,
                          struct sarn_error *error,
                          const char *format,
                          ...)
{
    char problem[SARN_ERROR_TEXT_BYTES];
    va_list list;

    va_start(list, format);
    vsnprintf(problem, sizeof(problem), format, list);
    va_end(list);
    return sarn__fail(error, SARN_ERR_INVALID, "module '%.60s', workflow '%.54s': %s",
                      module, workflow->name, problem);
}

/* --- ids --- */

static bool is_id(const char *id)
{
    return id != NULL && id[0] != '\0' && strlen(id) <= SARN_NAME_BYTES_MAX &&
           sarn__utf8_valid(sarn_str(id));
}

/* Is what alias, of step index, points to an id, or another alias? */
static bool
is_taken(const struct sarn_workflow *workflow, uint32_t index, const char *const *alias)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__workflow_step(workflow, i);

        if (strcmp(step->id, *alias) == 0) {
            return true;
        }
        for (const char *const *other = step->aliases; other != NULL && *other != NULL;
             other++) {
            if ((i != index || other != alias) && strcmp(*other, *alias) == 0) {
                return true;
            }
        }
    }
    return false;
}

static sarn_status check_id(const char *module,
                            const struct sarn_workflow *workflow,
                            uint32_t index,
                            struct sarn_error *error)
{
    const struct sarn_step *step = sarn__workflow_step(workflow, index);

    if (!is_id(step->id)) {
        return refuse(module, workflow, error,
                      "the id of step %u must have 1 to %u bytes of UTF-8", index,
                      SARN_NAME_BYTES_MAX);
    }
    for (uint32_t other = 0; other < index; other++) {
        if (strcmp(sarn__workflow_step(workflow, other)->id, step->id) == 0) {
            return refuse(module, workflow, error,
                          "two steps have the id '%.60s'; an id is unique and never "
                          "changes",
                          step->id);
        }
    }
    return SARN_OK;
}

static sarn_status check_aliases(const char *module,
                                 const struct sarn_workflow *workflow,
                                 uint32_t index,
                                 struct sarn_error *error)
{
    const struct sarn_step *step = sarn__workflow_step(workflow, index);

    for (const char *const *alias = step->aliases; alias != NULL && *alias != NULL;
         alias++) {
        bool taken = is_taken(workflow, index, alias);

        if (!is_id(*alias) || taken) {
            return refuse(module, workflow, error,
                          "step '%.60s' has the alias '%.60s', which %s", step->id,
                          *alias,
                          taken ? "is an id or another alias; what it was called "
                                  "before is its own"
                                : "is too long, empty, or not UTF-8");
        }
    }
    return SARN_OK;
}

/* --- groups --- */

/* All members stand together. */
static sarn_status check_neighbours(const char *module,
                                    const struct sarn_workflow *workflow,
                                    uint32_t index,
                                    struct sarn_error *error)
{
    const struct sarn_step *step = sarn__workflow_step(workflow, index);
    struct sarn__element element;

    sarn__element_of(workflow, index, &element);
    if (step->group == NULL) {
        return SARN_OK;
    }
    if (!is_id(step->group)) {
        return refuse(
            module, workflow, error,
            "the group of step '%.60s' must have a name of 1 to %u bytes of UTF-8",
            step->id, SARN_NAME_BYTES_MAX);
    }
    if (element.count > SARN__GROUP_STEPS_MAX) {
        return refuse(module, workflow, error, "group '%.60s' has over %u steps",
                      step->group, SARN__GROUP_STEPS_MAX);
    }
    for (uint32_t i = 0; i < element.first; i++) {
        const char *other = sarn__workflow_step(workflow, i)->group;

        if (other != NULL && strcmp(other, step->group) == 0) {
            return refuse(module, workflow, error,
                          "the steps of group '%.60s' do not stand together in the "
                          "table",
                          step->group);
        }
    }
    return SARN_OK;
}

/* How many steps group has; 0: there is none of that name. */
static uint32_t size_of_group(const struct sarn_workflow *workflow, const char *name)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const char *group = sarn__workflow_step(workflow, i)->group;

        count += group != NULL && strcmp(group, name) == 0;
    }
    return count;
}

/* First of all: what a group needs is looked up by its name. */
static sarn_status check_group_names(const char *module,
                                     const struct sarn_workflow *workflow,
                                     struct sarn_error *error)
{
    for (uint32_t i = 0; i < workflow->group_count; i++) {
        if (!is_id(workflow->groups[i].name)) {
            return refuse(module, workflow, error,
                          "the name of group %u must have 1 to %u bytes of UTF-8", i,
                          SARN_NAME_BYTES_MAX);
        }
    }
    return SARN_OK;
}

static sarn_status check_group(const char *module,
                               const struct sarn_workflow *workflow,
                               uint32_t index,
                               struct sarn_error *error)
{
    const struct sarn_group *group = &workflow->groups[index];
    uint32_t size = size_of_group(workflow, group->name);

    for (uint32_t other = 0; other < index; other++) {
        if (strcmp(workflow->groups[other].name, group->name) == 0) {
            return refuse(module, workflow, error, "group '%.60s' is described twice",
                          group->name);
        }
    }
    if (size == 0) {
        return refuse(module, workflow, error,
                      "group '%.60s' is described, and no step is in it", group->name);
    }
    if (group->join > SARN_JOIN_COUNT) {
        return refuse(module, workflow, error,
                      "group '%.60s' has join %u, which is none of enum sarn_join",
                      group->name, group->join);
    }
    if (group->join == SARN_JOIN_COUNT && (group->count == 0 || group->count > size)) {
        return refuse(module, workflow, error,
                      "group '%.60s' needs %u of its %u steps; it must be 1 to %u",
                      group->name, group->count, size, size);
    }
    return SARN_OK;
}

/* --- messages --- */

static const char *message_problem(const struct sarn_workflow *workflow,
                                   const struct sarn_message *message)
{
    if (message->kind > SARN_MESSAGE_QUERY) {
        return "its kind is none of enum sarn_message_kind";
    }
    if (message->kind == SARN_MESSAGE_QUERY && message->handler == NULL) {
        return "a query has nobody to answer it: give it a handler";
    }
    if (message->kind == SARN_MESSAGE_SIGNAL &&
        (message->handler != NULL || message->output != NULL)) {
        return "a signal is not answered: it has no handler and no output";
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__workflow_step(workflow, i);

        if (step->kind != SARN_STEP_SIGNAL ||
            strcmp(sarn__step_signal(step), message->name) != 0) {
            continue;
        }
        if (message->kind == SARN_MESSAGE_QUERY) {
            return "a step waits for it, and a query tells nobody anything";
        }
        if (message->input != step->output) {
            return "its input is another type than the output of the step that waits "
                   "for it";
        }
    }
    return NULL;
}

static sarn_status check_message(const char *module,
                                 const struct sarn_workflow *workflow,
                                 uint32_t index,
                                 struct sarn_error *error)
{
    const struct sarn_message *message = &workflow->messages[index];
    const char *problem = NULL;
    char part[160];

    if (!is_id(message->name)) {
        return refuse(module, workflow, error,
                      "the name of message %u must have 1 to %u bytes of UTF-8", index,
                      SARN_NAME_BYTES_MAX);
    }
    for (uint32_t other = 0; problem == NULL && other < index; other++) {
        problem = strcmp(workflow->messages[other].name, message->name) == 0
                      ? "another message has its name"
                      : NULL;
    }
    problem = problem != NULL ? problem : message_problem(workflow, message);
    if (problem != NULL) {
        return refuse(module, workflow, error, "message '%.60s': %s", message->name,
                      problem);
    }
    (void)snprintf(part, sizeof(part), "workflow '%.54s', message '%.60s'",
                   workflow->name, message->name);
    if (message->input != NULL) {
        SARN__TRY(sarn__type_check(module, part, "the input", message->input, error));
    }
    return message->output == NULL
               ? SARN_OK
               : sarn__type_check(module, part, "the output", message->output, error);
}

/* --- undoing --- */

static bool
all_are(const bool *fine, const struct sarn_workflow *workflow, uint32_t index)
{
    const char *const *id = sarn__workflow_step(workflow, index)->depends_on;

    while (id != NULL && *id != NULL &&
           fine[sarn__step_index(workflow, sarn_str(*id), 0)]) {
        id++;
    }
    return id == NULL || *id == NULL;
}

/* A step that depends on itself, by way of others; step_count: none does. Those that
 * depend on nothing are fine, then those that depend on these, and so on. */
static uint32_t find_circle(const struct sarn_workflow *workflow)
{
    bool fine[SARN__STEPS_MAX] = {false};
    uint32_t left = workflow->step_count, before = 0;

    while (left != before) {
        before = left;
        for (uint32_t i = 0; i < workflow->step_count; i++) {
            if (!fine[i] && all_are(fine, workflow, i)) {
                fine[i] = true;
                left -= 1;
            }
        }
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        if (!fine[i]) {
            return i;
        }
    }
    return workflow->step_count;
}

static sarn_status check_undo(const char *module,
                              const struct sarn_workflow *workflow,
                              struct sarn_error *error)
{
    uint32_t circle = 0;

    if (workflow->undo_order > SARN_UNDO_DEPENDENCY) {
        return refuse(module, workflow, error,
                      "undo_order is %u, which is none of enum sarn_undo_order",
                      workflow->undo_order);
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__workflow_step(workflow, i);

        if (step->depends_on != NULL && workflow->undo_order != SARN_UNDO_DEPENDENCY) {
            return refuse(module, workflow, error,
                          "step '%.60s' has depends_on, which means something only "
                          "where undo_order is SARN_UNDO_DEPENDENCY",
                          step->id);
        }
    }
    circle = find_circle(workflow);
    return circle == workflow->step_count
               ? SARN_OK
               : refuse(module, workflow, error,
                        "step '%.60s' depends on itself, by way of others",
                        sarn__workflow_step(workflow, circle)->id);
}

/* --- the whole --- */

static sarn_status check_frame(const char *module,
                               const struct sarn_workflow *workflow,
                               struct sarn_error *error)
{
    if (workflow->steps == NULL || workflow->step_count == 0 ||
        workflow->step_count > SARN__STEPS_MAX) {
        return refuse(module, workflow, error, "it must have 1 to %u steps",
                      SARN__STEPS_MAX);
    }
    if (workflow->step_size < STEP_BYTES_MIN ||
        workflow->step_size % alignof(struct sarn_step) != 0) {
        return refuse(module, workflow, error,
                      "step_size is %u; fill in the steps with SARN_STEPS()",
                      workflow->step_size);
    }
    if ((workflow->group_count > 0 && workflow->groups == NULL) ||
        workflow->group_count > workflow->step_count) {
        return refuse(module, workflow, error,
                      "group_count is %u, and there are not as many groups",
                      workflow->group_count);
    }
    if ((workflow->message_count > 0 && workflow->messages == NULL) ||
        workflow->message_count > MESSAGES_MAX) {
        return refuse(module, workflow, error,
                      "message_count is %u; it can have up to %u messages",
                      workflow->message_count, MESSAGES_MAX);
    }
    if (workflow->version == 0) {
        return refuse(module, workflow, error, "versions count from 1, and it has 0");
    }
    return workflow->timeout_us >= 0
               ? SARN_OK
               : refuse(module, workflow, error, "timeout_us is negative");
}

static sarn_status check_result(const char *module,
                                const struct sarn_workflow *workflow,
                                struct sarn_error *error)
{
    uint32_t index = 0;

    if (workflow->result == NULL) {
        return SARN_OK;
    }
    index = sarn__step_index(workflow, sarn_str(workflow->result), 0);
    if (index == workflow->step_count) {
        return refuse(
            module, workflow, error,
            "its result is the output of step '%.60s', which it does not have",
            workflow->result);
    }
    return sarn__workflow_step(workflow, index)->output != NULL
               ? SARN_OK
               : refuse(module, workflow, error,
                        "its result is the output of step '%.60s', which has none",
                        workflow->result);
}

sarn_status sarn__workflow_check(const char *module,
                                 const struct sarn_workflow *workflow,
                                 struct sarn_error *error)
{
    char part[96];

    SARN__TRY(sarn__category_check(module, "workflow", workflow->name,
                                   SARN__WORKFLOW_NAME_BYTES_MAX, error));
    if (strchr(workflow->name, '/') != NULL) {
        return refuse(module, workflow, error,
                      "its name has a '/', which is between name and id where people "
                      "write of an execution");
    }
    SARN__TRY(check_frame(module, workflow, error));
    if (workflow->input != NULL) {
        (void)snprintf(part, sizeof(part), "workflow '%.60s'", workflow->name);
        SARN__TRY(sarn__type_check(module, part, "the input", workflow->input, error));
    }
    SARN__TRY(check_group_names(module, workflow, error));
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        SARN__TRY(check_id(module, workflow, i, error));
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        SARN__TRY(check_aliases(module, workflow, i, error));
        SARN__TRY(check_neighbours(module, workflow, i, error));
        SARN__TRY(sarn__step_check(module, workflow, i, error));
    }
    for (uint32_t i = 0; i < workflow->group_count; i++) {
        SARN__TRY(check_group(module, workflow, i, error));
    }
    for (uint32_t i = 0; i < workflow->message_count; i++) {
        SARN__TRY(check_message(module, workflow, i, error));
    }
    SARN__TRY(check_undo(module, workflow, error));
    return check_result(module, workflow, error);
}
