#define _POSIX_C_SOURCE 200809L /* The mutex of store.h. */

#include "infra/memory/store.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"

static int compare(uint32_t table,
                   struct sarn_str key,
                   uint32_t other_table,
                   struct sarn_str other)
{
    uint32_t both = key.size < other.size ? key.size : other.size;
    int order;

    if (table != other_table) {
        return table < other_table ? -1 : 1;
    }
    order = both == 0 ? 0 : memcmp(key.data, other.data, both);
    return order != 0 ? order : (key.size > other.size) - (key.size < other.size);
}

/* Index of the first row that is not before (table, key). */
static uint64_t
lower_bound(const struct sarn__memory_store *store, uint32_t table, struct sarn_str key)
{
    uint64_t low = 0, high = store->row_count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const struct sarn__memory_row *row = store->rows[middle];

        if (compare(row->table, row->key, table, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* --- writing --- */

static uint64_t row_bytes(const struct sarn__memory_row *row)
{
    return row->key.size + row->value.size;
}

static void free_row(const struct sarn_heap *heap, struct sarn__memory_row *row)
{
    sarn__heap_free(heap, row);
}

static struct sarn__memory_row *copy_row(const struct sarn_heap *heap,
                                         const struct sarn_table_row *from)
{
    size_t head = (sizeof(struct sarn__memory_row) + 7) / 8 * 8;
    size_t value = ((size_t)from->value.size + 7) / 8 * 8;
    char *memory = sarn__heap_alloc(heap, head + value + from->key.size);
    struct sarn__memory_row *row = (void *)memory;

    if (row == NULL) {
        return NULL;
    }
    row->table = from->table;
    row->value = (struct sarn_str){memory + head, from->value.size};
    row->key = (struct sarn_str){memory + head + value, from->key.size};
    if (from->value.size != 0) {
        memcpy(memory + head, from->value.data, from->value.size);
    }
    memcpy(memory + head + value, from->key.data, from->key.size);
    return row;
}

/* A merge under way: old rows and changes, both sorted, into a new array. */
struct merge {
    struct sarn__memory_row **rows;
    uint64_t count;
    uint64_t used_bytes;
};

/* Only a change that puts a row makes one. False: out of memory. */
static bool take_change(const struct sarn_heap *heap,
                        struct merge *merge,
                        const struct sarn_table_row *change)
{
    struct sarn__memory_row *row;

    if (change->remove) {
        return true;
    }
    row = copy_row(heap, change);
    if (row == NULL) {
        return false;
    }
    merge->used_bytes += row_bytes(row);
    merge->rows[merge->count++] = row;
    return true;
}

/* Is row one that merge made, and not one that the store had already? */
static bool is_new(const struct sarn__memory_store *store,
                   const struct sarn__memory_row *row)
{
    uint64_t at = lower_bound(store, row->table, row->key);

    return at == store->row_count || store->rows[at] != row;
}

static void undo(const struct sarn__memory_store *store, struct merge *merge)
{
    for (uint64_t i = 0; i < merge->count; i++) {
        if (is_new(store, merge->rows[i])) {
            free_row(&store->heap, merge->rows[i]);
        }
    }
    sarn__heap_free(&store->heap, merge->rows);
}

static bool merge_all(const struct sarn__memory_store *store,
                      const struct sarn_flush *flush,
                      struct merge *merge)
{
    uint64_t old = 0;

    for (uint32_t i = 0; i < flush->count; i++) {
        const struct sarn_table_row *change = &flush->rows[i];
        uint64_t until = lower_bound(store, change->table, change->key);

        while (old < until) {
            merge->rows[merge->count++] = store->rows[old++];
        }
        if (old < store->row_count &&
            compare(store->rows[old]->table, store->rows[old]->key, change->table,
                    change->key) == 0) {
            merge->used_bytes -= row_bytes(store->rows[old]);
            old++; /* Replaced or removed. */
        }
        if (!take_change(&store->heap, merge, change)) {
            return false;
        }
    }
    while (old < store->row_count) {
        merge->rows[merge->count++] = store->rows[old++];
    }
    return true;
}

/* Free the rows that merge left out, and put its array in place. */
static void adopt(struct sarn__memory_store *store, const struct merge *merge)
{
    uint64_t kept = 0;

    for (uint64_t i = 0; i < store->row_count; i++) {
        struct sarn__memory_row *row = store->rows[i];

        while (kept < merge->count &&
               compare(merge->rows[kept]->table, merge->rows[kept]->key, row->table,
                       row->key) < 0) {
            kept++;
        }
        if (kept == merge->count || merge->rows[kept] != row) {
            free_row(&store->heap, row);
        }
    }
    sarn__heap_free(&store->heap, store->rows);
    store->rows = merge->rows;
    store->row_count = merge->count;
    store->used_bytes = merge->used_bytes;
    store->row_changes += 1;
}

sarn_status sarn__memory_apply(struct sarn__memory_store *store,
                               const struct sarn_flush *flush,
                               struct sarn_error *error)
{
    struct merge merge = {.used_bytes = store->used_bytes};

    merge.rows = sarn__heap_alloc(&store->heap, (store->row_count + flush->count + 1) *
                                                    sizeof(struct sarn__memory_row *));
    if (merge.rows == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for rows");
    }
    if (!merge_all(store, flush, &merge)) {
        undo(store, &merge);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for rows");
    }
    if (store->limit_bytes != 0 && merge.used_bytes > store->limit_bytes &&
        merge.used_bytes > store->used_bytes) {
        undo(store, &merge);
        return sarn__fail(error, SARN_ERR_FULL, "the store's limit is reached");
    }
    adopt(store, &merge);
    if (flush->through != 0) {
        store->through = flush->through;
    }
    return SARN_OK;
}

void sarn__memory_free_rows(struct sarn__memory_store *store)
{
    for (uint64_t i = 0; i < store->row_count; i++) {
        free_row(&store->heap, store->rows[i]);
    }
    sarn__heap_free(&store->heap, store->rows);
}

/* --- reading --- */

sarn_status sarn__memory_get(void *self,
                             uint32_t table,
                             struct sarn_str key,
                             struct sarn_arena *arena,
                             struct sarn_str *value,
                             struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    const struct sarn__memory_store *store = handle->store;
    sarn_status status;
    uint64_t at;

    SARN__TRY(sarn__memory_enter(handle, error));
    at = lower_bound(store, table, key);
    if (at < store->row_count &&
        compare(store->rows[at]->table, store->rows[at]->key, table, key) == 0) {
        status = sarn_arena_copy(arena, store->rows[at]->value, value);
        if (status != SARN_OK) {
            status = sarn__fail(error, status, "out of memory for a row");
        }
    } else {
        status = sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no such row");
    }
    sarn__memory_leave(handle);
    return status;
}

/* The rows of range lie between these two indexes. */
static void bounds(const struct sarn__memory_store *store,
                   const struct sarn_table_range *range,
                   uint64_t *low,
                   uint64_t *high)
{
    struct sarn_str none = {NULL, 0};

    *low = lower_bound(store, range->table, range->from);
    *high = range->to.size != 0          ? lower_bound(store, range->table, range->to)
            : range->table == UINT32_MAX ? store->row_count
                                         : lower_bound(store, range->table + 1, none);
    if (*high < *low) {
        *high = *low;
    }
}

/* Visit the row that is next; afterwards *low and *high hold what is left. */
SARN_MUST_USE static sarn_status visit_one(const struct sarn__memory_store *store,
                                           const struct sarn_table_range *range,
                                           sarn_table_fn *visit,
                                           void *arg,
                                           uint64_t *low,
                                           uint64_t *high)
{
    const struct sarn__memory_row *row =
        store->rows[range->backward ? *high - 1 : *low];

    if (range->backward) {
        *high -= 1;
    } else {
        *low += 1;
    }
    return visit(arg, row->key, row->value);
}

sarn_status sarn__memory_rows(void *self,
                              const struct sarn_table_range *range,
                              sarn_table_fn *visit,
                              void *arg,
                              bool *more,
                              struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    sarn_status status = SARN_OK;
    uint64_t low, high, changes;

    SARN__TRY(sarn__memory_enter(handle, error));
    changes = handle->store->row_changes;
    bounds(handle->store, range, &low, &high);
    for (uint32_t i = 0; i < SARN__READ_SLICE && low < high && status == SARN_OK; i++) {
        status = visit_one(handle->store, range, visit, arg, &low, &high);
        assert(changes == handle->store->row_changes); /* A visitor only reads. */
    }
    if (status == SARN_OK) {
        *more = low < high;
    }
    sarn__memory_leave(handle);
    return status;
}
