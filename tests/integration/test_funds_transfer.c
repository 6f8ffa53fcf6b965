/* domain/workflows/funds_transfer: money arrives, or everything is as it was. */
#include <string.h>

#include "infra/memory/codec.h"
#include "infra/memory/sim.h"
#include "sarn/payments.h"

#include "support/test.h"

#define STEPS        5u
#define NOTIFY_TRIES 3u /* The default policy's attempts. */
#define CRASH_MOVES  60u

/* The embedder: it takes notices, or does not. */
struct office {
    struct sarn_funds_transfer_context
        context;     /* First: it is what the workflow sees. */
    uint32_t refuse; /* So many notices. */
    uint32_t notices;
    char last[160]; /* The last notice, as text. */
};

struct world {
    struct sarn__sim *sim;
    const struct sarn_module *modules[2];
    struct office office;
    char text[512];
};

static sarn_status take_notice(struct sarn_funds_transfer_context *context,
                               const struct sarn_transfer_notice *notice)
{
    struct office *office = (struct office *)context;
    const struct payments_transfer *transfer = notice->transfer;

    office->notices += 1;
    snprintf(office->last, sizeof(office->last),
             "%.*s: %.*s to %.*s, %" PRId64 ", try %u", (int)notice->workflow_id.size,
             notice->workflow_id.data, (int)transfer->from_account.size,
             transfer->from_account.data, (int)transfer->to_account.size,
             transfer->to_account.data, transfer->amount.minor, notice->attempt);
    assert_true(notice->key.size > 0);
    if (office->refuse > 0) {
        office->refuse -= 1;
        return SARN_ERR_BUSY;
    }
    return SARN_OK;
}

/* --- the world --- */

static void open_world(struct world *world,
                       const struct sarn_module *transfers,
                       bool has_office,
                       uint64_t seed)
{
    struct sarn__sim_options options = {.seed = seed, .codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    *world = (struct world){.modules = {&sarn_payments_module, transfers}};
    world->office.context = (struct sarn_funds_transfer_context){
        .struct_size = sizeof(world->office.context), .notify = take_notice};
    options.options.modules = world->modules;
    options.options.module_count = 2;
    options.options.context = has_office ? &world->office : NULL;
    if (sarn__sim_create(&options, &world->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

static void close_world(struct world *world)
{
    sarn__sim_destroy(world->sim);
}

static sarn_status send(struct world *world,
                        const char *account,
                        const struct sarn_type *type,
                        const void *data)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct sarn__sim_outcome outcome = {0};
    char stream[64];

    snprintf(stream, sizeof(stream), "account-%s", account);
    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    assert_int_equal(sarn__sim_submit(world->sim, &command, &outcome, NULL), SARN_OK);
    sarn__sim_run(world->sim);
    return outcome.status;
}

static void open_account(struct world *world, const char *account, int64_t minor)
{
    const struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
    const struct payments_credit credit = {
        .amount = {.minor = minor, .currency = PAYMENTS_CURRENCY_CZK}};

    assert_int_equal(send(world, account, &payments_open_account_type, &open), SARN_OK);
    if (minor > 0) {
        assert_int_equal(send(world, account, &payments_credit_type, &credit), SARN_OK);
    }
}

static struct payments_transfer
order(const char *from, const char *to, int64_t minor, uint16_t currency)
{
    return (struct payments_transfer){.from_account = sarn_str(from),
                                      .to_account = sarn_str(to),
                                      .amount = {.minor = minor, .currency = currency},
                                      .reference = sarn_str("r-1")};
}

static void begin(struct world *world,
                  const char *id,
                  const struct payments_transfer *transfer,
                  struct sarn__sim_outcome *outcome)
{
    struct sarn_start start = SARN_START_INIT;

    *outcome = (struct sarn__sim_outcome){0};
    start.workflow = "funds_transfer";
    start.workflow_id = sarn_str(id);
    start.input = transfer;
    assert_int_equal(sarn__sim_start(world->sim, &start, outcome, NULL), SARN_OK);
}

/* Run one transfer of 60 CZK from a to b to its end; how it ended. */
static const char *transfer_with(struct world *world,
                                 const char *id,
                                 const struct payments_transfer *transfer)
{
    struct sarn__sim_outcome outcome;

    begin(world, id, transfer, &outcome);
    sarn__sim_run(world->sim);
    assert_int_equal(outcome.answers, 1);
    snprintf(world->text, sizeof(world->text), "%s%s%s%s",
             sarn_status_text(outcome.status), outcome.text[0] != '\0' ? ": " : "",
             outcome.text, outcome.repeated ? " (repeated)" : "");
    return world->text;
}

static const char *transfer(struct world *world,
                            const char *id,
                            const char *from,
                            const char *to,
                            int64_t minor)
{
    const struct payments_transfer t = order(from, to, minor, PAYMENTS_CURRENCY_CZK);

    return transfer_with(world, id, &t);
}

static sarn_status
describe_account(void *arg, struct sarn_str stream, int64_t version, const void *state)
{
    const struct payments_account *account = state;
    char *text = arg;

    (void)version;
    snprintf(text + strlen(text), 64, "%s%c %" PRId64, text[0] == '\0' ? "" : ", ",
             stream.data[stream.size - 1], account->balance);
    if (account->reserved != 0) {
        snprintf(text + strlen(text), 64, " (%" PRId64 " reserved)", account->reserved);
    }
    return SARN_OK;
}

/* "a 40, b 60": the durable balances. */
static const char *balances(struct world *world)
{
    const struct sarn_str streams[] = {SARN_STR("account-a"), SARN_STR("account-b")};

    sarn__engine_settle(sarn__sim_engine(world->sim));
    world->text[0] = '\0';
    assert_int_equal(sarn__engine_load(sarn__sim_engine(world->sim), 0, streams, 2,
                                       describe_account, world->text, NULL),
                     SARN_OK);
    return world->text;
}

/* --- tests --- */

static void money_arrives_and_notice_is_given(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, &sarn_funds_transfer_module, true, 1);
    open_account(&w, "a", 100);
    open_account(&w, "b", 0);
    assert_string_equal(transfer(&w, "t1", "a", "b", 60), "ok");
    assert_string_equal(balances(&w), "a 40, b 60");
    assert_string_equal(w.office.last, "t1: a to b, 60, try 1");
    assert_int_equal(w.office.notices, 1);
    close_world(&w);
}

static void nobody_has_to_be_told(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, &sarn_funds_transfer_module, false, 2);
    open_account(&w, "a", 100);
    open_account(&w, "b", 0);
    assert_string_equal(transfer(&w, "t1", "a", "b", 100), "ok");
    assert_string_equal(balances(&w), "a 0, b 100");
    close_world(&w);
}

static void the_same_transfer_is_made_once(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, &sarn_funds_transfer_module, true, 3);
    open_account(&w, "a", 100);
    open_account(&w, "b", 0);
    assert_string_equal(transfer(&w, "t1", "a", "b", 60), "ok");
    assert_string_equal(transfer(&w, "t1", "a", "b", 60), "ok (repeated)");
    assert_string_equal(balances(&w), "a 40, b 60");
    assert_int_equal(
        strncmp(transfer(&w, "t1", "a", "b", 61), "idempotency key reused", 22), 0);
    assert_string_equal(balances(&w), "a 40, b 60");
    close_world(&w);
}

static void what_cannot_be_done_is_undone_with_its_reason(void **state)
{
    static const struct {
        const char *from, *to;
        int64_t minor;
        uint16_t currency;
        const char *reason;
    } rows[] = {
        {"a", "b", 101, PAYMENTS_CURRENCY_CZK, "account-a cannot pay 101 CZK"},
        {"x", "b", 1, PAYMENTS_CURRENCY_CZK, "account-x was never opened"},
        {"a", "y", 1, PAYMENTS_CURRENCY_CZK, "account-y was never opened"},
        {"a", "b", 0, PAYMENTS_CURRENCY_CZK, "an amount must be positive"},
        {"a", "b", 1, PAYMENTS_CURRENCY_EUR, "account-a is kept in CZK, not in EUR"},
        {"a", "a", 1, PAYMENTS_CURRENCY_CZK, "a transfer goes to another account"},
        {"", "b", 1, PAYMENTS_CURRENCY_CZK,
         "an account's id has 1 to 247 bytes, not 0"},
        {"c", "b", 1, PAYMENTS_CURRENCY_CZK, "account-c is closed"},
        {"a", "c", 1, PAYMENTS_CURRENCY_CZK, "account-c is closed"},
    };
    struct world w;

    (void)state;
    open_world(&w, &sarn_funds_transfer_module, true, 4);
    open_account(&w, "a", 100);
    open_account(&w, "b", 0);
    open_account(&w, "c", 0);
    assert_int_equal(send(&w, "c", &payments_close_type, &(struct payments_close){0}),
                     SARN_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct payments_transfer t =
            order(rows[i].from, rows[i].to, rows[i].minor, rows[i].currency);
        char id[16];
        const char *end;

        snprintf(id, sizeof(id), "row-%zu", i);
        end = transfer_with(&w, id, &t);
        if (strncmp(end, "failed and was compensated", 26) != 0 ||
            strstr(end, rows[i].reason) == NULL) {
            fail_msg("row %zu: %s", i, end);
        }
        assert_string_equal(balances(&w), "a 100, b 0");
    }
    assert_int_equal(w.office.notices, 0);
    close_world(&w);
}

static sarn_status refuse(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "test", "refused by the test");
}

/* Whichever step fails, what the ones before it did is undone, exactly. */
static void every_step_can_fail_and_leaves_no_trace(void **state)
{
    const struct sarn_workflow *original = sarn_funds_transfer_module.workflows[0];

    (void)state;
    assert_int_equal(original->step_count, STEPS);
    for (uint32_t failing = 0; failing < STEPS; failing++) {
        struct sarn_step steps[STEPS];
        struct sarn_workflow workflow = *original;
        const struct sarn_workflow *const workflows[] = {&workflow};
        struct sarn_module module = sarn_funds_transfer_module;
        struct world w;

        memcpy(steps, original->steps, sizeof(steps));
        steps[failing].run = refuse;
        workflow.steps = steps;
        module.workflows = workflows;
        open_world(&w, &module, true, 5 + failing);
        open_account(&w, "a", 100);
        open_account(&w, "b", 7);
        assert_string_equal(transfer(&w, "t1", "a", "b", 60),
                            "failed and was compensated: refused by the test");
        assert_string_equal(balances(&w), "a 100, b 7");
        assert_int_equal(w.office.notices, 0);
        /* The id is used up, and its reservation is not in the way of another. */
        assert_string_equal(
            transfer(&w, "t1", "a", "b", 60),
            "failed and was compensated: refused by the test (repeated)");
        close_world(&w);
    }
}

static void a_notice_is_tried_again_under_the_same_key(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, &sarn_funds_transfer_module, true, 11);
    open_account(&w, "a", 100);
    open_account(&w, "b", 0);
    w.office.refuse = NOTIFY_TRIES - 1;
    assert_string_equal(transfer(&w, "t1", "a", "b", 60), "ok");
    assert_int_equal(w.office.notices, NOTIFY_TRIES);
    assert_string_equal(w.office.last, "t1: a to b, 60, try 3");
    assert_string_equal(balances(&w), "a 40, b 60");
    close_world(&w);
}

static void a_notice_that_nobody_takes_undoes_the_transfer(void **state)
{
    struct world w;

    (void)state;
    open_world(&w, &sarn_funds_transfer_module, true, 12);
    open_account(&w, "a", 100);
    open_account(&w, "b", 0);
    w.office.refuse = NOTIFY_TRIES;
    assert_string_equal(
        transfer(&w, "t1", "a", "b", 60),
        "failed and was compensated: the transfer's notice was not taken: "
        "the log is owned by another process");
    assert_string_equal(balances(&w), "a 100, b 0");
    close_world(&w);
}

/* The receiver has spent the money, and both are frozen, before notify fails for good.
 */
static void it_is_undone_whatever_happened_since(void **state)
{
    const struct payments_transfer t = order("a", "b", 60, PAYMENTS_CURRENCY_CZK);
    const struct payments_debit spend = {
        .amount = {.minor = 60, .currency = PAYMENTS_CURRENCY_CZK}};
    const struct payments_freeze freeze = {.reason = SARN_STR("court")};
    struct sarn__sim_outcome outcome;
    struct world w;

    (void)state;
    open_world(&w, &sarn_funds_transfer_module, true, 13);
    open_account(&w, "a", 100);
    open_account(&w, "b", 0);
    w.office.refuse = NOTIFY_TRIES;
    begin(&w, "t1", &t, &outcome);
    while (w.office.notices == 0) {
        assert_true(sarn__sim_run_moves(w.sim, 1));
    }
    assert_int_equal(outcome.answers, 0);
    {
        /* Submitted now, decided before the next attempt is due. */
        struct sarn_command command = SARN_COMMAND_INIT;
        struct sarn__sim_outcome done[3] = {{0}, {0}, {0}};

        command.stream = sarn_str("account-b");
        command.type = &payments_debit_type;
        command.data = &spend;
        assert_int_equal(sarn__sim_submit(w.sim, &command, &done[0], NULL), SARN_OK);
        command.type = &payments_freeze_type;
        command.data = &freeze;
        assert_int_equal(sarn__sim_submit(w.sim, &command, &done[1], NULL), SARN_OK);
        command.stream = sarn_str("account-a");
        assert_int_equal(sarn__sim_submit(w.sim, &command, &done[2], NULL), SARN_OK);
        sarn__sim_run(w.sim);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(done[i].status, SARN_OK);
        }
    }
    assert_int_equal(outcome.status, SARN_ERR_COMPENSATED);
    assert_string_equal(balances(&w), "a 100, b -60");
    close_world(&w);
}

/* The power goes after any move; what is opened again ends the transfer, one way. */
static void a_crash_anywhere_leaves_it_done_or_undone(void **state)
{
    (void)state;
    for (uint32_t refusals = 0; refusals <= NOTIFY_TRIES; refusals += NOTIFY_TRIES) {
        for (uint64_t moves = 0; moves < CRASH_MOVES; moves++) {
            const struct payments_transfer t =
                order("a", "b", 60, PAYMENTS_CURRENCY_CZK);
            struct sarn__sim_outcome outcome;
            struct sarn_error error = {SARN_OK, ""};
            struct world w;

            open_world(&w, &sarn_funds_transfer_module, true, 100 + moves);
            open_account(&w, "a", 100);
            open_account(&w, "b", 0);
            w.office.refuse = refusals;
            begin(&w, "t1", &t, &outcome);
            (void)sarn__sim_run_moves(w.sim, moves);
            if (sarn__sim_crash_reopen(w.sim, &error) != SARN_OK) {
                fail_msg("%s", error.text);
            }
            w.office.refuse = refusals; /* It is as stubborn as before. */
            sarn__sim_run(w.sim);
            begin(&w, "t1", &t, &outcome); /* Join it, or start it after all. */
            sarn__sim_run(w.sim);
            assert_int_equal(outcome.answers, 1);
            if (outcome.status == SARN_OK) {
                assert_string_equal(balances(&w), "a 40, b 60");
                assert_true(w.office.notices >= 1);
            } else {
                assert_int_equal(outcome.status, SARN_ERR_COMPENSATED);
                assert_string_equal(balances(&w), "a 100, b 0");
            }
            close_world(&w);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(money_arrives_and_notice_is_given),
        cmocka_unit_test(nobody_has_to_be_told),
        cmocka_unit_test(the_same_transfer_is_made_once),
        cmocka_unit_test(what_cannot_be_done_is_undone_with_its_reason),
        cmocka_unit_test(every_step_can_fail_and_leaves_no_trace),
        cmocka_unit_test(a_notice_is_tried_again_under_the_same_key),
        cmocka_unit_test(a_notice_that_nobody_takes_undoes_the_transfer),
        cmocka_unit_test(it_is_undone_whatever_happened_since),
        cmocka_unit_test(a_crash_anywhere_leaves_it_done_or_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
