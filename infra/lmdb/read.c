#include "infra/lmdb/env.h"

#include <string.h>

#include "core/fail.h"

/* A position is stored as an integer key: only the size of what comes back is to be
 * checked, LMDB has compared it as one. */
static bool as_position(const MDB_val *key, uint64_t *position)
{
    if (key->mv_size != sizeof(*position)) {
        return false;
    }
    memcpy(position, key->mv_data, sizeof(*position));
    return true;
}

int sarn__lmdb_last(MDB_txn *txn, MDB_dbi dbi, uint64_t *last, MDB_val *value)
{
    MDB_val key, ignored;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, dbi, &cursor);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(cursor, &key, value != NULL ? value : &ignored, MDB_LAST);
    if (rc == MDB_NOTFOUND) {
        *last = 0;
        rc = 0;
    } else if (rc == 0 && !as_position(&key, last)) {
        rc = MDB_CORRUPTED;
    }
    mdb_cursor_close(cursor);
    return rc;
}

sarn_status sarn__lmdb_read_state(struct sarn__lmdb *lmdb,
                                  MDB_txn *txn,
                                  struct sarn__file_state *state,
                                  struct sarn_error *error)
{
    MDB_val key = {sizeof(SARN__STATE_KEY) - 1, (void *)(uintptr_t)SARN__STATE_KEY};
    MDB_val value;
    int rc = mdb_get(txn, lmdb->meta, &key, &value);

    if (rc != 0) {
        return sarn__lmdb_fail(error, rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc,
                               "reading", lmdb->path);
    }
    return sarn__file_state_decode(
        (struct sarn_str){value.mv_data, (uint32_t)value.mv_size}, &lmdb->hash, state,
        error);
}

/* --- visits: a reader and a cursor, begun and ended together --- */

struct visit {
    struct sarn__lmdb *lmdb;
    struct sarn__reader *reader;
    MDB_cursor *cursor;
    struct sarn_error *error;
};

SARN_MUST_USE static sarn_status begin(struct visit *visit, MDB_dbi dbi)
{
    struct sarn__lmdb *lmdb = visit->lmdb;
    int rc;

    SARN__TRY(sarn__reader_begin(lmdb, &visit->reader, visit->error));
    rc = mdb_cursor_open(visit->reader->txn, dbi, &visit->cursor);
    if (rc != 0) {
        sarn__reader_end(lmdb, visit->reader);
        return sarn__lmdb_fail(visit->error, rc, "reading", lmdb->path);
    }
    return SARN_OK;
}

static void end(struct visit *visit)
{
    mdb_cursor_close(visit->cursor);
    sarn__reader_end(visit->lmdb, visit->reader);
}

SARN_MUST_USE static sarn_status missing(const struct visit *visit, uint64_t position)
{
    return sarn__fail(visit->error, SARN_ERR_CORRUPT,
                      "\"%s\" has no record at position %llu; see how much is damaged "
                      "with \"sarn verify\"",
                      visit->lmdb->path, (unsigned long long)position);
}

/* --- scan --- */

/* Look at the record under cursor: is it the one wanted? Past the log's end is no gap:
 * *end. */
SARN_MUST_USE static sarn_status look(struct visit *visit,
                                      MDB_cursor_op op,
                                      uint64_t wanted,
                                      struct sarn_str *value,
                                      bool *end_of_log)
{
    uint64_t found = 0;
    MDB_val key = {sizeof(wanted), &wanted}, data;
    int rc = mdb_cursor_get(visit->cursor, &key, &data, op);

    *end_of_log = rc == MDB_NOTFOUND;
    if (rc == MDB_NOTFOUND) {
        return SARN_OK;
    }
    if (rc != 0) {
        return sarn__lmdb_fail(visit->error, rc, "reading", visit->lmdb->path);
    }
    if (!as_position(&key, &found) || found != wanted) {
        return missing(visit, wanted);
    }
    return sarn__reader_align(visit->lmdb, visit->reader, &data, value, visit->error);
}

SARN_MUST_USE static sarn_status scan(struct visit *visit,
                                      uint64_t from,
                                      uint64_t to,
                                      sarn_record_fn *call,
                                      void *arg,
                                      uint64_t *next)
{
    uint64_t position = from;
    struct sarn_str value;
    bool end_of_log;

    for (uint32_t i = 0; i < SARN__READ_SLICE && position <= to; i++, position++) {
        MDB_cursor_op op = i == 0 ? MDB_SET_RANGE : MDB_NEXT;

        SARN__TRY(look(visit, op, position, &value, &end_of_log));
        if (end_of_log) {
            *next = 0;
            return SARN_OK;
        }
        SARN__TRY(call(arg, position, value));
    }
    *next = position <= to ? position : 0;
    return SARN_OK;
}

sarn_status sarn__lmdb_scan(void *self,
                            uint64_t from,
                            uint64_t to,
                            sarn_record_fn *call,
                            void *arg,
                            uint64_t *next,
                            struct sarn_error *error)
{
    struct visit visit = {.lmdb = self, .error = error};
    sarn_status status;

    SARN__TRY(begin(&visit, visit.lmdb->events));
    status = scan(&visit, from == 0 ? 1 : from, to, call, arg, next);
    end(&visit);
    return status;
}

/* --- walk --- */

SARN_MUST_USE static sarn_status
walk(struct visit *visit, uint64_t start, sarn_walk_fn *call, void *arg, uint64_t *next)
{
    uint64_t position = start;
    struct sarn_str value;
    bool absent;

    for (uint32_t i = 0; i < SARN__READ_SLICE && position != 0; i++) {
        uint64_t following = 0;

        SARN__TRY(look(visit, MDB_SET_KEY, position, &value, &absent));
        if (absent) {
            return missing(visit, position);
        }
        SARN__TRY(call(arg, position, value, &following));
        position = following;
    }
    *next = position;
    return SARN_OK;
}

sarn_status sarn__lmdb_walk(void *self,
                            uint64_t start,
                            sarn_walk_fn *call,
                            void *arg,
                            uint64_t *next,
                            struct sarn_error *error)
{
    struct visit visit = {.lmdb = self, .error = error};
    sarn_status status;

    SARN__TRY(begin(&visit, visit.lmdb->events));
    status = walk(&visit, start, call, arg, next);
    end(&visit);
    return status;
}

/* --- commits --- */

SARN_MUST_USE static sarn_status commits(
    struct visit *visit, uint64_t from, sarn_record_fn *call, void *arg, uint64_t *next)
{
    uint64_t position = 0;
    MDB_val key = {sizeof(from), &from}, data;
    int rc = mdb_cursor_get(visit->cursor, &key, &data, MDB_SET_RANGE);
    struct sarn_str value;

    for (uint32_t i = 0; i < SARN__READ_SLICE && rc == 0; i++) {
        if (!as_position(&key, &position)) {
            return missing(visit, from);
        }
        SARN__TRY(sarn__reader_align(visit->lmdb, visit->reader, &data, &value,
                                     visit->error));
        SARN__TRY(call(arg, position, value));
        rc = mdb_cursor_get(visit->cursor, &key, &data, MDB_NEXT);
    }
    if (rc != 0 && rc != MDB_NOTFOUND) {
        return sarn__lmdb_fail(visit->error, rc, "reading", visit->lmdb->path);
    }
    *next = rc == 0 ? position + 1 : 0;
    return SARN_OK;
}

sarn_status sarn__lmdb_commits(void *self,
                               uint64_t from,
                               sarn_record_fn *call,
                               void *arg,
                               uint64_t *next,
                               struct sarn_error *error)
{
    struct visit visit = {.lmdb = self, .error = error};
    sarn_status status;

    SARN__TRY(begin(&visit, visit.lmdb->commits));
    status = commits(&visit, from, call, arg, next);
    end(&visit);
    return status;
}
