/* Streams: their heads, names, anchors and metadata.
 *
 * NAMES: u32 tenant, name -> u64 number. STREAMS and ANCHORS: store_parts.h.
 * METADATA: number -> the bytes. */
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/store_parts.h"

/* --- the fold --- */

/* A stream begins: the record names it, and gives it the next number. */
static sarn_status begin_stream(struct sarn__fold *fold)
{
    const struct sarn__record *record = fold->record;
    struct sarn__tables *tables = fold->store->tables;
    struct sarn__row_key key;
    struct sarn__row_view view;
    char number[8];

    if (record->stream_name.size == 0 ||
        record->stream_name.size > SARN_STREAM_NAME_BYTES_MAX) {
        return sarn__fold_corrupt(fold, "begins stream %llu under a name of %u bytes",
                                  (unsigned long long)record->stream,
                                  record->stream_name.size);
    }
    if (record->version != 0 || record->previous != 0) {
        return sarn__fold_corrupt(fold, "begins stream %llu, but with version %llu",
                                  (unsigned long long)record->stream,
                                  (unsigned long long)record->version);
    }
    if (fold->counts ? record->stream != fold->next_stream
                     : record->stream >= fold->next_stream) {
        return sarn__fold_corrupt(fold, "begins stream %llu, but the next one is %llu",
                                  (unsigned long long)record->stream,
                                  (unsigned long long)fold->next_stream);
    }
    fold->next_stream += fold->counts ? 1 : 0;
    key = sarn__tenant_key(record->tenant, record->stream_name);
    SARN__TRY(sarn__tables_peek(tables, SARN__TABLE_NAMES, sarn__key_str(&key), &view,
                                fold->error));
    if (view.found && view.position != record->position) {
        return sarn__fold_corrupt(
            fold, "names a stream as another one is named, \"%.*s\"",
            (int)record->stream_name.size, record->stream_name.data);
    }
    sarn__put_u64(number, record->stream);
    return sarn__tables_put(tables, SARN__TABLE_NAMES, sarn__key_str(&key),
                            (struct sarn_str){number, sizeof(number)}, record->position,
                            fold->error);
}

/* The row of a stream as this record leaves it. first_version is as it was. */
static void
pack_stream(const struct sarn__fold *fold, uint64_t first_version, char *bytes)
{
    bool deleted = fold->core == SARN__CORE_STREAM_DELETED;

    sarn__put_u64(bytes, fold->record->version);
    sarn__put_u64(bytes + 8, deleted ? fold->record->version + 1 : first_version);
    sarn__put_u32(bytes + 16, fold->record->tenant);
    sarn__put_u32(bytes + 20, deleted ? SARN__STREAM_DELETED : 0);
}

static sarn_status put_new_stream(struct sarn__fold *fold, struct sarn_str key)
{
    const struct sarn__record *record = fold->record;
    char bytes[SARN__STREAM_FIXED_BYTES + SARN_STREAM_NAME_BYTES_MAX];

    pack_stream(fold, 0, bytes);
    memcpy(bytes + SARN__STREAM_FIXED_BYTES, record->stream_name.data,
           record->stream_name.size);
    return sarn__tables_put(
        fold->store->tables, SARN__TABLE_STREAMS, key,
        (struct sarn_str){bytes, SARN__STREAM_FIXED_BYTES + record->stream_name.size},
        record->position, fold->error);
}

/* Does the record follow what was its stream's last? */
static sarn_status check_link(const struct sarn__fold *fold,
                              const struct sarn__stream_row *stream)
{
    const struct sarn__record *record = fold->record;

    if (record->version != stream->head.version + 1) {
        return sarn__fold_corrupt(
            fold, "has version %llu of stream %llu, which is at version %llu",
            (unsigned long long)record->version, (unsigned long long)record->stream,
            (unsigned long long)stream->head.version);
    }
    if (record->previous != stream->head.last_position) {
        return sarn__fold_corrupt(
            fold, "links stream %llu to position %llu, but its last event is at %llu",
            (unsigned long long)record->stream, (unsigned long long)record->previous,
            (unsigned long long)stream->head.last_position);
    }
    if (record->tenant != stream->tenant || record->stream_name.size > 0) {
        return sarn__fold_corrupt(fold, "says anew whose stream %llu is",
                                  (unsigned long long)record->stream);
    }
    return SARN_OK;
}

static sarn_status put_anchor(struct sarn__fold *fold)
{
    const struct sarn__record *record = fold->record;
    const struct sarn_str nothing = {NULL, 0};
    struct sarn__row_key key;

    if (record->version % SARN__ANCHOR_RUN != SARN__ANCHOR_RUN - 1) {
        return SARN_OK;
    }
    key = sarn__anchor_key(record->stream, record->version);
    return sarn__tables_put(fold->store->tables, SARN__TABLE_ANCHORS,
                            sarn__key_str(&key), nothing, record->position,
                            fold->error);
}

sarn_status sarn__fold_stream(struct sarn__fold *fold)
{
    const struct sarn__record *record = fold->record;
    struct sarn__tables *tables = fold->store->tables;
    struct sarn__row_key key = sarn__number_key(record->stream);
    struct sarn__stream_row stream = {.name = record->stream_name};
    struct sarn__row_key category;
    struct sarn__row_view view;

    SARN__TRY(sarn__tables_peek(tables, SARN__TABLE_STREAMS, sarn__key_str(&key), &view,
                                fold->error));
    if (view.found) {
        SARN__TRY(sarn__stream_unpack(record->stream, &view, &stream, fold->error));
    }
    category = sarn__block_key(record->tenant, sarn__category(stream.name),
                               record->position / SARN__BLOCK_POSITIONS);
    if (!view.found) {
        SARN__TRY(begin_stream(fold));
        SARN__TRY(put_new_stream(fold, sarn__key_str(&key)));
    } else if (view.position < record->position) {
        SARN__TRY(check_link(fold, &stream));
        SARN__TRY(sarn__tables_change(tables, SARN__TABLE_STREAMS, sarn__key_str(&key),
                                      record->position, &view, fold->error));
        pack_stream(fold, stream.head.first_version, view.value);
    } else if (record->stream_name.size > 0) {
        SARN__TRY(begin_stream(fold)); /* The name may be missing all the same. */
    }
    SARN__TRY(sarn__fold_category(fold, &category));
    return put_anchor(fold);
}

/* --- questions --- */

static sarn_status find_stream(struct sarn__store *store,
                               uint64_t number,
                               struct sarn__stream_row *stream,
                               struct sarn_error *error)
{
    struct sarn__row_key key = sarn__number_key(number);
    struct sarn__row_view view;

    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_STREAMS, sarn__key_str(&key),
                                &view, error));
    if (!view.found) {
        *stream = (struct sarn__stream_row){.tenant = 0};
        return SARN_OK;
    }
    return sarn__stream_unpack(number, &view, stream, error);
}

sarn_status sarn__store_head(struct sarn__store *store,
                             uint32_t tenant,
                             struct sarn_str name,
                             struct sarn__head *head,
                             struct sarn_error *error)
{
    struct sarn__stream_row stream = {.tenant = 0};
    struct sarn__row_view view = {.found = false};

    if (name.size <= SARN_STREAM_NAME_BYTES_MAX) {
        struct sarn__row_key key = sarn__tenant_key(tenant, name);

        SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_NAMES,
                                    sarn__key_str(&key), &view, error));
    }
    if (view.found && view.size != 8) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the number of stream \"%.*s\" has %u bytes", (int)name.size,
                          name.data, view.size);
    }
    /* A reader may see a name whose row is not flushed yet: to it, there is no stream.
     */
    if (view.found) {
        SARN__TRY(find_stream(store, sarn__get_u64(view.value), &stream, error));
    }
    *head = stream.head;
    return SARN_OK;
}

sarn_status sarn__store_stream_name(struct sarn__store *store,
                                    uint64_t number,
                                    struct sarn_arena *arena,
                                    uint32_t *tenant,
                                    struct sarn_str *name,
                                    struct sarn_error *error)
{
    struct sarn__stream_row stream;
    struct sarn_str copy;

    SARN__TRY(find_stream(store, number, &stream, error));
    if (stream.head.number == 0) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no stream %llu",
                          (unsigned long long)number);
    }
    if (sarn_arena_copy(arena, stream.name, &copy)) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a stream's name");
    }
    *tenant = stream.tenant;
    *name = copy;
    return SARN_OK;
}

struct naming {
    sarn__name_fn *visit;
    void *arg;
    struct sarn_error *error;
};

static sarn_status
visit_name(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    const struct naming *naming = arg;

    if (key.size < 4 || value.size != 8) {
        return sarn__fail(naming->error, SARN_ERR_CORRUPT,
                          "the name of the stream begun at position %llu is damaged",
                          (unsigned long long)position);
    }
    return naming->visit(naming->arg, sarn__key_get_u32(key.data),
                         (struct sarn_str){key.data + 4, key.size - 4},
                         sarn__get_u64(value.data));
}

sarn_status sarn__store_names(struct sarn__store *store,
                              uint32_t from_tenant,
                              struct sarn_str from_name,
                              sarn__name_fn *visit,
                              void *arg,
                              struct sarn_error *error)
{
    struct naming naming = {visit, arg, error};
    struct sarn_str name = from_name;
    struct sarn__row_key from;
    struct sarn_table_range range = {.table = SARN__TABLE_NAMES};

    if (name.size > SARN_STREAM_NAME_BYTES_MAX) {
        name.size =
            SARN_STREAM_NAME_BYTES_MAX + 1; /* Behind all names it begins with. */
    }
    from = sarn__tenant_key(from_tenant, name);
    range.from = sarn__key_str(&from);
    return sarn__tables_scan(store->tables, &range, visit_name, &naming, error);
}

sarn_status sarn__store_metadata(struct sarn__store *store,
                                 uint64_t number,
                                 struct sarn_arena *arena,
                                 struct sarn_str *metadata,
                                 struct sarn_error *error)
{
    struct sarn__row_key key = sarn__number_key(number);
    struct sarn__row_view view;
    struct sarn_str copy = {NULL, 0};

    SARN__TRY(sarn__tables_peek(store->tables, SARN__TABLE_METADATA,
                                sarn__key_str(&key), &view, error));
    if (view.found &&
        sarn_arena_copy(arena, (struct sarn_str){view.value, view.size}, &copy)) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for metadata");
    }
    *metadata = copy;
    return SARN_OK;
}
