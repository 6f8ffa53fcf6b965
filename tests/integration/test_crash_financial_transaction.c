/* financial_transaction, crashed everywhere, whichever step fails: each transaction
 * takes place wholly, with its count, its screening and its notice, or not at all. */
#include <string.h>

#include "core/fail.h"
#include "sarn/financial_transaction.h"
#include "sarn/test.h"
#include "support/test.h"

#define OPENING   INT64_C(100000)
#define DAY_US    INT64_C(86400000000)
#define VALUE_US  INT64_C(725846400000000) /* Of every order, and what day that is: */
#define VALUE     19930101u
#define STEPS_MAX 32u
#define CURRENCY  PAYMENTS_CURRENCY_CZK

enum review { NO_REVIEW, APPROVED, REFUSED, CANCELLED, FORGOTTEN };

/* Limits are 1,000 a transaction: 900 is for review. */
static const struct {
    const char *id;
    int64_t minor;
    const char *payee;
    enum review review;
} orders[] = {{"clear", 100, "", NO_REVIEW},
              {"approved", 900, "", APPROVED},
              {"refused", 901, "", REFUSED},
              {"cancelled", 902, "", CANCELLED},
              {"forgotten", 903, "", FORGOTTEN},
              {"much", 1001, "", NO_REVIEW},
              {"listed", 100, "Ivan the Bad", NO_REVIEW}};

/* The embedder, and a workflow of which one step fails. */
struct office {
    struct sarn_financial_transaction_context context; /* What the workflow sees. */
    bool told[COUNT(orders)];                          /* And not told otherwise. */
    uint32_t notices;                                  /* In all runs. */
    bool one_by_one; /* Each order waits for what can be done of the one before. */
    struct sarn_step steps[STEPS_MAX];
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[1];
    struct sarn_module module;
};

static bool *told(struct sarn_financial_transaction_context *context,
                  const struct sarn_transaction_notice *notice)
{
    struct office *office = (struct office *)context;

    for (size_t i = 0; i < COUNT(orders); i++) {
        if (sarn_str_equal(notice->workflow_id, sarn_str(orders[i].id))) {
            return &office->told[i];
        }
    }
    fail_msg("a notice of a transaction that nobody ordered");
    return NULL;
}

static sarn_status take_notice(struct sarn_financial_transaction_context *context,
                               const struct sarn_transaction_notice *notice)
{
    ((struct office *)context)->notices += 1;
    *told(context, notice) = true;
    return SARN_OK;
}

static sarn_status take_retraction(struct sarn_financial_transaction_context *context,
                                   const struct sarn_transaction_notice *notice)
{
    *told(context, notice) = false;
    return SARN_OK;
}

static sarn_status refuse(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "test", "refused by the test");
}

static struct sarn_step *step_of(struct office *office, const char *id)
{
    for (uint32_t i = 0; i < office->workflow.step_count; i++) {
        if (sarn_str_equal(sarn_str(id), sarn_str(office->steps[i].id))) {
            return &office->steps[i];
        }
    }
    fail_msg("there is no step %s", id);
    return NULL;
}

/* failing NULL: no step does. */
static void make_office(struct office *office, const char *failing, bool one_by_one)
{
    const struct sarn_workflow *original =
        sarn_financial_transaction_module.workflows[0];

    *office = (struct office){
        .context = {.transfers = {.struct_size = sizeof(office->context.transfers)},
                    .struct_size = sizeof(office->context),
                    .notify = take_notice,
                    .retract = take_retraction},
        .one_by_one = one_by_one,
        .workflow = *original,
        .module = sarn_financial_transaction_module};
    assert_true(original->step_count <= STEPS_MAX);
    memcpy(office->steps, original->steps,
           original->step_count * sizeof(office->steps[0]));
    if (failing != NULL) {
        step_of(office, failing)->run = refuse;
    }
    office->workflow.steps = office->steps;
    office->workflows[0] = &office->workflow;
    office->module.workflows = office->workflows;
}

/* --- what the client does --- */

static sarn_status send(sarn_test *test,
                        const char *stream,
                        const struct sarn_type *type,
                        const void *data,
                        struct sarn_error *error)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    char key[96];

    snprintf(key, sizeof(key), "%s %s", stream, type->name);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    command.key = sarn_str(key);
    return sarn_call(sarn_test_engine(test), &command, NULL, error);
}

static sarn_status set_up_user(sarn_test *test, struct sarn_error *error)
{
    const struct users_register enroll = {.name = SARN_STR("Jana")};
    const struct users_verify verify = {.level = USERS_LEVEL_FULL};
    const struct users_add_account account = {.account = SARN_STR("a")};
    const struct compliance_set_limits limits = {.limits = {.transaction = 1000,
                                                            .window_sum = 100000,
                                                            .window_us = DAY_US,
                                                            .window_count = 100,
                                                            .currency = CURRENCY}};
    const struct compliance_list list = {.source = SARN_STR("EU")};

    SARN__TRY(send(test, "user-u", &users_register_type, &enroll, error));
    SARN__TRY(send(test, "user-u", &users_verify_type, &verify, error));
    SARN__TRY(send(test, "user-u", &users_add_account_type, &account, error));
    SARN__TRY(send(test, "compliance-u", &compliance_set_limits_type, &limits, error));
    return send(test, "sanction-name:ivan the bad", &compliance_list_type, &list,
                error);
}

static sarn_status setup(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct payments_open_account open = {.currency = CURRENCY};
    const struct payments_credit credit = {
        .amount = {.minor = OPENING, .currency = CURRENCY}};
    struct office *office = arg;

    memset(office->told, 0, sizeof(office->told));
    SARN__TRY(set_up_user(test, error));
    SARN__TRY(send(test, "account-a", &payments_open_account_type, &open, error));
    SARN__TRY(send(test, "account-b", &payments_open_account_type, &open, error));
    return send(test, "account-a", &payments_credit_type, &credit, error);
}

static void forget(void *arg, const struct sarn_reply *reply)
{
    (void)arg;
    (void)reply; /* What became of it is asked at the end. */
}

static sarn_status begin(sarn_test *test, size_t i, struct sarn_error *error)
{
    const struct transactions_order order = {
        .user = SARN_STR("u"),
        .from_account = SARN_STR("a"),
        .to_account = SARN_STR("b"),
        .amount = {.minor = orders[i].minor, .currency = CURRENCY},
        .payee = sarn_str(orders[i].payee),
        .text = SARN_STR("rent"),
        .value_us = VALUE_US};
    struct sarn_start start = SARN_START_INIT;

    start.workflow = "financial_transaction";
    start.workflow_id = sarn_str(orders[i].id);
    start.input = &order;
    return sarn_execution_start(sarn_test_engine(test), &start, forget, NULL, error);
}

/* A transaction that is over needs no review any more. */
static sarn_status tell(sarn_test *test, size_t i, struct sarn_error *error)
{
    const struct transactions_decision decision = {
        .approved = orders[i].review == APPROVED, .by = SARN_STR("eva")};
    struct sarn_control control = SARN_CONTROL_INIT;
    char key[64];
    sarn_status status;

    snprintf(key, sizeof(key), "review of %s", orders[i].id);
    control.op =
        orders[i].review == CANCELLED ? SARN_CONTROL_CANCEL : SARN_CONTROL_SIGNAL;
    control.workflow = sarn_str("financial_transaction");
    control.workflow_id = sarn_str(orders[i].id);
    control.key = sarn_str(key);
    if (control.op == SARN_CONTROL_SIGNAL) {
        control.name = sarn_str("review");
        control.data = &decision;
    }
    status = sarn_control_call(sarn_test_engine(test), &control, NULL, NULL, error);
    return status == SARN_ERR_STATE ? SARN_OK : status;
}

static sarn_status drive(void *arg, sarn_test *test, struct sarn_error *error)
{
    const struct office *office = arg;

    for (size_t i = 0; i < COUNT(orders); i++) {
        SARN__TRY(begin(test, i, error));
        if (office->one_by_one) {
            SARN__TRY(sarn_test_advance(test, 0, error));
        }
    }
    SARN__TRY(sarn_test_advance(test, 0, error));
    for (size_t i = 0; i < COUNT(orders); i++) {
        if (orders[i].review != NO_REVIEW && orders[i].review != FORGOTTEN) {
            SARN__TRY(tell(test, i, error));
        }
    }
    return sarn_test_run(test, error);
}

/* --- what has to hold --- */

/* What the log says of one transaction, besides its own end. */
struct facts {
    int counted[COUNT(orders)]; /* Screened, and not withdrawn since. */
};

static int *counted_of(struct facts *facts, struct sarn_str transaction)
{
    for (size_t i = 0; i < COUNT(orders); i++) {
        if (sarn_str_equal(transaction, sarn_str(orders[i].id))) {
            return &facts->counted[i];
        }
    }
    fail_msg("an event of a transaction that nobody ordered");
    return NULL;
}

static sarn_status take_event(void *arg, const struct sarn_event *event)
{
    if (event->type == &compliance_transaction_screened_type) {
        const struct compliance_transaction_screened *e = event->data;

        *counted_of(arg, e->transaction) += e->band != COMPLIANCE_BAND_REFUSE;
    } else if (event->type == &compliance_screening_withdrawn_type) {
        const struct compliance_screening_withdrawn *e = event->data;

        *counted_of(arg, e->transaction) -= e->screened_us != 0;
    }
    return SARN_OK;
}

static sarn_status load(sarn_test *test,
                        struct sarn_arena *arena,
                        const char *stream,
                        void *state,
                        struct sarn_error *error)
{
    int64_t version;

    return sarn_load(sarn_test_engine(test), 0, sarn_str(stream), arena, state,
                     &version, error);
}

/* Transaction i took place (done), or left no trace. */
static sarn_status check_one(const struct office *office,
                             sarn_test *test,
                             struct sarn_arena *arena,
                             const struct facts *facts,
                             size_t i,
                             bool *done,
                             struct sarn_error *error)
{
    struct notifications_notice notice = {.status = 0};
    struct sarn_execution_info info;
    char stream[64];

    SARN__TRY(sarn_execution_get(sarn_test_engine(test), 0, "financial_transaction",
                                 sarn_str(orders[i].id), arena, &info, error));
    *done = info.status == SARN_EXECUTION_COMPLETED;
    if (!*done && info.status != SARN_EXECUTION_COMPENSATED &&
        info.status != SARN_EXECUTION_CANCELLED) {
        return sarn__fail(error, SARN_ERR_INVALID, "%s is %s", orders[i].id,
                          sarn_execution_status_text(info.status));
    }
    if (*done && strcmp(orders[i].id, "clear") != 0 &&
        strcmp(orders[i].id, "approved") != 0) {
        return sarn__fail(error, SARN_ERR_INVALID, "%s took place", orders[i].id);
    }
    snprintf(stream, sizeof(stream), "notice-%s", orders[i].id);
    SARN__TRY(load(test, arena, stream, &notice, error));
    if (*done ? notice.status != NOTIFICATIONS_STATUS_SENT
              : notice.status != NOTIFICATIONS_STATUS_NONE &&
                    notice.status != NOTIFICATIONS_STATUS_CANCELLED) {
        return sarn__fail(error, SARN_ERR_INVALID, "%s is %s, its notice %u",
                          orders[i].id, sarn_execution_status_text(info.status),
                          notice.status);
    }
    if (office->told[i] != *done || facts->counted[i] != *done) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "%s is %s; told: %d, counted in the window: %d", orders[i].id,
                          sarn_execution_status_text(info.status), office->told[i],
                          facts->counted[i]);
    }
    return SARN_OK;
}

static sarn_status check_books(sarn_test *test,
                               struct sarn_arena *arena,
                               uint32_t count,
                               int64_t sum,
                               struct sarn_error *error)
{
    struct payments_account a, b;
    struct compliance_profile profile;
    struct analytics_activity activity;
    char stream[SARN_ANALYTICS_STREAM_BYTES];

    (void)sarn_analytics_stream(VALUE, ANALYTICS_KIND_TRANSFER, CURRENCY, stream);
    SARN__TRY(load(test, arena, "account-a", &a, error));
    SARN__TRY(load(test, arena, "account-b", &b, error));
    SARN__TRY(load(test, arena, "compliance-u", &profile, error));
    SARN__TRY(load(test, arena, stream, &activity, error));
    if (a.balance != OPENING - sum || b.balance != sum || a.reserved != 0 ||
        b.reserved != 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a has %" PRId64 " (%" PRId64 " reserved), b has %" PRId64
                          "; %" PRId64 " were moved",
                          a.balance, a.reserved, b.balance, sum);
    }
    if (activity.count != count || activity.sum != sum) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "the day has %u of %" PRId64 ", not %u of %" PRId64,
                          activity.count, activity.sum, count, sum);
    }
    for (uint32_t i = 0; i < profile.screenings.size; i++) {
        if (profile.screenings.data[i].status != COMPLIANCE_SCREENING_STATUS_NONE) {
            return sarn__fail(error, SARN_ERR_INVALID, "a screening is left open");
        }
    }
    return SARN_OK;
}

static sarn_status check_all(const struct office *office,
                             sarn_test *test,
                             struct sarn_arena *arena,
                             struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct facts facts = {.counted = {0}};
    uint32_t count = 0;
    int64_t sum = 0;
    bool done;

    range.category = sarn_str("compliance");
    SARN__TRY(sarn_read(sarn_test_log(test), &range, take_event, &facts, error));
    for (size_t i = 0; i < COUNT(orders); i++) {
        SARN__TRY(check_one(office, test, arena, &facts, i, &done, error));
        count += done;
        sum += done ? orders[i].minor : 0;
    }
    return check_books(test, arena, count, sum, error);
}

static sarn_status invariant(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_status status;

    assert_non_null(arena);
    status = check_all(arg, test, arena, error);
    sarn_arena_destroy(arena);
    return status;
}

/* --- tests --- */

struct boundaries {
    uint64_t commits, calls, runs;
};

static sarn_status search(struct office *office,
                          uint64_t seed,
                          struct boundaries *boundaries,
                          const char **text,
                          struct sarn_arena *arena)
{
    const struct sarn_module *modules[] = {
        &sarn_payments_module,  &sarn_users_module,         &sarn_compliance_module,
        &sarn_analytics_module, &sarn_notifications_module, &office->module};
    struct sarn_options engine = SARN_OPTIONS_INIT;
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
    struct sarn_test_crash crash = SARN_TEST_CRASH_INIT;
    struct sarn_test_crash_result result = SARN_TEST_CRASH_RESULT_INIT;
    struct sarn_error error;
    sarn_status status;

    engine.modules = modules;
    engine.module_count = COUNT(modules);
    engine.context = office;
    options.engine = &engine;
    options.seed = seed;
    crash.options = &options;
    crash.arg = office;
    crash.setup = setup;
    crash.drive = drive;
    crash.invariant = invariant;
    crash.several = 20;
    status = sarn_test_crash_everywhere(&crash, arena, &result, &error);
    *text = result.text;
    if (status == SARN_OK) {
        assert_int_equal(result.tried, result.faults + 20); /* All there are. */
    }
    boundaries->commits += result.commits;
    boundaries->calls += result.calls;
    boundaries->runs += result.runs;
    return status;
}

static void crash_everywhere(const char *failing,
                             bool one_by_one,
                             uint64_t seed,
                             struct boundaries *boundaries)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    uint64_t runs = boundaries->runs;
    struct office office;
    const char *text;

    make_office(&office, failing, one_by_one);
    if (search(&office, seed, boundaries, &text, arena) != SARN_OK) {
        fail_msg("%s fails, seed %" PRIu64 ": %s",
                 failing == NULL ? "nothing" : failing, seed, text);
    }
    assert_true(failing != NULL || office.notices > boundaries->runs - runs);
    sarn_arena_destroy(arena);
}

static void print(const char *what, const struct boundaries *boundaries)
{
    print_message("financial_transaction, %s: %" PRIu64
                  " commit boundaries and %" PRIu64 " calls, %" PRIu64
                  " runs, no violation\n",
                  what, boundaries->commits, boundaries->calls, boundaries->runs);
}

static void a_transaction_takes_place_wholly_or_not_at_all(void **unused)
{
    (void)unused;
    for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
        struct boundaries boundaries = {0, 0, 0};

        for (uint64_t seed = 0; seed < 5; seed++) {
            crash_everywhere(NULL, one_by_one == 1, seed, &boundaries);
        }
        print(one_by_one == 1 ? "one by one, in 5 orders of things"
                              : "at once, in 5 orders of things",
              &boundaries);
    }
}

static void whichever_step_fails_it_leaves_no_trace(void **unused)
{
    const struct sarn_workflow *workflow =
        sarn_financial_transaction_module.workflows[0];
    struct boundaries boundaries = {0, 0, 0};

    (void)unused;
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        if (workflow->steps[i].run != NULL) {
            crash_everywhere(workflow->steps[i].id, i % 2 == 0, 10 + i, &boundaries);
        }
    }
    print("each of its steps failing", &boundaries);
}

/* What is asked of it has teeth: without any one of its compensations it does not hold.
 */
static void every_compensation_is_missed_when_it_is_not_there(void **unused)
{
    const struct sarn_workflow *workflow =
        sarn_financial_transaction_module.workflows[0];
    uint32_t missed = 0;

    (void)unused;
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct boundaries boundaries = {0, 0, 0};
        struct office office;
        const char *text;

        make_office(&office, "sent", false);
        if (office.steps[i].compensate != NULL) {
            office.steps[i].compensate = NULL;
            assert_int_equal(search(&office, i, &boundaries, &text, arena),
                             SARN_ERR_INVALID);
            missed += 1;
        }
        sarn_arena_destroy(arena);
    }
    assert_int_equal(missed, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_takes_place_wholly_or_not_at_all),
        cmocka_unit_test(whichever_step_fails_it_leaves_no_trace),
        cmocka_unit_test(every_compensation_is_missed_when_it_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
