#include "infra/memory/random.h"

/* SplitMix64 (Steele, Lea, Flood 2014): a counter and a good mixer. */
uint64_t sarn__memory_random_next(struct sarn__memory_random *random)
{
    uint64_t mixed;

    random->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = random->state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

static sarn_status fill(void *self, void *memory, size_t size)
{
    struct sarn__memory_random *random = self;
    uint8_t *bytes = memory;
    uint64_t bits = 0;

    if (random->broken) {
        return SARN_ERR_IO;
    }
    for (size_t i = 0; i < size; i++) {
        bits = i % 8 == 0 ? sarn__memory_random_next(random) : bits >> 8;
        bytes[i] = (uint8_t)bits;
    }
    return SARN_OK;
}

struct sarn_random sarn__memory_random(struct sarn__memory_random *random)
{
    static const struct sarn_random_ops ops = {.fill = fill};

    return (struct sarn_random){.ops = &ops, .self = random};
}
