/* orchestrator_state.h - what the orchestrator is made of, for its files.
 *
 *   orchestrator.c           the engine's turn: finish, durable, failed, halted, stop
 *   orchestrator_time.c      what is due, and what an earlier process left
 *   orchestrator_start.c     starting and joining executions
 *   orchestrator_run.c       runs: found, made, loaded, dropped, reaped
 *   orchestrator_unit.c      one unit: written whole or not at all
 *   orchestrator_advance.c   what a run does in one: everything that it needs at once
 *   orchestrator_jobs.c      its calls on workers
 *   orchestrator_continue.c  a run that ends by going on as a new one
 *   orchestrator_tell.c      telling a run something from outside of its own turn
 *   orchestrator_admit.c     limits: who may begin
 *   orchestrator_children.c  what parents and children write to each other
 *   orchestrator_answer.c    replies
 *   orchestrator_info.c      questions
 *
 * Where a run is:
 *
 *   gated    Events that it wrote must be durable first. Its gate is their last
 *            position; results that may lag (core/plan.h) do not move it.
 *   ready    It has an external step to run, and enough jobs are out: it stands in line
 *            for the workers, by its priority and tenant.
 *   called   Another run wrote to it, or it was loaded: its turn comes at once.
 *   leaving  It is over or asleep, and nobody waits for it; it stays until the store
 *            knows, too, so that nobody takes it up from what the store has not folded.
 *   nowhere  Jobs of it are out, its timer is set, it waits at a gate of a limit, or
 *            several of these.
 *
 * Jobs of a run may be out wherever it is.
 */
#ifndef SARN_ENGINE_ORCHESTRATOR_STATE_H
#define SARN_ENGINE_ORCHESTRATOR_STATE_H

#include "core/admission.h"
#include "core/timers.h"
#include "engine/execution_log.h"
#include "engine/orchestrator.h"
#include "engine/state.h"
#include "engine/step_call.h"

#define SARN__JOBS_PER_WORKER 8u /* Out at once, so that no worker idles. */
#define SARN__RUN_BYTES_MAX   (8u * 1024 * 1024) /* Of folded states, about. */
#define SARN__RUN_AGAIN_US    INT64_C(1000000)   /* After memory or disk ran out. */
#define SARN__RUN_OVERHEAD    1200u              /* An arena, empty. */
#define SARN__RUN_SLEEP_US    INT64_C(1000000)   /* Less is waited for in memory. */
#define SARN__RUNS_PER_TURN   512u /* Taken up at once; the rest with the next turn. */

enum sarn__where {
    SARN__NOWHERE,
    SARN__GATED,
    SARN__READY,
    SARN__CALLED,
    SARN__LEAVING,
    SARN__PLACES
};

/* One execution in memory: what must be known of it while it is not looked at. */
struct sarn__run {
    struct sarn__map_node node; /* Key: tenant and stream name, after the struct. */
    struct sarn__run *newer, *older;   /* Of those whose state is folded. */
    struct sarn__run *next, *previous; /* Where it is. */
    struct sarn__entry in_line;        /* The same, for the workers. */
    struct sarn__timer timer;
    const struct sarn__definition *definition; /* NULL: nobody registered it. */
    struct sarn__execution *execution; /* NULL: to be folded when it is needed. */
    struct sarn__request *waiters_first, *waiters_last;
    struct sarn__step_job *jobs; /* Out. */
    struct sarn__step_job *held; /* Back; their outcomes are not durable. */
    struct sarn__ticket *tickets;
    struct sarn__gate *inside; /* Its workflow's; NULL: not there. */
    uint64_t started_position;
    uint64_t last_position, last_version;
    uint64_t gate;
    struct sarn_uuid correlation_id;
    uint32_t tenant;
    uint32_t bytes; /* Counted for its state. */
    uint16_t name_size;
    uint16_t reserved; /* Intents that are not durable: each is to have a worker. */
    uint8_t priority;
    uint8_t where;   /* enum sarn__where */
    uint8_t tries;   /* In a row, that came to nothing for want of memory or disk. */
    bool recovered;  /* Its windows may have been used by who is gone. */
    bool orphaned;   /* So may intents that are durable. */
    bool postponed;  /* Its timer only gives memory or disk time to come back. */
    bool misfit;     /* Its bytes do not fit the definition's types. */
    bool asleep;     /* Its last event says so. */
    bool rang;       /* And the time that it names has come. */
    bool is_counted; /* Whether it is inside, is known. */
};

/* What one execution (step NULL), or one attempt of a step, waits or runs with where
 * there is a limit. */
struct sarn__ticket {
    struct sarn__entry entry;
    struct sarn__hold hold;
    struct sarn__ticket *next; /* Of its run. */
    struct sarn__run *run;
    struct sarn__gate *gate;
    const struct sarn_step *step;
    uint32_t visit;
    bool inside;
};

struct sarn__runs {
    struct sarn__run *first, *last;
};

struct sarn__orchestrator {
    struct sarn__map runs;
    struct sarn__run *newest, *oldest; /* Of those whose state is folded. */
    size_t bytes, bytes_max;           /* Of their states, about. */
    struct sarn__runs places[SARN__PLACES];
    struct sarn__line line; /* READY; places has those that memory had no room for. */
    struct sarn__timers timers;
    struct sarn__admission *admission; /* NULL: nothing is limited. */
    struct sarn_arena *scratch;        /* Of one unit. */
    struct sarn_arena *loading;        /* Of one event while loading. */
    struct sarn__plan *plan;           /* Of one unit. */
    struct sarn__definition **definitions;
    uint32_t definition_count;
    uint32_t leaving_count;
    struct sarn__step_job *unwanted; /* Out, and no run's any more. */
    uint32_t jobs_out, jobs_max;
    uint32_t reserved;   /* Of all runs. */
    uint32_t last_tries; /* Appends that failed while the engine wound up. */
    uint64_t *later;     /* Stream numbers to be taken up after those. */
    uint32_t later_count, later_room;
    uint64_t recover_from; /* Stream number; 0: all are taken up. */
    struct sarn__due due;  /* The last of the sleepers that was woken. */
    uint64_t due_folded;   /* due_next_us was right when this was folded. */
    int64_t due_next_us;   /* When the one after it is due. */
};

/* --- orchestrator_run.c --- */

/* "<workflow>-<workflow_id>" */
struct sarn_str sarn__run_stream(const struct sarn__run *run);
struct sarn_str sarn__run_workflow(const struct sarn__run *run);
struct sarn_str sarn__run_workflow_id(const struct sarn__run *run);

/* run goes from where it is to the end of another list; or out of all. What it has
 * reserved, it has while it is gated. */
void sarn__run_move(struct sarn__orchestrator *orchestrator,
                    struct sarn__run *run,
                    enum sarn__where where);
/* The first of a list, taken out of it; NULL: it is empty. */
struct sarn__run *sarn__run_take_from(struct sarn__orchestrator *orchestrator,
                                      enum sarn__where where);

/* What its first event says: known also when its state is dropped. */
void sarn__run_set_priority(struct sarn__run *run, uint32_t priority);
/* Does anybody wait for the workers? */
bool sarn__runs_are_ready(const struct sarn__orchestrator *orchestrator);

struct sarn__run *sarn__run_find(const struct sarn__orchestrator *orchestrator,
                                 uint32_t tenant,
                                 struct sarn_str stream);
/* A run that is not loaded, in the map. Whoever loads it chooses its definition. NULL:
 * out of memory. */
struct sarn__run *sarn__run_create(struct sarn__orchestrator *orchestrator,
                                   uint32_t tenant,
                                   struct sarn_str stream,
                                   const struct sarn__definition *definition);
/* No job is out, and nobody waits. */
void sarn__run_destroy(struct sarn__orchestrator *orchestrator, struct sarn__run *run);

/* Give run an empty state, in an arena of its own. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__run_make_state(struct sarn__orchestrator *orchestrator,
                                               struct sarn__run *run);
/* Take its state from it: the caller's, to be destroyed with its arena. */
struct sarn__execution *sarn__run_take_state(struct sarn__orchestrator *orchestrator,
                                             struct sarn__run *run);
/* Its state is used: fold it if it is not there. SARN_ERR_STATE: not before what it
 * wrote is folded. SARN_ERR_NOT_FOUND: there is no such execution. */
SARN_MUST_USE sarn_status sarn__run_load(sarn_engine *engine,
                                         struct sarn__run *run,
                                         struct sarn_error *error);
void sarn__run_drop_state(struct sarn__orchestrator *orchestrator,
                          struct sarn__run *run);
/* Drop states down to the bound, sparing those that the store does not have. */
void sarn__runs_trim(sarn_engine *engine);
/* Let go of leaving runs that the store knows. */
void sarn__runs_reap(sarn_engine *engine);

/* Of workflow; NULL: out of memory. */
const struct sarn__definition *
sarn__run_definition(struct sarn__orchestrator *orchestrator,
                     const struct sarn_workflow *workflow);

/* --- orchestrator_time.c --- */

/* When the first sleeper is due that was not woken yet; INT64_MAX: none is. */
int64_t sarn__orchestrator_next_due(sarn_engine *engine);

/* --- orchestrator_unit.c --- */

/* A run that a unit has written to, besides its own. */
struct sarn__touched {
    struct sarn__touched *next;
    struct sarn__run *run;
    uint64_t last_position, last_version; /* Before. */
    bool begun;                           /* By the unit. */
};

/* A run on its way through one unit. */
struct sarn__unit {
    sarn_engine *engine;
    struct sarn__run *run;
    struct sarn_arena *arena; /* Of what is written. */
    struct sarn__plan *plan;  /* The latest. */
    struct sarn__mark mark;
    struct sarn__meta meta;
    uint32_t count;                       /* Events written to its own stream. */
    struct sarn__execution_event last;    /* The last of them. */
    uint64_t last_position, last_version; /* Of the run, before. */
    struct sarn__touched *touched;
    bool crowded; /* The run waits for a worker before it announces an attempt. */
};

/* run_id: what its events are caused by. */
void sarn__unit_begin(struct sarn__unit *unit,
                      sarn_engine *engine,
                      struct sarn__run *run,
                      struct sarn_uuid run_id);
/* Fold one event of run (loaded: the unit's own, or another) and write it.
 * SARN_ERR_CORRUPT: it cannot follow, and nothing has changed. */
SARN_MUST_USE sarn_status sarn__unit_record(struct sarn__unit *unit,
                                            struct sarn__run *run,
                                            const struct sarn__execution_event *event,
                                            struct sarn_error *error);
/* run is made for this unit: it goes when that is abandoned. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__unit_made(struct sarn__unit *unit,
                                          struct sarn__run *run);
/* What was written is complete: it is waited for, unless it may lag. */
void sarn__unit_end(struct sarn__unit *unit);
/* It failed: as if it had not been begun. */
void sarn__unit_abandon(struct sarn__unit *unit);

/* --- orchestrator_advance.c --- */

/* Do what run needs next and can have. Takes it from where it is. */
void sarn__run_advance(sarn_engine *engine, struct sarn__run *run);
/* The unit's run has got what was written: go on from there, and end the unit. On
 * failure nothing was written. */
SARN_MUST_USE sarn_status sarn__run_go_on(struct sarn__unit *unit,
                                          struct sarn_error *error);
/* Memory or disk ran out, as why says: try again in a while. If it does so again,
 * whoever waits is told. */
void sarn__run_postpone(sarn_engine *engine,
                        struct sarn__run *run,
                        const struct sarn_error *why);
/* Hand out what is ready, and let those go on that were called. true: more are left.
 */
bool sarn__runs_pump(sarn_engine *engine);

/* --- orchestrator_jobs.c --- */

/* Show the observer a call that was made. */
void sarn__run_observe(sarn_engine *engine,
                       const struct sarn__run *run,
                       const struct sarn_step_call *call);
/* Hand out what plan calls for and is not out. SARN_ERR_OVERLOADED: enough jobs are;
 * SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__run_launch(sarn_engine *engine,
                                           struct sarn__run *run,
                                           const struct sarn__plan *plan);
/* A job of run came back: its outcome is held until it is durable. */
void sarn__run_hold(struct sarn__run *run, struct sarn__step_job *job);
/* Settle what is held. */
SARN_MUST_USE sarn_status sarn__run_use_held(struct sarn__unit *unit,
                                             struct sarn_error *error);
/* What was recorded of it is durable, or may be lost. */
void sarn__run_forget_held(struct sarn__run *run);
/* Whatever is out or held is of no use any more. */
void sarn__run_drop_jobs(struct sarn__orchestrator *orchestrator,
                         struct sarn__run *run);
/* It was lost: it is to be recorded once more. */
void sarn__run_hold_again(struct sarn__run *run);
/* Jobs that have not given a sign of life for too long have timed out. */
SARN_MUST_USE sarn_status sarn__run_expire_silent(struct sarn__unit *unit,
                                                  struct sarn_error *error);
/* Attempts that nobody waits for any more are let go; all of them are told to stop
 * where plan winds up. */
void sarn__run_review_jobs(sarn_engine *engine,
                           struct sarn__run *run,
                           const struct sarn__plan *plan);
/* When a job of run is to be looked at next; INT64_MAX: when it comes back. */
int64_t sarn__run_next_look(const struct sarn__run *run, int64_t now_us);
/* The attempt of duty has run out of time, and no worker has begun it: it is taken back
 * and was not made. *taken false: one has, and nothing is recorded. */
SARN_MUST_USE sarn_status sarn__run_take_back(struct sarn__unit *unit,
                                              const struct sarn__duty *duty,
                                              bool *taken,
                                              struct sarn_error *error);
/* The engine winds up before attempts began, whose intents are durable: say so, or the
 * next open would have to ask. */
SARN_MUST_USE sarn_status sarn__run_withdraw(struct sarn__unit *unit,
                                             struct sarn_error *error);
/* Is a call of step's run out, of that visit? */
bool sarn__run_calls(const struct sarn__run *run,
                     const struct sarn_step *step,
                     uint32_t visit);
/* job leaves its run, or those that nobody wants. */
void sarn__job_unlink(struct sarn__orchestrator *orchestrator,
                      struct sarn__step_job *job);

/* --- orchestrator_admit.c --- */

/* The gates of the engine's limits. SARN_ERR_INVALID: one makes no sense, or names what
 * is not registered. */
SARN_MUST_USE sarn_status sarn__admit_create(sarn_engine *engine,
                                             struct sarn_error *error);
/* run was folded: is it inside? */
void sarn__admit_loaded(sarn_engine *engine, struct sarn__run *run);
/* May the unit's run begin? false: it waits. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__admit_run(struct sarn__unit *unit,
                                          bool *admitted,
                                          struct sarn_error *error);
/* May the attempt of duty (INTEND or CALL) begin? false: it waits. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__admit_attempt(sarn_engine *engine,
                                              struct sarn__run *run,
                                              const struct sarn__duty *duty,
                                              bool *admitted,
                                              struct sarn_error *error);
/* The attempts of run that wait, for sarn__plan_held(). */
struct sarn__hold *sarn__admit_holds(struct sarn__run *run);
/* After plan, the last one of a unit: what has ended leaves, what is not wanted any
 * more does not wait. */
void sarn__admit_review(struct sarn__orchestrator *orchestrator,
                        struct sarn__run *run,
                        const struct sarn__plan *plan);
/* run goes, as if it had never come. */
void sarn__admit_drop(struct sarn__orchestrator *orchestrator, struct sarn__run *run);
/* Let those pass who may now: their turn comes with the next pump. */
void sarn__admit_pass(sarn_engine *engine);
/* When a rate lets the next one pass; INT64_MAX: somebody has to leave first. */
int64_t sarn__admit_due_us(sarn_engine *engine);

/* --- orchestrator_children.c --- */

/* A child step begins: begin its child, too. outcome: its stream and run, or why it
 * fails. call: its run's, made; NULL: it has none. */
SARN_MUST_USE sarn_status sarn__child_begin(struct sarn__unit *unit,
                                            const struct sarn__duty *duty,
                                            const struct sarn_step_call *call,
                                            struct sarn__outcome *outcome,
                                            struct sarn_error *error);
/* Ask the child of duty's visit to undo itself. *nothing: there is nothing to wait for.
 */
SARN_MUST_USE sarn_status sarn__child_undo(struct sarn__unit *unit,
                                           const struct sarn__duty *duty,
                                           bool *nothing,
                                           struct sarn_error *error);
/* Nobody waits for the child of visit any more: it is told what its step declares. */
SARN_MUST_USE sarn_status sarn__child_leave(struct sarn__unit *unit,
                                            const struct sarn__step *visit,
                                            struct sarn_error *error);
/* The same for all that the unit's run waits for. */
SARN_MUST_USE sarn_status sarn__children_leave(struct sarn__unit *unit,
                                               struct sarn_error *error);
/* The unit's run has ended: tell the parent, if it waits for it. */
SARN_MUST_USE sarn_status sarn__child_ended(struct sarn__unit *unit,
                                            struct sarn_error *error);

/* --- orchestrator_continue.c --- */

/* The run of an execution ends, and a new one begins, in the same stream. */
SARN_MUST_USE sarn_status sarn__run_continue(struct sarn__unit *unit,
                                             const struct sarn__duty *duty,
                                             struct sarn_error *error);

/* --- orchestrator_start.c --- */

/* What the first event of a run says besides its definition. */
struct sarn__birth {
    struct sarn__beginning beginning; /* run_id zero: a new one. */
    const struct sarn__attribute *attributes;
    uint32_t attribute_count;
    uint32_t replaces; /* Status of the run before; 0: it is the first of its id. */
    struct sarn_str actor, origin;
};
/* now_us + timeout_us; 0: no timeout. */
int64_t sarn__run_deadline_us(int64_t now_us, int64_t timeout_us);
SARN_MUST_USE sarn_status sarn__run_hash_input(sarn_engine *engine,
                                               struct sarn_str input,
                                               uint8_t hash[SARN__INPUT_HASH_BYTES]);
/* Write the first event of run, whose state is empty. */
SARN_MUST_USE sarn_status sarn__run_write_start(struct sarn__unit *unit,
                                                struct sarn__run *run,
                                                const struct sarn__birth *birth,
                                                struct sarn_error *error);

/* A run that nobody asks for, but a schedule. */
struct sarn__new_run {
    const struct sarn_workflow *workflow; /* Registered. */
    struct sarn_str workflow_id, input, schedule;
    struct sarn_uuid correlation_id;
    uint32_t tenant;
};
/* Begin it, in a unit of its own, and let it go on. SARN_ERR_EXISTS: one of that id is
 * under way, or parked. SARN_ERR_STATE: one has ended and is not durable, or not
 * folded: later. On failure nothing was written. */
SARN_MUST_USE sarn_status sarn__orchestrator_begin(sarn_engine *engine,
                                                   const struct sarn__new_run *wanted,
                                                   struct sarn_error *error);

/* --- orchestrator_tell.c --- */

/* The run of stream, with its state: from memory, or from the log. *run NULL: there is
 * no execution. SARN_ERR_STATE: not before what it wrote is folded. What was loaded is
 * let go again by the next turn if nothing is told to it. */
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

/* Why a request waits for a run (its member waiting). */
enum sarn__waits {
    SARN__WAITS_FIRST,     /* It has begun it. */
    SARN__WAITS_JOINED,    /* It is not the first. */
    SARN__WAITS_TO_REPLACE /* To begin a new run when this one has ended. */
};
void sarn__run_wait(struct sarn__run *run, struct sarn__request *request);
/* request waits no more: it is the caller's. */
void sarn__run_unwait(struct sarn__run *run, const struct sarn__request *request);
/* What is durable of run may be told: its start, and its end. */
void sarn__run_answer(sarn_engine *engine, struct sarn__run *run);
/* Everybody who waits for run gets error; NULL: only the status. */
void sarn__run_answer_error(sarn_engine *engine,
                            struct sarn__run *run,
                            sarn_status status,
                            const struct sarn_error *error);

#endif
