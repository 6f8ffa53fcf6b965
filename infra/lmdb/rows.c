#include "infra/lmdb/env.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

#include "core/fail.h"
#include "infra/lmdb/owner.h"

MDB_val sarn__row_key(uint32_t table, struct sarn_str key, uint8_t *stored)
{
    assert(key.size <= SARN__ROW_KEY_STORED_MAX - SARN__ROW_TABLE_BYTES);
    stored[0] = (uint8_t)(table >> 24); /* Big-endian: so tables lie in order. */
    stored[1] = (uint8_t)(table >> 16);
    stored[2] = (uint8_t)(table >> 8);
    stored[3] = (uint8_t)table;
    if (key.size != 0) {
        memcpy(stored + SARN__ROW_TABLE_BYTES, key.data, key.size);
    }
    return (MDB_val){SARN__ROW_TABLE_BYTES + key.size, stored};
}

/* Key and value of a row as stored; the checksum must match. */
SARN_MUST_USE static sarn_status check_row(struct sarn__lmdb *lmdb,
                                           const MDB_val *key,
                                           const MDB_val *data,
                                           MDB_val *value,
                                           struct sarn_error *error)
{
    struct sarn_str stored_key = {key->mv_data, (uint32_t)key->mv_size};
    struct sarn_str bytes;
    uint64_t sum = 0;

    if (data->mv_size >= SARN__ROW_CHECKSUM_BYTES && data->mv_size <= UINT32_MAX) {
        memcpy(&sum, data->mv_data, sizeof(sum));
        bytes.data = (const char *)data->mv_data + sizeof(sum);
        bytes.size = (uint32_t)(data->mv_size - sizeof(sum));
        if (sarn__row_checksum(&lmdb->hash, stored_key, bytes) == sum) {
            *value = (MDB_val){bytes.size, (void *)(uintptr_t)bytes.data};
            return SARN_OK;
        }
    }
    return sarn__fail(
        error, SARN_ERR_CORRUPT,
        "a row of \"%s\" is damaged: its checksum does not match; see how "
        "much is with \"sarn verify\"",
        lmdb->path);
}

/* --- get --- */

SARN_MUST_USE static sarn_status get(struct sarn__lmdb *lmdb,
                                     MDB_txn *txn,
                                     const MDB_val *key,
                                     struct sarn_arena *arena,
                                     struct sarn_str *value,
                                     struct sarn_error *error)
{
    MDB_val wanted = *key, data, bytes;
    int rc = mdb_get(txn, lmdb->rows, &wanted, &data);
    struct sarn_str view;

    if (rc == MDB_NOTFOUND) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no such row");
    }
    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "reading", lmdb->path);
    }
    SARN__TRY(check_row(lmdb, key, &data, &bytes, error));
    view = (struct sarn_str){bytes.mv_data, (uint32_t)bytes.mv_size};
    if (sarn_arena_copy(arena, view, value) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a row");
    }
    return SARN_OK;
}

sarn_status sarn__lmdb_get(void *self,
                           uint32_t table,
                           struct sarn_str key,
                           struct sarn_arena *arena,
                           struct sarn_str *value,
                           struct sarn_error *error)
{
    struct sarn__lmdb *lmdb = self;
    uint8_t stored[SARN__ROW_KEY_STORED_MAX];
    MDB_val stored_key = sarn__row_key(table, key, stored);
    struct sarn__reader *reader;
    sarn_status status;

    SARN__TRY(sarn__reader_begin(lmdb, &reader, error));
    status = get(lmdb, reader->txn, &stored_key, arena, value, error);
    sarn__reader_end(lmdb, reader);
    return status;
}

/* --- rows --- */

/* A scan of rows under way. */
struct scan {
    struct sarn__lmdb *lmdb;
    struct sarn__reader *reader;
    MDB_cursor *cursor;
    MDB_val from, to; /* As stored; to is excluded. */
    bool to_end;      /* There is no table after this one: to is nothing. */
    bool backward;
    uint8_t from_bytes[SARN__ROW_KEY_STORED_MAX];
    uint8_t to_bytes[SARN__ROW_KEY_STORED_MAX];
};

static void set_range(struct scan *scan, const struct sarn_table_range *range)
{
    struct sarn_str none = {NULL, 0};

    scan->backward = range->backward;
    scan->from = sarn__row_key(range->table, range->from, scan->from_bytes);
    scan->to_end = range->to.size == 0 && range->table == UINT32_MAX;
    scan->to = range->to.size != 0
                   ? sarn__row_key(range->table, range->to, scan->to_bytes)
                   : sarn__row_key(range->table + 1, none, scan->to_bytes);
}

static int first(struct scan *scan, MDB_val *key, MDB_val *data)
{
    int rc;

    if (!scan->backward) {
        *key = scan->from;
        return mdb_cursor_get(scan->cursor, key, data, MDB_SET_RANGE);
    }
    if (scan->to_end) {
        return mdb_cursor_get(scan->cursor, key, data, MDB_LAST);
    }
    *key = scan->to;
    rc = mdb_cursor_get(scan->cursor, key, data, MDB_SET_RANGE);
    return mdb_cursor_get(scan->cursor, key, data,
                          rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

static int compare(const MDB_val *a, const MDB_val *b)
{
    size_t both = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    int order = memcmp(a->mv_data, b->mv_data, both);

    return order != 0 ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

static bool in_range(const struct scan *scan, const MDB_val *key)
{
    return key->mv_size > SARN__ROW_TABLE_BYTES &&
           (scan->backward ? compare(key, &scan->from) >= 0
                           : scan->to_end || compare(key, &scan->to) < 0);
}

SARN_MUST_USE static sarn_status visit_row(struct scan *scan,
                                           const MDB_val *key,
                                           const MDB_val *data,
                                           sarn_table_fn *visit,
                                           void *arg,
                                           struct sarn_error *error)
{
    struct sarn_str shown = {(const char *)key->mv_data + SARN__ROW_TABLE_BYTES,
                             (uint32_t)(key->mv_size - SARN__ROW_TABLE_BYTES)};
    struct sarn_str value;
    MDB_val bytes;

    SARN__TRY(check_row(scan->lmdb, key, data, &bytes, error));
    SARN__TRY(sarn__reader_align(scan->lmdb, scan->reader, &bytes, &value, error));
    return visit(arg, shown, value);
}

SARN_MUST_USE static sarn_status run(struct scan *scan,
                                     sarn_table_fn *visit,
                                     void *arg,
                                     bool *more,
                                     struct sarn_error *error)
{
    MDB_cursor_op step = scan->backward ? MDB_PREV : MDB_NEXT;
    uint32_t visited = 0;
    MDB_val key, data;
    int rc = first(scan, &key, &data);

    for (; rc == 0 && in_range(scan, &key); visited++) {
        if (visited == SARN__READ_SLICE) {
            *more = true;
            return SARN_OK;
        }
        SARN__TRY(visit_row(scan, &key, &data, visit, arg, error));
        rc = mdb_cursor_get(scan->cursor, &key, &data, step);
    }
    if (rc != 0 && rc != MDB_NOTFOUND) {
        return sarn__lmdb_fail(error, rc, "reading", scan->lmdb->path);
    }
    *more = false;
    return SARN_OK;
}

sarn_status sarn__lmdb_rows(void *self,
                            const struct sarn_table_range *range,
                            sarn_table_fn *visit,
                            void *arg,
                            bool *more,
                            struct sarn_error *error)
{
    struct scan scan = {.lmdb = self};
    sarn_status status;
    int rc;

    set_range(&scan, range);
    SARN__TRY(sarn__reader_begin(scan.lmdb, &scan.reader, error));
    rc = mdb_cursor_open(scan.reader->txn, scan.lmdb->rows, &scan.cursor);
    if (rc != 0) {
        sarn__reader_end(scan.lmdb, scan.reader);
        return sarn__lmdb_fail(error, rc, "reading", scan.lmdb->path);
    }
    status = run(&scan, visit, arg, more, error);
    mdb_cursor_close(scan.cursor);
    sarn__reader_end(scan.lmdb, scan.reader);
    return status;
}

/* --- state --- */

/* Bytes of the pages that the databases use, and how many commits there are: what lies
 * in events and is no record. */
static int
measure(struct sarn__lmdb *lmdb, MDB_txn *txn, struct sarn_journal_state *result)
{
    /* 0 and 1 are LMDB's own: the free pages, and the list of databases. */
    const MDB_dbi dbis[] = {0, 1, lmdb->meta, lmdb->events, lmdb->rows};
    MDB_stat stat = {0};
    uint64_t pages = 2;

    for (size_t i = 0; i < sizeof(dbis) / sizeof(dbis[0]); i++) {
        int rc = mdb_stat(txn, dbis[i], &stat);

        if (rc != 0) {
            return rc;
        }
        pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
        if (dbis[i] == lmdb->events) {
            result->commits = stat.ms_entries - result->last_position;
        }
    }
    result->used_bytes = pages * stat.ms_psize;
    return 0;
}

static int
read_last(struct sarn__lmdb *lmdb, MDB_txn *txn, struct sarn_journal_state *result)
{
    MDB_val commit;
    int rc = sarn__lmdb_last(lmdb, txn, &result->last_position, &commit);

    result->last_commit = result->last_position;
    if (rc == 0 && result->last_position != 0) {
        if (commit.mv_size != SARN__COMMIT_BYTES) {
            return MDB_CORRUPTED;
        }
        memcpy(result->commit, commit.mv_data, SARN__COMMIT_BYTES);
    }
    return rc;
}

static void
describe(struct sarn__lmdb *lmdb, uint32_t likely, struct sarn_journal_state *result)
{
    struct stat status;
    MDB_envinfo info;

    result->log_id = lmdb->file.log_id;
    result->format = lmdb->file.format;
    result->owner_pid = sarn__owner_find(lmdb->data_fd, likely);
    if (lmdb->owner && (result->owner_pid == 0 || likely == (uint32_t)lmdb->pid)) {
        result->owner_pid = (uint32_t)lmdb->pid;
    }
    if (fstat(lmdb->data_fd, &status) == 0) {
        result->file_bytes = (uint64_t)status.st_size;
    }
    if (mdb_env_info(lmdb->env, &info) == 0) {
        result->map_bytes = info.me_mapsize;
        result->readers = info.me_numreaders;
    }
}

SARN_MUST_USE static sarn_status read_state(struct sarn__lmdb *lmdb,
                                            MDB_txn *txn,
                                            struct sarn_journal_state *result,
                                            struct sarn_error *error)
{
    struct sarn__file_state state;
    int rc;

    SARN__TRY(sarn__lmdb_read_state(lmdb, txn, &state, error));
    result->epoch = state.epoch;
    result->through = state.through;
    rc = read_last(lmdb, txn, result);
    rc = rc == 0 ? measure(lmdb, txn, result) : rc;
    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "reading", lmdb->path);
    }
    describe(lmdb, state.owner_pid, result);
    return SARN_OK;
}

sarn_status
sarn__lmdb_state(void *self, struct sarn_journal_state *state, struct sarn_error *error)
{
    struct sarn__lmdb *lmdb = self;
    struct sarn_journal_state result = {0};
    struct sarn__reader *reader;
    sarn_status status;

    SARN__TRY(sarn__reader_begin(lmdb, &reader, error));
    status = read_state(lmdb, reader->txn, &result, error);
    sarn__reader_end(lmdb, reader);
    if (status == SARN_OK) {
        *state = result;
    }
    return status;
}
