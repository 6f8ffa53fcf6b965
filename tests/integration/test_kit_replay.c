/* sarn/test.h, replay: recorded histories against the code of today, and what of them
 * no longer fits, and where. */
#include <string.h>
#include <sys/stat.h>

#include "sarn/payments.h"
#include "sarn/test.h"
#include "support/tempdir.h"
#include "support/test.h"

#define FINDINGS_MAX 16

struct replaying {
    struct tempdir folder;
    char findings[FINDINGS_MAX][512];
    uint32_t count;
    struct sarn_test_histories histories;
    struct sarn_error error;
};

/* --- the code that wrote the histories, and that of today --- */

static sarn_status done(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status with_words(struct sarn_step_call *call)
{
    const struct sarn_str words = SARN_STR("words");

    return sarn_step_output(call, &words);
}

static sarn_status refuse(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "no", "no");
}

#define STEP(name)                                                                     \
    {                                                                                  \
        .id = (name), .run = done, .compensate = done, .flags = SARN_STEP_IDEMPOTENT   \
    }

static const char *const was_b[] = {"b", NULL};
static const struct sarn_step recorded_steps[] = {STEP("a"), STEP("b"), STEP("c")};
static const struct sarn_step failing_steps[] = {
    STEP("a"), STEP("b"), {.id = "c", .run = refuse, .flags = SARN_STEP_IDEMPOTENT}};
static const struct sarn_step renamed_steps[] = {STEP("a"),
                                                 {.id = "bb",
                                                  .run = done,
                                                  .compensate = done,
                                                  .flags = SARN_STEP_IDEMPOTENT,
                                                  .aliases = was_b},
                                                 STEP("c")};
static const struct sarn_step fewer_steps[] = {STEP("a"), STEP("c")};
static const struct sarn_step wordy_steps[] = {STEP("a"),
                                               {.id = "b",
                                                .run = with_words,
                                                .compensate = done,
                                                .flags = SARN_STEP_IDEMPOTENT,
                                                .output = &sarn_bytes_type},
                                               STEP("c")};

#define WORKFLOW(number, table)                                                        \
    {                                                                                  \
        "errand", (number), NULL, SARN_STEPS(table)                                    \
    }
static const struct sarn_workflow recorded = WORKFLOW(1, recorded_steps);
static const struct sarn_workflow failing = WORKFLOW(1, failing_steps);
static const struct sarn_workflow renamed = WORKFLOW(2, renamed_steps);
static const struct sarn_workflow fewer = WORKFLOW(2, fewer_steps);
static const struct sarn_workflow wordy = WORKFLOW(2, wordy_steps);

static struct sarn_module module_of(const struct sarn_workflow *const *workflows,
                                    uint32_t count)
{
    return (struct sarn_module){.abi = SARN_MODULE_ABI,
                                .struct_size = sizeof(struct sarn_module),
                                .name = "errands",
                                .version = "1",
                                .workflows = workflows,
                                .workflow_count = count};
}

/* --- recording --- */

static void
record(struct replaying *r, const char *name, const struct sarn_workflow *as)
{
    const struct sarn_workflow *const workflows[] = {as};
    const struct sarn_module module = module_of(workflows, 1);
    const struct sarn_module *const modules[] = {&sarn_payments_module, &module};
    const struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
    const struct payments_credit credit = {
        .amount = {.minor = 5, .currency = PAYMENTS_CURRENCY_CZK}};
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_start start = SARN_START_INIT;
    struct sarn_command command = SARN_COMMAND_INIT;
    sarn_engine *engine = NULL;
    char file[32];
    sarn_status status;

    snprintf(file, sizeof(file), "%s.sarn", name);
    options.modules = modules;
    options.module_count = 2;
    options.tail_max = 1; /* So that its rows are stored. */
    start.workflow = "errand";
    start.workflow_id = sarn_str("1");
    command.stream = sarn_str("account-ann");
    command.type = &payments_open_account_type;
    command.data = &open;
    assert_ok(sarn_open(tempdir_path(&r->folder, file), &options, &engine, &r->error),
              &r->error);
    assert_ok(sarn_call(engine, &command, NULL, &r->error), &r->error);
    command.type = &payments_credit_type;
    command.data = &credit;
    for (int i = 0; i < 20; i++) {
        assert_ok(sarn_call(engine, &command, NULL, &r->error), &r->error);
    }
    status = sarn_execute(engine, &start, NULL, &r->error);
    assert_true(status == SARN_OK || status == SARN_ERR_COMPENSATED);
    sarn_close(engine);
}

static void begin(struct replaying *r)
{
    *r = (struct replaying){.count = 0};
    tempdir_make(&r->folder);
}

static void end(struct replaying *r)
{
    tempdir_remove(&r->folder);
}

/* --- replaying --- */

/* Without its folder, which is another each time. */
static void note(void *arg, const char *text)
{
    struct replaying *r = arg;

    assert_true(r->count < FINDINGS_MAX);
    assert_true(strncmp(text, r->folder.path, strlen(r->folder.path)) == 0);
    snprintf(r->findings[r->count++], sizeof(r->findings[0]), "%s",
             text + strlen(r->folder.path) + 1);
}

static sarn_status replay_at(struct replaying *r,
                             const char *path,
                             const struct sarn_module *const *modules,
                             uint32_t count)
{
    const char *const paths[] = {path};

    r->count = 0;
    r->histories = (struct sarn_test_histories)SARN_TEST_HISTORIES_INIT;
    r->histories.modules = modules;
    r->histories.module_count = count;
    r->histories.paths = paths;
    r->histories.path_count = 1;
    r->histories.finding = note;
    r->histories.arg = r;
    return sarn_test_replay(&r->histories, &r->error);
}

static void replay(struct replaying *r,
                   const struct sarn_workflow *first,
                   const struct sarn_workflow *second)
{
    const struct sarn_workflow *const workflows[] = {first, second};
    const struct sarn_module module = module_of(workflows, first == NULL    ? 0
                                                           : second == NULL ? 1
                                                                            : 2);
    const struct sarn_module *const modules[] = {&sarn_payments_module, &module};

    assert_ok(replay_at(r, r->folder.path, modules, 2), &r->error);
    assert_int_equal(r->histories.misfits, r->count);
}

static void histories_fit_the_code_that_wrote_them(void **unused)
{
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &recorded);
    record(&r, "2", &failing);
    replay(&r, &recorded, NULL);
    assert_int_equal(r.histories.logs, 2);
    assert_int_equal(r.histories.executions, 2);
    assert_true(r.histories.events > 10);
    assert_int_equal(r.count, 0);
    end(&r);
}

static void a_step_that_was_renamed_with_an_alias_fits(void **unused)
{
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &recorded);
    replay(&r, &renamed, NULL);
    assert_int_equal(r.count, 0);
    end(&r);
}

static void a_step_that_is_gone_is_named_with_where_it_is_missed(void **unused)
{
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &recorded);
    replay(&r, &fewer, NULL);
    assert_int_equal(r.count, 1);
    assert_non_null(strstr(r.findings[0], "1.sarn: errand-1@"));
    assert_non_null(strstr(r.findings[0], "it cannot go on with version 2: step b: "));
    /* The version that wrote them is there, beside. */
    replay(&r, &fewer, &recorded);
    assert_int_equal(r.count, 0);
    end(&r);
}

static void an_output_that_nobody_expects_any_more_does_not_fit(void **unused)
{
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &wordy);
    replay(&r, &recorded, NULL);
    assert_int_equal(r.count, 1);
    assert_non_null(strstr(r.findings[0], "step b"));
    end(&r);
}

static void a_step_with_another_output_does_not_fit(void **unused)
{
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &recorded);
    replay(&r, &wordy, NULL);
    assert_int_equal(r.count, 1);
    assert_non_null(strstr(r.findings[0], "it has another type of output"));
    end(&r);
}

static void what_is_over_needs_no_workflow(void **unused)
{
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &recorded);
    replay(&r, NULL, NULL);
    assert_int_equal(r.count, 0);
    end(&r);
}

/* --- states and projections --- */

static sarn_status
refuse_all(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    (void)state;
    (void)event;
    (void)arena;
    return SARN_ERR_CORRUPT;
}

static void an_aggregate_that_folds_no_more_is_named(void **unused)
{
    struct sarn_aggregate account = *sarn_payments_module.aggregates[0];
    const struct sarn_aggregate *const aggregates[] = {&account};
    struct sarn_module module = sarn_payments_module;
    const struct sarn_module *const modules[] = {&module};
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &recorded);
    account.apply = refuse_all;
    module.aggregates = aggregates;
    module.projections = NULL;
    module.projection_count = 0;
    assert_ok(replay_at(&r, r.folder.path, modules, 1), &r.error);
    assert_true(r.count >= 1);
    assert_non_null(strstr(r.findings[r.count - 1], "1.sarn: account-ann@0: aggregate "
                                                    "account cannot apply "
                                                    "payments.AccountOpened any more"));
    end(&r);
}

static sarn_status fold_nothing(struct sarn_row *row, const struct sarn_event *event)
{
    (void)row;
    (void)event;
    return SARN_OK;
}

static void a_projection_that_folds_to_other_rows_is_named(void **unused)
{
    struct sarn_projection balances = *sarn_payments_module.projections[0];
    const struct sarn_projection *const projections[] = {&balances};
    struct sarn_module module = sarn_payments_module;
    const struct sarn_module *const modules[] = {&module};
    struct replaying r;

    (void)unused;
    begin(&r);
    record(&r, "1", &recorded);
    balances.apply = fold_nothing; /* Its version should have been raised. */
    module.projections = projections;
    assert_ok(replay_at(&r, r.folder.path, modules, 1), &r.error);
    assert_true(r.count >= 1);
    assert_non_null(strstr(r.findings[0], "balances"));
    end(&r);
}

/* --- paths --- */

static void a_path_without_histories_is_an_error(void **unused)
{
    struct replaying r;

    (void)unused;
    begin(&r);
    assert_int_equal(replay_at(&r, r.folder.path, NULL, 0), SARN_ERR_NOT_FOUND);
    assert_int_equal(replay_at(&r, tempdir_path(&r.folder, "nowhere"), NULL, 0),
                     SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(r.error.text, "nowhere"));
    assert_int_equal(replay_at(&r, NULL, NULL, 0), SARN_ERR_NOT_FOUND);
    record(&r, "1", &recorded);
    assert_ok(replay_at(&r, tempdir_path(&r.folder, "1.sarn"), NULL, 0), &r.error);
    assert_int_equal(r.histories.logs, 1);
    r.histories.struct_size = 3;
    assert_int_equal(sarn_test_replay(&r.histories, &r.error), SARN_ERR_INVALID);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_fit_the_code_that_wrote_them),
        cmocka_unit_test(a_step_that_was_renamed_with_an_alias_fits),
        cmocka_unit_test(a_step_that_is_gone_is_named_with_where_it_is_missed),
        cmocka_unit_test(an_output_that_nobody_expects_any_more_does_not_fit),
        cmocka_unit_test(a_step_with_another_output_does_not_fit),
        cmocka_unit_test(what_is_over_needs_no_workflow),
        cmocka_unit_test(an_aggregate_that_folds_no_more_is_named),
        cmocka_unit_test(a_projection_that_folds_to_other_rows_is_named),
        cmocka_unit_test(a_path_without_histories_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
