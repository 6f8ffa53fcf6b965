#include "infra/lmdb/check_walk.h"

#include <string.h>

/* Every transaction but the first frees pages, if only those of the roots that it
 * replaced, and notes them under its number: which tells whether a meta's number is the
 * one that its trees were written with.
 *
 * The older snapshot is whole as long as the newer is the newest; so if it is of the
 * transaction after that, one of the two numbers is damaged. It may also be anything
 * else: who is killed while he writes a meta leaves that to the page cache; the next
 * transaction is written on top of it, over pages of the snapshot before the last; and
 * a power cut may keep its pages and lose both metas. That is no damage. */
static bool older_is_newer(const struct sarn__check *check,
                           const struct sarn__page_meta *older)
{
    uint64_t freed = 0, count = 0;
    struct sarn__node last;

    if (older->txn_id >= check->meta->txn_id || /* Then an owner went on meanwhile. */
        !sarn__pages_last(check->pages, &older->free, check->levels[1], &freed,
                          &last) ||
        freed != check->meta->txn_id + 1 || last.value_bytes < sizeof(count)) {
        return false;
    }
    memcpy(&count, last.value, sizeof(count));
    return (last.flags & SARN__NODE_BIG) != 0 ||
           (last.value_bytes % 8 == 0 && count != 0 && count < last.value_bytes / 8);
}

/* A log only grows: say so if that shows what is missing. */
static void tell_of_older(struct sarn__check *check,
                          const struct sarn__page_meta *older)
{
    uint8_t *page = check->levels[1]; /* Walking is over. */
    struct sarn__tree before, now;

    if (sarn__pages_find_tree(check->pages, older, SARN__DB_EVENTS, page, &before) &&
        sarn__pages_find_tree(check->pages, check->meta, SARN__DB_EVENTS, page, &now) &&
        before.entries > now.entries) {
        sarn__check_find(
            check,
            "the meta page that does not count has %llu events and commits more than "
            "the one that does: a commit was in doubt and is lost, or a meta page is "
            "damaged and the last commit is missing",
            (unsigned long long)(before.entries - now.entries));
        return;
    }
    sarn__check_find(
        check,
        "the meta page that does not count says it is of transaction %llu and its free "
        "pages say %llu: a commit was in doubt and is lost, or a meta page is damaged "
        "and the last commit is missing",
        (unsigned long long)older->txn_id, (unsigned long long)check->meta->txn_id + 1);
}

void sarn__check_metas(struct sarn__check *check, uint64_t freed)
{
    const struct sarn__page_meta *older =
        &check->pages->metas[1 - check->pages->newest];

    if (check->meta->txn_id > 1 && freed != check->meta->txn_id) {
        sarn__check_find(check,
                         "the meta page that counts says it is of transaction %llu and "
                         "its free pages say %llu: it is damaged, or the last commit "
                         "is missing",
                         (unsigned long long)check->meta->txn_id,
                         (unsigned long long)freed);
    } else if (check->levels[1] != NULL && older_is_newer(check, older)) {
        tell_of_older(check, older);
    }
}
