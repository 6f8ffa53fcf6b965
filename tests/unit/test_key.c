/* domain/core/key: byte order is the order of the values. */
#include "sarn/module.h"

#include "support/test.h"

/* As the tables compare keys. */
static int compare(const struct sarn_key *a, const struct sarn_key *b)
{
    uint32_t shorter = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->bytes, b->bytes, shorter);

    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static void unsigned_numbers_sort_by_value(void **unused)
{
    static const uint64_t sorted[] = {
        0,         1, 255, 256, 65535, 65536, UINT32_MAX, INT64_MAX, UINT64_MAX - 1,
        UINT64_MAX};

    (void)unused;
    for (size_t i = 1; i < COUNT(sorted); i++) {
        struct sarn_key lower = {0}, higher = {0};

        assert_int_equal(sarn_key_add_u64(&lower, sorted[i - 1]), SARN_OK);
        assert_int_equal(sarn_key_add_u64(&higher, sorted[i]), SARN_OK);
        assert_true(compare(&lower, &higher) < 0);
    }
}

static void signed_numbers_sort_by_value(void **unused)
{
    static const int64_t sorted[] = {
        INT64_MIN, INT64_MIN + 1, -65536, -256, -255, -1, 0, 1, 255, 256, INT64_MAX};

    (void)unused;
    for (size_t i = 1; i < COUNT(sorted); i++) {
        struct sarn_key lower = {0}, higher = {0};

        assert_int_equal(sarn_key_add_i64(&lower, sorted[i - 1]), SARN_OK);
        assert_int_equal(sarn_key_add_i64(&higher, sorted[i]), SARN_OK);
        assert_true(compare(&lower, &higher) < 0);
    }
}

/* The part after a text must not disturb its order: the earlier text gets the higher.
 */
static void texts_sort_by_their_bytes_whatever_follows(void **unused)
{
    static const struct sarn_str sorted[] = {
        SARN_STR(""),         SARN_STR("\0"),   SARN_STR("\0\0"),     SARN_STR("\0\1"),
        SARN_STR("\0\xFF"),   SARN_STR("\1"),   SARN_STR("a"),        SARN_STR("a\0"),
        SARN_STR("a\0b"),     SARN_STR("a\1"),  SARN_STR("aa"),       SARN_STR("b"),
        SARN_STR("\xC3\xA9"), SARN_STR("\xFF"), SARN_STR("\xFF\xFF"),
    };

    (void)unused;
    for (size_t i = 1; i < COUNT(sorted); i++) {
        struct sarn_key lower = {0}, higher = {0};

        assert_int_equal(sarn_key_add_text(&lower, sorted[i - 1]), SARN_OK);
        assert_int_equal(sarn_key_add_u64(&lower, UINT64_MAX), SARN_OK);
        assert_int_equal(sarn_key_add_text(&higher, sorted[i]), SARN_OK);
        assert_int_equal(sarn_key_add_u64(&higher, 0), SARN_OK);
        assert_true(compare(&lower, &higher) < 0);
    }
}

static void the_bytes_are_a_format(void **unused)
{
    static const uint8_t bytes[] = {0,    0,    0,    0,    0,    0,    1,    2,
                                    0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE,
                                    'a',  0,    0xFF, 'b',  0,    0};
    struct sarn_key key = {0};

    (void)unused;
    assert_int_equal(sarn_key_add_u64(&key, 0x102), SARN_OK);
    assert_int_equal(sarn_key_add_i64(&key, -2), SARN_OK);
    assert_int_equal(sarn_key_add_text(&key, (struct sarn_str)SARN_STR("a\0b")),
                     SARN_OK);
    assert_int_equal(key.size, sizeof(bytes));
    assert_memory_equal(key.bytes, bytes, sizeof(bytes));
}

static void a_part_that_does_not_fit_leaves_the_key_alone(void **unused)
{
    static const char zeros[SARN_ROW_KEY_BYTES_MAX];
    char letters[SARN_ROW_KEY_BYTES_MAX];
    struct sarn_key key = {0}, before;

    (void)unused;
    memset(letters, 'x', sizeof(letters));
    /* Two bytes end a text, so the longest is two under the limit. */
    assert_int_equal(
        sarn_key_add_text(&key, (struct sarn_str){letters, sizeof(letters)}),
        SARN_ERR_TOO_LARGE);
    assert_int_equal(
        sarn_key_add_text(&key, (struct sarn_str){letters, sizeof(letters) - 1}),
        SARN_ERR_TOO_LARGE);
    assert_int_equal(sarn_key_add_text(&key, (struct sarn_str){zeros, 200}),
                     SARN_ERR_TOO_LARGE);
    assert_int_equal(sarn_key_add_text(&key, (struct sarn_str){zeros, UINT32_C(300)}),
                     SARN_ERR_TOO_LARGE);
    assert_int_equal(key.size, 0);
    assert_int_equal(
        sarn_key_add_text(&key, (struct sarn_str){letters, sizeof(letters) - 8}),
        SARN_OK);
    before = key;
    assert_int_equal(sarn_key_add_u64(&key, 1), SARN_ERR_TOO_LARGE);
    assert_int_equal(sarn_key_add_i64(&key, 1), SARN_ERR_TOO_LARGE);
    assert_memory_equal(&key, &before, sizeof(key));
    assert_int_equal(sarn_key_add_text(&key, sarn_str("1234")), SARN_OK);
    assert_int_equal(key.size, SARN_ROW_KEY_BYTES_MAX);
    assert_int_equal(sarn_key_add_text(&key, sarn_str("")), SARN_ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_numbers_sort_by_value),
        cmocka_unit_test(signed_numbers_sort_by_value),
        cmocka_unit_test(texts_sort_by_their_bytes_whatever_follows),
        cmocka_unit_test(the_bytes_are_a_format),
        cmocka_unit_test(a_part_that_does_not_fit_leaves_the_key_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
