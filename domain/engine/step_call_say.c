/* What a step's function, or a message's handler, says. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/utf8.h"
#include "engine/registry.h"
#include "engine/step_call.h"

/* Is this the step itself, and not what undoes it, asks after it, or a handler? */
static bool is_run(const struct sarn_step_call *call)
{
    return call->step != NULL && !call->compensation && !call->reconciling;
}

/* Why a call was refused is why the step has failed, unless it says otherwise. */
static sarn_status
refuse(struct sarn_step_call *call, sarn_status status, const struct sarn_error *error)
{
    if (error->status == status) {
        snprintf(call->text, sizeof(call->text), "%s", error->text);
        call->said_why = true;
    }
    return status;
}

static sarn_status encode(struct sarn_step_call *call,
                          const struct sarn_type *type,
                          const void *data,
                          struct sarn_str *bytes)
{
    const struct sarn_codec *codec = &call->ports->codec;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    if (type == NULL || data == NULL) {
        status = sarn__fail(&error, SARN_ERR_SCHEMA, "%s%s was handed over",
                            type == NULL ? "what has no type declared" : "no ",
                            type == NULL ? "" : type->name);
    } else {
        status =
            codec->ops->encode(codec->self, type, data, call->arena, bytes, &error);
    }
    return status == SARN_OK ? SARN_OK : refuse(call, status, &error);
}

sarn_status sarn_step_output(struct sarn_step_call *call, const void *output)
{
    const struct sarn_type *type =
        call->step != NULL ? call->step->output : call->message->output;

    return call->compensation ? SARN_ERR_SCHEMA
                              : encode(call, type, output, &call->output);
}

sarn_status
sarn_step_fail(struct sarn_step_call *call, const char *code, const char *format, ...)
{
    va_list list;

    snprintf(call->code, sizeof(call->code), "%s", code == NULL ? "" : code);
    va_start(list, format);
    vsnprintf(call->text, sizeof(call->text), format, list);
    va_end(list);
    call->said_why = true;
    return SARN_ERR_REJECTED;
}

void sarn_step_set_fate(struct sarn_step_call *call, enum sarn_step_fate fate)
{
    if (call->reconciling && (uint32_t)fate <= SARN_STEP_NOT_DONE) {
        call->fate = (uint32_t)fate;
    }
}

sarn_status sarn_step_next(struct sarn_step_call *call, const char *step_id)
{
    const struct sarn_workflow *workflow = call->workflow;
    struct sarn_error error;

    assert(step_id != NULL);
    if (!is_run(call) || call->step->group != NULL) {
        return SARN_ERR_STATE;
    }
    if (step_id[0] == '\0') { /* SARN_STEP_END */
        call->chose = true;
        call->next = (struct sarn_str){"", 0};
        return SARN_OK;
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);

        if (strcmp(step->id, step_id) == 0) {
            call->chose = true;
            call->next = sarn_str(step->id);
            return SARN_OK;
        }
    }
    return refuse(call,
                  sarn__fail(&error, SARN_ERR_NOT_FOUND,
                             "there is no step \"%.60s\" to go on with", step_id),
                  &error);
}

sarn_status sarn_step_continue_as_new(struct sarn_step_call *call, const void *input)
{
    if (!is_run(call) || call->step->group != NULL) {
        return SARN_ERR_STATE;
    }
    if (call->workflow->input == NULL && input == NULL) {
        call->continues = true;
        return SARN_OK;
    }
    SARN__TRY(encode(call, call->workflow->input, input, &call->continue_input));
    call->continues = true;
    return SARN_OK;
}

sarn_status sarn_step_attribute(struct sarn_step_call *call,
                                struct sarn_str name,
                                struct sarn_str value)
{
    struct sarn__attribute *attribute = NULL;

    if (!is_run(call)) {
        return SARN_ERR_STATE;
    }
    if (name.size == 0 || !sarn__utf8_valid(name) || !sarn__utf8_valid(value)) {
        return SARN_ERR_INVALID;
    }
    if (name.size > SARN_ATTRIBUTE_BYTES_MAX || value.size > SARN_ATTRIBUTE_BYTES_MAX) {
        return SARN_ERR_TOO_LARGE;
    }
    if (call->attributes == NULL) {
        call->attributes = sarn_arena_alloc(call->arena, SARN_ATTRIBUTES_MAX *
                                                             sizeof(*call->attributes));
    }
    if (call->attributes == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < call->attribute_count; i++) {
        if (sarn_str_equal(call->attributes[i].name, name)) {
            return sarn_arena_copy(call->arena, value, &call->attributes[i].value);
        }
    }
    if (call->attribute_count == SARN_ATTRIBUTES_MAX) {
        return SARN_ERR_TOO_LARGE;
    }
    attribute = &call->attributes[call->attribute_count];
    SARN__TRY(sarn_arena_copy(call->arena, name, &attribute->name));
    SARN__TRY(sarn_arena_copy(call->arena, value, &attribute->value));
    call->attribute_count += 1;
    return SARN_OK;
}

sarn_status sarn_step_wait_until(struct sarn_step_call *call, int64_t due_us)
{
    if (!is_run(call) || call->step->kind != SARN_STEP_TIMER) {
        return SARN_ERR_STATE;
    }
    call->due_us = due_us > 0 ? due_us : 1; /* 0 is: not said. */
    return SARN_OK;
}

sarn_status sarn_step_child(struct sarn_step_call *call,
                            struct sarn_str workflow_id,
                            const void *input)
{
    const struct sarn_workflow *child = NULL;

    if (!is_run(call) || call->step->kind != SARN_STEP_CHILD) {
        return SARN_ERR_STATE;
    }
    child = sarn__registry_workflow(call->registry, sarn_str(call->step->child));
    if (child == NULL) {
        return SARN_ERR_NOT_FOUND;
    }
    if (child->input != NULL || input != NULL) {
        SARN__TRY(encode(call, child->input, input, &call->child_input));
    }
    return sarn_arena_copy(call->arena, workflow_id, &call->child_id);
}

/* --- commands --- */

sarn_status sarn_step_command(struct sarn_step_call *call,
                              const struct sarn_command *command)
{
    struct sarn_command full = SARN_COMMAND_INIT;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__written written;
    struct sarn__meta meta;
    uint32_t count = 0;
    sarn_status status;

    if (!call->local) {
        return SARN_ERR_STATE;
    }
    if (command->struct_size < sizeof(uint32_t) || command->flags != 0 ||
        command->key.size > 0) {
        return refuse(call, SARN_ERR_INVALID,
                      &(struct sarn_error){SARN_ERR_INVALID,
                                           "a step's command has no flags and no key: "
                                           "the step itself is done once"});
    }
    memcpy(&full, command,
           command->struct_size < sizeof(full) ? command->struct_size : sizeof(full));
    full.tenant = call->meta->tenant;
    meta = *call->meta;
    meta.actor = full.actor;
    meta.origin = full.origin;
    status = sarn__command_check(call->engine, &full, &error);
    if (status == SARN_OK) {
        status = sarn__command_decide(call->engine, &meta, &full, NULL, &count,
                                      &written, &error);
    }
    if (status != SARN_OK) {
        return refuse(call, status, &error);
    }
    call->command_count += count;
    return SARN_OK;
}
