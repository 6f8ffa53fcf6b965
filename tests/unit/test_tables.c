/* domain/engine/tables: rows in memory over the memory journal. */
#include "engine/tables.h"

#include <string.h>

#include "support/overlay.h"

/* --- reading and changing --- */

static void memory_hides_what_lies_below(void **unused)
{
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_put(&f, "b", "2", 2);
    overlay_put(&f, "d", "4", 4);
    overlay_flush(&f, 4);
    overlay_crash(&f);
    assert_string_equal(overlay_get(&f, "b"), "2@2");
    overlay_put(&f, "b", "two", 5);
    overlay_put(&f, "c", "3", 6);
    overlay_take(&f, "d", 7);
    assert_string_equal(overlay_get(&f, "b"), "two@5");
    assert_string_equal(overlay_get(&f, "d"), "none@7");
    assert_string_equal(overlay_get(&f, "x"), "none@0");
    assert_string_equal(overlay_list(&f, "", "", false), "a=1 b=two c=3");
    assert_string_equal(overlay_list(&f, "", "", true), "c=3 b=two a=1");
    assert_string_equal(overlay_list(&f, "b", "c", false), "b=two");
    assert_string_equal(overlay_list(&f, "b", "", true), "c=3 b=two");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 3);
    overlay_end(&f);
}

static void a_row_is_changed_in_place(void **unused)
{
    const struct sarn_str key = SARN_STR("a");
    struct sarn__row_view view;
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "old", 5);
    overlay_flush(&f, 5);
    overlay_crash(&f);
    for (uint64_t position = 6; position <= 8; position++) {
        assert_int_equal(sarn__tables_peek(f.tables, OVERLAY_TABLE, key, &view, NULL),
                         SARN_OK);
        assert_true(view.found);
        assert_int_equal(view.position, position - 1);
        assert_int_equal(sarn__tables_dirty_rows(f.tables), position == 7);
        assert_int_equal(
            sarn__tables_change(f.tables, OVERLAY_TABLE, key, position, &view, NULL),
            SARN_OK);
        memcpy(view.value, position == 6 ? "new" : "two", view.size);
        assert_string_equal(overlay_get(&f, "a"), position == 6   ? "new@6"
                                                  : position == 7 ? "two@7"
                                                                  : "two@8");
        if (position == 7) {
            overlay_flush(&f, 7);
        }
    }
    overlay_flush(&f, 8);
    overlay_crash(&f);
    assert_string_equal(overlay_get(&f, "a"), "two@8");
    overlay_end(&f);
}

/* --- rounds --- */

static void a_round_writes_what_was_dirty_when_it_began(void **unused)
{
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_put(&f, "b", "1", 2);
    overlay_put(&f, "c", "1", 3);
    sarn__tables_begin_round(f.tables, 3);
    overlay_put(&f, "d", "1", 4); /* For the next round, */
    overlay_put(&f, "c", "2", 5); /* but this row is owed, and goes as it is now. */
    assert_string_equal(overlay_slice(&f, 2), "a b through=0");
    overlay_put(&f, "a", "2", 6); /* Written already: the next round again. */
    assert_true(sarn__tables_in_round(f.tables));
    assert_string_equal(overlay_slice(&f, 2), "c through=3");
    assert_false(sarn__tables_in_round(f.tables));
    sarn__tables_begin_round(f.tables, 6);
    assert_string_equal(overlay_slice(&f, 9), "a d through=6");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 0);
    assert_int_equal(sarn__tables_bytes(f.tables), 0);
    overlay_crash(&f);
    assert_string_equal(overlay_list(&f, "", "", false), "a=2 b=1 c=2 d=1");
    overlay_end(&f);
}

static void a_round_with_nothing_to_write_moves_through(void **unused)
{
    struct sarn_flush flush;
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 99, &flush, NULL),
                     SARN_ERR_NOT_FOUND);
    sarn__tables_begin_round(f.tables, 8);
    assert_string_equal(overlay_slice(&f, 9), "through=8");
    assert_false(sarn__tables_in_round(f.tables));
    overlay_end(&f);
}

static void a_slice_that_fails_comes_again(void **unused)
{
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_put(&f, "b", "1", 2);
    sarn__tables_begin_round(f.tables, 2);
    sarn__memory_store_fail(f.store, 1, SARN__MEMORY_FULL);
    assert_string_equal(overlay_slice(&f, 1), "a through=0");
    assert_string_equal(overlay_slice(&f, 1), "a through=0");
    sarn__memory_store_fail(f.store, 1, SARN__MEMORY_FULL);
    assert_string_equal(overlay_slice(&f, 1), "b through=2");
    assert_true(sarn__tables_in_round(f.tables));
    assert_string_equal(overlay_slice(&f, 1), "b through=2");
    overlay_end(&f);
}

static void a_slice_keeps_its_bytes_while_rows_change(void **unused)
{
    const struct sarn_str key = SARN_STR("a");
    struct sarn_flush flush = {.epoch = 0};
    struct sarn__row_view view;
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_put(&f, "b", "1", 1);
    overlay_put(&f, "c", "1", 1);
    sarn__tables_begin_round(f.tables, 1);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 1u << 20, &flush, NULL), SARN_OK);
    assert_int_equal(sarn__tables_peek(f.tables, OVERLAY_TABLE, key, &view, NULL),
                     SARN_OK);
    assert_int_equal(sarn__tables_change(f.tables, OVERLAY_TABLE, key, 2, &view, NULL),
                     SARN_OK);
    memcpy(view.value, "2", 1);
    overlay_put(&f, "b", "much longer", 3);
    overlay_take(&f, "c", 4);
    assert_int_equal(flush.count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(flush.rows[i].value.size, SARN__ROW_HEADER_BYTES + 1);
        assert_memory_equal(flush.rows[i].value.data,
                            "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0001", 17);
    }
    assert_int_equal(f.journal.ops->flush(f.journal.self, &flush, NULL), SARN_OK);
    sarn__tables_slice_done(f.tables, SARN_OK);
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 3);
    sarn__tables_begin_round(f.tables, 4);
    assert_string_equal(overlay_slice(&f, 9), "a b c through=4");
    overlay_crash(&f);
    assert_string_equal(overlay_list(&f, "", "", false), "a=2 b=much longer");
    overlay_end(&f);
}

static void a_slice_stays_within_its_bytes(void **unused)
{
    struct sarn_flush flush = {.epoch = 0};
    struct overlay f;
    uint32_t slices = 0;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "0123456789", 1); /* 27 bytes each. */
    overlay_put(&f, "b", "0123456789", 1);
    overlay_put(&f, "c", "0123456789", 1);
    sarn__tables_begin_round(f.tables, 1);
    while (sarn__tables_in_round(f.tables)) {
        assert_int_equal(sarn__tables_slice(f.tables, 9, 60, &flush, NULL), SARN_OK);
        assert_int_equal(flush.count, slices == 0 ? 2 : 1);
        sarn__tables_slice_done(f.tables, SARN_OK);
        slices += 1;
    }
    assert_int_equal(slices, 2);
    overlay_put(&f, "a", "0123456789", 2);
    sarn__tables_begin_round(f.tables, 2);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 1, &flush, NULL), SARN_OK);
    assert_int_equal(flush.count, 1); /* One row always fits. */
    sarn__tables_slice_done(f.tables, SARN_OK);
    overlay_end(&f);
}

static void tombstones_are_deleted_when_nobody_needs_them(void **unused)
{
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_put(&f, "b", "1", 2);
    overlay_flush(&f, 2);
    overlay_take(&f, "a", 3);
    sarn__tables_begin_round(f.tables, 4);
    overlay_take(&f, "b",
                 5); /* After the round's end: folding may come by here again. */
    assert_string_equal(overlay_slice(&f, 9), "a through=4");
    assert_string_equal(overlay_below(&f), "a(removed) b");
    sarn__tables_begin_round(f.tables, 5);
    assert_string_equal(overlay_slice(&f, 9), "a(-) b through=5");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 1);
    sarn__tables_begin_round(f.tables, 5);
    assert_string_equal(overlay_slice(&f, 9), "b(-) through=5");
    assert_string_equal(overlay_below(&f), "");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 0);
    overlay_end(&f);
}

static void a_tombstone_that_outlived_a_crash_is_found_and_deleted(void **unused)
{
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_flush(&f, 1);
    overlay_take(&f, "a", 2);
    overlay_flush(&f, 2);
    overlay_crash(&f);
    assert_string_equal(overlay_below(&f), "a(removed)");
    overlay_flush(&f, 2);
    assert_string_equal(overlay_get(&f, "a"), "none@2");
    assert_string_equal(overlay_list(&f, "", "", false), "");
    sarn__tables_begin_round(f.tables, 3);
    assert_string_equal(overlay_slice(&f, 9), "a(-) through=3");
    assert_string_equal(overlay_below(&f), "");
    overlay_end(&f);
}

static void an_inserted_row_that_is_removed_leaves_nothing(void **unused)
{
    const struct sarn_str key = SARN_STR("a"), value = SARN_STR("1");
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_flush(&f, 0); /* Now it is known who writes. */
    assert_int_equal(sarn__tables_insert(f.tables, OVERLAY_TABLE, key, value, 1, NULL),
                     SARN_OK);
    overlay_take(&f, "a", 2);
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 0);
    assert_string_equal(overlay_get(&f, "a"), "none@0");
    assert_int_equal(sarn__tables_insert(f.tables, OVERLAY_TABLE, key, value, 3, NULL),
                     SARN_OK);
    overlay_flush(&f, 3);
    overlay_take(&f, "a", 4); /* It has been written: now it takes a tombstone. */
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 1);
    assert_string_equal(overlay_get(&f, "a"), "none@4");
    overlay_end(&f);
}

/* --- clearing --- */

static void
a_cleared_table_is_empty_at_once_and_below_with_the_next_slices(void **unused)
{
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    overlay_put(&f, "b", "1", 1);
    overlay_put(&f, "c", "1", 1);
    overlay_flush(&f, 1);
    overlay_put(&f, "d", "1", 2);
    assert_int_equal(sarn__tables_clear(f.tables, OVERLAY_TABLE, NULL), SARN_OK);
    assert_string_equal(overlay_list(&f, "", "", false), "");
    assert_string_equal(overlay_get(&f, "a"), "none@0");
    overlay_put(&f, "b", "2", 2);
    assert_string_equal(overlay_list(&f, "", "", true), "b=2");
    sarn__tables_begin_round(f.tables, 2);
    assert_string_equal(overlay_slice(&f, 2), "a(-) b(-) through=0");
    assert_string_equal(overlay_slice(&f, 2), "c(-) through=0");
    assert_string_equal(overlay_slice(&f, 2), "b through=2");
    assert_string_equal(overlay_below(&f), "b");
    assert_string_equal(overlay_list(&f, "", "", false), "b=2");
    overlay_end(&f);
}

static void a_table_can_be_cleared_while_its_slice_is_out(void **unused)
{
    struct sarn_flush flush = {.epoch = 0};
    struct overlay f;

    (void)unused;
    overlay_begin(&f);
    overlay_put(&f, "a", "1", 1);
    sarn__tables_begin_round(f.tables, 1);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 1u << 20, &flush, NULL), SARN_OK);
    assert_int_equal(sarn__tables_clear(f.tables, OVERLAY_TABLE, NULL), SARN_OK);
    overlay_put(&f, "a", "2", 2);
    overlay_take(&f, "a", 3);
    assert_int_equal(f.journal.ops->flush(f.journal.self, &flush, NULL), SARN_OK);
    sarn__tables_slice_done(f.tables, SARN_OK);
    assert_string_equal(overlay_get(&f, "a"), "none@0");
    overlay_flush(&f, 3);
    assert_string_equal(overlay_below(&f), "");
    overlay_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_hides_what_lies_below),
        cmocka_unit_test(a_row_is_changed_in_place),
        cmocka_unit_test(a_round_writes_what_was_dirty_when_it_began),
        cmocka_unit_test(a_round_with_nothing_to_write_moves_through),
        cmocka_unit_test(a_slice_that_fails_comes_again),
        cmocka_unit_test(a_slice_keeps_its_bytes_while_rows_change),
        cmocka_unit_test(a_slice_stays_within_its_bytes),
        cmocka_unit_test(tombstones_are_deleted_when_nobody_needs_them),
        cmocka_unit_test(a_tombstone_that_outlived_a_crash_is_found_and_deleted),
        cmocka_unit_test(an_inserted_row_that_is_removed_leaves_nothing),
        cmocka_unit_test(
            a_cleared_table_is_empty_at_once_and_below_with_the_next_slices),
        cmocka_unit_test(a_table_can_be_cleared_while_its_slice_is_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
