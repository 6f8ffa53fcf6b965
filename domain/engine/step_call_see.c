/* What a step's function, or a message's handler, sees. */
#include <string.h>

#include "engine/promise_id.h"
#include "engine/step_call.h"

/* The bytes were verified when they were folded, so only memory can fail. */
static const void *decode(const struct sarn_step_call *call,
                          const struct sarn_type *type,
                          struct sarn_str bytes)
{
    const struct sarn_codec *codec = &call->ports->codec;
    void *value = sarn_arena_alloc(call->arena, type->size);

    if (value == NULL || codec->ops->decode(codec->self, type, bytes, value,
                                            call->arena, NULL) != SARN_OK) {
        return NULL;
    }
    return value;
}

struct sarn_str sarn_step_workflow_id(const struct sarn_step_call *call)
{
    return call->workflow_id;
}

struct sarn_str sarn_step_id(const struct sarn_step_call *call)
{
    return sarn_str(call->step != NULL ? call->step->id : call->message->name);
}

struct sarn_str sarn_step_key(const struct sarn_step_call *call)
{
    return call->key;
}

uint32_t sarn_step_attempt(const struct sarn_step_call *call)
{
    return call->attempt;
}

uint32_t sarn_step_visit(const struct sarn_step_call *call)
{
    return call->visit;
}

int64_t sarn_step_now_us(const struct sarn_step_call *call)
{
    return call->now_us;
}

void *sarn_step_context(const struct sarn_step_call *call)
{
    return call->context;
}

const void *sarn_step_input(const struct sarn_step_call *call)
{
    return call->input;
}

const void *sarn_step_argument(const struct sarn_step_call *call)
{
    return call->argument;
}

const void *sarn_step_output_of(const struct sarn_step_call *call, const char *step_id)
{
    bool own = call->compensation && strcmp(call->step->id, step_id) == 0;

    for (uint32_t i = call->output_count; i > 0; i--) {
        struct sarn__step_output *output = &call->outputs[i - 1];

        if (strcmp(output->step->id, step_id) == 0 &&
            (!own || output->visit == call->visit)) {
            if (output->value == NULL) {
                output->value = decode(call, output->step->output, output->bytes);
            }
            return output->value;
        }
    }
    return NULL;
}

const void *sarn_step_message(const struct sarn_step_call *call, const char *name)
{
    for (uint32_t i = 0; i < call->message_count; i++) {
        struct sarn__step_message *message = &call->messages[i];

        if (sarn_str_equal(message->name, sarn_str(name))) {
            if (message->value == NULL) {
                message->value = decode(call, message->type, message->bytes);
            }
            return message->value;
        }
    }
    return NULL;
}

sarn_status sarn_step_promise(struct sarn_step_call *call,
                              const char *step_id,
                              struct sarn_str *promise_id)
{
    for (uint32_t i = 0; i < call->promise_count; i++) {
        const struct sarn__step_promise *promise = &call->promises[i];
        struct sarn_str name = sarn_str(call->workflow->name), stream;
        char *text = NULL;

        if (strcmp(promise->step->id, step_id) != 0) {
            continue;
        }
        stream.size = name.size + 1 + call->workflow_id.size;
        text = sarn_arena_alloc(call->arena, stream.size);
        if (text == NULL) {
            return SARN_ERR_NOMEM;
        }
        memcpy(text, name.data, name.size);
        text[name.size] = '-';
        memcpy(text + name.size + 1, call->workflow_id.data, call->workflow_id.size);
        stream.data = text;
        return sarn__promise_id_write(
            &(struct sarn__promise_id){call->run_id, promise->visit, stream,
                                       sarn_str(promise->step->id)},
            call->arena, promise_id);
    }
    return SARN_ERR_NOT_FOUND;
}

sarn_status sarn_step_heartbeat(struct sarn_step_call *call)
{
    const struct sarn_clock *clock = &call->ports->clock;

    if (call->job == NULL) {
        return SARN_OK;
    }
    atomic_store_explicit(&call->job->sign_us, clock->ops->now_us(clock->self),
                          memory_order_relaxed);
    return atomic_load_explicit(&call->job->stop, memory_order_relaxed)
               ? SARN_ERR_CANCELLED
               : SARN_OK;
}
