/* Many executions at once: memory is bounded, recovery comes in slices, one that cannot
 * be read stands in nobody's way. */
#include <stdlib.h>
#include <string.h>

#include "engine/orchestrator_state.h"
#include "infra/memory/codec.h"
#include "infra/memory/sim.h"
#include "support/test.h"

#define MASS    10000u
#define HOUR_US INT64_C(3600000000)

struct mass {
    struct sarn__sim *sim;
    struct sarn_step steps[1];
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[1];
    struct sarn_module module;
    const struct sarn_module *modules[1];
    struct sarn__sim_outcome *out;
    uint32_t runs, observed, logged;
    bool busy; /* The step's service. */
    char line[256];
};

static sarn_status run(struct sarn_step_call *call)
{
    struct mass *mass = sarn_step_context(call);

    mass->runs += 1;
    return mass->busy ? sarn_step_fail(call, "busy", "the service is busy") : SARN_OK;
}

static void observe(void *arg, const struct sarn_observation *observation)
{
    struct mass *mass = arg;

    if (observation->stage == SARN_STAGE_STEP) {
        assert_int_equal(observation->count, mass->busy ? 1 : 2);
        assert_int_equal(observation->status, mass->busy ? SARN_ERR_REJECTED : SARN_OK);
        assert_non_null(strstr(observation->subject.data, "/serve"));
        mass->observed += 1;
    }
}

static void take_line(void *arg, const char *line)
{
    struct mass *mass = arg;

    mass->logged += 1;
    snprintf(mass->line, sizeof(mass->line), "%s", line);
}

static void
open_mass(struct mass *mass, uint32_t count, uint32_t tail_max, uint32_t flags)
{
    struct sarn__sim_options sim = {.codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    *mass = (struct mass){.busy = true};
    mass->steps[0] = (struct sarn_step){
        .id = "serve",
        .run = run,
        .flags = flags,
        .retry = {.initial_interval_us = HOUR_US, .maximum_interval_us = HOUR_US}};
    mass->workflow = (struct sarn_workflow){"mass", 1, NULL, SARN_STEPS(mass->steps)};
    mass->workflows[0] = &mass->workflow;
    mass->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                        .struct_size = sizeof(mass->module),
                                        .name = "mass",
                                        .version = "1",
                                        .workflows = mass->workflows,
                                        .workflow_count = 1};
    mass->modules[0] = &mass->module;
    sim.options.modules = mass->modules;
    sim.options.module_count = 1;
    sim.options.context = mass;
    sim.options.tail_max = tail_max;
    sim.options.hooks.arg = mass;
    sim.options.hooks.observe = observe;
    sim.options.hooks.log = take_line;
    if (sarn__sim_create(&sim, &mass->sim, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    mass->out = calloc(count, sizeof(*mass->out));
    assert_non_null(mass->out);
}

static void close_mass(struct mass *mass)
{
    sarn__sim_destroy(mass->sim);
    free(mass->out);
}

static void start(struct mass *mass, uint32_t number, uint32_t flags)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error = {SARN_OK, ""};
    char id[16];

    snprintf(id, sizeof(id), "%" PRIu32, number);
    start.workflow = "mass";
    start.workflow_id = sarn_str(id);
    start.flags = flags;
    mass->out[number] = (struct sarn__sim_outcome){0};
    if (sarn__sim_start(mass->sim, &start, &mass->out[number], &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
}

/* Everything that can happen before the clock is moved on purpose. */
static void settle(struct mass *mass)
{
    while (sarn__sim_move(mass->sim)) {
    }
}

static void start_many(struct mass *mass, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        start(mass, i, SARN_START_DETACHED);
        if (i % 500 == 499) {
            settle(mass);
        }
    }
    settle(mass);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(mass->out[i].answers, 1);
        assert_int_equal(mass->out[i].status, SARN_OK);
    }
}

/* Steps of a window wait for another attempt in memory, the others in the log. */
static void wait_an_hour(uint32_t flags, uint32_t awake)
{
    struct sarn__orchestrator *orchestrator = NULL;
    struct sarn_error error;
    struct mass mass;

    open_mass(&mass, MASS, 0, flags);
    start_many(&mass, MASS);
    assert_int_equal(mass.runs, MASS);
    assert_int_equal(mass.observed, MASS);
    orchestrator = sarn__sim_engine(mass.sim)->orchestrator;
    assert_int_equal(sarn__orchestrator_executions(sarn__sim_engine(mass.sim)), awake);
    assert_int_equal(orchestrator->runs.count, awake);
    assert_int_equal(orchestrator->timers.count, awake);
    assert_in_range(orchestrator->bytes, awake > 0 ? 1 : 0, SARN__RUN_BYTES_MAX);

    assert_int_equal(sarn__sim_crash_reopen(mass.sim, &error), SARN_OK);
    settle(&mass);
    orchestrator = sarn__sim_engine(mass.sim)->orchestrator;
    assert_int_equal(orchestrator->timers.count, awake);
    assert_in_range(orchestrator->bytes, awake > 0 ? 1 : 0, SARN__RUN_BYTES_MAX);
    assert_int_equal(mass.runs, MASS); /* Nobody ran before the hour was over. */

    mass.busy = false;
    sarn__sim_run(mass.sim);
    assert_int_equal(mass.runs, 2 * MASS);
    assert_int_equal(sarn__orchestrator_executions(sarn__sim_engine(mass.sim)), 0);
    assert_int_equal(orchestrator->runs.count, 0); /* Those that ended are let go. */
    for (uint32_t i = 0; i < MASS; i += 997) {
        start(&mass, i, 0);
        settle(&mass);
        assert_int_equal(mass.out[i].status, SARN_OK);
        assert_true(mass.out[i].repeated);
    }
    assert_int_equal(mass.runs, 2 * MASS);
    close_mass(&mass);
}

static void
ten_thousand_wait_in_bounded_memory_and_all_go_on_after_a_crash(void **unused)
{
    (void)unused;
    wait_an_hour(SARN_STEP_IDEMPOTENT, MASS);
}

static void ten_thousand_sleep_without_memory_and_all_wake(void **unused)
{
    (void)unused;
    wait_an_hour(0, 0);
}

static void damage_one(uint32_t flags)
{
    struct sarn_error error;
    struct mass mass;

    open_mass(&mass, 200, 8,
              flags); /* Flush early: the damage is not to be in the tail. */
    start_many(&mass, 200);
    sarn__sim_crash(mass.sim);
    sarn__memory_store_damage(sarn__sim_store(mass.sim), mass.out[0].position, 70, 1);
    if (sarn__sim_open(mass.sim, NULL, 0, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    mass.busy = false;
    sarn__sim_run(mass.sim);
    assert_int_equal(mass.logged, 1);
    assert_non_null(strstr(mass.line, "position"));
    assert_int_equal(mass.runs, 200 + 199);
    start(&mass, 0, 0);
    start(&mass, 1, 0);
    settle(&mass);
    assert_int_equal(mass.out[0].status, SARN_ERR_CORRUPT);
    assert_int_equal(mass.out[1].status, SARN_OK);
    close_mass(&mass);
}

static void one_that_cannot_be_read_is_reported_and_the_others_go_on(void **unused)
{
    (void)unused;
    damage_one(0);
    damage_one(SARN_STEP_IDEMPOTENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            ten_thousand_wait_in_bounded_memory_and_all_go_on_after_a_crash),
        cmocka_unit_test(ten_thousand_sleep_without_memory_and_all_wake),
        cmocka_unit_test(one_that_cannot_be_read_is_reported_and_the_others_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
