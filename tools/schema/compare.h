/* compare.h - may a schema take the place of an older one? */
#ifndef SARN_TOOLS_SCHEMA_COMPARE_H
#define SARN_TOOLS_SCHEMA_COMPARE_H

#include <stdio.h>

#include "infra/flatbuffers/loader.h"

/* Write a line to out for everything in newer that breaks what older promised: stored
 * payloads must keep their meaning, and JSON and code that name them must go on
 * working. Added types, fields and enum values are fine, and so is deprecating a field
 * that is not required. Both are loaded with SARN__LOAD_DEPRECATED. Answers the number
 * of lines. */
uint32_t compare_schemas(const struct sarn__loaded *older,
                         const struct sarn__loaded *newer,
                         FILE *out);

#endif
