/* infra/posix/loop: readable when woken or due, and a loop that ends when told. */
#define _GNU_SOURCE

#include <pthread.h>
#include <sys/select.h>

#include "core/heap.h"
#include "infra/posix/clock.h"
#include "infra/posix/loop.h"

#include "support/test.h"

#define YEAR_US (INT64_C(365) * 24 * 3600 * 1000000)

struct fixture {
    struct sarn__loop *loop;
    struct sarn_error error;
    uint32_t calls, stop_at;
};

static void open_loop(struct fixture *f)
{
    struct sarn_heap heap = sarn__heap_or_malloc(&(struct sarn_heap){0});

    memset(f, 0, sizeof(*f));
    assert_ok(sarn__loop_create(&heap, &f->loop, &f->error), &f->error);
}

static int64_t now_us(void)
{
    return sarn__posix_clock().ops->now_us(NULL);
}

/* Is the descriptor readable; or, if wait, wait until it is. */
static bool readable(struct fixture *f, bool wait)
{
    fd_set set;
    struct timeval now = {0, 0};
    int fd = sarn__loop_fd(f->loop);

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return select(fd + 1, &set, NULL, NULL, wait ? NULL : &now) == 1;
}

static void a_wake_makes_it_readable_until_cleared(void **unused)
{
    struct fixture f;

    (void)unused;
    open_loop(&f);
    assert_false(readable(&f, false));
    sarn__loop_wake(f.loop);
    sarn__loop_wake(f.loop);
    assert_true(readable(&f, false));
    assert_true(readable(&f, false));
    sarn__loop_clear(f.loop);
    assert_false(readable(&f, false));
    sarn__loop_destroy(f.loop);
    sarn__loop_destroy(NULL);
}

static void it_is_readable_when_the_time_has_come(void **unused)
{
    struct fixture f;

    (void)unused;
    open_loop(&f);
    sarn__loop_until(f.loop, now_us() + YEAR_US);
    assert_false(readable(&f, false));
    sarn__loop_until(f.loop, now_us() - 1);
    assert_true(readable(&f, true));
    sarn__loop_clear(f.loop);
    assert_false(readable(&f, false));
    sarn__loop_until(f.loop, -5); /* Long ago is now. */
    assert_true(readable(&f, true));
    sarn__loop_until(f.loop, INT64_MAX);
    assert_false(readable(&f, false));
    sarn__loop_until(f.loop, INT64_MAX - 1); /* As good as never, and no error. */
    assert_false(readable(&f, false));
    sarn__loop_destroy(f.loop);
}

static bool on_ready(void *arg)
{
    struct fixture *f = arg;

    sarn__loop_clear(f->loop);
    f->calls++;
    if (f->calls < f->stop_at) {
        sarn__loop_wake(f->loop);
    }
    return f->calls < f->stop_at;
}

static void a_run_calls_at_once_and_after_each_wake(void **unused)
{
    struct fixture f;

    (void)unused;
    open_loop(&f);
    for (uint32_t i = 0; i < 2; i++) { /* And may be run again. */
        f.calls = 0;
        f.stop_at = i == 0 ? 1 : 5;
        assert_ok(sarn__loop_run(f.loop, on_ready, &f, &f.error), &f.error);
        assert_int_equal(f.calls, f.stop_at);
    }
    sarn__loop_destroy(f.loop);
}

static bool on_second(void *arg)
{
    struct fixture *f = arg;

    sarn__loop_clear(f->loop);
    f->calls++;
    sarn__loop_until(f->loop, now_us() + 1);
    return f->calls < f->stop_at;
}

static void a_run_wakes_up_by_the_clock(void **unused)
{
    struct fixture f;

    (void)unused;
    open_loop(&f);
    f.stop_at = 3;
    assert_ok(sarn__loop_run(f.loop, on_second, &f, &f.error), &f.error);
    assert_int_equal(f.calls, 3);
    sarn__loop_destroy(f.loop);
}

static void *wake(void *arg)
{
    struct fixture *f = arg;

    sarn__loop_wake(f->loop);
    return NULL;
}

static void any_thread_may_wake(void **unused)
{
    struct fixture f;
    pthread_t thread;

    (void)unused;
    open_loop(&f);
    assert_int_equal(pthread_create(&thread, NULL, wake, &f), 0);
    assert_true(readable(&f, true));
    pthread_join(thread, NULL);
    sarn__loop_destroy(f.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_makes_it_readable_until_cleared),
        cmocka_unit_test(it_is_readable_when_the_time_has_come),
        cmocka_unit_test(a_run_calls_at_once_and_after_each_wake),
        cmocka_unit_test(a_run_wakes_up_by_the_clock),
        cmocka_unit_test(any_thread_may_wake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
