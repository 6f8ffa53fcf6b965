/* The kit for tests, and new code over an old log. */
#include "crash/faults/scenes.h"

#include <string.h>

#include <sarn/test.h>
#include <sarn/whatif.h>

static const struct sarn_module *const modules[] = {&jar_module};

static sarn_test *create(struct fault_world *world)
{
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
    struct sarn_options engine = SARN_OPTIONS_INIT;
    sarn_test *test = NULL;

    engine.modules = modules;
    engine.module_count = 1;
    engine.context = &world->jar;
    engine.heap = fault_heap();
    options.engine = &engine;
    return DID(world, sarn_test_create(&options, &test, &world->error)) ? test : NULL;
}

static sarn_status begin(sarn_test *test, const char *id, struct sarn_error *error)
{
    const struct jar_errand input = {.note = SARN_STR("milk")};
    struct sarn_start start = SARN_START_INIT;

    start.workflow = "helper";
    start.workflow_id = sarn_str(id);
    start.input = &input;
    return sarn_execute(sarn_test_engine(test), &start, NULL, error);
}

static void begin_errand(struct fault_world *world, sarn_test *test)
{
    const struct jar_errand input = {.note = SARN_STR("milk")};
    struct sarn_start start = SARN_START_INIT;

    start.flags = SARN_START_DETACHED;
    start.workflow = "errand";
    start.workflow_id = sarn_str("e1");
    start.input = &input;
    (void)DID(world, sarn_execute(sarn_test_engine(test), &start, NULL, &world->error));
}

static void look_back(struct fault_world *world, sarn_test *test)
{
    struct sarn_arena *arena = fault_arena(world);
    const char *text = NULL;

    if (arena != NULL) {
        if (DID(world, sarn_test_history(test, "helper", sarn_str("h1"), arena, &text,
                                         &world->error))) {
            HOLDS(world, strlen(text) > 0);
        }
        sarn_arena_destroy(arena);
    }
    (void)DID(world,
              sarn_test_expect(test, "helper", sarn_str("h1"),
                               "started version 1\n...\ncompleted\n", &world->error));
    HOLDS(world, sarn_test_report(test) != NULL);
    HOLDS(world, sarn_test_now_us(test) > 0 && sarn_test_log(test) != NULL);
}

void scene_kit(struct fault_world *world)
{
    const struct jar_note note = {.text = SARN_STR("scripted")};
    struct sarn_test_script script = SARN_TEST_SCRIPT_INIT;
    sarn_test *test = create(world);

    if (test == NULL) {
        return;
    }
    script.step = "help";
    script.act = SARN_TEST_SUCCEED;
    script.times = 1;
    (void)DID(world, sarn_test_add(test, &script, &world->error));
    (void)DID(world, sarn_test_fail(test, "help", 1, "no", "not now", &world->error));
    (void)DID(world, sarn_test_succeed(test, "help", 1, &note, &world->error));
    (void)DID(world, begin(test, "h1", &world->error));
    (void)DID(world, begin(test, "h2", &world->error));
    sarn_test_clear(test);
    (void)DID(world, sarn_test_hang(test, "look", &world->error));
    begin_errand(world, test);
    (void)DID(world, sarn_test_run(test, &world->error));
    if (world->strict) { /* Else the step may have failed for want of memory. */
        HOLDS(world, sarn_test_hanging(test, "look") == 1);
    }
    HOLDS(world, sarn_test_release(test, "look") <= 1);
    (void)DID(world, sarn_test_advance(test, 1000, &world->error));
    look_back(world, test);
    (void)DID(world, sarn_test_reopen(test, NULL, 0, &world->error));
    (void)DID(world, sarn_test_power_cut(test, &world->error));
    sarn_test_destroy(test);
}

/* --- crash everywhere --- */

static sarn_status drive(void *arg, sarn_test *test, struct sarn_error *error)
{
    (void)arg;
    return begin(test, "h1", error);
}

static sarn_status is_well(void *arg, sarn_test *test, struct sarn_error *error)
{
    (void)arg;
    return sarn_test_expect(test, "helper", sarn_str("h1"), "started version 1\n...\n",
                            error);
}

void scene_kit_crash(struct fault_world *world)
{
    struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
    struct sarn_test_crash crash = SARN_TEST_CRASH_INIT;
    struct sarn_test_crash_result result = SARN_TEST_CRASH_RESULT_INIT;
    struct sarn_options engine = SARN_OPTIONS_INIT;
    struct sarn_arena *arena = fault_arena(world);

    if (arena == NULL) {
        return;
    }
    engine.modules = modules;
    engine.module_count = 1;
    engine.context = &world->jar;
    engine.heap = fault_heap();
    options.engine = &engine;
    crash.options = &options;
    crash.drive = drive;
    crash.invariant = is_well;
    crash.arg = world;
    crash.runs_max = 4;
    if (DID(world, sarn_test_crash_everywhere(&crash, arena, &result, &world->error))) {
        HOLDS(world, result.runs >= 4);
    }
    sarn_arena_destroy(arena);
}

/* --- old logs --- */

void scene_replay(struct fault_world *world)
{
    const char *const paths[] = {world->folder};
    struct sarn_test_histories histories = {.struct_size = sizeof(histories),
                                            .modules = modules,
                                            .module_count = 1,
                                            .paths = paths,
                                            .path_count = 1};

    if (DID(world, sarn_test_replay(&histories, &world->error))) {
        HOLDS(world, histories.misfits == 0 && histories.logs >= 1);
    }
}

void scene_what_if(struct fault_world *world)
{
    struct sarn_trial trial = SARN_TRIAL_INIT;

    trial.modules = modules;
    trial.module_count = 1;
    trial.old_modules = modules;
    trial.old_module_count = 1;
    trial.context = &world->jar;
    trial.heap = fault_heap();
    if (DID(world, sarn_what_if(world->path, &trial, &world->error))) {
        HOLDS(world, trial.executions == 1 && trial.different == 0);
    }
}
