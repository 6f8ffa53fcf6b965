#include "engine/tables_diff.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"

static int compare(struct sarn_str a, struct sarn_str b)
{
    uint32_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Which of two rows comes first: below 0 the wanted one; NULL is after all. */
static int order_of(const struct sarn__cursor_row *wanted,
                    const struct sarn__cursor_row *found)
{
    if (wanted == NULL || found == NULL) {
        return (wanted == NULL) - (found == NULL);
    }
    return compare(wanted->key, found->key);
}

static sarn_status report(uint32_t table,
                          const struct sarn__cursor_row *wanted,
                          const struct sarn__cursor_row *found,
                          sarn__difference_fn *visit,
                          void *arg)
{
    struct sarn__difference difference = {
        .table = table, .wanted = wanted != NULL, .found = found != NULL};

    assert(wanted != NULL || found != NULL);
    if (wanted != NULL) {
        difference.key = wanted->key;
        difference.wanted_value = wanted->value;
    }
    if (found != NULL) {
        difference.key = found->key;
        difference.found_value = found->value;
        difference.found_position = found->position;
    }
    return visit(arg, &difference);
}

static sarn_status merge(struct sarn__cursor *wanted,
                         struct sarn__cursor *found,
                         sarn__difference_fn *visit,
                         void *arg,
                         uint64_t *rows,
                         struct sarn_error *error)
{
    const struct sarn__cursor_row *left, *right;

    SARN__TRY(sarn__cursor_next(wanted, &left, error));
    SARN__TRY(sarn__cursor_next(found, &right, error));
    while (left != NULL || right != NULL) {
        int order = order_of(left, right);

        if (order != 0 || compare(left->value, right->value) != 0) {
            SARN__TRY(report(wanted->range.table, order <= 0 ? left : NULL,
                             order >= 0 ? right : NULL, visit, arg));
        }
        if (order <= 0) {
            *rows += 1;
            SARN__TRY(sarn__cursor_next(wanted, &left, error));
        }
        if (order >= 0) {
            SARN__TRY(sarn__cursor_next(found, &right, error));
        }
    }
    return SARN_OK;
}

sarn_status sarn__tables_diff(struct sarn__tables *wanted,
                              struct sarn__tables *found,
                              uint32_t table,
                              const struct sarn_heap *heap,
                              sarn__difference_fn *visit,
                              void *arg,
                              uint64_t *rows,
                              struct sarn_error *error)
{
    const struct sarn_table_range range = {.table = table};
    struct sarn__cursor left, right;
    uint64_t counted = 0;
    sarn_status status;

    SARN__TRY(sarn__cursor_init(&left, wanted, &range, heap, error));
    status = sarn__cursor_init(&right, found, &range, heap, error);
    if (status == SARN_OK) {
        status = merge(&left, &right, visit, arg, &counted, error);
        sarn__cursor_done(&right);
    }
    sarn__cursor_done(&left);
    if (status == SARN_OK && rows != NULL) {
        *rows += counted;
    }
    return status;
}
