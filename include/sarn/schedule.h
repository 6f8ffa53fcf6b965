/* schedule.h - executions started by time: cron expressions and intervals.
 *
 * A schedule is recorded in the stream "sarn_schedule-<id>": what it is, each run that
 * it started or passed over and why, who paused it. It goes on after a restart; runs
 * that were due meanwhile are made up for within catch_up_us.
 *
 * Cron: five fields (minute, hour, day of month, month, day of week) with *, lists,
 * ranges, steps and names, or @hourly, @daily, @weekly, @monthly, @yearly; a run when
 * both days match, or either if both are restricted (as crontab(5) has it). In a time
 * zone: a time that daylight saving skips is run at the end of the gap; one that comes
 * twice is run once, the first time.
 *
 * Threads: [any thread], waiting for durability; refused on the dispatch thread with
 *          SARN_ERR_REENTRANT.
 */
#ifndef SARN_SCHEDULE_H
#define SARN_SCHEDULE_H

#include "sarn/control.h"

#ifdef __cplusplus
extern "C" {
#endif

enum sarn_overlap { /* A run is due while one of this schedule is under way: */
                    SARN_OVERLAP_SKIP,
                    SARN_OVERLAP_BUFFER_ONE, /* One waits for its end; more are passed
                                                over. */
                    SARN_OVERLAP_BUFFER_ALL, /* All wait, in order. */
                    SARN_OVERLAP_CANCEL, /* The other is cancelled; then it starts. */
                    SARN_OVERLAP_TERMINATE,
                    SARN_OVERLAP_ALLOW /* They run side by side. */
};

enum sarn_schedule_outcome {
    SARN_SCHEDULE_STARTED = 1,
    SARN_SCHEDULE_BUFFERED,
    SARN_SCHEDULE_OVERLAPPED, /* Passed over: one was under way. */
    SARN_SCHEDULE_MISSED,     /* Passed over: later than catch_up_us. */
    SARN_SCHEDULE_REFUSED     /* Passed over: it could not be begun, says why. */
};

struct sarn_schedule {
    uint32_t struct_size;
    uint32_t tenant;
    struct sarn_str id;
    const char *workflow;
    const void *input; /* A struct of the workflow's input type, or NULL. */
    /* When: a cron expression, or an interval. */
    const char *cron;
    const char *zone;    /* IANA name, such as "Europe/Prague"; NULL: UTC. */
    int64_t interval_us; /* At multiples of it since 1970, plus offset_us: both whole
                            seconds. */
    int64_t offset_us;
    int64_t from_us, to_us; /* No run before, or after; 0: open. */
    uint32_t limit;         /* Runs by time at most; 0: any number. */
    uint32_t overlap;       /* enum sarn_overlap */
    int64_t catch_up_us;    /* How late a run may still start; 0: a minute. */
    int64_t jitter_us;      /* Each run by time starts up to this much later, by chance,
                               but before the next is due. */
    bool paused;
    struct sarn_str actor, reason;
};
#define SARN_SCHEDULE_INIT                                                             \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_schedule)                                    \
    }

/* Make the schedule, or replace it: what was started goes on, what waits to be started
 * is forgotten, and times count from now on. Set again as it is, nothing changes, not
 * even who has paused it. Runs have the workflow ids "<id>-<nominal time as
 * 2026-11-21T14:00:00Z>"; a triggered one has the time of its trigger, to the
 * microsecond. SARN_ERR_INVALID: the expression: says where; SARN_ERR_NOT_FOUND: the
 * workflow, the zone. */
SARN_API SARN_MUST_USE sarn_status
sarn_schedule_put(sarn_engine *engine,
                  const struct sarn_schedule *schedule,
                  struct sarn_error *error);

enum sarn_schedule_op {
    SARN_SCHEDULE_PAUSE = 1,
    SARN_SCHEDULE_RESUME,
    SARN_SCHEDULE_TRIGGER,  /* A run now. */
    SARN_SCHEDULE_BACKFILL, /* The runs of from_us..to_us, as if they were due now. */
    SARN_SCHEDULE_DELETE    /* What was started goes on. */
};

struct sarn_schedule_change {
    uint32_t struct_size;
    uint32_t op; /* enum sarn_schedule_op */
    uint32_t tenant;
    uint32_t overlap; /* BACKFILL: enum sarn_overlap */
    struct sarn_str id;
    int64_t from_us, to_us; /* BACKFILL */
    struct sarn_str actor, reason;
};
#define SARN_SCHEDULE_CHANGE_INIT                                                      \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_schedule_change)                             \
    }

/* SARN_ERR_NOT_FOUND: no such schedule. SARN_ERR_STATE: it is so already. */
SARN_API SARN_MUST_USE sarn_status
sarn_schedule_alter(sarn_engine *engine,
                    const struct sarn_schedule_change *change,
                    struct sarn_error *error);

/* The same on the log at path, from outside of the program that owns it, as
 * sarn_control_at(): through the control socket of its live owner, or by owning the log
 * for a moment. json: the schedule's input, whose member input is not looked at; empty:
 * none. SARN_ERR_BUSY: there is an owner without a control socket. */
SARN_API SARN_MUST_USE sarn_status
sarn_schedule_put_at(const char *path,
                     const struct sarn_schedule *schedule,
                     struct sarn_str json,
                     struct sarn_error *error);
SARN_API SARN_MUST_USE sarn_status
sarn_schedule_alter_at(const char *path,
                       const struct sarn_schedule_change *change,
                       struct sarn_error *error);

/* How one stands; from a log alone, without module code. Dies with the call. */
struct sarn_schedule_info {
    uint32_t tenant;
    uint32_t overlap;
    struct sarn_str id;
    struct sarn_str workflow, cron, zone;
    int64_t interval_us;
    int64_t next_us; /* The next nominal time; 0: none. */
    int64_t last_us; /* Of the last that was due; 0: none. */
    uint64_t started, passed_over;
    uint32_t running, buffered;
    bool paused;
};
typedef sarn_status sarn_schedule_fn(void *arg, const struct sarn_schedule_info *info);
SARN_API SARN_MUST_USE sarn_status sarn_schedules(sarn_log *log,
                                                  sarn_schedule_fn *handler,
                                                  void *arg,
                                                  struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
