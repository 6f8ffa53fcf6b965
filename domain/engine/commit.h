/* commit.h - the commit record: one per append, chaining all appends by their hashes.
 *
 *   0 u16 format (1)   2 u16 flags (0)   4 u32 count      8 u64 epoch
 *  16 u64 first       24 u64 last       32 i64 time_us   40 previous commit's hash (32)
 *  72 hash (32)      104 reserved (48, zero)            152 u64 checksum
 *
 * hash is made in groups of 64 records: h = bytes 0..71 of this record; for each group
 * h = SHA-256 of h and the SHA-256 of each record's stored bytes, in order; hash is the
 * last h. So with up to 64 records it is one SHA-256 over the head and the digests. It
 * does not depend on LMDB's layout, and can still be checked when only the digest of an
 * erased record is kept. The checksum is XXH3-64 over the 152 bytes before it, seeded
 * with last. The first commit's previous hash is zero.
 */
#ifndef SARN_ENGINE_COMMIT_H
#define SARN_ENGINE_COMMIT_H

#include "ports/hash.h"
#include "ports/journal.h"

struct sarn__commit {
    uint32_t count;
    uint64_t epoch, first, last;
    int64_t time_us;
    uint8_t previous_hash[SARN__DIGEST_BYTES];
    uint8_t hash[SARN__DIGEST_BYTES];
};

/* The making of hash, record by record. */
#define SARN__COMMIT_GROUP      64u
#define SARN__COMMIT_HEAD_BYTES 72u

struct sarn__commit_hasher {
    const struct sarn_hash *hash;
    uint32_t state_bytes, count;
    uint8_t state[SARN__COMMIT_HEAD_BYTES];
    uint8_t digests[SARN__COMMIT_GROUP][SARN__DIGEST_BYTES];
};

/* Begin with all members of commit but hash; hash outlives the hasher. */
void sarn__commit_hasher_init(struct sarn__commit_hasher *hasher,
                              const struct sarn__commit *commit,
                              const struct sarn_hash *hash);
SARN_MUST_USE sarn_status sarn__commit_hasher_add(struct sarn__commit_hasher *hasher,
                                                  struct sarn_str record);
/* The same for a record of which only the digest is known. */
SARN_MUST_USE sarn_status sarn__commit_hasher_add_digest(
    struct sarn__commit_hasher *hasher, const uint8_t digest[SARN__DIGEST_BYTES]);
/* At least one record was added. */
SARN_MUST_USE sarn_status sarn__commit_hasher_end(struct sarn__commit_hasher *hasher,
                                                  uint8_t digest[SARN__DIGEST_BYTES]);

/* Digest records into commit->hash (all other members are set) and encode it.
 * [any thread]: the committer does this, beside the engine. */
SARN_MUST_USE sarn_status sarn__commit_seal(struct sarn__commit *commit,
                                            const struct sarn_str *records,
                                            const struct sarn_hash *hash,
                                            uint8_t bytes[SARN__COMMIT_BYTES]);

/* SARN_ERR_CORRUPT: names what; SARN_ERR_UNSUPPORTED: newer. */
SARN_MUST_USE sarn_status sarn__commit_decode(uint64_t position,
                                              struct sarn_str bytes,
                                              const struct sarn_hash *hash,
                                              struct sarn__commit *commit,
                                              struct sarn_error *error);

#endif
