/* domain/engine/projections: rows folded inline, async and anew are the same rows,
 * whatever was flushed, whenever the power went, and wherever memory ran out. */
#include <string.h>

#include "sarn/events.h"
#include "support/heap.h"
#include "support/test.h"
#include "support/views.h"

/* --- what the rows should be --- */

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

/* --- histories --- */

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

static sarn_status refuse(void *arg, struct sarn_str key, const void *row)
{
    uint32_t *calls = arg;

    (void)key;
    (void)row;
    *calls += 1;
    return SARN_ERR_TIMEOUT;
}
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
        cmocka_unit_test(rows_are_a_function_of_the_log),
        cmocka_unit_test(a_reader_sees_what_the_owner_sees),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
