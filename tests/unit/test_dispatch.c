/* infra/host: who dispatches, who waits, who is told. No test sleeps: where two threads
 * must meet, they do so at a gate. */
#define _GNU_SOURCE

#include <sched.h>
#include <sys/select.h>

#include "unit/fake_engine.h"

#include "support/test.h"

/* --- who dispatches --- */

static void one_client_does_everything_on_its_own_thread(void **unused)
{
    struct fixture f;
    struct sarn_append append_ = SARN_APPEND_INIT;
    struct sarn_reply reply;

    (void)unused;
    fake_open(&f, 0, 1000);
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
    fake_open(&f, 0, 1000);
    assert_ok(fake_append_submit(&f), &f.error);
    assert_ok(fake_append_submit(&f), &f.error);
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
    fake_open(&f, 0, 1000);
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_false(readable(&f));
    assert_ok(fake_append_submit(&f), &f.error);
    assert_true(readable(&f));
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_false(readable(&f));
    assert_ok(fake_execution_submit(&f), &f.error);
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

    fake_on_reply(f, reply);
    sarn_stop(&f->engine);
}

static void run_dispatches_until_a_callback_stops_it(void **unused)
{
    struct fixture f;
    struct sarn_append append_ = SARN_APPEND_INIT;

    (void)unused;
    fake_open(&f, 0, 1000);
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
    fake_open(&f, 0, 1000);
    for (int i = 0; i < 3; i++) {
        sarn_status status;

        do { /* Until the thread that was told to stop has. */
            status = sarn_start(&f.engine, &f.error);
        } while (status == SARN_ERR_STATE && sched_yield() == 0);
        assert_int_equal(status, SARN_OK);
        assert_int_equal(sarn_start(&f.engine, &f.error), SARN_ERR_STATE);
        assert_int_equal(sarn_run(&f.engine, &f.error), SARN_ERR_STATE);
        for (int j = 0; j < 100; j++) {
            assert_ok(fake_append_call(&f), &f.error);
        }
        sarn_stop(&f.engine);
    }
    sarn_close(&f.engine);
}

static void call_in_reply(void *arg, const struct sarn_reply *reply)
{
    struct fixture *f = arg;
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};

    fake_on_reply(f, reply);
    f->seen = fake_append_call(f);
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
    if (fake_append_submit(f) != SARN_OK ||
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
    fake_open(&f, 0, 1000);
    assert_ok(sarn_append_submit(&f.engine, &append_, call_in_reply, &f, &f.error),
              &f.error);
    f.engine.commit_gate = NULL;
    assert_ok(fake_append_call(&f), &f.error); /* Both were in one append. */
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

        fake_open(&f, 0, 1000);
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
    fake_open(&f, 0, 3);
    for (int i = 0; i < 3; i++) {
        assert_ok(fake_append_submit(&f), &f.error);
    }
    assert_int_equal(fake_append_submit(&f), SARN_ERR_OVERLOADED);
    assert_non_null(strstr(f.error.text, "queue_max"));
    assert_int_equal(fake_append_call(&f), SARN_ERR_OVERLOADED);
    assert_ok(sarn_dispatch(&f.engine, &f.error), &f.error);
    assert_ok(fake_append_submit(&f), &f.error);
    sarn_close(&f.engine);
    assert_int_equal(f.replies, 3);
    assert_int_equal(f.failures, 1); /* Not decided: closed. */
    assert_int_equal(f.seen, SARN_ERR_CLOSED);
}

static void where_submit_waits_it_makes_room_itself(void **unused)
{
    struct fixture f;

    (void)unused;
    fake_open(&f, SARN_OPEN_WAIT, 3);
    for (int i = 0; i < 50; i++) {
        assert_ok(fake_append_submit(&f), &f.error);
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

        if (sarn_append_submit(&f->engine, &append_, fake_on_reply, f, NULL) !=
            SARN_OK) {
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
    fake_open(&f, SARN_OPEN_WAIT, 2);
    assert_ok(sarn_start(&f.engine, &f.error), &f.error);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, submitter, &f), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_ok(fake_append_call(&f), &f.error); /* Behind all of them. */
    sarn_close(&f.engine);
    assert_int_equal(f.failures, 0);
    assert_int_equal(f.replies, 4 * CALLS);
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
    fake_open(&f, 0, 1000);
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
    fake_open(&f, 0, 1000);
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
        cmocka_unit_test(a_struct_of_the_wrong_size_is_refused_by_name),
        cmocka_unit_test(questions_come_back_with_their_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
