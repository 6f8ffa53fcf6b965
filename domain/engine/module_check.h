/* module_check.h - is a module well formed in itself? What only shows when modules meet
 * (a name that two of them use) is found by the registry.
 *
 * Pure. Threads: any.
 */
#ifndef SARN_ENGINE_MODULE_CHECK_H
#define SARN_ENGINE_MODULE_CHECK_H

#include "core/definition.h"
#include "sarn/module.h"
#include "sarn/workflow.h"

/* Of modules that bring workflows; others may be older. */
#define SARN__MODULE_ABI_MIN 2u

#define SARN__PARTS_MAX   256u  /* Aggregates, projections, ... of one module. */
#define SARN__TYPES_MAX   1024u /* Commands or events of one part. */
#define SARN__INDEXES_MAX 16u
/* So that "<workflow>-<workflow_id>" always fits a stream name. */
#define SARN__WORKFLOW_ID_BYTES_MAX 200u
#define SARN__WORKFLOW_NAME_BYTES_MAX                                                  \
    (SARN_STREAM_NAME_BYTES_MAX - 1u - SARN__WORKFLOW_ID_BYTES_MAX)

/* SARN_ERR_INVALID: names module and part, and says what is wrong.
 * SARN_ERR_UNSUPPORTED: the module was made for a newer ABI. */
SARN_MUST_USE sarn_status sarn__module_check(const struct sarn_module *module,
                                             struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__workflow_check(const char *module,
                                               const struct sarn_workflow *workflow,
                                               struct sarn_error *error);
/* The step at index, whose workflow has steps with ids. */
SARN_MUST_USE sarn_status sarn__step_check(const char *module,
                                           const struct sarn_workflow *workflow,
                                           uint32_t index,
                                           struct sarn_error *error);
/* A type that can be stored by itself: sarn_bytes_type, or a table that its schema
 * lists. part and what say where it is used: "aggregate 'account'", "a command". */
SARN_MUST_USE sarn_status sarn__type_check(const char *module,
                                           const char *part,
                                           const char *what,
                                           const struct sarn_type *type,
                                           struct sarn_error *error);
/* What names a stream's category: no '-', no '$' in front, 1 to max bytes. */
SARN_MUST_USE sarn_status sarn__category_check(const char *module,
                                               const char *kind,
                                               const char *name,
                                               uint32_t bytes_max,
                                               struct sarn_error *error);

#endif
