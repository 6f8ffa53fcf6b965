/* json.h - the port to JSON: described structs to text and back.
 *
 * Enums are written by name; 64-bit integers as numbers; bytes as base64 text; absent
 * strings, tables and empty vectors are left out; unknown members are an error, where
 * it is not said that they are skipped.
 *
 * Ownership: results are in the arena handed in.
 * Threads:   any.
 */
#ifndef SARN_PORTS_JSON_H
#define SARN_PORTS_JSON_H

#include "sarn/schema.h"

struct sarn_json_ops {
    /* value, a struct of type, as one line of JSON. */
    sarn_status (*write)(void *self,
                         const struct sarn_type *type,
                         const void *value,
                         struct sarn_arena *arena,
                         struct sarn_str *json,
                         struct sarn_error *error);
    /* SARN_ERR_SCHEMA: names the member and what is wrong with it. */
    sarn_status (*read)(void *self,
                        const struct sarn_type *type,
                        struct sarn_str json,
                        void *value,
                        struct sarn_arena *arena,
                        struct sarn_error *error);
    /* read, of text that holds more than is wanted: members that type has not are
     * skipped, whatever is in them. type is not that of plain bytes. */
    sarn_status (*pick)(void *self,
                        const struct sarn_type *type,
                        struct sarn_str json,
                        void *value,
                        struct sarn_arena *arena,
                        struct sarn_error *error);
};

struct sarn_json {
    const struct sarn_json_ops *ops;
    void *self;
};

#endif
