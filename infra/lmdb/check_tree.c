#include "infra/lmdb/check_walk.h"

#include <string.h>

#include "core/heap.h"

/* --- keys --- */

static int compare(const struct sarn__walk *walk, struct sarn_str a, struct sarn_str b)
{
    uint32_t both = a.size < b.size ? a.size : b.size;
    int order;

    if (walk->integer_keys) {
        uint64_t x, y;

        memcpy(&x, a.data, sizeof(x)); /* Their sizes were checked. */
        memcpy(&y, b.data, sizeof(y));
        return (x > y) - (x < y);
    }
    order = both == 0 ? 0 : memcmp(a.data, b.data, both);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* The keys that enclose a page: from the entry that leads to it to the next one. */
struct bounds {
    struct sarn_str low, high; /* data NULL: open. */
};

/* Is key one of walk's, between bounds and after previous? */
static const char *check_key(const struct sarn__walk *walk,
                             const struct bounds *bounds,
                             struct sarn_str previous,
                             struct sarn_str key)
{
    if (key.size == 0 || (walk->integer_keys && key.size != 8)) {
        return "a key has the wrong size";
    }
    if (previous.data != NULL && compare(walk, previous, key) >= 0) {
        return "its keys are out of order";
    }
    if ((bounds->low.data != NULL && compare(walk, key, bounds->low) < 0) ||
        (bounds->high.data != NULL && compare(walk, key, bounds->high) >= 0)) {
        return "a key does not belong there";
    }
    return NULL;
}

/* A page of walk is damaged; of records, say near which position. */
static void find_page(struct sarn__walk *walk,
                      uint64_t number,
                      const struct bounds *bounds,
                      const char *what)
{
    uint64_t position = 0;

    if (walk->kind != SARN__WALK_EVENTS) {
        sarn__check_find(walk->check, "page %llu (%s) is damaged: %s",
                         (unsigned long long)number, walk->name, what);
        return;
    }
    if (bounds->low.data != NULL) {
        memcpy(&position, bounds->low.data, sizeof(position));
        position = SARN__KEY_POSITION(position);
    }
    sarn__check_find(walk->check, "page %llu (%s from position %llu on) is damaged: %s",
                     (unsigned long long)number, walk->name,
                     (unsigned long long)(position == 0 ? 1 : position), what);
}

/* --- trees --- */

/* Behind an entry of an odd size there is a byte of padding. */
static void note_padding(const struct sarn__walk *walk,
                         uint64_t number,
                         const uint8_t *page,
                         const struct sarn__node *node,
                         bool leaf)
{
    uint64_t begin = (uint64_t)(node->key.data - (const char *)page) - SARN__NODE_HEAD;
    uint64_t bytes = SARN__NODE_HEAD + node->key.size;

    if (leaf) {
        bytes += (node->flags & SARN__NODE_BIG) != 0 ? 8 : node->value_bytes;
    }
    sarn__check_idle(walk->check, number, begin + bytes, bytes % 2);
}

/* Does nobody read what page holds between its entries? */
static void
note_gaps(const struct sarn__walk *walk, uint64_t number, const uint8_t *page)
{
    uint32_t from, to;

    sarn__page_gap(page, &from, &to);
    sarn__check_idle(walk->check, number, 8, 2); /* padding of its head */
    sarn__check_idle(walk->check, number, from, to - from);
}

/* A page of this level, read and found sound in itself; NULL: it was not. */
static const uint8_t *get_page(struct sarn__walk *walk,
                               uint64_t number,
                               uint32_t level,
                               const struct bounds *bounds)
{
    struct sarn__check *check = walk->check;
    uint32_t bytes = check->pages->page_bytes;
    bool leaf = level == walk->told.depth;
    const char *wrong;
    uint8_t *page;

    if (check->levels[level] == NULL) {
        check->levels[level] = sarn__heap_alloc(&check->heap, bytes);
    }
    page = check->levels[level];
    if (page == NULL) {
        check->out_of_memory = true;
        return NULL;
    }
    if (!sarn__check_claim(check, number, 1, walk->name)) {
        return NULL;
    }
    if (!sarn__pages_read(check->pages, number, page, bytes)) {
        find_page(walk, number, bounds, "it cannot be read");
        return NULL;
    }
    wrong = sarn__page_check(page, bytes, number);
    if (wrong == NULL &&
        sarn__page_flags(page) != (leaf ? SARN__PAGE_LEAF : SARN__PAGE_BRANCH)) {
        wrong = "it is at the wrong depth";
    }
    if (wrong != NULL) {
        find_page(walk, number, bounds, wrong);
        return NULL;
    }
    note_gaps(walk, number, page);
    return page;
}

static void check_leaf(struct sarn__walk *walk,
                       uint64_t number,
                       const uint8_t *page,
                       const struct bounds *bounds)
{
    struct sarn_str previous = {NULL, 0};

    walk->counted.leaf_pages += 1;
    walk->number = number;
    walk->page = page;
    for (uint32_t i = 0;
         i < sarn__page_nodes(page) && !sarn__check_is_over(walk->check); i++) {
        struct sarn__node node = sarn__page_node(page, i);
        const char *wrong = check_key(walk, bounds, previous, node.key);

        if (wrong == NULL && i == 0 && walk->kind == SARN__WALK_EVENTS &&
            bounds->low.data != NULL && compare(walk, node.key, bounds->low) != 0) {
            wrong = "its first entries are missing"; /* None is ever removed there. */
        }
        if (wrong != NULL) {
            find_page(walk, number, bounds, wrong);
            return;
        }
        note_padding(walk, number, page, &node, true);
        sarn__check_entry(walk, &node);
        previous = node.key;
    }
}

static void check_page(struct sarn__walk *walk,
                       uint64_t number,
                       uint32_t level,
                       const struct bounds *bounds);

/* The first key of a branch is not looked at by LMDB: it stands for all that is lower.
 */
static void check_branch(struct sarn__walk *walk,
                         uint64_t number,
                         uint32_t level,
                         const uint8_t *page,
                         const struct bounds *bounds)
{
    uint32_t nodes = sarn__page_nodes(page);
    struct sarn_str previous = {NULL, 0};

    walk->counted.branch_pages += 1;
    if (nodes < 2 && walk->kind != SARN__WALK_FREE) { /* There LMDB lets it stand. */
        find_page(walk, number, bounds, "it is a branch to one page only");
        return;
    }
    for (uint32_t i = 1; i < nodes; i++) { /* All keys first: they bound the pages. */
        struct sarn_str key = sarn__page_node(page, i).key;
        const char *wrong = check_key(walk, bounds, previous, key);

        if (wrong != NULL) {
            find_page(walk, number, bounds, wrong);
            return;
        }
        previous = key;
    }
    for (uint32_t i = 0; i < nodes && !sarn__check_is_over(walk->check); i++) {
        struct sarn__node node = sarn__page_node(page, i);
        bool any_key = i == 0 || walk->kind != SARN__WALK_EVENTS;
        struct bounds below = {i == 0 ? bounds->low : node.key,
                               i + 1 == nodes ? bounds->high
                                              : sarn__page_node(page, i + 1).key};

        note_padding(walk, number, page, &node, false);
        sarn__check_idle(walk->check, number,
                         (uint64_t)(node.key.data - (const char *)page),
                         any_key ? node.key.size : 0);
        check_page(walk, node.child, level + 1, &below);
    }
}

static void check_page(struct sarn__walk *walk,
                       uint64_t number,
                       uint32_t level,
                       const struct bounds *bounds)
{
    const uint8_t *page = get_page(walk, number, level, bounds);

    if (page == NULL) {
        return;
    }
    if (level == walk->told.depth) {
        check_leaf(walk, number, page, bounds);
    } else {
        check_branch(walk, number, level, page, bounds);
    }
}

void sarn__check_tree(struct sarn__walk *walk)
{
    const struct sarn__tree *told = &walk->told, *counted = &walk->counted;
    uint32_t before = walk->check->findings;
    struct bounds open = {{NULL, 0}, {NULL, 0}};

    if (told->root == SARN__PAGE_NONE
            ? told->depth != 0
            : told->depth == 0 || told->depth >= SARN__DEPTH_MAX) {
        sarn__check_find(walk->check, "the database \"%s\" has an impossible depth",
                         walk->name);
        return;
    }
    if (told->root != SARN__PAGE_NONE) {
        check_page(walk, told->root, 1, &open);
    }
    if (walk->check->findings == before && !sarn__check_is_over(walk->check) &&
        (told->entries != counted->entries || told->leaf_pages != counted->leaf_pages ||
         told->branch_pages != counted->branch_pages ||
         told->overflow_pages != counted->overflow_pages)) {
        sarn__check_find(
            walk->check,
            "the database \"%s\" says it has %llu entries and has %llu, or other pages",
            walk->name, (unsigned long long)told->entries,
            (unsigned long long)counted->entries);
    }
}
