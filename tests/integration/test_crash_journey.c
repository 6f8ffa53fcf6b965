/* A workflow with every kind of step, crashed everywhere: whole or undone, whatever
 * happens, and whatever it is told meanwhile. */
#include "support/journey.h"
#include "support/test.h"

#define HOUR INT64_C(3600000000)

static void crash(const char *what, struct journey_world world, uint64_t seeds)
{
    uint64_t commits = 0, calls = 0, runs = 0;

    for (uint64_t seed = 0; seed < seeds; seed++) {
        struct sarn_options engine = journey_options(&world);
        struct sarn_test_options options = SARN_TEST_OPTIONS_INIT;
        struct sarn_test_crash crash = SARN_TEST_CRASH_INIT;
        struct sarn_test_crash_result result = SARN_TEST_CRASH_RESULT_INIT;
        struct sarn_arena *arena = sarn_arena_create(NULL);
        struct sarn_error error;

        options.engine = &engine;
        options.seed = seed;
        crash.options = &options;
        crash.arg = &world;
        crash.setup = journey_setup;
        crash.drive = journey_drive;
        crash.invariant = journey_invariant;
        crash.several = 30;
        if (sarn_test_crash_everywhere(&crash, arena, &result, &error) != SARN_OK) {
            fprintf(stderr, "%s: %s\n%s", what, error.text, result.text);
            fail();
        }
        commits += result.commits;
        calls += result.calls;
        runs += result.runs;
        sarn_arena_destroy(arena);
    }
    print_message("%s: %" PRIu64 " boundaries, %" PRIu64 " calls, %" PRIu64 " runs\n",
                  what, commits, calls, runs);
}

static void every_kind_of_step_is_done_once(void **unused)
{
    (void)unused;
    crash("to its end", (struct journey_world){.signals = true, .pays = true}, 5);
    crash("without a signal", (struct journey_world){.pays = true}, 3);
}

static void whichever_step_fails_all_is_undone(void **unused)
{
    static const char *const steps[] = {"book", "pack", "weigh", "bribe",
                                        "fly",  "walk", "eat"};

    (void)unused;
    for (size_t i = 0; i < COUNT(steps); i++) {
        crash(steps[i],
              (struct journey_world){.deeds = {.refuses = steps[i]}, .pays = true}, 2);
    }
    crash("never paid", (struct journey_world){.signals = true}, 2);
}

static void whenever_it_is_cancelled_all_is_undone(void **unused)
{
    static const int64_t moments[] = {0, 1, HOUR / 2, HOUR + HOUR / 4, 30 * HOUR};

    (void)unused;
    for (size_t i = 0; i < COUNT(moments); i++) {
        crash("cancelled",
              (struct journey_world){
                  .pays = true, .op = SARN_CONTROL_CANCEL, .after_us = moments[i]},
              2);
    }
}

static void whenever_it_is_terminated_all_is_undone(void **unused)
{
    static const int64_t moments[] = {0, 1, HOUR / 2, HOUR + HOUR / 4, 30 * HOUR};

    (void)unused;
    for (size_t i = 0; i < COUNT(moments); i++) {
        crash("terminated",
              (struct journey_world){
                  .pays = true, .op = SARN_CONTROL_TERMINATE, .after_us = moments[i]},
              2);
    }
}

static void a_pause_changes_nothing_but_the_time(void **unused)
{
    (void)unused;
    crash("paused",
          (struct journey_world){.signals = true,
                                 .pays = true,
                                 .op = SARN_CONTROL_PAUSE,
                                 .after_us = HOUR / 2},
          2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_step_is_done_once),
        cmocka_unit_test(whichever_step_fails_all_is_undone),
        cmocka_unit_test(whenever_it_is_cancelled_all_is_undone),
        cmocka_unit_test(whenever_it_is_terminated_all_is_undone),
        cmocka_unit_test(a_pause_changes_nothing_but_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
