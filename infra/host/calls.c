/* The public calls that hand a request over, each in two forms: with a reply function,
 * and waiting for the reply. */
#include <string.h>

#include "core/fail.h"
#include "infra/host/host.h"

/* A caller that waits, on its own stack. */
struct blocked {
    struct sarn__waiter waiter;
    sarn_status status;
    struct sarn_reply *result;
    struct sarn_arena *arena; /* To copy the reply's output to; NULL: not wanted. */
    const void **output;
    struct sarn_error *error;
};

/* What its request replies to; in the request's arena, since a caller that is told of
 * the closing leaves before its request does. The leader's. */
struct sarn__call {
    struct sarn__host *host;
    struct blocked *blocked; /* NULL: gone. */
};

/* What the reply shows dies with it. */
static sarn_status keep_output(const struct blocked *blocked,
                               const struct sarn_reply *reply)
{
    void *copy;

    if (reply->output == NULL) {
        *blocked->output = NULL;
        return SARN_OK;
    }
    copy = sarn_arena_alloc(blocked->arena, reply->output_type->size);
    if (copy == NULL || sarn_type_copy(reply->output_type, reply->output, copy,
                                       blocked->arena) != SARN_OK) {
        return sarn__fail(blocked->error, SARN_ERR_NOMEM,
                          "out of memory for the answer: what was asked for is done");
    }
    *blocked->output = copy;
    return SARN_OK;
}

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    struct sarn__call *call = arg;
    struct blocked *blocked = call->blocked;

    if (blocked == NULL) {
        return;
    }
    call->blocked = NULL;
    blocked->status = reply->status;
    if (reply->status != SARN_OK) {
        const char *text = reply->text;

        if (text == NULL || text[0] == '\0') {
            text = sarn_status_text(reply->status);
        }
        blocked->status = sarn__fail(blocked->error, reply->status, "%s", text);
    } else if (blocked->result != NULL) {
        *blocked->result = *reply;
        blocked->result->text = NULL;
        blocked->result->events = NULL;
        blocked->result->output = NULL;
    } else if (blocked->output != NULL) {
        blocked->status = keep_output(blocked, reply);
    }
    sarn__host_answer(call->host, &blocked->waiter);
}

void sarn__call_abandon(struct sarn__call *call, sarn_status status, const char *text)
{
    struct sarn_reply reply = {.status = status, .version = -1, .text = text};

    on_reply(call, &reply);
}

/* Hand request over (it is ours until then) and return. */
static sarn_status submit(struct sarn__host *host,
                          struct sarn__request *request,
                          sarn_reply_fn *reply,
                          void *arg,
                          struct sarn_error *error)
{
    sarn_status status;

    request->reply = reply;
    request->reply_arg = arg;
    status = sarn__host_submit(host, request, NULL, error);
    if (status != SARN_OK) {
        sarn__request_destroy(request);
    }
    return status;
}

/* Hand request over and wait for its reply, as blocked says. */
static sarn_status
call_as(struct sarn__host *host, struct sarn__request *request, struct blocked blocked)
{
    struct sarn__call *made = sarn_arena_alloc(request->arena, sizeof(*made));
    struct sarn_error *error = blocked.error;
    sarn_status status;

    if (made == NULL) {
        sarn__request_destroy(request);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a call");
    }
    *made = (struct sarn__call){.host = host, .blocked = &blocked};
    request->reply = on_reply;
    request->reply_arg = made;
    sarn__waiter_init(&blocked.waiter);
    blocked.waiter.call = made;
    status = sarn__host_submit(host, request, &blocked.waiter, error);
    sarn__waiter_done(&blocked.waiter);
    if (status != SARN_OK) {
        sarn__request_destroy(request);
        return status;
    }
    return blocked.status;
}

static sarn_status call(struct sarn__host *host,
                        struct sarn__request *request,
                        struct sarn_reply *result,
                        struct sarn_error *error)
{
    return call_as(host, request, (struct blocked){.result = result, .error = error});
}

static sarn_status no_reply(struct sarn_error *error)
{
    return sarn__fail(
        error, SARN_ERR_INVALID,
        "no reply function was given: give one, or use the call that waits");
}

/* --- commands --- */

static sarn_status copy_command(sarn_engine *engine,
                                const struct sarn_command *command,
                                struct sarn__request **request,
                                struct sarn_error *error)
{
    struct sarn_command ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), command,
                               "sarn_command", error));
    return sarn__request_command(engine, &ours, request, error);
}

sarn_status sarn_submit(sarn_engine *engine,
                        const struct sarn_command *command,
                        sarn_reply_fn *reply,
                        void *arg,
                        struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL || reply == NULL) {
        return host == NULL ? sarn__host_forked(error) : no_reply(error);
    }
    SARN__TRY(copy_command(engine, command, &request, error));
    return submit(host, request, reply, arg, error);
}

sarn_status sarn_call(sarn_engine *engine,
                      const struct sarn_command *command,
                      struct sarn_reply *result,
                      struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(copy_command(engine, command, &request, error));
    return call(host, request, result, error);
}

/* --- appending --- */

static sarn_status copy_append(sarn_engine *engine,
                               const struct sarn_append *append,
                               struct sarn__request **request,
                               struct sarn_error *error)
{
    struct sarn_append ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), append, "sarn_append",
                               error));
    return sarn__request_append(engine, &ours, request, error);
}

sarn_status sarn_append_submit(sarn_engine *engine,
                               const struct sarn_append *append,
                               sarn_reply_fn *reply,
                               void *arg,
                               struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL || reply == NULL) {
        return host == NULL ? sarn__host_forked(error) : no_reply(error);
    }
    SARN__TRY(copy_append(engine, append, &request, error));
    return submit(host, request, reply, arg, error);
}

sarn_status sarn_append_call(sarn_engine *engine,
                             const struct sarn_append *append,
                             struct sarn_reply *result,
                             struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(copy_append(engine, append, &request, error));
    return call(host, request, result, error);
}

sarn_status sarn_stream_set_metadata(sarn_engine *engine,
                                     uint32_t tenant,
                                     struct sarn_str stream,
                                     struct sarn_str metadata,
                                     struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(
        sarn__request_metadata(engine, tenant, stream, metadata, &request, error));
    return call(host, request, NULL, error);
}

sarn_status sarn_stream_delete(sarn_engine *engine,
                               uint32_t tenant,
                               struct sarn_str stream,
                               int64_t expected_version,
                               struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__request_delete(engine, tenant, stream, expected_version, &request,
                                   error));
    return call(host, request, NULL, error);
}

/* --- executions --- */

static sarn_status copy_start(sarn_engine *engine,
                              const struct sarn_start *start,
                              struct sarn__request **request,
                              struct sarn_error *error)
{
    struct sarn_start ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), start, "sarn_start",
                               error));
    return sarn__request_start(engine, &ours, request, error);
}

sarn_status sarn_execution_start(sarn_engine *engine,
                                 const struct sarn_start *start,
                                 sarn_reply_fn *reply,
                                 void *arg,
                                 struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL || reply == NULL) {
        return host == NULL ? sarn__host_forked(error) : no_reply(error);
    }
    SARN__TRY(copy_start(engine, start, &request, error));
    return submit(host, request, reply, arg, error);
}

sarn_status sarn_execute(sarn_engine *engine,
                         const struct sarn_start *start,
                         struct sarn_reply *result,
                         struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(copy_start(engine, start, &request, error));
    return call(host, request, result, error);
}

/* --- telling an execution something --- */

static sarn_status copy_control(sarn_engine *engine,
                                const struct sarn_control *control,
                                struct sarn__request **request,
                                struct sarn_error *error)
{
    struct sarn_control ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), control,
                               "sarn_control", error));
    return sarn__request_control(engine, &ours, request, error);
}

sarn_status sarn_control_submit(sarn_engine *engine,
                                const struct sarn_control *control,
                                sarn_reply_fn *reply,
                                void *arg,
                                struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL || reply == NULL) {
        return host == NULL ? sarn__host_forked(error) : no_reply(error);
    }
    SARN__TRY(copy_control(engine, control, &request, error));
    return submit(host, request, reply, arg, error);
}

sarn_status sarn_control_call(sarn_engine *engine,
                              const struct sarn_control *control,
                              struct sarn_arena *arena,
                              const void **output,
                              struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(copy_control(engine, control, &request, error));
    return call_as(host, request,
                   (struct blocked){.arena = arena,
                                    .output = arena == NULL ? NULL : output,
                                    .error = error});
}

/* --- schedules --- */

sarn_status sarn_schedule_put(sarn_engine *engine,
                              const struct sarn_schedule *schedule,
                              struct sarn_error *error)
{
    return sarn__host_schedule_put(engine, schedule, (struct sarn_str){NULL, 0}, error);
}

sarn_status sarn__host_schedule_put(sarn_engine *engine,
                                    const struct sarn_schedule *schedule,
                                    struct sarn_str json,
                                    struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;
    struct sarn_schedule ours;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), schedule,
                               "sarn_schedule", error));
    SARN__TRY(sarn__request_schedule_put(engine, &ours, json, &request, error));
    return call(host, request, NULL, error);
}

sarn_status sarn_schedule_alter(sarn_engine *engine,
                                const struct sarn_schedule_change *change,
                                struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;
    struct sarn_schedule_change ours;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), change,
                               "sarn_schedule_change", error));
    SARN__TRY(sarn__request_schedule_alter(engine, &ours, &request, error));
    return call(host, request, NULL, error);
}
