/* sarn/test.h with steps that wait, time out, are told to stop, and call the engine;
 * and with other code. */
#include <string.h>

#include "sarn/test.h"
#include "support/test.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

struct kit {
    sarn_test *test;
    struct sarn_error error;
    uint32_t calls;           /* Of try_it. */
    sarn_status heartbeat;    /* What its last one answered. */
    sarn_status called;       /* What a call on the engine answered. */
    const char *start_inside; /* An execution that try_it starts and waits for. */
};

static sarn_status try_it(struct sarn_step_call *call)
{
    struct kit *kit = sarn_step_context(call);
    struct sarn_start start = SARN_START_INIT;

    kit->calls += 1;
    kit->heartbeat = sarn_step_heartbeat(call);
    if (kit->start_inside != NULL) {
        start.workflow = "nap";
        start.workflow_id = sarn_str(kit->start_inside);
        kit->called = sarn_execute(sarn_test_engine(kit->test), &start, NULL, NULL);
        assert_int_equal(sarn_test_power_cut(kit->test, NULL), SARN_ERR_REENTRANT);
        assert_int_equal(sarn_test_reopen(kit->test, NULL, 0, NULL),
                         SARN_ERR_REENTRANT);
    }
    return SARN_OK;
}

/* On the dispatch thread: a call that waits would wait for itself. */
static sarn_status try_inside(struct sarn_step_call *call)
{
    struct kit *kit = sarn_step_context(call);
    struct sarn_start start = SARN_START_INIT;

    start.workflow = "nap";
    start.workflow_id = sarn_str("inside");
    kit->called = sarn_execute(sarn_test_engine(kit->test), &start, NULL, NULL);
    return SARN_OK;
}

static sarn_status found(struct sarn_step_call *call)
{
    sarn_step_set_fate(call, SARN_STEP_DONE);
    return SARN_OK;
}

static const struct sarn_step trip_steps[] = {
    {.id = "try", .run = try_it, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "rest", .kind = SARN_STEP_TIMER, .delay_us = 30 * 24 * HOUR},
    {.id = "ok",
     .kind = SARN_STEP_SIGNAL,
     .timeouts = {.schedule_to_close_us = 24 * HOUR}}};
static const struct sarn_workflow trip = {"trip", 1, NULL, SARN_STEPS(trip_steps)};

static const struct sarn_step slow_steps[] = {
    {.id = "slow",
     .run = try_it,
     .compensate = try_it,
     .reconcile = found,
     .timeouts = {.start_to_close_us = 10 * SECOND}}};
static const struct sarn_workflow slow = {"slow", 1, NULL, SARN_STEPS(slow_steps)};

static const struct sarn_step nap_steps[] = {
    {.id = "nap", .kind = SARN_STEP_TIMER, .delay_us = HOUR}};
static const struct sarn_workflow nap = {"nap", 1, NULL, SARN_STEPS(nap_steps)};

static const struct sarn_step local_steps[] = {
    {.id = "inside", .run = try_inside, .kind = SARN_STEP_LOCAL}};
static const struct sarn_workflow local = {"local", 1, NULL, SARN_STEPS(local_steps)};

static const struct sarn_workflow *const workflows[] = {&trip, &slow, &nap, &local};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "trips",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 4};
static const struct sarn_module *const modules[] = {&module};

static void open_kit(struct kit *kit)
{
    struct sarn_options engine = SARN_OPTIONS_INIT;
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;

    *kit = (struct kit){.heartbeat = SARN_ERR_STATE};
    engine.modules = modules;
    engine.module_count = 1;
    engine.context = kit;
    options.engine = &engine;
    assert_ok(sarn_test_create(&options, &kit->test, &kit->error), &kit->error);
}

static sarn_status execute(struct kit *kit, const char *workflow, uint32_t flags)
{
    struct sarn_start start = SARN_START_INIT;

    start.workflow = workflow;
    start.workflow_id = sarn_str("1");
    start.flags = flags;
    return sarn_execute(sarn_test_engine(kit->test), &start, NULL, &kit->error);
}

static void tell(struct kit *kit, const char *workflow, uint32_t op, const char *name)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = op;
    control.workflow = sarn_str(workflow);
    control.workflow_id = sarn_str("1");
    control.name = sarn_str(name);
    control.actor = sarn_str("ann");
    control.reason = sarn_str("typo");
    if (op == SARN_CONTROL_SIGNAL) {
        control.reason = (struct sarn_str){NULL, 0};
    }
    assert_ok(sarn_control_call(sarn_test_engine(kit->test), &control, NULL, NULL,
                                &kit->error),
              &kit->error);
}

static void expect(struct kit *kit, const char *workflow, const char *lines)
{
    if (sarn_test_expect(kit->test, workflow, sarn_str("1"), lines, &kit->error) !=
        SARN_OK) {
        fail_msg("%s\n%s", kit->error.text, sarn_test_report(kit->test));
    }
}

/* --- waiting --- */

static void a_month_and_a_signal_take_no_time(void **unused)
{
    struct kit kit;
    int64_t begin_us;

    (void)unused;
    open_kit(&kit);
    begin_us = sarn_test_now_us(kit.test);
    assert_ok(execute(&kit, "trip", SARN_START_DETACHED), &kit.error);
    assert_ok(sarn_test_advance(kit.test, 30 * 24 * HOUR + HOUR, &kit.error),
              &kit.error);
    expect(&kit, "trip",
           "started version 1\n"
           "step try: done\n"
           "step rest: waits until +30d\n"
           "step rest: done\n"
           "step ok: waits for signal ok until +24h\n");
    tell(&kit, "trip", SARN_CONTROL_SIGNAL, "ok");
    assert_ok(execute(&kit, "trip", 0), &kit.error);
    assert_int_equal(sarn_test_now_us(kit.test) - begin_us > 30 * 24 * HOUR, 1);
    expect(
        &kit, "trip",
        "...\nsignal ok received from ann\nstep ok: done, by signal ok\ncompleted\n");
    sarn_test_destroy(kit.test);
}

static void a_cancel_is_read_with_who_and_why(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    assert_ok(execute(&kit, "trip", SARN_START_DETACHED), &kit.error);
    assert_ok(sarn_test_advance(kit.test, HOUR, &kit.error), &kit.error);
    tell(&kit, "trip", SARN_CONTROL_CANCEL, NULL);
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    expect(&kit, "trip",
           "...\n"
           "cancel requested by ann: typo\n"
           "step rest: cancelled\n"
           "compensation began (cancelled)\n"
           "compensated (cancelled)\n");
    sarn_test_destroy(kit.test);
}

/* --- answers that do not come --- */

static void an_answer_that_never_comes_times_out_and_is_asked_for(void **unused)
{
    struct sarn_test_script script = SARN_TEST_SCRIPT_INIT;
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    script.step = "slow";
    script.reply = SARN_TEST_NEVER;
    assert_ok(sarn_test_add(kit.test, &script, &kit.error), &kit.error);
    assert_ok(execute(&kit, "slow", 0), &kit.error);
    assert_int_equal(kit.calls, 1);
    expect(&kit, "slow",
           "started version 1\n"
           "step slow: began, until +10000ms\n"
           "step slow: attempt 1 timed out (start to close), and may have acted\n"
           "step slow: found to be done\n"
           "completed\n");
    sarn_test_destroy(kit.test);
}

static void what_hangs_is_told_to_stop_when_it_wakes(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    assert_ok(sarn_test_hang(kit.test, "slow", &kit.error), &kit.error);
    assert_ok(execute(&kit, "slow", 0), &kit.error); /* By its timeout. */
    assert_int_equal(kit.calls, 0);
    assert_int_equal(sarn_test_release(kit.test, "slow"), 1);
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    assert_int_equal(kit.calls, 1);
    assert_int_equal(kit.heartbeat, SARN_ERR_CANCELLED);
    sarn_test_destroy(kit.test);
}

/* --- steps that call the engine --- */

static void an_external_step_may_call_the_engine_and_wait(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    kit.start_inside = "2";
    kit.called = SARN_ERR_STATE;
    assert_ok(execute(&kit, "trip", SARN_START_DETACHED), &kit.error);
    assert_ok(sarn_test_advance(kit.test, 2 * HOUR, &kit.error), &kit.error);
    assert_int_equal(kit.called, SARN_OK);
    assert_int_equal(kit.heartbeat, SARN_OK);
    expect(&kit, "trip", "started version 1\nstep try: done\nstep rest: waits ...\n");
    sarn_test_destroy(kit.test);
}

static void a_local_step_may_not(void **unused)
{
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    assert_ok(execute(&kit, "local", 0), &kit.error);
    assert_int_equal(kit.called, SARN_ERR_REENTRANT);
    sarn_test_destroy(kit.test);
}

/* --- other code --- */

static const struct sarn_step newer_steps[] = {
    {.id = "try", .run = try_it, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "rest", .kind = SARN_STEP_TIMER, .delay_us = 30 * 24 * HOUR},
    {.id = "more", .run = try_it, .flags = SARN_STEP_IDEMPOTENT}};
static const struct sarn_workflow newer = {"trip", 2, NULL, SARN_STEPS(newer_steps)};

static void an_execution_goes_on_with_newer_code(void **unused)
{
    const struct sarn_workflow *const only[] = {&newer};
    struct sarn_module with_newer = module;
    const struct sarn_module *const upgraded[] = {&with_newer};
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    with_newer.workflows = only;
    with_newer.workflow_count = 1;
    assert_ok(execute(&kit, "trip", SARN_START_DETACHED), &kit.error);
    assert_ok(sarn_test_advance(kit.test, HOUR, &kit.error), &kit.error);
    assert_ok(sarn_test_reopen(kit.test, upgraded, 1, &kit.error), &kit.error);
    assert_ok(sarn_test_run(kit.test, &kit.error), &kit.error);
    expect(&kit, "trip",
           "...\n"
           "goes on with another version: 2\n"
           "step rest: done\n"
           "step more: done\n"
           "completed\n");
    assert_int_equal(kit.calls, 2);
    sarn_test_destroy(kit.test);
}

static const struct sarn_step other_steps[] = {
    {.id = "try", .run = try_it, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "ok", .kind = SARN_STEP_SIGNAL}};
static const struct sarn_workflow other = {"trip", 2, NULL, SARN_STEPS(other_steps)};

static void code_that_does_not_fit_is_refused_and_the_old_goes_on(void **unused)
{
    const struct sarn_workflow *const only[] = {&other};
    struct sarn_module with_other = module;
    const struct sarn_module *const upgraded[] = {&with_other};
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    with_other.workflows = only;
    with_other.workflow_count = 1;
    assert_ok(execute(&kit, "trip", SARN_START_DETACHED), &kit.error);
    assert_ok(sarn_test_advance(kit.test, HOUR, &kit.error), &kit.error);
    assert_int_equal(sarn_test_reopen(kit.test, upgraded, 1, &kit.error),
                     SARN_ERR_MISFIT);
    assert_null(sarn_test_engine(kit.test));
    assert_ok(sarn_test_reopen(kit.test, modules, 1, &kit.error), &kit.error);
    tell(&kit, "trip", SARN_CONTROL_SIGNAL, "ok");
    assert_ok(execute(&kit, "trip", 0), &kit.error);
    expect(&kit, "trip", "...\nstep rest: done\n...\ncompleted\n");
    sarn_test_destroy(kit.test);
}

/* --- schedules --- */

static sarn_status count_naps(void *arg, const struct sarn_stream_info *info)
{
    (void)info;
    *(uint32_t *)arg += 1;
    return SARN_OK;
}

static void a_schedule_runs_as_long_as_time_is_let_pass(void **unused)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;
    uint32_t naps = 0;
    struct kit kit;

    (void)unused;
    open_kit(&kit);
    schedule.id = sarn_str("daily");
    schedule.workflow = "nap";
    schedule.cron = "0 3 * * *";
    schedule.zone = "Europe/Prague";
    assert_ok(sarn_schedule_put(sarn_test_engine(kit.test), &schedule, &kit.error),
              &kit.error);
    assert_ok(sarn_test_advance(kit.test, 10 * 24 * HOUR, &kit.error), &kit.error);
    assert_ok(sarn_log_streams(sarn_test_log(kit.test), sarn_str("nap-"), count_naps,
                               &naps, &kit.error),
              &kit.error);
    assert_int_equal(naps, 10);
    sarn_test_destroy(kit.test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_and_a_signal_take_no_time),
        cmocka_unit_test(a_cancel_is_read_with_who_and_why),
        cmocka_unit_test(an_answer_that_never_comes_times_out_and_is_asked_for),
        cmocka_unit_test(what_hangs_is_told_to_stop_when_it_wakes),
        cmocka_unit_test(an_external_step_may_call_the_engine_and_wait),
        cmocka_unit_test(a_local_step_may_not),
        cmocka_unit_test(an_execution_goes_on_with_newer_code),
        cmocka_unit_test(code_that_does_not_fit_is_refused_and_the_old_goes_on),
        cmocka_unit_test(a_schedule_runs_as_long_as_time_is_let_pass),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
