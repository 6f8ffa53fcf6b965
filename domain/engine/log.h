/* log.h - struct sarn_log: a store with its decoder and projections, as sarn/log.h
 * reads it. The owner's engine has one inside; another process opens one of its own.
 *
 * The functions of sarn/log.h are thin: they visit the dispatch thread (visit) and call
 * the sarn__log_x below.
 */
#ifndef SARN_ENGINE_LOG_H
#define SARN_ENGINE_LOG_H

#include "engine/projections.h"
#include "sarn/log.h"

struct sarn_log {
    struct sarn_ports ports;
    struct sarn__registry *registry;
    struct sarn__store store;
    struct sarn__decoder *decoder;
    struct sarn__projections *projections;
    struct sarn_arena *arena; /* For one event at a time. */
    /* How a call gets to the dispatch thread: runs call(arg) there and waits. NULL: the
     * caller is it (a log from sarn_log_open). */
    sarn_status (*visit)(void *owner,
                         sarn_status (*call)(void *arg),
                         void *arg,
                         struct sarn_error *error);
    void *owner;
    /* What sarn_log_close() gives back (a log from sarn_log_open). */
    void (*release)(struct sarn_log *log);
};

/* Wire up log over log->ports (set, with release, by the composition root) and fold the
 * tail. bare: as sarn__store_open. The registry is made here and owned. */
SARN_MUST_USE sarn_status sarn__log_init(struct sarn_log *log,
                                         const struct sarn_module *const *modules,
                                         uint32_t module_count,
                                         bool bare,
                                         sarn_progress_fn *progress,
                                         void *progress_arg,
                                         struct sarn_error *error);
void sarn__log_done(struct sarn_log *log);

/* Fold what the journal has and the log has not. */
SARN_MUST_USE sarn_status sarn__log_refresh(struct sarn_log *log,
                                            struct sarn_error *error);

/* As sarn_read(), on the dispatch thread. */
SARN_MUST_USE sarn_status sarn__log_read(struct sarn_log *log,
                                         const struct sarn_range *range,
                                         sarn_event_fn *handler,
                                         void *arg,
                                         struct sarn_error *error);

#endif
