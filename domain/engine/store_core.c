/* Sarn's own events, and what the store makes of them. They are told by their type ids,
 * noted once when a type is named: most records are none of them. */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/bytes.h"
#include "engine/store_parts.h"
#include "sarn/events.h"

#define KINDS_MIN 64u

enum sarn__core sarn__core_kind(const struct sarn__store *store, uint32_t type)
{
    if (type >= store->core_kind_count) {
        return SARN__CORE_NONE;
    }
    return (enum sarn__core)store->core_kinds[type];
}

static enum sarn__core kind_of(struct sarn_str name)
{
    static const struct {
        const char *name;
        enum sarn__core kind;
    } kinds[] = {
        {"sarn.EpochBegan", SARN__CORE_EPOCH_BEGAN},
        {"sarn.SchemaRegistered", SARN__CORE_SCHEMA_REGISTERED},
        {"sarn.ProjectionRegistered", SARN__CORE_PROJECTION_REGISTERED},
        {"sarn.StreamMetadataSet", SARN__CORE_METADATA_SET},
        {"sarn.StreamDeleted", SARN__CORE_STREAM_DELETED},
        {"sarn.WorkflowRegistered", SARN__CORE_WORKFLOW_REGISTERED},
        {"sarn.ExecutionStarted", SARN__CORE_EXECUTION_STARTED},
        {"sarn.ScheduleSet", SARN__CORE_EXECUTION_STARTED},
        {"sarn.ExecutionUnparked", SARN__CORE_EXECUTION_GOES_ON},
        {"sarn.ResetRequested", SARN__CORE_EXECUTION_GOES_ON},
        {"sarn.UndoRequested", SARN__CORE_EXECUTION_GOES_ON},
        {"sarn.CancelRequested", SARN__CORE_EXECUTION_GOES_ON},
        {"sarn.StepStarted", SARN__CORE_EXECUTION_TOLD},
        {"sarn.StepSucceeded", SARN__CORE_EXECUTION_TOLD},
        {"sarn.StepFailed", SARN__CORE_EXECUTION_TOLD},
        {"sarn.StepTimedOut", SARN__CORE_EXECUTION_TOLD},
        {"sarn.StepReconciled", SARN__CORE_EXECUTION_TOLD},
        {"sarn.StepWaiting", SARN__CORE_EXECUTION_TOLD},
        {"sarn.StepCancelled", SARN__CORE_EXECUTION_TOLD},
        {"sarn.StepInherited", SARN__CORE_EXECUTION_TOLD},
        {"sarn.GroupJoined", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ExecutionUpgraded", SARN__CORE_EXECUTION_TOLD},
        {"sarn.SignalReceived", SARN__CORE_EXECUTION_TOLD},
        {"sarn.UpdateAccepted", SARN__CORE_EXECUTION_TOLD},
        {"sarn.PromiseSettled", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ChildEnded", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ExecutionPaused", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ExecutionResumed", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ExecutionRewound", SARN__CORE_EXECUTION_TOLD},
        {"sarn.CompensationBegan", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ExecutionContinued", SARN__CORE_EXECUTION_TOLD},
        {"sarn.SchedulePaused", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ScheduleResumed", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ScheduleFired", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ScheduleRunEnded", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ScheduleBackfilled", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ScheduleTriggered", SARN__CORE_EXECUTION_TOLD},
        {"sarn.ExecutionSlept", SARN__CORE_EXECUTION_SLEPT},
        {"sarn.ExecutionCompleted", SARN__CORE_EXECUTION_ENDED},
        {"sarn.ExecutionCompensated", SARN__CORE_EXECUTION_ENDED},
        {"sarn.ExecutionParked", SARN__CORE_EXECUTION_ENDED},
        {"sarn.ScheduleDeleted", SARN__CORE_EXECUTION_ENDED},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (sarn_str_equal(name, sarn_str(kinds[i].name))) {
            return kinds[i].kind;
        }
    }
    return SARN__CORE_NONE;
}

sarn_status
sarn__core_note(struct sarn__store *store, uint32_t type, struct sarn_str name)
{
    enum sarn__core kind = kind_of(name);
    uint32_t count = store->core_kind_count == 0 ? KINDS_MIN : store->core_kind_count;
    uint8_t *kinds;

    if (kind == SARN__CORE_NONE) {
        return SARN_OK;
    }
    while (count <= type) {
        count *= 2;
    }
    if (count > store->core_kind_count) {
        kinds = sarn__heap_resize(&store->ports->heap, store->core_kinds, count);
        if (kinds == NULL) {
            return SARN_ERR_NOMEM;
        }
        memset(kinds + store->core_kind_count, SARN__CORE_NONE,
               count - store->core_kind_count);
        store->core_kinds = kinds;
        store->core_kind_count = count;
    }
    store->core_kinds[type] = (uint8_t)kind;
    return SARN_OK;
}

/* --- the fold --- */

sarn_status sarn__core_decode(struct sarn__store *store,
                              const struct sarn__record *record,
                              const struct sarn_type *type,
                              void *value,
                              struct sarn_error *error)
{
    const struct sarn_codec *codec = &store->ports->codec;

    if (record->codec != codec->ops->id) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "the record at position %llu is in codec %u, not %u",
                          (unsigned long long)record->position, record->codec,
                          codec->ops->id);
    }
    SARN__TRY(codec->ops->verify(codec->self, type, record->payload, error));
    sarn_arena_reset(store->scratch);
    return codec->ops->decode(codec->self, type, record->payload, value, store->scratch,
                              error);
}

static sarn_status
decode(const struct sarn__fold *fold, const struct sarn_type *type, void *value)
{
    return sarn__core_decode(fold->store, fold->record, type, value, fold->error);
}

static sarn_status fold_epoch(struct sarn__fold *fold)
{
    struct sarn_epoch_began event;

    SARN__TRY(decode(fold, &sarn_epoch_began_type, &event));
    if (!fold->counts) {
        return SARN_OK;
    }
    if (event.epoch <= fold->epoch) {
        return sarn__fold_corrupt(fold, "begins epoch %llu after epoch %llu",
                                  (unsigned long long)event.epoch,
                                  (unsigned long long)fold->epoch);
    }
    fold->epoch = event.epoch;
    return SARN_OK;
}

static sarn_status fold_schema(struct sarn__fold *fold)
{
    struct sarn__row_key key = {.size = 0};

    sarn__key_u32(&key, fold->next_schema);
    fold->next_schema += 1;
    return sarn__tables_put(fold->store->tables, SARN__TABLE_SCHEMAS,
                            sarn__key_str(&key), fold->record->schema_name,
                            fold->record->position, fold->error);
}

static sarn_status fold_metadata(struct sarn__fold *fold)
{
    struct sarn__row_key key = sarn__number_key(fold->record->stream);
    struct sarn__tables *tables = fold->store->tables;
    struct sarn_stream_metadata_set event;

    SARN__TRY(decode(fold, &sarn_stream_metadata_set_type, &event));
    if (event.metadata.size == 0) {
        return sarn__tables_remove(tables, SARN__TABLE_METADATA, sarn__key_str(&key),
                                   fold->record->position, fold->error);
    }
    return sarn__tables_put(
        tables, SARN__TABLE_METADATA, sarn__key_str(&key),
        (struct sarn_str){(const char *)event.metadata.data, event.metadata.size},
        fold->record->position, fold->error);
}

/* What a stream's state was no longer matters. */
static sarn_status fold_deletion(struct sarn__fold *fold)
{
    struct sarn__row_key key = sarn__number_key(fold->record->stream);
    struct sarn__tables *tables = fold->store->tables;
    struct sarn__row_view view;

    SARN__TRY(sarn__tables_peek(tables, SARN__TABLE_SNAPSHOTS, sarn__key_str(&key),
                                &view, fold->error));
    if (!view.found || view.position >= fold->record->position) {
        return SARN_OK;
    }
    return sarn__tables_remove(tables, SARN__TABLE_SNAPSHOTS, sarn__key_str(&key),
                               fold->record->position, fold->error);
}

/* PROJECTIONS: name -> 0 u32 id, 4 u32 version, 8 u32 mode, 12 four zero bytes,
 * 16 u64 row_schema. */
#define REGISTRATION_BYTES 24u

static sarn_status fold_projection(struct sarn__fold *fold)
{
    struct sarn_projection_registered event;
    char bytes[REGISTRATION_BYTES] = {0};

    SARN__TRY(decode(fold, &sarn_projection_registered_type, &event));
    if (event.name.size == 0 || event.name.size > SARN_NAME_BYTES_MAX ||
        event.id == UINT32_MAX) {
        return sarn__fold_corrupt(fold, "registers a projection without a proper name");
    }
    if (fold->counts && event.id < fold->next_projection) {
        return sarn__fold_corrupt(
            fold, "registers projection \"%.*s\" under %u, which is taken",
            (int)event.name.size, event.name.data, event.id);
    }
    if (fold->counts) {
        fold->next_projection = event.id + 1;
    }
    sarn__put_u32(bytes, event.id);
    sarn__put_u32(bytes + 4, event.version);
    sarn__put_u32(bytes + 8, event.mode);
    sarn__put_u64(bytes + 16, event.row_schema);
    return sarn__tables_put(fold->store->tables, SARN__TABLE_PROJECTIONS, event.name,
                            (struct sarn_str){bytes, sizeof(bytes)},
                            fold->record->position, fold->error);
}

static sarn_status fold_definition(struct sarn__fold *fold)
{
    const struct sarn_str nothing = {NULL, 0};
    struct sarn_workflow_registered event;
    struct sarn__row_key key;

    SARN__TRY(decode(fold, &sarn_workflow_registered_type, &event));
    if (event.name.size == 0 || event.name.size > SARN_NAME_BYTES_MAX) {
        return sarn__fold_corrupt(fold, "registers a workflow without a proper name");
    }
    key = sarn__definition_key(event.name, event.fingerprint);
    return sarn__tables_put(fold->store->tables, SARN__TABLE_DEFINITIONS,
                            sarn__key_str(&key), nothing, fold->record->position,
                            fold->error);
}

sarn_status sarn__fold_core_place(const struct sarn__fold *fold)
{
    bool streamless = fold->core == SARN__CORE_EPOCH_BEGAN ||
                      fold->core == SARN__CORE_SCHEMA_REGISTERED ||
                      fold->core == SARN__CORE_PROJECTION_REGISTERED ||
                      fold->core == SARN__CORE_WORKFLOW_REGISTERED;

    if (fold->core != SARN__CORE_NONE && streamless != (fold->record->stream == 0)) {
        return sarn__fold_corrupt(fold, "is of a core type that %s",
                                  streamless ? "has no stream" : "needs a stream");
    }
    return SARN_OK;
}

sarn_status sarn__fold_core(struct sarn__fold *fold)
{
    switch (fold->core) {
    case SARN__CORE_EPOCH_BEGAN:
        return fold_epoch(fold);
    case SARN__CORE_SCHEMA_REGISTERED:
        return fold_schema(fold);
    case SARN__CORE_PROJECTION_REGISTERED:
        return fold_projection(fold);
    case SARN__CORE_METADATA_SET:
        return fold_metadata(fold);
    case SARN__CORE_STREAM_DELETED:
        return fold_deletion(fold);
    case SARN__CORE_WORKFLOW_REGISTERED:
        return fold_definition(fold);
    case SARN__CORE_EXECUTION_STARTED:
    case SARN__CORE_EXECUTION_GOES_ON:
    case SARN__CORE_EXECUTION_TOLD:
    case SARN__CORE_EXECUTION_SLEPT:
    case SARN__CORE_EXECUTION_ENDED:
        return sarn__fold_execution(fold);
    case SARN__CORE_NONE:
        break;
    }
    return SARN_OK;
}

/* --- questions --- */

static sarn_status unpack_registration(struct sarn_str name,
                                       struct sarn_str value,
                                       uint64_t position,
                                       struct sarn__registration *registration,
                                       struct sarn_error *error)
{
    if (value.size < REGISTRATION_BYTES) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the registration of projection \"%.*s\" has %u bytes",
                          (int)name.size, name.data, value.size);
    }
    *registration =
        (struct sarn__registration){.id = sarn__get_u32(value.data),
                                    .version = sarn__get_u32(value.data + 4),
                                    .mode = sarn__get_u32(value.data + 8),
                                    .row_schema = sarn__get_u64(value.data + 16),
                                    .position = position};
    return SARN_OK;
}

sarn_status sarn__store_projection(struct sarn__store *store,
                                   struct sarn_str name,
                                   struct sarn__registration *registration,
                                   struct sarn_error *error)
{
    struct sarn__row_view view = {.found = false};

    if (name.size > 0 && name.size <= SARN_NAME_BYTES_MAX) {
        SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_PROJECTIONS, name, &view,
                                    error));
    }
    if (!view.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "the log has no projection \"%.*s\"", (int)name.size,
                          name.data);
    }
    return unpack_registration(name, (struct sarn_str){view.value, view.size},
                               view.position, registration, error);
}

struct listing {
    sarn__registration_fn *visit;
    void *arg;
    struct sarn_error *error;
};

static sarn_status visit_projection(void *arg,
                                    struct sarn_str key,
                                    struct sarn_str value,
                                    uint64_t position)
{
    const struct listing *listing = arg;
    struct sarn__registration registration;

    SARN__TRY(unpack_registration(key, value, position, &registration, listing->error));
    return listing->visit(listing->arg, key, &registration);
}

sarn_status sarn__store_projections(struct sarn__store *store,
                                    sarn__registration_fn *visit,
                                    void *arg,
                                    struct sarn_error *error)
{
    const struct sarn_table_range range = {.table = SARN__TABLE_PROJECTIONS};
    struct listing listing = {visit, arg, error};

    return sarn__tables_scan(store->tables, &range, visit_projection, &listing, error);
}

sarn_status sarn__store_definition(struct sarn__store *store,
                                   struct sarn_str workflow,
                                   uint64_t fingerprint,
                                   uint64_t *position,
                                   struct sarn_error *error)
{
    struct sarn__row_view view = {.found = false};
    struct sarn__row_key key;

    if (workflow.size > 0 && workflow.size <= SARN_NAME_BYTES_MAX) {
        key = sarn__definition_key(workflow, fingerprint);
        SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_DEFINITIONS,
                                    sarn__key_str(&key), &view, error));
    }
    if (!view.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "the log does not know workflow \"%.*s\" with fingerprint "
                          "%016llx",
                          (int)workflow.size, workflow.data,
                          (unsigned long long)fingerprint);
    }
    *position = view.position;
    return SARN_OK;
}

static sarn_status
latest(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    uint64_t *found = arg;

    (void)key;
    (void)value;
    *found = position > *found ? position : *found;
    return SARN_OK;
}

sarn_status sarn__store_latest_definition(struct sarn__store *store,
                                          struct sarn_str workflow,
                                          uint64_t *position,
                                          struct sarn_error *error)
{
    struct sarn_table_range range = {.table = SARN__TABLE_DEFINITIONS};
    struct sarn__row_key from, to;
    uint64_t found = 0;

    if (workflow.size > 0 && workflow.size <= SARN_NAME_BYTES_MAX) {
        from = sarn__definition_key(workflow, 0);
        to = sarn__definition_key(workflow, UINT64_MAX);
        sarn__key_u64(&to, 0); /* Behind that one. */
        range.from = sarn__key_str(&from);
        range.to = sarn__key_str(&to);
        SARN__TRY(sarn__tables_scan(store->tables, &range, latest, &found, error));
    }
    if (found == 0) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "the log does not know a workflow \"%.*s\"",
                          (int)workflow.size, workflow.data);
    }
    *position = found;
    return SARN_OK;
}
