/* sarn_log_check: what is stored is held against what the events give. */
#include <string.h>

#include "engine/projection_index.h"
#include "engine/registry.h"
#include "infra/memory/codec.h"
#include "infra/memory/sim.h"
#include "support/test.h"
#include "support/views.h"

/* 3 registrations (3..5), and 4 events on accounts a and b. */
static void begin(struct views *v)
{
    views_begin(v, &ledger_module);
    views_follow(v);
    ledger_deposit(&v->scribe, "a", "ann", 10);
    ledger_deposit(&v->scribe, "b", "bob", 5);
    ledger_move(&v->scribe, "a", "b", 3);
    ledger_note(&v->scribe, "good");
    views_refresh(v);
    views_follow(v);
}

static void put(struct views *v, uint32_t table, struct sarn_str key, const char *value)
{
    assert_int_equal(sarn__tables_put(v->log.store.tables, table, key, sarn_str(value),
                                      v->log.store.position, NULL),
                     SARN_OK);
}

/* --- rows --- */

static void what_is_right_has_no_findings(void **unused)
{
    struct views v;

    (void)unused;
    begin(&v);
    assert_string_equal(views_check(&v, &v.log), "events=9 differences=0 unchecked=0");
    views_flush(&v, 10, UINT32_MAX);
    assert_string_equal(views_check(&v, &v.log), "events=9 differences=0 unchecked=0");
    views_crash(&v);
    assert_string_equal(views_check(&v, &v.log), "events=9 differences=0 unchecked=0");
    views_end(&v);
}

static void an_empty_log_has_nothing_to_check(void **unused)
{
    struct views v;

    (void)unused;
    memset(&v, 0, sizeof(v));
    scribe_init(&v.scribe);
    views_open(&v, &ledger_module);
    assert_string_equal(views_check(&v, &v.log), "events=0 differences=0 unchecked=0");
    views_end(&v);
}

static void what_has_no_code_is_named(void **unused)
{
    struct sarn_log reader;
    struct views v;

    (void)unused;
    begin(&v);
    views_open_reader(&v, NULL, &reader);
    assert_string_equal(
        views_check(&v, &reader),
        "projection 'balances', version 1: not checked, since its code is not loaded\n"
        "projection 'later', version 1: not checked, since its code is not loaded\n"
        "projection 'notes', version 1: not checked, since its code is not loaded\n"
        "events=9 differences=0 unchecked=3");
    views_close_reader(&reader);
    views_end(&v);
}

static void core_rows_that_differ_are_found(void **unused)
{
    static const char number[] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct views v;

    (void)unused;
    begin(&v);
    put(&v, SARN__TABLE_METADATA, (struct sarn_str){number, 8}, "from nowhere");
    assert_string_equal(views_check(&v, &v.log),
                        "table 'stream metadata', key 0x0000000000000001: the row "
                        "should not be there\n"
                        "events=9 differences=1 unchecked=0");
    put(&v, SARN__TABLE_PROJECTIONS, sarn_str("notes"), "not a registration");
    assert_non_null(strstr(views_check(&v, &v.log),
                           "table 'projection registrations', key 'notes': the row is "
                           "not what the events give\n"));
    assert_non_null(strstr(v.text, "the registration of projection \"notes\" has 18 "
                                   "bytes\nevents=9 differences=3 unchecked=0"));
    views_end(&v);
}

static void rows_that_differ_are_found(void **unused)
{
    static const char a[] = {'a', 0, 0}, c[] = {'c', 0, 0};
    struct views v;

    (void)unused;
    begin(&v);
    put(&v, SARN__TABLE_USER + 2, (struct sarn_str){c, 3}, "no balance");
    assert_string_equal(views_check(&v, &v.log),
                        "projection 'balances', key 0x630000: the row should not be "
                        "there\n"
                        "events=9 differences=1 unchecked=0");
    assert_int_equal(sarn__tables_remove(v.log.store.tables, SARN__TABLE_USER + 2,
                                         (struct sarn_str){c, 3}, 9, NULL),
                     SARN_OK);
    assert_int_equal(sarn__tables_remove(v.log.store.tables, SARN__TABLE_USER + 2,
                                         (struct sarn_str){a, 3}, 9, NULL),
                     SARN_OK);
    assert_string_equal(views_check(&v, &v.log),
                        "projection 'balances', key 0x610000: the row is missing\n"
                        "events=9 differences=1 unchecked=0");
    views_end(&v);
}

static void entries_that_are_missing_are_found_and_left_over_ones_are_not(void **unused)
{
    const struct sarn_str a = {"a\0\0", 3};
    struct sarn_key ann = {.size = 0}, zoe = {.size = 0};
    struct sarn__entry entry;
    struct views v;

    (void)unused;
    begin(&v);
    assert_int_equal(sarn_key_add_text(&ann, sarn_str("ann")), SARN_OK);
    assert_int_equal(sarn_key_add_text(&zoe, sarn_str("zoe")), SARN_OK);
    assert_int_equal(sarn__entry_make(0, &zoe, a, &entry), SARN_OK);
    put(&v, SARN__TABLE_USER + 3, (struct sarn_str){entry.bytes, entry.size}, NULL);
    assert_string_equal(views_check(&v, &v.log), "events=9 differences=0 unchecked=0");
    assert_string_equal(views_rows(&v, "balances", "owner"), "a 7 ann #2, b 8 bob #2");
    assert_int_equal(sarn__entry_make(0, &ann, a, &entry), SARN_OK);
    assert_int_equal(sarn__tables_remove(v.log.store.tables, SARN__TABLE_USER + 3,
                                         (struct sarn_str){entry.bytes, entry.size}, 9,
                                         NULL),
                     SARN_OK);
    assert_string_equal(views_check(&v, &v.log),
                        "index entries of projection 'balances', key "
                        "0x00000000616e6e0000000061000000"
                        "03: the row is missing\n"
                        "events=9 differences=1 unchecked=0");
    views_end(&v);
}

static void a_stopped_projection_is_a_finding(void **unused)
{
    struct views v;

    (void)unused;
    begin(&v);
    ledger_note(&v.scribe, "bad");
    views_refresh(&v);
    assert_string_equal(views_check(&v, &v.log),
                        "projection 'notes' stopped at position 10: its apply failed; "
                        "correct its code and open the log again\n"
                        "events=10 differences=1 unchecked=0");
    views_end(&v);
}

static void a_damaged_record_ends_the_check(void **unused)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct views v;

    (void)unused;
    begin(&v);
    sarn__memory_store_damage(v.scribe.store, 7, 153, 1);
    assert_int_equal(sarn_log_check(&v.log, &check, &v.error), SARN_ERR_CORRUPT);
    assert_non_null(strstr(v.error.text, "7"));
    views_end(&v);
}

static sarn_status enough(void *arg, uint64_t done, uint64_t total)
{
    uint64_t *seen = arg;

    assert_int_equal(total, 9);
    *seen = done;
    return SARN_ERR_CLOSED;
}

static void progress_ends_a_check(void **unused)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct views v;
    uint64_t seen = 0;

    (void)unused;
    begin(&v);
    check.progress = enough;
    check.arg = &seen;
    assert_int_equal(sarn_log_check(&v.log, &check, &v.error), SARN_ERR_CLOSED);
    assert_string_equal(v.error.text, "the check was ended at position 9 of 9");
    assert_int_equal(seen, 9);
    check.struct_size = 3;
    assert_int_equal(sarn_log_check(&v.log, &check, &v.error), SARN_ERR_INVALID);
    views_end(&v);
}

/* --- snapshots --- */

static void put_snapshot(struct views *v, const struct ledger_account *state)
{
    const struct sarn_codec *codec = &v->log.ports.codec;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__snapshot snapshot = {.version = 1,
                                      .position = v->log.store.position,
                                      .schema_hash =
                                          sarn__type_fingerprint(&ledger_account_type),
                                      .apply_version = 1};

    assert_int_equal(codec->ops->encode(codec->self, &ledger_account_type, state, arena,
                                        &snapshot.state, NULL),
                     SARN_OK);
    assert_int_equal(sarn__store_put_snapshot(&v->log.store, 1, &snapshot, NULL),
                     SARN_OK);
    sarn_arena_destroy(arena);
}

static void snapshots_are_held_against_their_events(void **unused)
{
    struct sarn_log reader;
    struct views v;

    (void)unused;
    begin(&v);
    /* Stream 1 is account-a: a deposit of 10, then the move. */
    put_snapshot(&v, &(struct ledger_account){.balance = 10, .changes = 2});
    assert_string_equal(views_check(&v, &v.log), "events=9 differences=0 unchecked=0");
    views_flush(&v, 100, UINT32_MAX);
    views_open_reader(&v, NULL, &reader);
    assert_non_null(
        strstr(views_check(&v, &reader),
               "snapshots of category 'account': not checked, since the code "
               "of that aggregate is not loaded\n"));
    assert_non_null(strstr(v.text, " unchecked=4"));
    views_close_reader(&reader);
    ledger_note(&v.scribe, "good");
    views_refresh(&v);
    put_snapshot(&v, &(struct ledger_account){.balance = 11, .changes = 2});
    assert_string_equal(
        views_check(&v, &v.log),
        "the snapshot of stream 'account-a' at version 1 is not what the "
        "events give\n"
        "events=10 differences=1 unchecked=0");
    views_end(&v);
}

static void a_snapshot_of_nothing_is_a_difference(void **unused)
{
    static const char none[] = {0, 0, 0, 0, 0, 0, 0, 99},
                      one[] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct views v;

    (void)unused;
    begin(&v);
    put(&v, SARN__TABLE_SNAPSHOTS, (struct sarn_str){none, 8},
        "....;....;....;....;....;....;");
    put(&v, SARN__TABLE_SNAPSHOTS, (struct sarn_str){one, 8}, "short");
    assert_string_equal(views_check(&v, &v.log),
                        "the snapshot of stream 1 has 5 bytes\n"
                        "there is a snapshot of stream 99, which does not exist\n"
                        "events=9 differences=2 unchecked=0");
    views_end(&v);
}

/* --- a whole engine --- */

static void deposit(struct sarn__sim *sim, const char *stream, int64_t amount)
{
    const struct ledger_deposit data = {.amount = amount};
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn__sim_outcome outcome = {.answers = 0};

    command.stream = sarn_str(stream);
    command.type = &ledger_deposit_type;
    command.data = &data;
    assert_int_equal(sarn__sim_submit(sim, &command, &outcome, NULL), SARN_OK);
    sarn__sim_run(sim);
    assert_int_equal(outcome.status, SARN_OK);
}

static void an_engines_log_is_what_its_events_give(void **unused)
{
    static const struct sarn_module *const modules[] = {&ledger_module};
    struct sarn__sim_options options = {.seed = 5, .codec = sarn__memory_codec()};
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct sarn__sim *sim;
    struct sarn_log *log;
    char stream[32];

    (void)unused;
    options.options.modules = modules;
    options.options.module_count = 1;
    options.options.tail_max = 16;
    assert_int_equal(sarn__sim_create(&options, &sim, NULL), SARN_OK);
    for (int i = 0; i < 60; i++) {
        snprintf(stream, sizeof(stream), "account-%d", i % 7);
        deposit(sim, stream, i);
    }
    for (int reopened = 0; reopened < 2; reopened++) {
        log = sarn__engine_log(sarn__sim_engine(sim));
        assert_int_equal(sarn_log_check(log, &check, NULL), SARN_OK);
        assert_int_equal(check.differences, 0);
        assert_int_equal(check.unchecked, 0);
        assert_true(check.rows > 60);
        assert_int_equal(sarn_log_get_stats(log, &stats, NULL), SARN_OK);
        assert_int_equal(stats.last_position, check.events);
        assert_int_equal(stats.streams, 7);
        assert_int_equal(stats.epoch, reopened + 1);
        assert_true(stats.flushed_position > 0 && stats.commits > 60);
        assert_true(stats.first_time_us > 0 &&
                    stats.last_time_us >= stats.first_time_us);
        assert_true(stats.head_hash[0] != 0 || stats.head_hash[1] != 0);
        sarn__sim_crash(sim);
        assert_int_equal(sarn__sim_open(sim, NULL, 0, NULL), SARN_OK);
    }
    sarn__sim_destroy(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_right_has_no_findings),
        cmocka_unit_test(an_empty_log_has_nothing_to_check),
        cmocka_unit_test(what_has_no_code_is_named),
        cmocka_unit_test(core_rows_that_differ_are_found),
        cmocka_unit_test(rows_that_differ_are_found),
        cmocka_unit_test(entries_that_are_missing_are_found_and_left_over_ones_are_not),
        cmocka_unit_test(a_stopped_projection_is_a_finding),
        cmocka_unit_test(a_damaged_record_ends_the_check),
        cmocka_unit_test(progress_ends_a_check),
        cmocka_unit_test(snapshots_are_held_against_their_events),
        cmocka_unit_test(a_snapshot_of_nothing_is_a_difference),
        cmocka_unit_test(an_engines_log_is_what_its_events_give),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
