#include "infra/lmdb/env.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/fail.h"
#include "infra/lmdb/owner.h"

/* What a commit writes beside the records: copies of the pages on the way to them, the
 * commit record's, the list of free pages. A guess on the safe side. */
#define COMMIT_SLACK_BYTES (UINT64_C(256) * 1024)

/* --- beginning --- */

/* Learn what the transaction before this one left: ours, unless somebody took over. */
SARN_MUST_USE static sarn_status
learn(struct sarn__lmdb *lmdb, MDB_txn *txn, struct sarn_error *error)
{
    MDB_val commit;
    int rc;

    if (lmdb->txn_id != 0 && mdb_txn_id(txn) == lmdb->txn_id + 1) {
        return SARN_OK;
    }
    lmdb->txn_id = 0;
    SARN__TRY(sarn__lmdb_read_state(lmdb, txn, &lmdb->state, error));
    rc = sarn__lmdb_last(lmdb, txn, &lmdb->last_position, &commit);
    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "reading", lmdb->path);
    }
    lmdb->txn_id = mdb_txn_id(txn) - 1;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status check_epoch(const struct sarn__lmdb *lmdb,
                                             uint64_t epoch,
                                             bool take_epoch,
                                             struct sarn_error *error)
{
    if (epoch != lmdb->state.epoch + (take_epoch ? 1 : 0)) {
        return sarn__fail(
            error, SARN_ERR_DEPOSED,
            "process %u has taken \"%s\" over (epoch %llu; this was %llu); "
            "close the log here",
            lmdb->state.owner_pid, lmdb->path, (unsigned long long)lmdb->state.epoch,
            (unsigned long long)epoch);
    }
    if (take_epoch && !lmdb->takeover) {
        /* It was alone when it was opened; who has come since has taken it over. */
        return sarn__owner_alone(lmdb->data_fd, lmdb->path, lmdb->state.owner_pid,
                                 error);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status
begin(struct sarn__lmdb *lmdb, uint64_t bytes, MDB_txn **txn, struct sarn_error *error)
{
    int rc;

    SARN__TRY(sarn__lmdb_usable(lmdb, error));
    if (!lmdb->owner) {
        return sarn__fail(error, SARN_ERR_STATE, "\"%s\" is open for reading only",
                          lmdb->path);
    }
    SARN__TRY(sarn__place_has_room(lmdb->data_fd, lmdb->path,
                                   bytes + COMMIT_SLACK_BYTES, error));
    if (++lmdb->writes % SARN__LMDB_READER_CHECK == 0) {
        int dead;

        (void)mdb_reader_check(lmdb->env,
                               &dead); /* Housekeeping: its failure is no harm. */
    }
    rc = mdb_txn_begin(lmdb->env, NULL, 0, txn);
    if (rc == MDB_MAP_RESIZED) {
        /* The file outgrew our map, and we did not write that. */
        return sarn__fail(error, SARN_ERR_DEPOSED,
                          "another process has taken \"%s\" over; close the log here",
                          lmdb->path);
    }
    return rc == 0 ? SARN_OK : sarn__lmdb_fail(error, rc, "writing", lmdb->path);
}

/* --- ending --- */

static bool is_shortage(int rc)
{
    return rc == ENOSPC || rc == EDQUOT || rc == EFBIG || rc == MDB_MAP_FULL ||
           rc == ENOMEM || rc == MDB_TXN_FULL;
}

/* mdb_txn_commit() failed. LMDB writes the data pages and syncs them, and only then the
 * meta page; when that last write fails it marks the environment, and no transaction
 * begins any more. So if one begins, and under the number of the failed one, nothing
 * of that was committed: a shortage can be reported as such. LMDB makes EIO of a write
 * that a full disk or a limit cut short. Anything else may be a failing disk: stop, in
 * doubt. */
SARN_MUST_USE static sarn_status settle(struct sarn__lmdb *lmdb,
                                        int rc,
                                        size_t failed_id,
                                        uint64_t bytes,
                                        struct sarn_error *error)
{
    MDB_txn *probe = NULL;
    bool written = true;

    if (mdb_txn_begin(lmdb->env, NULL, 0, &probe) == 0) {
        written = mdb_txn_id(probe) != failed_id;
        mdb_txn_abort(probe);
    }
    if (!written && rc == EIO) {
        int why = sarn__place_shortage(lmdb->data_fd, bytes + COMMIT_SLACK_BYTES);

        rc = why != 0 ? why : rc;
    }
    if (!written && is_shortage(rc)) {
        return sarn__lmdb_fail(error, rc, "writing", lmdb->path);
    }
    atomic_store(&lmdb->in_doubt, true);
    return sarn__fail(
        error, SARN_ERR_IN_DOUBT,
        "writing \"%s\" failed (%s) and its outcome is unknown; check the "
        "disk, then open the log anew",
        lmdb->path, mdb_strerror(rc));
}

/* What the transaction leaves behind once it is committed. */
struct outcome {
    uint64_t last_position;
    struct sarn__file_state state;
};

SARN_MUST_USE static sarn_status commit(struct sarn__lmdb *lmdb,
                                        MDB_txn *txn,
                                        const struct outcome *outcome,
                                        uint64_t bytes,
                                        struct sarn_error *error)
{
    size_t id = mdb_txn_id(txn);
    int rc = mdb_txn_commit(txn);

    if (rc != 0) {
        return settle(lmdb, rc, id, bytes, error);
    }
    lmdb->txn_id = id;
    lmdb->last_position = outcome->last_position;
    lmdb->state = outcome->state;
    return SARN_OK;
}

static int
put_state(struct sarn__lmdb *lmdb, MDB_txn *txn, const struct sarn__file_state *state)
{
    uint8_t bytes[SARN__STATE_BYTES];
    MDB_val key = {sizeof(SARN__STATE_KEY) - 1, (void *)(uintptr_t)SARN__STATE_KEY};
    MDB_val value = {sizeof(bytes), bytes};

    sarn__file_state_encode(state, &lmdb->hash, bytes);
    return mdb_put(txn, lmdb->meta, &key, &value, 0);
}

/* --- append --- */

SARN_MUST_USE static sarn_status
check_batch(const struct sarn_batch *batch, uint64_t *bytes, struct sarn_error *error)
{
    uint64_t sum = 0;

    assert(batch->count != 0 && batch->commit.size == SARN__COMMIT_BYTES);
    for (uint32_t i = 0; i < batch->count; i++) {
        assert(batch->records[i].size != 0 && batch->records[i].size % 8 == 0);
        if (batch->records[i].size > SARN__VALUE_BYTES_MAX) {
            return sarn__fail(error, SARN_ERR_TOO_LARGE,
                              "a record has %u bytes and may have %u",
                              batch->records[i].size, SARN__VALUE_BYTES_MAX);
        }
        sum += batch->records[i].size;
    }
    if (sum > SARN__APPEND_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "an append has %llu bytes and may have %u; split it",
                          (unsigned long long)sum, SARN__APPEND_BYTES_MAX);
    }
    *bytes = sum;
    return SARN_OK;
}

static int put(MDB_cursor *cursor, uint64_t key, struct sarn_str value)
{
    MDB_val at = {sizeof(key), &key};
    MDB_val bytes = {value.size, (void *)(uintptr_t)value.data};

    return mdb_cursor_put(cursor, &at, &bytes, MDB_APPEND);
}

/* The records, and the commit record behind the last. */
static int
put_records(struct sarn__lmdb *lmdb, MDB_txn *txn, const struct sarn_batch *batch)
{
    uint64_t position = batch->first;
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, lmdb->events, &cursor);

    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < batch->count && rc == 0; i++, position++) {
        rc = put(cursor, SARN__RECORD_KEY(position), batch->records[i]);
    }
    if (rc == 0) {
        rc = put(cursor, SARN__COMMIT_KEY(position - 1), batch->commit);
    }
    mdb_cursor_close(cursor);
    return rc;
}

/* Does batch continue what the transaction has so far? */
SARN_MUST_USE static sarn_status check_first(const struct sarn__lmdb *lmdb,
                                             uint64_t last_position,
                                             const struct sarn_batch *batch,
                                             struct sarn_error *error)
{
    if (batch->first != last_position + 1) {
        return sarn__fail(error, SARN_ERR_WRONG_EXPECTED_VERSION,
                          "the append begins at position %llu and \"%s\" ends at %llu",
                          (unsigned long long)batch->first, lmdb->path,
                          (unsigned long long)last_position);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status put_batch(struct sarn__lmdb *lmdb,
                                           MDB_txn *txn,
                                           const struct sarn_batch *batch,
                                           struct outcome *outcome,
                                           struct sarn_error *error)
{
    int rc;

    SARN__TRY(learn(lmdb, txn, error));
    SARN__TRY(check_epoch(lmdb, batch->epoch, batch->take_epoch, error));
    SARN__TRY(check_first(lmdb, lmdb->last_position, batch, error));
    outcome->last_position = lmdb->last_position + batch->count;
    outcome->state = lmdb->state;
    rc = put_records(lmdb, txn, batch);
    if (rc == 0 && batch->take_epoch) {
        outcome->state.epoch = batch->epoch;
        outcome->state.owner_pid = (uint32_t)lmdb->pid;
        rc = put_state(lmdb, txn, &outcome->state);
    }
    return rc == 0 ? SARN_OK : sarn__lmdb_fail(error, rc, "writing", lmdb->path);
}

sarn_status
sarn__lmdb_append(void *self, const struct sarn_batch *batch, struct sarn_error *error)
{
    struct sarn__lmdb *lmdb = self;
    struct outcome outcome = {0};
    sarn_status status;
    uint64_t bytes = 0;
    MDB_txn *txn = NULL;

    SARN__TRY(check_batch(batch, &bytes, error));
    SARN__TRY(begin(lmdb, bytes, &txn, error));
    status = put_batch(lmdb, txn, batch, &outcome, error);
    if (status != SARN_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return commit(lmdb, txn, &outcome, bytes, error);
}

/* --- restore --- */

SARN_MUST_USE static sarn_status check_batches(const struct sarn_batch *batches,
                                               uint32_t count,
                                               uint64_t *bytes,
                                               struct sarn_error *error)
{
    *bytes = 0;
    assert(count != 0);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t of_one = 0;

        SARN__TRY(check_batch(&batches[i], &of_one, error));
        *bytes += of_one;
    }
    if (*bytes > SARN__APPEND_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "an append has %llu bytes and may have %u; split it",
                          (unsigned long long)*bytes, SARN__APPEND_BYTES_MAX);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status put_batches(struct sarn__lmdb *lmdb,
                                             MDB_txn *txn,
                                             const struct sarn_batch *batches,
                                             uint32_t count,
                                             struct outcome *outcome,
                                             struct sarn_error *error)
{
    int rc = 0;

    SARN__TRY(learn(lmdb, txn, error));
    *outcome = (struct outcome){lmdb->last_position, lmdb->state};
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        if (batches[i].epoch < outcome->state.epoch) {
            return sarn__fail(
                error, SARN_ERR_DEPOSED,
                "the append at position %llu is of epoch %llu, and \"%s\" "
                "is at epoch %llu",
                (unsigned long long)batches[i].first,
                (unsigned long long)batches[i].epoch, lmdb->path,
                (unsigned long long)outcome->state.epoch);
        }
        SARN__TRY(check_first(lmdb, outcome->last_position, &batches[i], error));
        rc = put_records(lmdb, txn, &batches[i]);
        outcome->last_position += batches[i].count;
        outcome->state.epoch = batches[i].epoch;
    }
    if (rc == 0 && outcome->state.epoch != lmdb->state.epoch) {
        outcome->state.owner_pid = 0; /* Whoever began it is not here. */
        rc = put_state(lmdb, txn, &outcome->state);
    }
    return rc == 0 ? SARN_OK : sarn__lmdb_fail(error, rc, "writing", lmdb->path);
}

sarn_status sarn__lmdb_restore(void *self,
                               const struct sarn_batch *batches,
                               uint32_t count,
                               struct sarn_error *error)
{
    struct sarn__lmdb *lmdb = self;
    struct outcome outcome = {0};
    sarn_status status;
    uint64_t bytes = 0;
    MDB_txn *txn = NULL;

    SARN__TRY(check_batches(batches, count, &bytes, error));
    SARN__TRY(begin(lmdb, bytes, &txn, error));
    status = put_batches(lmdb, txn, batches, count, &outcome, error);
    if (status != SARN_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return commit(lmdb, txn, &outcome, bytes, error);
}

/* --- flush --- */

SARN_MUST_USE static sarn_status
check_flush(const struct sarn_flush *flush, uint64_t *bytes, struct sarn_error *error)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < flush->count; i++) {
        const struct sarn_table_row *row = &flush->rows[i];

        assert(row->key.size != 0 && row->key.size <= SARN__TABLE_KEY_BYTES_MAX);
        if (row->value.size > SARN__VALUE_BYTES_MAX) {
            return sarn__fail(error, SARN_ERR_TOO_LARGE,
                              "a row has %u bytes and may have %u", row->value.size,
                              SARN__VALUE_BYTES_MAX);
        }
        sum += (uint64_t)row->key.size + row->value.size;
    }
    if (sum > SARN__APPEND_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "a flush has %llu bytes and may have %u; split it",
                          (unsigned long long)sum, SARN__APPEND_BYTES_MAX);
    }
    *bytes = sum;
    return SARN_OK;
}

/* Take the checksum of the row under key out of *total; MDB_NOTFOUND: there is none. */
static int take_out(MDB_cursor *cursor, MDB_val *key, uint64_t *total)
{
    MDB_val value;
    uint64_t sum = 0;
    int rc = mdb_cursor_get(cursor, key, &value, MDB_SET);

    if (rc == 0 && value.mv_size >= sizeof(sum)) {
        memcpy(&sum, value.mv_data, sizeof(sum));
    }
    *total -= sum;
    return rc;
}

static int put_row(struct sarn__lmdb *lmdb,
                   MDB_cursor *cursor,
                   MDB_val *key,
                   struct sarn_str value,
                   uint64_t *total)
{
    struct sarn_str stored_key = {key->mv_data, (uint32_t)key->mv_size};
    uint64_t sum = sarn__row_checksum(&lmdb->hash, stored_key, value);
    MDB_val stored = {SARN__ROW_CHECKSUM_BYTES + (size_t)value.size, NULL};
    int rc = take_out(cursor, key, total);

    if (rc == 0 || rc == MDB_NOTFOUND) {
        rc = mdb_cursor_put(cursor, key, &stored, MDB_RESERVE);
    }
    if (rc == 0) {
        *total += sum;
        memcpy(stored.mv_data, &sum, sizeof(sum));
        if (value.size != 0) {
            memcpy((char *)stored.mv_data + sizeof(sum), value.data, value.size);
        }
    }
    return rc;
}

static int remove_row(MDB_cursor *cursor, MDB_val *key, uint64_t *total)
{
    int rc = take_out(cursor, key, total);

    if (rc == MDB_NOTFOUND) {
        return 0;
    }
    return rc == 0 ? mdb_cursor_del(cursor, 0) : rc;
}

/* *total: the sum of all rows' checksums, before and after. */
static int change_rows(struct sarn__lmdb *lmdb,
                       MDB_txn *txn,
                       const struct sarn_flush *flush,
                       uint64_t *total)
{
    uint8_t stored[SARN__ROW_KEY_STORED_MAX];
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, lmdb->rows, &cursor);

    if (rc != 0) {
        return rc;
    }
    for (uint32_t i = 0; i < flush->count && rc == 0; i++) {
        const struct sarn_table_row *row = &flush->rows[i];
        MDB_val key = sarn__row_key(row->table, row->key, stored);

        rc = row->remove ? remove_row(cursor, &key, total)
                         : put_row(lmdb, cursor, &key, row->value, total);
    }
    mdb_cursor_close(cursor);
    return rc;
}

SARN_MUST_USE static sarn_status put_flush(struct sarn__lmdb *lmdb,
                                           MDB_txn *txn,
                                           const struct sarn_flush *flush,
                                           struct outcome *outcome,
                                           struct sarn_error *error)
{
    int rc;

    SARN__TRY(learn(lmdb, txn, error));
    SARN__TRY(check_epoch(lmdb, flush->epoch, false, error));
    assert(flush->through <= lmdb->last_position);
    *outcome = (struct outcome){lmdb->last_position, lmdb->state};
    rc = change_rows(lmdb, txn, flush, &outcome->state.rows_sum);
    if (rc == 0 && (flush->through != 0 || flush->count != 0)) {
        outcome->state.through =
            flush->through != 0 ? flush->through : outcome->state.through;
        rc = put_state(lmdb, txn, &outcome->state);
    }
    return rc == 0 ? SARN_OK : sarn__lmdb_fail(error, rc, "writing", lmdb->path);
}

sarn_status
sarn__lmdb_flush(void *self, const struct sarn_flush *flush, struct sarn_error *error)
{
    struct sarn__lmdb *lmdb = self;
    struct outcome outcome;
    sarn_status status;
    uint64_t bytes = 0;
    MDB_txn *txn = NULL;

    SARN__TRY(check_flush(flush, &bytes, error));
    SARN__TRY(begin(lmdb, bytes, &txn, error));
    status = put_flush(lmdb, txn, flush, &outcome, error);
    if (status != SARN_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    return commit(lmdb, txn, &outcome, bytes, error);
}
