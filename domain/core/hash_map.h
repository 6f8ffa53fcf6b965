/* hash_map.h - an intrusive hash map from bytes to the caller's structs.
 *
 * A node sits inside the struct that it stands for; the map owns only its table. Nodes
 * keep their addresses. The hash is FNV-1a: for names and numbers of our own, bounded
 * in count by the callers' limits.
 *
 * Ownership: nodes and keys are the caller's, and live as long as they are in the map.
 * Threads:   one at a time per map.
 */
#ifndef SARN_CORE_HASH_MAP_H
#define SARN_CORE_HASH_MAP_H

#include "sarn/types.h"

struct sarn__map_node {
    struct sarn__map_node *next;
    uint64_t hash;
    struct sarn_str key;
};

struct sarn__map {
    struct sarn_heap heap;
    struct sarn__map_node *
        *buckets; /* bucket_count of them, a power of two, or NULL. */
    uint32_t bucket_count;
    uint32_t count;
};

/* The struct of type that node is the member of. */
#define SARN__OF(node, type, member)                                                   \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Never fails: the table is made with the first insert. */
void sarn__map_init(struct sarn__map *map, const struct sarn_heap *heap);
/* Frees the table, not the nodes. */
void sarn__map_done(struct sarn__map *map);
/* NULL: none. */
struct sarn__map_node *sarn__map_find(const struct sarn__map *map, struct sarn_str key);
/* node->key is set and not in the map. SARN_ERR_NOMEM: nothing changed. */
SARN_MUST_USE sarn_status sarn__map_insert(struct sarn__map *map,
                                           struct sarn__map_node *node);
/* node is in the map. */
void sarn__map_remove(struct sarn__map *map, struct sarn__map_node *node);
/* Remove and hand over any one node; NULL when empty. For draining a map. */
struct sarn__map_node *sarn__map_take(struct sarn__map *map);

uint64_t sarn__hash_bytes(const void *data, size_t size);

#endif
