/* tables_index.h - inside the tables: where the row of a key is, in one step.
 *
 * An open-addressing table with the hashes beside the pointers, so that a search looks
 * at no row but the right one, and growing looks at none.
 */
#ifndef SARN_ENGINE_TABLES_INDEX_H
#define SARN_ENGINE_TABLES_INDEX_H

#include "sarn/types.h"

struct sarn__row;

struct sarn__row_slot {
    uint64_t hash;
    struct sarn__row *row; /* NULL: empty. */
};

struct sarn__row_index {
    struct sarn_heap heap;
    struct sarn__row_slot *slots; /* size of them, a power of two, or NULL. */
    uint32_t size, count;
};

/* Never fails: the slots are made with the first insert. */
void sarn__row_index_init(struct sarn__row_index *index, const struct sarn_heap *heap);
/* Frees the slots, not the rows. */
void sarn__row_index_done(struct sarn__row_index *index);

uint64_t sarn__row_hash(struct sarn_str key);
/* NULL: none. */
struct sarn__row *sarn__row_index_find(const struct sarn__row_index *index,
                                       struct sarn_str key);
/* row's key is not in the index. SARN_ERR_NOMEM: nothing changed. */
SARN_MUST_USE sarn_status sarn__row_index_insert(struct sarn__row_index *index,
                                                 struct sarn__row *row);
/* row is in the index. */
void sarn__row_index_remove(struct sarn__row_index *index, const struct sarn__row *row);

#endif
