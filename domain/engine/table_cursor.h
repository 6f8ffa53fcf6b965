/* table_cursor.h - the rows of a table one after the other, copied out a slice at a
 * time: between two calls the tables may be read and changed. A row that is changed
 * meanwhile is seen as it was or as it is.
 *
 * Ownership: the cursor is the caller's memory; a row dies with the next call.
 * Threads:   the dispatch thread.
 */
#ifndef SARN_ENGINE_TABLE_CURSOR_H
#define SARN_ENGINE_TABLE_CURSOR_H

#include "engine/tables.h"

#define SARN__CURSOR_ROWS  256u
#define SARN__CURSOR_BYTES (256u * 1024u)

struct sarn__cursor_row {
    struct sarn_str key, value; /* 8-aligned. */
    uint64_t position;
};

struct sarn__cursor {
    struct sarn__tables *tables;
    struct sarn_table_range range; /* What is left; keys in arena or the caller's. */
    struct sarn_heap heap;
    struct sarn_arena *arena;
    struct sarn__cursor_row *rows;
    uint32_t count, at;
    bool more; /* Behind this slice there may be rows. */
    char last[SARN__TABLE_KEY_BYTES_MAX];
    uint32_t last_size; /* 0: at the beginning. */
};

/* The keys of range stay valid as long as the cursor. */
SARN_MUST_USE sarn_status sarn__cursor_init(struct sarn__cursor *cursor,
                                            struct sarn__tables *tables,
                                            const struct sarn_table_range *range,
                                            const struct sarn_heap *heap,
                                            struct sarn_error *error);
void sarn__cursor_done(struct sarn__cursor *cursor);
/* *row is NULL at the end. */
SARN_MUST_USE sarn_status sarn__cursor_next(struct sarn__cursor *cursor,
                                            const struct sarn__cursor_row **row,
                                            struct sarn_error *error);

#endif
