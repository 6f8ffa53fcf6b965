#define _POSIX_C_SOURCE 200809L /* Recursive mutexes. */

#include "infra/memory/store.h"

#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"

/* --- the store --- */

struct sarn__memory_store *sarn__memory_store_create(const struct sarn_heap *heap)
{
    struct sarn_heap from = sarn__heap_or_malloc(heap);
    struct sarn__memory_store *store = sarn__heap_alloc(&from, sizeof(*store));
    pthread_mutexattr_t kind;

    if (store == NULL) {
        return NULL;
    }
    store->heap = from;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&store->lock, &kind);
    pthread_mutexattr_destroy(&kind);
    return store;
}

void sarn__memory_store_destroy(struct sarn__memory_store *store)
{
    struct sarn_heap heap;

    if (store == NULL) {
        return;
    }
    heap = store->heap;
    for (uint64_t i = 0; i < store->record_count; i++) {
        sarn__heap_free(&heap, (void *)(uintptr_t)store->records[i].data);
    }
    sarn__heap_free(&heap, store->records);
    sarn__heap_free(&heap, store->commits);
    sarn__memory_free_rows(store);
    pthread_mutex_destroy(&store->lock);
    sarn__heap_free(&heap, store);
}

void sarn__memory_store_fail(struct sarn__memory_store *store,
                             uint32_t nth,
                             enum sarn__memory_fault fault)
{
    pthread_mutex_lock(&store->lock);
    store->fail_in = fault == SARN__MEMORY_NO_FAULT ? 0 : nth;
    store->fault = fault;
    pthread_mutex_unlock(&store->lock);
}

void sarn__memory_store_limit(struct sarn__memory_store *store, uint64_t bytes)
{
    pthread_mutex_lock(&store->lock);
    store->limit_bytes = bytes;
    pthread_mutex_unlock(&store->lock);
}

void sarn__memory_store_crash(struct sarn__memory_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->crashes += 1;
    store->owners = 0;
    store->owner_pid = 0;
    pthread_mutex_unlock(&store->lock);
}

void sarn__memory_store_damage(struct sarn__memory_store *store,
                               uint64_t position,
                               uint32_t offset,
                               uint8_t bits)
{
    const struct sarn_str *record = &store->records[position - 1];

    pthread_mutex_lock(&store->lock);
    assert(position != 0 && position <= store->record_count && offset < record->size);
    ((uint8_t *)(uintptr_t)record->data)[offset] ^= bits;
    pthread_mutex_unlock(&store->lock);
}

uint64_t sarn__memory_store_records(struct sarn__memory_store *store)
{
    uint64_t records;

    pthread_mutex_lock(&store->lock);
    records = store->record_count;
    pthread_mutex_unlock(&store->lock);
    return records;
}

uint64_t sarn__memory_store_writes(struct sarn__memory_store *store)
{
    uint64_t writes;

    pthread_mutex_lock(&store->lock);
    writes = store->writes;
    pthread_mutex_unlock(&store->lock);
    return writes;
}

/* --- handles --- */

sarn_status sarn__memory_enter(struct sarn__memory_handle *handle,
                               struct sarn_error *error)
{
    pthread_mutex_lock(&handle->store->lock);
    if (handle->crashes != handle->store->crashes) {
        pthread_mutex_unlock(&handle->store->lock);
        return sarn__fail(error, SARN_ERR_CLOSED, "the store crashed; open it anew");
    }
    if (handle->in_doubt) {
        pthread_mutex_unlock(&handle->store->lock);
        return sarn__fail(
            error, SARN_ERR_IN_DOUBT,
            "the outcome of an earlier write is unknown; open the log anew");
    }
    return SARN_OK;
}

void sarn__memory_leave(struct sarn__memory_handle *handle)
{
    pthread_mutex_unlock(&handle->store->lock);
}
