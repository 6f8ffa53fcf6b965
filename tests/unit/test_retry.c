/* domain/core/retry: when a failed attempt is made again. */
#include "core/retry.h"

#include <math.h>

#include "support/test.h"

#define MS INT64_C(1000)
#define S  INT64_C(1000000)

static void intervals_grow_up_to_the_maximum(void **unused)
{
    static const struct {
        struct sarn_retry policy;
        uint32_t attempt;
        int64_t delay_us;
    } rows[] = {
        /* All zero: 100 ms, doubling, at most 10 s. */
        {{0}, 1, 100 * MS},
        {{0}, 2, 200 * MS},
        {{0}, 7, 6400 * MS},
        {{0}, 8, 10 * S},
        {{0}, UINT32_MAX, 10 * S},
        {{.initial_interval_us = 1 * S,
          .maximum_interval_us = 5 * S,
          .backoff_coefficient = 3.0},
         2,
         3 * S},
        {{.initial_interval_us = 1 * S,
          .maximum_interval_us = 5 * S,
          .backoff_coefficient = 3.0},
         3,
         5 * S},
        /* Always the same. */
        {{.initial_interval_us = 7, .backoff_coefficient = 1.0}, UINT32_MAX, 7},
        /* A first interval above the default maximum is its own maximum. */
        {{.initial_interval_us = 60 * S}, 1, 60 * S},
        {{.initial_interval_us = 60 * S}, 9, 60 * S},
        /* A maximum below the first interval counts. */
        {{.initial_interval_us = 60 * S, .maximum_interval_us = 1}, 1, 1},
        /* Nothing overflows. */
        {{.initial_interval_us = INT64_MAX, .maximum_interval_us = INT64_MAX},
         9,
         INT64_MAX},
        {{.backoff_coefficient = 1e300, .maximum_interval_us = INT64_MAX},
         3,
         INT64_MAX},
        {{.backoff_coefficient = (double)INFINITY}, 2, 10 * S},
        {{.backoff_coefficient = (double)INFINITY}, 1, 100 * MS},
        /* Nonsense is at least no shorter than the first interval. */
        {{.backoff_coefficient = 0.5}, 4, 100 * MS},
        {{.backoff_coefficient = -2.0}, 4, 100 * MS},
        {{.backoff_coefficient = (double)NAN}, 4, 100 * MS},
        {{.initial_interval_us = -5, .maximum_interval_us = -5}, 1, 100 * MS},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t delay = sarn__retry_delay_us(&rows[i].policy, rows[i].attempt, 9);

        if (delay != rows[i].delay_us) {
            fail_msg("row %zu: %" PRId64 " and not %" PRId64, i, delay,
                     rows[i].delay_us);
        }
    }
}

static void attempts_and_codes_end_it(void **unused)
{
    static const char *const codes[] = {"card_declined", ""};
    static const struct {
        struct sarn_retry policy;
        uint32_t attempt;
        const char *code;
        int64_t now_us, at_us;
    } rows[] = {
        {{0}, 1, "x", 5, 5 + 100 * MS},
        {{0}, 2, "x", 5, 5 + 200 * MS},
        {{0}, 3, "x", 5, 0}, /* Three attempts by default. */
        {{.maximum_attempts = 1}, 1, "x", 5, 0},
        {{.maximum_attempts = 4}, 3, "x", 0, 400 * MS},
        {{.maximum_attempts = 4}, 4, "x", 0, 0},
        {{.maximum_attempts = 4}, 9, "x", 0, 0},
        {{.non_retryable_count = 1, .non_retryable = codes}, 1, "card_declined", 5, 0},
        {{.non_retryable_count = 1, .non_retryable = codes},
         1,
         "card_declined2",
         0,
         100 * MS},
        {{.non_retryable_count = 1, .non_retryable = codes}, 1, "card", 0, 100 * MS},
        {{.non_retryable_count = 1, .non_retryable = codes}, 1, NULL, 0, 100 * MS},
        {{.non_retryable_count = 2, .non_retryable = codes}, 1, NULL, 0, 0},
        /* The end of time, and before its beginning. */
        {{0}, 1, "x", INT64_MAX, INT64_MAX},
        {{0}, 1, "x", INT64_MAX - 1, INT64_MAX},
        {{0}, 1, "x", -1, 100 * MS},
        {{0}, 1, "x", -100 * MS, 100 * MS},
        {{0}, 1, "x", INT64_MIN, 100 * MS},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t at = sarn__retry_at_us(&rows[i].policy, rows[i].attempt,
                                       sarn_str(rows[i].code), 9, rows[i].now_us);

        if (at != rows[i].at_us) {
            fail_msg("row %zu: %" PRId64 " and not %" PRId64, i, at, rows[i].at_us);
        }
    }
}

static void jitter_takes_away_its_part_by_chance(void **unused)
{
    static const struct {
        double jitter;
        uint64_t random;
        int64_t delay_us;
    } rows[] = {
        {0.0, UINT64_MAX, 100 * MS},
        {0.5, 0, 100 * MS},
        {0.5, UINT64_C(1) << 63, 75 * MS},
        {0.5, UINT64_MAX, 50 * MS + 1}, /* Never all of its part. */
        {1.0, UINT64_C(1) << 63, 50 * MS},
        {1.0, UINT64_MAX, 1},              /* Never 0: that would be no retry. */
        {7.0, UINT64_C(1) << 63, 50 * MS}, /* As 1. */
        {-1.0, UINT64_MAX, 100 * MS},      /* As 0. */
        {(double)NAN, UINT64_MAX, 100 * MS},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_retry policy = {.jitter = rows[i].jitter};
        int64_t delay = sarn__retry_delay_us(&policy, 1, rows[i].random);

        if (delay != rows[i].delay_us) {
            fail_msg("row %zu: %" PRId64 " and not %" PRId64, i, delay,
                     rows[i].delay_us);
        }
    }
}

static void the_end_of_time_has_jitter_too(void **unused)
{
    struct sarn_retry policy = {.initial_interval_us = INT64_MAX,
                                .maximum_interval_us = INT64_MAX,
                                .jitter = 1.0};

    (void)unused;
    for (uint32_t shift = 0; shift < 64; shift++) {
        int64_t delay = sarn__retry_delay_us(&policy, 1, UINT64_MAX << shift);

        assert_true(delay >= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_grow_up_to_the_maximum),
        cmocka_unit_test(attempts_and_codes_end_it),
        cmocka_unit_test(jitter_takes_away_its_part_by_chance),
        cmocka_unit_test(the_end_of_time_has_jitter_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
