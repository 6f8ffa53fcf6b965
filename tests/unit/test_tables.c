/* domain/engine/tables: rows in memory over the memory journal. */
#include "engine/tables.h"

#include <stdlib.h>
#include <string.h>

#include "core/tree.h"
#include "infra/memory/journal.h"
#include "support/heap.h"
#include "support/test.h"

#define TABLE     7u
#define VALUE_MAX 64u
#define TEXT_MAX  512u

struct fixture {
    struct sarn__memory_store *store;
    struct sarn_journal journal;
    struct test_heap counted;
    struct sarn_heap heap;
    struct sarn__tables *tables;
    struct sarn_arena *arena;
    char text[TEXT_MAX];
};

/* --- a log's worth of positions, so that flushes may reach them --- */

static void append(struct fixture *f, uint32_t count)
{
    static const uint64_t record[4] = {0};
    static const uint8_t commit[SARN__COMMIT_BYTES];
    struct sarn_str records[16];
    struct sarn_journal_state state;

    assert_int_equal(f->journal.ops->state(f->journal.self, &state, NULL), SARN_OK);
    for (uint32_t i = 0; i < 16; i++) {
        records[i] = (struct sarn_str){(const char *)record, sizeof(record)};
    }
    for (uint32_t done = 0; done < count; done += 16) {
        struct sarn_batch batch = {
            .first = state.last_position + 1 + done,
            .records = records,
            .count = count - done < 16 ? count - done : 16,
            .commit = {(const char *)commit, sizeof(commit)},
        };

        assert_int_equal(f->journal.ops->append(f->journal.self, &batch, NULL),
                         SARN_OK);
    }
}

static void open_tables(struct fixture *f)
{
    struct sarn_error error;

    assert_int_equal(sarn__memory_journal_open(f->store, 0, 1, &f->journal, &error),
                     SARN_OK);
    assert_int_equal(sarn__tables_create(&f->journal, &f->heap, &f->tables, &error),
                     SARN_OK);
}

static void close_tables(struct fixture *f)
{
    sarn__tables_destroy(f->tables);
    f->journal.ops->close(f->journal.self);
}

static void begin(struct fixture *f)
{
    *f = (struct fixture){.text = ""};
    f->heap = test_heap(&f->counted);
    f->store = sarn__memory_store_create(NULL);
    f->arena = sarn_arena_create(NULL);
    assert_non_null(f->store);
    open_tables(f);
    append(f, 1000);
}

static void end(struct fixture *f)
{
    close_tables(f);
    assert_int_equal(f->counted.live, 0);
    sarn_arena_destroy(f->arena);
    sarn__memory_store_destroy(f->store);
}

/* Everything in memory is lost. */
static void crash(struct fixture *f)
{
    sarn__memory_store_crash(f->store);
    close_tables(f);
    open_tables(f);
}

static void
put(struct fixture *f, const char *key, const char *value, uint64_t position)
{
    assert_int_equal(sarn__tables_put(f->tables, TABLE, sarn_str(key), sarn_str(value),
                                      position, NULL),
                     SARN_OK);
}

static void take_away(struct fixture *f, const char *key, uint64_t position)
{
    assert_int_equal(
        sarn__tables_remove(f->tables, TABLE, sarn_str(key), position, NULL), SARN_OK);
}

/* "value@position", or "none@position". */
static const char *get(struct fixture *f, const char *key)
{
    struct sarn_str value = {NULL, 0};
    uint64_t position = 99;
    sarn_status status = sarn__tables_get(f->tables, TABLE, sarn_str(key), f->arena,
                                          &value, &position, NULL);

    assert_true(status == SARN_OK || status == SARN_ERR_NOT_FOUND);
    snprintf(f->text, sizeof(f->text), "%.*s@%" PRIu64,
             status == SARN_OK ? (int)value.size : 4,
             status == SARN_OK ? value.data : "none", position);
    return f->text;
}

static sarn_status
list_row(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct fixture *f = arg;
    size_t size = strlen(f->text);

    (void)position;
    snprintf(f->text + size, sizeof(f->text) - size, "%s%.*s=%.*s", size > 0 ? " " : "",
             (int)key.size, key.data, (int)value.size, value.data);
    return SARN_OK;
}

/* "key=value key=value" */
static const char *
list(struct fixture *f, const char *from, const char *to, bool backward)
{
    struct sarn_table_range range = {.table = TABLE,
                                     .backward = backward,
                                     .from = sarn_str(from),
                                     .to = sarn_str(to)};

    f->text[0] = '\0';
    assert_int_equal(sarn__tables_scan(f->tables, &range, list_row, f, NULL), SARN_OK);
    return f->text;
}

static sarn_status list_stored(void *arg, struct sarn_str key, struct sarn_str value)
{
    struct fixture *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%s%.*s%s", size > 0 ? " " : "",
             (int)key.size, key.data, value.data[8] == 0 ? "" : "(removed)");
    return SARN_OK;
}

/* What lies in the journal: "key key(removed)". */
static const char *below(struct fixture *f)
{
    struct sarn_table_range range = {.table = TABLE};
    bool more;

    f->text[0] = '\0';
    assert_int_equal(
        f->journal.ops->rows(f->journal.self, &range, list_stored, f, &more, NULL),
        SARN_OK);
    return f->text;
}

/* One slice: "key key(-) through=N"; written, unless a fault was set. */
static const char *slice(struct fixture *f, uint32_t rows_max)
{
    struct sarn_flush flush = {.epoch = 0};
    sarn_status status;
    size_t size = 0;

    assert_int_equal(sarn__tables_slice(f->tables, rows_max, 1u << 20, &flush, NULL),
                     SARN_OK);
    f->text[0] = '\0';
    for (uint32_t i = 0; i < flush.count; i++) {
        size += (size_t)snprintf(f->text + size, sizeof(f->text) - size, "%.*s%s ",
                                 (int)flush.rows[i].key.size, flush.rows[i].key.data,
                                 flush.rows[i].remove ? "(-)" : "");
    }
    snprintf(f->text + size, sizeof(f->text) - size, "through=%" PRIu64, flush.through);
    status = f->journal.ops->flush(f->journal.self, &flush, NULL);
    sarn__tables_slice_done(f->tables, status);
    return f->text;
}

static void flush_all(struct fixture *f, uint64_t through)
{
    sarn__tables_begin_round(f->tables, through);
    while (sarn__tables_in_round(f->tables)) {
        slice(f, 100);
    }
}

/* --- reading and changing --- */

static void memory_hides_what_lies_below(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    put(&f, "b", "2", 2);
    put(&f, "d", "4", 4);
    flush_all(&f, 4);
    crash(&f);
    assert_string_equal(get(&f, "b"), "2@2");
    put(&f, "b", "two", 5);
    put(&f, "c", "3", 6);
    take_away(&f, "d", 7);
    assert_string_equal(get(&f, "b"), "two@5");
    assert_string_equal(get(&f, "d"), "none@7");
    assert_string_equal(get(&f, "x"), "none@0");
    assert_string_equal(list(&f, "", "", false), "a=1 b=two c=3");
    assert_string_equal(list(&f, "", "", true), "c=3 b=two a=1");
    assert_string_equal(list(&f, "b", "c", false), "b=two");
    assert_string_equal(list(&f, "b", "", true), "c=3 b=two");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 3);
    end(&f);
}

static void a_row_is_changed_in_place(void **unused)
{
    const struct sarn_str key = SARN_STR("a");
    struct sarn__row_view view;
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "old", 5);
    flush_all(&f, 5);
    crash(&f);
    for (uint64_t position = 6; position <= 8; position++) {
        assert_int_equal(sarn__tables_peek(f.tables, TABLE, key, &view, NULL), SARN_OK);
        assert_true(view.found);
        assert_int_equal(view.position, position - 1);
        assert_int_equal(sarn__tables_dirty_rows(f.tables), position == 7);
        assert_int_equal(
            sarn__tables_change(f.tables, TABLE, key, position, &view, NULL), SARN_OK);
        memcpy(view.value, position == 6 ? "new" : "two", view.size);
        assert_string_equal(get(&f, "a"), position == 6   ? "new@6"
                                          : position == 7 ? "two@7"
                                                          : "two@8");
        if (position == 7) {
            flush_all(&f, 7);
        }
    }
    flush_all(&f, 8);
    crash(&f);
    assert_string_equal(get(&f, "a"), "two@8");
    end(&f);
}

/* --- rounds --- */

static void a_round_writes_what_was_dirty_when_it_began(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    put(&f, "b", "1", 2);
    put(&f, "c", "1", 3);
    sarn__tables_begin_round(f.tables, 3);
    put(&f, "d", "1", 4); /* For the next round, */
    put(&f, "c", "2", 5); /* but this row is owed, and goes as it is now. */
    assert_string_equal(slice(&f, 2), "a b through=0");
    put(&f, "a", "2", 6); /* Written already: the next round again. */
    assert_true(sarn__tables_in_round(f.tables));
    assert_string_equal(slice(&f, 2), "c through=3");
    assert_false(sarn__tables_in_round(f.tables));
    sarn__tables_begin_round(f.tables, 6);
    assert_string_equal(slice(&f, 9), "a d through=6");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 0);
    assert_int_equal(sarn__tables_bytes(f.tables), 0);
    crash(&f);
    assert_string_equal(list(&f, "", "", false), "a=2 b=1 c=2 d=1");
    end(&f);
}

static void a_round_with_nothing_to_write_moves_through(void **unused)
{
    struct sarn_flush flush;
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 99, &flush, NULL),
                     SARN_ERR_NOT_FOUND);
    sarn__tables_begin_round(f.tables, 8);
    assert_string_equal(slice(&f, 9), "through=8");
    assert_false(sarn__tables_in_round(f.tables));
    end(&f);
}

static void a_slice_that_fails_comes_again(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    put(&f, "b", "1", 2);
    sarn__tables_begin_round(f.tables, 2);
    sarn__memory_store_fail(f.store, 1, SARN__MEMORY_FULL);
    assert_string_equal(slice(&f, 1), "a through=0");
    assert_string_equal(slice(&f, 1), "a through=0");
    sarn__memory_store_fail(f.store, 1, SARN__MEMORY_FULL);
    assert_string_equal(slice(&f, 1), "b through=2");
    assert_true(sarn__tables_in_round(f.tables));
    assert_string_equal(slice(&f, 1), "b through=2");
    end(&f);
}

static void a_slice_keeps_its_bytes_while_rows_change(void **unused)
{
    const struct sarn_str key = SARN_STR("a");
    struct sarn_flush flush = {.epoch = 0};
    struct sarn__row_view view;
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    put(&f, "b", "1", 1);
    put(&f, "c", "1", 1);
    sarn__tables_begin_round(f.tables, 1);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 1u << 20, &flush, NULL), SARN_OK);
    assert_int_equal(sarn__tables_peek(f.tables, TABLE, key, &view, NULL), SARN_OK);
    assert_int_equal(sarn__tables_change(f.tables, TABLE, key, 2, &view, NULL),
                     SARN_OK);
    memcpy(view.value, "2", 1);
    put(&f, "b", "much longer", 3);
    take_away(&f, "c", 4);
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
    assert_string_equal(slice(&f, 9), "a b c through=4");
    crash(&f);
    assert_string_equal(list(&f, "", "", false), "a=2 b=much longer");
    end(&f);
}

static void a_slice_stays_within_its_bytes(void **unused)
{
    struct sarn_flush flush = {.epoch = 0};
    struct fixture f;
    uint32_t slices = 0;

    (void)unused;
    begin(&f);
    put(&f, "a", "0123456789", 1); /* 27 bytes each. */
    put(&f, "b", "0123456789", 1);
    put(&f, "c", "0123456789", 1);
    sarn__tables_begin_round(f.tables, 1);
    while (sarn__tables_in_round(f.tables)) {
        assert_int_equal(sarn__tables_slice(f.tables, 9, 60, &flush, NULL), SARN_OK);
        assert_int_equal(flush.count, slices == 0 ? 2 : 1);
        sarn__tables_slice_done(f.tables, SARN_OK);
        slices += 1;
    }
    assert_int_equal(slices, 2);
    put(&f, "a", "0123456789", 2);
    sarn__tables_begin_round(f.tables, 2);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 1, &flush, NULL), SARN_OK);
    assert_int_equal(flush.count, 1); /* One row always fits. */
    sarn__tables_slice_done(f.tables, SARN_OK);
    end(&f);
}

static void tombstones_are_deleted_when_nobody_needs_them(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    put(&f, "b", "1", 2);
    flush_all(&f, 2);
    take_away(&f, "a", 3);
    sarn__tables_begin_round(f.tables, 4);
    take_away(&f, "b", 5); /* After the round's end: folding may come by here again. */
    assert_string_equal(slice(&f, 9), "a through=4");
    assert_string_equal(below(&f), "a(removed) b");
    sarn__tables_begin_round(f.tables, 5);
    assert_string_equal(slice(&f, 9), "a(-) b through=5");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 1);
    sarn__tables_begin_round(f.tables, 5);
    assert_string_equal(slice(&f, 9), "b(-) through=5");
    assert_string_equal(below(&f), "");
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 0);
    end(&f);
}

static void a_tombstone_that_outlived_a_crash_is_found_and_deleted(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    flush_all(&f, 1);
    take_away(&f, "a", 2);
    flush_all(&f, 2);
    crash(&f);
    assert_string_equal(below(&f), "a(removed)");
    flush_all(&f, 2);
    assert_string_equal(get(&f, "a"), "none@2");
    assert_string_equal(list(&f, "", "", false), "");
    sarn__tables_begin_round(f.tables, 3);
    assert_string_equal(slice(&f, 9), "a(-) through=3");
    assert_string_equal(below(&f), "");
    end(&f);
}

static void an_inserted_row_that_is_removed_leaves_nothing(void **unused)
{
    const struct sarn_str key = SARN_STR("a"), value = SARN_STR("1");
    struct fixture f;

    (void)unused;
    begin(&f);
    flush_all(&f, 0); /* Now it is known who writes. */
    assert_int_equal(sarn__tables_insert(f.tables, TABLE, key, value, 1, NULL),
                     SARN_OK);
    take_away(&f, "a", 2);
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 0);
    assert_string_equal(get(&f, "a"), "none@0");
    assert_int_equal(sarn__tables_insert(f.tables, TABLE, key, value, 3, NULL),
                     SARN_OK);
    flush_all(&f, 3);
    take_away(&f, "a", 4); /* It has been written: now it takes a tombstone. */
    assert_int_equal(sarn__tables_dirty_rows(f.tables), 1);
    assert_string_equal(get(&f, "a"), "none@4");
    end(&f);
}

/* --- clearing --- */

static void
a_cleared_table_is_empty_at_once_and_below_with_the_next_slices(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    put(&f, "b", "1", 1);
    put(&f, "c", "1", 1);
    flush_all(&f, 1);
    put(&f, "d", "1", 2);
    assert_int_equal(sarn__tables_clear(f.tables, TABLE, NULL), SARN_OK);
    assert_string_equal(list(&f, "", "", false), "");
    assert_string_equal(get(&f, "a"), "none@0");
    put(&f, "b", "2", 2);
    assert_string_equal(list(&f, "", "", true), "b=2");
    sarn__tables_begin_round(f.tables, 2);
    assert_string_equal(slice(&f, 2), "a(-) b(-) through=0");
    assert_string_equal(slice(&f, 2), "c(-) through=0");
    assert_string_equal(slice(&f, 2), "b through=2");
    assert_string_equal(below(&f), "b");
    assert_string_equal(list(&f, "", "", false), "b=2");
    end(&f);
}

static void a_table_can_be_cleared_while_its_slice_is_out(void **unused)
{
    struct sarn_flush flush = {.epoch = 0};
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    sarn__tables_begin_round(f.tables, 1);
    assert_int_equal(sarn__tables_slice(f.tables, 9, 1u << 20, &flush, NULL), SARN_OK);
    assert_int_equal(sarn__tables_clear(f.tables, TABLE, NULL), SARN_OK);
    put(&f, "a", "2", 2);
    take_away(&f, "a", 3);
    assert_int_equal(f.journal.ops->flush(f.journal.self, &flush, NULL), SARN_OK);
    sarn__tables_slice_done(f.tables, SARN_OK);
    assert_string_equal(get(&f, "a"), "none@0");
    flush_all(&f, 3);
    assert_string_equal(below(&f), "");
    end(&f);
}

/* --- limits --- */

static void rows_are_dropped_from_memory_once_they_are_below(void **unused)
{
    static char big[65536];
    struct fixture f;
    char key[16];

    (void)unused;
    begin(&f);
    for (uint64_t round = 1; round <= 4; round++) {
        for (uint32_t i = 0; i < 200; i++) {
            snprintf(key, sizeof(key), "%04u", (uint32_t)(round * 1000 + i));
            assert_int_equal(sarn__tables_put(f.tables, TABLE, sarn_str(key),
                                              (struct sarn_str){big, sizeof(big)},
                                              round, NULL),
                             SARN_OK);
        }
        assert_true(sarn__tables_bytes(f.tables) >= 200 * sizeof(big));
        flush_all(&f, round);
    }
    assert_int_equal(sarn__tables_bytes(f.tables), 0);
    /* A row is one block, and there are 512 of 64 KiB in 32 MiB. */
    assert_true(f.counted.live < 600);
    assert_true(f.counted.live > 500);
    for (uint32_t i = 0; i < 800; i++) { /* Reading keeps to it, too. */
        snprintf(key, sizeof(key), "%04u", 1000 + i / 200 * 1000 + i % 200);
        assert_string_not_equal(get(&f, key), "none@0");
        sarn_arena_reset(f.arena);
    }
    assert_true(f.counted.live < 600);
    end(&f);
}

static void a_reader_keeps_no_rows_that_the_owner_may_change(void **unused)
{
    struct sarn_journal journal;
    struct sarn__tables *reader;
    struct sarn__row_view view;
    struct fixture f;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    flush_all(&f, 1);
    assert_int_equal(
        sarn__memory_journal_open(f.store, SARN__MEMORY_READ_ONLY, 2, &journal, NULL),
        SARN_OK);
    assert_int_equal(sarn__tables_create(&journal, NULL, &reader, NULL), SARN_OK);
    for (uint64_t position = 1; position <= 2; position++) {
        assert_int_equal(sarn__tables_peek(reader, TABLE,
                                           (struct sarn_str)SARN_STR("a"), &view, NULL),
                         SARN_OK);
        assert_int_equal(view.position, position);
        put(&f, "a", "2", 2);
        flush_all(&f, 2);
    }
    sarn__tables_destroy(reader);
    journal.ops->close(journal.self);
    end(&f);
}

static void without_memory_nothing_changes(void **unused)
{
    struct fixture f;
    uint64_t fail = 0;
    sarn_status status;

    (void)unused;
    begin(&f);
    put(&f, "a", "1", 1);
    flush_all(&f, 1);
    crash(&f);
    do {
        struct sarn_error error = {.status = SARN_OK};
        struct sarn_str key = SARN_STR("a"), long_value = SARN_STR("a longer value");

        f.counted.fail_at = f.counted.calls + ++fail;
        status = sarn__tables_put(f.tables, TABLE, key, long_value, 2, &error);
        f.counted.fail_at = 0;
        assert_int_equal(error.status, status);
        assert_string_equal(get(&f, "a"),
                            status == SARN_OK ? "a longer value@2" : "1@1");
    } while (status == SARN_ERR_NOMEM);
    assert_int_equal(status, SARN_OK);
    assert_true(fail > 1);
    fail = 0;
    sarn__tables_begin_round(f.tables, 2);
    do {
        struct sarn_flush flush;

        f.counted.fail_at = f.counted.calls + ++fail;
        f.counted.broken = true;
        status = sarn__tables_slice(f.tables, 9000, 1u << 20, &flush, NULL);
        f.counted.fail_at = 0;
        f.counted.broken = false;
    } while (status == SARN_ERR_NOMEM);
    assert_int_equal(status, SARN_OK);
    sarn__tables_slice_done(f.tables, SARN_OK);
    end(&f);
}

static void a_row_without_a_sound_header_is_corrupt(void **unused)
{
    static const struct sarn_str bad[] = {
        SARN_STR("short"),
        SARN_STR("\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0value"),
    };
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < 2; i++) {
        struct sarn_table_row row = {
            .table = TABLE, .key = SARN_STR("a"), .value = bad[i]};
        struct sarn_flush flush = {.rows = &row, .count = 1};
        struct sarn_table_range range = {.table = TABLE};
        struct sarn_error error = {.status = SARN_OK};
        struct sarn__row_view view;

        assert_int_equal(f.journal.ops->flush(f.journal.self, &flush, NULL), SARN_OK);
        assert_int_equal(sarn__tables_peek(f.tables, TABLE, row.key, &view, &error),
                         SARN_ERR_CORRUPT);
        assert_non_null(strstr(error.text, "table 7"));
        assert_int_equal(sarn__tables_scan(f.tables, &range, list_row, &f, NULL),
                         SARN_ERR_CORRUPT);
    }
    end(&f);
}

/* --- the property: after any crash, folding again gives what folding once gives --- */

#define OPS_MAX  4000u
#define KEYS_MAX 300u

/* What event number position does; the log that tables are folded from. */
struct op {
    uint8_t kind; /* 0: remove, 1: put, 2: change, 3: insert. */
    uint32_t table, key, value;
};

struct property {
    struct fixture f;
    uint64_t seed;
    struct op ops[OPS_MAX + 1]; /* By position. */
    uint64_t position;
    struct model_row {
        bool in, ever;
        uint32_t value;
    } model[3][KEYS_MAX];
};

static uint32_t draw(struct property *p, uint32_t below_this)
{
    p->seed = p->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->seed >> 33) % below_this;
}

static struct sarn_str key_text(char text[16], uint32_t key)
{
    /* Of several sizes; all of a kind share their first bytes. */
    int size = snprintf(text, 16, key % 3 == 0 ? "%u" : "account-%03u", key);

    return (struct sarn_str){text, (uint32_t)size};
}

static struct sarn_str value_text(char text[VALUE_MAX], uint32_t value)
{
    memset(text, 'v', VALUE_MAX);
    snprintf(text, VALUE_MAX, "%u", value);
    return (struct sarn_str){text, value % VALUE_MAX};
}

/* A fold that skips what the row has seen, as all folds must. */
static void fold(struct property *p, uint64_t position)
{
    const struct op *op = &p->ops[position];
    char key_bytes[16], value_bytes[VALUE_MAX];
    struct sarn_str key = key_text(key_bytes, op->key);
    struct sarn_str value = value_text(value_bytes, op->value);
    struct sarn__tables *tables = p->f.tables;
    struct sarn__row_view view;

    assert_int_equal(sarn__tables_peek(tables, op->table, key, &view, NULL), SARN_OK);
    if (view.position >= position) {
        return;
    }
    if (op->kind == 0) {
        assert_int_equal(sarn__tables_remove(tables, op->table, key, position, NULL),
                         SARN_OK);
    } else if (op->kind == 3 && view.position == 0) {
        assert_int_equal(
            sarn__tables_insert(tables, op->table, key, value, position, NULL),
            SARN_OK);
    } else if (op->kind == 2 && view.found && view.size == value.size) {
        assert_int_equal(
            sarn__tables_change(tables, op->table, key, position, &view, NULL),
            SARN_OK);
        memcpy(view.value, value.data, value.size);
    } else {
        assert_int_equal(
            sarn__tables_put(tables, op->table, key, value, position, NULL), SARN_OK);
    }
}

static void next_event(struct property *p)
{
    struct op *op = &p->ops[++p->position];
    struct model_row *row;

    *op = (struct op){.kind = (uint8_t)draw(p, 4),
                      .table = 1 + draw(p, 3),
                      .key = draw(p, draw(p, 2) == 0 ? 10 : KEYS_MAX),
                      .value = draw(p, 1000)};
    row = &p->model[op->table - 1][op->key];
    row->in = op->kind != 0;
    row->value = op->value;
    append(&p->f, 1);
    fold(p, p->position);
}

struct expected {
    struct property *p;
    uint32_t table, next, step;
    struct sarn_str keys[KEYS_MAX];
    char bytes[KEYS_MAX][16];
    uint32_t values[KEYS_MAX];
    uint32_t count;
};

static int by_key(const void *a, const void *b)
{
    return sarn__bytes_compare(*(const struct sarn_str *)a,
                               *(const struct sarn_str *)b);
}

static sarn_status
as_expected(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct expected *expected = arg;
    char bytes[VALUE_MAX];
    struct sarn_str want;
    char text[16];
    uint32_t number;

    assert_true(position > 0 && position <= expected->p->position);
    assert_true(expected->next < expected->count);
    assert_true(sarn_str_equal(key, expected->keys[expected->next]));
    snprintf(text, sizeof(text), "%.*s", (int)key.size, key.data);
    number =
        (uint32_t)strtoul(text + (text[0] == 'a' ? strlen("account-") : 0), NULL, 10);
    want = value_text(bytes, expected->p->model[expected->table - 1][number].value);
    assert_true(sarn_str_equal(value, want));
    expected->next += expected->step;
    return SARN_OK;
}

/* All three tables, both ways, against the model. */
static void agrees(struct property *p)
{
    for (uint32_t table = 1; table <= 3; table++) {
        struct expected e = {.p = p, .table = table};
        struct sarn_table_range range = {.table = table};

        for (uint32_t i = 0; i < KEYS_MAX; i++) {
            if (p->model[table - 1][i].in) {
                e.keys[e.count] = key_text(e.bytes[e.count], i);
                e.count += 1;
            }
        }
        qsort(e.keys, e.count, sizeof(e.keys[0]), by_key);
        e.step = 1;
        assert_int_equal(sarn__tables_scan(p->f.tables, &range, as_expected, &e, NULL),
                         SARN_OK);
        assert_int_equal(e.next, e.count);
        range.backward = true;
        e.next = e.count - 1;
        e.step = UINT32_MAX;
        if (e.count > 0) {
            range.from = e.keys[0];
        }
        assert_int_equal(sarn__tables_scan(p->f.tables, &range, as_expected, &e, NULL),
                         SARN_OK);
        assert_int_equal(e.next, UINT32_MAX);
    }
}

static void crash_and_fold_again(struct property *p)
{
    struct sarn_journal_state state;

    crash(&p->f);
    assert_int_equal(p->f.journal.ops->state(p->f.journal.self, &state, NULL), SARN_OK);
    for (uint64_t position = state.through + 1; position <= p->position; position++) {
        fold(p, position);
    }
    agrees(p);
}

static void folding_again_after_any_crash_gives_the_same_rows(void **unused)
{
    static struct property p;

    (void)unused;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        bool out = false;
        struct sarn_flush flush = {.epoch = 0};

        p = (struct property){.seed = seed};
        begin(&p.f);
        crash(&p.f);
        for (uint32_t step = 0; p.position < OPS_MAX && step < 6000; step++) {
            uint32_t dice = draw(&p, 100);

            if (dice < 70) {
                next_event(&p);
            } else if (dice < 72 && !out) {
                sarn__tables_begin_round(p.f.tables, p.position);
            } else if (dice < 85 && !out && sarn__tables_in_round(p.f.tables)) {
                assert_int_equal(sarn__tables_slice(p.f.tables, 1 + draw(&p, 40), 4000,
                                                    &flush, NULL),
                                 SARN_OK);
                out = true;
            } else if (dice < 99 && out) {
                if (draw(&p, 8) == 0) {
                    sarn__memory_store_fail(p.f.store, 1, SARN__MEMORY_FULL);
                }
                sarn__tables_slice_done(
                    p.f.tables, p.f.journal.ops->flush(p.f.journal.self, &flush, NULL));
                out = false;
            } else if (dice == 99 && draw(&p, 3) == 0) {
                crash_and_fold_again(&p);
                out = false;
            }
            if (step % 500 == 0) {
                agrees(&p);
            }
        }
        if (out) {
            sarn__tables_slice_done(p.f.tables, SARN_ERR_FULL);
        }
        crash_and_fold_again(&p);
        end(&p.f);
    }
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
        cmocka_unit_test(rows_are_dropped_from_memory_once_they_are_below),
        cmocka_unit_test(a_reader_keeps_no_rows_that_the_owner_may_change),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(a_row_without_a_sound_header_is_corrupt),
        cmocka_unit_test(folding_again_after_any_crash_gives_the_same_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
