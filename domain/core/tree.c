#include "core/tree.h"

#include <assert.h>
#include <string.h>

#include "core/heap.h"

#define SLOTS     64u
#define DEPTH_MAX 32u

struct sarn__leaf {
    struct sarn__leaf *previous, *next;
    uint32_t count;
    uint64_t words[SLOTS];
    struct sarn_str *keys[SLOTS];
};

/* Child i holds the keys from keys[i] up to keys[i + 1]; keys[0] is empty and stands
 * for the least. The separators are copies, since what they were taken from may go. */
struct inner {
    uint32_t count;
    uint64_t words[SLOTS];
    struct sarn_str keys[SLOTS];
    void *children[SLOTS];
};

/* The way from the root to a leaf. */
struct path {
    struct inner *nodes[DEPTH_MAX];
    uint32_t slots[DEPTH_MAX];
};

int sarn__bytes_compare(struct sarn_str a, struct sarn_str b)
{
    uint32_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The first eight bytes as a number that compares as they do. */
static uint64_t word_of(struct sarn_str key)
{
    const unsigned char *bytes = (const unsigned char *)key.data;
    uint64_t word = 0;

    if (key.size >= 8) {
        /* Spelled out, because compilers make one move of it. */
        return (uint64_t)bytes[0] << 56 | (uint64_t)bytes[1] << 48 |
               (uint64_t)bytes[2] << 40 | (uint64_t)bytes[3] << 32 |
               (uint64_t)bytes[4] << 24 | (uint64_t)bytes[5] << 16 |
               (uint64_t)bytes[6] << 8 | (uint64_t)bytes[7];
    }
    for (uint32_t i = 0; i < key.size; i++) {
        word |= (uint64_t)bytes[i] << (56 - 8 * i);
    }
    return word;
}

static int
compare(uint64_t a_word, struct sarn_str a, uint64_t b_word, struct sarn_str b)
{
    if (a_word != b_word) {
        return a_word < b_word ? -1 : 1;
    }
    if (a.size == 8 && b.size == 8) {
        return 0;
    }
    return sarn__bytes_compare(a, b);
}

/* Slots of leaf whose keys are less than key. */
static uint32_t
lower_bound(const struct sarn__leaf *leaf, uint64_t word, struct sarn_str key)
{
    uint32_t low = 0, high = leaf->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (compare(leaf->words[middle], *leaf->keys[middle], word, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The child that key belongs to. */
static uint32_t
child_slot(const struct inner *inner, uint64_t word, struct sarn_str key)
{
    uint32_t low = 1, high = inner->count;

    assert(inner->count > 0);
    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (compare(inner->words[middle], inner->keys[middle], word, key) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* The leaf that key belongs to; path (may be NULL) is how to get there. */
static struct sarn__leaf *descend(const struct sarn__tree *tree,
                                  uint64_t word,
                                  struct sarn_str key,
                                  struct path *path)
{
    void *node = tree->root;

    for (uint32_t level = 0; level < tree->depth; level++) {
        struct inner *inner = node;
        uint32_t slot = child_slot(inner, word, key);

        if (path != NULL) {
            path->nodes[level] = inner;
            path->slots[level] = slot;
        }
        node = inner->children[slot];
    }
    return node;
}

void sarn__tree_init(struct sarn__tree *tree, const struct sarn_heap *heap)
{
    *tree = (struct sarn__tree){.heap = *heap};
}

static void free_node(struct sarn__tree *tree, void *node, uint32_t depth)
{
    if (depth > 0) {
        struct inner *inner = node;

        for (uint32_t i = 0; i < inner->count; i++) {
            sarn__heap_free(&tree->heap, (void *)(uintptr_t)inner->keys[i].data);
            free_node(tree, inner->children[i], depth - 1);
        }
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

/* Put a child behind slot of parent, which has room; separator moves in. */
static void
add_child(struct inner *parent, uint32_t slot, struct sarn_str separator, void *child)
{
    uint32_t at = slot + 1;
    size_t moved = parent->count - at;

    assert(parent->count < SLOTS);
    memmove(&parent->words[at + 1], &parent->words[at],
            moved * sizeof(parent->words[0]));
    memmove(&parent->keys[at + 1], &parent->keys[at], moved * sizeof(parent->keys[0]));
    memmove(&parent->children[at + 1], &parent->children[at],
            moved * sizeof(parent->children[0]));
    parent->words[at] = word_of(separator);
    parent->keys[at] = separator;
    parent->children[at] = child;
    parent->count += 1;
}

/* A copy of as much of right as tells it from left, which is less. */
static sarn_status make_separator(struct sarn__tree *tree,
                                  struct sarn_str left,
                                  struct sarn_str right,
                                  struct sarn_str *separator)
{
    uint32_t size = 0;
    char *copy;

    while (size < left.size && left.data[size] == right.data[size]) {
        size += 1;
    }
    size += 1; /* right is greater, so it has one more byte, or a greater one. */
    assert(size <= right.size);
    copy = sarn__heap_resize(&tree->heap, NULL, size);
    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(copy, right.data, size);
    *separator = (struct sarn_str){copy, size};
    return SARN_OK;
}

/* Split the full leaf under slot of parent, to make room for key. */
static sarn_status split_leaf(struct sarn__tree *tree,
                              struct inner *parent,
                              uint32_t slot,
                              struct sarn_str key)
{
    struct sarn__leaf *left = parent->children[slot];
    struct sarn__leaf *right;
    struct sarn_str separator;
    uint32_t kept = SLOTS / 2;

    assert(left->count == SLOTS);
    /* At the end of the tree keys tend to come in order: leave full leaves behind. */
    if (left->next == NULL && sarn__bytes_compare(key, *left->keys[SLOTS - 1]) > 0) {
        kept = SLOTS - 1;
    }
    right = sarn__heap_resize(&tree->heap, NULL, sizeof(*right));
    if (right == NULL) {
        return SARN_ERR_NOMEM;
    }
    if (make_separator(tree, *left->keys[kept - 1], *left->keys[kept], &separator)) {
        sarn__heap_free(&tree->heap, right);
        return SARN_ERR_NOMEM;
    }
    right->count = left->count - kept;
    memcpy(right->words, &left->words[kept], right->count * sizeof(left->words[0]));
    memcpy(right->keys, &left->keys[kept], right->count * sizeof(left->keys[0]));
    left->count = kept;
    right->previous = left;
    right->next = left->next;
    left->next = right;
    if (right->next != NULL) {
        right->next->previous = right;
    }
    add_child(parent, slot, separator, right);
    return SARN_OK;
}

/* Split the full inner node under slot of parent. */
static sarn_status
split_inner(struct sarn__tree *tree, struct inner *parent, uint32_t slot)
{
    struct inner *left = parent->children[slot];
    struct inner *right = sarn__heap_resize(&tree->heap, NULL, sizeof(*right));
    struct sarn_str separator = left->keys[SLOTS / 2];

    assert(left->count == SLOTS);
    if (right == NULL) {
        return SARN_ERR_NOMEM;
    }
    right->count = SLOTS - SLOTS / 2;
    memcpy(right->words, &left->words[SLOTS / 2],
           right->count * sizeof(left->words[0]));
    memcpy(right->keys, &left->keys[SLOTS / 2], right->count * sizeof(left->keys[0]));
    memcpy(right->children, &left->children[SLOTS / 2],
           right->count * sizeof(left->children[0]));
    left->count = SLOTS / 2;
    right->words[0] = 0;
    right->keys[0] = (struct sarn_str){NULL, 0};
    add_child(parent, slot, separator, right);
    return SARN_OK;
}

static bool full(const void *node, uint32_t depth)
{
    return depth == 0 ? ((const struct sarn__leaf *)node)->count == SLOTS
                      : ((const struct inner *)node)->count == SLOTS;
}

/* Put a root above the root, so that it can be split. */
static sarn_status raise_root(struct sarn__tree *tree)
{
    struct inner *root = sarn__heap_resize(&tree->heap, NULL, sizeof(*root));

    if (root == NULL) {
        return SARN_ERR_NOMEM;
    }
    assert(tree->depth < DEPTH_MAX);
    root->count = 1;
    root->words[0] = 0;
    root->keys[0] = (struct sarn_str){NULL, 0};
    root->children[0] = tree->root;
    tree->root = root;
    tree->depth += 1;
    return SARN_OK;
}

/* Find the leaf for key, splitting what is full on the way down: each split leaves a
 * sound tree, so running out of memory half-way does no harm. */
static sarn_status make_room(struct sarn__tree *tree,
                             uint64_t word,
                             struct sarn_str key,
                             struct sarn__leaf **leaf)
{
    void *node;

    if (full(tree->root, tree->depth) && raise_root(tree)) {
        return SARN_ERR_NOMEM;
    }
    node = tree->root;
    for (uint32_t depth = tree->depth; depth > 0; depth--) {
        struct inner *inner = node;
        uint32_t slot = child_slot(inner, word, key);

        if (full(inner->children[slot], depth - 1)) {
            sarn_status status = depth == 1 ? split_leaf(tree, inner, slot, key)
                                            : split_inner(tree, inner, slot);

            if (status != SARN_OK) {
                return status;
            }
            slot = child_slot(inner, word, key);
        }
        node = inner->children[slot];
    }
    *leaf = node;
    return SARN_OK;
}

sarn_status sarn__tree_insert(struct sarn__tree *tree, struct sarn_str *key)
{
    uint64_t word = word_of(*key);
    struct sarn__leaf *leaf;
    uint32_t at;

    if (tree->root == NULL) {
        tree->root = sarn__heap_alloc(&tree->heap, sizeof(*leaf));
        if (tree->root == NULL) {
            return SARN_ERR_NOMEM;
        }
    }
    if (make_room(tree, word, *key, &leaf)) {
        return SARN_ERR_NOMEM;
    }
    at = lower_bound(leaf, word, *key);
    assert(leaf->count < SLOTS);
    assert(at == leaf->count || sarn__bytes_compare(*leaf->keys[at], *key) != 0);
    memmove(&leaf->words[at + 1], &leaf->words[at],
            (leaf->count - at) * sizeof(leaf->words[0]));
    memmove(&leaf->keys[at + 1], &leaf->keys[at],
            (leaf->count - at) * sizeof(leaf->keys[0]));
    leaf->words[at] = word;
    leaf->keys[at] = key;
    leaf->count += 1;
    tree->count += 1;
    return SARN_OK;
}

/* Take the child under slot out of inner; the next one takes over its range. */
static void drop_child(struct sarn__tree *tree, struct inner *inner, uint32_t slot)
{
    size_t moved = inner->count - slot - 1;

    sarn__heap_free(&tree->heap, (void *)(uintptr_t)inner->keys[slot].data);
    memmove(&inner->words[slot], &inner->words[slot + 1],
            moved * sizeof(inner->words[0]));
    memmove(&inner->keys[slot], &inner->keys[slot + 1], moved * sizeof(inner->keys[0]));
    memmove(&inner->children[slot], &inner->children[slot + 1],
            moved * sizeof(inner->children[0]));
    inner->count -= 1;
    if (slot == 0 && inner->count > 0) {
        sarn__heap_free(&tree->heap, (void *)(uintptr_t)inner->keys[0].data);
        inner->words[0] = 0;
        inner->keys[0] = (struct sarn_str){NULL, 0};
    }
}

/* Free an empty leaf and every node above it that this leaves empty. */
static void
drop_leaf(struct sarn__tree *tree, struct sarn__leaf *leaf, struct path *path)
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
        level -= 1;
        drop_child(tree, path->nodes[level], path->slots[level]);
        if (path->nodes[level]->count > 0) {
            break;
        }
        sarn__heap_free(&tree->heap, path->nodes[level]);
        if (level == 0) {
            tree->root = NULL;
            tree->depth = 0;
            return;
        }
    }
    if (tree->depth == 0) {
        tree->root = NULL;
    }
    while (tree->depth > 0 && ((struct inner *)tree->root)->count == 1) {
        void *root = tree->root;

        tree->root = ((struct inner *)root)->children[0];
        tree->depth -= 1;
        sarn__heap_free(&tree->heap, root);
    }
}

void sarn__tree_remove(struct sarn__tree *tree, const struct sarn_str *key)
{
    uint64_t word = word_of(*key);
    struct path path;
    struct sarn__leaf *leaf = descend(tree, word, *key, &path);
    uint32_t at = lower_bound(leaf, word, *key);

    assert(at < leaf->count && leaf->keys[at] == key);
    leaf->count -= 1;
    memmove(&leaf->words[at], &leaf->words[at + 1],
            (leaf->count - at) * sizeof(leaf->words[0]));
    memmove(&leaf->keys[at], &leaf->keys[at + 1],
            (leaf->count - at) * sizeof(leaf->keys[0]));
    tree->count -= 1;
    if (leaf->count == 0) {
        drop_leaf(tree, leaf, &path);
    }
}

struct sarn_str *sarn__tree_seek(const struct sarn__tree *tree,
                                 struct sarn_str from,
                                 struct sarn__tree_cursor *cursor)
{
    uint64_t word = word_of(from);

    *cursor = (struct sarn__tree_cursor){NULL, 0};
    if (tree->root == NULL) {
        return NULL;
    }
    cursor->leaf = descend(tree, word, from, NULL);
    cursor->index = lower_bound(cursor->leaf, word, from);
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
        struct inner *inner = node;

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
        uint64_t word = word_of(to);

        cursor->leaf = descend(tree, word, to, NULL);
        cursor->index = lower_bound(cursor->leaf, word, to);
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
