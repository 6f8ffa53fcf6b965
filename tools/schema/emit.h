/* emit.h - a loaded schema as C text. */
#ifndef SARN_TOOLS_SCHEMA_EMIT_H
#define SARN_TOOLS_SCHEMA_EMIT_H

#include <stdio.h>

#include "infra/flatbuffers/loader.h"

struct emission {
    const struct sarn__loaded *loaded;
    const char *name;   /* Of the schema. */
    const char *header; /* As it is included: "payments_schema.h". */
    const char *source; /* Where it comes from: "payments.fbs". */
};

/* Is this declared in the .fbs itself, not in one that it includes? */
bool is_own(const struct emission *emission, const char *declaration_file);

/* Write errors are left in the stream for the caller to check. */
SARN_MUST_USE sarn_status emit_header(FILE *out, const struct emission *emission);
void emit_source(FILE *out, const struct emission *emission);

#endif
