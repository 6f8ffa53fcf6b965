/* Requests of the wrong type, name or size: each error names what is wrong. */
#include "sarn/payments.h"
#include "support/good_log.h"

#include "support/test.h"

static const struct sarn_module *const modules[] = {&sarn_payments_module};

static sarn_engine *open_payments(struct good_log *w)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;

    options.modules = modules;
    options.module_count = 1;
    assert_ok(sarn_open(w->path, &options, &engine, &w->error), &w->error);
    return engine;
}

static void a_command_of_the_wrong_type_or_name_is_refused(void **unused)
{
    struct good_log w;
    struct payments_credit credit = {.amount = {.minor = 1}};
    struct payments_balance balance = {.tenant = 0};
    char long_name[400];
    sarn_engine *engine;
    struct sarn_command command = SARN_COMMAND_INIT;

    (void)unused;
    good_log_make(&w);
    engine = open_payments(&w);
    memset(long_name, 'n', sizeof(long_name));
    command.stream = sarn_str("account-1");
    command.type = &payments_balance_type; /* A row, not a command. */
    command.data = &balance;
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_INVALID);
    assert_non_null(strstr(w.error.text, "payments.Balance"));
    command.type = &payments_credit_type;
    command.data = &credit;
    command.stream = sarn_str("acount-1");
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(w.error.text, "\"acount\""));
    command.stream = (struct sarn_str){long_name, sizeof(long_name)};
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(w.error.text, "1 to 255 bytes, not 400"));
    command.stream = sarn_str("account-1");
    command.key = (struct sarn_str){long_name, sizeof(long_name)};
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(w.error.text, "at most 255 bytes, not 400"));
    assert_int_equal(good_log_append(engine, "account-1", sarn_str("x"), &w.error),
                     SARN_ERR_INVALID);
    assert_non_null(strstr(w.error.text, "send it a command"));
    sarn_close(engine);
    good_log_remove(&w);
}

static void a_payload_over_the_limit_is_refused(void **unused)
{
    struct good_log w;
    struct sarn_str payload = {NULL, SARN_PAYLOAD_BYTES_MAX + 1};
    sarn_engine *engine;
    char *large = calloc(1, payload.size);

    (void)unused;
    good_log_make(&w);
    payload.data = large;
    assert_non_null(large);
    engine = open_payments(&w);
    assert_int_equal(good_log_append(engine, "talk-1", payload, &w.error),
                     SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(w.error.text, "1048576"));
    payload.size--;
    assert_ok(good_log_append(engine, "talk-1", payload, &w.error), &w.error);
    sarn_close(engine);
    free(large);
    good_log_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_of_the_wrong_type_or_name_is_refused),
        cmocka_unit_test(a_payload_over_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
