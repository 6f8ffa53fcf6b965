/* journal.h - the port to durable storage: one append-only log and ordered tables.
 *
 * A journal is a shard log: a single writer appends batches, each whole or not at all,
 * at an exact position and under an epoch. Beside the log lie ordered tables of rows,
 * which are a function of the log: they are written only by flush, late, and may be
 * lost or dropped at any time, since the tail of the log after the flushed position is
 * folded again.
 *
 * The journal does not look into records: positions, checksums and the hash chain are
 * made and checked by its callers (engine/record.h, engine/commit.h). It keeps rows
 * with a checksum of its own.
 *
 * Durability: append and flush return SARN_OK only when synced.
 * Ownership:  what a visitor is handed dies when it returns; what is passed in stays
 *             the caller's.
 * Threads:    append and flush from one thread at a time (the committer); everything
 *             else from any thread at the same time as those. A visitor may call the
 *             reading methods.
 */
#ifndef SARN_PORTS_JOURNAL_H
#define SARN_PORTS_JOURNAL_H

#include "sarn/types.h"

#define SARN__COMMIT_BYTES     160u  /* engine/commit.h */
#define SARN__READ_SLICE       4096u /* Records at most in one read transaction. */
#define SARN__VALUE_BYTES_MAX  (2u * 1024 * 1024)   /* One record; one row's value. */
#define SARN__APPEND_BYTES_MAX (256u * 1024 * 1024) /* One append; one flush. */

struct sarn_batch {
    uint64_t epoch;
    bool take_epoch;                /* epoch is the stored one + 1, and is stored. */
    uint64_t first;                 /* Position of records[0]: the last one + 1. */
    const struct sarn_str *records; /* Encoded; sizes are multiples of 8. */
    uint32_t count;                 /* At least 1. */
    struct sarn_str commit;         /* The encoded commit record, SARN__COMMIT_BYTES. */
};

/* One change to a table. */
struct sarn_table_row {
    uint32_t table;
    bool remove;
    struct sarn_str key;   /* 1 to SARN__TABLE_KEY_BYTES_MAX bytes. */
    struct sarn_str value; /* May be empty. */
};
#define SARN__TABLE_KEY_BYTES_MAX 480u

struct sarn_flush {
    uint64_t epoch;
    const struct sarn_table_row *rows; /* Sorted by table and key, no key twice. */
    uint32_t count;
    uint64_t through; /* The tables now reach this position; 0: unchanged. */
};

struct sarn_journal_state {
    uint64_t last_position; /* 0: empty. */
    uint64_t last_commit;   /* Position under which the last commit record lies; 0. */
    uint64_t epoch;
    uint64_t through; /* Position that the tables reach. */
    uint64_t commits;
    uint8_t commit[SARN__COMMIT_BYTES]; /* The last commit record; zero when empty. */
    struct sarn_uuid log_id;
    uint32_t format;
    uint32_t owner_pid; /* 0: no owner. */
    uint64_t file_bytes, used_bytes, map_bytes, readers;
};

/* A visitor: SARN_OK goes on, anything else stops and is returned. A value is
 * 8-aligned, a row's too. */
typedef sarn_status sarn_record_fn(void *arg, uint64_t position, struct sarn_str value);
/* The same, naming where to look next; *next preset to 0: stop. */
typedef sarn_status
sarn_walk_fn(void *arg, uint64_t position, struct sarn_str value, uint64_t *next);
typedef sarn_status
sarn_table_fn(void *arg, struct sarn_str key, struct sarn_str value);

struct sarn_table_range {
    uint32_t table;
    bool backward;
    struct sarn_str from, to; /* from included; to excluded, empty: the table's end. */
};

struct sarn_journal_ops {
    /* Append the batch and its commit record: all durable, or nothing.
     * SARN_ERR_DEPOSED: another epoch is stored. SARN_ERR_WRONG_EXPECTED_VERSION: first
     * is not the last position + 1. SARN_ERR_FULL: disk or map full, nothing written,
     * the journal stays usable. SARN_ERR_TOO_LARGE. SARN_ERR_IN_DOUBT: a write or sync
     * failed and the outcome is unknown; every later append and flush answers the same,
     * and reading may, until the journal is opened anew. SARN_ERR_IO: nothing was
     * written. SARN_ERR_STATE: opened for reading only, or used after fork(). */
    sarn_status (*append)(void *self,
                          const struct sarn_batch *batch,
                          struct sarn_error *error);
    /* Write rows; all or nothing, durable. Errors as append. */
    sarn_status (*flush)(void *self,
                         const struct sarn_flush *flush,
                         struct sarn_error *error);
    /* Append batches that were made elsewhere, as they are, in one durable transaction:
     * a log that is written again. Each continues the one before; epochs do not go
     * back, and the last one's becomes the stored one; take_epoch is not looked at.
     * Errors as append; SARN_ERR_WRONG_EXPECTED_VERSION, likewise, for each of them. */
    sarn_status (*restore)(void *self,
                           const struct sarn_batch *batches,
                           uint32_t count,
                           struct sarn_error *error);
    /* The durable state now. */
    sarn_status (*state)(void *self,
                         struct sarn_journal_state *state,
                         struct sarn_error *error);
    /* Visit the records from..to in order, at most SARN__READ_SLICE of them, in one
     * read transaction; *next is where to go on, 0 when done. A gap is
     * SARN_ERR_CORRUPT; positions after the last one are not. */
    sarn_status (*scan)(void *self,
                        uint64_t from,
                        uint64_t to,
                        sarn_record_fn *visit,
                        void *arg,
                        uint64_t *next,
                        struct sarn_error *error);
    /* Visit start, then whatever position the visitor names, at most SARN__READ_SLICE,
     * in one read transaction; *next is where to go on, 0 when done. A position that
     * does not exist is SARN_ERR_CORRUPT. */
    sarn_status (*walk)(void *self,
                        uint64_t start,
                        sarn_walk_fn *visit,
                        void *arg,
                        uint64_t *next,
                        struct sarn_error *error);
    /* Visit commit records from position on (keyed by their last position), sliced as
     * scan. */
    sarn_status (*commits)(void *self,
                           uint64_t from,
                           sarn_record_fn *visit,
                           void *arg,
                           uint64_t *next,
                           struct sarn_error *error);
    /* One row, copied to arena. SARN_ERR_NOT_FOUND; SARN_ERR_CORRUPT: its checksum. */
    sarn_status (*get)(void *self,
                       uint32_t table,
                       struct sarn_str key,
                       struct sarn_arena *arena,
                       struct sarn_str *value,
                       struct sarn_error *error);
    /* Visit rows in order, at most SARN__READ_SLICE, in one read transaction. *more:
     * the range may hold more; go on after (or before, backward) the last key visited.
     */
    sarn_status (*rows)(void *self,
                        const struct sarn_table_range *range,
                        sarn_table_fn *visit,
                        void *arg,
                        bool *more,
                        struct sarn_error *error);
    /* Release everything. Nothing else may be running. */
    void (*close)(void *self);
};

struct sarn_journal {
    const struct sarn_journal_ops *ops;
    void *self;
};

#endif
