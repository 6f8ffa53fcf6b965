/* The fold of one record: each part looks after its tables, and skips what a row has
 * seen already. A record may be folded again at any time after a crash. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/store_parts.h"

sarn_status sarn__fold_corrupt(const struct sarn__fold *fold, const char *format, ...)
{
    char text[SARN_ERROR_TEXT_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return sarn__fail(fold->error, SARN_ERR_CORRUPT, "the record at position %llu %s",
                      (unsigned long long)fold->record->position, text);
}

/* --- what is counted: COUNTS "log" --- */

/* 0 u64 next stream, 8 u64 epoch, 16 i64 time_us, 24 u32 next type, 28 u32 next actor,
 * 32 u32 next origin, 36 u32 next projection. */
#define COUNTS_BYTES 40u
static const struct sarn_str counts_key = SARN_STR("log");

static void pack_counts(const struct sarn__fold *fold, char *bytes)
{
    sarn__put_u64(bytes, fold->next_stream);
    sarn__put_u64(bytes + 8, fold->epoch);
    sarn__put_u64(bytes + 16, (uint64_t)fold->record->time_us);
    sarn__put_u32(bytes + 24, fold->next_type);
    sarn__put_u32(bytes + 28, fold->next_actor);
    sarn__put_u32(bytes + 32, fold->next_origin);
    sarn__put_u32(bytes + 36, fold->next_projection);
}

sarn_status sarn__fold_counts(struct sarn__fold *fold)
{
    struct sarn__tables *tables = fold->store->tables;
    uint64_t position = fold->record->position;
    char bytes[COUNTS_BYTES];
    struct sarn__row_view view;

    if (!fold->counts) {
        return SARN_OK;
    }
    SARN__TRY(
        sarn__tables_peek(tables, SARN__TABLE_COUNTS, counts_key, &view, fold->error));
    if (view.found && view.position > position) {
        return SARN_OK; /* A reader's: the owner has flushed past it. */
    }
    if (view.found && view.size == COUNTS_BYTES) {
        SARN__TRY(sarn__tables_change(tables, SARN__TABLE_COUNTS, counts_key, position,
                                      &view, fold->error));
        pack_counts(fold, view.value);
        return SARN_OK;
    }
    pack_counts(fold, bytes);
    return sarn__tables_put(tables, SARN__TABLE_COUNTS, counts_key,
                            (struct sarn_str){bytes, sizeof(bytes)}, position,
                            fold->error);
}

static sarn_status load_counts(struct sarn__store *store, struct sarn_error *error)
{
    struct sarn__row_view view;
    const char *bytes;

    SARN__TRY(
        sarn__tables_peek(store->tables, SARN__TABLE_COUNTS, counts_key, &view, error));
    if (!view.found) {
        return SARN_OK;
    }
    if (view.size < COUNTS_BYTES) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the log's counts have only %u bytes", view.size);
    }
    bytes = view.value;
    store->counted = view.position;
    store->next_stream = sarn__get_u64(bytes);
    store->epoch = sarn__get_u64(bytes + 8);
    store->time_us = (int64_t)sarn__get_u64(bytes + 16);
    store->next_type = sarn__get_u32(bytes + 24);
    store->next_actor = sarn__get_u32(bytes + 28);
    store->next_origin = sarn__get_u32(bytes + 32);
    store->next_projection = sarn__get_u32(bytes + 36);
    return SARN_OK;
}

/* --- what is read from the rows at open --- */

struct loading {
    struct sarn__store *store;
    uint64_t through;
    struct sarn_error *error;
};

/* A schema has no number in its record: it is the next one. So that folding again gives
 * the same numbers, those are counted that lie at or before through, and no others. */
static sarn_status
load_schema(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct loading *loading = arg;

    (void)key;
    (void)value;
    if (position <= loading->through) {
        loading->store->next_schema += 1;
    }
    return SARN_OK;
}

static sarn_status
load_type(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct loading *loading = arg;

    (void)position;
    if (key.size != 5 || value.size < 4) {
        return sarn__fail(loading->error, SARN_ERR_CORRUPT,
                          "the row of a type's name has %u and %u bytes", key.size,
                          value.size);
    }
    if (sarn__core_note(loading->store, sarn__key_get_u32(key.data + 1),
                        (struct sarn_str){value.data + 4, value.size - 4})) {
        return sarn__fail(loading->error, SARN_ERR_NOMEM, "out of memory for types");
    }
    return SARN_OK;
}

sarn_status
sarn__store_load(struct sarn__store *store, uint64_t through, struct sarn_error *error)
{
    static const char type_kind[] = {SARN__WORD_TYPE, SARN__WORD_TYPE + 1};
    const struct sarn_table_range schemas = {.table = SARN__TABLE_SCHEMAS};
    const struct sarn_table_range types = {
        .table = SARN__TABLE_WORDS, .from = {type_kind, 1}, .to = {type_kind + 1, 1}};
    struct loading loading = {store, through, error};

    store->counted = 0;
    store->knows_due = false;
    store->epoch = 0;
    store->time_us = 0;
    store->next_stream = 1;
    store->next_type = store->next_schema = 1;
    store->next_actor = store->next_origin = store->next_projection = 1;
    SARN__TRY(load_counts(store, error));
    SARN__TRY(sarn__tables_scan(store->tables, &schemas, load_schema, &loading, error));
    SARN__TRY(sarn__tables_scan(store->tables, &types, load_type, &loading, error));
    store->position = through; /* Last: until then, this is to be done again. */
    return SARN_OK;
}

/* --- one record --- */

static struct sarn__fold begin(struct sarn__store *store,
                               const struct sarn__record *record,
                               struct sarn_error *error)
{
    return (struct sarn__fold){.store = store,
                               .record = record,
                               .error = error,
                               .counts = record->position > store->counted,
                               .epoch = store->epoch,
                               .next_stream = store->next_stream,
                               .next_type = store->next_type,
                               .next_schema = store->next_schema,
                               .next_actor = store->next_actor,
                               .next_origin = store->next_origin,
                               .next_projection = store->next_projection};
}

static void finish(const struct sarn__fold *fold)
{
    struct sarn__store *store = fold->store;

    if (fold->counts) {
        store->counted = fold->record->position;
        store->time_us = fold->record->time_us;
    }
    store->epoch = fold->epoch;
    store->next_stream = fold->next_stream;
    store->next_type = fold->next_type;
    store->next_schema = fold->next_schema;
    store->next_actor = fold->next_actor;
    store->next_origin = fold->next_origin;
    store->next_projection = fold->next_projection;
    store->position = fold->record->position;
}

sarn_status sarn__store_fold(struct sarn__store *store,
                             const struct sarn__record *record,
                             struct sarn_error *error)
{
    struct sarn__fold fold = begin(store, record, error);

    if (record->position != store->position + 1) {
        return sarn__fold_corrupt(&fold, "does not follow position %llu",
                                  (unsigned long long)store->position);
    }
    SARN__TRY(sarn__fold_words(&fold));
    fold.core = sarn__core_kind(store, record->type);
    SARN__TRY(sarn__fold_core_place(&fold));
    if (record->stream != 0) {
        SARN__TRY(sarn__fold_stream(&fold));
    }
    if (record->has_command) {
        SARN__TRY(sarn__fold_command(&fold));
    }
    SARN__TRY(sarn__fold_core(&fold));
    SARN__TRY(sarn__fold_counts(&fold));
    finish(&fold);
    return SARN_OK;
}
