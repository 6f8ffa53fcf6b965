/* domain/core/type and utf8: lookup, deep copies, text. */
#include "core/type.h"
#include "core/utf8.h"

#include <string.h>

#include "everything_schema.h"
#include "support/heap.h"
#include "support/sample.h"
#include "support/test.h"
#include "support/value.h"

static void a_type_is_found_by_its_name(void **unused)
{
    const struct sarn_schema *schema = &everything_schema;

    (void)unused;
    assert_ptr_equal(sarn_schema_type(schema, sarn_str("everything.Inner")),
                     &everything_inner_type);
    assert_ptr_equal(sarn_schema_type(schema, sarn_str("everything.Single")),
                     &everything_single_type);
    assert_null(sarn_schema_type(schema, sarn_str("everything.Inne")));
    assert_null(sarn_schema_type(schema, sarn_str("everything.InnerX")));
    assert_null(sarn_schema_type(schema, sarn_str(NULL)));
}

static void descriptors_say_what_the_schema_says(void **unused)
{
    const struct sarn_type *type = &everything_required_type;

    (void)unused;
    assert_int_equal(type->role, SARN_ROLE_COMMAND);
    assert_int_equal(everything_inner_type.role, SARN_ROLE_NONE);
    assert_int_equal(everything_empty_type.field_count, 0);
    assert_int_equal(type->fields[0].flags, SARN_FIELD_REQUIRED);
    assert_int_equal(type->fields[4].flags, SARN_FIELD_REQUIRED | SARN_FIELD_VECTOR);
    assert_int_equal(everything_point_type.wire_size, sizeof(struct everything_point));
    /* The deprecated field has no member, and its id stays its own. */
    assert_int_equal(everything_newer_type.field_count, 3);
    assert_int_equal(everything_newer_type.fields[1].id, 2);
    assert_string_equal(everything_single_type.fields[11].enumeration->values[2].name,
                        "DarkBlue");
}

static void a_copy_owns_nothing_of_the_original(void **unused)
{
    static const struct sarn_type *const types[] = {
        &everything_single_type, &everything_many_type, &everything_empty_type};

    (void)unused;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct sarn_arena *from = sarn_arena_create(NULL),
                          *to = sarn_arena_create(NULL);
        void *value = sample_value(types[i], from);
        void *copy = sarn_arena_alloc(to, types[i]->size);
        void *expected;

        assert_int_equal(sarn_type_copy(types[i], value, copy, to), SARN_OK);
        assert_true(value_equal(types[i], value, copy));
        /* With the original gone, the copy is what a new sample is. */
        sarn_arena_destroy(from);
        from = sarn_arena_create(NULL);
        expected = sample_value(types[i], from);
        assert_true(value_equal(types[i], expected, copy));
        sarn_arena_destroy(from);
        sarn_arena_destroy(to);
    }
}

static void absent_and_empty_stay_what_they_are(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct everything_single value = {.text = {"", 0}}, copy;

    (void)unused;
    assert_int_equal(sarn_type_copy(&everything_single_type, &value, &copy, arena),
                     SARN_OK);
    assert_non_null(copy.text.data);
    assert_null(copy.bytes.data);
    assert_null(copy.inner);
    sarn_arena_destroy(arena);
}

static void a_struct_may_be_copied_onto_itself(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    char letters[] = "abc";
    struct sarn_str value = {letters, 3};

    (void)unused;
    assert_int_equal(sarn_type_copy(&sarn_bytes_type, &value, &value, arena), SARN_OK);
    letters[0] = 'x';
    assert_memory_equal(value.data, "abc", 3);
    sarn_arena_destroy(arena);
}

static void a_circle_is_refused(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct everything_inner circle = {.next = &circle}, copy = {.value = 77};

    (void)unused;
    assert_int_equal(sarn_type_copy(&everything_inner_type, &circle, &copy, arena),
                     SARN_ERR_TOO_LARGE);
    assert_int_equal(copy.value, 77);
    sarn_arena_destroy(arena);
}

static void running_out_of_memory_leaves_the_copy_alone(void **unused)
{
    static const char text[100000]; /* More than an arena begins with. */
    const struct sarn_str texts[] = {{text, sizeof(text)}, {text, sizeof(text)}};
    const struct everything_inner inners[] = {{.name = texts[0]}, {.name = texts[1]}};
    const struct everything_many value = {.texts = {texts, 2}, .inners = {inners, 2}};
    uint64_t failures = 0;

    (void)unused;
    for (uint64_t at = 2;; at++) { /* The first call is the arena itself. */
        struct test_heap heap = {.fail_at = at, .broken = true};
        struct sarn_heap from = test_heap(&heap);
        struct sarn_arena *arena = sarn_arena_create(&from);
        struct everything_many copy = {.bools = {NULL, 77}};
        sarn_status status =
            sarn_type_copy(&everything_many_type, &value, &copy, arena);

        sarn_arena_destroy(arena);
        if (status == SARN_OK) {
            break;
        }
        assert_int_equal(status, SARN_ERR_NOMEM);
        assert_int_equal(copy.bools.size, 77);
        failures += 1;
    }
    assert_true(failures > 1);
}

static void defaults_are_put_by_width(void **unused)
{
    const struct sarn_type *type = &everything_defaults_type;
    struct everything_defaults value = {0};

    (void)unused;
    for (uint32_t i = 0; i < type->field_count; i++) {
        sarn__put_default(&type->fields[i], (char *)&value + type->fields[i].offset);
    }
    assert_true(value.a_bool);
    assert_int_equal(value.an_i8, -5);
    assert_int_equal(value.a_u8, 200);
    assert_true(value.an_i64 == INT64_MIN);
    assert_true(value.a_u64 == INT64_MAX);
    assert_true(value.an_f32 > 1.4F && value.an_f32 < 1.6F);
    assert_true(value.an_f64 > -2.3 && value.an_f64 < -2.2);
    assert_int_equal(value.color, EVERYTHING_COLOR_GREEN);
}

static void well_formed_text_is_told_from_other_bytes(void **unused)
{
    static const struct {
        struct sarn_str text;
        bool valid;
    } rows[] = {
        {{NULL, 0}, true},
        {SARN_STR("plain, and longer than eight bytes"), true},
        {SARN_STR("nul\0inside"), true},
        {SARN_STR("\xC2\x80 \xDF\xBF"), true},
        {SARN_STR("\xE0\xA0\x80 \xEF\xBF\xBF"), true},
        {SARN_STR("\xED\x9F\xBF \xEE\x80\x80"), true}, /* Beside the surrogates. */
        {SARN_STR("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"), true},
        {SARN_STR("1234567\xE2\x82\xAC"), true}, /* Over the eighth byte. */
        {SARN_STR("\x80"), false},
        {SARN_STR("\xC1\xBF"), false}, /* Overlong. */
        {SARN_STR("\xE0\x9F\xBF"), false},
        {SARN_STR("\xF0\x8F\xBF\xBF"), false},
        {SARN_STR("\xED\xA0\x80"), false}, /* A surrogate. */
        {SARN_STR("\xED\xBF\xBF"), false},
        {SARN_STR("\xF4\x90\x80\x80"), false}, /* Over U+10FFFF. */
        {SARN_STR("\xF5\x80\x80\x80"), false},
        {SARN_STR("\xFF"), false},
        {SARN_STR("\xC2"), false}, /* Cut short. */
        {SARN_STR("\xE2\x82"), false},
        {SARN_STR("\xF0\x9F\x98"), false},
        {SARN_STR("\xC2 "), false},
        {SARN_STR("\xE2\x82 "), false},
        {SARN_STR("12345678\xF0\x9F\x98 "), false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (sarn__utf8_valid(rows[i].text) != rows[i].valid) {
            fail_msg("row %zu", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_is_found_by_its_name),
        cmocka_unit_test(descriptors_say_what_the_schema_says),
        cmocka_unit_test(a_copy_owns_nothing_of_the_original),
        cmocka_unit_test(absent_and_empty_stay_what_they_are),
        cmocka_unit_test(a_struct_may_be_copied_onto_itself),
        cmocka_unit_test(a_circle_is_refused),
        cmocka_unit_test(running_out_of_memory_leaves_the_copy_alone),
        cmocka_unit_test(defaults_are_put_by_width),
        cmocka_unit_test(well_formed_text_is_told_from_other_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
