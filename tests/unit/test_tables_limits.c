/* domain/engine/tables: bounds, and what happens when memory or the journal fail. */
#include "engine/tables.h"

#include <string.h>

#include "support/overlay.h"

static void rows_are_dropped_from_memory_once_they_are_below(void **unused)
{
    static char big[65536];
    struct overlay f;
    char key[16];

    (void)unused;
    overlay_begin(&f);
    for (uint64_t round = 1; round <= 4; round++) {
        for (uint32_t i = 0; i < 400; i++) {
            snprintf(key, sizeof(key), "%04u", (uint32_t)(round * 1000 + i));
            assert_int_equal(sarn__tables_put(f.tables, OVERLAY_TABLE, sarn_str(key),
                                              (struct sarn_str){big, sizeof(big)},
                                              round, NULL),
                             SARN_OK);
        }
        assert_true(sarn__tables_bytes(f.tables) >= 400 * sizeof(big));
        overlay_flush(&f, round);
    }
    assert_int_equal(sarn__tables_bytes(f.tables), 0);
    /* A row is one block, and there are 1024 of 64 KiB in 64 MiB. */
    assert_true(f.counted.live < 1200);
    assert_true(f.counted.live > 1000);
    for (uint32_t i = 0; i < 1600; i++) { /* Reading keeps to it, too. */
        snprintf(key, sizeof(key), "%04u", 1000 + i / 400 * 1000 + i % 400);
        assert_string_not_equal(overlay_get(&f, key), "none@0");
        sarn_arena_reset(f.arena);
    }
    assert_true(f.counted.live < 1200);
    overlay_end(&f);
}

static void a_reader_keeps_no_rows_that_the_owner_may_change(void **unused)
{
    struct sarn_journal journal;
    struct sarn__tables *reader;
    struct sarn__row_view view;
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_flush(&f, 1);
    assert_int_equal(
        sarn__memory_journal_open(f.store, SARN__MEMORY_READ_ONLY, 2, &journal, NULL),
        SARN_OK);
    assert_int_equal(sarn__tables_create(&journal, NULL, &reader, NULL), SARN_OK);
    for (uint64_t position = 1; position <= 2; position++) {
        assert_int_equal(sarn__tables_peek(reader, OVERLAY_TABLE,
                                           (struct sarn_str)SARN_STR("a"), &view, NULL),
                         SARN_OK);
        assert_int_equal(view.position, position);
        overlay_put(&f, "a", "2", 2);
        overlay_flush(&f, 2);
    }
    sarn__tables_destroy(reader);
    journal.ops->close(journal.self);
    overlay_end(&f);
}

static void without_memory_nothing_changes(void **unused)
{
    struct overlay f;
    uint64_t fail = 0;
    sarn_status status;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_flush(&f, 1);
    overlay_crash(&f);
    do {
        struct sarn_error error = {.status = SARN_OK};
        struct sarn_str key = SARN_STR("a"), long_value = SARN_STR("a longer value");

        f.counted.fail_at = f.counted.calls + ++fail;
        status = sarn__tables_put(f.tables, OVERLAY_TABLE, key, long_value, 2, &error);
        f.counted.fail_at = 0;
        assert_int_equal(error.status, status);
        assert_string_equal(overlay_get(&f, "a"),
                            status == SARN_OK ? "a longer value@2" : "1@1");
    } while (status == SARN_ERR_NOMEM);
    assert_int_equal(status, SARN_OK);
    assert_true(fail > 1);
    overlay_end(&f);
}

/* Far more than an arena keeps, so that every slice asks for memory. */
static void put_big_rows(struct overlay *f, uint64_t position)
{
    static char big[65536];
    char key[16];

    for (uint32_t i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "%02u", i);
        assert_int_equal(sarn__tables_put(f->tables, OVERLAY_TABLE, sarn_str(key),
                                          (struct sarn_str){big, sizeof(big)}, position,
                                          NULL),
                         SARN_OK);
    }
}

static void a_slice_without_memory_can_be_asked_for_again(void **unused)
{
    struct sarn_flush flush = {.epoch = 0};
    struct overlay f;
    uint64_t fail = 0;
    sarn_status status;

    (void)unused;
    overlay_begin(&f);
    put_big_rows(&f, 2);
    sarn__tables_begin_round(f.tables, 2);
    do {
        f.counted.fail_at = f.counted.calls + ++fail;
        status = sarn__tables_slice(f.tables, 100, 1u << 24, &flush, NULL);
        f.counted.fail_at = 0;
    } while (status == SARN_ERR_NOMEM);
    assert_int_equal(status, SARN_OK);
    assert_true(fail > 10);
    assert_int_equal(flush.count, 20);
    assert_int_equal(flush.through, 2);
    sarn__tables_slice_done(f.tables, SARN_OK);
    overlay_end(&f);
}

static sarn_status
count_row(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    uint32_t *count = arg;

    (void)key;
    (void)value;
    (void)position;
    *count += 1;
    return SARN_OK;
}

static void a_scan_without_memory_says_so(void **unused)
{
    const struct sarn_table_range range = {.table = OVERLAY_TABLE};
    struct overlay f;
    uint64_t fail = 0;
    uint32_t count;
    sarn_status status;

    (void)unused;
    overlay_begin(&f);
    put_big_rows(&f, 2);
    overlay_flush(&f, 2);
    overlay_crash(&f);
    do {
        struct sarn_error error = {.status = SARN_OK};

        count = 0;
        f.counted.fail_at = f.counted.calls + ++fail;
        status = sarn__tables_scan(f.tables, &range, count_row, &count, &error);
        f.counted.fail_at = 0;
        assert_int_equal(error.status, status == SARN_OK ? SARN_OK : SARN_ERR_NOMEM);
    } while (status == SARN_ERR_NOMEM);
    assert_int_equal(status, SARN_OK);
    assert_int_equal(count, 20);
    assert_true(fail > 10);
    overlay_end(&f);
}

static void a_journal_that_fails_is_heard(void **unused)
{
    const struct sarn_table_range range = {.table = OVERLAY_TABLE};
    struct sarn__row_view view;
    struct sarn_flush flush;
    struct overlay f;
    uint32_t count = 0;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    assert_int_equal(sarn__tables_clear(f.tables, OVERLAY_TABLE, NULL), SARN_OK);
    sarn__tables_begin_round(f.tables, 1);
    sarn__memory_store_crash(f.store);
    for (uint32_t i = 0; i < 2; i++) {
        struct sarn_error error = {.status = SARN_OK};
        sarn_status status =
            i == 0 ? sarn__tables_peek(f.tables, 99, sarn_str("a"), &view, &error)
                   : sarn__tables_slice(f.tables, 9, 99, &flush, &error);

        assert_int_equal(status, SARN_ERR_CLOSED);
        assert_int_equal(error.status, SARN_ERR_CLOSED);
    }
    assert_int_equal(sarn__tables_scan(f.tables,
                                       &(struct sarn_table_range){.table = 99},
                                       count_row, &count, NULL),
                     SARN_ERR_CLOSED);
    /* What is in memory can still be read; a cleared table has nothing below. */
    assert_int_equal(sarn__tables_scan(f.tables, &range, count_row, &count, NULL),
                     SARN_OK);
    assert_int_equal(count, 0);
    overlay_end(&f);
}

static void rows_can_be_walked_with_nothing_below(void **unused)
{
    static const struct sarn_journal nothing = {NULL, NULL};
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    sarn__tables_destroy(f.tables);
    assert_int_equal(sarn__tables_create(&nothing, &f.heap, &f.tables, NULL), SARN_OK);
    overlay_put(&f, "a", "1", 1);
    overlay_put(&f, "b", "2", 2);
    overlay_take(&f, "a", 3);
    overlay_take(&f, "x", 4);
    assert_string_equal(overlay_list(&f, "", "", false), "b=2");
    assert_string_equal(overlay_get(&f, "a"), "none@0");
    assert_int_equal(sarn__tables_clear(f.tables, OVERLAY_TABLE, NULL), SARN_OK);
    assert_string_equal(overlay_list(&f, "", "", true), "");
    overlay_end(&f);
}

static void a_row_without_a_sound_header_is_corrupt(void **unused)
{
    static const struct sarn_str bad[] = {
        SARN_STR("short"),
        SARN_STR("\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0value"),
    };
    struct overlay f;
    uint32_t count = 0;

    (void)unused;
    overlay_begin(&f);
    for (uint32_t i = 0; i < 2; i++) {
        struct sarn_table_row row = {
            .table = OVERLAY_TABLE, .key = SARN_STR("a"), .value = bad[i]};
        struct sarn_flush flush = {.rows = &row, .count = 1};
        struct sarn_table_range range = {.table = OVERLAY_TABLE};
        struct sarn_error error = {.status = SARN_OK};
        struct sarn__row_view view;

        assert_int_equal(f.journal.ops->flush(f.journal.self, &flush, NULL), SARN_OK);
        assert_int_equal(
            sarn__tables_peek(f.tables, OVERLAY_TABLE, row.key, &view, &error),
            SARN_ERR_CORRUPT);
        assert_non_null(strstr(error.text, "table 7"));
        assert_int_equal(sarn__tables_scan(f.tables, &range, count_row, &count, NULL),
                         SARN_ERR_CORRUPT);
    }
    overlay_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_dropped_from_memory_once_they_are_below),
        cmocka_unit_test(a_reader_keeps_no_rows_that_the_owner_may_change),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(a_slice_without_memory_can_be_asked_for_again),
        cmocka_unit_test(a_scan_without_memory_says_so),
        cmocka_unit_test(a_journal_that_fails_is_heard),
        cmocka_unit_test(rows_can_be_walked_with_nothing_below),
        cmocka_unit_test(a_row_without_a_sound_header_is_corrupt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
