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
    const uint8_t *bytes = (const uint8_t *)text.data;
    uint32_t before = key->size, left = text.size;

    /* 00 00 ends the text, and 00 FF stands for a NUL in it. So a text comes before
     * every text that it begins, whatever part follows it in the key. */
    while (left > 0) {
        const uint8_t *nul = memchr(bytes, 0, left);
        uint32_t size = nul == NULL ? left : (uint32_t)(nul - bytes) + 1;

        if (add(key, bytes, size) != SARN_OK ||
            (nul != NULL && add(key, (const uint8_t[]){0xFF}, 1) != SARN_OK)) {
            key->size = before;
            return SARN_ERR_TOO_LARGE;
        }
        bytes += size;
        left -= size;
    }
    if (add(key, (const uint8_t[]){0, 0}, 2) != SARN_OK) {
        key->size = before;
        return SARN_ERR_TOO_LARGE;
    }
    return SARN_OK;
}
