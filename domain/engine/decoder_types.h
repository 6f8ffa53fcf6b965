/* decoder_types.h - what records of a type id decode to: found once, then remembered by
 * id. The decoder's own; see decoder.h.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_DECODER_TYPES_H
#define SARN_ENGINE_DECODER_TYPES_H

#include "engine/registry.h"
#include "engine/store.h"

/* How to decode the payloads of one type id. */
struct sarn__resolved {
    bool known;
    bool verify; /* Written under another schema than the one it is read by. */
    uint32_t schema;
    struct sarn_str name;         /* As stored. */
    struct sarn_str shown;        /* After upcasting. */
    const struct sarn_type *from; /* To decode by; NULL: raw. */
    const struct sarn_type *to;   /* The event's. */
    const struct sarn_upcaster *upcaster;
};

/* One stored schema. */
struct sarn__loaded {
    bool known;
    bool registered;                  /* schema is one of the registry's. */
    const struct sarn_schema *schema; /* NULL: it does not check. */
};

struct sarn__decoder_types {
    struct sarn__store *store;
    const struct sarn__registry *registry;
    struct sarn_arena *arena;     /* Type names, loaded schemas: for good. */
    struct sarn__resolved *types; /* By type id. */
    struct sarn__loaded *schemas; /* By schema id. */
    uint32_t type_room, schema_room;
};

SARN_MUST_USE sarn_status
sarn__decoder_types_init(struct sarn__decoder_types *types,
                         struct sarn__store *store,
                         const struct sarn__registry *registry,
                         struct sarn_error *error);
void sarn__decoder_types_done(struct sarn__decoder_types *types);

/* *schema is NULL where none is stored under id, or it does not check. */
SARN_MUST_USE sarn_status sarn__decoder_types_schema(struct sarn__decoder_types *types,
                                                     uint32_t id,
                                                     const struct sarn_schema **schema,
                                                     struct sarn_error *error);
/* What type_id stands for; valid until the next call. SARN_ERR_CORRUPT: no folded event
 * gave it a name. */
SARN_MUST_USE sarn_status
sarn__decoder_types_resolve(struct sarn__decoder_types *types,
                            uint32_t type_id,
                            const struct sarn__resolved **resolved,
                            struct sarn_error *error);
/* Fill in a type of which name and schema are set; nothing is remembered. */
SARN_MUST_USE sarn_status
sarn__decoder_types_resolve_name(struct sarn__decoder_types *types,
                                 struct sarn__resolved *resolved,
                                 struct sarn_error *error);

#endif
