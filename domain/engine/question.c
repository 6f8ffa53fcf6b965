/* Questions to an engine: states, executions, counts. They see what is durable, and all
 * of it. */
#include "core/fail.h"
#include "engine/orchestrator.h"
#include "engine/state.h"

void sarn__engine_settle(sarn_engine *engine)
{
    sarn__settle_fold(engine);
}

sarn_status sarn__engine_knows(const sarn_engine *engine, struct sarn_error *error)
{
    return engine->unfolded
               ? sarn__fail(error, SARN_ERR_CLOSED, "%s", engine->stopped_error.text)
               : SARN_OK;
}

sarn_status sarn__engine_load(sarn_engine *engine,
                              uint32_t tenant,
                              const struct sarn_str *streams,
                              uint32_t count,
                              sarn_state_fn *handler,
                              void *arg,
                              struct sarn_error *error)
{
    sarn__settle_fold(engine);
    for (uint32_t i = 0; i < count; i++) {
        const struct sarn_aggregate *aggregate;

        if (streams[i].size == 0 || streams[i].size > SARN_STREAM_NAME_BYTES_MAX) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "a stream's name has 1 to %u bytes, not %u",
                              SARN_STREAM_NAME_BYTES_MAX, streams[i].size);
        }
        SARN__TRY(sarn__aggregate_of(engine, streams[i], &aggregate, error));
        SARN__TRY(sarn__entities_durable(&engine->entities, tenant, streams[i],
                                         aggregate, handler, arg, error));
    }
    return SARN_OK;
}

/* --- warming --- */

struct warming {
    sarn_engine *engine;
    const struct sarn_aggregate *aggregate;
    uint32_t tenant;
    uint32_t left;
    struct sarn_error *error;
};

/* One position of the category, newest first: load its stream, once. */
static sarn_status
warm_position(void *arg, uint64_t position, struct sarn_str bytes, uint64_t *next)
{
    struct warming *warming = arg;
    sarn_engine *engine = warming->engine;
    struct sarn__record_links links;
    struct sarn__entity *entity;
    struct sarn_str name;
    uint32_t tenant;
    uint64_t misses = engine->entities.misses;

    *next = 0;
    SARN__TRY(sarn__record_links(position, bytes, &links, warming->error));
    sarn_arena_reset(engine->scratch);
    SARN__TRY(sarn__store_stream_name(&engine->log.store, links.stream, engine->scratch,
                                      &tenant, &name, warming->error));
    SARN__TRY(sarn__entities_get(&engine->entities, tenant, name, warming->aggregate,
                                 &entity, warming->error));
    warming->left -= engine->entities.misses > misses ? 1 : 0;
    return SARN_OK;
}

static sarn_status warm_one(void *arg, uint64_t position)
{
    struct warming *warming = arg;
    const struct sarn_journal *journal = &warming->engine->log.ports.journal;
    const struct sarn__entities *entities = &warming->engine->entities;
    uint64_t next;

    if (warming->left == 0 || entities->bytes >= entities->bytes_max) {
        return SARN_ERR_FULL; /* Ends the visit; not an error. */
    }
    return journal->ops->walk(journal->self, position, warm_position, warming, &next,
                              warming->error);
}

sarn_status sarn__engine_warm(sarn_engine *engine,
                              uint32_t tenant,
                              struct sarn_str category,
                              uint32_t count,
                              struct sarn_error *error)
{
    struct warming warming = {
        .engine = engine, .tenant = tenant, .left = count, .error = error};
    sarn_status status;

    sarn__settle_fold(engine);
    SARN__TRY(sarn__aggregate_of(engine, category, &warming.aggregate, error));
    status = sarn__store_category(&engine->log.store, tenant, category, 1,
                                  engine->log.store.position, true, warm_one, &warming,
                                  error);
    sarn__entities_trim(&engine->entities);
    return status == SARN_ERR_FULL ? SARN_OK : status;
}

/* --- the rest --- */

sarn_status sarn__engine_execution(sarn_engine *engine,
                                   uint32_t tenant,
                                   struct sarn_str workflow,
                                   struct sarn_str workflow_id,
                                   struct sarn_arena *arena,
                                   struct sarn_execution_info *info,
                                   struct sarn_error *error)
{
    sarn__settle_fold(engine);
    return sarn__orchestrator_execution(engine, tenant, workflow, workflow_id, arena,
                                        info, error);
}

void sarn__engine_stats(const sarn_engine *engine, struct sarn_engine_stats *stats)
{
    uint32_t struct_size = stats->struct_size;

    *stats = engine->counts;
    stats->struct_size = struct_size;
    stats->queued = engine->queued;
    stats->cache_hits = engine->entities.hits;
    stats->cache_misses = engine->entities.misses;
    stats->cache_evictions = engine->entities.evictions;
    stats->cache_entries = engine->entities.map.count;
    stats->cache_bytes = engine->entities.bytes;
    stats->steps_running = sarn__orchestrator_running(engine);
    stats->executions_running = sarn__orchestrator_executions(engine);
}

sarn_status sarn__engine_rebuild(sarn_engine *engine,
                                 struct sarn_str projection,
                                 sarn_progress_fn *progress,
                                 void *arg,
                                 struct sarn_error *error)
{
    sarn__settle_fold(engine);
    return sarn__projections_rebuild(engine->log.projections, projection, progress, arg,
                                     error);
}
