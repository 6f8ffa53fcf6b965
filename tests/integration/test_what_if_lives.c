/* What an old log may have in it: retries, timers, children, runs that follow runs,
 * what operators decided. The same code finds no difference. */
#include <string.h>

#include "sarn/sarn.h"
#include "sarn/whatif.h"
#include "support/heap.h"
#include "support/tempdir.h"
#include "support/test.h"

#define ONCE                                                                           \
    {                                                                                  \
        .maximum_attempts = 1                                                          \
    }
#define SOON                                                                           \
    {                                                                                  \
        .initial_interval_us = 1000, .maximum_interval_us = 1000,                      \
        .backoff_coefficient = 1, .maximum_attempts = 3, .jitter = 1                   \
    }

/* --- the world outside, as it was --- */

struct outside {
    uint32_t tried, continued, undone;
};

static sarn_status flaky(struct sarn_step_call *call)
{
    struct outside *outside = sarn_step_context(call);

    outside->tried += 1;
    return outside->tried == 1 ? sarn_step_fail(call, "down", "not now") : SARN_OK;
}

static sarn_status again(struct sarn_step_call *call)
{
    struct outside *outside = sarn_step_context(call);

    outside->continued += 1;
    return outside->continued == 1 ? sarn_step_continue_as_new(call, NULL) : SARN_OK;
}

static sarn_status act(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status undo_at_second(struct sarn_step_call *call)
{
    struct outside *outside = sarn_step_context(call);

    outside->undone += 1;
    return outside->undone == 1 ? sarn_step_fail(call, "stuck", "cannot undo")
                                : SARN_OK;
}

static sarn_status refuse(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "no", "never");
}

/* --- code --- */

static const struct sarn_step long_steps[] = {
    {.id = "flaky", .run = flaky, .retry = SOON},
    {.id = "nap", .kind = SARN_STEP_TIMER, .delay_us = 1000},
    {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid"},
    {.id = "again", .run = again, .retry = ONCE},
};
static const char *const was_flaky[] = {"flaky", NULL};
static const struct sarn_step renamed_steps[] = {
    {.id = "firm", .run = refuse, .retry = SOON, .aliases = was_flaky},
    {.id = "nap", .kind = SARN_STEP_TIMER, .delay_us = 1000},
    {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid"},
    {.id = "again", .run = refuse, .retry = ONCE},
};
static const struct sarn_step childless_steps[] = {
    {.id = "flaky", .run = refuse, .retry = SOON},
    {.id = "again", .run = refuse, .retry = ONCE},
};
static const struct sarn_step kid_steps[] = {{.id = "play", .run = act}};
static const struct sarn_step stuck_steps[] = {
    {.id = "take",
     .run = act,
     .compensate = undo_at_second,
     .compensation_retry = ONCE},
    {.id = "sell", .run = refuse, .retry = ONCE},
};
static const struct sarn_workflow kid = {
    .name = "kid", .version = 1, SARN_STEPS(kid_steps)};
static const struct sarn_workflow stuck = {
    .name = "stuck", .version = 1, SARN_STEPS(stuck_steps)};
static const struct sarn_workflow old_long = {
    .name = "long", .version = 1, SARN_STEPS(long_steps)};
static const struct sarn_workflow renamed = {
    .name = "long", .version = 2, SARN_STEPS(renamed_steps)};
static const struct sarn_workflow childless = {
    .name = "long", .version = 2, SARN_STEPS(childless_steps)};

struct code {
    const struct sarn_workflow *workflows[3];
    struct sarn_module module;
    const struct sarn_module *modules[1];
};

static void code_init(struct code *code, const struct sarn_workflow *long_one)
{
    *code = (struct code){.workflows = {&kid, &stuck, long_one},
                          .module = {.abi = SARN_MODULE_ABI,
                                     .struct_size = sizeof(code->module),
                                     .name = "lives",
                                     .version = "1",
                                     .workflow_count = 3}};
    code->module.workflows = code->workflows;
    code->modules[0] = &code->module;
}

/* --- an old log --- */

static void run(sarn_engine *engine, const char *workflow, sarn_status expected)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error;

    start.workflow = workflow;
    start.workflow_id = sarn_str("1");
    assert_int_equal(sarn_execute(engine, &start, NULL, &error), expected);
}

static void make_log(const char *path)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_control retry = SARN_CONTROL_INIT;
    struct outside outside = {0};
    sarn_engine *engine = NULL;
    struct sarn_error error;
    struct code code;

    code_init(&code, &old_long);
    options.modules = code.modules;
    options.module_count = 1;
    options.context = &outside;
    assert_ok(sarn_open(path, &options, &engine, &error), &error);
    run(engine, "long", SARN_OK);
    run(engine, "long", SARN_OK); /* The run that it went on with. */
    run(engine, "stuck", SARN_ERR_PARKED);
    retry.op = SARN_CONTROL_RETRY;
    retry.workflow = sarn_str("stuck");
    retry.workflow_id = sarn_str("1");
    assert_ok(sarn_control_call(engine, &retry, NULL, NULL, &error), &error);
    run(engine, "stuck", SARN_ERR_COMPENSATED);
    sarn_close(engine);
    assert_int_equal(outside.continued, 2);
    assert_int_equal(outside.tried, 3);
    assert_int_equal(outside.undone, 2);
}

/* --- asking --- */

struct heard {
    char text[4096];
    size_t size;
};

static void hear(void *arg, const struct sarn_change *change)
{
    struct heard *heard = arg;

    heard->size += (size_t)snprintf(
        heard->text + heard->size, sizeof(heard->text) - heard->size,
        "%u %.*s: %.*s -> %.*s\n", change->kind, (int)change->subject.size,
        change->subject.data, (int)change->was.size,
        change->was.size > 0 ? change->was.data : "", (int)change->would_be.size,
        change->would_be.size > 0 ? change->would_be.data : "");
}

static struct sarn_trial ask(const struct sarn_workflow *long_one, struct heard *heard)
{
    struct sarn_trial asked = SARN_TRIAL_INIT;
    struct sarn_error error;
    struct tempdir dir;
    const char *path;
    struct code code;

    tempdir_make(&dir);
    path = tempdir_path(&dir, "old.sarn");
    make_log(path);
    code_init(&code, long_one);
    *heard = (struct heard){.size = 0};
    asked.modules = code.modules;
    asked.module_count = 1;
    asked.change = hear;
    asked.arg = heard;
    assert_ok(sarn_what_if(path, &asked, &error), &error);
    tempdir_remove(&dir);
    return asked;
}

/* --- tests --- */

static void whatever_happened_happens_again_with_the_same_code(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask(&old_long, &heard);

    (void)unused;
    assert_string_equal(heard.text, "");
    assert_int_equal(asked.executions, 5); /* Two runs, their children, and stuck. */
    assert_int_equal(asked.different, 0);
    assert_int_equal(asked.unanswered, 0);
    assert_int_equal(asked.not_compared, 0);
}

static void a_step_by_another_name_is_the_same_step(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask(&renamed, &heard);

    (void)unused;
    assert_string_equal(heard.text, "");
    assert_int_equal(asked.different, 0);
}

static void a_child_that_would_not_be_begun_is_said(void **unused)
{
    struct heard heard;
    struct sarn_trial asked = ask(&childless, &heard);

    (void)unused;
    assert_true(asked.different >= 2);
    assert_non_null(strstr(heard.text, "3 kid-"));
    assert_non_null(strstr(heard.text, "completed -> not begun\n"));
}

static void without_memory_it_says_so_and_keeps_nothing(void **unused)
{
    struct sarn_error error;
    sarn_status status = SARN_ERR_NOMEM;
    struct tempdir dir;
    const char *path;
    struct code code;
    uint64_t fail_at = 0;

    (void)unused;
    tempdir_make(&dir);
    path = tempdir_path(&dir, "old.sarn");
    make_log(path);
    code_init(&code, &old_long);
    while (status != SARN_OK) {
        struct sarn_trial asked = SARN_TRIAL_INIT;
        struct test_heap heap = {.broken = true};

        fail_at += 1;
        heap.fail_at = fail_at;
        asked.modules = code.modules;
        asked.module_count = 1;
        asked.heap = test_heap(&heap);
        error = (struct sarn_error){SARN_OK, ""};
        status = sarn_what_if(path, &asked, &error);
        assert_int_equal(heap.live, 0);
        if (status != SARN_OK) {
            assert_int_equal(status, SARN_ERR_NOMEM);
            assert_int_equal(error.status, SARN_ERR_NOMEM);
            assert_true(error.text[0] != '\0');
            assert_int_equal(asked.events, 0);
        }
    }
    assert_true(fail_at > 50);
    tempdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happened_happens_again_with_the_same_code),
        cmocka_unit_test(a_step_by_another_name_is_the_same_step),
        cmocka_unit_test(a_child_that_would_not_be_begun_is_said),
        cmocka_unit_test(without_memory_it_says_so_and_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
