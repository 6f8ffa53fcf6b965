/* definition_log.h - a workflow's table of steps as the log has it: what the code knew
 * that registered it, without that code.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_DEFINITION_LOG_H
#define SARN_ENGINE_DEFINITION_LOG_H

#include "core/definition.h"
#include "engine/log.h"
#include "sarn/events.h"

/* A workflow with the steps, groups and messages of registered, in arena, which holds
 * copies of all. Where it has a function there is one that only fails, so that what the
 * step can do is told; its types have names and nothing else. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status
sarn__definition_make(const struct sarn_workflow_registered *registered,
                      struct sarn_arena *arena,
                      struct sarn__definition **definition,
                      struct sarn_error *error);

/* The other way round: what is to be written of workflow. event points into workflow
 * and arena. SARN_ERR_NOMEM. (definition_write.c) */
SARN_MUST_USE sarn_status
sarn__definition_describe(const struct sarn_workflow *workflow,
                          uint64_t fingerprint,
                          struct sarn_arena *arena,
                          struct sarn_workflow_registered *event,
                          struct sarn_error *error);

/* The workflow that was registered under this name and fingerprint, likewise.
 * SARN_ERR_NOT_FOUND: the log knows of none. */
SARN_MUST_USE sarn_status sarn__definition_read(struct sarn_log *log,
                                                struct sarn_str workflow,
                                                uint64_t fingerprint,
                                                struct sarn_arena *arena,
                                                struct sarn__definition **definition,
                                                struct sarn_error *error);

#endif
