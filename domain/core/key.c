#include "sarn/module.h"

#include <assert.h>
#include <string.h>

static sarn_status add(struct sarn_key *key, const uint8_t *bytes, uint32_t size)
{
    assert(key->size <= SARN_ROW_KEY_BYTES_MAX);
    if (size > SARN_ROW_KEY_BYTES_MAX - key->size) {
        return SARN_ERR_TOO_LARGE;
    }
    memcpy(key->bytes + key->size, bytes, size);
    key->size += size;
    return SARN_OK;
}

sarn_status sarn_key_add_u64(struct sarn_key *key, uint64_t value)
{
    uint8_t bytes[8]; /* Big-endian: the first difference is in the highest byte. */

    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    return add(key, bytes, sizeof(bytes));
}

sarn_status sarn_key_add_i64(struct sarn_key *key, int64_t value)
{
    /* With the sign bit flipped, negative numbers come before positive ones. */
    return sarn_key_add_u64(key, (uint64_t)value ^ UINT64_C(1) << 63);
}

sarn_status sarn_key_add_text(struct sarn_key *key, struct sarn_str text)
{
    struct sarn_key grown = *key;

    /* 00 00 ends the text, and 00 FF stands for a NUL in it. So a text comes before
     * every text that it begins, whatever part follows it in the key. */
    for (uint32_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];

        if (add(&grown, &byte, 1) != SARN_OK ||
            (byte == 0 && add(&grown, (const uint8_t[]){0xFF}, 1) != SARN_OK)) {
            return SARN_ERR_TOO_LARGE;
        }
    }
    if (add(&grown, (const uint8_t[]){0, 0}, 2) != SARN_OK) {
        return SARN_ERR_TOO_LARGE;
    }
    *key = grown;
    return SARN_OK;
}
