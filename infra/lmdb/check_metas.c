#include <string.h>

#include "infra/lmdb/check_walk.h"

/* How many entries the tree of that name has in the main tree of meta; false: not to be
 * seen there. */
static bool entries_of(const struct sarn__check *check,
                       const struct sarn__page_meta *meta,
                       const char *name,
                       uint64_t *entries)
{
    uint8_t *page = check->levels[1]; /* Walking is over. */

    if (meta->main.depth != 1 || page == NULL ||
        !sarn__pages_read(check->pages, meta->main.root, page,
                          check->pages->page_bytes) ||
        sarn__page_check(page, check->pages->page_bytes, meta->main.root) != NULL ||
        sarn__page_flags(page) != SARN__PAGE_LEAF) {
        return false;
    }
    for (uint32_t i = 0; i < sarn__page_nodes(page); i++) {
        struct sarn__node node = sarn__page_node(page, i);

        if (sarn_str_equal(node.key, sarn_str(name)) && node.flags == SARN__NODE_TREE &&
            node.value_bytes == SARN__TREE_BYTES) {
            *entries = sarn__tree_get(node.value).entries;
            return true;
        }
    }
    return false;
}

/* The snapshot before the newest is whole as long as that is the newest. A log only
 * grows, so if it has more events, it is the newer one, and one of the two transaction
 * numbers is damaged. */
static void compare_events(struct sarn__check *check)
{
    const struct sarn__page_meta *older =
        &check->pages->metas[1 - check->pages->newest];
    uint64_t before = 0, now = 0;

    if (older->txn_id < check->meta->txn_id && /* Else an owner went on meanwhile. */
        entries_of(check, older, SARN__DB_EVENTS, &before) &&
        entries_of(check, check->meta, SARN__DB_EVENTS, &now) && before > now) {
        sarn__check_find(
            check,
            "the meta page that does not count has %llu events and commits more than "
            "the one that does: a commit was in doubt and is lost, or a meta page is "
            "damaged and the last commit is missing",
            (unsigned long long)(before - now));
    }
}

/* The key of the last list of free pages in the snapshot of meta; false: it cannot be
 * seen. */
static bool last_freed(const struct sarn__check *check,
                       const struct sarn__page_meta *meta,
                       uint64_t *key)
{
    uint8_t *page = check->levels[1]; /* Walking is over. */
    uint64_t number = meta->free.root;

    for (uint32_t level = 1; level <= meta->free.depth && level < SARN__DEPTH_MAX;
         level++) {
        bool leaf = level == meta->free.depth;
        struct sarn__node last;

        if (!sarn__pages_read(check->pages, number, page, check->pages->page_bytes) ||
            sarn__page_check(page, check->pages->page_bytes, number) != NULL ||
            sarn__page_flags(page) != (leaf ? SARN__PAGE_LEAF : SARN__PAGE_BRANCH)) {
            return false;
        }
        last = sarn__page_node(page, sarn__page_nodes(page) - 1);
        number = last.child;
        if (leaf && last.key.size == sizeof(*key)) {
            memcpy(key, last.key.data, sizeof(*key));
            return true;
        }
    }
    return false;
}

/* Every transaction but the first frees pages, if only those of the roots that it
 * replaced, and notes them under its number: which tells whether a meta's number is the
 * one that its trees were written with. */
static void compare_numbers(struct sarn__check *check, uint64_t freed)
{
    const struct sarn__page_meta *older =
        &check->pages->metas[1 - check->pages->newest];
    uint64_t before = 0;

    if (check->meta->txn_id > 1 && freed != check->meta->txn_id) {
        sarn__check_find(check,
                         "the meta page that counts says it is of transaction %llu and "
                         "its free pages say %llu: it is damaged, or the last commit "
                         "is missing",
                         (unsigned long long)check->meta->txn_id,
                         (unsigned long long)freed);
    } else if (older->txn_id > 1 && older->txn_id < check->meta->txn_id &&
               (!last_freed(check, older, &before) || before != older->txn_id)) {
        sarn__check_find(
            check,
            "the meta page that does not count says it is of transaction %llu and its "
            "free pages do not say so: a commit was in doubt and is lost, or a meta "
            "page is damaged and the last commit is missing",
            (unsigned long long)older->txn_id);
    }
}

void sarn__check_metas(struct sarn__check *check, uint64_t freed)
{
    compare_events(check);
    if (check->findings == 0) {
        compare_numbers(check, freed);
    }
}
