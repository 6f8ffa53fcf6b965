/* json.h - the JSON port over yajl.
 *
 * Beyond the port: enums without a name for their number are that number; reals that
 * JSON has no number for are "NaN", "Infinity" and "-Infinity"; null is an absent
 * member; plain bytes (sarn_bytes_type) are one base64 text. Lists and objects may lie
 * 128 deep, and what is skipped as deep again.
 */
#ifndef SARN_YAJL_JSON_H
#define SARN_YAJL_JSON_H

#include "ports/json.h"

/* Has no state: any number of copies are one. */
struct sarn_json sarn__yajl_json(void);

/* The two directions, and reading what is wanted; see the port. */
sarn_status sarn__yajl_write(const struct sarn_type *type,
                             const void *value,
                             struct sarn_arena *arena,
                             struct sarn_str *json,
                             struct sarn_error *error);
sarn_status sarn__yajl_read(const struct sarn_type *type,
                            struct sarn_str json,
                            void *value,
                            struct sarn_arena *arena,
                            struct sarn_error *error);
sarn_status sarn__yajl_pick(const struct sarn_type *type,
                            struct sarn_str json,
                            void *value,
                            struct sarn_arena *arena,
                            struct sarn_error *error);

#endif
