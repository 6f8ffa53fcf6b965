/* clock.h - the port to wall-clock time: microseconds since 1970 UTC. May jump either
 * way; the engine never lets recorded time go back.
 *
 * Threads: any.
 */
#ifndef SARN_PORTS_CLOCK_H
#define SARN_PORTS_CLOCK_H

#include <stdint.h>

struct sarn_clock_ops {
    int64_t (*now_us)(void *self);
};

struct sarn_clock {
    const struct sarn_clock_ops *ops;
    void *self;
};

#endif
