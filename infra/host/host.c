#include "infra/host/host.h"

#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"

static bool needs_steps(const struct sarn_options *options)
{
    for (uint32_t i = 0; i < options->module_count; i++) {
        if (options->modules[i]->workflow_count > 0) {
            return true;
        }
    }
    return false;
}

static sarn_status make_parts(struct sarn__host *host,
                              const struct sarn_options *options,
                              struct sarn_error *error)
{
    SARN__TRY(sarn__process_mark_create(&host->mark, error));
    SARN__TRY(sarn__loop_create(&host->heap, &host->loop, error));
    SARN__TRY(sarn__workers_create(1, "sarn-committer", sarn__host_job_done, host,
                                   &host->heap, &host->committer, error));
    if (needs_steps(options)) {
        SARN__TRY(sarn__workers_create(options->workers, "sarn-worker",
                                       sarn__host_job_done, host, &host->heap,
                                       &host->steps, error));
    }
    return SARN_OK;
}

/* A host without its parts; NULL: out of memory. */
static struct sarn__host *make_host(const struct sarn_options *options)
{
    struct sarn__host *made = sarn__heap_alloc(&options->heap, sizeof(*made));

    if (made == NULL) {
        return NULL;
    }
    made->heap = options->heap;
    made->hooks = options->hooks;
    made->queue_max = options->queue_max;
    made->wait_for_room = (options->flags & SARN_OPEN_WAIT) != 0;
    made->inbox.tail = &made->inbox.head;
    made->visits.tail = &made->visits.head;
    made->finished.tail = &made->finished.head;
    made->line_tail = &made->line;
    made->attention = SARN__AWAY;
    made->wake_us = INT64_MAX;
    made->again = true; /* What an earlier run left to do. */
    pthread_mutex_init(&made->mutex, NULL);
    sem_init(&made->nap, 0, 0);
    return made;
}

/* made with its parts to *host, or nothing. */
static sarn_status
finish_host(struct sarn__host *made, sarn_status status, struct sarn__host **host)
{
    if (status != SARN_OK) {
        sarn__host_destroy(made);
        return status;
    }
    *host = made;
    return SARN_OK;
}

sarn_status sarn__host_create(const struct sarn_options *options,
                              struct sarn__host **host,
                              struct sarn_error *error)
{
    struct sarn__host *made = make_host(options);

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an engine");
    }
    return finish_host(made, make_parts(made, options, error), host);
}

sarn_status sarn__host_create_driven(const struct sarn_options *options,
                                     struct sarn__driver driver,
                                     struct sarn__host **host,
                                     struct sarn_error *error)
{
    struct sarn__host *made = make_host(options);

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an engine");
    }
    made->driver = driver;
    return finish_host(made, sarn__process_mark_create(&made->mark, error), host);
}

/* How a call on the engine's log gets to the leader's thread. */
static sarn_status visit_log(void *owner,
                             sarn_status (*call)(void *arg),
                             void *arg,
                             struct sarn_error *error)
{
    struct sarn__host *host = owner;

    if (!sarn__process_mark_is_ours(host->mark)) {
        return sarn__host_forked(error);
    }
    return sarn__host_visit(host, false, call, arg, error);
}

void sarn__host_attach(struct sarn__host *host,
                       sarn_engine *engine,
                       void (*release)(void *arg),
                       void *arg)
{
    struct sarn_log *log = sarn__engine_log(engine);

    assert(host->engine == NULL);
    host->engine = engine;
    host->release = release;
    host->release_arg = arg;
    sarn__engine_set_host(engine, host);
    log->visit = visit_log;
    log->owner = host;
    if (host->loop != NULL) {
        sarn__loop_wake(host->loop); /* Executions of an earlier run go on. */
        host->woken = true;
    }
}

void sarn__host_detach(struct sarn__host *host)
{
    assert(host->driver.ops != NULL);
    host->engine = NULL;
}

sarn_status sarn__host_leads(const struct sarn__host *host, struct sarn_error *error)
{
    if (host->driver.ops == NULL) {
        return SARN_OK;
    }
    return sarn__fail(
        error, SARN_ERR_STATE,
        "the engine of a test is moved by sarn_test_run() and by the calls "
        "that wait, not by a loop or a thread");
}

sarn_status
sarn__host_serve(struct sarn__host *host, const char *path, struct sarn_error *error)
{
    struct sarn__control_server *server;
    sarn_status status;

    SARN__TRY(sarn__control_server_create(host->engine, path, &server, error));
    status = sarn__loop_watch(host->loop, sarn__control_server_fd(server), error);
    if (status != SARN_OK) {
        sarn__control_server_destroy(server);
        return status;
    }
    host->control = server;
    return SARN_OK;
}

void sarn__host_destroy(struct sarn__host *host)
{
    struct sarn_heap heap = host->heap;

    if (host->thread_made) {
        pthread_join(host->thread, NULL);
    }
    sarn__workers_destroy(host->steps);
    sarn__workers_destroy(host->committer);
    if (host->engine != NULL) {
        sarn__engine_destroy(host->engine);
        if (host->release != NULL) {
            host->release(host->release_arg);
        }
    }
    sarn__control_server_destroy(host->control);
    sarn__loop_destroy(host->loop);
    sarn__process_mark_destroy(host->mark);
    sem_destroy(&host->nap);
    pthread_mutex_destroy(&host->mutex);
    sarn__heap_free(&heap, host);
}

struct sarn__host *sarn__host_of(const sarn_engine *engine)
{
    struct sarn__host *host = sarn__engine_host(engine);

    return sarn__process_mark_is_ours(host->mark) ? host : NULL;
}

sarn_status sarn__host_forked(struct sarn_error *error)
{
    return sarn__fail(
        error, SARN_ERR_STATE,
        "the engine belongs to the process that forked this one: open the "
        "log after the fork, in one of them");
}
