/* Keys and rows, as they are stored. */
#include "engine/store_parts.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"

void sarn__key_text(struct sarn__row_key *key, struct sarn_str text)
{
    assert(text.size <= sizeof(key->bytes) - key->size);
    if (text.size > 0) {
        memcpy(key->bytes + key->size, text.data, text.size);
        key->size += text.size;
    }
}

void sarn__key_u8(struct sarn__row_key *key, uint8_t value)
{
    assert(key->size < sizeof(key->bytes));
    key->bytes[key->size] = (char)value;
    key->size += 1;
}

void sarn__key_u32(struct sarn__row_key *key, uint32_t value)
{
    const char bytes[4] = {(char)(value >> 24), (char)(value >> 16), (char)(value >> 8),
                           (char)value};

    sarn__key_text(key, (struct sarn_str){bytes, sizeof(bytes)});
}

void sarn__key_u64(struct sarn__row_key *key, uint64_t value)
{
    sarn__key_u32(key, (uint32_t)(value >> 32));
    sarn__key_u32(key, (uint32_t)value);
}

struct sarn_str sarn__key_str(const struct sarn__row_key *key)
{
    return (struct sarn_str){key->bytes, key->size};
}

uint32_t sarn__key_get_u32(const char *bytes)
{
    const uint8_t *byte = (const uint8_t *)bytes;

    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 |
           (uint32_t)byte[3];
}

uint64_t sarn__key_get_u64(const char *bytes)
{
    return (uint64_t)sarn__key_get_u32(bytes) << 32 | sarn__key_get_u32(bytes + 4);
}

struct sarn__row_key sarn__number_key(uint64_t number)
{
    struct sarn__row_key key;

    key.size = 0;
    sarn__key_u64(&key, number);
    return key;
}

struct sarn__row_key sarn__tenant_key(uint32_t tenant, struct sarn_str text)
{
    struct sarn__row_key key;

    key.size = 0;
    sarn__key_u32(&key, tenant);
    sarn__key_text(&key, text);
    return key;
}

struct sarn__row_key sarn__anchor_key(uint64_t number, uint64_t version)
{
    struct sarn__row_key key = sarn__number_key(number);

    sarn__key_u64(&key, version);
    return key;
}

struct sarn__row_key sarn__definition_key(struct sarn_str workflow,
                                          uint64_t fingerprint)
{
    struct sarn__row_key key;

    key.size = 0;
    sarn__key_text(&key, workflow);
    sarn__key_u64(&key, fingerprint);
    return key;
}

sarn_status sarn__stream_unpack(uint64_t number,
                                const struct sarn__row_view *view,
                                struct sarn__stream_row *stream,
                                struct sarn_error *error)
{
    const char *bytes = view->value;

    assert(view->found);
    if (view->size < SARN__STREAM_FIXED_BYTES) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the row of stream %llu has only %u bytes",
                          (unsigned long long)number, view->size);
    }
    *stream = (struct sarn__stream_row){
        .head = {.number = number,
                 .version = sarn__get_u64(bytes),
                 .last_position = view->position,
                 .first_version = sarn__get_u64(bytes + 8),
                 .deleted = ((uint8_t)bytes[20] & SARN__STREAM_DELETED) != 0},
        .tenant = sarn__get_u32(bytes + 16),
        .name = {bytes + SARN__STREAM_FIXED_BYTES,
                 view->size - SARN__STREAM_FIXED_BYTES}};
    return SARN_OK;
}
