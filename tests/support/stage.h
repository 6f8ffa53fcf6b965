/* stage.h - a simulated engine with workflows of the test's own, whose calls of
 * services are counted.
 *
 * Steps find the stage as their context, and the test's own struct in stage->arg. Ids
 * are those of one world: an idempotent service is asked by stage_served().
 */
#ifndef SARN_TESTS_SUPPORT_STAGE_H
#define SARN_TESTS_SUPPORT_STAGE_H

#include "core/execution.h"
#include "infra/memory/sim.h"
#include "sarn/workflow.h"

#include "support/test.h"

#define STAGE_WORKFLOWS_MAX 8u
#define STAGE_DEEDS_MAX     64u

/* What was done under one key. */
struct stage_deed {
    char key[200];
    uint32_t calls;
};

struct stage {
    struct sarn__sim *sim;
    struct sarn_arena *arena;
    void *arg;
    const struct sarn_workflow *workflows[STAGE_WORKFLOWS_MAX];
    struct sarn_module module;
    const struct sarn_module *modules[2];
    struct stage_deed deeds[STAGE_DEEDS_MAX];
    uint32_t deed_count;
    int64_t now_us;  /* When the last call was made. */
    char text[8192]; /* What the last helper said. */
};

void stage_open(struct stage *stage,
                const struct sarn_workflow *const *workflows,
                uint32_t count,
                uint64_t seed,
                void *arg);
/* The same in the given memory. */
void stage_open_in(struct stage *stage,
                   const struct sarn_workflow *const *workflows,
                   uint32_t count,
                   uint64_t seed,
                   void *arg,
                   struct sarn_heap heap);
/* The same with options, which get the module. */
void stage_open_with(struct stage *stage,
                     const struct sarn_workflow *const *workflows,
                     uint32_t count,
                     uint64_t seed,
                     void *arg,
                     const struct sarn_options *options);
void stage_close(struct stage *stage);

/* Start an execution with some text, or nothing, as its input. */
void stage_start(struct stage *stage,
                 const char *workflow,
                 const char *id,
                 const char *input,
                 uint32_t exists,
                 struct sarn__sim_outcome *out);
void stage_send(struct stage *stage,
                const struct sarn_start *start,
                struct sarn__sim_outcome *out);
/* The same of workflow "w", id "1", run to its end, and described: "ok",
 * "compensated: no". */
const char *stage_do(struct stage *stage, const char *input);
const char *stage_describe(struct stage *stage, const struct sarn__sim_outcome *out);

/* Tell the execution of stream ("w-1") something: SARN_ERR_STATE: it cannot follow;
 * SARN_ERR_NOT_FOUND. */
sarn_status stage_tell(struct stage *stage,
                       const char *stream,
                       const struct sarn__execution_event *event);
/* The same, and it can. */
void stage_signal(struct stage *stage, const char *stream, const char *name);
void stage_cancel(struct stage *stage, const char *stream, bool terminate);
/* Settle a promise by its id; its output is its step's id. */
sarn_status stage_promise(struct stage *stage, struct sarn_str id, bool failed);

/* Every move that is possible before the clock is moved on purpose. */
void stage_settle(struct stage *stage);
void stage_advance(struct stage *stage, int64_t by_us);
void stage_crash(struct stage *stage);

const char *stage_history(struct stage *stage, const char *stream);
/* How many executions are in memory. */
uint32_t stage_in_memory(struct stage *stage);

/* --- for steps --- */

/* Counts a call under its key; answers OK with the step's id as its output, if it has
 * one. As run or as compensate. */
sarn_status stage_serve(struct sarn_step_call *call);
/* Calls whose keys contain part. */
uint32_t stage_served(const struct stage *stage, const char *part);

#endif
