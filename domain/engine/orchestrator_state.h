/* orchestrator_state.h - what the orchestrator is made of, for its files.
 *
 *   orchestrator.c          the engine's turn: start, finish, durable, wake, recover
 *   orchestrator_run.c      runs: found, made, loaded, dropped, reaped
 *   orchestrator_advance.c  one unit: everything that a run needs at once
 *   orchestrator_answer.c   replies, and questions
 *
 * Where a run is:
 *
 *   gated    Events that it wrote must be durable first. Its gate is their last
 * position; results that may lag (core/plan.h) do not move it. ready    It has an
 * external step to run, and enough jobs are out. out      Its job is with the host
 * (run->job). waiting  Its timer is set. ended    It is over and answered; it stays
 * until the store knows, too, so that nobody starts it again from what the store has
 * not folded yet.
 */
#ifndef SARN_ENGINE_ORCHESTRATOR_STATE_H
#define SARN_ENGINE_ORCHESTRATOR_STATE_H

#include "core/timers.h"
#include "engine/execution_log.h"
#include "engine/orchestrator.h"
#include "engine/state.h"
#include "engine/step_call.h"

#define SARN__JOBS_PER_WORKER 8u /* Out at once, so that no worker idles. */
#define SARN__RUN_BYTES_MAX   (8u * 1024 * 1024) /* Of folded states, about. */
#define SARN__RUN_AGAIN_US    INT64_C(1000000)   /* After memory or disk ran out. */
#define SARN__RUN_OVERHEAD    1200u              /* An arena, empty. */

enum sarn__place { SARN__NOWHERE, SARN__GATED, SARN__READY, SARN__ENDED };

/* One execution in memory: what must be known of it while it is not looked at. */
struct sarn__run {
    struct sarn__map_node node; /* Key: tenant and stream name, after the struct. */
    struct sarn__run *newer, *older; /* Of those whose state is folded. */
    struct sarn__run *next;          /* Where it is (place). */
    struct sarn__timer timer;
    const struct sarn__definition *definition;
    struct sarn__execution *execution; /* NULL: to be folded when it is needed. */
    struct sarn__request *waiters_first, *waiters_last;
    struct sarn__step_job *job;  /* Out. */
    struct sarn__step_job *held; /* Back; its outcome is not durable. */
    uint64_t started_position;
    uint64_t last_position, last_version;
    uint64_t gate;
    struct sarn_uuid correlation_id;
    uint32_t tenant;
    uint32_t bytes; /* Counted for its state. */
    uint16_t name_size;
    uint8_t place;  /* enum sarn__place */
    bool recovered; /* Its windows may have been used by who is gone. */
    bool orphaned;  /* So may the last intent that is durable. */
    bool postponed; /* Its timer only gives memory or disk time to come back. */
    bool misfit;    /* Its bytes do not fit the definition's types. */
};

struct sarn__runs {
    struct sarn__run *first, *last;
};

struct sarn__orchestrator {
    struct sarn__map runs;
    struct sarn__run *newest, *oldest; /* Of those whose state is folded. */
    size_t bytes, bytes_max;           /* Of their states, about. */
    struct sarn__runs gated, ready, ended;
    struct sarn__timers timers;
    struct sarn_arena *scratch; /* Of one unit; of one event while loading. */
    struct sarn__definition **definitions;
    uint32_t definition_count;
    uint32_t ended_count;
    uint32_t jobs_out, jobs_max;
    uint32_t last_tries;   /* Appends that failed while the engine wound up. */
    uint64_t recover_from; /* Stream number; 0: all are taken up. */
};

/* --- orchestrator_run.c --- */

/* "<workflow>-<workflow_id>" */
struct sarn_str sarn__run_stream(const struct sarn__run *run);
struct sarn_str sarn__run_workflow_id(const struct sarn__run *run);

void sarn__runs_push(struct sarn__runs *runs,
                     struct sarn__run *run,
                     enum sarn__place place);
struct sarn__run *sarn__runs_pop(struct sarn__runs *runs);

struct sarn__run *sarn__run_find(const struct sarn__orchestrator *orchestrator,
                                 uint32_t tenant,
                                 struct sarn_str stream);
/* A run that is not loaded, in the map. NULL: out of memory. */
struct sarn__run *sarn__run_create(struct sarn__orchestrator *orchestrator,
                                   uint32_t tenant,
                                   struct sarn_str stream,
                                   const struct sarn__definition *definition);
/* No job is out, nobody waits, and it is in no list. */
void sarn__run_destroy(struct sarn__orchestrator *orchestrator, struct sarn__run *run);

/* Give run the state execution, which lies in an arena of its own. */
void sarn__run_keep(struct sarn__orchestrator *orchestrator,
                    struct sarn__run *run,
                    struct sarn__execution *execution);
/* Its state is used: fold it if it is not there. SARN_ERR_STATE: not before what it
 * wrote is folded. SARN_ERR_NOT_FOUND: there is no such execution. */
SARN_MUST_USE sarn_status sarn__run_load(sarn_engine *engine,
                                         struct sarn__run *run,
                                         struct sarn_error *error);
void sarn__run_drop_state(struct sarn__orchestrator *orchestrator,
                          struct sarn__run *run);
/* Drop states down to the bound, sparing those that the store does not have. */
void sarn__runs_trim(sarn_engine *engine);
/* Let go of ended runs that the store knows. */
void sarn__runs_reap(sarn_engine *engine);

/* Of workflow; NULL: out of memory. */
const struct sarn__definition *
sarn__run_definition(struct sarn__orchestrator *orchestrator,
                     const struct sarn_workflow *workflow);

/* --- orchestrator_advance.c --- */

/* Write the first event of run, whose state is empty, and go on from there. On failure
 * nothing was written, and run is to be destroyed. */
SARN_MUST_USE sarn_status
sarn__run_begin(sarn_engine *engine,
                struct sarn__run *run,
                const struct sarn_start *start,
                struct sarn_str input,
                const uint8_t input_hash[SARN__INPUT_HASH_BYTES],
                struct sarn_error *error);
/* Do what run needs next and can have: run is in no queue, and has no job out. */
void sarn__run_advance(sarn_engine *engine, struct sarn__run *run);
/* Memory or disk ran out: try again in a while. */
void sarn__run_postpone(sarn_engine *engine, struct sarn__run *run);
/* Show the observer a call that was made. */
void sarn__run_observe(sarn_engine *engine,
                       const struct sarn__run *run,
                       const struct sarn_step_call *call);
/* Hand out what is ready. */
void sarn__runs_pump(sarn_engine *engine);

/* --- telling a run something from outside of its own turn --- */

/* The run of stream, with its state: from memory, or from the log. *run NULL: there is
 * no execution. SARN_ERR_STATE: not before what it wrote is folded. */
SARN_MUST_USE sarn_status sarn__run_take_up(sarn_engine *engine,
                                            uint32_t tenant,
                                            struct sarn_str stream,
                                            struct sarn__run **run,
                                            struct sarn_error *error);
/* Write event to run's stream, fold it, and let the run go on, all in one unit: a
 * signal, a cancel, the end of a child. meta says who (actor, origin, causation). The
 * writer is to be waited for. On failure nothing was written: SARN_ERR_STATE: it cannot
 * follow, says why. Works without a registered workflow, too: then it is only recorded.
 */
SARN_MUST_USE sarn_status sarn__run_tell(sarn_engine *engine,
                                         struct sarn__run *run,
                                         const struct sarn__meta *meta,
                                         const struct sarn__execution_event *event,
                                         struct sarn_error *error);

/* --- orchestrator_answer.c --- */

void sarn__run_wait(struct sarn__run *run, struct sarn__request *request);
/* What is durable of run may be told: its start, and its end. */
void sarn__run_answer(sarn_engine *engine, struct sarn__run *run);
/* Everybody who waits for run gets error; NULL: only the status. */
void sarn__run_answer_error(sarn_engine *engine,
                            struct sarn__run *run,
                            sarn_status status,
                            const struct sarn_error *error);

#endif
