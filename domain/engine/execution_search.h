/* execution_search.h - executions found by what is said of them.
 *
 * An index lists the executions of one workflow, status and fingerprint in the order of
 * their start (execution_rows.h). What a filter leaves open is looked up first: which
 * such lists there are, by one look at the index for each; then they are merged.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_EXECUTION_SEARCH_H
#define SARN_ENGINE_EXECUTION_SEARCH_H

#include "engine/projections.h"
#include "sarn/events.h"
#include "sarn/execution.h"

/* Dies with the call, which may ask the log something else. */
typedef sarn_status sarn__entry_fn(void *arg, const struct sarn_execution_entry *entry);

/* Executions of filter, in order of their start, whose row is looked at only where
 * workflow, status and first attribute match. SARN_ERR_INVALID: the filter. */
SARN_MUST_USE sarn_status
sarn__execution_search(struct sarn__projections *projections,
                       const struct sarn_execution_filter *filter,
                       sarn__entry_fn *visit,
                       void *arg,
                       struct sarn_error *error);

/* One of the lists: a workflow's executions of one status and definition. */
struct sarn__execution_list {
    uint32_t tenant;
    uint32_t status;
    struct sarn_str workflow; /* Dies with the call. */
    uint64_t fingerprint;
};
typedef sarn_status sarn__list_fn(void *arg, const struct sarn__execution_list *list);
/* Which lists there are, of every tenant, workflow and status; they may have become
 * empty. Costs as much as there are lists, not executions. */
SARN_MUST_USE sarn_status sarn__execution_lists(struct sarn__projections *projections,
                                                sarn__list_fn *visit,
                                                void *arg,
                                                struct sarn_error *error);
/* The executions of one list. */
SARN_MUST_USE sarn_status sarn__execution_list(struct sarn__projections *projections,
                                               const struct sarn__execution_list *list,
                                               sarn__entry_fn *visit,
                                               void *arg,
                                               struct sarn_error *error);

#endif
