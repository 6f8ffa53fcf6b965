/* engine.h - the passive engine: requests and facts in, duties out.
 *
 * The engine owns no thread, no file and no timer. Its host (infra/host/, or the
 * simulator of the tests) hands it requests and finished jobs, polls it with the time,
 * carries out the jobs that poll answers with, on whatever thread it likes, and hands
 * each back with sarn__engine_finish(). Replies and subscriptions are called from poll.
 *
 * Threads: all calls from the dispatch thread. A job's work() may run on any thread,
 *          beside the engine; commit jobs one at a time, in the order handed out.
 */
#ifndef SARN_ENGINE_ENGINE_H
#define SARN_ENGINE_ENGINE_H

#include "core/schedule.h"
#include "engine/log.h"
#include "ports/job.h"
#include "sarn/sarn.h"

/* --- requests --- */

enum sarn__request_kind {
    SARN__REQUEST_COMMAND,
    SARN__REQUEST_APPEND,
    SARN__REQUEST_METADATA,
    SARN__REQUEST_DELETE,
    SARN__REQUEST_START,   /* of an execution */
    SARN__REQUEST_CONTROL, /* of one: control.h */
    SARN__REQUEST_SCHEDULE /* put or altered: schedules.h */
};

/* One thing asked for: a deep copy, in an arena of its own. Data of a described type is
 * copied as a struct (sarn_type_copy). */
struct sarn__request {
    struct sarn__request *next; /* In whatever queue it is. */
    struct sarn_arena *arena;
    uint32_t kind;
    uint32_t waiting; /* The engine's: where it waits. */
    struct sarn__answer
        *answer; /* The engine's: room for it, so that it cannot fail. */
    union {
        struct sarn_command command;
        struct sarn_append append;
        struct sarn_start start;
        struct {
            uint32_t tenant;
            int64_t expected_version;
            struct sarn_str stream, metadata;
        } stream;
        struct {
            struct sarn_control what;
            const struct sarn_type *data_type; /* Of what.data. */
            struct sarn_str stream;            /* Of the execution that it is for. */
        } control;
        struct {
            struct sarn_schedule_change
                what; /* op 0: put; then only tenant, id, who. */
            struct sarn__schedule_spec spec;
            struct sarn_str json; /* Its input, where there is no code to read it by. */
        } schedule;
    } as;
    sarn_reply_fn *reply;
    void *reply_arg;
};

/* Check a request's sizes and names and copy it, arena and all; anything that can be
 * said to be wrong without looking at the log is said here. SARN_ERR_INVALID,
 * SARN_ERR_TOO_LARGE, SARN_ERR_NOT_FOUND (no such aggregate, command or workflow),
 * SARN_ERR_NOMEM. [any thread] */
SARN_MUST_USE sarn_status sarn__request_command(sarn_engine *engine,
                                                const struct sarn_command *command,
                                                struct sarn__request **request,
                                                struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__request_append(sarn_engine *engine,
                                               const struct sarn_append *append,
                                               struct sarn__request **request,
                                               struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__request_metadata(sarn_engine *engine,
                                                 uint32_t tenant,
                                                 struct sarn_str stream,
                                                 struct sarn_str metadata,
                                                 struct sarn__request **request,
                                                 struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__request_delete(sarn_engine *engine,
                                               uint32_t tenant,
                                               struct sarn_str stream,
                                               int64_t expected_version,
                                               struct sarn__request **request,
                                               struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__request_start(sarn_engine *engine,
                                              const struct sarn_start *start,
                                              struct sarn__request **request,
                                              struct sarn_error *error);
/* SARN_ERR_NOT_FOUND: no such workflow to know the type of data by; no promise can have
 * that id. */
SARN_MUST_USE sarn_status sarn__request_control(sarn_engine *engine,
                                                const struct sarn_control *control,
                                                struct sarn__request **request,
                                                struct sarn_error *error);
/* json: schedule's input, instead of it; empty: none. SARN_ERR_INVALID: the expression:
 * says where. SARN_ERR_NOT_FOUND: the zone; the workflow, of a module or, in an engine
 * without modules, of the log. */
SARN_MUST_USE sarn_status
sarn__request_schedule_put(sarn_engine *engine,
                           const struct sarn_schedule *schedule,
                           struct sarn_str json,
                           struct sarn__request **request,
                           struct sarn_error *error);
SARN_MUST_USE sarn_status
sarn__request_schedule_alter(sarn_engine *engine,
                             const struct sarn_schedule_change *change,
                             struct sarn__request **request,
                             struct sarn_error *error);
/* Free a request that was never submitted. */
void sarn__request_destroy(struct sarn__request *request);

/* --- jobs (ports/job.h): the duties --- */

/* What poll wants done. */
struct sarn__duties {
    struct sarn__job *jobs; /* Linked by next, in order. */
    int64_t wake_us; /* Poll again then at the latest; INT64_MAX: when there is news. */
    bool again;      /* Poll again soon: background work is left. */
    uint32_t queued; /* Requests inside that are not yet decided. */
};

/* --- life --- */

struct sarn__engine_config {
    struct sarn_ports ports;
    struct sarn_options options; /* Defaults filled in; modules outlive the engine. */
    uint32_t pid;                /* For the epoch record. */
    struct sarn_str host;
};

/* Open over the ports (which move to the engine on success): fold the tail, take the
 * epoch with one durable commit (made inline, on this thread), store schemas and
 * projection registrations, build new inline projections. SARN_ERR_INVALID: the
 * modules. */
SARN_MUST_USE sarn_status sarn__engine_create(const struct sarn__engine_config *config,
                                              sarn_engine **engine,
                                              struct sarn_error *error);
/* No job is out. Requests still inside are answered SARN_ERR_CLOSED. Flushes nothing.
 */
void sarn__engine_destroy(sarn_engine *engine);

/* --- work --- */

/* Take a request over; its reply is called by a later poll, once. */
void sarn__engine_submit(sarn_engine *engine, struct sarn__request *request);
/* Take a finished job back. */
void sarn__engine_finish(sarn_engine *engine, struct sarn__job *job);
/* Decide what came in, answer what became durable, say what to do next. */
void sarn__engine_poll(sarn_engine *engine, struct sarn__duties *duties);
/* Wind up, before destroy: from now on start no step, decide no request and begin no
 * background work. What is decided is still appended and answered, what finishes is
 * still recorded, without the intent of a next step. The host goes on polling until no
 * job comes out and none is out. */
void sarn__engine_stop(sarn_engine *engine);
/* Requests and jobs inside: 0 means that a poll would find nothing to wait for. */
uint32_t sarn__engine_busy(const sarn_engine *engine);

/* The host hangs itself here, for the public calls to find; the engine never looks. */
void *sarn__engine_host(const sarn_engine *engine);
void sarn__engine_set_host(sarn_engine *engine, void *host);
struct sarn_log *sarn__engine_log(sarn_engine *engine);
struct sarn__bus *sarn__engine_bus(sarn_engine *engine);
const struct sarn_options *sarn__engine_options(const sarn_engine *engine);

/* Why it has stopped by itself; SARN_OK: it has not. */
sarn_status sarn__engine_stopped(const sarn_engine *engine);

/* --- questions, on the dispatch thread --- */

/* Fold what is durable, so that an answer from the log, its rows and states holds every
 * event that was replied to. Called before every question; those below do it. */
void sarn__engine_settle(sarn_engine *engine);
/* Could it be? SARN_ERR_CLOSED: no, so the engine has stopped, and knows less than what
 * was replied to. */
SARN_MUST_USE sarn_status sarn__engine_knows(const sarn_engine *engine,
                                             struct sarn_error *error);

SARN_MUST_USE sarn_status sarn__engine_load(sarn_engine *engine,
                                            uint32_t tenant,
                                            const struct sarn_str *streams,
                                            uint32_t count,
                                            sarn_state_fn *handler,
                                            void *arg,
                                            struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__engine_warm(sarn_engine *engine,
                                            uint32_t tenant,
                                            struct sarn_str category,
                                            uint32_t count,
                                            struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__engine_execution(sarn_engine *engine,
                                                 uint32_t tenant,
                                                 struct sarn_str workflow,
                                                 struct sarn_str workflow_id,
                                                 struct sarn_arena *arena,
                                                 struct sarn_execution_info *info,
                                                 struct sarn_error *error);
/* output: a struct of the query's output type in arena; NULL: it has none. */
SARN_MUST_USE sarn_status sarn__engine_query(sarn_engine *engine,
                                             uint32_t tenant,
                                             struct sarn_str workflow,
                                             struct sarn_str workflow_id,
                                             struct sarn_str name,
                                             const void *input,
                                             struct sarn_arena *arena,
                                             const void **output,
                                             struct sarn_error *error);
void sarn__engine_stats(const sarn_engine *engine, struct sarn_engine_stats *stats);
SARN_MUST_USE sarn_status sarn__engine_rebuild(sarn_engine *engine,
                                               struct sarn_str projection,
                                               sarn_progress_fn *progress,
                                               void *arg,
                                               struct sarn_error *error);

#endif
