/* domain/engine/rebuild: a log is written again as it was, whatever fails in between,
 * and nothing that contradicts itself is written. */
#include "support/test.h"

#include "engine/rebuild.h"
#include "infra/memory/journal.h"
#include "support/heap.h"
#include "support/source_log.h"

struct fixture {
    struct source_log source;
    struct sarn__memory_store *store;
    struct sarn_ports to; /* The copy's, open. */
    struct test_heap counted;
    struct sarn__rebuild *rebuild;
    struct sarn_error error;
    /* While it is fed: */
    uint64_t stop_behind;                          /* This position; 0: never. */
    uint64_t spoil;                                /* The record at this position, */
    void (*spoil_with)(struct sarn_str *, char *); /* in a copy. */
    bool spoil_commit;
};

static int set_up_with(void **state, bool large)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    source_log_make(&f->source, large);
    f->store = sarn__memory_store_create(NULL);
    f->to = source_log_ports(&f->source, f->store);
    f->to.heap = test_heap(&f->counted);
    return f->store == NULL ? -1 : 0;
}

static int set_up(void **state)
{
    return set_up_with(state, false);
}

static int set_up_large(void **state)
{
    return set_up_with(state, true);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    sarn__rebuild_destroy(f->rebuild);
    f->to.journal.ops->close(f->to.journal.self);
    sarn__memory_store_destroy(f->store);
    source_log_remove(&f->source);
    free(f);
    return 0;
}

/* --- feeding --- */

static sarn_status feed_one(void *arg,
                            bool is_commit,
                            uint64_t position,
                            struct sarn_str bytes,
                            struct sarn_error *error)
{
    struct fixture *f = arg;
    static char copy[1024 * 1024];

    if (f->stop_behind != 0 && position > f->stop_behind) {
        return SARN_OK;
    }
    if (position == f->spoil && is_commit == f->spoil_commit) {
        memcpy(copy, bytes.data, bytes.size);
        bytes.data = copy;
        f->spoil_with(&bytes, copy);
    }
    return is_commit ? sarn__rebuild_commit(f->rebuild, position, bytes, error)
                     : sarn__rebuild_record(f->rebuild, position, bytes, error);
}

static sarn_status begin(struct fixture *f)
{
    sarn__rebuild_destroy(f->rebuild);
    f->rebuild = NULL;
    return sarn__rebuild_create(&f->to, NULL, NULL, &f->rebuild, &f->error);
}

static sarn_status feed(struct fixture *f, uint64_t from)
{
    return source_log_each(&f->source.ports.journal, from, feed_one, f, &f->error);
}

/* From where the copy ends to the end of the source. */
static sarn_status go_on(struct fixture *f)
{
    sarn_status status = begin(f), finished;

    if (status != SARN_OK) {
        return status;
    }
    status = feed(f, sarn__rebuild_end(f->rebuild)->position + 1);
    finished = sarn__rebuild_finish(f->rebuild, status == SARN_OK ? &f->error : NULL);
    return status == SARN_OK ? finished : status;
}

static struct sarn_journal_state copied(const struct fixture *f)
{
    struct sarn_journal_state state = {0};

    assert_int_equal(f->to.journal.ops->state(f->to.journal.self, &state, NULL),
                     SARN_OK);
    return state;
}

/* The copy is a good log, and what it has of the source is whole. */
static void assert_good(struct fixture *f, bool whole)
{
    struct sarn_ports plain = f->to;

    plain.heap = f->source.ports.heap;
    source_log_compare(&f->source, &f->to.journal, whole);
    source_log_check_tables(&plain);
}

static void assert_finished(struct fixture *f)
{
    struct sarn_journal_state state = copied(f);

    assert_int_equal(state.through, state.last_position);
    assert_int_equal(sarn__rebuild_end(f->rebuild)->position, state.last_position);
    assert_good(f, true);
}

/* The same after the power went. */
static void reopen(struct fixture *f)
{
    sarn__rebuild_destroy(f->rebuild);
    f->rebuild = NULL;
    f->to.journal.ops->close(f->to.journal.self);
    f->to = source_log_ports(&f->source, f->store);
    f->to.heap = test_heap(&f->counted);
}

/* Nothing was copied yet. */
static void start_anew(struct fixture *f)
{
    sarn__rebuild_destroy(f->rebuild);
    f->rebuild = NULL;
    f->to.journal.ops->close(f->to.journal.self);
    sarn__memory_store_destroy(f->store);
    f->store = sarn__memory_store_create(NULL);
    f->to = source_log_ports(&f->source, f->store);
    f->to.heap = test_heap(&f->counted);
}

/* --- good logs --- */

static void a_log_is_the_same_again_and_its_tables_are_folded(void **state)
{
    struct fixture *f = *state;

    assert_ok(go_on(f), &f->error);
    assert_finished(f);
}

static void nothing_is_a_log_too(void **state)
{
    struct fixture *f = *state;

    assert_ok(begin(f), &f->error);
    assert_ok(sarn__rebuild_finish(f->rebuild, &f->error), &f->error);
    assert_int_equal(sarn__rebuild_end(f->rebuild)->position, 0);
    assert_int_equal(copied(f).last_position, 0);
    assert_good(f, false);
}

static void it_goes_on_where_the_journal_ends_at_every_commit(void **state)
{
    struct fixture *f = *state;

    for (uint64_t end = 1; end <= f->source.state.last_position; end++) {
        f->stop_behind = end;
        assert_ok(go_on(f), &f->error);
        assert_good(f, false);
        reopen(f);
    }
    f->stop_behind = 0;
    assert_ok(go_on(f), &f->error);
    assert_finished(f);
}

static void records_without_their_commit_are_dropped(void **state)
{
    struct fixture *f = *state;

    assert_ok(begin(f), &f->error);
    f->stop_behind = 1; /* The first commit has more. */
    assert_ok(feed(f, 1), &f->error);
    assert_ok(sarn__rebuild_finish(f->rebuild, &f->error), &f->error);
    assert_int_equal(copied(f).last_position, 0);
}

static void many_groups_are_many_transactions(void **state)
{
    struct fixture *f = *state;

    assert_ok(go_on(f), &f->error);
    assert_true(sarn__memory_store_writes(f->store) > 2);
    assert_true(sarn__memory_store_writes(f->store) < f->source.state.commits);
    assert_finished(f);
}

/* --- bad ones --- */

static void flip_a_bit(struct sarn_str *bytes, char *copy)
{
    copy[bytes->size / 2] = (char)(copy[bytes->size / 2] ^ 4);
}

static void cut_eight_bytes(struct sarn_str *bytes, char *copy)
{
    (void)copy;
    bytes->size -= 8;
}

static void cut_one_byte(struct sarn_str *bytes, char *copy)
{
    (void)copy;
    bytes->size -= 1;
}

static void leave_nothing(struct sarn_str *bytes, char *copy)
{
    (void)copy;
    bytes->size = 0;
}

/* Whatever is wrong with one record or commit: what is before its commit is there, and
 * nothing after, and it stays so. */
static void spoil_each(struct fixture *f, void (*with)(struct sarn_str *, char *))
{
    uint64_t last = f->source.state.last_position;

    f->spoil_with = with;
    for (f->spoil = 1; f->spoil <= last; f->spoil++) {
        sarn_status status;
        char text[SARN_ERROR_TEXT_BYTES];

        assert_ok(begin(f), &f->error);
        status = feed(f, sarn__rebuild_end(f->rebuild)->position + 1);
        if (f->spoil_commit && status == SARN_OK) {
            assert_ok(sarn__rebuild_finish(f->rebuild, &f->error), &f->error);
            break; /* No commit ends here, and everything was taken. */
        }
        assert_int_equal(status, SARN_ERR_CORRUPT);
        memcpy(text, f->error.text, sizeof(text));
        assert_int_equal(sarn__rebuild_record(f->rebuild, last + 1,
                                              (struct sarn_str){"", 0}, &f->error),
                         SARN_ERR_CORRUPT);
        assert_string_equal(f->error.text, text);
        assert_ok(sarn__rebuild_finish(f->rebuild, &f->error), &f->error);
        assert_true(copied(f).last_position < f->spoil);
        assert_int_equal(sarn__rebuild_end(f->rebuild)->position,
                         copied(f).last_position);
        assert_int_equal(copied(f).through, copied(f).last_position);
        assert_good(f, false);
    }
    f->spoil = 0;
    assert_ok(go_on(f), &f->error);
    assert_finished(f);
}

static void a_record_with_a_wrong_bit_ends_it(void **state)
{
    spoil_each(*state, flip_a_bit);
}

static void a_record_of_another_size_ends_it(void **state)
{
    spoil_each(*state, cut_eight_bytes);
    start_anew(*state);
    spoil_each(*state, cut_one_byte);
    start_anew(*state);
    spoil_each(*state, leave_nothing);
}

static void a_commit_with_a_wrong_bit_ends_it(void **state)
{
    struct fixture *f = *state;

    f->spoil_commit = true;
    f->spoil_with = flip_a_bit;
    f->spoil = f->source.state.last_position;
    assert_int_equal(go_on(f), SARN_ERR_CORRUPT);
    assert_true(copied(f).last_position < f->spoil);
    assert_true(copied(f).commits == f->source.state.commits - 1);
    assert_good(f, false);
}

static void a_record_or_commit_left_out_or_given_twice_ends_it(void **state)
{
    struct fixture *f = *state;
    struct sarn_archive_end before;

    assert_ok(begin(f), &f->error);
    f->stop_behind = 30;
    assert_ok(feed(f, 1), &f->error);
    before = *sarn__rebuild_end(f->rebuild);
    f->stop_behind = 0;
    assert_int_equal(feed(f, before.position + 2), SARN_ERR_CORRUPT);
    assert_ok(sarn__rebuild_finish(f->rebuild, &f->error), &f->error);
    assert_int_equal(copied(f).last_position, before.position);
    assert_ok(begin(f), &f->error);
    assert_int_equal(feed(f, before.position), SARN_ERR_CORRUPT);
    assert_ok(go_on(f), &f->error);
    assert_finished(f);
}

static void a_damaged_journal_is_not_gone_on_with(void **state)
{
    struct fixture *f = *state;

    f->stop_behind = 30;
    assert_ok(go_on(f), &f->error);
    sarn__memory_store_damage(f->store, 3, 40, 1);
    assert_int_equal(begin(f), SARN_ERR_CORRUPT);
    assert_non_null(strstr(f->error.text, "position 3"));
}

/* --- faults --- */

/* The nth write fails in this way, for each n; gone on with, the log is the same. */
static void fail_each_write(struct fixture *f, enum sarn__memory_fault fault)
{
    bool hit = true;

    for (uint32_t nth = 1; hit; nth++) {
        sarn_status status;

        sarn__memory_store_fail(f->store, nth, fault);
        status = go_on(f);
        hit = status != SARN_OK;
        sarn__memory_store_fail(f->store, 0, SARN__MEMORY_NO_FAULT);
        if (fault == SARN__MEMORY_IN_DOUBT_LOST ||
            fault == SARN__MEMORY_IN_DOUBT_KEPT) {
            assert_true(!hit || status == SARN_ERR_IN_DOUBT);
        } else {
            assert_true(!hit || status == SARN_ERR_FULL || status == SARN_ERR_IO);
            assert_int_equal(sarn__rebuild_end(f->rebuild)->position,
                             copied(f).last_position);
        }
        reopen(f);
        assert_good(f, false);
        assert_ok(go_on(f), &f->error);
        assert_finished(f);
        assert_true(nth < 100);
        start_anew(f); /* With the next write. */
    }
}

static void a_failed_write_leaves_a_good_beginning(void **state)
{
    fail_each_write(*state, SARN__MEMORY_FULL);
    fail_each_write(*state, SARN__MEMORY_IO);
}

static void a_write_in_doubt_leaves_a_good_beginning(void **state)
{
    fail_each_write(*state, SARN__MEMORY_IN_DOUBT_LOST);
    fail_each_write(*state, SARN__MEMORY_IN_DOUBT_KEPT);
}

static void a_large_log_that_was_interrupted_is_gone_on_with(void **state)
{
    fail_each_write(*state, SARN__MEMORY_IN_DOUBT_KEPT);
}

static void without_memory_it_says_so_and_leaves_a_good_beginning(void **state)
{
    struct fixture *f = *state;
    sarn_status status;
    uint64_t nth = 0;

    do {
        nth += 1 + nth / 16; /* All of the first ones, and then some. */
        f->counted.calls = 0;
        f->counted.fail_at = nth;
        status = go_on(f);
        f->counted.fail_at = 0;
        assert_true(status == SARN_OK || status == SARN_ERR_NOMEM);
        reopen(f);
        assert_int_equal(f->counted.live, 0);
        assert_good(f, false);
    } while (status != SARN_OK);
    assert_true(nth > 20);
    assert_ok(go_on(f), &f->error);
    assert_finished(f);
}

#define SMALL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define LARGE(test) cmocka_unit_test_setup_teardown(test, set_up_large, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL(a_log_is_the_same_again_and_its_tables_are_folded),
        SMALL(nothing_is_a_log_too),
        SMALL(it_goes_on_where_the_journal_ends_at_every_commit),
        SMALL(records_without_their_commit_are_dropped),
        LARGE(many_groups_are_many_transactions),
        SMALL(a_record_with_a_wrong_bit_ends_it),
        SMALL(a_record_of_another_size_ends_it),
        SMALL(a_commit_with_a_wrong_bit_ends_it),
        SMALL(a_record_or_commit_left_out_or_given_twice_ends_it),
        SMALL(a_damaged_journal_is_not_gone_on_with),
        SMALL(a_failed_write_leaves_a_good_beginning),
        SMALL(a_write_in_doubt_leaves_a_good_beginning),
        LARGE(a_large_log_that_was_interrupted_is_gone_on_with),
        SMALL(without_memory_it_says_so_and_leaves_a_good_beginning)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
