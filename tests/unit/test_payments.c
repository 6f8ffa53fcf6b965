/* domain/modules/payments: what an account answers, as traces. */
#include <string.h>

#include "modules/payments/account.h"
#include "support/account.h"

#define R(text) .reservation = SARN_STR(text)

/* --- opening and closing --- */

static void an_account_opens_once_and_again_on_the_same_terms(void **state)
{
    struct given *g = *state;

    assert_string_equal(account_open(g, 500, false),
                        "AccountOpened currency=CZK overdraft_limit=500");
    assert_string_equal(account_open(g, 500, false), "nothing");
    assert_string_equal(account_open(g, 400, false),
                        "rejected: account-1 is open already, on other terms");
    assert_string_equal(account_open(g, 0, true),
                        "rejected: account-1 is open already, on other terms");
    assert_string_equal(given_state(g), "status=OPEN currency=CZK overdraft_limit=500");
}

static void terms_that_make_no_sense_are_rejected(void **state)
{
    struct given *g = *state;

    assert_string_equal(
        when(g, &payments_open_account_type, &(struct payments_open_account){0}),
        "rejected: account-1 cannot be opened without a currency");
    assert_string_equal(
        account_open(g, -1, false),
        "rejected: account-1 cannot be opened: an overdraft limit is 0 or "
        "more, and 0 where it is unlimited, not -1");
    assert_string_equal(
        account_open(g, 7, true),
        "rejected: account-1 cannot be opened: an overdraft limit is 0 or "
        "more, and 0 where it is unlimited, not 7");
    assert_string_equal(given_state(g), "");
}

static void nothing_can_be_done_with_an_account_that_was_never_opened(void **state)
{
    struct given *g = *state;
    static const char answer[] = "rejected: account-1 was never opened";

    assert_string_equal(account_credit(g, 1), answer);
    assert_string_equal(account_debit(g, 1), answer);
    assert_string_equal(account_reserve(g, ID("a"), 1), answer);
    assert_string_equal(account_release(g, ID("a")), answer);
    assert_string_equal(account_capture(g, ID("a")), answer);
    assert_string_equal(account_reverse_credit(g, 1), answer);
    assert_string_equal(account_reverse_capture(g, ID("a"), 1), answer);
    assert_string_equal(account_freeze(g), answer);
    assert_string_equal(account_unfreeze(g), answer);
    assert_string_equal(account_close(g), answer);
}

static void only_an_empty_account_closes_and_it_stays_closed(void **state)
{
    struct given *g = *state;

    account_open(g, 0, false);
    account_credit(g, 10);
    assert_string_equal(
        account_close(g),
        "rejected: account-1 cannot be closed with a balance of 10 and 0 reserved");
    account_debit(g, 10);
    assert_string_equal(account_close(g), "AccountClosed");
    assert_string_equal(account_close(g), "nothing");
    assert_string_equal(account_open(g, 0, false),
                        "rejected: account-1 was closed and is not opened again");
    assert_string_equal(account_credit(g, 1), "rejected: account-1 is closed");
    assert_string_equal(account_debit(g, 1), "rejected: account-1 is closed");
    assert_string_equal(account_freeze(g), "rejected: account-1 is closed");
    assert_string_equal(account_unfreeze(g), "rejected: account-1 is closed");
}

static void an_overdrawn_account_does_not_close(void **state)
{
    struct given *g = *state;

    account_open(g, 0, true);
    account_debit(g, 10);
    account_reserve(g, ID("a"), 10);
    assert_string_equal(
        account_close(g),
        "rejected: account-1 cannot be closed with a balance of -10 and 10 reserved");
}

static void a_frozen_account_takes_money_in_and_lets_none_out(void **state)
{
    struct given *g = *state;
    static const char answer[] = "rejected: account-1 is frozen";

    account_open(g, 100, false);
    account_reserve(g, ID("a"), 10);
    assert_string_equal(account_freeze(g), "AccountFrozen reason=court");
    assert_string_equal(account_freeze(g), "nothing");
    assert_string_equal(account_debit(g, 1), answer);
    assert_string_equal(account_reserve(g, ID("b"), 1), answer);
    assert_string_equal(account_capture(g, ID("a")), answer);
    assert_string_equal(account_close(g), answer);
    assert_string_equal(account_credit(g, 5),
                        "AccountCredited amount.minor=5 amount.currency=CZK");
    assert_string_equal(
        account_release(g, ID("a")),
        "ReservationReleased reservation=a amount.minor=10 amount.currency=CZK");
    assert_string_equal(account_unfreeze(g), "AccountUnfrozen");
    assert_string_equal(account_unfreeze(g), "nothing");
    assert_string_equal(account_debit(g, 5),
                        "AccountDebited amount.minor=5 amount.currency=CZK");
}

/* --- amounts --- */

static void an_amount_is_positive_and_of_the_accounts_currency(void **state)
{
    struct given *g = *state;
    const struct payments_debit euros = {
        .amount = {.minor = 1, .currency = PAYMENTS_CURRENCY_EUR}};
    const struct payments_debit nameless = {.amount = {.minor = 1, .currency = 999}};

    account_open(g, 0, true);
    assert_string_equal(account_credit(g, 0),
                        "rejected: an amount must be positive; account-1 was given 0");
    assert_string_equal(account_debit(g, INT64_MIN),
                        "rejected: an amount must be positive; account-1 was given "
                        "-9223372036854775808");
    assert_string_equal(account_reserve(g, ID("a"), -1),
                        "rejected: an amount must be positive; account-1 was given -1");
    assert_string_equal(when(g, &payments_debit_type, &euros),
                        "rejected: account-1 is kept in CZK, not in EUR");
    assert_string_equal(when(g, &payments_debit_type, &nameless),
                        "rejected: account-1 is kept in CZK, not in #000999");
}

static void a_booking_keeps_its_reference_text_and_value_date(void **state)
{
    struct given *g = *state;
    const struct payments_credit credit = {.amount = CZK(90000),
                                           .reference = SARN_STR("171812"),
                                           .text = SARN_STR("VKLAD"),
                                           .value_us = 725846400000000};
    const struct payments_debit debit = {.amount = CZK(50),
                                         .reference = SARN_STR("171813"),
                                         .text = SARN_STR("VYBER"),
                                         .value_us = 725846400000001};

    account_open(g, 0, false);
    assert_string_equal(when(g, &payments_credit_type, &credit),
                        "AccountCredited amount.minor=90000 amount.currency=CZK "
                        "reference=171812 text=VKLAD value_us=725846400000000");
    assert_string_equal(when(g, &payments_debit_type, &debit),
                        "AccountDebited amount.minor=50 amount.currency=CZK "
                        "reference=171813 text=VYBER value_us=725846400000001");
    assert_string_equal(given_state(g), "status=OPEN currency=CZK balance=89950");
}

static void no_sum_overflows(void **state)
{
    struct given *g = *state;

    account_open(g, 0, true);
    account_credit(g, INT64_MAX);
    assert_string_equal(account_credit(g, 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "9223372036854775807 would leave the range of 64 bits");
    account_debit(g, INT64_MAX);
    assert_string_equal(account_debit(g, INT64_MAX),
                        "AccountDebited amount.minor=9223372036854775807 "
                        "amount.currency=CZK");
    assert_string_equal(account_debit(g, 1),
                        "AccountDebited amount.minor=1 amount.currency=CZK");
    assert_string_equal(account_debit(g, 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "-9223372036854775808 would leave the range of 64 bits");
    assert_string_equal(account_reserve(g, ID("a"), 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "-9223372036854775808 would leave the range of 64 bits");
    assert_string_equal(account_reverse_credit(g, 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "-9223372036854775808 would leave the range of 64 bits");
}

/* --- overdraft --- */

static void money_that_is_not_there_cannot_be_paid(void **state)
{
    struct given *g = *state;

    account_open(g, 0, false);
    account_credit(g, 100);
    assert_string_equal(
        account_debit(g, 101),
        "rejected: account-1 cannot pay 101 CZK (minor units): its balance is 100, of "
        "which 0 are reserved, and its overdraft limit 0");
    assert_string_equal(account_debit(g, 100),
                        "AccountDebited amount.minor=100 amount.currency=CZK");
}

static void an_overdraft_reaches_to_its_limit_and_no_further(void **state)
{
    struct given *g = *state;

    account_open(g, 50, false);
    account_credit(g, 100);
    assert_string_equal(account_debit(g, 150),
                        "AccountDebited amount.minor=150 amount.currency=CZK");
    assert_string_equal(
        account_debit(g, 1),
        "rejected: account-1 cannot pay 1 CZK (minor units): its balance is -50, of "
        "which 0 are reserved, and its overdraft limit 50");
}

static void the_largest_overdraft_limit_does_not_overflow(void **state)
{
    struct given *g = *state;

    account_open(g, INT64_MAX, false);
    assert_string_equal(account_debit(g, INT64_MAX),
                        "AccountDebited amount.minor=9223372036854775807 "
                        "amount.currency=CZK");
    assert_string_equal(
        account_debit(g, 1),
        "rejected: account-1 cannot pay 1 CZK (minor units): its balance is "
        "-9223372036854775807, of which 0 are reserved, and its overdraft limit "
        "9223372036854775807");
}

/* --- reservations --- */

static void what_is_reserved_cannot_be_spent_twice(void **state)
{
    struct given *g = *state;

    account_open(g, 0, false);
    account_credit(g, 100);
    assert_string_equal(
        account_reserve(g, ID("a"), 60),
        "FundsReserved reservation=a amount.minor=60 amount.currency=CZK");
    assert_string_equal(
        account_debit(g, 41),
        "rejected: account-1 cannot pay 41 CZK (minor units): its balance is 100, of "
        "which 60 are reserved, and its overdraft limit 0");
    assert_string_equal(
        account_reserve(g, ID("b"), 41),
        "rejected: account-1 cannot pay 41 CZK (minor units): its balance is 100, of "
        "which 60 are reserved, and its overdraft limit 0");
    assert_string_equal(account_debit(g, 40),
                        "AccountDebited amount.minor=40 amount.currency=CZK");
    assert_string_equal(given_state(g),
                        "status=OPEN currency=CZK balance=60 reserved=60 "
                        "reservations[0].id=a reservations[0].amount=60");
}

static void a_reservation_is_captured_once(void **state)
{
    struct given *g = *state;
    const struct payments_capture order = {R("a"), .reference = SARN_STR("t"),
                                           .text = SARN_STR("rent"), .value_us = 3};

    account_open(g, 0, false);
    account_credit(g, 100);
    account_reserve(g, ID("a"), 60);
    assert_string_equal(when(g, &payments_capture_type, &order),
                        "ReservationCaptured reservation=a amount.minor=60 "
                        "amount.currency=CZK reference=t text=rent value_us=3");
    assert_string_equal(account_capture(g, ID("a")),
                        "rejected: account-1 has no reservation a");
    assert_string_equal(account_release(g, ID("a")),
                        "rejected: account-1 has no reservation a");
    assert_string_equal(given_state(g), "status=OPEN currency=CZK balance=40");
}

static void a_released_reservation_leaves_no_trace(void **state)
{
    struct given *g = *state;

    account_open(g, 0, false);
    account_credit(g, 100);
    account_reserve(g, ID("a"), 60);
    assert_string_equal(
        account_release(g, ID("a")),
        "ReservationReleased reservation=a amount.minor=60 amount.currency=CZK");
    assert_string_equal(given_state(g), "status=OPEN currency=CZK balance=100");
}

static void reserving_again_is_the_same_reservation_or_a_mistake(void **state)
{
    struct given *g = *state;

    account_open(g, 100, false);
    account_reserve(g, ID("a"), 60);
    assert_string_equal(account_reserve(g, ID("a"), 60), "nothing");
    assert_string_equal(
        account_reserve(g, ID("a"), 61),
        "rejected: account-1 has a reservation a already, of 60 and not 61");
    assert_string_equal(account_reserve(g, (struct sarn_str){NULL, 0}, 1),
                        "rejected: a reservation in account-1 needs an id of 1 to 255 "
                        "bytes, not of 0");
}

static void reservations_are_bounded_and_their_slots_used_again(void **state)
{
    struct given *g = *state;
    char id[16];

    account_open(g, 0, true);
    for (unsigned i = 0; i < SARN_PAYMENTS_RESERVATIONS_MAX; i++) {
        snprintf(id, sizeof(id), "r%u", i);
        /* Each state keeps its own copy of the id: the buffer is used again. */
        assert_string_not_equal(account_reserve(g, sarn_str(id), 1), "nothing");
    }
    assert_string_equal(
        account_reserve(g, ID("one more"), 1),
        "rejected: account-1 has 1024 reservations already; release one first");
    account_release(g, ID("r700"));
    assert_string_equal(
        account_reserve(g, ID("one more"), 1),
        "FundsReserved reservation=one more amount.minor=1 amount.currency=CZK");
    assert_int_equal(((struct payments_account *)g->state)->reservations.size,
                     SARN_PAYMENTS_RESERVATIONS_MAX);
    assert_int_equal(((struct payments_account *)g->state)->reserved,
                     SARN_PAYMENTS_RESERVATIONS_MAX);
}

/* --- what a transfer asks for --- */

static void a_check_answers_without_an_event(void **state)
{
    struct given *g = *state;
    const struct payments_check_credit check = {.amount = CZK(INT64_MAX)};
    const struct payments_check_credit euros = {
        .amount = {.minor = 1, .currency = PAYMENTS_CURRENCY_EUR}};

    assert_string_equal(when(g, &payments_check_credit_type, &check),
                        "rejected: account-1 was never opened");
    account_open(g, 0, false);
    assert_string_equal(when(g, &payments_check_credit_type, &check), "nothing");
    assert_string_equal(when(g, &payments_check_credit_type, &euros),
                        "rejected: account-1 is kept in CZK, not in EUR");
    account_credit(g, 1);
    assert_string_equal(when(g, &payments_check_credit_type, &check),
                        "rejected: account-1 cannot hold that: its balance of 1 would "
                        "leave the range of 64 bits");
}

static void a_reversed_capture_is_reserved_again_and_can_be_released(void **state)
{
    struct given *g = *state;

    account_open(g, 0, false);
    account_credit(g, 100);
    account_reserve(g, ID("a"), 60);
    assert_string_equal(account_reverse_capture(g, ID("a"), 60),
                        "rejected: account-1 has not captured the reservation a");
    account_capture(g, ID("a"));
    assert_string_equal(
        account_reverse_capture(g, ID("a"), 60),
        "CaptureReversed reservation=a amount.minor=60 amount.currency=CZK");
    assert_string_equal(given_state(g),
                        "status=OPEN currency=CZK balance=100 reserved=60 "
                        "reservations[0].id=a reservations[0].amount=60");
    account_release(g, ID("a"));
    assert_string_equal(given_state(g), "status=OPEN currency=CZK balance=100");
    assert_string_equal(account_reverse_capture(g, (struct sarn_str){NULL, 0}, 1),
                        "rejected: a reservation in account-1 needs an id of 1 to 255 "
                        "bytes, not of 0");
    assert_string_equal(account_reverse_capture(g, ID("a"), 0),
                        "rejected: an amount must be positive; account-1 was given 0");
}

static void a_reversal_is_accepted_whatever_happened_since(void **state)
{
    struct given *g = *state;

    account_open(g, 0, false);
    account_credit(g, 60);
    account_debit(g, 60); /* The credited money is spent, */
    account_freeze(g);    /* and the account frozen. */
    assert_string_equal(account_reverse_credit(g, 60),
                        "CreditReversed amount.minor=60 amount.currency=CZK");
    assert_string_equal(given_state(g), "status=FROZEN currency=CZK balance=-60");
    account_unfreeze(g);
    account_credit(g, 60);
    account_close(g);
    assert_string_equal(
        account_reverse_capture(g, ID("a"), 5),
        "CaptureReversed reservation=a amount.minor=5 amount.currency=CZK");
    assert_string_equal(
        account_release(g, ID("a")),
        "ReservationReleased reservation=a amount.minor=5 amount.currency=CZK");
    assert_string_equal(given_state(g), "status=CLOSED currency=CZK balance=5");
    assert_string_equal(account_reverse_credit(g, -5),
                        "rejected: an amount must be positive; account-1 was given -5");
}

/* --- events from disk --- */

static void events_that_cannot_follow_are_corrupt_and_change_nothing(void **state)
{
    struct given *g = *state;
    const struct payments_account_opened open = {.currency = PAYMENTS_CURRENCY_CZK};
    const struct payments_account_opened below = {.currency = PAYMENTS_CURRENCY_CZK,
                                                  .overdraft_limit = -1};
    const struct payments_account_credited credited = {.amount = CZK(INT64_MAX)};
    const struct payments_account_credited nothing = {.amount = CZK(0)};
    const struct payments_account_credited euros = {
        .amount = {.minor = 1, .currency = PAYMENTS_CURRENCY_EUR}};
    const struct payments_account_debited debited = {.amount = CZK(INT64_MAX)};
    const struct payments_credit_reversed reversed = {.amount = CZK(INT64_MAX)};
    const struct payments_funds_reserved reserved = {R("a"), .amount = CZK(5)};
    const struct payments_reservation_released released = {R("a"), .amount = CZK(4)};
    const struct payments_reservation_captured captured = {R("b"), .amount = CZK(5)};
    const struct payments_capture_reversed back = {R("a"), .amount = CZK(5)};
    const struct payments_account_frozen frozen = {0};
    const struct payments_account_unfrozen unfrozen = {0};
    const struct payments_account_closed closed = {0};
    const struct {
        const struct sarn_type *type;
        const void *event;
        sarn_status status;
    } rows[] = {
        {&payments_account_credited_type, &credited, SARN_ERR_CORRUPT}, /* Not open. */
        {&payments_funds_reserved_type, &reserved, SARN_ERR_CORRUPT},
        {&payments_account_frozen_type, &frozen, SARN_ERR_CORRUPT},
        {&payments_account_closed_type, &closed, SARN_ERR_CORRUPT},
        {&payments_account_opened_type, &below, SARN_ERR_CORRUPT},
        {&payments_account_opened_type, &open, SARN_OK},
        {&payments_account_opened_type, &open, SARN_ERR_CORRUPT}, /* Twice. */
        {&payments_account_unfrozen_type, &unfrozen, SARN_ERR_CORRUPT},
        {&payments_account_credited_type, &nothing, SARN_ERR_CORRUPT},
        {&payments_account_credited_type, &euros, SARN_ERR_CORRUPT},
        {&payments_account_credited_type, &credited, SARN_OK},
        {&payments_account_credited_type, &credited, SARN_ERR_CORRUPT}, /* Overflow. */
        {&payments_account_closed_type, &closed, SARN_ERR_CORRUPT},     /* Not empty. */
        {&payments_funds_reserved_type, &reserved, SARN_OK},
        {&payments_funds_reserved_type, &reserved, SARN_ERR_CORRUPT}, /* Twice. */
        {&payments_capture_reversed_type, &back, SARN_ERR_CORRUPT},
        {&payments_reservation_released_type, &released,
         SARN_ERR_CORRUPT}, /* 4 of 5. */
        {&payments_reservation_captured_type, &captured, SARN_ERR_CORRUPT}, /* No b. */
        {&payments_account_debited_type, &debited, SARN_OK},
        {&payments_credit_reversed_type, &reversed, SARN_ERR_CORRUPT}, /* With a's 5. */
        {&payments_balance_type, &open, SARN_ERR_CORRUPT},             /* No event. */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sarn_status status = given_apply(g, rows[i].type, rows[i].event);

        if (status != rows[i].status) {
            fail_msg("row %zu: %s", i, sarn_status_text(status));
        }
    }
    assert_string_equal(given_state(g),
                        "status=OPEN currency=CZK reserved=5 "
                        "reservations[0].id=a reservations[0].amount=5");
}

static void a_command_of_another_module_is_invalid(void **state)
{
    struct given *g = *state;

    assert_int_equal(strncmp(when(g, &payments_balance_type, NULL), "failed: ", 8), 0);
}

static void validity_needs_reserved_to_be_the_sum(void **state)
{
    const struct payments_reservation two[] = {{.amount = 2}, {.amount = 3}};
    const struct payments_reservation below[] = {{.amount = -2}};
    const struct payments_reservation above[] = {{.amount = INT64_MAX}, {.amount = 1}};
    const struct {
        struct payments_account account;
        bool valid;
    } rows[] = {
        {{.balance = INT64_MIN}, true},
        {{.reserved = 5, .reservations = {two, 2}}, true},
        {{.reserved = 4, .reservations = {two, 2}}, false},
        {{.reserved = -2, .reservations = {below, 1}}, false},
        {{.reserved = INT64_MIN, .reservations = {above, 2}}, false},
        {{.balance = INT64_MIN + 4, .reserved = 5, .reservations = {two, 2}}, false},
        {{.balance = INT64_MIN + 5, .reserved = 5, .reservations = {two, 2}}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(sarn__account_valid(&rows[i].account), rows[i].valid);
    }
}

#define TEST(name)                                                                     \
    cmocka_unit_test_setup_teardown(name, account_setup, account_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_account_opens_once_and_again_on_the_same_terms),
        TEST(terms_that_make_no_sense_are_rejected),
        TEST(nothing_can_be_done_with_an_account_that_was_never_opened),
        TEST(only_an_empty_account_closes_and_it_stays_closed),
        TEST(an_overdrawn_account_does_not_close),
        TEST(a_frozen_account_takes_money_in_and_lets_none_out),
        TEST(an_amount_is_positive_and_of_the_accounts_currency),
        TEST(a_booking_keeps_its_reference_text_and_value_date),
        TEST(no_sum_overflows),
        TEST(money_that_is_not_there_cannot_be_paid),
        TEST(an_overdraft_reaches_to_its_limit_and_no_further),
        TEST(the_largest_overdraft_limit_does_not_overflow),
        TEST(what_is_reserved_cannot_be_spent_twice),
        TEST(a_reservation_is_captured_once),
        TEST(a_released_reservation_leaves_no_trace),
        TEST(reserving_again_is_the_same_reservation_or_a_mistake),
        TEST(reservations_are_bounded_and_their_slots_used_again),
        TEST(a_check_answers_without_an_event),
        TEST(a_reversed_capture_is_reserved_again_and_can_be_released),
        TEST(a_reversal_is_accepted_whatever_happened_since),
        TEST(events_that_cannot_follow_are_corrupt_and_change_nothing),
        TEST(a_command_of_another_module_is_invalid),
        TEST(validity_needs_reserved_to_be_the_sum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
