#include "engine/projection_index.h"

#include <assert.h>
#include <string.h>

#define INDEX_BYTES 4u
#define GAP_BYTES   2u
#define SIZE_BYTES  2u

static void append(struct sarn__entry *entry, const void *bytes, uint32_t size)
{
    assert(size <= sizeof(entry->bytes) - entry->size);
    if (size > 0) {
        memcpy(entry->bytes + entry->size, bytes, size);
        entry->size += size;
    }
}

sarn_status sarn__entry_make(uint32_t index,
                             const struct sarn_key *index_key,
                             struct sarn_str row_key,
                             struct sarn__entry *entry)
{
    const uint8_t number[INDEX_BYTES] = {(uint8_t)(index >> 24), (uint8_t)(index >> 16),
                                         (uint8_t)(index >> 8), (uint8_t)index};
    const uint8_t size[SIZE_BYTES] = {(uint8_t)(row_key.size >> 8),
                                      (uint8_t)row_key.size};

    if (INDEX_BYTES + index_key->size + GAP_BYTES + row_key.size + SIZE_BYTES >
        sizeof(entry->bytes)) {
        return SARN_ERR_TOO_LARGE;
    }
    entry->size = 0;
    append(entry, number, sizeof(number));
    append(entry, index_key->bytes, index_key->size);
    append(entry, "\0\0", GAP_BYTES);
    append(entry, row_key.data, row_key.size);
    append(entry, size, sizeof(size));
    return SARN_OK;
}

sarn_status sarn__entry_parse(struct sarn_str bytes,
                              uint32_t *index,
                              struct sarn_str *index_key,
                              struct sarn_str *row_key)
{
    const uint8_t *at = (const uint8_t *)bytes.data;
    uint32_t row_size;

    if (bytes.size < INDEX_BYTES + GAP_BYTES + SIZE_BYTES) {
        return SARN_ERR_CORRUPT;
    }
    row_size = (uint32_t)at[bytes.size - 2] << 8 | at[bytes.size - 1];
    if (row_size > bytes.size - INDEX_BYTES - GAP_BYTES - SIZE_BYTES) {
        return SARN_ERR_CORRUPT;
    }
    *index =
        (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    *index_key =
        (struct sarn_str){bytes.data + INDEX_BYTES,
                          bytes.size - INDEX_BYTES - GAP_BYTES - SIZE_BYTES - row_size};
    *row_key =
        (struct sarn_str){bytes.data + bytes.size - SIZE_BYTES - row_size, row_size};
    return SARN_OK;
}

uint32_t sarn__index_number(const struct sarn_projection *projection, uint32_t index)
{
    const struct sarn_index *indexes = projection->indexes;

    while (index > 0 && strcmp(indexes[index - 1].name, indexes[index].name) == 0) {
        index -= 1;
    }
    return index;
}

bool sarn__entry_holds(const struct sarn_projection *projection,
                       uint32_t number,
                       const void *row,
                       struct sarn_str index_key)
{
    const struct sarn_index *indexes = projection->indexes;

    for (uint32_t i = number; i < projection->index_count &&
                              strcmp(indexes[i].name, indexes[number].name) == 0;
         i++) {
        struct sarn_key key = {.size = 0};

        if (indexes[i].key(row, &key) == SARN_OK && key.size == index_key.size &&
            memcmp(key.bytes, index_key.data, key.size) == 0) {
            return true;
        }
    }
    return false;
}

/* The first key after all those that begin with key; empty when there is none. */
static void step_past(struct sarn__entry *key)
{
    while (key->size > 0) {
        uint8_t last = (uint8_t)key->bytes[key->size - 1];

        if (last < UINT8_MAX) {
            key->bytes[key->size - 1] = (char)(last + 1);
            return;
        }
        key->size -= 1;
    }
}

void sarn__bounds_make(const char *prefix,
                       uint32_t prefix_size,
                       const struct sarn_key *from,
                       const struct sarn_key *to,
                       struct sarn__bounds *bounds)
{
    assert(prefix_size <= INDEX_BYTES);
    bounds->from.size = 0;
    bounds->to.size = 0;
    append(&bounds->from, prefix, prefix_size);
    append(&bounds->from, from->bytes, from->size);
    append(&bounds->to, prefix, prefix_size);
    append(&bounds->to, to->bytes, to->size);
    step_past(&bounds->to);
}
