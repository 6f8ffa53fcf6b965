/* planner.h - an execution and its duties, driven by a test: core/plan and
 * core/execution without an engine, as a trace.
 *
 * "|" is a commit that is waited for, "~" one that is not; after it comes the duty that
 * is left, for somebody else to carry out:
 *
 *     BEGIN(&p, EXTERNAL("a"), LOCAL("b"))  -> "started, a#1 begun | run a#1"
 *     planner_ok(&p)                        -> "a#1 ok, b#1 ok, completed | over"
 */
#ifndef SARN_TESTS_SUPPORT_PLANNER_H
#define SARN_TESTS_SUPPORT_PLANNER_H

#include "core/plan.h"

#include "support/test.h"

#define PLANNER_EVENTS_MAX 64

struct planner {
    struct sarn_arena *arena;
    struct sarn_workflow workflow;
    struct sarn__definition definition;
    struct sarn__execution execution;
    struct sarn__duty duty; /* That is left to be carried out. */
    struct sarn__execution_event events[PLANNER_EVENTS_MAX]; /* The log. */
    uint32_t count, durable;
    uint32_t commits, syncs;
    int64_t now_us;
    const char *failing; /* The local step that fails; NULL: none does. */
    bool undo_fails;     /* Local compensations fail. */
    char seen[1024];     /* What the last input led to. */
};

/* Steps, all with a compensation. */
#define EXTERNAL(name)                                                                 \
    {                                                                                  \
        .id = name, .run = planner_function, .compensate = planner_function,           \
        .reconcile = planner_function                                                  \
    }
#define REPEATABLE(name)                                                               \
    {                                                                                  \
        .id = name, .run = planner_function, .compensate = planner_function,           \
        .flags = SARN_STEP_IDEMPOTENT                                                  \
    }
#define LOCAL(name)                                                                    \
    {                                                                                  \
        .id = name, .run = planner_function, .compensate = planner_function,           \
        .kind = SARN_STEP_LOCAL                                                        \
    }

/* A function for steps: nobody calls it. */
sarn_status planner_function(struct sarn_step_call *call);

/* Start an execution of these steps. What a call led to is the planner's, until the
 * next one. */
#define BEGIN(f, ...)                                                                  \
    planner_begin((f), (const struct sarn_step[]){__VA_ARGS__},                        \
                  sizeof((const struct sarn_step[]){__VA_ARGS__}) /                    \
                      sizeof(struct sarn_step))

const char *
planner_begin(struct planner *f, const struct sarn_step *steps, size_t step_count);
void planner_end(struct planner *f);

/* The attempt that is left ended so. */
const char *planner_with(struct planner *f, const struct sarn__outcome *outcome);
const char *planner_ok(struct planner *f);
const char *planner_fails(struct planner *f, const char *code);
/* What reconcile found. */
const char *planner_was(struct planner *f, enum sarn_step_fate fate);
/* The clock shows this. */
const char *planner_at(struct planner *f, int64_t now_ms);
/* The process ends; what was not synced is gone. */
const char *planner_crash(struct planner *f);

#endif
