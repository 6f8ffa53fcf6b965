/* domain/engine/store: reading streams and categories. */
#include "engine/store.h"

#include <string.h>

#include "support/folded.h"

static sarn_status list_number(void *arg, uint64_t number)
{
    struct folded *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%" PRIu64 " ", number);
    return SARN_OK;
}

static sarn_status list_record(void *arg, const struct sarn__record *seen)
{
    struct folded *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%" PRIu64 " ", seen->version);
    return SARN_OK;
}

/* "from-to" of the versions seen, without a gap. */
static void streams_are_read_forward_and_backward(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    for (uint32_t i = 0; i < 300; i++) {
        folded_many(&f, "a", 1);
        folded_many(&f, i % 3 == 0 ? "b" : "c", 1);
        if (i == 150) {
            folded_flush(&f);
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(folded_read(&f, "a", 0, UINT64_MAX), "0..299");
        assert_string_equal(folded_read(&f, "a", 63, 2), "63..64");
        assert_string_equal(folded_read(&f, "a", 64, 64), "64..127");
        assert_string_equal(folded_read(&f, "a", 299, 9), "299..299");
        assert_string_equal(folded_read(&f, "a", 300, 9), "nothing");
        assert_string_equal(folded_read(&f, "a", 0, 0), "nothing");
        assert_string_equal(folded_read(&f, "b", 1, 1000), "1..99");
        assert_string_equal(folded_read(&f, "x", 0, 1000), "nothing");
        assert_string_equal(folded_read(&f, "a", -1, UINT64_MAX), "299..0");
        assert_string_equal(folded_read(&f, "a", -1, 3), "299..297");
        assert_string_equal(folded_read(&f, "a", -1, 0), "nothing");
        folded_crash(&f);
        assert_int_equal(folded_tail(&f), SARN_OK);
    }
    folded_record(&f,
                  &(struct scribe_event){.stream = "a", .type = "sarn.StreamDeleted"});
    assert_string_equal(folded_read(&f, "a", 0, 1000), "nothing");
    assert_string_equal(folded_read(&f, "a", -1, 1000), "nothing");
    folded_many(&f, "a", 5);
    assert_string_equal(folded_read(&f, "a", 0, 1000), "301..305");
    assert_string_equal(folded_read(&f, "a", -1, 1000), "305..301");
    folded_end(&f);
}

static void long_streams_are_read_in_slices(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    for (uint32_t i = 0; i < SARN__READ_SLICE + 100; i++) {
        scribe_write(&f.scribe,
                     &(struct scribe_event){.stream = "a", .type = "test.Counted"});
    }
    assert_int_equal(folded_tail(&f), SARN_OK);
    assert_string_equal(folded_read(&f, "a", -1, UINT64_MAX), "4195..0");
    assert_string_equal(folded_read(&f, "a", 0, UINT64_MAX), "0..4195");
    folded_end(&f);
}

struct nosy {
    struct folded *f;
    uint32_t left;
};

static sarn_status look_around(void *arg, const struct sarn__record *seen)
{
    struct nosy *nosy = arg;
    struct sarn_str name;
    uint32_t tenant;

    assert_int_equal(sarn__store_stream_name(&nosy->f->store, seen->stream,
                                             nosy->f->arena, &tenant, &name, NULL),
                     SARN_OK);
    assert_true(sarn_str_equal(name, sarn_str("a")));
    nosy->left -= 1;
    return nosy->left == 0 ? SARN_ERR_TIMEOUT : SARN_OK;
}

static void a_visitor_may_end_a_read_and_look_things_up(void **unused)
{
    struct sarn__head found;
    struct folded f;
    struct nosy nosy;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 9);
    folded_flush(&f);
    folded_crash(&f);
    assert_int_equal(sarn__store_head(&f.store, 0, sarn_str("a"), &found, NULL),
                     SARN_OK);
    nosy = (struct nosy){&f, 3};
    assert_int_equal(
        sarn__store_read_forward(&f.store, &found, 0, 9, look_around, &nosy, NULL),
        SARN_ERR_TIMEOUT);
    nosy.left = 3;
    assert_int_equal(
        sarn__store_read_backward(&f.store, &found, 9, look_around, &nosy, NULL),
        SARN_ERR_TIMEOUT);
    assert_int_equal(nosy.left, 0);
    folded_end(&f);
}

static void a_damaged_record_ends_a_read_with_its_position(void **unused)
{
    struct sarn__head found;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 9);
    sarn__memory_store_damage(f.scribe.store, 5, 24, 2); /* Its stream. */
    assert_int_equal(sarn__store_head(&f.store, 0, sarn_str("a"), &found, NULL),
                     SARN_OK);
    f.text[0] = '\0';
    assert_int_equal(
        sarn__store_read_forward(&f.store, &found, 0, 9, list_record, &f, &f.error),
        SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text, "the record at position 5 is not version 4 of "
                                      "stream 1, as its index says");
    assert_string_equal(f.text, "");
    assert_int_equal(
        sarn__store_read_backward(&f.store, &found, 9, list_record, &f, &f.error),
        SARN_ERR_CORRUPT);
    assert_string_equal(f.text, "8 7 6 5 ");
    assert_non_null(strstr(f.error.text, "position 5"));
    folded_end(&f);
}

static const char *category(struct folded *f,
                            uint32_t tenant,
                            const char *name,
                            uint64_t from,
                            uint64_t to,
                            bool backward)
{
    f->text[0] = '\0';
    assert_int_equal(sarn__store_category(&f->store, tenant, sarn_str(name), from, to,
                                          backward, list_number, f, NULL),
                     SARN_OK);
    return f->text;
}

static void categories_know_their_positions(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "account-1", 2);
    folded_many(&f, "accounts-1", 1);
    folded_many(&f, "account-2-b", 1);
    folded_many(&f, "account", 1);
    folded_record(&f, &(struct scribe_event){
                          .stream = "account-1", .tenant = 1, .type = "test.Counted"});
    for (uint32_t i = 0; i < 9000; i++) {
        scribe_write(&f.scribe,
                     &(struct scribe_event){.stream = "x", .type = "test.Counted"});
    }
    scribe_write(&f.scribe,
                 &(struct scribe_event){.stream = "account-1", .type = "test.Counted"});
    assert_int_equal(folded_tail(&f), SARN_OK);
    assert_string_equal(category(&f, 0, "account", 1, UINT64_MAX, false),
                        "1 2 4 5 9007 ");
    assert_string_equal(category(&f, 0, "account", 1, UINT64_MAX, true),
                        "9007 5 4 2 1 ");
    assert_string_equal(category(&f, 0, "account", 2, 4, false), "2 4 ");
    assert_string_equal(category(&f, 0, "account", 6, 9006, false), "");
    assert_string_equal(category(&f, 0, "account", 9007, 9007, true), "9007 ");
    assert_string_equal(category(&f, 0, "account", 5, 4, true), "");
    assert_string_equal(category(&f, 0, "accounts", 0, 99, false), "3 ");
    assert_string_equal(category(&f, 1, "account", 0, 99, false), "6 ");
    assert_string_equal(category(&f, 0, "nothing", 0, 99, false), "");
    folded_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_read_forward_and_backward),
        cmocka_unit_test(long_streams_are_read_in_slices),
        cmocka_unit_test(a_visitor_may_end_a_read_and_look_things_up),
        cmocka_unit_test(a_damaged_record_ends_a_read_with_its_position),
        cmocka_unit_test(categories_know_their_positions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
