/* infra/host: who dispatches, who waits, who is told; around an engine made up for it.
 *
 * The made-up engine appends nothing: a "command" is answered when its commit job comes
 * back, an "execution" when its step does, and the test may hold either back. No test
 * sleeps: where two threads must meet, they do so at a gate.
 */
#define _GNU_SOURCE

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/bus.h"
#include "engine/registry.h"
#include "infra/host/host.h"

#include "support/test.h"

/* --- a gate: closed, until somebody opens it --- */

struct gate {
    sem_t arrived, open;
};

static void gate_pass(struct gate *gate)
{
    if (gate != NULL) {
        sem_post(&gate->arrived);
        sem_wait(&gate->open);
        sem_post(&gate->open); /* Open for good. */
    }
}

/* --- the made-up engine --- */

struct sarn_engine {
    struct sarn_log log;
    struct sarn_options options;
    void *host;
    struct sarn__request *queue, **queue_tail, *flight, *running;
    struct sarn__job commit, *duty;
    bool commit_out, winding;
    struct gate *commit_gate; /* Each append passes it. */
    struct gate *step_gate;   /* Each step passes it. */
    pthread_t appended_by;
    atomic_uint appends, steps, answers;
    uint32_t polls;
};

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
    engine->polls++;
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

struct fixture {
    sarn_engine engine;
    struct gate commit_gate, step_gate;
    struct sarn_error error;
    atomic_uint replies, failures;
    pthread_t replied_on;
    sarn_status seen; /* Of the last reply. */
};

static void open_with(struct fixture *f, uint32_t flags, uint32_t queue_max)
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

static void open_plain(struct fixture *f)
{
    open_with(f, 0, 1000);
}

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    struct fixture *f = arg;

    f->replied_on = pthread_self();
    f->seen = reply->status;
    atomic_fetch_add(reply->status == SARN_OK ? &f->replies : &f->failures, 1);
}

static sarn_status append_call(struct fixture *f)
{
    struct sarn_append append_ = SARN_APPEND_INIT;

    return sarn_append_call(&f->engine, &append_, NULL, &f->error);
}

static sarn_status append_submit(struct fixture *f)
{
    struct sarn_append append_ = SARN_APPEND_INIT;

    return sarn_append_submit(&f->engine, &append_, on_reply, f, &f->error);
}

static sarn_status execution_submit(struct fixture *f)
{
    struct sarn_start start = SARN_START_INIT;

    return sarn_execution_start(&f->engine, &start, on_reply, f, &f->error);
}

/* --- who dispatches --- */

static void one_client_does_everything_on_its_own_thread(void **unused)
{
    struct fixture f;
    struct sarn_append append_ = SARN_APPEND_INIT;
    struct sarn_reply reply;

    (void)unused;
    open_plain(&f);
    assert_ok(sarn_append_call(&f.engine, &append_, &reply, &f.error), &f.error);
    assert_int_equal(reply.version, 7);
    assert_null(reply.text);
    assert_true(pthread_equal(f.engine.appended_by, pthread_self()));
    sarn_close(&f.engine);
}

static void dispatch_does_what_was_submitted_and_no_sooner(void **unused)
{
    struct fixture f;

    (void)unused;
    open_plain(&f);
    assert_ok(append_submit(&f), &f.error);
    assert_ok(append_submit(&f), &f.error);
    assert_int_equal(f.replies, 0);
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_int_equal(f.replies, 2);
    assert_int_equal(f.engine.appends, 1); /* Both in one. */
    assert_true(pthread_equal(f.replied_on, pthread_self()));
    sarn_close(&f.engine);
}

/* Is sarn_fd() readable? Looks, and does not wait. */
static bool readable(struct fixture *f)
{
    fd_set set;
    struct timeval now = {0, 0};
    int fd = sarn_fd(&f->engine);

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return select(fd + 1, &set, NULL, NULL, &now) == 1;
}

static void the_descriptor_is_readable_exactly_when_there_is_work(void **unused)
{
    struct fixture f;

    (void)unused;
    open_plain(&f);
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_false(readable(&f));
    assert_ok(append_submit(&f), &f.error);
    assert_true(readable(&f));
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_false(readable(&f));
    assert_ok(execution_submit(&f), &f.error);
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    while (f.replies < 2) { /* A worker runs the step, and its end is news. */
        fd_set set;

        FD_ZERO(&set);
        FD_SET(sarn_fd(&f.engine), &set);
        assert_int_equal(select(sarn_fd(&f.engine) + 1, &set, NULL, NULL, NULL), 1);
        assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    }
    sarn_close(&f.engine);
}

static void stop_in_reply(void *arg, const struct sarn_reply *reply)
{
    struct fixture *f = arg;

    on_reply(f, reply);
    sarn_stop(&f->engine);
}

static void run_dispatches_until_a_callback_stops_it(void **unused)
{
    struct fixture f;
    struct sarn_append append_ = SARN_APPEND_INIT;

    (void)unused;
    open_plain(&f);
    for (unsigned i = 1; i <= 3; i++) { /* And may be run again. */
        assert_ok(sarn_append_submit(&f.engine, &append_, stop_in_reply, &f, &f.error),
                  &f.error);
        assert_ok(sarn_run(&f.engine, &f.error), &f.error);
        assert_int_equal(f.replies, i);
    }
    sarn_stop(&f.engine); /* Before the loop: it is not lost. */
    assert_ok(sarn_run(&f.engine, &f.error), &f.error);
    sarn_close(&f.engine);
}

static void a_started_thread_answers_and_stops_and_starts_again(void **unused)
{
    struct fixture f;

    (void)unused;
    open_plain(&f);
    for (int i = 0; i < 3; i++) {
        sarn_status status;

        do { /* Until the thread that was told to stop has. */
            status = sarn_start(&f.engine, &f.error);
        } while (status == SARN_ERR_STATE && sched_yield() == 0);
        assert_int_equal(status, SARN_OK);
        assert_int_equal(sarn_start(&f.engine, &f.error), SARN_ERR_STATE);
        assert_int_equal(sarn_run(&f.engine, &f.error), SARN_ERR_STATE);
        for (int j = 0; j < 100; j++) {
            assert_ok(append_call(&f), &f.error);
        }
        sarn_stop(&f.engine);
    }
    sarn_close(&f.engine);
}

static void call_in_reply(void *arg, const struct sarn_reply *reply)
{
    struct fixture *f = arg;
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};

    on_reply(f, reply);
    f->seen = append_call(f);
    if (f->seen == SARN_ERR_REENTRANT) {
        f->seen = sarn_dispatch(&f->engine, NULL);
    }
    if (f->seen == SARN_ERR_REENTRANT) {
        f->seen = sarn_warm(&f->engine, 0, "account", 1, NULL);
    }
    if (f->seen == SARN_ERR_REENTRANT) {
        f->seen = sarn_run(&f->engine, NULL);
    }
    /* What waits for nothing may be asked. */
    if (append_submit(f) != SARN_OK ||
        sarn_engine_get_stats(&f->engine, &stats, NULL) != SARN_OK) {
        f->seen = SARN_ERR_STATE;
    }
}

static void a_callback_may_submit_but_not_wait(void **unused)
{
    struct fixture f;
    struct sarn_append append_ = SARN_APPEND_INIT;
    sarn_status seen;

    (void)unused;
    open_plain(&f);
    assert_ok(sarn_append_submit(&f.engine, &append_, call_in_reply, &f, &f.error),
              &f.error);
    f.engine.commit_gate = NULL;
    assert_ok(append_call(&f), &f.error); /* Both were in one append. */
    seen = f.seen;
    assert_int_equal(seen, SARN_ERR_REENTRANT);
    assert_non_null(strstr(f.error.text, "reply function"));
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_int_equal(f.replies, 2);
    sarn_close(&f.engine);
}

#define CLIENTS 16
#define CALLS   200

static void *client(void *arg)
{
    struct fixture *f = arg;

    for (int i = 0; i < CALLS; i++) {
        struct sarn_append append_ = SARN_APPEND_INIT;
        struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};
        struct sarn_reply reply = {.version = 0};
        sarn_status status = sarn_append_call(&f->engine, &append_, &reply, NULL);

        if (i % 16 == 0 && status == SARN_OK) {
            status = sarn_engine_get_stats(&f->engine, &stats, NULL);
        }
        atomic_fetch_add(
            status == SARN_OK && reply.version == 7 ? &f->replies : &f->failures, 1);
    }
    return NULL;
}

/* mode 0: nobody else dispatches; 1: Sarn's thread; 2: this thread, now and then. */
static void run_clients(struct fixture *f, int mode)
{
    pthread_t threads[CLIENTS];

    if (mode == 1) {
        assert_ok(sarn_start(&f->engine, &f->error), &f->error);
    }
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, client, f), 0);
    }
    while (mode == 2 && f->replies + f->failures < CLIENTS * CALLS) {
        assert_ok(sarn_dispatch(&f->engine, &f->error), &f->error);
        sched_yield();
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(f->failures, 0);
    assert_int_equal(f->replies, CLIENTS * CALLS);
}

static void many_clients_share_the_role_and_each_is_answered_once(void **unused)
{
    (void)unused;
    for (int mode = 0; mode < 3; mode++) {
        struct fixture f;

        open_plain(&f);
        run_clients(&f, mode);
        assert_int_equal(f.engine.answers, CLIENTS * CALLS);
        sarn_close(&f.engine);
    }
}

/* --- back-pressure --- */

static void a_full_queue_refuses_and_takes_again_after_a_round(void **unused)
{
    struct fixture f;

    (void)unused;
    open_with(&f, 0, 3);
    for (int i = 0; i < 3; i++) {
        assert_ok(append_submit(&f), &f.error);
    }
    assert_int_equal(append_submit(&f), SARN_ERR_OVERLOADED);
    assert_non_null(strstr(f.error.text, "queue_max"));
    assert_int_equal(append_call(&f), SARN_ERR_OVERLOADED);
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_ok(append_submit(&f), &f.error);
    sarn_close(&f.engine);
    assert_int_equal(f.replies, 3);
    assert_int_equal(f.failures, 1); /* Not decided: closed. */
    assert_int_equal(f.seen, SARN_ERR_CLOSED);
}

static void where_submit_waits_it_makes_room_itself(void **unused)
{
    struct fixture f;

    (void)unused;
    open_with(&f, SARN_OPEN_WAIT, 3);
    for (int i = 0; i < 50; i++) {
        assert_ok(append_submit(&f), &f.error);
    }
    assert_true(f.replies > 40);
    sarn_close(&f.engine);
    assert_int_equal(f.replies + f.failures, 50);
}

static void *submitter(void *arg)
{
    struct fixture *f = arg;

    for (int i = 0; i < CALLS; i++) {
        struct sarn_append append_ = SARN_APPEND_INIT;

        if (sarn_append_submit(&f->engine, &append_, on_reply, f, NULL) != SARN_OK) {
            atomic_fetch_add(&f->failures, 1);
        }
    }
    return NULL;
}

static void many_submitters_wait_for_room_beside_a_loop(void **unused)
{
    struct fixture f;
    pthread_t threads[4];

    (void)unused;
    open_with(&f, SARN_OPEN_WAIT, 2);
    assert_ok(sarn_start(&f.engine, &f.error), &f.error);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, submitter, &f), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_ok(append_call(&f), &f.error); /* Behind all of them. */
    sarn_close(&f.engine);
    assert_int_equal(f.failures, 0);
    assert_int_equal(f.replies, 4 * CALLS);
}

/* --- closing --- */

struct closer {
    struct fixture *f;
    sarn_status call; /* What a waiting caller was told. */
};

static void *execute(void *arg)
{
    struct closer *c = arg;
    struct sarn_start start = SARN_START_INIT;

    c->call = sarn_execute(&c->f->engine, &start, NULL, NULL);
    return NULL;
}

static void *close_engine(void *arg)
{
    struct closer *c = arg;

    sarn_close(&c->f->engine);
    return NULL;
}

static void closing_waits_for_a_running_step_and_turns_its_caller_away(void **unused)
{
    struct fixture f;
    struct closer c = {&f, SARN_OK};
    pthread_t caller, closer;

    (void)unused;
    open_plain(&f);
    f.engine.step_gate = &f.step_gate;
    pthread_create(&caller, NULL, execute, &c);
    sem_wait(&f.step_gate.arrived);
    pthread_create(&closer, NULL, close_engine, &c);
    pthread_join(caller, NULL); /* While its step still runs. */
    assert_int_equal(c.call, SARN_ERR_CLOSED);
    assert_int_equal(f.engine.steps, 0);
    sem_post(&f.step_gate.open);
    pthread_join(closer, NULL);
    assert_int_equal(f.engine.steps, 1);
    assert_int_equal(f.engine.answers, 1); /* The step's end was recorded. */
}

static void *call_append(void *arg)
{
    struct closer *c = arg;
    struct sarn_append append_ = SARN_APPEND_INIT;

    c->call = sarn_append_call(&c->f->engine, &append_, NULL, NULL);
    return NULL;
}

static void closing_waits_for_what_is_being_appended_and_answers_it(void **unused)
{
    struct fixture f;
    struct closer c = {&f, SARN_ERR_STATE};
    pthread_t caller;

    (void)unused;
    open_plain(&f);
    f.engine.commit_gate = &f.commit_gate;
    pthread_create(&caller, NULL, call_append, &c);
    sem_wait(&f.commit_gate.arrived);
    assert_ok(append_submit(&f), &f.error); /* Behind the append: not decided. */
    sem_post(&f.commit_gate.open);
    sarn_close(&f.engine);
    pthread_join(caller, NULL);
    assert_int_equal(c.call, SARN_OK);
    assert_int_equal(f.replies + f.failures, 1);
}

static void *run_loop(void *arg)
{
    struct closer *c = arg;

    c->call = sarn_run(&c->f->engine, NULL);
    return NULL;
}

static void arrive_in_reply(void *arg, const struct sarn_reply *reply)
{
    struct fixture *f = arg;

    on_reply(f, reply);
    sem_post(&f->commit_gate.arrived);
}

static void closing_ends_a_loop_on_another_thread(void **unused)
{
    struct fixture f;
    struct closer c = {&f, SARN_ERR_STATE};
    struct sarn_append append_ = SARN_APPEND_INIT;
    pthread_t loop;

    (void)unused;
    open_plain(&f);
    assert_ok(sarn_append_submit(&f.engine, &append_, arrive_in_reply, &f, &f.error),
              &f.error);
    pthread_create(&loop, NULL, run_loop, &c);
    sem_wait(&f.commit_gate.arrived); /* The loop is there. */
    assert_ok(append_call(&f), &f.error);
    sarn_close(&f.engine);
    pthread_join(loop, NULL);
    assert_int_equal(c.call, SARN_OK);
}

static void closing_may_follow_starting_at_once(void **unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        struct fixture f;
        struct closer c = {&f, SARN_ERR_STATE};
        pthread_t caller;

        open_plain(&f);
        f.engine.commit_gate = &f.commit_gate;
        pthread_create(&caller, NULL, call_append, &c);
        sem_wait(&f.commit_gate.arrived); /* It leads, and is busy. */
        assert_ok(sarn_start(&f.engine, &f.error), &f.error);
        sem_post(&f.commit_gate.open);
        sarn_close(&f.engine);
        pthread_join(caller, NULL);
        assert_int_equal(c.call, SARN_OK);
    }
}

static void submit_in_reply(void *arg, const struct sarn_reply *reply)
{
    struct fixture *f = arg;

    on_reply(f, reply);
    f->seen = append_submit(f);
}

static void a_reply_of_the_closing_engine_finds_it_closed(void **unused)
{
    struct fixture f;
    struct sarn_append append_ = SARN_APPEND_INIT;

    (void)unused;
    open_plain(&f);
    assert_ok(sarn_append_submit(&f.engine, &append_, submit_in_reply, &f, &f.error),
              &f.error);
    sarn_close(&f.engine);
    assert_int_equal(f.failures, 1);
    assert_int_equal(f.seen, SARN_ERR_CLOSED);
    sarn_close(NULL);
}

/* --- misuse --- */

static void a_forked_child_is_refused_everything(void **unused)
{
    struct fixture f;
    pid_t child;
    int status;

    (void)unused;
    open_plain(&f);
    child = fork();
    if (child == 0) {
        bool refused =
            append_call(&f) == SARN_ERR_STATE && append_submit(&f) == SARN_ERR_STATE &&
            sarn_dispatch(&f.engine, NULL) == SARN_ERR_STATE &&
            sarn_start(&f.engine, NULL) == SARN_ERR_STATE && sarn_fd(&f.engine) == -1;

        sarn_close(&f.engine); /* Does nothing. */
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_ok(append_call(&f), &f.error); /* The parent goes on. */
    sarn_close(&f.engine);
}

static void a_struct_of_the_wrong_size_is_refused_by_name(void **unused)
{
    struct fixture f;
    struct sarn_append small = {.struct_size = 8};
    struct {
        struct sarn_command command;
        uint64_t newer;
    } large = {{.struct_size = sizeof(large)}, 1};
    struct sarn_engine_stats stats = {.struct_size = 4};

    (void)unused;
    open_plain(&f);
    assert_int_equal(sarn_append_call(&f.engine, &small, NULL, &f.error),
                     SARN_ERR_INVALID);
    assert_non_null(strstr(f.error.text, "sarn_append has struct_size 8"));
    assert_int_equal(sarn_append_call(&f.engine, NULL, NULL, &f.error),
                     SARN_ERR_INVALID);
    assert_int_equal(sarn_engine_get_stats(&f.engine, &stats, &f.error),
                     SARN_ERR_INVALID);
    assert_int_equal(sarn_submit(&f.engine, &large.command, NULL, NULL, &f.error),
                     SARN_ERR_INVALID);
    assert_non_null(strstr(f.error.text, "reply function"));
    assert_ok(sarn_call(&f.engine, &large.command, NULL, &f.error), &f.error);
    sarn_close(&f.engine);
}

static void questions_come_back_with_their_answers(void **unused)
{
    struct fixture f;
    struct sarn_execution_info info;

    (void)unused;
    open_plain(&f);
    assert_int_equal(sarn_warm(&f.engine, 0, "x", 1, &f.error), SARN_ERR_NOT_FOUND);
    assert_string_equal(f.error.text, "no such category");
    assert_int_equal(sarn_projection_rebuild(&f.engine, "x", NULL, NULL, &f.error),
                     SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn_execution_get(&f.engine, 0, "x",
                                        (struct sarn_str)SARN_STR("y"), NULL, &info,
                                        &f.error),
                     SARN_ERR_NOT_FOUND);
    assert_string_equal(f.error.text, "no such execution");
    sarn_close(&f.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_client_does_everything_on_its_own_thread),
        cmocka_unit_test(dispatch_does_what_was_submitted_and_no_sooner),
        cmocka_unit_test(the_descriptor_is_readable_exactly_when_there_is_work),
        cmocka_unit_test(run_dispatches_until_a_callback_stops_it),
        cmocka_unit_test(a_started_thread_answers_and_stops_and_starts_again),
        cmocka_unit_test(a_callback_may_submit_but_not_wait),
        cmocka_unit_test(many_clients_share_the_role_and_each_is_answered_once),
        cmocka_unit_test(a_full_queue_refuses_and_takes_again_after_a_round),
        cmocka_unit_test(where_submit_waits_it_makes_room_itself),
        cmocka_unit_test(many_submitters_wait_for_room_beside_a_loop),
        cmocka_unit_test(closing_waits_for_a_running_step_and_turns_its_caller_away),
        cmocka_unit_test(closing_waits_for_what_is_being_appended_and_answers_it),
        cmocka_unit_test(closing_ends_a_loop_on_another_thread),
        cmocka_unit_test(closing_may_follow_starting_at_once),
        cmocka_unit_test(a_reply_of_the_closing_engine_finds_it_closed),
        cmocka_unit_test(a_forked_child_is_refused_everything),
        cmocka_unit_test(a_struct_of_the_wrong_size_is_refused_by_name),
        cmocka_unit_test(questions_come_back_with_their_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
