/* tables_rows.h - inside the tables: the rows in memory, and what is kept of each.
 *
 * A row is in one of four states. What happens to it:
 *
 *            put, remove                  slice                slice_done(OK)
 *   (none)   -> DIRTY
 *   CLEAN    -> DIRTY
 *   BURIED   put -> DIRTY                 -> OUT (through      -> (none)
 *                                            reaches it)
 *   DIRTY    -> DIRTY; a fresh one that   -> OUT               -> CLEAN, or BURIED when
 *               is removed -> (none)                              it is a tombstone
 *   OUT      -> DIRTY                                          otherwise -> DIRTY
 *
 * CLEAN rows may go at any time; the others hold what the journal does not have.
 */
#ifndef SARN_ENGINE_TABLES_ROWS_H
#define SARN_ENGINE_TABLES_ROWS_H

#include "core/hash_map.h" /* SARN__OF */
#include "core/tree.h"
#include "engine/tables.h"
#include "engine/tables_index.h"

enum sarn__row_state {
    SARN__ROW_DIRTY,  /* Newer than what lies below. */
    SARN__ROW_OUT,    /* In the slice that is being written, and not changed since. */
    SARN__ROW_CLEAN,  /* The same as below. */
    SARN__ROW_BURIED, /* A tombstone that lies below, to be deleted there. */
};

/* One row in memory, in one allocation with its key and first value, which follow it.
 */
struct sarn__row {
    struct sarn_str key;
    uint64_t position;
    char *value;
    uint32_t value_size, value_room;
    uint32_t round; /* DIRTY: a round that begins with this number or later takes it. */
    uint8_t state;  /* enum sarn__row_state */
    bool removed;
    bool fresh; /* Nothing lies below. */
    bool used;  /* Since the eviction last came by. */
    struct sarn__table_rows *table;
    struct sarn__row *newer, *older; /* Among the clean ones. */
};

struct sarn__table_rows {
    uint32_t number;
    bool hidden; /* Cleared: what lies below is not to be seen, and to be deleted. */
    uint64_t unflushed_rows; /* 0: a round has nothing to take here. */
    struct sarn__row_index by_key;
    struct sarn__tree in_order;
};

/* Where a round stands: behind this row. */
struct sarn__round_place {
    uint32_t table;
    uint32_t key_size;
    char key[SARN__TABLE_KEY_BYTES_MAX];
};

struct sarn__round {
    bool on;
    bool out;         /* A slice is being written. */
    uint32_t number;  /* Counts up with each round. */
    uint64_t through; /* What the journal will reach when it is complete. */
    struct sarn__round_place place, place_after;
    struct sarn_arena *arena;       /* Of the slice. */
    struct sarn_table_row *changes; /* What it writes, */
    struct sarn__row **rows;        /* and for which row; NULL: none. */
    uint32_t count;
    bool last;
};

struct sarn__tables {
    struct sarn_heap heap;
    const struct sarn_journal *journal; /* NULL: nothing below. */
    struct sarn_arena *scratch;         /* One row from below. */
    struct sarn__table_rows **list;     /* Sorted by number. */
    uint32_t count, room;
    struct sarn__table_rows *recent; /* The one found last; may be NULL. */
    uint64_t through;                /* What the journal reaches. */
    bool sole_writer;                /* Rounds were begun here. */
    uint32_t scans;                  /* Under way: rows stay where they are. */
    uint64_t unflushed_rows, unflushed_bytes;
    uint64_t clean_bytes;
    struct sarn__row *newest, *oldest; /* Clean ones. */
    struct sarn__round round;
};

/* The rows of table number, or NULL. */
struct sarn__table_rows *sarn__rows_table(struct sarn__tables *tables, uint32_t number);
/* The same, made if need be; NULL without memory. */
struct sarn__table_rows *sarn__rows_make_table(struct sarn__tables *tables,
                                               uint32_t number);
/* The row of key in memory, or NULL; table may be NULL. */
struct sarn__row *sarn__rows_find(const struct sarn__table_rows *table,
                                  struct sarn_str key);
/* Make a row in state, live, with value; key is not there. NULL without memory. */
struct sarn__row *sarn__rows_make(struct sarn__tables *tables,
                                  struct sarn__table_rows *table,
                                  struct sarn_str key,
                                  struct sarn_str value,
                                  uint64_t position,
                                  enum sarn__row_state state);
/* SARN_ERR_NOMEM: the row is as it was. */
SARN_MUST_USE sarn_status sarn__rows_set_value(struct sarn__tables *tables,
                                               struct sarn__row *row,
                                               struct sarn_str value);
void sarn__rows_set_state(struct sarn__tables *tables,
                          struct sarn__row *row,
                          enum sarn__row_state state);
/* The row is about to differ from what lies below. */
void sarn__rows_make_dirty(struct sarn__tables *tables, struct sarn__row *row);
void sarn__rows_erase(struct sarn__tables *tables, struct sarn__row *row);
/* Erase every row of table. */
void sarn__rows_erase_all(struct sarn__tables *tables, struct sarn__table_rows *table);
/* Keep the clean rows within SARN__TABLES_CACHE_BYTES. */
void sarn__rows_evict(struct sarn__tables *tables);

/* The row whose key this is. */
struct sarn__row *sarn__row_of_key(struct sarn_str *key);

/* Check the stored form of a row and take it apart. SARN_ERR_CORRUPT. */
SARN_MUST_USE sarn_status sarn__row_unpack(uint32_t table,
                                           struct sarn_str stored,
                                           struct sarn__row_view *view,
                                           struct sarn_error *error);

#endif
