/* schedule_plan.h - what a schedule is to do next: a pure function of it, its zone and
 * the time.
 *
 * Whoever carries it out plans, records the event that the plan names (and starts the
 * run that it stands for, in the same commit), folds it, and plans again, until there
 * is nothing to do but to sleep.
 *
 * Jitter is drawn from the schedule's id and the time that it stands for: no chance
 * needs to be recorded, a restart changes nothing, and schedules of one time still go
 * off apart.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_SCHEDULE_PLAN_H
#define SARN_CORE_SCHEDULE_PLAN_H

#include "core/schedule.h"

/* Times of a cron expression that one event passes over at most. */
#define SARN__SCHEDULE_PASS_MAX 1000u

struct sarn__schedule_plan {
    bool fires;      /* Record event. */
    bool cancels;    /* It has been buffered, and those under way are to be cancelled */
    bool terminates; /* or terminated. */
    struct sarn__schedule_event event; /* FIRED */
    int64_t wake_us; /* Does not fire: plan again then; INT64_MAX: when it is told. */
    char workflow_id[SARN__SCHEDULE_RUN_ID_BYTES]; /* event.workflow_id */
};

/* What schedule needs at now_us. zone NULL: it cannot be had; then no time comes, and
 * only triggers and what waits are left. plan stays in place: its event points into it.
 */
void sarn__schedule_plan(const struct sarn__schedule *schedule,
                         const struct sarn__zone *zone,
                         int64_t now_us,
                         struct sarn__schedule_plan *plan);

/* The run of plan (it fires, and has STARTED) cannot be begun: it is passed over as
 * outcome, OVERLAPPED or REFUSED; text, which may be empty, lives as long as plan. */
void sarn__schedule_pass_over(struct sarn__schedule_plan *plan,
                              uint32_t outcome,
                              struct sarn_str text);

/* The first time after after_us that spec names, whatever its from_us and to_us;
 * false: none that can be told. */
bool sarn__schedule_time(const struct sarn__schedule *schedule,
                         const struct sarn__zone *zone,
                         int64_t after_us,
                         int64_t *nominal_us);

/* The next nominal time by time; 0: none, since it is deleted, paused, past its to_us
 * or its limit. */
int64_t sarn__schedule_next(const struct sarn__schedule *schedule,
                            const struct sarn__zone *zone);

#endif
