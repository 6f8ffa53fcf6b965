/* domain/core/zone: local time and back, gaps and folds, and bytes that nobody checked.
 */
#include "core/zone.h"

#include "core/civil.h"
#include "support/heap.h"
#include "support/test.h"
#include "support/tzif.h"

struct fixture {
    struct sarn_arena *arena;
    struct sarn__zone zone;
};

static struct fixture given(int version,
                            int32_t first_offset_s,
                            const struct test_tzif_change *changes,
                            uint32_t count,
                            const char *rule)
{
    struct fixture f = {sarn_arena_create(NULL), {0}};
    struct sarn_error error = {SARN_OK, ""};
    struct test_tzif tzif;

    test_tzif(&tzif, version, first_offset_s, changes, count, rule);
    assert_ok(sarn__zone_parse(test_tzif_bytes(&tzif), f.arena, &f.zone, &error),
              &error);
    return f;
}

static int64_t seconds(const char *text)
{
    struct sarn__civil civil = {.year = 0};
    long long year = 0;

    assert_int_equal(sscanf(text, "%lld-%u-%u %u:%u", &year, &civil.month, &civil.day,
                            &civil.hour, &civil.minute),
                     5);
    civil.year = year;
    return sarn__civil_seconds(&civil);
}

/* Local times and what they are in UTC; where there and back is the same, both ways. */
struct row {
    const char *local, *utc;
    bool skipped;
};

static void check(const struct fixture *f, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t local = seconds(rows[i].local), utc = seconds(rows[i].utc);

        assert_int_equal(sarn__zone_utc(&f->zone, local), utc);
        if (!rows[i].skipped) {
            assert_int_equal(sarn__zone_local(&f->zone, utc), local);
        }
    }
    sarn_arena_destroy(f->arena);
}

static void a_rule_skips_an_hour_in_spring_and_repeats_one_in_autumn(void **unused)
{
    static const struct row rows[] = {
        {"2026-01-15 12:00", "2026-01-15 11:00", false},
        {"2026-03-29 01:59", "2026-03-29 00:59", false},
        {"2026-03-29 02:00", "2026-03-29 01:00", true}, /* The end of the gap. */
        {"2026-03-29 02:59", "2026-03-29 01:00", true},
        {"2026-03-29 03:00", "2026-03-29 01:00", false},
        {"2026-07-15 12:00", "2026-07-15 10:00", false},
        {"2026-10-25 01:59", "2026-10-24 23:59", false},
        {"2026-10-25 02:00", "2026-10-25 00:00", false}, /* The first of two. */
        {"2026-10-25 02:59", "2026-10-25 00:59", false},
        {"2026-10-25 03:00", "2026-10-25 02:00", false},
        {"2026-12-31 23:59", "2026-12-31 22:59", false},
        {"2400-02-29 12:00", "2400-02-29 11:00", false},
    };
    struct fixture f = given(2, 3600, NULL, 0, TEST_PRAGUE);

    (void)unused;
    assert_int_equal(sarn__zone_local(&f.zone, seconds("2026-10-25 01:30")),
                     seconds("2026-10-25 02:30")); /* The second of two. */
    check(&f, rows, COUNT(rows));
}

static void in_the_south_summer_goes_over_the_new_year_by_half_an_hour(void **unused)
{
    static const struct row rows[] = {
        {"2026-01-01 00:00", "2025-12-31 13:00", false},
        {"2026-04-05 01:29", "2026-04-04 14:29", false},
        {"2026-04-05 01:30", "2026-04-04 14:30", false}, /* Comes twice. */
        {"2026-04-05 02:00", "2026-04-04 15:30", false},
        {"2026-07-01 00:00", "2026-06-30 13:30", false},
        {"2026-10-04 02:00", "2026-10-03 15:30", true},
        {"2026-10-04 02:30", "2026-10-03 15:30", false},
        {"2026-12-31 23:59", "2026-12-31 12:59", false},
    };
    struct fixture f = given(2, 0, NULL, 0, TEST_LORD_HOWE);

    (void)unused;
    check(&f, rows, COUNT(rows));
}

static void the_table_counts_first_and_the_rule_after_it(void **unused)
{
    /* A zone that was an hour ahead, and went over to Prague's rule in 2020. */
    static const struct test_tzif_change changes[] = {{INT64_C(1262304000), 7200},
                                                      {INT64_C(1577836800), 3600}};
    static const struct row rows[] = {
        {"2009-06-01 12:00", "2009-06-01 11:00", false}, /* Before the table. */
        {"2010-06-01 12:00", "2010-06-01 10:00", false},
        {"2010-12-01 12:00", "2010-12-01 10:00", false},
        {"2020-01-01 12:00", "2020-01-01 11:00", false},
        {"2020-06-01 12:00", "2020-06-01 10:00", false},
        {"2020-12-01 12:00", "2020-12-01 11:00", false},
    };
    struct fixture f = given(2, 3600, changes, COUNT(changes), TEST_PRAGUE);

    (void)unused;
    check(&f, rows, COUNT(rows));
}

static void the_first_version_has_a_table_alone(void **unused)
{
    static const struct test_tzif_change changes[] = {{INT64_C(-1000000000), -18000}};
    static const struct row rows[] = {
        {"1938-01-01 00:00", "1938-01-01 04:00", false},
        {"2400-07-01 00:00", "2400-07-01 05:00", false},
    };
    struct fixture f = given(1, -14400, changes, COUNT(changes), "");

    (void)unused;
    check(&f, rows, COUNT(rows));
}

static void a_day_can_be_left_out(void **unused)
{
    /* Samoa had no 30 December 2011. */
    static const struct test_tzif_change changes[] = {{INT64_C(1325239200), 50400}};
    static const struct row rows[] = {
        {"2011-12-29 23:59", "2011-12-30 09:59", false},
        {"2011-12-30 12:00", "2011-12-30 10:00", true},
        {"2011-12-31 00:00", "2011-12-30 10:00", false},
    };
    struct fixture f = given(2, -36000, changes, COUNT(changes), "");

    (void)unused;
    check(&f, rows, COUNT(rows));
}

static void all_zero_is_utc(void **unused)
{
    const struct sarn__zone utc = {0};

    (void)unused;
    assert_int_equal(sarn__zone_local(&utc, 42), 42);
    assert_int_equal(sarn__zone_utc(&utc, -42), -42);
}

static void rules_are_read_as_posix_has_them(void **unused)
{
    static const struct {
        const char *text;
        bool good;
        const char *utc;  /* At this time the clocks are */
        int32_t offset_s; /* so far ahead. */
    } rows[] = {
        {"UTC0", true, "2026-07-01 00:00", 0},
        {"EST+5EDT,M3.2.0,M11.1.0", true, "2026-07-01 00:00", -14400},
        {"EST5EDT4:30:15,M3.2.0,M11.1.0", true, "2026-07-01 00:00", -16215},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, "2026-03-29 01:00", -3600},
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, "2026-03-29 00:59", -7200},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", true, "2026-01-01 00:00", 0}, /* Winter time. */
        {"IST-1GMT0,M10.5.0,M3.5.0/1", true, "2026-07-01 00:00", 3600},
        {"XXX3EDT4,0/0,J365/23", true, "2026-12-31 23:59", -14400}, /* All year. */
        {"XXX3EDT4,0/0,J365/23", true, "2027-01-01 03:00", -14400},
        {"AAA0BBB,J60/0,J300/0", true, "2028-02-29 23:59", 0}, /* 1 March. */
        {"AAA0BBB,J60/0,J300/0", true, "2028-03-01 00:00", 3600},
        {"AAA0BBB,59/0,300/0", true, "2028-02-29 00:00", 3600}, /* Counts the 29th. */
        {"AAA0BBB,M2.5.0/167,M10.5.0", true, "2026-03-01 00:00", 3600},
        {"", false, NULL, 0},
        {"CE-1", false, NULL, 0},
        {"CET", false, NULL, 0},
        {"CET-25", false, NULL, 0},
        {"CET-1:60", false, NULL, 0},
        {"CET-1CEST", false, NULL, 0}, /* Since when? */
        {"CET-1CEST,M3.5.0", false, NULL, 0},
        {"CET-1CEST,M13.5.0,M10.5.0", false, NULL, 0},
        {"CET-1CEST,M3.6.0,M10.5.0", false, NULL, 0},
        {"CET-1CEST,M3.5.7,M10.5.0", false, NULL, 0},
        {"CET-1CEST,J0,J300", false, NULL, 0},
        {"CET-1CEST,0,366", false, NULL, 0},
        {"CET-1CEST,M3.5.0/168,M10.5.0", false, NULL, 0},
        {"CET-1CEST,M3.5.0,M10.5.0 ", false, NULL, 0},
        {"<+05", false, NULL, 0},
        {"C\xC3\x8AT-1", false, NULL, 0},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn__zone_rule rule;
        sarn_status status = sarn__zone_rule_parse(sarn_str(rows[i].text), &rule);
        int64_t until_s = 0;

        if (status != (rows[i].good ? SARN_OK : SARN_ERR_INVALID)) {
            fail_msg("%s: %s", rows[i].text, sarn_status_text(status));
        }
        if (rows[i].good) {
            assert_int_equal(
                sarn__zone_rule_offset(&rule, seconds(rows[i].utc), &until_s),
                rows[i].offset_s);
            assert_true(until_s > seconds(rows[i].utc));
        }
    }
}

/* --- hostile bytes --- */

static sarn_status parse(struct sarn_str bytes, struct sarn_error *error)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__zone zone = {0};
    sarn_status status = sarn__zone_parse(bytes, arena, &zone, error);

    if (status == SARN_OK) { /* Whatever it says: it can be asked. */
        int64_t utc = sarn__zone_utc(&zone, 1000000000);

        assert_true(sarn__zone_local(&zone, utc) >= 1000000000);
    }
    sarn_arena_destroy(arena);
    return status;
}

static void given_prague(struct test_tzif *tzif)
{
    static const struct test_tzif_change changes[] = {{0, 7200}, {1000000, 3600}};

    test_tzif(tzif, 2, 3600, changes, COUNT(changes), TEST_PRAGUE);
}

static void a_zone_has_64_kib(void **unused)
{
    struct sarn_error error = {SARN_OK, ""};
    struct test_tzif tzif;
    char *bytes = calloc(1, SARN__ZONE_BYTES_MAX + 1);

    (void)unused;
    assert_non_null(bytes);
    given_prague(&tzif);
    memcpy(bytes, tzif.bytes, tzif.size);
    /* What follows the rule is not looked at. */
    assert_int_equal(parse((struct sarn_str){bytes, SARN__ZONE_BYTES_MAX}, &error),
                     SARN_OK);
    assert_int_equal(parse((struct sarn_str){bytes, SARN__ZONE_BYTES_MAX + 1}, &error),
                     SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "over 64 KiB"));
    free(bytes);
}

static void cut_off_anywhere_it_is_refused(void **unused)
{
    struct sarn_error error = {SARN_OK, ""};
    struct test_tzif tzif;

    (void)unused;
    given_prague(&tzif);
    for (uint32_t size = 0; size < tzif.size; size++) {
        /* From the heap, so that reading past its end is seen. */
        char *bytes = malloc(size > 0 ? size : 1);

        assert_non_null(bytes);
        memcpy(bytes, tzif.bytes, size);
        assert_int_equal(parse((struct sarn_str){bytes, size}, &error),
                         SARN_ERR_CORRUPT);
        free(bytes);
    }
}

static void any_flipped_bit_is_survived(void **unused)
{
    struct sarn_error error = {SARN_OK, ""};
    struct test_tzif tzif;
    uint32_t refused = 0;

    (void)unused;
    given_prague(&tzif);
    for (uint32_t bit = 0; bit < tzif.size * 8; bit++) {
        tzif.bytes[bit / 8] = (char)(tzif.bytes[bit / 8] ^ (1 << bit % 8));
        refused += parse(test_tzif_bytes(&tzif), &error) != SARN_OK ? 1 : 0;
        tzif.bytes[bit / 8] = (char)(tzif.bytes[bit / 8] ^ (1 << bit % 8));
    }
    assert_true(refused > 0 && refused < tzif.size * 8);
}

static void what_contradicts_itself_is_named(void **unused)
{
    static const struct test_tzif_change unordered[] = {{5, 0}, {5, 3600}};
    static const struct test_tzif_change far[] = {{5, 26 * 3600}};
    struct sarn_error error = {SARN_OK, ""};
    struct test_tzif tzif;

    (void)unused;
    test_tzif(&tzif, 2, 0, unordered, COUNT(unordered), "");
    assert_int_equal(parse(test_tzif_bytes(&tzif), &error), SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "out of order"));
    test_tzif(&tzif, 2, 0, far, COUNT(far), "");
    assert_int_equal(parse(test_tzif_bytes(&tzif), &error), SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "over 26 hours"));
    test_tzif(&tzif, 2, 0, NULL, 0, "CET");
    assert_int_equal(parse(test_tzif_bytes(&tzif), &error), SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "rule that is none"));
    test_tzif(&tzif, 1, 0, NULL, 0, "");
    tzif.bytes[31] = 1; /* A leap second. */
    assert_int_equal(parse(test_tzif_bytes(&tzif), &error), SARN_ERR_UNSUPPORTED);
}

static void without_memory_nothing_is_read(void **unused)
{
    struct test_heap heap = {.fail_at = 0};
    struct sarn_heap from = test_heap(&heap);
    struct sarn_arena *arena = sarn_arena_create(&from);
    struct sarn__zone zone = {.first_offset_s = 42};
    struct test_tzif tzif;

    (void)unused;
    given_prague(&tzif);
    heap.fail_at = heap.calls + 1;
    heap.broken = true;
    while (sarn_arena_alloc(arena, 16) != NULL) {
        /* What it has already. */
    }
    assert_int_equal(sarn__zone_parse(test_tzif_bytes(&tzif), arena, &zone, NULL),
                     SARN_ERR_NOMEM);
    assert_int_equal(zone.first_offset_s, 42);
    sarn_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_skips_an_hour_in_spring_and_repeats_one_in_autumn),
        cmocka_unit_test(in_the_south_summer_goes_over_the_new_year_by_half_an_hour),
        cmocka_unit_test(the_table_counts_first_and_the_rule_after_it),
        cmocka_unit_test(the_first_version_has_a_table_alone),
        cmocka_unit_test(a_day_can_be_left_out),
        cmocka_unit_test(all_zero_is_utc),
        cmocka_unit_test(rules_are_read_as_posix_has_them),
        cmocka_unit_test(a_zone_has_64_kib),
        cmocka_unit_test(cut_off_anywhere_it_is_refused),
        cmocka_unit_test(any_flipped_bit_is_survived),
        cmocka_unit_test(what_contradicts_itself_is_named),
        cmocka_unit_test(without_memory_nothing_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
