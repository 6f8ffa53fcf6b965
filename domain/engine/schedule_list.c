/* sarn_schedules(): how all schedules of a log stand, without module code. */
#include "core/fail.h"
#include "core/schedule_plan.h"
#include "engine/log_parts.h"
#include "engine/schedules.h"

struct listing {
    struct sarn_log *log;
    sarn_schedule_fn *handler;
    void *arg;
    struct sarn_arena *arena;   /* Of one schedule. */
    struct sarn_arena *scratch; /* Of one event. */
    struct sarn_error error;
};

static sarn_status hand_out(struct listing *listing,
                            const struct sarn__schedule *schedule,
                            uint32_t tenant)
{
    const struct sarn__schedule_spec *spec = &schedule->spec;
    struct sarn_schedule_info info = {.tenant = tenant,
                                      .overlap = spec->overlap,
                                      .id = schedule->id,
                                      .workflow = spec->workflow,
                                      .cron = spec->cron,
                                      .zone = spec->zone,
                                      .interval_us = spec->interval_us,
                                      .last_us = schedule->last_us,
                                      .started = schedule->started,
                                      .passed_over = schedule->passed_over,
                                      .running = schedule->runs.count,
                                      .buffered = schedule->waits.count,
                                      .paused = schedule->paused};
    struct sarn__zone zone;
    sarn_status status = sarn__zone_load(&listing->log->ports, spec->zone,
                                         listing->arena, &zone, &listing->error);

    if (status == SARN_ERR_NOMEM) {
        return status;
    }
    if (status == SARN_OK) { /* Else nobody can say. */
        info.next_us = sarn__schedule_next(schedule, &zone);
    }
    status = listing->handler(listing->arg, &info);
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(&listing->error, status,
                            "the handler ended the list of schedules at '%.*s': %s",
                            (int)schedule->id.size, schedule->id.data,
                            sarn_status_text(status));
}

static sarn_status list_one(void *arg, const struct sarn_stream_info *info)
{
    struct listing *listing = arg;
    struct sarn__store *store = &listing->log->store;
    struct sarn__schedule schedule;
    struct sarn__schedule_fold fold = {.schedule = &schedule,
                                       .decoder = listing->log->decoder,
                                       .scratch = listing->scratch,
                                       .error = &listing->error};
    struct sarn__head head;

    sarn_arena_reset(listing->arena);
    if (sarn__schedule_init(&schedule, sarn__schedule_id(info->name), listing->arena) !=
        SARN_OK) {
        return sarn__fail(&listing->error, SARN_ERR_NOMEM,
                          "out of memory for a schedule");
    }
    SARN__TRY(
        sarn__store_head(store, info->tenant, info->name, &head, &listing->error));
    SARN__TRY(sarn__schedule_read(store, &head, &fold));
    return schedule.exists ? hand_out(listing, &schedule, info->tenant) : SARN_OK;
}

sarn_status sarn_schedules(sarn_log *log,
                           sarn_schedule_fn *handler,
                           void *arg,
                           struct sarn_error *error)
{
    const struct sarn_str prefix = SARN_STR(SARN__SCHEDULE_CATEGORY "-");
    struct listing listing = {.log = log, .handler = handler, .arg = arg};
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status = SARN_ERR_NOMEM;

    listing.arena = sarn_arena_create(&log->ports.heap);
    listing.scratch = sarn_arena_create(&log->ports.heap);
    if (listing.arena != NULL && listing.scratch != NULL) {
        status = sarn_log_streams(log, prefix, list_one, &listing, &why);
    } else {
        sarn__error_set(&listing.error, status, "out of memory for the schedules");
    }
    sarn_arena_destroy(listing.scratch);
    sarn_arena_destroy(listing.arena);
    if (status == SARN_OK) {
        return SARN_OK;
    }
    if (listing.error.status == status) { /* Ours says more. */
        why = listing.error;
    }
    return sarn__fail(error, status, "%s", why.text);
}
