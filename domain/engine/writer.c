#include "engine/writer_parts.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "sarn/events.h"

/* --- batches --- */

void sarn__batch_destroy(struct sarn__batch *batch)
{
    if (batch != NULL) {
        sarn_arena_destroy(batch->arena); /* The batch lies in it. */
    }
}

static struct sarn__batch *batch_create(const struct sarn_heap *heap)
{
    struct sarn_arena *arena = sarn_arena_create(heap);
    struct sarn__batch *batch = NULL;

    if (arena != NULL) {
        batch = sarn_arena_alloc(arena, sizeof(*batch));
        if (batch == NULL) {
            sarn_arena_destroy(arena);
        } else {
            batch->arena = arena;
        }
    }
    return batch;
}

/* Room for one more record. */
static sarn_status batch_reserve(struct sarn__batch *batch)
{
    if (batch->count == batch->capacity) {
        uint32_t capacity = batch->capacity == 0 ? 64 : batch->capacity * 2;
        struct sarn_str *records =
            sarn_arena_alloc(batch->arena, capacity * sizeof(*records));

        if (records == NULL) {
            return SARN_ERR_NOMEM;
        }
        if (batch->count > 0) {
            memcpy(records, batch->records, batch->count * sizeof(*records));
        }
        batch->records = records;
        batch->capacity = capacity;
    }
    return SARN_OK;
}

/* --- life --- */

static void resync(struct sarn__writer *writer)
{
    const struct sarn__store *store = writer->store;

    writer->next_position = store->position + 1;
    writer->next_stream = store->next_stream;
    writer->next_type = store->next_type;
    writer->next_schema = store->next_schema;
    writer->next_actor = store->next_actor;
    writer->next_origin = store->next_origin;
    writer->next_projection = store->next_projection;
}

sarn_status sarn__writer_init(struct sarn__writer *writer,
                              const struct sarn_ports *ports,
                              struct sarn__store *store,
                              struct sarn_error *error)
{
    *writer = (struct sarn__writer){.ports = ports,
                                    .store = store,
                                    .random = ports->random,
                                    .time_us = store->time_us};
    sarn__map_init(&writer->heads, &ports->heap);
    sarn__map_init(&writer->words, &ports->heap);
    sarn__map_init(&writer->types, &ports->heap);
    writer->scratch = sarn_arena_create(&ports->heap);
    writer->open = batch_create(&ports->heap);
    resync(writer);
    if (writer->scratch == NULL || writer->open == NULL) {
        sarn__writer_done(writer);
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory opening the log to write");
    }
    writer->open->first = writer->next_position;
    return SARN_OK;
}

void sarn__writer_done(struct sarn__writer *writer)
{
    sarn__writer_drop_heads(writer, UINT64_MAX);
    sarn__writer_drop_words(writer, UINT64_MAX);
    sarn__writer_drop_types(writer);
    sarn__map_done(&writer->heads);
    sarn__map_done(&writer->words);
    sarn__map_done(&writer->types);
    sarn__batch_destroy(writer->settling);
    sarn__batch_destroy(writer->in_flight);
    sarn__batch_destroy(writer->open);
    sarn_arena_destroy(writer->scratch);
    writer->settling = writer->in_flight = writer->open = NULL;
    writer->scratch = NULL;
}

uint64_t sarn__writer_folded(const struct sarn__writer *writer)
{
    return writer->store->position;
}

/* --- units --- */

sarn_status sarn__writer_remember(struct sarn__writer *writer,
                                  struct sarn__pending_head *head,
                                  struct sarn__pending_word *word,
                                  bool created)
{
    struct sarn__undo *undo = sarn_arena_alloc(writer->open->arena, sizeof(*undo));

    if (undo == NULL) {
        return SARN_ERR_NOMEM;
    }
    undo->head = head;
    undo->word = word;
    undo->created = created;
    if (head != NULL) {
        undo->old = head->head;
    }
    undo->next = writer->undo;
    writer->undo = undo;
    return SARN_OK;
}

struct sarn__mark sarn__writer_mark(const struct sarn__writer *writer)
{
    return (struct sarn__mark){.count = writer->open->count,
                               .bytes = writer->open->bytes,
                               .snapshots = writer->open->snapshots,
                               .undo = writer->undo,
                               .next_position = writer->next_position,
                               .next_stream = writer->next_stream,
                               .next_type = writer->next_type,
                               .next_schema = writer->next_schema,
                               .next_actor = writer->next_actor,
                               .next_origin = writer->next_origin,
                               .next_projection = writer->next_projection};
}

static void undo_one(struct sarn__writer *writer, const struct sarn__undo *undo)
{
    if (undo->head != NULL && undo->created) {
        sarn__map_remove(&writer->heads, &undo->head->node);
        sarn__heap_free(&writer->ports->heap, undo->head);
    } else if (undo->head != NULL) {
        undo->head->head = undo->old;
    } else {
        sarn__map_remove(&writer->words, &undo->word->node);
        sarn__heap_free(&writer->ports->heap, undo->word);
    }
}

void sarn__writer_rollback(struct sarn__writer *writer, const struct sarn__mark *mark)
{
    while (writer->undo != mark->undo) {
        undo_one(writer, writer->undo);
        writer->undo = writer->undo->next;
    }
    writer->open->count = mark->count;
    writer->open->snapshots = mark->snapshots;
    writer->open->bytes = mark->bytes;
    writer->next_position = mark->next_position;
    writer->next_stream = mark->next_stream;
    writer->next_type = mark->next_type;
    writer->next_schema = mark->next_schema;
    writer->next_actor = mark->next_actor;
    writer->next_origin = mark->next_origin;
    writer->next_projection = mark->next_projection;
}

/* --- writing --- */

/* Give the record its place in its stream. */
static sarn_status place(struct sarn__writer *writer,
                         const struct sarn__meta *meta,
                         const struct sarn__new_event *event,
                         struct sarn__record *record,
                         struct sarn_error *error)
{
    struct sarn__head head;

    SARN__TRY(sarn__writer_head(writer, meta->tenant, event->stream, &head, error));
    if (head.number == 0) {
        head.number = writer->next_stream;
        writer->next_stream += 1;
        record->stream_name = event->stream;
        record->version = 0;
    } else {
        record->version = head.version + 1;
        record->previous = head.last_position;
    }
    record->stream = head.number;
    head.version = record->version;
    head.last_position = record->position;
    head.deleted = false;
    if (event->type == &sarn_stream_deleted_type) {
        head.deleted = true;
        head.first_version = head.version + 1;
    }
    return sarn__writer_pend_head(writer, meta->tenant, event->stream, &head);
}

/* Refused here, so that what shares the commit does not fail with it. */
static sarn_status append_record(struct sarn__writer *writer,
                                 const struct sarn__record *record,
                                 struct sarn_error *error)
{
    struct sarn__batch *batch = writer->open;
    size_t size = sarn__record_size(record);
    char *bytes;

    if (size > SARN__APPEND_BYTES_MAX - batch->bytes) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "one commit has at most %u bytes, and this is more: split it",
                          SARN__APPEND_BYTES_MAX);
    }
    SARN__TRY(batch_reserve(batch));
    bytes = sarn_arena_alloc(batch->arena, size);
    if (bytes == NULL) {
        return SARN_ERR_NOMEM;
    }
    sarn__record_encode(record, &writer->ports->hash, bytes);
    batch->records[batch->count] = (struct sarn_str){bytes, (uint32_t)size};
    batch->count += 1;
    batch->bytes += size;
    batch->time_us = record->time_us;
    return SARN_OK;
}

static sarn_status put(struct sarn__writer *writer,
                       const struct sarn__meta *meta,
                       const struct sarn__new_event *event,
                       struct sarn__record *record,
                       struct sarn_error *error)
{
    SARN__TRY(sarn__writer_uuid(writer, meta->time_us, &record->id, error));
    SARN__TRY(sarn__writer_type(writer, event, record, error));
    if (meta->actor.size > 0) {
        SARN__TRY(sarn__writer_word(writer, SARN__WORD_ACTOR, 0, meta->actor,
                                    &record->actor, &record->actor_name, error));
    }
    if (meta->origin.size > 0) {
        SARN__TRY(sarn__writer_word(writer, SARN__WORD_ORIGIN, 0, meta->origin,
                                    &record->origin, &record->origin_name, error));
    }
    if (event->stream.size > 0) {
        SARN__TRY(place(writer, meta, event, record, error));
    }
    if (event->command != NULL) {
        record->has_command = true;
        record->command = *event->command;
    }
    return append_record(writer, record, error);
}

sarn_status sarn__writer_put(struct sarn__writer *writer,
                             const struct sarn__meta *meta,
                             const struct sarn__new_event *event,
                             struct sarn__written *written,
                             struct sarn_error *error)
{
    struct sarn__mark mark = sarn__writer_mark(writer);
    bool plain = event->type == &sarn_bytes_type;
    struct sarn__record record = {.position = writer->next_position,
                                  .codec = plain ? SARN__CODEC_BYTES
                                                 : writer->ports->codec.ops->id,
                                  .tenant = meta->tenant,
                                  .time_us = meta->time_us,
                                  .correlation_id = meta->correlation_id,
                                  .causation_id = meta->causation_id,
                                  .payload = event->payload,
                                  .schema_name = event->schema_name};
    sarn_status status = put(writer, meta, event, &record, error);

    if (status != SARN_OK) {
        sarn__writer_rollback(writer, &mark);
        return status == SARN_ERR_NOMEM
                   ? sarn__fail(error, status,
                                "out of memory writing an event to \"%.*s\"",
                                (int)event->stream.size, event->stream.data)
                   : status;
    }
    writer->next_position += 1;
    writer->time_us = meta->time_us > writer->time_us ? meta->time_us : writer->time_us;
    *written = (struct sarn__written){.position = record.position,
                                      .version = record.version,
                                      .stream = record.stream,
                                      .id = record.id,
                                      .schema = record.schema};
    return SARN_OK;
}

sarn_status sarn__writer_put_struct(struct sarn__writer *writer,
                                    const struct sarn__meta *meta,
                                    struct sarn_str stream,
                                    const struct sarn_type *type,
                                    const void *data,
                                    struct sarn__written *written,
                                    struct sarn_error *error)
{
    const struct sarn_codec *codec = &writer->ports->codec;
    struct sarn__new_event event = {.stream = stream,
                                    .type = type,
                                    .type_name = sarn_str(type->name),
                                    .command = meta->command};

    sarn_arena_reset(writer->scratch);
    SARN__TRY(codec->ops->encode(codec->self, type, data, writer->scratch,
                                 &event.payload, error));
    return sarn__writer_put(writer, meta, &event, written, error);
}

void sarn__writer_wait(struct sarn__writer *writer)
{
    writer->open->waited = true;
}

bool sarn__writer_is_full(const struct sarn__writer *writer)
{
    return writer->open->count >= SARN__BATCH_EVENTS_MAX ||
           writer->open->bytes >= SARN__BATCH_BYTES_MAX;
}

sarn_status sarn__writer_seal(struct sarn__writer *writer,
                              struct sarn__batch **batch,
                              struct sarn_error *error)
{
    struct sarn__batch *fresh = batch_create(&writer->ports->heap);

    assert(writer->in_flight == NULL && writer->open->count > 0);
    if (fresh == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory beginning a new batch");
    }
    fresh->first = writer->next_position;
    writer->in_flight = writer->open;
    writer->open = fresh;
    writer->undo = NULL; /* What is sealed is not undone, only forgotten. */
    *batch = writer->in_flight;
    return SARN_OK;
}

void sarn__writer_now_durable(struct sarn__writer *writer)
{
    assert(writer->in_flight != NULL && writer->settling == NULL);
    writer->settling = writer->in_flight;
    writer->in_flight = NULL;
}

void sarn__writer_settled(struct sarn__writer *writer)
{
    uint64_t folded = writer->store->position;

    assert(writer->settling != NULL);
    sarn__batch_destroy(writer->settling);
    writer->settling = NULL;
    sarn__writer_drop_heads(writer, folded);
    sarn__writer_drop_words(writer, folded);
}

void sarn__writer_forget(struct sarn__writer *writer)
{
    struct sarn__batch *open = writer->open;

    assert(writer->settling == NULL);
    sarn__writer_drop_heads(writer, UINT64_MAX);
    sarn__writer_drop_words(writer, UINT64_MAX);
    sarn__writer_drop_types(writer);
    sarn__batch_destroy(writer->in_flight);
    writer->in_flight = NULL;
    resync(writer);
    /* The open batch is emptied in place: that cannot run out of memory. */
    open->count = 0;
    open->bytes = 0;
    open->waited = false;
    open->snapshots = NULL;
    open->first = writer->next_position;
    writer->undo = NULL;
}
