#include "engine/writer.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "sarn/events.h"

#define TENANT_BYTES 4u
#define TYPES_MAX    4096u /* Types whose ids are remembered by their descriptors. */

/* A stream's head as it will be. Its key is tenant and name. */
struct pending_head {
    struct sarn__map_node node;
    struct sarn__head head;
};

/* A type's, actor's or origin's name that was first used in flight. */
struct pending_word {
    struct sarn__map_node node;
    uint64_t position; /* Of the record that carries the name. */
    uint32_t id;
};

/* The number of a type, found once: by the descriptor's address. */
struct known_type {
    struct sarn__map_node node;
    const struct sarn_type *type;
    uint32_t type_id, schema_id;
};

/* What a unit changed, to be put back. */
struct sarn__undo {
    struct sarn__undo *next;
    struct pending_head *head; /* Its old value follows; created: it is removed. */
    struct pending_word *word;
    struct sarn__head old;
    bool created;
};

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

/* Free the heads and words that position settles; UINT64_MAX: all. */
static void drop_heads(struct sarn__writer *writer, uint64_t position)
{
    for (uint32_t i = 0; i < writer->heads.bucket_count; i++) {
        struct sarn__map_node *node = writer->heads.buckets[i];

        while (node != NULL) {
            struct sarn__map_node *next = node->next;
            struct pending_head *pending = SARN__OF(node, struct pending_head, node);

            if (pending->head.last_position <= position) {
                sarn__map_remove(&writer->heads, node);
                sarn__heap_free(&writer->ports->heap, pending);
            }
            node = next;
        }
    }
}

static void drop_words(struct sarn__writer *writer, uint64_t position)
{
    for (uint32_t i = 0; i < writer->words.bucket_count; i++) {
        struct sarn__map_node *node = writer->words.buckets[i];

        while (node != NULL) {
            struct sarn__map_node *next = node->next;
            struct pending_word *pending = SARN__OF(node, struct pending_word, node);

            if (pending->position <= position) {
                sarn__map_remove(&writer->words, node);
                sarn__heap_free(&writer->ports->heap, pending);
            }
            node = next;
        }
    }
}

static void drop_types(struct sarn__writer *writer)
{
    struct sarn__map_node *node;

    while ((node = sarn__map_take(&writer->types)) != NULL) {
        sarn__heap_free(&writer->ports->heap, SARN__OF(node, struct known_type, node));
    }
}

void sarn__writer_done(struct sarn__writer *writer)
{
    drop_heads(writer, UINT64_MAX);
    drop_words(writer, UINT64_MAX);
    drop_types(writer);
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

/* --- heads --- */

struct head_key {
    char bytes[TENANT_BYTES + SARN_STREAM_NAME_BYTES_MAX];
};

static struct sarn_str
head_key(struct head_key *key, uint32_t tenant, struct sarn_str name)
{
    assert(name.size <= SARN_STREAM_NAME_BYTES_MAX);
    memcpy(key->bytes, &tenant, TENANT_BYTES);
    memcpy(key->bytes + TENANT_BYTES, name.data, name.size);
    return (struct sarn_str){key->bytes, TENANT_BYTES + name.size};
}

sarn_status sarn__writer_head(struct sarn__writer *writer,
                              uint32_t tenant,
                              struct sarn_str stream,
                              struct sarn__head *head,
                              struct sarn_error *error)
{
    struct head_key key;
    struct sarn__map_node *node =
        sarn__map_find(&writer->heads, head_key(&key, tenant, stream));

    if (node != NULL) {
        *head = SARN__OF(node, struct pending_head, node)->head;
        return SARN_OK;
    }
    return sarn__store_head(writer->store, tenant, stream, head, error);
}

sarn_status sarn__writer_expect(const struct sarn__head *head,
                                struct sarn_str stream,
                                int64_t expected,
                                struct sarn_error *error)
{
    bool exists = head->number != 0 && !head->deleted;
    bool met = expected == SARN_ANY || (expected == SARN_NO_STREAM && !exists) ||
               (expected == SARN_STREAM_EXISTS && exists) ||
               (expected >= 0 && exists && head->version == (uint64_t)expected);

    if (met) {
        return SARN_OK;
    }
    if (!exists) {
        return sarn__fail(error, SARN_ERR_WRONG_EXPECTED_VERSION,
                          "stream \"%.*s\" has no events, but was expected to",
                          (int)stream.size, stream.data);
    }
    return sarn__fail(
        error, SARN_ERR_WRONG_EXPECTED_VERSION,
        "stream \"%.*s\" is at version %llu, not where it was expected; load "
        "it again and decide anew",
        (int)stream.size, stream.data, (unsigned long long)head->version);
}

/* Remember what the unit is about to change. */
static sarn_status remember(struct sarn__writer *writer,
                            struct pending_head *head,
                            struct pending_word *word,
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

/* The pending head of a stream, made from head where there is none yet. */
static sarn_status pend_head(struct sarn__writer *writer,
                             uint32_t tenant,
                             struct sarn_str stream,
                             const struct sarn__head *head)
{
    struct head_key key;
    struct sarn_str text = head_key(&key, tenant, stream);
    struct sarn__map_node *node = sarn__map_find(&writer->heads, text);
    struct pending_head *pending;
    bool created = node == NULL;

    if (created) {
        pending = sarn__heap_alloc(&writer->ports->heap, sizeof(*pending) + text.size);
        if (pending == NULL) {
            return SARN_ERR_NOMEM;
        }
        memcpy(pending + 1, text.data, text.size);
        pending->node.key = (struct sarn_str){(const char *)(pending + 1), text.size};
        if (sarn__map_insert(&writer->heads, &pending->node) != SARN_OK) {
            sarn__heap_free(&writer->ports->heap, pending);
            return SARN_ERR_NOMEM;
        }
    } else {
        pending = SARN__OF(node, struct pending_head, node);
    }
    if (remember(writer, pending, NULL, created) != SARN_OK) {
        if (created) {
            sarn__map_remove(&writer->heads, &pending->node);
            sarn__heap_free(&writer->ports->heap, pending);
        }
        return SARN_ERR_NOMEM;
    }
    pending->head = *head;
    return SARN_OK;
}

/* --- words: numbers for names --- */

#define WORD_KEY_BYTES_MAX (8u + SARN_NAME_BYTES_MAX)

static struct sarn_str
word_key(char *bytes, enum sarn__word kind, uint32_t scope, struct sarn_str name)
{
    uint32_t kind_number = kind;

    assert(name.size <= SARN_NAME_BYTES_MAX);
    memcpy(bytes, &kind_number, 4);
    memcpy(bytes + 4, &scope, 4);
    memcpy(bytes + 8, name.data, name.size);
    return (struct sarn_str){bytes, 8 + name.size};
}

static uint32_t *next_word(struct sarn__writer *writer, enum sarn__word kind)
{
    switch (kind) {
    case SARN__WORD_TYPE:
        return &writer->next_type;
    case SARN__WORD_ACTOR:
        return &writer->next_actor;
    case SARN__WORD_ORIGIN:
        return &writer->next_origin;
    }
    assert(false);
    return NULL;
}

/* The number of a name; *fresh is the name where this record is the first to use it and
 * must carry it, else empty. */
static sarn_status word_id(struct sarn__writer *writer,
                           enum sarn__word kind,
                           uint32_t scope,
                           struct sarn_str name,
                           uint32_t *id,
                           struct sarn_str *fresh,
                           struct sarn_error *error)
{
    char bytes[WORD_KEY_BYTES_MAX];
    struct sarn_str key = word_key(bytes, kind, scope, name);
    struct sarn__map_node *node = sarn__map_find(&writer->words, key);
    struct pending_word *word;

    if (node != NULL) {
        *id = SARN__OF(node, struct pending_word, node)->id;
        return SARN_OK;
    }
    SARN__TRY(sarn__store_word_id(writer->store, kind, scope, name, id, error));
    if (*id != 0) {
        return SARN_OK;
    }
    word = sarn__heap_alloc(&writer->ports->heap, sizeof(*word) + key.size);
    if (word == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(word + 1, key.data, key.size);
    word->node.key = (struct sarn_str){(const char *)(word + 1), key.size};
    word->id = *next_word(writer, kind);
    word->position = writer->next_position;
    if (sarn__map_insert(&writer->words, &word->node) != SARN_OK) {
        sarn__heap_free(&writer->ports->heap, word);
        return SARN_ERR_NOMEM;
    }
    if (remember(writer, NULL, word, true) != SARN_OK) {
        sarn__map_remove(&writer->words, &word->node);
        sarn__heap_free(&writer->ports->heap, word);
        return SARN_ERR_NOMEM;
    }
    *next_word(writer, kind) += 1;
    *id = word->id;
    *fresh = name;
    return SARN_OK;
}

/* --- types --- */

static struct sarn_str type_key(const struct sarn_type *const *type)
{
    return (struct sarn_str){(const char *)type, sizeof(*type)};
}

/* Remember a described type's numbers once they are durable; without memory they are
 * looked up again. */
static void know_type(struct sarn__writer *writer,
                      const struct sarn_type *type,
                      uint32_t type_id,
                      uint32_t schema_id)
{
    struct known_type *known;

    if (writer->types.count >= TYPES_MAX) {
        return;
    }
    known = sarn__heap_alloc(&writer->ports->heap, sizeof(*known));
    if (known == NULL) {
        return;
    }
    known->type = type;
    known->type_id = type_id;
    known->schema_id = schema_id;
    known->node.key = type_key(&known->type);
    if (sarn__map_insert(&writer->types, &known->node) != SARN_OK) {
        sarn__heap_free(&writer->ports->heap, known);
    }
}

/* The number that the log stores type's schema under: told at open. */
static sarn_status schema_of(struct sarn__writer *writer,
                             const struct sarn_type *type,
                             uint32_t *schema_id,
                             struct sarn_error *error)
{
    for (uint32_t i = 0; i < writer->schema_count; i++) {
        const struct sarn_schema *schema = writer->schemas[i].schema;

        if (schema == type->schema ||
            (type->schema != NULL && schema->bfbs_size == type->schema->bfbs_size &&
             memcmp(schema->bfbs, type->schema->bfbs, schema->bfbs_size) == 0)) {
            *schema_id = writer->schemas[i].id;
            return SARN_OK;
        }
    }
    return sarn__fail(
        error, SARN_ERR_SCHEMA,
        "%s is of a schema that no registered module uses; name the type in a "
        "module given to sarn_open()",
        type->name);
}

static sarn_status type_id(struct sarn__writer *writer,
                           const struct sarn__new_event *event,
                           struct sarn__record *record,
                           struct sarn_error *error)
{
    bool plain = event->type == &sarn_bytes_type;
    struct sarn__map_node *node =
        plain ? NULL : sarn__map_find(&writer->types, type_key(&event->type));

    if (node != NULL) {
        const struct known_type *known = SARN__OF(node, struct known_type, node);

        record->type = known->type_id;
        record->schema = known->schema_id;
        return SARN_OK;
    }
    if (!plain) {
        SARN__TRY(schema_of(writer, event->type, &record->schema, error));
    }
    SARN__TRY(word_id(writer, SARN__WORD_TYPE, record->schema, event->type_name,
                      &record->type, &record->type_name, error));
    if (!plain && record->type_name.size == 0 &&
        record->type < writer->store->next_type) {
        know_type(writer, event->type, record->type, record->schema);
    }
    return SARN_OK;
}

sarn_status sarn__writer_know_schema(struct sarn__writer *writer,
                                     const struct sarn_schema *schema,
                                     uint32_t id,
                                     struct sarn_error *error)
{
    if (writer->schema_count == SARN__SCHEMAS_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "an engine serves at most %u schemas", SARN__SCHEMAS_MAX);
    }
    writer->schemas[writer->schema_count].schema = schema;
    writer->schemas[writer->schema_count].id = id;
    writer->schema_count += 1;
    if (id >= writer->next_schema) {
        writer->next_schema = id + 1;
    }
    return SARN_OK;
}

/* --- time and ids --- */

int64_t sarn__writer_now(struct sarn__writer *writer)
{
    int64_t now_us = writer->ports->clock.ops->now_us(writer->ports->clock.self);

    return now_us > writer->time_us ? now_us : writer->time_us;
}

sarn_status sarn__writer_uuid(struct sarn__writer *writer,
                              int64_t time_us,
                              struct sarn_uuid *id,
                              struct sarn_error *error)
{
    const uint32_t random_bytes = 8;
    uint64_t ms = (uint64_t)time_us / 1000;
    /* rand_a holds the fraction of the millisecond (RFC 9562, 6.2, method 3). */
    uint32_t fraction = (uint32_t)((uint64_t)time_us % 1000 * 4096 / 1000);

    if (writer->entropy_left < random_bytes) {
        if (writer->random.ops->fill(writer->random.self, writer->entropy,
                                     sizeof(writer->entropy)) != SARN_OK) {
            return sarn__fail(error, SARN_ERR_IO,
                              "the system gives no random bytes to make an id of");
        }
        writer->entropy_left = sizeof(writer->entropy);
    }
    writer->entropy_left -= random_bytes;
    for (int i = 0; i < 6; i++) {
        id->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    id->bytes[6] = (uint8_t)(0x70 | fraction >> 8);
    id->bytes[7] = (uint8_t)fraction;
    memcpy(id->bytes + 8, writer->entropy + writer->entropy_left, random_bytes);
    id->bytes[8] = (uint8_t)(0x80 | (id->bytes[8] & 0x3f));
    return SARN_OK;
}

/* --- units --- */

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
    return pend_head(writer, meta->tenant, event->stream, &head);
}

static sarn_status append_record(struct sarn__writer *writer,
                                 const struct sarn__record *record)
{
    struct sarn__batch *batch = writer->open;
    size_t size = sarn__record_size(record);
    char *bytes;

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
    SARN__TRY(type_id(writer, event, record, error));
    if (meta->actor.size > 0) {
        SARN__TRY(word_id(writer, SARN__WORD_ACTOR, 0, meta->actor, &record->actor,
                          &record->actor_name, error));
    }
    if (meta->origin.size > 0) {
        SARN__TRY(word_id(writer, SARN__WORD_ORIGIN, 0, meta->origin, &record->origin,
                          &record->origin_name, error));
    }
    if (event->stream.size > 0) {
        SARN__TRY(place(writer, meta, event, record, error));
    }
    if (event->command != NULL) {
        record->has_command = true;
        record->command = *event->command;
    }
    return append_record(writer, record);
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
    *written = (struct sarn__written){record.position, record.version, record.stream};
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
    struct sarn__new_event event = {
        .stream = stream, .type = type, .type_name = sarn_str(type->name)};

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

/* --- what is in flight --- */

static sarn_status visit_batch(const struct sarn__batch *batch,
                               uint64_t stream,
                               sarn__store_record_fn *visit,
                               void *arg,
                               struct sarn_error *error)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct sarn__record_links links;
        struct sarn__record record;

        SARN__TRY(
            sarn__record_links(batch->first + i, batch->records[i], &links, error));
        if (links.stream == stream) {
            SARN__TRY(sarn__record_decode(batch->first + i, batch->records[i], NULL,
                                          &record, error));
            SARN__TRY(visit(arg, &record));
        }
    }
    return SARN_OK;
}

sarn_status sarn__writer_pending(struct sarn__writer *writer,
                                 uint64_t stream,
                                 sarn__store_record_fn *visit,
                                 void *arg,
                                 struct sarn_error *error)
{
    if (writer->settling != NULL) {
        SARN__TRY(visit_batch(writer->settling, stream, visit, arg, error));
    }
    if (writer->in_flight != NULL) {
        SARN__TRY(visit_batch(writer->in_flight, stream, visit, arg, error));
    }
    return visit_batch(writer->open, stream, visit, arg, error);
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
    drop_heads(writer, folded);
    drop_words(writer, folded);
}

void sarn__writer_forget(struct sarn__writer *writer)
{
    struct sarn__batch *open = writer->open;

    assert(writer->settling == NULL);
    drop_heads(writer, UINT64_MAX);
    drop_words(writer, UINT64_MAX);
    drop_types(writer);
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
