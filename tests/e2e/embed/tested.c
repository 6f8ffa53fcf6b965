/* A workflow tested from outside of Sarn's tree: scripted, read as text, crashed. */
#include <sarn/test.h>
#include <stdio.h>

static int sent; /* The world outside. */

static sarn_status send(struct sarn_step_call *call)
{
    (void)call;
    sent += 1;
    return SARN_OK;
}

static sarn_status find(struct sarn_step_call *call)
{
    sarn_step_set_fate(call, sent > 0 ? SARN_STEP_DONE : SARN_STEP_NOT_DONE);
    return SARN_OK;
}

static const struct sarn_step steps[] = {
    {.id = "send", .run = send, .reconcile = find}};
static const struct sarn_workflow letter = {"letter", 1, NULL, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&letter};
static const struct sarn_module module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "letters",
    .version = "1",
    .workflows = workflows,
    .workflow_count = 1,
};
static const struct sarn_module *const modules[] = {&module};

static sarn_status begin(void *arg, sarn_test *test, struct sarn_error *error)
{
    (void)arg;
    (void)test;
    (void)error;
    sent = 0;
    return SARN_OK;
}

static sarn_status post(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct sarn_start start = SARN_START_INIT;

    (void)arg;
    start.workflow = "letter";
    start.workflow_id = sarn_str("1");
    return sarn_execute(sarn_test_engine(test), &start, NULL, error);
}

static sarn_status sent_once(void *arg, sarn_test *test, struct sarn_error *error)
{
    (void)arg;
    (void)test;
    (void)error;
    return sent == 1 ? SARN_OK : SARN_ERR_INVALID;
}

int main(void)
{
    struct sarn_options engine = SARN_OPTIONS_INIT;
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
    struct sarn_test_crash crash = SARN_TEST_CRASH_INIT;
    struct sarn_test_crash_result result = SARN_TEST_CRASH_RESULT_INIT;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_error error = {SARN_OK, ""};
    sarn_test *test = NULL;
    sarn_status status;

    engine.modules = modules;
    engine.module_count = 1;
    options.engine = &engine;
    crash.options = &options;
    crash.setup = begin;
    crash.drive = post;
    crash.invariant = sent_once;
    status = sarn_test_create(&options, &test, &error);
    if (status == SARN_OK) {
        status = sarn_test_fail(test, "send", 1, "full", "the box is full", &error);
    }
    if (status == SARN_OK) {
        status = post(NULL, test, &error);
    }
    if (status == SARN_OK) {
        status = sarn_test_expect(test, "letter", sarn_str("1"),
                                  "started version 1\n"
                                  "step send: began\n"
                                  "step send: attempt 1 failed (the box is full), ...\n"
                                  "step send: attempt 2 began\n"
                                  "step send: done at attempt 2\n"
                                  "completed\n",
                                  &error);
    }
    sarn_test_destroy(test);
    if (status == SARN_OK) {
        status = sarn_test_crash_everywhere(&crash, arena, &result, &error);
    }
    if (status == SARN_OK) {
        printf("%u faults, sent once each time\n", result.tried);
    } else {
        fprintf(stderr, "%s\n%s", error.text, result.text == NULL ? "" : result.text);
    }
    sarn_arena_destroy(arena);
    return status != SARN_OK;
}
