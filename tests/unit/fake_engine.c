#define _GNU_SOURCE

#include "unit/fake_engine.h"

#include "core/fail.h"
#include "core/heap.h"
#include "engine/bus.h"
#include "engine/registry.h"
#include "infra/host/host.h"

static void gate_pass(struct gate *gate)
{
    if (gate != NULL) {
        sem_post(&gate->arrived);
        sem_wait(&gate->open);
        sem_post(&gate->open); /* Open for good. */
    }
}

struct fake_step {
    struct sarn__job job;
    sarn_engine *engine;
    struct sarn__request *request;
};

static void append(struct sarn__job *job)
{
    sarn_engine *engine =
        (sarn_engine *)(void *)((char *)job - offsetof(struct sarn_engine, commit));

    engine->appended_by = pthread_self();
    gate_pass(engine->commit_gate);
    atomic_fetch_add(&engine->appends, 1);
}

static void step(struct sarn__job *job)
{
    struct fake_step *step = (struct fake_step *)(void *)job;

    gate_pass(step->engine->step_gate);
    atomic_fetch_add(&step->engine->steps, 1);
}

static void
answer(sarn_engine *engine, struct sarn__request *request, sarn_status status)
{
    struct sarn_reply reply = {.status = status, .text = "", .version = 7};

    atomic_fetch_add(&engine->answers, 1);
    request->reply(request->reply_arg, &reply);
    sarn__request_destroy(request);
}

static void
answer_all(sarn_engine *engine, struct sarn__request **list, sarn_status status)
{
    while (*list != NULL) {
        struct sarn__request *request = *list;

        *list = request->next;
        answer(engine, request, status);
    }
}

static sarn_status fake_request(uint32_t kind, struct sarn__request **request)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__request *made = sarn_arena_alloc(arena, sizeof(*made));

    made->arena = arena;
    made->kind = kind;
    *request = made;
    return SARN_OK;
}

sarn_status sarn__request_command(sarn_engine *engine,
                                  const struct sarn_command *command,
                                  struct sarn__request **request,
                                  struct sarn_error *error)
{
    (void)engine;
    (void)command;
    (void)error;
    return fake_request(SARN__REQUEST_COMMAND, request);
}

sarn_status sarn__request_append(sarn_engine *engine,
                                 const struct sarn_append *append_,
                                 struct sarn__request **request,
                                 struct sarn_error *error)
{
    (void)engine;
    (void)append_;
    (void)error;
    return fake_request(SARN__REQUEST_APPEND, request);
}

sarn_status sarn__request_start(sarn_engine *engine,
                                const struct sarn_start *start,
                                struct sarn__request **request,
                                struct sarn_error *error)
{
    (void)engine;
    (void)start;
    (void)error;
    return fake_request(SARN__REQUEST_START, request);
}

sarn_status sarn__request_control(sarn_engine *engine,
                                  const struct sarn_control *control,
                                  struct sarn__request **request,
                                  struct sarn_error *error)
{
    (void)engine;
    (void)control;
    (void)error;
    return fake_request(SARN__REQUEST_CONTROL, request);
}

sarn_status sarn__request_schedule_put(sarn_engine *engine,
                                       const struct sarn_schedule *schedule,
                                       struct sarn_str json,
                                       struct sarn__request **request,
                                       struct sarn_error *error)
{
    (void)engine;
    (void)schedule;
    (void)json;
    (void)error;
    return fake_request(SARN__REQUEST_SCHEDULE, request);
}

sarn_status sarn__request_schedule_alter(sarn_engine *engine,
                                         const struct sarn_schedule_change *change,
                                         struct sarn__request **request,
                                         struct sarn_error *error)
{
    (void)engine;
    (void)change;
    (void)error;
    return fake_request(SARN__REQUEST_SCHEDULE, request);
}

sarn_status sarn__request_metadata(sarn_engine *engine,
                                   uint32_t tenant,
                                   struct sarn_str stream,
                                   struct sarn_str metadata,
                                   struct sarn__request **request,
                                   struct sarn_error *error)
{
    (void)engine;
    (void)tenant;
    (void)stream;
    (void)metadata;
    (void)error;
    return fake_request(SARN__REQUEST_METADATA, request);
}

sarn_status sarn__request_delete(sarn_engine *engine,
                                 uint32_t tenant,
                                 struct sarn_str stream,
                                 int64_t expected_version,
                                 struct sarn__request **request,
                                 struct sarn_error *error)
{
    (void)engine;
    (void)tenant;
    (void)stream;
    (void)expected_version;
    (void)error;
    return fake_request(SARN__REQUEST_DELETE, request);
}

void sarn__request_destroy(struct sarn__request *request)
{
    sarn_arena_destroy(request->arena);
}

void sarn__engine_submit(sarn_engine *engine, struct sarn__request *request)
{
    *engine->queue_tail = request;
    engine->queue_tail = &request->next;
}

static void begin_step(sarn_engine *engine, struct sarn__request *request)
{
    struct fake_step *made = sarn_arena_alloc(request->arena, sizeof(*made));

    *made = (struct fake_step){.job = {.kind = SARN__JOB_STEP, .work = step},
                               .engine = engine,
                               .request = request};
    request->next = engine->running;
    engine->running = request;
    made->job.next = engine->duty;
    engine->duty = &made->job;
}

void sarn__engine_finish(sarn_engine *engine, struct sarn__job *job)
{
    struct fake_step *finished = (struct fake_step *)(void *)job;
    struct sarn__request **link = &engine->running;

    if (job == &engine->commit) {
        engine->commit_out = false;
        return;
    }
    while (*link != finished->request) {
        link = &(*link)->next;
    }
    *link = finished->request->next;
    answer(engine, finished->request, SARN_OK);
}

void sarn__engine_poll(sarn_engine *engine, struct sarn__duties *duties)
{
    if (!engine->commit_out) {
        answer_all(engine, &engine->flight, SARN_OK);
        while (!engine->winding && engine->queue != NULL) {
            struct sarn__request *request = engine->queue;

            engine->queue = request->next;
            if (request->kind == SARN__REQUEST_START) {
                begin_step(engine, request);
            } else {
                request->next = engine->flight;
                engine->flight = request;
            }
        }
        engine->queue_tail =
            engine->queue == NULL ? &engine->queue : engine->queue_tail;
        if (engine->flight != NULL) {
            engine->commit = (struct sarn__job){
                .kind = SARN__JOB_COMMIT, .work = append, .quick = true};
            engine->commit.next = engine->duty;
            engine->duty = &engine->commit;
            engine->commit_out = true;
        }
    }
    *duties = (struct sarn__duties){.jobs = engine->duty, .wake_us = INT64_MAX};
    for (struct sarn__request *r = engine->queue; r != NULL; r = r->next) {
        duties->queued++;
    }
    engine->duty = NULL;
}

void sarn__engine_stop(sarn_engine *engine)
{
    engine->winding = true;
}

void sarn__engine_settle(sarn_engine *engine)
{
    (void)engine;
}

sarn_status sarn__engine_knows(const sarn_engine *engine, struct sarn_error *error)
{
    (void)engine;
    (void)error;
    return SARN_OK;
}

void sarn__engine_destroy(sarn_engine *engine)
{
    answer_all(engine, &engine->queue, SARN_ERR_CLOSED);
    answer_all(engine, &engine->flight, SARN_ERR_CLOSED);
    answer_all(engine, &engine->running, SARN_ERR_CLOSED);
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

void sarn__engine_stats(const sarn_engine *engine, struct sarn_engine_stats *stats)
{
    stats->commits = engine->appends;
}

/* Questions that no test here asks of this engine. */

struct sarn__bus *sarn__engine_bus(sarn_engine *engine)
{
    (void)engine;
    return NULL;
}

sarn_status sarn__engine_load(sarn_engine *engine,
                              uint32_t tenant,
                              const struct sarn_str *streams,
                              uint32_t count,
                              sarn_state_fn *handler,
                              void *arg,
                              struct sarn_error *error)
{
    (void)engine;
    (void)tenant;
    (void)error;
    for (uint32_t i = 0; i < count; i++) {
        SARN__TRY(handler(arg, streams[i], (int64_t)i, "state"));
    }
    return SARN_OK;
}

sarn_status sarn__engine_warm(sarn_engine *engine,
                              uint32_t tenant,
                              struct sarn_str category,
                              uint32_t count,
                              struct sarn_error *error)
{
    (void)engine;
    (void)tenant;
    (void)category;
    (void)count;
    return sarn__fail(error, SARN_ERR_NOT_FOUND, "no such category");
}

sarn_status sarn__engine_execution(sarn_engine *engine,
                                   uint32_t tenant,
                                   struct sarn_str workflow,
                                   struct sarn_str workflow_id,
                                   struct sarn_arena *arena,
                                   struct sarn_execution_info *info,
                                   struct sarn_error *error)
{
    (void)engine;
    (void)tenant;
    (void)workflow;
    (void)workflow_id;
    (void)arena;
    (void)info;
    return sarn__fail(error, SARN_ERR_NOT_FOUND, "no such execution");
}

sarn_status sarn__engine_query(sarn_engine *engine,
                               uint32_t tenant,
                               struct sarn_str workflow,
                               struct sarn_str workflow_id,
                               struct sarn_str name,
                               const void *input,
                               struct sarn_arena *arena,
                               const void **output,
                               struct sarn_error *error)
{
    (void)engine;
    (void)tenant;
    (void)workflow;
    (void)workflow_id;
    (void)name;
    (void)input;
    (void)arena;
    (void)output;
    return sarn__fail(error, SARN_ERR_NOT_FOUND, "no such execution");
}

sarn_status sarn__engine_rebuild(sarn_engine *engine,
                                 struct sarn_str projection,
                                 sarn_progress_fn *progress,
                                 void *arg,
                                 struct sarn_error *error)
{
    (void)engine;
    (void)projection;
    (void)progress;
    (void)arg;
    return sarn__fail(error, SARN_ERR_NOT_FOUND, "no such projection");
}

sarn_status
sarn__bus_subscribe(struct sarn__bus *bus,
                    const struct sarn_subscribe_options *options,
                    sarn_event_fn *handler,
                    void (*ended)(void *arg, sarn_status status, uint64_t position),
                    void *arg,
                    sarn_subscription **subscription,
                    struct sarn_error *error)
{
    (void)bus;
    (void)options;
    (void)handler;
    (void)ended;
    (void)arg;
    (void)subscription;
    return sarn__fail(error, SARN_ERR_NOMEM, "no bus");
}

void sarn__bus_unsubscribe(struct sarn__bus *bus, sarn_subscription *subscription)
{
    (void)bus;
    (void)subscription;
}

const struct sarn_aggregate *
sarn__registry_aggregate(const struct sarn__registry *registry,
                         struct sarn_str category)
{
    (void)registry;
    (void)category;
    return NULL;
}

struct sarn_str sarn__category(struct sarn_str stream)
{
    return stream;
}

/* --- fixture --- */

static const struct sarn_module module = {.workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

void fake_open(struct fixture *f, uint32_t flags, uint32_t queue_max)
{
    struct sarn_options options = {.flags = flags,
                                   .queue_max = queue_max,
                                   .workers = 2,
                                   .modules = modules,
                                   .module_count = 1,
                                   .heap =
                                       sarn__heap_or_malloc(&(struct sarn_heap){0})};
    struct sarn__host *host;

    memset(f, 0, sizeof(*f));
    f->engine.queue_tail = &f->engine.queue;
    for (size_t i = 0; i < 2; i++) {
        struct gate *gate = i == 0 ? &f->commit_gate : &f->step_gate;

        sem_init(&gate->arrived, 0, 0);
        sem_init(&gate->open, 0, 0);
    }
    assert_ok(sarn__host_create(&options, &host, &f->error), &f->error);
    sarn__host_attach(host, &f->engine, NULL, NULL);
}

void fake_on_reply(void *arg, const struct sarn_reply *reply)
{
    struct fixture *f = arg;

    f->replied_on = pthread_self();
    f->seen = reply->status;
    atomic_fetch_add(reply->status == SARN_OK ? &f->replies : &f->failures, 1);
}

sarn_status fake_append_call(struct fixture *f)
{
    struct sarn_append append_ = SARN_APPEND_INIT;

    return sarn_append_call(&f->engine, &append_, NULL, &f->error);
}

sarn_status fake_append_submit(struct fixture *f)
{
    struct sarn_append append_ = SARN_APPEND_INIT;

    return sarn_append_submit(&f->engine, &append_, fake_on_reply, f, &f->error);
}

sarn_status fake_execution_submit(struct fixture *f)
{
    struct sarn_start start = SARN_START_INIT;

    return sarn_execution_start(&f->engine, &start, fake_on_reply, f, &f->error);
}
