/* A control request's turn. */
#include "engine/control.h"

#include <string.h>

#include "core/fail.h"
#include "engine/control_decide.h"

#define TEXT(str) (int)(str).size, (str).data

/* --- what it is told --- */

/* The payload, and what is made of it. */
static sarn_status complete(sarn_engine *engine,
                            struct sarn__request *request,
                            const struct sarn__run *run,
                            const struct sarn_workflow *workflow,
                            struct sarn__execution_event *event,
                            struct sarn_reply *reply,
                            struct sarn_error *error)
{
    const struct sarn_control *what = &request->as.control.what;
    bool message = what->op == SARN_CONTROL_SIGNAL || what->op == SARN_CONTROL_UPDATE;
    struct sarn_str payload = {NULL, 0};

    if (what->op == SARN_CONTROL_UPDATE && run->definition == NULL) {
        return sarn__fail(error, SARN_ERR_STATE,
                          "the code of workflow \"%.*s\" is not here to answer an "
                          "update: ask the program that runs it",
                          TEXT(sarn__run_workflow(run)));
    }
    SARN__TRY(sarn__control_payload(engine, request, workflow, event, &payload, error));
    if (message) {
        event->input = payload;
    } else {
        event->output = payload;
    }
    if (what->op != SARN_CONTROL_UPDATE) {
        return SARN_OK;
    }
    return sarn__control_update(engine, request, run, event, reply, error);
}

static sarn_status tell(sarn_engine *engine,
                        struct sarn__request *request,
                        const struct sarn__meta *meta,
                        struct sarn__run *run,
                        struct sarn_reply *reply,
                        struct sarn_error *error)
{
    const struct sarn_workflow *workflow = NULL;
    struct sarn__execution_event event = {.visit = 0};
    uint64_t position, version;

    SARN__TRY(sarn__control_workflow(engine, run, request->arena, &workflow, error));
    SARN__TRY(sarn__control_decide(run->execution, workflow, &request->as.control.what,
                                   request->arena, &event, error));
    SARN__TRY(complete(engine, request, run, workflow, &event, reply, error));
    position = engine->writer.next_position;
    version = run->last_version + 1;
    SARN__TRY(sarn__run_tell(engine, run, meta, &event, error));
    reply->position = position;
    reply->version = (int64_t)version;
    return SARN_OK;
}

/* Find the execution, and tell it. */
static sarn_status carry_out(sarn_engine *engine,
                             struct sarn__request *request,
                             const struct sarn__meta *meta,
                             struct sarn_reply *reply,
                             struct sarn_error *error)
{
    struct sarn_str stream = request->as.control.stream;
    struct sarn__run *run = NULL;
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status = sarn__run_take_up(engine, meta->tenant, stream, &run, &why);

    if (status == SARN_ERR_STATE) {
        return sarn__fail(error, SARN_ERR_OVERLOADED,
                          "execution \"%.*s\" was dropped from memory in the middle of "
                          "something: try again",
                          TEXT(stream));
    }
    if (status != SARN_OK) {
        return sarn__fail(error, status, "%s", why.text);
    }
    if (run == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no execution \"%.*s\"",
                          TEXT(stream));
    }
    return request->as.control.what.op == SARN_CONTROL_FORK
               ? sarn__control_fork(engine, request, meta, run, reply, error)
               : tell(engine, request, meta, run, reply, error);
}

/* --- the request --- */

/* Of everything that makes a repeat a repeat. */
static sarn_status hash_of(sarn_engine *engine,
                           struct sarn__request *request,
                           uint8_t hash[16],
                           struct sarn_error *error)
{
    const struct sarn_ports *ports = &engine->log.ports;
    const struct sarn_control *what = &request->as.control.what;
    const struct sarn_type *type = request->as.control.data_type;
    char numbers[2] = {(char)what->op, (char)what->fate};
    uint8_t digest[SARN__DIGEST_BYTES];
    /* The sizes tell where one part ends and the next begins. */
    uint32_t sizes[6];
    struct sarn_str parts[8] = {{numbers, sizeof(numbers)},
                                {(const char *)sizes, sizeof(sizes)},
                                request->as.control.stream,
                                what->step,
                                what->name,
                                what->code,
                                what->reason,
                                what->json};

    if (type != NULL) {
        SARN__TRY(ports->codec.ops->encode(ports->codec.self, type, what->data,
                                           request->arena, &parts[7], error));
    }
    for (uint32_t i = 0; i < 6; i++) {
        sizes[i] = parts[i + 2].size;
    }
    SARN__TRY(ports->hash.ops->digest(ports->hash.self, parts, 8, digest));
    memcpy(hash, digest, 16);
    return SARN_OK;
}

static void answer(sarn_engine *engine,
                   struct sarn__request *request,
                   struct sarn_reply *reply,
                   sarn_status status,
                   const struct sarn_error *error)
{
    if (status == SARN_OK) {
        reply->event_count = 1;
    } else {
        *reply = (struct sarn_reply){.status = status, .version = -1};
        reply->text = error->status == status ? error->text : NULL;
    }
    /* Also a refusal may rest on events in flight: it leaves when they are durable. */
    sarn__answer_later(engine, request, reply);
}

static void decide_request(sarn_engine *engine,
                           struct sarn__request *request,
                           struct sarn__meta *meta,
                           struct sarn__command_result *result)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_reply reply = {.version = -1};
    sarn_status status;

    if (result != NULL) {
        result->event_count = 1;
        meta->command = result;
    }
    status = carry_out(engine, request, meta, &reply, &error);
    meta->command = NULL;
    if (status == SARN_ERR_REJECTED) {
        engine->counts.rejections += 1;
        if (result != NULL) { /* An answer to be kept. */
            struct sarn_error failure = {SARN_OK, ""};
            sarn_status kept =
                sarn__command_settle(engine, meta, result, &error, &failure);

            if (kept != SARN_OK) {
                status = kept;
                error = failure;
            }
        }
    }
    answer(engine, request, &reply, status, &error);
}

void sarn__control_run(sarn_engine *engine, struct sarn__request *request)
{
    const struct sarn_control *what = &request->as.control.what;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__command_result result;
    struct sarn__meta meta = {.time_us = sarn__writer_now(&engine->writer),
                              .tenant = what->tenant,
                              .actor = what->actor,
                              .origin = what->origin};
    uint8_t hash[16];
    sarn_status status = SARN_OK;

    if (what->key.size > 0) {
        status = hash_of(engine, request, hash, &error);
    }
    if (status != SARN_OK) {
        sarn__answer_error(engine, request, status, &error);
    } else if (what->key.size == 0) {
        decide_request(engine, request, &meta, NULL);
    } else if (!sarn__key_taken(engine, request, meta.tenant, what->key, hash,
                                &result)) {
        decide_request(engine, request, &meta, &result);
    }
    sarn__runs_trim(engine);
}
