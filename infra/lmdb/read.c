#include "infra/lmdb/env.h"

#include <string.h>

#include "core/fail.h"

/* Only the size of a key that comes back is to be checked: LMDB compared it as an
 * integer. */
static bool get_key(const MDB_val *from, uint64_t *key)
{
    if (from->mv_size != sizeof(*key)) {
        return false;
    }
    memcpy(key, from->mv_data, sizeof(*key));
    return true;
}

int sarn__lmdb_last(struct sarn__lmdb *lmdb,
                    MDB_txn *txn,
                    uint64_t *last,
                    MDB_val *commit)
{
    MDB_cursor *cursor;
    uint64_t key = 0;
    MDB_val at;
    int rc = mdb_cursor_open(txn, lmdb->events, &cursor);

    if (rc != 0) {
        return rc;
    }
    rc = mdb_cursor_get(cursor, &at, commit, MDB_LAST);
    if (rc == 0 && (!get_key(&at, &key) || !SARN__KEY_IS_COMMIT(key))) {
        rc = MDB_CORRUPTED;
    }
    mdb_cursor_close(cursor);
    if (rc == 0 || rc == MDB_NOTFOUND) {
        *last = SARN__KEY_POSITION(key);
        rc = 0;
    }
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

SARN_MUST_USE static sarn_status begin(struct visit *visit)
{
    struct sarn__lmdb *lmdb = visit->lmdb;
    int rc;

    SARN__TRY(sarn__reader_begin(lmdb, &visit->reader, visit->error));
    rc = mdb_cursor_open(visit->reader->txn, lmdb->events, &visit->cursor);
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

/* Move the cursor to a record; with MDB_NEXT the commit record between two is skipped.
 */
static int move(struct visit *visit, MDB_cursor_op op, uint64_t *key, MDB_val *data)
{
    MDB_val at = {sizeof(*key), key};
    int rc = mdb_cursor_get(visit->cursor, &at, data, op);

    if (rc == 0 && !get_key(&at, key)) {
        return MDB_CORRUPTED;
    }
    if (rc == 0 && op == MDB_NEXT && SARN__KEY_IS_COMMIT(*key)) {
        rc = mdb_cursor_get(visit->cursor, &at, data, op);
        return rc == 0 && !get_key(&at, key) ? MDB_CORRUPTED : rc;
    }
    return rc;
}

/* The record that op leads to: is it the one wanted? Past the log's end is no gap:
 * *end_of_log. */
SARN_MUST_USE static sarn_status look(struct visit *visit,
                                      MDB_cursor_op op,
                                      uint64_t wanted,
                                      struct sarn_str *value,
                                      bool *end_of_log)
{
    uint64_t key = SARN__RECORD_KEY(wanted);
    MDB_val data;
    int rc = move(visit, op, &key, &data);

    *end_of_log = rc == MDB_NOTFOUND;
    if (rc == MDB_NOTFOUND) {
        return SARN_OK;
    }
    if (rc != 0) {
        return sarn__lmdb_fail(visit->error, rc, "reading", visit->lmdb->path);
    }
    if (key != SARN__RECORD_KEY(wanted)) {
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
    struct sarn_str value = {NULL, 0};
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

    SARN__TRY(begin(&visit));
    status = scan(&visit, from == 0 ? 1 : from, to, call, arg, next);
    end(&visit);
    return status;
}

/* --- walk --- */

SARN_MUST_USE static sarn_status
walk(struct visit *visit, uint64_t start, sarn_walk_fn *call, void *arg, uint64_t *next)
{
    uint64_t position = start;
    struct sarn_str value = {NULL, 0};
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

    SARN__TRY(begin(&visit));
    status = walk(&visit, start, call, arg, next);
    end(&visit);
    return status;
}

/* --- commits --- */

/* Entries that may be passed in one read transaction: commits lie among their records.
 */
#define STEPS_MAX (16 * SARN__READ_SLICE)

SARN_MUST_USE static sarn_status commits(
    struct visit *visit, uint64_t from, sarn_record_fn *call, void *arg, uint64_t *next)
{
    uint64_t key = SARN__COMMIT_KEY(from);
    MDB_val at = {sizeof(key), &key}, data;
    int rc = mdb_cursor_get(visit->cursor, &at, &data, MDB_SET_RANGE);
    uint32_t visited = 0;
    struct sarn_str value;

    for (uint32_t i = 0; i < STEPS_MAX && visited < SARN__READ_SLICE && rc == 0; i++) {
        if (!get_key(&at, &key)) {
            return missing(visit, from);
        }
        if (SARN__KEY_IS_COMMIT(key)) {
            SARN__TRY(sarn__reader_align(visit->lmdb, visit->reader, &data, &value,
                                         visit->error));
            SARN__TRY(call(arg, SARN__KEY_POSITION(key), value));
            visited += 1;
        }
        rc = mdb_cursor_get(visit->cursor, &at, &data, MDB_NEXT);
    }
    if (rc != 0 && rc != MDB_NOTFOUND) {
        return sarn__lmdb_fail(visit->error, rc, "reading", visit->lmdb->path);
    }
    /* The commit of what comes next is at its position or behind. */
    *next = rc == 0 ? SARN__KEY_POSITION(key) + (SARN__KEY_IS_COMMIT(key) ? 1 : 0) : 0;
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

    SARN__TRY(begin(&visit));
    status = commits(&visit, from, call, arg, next);
    end(&visit);
    return status;
}
