#include "engine/log.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/log_parts.h"

#define FOLLOW_EVENTS 65536u

/* --- life --- */

/* The store may leap: what lay between was flushed by the owner, and what we had folded
 * of it is forgotten. Then the projections start again from there. */
struct tail {
    struct sarn_log *log;
    uint64_t expected;
    struct sarn_error *error;
};

static sarn_status fold_views(void *arg, const struct sarn__record *record)
{
    struct tail *tail = arg;
    struct sarn__projections *projections = tail->log->projections;

    if (record->position != tail->expected) {
        SARN__TRY(
            sarn__projections_rebase(projections, record->position - 1, tail->error));
    }
    tail->expected = record->position + 1;
    return sarn__projections_fold(projections, record, NULL, tail->error);
}

static sarn_status fold_tail(struct sarn_log *log,
                             sarn_progress_fn *progress,
                             void *progress_arg,
                             struct sarn_error *error)
{
    struct tail tail = {
        .log = log, .expected = log->store.position + 1, .error = error};

    SARN__TRY(sarn__store_fold_tail(&log->store, fold_views, &tail, progress,
                                    progress_arg, error));
    return log->store.position + 1 == tail.expected
               ? SARN_OK
               : sarn__projections_rebase(log->projections, log->store.position, error);
}

static sarn_status init(struct sarn_log *log,
                        const struct sarn_module *const *modules,
                        uint32_t module_count,
                        bool bare,
                        struct sarn_error *error)
{
    uint32_t missing;

    SARN__TRY(sarn__registry_create(modules, module_count, &log->ports.heap,
                                    &log->registry, error));
    log->arena = sarn_arena_create(&log->ports.heap);
    if (log->arena == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    SARN__TRY(sarn__store_open(&log->store, &log->ports, bare, error));
    SARN__TRY(sarn__decoder_create(&log->store, log->registry, &log->decoder, error));
    SARN__TRY(sarn__projections_create(&log->store, log->decoder, log->registry,
                                       &log->projections, error));
    return sarn__projections_bind(log->projections, &missing, error);
}

sarn_status sarn__log_init(struct sarn_log *log,
                           const struct sarn_module *const *modules,
                           uint32_t module_count,
                           bool bare,
                           sarn_progress_fn *progress,
                           void *progress_arg,
                           struct sarn_error *error)
{
    sarn_status status = init(log, modules, module_count, bare, error);

    if (status == SARN_OK && !bare) {
        status = fold_tail(log, progress, progress_arg, error);
    }
    if (status != SARN_OK) {
        sarn__log_done(log);
    }
    return status;
}

void sarn__log_done(struct sarn_log *log)
{
    sarn__projections_destroy(log->projections);
    sarn__decoder_destroy(log->decoder);
    if (log->store.ports != NULL) {
        sarn__store_close(&log->store);
    }
    sarn_arena_destroy(log->arena);
    sarn__registry_destroy(log->registry);
    log->projections = NULL;
    log->decoder = NULL;
    log->store = (struct sarn__store){.ports = NULL};
    log->arena = NULL;
    log->registry = NULL;
}

sarn_status sarn__log_refresh(struct sarn_log *log, struct sarn_error *error)
{
    return fold_tail(log, NULL, NULL, error);
}

sarn_status sarn__log_catch_up(struct sarn_log *log, struct sarn_error *error)
{
    bool behind = sarn__log_is_reader(log);

    while (behind) {
        SARN__TRY(
            sarn__projections_follow(log->projections, FOLLOW_EVENTS, &behind, error));
    }
    return SARN_OK;
}

/* --- the way to the dispatch thread --- */

sarn_status sarn__log_visit(struct sarn_log *log,
                            sarn_status (*call)(void *arg),
                            void *arg,
                            struct sarn_error *error)
{
    return log->visit == NULL ? call(arg) : log->visit(log->owner, call, arg, error);
}

sarn_status sarn__log_take(
    void *to, size_t size, const void *from, const char *name, struct sarn_error *error)
{
    uint32_t given = 0;

    if (from != NULL) {
        memcpy(&given, from, sizeof(given));
    }
    if (given < size) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "struct %s has struct_size %u, less than the %zu of version 1: "
            "set it to its size",
            name, given, size);
    }
    assert(from != NULL); /* No struct is of size 0. */
    memcpy(to, from, size);
    return SARN_OK;
}

struct refresh {
    struct sarn_log *log;
    struct sarn_error *error;
};

static sarn_status refresh(void *arg)
{
    struct refresh *call = arg;

    /* The owner's engine folds each event as it becomes durable. */
    return sarn__log_is_reader(call->log) ? sarn__log_refresh(call->log, call->error)
                                          : SARN_OK;
}

sarn_status sarn_log_refresh(sarn_log *log, struct sarn_error *error)
{
    struct refresh call = {.log = log, .error = error};

    return sarn__log_visit(log, refresh, &call, error);
}
