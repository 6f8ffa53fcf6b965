/* execution_rows.h - Sarn's own read models: what executions there are, and how many.
 *
 * Inline projections that every engine and log has. A row is the latest run of an id;
 * counts are of ids, by the status of their latest run. Everything is told by the
 * events alone, which say what the status was (sarn.fbs).
 *
 * Executions are found by state: tenant, workflow, status, fingerprint, and then in
 * order of when they were started; a question that leaves some of these open merges
 * what it finds under each (execution_search.h). One entry for each execution is all
 * that this costs. And they are found by attribute: tenant, hash of name and value,
 * started; an entry for each attribute.
 *
 * Pure.
 */
#ifndef SARN_ENGINE_EXECUTION_ROWS_H
#define SARN_ENGINE_EXECUTION_ROWS_H

#include "sarn/module.h"

#define SARN__EXECUTIONS_NAME "sarn.executions"
#define SARN__COUNTS_NAME     "sarn.execution_counts"
#define SARN__BY_STATE        0u /* The numbers of the indexes. */
#define SARN__BY_ATTRIBUTE    1u
#define SARN__CORE_ROWS_COUNT 2u

extern const struct sarn_projection
    *const sarn__core_projections[SARN__CORE_ROWS_COUNT];

/* The key of an execution's row. */
SARN_MUST_USE sarn_status sarn__execution_row_key(uint32_t tenant,
                                                  struct sarn_str stream,
                                                  struct sarn_key *key);
/* What index keys begin with; parts that follow one another may be left away from the
 * end: an empty workflow, status 0, fingerprint NULL. */
SARN_MUST_USE sarn_status sarn__state_key(uint32_t tenant,
                                          struct sarn_str workflow,
                                          uint32_t status,
                                          const uint64_t *fingerprint,
                                          struct sarn_key *key);
/* Read the parts of a whole index key back; workflow points into key.
 * SARN_ERR_CORRUPT: it is none. */
SARN_MUST_USE sarn_status sarn__state_key_parse(struct sarn_str key,
                                                uint32_t *tenant,
                                                struct sarn_str *workflow,
                                                uint32_t *status,
                                                uint64_t *fingerprint);
/* SARN_ERR_TOO_LARGE: no execution has such an attribute. */
SARN_MUST_USE sarn_status sarn__attribute_key(uint32_t tenant,
                                              struct sarn_str name,
                                              struct sarn_str value,
                                              struct sarn_key *key);
bool sarn__status_is_closed(uint32_t status);

#endif
