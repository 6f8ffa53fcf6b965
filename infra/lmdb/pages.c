#define _POSIX_C_SOURCE 200809L

#include "infra/lmdb/pages.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fail.h"

#define MAGIC      0xBEEFC0DEu
#define VERSION    1u
#define USUAL_PAGE 4096u
#define MAP_MAX    (UINT64_C(1) << 47) /* No process has more address space. */
#define NO_SUBDIR  0x4000u             /* LMDB keeps how it was made among flags. */
/* An owner at work may change a meta while it is read. */
#define LOOKS  64u
#define SECTOR 512u /* What a disk writes whole. */

/* In a page's head. */
enum page_at { PAGE_NUMBER = 0, PAGE_FLAGS = 10, PAGE_LOWER = 12, PAGE_UPPER = 14 };

/* In a meta, after the head. */
enum meta_at {
    META_MAGIC = 0,
    META_VERSION = 4,
    META_MAP = 16,
    META_FREE = 24, /* Its first u32 is the page size. */
    META_MAIN = 72,
    META_LAST_PAGE = 120,
    META_TXN = 128
};

static bool read_all(int fd, uint64_t at, void *buffer, size_t bytes)
{
    uint8_t *to = buffer;

    while (bytes != 0) {
        ssize_t got = pread(fd, to, bytes, (off_t)at);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        at += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return true;
}

struct sarn__tree sarn__tree_get(const void *bytes)
{
    const uint8_t *from = bytes;

    return (struct sarn__tree){.flags = sarn__page_u16(from + 4),
                               .depth = sarn__page_u16(from + 6),
                               .branch_pages = sarn__page_u64(from + 8),
                               .leaf_pages = sarn__page_u64(from + 16),
                               .overflow_pages = sarn__page_u64(from + 24),
                               .entries = sarn__page_u64(from + 32),
                               .root = sarn__page_u64(from + 40)};
}

/* --- metas --- */

enum meta_fate { META_GOOD, META_NO_MAGIC, META_OTHER_VERSION, META_DAMAGED };

static bool is_page_size(uint32_t bytes)
{
    return bytes >= SARN__PAGE_MIN && bytes <= SARN__PAGE_MAX &&
           (bytes & (bytes - 1)) == 0;
}

/* What LMDB and Sarn never write. */
static bool
is_possible(const struct sarn__page_meta *meta, uint32_t index, uint32_t size)
{
    return is_page_size(size) && meta->last_page != 0 &&
           meta->last_page < MAP_MAX / size && meta->map_bytes <= MAP_MAX &&
           meta->map_bytes / size > meta->last_page &&
           (meta->txn_id == 0 || meta->txn_id % 2 == index) &&
           meta->free.flags == (NO_SUBDIR | SARN__TREE_INTEGER_KEY) &&
           meta->main.flags == 0;
}

bool sarn__page_meta_is_first(const struct sarn__page_meta *meta)
{
    return meta->txn_id == 0 && meta->main.root == SARN__PAGE_NONE &&
           meta->free.root == SARN__PAGE_NONE;
}

static enum meta_fate
get_meta(const uint8_t *page, uint32_t index, struct sarn__page_meta *meta)
{
    const uint8_t *from = page + SARN__PAGE_HEAD;

    if (sarn__page_u32(from + META_MAGIC) != MAGIC) {
        return META_NO_MAGIC;
    }
    if (sarn__page_u32(from + META_VERSION) != VERSION) {
        return META_OTHER_VERSION;
    }
    meta->map_bytes = sarn__page_u64(from + META_MAP);
    meta->free = sarn__tree_get(from + META_FREE);
    meta->main = sarn__tree_get(from + META_MAIN);
    meta->last_page = sarn__page_u64(from + META_LAST_PAGE);
    meta->txn_id = sarn__page_u64(from + META_TXN);
    if (sarn__page_u64(page + PAGE_NUMBER) != index ||
        sarn__page_flags(page) != SARN__PAGE_META ||
        !is_possible(meta, index, sarn__page_u32(from + META_FREE))) {
        return META_DAMAGED;
    }
    return META_GOOD;
}

/* Transactions follow each other; before the first, both metas say 0. */
static bool follow_each_other(const struct sarn__page_meta metas[2])
{
    uint64_t a = metas[0].txn_id, b = metas[1].txn_id;

    return (a == 0 && b == 0) || a == b + 1 || b == a + 1;
}

/* Both metas as they are at this moment; *fates of each. false: one is cut off. */
static bool look(struct sarn__pages *pages, enum meta_fate fates[2])
{
    uint8_t page[SARN__META_END];
    bool there = true;
    uint32_t size = 0;

    for (uint32_t i = 0; i < 2; i++) {
        fates[i] = META_DAMAGED;
        if (!read_all(pages->fd, (uint64_t)i * pages->page_bytes, page, sizeof(page))) {
            there = false;
            continue;
        }
        fates[i] = get_meta(page, i, &pages->metas[i]);
        size = sarn__page_u32(page + SARN__PAGE_HEAD + META_FREE);
        if (fates[i] == META_GOOD && size != pages->page_bytes) {
            if (i == 0) {
                pages->page_bytes = size;
            } else {
                fates[i] = META_DAMAGED;
            }
        }
    }
    return there;
}

SARN_MUST_USE static sarn_status
measure(struct sarn__pages *pages, const char *path, struct sarn_error *error)
{
    struct stat status;

    if (fstat(pages->fd, &status) != 0) {
        return sarn__fail(error, SARN_ERR_IO, "cannot look at \"%s\": %s", path,
                          strerror(errno));
    }
    pages->file_bytes = (uint64_t)status.st_size;
    if (pages->file_bytes == 0) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "\"%s\" is empty", path);
    }
    return SARN_OK;
}

/* What a failed write or a power cut leaves of the making of a file, before its metas
 * were synced: no more than they, and any sector of them may be zeros, or missing with
 * the file's end. Nothing was ever in it: a file that was cut off has commits behind
 * it, and its meta 0 has the second's. */
static bool is_unborn(const struct sarn__pages *pages)
{
    static const uint8_t zeros[SECTOR];
    uint8_t sector[SECTOR];
    uint64_t end = pages->file_bytes, most = 2 * (uint64_t)SARN__PAGE_MAX;
    uint32_t metas = 0;

    for (uint64_t at = 0; at < end && end <= most; at += SECTOR) {
        size_t bytes = end - at < SECTOR ? (size_t)(end - at) : SECTOR;
        uint32_t index = at == 0 ? 0 : 1, size;
        struct sarn__page_meta meta;

        memset(sector, 0, sizeof(sector));
        if (!read_all(pages->fd, at, sector, bytes)) {
            return false;
        }
        if (memcmp(sector, zeros, SECTOR) == 0) {
            continue;
        }
        size = sarn__page_u32(sector + SARN__PAGE_HEAD + META_FREE);
        if (get_meta(sector, index, &meta) != META_GOOD || at != index * size ||
            !sarn__page_meta_is_first(&meta) ||
            memcmp(sector + SARN__META_END, zeros, SECTOR - SARN__META_END) != 0) {
            return false;
        }
        most = 2 * (uint64_t)size;
        metas += 1;
    }
    /* Fewer zeros than a sector are not LMDB's. */
    return end <= most && (metas != 0 || end % SECTOR == 0);
}

SARN_MUST_USE static sarn_status judge_unborn(const struct sarn__pages *pages,
                                              const char *path,
                                              struct sarn_error *error)
{
    return !is_unborn(pages) ? SARN_OK
                             : sarn__fail(error, SARN_ERR_NOT_FOUND,
                                          "\"%s\" is empty: its making was cut short, "
                                          "and nothing was ever written to it",
                                          path);
}

SARN_MUST_USE static sarn_status
judge(const char *path, const enum meta_fate fates[2], struct sarn_error *error)
{
    uint32_t bad = fates[0] == META_GOOD ? 1 : 0;

    if (fates[0] == META_NO_MAGIC && fates[1] == META_NO_MAGIC) {
        return sarn__fail(
            error, SARN_ERR_CORRUPT,
            "\"%s\" is not a log of Sarn (not LMDB's format); check the path", path);
    }
    if (fates[0] == META_OTHER_VERSION && fates[1] == META_OTHER_VERSION) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "\"%s\" is in another version of LMDB's format; use a newer "
                          "version of Sarn",
                          path);
    }
    return sarn__fail(error, SARN_ERR_CORRUPT,
                      "meta page %u of \"%s\" is damaged, so its last commit may be "
                      "missing; restore the file from a backup",
                      bad, path);
}

sarn_status sarn__pages_open(int fd,
                             const char *path,
                             struct sarn__pages *pages,
                             struct sarn_error *error)
{
    struct sarn__pages view = {.fd = fd, .page_bytes = USUAL_PAGE};
    enum meta_fate fates[2] = {META_GOOD, META_GOOD};
    bool good = false;

    for (uint32_t i = 0; i < LOOKS && !good; i++) {
        if (i != 0) {
            sched_yield();
        }
        SARN__TRY(measure(&view, path, error));
        if (!look(&view, fates)) {
            SARN__TRY(judge_unborn(&view, path, error));
            return sarn__fail(error, SARN_ERR_CORRUPT,
                              "\"%s\" is not a log of Sarn, or was cut off at its "
                              "beginning; check the path, or restore a backup",
                              path);
        }
        good = fates[0] == META_GOOD && fates[1] == META_GOOD &&
               follow_each_other(view.metas);
    }
    if (!good) {
        SARN__TRY(judge_unborn(&view, path, error));
    }
    if (!good && fates[0] == META_GOOD && fates[1] == META_GOOD) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the meta pages of \"%s\" do not follow each other "
                          "(transactions %llu and %llu): one is damaged, and the last "
                          "commit may be missing; restore the file from a backup",
                          path, (unsigned long long)view.metas[0].txn_id,
                          (unsigned long long)view.metas[1].txn_id);
    }
    if (!good) {
        return judge(path, fates, error);
    }
    view.newest = view.metas[1].txn_id > view.metas[0].txn_id ? 1 : 0;
    *pages = view;
    return SARN_OK;
}

sarn_status sarn__pages_look(int fd,
                             const char *path,
                             struct sarn__pages *pages,
                             bool good[2],
                             struct sarn_error *error)
{
    struct sarn__pages view = {.fd = fd, .page_bytes = USUAL_PAGE};
    enum meta_fate fates[2];

    SARN__TRY(measure(&view, path, error));
    (void)look(&view, fates); /* What is cut off is not good. */
    for (uint32_t i = 0; i < 2; i++) {
        good[i] = fates[i] == META_GOOD;
    }
    view.newest =
        good[1] && (!good[0] || view.metas[1].txn_id > view.metas[0].txn_id) ? 1 : 0;
    *pages = view;
    return SARN_OK;
}

bool sarn__pages_are_there(const struct sarn__pages *pages)
{
    uint64_t there = pages->file_bytes / pages->page_bytes;

    return pages->metas[pages->newest].last_page < there;
}

bool sarn__pages_read_at(const struct sarn__pages *pages,
                         uint64_t offset,
                         void *buffer,
                         size_t bytes)
{
    return offset <= pages->file_bytes && bytes <= pages->file_bytes - offset &&
           read_all(pages->fd, offset, buffer, bytes);
}

bool sarn__pages_read(const struct sarn__pages *pages,
                      uint64_t number,
                      void *buffer,
                      size_t bytes)
{
    uint64_t there = pages->file_bytes / pages->page_bytes;

    return number < there && bytes <= pages->file_bytes - number * pages->page_bytes &&
           read_all(pages->fd, number * pages->page_bytes, buffer, bytes);
}

/* --- nodes --- */

uint16_t sarn__page_flags(const uint8_t *page)
{
    return sarn__page_u16(page + PAGE_FLAGS);
}

uint32_t sarn__page_nodes(const uint8_t *page)
{
    return (sarn__page_u16(page + PAGE_LOWER) - SARN__PAGE_HEAD) / 2;
}

uint32_t sarn__page_run(const uint8_t *page)
{
    return sarn__page_u32(page + PAGE_LOWER);
}

/* Bytes that the node at node takes, up to the next even number. */
static uint64_t node_bytes(const uint8_t *node, bool leaf)
{
    uint64_t bytes = SARN__NODE_HEAD + (uint64_t)sarn__page_u16(node + 6);
    uint64_t value = sarn__page_u16(node) | (uint64_t)sarn__page_u16(node + 2) << 16;

    if (leaf) {
        bytes += (sarn__page_u16(node + 4) & SARN__NODE_BIG) != 0 ? 8 : value;
    }
    return (bytes + 1) / 2 * 2;
}

/* Entries must fill the page from its upper bound to its end, one behind the other, in
 * whatever order: starts has a bit for each even offset where one begins. */
static bool
tile(const uint8_t *page, uint32_t page_bytes, bool leaf, const uint8_t *starts)
{
    uint32_t at = sarn__page_u16(page + PAGE_UPPER), found = 0;

    while (at < page_bytes && (starts[at / 16] & (1u << at / 2 % 8)) != 0) {
        at += (uint32_t)node_bytes(page + at, leaf); /* It does not leave the page. */
        found += 1;
    }
    return at == page_bytes && found == sarn__page_nodes(page);
}

const char *sarn__page_check(const uint8_t *page, uint32_t page_bytes, uint64_t number)
{
    uint8_t starts[SARN__PAGE_MAX / 16];
    /* With 64 KiB pages an upper bound of 65536 would be stored as 0: no Sarn file. */
    uint32_t lower = sarn__page_u16(page + PAGE_LOWER),
             upper = sarn__page_u16(page + PAGE_UPPER);
    bool leaf = sarn__page_flags(page) == SARN__PAGE_LEAF;

    if (sarn__page_u64(page + PAGE_NUMBER) != number) {
        return "it says it is another page";
    }
    if (!leaf && sarn__page_flags(page) != SARN__PAGE_BRANCH) {
        return "it is neither branch nor leaf";
    }
    if (lower < SARN__PAGE_HEAD + 2 || lower > upper || upper > page_bytes ||
        lower % 2 != 0) {
        return "its bounds are impossible";
    }
    memset(starts, 0, page_bytes / 16);
    for (uint32_t i = 0; i < sarn__page_nodes(page); i++) {
        uint32_t at = sarn__page_u16(page + SARN__PAGE_HEAD + 2 * i);

        if (at < upper || at % 2 != 0 || at + SARN__NODE_HEAD > page_bytes ||
            node_bytes(page + at, leaf) > page_bytes - at) {
            return "an entry lies outside of it";
        }
        starts[at / 16] |= (uint8_t)(1u << at / 2 % 8);
    }
    return tile(page, page_bytes, leaf, starts) ? NULL : "its entries overlap";
}

void sarn__page_gap(const uint8_t *page, uint32_t *from, uint32_t *to)
{
    *from = sarn__page_u16(page + PAGE_LOWER);
    *to = sarn__page_u16(page + PAGE_UPPER);
}

struct sarn__node sarn__page_node(const uint8_t *page, uint32_t index)
{
    const uint8_t *node = page + sarn__page_u16(page + SARN__PAGE_HEAD + 2 * index);
    uint64_t low = sarn__page_u16(node) | (uint64_t)sarn__page_u16(node + 2) << 16;
    uint16_t key_bytes = sarn__page_u16(node + 6);

    return (struct sarn__node){.flags = sarn__page_u16(node + 4),
                               .child = low | (uint64_t)sarn__page_u16(node + 4) << 32,
                               .key = {(const char *)node + SARN__NODE_HEAD, key_bytes},
                               .value_bytes = (uint32_t)low,
                               .value = node + SARN__NODE_HEAD + key_bytes};
}
