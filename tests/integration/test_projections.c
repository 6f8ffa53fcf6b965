/* domain/engine/projections: rows and indexes, registrations, failures, rebuilding. */
#include <string.h>

#include "engine/execution_rows.h"
#include "sarn/events.h"
#include "support/test.h"
#include "support/views.h"

/* --- rows, by hand --- */

static void rows_follow_the_events(void **unused)
{
    struct views v;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_deposit(&v.scribe, "a", "ann", 10);
    ledger_deposit(&v.scribe, "b", NULL, 5);
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "balances", NULL), "a 10 ann #1, b 5 #1");
    ledger_move(&v.scribe, "a", "b", 12);
    ledger_move(&v.scribe, "c", "c", 3); /* One row, touched once. */
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "balances", NULL),
                        "a -2 ann #2, b 17 #2, c 0 #1");
    ledger_close(&v.scribe, "b");
    ledger_close(&v.scribe, "zz"); /* Never was. */
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "balances", NULL), "a -2 ann #2, c 0 #1");
    ledger_deposit(&v.scribe, "b", "bob", 1);
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "balances", NULL),
                        "a -2 ann #2, b 1 bob #1, c 0 #1");
    views_end(&v);
}

static void indexes_move_with_their_rows(void **unused)
{
    struct views v;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_deposit(&v.scribe, "a", "bob", 10);
    ledger_deposit(&v.scribe, "b", "ann", -5);
    ledger_deposit(&v.scribe, "c", NULL, 7);
    ledger_deposit(&v.scribe, "d", "anna", 7);
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "balances", "owner"),
                        "b -5 ann #1, d 7 anna #1, a 10 bob #1");
    assert_string_equal(views_rows(&v, "balances", "balance"),
                        "b -5 ann #1, c 7 #1, d 7 anna #1, a 10 bob #1");
    ledger_deposit(&v.scribe, "c", "zoe", -20);
    ledger_close(&v.scribe, "d");
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "balances", "owner"),
                        "b -5 ann #1, a 10 bob #1, c -13 zoe #2");
    assert_string_equal(views_rows(&v, "balances", "balance"),
                        "c -13 zoe #2, b -5 ann #1, a 10 bob #1");
    assert_string_equal(views_rows(&v, "balances", "colour"), "not found");
    views_end(&v);
}

static struct sarn_key text_key(const char *text)
{
    struct sarn_key key = {.size = 0};

    assert_int_equal(sarn_key_add_text(&key, sarn_str(text)), SARN_OK);
    return key;
}

static void queries_take_ranges_from_either_end(void **unused)
{
    static const char *const accounts[] = {"a", "ab", "b", "ba", "c"};
    struct sarn_query query = SARN_QUERY_INIT;
    struct views v;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    for (uint32_t i = 0; i < 5; i++) {
        ledger_deposit(&v.scribe, accounts[i], i < 3 ? "ann" : "bob", i);
    }
    views_refresh(&v);
    query.projection = "balances";
    query.from = text_key("ab");
    assert_string_equal(views_rows_of(&v, &v.log, &query),
                        "ab 1 ann #1, b 2 ann #1, ba 3 bob #1, c 4 bob #1");
    query.to = text_key("ba");
    assert_string_equal(views_rows_of(&v, &v.log, &query),
                        "ab 1 ann #1, b 2 ann #1, ba 3 bob #1");
    query.flags = SARN_READ_BACKWARD;
    assert_string_equal(views_rows_of(&v, &v.log, &query),
                        "ba 3 bob #1, b 2 ann #1, ab 1 ann #1");
    query.limit = 2;
    assert_string_equal(views_rows_of(&v, &v.log, &query), "ba 3 bob #1, b 2 ann #1");

    query = (struct sarn_query)SARN_QUERY_INIT;
    query.projection = "balances";
    query.to =
        (struct sarn_key){.size = 1, .bytes = "a"}; /* And what begins with it. */
    assert_string_equal(views_rows_of(&v, &v.log, &query), "a 0 ann #1, ab 1 ann #1");
    query.index = "owner";
    query.from = query.to = text_key("ann");
    query.flags = SARN_READ_BACKWARD;
    assert_string_equal(views_rows_of(&v, &v.log, &query),
                        "b 2 ann #1, ab 1 ann #1, a 0 ann #1");
    query.limit = 1;
    assert_string_equal(views_rows_of(&v, &v.log, &query), "b 2 ann #1");
    views_end(&v);
}

static void many_rows_come_in_order_however_they_are_cut(void **unused)
{
    struct sarn_query query = SARN_QUERY_INIT;
    struct views v;
    char expected[VIEWS_TEXT_BYTES] = "", name[8];

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    for (int i = 0; i < 300; i++) { /* More than one slice of a query. */
        snprintf(name, sizeof(name), "%03d", (i * 7) % 300);
        ledger_deposit(&v.scribe, name, NULL, i % 3);
        if (i % 100 == 50) {
            views_refresh(&v);
            views_flush(&v, 16, UINT32_MAX);
        }
    }
    views_refresh(&v);
    query.projection = "balances";
    query.from = text_key("250");
    for (int i = 250; i < 300; i++) {
        size_t used = strlen(expected);

        snprintf(expected + used, sizeof(expected) - used, "%s%03d %d #1",
                 i == 250 ? "" : ", ", i, (i * 43 % 300) % 3);
    }
    assert_string_equal(views_rows_of(&v, &v.log, &query), expected);
    query.from.size = 0;
    query.flags = SARN_READ_BACKWARD;
    query.limit = 260;
    views_rows_of(&v, &v.log, &query);
    query.index = "balance";
    query.limit = 0;
    views_rows_of(&v, &v.log, &query);
    assert_memory_equal(v.text, "299 2 #1", 8);
    views_end(&v);
}

static void one_row_is_found_by_its_key(void **unused)
{
    struct sarn_key key = text_key("a"), other = text_key("b"), none = {.size = 0};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct ledger_balance row;
    struct views v;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_deposit(&v.scribe, "a", "ann", 10);
    views_refresh(&v);
    assert_int_equal(sarn_log_row(&v.log, "balances", &key, arena, &row, &v.error),
                     SARN_OK);
    assert_int_equal(row.balance, 10);
    assert_int_equal(sarn_log_row(&v.log, "balances", &other, arena, &row, &v.error),
                     SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn_log_row(&v.log, "balances", &none, arena, &row, &v.error),
                     SARN_ERR_INVALID);
    assert_int_equal(sarn_log_row(&v.log, "nobody", &key, arena, &row, &v.error),
                     SARN_ERR_NOT_FOUND);
    views_end(&v);
    sarn_arena_destroy(arena);
}

static sarn_status refuse(void *arg, struct sarn_str key, const void *row)
{
    uint32_t *calls = arg;

    (void)key;
    (void)row;
    *calls += 1;
    return SARN_ERR_TIMEOUT;
}

static void a_handler_ends_a_query(void **unused)
{
    struct sarn_query query = SARN_QUERY_INIT;
    struct views v;
    uint32_t calls = 0;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_deposit(&v.scribe, "a", "ann", 10);
    ledger_deposit(&v.scribe, "b", "ann", 10);
    views_refresh(&v);
    query.projection = "balances";
    assert_int_equal(sarn_log_query(&v.log, &query, refuse, &calls, &v.error),
                     SARN_ERR_TIMEOUT);
    assert_int_equal(calls, 1);
    query.struct_size = 4;
    assert_int_equal(sarn_log_query(&v.log, &query, refuse, &calls, &v.error),
                     SARN_ERR_INVALID);
    views_end(&v);
}

/* --- registration --- */

static void what_is_not_registered_is_missing_then_built(void **unused)
{
    struct views v;
    uint32_t missing;

    (void)unused;
    views_begin(&v, NULL);
    ledger_deposit(&v.scribe, "a", "ann", 10);
    views_close(&v);
    views_open(&v, &ledger_module);
    assert_int_equal(sarn__projections_bind(v.log.projections, &missing, NULL),
                     SARN_OK);
    assert_int_equal(missing, 3 + SARN__CORE_ROWS_COUNT);
    assert_string_equal(sarn__projections_missing(v.log.projections, 0)->name,
                        "balances");
    assert_string_equal(sarn__projections_missing(v.log.projections, 2)->name, "notes");
    assert_null(sarn__projections_missing(v.log.projections, missing));
    assert_string_equal(views_rows(&v, "balances", NULL), "not allowed in this state");

    ledger_register_all(&v.scribe, &ledger_module, 1);
    ledger_deposit(&v.scribe, "a", NULL, 5);
    views_refresh(&v);
    assert_int_equal(sarn__projections_bind(v.log.projections, &missing, NULL),
                     SARN_OK);
    assert_int_equal(missing, SARN__CORE_ROWS_COUNT);
    views_follow(&v);
    assert_string_equal(views_rows(&v, "balances", NULL), "a 15 ann #2");
    assert_string_equal(views_rows(&v, "later", NULL), "a 15 ann #2");
    views_end(&v);
}

static void a_new_version_leaves_the_old_rows_behind(void **unused)
{
    struct sarn_projection next = *ledger_module.projections[0];
    const struct sarn_projection *list[] = {&next};
    struct sarn_module module = ledger_module;
    struct views v;
    uint32_t missing;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_deposit(&v.scribe, "a", "ann", 10);
    views_refresh(&v);
    views_flush(&v, 100, UINT32_MAX);
    views_close(&v);

    next.version = 2;
    module.projections = list;
    module.projection_count = 1;
    views_open(&v, &module);
    assert_int_equal(sarn__projections_bind(v.log.projections, &missing, NULL),
                     SARN_OK);
    assert_int_equal(missing, 1 + SARN__CORE_ROWS_COUNT);
    ledger_register(&v.scribe, &next, 9);
    views_refresh(&v);
    views_follow(&v);
    assert_string_equal(views_rows(&v, "balances", NULL), "a 10 ann #1");
    /* The old one's rows are gone, in its tables. */
    views_close(&v);
    views_open(&v, &ledger_module);
    assert_string_equal(views_rows(&v, "balances", NULL), "not allowed in this state");
    views_end(&v);
}

/* --- failures --- */

static void a_projection_that_fails_stops_alone(void **unused)
{
    struct views v;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_note(&v.scribe, "good");
    ledger_note(&v.scribe, "bad");
    ledger_note(&v.scribe, "good");
    ledger_deposit(&v.scribe, "a", "ann", 10);
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "notes", NULL),
                        "stored data contradicts itself");
    assert_string_equal(v.error.text,
                        "projection 'notes' stopped at position 7: its apply failed; "
                        "correct its code and open the log again");
    assert_string_equal(views_rows(&v, "balances", NULL), "a 10 ann #1");
    views_end(&v);
}

/* However late the stop is found out about, and whatever was flushed by then. */
static void a_stopped_projection_goes_on_when_its_code_is_corrected(void **unused)
{
    (void)unused;
    for (uint32_t flushed = 0; flushed < 4; flushed++) {
        struct views v;

        views_begin(&v, &ledger_module);
        views_follow(&v);
        ledger_note(&v.scribe, "good");
        views_refresh(&v);
        if (flushed > 0) {
            views_flush(&v, 100, UINT32_MAX);
        }
        ledger_note(&v.scribe, "bad");
        ledger_note(&v.scribe, "good");
        views_refresh(&v);
        if (flushed > 1) {
            views_flush(&v, 2, flushed == 2 ? 3 : UINT32_MAX);
        }
        views_crash(&v);
        views_follow(&v);
        assert_string_equal(views_rows(&v, "notes", NULL),
                            "stored data contradicts itself");
        views_flush(&v, 100, UINT32_MAX);
        views_close(&v);
        views_open(&v, &ledger_corrected_module);
        views_follow(&v);
        assert_string_equal(views_rows(&v, "notes", NULL), "bad 0 #1, good 0 #2");
        ledger_note(&v.scribe, "good");
        views_refresh(&v);
        views_flush(&v, 100, UINT32_MAX);
        views_crash(&v);
        assert_string_equal(views_rows(&v, "notes", NULL), "bad 0 #1, good 0 #3");
        views_end(&v);
    }
}

/* --- rebuilding --- */

static sarn_status count_progress(void *arg, uint64_t done, uint64_t total)
{
    uint64_t *last = arg;

    assert_true(done <= total);
    *last = done;
    return SARN_OK;
}

static sarn_status stop_progress(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)done;
    (void)total;
    return SARN_ERR_CLOSED;
}

/* Spoil the stored row of account a. */
static void spoil(struct views *v, const char *account)
{
    const struct ledger_balance wrong = {.account = sarn_str(account), .balance = 666};
    const struct sarn_codec *codec = &v->log.ports.codec;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_key key = text_key(account);
    struct sarn_str value;

    assert_int_equal(codec->ops->encode(codec->self, &ledger_balance_type, &wrong,
                                        arena, &value, NULL),
                     SARN_OK);
    assert_int_equal(
        sarn__tables_put(v->log.store.tables, SARN__TABLE_USER + 2,
                         (struct sarn_str){(const char *)key.bytes, key.size}, value,
                         v->log.store.position, NULL),
        SARN_OK);
    sarn_arena_destroy(arena);
}

static void a_rebuild_puts_wrong_rows_right(void **unused)
{
    struct views v;
    uint64_t last = 0;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_deposit(&v.scribe, "a", "ann", 10);
    ledger_deposit(&v.scribe, "b", "bob", 5);
    views_refresh(&v);
    spoil(&v, "a");
    spoil(&v, "x");
    assert_string_equal(views_rows(&v, "balances", NULL),
                        "a 666 #0, b 5 bob #1, x 666 #0");
    assert_int_equal(sarn__projections_rebuild(v.log.projections, sarn_str("balances"),
                                               stop_progress, NULL, &v.error),
                     SARN_ERR_CLOSED);
    assert_string_equal(views_rows(&v, "balances", NULL),
                        "a 666 #0, b 5 bob #1, x 666 #0");
    assert_int_equal(sarn__projections_rebuild(v.log.projections, sarn_str("balances"),
                                               count_progress, &last, &v.error),
                     SARN_OK);
    assert_int_equal(last, v.log.store.position);
    assert_string_equal(views_rows(&v, "balances", NULL), "a 10 ann #1, b 5 bob #1");
    assert_string_equal(views_rows(&v, "balances", "owner"), "a 10 ann #1, b 5 bob #1");
    ledger_deposit(&v.scribe, "a", NULL, 1); /* And it goes on. */
    views_refresh(&v);
    assert_string_equal(views_rows(&v, "balances", NULL), "a 11 ann #2, b 5 bob #1");
    assert_int_equal(sarn__projections_rebuild(v.log.projections, sarn_str("nobody"),
                                               NULL, NULL, &v.error),
                     SARN_ERR_NOT_FOUND);
    views_end(&v);
}

static void a_rebuild_answers_what_the_code_fails_at(void **unused)
{
    struct views v;

    (void)unused;
    views_begin(&v, &ledger_module);
    views_follow(&v);
    ledger_note(&v.scribe, "bad");
    views_refresh(&v);
    assert_int_equal(sarn__projections_rebuild(v.log.projections, sarn_str("notes"),
                                               NULL, NULL, &v.error),
                     SARN_ERR_CORRUPT);
    assert_string_equal(v.error.text,
                        "projection 'notes' stopped at position 6: its apply failed; "
                        "correct its code and open the log again");
    views_end(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_follow_the_events),
        cmocka_unit_test(indexes_move_with_their_rows),
        cmocka_unit_test(queries_take_ranges_from_either_end),
        cmocka_unit_test(many_rows_come_in_order_however_they_are_cut),
        cmocka_unit_test(one_row_is_found_by_its_key),
        cmocka_unit_test(a_handler_ends_a_query),
        cmocka_unit_test(what_is_not_registered_is_missing_then_built),
        cmocka_unit_test(a_new_version_leaves_the_old_rows_behind),
        cmocka_unit_test(a_projection_that_fails_stops_alone),
        cmocka_unit_test(a_stopped_projection_goes_on_when_its_code_is_corrected),
        cmocka_unit_test(a_rebuild_puts_wrong_rows_right),
        cmocka_unit_test(a_rebuild_answers_what_the_code_fails_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
