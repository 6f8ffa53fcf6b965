/* pages.h - LMDB's file format, read without LMDB and without trust: every size and
 * offset that comes from the file is checked before it is used.
 *
 * A file is pages of one size. Pages 0 and 1 are metas: two roots of everything,
 * written in turn, so that one is whole whatever happens; the one with the higher
 * transaction number counts. Transaction n writes meta n modulo 2, so the two numbers
 * always follow each other: a meta that was damaged is noticed, instead of the last
 * commit vanishing silently.
 */
#ifndef SARN_INFRA_LMDB_PAGES_H
#define SARN_INFRA_LMDB_PAGES_H

#include <string.h>

#include "sarn/types.h"

#define SARN__PAGE_HEAD     16u
#define SARN__META_END      152u       /* Behind it, a meta page is idle. */
#define SARN__PAGE_NONE     UINT64_MAX /* The root of an empty tree. */
#define SARN__PAGE_MIN      512u
#define SARN__PAGE_MAX      65536u
#define SARN__DEPTH_MAX     32u
#define SARN__PAGE_BRANCH   1u
#define SARN__PAGE_LEAF     2u
#define SARN__PAGE_OVERFLOW 4u
#define SARN__PAGE_META     8u

/* Integers as LMDB stores them: in the order of the machine, at any address. */
static inline uint16_t sarn__page_u16(const void *from)
{
    uint16_t value;

    memcpy(&value, from, sizeof(value));
    return value;
}

static inline uint32_t sarn__page_u32(const void *from)
{
    uint32_t value;

    memcpy(&value, from, sizeof(value));
    return value;
}

static inline uint64_t sarn__page_u64(const void *from)
{
    uint64_t value;

    memcpy(&value, from, sizeof(value));
    return value;
}

/* A tree, as a meta or the main tree describes it. */
#define SARN__TREE_BYTES       48u
#define SARN__TREE_INTEGER_KEY 0x08u
struct sarn__node;
struct sarn__tree {
    uint16_t flags, depth;
    uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
};

struct sarn__page_meta {
    uint64_t map_bytes;
    struct sarn__tree free, main;
    uint64_t last_page, txn_id;
};

/* A file to read pages of. */
struct sarn__pages {
    int fd;
    uint32_t page_bytes;
    uint64_t file_bytes;
    struct sarn__page_meta metas[2];
    uint32_t newest; /* Index of the meta that counts. */
};

/* As LMDB writes it before the first transaction: there is nothing in the file. */
bool sarn__page_meta_is_first(const struct sarn__page_meta *meta);

/* Read both metas. SARN_ERR_NOT_FOUND: the file is empty, nothing was ever written; or
 * its making was cut short, before both metas were whole for the first time.
 * SARN_ERR_CORRUPT: not LMDB's, or a meta is damaged: says which and what that means.
 * SARN_ERR_UNSUPPORTED: another version of LMDB's format. SARN_ERR_IO. */
SARN_MUST_USE sarn_status sarn__pages_open(int fd,
                                           const char *path,
                                           struct sarn__pages *pages,
                                           struct sarn_error *error);
/* Is the file long enough for all pages of the newest meta? A healthy file need not be,
 * if its last pages are free. */
bool sarn__pages_are_there(const struct sarn__pages *pages);
/* Read bytes of page number on; false: they are not in the file. */
bool sarn__pages_read(const struct sarn__pages *pages,
                      uint64_t number,
                      void *buffer,
                      size_t bytes);
/* The same from any offset of the file on. */
bool sarn__pages_read_at(const struct sarn__pages *pages,
                         uint64_t offset,
                         void *buffer,
                         size_t bytes);
/* What can be read of both metas without a judgement over the file: good says which are
 * possible. The page size is that of a good one, or the usual one. */
SARN_MUST_USE sarn_status sarn__pages_look(int fd,
                                           const char *path,
                                           struct sarn__pages *pages,
                                           bool good[2],
                                           struct sarn_error *error);
/* The last entry of a tree of integer keys, in its leaf, which is read into page;
 * *key. false: it is empty, or damaged on the way there. */
bool sarn__pages_last(const struct sarn__pages *pages,
                      const struct sarn__tree *tree,
                      uint8_t *page,
                      uint64_t *key,
                      struct sarn__node *last);
/* Are the pages sound that lead to the first and the last leaf of each tree? Some of
 * those that LMDB reads first, and believes. SARN_ERR_CORRUPT: names one that is not.
 */
SARN_MUST_USE sarn_status sarn__pages_check_ends(const struct sarn__pages *pages,
                                                 const char *path,
                                                 const struct sarn_heap *heap,
                                                 struct sarn_error *error);
/* The tree of that name in the list of databases of meta; false: not to be seen. */
bool sarn__pages_find_tree(const struct sarn__pages *pages,
                           const struct sarn__page_meta *meta,
                           const char *name,
                           uint8_t *page,
                           struct sarn__tree *tree);
/* A tree from its SARN__TREE_BYTES. */
struct sarn__tree sarn__tree_get(const void *bytes);

/* --- nodes of a branch or leaf page that sarn__page_check() has passed --- */

#define SARN__NODE_HEAD 8u
#define SARN__NODE_BIG  1u /* The value lies on overflow pages. */
#define SARN__NODE_TREE 2u /* The value is a tree. */

struct sarn__node {
    uint16_t flags;
    uint64_t child; /* Branch: the page below. */
    struct sarn_str key;
    uint32_t value_bytes; /* Leaf. */
    const uint8_t *value; /* Leaf; big: 8 bytes, the first overflow page. */
};

/* What is wrong with the layout of page, or NULL. */
const char *sarn__page_check(const uint8_t *page, uint32_t page_bytes, uint64_t number);
uint16_t sarn__page_flags(const uint8_t *page);
uint32_t sarn__page_nodes(const uint8_t *page);
/* The bytes from *from up to *to hold nothing. */
void sarn__page_gap(const uint8_t *page, uint32_t *from, uint32_t *to);
/* Of an overflow page: how many there are in a row. */
uint32_t sarn__page_run(const uint8_t *page);
struct sarn__node sarn__page_node(const uint8_t *page, uint32_t index);

#endif
