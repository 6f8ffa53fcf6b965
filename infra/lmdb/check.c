#include "infra/lmdb/check_walk.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/fail.h"
#include "core/heap.h"

void SARN_PRINTF(2, 3)
    sarn__check_find(struct sarn__check *check, const char *format, ...)
{
    char text[SARN_ERROR_TEXT_BYTES];
    va_list args;

    if (check->findings++ < SARN__CHECK_FINDINGS_MAX) {
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        check->options->finding(check->options->arg, text);
    }
}

bool sarn__check_is_over(const struct sarn__check *check)
{
    return check->out_of_memory || check->stopped != SARN_OK ||
           check->findings >= SARN__CHECK_FINDINGS_MAX;
}

/* --- pages: each is used once --- */

bool sarn__check_claim(struct sarn__check *check,
                       uint64_t number,
                       uint64_t count,
                       const char *what)
{
    if (number < 2 || number > check->meta->last_page ||
        count - 1 > check->meta->last_page - number) {
        sarn__check_find(check, "page %llu (%s) lies outside of the file",
                         (unsigned long long)number, what);
        return false;
    }
    if (number + count > check->there) {
        sarn__check_find(check, "page %llu (%s) was cut off with the end of the file",
                         (unsigned long long)number, what);
        return false;
    }
    for (uint64_t page = number; page < number + count; page++) {
        uint8_t bit = (uint8_t)(1u << page % 8);

        if ((check->seen[page / 8] & bit) != 0) {
            sarn__check_find(check, "page %llu (%s) is used twice",
                             (unsigned long long)page, what);
            return false;
        }
        check->seen[page / 8] |= bit;
    }
    return true;
}

static void find_lost_pages(struct sarn__check *check)
{
    uint64_t lost = 0, first = 0;

    for (uint64_t page = 2; page < check->there; page++) {
        if ((check->seen[page / 8] & (1u << page % 8)) == 0) {
            first = lost++ == 0 ? page : first;
        }
    }
    if (lost != 0) {
        sarn__check_find(
            check, "%llu pages, the first of them %llu, are neither used nor free",
            (unsigned long long)lost, (unsigned long long)first);
    }
    lost = check->meta->last_page + 1 - check->there;
    if (lost != check->free_beyond) {
        sarn__check_find(
            check, "the file ends %llu pages early, of which %llu are free",
            (unsigned long long)lost, (unsigned long long)check->free_beyond);
    }
}

/* --- snapshots --- */

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
static void compare_snapshots(struct sarn__check *check)
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

/* --- the file --- */

static void check_trees(struct sarn__check *check)
{
    struct sarn__walk free = {.check = check,
                              .kind = SARN__WALK_FREE,
                              .name = "free pages",
                              .integer_keys = true,
                              .told = check->meta->free};
    struct sarn__walk main = {.check = check,
                              .kind = SARN__WALK_MAIN,
                              .name = "list of databases",
                              .told = check->meta->main};
    uint32_t known = 0;

    sarn__check_tree(&main);
    for (uint32_t i = 0; i < check->tree_count && !sarn__check_is_over(check); i++) {
        known += check->trees[i].kind != SARN__WALK_OTHER ? 1 : 0;
        sarn__check_tree(&check->trees[i]);
    }
    sarn__check_tree(&free);
    if (check->findings == 0 && !sarn__check_is_over(check) && known != 3) {
        sarn__check_find(check,
                         "it is an LMDB file of another program, not a log of Sarn");
    }
    if (check->findings == 0 && !sarn__check_is_over(check)) {
        find_lost_pages(check); /* With damaged trees this would only repeat them. */
        compare_snapshots(check);
    }
}

sarn_status sarn__check_pages(const struct sarn__pages *pages,
                              struct sarn__check_options *options,
                              struct sarn_error *error)
{
    const struct sarn__page_meta *meta = &pages->metas[pages->newest];
    struct sarn__check check = {.pages = pages,
                                .meta = meta,
                                .options = options,
                                .heap = sarn__heap_or_malloc(&options->heap),
                                .error = error};

    options->rows = 0;
    check.there = pages->file_bytes / pages->page_bytes;
    if (check.there > meta->last_page + 1) {
        check.there = meta->last_page + 1;
    }
    check.seen = sarn__heap_alloc(&check.heap, check.there / 8 + 1);
    if (check.seen == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for checking pages");
    }
    check_trees(&check);
    for (uint32_t i = 0; i < SARN__DEPTH_MAX; i++) {
        sarn__heap_free(&check.heap, check.levels[i]);
    }
    sarn__heap_free(&check.heap, check.big);
    sarn__heap_free(&check.heap, check.seen);
    if (check.out_of_memory) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for checking pages");
    }
    return check.stopped;
}
