/* domain/core/status, domain/core/fail: what a failure says. */
#include "core/fail.h"

#include "support/test.h"

static void every_status_has_its_own_text(void **unused)
{
    static const sarn_status all[] = {
#define X(name, value, text) SARN_##name,
        SARN_STATUS_MAP(X)
#undef X
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_true(strlen(sarn_status_text(all[i])) > 0);
        assert_string_not_equal(sarn_status_text(all[i]), "unknown status");
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(sarn_status_text(all[i]), sarn_status_text(all[j]));
        }
    }
}

static void statuses_are_numbered_without_gaps(void **unused)
{
    static const int values[] = {
#define X(name, value, text) value,
        SARN_STATUS_MAP(X)
#undef X
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(values); i++) {
        assert_int_equal(values[i], i);
    }
}

static void a_status_of_a_newer_library_is_unknown(void **unused)
{
    (void)unused;
    assert_string_equal(sarn_status_text((sarn_status)999), "unknown status");
}

static void a_failure_carries_status_and_sentence(void **unused)
{
    struct sarn_error error = {.status = SARN_OK, .text = ""};

    (void)unused;
    assert_int_equal(sarn__fail(&error, SARN_ERR_FULL, "Disk %d is full.", 7),
                     SARN_ERR_FULL);
    assert_int_equal(error.status, SARN_ERR_FULL);
    assert_string_equal(error.text, "Disk 7 is full.");
}

static void a_failure_needs_no_error_to_write_to(void **unused)
{
    (void)unused;
    assert_int_equal(sarn__fail(NULL, SARN_ERR_IO, "Nobody reads %s.", "this"),
                     SARN_ERR_IO);
}

static void a_failure_without_words_says_what_its_status_says(void **unused)
{
    struct sarn_error error;

    (void)unused;
    assert_int_equal(sarn__fail(&error, SARN_ERR_IO, "%s", ""), SARN_ERR_IO);
    assert_string_equal(error.text, "input/output error");
}

static void a_long_sentence_is_cut_between_characters(void **unused)
{
    /* What stands last where the text ends after 255 bytes, and how much of it stays.
     */
    static const struct {
        uint32_t letters;
        const char *character;
        size_t kept;
    } rows[] = {
        {254, "e", 255},
        {254, "\xC3\xA9", 254},
        {253, "\xC3\xA9", 255},
        {253, "\xE2\x82\xAC", 253},
        {252, "\xE2\x82\xAC", 255},
        {253, "\xF0\x9F\x98\x80", 253},
        {252, "\xF0\x9F\x98\x80", 252},
        {251, "\xF0\x9F\x98\x80", 255},
    };
    char letters[300];

    (void)unused;
    memset(letters, 'x', sizeof(letters));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn_error error;

        assert_int_equal(sarn__fail(&error, SARN_ERR_IO, "%.*s%s and more",
                                    (int)rows[i].letters, letters, rows[i].character),
                         SARN_ERR_IO);
        assert_int_equal(strlen(error.text), rows[i].kept);
    }
}

static sarn_status fails_first(struct sarn_error *error, bool *went_on)
{
    SARN__TRY(sarn__fail(error, SARN_ERR_BUSY, "Owned by %d.", 42));
    *went_on = true;
    return SARN_OK;
}

static void try_returns_the_first_failure(void **unused)
{
    struct sarn_error error;
    bool went_on = false;

    (void)unused;
    assert_int_equal(fails_first(&error, &went_on), SARN_ERR_BUSY);
    assert_string_equal(error.text, "Owned by 42.");
    assert_false(went_on);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_text),
        cmocka_unit_test(statuses_are_numbered_without_gaps),
        cmocka_unit_test(a_status_of_a_newer_library_is_unknown),
        cmocka_unit_test(a_failure_carries_status_and_sentence),
        cmocka_unit_test(a_failure_needs_no_error_to_write_to),
        cmocka_unit_test(a_failure_without_words_says_what_its_status_says),
        cmocka_unit_test(a_long_sentence_is_cut_between_characters),
        cmocka_unit_test(try_returns_the_first_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
