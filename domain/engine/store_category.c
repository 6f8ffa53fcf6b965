/* Categories: which positions of the log belong to one, as bitmaps over blocks. A
 * bitmap costs one hot row per block and category, however many streams there are, and
 * setting a bit twice does no harm. */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/store_parts.h"

struct sarn_str sarn__category(struct sarn_str stream)
{
    const char *dash = stream.size == 0 ? NULL : memchr(stream.data, '-', stream.size);

    if (dash != NULL) {
        stream.size = (uint32_t)(dash - stream.data);
    }
    return stream;
}

struct sarn__row_key
sarn__block_key(uint32_t tenant, struct sarn_str category, uint64_t block)
{
    struct sarn__row_key key = sarn__tenant_key(tenant, category);

    sarn__key_u8(&key, 0); /* No name has it: one category's blocks stay together. */
    sarn__key_u64(&key, block);
    return key;
}

/* --- the fold --- */

static sarn_status check_size(uint32_t size, struct sarn_error *error)
{
    if (size != SARN__BLOCK_BYTES) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "a bitmap of positions has %u bytes, not %u", size,
                          SARN__BLOCK_BYTES);
    }
    return SARN_OK;
}

sarn_status sarn__fold_category(struct sarn__fold *fold,
                                const struct sarn__row_key *block)
{
    struct sarn__tables *tables = fold->store->tables;
    struct sarn_str key = sarn__key_str(block);
    uint64_t position = fold->record->position;
    uint32_t bit = (uint32_t)(position % SARN__BLOCK_POSITIONS);
    uint8_t mask = (uint8_t)(1u << bit % 8);
    struct sarn__row_view view;
    uint8_t *bits;

    SARN__TRY(
        sarn__tables_peek(tables, SARN__TABLE_CATEGORIES, key, &view, fold->error));
    if (!view.found) {
        uint8_t first[SARN__BLOCK_BYTES] = {0};

        first[bit / 8] = mask;
        return sarn__tables_put(tables, SARN__TABLE_CATEGORIES, key,
                                (struct sarn_str){(const char *)first, sizeof(first)},
                                position, fold->error);
    }
    SARN__TRY(check_size(view.size, fold->error));
    if (view.position >= position) {
        return SARN_OK; /* It has seen this record. */
    }
    SARN__TRY(sarn__tables_change(tables, SARN__TABLE_CATEGORIES, key, position, &view,
                                  fold->error));
    bits = view.value;
    bits[bit / 8] |= mask;
    return SARN_OK;
}

/* --- reading --- */

struct visiting {
    uint64_t from, to;
    bool backward;
    sarn__position_fn *visit;
    void *arg;
    struct sarn_error *error;
};

static sarn_status visit_bit(const struct visiting *visiting,
                             const uint8_t *bits,
                             uint64_t first,
                             uint32_t bit)
{
    uint64_t position = first + bit;

    if ((bits[bit / 8] >> bit % 8 & 1) == 0 || position < visiting->from ||
        position > visiting->to) {
        return SARN_OK;
    }
    return visiting->visit(visiting->arg, position);
}

static sarn_status
visit_block(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    const struct visiting *visiting = arg;
    const uint8_t *bits = (const uint8_t *)value.data;
    uint64_t first;

    (void)position;
    assert(key.size > 8); /* The range sees to it. */
    SARN__TRY(check_size(value.size, visiting->error));
    first = sarn__key_get_u64(key.data + key.size - 8) * SARN__BLOCK_POSITIONS;
    for (uint32_t i = 0; i < SARN__BLOCK_POSITIONS; i++) {
        uint32_t bit = visiting->backward ? SARN__BLOCK_POSITIONS - 1 - i : i;

        if (bits[bit / 8] == 0) {
            i += 7; /* Eight at once: every byte begins on a multiple of 8. */
        } else {
            SARN__TRY(visit_bit(visiting, bits, first, bit));
        }
    }
    return SARN_OK;
}

sarn_status sarn__store_category(struct sarn__store *store,
                                 uint32_t tenant,
                                 struct sarn_str category,
                                 uint64_t from,
                                 uint64_t to,
                                 bool backward,
                                 sarn__position_fn *visit,
                                 void *arg,
                                 struct sarn_error *error)
{
    uint64_t last = to < store->position ? to : store->position;
    struct visiting visiting = {from, last, backward, visit, arg, error};
    struct sarn__row_key first_key, end_key;

    if (from > last || category.size > SARN_STREAM_NAME_BYTES_MAX) {
        return SARN_OK;
    }
    first_key = sarn__block_key(tenant, category, from / SARN__BLOCK_POSITIONS);
    end_key = sarn__block_key(tenant, category, last / SARN__BLOCK_POSITIONS + 1);
    return sarn__tables_scan(store->tables,
                             &(struct sarn_table_range){
                                 .table = SARN__TABLE_CATEGORIES,
                                 .backward = backward,
                                 .from = sarn__key_str(&first_key),
                                 .to = sarn__key_str(&end_key),
                             },
                             visit_block, &visiting, error);
}
