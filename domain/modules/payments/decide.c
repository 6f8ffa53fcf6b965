/* What an account answers to a command: events, or a sentence why not. */
#include "account.h"

#include <assert.h>
#include <inttypes.h>

#define TEXT(str) (int)(str).size, (str).data

typedef sarn_status decide_fn(const struct payments_account *account,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision);

/* "CZK", for the sentences; a currency without a name here is spelled as its number. */
static const char *currency_text(uint16_t currency, char buffer[8])
{
    const struct sarn_enum *names = payments_money_type.fields[1].enumeration;

    for (uint32_t i = 0; names != NULL && i < names->value_count; i++) {
        if (names->values[i].value == currency) {
            return names->values[i].name;
        }
    }
    for (int i = 6; i >= 1; i--) {
        buffer[i] = (char)('0' + currency % 10);
        currency = (uint16_t)(currency / 10);
    }
    buffer[0] = '#';
    buffer[7] = '\0';
    return buffer;
}

/* --- what several commands ask first; each is SARN_OK or a rejection --- */

static sarn_status check_opened(const struct payments_account *account,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    if (account->status == PAYMENTS_ACCOUNT_STATUS_NONE) {
        return sarn_reject(decision, "%.*s was never opened", TEXT(command->stream));
    }
    return SARN_OK;
}

static sarn_status check_not_closed(const struct payments_account *account,
                                    const struct sarn_command_view *command,
                                    struct sarn_decision *decision)
{
    sarn_status status = check_opened(account, command, decision);

    if (status == SARN_OK && account->status == PAYMENTS_ACCOUNT_STATUS_CLOSED) {
        return sarn_reject(decision, "%.*s is closed", TEXT(command->stream));
    }
    return status;
}

/* May money leave at all? */
static sarn_status check_open(const struct payments_account *account,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision)
{
    sarn_status status = check_not_closed(account, command, decision);

    if (status == SARN_OK && account->status == PAYMENTS_ACCOUNT_STATUS_FROZEN) {
        return sarn_reject(decision, "%.*s is frozen", TEXT(command->stream));
    }
    return status;
}

static sarn_status check_amount(const struct payments_account *account,
                                const struct payments_money *amount,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    char mine[8], theirs[8];

    if (amount->minor <= 0) {
        return sarn_reject(decision,
                           "an amount must be positive; %.*s was given %" PRId64 "",
                           TEXT(command->stream), amount->minor);
    }
    if (amount->currency != account->currency) {
        return sarn_reject(decision, "%.*s is kept in %s, not in %s",
                           TEXT(command->stream),
                           currency_text(account->currency, mine),
                           currency_text(amount->currency, theirs));
    }
    return SARN_OK;
}

/* Would the limits of int64 hold with these differences booked? */
static sarn_status check_range(const struct payments_account *account,
                               int64_t balance,
                               int64_t reserved,
                               const struct sarn_command_view *command,
                               struct sarn_decision *decision)
{
    struct payments_account next = *account;

    if (!sarn__account_book(&next, balance, reserved)) {
        return sarn_reject(decision,
                           "%.*s cannot hold that: its balance of %" PRId64
                           " would leave the range of 64 bits",
                           TEXT(command->stream), account->balance);
    }
    return SARN_OK;
}

/* Can account pay amount? */
static sarn_status check_funds(const struct payments_account *account,
                               int64_t amount,
                               const struct sarn_command_view *command,
                               struct sarn_decision *decision)
{
    sarn_status status = check_range(account, 0, amount, command, decision);
    int64_t left;
    char currency[8];

    if (status != SARN_OK || account->overdraft_unlimited) {
        return status;
    }
    left = account->balance - account->reserved - amount; /* Fits: just checked. */
    if (left < -account->overdraft_limit) {
        return sarn_reject(
            decision,
            "%.*s cannot pay %" PRId64 " %s (minor units): its balance is %" PRId64
            ", of which %" PRId64 " are reserved, and its overdraft limit %" PRId64 "",
            TEXT(command->stream), amount, currency_text(account->currency, currency),
            account->balance, account->reserved, account->overdraft_limit);
    }
    return SARN_OK;
}

static sarn_status check_reservation_id(struct sarn_str id,
                                        const struct sarn_command_view *command,
                                        struct sarn_decision *decision)
{
    if (id.size == 0 || id.size > SARN_KEY_BYTES_MAX) {
        return sarn_reject(
            decision, "a reservation in %.*s needs an id of 1 to %u bytes, not of %u",
            TEXT(command->stream), SARN_KEY_BYTES_MAX, id.size);
    }
    return SARN_OK;
}

/* --- one function per command --- */

static sarn_status open_account(const struct payments_account *account,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    const struct payments_open_account *open = command->data;
    const struct payments_account_opened event = {
        .currency = open->currency,
        .overdraft_limit = open->overdraft_limit,
        .overdraft_unlimited = open->overdraft_unlimited};

    if (open->currency == PAYMENTS_CURRENCY_NONE) {
        return sarn_reject(decision, "%.*s cannot be opened without a currency",
                           TEXT(command->stream));
    }
    if (open->overdraft_limit < 0 ||
        (open->overdraft_unlimited && open->overdraft_limit != 0)) {
        return sarn_reject(
            decision,
            "%.*s cannot be opened: an overdraft limit is 0 or more, and "
            "0 where it is unlimited, not %" PRId64 "",
            TEXT(command->stream), open->overdraft_limit);
    }
    if (account->status == PAYMENTS_ACCOUNT_STATUS_NONE) {
        return sarn_emit(decision, &payments_account_opened_type, &event);
    }
    if (account->status == PAYMENTS_ACCOUNT_STATUS_CLOSED) {
        return sarn_reject(decision, "%.*s was closed and is not opened again",
                           TEXT(command->stream));
    }
    if (account->currency != open->currency ||
        account->overdraft_limit != open->overdraft_limit ||
        account->overdraft_unlimited != open->overdraft_unlimited) {
        return sarn_reject(decision, "%.*s is open already, on other terms",
                           TEXT(command->stream));
    }
    return SARN_OK;
}

/* Could amount be credited? */
static sarn_status check_credit(const struct payments_account *account,
                                const struct payments_money *amount,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision)
{
    sarn_status status = check_not_closed(account, command, decision);

    if (status == SARN_OK) {
        status = check_amount(account, amount, command, decision);
    }
    if (status == SARN_OK) {
        status = check_range(account, amount->minor, 0, command, decision);
    }
    return status;
}

static sarn_status credit(const struct payments_account *account,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct payments_credit *c = command->data;
    const struct payments_account_credited event = {.amount = c->amount,
                                                    .reference = c->reference,
                                                    .text = c->text,
                                                    .value_us = c->value_us};
    sarn_status status = check_credit(account, &c->amount, command, decision);

    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_account_credited_type, &event);
}

static sarn_status check_credit_only(const struct payments_account *account,
                                     const struct sarn_command_view *command,
                                     struct sarn_decision *decision)
{
    const struct payments_check_credit *c = command->data;

    return check_credit(account, &c->amount, command, decision);
}

static sarn_status debit(const struct payments_account *account,
                         const struct sarn_command_view *command,
                         struct sarn_decision *decision)
{
    const struct payments_debit *d = command->data;
    const struct payments_account_debited event = {.amount = d->amount,
                                                   .reference = d->reference,
                                                   .text = d->text,
                                                   .value_us = d->value_us};
    sarn_status status = check_open(account, command, decision);

    if (status == SARN_OK) {
        status = check_amount(account, &d->amount, command, decision);
    }
    if (status == SARN_OK) {
        status = check_funds(account, d->amount.minor, command, decision);
    }
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_account_debited_type, &event);
}

static sarn_status reserve(const struct payments_account *account,
                           const struct sarn_command_view *command,
                           struct sarn_decision *decision)
{
    const struct payments_reserve *r = command->data;
    const struct payments_funds_reserved event = {.reservation = r->reservation,
                                                  .amount = r->amount};
    sarn_status status = check_open(account, command, decision);
    int64_t before;

    if (status == SARN_OK) {
        status = check_reservation_id(r->reservation, command, decision);
    }
    if (status == SARN_OK) {
        status = check_amount(account, &r->amount, command, decision);
    }
    if (status != SARN_OK) {
        return status;
    }
    before = sarn__account_reservation(account, r->reservation);
    if (before == r->amount.minor) {
        return SARN_OK;
    }
    if (before != 0) {
        return sarn_reject(
            decision,
            "%.*s has a reservation %.*s already, of %" PRId64 " and not %" PRId64 "",
            TEXT(command->stream), TEXT(r->reservation), before, r->amount.minor);
    }
    if (sarn__account_reservation_count(account) >= SARN_PAYMENTS_RESERVATIONS_MAX) {
        return sarn_reject(decision,
                           "%.*s has %u reservations already; release one first",
                           TEXT(command->stream), SARN_PAYMENTS_RESERVATIONS_MAX);
    }
    status = check_funds(account, r->amount.minor, command, decision);
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_funds_reserved_type, &event);
}

/* The amount reserved under id, or a rejection. */
static sarn_status find_reservation(const struct payments_account *account,
                                    struct sarn_str id,
                                    const struct sarn_command_view *command,
                                    struct sarn_decision *decision,
                                    struct payments_money *amount)
{
    int64_t minor = sarn__account_reservation(account, id);

    if (minor == 0) {
        return sarn_reject(decision, "%.*s has no reservation %.*s",
                           TEXT(command->stream), TEXT(id));
    }
    *amount = (struct payments_money){.minor = minor, .currency = account->currency};
    return SARN_OK;
}

static sarn_status release(const struct payments_account *account,
                           const struct sarn_command_view *command,
                           struct sarn_decision *decision)
{
    const struct payments_release *r = command->data;
    struct payments_reservation_released event = {.reservation = r->reservation};
    sarn_status status = check_opened(account, command, decision);

    if (status == SARN_OK) {
        status =
            find_reservation(account, r->reservation, command, decision, &event.amount);
    }
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_reservation_released_type, &event);
}

static sarn_status capture(const struct payments_account *account,
                           const struct sarn_command_view *command,
                           struct sarn_decision *decision)
{
    const struct payments_capture *c = command->data;
    struct payments_reservation_captured event = {.reservation = c->reservation,
                                                  .reference = c->reference,
                                                  .text = c->text,
                                                  .value_us = c->value_us};
    sarn_status status = check_open(account, command, decision);

    if (status == SARN_OK) {
        status =
            find_reservation(account, c->reservation, command, decision, &event.amount);
    }
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_reservation_captured_type, &event);
}

static sarn_status reverse_credit(const struct payments_account *account,
                                  const struct sarn_command_view *command,
                                  struct sarn_decision *decision)
{
    const struct payments_reverse_credit *r = command->data;
    const struct payments_credit_reversed event = {.amount = r->amount,
                                                   .reference = r->reference};
    sarn_status status = check_opened(account, command, decision);

    if (status == SARN_OK) {
        status = check_amount(account, &r->amount, command, decision);
    }
    if (status == SARN_OK) {
        status = check_range(account, -r->amount.minor, 0, command, decision);
    }
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_credit_reversed_type, &event);
}

static sarn_status reverse_capture(const struct payments_account *account,
                                   const struct sarn_command_view *command,
                                   struct sarn_decision *decision)
{
    const struct payments_reverse_capture *r = command->data;
    const struct payments_capture_reversed event = {
        .reservation = r->reservation, .amount = r->amount, .reference = r->reference};
    sarn_status status = check_opened(account, command, decision);

    if (status == SARN_OK) {
        status = check_reservation_id(r->reservation, command, decision);
    }
    if (status == SARN_OK) {
        status = check_amount(account, &r->amount, command, decision);
    }
    if (status == SARN_OK && sarn__account_reservation(account, r->reservation) != 0) {
        return sarn_reject(decision, "%.*s has not captured the reservation %.*s",
                           TEXT(command->stream), TEXT(r->reservation));
    }
    if (status == SARN_OK) {
        status =
            check_range(account, r->amount.minor, r->amount.minor, command, decision);
    }
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_capture_reversed_type, &event);
}

static sarn_status freeze(const struct payments_account *account,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision)
{
    const struct payments_freeze *f = command->data;
    const struct payments_account_frozen event = {.reason = f->reason};
    sarn_status status = check_not_closed(account, command, decision);

    if (status != SARN_OK || account->status == PAYMENTS_ACCOUNT_STATUS_FROZEN) {
        return status;
    }
    return sarn_emit(decision, &payments_account_frozen_type, &event);
}

static sarn_status unfreeze(const struct payments_account *account,
                            const struct sarn_command_view *command,
                            struct sarn_decision *decision)
{
    const struct payments_account_unfrozen event = {0};
    sarn_status status = check_not_closed(account, command, decision);

    if (status != SARN_OK || account->status == PAYMENTS_ACCOUNT_STATUS_OPEN) {
        return status;
    }
    return sarn_emit(decision, &payments_account_unfrozen_type, &event);
}

static sarn_status close_account(const struct payments_account *account,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision)
{
    const struct payments_account_closed event = {0};
    sarn_status status = check_opened(account, command, decision);

    if (status != SARN_OK || account->status == PAYMENTS_ACCOUNT_STATUS_CLOSED) {
        return status;
    }
    status = check_open(account, command, decision);
    if (status == SARN_OK && (account->balance != 0 || account->reserved != 0)) {
        return sarn_reject(decision,
                           "%.*s cannot be closed with a balance of %" PRId64
                           " and %" PRId64 " reserved",
                           TEXT(command->stream), account->balance, account->reserved);
    }
    return status != SARN_OK
               ? status
               : sarn_emit(decision, &payments_account_closed_type, &event);
}

static const struct {
    const struct sarn_type *command;
    decide_fn *decide;
} answers[] = {
    {&payments_credit_type, credit},
    {&payments_debit_type, debit},
    {&payments_reserve_type, reserve},
    {&payments_check_credit_type, check_credit_only},
    {&payments_capture_type, capture},
    {&payments_open_account_type, open_account},
    {&payments_release_type, release},
    {&payments_reverse_credit_type, reverse_credit},
    {&payments_reverse_capture_type, reverse_capture},
    {&payments_freeze_type, freeze},
    {&payments_unfreeze_type, unfreeze},
    {&payments_close_type, close_account},
};

sarn_status sarn__account_decide(const void *state,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision)
{
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        if (command->type == answers[i].command) {
            return answers[i].decide(state, command, decision);
        }
    }
    return SARN_ERR_INVALID; /* The engine hands over declared commands only. */
}
