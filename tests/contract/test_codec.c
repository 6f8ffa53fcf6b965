/* The codec port: one suite for FlatBuffers and for the codec in memory. */
#include "infra/flatbuffers/codec.h"
#include "infra/memory/codec.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "everything_schema.h"
#include "support/heap.h"
#include "support/test.h"
#include "support/value.h"

#define TYPE(name) (&everything_##name##_type)
#define VECTOR(array)                                                                  \
    {                                                                                  \
        (array), (uint32_t)(sizeof(array) / sizeof((array)[0]))                        \
    }

struct fixture {
    struct sarn_codec codec;
    struct sarn_arena *arena;
    struct sarn_error error;
};

static struct fixture *begin(void **state, struct fixture *f)
{
    *f = (struct fixture){.codec = *(struct sarn_codec *)*state};
    f->arena = sarn_arena_create(NULL);
    assert_non_null(f->arena);
    return f;
}

static void end(struct fixture *f)
{
    sarn_arena_destroy(f->arena);
}

static struct sarn_str
encode(struct fixture *f, const struct sarn_type *type, const void *value)
{
    struct sarn_str bytes = {NULL, 0};

    if (f->codec.ops->encode(f->codec.self, type, value, f->arena, &bytes, &f->error)) {
        fail_msg("%s", f->error.text);
    }
    assert_int_equal((uintptr_t)bytes.data % 8, 0);
    return bytes;
}

static sarn_status
verify(struct fixture *f, const struct sarn_type *type, struct sarn_str bytes)
{
    return f->codec.ops->verify(f->codec.self, type, bytes, &f->error);
}

static void *
decode(struct fixture *f, const struct sarn_type *type, struct sarn_str bytes)
{
    void *value = sarn_arena_alloc(f->arena, type->size);

    memset(value, 0xA5, type->size); /* Whatever it holds must not matter. */
    if (f->codec.ops->decode(f->codec.self, type, bytes, value, f->arena, &f->error)) {
        fail_msg("%s", f->error.text);
    }
    return value;
}

/* Encode twice (the same bytes), verify, decode: the same value. */
static const void *
round_trip(struct fixture *f, const struct sarn_type *type, const void *value)
{
    struct sarn_str bytes = encode(f, type, value), again = encode(f, type, value);
    const void *decoded;

    assert_true(sarn_str_equal(bytes, again));
    if (verify(f, type, bytes) != SARN_OK) {
        fail_msg("%s", f->error.text);
    }
    decoded = decode(f, type, bytes);
    assert_true(value_equal(type, value, decoded));
    /* What was decoded is as good as the original. */
    assert_true(sarn_str_equal(bytes, encode(f, type, decoded)));
    return decoded;
}

static sarn_status
refused(struct fixture *f, const struct sarn_type *type, const void *value)
{
    struct sarn_str bytes = {NULL, 77};
    sarn_status status =
        f->codec.ops->encode(f->codec.self, type, value, f->arena, &bytes, &f->error);

    assert_int_not_equal(status, SARN_OK);
    assert_int_equal(f->error.status, status);
    assert_int_equal(bytes.size, 77); /* Outputs are for success. */
    return status;
}

/* --- values with all that can be in them --- */

static const struct everything_inner inners[] = {
    {.name = SARN_STR("first"), .value = 1},
    {.name = {"", 0}, .value = INT64_MIN, .next = &inners[0]},
    {.next = &inners[1]},
};

static const struct everything_single full = {
    .a_bool = true,
    .an_i8 = INT8_MIN,
    .a_u8 = UINT8_MAX,
    .an_i16 = INT16_MIN,
    .a_u16 = UINT16_MAX,
    .an_i32 = INT32_MIN,
    .a_u32 = UINT32_MAX,
    .an_i64 = INT64_MIN,
    .a_u64 = UINT64_MAX,
    .an_f32 = -FLT_MAX,
    .an_f64 = DBL_MIN,
    .color = EVERYTHING_COLOR_DARK_BLUE,
    .mood = EVERYTHING_MOOD_LOW,
    .huge = EVERYTHING_HUGE_TOP,
    .deep = EVERYTHING_DEEP_BOTTOM,
    .access = EVERYTHING_ACCESS_READ | EVERYTHING_ACCESS_WRITE,
    .text = SARN_STR("gr\xC3\xBC\xC3\x9F dich"),
    .bytes = {"\0\x01\xFF", 3},
    .point = {-7, INT64_MAX, true},
    .line = {{1, 2, false}, EVERYTHING_COLOR_GREEN, {3, 4, true}},
    .inner = &inners[2],
    .self = &(struct everything_single){.an_i32 = 5, .text = SARN_STR("inside")},
};

static const bool bools[] = {true, false, true};
static const int8_t i8s[] = {INT8_MIN, 0, INT8_MAX};
static const int16_t i16s[] = {INT16_MIN, 0, INT16_MAX};
static const uint16_t u16s[] = {0, UINT16_MAX};
static const int32_t i32s[] = {INT32_MIN, 0, INT32_MAX};
static const uint32_t u32s[] = {0, UINT32_MAX};
static const int64_t i64s[] = {INT64_MIN, 0, INT64_MAX};
static const uint64_t u64s[] = {0, UINT64_MAX};
static const float f32s[] = {-0.0F, FLT_MAX, FLT_TRUE_MIN};
static const double f64s[] = {-0.0, DBL_MAX, DBL_TRUE_MIN};
static const uint8_t colors[] = {EVERYTHING_COLOR_RED, EVERYTHING_COLOR_DARK_BLUE, 77};
static const uint64_t huges[] = {EVERYTHING_HUGE_TOP, EVERYTHING_HUGE_ONE};
static const struct sarn_str texts[] = {SARN_STR("one"), {"", 0}, SARN_STR("three")};
static const struct everything_point points[] = {{1, -1, true}, {INT16_MAX, 0, false}};

static const struct everything_many many = {
    .bools = VECTOR(bools),
    .i8s = VECTOR(i8s),
    .i16s = VECTOR(i16s),
    .u16s = VECTOR(u16s),
    .i32s = VECTOR(i32s),
    .u32s = VECTOR(u32s),
    .i64s = VECTOR(i64s),
    .u64s = VECTOR(u64s),
    .f32s = VECTOR(f32s),
    .f64s = VECTOR(f64s),
    .colors = VECTOR(colors),
    .huges = VECTOR(huges),
    .texts = VECTOR(texts),
    .points = VECTOR(points),
    .inners = VECTOR(inners),
};

static const struct everything_required required = {
    .text = {"", 0},
    .bytes = {"", 0},
    .inner = &inners[0],
};

/* --- what goes in comes out --- */

static void every_field_comes_back(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);

    round_trip(f, TYPE(single), &full);
    round_trip(f, TYPE(single), &(struct everything_single){0});
    round_trip(f, TYPE(many), &many);
    round_trip(f, TYPE(many), &(struct everything_many){0});
    round_trip(f, TYPE(empty), &(struct everything_empty){0});
    round_trip(f, TYPE(class), &(struct everything_class){1, -1, SARN_STR("new")});
    end(f);
}

static void scalars_come_back_at_their_extremes(void **state)
{
    static const struct everything_single rows[] = {
        {.an_i8 = INT8_MAX, .an_i16 = INT16_MAX, .an_i32 = INT32_MAX},
        {.an_i64 = INT64_MAX, .a_u64 = 1, .a_u32 = 1, .a_u16 = 1, .a_u8 = 1},
        {.an_f32 = -0.0F, .an_f64 = -0.0},
        {.an_f32 = INFINITY, .an_f64 = -INFINITY},
        {.an_f32 = NAN, .an_f64 = NAN},
        {.an_f32 = FLT_TRUE_MIN, .an_f64 = DBL_TRUE_MIN},
        {.color = 7, .mood = 99, .huge = 12345}, /* Numbers without a name. */
    };
    struct fixture fixture, *f = begin(state, &fixture);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        round_trip(f, TYPE(single), &rows[i]);
    }
    end(f);
}

static void plain_bytes_are_the_payload_itself(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct sarn_str value = {"any\0\xFF thing", 11}, none = {NULL, 0};
    struct sarn_str bytes = encode(f, &sarn_bytes_type, &value);
    const struct sarn_str *decoded;

    assert_true(sarn_str_equal(bytes, value));
    assert_int_equal(verify(f, &sarn_bytes_type, bytes), SARN_OK);
    decoded = decode(f, &sarn_bytes_type, bytes);
    assert_true(sarn_str_equal(*decoded, value));
    assert_int_equal(encode(f, &sarn_bytes_type, &none).size, 0);
    assert_int_equal(verify(f, &sarn_bytes_type, none), SARN_OK);
    end(f);
}

static void absent_and_empty_text_differ(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct everything_single value = {.text = {"", 0}};
    const struct everything_single *back = round_trip(f, TYPE(single), &value);

    assert_non_null(back->text.data);
    assert_null(back->bytes.data);
    end(f);
}

static void absent_fields_are_read_as_their_defaults(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    /* What a table without fields writes, every table can read. */
    struct sarn_str bytes = encode(f, TYPE(empty), &(struct everything_empty){0});
    const struct everything_defaults *value;

    assert_int_equal(verify(f, TYPE(defaults), bytes), SARN_OK);
    value = decode(f, TYPE(defaults), bytes);
    assert_true(value->a_bool);
    assert_int_equal(value->an_i8, -5);
    assert_int_equal(value->a_u8, 200);
    assert_true(value->an_i64 == INT64_MIN);
    assert_true(value->a_u64 == INT64_MAX);
    assert_true(value->an_f32 > 1.4F && value->an_f32 < 1.6F);
    assert_true(value->an_f64 > -2.3 && value->an_f64 < -2.2);
    assert_int_equal(value->color, EVERYTHING_COLOR_GREEN);
    assert_true(isinf(value->infinite));
    end(f);
}

static void zero_is_kept_where_the_default_is_not_zero(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);

    round_trip(f, TYPE(defaults), &(struct everything_defaults){0});
    end(f);
}

static void old_and_new_programs_read_each_other(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct sarn_str bytes;
    const struct everything_newer *newer;
    const struct everything_older *older;

    bytes = encode(f, TYPE(older), &(struct everything_older){4, SARN_STR("gone")});
    assert_int_equal(verify(f, TYPE(newer), bytes), SARN_OK);
    newer = decode(f, TYPE(newer), bytes);
    assert_int_equal(newer->kept, 4);
    assert_null(newer->added.data);
    assert_int_equal(newer->count, 7);

    bytes = encode(f, TYPE(newer), &(struct everything_newer){5, SARN_STR("more"), 9});
    assert_int_equal(verify(f, TYPE(older), bytes), SARN_OK);
    older = decode(f, TYPE(older), bytes);
    assert_int_equal(older->kept, 5);
    assert_null(older->dropped.data);
    end(f);
}

static void padding_does_not_reach_the_bytes(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct everything_single a, b;

    memset(&a, 0, sizeof(a));
    memset(&b, 0xFF, sizeof(b));
    /* Member by member: padding keeps what memset left there. */
    b.a_bool = a.a_bool, b.an_i8 = a.an_i8, b.a_u8 = a.a_u8, b.an_i16 = a.an_i16;
    b.a_u16 = a.a_u16, b.an_i32 = a.an_i32, b.a_u32 = a.a_u32, b.an_i64 = a.an_i64;
    b.a_u64 = a.a_u64, b.an_f32 = a.an_f32, b.an_f64 = a.an_f64, b.color = a.color;
    b.mood = a.mood, b.huge = a.huge, b.deep = a.deep, b.access = a.access;
    b.text = a.text, b.bytes = a.bytes, b.inner = a.inner, b.self = a.self;
    b.line.from.x = 0, b.line.from.y = 0, b.line.from.lit = false, b.line.color = 0;
    b.line.to.x = 0, b.line.to.y = 0, b.line.to.lit = false;
    b.point.x = a.point.x = 3, b.point.y = a.point.y = 4;
    b.point.lit = a.point.lit = true;
    assert_true(
        sarn_str_equal(encode(f, TYPE(single), &a), encode(f, TYPE(single), &b)));
    end(f);
}

/* --- what must not be written --- */

static void required_fields_must_be_there(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct everything_required value = required;

    round_trip(f, TYPE(required), &value);
    value.text = (struct sarn_str){NULL, 0};
    assert_int_equal(refused(f, TYPE(required), &value), SARN_ERR_SCHEMA);
    assert_non_null(strstr(f->error.text, "everything.Required.text"));
    value.text = required.text;
    value.bytes = (struct sarn_str){NULL, 0};
    assert_int_equal(refused(f, TYPE(required), &value), SARN_ERR_SCHEMA);
    assert_non_null(strstr(f->error.text, "everything.Required.bytes"));
    value.bytes = required.bytes;
    value.inner = NULL;
    assert_int_equal(refused(f, TYPE(required), &value), SARN_ERR_SCHEMA);
    assert_non_null(strstr(f->error.text, "everything.Required.inner"));
    end(f);
}

static void bytes_without_a_required_field_are_corrupt(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct sarn_str bytes = encode(f, TYPE(empty), &(struct everything_empty){0});

    assert_int_equal(verify(f, TYPE(required), bytes), SARN_ERR_CORRUPT);
    assert_non_null(strstr(f->error.text, "everything.Required"));
    end(f);
}

static void text_must_be_utf8(void **state)
{
    static const struct sarn_str rows[] = {
        SARN_STR("\x80"),
        SARN_STR("12345678\xFF"),
        SARN_STR("\xC0\xAF"),         /* Overlong. */
        SARN_STR("\xED\xA0\x80"),     /* A surrogate. */
        SARN_STR("\xF4\x90\x80\x80"), /* Over U+10FFFF. */
        SARN_STR("cut \xE2\x82"),
    };
    struct fixture fixture, *f = begin(state, &fixture);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct everything_single single = {.text = rows[i]};
        struct everything_many texts_of = {.texts = {&rows[i], 1}};

        assert_int_equal(refused(f, TYPE(single), &single), SARN_ERR_SCHEMA);
        assert_non_null(strstr(f->error.text, "everything.Single.text"));
        assert_int_equal(refused(f, TYPE(many), &texts_of), SARN_ERR_SCHEMA);
        assert_non_null(strstr(f->error.text, "everything.Many.texts"));
    }
    end(f);
}

static void a_payload_has_a_largest_size(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    char *text = calloc(1, SARN_PAYLOAD_BYTES_MAX + 1);
    struct everything_single value = {.text = {text, SARN_PAYLOAD_BYTES_MAX - 512}};
    struct sarn_str half = {text, SARN_PAYLOAD_BYTES_MAX / 2};
    struct sarn_str halves[] = {half, half};
    struct everything_many two = {.texts = VECTOR(halves)};
    struct sarn_str plain = {text, SARN_PAYLOAD_BYTES_MAX};

    round_trip(f, TYPE(single), &value);
    value.text.size = SARN_PAYLOAD_BYTES_MAX;
    assert_int_equal(refused(f, TYPE(single), &value), SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(f->error.text, "everything.Single"));
    assert_int_equal(refused(f, TYPE(many), &two), SARN_ERR_TOO_LARGE);
    encode(f, &sarn_bytes_type, &plain);
    plain.size += 1;
    assert_int_equal(refused(f, &sarn_bytes_type, &plain), SARN_ERR_TOO_LARGE);
    assert_int_equal(verify(f, &sarn_bytes_type, plain), SARN_ERR_CORRUPT);
    free(text);
    end(f);
}

static void tables_nest_only_so_deep(void **state)
{
    struct everything_inner chain[SARN_DEPTH_MAX + 2] = {0};
    struct fixture fixture, *f = begin(state, &fixture);

    for (uint32_t i = 0; i <= SARN_DEPTH_MAX; i++) {
        chain[i].next = &chain[i + 1];
    }
    round_trip(f, TYPE(inner), &chain[1]);
    assert_int_equal(refused(f, TYPE(inner), &chain[0]), SARN_ERR_TOO_LARGE);
    end(f);
}

/* --- bytes of strangers --- */

/* Verify bytes in a block of exactly their size, so that reading past them is seen;
 * what passes is decoded and read through. */
static bool passes(struct fixture *f,
                   const struct sarn_type *type,
                   const char *data,
                   uint32_t size,
                   const void *expected)
{
    char *block = malloc(size > 0 ? size : 1);
    struct sarn_str bytes = {block, size};
    struct sarn_arena *arena = f->arena;
    sarn_status status;

    assert_non_null(block);
    memcpy(block, data, size);
    status = verify(f, type, bytes);
    if (status == SARN_OK) {
        void *copy;

        f->arena = sarn_arena_create(NULL);
        copy = sarn_arena_alloc(f->arena, type->size);
        assert_int_equal(sarn_type_copy(type, decode(f, type, bytes), copy, f->arena),
                         SARN_OK);
        if (expected != NULL) {
            assert_true(value_equal(type, expected, copy));
        }
        sarn_arena_destroy(f->arena);
        f->arena = arena;
    } else {
        assert_int_equal(status, SARN_ERR_CORRUPT);
    }
    free(block);
    return status == SARN_OK;
}

static void truncations_are_refused(struct fixture *f,
                                    const struct sarn_type *type,
                                    const void *value)
{
    struct sarn_str bytes = encode(f, type, value);

    for (uint32_t size = 0; size < bytes.size; size++) {
        /* Less than a word of padding may be missed by nobody. */
        bool passed = passes(f, type, bytes.data, size, value);

        assert_true(!passed || size + 8 > bytes.size);
    }
}

static void truncated_bytes_are_corrupt(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);

    truncations_are_refused(f, TYPE(single), &full);
    truncations_are_refused(f, TYPE(many), &many);
    truncations_are_refused(f, TYPE(required), &required);
    end(f);
}

static void
flips_are_survived(struct fixture *f, const struct sarn_type *type, const void *value)
{
    struct sarn_str bytes = encode(f, type, value);
    char *damaged = malloc(bytes.size);
    uint32_t refusals = 0;

    memcpy(damaged, bytes.data, bytes.size);
    for (uint32_t bit = 0; bit < bytes.size * 8; bit++) {
        damaged[bit / 8] = (char)(damaged[bit / 8] ^ (1 << (bit % 8)));
        refusals += passes(f, type, damaged, bytes.size, NULL) ? 0 : 1;
        damaged[bit / 8] = bytes.data[bit / 8];
    }
    assert_true(refusals > bytes.size); /* Or nothing was checked. */
    free(damaged);
}

static void a_flipped_bit_never_crashes(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);

    flips_are_survived(f, TYPE(single), &full);
    flips_are_survived(f, TYPE(many), &many);
    flips_are_survived(f, TYPE(required), &required);
    end(f);
}

static void one_type_is_not_another(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct sarn_str bytes = encode(f, TYPE(many), &many);

    passes(f, TYPE(single), bytes.data, bytes.size, NULL);
    passes(f, TYPE(required), bytes.data, bytes.size, NULL);
    bytes = encode(f, TYPE(single), &full);
    passes(f, TYPE(many), bytes.data, bytes.size, NULL);
    passes(f, TYPE(defaults), bytes.data, bytes.size, NULL);
    end(f);
}

/* --- memory --- */

static void running_out_of_memory_is_an_error(void **state)
{
    struct fixture fixture, *f = begin(state, &fixture);
    struct sarn_arena *whole = f->arena;
    struct sarn_str bytes = encode(f, TYPE(many), &many), out = {NULL, 0};
    struct everything_many value;
    uint64_t failures = 0;

    for (uint64_t at = 2;; at++) { /* The first call is the arena itself. */
        struct test_heap heap = {.fail_at = at, .broken = true};
        struct sarn_heap from = test_heap(&heap);
        struct sarn_arena *arena = sarn_arena_create(&from);
        sarn_status encoded, decoded;

        assert_non_null(arena);
        encoded =
            f->codec.ops->encode(f->codec.self, TYPE(many), &many, arena, &out, NULL);
        decoded =
            f->codec.ops->decode(f->codec.self, TYPE(many), bytes, &value, arena, NULL);
        sarn_arena_destroy(arena);
        assert_int_equal(heap.live, 0);
        if (encoded == SARN_OK && decoded == SARN_OK) {
            break;
        }
        assert_true(encoded == SARN_OK || encoded == SARN_ERR_NOMEM);
        assert_true(decoded == SARN_OK || decoded == SARN_ERR_NOMEM);
        failures += 1;
    }
    assert_true(failures > 0);
    f->arena = whole;
    end(f);
}

static int flatbuffers(void **state)
{
    static struct sarn_codec codec;

    codec = sarn__flatbuffers_codec();
    *state = &codec;
    return 0;
}

static int memory(void **state)
{
    static struct sarn_codec codec;

    codec = sarn__memory_codec();
    *state = &codec;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_comes_back),
        cmocka_unit_test(scalars_come_back_at_their_extremes),
        cmocka_unit_test(plain_bytes_are_the_payload_itself),
        cmocka_unit_test(absent_and_empty_text_differ),
        cmocka_unit_test(absent_fields_are_read_as_their_defaults),
        cmocka_unit_test(zero_is_kept_where_the_default_is_not_zero),
        cmocka_unit_test(old_and_new_programs_read_each_other),
        cmocka_unit_test(padding_does_not_reach_the_bytes),
        cmocka_unit_test(required_fields_must_be_there),
        cmocka_unit_test(bytes_without_a_required_field_are_corrupt),
        cmocka_unit_test(text_must_be_utf8),
        cmocka_unit_test(a_payload_has_a_largest_size),
        cmocka_unit_test(tables_nest_only_so_deep),
        cmocka_unit_test(truncated_bytes_are_corrupt),
        cmocka_unit_test(a_flipped_bit_never_crashes),
        cmocka_unit_test(one_type_is_not_another),
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };
    int failed = cmocka_run_group_tests_name("flatbuffers", tests, flatbuffers, NULL);

    return failed + cmocka_run_group_tests_name("memory", tests, memory, NULL);
}
