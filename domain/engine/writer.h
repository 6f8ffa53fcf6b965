/* writer.h - the open batch: events that are decided and not yet durable.
 *
 * Everything decided between two appends goes into one batch, and one append makes it
 * durable: group commit. While a batch is being appended the next one is filled on top
 * of it. The writer knows what the store will know once both are durable (heads and
 * names), so that a command sees the events in flight before it. When an append fails,
 * all of that is forgotten at once.
 *
 * A unit is what must be written whole or not at all: mark, write, and roll back to the
 * mark when a later part fails.
 *
 * Threads: the dispatch thread; a sealed batch belongs to its commit job.
 */
#ifndef SARN_ENGINE_WRITER_H
#define SARN_ENGINE_WRITER_H

#include "core/hash_map.h"
#include "engine/commit.h"
#include "engine/store.h"

#define SARN__BATCH_EVENTS_MAX 4096u /* More: the queue waits. */
#define SARN__BATCH_BYTES_MAX  (4u * 1024 * 1024)
#define SARN__SCHEMAS_MAX      256u

/* What all events of a unit share. */
struct sarn__meta {
    struct sarn_uuid correlation_id, causation_id;
    int64_t time_us;
    uint32_t tenant;
    struct sarn_str actor, origin;
    const struct sarn__command_result *command; /* Rides with the next event; NULL. */
};

/* One event to write. */
struct sarn__new_event {
    struct sarn_str stream;       /* Empty: streamless. */
    const struct sarn_type *type; /* sarn_bytes_type: plain bytes. */
    struct sarn_str type_name;
    struct sarn_str payload;                    /* Encoded. */
    const struct sarn__command_result *command; /* Rides along; or NULL. */
    struct sarn_str schema_name;                /* On a SchemaRegistered; else empty. */
};

/* Where it was written. */
struct sarn__written {
    uint64_t position;
    uint64_t version;
    uint64_t stream; /* Its number. */
    struct sarn_uuid id;
    uint32_t schema; /* 0: plain bytes. */
};

/* A state at one version, encoded when it was decided. */
struct sarn__snapshot_note {
    struct sarn__snapshot_note *next;
    uint64_t stream;
    struct sarn__snapshot snapshot;
};

struct sarn__batch {
    struct sarn_arena *arena;
    struct sarn_str *records;
    uint32_t count, capacity;
    size_t bytes;
    uint64_t first;                        /* Position of records[0]. */
    int64_t time_us;                       /* Of the last record. */
    bool waited;                           /* Somebody waits for it to be durable. */
    struct sarn__snapshot_note *snapshots; /* To store once it is durable. */
};

struct sarn__undo;

struct sarn__writer {
    const struct sarn_ports *ports;
    struct sarn__store *store;
    struct sarn_random random;
    struct {
        const struct sarn_schema *schema;
        uint32_t id;
    } schemas[SARN__SCHEMAS_MAX]; /* What the engine writes, and under which number. */
    uint32_t schema_count;
    struct sarn__batch *open;      /* Being filled. */
    struct sarn__batch *in_flight; /* Being appended; NULL: none. */
    struct sarn__batch *settling; /* Durable, not yet folded into the store; or NULL. */
    struct sarn__map heads, words, types;
    struct sarn_arena *scratch;
    struct sarn__undo *undo; /* Of the unit, newest first. */
    uint64_t next_position, next_stream;
    uint32_t next_type, next_schema, next_actor, next_origin, next_projection;
    int64_t time_us; /* Of the last event written. */
    uint8_t entropy[512];
    uint32_t entropy_left;
};

SARN_MUST_USE sarn_status sarn__writer_init(struct sarn__writer *writer,
                                            const struct sarn_ports *ports,
                                            struct sarn__store *store,
                                            struct sarn_error *error);
void sarn__writer_done(struct sarn__writer *writer);

/* Types of schema are written under id; at open, before the first of them. */
SARN_MUST_USE sarn_status sarn__writer_know_schema(struct sarn__writer *writer,
                                                   const struct sarn_schema *schema,
                                                   uint32_t id,
                                                   struct sarn_error *error);

/* --- what is known, in flight included --- */

/* As sarn__store_head(). */
SARN_MUST_USE sarn_status sarn__writer_head(struct sarn__writer *writer,
                                            uint32_t tenant,
                                            struct sarn_str stream,
                                            struct sarn__head *head,
                                            struct sarn_error *error);
/* Does head satisfy expected? SARN_ERR_WRONG_EXPECTED_VERSION says what is there. */
SARN_MUST_USE sarn_status sarn__writer_expect(const struct sarn__head *head,
                                              struct sarn_str stream,
                                              int64_t expected,
                                              struct sarn_error *error);
/* Visit the records of one stream that are not folded, in order; decoded. */
SARN_MUST_USE sarn_status sarn__writer_pending(struct sarn__writer *writer,
                                               uint64_t stream,
                                               sarn__store_record_fn *visit,
                                               void *arg,
                                               struct sarn_error *error);
/* Everything up to here is durable and folded into the store. */
uint64_t sarn__writer_folded(const struct sarn__writer *writer);

/* --- writing --- */

/* A time for the next unit: now by the clock, never behind what was recorded. */
int64_t sarn__writer_now(struct sarn__writer *writer);
/* A new UUIDv7 of that time. SARN_ERR_IO: no randomness. */
SARN_MUST_USE sarn_status sarn__writer_uuid(struct sarn__writer *writer,
                                            int64_t time_us,
                                            struct sarn_uuid *id,
                                            struct sarn_error *error);

/* For what is left to chance. SARN_ERR_IO, likewise. */
SARN_MUST_USE sarn_status sarn__writer_random(struct sarn__writer *writer,
                                              uint64_t *number,
                                              struct sarn_error *error);

struct sarn__mark {
    struct sarn__snapshot_note *snapshots;
    uint32_t count;
    size_t bytes;
    struct sarn__undo *undo;
    uint64_t next_position, next_stream;
    uint32_t next_type, next_schema, next_actor, next_origin, next_projection;
};
/* Marks may be nested; a mark is dead once its batch is sealed. */
struct sarn__mark sarn__writer_mark(const struct sarn__writer *writer);
void sarn__writer_rollback(struct sarn__writer *writer, const struct sarn__mark *mark);

/* Write one event to the open batch. On failure nothing of it is there.
 * SARN_ERR_NOMEM, SARN_ERR_IO and what reading the journal answers. */
SARN_MUST_USE sarn_status sarn__writer_put(struct sarn__writer *writer,
                                           const struct sarn__meta *meta,
                                           const struct sarn__new_event *event,
                                           struct sarn__written *written,
                                           struct sarn_error *error);
/* The same for a struct of one of Sarn's own types (sarn/events.h): encodes it first.
 */
SARN_MUST_USE sarn_status sarn__writer_put_struct(struct sarn__writer *writer,
                                                  const struct sarn__meta *meta,
                                                  struct sarn_str stream,
                                                  const struct sarn_type *type,
                                                  const void *data,
                                                  struct sarn__written *written,
                                                  struct sarn_error *error);
/* Somebody waits for the open batch. */
void sarn__writer_wait(struct sarn__writer *writer);
bool sarn__writer_is_full(const struct sarn__writer *writer);

/* --- batches --- */

/* The open batch becomes the one in flight; it has records, and none is in flight. */
SARN_MUST_USE sarn_status sarn__writer_seal(struct sarn__writer *writer,
                                            struct sarn__batch **batch,
                                            struct sarn_error *error);
/* The batch in flight is durable: it is the one settling now. */
void sarn__writer_now_durable(struct sarn__writer *writer);
/* The batch settling has been folded: forget what the store knows now. */
void sarn__writer_settled(struct sarn__writer *writer);
/* The append failed: forget everything that is not folded, the open batch too. None is
 * settling. */
void sarn__writer_forget(struct sarn__writer *writer);
void sarn__batch_destroy(struct sarn__batch *batch);

#endif
