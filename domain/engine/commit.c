#include "engine/commit.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"

#define COMMIT_FORMAT 1u

/* Where the fields are; commit.h has the table. */
enum at {
    AT_FORMAT = 0,
    AT_FLAGS = 2,
    AT_COUNT = 4,
    AT_EPOCH = 8,
    AT_FIRST = 16,
    AT_LAST = 24,
    AT_TIME = 32,
    AT_PREVIOUS_HASH = 40,
    AT_HASH = 72,
    AT_CHECKSUM = 152
};

static bool is_whole(const struct sarn__commit *commit)
{
    return commit->count != 0 && commit->first != 0 && commit->last >= commit->first &&
           commit->last - commit->first == commit->count - 1;
}

/* The bytes that are hashed: everything before the hash. */
static void put_head(const struct sarn__commit *commit,
                     uint8_t bytes[SARN__COMMIT_HEAD_BYTES])
{
    memset(bytes, 0, SARN__COMMIT_HEAD_BYTES);
    sarn__put_u16(bytes + AT_FORMAT, COMMIT_FORMAT);
    sarn__put_u32(bytes + AT_COUNT, commit->count);
    sarn__put_u64(bytes + AT_EPOCH, commit->epoch);
    sarn__put_u64(bytes + AT_FIRST, commit->first);
    sarn__put_u64(bytes + AT_LAST, commit->last);
    sarn__put_u64(bytes + AT_TIME, (uint64_t)commit->time_us);
    memcpy(bytes + AT_PREVIOUS_HASH, commit->previous_hash, SARN__DIGEST_BYTES);
}

static uint64_t
checksum(uint64_t last, const struct sarn_hash *hash, const uint8_t *bytes)
{
    return hash->ops->checksum(hash->self, last, bytes, AT_CHECKSUM);
}

/* --- the hash --- */

/* Fold the digests gathered so far into the state. */
SARN_MUST_USE static sarn_status fold(struct sarn__commit_hasher *hasher)
{
    const struct sarn_str parts[] = {
        {(const char *)hasher->state, hasher->state_bytes},
        {(const char *)hasher->digests, hasher->count * SARN__DIGEST_BYTES}};
    uint8_t digest[SARN__DIGEST_BYTES];

    SARN__TRY(hasher->hash->ops->digest(hasher->hash->self, parts, 2, digest));
    memcpy(hasher->state, digest, sizeof(digest));
    hasher->state_bytes = SARN__DIGEST_BYTES;
    hasher->count = 0;
    return SARN_OK;
}

void sarn__commit_hasher_init(struct sarn__commit_hasher *hasher,
                              const struct sarn__commit *commit,
                              const struct sarn_hash *hash)
{
    hasher->hash = hash;
    hasher->state_bytes = SARN__COMMIT_HEAD_BYTES;
    hasher->count = 0;
    put_head(commit, hasher->state);
}

sarn_status sarn__commit_hasher_add_digest(struct sarn__commit_hasher *hasher,
                                           const uint8_t digest[SARN__DIGEST_BYTES])
{
    if (hasher->count == SARN__COMMIT_GROUP) {
        SARN__TRY(fold(hasher));
    }
    memcpy(hasher->digests[hasher->count], digest, SARN__DIGEST_BYTES);
    hasher->count += 1;
    return SARN_OK;
}

sarn_status sarn__commit_hasher_add(struct sarn__commit_hasher *hasher,
                                    struct sarn_str record)
{
    const struct sarn_hash *hash = hasher->hash;
    uint8_t digest[SARN__DIGEST_BYTES];

    SARN__TRY(hash->ops->digest(hash->self, &record, 1, digest));
    return sarn__commit_hasher_add_digest(hasher, digest);
}

sarn_status sarn__commit_hasher_end(struct sarn__commit_hasher *hasher,
                                    uint8_t digest[SARN__DIGEST_BYTES])
{
    assert(hasher->count != 0); /* A full group is folded by the next record only. */
    SARN__TRY(fold(hasher));
    memcpy(digest, hasher->state, SARN__DIGEST_BYTES);
    return SARN_OK;
}

/* --- the record --- */

sarn_status sarn__commit_seal(struct sarn__commit *commit,
                              const struct sarn_str *records,
                              const struct sarn_hash *hash,
                              uint8_t bytes[SARN__COMMIT_BYTES])
{
    struct sarn__commit_hasher hasher;
    uint8_t digest[SARN__DIGEST_BYTES];

    assert(is_whole(commit));
    sarn__commit_hasher_init(&hasher, commit, hash);
    for (uint32_t i = 0; i < commit->count; i++) {
        SARN__TRY(sarn__commit_hasher_add(&hasher, records[i]));
    }
    SARN__TRY(sarn__commit_hasher_end(&hasher, digest));
    memcpy(commit->hash, digest, sizeof(digest));
    memset(bytes, 0, SARN__COMMIT_BYTES);
    put_head(commit, bytes);
    memcpy(bytes + AT_HASH, digest, sizeof(digest));
    sarn__put_u64(bytes + AT_CHECKSUM, checksum(commit->last, hash, bytes));
    return SARN_OK;
}

SARN_MUST_USE static sarn_status
corrupt(struct sarn_error *error, uint64_t position, const char *what)
{
    return sarn__fail(error, SARN_ERR_CORRUPT,
                      "the commit record at position %llu is damaged: %s; restore the "
                      "file from a backup",
                      (unsigned long long)position, what);
}

sarn_status sarn__commit_decode(uint64_t position,
                                struct sarn_str bytes,
                                const struct sarn_hash *hash,
                                struct sarn__commit *commit,
                                struct sarn_error *error)
{
    const uint8_t *from = (const uint8_t *)bytes.data;
    struct sarn__commit view;

    if (bytes.size != SARN__COMMIT_BYTES) {
        return corrupt(error, position, "its size is wrong");
    }
    if (checksum(position, hash, from) != sarn__get_u64(from + AT_CHECKSUM)) {
        return corrupt(error, position, "its checksum does not match");
    }
    if (sarn__get_u16(from + AT_FORMAT) != COMMIT_FORMAT ||
        sarn__get_u16(from + AT_FLAGS) != 0) {
        return sarn__fail(
            error, SARN_ERR_UNSUPPORTED,
            "the commit record at position %llu has format %u and flags %u, "
            "which needs a newer version of Sarn",
            (unsigned long long)position, sarn__get_u16(from + AT_FORMAT),
            sarn__get_u16(from + AT_FLAGS));
    }
    view.count = sarn__get_u32(from + AT_COUNT);
    view.epoch = sarn__get_u64(from + AT_EPOCH);
    view.first = sarn__get_u64(from + AT_FIRST);
    view.last = sarn__get_u64(from + AT_LAST);
    view.time_us = (int64_t)sarn__get_u64(from + AT_TIME);
    memcpy(view.previous_hash, from + AT_PREVIOUS_HASH, SARN__DIGEST_BYTES);
    memcpy(view.hash, from + AT_HASH, SARN__DIGEST_BYTES);
    if (!is_whole(&view) || view.last != position) {
        return corrupt(error, position, "its positions disagree");
    }
    *commit = view;
    return SARN_OK;
}
