/* ticker.h - a simulated engine with a workflow for schedules to start, and the world
 * that its runs act on.
 *
 * The workflow "tick" does its work (an idempotent external step, with a compensation),
 * then takes some time. Its schedules are asked for by requests, and what became of
 * them is told as a trace.
 */
#ifndef SARN_TESTS_SUPPORT_TICKER_H
#define SARN_TESTS_SUPPORT_TICKER_H

#include "infra/memory/sim.h"
#include "infra/memory/zones.h"
#include "sarn/workflow.h"

#include "support/tzif.h"

#define TICKER_DEEDS_MAX 1200u

struct ticker_deed {
    char id[128];  /* Workflow id. */
    char key[160]; /* That it was done under; a later run of the id has another. */
    uint32_t done, undone;
};

struct ticker {
    struct sarn__sim *sim;
    int64_t takes_us; /* How long a run takes. */
    struct ticker_deed deeds[TICKER_DEEDS_MAX];
    uint32_t deed_count;
    /* The module, and the zones of the world. */
    struct sarn_step steps[2];
    struct sarn_workflow workflow;
    const struct sarn_workflow *workflows[1];
    struct sarn_module module;
    const struct sarn_module *modules[1];
    struct test_tzif prague;
    struct sarn__memory_zone zone;
    struct sarn__memory_zones zones;
    char text[8192]; /* What the last helper said. */
};

/* heap NULL: malloc. The clock begins at a time like "2026-11-21 13:30". */
void ticker_open(struct ticker *ticker,
                 const char *at,
                 uint64_t seed,
                 const struct sarn_heap *heap);
void ticker_close(struct ticker *ticker);

/* An hourly schedule called "s" of tick. */
struct sarn_schedule ticker_hourly(void);
/* Ask, and wait for the answer: "ok", or the sentence. */
const char *ticker_put(struct ticker *ticker, const struct sarn_schedule *schedule);
const char *ticker_alter(struct ticker *ticker,
                         const struct sarn_schedule_change *change);
/* A change of "s" without arguments. */
const char *ticker_do(struct ticker *ticker, uint32_t op);

/* Go on until a time, if that is not past; stop early after so many moves. false: it
 * did. */
bool ticker_run(struct ticker *ticker, const char *until, uint64_t moves);
/* The same, however many moves it takes. */
void ticker_until(struct ticker *ticker, const char *until);
/* The power goes; the same or other modules come back. */
void ticker_crash(struct ticker *ticker);
void ticker_crash_without_module(struct ticker *ticker);

/* The stream of schedule "s" without its sleeps: "set, started 14:00, ended 14:00
 * completed, missed 3 15:00-17:00". Of a time the hours and minutes, and its seconds
 * where they are not 0. */
const char *ticker_history(struct ticker *ticker);
/* What was done: "14:00 done, 15:00 done undone", in the order that it began. */
const char *ticker_deeds(struct ticker *ticker);

#endif
