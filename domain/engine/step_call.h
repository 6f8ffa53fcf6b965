/* step_call.h - struct sarn_step_call: one call of a step's function or of a message's
 * handler, and the job that makes it on a worker.
 *
 *   step_call.c      making a call, and what it answered
 *   step_call_see.c  what the function sees
 *   step_call_say.c  what it says
 *   step_job.c       on a worker
 *
 * A call of an external step owns copies of all that it shows, so that it and the
 * engine can go on beside each other. Input, outputs and messages are decoded when they
 * are first asked for, by whoever asks. The other calls view the execution's own bytes.
 *
 * Threads: one at a time per call: the worker's while its job is out, else the dispatch
 *          thread's; but see struct sarn__step_job.
 */
#ifndef SARN_ENGINE_STEP_CALL_H
#define SARN_ENGINE_STEP_CALL_H

#include <stdatomic.h>

#include "core/plan.h"
#include "engine/state.h"
#include "sarn/workflow.h"

#define SARN__STEP_CODE_BYTES 128u

/* What a visit of a step gave. */
struct sarn__step_output {
    const struct sarn_step *step;
    uint32_t visit;
    struct sarn_str bytes;
    const void *value; /* NULL: not decoded yet. */
};

/* The latest message of its name. */
struct sarn__step_message {
    struct sarn_str name;
    const struct sarn_type *type;
    struct sarn_str bytes;
    const void *value; /* NULL: not decoded yet. */
};

/* Which visit of a promise step is to come, or waits. */
struct sarn__step_promise {
    const struct sarn_step *step;
    uint32_t visit;
};

struct sarn__step_job;

struct sarn_step_call {
    struct sarn_arena *arena; /* Of everything here. */
    const struct sarn_ports *ports;
    const struct sarn__registry *registry;
    const struct sarn_workflow *workflow;
    const struct sarn_step *step;       /* NULL: of a message's handler. */
    const struct sarn_message *message; /* NULL: of a step. */
    sarn_step_fn *function;
    struct sarn__step_job *job; /* On a worker; else NULL. */
    struct sarn_str workflow_id, key;
    struct sarn_uuid run_id;
    int64_t now_us;
    uint32_t attempt, visit;
    bool compensation;
    bool reconciling;
    bool local;
    void *context;
    struct sarn_str input_bytes;
    const void *input;
    const void *argument; /* Of a handler. */
    struct sarn__step_output *outputs;
    uint32_t output_count;
    struct sarn__step_message *messages;
    uint32_t message_count;
    struct sarn__step_promise *promises;
    uint32_t promise_count;
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
    bool chose;
    struct sarn_str next; /* The definition's own text. */
    bool continues;
    struct sarn_str continue_input;
    struct sarn__attribute *attributes; /* Room for SARN_ATTRIBUTES_MAX, or NULL. */
    uint32_t attribute_count;
    int64_t due_us;
    struct sarn_str child_id, child_input;
};

/* Fill a zeroed call in for duty (LOCAL, CALL, RECONCILE or AWAIT, with its function)
 * of execution; copy: with copies of the execution's bytes, in arena. SARN_ERR_NOMEM.
 */
SARN_MUST_USE sarn_status
sarn__step_call_init(struct sarn_step_call *call,
                     sarn_engine *engine,
                     const struct sarn__execution *execution,
                     const struct sarn__definition *definition,
                     const struct sarn__duty *duty,
                     struct sarn_str workflow_id,
                     bool copy,
                     struct sarn_arena *arena);
/* The same for the handler of message, asked with argument (a struct of its input type,
 * or NULL). What it answers is in call->output, of message->output. */
SARN_MUST_USE sarn_status
sarn__message_call_init(struct sarn_step_call *call,
                        sarn_engine *engine,
                        const struct sarn__execution *execution,
                        const struct sarn__definition *definition,
                        const struct sarn_message *message,
                        const void *argument,
                        struct sarn_str workflow_id,
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

/* Whoever moves a job on from queued has it: its worker, or who takes it back. */
enum sarn__job_stage { SARN__JOB_QUEUED, SARN__JOB_BEGUN, SARN__JOB_REVOKED };

/* An attempt that is out, or back with an outcome that is not durable. The atomics are
 * shared between its worker and the dispatch thread while it is out. */
struct sarn__step_job {
    struct sarn__job job;
    struct sarn__step_job *next; /* Of its run's, or of those nobody wants any more. */
    struct sarn__run *run;       /* NULL: nobody wants its outcome. */
    struct sarn__claim claim;
    bool used;               /* Back: its outcome is recorded, or was not wanted. */
    uint32_t asked;          /* RECONCILE: which call of it this is, from 1. */
    int64_t again_us;        /* It failed, and is asked again then; 0: it is not. */
    int64_t heartbeat_us;    /* 0: none is asked for. */
    _Atomic uint32_t stage;  /* enum sarn__job_stage */
    _Atomic int64_t sign_us; /* When it last gave a sign of life; 0: not yet. */
    atomic_bool stop;        /* It is to be told to stop. */
    struct sarn_step_call call;
};

/* A job in an arena of its own. NULL: out of memory. */
struct sarn__step_job *sarn__step_job_create(const struct sarn_heap *heap);
void sarn__step_job_destroy(struct sarn__step_job *job);
/* It is with a worker from now on, who works on it at once or later; false: it was
 * taken back. Its work does this itself. */
bool sarn__step_job_begin(struct sarn__step_job *job);
/* Take it back before a worker begins it; false: one has. Its function is not called
 * then: it comes back unmade. */
bool sarn__step_job_revoke(struct sarn__step_job *job);

#endif
