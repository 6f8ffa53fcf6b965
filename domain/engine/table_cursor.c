#include "engine/table_cursor.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"

sarn_status sarn__cursor_init(struct sarn__cursor *cursor,
                              struct sarn__tables *tables,
                              const struct sarn_table_range *range,
                              const struct sarn_heap *heap,
                              struct sarn_error *error)
{
    *cursor = (struct sarn__cursor){
        .tables = tables, .range = *range, .heap = *heap, .more = true};
    cursor->arena = sarn_arena_create(heap);
    cursor->rows = sarn__heap_alloc(heap, SARN__CURSOR_ROWS * sizeof(*cursor->rows));
    if (cursor->arena == NULL || cursor->rows == NULL) {
        sarn__cursor_done(cursor);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a scan of rows");
    }
    return SARN_OK;
}

void sarn__cursor_done(struct sarn__cursor *cursor)
{
    sarn_arena_destroy(cursor->arena);
    sarn__heap_free(&cursor->heap, cursor->rows);
    cursor->arena = NULL;
    cursor->rows = NULL;
}

/* The range begins with the last key that was seen: leave that one out. */
static bool seen(const struct sarn__cursor *cursor, struct sarn_str key)
{
    return cursor->last_size == key.size &&
           memcmp(cursor->last, key.data, key.size) == 0;
}

static sarn_status
take(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct sarn__cursor *cursor = arg;
    struct sarn__cursor_row *row = &cursor->rows[cursor->count];

    if (seen(cursor, key)) {
        return SARN_OK;
    }
    if (cursor->count == SARN__CURSOR_ROWS ||
        (cursor->count > 0 && sarn_arena_bytes(cursor->arena) >= SARN__CURSOR_BYTES)) {
        cursor->more = true;
        return SARN_ERR_FULL;
    }
    row->position = position;
    SARN__TRY(sarn_arena_copy(cursor->arena, key, &row->key));
    SARN__TRY(sarn_arena_copy(cursor->arena, value, &row->value));
    cursor->count += 1;
    return SARN_OK;
}

static sarn_status next_slice(struct sarn__cursor *cursor, struct sarn_error *error)
{
    struct sarn_table_range range = cursor->range;
    struct sarn_str last = {cursor->last, cursor->last_size};
    sarn_status status;

    if (last.size > 0 && range.backward) {
        range.to = last;
    } else if (last.size > 0) {
        range.from = last;
    }
    sarn_arena_reset(cursor->arena);
    cursor->count = 0;
    cursor->at = 0;
    cursor->more = false;
    status = sarn__tables_scan(cursor->tables, &range, take, cursor, error);
    if (status == SARN_ERR_NOMEM) {
        return sarn__fail(error, status, "out of memory for a scan of rows");
    }
    if (status != SARN_OK && !(cursor->more && status == SARN_ERR_FULL)) {
        return status;
    }
    if (cursor->count > 0) {
        last = cursor->rows[cursor->count - 1].key;
        memcpy(cursor->last, last.data, last.size);
        cursor->last_size = last.size;
    }
    return SARN_OK;
}

sarn_status sarn__cursor_next(struct sarn__cursor *cursor,
                              const struct sarn__cursor_row **row,
                              struct sarn_error *error)
{
    if (cursor->at == cursor->count && cursor->more) {
        SARN__TRY(next_slice(cursor, error));
    }
    *row = cursor->at < cursor->count ? &cursor->rows[cursor->at++] : NULL;
    return SARN_OK;
}
