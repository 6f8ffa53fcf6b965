#include "user.h"

static bool is_free(const struct users_ownership *slot)
{
    return slot->account.size == 0;
}

uint32_t sarn__user_ownership(const struct users_user *user,
                              struct sarn_str account,
                              bool prefix)
{
    uint32_t i = 0;

    while (i < user->accounts.size &&
           (is_free(&user->accounts.data[i]) ||
            user->accounts.data[i].prefix != prefix ||
            !sarn_str_equal(user->accounts.data[i].account, account))) {
        i++;
    }
    return i;
}

uint32_t sarn__user_ownership_count(const struct users_user *user)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < user->accounts.size; i++) {
        count += !is_free(&user->accounts.data[i]);
    }
    return count;
}

bool sarn__user_owns(const struct users_user *user, struct sarn_str account)
{
    for (uint32_t i = 0; i < user->accounts.size; i++) {
        const struct users_ownership *slot = &user->accounts.data[i];
        struct sarn_str compared = account;

        if (is_free(slot)) {
            continue;
        }
        if (slot->prefix && compared.size > slot->account.size) {
            compared.size = slot->account.size;
        }
        if (sarn_str_equal(compared, slot->account)) {
            return true;
        }
    }
    return false;
}
