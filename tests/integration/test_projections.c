/* domain/engine/projections: rows folded inline, async and anew are the same rows,
 * whatever was flushed, and whenever the power went. */
#include <string.h>

#include "sarn/events.h"
#include "support/heap.h"
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
    assert_int_equal(missing, 3);
    assert_string_equal(sarn__projections_missing(v.log.projections, 0)->name,
                        "balances");
    assert_string_equal(sarn__projections_missing(v.log.projections, 2)->name, "notes");
    assert_null(sarn__projections_missing(v.log.projections, 3));
    assert_string_equal(views_rows(&v, "balances", NULL), "not allowed in this state");

    ledger_register_all(&v.scribe, &ledger_module, 1);
    ledger_deposit(&v.scribe, "a", NULL, 5);
    views_refresh(&v);
    assert_int_equal(sarn__projections_bind(v.log.projections, &missing, NULL),
                     SARN_OK);
    assert_int_equal(missing, 0);
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
    assert_int_equal(missing, 1);
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

/* --- whatever happens, the rows are a function of the log --- */

#define ACCOUNTS 8u

struct oracle {
    struct {
        bool is;
        char owner[8];
        int64_t balance;
        uint32_t changes;
    } accounts[ACCOUNTS];
};

static const char *const oracle_names[ACCOUNTS] = {"a", "ab", "b", "ba",
                                                   "c", "d",  "e", "f"};

static uint32_t oracle_index(struct sarn_str name)
{
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        if (sarn_str_equal(sarn_str(oracle_names[i]), name)) {
            return i;
        }
    }
    fail_msg("no such account");
    return 0;
}

static void oracle_add(struct oracle *oracle, struct sarn_str name, int64_t amount)
{
    uint32_t i = oracle_index(name);

    oracle->accounts[i].is = true;
    oracle->accounts[i].balance += amount;
    oracle->accounts[i].changes += 1;
}

static sarn_status oracle_see(void *arg, const struct sarn_event *event)
{
    struct oracle *oracle = arg;

    if (event->type == &ledger_deposited_type) {
        const struct ledger_deposited *deposited = event->data;

        oracle_add(oracle, deposited->account, deposited->amount);
        if (deposited->owner.size > 0) {
            snprintf(oracle->accounts[oracle_index(deposited->account)].owner, 8,
                     "%.*s", (int)deposited->owner.size, deposited->owner.data);
        }
    } else if (event->type == &ledger_moved_type) {
        const struct ledger_moved *moved = event->data;

        oracle_add(oracle, moved->from, -moved->amount);
        oracle_add(oracle, moved->to, moved->amount);
        if (sarn_str_equal(moved->from, moved->to)) {
            oracle->accounts[oracle_index(moved->to)].changes -= 1;
        }
    } else if (event->type == &ledger_closed_type) {
        const struct ledger_closed *closed = event->data;

        memset(&oracle->accounts[oracle_index(closed->account)], 0,
               sizeof(oracle->accounts[0]));
    }
    return SARN_OK;
}

static void oracle_text(struct views *v, char text[VIEWS_TEXT_BYTES])
{
    struct oracle oracle;
    size_t used = 0;

    memset(&oracle, 0, sizeof(oracle));
    text[0] = '\0';
    assert_int_equal(sarn_read(&v->log, NULL, oracle_see, &oracle, &v->error), SARN_OK);
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        if (oracle.accounts[i].is) {
            const char *owner = oracle.accounts[i].owner;

            used += (size_t)snprintf(
                text + used, VIEWS_TEXT_BYTES - used, "%s%s %" PRId64 "%s%s #%u",
                used == 0 ? "" : ", ", oracle_names[i], oracle.accounts[i].balance,
                owner[0] == '\0' ? "" : " ", owner, oracle.accounts[i].changes);
        }
    }
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % below;
}

static void live_a_little(struct views *v, uint64_t *seed)
{
    bool behind;

    switch (draw(seed, 12)) {
    case 0:
        views_flush(v, (uint32_t)draw(seed, 5) + 1, UINT32_MAX);
        break;
    case 1:
        views_flush(v, (uint32_t)draw(seed, 4) + 1, (uint32_t)draw(seed, 12));
        break;
    case 2:
        views_flush(v, (uint32_t)draw(seed, 4) + 1, (uint32_t)draw(seed, 25));
        views_crash(v);
        break;
    case 3:
    case 4:
        assert_int_equal(sarn__projections_follow(v->log.projections,
                                                  (uint32_t)draw(seed, 9) + 1, &behind,
                                                  &v->error),
                         SARN_OK);
        break;
    case 5:
        assert_int_equal(sarn__projections_rebuild(
                             v->log.projections,
                             sarn_str(draw(seed, 2) == 0 ? "balances" : "later"), NULL,
                             NULL, &v->error),
                         SARN_OK);
        break;
    default:
        ledger_draw(&v->scribe, seed);
        ledger_draw(&v->scribe, seed);
        views_refresh(v);
        break;
    }
}

static void compare_all(struct views *v, uint64_t seed)
{
    char expected[VIEWS_TEXT_BYTES], by_owner[VIEWS_TEXT_BYTES];
    char by_balance[VIEWS_TEXT_BYTES];

    views_refresh(v);
    views_follow(v);
    oracle_text(v, expected);
    if (strcmp(views_rows(v, "balances", NULL), expected) != 0 ||
        strcmp(views_rows(v, "later", NULL), expected) != 0) {
        fail_msg("seed %" PRIu64 ": %s instead of %s", seed, v->text, expected);
    }
    snprintf(by_owner, sizeof(by_owner), "%s", views_rows(v, "balances", "owner"));
    snprintf(by_balance, sizeof(by_balance), "%s",
             views_rows(v, "balances", "balance"));
    assert_string_equal(views_rows(v, "later", "owner"), by_owner);
    assert_string_equal(views_rows(v, "later", "balance"), by_balance);
    assert_int_equal(strlen(by_balance), strlen(expected));
    if (strstr(views_check(v, &v->log), " differences=0 unchecked=0") == NULL) {
        fail_msg("seed %" PRIu64 ": %s", seed, v->text);
    }
    assert_int_equal(sarn__projections_rebuild(v->log.projections, sarn_str("balances"),
                                               NULL, NULL, &v->error),
                     SARN_OK);
    assert_string_equal(views_rows(v, "balances", NULL), expected);
    assert_string_equal(views_rows(v, "balances", "owner"), by_owner);
}

static void rows_are_a_function_of_the_log(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        uint64_t state = seed;
        struct views v;
        struct sarn_log reader;

        views_begin(&v, &ledger_module);
        for (uint32_t i = 0; i < 60; i++) {
            live_a_little(&v, &state);
        }
        compare_all(&v, seed);
        views_open_reader(&v, &ledger_module, &reader);
        if (strstr(views_check(&v, &reader), " differences=0 unchecked=0") == NULL) {
            fail_msg("seed %" PRIu64 ", reader: %s", seed, v.text);
        }
        views_close_reader(&reader);
        views_crash(&v);
        compare_all(&v, seed);
        views_end(&v);
    }
}

/* A reader beside an owner that flushes and goes on. */
static void a_reader_sees_what_the_owner_sees(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct sarn_query query = SARN_QUERY_INIT;
        uint64_t state = seed;
        struct views v;
        struct sarn_log reader;
        char expected[VIEWS_TEXT_BYTES];

        views_begin(&v, &ledger_module);
        views_open_reader(&v, &ledger_module, &reader);
        for (uint32_t i = 0; i < 40; i++) {
            views_follow(&v);
            ledger_draw(&v.scribe, &state);
            views_refresh(&v);
            if (draw(&state, 4) == 0) {
                views_flush(&v, 3, (uint32_t)draw(&state, 30));
            }
            if (draw(&state, 3) == 0) {
                assert_int_equal(sarn_log_refresh(&reader, &v.error), SARN_OK);
            }
        }
        assert_int_equal(sarn_log_refresh(&reader, &v.error), SARN_OK);
        oracle_text(&v, expected);
        query.projection = "balances";
        assert_string_equal(views_rows_of(&v, &reader, &query), expected);
        query.projection = "later";
        assert_string_equal(views_rows_of(&v, &reader, &query), expected);
        if (strstr(views_check(&v, &reader), " differences=0 unchecked=0") == NULL) {
            fail_msg("seed %" PRIu64 ": %s", seed, v.text);
        }
        views_close_reader(&reader);
        views_end(&v);
    }
}

/* --- memory --- */

enum act { OPEN, REFRESH, FOLLOW, QUERY, BY_INDEX, REBUILD, CHECK, ACTS };

static sarn_status act(struct views *v, enum act what)
{
    static const struct sarn_module *const modules[] = {&ledger_module};
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_query query = SARN_QUERY_INIT;
    uint32_t calls = 0;
    sarn_status status;
    bool behind;

    query.projection = "balances";
    query.index = what == BY_INDEX ? "owner" : NULL;
    switch (what) {
    case OPEN:
        return sarn__log_init(&v->log, modules, 1, false, NULL, NULL, &v->error);
    case REFRESH:
        return sarn__log_refresh(&v->log, &v->error);
    case FOLLOW:
        return sarn__projections_follow(v->log.projections, 1000, &behind, &v->error);
    case QUERY:
    case BY_INDEX:
        status = sarn_log_query(&v->log, &query, refuse, &calls, &v->error);
        return status == SARN_ERR_TIMEOUT ? SARN_OK : status;
    case REBUILD:
        return sarn__projections_rebuild(v->log.projections, sarn_str("later"), NULL,
                                         NULL, &v->error);
    case CHECK:
        status = sarn_log_check(&v->log, &check, &v->error);
        assert_true(status != SARN_OK || check.differences == 0);
        return status;
    case ACTS:
        break;
    }
    return SARN_OK;
}

/* What is refused for want of memory succeeds when it is asked for again. */
static sarn_status act_twice(struct views *v, enum act what)
{
    sarn_status status = act(v, what);

    if (status == SARN_OK) {
        return SARN_OK;
    }
    assert_int_equal(status, SARN_ERR_NOMEM);
    assert_int_equal(v->error.status, SARN_ERR_NOMEM);
    return act(v, what);
}

static void memory_may_run_out_anywhere(void **unused)
{
    bool failed = true;

    (void)unused;
    for (uint64_t nth = 1; failed; nth++) {
        struct test_heap counted = {.fail_at = nth};
        struct views v;
        uint64_t state = 3;

        views_begin(&v, NULL);
        ledger_deposit(&v.scribe, "a", "ann", 10);
        views_close(&v);
        v.log.ports.heap = test_heap(&counted);
        assert_int_equal(act_twice(&v, OPEN), SARN_OK);
        v.open = true;
        ledger_register_all(&v.scribe, &ledger_module, 1);
        assert_int_equal(act_twice(&v, REFRESH), SARN_OK);
        assert_int_equal(act_twice(&v, FOLLOW), SARN_OK);
        for (int i = 0; i < 10; i++) {
            ledger_draw(&v.scribe, &state);
        }
        for (enum act what = REFRESH; what < ACTS; what++) {
            assert_int_equal(act_twice(&v, what), SARN_OK);
        }
        failed = counted.calls >= nth;
        counted.fail_at = 0;
        compare_all(&v, nth);
        views_close(&v);
        assert_int_equal(counted.live, 0);
        v.log.ports.heap = v.scribe.ports.heap;
        views_end(&v);
    }
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
        cmocka_unit_test(rows_are_a_function_of_the_log),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(a_reader_sees_what_the_owner_sees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
