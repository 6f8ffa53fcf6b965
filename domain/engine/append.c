/* Events appended as they are, without an aggregate; and what is said about a stream:
 * its metadata, its deletion. */
#include <string.h>

#include "core/fail.h"
#include "engine/state.h"
#include "sarn/events.h"

/* --- appends --- */

static struct sarn__new_event new_event(const struct sarn_stream_append *stream,
                                        const struct sarn_new_event *event,
                                        struct sarn_str payload)
{
    const struct sarn_type *type = event->type == NULL ? &sarn_bytes_type : event->type;

    return (struct sarn__new_event){
        .stream = stream->stream,
        .type = type,
        .type_name = sarn_str(event->type_name == NULL ? type->name : event->type_name),
        .payload = payload};
}

static uint32_t event_count(const struct sarn_append *append)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < append->stream_count; i++) {
        count += append->streams[i].event_count;
    }
    return count;
}

/* Plain bytes are their own encoding, and the request has its copy of them. */
static sarn_status encode_event(const struct sarn_codec *codec,
                                const struct sarn_new_event *event,
                                struct sarn_arena *arena,
                                struct sarn_str *payload,
                                struct sarn_error *error)
{
    const struct sarn_type *type = event->type == NULL ? &sarn_bytes_type : event->type;
    const struct sarn_str *bytes = event->data;

    if (type == &sarn_bytes_type && bytes->size <= SARN_PAYLOAD_BYTES_MAX) {
        *payload = *bytes;
        return SARN_OK;
    }
    return codec->ops->encode(codec->self, type, event->data, arena, payload, error);
}

/* The payloads of all events in order, in arena. */
static sarn_status encode(sarn_engine *engine,
                          const struct sarn_append *append,
                          struct sarn_arena *arena,
                          struct sarn_str **payloads,
                          struct sarn_error *error)
{
    const struct sarn_codec *codec = &engine->log.ports.codec;
    struct sarn_str *payload =
        sarn_arena_alloc(arena, event_count(append) * sizeof(*payload));

    if (payload == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory appending");
    }
    *payloads = payload;
    for (uint32_t i = 0; i < append->stream_count; i++) {
        for (uint32_t k = 0; k < append->streams[i].event_count; k++) {
            const struct sarn_new_event *event = &append->streams[i].events[k];

            SARN__TRY(encode_event(codec, event, arena, payload, error));
            payload += 1;
        }
    }
    return SARN_OK;
}

static sarn_status expect_all(sarn_engine *engine,
                              const struct sarn_append *append,
                              struct sarn_error *error)
{
    for (uint32_t i = 0; i < append->stream_count; i++) {
        const struct sarn_stream_append *stream = &append->streams[i];
        struct sarn__head head;

        if (stream->expected_version == SARN_ANY) {
            continue; /* Whatever is there will do: it need not be looked up. */
        }
        SARN__TRY(sarn__writer_head(&engine->writer, append->tenant, stream->stream,
                                    &head, error));
        SARN__TRY(sarn__writer_expect(&head, stream->stream, stream->expected_version,
                                      error));
    }
    return SARN_OK;
}

static sarn_status write_all(sarn_engine *engine,
                             const struct sarn_append *append,
                             const struct sarn__meta *meta,
                             const struct sarn_str *payloads,
                             const struct sarn__command_result *result,
                             struct sarn__written *written,
                             struct sarn_error *error)
{
    const struct sarn__command_result *rider = result;

    for (uint32_t i = 0; i < append->stream_count; i++) {
        const struct sarn_stream_append *stream = &append->streams[i];

        for (uint32_t k = 0; k < stream->event_count; k++) {
            struct sarn__new_event event =
                new_event(stream, &stream->events[k], *payloads);

            event.command = rider;
            rider = NULL;
            SARN__TRY(sarn__writer_put(&engine->writer, meta, &event, written, error));
            payloads += 1;
        }
    }
    return SARN_OK;
}

static sarn_status append_meta(sarn_engine *engine,
                               const struct sarn_append *append,
                               struct sarn__meta *meta,
                               struct sarn_error *error)
{
    *meta = (struct sarn__meta){.correlation_id = append->correlation_id,
                                .causation_id = append->causation_id,
                                .time_us = sarn__writer_now(&engine->writer),
                                .tenant = append->tenant,
                                .actor = append->actor,
                                .origin = append->origin};
    if (sarn_uuid_is_zero(meta->correlation_id)) {
        return sarn__writer_uuid(&engine->writer, meta->time_us, &meta->correlation_id,
                                 error);
    }
    return SARN_OK;
}

/* A part of a digest: how long the two next ones are, so that no two appends look alike
 * when they are joined. */
static struct sarn_str
sizes_of(uint32_t sizes[2], struct sarn_str first, struct sarn_str second)
{
    sizes[0] = first.size;
    sizes[1] = second.size;
    return (struct sarn_str){(const char *)sizes, 2 * sizeof(sizes[0])};
}

/* Of what makes a repeat a repeat: every stream's name, every type and payload. */
static sarn_status append_hash(sarn_engine *engine,
                               const struct sarn_append *append,
                               const struct sarn_str *payloads,
                               struct sarn_arena *arena,
                               uint8_t hash[16])
{
    const struct sarn_hash *port = &engine->log.ports.hash;
    size_t groups = append->stream_count + (size_t)event_count(append);
    struct sarn_str *parts = sarn_arena_alloc(arena, groups * 3 * sizeof(*parts));
    uint32_t(*sizes)[2] = sarn_arena_alloc(arena, groups * sizeof(*sizes));
    uint8_t digest[SARN__DIGEST_BYTES];
    uint32_t count = 0;

    if (parts == NULL || sizes == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < append->stream_count; i++) {
        const struct sarn_stream_append *stream = &append->streams[i];
        struct sarn_str none = {NULL, 0};

        parts[count++] = sizes_of(*sizes++, stream->stream, none);
        parts[count++] = stream->stream;
        for (uint32_t k = 0; k < stream->event_count; k++) {
            struct sarn_str name =
                new_event(stream, &stream->events[k], *payloads).type_name;

            parts[count++] = sizes_of(*sizes++, name, *payloads);
            parts[count++] = name;
            parts[count++] = *payloads++;
        }
    }
    SARN__TRY(port->ops->digest(port->self, parts, count, digest));
    memcpy(hash, digest, 16);
    return SARN_OK;
}

static void finish_append(sarn_engine *engine,
                          struct sarn__request *request,
                          const struct sarn__meta *meta,
                          const struct sarn_str *payloads,
                          struct sarn__command_result *result)
{
    const struct sarn_append *append = &request->as.append;
    struct sarn__mark mark = sarn__writer_mark(&engine->writer);
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__written written = {.position = 0};
    struct sarn_reply reply = {.version = -1, .correlation_id = meta->correlation_id};

    if (result != NULL) {
        result->event_count = event_count(append);
    }
    reply.status = expect_all(engine, append, &error);
    if (reply.status == SARN_OK) {
        reply.event_count = event_count(append);
        if ((append->flags & SARN_DRY_RUN) != 0) {
            sarn__answer_now(engine, request, &reply);
            return;
        }
        reply.status =
            write_all(engine, append, meta, payloads, result, &written, &error);
    }
    if (reply.status == SARN_OK) {
        reply.position = written.position;
        reply.version = (int64_t)written.version;
    } else {
        sarn__writer_rollback(&engine->writer, &mark);
        reply.event_count = 0;
        reply.text = error.status == reply.status ? error.text : NULL;
    }
    sarn__answer_later(engine, request, &reply);
}

void sarn__append_run(sarn_engine *engine, struct sarn__request *request)
{
    const struct sarn_append *append = &request->as.append;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__command_result result;
    struct sarn__meta meta;
    struct sarn_str *payloads = NULL;
    uint8_t hash[16];
    bool keyed = append->key.size > 0 && (append->flags & SARN_DRY_RUN) == 0;
    sarn_status status = append_meta(engine, append, &meta, &error);

    if (status == SARN_OK) {
        status = encode(engine, append, request->arena, &payloads, &error);
    }
    if (status == SARN_OK && keyed) {
        status = append_hash(engine, append, payloads, request->arena, hash);
    }
    if (status != SARN_OK) {
        sarn__answer_error(engine, request, status, &error);
    } else if (!keyed || !sarn__key_taken(engine, request, meta.tenant, append->key,
                                          hash, &result)) {
        finish_append(engine, request, &meta, payloads, keyed ? &result : NULL);
    }
}

/* --- metadata and deletion --- */

static void write_about(sarn_engine *engine,
                        struct sarn__request *request,
                        const struct sarn_type *type,
                        const void *data)
{
    struct sarn_str stream = request->as.stream.stream;
    struct sarn__meta meta = {.time_us = sarn__writer_now(&engine->writer),
                              .tenant = request->as.stream.tenant};
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__head head;
    struct sarn__written written;
    struct sarn_reply reply = {.version = -1};

    reply.status =
        sarn__writer_head(&engine->writer, meta.tenant, stream, &head, &error);
    if (reply.status == SARN_OK) {
        reply.status = sarn__writer_expect(&head, stream,
                                           request->as.stream.expected_version, &error);
    }
    if (reply.status == SARN_OK && (head.number == 0 || head.deleted)) {
        reply.status =
            sarn__fail(&error, SARN_ERR_NOT_FOUND, "stream \"%.*s\" has no events",
                       (int)stream.size, stream.data);
    }
    if (reply.status == SARN_OK) {
        reply.status = sarn__writer_uuid(&engine->writer, meta.time_us,
                                         &meta.correlation_id, &error);
    }
    if (reply.status == SARN_OK) {
        reply.status = sarn__writer_put_struct(&engine->writer, &meta, stream, type,
                                               data, &written, &error);
    }
    if (reply.status == SARN_OK) {
        reply.event_count = 1;
        reply.position = written.position;
        reply.version = (int64_t)written.version;
        reply.correlation_id = meta.correlation_id;
        /* The cached state is of another life, or another version. */
        sarn__entities_drop_name(&engine->entities, meta.tenant, stream);
    } else {
        reply.text = error.status == reply.status ? error.text : NULL;
    }
    sarn__answer_later(engine, request, &reply);
}

void sarn__metadata_run(sarn_engine *engine, struct sarn__request *request)
{
    struct sarn_stream_metadata_set event = {.metadata = request->as.stream.metadata};

    write_about(engine, request, &sarn_stream_metadata_set_type, &event);
}

void sarn__delete_run(sarn_engine *engine, struct sarn__request *request)
{
    struct sarn_stream_deleted event = {0};

    write_about(engine, request, &sarn_stream_deleted_type, &event);
}
