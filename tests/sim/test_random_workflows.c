/* Random workflows in a storm: a plot of every kind of step, its executions and their
 * children, with failures, full disks, power cuts, closings, time that jumps, signals,
 * updates, promises, cancels, terminates, pauses and resets, all drawn from a seed.
 * Then the weather calms down and an honest operator decides what is parked: everything
 * ends, and the judge looks at what stands.
 *
 *   SARN_SEEDS=100000   as many seeds, from 0
 *   SARN_SEED=4711      this one, to see it again; SARN_TRACE=1: every event of it
 */
#include <signal.h>
#include <unistd.h>

#include "sim/storm.h"
#include "support/test.h"

#define SEEDS 1000u
#define AGAIN 40u /* Of them, that are run once more, to be the same. */

/* What all storms together have seen. */
struct tally {
    uint64_t events;
    uint64_t facts[COUNT(((struct judge *)0)->facts)];
    uint64_t ends[COUNT(((struct judge *)0)->ends)];
};

static void add(struct tally *tally, const struct judge *judge)
{
    tally->events += judge->events;
    for (size_t i = 0; i < COUNT(tally->facts); i++) {
        tally->facts[i] += judge->facts[i];
    }
    for (size_t i = 0; i < COUNT(tally->ends); i++) {
        tally->ends[i] += judge->ends[i];
    }
}

static void print(const struct tally *tally, uint64_t seeds)
{
    print_message("%" PRIu64 " seeds, %" PRIu64 " events\nkinds:", seeds,
                  tally->events);
    for (size_t i = 1; i < COUNT(tally->facts); i++) {
        print_message(" %zu:%" PRIu64, i, tally->facts[i]);
    }
    print_message("\nends:");
    for (size_t i = 1; i < COUNT(tally->ends); i++) {
        print_message(" %s:%" PRIu64, sarn_execution_status_text((uint32_t)i),
                      tally->ends[i]);
    }
    print_message("\n");
}

static char seed_now[32]; /* "seed 4711\n" */

/* A hash of all that was recorded. */
static uint64_t live_through(struct storm *storm, uint64_t seed, struct tally *tally)
{
    uint64_t blows = 0, hash = 0;

    snprintf(seed_now, sizeof(seed_now), "seed %" PRIu64 "\n", seed);
    storm_begin(storm, seed);
    for (uint32_t i = 0; i < 1 + storm_draw(storm, STORM_STARTS_MAX); i++) {
        storm_start(storm, i, SARN_EXISTS_JOIN, 0);
    }
    blows = storm_draw(storm, storm_draw(storm, 8) == 0 ? 50 : 14);
    for (uint64_t i = 0; i < blows; i++) {
        (void)sarn__sim_run_moves(storm->sim, storm_draw(storm, STORM_MOVES));
        storm_blow(storm);
    }
    storm_calm_down(storm);
    storm_look(storm, true);
    hash = storm->judge.hash;
    add(tally, &storm->judge);
    judge_done(&storm->judge);
    storm_end(storm);
    return hash;
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* An assertion of the engine ends the test without a word about the seed. */
static void say_seed(int signal_number)
{
    (void)signal_number;
    (void)!write(STDERR_FILENO, seed_now, strlen(seed_now));
}

static void every_storm_passes(void **unused)
{
    struct storm *storm = malloc(sizeof(*storm));
    struct tally tally = {.events = 0};
    uint64_t only = number_of("SARN_SEED", UINT64_MAX);
    uint64_t first = only != UINT64_MAX ? only : number_of("SARN_SEED_FROM", 0);
    uint64_t count = only != UINT64_MAX ? 1 : number_of("SARN_SEEDS", SEEDS);

    (void)unused;
    assert_non_null(storm);
    for (uint64_t seed = first; seed < first + count; seed++) {
        (void)live_through(storm, seed, &tally);
    }
    print(&tally, count);
    for (size_t i = 1; i < COUNT(tally.facts) && count >= SEEDS; i++) {
        assert_true(tally.facts[i] > 0); /* Nothing is left out. */
    }
    free(storm);
}

static void a_seed_is_the_same_storm_to_the_last_bit(void **unused)
{
    struct storm *storm = malloc(sizeof(*storm));
    struct tally tally = {.events = 0};

    (void)unused;
    assert_non_null(storm);
    for (uint64_t seed = 0; seed < AGAIN && getenv("SARN_SEED") == NULL; seed++) {
        uint64_t first = live_through(storm, seed, &tally);

        assert_true(live_through(storm, seed, &tally) == first);
    }
    free(storm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_storm_passes),
        cmocka_unit_test(a_seed_is_the_same_storm_to_the_last_bit),
    };

    (void)signal(SIGABRT, say_seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
