/* domain/core/civil: dates and back, held against a calendar that counts day by day. */
#include "core/civil.h"

#include "support/test.h"

static void every_day_of_800_years_has_its_date_and_weekday(void **unused)
{
    int64_t days = sarn__days(1600, 1, 1);
    uint32_t weekday = 6; /* 1600-01-01 was a Saturday. */

    (void)unused;
    assert_int_equal(days, -135140);
    for (int64_t year = 1600; year < 2400; year++) {
        for (uint32_t month = 1; month <= 12; month++) {
            for (uint32_t day = 1; day <= sarn__month_days(year, month); day++) {
                struct sarn__civil civil =
                    sarn__civil_of(days * SARN__DAY_SECONDS + 86399);

                assert_int_equal(sarn__days(year, month, day), days);
                assert_int_equal(civil.year, year);
                assert_int_equal(civil.month, month);
                assert_int_equal(civil.day, day);
                assert_int_equal(civil.weekday, weekday);
                days += 1;
                weekday = (weekday + 1) % 7;
            }
        }
    }
}

static void leap_years_are_those_of_gregory(void **unused)
{
    (void)unused;
    assert_true(sarn__is_leap_year(2024));
    assert_false(sarn__is_leap_year(2023));
    assert_false(sarn__is_leap_year(1900));
    assert_true(sarn__is_leap_year(2000));
    assert_int_equal(sarn__month_days(2100, 2), 28);
    assert_int_equal(sarn__month_days(2096, 2), 29);
}

static void times_are_written_as_utc(void **unused)
{
    static const struct {
        int64_t time_us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {INT64_C(951868799000000), "2000-02-29T23:59:59Z"},
        {INT64_C(1795269600000000), "2026-11-21T14:00:00Z"},
        {INT64_C(1795269600000042), "2026-11-21T14:00:00.000042Z"},
        {INT64_MAX, "294247-01-10T04:00:54.775807Z"},
        {INT64_MIN, "-290308-12-21T19:59:05.224192Z"},
    };
    char text[SARN__TIME_TEXT_BYTES];

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn__civil civil =
            sarn__civil_of(sarn__floor_div(rows[i].time_us, SARN__SECOND_US));

        sarn__time_text(rows[i].time_us, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(sarn__civil_seconds(&civil),
                         sarn__floor_div(rows[i].time_us, SARN__SECOND_US));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_800_years_has_its_date_and_weekday),
        cmocka_unit_test(leap_years_are_those_of_gregory),
        cmocka_unit_test(times_are_written_as_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
