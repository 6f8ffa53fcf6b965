/* A module that is not bundled: it counts the credits of each account. Compiled twice:
 * to counter.so, for sarn replay --module, and with main() to the program that writes a
 * log with it: counter LOG. */
#include <sarn/payments.h>
#include <sarn/sarn.h>
#include <stdio.h>

static sarn_status keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    struct sarn_key key = {0};
    sarn_status status = sarn_key_add_text(&key, event->stream);

    return status == SARN_OK ? sarn_keys_add(keys, &key) : status;
}

static sarn_status apply(struct sarn_row *row, const struct sarn_event *event)
{
    struct payments_balance *data = row->data;

    data->account = event->stream;
    data->balance += 1; /* A count, in a row made for something else. */
    return SARN_OK;
}

static const struct sarn_type *const events[] = {&payments_account_credited_type};
static const struct sarn_projection counts = {.name = "counts",
                                              .version = 1,
                                              .mode = SARN_INLINE,
                                              .row = &payments_balance_type,
                                              .keys = keys,
                                              .apply = apply,
                                              .events = events,
                                              .event_count = 1};
static const struct sarn_projection *const projections[] = {&counts};
static const struct sarn_module counter = {.abi = SARN_MODULE_ABI,
                                           .struct_size = sizeof(counter),
                                           .name = "counter",
                                           .version = "1",
                                           .projections = projections,
                                           .projection_count = 1};

SARN_API const struct sarn_module *sarn_module_entry(void);

const struct sarn_module *sarn_module_entry(void)
{
    return &counter;
}

#ifdef PROGRAM
int main(int argc, char **argv)
{
    const struct sarn_module *const modules[] = {&sarn_payments_module, &counter};
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_command command = SARN_COMMAND_INIT;
    const struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_EUR};
    const struct payments_credit credit = {
        .amount = {.minor = 5, .currency = PAYMENTS_CURRENCY_EUR}};
    struct sarn_error error = {SARN_OK, ""};
    sarn_engine *engine = NULL;
    sarn_status status;

    options.modules = modules;
    options.module_count = 2;
    status = sarn_open(argc > 1 ? argv[1] : "", &options, &engine, &error);
    command.stream = sarn_str("account-1");
    command.type = &payments_open_account_type;
    command.data = &open;
    if (status == SARN_OK) {
        status = sarn_call(engine, &command, NULL, &error);
    }
    command.type = &payments_credit_type;
    command.data = &credit;
    for (int i = 0; i < 3 && status == SARN_OK; i++) {
        status = sarn_call(engine, &command, NULL, &error);
    }
    sarn_close(engine);
    fputs(error.text, stderr);
    return status != SARN_OK;
}
#endif
