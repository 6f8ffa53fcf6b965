#include "engine/tables.h"

#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/tables_rows.h"

static sarn_status no_memory(struct sarn_error *error, uint32_t table)
{
    return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a row of table %u",
                      table);
}

sarn_status sarn__tables_create(const struct sarn_journal *journal,
                                const struct sarn_heap *heap,
                                struct sarn__tables **tables,
                                struct sarn_error *error)
{
    const struct sarn_heap from = sarn__heap_or_malloc(heap);
    struct sarn_journal_state state = {.through = 0};
    bool below = journal->ops != NULL;
    struct sarn__tables *made;

    if (below) {
        SARN__TRY(journal->ops->state(journal->self, &state, error));
    }
    made = sarn__heap_alloc(&from, sizeof(*made));
    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the tables");
    }
    made->heap = from;
    made->journal = below ? journal : NULL;
    made->through = state.through;
    made->scratch = sarn_arena_create(&from);
    made->round.arena = sarn_arena_create(&from);
    if (made->scratch == NULL || made->round.arena == NULL) {
        sarn__tables_destroy(made);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the tables");
    }
    *tables = made;
    return SARN_OK;
}

void sarn__tables_destroy(struct sarn__tables *tables)
{
    struct sarn_heap heap;

    if (tables == NULL) {
        return;
    }
    heap = tables->heap;
    for (uint32_t i = 0; i < tables->count; i++) {
        sarn__rows_erase_all(tables, tables->list[i]);
        sarn__heap_free(&heap, tables->list[i]);
    }
    sarn__heap_free(&heap, tables->list);
    sarn_arena_destroy(tables->scratch);
    sarn_arena_destroy(tables->round.arena);
    sarn__heap_free(&heap, tables);
}

/* --- reading --- */

/* Whether the journal may have rows of table that are to be seen. */
static bool below_counts(const struct sarn__tables *tables,
                         const struct sarn__table_rows *table)
{
    return tables->journal != NULL && (table == NULL || !table->hidden);
}

/* The row as it lies in the journal; it is in scratch. */
static sarn_status read_below(struct sarn__tables *tables,
                              uint32_t number,
                              struct sarn_str key,
                              struct sarn__row_view *view,
                              struct sarn_error *error)
{
    const struct sarn_journal *journal = tables->journal;
    struct sarn_str stored;
    sarn_status status;

    sarn_arena_reset(tables->scratch);
    *view = (struct sarn__row_view){.found = false};
    /* That there is no row is common and needs no sentence, which would cost more than
     * the search. */
    status =
        journal->ops->get(journal->self, number, key, tables->scratch, &stored, NULL);
    if (status != SARN_OK &&
        status != SARN_ERR_NOT_FOUND) { /* Once more, with words. */
        status = journal->ops->get(journal->self, number, key, tables->scratch, &stored,
                                   error);
    }
    if (status != SARN_OK) {
        return status == SARN_ERR_NOT_FOUND ? SARN_OK : status;
    }
    return sarn__row_unpack(number, stored, view, error);
}

/* Remember what was read below, if memory allows; NULL: it does not. */
static struct sarn__row *keep(struct sarn__tables *tables,
                              uint32_t number,
                              struct sarn_str key,
                              const struct sarn__row_view *view)
{
    const struct sarn_str value = {view->value, view->size};
    struct sarn__table_rows *table = sarn__rows_make_table(tables, number);
    struct sarn__row *row;

    assert(view->position > 0 || view->found);
    if (table == NULL) {
        return NULL;
    }
    row = sarn__rows_make(tables, table, key, value, view->position,
                          view->found ? SARN__ROW_CLEAN : SARN__ROW_BURIED);
    if (row != NULL) {
        row->removed = !view->found;
    }
    return row;
}

static struct sarn__row_view view_of(struct sarn__row *row)
{
    struct sarn__row_view view = {
        .found = !row->removed, .position = row->position, .row = row};

    row->used = true;
    if (view.found) {
        view.value = row->value;
        view.size = row->value_size;
    }
    return view;
}

sarn_status sarn__tables_peek(struct sarn__tables *tables,
                              uint32_t number,
                              struct sarn_str key,
                              struct sarn__row_view *view,
                              struct sarn_error *error)
{
    struct sarn__table_rows *table = sarn__rows_table(tables, number);
    struct sarn__row *row = sarn__rows_find(table, key);
    struct sarn__row_view found = {.found = false};

    assert(key.size > 0 && key.size <= SARN__TABLE_KEY_BYTES_MAX);
    if (row != NULL) {
        *view = view_of(row);
        return SARN_OK;
    }
    if (below_counts(tables, table)) {
        SARN__TRY(read_below(tables, number, key, &found, error));
        /* Tombstones that outlived a crash are buried here, too. */
        if ((found.found || found.position > 0) && tables->sole_writer &&
            tables->scans == 0) {
            sarn__rows_evict(tables); /* Before, so that what is shown here stays. */
            row = keep(tables, number, key, &found);
            if (row != NULL) {
                found = view_of(row);
            }
        }
    }
    *view = found;
    return SARN_OK;
}

sarn_status sarn__tables_get(struct sarn__tables *tables,
                             uint32_t table,
                             struct sarn_str key,
                             struct sarn_arena *arena,
                             struct sarn_str *value,
                             uint64_t *position,
                             struct sarn_error *error)
{
    struct sarn__row_view view;
    struct sarn_str copy;

    SARN__TRY(sarn__tables_peek(tables, table, key, &view, error));
    if (view.found &&
        sarn_arena_copy(arena,
                        (struct sarn_str){view.size > 0 ? view.value : "", view.size},
                        &copy)) {
        return no_memory(error, table);
    }
    if (position != NULL) {
        *position = view.position;
    }
    if (!view.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "table %u has no such row", table);
    }
    *value = copy;
    return SARN_OK;
}

/* --- changing --- */

sarn_status sarn__tables_change(struct sarn__tables *tables,
                                uint32_t number,
                                struct sarn_str key,
                                uint64_t position,
                                struct sarn__row_view *view,
                                struct sarn_error *error)
{
    struct sarn__row *row = view->row;

    assert(view->found && position >= view->position);
    assert(tables->scans == 0);
    if (row == NULL) {
        row = keep(tables, number, key, view);
        if (row == NULL) {
            return no_memory(error, number);
        }
    }
    assert(row->table->number == number && sarn_str_equal(row->key, key));
    sarn__rows_make_dirty(tables, row);
    row->position = position;
    *view = view_of(row);
    return SARN_OK;
}

static sarn_status put(struct sarn__tables *tables,
                       uint32_t number,
                       struct sarn_str key,
                       struct sarn_str value,
                       uint64_t position,
                       bool fresh,
                       struct sarn_error *error)
{
    struct sarn__table_rows *table = sarn__rows_make_table(tables, number);
    struct sarn__row *row = sarn__rows_find(table, key);

    assert(key.size > 0 && key.size <= SARN__TABLE_KEY_BYTES_MAX);
    assert(tables->scans == 0);
    if (table == NULL) {
        return no_memory(error, number);
    }
    if (row == NULL) {
        row = sarn__rows_make(tables, table, key, value, position, SARN__ROW_DIRTY);
        if (row == NULL) {
            return no_memory(error, number);
        }
        /* While folding goes over old events again, or another process writes, the row
         * may lie below all the same: then only a tombstone can hide it. */
        row->fresh = (fresh && tables->sole_writer) || !below_counts(tables, table);
        return SARN_OK;
    }
    if (sarn__rows_set_value(tables, row, value)) {
        return no_memory(error, number);
    }
    sarn__rows_make_dirty(tables, row);
    row->removed = false;
    row->position = position;
    return SARN_OK;
}

sarn_status sarn__tables_put(struct sarn__tables *tables,
                             uint32_t table,
                             struct sarn_str key,
                             struct sarn_str value,
                             uint64_t position,
                             struct sarn_error *error)
{
    return put(tables, table, key, value, position, false, error);
}

sarn_status sarn__tables_insert(struct sarn__tables *tables,
                                uint32_t table,
                                struct sarn_str key,
                                struct sarn_str value,
                                uint64_t position,
                                struct sarn_error *error)
{
    return put(tables, table, key, value, position, true, error);
}

sarn_status sarn__tables_remove(struct sarn__tables *tables,
                                uint32_t number,
                                struct sarn_str key,
                                uint64_t position,
                                struct sarn_error *error)
{
    const struct sarn_str nothing = {NULL, 0};
    struct sarn__table_rows *table = sarn__rows_table(tables, number);
    struct sarn__row *row = sarn__rows_find(table, key);

    assert(key.size > 0 && key.size <= SARN__TABLE_KEY_BYTES_MAX);
    assert(tables->scans == 0);
    if (row != NULL && row->fresh) {
        assert(row->state == SARN__ROW_DIRTY);
        sarn__rows_erase(tables, row);
        return SARN_OK;
    }
    if (row != NULL && row->removed) {
        return SARN_OK; /* The older tombstone will do. */
    }
    if (row == NULL && !below_counts(tables, table)) {
        return SARN_OK;
    }
    if (row == NULL) {
        table = sarn__rows_make_table(tables, number);
        row = table == NULL ? NULL
                            : sarn__rows_make(tables, table, key, nothing, position,
                                              SARN__ROW_DIRTY);
        if (row == NULL) {
            return no_memory(error, number);
        }
    }
    sarn__rows_make_dirty(tables, row);
    row->removed = true;
    row->position = position;
    row->value_size = 0;
    return SARN_OK;
}

sarn_status sarn__tables_clear(struct sarn__tables *tables,
                               uint32_t number,
                               struct sarn_error *error)
{
    struct sarn__table_rows *table = sarn__rows_make_table(tables, number);

    assert(tables->scans == 0);
    if (table == NULL) {
        return no_memory(error, number);
    }
    sarn__rows_erase_all(tables, table);
    table->hidden = tables->journal != NULL;
    return SARN_OK;
}

sarn_status sarn__tables_forget(struct sarn__tables *tables, struct sarn_error *error)
{
    struct sarn_journal_state state = {.through = 0};

    assert(!tables->round.on && tables->scans == 0);
    if (tables->journal != NULL) {
        SARN__TRY(tables->journal->ops->state(tables->journal->self, &state, error));
    }
    for (uint32_t i = 0; i < tables->count; i++) {
        sarn__rows_erase_all(tables, tables->list[i]);
    }
    tables->through = state.through;
    return SARN_OK;
}

uint64_t sarn__tables_dirty_rows(const struct sarn__tables *tables)
{
    return tables->unflushed_rows;
}

uint64_t sarn__tables_bytes(const struct sarn__tables *tables)
{
    return tables->unflushed_bytes;
}
