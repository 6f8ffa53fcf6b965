/* codec.h - the port to the payload format: described structs to bytes and back.
 *
 * sarn_bytes_type is served by every codec: its bytes are the payload.
 *
 * Ownership: results are in the arena handed in; strings of a decoded struct point into
 *            the bytes that were decoded, vectors of strings and tables into the arena.
 * Threads:   every method from any thread at once.
 */
#ifndef SARN_PORTS_CODEC_H
#define SARN_PORTS_CODEC_H

#include "sarn/schema.h"

#define SARN__CODEC_BYTES       0u /* record header: codec */
#define SARN__CODEC_FLATBUFFERS 1u
#define SARN__CODEC_MEMORY      2u

/* What a payload may come to once it is decoded. A small payload can name one table
 * many times; without a limit it could fill the memory of whoever decodes it. */
#define SARN__DECODED_BYTES_MAX (16u * SARN_PAYLOAD_BYTES_MAX)

struct sarn_codec_ops {
    uint16_t id; /* SARN__CODEC_x, stored with each payload. */
    /* Encode value, a struct of type. The same value gives the same bytes.
     * SARN_ERR_SCHEMA: a required field is absent, text is not UTF-8: names the field.
     * SARN_ERR_TOO_LARGE: over SARN_PAYLOAD_BYTES_MAX, SARN__DECODED_BYTES_MAX or
     * SARN_DEPTH_MAX. SARN_ERR_NOMEM. *bytes is aligned to 8. */
    sarn_status (*encode)(void *self,
                          const struct sarn_type *type,
                          const void *value,
                          struct sarn_arena *arena,
                          struct sarn_str *bytes,
                          struct sarn_error *error);
    /* Check bytes from an untrusted source, aligned to 8, against type: what passes
     * can be decoded safely, within the limits of encode. SARN_ERR_CORRUPT. */
    sarn_status (*verify)(void *self,
                          const struct sarn_type *type,
                          struct sarn_str bytes,
                          struct sarn_error *error);
    /* Decode bytes that this codec encoded or verified, aligned to 8, into *value,
     * whose padding becomes zero too. SARN_ERR_NOMEM leaves *value all zero. */
    sarn_status (*decode)(void *self,
                          const struct sarn_type *type,
                          struct sarn_str bytes,
                          void *value,
                          struct sarn_arena *arena,
                          struct sarn_error *error);
    /* Build descriptors from a stored .bfbs, which is hostile until this has checked
     * it; everything in arena. SARN_ERR_CORRUPT: not a schema, or one that contradicts
     * itself. SARN_ERR_SCHEMA: uses what Sarn does not serve: names the field. */
    sarn_status (*load_schema)(void *self,
                               struct sarn_str name,
                               struct sarn_str bfbs,
                               struct sarn_arena *arena,
                               const struct sarn_schema **schema,
                               struct sarn_error *error);
};

struct sarn_codec {
    const struct sarn_codec_ops *ops;
    void *self;
};

#endif
