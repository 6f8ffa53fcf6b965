/* domain/core/str, domain/core/uuid: the values that cross every boundary. */
#include "support/test.h"

static void text_is_viewed_with_its_size(void **unused)
{
    static const struct sarn_str literal = SARN_STR("account-42");

    (void)unused;
    assert_str_equal(sarn_str("account-42"), "account-42");
    assert_str_equal(literal, "account-42");
    assert_int_equal(sarn_str("").size, 0);
    assert_non_null(sarn_str("").data);
    assert_null(sarn_str(NULL).data);
}

static void strings_are_equal_by_their_bytes(void **unused)
{
    static const struct {
        struct sarn_str a, b;
        bool equal;
    } rows[] = {
        {SARN_STR("a"), SARN_STR("a"), true},
        {SARN_STR("a"), SARN_STR("b"), false},
        {SARN_STR("a"), SARN_STR("ab"), false},
        {SARN_STR("a\0b"), SARN_STR("a\0c"), false},
        {SARN_STR(""), {NULL, 0}, true}, /* Absent or empty: the same bytes. */
        {{NULL, 0}, {NULL, 0}, true},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(sarn_str_equal(rows[i].a, rows[i].b), rows[i].equal);
        assert_int_equal(sarn_str_equal(rows[i].b, rows[i].a), rows[i].equal);
    }
}

static void a_uuid_comes_back_from_its_text(void **unused)
{
    struct sarn_uuid id = {{0}}, read;
    char text[SARN_UUID_TEXT_BYTES];

    (void)unused;
    for (uint8_t i = 0; i < 16; i++) {
        id.bytes[i] = (uint8_t)(i * 17);
    }
    sarn_uuid_text(id, text);
    assert_string_equal(text, "00112233-4455-6677-8899-aabbccddeeff");
    assert_int_equal(sarn_uuid_parse(sarn_str(text), &read), SARN_OK);
    assert_memory_equal(&read, &id, sizeof(id));
    assert_int_equal(
        sarn_uuid_parse(sarn_str("00112233-4455-6677-8899-AABBCCDDEEFF"), &read),
        SARN_OK);
    assert_memory_equal(&read, &id, sizeof(id));
}

static void what_is_not_a_uuid_is_refused_and_changes_nothing(void **unused)
{
    static const char *const rows[] = {
        "",
        "00112233-4455-6677-8899-aabbccddeef",
        "00112233-4455-6677-8899-aabbccddeefff",
        "00112233-4455-6677-8899-aabbccddeefg",
        "0011223304455-6677-8899-aabbccddeeff",
        "00112233445566778899aabbccddeeff----",
        "-0112233-4455-6677-8899-aabbccddeeff",
        "00112233-4455-6677-8899-aabbccddee/:",
        "00112233-4455-6677-8899-aabbccddee@`",
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn_uuid id = {{1, 2, 3}};

        assert_int_equal(sarn_uuid_parse(sarn_str(rows[i]), &id), SARN_ERR_INVALID);
        assert_int_equal(id.bytes[0], 1);
        assert_int_equal(id.bytes[2], 3);
    }
}

static void only_the_uuid_of_zeros_is_absent(void **unused)
{
    (void)unused;
    assert_true(sarn_uuid_is_zero((struct sarn_uuid){{0}}));
    for (size_t i = 0; i < 16; i++) {
        struct sarn_uuid id = {{0}};

        id.bytes[i] = 0x80;
        assert_false(sarn_uuid_is_zero(id));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_viewed_with_its_size),
        cmocka_unit_test(strings_are_equal_by_their_bytes),
        cmocka_unit_test(a_uuid_comes_back_from_its_text),
        cmocka_unit_test(what_is_not_a_uuid_is_refused_and_changes_nothing),
        cmocka_unit_test(only_the_uuid_of_zeros_is_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
