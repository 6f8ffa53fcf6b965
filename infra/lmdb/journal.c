#define _GNU_SOURCE

#include "infra/lmdb/lmdb_journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/lmdb/check.h"
#include "infra/lmdb/env.h"
#include "infra/lmdb/owner.h"
#include "infra/lmdb/pages.h"

#define LOCK_SUFFIX "-lock" /* LMDB's name for the lock file of a file. */

static const struct {
    int rc;
    sarn_status status;
    const char *text;
} meanings[] = {
    {MDB_MAP_FULL, SARN_ERR_FULL,
     "the file has reached its largest size; nothing was written: open it with larger "
     "map_bytes"},
    {ENOSPC, SARN_ERR_FULL, "the disk is full; nothing was written: free some space"},
    {EDQUOT, SARN_ERR_FULL,
     "the quota is used up; nothing was written: free some space"},
    {EFBIG, SARN_ERR_FULL,
     "the file may not grow further; nothing was written: raise the limit (ulimit -f)"},
    {MDB_TXN_FULL, SARN_ERR_TOO_LARGE, "it is too much for one commit: split it"},
    {MDB_READERS_FULL, SARN_ERR_OVERLOADED,
     "too many processes read it at the same time: try again later"},
    {MDB_PANIC, SARN_ERR_IN_DOUBT, "an earlier write failed: open it anew"},
    {MDB_MAP_RESIZED, SARN_ERR_BUSY, "its owner made it larger: open it anew"},
    {MDB_CORRUPTED, SARN_ERR_CORRUPT,
     "it is damaged: see how much with \"sarn verify\", or restore a backup"},
    {MDB_PAGE_NOTFOUND, SARN_ERR_CORRUPT,
     "it is damaged: see how much with \"sarn verify\", or restore a backup"},
    {MDB_INVALID, SARN_ERR_CORRUPT, "it is not a log of Sarn: check the path"},
    {MDB_VERSION_MISMATCH, SARN_ERR_UNSUPPORTED,
     "it, or its lock file, is of another version of LMDB: use that version"},
    {ENOMEM, SARN_ERR_NOMEM,
     "out of memory, or of address space: lower map_bytes, or raise the limit (ulimit "
     "-v)"},
    {EACCES, SARN_ERR_PERMISSION,
     "permission denied: the file, its -lock file and their directory must be "
     "writable"},
    {EPERM, SARN_ERR_PERMISSION,
     "permission denied: the file, its -lock file and their directory must be "
     "writable"},
    {EROFS, SARN_ERR_PERMISSION, "it lies on a read-only file system: move it"},
    {ENOENT, SARN_ERR_NOT_FOUND, "it is not there: check the path"},
};

sarn_status
sarn__lmdb_fail(struct sarn_error *error, int rc, const char *doing, const char *path)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].rc == rc) {
            return sarn__fail(error, meanings[i].status, "%s \"%s\": %s", doing, path,
                              meanings[i].text);
        }
    }
    return sarn__fail(error, SARN_ERR_IO, "%s \"%s\": %s; check the disk", doing, path,
                      mdb_strerror(rc));
}

sarn_status sarn__lmdb_usable(struct sarn__lmdb *lmdb, struct sarn_error *error)
{
    if (!lmdb->process->mark_is_ours(lmdb->mark)) {
        return sarn__fail(
            error, SARN_ERR_STATE,
            "\"%s\" was opened before fork(); open it in the child instead",
            lmdb->path);
    }
    if (atomic_load(&lmdb->in_doubt)) {
        return sarn__fail(error, SARN_ERR_IN_DOUBT,
                          "the outcome of an earlier write to \"%s\" is unknown; check "
                          "the disk, then open the log anew",
                          lmdb->path);
    }
    return SARN_OK;
}

/* --- opening --- */

SARN_MUST_USE static sarn_status refuse_second(const struct sarn__lmdb *lmdb,
                                               struct sarn_error *error)
{
    char lock_path[4096];
    int size = snprintf(lock_path, sizeof(lock_path), "%s" LOCK_SUFFIX, lmdb->path);

    if (size < 0 || (size_t)size >= sizeof(lock_path)) {
        return sarn__fail(error, SARN_ERR_INVALID, "the path of the log is too long");
    }
    if (sarn__owner_is_this_process(lock_path)) {
        return sarn__fail(error, SARN_ERR_BUSY,
                          "\"%s\" is open in this process (%d) already; use that, or "
                          "close it first",
                          lmdb->path, (int)lmdb->pid);
    }
    return SARN_OK;
}

/* The owner's lock; when somebody stopped still has it, only if writing is possible. */
SARN_MUST_USE static sarn_status own(struct sarn__lmdb *lmdb,
                                     const struct sarn__lmdb_options *options,
                                     bool *alone,
                                     struct sarn_error *error)
{
    uint32_t ms =
        options->takeover_ms != 0 ? options->takeover_ms : SARN__LMDB_TAKEOVER_MS;

    SARN__TRY(sarn__owner_lock(lmdb->data_fd, lmdb->path, (uint32_t)lmdb->pid,
                               options->takeover, alone, error));
    lmdb->owner = true;
    lmdb->takeover = options->takeover;
    if (*alone) {
        return SARN_OK;
    }
    return sarn__owner_probe(lmdb->data_fd, lmdb->path, ms, error);
}

/* The text of the first finding becomes the error. */
static void keep_first(void *arg, const char *text)
{
    struct sarn_error *first = arg;

    if (first->status == SARN_OK) {
        (void)!sarn__fail(first, SARN_ERR_CORRUPT, "%s", text);
    }
}

/* Look at the file before LMDB does: it believes what it reads. *fresh: nothing was
 * ever written to it. */
SARN_MUST_USE static sarn_status
look(struct sarn__lmdb *lmdb, bool *fresh, struct sarn_error *error)
{
    struct sarn_error first = {.status = SARN_OK};
    struct sarn__check_options check = {
        .hash = lmdb->hash, .heap = lmdb->heap, .finding = keep_first, .arg = &first};
    struct sarn__pages pages;
    sarn_status status;

    *fresh = false;
    status = sarn__pages_open(lmdb->data_fd, lmdb->path, &pages, &first);
    if (status == SARN_ERR_NOT_FOUND) {
        *fresh = true; /* No failure, so error is left alone. */
        return SARN_OK;
    }
    if (status != SARN_OK) {
        return sarn__fail(error, status, "%s", first.text);
    }
    if (sarn__pages_are_there(&pages)) {
        return sarn__pages_check_ends(&pages, lmdb->path, &lmdb->heap, error);
    }
    /* Too short, which is harmless only if what is missing is free. */
    SARN__TRY(sarn__check_pages(&pages, &check, error));
    if (first.status != SARN_OK) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "\"%s\" was cut off: it has %llu bytes of %llu; restore the "
            "file from a backup",
            lmdb->path, (unsigned long long)pages.file_bytes,
            (unsigned long long)(pages.metas[pages.newest].last_page + 1) *
                pages.page_bytes);
    }
    return SARN_OK;
}

/* LMDB takes a file for new only if there is nothing in it. What was left of its making
 * goes, unless somebody is making it now. */
SARN_MUST_USE static sarn_status
clear(struct sarn__lmdb *lmdb, bool alone, struct sarn_error *error)
{
    struct stat status;

    if (!alone && (fstat(lmdb->data_fd, &status) != 0 || status.st_size != 0)) {
        return sarn__fail(error, SARN_ERR_BUSY,
                          "process %u is making \"%s\"; try again",
                          sarn__owner_find(lmdb->data_fd, 0), lmdb->path);
    }
    return sarn__place_clear(lmdb->data_fd, lmdb->path, error);
}

/* LMDB opens one of its descriptors without it. */
static void close_on_exec(MDB_env *env)
{
    int fd;

    if (mdb_env_get_fd(env, &fd) == 0) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

SARN_MUST_USE static sarn_status open_env(struct sarn__lmdb *lmdb,
                                          const struct sarn__lmdb_options *options,
                                          struct sarn_error *error)
{
    unsigned flags = SARN__LMDB_ENV_FLAGS | (options->read_only ? MDB_RDONLY : 0u);
    uint64_t map = options->map_bytes != 0 || options->read_only ? options->map_bytes
                                                                 : SARN__LMDB_MAP_BYTES;
    int rc = mdb_env_create(&lmdb->env);
    int dead;

    if (rc == 0) {
        rc = mdb_env_set_maxdbs(lmdb->env, SARN__LMDB_DBS_MAX);
    }
    if (rc == 0) {
        rc = mdb_env_set_maxreaders(lmdb->env, SARN__LMDB_READERS_MAX);
    }
    if (rc == 0 && map != 0) {
        rc = mdb_env_set_mapsize(lmdb->env, map);
    }
    if (rc == 0) {
        rc = mdb_env_open(lmdb->env, lmdb->path, flags, SARN__LMDB_FILE_MODE);
    }
    if (rc == 0) {
        close_on_exec(lmdb->env);
        rc = mdb_reader_check(lmdb->env, &dead);
    }
    return rc == 0 ? SARN_OK : sarn__lmdb_fail(error, rc, "opening", lmdb->path);
}

static int open_dbs(struct sarn__lmdb *lmdb, MDB_txn *txn, unsigned create)
{
    int rc = mdb_dbi_open(txn, SARN__DB_META, create, &lmdb->meta);

    rc = rc == 0 ? mdb_dbi_open(txn, SARN__DB_EVENTS, create | MDB_INTEGERKEY,
                                &lmdb->events)
                 : rc;
    return rc == 0 ? mdb_dbi_open(txn, SARN__DB_ROWS, create, &lmdb->rows) : rc;
}

static int put_meta(
    struct sarn__lmdb *lmdb, MDB_txn *txn, const char *name, void *bytes, size_t size)
{
    MDB_val key = {strlen(name), (void *)(uintptr_t)name};
    MDB_val value = {size, bytes};

    return mdb_put(txn, lmdb->meta, &key, &value, 0);
}

/* The first commit of a new file: its databases and what it says of itself. */
SARN_MUST_USE static sarn_status make(struct sarn__lmdb *lmdb,
                                      const struct sarn__lmdb_options *options,
                                      struct sarn_error *error)
{
    struct sarn__file file = {.format = SARN__FILE_FORMAT,
                              .log_id = options->log_id,
                              .created_us = options->now_us};
    uint8_t file_bytes[SARN__FILE_BYTES], state_bytes[SARN__STATE_BYTES];
    MDB_txn *txn;
    int rc;

    lmdb->state.sums_rows = true; /* There are none: 0. */
    sarn__file_encode(&file, &lmdb->hash, file_bytes);
    sarn__file_state_encode(&lmdb->state, &lmdb->hash, state_bytes);
    /* LMDB does not sync its first metas. Without it a power cut could leave pages of
     * the transaction and no metas: a file that nobody can tell from somebody else's.
     */
    rc = mdb_env_sync(lmdb->env, 1);
    rc = rc == 0 ? mdb_txn_begin(lmdb->env, NULL, 0, &txn) : rc;
    if (rc == 0) {
        rc = open_dbs(lmdb, txn, MDB_CREATE);
        rc = rc == 0
                 ? put_meta(lmdb, txn, SARN__FILE_KEY, file_bytes, sizeof(file_bytes))
                 : rc;
        rc = rc == 0 ? put_meta(lmdb, txn, SARN__STATE_KEY, state_bytes,
                                sizeof(state_bytes))
                     : rc;
        if (rc == 0) {
            rc = mdb_txn_commit(txn);
        } else {
            mdb_txn_abort(txn);
        }
    }
    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "creating", lmdb->path);
    }
    lmdb->file = file;
    return sarn__place_sync(lmdb->path, error);
}

SARN_MUST_USE static sarn_status not_a_log(const struct sarn__lmdb *lmdb,
                                           struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_CORRUPT,
                      "\"%s\" is an LMDB file of another program, not a log of Sarn; "
                      "check the path",
                      lmdb->path);
}

/* What the file says of itself, and whether a commit ends it. */
SARN_MUST_USE static sarn_status
recognize(struct sarn__lmdb *lmdb, MDB_txn *txn, struct sarn_error *error)
{
    MDB_val key = {sizeof(SARN__FILE_KEY) - 1, (void *)(uintptr_t)SARN__FILE_KEY};
    MDB_val value, commit;
    uint64_t last;
    int rc = mdb_dbi_open(txn, SARN__DB_META, 0, &lmdb->meta);

    rc = rc == 0 ? mdb_get(txn, lmdb->meta, &key, &value) : rc;
    if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE) {
        return not_a_log(lmdb, error);
    }
    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "opening", lmdb->path);
    }
    SARN__TRY(
        sarn__file_decode((struct sarn_str){value.mv_data, (uint32_t)value.mv_size},
                          &lmdb->hash, lmdb->owner, &lmdb->file, error));
    rc = open_dbs(lmdb, txn, 0);
    rc = rc == 0 ? sarn__lmdb_last(lmdb, txn, &last, &commit) : rc;
    if (rc != 0) {
        return sarn__lmdb_fail(error, rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc,
                               "opening", lmdb->path);
    }
    return sarn__lmdb_read_state(lmdb, txn, &lmdb->state, error);
}

/* No database at all: its making was cut short. *fresh. */
SARN_MUST_USE static sarn_status
find_fresh(struct sarn__lmdb *lmdb, MDB_txn *txn, bool *fresh, struct sarn_error *error)
{
    MDB_stat stat;
    int rc = mdb_stat(txn, 1, &stat); /* 1: the list of databases. */

    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "opening", lmdb->path);
    }
    *fresh = stat.ms_entries == 0 && mdb_txn_id(txn) == 0;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status open_log(struct sarn__lmdb *lmdb,
                                          const struct sarn__lmdb_options *options,
                                          struct sarn_error *error)
{
    sarn_status status;
    bool fresh = false;
    MDB_txn *txn;
    int rc = mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn);

    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "opening", lmdb->path);
    }
    status = find_fresh(lmdb, txn, &fresh, error);
    if (status == SARN_OK && !fresh) {
        status = recognize(lmdb, txn, error);
    }
    if (status != SARN_OK || fresh) {
        mdb_txn_abort(txn);
    } else {
        (void)mdb_txn_commit(txn); /* Keeps the handles; there is nothing to write. */
    }
    if (status == SARN_OK && !fresh && lmdb->owner && lmdb->state.epoch == 0) {
        /* Who made it may have died before its name was durable; nobody has owned it
         * since, so nothing was answered yet. */
        status = sarn__place_sync(lmdb->path, error);
    }
    if (status != SARN_OK || !fresh) {
        return status;
    }
    if (!lmdb->owner || options->existing) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "\"%s\" is empty; nothing was ever written to it",
                          lmdb->path);
    }
    return make(lmdb, options, error);
}

/* --- open and close --- */

static void release(struct sarn__lmdb *lmdb)
{
    struct sarn_heap heap = lmdb->heap;

    /* The child of a fork() has copies of what belongs to its parent. */
    if (lmdb->process->mark_is_ours(lmdb->mark)) {
        sarn__readers_free(lmdb);
        if (lmdb->env != NULL) {
            mdb_env_close(lmdb->env);
        }
        pthread_cond_destroy(&lmdb->quiet);
        pthread_mutex_destroy(&lmdb->lock);
    }
    if (lmdb->data_fd >= 0) {
        close(lmdb->data_fd); /* After LMDB: until then nobody else may own the file. */
    }
    lmdb->process->mark_destroy(lmdb->mark);
    sarn__heap_free(&heap, lmdb->path);
    sarn__heap_free(&heap, lmdb);
}

static void close_journal(void *self)
{
    release(self);
}

SARN_MUST_USE static sarn_status create(const struct sarn__lmdb_options *options,
                                        struct sarn__lmdb **created,
                                        struct sarn_error *error)
{
    struct sarn_heap heap = sarn__heap_or_malloc(&options->heap);
    size_t size = strlen(options->path) + 1;
    struct sarn__process_mark *mark;
    struct sarn__lmdb *lmdb;
    char *path;

    SARN__TRY(options->process->mark_create(&mark, error));
    lmdb = sarn__heap_alloc(&heap, sizeof(*lmdb));
    path = sarn__heap_alloc(&heap, size);
    if (lmdb == NULL || path == NULL) {
        options->process->mark_destroy(mark);
        sarn__heap_free(&heap, lmdb);
        sarn__heap_free(&heap, path);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the log");
    }
    memcpy(path, options->path, size);
    lmdb->heap = heap;
    lmdb->hash = options->hash;
    lmdb->path = path;
    lmdb->process = options->process;
    lmdb->mark = mark;
    lmdb->pid = getpid();
    lmdb->data_fd = -1;
    atomic_init(&lmdb->in_doubt, false);
    pthread_mutex_init(&lmdb->lock, NULL);
    pthread_cond_init(&lmdb->quiet, NULL);
    *created = lmdb;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status open_file(struct sarn__lmdb *lmdb,
                                           const struct sarn__lmdb_options *options,
                                           struct sarn_error *error)
{
    bool fresh = false, alone = false;

    SARN__TRY(refuse_second(lmdb, error));
    SARN__TRY(sarn__place_open(options, &lmdb->data_fd, error));
    if (!options->read_only) {
        SARN__TRY(own(lmdb, options, &alone, error));
    }
    SARN__TRY(look(lmdb, &fresh, error));
    if (fresh && (options->read_only || options->existing)) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "\"%s\" is empty; nothing was ever written to it",
                          lmdb->path);
    }
    if (fresh) {
        SARN__TRY(sarn__place_has_room(lmdb->data_fd, lmdb->path, 0, error));
        SARN__TRY(clear(lmdb, alone, error));
    }
    SARN__TRY(open_env(lmdb, options, error));
    return open_log(lmdb, options, error);
}

sarn_status sarn__lmdb_open(const struct sarn__lmdb_options *options,
                            struct sarn_journal *journal,
                            struct sarn_error *error)
{
    static const struct sarn_journal_ops ops = {.append = sarn__lmdb_append,
                                                .flush = sarn__lmdb_flush,
                                                .restore = sarn__lmdb_restore,
                                                .state = sarn__lmdb_state,
                                                .scan = sarn__lmdb_scan,
                                                .walk = sarn__lmdb_walk,
                                                .commits = sarn__lmdb_commits,
                                                .get = sarn__lmdb_get,
                                                .rows = sarn__lmdb_rows,
                                                .close = close_journal};
    struct sarn__lmdb *lmdb = NULL;
    sarn_status status;

    assert(options->path != NULL && options->process != NULL &&
           options->hash.ops != NULL);
    SARN__TRY(create(options, &lmdb, error));
    status = open_file(lmdb, options, error);
    if (status != SARN_OK) {
        release(lmdb);
        return status;
    }
    *journal = (struct sarn_journal){.ops = &ops, .self = lmdb};
    return SARN_OK;
}
