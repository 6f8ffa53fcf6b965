#define _GNU_SOURCE

#include "infra/posix/workers.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"

struct sarn__workers {
    struct sarn_heap heap;
    sarn__job_done_fn *done;
    void *arg;
    pthread_mutex_t mutex;
    pthread_cond_t news; /* A job was pushed, or stopping was set. */
    struct sarn__job *head, **tail;
    bool stopping;
    uint32_t idle;  /* Threads that wait for news. */
    bool waking;    /* One of them was told, and has not looked yet. */
    uint32_t count; /* Threads that were started. */
    pthread_t threads[];
};

/* One thread is woken at a time; it takes a job and wakes the next if there are more.
 * So many quick jobs cost few system calls, and a slow one keeps no other waiting. */
static bool should_wake(struct sarn__workers *workers)
{
    bool wake = workers->head != NULL && workers->idle > 0 && !workers->waking;

    workers->waking = workers->waking || wake;
    return wake;
}

/* The next job, or NULL when the pool stops and nothing is left. */
static struct sarn__job *take(struct sarn__workers *workers)
{
    struct sarn__job *job;
    bool wake;

    pthread_mutex_lock(&workers->mutex);
    while (workers->head == NULL && !workers->stopping) {
        workers->idle++;
        pthread_cond_wait(&workers->news, &workers->mutex);
        workers->idle--;
        workers->waking = false;
    }
    job = workers->head;
    if (job != NULL) {
        workers->head = job->next;
        if (workers->head == NULL) {
            workers->tail = &workers->head;
        }
        job->next = NULL;
    }
    wake = should_wake(workers);
    pthread_mutex_unlock(&workers->mutex);
    if (wake) {
        pthread_cond_signal(&workers->news);
    }
    return job;
}

static void *serve(void *arg)
{
    struct sarn__workers *workers = arg;
    struct sarn__job *job;

    while ((job = take(workers)) != NULL) {
        job->work(job);
        workers->done(workers->arg, job);
    }
    return NULL;
}

/* Start the threads; those that started are counted, also on failure. */
static int start(struct sarn__workers *workers, uint32_t count, const char *name)
{
    sigset_t all, before;
    int failed = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* Inherited by the new threads. */
    while (failed == 0 && workers->count < count) {
        pthread_t *thread = &workers->threads[workers->count];

        failed = pthread_create(thread, NULL, serve, workers);
        if (failed == 0) {
            pthread_setname_np(*thread, name); /* Only for people: may fail. */
            workers->count++;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

sarn_status sarn__workers_create(uint32_t count,
                                 const char *name,
                                 sarn__job_done_fn *done,
                                 void *arg,
                                 const struct sarn_heap *heap,
                                 struct sarn__workers **workers,
                                 struct sarn_error *error)
{
    struct sarn__workers *pool;
    int failed;

    assert(count >= 1 && count <= SARN__WORKERS_MAX);
    assert(strlen(name) <= 15);
    pool = sarn__heap_alloc(heap, sizeof(*pool) + count * sizeof(pool->threads[0]));
    if (pool == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for %u threads", count);
    }
    pool->heap = *heap;
    pool->done = done;
    pool->arg = arg;
    pool->tail = &pool->head;
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->news, NULL);
    failed = start(pool, count, name);
    if (failed != 0) {
        uint32_t started = pool->count;
        char why[128];

        sarn__workers_destroy(pool);
        return sarn__fail(
            error, SARN_ERR_IO,
            "could start only %u of %u threads (%s): ask for fewer workers "
            "or raise the limit of threads",
            started, count, strerror_r(failed, why, sizeof(why)));
    }
    *workers = pool;
    return SARN_OK;
}

void sarn__workers_destroy(struct sarn__workers *workers)
{
    struct sarn_heap heap;

    if (workers == NULL) {
        return;
    }
    pthread_mutex_lock(&workers->mutex);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->news);
    pthread_mutex_unlock(&workers->mutex);
    for (uint32_t i = 0; i < workers->count; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    pthread_cond_destroy(&workers->news);
    pthread_mutex_destroy(&workers->mutex);
    heap = workers->heap;
    sarn__heap_free(&heap, workers);
}

void sarn__workers_push(struct sarn__workers *workers, struct sarn__job *job)
{
    bool wake;

    job->next = NULL;
    pthread_mutex_lock(&workers->mutex);
    assert(!workers->stopping);
    *workers->tail = job;
    workers->tail = &job->next;
    wake = should_wake(workers);
    pthread_mutex_unlock(&workers->mutex);
    if (wake) {
        pthread_cond_signal(&workers->news);
    }
}
