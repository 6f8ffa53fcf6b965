/* execution_log.h - an execution's events as they lie in the log: to and from sarn.fbs.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_EXECUTION_LOG_H
#define SARN_ENGINE_EXECUTION_LOG_H

#include "core/execution.h"
#include "engine/decoder.h"
#include "engine/writer.h"

/* View event as an execution's; fact->kind 0: it is none (a stream's metadata, say).
 * fact points into event and arena. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__execution_event(const struct sarn_event *event,
                                                struct sarn_arena *arena,
                                                struct sarn__execution_event *fact,
                                                struct sarn_error *error);

/* Write fact to stream. workflow and its id are said with SARN__STARTED only. */
SARN_MUST_USE sarn_status
sarn__execution_write(struct sarn__writer *writer,
                      const struct sarn__meta *meta,
                      struct sarn_str stream,
                      struct sarn_str workflow,
                      struct sarn_str workflow_id,
                      const struct sarn__execution_event *fact,
                      struct sarn__written *written,
                      struct sarn_error *error);

/* What was met on the way through the stream: of its latest run. */
struct sarn__execution_trace {
    struct sarn_uuid correlation_id; /* Of its start. */
    uint64_t started_position;
    uint64_t last_position, last_version; /* Of its last event. */
    bool asleep;                          /* Which says that it sleeps. */
};

/* Fold the latest run of the stream that head is of into execution, made here in arena;
 * NULL where it has no execution's events. scratch is used for one event at a time.
 * SARN_ERR_CORRUPT: names stream and position. */
SARN_MUST_USE sarn_status sarn__execution_read(struct sarn__store *store,
                                               struct sarn__decoder *decoder,
                                               const struct sarn__head *head,
                                               struct sarn_arena *arena,
                                               struct sarn_arena *scratch,
                                               struct sarn__execution **execution,
                                               struct sarn__execution_trace *trace,
                                               struct sarn_error *error);

#endif
