/* domain/core/cron: what expressions mean, and what is wrong with those that do not. */
#include "core/cron.h"

#include "core/civil.h"
#include "support/test.h"

/* The time after text ("2026-11-21 14:00") that expression names, as text. */
static const char *after(const char *expression, const char *text)
{
    static char found[32];
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__civil civil = {.year = 0};
    struct sarn__cron cron;
    long long year = 0;

    assert_int_equal(sscanf(text, "%lld-%u-%u %u:%u", &year, &civil.month, &civil.day,
                            &civil.hour, &civil.minute),
                     5);
    civil.year = year;
    assert_ok(sarn__cron_parse(sarn_str(expression), &cron, &error), &error);
    civil = sarn__civil_of(sarn__cron_next(&cron, sarn__civil_seconds(&civil)));
    assert_int_equal(civil.second, 0);
    snprintf(found, sizeof(found), "%04lld-%02u-%02u %02u:%02u", (long long)civil.year,
             civil.month, civil.day, civil.hour, civil.minute);
    return found;
}

static void each_field_restricts(void **unused)
{
    static const struct {
        const char *expression, *from, *next;
    } rows[] = {
        {"* * * * *", "2026-11-21 14:00", "2026-11-21 14:01"},
        {"*/15 * * * *", "2026-11-21 14:00", "2026-11-21 14:15"},
        {"5-59/15 * * * *", "2026-11-21 14:50", "2026-11-21 15:05"},
        {"0,30 9-17 * * *", "2026-11-21 17:30", "2026-11-22 09:00"},
        {"0 9 * * mon-fri", "2026-11-20 09:00", "2026-11-23 09:00"},
        {"0 9 * * 1-5", "2026-11-20 08:59", "2026-11-20 09:00"},
        {"0 0 * * 7", "2026-11-21 14:00", "2026-11-22 00:00"},
        {"0 0 * * 5-7", "2026-11-22 00:00", "2026-11-27 00:00"},
        {"0 0 1 JAN,Jul *", "2026-07-01 00:00", "2027-01-01 00:00"},
        {"59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59"},
        {"\t0  0 1 * * ", "2026-11-21 14:00", "2026-12-01 00:00"},
        {"@hourly", "2026-11-21 14:00", "2026-11-21 15:00"},
        {"@daily", "2026-12-31 00:00", "2027-01-01 00:00"},
        {"@midnight", "2026-11-21 14:00", "2026-11-22 00:00"},
        {"@weekly", "2026-11-21 14:00", "2026-11-22 00:00"},
        {"@monthly", "2026-12-01 00:00", "2027-01-01 00:00"},
        {"@yearly", "2026-01-01 00:00", "2027-01-01 00:00"},
        {"@annually", "2025-12-31 23:59", "2026-01-01 00:00"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(after(rows[i].expression, rows[i].from), rows[i].next);
    }
}

static void months_without_that_day_are_passed_over(void **unused)
{
    (void)unused;
    assert_string_equal(after("0 0 31 * *", "2026-01-31 00:00"), "2026-03-31 00:00");
    assert_string_equal(after("0 0 31 * *", "2026-03-31 00:00"), "2026-05-31 00:00");
    assert_string_equal(after("0 0 30 1,2 *", "2026-01-30 00:00"), "2027-01-30 00:00");
}

static void the_29th_of_february_comes_in_leap_years(void **unused)
{
    (void)unused;
    assert_string_equal(after("0 12 29 2 *", "2024-02-29 12:00"), "2028-02-29 12:00");
    assert_string_equal(after("0 12 29 2 *", "2096-02-29 12:00"), "2104-02-29 12:00");
    /* Both must match, since the day of the week begins with *: a Sunday. */
    assert_string_equal(after("0 12 29 2 */7", "2004-02-29 12:00"), "2032-02-29 12:00");
}

static void both_days_restricted_means_either(void **unused)
{
    (void)unused;
    /* 2026-11-13 is a Friday; so are the 20th and the 27th. */
    assert_string_equal(after("0 0 13 * fri", "2026-11-13 00:00"), "2026-11-20 00:00");
    assert_string_equal(after("0 0 13 * fri", "2026-12-11 00:00"), "2026-12-13 00:00");
    assert_string_equal(after("0 0 13 * *", "2026-11-13 00:00"), "2026-12-13 00:00");
    assert_string_equal(after("0 0 * * fri", "2026-11-13 00:00"), "2026-11-20 00:00");
    /* Each second day that is a Friday. */
    assert_string_equal(after("0 0 */2 * fri", "2026-11-13 00:00"), "2026-11-27 00:00");
}

static void a_second_into_the_minute_is_past_it(void **unused)
{
    struct sarn__cron cron;

    (void)unused;
    assert_int_equal(sarn__cron_parse(sarn_str("* * * * *"), &cron, NULL), SARN_OK);
    assert_int_equal(sarn__cron_next(&cron, 59), 60);
    assert_int_equal(sarn__cron_next(&cron, 60), 120);
    assert_int_equal(sarn__cron_next(&cron, -1), 0);
    assert_int_equal(sarn__cron_next(&cron, -61), -60);
}

static void what_is_wrong_is_said_with_its_place(void **unused)
{
    static const struct {
        const char *expression, *said;
    } rows[] = {
        {"60 * * * *", "minute, character 1: 60 is not from 0 to 59"},
        {"* 24 * * *", "hour, character 3: 24 is not from 0 to 23"},
        {"* * 0 * *", "day of month, character 5: 0 is not from 1 to 31"},
        {"* * * 13 *", "month, character 7: 13 is not from 1 to 12"},
        {"* * * * 8", "day of week, character 9: 8 is not from 0 to 7"},
        {"* * * fev *", "month, character 7: not one of its names: jan"},
        {"* * * jane *", "month, character 7: not one of its names: jan"},
        {"* * * * monday", "day of week, character 9: not one of its names: sun"},
        {"* noon * * *", "hour, character 3: this field has no names"},
        {"*/0 * * * *", "minute, character 3: a step of 0 goes nowhere"},
        {"*/ * * * *", "minute, character 3: a number, a name or * is missing"},
        {"5/15 * * * *", "minute, character 2: a step follows * or a range"},
        {"30-10 * * * *", "minute, character 1: the range ends before it begins"},
        {"1, * * * *", "minute, character 3: a number, a name or * is missing"},
        {"1-2-3 * * * *", "minute, character 4: it should have ended here"},
        {"1; * * * *", "minute, character 2: it should have ended here"},
        {"* * * *", "day of week, character 8: a number, a name or * is missing"},
        {"", "minute, character 1: a number, a name or * is missing"},
        {"0 0 0 1 1 * 2026", "day of month, character 5: 0 is not from 1 to 31"},
        {"0 0 1 1 * 2026", "character 11: a sixth field"},
        {"99999999999999999999 * * * *", "minute, character 1: 9999 is not from 0"},
        {"0 0 31 2,4 *", "no such day comes in these months"},
        {"0 0 30 2 */2", "no such day comes in these months"},
        {"@reboot", "is none of @yearly"},
        {"@", "is none of @yearly"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn__cron cron;
        struct sarn_error error = {SARN_OK, ""};

        assert_int_equal(sarn__cron_parse(sarn_str(rows[i].expression), &cron, &error),
                         SARN_ERR_INVALID);
        if (strstr(error.text, rows[i].said) == NULL) {
            fail_msg("\"%s\": %s", rows[i].expression, error.text);
        }
    }
}

static void an_expression_has_a_limit(void **unused)
{
    char text[SARN__CRON_BYTES_MAX + 1];
    struct sarn__cron cron;

    (void)unused;
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = i % 2 == 0 && i < 9 ? '*' : ' ';
    }
    assert_int_equal(
        sarn__cron_parse((struct sarn_str){text, sizeof(text) - 1}, &cron, NULL),
        SARN_OK);
    assert_int_equal(
        sarn__cron_parse((struct sarn_str){text, sizeof(text)}, &cron, NULL),
        SARN_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_restricts),
        cmocka_unit_test(months_without_that_day_are_passed_over),
        cmocka_unit_test(the_29th_of_february_comes_in_leap_years),
        cmocka_unit_test(both_days_restricted_means_either),
        cmocka_unit_test(a_second_into_the_minute_is_past_it),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(an_expression_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
