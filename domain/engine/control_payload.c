#include "core/definition.h"
#include "core/fail.h"
#include "engine/control.h"

static const struct sarn_message *
find_message(const struct sarn_workflow *workflow, struct sarn_str name, uint32_t kind)
{
    for (uint32_t i = 0; i < workflow->message_count; i++) {
        const struct sarn_message *message = &workflow->messages[i];

        if (message->kind == kind && sarn_str_equal(sarn_str(message->name), name)) {
            return message;
        }
    }
    return NULL;
}

/* The step that waits for the signal called name, or NULL. */
static const struct sarn_step *find_waiting(const struct sarn_workflow *workflow,
                                            struct sarn_str name)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = sarn__step_at(workflow, i);
        const char *signal = step->signal != NULL ? step->signal : step->id;

        if (step->kind == SARN_STEP_SIGNAL && sarn_str_equal(sarn_str(signal), name)) {
            return step;
        }
    }
    return NULL;
}

static sarn_status message_type(const struct sarn_workflow *workflow,
                                uint32_t op,
                                struct sarn_str name,
                                const struct sarn_type **type,
                                struct sarn_error *error)
{
    bool signal = op == SARN_CONTROL_SIGNAL;
    const struct sarn_message *message = find_message(
        workflow, name, signal ? SARN_MESSAGE_SIGNAL : SARN_MESSAGE_UPDATE);
    const struct sarn_step *step =
        signal && message == NULL ? find_waiting(workflow, name) : NULL;

    if (message == NULL && step == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "workflow \"%s\" version %u takes no %s \"%.*s\"",
                          workflow->name, workflow->version, sarn__control_op_text(op),
                          (int)name.size, name.data);
    }
    *type = message != NULL ? message->input : step->output;
    return SARN_OK;
}

sarn_status sarn__control_type(const struct sarn_workflow *workflow,
                               uint32_t op,
                               struct sarn_str name,
                               struct sarn_str step,
                               const struct sarn_type **type,
                               struct sarn_error *error)
{
    uint32_t index;

    if (op == SARN_CONTROL_SIGNAL || op == SARN_CONTROL_UPDATE) {
        return message_type(workflow, op, name, type, error);
    }
    index = sarn__step_index(workflow, step, 0);
    if (index == workflow->step_count) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "workflow \"%s\" version %u has no step \"%.*s\"",
                          workflow->name, workflow->version, (int)step.size, step.data);
    }
    *type = sarn__step_at(workflow, index)->output;
    return SARN_OK;
}

/* --- bytes --- */

/* The payload as a struct of type; JSON is read here, into arena. */
static sarn_status as_struct(sarn_engine *engine,
                             const struct sarn__request *request,
                             const struct sarn_type *type,
                             struct sarn_arena *arena,
                             const void **data,
                             struct sarn_error *error)
{
    const struct sarn_json *json = &engine->log.ports.json;
    const struct sarn_type *given = request->as.control.data_type;
    void *value;

    if (given != NULL) {
        if (given != type &&
            !sarn_str_equal(sarn_str(given->name), sarn_str(type->name))) {
            return sarn__fail(error, SARN_ERR_SCHEMA,
                              "the payload is a %s, and this execution takes a %s",
                              given->name, type->name);
        }
        *data = request->as.control.what.data;
        return SARN_OK;
    }
    value = sarn_arena_alloc(arena, type->size);
    if (value == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a payload");
    }
    SARN__TRY(json->ops->read(json->self, type, request->as.control.what.json, value,
                              arena, error));
    *data = value;
    return SARN_OK;
}

sarn_status sarn__control_payload(sarn_engine *engine,
                                  const struct sarn__request *request,
                                  const struct sarn_type *type,
                                  struct sarn_arena *arena,
                                  struct sarn_str *payload,
                                  struct sarn_error *error)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    const struct sarn_control *what = &request->as.control.what;
    const struct sarn_type *given = request->as.control.data_type;
    bool there = what->data != NULL || what->json.size > 0;
    const void *data;

    *payload = (struct sarn_str){NULL, 0};
    if (there != (type != NULL)) {
        return sarn__fail(error, SARN_ERR_SCHEMA,
                          there ? "this %s takes no payload%s" : "this %s takes a %s",
                          sarn__control_op_text(what->op), there ? "" : type->name);
    }
    if (!there) {
        return SARN_OK;
    }
    SARN__TRY(as_struct(engine, request, type, arena, &data, error));
    SARN__TRY(codec->ops->encode(codec->self, given != NULL ? given : type, data, arena,
                                 payload, error));
    if (payload->size > SARN_PAYLOAD_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "a payload has at most %u bytes, not %u",
                          SARN_PAYLOAD_BYTES_MAX, payload->size);
    }
    return SARN_OK;
}
