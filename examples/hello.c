/* hello.c - book a trip in four steps; say n, and what was booked is cancelled. */
/* clang-format off */
#include <sarn/sarn.h>
#include <stdio.h>
static sarn_status ask(struct sarn_step_call *call, const char *what) {
    char answer = 'y';
    fprintf(stderr, "%s %.*s? [y/n] ", what, (int)sarn_step_id(call).size, sarn_step_id(call).data);
    return scanf(" %c", &answer) == 1 && answer == 'n' ? sarn_step_fail(call, "no", "you said no") : SARN_OK;
}
static sarn_status book(struct sarn_step_call *call) { return ask(call, "book the"); }
static sarn_status cancel(struct sarn_step_call *call) { return ask(call, "cancel the"); }
#define STEP(name) {.id = name, .run = book, .compensate = cancel, .kind = SARN_STEP_EXTERNAL, \
                    .flags = SARN_STEP_IDEMPOTENT, .retry = {.maximum_attempts = 1}}
static const struct sarn_step steps[] = {STEP("flight"), STEP("hotel"), STEP("car"), STEP("insurance")};
static const struct sarn_workflow trip = {"trip", 1, NULL, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&trip};
static const struct sarn_module module = {SARN_MODULE_ABI, sizeof(module), "trips", "1",
                                          .workflows = workflows, .workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

int main(int argc, char **argv) {
    struct sarn_options options = {sizeof(options), .modules = modules, .module_count = 1};
    struct sarn_start start = {sizeof(start), .workflow = "trip"};
    struct sarn_error error = {SARN_OK, "the trip is booked"}; /* Written on failure only. */
    sarn_engine *engine = NULL;
    start.workflow_id = sarn_str(argc > 1 ? argv[1] : "lisbon");
    int failed = sarn_open("trips.sarn", &options, &engine, &error) || sarn_execute(engine, &start, NULL, &error);
    sarn_close(engine);
    return puts(error.text) < 0 || failed;
}
