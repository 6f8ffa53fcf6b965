/* tables.h - ordered tables: what is folded from the log, in memory over the journal.
 *
 * Rows are changed in memory (the overlay) as durable events are folded, and written to
 * the journal late: in rounds, each a few slices of sorted rows, so that hot rows are
 * written once per round and not once per event. A round that is complete moves the
 * journal's through position to where the fold stood when the round began. After a
 * crash the events after through are folded again.
 *
 * So a row may be newer than through. Each value therefore carries the position of the
 * event that made it, and folding skips what a row has seen already. A removed row
 * leaves a tombstone with its position until a later round deletes it.
 *
 * Threads: the dispatch thread. A slice handed out by sarn__tables_slice() may be
 *          flushed by another thread while the tables are read and changed.
 */
#ifndef SARN_ENGINE_TABLES_H
#define SARN_ENGINE_TABLES_H

#include "ports/journal.h"

/* Table numbers are part of the format (docs/format.md). */
enum sarn__table {
    SARN__TABLE_NAMES = 1,  /* tenant, stream name -> number */
    SARN__TABLE_STREAMS,    /* number -> head (store.c) */
    SARN__TABLE_ANCHORS,    /* number, version -> position, every 64th version */
    SARN__TABLE_INTERNED,   /* kind, scope, name -> id */
    SARN__TABLE_WORDS,      /* kind, id -> scope, name */
    SARN__TABLE_SCHEMAS,    /* id -> position of its event */
    SARN__TABLE_KEYS,       /* tenant, idempotency key -> result */
    SARN__TABLE_CATEGORIES, /* tenant, category, block of 4096 -> bitmap of positions */
    SARN__TABLE_METADATA,   /* number -> bytes */
    SARN__TABLE_EXECUTIONS, /* number of the stream -> what is awake (store.h) only */
    SARN__TABLE_PROJECTIONS, /* name -> registration */
    SARN__TABLE_CHECKPOINTS, /* projection id -> position, async ones */
    SARN__TABLE_SNAPSHOTS,   /* number -> version, schema hash, apply_version, state */
    SARN__TABLE_COUNTS,      /* "log" -> the next numbers (store_fold.c) */
    SARN__TABLE_DEFINITIONS, /* workflow name, fingerprint -> its registration */
    SARN__TABLE_TIMERS,      /* until when, number -> what sleeps */
    SARN__TABLE_SLEEPERS,    /* number -> until when it sleeps */
    SARN__TABLE_RUNS,        /* number -> version of its latest start, if not 0 */
    SARN__TABLE_USER = 64    /* 64 + 2 * projection id: rows; + 1: index entries */
};

struct sarn__tables;

/* Over journal; both outlive it. journal NULL ops: nothing below, all in memory (to
 * fold a log from nothing). */
SARN_MUST_USE sarn_status sarn__tables_create(const struct sarn_journal *journal,
                                              const struct sarn_heap *heap,
                                              struct sarn__tables **tables,
                                              struct sarn_error *error);
void sarn__tables_destroy(struct sarn__tables *tables);

/* How a row lies in the journal: u64 position, u8 state, 7 zero bytes, the value. */
#define SARN__ROW_HEADER_BYTES 16u
#define SARN__ROW_LIVE         0u
#define SARN__ROW_REMOVED      1u

/* Bytes of rows that are the same in memory as below and are kept to be read and
 * changed again. Tables that never began a round keep none: somebody else may be
 * writing. */
#define SARN__TABLES_CACHE_BYTES (64u * 1024u * 1024u)

/* The row, copied to arena; position (may be NULL) of the event that made it.
 * SARN_ERR_NOT_FOUND: no row; *position is then that of its removal, or 0. */
SARN_MUST_USE sarn_status sarn__tables_get(struct sarn__tables *tables,
                                           uint32_t table,
                                           struct sarn_str key,
                                           struct sarn_arena *arena,
                                           struct sarn_str *value,
                                           uint64_t *position,
                                           struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__tables_put(struct sarn__tables *tables,
                                           uint32_t table,
                                           struct sarn_str key,
                                           struct sarn_str value,
                                           uint64_t position,
                                           struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__tables_remove(struct sarn__tables *tables,
                                              uint32_t table,
                                              struct sarn_str key,
                                              uint64_t position,
                                              struct sarn_error *error);
/* As put, for a key that no event before this one made a row for: if it is removed
 * again before it is flushed, it leaves nothing behind. */
SARN_MUST_USE sarn_status sarn__tables_insert(struct sarn__tables *tables,
                                              uint32_t table,
                                              struct sarn_str key,
                                              struct sarn_str value,
                                              uint64_t position,
                                              struct sarn_error *error);

/* For the hot path: a row without a copy, and without an error when there is none. */
struct sarn__row_view {
    bool found;
    uint32_t size;
    void *value;           /* 8-aligned, until the next call; NULL when not found. */
    uint64_t position;     /* Of the event that made or removed it; 0: none. */
    struct sarn__row *row; /* The tables' own. */
};
SARN_MUST_USE sarn_status sarn__tables_peek(struct sarn__tables *tables,
                                            uint32_t table,
                                            struct sarn_str key,
                                            struct sarn__row_view *view,
                                            struct sarn_error *error);
/* Change the row that *view shows: it was found, by the last call on the tables. From
 * here on it counts as changed by the event at position, and view->size bytes of
 * view->value may be written to. */
SARN_MUST_USE sarn_status sarn__tables_change(struct sarn__tables *tables,
                                              uint32_t table,
                                              struct sarn_str key,
                                              uint64_t position,
                                              struct sarn__row_view *view,
                                              struct sarn_error *error);

/* Forget every row of a table: at once for whoever reads here, and below with the next
 * slices. */
SARN_MUST_USE sarn_status sarn__tables_clear(struct sarn__tables *tables,
                                             uint32_t table,
                                             struct sarn_error *error);

/* Forget everything in memory, flushed or not: the journal below has moved on (see
 * sarn__store_fold_tail). No round is under way. */
SARN_MUST_USE sarn_status sarn__tables_forget(struct sarn__tables *tables,
                                              struct sarn_error *error);

typedef sarn_status
sarn__row_fn(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position);
/* Visit rows of range in order, values 8-aligned: memory and journal merged. The
 * visitor may read the tables, but must not change them; no read transaction is open
 * while it runs. */
SARN_MUST_USE sarn_status sarn__tables_scan(struct sarn__tables *tables,
                                            const struct sarn_table_range *range,
                                            sarn__row_fn *visit,
                                            void *arg,
                                            struct sarn_error *error);

/* Rows changed and not yet flushed, and the bytes they hold; tombstones that are still
 * to be deleted below count too. */
uint64_t sarn__tables_dirty_rows(const struct sarn__tables *tables);
uint64_t sarn__tables_bytes(const struct sarn__tables *tables);

/* Begin a round at the fold's position through, unless one is under way. */
void sarn__tables_begin_round(struct sarn__tables *tables, uint64_t through);
bool sarn__tables_in_round(const struct sarn__tables *tables);
/* The round's next slice: at most rows_max rows and bytes_max bytes, but at least one
 * row where there is one. *flush's rows are copies: valid and unchanged until
 * sarn__tables_slice_done(), which comes before the next slice. epoch is left to the
 * caller. The last slice, which may be empty, has through set. SARN_ERR_NOT_FOUND: no
 * round. */
SARN_MUST_USE sarn_status sarn__tables_slice(struct sarn__tables *tables,
                                             uint32_t rows_max,
                                             uint32_t bytes_max,
                                             struct sarn_flush *flush,
                                             struct sarn_error *error);
/* The slice was written (SARN_OK), or was not and comes again. */
void sarn__tables_slice_done(struct sarn__tables *tables, sarn_status status);

#endif
