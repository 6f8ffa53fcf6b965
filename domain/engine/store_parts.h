/* store_parts.h - inside the store: its rows as they are stored, and the parts of the
 * fold.
 *
 * Numbers in keys are big-endian, so that their bytes compare as they do; in values
 * they are little-endian, as everywhere. docs/format.md has the same tables.
 */
#ifndef SARN_ENGINE_STORE_PARTS_H
#define SARN_ENGINE_STORE_PARTS_H

#include "engine/store.h"

/* --- keys --- */

struct sarn__row_key {
    uint32_t size;
    char bytes[SARN__TABLE_KEY_BYTES_MAX];
};

/* Append to a key, which has room: asserted. */
void sarn__key_u8(struct sarn__row_key *key, uint8_t value);
void sarn__key_u32(struct sarn__row_key *key, uint32_t value);
void sarn__key_u64(struct sarn__row_key *key, uint64_t value);
void sarn__key_text(struct sarn__row_key *key, struct sarn_str text);
struct sarn_str sarn__key_str(const struct sarn__row_key *key);
/* A big-endian number at the beginning of a stored key. */
uint32_t sarn__key_get_u32(const char *bytes);
uint64_t sarn__key_get_u64(const char *bytes);

/* The key that is just a number. */
struct sarn__row_key sarn__number_key(uint64_t number);
/* Tenant and text: NAMES, KEYS. */
struct sarn__row_key sarn__tenant_key(uint32_t tenant, struct sarn_str text);

/* --- streams --- */

/* STREAMS: number -> 0 u64 version, 8 u64 first_version, 16 u32 tenant, 20 u8 flags
 * (1: deleted), 21 three zero bytes, 24 the name. The row's position is that of the
 * stream's last event. */
#define SARN__STREAM_FIXED_BYTES 24u
#define SARN__STREAM_DELETED     1u

struct sarn__stream_row {
    struct sarn__head head;
    uint32_t tenant;
    struct sarn_str name; /* In the row. */
};
/* SARN_ERR_CORRUPT: the row is too short. */
SARN_MUST_USE sarn_status sarn__stream_unpack(uint64_t number,
                                              const struct sarn__row_view *view,
                                              struct sarn__stream_row *stream,
                                              struct sarn_error *error);

/* ANCHORS: number, version -> nothing; the row's position is the event's. Every version
 * that ends a run of this many has one. */
#define SARN__ANCHOR_RUN 64u
struct sarn__row_key sarn__anchor_key(uint64_t number, uint64_t version);

/* CATEGORIES: u32 tenant, category, 0, u64 block -> a bit for each position of the
 * block, the first one being bit 0 of byte 0. */
#define SARN__BLOCK_POSITIONS 4096u
#define SARN__BLOCK_BYTES     (SARN__BLOCK_POSITIONS / 8u)
struct sarn__row_key
sarn__block_key(uint32_t tenant, struct sarn_str category, uint64_t block);

/* DEFINITIONS: workflow name, u64 fingerprint -> nothing; the row's position is the
 * event's. */
struct sarn__row_key sarn__definition_key(struct sarn_str workflow,
                                          uint64_t fingerprint);

/* --- the fold --- */

/* Sarn's own events that the store folds. */
enum sarn__core {
    SARN__CORE_NONE,
    SARN__CORE_EPOCH_BEGAN,
    SARN__CORE_SCHEMA_REGISTERED,
    SARN__CORE_PROJECTION_REGISTERED,
    SARN__CORE_METADATA_SET,
    SARN__CORE_STREAM_DELETED,
    SARN__CORE_WORKFLOW_REGISTERED,
    /* From here on of an execution or a schedule; what they are to its sleep: */
    SARN__CORE_EXECUTION_STARTED,
    SARN__CORE_EXECUTION_GOES_ON, /* Awake, also where it was parked or over. */
    SARN__CORE_EXECUTION_TOLD,    /* Awake, where it slept. */
    SARN__CORE_EXECUTION_SLEPT,
    SARN__CORE_EXECUTION_ENDED /* Or parked. */
};

/* One record on its way into the store. What is counted is taken over only when all of
 * the record is folded, so that a fold that ran out of memory can be repeated. */
struct sarn__fold {
    struct sarn__store *store;
    const struct sarn__record *record;
    struct sarn_error *error;
    enum sarn__core core;
    /* The record is new to the numbers below. When it is not, they have seen it and
     * what came after it. Schemas are counted exactly, though: see load_schemas. */
    bool counts;
    uint64_t epoch, next_stream;
    uint32_t next_type, next_schema, next_actor, next_origin, next_projection;
};

/* A contradiction: SARN_ERR_CORRUPT, with the position and a sentence. */
SARN_MUST_USE sarn_status sarn__fold_corrupt(const struct sarn__fold *fold,
                                             const char *format,
                                             ...) SARN_PRINTF(2, 3);

SARN_MUST_USE sarn_status sarn__fold_words(struct sarn__fold *fold);
/* The record's stream: head, name, anchor, category. */
SARN_MUST_USE sarn_status sarn__fold_stream(struct sarn__fold *fold);
/* The record's bit in its block. */
SARN_MUST_USE sarn_status sarn__fold_category(struct sarn__fold *fold,
                                              const struct sarn__row_key *block);
SARN_MUST_USE sarn_status sarn__fold_command(struct sarn__fold *fold);
/* Is a core event in a stream, or in none, as its type asks? */
SARN_MUST_USE sarn_status sarn__fold_core_place(const struct sarn__fold *fold);
SARN_MUST_USE sarn_status sarn__fold_core(struct sarn__fold *fold);
/* An event of an execution or a schedule: who is awake, and until when the others
 * sleep. (store_executions.c) */
SARN_MUST_USE sarn_status sarn__fold_execution(struct sarn__fold *fold);
SARN_MUST_USE sarn_status sarn__fold_counts(struct sarn__fold *fold);

/* The payload of a core event's record as a struct of type, in the store's scratch. */
SARN_MUST_USE sarn_status sarn__core_decode(struct sarn__store *store,
                                            const struct sarn__record *record,
                                            const struct sarn_type *type,
                                            void *value,
                                            struct sarn_error *error);

/* What the records of type id are to the store. */
enum sarn__core sarn__core_kind(const struct sarn__store *store, uint32_t type);
/* The type id was given to name. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__core_note(struct sarn__store *store,
                                          uint32_t type,
                                          struct sarn_str name);

/* Read the numbers and the core's types from the tables, as of through. */
SARN_MUST_USE sarn_status sarn__store_load(struct sarn__store *store,
                                           uint64_t through,
                                           struct sarn_error *error);

#endif
