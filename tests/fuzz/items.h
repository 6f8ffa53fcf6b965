/* items.h - a log as an input describes it: records, commits, and rows, one behind the
 * other.
 *
 * A byte of flags, three that draw something, then items, each: u8 kind, u16 size,
 * bytes. So that changed inputs get past the checksums, flags make them right.
 */
#ifndef SARN_TESTS_FUZZ_ITEMS_H
#define SARN_TESTS_FUZZ_ITEMS_H

#include "ports/hash.h"
#include "sarn/types.h"

enum item_flag {
    ITEMS_CHECKSUMS = 1, /* Of records. */
    ITEMS_COMMITS = 2,   /* What they cover, the chain, the checksum. */
    ITEMS_SIZES = 4,     /* In records. */
    ITEMS_LINKS = 8      /* A record's stream, version and previous position. */
};

enum item_kind { ITEM_RECORD, ITEM_COMMIT, ITEM_ROW };

#define ITEMS_MAX 256u

struct item {
    enum item_kind kind;
    uint64_t position; /* Of a record; of the last one before. */
    uint8_t *bytes;    /* A block of its own, so that reading past it is seen. */
    uint32_t size;
};

struct items {
    struct sarn_hash hash;
    uint8_t flags;
    uint32_t drawn;
    uint64_t position; /* Of the last record. */
    struct item items[ITEMS_MAX];
    uint32_t count;
};

/* Aborts without memory, as all of these. NULL: data is too short for anything. */
struct items *items_read(const uint8_t *data, size_t size);
void items_free(struct items *items);

static inline struct sarn_str item_str(const struct item *item)
{
    return (struct sarn_str){(const char *)item->bytes, item->size};
}

/* What a target promises. */
void must(bool holds);

#endif
