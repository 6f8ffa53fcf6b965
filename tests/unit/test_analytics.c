/* domain/modules/analytics: what a day's activity answers, and its rows. */
#include <string.h>

#include "modules/analytics/activity.h"
#include "support/account.h"

#define DAY 19930105u

static int setup(void **state)
{
    static struct given given;

    given_init(&given, sarn_analytics_module.aggregates[0], "activity-19930105-1-203");
    *state = &given;
    return 0;
}

static int teardown(void **state)
{
    given_done(*state);
    return 0;
}

static const char *
record(struct given *g, const char *id, uint32_t day, int64_t minor, bool reviewed)
{
    return when(g, &analytics_record_type,
                &(struct analytics_record){.transaction = sarn_str(id),
                                           .day = day,
                                           .kind = ANALYTICS_KIND_INCOMING,
                                           .amount = CZK(minor),
                                           .reviewed = reviewed});
}

static const char *
reverse(struct given *g, const char *id, int64_t minor, bool reviewed)
{
    return when(g, &analytics_reverse_type,
                &(struct analytics_reverse){.transaction = sarn_str(id),
                                            .amount = CZK(minor),
                                            .reviewed = reviewed});
}

/* --- tests --- */

static void a_day_counts_its_transactions(void **state)
{
    struct given *g = *state;

    assert_string_equal(record(g, "t1", DAY, 100, false),
                        "TransactionRecorded transaction=t1 day=19930105 kind=INCOMING "
                        "amount.minor=100 amount.currency=CZK");
    assert_string_equal(record(g, "t2", DAY, 50, true),
                        "TransactionRecorded transaction=t2 day=19930105 kind=INCOMING "
                        "amount.minor=50 amount.currency=CZK reviewed=1");
    assert_string_equal(
        given_state(g),
        "day=19930105 kind=INCOMING currency=CZK count=2 reviewed=1 sum=150");
}

static void what_was_undone_is_taken_out_again(void **state)
{
    struct given *g = *state;

    record(g, "t1", DAY, 100, true);
    record(g, "t2", DAY, 50, false);
    assert_string_equal(reverse(g, "t1", 100, true),
                        "TransactionReversed transaction=t1 day=19930105 kind=INCOMING "
                        "amount.minor=100 amount.currency=CZK reviewed=1");
    assert_string_equal(
        given_state(g),
        "day=19930105 kind=INCOMING currency=CZK count=1 reversed=1 sum=50");
    assert_string_equal(
        reverse(g, "t1", 100, false),
        "rejected: activity-19930105-1-203 has not counted transaction t1");
    assert_string_equal(
        reverse(g, "t2", 50, true),
        "rejected: activity-19930105-1-203 has not counted transaction t2");
    assert_string_equal(reverse(g, "t2", 50, false),
                        "TransactionReversed transaction=t2 day=19930105 kind=INCOMING "
                        "amount.minor=50 amount.currency=CZK");
    assert_string_equal(given_state(g),
                        "day=19930105 kind=INCOMING currency=CZK reversed=2");
    assert_string_equal(
        reverse(g, "t2", 50, false),
        "rejected: activity-19930105-1-203 has not counted transaction t2");
}

static void what_does_not_belong_there_is_rejected(void **state)
{
    struct given *g = *state;
    static const char answer[] =
        "rejected: activity-19930105-1-203 cannot count transaction t2: it is of "
        "another "
        "day, kind or currency, or the sum would leave the range of 64 bits";
    struct analytics_record other = {.transaction = SARN_STR("t2"),
                                     .day = DAY,
                                     .kind = ANALYTICS_KIND_OUTGOING,
                                     .amount = CZK(1)};

    assert_string_equal(
        record(g, "t1", 0, 1, false),
        "rejected: activity-19930105-1-203 counts transactions of a day and a kind; t1 "
        "says day 0, kind 1");
    assert_string_equal(
        record(g, "t1", DAY, 0, false),
        "rejected: an amount must be positive; activity-19930105-1-203 was given 0");
    record(g, "t1", DAY, INT64_MAX, false);
    assert_string_equal(record(g, "t2", DAY, 1, false), answer);
    reverse(g, "t1", INT64_MAX, false);
    assert_string_equal(record(g, "t2", DAY + 1, 1, false), answer);
    assert_string_equal(when(g, &analytics_record_type, &other), answer);
    other.kind = 3;
    assert_string_equal(
        when(g, &analytics_record_type, &other),
        "rejected: activity-19930105-1-203 counts transactions of a day and a kind; t2 "
        "says day 19930105, kind 3");
    other.kind = ANALYTICS_KIND_INCOMING;
    other.amount.currency = PAYMENTS_CURRENCY_EUR;
    assert_string_equal(when(g, &analytics_record_type, &other), answer);
}

static void events_that_cannot_follow_are_corrupt(void **state)
{
    struct given *g = *state;
    const struct analytics_transaction_recorded dayless = {.amount = CZK(1)};
    const struct analytics_transaction_reversed reversed = {.day = DAY,
                                                            .amount = CZK(1)};

    assert_int_equal(given_apply(g, &analytics_transaction_recorded_type, &dayless),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &analytics_transaction_reversed_type, &reversed),
                     SARN_ERR_CORRUPT);
    assert_int_equal(given_apply(g, &payments_account_closed_type, &dayless),
                     SARN_ERR_CORRUPT);
}

static void the_row_of_a_day_follows_its_state(void **state)
{
    struct given *g = *state;
    const struct analytics_activity *activity = g->state;
    struct analytics_day day = {0};
    uint64_t dice = 1993;

    for (unsigned i = 0; i < 2000; i++) {
        struct sarn_row row = {.data = &day, .existed = i > 0, .arena = g->arena};
        int64_t minor;
        bool reviewed;

        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        minor = (int64_t)(dice >> 60) + 1;
        reviewed = (dice >> 40) % 4 == 0;
        if ((dice >> 33) % 3 == 0) {
            reverse(g, "t", minor, reviewed);
        } else {
            record(g, "t", DAY, minor, reviewed);
        }
        for (uint32_t e = 0; e < g->event_count; e++) {
            assert_int_equal(sarn__activity_rows.apply(&row, &g->events[e]), SARN_OK);
        }
        assert_int_equal(day.count, activity->count);
        assert_int_equal(day.reviewed, activity->reviewed);
        assert_int_equal(day.reversed, activity->reversed);
        assert_int_equal(day.sum, activity->sum);
        assert_int_equal(day.day, activity->day);
    }
    assert_true(activity->reversed > 100);
}

static void a_row_that_cannot_follow_is_corrupt(void **state)
{
    const struct analytics_transaction_reversed reversed = {.day = DAY,
                                                            .amount = CZK(1)};
    const struct sarn_event event = {.type = &analytics_transaction_reversed_type,
                                     .data = &reversed};
    struct analytics_day day = {0};
    struct sarn_row row = {.data = &day};

    (void)state;
    assert_int_equal(sarn__activity_rows.apply(&row, &event), SARN_ERR_CORRUPT);
    assert_int_equal(day.reversed, 0);
}

static void the_index_sorts_by_kind_and_currency_then_day(void **state)
{
    const struct analytics_day rows[] = {
        {.kind = 0, .currency = 203, .day = 19930106},
        {.kind = 0, .currency = 978, .day = 19930104},
        {.kind = 1, .currency = 203, .day = 19930101},
        {.kind = 1, .currency = 203, .day = 20000101},
        {.tenant = 1, .kind = 0, .currency = 203, .day = 19930101},
    };
    struct sarn_key before = {0};

    (void)state;
    assert_string_equal(sarn__activity_rows.indexes[0].name, "by_kind");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_key key = {0};

        assert_int_equal(sarn__activity_rows.indexes[0].key(&rows[i], &key), SARN_OK);
        assert_true(memcmp(before.bytes, key.bytes, sizeof(key.bytes)) < 0);
        before = key;
    }
}

static void a_time_has_a_day(void **state)
{
    static const struct {
        int64_t seconds;
        uint32_t day;
    } rows[] = {
        {0, 19700101},
        {86399, 19700101},
        {-1, 19691231},
        {725846400, 19930101},
        {951782400, 20000229},
        {951868800, 20000301},
        {-2203977600, 19000228},
        {-2203891200, 19000301}, /* No leap year. */
        {253402300799, 99991231},
        {253402300800, 0},
        {-62135596800, 10101},
        {-62135596801, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(sarn_analytics_day(rows[i].seconds * 1000000), rows[i].day);
    }
    assert_int_equal(sarn_analytics_day(INT64_MIN), 0);
    assert_int_equal(sarn_analytics_day(INT64_MAX), 0);
}

static void a_stream_is_named_by_day_kind_and_currency(void **state)
{
    char text[SARN_ANALYTICS_STREAM_BYTES];
    struct sarn_str name;

    (void)state;
    name = sarn_analytics_stream(DAY, ANALYTICS_KIND_INCOMING, 203, text);
    assert_string_equal(text, "activity-19930105-1-203");
    assert_int_equal(name.size, strlen(text));
    (void)sarn_analytics_stream(UINT32_MAX, UINT8_MAX, UINT16_MAX, text);
    assert_string_equal(text, "activity-4294967295-255-65535");
    (void)sarn_analytics_stream(0, 0, 0, text);
    assert_string_equal(text, "activity-0-0-0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_day_counts_its_transactions),
        TEST(what_was_undone_is_taken_out_again),
        TEST(what_does_not_belong_there_is_rejected),
        TEST(events_that_cannot_follow_are_corrupt),
        TEST(the_row_of_a_day_follows_its_state),
        TEST(a_row_that_cannot_follow_is_corrupt),
        TEST(the_index_sorts_by_kind_and_currency_then_day),
        TEST(a_time_has_a_day),
        TEST(a_stream_is_named_by_day_kind_and_currency),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
