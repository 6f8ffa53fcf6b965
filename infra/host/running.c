/* The public calls that dispatch: in a loop of ours, or once in somebody else's. */
#define _GNU_SOURCE

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "infra/host/host.h"

#define DISPATCH_ROUNDS 64u /* In one sarn_dispatch(), at most. */

/* The descriptor is readable, or the loop begins: do what there is. */
static bool on_ready(void *arg)
{
    struct sarn__host *host = arg;
    bool stop;

    pthread_mutex_lock(&host->mutex);
    sarn__loop_clear(host->loop);
    host->woken = false;
    host->attention = SARN__AWAKE;
    host->again = true; /* The engine's time may have come. */
    while (!host->stop && host->urgent == 0 && sarn__host_pending(host)) {
        sarn__host_round(host);
    }
    stop = host->stop;
    host->attention = SARN__AWAY;
    sarn__loop_until(host->loop, host->wake_us);
    pthread_mutex_unlock(&host->mutex);
    return !stop;
}

/* Lead until stopped; looping is set. */
static sarn_status run(struct sarn__host *host, struct sarn_error *error)
{
    struct sarn__waiter waiter;
    sarn_status status;

    sarn__waiter_init(&waiter);
    pthread_mutex_lock(&host->mutex);
    if (host->closing) { /* As good as stopped; the closing thread waits for this. */
        host->looping = false;
        sarn__host_wake(host);
        pthread_mutex_unlock(&host->mutex);
        sarn__waiter_done(&waiter);
        return SARN_OK;
    }
    sarn__host_lead(host, &waiter);
    pthread_mutex_unlock(&host->mutex);
    status = sarn__loop_run(host->loop, on_ready, host, error);
    pthread_mutex_lock(&host->mutex);
    host->attention = SARN__AWAKE;
    host->stop = host->closing;
    host->looping = false;
    sarn__host_leave(host);
    pthread_mutex_unlock(&host->mutex);
    sarn__waiter_done(&waiter);
    return status;
}

/* Claim the one loop there can be. */
static sarn_status claim(struct sarn__host *host, struct sarn_error *error)
{
    sarn_status status = SARN_OK;

    pthread_mutex_lock(&host->mutex);
    if (sarn__host_on_leader(host)) {
        status = sarn__fail(error, SARN_ERR_REENTRANT,
                            "a loop cannot be run from a callback");
    } else if (host->looping || host->closing) {
        status = sarn__fail(error, SARN_ERR_STATE,
                            "a loop runs already, or the engine closes: sarn_run() and "
                            "sarn_start() are one at a time");
    } else {
        host->looping = true;
    }
    pthread_mutex_unlock(&host->mutex);
    return status;
}

sarn_status sarn_run(sarn_engine *engine, struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__host_leads(host, error));
    SARN__TRY(claim(host, error));
    return run(host, error);
}

static void *thread(void *arg)
{
    struct sarn__host *host = arg;
    struct sarn_error error;
    char line[SARN_ERROR_TEXT_BYTES + 64];

    if (run(host, &error) != SARN_OK && host->hooks.log != NULL) {
        snprintf(line, sizeof(line), "the dispatching thread ended: %s", error.text);
        host->hooks.log(host->hooks.arg, line);
    }
    return NULL;
}

/* A thread deaf to all signals: they are the embedder's. */
static int make_thread(struct sarn__host *host)
{
    sigset_t all, before;
    int failed;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&host->thread, NULL, thread, host);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0) {
        pthread_setname_np(host->thread, "sarn-loop");
    }
    return failed;
}

sarn_status sarn_start(sarn_engine *engine, struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    int failed;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__host_leads(host, error));
    SARN__TRY(claim(host, error));
    /* The claim is ours, so an earlier thread has ended its loop. */
    if (host->thread_made) {
        pthread_join(host->thread, NULL);
        host->thread_made = false;
    }
    failed = make_thread(host);
    if (failed != 0) {
        char why[128];

        pthread_mutex_lock(&host->mutex);
        host->looping = false;
        pthread_mutex_unlock(&host->mutex);
        return sarn__fail(error, SARN_ERR_IO,
                          "cannot start a thread (%s): raise the limit of threads, or "
                          "call sarn_run() on a thread of yours",
                          strerror_r(failed, why, sizeof(why)));
    }
    host->thread_made = true;
    return SARN_OK;
}

void sarn_stop(sarn_engine *engine)
{
    struct sarn__host *host = sarn__host_of(engine);

    if (host != NULL && sarn__host_leads(host, NULL) == SARN_OK) {
        pthread_mutex_lock(&host->mutex);
        /* Kept until a loop sees it: a stop may come before the loop has begun. */
        host->stop = true;
        sarn__host_wake(host);
        pthread_mutex_unlock(&host->mutex);
    }
}

int sarn_fd(const sarn_engine *engine)
{
    const struct sarn__host *host = sarn__host_of(engine);

    return host == NULL || host->loop == NULL ? -1 : sarn__loop_fd(host->loop);
}

sarn_status sarn_dispatch(sarn_engine *engine, struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    uint32_t rounds = 0;

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__host_leads(host, error));
    pthread_mutex_lock(&host->mutex);
    if (sarn__host_on_leader(host)) {
        pthread_mutex_unlock(&host->mutex);
        return sarn__fail(error, SARN_ERR_REENTRANT,
                          "sarn_dispatch() was called in a callback of itself");
    }
    /* Not what a leader sleeps for, in a loop or in a call. */
    if (!host->looping && !(host->led && host->attention == SARN__AWAY)) {
        sarn__loop_clear(host->loop);
        host->woken = false;
    }
    if (!host->led) { /* Else whoever leads does it, and announces what it leaves. */
        sarn__host_take(host);
        host->inline_left = 1;
        host->again = true; /* The engine's time may have come. */
        while (sarn__host_pending(host) && host->urgent == 0 &&
               rounds++ < DISPATCH_ROUNDS) {
            sarn__host_round(host);
        }
        sarn__host_leave(host);
    }
    pthread_mutex_unlock(&host->mutex);
    return SARN_OK;
}
