/* funds_transfer, crashed everywhere: whatever goes wrong, money is neither made nor
 * lost, and a transfer is booked wholly or not at all. */
#include <string.h>

#include "core/fail.h"
#include "sarn/payments.h"
#include "sarn/test.h"
#include "support/test.h"

#define OPENING INT64_C(100000)

/* Whom notices go to. */
struct office {
    struct sarn_funds_transfer_context context; /* What the workflow sees. */
    bool refuses;
    bool one_by_one; /* Each transfer waits for the one before. */
    uint32_t notices;
};

/* amount is more than there is, in one of them. */
static const struct {
    const char *id, *from, *to;
    int64_t minor;
} orders[] = {{"t1", "ann", "bob", 30000},
              {"t2", "bob", "ann", 5000},
              {"t3", "ann", "bob", 900000},
              {"t4", "ann", "nobody", 1000}};

static sarn_status take_notice(struct sarn_funds_transfer_context *context,
                               const struct sarn_transfer_notice *notice)
{
    struct office *office = (struct office *)context;

    (void)notice;
    office->notices += 1;
    return office->refuses ? SARN_ERR_BUSY : SARN_OK;
}

/* --- what the client does --- */

static sarn_status send(sarn_test *test,
                        const char *account,
                        const char *key,
                        const struct sarn_type *type,
                        const void *data,
                        struct sarn_error *error)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    char stream[64];

    snprintf(stream, sizeof(stream), "account-%s", account);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    command.key = sarn_str(key);
    return sarn_call(sarn_test_engine(test), &command, NULL, error);
}

static sarn_status
open_account(sarn_test *test, const char *account, struct sarn_error *error)
{
    const struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
    const struct payments_credit credit = {
        .amount = {.minor = OPENING, .currency = PAYMENTS_CURRENCY_CZK}};
    char key[64];

    SARN__TRY(send(test, account, NULL, &payments_open_account_type, &open, error));
    snprintf(key, sizeof(key), "credit-%s", account);
    return send(test, account, key, &payments_credit_type, &credit, error);
}

static sarn_status setup(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct office *office = arg;

    office->notices = 0;
    SARN__TRY(open_account(test, "ann", error));
    return open_account(test, "bob", error);
}

static void forget(void *arg, const struct sarn_reply *reply)
{
    (void)arg;
    (void)reply; /* What became of it is asked at the end. */
}

static sarn_status begin(const struct office *office,
                         sarn_engine *engine,
                         const struct sarn_start *start,
                         struct sarn_error *error)
{
    sarn_status status;

    if (!office->one_by_one) {
        return sarn_execution_start(engine, start, forget, NULL, error);
    }
    status = sarn_execute(engine, start, NULL, error);
    return status == SARN_ERR_COMPENSATED ? SARN_OK : status;
}

static sarn_status drive(void *arg, sarn_test *test, struct sarn_error *error)
{
    for (size_t i = 0; i < COUNT(orders); i++) {
        const struct payments_transfer transfer = {
            .from_account = sarn_str(orders[i].from),
            .to_account = sarn_str(orders[i].to),
            .amount = {.minor = orders[i].minor, .currency = PAYMENTS_CURRENCY_CZK}};
        struct sarn_start start = SARN_START_INIT;

        start.workflow = "funds_transfer";
        start.workflow_id = sarn_str(orders[i].id);
        start.input = &transfer;
        SARN__TRY(begin(arg, sarn_test_engine(test), &start, error));
    }
    return sarn_test_run(test, error);
}

/* --- what has to hold --- */

static sarn_status check_account(sarn_test *test,
                                 struct sarn_arena *arena,
                                 const char *account,
                                 int64_t wanted,
                                 struct sarn_error *error)
{
    struct payments_account state;
    char stream[64];
    int64_t version;

    snprintf(stream, sizeof(stream), "account-%s", account);
    SARN__TRY(sarn_load(sarn_test_engine(test), 0, sarn_str(stream), arena, &state,
                        &version, error));
    if (state.balance != wanted || state.reserved != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "%s has %" PRId64 ", %" PRId64
                          " of it reserved, not %" PRId64,
                          account, state.balance, state.reserved, wanted);
    }
    return SARN_OK;
}

static sarn_status check_books(sarn_test *test,
                               struct sarn_arena *arena,
                               const struct office *office,
                               struct sarn_error *error)
{
    int64_t ann = OPENING, bob = OPENING;

    for (size_t i = 0; i < COUNT(orders); i++) {
        struct sarn_execution_info info;
        bool can_be = i < 2 && !office->refuses;

        SARN__TRY(sarn_execution_get(sarn_test_engine(test), 0, "funds_transfer",
                                     sarn_str(orders[i].id), arena, &info, error));
        if (info.status !=
            (can_be ? SARN_EXECUTION_COMPLETED : SARN_EXECUTION_COMPENSATED)) {
            return sarn__fail(error, SARN_ERR_INVALID, "%s is %s", orders[i].id,
                              sarn_execution_status_text(info.status));
        }
        if (can_be) {
            ann -= orders[i].from[0] == 'a' ? orders[i].minor : -orders[i].minor;
            bob += orders[i].from[0] == 'a' ? orders[i].minor : -orders[i].minor;
        }
    }
    SARN__TRY(check_account(test, arena, "ann", ann, error));
    return check_account(test, arena, "bob", bob, error);
}

static sarn_status invariant(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_status status;

    assert_non_null(arena);
    status = check_books(test, arena, arg, error);
    sarn_arena_destroy(arena);
    return status;
}

static void crash_everywhere(bool refuses, bool one_by_one)
{
    static const struct sarn_module *const modules[] = {&sarn_payments_module,
                                                        &sarn_funds_transfer_module};
    uint64_t commits = 0, calls = 0, runs = 0;

    for (uint64_t seed = 0; seed < 5; seed++) {
        struct office office = {
            .context = {.struct_size = sizeof(office.context), .notify = take_notice},
            .refuses = refuses,
            .one_by_one = one_by_one};
        struct sarn_options engine = SARN_OPTIONS_INIT;
        struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
        struct sarn_test_crash crash = SARN_TEST_CRASH_INIT;
        struct sarn_test_crash_result result = SARN_TEST_CRASH_RESULT_INIT;
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct sarn_error error;

        engine.modules = modules;
        engine.module_count = 2;
        engine.context = &office;
        options.engine = &engine;
        options.seed = seed;
        crash.options = &options;
        crash.arg = &office;
        crash.setup = setup;
        crash.drive = drive;
        crash.invariant = invariant;
        crash.several = 100;
        if (sarn_test_crash_everywhere(&crash, arena, &result, &error) != SARN_OK) {
            fprintf(stderr, "%s\n%s", error.text, result.text);
            fail();
        }
        assert_int_equal(result.tried, result.faults + 100);
        assert_true(office.notices > 0);
        commits += result.commits;
        calls += result.calls;
        runs += result.runs;
        sarn_arena_destroy(arena);
    }
    print_message("funds_transfer%s%s: %" PRIu64 " commit boundaries and %" PRIu64
                  " calls in 5 orders of things, %" PRIu64 " runs, no violation\n",
                  refuses ? ", undone" : "", one_by_one ? ", one by one" : ", at once",
                  commits, calls, runs);
}

static void transfers_are_booked_wholly_or_not_at_all(void **unused)
{
    (void)unused;
    crash_everywhere(false, false);
    crash_everywhere(false, true);
}

static void transfers_that_are_undone_leave_the_books_as_they_were(void **unused)
{
    (void)unused;
    crash_everywhere(true, false);
    crash_everywhere(true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_are_booked_wholly_or_not_at_all),
        cmocka_unit_test(transfers_that_are_undone_leave_the_books_as_they_were),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
