#define _POSIX_C_SOURCE 200809L

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "infra/host/host.h"

/* What one round works on: the queues as they were when it began. */
struct taken {
    struct sarn__job *finished;
    struct sarn__request *requests;
    struct sarn__visit *visits;
};

bool sarn__host_has_room(const struct sarn__host *host)
{
    return host->inbox.count + host->undecided < host->queue_max;
}

bool sarn__host_pending(const struct sarn__host *host)
{
    return host->inbox.head != NULL || host->visits.head != NULL ||
           host->finished.head != NULL || host->again;
}

/* Those who wait for room try again; how many get it is up to them. */
static void give_room(struct sarn__host *host)
{
    for (struct sarn__waiter *w = host->line; w != NULL && host->room_wanted > 0;
         w = w->next) {
        if (w->wants_room) {
            w->wants_room = false;
            host->room_wanted--;
            sarn__host_answer(host, w);
        }
    }
}

static struct taken take_all(struct sarn__host *host)
{
    struct taken taken = {.finished = host->finished.head,
                          .requests = host->inbox.head,
                          .visits = host->visits.head};

    host->undecided += host->inbox.count;
    host->inbox =
        (struct sarn__requests){.head = NULL, .tail = &host->inbox.head, .count = 0};
    host->finished.head = NULL;
    host->finished.tail = &host->finished.head;
    host->visits.head = NULL;
    host->visits.tail = &host->visits.head;
    host->again = false;
    return taken;
}

static void feed_engine(struct sarn__host *host, struct taken *taken)
{
    while (taken->finished != NULL) {
        struct sarn__job *job = taken->finished;

        taken->finished = job->next;
        *(job->kind == SARN__JOB_COMMIT ? &host->commits_out : &host->steps_out) -= 1;
        sarn__engine_finish(host->engine, job);
    }
    while (taken->requests != NULL) {
        struct sarn__request *request = taken->requests;

        taken->requests = request->next;
        request->next = NULL;
        sarn__engine_submit(host->engine, request);
    }
}

static void answer_visits(struct sarn__host *host, struct sarn__visit *visits)
{
    if (visits != NULL) {
        sarn__engine_settle(host->engine); /* They see all that was replied to. */
    }
    while (visits != NULL) {
        struct sarn__visit *visit = visits;

        visits = visit->next;
        visit->status = sarn__engine_knows(host->engine, visit->error);
        if (visit->status == SARN_OK) {
            visit->status = visit->call(visit->arg);
        }
        sarn__host_answer(host, &visit->waiter);
    }
}

/* May the one commit among jobs be made on this thread? Only when nobody waits for it
 * to do anything else. */
static bool may_inline(struct sarn__host *host, const struct sarn__job *commit)
{
    bool idle;

    if (!commit->quick || host->commits_out > 0 || host->inline_left == 0) {
        return false;
    }
    pthread_mutex_lock(&host->mutex);
    idle = host->inbox.head == NULL && host->visits.head == NULL;
    pthread_mutex_unlock(&host->mutex);
    return idle;
}

/* Hand jobs out, in order; answers the one to be done inline, if any. */
static struct sarn__job *hand_out(struct sarn__host *host, struct sarn__job *jobs)
{
    struct sarn__job *commits = NULL, **tail = &commits;

    while (jobs != NULL) {
        struct sarn__job *job = jobs;

        jobs = job->next;
        job->next = NULL;
        if (job->kind == SARN__JOB_COMMIT) {
            *tail = job;
            tail = &job->next;
        } else {
            assert(host->steps != NULL); /* A step needs a workflow. */
            host->steps_out++;
            sarn__workers_push(host->steps, job);
        }
    }
    if (commits != NULL && commits->next == NULL && may_inline(host, commits)) {
        host->commits_out++;
        host->inline_left--;
        return commits;
    }
    while (commits != NULL) {
        struct sarn__job *job = commits;

        commits = job->next;
        host->commits_out++;
        sarn__workers_push(host->committer, job);
    }
    return NULL;
}

static void finish(struct sarn__host *host, struct sarn__job *job)
{
    job->next = NULL;
    *host->finished.tail = job;
    host->finished.tail = &job->next;
}

void sarn__host_round(struct sarn__host *host)
{
    struct taken taken = take_all(host);
    struct sarn__duties duties = {.wake_us = INT64_MAX};
    struct sarn__job *own;

    pthread_mutex_unlock(&host->mutex);
    if (host->control != NULL) {
        sarn__control_server_serve(host->control);
    }
    feed_engine(host, &taken);
    sarn__engine_poll(host->engine, &duties);
    own = hand_out(host, duties.jobs);
    answer_visits(host, taken.visits);
    pthread_mutex_lock(&host->mutex);
    host->undecided = duties.queued;
    /* A visit may leave work behind: a subscriber who has to catch up. */
    host->again = host->again || duties.again || taken.visits != NULL;
    host->wake_us = duties.wake_us;
    if (host->room_wanted > 0 && sarn__host_has_room(host)) {
        give_room(host);
    }
    sarn__host_deliver(host);
    if (own != NULL) {
        pthread_mutex_unlock(&host->mutex);
        own->work(own);
        pthread_mutex_lock(&host->mutex);
        finish(host, own);
    }
}

/* In the loop's descriptor, which is readable for a control client, too. */
static void nap_in_loop(struct sarn__host *host)
{
    host->attention = SARN__AWAY;
    sarn__loop_until(host->loop, host->wake_us);
    pthread_mutex_unlock(&host->mutex);
    sarn__loop_wait(host->loop);
    pthread_mutex_lock(&host->mutex);
    sarn__loop_clear(host->loop);
    host->woken = false;
    host->attention = SARN__AWAKE;
    host->again = true; /* Somebody speaks, or the time has come. */
}

static void nap_on_semaphore(struct sarn__host *host)
{
    struct timespec until = {.tv_sec = (time_t)(host->wake_us / 1000000),
                             .tv_nsec = host->wake_us % 1000000 * 1000};
    bool forever = host->wake_us == INT64_MAX;
    int woken;

    host->attention = SARN__NAPPING;
    pthread_mutex_unlock(&host->mutex);
    do {
        woken = forever ? sem_wait(&host->nap) : sem_timedwait(&host->nap, &until);
    } while (woken != 0 && errno == EINTR);
    pthread_mutex_lock(&host->mutex);
    host->attention = SARN__AWAKE;
    host->again = host->again || woken != 0; /* The time has come. */
}

void sarn__host_nap(struct sarn__host *host)
{
    if (host->control != NULL) {
        nap_in_loop(host);
    } else {
        nap_on_semaphore(host);
    }
}

void sarn__host_job_done(void *arg, struct sarn__job *job)
{
    struct sarn__host *host = arg;

    pthread_mutex_lock(&host->mutex);
    finish(host, job);
    sarn__host_wake(host);
    pthread_mutex_unlock(&host->mutex);
}

void sarn__host_answer(struct sarn__host *host, struct sarn__waiter *waiter)
{
    if (host->driver.ops != NULL) { /* Which looks after every move. */
        waiter->answered = true;
        return;
    }
    waiter->next_answered = host->answered;
    host->answered = waiter;
}

void sarn__host_deliver(struct sarn__host *host)
{
    struct sarn__waiter *answered = host->answered;
    struct sarn__waiter *woken = NULL;

    host->answered = NULL;
    while (answered != NULL) {
        struct sarn__waiter *waiter = answered;

        answered = waiter->next_answered;
        waiter->answered = true;
        if (waiter->link != NULL) { /* Else it is the leader's own. */
            sarn__host_unline(host, waiter);
            waiter->next_answered = woken;
            woken = waiter;
        }
    }
    if (woken == NULL) {
        return;
    }
    pthread_mutex_unlock(&host->mutex);
    while (woken != NULL) {
        struct sarn__waiter *waiter = woken;

        woken = waiter->next_answered; /* After the post, waiter may be gone. */
        sem_post(&waiter->sem);
    }
    pthread_mutex_lock(&host->mutex);
}
