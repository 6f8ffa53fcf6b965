/* The public calls that ask: each goes to the leader's thread as a visit. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/fail.h"
#include "engine/bus.h"
#include "engine/registry.h"
#include "infra/host/host.h"

/* --- aggregates --- */

struct load {
    sarn_engine *engine;
    uint32_t tenant, count;
    const struct sarn_str *streams;
    sarn_state_fn *handler;
    void *arg;
    struct sarn_error *error;
};

static sarn_status load(void *arg)
{
    struct load *load = arg;

    return sarn__engine_load(load->engine, load->tenant, load->streams, load->count,
                             load->handler, load->arg, load->error);
}

sarn_status sarn_load_batch(sarn_engine *engine,
                            uint32_t tenant,
                            const struct sarn_str *streams,
                            uint32_t count,
                            sarn_state_fn *handler,
                            void *arg,
                            struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct load what = {engine, tenant, count, streams, handler, arg, error};

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    return sarn__host_visit(host, false, load, &what, error);
}

/* Where sarn_load() copies the one state to. */
struct copy {
    sarn_engine *engine;
    struct sarn_arena *arena;
    void *state;
    int64_t *version;
    struct sarn_error *error;
};

static sarn_status
copy_state(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    struct copy *copy = arg;
    const struct sarn_log *log = sarn__engine_log(copy->engine);
    const struct sarn_aggregate *aggregate =
        sarn__registry_aggregate(log->registry, sarn__category(stream));

    assert(aggregate != NULL); /* Or it could not have been loaded. */
    if (sarn_type_copy(aggregate->state, state, copy->state, copy->arena) != SARN_OK) {
        return sarn__fail(copy->error, SARN_ERR_NOMEM,
                          "out of memory for the state of \"%.*s\"", (int)stream.size,
                          stream.data);
    }
    *copy->version = version;
    return SARN_OK;
}

sarn_status sarn_load(sarn_engine *engine,
                      uint32_t tenant,
                      struct sarn_str stream,
                      struct sarn_arena *arena,
                      void *state,
                      int64_t *version,
                      struct sarn_error *error)
{
    struct copy copy = {engine, arena, state, version, error};

    return sarn_load_batch(engine, tenant, &stream, 1, copy_state, &copy, error);
}

struct warm {
    sarn_engine *engine;
    uint32_t tenant, count;
    struct sarn_str category;
    struct sarn_error *error;
};

static sarn_status warm(void *arg)
{
    struct warm *warm = arg;

    return sarn__engine_warm(warm->engine, warm->tenant, warm->category, warm->count,
                             warm->error);
}

sarn_status sarn_warm(sarn_engine *engine,
                      uint32_t tenant,
                      const char *category,
                      uint32_t count,
                      struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct warm what = {engine, tenant, count, sarn_str(category), error};

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    return sarn__host_visit(host, false, warm, &what, error);
}

/* --- executions --- */

struct execution {
    sarn_engine *engine;
    uint32_t tenant;
    struct sarn_str workflow, workflow_id;
    struct sarn_arena *arena;
    struct sarn_execution_info *info;
    struct sarn_error *error;
};

static sarn_status get_execution(void *arg)
{
    struct execution *get = arg;

    return sarn__engine_execution(get->engine, get->tenant, get->workflow,
                                  get->workflow_id, get->arena, get->info, get->error);
}

sarn_status sarn_execution_get(sarn_engine *engine,
                               uint32_t tenant,
                               const char *workflow,
                               struct sarn_str workflow_id,
                               struct sarn_arena *arena,
                               struct sarn_execution_info *info,
                               struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct execution what = {engine, tenant, sarn_str(workflow), workflow_id, arena,
                             info,   error};

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    return sarn__host_visit(host, false, get_execution, &what, error);
}

struct query {
    sarn_engine *engine;
    uint32_t tenant;
    struct sarn_str workflow, workflow_id, name;
    const void *input;
    struct sarn_arena *arena;
    const void **output;
    struct sarn_error *error;
};

static sarn_status query(void *arg)
{
    struct query *ask = arg;

    return sarn__engine_query(ask->engine, ask->tenant, ask->workflow, ask->workflow_id,
                              ask->name, ask->input, ask->arena, ask->output,
                              ask->error);
}

sarn_status sarn_execution_query(sarn_engine *engine,
                                 uint32_t tenant,
                                 const char *workflow,
                                 struct sarn_str workflow_id,
                                 const char *name,
                                 const void *input,
                                 struct sarn_arena *arena,
                                 const void **output,
                                 struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct query what = {engine,      tenant,         sarn_str(workflow),
                         workflow_id, sarn_str(name), input,
                         arena,       output,         error};

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    return sarn__host_visit(host, false, query, &what, error);
}

/* --- statistics --- */

struct stats {
    struct sarn__host *host;
    struct sarn_engine_stats *to;
};

static sarn_status get_stats(void *arg)
{
    struct stats *get = arg;
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};
    uint32_t size = get->to->struct_size;

    sarn__engine_stats(get->host->engine, &stats);
    pthread_mutex_lock(&get->host->mutex);
    stats.queued += get->host->inbox.count;
    pthread_mutex_unlock(&get->host->mutex);
    memcpy(get->to, &stats, size < sizeof(stats) ? size : sizeof(stats));
    get->to->struct_size = size;
    return SARN_OK;
}

sarn_status sarn_engine_get_stats(sarn_engine *engine,
                                  struct sarn_engine_stats *stats,
                                  struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct stats what = {host, stats};

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__sized_check(stats, sizeof(*stats), "sarn_engine_stats", error));
    return sarn__host_visit(host, true, get_stats, &what, error);
}

/* --- subscriptions --- */

struct subscribe {
    sarn_engine *engine;
    struct sarn_subscribe_options options;
    sarn_event_fn *handler;
    void (*ended)(void *arg, sarn_status status, uint64_t position);
    void *arg;
    sarn_subscription **subscription;
    struct sarn_error *error;
};

static sarn_status subscribe(void *arg)
{
    struct subscribe *make = arg;

    return sarn__bus_subscribe(sarn__engine_bus(make->engine), &make->options,
                               make->handler, make->ended, make->arg,
                               make->subscription, make->error);
}

sarn_status
sarn_subscribe(sarn_engine *engine,
               const struct sarn_subscribe_options *options,
               sarn_event_fn *handler,
               void (*ended)(void *arg, sarn_status status, uint64_t position),
               void *arg,
               sarn_subscription **subscription,
               struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct subscribe what = {.engine = engine,
                             .handler = handler,
                             .ended = ended,
                             .arg = arg,
                             .subscription = subscription,
                             .error = error};

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    SARN__TRY(sarn__sized_copy(&what.options, sizeof(what.options),
                               sizeof(what.options), options, "sarn_subscribe_options",
                               error));
    return sarn__host_visit(host, true, subscribe, &what, error);
}

struct unsubscribe {
    sarn_engine *engine;
    sarn_subscription *subscription;
};

static sarn_status unsubscribe(void *arg)
{
    struct unsubscribe *end = arg;

    sarn__bus_unsubscribe(sarn__engine_bus(end->engine), end->subscription);
    return SARN_OK;
}

void sarn_unsubscribe(sarn_engine *engine, sarn_subscription *subscription)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct unsubscribe what = {engine, subscription};
    sarn_status status = SARN_ERR_CLOSED;

    if (host != NULL && subscription != NULL) {
        status = sarn__host_visit(host, true, unsubscribe, &what, NULL);
    }
    /* Closed: every subscription ends with the engine, and no handler is called. */
    assert(status == SARN_OK || status == SARN_ERR_CLOSED);
    (void)status;
}

/* --- projections and the log --- */

struct rebuild {
    sarn_engine *engine;
    struct sarn_str projection;
    sarn_progress_fn *progress;
    void *arg;
    struct sarn_error *error;
};

static sarn_status rebuild(void *arg)
{
    struct rebuild *what = arg;

    return sarn__engine_rebuild(what->engine, what->projection, what->progress,
                                what->arg, what->error);
}

sarn_status sarn_projection_rebuild(sarn_engine *engine,
                                    const char *projection,
                                    sarn_progress_fn *progress,
                                    void *arg,
                                    struct sarn_error *error)
{
    struct sarn__host *host = sarn__host_of(engine);
    struct rebuild what = {engine, sarn_str(projection), progress, arg, error};

    if (host == NULL) {
        return sarn__host_forked(error);
    }
    return sarn__host_visit(host, false, rebuild, &what, error);
}

sarn_log *sarn_engine_log(sarn_engine *engine)
{
    return sarn__engine_log(engine);
}
