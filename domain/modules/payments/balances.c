/* The projection "balances": a row per account, and an index by balance. */
#include "account.h"

static const struct sarn_str stream_prefix =
    SARN_STR(SARN_PAYMENTS_ACCOUNT_CATEGORY "-");

/* What an event changes in its account's row. */
struct change {
    struct payments_money amount;
    int balance, reserved; /* Times the amount: -1, 0 or 1. */
    uint8_t status;        /* NONE: as before. */
    uint16_t currency;     /* NONE: as before. */
};

static struct change booking(struct payments_money amount, int balance, int reserved)
{
    return (struct change){.amount = amount, .balance = balance, .reserved = reserved};
}

static struct change status_of(uint8_t status, uint16_t currency)
{
    return (struct change){.status = status, .currency = currency};
}

static struct change change_of(const struct sarn_event *event)
{
    const struct sarn_type *type = event->type;

    if (type == &payments_account_credited_type) {
        return booking(((const struct payments_account_credited *)event->data)->amount,
                       1, 0);
    }
    if (type == &payments_account_debited_type) {
        return booking(((const struct payments_account_debited *)event->data)->amount,
                       -1, 0);
    }
    if (type == &payments_funds_reserved_type) {
        return booking(((const struct payments_funds_reserved *)event->data)->amount, 0,
                       1);
    }
    if (type == &payments_reservation_released_type) {
        return booking(
            ((const struct payments_reservation_released *)event->data)->amount, 0, -1);
    }
    if (type == &payments_reservation_captured_type) {
        return booking(
            ((const struct payments_reservation_captured *)event->data)->amount, -1,
            -1);
    }
    if (type == &payments_credit_reversed_type) {
        return booking(((const struct payments_credit_reversed *)event->data)->amount,
                       -1, 0);
    }
    if (type == &payments_capture_reversed_type) {
        return booking(((const struct payments_capture_reversed *)event->data)->amount,
                       1, 1);
    }
    if (type == &payments_account_opened_type) {
        return status_of(
            PAYMENTS_ACCOUNT_STATUS_OPEN,
            ((const struct payments_account_opened *)event->data)->currency);
    }
    if (type == &payments_account_frozen_type) {
        return status_of(PAYMENTS_ACCOUNT_STATUS_FROZEN, PAYMENTS_CURRENCY_NONE);
    }
    if (type == &payments_account_closed_type) {
        return status_of(PAYMENTS_ACCOUNT_STATUS_CLOSED, PAYMENTS_CURRENCY_NONE);
    }
    return status_of(PAYMENTS_ACCOUNT_STATUS_OPEN,
                     PAYMENTS_CURRENCY_NONE); /* Unfrozen. */
}

/* The id in the name of an account's stream. */
static struct sarn_str account_id(struct sarn_str stream)
{
    return (struct sarn_str){stream.data + stream_prefix.size,
                             stream.size - stream_prefix.size};
}

static sarn_status keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    struct sarn_key key = {0};
    sarn_status status;

    if (event->stream.size < stream_prefix.size) {
        return SARN_ERR_CORRUPT;
    }
    status = sarn_key_add_u64(&key, event->tenant);
    if (status == SARN_OK) {
        status = sarn_key_add_text(&key, account_id(event->stream));
    }
    return status != SARN_OK ? status : sarn_keys_add(keys, &key);
}

static sarn_status apply(struct sarn_row *row, const struct sarn_event *event)
{
    const struct change change = change_of(event);
    struct payments_balance *data = row->data;
    /* Book it on a state of an account's numbers, for the same checked arithmetic. */
    struct payments_account numbers = {.balance = data->balance,
                                       .reserved = data->reserved};

    if (event->stream.size < stream_prefix.size || data->reserved < 0 ||
        !sarn__account_book(&numbers, change.amount.minor * change.balance,
                            change.amount.minor * change.reserved)) {
        return SARN_ERR_CORRUPT;
    }
    if (!row->existed) {
        data->tenant = event->tenant;
        data->account = account_id(event->stream);
    }
    data->balance = numbers.balance;
    data->reserved = numbers.reserved;
    if (change.status != PAYMENTS_ACCOUNT_STATUS_NONE) {
        data->status = change.status;
    }
    if (change.currency != PAYMENTS_CURRENCY_NONE) {
        data->currency = change.currency;
    }
    return SARN_OK;
}

static sarn_status by_balance(const void *row, struct sarn_key *key)
{
    const struct payments_balance *data = row;
    sarn_status status = sarn_key_add_u64(key, data->tenant);

    if (status == SARN_OK) {
        status = sarn_key_add_i64(key, data->balance);
    }
    return status != SARN_OK ? status : sarn_key_add_text(key, data->account);
}

static const struct sarn_index indexes[] = {{.name = "by_balance", .key = by_balance}};

const struct sarn_projection sarn__balances = {
    .name = "balances",
    .version = 1,
    .mode = SARN_INLINE,
    .row = &payments_balance_type,
    .keys = keys,
    .apply = apply,
    .events = sarn__account_events,
    .event_count = SARN__ACCOUNT_EVENT_COUNT,
    .index_count = sizeof(indexes) / sizeof(indexes[0]),
    .indexes = indexes,
};
