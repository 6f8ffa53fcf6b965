/* infra/host: closing, whatever is going on; and a forked child. */
#define _GNU_SOURCE

#include <sys/wait.h>
#include <unistd.h>

#include "unit/fake_engine.h"

#include "support/test.h"

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
    fake_open(&f, 0, 1000);
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
    fake_open(&f, 0, 1000);
    f.engine.commit_gate = &f.commit_gate;
    pthread_create(&caller, NULL, call_append, &c);
    sem_wait(&f.commit_gate.arrived);
    assert_ok(fake_append_submit(&f), &f.error); /* Behind the append: not decided. */
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

    fake_on_reply(f, reply);
    sem_post(&f->commit_gate.arrived);
}

static void closing_ends_a_loop_on_another_thread(void **unused)
{
    struct fixture f;
    struct closer c = {&f, SARN_ERR_STATE};
    struct sarn_append append_ = SARN_APPEND_INIT;
    pthread_t loop;

    (void)unused;
    fake_open(&f, 0, 1000);
    assert_ok(sarn_append_submit(&f.engine, &append_, arrive_in_reply, &f, &f.error),
              &f.error);
    pthread_create(&loop, NULL, run_loop, &c);
    sem_wait(&f.commit_gate.arrived); /* The loop is there. */
    assert_ok(fake_append_call(&f), &f.error);
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

        fake_open(&f, 0, 1000);
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

    fake_on_reply(f, reply);
    f->seen = fake_append_submit(f);
}

static void a_reply_of_the_closing_engine_finds_it_closed(void **unused)
{
    struct fixture f;
    struct sarn_append append_ = SARN_APPEND_INIT;

    (void)unused;
    fake_open(&f, 0, 1000);
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
    fake_open(&f, 0, 1000);
    child = fork();
    if (child == 0) {
        bool refused = fake_append_call(&f) == SARN_ERR_STATE &&
                       fake_append_submit(&f) == SARN_ERR_STATE &&
                       sarn_dispatch(&f.engine, NULL) == SARN_ERR_STATE &&
                       sarn_start(&f.engine, NULL) == SARN_ERR_STATE &&
                       sarn_fd(&f.engine) == -1;

        sarn_close(&f.engine); /* Does nothing. */
        _exit(refused ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_ok(fake_append_call(&f), &f.error); /* The parent goes on. */
    sarn_close(&f.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(closing_waits_for_a_running_step_and_turns_its_caller_away),
        cmocka_unit_test(closing_waits_for_what_is_being_appended_and_answers_it),
        cmocka_unit_test(closing_ends_a_loop_on_another_thread),
        cmocka_unit_test(closing_may_follow_starting_at_once),
        cmocka_unit_test(a_reply_of_the_closing_engine_finds_it_closed),
        cmocka_unit_test(a_forked_child_is_refused_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
