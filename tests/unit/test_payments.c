/* domain/modules/payments: what an account answers, as traces. */
#include "sarn/payments.h"

#include <string.h>

#include "modules/payments/account.h"
#include "support/given.h"

#define CZK(n)                                                                         \
    {                                                                                  \
        .minor = (n), .currency = PAYMENTS_CURRENCY_CZK                                \
    }
#define R(text)     .reservation = SARN_STR(text)
#define ID_OF(text) ((struct sarn_str)SARN_STR(text))

static const struct sarn_aggregate *account(void)
{
    assert_int_equal(sarn_payments_module.aggregate_count, 1);
    return sarn_payments_module.aggregates[0];
}

static int setup(void **state)
{
    static struct given given;

    given_init(&given, account(), "account-1");
    *state = &given;
    return 0;
}

static int teardown(void **state)
{
    assert_true(sarn__account_valid(((struct given *)*state)->state));
    given_done(*state);
    return 0;
}

/* --- the commands, shortened --- */

static const char *open_with(struct given *g, int64_t limit, bool unlimited)
{
    return when(g, &payments_open_account_type,
                &(struct payments_open_account){.currency = PAYMENTS_CURRENCY_CZK,
                                                .overdraft_limit = limit,
                                                .overdraft_unlimited = unlimited});
}

static const char *credit(struct given *g, int64_t minor)
{
    return when(g, &payments_credit_type,
                &(struct payments_credit){.amount = CZK(minor)});
}

static const char *debit(struct given *g, int64_t minor)
{
    return when(g, &payments_debit_type,
                &(struct payments_debit){.amount = CZK(minor)});
}

static const char *reserve(struct given *g, struct sarn_str id, int64_t minor)
{
    return when(g, &payments_reserve_type,
                &(struct payments_reserve){.reservation = id, .amount = CZK(minor)});
}

static const char *release(struct given *g, struct sarn_str id)
{
    return when(g, &payments_release_type,
                &(struct payments_release){.reservation = id});
}

static const char *capture(struct given *g, struct sarn_str id)
{
    return when(g, &payments_capture_type,
                &(struct payments_capture){.reservation = id});
}

static const char *reverse_capture(struct given *g, struct sarn_str id, int64_t minor)
{
    return when(
        g, &payments_reverse_capture_type,
        &(struct payments_reverse_capture){.reservation = id, .amount = CZK(minor)});
}

static const char *reverse_credit(struct given *g, int64_t minor)
{
    return when(g, &payments_reverse_credit_type,
                &(struct payments_reverse_credit){.amount = CZK(minor)});
}

static const char *freeze(struct given *g)
{
    return when(g, &payments_freeze_type,
                &(struct payments_freeze){.reason = SARN_STR("court")});
}

static const char *unfreeze(struct given *g)
{
    return when(g, &payments_unfreeze_type, &(struct payments_unfreeze){0});
}

static const char *close_account(struct given *g)
{
    return when(g, &payments_close_type, &(struct payments_close){0});
}

/* --- opening and closing --- */

static void an_account_opens_once_and_again_on_the_same_terms(void **state)
{
    struct given *g = *state;

    assert_string_equal(open_with(g, 500, false),
                        "AccountOpened currency=CZK overdraft_limit=500");
    assert_string_equal(open_with(g, 500, false), "nothing");
    assert_string_equal(open_with(g, 400, false),
                        "rejected: account-1 is open already, on other terms");
    assert_string_equal(open_with(g, 0, true),
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
        open_with(g, -1, false),
        "rejected: account-1 cannot be opened: an overdraft limit is 0 or "
        "more, and 0 where it is unlimited, not -1");
    assert_string_equal(
        open_with(g, 7, true),
        "rejected: account-1 cannot be opened: an overdraft limit is 0 or "
        "more, and 0 where it is unlimited, not 7");
    assert_string_equal(given_state(g), "");
}

static void nothing_can_be_done_with_an_account_that_was_never_opened(void **state)
{
    struct given *g = *state;
    static const char answer[] = "rejected: account-1 was never opened";

    assert_string_equal(credit(g, 1), answer);
    assert_string_equal(debit(g, 1), answer);
    assert_string_equal(reserve(g, ID_OF("a"), 1), answer);
    assert_string_equal(release(g, ID_OF("a")), answer);
    assert_string_equal(capture(g, ID_OF("a")), answer);
    assert_string_equal(reverse_credit(g, 1), answer);
    assert_string_equal(reverse_capture(g, ID_OF("a"), 1), answer);
    assert_string_equal(freeze(g), answer);
    assert_string_equal(unfreeze(g), answer);
    assert_string_equal(close_account(g), answer);
}

static void only_an_empty_account_closes_and_it_stays_closed(void **state)
{
    struct given *g = *state;

    open_with(g, 0, false);
    credit(g, 10);
    assert_string_equal(
        close_account(g),
        "rejected: account-1 cannot be closed with a balance of 10 and 0 reserved");
    debit(g, 10);
    assert_string_equal(close_account(g), "AccountClosed");
    assert_string_equal(close_account(g), "nothing");
    assert_string_equal(open_with(g, 0, false),
                        "rejected: account-1 was closed and is not opened again");
    assert_string_equal(credit(g, 1), "rejected: account-1 is closed");
    assert_string_equal(debit(g, 1), "rejected: account-1 is closed");
    assert_string_equal(freeze(g), "rejected: account-1 is closed");
    assert_string_equal(unfreeze(g), "rejected: account-1 is closed");
}

static void an_overdrawn_account_does_not_close(void **state)
{
    struct given *g = *state;

    open_with(g, 0, true);
    debit(g, 10);
    reserve(g, ID_OF("a"), 10);
    assert_string_equal(
        close_account(g),
        "rejected: account-1 cannot be closed with a balance of -10 and 10 reserved");
}

static void a_frozen_account_takes_money_in_and_lets_none_out(void **state)
{
    struct given *g = *state;
    static const char answer[] = "rejected: account-1 is frozen";

    open_with(g, 100, false);
    reserve(g, ID_OF("a"), 10);
    assert_string_equal(freeze(g), "AccountFrozen reason=court");
    assert_string_equal(freeze(g), "nothing");
    assert_string_equal(debit(g, 1), answer);
    assert_string_equal(reserve(g, ID_OF("b"), 1), answer);
    assert_string_equal(capture(g, ID_OF("a")), answer);
    assert_string_equal(close_account(g), answer);
    assert_string_equal(credit(g, 5),
                        "AccountCredited amount.minor=5 amount.currency=CZK");
    assert_string_equal(
        release(g, ID_OF("a")),
        "ReservationReleased reservation=a amount.minor=10 amount.currency=CZK");
    assert_string_equal(unfreeze(g), "AccountUnfrozen");
    assert_string_equal(unfreeze(g), "nothing");
    assert_string_equal(debit(g, 5),
                        "AccountDebited amount.minor=5 amount.currency=CZK");
}

/* --- amounts --- */

static void an_amount_is_positive_and_of_the_accounts_currency(void **state)
{
    struct given *g = *state;
    const struct payments_debit euros = {
        .amount = {.minor = 1, .currency = PAYMENTS_CURRENCY_EUR}};
    const struct payments_debit nameless = {.amount = {.minor = 1, .currency = 999}};

    open_with(g, 0, true);
    assert_string_equal(credit(g, 0),
                        "rejected: an amount must be positive; account-1 was given 0");
    assert_string_equal(debit(g, INT64_MIN),
                        "rejected: an amount must be positive; account-1 was given "
                        "-9223372036854775808");
    assert_string_equal(reserve(g, ID_OF("a"), -1),
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

    open_with(g, 0, false);
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

    open_with(g, 0, true);
    credit(g, INT64_MAX);
    assert_string_equal(credit(g, 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "9223372036854775807 would leave the range of 64 bits");
    debit(g, INT64_MAX);
    assert_string_equal(debit(g, INT64_MAX),
                        "AccountDebited amount.minor=9223372036854775807 "
                        "amount.currency=CZK");
    assert_string_equal(debit(g, 1),
                        "AccountDebited amount.minor=1 amount.currency=CZK");
    assert_string_equal(debit(g, 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "-9223372036854775808 would leave the range of 64 bits");
    assert_string_equal(reserve(g, ID_OF("a"), 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "-9223372036854775808 would leave the range of 64 bits");
    assert_string_equal(reverse_credit(g, 1),
                        "rejected: account-1 cannot hold that: its balance of "
                        "-9223372036854775808 would leave the range of 64 bits");
}

/* --- overdraft --- */

static void money_that_is_not_there_cannot_be_paid(void **state)
{
    struct given *g = *state;

    open_with(g, 0, false);
    credit(g, 100);
    assert_string_equal(
        debit(g, 101),
        "rejected: account-1 cannot pay 101 CZK (minor units): its balance is 100, of "
        "which 0 are reserved, and its overdraft limit 0");
    assert_string_equal(debit(g, 100),
                        "AccountDebited amount.minor=100 amount.currency=CZK");
}

static void an_overdraft_reaches_to_its_limit_and_no_further(void **state)
{
    struct given *g = *state;

    open_with(g, 50, false);
    credit(g, 100);
    assert_string_equal(debit(g, 150),
                        "AccountDebited amount.minor=150 amount.currency=CZK");
    assert_string_equal(
        debit(g, 1),
        "rejected: account-1 cannot pay 1 CZK (minor units): its balance is -50, of "
        "which 0 are reserved, and its overdraft limit 50");
}

static void the_largest_overdraft_limit_does_not_overflow(void **state)
{
    struct given *g = *state;

    open_with(g, INT64_MAX, false);
    assert_string_equal(debit(g, INT64_MAX),
                        "AccountDebited amount.minor=9223372036854775807 "
                        "amount.currency=CZK");
    assert_string_equal(
        debit(g, 1),
        "rejected: account-1 cannot pay 1 CZK (minor units): its balance is "
        "-9223372036854775807, of which 0 are reserved, and its overdraft limit "
        "9223372036854775807");
}

/* --- reservations --- */

static void what_is_reserved_cannot_be_spent_twice(void **state)
{
    struct given *g = *state;

    open_with(g, 0, false);
    credit(g, 100);
    assert_string_equal(
        reserve(g, ID_OF("a"), 60),
        "FundsReserved reservation=a amount.minor=60 amount.currency=CZK");
    assert_string_equal(
        debit(g, 41),
        "rejected: account-1 cannot pay 41 CZK (minor units): its balance is 100, of "
        "which 60 are reserved, and its overdraft limit 0");
    assert_string_equal(
        reserve(g, ID_OF("b"), 41),
        "rejected: account-1 cannot pay 41 CZK (minor units): its balance is 100, of "
        "which 60 are reserved, and its overdraft limit 0");
    assert_string_equal(debit(g, 40),
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

    open_with(g, 0, false);
    credit(g, 100);
    reserve(g, ID_OF("a"), 60);
    assert_string_equal(when(g, &payments_capture_type, &order),
                        "ReservationCaptured reservation=a amount.minor=60 "
                        "amount.currency=CZK reference=t text=rent value_us=3");
    assert_string_equal(capture(g, ID_OF("a")),
                        "rejected: account-1 has no reservation a");
    assert_string_equal(release(g, ID_OF("a")),
                        "rejected: account-1 has no reservation a");
    assert_string_equal(given_state(g), "status=OPEN currency=CZK balance=40");
}

static void a_released_reservation_leaves_no_trace(void **state)
{
    struct given *g = *state;

    open_with(g, 0, false);
    credit(g, 100);
    reserve(g, ID_OF("a"), 60);
    assert_string_equal(
        release(g, ID_OF("a")),
        "ReservationReleased reservation=a amount.minor=60 amount.currency=CZK");
    assert_string_equal(given_state(g), "status=OPEN currency=CZK balance=100");
}

static void reserving_again_is_the_same_reservation_or_a_mistake(void **state)
{
    struct given *g = *state;

    open_with(g, 100, false);
    reserve(g, ID_OF("a"), 60);
    assert_string_equal(reserve(g, ID_OF("a"), 60), "nothing");
    assert_string_equal(
        reserve(g, ID_OF("a"), 61),
        "rejected: account-1 has a reservation a already, of 60 and not 61");
    assert_string_equal(reserve(g, (struct sarn_str){NULL, 0}, 1),
                        "rejected: a reservation in account-1 needs an id of 1 to 255 "
                        "bytes, not of 0");
}

static void reservations_are_bounded_and_their_slots_used_again(void **state)
{
    struct given *g = *state;
    char id[16];

    open_with(g, 0, true);
    for (unsigned i = 0; i < SARN_PAYMENTS_RESERVATIONS_MAX; i++) {
        snprintf(id, sizeof(id), "r%u", i);
        /* Each state keeps its own copy of the id: the buffer is used again. */
        assert_string_not_equal(reserve(g, sarn_str(id), 1), "nothing");
    }
    assert_string_equal(
        reserve(g, ID_OF("one more"), 1),
        "rejected: account-1 has 1024 reservations already; release one first");
    release(g, ID_OF("r700"));
    assert_string_equal(
        reserve(g, ID_OF("one more"), 1),
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
    open_with(g, 0, false);
    assert_string_equal(when(g, &payments_check_credit_type, &check), "nothing");
    assert_string_equal(when(g, &payments_check_credit_type, &euros),
                        "rejected: account-1 is kept in CZK, not in EUR");
    credit(g, 1);
    assert_string_equal(when(g, &payments_check_credit_type, &check),
                        "rejected: account-1 cannot hold that: its balance of 1 would "
                        "leave the range of 64 bits");
}

static void a_reversed_capture_is_reserved_again_and_can_be_released(void **state)
{
    struct given *g = *state;

    open_with(g, 0, false);
    credit(g, 100);
    reserve(g, ID_OF("a"), 60);
    assert_string_equal(reverse_capture(g, ID_OF("a"), 60),
                        "rejected: account-1 has not captured the reservation a");
    capture(g, ID_OF("a"));
    assert_string_equal(
        reverse_capture(g, ID_OF("a"), 60),
        "CaptureReversed reservation=a amount.minor=60 amount.currency=CZK");
    assert_string_equal(given_state(g),
                        "status=OPEN currency=CZK balance=100 reserved=60 "
                        "reservations[0].id=a reservations[0].amount=60");
    release(g, ID_OF("a"));
    assert_string_equal(given_state(g), "status=OPEN currency=CZK balance=100");
    assert_string_equal(reverse_capture(g, (struct sarn_str){NULL, 0}, 1),
                        "rejected: a reservation in account-1 needs an id of 1 to 255 "
                        "bytes, not of 0");
    assert_string_equal(reverse_capture(g, ID_OF("a"), 0),
                        "rejected: an amount must be positive; account-1 was given 0");
}

static void a_reversal_is_accepted_whatever_happened_since(void **state)
{
    struct given *g = *state;

    open_with(g, 0, false);
    credit(g, 60);
    debit(g, 60); /* The credited money is spent, */
    freeze(g);    /* and the account frozen. */
    assert_string_equal(reverse_credit(g, 60),
                        "CreditReversed amount.minor=60 amount.currency=CZK");
    assert_string_equal(given_state(g), "status=FROZEN currency=CZK balance=-60");
    unfreeze(g);
    credit(g, 60);
    close_account(g);
    assert_string_equal(
        reverse_capture(g, ID_OF("a"), 5),
        "CaptureReversed reservation=a amount.minor=5 amount.currency=CZK");
    assert_string_equal(
        release(g, ID_OF("a")),
        "ReservationReleased reservation=a amount.minor=5 amount.currency=CZK");
    assert_string_equal(given_state(g), "status=CLOSED currency=CZK balance=5");
    assert_string_equal(reverse_credit(g, -5),
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

/* --- the projection --- */

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
        id = (dice >> 60) % 2 == 0 ? ID_OF("a") : ID_OF("b");
        switch ((dice >> 33) % 11) {
        case 0:
            open_with(g, 5000, false);
            break;
        case 1:
        case 2:
            credit(g, minor);
            break;
        case 3:
            debit(g, minor);
            break;
        case 4:
        case 5:
            reserve(g, id, minor);
            break;
        case 6:
            release(g, id);
            break;
        case 7:
            capture(g, id);
            break;
        case 8:
            reverse_credit(g, minor);
            break;
        case 9:
            reverse_capture(g, id, minor);
            break;
        default:
            i % 2 == 0 ? freeze(g) : unfreeze(g);
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
    assert_true(sarn_str_equal(row.account, ID_OF("1")));
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
    event.stream = ID_OF("x");
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
        TEST(the_row_of_an_account_follows_its_state),
        TEST(a_row_that_cannot_follow_is_corrupt),
        TEST(the_index_sorts_by_tenant_then_balance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
