#include "support/scribe.h"

#include <stdlib.h>
#include <string.h>

#include "infra/memory/codec.h"
#include "infra/memory/hash.h"
#include "sarn/events.h"
#include "support/test.h"

static void open_owner(struct scribe *scribe)
{
    struct sarn_error error;

    assert_int_equal(
        sarn__memory_journal_open(scribe->store, 0, 1, &scribe->ports.journal, &error),
        SARN_OK);
}

static void *test_resize(void *arg, void *memory, size_t size)
{
    (void)arg;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

void scribe_init(struct scribe *scribe)
{
    memset(scribe, 0, sizeof(*scribe));
    scribe->store = sarn__memory_store_create(NULL);
    scribe->arena = sarn_arena_create(NULL);
    assert_non_null(scribe->store);
    assert_non_null(scribe->arena);
    scribe->ports.codec = sarn__memory_codec();
    scribe->ports.hash = sarn__memory_hash();
    scribe->ports.heap = (struct sarn_heap){test_resize, NULL};
    open_owner(scribe);
}

void scribe_done(struct scribe *scribe)
{
    scribe->ports.journal.ops->close(scribe->ports.journal.self);
    sarn_arena_destroy(scribe->arena);
    sarn__memory_store_destroy(scribe->store);
}

void scribe_crash(struct scribe *scribe)
{
    sarn__memory_store_crash(scribe->store);
    scribe->ports.journal.ops->close(scribe->ports.journal.self);
    open_owner(scribe);
}

struct sarn_ports scribe_reader(struct scribe *scribe)
{
    struct sarn_ports ports = scribe->ports;

    assert_int_equal(sarn__memory_journal_open(scribe->store, SARN__MEMORY_READ_ONLY, 2,
                                               &ports.journal, NULL),
                     SARN_OK);
    return ports;
}

struct scribe_stream *
scribe_stream(struct scribe *scribe, uint32_t tenant, const char *name)
{
    for (uint32_t i = 0; i < scribe->stream_count; i++) {
        if (scribe->streams[i].tenant == tenant &&
            strcmp(scribe->streams[i].name, name) == 0) {
            return &scribe->streams[i];
        }
    }
    return NULL;
}

/* The number of a name, which is given one, and stands in *said, when it is new. */
static uint32_t name_id(struct scribe_name *names,
                        uint32_t *count,
                        uint32_t scope,
                        const char *text,
                        struct sarn_str *said)
{
    if (text == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < *count; i++) {
        if (names[i].scope == scope && strcmp(names[i].text, text) == 0) {
            return i + 1;
        }
    }
    assert_true(*count < SCRIBE_NAMES_MAX);
    snprintf(names[*count].text, SCRIBE_NAME_BYTES, "%s", text);
    names[*count].scope = scope;
    *said = sarn_str(text);
    *count += 1;
    return *count;
}

static void place(struct scribe *scribe,
                  const struct scribe_event *event,
                  struct sarn__record *record)
{
    struct scribe_stream *stream = scribe_stream(scribe, event->tenant, event->stream);

    if (stream == NULL) {
        assert_true(scribe->stream_count < SCRIBE_STREAMS_MAX);
        stream = &scribe->streams[scribe->stream_count++];
        *stream = (struct scribe_stream){.tenant = event->tenant};
        snprintf(stream->name, SCRIBE_NAME_BYTES, "%s", event->stream);
        record->stream_name = sarn_str(event->stream);
    } else {
        stream->version += 1;
        record->previous = stream->last_position;
    }
    record->stream = (uint64_t)(stream - scribe->streams) + 1;
    record->version = stream->version;
    stream->last_position = record->position;
    stream->deleted = strcmp(event->type, sarn_stream_deleted_type.name) == 0;
    if (stream->deleted) {
        stream->first_version = stream->version + 1;
    }
}

static void fill_payload(struct scribe *scribe,
                         const struct scribe_event *event,
                         struct sarn__record *record)
{
    const struct sarn_codec *codec = &scribe->ports.codec;

    record->codec = event->codec;
    record->payload = event->text != NULL ? sarn_str(event->text) : event->bytes;
    if (event->struct_type != NULL) {
        record->codec = codec->ops->id;
        assert_int_equal(codec->ops->encode(codec->self, event->struct_type,
                                            event->value, scribe->arena,
                                            &record->payload, NULL),
                         SARN_OK);
    }
    if (event->key != NULL) {
        record->has_command = true;
        record->command =
            (struct sarn__command_result){.status = (uint32_t)event->status,
                                          .event_count = event->stream == NULL ? 0 : 1,
                                          .payload_hash = {7},
                                          .key = sarn_str(event->key),
                                          .text = sarn_str(event->status_text)};
    }
}

static void append(struct scribe *scribe, const struct sarn__record *record)
{
    static const uint8_t commit[SARN__COMMIT_BYTES];
    const struct sarn_journal *journal = &scribe->ports.journal;
    size_t size = sarn__record_size(record);
    void *bytes = sarn_arena_alloc(scribe->arena, size);
    struct sarn_str encoded = {bytes, (uint32_t)size};
    struct sarn_batch batch = {.first = record->position,
                               .records = &encoded,
                               .count = 1,
                               .commit = {(const char *)commit, sizeof(commit)}};

    assert_non_null(bytes);
    sarn__record_encode(record, &scribe->ports.hash, bytes);
    assert_int_equal(journal->ops->append(journal->self, &batch, NULL), SARN_OK);
}

uint64_t scribe_write(struct scribe *scribe, const struct scribe_event *event)
{
    struct sarn__record record = {.position = ++scribe->position,
                                  .schema = event->schema,
                                  .tenant = event->tenant,
                                  .time_us = event->time_us,
                                  .schema_name = sarn_str(event->schema_name)};

    record.time_us += event->time_us == 0 ? (int64_t)scribe->position : 0;
    record.type = name_id(scribe->types, &scribe->type_count, event->schema,
                          event->type, &record.type_name);
    record.actor = name_id(scribe->actors, &scribe->actor_count, 0, event->actor,
                           &record.actor_name);
    record.origin = name_id(scribe->origins, &scribe->origin_count, 0, event->origin,
                            &record.origin_name);
    scribe->schema_count += event->schema_name != NULL ? 1 : 0;
    if (event->stream != NULL) {
        place(scribe, event, &record);
    }
    fill_payload(scribe, event, &record);
    record.version += (uint64_t)event->version_off;
    record.previous += (uint64_t)event->previous_off;
    record.stream += (uint64_t)event->stream_off;
    record.type += (uint32_t)event->type_off;
    if (event->unnamed) {
        record.type_name = record.actor_name = record.origin_name = record.stream_name =
            (struct sarn_str){NULL, 0};
    }
    append(scribe, &record);
    sarn_arena_reset(scribe->arena);
    return scribe->position;
}
