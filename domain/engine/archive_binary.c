/* The binary format of an archive: docs/archive.md. A head, then frames, each of them
 *   0 u32 kind   4 u32 size   8 u64 position   16 the value, size bytes
 * Records and commits are as they lie in the log and carry their own checksums, which
 * their positions are part of; head and end mark have one each. */
#include <string.h>

#include "core/fail.h"
#include "engine/archive.h"
#include "engine/bytes.h"
#include "engine/log.h"

#define FORMAT 1u

#define HEAD_BYTES  128u
#define FRAME_BYTES 16u
#define END_BYTES   48u

/* In the head. */
enum {
    AT_FORMAT = 8,
    AT_SIZE = 12,
    AT_LOG_ID = 16,
    AT_BEGIN = 32,
    AT_BEGIN_TIME = 40,
    AT_BEGIN_HASH = 48,
    AT_CHECKSUM = 120
};
/* In the value of the end mark. */
enum { AT_END_TIME = 0, AT_END_HASH = 8, AT_END_CHECKSUM = 40 };

static const char magic[8] = {'s', 'a', 'r', 'n', ' ', 'a', 'r', 'c'};

static uint64_t
checksum(const struct sarn_hash *hash, uint64_t seed, const uint8_t *bytes, size_t size)
{
    return hash->ops->checksum(hash->self, seed, bytes, size);
}

/* --- out --- */

static sarn_status put_head(const struct sarn_hash *hash,
                            const struct sarn__archive_entry *entry,
                            struct sarn__archive_out *out,
                            struct sarn_error *error)
{
    uint8_t bytes[HEAD_BYTES] = {0};

    memcpy(bytes, magic, sizeof(magic));
    sarn__put_u32(bytes + AT_FORMAT, FORMAT);
    sarn__put_u32(bytes + AT_SIZE, HEAD_BYTES);
    memcpy(bytes + AT_LOG_ID, entry->log_id.bytes, sizeof(entry->log_id.bytes));
    sarn__put_u64(bytes + AT_BEGIN, entry->end.position);
    sarn__put_u64(bytes + AT_BEGIN_TIME, (uint64_t)entry->end.time_us);
    memcpy(bytes + AT_BEGIN_HASH, entry->end.hash, sizeof(entry->end.hash));
    sarn__put_u64(bytes + AT_CHECKSUM, checksum(hash, 0, bytes, AT_CHECKSUM));
    return sarn__archive_put(out, bytes, sizeof(bytes), error);
}

static sarn_status put_frame(const struct sarn__archive_entry *entry,
                             struct sarn_str value,
                             struct sarn__archive_out *out,
                             struct sarn_error *error)
{
    uint8_t frame[FRAME_BYTES];
    size_t before = out->size;
    sarn_status status;

    sarn__put_u32(frame, (uint32_t)entry->kind);
    sarn__put_u32(frame + 4, value.size);
    sarn__put_u64(frame + 8, entry->position);
    SARN__TRY(sarn__archive_put(out, frame, sizeof(frame), error));
    status = sarn__archive_put(out, value.data, value.size, error);
    if (status != SARN_OK) {
        out->size = before;
    }
    return status;
}

static sarn_status put_end(const struct sarn_hash *hash,
                           const struct sarn__archive_entry *entry,
                           struct sarn__archive_out *out,
                           struct sarn_error *error)
{
    uint8_t bytes[END_BYTES];

    sarn__put_u64(bytes + AT_END_TIME, (uint64_t)entry->end.time_us);
    memcpy(bytes + AT_END_HASH, entry->end.hash, sizeof(entry->end.hash));
    sarn__put_u64(bytes + AT_END_CHECKSUM,
                  checksum(hash, entry->position, bytes, AT_END_CHECKSUM));
    return put_frame(entry, (struct sarn_str){(const char *)bytes, sizeof(bytes)}, out,
                     error);
}

static sarn_status put(void *self,
                       const struct sarn__archive_entry *entry,
                       struct sarn__archive_out *out,
                       struct sarn_error *error)
{
    const sarn_log *log = self;

    switch (entry->kind) {
    case SARN__ARCHIVE_HEAD:
        return put_head(&log->ports.hash, entry, out, error);
    case SARN__ARCHIVE_RECORD:
    case SARN__ARCHIVE_COMMIT:
        return put_frame(entry, entry->bytes, out, error);
    case SARN__ARCHIVE_END:
        return put_end(&log->ports.hash, entry, out, error);
    }
    return SARN_ERR_INVALID;
}

static void nothing_to_destroy(void *self)
{
    (void)self;
}

sarn_status sarn__archive_binary_encoder(sarn_log *log,
                                         struct sarn__archive_encoder *encoder,
                                         struct sarn_error *error)
{
    static const struct sarn__archive_encoder_ops ops = {.put = put,
                                                         .destroy = nothing_to_destroy};

    (void)error;
    *encoder = (struct sarn__archive_encoder){.ops = &ops, .self = log};
    return SARN_OK;
}

/* --- in --- */

static bool is_head(struct sarn_str bytes)
{
    return memcmp(bytes.data, magic, sizeof(magic)) == 0;
}

SARN_MUST_USE static sarn_status bound(uint32_t kind, uint32_t *max)
{
    switch (kind) {
    case SARN__ARCHIVE_RECORD:
        *max = SARN__VALUE_BYTES_MAX;
        return SARN_OK;
    case SARN__ARCHIVE_COMMIT:
        *max = SARN__COMMIT_BYTES;
        return SARN_OK;
    case SARN__ARCHIVE_END:
        *max = END_BYTES;
        return SARN_OK;
    default:
        return SARN_ERR_CORRUPT;
    }
}

static sarn_status cut(void *self,
                       struct sarn_str bytes,
                       size_t seen,
                       uint32_t *entry_bytes,
                       struct sarn_error *error)
{
    uint32_t kind, size, max;

    (void)self;
    (void)seen;
    *entry_bytes = 0;
    if (bytes.size < FRAME_BYTES) {
        return SARN_OK;
    }
    if (is_head(bytes)) {
        *entry_bytes = HEAD_BYTES;
        return SARN_OK;
    }
    kind = sarn__get_u32(bytes.data);
    size = sarn__get_u32(bytes.data + 4);
    if (bound(kind, &max) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "what is there is neither a record nor a commit (kind %u)",
                          kind);
    }
    if (size == 0 || size > max || size % 8 != 0) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "what is there has %u bytes, and may have %u", size, max);
    }
    *entry_bytes = FRAME_BYTES + size;
    return SARN_OK;
}

static sarn_status take_head(const struct sarn_hash *hash,
                             const uint8_t *bytes,
                             struct sarn__archive_entry *entry,
                             struct sarn_error *error)
{
    if (sarn__get_u32(bytes + AT_SIZE) != HEAD_BYTES ||
        checksum(hash, 0, bytes, AT_CHECKSUM) != sarn__get_u64(bytes + AT_CHECKSUM)) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "its head is damaged");
    }
    if (sarn__get_u32(bytes + AT_FORMAT) != FORMAT) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "the archive has format %u and this version of Sarn reads "
                          "format %u; use a newer one",
                          sarn__get_u32(bytes + AT_FORMAT), FORMAT);
    }
    *entry = (struct sarn__archive_entry){
        .kind = SARN__ARCHIVE_HEAD,
        .end = {.position = sarn__get_u64(bytes + AT_BEGIN),
                .time_us = (int64_t)sarn__get_u64(bytes + AT_BEGIN_TIME)}};
    memcpy(entry->log_id.bytes, bytes + AT_LOG_ID, sizeof(entry->log_id.bytes));
    memcpy(entry->end.hash, bytes + AT_BEGIN_HASH, sizeof(entry->end.hash));
    return SARN_OK;
}

static sarn_status take_end(const struct sarn_hash *hash,
                            uint64_t position,
                            struct sarn_str value,
                            struct sarn__archive_entry *entry,
                            struct sarn_error *error)
{
    const uint8_t *bytes = (const uint8_t *)value.data;

    if (value.size != END_BYTES || checksum(hash, position, bytes, AT_END_CHECKSUM) !=
                                       sarn__get_u64(bytes + AT_END_CHECKSUM)) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "the end mark is damaged");
    }
    *entry = (struct sarn__archive_entry){
        .kind = SARN__ARCHIVE_END,
        .position = position,
        .end = {.position = position,
                .time_us = (int64_t)sarn__get_u64(bytes + AT_END_TIME)}};
    memcpy(entry->end.hash, bytes + AT_END_HASH, sizeof(entry->end.hash));
    return SARN_OK;
}

static sarn_status take(void *self,
                        struct sarn_str bytes,
                        struct sarn__archive_entry *entry,
                        struct sarn_error *error)
{
    const struct sarn_ports *ports = self;
    const uint8_t *from = (const uint8_t *)bytes.data;
    struct sarn_str value;
    uint64_t position;
    uint32_t kind;

    if (is_head(bytes)) {
        return take_head(&ports->hash, from, entry, error);
    }
    kind = sarn__get_u32(from);
    position = sarn__get_u64(from + 8);
    value = (struct sarn_str){bytes.data + FRAME_BYTES, bytes.size - FRAME_BYTES};
    if (kind == SARN__ARCHIVE_END) {
        return take_end(&ports->hash, position, value, entry, error);
    }
    *entry = (struct sarn__archive_entry){.kind = kind == SARN__ARCHIVE_RECORD
                                                      ? SARN__ARCHIVE_RECORD
                                                      : SARN__ARCHIVE_COMMIT,
                                          .position = position,
                                          .bytes = value};
    return SARN_OK;
}

sarn_status sarn__archive_binary_decoder(const struct sarn_ports *ports,
                                         struct sarn__archive_decoder *decoder,
                                         struct sarn_error *error)
{
    static const struct sarn__archive_decoder_ops ops = {
        .cut = cut, .take = take, .destroy = nothing_to_destroy};

    (void)error;
    *decoder = (struct sarn__archive_decoder){
        .ops = &ops, .self = (void *)(uintptr_t)ports}; /* Only read. */
    return SARN_OK;
}
