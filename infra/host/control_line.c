#include "infra/host/control_line.h"

#include <assert.h>
#include <string.h>

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
SARN_STATIC_ASSERT((int)SARN_CONTROL_LINE_OVERLAP_ALLOW == (int)SARN_OVERLAP_ALLOW,
                   "overlap");
SARN_STATIC_ASSERT((int)SARN_CONTROL_LINE_SCHEDULE_OP_DELETE ==
                       (int)SARN_SCHEDULE_DELETE,
                   "op");

/* --- requests --- */

static sarn_status write_request(const struct sarn_json *json,
                                 const struct sarn_control_line_request *request,
                                 struct sarn_arena *arena,
                                 struct sarn_str *line,
                                 struct sarn_error *error)
{
    return json->ops->write(json->self, &sarn_control_line_request_type, request, arena,
                            line, error);
}

static sarn_status write_control(const struct sarn_json *json,
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
    return write_request(json, &request, arena, line, error);
}

static sarn_status write_schedule(const struct sarn_json *json,
                                  const struct sarn_schedule *schedule,
                                  struct sarn_str input,
                                  struct sarn_arena *arena,
                                  struct sarn_str *line,
                                  struct sarn_error *error)
{
    const struct sarn_control_line_schedule said = {
        .tenant = schedule->tenant,
        .id = schedule->id,
        .workflow = sarn_str(schedule->workflow),
        .input = input,
        .cron = sarn_str(schedule->cron),
        .zone = sarn_str(schedule->zone),
        .interval_us = schedule->interval_us,
        .offset_us = schedule->offset_us,
        .from_us = schedule->from_us,
        .to_us = schedule->to_us,
        .limit = schedule->limit,
        .overlap = (uint8_t)schedule->overlap,
        .catch_up_us = schedule->catch_up_us,
        .jitter_us = schedule->jitter_us,
        .paused = schedule->paused,
        .actor = schedule->actor,
        .reason = schedule->reason};
    const struct sarn_control_line_request request = {.schedule = &said};

    if (schedule->overlap > SARN_OVERLAP_ALLOW) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "overlap is %u, not one of enum sarn_overlap",
                          schedule->overlap);
    }
    return write_request(json, &request, arena, line, error);
}

static sarn_status write_change(const struct sarn_json *json,
                                const struct sarn_schedule_change *change,
                                struct sarn_arena *arena,
                                struct sarn_str *line,
                                struct sarn_error *error)
{
    const struct sarn_control_line_schedule_change said = {.op = (uint8_t)change->op,
                                                           .tenant = change->tenant,
                                                           .id = change->id,
                                                           .overlap =
                                                               (uint8_t)change->overlap,
                                                           .from_us = change->from_us,
                                                           .to_us = change->to_us,
                                                           .actor = change->actor,
                                                           .reason = change->reason};
    const struct sarn_control_line_request request = {.schedule_change = &said};

    if (change->op == 0 || change->op > SARN_SCHEDULE_DELETE ||
        change->overlap > SARN_OVERLAP_ALLOW) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "there is no schedule op %u with overlap %u: use "
                          "SARN_SCHEDULE_x and SARN_OVERLAP_x",
                          change->op, change->overlap);
    }
    return write_request(json, &request, arena, line, error);
}

sarn_status sarn__control_line_write(const struct sarn_json *json,
                                     const struct sarn__said *said,
                                     struct sarn_arena *arena,
                                     struct sarn_str *line,
                                     struct sarn_error *error)
{
    switch ((enum sarn__said_kind)said->kind) {
    case SARN__SAID_CONTROL:
        return write_control(json, &said->as.control, arena, line, error);
    case SARN__SAID_SCHEDULE:
        return write_schedule(json, &said->as.schedule, said->input, arena, line,
                              error);
    case SARN__SAID_SCHEDULE_CHANGE:
        return write_change(json, &said->as.schedule_change, arena, line, error);
    }
    assert(!"a request that cannot be said");
    return SARN_ERR_INVALID;
}

/* A value of an enum that this version does not know was read as a number. */
static sarn_status unknown(struct sarn_error *error, const char *what, uint32_t value)
{
    return sarn__fail(error, SARN_ERR_SCHEMA,
                      "the request has %s %u, which this version does not know", what,
                      value);
}

static sarn_status read_control(const struct sarn_control_line_control *said,
                                struct sarn_control *control,
                                struct sarn_error *error)
{
    if (said->op == 0 || said->op > SARN_CONTROL_FAIL_PROMISE) {
        return unknown(error, "op", said->op);
    }
    if (said->fate > SARN_STEP_NOT_DONE) {
        return unknown(error, "fate", said->fate);
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

/* text with a NUL behind it, and none in it; *terminated NULL: there is none. */
static sarn_status terminate(struct sarn_str text,
                             struct sarn_arena *arena,
                             const char **terminated,
                             struct sarn_error *error)
{
    char *copy = NULL;

    *terminated = NULL;
    if (text.size == 0) {
        return SARN_OK;
    }
    if (memchr(text.data, '\0', text.size) != NULL) {
        return sarn__fail(error, SARN_ERR_SCHEMA, "the request has a text with a NUL");
    }
    copy = sarn_arena_alloc(arena, (size_t)text.size + 1);
    if (copy == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a request");
    }
    memcpy(copy, text.data, text.size);
    *terminated = copy;
    return SARN_OK;
}

static sarn_status read_schedule(const struct sarn_control_line_schedule *said,
                                 struct sarn_arena *arena,
                                 struct sarn_schedule *schedule,
                                 struct sarn_error *error)
{
    if (said->overlap > SARN_OVERLAP_ALLOW) {
        return unknown(error, "overlap", said->overlap);
    }
    *schedule = (struct sarn_schedule)SARN_SCHEDULE_INIT;
    SARN__TRY(terminate(said->workflow, arena, &schedule->workflow, error));
    SARN__TRY(terminate(said->cron, arena, &schedule->cron, error));
    SARN__TRY(terminate(said->zone, arena, &schedule->zone, error));
    schedule->tenant = said->tenant;
    schedule->id = said->id;
    schedule->interval_us = said->interval_us;
    schedule->offset_us = said->offset_us;
    schedule->from_us = said->from_us;
    schedule->to_us = said->to_us;
    schedule->limit = said->limit;
    schedule->overlap = said->overlap;
    schedule->catch_up_us = said->catch_up_us;
    schedule->jitter_us = said->jitter_us;
    schedule->paused = said->paused;
    schedule->actor = said->actor;
    schedule->reason = said->reason;
    return SARN_OK;
}

static sarn_status read_change(const struct sarn_control_line_schedule_change *said,
                               struct sarn_schedule_change *change,
                               struct sarn_error *error)
{
    if (said->op == 0 || said->op > SARN_SCHEDULE_DELETE) {
        return unknown(error, "op", said->op);
    }
    if (said->overlap > SARN_OVERLAP_ALLOW) {
        return unknown(error, "overlap", said->overlap);
    }
    *change = (struct sarn_schedule_change)SARN_SCHEDULE_CHANGE_INIT;
    change->op = said->op;
    change->tenant = said->tenant;
    change->id = said->id;
    change->overlap = said->overlap;
    change->from_us = said->from_us;
    change->to_us = said->to_us;
    change->actor = said->actor;
    change->reason = said->reason;
    return SARN_OK;
}

sarn_status sarn__control_line_read(const struct sarn_json *json,
                                    struct sarn_str line,
                                    struct sarn_arena *arena,
                                    struct sarn__said *said,
                                    struct sarn_error *error)
{
    struct sarn_control_line_request request;
    struct sarn__said read = {.kind = 0};

    SARN__TRY(json->ops->read(json->self, &sarn_control_line_request_type, line,
                              &request, arena, error));
    if ((request.control != NULL) + (request.schedule != NULL) +
            (request.schedule_change != NULL) !=
        1) {
        return sarn__fail(error, SARN_ERR_SCHEMA,
                          "a request has one member: \"control\", \"schedule\" or "
                          "\"schedule_change\"");
    }
    if (request.control != NULL) {
        read.kind = SARN__SAID_CONTROL;
        SARN__TRY(read_control(request.control, &read.as.control, error));
    } else if (request.schedule != NULL) {
        read.kind = SARN__SAID_SCHEDULE;
        read.input = request.schedule->input;
        SARN__TRY(read_schedule(request.schedule, arena, &read.as.schedule, error));
    } else {
        read.kind = SARN__SAID_SCHEDULE_CHANGE;
        SARN__TRY(
            read_change(request.schedule_change, &read.as.schedule_change, error));
    }
    *said = read;
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
