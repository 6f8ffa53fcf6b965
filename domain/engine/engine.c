/* The engine's turn: take in, decide, hand out. See engine.h for who calls what. */
#include "engine/engine.h"

#include <assert.h>
#include <stdio.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/orchestrator.h"
#include "engine/schedules.h"
#include "engine/state.h"

#define FOLLOW_EVENTS 1024u /* Background reading in one turn, in events. */
#define SPLIT_EVENTS  256u  /* Decided at once while no append is out. */
#define RECOVER_COUNT 256u  /* Executions recovered in one turn. */

#define REST_US INT64_C(100000) /* Between two tries without memory. */

/* --- small things --- */

void sarn__engine_observe(sarn_engine *engine,
                          enum sarn_stage stage,
                          sarn_status status,
                          uint32_t count,
                          uint64_t position,
                          struct sarn_str subject)
{
    const struct sarn_hooks *hooks = &engine->options.hooks;

    if (hooks->observe != NULL) {
        struct sarn_observation observation = {.struct_size = sizeof(observation),
                                               .stage = stage,
                                               .status = status,
                                               .count = count,
                                               .position = position,
                                               .time_us =
                                                   sarn__writer_now(&engine->writer),
                                               .subject = subject};

        hooks->observe(hooks->arg, &observation);
    }
}

void sarn__engine_rest(sarn_engine *engine)
{
    engine->rest_until_us = sarn__writer_now(&engine->writer) + REST_US;
}

void sarn__engine_push_job(sarn_engine *engine, struct sarn__job *job)
{
    job->next = NULL;
    if (engine->duties_last == NULL) {
        engine->duties_first = job;
    } else {
        engine->duties_last->next = job;
    }
    engine->duties_last = job;
}

void sarn__engine_halt(sarn_engine *engine,
                       sarn_status status,
                       const struct sarn_error *error)
{
    const struct sarn_hooks *hooks = &engine->options.hooks;

    if (engine->stopped != SARN_OK) {
        return;
    }
    engine->stopped = status;
    /* Whoever comes now: nothing was done; of a deposed one, nothing will ever be. */
    sarn__error_set(&engine->stopped_error,
                    status == SARN_ERR_DEPOSED ? status : SARN_ERR_CLOSED,
                    "the engine stopped and must be reopened: %.190s",
                    error->status == SARN_OK ? sarn_status_text(status) : error->text);
    if (hooks->log != NULL) {
        hooks->log(hooks->arg, engine->stopped_error.text);
    }
    sarn__orchestrator_halted(engine, error);
}

sarn_status sarn__engine_stopped(const sarn_engine *engine)
{
    return engine->stopped;
}

void *sarn__engine_host(const sarn_engine *engine)
{
    return engine->host;
}

void sarn__engine_set_host(sarn_engine *engine, void *host)
{
    engine->host = host;
}

struct sarn_log *sarn__engine_log(sarn_engine *engine)
{
    return &engine->log;
}

struct sarn__bus *sarn__engine_bus(sarn_engine *engine)
{
    return engine->bus;
}

const struct sarn_options *sarn__engine_options(const sarn_engine *engine)
{
    return &engine->options;
}

/* --- the queue --- */

void sarn__engine_submit(sarn_engine *engine, struct sarn__request *request)
{
    request->next = NULL;
    if (engine->queue_last == NULL) {
        engine->queue_first = request;
    } else {
        engine->queue_last->next = request;
    }
    engine->queue_last = request;
    engine->queued += 1;
    engine->waiting += 1;
}

static struct sarn_str subject_of(const struct sarn__request *request)
{
    switch ((enum sarn__request_kind)request->kind) {
    case SARN__REQUEST_COMMAND:
        return request->as.command.stream;
    case SARN__REQUEST_APPEND:
        return request->as.append.streams[0].stream;
    case SARN__REQUEST_METADATA:
    case SARN__REQUEST_DELETE:
        return request->as.stream.stream;
    case SARN__REQUEST_START:
        return request->as.start.workflow_id;
    case SARN__REQUEST_CONTROL:
        return request->as.control.stream;
    case SARN__REQUEST_SCHEDULE:
        return request->as.schedule.what.id;
    }
    return (struct sarn_str){NULL, 0};
}

/* The authorize hook speaks of commands: the others are shown to it as one each. */
static sarn_status authorize(sarn_engine *engine, const struct sarn__request *request)
{
    const struct sarn_hooks *hooks = &engine->options.hooks;
    struct sarn_command command = SARN_COMMAND_INIT;
    char stream[SARN_STREAM_NAME_BYTES_MAX + 1];

    if (hooks->authorize == NULL) {
        return SARN_OK;
    }
    command.stream = subject_of(request);
    (void)sarn__request_key(request, &command.tenant);
    switch ((enum sarn__request_kind)request->kind) {
    case SARN__REQUEST_COMMAND:
        return hooks->authorize(hooks->arg, &request->as.command);
    case SARN__REQUEST_APPEND:
        command.actor = request->as.append.actor;
        command.origin = request->as.append.origin;
        command.key = request->as.append.key;
        for (uint32_t i = 0; i < request->as.append.stream_count; i++) {
            command.stream = request->as.append.streams[i].stream;
            SARN__TRY(hooks->authorize(hooks->arg, &command));
        }
        return SARN_OK;
    case SARN__REQUEST_METADATA:
    case SARN__REQUEST_DELETE:
        break;
    case SARN__REQUEST_START:
        /* Its stream: the id alone could be any aggregate's name. */
        (void)snprintf(stream, sizeof(stream), "%s-%.*s", request->as.start.workflow,
                       (int)command.stream.size, command.stream.data);
        command.stream = sarn_str(stream);
        command.actor = request->as.start.actor;
        command.origin = request->as.start.origin;
        command.correlation_id = request->as.start.correlation_id;
        break;
    case SARN__REQUEST_CONTROL:
        command.actor = request->as.control.what.actor;
        command.origin = request->as.control.what.origin;
        command.key = request->as.control.what.key;
        if (request->as.control.what.op == SARN_CONTROL_FORK) { /* Two of them. */
            const struct sarn_control *what = &request->as.control.what;

            SARN__TRY(hooks->authorize(hooks->arg, &command));
            (void)snprintf(stream, sizeof(stream), "%.*s-%.*s",
                           (int)what->workflow.size, what->workflow.data,
                           (int)what->name.size, what->name.data);
            command.stream = sarn_str(stream);
        }
        break;
    case SARN__REQUEST_SCHEDULE:
        command.stream = sarn__schedule_stream(command.stream, stream);
        command.actor = request->as.schedule.what.actor;
        break;
    }
    return hooks->authorize(hooks->arg, &command);
}

static void run_request(sarn_engine *engine, struct sarn__request *request)
{
    struct sarn_error error = {SARN_OK, ""};

    sarn__engine_observe(engine, SARN_STAGE_SUBMIT, SARN_OK, 1, 0, subject_of(request));
    if (authorize(engine, request) != SARN_OK) {
        sarn_status status =
            sarn__fail(&error, SARN_ERR_DENIED,
                       "the authorize hook does not allow this on \"%.*s\"",
                       (int)subject_of(request).size, subject_of(request).data);

        engine->counts.rejections += 1;
        sarn__answer_error(engine, request, status, &error);
        return;
    }
    switch ((enum sarn__request_kind)request->kind) {
    case SARN__REQUEST_COMMAND:
        sarn__command_run(engine, request);
        break;
    case SARN__REQUEST_APPEND:
        sarn__append_run(engine, request);
        break;
    case SARN__REQUEST_METADATA:
        sarn__metadata_run(engine, request);
        break;
    case SARN__REQUEST_DELETE:
        sarn__delete_run(engine, request);
        break;
    case SARN__REQUEST_START:
        sarn__orchestrator_start(engine, request);
        break;
    case SARN__REQUEST_CONTROL:
        sarn__control_run(engine, request);
        break;
    case SARN__REQUEST_SCHEDULE:
        sarn__schedules_request(engine, request);
        break;
    }
}

static struct sarn__request *take_request(sarn_engine *engine)
{
    struct sarn__request *request = engine->queue_first;

    if (request != NULL) {
        engine->queue_first = request->next;
        if (engine->queue_first == NULL) {
            engine->queue_last = NULL;
        }
        request->next = NULL;
        engine->queued -= 1;
    }
    return request;
}

/* May one more request be decided now? While the committer has nothing to do, a batch
 * of some size goes out first, and the rest is decided beside its sync. */
static bool may_decide(const sarn_engine *engine)
{
    const struct sarn__batch *open = engine->writer.open;
    bool goes_out = !engine->job_out && open->waited && open->count >= SPLIT_EVENTS;

    return !engine->winding && !sarn__writer_is_full(&engine->writer) && !goes_out;
}

/* Decide what waits, as much as fits the open batch. */
static void decide_queue(sarn_engine *engine)
{
    while (engine->queue_first != NULL) {
        if (engine->stopped != SARN_OK) {
            sarn__answer_error(engine, take_request(engine),
                               engine->stopped_error.status, &engine->stopped_error);
        } else if (may_decide(engine)) {
            run_request(engine, take_request(engine));
        } else {
            break;
        }
    }
}

/* --- the turn --- */

/* Followers of the log: async projections, subscriptions that are behind. */
static bool follow(sarn_engine *engine)
{
    struct sarn_error error = {SARN_OK, ""};
    bool rows = false;
    bool subscribers = false;
    sarn_status status;

    if (engine->winding || engine->stopped != SARN_OK) {
        return false;
    }
    status =
        sarn__projections_follow(engine->log.projections, FOLLOW_EVENTS, &rows, &error);
    if (status == SARN_OK) {
        status = sarn__bus_follow(engine->bus, FOLLOW_EVENTS, &subscribers, &error);
    }
    if (status == SARN_ERR_NOMEM) { /* Each goes on from where it is. */
        sarn__engine_rest(engine);
    } else if (status != SARN_OK) {
        sarn__engine_halt(engine, status, &error);
    }
    return status == SARN_OK && (rows || subscribers);
}

/* What is done when no request is in the way. */
static bool background(sarn_engine *engine)
{
    bool more = false;

    if (engine->winding || engine->stopped != SARN_OK ||
        (engine->rest_until_us != 0 &&
         sarn__writer_now(&engine->writer) < engine->rest_until_us)) {
        return false;
    }
    engine->rest_until_us = 0;
    more = sarn__orchestrator_wake(engine);
    more = sarn__orchestrator_recover(engine, RECOVER_COUNT) || more;
    more = sarn__schedules_turn(engine) || more;
    return follow(engine) || more;
}

static int64_t next_wake(sarn_engine *engine)
{
    int64_t wake_us =
        engine->winding ? INT64_MAX : sarn__orchestrator_next_wake(engine);
    int64_t schedules_us =
        engine->winding ? INT64_MAX : sarn__schedules_next_wake(engine);

    wake_us = schedules_us < wake_us ? schedules_us : wake_us;
    if (engine->rest_until_us != 0 && !engine->winding && engine->stopped == SARN_OK) {
        wake_us = engine->rest_until_us; /* Whatever is due before waits until then. */
    }
    /* While a job is out nothing is flushed, however late it is. */
    if (engine->flush_retry_us != 0 && engine->flush_retry_us < wake_us &&
        !engine->winding && !engine->job_out && engine->stopped == SARN_OK) {
        wake_us = engine->flush_retry_us;
    }
    return wake_us;
}

/* Is there something to do that no job and no request will bring up? */
static bool wants_turn(const sarn_engine *engine)
{
    const struct sarn__batch *open = engine->writer.open;
    bool stopped = engine->stopped != SARN_OK;
    bool unlaunched = open->waited && open->count > 0 && !engine->job_out &&
                      !stopped; /* There was no memory to. */

    return engine->writer.settling != NULL || unlaunched ||
           (engine->queue_first != NULL && (stopped || may_decide(engine)));
}

void sarn__engine_poll(sarn_engine *engine, struct sarn__duties *duties)
{
    bool news = engine->job_finished;
    bool again = false;

    if (news) {
        engine->job_out = false;
        sarn__settle_job(engine);
    }
    decide_queue(engine);
    sarn__engine_launch(engine);
    /* What became durable is answered at once and folded when the committer has work
     * again or there is none: the answered clients' next requests are decided first. */
    if (!news && engine->duties_first == NULL) {
        sarn__settle_fold(engine);
    }
    if (engine->writer.settling == NULL) {
        again = background(engine);
        sarn__engine_launch(engine); /* A timer may have decided something. */
    }
    if (engine->stopped != SARN_OK) { /* What is not on its way will never be. */
        sarn__answer_all(engine, &engine->open_answers, engine->stopped_error.status,
                         &engine->stopped_error);
    }
    *duties = (struct sarn__duties){.jobs = engine->duties_first,
                                    .wake_us = next_wake(engine),
                                    .again = again || wants_turn(engine),
                                    .queued = engine->queued};
    engine->duties_first = engine->duties_last = NULL;
}

void sarn__engine_finish(sarn_engine *engine, struct sarn__job *job)
{
    if (job == &engine->commit_job.job) {
        assert(engine->job_out && !engine->job_finished);
        engine->job_finished = true;
    } else {
        sarn__orchestrator_finish(engine, job);
    }
}

void sarn__engine_stop(sarn_engine *engine)
{
    engine->winding = true;
    sarn__orchestrator_stop(engine);
}

uint32_t sarn__engine_busy(const sarn_engine *engine)
{
    return engine->waiting + (engine->job_out ? 1 : 0) +
           sarn__orchestrator_running(engine);
}
