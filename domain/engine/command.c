/* Commands: load the aggregate, decide, write the events, fold them into the state. */
#include <string.h>

#include "core/fail.h"
#include "engine/decision.h"
#include "engine/state.h"
#include "sarn/events.h"

/* --- deciding --- */

/* An event that was just decided, as apply and dry runs see it. */
static sarn_status decided_event(sarn_engine *engine,
                                 const struct sarn__meta *meta,
                                 const struct sarn__emitted *emitted,
                                 struct sarn_str stream,
                                 const struct sarn__written *written,
                                 struct sarn_arena *arena,
                                 struct sarn_event *event,
                                 struct sarn_error *error)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    void *data = sarn_arena_alloc(arena, emitted->type->size);

    if (data == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory deciding");
    }
    /* From the bytes and not from decide's struct: a replay sees exactly this. */
    SARN__TRY(codec->ops->decode(codec->self, emitted->type, emitted->payload, data,
                                 arena, error));
    *event = (struct sarn_event){.position = written->position,
                                 .version = written->version,
                                 .stream = stream,
                                 .type_name = emitted->type_name,
                                 .type = emitted->type,
                                 .data = data,
                                 .payload = emitted->payload,
                                 .id = written->id,
                                 .correlation_id = meta->correlation_id,
                                 .causation_id = meta->causation_id,
                                 .time_us = meta->time_us,
                                 .tenant = meta->tenant,
                                 .schema_id = written->schema,
                                 .actor = meta->actor,
                                 .origin = meta->origin};
    return SARN_OK;
}

sarn_status sarn__aggregate_of(const sarn_engine *engine,
                               struct sarn_str stream,
                               const struct sarn_aggregate **aggregate,
                               struct sarn_error *error)
{
    struct sarn_str category = sarn__category(stream);
    const struct sarn_aggregate *found =
        sarn__registry_aggregate(engine->log.registry, category);

    if (found == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no module has an aggregate for the category \"%.*s\"",
                          (int)category.size, category.data);
    }
    *aggregate = found;
    return SARN_OK;
}

/* Everything that one decision needs, from look-up to events. */
struct deciding {
    const struct sarn_aggregate *aggregate;
    struct sarn__entity *entity;
    struct sarn_decision decision;
};

static sarn_status decide(sarn_engine *engine,
                          const struct sarn__meta *meta,
                          const struct sarn_command *command,
                          struct sarn_arena *arena,
                          struct deciding *deciding,
                          struct sarn_error *error)
{
    struct sarn__head head;
    struct sarn_command_view view;

    SARN__TRY(sarn__aggregate_of(engine, command->stream, &deciding->aggregate, error));
    SARN__TRY(sarn__writer_head(&engine->writer, meta->tenant, command->stream, &head,
                                error));
    SARN__TRY(
        sarn__writer_expect(&head, command->stream, command->expected_version, error));
    SARN__TRY(sarn__entities_get(&engine->entities, meta->tenant, command->stream,
                                 deciding->aggregate, &deciding->entity, error));
    view = (struct sarn_command_view){.stream = command->stream,
                                      .type = command->type,
                                      .data = command->data,
                                      .now_us = meta->time_us,
                                      .next_version =
                                          (uint64_t)(deciding->entity->version + 1),
                                      .tenant = meta->tenant,
                                      .actor = meta->actor,
                                      .origin = meta->origin,
                                      .base_version = command->base_version};
    sarn__decision_init(&deciding->decision, &engine->log.ports.codec, arena,
                        deciding->aggregate);
    return sarn__decision_make(&deciding->decision, deciding->entity->state, &view,
                               error);
}

/* Every snapshot_every events the state is encoded as it is then, to be stored once it
 * is durable. Failing to is no harm. */
static void note_snapshot(sarn_engine *engine, struct sarn__entity *entity)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    const struct sarn_aggregate *aggregate = entity->aggregate;
    struct sarn__batch *batch = engine->writer.open;
    struct sarn__snapshot_note *note;

    if (aggregate->snapshot_every == 0 ||
        (uint64_t)entity->version + 1 - entity->snapshot_version <
            aggregate->snapshot_every) {
        return;
    }
    note = sarn_arena_alloc(batch->arena, sizeof(*note));
    if (note == NULL ||
        codec->ops->encode(codec->self, aggregate->state, entity->state, batch->arena,
                           &note->snapshot.state, NULL) != SARN_OK) {
        return;
    }
    note->stream = entity->stream;
    note->snapshot.version = (uint64_t)entity->version;
    note->snapshot.position = entity->last_position;
    note->snapshot.schema_hash = sarn__type_fingerprint(aggregate->state);
    note->snapshot.apply_version = aggregate->apply_version;
    note->next = batch->snapshots;
    batch->snapshots = note;
    entity->snapshot_version = (uint64_t)entity->version;
}

/* Write the decided events and fold them into the state. */
static sarn_status write_events(sarn_engine *engine,
                                const struct sarn__meta *meta,
                                const struct sarn_command *command,
                                const struct deciding *deciding,
                                const struct sarn__command_result *result,
                                struct sarn_arena *arena,
                                struct sarn__written *written,
                                struct sarn_error *error)
{
    const struct sarn__command_result *rider = result;

    for (const struct sarn__emitted *emitted = deciding->decision.first;
         emitted != NULL; emitted = emitted->next) {
        struct sarn__new_event new_event = {.stream = command->stream,
                                            .type = emitted->type,
                                            .type_name = emitted->type_name,
                                            .payload = emitted->payload,
                                            .command = rider};
        struct sarn_event event;

        rider = NULL;
        SARN__TRY(sarn__writer_put(&engine->writer, meta, &new_event, written, error));
        SARN__TRY(decided_event(engine, meta, emitted, command->stream, written, arena,
                                &event, error));
        deciding->entity->stream = written->stream;
        SARN__TRY(
            sarn__entities_apply(&engine->entities, deciding->entity, &event, error));
    }
    note_snapshot(engine, deciding->entity);
    return SARN_OK;
}

void sarn__unit_rollback(sarn_engine *engine, const struct sarn__mark *mark)
{
    sarn__writer_rollback(&engine->writer, mark);
    sarn__entities_forget(&engine->entities, mark->next_position - 1);
}

sarn_status sarn__command_decide(sarn_engine *engine,
                                 const struct sarn__meta *meta,
                                 const struct sarn_command *command,
                                 struct sarn__command_result *result,
                                 uint32_t *count,
                                 struct sarn__written *written,
                                 struct sarn_error *error)
{
    struct sarn__mark mark = sarn__writer_mark(&engine->writer);
    struct deciding deciding;
    sarn_status status;

    /* Emitted events are copied into the batch before the next command resets this. */
    sarn_arena_reset(engine->scratch);
    SARN__TRY(decide(engine, meta, command, engine->scratch, &deciding, error));
    if (result != NULL) {
        result->event_count = deciding.decision.count;
    }
    status = write_events(engine, meta, command, &deciding, result, engine->scratch,
                          written, error);
    if (status != SARN_OK) {
        sarn__unit_rollback(engine, &mark);
        /* Also if apply failed at the first event, half-way. */
        sarn__entities_drop_name(&engine->entities, meta->tenant, command->stream);
        return status;
    }
    engine->counts.commands += 1;
    *count = deciding.decision.count;
    sarn__engine_observe(engine, SARN_STAGE_DECIDE, SARN_OK, *count,
                         *count > 0 ? written->position : 0, command->stream);
    return SARN_OK;
}

/* --- requests --- */

/* What the events of a request share. */
static sarn_status meta_of(sarn_engine *engine,
                           const struct sarn_command *command,
                           struct sarn__meta *meta,
                           struct sarn_error *error)
{
    *meta = (struct sarn__meta){.correlation_id = command->correlation_id,
                                .causation_id = command->causation_id,
                                .time_us = sarn__writer_now(&engine->writer),
                                .tenant = command->tenant,
                                .actor = command->actor,
                                .origin = command->origin};
    if (sarn_uuid_is_zero(meta->correlation_id)) {
        return sarn__writer_uuid(&engine->writer, meta->time_us, &meta->correlation_id,
                                 error);
    }
    return SARN_OK;
}

/* Of everything that makes a repeat a repeat: stream, type, data. */
static sarn_status payload_hash(sarn_engine *engine,
                                const struct sarn_command *command,
                                uint8_t hash[16],
                                struct sarn_error *error)
{
    const struct sarn_ports *ports = &engine->log.ports;
    /* Neither name holds a NUL, so the parts cannot run into each other. */
    struct sarn_str nul = SARN_STR("\0");
    struct sarn_str parts[5] = {
        command->stream, nul, sarn_str(command->type->name), nul, {NULL, 0}};
    uint8_t digest[SARN__DIGEST_BYTES];

    sarn_arena_reset(engine->scratch);
    SARN__TRY(ports->codec.ops->encode(ports->codec.self, command->type, command->data,
                                       engine->scratch, &parts[4], error));
    SARN__TRY(ports->hash.ops->digest(ports->hash.self, parts, 5, digest));
    memcpy(hash, digest, 16);
    return SARN_OK;
}

/* Decide and show, and leave nothing behind. */
static void run_dry(sarn_engine *engine,
                    struct sarn__request *request,
                    const struct sarn__meta *meta)
{
    const struct sarn_command *command = &request->as.command;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_reply reply = {.version = -1, .correlation_id = meta->correlation_id};
    struct deciding deciding = {0};
    struct sarn_event *events = NULL;
    uint32_t i = 0;

    reply.status = decide(engine, meta, command, request->arena, &deciding, &error);
    if (reply.status == SARN_OK && deciding.decision.count > 0) {
        events =
            sarn_arena_alloc(request->arena, deciding.decision.count * sizeof(*events));
        if (events == NULL) {
            reply.status = SARN_ERR_NOMEM;
        }
    }
    for (const struct sarn__emitted *emitted = deciding.decision.first;
         events != NULL && reply.status == SARN_OK && emitted != NULL;
         emitted = emitted->next) {
        struct sarn__written written = {
            .version = (uint64_t)(deciding.entity->version + 1) + i};

        reply.status = decided_event(engine, meta, emitted, command->stream, &written,
                                     request->arena, &events[i], &error);
        i += 1;
    }
    if (reply.status == SARN_OK) {
        reply.event_count = i;
        reply.events = events;
        reply.version = deciding.entity->version + (int64_t)i;
    } else if (error.status == reply.status) {
        reply.text = error.text;
    }
    sarn__answer_now(engine, request, &reply);
}

/* A rejection under a key is an answer to be kept: a record says so. */
sarn_status sarn__command_settle(sarn_engine *engine,
                                 const struct sarn__meta *meta,
                                 struct sarn__command_result *result,
                                 const struct sarn_error *error,
                                 struct sarn_error *failure)
{
    struct sarn__written written;
    struct sarn__new_event event = {.type = &sarn_command_settled_type,
                                    .type_name =
                                        sarn_str(sarn_command_settled_type.name),
                                    .command = result};
    struct sarn_command_settled settled = {0};
    const struct sarn_codec *codec = &engine->log.ports.codec;

    result->event_count = 0;
    if (error != NULL) {
        result->status = (uint32_t)error->status;
        result->text = sarn_str(error->text);
    }
    sarn_arena_reset(engine->scratch);
    SARN__TRY(codec->ops->encode(codec->self, event.type, &settled, engine->scratch,
                                 &event.payload, failure));
    return sarn__writer_put(&engine->writer, meta, &event, &written, failure);
}

static void decide_request(sarn_engine *engine,
                           struct sarn__request *request,
                           const struct sarn__meta *meta,
                           struct sarn__command_result *result)
{
    const struct sarn_command *command = &request->as.command;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_reply reply = {.version = -1, .correlation_id = meta->correlation_id};
    struct sarn__written written = {.position = 0};

    reply.status = sarn__command_decide(engine, meta, command, result,
                                        &reply.event_count, &written, &error);
    if (reply.status == SARN_ERR_REJECTED) {
        engine->counts.rejections += 1;
    }
    if (result != NULL && reply.event_count == 0 &&
        (reply.status == SARN_OK || reply.status == SARN_ERR_REJECTED)) {
        struct sarn_error failure = {SARN_OK, ""};
        sarn_status status = sarn__command_settle(
            engine, meta, result, reply.status == SARN_OK ? NULL : &error, &failure);

        if (status != SARN_OK) {
            reply.status = status;
            error = failure;
        }
    }
    if (reply.status == SARN_OK && reply.event_count > 0) {
        reply.position = written.position;
        reply.version = (int64_t)written.version;
    }
    if (reply.status != SARN_OK && error.status == reply.status) {
        reply.text = error.text;
    }
    /* Also a refusal may rest on events in flight: it leaves when they are durable. */
    sarn__answer_later(engine, request, &reply);
}

void sarn__command_run(sarn_engine *engine, struct sarn__request *request)
{
    const struct sarn_command *command = &request->as.command;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__command_result result;
    struct sarn__meta meta;
    uint8_t hash[16];
    bool keyed = command->key.size > 0 && (command->flags & SARN_DRY_RUN) == 0;
    sarn_status status = meta_of(engine, command, &meta, &error);

    if (status == SARN_OK && keyed) {
        status = payload_hash(engine, command, hash, &error);
    }
    if (status != SARN_OK) {
        sarn__answer_error(engine, request, status, &error);
    } else if ((command->flags & SARN_DRY_RUN) != 0) {
        run_dry(engine, request, &meta);
    } else if (!keyed || !sarn__key_taken(engine, request, meta.tenant, command->key,
                                          hash, &result)) {
        decide_request(engine, request, &meta, keyed ? &result : NULL);
    }
    sarn__entities_trim(&engine->entities);
}
