#include "engine/decoder_types.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/scan.h"

#define ROOM_MIN 64u

sarn_status sarn__decoder_types_init(struct sarn__decoder_types *types,
                                     struct sarn__store *store,
                                     const struct sarn__registry *registry,
                                     struct sarn_error *error)
{
    *types = (struct sarn__decoder_types){.store = store, .registry = registry};
    types->arena = sarn_arena_create(&store->ports->heap);
    return types->arena != NULL
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the decoder");
}

void sarn__decoder_types_done(struct sarn__decoder_types *types)
{
    const struct sarn_heap *heap = &types->store->ports->heap;

    sarn__heap_free(heap, types->types);
    sarn__heap_free(heap, types->schemas);
    sarn_arena_destroy(types->arena);
}

/* array with room for element id, what is new zeroed, or NULL; array stays valid then.
 */
static void *with_room(const struct sarn__decoder_types *types,
                       void *array,
                       uint32_t *room,
                       size_t element_bytes,
                       uint32_t id)
{
    uint32_t wanted = *room == 0 ? ROOM_MIN : *room;
    char *grown;

    if (id < *room) {
        return array;
    }
    while (wanted <= id) {
        wanted *= 2;
    }
    grown =
        sarn__heap_resize(&types->store->ports->heap, array, wanted * element_bytes);
    if (grown != NULL) {
        memset(grown + *room * element_bytes, 0, (wanted - *room) * element_bytes);
        *room = wanted;
    }
    return grown;
}

static sarn_status no_memory(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_NOMEM,
                      "out of memory for the types of the log's events");
}

/* --- stored schemas --- */

/* A stored schema equal to a registered one is that one. */
static const struct sarn_schema *
registered_twin(const struct sarn__decoder_types *types, struct sarn_str bfbs)
{
    uint32_t count = sarn__registry_schema_count(types->registry);

    for (uint32_t i = 0; i < count; i++) {
        const struct sarn_schema *schema = sarn__registry_schema(types->registry, i);

        if (schema->bfbs_size == bfbs.size &&
            memcmp(schema->bfbs, bfbs.data, bfbs.size) == 0) {
            return schema;
        }
    }
    return NULL;
}

struct load {
    struct sarn__decoder_types *types;
    struct sarn__loaded loaded;
};

static sarn_status load_schema(void *arg, const struct sarn__record *record)
{
    struct load *load = arg;
    struct sarn_arena *arena = load->types->arena;
    const struct sarn_codec *codec = &load->types->store->ports->codec;
    struct sarn__loaded loaded = {.known = true};
    struct sarn_str name, bfbs;

    loaded.schema = registered_twin(load->types, record->payload);
    loaded.registered = loaded.schema != NULL;
    if (loaded.schema == NULL) {
        sarn_status status;

        SARN__TRY(sarn_arena_copy(arena, record->schema_name, &name));
        SARN__TRY(sarn_arena_copy(arena, record->payload, &bfbs));
        status = codec->ops->load_schema(codec->self, name, bfbs, arena, &loaded.schema,
                                         NULL);
        if (status == SARN_ERR_NOMEM) {
            return status;
        }
        if (status != SARN_OK) {
            loaded.schema = NULL; /* Hostile or beyond us: its events stay raw. */
        }
    }
    load->loaded = loaded;
    return SARN_OK;
}

static sarn_status schema_of(struct sarn__decoder_types *types,
                             uint32_t id,
                             struct sarn__loaded *loaded,
                             struct sarn_error *error)
{
    struct load load = {.types = types};
    struct sarn__loaded *schemas;
    uint64_t position;

    if (id == 0 || id >= types->store->next_schema || id >= SARN__TYPE_IDS_MAX) {
        *loaded = (struct sarn__loaded){.schema = NULL};
        return SARN_OK;
    }
    schemas =
        with_room(types, types->schemas, &types->schema_room, sizeof(*schemas), id);
    if (schemas == NULL) {
        return no_memory(error);
    }
    types->schemas = schemas;
    if (!schemas[id].known) {
        sarn_status status = sarn__store_schema(types->store, id, &position, error);

        if (status == SARN_OK) {
            status = sarn__scan_forward(types->store->ports, position, position,
                                        load_schema, &load, error);
        }
        if (status == SARN_ERR_NOMEM) {
            return no_memory(error);
        }
        SARN__TRY(status);
        schemas[id] = load.loaded;
    }
    *loaded = schemas[id];
    return SARN_OK;
}

sarn_status sarn__decoder_types_schema(struct sarn__decoder_types *types,
                                       uint32_t id,
                                       const struct sarn_schema **schema,
                                       struct sarn_error *error)
{
    struct sarn__loaded loaded;

    SARN__TRY(schema_of(types, id, &loaded, error));
    *schema = loaded.schema;
    return SARN_OK;
}

/* --- types --- */

/* Upcast, plain bytes, a module's type, or only the log's own schema. */
static const struct sarn_type *decode_by(const struct sarn__decoder_types *types,
                                         const struct sarn__resolved *resolved,
                                         const struct sarn_schema *stored)
{
    const struct sarn_type *type;

    if (resolved->upcaster != NULL) {
        type = resolved->upcaster->from;
    } else if (resolved->schema == 0) {
        type = &sarn_bytes_type;
    } else {
        type = sarn__registry_type(types->registry, resolved->name);
        if (type == NULL && stored != NULL) {
            type = sarn_schema_type(stored, resolved->name);
        }
    }
    /* What cannot stand by itself is no event; a hostile schema may say so. */
    return type != NULL && type->wire_size == 0 ? type : NULL;
}

sarn_status sarn__decoder_types_resolve_name(struct sarn__decoder_types *types,
                                             struct sarn__resolved *resolved,
                                             struct sarn_error *error)
{
    struct sarn__loaded stored;

    SARN__TRY(schema_of(types, resolved->schema, &stored, error));
    resolved->upcaster = sarn__registry_upcaster(types->registry, resolved->name);
    resolved->from = decode_by(types, resolved, stored.schema);
    resolved->to = resolved->from;
    resolved->shown = resolved->name;
    if (resolved->upcaster != NULL) {
        resolved->to = resolved->upcaster->to;
        resolved->shown = sarn_str(resolved->to->name);
    }
    /* Only what was written under the very schema that it is read by needs no second
     * look: everything else, stored schemas first, may come from anywhere. */
    resolved->verify = resolved->from != NULL && resolved->from != &sarn_bytes_type &&
                       !(stored.registered && stored.schema == resolved->from->schema);
    resolved->known = true;
    return SARN_OK;
}

sarn_status sarn__decoder_types_resolve(struct sarn__decoder_types *types,
                                        uint32_t type_id,
                                        const struct sarn__resolved **resolved,
                                        struct sarn_error *error)
{
    struct sarn__resolved *room;

    if (type_id < types->type_room && types->types[type_id].known) {
        *resolved = &types->types[type_id];
        return SARN_OK;
    }
    if (type_id == 0 || type_id >= types->store->next_type ||
        type_id >= SARN__TYPE_IDS_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "no event gave type %u a name",
                          type_id);
    }
    room = with_room(types, types->types, &types->type_room, sizeof(*room), type_id);
    if (room == NULL) {
        return no_memory(error);
    }
    types->types = room;
    SARN__TRY(sarn__store_word(types->store, SARN__WORD_TYPE, type_id, types->arena,
                               &room[type_id].schema, &room[type_id].name, error));
    SARN__TRY(sarn__decoder_types_resolve_name(types, &room[type_id], error));
    *resolved = &room[type_id];
    return SARN_OK;
}
