/* tables_diff.h - in what do two sets of tables differ? To check stored rows against
 * the same rows folded from nothing, and to mend them.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_TABLES_DIFF_H
#define SARN_ENGINE_TABLES_DIFF_H

#include "engine/table_cursor.h"

/* One row that is wanted and missing, or found and not wanted, or of another value. */
struct sarn__difference {
    uint32_t table;
    struct sarn_str key;
    bool wanted, found;
    struct sarn_str wanted_value, found_value;
    uint64_t found_position; /* 0: not found. */
};

/* May change the tables; what it is handed dies with the call. */
typedef sarn_status sarn__difference_fn(void *arg,
                                        const struct sarn__difference *difference);

/* Visit the differences of one table in order of key, and add to *rows (may be NULL)
 * how many rows are wanted. */
SARN_MUST_USE sarn_status sarn__tables_diff(struct sarn__tables *wanted,
                                            struct sarn__tables *found,
                                            uint32_t table,
                                            const struct sarn_heap *heap,
                                            sarn__difference_fn *visit,
                                            void *arg,
                                            uint64_t *rows,
                                            struct sarn_error *error);

#endif
