/* Aggregates by id: loading, the bounded cache, warming, snapshots, and the streams
 * under them: deleted, described, appended to. */
#include <string.h>

#include "infra/memory/codec.h"
#include "support/bank.h"

static struct sarn_engine_stats stats_of(struct bank *bank)
{
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};

    sarn__engine_stats(sarn__sim_engine(bank->sim), &stats);
    return stats;
}

static void open_many(struct bank *bank, int count)
{
    for (int i = 0; i < count; i++) {
        char account[16];

        snprintf(account, sizeof(account), "%d", i);
        (void)bank_do_open(bank, account);
        (void)bank_do_credit(bank, account, 100 + i, NULL);
    }
}

static void the_cache_counts_hits_and_misses_and_stays_in_its_bound(void **unused)
{
    struct sarn_options options = {.cache_bytes = 16384};
    struct sarn_engine_stats before, after;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 1, &options);
    open_many(&bank, 64);
    before = stats_of(&bank);
    assert_in_range(before.cache_bytes, 1, 16384);
    assert_true(before.cache_evictions > 0);
    assert_int_equal(before.cache_entries + before.cache_evictions,
                     before.cache_misses);
    assert_int_equal(bank_balance(&bank, "63"), 163); /* The latest: still there. */
    after = stats_of(&bank);
    assert_int_equal(after.cache_hits, before.cache_hits + 1);
    assert_int_equal(after.cache_misses, before.cache_misses);
    assert_int_equal(bank_balance(&bank, "0"), 100); /* The oldest: loaded again. */
    after = stats_of(&bank);
    assert_int_equal(after.cache_misses, before.cache_misses + 1);
    bank_close(&bank);
}

static void warming_loads_the_latest_used_first(void **unused)
{
    struct sarn_engine_stats before, after;
    struct sarn_error error;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 2, NULL);
    open_many(&bank, 20);
    (void)bank_do_credit(&bank, "3", 1, NULL);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    assert_int_equal(stats_of(&bank).cache_entries, 0);
    assert_int_equal(sarn__engine_warm(sarn__sim_engine(bank.sim), 0,
                                       sarn_str("account"), 5, &error),
                     SARN_OK);
    before = stats_of(&bank);
    assert_int_equal(before.cache_entries, 5);
    assert_int_equal(bank_balance(&bank, "3"), 104);
    assert_int_equal(bank_balance(&bank, "19"), 119);
    assert_int_equal(bank_balance(&bank, "16"), 116);
    after = stats_of(&bank);
    assert_int_equal(after.cache_misses, before.cache_misses);
    assert_int_equal(
        sarn__engine_warm(sarn__sim_engine(bank.sim), 0, sarn_str("nobody"), 5, &error),
        SARN_ERR_NOT_FOUND);
    bank_close(&bank);
}

struct loaded {
    uint32_t count;
    int64_t sum;
    int64_t versions;
};

static sarn_status
add_state(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    struct loaded *loaded = arg;

    assert_true(stream.size > 0);
    loaded->count += 1;
    loaded->sum += ((const struct payments_account *)state)->balance;
    loaded->versions += version;
    return SARN_OK;
}

static void a_batch_loads_all_and_an_unknown_one_is_the_zero_state(void **unused)
{
    struct sarn_str streams[] = {SARN_STR("account-1"), SARN_STR("account-never"),
                                 SARN_STR("account-2")};
    struct sarn_str wrong = SARN_STR("nobody-1");
    struct loaded loaded = {0, 0, 0};
    struct sarn_error error;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 3, NULL);
    open_many(&bank, 3);
    assert_int_equal(sarn__engine_load(sarn__sim_engine(bank.sim), 0, streams, 3,
                                       add_state, &loaded, &error),
                     SARN_OK);
    assert_int_equal(loaded.count, 3);
    assert_int_equal(loaded.sum, 101 + 102);
    assert_int_equal(loaded.versions, 1 - 1 + 1);
    assert_int_equal(sarn__engine_load(sarn__sim_engine(bank.sim), 0, &wrong, 1,
                                       add_state, &loaded, &error),
                     SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "nobody"));
    bank_close(&bank);
}

/* --- snapshots --- */

/* The payments' account, with a snapshot every fourth event and an apply_version that a
 * test may raise. */
static struct sarn_aggregate snapped;
static const struct sarn_aggregate *const aggregates[] = {&snapped};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "snapped",
                                          .version = "1",
                                          .aggregates = aggregates,
                                          .aggregate_count = 1};
static const struct sarn_module *const modules[] = {&module};
static uint32_t applied; /* Calls of apply since it was last zeroed. */
static sarn_status (*real_apply)(void *,
                                 const struct sarn_event *,
                                 struct sarn_arena *);

static sarn_status
counting_apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    applied += 1;
    return real_apply(state, event, arena);
}

static void snapped_open(struct bank *bank)
{
    struct sarn__sim_options sim = {.seed = 4, .codec = sarn__memory_codec()};
    struct sarn_error error;

    snapped = *sarn_payments_module.aggregates[0];
    snapped.snapshot_every = 4;
    real_apply = snapped.apply;
    snapped.apply = counting_apply;
    sim.options.modules = modules;
    sim.options.module_count = 1;
    sim.options.tail_max = 4; /* Snapshots are rows: written with the next round. */
    bank->arena = sarn_arena_create(NULL);
    assert_int_equal(sarn__sim_create(&sim, &bank->sim, &error), SARN_OK);
    (void)bank_do_open(bank, "1");
    for (int i = 0; i < 20; i++) {
        (void)bank_do_credit(bank, "1", 1, NULL);
    }
}

static void loading_begins_at_the_latest_snapshot(void **unused)
{
    struct sarn_error error;
    struct bank bank;

    (void)unused;
    snapped_open(&bank);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    applied = 0;
    assert_int_equal(bank_balance(&bank, "1"), 20);
    assert_in_range(applied, 0, 4);
    bank_close(&bank);
}

static void a_snapshot_of_another_apply_version_is_not_used(void **unused)
{
    struct sarn_error error;
    struct bank bank;

    (void)unused;
    snapped_open(&bank);
    sarn__sim_crash(bank.sim);
    snapped.apply_version += 1;
    assert_int_equal(sarn__sim_open(bank.sim, NULL, 0, &error), SARN_OK);
    applied = 0;
    assert_int_equal(bank_balance(&bank, "1"), 20);
    assert_int_equal(applied, 21); /* From the first event. */
    bank_close(&bank);
}

/* --- streams --- */

static sarn_status request(struct bank *bank, struct sarn__request *made)
{
    struct sarn__sim_outcome out = {0};

    sarn__sim_request(bank->sim, made, &out);
    sarn__sim_run(bank->sim);
    assert_int_equal(out.answers, 1);
    return out.status;
}

static sarn_status
delete_stream(struct bank *bank, const char *stream, int64_t expected)
{
    struct sarn__request *made;
    struct sarn_error error;

    assert_int_equal(sarn__request_delete(sarn__sim_engine(bank->sim), 0,
                                          sarn_str(stream), expected, &made, &error),
                     SARN_OK);
    return request(bank, made);
}

static void a_deleted_aggregate_begins_anew_and_its_version_goes_on(void **unused)
{
    struct sarn_error error;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 5, NULL);
    open_many(&bank, 2);
    assert_int_equal(delete_stream(&bank, "account-1", 7),
                     SARN_ERR_WRONG_EXPECTED_VERSION);
    assert_int_equal(delete_stream(&bank, "account-1", 1), SARN_OK);
    assert_int_equal(delete_stream(&bank, "account-1", SARN_ANY), SARN_ERR_NOT_FOUND);
    assert_int_equal(delete_stream(&bank, "account-9", SARN_ANY), SARN_ERR_NOT_FOUND);
    assert_int_equal(bank_balance(&bank, "1"), 0);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    assert_int_equal(bank_balance(&bank, "1"), 0);
    assert_non_null(strstr(bank_do_open(&bank, "1"), "version=3"));
    (void)bank_do_credit(&bank, "1", 5, NULL);
    assert_int_equal(bank_balance(&bank, "1"), 5);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    assert_int_equal(bank_balance(&bank, "1"), 5);
    assert_int_equal(bank_balance(&bank, "0"), 100);
    bank_close(&bank);
}

static void metadata_does_not_disturb_the_aggregate(void **unused)
{
    struct sarn__request *made;
    struct sarn_error error;
    struct sarn_str text = SARN_STR("{\"owner\":\"me\"}");
    struct sarn_str found;
    struct sarn__head head;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 6, NULL);
    open_many(&bank, 1);
    assert_int_equal(sarn__request_metadata(sarn__sim_engine(bank.sim), 0,
                                            sarn_str("account-0"), text, &made, &error),
                     SARN_OK);
    assert_int_equal(request(&bank, made), SARN_OK);
    (void)bank_do_credit(&bank, "0", 11, NULL);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    assert_int_equal(bank_balance(&bank, "0"), 111);
    {
        struct sarn__store *store =
            &sarn__engine_log(sarn__sim_engine(bank.sim))->store;

        assert_int_equal(
            sarn__store_head(store, 0, sarn_str("account-0"), &head, &error), SARN_OK);
        assert_int_equal(
            sarn__store_metadata(store, head.number, bank.arena, &found, &error),
            SARN_OK);
    }
    assert_true(sarn_str_equal(found, text));
    assert_int_equal(head.version, 3);
    bank_close(&bank);
}

/* --- appending without an aggregate --- */

static struct sarn__sim_outcome
append_two(struct bank *bank, const char *a, const char *b, int64_t b_expected)
{
    struct sarn_str payload = SARN_STR("hello");
    struct sarn_new_event event = {.type_name = "said", .data = &payload};
    struct sarn_stream_append streams[] = {
        {sarn_str(a), SARN_ANY, &event, 1, 0},
        {sarn_str(b), b_expected, &event, 1, 0},
    };
    struct sarn_append append = SARN_APPEND_INIT;
    struct sarn__sim_outcome out = {0};
    struct sarn_error error;

    append.streams = streams;
    append.stream_count = 2;
    out.status = sarn__sim_append(bank->sim, &append, &out, &error);
    sarn__sim_run(bank->sim);
    return out;
}

static void an_append_to_several_streams_is_all_or_nothing(void **unused)
{
    struct bank bank;
    uint64_t last;

    (void)unused;
    bank_open(&bank, 7, NULL);
    last = bank_last(&bank);
    assert_int_equal(append_two(&bank, "note-1", "note-2", SARN_NO_STREAM).status,
                     SARN_OK);
    assert_int_equal(bank_last(&bank), last + 2);
    assert_int_equal(append_two(&bank, "note-3", "note-2", SARN_NO_STREAM).status,
                     SARN_ERR_WRONG_EXPECTED_VERSION);
    assert_int_equal(bank_last(&bank), last + 2);
    /* note-3 was rolled back: it has no number, and begins at version 0. */
    assert_int_equal(append_two(&bank, "note-3", "note-2", 0).status, SARN_OK);
    assert_int_equal(append_two(&bank, "note-1", "note-1", SARN_ANY).status,
                     SARN_ERR_INVALID);
    assert_int_equal(append_two(&bank, "note-1", "account-1", SARN_ANY).status,
                     SARN_ERR_INVALID); /* An aggregate's. */
    bank_close(&bank);
}

static void appends_that_join_to_the_same_bytes_are_not_repeats(void **unused)
{
    static const struct {
        const char *type, *payload;
        sarn_status status;
    } rows[] = {{"ab", "cd", SARN_OK},
                {"a", "bcd", SARN_ERR_KEY_REUSED},
                {"abc", "d", SARN_ERR_KEY_REUSED},
                {"ab", "cd", SARN_OK}};
    struct bank bank;

    (void)unused;
    bank_open(&bank, 8, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_str payload = sarn_str(rows[i].payload);
        struct sarn_new_event event = {.type_name = rows[i].type, .data = &payload};
        struct sarn_stream_append stream = {sarn_str("note-1"), SARN_ANY, &event, 1, 0};
        struct sarn_append append = SARN_APPEND_INIT;
        struct sarn__sim_outcome out = {0};
        struct sarn_error error;

        append.streams = &stream;
        append.stream_count = 1;
        append.key = sarn_str("k");
        assert_int_equal(sarn__sim_append(bank.sim, &append, &out, &error), SARN_OK);
        sarn__sim_run(bank.sim);
        assert_int_equal(out.status, rows[i].status);
        assert_int_equal(out.repeated, i > 0);
    }
    bank_close(&bank);
}

static void a_name_that_is_not_utf_8_is_refused(void **unused)
{
    struct bank bank;

    (void)unused;
    bank_open(&bank, 9, NULL);
    assert_int_equal(append_two(&bank, "note-\xff", "note-2", SARN_ANY).status,
                     SARN_ERR_INVALID);
    assert_int_equal(append_two(&bank, "note-\xc3\xa9", "note-2", SARN_ANY).status,
                     SARN_OK);
    bank_close(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cache_counts_hits_and_misses_and_stays_in_its_bound),
        cmocka_unit_test(warming_loads_the_latest_used_first),
        cmocka_unit_test(a_batch_loads_all_and_an_unknown_one_is_the_zero_state),
        cmocka_unit_test(loading_begins_at_the_latest_snapshot),
        cmocka_unit_test(a_snapshot_of_another_apply_version_is_not_used),
        cmocka_unit_test(a_deleted_aggregate_begins_anew_and_its_version_goes_on),
        cmocka_unit_test(metadata_does_not_disturb_the_aggregate),
        cmocka_unit_test(an_append_to_several_streams_is_all_or_nothing),
        cmocka_unit_test(appends_that_join_to_the_same_bytes_are_not_repeats),
        cmocka_unit_test(a_name_that_is_not_utf_8_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
