/* domain/workflows/financial_transaction: the money moves for who may, screened,
 * counted and told; or everything is as it was. */
#include <string.h>

#include "support/clearing.h"

#define CLEAR        100 /* Amounts, by what becomes of them. */
#define REVIEW       900
#define MUCH         1001
#define NOTIFY_TRIES 3u /* The default policy's attempts. */
#define HOUR_US      INT64_C(3600000000)
#define CRASH_MOVES  80u

static int setup(void **state)
{
    static struct clearing clearing;

    clearing_init(&clearing);
    clearing_open(&clearing, 1);
    *state = &clearing;
    return 0;
}

static int teardown(void **state)
{
    clearing_close(*state);
    return 0;
}

/* Begin one that waits for a review. */
static void
begin_review(struct clearing *c, const char *id, struct sarn__sim_outcome *outcome)
{
    const struct transactions_order order = clearing_order(REVIEW);

    clearing_begin(c, id, &order, outcome);
    clearing_settle(c);
    assert_int_equal(outcome->answers, 0);
}

/* --- the bands --- */

static void a_clear_transaction_moves_the_money_and_tells(void **state)
{
    struct clearing *c = *state;

    assert_string_equal(clearing_do(c, "t1", CLEAR), "ok");
    assert_string_equal(clearing_state(c, "t1"),
                        "a 9900, b 100, window 1 of 100, 0 under way, day 1 of 100, "
                        "notice sent");
    assert_string_equal(c->office.last, "notice t1: a to b, 100, try 1");
    assert_int_equal(c->office.notices, 1);
    assert_int_equal(c->office.retractions, 0);
}

static void the_same_transaction_is_made_once(void **state)
{
    struct clearing *c = *state;

    assert_string_equal(clearing_do(c, "t1", CLEAR), "ok");
    assert_string_equal(clearing_do(c, "t1", CLEAR), "ok (repeated)");
    assert_int_equal(
        strncmp(clearing_do(c, "t1", CLEAR + 1), "idempotency key reused", 22), 0);
    assert_string_equal(clearing_state(c, "t1"),
                        "a 9900, b 100, window 1 of 100, 0 under way, day 1 of 100, "
                        "notice sent");
}

static void what_is_for_review_waits_and_is_done_when_approved(void **state)
{
    struct clearing *c = *state;
    struct sarn__sim_outcome outcome;

    begin_review(c, "t1", &outcome);
    assert_string_equal(
        clearing_state(c, "t1"),
        "a 10000, b 0, window 1 of 900, 1 under way, day 0 of 0, notice "
        "none");
    sarn__sim_advance(c->sim, 5 * HOUR_US);
    assert_int_equal(clearing_review(c, "t1", true, "eva"), SARN_OK);
    assert_string_equal(clearing_describe(c, &outcome), "ok");
    assert_string_equal(clearing_state(c, "t1"),
                        "a 9100, b 900, window 1 of 900, 0 under way, day 1 of 900, "
                        "notice sent");
}

static void what_a_reviewer_refuses_is_undone_in_their_words(void **state)
{
    struct clearing *c = *state;
    struct sarn__sim_outcome outcome;

    begin_review(c, "t1", &outcome);
    assert_int_equal(clearing_review(c, "t1", false, "eva"), SARN_OK);
    assert_string_equal(
        clearing_describe(c, &outcome),
        "failed and was compensated: transaction t1 is refused: by eva, "
        "asked the user");
    assert_string_equal(clearing_state(c, "t1"), CLEARING_UNTOUCHED);
    assert_int_equal(c->office.notices, 0);
}

static void what_nobody_reviews_is_undone_in_three_days(void **state)
{
    struct clearing *c = *state;
    struct sarn__sim_outcome outcome;
    int64_t begun_us;

    begin_review(c, "t1", &outcome);
    begun_us = sarn__sim_now_us(c->sim);
    sarn__sim_advance(c->sim, SARN_REVIEW_US - HOUR_US);
    clearing_settle(c);
    assert_int_equal(outcome.answers, 0);
    sarn__sim_run(c->sim);
    assert_string_equal(clearing_describe(c, &outcome),
                        "failed and was compensated: transaction t1 is refused: its "
                        "review expired before anybody decided");
    assert_true(sarn__sim_now_us(c->sim) >= begun_us + SARN_REVIEW_US);
    assert_string_equal(clearing_state(c, "t1"), CLEARING_UNTOUCHED);
}

static void a_decision_that_does_not_count_is_waited_for_again(void **state)
{
    struct clearing *c = *state;
    struct sarn__sim_outcome outcome;

    begin_review(c, "t1", &outcome);
    assert_int_equal(clearing_review(c, "t1", true, "u"), SARN_OK); /* Their own. */
    assert_int_equal(outcome.answers, 0);
    assert_int_equal(clearing_review(c, "t1", true, "eva"), SARN_OK);
    assert_string_equal(clearing_describe(c, &outcome), "ok");
}

static void decisions_that_do_not_count_are_not_waited_for_for_ever(void **state)
{
    struct clearing *c = *state;
    struct sarn__sim_outcome outcome;

    begin_review(c, "t1", &outcome);
    for (uint32_t i = 0; i < SARN_REVIEWS_MAX; i++) {
        assert_int_equal(outcome.answers, 0);
        assert_int_equal(clearing_review(c, "t1", true, "u"), SARN_OK);
    }
    sarn__sim_run(c->sim);
    assert_int_equal(outcome.answers, 1);
    assert_int_equal(outcome.status, SARN_ERR_COMPENSATED);
    assert_string_equal(clearing_state(c, "t1"), CLEARING_UNTOUCHED);
}

static void what_is_over_a_limit_is_refused(void **state)
{
    struct clearing *c = *state;

    assert_string_equal(clearing_do(c, "t1", MUCH),
                        "failed and was compensated: transaction t1 is refused: it is "
                        "over the user's limit of one transaction");
    assert_string_equal(clearing_state(c, "t1"), CLEARING_UNTOUCHED);
}

static void too_many_in_a_day_are_refused_and_not_the_day_after(void **state)
{
    struct clearing *c = *state;
    char id[16];

    for (unsigned i = 0; i < 10; i++) {
        snprintf(id, sizeof(id), "t%u", i);
        assert_string_equal(clearing_do(c, id, 1), "ok");
    }
    assert_string_equal(clearing_do(c, "t10", 1),
                        "failed and was compensated: transaction t10 is refused: the "
                        "user has made too many transactions in the window of time");
    sarn__sim_advance(c->sim, 24 * HOUR_US);
    assert_string_equal(clearing_do(c, "t11", 1), "ok");
    assert_string_equal(clearing_state(c, "t11"),
                        "a 9989, b 11, window 1 of 1, 0 under way, day 11 of 11, "
                        "notice sent");
}

static void too_much_in_a_day_is_refused(void **state)
{
    struct clearing *c = *state;
    char id[16];

    for (unsigned i = 0; i < 8; i++) {
        struct sarn__sim_outcome outcome;
        const struct transactions_order order = clearing_order(600);

        snprintf(id, sizeof(id), "t%u", i);
        clearing_begin(c, id, &order, &outcome);
        clearing_settle(c);
        if (outcome.answers == 0) { /* The more there is, the riskier. */
            assert_int_equal(clearing_review(c, id, true, "eva"), SARN_OK);
        }
        assert_string_equal(clearing_describe(c, &outcome), "ok");
    }
    assert_string_equal(clearing_do(c, "t8", 201),
                        "failed and was compensated: transaction t8 is refused: with "
                        "it, the user would move too much in the window of time");
}

static void who_is_on_a_list_moves_nothing_and_gets_nothing(void **state)
{
    static const char *const subjects[] = {"user:u", "account:a", "account:b",
                                           "name:petr dvorak"};

    (void)state;
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        struct clearing c;
        char wanted[160];

        clearing_init(&c);
        clearing_open(&c, 20 + i);
        clearing_list(&c, subjects[i]);
        snprintf(wanted, sizeof(wanted),
                 "failed and was compensated: transaction t1 is refused: %s is on a "
                 "list of sanctions",
                 subjects[i]);
        assert_string_equal(clearing_do(&c, "t1", CLEAR), wanted);
        assert_string_equal(clearing_state(&c, "t1"), CLEARING_UNTOUCHED);
        clearing_close(&c);
    }
}

/* --- what is wrong with the order --- */

static void what_cannot_be_done_is_undone_with_its_reason(void **state)
{
    struct clearing *c = *state;
    static const char long_name[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                    "xxxxxxxxxx";
    static const struct {
        const char *user, *from, *to, *payee;
        int64_t minor;
        uint16_t currency;
        uint8_t kind;
        const char *reason;
    } rows[] = {
        {"v", "a", "b", "", 1, 203, 0, "user-v was never registered"},
        {"u", "b", "a", "", 1, 203, 0, "user-u does not own account b"},
        {"u", "a", "a", "", 1, 203, 0, "a transaction goes to another account"},
        {"u", "a", "x", "", 1, 203, 0, "account-x was never opened"},
        {"u", "a", "b", "", 0, 203, 0, "an amount must be positive"},
        {"u", "a", "b", "", 1, 978, 0, "the user's limits are in another currency"},
        {"u", "a", "b", "", 1, 203, 7, "counts transactions of a day and a kind"},
        {"u", "a", "", "", 1, 203, 0, "has an id of at least a byte"},
        {"u", "a", long_name, "", 1, 203, 0, "account:<id> cannot be looked up"},
        {"u", "a", "b", long_name, 1, 203, 0, "name:<id> cannot be looked up"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transactions_order order = clearing_order(rows[i].minor);
        struct sarn__sim_outcome outcome;
        const char *end;
        char id[16];

        order.user = sarn_str(rows[i].user);
        order.from_account = sarn_str(rows[i].from);
        order.to_account = sarn_str(rows[i].to);
        order.payee = sarn_str(rows[i].payee);
        order.amount.currency = rows[i].currency;
        order.kind = rows[i].kind;
        snprintf(id, sizeof(id), "row-%zu", i);
        clearing_begin(c, id, &order, &outcome);
        sarn__sim_run(c->sim);
        end = clearing_describe(c, &outcome);
        if (strncmp(end, "failed and was compensated", 26) != 0 ||
            strstr(end, rows[i].reason) == NULL) {
            fail_msg("row %zu: %s", i, end);
        }
        assert_string_equal(clearing_state(c, id), CLEARING_UNTOUCHED);
    }
    assert_int_equal(c->office.notices, 0);
}

static void who_is_not_verified_or_suspended_moves_nothing(void **state)
{
    struct clearing *c = *state;
    const struct users_verify none = {.level = USERS_LEVEL_NONE};
    const struct users_verify full = {.level = USERS_LEVEL_FULL};
    const struct users_suspend suspend = {.reason = SARN_STR("fraud")};

    assert_int_equal(clearing_send(c, "user", "u", &users_verify_type, &none), SARN_OK);
    assert_string_equal(clearing_do(c, "t1", CLEAR),
                        "failed and was compensated: user-u is not known well enough: "
                        "verify them first");
    assert_int_equal(clearing_send(c, "user", "u", &users_verify_type, &full), SARN_OK);
    assert_int_equal(clearing_send(c, "user", "u", &users_suspend_type, &suspend),
                     SARN_OK);
    assert_string_equal(clearing_do(c, "t2", CLEAR),
                        "failed and was compensated: user-u is suspended");
    assert_string_equal(clearing_state(c, "t2"), CLEARING_UNTOUCHED);
}

static void who_is_only_verified_a_little_is_looked_at_sooner(void **state)
{
    struct clearing *c = *state;
    const struct users_verify basic = {.level = USERS_LEVEL_BASIC};
    const struct transactions_order order = clearing_order(500);
    struct sarn__sim_outcome outcome;

    assert_string_equal(clearing_do(c, "t1", 500), "ok");
    assert_int_equal(clearing_send(c, "user", "u", &users_verify_type, &basic),
                     SARN_OK);
    clearing_begin(c, "t2", &order, &outcome);
    clearing_settle(c);
    assert_int_equal(outcome.answers, 0);
    assert_int_equal(clearing_review(c, "t2", true, "eva"), SARN_OK);
    assert_string_equal(clearing_describe(c, &outcome), "ok");
}

/* --- what happens during a review --- */

static void what_changed_during_a_review_counts(void **state)
{
    static const struct {
        const char *what, *reason;
    } rows[] = {
        {"list", "failed and was compensated: account:b is on a list of sanctions"},
        {"suspend", "failed and was compensated: user-u is suspended"},
        {"limit",
         "failed and was compensated: transaction t1 is over what is the user's "
         "limit of one transaction by now"},
        {"freeze", "failed and was compensated: account-a is frozen"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct users_suspend suspend = {.reason = SARN_STR("fraud")};
        const struct payments_freeze freeze = {.reason = SARN_STR("court")};
        const struct compliance_set_limits limits = {.limits = {.transaction = 899,
                                                                .window_sum = 5000,
                                                                .window_us = HOUR_US,
                                                                .window_count = 10,
                                                                .currency = 203}};
        struct sarn__sim_outcome outcome;
        struct clearing c;

        clearing_init(&c);
        clearing_open(&c, 30 + i);
        begin_review(&c, "t1", &outcome);
        switch (rows[i].what[0]) {
        case 's':
            (void)clearing_send(&c, "user", "u", &users_suspend_type, &suspend);
            break;
        case 'f':
            (void)clearing_send(&c, "account", "a", &payments_freeze_type, &freeze);
            break;
        default:
            if (rows[i].what[2] == 's') {
                clearing_list(&c, "account:b");
            } else {
                (void)clearing_send(&c, "compliance", "u", &compliance_set_limits_type,
                                    &limits);
            }
        }
        assert_int_equal(clearing_review(&c, "t1", true, "eva"), SARN_OK);
        assert_string_equal(clearing_describe(&c, &outcome), rows[i].reason);
        assert_string_equal(clearing_state(&c, "t1"), CLEARING_UNTOUCHED);
        clearing_close(&c);
    }
}

static void one_that_waits_is_cancelled_without_a_trace(void **state)
{
    struct clearing *c = *state;
    struct sarn__sim_outcome outcome;

    begin_review(c, "t1", &outcome);
    assert_int_equal(clearing_cancel(c, "t1"), SARN_OK);
    sarn__sim_run(c->sim);
    assert_int_equal(outcome.answers, 1);
    assert_int_not_equal(outcome.status, SARN_OK);
    assert_string_equal(clearing_state(c, "t1"), CLEARING_UNTOUCHED);
    assert_int_not_equal(clearing_review(c, "t1", true, "eva"), SARN_OK);
}

/* --- failures --- */

static sarn_status refuse(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "test", "refused by the test");
}

/* Whichever step fails, in whichever way it got there, what came before is undone. */
static void every_step_can_fail_and_leaves_no_trace(void **state)
{
    static const struct {
        const char *step;
        bool of_review; /* Only there. */
    } rows[] = {{"verify", false},  {"screen", false}, {"decide", true},
                {"reserve", false}, {"debit", false},  {"credit", false},
                {"record", false},  {"queue", false},  {"notify", false},
                {"sent", false}};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
        bool review = i % 2 == 1;
        const struct transactions_order order = clearing_order(review ? REVIEW : CLEAR);
        struct sarn__sim_outcome outcome;
        struct clearing c;

        if (rows[i / 2].of_review && !review) {
            continue;
        }
        clearing_init(&c);
        clearing_step(&c, rows[i / 2].step)->run = refuse;
        clearing_open(&c, 40 + i);
        clearing_begin(&c, "t1", &order, &outcome);
        clearing_settle(&c);
        if (review && outcome.answers == 0) {
            assert_int_equal(clearing_review(&c, "t1", true, "eva"), SARN_OK);
        }
        sarn__sim_run(c.sim);
        assert_string_equal(clearing_describe(&c, &outcome),
                            "failed and was compensated: refused by the test");
        if (!clearing_is_undone(&c, "t1")) {
            fail_msg("%s failed: %s", rows[i / 2].step, c.text);
        }
        /* Its id is used up, and it is in nobody's way. */
        assert_string_equal(clearing_do(&c, "t1", order.amount.minor),
                            "failed and was compensated: refused by the test "
                            "(repeated)");
        clearing_close(&c);
    }
}

static void a_refusal_that_fails_itself_is_undone_too(void **state)
{
    struct clearing c;

    (void)state;
    clearing_init(&c);
    clearing_step(&c, "expire")->run = refuse;
    clearing_open(&c, 70);
    assert_string_equal(clearing_do(&c, "t1", REVIEW),
                        "failed and was compensated: refused by the test");
    assert_string_equal(clearing_state(&c, "t1"), CLEARING_UNTOUCHED);
    clearing_close(&c);
}

static void a_notice_is_tried_again_under_the_same_key(void **state)
{
    struct clearing *c = *state;

    c->office.refuse = NOTIFY_TRIES - 1;
    assert_string_equal(clearing_do(c, "t1", CLEAR), "ok");
    assert_int_equal(c->office.notices, NOTIFY_TRIES);
    assert_string_equal(c->office.last, "notice t1: a to b, 100, try 3");
}

static void a_notice_that_nobody_takes_undoes_the_transaction(void **state)
{
    struct clearing *c = *state;

    c->office.refuse = NOTIFY_TRIES;
    assert_string_equal(
        clearing_do(c, "t1", CLEAR),
        "failed and was compensated: the transaction's notice was not taken: "
        "the log is owned by another process");
    assert_string_equal(clearing_state(c, "t1"), CLEARING_UNDONE);
}

static void a_notice_that_was_taken_is_retracted(void **state)
{
    struct clearing c;

    (void)state;
    clearing_init(&c);
    clearing_step(&c, "sent")->run = refuse;
    clearing_open(&c, 71);
    c.office.refuse_retractions = 1; /* It is tried again. */
    assert_string_equal(clearing_do(&c, "t1", CLEAR),
                        "failed and was compensated: refused by the test");
    assert_int_equal(c.office.notices, 1);
    assert_int_equal(c.office.retractions, 2);
    assert_string_equal(c.office.last, "retraction t1: a to b, 100, try 2");
    assert_string_equal(clearing_state(&c, "t1"), CLEARING_UNDONE);
    clearing_close(&c);
}

static void one_that_is_being_told_can_be_cancelled(void **state)
{
    struct clearing *c = *state;
    const struct transactions_order order = clearing_order(CLEAR);
    struct sarn__sim_outcome outcome;

    c->office.refuse = NOTIFY_TRIES;
    clearing_begin(c, "t1", &order, &outcome);
    while (c->office.notices == 0) {
        assert_true(sarn__sim_run_moves(c->sim, 1));
    }
    assert_int_equal(outcome.answers, 0);
    assert_int_equal(clearing_cancel(c, "t1"), SARN_OK);
    sarn__sim_run(c->sim);
    assert_int_equal(outcome.answers, 1);
    assert_int_not_equal(outcome.status, SARN_OK);
    assert_string_equal(clearing_state(c, "t1"), CLEARING_UNDONE);
}

/* --- the power goes --- */

/* After any move; what is opened again ends the transaction, one way. */
static void a_crash_anywhere_leaves_it_done_or_undone(void **state)
{
    (void)state;
    for (uint32_t way = 0; way < 4; way++) {
        int64_t minor = way < 2 ? CLEAR : REVIEW;
        uint32_t refusals = way % 2 == 0 ? 0 : NOTIFY_TRIES;

        for (uint64_t moves = 0; moves < CRASH_MOVES; moves++) {
            const struct transactions_order order = clearing_order(minor);
            struct sarn__sim_outcome outcome;
            struct clearing c;

            clearing_init(&c);
            clearing_open(&c, 100 + moves);
            c.office.refuse = refusals;
            clearing_begin(&c, "t1", &order, &outcome);
            for (uint64_t i = 0; i < moves && sarn__sim_move(c.sim); i++) {
            }
            clearing_crash(&c);
            c.office.refuse = refusals; /* It is as stubborn as before. */
            clearing_begin(&c, "t1", &order, &outcome); /* Join, or start after all. */
            clearing_settle(&c);
            if (minor == REVIEW) {
                assert_int_equal(clearing_review(&c, "t1", true, "eva"), SARN_OK);
                clearing_crash(&c);
                c.office.refuse = refusals;
                clearing_begin(&c, "t1", &order, &outcome);
            }
            sarn__sim_run(c.sim);
            assert_int_equal(outcome.answers, 1);
            if (outcome.status == SARN_OK) {
                assert_non_null(strstr(clearing_state(&c, "t1"), "notice sent"));
                assert_true(c.office.notices >= 1);
            } else {
                assert_int_equal(outcome.status, SARN_ERR_COMPENSATED);
                assert_string_equal(clearing_state(&c, "t1"), CLEARING_UNDONE);
            }
            clearing_close(&c);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_clear_transaction_moves_the_money_and_tells),
        TEST(the_same_transaction_is_made_once),
        TEST(what_is_for_review_waits_and_is_done_when_approved),
        TEST(what_a_reviewer_refuses_is_undone_in_their_words),
        TEST(what_nobody_reviews_is_undone_in_three_days),
        TEST(a_decision_that_does_not_count_is_waited_for_again),
        TEST(decisions_that_do_not_count_are_not_waited_for_for_ever),
        TEST(what_is_over_a_limit_is_refused),
        TEST(too_many_in_a_day_are_refused_and_not_the_day_after),
        TEST(too_much_in_a_day_is_refused),
        cmocka_unit_test(who_is_on_a_list_moves_nothing_and_gets_nothing),
        TEST(what_cannot_be_done_is_undone_with_its_reason),
        TEST(who_is_not_verified_or_suspended_moves_nothing),
        TEST(who_is_only_verified_a_little_is_looked_at_sooner),
        cmocka_unit_test(what_changed_during_a_review_counts),
        TEST(one_that_waits_is_cancelled_without_a_trace),
        cmocka_unit_test(every_step_can_fail_and_leaves_no_trace),
        cmocka_unit_test(a_refusal_that_fails_itself_is_undone_too),
        TEST(a_notice_is_tried_again_under_the_same_key),
        TEST(a_notice_that_nobody_takes_undoes_the_transaction),
        cmocka_unit_test(a_notice_that_was_taken_is_retracted),
        TEST(one_that_is_being_told_can_be_cancelled),
        cmocka_unit_test(a_crash_anywhere_leaves_it_done_or_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
