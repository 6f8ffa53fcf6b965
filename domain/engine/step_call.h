/* step_call.h - struct sarn_step_call: one call of a step's function, and the job that
 * makes it on a worker.
 *
 * A call of an external step owns copies of all that it shows, so that it and the
 * engine can go on beside each other. Input and outputs are decoded when they are first
 * asked for, by whoever asks. A local call views the execution's own bytes.
 *
 * Threads: one at a time per call: the worker's while its job is out, else the dispatch
 *          thread's.
 */
#ifndef SARN_ENGINE_STEP_CALL_H
#define SARN_ENGINE_STEP_CALL_H

#include "core/plan.h"
#include "engine/state.h"
#include "sarn/workflow.h"

#define SARN__STEP_CODE_BYTES 128u

/* The output of a step that completed. */
struct sarn__step_output {
    const struct sarn_step *step;
    struct sarn_str bytes;
    const void *value; /* NULL: not decoded yet. */
};

struct sarn_step_call {
    struct sarn_arena *arena; /* Of everything here. */
    const struct sarn_codec *codec;
    const struct sarn_workflow *workflow;
    const struct sarn_step *step;
    sarn_step_fn *function;
    struct sarn_str workflow_id, key;
    uint32_t attempt;
    bool compensation;
    bool reconciling;
    bool local;
    void *context;
    struct sarn_str input_bytes;
    const void *input;
    struct sarn__step_output *outputs;
    uint32_t output_count;
    /* A local step's commands are written here. */
    sarn_engine *engine;
    const struct sarn__meta *meta;
    uint32_t command_count;
    /* What it answered: */
    bool made; /* false: the host gave the job back undone. */
    sarn_status status;
    struct sarn_str output;
    bool said_why;
    char code[SARN__STEP_CODE_BYTES];
    char text[SARN_ERROR_TEXT_BYTES];
    uint32_t fate;
};

/* Fill a zeroed call in for duty (RUN or RECONCILE, with its step's function) of
 * execution; copy: with copies of the execution's bytes, in arena. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status
sarn__step_call_init(struct sarn_step_call *call,
                     sarn_engine *engine,
                     const struct sarn__execution *execution,
                     const struct sarn__definition *definition,
                     const struct sarn__duty *duty,
                     struct sarn_str workflow_id,
                     bool copy,
                     struct sarn_arena *arena);

/* Call the function; what it answered is in call, and in outcome, which points into it.
 */
void sarn__step_call_make(struct sarn_step_call *call);
void sarn__step_call_outcome(const struct sarn_step_call *call,
                             struct sarn__outcome *outcome);

/* Do the bytes of execution fit the types of the definition? They may be those of an
 * older schema. SARN_ERR_SCHEMA: says which do not. */
SARN_MUST_USE sarn_status
sarn__step_call_verify(const struct sarn_codec *codec,
                       const struct sarn__execution *execution,
                       const struct sarn__definition *definition,
                       struct sarn_error *error);

/* --- on a worker --- */

struct sarn__run;

struct sarn__step_job {
    struct sarn__job job;
    struct sarn__run *run;
    bool compensation;
    uint32_t kind; /* enum sarn__duty_kind */
    struct sarn_step_call call;
};

/* A job in an arena of its own. NULL: out of memory. */
struct sarn__step_job *sarn__step_job_create(const struct sarn_heap *heap);
void sarn__step_job_destroy(struct sarn__step_job *job);

#endif
