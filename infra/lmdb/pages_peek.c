#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/lmdb/format.h"
#include "infra/lmdb/pages.h"

/* Read page number into page, and hold it against itself. */
static bool
peek(const struct sarn__pages *pages, uint64_t number, uint16_t flags, uint8_t *page)
{
    return sarn__pages_read(pages, number, page, pages->page_bytes) &&
           sarn__page_check(page, pages->page_bytes, number) == NULL &&
           sarn__page_flags(page) == flags;
}

bool sarn__pages_last(const struct sarn__pages *pages,
                      const struct sarn__tree *tree,
                      uint8_t *page,
                      uint64_t *key,
                      struct sarn__node *last)
{
    uint64_t number = tree->root;

    for (uint32_t level = 1; level <= tree->depth && level < SARN__DEPTH_MAX; level++) {
        bool leaf = level == tree->depth;

        if (!peek(pages, number, leaf ? SARN__PAGE_LEAF : SARN__PAGE_BRANCH, page)) {
            return false;
        }
        *last = sarn__page_node(page, sarn__page_nodes(page) - 1);
        number = last->child;
        if (leaf && last->key.size == sizeof(*key)) {
            memcpy(key, last->key.data, sizeof(*key));
            return true;
        }
    }
    return false;
}

bool sarn__pages_find_tree(const struct sarn__pages *pages,
                           const struct sarn__page_meta *meta,
                           const char *name,
                           uint8_t *page,
                           struct sarn__tree *tree)
{
    if (meta->main.depth != 1 || !peek(pages, meta->main.root, SARN__PAGE_LEAF, page)) {
        return false;
    }
    for (uint32_t i = 0; i < sarn__page_nodes(page); i++) {
        struct sarn__node node = sarn__page_node(page, i);

        if (sarn_str_equal(node.key, sarn_str(name)) && node.flags == SARN__NODE_TREE &&
            node.value_bytes == SARN__TREE_BYTES) {
            *tree = sarn__tree_get(node.value);
            return true;
        }
    }
    return false;
}

/* --- both ends of each tree --- */

/* Is the way from the root to the first or last leaf sound? *bad: a page that is not.
 */
static bool is_way_sound(const struct sarn__pages *pages,
                         const struct sarn__tree *tree,
                         bool to_last,
                         uint8_t *page,
                         uint64_t *bad)
{
    uint64_t number = tree->root;

    for (uint32_t level = 1; level <= tree->depth && level < SARN__DEPTH_MAX; level++) {
        *bad = number;
        if (!peek(pages, number,
                  level == tree->depth ? SARN__PAGE_LEAF : SARN__PAGE_BRANCH, page)) {
            return false;
        }
        number = sarn__page_node(page, to_last ? sarn__page_nodes(page) - 1 : 0).child;
    }
    return true;
}

static bool
are_ends_sound(const struct sarn__pages *pages, uint8_t *page, uint64_t *bad)
{
    static const char *const names[] = {SARN__DB_META, SARN__DB_EVENTS, SARN__DB_ROWS};
    const struct sarn__page_meta *meta = &pages->metas[pages->newest];
    struct sarn__tree trees[2 + 3] = {meta->free, meta->main};
    uint32_t count = 2;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        /* What is not there, or cannot be seen, is a matter of the list itself. */
        count +=
            sarn__pages_find_tree(pages, meta, names[i], page, &trees[count]) ? 1 : 0;
    }
    for (uint32_t i = 0; i < 2 * count; i++) {
        if (trees[i / 2].root != SARN__PAGE_NONE &&
            !is_way_sound(pages, &trees[i / 2], i % 2 != 0, page, bad)) {
            return false;
        }
    }
    return true;
}

sarn_status sarn__pages_check_ends(const struct sarn__pages *pages,
                                   const char *path,
                                   const struct sarn_heap *heap,
                                   struct sarn_error *error)
{
    uint8_t *page = sarn__heap_alloc(heap, pages->page_bytes);
    struct sarn__pages now;
    uint64_t bad = 0;
    bool sound;

    if (page == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for looking at \"%s\"",
                          path);
    }
    sound = are_ends_sound(pages, page, &bad);
    sarn__heap_free(heap, page);
    /* An owner at work writes to pages that nobody needs any more: were these? */
    if (sound || sarn__pages_open(pages->fd, path, &now, NULL) != SARN_OK ||
        now.metas[now.newest].txn_id != pages->metas[pages->newest].txn_id) {
        return SARN_OK;
    }
    return sarn__fail(error, SARN_ERR_CORRUPT,
                      "page %llu of \"%s\" is damaged: see how much with \"sarn "
                      "verify\", or restore a backup",
                      (unsigned long long)bad, path);
}
