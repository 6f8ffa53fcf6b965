/* projection_index.h - index entries of a projection: rows found by another key.
 *
 * An entry is a row without value in the projection's second table. Its key:
 *   u32 number of the index, big-endian
 *   the index key
 *   00 00
 *   the row key
 *   u16 size of the row key, big-endian
 * so that entries lie in order of index key, then row key, and the row key is found
 * again from the end.
 *
 * Pure; the caller owns all memory.
 */
#ifndef SARN_ENGINE_PROJECTION_INDEX_H
#define SARN_ENGINE_PROJECTION_INDEX_H

#include "ports/journal.h"
#include "sarn/module.h"

struct sarn__entry {
    uint32_t size;
    char bytes[SARN__TABLE_KEY_BYTES_MAX];
};

/* SARN_ERR_TOO_LARGE: index key and row key together do not fit a table's key. */
SARN_MUST_USE sarn_status sarn__entry_make(uint32_t index,
                                           const struct sarn_key *index_key,
                                           struct sarn_str row_key,
                                           struct sarn__entry *entry);
/* View the parts of an entry's key. SARN_ERR_CORRUPT: it is none. */
SARN_MUST_USE sarn_status sarn__entry_parse(struct sarn_str bytes,
                                            uint32_t *index,
                                            struct sarn_str *index_key,
                                            struct sarn_str *row_key);

/* The number in the entries of the projection's index'th index. Neighbours of one name
 * (Sarn's own projections have such) are one index, in which a row is found by each of
 * their keys; they have the number of the first. */
uint32_t sarn__index_number(const struct sarn_projection *projection, uint32_t index);

/* Is row to be found under this index key, in the index of that number? A crash between
 * the flush of a row and that of its entries may leave an entry of an older row. */
bool sarn__entry_holds(const struct sarn_projection *projection,
                       uint32_t number,
                       const void *row,
                       struct sarn_str index_key);

/* Where a scan begins and ends: keys from from on, and up to those that begin with to;
 * both may be empty. prefix is put before them (prefix_size up to 4). An upper bound
 * that has none above it stays empty. */
struct sarn__bounds {
    struct sarn__entry from, to; /* to is excluded; size 0: open. */
};
void sarn__bounds_make(const char *prefix,
                       uint32_t prefix_size,
                       const struct sarn_key *from,
                       const struct sarn_key *to,
                       struct sarn__bounds *bounds);

#endif
