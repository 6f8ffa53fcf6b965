#include "core/tree.h"

#include <assert.h>

#include "core/heap.h"
#include "core/tree_node.h"

#define DEPTH_MAX 32u

/* The way from the root to a leaf. */
struct path {
    struct sarn__inner *nodes[DEPTH_MAX];
    uint32_t slots[DEPTH_MAX];
};

void sarn__tree_init(struct sarn__tree *tree, const struct sarn_heap *heap)
{
    *tree = (struct sarn__tree){.heap = *heap};
}

static void free_node(struct sarn__tree *tree, void *node, uint32_t depth)
{
    if (depth > 0) {
        struct sarn__inner *inner = node;

        for (uint32_t i = 0; i < inner->count; i++) {
            free_node(tree, inner->children[i], depth - 1);
        }
        sarn__inner_free_keys(inner, &tree->heap);
    }
    sarn__heap_free(&tree->heap, node);
}

void sarn__tree_done(struct sarn__tree *tree)
{
    if (tree->root != NULL) {
        free_node(tree, tree->root, tree->depth);
    }
    *tree = (struct sarn__tree){.heap = tree->heap};
}

/* The leaf that key belongs to; path (may be NULL) is how to get there. */
static struct sarn__leaf *
descend(const struct sarn__tree *tree, struct sarn_str key, struct path *path)
{
    void *node = tree->root;

    for (uint32_t level = 0; level < tree->depth; level++) {
        struct sarn__inner *inner = node;
        uint32_t slot = sarn__inner_slot(inner, key);

        if (path != NULL) {
            path->nodes[level] = inner;
            path->slots[level] = slot;
        }
        node = inner->children[slot];
    }
    return node;
}

/* --- changing --- */

static bool full(const void *node, uint32_t depth)
{
    uint32_t count = depth == 0 ? ((const struct sarn__leaf *)node)->count
                                : ((const struct sarn__inner *)node)->count;

    return count == SARN__NODE_SLOTS;
}

/* Put a root above the root, so that it can be split. */
static sarn_status raise_root(struct sarn__tree *tree)
{
    struct sarn__inner *root = sarn__heap_resize(&tree->heap, NULL, sizeof(*root));

    if (root == NULL) {
        return SARN_ERR_NOMEM;
    }
    assert(tree->depth < DEPTH_MAX);
    sarn__inner_init(root, tree->root);
    tree->root = root;
    tree->depth += 1;
    return SARN_OK;
}

/* Find the leaf for key, splitting what is full on the way down: each split leaves a
 * sound tree, so running out of memory half-way does no harm. */
static sarn_status
make_room(struct sarn__tree *tree, struct sarn_str key, struct sarn__leaf **leaf)
{
    void *node;

    if (full(tree->root, tree->depth) && raise_root(tree)) {
        return SARN_ERR_NOMEM;
    }
    node = tree->root;
    for (uint32_t depth = tree->depth; depth > 0; depth--) {
        struct sarn__inner *inner = node;
        uint32_t slot = sarn__inner_slot(inner, key);

        if (full(inner->children[slot], depth - 1)) {
            sarn_status status =
                depth == 1 ? sarn__inner_split_leaf(inner, slot, key, &tree->heap)
                           : sarn__inner_split_inner(inner, slot, &tree->heap);

            if (status != SARN_OK) {
                return status;
            }
            slot = sarn__inner_slot(inner, key);
        }
        node = inner->children[slot];
    }
    *leaf = node;
    return SARN_OK;
}

sarn_status sarn__tree_insert(struct sarn__tree *tree, struct sarn_str *key)
{
    struct sarn__leaf *leaf;
    uint32_t at;

    if (tree->root == NULL) {
        tree->root = sarn__heap_alloc(&tree->heap, sizeof(*leaf));
        if (tree->root == NULL) {
            return SARN_ERR_NOMEM;
        }
    }
    if (make_room(tree, *key, &leaf)) {
        return SARN_ERR_NOMEM;
    }
    at = sarn__leaf_lower_bound(leaf, *key);
    assert(at == leaf->count || sarn__bytes_compare(*leaf->keys[at], *key) != 0);
    sarn__leaf_put(leaf, at, key);
    tree->count += 1;
    return SARN_OK;
}

/* While the root has a single child, that one will do. */
static void lower_root(struct sarn__tree *tree)
{
    while (tree->depth > 0 && ((struct sarn__inner *)tree->root)->count == 1) {
        struct sarn__inner *root = tree->root;

        tree->root = root->children[0];
        tree->depth -= 1;
        sarn__heap_free(&tree->heap, root);
    }
}

/* Free an empty leaf and every node above it that this leaves empty. */
static void
drop_leaf(struct sarn__tree *tree, struct sarn__leaf *leaf, const struct path *path)
{
    uint32_t level = tree->depth;

    if (leaf->previous != NULL) {
        leaf->previous->next = leaf->next;
    }
    if (leaf->next != NULL) {
        leaf->next->previous = leaf->previous;
    }
    sarn__heap_free(&tree->heap, leaf);
    while (level > 0) {
        struct sarn__inner *parent = path->nodes[level - 1];

        sarn__inner_drop(parent, path->slots[level - 1], &tree->heap);
        if (parent->count > 0) {
            lower_root(tree);
            return;
        }
        sarn__heap_free(&tree->heap, parent);
        level -= 1;
    }
    tree->root = NULL;
    tree->depth = 0;
}

void sarn__tree_remove(struct sarn__tree *tree, const struct sarn_str *key)
{
    struct path path;
    struct sarn__leaf *leaf = descend(tree, *key, &path);
    uint32_t at = sarn__leaf_lower_bound(leaf, *key);

    assert(at < leaf->count && leaf->keys[at] == key);
    sarn__leaf_take(leaf, at);
    tree->count -= 1;
    if (leaf->count == 0) {
        drop_leaf(tree, leaf, &path);
    }
}

/* --- walking --- */

struct sarn_str *sarn__tree_seek(const struct sarn__tree *tree,
                                 struct sarn_str from,
                                 struct sarn__tree_cursor *cursor)
{
    *cursor = (struct sarn__tree_cursor){NULL, 0};
    if (tree->root == NULL) {
        return NULL;
    }
    cursor->leaf = descend(tree, from, NULL);
    cursor->index = sarn__leaf_lower_bound(cursor->leaf, from);
    if (cursor->index == cursor->leaf->count) {
        cursor->leaf = cursor->leaf->next;
        cursor->index = 0;
    }
    return cursor->leaf == NULL ? NULL : cursor->leaf->keys[cursor->index];
}

/* The last leaf of all. */
static struct sarn__leaf *last_leaf(const struct sarn__tree *tree)
{
    void *node = tree->root;

    for (uint32_t level = 0; level < tree->depth; level++) {
        struct sarn__inner *inner = node;

        node = inner->children[inner->count - 1];
    }
    return node;
}

struct sarn_str *sarn__tree_seek_before(const struct sarn__tree *tree,
                                        struct sarn_str to,
                                        struct sarn__tree_cursor *cursor)
{
    *cursor = (struct sarn__tree_cursor){NULL, 0};
    if (tree->root == NULL) {
        return NULL;
    }
    if (to.size == 0) {
        cursor->leaf = last_leaf(tree);
        cursor->index = cursor->leaf->count;
    } else {
        cursor->leaf = descend(tree, to, NULL);
        cursor->index = sarn__leaf_lower_bound(cursor->leaf, to);
    }
    return sarn__tree_previous(cursor);
}

struct sarn_str *sarn__tree_next(struct sarn__tree_cursor *cursor)
{
    if (cursor->leaf == NULL) {
        return NULL;
    }
    cursor->index += 1;
    if (cursor->index >= cursor->leaf->count) {
        cursor->leaf = cursor->leaf->next;
        cursor->index = 0;
    }
    return cursor->leaf == NULL ? NULL : cursor->leaf->keys[cursor->index];
}

struct sarn_str *sarn__tree_previous(struct sarn__tree_cursor *cursor)
{
    if (cursor->leaf == NULL) {
        return NULL;
    }
    if (cursor->index == 0) {
        cursor->leaf = cursor->leaf->previous;
        cursor->index = cursor->leaf == NULL ? 0 : cursor->leaf->count;
    }
    if (cursor->leaf == NULL) {
        return NULL;
    }
    cursor->index -= 1;
    return cursor->leaf->keys[cursor->index];
}
