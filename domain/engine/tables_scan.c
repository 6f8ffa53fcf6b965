/* Scans: the rows in memory and those below, merged in order.
 *
 * Rows below are read in chunks that are copied, so that no read transaction is open
 * while the visitor works. A row in memory hides the one below, tombstones included.
 */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/tables_rows.h"

#define CHUNK_ROWS_MIN  16u
#define CHUNK_ROWS_MAX  256u
#define CHUNK_BYTES_MAX (256u * 1024u)

struct chunk_row {
    struct sarn_str key, stored;
};

struct scan {
    struct sarn__tables *tables;
    struct sarn_table_range range; /* What is left below. */
    struct sarn_str from, to;      /* What was asked for. */
    sarn__row_fn *visit;
    void *arg;
    /* In memory: the next row. */
    struct sarn__tree_cursor cursor;
    struct sarn_str *memory;
    /* Below: a chunk of rows, and whether there are more behind it. */
    struct sarn_arena *arena;
    struct chunk_row chunk[CHUNK_ROWS_MAX];
    uint32_t count, next, wanted;
    bool full, more, no_memory;
    char bound[SARN__TABLE_KEY_BYTES_MAX + 1];
};

static sarn_status collect(void *arg, struct sarn_str key, struct sarn_str stored)
{
    struct scan *scan = arg;
    struct chunk_row *row = &scan->chunk[scan->count];

    scan->full =
        scan->count == scan->wanted || sarn_arena_bytes(scan->arena) > CHUNK_BYTES_MAX;
    if (scan->full) {
        return SARN_ERR_FULL; /* Ends the visit, no more. */
    }
    if (sarn_arena_copy(scan->arena, key, &row->key) ||
        sarn_arena_copy(scan->arena, stored, &row->stored)) {
        scan->no_memory = true;
        return SARN_ERR_NOMEM;
    }
    scan->count += 1;
    return SARN_OK;
}

/* Go on below behind the last row of the chunk. */
static void move_range(struct scan *scan)
{
    struct sarn_str last = scan->chunk[scan->count - 1].key;

    memcpy(scan->bound, last.data, last.size);
    if (scan->range.backward) {
        scan->range.to = (struct sarn_str){scan->bound, last.size};
    } else {
        scan->bound[last.size] = '\0'; /* The least key that is greater. */
        scan->range.from = (struct sarn_str){scan->bound, last.size + 1};
    }
}

static sarn_status load_chunk(struct scan *scan, struct sarn_error *error)
{
    const struct sarn_journal *journal = scan->tables->journal;
    bool more = false;
    sarn_status status;

    sarn_arena_reset(scan->arena);
    scan->count = 0;
    scan->next = 0;
    scan->full = false;
    status =
        journal->ops->rows(journal->self, &scan->range, collect, scan, &more, error);
    if (scan->no_memory) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a scan");
    }
    if (status != SARN_OK && !scan->full) {
        return status;
    }
    scan->more = scan->count > 0 && (more || scan->full);
    if (scan->more) {
        move_range(scan);
    }
    /* Short scans stay cheap, long ones get long chunks. */
    scan->wanted = scan->wanted < CHUNK_ROWS_MAX ? scan->wanted * 4 : CHUNK_ROWS_MAX;
    return SARN_OK;
}

/* The row in memory that the cursor is at, or NULL when it is out of range. */
static struct sarn_str *within(const struct scan *scan, struct sarn_str *key)
{
    if (key == NULL) {
        return NULL;
    }
    if (scan->range.backward) {
        return sarn__bytes_compare(*key, scan->from) >= 0 ? key : NULL;
    }
    return scan->to.size == 0 || sarn__bytes_compare(*key, scan->to) < 0 ? key : NULL;
}

static void begin_memory(struct scan *scan, const struct sarn__table_rows *table)
{
    scan->memory = within(
        scan, scan->range.backward
                  ? sarn__tree_seek_before(&table->in_order, scan->to, &scan->cursor)
                  : sarn__tree_seek(&table->in_order, scan->from, &scan->cursor));
}

static sarn_status visit_memory(struct scan *scan)
{
    struct sarn__row *row = sarn__row_of_key(scan->memory);
    sarn_status status = SARN_OK;

    if (!row->removed) {
        status =
            scan->visit(scan->arg, row->key,
                        (struct sarn_str){row->value, row->value_size}, row->position);
    }
    scan->memory =
        within(scan, scan->range.backward ? sarn__tree_previous(&scan->cursor)
                                          : sarn__tree_next(&scan->cursor));
    return status;
}

static sarn_status visit_below(struct scan *scan, struct sarn_error *error)
{
    const struct chunk_row *row = &scan->chunk[scan->next];
    struct sarn__row_view view;

    scan->next += 1;
    SARN__TRY(sarn__row_unpack(scan->range.table, row->stored, &view, error));
    if (!view.found) {
        return SARN_OK;
    }
    return scan->visit(scan->arg, row->key, (struct sarn_str){view.value, view.size},
                       view.position);
}

/* Less than zero: the row in memory comes first; zero: it hides the one below. */
static int order(const struct scan *scan)
{
    int way = scan->range.backward ? -1 : 1;

    if (scan->next == scan->count) {
        return -1;
    }
    if (scan->memory == NULL) {
        return 1;
    }
    return way * sarn__bytes_compare(*scan->memory, scan->chunk[scan->next].key);
}

static sarn_status merge(struct scan *scan, struct sarn_error *error)
{
    while (true) {
        int first;

        if (scan->next == scan->count && scan->more) {
            SARN__TRY(load_chunk(scan, error));
            continue;
        }
        if (scan->next == scan->count && scan->memory == NULL) {
            return SARN_OK;
        }
        first = order(scan);
        if (first > 0) {
            SARN__TRY(visit_below(scan, error));
        } else {
            scan->next += first == 0 ? 1 : 0;
            SARN__TRY(visit_memory(scan));
        }
    }
}

sarn_status sarn__tables_scan(struct sarn__tables *tables,
                              const struct sarn_table_range *range,
                              sarn__row_fn *visit,
                              void *arg,
                              struct sarn_error *error)
{
    struct sarn__table_rows *table = sarn__rows_table(tables, range->table);
    struct scan *scan;
    struct sarn_arena *arena = sarn_arena_create(&tables->heap);
    sarn_status status;

    scan = arena == NULL ? NULL : sarn_arena_alloc(arena, sizeof(*scan));
    if (scan == NULL) {
        sarn_arena_destroy(arena);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a scan");
    }
    scan->tables = tables;
    scan->range = *range;
    scan->from = range->from;
    scan->to = range->to;
    scan->visit = visit;
    scan->arg = arg;
    scan->wanted = CHUNK_ROWS_MIN;
    scan->more = tables->journal != NULL && (table == NULL || !table->hidden);
    if (table != NULL) {
        begin_memory(scan, table);
    }
    scan->arena = sarn_arena_create(&tables->heap);
    if (scan->arena != NULL) {
        tables->scans += 1;
        status = merge(scan, error);
        tables->scans -= 1;
        sarn_arena_destroy(scan->arena);
    } else {
        status = sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a scan");
    }
    sarn_arena_destroy(arena);
    return status;
}
