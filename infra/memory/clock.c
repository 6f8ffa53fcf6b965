#include "infra/memory/clock.h"

static int64_t now_us(void *self)
{
    struct sarn__memory_clock *clock = self;

    return atomic_load(&clock->now_us);
}

struct sarn_clock sarn__memory_clock(struct sarn__memory_clock *clock)
{
    static const struct sarn_clock_ops ops = {.now_us = now_us};

    return (struct sarn_clock){.ops = &ops, .self = clock};
}
