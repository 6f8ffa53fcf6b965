#define _GNU_SOURCE /* pthread_cond_clockwait */

#include "infra/lmdb/env.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/fail.h"
#include "core/heap.h"

/* Kept for reuse: a begun transaction costs a mutex that processes share, a renewed one
 * does not. Between uses it is reset, and holds no page. */
#define IDLE_MAX 16u
/* A visitor that reads while its own transaction is open would wait for itself. */
#define GROW_WAIT_S 2

static void free_reader(struct sarn__lmdb *lmdb, struct sarn__reader *reader)
{
    mdb_txn_abort(reader->txn); /* NULL does nothing. */
    sarn__heap_free(&lmdb->heap, reader->copy);
    sarn__heap_free(&lmdb->heap, reader);
}

void sarn__readers_free(struct sarn__lmdb *lmdb)
{
    assert(lmdb->active == 0);
    while (lmdb->idle != NULL) {
        struct sarn__reader *reader = lmdb->idle;

        lmdb->idle = reader->next;
        free_reader(lmdb, reader);
    }
    lmdb->idle_count = 0;
}

/* An idle reader or a new one without transaction, counted as active. */
SARN_MUST_USE static sarn_status
take(struct sarn__lmdb *lmdb, struct sarn__reader **taken, struct sarn_error *error)
{
    struct sarn__reader *reader;

    pthread_mutex_lock(&lmdb->lock);
    while (lmdb->resizing) {
        pthread_cond_wait(&lmdb->quiet, &lmdb->lock);
    }
    reader = lmdb->idle;
    if (reader != NULL) {
        lmdb->idle = reader->next;
        lmdb->idle_count -= 1;
    } else {
        reader = sarn__heap_alloc(&lmdb->heap, sizeof(*reader));
    }
    if (reader != NULL) {
        lmdb->active += 1;
    }
    pthread_mutex_unlock(&lmdb->lock);
    if (reader == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory for a read transaction");
    }
    *taken = reader;
    return SARN_OK;
}

/* Not active any more; kept only if it still has a transaction. */
static void give(struct sarn__lmdb *lmdb, struct sarn__reader *reader)
{
    bool kept;

    pthread_mutex_lock(&lmdb->lock);
    assert(lmdb->active != 0);
    lmdb->active -= 1;
    kept = reader->txn != NULL && lmdb->idle_count < IDLE_MAX;
    if (kept) {
        reader->next = lmdb->idle;
        lmdb->idle = reader;
        lmdb->idle_count += 1;
    }
    if (lmdb->active == 0) {
        pthread_cond_broadcast(&lmdb->quiet);
    }
    pthread_mutex_unlock(&lmdb->lock);
    if (!kept) {
        free_reader(lmdb, reader);
    }
}

/* LMDB takes the number of the newest snapshot first, and looks at its meta page then.
 * Two commits later that page is another's: one that is being written, is not synced
 * yet, and is not there for who begins after us. Who was held up in between for that
 * long begins again. */
static bool is_overtaken(const struct sarn__lmdb *lmdb,
                         const struct sarn__reader *reader)
{
    MDB_envinfo info;

    return mdb_env_info(lmdb->env, &info) == 0 &&
           info.me_last_txnid > mdb_txn_id(reader->txn) + 1;
}

static int begin_once(struct sarn__lmdb *lmdb, struct sarn__reader *reader)
{
    int rc;

    if (reader->txn != NULL) {
        rc = mdb_txn_renew(reader->txn);
        if (rc != 0) {
            mdb_txn_abort(reader->txn);
            reader->txn = NULL;
        }
        return rc;
    }
    rc = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &reader->txn);
    if (rc == MDB_READERS_FULL) {
        int dead;

        rc = mdb_reader_check(lmdb->env, &dead);
        rc = rc != 0 ? rc : mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &reader->txn);
    }
    if (rc != 0) {
        reader->txn = NULL;
    }
    return rc;
}

static int begin(struct sarn__lmdb *lmdb, struct sarn__reader *reader)
{
    int rc = begin_once(lmdb, reader);

    while (rc == 0 && is_overtaken(lmdb, reader)) {
        mdb_txn_reset(reader->txn);
        rc = begin_once(lmdb, reader);
    }
    return rc;
}

/* The owner has a larger map than we: take its size over. A map must not change while
 * it is read, so wait until nobody does. */
static int grow_map(struct sarn__lmdb *lmdb)
{
    struct timespec until;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += GROW_WAIT_S;
    pthread_mutex_lock(&lmdb->lock);
    while (lmdb->resizing) {
        pthread_cond_wait(&lmdb->quiet, &lmdb->lock);
    }
    lmdb->resizing = true;
    while (lmdb->active != 0 && rc == 0) {
        rc = pthread_cond_clockwait(&lmdb->quiet, &lmdb->lock, CLOCK_MONOTONIC, &until);
    }
    rc = lmdb->active != 0 ? MDB_MAP_RESIZED : mdb_env_set_mapsize(lmdb->env, 0);
    lmdb->resizing = false;
    pthread_cond_broadcast(&lmdb->quiet);
    pthread_mutex_unlock(&lmdb->lock);
    return rc;
}

sarn_status sarn__reader_begin(struct sarn__lmdb *lmdb,
                               struct sarn__reader **begun,
                               struct sarn_error *error)
{
    struct sarn__reader *reader;
    int rc;

    SARN__TRY(sarn__lmdb_usable(lmdb, error));
    for (;;) {
        SARN__TRY(take(lmdb, &reader, error));
        rc = begin(lmdb, reader);
        if (rc == 0) {
            *begun = reader;
            return SARN_OK;
        }
        give(lmdb, reader);
        if (rc == MDB_MAP_RESIZED) {
            rc = grow_map(lmdb);
        }
        if (rc != 0) {
            return sarn__lmdb_fail(error, rc, "reading", lmdb->path);
        }
    }
}

void sarn__reader_end(struct sarn__lmdb *lmdb, struct sarn__reader *reader)
{
    mdb_txn_reset(reader->txn);
    give(lmdb, reader);
}

sarn_status sarn__reader_align(struct sarn__lmdb *lmdb,
                               struct sarn__reader *reader,
                               const MDB_val *value,
                               struct sarn_str *aligned,
                               struct sarn_error *error)
{
    if (value->mv_size > UINT32_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "\"%s\" holds an impossible value",
                          lmdb->path);
    }
    *aligned = (struct sarn_str){value->mv_data, (uint32_t)value->mv_size};
    if ((uintptr_t)value->mv_data % 8 == 0) {
        return SARN_OK;
    }
    if (reader->copy_bytes < value->mv_size) {
        void *grown = sarn__heap_resize(&lmdb->heap, reader->copy, value->mv_size);

        if (grown == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a row");
        }
        reader->copy = grown;
        reader->copy_bytes = value->mv_size;
    }
    memcpy(reader->copy, value->mv_data, value->mv_size);
    aligned->data = reader->copy;
    return SARN_OK;
}
