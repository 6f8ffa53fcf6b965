#include "support/linear.h"

#include <stdio.h>

#include "sarn/module.h"

uint64_t linear_mix(uint64_t hash, uint64_t value)
{
    uint64_t z = (hash ^ value) + UINT64_C(0x9e3779b97f4a7c15); /* splitmix64's end */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t linear_hash_add(uint64_t hash, uint64_t content, uint32_t index)
{
    return linear_mix(linear_mix(hash, content), index + UINT64_C(1));
}

uint64_t linear_hash_all(const uint64_t hashes[LINEAR_STREAMS])
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < LINEAR_STREAMS; i++) {
        hash = linear_mix(hash, hashes[i]);
    }
    return hash;
}

bool linear_meets(uint64_t events, int64_t expected)
{
    if (expected == SARN_ANY) {
        return true;
    }
    if (expected == SARN_NO_STREAM) {
        return events == 0;
    }
    if (expected == SARN_STREAM_EXISTS) {
        return events > 0;
    }
    return events > 0 && events - 1 == (uint64_t)expected;
}

const char *linear_name(const struct linear_op *op, char text[64])
{
    static const char *const kinds[] = {"append", "read", "version", "load",
                                        "snapshot"};

    snprintf(text, 64, "%s %llu of client %u", kinds[op->kind],
             (unsigned long long)op->begun, op->client);
    return text;
}
