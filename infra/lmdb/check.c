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

void sarn__check_idle(struct sarn__check *check,
                      uint64_t number,
                      uint64_t at,
                      uint64_t bytes)
{
    check->options->idle_bytes += bytes;
    if (bytes != 0 && check->options->idle != NULL) {
        check->options->idle(check->options->arg,
                             number * check->pages->page_bytes + at, bytes);
    }
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

/* --- the file --- */

/* What of the metas may be anything: docs/format.md has their layout. */
static void note_metas(struct sarn__check *check)
{
    static const struct {
        uint16_t at, bytes;
        bool of_both;
    } idle[] = {
        {8, 2, true},    /* padding of the page's head */
        {12, 4, true},   /* bounds of its entries: there are none */
        {24, 16, true},  /* address, and size of the map: hints */
        {46, 42, false}, /* free pages: depth, counts, root */
        {88, 4, true},   /* a field of the main tree that LMDB does not use */
        {94, 50, false}, /* main tree and last page */
    };

    for (uint32_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < sizeof(idle) / sizeof(idle[0]); j++) {
            if (idle[j].of_both || i != check->pages->newest) {
                sarn__check_idle(check, i, idle[j].at, idle[j].bytes);
            }
        }
        sarn__check_idle(check, i, SARN__META_END,
                         check->pages->page_bytes - SARN__META_END);
    }
}

static void check_databases(struct sarn__check *check, uint32_t known)
{
    if (known != 3) {
        sarn__check_find(check,
                         "it is an LMDB file of another program, not a log of Sarn");
    } else if (!check->has_file || !check->has_state) {
        sarn__check_find(check, "the log's %s is missing",
                         check->has_file ? "stored epoch" : "description of itself");
    } else if (check->state.sums_rows && check->state.rows_sum != check->rows_sum) {
        sarn__check_find(check,
                         "the rows are not those that were last written: each is "
                         "whole, but some are missing, or older ones");
    }
}

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
    if (check->findings == 0 && !sarn__check_is_over(check)) {
        check_databases(check, known);
    }
    if (check->findings == 0 && !sarn__check_is_over(check)) {
        find_lost_pages(check); /* With damaged trees this would only repeat them. */
        sarn__check_metas(check, free.last_key);
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
    options->idle_bytes = 0;
    options->file_bytes = pages->file_bytes;
    check.there = pages->file_bytes / pages->page_bytes;
    if (check.there > meta->last_page + 1) {
        check.there = meta->last_page + 1;
    }
    check.seen = sarn__heap_alloc(&check.heap, check.there / 8 + 1);
    if (check.seen == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for checking pages");
    }
    note_metas(&check);
    check_trees(&check);
    sarn__check_idle(&check, check.there, 0,
                     pages->file_bytes - check.there * pages->page_bytes);
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
