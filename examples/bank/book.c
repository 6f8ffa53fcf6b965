/* What a row becomes: the account and the user that it needs, and then a command, or a
 * transaction. */
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define DAY_US INT64_C(86400000000)
/* "bank:" or "client:" before a bank or an account. */
#define USER_ID_BYTES (BANK_ID_BYTES + 8u)

/* --- accounts and users, on their first use in this file; again is nothing --- */

/* Note that id is used. *added: for the first time. false: stop. */
static bool
note(struct import *import, struct bank_ledger *used, const char *id, bool *added)
{
    if (bank_ledger_entry(used, id, added) == NULL) {
        bank_out_of_memory(import);
        return false;
    }
    return true;
}

static bool open_account(struct import *import, const char *account)
{
    const struct payments_open_account terms = {.currency = BANK_CURRENCY,
                                                .overdraft_unlimited = true};
    bool added = false;

    return note(import, &import->accounts, account, &added) &&
           (!added || bank_submit(import, NULL, SARN_PAYMENTS_ACCOUNT_CATEGORY, account,
                                  &payments_open_account_type, &terms));
}

/* Who pays from an account: a client of this bank from their own, another bank from all
 * that are kept in its name ("BANK:"). */
struct payer {
    char user[USER_ID_BYTES];
    char owns[BANK_ID_BYTES];
    bool prefix;
};

static struct payer payer_of(const char *account)
{
    const char *colon = strchr(account, ':');
    int bank = colon == NULL ? 0 : (int)(colon - account);
    struct payer payer = {.prefix = colon != NULL};

    if (bank_is_number(account)) {
        snprintf(payer.user, sizeof(payer.user), "client:%s", account);
    } else {
        snprintf(payer.user, sizeof(payer.user), "bank:%.*s", bank, account);
    }
    snprintf(payer.owns, sizeof(payer.owns), "%.*s",
             payer.prefix ? bank + 1 : (int)sizeof(payer.owns) - 1, account);
    return payer;
}

static bool send_to_user(struct import *import,
                         const struct payer *payer,
                         const struct sarn_type *type,
                         const void *data)
{
    return bank_submit(import, NULL, SARN_USERS_CATEGORY, payer->user, type, data);
}

/* The file is history: who is in it was known, and was allowed what they did. */
static bool set_up(struct import *import, const struct payer *payer)
{
    const struct users_register registration = {
        .name = sarn_str(payer->user),
        .kind = strncmp(payer->user, "bank:", 5) == 0 ? USERS_KIND_INSTITUTION
                                                      : USERS_KIND_PERSON};
    const struct users_verify verify = {.level = USERS_LEVEL_FULL,
                                        .by = SARN_STR(BANK_ORIGIN)};
    const struct compliance_set_limits limits = {.limits = {.transaction = INT64_MAX,
                                                            .window_sum = INT64_MAX,
                                                            .window_us = DAY_US,
                                                            .window_count = UINT32_MAX,
                                                            .currency = BANK_CURRENCY}};

    return send_to_user(import, payer, &users_register_type, &registration) &&
           send_to_user(import, payer, &users_verify_type, &verify) &&
           bank_submit(import, NULL, SARN_COMPLIANCE_CATEGORY, payer->user,
                       &compliance_set_limits_type, &limits);
}

static bool add_payer(struct import *import, const struct payer *payer)
{
    const struct users_add_account account = {.account = sarn_str(payer->owns),
                                              .prefix = payer->prefix};
    char owned[USER_ID_BYTES + BANK_ID_BYTES];
    bool added = false;

    if (!note(import, &import->users, payer->user, &added) ||
        (added && !set_up(import, payer))) {
        return false;
    }
    /* No field of a row has a newline in it. */
    snprintf(owned, sizeof(owned), "%s\n%s", payer->user, payer->owns);
    return note(import, &import->users, owned, &added) &&
           (!added || send_to_user(import, payer, &users_add_account_type, &account));
}

/* --- rows --- */

static bool transact(struct import *import, const struct bank_row *row)
{
    bool in = row->kind == BANK_TRANSFER_IN;
    const struct payer payer = payer_of(in ? row->other : row->account);
    const struct transactions_order order = {
        .user = sarn_str(payer.user),
        .from_account = sarn_str(in ? row->other : row->account),
        .to_account = sarn_str(in ? row->account : row->other),
        .amount = {.minor = row->minor, .currency = BANK_CURRENCY},
        .kind = in ? ANALYTICS_KIND_INCOMING : ANALYTICS_KIND_OUTGOING,
        .reference = sarn_str(row->trans_id),
        .text = sarn_str(row->text),
        .value_us = row->value_us};
    struct sarn_start start = SARN_START_INIT;
    struct flight *flight;
    struct sarn_error error;

    if (!add_payer(import, &payer) || (flight = bank_take_off(import, row)) == NULL) {
        return false;
    }
    start.workflow = BANK_WORKFLOW;
    start.workflow_id = order.reference;
    start.input = &order;
    start.origin = sarn_str(BANK_ORIGIN);
    if (sarn_execution_start(import->engine, &start, bank_landed, flight, &error) !=
        SARN_OK) {
        bank_call_off(flight, &error);
        return false;
    }
    return true;
}

static bool deposit(struct import *import, const struct bank_row *row)
{
    const struct payments_credit credit = {
        .amount = {.minor = row->minor, .currency = BANK_CURRENCY},
        .reference = sarn_str(row->trans_id),
        .text = sarn_str(row->text),
        .value_us = row->value_us};

    return bank_submit(import, row, SARN_PAYMENTS_ACCOUNT_CATEGORY, row->account,
                       &payments_credit_type, &credit);
}

static bool withdraw(struct import *import, const struct bank_row *row)
{
    const struct payments_debit debit = {
        .amount = {.minor = row->minor, .currency = BANK_CURRENCY},
        .reference = sarn_str(row->trans_id),
        .text = sarn_str(row->text),
        .value_us = row->value_us};

    return bank_submit(import, row, SARN_PAYMENTS_ACCOUNT_CATEGORY, row->account,
                       &payments_debit_type, &debit);
}

bool bank_book(struct import *import, const struct bank_row *row)
{
    if (!open_account(import, row->account)) {
        return false;
    }
    switch (row->kind) {
    case BANK_DEPOSIT:
        return deposit(import, row);
    case BANK_WITHDRAWAL:
        return withdraw(import, row);
    case BANK_TRANSFER_IN:
    case BANK_TRANSFER_OUT:
        return open_account(import, row->other) && transact(import, row);
    }
    return false;
}
