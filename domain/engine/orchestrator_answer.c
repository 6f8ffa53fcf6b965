/* Replies to who waits for an execution. */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

void sarn__run_wait(struct sarn__run *run, struct sarn__request *request)
{
    request->next = NULL;
    if (run->waiters_last == NULL) {
        run->waiters_first = request;
    } else {
        run->waiters_last->next = request;
    }
    run->waiters_last = request;
}

void sarn__run_unwait(struct sarn__run *run, const struct sarn__request *request)
{
    struct sarn__request **link = &run->waiters_first, *before = NULL;

    while (*link != request) {
        assert(*link != NULL);
        before = *link;
        link = &(*link)->next;
    }
    *link = request->next;
    if (run->waiters_last == request) {
        run->waiters_last = before;
    }
}

static struct sarn__request *take_waiters(struct sarn__run *run)
{
    struct sarn__request *first = run->waiters_first;

    run->waiters_first = run->waiters_last = NULL;
    return first;
}

/* --- how it ended --- */

static sarn_status ending(const struct sarn__execution *execution,
                          struct sarn_str *text)
{
    *text = execution->failure.text.size > 0 ? execution->failure.text
                                             : execution->failure.code;
    switch ((enum sarn_execution_status)execution->status) {
    case SARN_EXECUTION_PARKED:
        *text = execution->parked.text.size > 0 ? execution->parked.text
                                                : execution->parked.code;
        return SARN_ERR_PARKED;
    case SARN_EXECUTION_COMPENSATED:
        return SARN_ERR_COMPENSATED;
    case SARN_EXECUTION_UNDONE:
        *text = execution->asked_text;
        return SARN_ERR_COMPENSATED;
    case SARN_EXECUTION_CANCELLED:
        *text = execution->asked_text;
        return SARN_ERR_CANCELLED;
    case SARN_EXECUTION_TERMINATED:
        *text = execution->asked_text;
        return SARN_ERR_TERMINATED;
    case SARN_EXECUTION_TIMED_OUT:
        return SARN_ERR_TIMEOUT;
    case SARN_EXECUTION_COMPLETED:
    case SARN_EXECUTION_RUNNING:
    case SARN_EXECUTION_COMPENSATING:
    case SARN_EXECUTION_CONTINUED:
        break;
    }
    return SARN_OK;
}

/* Terminated, and not cut inside a character. */
static void cut(struct sarn_str text, char to[SARN_ERROR_TEXT_BYTES])
{
    uint32_t size = text.size;

    if (size > SARN_ERROR_TEXT_BYTES - 1) {
        size = SARN_ERROR_TEXT_BYTES - 1;
        while (size > 0 && ((unsigned char)text.data[size] & 0xC0) == 0x80) {
            size -= 1;
        }
    }
    if (size > 0) {
        memcpy(to, text.data, size);
    }
    to[size] = '\0';
}

/* The result of an execution that completed, in the request's memory. */
static sarn_status take_result(sarn_engine *engine,
                               const struct sarn__run *run,
                               struct sarn__request *request,
                               struct sarn_reply *reply)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    const struct sarn_workflow *workflow =
        run->definition == NULL ? NULL : run->definition->workflow;
    const struct sarn_type *type = NULL;
    uint32_t index = 0;
    void *value = NULL;

    if (workflow == NULL || workflow->result == NULL ||
        run->execution->output.size == 0) {
        return SARN_OK;
    }
    index = sarn__step_index(workflow, sarn_str(workflow->result), 0);
    if (index < workflow->step_count) {
        type = sarn__step_at(workflow, index)->output;
    }
    if (type == NULL) {
        return SARN_OK;
    }
    value = sarn_arena_alloc(request->arena, type->size);
    if (value == NULL) {
        return SARN_ERR_NOMEM;
    }
    SARN__TRY(codec->ops->decode(codec->self, type, run->execution->output, value,
                                 request->arena, NULL));
    reply->output = value;
    reply->output_type = type;
    return SARN_OK;
}

static void reply_end(sarn_engine *engine,
                      const struct sarn__run *run,
                      struct sarn__request *request)
{
    struct sarn_str why;
    char text[SARN_ERROR_TEXT_BYTES];
    struct sarn_reply reply = {.status = ending(run->execution, &why),
                               .position = run->last_position,
                               .version = (int64_t)run->last_version,
                               .correlation_id = run->correlation_id,
                               .repeated = request->waiting != SARN__WAITS_FIRST};

    if (reply.status == SARN_OK) {
        reply.status = take_result(engine, run, request, &reply);
    } else {
        cut(why, text);
        reply.text = text[0] == '\0' ? NULL : text;
    }
    sarn__answer_now(engine, request, &reply);
}

static void reply_started(sarn_engine *engine,
                          const struct sarn__run *run,
                          struct sarn__request *request)
{
    struct sarn_reply reply = {.status = SARN_OK,
                               .position = run->started_position,
                               .version = -1,
                               .correlation_id = run->correlation_id,
                               .repeated = request->waiting != SARN__WAITS_FIRST};

    sarn__answer_now(engine, request, &reply);
}

/* What it waited for has ended: it is decided about anew. */
static void
replace(sarn_engine *engine, const struct sarn__run *run, struct sarn__request *request)
{
    struct sarn_reply reply = {
        .status = SARN_ERR_EXISTS,
        .text = "the execution was parked while it was ended: decide about it first",
        .version = -1};

    if (!sarn__execution_is_closed(run->execution)) {
        sarn__answer_now(engine, request, &reply);
        return;
    }
    request->waiting = SARN__WAITS_FIRST;
    engine->waiting -= 1; /* It is counted again. */
    sarn__engine_submit(engine, request);
}

void sarn__run_answer(sarn_engine *engine, struct sarn__run *run)
{
    struct sarn__request *request = take_waiters(run);
    bool started = run->started_position <= engine->durable;
    bool over = request != NULL && run->last_position <= engine->durable &&
                sarn__execution_is_over(run->execution);

    while (request != NULL) {
        struct sarn__request *next = request->next;
        bool detached = (request->as.start.flags & SARN_START_DETACHED) != 0;

        if (request->waiting == SARN__WAITS_TO_REPLACE && over) {
            replace(engine, run, request);
        } else if (request->waiting == SARN__WAITS_TO_REPLACE) {
            sarn__run_wait(run, request);
        } else if (over && (!detached || request->waiting != SARN__WAITS_FIRST)) {
            /* Who joins an execution that has ended wants to know how, detached or
             * not. */
            reply_end(engine, run, request);
        } else if (started && detached) {
            reply_started(engine, run, request);
        } else {
            sarn__run_wait(run, request);
        }
        request = next;
    }
}

void sarn__run_answer_error(sarn_engine *engine,
                            struct sarn__run *run,
                            sarn_status status,
                            const struct sarn_error *error)
{
    struct sarn__request *request = take_waiters(run);

    while (request != NULL) {
        struct sarn__request *next = request->next;

        sarn__answer_error(engine, request, status, error);
        request = next;
    }
}
