/* store.h - inside the memory journal: what a store holds. journal.c is its log and its
 * handles, rows.c its tables.
 */
#ifndef SARN_INFRA_MEMORY_STORE_H
#define SARN_INFRA_MEMORY_STORE_H

#include <pthread.h>

#include "infra/memory/journal.h"

struct sarn__memory_row {
    uint32_t table;
    struct sarn_str key, value; /* In the same block of memory. */
};

struct sarn__memory_commit {
    uint64_t last;
    uint8_t bytes[SARN__COMMIT_BYTES];
};

struct sarn__memory_store {
    pthread_mutex_t lock; /* Recursive: a visitor may read. */
    struct sarn_heap heap;
    struct sarn_str *records; /* That of position i + 1 is records[i]. */
    uint64_t record_count, record_capacity;
    struct sarn__memory_commit *commits;
    uint64_t commit_count, commit_capacity;
    struct sarn__memory_row **rows; /* Sorted by table and key. */
    uint64_t row_count;
    uint64_t row_changes; /* Counts the flushes, so that a scan notices one. */
    uint64_t epoch, through;
    uint64_t used_bytes, limit_bytes;
    uint64_t writes;
    uint64_t crashes;
    uint32_t owners; /* Open handles that may write. */
    uint32_t owner_pid;
    uint32_t fail_in; /* Writes until the fault hits; 0: none. */
    enum sarn__memory_fault fault;
};

struct sarn__memory_handle {
    struct sarn__memory_store *store;
    uint64_t crashes; /* As many as the store had when this was opened. */
    uint32_t flags;
    bool in_doubt;
};

/* Lock the store and find out whether handle may still be used; on failure it is not
 * locked. */
SARN_MUST_USE sarn_status sarn__memory_enter(struct sarn__memory_handle *handle,
                                             struct sarn_error *error);
void sarn__memory_leave(struct sarn__memory_handle *handle);

/* The rows with flush applied, or an error and nothing changed. Locked. */
SARN_MUST_USE sarn_status sarn__memory_apply(struct sarn__memory_store *store,
                                             const struct sarn_flush *flush,
                                             struct sarn_error *error);
void sarn__memory_free_rows(struct sarn__memory_store *store);

/* struct sarn_journal_ops.get and .rows. */
SARN_MUST_USE sarn_status sarn__memory_get(void *self,
                                           uint32_t table,
                                           struct sarn_str key,
                                           struct sarn_arena *arena,
                                           struct sarn_str *value,
                                           struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__memory_rows(void *self,
                                            const struct sarn_table_range *range,
                                            sarn_table_fn *visit,
                                            void *arg,
                                            bool *more,
                                            struct sarn_error *error);

#endif
