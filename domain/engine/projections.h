/* projections.h - read models: rows folded from events, with indexes over them.
 *
 * Inline ones fold with each durable record; async ones follow behind a checkpoint, a
 * slice at a time. Rows and index entries are tables (SARN__TABLE_USER).
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_PROJECTIONS_H
#define SARN_ENGINE_PROJECTIONS_H

#include "engine/decoder.h"
#include "sarn/log.h"

struct sarn__projections;

SARN_MUST_USE sarn_status
sarn__projections_create(struct sarn__store *store,
                         struct sarn__decoder *decoder,
                         const struct sarn__registry *registry,
                         struct sarn__projections **projections,
                         struct sarn_error *error);
void sarn__projections_destroy(struct sarn__projections *projections);

/* Bind each projection to its registration in the store (same name, version, row
 * fingerprint and mode). Those that have none are counted in *missing: the owner
 * appends a ProjectionRegistered for each (sarn__projections_missing) and folds it; a
 * reader cannot query them. */
SARN_MUST_USE sarn_status sarn__projections_bind(struct sarn__projections *projections,
                                                 uint32_t *missing,
                                                 struct sarn_error *error);
/* For who writes: projections that are registered and whose code is not here fold
 * nothing of what is appended from now on. Note it, so that they go on behind where
 * they stand now. Before anything is flushed. */
SARN_MUST_USE sarn_status sarn__projections_leave_others(
    struct sarn__projections *projections, struct sarn_error *error);
/* The rows below have moved on to through without us (see sarn__tables_forget): bind
 * anew. For a reader. */
SARN_MUST_USE sarn_status sarn__projections_rebase(
    struct sarn__projections *projections, uint64_t through, struct sarn_error *error);
/* The i-th missing one, or NULL. */
const struct sarn_projection *
sarn__projections_missing(const struct sarn__projections *projections, uint32_t index);

/* Fold one durable record, after the store has; event is the decoded record, or NULL:
 * it is decoded here when somebody wants its type. A projection whose functions fail is
 * stopped there with its error kept (isolated): the others go on, and queries of it
 * answer that error.
 * SARN_ERR_NOMEM: inline ones have the record still to see; they follow. */
SARN_MUST_USE sarn_status sarn__projections_fold(struct sarn__projections *projections,
                                                 const struct sarn__record *record,
                                                 const struct sarn_event *event,
                                                 struct sarn_error *error);
/* Let async ones (and inline ones that are new) follow by at most limit events.
 * *behind: some still have events to see. */
SARN_MUST_USE sarn_status
sarn__projections_follow(struct sarn__projections *projections,
                         uint32_t limit,
                         bool *behind,
                         struct sarn_error *error);
/* Fold a projection from nothing, in memory, and put right the rows that differ; a
 * stopped one goes on. SARN_ERR_NOT_FOUND: none of that name. */
SARN_MUST_USE sarn_status
sarn__projections_rebuild(struct sarn__projections *projections,
                          struct sarn_str name,
                          sarn_progress_fn *progress,
                          void *arg,
                          struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__projections_query(struct sarn__projections *projections,
                                                  const struct sarn_query *query,
                                                  sarn_row_fn *handler,
                                                  void *arg,
                                                  struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__projections_row(struct sarn__projections *projections,
                                                struct sarn_str name,
                                                const struct sarn_key *key,
                                                struct sarn_arena *arena,
                                                void *row,
                                                struct sarn_error *error);

#endif
