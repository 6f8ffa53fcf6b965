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

/* Check a caller's struct and make a request of it. */
typedef sarn_status make_fn(sarn_engine *engine,
                            const void *from,
                            struct sarn__request **request,
                            struct sarn_error *error);

/* Hand a request over and return. */
static sarn_status submit(sarn_engine *engine,
                          make_fn *make,
                          const void *from,
                          sarn_reply_fn *reply,
                          void *arg,
                          struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;
    sarn_status status;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    if (reply == NULL) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "no reply function was given: give one, or use the call that waits");
    }
    SARN__TRY(make(engine, from, &request, error));
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
wait_for(struct sarn__host *host, struct sarn__request *request, struct blocked blocked)
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

static sarn_status
call_as(sarn_engine *engine, make_fn *make, const void *from, struct blocked blocked)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct sarn__request *request;

    if (host == NULL) {
        return sarn__host_forked(blocked.error);
    }
    SARN__TRY(make(engine, from, &request, blocked.error));
    return wait_for(host, request, blocked);
}

static sarn_status call(sarn_engine *engine,
                        make_fn *make,
                        const void *from,
                        struct sarn_reply *result,
                        struct sarn_error *error)
{
    return call_as(engine, make, from,
                   (struct blocked){.result = result, .error = error});
}

/* --- commands --- */

static sarn_status make_command(sarn_engine *engine,
                                const void *from,
                                struct sarn__request **request,
                                struct sarn_error *error)
{
    struct sarn_command ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), from, "sarn_command",
                               error));
    return sarn__request_command(engine, &ours, request, error);
}

sarn_status sarn_submit(sarn_engine *engine,
                        const struct sarn_command *command,
                        sarn_reply_fn *reply,
                        void *arg,
                        struct sarn_error *error)
{
    return submit(engine, make_command, command, reply, arg, error);
}

sarn_status sarn_call(sarn_engine *engine,
                      const struct sarn_command *command,
                      struct sarn_reply *result,
                      struct sarn_error *error)
{
    return call(engine, make_command, command, result, error);
}

/* --- appending --- */

static sarn_status make_append(sarn_engine *engine,
                               const void *from,
                               struct sarn__request **request,
                               struct sarn_error *error)
{
    struct sarn_append ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), from, "sarn_append",
                               error));
    return sarn__request_append(engine, &ours, request, error);
}

sarn_status sarn_append_submit(sarn_engine *engine,
                               const struct sarn_append *append,
                               sarn_reply_fn *reply,
                               void *arg,
                               struct sarn_error *error)
{
    return submit(engine, make_append, append, reply, arg, error);
}

sarn_status sarn_append_call(sarn_engine *engine,
                             const struct sarn_append *append,
                             struct sarn_reply *result,
                             struct sarn_error *error)
{
    return call(engine, make_append, append, result, error);
}

/* What is said about a stream. */
struct about {
    uint32_t tenant;
    struct sarn_str stream, metadata;
    int64_t expected_version;
};

static sarn_status make_metadata(sarn_engine *engine,
                                 const void *from,
                                 struct sarn__request **request,
                                 struct sarn_error *error)
{
    const struct about *about = from;

    return sarn__request_metadata(engine, about->tenant, about->stream, about->metadata,
                                  request, error);
}

sarn_status sarn_stream_set_metadata(sarn_engine *engine,
                                     uint32_t tenant,
                                     struct sarn_str stream,
                                     struct sarn_str metadata,
                                     struct sarn_error *error)
{
    const struct about about = {
        .tenant = tenant, .stream = stream, .metadata = metadata};

    return call(engine, make_metadata, &about, NULL, error);
}

static sarn_status make_delete(sarn_engine *engine,
                               const void *from,
                               struct sarn__request **request,
                               struct sarn_error *error)
{
    const struct about *about = from;

    return sarn__request_delete(engine, about->tenant, about->stream,
                                about->expected_version, request, error);
}

sarn_status sarn_stream_delete(sarn_engine *engine,
                               uint32_t tenant,
                               struct sarn_str stream,
                               int64_t expected_version,
                               struct sarn_error *error)
{
    const struct about about = {
        .tenant = tenant, .stream = stream, .expected_version = expected_version};

    return call(engine, make_delete, &about, NULL, error);
}

/* --- executions --- */

static sarn_status make_start(sarn_engine *engine,
                              const void *from,
                              struct sarn__request **request,
                              struct sarn_error *error)
{
    struct sarn_start ours;

    SARN__TRY(
        sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), from, "sarn_start", error));
    return sarn__request_start(engine, &ours, request, error);
}

sarn_status sarn_execution_start(sarn_engine *engine,
                                 const struct sarn_start *start,
                                 sarn_reply_fn *reply,
                                 void *arg,
                                 struct sarn_error *error)
{
    return submit(engine, make_start, start, reply, arg, error);
}

sarn_status sarn_execute(sarn_engine *engine,
                         const struct sarn_start *start,
                         struct sarn_reply *result,
                         struct sarn_error *error)
{
    return call(engine, make_start, start, result, error);
}

/* --- telling an execution something --- */

static sarn_status make_control(sarn_engine *engine,
                                const void *from,
                                struct sarn__request **request,
                                struct sarn_error *error)
{
    struct sarn_control ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), from, "sarn_control",
                               error));
    return sarn__request_control(engine, &ours, request, error);
}

sarn_status sarn_control_submit(sarn_engine *engine,
                                const struct sarn_control *control,
                                sarn_reply_fn *reply,
                                void *arg,
                                struct sarn_error *error)
{
    return submit(engine, make_control, control, reply, arg, error);
}

sarn_status sarn_control_call(sarn_engine *engine,
                              const struct sarn_control *control,
                              struct sarn_arena *arena,
                              const void **output,
                              struct sarn_error *error)
{
    return call_as(engine, make_control, control,
                   (struct blocked){.arena = arena,
                                    .output = arena == NULL ? NULL : output,
                                    .error = error});
}

/* --- schedules --- */

/* A schedule, and its input where that is JSON. */
struct put {
    const struct sarn_schedule *schedule;
    struct sarn_str json;
};

static sarn_status make_put(sarn_engine *engine,
                            const void *from,
                            struct sarn__request **request,
                            struct sarn_error *error)
{
    const struct put *put = from;
    struct sarn_schedule ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), put->schedule,
                               "sarn_schedule", error));
    return sarn__request_schedule_put(engine, &ours, put->json, request, error);
}

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
    const struct put put = {schedule, json};

    return call(engine, make_put, &put, NULL, error);
}

static sarn_status make_alteration(sarn_engine *engine,
                                   const void *from,
                                   struct sarn__request **request,
                                   struct sarn_error *error)
{
    struct sarn_schedule_change ours;

    SARN__TRY(sarn__sized_copy(&ours, sizeof(ours), sizeof(ours), from,
                               "sarn_schedule_change", error));
    return sarn__request_schedule_alter(engine, &ours, request, error);
}

sarn_status sarn_schedule_alter(sarn_engine *engine,
                                const struct sarn_schedule_change *change,
                                struct sarn_error *error)
{
    return call(engine, make_alteration, change, NULL, error);
}
