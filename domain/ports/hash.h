/* hash.h - the port to checksums and digests.
 *
 * Threads: every method from any thread at once.
 */
#ifndef SARN_PORTS_HASH_H
#define SARN_PORTS_HASH_H

#include "sarn/types.h"

#define SARN__DIGEST_BYTES 32u

struct sarn_hash_ops {
    /* XXH3, 64 bits, with seed. (github.com/Cyan4973/xxHash, XXH3_64bits_withSeed) */
    uint64_t (*checksum)(void *self, uint64_t seed, const void *data, size_t size);
    /* SHA-256 (FIPS 180-4) of the parts, one after the other. */
    sarn_status (*digest)(void *self,
                          const struct sarn_str *parts,
                          uint32_t count,
                          uint8_t digest[SARN__DIGEST_BYTES]);
};

struct sarn_hash {
    const struct sarn_hash_ops *ops;
    void *self;
};

#endif
