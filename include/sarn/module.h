/* module.h - how a business domain is told to Sarn: aggregates, projections, workflows.
 *
 * A module is constant data and pure functions: no I/O, no clock, no allocation but
 * from the arena handed in, no state of its own. That is what makes replay give the
 * same answer anywhere. All functions here run on the dispatch thread; pointers handed
 * to them die when they return.
 */
#ifndef SARN_MODULE_H
#define SARN_MODULE_H

#include "sarn/schema.h"
#include "sarn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Expected versions: an exact version is >= 0. */
#define SARN_ANY           INT64_C(-1) /* No check. */
#define SARN_NO_STREAM     INT64_C(-2) /* The stream has no events (or was deleted). */
#define SARN_STREAM_EXISTS INT64_C(-3) /* It has. */

/* An event as handlers see it. */
struct sarn_event {
    uint64_t position;            /* In the log, from 1; 0: not yet appended. */
    uint64_t version;             /* In its stream, from 0. */
    struct sarn_str stream;       /* Empty: a streamless core event. */
    struct sarn_str type_name;    /* "payments.AccountOpened" */
    const struct sarn_type *type; /* NULL: not known here; read payload. */
    const void *data;             /* The struct of type; NULL when type is. */
    struct sarn_str payload;      /* As stored. */
    struct sarn_uuid id, correlation_id, causation_id;
    int64_t time_us;
    uint32_t tenant;
    uint32_t schema_id; /* Stored schema of the payload; 0: plain bytes. */
    struct sarn_str actor, origin;
};

/* A command as an aggregate sees it. */
struct sarn_command_view {
    struct sarn_str stream;
    const struct sarn_type *type;
    const void *data;
    int64_t now_us;        /* The one reading of the clock for this command. */
    uint64_t next_version; /* 0: the stream has no events yet. */
    uint32_t tenant;
    struct sarn_str actor, origin;
    int64_t base_version; /* What the author had seen; SARN_ANY: not said. */
};

/* --- aggregates --- */

/* Collects what decide answers. */
struct sarn_decision;

/* Answer with an event; it is encoded before the call returns.
 * SARN_ERR_SCHEMA, SARN_ERR_TOO_LARGE, SARN_ERR_NOMEM: return it from decide. */
SARN_API SARN_MUST_USE sarn_status sarn_emit(struct sarn_decision *decision,
                                             const struct sarn_type *type,
                                             const void *event);
/* The same for a payload of plain bytes under a type name of your own. */
SARN_API SARN_MUST_USE sarn_status sarn_emit_bytes(struct sarn_decision *decision,
                                                   const char *type_name,
                                                   struct sarn_str payload);
/* Refuse the command with a sentence; always SARN_ERR_REJECTED, to be returned from
 * decide. Events emitted before are dropped. */
SARN_API SARN_MUST_USE sarn_status sarn_reject(struct sarn_decision *decision,
                                               const char *format,
                                               ...) SARN_PRINTF(2, 3);

/* Something that decides: one stream each, all in one category. */
struct sarn_aggregate {
    const char *category;          /* "account"; no '-', unique in the engine. */
    uint32_t apply_version;        /* Raise it when apply changes meaning. */
    uint32_t snapshot_every;       /* Events between snapshots; 0: none. */
    const struct sarn_type *state; /* All zero is the state before the first event. */
    /* Which events does command lead to? Emit them or reject; no events is fine.
     * state is not changed. */
    sarn_status (*decide)(const void *state,
                          const struct sarn_command_view *command,
                          struct sarn_decision *decision);
    /* Fold one event into state; strings kept in state are copied to arena, which lives
     * as long as it. SARN_ERR_CORRUPT: the event cannot follow; state is untouched. */
    sarn_status (*apply)(void *state,
                         const struct sarn_event *event,
                         struct sarn_arena *arena);
    const struct sarn_type *const *commands; /* What decide takes. */
    uint32_t command_count;
    uint32_t event_count;
    const struct sarn_type *const *events; /* What apply takes. */
};

/* --- projections --- */

/* An ordered key under construction; keys compare as bytes. */
struct sarn_key {
    uint32_t size;
    uint8_t bytes[SARN_ROW_KEY_BYTES_MAX];
};

/* Append a part such that byte order is the order of the values. Text is terminated
 * with two zero bytes (a NUL inside becomes 00 FF), so that parts can follow each
 * other. SARN_ERR_TOO_LARGE: key is full, and unchanged. [any thread] */
SARN_API SARN_MUST_USE sarn_status sarn_key_add_u64(struct sarn_key *key,
                                                    uint64_t value);
SARN_API SARN_MUST_USE sarn_status sarn_key_add_i64(struct sarn_key *key,
                                                    int64_t value);
SARN_API SARN_MUST_USE sarn_status sarn_key_add_text(struct sarn_key *key,
                                                     struct sarn_str text);

/* Collects the keys of the rows that an event touches. */
struct sarn_keys;
/* SARN_ERR_TOO_LARGE: over 64 rows for one event. */
SARN_API SARN_MUST_USE sarn_status sarn_keys_add(struct sarn_keys *keys,
                                                 const struct sarn_key *key);

/* One row while an event is folded into it. */
struct sarn_row {
    struct sarn_str key;
    void *data;   /* The projection's row struct; all zero when there was none. */
    bool existed; /* There was a row. */
    bool remove;  /* Set it: the row goes. */
    struct sarn_arena *arena; /* For what data points to; dies after the fold. */
};

/* A second way to find rows: sorted by a key computed from the row. */
struct sarn_index {
    const char *name;
    /* Fill key from row; leaving it empty keeps the row out of the index. */
    sarn_status (*key)(const void *row, struct sarn_key *key);
};

enum sarn_projection_mode {
    SARN_INLINE, /* Folded with the commit: a reply sees it. */
    SARN_ASYNC   /* Folded soon after, in batches, behind a checkpoint. */
};

struct sarn_projection {
    const char *name; /* Unique in the engine. */
    uint32_t version; /* Raise it when rows must be rebuilt. */
    uint32_t mode;    /* enum sarn_projection_mode */
    const struct sarn_type *row;
    /* Which rows does event touch? None is fine. */
    sarn_status (*keys)(const struct sarn_event *event, struct sarn_keys *keys);
    /* Fold event into one of those rows. */
    sarn_status (*apply)(struct sarn_row *row, const struct sarn_event *event);
    const struct sarn_type *const *events; /* What it wants to see. */
    uint32_t event_count;
    uint32_t index_count;
    const struct sarn_index *indexes;
};

/* --- upcasters --- */

/* Turns an old payload into a newer one when it is read; the log keeps the old. */
struct sarn_upcaster {
    const char *from_type;        /* Type name as stored. */
    const struct sarn_type *from; /* Its struct. */
    const struct sarn_type *to;
    sarn_status (*upcast)(const void *from, void *to, struct sarn_arena *arena);
};

/* --- module --- */

#define SARN_MODULE_ABI 2u

struct sarn_workflow; /* workflow.h */

struct sarn_module {
    uint32_t abi;         /* SARN_MODULE_ABI as the module was compiled. */
    uint32_t struct_size; /* sizeof(struct sarn_module), likewise. */
    const char *name;
    const char *version;
    const struct sarn_aggregate *const *aggregates;
    const struct sarn_projection *const *projections;
    const struct sarn_workflow *const *workflows;
    const struct sarn_upcaster *const *upcasters;
    uint32_t aggregate_count;
    uint32_t projection_count;
    uint32_t workflow_count;
    uint32_t upcaster_count;
    /* --- ABI 2 ends here --- */
};

/* What a module in a shared object exports (sarn --module x.so). */
typedef const struct sarn_module *sarn_module_entry_fn(void);
#define SARN_MODULE_ENTRY "sarn_module_entry"

#ifdef __cplusplus
}
#endif
#endif
