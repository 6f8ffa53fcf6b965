/* What an execution was told, and what it tells a search. */
#include <string.h>

#include "core/execution_parts.h"

/* --- signals and updates --- */

static struct sarn__message *named(struct sarn__message *message, struct sarn_str name)
{
    while (message != NULL && !sarn_str_equal(message->name, name)) {
        message = message->next;
    }
    return message;
}

const struct sarn__message *
sarn__execution_pending_message(const struct sarn__execution *execution,
                                struct sarn_str name)
{
    return named(execution->messages, name);
}

const struct sarn__message *
sarn__execution_latest_message(const struct sarn__execution *execution,
                               struct sarn_str name)
{
    return named(execution->latest, name);
}

static void append(struct sarn__execution *execution, struct sarn__message *message)
{
    if (execution->last_message != NULL) {
        execution->last_message->next = message;
    } else {
        execution->messages = message;
    }
    execution->last_message = message;
    execution->message_count += 1;
}

/* message, which is in no list, is the latest of its name. */
static void keep_latest(struct sarn__execution *execution,
                        struct sarn__message *message)
{
    struct sarn__message *latest = named(execution->latest, message->name);

    if (latest != NULL) {
        latest->payload = message->payload;
        return;
    }
    message->taken = true;
    message->next = execution->latest;
    execution->latest = message;
}

void sarn__execution_take_message(struct sarn__execution *execution,
                                  struct sarn_str name)
{
    struct sarn__message *before = NULL, *message = execution->messages;

    while (!sarn_str_equal(message->name, name)) {
        before = message;
        message = message->next;
    }
    if (before != NULL) {
        before->next = message->next;
    } else {
        execution->messages = message->next;
    }
    if (execution->last_message == message) {
        execution->last_message = before;
    }
    execution->message_count -= 1;
    message->next = NULL;
    keep_latest(execution, message);
}

sarn_status sarn__execution_message(struct sarn__execution *execution,
                                    const struct sarn__execution_event *event,
                                    struct sarn_error *error)
{
    bool update = event->kind == SARN__UPDATE_ACCEPTED;
    bool waited_for = !update || event->to_step;
    struct sarn__message made = {0};
    struct sarn__message *both = sarn_arena_alloc(
        execution->arena, (update && waited_for ? 2 : 1) * sizeof(made));

    if (waited_for && execution->message_count == SARN__MESSAGES_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution has over %u signals that nobody waited for",
                          SARN__MESSAGES_MAX);
    }
    if (both == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    SARN__TRY(sarn__execution_copy(execution, event->name, &made.name, error));
    SARN__TRY(sarn__execution_copy(execution, event->input, &made.payload, error));
    if (waited_for) {
        *both = made;
        append(execution, both++);
    }
    if (update) {
        *both = made;
        keep_latest(execution, both);
    }
    return SARN_OK;
}

/* --- the ends of children and promises --- */

static bool may_settle(const struct sarn__execution *execution,
                       const struct sarn__step *visit,
                       const struct sarn__execution_event *event)
{
    if (visit->settled) {
        return false;
    }
    if (event->kind == SARN__CHILD_ENDED) {
        return visit->child.size > 0 &&
               visit->state ==
                   (event->compensation ? SARN__COMPENSATING : SARN__AWAITING);
    }
    /* Whoever was handed the id of a promise may keep it before it is waited for. */
    return visit->state == SARN__AWAITING ||
           (visit->state == SARN__WAITING &&
            (execution->status == SARN_EXECUTION_RUNNING ||
             execution->status == SARN_EXECUTION_PARKED));
}

sarn_status sarn__execution_settled(struct sarn__execution *execution,
                                    const struct sarn__execution_event *event,
                                    struct sarn_error *error)
{
    struct sarn__pending pending = {0};
    struct sarn__step *visit = NULL;
    struct sarn_str output = {NULL, 0}, code = {NULL, 0}, text = {NULL, 0};
    bool child = event->kind == SARN__CHILD_ENDED;

    SARN__TRY(child ? sarn__visit_known(execution, event, &visit, error)
                    : sarn__visit_touch(execution, event, &pending, &visit, error));
    if (!may_settle(execution, visit, event)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "step %.*s is %s and was told what it does not wait for",
                          (int)visit->id.size, visit->id.data,
                          sarn__state_names[visit->state]);
    }
    SARN__TRY(sarn__execution_copy(execution, event->output, &output, error));
    SARN__TRY(sarn__execution_copy(execution, event->code, &code, error));
    SARN__TRY(sarn__execution_copy(execution, event->text, &text, error));
    sarn__visit_link(execution, &pending);
    visit->settled = true;
    visit->settled_status = event->status;
    visit->settled_code = code;
    visit->settled_text = text;
    if (event->compensation) {
        visit->settled_failed = false; /* Undone: its own output was there before. */
        return SARN_OK;
    }
    visit->settled_failed =
        child ? event->status != SARN_EXECUTION_COMPLETED : event->failed;
    visit->output = output;
    return SARN_OK;
}

/* --- search attributes --- */

static sarn_status set(struct sarn__execution *execution,
                       const struct sarn__attribute *attribute,
                       struct sarn__attribute *all,
                       uint32_t *count,
                       struct sarn_error *error)
{
    uint32_t i = 0;

    while (i < *count && !sarn_str_equal(all[i].name, attribute->name)) {
        i += 1;
    }
    if (attribute->value.size == 0) {
        if (i < *count) {
            *count -= 1;
            all[i] = all[*count];
        }
        return SARN_OK;
    }
    if (i == SARN_ATTRIBUTES_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an execution has over %u search attributes",
                          SARN_ATTRIBUTES_MAX);
    }
    if (i == *count) {
        SARN__TRY(
            sarn__execution_copy(execution, attribute->name, &all[i].name, error));
        *count += 1;
    }
    return sarn__execution_copy(execution, attribute->value, &all[i].value, error);
}

sarn_status sarn__execution_set_attributes(struct sarn__execution *execution,
                                           const struct sarn__execution_event *event,
                                           struct sarn__attribute **attributes,
                                           uint32_t *count,
                                           struct sarn_error *error)
{
    struct sarn__attribute all[SARN_ATTRIBUTES_MAX];
    uint32_t used = execution->attribute_count;

    if (event->attribute_count == 0) {
        return SARN_OK;
    }
    if (used > 0) {
        memcpy(all, execution->attributes, used * sizeof(*all));
    }
    for (uint32_t i = 0; i < event->attribute_count; i++) {
        SARN__TRY(set(execution, &event->attributes[i], all, &used, error));
    }
    *attributes = sarn_arena_alloc(execution->arena, used * sizeof(*all));
    if (*attributes == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    memcpy(*attributes, all, used * sizeof(*all));
    *count = used;
    return SARN_OK;
}

struct sarn_str sarn__execution_attribute(const struct sarn__execution *execution,
                                          struct sarn_str name)
{
    for (uint32_t i = 0; i < execution->attribute_count; i++) {
        if (sarn_str_equal(execution->attributes[i].name, name)) {
            return execution->attributes[i].value;
        }
    }
    return (struct sarn_str){NULL, 0};
}
