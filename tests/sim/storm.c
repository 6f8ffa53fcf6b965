#include "sim/storm.h"
#include "engine/orchestrator_state.h"
#include "infra/memory/codec.h"
#include "sarn/payments.h"
#include "support/test.h"

uint64_t storm_draw(struct storm *storm, uint64_t below)
{
    return plot_draw(&storm->random, below);
}

/* --- the engine --- */

/* In some storms there is no room for states, nor for more than one step at a time. */
static void tighten(struct storm *storm)
{
    struct sarn__orchestrator *orchestrator =
        sarn__sim_engine(storm->sim)->orchestrator;

    if (storm->tight) {
        orchestrator->bytes_max = 0;
        orchestrator->jobs_max = 1;
    }
}

static void make_module(struct storm *storm)
{
    plot_make(&storm->world.plots[1], "c", ~storm->seed, NULL, &world_functions);
    plot_make(&storm->world.plots[0], "w", storm->seed, &storm->world.plots[1],
              &world_functions);
    storm->workflows[0] = &storm->world.plots[0].workflow;
    storm->workflows[1] = &storm->world.plots[1].workflow;
    storm->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                         .struct_size = sizeof(storm->module),
                                         .name = "storm",
                                         .version = "1",
                                         .workflows = storm->workflows,
                                         .workflow_count = 2};
    storm->modules[0] = &sarn_payments_module;
    storm->modules[1] = &storm->module;
}

/* How much may go on at once, in some storms. */
static uint32_t make_limits(struct storm *storm)
{
    uint32_t count = 0;

    if (storm_draw(storm, 3) != 0) {
        return 0;
    }
    storm->limits[count++] = (struct sarn_limit){
        .workflow = "w", .concurrency = 1 + (uint32_t)storm_draw(storm, 2)};
    storm->limits[count++] =
        (struct sarn_limit){.workflow = "w",
                            .step = storm->world.plots[0].ids[0],
                            .rate = storm_draw(storm, 2) == 0 ? 5 : 0,
                            .concurrency = 1 + (uint32_t)storm_draw(storm, 2)};
    if (storm_draw(storm, 2) == 0) {
        storm->limits[count++] = (struct sarn_limit){.workflow = "c", .concurrency = 1};
    }
    return count;
}

void storm_begin(struct storm *storm, uint64_t seed)
{
    struct sarn__sim_options options = {.seed = seed, .codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    memset(storm, 0, sizeof(*storm));
    storm->seed = storm->random = seed;
    (void)storm_draw(storm, 2);
    snprintf(storm->what, sizeof(storm->what), "seed %" PRIu64, seed);
    make_module(storm);
    storm->asked = calloc(STORM_ASKED_MAX, sizeof(*storm->asked));
    assert_non_null(storm->asked);
    options.options.modules = storm->modules;
    options.options.module_count = 2;
    options.options.context = &storm->world;
    options.options.limits = storm->limits;
    options.options.limit_count = make_limits(storm);
    if (sarn__sim_create(&options, &storm->sim, &error) != SARN_OK) {
        fail_msg("%s: %s", storm->what, error.text);
    }
    storm->tight = storm_draw(storm, 3) == 0;
    tighten(storm);
}

void storm_end(struct storm *storm)
{
    sarn__sim_destroy(storm->sim);
    for (uint32_t i = 0; i < storm->asked_count; i++) {
        if (storm->asked[i].answers != 1) {
            fail_msg("%s: request %u has %u answers", storm->what, i,
                     storm->asked[i].answers);
        }
    }
    free(storm->asked);
    world_done(&storm->world);
}

void storm_look(struct storm *storm, bool final)
{
    judge_read(&storm->judge, &storm->world, sarn__sim_engine(storm->sim), storm->what,
               final);
}

struct sarn__sim_outcome *storm_asks(struct storm *storm)
{
    assert_true(storm->asked_count < STORM_ASKED_MAX);
    return &storm->asked[storm->asked_count++];
}

void storm_start(struct storm *storm, uint32_t number, uint32_t exists, uint32_t flags)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_str input = sarn_str(number == 0 ? "1" : "0");
    struct sarn_error error = {SARN_OK, ""};
    char id[12];

    snprintf(id, sizeof(id), "%u", number);
    start.flags = flags;
    start.exists = exists;
    start.priority = (uint32_t)storm_draw(storm, 3);
    start.timeout_us = storm_draw(storm, 8) == 0 ? 5000000 : 0;
    start.workflow = "w";
    start.workflow_id = sarn_str(id);
    start.input = &input;
    assert_ok(sarn__sim_start(storm->sim, &start, storm_asks(storm), &error), &error);
}

/* --- blows --- */

static void reopen(struct storm *storm)
{
    struct sarn_error error = {SARN_OK, ""};

    sarn__sim_fail_append(storm->sim, 1, SARN__MEMORY_NO_FAULT);
    if (storm_draw(storm, 4) == 0) {
        plot_upgrade(&storm->world.plots[storm_draw(storm, 2)]);
    }
    if (sarn__sim_open(storm->sim, NULL, 0, &error) != SARN_OK) {
        fail_msg("%s: %s", storm->what, error.text);
    }
    tighten(storm);
}

void storm_blow(struct storm *storm)
{
    struct sarn__sim *sim = storm->sim;

    switch (storm_draw(storm, 10)) {
    case 0:
        sarn__sim_fail_append(sim, 1 + (uint32_t)storm_draw(storm, 3),
                              SARN__MEMORY_FULL);
        return;
    case 1:
        sarn__sim_fail_append(sim, 1 + (uint32_t)storm_draw(storm, 3),
                              storm_draw(storm, 2) == 0 ? SARN__MEMORY_IN_DOUBT_KEPT
                                                        : SARN__MEMORY_IN_DOUBT_LOST);
        (void)sarn__sim_run_moves(sim, storm_draw(storm, STORM_MOVES));
        sarn__sim_crash(sim);
        reopen(storm);
        return;
    case 2:
        sarn__sim_fail_append(sim, 1, SARN__MEMORY_NO_FAULT);
        sarn__sim_close(sim);
        reopen(storm);
        return;
    case 3:
    case 4:
        sarn__sim_crash(sim);
        reopen(storm);
        return;
    case 5:
        sarn__sim_advance(sim, (int64_t)storm_draw(storm, 4000000) - 200000);
        return;
    case 6:
        storm_start(storm, (uint32_t)storm_draw(storm, STORM_STARTS_MAX),
                    (uint32_t)storm_draw(storm, SARN_EXISTS_REPLACE + 1),
                    SARN_START_DETACHED);
        return;
    default:
        storm_interfere(storm);
        return;
    }
}
