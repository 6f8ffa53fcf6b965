#include <string.h>

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
