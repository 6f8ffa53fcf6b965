/* check_walk.h - inside the check of a file's structure: what its files share.
 *
 *   check.c        the file as a whole: its trees, and that each page is used once
 *   check_tree.c   one tree: its pages, and the order of its keys
 *   check_value.c  what an entry says, by the tree that it is in
 *   check_metas.c  the two metas against each other
 */
#ifndef SARN_INFRA_LMDB_CHECK_WALK_H
#define SARN_INFRA_LMDB_CHECK_WALK_H

#include "infra/lmdb/check.h"
#include "infra/lmdb/env.h"

enum sarn__walk_kind {
    SARN__WALK_FREE,
    SARN__WALK_MAIN,
    SARN__WALK_META,
    SARN__WALK_EVENTS,
    SARN__WALK_ROWS,
    SARN__WALK_OTHER
};

struct sarn__check;

/* One tree while it is walked. */
struct sarn__walk {
    struct sarn__check *check;
    enum sarn__walk_kind kind;
    char name[32];
    bool integer_keys;
    struct sarn__tree told;    /* As its description has it. */
    struct sarn__tree counted; /* As it is. */
    /* The leaf that it is at, and the last key seen there, of integer keys. */
    uint64_t number, last_key;
    const uint8_t *page;
};

/* One check of one file. */
struct sarn__check {
    const struct sarn__pages *pages;
    const struct sarn__page_meta *meta;
    struct sarn__check_options *options;
    struct sarn_heap heap;
    struct sarn_error *error;
    sarn_status stopped; /* By entry. */
    uint64_t last_position;
    bool has_file, has_state; /* What meta must hold. */
    struct sarn__file_state state;
    uint64_t rows_sum; /* Of the rows found, as state has it. */
    uint32_t findings;
    uint8_t *seen;        /* A bit for every page that the file has. */
    uint64_t there;       /* Pages that the file has, at most last_page + 1. */
    uint64_t free_beyond; /* Free pages behind the end of a short file. */
    /* A page of each level, made when first needed. */
    uint8_t *levels[SARN__DEPTH_MAX];
    uint8_t *big; /* The last value read from overflow pages. */
    size_t big_bytes;
    bool out_of_memory;
    uint32_t tree_count;
    struct sarn__walk trees[SARN__LMDB_DBS_MAX];
};

/* --- check.c --- */

/* Tell of something that is wrong. */
void SARN_PRINTF(2, 3)
    sarn__check_find(struct sarn__check *check, const char *format, ...);
/* Too much was found to go on, or there is no memory to. */
bool sarn__check_is_over(const struct sarn__check *check);
/* bytes of page number from at on are idle. */
void sarn__check_idle(struct sarn__check *check,
                      uint64_t number,
                      uint64_t at,
                      uint64_t bytes);
/* Mark count pages from number on as used by what; false: some cannot be. */
bool sarn__check_claim(struct sarn__check *check,
                       uint64_t number,
                       uint64_t count,
                       const char *what);

/* --- check_tree.c --- */

/* Walk all of it, and compare it with its description. Trees that it lists are noted in
 * check->trees, to be walked later. */
void sarn__check_tree(struct sarn__walk *walk);

/* --- check_metas.c --- */

/* Is the meta that counts the newer one? freed: the last key of its free pages. */
void sarn__check_metas(struct sarn__check *check, uint64_t freed);

/* --- check_value.c --- */

/* An entry of a leaf, whose key was found to be in order. */
void sarn__check_entry(struct sarn__walk *walk, const struct sarn__node *node);

#endif
