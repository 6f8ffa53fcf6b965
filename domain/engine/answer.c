/* Replies: now, with the batch, or never before it is durable. */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/state.h"

struct sarn_str sarn__request_key(const struct sarn__request *request, uint32_t *tenant)
{
    switch ((enum sarn__request_kind)request->kind) {
    case SARN__REQUEST_COMMAND:
        *tenant = request->as.command.tenant;
        return request->as.command.key;
    case SARN__REQUEST_APPEND:
        *tenant = request->as.append.tenant;
        return request->as.append.key;
    case SARN__REQUEST_METADATA:
    case SARN__REQUEST_DELETE:
        *tenant = request->as.stream.tenant;
        break;
    case SARN__REQUEST_START: /* Its id is its key; see the orchestrator. */
        *tenant = request->as.start.tenant;
        break;
    case SARN__REQUEST_SCHEDULE:
        *tenant = request->as.schedule.what.tenant;
        break;
    case SARN__REQUEST_CONTROL:
        *tenant = request->as.control.what.tenant;
        return request->as.control.what.key;
    }
    return (struct sarn_str){NULL, 0};
}

void sarn__answer_now(sarn_engine *engine,
                      struct sarn__request *request,
                      const struct sarn_reply *reply)
{
    struct sarn_reply full = *reply;
    uint32_t tenant;
    struct sarn_str key = sarn__request_key(request, &tenant);

    if (full.text == NULL) {
        full.text = full.status == SARN_OK ? "" : sarn_status_text(full.status);
    }
    if (key.size > 0 && !full.repeated) {
        sarn__key_answered(engine, request, tenant, key, &full);
    }
    assert(engine->waiting > 0);
    engine->waiting -= 1;
    if (request->reply != NULL) {
        request->reply(request->reply_arg, &full);
    }
    sarn__request_destroy(request);
}

void sarn__answer_error(sarn_engine *engine,
                        struct sarn__request *request,
                        sarn_status status,
                        const struct sarn_error *error)
{
    struct sarn_reply reply = {.status = status, .version = -1};

    if (error != NULL && error->status == status) {
        reply.text = error->text;
    }
    sarn__answer_now(engine, request, &reply);
}

void sarn__answer_later(sarn_engine *engine,
                        struct sarn__request *request,
                        const struct sarn_reply *reply)
{
    const struct sarn__writer *writer = &engine->writer;
    bool open = writer->open->count > 0;
    struct sarn__answers *answers =
        open ? &engine->open_answers : &engine->flight_answers;
    struct sarn__answer *answer = request->answer;
    struct sarn_str text = {NULL, 0};

    if (!open && writer->in_flight == NULL) {
        sarn__answer_now(engine, request, reply);
        return;
    }
    if (reply->text != NULL &&
        sarn_arena_copy(request->arena,
                        (struct sarn_str){reply->text, sarn_str(reply->text).size + 1},
                        &text) != SARN_OK) {
        text.data = NULL; /* The status has words, too. */
    }
    *answer = (struct sarn__answer){.request = request, .reply = *reply};
    answer->reply.text = text.data;
    if (answers->last == NULL) {
        answers->first = answer;
    } else {
        answers->last->next = answer;
    }
    answers->last = answer;
    if (open) {
        sarn__writer_wait(&engine->writer);
    }
}

void sarn__answer_all(sarn_engine *engine,
                      struct sarn__answers *answers,
                      sarn_status status,
                      const struct sarn_error *error)
{
    struct sarn__answer *answer = answers->first;

    /* A reply may submit more, which lands in these lists: take this one out first. */
    *answers = (struct sarn__answers){NULL, NULL};
    while (answer != NULL) {
        struct sarn__answer *next = answer->next;

        if (status == SARN_OK) {
            sarn__answer_now(engine, answer->request, &answer->reply);
        } else {
            sarn__answer_error(engine, answer->request, status, error);
        }
        answer = next;
    }
}
