#include "infra/host/control_line.h"

#include "control_schema.h"
#include "core/fail.h"

/* The schema's numbers are those of the public header. */
SARN_STATIC_ASSERT((int)SARN_CONTROL_LINE_OP_SIGNAL == (int)SARN_CONTROL_SIGNAL, "op");
SARN_STATIC_ASSERT((int)SARN_CONTROL_LINE_OP_RETRY == (int)SARN_CONTROL_RETRY, "op");
SARN_STATIC_ASSERT((int)SARN_CONTROL_LINE_OP_FAIL_PROMISE ==
                       (int)SARN_CONTROL_FAIL_PROMISE,
                   "op");
SARN_STATIC_ASSERT((int)SARN_CONTROL_LINE_FATE_DONE == (int)SARN_STEP_DONE, "fate");
SARN_STATIC_ASSERT((int)SARN_CONTROL_LINE_FATE_NOT_DONE == (int)SARN_STEP_NOT_DONE,
                   "fate");

/* --- requests --- */

sarn_status sarn__control_line_write(const struct sarn_json *json,
                                     const struct sarn_control *control,
                                     struct sarn_arena *arena,
                                     struct sarn_str *line,
                                     struct sarn_error *error)
{
    struct sarn_control_line_control said = {.tenant = control->tenant,
                                             .workflow = control->workflow,
                                             .workflow_id = control->workflow_id,
                                             .step = control->step,
                                             .name = control->name,
                                             .payload = control->json,
                                             .code = control->code,
                                             .reason = control->reason,
                                             .actor = control->actor,
                                             .origin = control->origin,
                                             .key = control->key};
    const struct sarn_control_line_request request = {.control = &said};

    if (control->op == 0 || control->op > SARN_CONTROL_FAIL_PROMISE ||
        control->fate > SARN_STEP_NOT_DONE) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "there is no control op %u with fate %u: use SARN_CONTROL_x",
                          control->op, control->fate);
    }
    said.op = (uint8_t)control->op;
    said.fate = (uint8_t)control->fate;
    return json->ops->write(json->self, &sarn_control_line_request_type, &request,
                            arena, line, error);
}

sarn_status sarn__control_line_read(const struct sarn_json *json,
                                    struct sarn_str line,
                                    struct sarn_arena *arena,
                                    struct sarn_control *control,
                                    struct sarn_error *error)
{
    struct sarn_control_line_request request;
    const struct sarn_control_line_control *said;

    SARN__TRY(json->ops->read(json->self, &sarn_control_line_request_type, line,
                              &request, arena, error));
    said = request.control;
    if (said == NULL) {
        return sarn__fail(error, SARN_ERR_SCHEMA,
                          "the request asks for nothing: it has no member \"control\"");
    }
    /* An op that this version does not know was read as a number. */
    if (said->op == 0 || said->op > SARN_CONTROL_FAIL_PROMISE ||
        said->fate > SARN_STEP_NOT_DONE) {
        return sarn__fail(error, SARN_ERR_SCHEMA,
                          "the request asks for an op %u with fate %u, which this "
                          "version does not know",
                          said->op, said->fate);
    }
    *control = (struct sarn_control)SARN_CONTROL_INIT;
    control->op = said->op;
    control->tenant = said->tenant;
    control->workflow = said->workflow;
    control->workflow_id = said->workflow_id;
    control->step = said->step;
    control->name = said->name;
    control->json = said->payload;
    control->fate = said->fate;
    control->code = said->code;
    control->reason = said->reason;
    control->actor = said->actor;
    control->origin = said->origin;
    control->key = said->key;
    return SARN_OK;
}

/* --- replies --- */

sarn_status sarn__control_reply_write(const struct sarn_json *json,
                                      const struct sarn_reply *reply,
                                      struct sarn_arena *arena,
                                      struct sarn_str *line,
                                      struct sarn_error *error)
{
    struct sarn_control_line_reply said = {.status = reply->status,
                                           .text = sarn_str(reply->text),
                                           .position = reply->position,
                                           .version = reply->version,
                                           .repeated = reply->repeated};

    if (reply->output != NULL && reply->output_type != NULL) {
        SARN__TRY(json->ops->write(json->self, reply->output_type, reply->output, arena,
                                   &said.output, error));
    }
    return json->ops->write(json->self, &sarn_control_line_reply_type, &said, arena,
                            line, error);
}

sarn_status sarn__control_reply_read(const struct sarn_json *json,
                                     struct sarn_str line,
                                     struct sarn_arena *arena,
                                     struct sarn_str *output,
                                     struct sarn_error *error)
{
    struct sarn_control_line_reply said;

    SARN__TRY(json->ops->read(json->self, &sarn_control_line_reply_type, line, &said,
                              arena, error));
    if (said.status != SARN_OK) {
        struct sarn_str text =
            said.text.size > 0 ? said.text
                               : sarn_str(sarn_status_text((sarn_status)said.status));

        return sarn__fail(error, (sarn_status)said.status, "%.*s", (int)text.size,
                          text.data);
    }
    if (output != NULL) {
        *output = said.output;
    }
    return SARN_OK;
}
