#include "account.h"

#include <assert.h>

/* *sum = a + b, unless that overflows. */
static bool add(int64_t a, int64_t b, int64_t *sum)
{
    if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b) {
        return false;
    }
    *sum = a + b;
    return true;
}

bool sarn__account_valid(const struct payments_account *account)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < account->reservations.size; i++) {
        if (account->reservations.data[i].amount < 0 ||
            !add(sum, account->reservations.data[i].amount, &sum)) {
            return false;
        }
    }
    return sum == account->reserved &&
           account->balance >= INT64_MIN + account->reserved;
}

bool sarn__account_book(struct payments_account *account,
                        int64_t balance,
                        int64_t reserved)
{
    struct payments_account next = *account;
    int64_t free;

    assert(account->reserved >= 0);
    if (!add(account->balance, balance, &next.balance) ||
        !add(account->reserved, reserved, &next.reserved) || next.reserved < 0 ||
        !add(next.balance, -next.reserved, &free)) {
        return false;
    }
    *account = next;
    return true;
}

int64_t sarn__account_reservation(const struct payments_account *account,
                                  struct sarn_str id)
{
    for (uint32_t i = 0; i < account->reservations.size; i++) {
        const struct payments_reservation *slot = &account->reservations.data[i];

        if (slot->amount > 0 && sarn_str_equal(slot->id, id)) {
            return slot->amount;
        }
    }
    return 0;
}

uint32_t sarn__account_reservation_count(const struct payments_account *account)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < account->reservations.size; i++) {
        count += account->reservations.data[i].amount > 0;
    }
    return count;
}
