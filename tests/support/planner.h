/* planner.h - an execution and its duties, driven by a test: core/plan and
 * core/execution without an engine, as a trace.
 *
 * "|" is a commit that is waited for, "~" one that is not; after it comes what is left,
 * for somebody else to carry out, and until when:
 *
 *     BEGIN(&p, EXTERNAL("a"), LOCAL("b"))  -> "started, a#1 begun | run a#1"
 *     planner_ok(&p)                        -> "a#1 ok, b#1 ok, completed | over"
 *
 * "a@2" is the second visit of a.
 */
#ifndef SARN_TESTS_SUPPORT_PLANNER_H
#define SARN_TESTS_SUPPORT_PLANNER_H

#include "core/plan.h"

#include "support/test.h"

#define PLANNER_EVENTS_MAX 256

struct planner {
    struct sarn_arena *arena;
    struct sarn_workflow workflow; /* All but its steps may be set before BEGIN(). */
    struct sarn__definition definition;
    struct sarn__beginning beginning; /* Likewise. */
    struct sarn__execution execution;
    struct sarn__plan plan; /* What is left to be carried out. */
    struct sarn__execution_event events[PLANNER_EVENTS_MAX]; /* The log. */
    uint32_t count, durable;
    uint32_t commits, syncs;
    int64_t now_us;
    const char *failing; /* The local step that fails; NULL: none does. */
    struct sarn__hold *holds;
    const char *next; /* What local steps choose to go on with; NULL: nothing. */
    bool undo_fails;  /* Local compensations fail. */
    bool continues;   /* Local steps go on as a new run. */
    char seen[2048];  /* What the last input led to. */
};

/* Steps, all with a compensation: an id, and what other members follow. */
#define EXTERNAL(...)                                                                  \
    {                                                                                  \
        .run = planner_function, .compensate = planner_function,                       \
        .reconcile = planner_function, .id = __VA_ARGS__                               \
    }
#define REPEATABLE(...)                                                                \
    {                                                                                  \
        .run = planner_function, .compensate = planner_function,                       \
        .flags = SARN_STEP_IDEMPOTENT, .id = __VA_ARGS__                               \
    }
#define LOCAL(...)                                                                     \
    {                                                                                  \
        .run = planner_function, .compensate = planner_function,                       \
        .kind = SARN_STEP_LOCAL, .id = __VA_ARGS__                                     \
    }
/* Without one: TIMER, SIGNAL, PROMISE, CHILD. */
#define WAIT(of_kind, ...)                                                             \
    {                                                                                  \
        .kind = SARN_STEP_##of_kind, .id = __VA_ARGS__                                 \
    }

#define MS(count) ((count)*INT64_C(1000))

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

/* Another table of steps takes over. */
#define UPGRADE(f, ...)                                                                \
    planner_upgrade((f), (const struct sarn_step[]){__VA_ARGS__},                      \
                    sizeof((const struct sarn_step[]){__VA_ARGS__}) /                  \
                        sizeof(struct sarn_step))
const char *
planner_upgrade(struct planner *f, const struct sarn_step *steps, size_t step_count);

/* The first attempt, or question, that is left ended so; step: that one. */
const char *
planner_with(struct planner *f, const char *step, const struct sarn__outcome *outcome);
const char *planner_ok(struct planner *f);
const char *planner_ok_of(struct planner *f, const char *step);
const char *planner_fails(struct planner *f, const char *code);
const char *planner_fails_of(struct planner *f, const char *step, const char *code);
/* What reconcile found. */
const char *planner_was(struct planner *f, enum sarn_step_fate fate);
/* The attempt of step has not been heard of for too long. */
const char *planner_silent(struct planner *f, const char *step);
/* The clock shows this. */
const char *planner_at(struct planner *f, int64_t now_ms);
/* The process ends; what was not synced is gone. */
const char *planner_crash(struct planner *f);

/* From outside. */
const char *planner_tell(struct planner *f, struct sarn__execution_event event);
const char *planner_signal(struct planner *f, const char *name);
const char *planner_cancel(struct planner *f);
const char *planner_terminate(struct planner *f);
const char *planner_unpark(struct planner *f, enum sarn__decision decision);

/* What an undo would do now, such as "b compensate, a by key". */
const char *planner_undo(struct planner *f);

#endif
