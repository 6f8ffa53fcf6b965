/* Schedules from outside of the program that owns the log: through its control socket,
 * or by owning the log for a moment, without its code. */
#include "sarn/payments.h"
#include "sarn/sarn.h"
#include "support/tempdir.h"
#include "support/test.h"

static const struct sarn_str none = {NULL, 0};
static const struct sarn_str transfer =
    SARN_STR("{\"from_account\":\"1\",\"to_account\":\"2\",\"amount\":{\"minor\":100,"
             "\"currency\":\"CZK\"}}");

struct world {
    struct tempdir dir;
    char log[512];
    sarn_engine *engine;
    struct sarn_error error;
    char text[1024];
};

static sarn_status done(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static const struct sarn_step steps[] = {
    {.id = "go", .run = done, .kind = SARN_STEP_LOCAL}};
static const struct sarn_workflow tick = {
    .name = "tick", .version = 1, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&tick};
static const struct sarn_module ticker = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(ticker),
                                          .name = "ticker",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {
    &sarn_payments_module, &sarn_funds_transfer_module, &ticker};

static void open_engine(struct world *w, uint32_t flags)
{
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.flags = flags;
    options.modules = modules;
    options.module_count = COUNT(modules);
    assert_ok(sarn_open(w->log, &options, &w->engine, &w->error), &w->error);
    assert_ok(sarn_start(w->engine, &w->error), &w->error);
}

static void open_world(struct world *w, uint32_t flags)
{
    memset(w, 0, sizeof(*w));
    tempdir_make(&w->dir);
    snprintf(w->log, sizeof(w->log), "%s", tempdir_path(&w->dir, "bank.sarn"));
    open_engine(w, flags);
}

static void close_engine(struct world *w)
{
    sarn_close(w->engine);
    w->engine = NULL;
}

static void close_world(struct world *w)
{
    if (w->engine != NULL) {
        close_engine(w);
    }
    tempdir_remove(&w->dir);
}

/* --- asking --- */

static sarn_status put(struct world *w, const char *workflow, struct sarn_str json)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;

    schedule.id = sarn_str("s");
    schedule.workflow = workflow;
    schedule.cron = "0 0 29 2 *";
    schedule.actor = sarn_str("ann");
    return sarn_schedule_put_at(w->log, &schedule, json, &w->error);
}

static sarn_status alter(struct world *w, uint32_t op)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;

    change.op = op;
    change.id = sarn_str("s");
    change.reason = sarn_str("why not");
    return sarn_schedule_alter_at(w->log, &change, &w->error);
}

static sarn_status say(void *arg, const struct sarn_schedule_info *info)
{
    struct world *w = arg;

    snprintf(w->text, sizeof(w->text), "%.*s: %.*s, %llu started%s", (int)info->id.size,
             info->id.data, (int)info->workflow.size, info->workflow.data,
             (unsigned long long)info->started, info->paused ? ", paused" : "");
    return SARN_OK;
}

/* How it stands, in the log. */
static const char *stands(struct world *w)
{
    sarn_log *log = NULL;

    w->text[0] = '\0';
    if (w->engine != NULL) {
        assert_ok(sarn_schedules(sarn_engine_log(w->engine), say, w, &w->error),
                  &w->error);
        return w->text;
    }
    assert_ok(sarn_log_open(w->log, NULL, &log, &w->error), &w->error);
    assert_ok(sarn_schedules(log, say, w, &w->error), &w->error);
    sarn_log_close(log);
    return w->text;
}

/* --- tests --- */

static void a_live_owner_does_it(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w, SARN_OPEN_CONTROL);
    assert_string_equal(stands(&w), "");
    assert_ok(put(&w, "tick", none), &w.error);
    assert_string_equal(stands(&w), "s: tick, 0 started");
    assert_ok(alter(&w, SARN_SCHEDULE_TRIGGER), &w.error);
    assert_string_equal(stands(&w), "s: tick, 1 started");
    assert_ok(alter(&w, SARN_SCHEDULE_PAUSE), &w.error);
    assert_string_equal(stands(&w), "s: tick, 1 started, paused");
    assert_int_equal(alter(&w, SARN_SCHEDULE_PAUSE), SARN_ERR_STATE);
    assert_string_equal(w.error.text, "schedule s is paused already");
    assert_ok(alter(&w, SARN_SCHEDULE_DELETE), &w.error);
    assert_string_equal(stands(&w), "");
    assert_ok(put(&w, "funds_transfer", transfer), &w.error);
    close_world(&w);
}

static void without_an_owner_a_change_is_recorded_for_the_next_one(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w, SARN_OPEN_CONTROL);
    assert_ok(put(&w, "tick", none), &w.error);
    close_engine(&w);
    assert_ok(alter(&w, SARN_SCHEDULE_TRIGGER), &w.error);
    assert_ok(alter(&w, SARN_SCHEDULE_PAUSE), &w.error);
    assert_int_equal(alter(&w, SARN_SCHEDULE_PAUSE), SARN_ERR_STATE);
    assert_string_equal(stands(&w), "s: tick, 0 started, paused");
    /* Whoever has the code carries it out. */
    open_engine(&w, SARN_OPEN_CONTROL);
    while (strcmp(stands(&w), "s: tick, 1 started, paused") != 0) {
        assert_int_equal(alter(&w, SARN_SCHEDULE_PAUSE), SARN_ERR_STATE);
    }
    close_world(&w);
}

static void without_an_owner_it_is_put_by_what_the_log_knows(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w, 0);
    close_engine(&w);
    assert_int_equal(put(&w, "tock", none), SARN_ERR_NOT_FOUND);
    assert_string_equal(w.error.text, "the log does not know a workflow \"tock\"");
    assert_int_equal(put(&w, "tick", transfer), SARN_ERR_INVALID);
    assert_string_equal(w.error.text, "workflow \"tick\" takes no input");
    assert_int_equal(put(&w, "funds_transfer", none), SARN_ERR_INVALID);
    assert_string_equal(w.error.text, "workflow \"funds_transfer\" takes an input");
    assert_int_equal(
        put(&w, "funds_transfer", (struct sarn_str)SARN_STR("{\"nobody\":1}")),
        SARN_ERR_SCHEMA);
    assert_string_equal(stands(&w), "");
    assert_ok(put(&w, "funds_transfer", transfer), &w.error);
    assert_ok(alter(&w, SARN_SCHEDULE_TRIGGER), &w.error);
    assert_string_equal(stands(&w), "s: funds_transfer, 0 started");
    open_engine(&w, SARN_OPEN_CONTROL);
    while (strcmp(stands(&w), "s: funds_transfer, 1 started") != 0) {
        assert_int_equal(alter(&w, SARN_SCHEDULE_RESUME), SARN_ERR_STATE);
    }
    close_world(&w);
}

static void what_cannot_be_is_refused_with_a_sentence(void **unused)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;
    struct world w;

    (void)unused;
    open_world(&w, SARN_OPEN_CONTROL);
    assert_int_equal(put(&w, "tock", none), SARN_ERR_NOT_FOUND);
    assert_int_equal(put(&w, "tick", transfer), SARN_ERR_INVALID);
    assert_string_equal(w.error.text, "workflow \"tick\" takes no input");
    assert_int_equal(put(&w, "funds_transfer", none), SARN_ERR_INVALID);
    assert_string_equal(w.error.text, "workflow \"funds_transfer\" takes an input");
    assert_int_equal(
        put(&w, "funds_transfer", (struct sarn_str)SARN_STR("{\"nobody\":1}")),
        SARN_ERR_SCHEMA);
    assert_int_equal(alter(&w, SARN_SCHEDULE_PAUSE), SARN_ERR_NOT_FOUND);
    assert_int_equal(alter(&w, 0), SARN_ERR_INVALID);
    assert_int_equal(alter(&w, 9), SARN_ERR_INVALID);
    schedule.id = sarn_str("s");
    schedule.workflow = "tick";
    schedule.cron = "99 * * * *";
    assert_int_equal(sarn_schedule_put_at(w.log, &schedule, none, &w.error),
                     SARN_ERR_INVALID);
    assert_non_null(strstr(w.error.text, "minute, character 1: 99"));
    schedule.cron = "@daily";
    schedule.zone = "Europe/Atlantis";
    assert_int_equal(sarn_schedule_put_at(w.log, &schedule, none, &w.error),
                     SARN_ERR_NOT_FOUND);
    schedule.overlap = 99;
    assert_int_equal(sarn_schedule_put_at(w.log, &schedule, none, &w.error),
                     SARN_ERR_INVALID);
    assert_string_equal(stands(&w), "");
    assert_int_equal(sarn_schedule_put_at(NULL, &schedule, none, NULL),
                     SARN_ERR_INVALID);
    close_world(&w);
}

static void an_owner_that_serves_no_socket_is_named(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w, 0);
    assert_int_equal(put(&w, "tick", none), SARN_ERR_BUSY);
    assert_non_null(strstr(w.error.text, "SARN_OPEN_CONTROL"));
    close_world(&w);
}

static void inside_the_owner_it_is_called(void **unused)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;
    struct world w;

    (void)unused;
    open_world(&w, 0);
    schedule.id = sarn_str("s");
    schedule.workflow = "tick";
    schedule.interval_us = INT64_C(86400000000);
    assert_ok(sarn_schedule_put(w.engine, &schedule, &w.error), &w.error);
    change.op = SARN_SCHEDULE_TRIGGER;
    change.id = sarn_str("s");
    assert_ok(sarn_schedule_alter(w.engine, &change, &w.error), &w.error);
    assert_string_equal(stands(&w), "s: tick, 1 started");
    change.struct_size = 4;
    assert_int_equal(sarn_schedule_alter(w.engine, &change, &w.error),
                     SARN_ERR_INVALID);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_owner_does_it),
        cmocka_unit_test(without_an_owner_a_change_is_recorded_for_the_next_one),
        cmocka_unit_test(without_an_owner_it_is_put_by_what_the_log_knows),
        cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
        cmocka_unit_test(an_owner_that_serves_no_socket_is_named),
        cmocka_unit_test(inside_the_owner_it_is_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
