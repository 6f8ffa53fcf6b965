/* schedules.h - schedules carried out: what the engine's turn calls.
 *
 * A schedule that was looked at stays in memory as it stood then, and folds what was
 * written since when it is looked at again. It is looked at when it is told something,
 * when a run of it ends, and when it is due: for that it sleeps in the log, as an
 * execution does (store.h). One of a workflow that nobody registered is left alone:
 * another program may know it.
 *
 * Threads: the dispatch thread, but for what says otherwise.
 */
#ifndef SARN_ENGINE_SCHEDULES_H
#define SARN_ENGINE_SCHEDULES_H

#include "engine/schedule_log.h"
#include "engine/state.h"

struct sarn__schedules;

/* engine->schedules, over everything else of the engine. */
SARN_MUST_USE sarn_status sarn__schedules_create(sarn_engine *engine,
                                                 struct sarn_error *error);
/* Works half-made, too. */
void sarn__schedules_destroy(sarn_engine *engine);

/* --- the engine's turn --- */

/* A request to put or alter one. Takes it over and answers it. */
void sarn__schedules_request(sarn_engine *engine, struct sarn__request *request);
/* stream, a schedule's, has news, or is due: it is looked at with the next turn.
 * SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__schedules_call(sarn_engine *engine,
                                               uint32_t tenant,
                                               struct sarn_str stream,
                                               struct sarn_error *error);
/* A run that schedule started has ended: write it to the schedule's stream, in the unit
 * that meta is of. */
SARN_MUST_USE sarn_status sarn__schedules_ended(sarn_engine *engine,
                                                const struct sarn__meta *meta,
                                                struct sarn_str schedule,
                                                struct sarn_str workflow_id,
                                                uint32_t status,
                                                struct sarn_error *error);
/* Look at those that were called. true: more are left. */
bool sarn__schedules_turn(sarn_engine *engine);
/* What is not durable was forgotten. */
void sarn__schedules_append_failed(sarn_engine *engine);
/* When one in memory is due, or a turn that failed is tried again; INT64_MAX: neither.
 */
int64_t sarn__schedules_next_wake(const sarn_engine *engine);

/* --- zones --- */

/* The zone called name (empty: UTC), in arena. SARN_ERR_NOT_FOUND and others: says what
 * to do. [any thread] */
SARN_MUST_USE sarn_status sarn__zone_load(const struct sarn_ports *ports,
                                          struct sarn_str name,
                                          struct sarn_arena *arena,
                                          struct sarn__zone *zone,
                                          struct sarn_error *error);

#endif
