/* The module "payments", as it is registered. */
#include "sarn/payments.h"

#include "account.h"

static const struct sarn_type *const commands[] = {
    &payments_open_account_type,    &payments_credit_type,
    &payments_debit_type,           &payments_reserve_type,
    &payments_release_type,         &payments_capture_type,
    &payments_check_credit_type,    &payments_reverse_credit_type,
    &payments_reverse_capture_type, &payments_freeze_type,
    &payments_unfreeze_type,        &payments_close_type,
};

const struct sarn_type *const sarn__account_events[SARN__ACCOUNT_EVENT_COUNT] = {
    &payments_account_opened_type,       &payments_account_credited_type,
    &payments_account_debited_type,      &payments_funds_reserved_type,
    &payments_reservation_released_type, &payments_reservation_captured_type,
    &payments_credit_reversed_type,      &payments_capture_reversed_type,
    &payments_account_frozen_type,       &payments_account_unfrozen_type,
    &payments_account_closed_type,
};

static const struct sarn_aggregate account = {
    .category = SARN_PAYMENTS_ACCOUNT_CATEGORY,
    .apply_version = 1,
    .snapshot_every = 512,
    .state = &payments_account_type,
    .decide = sarn__account_decide,
    .apply = sarn__account_apply,
    .commands = commands,
    .command_count = sizeof(commands) / sizeof(commands[0]),
    .event_count = SARN__ACCOUNT_EVENT_COUNT,
    .events = sarn__account_events,
};

static const struct sarn_aggregate *const aggregates[] = {&account};
static const struct sarn_projection *const projections[] = {&sarn__balances};

const struct sarn_module sarn_payments_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "payments",
    .version = "1",
    .aggregates = aggregates,
    .projections = projections,
    .aggregate_count = 1,
    .projection_count = 1,
};
