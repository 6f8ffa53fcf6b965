/* infra/posix: the pool, the process mark, clock and randomness. */
#define _GNU_SOURCE

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/heap.h"
#include "infra/posix/clock.h"
#include "infra/posix/process.h"
#include "infra/posix/random.h"
#include "infra/posix/workers.h"
#include "support/heap.h"

#include "support/test.h"

#define JOBS 64

struct fixture {
    struct sarn__workers *workers;
    struct sarn__job jobs[JOBS];
    atomic_uint done_count;
    struct sarn__job *done[JOBS]; /* In the order they were handed back. */
    sem_t arrived, gate;
    atomic_bool signals_open; /* A thread would have taken a signal. */
};

/* The jobs have no room for an argument, which is as the engine's are. */
static struct fixture *fixture_of(struct sarn__job *job)
{
    return (struct fixture *)(void *)((char *)(job - job->kind) -
                                      offsetof(struct fixture, jobs));
}

static void on_done(void *arg, struct sarn__job *job)
{
    struct fixture *f = arg;

    f->done[atomic_fetch_add(&f->done_count, 1)] = job;
}

static void look_at_signals(struct sarn__job *job)
{
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (!sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGCHLD)) {
        fixture_of(job)->signals_open = true;
    }
}

static void pass_gate(struct sarn__job *job)
{
    sem_post(&fixture_of(job)->arrived);
    sem_wait(&fixture_of(job)->gate);
}

static void open_pool(struct fixture *f, uint32_t threads)
{
    struct sarn_heap heap = sarn__heap_or_malloc(&(struct sarn_heap){0});
    struct sarn_error error;

    memset(f, 0, sizeof(*f));
    sem_init(&f->arrived, 0, 0);
    sem_init(&f->gate, 0, 0);
    for (uint32_t i = 0; i < JOBS; i++) {
        f->jobs[i] = (struct sarn__job){.kind = i, .work = look_at_signals};
    }
    assert_ok(
        sarn__workers_create(threads, "test", on_done, f, &heap, &f->workers, &error),
        &error);
}

static void one_thread_keeps_the_order_and_takes_no_signals(void **unused)
{
    struct fixture f;

    (void)unused;
    open_pool(&f, 1);
    for (uint32_t i = 0; i < JOBS; i++) {
        sarn__workers_push(f.workers, &f.jobs[i]);
    }
    sarn__workers_destroy(f.workers); /* Not before all of them are done. */
    assert_int_equal(f.done_count, JOBS);
    for (uint32_t i = 0; i < JOBS; i++) {
        assert_ptr_equal(f.done[i], &f.jobs[i]);
    }
    assert_false(f.signals_open);
}

static void threads_work_side_by_side(void **unused)
{
    struct fixture f;

    (void)unused;
    open_pool(&f, 3);
    for (uint32_t i = 0; i < 3; i++) {
        f.jobs[i].work = pass_gate;
        sarn__workers_push(f.workers, &f.jobs[i]);
    }
    for (uint32_t i = 0; i < 3; i++) {
        sem_wait(&f.arrived); /* All three are inside at once. */
    }
    assert_int_equal(f.done_count, 0);
    for (uint32_t i = 0; i < 3; i++) {
        sem_post(&f.gate);
    }
    sarn__workers_destroy(f.workers);
    assert_int_equal(f.done_count, 3);
    sarn__workers_destroy(NULL);
}

static void a_pool_without_memory_says_so(void **unused)
{
    struct test_heap counting = {.fail_at = 1};
    struct sarn_heap heap = test_heap(&counting);
    struct sarn__workers *workers = NULL;
    struct sarn_error error;

    (void)unused;
    assert_int_equal(
        sarn__workers_create(2, "test", on_done, NULL, &heap, &workers, &error),
        SARN_ERR_NOMEM);
    assert_null(workers);
    assert_int_equal(counting.live, 0);
}

static void a_mark_is_not_a_childs(void **unused)
{
    struct sarn__process_mark *mark;
    struct sarn_error error;
    pid_t child;
    int status;

    (void)unused;
    assert_ok(sarn__process_mark_create(&mark, &error), &error);
    assert_true(sarn__process_mark_is_ours(mark));
    child = fork();
    if (child == 0) {
        _exit(sarn__process_mark_is_ours(mark) ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(sarn__process_mark_is_ours(mark));
    sarn__process_mark_destroy(mark);
    sarn__process_mark_destroy(NULL);
}

static void time_is_in_this_century_and_random_bytes_differ(void **unused)
{
    struct sarn_clock clock = sarn__posix_clock();
    struct sarn_random random = sarn__posix_random();
    uint8_t a[300] = {0}, b[300] = {0};
    int64_t now_us = clock.ops->now_us(clock.self);

    (void)unused;
    assert_true(now_us > INT64_C(1577836800000000));
    assert_true(now_us < INT64_C(4102444800000000));
    assert_int_equal(random.ops->fill(random.self, a, sizeof(a)), SARN_OK);
    assert_int_equal(random.ops->fill(random.self, b, sizeof(b)), SARN_OK);
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 256, a, 44);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_keeps_the_order_and_takes_no_signals),
        cmocka_unit_test(threads_work_side_by_side),
        cmocka_unit_test(a_pool_without_memory_says_so),
        cmocka_unit_test(a_mark_is_not_a_childs),
        cmocka_unit_test(time_is_in_this_century_and_random_bytes_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
