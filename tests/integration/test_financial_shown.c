/* financial_transaction as it is shown: found by its search attributes, and as a
 * timeline that a person can follow. */
#include <string.h>

#include "sarn/financial_transaction.h"
#include "sarn/test.h"
#include "support/test.h"

#define CURRENCY PAYMENTS_CURRENCY_CZK
#define DAY_US   INT64_C(86400000000)

struct desk {
    sarn_test *test;
    struct sarn_error error;
    char text[512];
};

static void must(struct desk *desk, sarn_status status)
{
    if (status != SARN_OK) {
        fail_msg("%s: %s\n%s", sarn_status_text(status), desk->error.text,
                 sarn_test_report(desk->test));
    }
}

static void send(struct desk *desk,
                 const char *stream,
                 const struct sarn_type *type,
                 const void *data)
{
    struct sarn_command command = SARN_COMMAND_INIT;

    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    must(desk, sarn_call(sarn_test_engine(desk->test), &command, NULL, &desk->error));
}

/* User u with account a, which has as much as is asked for, and limits of 10,000,000 a
 * transaction. */
static void set_up(struct desk *desk)
{
    const struct users_register enroll = {.name = SARN_STR("Jana")};
    const struct users_verify verify = {.level = USERS_LEVEL_FULL};
    const struct users_add_account account = {.account = SARN_STR("a")};
    const struct compliance_set_limits limits = {.limits = {.transaction = 20000000,
                                                            .window_sum = 900000000,
                                                            .window_us = DAY_US,
                                                            .window_count = 100,
                                                            .currency = CURRENCY}};
    const struct payments_open_account open = {.currency = CURRENCY,
                                               .overdraft_unlimited = true};

    send(desk, "user-u", &users_register_type, &enroll);
    send(desk, "user-u", &users_verify_type, &verify);
    send(desk, "user-u", &users_add_account_type, &account);
    send(desk, "compliance-u", &compliance_set_limits_type, &limits);
    send(desk, "account-a", &payments_open_account_type, &open);
    send(desk, "account-b", &payments_open_account_type, &open);
}

static int setup(void **state)
{
    static const struct sarn_module *const modules[] = {
        &sarn_payments_module,      &sarn_users_module,
        &sarn_compliance_module,    &sarn_analytics_module,
        &sarn_notifications_module, &sarn_financial_transaction_module};
    static struct desk desk;
    struct sarn_options engine = SARN_OPTIONS_INIT;
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;

    desk = (struct desk){.test = NULL};
    engine.modules = modules;
    engine.module_count = COUNT(modules);
    options.engine = &engine;
    must(&desk, sarn_test_create(&options, &desk.test, &desk.error));
    set_up(&desk);
    *state = &desk;
    return 0;
}

static int teardown(void **state)
{
    sarn_test_destroy(((struct desk *)*state)->test);
    return 0;
}

static void forget(void *arg, const struct sarn_reply *reply)
{
    (void)arg;
    (void)reply;
}

/* Begin, and do what is due now. */
static void begin(struct desk *desk, const char *id, int64_t minor)
{
    const struct transactions_order order = {
        .user = SARN_STR("u"),
        .from_account = SARN_STR("a"),
        .to_account = SARN_STR("b"),
        .amount = {.minor = minor, .currency = CURRENCY}};
    struct sarn_start start = SARN_START_INIT;

    start.workflow = "financial_transaction";
    start.workflow_id = sarn_str(id);
    start.input = &order;
    start.actor = sarn_str("jana");
    must(desk, sarn_execution_start(sarn_test_engine(desk->test), &start, forget, NULL,
                                    &desk->error));
    must(desk, sarn_test_advance(desk->test, 0, &desk->error));
}

static void review(struct desk *desk, const char *id, bool approved)
{
    const struct transactions_decision decision = {
        .approved = approved, .by = SARN_STR("eva"), .reason = SARN_STR("odd")};
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_SIGNAL;
    control.workflow = sarn_str("financial_transaction");
    control.workflow_id = sarn_str(id);
    control.name = sarn_str("review");
    control.data = &decision;
    control.actor = sarn_str("eva");
    must(desk, sarn_control_call(sarn_test_engine(desk->test), &control, NULL, NULL,
                                 &desk->error));
    must(desk, sarn_test_advance(desk->test, 0, &desk->error));
}

/* --- search --- */

static sarn_status take_row(void *arg, const struct sarn_execution_row *row)
{
    struct desk *desk = arg;
    size_t used = strlen(desk->text);

    snprintf(desk->text + used, sizeof(desk->text) - used, "%s%.*s %s",
             used == 0 ? "" : ", ", (int)row->workflow_id.size, row->workflow_id.data,
             sarn_execution_status_text(row->status));
    return SARN_OK;
}

static const char *
find(struct desk *desk, const char *name, const char *value, uint32_t status)
{
    const struct sarn_attribute attribute = {sarn_str(name), sarn_str(value)};
    struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;

    filter.workflow = sarn_str("financial_transaction");
    filter.status = status;
    filter.attributes = &attribute;
    filter.attribute_count = 1;
    desk->text[0] = '\0';
    must(desk, sarn_executions(sarn_test_log(desk->test), &filter, take_row, desk,
                               &desk->error));
    return desk->text;
}

static void transactions_are_found_by_account_amount_and_risk(void **state)
{
    struct desk *desk = *state;

    begin(desk, "t1", 99999);
    begin(desk, "t2", 100000);
    begin(desk, "t3", 9999999);
    begin(desk, "t4", 16000000);
    begin(desk, "t5", 20000001);
    assert_string_equal(find(desk, "amount", "small", 0), "t1 completed");
    assert_string_equal(find(desk, "amount", "medium", 0),
                        "t2 completed, t3 completed");
    assert_string_equal(find(desk, "amount", "large", 0), "t4 running, t5 compensated");
    assert_string_equal(find(desk, "risk", "clear", 0),
                        "t1 completed, t2 completed, t3 completed");
    assert_string_equal(find(desk, "risk", "review", 0), "t4 running");
    assert_string_equal(find(desk, "account", "b", 0), "");
    assert_string_equal(find(desk, "account", "a", SARN_EXECUTION_RUNNING),
                        "t4 running");
    review(desk, "t4", true);
    assert_string_equal(find(desk, "risk", "review", 0), "t4 completed");
}

/* --- timelines --- */

static void expect(struct desk *desk, const char *id, const char *lines)
{
    must(desk, sarn_test_expect(desk->test, "financial_transaction", sarn_str(id),
                                lines, &desk->error));
}

static void a_clear_transaction_reads_as_a_list_of_what_was_done(void **state)
{
    struct desk *desk = *state;

    begin(desk, "t1", 100);
    expect(desk, "t1",
           "started version 1 by jana\n"
           "step verify: done\n"
           "step screen: done, account = a, amount = small, risk = clear, goes on with "
           "reserve\n"
           "step reserve: done\n"
           "step debit: done\n"
           "step credit: done\n"
           "step record: done\n"
           "step queue: done\n"
           "step notify: done\n"
           "step sent: done\n"
           "completed\n");
}

static void a_refused_one_says_by_whom_and_what_was_undone(void **state)
{
    struct desk *desk = *state;

    begin(desk, "t1", 16000000);
    review(desk, "t1", false);
    expect(
        desk, "t1",
        "started version 1 by jana\n"
        "step verify: done\n"
        "step screen: done, account = a, amount = large, risk = review, goes on with "
        "review\n"
        "step review: waits for signal review until +3d\n"
        "signal review received from eva\n"
        "step review: done, by signal review\n"
        "step decide: done, goes on with refuse\n"
        "step refuse: attempt 1 failed (transaction t1 is refused: by eva, odd)\n"
        "compensation began (refuse failed: transaction t1 is refused: by eva, odd)\n"
        "compensation of screen: done\n"
        "compensated\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(transactions_are_found_by_account_amount_and_risk),
        TEST(a_clear_transaction_reads_as_a_list_of_what_was_done),
        TEST(a_refused_one_says_by_whom_and_what_was_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
