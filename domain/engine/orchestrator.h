/* orchestrator.h - executions under way: what the engine's turn calls.
 *
 * An execution that runs, or ended a moment ago, has a struct sarn__run in memory; one
 * that only waits, for long or to be told something, sleeps in the log. The state of a
 * run (core/execution.h) lies in a bounded cache and is folded again from its stream
 * when it is needed. Everything that a run needs at once is one unit of the writer: all
 * of it is in one append, or none. What an external step rests on is durable before
 * the step is handed to the host (core/plan.h names the one exception).
 *
 * Threads: the dispatch thread, but for the work of its jobs.
 */
#ifndef SARN_ENGINE_ORCHESTRATOR_H
#define SARN_ENGINE_ORCHESTRATOR_H

#include "engine/engine.h"

/* engine->orchestrator, over everything else of the engine. */
SARN_MUST_USE sarn_status sarn__orchestrator_create(sarn_engine *engine,
                                                    struct sarn_error *error);
/* The projections are there: count what limits are about (sarn.h, struct sarn_limit).
 */
SARN_MUST_USE sarn_status sarn__orchestrator_count(sarn_engine *engine,
                                                   struct sarn_error *error);
/* No job is with the host. Who still waits is answered SARN_ERR_CLOSED. Works
 * half-made, too. */
void sarn__orchestrator_destroy(sarn_engine *engine);

/* --- the engine's turn --- */

/* Start an execution or join one. Takes the request over and answers it: when the start
 * is durable (SARN_START_DETACHED), or how the execution ended, when that is. */
void sarn__orchestrator_start(sarn_engine *engine, struct sarn__request *request);
/* A job of kind SARN__JOB_STEP came back. */
void sarn__orchestrator_finish(sarn_engine *engine, struct sarn__job *job);
/* engine->durable has moved: hand out the steps that waited for it, answer who did. */
void sarn__orchestrator_durable(sarn_engine *engine);
/* What is not durable was forgotten (engine->commit_job says why). Executions begin
 * again from what is; the outcome of a step that was made stays known and is recorded
 * anew. */
void sarn__orchestrator_append_failed(sarn_engine *engine);
/* The engine has halted (engine->stopped), and why: whoever waits is told, and nothing
 * begins. An append may still be out. */
void sarn__orchestrator_halted(sarn_engine *engine, const struct sarn_error *why);
/* Do what is due, as much as one turn should. true: more is. */
bool sarn__orchestrator_wake(sarn_engine *engine);
/* When that is next; INT64_MAX: nothing is. */
int64_t sarn__orchestrator_next_wake(sarn_engine *engine);
/* Take up at most limit executions that an earlier process left. true: more are left.
 */
bool sarn__orchestrator_recover(sarn_engine *engine, uint32_t limit);
/* Have a stream taken up at the end of that, asleep or not. */
SARN_MUST_USE sarn_status sarn__orchestrator_take_up_later(sarn_engine *engine,
                                                           uint64_t number,
                                                           struct sarn_error *error);
/* The engine winds up: what was about to begin does not, and the log says so. */
void sarn__orchestrator_stop(sarn_engine *engine);

/* --- questions --- */

/* Jobs that are out. */
uint32_t sarn__orchestrator_running(const sarn_engine *engine);
/* Executions in memory that have not ended. */
uint64_t sarn__orchestrator_executions(const sarn_engine *engine);
/* From what is folded. SARN_ERR_NOT_FOUND: no such execution. */
SARN_MUST_USE sarn_status sarn__orchestrator_execution(sarn_engine *engine,
                                                       uint32_t tenant,
                                                       struct sarn_str workflow,
                                                       struct sarn_str workflow_id,
                                                       struct sarn_arena *arena,
                                                       struct sarn_execution_info *info,
                                                       struct sarn_error *error);

#endif
