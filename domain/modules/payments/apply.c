/* What an event does to an account. Events come from disk: one that cannot follow is
 * reported as corrupt and changes nothing. */
#include "account.h"

#include <assert.h>

typedef sarn_status apply_fn(struct payments_account *account,
                             const struct sarn_event *event,
                             struct sarn_arena *arena);

static bool may_book(const struct payments_account *account,
                     const struct payments_money *amount)
{
    return account->status != PAYMENTS_ACCOUNT_STATUS_NONE && amount->minor > 0 &&
           amount->currency == account->currency;
}

/* Put a new reservation in a free slot. There is none: the slots are doubled, so that
 * an account that reserves and releases all day does not grow its arena each time. */
static sarn_status add_reservation(struct payments_account *account,
                                   struct sarn_str id,
                                   int64_t amount,
                                   struct sarn_arena *arena)
{
    uint32_t count = account->reservations.size;
    uint32_t grown = count == 0 ? 2 : count * 2;
    uint32_t slot = 0;
    struct payments_reservation *slots;
    struct sarn_str copy;

    while (slot < count && account->reservations.data[slot].amount != 0) {
        slot++;
    }
    if (sarn_arena_copy(arena, id, &copy) != SARN_OK) {
        return SARN_ERR_NOMEM;
    }
    if (slot == count) {
        slots = sarn_arena_alloc(arena, grown * sizeof(*slots));
        if (slots == NULL) {
            return SARN_ERR_NOMEM;
        }
        for (uint32_t i = 0; i < count; i++) {
            slots[i] = account->reservations.data[i];
        }
        account->reservations.data = slots;
        account->reservations.size = grown;
    } else {
        /* The descriptor's vectors are const for readers; this state is ours. */
        slots = (struct payments_reservation *)(uintptr_t)account->reservations.data;
    }
    slots[slot] = (struct payments_reservation){.id = copy, .amount = amount};
    return SARN_OK;
}

static void remove_reservation(struct payments_account *account, struct sarn_str id)
{
    struct payments_reservation *slots =
        (struct payments_reservation *)(uintptr_t)account->reservations.data;

    for (uint32_t i = 0; i < account->reservations.size; i++) {
        if (slots[i].amount != 0 && sarn_str_equal(slots[i].id, id)) {
            slots[i] = (struct payments_reservation){.amount = 0};
        }
    }
}

static sarn_status opened(struct payments_account *account,
                          const struct sarn_event *event,
                          struct sarn_arena *arena)
{
    const struct payments_account_opened *e = event->data;

    (void)arena;
    if (account->status != PAYMENTS_ACCOUNT_STATUS_NONE || e->overdraft_limit < 0) {
        return SARN_ERR_CORRUPT;
    }
    account->status = PAYMENTS_ACCOUNT_STATUS_OPEN;
    account->currency = e->currency;
    account->overdraft_limit = e->overdraft_limit;
    account->overdraft_unlimited = e->overdraft_unlimited;
    return SARN_OK;
}

static sarn_status credited(struct payments_account *account,
                            const struct sarn_event *event,
                            struct sarn_arena *arena)
{
    const struct payments_account_credited *e = event->data;

    (void)arena;
    return may_book(account, &e->amount) &&
                   sarn__account_book(account, e->amount.minor, 0)
               ? SARN_OK
               : SARN_ERR_CORRUPT;
}

static sarn_status debited(struct payments_account *account,
                           const struct sarn_event *event,
                           struct sarn_arena *arena)
{
    const struct payments_account_debited *e = event->data;

    (void)arena;
    return may_book(account, &e->amount) &&
                   sarn__account_book(account, -e->amount.minor, 0)
               ? SARN_OK
               : SARN_ERR_CORRUPT;
}

static sarn_status credit_reversed(struct payments_account *account,
                                   const struct sarn_event *event,
                                   struct sarn_arena *arena)
{
    const struct payments_credit_reversed *e = event->data;

    (void)arena;
    return may_book(account, &e->amount) &&
                   sarn__account_book(account, -e->amount.minor, 0)
               ? SARN_OK
               : SARN_ERR_CORRUPT;
}

/* A reservation comes into being, and balance changes with it. */
static sarn_status put_aside(struct payments_account *account,
                             struct sarn_str reservation,
                             const struct payments_money *amount,
                             int64_t balance,
                             struct sarn_arena *arena)
{
    struct payments_account next = *account;
    sarn_status status;

    if (!may_book(account, amount) ||
        sarn__account_reservation(account, reservation) != 0 ||
        !sarn__account_book(&next, balance, amount->minor)) {
        return SARN_ERR_CORRUPT;
    }
    status = add_reservation(&next, reservation, amount->minor, arena);
    if (status == SARN_OK) {
        *account = next;
    }
    return status;
}

/* A reservation ends, and balance changes with it. */
static sarn_status take_back(struct payments_account *account,
                             struct sarn_str reservation,
                             const struct payments_money *amount,
                             int64_t balance)
{
    if (!may_book(account, amount) ||
        sarn__account_reservation(account, reservation) != amount->minor ||
        !sarn__account_book(account, balance, -amount->minor)) {
        return SARN_ERR_CORRUPT;
    }
    remove_reservation(account, reservation);
    return SARN_OK;
}

static sarn_status reserved(struct payments_account *account,
                            const struct sarn_event *event,
                            struct sarn_arena *arena)
{
    const struct payments_funds_reserved *e = event->data;

    return put_aside(account, e->reservation, &e->amount, 0, arena);
}

static sarn_status released(struct payments_account *account,
                            const struct sarn_event *event,
                            struct sarn_arena *arena)
{
    const struct payments_reservation_released *e = event->data;

    (void)arena;
    return take_back(account, e->reservation, &e->amount, 0);
}

static sarn_status captured(struct payments_account *account,
                            const struct sarn_event *event,
                            struct sarn_arena *arena)
{
    const struct payments_reservation_captured *e = event->data;

    (void)arena;
    return take_back(account, e->reservation, &e->amount, -e->amount.minor);
}

static sarn_status capture_reversed(struct payments_account *account,
                                    const struct sarn_event *event,
                                    struct sarn_arena *arena)
{
    const struct payments_capture_reversed *e = event->data;

    return put_aside(account, e->reservation, &e->amount, e->amount.minor, arena);
}

/* Which status may follow which, by an event that does nothing else. */
static sarn_status
change_status(struct payments_account *account, uint8_t from, uint8_t to)
{
    if (account->status != from) {
        return SARN_ERR_CORRUPT;
    }
    account->status = to;
    return SARN_OK;
}

static sarn_status frozen(struct payments_account *account,
                          const struct sarn_event *event,
                          struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    return change_status(account, PAYMENTS_ACCOUNT_STATUS_OPEN,
                         PAYMENTS_ACCOUNT_STATUS_FROZEN);
}

static sarn_status unfrozen(struct payments_account *account,
                            const struct sarn_event *event,
                            struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    return change_status(account, PAYMENTS_ACCOUNT_STATUS_FROZEN,
                         PAYMENTS_ACCOUNT_STATUS_OPEN);
}

static sarn_status closed(struct payments_account *account,
                          const struct sarn_event *event,
                          struct sarn_arena *arena)
{
    (void)event;
    (void)arena;
    if (account->balance != 0 || account->reserved != 0) {
        return SARN_ERR_CORRUPT;
    }
    return change_status(account, PAYMENTS_ACCOUNT_STATUS_OPEN,
                         PAYMENTS_ACCOUNT_STATUS_CLOSED);
}

static const struct {
    const struct sarn_type *event;
    apply_fn *apply;
} effects[] = {
    {&payments_account_credited_type, credited},
    {&payments_account_debited_type, debited},
    {&payments_funds_reserved_type, reserved},
    {&payments_reservation_captured_type, captured},
    {&payments_account_opened_type, opened},
    {&payments_reservation_released_type, released},
    {&payments_credit_reversed_type, credit_reversed},
    {&payments_capture_reversed_type, capture_reversed},
    {&payments_account_frozen_type, frozen},
    {&payments_account_unfrozen_type, unfrozen},
    {&payments_account_closed_type, closed},
};

sarn_status sarn__account_apply(void *state,
                                const struct sarn_event *event,
                                struct sarn_arena *arena)
{
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        if (event->type == effects[i].event) {
            return effects[i].apply(state, event, arena);
        }
    }
    return SARN_ERR_CORRUPT;
}
