/* checksum.h - the checksum half of the hash port, over xxHash. */
#ifndef SARN_INFRA_XXHASH_CHECKSUM_H
#define SARN_INFRA_XXHASH_CHECKSUM_H

#include "ports/hash.h"

/* struct sarn_hash_ops.checksum; self is not looked at. [any thread] */
uint64_t
sarn__xxhash_checksum(void *self, uint64_t seed, const void *data, size_t size);

#endif
