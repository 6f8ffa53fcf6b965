/* Replies to who waits for an execution, and questions about one. */
#include <stdio.h>
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

static struct sarn__request *take_waiters(struct sarn__run *run)
{
    struct sarn__request *first = run->waiters_first;

    run->waiters_first = run->waiters_last = NULL;
    return first;
}

/* --- replies --- */

static sarn_status ending(const struct sarn__execution *execution,
                          const struct sarn__trouble **trouble)
{
    *trouble = NULL;
    if (execution->status == SARN_EXECUTION_COMPENSATED) {
        *trouble = &execution->failure;
        return SARN_ERR_COMPENSATED;
    }
    if (execution->status == SARN_EXECUTION_PARKED) {
        *trouble = &execution->parked;
        return SARN_ERR_PARKED;
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

static void reply_end(sarn_engine *engine,
                      const struct sarn__run *run,
                      struct sarn__request *request)
{
    const struct sarn__trouble *trouble = NULL;
    char text[SARN_ERROR_TEXT_BYTES];
    struct sarn_reply reply = {.status = ending(run->execution, &trouble),
                               .position = run->last_position,
                               .version = (int64_t)run->last_version,
                               .correlation_id = run->correlation_id,
                               .repeated = request->waiting != 0};

    if (trouble != NULL) {
        cut(trouble->text.size > 0 ? trouble->text : trouble->code, text);
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
                               .repeated = request->waiting != 0};

    sarn__answer_now(engine, request, &reply);
}

void sarn__run_answer(sarn_engine *engine, struct sarn__run *run)
{
    struct sarn__request *request = take_waiters(run);
    bool started = run->started_position <= engine->durable;
    bool over = run->last_position <= engine->durable &&
                sarn__execution_is_over(run->execution);

    while (request != NULL) {
        struct sarn__request *next = request->next;
        bool detached = (request->as.start.flags & SARN_START_DETACHED) != 0;

        /* Who joins an execution that has ended wants to know how, detached or not. */
        if (over && (!detached || request->waiting != 0)) {
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

/* --- questions --- */

uint32_t sarn__orchestrator_running(const sarn_engine *engine)
{
    return engine->orchestrator->jobs_out;
}

uint64_t sarn__orchestrator_executions(const sarn_engine *engine)
{
    return engine->orchestrator->runs.count - engine->orchestrator->ended_count;
}

/* Where it is, as far as the definition registered now can tell. */
static sarn_status current_step(sarn_engine *engine,
                                struct sarn_str workflow,
                                const struct sarn__execution *execution,
                                struct sarn_arena *arena,
                                struct sarn_str *step)
{
    const struct sarn_workflow *registered =
        sarn__registry_workflow(engine->log.registry, workflow);
    const struct sarn__definition *definition = NULL;
    struct sarn__duty duty;

    if (registered == NULL) {
        return SARN_OK;
    }
    definition = sarn__run_definition(engine->orchestrator, registered);
    if (definition == NULL) {
        return SARN_ERR_NOMEM;
    }
    sarn__plan(execution, definition, sarn__writer_now(&engine->writer), &duty);
    return sarn_arena_copy(arena, duty.step_id, step);
}

static sarn_status fill_info(sarn_engine *engine,
                             struct sarn_str workflow,
                             const struct sarn__execution *execution,
                             struct sarn_arena *arena,
                             struct sarn_execution_info *info)
{
    struct sarn_execution_info found = {.status = execution->status,
                                        .steps_done = execution->done_count,
                                        .run_id = execution->run_id};

    switch ((enum sarn_execution_status)execution->status) {
    case SARN_EXECUTION_RUNNING:
        SARN__TRY(current_step(engine, workflow, execution, arena, &found.step));
        break;
    case SARN_EXECUTION_COMPENSATING:
    case SARN_EXECUTION_COMPENSATED:
        found.step = execution->failure.step;
        found.text = execution->failure.text;
        break;
    case SARN_EXECUTION_PARKED:
        found.step = execution->parked.step;
        found.text = execution->parked.text;
        break;
    case SARN_EXECUTION_COMPLETED:
    case SARN_EXECUTION_CANCELLED:
    case SARN_EXECUTION_TERMINATED:
    case SARN_EXECUTION_TIMED_OUT:
    case SARN_EXECUTION_CONTINUED:
    case SARN_EXECUTION_UNDONE:
        break;
    }
    *info = found;
    return SARN_OK;
}

sarn_status sarn__orchestrator_execution(sarn_engine *engine,
                                         uint32_t tenant,
                                         struct sarn_str workflow,
                                         struct sarn_str workflow_id,
                                         struct sarn_arena *arena,
                                         struct sarn_execution_info *info,
                                         struct sarn_error *error)
{
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
    int size = snprintf(name, sizeof(name), "%.*s-%.*s", (int)workflow.size,
                        workflow.data, (int)workflow_id.size, workflow_id.data);
    struct sarn__execution *execution = NULL;
    struct sarn__execution_trace trace;
    struct sarn__head head;

    if (size > 0 && size < (int)sizeof(name)) {
        struct sarn_str stream = {name, (uint32_t)size};

        SARN__TRY(sarn__store_head(&engine->log.store, tenant, stream, &head, error));
        SARN__TRY(sarn__execution_read(&engine->log.store, engine->log.decoder, &head,
                                       arena, engine->orchestrator->scratch, &execution,
                                       &trace, error));
    }
    if (execution == NULL) {
        return sarn__fail(
            error, SARN_ERR_NOT_FOUND, "workflow \"%.*s\" has no execution \"%.*s\"",
            (int)workflow.size, workflow.data, (int)workflow_id.size, workflow_id.data);
    }
    if (fill_info(engine, workflow, execution, arena, info) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory reading an execution");
    }
    return SARN_OK;
}
