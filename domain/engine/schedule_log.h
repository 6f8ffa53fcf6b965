/* schedule_log.h - a schedule's events as they lie in the log: to and from sarn.fbs, in
 * the stream "sarn_schedule-<id>".
 *
 * Threads: the dispatch thread, but for what says otherwise.
 */
#ifndef SARN_ENGINE_SCHEDULE_LOG_H
#define SARN_ENGINE_SCHEDULE_LOG_H

#include "core/schedule.h"
#include "engine/decoder.h"
#include "engine/writer.h"

#define SARN__SCHEDULE_CATEGORY "sarn_schedule"

/* Is stream a schedule's? The category is nobody else's. [any thread] */
bool sarn__is_schedule(struct sarn_str stream);
/* "sarn_schedule-<id>" in name; id fits. [any thread] */
struct sarn_str sarn__schedule_stream(struct sarn_str id,
                                      char name[SARN_STREAM_NAME_BYTES_MAX]);
/* A view of the id in its stream's name. [any thread] */
struct sarn_str sarn__schedule_id(struct sarn_str stream);

/* View event as a schedule's; false: it is none. fact points into event, and to
 * standing, which the caller has room for. */
bool sarn__schedule_event(const struct sarn_event *event,
                          struct sarn__schedule_event *fact,
                          struct sarn__schedule_standing *standing);

SARN_MUST_USE sarn_status sarn__schedule_write(struct sarn__writer *writer,
                                               const struct sarn__meta *meta,
                                               struct sarn_str stream,
                                               const struct sarn__schedule_event *fact,
                                               struct sarn__written *written,
                                               struct sarn_error *error);

/* A fold on its way through a stream, as far as it has come. */
struct sarn__schedule_fold {
    struct sarn__schedule *schedule;
    uint64_t next_version;
    uint64_t last_position;
    uint64_t set_version; /* Of the latest SET. */
    struct sarn__decoder *decoder;
    struct sarn_arena *scratch; /* For one event at a time. */
    struct sarn_error *error;
};

/* Fold record unless it has been: for sarn__writer_pending(). */
SARN_MUST_USE sarn_status sarn__schedule_fold_record(void *fold,
                                                     const struct sarn__record *record);
/* Fold what the store has of the stream that head is of, and fold has not: from its
 * latest SET on, where it has nothing yet.
 * SARN_ERR_CORRUPT: names the position. */
SARN_MUST_USE sarn_status sarn__schedule_read(struct sarn__store *store,
                                              const struct sarn__head *head,
                                              struct sarn__schedule_fold *fold);

#endif
