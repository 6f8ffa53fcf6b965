/* tree_node.h - inside the tree: one node at a time, leaves and inner ones.
 *
 * A slot keeps eight bytes of its key beside the pointer, a word, and most comparisons
 * look at nothing else. Since keys of a kind begin alike, the words are taken from
 * behind what all keys of the node have in common, which is kept and compared once per
 * node.
 */
#ifndef SARN_CORE_TREE_NODE_H
#define SARN_CORE_TREE_NODE_H

#include "core/tree.h"

#define SARN__NODE_SLOTS        64u
#define SARN__NODE_PREFIX_BYTES 44u

/* What all keys of a node begin with, or the beginning of that. */
struct sarn__prefix {
    uint32_t size;
    char bytes[SARN__NODE_PREFIX_BYTES];
};

struct sarn__leaf {
    struct sarn__leaf *previous, *next;
    uint32_t count;
    struct sarn__prefix prefix;
    uint64_t words[SARN__NODE_SLOTS];
    struct sarn_str *keys[SARN__NODE_SLOTS]; /* Ascending. */
};

/* Child i holds the keys from keys[i] up to keys[i + 1]; keys[0] is empty, stands for
 * the least, and takes no part in the prefix. The separators are copies of their own,
 * since what they were taken from may go. */
struct sarn__inner {
    uint32_t count;
    struct sarn__prefix prefix;
    uint64_t words[SARN__NODE_SLOTS];
    struct sarn_str keys[SARN__NODE_SLOTS];
    void *children[SARN__NODE_SLOTS];
};

/* Slots of leaf whose keys are less than key. */
uint32_t sarn__leaf_lower_bound(const struct sarn__leaf *leaf, struct sarn_str key);
/* Put key into slot at; there is room. */
void sarn__leaf_put(struct sarn__leaf *leaf, uint32_t at, struct sarn_str *key);
void sarn__leaf_take(struct sarn__leaf *leaf, uint32_t at);

/* The slot of the child that key belongs to. */
uint32_t sarn__inner_slot(const struct sarn__inner *inner, struct sarn_str key);
/* Make inner, which is fresh memory, the parent of one child. */
void sarn__inner_init(struct sarn__inner *inner, void *child);
/* Take the child under slot out; the next one takes over its range. */
void sarn__inner_drop(struct sarn__inner *inner,
                      uint32_t slot,
                      const struct sarn_heap *heap);
void sarn__inner_free_keys(struct sarn__inner *inner, const struct sarn_heap *heap);

/* Split the full node under slot of parent, which has room. SARN_ERR_NOMEM: nothing
 * changed. key is what room is needed for. */
SARN_MUST_USE sarn_status sarn__inner_split_leaf(struct sarn__inner *parent,
                                                 uint32_t slot,
                                                 struct sarn_str key,
                                                 const struct sarn_heap *heap);
SARN_MUST_USE sarn_status sarn__inner_split_inner(struct sarn__inner *parent,
                                                  uint32_t slot,
                                                  const struct sarn_heap *heap);

#endif
