#include "engine/tables_rows.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/bytes.h"

#define TABLES_MIN 16u
/* What a row takes in the map, the tree and the heap, about. */
#define ROW_OVERHEAD_BYTES 56u

/* --- tables --- */

/* The slot of table number, or where it would be. */
static uint32_t table_slot(const struct sarn__tables *tables, uint32_t number)
{
    uint32_t low = 0, high = tables->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (tables->list[middle]->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct sarn__table_rows *sarn__rows_table(struct sarn__tables *tables, uint32_t number)
{
    uint32_t slot;

    if (tables->recent != NULL && tables->recent->number == number) {
        return tables->recent;
    }
    slot = table_slot(tables, number);
    if (slot == tables->count || tables->list[slot]->number != number) {
        return NULL;
    }
    tables->recent = tables->list[slot];
    return tables->recent;
}

static bool make_slot(struct sarn__tables *tables)
{
    uint32_t room = tables->room == 0 ? TABLES_MIN : tables->room * 2;
    struct sarn__table_rows **list = tables->list;

    if (tables->count < tables->room) {
        return true;
    }
    list = sarn__heap_resize(&tables->heap, list,
                             room * sizeof(struct sarn__table_rows *));
    if (list == NULL) {
        return false;
    }
    tables->list = list;
    tables->room = room;
    return true;
}

struct sarn__table_rows *sarn__rows_make_table(struct sarn__tables *tables,
                                               uint32_t number)
{
    struct sarn__table_rows *table = sarn__rows_table(tables, number);
    uint32_t slot;

    if (table != NULL) {
        return table;
    }
    if (!make_slot(tables)) {
        return NULL;
    }
    table = sarn__heap_alloc(&tables->heap, sizeof(*table));
    if (table == NULL) {
        return NULL;
    }
    table->number = number;
    sarn__row_index_init(&table->by_key, &tables->heap);
    sarn__tree_init(&table->in_order, &tables->heap);
    slot = table_slot(tables, number);
    memmove(&tables->list[slot + 1], &tables->list[slot],
            (tables->count - slot) * sizeof(struct sarn__table_rows *));
    tables->list[slot] = table;
    tables->count += 1;
    return table;
}

/* --- rows --- */

struct sarn__row *sarn__row_of_key(struct sarn_str *key)
{
    return SARN__OF(key, struct sarn__row, key);
}

struct sarn__row *sarn__rows_find(const struct sarn__table_rows *table,
                                  struct sarn_str key)
{
    return table == NULL ? NULL : sarn__row_index_find(&table->by_key, key);
}

static uint64_t row_bytes(const struct sarn__row *row)
{
    return sizeof(*row) + ROW_OVERHEAD_BYTES + row->key.size + row->value_room;
}

/* Count a row in, or out, of the state that it is in. */
static void count_in(struct sarn__tables *tables, struct sarn__row *row)
{
    if (row->state != SARN__ROW_CLEAN) {
        tables->unflushed_rows += 1;
        row->table->unflushed_rows += 1;
        tables->unflushed_bytes += row_bytes(row);
        return;
    }
    tables->clean_bytes += row_bytes(row);
    row->newer = NULL;
    row->older = tables->newest;
    if (tables->newest != NULL) {
        tables->newest->newer = row;
    } else {
        tables->oldest = row;
    }
    tables->newest = row;
}

static void count_out(struct sarn__tables *tables, struct sarn__row *row)
{
    if (row->state != SARN__ROW_CLEAN) {
        assert(tables->unflushed_rows > 0);
        tables->unflushed_rows -= 1;
        row->table->unflushed_rows -= 1;
        tables->unflushed_bytes -= row_bytes(row);
        return;
    }
    tables->clean_bytes -= row_bytes(row);
    *(row->newer != NULL ? &row->newer->older : &tables->newest) = row->older;
    *(row->older != NULL ? &row->older->newer : &tables->oldest) = row->newer;
}

void sarn__rows_set_state(struct sarn__tables *tables,
                          struct sarn__row *row,
                          enum sarn__row_state state)
{
    assert(!(row->removed && state == SARN__ROW_CLEAN));
    if (row->state != state) {
        count_out(tables, row);
        row->state = (uint8_t)state;
        count_in(tables, row);
    }
}

void sarn__rows_make_dirty(struct sarn__tables *tables, struct sarn__row *row)
{
    /* A row that was dirty keeps its round: the one under way still owes it. */
    if (row->state != SARN__ROW_DIRTY) {
        row->round = tables->round.number;
        sarn__rows_set_state(tables, row, SARN__ROW_DIRTY);
    }
}

/* Values are decoded where they are, so they begin on a multiple of 8. */
static size_t value_offset(uint32_t key_size)
{
    return (sizeof(struct sarn__row) + key_size + 7) & ~(size_t)7;
}

static bool value_is_inside(const struct sarn__row *row)
{
    return row->value == (const char *)row + value_offset(row->key.size);
}

struct sarn__row *sarn__rows_make(struct sarn__tables *tables,
                                  struct sarn__table_rows *table,
                                  struct sarn_str key,
                                  struct sarn_str value,
                                  uint64_t position,
                                  enum sarn__row_state state)
{
    struct sarn__row *row =
        sarn__heap_resize(&tables->heap, NULL, value_offset(key.size) + value.size);
    char *bytes;

    if (row == NULL) {
        return NULL;
    }
    bytes = (char *)(row + 1);
    *row = (struct sarn__row){.key = {bytes, key.size},
                              .position = position,
                              .value = (char *)row + value_offset(key.size),
                              .value_size = value.size,
                              .value_room = value.size,
                              .round = tables->round.number,
                              .state = (uint8_t)state,
                              .table = table};
    memcpy(bytes, key.data, key.size);
    if (value.size > 0) {
        memcpy(row->value, value.data, value.size);
    }
    if (sarn__row_index_insert(&table->by_key, row)) {
        sarn__heap_free(&tables->heap, row);
        return NULL;
    }
    if (sarn__tree_insert(&table->in_order, &row->key)) {
        sarn__row_index_remove(&table->by_key, row);
        sarn__heap_free(&tables->heap, row);
        return NULL;
    }
    count_in(tables, row);
    return row;
}

sarn_status sarn__rows_set_value(struct sarn__tables *tables,
                                 struct sarn__row *row,
                                 struct sarn_str value)
{
    if (value.size > row->value_room) {
        char *memory = sarn__heap_resize(&tables->heap, NULL, value.size);

        if (memory == NULL) {
            return SARN_ERR_NOMEM;
        }
        count_out(tables, row);
        if (!value_is_inside(row)) {
            sarn__heap_free(&tables->heap, row->value);
        }
        row->value = memory;
        row->value_room = value.size;
        count_in(tables, row);
    }
    if (value.size > 0) {
        memmove(row->value, value.data, value.size); /* It may come from here. */
    }
    row->value_size = value.size;
    return SARN_OK;
}

static void free_row(struct sarn__tables *tables, struct sarn__row *row)
{
    count_out(tables, row);
    if (!value_is_inside(row)) {
        sarn__heap_free(&tables->heap, row->value);
    }
    sarn__heap_free(&tables->heap, row);
}

void sarn__rows_erase(struct sarn__tables *tables, struct sarn__row *row)
{
    sarn__tree_remove(&row->table->in_order, &row->key);
    sarn__row_index_remove(&row->table->by_key, row);
    free_row(tables, row);
}

void sarn__rows_erase_all(struct sarn__tables *tables, struct sarn__table_rows *table)
{
    const struct sarn_str from = {NULL, 0};
    struct sarn__tree_cursor cursor;
    struct sarn_str *key = sarn__tree_seek(&table->in_order, from, &cursor);

    for (uint32_t i = 0; i < tables->round.count; i++) {
        if (tables->round.rows[i] != NULL && tables->round.rows[i]->table == table) {
            tables->round.rows[i] = NULL;
        }
    }
    while (key != NULL) {
        struct sarn__row *row = sarn__row_of_key(key);

        key = sarn__tree_next(&cursor);
        free_row(tables, row);
    }
    sarn__tree_done(&table->in_order);
    sarn__row_index_done(&table->by_key);
}

void sarn__rows_evict(struct sarn__tables *tables)
{
    while (tables->clean_bytes > SARN__TABLES_CACHE_BYTES && tables->scans == 0) {
        struct sarn__row *row = tables->oldest;

        assert(row != NULL);
        if (row->used) {
            /* A second chance; it is used up when the line comes round again. */
            row->used = false;
            count_out(tables, row);
            count_in(tables, row);
        } else {
            sarn__rows_erase(tables, row);
        }
    }
}

sarn_status sarn__row_unpack(uint32_t table,
                             struct sarn_str stored,
                             struct sarn__row_view *view,
                             struct sarn_error *error)
{
    uint8_t state;

    if (stored.size < SARN__ROW_HEADER_BYTES) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "a row of table %u has %u bytes, which is less than its header", table,
            stored.size);
    }
    state = (uint8_t)stored.data[8];
    if (state != SARN__ROW_LIVE && state != SARN__ROW_REMOVED) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "a row of table %u has the unknown state %u", table, state);
    }
    *view = (struct sarn__row_view){.found = state == SARN__ROW_LIVE,
                                    .position = sarn__get_u64(stored.data)};
    if (view->found) {
        view->value = (char *)(uintptr_t)stored.data + SARN__ROW_HEADER_BYTES;
        view->size = stored.size - SARN__ROW_HEADER_BYTES;
    }
    return SARN_OK;
}
