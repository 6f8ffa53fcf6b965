#include "core/tree_node.h"

#include <assert.h>
#include <string.h>

#include "core/heap.h"

#define SLOTS SARN__NODE_SLOTS

int sarn__bytes_compare(struct sarn_str a, struct sarn_str b)
{
    uint32_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* --- prefixes and words --- */

/* Eight bytes of key from skip on, as a number that compares as they do. */
static uint64_t word_of(struct sarn_str key, uint32_t skip)
{
    const unsigned char *bytes = (const unsigned char *)key.data;
    uint64_t word = 0;

    if (key.size >= skip + 8) {
        bytes += skip;
        /* Spelled out, because compilers make one move of it. */
        return (uint64_t)bytes[0] << 56 | (uint64_t)bytes[1] << 48 |
               (uint64_t)bytes[2] << 40 | (uint64_t)bytes[3] << 32 |
               (uint64_t)bytes[4] << 24 | (uint64_t)bytes[5] << 16 |
               (uint64_t)bytes[6] << 8 | (uint64_t)bytes[7];
    }
    for (uint32_t i = skip; i < key.size; i++) {
        word |= (uint64_t)bytes[i] << (56 - 8 * (i - skip));
    }
    return word;
}

static uint32_t common_size(struct sarn_str a, struct sarn_str b)
{
    uint32_t limit = a.size < b.size ? a.size : b.size;
    uint32_t size = 0;

    while (size < limit && a.data[size] == b.data[size]) {
        size += 1;
    }
    return size;
}

static void set_prefix(struct sarn__prefix *prefix, struct sarn_str key, uint32_t size)
{
    prefix->size =
        size < sizeof(prefix->bytes) ? size : (uint32_t)sizeof(prefix->bytes);
    if (prefix->size > 0) {
        memcpy(prefix->bytes, key.data, prefix->size);
    }
}

/* Shorten prefix to what key shares of it; false: it shares it all. */
static bool shorten_prefix(struct sarn__prefix *prefix, struct sarn_str key)
{
    uint32_t shared = common_size((struct sarn_str){prefix->bytes, prefix->size}, key);
    bool shorter = shared < prefix->size;

    prefix->size = shared;
    return shorter;
}

/* Where key stands to what begins with prefix: before it all, behind it all, or (zero)
 * among it. */
static int side_of(struct sarn_str key, const struct sarn__prefix *prefix)
{
    uint32_t size = key.size < prefix->size ? key.size : prefix->size;
    int order = size == 0 ? 0 : memcmp(key.data, prefix->bytes, size);

    return order != 0 ? order : key.size < prefix->size ? -1 : 0;
}

/* Compare keys that share skip bytes and the word behind them. */
static int compare_rest(struct sarn_str a, struct sarn_str b, uint32_t skip)
{
    if (a.size == b.size && a.size <= skip + 8) {
        return 0;
    }
    return sarn__bytes_compare(a, b);
}

/* --- leaves --- */

static void leaf_words(struct sarn__leaf *leaf)
{
    for (uint32_t i = 0; i < leaf->count; i++) {
        leaf->words[i] = word_of(*leaf->keys[i], leaf->prefix.size);
    }
}

/* What the first and the last share, all between them do. */
static void tighten_leaf(struct sarn__leaf *leaf)
{
    const struct sarn_str *first = leaf->keys[0], *last = leaf->keys[leaf->count - 1];

    set_prefix(&leaf->prefix, *first, common_size(*first, *last));
    leaf_words(leaf);
}

uint32_t sarn__leaf_lower_bound(const struct sarn__leaf *leaf, struct sarn_str key)
{
    uint32_t low = 0, high = leaf->count, skip = leaf->prefix.size;
    int side = side_of(key, &leaf->prefix);
    uint64_t word;

    if (side != 0) {
        return side < 0 ? 0 : leaf->count;
    }
    word = word_of(key, skip);
    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (leaf->words[middle] < word ||
            (leaf->words[middle] == word &&
             compare_rest(*leaf->keys[middle], key, skip) < 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void sarn__leaf_put(struct sarn__leaf *leaf, uint32_t at, struct sarn_str *key)
{
    size_t moved = leaf->count - at;

    assert(leaf->count < SLOTS && at <= leaf->count);
    memmove(&leaf->words[at + 1], &leaf->words[at], moved * sizeof(leaf->words[0]));
    memmove(&leaf->keys[at + 1], &leaf->keys[at], moved * sizeof(leaf->keys[0]));
    leaf->keys[at] = key;
    leaf->count += 1;
    if (leaf->count == 1) {
        tighten_leaf(leaf);
    } else if (shorten_prefix(&leaf->prefix, *key)) {
        leaf_words(leaf);
    } else {
        leaf->words[at] = word_of(*key, leaf->prefix.size);
    }
}

void sarn__leaf_take(struct sarn__leaf *leaf, uint32_t at)
{
    size_t moved = leaf->count - at - 1;

    assert(at < leaf->count);
    memmove(&leaf->words[at], &leaf->words[at + 1], moved * sizeof(leaf->words[0]));
    memmove(&leaf->keys[at], &leaf->keys[at + 1], moved * sizeof(leaf->keys[0]));
    leaf->count -= 1;
}

/* --- inner nodes --- */

static void inner_words(struct sarn__inner *inner)
{
    for (uint32_t i = 1; i < inner->count; i++) {
        inner->words[i] = word_of(inner->keys[i], inner->prefix.size);
    }
}

static void tighten_inner(struct sarn__inner *inner)
{
    if (inner->count == 1) {
        inner->prefix.size = 0;
        return;
    }
    set_prefix(&inner->prefix, inner->keys[1],
               common_size(inner->keys[1], inner->keys[inner->count - 1]));
    inner_words(inner);
}

uint32_t sarn__inner_slot(const struct sarn__inner *inner, struct sarn_str key)
{
    uint32_t low = 1, high = inner->count, skip = inner->prefix.size;
    int side = side_of(key, &inner->prefix);
    uint64_t word;

    assert(inner->count > 0);
    if (side != 0) {
        return side < 0 ? 0 : inner->count - 1;
    }
    word = word_of(key, skip);
    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (inner->words[middle] < word ||
            (inner->words[middle] == word &&
             compare_rest(inner->keys[middle], key, skip) <= 0)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

static void clear_first_key(struct sarn__inner *inner)
{
    inner->words[0] = 0;
    inner->keys[0] = (struct sarn_str){NULL, 0};
}

void sarn__inner_init(struct sarn__inner *inner, void *child)
{
    inner->count = 1;
    inner->prefix.size = 0;
    inner->children[0] = child;
    clear_first_key(inner);
}

/* Put a child behind slot of parent, which has room; separator moves in. */
static void add_child(struct sarn__inner *parent,
                      uint32_t slot,
                      struct sarn_str separator,
                      void *child)
{
    uint32_t at = slot + 1;
    size_t moved = parent->count - at;

    assert(parent->count < SLOTS);
    memmove(&parent->words[at + 1], &parent->words[at],
            moved * sizeof(parent->words[0]));
    memmove(&parent->keys[at + 1], &parent->keys[at], moved * sizeof(parent->keys[0]));
    memmove(&parent->children[at + 1], &parent->children[at],
            moved * sizeof(parent->children[0]));
    parent->keys[at] = separator;
    parent->children[at] = child;
    parent->count += 1;
    if (parent->count == 2) {
        tighten_inner(parent);
    } else if (shorten_prefix(&parent->prefix, separator)) {
        inner_words(parent);
    } else {
        parent->words[at] = word_of(separator, parent->prefix.size);
    }
}

static void free_key(const struct sarn_heap *heap, struct sarn_str key)
{
    sarn__heap_free(heap, (void *)(uintptr_t)key.data);
}

void sarn__inner_drop(struct sarn__inner *inner,
                      uint32_t slot,
                      const struct sarn_heap *heap)
{
    size_t moved = inner->count - slot - 1;

    free_key(heap, inner->keys[slot]);
    memmove(&inner->words[slot], &inner->words[slot + 1],
            moved * sizeof(inner->words[0]));
    memmove(&inner->keys[slot], &inner->keys[slot + 1], moved * sizeof(inner->keys[0]));
    memmove(&inner->children[slot], &inner->children[slot + 1],
            moved * sizeof(inner->children[0]));
    inner->count -= 1;
    if (slot == 0 && inner->count > 0) {
        free_key(heap, inner->keys[0]);
        clear_first_key(inner);
    }
}

void sarn__inner_free_keys(struct sarn__inner *inner, const struct sarn_heap *heap)
{
    for (uint32_t i = 0; i < inner->count; i++) {
        free_key(heap, inner->keys[i]);
    }
}

/* --- splits --- */

/* A copy of as much of right as tells it from left, which is less. */
static sarn_status make_separator(const struct sarn_heap *heap,
                                  struct sarn_str left,
                                  struct sarn_str right,
                                  struct sarn_str *separator)
{
    /* right is greater, so it has one more byte, or a greater one. */
    uint32_t size = common_size(left, right) + 1;
    char *copy;

    assert(size <= right.size);
    copy = sarn__heap_resize(heap, NULL, size);
    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(copy, right.data, size);
    *separator = (struct sarn_str){copy, size};
    return SARN_OK;
}

sarn_status sarn__inner_split_leaf(struct sarn__inner *parent,
                                   uint32_t slot,
                                   struct sarn_str key,
                                   const struct sarn_heap *heap)
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
    right = sarn__heap_resize(heap, NULL, sizeof(*right));
    if (right == NULL) {
        return SARN_ERR_NOMEM;
    }
    if (make_separator(heap, *left->keys[kept - 1], *left->keys[kept], &separator)) {
        sarn__heap_free(heap, right);
        return SARN_ERR_NOMEM;
    }
    right->count = left->count - kept;
    memcpy(right->keys, &left->keys[kept], right->count * sizeof(left->keys[0]));
    left->count = kept;
    tighten_leaf(left);
    tighten_leaf(right);
    right->previous = left;
    right->next = left->next;
    left->next = right;
    if (right->next != NULL) {
        right->next->previous = right;
    }
    add_child(parent, slot, separator, right);
    return SARN_OK;
}

sarn_status sarn__inner_split_inner(struct sarn__inner *parent,
                                    uint32_t slot,
                                    const struct sarn_heap *heap)
{
    struct sarn__inner *left = parent->children[slot];
    struct sarn__inner *right = sarn__heap_resize(heap, NULL, sizeof(*right));
    struct sarn_str separator = left->keys[SLOTS / 2];

    assert(left->count == SLOTS);
    if (right == NULL) {
        return SARN_ERR_NOMEM;
    }
    right->count = SLOTS - SLOTS / 2;
    memcpy(right->keys, &left->keys[SLOTS / 2], right->count * sizeof(left->keys[0]));
    memcpy(right->children, &left->children[SLOTS / 2],
           right->count * sizeof(left->children[0]));
    left->count = SLOTS / 2;
    clear_first_key(right); /* It has moved up. */
    tighten_inner(left);
    tighten_inner(right);
    add_child(parent, slot, separator, right);
    return SARN_OK;
}
