/* infra/memory/journal: the faults that other tests rely on do what they say. What a
 * journal does without faults is in tests/contract/. */
#include "support/test.h"

#include "infra/memory/hash.h"
#include "infra/memory/journal.h"
#include "support/log_builder.h"

struct fixture {
    struct sarn__memory_store *store;
    struct sarn_journal journal;
    struct log_builder builder;
};

static void open_journal(struct fixture *f)
{
    assert_int_equal(sarn__memory_journal_open(f->store, 0, 7, &f->journal, NULL),
                     SARN_OK);
}

static struct fixture begin(void)
{
    struct fixture f = {.store = sarn__memory_store_create(NULL)};

    open_journal(&f);
    f.builder = log_builder(&f.journal, sarn__memory_hash());
    f.builder.journal = NULL; /* Set by append(): f moves. */
    return f;
}

static sarn_status append(struct fixture *f)
{
    f->builder.journal = &f->journal;
    return log_builder_append(&f->builder, 2, NULL);
}

static uint64_t last_position(struct fixture *f)
{
    struct sarn_journal_state state;

    assert_int_equal(f->journal.ops->state(f->journal.self, &state, NULL), SARN_OK);
    return state.last_position;
}

static void reopen(struct fixture *f)
{
    f->journal.ops->close(f->journal.self);
    open_journal(f);
}

static void end(struct fixture *f)
{
    f->journal.ops->close(f->journal.self);
    sarn__memory_store_destroy(f->store);
}

static void the_nth_write_fails_and_only_that(void **unused)
{
    static const struct {
        enum sarn__memory_fault fault;
        sarn_status status;
    } rows[] = {{SARN__MEMORY_FULL, SARN_ERR_FULL}, {SARN__MEMORY_IO, SARN_ERR_IO}};

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f = begin();

        sarn__memory_store_fail(f.store, 3, rows[i].fault);
        assert_int_equal(append(&f), SARN_OK);
        assert_int_equal(append(&f), SARN_OK);
        assert_int_equal(append(&f), rows[i].status);
        assert_int_equal(last_position(&f), 4);
        assert_int_equal(append(&f), SARN_OK);
        assert_int_equal(last_position(&f), 6);
        assert_int_equal(sarn__memory_store_writes(f.store), 4);
        end(&f);
    }
}

static void a_write_in_doubt_is_kept_or_lost_as_asked(void **unused)
{
    (void)unused;
    for (uint32_t kept = 0; kept < 2; kept++) {
        struct fixture f = begin();

        assert_int_equal(append(&f), SARN_OK);
        sarn__memory_store_fail(f.store, 1,
                                kept == 1 ? SARN__MEMORY_IN_DOUBT_KEPT
                                          : SARN__MEMORY_IN_DOUBT_LOST);
        assert_int_equal(append(&f), SARN_ERR_IN_DOUBT);
        assert_int_equal(append(&f), SARN_ERR_IN_DOUBT);
        reopen(&f);
        assert_int_equal(last_position(&f), kept == 1 ? 4 : 2);
        end(&f);
    }
}

static void a_flush_in_doubt_is_kept_or_lost_as_asked(void **unused)
{
    struct sarn_table_row row = {
        .table = 1, .key = SARN_STR("k"), .value = SARN_STR("v")};
    struct sarn_flush flush = {.epoch = 1, .rows = &row, .count = 1, .through = 2};
    struct sarn_journal_state state;

    (void)unused;
    for (uint32_t kept = 0; kept < 2; kept++) {
        struct fixture f = begin();

        assert_int_equal(append(&f), SARN_OK);
        sarn__memory_store_fail(f.store, 1,
                                kept == 1 ? SARN__MEMORY_IN_DOUBT_KEPT
                                          : SARN__MEMORY_IN_DOUBT_LOST);
        assert_int_equal(f.journal.ops->flush(f.journal.self, &flush, NULL),
                         SARN_ERR_IN_DOUBT);
        reopen(&f);
        assert_int_equal(f.journal.ops->state(f.journal.self, &state, NULL), SARN_OK);
        assert_int_equal(state.through, kept == 1 ? 2 : 0);
        end(&f);
    }
}

static void a_crash_ends_every_handle_and_keeps_what_was_durable(void **unused)
{
    struct fixture f = begin();
    struct sarn_journal_state state;
    struct sarn_journal old = f.journal, reader;

    (void)unused;
    assert_int_equal(append(&f), SARN_OK);
    assert_int_equal(
        sarn__memory_journal_open(f.store, SARN__MEMORY_READ_ONLY, 8, &reader, NULL),
        SARN_OK);
    sarn__memory_store_crash(f.store);
    assert_int_equal(append(&f), SARN_ERR_CLOSED);
    assert_int_equal(reader.ops->state(reader.self, &state, NULL), SARN_ERR_CLOSED);
    open_journal(&f); /* Nobody owns it any more. */
    assert_int_equal(last_position(&f), 2);
    reader.ops->close(reader.self);
    old.ops->close(old.self); /* Takes nothing from the new owner: */
    assert_int_equal(sarn__memory_journal_open(f.store, 0, 9, &reader, NULL),
                     SARN_ERR_BUSY);
    end(&f);
}

static void a_limit_can_be_lifted(void **unused)
{
    struct fixture f = begin();

    (void)unused;
    sarn__memory_store_limit(f.store, 1000);
    assert_int_equal(append(&f), SARN_OK);
    assert_int_equal(append(&f), SARN_ERR_FULL);
    sarn__memory_store_limit(f.store, 0);
    assert_int_equal(append(&f), SARN_OK);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_write_fails_and_only_that),
        cmocka_unit_test(a_write_in_doubt_is_kept_or_lost_as_asked),
        cmocka_unit_test(a_flush_in_doubt_is_kept_or_lost_as_asked),
        cmocka_unit_test(a_crash_ends_every_handle_and_keeps_what_was_durable),
        cmocka_unit_test(a_limit_can_be_lifted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
