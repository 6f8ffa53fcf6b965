#include "engine/decoder.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/decoder_types.h"
#include "engine/names.h"

struct sarn__decoder {
    struct sarn__store *store;
    struct sarn_heap heap;
    struct sarn__decoder_types types;
    struct sarn__names streams, actors, origins;
};

sarn_status sarn__decoder_create(struct sarn__store *store,
                                 const struct sarn__registry *registry,
                                 struct sarn__decoder **decoder,
                                 struct sarn_error *error)
{
    const struct sarn_heap *heap = &store->ports->heap;
    struct sarn__decoder *made = sarn__heap_alloc(heap, sizeof(*made));
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the decoder");
    }
    made->store = store;
    made->heap = *heap;
    sarn__names_init(&made->streams, heap);
    sarn__names_init(&made->actors, heap);
    sarn__names_init(&made->origins, heap);
    status = sarn__decoder_types_init(&made->types, store, registry, error);
    if (status != SARN_OK) {
        sarn__decoder_destroy(made);
        return status;
    }
    *decoder = made;
    return SARN_OK;
}

void sarn__decoder_destroy(struct sarn__decoder *decoder)
{
    if (decoder == NULL) {
        return;
    }
    sarn__names_done(&decoder->streams);
    sarn__names_done(&decoder->actors);
    sarn__names_done(&decoder->origins);
    sarn__decoder_types_done(&decoder->types);
    sarn__heap_free(&decoder->heap, decoder);
}

void sarn__decoder_hold(struct sarn__decoder *decoder)
{
    decoder->streams.holds += 1;
    decoder->actors.holds += 1;
    decoder->origins.holds += 1;
}

void sarn__decoder_release(struct sarn__decoder *decoder)
{
    assert(decoder->streams.holds > 0);
    decoder->streams.holds -= 1;
    decoder->actors.holds -= 1;
    decoder->origins.holds -= 1;
}

/* --- types and schemas --- */

sarn_status sarn__decoder_schema(struct sarn__decoder *decoder,
                                 uint32_t id,
                                 const struct sarn_schema **schema,
                                 struct sarn_error *error)
{
    const struct sarn_schema *found = NULL;
    sarn_status status = sarn__decoder_types_schema(&decoder->types, id, &found, error);

    if (status == SARN_ERR_NOMEM || status == SARN_ERR_IO) {
        return status;
    }
    *schema = status == SARN_OK ? found : NULL;
    return SARN_OK;
}

sarn_status sarn__decoder_schema_id(struct sarn__decoder *decoder,
                                    const struct sarn_schema *schema,
                                    uint32_t *id,
                                    struct sarn_error *error)
{
    uint32_t found = 0;

    for (uint32_t i = 1; found == 0 && i < decoder->store->next_schema; i++) {
        const struct sarn_schema *stored;

        SARN__TRY(sarn__decoder_types_schema(&decoder->types, i, &stored, error));
        if (stored != NULL && stored->bfbs_size == schema->bfbs_size &&
            memcmp(stored->bfbs, schema->bfbs, schema->bfbs_size) == 0) {
            found = i;
        }
    }
    *id = found;
    return SARN_OK;
}

sarn_status sarn__decoder_find_type(struct sarn__decoder *decoder,
                                    uint32_t type_id,
                                    const struct sarn_type **type,
                                    struct sarn_error *error)
{
    const struct sarn__resolved *resolved;

    SARN__TRY(sarn__decoder_types_resolve(&decoder->types, type_id, &resolved, error));
    *type = resolved->to;
    return SARN_OK;
}

const struct sarn_type *sarn__decoder_type(struct sarn__decoder *decoder,
                                           uint32_t type_id)
{
    const struct sarn_type *type = NULL;

    return sarn__decoder_find_type(decoder, type_id, &type, NULL) == SARN_OK ? type
                                                                             : NULL;
}

bool sarn__decoder_type_is(struct sarn__decoder *decoder,
                           uint32_t type_id,
                           struct sarn_str name)
{
    const struct sarn__resolved *type;

    return sarn__decoder_types_resolve(&decoder->types, type_id, &type, NULL) ==
               SARN_OK &&
           (sarn_str_equal(type->name, name) || sarn_str_equal(type->shown, name));
}

/* The type of a record, which may carry its name and not be folded yet: then it goes to
 * *fresh and is not remembered, since it may never become durable. */
static sarn_status resolve(struct sarn__decoder *decoder,
                           const struct sarn__record *record,
                           struct sarn__resolved *fresh,
                           const struct sarn__resolved **type,
                           struct sarn_error *error)
{
    if (record->type >= decoder->store->next_type && record->type_name.size > 0) {
        *fresh = (struct sarn__resolved){.schema = record->schema,
                                         .name = record->type_name};
        *type = fresh;
        return sarn__decoder_types_resolve_name(&decoder->types, fresh, error);
    }
    return sarn__decoder_types_resolve(&decoder->types, record->type, type, error);
}

/* --- names --- */

static bool folded(const struct sarn__decoder *decoder,
                   const struct sarn__record *record)
{
    return record->position != 0 && record->position <= decoder->store->position;
}

sarn_status sarn__decoder_stream(struct sarn__decoder *decoder,
                                 const struct sarn__record *record,
                                 struct sarn_arena *arena,
                                 struct sarn_str *name,
                                 struct sarn_error *error)
{
    const struct sarn_str *known;
    struct sarn_str found;
    uint32_t tenant;
    sarn_status status;

    if (record->stream == 0) {
        *name = (struct sarn_str){.data = NULL};
        return SARN_OK;
    }
    known = sarn__names_find(&decoder->streams, record->stream);
    if (known != NULL) {
        *name = *known;
        return SARN_OK;
    }
    found = record->stream_name;
    if (found.size == 0) {
        status = sarn__store_stream_name(decoder->store, record->stream, arena, &tenant,
                                         &found, error);
        if (status != SARN_OK) {
            return status == SARN_ERR_NOT_FOUND
                       ? sarn__fail(error, SARN_ERR_CORRUPT,
                                    "position %llu: no event gave its stream, %llu, a "
                                    "name",
                                    (unsigned long long)record->position,
                                    (unsigned long long)record->stream)
                       : status;
        }
    }
    *name = folded(decoder, record)
                ? sarn__names_put(&decoder->streams, record->stream, found)
                : found;
    return SARN_OK;
}

static sarn_status word_of(struct sarn__decoder *decoder,
                           struct sarn__names *names,
                           const struct sarn__record *record,
                           enum sarn__word kind,
                           struct sarn_arena *arena,
                           struct sarn_str *name,
                           struct sarn_error *error)
{
    uint32_t id = kind == SARN__WORD_ACTOR ? record->actor : record->origin;
    struct sarn_str found =
        kind == SARN__WORD_ACTOR ? record->actor_name : record->origin_name;
    const struct sarn_str *known = sarn__names_find(names, id);
    uint32_t scope;
    sarn_status status;

    if (known != NULL) {
        *name = *known;
        return SARN_OK;
    }
    if (found.size == 0) {
        status =
            sarn__store_word(decoder->store, kind, id, arena, &scope, &found, error);
        if (status != SARN_OK) {
            return status == SARN_ERR_NOT_FOUND
                       ? sarn__fail(error, SARN_ERR_CORRUPT,
                                    "position %llu: no event gave its %s, %u, a name",
                                    (unsigned long long)record->position,
                                    kind == SARN__WORD_ACTOR ? "actor" : "origin", id)
                       : status;
        }
    }
    *name = folded(decoder, record) ? sarn__names_put(names, id, found) : found;
    return SARN_OK;
}

/* --- events --- */

static sarn_status not_fitting(const struct sarn__record *record,
                               const struct sarn__resolved *type,
                               sarn_status status,
                               const struct sarn_error *why,
                               struct sarn_error *error)
{
    return sarn__fail(error, status == SARN_ERR_NOMEM ? status : SARN_ERR_CORRUPT,
                      "position %llu: its payload does not read as '%.*s': %s",
                      (unsigned long long)record->position, (int)type->name.size,
                      type->name.data, why->text);
}

static sarn_status decode_payload(struct sarn__decoder *decoder,
                                  const struct sarn__record *record,
                                  const struct sarn__resolved *type,
                                  struct sarn_arena *arena,
                                  const void **data,
                                  struct sarn_error *error)
{
    const struct sarn_codec *codec = &decoder->store->ports->codec;
    struct sarn_error why = {.text = "out of memory"};
    void *from = sarn_arena_alloc(arena, type->from->size);
    void *to = NULL;
    sarn_status status = from == NULL ? SARN_ERR_NOMEM : SARN_OK;

    if (status == SARN_OK && type->from == &sarn_bytes_type) {
        memcpy(from, &record->payload, sizeof(record->payload));
    } else {
        if (status == SARN_OK && type->verify) {
            status = codec->ops->verify(codec->self, type->from, record->payload, &why);
        }
        if (status == SARN_OK) {
            status = codec->ops->decode(codec->self, type->from, record->payload, from,
                                        arena, &why);
        }
    }
    if (status == SARN_OK && type->upcaster != NULL) {
        to = sarn_arena_alloc(arena, type->to->size);
        status = to == NULL ? SARN_ERR_NOMEM : type->upcaster->upcast(from, to, arena);
        why = (struct sarn_error){.text = "its upcaster refuses it"};
    }
    if (status != SARN_OK) {
        return not_fitting(record, type, status, &why, error);
    }
    *data = type->upcaster != NULL ? to : from;
    return SARN_OK;
}

/* A payload of another codec, or sealed bytes, cannot be read here. */
static bool readable(const struct sarn__decoder *decoder,
                     const struct sarn__record *record,
                     const struct sarn__resolved *type)
{
    return type->from != NULL &&
           (type->from == &sarn_bytes_type
                ? record->schema == 0
                : record->codec == decoder->store->ports->codec.ops->id);
}

sarn_status sarn__decoder_event(struct sarn__decoder *decoder,
                                const struct sarn__record *record,
                                uint32_t flags,
                                struct sarn_arena *arena,
                                struct sarn_event *event,
                                struct sarn_error *error)
{
    struct sarn_str stream, actor = {NULL, 0}, origin = {NULL, 0};
    struct sarn__resolved fresh;
    const struct sarn__resolved *type;
    const void *data = NULL;
    bool decoded;

    SARN__TRY(resolve(decoder, record, &fresh, &type, error));
    SARN__TRY(sarn__decoder_stream(decoder, record, arena, &stream, error));
    if (record->actor != 0) {
        SARN__TRY(word_of(decoder, &decoder->actors, record, SARN__WORD_ACTOR, arena,
                          &actor, error));
    }
    if (record->origin != 0) {
        SARN__TRY(word_of(decoder, &decoder->origins, record, SARN__WORD_ORIGIN, arena,
                          &origin, error));
    }
    decoded = (flags & SARN__DECODE_RAW) == 0 && readable(decoder, record, type);
    if (decoded) {
        SARN__TRY(decode_payload(decoder, record, type, arena, &data, error));
    }
    *event = (struct sarn_event){
        .position = record->position,
        .version = record->version,
        .stream = stream,
        .type_name = decoded ? type->shown : type->name,
        .type = decoded ? type->to : NULL,
        .data = data,
        .payload = record->payload,
        .id = record->id,
        .correlation_id = record->correlation_id,
        .causation_id = record->causation_id,
        .time_us = record->time_us,
        .tenant = record->tenant,
        .schema_id = record->schema,
        .actor = actor,
        .origin = origin,
    };
    return SARN_OK;
}
