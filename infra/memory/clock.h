/* clock.h - the clock port for tests: it shows what it was set to. */
#ifndef SARN_INFRA_MEMORY_CLOCK_H
#define SARN_INFRA_MEMORY_CLOCK_H

#include <stdatomic.h>

#include "ports/clock.h"

/* Set and read from any thread. All zero is 1970. */
struct sarn__memory_clock {
    _Atomic int64_t now_us;
};

/* The port; clock outlives it. */
struct sarn_clock sarn__memory_clock(struct sarn__memory_clock *clock);

#endif
