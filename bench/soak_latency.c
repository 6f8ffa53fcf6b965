#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "soak.h"

#define PARTS_LOG2 5u /* Each power of two is cut into so many parts, as a power. */

int64_t soak_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void soak_sleep_until(int64_t time_us)
{
    struct timespec until = {.tv_sec = time_us / 1000000,
                             .tv_nsec = time_us % 1000000 * 1000};

    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* Values under 2^PARTS_LOG2 have a bucket each. */
static uint32_t bucket_of(uint64_t us)
{
    uint32_t shift = 0;

    while (us >> shift >= UINT64_C(2) << PARTS_LOG2) {
        shift += 1;
    }
    return (shift << PARTS_LOG2) + (uint32_t)(us >> shift);
}

/* The middle of what falls into it. */
static double middle_of(uint32_t bucket)
{
    uint32_t shift = bucket < 2u << PARTS_LOG2 ? 0 : (bucket >> PARTS_LOG2) - 1;
    uint64_t low = (uint64_t)(bucket - (shift << PARTS_LOG2)) << shift;

    return (double)low + (double)((UINT64_C(1) << shift) - 1) / 2;
}

void soak_latency_add(struct soak_latency *latency, int64_t us)
{
    uint64_t value = us > 0 ? (uint64_t)us : 0;
    uint32_t bucket = bucket_of(value);

    latency->count += 1;
    latency->max_us = value > latency->max_us ? value : latency->max_us;
    latency->buckets[bucket < SOAK_BUCKETS ? bucket : SOAK_BUCKETS - 1] += 1;
}

double soak_latency_ms(const struct soak_latency *latency, double part)
{
    uint64_t wanted = (uint64_t)((double)latency->count * part);
    uint64_t passed = 0;

    for (uint32_t i = 0; i < SOAK_BUCKETS; i++) {
        passed += latency->buckets[i];
        if (passed > wanted) {
            return middle_of(i) / 1000;
        }
    }
    return (double)latency->max_us / 1000;
}
