/* sarn_execution_timeline(): one run of an execution as lines, from a log alone. */
#include <string.h>

#include "sarn/sarn.h"
#include "support/tempdir.h"
#include "support/test.h"

struct reading {
    char text[4096];
    uint64_t versions[64];
    uint32_t count;
    sarn_status answer;
};

/* --- a log with a history --- */

static sarn_status done(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status again(struct sarn_step_call *call)
{
    const struct sarn_str *input = sarn_step_input(call);
    const struct sarn_str next = SARN_STR("second");

    return input->data[0] == 'f' ? sarn_step_continue_as_new(call, &next) : SARN_OK;
}

static const struct sarn_step steps[] = {
    {.id = "a", .run = done, .flags = SARN_STEP_IDEMPOTENT, .group = "g"},
    {.id = "b", .run = done, .kind = SARN_STEP_LOCAL, .group = "g"},
    {.id = "ok",
     .kind = SARN_STEP_SIGNAL,
     .signal = "approve",
     .timeouts = {.schedule_to_close_us = INT64_C(86400000000)}},
    {.id = "again", .run = again, .kind = SARN_STEP_LOCAL}};
static const struct sarn_workflow workflow = {"order", 3, &sarn_bytes_type,
                                              SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "orders",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};

static void approve(sarn_engine *engine, const char *key, struct sarn_error *error)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_SIGNAL;
    control.workflow = sarn_str("order");
    control.workflow_id = sarn_str("1");
    control.name = sarn_str("approve");
    control.actor = sarn_str("ann");
    control.key = sarn_str(key);
    assert_ok(sarn_control_call(engine, &control, NULL, NULL, error), error);
}

/* Two runs of one execution. */
static void write_log(const char *path)
{
    const struct sarn_module *const modules[] = {&module};
    const struct sarn_str input = SARN_STR("first");
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error;
    sarn_engine *engine = NULL;

    options.modules = modules;
    options.module_count = 1;
    assert_ok(sarn_open(path, &options, &engine, &error), &error);
    start.workflow = "order";
    start.workflow_id = sarn_str("1");
    start.input = &input;
    start.actor = sarn_str("bob");
    start.flags = SARN_START_DETACHED;
    assert_ok(sarn_execute(engine, &start, NULL, &error), &error);
    approve(engine, "1", &error);
    approve(engine, "2", &error);
    start.flags = 0;
    assert_ok(sarn_execute(engine, &start, NULL, &error), &error);
    sarn_close(engine);
}

/* --- reading it --- */

static sarn_status
add_line(void *arg, const struct sarn_event *event, struct sarn_str text)
{
    struct reading *reading = arg;
    size_t used = strlen(reading->text);

    reading->versions[reading->count++] = event->version;
    snprintf(reading->text + used, sizeof(reading->text) - used, "%.*s\n",
             (int)text.size, text.data);
    return reading->answer;
}

static sarn_status read_run(sarn_log *log,
                            const char *id,
                            uint32_t run,
                            struct reading *reading,
                            struct sarn_error *error)
{
    reading->text[0] = '\0';
    reading->count = 0;
    return sarn_execution_timeline(log, 0, sarn_str("order"), sarn_str(id), run,
                                   add_line, reading, error);
}

static void has(const struct reading *reading, const char *line)
{
    if (strstr(reading->text, line) == NULL) {
        fail_msg("not there: %s\n%s", line, reading->text);
    }
}

static void each_run_is_read_on_its_own_without_its_code(void **unused)
{
    struct tempdir dir;
    struct reading first = {.answer = SARN_OK}, latest = {.answer = SARN_OK},
                   second = {.answer = SARN_OK};
    struct sarn_error error;
    sarn_log *log = NULL;

    (void)unused;
    tempdir_make(&dir);
    write_log(tempdir_path(&dir, "a.sarn"));
    assert_ok(sarn_log_open(tempdir_path(&dir, "a.sarn"), NULL, &log, &error), &error);
    assert_ok(read_run(log, "1", 1, &first, &error), &error);
    has(&first, "started version 3 by bob\n");
    has(&first, "step b: done\n");
    has(&first, "group g: joined (2 of 2)\n");
    has(&first, "step ok: waits for signal approve until +24h\n");
    has(&first, "signal approve received from ann\n");
    has(&first, "step ok: done, by signal approve\n");
    has(&first, "step again: done, to go on as a new run\n");
    has(&first, "goes on as a new run\n");
    assert_null(strstr(first.text, "completed"));
    assert_ok(read_run(log, "1", 2, &second, &error), &error);
    has(&second, "started version 3");
    has(&second, ", goes on from the run before\n");
    has(&second, "completed\n");
    assert_int_equal(second.versions[0], first.versions[first.count - 1] + 1);
    assert_ok(read_run(log, "1", 0, &latest, &error), &error);
    assert_string_equal(latest.text, second.text);
    sarn_log_close(log);
    tempdir_remove(&dir);
}

static void what_is_not_there_is_said(void **unused)
{
    struct tempdir dir;
    struct reading reading = {.answer = SARN_OK};
    struct sarn_error error;
    sarn_log *log = NULL;
    char id[300];

    (void)unused;
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    tempdir_make(&dir);
    write_log(tempdir_path(&dir, "a.sarn"));
    assert_ok(sarn_log_open(tempdir_path(&dir, "a.sarn"), NULL, &log, &error), &error);
    assert_int_equal(read_run(log, "1", 3, &reading, &error), SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "has 2 runs"));
    assert_int_equal(read_run(log, "2", 0, &reading, &error), SARN_ERR_NOT_FOUND);
    assert_int_equal(read_run(log, "2", 1, &reading, &error), SARN_ERR_NOT_FOUND);
    assert_int_equal(read_run(log, id, 0, &reading, &error), SARN_ERR_INVALID);
    sarn_log_close(log);
    tempdir_remove(&dir);
}

static void a_handler_can_end_it(void **unused)
{
    struct tempdir dir;
    struct reading reading = {.answer = SARN_ERR_DENIED};
    struct sarn_error error;
    sarn_log *log = NULL;

    (void)unused;
    tempdir_make(&dir);
    write_log(tempdir_path(&dir, "a.sarn"));
    assert_ok(sarn_log_open(tempdir_path(&dir, "a.sarn"), NULL, &log, &error), &error);
    assert_int_equal(read_run(log, "1", 0, &reading, &error), SARN_ERR_DENIED);
    assert_int_equal(reading.count, 1);
    sarn_log_close(log);
    tempdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_run_is_read_on_its_own_without_its_code),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(a_handler_can_end_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
