/* The bundled business: a transfer between two accounts, a day's activity. */
#include "crash/faults/scenes.h"

#include <stdio.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static bool send(struct fault_world *world,
                 const char *stream,
                 const struct sarn_type *type,
                 const void *data,
                 const char *key)
{
    struct sarn_command command = SARN_COMMAND_INIT;

    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    command.key = sarn_str(key);
    return DID(world, sarn_call(world->engine, &command, NULL, &world->error));
}

static void pay(struct fault_world *world)
{
    const struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_EUR};
    const struct payments_credit credit = {
        .amount = {.minor = 500, .currency = PAYMENTS_CURRENCY_EUR}};
    const struct payments_transfer transfer = {
        .amount = {.minor = 200, .currency = PAYMENTS_CURRENCY_EUR},
        .from_account = SARN_STR("1"),
        .to_account = SARN_STR("2")};
    struct sarn_start start = SARN_START_INIT;

    start.workflow = "funds_transfer";
    start.workflow_id = sarn_str("rent");
    start.input = &transfer;
    start.exists = world->strict ? SARN_EXISTS_RESTART_FAILED : SARN_EXISTS_JOIN;
    if (send(world, "account-1", &payments_open_account_type, &open, "open 1") &&
        send(world, "account-2", &payments_open_account_type, &open, "open 2") &&
        send(world, "account-1", &payments_credit_type, &credit, "credit")) {
        sarn_status status;

        fault_begin(world, "sarn_execute()");
        status = sarn_execute(world->engine, &start, NULL, &world->error);
        if (status == SARN_ERR_EXISTS && world->strict) { /* It has completed. */
            start.exists = SARN_EXISTS_JOIN;
            status = sarn_execute(world->engine, &start, NULL, &world->error);
        }
        (void)fault_did(world, status);
    }
}

static sarn_status add_balance(void *arg, struct sarn_str key, const void *row)
{
    (void)key;
    *(int64_t *)arg += ((const struct payments_balance *)row)->balance;
    return SARN_OK;
}

static void check_books(struct fault_world *world)
{
    struct sarn_query query = SARN_QUERY_INIT;
    int64_t sum = 0;

    query.projection = "balances";
    if (DID(world, sarn_log_query(sarn_engine_log(world->engine), &query, add_balance,
                                  &sum, &world->error)) &&
        sum != 500) {
        HOLDS(world, sum == 500);
    }
}

static void record(struct fault_world *world)
{
    struct analytics_record activity = {
        .transaction = SARN_STR("rent"),
        .kind = 1,
        .amount = {.minor = 200, .currency = PAYMENTS_CURRENCY_EUR}};
    char stream[SARN_ANALYTICS_STREAM_BYTES], name[32];
    uint32_t size = 0;

    activity.day = sarn_analytics_day(INT64_C(1700000000000000));
    (void)sarn_analytics_stream(activity.day, activity.kind, PAYMENTS_CURRENCY_EUR,
                                stream);
    (void)send(world, stream, &analytics_record_type, &activity, "record");
    HOLDS(world, sarn_compliance_name(sarn_str("Eva  Nova"), name, sizeof(name),
                                      &size) == SARN_OK &&
                     size > 0);
}

void scene_modules(struct fault_world *world)
{
    const struct sarn_module *const modules[] = {&jar_module,
                                                 &sarn_users_module,
                                                 &sarn_compliance_module,
                                                 &sarn_payments_module,
                                                 &sarn_funds_transfer_module,
                                                 &sarn_analytics_module,
                                                 &sarn_notifications_module,
                                                 &sarn_financial_transaction_module};

    if (!fault_open_with(world, 0, modules, COUNT(modules))) {
        return;
    }
    pay(world);
    check_books(world);
    record(world);
    fault_close(world);
}
