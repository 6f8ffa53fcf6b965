#include "core/hash_map.h"

#include <assert.h>
#include <string.h>

#include "core/heap.h"

#define BUCKETS_MIN 64u
#define BUCKETS_MAX (1u << 30)

/* FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv). */
uint64_t sarn__hash_bytes(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash ^ (hash >> 32); /* The low bits choose the bucket. */
}

void sarn__map_init(struct sarn__map *map, const struct sarn_heap *heap)
{
    *map = (struct sarn__map){.heap = *heap};
}

void sarn__map_done(struct sarn__map *map)
{
    sarn__heap_free(&map->heap, map->buckets);
    *map = (struct sarn__map){.heap = map->heap};
}

static struct sarn__map_node **bucket_of(const struct sarn__map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->bucket_count - 1)];
}

struct sarn__map_node *sarn__map_find(const struct sarn__map *map, struct sarn_str key)
{
    struct sarn__map_node *node = NULL;

    if (map->count > 0) {
        uint64_t hash = sarn__hash_bytes(key.data, key.size);

        node = *bucket_of(map, hash);
        while (node != NULL &&
               !(node->hash == hash && sarn_str_equal(node->key, key))) {
            node = node->next;
        }
    }
    return node;
}

/* Double the table. Without memory the map stays as it is: slower, not wrong. */
static void grow(struct sarn__map *map)
{
    uint32_t count = map->bucket_count == 0 ? BUCKETS_MIN : map->bucket_count * 2;
    struct sarn__map old = *map;
    struct sarn__map_node **buckets =
        sarn__heap_alloc(&map->heap, count * sizeof(struct sarn__map_node *));

    if (buckets == NULL) {
        return;
    }
    map->buckets = buckets;
    map->bucket_count = count;
    for (uint32_t i = 0; i < old.bucket_count; i++) {
        while (old.buckets[i] != NULL) {
            struct sarn__map_node *node = old.buckets[i];
            struct sarn__map_node **bucket = bucket_of(map, node->hash);

            old.buckets[i] = node->next;
            node->next = *bucket;
            *bucket = node;
        }
    }
    sarn__heap_free(&map->heap, old.buckets);
}

sarn_status sarn__map_insert(struct sarn__map *map, struct sarn__map_node *node)
{
    struct sarn__map_node **bucket;

    assert(sarn__map_find(map, node->key) == NULL);
    if (map->count >= map->bucket_count && map->bucket_count < BUCKETS_MAX) {
        grow(map);
        if (map->bucket_count == 0) {
            return SARN_ERR_NOMEM;
        }
    }
    node->hash = sarn__hash_bytes(node->key.data, node->key.size);
    bucket = bucket_of(map, node->hash);
    node->next = *bucket;
    *bucket = node;
    map->count += 1;
    return SARN_OK;
}

void sarn__map_remove(struct sarn__map *map, struct sarn__map_node *node)
{
    struct sarn__map_node **link = bucket_of(map, node->hash);

    while (*link != node) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = node->next;
    node->next = NULL;
    map->count -= 1;
}

struct sarn__map_node *sarn__map_take(struct sarn__map *map)
{
    for (uint32_t i = 0; i < map->bucket_count && map->count > 0; i++) {
        struct sarn__map_node *node = map->buckets[i];

        if (node != NULL) {
            map->buckets[i] = node->next;
            node->next = NULL;
            map->count -= 1;
            return node;
        }
    }
    return NULL;
}
