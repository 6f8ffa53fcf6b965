/* names.h - what the things of a .fbs are called in C.
 *
 * payments.AccountOpened -> payments_account_opened; its enum values
 * PAYMENTS_CURRENCY_CZK; fields keep their names. A word that C or C++ keeps for itself
 * gets a '_' behind it.
 */
#ifndef SARN_TOOLS_SCHEMA_NAMES_H
#define SARN_TOOLS_SCHEMA_NAMES_H

#include "infra/flatbuffers/loader.h"

#define C_NAME_BYTES                                                                   \
    1024u /* Of the longest schema name, with every '_', and a NUL.                    \
           */

struct c_name {
    char text[C_NAME_BYTES];
};

/* The tag of a type or an enum, from its full name. */
struct c_name c_tag(const char *full_name);
/* A member of a struct. */
struct c_name c_member(const char *field_name);
/* The constant of an enum's value. */
struct c_name c_constant(const char *enum_name, const char *value_name);
/* The include guard of a header. */
struct c_name c_guard(const char *header);

/* SARN_ERR_SCHEMA: two names of the schema are one in C; says which. */
SARN_MUST_USE sarn_status check_c_names(const struct sarn__loaded *loaded,
                                        struct sarn_error *error);

#endif
