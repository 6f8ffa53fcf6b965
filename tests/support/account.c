#include "support/account.h"

#include "modules/payments/account.h"

static const struct sarn_aggregate *account(void)
{
    assert_int_equal(sarn_payments_module.aggregate_count, 1);
    return sarn_payments_module.aggregates[0];
}

int account_setup(void **state)
{
    static struct given given;

    given_init(&given, account(), "account-1");
    *state = &given;
    return 0;
}

int account_teardown(void **state)
{
    assert_true(sarn__account_valid(((struct given *)*state)->state));
    given_done(*state);
    return 0;
}

const char *account_open(struct given *g, int64_t limit, bool unlimited)
{
    return when(g, &payments_open_account_type,
                &(struct payments_open_account){.currency = PAYMENTS_CURRENCY_CZK,
                                                .overdraft_limit = limit,
                                                .overdraft_unlimited = unlimited});
}

const char *account_credit(struct given *g, int64_t minor)
{
    return when(g, &payments_credit_type,
                &(struct payments_credit){.amount = CZK(minor)});
}

const char *account_debit(struct given *g, int64_t minor)
{
    return when(g, &payments_debit_type,
                &(struct payments_debit){.amount = CZK(minor)});
}

const char *account_reserve(struct given *g, struct sarn_str id, int64_t minor)
{
    return when(g, &payments_reserve_type,
                &(struct payments_reserve){.reservation = id, .amount = CZK(minor)});
}

const char *account_release(struct given *g, struct sarn_str id)
{
    return when(g, &payments_release_type,
                &(struct payments_release){.reservation = id});
}

const char *account_capture(struct given *g, struct sarn_str id)
{
    return when(g, &payments_capture_type,
                &(struct payments_capture){.reservation = id});
}

const char *account_reverse_capture(struct given *g, struct sarn_str id, int64_t minor)
{
    return when(
        g, &payments_reverse_capture_type,
        &(struct payments_reverse_capture){.reservation = id, .amount = CZK(minor)});
}

const char *account_reverse_credit(struct given *g, int64_t minor)
{
    return when(g, &payments_reverse_credit_type,
                &(struct payments_reverse_credit){.amount = CZK(minor)});
}

const char *account_freeze(struct given *g)
{
    return when(g, &payments_freeze_type,
                &(struct payments_freeze){.reason = SARN_STR("court")});
}

const char *account_unfreeze(struct given *g)
{
    return when(g, &payments_unfreeze_type, &(struct payments_unfreeze){0});
}

const char *account_close(struct given *g)
{
    return when(g, &payments_close_type, &(struct payments_close){0});
}
