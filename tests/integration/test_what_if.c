/* New code over an old log: what would be different. */
#include "sarn/whatif.h"

#include <stdio.h>
#include <string.h>

#include "sarn/payments.h"
#include "sarn/sarn.h"
#include "support/tempdir.h"
#include "support/test.h"

/* --- a workflow in two versions --- */

static sarn_status act(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

/* Services that do not like id "bad". */
static sarn_status charge(struct sarn_step_call *call)
{
    return sarn_str_equal(sarn_step_workflow_id(call), sarn_str("bad"))
               ? sarn_step_fail(call, "declined", "card declined")
               : SARN_OK;
}

/* Would make every execution fail, if it were called. */
static sarn_status refuse(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "called", "an external step was called");
}

static sarn_status local_ok(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status local_refuses(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "stricter", "the new rule says no");
}

#define ONCE                                                                           \
    {                                                                                  \
        .maximum_attempts = 1                                                          \
    }

static const struct sarn_step old_steps[] = {
    {.id = "reserve", .run = act, .compensate = act},
    {.id = "check", .run = local_ok, .kind = SARN_STEP_LOCAL},
    {.id = "charge", .run = charge, .compensate = act, .retry = ONCE},
};
static const struct sarn_workflow old_order = {
    .name = "order", .version = 1, SARN_STEPS(old_steps)};

/* The same table; its functions are not called. */
static const struct sarn_step same_steps[] = {
    {.id = "reserve", .run = refuse, .compensate = refuse},
    {.id = "check", .run = local_ok, .kind = SARN_STEP_LOCAL},
    {.id = "charge", .run = refuse, .compensate = refuse, .retry = ONCE},
};
static const struct sarn_workflow same_order = {
    .name = "order", .version = 2, SARN_STEPS(same_steps)};

static const struct sarn_step strict_steps[] = {
    {.id = "reserve", .run = refuse, .compensate = refuse},
    {.id = "check", .run = local_refuses, .kind = SARN_STEP_LOCAL},
    {.id = "charge", .run = refuse, .compensate = refuse, .retry = ONCE},
};
static const struct sarn_workflow strict_order = {
    .name = "order", .version = 2, SARN_STEPS(strict_steps)};

static const struct sarn_step longer_steps[] = {
    {.id = "reserve", .run = refuse, .compensate = refuse},
    {.id = "check", .run = local_ok, .kind = SARN_STEP_LOCAL},
    {.id = "insure", .run = refuse, .retry = ONCE},
    {.id = "charge", .run = refuse, .compensate = refuse, .retry = ONCE},
};
static const struct sarn_workflow longer_order = {
    .name = "order", .version = 2, SARN_STEPS(longer_steps)};

static const struct sarn_module *module_of(struct sarn_module *module,
                                           const struct sarn_workflow *const *workflow)
{
    *module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                   .struct_size = sizeof(*module),
                                   .name = "orders",
                                   .version = "1",
                                   .workflows = workflow,
                                   .workflow_count = 1};
    return module;
}

/* --- an old log --- */

static void run_order(sarn_engine *engine, const char *id)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error;

    start.workflow = "order";
    start.workflow_id = sarn_str(id);
    (void)!sarn_execute(engine, &start, NULL, &error);
}

static void make_log(const char *path)
{
    static const struct sarn_workflow *const workflows[] = {&old_order};
    struct sarn_module module;
    const struct sarn_module *modules[] = {module_of(&module, workflows)};
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine = NULL;
    struct sarn_error error;

    options.modules = modules;
    options.module_count = 1;
    assert_ok(sarn_open(path, &options, &engine, &error), &error);
    run_order(engine, "good");
    run_order(engine, "bad");
    run_order(engine, "fine");
    sarn_close(engine);
}

/* --- asking --- */

struct heard {
    char text[4096];
    size_t size;
};

static void hear(void *arg, const struct sarn_change *change)
{
    struct heard *heard = arg;

    heard->size += (size_t)snprintf(
        heard->text + heard->size, sizeof(heard->text) - heard->size,
        "%u %.*s: %.*s -> %.*s\n", change->kind, (int)change->subject.size,
        change->subject.data, (int)change->was.size,
        change->was.size > 0 ? change->was.data : "", (int)change->would_be.size,
        change->would_be.size > 0 ? change->would_be.data : "");
}

static struct sarn_trial
ask(const struct sarn_workflow *workflow, uint64_t from, struct heard *heard)
{
    const struct sarn_workflow *const workflows[] = {workflow};
    struct sarn_trial asked = SARN_TRIAL_INIT;
    struct sarn_module module;
    const struct sarn_module *modules[] = {module_of(&module, workflows)};
    struct tempdir dir;
    const char *path;
    struct sarn_error error;

    tempdir_make(&dir);
    path = tempdir_path(&dir, "old.sarn");
    make_log(path);
    *heard = (struct heard){.size = 0};
    asked.modules = modules;
    asked.module_count = 1;
    asked.from = from;
    asked.change = hear;
    asked.arg = heard;
    assert_ok(sarn_what_if(path, &asked, &error), &error);
    tempdir_remove(&dir);
    return asked;
}

/* --- signals, accounts and rows --- */

static const struct sarn_step waiting_steps[] = {
    {.id = "approval", .kind = SARN_STEP_SIGNAL, .signal = "approve"},
    {.id = "ship", .run = act, .compensate = act},
};
static const struct sarn_workflow waiting = {.name = "order",
                                             .version = 1,
                                             .input = &payments_credit_type,
                                             SARN_STEPS(waiting_steps)};

static sarn_status keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    struct sarn_key key = {0};
    sarn_status status = sarn_key_add_text(&key, event->stream);

    return status == SARN_OK ? sarn_keys_add(keys, &key) : status;
}

static sarn_status count_one(struct sarn_row *row, const struct sarn_event *event)
{
    struct payments_balance *data = row->data;

    data->account = event->stream;
    data->balance += 1;
    return SARN_OK;
}

/* The new code counts the first event of an account only. */
static sarn_status count_first(struct sarn_row *row, const struct sarn_event *event)
{
    return row->existed ? SARN_OK : count_one(row, event);
}

static const struct sarn_type *const counted[] = {&payments_account_opened_type,
                                                  &payments_account_credited_type};
#define COUNTS(function)                                                               \
    {                                                                                  \
        .name = "counts", .version = 1, .mode = SARN_INLINE,                           \
        .row = &payments_balance_type, .keys = keys, .apply = (function),              \
        .events = counted, .event_count = 2                                            \
    }
static const struct sarn_projection old_counts = COUNTS(count_one);
static const struct sarn_projection new_counts = COUNTS(count_first);

/* Accounts, what counts their events, and executions that wait for a signal. */
struct shop {
    const struct sarn_workflow *workflows[1];
    const struct sarn_projection *projections[1];
    struct sarn_module module;
    const struct sarn_module *modules[2];
};

static void shop_init(struct shop *shop, const struct sarn_projection *counts)
{
    shop->workflows[0] = &waiting;
    shop->projections[0] = counts;
    module_of(&shop->module, shop->workflows);
    shop->module.projections = shop->projections;
    shop->module.projection_count = 1;
    shop->modules[0] = &shop->module;
    shop->modules[1] = &sarn_payments_module;
}

static void call(sarn_engine *engine,
                 const char *stream,
                 const struct sarn_type *type,
                 const void *data)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn_error error;

    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    assert_ok(sarn_call(engine, &command, NULL, &error), &error);
}

static void make_shop_log(const char *path)
{
    const struct payments_open_account opened = {.currency = PAYMENTS_CURRENCY_EUR};
    const struct payments_credit credit = {
        .amount = {.minor = 5, .currency = PAYMENTS_CURRENCY_EUR}};
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_start start = SARN_START_INIT;
    struct sarn_control signal = SARN_CONTROL_INIT;
    sarn_engine *engine = NULL;
    struct sarn_error error;
    struct shop shop;

    shop_init(&shop, &old_counts);
    options.modules = shop.modules;
    options.module_count = 2;
    assert_ok(sarn_open(path, &options, &engine, &error), &error);
    call(engine, "account-1", &payments_open_account_type, &opened);
    call(engine, "account-1", &payments_credit_type, &credit);
    call(engine, "account-2", &payments_open_account_type, &opened);
    start.workflow = "order";
    start.workflow_id = sarn_str("1234"); /* The input lies between two eights. */
    start.input = &credit;
    start.flags = SARN_START_DETACHED;
    assert_ok(sarn_execute(engine, &start, NULL, &error), &error);
    signal.op = SARN_CONTROL_SIGNAL;
    signal.workflow = sarn_str("order");
    signal.workflow_id = sarn_str("1234");
    signal.name = sarn_str("approve");
    assert_ok(sarn_control_call(engine, &signal, NULL, NULL, &error), &error);
    start.flags = 0; /* Joined, to its end. */
    assert_ok(sarn_execute(engine, &start, NULL, &error), &error);
    sarn_close(engine);
}

static struct sarn_trial ask_shop(const struct sarn_projection *counts,
                                  struct heard *heard)
{
    struct sarn_trial asked = SARN_TRIAL_INIT;
    struct tempdir dir;
    struct sarn_error error;
    struct shop shop, old_shop;
    const char *path;

    tempdir_make(&dir);
    path = tempdir_path(&dir, "shop.sarn");
    make_shop_log(path);
    shop_init(&shop, counts);
    shop_init(&old_shop, &old_counts);
    asked.old_modules = old_shop.modules;
    asked.old_module_count = 2;
    *heard = (struct heard){.size = 0};
    asked.modules = shop.modules;
    asked.module_count = 2;
    asked.change = hear;
    asked.arg = heard;
    assert_ok(sarn_what_if(path, &asked, &error), &error);
    tempdir_remove(&dir);
    return asked;
}

static void a_signal_is_told_again_and_what_stands_is_folded(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask_shop(&old_counts, &heard);

    (void)unused;
    assert_string_equal(heard.text, "");
    assert_int_equal(asked.executions, 1);
    assert_int_equal(asked.different, 0);
    assert_true(asked.rows >= 4); /* Two counts and two balances. */
    assert_int_equal(asked.rows_different, 0);
    assert_int_equal(asked.not_compared, 0);
}

static void rows_that_new_code_makes_otherwise_are_counted(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask_shop(&new_counts, &heard);

    (void)unused;
    assert_int_equal(asked.rows_different, 1); /* account-1 has two events. */
    assert_string_equal(heard.text, "5 counts:  -> 1 changed, 0 more, 0 fewer\n");
    assert_int_equal(asked.different, 0);
}

/* --- tests --- */

static void
the_same_steps_are_answered_from_history_and_differ_in_nothing(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask(&same_order, 0, &heard);

    (void)unused;
    assert_string_equal(heard.text, "");
    assert_int_equal(asked.executions, 3);
    assert_int_equal(asked.different, 0);
    assert_int_equal(asked.unanswered, 0);
    assert_int_equal(asked.not_compared, 0);
}

static void a_stricter_local_step_ends_executions_and_compensates_more(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask(&strict_order, 0, &heard);

    (void)unused;
    assert_int_equal(asked.executions, 3);
    assert_int_equal(asked.different, 3);
    /* reserve of good and fine; that of bad was compensated before. */
    assert_int_equal(asked.compensated_more, 2);
    assert_int_equal(asked.compensated_less, 0);
    assert_non_null(strstr(heard.text, "order-good: completed -> compensated"));
    assert_null(strstr(heard.text, "order-bad: completed"));
}

static void a_step_that_history_does_not_know_is_said_and_waited_for(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask(&longer_order, 0, &heard);

    (void)unused;
    assert_int_equal(asked.unanswered, 3);
    assert_non_null(strstr(heard.text, "6 order-good:  -> insure\n"));
    assert_int_equal(asked.compensated_more, 0);
    assert_int_equal(asked.compensated_less, 1); /* bad stays where it is. */
}

static void executions_before_the_range_are_not_run_again(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask(&strict_order, 1000000, &heard);

    (void)unused;
    assert_int_equal(asked.executions, 0);
    assert_int_equal(asked.different, 0);
    assert_string_equal(heard.text, "");
}

static void a_log_that_is_not_there_is_an_error(void **unused)
{
    struct sarn_trial asked = SARN_TRIAL_INIT;
    struct sarn_error error;

    (void)unused;
    assert_int_equal(sarn_what_if("/nonexistent/x.sarn", &asked, &error),
                     SARN_ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_same_steps_are_answered_from_history_and_differ_in_nothing),
        cmocka_unit_test(a_stricter_local_step_ends_executions_and_compensates_more),
        cmocka_unit_test(a_step_that_history_does_not_know_is_said_and_waited_for),
        cmocka_unit_test(executions_before_the_range_are_not_run_again),
        cmocka_unit_test(a_signal_is_told_again_and_what_stands_is_folded),
        cmocka_unit_test(rows_that_new_code_makes_otherwise_are_counted),
        cmocka_unit_test(a_log_that_is_not_there_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
