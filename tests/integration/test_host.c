/* The engine as an embedder has it: real threads, a real file, the public calls. */
#define _GNU_SOURCE

#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "sarn/sarn.h"
#include "support/tempdir.h"

#include "support/test.h"

#define THREADS 8
#define EACH    50

/* --- a module with one workflow of one external step --- */

struct world {
    struct tempdir dir;
    sarn_engine *engine;
    struct sarn_error error;
    atomic_uint ok, closed, other; /* Replies, by status. */
    atomic_uint step_runs;
    bool step_waits;
    sem_t step_arrived, step_open;
    uint64_t seen;      /* Events that a handler saw. */
    uint64_t last_seen; /* The last one's position. */
    bool in_order;
    sarn_status status;
    uint32_t to_send;
};

static sarn_status act(struct sarn_step_call *call)
{
    struct world *w = sarn_step_context(call);

    atomic_fetch_add(&w->step_runs, 1);
    if (w->step_waits) {
        sem_post(&w->step_arrived);
        sem_wait(&w->step_open);
    }
    return SARN_OK;
}

static const struct sarn_step steps[] = {{.id = "act", .run = act},
                                         {.id = "act_again", .run = act}};
static const struct sarn_workflow workflow = {"errand", 1, NULL, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "errands",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

/* --- fixture --- */

static void reopen(struct world *w, uint32_t flags, uint32_t queue_max)
{
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.flags = flags;
    options.queue_max = queue_max;
    options.modules = modules;
    options.module_count = 1;
    options.workers = 2;
    options.context = w;
    assert_ok(
        sarn_open(tempdir_path(&w->dir, "host.sarn"), &options, &w->engine, &w->error),
        &w->error);
}

static void open_with(struct world *w, uint32_t flags, uint32_t queue_max)
{
    memset(w, 0, sizeof(*w));
    tempdir_make(&w->dir);
    sem_init(&w->step_arrived, 0, 0);
    sem_init(&w->step_open, 0, 0);
    reopen(w, flags, queue_max);
}

static void open_plain(struct world *w)
{
    open_with(w, 0, 0);
}

static void close_world(struct world *w)
{
    sarn_close(w->engine);
    tempdir_remove(&w->dir);
}

/* One event of plain bytes for one stream. */
struct one {
    struct sarn_str payload;
    struct sarn_new_event event;
    struct sarn_stream_append stream;
    struct sarn_append append;
};

static const struct sarn_append *
one(struct one *one, const char *stream, const char *payload, const char *key)
{
    one->payload = sarn_str(payload);
    one->event = (struct sarn_new_event){.type_name = "said", .data = &one->payload};
    one->stream = (struct sarn_stream_append){.stream = sarn_str(stream),
                                              .expected_version = SARN_ANY,
                                              .events = &one->event,
                                              .event_count = 1};
    one->append = (struct sarn_append)SARN_APPEND_INIT;
    one->append.streams = &one->stream;
    one->append.stream_count = 1;
    one->append.key = sarn_str(key);
    return &one->append;
}

static sarn_status
call_append(struct world *w, const char *stream, struct sarn_reply *reply)
{
    struct one append;

    return sarn_append_call(w->engine, one(&append, stream, "x", NULL), reply, NULL);
}

static void on_reply(void *arg, const struct sarn_reply *reply)
{
    struct world *w = arg;

    atomic_fetch_add(reply->status == SARN_OK           ? &w->ok
                     : reply->status == SARN_ERR_CLOSED ? &w->closed
                                                        : &w->other,
                     1);
}

static sarn_status submit_append(struct world *w, const char *stream)
{
    struct one append;

    return sarn_append_submit(w->engine, one(&append, stream, "x", NULL), on_reply, w,
                              &w->error);
}

static sarn_status count_event(void *arg, const struct sarn_event *event)
{
    struct world *w = arg;

    if (event->type_name.size == 4 && memcmp(event->type_name.data, "said", 4) == 0) {
        w->in_order = w->in_order && event->position > w->last_seen;
        w->last_seen = event->position;
        w->seen++;
    }
    return SARN_OK;
}

/* Events of ours in the log. */
static uint64_t count_log(struct world *w)
{
    w->seen = w->last_seen = 0;
    w->in_order = true;
    assert_ok(sarn_read(sarn_engine_log(w->engine), NULL, count_event, w, &w->error),
              &w->error);
    assert_true(w->in_order);
    return w->seen;
}

/* --- clients --- */

static void *client(void *arg)
{
    struct world *w = arg;
    char stream[32];

    snprintf(stream, sizeof(stream), "talk-%lx", (unsigned long)pthread_self());
    for (int i = 0; i < EACH; i++) {
        struct sarn_reply reply = {.version = -1};
        sarn_status status = call_append(w, stream, &reply);

        /* Nobody else writes to it, so its versions count this client's calls. */
        atomic_fetch_add(status == SARN_OK && reply.version == i ? &w->ok : &w->other,
                         1);
    }
    return NULL;
}

static void run_clients(struct world *w)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, client, w), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(w->other, 0);
    assert_int_equal(w->ok, THREADS * EACH);
    assert_int_equal(count_log(w), THREADS * EACH);
}

static void clients_that_wait_share_dispatching_among_themselves(void **unused)
{
    struct world w;
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};

    (void)unused;
    open_plain(&w);
    run_clients(&w);
    assert_ok(sarn_engine_get_stats(w.engine, &stats, &w.error), &w.error);
    assert_true(stats.commits < THREADS * EACH); /* They shared commits, too. */
    assert_int_equal(stats.queued, 0);
    close_world(&w);
}

static void clients_that_wait_are_served_by_sarns_thread(void **unused)
{
    struct world w;

    (void)unused;
    open_plain(&w);
    assert_ok(sarn_start(w.engine, &w.error), &w.error);
    run_clients(&w);
    close_world(&w);
}

/* Each reply sends the next request; the last one ends the loop. */
static void send_next(void *arg, const struct sarn_reply *reply)
{
    struct world *w = arg;
    struct one append;

    on_reply(w, reply);
    if (w->to_send > 0) {
        w->to_send--;
        w->status = sarn_append_submit(w->engine, one(&append, "talk-1", "x", NULL),
                                       send_next, w, NULL);
    } else if (w->ok == 200) {
        sarn_stop(w->engine);
    }
}

static void callbacks_keep_requests_in_flight_under_run(void **unused)
{
    struct world w;
    struct one append;

    (void)unused;
    open_plain(&w);
    w.to_send = 190;
    for (int i = 0; i < 10; i++) {
        assert_ok(sarn_append_submit(w.engine, one(&append, "talk-1", "x", NULL),
                                     send_next, &w, &w.error),
                  &w.error);
    }
    assert_ok(sarn_run(w.engine, &w.error), &w.error);
    assert_int_equal(w.ok, 200);
    assert_int_equal(w.status, SARN_OK);
    assert_int_equal(count_log(&w), 200);
    close_world(&w);
}

static void an_embedders_loop_polls_one_descriptor(void **unused)
{
    struct world w;
    struct sarn_start start = SARN_START_INIT;

    (void)unused;
    open_plain(&w);
    start.workflow = "errand";
    start.workflow_id = sarn_str("1");
    assert_ok(sarn_execution_start(w.engine, &start, on_reply, &w, &w.error), &w.error);
    for (int i = 0; i < 20; i++) {
        assert_ok(submit_append(&w, "talk-1"), &w.error);
    }
    while (w.ok < 21) {
        struct pollfd fd = {.fd = sarn_fd(w.engine), .events = POLLIN};

        assert_int_equal(poll(&fd, 1, -1), 1);
        assert_ok(sarn_dispatch(w.engine, &w.error), &w.error);
    }
    assert_int_equal(w.step_runs, 2);
    close_world(&w);
}

/* --- callbacks --- */

static sarn_status call_in_handler(void *arg, const struct sarn_event *event)
{
    struct world *w = arg;

    (void)event;
    w->seen++;
    w->status = call_append(w, "talk-2", NULL);
    if (w->status == SARN_ERR_REENTRANT) {
        w->status = sarn_read(sarn_engine_log(w->engine), NULL, count_event, w, NULL);
    }
    if (w->status == SARN_ERR_REENTRANT) {
        w->status = sarn_dispatch(w->engine, NULL);
    }
    if (submit_append(w, "talk-2") != SARN_OK) {
        w->status = SARN_ERR_STATE;
    }
    return SARN_ERR_TIMEOUT; /* Ends the read. */
}

static void a_handler_may_submit_but_not_wait(void **unused)
{
    struct world w;

    (void)unused;
    open_plain(&w);
    assert_int_equal(call_append(&w, "talk-1", NULL), SARN_OK);
    assert_int_equal(
        sarn_read(sarn_engine_log(w.engine), NULL, call_in_handler, &w, &w.error),
        SARN_ERR_TIMEOUT);
    assert_int_equal(w.seen, 1);
    assert_int_equal(w.status, SARN_ERR_REENTRANT);
    assert_ok(sarn_dispatch(w.engine, &w.error), &w.error);
    assert_int_equal(w.ok, 1);
    close_world(&w);
}

static void a_subscriber_sees_each_event_once_and_in_order(void **unused)
{
    struct world w;
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    sarn_subscription *subscription;

    (void)unused;
    open_plain(&w);
    w.in_order = true;
    assert_int_equal(call_append(&w, "talk-1", NULL), SARN_OK); /* Before it. */
    assert_ok(sarn_start(w.engine, &w.error), &w.error);
    assert_ok(sarn_subscribe(w.engine, &options, count_event, NULL, &w, &subscription,
                             &w.error),
              &w.error);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(call_append(&w, "talk-1", NULL), SARN_OK);
    }
    sarn_unsubscribe(w.engine, subscription);
    assert_int_equal(call_append(&w, "talk-1", NULL), SARN_OK); /* After it. */
    assert_int_equal(w.seen, 101);
    assert_true(w.in_order);
    sarn_unsubscribe(w.engine, NULL);
    close_world(&w);
}

static bool readable(const struct world *w)
{
    struct pollfd fd = {.fd = sarn_fd(w->engine), .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

/* Nothing else happens that would bring its events up. */
static void a_subscriber_to_an_idle_engine_catches_up(void **unused)
{
    struct world w;
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    sarn_subscription *subscription;

    (void)unused;
    open_plain(&w);
    w.in_order = true;
    assert_int_equal(call_append(&w, "talk-1", NULL), SARN_OK);
    while (readable(&w)) {
        assert_ok(sarn_dispatch(w.engine, &w.error), &w.error);
    }
    options.category = sarn_str("talk");
    assert_ok(sarn_subscribe(w.engine, &options, count_event, NULL, &w, &subscription,
                             &w.error),
              &w.error);
    while (readable(&w)) {
        assert_ok(sarn_dispatch(w.engine, &w.error), &w.error);
    }
    assert_int_equal(w.seen, 1);
    close_world(&w);
}

/* --- back-pressure --- */

static void a_full_queue_refuses(void **unused)
{
    struct world w;

    (void)unused;
    open_with(&w, 0, 4);
    for (int i = 0; i < 4; i++) {
        assert_ok(submit_append(&w, "talk-1"), &w.error);
    }
    assert_int_equal(submit_append(&w, "talk-1"), SARN_ERR_OVERLOADED);
    assert_ok(sarn_dispatch(w.engine, &w.error), &w.error);
    assert_ok(submit_append(&w, "talk-1"), &w.error);
    close_world(&w);
    assert_int_equal(w.ok + w.closed, 5);
}

static void a_full_queue_waits_where_it_was_opened_so(void **unused)
{
    struct world w;

    (void)unused;
    open_with(&w, SARN_OPEN_WAIT, 4);
    for (int i = 0; i < 100; i++) {
        assert_ok(submit_append(&w, "talk-1"), &w.error);
    }
    assert_int_equal(call_append(&w, "talk-1", NULL), SARN_OK); /* Behind all others. */
    assert_int_equal(w.ok, 100);
    assert_int_equal(count_log(&w), 101);
    close_world(&w);
}

/* --- closing --- */

static void closing_answers_everybody_once_and_tells_the_truth(void **unused)
{
    struct world w;
    unsigned ok;

    (void)unused;
    open_plain(&w);
    assert_ok(sarn_start(w.engine, &w.error), &w.error);
    for (int i = 0; i < 2000; i++) {
        assert_ok(submit_append(&w, "talk-1"), &w.error);
    }
    sarn_close(w.engine);
    ok = w.ok;
    assert_int_equal(ok + w.closed, 2000);
    assert_int_equal(w.other, 0);
    reopen(&w, 0, 0);
    assert_int_equal(count_log(&w), ok);
    close_world(&w);
}

static void *execute(void *arg)
{
    struct world *w = arg;
    struct sarn_start start = SARN_START_INIT;

    start.workflow = "errand";
    start.workflow_id = sarn_str("1");
    w->status = sarn_execute(w->engine, &start, NULL, NULL);
    return NULL;
}

static void *close_engine(void *arg)
{
    struct world *w = arg;

    sarn_close(w->engine);
    return NULL;
}

static void an_execution_goes_on_after_a_close_in_the_middle_of_a_step(void **unused)
{
    struct world w;
    pthread_t caller, closer;

    (void)unused;
    open_plain(&w);
    w.step_waits = true;
    pthread_create(&caller, NULL, execute, &w);
    sem_wait(&w.step_arrived);
    pthread_create(&closer, NULL, close_engine, &w);
    pthread_join(caller, NULL); /* Turned away while its step still runs. */
    assert_int_equal(w.status, SARN_ERR_CLOSED);
    sem_post(&w.step_open);
    pthread_join(closer, NULL);
    assert_int_equal(w.step_runs, 1);
    w.step_waits = false;
    reopen(&w, 0, 0);
    execute(&w); /* Joins it. */
    assert_int_equal(w.status, SARN_OK);
    assert_int_equal(w.step_runs, 2); /* The first step was recorded: not run again. */
    close_world(&w);
}

/* --- reopening --- */

static void the_same_key_gives_the_same_answer_after_a_restart(void **unused)
{
    struct world w;
    struct sarn_reply first, again;
    struct one append;

    (void)unused;
    open_plain(&w);
    assert_ok(sarn_append_call(w.engine, one(&append, "talk-1", "hello", "key-1"),
                               &first, &w.error),
              &w.error);
    assert_false(first.repeated);
    for (int i = 0; i < 2; i++) {
        assert_ok(sarn_append_call(w.engine, one(&append, "talk-1", "hello", "key-1"),
                                   &again, &w.error),
                  &w.error);
        assert_true(again.repeated);
        assert_int_equal(again.position, first.position);
        assert_int_equal(sarn_append_call(w.engine,
                                          one(&append, "talk-1", "bye", "key-1"), NULL,
                                          &w.error),
                         SARN_ERR_KEY_REUSED);
        sarn_close(w.engine);
        reopen(&w, 0, 0);
    }
    assert_int_equal(count_log(&w), 1);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_that_wait_share_dispatching_among_themselves),
        cmocka_unit_test(clients_that_wait_are_served_by_sarns_thread),
        cmocka_unit_test(callbacks_keep_requests_in_flight_under_run),
        cmocka_unit_test(an_embedders_loop_polls_one_descriptor),
        cmocka_unit_test(a_handler_may_submit_but_not_wait),
        cmocka_unit_test(a_subscriber_sees_each_event_once_and_in_order),
        cmocka_unit_test(a_subscriber_to_an_idle_engine_catches_up),
        cmocka_unit_test(a_full_queue_refuses),
        cmocka_unit_test(a_full_queue_waits_where_it_was_opened_so),
        cmocka_unit_test(closing_answers_everybody_once_and_tells_the_truth),
        cmocka_unit_test(an_execution_goes_on_after_a_close_in_the_middle_of_a_step),
        cmocka_unit_test(the_same_key_gives_the_same_answer_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
