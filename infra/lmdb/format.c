#include "infra/lmdb/format.h"

#include <string.h>

#include "core/fail.h"

static const char magic[8] = {'s', 'a', 'r', 'n', ' ', 'l', 'o', 'g'};

/* In the value of "file". */
enum file_at {
    FILE_MAGIC = 0,
    FILE_FORMAT = 8,
    FILE_SIZE = 12,
    FILE_COMPATIBLE = 16,
    FILE_READ_ONLY_COMPATIBLE = 24,
    FILE_INCOMPATIBLE = 32,
    FILE_LOG_ID = 40,
    FILE_CREATED = 56,
    FILE_CHECKSUM = 120
};

/* In the value of "state". */
enum state_at {
    STATE_EPOCH = 0,
    STATE_THROUGH = 8,
    STATE_OWNER_PID = 16,
    STATE_SUMS_ROWS = 20,
    STATE_ROWS_SUM = 24,
    STATE_CHECKSUM = 56
};

static uint64_t get_u64(const char *bytes, size_t at)
{
    uint64_t value;

    memcpy(&value, bytes + at, sizeof(value));
    return value;
}

static uint32_t get_u32(const char *bytes, size_t at)
{
    uint32_t value;

    memcpy(&value, bytes + at, sizeof(value));
    return value;
}

static uint64_t checksum(const struct sarn_hash *hash, const void *bytes, size_t size)
{
    return hash->ops->checksum(hash->self, 0, bytes, size);
}

/* --- "file" --- */

void sarn__file_encode(const struct sarn__file *file,
                       const struct sarn_hash *hash,
                       uint8_t bytes[SARN__FILE_BYTES])
{
    uint32_t size = SARN__FILE_BYTES;
    uint64_t sum;

    memset(bytes, 0, SARN__FILE_BYTES);
    memcpy(bytes + FILE_MAGIC, magic, sizeof(magic));
    memcpy(bytes + FILE_FORMAT, &file->format, sizeof(file->format));
    memcpy(bytes + FILE_SIZE, &size, sizeof(size));
    memcpy(bytes + FILE_COMPATIBLE, &file->compatible, 8);
    memcpy(bytes + FILE_READ_ONLY_COMPATIBLE, &file->read_only_compatible, 8);
    memcpy(bytes + FILE_INCOMPATIBLE, &file->incompatible, 8);
    memcpy(bytes + FILE_LOG_ID, file->log_id.bytes, 16);
    memcpy(bytes + FILE_CREATED, &file->created_us, 8);
    sum = checksum(hash, bytes, FILE_CHECKSUM);
    memcpy(bytes + FILE_CHECKSUM, &sum, sizeof(sum));
}

SARN_MUST_USE static sarn_status
check_features(const struct sarn__file *file, bool writing, struct sarn_error *error)
{
    uint64_t unknown = file->incompatible & ~SARN__KNOWN_INCOMPATIBLE;

    if (file->format != SARN__FILE_FORMAT) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "the log has file format %u and this version of Sarn knows "
                          "format %u; use a newer version",
                          file->format, SARN__FILE_FORMAT);
    }
    if (unknown != 0) {
        return sarn__fail(
            error, SARN_ERR_UNSUPPORTED,
            "the log uses features that this version of Sarn does not know "
            "(incompatible bits 0x%llx); use a newer version",
            (unsigned long long)unknown);
    }
    unknown = file->read_only_compatible & ~SARN__KNOWN_READ_ONLY_COMPATIBLE;
    if (writing && unknown != 0) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "this version of Sarn can read the log but not write it "
                          "(read-only-compatible bits 0x%llx); use a newer version",
                          (unsigned long long)unknown);
    }
    return SARN_OK;
}

sarn_status sarn__file_decode(struct sarn_str bytes,
                              const struct sarn_hash *hash,
                              bool writing,
                              struct sarn__file *file,
                              struct sarn_error *error)
{
    struct sarn__file view;

    if (bytes.size < FILE_CHECKSUM ||
        memcmp(bytes.data + FILE_MAGIC, magic, sizeof(magic)) != 0) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "this is an LMDB file, but not a log of Sarn; check the path");
    }
    view.format = get_u32(bytes.data, FILE_FORMAT);
    if (view.format == SARN__FILE_FORMAT &&
        (bytes.size != SARN__FILE_BYTES || checksum(hash, bytes.data, FILE_CHECKSUM) !=
                                               get_u64(bytes.data, FILE_CHECKSUM))) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "the log's description of itself is damaged; restore the file "
            "from a backup");
    }
    view.compatible = get_u64(bytes.data, FILE_COMPATIBLE);
    view.read_only_compatible = get_u64(bytes.data, FILE_READ_ONLY_COMPATIBLE);
    view.incompatible = get_u64(bytes.data, FILE_INCOMPATIBLE);
    memcpy(view.log_id.bytes, bytes.data + FILE_LOG_ID, 16);
    view.created_us = (int64_t)get_u64(bytes.data, FILE_CREATED);
    SARN__TRY(check_features(&view, writing, error));
    *file = view;
    return SARN_OK;
}

/* --- "state" --- */

void sarn__file_state_encode(const struct sarn__file_state *state,
                             const struct sarn_hash *hash,
                             uint8_t bytes[SARN__STATE_BYTES])
{
    uint32_t sums_rows = state->sums_rows ? 1 : 0;
    uint64_t sum;

    memset(bytes, 0, SARN__STATE_BYTES);
    memcpy(bytes + STATE_EPOCH, &state->epoch, 8);
    memcpy(bytes + STATE_THROUGH, &state->through, 8);
    memcpy(bytes + STATE_OWNER_PID, &state->owner_pid, 4);
    memcpy(bytes + STATE_SUMS_ROWS, &sums_rows, 4);
    memcpy(bytes + STATE_ROWS_SUM, &state->rows_sum, 8);
    sum = checksum(hash, bytes, STATE_CHECKSUM);
    memcpy(bytes + STATE_CHECKSUM, &sum, sizeof(sum));
}

sarn_status sarn__file_state_decode(struct sarn_str bytes,
                                    const struct sarn_hash *hash,
                                    struct sarn__file_state *state,
                                    struct sarn_error *error)
{
    if (bytes.size != SARN__STATE_BYTES || checksum(hash, bytes.data, STATE_CHECKSUM) !=
                                               get_u64(bytes.data, STATE_CHECKSUM)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the log's stored epoch is damaged; restore the file from a "
                          "backup");
    }
    state->epoch = get_u64(bytes.data, STATE_EPOCH);
    state->through = get_u64(bytes.data, STATE_THROUGH);
    state->owner_pid = get_u32(bytes.data, STATE_OWNER_PID);
    state->sums_rows = get_u32(bytes.data, STATE_SUMS_ROWS) != 0;
    state->rows_sum = get_u64(bytes.data, STATE_ROWS_SUM);
    return SARN_OK;
}

/* --- rows --- */

uint64_t sarn__row_checksum(const struct sarn_hash *hash,
                            struct sarn_str stored_key,
                            struct sarn_str value)
{
    uint64_t seed =
        hash->ops->checksum(hash->self, 0, stored_key.data, stored_key.size);

    return hash->ops->checksum(hash->self, seed, value.data, value.size);
}
