#include "engine/entities.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/map_key.h"
#include "sarn/events.h"

#define COMPACT_BYTES  65536u /* A state's arena is looked at beyond this. */
#define COMPACT_GROWTH 2u     /* And rewritten when it has grown so many times. */

sarn_status sarn__entities_init(struct sarn__entities *entities,
                                const struct sarn_ports *ports,
                                struct sarn__decoder *decoder,
                                struct sarn__writer *writer,
                                size_t bytes_max,
                                struct sarn_error *error)
{
    *entities = (struct sarn__entities){.ports = ports,
                                        .store = writer->store,
                                        .decoder = decoder,
                                        .writer = writer,
                                        .bytes_max = bytes_max};
    sarn__map_init(&entities->map, &ports->heap);
    entities->scratch = sarn_arena_create(&ports->heap);
    if (entities->scratch == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory making the cache");
    }
    return SARN_OK;
}

void sarn__entities_done(struct sarn__entities *entities)
{
    while (entities->newest != NULL) {
        sarn__entities_drop(entities, entities->newest);
    }
    sarn__map_done(&entities->map);
    sarn_arena_destroy(entities->scratch);
    entities->scratch = NULL;
}

/* --- the list, newest first --- */

static void unlink_entity(struct sarn__entities *entities, struct sarn__entity *entity)
{
    if (entity->newer == NULL) {
        entities->newest = entity->older;
    } else {
        entity->newer->older = entity->older;
    }
    if (entity->older == NULL) {
        entities->oldest = entity->newer;
    } else {
        entity->older->newer = entity->newer;
    }
    entity->newer = entity->older = NULL;
}

static void link_newest(struct sarn__entities *entities, struct sarn__entity *entity)
{
    entity->older = entities->newest;
    if (entities->newest == NULL) {
        entities->oldest = entity;
    } else {
        entities->newest->newer = entity;
    }
    entities->newest = entity;
}

/* --- one entity --- */

static void entity_destroy(const struct sarn_heap *heap, struct sarn__entity *entity)
{
    if (entity != NULL) {
        sarn_arena_destroy(entity->arena);
        sarn__heap_free(heap, entity);
    }
}

/* A zero state, in no list and no map. */
static struct sarn__entity *entity_create(const struct sarn_heap *heap,
                                          uint32_t tenant,
                                          struct sarn_str stream,
                                          const struct sarn_aggregate *aggregate)
{
    size_t key_size = SARN__MAP_KEY_TENANT_BYTES + stream.size;
    struct sarn__entity *entity = sarn__heap_alloc(heap, sizeof(*entity) + key_size);

    if (entity == NULL) {
        return NULL;
    }
    entity->node.key = sarn__map_key((char *)(entity + 1), tenant, stream);
    entity->name = sarn__map_key_name(entity->node.key);
    entity->tenant = tenant;
    entity->aggregate = aggregate;
    entity->version = -1;
    entity->arena = sarn_arena_create(heap);
    if (entity->arena != NULL) {
        entity->state = sarn_arena_alloc(entity->arena, aggregate->state->size);
    }
    if (entity->state == NULL) {
        entity_destroy(heap, entity);
        entity = NULL;
    }
    return entity;
}

static size_t entity_bytes(const struct sarn__entity *entity)
{
    return sizeof(*entity) + entity->node.key.size + sarn__arena_held(entity->arena);
}

/* Strings that a state no longer points to stay in its arena: copy the state to a new
 * one now and then. Without memory it stays as it is. */
static void compact(const struct sarn_heap *heap, struct sarn__entity *entity)
{
    struct sarn_arena *arena = sarn_arena_create(heap);
    void *state = NULL;

    if (arena != NULL) {
        state = sarn_arena_alloc(arena, entity->aggregate->state->size);
    }
    if (state == NULL || sarn_type_copy(entity->aggregate->state, entity->state, state,
                                        arena) != SARN_OK) {
        sarn_arena_destroy(arena);
        return;
    }
    sarn_arena_destroy(entity->arena);
    entity->arena = arena;
    entity->state = state;
}

static sarn_status fold(struct sarn__entity *entity,
                        const struct sarn_event *event,
                        uint64_t stream,
                        struct sarn_error *error)
{
    sarn_status status = entity->aggregate->apply(entity->state, event, entity->arena);

    if (status != SARN_OK) {
        return sarn__fail(
            error, status,
            "aggregate \"%s\" cannot apply %.*s to \"%.*s\" at version %llu "
            "(position %llu): %s",
            entity->aggregate->category, (int)event->type_name.size,
            event->type_name.data, (int)entity->name.size, entity->name.data,
            (unsigned long long)event->version, (unsigned long long)event->position,
            sarn_status_text(status));
    }
    entity->version = (int64_t)event->version;
    entity->last_position = event->position;
    entity->stream = stream;
    return SARN_OK;
}

/* --- loading --- */

struct loading {
    struct sarn__entities *entities;
    struct sarn__entity *entity;
    struct sarn_error *error;
};

static sarn_status load_record(void *arg, const struct sarn__record *record)
{
    struct loading *loading = arg;
    struct sarn__entities *entities = loading->entities;
    struct sarn_event event;

    sarn_arena_reset(entities->scratch);
    SARN__TRY(sarn__decoder_event(entities->decoder, record, 0, entities->scratch,
                                  &event, loading->error));
    if (event.type == &sarn_stream_deleted_type) { /* What follows is a new life. */
        memset(loading->entity->state, 0, loading->entity->aggregate->state->size);
    }
    if (event.type == &sarn_stream_metadata_set_type ||
        event.type == &sarn_stream_deleted_type) {
        loading->entity->version = (int64_t)record->version;
        loading->entity->last_position = record->position;
        loading->entity->stream = record->stream;
        return SARN_OK; /* The stream's own, not the aggregate's. */
    }
    return fold(loading->entity, &event, record->stream, loading->error);
}

/* Begin from the snapshot, if there is one that fits. One that does not is no error:
 * the events are the truth. */
static void try_snapshot(struct sarn__entities *entities,
                         const struct sarn__head *head,
                         struct sarn__entity *entity)
{
    const struct sarn_codec *codec = &entities->ports->codec;
    const struct sarn_type *type = entity->aggregate->state;
    struct sarn__snapshot snapshot;
    void *state;

    if (entity->aggregate->snapshot_every == 0) {
        return;
    }
    sarn_arena_reset(entities->scratch);
    if (sarn__store_snapshot(entities->store, head->number, entities->scratch,
                             &snapshot, NULL) != SARN_OK ||
        snapshot.schema_hash != sarn__type_fingerprint(type) ||
        snapshot.apply_version != entity->aggregate->apply_version ||
        snapshot.version > head->version || snapshot.version < head->first_version ||
        codec->ops->verify(codec->self, type, snapshot.state, NULL) != SARN_OK) {
        return;
    }
    state = sarn_arena_alloc(entities->scratch, type->size);
    if (state == NULL ||
        codec->ops->decode(codec->self, type, snapshot.state, state, entities->scratch,
                           NULL) != SARN_OK ||
        sarn_type_copy(type, state, entity->state, entity->arena) != SARN_OK) {
        memset(entity->state, 0, type->size);
        return;
    }
    entity->version = (int64_t)snapshot.version;
    entity->last_position = snapshot.position;
    entity->stream = head->number;
    entity->snapshot_version = snapshot.version;
}

/* Fold what is durable of the stream into a zero entity. */
static sarn_status load_durable(struct sarn__entities *entities,
                                struct sarn__entity *entity,
                                struct sarn_error *error)
{
    struct loading loading = {entities, entity, error};
    struct sarn__head head;
    uint64_t from;

    SARN__TRY(
        sarn__store_head(entities->store, entity->tenant, entity->name, &head, error));
    if (head.number == 0) {
        return SARN_OK;
    }
    entity->stream = head.number;
    if (head.deleted) { /* A new life begins behind the deletion. */
        entity->version = (int64_t)head.version;
        entity->last_position = head.last_position;
        return SARN_OK;
    }
    try_snapshot(entities, &head, entity);
    from = entity->version < 0 ? head.first_version : (uint64_t)entity->version + 1;
    if (from > head.version) {
        return SARN_OK;
    }
    return sarn__store_read_forward(entities->store, &head, from, UINT64_MAX,
                                    load_record, &loading, error);
}

/* And what is in flight, a deletion and what came before it included. */
static sarn_status load_pending(struct sarn__entities *entities,
                                struct sarn__entity *entity,
                                struct sarn_error *error)
{
    struct loading loading = {entities, entity, error};
    struct sarn__head head;

    SARN__TRY(sarn__writer_head(entities->writer, entity->tenant, entity->name, &head,
                                error));
    if (head.number == 0 ||
        head.last_position <= sarn__writer_folded(entities->writer)) {
        return SARN_OK;
    }
    if (head.deleted) {
        memset(entity->state, 0, entity->aggregate->state->size);
        entity->version = (int64_t)head.version;
        entity->last_position = head.last_position;
        entity->stream = head.number;
        return SARN_OK;
    }
    return sarn__writer_pending(entities->writer, head.number, load_record, &loading,
                                error);
}

sarn_status sarn__entities_get(struct sarn__entities *entities,
                               uint32_t tenant,
                               struct sarn_str stream,
                               const struct sarn_aggregate *aggregate,
                               struct sarn__entity **entity,
                               struct sarn_error *error)
{
    char key[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node;
    struct sarn__entity *loaded;
    sarn_status status;

    node = sarn__map_find(&entities->map, sarn__map_key(key, tenant, stream));
    if (node != NULL) {
        entities->hits += 1;
        *entity = SARN__OF(node, struct sarn__entity, node);
        unlink_entity(entities, *entity);
        link_newest(entities, *entity);
        return SARN_OK;
    }
    entities->misses += 1;
    loaded = entity_create(&entities->ports->heap, tenant, stream, aggregate);
    if (loaded == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory loading \"%.*s\"",
                          (int)stream.size, stream.data);
    }
    status = load_durable(entities, loaded, error);
    if (status == SARN_OK) {
        status = load_pending(entities, loaded, error);
    }
    if (status == SARN_OK &&
        sarn__map_insert(&entities->map, &loaded->node) != SARN_OK) {
        status = sarn__fail(error, SARN_ERR_NOMEM, "out of memory keeping \"%.*s\"",
                            (int)stream.size, stream.data);
    }
    if (status != SARN_OK) {
        entity_destroy(&entities->ports->heap, loaded);
        return status;
    }
    loaded->bytes = entity_bytes(loaded);
    entities->bytes += loaded->bytes;
    link_newest(entities, loaded);
    *entity = loaded;
    return SARN_OK;
}

sarn_status sarn__entities_apply(struct sarn__entities *entities,
                                 struct sarn__entity *entity,
                                 const struct sarn_event *event,
                                 struct sarn_error *error)
{
    size_t bytes;

    SARN__TRY(fold(entity, event, entity->stream, error));
    bytes = entity_bytes(entity);
    if (bytes > COMPACT_BYTES && bytes > entity->bytes * COMPACT_GROWTH) {
        compact(&entities->ports->heap, entity);
        bytes = entity_bytes(entity);
        entities->bytes = entities->bytes - entity->bytes + bytes;
        entity->bytes = bytes;
    } else if (bytes <= COMPACT_BYTES) {
        entities->bytes = entities->bytes - entity->bytes + bytes;
        entity->bytes = bytes;
    }
    return SARN_OK;
}

sarn_status sarn__entities_durable(struct sarn__entities *entities,
                                   uint32_t tenant,
                                   struct sarn_str stream,
                                   const struct sarn_aggregate *aggregate,
                                   sarn_state_fn *handler,
                                   void *arg,
                                   struct sarn_error *error)
{
    struct sarn__entity *entity = NULL;
    struct sarn__head head;
    sarn_status status;

    SARN__TRY(sarn__writer_head(entities->writer, tenant, stream, &head, error));
    if (head.last_position <= sarn__writer_folded(entities->writer)) {
        SARN__TRY(
            sarn__entities_get(entities, tenant, stream, aggregate, &entity, error));
        status = handler(arg, stream, entity->version, entity->state);
        sarn__entities_trim(entities);
        return status;
    }
    /* Events in flight: the cached state knows too much. */
    entity = entity_create(&entities->ports->heap, tenant, stream, aggregate);
    if (entity == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory loading a state");
    }
    status = load_durable(entities, entity, error);
    if (status == SARN_OK) {
        status = handler(arg, stream, entity->version, entity->state);
    }
    entity_destroy(&entities->ports->heap, entity);
    return status;
}

/* --- forgetting --- */

void sarn__entities_drop(struct sarn__entities *entities, struct sarn__entity *entity)
{
    sarn__map_remove(&entities->map, &entity->node);
    unlink_entity(entities, entity);
    entities->bytes -= entity->bytes;
    entity_destroy(&entities->ports->heap, entity);
}

void sarn__entities_drop_name(struct sarn__entities *entities,
                              uint32_t tenant,
                              struct sarn_str stream)
{
    char key[SARN__MAP_KEY_BYTES_MAX];
    struct sarn__map_node *node;

    node = sarn__map_find(&entities->map, sarn__map_key(key, tenant, stream));
    if (node != NULL) {
        sarn__entities_drop(entities, SARN__OF(node, struct sarn__entity, node));
    }
}

void sarn__entities_forget(struct sarn__entities *entities, uint64_t position)
{
    struct sarn__entity *entity = entities->newest;

    while (entity != NULL) {
        struct sarn__entity *older = entity->older;

        if (entity->last_position > position) {
            sarn__entities_drop(entities, entity);
        }
        entity = older;
    }
}

void sarn__entities_trim(struct sarn__entities *entities)
{
    struct sarn__entity *entity = entities->oldest;
    uint64_t durable = sarn__writer_folded(entities->writer);

    while (entities->bytes > entities->bytes_max && entity != NULL) {
        struct sarn__entity *newer = entity->newer;

        if (entity->last_position <= durable) {
            sarn__entities_drop(entities, entity);
            entities->evictions += 1;
        }
        entity = newer;
    }
}
