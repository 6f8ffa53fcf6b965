/* sarn.h - the engine: open a log, submit commands, run workflows, follow events.
 *
 * One engine owns one log file. All domain code runs on one thread, the dispatch
 * thread, which is one of:
 *   - the caller of a blocking call (sarn_call, sarn_execute, ...) when nobody else is
 *     dispatching: the simplest program needs nothing more;
 *   - the caller of sarn_run(), until sarn_stop();
 *   - Sarn's own thread, after sarn_start();
 *   - the caller of sarn_dispatch(), whenever sarn_fd() polls readable.
 *
 * Durability: no reply leaves before its events are synced to disk. A reply SARN_OK is
 *             never lost; SARN_ERR_IN_DOUBT is settled by submitting again under the
 *             same idempotency key after reopening. SARN_ERR_DEPOSED: another process
 *             has taken the log over; nothing of this was done, nor will be.
 * Threads:    submitting and blocking calls are safe from any thread; callbacks run on
 *             the dispatch thread, where a blocking call is refused with
 *             SARN_ERR_REENTRANT. No engine survives fork().
 */
#ifndef SARN_H
#define SARN_H

#include "sarn/control.h"
#include "sarn/execution.h"
#include "sarn/log.h"
#include "sarn/module.h"
#include "sarn/schedule.h"
#include "sarn/workflow.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sarn_command;

SARN_API const char *sarn_version(void); /* "0.1.0" */

/* --- open and close --- */

#define SARN_OPEN_EXISTING 1u /* Do not create the file. */
#define SARN_OPEN_TAKEOVER 2u /* Depose a living owner: safety, not progress. */
#define SARN_OPEN_WAIT     4u /* A full queue: submit waits, but not in callbacks. */
#define SARN_OPEN_CONTROL  8u /* Serve a control socket beside the log (control.h). */

enum sarn_stage { /* When observe is called. */
                  SARN_STAGE_SUBMIT,
                  SARN_STAGE_DECIDE,
                  SARN_STAGE_COMMIT,
                  SARN_STAGE_PUBLISH,
                  SARN_STAGE_STEP
};

struct sarn_observation {
    uint32_t struct_size;
    uint32_t stage; /* enum sarn_stage */
    sarn_status status;
    uint32_t count;          /* Events of a commit; attempt of a step; else 1. */
    uint64_t position;       /* Last position concerned; 0: none. */
    int64_t time_us;         /* When, by the engine's clock. */
    struct sarn_str subject; /* Stream, or "workflow-id/step". */
};

/* Executions in flight that the registered workflows cannot go on with. */
struct sarn_misfit {
    uint32_t struct_size;
    uint32_t definition_version; /* That they were started with. */
    uint64_t fingerprint;
    struct sarn_str workflow;
    struct sarn_str step; /* Where they are, or that does not fit. */
    uint64_t count;
    const char *reason;
};

/* What becomes of them. An execution whose own version is registered always stays on
 * it, beside newer ones. */
enum sarn_misfit_policy {
    SARN_MISFIT_REFUSE, /* The open fails: SARN_ERR_MISFIT. */
    SARN_MISFIT_PIN,    /* They rest until their version is registered again. */
    SARN_MISFIT_PARK
};

/* How much may go on at once. The limits of a workflow count its running executions,
 * those of a step its attempts. Where more wait than may begin: the highest priority
 * first, then tenants in turn, then who came first. Kept in memory: not in the log. */
struct sarn_limit {
    const char *workflow;
    const char *step;     /* NULL: of the workflow. */
    uint32_t concurrency; /* At once; 0: any number. */
    uint32_t burst;       /* Of rate at once; 0: 1. */
    double rate;          /* Begun a second; 0: any number. */
};

struct sarn_hooks {
    void *arg;
    /* Before decide: may actor of tenant submit this? Anything but SARN_OK denies it.
     * What is no command is shown as one without type and data: an append once for each
     * of its streams, metadata and deletions by their stream, the start of an execution
     * and what one is told (control.h) by its own, "<workflow>-<workflow_id>", a fork
     * by both of its. Commands that steps send are not asked about: who may start the
     * workflow may do what it does.
     * [dispatch thread] NULL: everybody may. */
    sarn_status (*authorize)(void *arg, const struct sarn_command *command);
    /* [dispatch thread] NULL: nobody looks. */
    void (*observe)(void *arg, const struct sarn_observation *observation);
    /* One line for the operator's log, without newline. [any thread] NULL: dropped. */
    void (*log)(void *arg, const char *line);
    /* At open, for each workflow, version and step where executions do not fit the
     * registered code: how many, and why. [opening thread] */
    void (*misfit)(void *arg, const struct sarn_misfit *misfit);
    /* Long work at open: folding the tail, building projections. [opening thread] */
    sarn_progress_fn *progress;
};

struct sarn_options {
    uint32_t struct_size;
    uint32_t flags; /* SARN_OPEN_x */
    uint32_t module_count;
    uint32_t workers; /* Threads for external steps; 0: 8. */
    const struct sarn_module *const *modules;
    void *context;      /* For sarn_step_context(). */
    uint64_t map_bytes; /* The largest the file may get, fixed while open; 0: 1 TiB. */
    uint64_t cache_bytes; /* Of aggregate states; 0: 32 MiB. */
    uint32_t queue_max;   /* Requests waiting to be decided; 0: 65,536. */
    uint32_t tail_max;    /* Events folded at open, about; 0: 32,768. */
    struct sarn_hooks hooks;
    struct sarn_heap heap; /* All NULL: malloc. */
    const struct sarn_limit *limits;
    uint32_t limit_count;
    uint32_t misfits; /* enum sarn_misfit_policy */
};
#define SARN_OPTIONS_INIT                                                              \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_options)                                     \
    }

/* Open or create the log at path. options may be NULL.
 * SARN_ERR_BUSY: names the owner's pid. SARN_ERR_CORRUPT: not a Sarn log, or damaged.
 * SARN_ERR_UNSUPPORTED: newer format, network file system. SARN_ERR_PERMISSION,
 * SARN_ERR_NOT_FOUND, SARN_ERR_FULL, SARN_ERR_IO, SARN_ERR_NOMEM.
 * SARN_ERR_EXISTS: what is no socket is where the control socket is to be.
 * SARN_ERR_INVALID: a module contradicts itself or another: says where. */
SARN_API SARN_MUST_USE sarn_status sarn_open(const char *path,
                                             const struct sarn_options *options,
                                             sarn_engine **engine,
                                             struct sarn_error *error);

/* Stop, wait for what is being appended and for running steps, and release everything.
 * Requests not yet decided are answered SARN_ERR_CLOSED. Executions go on at the next
 * open. Not from a callback. NULL does nothing. */
SARN_API void sarn_close(sarn_engine *engine);

/* --- dispatching --- */

SARN_API SARN_MUST_USE sarn_status sarn_start(sarn_engine *engine,
                                              struct sarn_error *error);
SARN_API SARN_MUST_USE sarn_status sarn_run(sarn_engine *engine,
                                            struct sarn_error *error);
/* End sarn_run() or Sarn's own thread, soon; where there is neither, the next one ends
 * at once. [any thread, callbacks too] */
SARN_API void sarn_stop(sarn_engine *engine);
/* Readable when sarn_dispatch() has work; the engine's, not to be closed or read. */
SARN_API int sarn_fd(const sarn_engine *engine);
/* Do what is ready, without blocking for more than an inline append. */
SARN_API SARN_MUST_USE sarn_status sarn_dispatch(sarn_engine *engine,
                                                 struct sarn_error *error);

/* --- commands --- */

#define SARN_DRY_RUN 1u /* Decide and answer with the events, append nothing. */

struct sarn_command {
    uint32_t struct_size;
    uint32_t flags;
    struct sarn_str stream; /* "account-42": the category names the aggregate. */
    const struct sarn_type *type;
    const void *data;         /* A struct of type. */
    struct sarn_str key;      /* Idempotency key, per tenant; empty: none. */
    int64_t expected_version; /* >= 0, SARN_ANY, SARN_NO_STREAM, SARN_STREAM_EXISTS */
    int64_t base_version;     /* What its author had seen; SARN_ANY: not said. */
    struct sarn_str actor, origin;
    struct sarn_uuid correlation_id; /* Zero: a new one. */
    struct sarn_uuid causation_id;
    uint32_t tenant;
    uint32_t reserved;
};
#define SARN_COMMAND_INIT                                                              \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_command), .expected_version = SARN_ANY,      \
        .base_version = SARN_ANY                                                       \
    }

/* How a request ended. Dies with the callback. */
struct sarn_reply {
    sarn_status status;
    uint32_t event_count;
    const char *text;                /* Why not; "" when OK. */
    uint64_t position;               /* Of its last event; 0: none. */
    int64_t version;                 /* Of the stream after it; -1: no events. */
    const struct sarn_event *events; /* Of a dry run; else NULL. */
    struct sarn_uuid correlation_id;
    bool repeated;      /* The key had been used: this is the first answer. */
    const void *output; /* Of an update, or the result of an execution that completed: a
                           struct of output_type. NULL: none. */
    const struct sarn_type *output_type;
};

/* Hand a command over; it is copied. What one thread hands over is decided in that
 * order. reply is called once if this returns SARN_OK, after durability, on the
 * dispatch thread; else not at all. SARN_ERR_OVERLOADED: try later. */
SARN_API SARN_MUST_USE sarn_status sarn_submit(sarn_engine *engine,
                                               const struct sarn_command *command,
                                               sarn_reply_fn *reply,
                                               void *arg,
                                               struct sarn_error *error);
/* The same, waiting. result may be NULL; its text and events are NULL, see error. */
SARN_API SARN_MUST_USE sarn_status sarn_call(sarn_engine *engine,
                                             const struct sarn_command *command,
                                             struct sarn_reply *result,
                                             struct sarn_error *error);

/* --- appending events without an aggregate --- */

struct sarn_new_event {
    const char *type_name;        /* For plain bytes; NULL: type's own name. */
    const struct sarn_type *type; /* NULL: data is a struct sarn_str of plain bytes. */
    const void *data;
};

/* To one stream. Its category may not be that of an aggregate or a workflow. */
struct sarn_stream_append {
    struct sarn_str stream;
    int64_t expected_version;
    const struct sarn_new_event *events;
    uint32_t event_count;
    uint32_t reserved;
};

/* All of it or nothing. */
struct sarn_append {
    uint32_t struct_size;
    uint32_t flags; /* SARN_DRY_RUN */
    const struct sarn_stream_append *streams;
    uint32_t stream_count;
    uint32_t tenant;
    struct sarn_str key;
    struct sarn_str actor, origin;
    struct sarn_uuid correlation_id, causation_id;
};
#define SARN_APPEND_INIT                                                               \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_append)                                      \
    }

SARN_API SARN_MUST_USE sarn_status sarn_append_submit(sarn_engine *engine,
                                                      const struct sarn_append *append,
                                                      sarn_reply_fn *reply,
                                                      void *arg,
                                                      struct sarn_error *error);
SARN_API SARN_MUST_USE sarn_status sarn_append_call(sarn_engine *engine,
                                                    const struct sarn_append *append,
                                                    struct sarn_reply *result,
                                                    struct sarn_error *error);

/* Replace a stream's metadata (any bytes, JSON by custom; up to half of
 * SARN_PAYLOAD_BYTES_MAX), or delete it softly: it
 * reads as SARN_ERR_DELETED, its events stay in the log, and the next append revives it
 * with the version going on. Waits for durability. */
SARN_API SARN_MUST_USE sarn_status sarn_stream_set_metadata(sarn_engine *engine,
                                                            uint32_t tenant,
                                                            struct sarn_str stream,
                                                            struct sarn_str metadata,
                                                            struct sarn_error *error);
SARN_API SARN_MUST_USE sarn_status sarn_stream_delete(sarn_engine *engine,
                                                      uint32_t tenant,
                                                      struct sarn_str stream,
                                                      int64_t expected_version,
                                                      struct sarn_error *error);

/* --- workflows --- */

/* Reply when the start is durable, not at the end. One that is over already is answered
 * with its end, as ever. */
#define SARN_START_DETACHED 1u

/* What a start means where an execution of that id exists. */
enum sarn_exists {
    SARN_EXISTS_JOIN,    /* The same input is the same execution, also after it ended;
                            another input is SARN_ERR_KEY_REUSED. */
    SARN_EXISTS_REFUSE,  /* SARN_ERR_EXISTS. */
    SARN_EXISTS_RESTART, /* A new run if it is over; else SARN_ERR_EXISTS. */
    SARN_EXISTS_RESTART_FAILED, /* The same, but not if it completed. */
    SARN_EXISTS_REPLACE         /* A new run; one that runs is terminated first. */
};

struct sarn_start {
    uint32_t struct_size;
    uint32_t flags;
    const char *workflow;
    struct sarn_str workflow_id; /* Unique in tenant and workflow; 200 bytes at most. */
    const void *input;           /* A struct of the workflow's input type, or NULL. */
    struct sarn_str actor, origin;
    struct sarn_uuid correlation_id;
    uint32_t tenant;
    uint32_t exists;    /* enum sarn_exists */
    int64_t timeout_us; /* Of the run, compensation not counted; 0: the workflow's. */
    const struct sarn_attribute *attributes; /* For search; SARN_ATTRIBUTES_MAX. */
    uint32_t attribute_count;
    uint32_t
        priority; /* The highest goes first where more wait than may run; 0 to 255. */
};
#define SARN_START_INIT                                                                \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_start)                                       \
    }

/* Start an execution, or join the one with that id (enum sarn_exists). reply tells how
 * it ended: SARN_OK, completed; SARN_ERR_COMPENSATED, with the text of the failure;
 * SARN_ERR_CANCELLED, SARN_ERR_TERMINATED, SARN_ERR_TIMEOUT, compensated as well;
 * SARN_ERR_PARKED. An execution that goes on as a new run has not ended.
 * SARN_ERR_KEY_REUSED: that id was started with another input. SARN_ERR_NOMEM,
 * SARN_ERR_FULL, SARN_ERR_IO: it was not begun, or cannot go on for now, as the text
 * says: start it again to hear how it ends. */
SARN_API SARN_MUST_USE sarn_status sarn_execution_start(sarn_engine *engine,
                                                        const struct sarn_start *start,
                                                        sarn_reply_fn *reply,
                                                        void *arg,
                                                        struct sarn_error *error);
/* The same, waiting. */
SARN_API SARN_MUST_USE sarn_status sarn_execute(sarn_engine *engine,
                                                const struct sarn_start *start,
                                                struct sarn_reply *result,
                                                struct sarn_error *error);

SARN_API SARN_MUST_USE sarn_status sarn_execution_get(sarn_engine *engine,
                                                      uint32_t tenant,
                                                      const char *workflow,
                                                      struct sarn_str workflow_id,
                                                      struct sarn_arena *arena,
                                                      struct sarn_execution_info *info,
                                                      struct sarn_error *error);

/* --- repository: aggregates by id --- */

/* The durable state of one aggregate, copied to *state (its state type) and arena; its
 * version in *version (-1: no events, and the zero state). Waits. */
SARN_API SARN_MUST_USE sarn_status sarn_load(sarn_engine *engine,
                                             uint32_t tenant,
                                             struct sarn_str stream,
                                             struct sarn_arena *arena,
                                             void *state,
                                             int64_t *version,
                                             struct sarn_error *error);
/* Many at once, in one visit to the log: state for streams[i] goes to handler. */
typedef sarn_status
sarn_state_fn(void *arg, struct sarn_str stream, int64_t version, const void *state);
SARN_API SARN_MUST_USE sarn_status sarn_load_batch(sarn_engine *engine,
                                                   uint32_t tenant,
                                                   const struct sarn_str *streams,
                                                   uint32_t count,
                                                   sarn_state_fn *handler,
                                                   void *arg,
                                                   struct sarn_error *error);
/* Fill the cache with the aggregates of a category, the latest used first, up to
 * count or the cache's bound. Waits. */
SARN_API SARN_MUST_USE sarn_status sarn_warm(sarn_engine *engine,
                                             uint32_t tenant,
                                             const char *category,
                                             uint32_t count,
                                             struct sarn_error *error);

struct sarn_engine_stats {
    uint32_t struct_size;
    uint32_t queued; /* Requests waiting to be decided. */
    uint64_t cache_hits, cache_misses, cache_evictions;
    uint64_t cache_entries, cache_bytes;
    uint64_t commands, rejections, commits, events, flushes;
    uint64_t executions_running;
    uint64_t steps_running;
};
SARN_API SARN_MUST_USE sarn_status sarn_engine_get_stats(
    sarn_engine *engine, struct sarn_engine_stats *stats, struct sarn_error *error);

/* --- reading and subscribing --- */

/* The engine's own log, for the calls of log.h. Lives as long as the engine. */
SARN_API sarn_log *sarn_engine_log(sarn_engine *engine);

typedef struct sarn_subscription sarn_subscription;

#define SARN_FROM_NOW UINT64_MAX

struct sarn_subscribe_options {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t from;            /* Position to begin after; SARN_FROM_NOW: only new. */
    struct sarn_str category; /* Empty: all. */
    const char *const *types; /* Type names; NULL: all. */
    uint32_t type_count;
    uint32_t tenant; /* With category. */
};
#define SARN_SUBSCRIBE_OPTIONS_INIT                                                    \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_subscribe_options)                           \
    }

/* Hand every matching event to handler on the dispatch thread, in order of position,
 * each exactly once while subscribed: first those in the log after from, then new ones
 * as they become durable, soon before or after the reply to their command. A handler
 * that returns anything but SARN_OK is not called again: ended (may be NULL) is told
 * the status and the position that failed, and the others go on. [any thread] */
SARN_API SARN_MUST_USE sarn_status
sarn_subscribe(sarn_engine *engine,
               const struct sarn_subscribe_options *options,
               sarn_event_fn *handler,
               void (*ended)(void *arg, sarn_status status, uint64_t position),
               void *arg,
               sarn_subscription **subscription,
               struct sarn_error *error);
/* No handler call begins after this returns. [any thread, handlers too] */
SARN_API void sarn_unsubscribe(sarn_engine *engine, sarn_subscription *subscription);

/* Fold a projection again from the log, in memory, and put right the rows that differ;
 * a projection that its code's failure has stopped goes on. Waits, with progress.
 * Commands wait meanwhile. */
SARN_API SARN_MUST_USE sarn_status sarn_projection_rebuild(sarn_engine *engine,
                                                           const char *projection,
                                                           sarn_progress_fn *progress,
                                                           void *arg,
                                                           struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
