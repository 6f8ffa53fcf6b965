/* store.h - what every log has, folded from its events: stream heads and indexes,
 * names, schemas, idempotency keys, running executions.
 *
 * The store holds durable facts only. The writer (writer.h) keeps what is decided but
 * not yet durable, and the engine folds each record here once it is.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_STORE_H
#define SARN_ENGINE_STORE_H

#include "engine/record.h"
#include "engine/tables.h"
#include "ports/ports.h"
#include "sarn/log.h"

struct sarn__store {
    const struct sarn_ports *ports; /* Outlives the store. */
    struct sarn__tables *tables;
    struct sarn_arena *scratch; /* Reset by every call below that needs it. */
    uint64_t position;          /* Folded through here. */
    int64_t time_us;            /* Of the last record. */
    uint64_t epoch;
    /* The next number of each, from 1; part of the fold. */
    uint64_t next_stream;
    uint32_t next_type, next_schema, next_actor, next_origin, next_projection;
    /* The store's own: */
    bool bare;
    uint64_t counted;    /* The numbers above have seen the events through here. */
    uint8_t *core_kinds; /* By type id: enum sarn__core (store_parts.h). */
    uint32_t core_kind_count;
    bool knows_due; /* next_due_us is that of the first timer; INT64_MAX: none. */
    int64_t next_due_us;
};

enum sarn__word { SARN__WORD_TYPE = 1, SARN__WORD_ACTOR, SARN__WORD_ORIGIN };

/* Where a stream stands. */
struct sarn__head {
    uint64_t number; /* 0: never had an event. */
    uint64_t version;
    uint64_t last_position;
    uint64_t first_version; /* Events before it were deleted; reads begin here. */
    bool deleted;
};

/* Open over ports->journal, at the position that its tables reach. bare: ignore the
 * stored tables and begin from nothing, at position 0 (sarn_log_check). */
SARN_MUST_USE sarn_status sarn__store_open(struct sarn__store *store,
                                           const struct sarn_ports *ports,
                                           bool bare,
                                           struct sarn_error *error);

/* Fold what the journal has and the store has not. Each record is also handed to
 * on_record (may be NULL), after the store has folded it, so that projections fold with
 * it. progress may be NULL.
 * May be called again, to see what another process appended. Where that process has
 * flushed its tables past the store's position, the store forgets its own rows and goes
 * on from there: on_record does not see the records between, but their rows are in the
 * tables. */
typedef sarn_status sarn__store_record_fn(void *arg, const struct sarn__record *record);
SARN_MUST_USE sarn_status sarn__store_fold_tail(struct sarn__store *store,
                                                sarn__store_record_fn *on_record,
                                                void *on_record_arg,
                                                sarn_progress_fn *progress,
                                                void *progress_arg,
                                                struct sarn_error *error);
void sarn__store_close(struct sarn__store *store);

/* Fold one durable record; its position is store->position + 1.
 * SARN_ERR_CORRUPT: it contradicts what was folded: says how. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__store_fold(struct sarn__store *store,
                                           const struct sarn__record *record,
                                           struct sarn_error *error);

/* The head of a stream; a name never seen is SARN_OK with number 0. */
SARN_MUST_USE sarn_status sarn__store_head(struct sarn__store *store,
                                           uint32_t tenant,
                                           struct sarn_str name,
                                           struct sarn__head *head,
                                           struct sarn_error *error);
/* Name and tenant of a stream by its number, in arena. SARN_ERR_NOT_FOUND. */
SARN_MUST_USE sarn_status sarn__store_stream_name(struct sarn__store *store,
                                                  uint64_t number,
                                                  struct sarn_arena *arena,
                                                  uint32_t *tenant,
                                                  struct sarn_str *name,
                                                  struct sarn_error *error);
/* The id of a name; scope is the schema id of a type, else 0. Not seen: SARN_OK, 0. */
SARN_MUST_USE sarn_status sarn__store_word_id(struct sarn__store *store,
                                              enum sarn__word kind,
                                              uint32_t scope,
                                              struct sarn_str name,
                                              uint32_t *id,
                                              struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__store_word(struct sarn__store *store,
                                           enum sarn__word kind,
                                           uint32_t id,
                                           struct sarn_arena *arena,
                                           uint32_t *scope,
                                           struct sarn_str *name,
                                           struct sarn_error *error);
/* Position of the event that stored the schema with this id. SARN_ERR_NOT_FOUND. */
SARN_MUST_USE sarn_status sarn__store_schema(struct sarn__store *store,
                                             uint32_t id,
                                             uint64_t *position,
                                             struct sarn_error *error);

/* Streams by name: every (tenant, name) from the given one on, in order. The visitor
 * must not call the store; what it is handed dies with the call. */
typedef sarn_status
sarn__name_fn(void *arg, uint32_t tenant, struct sarn_str name, uint64_t number);
SARN_MUST_USE sarn_status sarn__store_names(struct sarn__store *store,
                                            uint32_t from_tenant,
                                            struct sarn_str from_name,
                                            sarn__name_fn *visit,
                                            void *arg,
                                            struct sarn_error *error);

/* The latest registration of a projection (a sarn.ProjectionRegistered event). */
struct sarn__registration {
    uint32_t id; /* Its tables. */
    uint32_t version;
    uint32_t mode; /* enum sarn_projection_mode */
    uint64_t row_schema;
    uint64_t position; /* Of the event. */
};
/* SARN_ERR_NOT_FOUND: there is none of that name. */
SARN_MUST_USE sarn_status
sarn__store_projection(struct sarn__store *store,
                       struct sarn_str name,
                       struct sarn__registration *registration,
                       struct sarn_error *error);
/* Every projection's latest registration, in order of name. As sarn__store_names. */
typedef sarn_status sarn__registration_fn(
    void *arg, struct sarn_str name, const struct sarn__registration *registration);
SARN_MUST_USE sarn_status sarn__store_projections(struct sarn__store *store,
                                                  sarn__registration_fn *visit,
                                                  void *arg,
                                                  struct sarn_error *error);

/* How the command with key ended. text and key are in arena; *position of its first
 * record. SARN_ERR_NOT_FOUND. */
SARN_MUST_USE sarn_status sarn__store_command(struct sarn__store *store,
                                              uint32_t tenant,
                                              struct sarn_str key,
                                              struct sarn_arena *arena,
                                              struct sarn__command_result *result,
                                              uint64_t *position,
                                              struct sarn_error *error);
/* None is SARN_OK and empty. */
SARN_MUST_USE sarn_status sarn__store_metadata(struct sarn__store *store,
                                               uint64_t number,
                                               struct sarn_arena *arena,
                                               struct sarn_str *metadata,
                                               struct sarn_error *error);

/* --- reading streams: durable records, decoded and checked --- */

/* record dies with the call. The visitor runs inside a short read transaction: it may
 * read the store, but must not block. SARN_ERR_CORRUPT: a record is not where its
 * stream says. */
/* Forward from version (clamped to first_version) to the head, at most limit. Positions
 * are found by the sparse anchors and the backward links between them. */
SARN_MUST_USE sarn_status sarn__store_read_forward(struct sarn__store *store,
                                                   const struct sarn__head *head,
                                                   uint64_t from_version,
                                                   uint64_t limit,
                                                   sarn__store_record_fn *visit,
                                                   void *arg,
                                                   struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__store_read_backward(struct sarn__store *store,
                                                    const struct sarn__head *head,
                                                    uint64_t limit,
                                                    sarn__store_record_fn *visit,
                                                    void *arg,
                                                    struct sarn_error *error);
/* Positions of a category's folded events from..to in order, both included, found by
 * bitmap. No read transaction is open while visit runs; it must not change the store.
 */
typedef sarn_status sarn__position_fn(void *arg, uint64_t position);
SARN_MUST_USE sarn_status sarn__store_category(struct sarn__store *store,
                                               uint32_t tenant,
                                               struct sarn_str category,
                                               uint64_t from,
                                               uint64_t to,
                                               bool backward,
                                               sarn__position_fn *visit,
                                               void *arg,
                                               struct sarn_error *error);

/* --- executions in flight, and schedules ---
 *
 * A stream of a workflow or a schedule is awake from its first event, or the first
 * after it slept, until it ends, is parked, or sleeps (sarn.ExecutionSlept). Who opens
 * the log takes up what is awake; what sleeps is found when it is due, however many
 * there are.
 */

typedef sarn_status sarn__number_fn(void *arg, uint64_t stream_number);
/* Stream numbers of what is awake, ascending, from number on, at most limit. */
SARN_MUST_USE sarn_status sarn__store_executions(struct sarn__store *store,
                                                 uint64_t from_number,
                                                 uint32_t limit,
                                                 sarn__number_fn *visit,
                                                 void *arg,
                                                 struct sarn_error *error);
/* A stream that sleeps, and until when. */
struct sarn__due {
    int64_t due_us;
    uint64_t number;
};
typedef sarn_status sarn__due_fn(void *arg, const struct sarn__due *due);
/* What sleeps until now_us at most, in order of time and number, at most limit, and
 * only what comes after the given one (zero: all). The visitor must not call the store.
 */
SARN_MUST_USE sarn_status sarn__store_due(struct sarn__store *store,
                                          const struct sarn__due *after,
                                          int64_t now_us,
                                          uint32_t limit,
                                          sarn__due_fn *visit,
                                          void *arg,
                                          struct sarn_error *error);
/* When the first of them is due; INT64_MAX: none is. Kept: costs nothing to ask. */
SARN_MUST_USE sarn_status sarn__store_next_due(struct sarn__store *store,
                                               int64_t *due_us,
                                               struct sarn_error *error);
/* The version of the latest sarn.ExecutionStarted of a stream: a fold of its run begins
 * there. 0 where the stream has one run, or is none. */
SARN_MUST_USE sarn_status sarn__store_run_start(struct sarn__store *store,
                                                uint64_t number,
                                                uint64_t *version,
                                                struct sarn_error *error);
/* Position of the sarn.WorkflowRegistered of a workflow with this fingerprint.
 * SARN_ERR_NOT_FOUND. */
SARN_MUST_USE sarn_status sarn__store_definition(struct sarn__store *store,
                                                 struct sarn_str workflow,
                                                 uint64_t fingerprint,
                                                 uint64_t *position,
                                                 struct sarn_error *error);
/* The same of whichever was registered last. */
SARN_MUST_USE sarn_status sarn__store_latest_definition(struct sarn__store *store,
                                                        struct sarn_str workflow,
                                                        uint64_t *position,
                                                        struct sarn_error *error);

/* --- snapshots: hints, never trusted without their tags --- */

struct sarn__snapshot {
    uint64_t version; /* Of the last event folded into it. */
    uint64_t position;
    uint64_t schema_hash; /* Of the state's descriptor. */
    uint32_t apply_version;
    struct sarn_str state; /* Encoded. */
};
SARN_MUST_USE sarn_status sarn__store_snapshot(struct sarn__store *store,
                                               uint64_t number,
                                               struct sarn_arena *arena,
                                               struct sarn__snapshot *snapshot,
                                               struct sarn_error *error);
SARN_MUST_USE sarn_status
sarn__store_put_snapshot(struct sarn__store *store,
                         uint64_t number,
                         const struct sarn__snapshot *snapshot,
                         struct sarn_error *error);

/* The category of a stream name: up to the first '-', or all of it. */
struct sarn_str sarn__category(struct sarn_str stream);

#endif
