/* loop.h - how a dispatching thread sleeps: one descriptor that becomes readable when
 * there is news or the time has come, and a loop over it.
 *
 * The descriptor is an epoll descriptor over an eventfd (wake) and a timerfd (until).
 * An embedder with a loop of its own polls it there; ours, for embedders that have
 * none, polls nothing else: both ways of dispatching are the same code
 * (docs/decisions/0120-one-descriptor.md, 0220-the-loop-is-poll.md).
 *
 * Threads: wake from any thread; everything else from one at a time.
 */
#ifndef SARN_INFRA_POSIX_LOOP_H
#define SARN_INFRA_POSIX_LOOP_H

#include "sarn/types.h"

struct sarn__loop;

/* SARN_ERR_IO: no descriptors: says so. SARN_ERR_NOMEM. heap outlives the loop. */
SARN_MUST_USE sarn_status sarn__loop_create(const struct sarn_heap *heap,
                                            struct sarn__loop **loop,
                                            struct sarn_error *error);
/* Nothing runs in it. NULL does nothing. */
void sarn__loop_destroy(struct sarn__loop *loop);

/* Readable after a wake, and from the time set with sarn__loop_until() on, until
 * sarn__loop_clear(). The loop's: not to be read or closed. */
int sarn__loop_fd(const struct sarn__loop *loop);
/* Make the descriptor readable. [any thread] */
void sarn__loop_wake(struct sarn__loop *loop);
/* Make it readable at time_us of the wall clock (INT64_MAX: never), and at once if that
 * clock is set. Replaces what was set before. */
void sarn__loop_until(struct sarn__loop *loop, int64_t time_us);
/* Take back what made it readable. */
void sarn__loop_clear(struct sarn__loop *loop);
/* Make it readable as long as fd is, too, until fd is closed; clear does not take that
 * back. SARN_ERR_IO: the system allows no more: says so. */
SARN_MUST_USE sarn_status sarn__loop_watch(struct sarn__loop *loop,
                                           int fd,
                                           struct sarn_error *error);
/* Sleep until it is readable, or a signal came. */
void sarn__loop_wait(const struct sarn__loop *loop);

/* Call ready(arg) at once and then whenever the descriptor is readable, until ready
 * answers false. ready calls sarn__loop_clear() itself. SARN_ERR_IO: the system failed.
 */
SARN_MUST_USE sarn_status sarn__loop_run(const struct sarn__loop *loop,
                                         bool (*ready)(void *arg),
                                         void *arg,
                                         struct sarn_error *error);

#endif
