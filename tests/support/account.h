/* account.h - the commands of an account, shortened, for a struct given of its
 * aggregate: each is decided, applied, and described. */
#ifndef SARN_TESTS_SUPPORT_ACCOUNT_H
#define SARN_TESTS_SUPPORT_ACCOUNT_H

#include "sarn/payments.h"

#include "support/given.h"

#define CZK(n)                                                                         \
    {                                                                                  \
        .minor = (n), .currency = PAYMENTS_CURRENCY_CZK                                \
    }
#define ID(text) ((struct sarn_str)SARN_STR(text))

/* cmocka's: a struct given of a new account, account-1, in *state; its invariant is
 * checked at the end. */
int account_setup(void **state);
int account_teardown(void **state);

const char *account_open(struct given *g, int64_t limit, bool unlimited);
const char *account_credit(struct given *g, int64_t minor);
const char *account_debit(struct given *g, int64_t minor);
const char *account_reserve(struct given *g, struct sarn_str id, int64_t minor);
const char *account_release(struct given *g, struct sarn_str id);
const char *account_capture(struct given *g, struct sarn_str id);
const char *account_reverse_capture(struct given *g, struct sarn_str id, int64_t minor);
const char *account_reverse_credit(struct given *g, int64_t minor);
const char *account_freeze(struct given *g);
const char *account_unfreeze(struct given *g);
const char *account_close(struct given *g);

#endif
