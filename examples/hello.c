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
static const struct sarn_step steps[] = {
    {.id = "flight", .run = book, .compensate = cancel, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "hotel", .run = book, .compensate = cancel, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "car", .run = book, .compensate = cancel, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "insurance", .run = book, .compensate = cancel, .flags = SARN_STEP_IDEMPOTENT}};
static const struct sarn_workflow trip = {"trip", 1, NULL, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&trip};
static const struct sarn_module module = {SARN_MODULE_ABI, sizeof(module), "trips", "1",
                                          .workflows = workflows, .workflow_count = 1};
int main(int argc, char **argv) {
    const struct sarn_module *const modules[] = {&module};
    struct sarn_options options = {sizeof(options), .modules = modules, .module_count = 1};
    struct sarn_start start = {sizeof(start), .workflow = "trip", .workflow_id = sarn_str(argc > 1 ? argv[1] : "1")};
    struct sarn_error error = {SARN_OK, "the trip is booked"}; /* Written on failure only. */
    sarn_engine *engine = NULL;
    int failed = sarn_open("trips.sarn", &options, &engine, &error) || sarn_execute(engine, &start, NULL, &error);
    sarn_close(engine);
    return puts(error.text) < 0 || failed;
}
