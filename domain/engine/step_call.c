/* Making a call, and what it answered. */
#include "engine/step_call.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "core/utf8.h"

/* --- what it is called with --- */

/* Under which a service knows this visit of the step of this run: apart from its
 * compensation, and from every other run of the same id. */
static sarn_status make_key(struct sarn_step_call *call)
{
    const char *infix = call->compensation ? "compensate" : "run";
    size_t size = SARN_UUID_TEXT_BYTES + strlen(infix) + strlen(call->step->id) + 16;
    char *text = sarn_arena_alloc(call->arena, size);
    char run[SARN_UUID_TEXT_BYTES];

    if (text == NULL) {
        return SARN_ERR_NOMEM;
    }
    sarn_uuid_text(call->run_id, run);
    if (call->visit > 1) {
        snprintf(text, size, "%s/%s/%s/%" PRIu32, run, infix, call->step->id,
                 call->visit);
    } else {
        snprintf(text, size, "%s/%s/%s", run, infix, call->step->id);
    }
    call->key = sarn_str(text);
    return SARN_OK;
}

static sarn_status
take(struct sarn_step_call *call, bool copy, struct sarn_str from, struct sarn_str *to)
{
    if (copy) {
        return sarn_arena_copy(call->arena, from, to);
    }
    *to = from;
    return SARN_OK;
}

/* What a reset has undone is as if it had never been, unless this undoes, too. */
static bool is_seen(const struct sarn__execution *execution,
                    const struct sarn__step *visit)
{
    return visit->output.size > 0 && (visit->state != SARN__UNDONE ||
                                      execution->status != SARN_EXECUTION_RUNNING);
}

static sarn_status take_outputs(struct sarn_step_call *call,
                                const struct sarn__execution *execution,
                                bool copy)
{
    const struct sarn_workflow *workflow = call->workflow;
    uint32_t index = 0;

    if (execution->step_count == 0) {
        return SARN_OK;
    }
    call->outputs =
        sarn_arena_alloc(call->arena, execution->step_count * sizeof(*call->outputs));
    if (call->outputs == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        struct sarn__step_output *output = &call->outputs[call->output_count];

        if (!is_seen(execution, visit)) {
            continue;
        }
        index = sarn__step_index(workflow, visit->id, index);
        if (index >= workflow->step_count) {
            continue;
        }
        output->step = sarn__step_at(workflow, index);
        if (output->step->output != NULL) {
            output->visit = visit->visit;
            SARN__TRY(take(call, copy, visit->output, &output->bytes));
            call->output_count += 1;
        }
    }
    return SARN_OK;
}

static sarn_status take_messages(struct sarn_step_call *call,
                                 const struct sarn__execution *execution,
                                 bool copy)
{
    uint32_t count = 0;

    for (const struct sarn__message *message = execution->latest; message != NULL;
         message = message->next) {
        count += 1;
    }
    if (count == 0) {
        return SARN_OK;
    }
    call->messages = sarn_arena_alloc(call->arena, count * sizeof(*call->messages));
    if (call->messages == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (const struct sarn__message *message = execution->latest; message != NULL;
         message = message->next) {
        struct sarn__step_message *seen = &call->messages[call->message_count];
        const struct sarn_message *declared = NULL;
        uint32_t kind = 0;

        if (sarn__message_find(call->workflow, message->name, &kind, &seen->type,
                               &declared) &&
            seen->type != NULL) {
            SARN__TRY(take(call, copy, message->name, &seen->name));
            SARN__TRY(take(call, copy, message->payload, &seen->bytes));
            call->message_count += 1;
        }
    }
    return SARN_OK;
}

static sarn_status take_promises(struct sarn_step_call *call,
                                 const struct sarn__execution *execution,
                                 const struct sarn__definition *definition)
{
    const struct sarn_workflow *workflow = definition->workflow;
    uint32_t count = 0;

    for (uint32_t i = 0; i < workflow->step_count; i++) {
        count += sarn__step_at(workflow, i)->kind == SARN_STEP_PROMISE ? 1 : 0;
    }
    if (count == 0) {
        return SARN_OK;
    }
    call->promises = sarn_arena_alloc(call->arena, count * sizeof(*call->promises));
    if (call->promises == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);

        if (step->kind == SARN_STEP_PROMISE) {
            call->promises[call->promise_count] = (struct sarn__step_promise){
                step, sarn__plan_visit_number(execution, definition, i)};
            call->promise_count += 1;
        }
    }
    return SARN_OK;
}

/* What every function sees. */
static sarn_status take_sight(struct sarn_step_call *call,
                              sarn_engine *engine,
                              const struct sarn__execution *execution,
                              const struct sarn__definition *definition,
                              struct sarn_str workflow_id,
                              bool copy)
{
    call->workflow = definition->workflow;
    call->ports = &engine->log.ports;
    call->registry = engine->log.registry;
    call->context = engine->options.context;
    call->run_id = execution->beginning.run_id;
    SARN__TRY(take(call, copy, workflow_id, &call->workflow_id));
    SARN__TRY(take(call, copy, execution->beginning.input, &call->input_bytes));
    SARN__TRY(take_outputs(call, execution, copy));
    SARN__TRY(take_messages(call, execution, copy));
    return take_promises(call, execution, definition);
}

sarn_status sarn__step_call_init(struct sarn_step_call *call,
                                 sarn_engine *engine,
                                 const struct sarn__execution *execution,
                                 const struct sarn__definition *definition,
                                 const struct sarn__duty *duty,
                                 struct sarn_str workflow_id,
                                 bool copy,
                                 struct sarn_arena *arena)
{
    call->arena = arena;
    call->step = duty->step;
    call->attempt = duty->attempt;
    call->visit = duty->visit_number;
    call->compensation = duty->compensation;
    call->reconciling = duty->kind == SARN__DUTY_RECONCILE;
    call->local = duty->kind == SARN__DUTY_LOCAL;
    call->function = call->reconciling    ? duty->step->reconcile
                     : duty->compensation ? duty->step->compensate
                                          : duty->step->run;
    assert(call->function != NULL);
    SARN__TRY(take_sight(call, engine, execution, definition, workflow_id, copy));
    return make_key(call);
}

sarn_status sarn__message_call_init(struct sarn_step_call *call,
                                    sarn_engine *engine,
                                    const struct sarn__execution *execution,
                                    const struct sarn__definition *definition,
                                    const struct sarn_message *message,
                                    const void *argument,
                                    struct sarn_str workflow_id,
                                    struct sarn_arena *arena)
{
    assert(message->handler != NULL);
    call->arena = arena;
    call->message = message;
    call->function = message->handler;
    call->argument = argument;
    return take_sight(call, engine, execution, definition, workflow_id, false);
}

/* --- the call --- */

/* Text from outside goes into the log, where it must be UTF-8: what is not, and a
 * character cut in half, becomes question marks. */
static void clean(char *text)
{
    if (!sarn__utf8_valid(sarn_str(text))) {
        for (; *text != '\0'; text++) {
            if ((unsigned char)*text >= 0x80) {
                *text = '?';
            }
        }
    }
}

/* The bytes were verified when they were folded, so only memory can fail. */
static bool decode_input(struct sarn_step_call *call)
{
    const struct sarn_codec *codec = &call->ports->codec;
    const struct sarn_type *type = call->workflow->input;
    void *value = NULL;

    if (type == NULL) {
        return true;
    }
    value = sarn_arena_alloc(call->arena, type->size);
    if (value != NULL && codec->ops->decode(codec->self, type, call->input_bytes, value,
                                            call->arena, NULL) == SARN_OK) {
        call->input = value;
    }
    return call->input != NULL;
}

void sarn__step_call_make(struct sarn_step_call *call)
{
    if (call->now_us == 0) {
        call->now_us = call->ports->clock.ops->now_us(call->ports->clock.self);
    }
    call->status = decode_input(call) ? call->function(call) : SARN_ERR_NOMEM;
    call->made = true;
    clean(call->code);
    clean(call->text);
}

void sarn__step_call_outcome(const struct sarn_step_call *call,
                             struct sarn__outcome *outcome)
{
    bool failed = call->status != SARN_OK;
    const char *text = call->said_why ? call->text : sarn_status_text(call->status);

    *outcome = (struct sarn__outcome){.failed = failed};
    if (failed) {
        outcome->code = sarn_str(call->code);
        outcome->text = sarn_str(text);
        return;
    }
    outcome->output = call->output;
    outcome->fate = call->fate;
    outcome->chose = call->chose;
    outcome->next = call->next;
    outcome->continues = call->continues;
    outcome->continue_input = call->continue_input;
    outcome->attributes = call->attributes;
    outcome->attribute_count = call->attribute_count;
    outcome->due_us = call->due_us;
}

/* --- do they still fit? --- */

static bool fits(const struct sarn_codec *codec,
                 const struct sarn_type *type,
                 struct sarn_str bytes)
{
    return type == NULL ? bytes.size == 0
                        : codec->ops->verify(codec->self, type, bytes, NULL) == SARN_OK;
}

static sarn_status verify_messages(const struct sarn_codec *codec,
                                   const struct sarn__message *messages,
                                   const struct sarn_workflow *workflow,
                                   struct sarn_error *error)
{
    for (const struct sarn__message *message = messages; message != NULL;
         message = message->next) {
        const struct sarn_message *declared = NULL;
        const struct sarn_type *type = NULL;
        uint32_t kind = 0;

        if (sarn__message_find(workflow, message->name, &kind, &type, &declared) &&
            !fits(codec, type, message->payload)) {
            return sarn__fail(error, SARN_ERR_SCHEMA,
                              "the recorded payload of message %.*s does not fit its "
                              "type",
                              message->name.size > 100 ? 100 : (int)message->name.size,
                              message->name.data);
        }
    }
    return SARN_OK;
}

sarn_status sarn__step_call_verify(const struct sarn_codec *codec,
                                   const struct sarn__execution *execution,
                                   const struct sarn__definition *definition,
                                   struct sarn_error *error)
{
    const struct sarn_workflow *workflow = definition->workflow;
    uint32_t index = 0;

    if (!fits(codec, workflow->input, execution->beginning.input)) {
        return sarn__fail(error, SARN_ERR_SCHEMA,
                          "the recorded input does not fit what workflow %.100s takes",
                          workflow->name);
    }
    for (const struct sarn__step *visit = execution->first; visit != NULL;
         visit = visit->next) {
        if (visit->output.size == 0) {
            continue;
        }
        index = sarn__step_index(workflow, visit->id, index);
        if (index < workflow->step_count &&
            !fits(codec, sarn__step_at(workflow, index)->output, visit->output)) {
            return sarn__fail(
                error, SARN_ERR_SCHEMA,
                "the recorded output of step %.100s does not fit its type",
                sarn__step_at(workflow, index)->id);
        }
    }
    SARN__TRY(verify_messages(codec, execution->latest, workflow, error));
    return verify_messages(codec, execution->messages, workflow, error);
}
