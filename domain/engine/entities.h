/* entities.h - aggregates in memory: the repository's cache.
 *
 * An entity is one aggregate's state with everything folded in that was decided so far,
 * events in flight included. The cache is bounded in bytes and forgets the least
 * recently used; an entity with events in flight stays. Loading begins from a snapshot
 * where its tags fit the code (schema fingerprint, apply_version, version), else from
 * the stream's first event.
 *
 * Ownership: entities are the cache's; a pointer is good until the next call.
 * Threads:   the dispatch thread.
 */
#ifndef SARN_ENGINE_ENTITIES_H
#define SARN_ENGINE_ENTITIES_H

#include "engine/decoder.h"
#include "engine/writer.h"
#include "sarn/sarn.h"

struct sarn__entity {
    struct sarn__map_node node; /* Key: tenant and stream name. */
    struct sarn__entity *newer, *older;
    const struct sarn_aggregate *aggregate;
    struct sarn_arena *arena; /* Of state. */
    void *state;
    int64_t version;           /* Of the last event folded; -1: none. */
    uint64_t stream;           /* Its number; 0: no events yet. */
    uint64_t last_position;    /* Of the last event folded. */
    uint64_t snapshot_version; /* Events since then are to be counted; see command.c. */
    size_t bytes;              /* Counted against the bound. */
    uint32_t tenant;
    struct sarn_str name;
};

struct sarn__entities {
    const struct sarn_ports *ports;
    struct sarn__store *store;
    struct sarn__decoder *decoder;
    struct sarn__writer *writer;
    struct sarn__map map;
    struct sarn__entity *newest, *oldest;
    struct sarn_arena *scratch; /* For one event. */
    size_t bytes, bytes_max;
    uint64_t hits, misses, evictions;
};

SARN_MUST_USE sarn_status sarn__entities_init(struct sarn__entities *entities,
                                              const struct sarn_ports *ports,
                                              struct sarn__decoder *decoder,
                                              struct sarn__writer *writer,
                                              size_t bytes_max,
                                              struct sarn_error *error);
void sarn__entities_done(struct sarn__entities *entities);

/* Find or load. SARN_ERR_CORRUPT: an event that apply refuses, with its position. */
SARN_MUST_USE sarn_status sarn__entities_get(struct sarn__entities *entities,
                                             uint32_t tenant,
                                             struct sarn_str stream,
                                             const struct sarn_aggregate *aggregate,
                                             struct sarn__entity **entity,
                                             struct sarn_error *error);
/* Fold one event that was just written. On failure the entity is to be dropped. */
SARN_MUST_USE sarn_status sarn__entities_apply(struct sarn__entities *entities,
                                               struct sarn__entity *entity,
                                               const struct sarn_event *event,
                                               struct sarn_error *error);
/* What is durable of one aggregate, for a query: its state dies with the next call. */
SARN_MUST_USE sarn_status sarn__entities_durable(struct sarn__entities *entities,
                                                 uint32_t tenant,
                                                 struct sarn_str stream,
                                                 const struct sarn_aggregate *aggregate,
                                                 sarn_state_fn *handler,
                                                 void *arg,
                                                 struct sarn_error *error);
/* Forget one; by name: if it is there. */
void sarn__entities_drop(struct sarn__entities *entities, struct sarn__entity *entity);
void sarn__entities_drop_name(struct sarn__entities *entities,
                              uint32_t tenant,
                              struct sarn_str stream);
/* Forget those that know events after position: they were not appended. */
void sarn__entities_forget(struct sarn__entities *entities, uint64_t position);
/* Evict down to the bound, sparing what has events in flight. */
void sarn__entities_trim(struct sarn__entities *entities);

#endif
