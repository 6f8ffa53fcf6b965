/* retry.h - when a failed attempt is made again: pure arithmetic over a struct
 * sarn_retry.
 *
 * A member that is zero has its default: 3 attempts, 100 ms, doubling, at most 10 s.
 * Nothing here overflows, whatever the policy says: times saturate at INT64_MAX.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_RETRY_H
#define SARN_CORE_RETRY_H

#include "sarn/workflow.h"

/* How long to wait after failed attempt number attempt (from 1): at least 1 us, so that
 * a time to try again is never 0. random decides how much of the jitter is left out:
 * the delay is between (1 - jitter) times the interval and the whole of it. */
int64_t sarn__retry_delay_us(const struct sarn_retry *policy,
                             uint32_t attempt,
                             uint64_t random);

/* May an attempt follow number attempt at all? */
bool sarn__retry_is_left(const struct sarn_retry *policy, uint32_t attempt);

/* When the attempt after number attempt, which failed at now_us with code, is due.
 * 0: not at all, since the attempts are used up or code is not retryable. */
int64_t sarn__retry_at_us(const struct sarn_retry *policy,
                          uint32_t attempt,
                          struct sarn_str code,
                          uint64_t random,
                          int64_t now_us);

#endif
