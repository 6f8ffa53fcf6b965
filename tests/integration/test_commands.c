/* The way of a command through the engine, over the memory ports: every input is in the
 * test, and one seed is one run. */
#include <string.h>

#include "support/bank.h"

static void a_reply_comes_once_and_its_state_can_be_read(void **unused)
{
    struct bank bank;
    uint64_t before;

    (void)unused;
    bank_open(&bank, 1, NULL);
    before = bank_last(&bank);
    assert_int_equal(bank_balance(&bank, "1"), INT64_MIN);
    assert_non_null(strstr(bank_do_open(&bank, "1"), "version=0"));
    assert_non_null(strstr(bank_do_credit(&bank, "1", 700, NULL), "version=1"));
    assert_int_equal(bank_last(&bank), before + 2);
    assert_int_equal(bank_balance(&bank, "1"), 700);
    assert_int_equal(bank_row(&bank, "1"), 700);
    bank_close(&bank);
}

static void a_rejection_says_why_and_appends_nothing(void **unused)
{
    struct bank bank;
    uint64_t before;

    (void)unused;
    bank_open(&bank, 2, NULL);
    (void)bank_do_open(&bank, "1");
    before = bank_last(&bank);
    assert_memory_equal(bank_do_debit(&bank, "1", 5, NULL), "command rejected: ", 18);
    assert_int_equal(bank_last(&bank), before);
    assert_int_equal(bank_balance(&bank, "1"), 0);
    bank_close(&bank);
}

/* Many commands on one account, none durable before the next is decided. */
static void a_command_sees_the_events_in_flight_before_it(void **unused)
{
    struct sarn__sim_outcome out[8];
    struct bank bank;

    (void)unused;
    bank_open(&bank, 3, NULL);
    bank_send_open(&bank, "1", &out[0]);
    bank_send_credit(&bank, "1", 100, NULL, &out[1]);
    for (int i = 2; i < 8; i++) {
        bank_send_debit(&bank, "1", 30, NULL, &out[i]);
    }
    sarn__sim_run(bank.sim);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(out[i].status, SARN_OK);
    }
    for (int i = 5; i < 8; i++) {
        assert_int_equal(out[i].status, SARN_ERR_REJECTED);
    }
    assert_int_equal(bank_balance(&bank, "1"), 10);
    bank_close(&bank);
}

/* --- idempotency --- */

static void the_same_key_gives_the_same_answer_also_after_a_restart(void **unused)
{
    struct sarn_error error;
    struct bank bank;
    char first[512];
    uint64_t last;

    (void)unused;
    bank_open(&bank, 4, NULL);
    (void)bank_do_open(&bank, "1");
    snprintf(first, sizeof(first), "%s repeated", bank_do_credit(&bank, "1", 9, "k"));
    last = bank_last(&bank);
    assert_string_equal(bank_do_credit(&bank, "1", 9, "k"), first);
    assert_int_equal(bank_last(&bank), last);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    assert_string_equal(bank_do_credit(&bank, "1", 9, "k"), first);
    assert_int_equal(bank_balance(&bank, "1"), 9);
    bank_close(&bank);
}

static void a_repeat_of_one_in_flight_waits_for_it(void **unused)
{
    struct sarn__sim_outcome out[4];
    struct bank bank;

    (void)unused;
    bank_open(&bank, 5, NULL);
    (void)bank_do_open(&bank, "1");
    for (int i = 0; i < 4; i++) {
        bank_send_credit(&bank, "1", 9, "k", &out[i]);
    }
    sarn__sim_run(bank.sim);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(out[i].answers, 1);
        assert_int_equal(out[i].status, SARN_OK);
        assert_int_equal(out[i].position, out[0].position);
        assert_int_equal(out[i].repeated, i > 0);
    }
    assert_int_equal(bank_balance(&bank, "1"), 9);
    bank_close(&bank);
}

static void a_reused_key_with_another_payload_is_an_error(void **unused)
{
    struct sarn__sim_outcome out[2];
    struct sarn_error error;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 6, NULL);
    (void)bank_do_open(&bank, "1");
    bank_send_credit(&bank, "1", 9, "k", &out[0]);
    bank_send_credit(&bank, "1", 10, "k", &out[1]); /* While the first is in flight. */
    sarn__sim_run(bank.sim);
    assert_int_equal(out[0].status, SARN_OK);
    assert_int_equal(out[1].status, SARN_ERR_KEY_REUSED);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    assert_non_null(strstr(bank_do_credit(&bank, "1", 10, "k"), "key reused"));
    assert_int_equal(bank_balance(&bank, "1"), 9);
    bank_close(&bank);
}

static void a_rejection_under_a_key_is_kept(void **unused)
{
    struct sarn_error error;
    struct bank bank;
    char first[600];

    (void)unused;
    bank_open(&bank, 7, NULL);
    (void)bank_do_open(&bank, "1");
    snprintf(first, sizeof(first), "%s repeated", bank_do_debit(&bank, "1", 5, "k"));
    assert_memory_equal(first, "command rejected: ", 18);
    (void)bank_do_credit(&bank, "1", 100, NULL); /* It would succeed now. */
    assert_string_equal(bank_do_debit(&bank, "1", 5, "k"), first);
    assert_int_equal(sarn__sim_crash_reopen(bank.sim, &error), SARN_OK);
    assert_string_equal(bank_do_debit(&bank, "1", 5, "k"), first);
    assert_int_equal(bank_balance(&bank, "1"), 100);
    bank_close(&bank);
}

static void a_command_without_events_is_answered_the_same_again(void **unused)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
    struct sarn__sim_outcome out;
    struct sarn_error error;
    struct bank bank;

    (void)unused;
    bank_open(&bank, 8, NULL);
    (void)bank_do_open(&bank, "1");
    command.stream = sarn_str("account-1");
    command.type = &payments_open_account_type;
    command.data = &open;
    command.key = sarn_str("again");
    for (int i = 0; i < 2; i++) {
        out = (struct sarn__sim_outcome){0};
        assert_int_equal(sarn__sim_submit(bank.sim, &command, &out, &error), SARN_OK);
        sarn__sim_run(bank.sim);
        assert_int_equal(out.status, SARN_OK);
        assert_int_equal(out.event_count, 0);
        assert_int_equal(out.repeated, i > 0);
    }
    bank_close(&bank);
}

/* --- expected versions --- */

static void expected_versions_hold_in_all_four_forms(void **unused)
{
    static const struct {
        bool opened;
        int64_t expected;
        sarn_status status;
    } rows[] = {
        {false, SARN_ANY, SARN_OK},
        {false, SARN_NO_STREAM, SARN_OK},
        {false, SARN_STREAM_EXISTS, SARN_ERR_WRONG_EXPECTED_VERSION},
        {false, 0, SARN_ERR_WRONG_EXPECTED_VERSION},
        {true, SARN_ANY, SARN_OK},
        {true, SARN_NO_STREAM, SARN_ERR_WRONG_EXPECTED_VERSION},
        {true, SARN_STREAM_EXISTS, SARN_OK},
        {true, 0, SARN_OK},
        {true, 1, SARN_ERR_WRONG_EXPECTED_VERSION},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_command command = SARN_COMMAND_INIT;
        struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
        struct sarn__sim_outcome out = {0};
        struct sarn_error error;
        struct bank bank;

        bank_open(&bank, i, NULL);
        if (rows[i].opened) {
            (void)bank_do_open(&bank, "1");
        }
        command.stream = sarn_str("account-1");
        command.type = &payments_open_account_type;
        command.data = &open;
        command.expected_version = rows[i].expected;
        assert_int_equal(sarn__sim_submit(bank.sim, &command, &out, &error), SARN_OK);
        sarn__sim_run(bank.sim);
        assert_int_equal(out.status, rows[i].status);
        bank_close(&bank);
    }
}

/* --- hooks and dry runs --- */

struct dry {
    uint32_t events;
    bool credited;
};

static void note_dry(void *arg, const struct sarn_reply *reply)
{
    struct dry *dry = arg;

    assert_int_equal(reply->status, SARN_OK);
    dry->events = reply->event_count;
    dry->credited = reply->events[0].type == &payments_account_credited_type &&
                    ((const struct payments_account_credited *)reply->events[0].data)
                            ->amount.minor == 5;
}

static void a_dry_run_shows_the_events_and_appends_nothing(void **unused)
{
    struct payments_credit credit = {
        .amount = {.minor = 5, .currency = PAYMENTS_CURRENCY_CZK}};
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn__request *request;
    struct dry dry = {0, false};
    struct sarn_error error;
    struct sarn__duties duties;
    struct bank bank;
    uint64_t last;

    (void)unused;
    bank_open(&bank, 9, NULL);
    (void)bank_do_open(&bank, "1");
    last = bank_last(&bank);
    command.stream = sarn_str("account-1");
    command.type = &payments_credit_type;
    command.data = &credit;
    command.flags = SARN_DRY_RUN;
    command.key = sarn_str("dry"); /* Is not used up. */
    assert_int_equal(
        sarn__request_command(sarn__sim_engine(bank.sim), &command, &request, &error),
        SARN_OK);
    request->reply = note_dry;
    request->reply_arg = &dry;
    sarn__engine_submit(sarn__sim_engine(bank.sim), request);
    sarn__engine_poll(sarn__sim_engine(bank.sim), &duties);
    assert_null(duties.jobs);
    assert_int_equal(dry.events, 1);
    assert_true(dry.credited);
    assert_int_equal(bank_last(&bank), last);
    assert_int_equal(bank_balance(&bank, "1"), 0);
    assert_null(strstr(bank_do_credit(&bank, "1", 5, "dry"), "repeated"));
    bank_close(&bank);
}

static sarn_status only_bob(void *arg, const struct sarn_command *command)
{
    (void)arg;
    return sarn_str_equal(command->actor, sarn_str("bob")) ? SARN_OK : SARN_ERR_DENIED;
}

static void observe(void *arg, const struct sarn_observation *observation)
{
    uint32_t *counts = arg;

    assert_true(observation->stage <= SARN_STAGE_STEP);
    counts[observation->stage] += 1;
}

static void the_hooks_may_deny_and_are_told_each_stage(void **unused)
{
    uint32_t counts[SARN_STAGE_STEP + 1] = {0};
    struct sarn_options options = {
        .hooks = {.arg = counts, .authorize = only_bob, .observe = observe}};
    struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn__sim_outcome alice = {0}, bob = {0};
    struct sarn_error error;
    struct bank bank;
    uint32_t commits;

    (void)unused;
    bank_open(&bank, 10, &options);
    commits = counts[SARN_STAGE_COMMIT];
    command.stream = sarn_str("account-1");
    command.type = &payments_open_account_type;
    command.data = &open;
    command.actor = sarn_str("alice");
    assert_int_equal(sarn__sim_submit(bank.sim, &command, &alice, &error), SARN_OK);
    sarn__sim_run(bank.sim);
    assert_int_equal(alice.status, SARN_ERR_DENIED);
    assert_int_equal(bank_balance(&bank, "1"), INT64_MIN);
    assert_int_equal(counts[SARN_STAGE_DECIDE], 0);
    command.actor = sarn_str("bob");
    assert_int_equal(sarn__sim_submit(bank.sim, &command, &bob, &error), SARN_OK);
    sarn__sim_run(bank.sim);
    assert_int_equal(bob.status, SARN_OK);
    assert_int_equal(counts[SARN_STAGE_SUBMIT], 2);
    assert_int_equal(counts[SARN_STAGE_DECIDE], 1);
    assert_int_equal(counts[SARN_STAGE_COMMIT], commits + 1);
    assert_true(counts[SARN_STAGE_PUBLISH] >= 1);
    bank_close(&bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_comes_once_and_its_state_can_be_read),
        cmocka_unit_test(a_rejection_says_why_and_appends_nothing),
        cmocka_unit_test(a_command_sees_the_events_in_flight_before_it),
        cmocka_unit_test(the_same_key_gives_the_same_answer_also_after_a_restart),
        cmocka_unit_test(a_repeat_of_one_in_flight_waits_for_it),
        cmocka_unit_test(a_reused_key_with_another_payload_is_an_error),
        cmocka_unit_test(a_rejection_under_a_key_is_kept),
        cmocka_unit_test(a_command_without_events_is_answered_the_same_again),
        cmocka_unit_test(expected_versions_hold_in_all_four_forms),
        cmocka_unit_test(a_dry_run_shows_the_events_and_appends_nothing),
        cmocka_unit_test(the_hooks_may_deny_and_are_told_each_stage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
