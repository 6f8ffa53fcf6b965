/* execution.h - executions as they are read: search, counts, history, what an undo
 * would do. All from the log alone: no module code is needed.
 *
 * Threads and durability: as in log.h.
 */
#ifndef SARN_EXECUTION_H
#define SARN_EXECUTION_H

#include "sarn/log.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Part of the log: appended to, never renumbered. */
enum sarn_execution_status {
    SARN_EXECUTION_RUNNING = 1,
    SARN_EXECUTION_COMPENSATING,
    SARN_EXECUTION_COMPLETED,
    SARN_EXECUTION_COMPENSATED, /* After a failure. */
    SARN_EXECUTION_PARKED,
    SARN_EXECUTION_CANCELLED, /* This and the next two: compensated, too. */
    SARN_EXECUTION_TERMINATED,
    SARN_EXECUTION_TIMED_OUT,
    SARN_EXECUTION_CONTINUED, /* As a new run. */
    SARN_EXECUTION_UNDONE     /* Had completed; undone with its parent. */
};

/* "running", "timed out", ...; static storage. [any thread] */
SARN_API const char *sarn_execution_status_text(uint32_t status);

/* A search attribute: SARN_ATTRIBUTE_BYTES_MAX each. */
struct sarn_attribute {
    struct sarn_str name, value;
};

/* --- search --- */

/* Which executions; zero or empty members do not restrict. */
struct sarn_execution_filter {
    uint32_t struct_size;
    uint32_t flags; /* SARN_READ_BACKWARD: the latest first. */
    struct sarn_str workflow;
    uint32_t status; /* enum sarn_execution_status */
    uint32_t tenant;
    int64_t from_us, to_us; /* When they were started, both included. */
    const struct sarn_attribute *attributes; /* All of them match. */
    uint32_t attribute_count;
    uint32_t reserved;
    uint64_t limit;
};
#define SARN_EXECUTION_FILTER_INIT                                                     \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_execution_filter)                            \
    }

/* One execution as the search knows it: the latest run of its id. Dies with the call.
 */
struct sarn_execution_row {
    uint32_t tenant;
    uint32_t status;
    struct sarn_str workflow, workflow_id;
    struct sarn_uuid run_id;
    uint32_t definition_version;
    uint64_t fingerprint;
    int64_t started_us, changed_us;
    int64_t ended_us;           /* 0: not yet. */
    struct sarn_str step, code; /* Of its failure, or of what parked it. */
    struct sarn_str parent;     /* Stream of the execution whose child it is. */
    struct sarn_str schedule;
    const struct sarn_attribute *attributes;
    uint32_t attribute_count;
};
typedef sarn_status sarn_execution_fn(void *arg, const struct sarn_execution_row *row);

/* Hand the executions of filter (NULL: all of tenant 0) to handler, ordered by when
 * they were started; by index, without reading executions that do not match the
 * workflow, status or first attribute. */
SARN_API SARN_MUST_USE sarn_status
sarn_executions(sarn_log *log,
                const struct sarn_execution_filter *filter,
                sarn_execution_fn *handler,
                void *arg,
                struct sarn_error *error);

struct sarn_execution_count {
    uint32_t tenant;
    uint32_t status;
    struct sarn_str workflow;
    uint64_t count;
};
typedef sarn_status sarn_execution_count_fn(void *arg,
                                            const struct sarn_execution_count *count);
/* How many there are, by tenant, workflow and status; kept, not counted. */
SARN_API SARN_MUST_USE sarn_status
sarn_execution_counts(sarn_log *log,
                      sarn_execution_count_fn *handler,
                      void *arg,
                      struct sarn_error *error);

/* --- one execution --- */

struct sarn_execution_info {
    uint32_t status;     /* enum sarn_execution_status */
    uint32_t steps_done; /* Completed and not compensated. */
    struct sarn_uuid run_id;
    struct sarn_str step; /* Where it is, or failed; in arena. */
    struct sarn_str text; /* Why it failed or is parked; in arena. */
    bool paused;
    bool ending; /* A cancel or terminate was asked for. */
    uint32_t definition_version;
    int64_t deadline_us; /* 0: none. */
};

/* The history as text for a person: one line for each event, such as
 *   step charge: attempt 2 failed (card declined), next at +2000ms
 * text dies with the call; version is the event's in its stream. Times (+2000ms) count
 * from the event that the line is of. run: which run of the id, from 1; 0: the latest.
 */
typedef sarn_status
sarn_timeline_fn(void *arg, const struct sarn_event *event, struct sarn_str text);
SARN_API SARN_MUST_USE sarn_status sarn_execution_timeline(sarn_log *log,
                                                           uint32_t tenant,
                                                           struct sarn_str workflow,
                                                           struct sarn_str workflow_id,
                                                           uint32_t run,
                                                           sarn_timeline_fn *handler,
                                                           void *arg,
                                                           struct sarn_error *error);

/* What would be undone if the execution were cancelled (or goes on being undone) now:
 * in the order in which it would begin. */
enum sarn_undo {
    SARN_UNDO_COMPENSATE = 1, /* Its compensation runs. */
    SARN_UNDO_BY_KEY,         /* The same; it may have run, and has no output. */
    SARN_UNDO_RECONCILE,      /* In doubt: asked first, undone if it was done. */
    SARN_UNDO_CHILD,          /* Its child is undone. */
    SARN_UNDO_NOTHING         /* It has nothing to undo it with. */
};
struct sarn_undo_step {
    struct sarn_str step;
    uint32_t visit;
    uint32_t undo;     /* enum sarn_undo */
    uint32_t attempts; /* Of its compensation so far. */
    bool stuck;        /* Its compensation has failed for good. */
};
typedef sarn_status sarn_undo_fn(void *arg, const struct sarn_undo_step *step);
/* SARN_ERR_NOT_FOUND: no such execution. SARN_ERR_STATE: it is over, says how. */
SARN_API SARN_MUST_USE sarn_status sarn_execution_plan(sarn_log *log,
                                                       uint32_t tenant,
                                                       struct sarn_str workflow,
                                                       struct sarn_str workflow_id,
                                                       sarn_undo_fn *handler,
                                                       void *arg,
                                                       struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
