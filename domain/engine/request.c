/* Requests: what a caller asks for, checked and copied in the caller's thread, so that
 * the dispatch thread only meets what is well formed. */
#include <string.h>

#include "core/fail.h"
#include "core/utf8.h"
#include "engine/module_check.h"
#include "engine/request_parts.h"
#include "engine/schedule_log.h"
#include "engine/state.h"

void sarn__request_destroy(struct sarn__request *request)
{
    if (request != NULL) {
        sarn_arena_destroy(request->arena); /* The request lies in it. */
    }
}

sarn_status sarn__request_create(sarn_engine *engine,
                                 enum sarn__request_kind kind,
                                 struct sarn__request **request,
                                 struct sarn_error *error)
{
    struct sarn_arena *arena = sarn_arena_create(&engine->log.ports.heap);
    struct sarn__request *made =
        arena == NULL ? NULL : sarn_arena_alloc(arena, sizeof(*made));

    if (made == NULL) {
        sarn_arena_destroy(arena);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory taking a request");
    }
    made->arena = arena;
    made->kind = kind;
    made->answer = sarn_arena_alloc(arena, sizeof(*made->answer));
    if (made->answer == NULL) {
        sarn_arena_destroy(arena);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory taking a request");
    }
    *request = made;
    return SARN_OK;
}

/* --- checks --- */

sarn_status sarn__request_check_size(struct sarn_str text,
                                     uint32_t size_max,
                                     const char *what,
                                     struct sarn_error *error)
{
    if (text.size > size_max) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE, "%s has at most %u bytes, not %u",
                          what, size_max, text.size);
    }
    return SARN_OK;
}

sarn_status sarn__request_check_text(struct sarn_str text,
                                     uint32_t size_max,
                                     const char *what,
                                     struct sarn_error *error)
{
    SARN__TRY(sarn__request_check_size(text, size_max, what, error));
    if (!sarn__utf8_valid(text)) {
        return sarn__fail(error, SARN_ERR_INVALID, "%s is not UTF-8", what);
    }
    return SARN_OK;
}

/* What becomes part of a stream's name, or all of it. */
sarn_status sarn__request_check_name(struct sarn_str text,
                                     uint32_t size_max,
                                     const char *what,
                                     struct sarn_error *error)
{
    if (text.size == 0 || text.size > size_max) {
        return sarn__fail(error, text.size == 0 ? SARN_ERR_INVALID : SARN_ERR_TOO_LARGE,
                          "%s has 1 to %u bytes, not %u", what, size_max, text.size);
    }
    SARN__TRY(sarn__request_check_text(text, size_max, what, error));
    if (memchr(text.data, '\0', text.size) != NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "%s holds no NUL", what);
    }
    return SARN_OK;
}

static sarn_status check_stream(struct sarn_str stream, struct sarn_error *error)
{
    return sarn__request_check_name(stream, SARN_STREAM_NAME_BYTES_MAX,
                                    "a stream's name", error);
}

sarn_status sarn__request_check_who(struct sarn_str key,
                                    struct sarn_str actor,
                                    struct sarn_str origin,
                                    struct sarn_error *error)
{
    SARN__TRY(
        sarn__request_check_size(key, SARN_KEY_BYTES_MAX, "an idempotency key", error));
    SARN__TRY(
        sarn__request_check_text(actor, SARN_NAME_BYTES_MAX, "an actor's name", error));
    return sarn__request_check_text(origin, SARN_NAME_BYTES_MAX, "an origin's name",
                                    error);
}

static sarn_status check_expected(int64_t expected, struct sarn_error *error)
{
    if (expected < SARN_STREAM_EXISTS) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "an expected version is >= 0, SARN_ANY, SARN_NO_STREAM or "
                          "SARN_STREAM_EXISTS, not %lld",
                          (long long)expected);
    }
    return SARN_OK;
}

/* Appending past the code that owns a stream would make states that decide never saw.
 */
static sarn_status
check_unowned(sarn_engine *engine, struct sarn_str stream, struct sarn_error *error)
{
    struct sarn_str category = sarn__category(stream);

    if (sarn__registry_aggregate(engine->log.registry, category) != NULL ||
        sarn__registry_workflow(engine->log.registry, category) != NULL ||
        sarn__is_schedule(stream)) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "the category \"%.*s\" belongs to an aggregate, workflow or schedule; send "
            "it a command instead of appending to it",
            (int)category.size, category.data);
    }
    return SARN_OK;
}

/* --- copies --- */

sarn_status sarn__request_copy_who(struct sarn_arena *arena,
                                   struct sarn_str *key,
                                   struct sarn_str *actor,
                                   struct sarn_str *origin)
{
    SARN__TRY(sarn_arena_copy(arena, *key, key));
    SARN__TRY(sarn_arena_copy(arena, *actor, actor));
    return sarn_arena_copy(arena, *origin, origin);
}

sarn_status sarn__request_copy_data(struct sarn_arena *arena,
                                    const struct sarn_type *type,
                                    const void **data)
{
    void *copy;

    if (type == NULL || *data == NULL) {
        return SARN_OK;
    }
    copy = sarn_arena_alloc(arena, type->size);
    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    SARN__TRY(sarn_type_copy(type, *data, copy, arena));
    *data = copy;
    return SARN_OK;
}

sarn_status sarn__request_finish(struct sarn__request *made,
                                 sarn_status status,
                                 struct sarn__request **request,
                                 struct sarn_error *error)
{
    if (status != SARN_OK) {
        sarn__request_destroy(made);
        return status == SARN_ERR_TOO_LARGE
                   ? sarn__fail(error, status,
                                "the data of a request is nested over %u deep",
                                SARN_DEPTH_MAX)
                   : sarn__fail(error, status, "out of memory copying a request");
    }
    *request = made;
    return SARN_OK;
}

/* --- commands --- */

sarn_status sarn__command_check(sarn_engine *engine,
                                const struct sarn_command *command,
                                struct sarn_error *error)
{
    const struct sarn_aggregate *aggregate;

    SARN__TRY(check_stream(command->stream, error));
    SARN__TRY(
        sarn__request_check_who(command->key, command->actor, command->origin, error));
    SARN__TRY(check_expected(command->expected_version, error));
    SARN__TRY(sarn__aggregate_of(engine, command->stream, &aggregate, error));
    if (command->type == NULL || command->data == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "a command needs a type and data");
    }
    for (uint32_t i = 0; i < aggregate->command_count; i++) {
        if (aggregate->commands[i] == command->type) {
            return SARN_OK;
        }
    }
    return sarn__fail(error, SARN_ERR_INVALID, "aggregate \"%s\" does not take %s",
                      aggregate->category, command->type->name);
}

static sarn_status copy_command(struct sarn__request *made)
{
    struct sarn_command *to = &made->as.command;

    SARN__TRY(sarn_arena_copy(made->arena, to->stream, &to->stream));
    SARN__TRY(sarn__request_copy_who(made->arena, &to->key, &to->actor, &to->origin));
    return sarn__request_copy_data(made->arena, to->type, &to->data);
}

sarn_status sarn__request_command(sarn_engine *engine,
                                  const struct sarn_command *command,
                                  struct sarn__request **request,
                                  struct sarn_error *error)
{
    struct sarn__request *made;

    SARN__TRY(sarn__command_check(engine, command, error));
    SARN__TRY(sarn__request_create(engine, SARN__REQUEST_COMMAND, &made, error));
    made->as.command = *command;
    return sarn__request_finish(made, copy_command(made), request, error);
}

/* --- appends --- */

static sarn_status check_event(const struct sarn_new_event *event,
                               struct sarn_error *error)
{
    struct sarn_str name = sarn_str(event->type_name);

    if (event->type == NULL && name.size == 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "an event needs a type or a type name");
    }
    if (event->type != NULL && event->type != &sarn_bytes_type && name.size > 0 &&
        !sarn_str_equal(name, sarn_str(event->type->name))) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "an event of %s cannot be called \"%s\"", event->type->name,
                          event->type_name);
    }
    if (event->data == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "an event needs data");
    }
    if (name.size >= 5 && memcmp(name.data, "sarn.", 5) == 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "type names beginning with \"sarn.\" are Sarn's own: \"%s\"",
                          event->type_name);
    }
    return sarn__request_check_text(name, SARN_NAME_BYTES_MAX, "a type's name", error);
}

static sarn_status check_stream_append(sarn_engine *engine,
                                       const struct sarn_append *append,
                                       uint32_t index,
                                       struct sarn_error *error)
{
    const struct sarn_stream_append *stream = &append->streams[index];

    SARN__TRY(check_stream(stream->stream, error));
    SARN__TRY(check_expected(stream->expected_version, error));
    SARN__TRY(check_unowned(engine, stream->stream, error));
    if (stream->event_count == 0) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "an append to \"%.*s\" has no events",
                          (int)stream->stream.size, stream->stream.data);
    }
    for (uint32_t i = 0; i < index; i++) {
        if (sarn_str_equal(append->streams[i].stream, stream->stream)) {
            return sarn__fail(error, SARN_ERR_INVALID,
                              "stream \"%.*s\" is in the append twice",
                              (int)stream->stream.size, stream->stream.data);
        }
    }
    for (uint32_t i = 0; i < stream->event_count; i++) {
        SARN__TRY(check_event(&stream->events[i], error));
    }
    return SARN_OK;
}

static sarn_status check_append(sarn_engine *engine,
                                const struct sarn_append *append,
                                struct sarn_error *error)
{
    uint64_t events = 0;

    SARN__TRY(
        sarn__request_check_who(append->key, append->actor, append->origin, error));
    if (append->stream_count == 0 ||
        append->stream_count > SARN_EVENTS_PER_COMMAND_MAX) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "an append is to 1 to %u streams, not %u",
                          SARN_EVENTS_PER_COMMAND_MAX, append->stream_count);
    }
    for (uint32_t i = 0; i < append->stream_count; i++) {
        SARN__TRY(check_stream_append(engine, append, i, error));
        events += append->streams[i].event_count;
    }
    return events <= SARN_EVENTS_PER_COMMAND_MAX
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_TOO_LARGE,
                            "an append has at most %u events, not %llu",
                            SARN_EVENTS_PER_COMMAND_MAX, (unsigned long long)events);
}

static sarn_status copy_events(struct sarn_arena *arena,
                               struct sarn_stream_append *stream)
{
    struct sarn_new_event *events =
        sarn_arena_alloc(arena, stream->event_count * sizeof(*events));

    if (events == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < stream->event_count; i++) {
        struct sarn_str name = sarn_str(stream->events[i].type_name);

        events[i] = stream->events[i];
        if (events[i].type == NULL) {
            events[i].type = &sarn_bytes_type;
        }
        if (name.size > 0) {
            name.size += 1; /* With its NUL. */
            SARN__TRY(sarn_arena_copy(arena, name, &name));
            events[i].type_name = name.data;
        }
        SARN__TRY(sarn__request_copy_data(arena, events[i].type, &events[i].data));
    }
    stream->events = events;
    return sarn_arena_copy(arena, stream->stream, &stream->stream);
}

static sarn_status copy_append(struct sarn__request *made)
{
    struct sarn_append *to = &made->as.append;
    struct sarn_stream_append *streams =
        sarn_arena_alloc(made->arena, to->stream_count * sizeof(*streams));

    if (streams == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(streams, to->streams, to->stream_count * sizeof(*streams));
    for (uint32_t i = 0; i < to->stream_count; i++) {
        SARN__TRY(copy_events(made->arena, &streams[i]));
    }
    to->streams = streams;
    return sarn__request_copy_who(made->arena, &to->key, &to->actor, &to->origin);
}

sarn_status sarn__request_append(sarn_engine *engine,
                                 const struct sarn_append *append,
                                 struct sarn__request **request,
                                 struct sarn_error *error)
{
    struct sarn__request *made;

    SARN__TRY(check_append(engine, append, error));
    SARN__TRY(sarn__request_create(engine, SARN__REQUEST_APPEND, &made, error));
    made->as.append = *append;
    return sarn__request_finish(made, copy_append(made), request, error);
}

/* --- about a stream --- */

static sarn_status request_stream(sarn_engine *engine,
                                  enum sarn__request_kind kind,
                                  uint32_t tenant,
                                  struct sarn_str stream,
                                  int64_t expected_version,
                                  struct sarn_str metadata,
                                  struct sarn__request **request,
                                  struct sarn_error *error)
{
    struct sarn__request *made;
    sarn_status status;

    SARN__TRY(check_stream(stream, error));
    SARN__TRY(check_expected(expected_version, error));
    SARN__TRY(sarn__request_check_size(metadata, SARN_PAYLOAD_BYTES_MAX / 2, "metadata",
                                       error));
    if (sarn__registry_workflow(engine->log.registry, sarn__category(stream)) != NULL ||
        sarn__is_schedule(stream)) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "\"%.*s\" is an execution or a schedule; it can be neither deleted nor "
            "described",
            (int)stream.size, stream.data);
    }
    SARN__TRY(sarn__request_create(engine, kind, &made, error));
    made->as.stream.tenant = tenant;
    made->as.stream.expected_version = expected_version;
    status = sarn_arena_copy(made->arena, stream, &made->as.stream.stream);
    if (status == SARN_OK) {
        status = sarn_arena_copy(made->arena, metadata, &made->as.stream.metadata);
    }
    return sarn__request_finish(made, status, request, error);
}

sarn_status sarn__request_metadata(sarn_engine *engine,
                                   uint32_t tenant,
                                   struct sarn_str stream,
                                   struct sarn_str metadata,
                                   struct sarn__request **request,
                                   struct sarn_error *error)
{
    return request_stream(engine, SARN__REQUEST_METADATA, tenant, stream, SARN_ANY,
                          metadata, request, error);
}

sarn_status sarn__request_delete(sarn_engine *engine,
                                 uint32_t tenant,
                                 struct sarn_str stream,
                                 int64_t expected_version,
                                 struct sarn__request **request,
                                 struct sarn_error *error)
{
    return request_stream(engine, SARN__REQUEST_DELETE, tenant, stream,
                          expected_version, (struct sarn_str){NULL, 0}, request, error);
}
