#include <string.h>

#include "core/fail.h"
#include "engine/commit.h"
#include "engine/log_parts.h"
#include "engine/scan.h"

/* --- statistics --- */

struct stats_call {
    struct sarn_log *log;
    struct sarn_log_stats *stats;
    struct sarn_error *error;
};

static sarn_status head_hash(const struct sarn_log *log,
                             const struct sarn_journal_state *state,
                             uint8_t hash[SARN__DIGEST_BYTES],
                             struct sarn_error *error)
{
    const struct sarn_str bytes = {(const char *)state->commit, SARN__COMMIT_BYTES};
    struct sarn__commit commit;

    if (state->last_commit == 0) {
        return SARN_OK;
    }
    SARN__TRY(sarn__commit_decode(state->last_commit, bytes, &log->ports.hash, &commit,
                                  error));
    memcpy(hash, commit.hash, SARN__DIGEST_BYTES);
    return SARN_OK;
}

static sarn_status stats_call(void *arg)
{
    struct stats_call *call = arg;
    const struct sarn_log *log = call->log;
    const struct sarn_journal *journal = &log->ports.journal;
    struct sarn_log_stats stats;
    struct sarn_journal_state state;

    SARN__TRY(sarn__log_take(&stats, sizeof(stats), call->stats, "sarn_log_stats",
                             call->error));
    SARN__TRY(journal->ops->state(journal->self, &state, call->error));
    stats = (struct sarn_log_stats){.struct_size = stats.struct_size,
                                    .format = state.format,
                                    .last_position = log->store.position,
                                    .commits = state.commits,
                                    .streams = log->store.next_stream - 1,
                                    .epoch = state.epoch,
                                    .flushed_position = state.through,
                                    .last_time_us = log->store.time_us,
                                    .file_bytes = state.file_bytes,
                                    .used_bytes = state.used_bytes,
                                    .map_bytes = state.map_bytes,
                                    .readers = state.readers,
                                    .log_id = state.log_id,
                                    .owner_pid = state.owner_pid};
    SARN__TRY(head_hash(log, &state, stats.head_hash, call->error));
    if (log->store.position > 0) {
        SARN__TRY(sarn__scan_time(&log->ports, 1, &stats.first_time_us, call->error));
    }
    *call->stats = stats;
    return SARN_OK;
}

sarn_status sarn_log_get_stats(sarn_log *log,
                               struct sarn_log_stats *stats,
                               struct sarn_error *error)
{
    struct stats_call call = {log, stats, error};

    return sarn__log_visit(log, stats_call, &call, error);
}

/* --- stored schemas --- */

struct schemas_call {
    struct sarn_log *log;
    sarn_schema_fn *handler;
    void *arg;
    struct sarn_error *error;
    struct sarn_arena *arena;
    struct sarn_stored_schema schema;
};

static sarn_status copy_schema(void *arg, const struct sarn__record *record)
{
    struct schemas_call *call = arg;

    SARN__TRY(sarn_arena_copy(call->arena, record->schema_name, &call->schema.name));
    SARN__TRY(sarn_arena_copy(call->arena, record->payload, &call->schema.bfbs));
    return SARN_OK;
}

/* The handler is not called from inside the read transaction. */
static sarn_status hand_out_schema(struct schemas_call *call, uint32_t id)
{
    struct sarn_stored_schema *schema = &call->schema;
    sarn_status status;

    schema->id = id;
    sarn_arena_reset(call->arena);
    SARN__TRY(
        sarn__store_schema(&call->log->store, id, &schema->position, call->error));
    status = sarn__scan_forward(&call->log->ports, schema->position, schema->position,
                                copy_schema, call, call->error);
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(call->error, status, "out of memory for schema %u", id);
    }
    SARN__TRY(status);
    status = call->handler(call->arg, schema);
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(call->error, status,
                            "the handler ended the list of schemas at %u: %s", id,
                            sarn_status_text(status));
}

static sarn_status schemas_call(void *arg)
{
    struct schemas_call *call = arg;
    sarn_status status = SARN_OK;

    call->arena = sarn_arena_create(&call->log->ports.heap);
    if (call->arena == NULL) {
        return sarn__fail(call->error, SARN_ERR_NOMEM, "out of memory for the schemas");
    }
    for (uint32_t id = 1; status == SARN_OK && id < call->log->store.next_schema;
         id++) {
        status = hand_out_schema(call, id);
    }
    sarn_arena_destroy(call->arena);
    return status;
}

sarn_status sarn_log_schemas(sarn_log *log,
                             sarn_schema_fn *handler,
                             void *arg,
                             struct sarn_error *error)
{
    struct schemas_call call = {
        .log = log, .handler = handler, .arg = arg, .error = error};

    return sarn__log_visit(log, schemas_call, &call, error);
}
