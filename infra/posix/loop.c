#define _GNU_SOURCE

#include "infra/posix/loop.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"

struct sarn__loop {
    struct sarn_heap heap;
    int poll_fd;  /* epoll over the other two. */
    int wake_fd;  /* eventfd */
    int timer_fd; /* timerfd on the wall clock, which engine time is. */
    int64_t until_us;
};

static bool watch(struct sarn__loop *loop, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return fd >= 0 && epoll_ctl(loop->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

sarn_status sarn__loop_create(const struct sarn_heap *heap,
                              struct sarn__loop **loop,
                              struct sarn_error *error)
{
    struct sarn__loop *made = sarn__heap_alloc(heap, sizeof(*made));

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the event loop");
    }
    made->heap = *heap;
    made->until_us = INT64_MAX;
    made->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    made->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    made->timer_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (!watch(made, made->wake_fd) || !watch(made, made->timer_fd)) {
        char why[128];
        const char *text = strerror_r(errno, why, sizeof(why));

        sarn__loop_destroy(made);
        return sarn__fail(
            error, SARN_ERR_IO,
            "cannot make the descriptors of the event loop (%s): raise the "
            "limit of open files",
            text);
    }
    *loop = made;
    return SARN_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

void sarn__loop_destroy(struct sarn__loop *loop)
{
    struct sarn_heap heap;

    if (loop == NULL) {
        return;
    }
    close_fd(loop->poll_fd);
    close_fd(loop->wake_fd);
    close_fd(loop->timer_fd);
    heap = loop->heap;
    sarn__heap_free(&heap, loop);
}

int sarn__loop_fd(const struct sarn__loop *loop)
{
    return loop->poll_fd;
}

void sarn__loop_wake(struct sarn__loop *loop)
{
    /* Can fail only when 2^64 wakes are pending: then it is readable anyway. */
    (void)eventfd_write(loop->wake_fd, 1);
}

void sarn__loop_until(struct sarn__loop *loop, int64_t time_us)
{
    struct itimerspec when = {.it_value = {0}};
    int flags = 0;
    int failed;

    if (time_us == loop->until_us) {
        return;
    }
    if (time_us != INT64_MAX) {
        int64_t us = time_us > 0 ? time_us : 1; /* Zero would disarm it. */

        when.it_value.tv_sec = us / 1000000;
        when.it_value.tv_nsec = us % 1000000 * 1000;
        /* If somebody sets the clock, it is ready at once, and whoever waits looks
         * again. */
        flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
    }
    failed = timerfd_settime(loop->timer_fd, flags, &when, NULL);
    assert(failed == 0);
    (void)failed;
    loop->until_us = time_us;
}

void sarn__loop_clear(struct sarn__loop *loop)
{
    eventfd_t wakes;
    uint64_t expirations;

    /* Both are non-blocking: nothing there is fine. The timer is read even when none is
     * set, for it also becomes readable when somebody sets the clock. */
    (void)eventfd_read(loop->wake_fd, &wakes);
    if (read(loop->timer_fd, &expirations, sizeof(expirations)) > 0 ||
        errno == ECANCELED) {
        loop->until_us = INT64_MAX; /* It fires once. */
    }
}

sarn_status sarn__loop_watch(struct sarn__loop *loop, int fd, struct sarn_error *error)
{
    char why[128];

    if (watch(loop, fd)) {
        return SARN_OK;
    }
    return sarn__fail(error, SARN_ERR_IO,
                      "the event loop cannot watch one more descriptor: %s",
                      strerror_r(errno, why, sizeof(why)));
}

void sarn__loop_wait(const struct sarn__loop *loop)
{
    struct pollfd wanted = {.fd = loop->poll_fd, .events = POLLIN};

    (void)poll(&wanted, 1, -1);
}

sarn_status sarn__loop_run(const struct sarn__loop *loop,
                           bool (*ready)(void *arg),
                           void *arg,
                           struct sarn_error *error)
{
    while (ready(arg)) {
        struct pollfd wanted = {.fd = loop->poll_fd, .events = POLLIN};

        if (poll(&wanted, 1, -1) < 0 && errno != EINTR && errno != EAGAIN) {
            char why[128];

            return sarn__fail(error, SARN_ERR_IO, "the loop cannot wait: %s",
                              strerror_r(errno, why, sizeof(why)));
        }
    }
    return SARN_OK;
}
