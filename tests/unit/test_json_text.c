/* domain/engine/json_text: times, strings and bytes as JSON. */
#include "engine/json_text.h"

#include "support/heap.h"
#include "support/test.h"

static void times_are_dates_of_the_calendar(void **unused)
{
    static const struct {
        int64_t time_us;
        const char *expected;
    } rows[] = {
        {0, "\"1970-01-01T00:00:00.000000Z\""},
        {-1, "\"1969-12-31T23:59:59.999999Z\""},
        {INT64_C(951782400000000), "\"2000-02-29T00:00:00.000000Z\""},
        {INT64_C(4107542399000001), "\"2100-02-28T23:59:59.000001Z\""},
        {INT64_C(4107542400000000), "\"2100-03-01T00:00:00.000000Z\""},
        {INT64_C(-62135596800000000), "\"0001-01-01T00:00:00.000000Z\""},
        {INT64_MAX, "\"294247-01-10T04:00:54.775807Z\""},
        {INT64_MIN, "\"-290308-12-21T19:59:05.224192Z\""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn__json_text text = {.arena = sarn_arena_create(NULL)};
        struct sarn_str json;
        char found[64];

        sarn__json_time(&text, rows[i].time_us);
        assert_int_equal(sarn__json_done(&text, &json), SARN_OK);
        snprintf(found, sizeof(found), "%.*s", (int)json.size, json.data);
        assert_string_equal(found, rows[i].expected);
        sarn_arena_destroy(text.arena);
    }
}

static void strings_are_escaped_and_bytes_encoded(void **unused)
{
    static const struct {
        struct sarn_str bytes;
        bool printable;
        const char *string, *base64;
    } rows[] = {
        {SARN_STR(""), true, "\"\"", "\"\""},
        {SARN_STR("a"), true, "\"a\"", "\"YQ==\""},
        {SARN_STR("ab"), true, "\"ab\"", "\"YWI=\""},
        {SARN_STR("abc"), true, "\"abc\"", "\"YWJj\""},
        {SARN_STR("\"\\\b\f\n\r\t/"), false, "\"\\\"\\\\\\b\\f\\n\\r\\t/\"",
         "\"IlwIDAoNCS8=\""},
        {SARN_STR("\x7F"), false, "\"\\u007f\"", "\"fw==\""},
        {SARN_STR("a\0b"), false, "\"a\\u0000b\"", "\"YQBi\""},
        {SARN_STR("\xC3\xA9"), true, "\"\xC3\xA9\"", "\"w6k=\""},
        {SARN_STR("\xC3"), false, "\"\xEF\xBF\xBD\"", "\"ww==\""},
        {SARN_STR("\xC0\x80"), false, "\"\xEF\xBF\xBD\xEF\xBF\xBD\"", "\"wIA=\""},
        {SARN_STR("\xE2\x82\xAC"), true, "\"\xE2\x82\xAC\"", "\"4oKs\""},
        {SARN_STR("\xED\xA0\x80"), false, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"",
         "\"7aCA\""},
        {SARN_STR("\xF0\x9F\x98\x80"), true, "\"\xF0\x9F\x98\x80\"", "\"8J+YgA==\""},
        {SARN_STR("\xF5\x80\x80\x80"), false,
         "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"", "\"9YCAgA==\""},
        {SARN_STR("line\n"), true, "\"line\\n\"", "\"bGluZQo=\""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct sarn__json_text string = {.arena = arena}, base64 = {.arena = arena};
        struct sarn_str json;
        char found[64];

        sarn__json_string(&string, rows[i].bytes);
        assert_int_equal(sarn__json_done(&string, &json), SARN_OK);
        snprintf(found, sizeof(found), "%.*s", (int)json.size, json.data);
        assert_string_equal(found, rows[i].string);
        sarn__json_base64(&base64, rows[i].bytes);
        assert_int_equal(sarn__json_done(&base64, &json), SARN_OK);
        snprintf(found, sizeof(found), "%.*s", (int)json.size, json.data);
        assert_string_equal(found, rows[i].base64);
        assert_int_equal(sarn__json_printable(rows[i].bytes), rows[i].printable);
        sarn_arena_destroy(arena);
    }
}

static void without_memory_there_is_no_text(void **unused)
{
    static const char many[5000] = {'x'};

    (void)unused;
    for (uint64_t nth = 2; nth < 6; nth++) { /* The first call makes the arena. */
        struct test_heap counted = {.fail_at = nth, .broken = true};
        const struct sarn_heap heap = test_heap(&counted);
        struct sarn__json_text text = {.arena = sarn_arena_create(&heap)};
        struct sarn_str json = SARN_STR("untouched");

        for (int i = 0; i < 64; i++) {
            sarn__json_string(&text, (struct sarn_str){many, sizeof(many)});
            sarn__json_u64(&text, UINT64_MAX);
        }
        assert_int_equal(sarn__json_done(&text, &json), SARN_ERR_NOMEM);
        assert_true(sarn_str_equal(json, sarn_str("untouched")));
        sarn_arena_destroy(text.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_dates_of_the_calendar),
        cmocka_unit_test(strings_are_escaped_and_bytes_encoded),
        cmocka_unit_test(without_memory_there_is_no_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
