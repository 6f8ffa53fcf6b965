/* registry.h - the modules that an engine or log was opened with, checked and findable.
 *
 * Immutable after create. Includes Sarn's own core types (sarn_schema.h).
 * Threads: any.
 */
#ifndef SARN_ENGINE_REGISTRY_H
#define SARN_ENGINE_REGISTRY_H

#include "sarn/module.h"
#include "sarn/workflow.h"

struct sarn__registry;

/* Check modules (ABI, names, duplicates, step ids, a workflow named like a category,
 * required functions, types that no schema describes, limits) and index them; the
 * modules outlive it. SARN_ERR_INVALID: says module, part and what is wrong.
 * SARN_ERR_UNSUPPORTED: a newer ABI. */
SARN_MUST_USE sarn_status
sarn__registry_create(const struct sarn_module *const *modules,
                      uint32_t count,
                      const struct sarn_heap *heap,
                      struct sarn__registry **registry,
                      struct sarn_error *error);
void sarn__registry_destroy(struct sarn__registry *registry);

/* Each is NULL when there is none. Of a workflow it is the highest version. */
const struct sarn_aggregate *
sarn__registry_aggregate(const struct sarn__registry *registry,
                         struct sarn_str category);
const struct sarn_workflow *
sarn__registry_workflow(const struct sarn__registry *registry, struct sarn_str name);
/* The version of the workflow called name that has this fingerprint: the highest. */
const struct sarn_workflow *sarn__registry_workflow_version(
    const struct sarn__registry *registry, struct sarn_str name, uint64_t fingerprint);
/* The version before workflow, which is registered. */
const struct sarn_workflow *
sarn__registry_workflow_older(const struct sarn__registry *registry,
                              const struct sarn_workflow *workflow);
/* A type by its full name, among all schemas of the modules and the core's. */
const struct sarn_type *sarn__registry_type(const struct sarn__registry *registry,
                                            struct sarn_str name);
const struct sarn_upcaster *
sarn__registry_upcaster(const struct sarn__registry *registry,
                        struct sarn_str from_type);

uint32_t sarn__registry_projection_count(const struct sarn__registry *registry);
const struct sarn_projection *
sarn__registry_projection(const struct sarn__registry *registry, uint32_t index);
/* Schemas to be stored in the log: the core's first, then each module's, once each. */
uint32_t sarn__registry_schema_count(const struct sarn__registry *registry);
const struct sarn_schema *sarn__registry_schema(const struct sarn__registry *registry,
                                                uint32_t index);

/* The step at index, whatever size the module was compiled with; caller checks bounds.
 */
const struct sarn_step *sarn__workflow_step(const struct sarn_workflow *workflow,
                                            uint32_t index);

/* Hash of everything in a descriptor that its stored bytes depend on (FNV-1a, 64 bits,
 * over names, kinds, ids, flags, nested types): tags snapshots and projections. */
uint64_t sarn__type_fingerprint(const struct sarn_type *type);
/* Of what a workflow's executions rest on: the ids, kinds and flags of its steps in
 * order, what follows them and in which groups, what they wait for, the names of their
 * outputs' types, whether there is something to undo them with, and in which order. */
uint64_t sarn__workflow_fingerprint(const struct sarn_workflow *workflow);

#endif
