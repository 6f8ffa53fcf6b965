/* schedules_state.h - what schedules are made of, for their files.
 *
 *   schedules.c          in memory: found, made, loaded, called
 *   schedule_turn.c      one turn of one: fire, stop others, sleep
 *   schedule_change.c    the request's turn: put, pause, trigger, ...
 *   request_schedule.c   the request, checked and copied on the caller's thread
 *   schedule_input.c     its workflow's input, where nobody's code knows that
 *   schedule_log.c       events to and from the log
 *   schedule_list.c      all of them, for a person to read
 */
#ifndef SARN_ENGINE_SCHEDULES_STATE_H
#define SARN_ENGINE_SCHEDULES_STATE_H

#include "core/schedule_plan.h"
#include "core/timers.h"
#include "engine/schedules.h"

#define SARN__SCHEDULE_FIRES_MAX   64u              /* Of one schedule, in one turn. */
#define SARN__SCHEDULE_AGAIN_US    INT64_C(1000000) /* After memory or disk ran out. */
#define SARN__SCHEDULES_LOADED_MAX 1000u /* States kept of those that sleep. */
#define SARN__SCHEDULE_FOLD_MAX    1000u /* Events, then it is told anew as it stands. */

/* A schedule in memory. */
struct sarn__held_schedule {
    struct sarn__map_node node; /* Key: tenant and stream name, after the struct. */
    struct sarn__held_schedule *next; /* Of those called. */
    struct sarn_arena *arena;         /* NULL: to be folded when it is needed. */
    struct sarn__schedule schedule;
    struct sarn__zone zone;
    struct sarn__timer timer; /* The store's may have gone by before it knew of it. */
    uint64_t next_version;    /* Folded up to it. */
    uint64_t last_position;
    uint64_t set_version; /* Of its latest SET: a fold begins there. */
    uint32_t tenant;
    bool called;
    bool outgrown; /* It was set anew: folded again, it is smaller. */
    bool zoned;    /* zone is of schedule's spec. */
};

struct sarn__schedules {
    struct sarn__map map;
    struct sarn__timers timers;
    struct sarn__held_schedule *called_first, *called_last;
    struct sarn_arena *scratch; /* Of one event, of one plan. */
    struct sarn__schedule_plan plan;
    uint32_t loaded;  /* Have a state. */
    int64_t again_us; /* No turn before; 0: any time. */
};

/* "sarn_schedule-<id>" */
struct sarn_str sarn__held_stream(const struct sarn__held_schedule *held);
/* The one of stream, in memory; *held is not folded if it is new. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__held_find(sarn_engine *engine,
                                          uint32_t tenant,
                                          struct sarn_str stream,
                                          struct sarn__held_schedule **held,
                                          struct sarn_error *error);
/* Its state is used: fold what was written since, in flight included. */
SARN_MUST_USE sarn_status sarn__held_load(sarn_engine *engine,
                                          struct sarn__held_schedule *held,
                                          struct sarn_error *error);
void sarn__held_drop_state(struct sarn__schedules *schedules,
                           struct sarn__held_schedule *held);
/* The turn after this one looks at it. */
void sarn__held_call(struct sarn__schedules *schedules,
                     struct sarn__held_schedule *held);
/* The zone of its spec. */
SARN_MUST_USE sarn_status sarn__held_zone(sarn_engine *engine,
                                          struct sarn__held_schedule *held,
                                          struct sarn_error *error);
/* event was written: fold it. Without memory for that the state is dropped. */
void sarn__held_fold(sarn_engine *engine,
                     struct sarn__held_schedule *held,
                     const struct sarn__schedule_event *event,
                     const struct sarn__written *written);
/* Write event and fold it. On failure nothing was written. */
SARN_MUST_USE sarn_status sarn__held_record(sarn_engine *engine,
                                            struct sarn__held_schedule *held,
                                            const struct sarn__meta *meta,
                                            const struct sarn__schedule_event *event,
                                            struct sarn__written *written,
                                            struct sarn_error *error);

/* --- schedule_input.c --- */

/* The workflow of request's schedule, to be put, is not registered: read its input by
 * what the log knows. SARN_ERR_NOT_FOUND: nothing. SARN_ERR_SCHEMA: it does not fit. */
SARN_MUST_USE sarn_status sarn__schedule_input(sarn_engine *engine,
                                               struct sarn__request *request,
                                               struct sarn_error *error);

/* --- schedule_turn.c --- */

/* Do what there is to do, and say until when it sleeps. *more: it was too much for one
 * turn. SARN_ERR_STATE: not before what is in flight is folded. */
SARN_MUST_USE sarn_status sarn__schedule_advance(sarn_engine *engine,
                                                 struct sarn__held_schedule *held,
                                                 bool *more,
                                                 struct sarn_error *error);

#endif
