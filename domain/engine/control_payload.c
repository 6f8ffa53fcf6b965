#include "core/definition.h"
#include "core/fail.h"
#include "engine/control.h"
#include "engine/definition_log.h"
#include "engine/log_parts.h"

static sarn_status message_type(const struct sarn_workflow *workflow,
                                uint32_t op,
                                struct sarn_str name,
                                const struct sarn_type **type,
                                struct sarn_error *error)
{
    uint32_t wanted =
        op == SARN_CONTROL_SIGNAL ? SARN_MESSAGE_SIGNAL : SARN_MESSAGE_UPDATE;
    uint32_t kind;

    if (!sarn__message_find(workflow, name, &kind, type, NULL) || kind != wanted) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "workflow \"%s\" version %u takes no %s \"%.*s\"",
                          workflow->name, workflow->version, sarn__control_op_text(op),
                          (int)name.size, name.data);
    }
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

/* The type that run takes; without its definition only what has no payload is known.
 */
static sarn_status type_of(sarn_engine *engine,
                           const struct sarn__request *request,
                           const struct sarn_workflow *workflow,
                           const struct sarn__execution_event *event,
                           const struct sarn_type **type,
                           struct sarn_error *error)
{
    const struct sarn_control *what = &request->as.control.what;
    bool wants = what->op == SARN_CONTROL_SIGNAL || what->op == SARN_CONTROL_UPDATE ||
                 what->op == SARN_CONTROL_PROMISE ||
                 (what->op == SARN_CONTROL_RESOLVE && !event->compensation &&
                  event->decision == SARN__DECIDE_DONE);

    *type = NULL;
    if (!wants) {
        return SARN_OK;
    }
    if (workflow == NULL) {
        struct sarn_str name = sarn__category(request->as.control.stream);

        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "nobody knows workflow \"%.*s\" here, and so not what %s "
                          "takes: ask the program that runs it",
                          (int)name.size, name.data, sarn__control_op_text(what->op));
    }
    SARN__TRY(
        sarn__control_type(workflow, what->op, what->name, event->step, type, error));
    if (*type == NULL || (*type)->schema != NULL || *type == &sarn_bytes_type) {
        return SARN_OK;
    }
    /* As the log has it, it is only a name. */
    return sarn__log_type(&engine->log, sarn_str((*type)->name), type, error);
}

sarn_status sarn__control_workflow(sarn_engine *engine,
                                   const struct sarn__run *run,
                                   struct sarn_arena *arena,
                                   const struct sarn_workflow **workflow,
                                   struct sarn_error *error)
{
    struct sarn__definition *recorded = NULL;
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status;

    *workflow = NULL;
    if (run->definition != NULL) {
        *workflow = run->definition->workflow;
        return SARN_OK;
    }
    status = sarn__definition_read(&engine->log, sarn__run_workflow(run),
                                   run->execution->beginning.fingerprint, arena,
                                   &recorded, &why);
    if (status == SARN_ERR_NOT_FOUND) {
        return SARN_OK;
    }
    if (status != SARN_OK) {
        return sarn__fail(error, status, "%s", why.text);
    }
    *workflow = recorded->workflow;
    return SARN_OK;
}

sarn_status sarn__control_payload(sarn_engine *engine,
                                  const struct sarn__request *request,
                                  const struct sarn_workflow *workflow,
                                  const struct sarn__execution_event *event,
                                  struct sarn_str *payload,
                                  struct sarn_error *error)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    const struct sarn_control *what = &request->as.control.what;
    const struct sarn_type *given = request->as.control.data_type;
    bool there = what->data != NULL || what->json.size > 0;
    const struct sarn_type *type;
    const void *data;

    *payload = (struct sarn_str){NULL, 0};
    SARN__TRY(type_of(engine, request, workflow, event, &type, error));
    if (!there && type == NULL) {
        return SARN_OK;
    }
    if (type == NULL || !there) {
        return sarn__fail(error, SARN_ERR_SCHEMA, "this %s takes %s%s",
                          sarn__control_op_text(what->op),
                          type == NULL ? "no payload" : "a payload: a ",
                          type == NULL ? "" : type->name);
    }
    SARN__TRY(as_struct(engine, request, type, request->arena, &data, error));
    SARN__TRY(codec->ops->encode(codec->self, given != NULL ? given : type, data,
                                 request->arena, payload, error));
    if (payload->size > SARN_PAYLOAD_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "a payload has at most %u bytes, not %u",
                          SARN_PAYLOAD_BYTES_MAX, payload->size);
    }
    return SARN_OK;
}
