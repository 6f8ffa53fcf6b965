#include "engine/schedules.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/map_key.h"
#include "engine/schedules_state.h"

/* --- create and destroy --- */

sarn_status sarn__schedules_create(sarn_engine *engine, struct sarn_error *error)
{
    const struct sarn_heap *heap = &engine->log.ports.heap;
    struct sarn__schedules *made = sarn__heap_alloc(heap, sizeof(*made));

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    engine->schedules = made;
    sarn__map_init(&made->map, heap);
    sarn__timers_init(&made->timers, heap);
    made->scratch = sarn_arena_create(heap);
    return made->scratch != NULL
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
}

void sarn__schedules_destroy(sarn_engine *engine)
{
    struct sarn__schedules *schedules = engine->schedules;
    struct sarn_heap heap = engine->log.ports.heap;
    struct sarn__map_node *node = NULL;

    if (schedules == NULL) {
        return;
    }
    while ((node = sarn__map_take(&schedules->map)) != NULL) {
        struct sarn__held_schedule *held =
            SARN__OF(node, struct sarn__held_schedule, node);

        sarn__held_drop_state(engine->schedules, held);
        sarn__heap_free(&heap, held);
    }
    sarn__map_done(&schedules->map);
    sarn__timers_done(&schedules->timers);
    sarn_arena_destroy(schedules->scratch);
    sarn__heap_free(&heap, schedules);
    engine->schedules = NULL;
}

/* --- in memory --- */

struct sarn_str sarn__held_stream(const struct sarn__held_schedule *held)
{
    return sarn__map_key_name(held->node.key);
}

sarn_status sarn__held_find(sarn_engine *engine,
                            uint32_t tenant,
                            struct sarn_str stream,
                            struct sarn__held_schedule **held,
                            struct sarn_error *error)
{
    struct sarn__schedules *schedules = engine->schedules;
    const struct sarn_heap *heap = &schedules->map.heap;
    char key[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node =
        sarn__map_find(&schedules->map, sarn__map_key(key, tenant, stream));
    struct sarn__held_schedule *made = NULL;

    if (node != NULL) {
        *held = SARN__OF(node, struct sarn__held_schedule, node);
        return SARN_OK;
    }
    made = sarn__heap_alloc(heap,
                            sizeof(*made) + SARN__MAP_KEY_TENANT_BYTES + stream.size);
    if (made != NULL) {
        made->tenant = tenant;
        made->node.key = sarn__map_key((char *)(made + 1), tenant, stream);
    }
    if (made == NULL ||
        sarn__timers_reserve(&schedules->timers, schedules->map.count + 1) != SARN_OK ||
        sarn__map_insert(&schedules->map, &made->node) != SARN_OK) {
        sarn__heap_free(heap, made);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a schedule");
    }
    *held = made;
    return SARN_OK;
}

void sarn__held_drop_state(struct sarn__schedules *schedules,
                           struct sarn__held_schedule *held)
{
    schedules->loaded -= held->arena != NULL ? 1 : 0;
    sarn_arena_destroy(held->arena);
    held->arena = NULL;
    held->next_version = 0;
    held->last_position = 0;
    held->set_version = 0;
    held->zoned = held->outgrown = false;
}

static sarn_status make_state(sarn_engine *engine,
                              struct sarn__held_schedule *held,
                              struct sarn_error *error)
{
    if (held->arena != NULL) {
        return SARN_OK;
    }
    held->arena = sarn_arena_create(&engine->log.ports.heap);
    engine->schedules->loaded += held->arena != NULL ? 1 : 0;
    if (held->arena == NULL ||
        sarn__schedule_init(&held->schedule, sarn__schedule_id(sarn__held_stream(held)),
                            held->arena) != SARN_OK) {
        sarn__held_drop_state(engine->schedules, held);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a schedule");
    }
    return SARN_OK;
}

/* Fold what head's stream has and held has not. */
static sarn_status catch_up(sarn_engine *engine,
                            struct sarn__held_schedule *held,
                            const struct sarn__head *head,
                            struct sarn_error *error)
{
    struct sarn__schedule_fold fold = {.schedule = &held->schedule,
                                       .next_version = held->next_version,
                                       .last_position = held->last_position,
                                       .set_version = held->set_version,
                                       .decoder = engine->log.decoder,
                                       .scratch = engine->schedules->scratch,
                                       .error = error};
    struct sarn__head durable;

    SARN__TRY(sarn__store_head(&engine->log.store, held->tenant,
                               sarn__held_stream(held), &durable, error));
    SARN__TRY(sarn__schedule_read(&engine->log.store, &durable, &fold));
    if (head->last_position > sarn__writer_folded(&engine->writer)) {
        SARN__TRY(sarn__writer_pending(&engine->writer, head->number,
                                       sarn__schedule_fold_record, &fold, error));
    }
    held->next_version = fold.next_version;
    held->last_position = fold.last_position;
    held->set_version = fold.set_version;
    held->zoned = false; /* It may have been set anew. */
    return SARN_OK;
}

sarn_status sarn__held_load(sarn_engine *engine,
                            struct sarn__held_schedule *held,
                            struct sarn_error *error)
{
    struct sarn__head head;
    sarn_status status;

    SARN__TRY(sarn__writer_head(&engine->writer, held->tenant, sarn__held_stream(held),
                                &head, error));
    if (held->outgrown && head.last_position <= sarn__writer_folded(&engine->writer)) {
        sarn__held_drop_state(engine->schedules, held);
    }
    SARN__TRY(make_state(engine, held, error));
    if (head.number == 0 || head.version < held->next_version) {
        return SARN_OK;
    }
    status = catch_up(engine, held, &head, error);
    if (status != SARN_OK) {
        sarn__held_drop_state(engine->schedules, held);
    }
    return status;
}

sarn_status sarn__zone_load(const struct sarn_ports *ports,
                            struct sarn_str name,
                            struct sarn_arena *arena,
                            struct sarn__zone *zone,
                            struct sarn_error *error)
{
    struct sarn_error why = {SARN_OK, ""};
    struct sarn_str bytes;
    sarn_status status;

    if (name.size == 0) {
        *zone = (struct sarn__zone){.first_offset_s = 0};
        return SARN_OK;
    }
    if (ports->zones.ops == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "there is no time zone \"%.64s\": none but UTC is known here",
                          name.data);
    }
    SARN__TRY(ports->zones.ops->load(ports->zones.self, name, arena, &bytes, error));
    status = sarn__zone_parse(bytes, arena, zone, &why);
    return status == SARN_OK ? SARN_OK
                             : sarn__fail(error, status, "time zone \"%.*s\": %.150s",
                                          (int)name.size, name.data, why.text);
}

sarn_status sarn__held_zone(sarn_engine *engine,
                            struct sarn__held_schedule *held,
                            struct sarn_error *error)
{
    if (!held->zoned) {
        SARN__TRY(sarn__zone_load(&engine->log.ports, held->schedule.spec.zone,
                                  held->arena, &held->zone, error));
        held->zoned = true;
    }
    return SARN_OK;
}

sarn_status sarn__held_record(sarn_engine *engine,
                              struct sarn__held_schedule *held,
                              const struct sarn__meta *meta,
                              const struct sarn__schedule_event *event,
                              struct sarn__written *written,
                              struct sarn_error *error)
{
    struct sarn__schedule_event timed = *event;

    timed.time_us = meta->time_us;
    SARN__TRY(sarn__schedule_write(&engine->writer, meta, sarn__held_stream(held),
                                   &timed, written, error));
    sarn__held_fold(engine, held, &timed, written);
    return SARN_OK;
}

void sarn__held_fold(sarn_engine *engine,
                     struct sarn__held_schedule *held,
                     const struct sarn__schedule_event *event,
                     const struct sarn__written *written)
{
    sarn__writer_wait(&engine->writer);
    if (sarn__schedule_apply(&held->schedule, event, NULL) != SARN_OK) {
        sarn__held_drop_state(engine->schedules,
                              held); /* No memory: the log tells it again. */
        return;
    }
    if (event->kind == SARN__SCHEDULE_SET) {
        held->zoned = false;
        held->outgrown = true;
        held->set_version = written->version;
    }
    held->next_version = written->version + 1;
    held->last_position = written->position;
}

/* --- called --- */

void sarn__held_call(struct sarn__schedules *schedules,
                     struct sarn__held_schedule *held)
{
    if (held->called) {
        return;
    }
    held->called = true;
    held->next = NULL;
    if (schedules->called_last == NULL) {
        schedules->called_first = held;
    } else {
        schedules->called_last->next = held;
    }
    schedules->called_last = held;
}

static struct sarn__held_schedule *take_called(struct sarn__schedules *schedules)
{
    struct sarn__held_schedule *held = schedules->called_first;

    if (held != NULL) {
        schedules->called_first = held->next;
        if (held->next == NULL) {
            schedules->called_last = NULL;
        }
        held->next = NULL;
        held->called = false;
    }
    return held;
}

sarn_status sarn__schedules_call(sarn_engine *engine,
                                 uint32_t tenant,
                                 struct sarn_str stream,
                                 struct sarn_error *error)
{
    struct sarn__held_schedule *held = NULL;

    SARN__TRY(sarn__held_find(engine, tenant, stream, &held, error));
    sarn__held_call(engine->schedules, held);
    return SARN_OK;
}

sarn_status sarn__schedules_ended(sarn_engine *engine,
                                  const struct sarn__meta *meta,
                                  struct sarn_str schedule,
                                  struct sarn_str workflow_id,
                                  uint32_t status,
                                  struct sarn_error *error)
{
    struct sarn__schedule_event event = {
        .kind = SARN__SCHEDULE_RUN_ENDED, .workflow_id = workflow_id, .status = status};
    char name[SARN_STREAM_NAME_BYTES_MAX];
    struct sarn__written written;
    struct sarn__head head;
    struct sarn_str stream;

    if (schedule.size > SARN__SCHEDULE_ID_BYTES_MAX) {
        return SARN_OK; /* None of ours. */
    }
    stream = sarn__schedule_stream(schedule, name);
    SARN__TRY(sarn__writer_head(&engine->writer, meta->tenant, stream, &head, error));
    if (head.number == 0 || head.deleted) {
        return SARN_OK;
    }
    SARN__TRY(sarn__schedules_call(engine, meta->tenant, stream, error));
    return sarn__schedule_write(&engine->writer, meta, stream, &event, &written, error);
}

/* --- the turn --- */

/* Call those that are due. */
static void ring(sarn_engine *engine)
{
    struct sarn__schedules *schedules = engine->schedules;
    struct sarn__timer *timer = sarn__timers_first(&schedules->timers);
    int64_t now_us = timer == NULL ? 0 : sarn__writer_now(&engine->writer);

    while (timer != NULL && timer->due_us <= now_us) {
        sarn__timers_clear(&schedules->timers, timer);
        sarn__held_call(schedules, SARN__OF(timer, struct sarn__held_schedule, timer));
        timer = sarn__timers_first(&schedules->timers);
    }
}

bool sarn__schedules_turn(sarn_engine *engine)
{
    struct sarn__schedules *schedules = engine->schedules;
    struct sarn__held_schedule *last = NULL, *held = NULL;
    bool more = false;

    ring(engine);
    last = schedules->called_last;
    if (last == NULL || (schedules->again_us != 0 &&
                         sarn__writer_now(&engine->writer) < schedules->again_us)) {
        return false;
    }
    schedules->again_us = 0;
    while (held != last && !sarn__writer_is_full(&engine->writer)) { /* Each once. */
        struct sarn_error error = {SARN_OK, ""};
        bool left = false;
        sarn_status status;

        held = take_called(schedules);
        status = sarn__schedule_advance(engine, held, &left, &error);
        if (status == SARN_ERR_NOMEM || status == SARN_ERR_IO) {
            sarn__held_call(schedules, held);
            schedules->again_us =
                sarn__writer_now(&engine->writer) + SARN__SCHEDULE_AGAIN_US;
            return false;
        }
        if (status == SARN_ERR_STATE) {
            sarn__held_call(schedules, held); /* The fold brings the next turn. */
        } else if (status != SARN_OK) {
            sarn__engine_halt(engine, status, &error);
            return false;
        } else if (left) {
            sarn__held_call(schedules, held);
            more = true;
        } else if (schedules->loaded > SARN__SCHEDULES_LOADED_MAX) {
            sarn__held_drop_state(schedules, held); /* It sleeps, or is nobody's. */
        }
    }
    return more && !sarn__writer_is_full(&engine->writer);
}

void sarn__schedules_append_failed(sarn_engine *engine)
{
    struct sarn__schedules *schedules = engine->schedules;
    bool lost = false;

    for (uint32_t i = 0; i < schedules->map.bucket_count; i++) {
        for (struct sarn__map_node *node = schedules->map.buckets[i]; node != NULL;
             node = node->next) {
            struct sarn__held_schedule *held =
                SARN__OF(node, struct sarn__held_schedule, node);

            if (held->arena == NULL || held->last_position > engine->durable) {
                sarn__held_drop_state(engine->schedules, held);
                sarn__held_call(schedules, held);
                lost = true;
            }
        }
    }
    if (lost) {
        schedules->again_us =
            sarn__writer_now(&engine->writer) + SARN__SCHEDULE_AGAIN_US;
    }
}

int64_t sarn__schedules_next_wake(const sarn_engine *engine)
{
    const struct sarn__schedules *schedules = engine->schedules;
    const struct sarn__timer *timer = sarn__timers_first(&schedules->timers);

    if (engine->stopped != SARN_OK) {
        return INT64_MAX;
    }
    if (schedules->again_us != 0 && schedules->called_first != NULL) {
        return schedules->again_us;
    }
    return timer == NULL ? INT64_MAX : timer->due_us;
}
