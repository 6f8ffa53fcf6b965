/* domain/modules/compliance: verdicts and the sliding window, as traces. */
#include <string.h>

#include "support/profile.h"

/* --- limits --- */

static void limits_are_positive_and_set_once_on_the_same_terms(void **state)
{
    struct given *g = *state;
    static const char answer[] =
        "rejected: compliance-7 needs limits that are positive, "
        "each of them, and a currency";

    assert_string_equal(profile_limit(g, 0, 1, 1), answer);
    assert_string_equal(profile_limit(g, 1, -1, 1), answer);
    assert_string_equal(profile_limit(g, 1, 1, 0), answer);
    assert_string_equal(
        profile_limit(g, 1000, 2000, 10),
        "LimitsSet limits.transaction=1000 limits.window_sum=2000 "
        "limits.window_us=86400000000 limits.window_count=10 limits.currency=CZK");
    assert_string_equal(profile_limit(g, 1000, 2000, 10), "nothing");
    assert_string_not_equal(profile_limit(g, 1000, 2001, 10), "nothing");
}

static void who_has_no_limits_moves_nothing(void **state)
{
    struct given *g = *state;

    assert_string_equal(profile_screen(g, "t1", 1), "REFUSE 0: 2");
    assert_string_equal(
        profile_pass(g, "t1", 1),
        "rejected: transaction t1 is refused: no limits are set for the user");
}

static void what_is_over_a_limit_is_refused_and_does_not_count(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    assert_string_equal(profile_screen(g, "t1", 1001), "REFUSE 0: 4");
    assert_string_equal(profile_pass(g, "t1", 1001),
                        "rejected: transaction t1 is refused: it is over the user's "
                        "limit of one transaction");
    assert_int_equal(profile_in_window(g).count, 0);
}

static void another_currency_is_refused(void **state)
{
    struct given *g = *state;
    const struct compliance_screen euros = {
        .transaction = SARN_STR("t1"),
        .amount = {.minor = 1, .currency = PAYMENTS_CURRENCY_EUR},
        .fully_verified = true};

    profile_limit_usually(g);
    assert_string_equal(
        when(g, &compliance_screen_type, &euros),
        "TransactionScreened transaction=t1 amount.minor=1 amount.currency=EUR "
        "band=REFUSE refusal=CURRENCY screened_us=86400000000000");
    assert_string_equal(profile_pass(g, "t1", 1),
                        "rejected: transaction t1 is refused: the user's limits are in "
                        "another currency");
}

/* --- score --- */

static void each_rule_adds_its_points(void **state)
{
    static const struct {
        int64_t before; /* Settled today. */
        uint32_t transactions;
        int64_t minor;
        bool fully_verified, watched;
        const char *verdict;
    } rows[] = {
        {0, 0, 1, true, false, "CLEAR 0"},
        {0, 0, 499, true, false, "CLEAR 0"},
        {0, 0, 500, true, false, "CLEAR 20"},
        {0, 0, 799, true, false, "CLEAR 20"},
        {0, 0, 800, true, false, "REVIEW 40"},
        {0, 0, 1, false, false, "CLEAR 20"},
        {0, 0, 500, false, false, "REVIEW 40"},
        {0, 0, 1, true, true, "CLEAR 35"},
        {0, 0, 1, false, true, "REVIEW 55"},
        {0, 0, 500, false, true, "REVIEW 75"},
        {0, 0, 800, false, true, "REFUSE 95: 7"},
        {0, 0, 1000, false, true, "REFUSE 100: 7"}, /* The half of the sum, too. */
        {998, 2, 1, true, false, "CLEAR 0"},
        {998, 2, 2, true, false, "CLEAR 10"},
        {1598, 4, 2, true, false, "CLEAR 25"},
        {1400, 4, 600, true, false, "REVIEW 45"},
        {6, 6, 1, true, false, "CLEAR 0"},
        {7, 7, 1, true, false, "CLEAR 15"},
        {9, 9, 1, true, false, "CLEAR 15"},
        {10, 10, 1, true, false, "REFUSE 0: 5"},
        {1600, 4, 401, true, false, "REFUSE 0: 6"},
        {1600, 4, 400, true, false, "CLEAR 25"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct given *g;
        char id[24];

        assert_int_equal(profile_setup((void **)&g), 0);
        profile_limit(g, INT64_MAX, INT64_MAX, UINT32_MAX);
        for (uint32_t t = 0; t < rows[i].transactions; t++) {
            int64_t minor = rows[i].before / rows[i].transactions +
                            (t == 0 ? rows[i].before % rows[i].transactions : 0);

            snprintf(id, sizeof(id), "before-%u", t);
            assert_string_equal(profile_screen(g, id, minor), "CLEAR 0");
            assert_string_not_equal(profile_settle(g, id, minor), "nothing");
        }
        profile_limit_usually(g);
        if (rows[i].watched) {
            profile_watch(g);
        }
        assert_string_equal(
            profile_screen_with(g, "t1", rows[i].minor, rows[i].fully_verified, NULL),
            rows[i].verdict);
        given_done(g);
    }
}

static void the_verdict_is_recorded_rule_by_rule(void **state)
{
    struct given *g = *state;
    const struct compliance_screen s = {.transaction = SARN_STR("t1"),
                                        .amount = CZK(1000)};

    profile_limit_usually(g);
    assert_string_equal(profile_watch(g), "UserWatched reason=tip");
    assert_string_equal(profile_watch(g), "nothing");
    assert_string_equal(
        when(g, &compliance_screen_type, &s),
        "TransactionScreened transaction=t1 amount.minor=1000 amount.currency=CZK "
        "band=REFUSE score=100 points.amount=40 points.sum=10 points.level=20 "
        "points.watched=35 refusal=SCORE screened_us=86400000000000");
    assert_string_equal(profile_pass(g, "t1", 1000),
                        "rejected: transaction t1 is refused: its risk score is 100");
    assert_string_equal(when(g, &compliance_unwatch_type,
                             &(struct compliance_unwatch){.reason = SARN_STR("old")}),
                        "UserUnwatched reason=old");
    assert_string_equal(
        when(g, &compliance_unwatch_type, &(struct compliance_unwatch){.reason = {0}}),
        "nothing");
    assert_string_equal(profile_screen_with(g, "t2", 1000, false, NULL), "REVIEW 70");
}

static void limits_without_an_end_do_not_overflow(void **state)
{
    struct given *g = *state;

    profile_limit(g, INT64_MAX, INT64_MAX, UINT32_MAX);
    assert_string_equal(profile_screen(g, "t1", 1), "CLEAR 0");
    assert_string_equal(profile_screen(g, "t2", INT64_MAX), "REFUSE 0: 6");
    assert_string_equal(profile_screen(g, "t3", INT64_MAX - 1), "REVIEW 65");
}

static void a_transaction_is_screened_once_and_makes_sense(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    assert_string_equal(profile_screen(g, "", 1),
                        "rejected: a transaction that compliance-7 screens needs an id "
                        "of 1 to 255 bytes, not of 0");
    assert_string_equal(
        profile_screen(g, "t1", 0),
        "rejected: an amount must be positive; compliance-7 was given 0");
    assert_string_equal(profile_screen(g, "t1", 1), "CLEAR 0");
    assert_string_equal(profile_screen(g, "t1", 1),
                        "rejected: compliance-7 has screened transaction t1 already");
}

static void a_transaction_counts_from_the_time_that_it_says(void **state)
{
    struct given *g = *state;
    struct compliance_screen s = {.transaction = SARN_STR("t1"),
                                  .amount = CZK(1),
                                  .fully_verified = true,
                                  .at_us = g->now_us - 1};

    profile_limit_usually(g);
    assert_string_equal(when(g, &compliance_screen_type, &s),
                        "TransactionScreened transaction=t1 amount.minor=1 "
                        "amount.currency=CZK band=CLEAR screened_us=86399999999999");
    s.transaction = ID("t2");
    s.at_us = -1;
    assert_string_equal(
        when(g, &compliance_screen_type, &s),
        "rejected: compliance-7 cannot screen transaction t2 before 1970");
}

static void only_so_many_transactions_are_under_way(void **state)
{
    struct given *g = *state;
    char id[24];

    profile_limit(g, INT64_MAX, INT64_MAX, UINT32_MAX);
    for (unsigned i = 0; i < SARN_COMPLIANCE_SCREENINGS_MAX; i++) {
        snprintf(id, sizeof(id), "%u", i);
        assert_string_equal(profile_screen(g, id, 1), "CLEAR 0");
    }
    assert_string_equal(profile_screen(g, "x", 1),
                        "rejected: compliance-7 has 1024 transactions under way "
                        "already; settle one first");
    profile_settle(g, "77", 1);
    assert_string_equal(profile_screen(g, "x", 1), "CLEAR 0");
}

/* --- the window --- */

static void what_is_a_window_ago_counts_no_more(void **state)
{
    struct given *g = *state;

    profile_limit(g, 1000, 2000, 3);
    for (unsigned i = 0; i < 3; i++) {
        char id[24];

        snprintf(id, sizeof(id), "t%u", i);
        assert_string_equal(profile_screen(g, id, 1), i < 2 ? "CLEAR 0" : "CLEAR 15");
        g->now_us += HOUR_US;
    }
    assert_string_equal(profile_screen(g, "t3", 1), "REFUSE 0: 5");
    g->now_us += 20 * HOUR_US; /* 23 hours after the first. */
    assert_string_equal(profile_screen(g, "t4", 1), "REFUSE 0: 5");
    g->now_us += HOUR_US;
    assert_int_equal(profile_in_window(g).count, 2);
    assert_string_equal(profile_screen(g, "t5", 1), "CLEAR 15");
    g->now_us += 24 * HOUR_US;
    assert_int_equal(profile_in_window(g).count, 0);
    assert_int_equal(profile_in_window(g).sum, 0);
}

static void a_window_costs_the_same_however_much_is_in_it(void **state)
{
    struct given *g = *state;
    const struct compliance_profile *profile = g->state;
    char id[24];

    profile_limit(g, INT64_MAX, INT64_MAX, UINT32_MAX);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(id, sizeof(id), "%u", i);
        profile_screen(g, id, 10);
        profile_settle(g, id, 10);
        g->now_us += HOUR_US / 100;
    }
    assert_int_equal(profile->window.size, SARN_COMPLIANCE_WINDOW_SLICES);
    assert_int_equal(profile->screenings.size, 2);
    assert_in_range(profile_in_window(g).count, 2300, 2400);
    assert_int_equal(profile_in_window(g).sum,
                     10 * (int64_t)profile_in_window(g).count);
}

/* Beside a list of all that counts: the hours of what was screened in the last 24. */
static void the_window_is_what_a_list_would_say(void **state)
{
    struct given *g = *state;
    struct {
        int64_t hour, minor;
    } list[2000] = {{0, 0}};
    uint32_t listed = 0;
    uint64_t dice = 1993;

    profile_limit(g, INT64_MAX, INT64_MAX, UINT32_MAX);
    for (unsigned i = 0; i < COUNT(list); i++) {
        struct sarn__in_window wanted = {0, 0};
        int64_t now_hour, minor;
        char id[24];

        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        g->now_us += (int64_t)(dice >> 33) % (HOUR_US / 5);
        now_hour = g->now_us / HOUR_US;
        minor = (int64_t)(dice >> 60) + 1;
        snprintf(id, sizeof(id), "%u", i);
        assert_string_equal(profile_screen(g, id, minor), "CLEAR 0");
        if (dice % 5 == 0) {
            profile_withdraw(g, id, minor, g->now_us);
        } else {
            profile_settle(g, id, minor);
            list[listed].hour = now_hour;
            list[listed++].minor = minor;
            if (dice % 5 == 1) {
                listed -= 1; /* Undone after it was settled. */
                profile_withdraw(g, id, minor, g->now_us);
            }
        }
        for (uint32_t j = 0; j < listed; j++) {
            if (list[j].hour * HOUR_US > g->now_us - 24 * HOUR_US) {
                wanted.count += 1;
                wanted.sum += list[j].minor;
            }
        }
        assert_int_equal(profile_in_window(g).count, wanted.count);
        assert_int_equal(profile_in_window(g).sum, wanted.sum);
    }
    assert_true(listed > 1000 && profile_in_window(g).count < listed);
}

static void another_length_of_the_window_keeps_what_was_counted(void **state)
{
    struct given *g = *state;
    struct compliance_set_limits longer = {.limits = {.transaction = 1000,
                                                      .window_sum = 2000,
                                                      .window_us = 240 * HOUR_US,
                                                      .window_count = 10,
                                                      .currency = 203}};

    profile_limit_usually(g);
    for (unsigned i = 0; i < 5; i++) {
        char id[24];

        snprintf(id, sizeof(id), "t%u", i);
        profile_screen(g, id, 100);
        g->now_us += 4 * HOUR_US;
    }
    assert_string_not_equal(when(g, &compliance_set_limits_type, &longer), "nothing");
    assert_int_equal(profile_in_window(g).count, 5);
    assert_int_equal(profile_in_window(g).sum, 500);
    longer.limits.window_us = 10; /* Less than a microsecond a slice. */
    assert_string_not_equal(when(g, &compliance_set_limits_type, &longer), "nothing");
    assert_int_equal(profile_in_window(g).count, 0);
    assert_string_equal(profile_screen(g, "t9", 100), "CLEAR 0");
    assert_int_equal(profile_in_window(g).count, 1);
}

static void what_is_withdrawn_counts_no_more(void **state)
{
    struct given *g = *state;
    int64_t screened_us = g->now_us;

    profile_limit_usually(g);
    profile_screen(g, "t1", 300);
    profile_screen(g, "t2", 200);
    profile_settle(g, "t2", 200);
    g->now_us += 2 * HOUR_US;
    assert_string_equal(profile_withdraw(g, "t1", 300, screened_us),
                        "ScreeningWithdrawn transaction=t1 amount.minor=300 "
                        "amount.currency=CZK screened_us=86400000000000");
    assert_int_equal(profile_in_window(g).sum, 200);
    assert_string_equal(profile_withdraw(g, "t2", 200, screened_us),
                        "ScreeningWithdrawn transaction=t2 amount.minor=200 "
                        "amount.currency=CZK screened_us=86400000000000");
    assert_int_equal(profile_in_window(g).sum, 0);
    assert_int_equal(profile_in_window(g).count, 0);
    assert_string_equal(profile_pass(g, "t1", 300),
                        "rejected: compliance-7 has not screened transaction t1");
}

static void what_never_counted_is_withdrawn_without_a_trace_in_the_window(void **state)
{
    struct given *g = *state;

    profile_limit_usually(g);
    profile_screen(g, "t0", 5);
    assert_string_equal(profile_screen(g, "t1", 1001), "REFUSE 0: 4");
    assert_string_equal(profile_withdraw(g, "t1", 1001, g->now_us),
                        "ScreeningWithdrawn transaction=t1 amount.minor=1001 "
                        "amount.currency=CZK");
    assert_string_equal(profile_withdraw(g, "t2", 1, 0), "nothing");
    assert_int_equal(profile_in_window(g).sum, 5);
    assert_int_equal(profile_in_window(g).count, 1);
    g->now_us += 30 * HOUR_US; /* Its slice has moved on. */
    profile_screen(g, "t3", 7);
    assert_string_not_equal(profile_withdraw(g, "t0", 5, 0), "nothing");
    assert_int_equal(profile_in_window(g).sum, 7);
}

/* --- corruption --- */

static void events_that_cannot_follow_are_corrupt(void **state)
{
    struct given *g = *state;
    struct compliance_transaction_screened screened = {
        .transaction = SARN_STR("t1"), .amount = CZK(5), .band = COMPLIANCE_BAND_CLEAR};
    const struct compliance_review_opened opened = {.transaction = SARN_STR("t1")};
    const struct compliance_review_decided decided = {.transaction = SARN_STR("t1")};
    const struct compliance_review_expired expired = {.transaction = SARN_STR("t1")};
    const struct compliance_screening_settled settled = {.transaction = SARN_STR("t9")};
    const struct compliance_limits_set limits = {.limits = {.transaction = 1}};

    /* It counts, and there is no window to count it in. */
    assert_int_equal(given_apply(g, &compliance_transaction_screened_type, &screened),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &compliance_limits_set_type, &limits),
                     SARN_ERR_CORRUPT);
    profile_limit_usually(g);
    assert_int_equal(given_apply(g, &compliance_transaction_screened_type, &screened),
                     SARN_OK);
    assert_int_equal(given_apply(g, &compliance_transaction_screened_type, &screened),
                     SARN_ERR_CORRUPT);
    screened.transaction = ID("t2");
    screened.band = 4;
    assert_int_equal(given_apply(g, &compliance_transaction_screened_type, &screened),
                     SARN_ERR_CORRUPT);
    screened.band = COMPLIANCE_BAND_CLEAR;
    screened.amount.minor = INT64_MAX;
    assert_int_equal(given_apply(g, &compliance_transaction_screened_type, &screened),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &compliance_review_opened_type, &opened),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &compliance_review_decided_type, &decided),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &compliance_review_expired_type, &expired),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &compliance_screening_settled_type, &settled),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &payments_account_closed_type, &settled),
                     SARN_ERR_CORRUPT);
}

#define TEST(name)                                                                     \
    cmocka_unit_test_setup_teardown(name, profile_setup, profile_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(limits_are_positive_and_set_once_on_the_same_terms),
        TEST(who_has_no_limits_moves_nothing),
        TEST(what_is_over_a_limit_is_refused_and_does_not_count),
        TEST(another_currency_is_refused),
        cmocka_unit_test(each_rule_adds_its_points),
        TEST(the_verdict_is_recorded_rule_by_rule),
        TEST(limits_without_an_end_do_not_overflow),
        TEST(a_transaction_is_screened_once_and_makes_sense),
        TEST(a_transaction_counts_from_the_time_that_it_says),
        TEST(only_so_many_transactions_are_under_way),
        TEST(what_is_a_window_ago_counts_no_more),
        TEST(a_window_costs_the_same_however_much_is_in_it),
        TEST(the_window_is_what_a_list_would_say),
        TEST(another_length_of_the_window_keeps_what_was_counted),
        TEST(what_is_withdrawn_counts_no_more),
        TEST(what_never_counted_is_withdrawn_without_a_trace_in_the_window),
        TEST(events_that_cannot_follow_are_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
