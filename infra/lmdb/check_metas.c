#include "infra/lmdb/check_walk.h"

/* The snapshot before the newest is whole as long as that is the newest. A log only
 * grows, so if it has more events, it is the newer one, and one of the two transaction
 * numbers is damaged. */
static void compare_events(struct sarn__check *check)
{
    const struct sarn__page_meta *older =
        &check->pages->metas[1 - check->pages->newest];
    uint8_t *page = check->levels[1]; /* Walking is over. */
    struct sarn__tree before, now;

    if (older->txn_id < check->meta->txn_id && /* Else an owner went on meanwhile. */
        sarn__pages_find_tree(check->pages, older, SARN__DB_EVENTS, page, &before) &&
        sarn__pages_find_tree(check->pages, check->meta, SARN__DB_EVENTS, page, &now) &&
        before.entries > now.entries) {
        sarn__check_find(
            check,
            "the meta page that does not count has %llu events and commits more than "
            "the one that does: a commit was in doubt and is lost, or a meta page is "
            "damaged and the last commit is missing",
            (unsigned long long)(before.entries - now.entries));
    }
}

/* Every transaction but the first frees pages, if only those of the roots that it
 * replaced, and notes them under its number: which tells whether a meta's number is the
 * one that its trees were written with. */
static void compare_numbers(struct sarn__check *check, uint64_t freed)
{
    const struct sarn__page_meta *older =
        &check->pages->metas[1 - check->pages->newest];
    struct sarn__node last;
    uint64_t before = 0;

    if (check->meta->txn_id > 1 && freed != check->meta->txn_id) {
        sarn__check_find(check,
                         "the meta page that counts says it is of transaction %llu and "
                         "its free pages say %llu: it is damaged, or the last commit "
                         "is missing",
                         (unsigned long long)check->meta->txn_id,
                         (unsigned long long)freed);
    } else if (older->txn_id > 1 && older->txn_id < check->meta->txn_id &&
               (!sarn__pages_last(check->pages, &older->free, check->levels[1], &before,
                                  &last) ||
                before != older->txn_id)) {
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
