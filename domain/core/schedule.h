/* schedule.h - a schedule, folded from its events, and what may be asked of it.
 *
 *   by time ---+
 *   trigger ---+--> due --+--> started --(run ended)--> over
 *   backfill --+          +--> buffered --> started
 *                         +--> passed over: overlapped, missed, refused
 *
 * schedule_plan.h says what is due. Which runs are under way is known by the times that
 * they stand for (their nominal times), since these make their workflow ids.
 *
 * Ownership: everything is in the arena given at init; event's bytes are copied. What a
 *            new SET replaces stays in the arena.
 * Threads:   one at a time per schedule.
 */
#ifndef SARN_CORE_SCHEDULE_H
#define SARN_CORE_SCHEDULE_H

#include "core/civil.h"
#include "core/cron.h"
#include "core/zone.h"
#include "sarn/schedule.h"

/* Of one schedule: */
#define SARN__SCHEDULE_RUNS_MAX      1000u /* Under way. */
#define SARN__SCHEDULE_BUFFER_MAX    1000u
#define SARN__SCHEDULE_TRIGGERS_MAX  100u /* Not carried out yet. */
#define SARN__SCHEDULE_BACKFILLS_MAX 16u

/* "<workflow>-<id>-<time>" is a stream. */
#define SARN__SCHEDULE_ID_BYTES_MAX                                                    \
    (SARN_STREAM_NAME_BYTES_MAX - SARN__TIME_TEXT_BYTES - 2u)

#define SARN__SCHEDULE_INTERVAL_MIN_US                                                 \
    SARN__SECOND_US /* What ids are told apart by.                                     \
                     */
#define SARN__SCHEDULE_CATCH_UP_US (60 * SARN__SECOND_US)

/* --- events: schemas/sarn.fbs says the same to the log --- */

enum sarn__schedule_fact {
    SARN__SCHEDULE_SET = 1,
    SARN__SCHEDULE_PAUSED,
    SARN__SCHEDULE_RESUMED,
    SARN__SCHEDULE_TRIGGERED,
    SARN__SCHEDULE_BACKFILLED,
    SARN__SCHEDULE_DELETED,
    SARN__SCHEDULE_FIRED,
    SARN__SCHEDULE_RUN_ENDED,
    SARN__SCHEDULE_SLEPT
};

enum sarn__schedule_cause {
    SARN__SCHEDULE_BY_TIME,
    SARN__SCHEDULE_BY_TRIGGER,
    SARN__SCHEDULE_BY_BACKFILL
};

/* What a schedule is. */
struct sarn__schedule_spec {
    struct sarn_str workflow;
    struct sarn_str input; /* Encoded; {NULL, 0}: none. */
    struct sarn_str cron, zone;
    int64_t interval_us, offset_us;
    int64_t from_us, to_us; /* 0: open. */
    int64_t catch_up_us, jitter_us;
    uint32_t limit; /* 0: none. */
    uint32_t overlap;
    bool paused;
};

/* Items of a list, in somebody else's memory. */
struct sarn__schedule_span {
    const void *items;
    uint32_t count;
};

/* How a schedule stands, told with its SET: what came before need not be folded. */
struct sarn__schedule_standing {
    int64_t settled_us, last_us, last_trigger_us;
    uint64_t started, passed_over;
    uint32_t by_time;
    bool paused;
    struct sarn__schedule_span runs, triggers; /* int64_t */
    struct sarn__schedule_span waits;          /* struct sarn__schedule_waiting */
    struct sarn__schedule_span backfills;      /* struct sarn__schedule_backfill */
};

/* One event; members that its kind does not have are zero. */
struct sarn__schedule_event {
    enum sarn__schedule_fact kind;
    int64_t time_us;                                /* When it was recorded. */
    struct sarn__schedule_spec spec;                /* SET */
    bool told_anew;                                 /* SET: nothing changes. */
    const struct sarn__schedule_standing *standing; /* SET; NULL: what was folded. */
    /* FIRED: */
    uint32_t cause;             /* enum sarn__schedule_cause */
    uint32_t outcome;           /* enum sarn_schedule_outcome */
    int64_t nominal_us, due_us; /* due: with jitter. */
    int64_t first_us;           /* Of several times passed over at once, the last */
    uint32_t count;             /* being nominal_us; 0: one. */
    bool waited;                /* It had been buffered. */
    bool last;                  /* Of its backfill. */
    struct sarn_str workflow_id;
    struct sarn_str text; /* REFUSED: why. */
    /* RUN_ENDED: workflow_id, and */
    uint32_t status; /* enum sarn_execution_status */
    /* BACKFILLED; SLEPT: to_us. */
    int64_t from_us, to_us;
    uint32_t overlap;
    struct sarn_str reason;
};

/* --- state --- */

/* A time that has come and waits for a run's end. */
struct sarn__schedule_waiting {
    int64_t nominal_us;
    uint32_t cause;
};

struct sarn__schedule_backfill {
    int64_t settled_us; /* Times through here are dealt with. */
    int64_t to_us;
    uint32_t overlap;
};

/* A list in an arena; grows by doubling up to a limit. */
struct sarn__schedule_list {
    void *items;
    uint32_t count, capacity;
};

struct sarn__schedule {
    struct sarn_arena *arena;
    struct sarn_str id;
    bool exists; /* Set, and not deleted since. */
    bool paused;
    struct sarn__schedule_spec spec;
    struct sarn__cron cron;              /* Of spec.cron. */
    int64_t settled_us;                  /* Times through here are dealt with. */
    int64_t last_us;                     /* The last that was due by time; 0: none. */
    uint64_t started, passed_over;       /* Ever. */
    uint32_t by_time;                    /* Started or buffered so, since it was set. */
    int64_t last_trigger_us;             /* So that each has a time of its own. */
    bool awake;                          /* Something has happened since it slept. */
    int64_t slept_us;                    /* Until when; INT64_MAX: until it is told. */
    struct sarn__schedule_list runs;     /* int64_t: nominal times. */
    struct sarn__schedule_list waits;    /* struct sarn__schedule_waiting */
    struct sarn__schedule_list triggers; /* int64_t: their times. */
    struct sarn__schedule_list backfills; /* struct sarn__schedule_backfill */
};

/* A schedule before its first event; id is copied. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__schedule_init(struct sarn__schedule *schedule,
                                              struct sarn_str id,
                                              struct sarn_arena *arena);

/* Fold one event. SARN_ERR_CORRUPT: it cannot follow: says why; SARN_ERR_NOMEM. Both
 * leave schedule as it was. */
SARN_MUST_USE sarn_status sarn__schedule_apply(struct sarn__schedule *schedule,
                                               const struct sarn__schedule_event *event,
                                               struct sarn_error *error);

/* A view of how it stands. */
struct sarn__schedule_standing
sarn__schedule_stand(const struct sarn__schedule *schedule);

#define SARN__SCHEDULE_RUN_ID_BYTES (SARN_KEY_BYTES_MAX + SARN__TIME_TEXT_BYTES)
/* "<id>-<nominal time>", the workflow id of a run, in text. */
struct sarn_str sarn__schedule_run_id(struct sarn_str id,
                                      int64_t nominal_us,
                                      char text[SARN__SCHEDULE_RUN_ID_BYTES]);

/* --- what may be asked of it: the event that follows --- */

/* Check a schedule to be, but for workflow, input and whether its zone is there; what
 * has a default gets it. id: its workflow ids must find room. SARN_ERR_INVALID: says
 * what, and where in the expression. */
SARN_MUST_USE sarn_status sarn__schedule_check(struct sarn_str id,
                                               struct sarn__schedule_spec *spec,
                                               struct sarn_error *error);

/* Was schedule last set as spec, which was checked? Then setting it again changes
 * nothing. */
bool sarn__schedule_is_set_so(const struct sarn__schedule *schedule,
                              const struct sarn__schedule_spec *spec);

/* Decide about change. zone is of schedule's spec; NULL will do unless it is a
 * backfill. SARN_ERR_NOT_FOUND: there is no such schedule; SARN_ERR_STATE: it is so
 * already; SARN_ERR_INVALID: the range; SARN_ERR_OVERLOADED: a limit. */
SARN_MUST_USE sarn_status
sarn__schedule_decide(const struct sarn__schedule *schedule,
                      const struct sarn_schedule_change *change,
                      const struct sarn__zone *zone,
                      int64_t now_us,
                      struct sarn__schedule_event *event,
                      struct sarn_error *error);

#endif
