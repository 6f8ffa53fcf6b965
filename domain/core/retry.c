#include "core/retry.h"

#include <assert.h>
#include <string.h>

#define DEFAULT_INITIAL_US  INT64_C(100000)
#define DEFAULT_MAXIMUM_US  INT64_C(10000000)
#define DEFAULT_COEFFICIENT 2.0
#define DEFAULT_ATTEMPTS    3u

static int64_t initial_us(const struct sarn_retry *policy)
{
    return policy->initial_interval_us > 0 ? policy->initial_interval_us
                                           : DEFAULT_INITIAL_US;
}

/* An explicit first interval above the default maximum is meant: it is the maximum. */
static int64_t maximum_us(const struct sarn_retry *policy)
{
    int64_t first = initial_us(policy);

    if (policy->maximum_interval_us > 0) {
        return policy->maximum_interval_us;
    }
    return first > DEFAULT_MAXIMUM_US ? first : DEFAULT_MAXIMUM_US;
}

/* base to the power of exponent; saturates at infinity. By squaring, so that the number
 * of attempts does not become a number of rounds. */
static double power(double base, uint32_t exponent)
{
    double result = 1.0;

    for (; exponent > 0; exponent >>= 1) {
        if ((exponent & 1u) != 0) {
            result *= base;
        }
        base *= base;
    }
    return result;
}

static int64_t interval_us(const struct sarn_retry *policy, uint32_t attempt)
{
    double coefficient = policy->backoff_coefficient;
    double delay = 0;

    assert(attempt >= 1);
    /* Written so that a NaN takes the branch, too. */
    if (!(coefficient >= 1.0)) {
        coefficient = coefficient == 0.0 ? DEFAULT_COEFFICIENT : 1.0;
    }
    delay = (double)initial_us(policy) * power(coefficient, attempt - 1);
    /* Compared before it is converted: the product may not fit an int64_t. */
    if (delay >= (double)maximum_us(policy)) {
        return maximum_us(policy);
    }
    return (int64_t)delay;
}

/* The part of policy's jitter that random stands for, from 0 to less than 1. */
static double drawn(const struct sarn_retry *policy, uint64_t random)
{
    double jitter = policy->jitter > 1.0 ? 1.0 : policy->jitter;

    /* 53 bits are what a double can tell apart. */
    return jitter > 0.0 ? jitter * ((double)(random >> 11) * 0x1p-53) : 0.0;
}

int64_t
sarn__retry_delay_us(const struct sarn_retry *policy, uint32_t attempt, uint64_t random)
{
    int64_t interval = interval_us(policy, attempt);
    double less = (double)interval * drawn(policy, random);
    int64_t delay = interval;

    /* Compared before it is converted, as above. */
    if (less > 0.0) {
        delay = less >= (double)interval ? 1 : interval - (int64_t)less;
    }
    return delay > 0 ? delay : 1;
}

static uint32_t maximum_attempts(const struct sarn_retry *policy)
{
    return policy->maximum_attempts > 0 ? policy->maximum_attempts : DEFAULT_ATTEMPTS;
}

bool sarn__retry_is_left(const struct sarn_retry *policy, uint32_t attempt)
{
    return attempt < maximum_attempts(policy);
}

static bool retryable(const struct sarn_retry *policy, struct sarn_str code)
{
    for (uint32_t i = 0; i < policy->non_retryable_count; i++) {
        const char *listed = policy->non_retryable[i];

        if (strlen(listed) == code.size &&
            (code.size == 0 || memcmp(listed, code.data, code.size) == 0)) {
            return false;
        }
    }
    return true;
}

int64_t sarn__retry_at_us(const struct sarn_retry *policy,
                          uint32_t attempt,
                          struct sarn_str code,
                          uint64_t random,
                          int64_t now_us)
{
    int64_t delay = 0;

    if (!sarn__retry_is_left(policy, attempt) || !retryable(policy, code)) {
        return 0;
    }
    delay = sarn__retry_delay_us(policy, attempt, random);
    if (now_us < 0) {
        now_us = 0; /* A clock before 1970: the delay still holds, and is not 0. */
    }
    return now_us > INT64_MAX - delay ? INT64_MAX : now_us + delay;
}
