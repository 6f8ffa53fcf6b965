/* judge.h - what a log says about its executions, held against the plots and the world.
 *
 * Every event of every execution is folded; on the way: each step was come to where the
 * plot leads, groups were joined by enough members, what parked it may park it. In the
 * end, of every run: what completed stands exactly once and nothing else does; of what
 * was undone nothing stands that can be undone.
 */
#ifndef SARN_TESTS_SIM_JUDGE_H
#define SARN_TESTS_SIM_JUDGE_H

#include "core/execution.h"
#include "engine/engine.h"
#include "sim/world.h"

#define JUDGE_LIVES_MAX 64u

/* One execution: all its runs. */
struct judge_life {
    char stream[128];
    const char *id; /* In it. */
    const struct plot *plot;
    struct sarn__execution execution; /* Of its latest run. */
    uint32_t at; /* The step that is next, or its element's first; step_count. */
    bool rewound;
    int64_t balance; /* What its local steps have left. */
    uint32_t runs;
};

struct judge {
    struct world *world;
    struct sarn_arena *arena, *scratch;
    const char *what; /* For messages. */
    bool final;       /* The world has come to rest. */
    struct judge_life lives[JUDGE_LIVES_MAX];
    uint32_t count;
    uint64_t rows;   /* That a search found, */
    int64_t counted; /* and how many too many were counted. */
    uint64_t events;
    uint64_t hash;                            /* Of all events. */
    uint64_t facts[SARN__SLEPT + 1];          /* By kind. */
    uint64_t ends[SARN_EXECUTION_UNDONE + 1]; /* Of runs, by status. */
};

/* Read the whole log; final: judge the ends, too. */
void judge_read(struct judge *judge,
                struct world *world,
                sarn_engine *engine,
                const char *what,
                bool final);
void judge_done(struct judge *judge);

/* --- judge_way.c --- */

/* life did something that it may not: the test fails. */
SARN_PRINTF(3, 4)
void judge_wrong(const struct judge *judge,
                 const struct judge_life *life,
                 const char *format,
                 ...);
/* fact has happened to life, whose last_begun and place.serial were these before. */
void judge_fact(struct judge *judge,
                struct judge_life *life,
                const struct sarn__execution_event *fact,
                uint32_t begun,
                uint32_t serial);

#endif
