/* schema.h - descriptors of the structs that events, commands, states, rows, inputs and
 * outputs are made of.
 *
 * Nobody writes these by hand: sarn-schema turns a .fbs (through flatc's .bfbs) into
 * plain C structs and these tables, and sarn_add_schema() in CMake runs it. The codec
 * encodes and decodes any described struct as FlatBuffers; the same tables drive JSON,
 * deep copies and schema comparison. Descriptors are constant and may be read by any
 * thread.
 *
 * How a .fbs becomes a struct (namespace payments, table AccountOpened): struct
 * payments_account_opened, descriptor payments_account_opened_type, and the schema
 * payments_schema, in payments_schema.h and payments_schema.c. Its fields:
 *
 * - scalar: the C type of its width (int64_t, uint8_t, bool, double).
 * - enum: its underlying type; the values are PAYMENTS_CURRENCY_CZK and so on.
 * - string, [ubyte]: struct sarn_str; {NULL, 0} is absent.
 * - struct: embedded.
 * - table: const struct x *; NULL is absent.
 * - [T]: struct { const T *data; uint32_t size; }. Of tables, data is an array of
 *   structs; of strings, of struct sarn_str. Empty and absent are one, and a (required)
 *   vector may be empty.
 *
 * A deprecated field has no member. A name that is a word of C or C++ has a '_' behind
 * it. Tables get a role by attribute: (event) (command) (state) (row) (input) (output).
 */
#ifndef SARN_SCHEMA_H
#define SARN_SCHEMA_H

#include "sarn/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum sarn_kind {
    SARN_KIND_BOOL = 1,
    SARN_KIND_I8,
    SARN_KIND_U8,
    SARN_KIND_I16,
    SARN_KIND_U16,
    SARN_KIND_I32,
    SARN_KIND_U32,
    SARN_KIND_I64,
    SARN_KIND_U64,
    SARN_KIND_F32,
    SARN_KIND_F64,
    SARN_KIND_STRING, /* struct sarn_str, UTF-8 */
    SARN_KIND_BYTES,  /* struct sarn_str, from [ubyte] */
    SARN_KIND_STRUCT, /* embedded, fixed layout */
    SARN_KIND_TABLE   /* pointer */
};

/* How deep tables may lie in tables: deeper values are refused wherever they come from.
 */
#define SARN_DEPTH_MAX 64u

/* Bits of sarn_field.flags. */
#define SARN_FIELD_VECTOR     1u
#define SARN_FIELD_REQUIRED   2u
#define SARN_FIELD_DEPRECATED 4u

enum sarn_role {
    SARN_ROLE_NONE,
    SARN_ROLE_EVENT,
    SARN_ROLE_COMMAND,
    SARN_ROLE_STATE,
    SARN_ROLE_ROW,
    SARN_ROLE_INPUT,
    SARN_ROLE_OUTPUT
};

/* The C layout of any vector field. */
struct sarn_vector {
    const void *data;
    uint32_t size; /* In elements. */
};

struct sarn_enum_value {
    const char *name;
    int64_t value; /* An unsigned 64-bit value is stored as its bits. */
};

struct sarn_enum {
    const char *name; /* "payments.Currency" */
    uint32_t value_count;
    const struct sarn_enum_value *values;
};

struct sarn_type;

struct sarn_field {
    const char *name;
    uint16_t id;                  /* FlatBuffers field id; in a struct, its index. */
    uint8_t kind;                 /* enum sarn_kind: of the element when a vector. */
    uint8_t flags;                /* SARN_FIELD_x */
    uint32_t offset;              /* In the C struct. */
    uint32_t wire_offset;         /* In a FlatBuffers struct; 0 in a table. */
    const struct sarn_type *type; /* STRUCT and TABLE; else NULL. */
    const struct sarn_enum *enumeration; /* An integer that is an enum; else NULL. */
    int64_t default_integer;
    double default_real;
};

struct sarn_schema;

struct sarn_type {
    const char *name;   /* "payments.AccountOpened" */
    uint32_t size;      /* sizeof the C struct. */
    uint32_t align;     /* Its alignment. */
    uint32_t wire_size; /* Of a FlatBuffers struct; 0: a table. */
    uint8_t role;       /* enum sarn_role */
    uint8_t reserved[3];
    uint32_t field_count;
    const struct sarn_field *fields; /* In order of id. */
    const struct sarn_schema *schema;
};

/* One .fbs: everything reachable from it, and its binary form for the data file. */
struct sarn_schema {
    const char *name; /* "payments" */
    const struct sarn_type *const *types;
    uint32_t type_count;
    uint32_t bfbs_size;
    const uint8_t *bfbs;
};

/* The built-in type of a payload that is just bytes: its struct is a struct sarn_str,
 * described as one field of kind BYTES. It belongs to no schema (NULL). An event of it
 * carries its own type name (see sarn_emit_bytes). */
SARN_API extern const struct sarn_type sarn_bytes_type;

/* The type called name in schema, or NULL. [any thread] */
SARN_API const struct sarn_type *sarn_schema_type(const struct sarn_schema *schema,
                                                  struct sarn_str name);

/* A deep copy of a described struct: *to (type->size bytes) owns nothing of from;
 * strings, vectors and tables are in arena. Failing leaves *to alone: SARN_ERR_NOMEM;
 * SARN_ERR_TOO_LARGE: tables nested over SARN_DEPTH_MAX. [any thread] */
SARN_API SARN_MUST_USE sarn_status sarn_type_copy(const struct sarn_type *type,
                                                  const void *from,
                                                  void *to,
                                                  struct sarn_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
