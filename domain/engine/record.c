#include "engine/record.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"

/* Where the fixed fields are; record.h has the table. */
enum at {
    AT_FORMAT = 0,
    AT_FLAGS = 2,
    AT_CODEC = 4,
    AT_HEADER_SIZE = 6,
    AT_PAYLOAD_SIZE = 8,
    AT_TYPE = 12,
    AT_SCHEMA = 16,
    AT_TENANT = 20,
    AT_STREAM = 24,
    AT_VERSION = 32,
    AT_PREVIOUS = 40,
    AT_TIME = 48,
    AT_ID = 56,
    AT_CORRELATION = 72,
    AT_CAUSATION = 88,
    AT_ACTOR = 104,
    AT_ORIGIN = 108,
    AT_CHECKSUM = 144
};

#define COMMAND_FIXED_BYTES                                                            \
    26u /* Of an encoded command result: all before its key.                           \
         */
#define COMMAND_TEXT_MAX 255u
#define EXTENSION_HEAD   4u

static size_t padded(size_t size, size_t to)
{
    return (size + to - 1) / to * to;
}

static uint64_t checksum(uint64_t position,
                         const struct sarn_hash *hash,
                         const uint8_t *bytes,
                         size_t size)
{
    uint64_t body =
        hash->ops->checksum(hash->self, 0, bytes + SARN__RECORD_HEADER_BYTES,
                            size - SARN__RECORD_HEADER_BYTES);

    return hash->ops->checksum(hash->self, position ^ body, bytes, AT_CHECKSUM);
}

/* --- encoding --- */

static size_t command_size(const struct sarn__command_result *command)
{
    return COMMAND_FIXED_BYTES + command->key.size + command->text.size;
}

static size_t extension_size(size_t size)
{
    return size == 0 ? 0 : EXTENSION_HEAD + padded(size, 4);
}

static size_t header_size(const struct sarn__record *record)
{
    size_t size = SARN__RECORD_HEADER_BYTES;

    size += extension_size(record->stream_name.size);
    size += extension_size(record->type_name.size);
    size += extension_size(record->actor_name.size);
    size += extension_size(record->origin_name.size);
    size += extension_size(record->schema_name.size);
    size += record->has_command ? extension_size(command_size(&record->command)) : 0;
    return padded(size, 8);
}

size_t sarn__record_size(const struct sarn__record *record)
{
    return header_size(record) + padded(record->payload.size, 8);
}

/* Where the bytes of the extension go; *next is moved behind it. */
static uint8_t *put_extension(uint8_t **next, enum sarn__extension kind, size_t size)
{
    uint8_t *head = *next;

    sarn__put_u16(head, (uint16_t)kind);
    sarn__put_u16(head + 2, (uint16_t)size);
    *next = head + extension_size(size);
    return head + EXTENSION_HEAD;
}

static void put_name(uint8_t **next, enum sarn__extension kind, struct sarn_str name)
{
    assert(name.size <= SARN_STREAM_NAME_BYTES_MAX && name.size <= SARN_NAME_BYTES_MAX);
    if (name.size != 0) {
        memcpy(put_extension(next, kind, name.size), name.data, name.size);
    }
}

static void put_command(uint8_t **next, const struct sarn__command_result *command)
{
    uint8_t *at = put_extension(next, SARN__EXT_COMMAND, command_size(command));

    assert(command->key.size <= SARN_KEY_BYTES_MAX &&
           command->text.size <= COMMAND_TEXT_MAX);
    sarn__put_u32(at, command->status);
    sarn__put_u32(at + 4, command->event_count);
    memcpy(at + 8, command->payload_hash, sizeof(command->payload_hash));
    sarn__put_u16(at + 24, (uint16_t)command->key.size);
    if (command->key.size != 0) {
        memcpy(at + COMMAND_FIXED_BYTES, command->key.data, command->key.size);
    }
    if (command->text.size != 0) {
        memcpy(at + COMMAND_FIXED_BYTES + command->key.size, command->text.data,
               command->text.size);
    }
}

static void put_fixed(uint8_t *to, const struct sarn__record *record)
{
    sarn__put_u16(to + AT_FORMAT, SARN__RECORD_FORMAT);
    sarn__put_u16(to + AT_FLAGS, record->flags);
    sarn__put_u16(to + AT_CODEC, record->codec);
    sarn__put_u32(to + AT_PAYLOAD_SIZE, record->payload.size);
    sarn__put_u32(to + AT_TYPE, record->type);
    sarn__put_u32(to + AT_SCHEMA, record->schema);
    sarn__put_u32(to + AT_TENANT, record->tenant);
    sarn__put_u64(to + AT_STREAM, record->stream);
    sarn__put_u64(to + AT_VERSION, record->version);
    sarn__put_u64(to + AT_PREVIOUS, record->previous);
    sarn__put_u64(to + AT_TIME, (uint64_t)record->time_us);
    memcpy(to + AT_ID, record->id.bytes, 16);
    memcpy(to + AT_CORRELATION, record->correlation_id.bytes, 16);
    memcpy(to + AT_CAUSATION, record->causation_id.bytes, 16);
    sarn__put_u32(to + AT_ACTOR, record->actor);
    sarn__put_u32(to + AT_ORIGIN, record->origin);
}

void sarn__record_encode(const struct sarn__record *record,
                         const struct sarn_hash *hash,
                         void *bytes)
{
    size_t header = header_size(record);
    size_t size = header + padded(record->payload.size, 8);
    uint8_t *to = bytes;
    uint8_t *next = to + SARN__RECORD_HEADER_BYTES;

    assert(record->position != 0);
    assert(record->payload.size <= SARN_PAYLOAD_BYTES_MAX);
    assert(header <= SARN__RECORD_HEADER_MAX);
    memset(to, 0, header);
    put_fixed(to, record);
    sarn__put_u16(to + AT_HEADER_SIZE, (uint16_t)header);
    put_name(&next, SARN__EXT_STREAM_NAME, record->stream_name);
    put_name(&next, SARN__EXT_TYPE_NAME, record->type_name);
    put_name(&next, SARN__EXT_ACTOR_NAME, record->actor_name);
    put_name(&next, SARN__EXT_ORIGIN_NAME, record->origin_name);
    if (record->has_command) {
        put_command(&next, &record->command);
    }
    put_name(&next, SARN__EXT_SCHEMA_NAME, record->schema_name);
    if (record->payload.size != 0) {
        memset(to + size - 8, 0, 8); /* The padding is in here. */
        memcpy(to + header, record->payload.data, record->payload.size);
    }
    sarn__put_u64(to + AT_CHECKSUM, checksum(record->position, hash, to, size));
}

/* --- decoding --- */

SARN_MUST_USE static sarn_status
corrupt(struct sarn_error *error, uint64_t position, const char *what)
{
    return sarn__fail(
        error, SARN_ERR_CORRUPT,
        "the record at position %llu is damaged: %s; restore the file from "
        "a backup",
        (unsigned long long)position, what);
}

SARN_MUST_USE static sarn_status get_command(struct sarn_str bytes,
                                             struct sarn__command_result *command)
{
    const uint8_t *at = (const uint8_t *)bytes.data;
    uint32_t key_size;

    if (bytes.size < COMMAND_FIXED_BYTES) {
        return SARN_ERR_CORRUPT;
    }
    key_size = sarn__get_u16(at + 24);
    if (key_size > SARN_KEY_BYTES_MAX || key_size > bytes.size - COMMAND_FIXED_BYTES ||
        bytes.size - COMMAND_FIXED_BYTES - key_size > COMMAND_TEXT_MAX) {
        return SARN_ERR_CORRUPT;
    }
    command->status = sarn__get_u32(at);
    command->event_count = sarn__get_u32(at + 4);
    memcpy(command->payload_hash, at + 8, sizeof(command->payload_hash));
    command->key = (struct sarn_str){bytes.data + COMMAND_FIXED_BYTES, key_size};
    command->text = (struct sarn_str){command->key.data + key_size,
                                      bytes.size - COMMAND_FIXED_BYTES - key_size};
    return SARN_OK;
}

/* Longer ones are never written, and are no keys of tables. */
SARN_MUST_USE static sarn_status get_name(struct sarn_str bytes, struct sarn_str *name)
{
    if (bytes.size > SARN_NAME_BYTES_MAX || bytes.size > SARN_STREAM_NAME_BYTES_MAX) {
        return SARN_ERR_CORRUPT;
    }
    *name = bytes;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status
get_extension(uint16_t kind, struct sarn_str bytes, struct sarn__record *record)
{
    switch (kind) {
    case SARN__EXT_STREAM_NAME:
        return get_name(bytes, &record->stream_name);
    case SARN__EXT_TYPE_NAME:
        return get_name(bytes, &record->type_name);
    case SARN__EXT_ACTOR_NAME:
        return get_name(bytes, &record->actor_name);
    case SARN__EXT_ORIGIN_NAME:
        return get_name(bytes, &record->origin_name);
    case SARN__EXT_SCHEMA_NAME:
        return get_name(bytes, &record->schema_name);
    case SARN__EXT_COMMAND:
        record->has_command = true;
        return get_command(bytes, &record->command);
    default:
        break; /* A later version's: what may not be skipped has a new format. */
    }
    return SARN_OK;
}

/* Extensions lie from next to end, both multiples of 4 from the record's start. */
SARN_MUST_USE static sarn_status
get_extensions(const uint8_t *next, const uint8_t *end, struct sarn__record *record)
{
    while (end - next >= (ptrdiff_t)EXTENSION_HEAD) {
        uint16_t kind = sarn__get_u16(next);
        uint16_t size = sarn__get_u16(next + 2);

        if (kind == 0) {
            return end - next < 8 ? SARN_OK : SARN_ERR_CORRUPT; /* The padding. */
        }
        if (padded(size, 4) > (size_t)(end - next) - EXTENSION_HEAD) {
            return SARN_ERR_CORRUPT;
        }
        SARN__TRY(get_extension(
            kind, (struct sarn_str){(const char *)next + EXTENSION_HEAD, size},
            record));
        next += EXTENSION_HEAD + padded(size, 4);
    }
    return SARN_OK;
}

/* Everything but position and extensions; what is checked was. */
static void get_fixed(const uint8_t *from, struct sarn__record *record)
{
    *record = (struct sarn__record){
        .flags = sarn__get_u16(from + AT_FLAGS),
        .codec = sarn__get_u16(from + AT_CODEC),
        .type = sarn__get_u32(from + AT_TYPE),
        .schema = sarn__get_u32(from + AT_SCHEMA),
        .tenant = sarn__get_u32(from + AT_TENANT),
        .actor = sarn__get_u32(from + AT_ACTOR),
        .origin = sarn__get_u32(from + AT_ORIGIN),
        .stream = sarn__get_u64(from + AT_STREAM),
        .version = sarn__get_u64(from + AT_VERSION),
        .previous = sarn__get_u64(from + AT_PREVIOUS),
        .time_us = (int64_t)sarn__get_u64(from + AT_TIME),
        .payload = {(const char *)from + sarn__get_u16(from + AT_HEADER_SIZE),
                    sarn__get_u32(from + AT_PAYLOAD_SIZE)}};
    memcpy(record->id.bytes, from + AT_ID, 16);
    memcpy(record->correlation_id.bytes, from + AT_CORRELATION, 16);
    memcpy(record->causation_id.bytes, from + AT_CAUSATION, 16);
}

/* The sizes fit each other and the bytes; everything later may rely on that. */
SARN_MUST_USE static sarn_status
check_sizes(uint64_t position, struct sarn_str bytes, struct sarn_error *error)
{
    const uint8_t *from = (const uint8_t *)bytes.data;
    size_t header, payload;
    uint16_t format;

    if (bytes.size < SARN__RECORD_HEADER_BYTES) {
        return corrupt(error, position, "it is shorter than a header");
    }
    format = sarn__get_u16(from + AT_FORMAT);
    if (format != SARN__RECORD_FORMAT) {
        return sarn__fail(
            error, SARN_ERR_UNSUPPORTED,
            "the record at position %llu has format %u and this version of "
            "Sarn reads format %u; use a newer one",
            (unsigned long long)position, format, SARN__RECORD_FORMAT);
    }
    header = sarn__get_u16(from + AT_HEADER_SIZE);
    payload = sarn__get_u32(from + AT_PAYLOAD_SIZE);
    if (header < SARN__RECORD_HEADER_BYTES || header > SARN__RECORD_HEADER_MAX ||
        header % 8 != 0) {
        return corrupt(error, position, "its header size is impossible");
    }
    if (payload > SARN_PAYLOAD_BYTES_MAX || header + padded(payload, 8) != bytes.size) {
        return corrupt(error, position, "its payload size does not fit");
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status check_links(uint64_t position,
                                             const struct sarn__record_links *links,
                                             struct sarn_error *error)
{
    bool first = links->version == 0;

    if (links->previous >= position || (links->previous == 0) != first ||
        (links->stream == 0 && !first)) {
        return corrupt(error, position, "its version and previous position disagree");
    }
    return SARN_OK;
}

static struct sarn__record_links get_links(const uint8_t *from)
{
    return (struct sarn__record_links){sarn__get_u64(from + AT_STREAM),
                                       sarn__get_u64(from + AT_VERSION),
                                       sarn__get_u64(from + AT_PREVIOUS)};
}

/* All that can be checked of the fixed fields. */
SARN_MUST_USE static sarn_status check_fixed(uint64_t position,
                                             struct sarn_str bytes,
                                             const struct sarn_hash *hash,
                                             struct sarn_error *error)
{
    const uint8_t *from = (const uint8_t *)bytes.data;
    struct sarn__record_links links;
    uint16_t flags;

    SARN__TRY(check_sizes(position, bytes, error));
    if (hash != NULL && checksum(position, hash, from, bytes.size) !=
                            sarn__get_u64(from + AT_CHECKSUM)) {
        return corrupt(error, position, "its checksum does not match");
    }
    flags = sarn__get_u16(from + AT_FLAGS);
    if (flags != 0) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "the record at position %llu is sealed, compressed or erased "
                          "(flags %u), which needs a newer version of Sarn",
                          (unsigned long long)position, flags);
    }
    links = get_links(from);
    return check_links(position, &links, error);
}

sarn_status sarn__record_decode(uint64_t position,
                                struct sarn_str bytes,
                                const struct sarn_hash *hash,
                                struct sarn__record *record,
                                struct sarn_error *error)
{
    const uint8_t *from = (const uint8_t *)bytes.data;
    struct sarn__record view;
    size_t header;

    SARN__TRY(check_fixed(position, bytes, hash, error));
    header = sarn__get_u16(from + AT_HEADER_SIZE);
    if (header == SARN__RECORD_HEADER_BYTES) { /* Nearly all: nothing can fail now. */
        get_fixed(from, record);
        record->position = position;
        return SARN_OK;
    }
    get_fixed(from, &view);
    view.position = position;
    if (get_extensions(from + SARN__RECORD_HEADER_BYTES, from + header, &view)) {
        return corrupt(error, position, "an extension does not fit its header");
    }
    *record = view;
    return SARN_OK;
}

sarn_status sarn__record_links(uint64_t position,
                               struct sarn_str bytes,
                               struct sarn__record_links *links,
                               struct sarn_error *error)
{
    const uint8_t *from = (const uint8_t *)bytes.data;
    struct sarn__record_links view;

    if (bytes.size < SARN__RECORD_HEADER_BYTES) {
        return corrupt(error, position, "it is shorter than a header");
    }
    view = get_links(from);
    SARN__TRY(check_links(position, &view, error));
    *links = view;
    return SARN_OK;
}
