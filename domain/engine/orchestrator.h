/* orchestrator.h - executions: what core/execution.h plans, carried out.
 *
 * Starts, results and due retries come in; events go to the open batch and jobs to the
 * host. Nothing external starts before what it rests on is durable (sarn/workflow.h).
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_ORCHESTRATOR_H
#define SARN_ENGINE_ORCHESTRATOR_H

#include "engine/engine.h"

/* Sets engine->orchestrator. */
SARN_MUST_USE sarn_status sarn__orchestrator_create(sarn_engine *engine,
                                                    struct sarn_error *error);
/* Also where create failed or was never called. Requests that still wait for executions
 * are answered SARN_ERR_CLOSED. */
void sarn__orchestrator_destroy(sarn_engine *engine);

/* A start request, from the queue: start, join, or answer how it ended. */
void sarn__orchestrator_start(sarn_engine *engine, struct sarn__request *request);
/* A step's job came back. */
void sarn__orchestrator_finish(sarn_engine *engine, struct sarn__job *job);
/* Everything up to engine->durable is durable: start the attempts that this released,
 * answer those who wait for executions that ended. */
void sarn__orchestrator_durable(sarn_engine *engine);
/* What was not durable has been forgotten. Results of steps that came back are kept,
 * and recorded by a later turn. */
void sarn__orchestrator_append_failed(sarn_engine *engine);
/* Do what is due: retries, results to be recorded again. */
void sarn__orchestrator_wake(sarn_engine *engine);
/* When wake is next wanted; INT64_MAX: not. */
int64_t sarn__orchestrator_next_wake(const sarn_engine *engine);
/* Take up executions that were running when the log was last closed, at most limit.
 * false: there are no more. */
bool sarn__orchestrator_recover(sarn_engine *engine, uint32_t limit);
/* Steps that are out with the host. */
uint32_t sarn__orchestrator_running(const sarn_engine *engine);
/* Executions that are neither ended nor parked, as far as they have been taken up. */
uint64_t sarn__orchestrator_executions(const sarn_engine *engine);
/* As sarn_execution_get(); everything durable has been folded. */
SARN_MUST_USE sarn_status sarn__orchestrator_execution(sarn_engine *engine,
                                                       uint32_t tenant,
                                                       struct sarn_str workflow,
                                                       struct sarn_str workflow_id,
                                                       struct sarn_arena *arena,
                                                       struct sarn_execution_info *info,
                                                       struct sarn_error *error);

#endif
