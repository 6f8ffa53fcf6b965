#define _POSIX_C_SOURCE 200809L /* The mutex of store.h. */

#include "infra/memory/journal.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/memory/store.h"

/* --- writing --- */

SARN_MUST_USE static sarn_status enter_to_write(struct sarn__memory_handle *handle,
                                                struct sarn_error *error)
{
    SARN__TRY(sarn__memory_enter(handle, error));
    if ((handle->flags & SARN__MEMORY_READ_ONLY) != 0) {
        sarn__memory_leave(handle);
        return sarn__fail(error, SARN_ERR_STATE, "the log is open for reading only");
    }
    return SARN_OK;
}

/* The same, under epoch. */
SARN_MUST_USE static sarn_status enter_epoch(struct sarn__memory_handle *handle,
                                             uint64_t epoch,
                                             bool take_epoch,
                                             struct sarn_error *error)
{
    SARN__TRY(enter_to_write(handle, error));
    if (epoch != handle->store->epoch + (take_epoch ? 1 : 0)) {
        sarn__memory_leave(handle);
        return sarn__fail(error, SARN_ERR_DEPOSED,
                          "epoch %llu is over; another owner has taken the log over",
                          (unsigned long long)epoch);
    }
    return SARN_OK;
}

/* Does the fault hit this write? *kept: it is to be carried out nevertheless. */
SARN_MUST_USE static sarn_status
meet_fault(struct sarn__memory_handle *handle, bool *kept, struct sarn_error *error)
{
    struct sarn__memory_store *store = handle->store;

    store->writes += 1;
    *kept = false;
    if (store->fail_in == 0 || --store->fail_in != 0) {
        return SARN_OK;
    }
    switch (store->fault) {
    case SARN__MEMORY_NO_FAULT:
        return SARN_OK;
    case SARN__MEMORY_FULL:
        return sarn__fail(error, SARN_ERR_FULL, "no space left, as the test asked for");
    case SARN__MEMORY_IO:
        return sarn__fail(error, SARN_ERR_IO, "a fault, as the test asked for");
    case SARN__MEMORY_IN_DOUBT_KEPT:
    case SARN__MEMORY_IN_DOUBT_LOST:
        *kept = store->fault == SARN__MEMORY_IN_DOUBT_KEPT;
        handle->in_doubt = true;
        return sarn__fail(error, SARN_ERR_IN_DOUBT,
                          "the outcome is unknown, as the test asked for");
    }
    return SARN_OK;
}

/* Make room for count more of size in *array. */
static bool reserve(const struct sarn_heap *heap,
                    void **array,
                    uint64_t *capacity,
                    uint64_t wanted,
                    size_t size)
{
    uint64_t grown = *capacity == 0 ? 64 : *capacity;
    void *memory;

    if (wanted <= *capacity) {
        return true;
    }
    while (grown < wanted) {
        grown *= 2;
    }
    memory = sarn__heap_resize(heap, *array, grown * size);
    if (memory == NULL) {
        return false;
    }
    *array = memory;
    *capacity = grown;
    return true;
}

SARN_MUST_USE static sarn_status copy_records(struct sarn__memory_store *store,
                                              const struct sarn_batch *batch)
{
    struct sarn_str *to = store->records + store->record_count;

    for (uint32_t i = 0; i < batch->count; i++) {
        char *copy = sarn__heap_alloc(&store->heap, batch->records[i].size);

        if (copy == NULL) {
            while (i > 0) {
                sarn__heap_free(&store->heap, (void *)(uintptr_t)to[--i].data);
            }
            return SARN_ERR_NOMEM;
        }
        memcpy(copy, batch->records[i].data, batch->records[i].size);
        to[i] = (struct sarn_str){copy, batch->records[i].size};
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status write_batch(struct sarn__memory_store *store,
                                             const struct sarn_batch *batch,
                                             uint64_t bytes,
                                             struct sarn_error *error)
{
    void *records = store->records, *commits = store->commits;
    struct sarn__memory_commit *commit;
    bool fits;

    if (store->limit_bytes != 0 && store->used_bytes + bytes > store->limit_bytes) {
        return sarn__fail(error, SARN_ERR_FULL, "the store's limit is reached");
    }
    fits = reserve(&store->heap, &records, &store->record_capacity,
                   store->record_count + batch->count, sizeof(struct sarn_str));
    store->records = records;
    fits = fits && reserve(&store->heap, &commits, &store->commit_capacity,
                           store->commit_count + 1, sizeof(struct sarn__memory_commit));
    store->commits = commits;
    if (!fits || copy_records(store, batch) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for records");
    }
    store->record_count += batch->count;
    commit = &store->commits[store->commit_count++];
    commit->last = store->record_count;
    memcpy(commit->bytes, batch->commit.data, SARN__COMMIT_BYTES);
    store->epoch = batch->epoch;
    store->used_bytes += bytes;
    return SARN_OK;
}

/* What the caller alone is to blame for, and the batch's size. */
SARN_MUST_USE static sarn_status
check_batch(const struct sarn_batch *batch, uint64_t *bytes, struct sarn_error *error)
{
    uint64_t sum = 0;

    assert(batch->count != 0 && batch->commit.size == SARN__COMMIT_BYTES);
    for (uint32_t i = 0; i < batch->count; i++) {
        assert(batch->records[i].size != 0 && batch->records[i].size % 8 == 0);
        if (batch->records[i].size > SARN__VALUE_BYTES_MAX) {
            return sarn__fail(error, SARN_ERR_TOO_LARGE,
                              "a record has %u bytes and may have %u",
                              batch->records[i].size, SARN__VALUE_BYTES_MAX);
        }
        sum += batch->records[i].size;
    }
    if (sum > SARN__APPEND_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "an append has %llu bytes and may have %u",
                          (unsigned long long)sum, SARN__APPEND_BYTES_MAX);
    }
    *bytes = sum + SARN__COMMIT_BYTES;
    return SARN_OK;
}

static sarn_status
append(void *self, const struct sarn_batch *batch, struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    struct sarn__memory_store *store = handle->store;
    sarn_status status, written = SARN_OK;
    uint64_t bytes = 0;
    bool kept;

    SARN__TRY(check_batch(batch, &bytes, error));
    SARN__TRY(enter_epoch(handle, batch->epoch, batch->take_epoch, error));
    if (batch->first != store->record_count + 1) {
        status = sarn__fail(
            error, SARN_ERR_WRONG_EXPECTED_VERSION,
            "the append begins at position %llu and the log ends at %llu",
            (unsigned long long)batch->first, (unsigned long long)store->record_count);
    } else {
        status = meet_fault(handle, &kept, error);
        if (status == SARN_OK || kept) {
            written =
                write_batch(store, batch, bytes, status == SARN_OK ? error : NULL);
        }
    }
    sarn__memory_leave(handle);
    return status != SARN_OK ? status : written;
}

/* Leave nothing of what was written since. */
static void take_back(struct sarn__memory_store *store,
                      const struct sarn__memory_store *before)
{
    while (store->record_count > before->record_count) {
        store->record_count -= 1;
        sarn__heap_free(&store->heap,
                        (void *)(uintptr_t)store->records[store->record_count].data);
    }
    store->commit_count = before->commit_count;
    store->epoch = before->epoch;
    store->used_bytes = before->used_bytes;
}

/* All, or none. */
SARN_MUST_USE static sarn_status write_batches(struct sarn__memory_store *store,
                                               const struct sarn_batch *batches,
                                               uint32_t count,
                                               struct sarn_error *error)
{
    const struct sarn__memory_store before = *store;
    sarn_status status = SARN_OK;

    for (uint32_t i = 0; i < count && status == SARN_OK; i++) {
        uint64_t bytes;

        status = check_batch(&batches[i], &bytes, error);
        if (status == SARN_OK) {
            status = write_batch(store, &batches[i], bytes, error);
        }
    }
    if (status != SARN_OK) {
        take_back(store, &before);
    }
    return status;
}

/* Each continues the one before, and no epoch goes back. Locked. */
SARN_MUST_USE static sarn_status check_order(const struct sarn__memory_store *store,
                                             const struct sarn_batch *batches,
                                             uint32_t count,
                                             struct sarn_error *error)
{
    uint64_t last = store->record_count, epoch = store->epoch;

    for (uint32_t i = 0; i < count; i++) {
        if (batches[i].epoch < epoch) {
            return sarn__fail(error, SARN_ERR_DEPOSED,
                              "an append is of epoch %llu, and the log is at %llu",
                              (unsigned long long)batches[i].epoch,
                              (unsigned long long)epoch);
        }
        if (batches[i].first != last + 1) {
            return sarn__fail(
                error, SARN_ERR_WRONG_EXPECTED_VERSION,
                "an append begins at position %llu and the log ends at %llu",
                (unsigned long long)batches[i].first, (unsigned long long)last);
        }
        last += batches[i].count;
        epoch = batches[i].epoch;
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status check_batches(const struct sarn_batch *batches,
                                               uint32_t count,
                                               struct sarn_error *error)
{
    uint64_t sum = 0;

    assert(count != 0);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes = 0;

        SARN__TRY(check_batch(&batches[i], &bytes, error));
        sum += bytes - SARN__COMMIT_BYTES;
    }
    if (sum > SARN__APPEND_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_TOO_LARGE,
                          "an append has %llu bytes and may have %u",
                          (unsigned long long)sum, SARN__APPEND_BYTES_MAX);
    }
    return SARN_OK;
}

static sarn_status restore(void *self,
                           const struct sarn_batch *batches,
                           uint32_t count,
                           struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    struct sarn__memory_store *store = handle->store;
    sarn_status status, written = SARN_OK;
    bool kept = false;

    SARN__TRY(check_batches(batches, count, error));
    SARN__TRY(enter_to_write(handle, error));
    status = check_order(store, batches, count, error);
    if (status == SARN_OK) {
        status = meet_fault(handle, &kept, error);
        if (status == SARN_OK || kept) {
            written =
                write_batches(store, batches, count, status == SARN_OK ? error : NULL);
        }
    }
    sarn__memory_leave(handle);
    return status != SARN_OK ? status : written;
}

SARN_MUST_USE static sarn_status check_flush(const struct sarn_flush *flush,
                                             struct sarn_error *error)
{
    for (uint32_t i = 0; i < flush->count; i++) {
        assert(flush->rows[i].key.size != 0 &&
               flush->rows[i].key.size <= SARN__TABLE_KEY_BYTES_MAX);
        if (flush->rows[i].value.size > SARN__VALUE_BYTES_MAX) {
            return sarn__fail(error, SARN_ERR_TOO_LARGE,
                              "a row has %u bytes and may have %u",
                              flush->rows[i].value.size, SARN__VALUE_BYTES_MAX);
        }
    }
    return SARN_OK;
}

static sarn_status
flush_rows(void *self, const struct sarn_flush *flush, struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    sarn_status status, written = SARN_OK;
    bool kept;

    SARN__TRY(check_flush(flush, error));
    SARN__TRY(enter_epoch(handle, flush->epoch, false, error));
    assert(flush->through <= handle->store->record_count);
    status = meet_fault(handle, &kept, error);
    if (status == SARN_OK || kept) {
        written =
            sarn__memory_apply(handle->store, flush, status == SARN_OK ? error : NULL);
    }
    sarn__memory_leave(handle);
    return status != SARN_OK ? status : written;
}

/* --- reading --- */

static sarn_status
state(void *self, struct sarn_journal_state *result, struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    const struct sarn__memory_store *store = handle->store;

    SARN__TRY(sarn__memory_enter(handle, error));
    *result = (struct sarn_journal_state){.last_position = store->record_count,
                                          .epoch = store->epoch,
                                          .through = store->through,
                                          .commits = store->commit_count,
                                          .log_id = {{1}},
                                          .format = 1,
                                          .owner_pid = store->owner_pid,
                                          .file_bytes = store->used_bytes,
                                          .used_bytes = store->used_bytes,
                                          .map_bytes = store->limit_bytes};
    if (store->commit_count != 0) {
        const struct sarn__memory_commit *last =
            &store->commits[store->commit_count - 1];

        result->last_commit = last->last;
        memcpy(result->commit, last->bytes, SARN__COMMIT_BYTES);
    }
    sarn__memory_leave(handle);
    return SARN_OK;
}

static sarn_status scan(void *self,
                        uint64_t from,
                        uint64_t to,
                        sarn_record_fn *visit,
                        void *arg,
                        uint64_t *next,
                        struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    const struct sarn__memory_store *store = handle->store;
    uint64_t position = from == 0 ? 1 : from;
    sarn_status status = SARN_OK;
    uint64_t last;

    SARN__TRY(sarn__memory_enter(handle, error));
    last = to < store->record_count ? to : store->record_count;
    for (uint32_t i = 0; i < SARN__READ_SLICE && position <= last; i++, position++) {
        status = visit(arg, position, store->records[position - 1]);
        if (status != SARN_OK) {
            break;
        }
    }
    if (status == SARN_OK) {
        *next = position <= last ? position : 0;
    }
    sarn__memory_leave(handle);
    return status;
}

static sarn_status walk(void *self,
                        uint64_t start,
                        sarn_walk_fn *visit,
                        void *arg,
                        uint64_t *next,
                        struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    const struct sarn__memory_store *store = handle->store;
    uint64_t position = start;
    sarn_status status = SARN_OK;

    SARN__TRY(sarn__memory_enter(handle, error));
    for (uint32_t i = 0; i < SARN__READ_SLICE && position != 0; i++) {
        uint64_t following = 0;

        if (position > store->record_count) {
            status = sarn__fail(error, SARN_ERR_CORRUPT, "there is no position %llu",
                                (unsigned long long)position);
            break;
        }
        status = visit(arg, position, store->records[position - 1], &following);
        if (status != SARN_OK) {
            break;
        }
        position = following;
    }
    if (status == SARN_OK) {
        *next = position;
    }
    sarn__memory_leave(handle);
    return status;
}

/* Index of the first commit whose last position is not before position. */
static uint64_t first_commit(const struct sarn__memory_store *store, uint64_t position)
{
    uint64_t low = 0, high = store->commit_count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (store->commits[middle].last < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static sarn_status commits(void *self,
                           uint64_t from,
                           sarn_record_fn *visit,
                           void *arg,
                           uint64_t *next,
                           struct sarn_error *error)
{
    struct sarn__memory_handle *handle = self;
    const struct sarn__memory_store *store = handle->store;
    sarn_status status = SARN_OK;
    uint64_t at;

    SARN__TRY(sarn__memory_enter(handle, error));
    at = first_commit(store, from);
    for (uint32_t i = 0; i < SARN__READ_SLICE && at < store->commit_count; i++, at++) {
        struct sarn__memory_commit commit =
            store->commits[at]; /* Aligned, and stays. */

        status =
            visit(arg, commit.last,
                  (struct sarn_str){(const char *)commit.bytes, SARN__COMMIT_BYTES});
        if (status != SARN_OK) {
            break;
        }
    }
    if (status == SARN_OK) {
        *next = at < store->commit_count ? store->commits[at].last : 0;
    }
    sarn__memory_leave(handle);
    return status;
}

/* --- open and close --- */

static void close_handle(void *self)
{
    struct sarn__memory_handle *handle = self;
    struct sarn__memory_store *store = handle->store;

    pthread_mutex_lock(&store->lock);
    if (handle->crashes == store->crashes &&
        (handle->flags & SARN__MEMORY_READ_ONLY) == 0) {
        assert(store->owners != 0);
        store->owners -= 1;
        store->owner_pid = store->owners == 0 ? 0 : store->owner_pid;
    }
    pthread_mutex_unlock(&store->lock);
    sarn__heap_free(&store->heap, handle);
}

sarn_status sarn__memory_journal_open(struct sarn__memory_store *store,
                                      uint32_t flags,
                                      uint32_t pid,
                                      struct sarn_journal *journal,
                                      struct sarn_error *error)
{
    static const struct sarn_journal_ops ops = {.append = append,
                                                .flush = flush_rows,
                                                .restore = restore,
                                                .state = state,
                                                .scan = scan,
                                                .walk = walk,
                                                .commits = commits,
                                                .get = sarn__memory_get,
                                                .rows = sarn__memory_rows,
                                                .close = close_handle};
    struct sarn__memory_handle *handle =
        sarn__heap_alloc(&store->heap, sizeof(*handle));
    bool writes = (flags & SARN__MEMORY_READ_ONLY) == 0;
    uint32_t owner;

    if (handle == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a journal");
    }
    pthread_mutex_lock(&store->lock);
    owner = store->owner_pid;
    if (writes && store->owners != 0 && (flags & SARN__MEMORY_TAKEOVER) == 0) {
        pthread_mutex_unlock(&store->lock);
        sarn__heap_free(&store->heap, handle);
        return sarn__fail(error, SARN_ERR_BUSY, "the log is owned by process %u",
                          owner);
    }
    *handle = (struct sarn__memory_handle){
        .store = store, .crashes = store->crashes, .flags = flags};
    if (writes) {
        store->owners += 1;
        store->owner_pid = pid;
    }
    pthread_mutex_unlock(&store->lock);
    *journal = (struct sarn_journal){.ops = &ops, .self = handle};
    return SARN_OK;
}
