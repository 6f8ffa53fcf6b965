/* env.h - inside the LMDB journal: one open environment, and what its files share.
 *
 *   journal.c  open and close          write.c    append, restore, flush
 *   place.c    path, disk, directory   read.c     records and commits
 *   owner.c    who may write           rows.c     rows and state
 *   format.c   Sarn's own values       readers.c  read transactions, kept for reuse
 *   pages.c    LMDB's pages, untrusted check*.c   the structure, page by page
 *                                      snapshot.c the same of a living file
 */
#ifndef SARN_INFRA_LMDB_ENV_H
#define SARN_INFRA_LMDB_ENV_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "infra/lmdb/format.h"
#include "infra/lmdb/lmdb_journal.h"

/* Never MDB_NOSYNC, MDB_NOMETASYNC or MDB_WRITEMAP: what is answered is on disk.
 * Read-ahead stays on: replay reads the log from one end to the other. */
#define SARN__LMDB_ENV_FLAGS (MDB_NOSUBDIR | MDB_NOTLS)
/* Of both files. Readers write to the lock file: who may read is who may do both. */
#define SARN__LMDB_FILE_MODE   0600
#define SARN__LMDB_READERS_MAX 512u
#define SARN__LMDB_DBS_MAX     8u
/* Writes between two looks for readers that died. */
#define SARN__LMDB_READER_CHECK 1024u

/* One read transaction, reset between uses, with memory for what LMDB misaligns. */
struct sarn__reader {
    struct sarn__reader *next;
    MDB_txn *txn;
    void *copy;
    size_t copy_bytes;
};

struct sarn__lmdb {
    struct sarn_heap heap;
    struct sarn_hash hash;
    char *path;
    MDB_env *env;
    MDB_dbi meta, events, rows;
    struct sarn__file file;
    const struct sarn_process_ops *process;
    struct sarn__process_mark *mark; /* A child of fork() may not use it. */
    pid_t pid;                       /* Who opened it. */
    int data_fd;                     /* Holds the owner's lock, if it is ours. */
    bool owner;                      /* Opened for writing. */
    bool takeover;                   /* And over whoever owned it then. */
    atomic_bool in_doubt;

    /* The committer's: what transaction txn_id left behind. */
    size_t txn_id; /* 0: nothing is known. */
    uint64_t last_position;
    struct sarn__file_state state;
    uint32_t writes;

    pthread_mutex_t lock; /* The readers'. */
    pthread_cond_t quiet; /* No reader is active, or the map has its new size. */
    struct sarn__reader *idle;
    uint32_t idle_count, active;
    bool resizing;
};

/* What rc of LMDB means, as an error about path. doing: "reading", "writing". */
SARN_MUST_USE sarn_status sarn__lmdb_fail(struct sarn_error *error,
                                          int rc,
                                          const char *doing,
                                          const char *path);
/* SARN_ERR_STATE in a child of the process that opened it, SARN_ERR_IN_DOUBT after
 * that. */
SARN_MUST_USE sarn_status sarn__lmdb_usable(struct sarn__lmdb *lmdb,
                                            struct sarn_error *error);

/* --- place.c --- */

/* Open the data file, made if that is wanted, after a look at where it lies. */
SARN_MUST_USE sarn_status sarn__place_open(const struct sarn__lmdb_options *options,
                                           int *fd,
                                           struct sarn_error *error);
/* A new file's name is durable once its directory is synced. */
SARN_MUST_USE sarn_status sarn__place_sync(const char *path, struct sarn_error *error);
/* Make the file empty, which never was a log. */
SARN_MUST_USE sarn_status sarn__place_clear(int fd,
                                            const char *path,
                                            struct sarn_error *error);
/* SARN_ERR_FULL: bytes more would leave less than the disk's spare. */
SARN_MUST_USE sarn_status sarn__place_has_room(int fd,
                                               const char *path,
                                               uint64_t bytes,
                                               struct sarn_error *error);
/* Why a write of bytes may have stopped in the middle: ENOSPC, EFBIG; 0: no reason. */
int sarn__place_shortage(int fd, uint64_t bytes);

/* --- readers.c --- */

SARN_MUST_USE sarn_status sarn__reader_begin(struct sarn__lmdb *lmdb,
                                             struct sarn__reader **reader,
                                             struct sarn_error *error);
void sarn__reader_end(struct sarn__lmdb *lmdb, struct sarn__reader *reader);
/* value itself if it is 8-aligned, else a copy of it, good until the next call. */
SARN_MUST_USE sarn_status sarn__reader_align(struct sarn__lmdb *lmdb,
                                             struct sarn__reader *reader,
                                             const MDB_val *value,
                                             struct sarn_str *aligned,
                                             struct sarn_error *error);
void sarn__readers_free(struct sarn__lmdb *lmdb);

/* --- write.c --- */

SARN_MUST_USE sarn_status sarn__lmdb_append(void *self,
                                            const struct sarn_batch *batch,
                                            struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__lmdb_restore(void *self,
                                             const struct sarn_batch *batches,
                                             uint32_t count,
                                             struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__lmdb_flush(void *self,
                                           const struct sarn_flush *flush,
                                           struct sarn_error *error);

/* --- read.c --- */

SARN_MUST_USE sarn_status sarn__lmdb_scan(void *self,
                                          uint64_t from,
                                          uint64_t to,
                                          sarn_record_fn *visit,
                                          void *arg,
                                          uint64_t *next,
                                          struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__lmdb_walk(void *self,
                                          uint64_t start,
                                          sarn_walk_fn *visit,
                                          void *arg,
                                          uint64_t *next,
                                          struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__lmdb_commits(void *self,
                                             uint64_t from,
                                             sarn_record_fn *visit,
                                             void *arg,
                                             uint64_t *next,
                                             struct sarn_error *error);
/* The last position, and the commit record that ends the log; 0: it is empty.
 * MDB_CORRUPTED: something else ends it. */
int sarn__lmdb_last(struct sarn__lmdb *lmdb,
                    MDB_txn *txn,
                    uint64_t *last,
                    MDB_val *commit);
/* The value under "state". */
SARN_MUST_USE sarn_status sarn__lmdb_read_state(struct sarn__lmdb *lmdb,
                                                MDB_txn *txn,
                                                struct sarn__file_state *state,
                                                struct sarn_error *error);

/* --- rows.c --- */

/* Longest stored key of a row; a range may end one byte after the longest key. */
#define SARN__ROW_KEY_STORED_MAX (SARN__ROW_TABLE_BYTES + SARN__TABLE_KEY_BYTES_MAX + 8)

/* The key as it is stored, in stored, which has SARN__ROW_KEY_STORED_MAX bytes. */
MDB_val sarn__row_key(uint32_t table, struct sarn_str key, uint8_t *stored);

SARN_MUST_USE sarn_status sarn__lmdb_state(void *self,
                                           struct sarn_journal_state *state,
                                           struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__lmdb_get(void *self,
                                         uint32_t table,
                                         struct sarn_str key,
                                         struct sarn_arena *arena,
                                         struct sarn_str *value,
                                         struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__lmdb_rows(void *self,
                                          const struct sarn_table_range *range,
                                          sarn_table_fn *visit,
                                          void *arg,
                                          bool *more,
                                          struct sarn_error *error);

#endif
