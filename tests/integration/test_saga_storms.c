/* Sagas in a storm: workflows, failures, full disks, closings and power cuts drawn from
 * a seed, several executions at once. In the end every step stands once, or none does.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/orchestrator_state.h"
#include "support/saga.h"

#define SEEDS 1000u
#define MOVES 60u /* Between two blows, at most. */

struct storm {
    struct saga saga;
    char kinds[SAGA_STEPS_MAX + 1];
    struct sarn__sim_outcome out[SAGA_IDS_MAX];
    uint64_t random;
    bool crashed;
    bool tight;
};

static uint64_t draw(struct storm *storm, uint64_t below)
{
    storm->random = storm->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (storm->random >> 33) % below;
}

/* In some storms there is no room for states, nor for more than one step at a time. */
static void tighten(struct storm *storm)
{
    struct sarn__orchestrator *orchestrator =
        sarn__sim_engine(storm->saga.sim)->orchestrator;

    if (storm->tight) {
        orchestrator->bytes_max = 0;
        orchestrator->jobs_max = 1;
    }
}

static void begin(struct storm *storm, uint64_t seed)
{
    static const char letters[] = "ENIIL";
    uint32_t count = 0;

    *storm = (struct storm){.random = seed};
    (void)draw(storm, 2);
    count = 1 + (uint32_t)draw(storm, 6);
    for (uint32_t i = 0; i < count; i++) {
        storm->kinds[i] = letters[draw(storm, 5)];
    }
    saga_open(&storm->saga, storm->kinds, seed, NULL);
    storm->tight = draw(storm, 2) == 0;
    tighten(storm);
    if (draw(storm, 2) == 0) {
        storm->saga.fail_step = (int)draw(storm, count);
        storm->saga.ok_times = (uint32_t)draw(storm, 2);
        storm->saga.fail_times = draw(storm, 2) == 0 ? 1 : UINT32_MAX;
        storm->saga.undo_fail_step = (int)draw(storm, count);
        if (storm->kinds[storm->saga.undo_fail_step] == 'L') {
            storm->saga.undo_fail_step = -1; /* A local one is not tried again. */
        }
        storm->saga.undo_fail_times = 1;
    }
    for (uint32_t i = 0; i < SAGA_IDS_MAX; i++) {
        char id[2] = {(char)('0' + i), '\0'};

        saga_send(&storm->saga, id, "input", 0, &storm->out[i]);
    }
}

static void blow(struct storm *storm)
{
    struct sarn__sim *sim = storm->saga.sim;
    struct sarn_error error = {SARN_OK, ""};

    switch (draw(storm, 4)) {
    case 0:
        sarn__sim_fail_append(sim, 1 + (uint32_t)draw(storm, 3), SARN__MEMORY_FULL);
        return;
    case 1:
        sarn__sim_fail_append(sim, 1 + (uint32_t)draw(storm, 3),
                              draw(storm, 2) == 0 ? SARN__MEMORY_IN_DOUBT_KEPT
                                                  : SARN__MEMORY_IN_DOUBT_LOST);
        (void)sarn__sim_run_moves(sim, draw(storm, MOVES));
        sarn__sim_crash(sim);
        storm->crashed = true;
        break;
    case 2:
        sarn__sim_fail_append(sim, 1, SARN__MEMORY_NO_FAULT);
        sarn__sim_close(sim);
        break;
    default:
        sarn__sim_crash(sim);
        storm->crashed = true;
        break;
    }
    sarn__sim_fail_append(sim, 1, SARN__MEMORY_NO_FAULT);
    if (sarn__sim_open(sim, NULL, 0, &error) != SARN_OK) {
        fail_msg("%s", error.text);
    }
    tighten(storm);
}

static void check(struct storm *storm, uint64_t seed)
{
    /* Only a crash leaves anybody in doubt, and only who cannot ask parks. */
    bool may_park = storm->crashed && strchr(storm->kinds, 'N') != NULL;

    for (uint32_t i = 0; i < SAGA_IDS_MAX; i++) {
        char id[2] = {(char)('0' + i), '\0'};
        char what[96];

        assert_int_equal(storm->out[i].answers, 1);
        snprintf(what, sizeof(what), "%s, seed %" PRIu64 ", id %s", storm->kinds, seed,
                 id);
        saga_check(&storm->saga, id, may_park, what);
        for (uint32_t step = 0; step < strlen(storm->kinds); step++) {
            if (storm->kinds[step] == 'N' && storm->saga.deeds[i][step].applied > 1) {
                fail_msg("%s: s%u stands twice", what, step);
            }
        }
    }
}

static void every_storm_passes(void **unused)
{
    const char *only = getenv("SARN_SEED"); /* To see one of them again. */
    uint64_t first = only != NULL ? strtoull(only, NULL, 10) : 0;
    uint64_t last = only != NULL ? first : SEEDS - 1;

    (void)unused;
    for (uint64_t seed = first; seed <= last; seed++) {
        struct storm storm;
        uint64_t blows;

        begin(&storm, seed);
        blows = draw(&storm, 8);
        for (uint64_t i = 0; i < blows; i++) {
            (void)sarn__sim_run_moves(storm.saga.sim, draw(&storm, MOVES));
            blow(&storm);
        }
        sarn__sim_run(storm.saga.sim);
        sarn__sim_fail_append(storm.saga.sim, 1, SARN__MEMORY_NO_FAULT);
        check(&storm, seed);
        saga_close(&storm.saga);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_storm_passes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
