/* The JSON port: values to text and back, and text that is not a value. */
#include "infra/yajl/json.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "everything_schema.h"
#include "support/heap.h"
#include "support/test.h"
#include "support/value.h"

#define JSON_DEPTH 128u
#define TYPE(name) (&everything_##name##_type)

static struct sarn_arena *arena;
static struct sarn_error error;

static int set_up(void **unused)
{
    (void)unused;
    arena = sarn_arena_create(NULL);
    return arena == NULL ? -1 : 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    sarn_arena_destroy(arena);
    return 0;
}

/* NULL: refused, with the reason in error. */
static const void *read_json(const struct sarn_type *type, struct sarn_str json)
{
    struct sarn_json port = sarn__yajl_json();
    void *value = sarn_arena_alloc(arena, type->size);

    memset(value, 0x5A, type->size);
    error = (struct sarn_error){0};
    if (port.ops->read(port.self, type, json, value, arena, &error) != SARN_OK) {
        for (uint32_t i = 0; i < type->size; i++) {
            assert_int_equal(((char *)value)[i], 0x5A); /* Outputs are for success. */
        }
        return NULL;
    }
    return value;
}

static const char *write_json(const struct sarn_type *type, const void *value)
{
    struct sarn_json port = sarn__yajl_json();
    struct sarn_str json, copy;

    if (port.ops->write(port.self, type, value, arena, &json, &error) != SARN_OK) {
        return error.text;
    }
    /* With a NUL behind it. */
    copy.data = sarn_arena_alloc(arena, json.size + 1);
    memcpy((char *)copy.data, json.data, json.size);
    assert_int_equal(strlen(copy.data), json.size);
    return copy.data;
}

/* Value to text to value. */
static void comes_back(const struct sarn_type *type, const void *value)
{
    const char *json = write_json(type, value);
    const void *back = read_json(type, sarn_str(json));

    if (back == NULL) {
        fail_msg("%s: %s", json, error.text);
    }
    assert_true(value_equal(type, value, back));
}

/* Read json and write it again. */
static const char *again(const struct sarn_type *type, const char *json)
{
    const void *value = read_json(type, sarn_str(json));

    return value == NULL ? error.text : write_json(type, value);
}

static const char *refusal(const struct sarn_type *type, const char *json)
{
    if (read_json(type, sarn_str(json)) != NULL) {
        return "accepted";
    }
    assert_int_equal(error.status, SARN_ERR_SCHEMA);
    return error.text;
}

/* --- writing --- */

static void a_value_is_one_line_with_names_for_enums(void **unused)
{
    const struct everything_defaults value = {
        .a_bool = true,
        .an_i8 = -5,
        .an_i64 = INT64_MIN,
        .a_u64 = UINT64_MAX,
        .an_f32 = 0.1F,
        .an_f64 = 0.1,
        .color = EVERYTHING_COLOR_DARK_BLUE,
    };

    (void)unused;
    assert_string_equal(
        write_json(TYPE(defaults), &value),
        "{\"a_bool\":true,\"an_i8\":-5,\"a_u8\":0,\"an_i64\":-9223372036854775808,"
        "\"a_u64\":18446744073709551615,\"an_f32\":0.1,\"an_f64\":0.1,"
        "\"color\":\"DarkBlue\",\"infinite\":0}");
}

static void what_is_absent_or_empty_is_left_out(void **unused)
{
    (void)unused;
    assert_string_equal(write_json(TYPE(many), &(struct everything_many){0}), "{}");
    assert_string_equal(write_json(TYPE(empty), &(struct everything_empty){0}), "{}");
    assert_string_equal(write_json(TYPE(inner), &(struct everything_inner){0}),
                        "{\"value\":0}");
    assert_string_equal(
        write_json(TYPE(inner), &(struct everything_inner){.name = {"", 0}}),
        "{\"name\":\"\",\"value\":0}");
}

static void bytes_are_base64(void **unused)
{
    static const struct {
        struct sarn_str bytes;
        const char *json;
    } rows[] = {
        {{"", 0}, "\"\""},
        {SARN_STR("f"), "\"Zg==\""},
        {SARN_STR("fo"), "\"Zm8=\""},
        {SARN_STR("foo"), "\"Zm9v\""},
        {SARN_STR("\xFF\xFE\x00\xFB"), "\"//4A+w==\""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(write_json(&sarn_bytes_type, &rows[i].bytes), rows[i].json);
        comes_back(&sarn_bytes_type, &rows[i].bytes);
    }
}

static void text_that_is_not_utf8_is_not_written(void **unused)
{
    const struct everything_inner value = {.name = SARN_STR("\xFF")};

    (void)unused;
    assert_string_equal(write_json(TYPE(inner), &value),
                        "everything.Inner.name is not UTF-8.");
}

static void what_lies_too_deep_is_not_written(void **unused)
{
    struct everything_inner circle = {.next = &circle};
    struct everything_inner chain[JSON_DEPTH] = {0}; /* One is one too many. */

    (void)unused;
    assert_string_equal(write_json(TYPE(inner), &circle),
                        "A everything.Inner is nested too deep for JSON.");
    for (uint32_t i = 0; i + 1 < JSON_DEPTH; i++) {
        chain[i].next = &chain[i + 1];
    }
    assert_int_equal(write_json(TYPE(inner), &chain[1])[0], '{');
    assert_string_equal(write_json(TYPE(inner), &chain[0]),
                        "A everything.Inner is nested too deep for JSON.");
}

/* --- there and back --- */

static void every_field_comes_back(void **unused)
{
    static const struct everything_inner inner = {SARN_STR("in\n\"side\"\\ \x01"), -1,
                                                  NULL};
    static const struct everything_inner inners[] = {
        {.name = SARN_STR("1"), .next = &inner},
        {.value = 2},
        {.value = 3},
        {.value = 4},
        {.value = 5},
    };
    static const struct sarn_str texts[] = {
        SARN_STR("a"), {"", 0}, SARN_STR("\xE2\x82\xAC")};
    static const struct everything_point points[] = {{1, -1, true},
                                                     {2, INT64_MIN, false}};
    static const int64_t i64s[] = {INT64_MIN, INT64_MAX, 0, 9007199254740993};
    static const uint64_t u64s[] = {UINT64_MAX, 0};
    static const uint64_t huges[] = {EVERYTHING_HUGE_TOP, 5};
    static const bool bools[] = {true, false};
    static const uint8_t colors[] = {EVERYTHING_COLOR_GREEN, 99};
    const struct everything_single single = {
        .a_bool = true,
        .an_i8 = INT8_MIN,
        .a_u8 = UINT8_MAX,
        .an_i16 = INT16_MIN,
        .a_u16 = UINT16_MAX,
        .an_i32 = INT32_MIN,
        .a_u32 = UINT32_MAX,
        .an_i64 = INT64_MIN,
        .a_u64 = UINT64_MAX,
        .an_f32 = FLT_MAX,
        .an_f64 = DBL_MIN,
        .color = EVERYTHING_COLOR_GREEN,
        .mood = EVERYTHING_MOOD_LOW,
        .huge = EVERYTHING_HUGE_TOP,
        .deep = EVERYTHING_DEEP_BOTTOM,
        .access = EVERYTHING_ACCESS_READ | EVERYTHING_ACCESS_WRITE,
        .text = {"nul\0inside", 10},
        .bytes = {"\0\xFF", 2},
        .point = {1, 2, true},
        .line = {{1, 2, true}, EVERYTHING_COLOR_GREEN, {3, 4, false}},
        .inner = &inner,
        .self = &(struct everything_single){.huge = 1},
    };
    const struct everything_many many = {
        .bools = {bools, 2},
        .i64s = {i64s, 4},
        .u64s = {u64s, 2},
        .huges = {huges, 2},
        .colors = {colors, 2},
        .texts = {texts, 3},
        .points = {points, 2},
        .inners = {inners, 5},
    };

    (void)unused;
    comes_back(TYPE(single), &single);
    comes_back(TYPE(many), &many);
    comes_back(TYPE(class), &(struct everything_class){1, 2, SARN_STR("3")});
}

static void reals_come_back_to_the_bit(void **unused)
{
    static const double rows[] = {0.1,      -0.0,      1.0 / 3.0, DBL_TRUE_MIN,
                                  DBL_MAX,  DBL_MIN,   1e21,      123456789,
                                  INFINITY, -INFINITY, 5e-324,    0.30000000000000004};
    static const float singles[] = {0.1F,         -0.0F,   1.0F / 3.0F,
                                    FLT_TRUE_MIN, FLT_MAX, 16777217.0F};

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        comes_back(TYPE(single), &(struct everything_single){.an_f64 = rows[i]});
    }
    for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
        comes_back(TYPE(single), &(struct everything_single){.an_f32 = singles[i]});
    }
    assert_non_null(
        strstr(write_json(TYPE(single), &(struct everything_single){.an_f64 = NAN}),
               "\"NaN\""));
    assert_true(isnan(((const struct everything_single *)read_json(
                           TYPE(single), sarn_str("{\"an_f64\":\"NaN\"}")))
                          ->an_f64));
}

static void absent_members_are_their_defaults(void **unused)
{
    (void)unused;
    assert_string_equal(
        again(TYPE(defaults), "{}"),
        "{\"a_bool\":true,\"an_i8\":-5,\"a_u8\":200,\"an_i64\":-9223372036854775808,"
        "\"a_u64\":9223372036854775807,\"an_f32\":1.5,\"an_f64\":-2.25,"
        "\"color\":\"Green\",\"infinite\":\"Infinity\"}");
    assert_string_equal(again(TYPE(inner), "{\"name\":null,\"value\":null}"),
                        "{\"value\":0}");
}

static void order_and_space_do_not_matter(void **unused)
{
    (void)unused;
    assert_string_equal(
        again(TYPE(inner),
              " { \"value\" : 7 ,\n\t\"name\" : \"\\u20ac\\ud83d\\ude00/\\/\" } "),
        "{\"name\":\"\xE2\x82\xAC\xF0\x9F\x98\x80//\",\"value\":7}");
    assert_string_equal(again(TYPE(many), "{\"texts\":[],\"inners\":[{},{}]}"),
                        "{\"inners\":[{\"value\":0},{\"value\":0}]}");
}

/* --- what is refused, and how it is said --- */

static void each_fault_is_named(void **unused)
{
    static const struct {
        const struct sarn_type *type;
        const char *json, *says;
    } rows[] = {
        {TYPE(single), "{\"an_i8\":128}", "an_i8 is not a whole number in its range"},
        {TYPE(single), "{\"an_i8\":-129}", "an_i8 is not a whole"},
        {TYPE(single), "{\"a_u8\":256}", "a_u8 is not a whole"},
        {TYPE(single), "{\"a_u8\":-1}", "a_u8 is not a whole"},
        {TYPE(single), "{\"an_i16\":32768}", "an_i16 is not a whole"},
        {TYPE(single), "{\"a_u16\":65536}", "a_u16 is not a whole"},
        {TYPE(single), "{\"an_i32\":2147483648}", "an_i32 is not a whole"},
        {TYPE(single), "{\"a_u32\":4294967296}", "a_u32 is not a whole"},
        {TYPE(single), "{\"an_i64\":9223372036854775808}", "an_i64 is not a whole"},
        {TYPE(single), "{\"an_i64\":-9223372036854775809}", "an_i64 is not a whole"},
        {TYPE(single), "{\"a_u64\":18446744073709551616}", "a_u64 is not a whole"},
        {TYPE(single), "{\"a_u64\":-1}", "a_u64 is not a whole"},
        {TYPE(single), "{\"an_i32\":1.0}", "an_i32 is not a whole"},
        {TYPE(single), "{\"an_i32\":1e3}", "an_i32 is not a whole"},
        {TYPE(single), "{\"an_i32\":\"1\"}", "an_i32 must be a number"},
        {TYPE(single), "{\"an_i32\":true}", "an_i32 must be a number"},
        {TYPE(single), "{\"an_f32\":1e39}", "an_f32 is out of range"},
        {TYPE(single), "{\"an_f64\":1e999}", "an_f64 is out of range"},
        {TYPE(single), "{\"an_f64\":\"nan\"}", "an_f64 must be a number"},
        {TYPE(single), "{\"a_bool\":1}", "a_bool must be true or false"},
        {TYPE(single), "{\"color\":\"Mauve\"}", "color is not a value of its enum"},
        {TYPE(single), "{\"color\":256}", "color is not a whole"},
        {TYPE(single), "{\"color\":[]}", "color must not be a list"},
        {TYPE(single), "{\"text\":5}", "text must be text"},
        {TYPE(single), "{\"text\":{}}", "text must not be an object"},
        {TYPE(single), "{\"bytes\":\"Zg=\"}", "bytes is not base64"},
        {TYPE(single), "{\"bytes\":\"Zh==\"}", "bytes is not base64"},
        {TYPE(single), "{\"bytes\":\"Zg==Zg==\"}", "bytes is not base64"},
        {TYPE(single), "{\"bytes\":\"Zm9_\"}", "bytes is not base64"},
        {TYPE(single), "{\"bytes\":[1,2]}", "bytes must not be a list"},
        {TYPE(single), "{\"point\":5}", "point must be an object"},
        {TYPE(single), "{\"point\":{\"z\":1}}", "everything.Point has no member z"},
        {TYPE(single), "{\"inner\":\"x\"}", "inner must be an object"},
        {TYPE(single), "{\"inner\":{\"value\":1.5}}", "everything.Inner.value is not"},
        {TYPE(single), "{\"nothing\":1}", "everything.Single has no member nothing"},
        {TYPE(single), "{\"a_u8\":1,\"a_u8\":1}",
         "everything.Single.a_u8 is there twice"},
        {TYPE(single), "{\"text\":null,\"text\":\"\"}", "text is there twice"},
        {TYPE(many), "{\"i32s\":5}", "i32s must be a list"},
        {TYPE(many), "{\"i32s\":[[5]]}", "i32s must not be a list"},
        {TYPE(many), "{\"i32s\":[null]}", "i32s must not be null"},
        {TYPE(many), "{\"i32s\":{}}", "i32s must be a list"},
        {TYPE(many), "{\"texts\":[\"a\",5]}", "texts must be text"},
        {TYPE(many), "{\"inners\":[5]}", "inners must be an object"},
        {TYPE(required), "{}", "is required and absent"},
        {TYPE(required), "{\"text\":null}", "everything.Required.text is required"},
        {TYPE(empty), "{\"a\":1}", "everything.Empty has no member a"},
        {TYPE(empty), "", "malformed"},
        {TYPE(empty), "{", "malformed"},
        {TYPE(empty), "{}{}", "malformed before byte"},
        {TYPE(empty), "{},", "malformed"},
        {TYPE(empty), "[]", "must be an object"},
        {TYPE(empty), "null", "must be an object"},
        {TYPE(empty), "7", "must be an object"},
        {TYPE(inner), "{\"value\":01}", "malformed"},
        {TYPE(inner), "{\"value\":+1}", "malformed"},
        {TYPE(inner), "{'value':1}", "malformed"},
        {TYPE(inner), "{\"value\":1,}", "malformed"},
        {TYPE(inner), "{\"name\":\"\xC0\x80\"}", "not UTF-8"},
        {TYPE(inner), "{\"name\":\"\\ud800\"}", "not UTF-8"},
        {TYPE(inner), "{\"name\":\"\\udc00\\ud800\"}", "not UTF-8"},
        {TYPE(inner), "{\"name\":\"a\nb\"}", "malformed"},
        {&sarn_bytes_type, "{}", "must not be an object"},
        {&sarn_bytes_type, "\"?\"", "is not base64"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *says = refusal(rows[i].type, rows[i].json);

        if (strstr(says, rows[i].says) == NULL) {
            fail_msg("%s: \"%s\", not \"%s\"", rows[i].json, says, rows[i].says);
        }
    }
}

/* So many objects, each inside the one before. */
static struct sarn_str nested(uint32_t depth, char *text, size_t room)
{
    size_t used = 0;

    for (uint32_t i = 0; i < depth; i++) {
        used += (size_t)snprintf(text + used, room - used, i == 0 ? "{" : "\"next\":{");
    }
    memset(text + used, '}', depth);
    text[used + depth] = '\0';
    return sarn_str(text);
}

static void json_nests_only_so_deep(void **unused)
{
    char text[4096] = "";

    (void)unused;
    assert_non_null(read_json(TYPE(inner), nested(JSON_DEPTH, text, sizeof(text))));
    (void)nested(JSON_DEPTH + 1, text, sizeof(text));
    assert_non_null(strstr(refusal(TYPE(inner), text), "nested over 128 deep"));
    memset(text, '[', sizeof(text) - 1);
    assert_non_null(strstr(refusal(TYPE(inner), text), "must be an object"));
}

static void a_number_has_511_digits(void **unused)
{
    static const char head[] = "{\"an_f64\":1.";
    char text[sizeof(head) + 520];
    size_t digits = 509; /* And "1.". */

    (void)unused;
    for (uint32_t i = 0; i < 2; i++) {
        memcpy(text, head, sizeof(head) - 1);
        memset(text + sizeof(head) - 1, '0', digits + i);
        memcpy(text + sizeof(head) - 1 + digits + i, "}", 2);
        if (i == 0) {
            assert_non_null(read_json(TYPE(single), sarn_str(text)));
        } else {
            assert_string_equal(refusal(TYPE(single), text),
                                "everything.Single.an_f64 is out of range.");
        }
    }
}

/* --- reading what is wanted only --- */

static sarn_status pick(const struct sarn_type *type, const char *json, void *value)
{
    struct sarn_json port = sarn__yajl_json();

    error = (struct sarn_error){0};
    return port.ops->pick(port.self, type, sarn_str(json), value, arena, &error);
}

static void what_is_not_wanted_is_skipped(void **unused)
{
    static const char *const rows[] = {
        "{\"name\":\"n\",\"value\":7}",
        "{\"a\":1,\"name\":\"n\",\"b\":null,\"value\":7,\"c\":\"\\u20ac\"}",
        "{\"a\":{\"value\":8,\"b\":[{\"name\":null},[]]},\"name\":\"n\",\"value\":7}",
        "{\"a\":[1e999,true,[{}]],\"value\":7,\"name\":\"n\",\"a\":[],\"a\":{}}",
        "{\"next\":{\"x\":{\"next\":5}},\"value\":7,\"name\":\"n\"}",
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct everything_inner value;

        if (pick(TYPE(inner), rows[i], &value) != SARN_OK) {
            fail_msg("%s: %s", rows[i], error.text);
        }
        assert_true(sarn_str_equal(value.name, sarn_str("n")));
        assert_int_equal(value.value, 7);
        assert_int_equal(value.next != NULL, i == 4);
    }
}

static void what_is_wanted_is_checked_as_ever(void **unused)
{
    static const struct {
        const char *json, *says;
    } rows[] = {
        {"{\"a\":[{}],\"value\":1.5}", "value is not a whole"},
        {"{\"value\":1,\"a\":{\"value\":1},\"value\":1}", "value is there twice"},
        {"{\"a\":[}", "malformed"},
        {"{\"a\":{\"b\"}}", "malformed"},
        {"{\"a\":\"\\ud800\"}", "not UTF-8"},
        {"[]", "must be an object"},
        {"[[1]]", "must be an object"},
        {"5", "must be an object"},
        {"", "malformed"},
    };
    char deep[4096] = "{\"a\":";

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct everything_inner value;

        assert_int_equal(pick(TYPE(inner), rows[i].json, &value), SARN_ERR_SCHEMA);
        assert_non_null(strstr(error.text, rows[i].says));
    }
    memset(deep + 5, '[', sizeof(deep) - 6);
    assert_int_equal(pick(TYPE(inner), deep, &(struct everything_inner){.value = 0}),
                     SARN_ERR_SCHEMA);
    assert_non_null(strstr(error.text, "nested over 128 deep"));
}

/* --- hostile text and no memory --- */

static const char sample[] =
    "{\"a_bool\":true,\"an_i64\":-5,\"an_f64\":1.5e3,\"color\":\"Green\",\"text\":"
    "\"\\u20acx\","
    "\"bytes\":\"Zm9v\",\"point\":{\"x\":1},\"inner\":{\"name\":\"n\",\"next\":{}}}";

static void damaged_text_never_crashes(void **unused)
{
    char text[sizeof(sample)];

    (void)unused;
    for (uint32_t size = 0; size < sizeof(sample) - 1; size++) {
        assert_null(read_json(TYPE(single), (struct sarn_str){sample, size}));
    }
    for (uint32_t bit = 0; bit < 8 * (sizeof(sample) - 1); bit++) {
        memcpy(text, sample, sizeof(sample));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << (bit % 8)));
        if (read_json(TYPE(single), (struct sarn_str){text, sizeof(sample) - 1}) ==
            NULL) {
            assert_int_equal(error.status, SARN_ERR_SCHEMA);
        }
        sarn_arena_reset(arena);
    }
}

static void running_out_of_memory_is_an_error(void **unused)
{
    struct sarn_json port = sarn__yajl_json();
    uint64_t failures = 0;

    (void)unused;
    for (uint64_t at = 2;; at++) { /* The first call is the arena itself. */
        struct test_heap heap = {.fail_at = at, .broken = true};
        struct sarn_heap from = test_heap(&heap);
        struct sarn_arena *small = sarn_arena_create(&from);
        struct everything_single value;
        struct sarn_str json = {NULL, 0};
        sarn_status status =
            port.ops->read(port.self, TYPE(single), (struct sarn_str)SARN_STR(sample),
                           &value, small, &error);

        if (status == SARN_OK) {
            status =
                port.ops->write(port.self, TYPE(single), &value, small, &json, &error);
        }
        sarn_arena_destroy(small);
        assert_int_equal(heap.live, 0);
        if (status == SARN_OK) {
            break;
        }
        assert_int_equal(status, SARN_ERR_NOMEM);
        failures += 1;
    }
    assert_true(failures > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_is_one_line_with_names_for_enums),
        TEST(what_is_absent_or_empty_is_left_out),
        TEST(bytes_are_base64),
        TEST(text_that_is_not_utf8_is_not_written),
        TEST(what_lies_too_deep_is_not_written),
        TEST(every_field_comes_back),
        TEST(reals_come_back_to_the_bit),
        TEST(absent_members_are_their_defaults),
        TEST(order_and_space_do_not_matter),
        TEST(each_fault_is_named),
        TEST(json_nests_only_so_deep),
        TEST(a_number_has_511_digits),
        TEST(what_is_not_wanted_is_skipped),
        TEST(what_is_wanted_is_checked_as_ever),
        TEST(damaged_text_never_crashes),
        TEST(running_out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
