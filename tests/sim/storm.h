/* storm.h - random executions of random workflows in bad weather, all of one seed.
 *
 *   storm.c     the engine; power cuts, full disks, jumps of the clock
 *   people.c    what is said to executions on the way
 *   operator.c  calm: everything is helped to its end
 */
#ifndef SARN_TESTS_SIM_STORM_H
#define SARN_TESTS_SIM_STORM_H

#include "infra/memory/sim.h"
#include "sim/judge.h"

#define STORM_STARTS_MAX 3u /* Executions that are started by the test. */
#define STORM_FORKS_MAX  4u
#define STORM_MOVES      80u  /* Between two blows, at most. */
#define STORM_ASKED_MAX  512u /* Requests. */

struct storm {
    struct sarn__sim *sim;
    struct world world;
    const struct sarn_workflow *workflows[2];
    struct sarn_module module;
    const struct sarn_module *modules[2];
    uint64_t seed, random;
    struct sarn_limit limits[3];
    bool tight;
    uint32_t forks;
    struct judge judge;
    char what[64];
    struct sarn__sim_outcome *asked; /* Of STORM_ASKED_MAX requests. */
    uint32_t asked_count;
};

/* storm stays where it is. */
void storm_begin(struct storm *storm, uint64_t seed);
/* Every request has been answered once. */
void storm_end(struct storm *storm);

/* The next number below below. */
uint64_t storm_draw(struct storm *storm, uint64_t below);
/* storm->judge reads the log, and is to be done with. */
void storm_look(struct storm *storm, bool final);
/* Room for what becomes of one more request. */
struct sarn__sim_outcome *storm_asks(struct storm *storm);
/* exists: enum sarn_exists */
void storm_start(struct storm *storm, uint32_t number, uint32_t exists, uint32_t flags);
/* Something happens. */
void storm_blow(struct storm *storm);

/* --- people.c --- */

/* A payload of any step. */
extern const struct sarn_str storm_payload;

/* control, of life unless it is of a promise. */
void storm_tell(struct storm *storm,
                const struct judge_life *life,
                struct sarn_control *control);
/* The op alone. */
void storm_say(struct storm *storm, const struct judge_life *life, uint32_t op);
/* What the step at index waits to be told, or is to wait for. */
void storm_answer(struct storm *storm,
                  const struct judge_life *life,
                  uint32_t index,
                  uint32_t visit);
/* Somebody says something to somebody. */
void storm_interfere(struct storm *storm);

/* --- operator.c --- */

/* Until everything has ended. */
void storm_calm_down(struct storm *storm);

#endif
