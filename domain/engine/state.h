/* state.h - what the engine is made of, for the files of this folder that share it.
 *
 *   request.c    what comes in, copied and checked
 *   command.c    commands: load, decide, write
 *   append.c     appends, metadata, deletions
 *   control.c    what executions are told from outside
 *   orchestrator executions
 *   schedules    executions started by time
 *   idempotency.c, answer.c
 *   settle.c     what became durable: answer, fold, publish
 *   open.c       the first commit: epoch, schemas, projections
 *   engine.c     submit, poll
 *   commit_queue.c  appends and slices of the tables, one at a time
 */
#ifndef SARN_ENGINE_STATE_H
#define SARN_ENGINE_STATE_H

#include "engine/bus.h"
#include "engine/engine.h"
#include "engine/entities.h"
#include "engine/writer.h"

#define SARN__RETRY_US                                                                 \
    INT64_C(1000000) /* Until what nobody waits for is tried again. */

struct sarn__orchestrator;
struct sarn__schedules;

/* A reply that waits for its batch. In the request's arena. */
struct sarn__answer {
    struct sarn__answer *next;
    struct sarn__request *request;
    struct sarn_reply reply; /* text is in the request's arena. */
};

struct sarn__answers {
    struct sarn__answer *first, *last;
};

/* A command with an idempotency key that was decided and is not yet answered. */
struct sarn__pending_key {
    struct sarn__map_node node; /* Key: tenant and key. */
    uint8_t payload_hash[16];
    const struct sarn__request *holder; /* Who was decided; NULL: answered. */
    struct sarn__request *waiters;      /* The same again, linked by next. */
    struct sarn__pending_key *next_answered;
    bool answered; /* Its batch is durable, but the store does not know it yet. */
};

/* One append or flush under way. */
struct sarn__commit_job {
    struct sarn__job job;
    struct sarn_journal journal;
    struct sarn_hash hash;
    struct sarn__batch *batch; /* NULL: a flush. */
    struct sarn_flush flush;
    bool take_epoch;
    struct sarn__commit commit; /* Its previous hash is set; work fills the rest. */
    sarn_status status;
    struct sarn_error error;
};

struct sarn_engine {
    struct sarn_log log;
    struct sarn_options options;
    struct sarn__writer writer;
    struct sarn__entities entities;
    struct sarn__bus *bus;
    struct sarn__orchestrator *orchestrator;
    struct sarn__schedules *schedules;
    struct sarn_arena *scratch; /* For one request. */

    struct sarn__request *queue_first, *queue_last;
    uint32_t queued;
    uint32_t waiting; /* Requests taken and not answered, the queue's included. */
    struct sarn__map pending_keys;
    struct sarn__pending_key *answered_keys;
    struct sarn__answers open_answers;   /* Of writer.open. */
    struct sarn__answers flight_answers; /* Of writer.in_flight. */

    struct sarn__commit_job commit_job;
    bool job_out;      /* commit_job is with the host. */
    bool job_finished; /* It came back and is not settled. */
    uint64_t epoch;
    uint64_t durable; /* Position of the last event that was appended. */
    uint8_t chain[SARN__DIGEST_BYTES]; /* Hash of the last durable commit. */
    int64_t flush_retry_us;            /* No flush before then: the last one failed. */
    int64_t rest_until_us; /* No background work before then: there was no memory. */
    uint64_t flushed_through;
    uint32_t slices; /* Handed out since the last append. */
    bool winding;    /* Winding up: nothing new begins. */

    struct sarn__job *duties_first, *duties_last; /* Jobs for the next poll's answer. */
    sarn_status stopped;                          /* SARN_OK: running; else why not. */
    bool unfolded; /* What is durable could not be folded: nobody here knows it. */
    struct sarn_error stopped_error;
    struct sarn_engine_stats counts;
    void *host;
};

/* --- request.c --- */

/* Can command be decided, as far as one can say without looking at the log? */
SARN_MUST_USE sarn_status sarn__command_check(sarn_engine *engine,
                                              const struct sarn_command *command,
                                              struct sarn_error *error);

/* --- command.c --- */

/* Whose stream is it? SARN_ERR_NOT_FOUND: no module's, and says so. [any thread] */
SARN_MUST_USE sarn_status sarn__aggregate_of(const sarn_engine *engine,
                                             struct sarn_str stream,
                                             const struct sarn_aggregate **aggregate,
                                             struct sarn_error *error);

/* Decide command and write its events to the open batch, or leave everything as it was.
 * result (may be NULL) rides with the first event. SARN_ERR_REJECTED and so on: error
 * says why. written->version is meaningful when *count > 0. */
SARN_MUST_USE sarn_status sarn__command_decide(sarn_engine *engine,
                                               const struct sarn__meta *meta,
                                               const struct sarn_command *command,
                                               struct sarn__command_result *result,
                                               uint32_t *count,
                                               struct sarn__written *written,
                                               struct sarn_error *error);
/* A command under a key (result) ended without events: record how, so that its repeats
 * are answered the same. error NULL: well. failure says why it could not be recorded.
 */
SARN_MUST_USE sarn_status sarn__command_settle(sarn_engine *engine,
                                               const struct sarn__meta *meta,
                                               struct sarn__command_result *result,
                                               const struct sarn_error *error,
                                               struct sarn_error *failure);
/* Undo everything written since mark, and forget the states that knew of it. */
void sarn__unit_rollback(sarn_engine *engine, const struct sarn__mark *mark);
/* Requests, from the queue. Each ends in an answer. */
void sarn__command_run(sarn_engine *engine, struct sarn__request *request);
void sarn__append_run(sarn_engine *engine, struct sarn__request *request);
void sarn__metadata_run(sarn_engine *engine, struct sarn__request *request);
void sarn__delete_run(sarn_engine *engine, struct sarn__request *request);
/* control.c */
void sarn__control_run(sarn_engine *engine, struct sarn__request *request);

/* --- idempotency.c --- */

/* Was request's key used? true: request has been answered, or waits with the first one.
 * false: go on; the key is now pending if there is one, and result is filled in. */
bool sarn__key_taken(sarn_engine *engine,
                     struct sarn__request *request,
                     uint32_t tenant,
                     struct sarn_str key,
                     const uint8_t payload_hash[16],
                     struct sarn__command_result *result);
/* request was answered with reply: if it holds the key, so are those that waited. */
void sarn__key_answered(sarn_engine *engine,
                        const struct sarn__request *request,
                        uint32_t tenant,
                        struct sarn_str key,
                        const struct sarn_reply *reply);
/* The store knows the keys that were answered: forget them. */
void sarn__keys_settled(sarn_engine *engine);

/* --- answer.c --- */

/* Reply now, and free the request. text may be NULL. */
void sarn__answer_now(sarn_engine *engine,
                      struct sarn__request *request,
                      const struct sarn_reply *reply);
/* Reply with a failure, now. */
void sarn__answer_error(sarn_engine *engine,
                        struct sarn__request *request,
                        sarn_status status,
                        const struct sarn_error *error);
/* Reply when the open batch is durable; fails with it. Marks the batch waited for.
 * Where there is nothing to wait for, replies now. */
void sarn__answer_later(sarn_engine *engine,
                        struct sarn__request *request,
                        const struct sarn_reply *reply);
/* Answer a whole list: status SARN_OK: as noted; else all fail with error. */
void sarn__answer_all(sarn_engine *engine,
                      struct sarn__answers *answers,
                      sarn_status status,
                      const struct sarn_error *error);
/* Tenant and idempotency key of a request; empty: none. */
struct sarn_str sarn__request_key(const struct sarn__request *request,
                                  uint32_t *tenant);

/* --- engine.c --- */

/* There is no memory for what nobody waits for: a pause. */
void sarn__engine_rest(sarn_engine *engine);
/* Give the host a job with the next duties. */
void sarn__engine_push_job(sarn_engine *engine, struct sarn__job *job);
/* The open batch is in flight, and commit_job is ready to append it. */
SARN_MUST_USE sarn_status sarn__engine_prepare_commit(sarn_engine *engine,
                                                      bool take_epoch,
                                                      struct sarn_error *error);
/* Hand out the next append or slice of the tables, if it is time and none is out. */
void sarn__engine_launch(sarn_engine *engine);
/* From now on nothing is written: every request fails so. The first call counts. */
void sarn__engine_halt(sarn_engine *engine,
                       sarn_status status,
                       const struct sarn_error *error);
void sarn__engine_observe(sarn_engine *engine,
                          enum sarn_stage stage,
                          sarn_status status,
                          uint32_t count,
                          uint64_t position,
                          struct sarn_str subject);

/* --- settle.c --- */

/* The job in commit_job came back. An append that is durable is answered at once and
 * folded later, beside the next append; one that failed is forgotten with everything
 * decided on top of it. */
void sarn__settle_job(sarn_engine *engine);
/* Fold and publish what is durable, if that is still to be done. */
void sarn__settle_fold(sarn_engine *engine);
/* The open batch could not be handed out, and nothing is in flight: as an append that
 * failed. */
void sarn__settle_unlaunched(sarn_engine *engine,
                             sarn_status status,
                             const struct sarn_error *error);

#endif
