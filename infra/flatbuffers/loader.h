/* loader.h - a .bfbs to descriptors: the one reader of binary schemas, shared by the
 * codec (schemas stored in a log) and by sarn-schema (schemas being compiled).
 *
 * A stored .bfbs is hostile until it is checked, and FlatBuffers' own check of it does
 * not look at indexes, offsets, types and names. Here every one of them is checked
 * before it is used; what contradicts itself is SARN_ERR_CORRUPT, what Sarn does not
 * serve is SARN_ERR_SCHEMA and names the field.
 *
 * Ownership: everything loaded is in the arena, the copy of the .bfbs included.
 * Threads:   any.
 */
#ifndef SARN_FLATBUFFERS_LOADER_H
#define SARN_FLATBUFFERS_LOADER_H

#include "sarn/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keep deprecated fields: flagged SARN_FIELD_DEPRECATED, with no place in the C struct.
 * Without it they are left out, and their ids stay unused. */
#define SARN__LOAD_DEPRECATED 1u

/* A schema and what its descriptors have no room for. */
struct sarn__loaded {
    const struct sarn_schema *schema;
    const struct sarn_enum
        *enums;                /* Of the whole schema, used or not, in name order. */
    const uint8_t *enum_kinds; /* enum sarn_kind of each. */
    const char *const *enum_files; /* Where each is declared ("//money.fbs"), or "". */
    const char *const *type_files; /* The same for each of schema->types. */
    uint32_t enum_count;
};

/* Load bfbs as the schema called name. */
SARN_MUST_USE sarn_status sarn__schema_load(struct sarn_str name,
                                            struct sarn_str bfbs,
                                            uint32_t flags,
                                            struct sarn_arena *arena,
                                            struct sarn__loaded *loaded,
                                            struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
