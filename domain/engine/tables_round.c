/* Rounds: the dirty rows, in order, a slice at a time.
 *
 * A round walks all tables once, from one slice to the next by key, since the rows
 * change between slices. It takes every row that was dirty when it began; what became
 * dirty later is left to the next round, or a hot row would keep a round from ending.
 */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/tables_rows.h"

/* What a slice may hold, and holds so far. */
struct limits {
    uint32_t rows_max, bytes_max;
    uint64_t bytes;
};

void sarn__tables_begin_round(struct sarn__tables *tables, uint64_t through)
{
    struct sarn__round *round = &tables->round;

    if (round->on) {
        return;
    }
    assert(through >= tables->through);
    round->on = true;
    round->number += 1;
    round->through = through;
    round->place.table = 0;
    round->place.key_size = 0;
    /* Only the writer flushes. So from here on rows below change through here alone,
     * and those that were read may be kept. */
    tables->sole_writer = true;
}

bool sarn__tables_in_round(const struct sarn__tables *tables)
{
    return tables->round.on;
}

/* --- one slice --- */

static sarn_status no_memory(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a slice of rows");
}

/* Whether there is room for a change; the first always fits. */
static bool
fits(const struct sarn__round *round, const struct limits *limits, uint64_t bytes)
{
    return round->count == 0 || (round->count < limits->rows_max &&
                                 limits->bytes + bytes <= limits->bytes_max);
}

static sarn_status add_change(struct sarn__tables *tables,
                              struct limits *limits,
                              struct sarn_str key,
                              struct sarn_table_row **change)
{
    struct sarn__round *round = &tables->round;
    struct sarn_table_row *added = &round->changes[round->count];

    *added = (struct sarn_table_row){.remove = true};
    if (sarn_arena_copy(round->arena, key, &added->key)) {
        return SARN_ERR_NOMEM;
    }
    round->rows[round->count] = NULL;
    round->count += 1;
    limits->bytes += key.size;
    *change = added;
    return SARN_OK;
}

/* The row as it will lie in the journal. */
static sarn_status
pack(struct sarn_arena *arena, const struct sarn__row *row, struct sarn_str *stored)
{
    char *bytes = sarn_arena_alloc(arena, SARN__ROW_HEADER_BYTES + row->value_size);

    if (bytes == NULL) {
        return SARN_ERR_NOMEM;
    }
    sarn__put_u64(bytes, row->position);
    bytes[8] = row->removed ? SARN__ROW_REMOVED : SARN__ROW_LIVE;
    if (row->value_size > 0) {
        memcpy(bytes + SARN__ROW_HEADER_BYTES, row->value, row->value_size);
    }
    *stored = (struct sarn_str){bytes, SARN__ROW_HEADER_BYTES + row->value_size};
    return SARN_OK;
}

static sarn_status
add_row(struct sarn__tables *tables, struct limits *limits, struct sarn__row *row)
{
    struct sarn__round *round = &tables->round;
    struct sarn_table_row *change;

    if (add_change(tables, limits, row->key, &change)) {
        return SARN_ERR_NOMEM;
    }
    change->table = row->table->number;
    round->rows[round->count - 1] = row;
    if (row->state == SARN__ROW_DIRTY) {
        change->remove = false;
        limits->bytes += SARN__ROW_HEADER_BYTES + row->value_size;
        return pack(round->arena, row, &change->value);
    }
    return SARN_OK;
}

/* Whether the round under way writes this row. */
static bool takes(const struct sarn__tables *tables, const struct sarn__row *row)
{
    switch ((enum sarn__row_state)row->state) {
    case SARN__ROW_DIRTY:
        return row->round < tables->round.number;
    case SARN__ROW_BURIED:
        /* Folding never goes back to before the removal, so nobody needs it now. */
        return row->position <= tables->through;
    case SARN__ROW_OUT:
    case SARN__ROW_CLEAN:
        break;
    }
    return false;
}

static void remember_place(struct sarn__round_place *place, const struct sarn__row *row)
{
    place->table = row->table->number;
    place->key_size = row->key.size;
    memcpy(place->key, row->key.data, row->key.size);
}

/* Take rows of table behind the place of the round. *full: there are more. */
static sarn_status take_rows(struct sarn__tables *tables,
                             const struct sarn__table_rows *table,
                             struct limits *limits,
                             bool *full)
{
    struct sarn__round *round = &tables->round;
    const struct sarn__round_place *place = &round->place;
    struct sarn_str from = {NULL, 0};
    struct sarn__tree_cursor cursor;
    struct sarn_str *key;

    if (place->table == table->number) {
        from = (struct sarn_str){place->key, place->key_size};
    }
    key = sarn__tree_seek(&table->in_order, from, &cursor);
    if (key != NULL && from.size > 0 && sarn_str_equal(*key, from)) {
        key = sarn__tree_next(&cursor);
    }
    for (; key != NULL; key = sarn__tree_next(&cursor)) {
        struct sarn__row *row = sarn__row_of_key(key);

        if (!takes(tables, row)) {
            continue;
        }
        if (!fits(round, limits,
                  SARN__ROW_HEADER_BYTES + (uint64_t)key->size + row->value_size)) {
            *full = true;
            return SARN_OK;
        }
        SARN__TRY(add_row(tables, limits, row));
        remember_place(&round->place_after, row);
    }
    return SARN_OK;
}

/* A table's keys below, on their way into a slice. */
struct doomed {
    struct sarn__tables *tables;
    uint32_t table;
    struct limits *limits;
    bool full;
    sarn_status status;
};

static sarn_status doom_key(void *arg, struct sarn_str key, struct sarn_str value)
{
    struct doomed *doomed = arg;
    struct sarn_table_row *change;

    (void)value;
    doomed->full = !fits(&doomed->tables->round, doomed->limits, key.size);
    if (doomed->full) {
        return SARN_ERR_FULL; /* Ends the visit, no more. */
    }
    doomed->status = add_change(doomed->tables, doomed->limits, key, &change);
    if (doomed->status == SARN_OK) {
        change->table = doomed->table;
    }
    return doomed->status;
}

/* Delete what lies below a table that was cleared. When nothing is left there, its rows
 * are seen again. */
static sarn_status clear_below(struct sarn__tables *tables,
                               struct sarn__table_rows *table,
                               struct limits *limits,
                               struct sarn_error *error)
{
    const struct sarn_table_range range = {.table = table->number};
    struct doomed doomed = {.tables = tables, .table = table->number, .limits = limits};
    bool more = false;
    sarn_status status;

    assert(tables->round.count == 0);
    status = tables->journal->ops->rows(tables->journal->self, &range, doom_key,
                                        &doomed, &more, error);
    if (doomed.status != SARN_OK) {
        return no_memory(error);
    }
    if (status != SARN_OK && !doomed.full) {
        return status;
    }
    table->hidden = tables->round.count > 0;
    return SARN_OK;
}

static sarn_status
fill(struct sarn__tables *tables, struct limits *limits, struct sarn_error *error)
{
    bool full = false;

    /* Deletions go ahead of everything, in slices of their own: what is put into a
     * cleared table must not reach the journal before they are done. */
    for (uint32_t i = 0; i < tables->count; i++) {
        if (tables->list[i]->hidden) {
            SARN__TRY(clear_below(tables, tables->list[i], limits, error));
            if (tables->round.count > 0) {
                return SARN_OK;
            }
        }
    }
    for (uint32_t i = 0; i < tables->count && !full; i++) {
        if (tables->list[i]->unflushed_rows > 0 &&
            tables->list[i]->number >= tables->round.place.table &&
            take_rows(tables, tables->list[i], limits, &full)) {
            return no_memory(error);
        }
    }
    tables->round.last = !full;
    return SARN_OK;
}

/* Room for the slice; deletions of a cleared table are not among the unflushed rows. */
static sarn_status prepare(struct sarn__tables *tables,
                           const struct limits *limits,
                           struct sarn_error *error)
{
    struct sarn__round *round = &tables->round;
    uint64_t room = limits->rows_max;
    bool hidden = false;

    for (uint32_t i = 0; i < tables->count; i++) {
        hidden = hidden || tables->list[i]->hidden;
    }
    if (!hidden && room > tables->unflushed_rows) {
        room = tables->unflushed_rows + 1;
    }
    sarn_arena_reset(round->arena);
    round->count = 0;
    round->last = false;
    round->place_after = round->place;
    round->changes = sarn_arena_alloc(round->arena, room * sizeof(*round->changes));
    round->rows = sarn_arena_alloc(round->arena, room * sizeof(struct sarn__row *));
    if (round->changes == NULL || round->rows == NULL) {
        return no_memory(error);
    }
    return SARN_OK;
}

sarn_status sarn__tables_slice(struct sarn__tables *tables,
                               uint32_t rows_max,
                               uint32_t bytes_max,
                               struct sarn_flush *flush,
                               struct sarn_error *error)
{
    struct sarn__round *round = &tables->round;
    struct limits limits = {.rows_max = rows_max, .bytes_max = bytes_max};
    sarn_status status;

    assert(!round->out && rows_max > 0 && tables->scans == 0);
    if (!round->on) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "no rows are being flushed");
    }
    status = prepare(tables, &limits, error);
    if (status == SARN_OK) {
        status = fill(tables, &limits, error);
    }
    if (status != SARN_OK) {
        round->count = 0;
        return status;
    }
    for (uint32_t i = 0; i < round->count; i++) {
        if (round->rows[i] != NULL) {
            sarn__rows_set_state(tables, round->rows[i], SARN__ROW_OUT);
            round->rows[i]->fresh = false;
        }
    }
    round->out = true;
    flush->rows = round->changes;
    flush->count = round->count;
    flush->through = round->last ? round->through : 0;
    return SARN_OK;
}

/* --- and what became of it --- */

/* The row lies in the journal as the slice has it. */
static void settle(struct sarn__tables *tables, struct sarn__row *row, bool deleted)
{
    if (row->state != SARN__ROW_OUT) {
        return; /* Changed since: the next round writes that. */
    }
    if (deleted) {
        sarn__rows_erase(tables, row);
    } else {
        sarn__rows_set_state(tables, row,
                             row->removed ? SARN__ROW_BURIED : SARN__ROW_CLEAN);
    }
}

/* It was not written: this round still owes it. */
static void owe(struct sarn__tables *tables, struct sarn__row *row, bool deleted)
{
    if (row->state == SARN__ROW_OUT && deleted) {
        sarn__rows_set_state(tables, row, SARN__ROW_BURIED);
    } else {
        sarn__rows_make_dirty(tables, row);
        row->round = tables->round.number - 1;
    }
}

void sarn__tables_slice_done(struct sarn__tables *tables, sarn_status status)
{
    struct sarn__round *round = &tables->round;

    assert(round->out);
    for (uint32_t i = 0; i < round->count; i++) {
        if (round->rows[i] != NULL) {
            (status == SARN_OK ? settle : owe)(tables, round->rows[i],
                                               round->changes[i].remove);
        }
    }
    if (status == SARN_OK) {
        round->place = round->place_after;
        round->on = !round->last;
        if (round->last) {
            tables->through = round->through;
        }
        sarn__rows_evict(tables);
    }
    round->count = 0;
    round->out = false;
}
