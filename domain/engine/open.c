/* Opening to write: fold the tail, then take the log with one durable commit that names
 * the epoch and registers what the modules bring. */
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/definition_log.h"
#include "engine/misfits.h"
#include "engine/orchestrator.h"
#include "engine/schedules.h"
#include "engine/state.h"
#include "sarn/events.h"

#define TAKE_TRIES    16u   /* Against an owner that goes on appending. */
#define FOLLOW_EVENTS 4096u /* Between two calls of progress. */

/* --- what the first commit holds --- */

static sarn_status write_schema(sarn_engine *engine,
                                const struct sarn__meta *meta,
                                const struct sarn_schema *schema,
                                struct sarn_error *error)
{
    struct sarn__written written;
    struct sarn__new_event event = {
        .type = &sarn_bytes_type,
        .type_name = SARN_STR("sarn.SchemaRegistered"),
        .payload = {(const char *)schema->bfbs, schema->bfbs_size},
        .schema_name = sarn_str(schema->name)};

    if (schema->bfbs_size > SARN_PAYLOAD_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "schema \"%s\" has %u bytes in its binary form, over %u",
                          schema->name, schema->bfbs_size, SARN_PAYLOAD_BYTES_MAX);
    }
    return sarn__writer_put(&engine->writer, meta, &event, &written, error);
}

/* Every schema of the modules gets its number; new ones are stored. */
static sarn_status write_schemas(sarn_engine *engine,
                                 const struct sarn__meta *meta,
                                 struct sarn_error *error)
{
    const struct sarn__registry *registry = engine->log.registry;

    engine->writer.schema_count = 0;
    for (uint32_t i = 0; i < sarn__registry_schema_count(registry); i++) {
        const struct sarn_schema *schema = sarn__registry_schema(registry, i);
        uint32_t id;

        SARN__TRY(sarn__decoder_schema_id(engine->log.decoder, schema, &id, error));
        if (id == 0) {
            id = engine->writer.next_schema;
            SARN__TRY(write_schema(engine, meta, schema, error));
        }
        SARN__TRY(sarn__writer_know_schema(&engine->writer, schema, id, error));
    }
    return SARN_OK;
}

static sarn_status write_epoch(sarn_engine *engine,
                               const struct sarn__engine_config *config,
                               const struct sarn__meta *meta,
                               struct sarn_error *error)
{
    struct sarn_epoch_began event = {.epoch = engine->epoch,
                                     .pid = config->pid,
                                     .host = config->host,
                                     .version = sarn_str(sarn_version())};
    struct sarn__written written;

    return sarn__writer_put_struct(&engine->writer, meta, (struct sarn_str){NULL, 0},
                                   &sarn_epoch_began_type, &event, &written, error);
}

static sarn_status write_projections(sarn_engine *engine,
                                     const struct sarn__meta *meta,
                                     struct sarn_error *error)
{
    struct sarn__writer *writer = &engine->writer;
    uint32_t missing;

    SARN__TRY(sarn__projections_bind(engine->log.projections, &missing, error));
    for (uint32_t i = 0; i < missing; i++) {
        const struct sarn_projection *projection =
            sarn__projections_missing(engine->log.projections, i);
        struct sarn_projection_registered event = {
            .name = sarn_str(projection->name),
            .id = writer->next_projection,
            .version = projection->version,
            .row_schema = sarn__type_fingerprint(projection->row),
            .mode = projection->mode};
        struct sarn__written written;

        SARN__TRY(sarn__writer_put_struct(writer, meta, (struct sarn_str){NULL, 0},
                                          &sarn_projection_registered_type, &event,
                                          &written, error));
        writer->next_projection += 1;
    }
    return SARN_OK;
}

/* Every workflow that the log does not know with these steps. */
static sarn_status write_definition(sarn_engine *engine,
                                    const struct sarn__meta *meta,
                                    const struct sarn_workflow *workflow,
                                    struct sarn_error *error)
{
    uint64_t fingerprint = sarn__workflow_fingerprint(workflow), position;
    struct sarn_error why = {SARN_OK, ""};
    struct sarn_workflow_registered event;
    struct sarn__written written;
    sarn_status status = sarn__store_definition(
        &engine->log.store, sarn_str(workflow->name), fingerprint, &position, &why);

    if (status != SARN_ERR_NOT_FOUND) {
        return status == SARN_OK ? SARN_OK : sarn__fail(error, status, "%s", why.text);
    }
    sarn_arena_reset(engine->scratch);
    SARN__TRY(sarn__definition_describe(workflow, fingerprint, engine->scratch, &event,
                                        error));
    return sarn__writer_put_struct(&engine->writer, meta, (struct sarn_str){NULL, 0},
                                   &sarn_workflow_registered_type, &event, &written,
                                   error);
}

static sarn_status write_definitions(sarn_engine *engine,
                                     const struct sarn__meta *meta,
                                     struct sarn_error *error)
{
    const struct sarn_options *options = &engine->options;

    for (uint32_t i = 0; i < options->module_count; i++) {
        const struct sarn_module *module = options->modules[i];

        for (uint32_t k = 0; k < module->workflow_count; k++) {
            SARN__TRY(write_definition(engine, meta, module->workflows[k], error));
        }
    }
    return SARN_OK;
}

/* --- taking the log --- */

/* Where the journal stands: its epoch, and the hash that the next commit chains to. */
static sarn_status read_state(sarn_engine *engine, struct sarn_error *error)
{
    const struct sarn_ports *ports = &engine->log.ports;
    struct sarn_journal_state state;
    struct sarn__commit commit;

    SARN__TRY(ports->journal.ops->state(ports->journal.self, &state, error));
    engine->epoch = state.epoch + 1;
    engine->flushed_through = state.through;
    memset(engine->chain, 0, sizeof(engine->chain));
    if (state.last_commit != 0) {
        SARN__TRY(sarn__commit_decode(
            state.last_commit,
            (struct sarn_str){(const char *)state.commit, SARN__COMMIT_BYTES},
            &ports->hash, &commit, error));
        memcpy(engine->chain, commit.hash, sizeof(engine->chain));
    }
    return SARN_OK;
}

static sarn_status first_commit(sarn_engine *engine,
                                const struct sarn__engine_config *config,
                                struct sarn_error *error)
{
    struct sarn__commit_job *job = &engine->commit_job;
    struct sarn__meta meta = {.time_us = sarn__writer_now(&engine->writer)};

    SARN__TRY(read_state(engine, error));
    SARN__TRY(
        sarn__writer_uuid(&engine->writer, meta.time_us, &meta.correlation_id, error));
    SARN__TRY(write_schemas(engine, &meta, error));
    SARN__TRY(write_epoch(engine, config, &meta, error));
    SARN__TRY(write_projections(engine, &meta, error));
    SARN__TRY(write_definitions(engine, &meta, error));
    SARN__TRY(sarn__engine_prepare_commit(engine, true, error));
    job->job.work(&job->job);
    if (job->status != SARN_OK) {
        return sarn__fail(error, job->status, "%s", job->error.text);
    }
    return SARN_OK;
}

/* An owner being deposed may append until the epoch is ours: fold that and try again.
 */
static sarn_status take_log(sarn_engine *engine,
                            const struct sarn__engine_config *config,
                            struct sarn_error *error)
{
    sarn_status status = SARN_ERR_WRONG_EXPECTED_VERSION;
    struct sarn_error why = {SARN_OK, ""};

    for (uint32_t i = 0; i < TAKE_TRIES && (status == SARN_ERR_WRONG_EXPECTED_VERSION ||
                                            status == SARN_ERR_DEPOSED);
         i++) {
        if (i > 0) {
            SARN__TRY(sarn__log_refresh(&engine->log, error));
            sarn__writer_forget(&engine->writer);
        }
        status = first_commit(engine, config, &why);
    }
    if (status != SARN_OK) {
        return sarn__fail(error, status, "%s", why.text);
    }
    engine->job_finished = true;
    sarn__settle_job(engine);
    sarn__settle_fold(engine);
    return engine->stopped == SARN_OK
               ? SARN_OK
               : sarn__fail(error, engine->stopped, "%s", engine->stopped_error.text);
}

/* --- projections that are new, or behind --- */

static sarn_status build_projections(sarn_engine *engine, struct sarn_error *error)
{
    const struct sarn_hooks *hooks = &engine->options.hooks;
    uint64_t total = engine->log.store.position;
    uint64_t done = 0;
    uint32_t missing;
    bool behind = true;

    SARN__TRY(sarn__projections_bind(engine->log.projections, &missing, error));
    while (behind) {
        SARN__TRY(sarn__projections_follow(engine->log.projections, FOLLOW_EVENTS,
                                           &behind, error));
        done = done + FOLLOW_EVENTS < total ? done + FOLLOW_EVENTS : total;
        if (hooks->progress != NULL && behind) {
            SARN__TRY(hooks->progress(hooks->arg, done, total));
        }
    }
    return SARN_OK;
}

/* --- create and destroy --- */

static sarn_status build(sarn_engine *engine,
                         const struct sarn__engine_config *config,
                         struct sarn_error *error)
{
    const struct sarn_options *options = &engine->options;

    SARN__TRY(sarn__log_init(&engine->log, options->modules, options->module_count,
                             false, options->hooks.progress, options->hooks.arg,
                             error));
    engine->scratch = sarn_arena_create(&engine->log.ports.heap);
    if (engine->scratch == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    SARN__TRY(sarn__writer_init(&engine->writer, &engine->log.ports, &engine->log.store,
                                error));
    SARN__TRY(sarn__entities_init(&engine->entities, &engine->log.ports,
                                  engine->log.decoder, &engine->writer,
                                  options->cache_bytes, error));
    SARN__TRY(sarn__bus_create(&engine->log, &engine->bus, error));
    SARN__TRY(sarn__orchestrator_create(engine, error));
    SARN__TRY(sarn__schedules_create(engine, error));
    SARN__TRY(take_log(engine, config, error));
    SARN__TRY(sarn__projections_leave_others(engine->log.projections, error));
    SARN__TRY(build_projections(engine, error));
    SARN__TRY(sarn__misfits_check(engine, error));
    return sarn__orchestrator_count(engine, error);
}

/* Release everything but the ports. */
static void unbuild(sarn_engine *engine)
{
    struct sarn_heap heap = engine->log.ports.heap;

    sarn__orchestrator_destroy(engine);
    sarn__schedules_destroy(engine);
    if (engine->bus != NULL) {
        sarn__bus_destroy(engine->bus);
    }
    if (engine->entities.scratch != NULL) {
        sarn__entities_done(&engine->entities);
    }
    if (engine->writer.scratch != NULL) {
        sarn__writer_done(&engine->writer);
    }
    sarn_arena_destroy(engine->scratch);
    sarn__map_done(&engine->pending_keys);
    sarn__log_done(&engine->log);
    sarn__heap_free(&heap, engine);
}

sarn_status sarn__engine_create(const struct sarn__engine_config *config,
                                sarn_engine **engine,
                                struct sarn_error *error)
{
    sarn_engine *made = sarn__heap_alloc(&config->ports.heap, sizeof(*made));
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    made->log.ports = config->ports;
    made->options = config->options;
    sarn__map_init(&made->pending_keys, &config->ports.heap);
    status = build(made, config, error);
    if (status != SARN_OK) {
        unbuild(made);
        return status;
    }
    *engine = made;
    return SARN_OK;
}

void sarn__engine_destroy(sarn_engine *engine)
{
    struct sarn_journal journal = engine->log.ports.journal;
    struct sarn_error error = {SARN_ERR_CLOSED, ""};

    sarn__error_set(&error, SARN_ERR_CLOSED,
                    "the engine was closed before this was done");
    engine->stopped = engine->stopped == SARN_OK ? SARN_ERR_CLOSED : engine->stopped;
    engine->winding = true;
    sarn__settle_fold(engine);
    sarn__answer_all(engine, &engine->flight_answers, SARN_ERR_CLOSED, &error);
    sarn__answer_all(engine, &engine->open_answers, SARN_ERR_CLOSED, &error);
    while (engine->queue_first != NULL) {
        struct sarn__request *request = engine->queue_first;

        engine->queue_first = request->next;
        sarn__answer_error(engine, request, SARN_ERR_CLOSED, &error);
    }
    unbuild(engine);
    journal.ops->close(journal.self);
}
