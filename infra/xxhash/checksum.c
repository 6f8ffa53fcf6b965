#include "infra/xxhash/checksum.h"

#include <xxhash.h>

uint64_t sarn__xxhash_checksum(void *self, uint64_t seed, const void *data, size_t size)
{
    (void)self;
    return XXH3_64bits_withSeed(data, size, seed);
}
