/* scribe.h - a log written by hand, record by record, over the memory journal: for
 * tests of what is folded from it.
 *
 * The scribe numbers streams, types, actors and origins as the engine's writer does,
 * and keeps an account of its own of where each stream stands.
 */
#ifndef SARN_TESTS_SUPPORT_SCRIBE_H
#define SARN_TESTS_SUPPORT_SCRIBE_H

#include "engine/record.h"
#include "infra/memory/journal.h"
#include "ports/ports.h"
#include "sarn/schema.h"

#define SCRIBE_STREAMS_MAX 512u
#define SCRIBE_NAMES_MAX   64u
#define SCRIBE_NAME_BYTES  64u

struct scribe_stream {
    char name[SCRIBE_NAME_BYTES];
    uint32_t tenant;
    bool deleted;
    uint64_t version, last_position, first_version;
};

struct scribe_name {
    char text[SCRIBE_NAME_BYTES];
    uint32_t scope;
};

/* One event to write; only type is needed. */
struct scribe_event {
    const char *stream; /* NULL: streamless. */
    uint32_t tenant;
    uint32_t schema;
    const char *type;
    const char *actor, *origin, *schema_name;
    const char *text;      /* The payload, as plain bytes; or */
    struct sarn_str bytes; /* these bytes, of this codec; or */
    uint16_t codec;
    const struct sarn_type *struct_type; /* a struct, */
    const void *value;                   /* encoded. */
    const char *key;                     /* Settles a command. */
    sarn_status status;                  /* Of that. */
    const char *status_text;
    int64_t time_us; /* 0: the position. */
    /* Lies, to see them found out: added to the right value. */
    int64_t version_off, previous_off, stream_off, type_off;
    bool unnamed; /* Names nothing. */
};

struct scribe {
    struct sarn__memory_store *store;
    struct sarn_ports ports; /* The owner's. */
    struct sarn_arena *arena;
    uint64_t position, epoch;
    /* By number - 1. */
    struct scribe_stream streams[SCRIBE_STREAMS_MAX];
    struct scribe_name types[SCRIBE_NAMES_MAX], actors[SCRIBE_NAMES_MAX],
        origins[SCRIBE_NAMES_MAX];
    uint32_t stream_count, type_count, actor_count, origin_count, schema_count;
};

/* Begins with an empty log. */
void scribe_init(struct scribe *scribe);
void scribe_done(struct scribe *scribe);

/* Append one event as a commit of its own. Returns its position. */
uint64_t scribe_write(struct scribe *scribe, const struct scribe_event *event);
/* The power goes, and the owner comes back. */
void scribe_crash(struct scribe *scribe);
/* The stream's account, or NULL. */
struct scribe_stream *
scribe_stream(struct scribe *scribe, uint32_t tenant, const char *name);

/* Ports like the owner's over a journal that only reads. */
struct sarn_ports scribe_reader(struct scribe *scribe);

#endif
