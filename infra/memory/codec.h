/* codec.h - the codec port in plain C, with a layout of its own: for tests, and to keep
 * the port honest.
 *
 *     payload := its size u32, table
 *     table   := { id u16, size u32, value }          in order of id; absent ones are
 * left out value  := scalar | struct: its scalars | text, bytes | table | vector vector
 * := count u32 { size u32, value }
 *
 * Numbers are as the machine has them: these bytes stay on it.
 * load_schema is not served: SARN_ERR_SCHEMA.
 */
#ifndef SARN_MEMORY_CODEC_H
#define SARN_MEMORY_CODEC_H

#include "ports/codec.h"

/* Has no state: any number of copies are one. */
struct sarn_codec sarn__memory_codec(void);

/* The reading half, in codec_read.c. A NULL value only checks. */
sarn_status sarn__memory_read(const struct sarn_type *type,
                              struct sarn_str bytes,
                              void *value,
                              struct sarn_arena *arena,
                              struct sarn_error *error);

#endif
