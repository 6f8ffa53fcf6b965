#include "support/bank.h"

#include <string.h>

#include "infra/memory/codec.h"

#define CURRENCY PAYMENTS_CURRENCY_CZK

static const struct sarn_module *const modules[] = {&sarn_payments_module};

void bank_open(struct bank *bank, uint64_t seed, const struct sarn_options *options)
{
    struct sarn__sim_options sim = {.seed = seed, .codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    if (options != NULL) {
        sim.options = *options;
    }
    sim.options.modules = modules;
    sim.options.module_count = 1;
    bank->arena = sarn_arena_create(NULL);
    assert_non_null(bank->arena);
    if (sarn__sim_create(&sim, &bank->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

void bank_close(struct bank *bank)
{
    sarn__sim_destroy(bank->sim);
    sarn_arena_destroy(bank->arena);
}

static void send(struct bank *bank,
                 const char *account,
                 const struct sarn_type *type,
                 const void *data,
                 const char *key,
                 struct sarn__sim_outcome *out)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn_error error = {SARN_OK, ""};
    char stream[64];

    snprintf(stream, sizeof(stream), "account-%s", account);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    command.key = sarn_str(key);
    memset(out, 0, sizeof(*out));
    if (sarn__sim_submit(bank->sim, &command, out, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

void bank_send_open(struct bank *bank,
                    const char *account,
                    struct sarn__sim_outcome *out)
{
    struct payments_open_account open = {.currency = CURRENCY};

    send(bank, account, &payments_open_account_type, &open, NULL, out);
}

void bank_send_credit(struct bank *bank,
                      const char *account,
                      int64_t minor,
                      const char *key,
                      struct sarn__sim_outcome *out)
{
    struct payments_credit credit = {.amount = {.minor = minor, .currency = CURRENCY}};

    send(bank, account, &payments_credit_type, &credit, key, out);
}

void bank_send_debit(struct bank *bank,
                     const char *account,
                     int64_t minor,
                     const char *key,
                     struct sarn__sim_outcome *out)
{
    struct payments_debit debit = {.amount = {.minor = minor, .currency = CURRENCY}};

    send(bank, account, &payments_debit_type, &debit, key, out);
}

const char *bank_describe(struct bank *bank, const struct sarn__sim_outcome *out)
{
    assert_int_equal(out->answers, 1);
    if (out->status == SARN_OK) {
        snprintf(bank->text, sizeof(bank->text),
                 "ok position=%" PRIu64 " version=%" PRId64 "%s", out->position,
                 out->version, out->repeated ? " repeated" : "");
    } else {
        snprintf(bank->text, sizeof(bank->text), "%s: %s%s",
                 sarn_status_text(out->status), out->text,
                 out->repeated ? " repeated" : "");
    }
    return bank->text;
}

const char *bank_do_open(struct bank *bank, const char *account)
{
    struct sarn__sim_outcome out;

    bank_send_open(bank, account, &out);
    sarn__sim_run(bank->sim);
    return bank_describe(bank, &out);
}

const char *
bank_do_credit(struct bank *bank, const char *account, int64_t minor, const char *key)
{
    struct sarn__sim_outcome out;

    bank_send_credit(bank, account, minor, key, &out);
    sarn__sim_run(bank->sim);
    return bank_describe(bank, &out);
}

const char *
bank_do_debit(struct bank *bank, const char *account, int64_t minor, const char *key)
{
    struct sarn__sim_outcome out;

    bank_send_debit(bank, account, minor, key, &out);
    sarn__sim_run(bank->sim);
    return bank_describe(bank, &out);
}

/* --- what is known afterwards --- */

static sarn_status
take_balance(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    const struct payments_account *account = state;
    int64_t *balance = arg;

    (void)stream;
    *balance = version < 0 ? INT64_MIN : account->balance;
    return SARN_OK;
}

int64_t bank_balance(struct bank *bank, const char *account)
{
    struct sarn_error error = {SARN_OK, ""};
    int64_t balance = 0;
    struct sarn_str stream;
    char name[64];

    snprintf(name, sizeof(name), "account-%s", account);
    stream = sarn_str(name);
    if (sarn__engine_load(sarn__sim_engine(bank->sim), 0, &stream, 1, take_balance,
                          &balance, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    return balance;
}

int64_t bank_row(struct bank *bank, const char *account)
{
    struct sarn_log *log = sarn__engine_log(sarn__sim_engine(bank->sim));
    struct sarn_error error = {SARN_OK, ""};
    struct payments_balance row;
    struct sarn_key key = {.size = 0};
    sarn_status status;

    sarn__engine_settle(sarn__sim_engine(bank->sim));
    sarn_arena_reset(bank->arena);
    assert_int_equal(sarn_key_add_u64(&key, 0), SARN_OK);
    assert_int_equal(sarn_key_add_text(&key, sarn_str(account)), SARN_OK);
    status = sarn__projections_row(log->projections, sarn_str("balances"), &key,
                                   bank->arena, &row, &error);
    if (status == SARN_ERR_NOT_FOUND) {
        return INT64_MIN;
    }
    if (status != SARN_OK) {
        fail_msg("%s", error.text);
    }
    return row.balance;
}

uint64_t bank_last(struct bank *bank)
{
    sarn__engine_settle(sarn__sim_engine(bank->sim));
    return sarn__engine_log(sarn__sim_engine(bank->sim))->store.position;
}
