/* domain/modules/payments: the projection "balances". */
#include <string.h>

#include "modules/payments/account.h"
#include "support/account.h"

/* Fold what the last command led to into row. */
static void fold(struct given *g, struct payments_balance *data)
{
    struct sarn_row row = {
        .data = data, .existed = data->account.size > 0, .arena = g->arena};

    for (uint32_t i = 0; i < g->event_count; i++) {
        assert_int_equal(sarn__balances.apply(&row, &g->events[i]), SARN_OK);
        row.existed = true;
    }
}

static void the_row_of_an_account_follows_its_state(void **state)
{
    struct given *g = *state;
    const struct payments_account *account = g->state;
    struct payments_balance row = {0};
    uint64_t dice = 1993;

    for (unsigned i = 0; i < 5000; i++) {
        int64_t minor;
        struct sarn_str id;

        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        minor = (int64_t)(dice >> 40) % 1000 + 1;
        id = (dice >> 60) % 2 == 0 ? ID("a") : ID("b");
        switch ((dice >> 33) % 11) {
        case 0:
            account_open(g, 5000, false);
            break;
        case 1:
        case 2:
            account_credit(g, minor);
            break;
        case 3:
            account_debit(g, minor);
            break;
        case 4:
        case 5:
            account_reserve(g, id, minor);
            break;
        case 6:
            account_release(g, id);
            break;
        case 7:
            account_capture(g, id);
            break;
        case 8:
            account_reverse_credit(g, minor);
            break;
        case 9:
            account_reverse_capture(g, id, minor);
            break;
        default:
            i % 2 == 0 ? account_freeze(g) : account_unfreeze(g);
            break;
        }
        fold(g, &row);
        assert_true(sarn__account_valid(account));
        assert_int_equal(row.balance, account->balance);
        assert_int_equal(row.reserved, account->reserved);
        assert_int_equal(row.status, account->status);
        assert_int_equal(row.currency, account->currency);
    }
    assert_true(g->version > 1000); /* Not everything was rejected. */
    assert_true(sarn_str_equal(row.account, ID("1")));
}

static void a_row_that_cannot_follow_is_corrupt(void **state)
{
    struct given *g = *state;
    struct payments_balance data = {.account = SARN_STR("1"), .balance = INT64_MAX};
    struct sarn_row row = {.data = &data, .existed = true, .arena = g->arena};
    const struct payments_account_credited credited = {.amount = CZK(1)};
    struct sarn_event event = {.stream = SARN_STR("account-1"),
                               .type = &payments_account_credited_type,
                               .data = &credited};

    assert_int_equal(sarn__balances.apply(&row, &event), SARN_ERR_CORRUPT);
    assert_int_equal(data.balance, INT64_MAX);
    data.balance = 0;
    event.stream = ID("x");
    assert_int_equal(sarn__balances.apply(&row, &event), SARN_ERR_CORRUPT);
    assert_int_equal(sarn__balances.keys(&event, NULL), SARN_ERR_CORRUPT);
    assert_int_equal(data.balance, 0);
}

static void the_index_sorts_by_tenant_then_balance(void **state)
{
    const struct payments_balance rows[] = {
        {.tenant = 0, .balance = INT64_MIN, .account = SARN_STR("9")},
        {.tenant = 0, .balance = -1, .account = SARN_STR("8")},
        {.tenant = 0, .balance = 0, .account = SARN_STR("1")},
        {.tenant = 0, .balance = 0, .account = SARN_STR("2")},
        {.tenant = 0, .balance = INT64_MAX, .account = SARN_STR("0")},
        {.tenant = 1, .balance = -5, .account = SARN_STR("0")},
    };
    struct sarn_key before = {0};

    (void)state;
    assert_string_equal(sarn__balances.indexes[0].name, "by_balance");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_key key = {0};

        assert_int_equal(sarn__balances.indexes[0].key(&rows[i], &key), SARN_OK);
        assert_true(memcmp(before.bytes, key.bytes, sizeof(key.bytes)) < 0);
        before = key;
    }
}

#define TEST(name)                                                                     \
    cmocka_unit_test_setup_teardown(name, account_setup, account_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_row_of_an_account_follows_its_state),
        TEST(a_row_that_cannot_follow_is_corrupt),
        TEST(the_index_sorts_by_tenant_then_balance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
