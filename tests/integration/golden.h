/* golden.h - schemas/golden/: payloads that every later version must read.
 *
 * For each table that payloads are made of, TYPE.N.bin as it was once written and
 * TYPE.N.json with what it means; N counts from 1, and rises when the table gains
 * fields.
 */
#ifndef SARN_TESTS_GOLDEN_H
#define SARN_TESTS_GOLDEN_H

#include "sarn/schema.h"

#define GOLDEN_SCHEMAS_MAX 8u
#define GOLDEN_PATH_BYTES  512u

/* The schemas of schemas/, NULL at the end. */
extern const struct sarn_schema *const golden_schemas[GOLDEN_SCHEMAS_MAX];

/* Do payloads of type lie in a log? */
bool golden_covers(const struct sarn_type *type);
/* The path of file N of type, with ext "bin" or "json". */
void golden_path(const char *folder,
                 const struct sarn_type *type,
                 unsigned number,
                 const char *ext,
                 char path[GOLDEN_PATH_BYTES]);
/* The file's bytes in arena; false: there is none. */
bool golden_read(const char *path, struct sarn_arena *arena, struct sarn_str *bytes);

#endif
