#include <string.h>

#include "core/fail.h"
#include "core/hash_map.h"
#include "engine/check_parts.h"
#include "engine/store_parts.h"
#include "engine/table_cursor.h"
#include "sarn/events.h"

/* A category whose code is not loaded, reported once. */
struct unknown {
    struct sarn__map_node node;
};

struct snapshots {
    struct sarn__checking *checking;
    struct sarn_arena *arena;       /* Of one snapshot. */
    struct sarn_arena *event_arena; /* Of one event. */
    struct sarn_arena *names;       /* Of the categories below. */
    struct sarn__map unknown;
};

/* --- the state that the events give --- */

struct state {
    struct snapshots *snapshots;
    const struct sarn_aggregate *aggregate;
    void *data;
};

static sarn_status apply(void *arg, const struct sarn__record *record)
{
    struct state *state = arg;
    struct sarn__checking *checking = state->snapshots->checking;
    struct sarn_event event;
    sarn_status status;

    sarn_arena_reset(state->snapshots->event_arena);
    SARN__TRY(sarn__decoder_event(checking->log->decoder, record, 0,
                                  state->snapshots->event_arena, &event,
                                  checking->error));
    if (event.type == &sarn_stream_metadata_set_type ||
        event.type == &sarn_stream_deleted_type) {
        return SARN_OK; /* The stream's own, not the aggregate's. */
    }
    status = state->aggregate->apply(state->data, &event, state->snapshots->arena);
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(
                     checking->error, status,
                     "aggregate '%.60s' cannot apply the event at position %llu: "
                     "%s",
                     state->aggregate->category, (unsigned long long)record->position,
                     sarn_status_text(status));
}

/* Fold the stream's events through the snapshot's version and encode the state. */
static sarn_status fold_state(struct snapshots *snapshots,
                              const struct sarn_aggregate *aggregate,
                              const struct sarn__head *head,
                              const struct sarn__snapshot *snapshot,
                              struct sarn_str *bytes)
{
    struct sarn__checking *checking = snapshots->checking;
    const struct sarn_codec *codec = &checking->log->ports.codec;
    struct state state = {.snapshots = snapshots, .aggregate = aggregate};

    state.data = sarn_arena_alloc(snapshots->arena, aggregate->state->size);
    if (state.data == NULL) {
        return sarn__fail(checking->error, SARN_ERR_NOMEM, "out of memory for a check");
    }
    SARN__TRY(sarn__store_read_forward(&checking->log->store, head, head->first_version,
                                       snapshot->version - head->first_version + 1,
                                       apply, &state, checking->error));
    return codec->ops->encode(codec->self, aggregate->state, state.data,
                              snapshots->arena, bytes, checking->error);
}

/* --- one snapshot --- */

/* A snapshot that nobody would begin from is not worth a look. */
static bool is_used(const struct sarn_aggregate *aggregate,
                    const struct sarn__head *head,
                    const struct sarn__snapshot *snapshot,
                    uint64_t position)
{
    return snapshot->schema_hash == sarn__type_fingerprint(aggregate->state) &&
           snapshot->apply_version == aggregate->apply_version && !head->deleted &&
           snapshot->version >= head->first_version &&
           snapshot->version <= head->version && snapshot->position <= position;
}

static sarn_status report_unknown(struct snapshots *snapshots, struct sarn_str category)
{
    struct unknown *unknown;

    if (sarn__map_find(&snapshots->unknown, category) != NULL) {
        return SARN_OK;
    }
    sarn__check_unchecked(
        snapshots->checking,
        "snapshots of category '%.*s': not checked, since the code of "
        "that aggregate is not loaded",
        (int)category.size, category.data);
    unknown = sarn_arena_alloc(snapshots->names, sizeof(*unknown));
    if (unknown == NULL ||
        sarn_arena_copy(snapshots->names, category, &unknown->node.key) != SARN_OK ||
        sarn__map_insert(&snapshots->unknown, &unknown->node) != SARN_OK) {
        return sarn__fail(snapshots->checking->error, SARN_ERR_NOMEM,
                          "out of memory for a check");
    }
    return SARN_OK;
}

static sarn_status check_snapshot(struct snapshots *snapshots, uint64_t number)
{
    struct sarn__checking *checking = snapshots->checking;
    struct sarn__store *store = &checking->log->store;
    const struct sarn_aggregate *aggregate;
    struct sarn__snapshot snapshot;
    struct sarn__head head;
    struct sarn_str name, bytes;
    uint32_t tenant;

    SARN__TRY(sarn__store_snapshot(store, number, snapshots->arena, &snapshot,
                                   checking->error));
    if (sarn__store_stream_name(store, number, snapshots->arena, &tenant, &name,
                                checking->error) != SARN_OK) {
        return sarn__fail(checking->error, SARN_ERR_CORRUPT,
                          "there is a snapshot of stream %llu, which does not exist",
                          (unsigned long long)number);
    }
    SARN__TRY(sarn__store_head(store, tenant, name, &head, checking->error));
    aggregate = sarn__registry_aggregate(checking->log->registry, sarn__category(name));
    if (aggregate == NULL) {
        return report_unknown(snapshots, sarn__category(name));
    }
    if (!is_used(aggregate, &head, &snapshot, store->position)) {
        return SARN_OK;
    }
    SARN__TRY(fold_state(snapshots, aggregate, &head, &snapshot, &bytes));
    checking->check.rows += 1;
    if (!sarn_str_equal(bytes, snapshot.state)) {
        sarn__check_differs(checking,
                            "the snapshot of stream '%.*s' at version %llu is not what "
                            "the events give",
                            (int)name.size, name.data,
                            (unsigned long long)snapshot.version);
    }
    return SARN_OK;
}

/* --- all of them --- */

static sarn_status check_all(struct snapshots *snapshots, struct sarn__cursor *cursor)
{
    const struct sarn__cursor_row *row;

    do {
        SARN__TRY(sarn__cursor_next(cursor, &row, snapshots->checking->error));
        sarn_arena_reset(snapshots->arena);
        if (row != NULL && row->key.size == sizeof(uint64_t)) {
            uint64_t number = sarn__key_get_u64(row->key.data);

            SARN__TRY(sarn__check_survive(snapshots->checking,
                                          check_snapshot(snapshots, number)));
        }
    } while (row != NULL);
    return SARN_OK;
}

sarn_status sarn__check_snapshots(struct sarn__checking *checking)
{
    const struct sarn_heap *heap = &checking->ports.heap;
    const struct sarn_table_range range = {.table = SARN__TABLE_SNAPSHOTS};
    struct snapshots snapshots = {.checking = checking};
    struct sarn__cursor cursor;
    sarn_status status;

    SARN__TRY(sarn__cursor_init(&cursor, checking->log->store.tables, &range, heap,
                                checking->error));
    sarn__map_init(&snapshots.unknown, heap);
    snapshots.arena = sarn_arena_create(heap);
    snapshots.event_arena = sarn_arena_create(heap);
    snapshots.names = sarn_arena_create(heap);
    status =
        snapshots.arena == NULL || snapshots.event_arena == NULL ||
                snapshots.names == NULL
            ? sarn__fail(checking->error, SARN_ERR_NOMEM, "out of memory for a check")
            : check_all(&snapshots, &cursor);
    sarn__map_done(&snapshots.unknown);
    sarn_arena_destroy(snapshots.arena);
    sarn_arena_destroy(snapshots.event_arena);
    sarn_arena_destroy(snapshots.names);
    sarn__cursor_done(&cursor);
    return status;
}
