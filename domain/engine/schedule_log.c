#include "engine/schedule_log.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "core/fail.h"
#include "sarn/events.h"

static const struct sarn_str category = SARN_STR(SARN__SCHEDULE_CATEGORY);

bool sarn__is_schedule(struct sarn_str stream)
{
    return sarn_str_equal(sarn__category(stream), category);
}

struct sarn_str sarn__schedule_stream(struct sarn_str id,
                                      char name[SARN_STREAM_NAME_BYTES_MAX])
{
    assert(id.size < SARN_STREAM_NAME_BYTES_MAX - category.size);
    memcpy(name, category.data, category.size);
    name[category.size] = '-';
    memcpy(name + category.size + 1, id.data, id.size);
    return (struct sarn_str){name, category.size + 1 + id.size};
}

struct sarn_str sarn__schedule_id(struct sarn_str stream)
{
    uint32_t before = category.size + 1;

    if (stream.size <= before) {
        return (struct sarn_str){NULL, 0};
    }
    return (struct sarn_str){stream.data + before, stream.size - before};
}

/* --- from the log --- */

/* Items are told as the core has them. */
SARN_STATIC_ASSERT(sizeof(struct sarn_schedule_time) ==
                           sizeof(struct sarn__schedule_waiting) &&
                       offsetof(struct sarn_schedule_time, kind) ==
                           offsetof(struct sarn__schedule_waiting, cause),
                   "what waits");
SARN_STATIC_ASSERT(sizeof(struct sarn_schedule_range) ==
                           sizeof(struct sarn__schedule_backfill) &&
                       offsetof(struct sarn_schedule_range, to_us) ==
                           offsetof(struct sarn__schedule_backfill, to_us) &&
                       offsetof(struct sarn_schedule_range, overlap) ==
                           offsetof(struct sarn__schedule_backfill, overlap),
                   "a backfill");

static void from_standing(const struct sarn_schedule_standing *data,
                          struct sarn__schedule_standing *standing)
{
    *standing = (struct sarn__schedule_standing){
        .settled_us = data->settled_us,
        .last_us = data->last_us,
        .last_trigger_us = data->last_trigger_us,
        .started = data->started,
        .passed_over = data->passed_over,
        .by_time = data->by_time,
        .paused = data->paused,
        .runs = {data->running.data, data->running.size},
        .triggers = {data->triggers.data, data->triggers.size},
        .waits = {data->waiting.data, data->waiting.size},
        .backfills = {data->backfills.data, data->backfills.size}};
}

static void from_set(const struct sarn_schedule_set *data,
                     struct sarn__schedule_event *fact,
                     struct sarn__schedule_standing *standing)
{
    if (data->standing != NULL) {
        from_standing(data->standing, standing);
        fact->standing = standing;
    }
    fact->told_anew = data->told_anew;
    fact->kind = SARN__SCHEDULE_SET;
    fact->reason = data->reason;
    fact->spec = (struct sarn__schedule_spec){.workflow = data->workflow,
                                              .input = data->input,
                                              .cron = data->cron,
                                              .zone = data->zone,
                                              .interval_us = data->interval_us,
                                              .offset_us = data->offset_us,
                                              .from_us = data->from_us,
                                              .to_us = data->to_us,
                                              .catch_up_us = data->catch_up_us,
                                              .jitter_us = data->jitter_us,
                                              .limit = data->limit,
                                              .overlap = data->overlap,
                                              .paused = data->paused};
}

static void from_fired(const struct sarn_schedule_fired *data,
                       struct sarn__schedule_event *fact)
{
    fact->kind = SARN__SCHEDULE_FIRED;
    fact->cause = data->kind;
    fact->outcome = data->outcome;
    fact->nominal_us = data->nominal_us;
    fact->due_us = data->due_us;
    fact->first_us = data->first_us;
    fact->count = data->count;
    fact->waited = data->waited;
    fact->last = data->last;
    fact->workflow_id = data->workflow_id;
    fact->text = data->text;
}

static void from_backfilled(const struct sarn_schedule_backfilled *data,
                            struct sarn__schedule_event *fact)
{
    fact->kind = SARN__SCHEDULE_BACKFILLED;
    fact->from_us = data->from_us;
    fact->to_us = data->to_us;
    fact->overlap = data->overlap;
}

static void from_run_ended(const struct sarn_schedule_run_ended *data,
                           struct sarn__schedule_event *fact)
{
    fact->kind = SARN__SCHEDULE_RUN_ENDED;
    fact->workflow_id = data->workflow_id;
    fact->status = data->status;
}

static void from_slept(const struct sarn_execution_slept *data,
                       struct sarn__schedule_event *fact)
{
    fact->kind = SARN__SCHEDULE_SLEPT;
    fact->to_us = data->until_us;
}

bool sarn__schedule_event(const struct sarn_event *event,
                          struct sarn__schedule_event *fact,
                          struct sarn__schedule_standing *standing)
{
    const struct sarn_type *type = event->type;

    *fact = (struct sarn__schedule_event){.time_us = event->time_us};
    if (event->data == NULL) {
        return false;
    }
    if (type == &sarn_schedule_fired_type) {
        from_fired(event->data, fact);
    } else if (type == &sarn_schedule_run_ended_type) {
        from_run_ended(event->data, fact);
    } else if (type == &sarn_execution_slept_type) {
        from_slept(event->data, fact);
    } else if (type == &sarn_schedule_set_type) {
        from_set(event->data, fact, standing);
    } else if (type == &sarn_schedule_paused_type) {
        fact->kind = SARN__SCHEDULE_PAUSED;
        fact->reason = ((const struct sarn_schedule_paused *)event->data)->reason;
    } else if (type == &sarn_schedule_resumed_type) {
        fact->kind = SARN__SCHEDULE_RESUMED;
        fact->reason = ((const struct sarn_schedule_resumed *)event->data)->reason;
    } else if (type == &sarn_schedule_triggered_type) {
        fact->kind = SARN__SCHEDULE_TRIGGERED;
        fact->reason = ((const struct sarn_schedule_triggered *)event->data)->reason;
    } else if (type == &sarn_schedule_backfilled_type) {
        from_backfilled(event->data, fact);
    } else if (type == &sarn_schedule_deleted_type) {
        fact->kind = SARN__SCHEDULE_DELETED;
        fact->reason = ((const struct sarn_schedule_deleted *)event->data)->reason;
    }
    return fact->kind != 0;
}

/* --- to the log --- */

/* Any of the events, as a struct of its type. */
union data {
    struct {
        struct sarn_schedule_set event;
        struct sarn_schedule_standing standing;
    } set;
    struct sarn_schedule_paused paused;
    struct sarn_schedule_resumed resumed;
    struct sarn_schedule_triggered triggered;
    struct sarn_schedule_backfilled backfilled;
    struct sarn_schedule_deleted deleted;
    struct sarn_schedule_fired fired;
    struct sarn_schedule_run_ended run_ended;
    struct sarn_execution_slept slept;
};

static void to_standing(const struct sarn__schedule_standing *standing,
                        struct sarn_schedule_standing *data)
{
    *data = (struct sarn_schedule_standing){
        .settled_us = standing->settled_us,
        .last_us = standing->last_us,
        .last_trigger_us = standing->last_trigger_us,
        .started = standing->started,
        .passed_over = standing->passed_over,
        .by_time = standing->by_time,
        .paused = standing->paused,
        .running = {standing->runs.items, standing->runs.count},
        .triggers = {standing->triggers.items, standing->triggers.count},
        .waiting = {standing->waits.items, standing->waits.count},
        .backfills = {standing->backfills.items, standing->backfills.count}};
}

static const struct sarn_type *to_set(struct sarn_str id,
                                      const struct sarn__schedule_event *fact,
                                      struct sarn_schedule_standing *standing,
                                      struct sarn_schedule_set *data)
{
    const struct sarn__schedule_spec *spec = &fact->spec;

    *data = (struct sarn_schedule_set){.workflow = spec->workflow,
                                       .id_prefix = id,
                                       .input = spec->input,
                                       .cron = spec->cron,
                                       .zone = spec->zone,
                                       .interval_us = spec->interval_us,
                                       .offset_us = spec->offset_us,
                                       .overlap = spec->overlap,
                                       .catch_up_us = spec->catch_up_us,
                                       .jitter_us = spec->jitter_us,
                                       .paused = spec->paused,
                                       .from_us = spec->from_us,
                                       .to_us = spec->to_us,
                                       .limit = spec->limit,
                                       .reason = fact->reason,
                                       .told_anew = fact->told_anew};
    if (fact->standing != NULL) {
        to_standing(fact->standing, standing);
        data->standing = standing;
    }
    return &sarn_schedule_set_type;
}

static const struct sarn_type *to_fired(const struct sarn__schedule_event *fact,
                                        struct sarn_schedule_fired *data)
{
    *data = (struct sarn_schedule_fired){.nominal_us = fact->nominal_us,
                                         .due_us = fact->due_us,
                                         .kind = fact->cause,
                                         .outcome = fact->outcome,
                                         .workflow_id = fact->workflow_id,
                                         .first_us = fact->first_us,
                                         .count = fact->count,
                                         .waited = fact->waited,
                                         .last = fact->last,
                                         .text = fact->text};
    return &sarn_schedule_fired_type;
}

static const struct sarn_type *
to_data(struct sarn_str id, const struct sarn__schedule_event *fact, union data *data)
{
    switch (fact->kind) {
    case SARN__SCHEDULE_SET:
        return to_set(id, fact, &data->set.standing, &data->set.event);
    case SARN__SCHEDULE_PAUSED:
        data->paused = (struct sarn_schedule_paused){.reason = fact->reason};
        return &sarn_schedule_paused_type;
    case SARN__SCHEDULE_RESUMED:
        data->resumed = (struct sarn_schedule_resumed){.reason = fact->reason};
        return &sarn_schedule_resumed_type;
    case SARN__SCHEDULE_TRIGGERED:
        data->triggered = (struct sarn_schedule_triggered){.reason = fact->reason};
        return &sarn_schedule_triggered_type;
    case SARN__SCHEDULE_BACKFILLED:
        data->backfilled = (struct sarn_schedule_backfilled){
            .from_us = fact->from_us, .to_us = fact->to_us, .overlap = fact->overlap};
        return &sarn_schedule_backfilled_type;
    case SARN__SCHEDULE_DELETED:
        data->deleted = (struct sarn_schedule_deleted){.reason = fact->reason};
        return &sarn_schedule_deleted_type;
    case SARN__SCHEDULE_FIRED:
        return to_fired(fact, &data->fired);
    case SARN__SCHEDULE_RUN_ENDED:
        data->run_ended = (struct sarn_schedule_run_ended){
            .workflow_id = fact->workflow_id, .status = fact->status};
        return &sarn_schedule_run_ended_type;
    case SARN__SCHEDULE_SLEPT:
        data->slept = (struct sarn_execution_slept){
            .until_us = fact->to_us == INT64_MAX ? 0 : fact->to_us};
        return &sarn_execution_slept_type;
    }
    assert(!"not a schedule's event");
    return NULL;
}

sarn_status sarn__schedule_write(struct sarn__writer *writer,
                                 const struct sarn__meta *meta,
                                 struct sarn_str stream,
                                 const struct sarn__schedule_event *fact,
                                 struct sarn__written *written,
                                 struct sarn_error *error)
{
    union data data;
    const struct sarn_type *type = to_data(sarn__schedule_id(stream), fact, &data);

    return sarn__writer_put_struct(writer, meta, stream, type, &data, written, error);
}

/* --- a whole stream --- */

sarn_status sarn__schedule_fold_record(void *arg, const struct sarn__record *record)
{
    struct sarn__schedule_fold *fold = arg;
    struct sarn__schedule_standing standing;
    struct sarn__schedule_event fact;
    struct sarn_error why = {SARN_OK, ""};
    struct sarn_event event;

    if (record->version < fold->next_version) {
        return SARN_OK;
    }
    sarn_arena_reset(fold->scratch);
    SARN__TRY(sarn__decoder_event(fold->decoder, record, 0, fold->scratch, &event,
                                  fold->error));
    if (sarn__schedule_event(&event, &fact, &standing)) {
        if (sarn__schedule_apply(fold->schedule, &fact, &why) != SARN_OK) {
            return sarn__fail(fold->error, why.status, "position %llu: %.200s",
                              (unsigned long long)record->position, why.text);
        }
        if (fact.kind == SARN__SCHEDULE_SET) {
            fold->set_version = record->version;
        }
    }
    fold->next_version = record->version + 1;
    fold->last_position = record->position;
    return SARN_OK;
}

sarn_status sarn__schedule_read(struct sarn__store *store,
                                const struct sarn__head *head,
                                struct sarn__schedule_fold *fold)
{
    uint64_t from = fold->next_version;

    if (head->number == 0 || head->deleted || head->version < fold->next_version) {
        return SARN_OK;
    }
    if (from == 0) {
        SARN__TRY(sarn__store_run_start(store, head->number, &from, fold->error));
    }
    return sarn__store_read_forward(store, head, from, UINT64_MAX,
                                    sarn__schedule_fold_record, fold, fold->error);
}
