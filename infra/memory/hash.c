#include "infra/memory/hash.h"

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x00000100000001b3)
#define LANES      4u

static uint64_t fold(uint64_t hash, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * FNV_PRIME;
    }
    return hash;
}

/* FNV leaves the high bits of short input alike; this spreads them. */
static uint64_t spread(uint64_t hash)
{
    hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
    return hash ^ hash >> 31;
}

static uint64_t checksum(void *self, uint64_t seed, const void *data, size_t size)
{
    (void)self;
    return spread(fold(FNV_OFFSET ^ spread(seed), data, size) + size);
}

static sarn_status digest(void *self,
                          const struct sarn_str *parts,
                          uint32_t count,
                          uint8_t result[SARN__DIGEST_BYTES])
{
    (void)self;
    for (uint32_t lane = 0; lane < LANES; lane++) {
        uint64_t hash = spread(FNV_OFFSET + lane);

        for (uint32_t i = 0; i < count; i++) {
            hash = fold(hash, parts[i].data, parts[i].size);
        }
        hash = spread(hash);
        for (uint32_t i = 0; i < 8; i++) {
            result[lane * 8 + i] = (uint8_t)(hash >> (8 * i));
        }
    }
    return SARN_OK;
}

struct sarn_hash sarn__memory_hash(void)
{
    static const struct sarn_hash_ops ops = {.checksum = checksum, .digest = digest};

    return (struct sarn_hash){.ops = &ops};
}
