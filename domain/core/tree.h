/* tree.h - an ordered set of the caller's structs by their keys, which compare as
 * bytes: a B+ tree.
 *
 * The tree holds pointers to the keys inside those structs (see SARN__OF in hash_map.h)
 * and owns its nodes alone. Leaves are linked, so walking either way is cheap. Nodes
 * are freed when they are empty and never merged before; keys that come in ascending
 * order fill their leaves. What a node is made of: tree_node.h.
 *
 * Ownership: keys are the caller's; they stay in place and unchanged while in the tree.
 * Threads:   one at a time per tree.
 */
#ifndef SARN_CORE_TREE_H
#define SARN_CORE_TREE_H

#include "sarn/types.h"

struct sarn__tree {
    struct sarn_heap heap;
    void *root;     /* NULL: empty. */
    uint32_t depth; /* Inner nodes above a leaf. */
    uint64_t count;
};

/* A place in the tree; dies with the next insert or remove. */
struct sarn__tree_cursor {
    struct sarn__leaf *leaf;
    uint32_t index;
};

/* Never fails: nodes are made with the first insert. */
void sarn__tree_init(struct sarn__tree *tree, const struct sarn_heap *heap);
/* Frees the nodes. */
void sarn__tree_done(struct sarn__tree *tree);

/* *key is not in the tree. SARN_ERR_NOMEM: nothing changed. */
SARN_MUST_USE sarn_status sarn__tree_insert(struct sarn__tree *tree,
                                            struct sarn_str *key);
/* key itself is in the tree. */
void sarn__tree_remove(struct sarn__tree *tree, const struct sarn_str *key);

/* The first key at or after from, or NULL; cursor is then there. */
struct sarn_str *sarn__tree_seek(const struct sarn__tree *tree,
                                 struct sarn_str from,
                                 struct sarn__tree_cursor *cursor);
/* The last key before to (empty: the last of all), or NULL. */
struct sarn_str *sarn__tree_seek_before(const struct sarn__tree *tree,
                                        struct sarn_str to,
                                        struct sarn__tree_cursor *cursor);
/* The key after or before the cursor's, or NULL; from then on the cursor is spent. */
struct sarn_str *sarn__tree_next(struct sarn__tree_cursor *cursor);
struct sarn_str *sarn__tree_previous(struct sarn__tree_cursor *cursor);

/* Less than, equal to or greater than zero. */
int sarn__bytes_compare(struct sarn_str a, struct sarn_str b);

#endif
