#define _POSIX_C_SOURCE 200809L

#include "infra/lmdb/salvage.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/lmdb/check.h"

/* Bounds what a hostile file can cost. */
#define STRAYS_MAX     (UINT64_C(1) << 20)
#define PROGRESS_EVERY 1024u /* Pages. */
#define COMMIT_BYTES   SARN__COMMIT_BYTES

/* What a record, and a commit record, begin with: format 1, no flags. */
#define RECORD_BEGIN 1u
/* In the head of an entry whose value lies on overflow pages: flags, and size of the
 * key. */
#define BIG_ENTRY  (SARN__NODE_BIG | 8u << 16)
#define FILE_BEGIN "sarn log"

struct list {
    struct sarn__salvaged *items;
    uint64_t count, room;
};

struct sarn__salvage {
    struct sarn__pages pages;
    bool good_metas[2];
    struct sarn_hash hash;
    struct sarn_heap heap;
    struct sarn__salvage_looks looks;
    struct list records, commits, strays;
    bool has_file;
    struct sarn__file file;
    uint64_t highest;
    uint64_t unreadable, first_unreadable; /* Pages; a byte of the file. */
    uint8_t *page;
    char *value; /* Of the last record or commit read, 8-aligned. */
    uint32_t value_room;
    bool out_of_memory;
};

static void
note(struct sarn__salvage *salvage, struct list *list, uint64_t key, uint64_t offset)
{
    if (list->count == list->room) {
        uint64_t room = list->room == 0 ? 1024 : list->room + list->room / 2;
        void *grown =
            sarn__heap_resize(&salvage->heap, list->items, room * sizeof(*list->items));

        if (grown == NULL) {
            salvage->out_of_memory = true;
            return;
        }
        list->items = grown;
        list->room = room;
    }
    list->items[list->count++] = (struct sarn__salvaged){key, offset};
}

static void note_stray(struct sarn__salvage *salvage, uint64_t offset)
{
    if (salvage->strays.count < STRAYS_MAX) {
        note(salvage, &salvage->strays, 0, offset);
    }
}

/* --- a page --- */

/* A page while it is looked through, from its first byte in the file on. */
struct look {
    const uint8_t *bytes;
    uint32_t size;
    uint64_t offset;
    uint32_t entry_end; /* Behind the last entry with a large value. */
};

/* What begins at at as a record or a commit record does; answers how many bytes of it
 * need no further look. */
static uint32_t
look_at_record(struct sarn__salvage *salvage, const struct look *look, uint32_t at)
{
    const struct sarn__salvage_looks *looks = &salvage->looks;
    struct sarn_str rest = {(const char *)look->bytes + at, look->size - at};
    struct sarn_str commit = {rest.data, COMMIT_BYTES};
    uint64_t first, last, key;
    uint32_t bytes;

    if (rest.size >= COMMIT_BYTES &&
        looks->is_commit(looks->arg, commit, &first, &last)) {
        note(salvage, &salvage->commits, first, look->offset + at);
        return COMMIT_BYTES;
    }
    bytes = looks->record_bytes(rest);
    if (bytes == 0) {
        return 0;
    }
    if (at >= SARN__PAGE_HEAD + 8 && bytes <= rest.size) {
        key = sarn__page_u64(look->bytes + at -
                             8); /* In a leaf, the key is just before. */
        rest.size = bytes;
        if (!SARN__KEY_IS_COMMIT(key) &&
            looks->is_record(looks->arg, SARN__KEY_POSITION(key), rest)) {
            note(salvage, &salvage->records, SARN__KEY_POSITION(key),
                 look->offset + at);
            if (SARN__KEY_POSITION(key) > salvage->highest) {
                salvage->highest = SARN__KEY_POSITION(key);
            }
            return bytes;
        }
    }
    if (at == SARN__PAGE_HEAD || bytes <= rest.size) {
        note_stray(salvage, look->offset + at);
    }
    return 0;
}

/* An entry of a leaf that says on which page its value is, if it is one. */
static void
look_at_large(struct sarn__salvage *salvage, struct look *look, uint32_t flags_at)
{
    const uint8_t *key = look->bytes + flags_at + 4;
    uint64_t number, page;

    if (flags_at + 4 + 16 > look->size || flags_at < look->entry_end) {
        return;
    }
    number = sarn__page_u64(key);
    page = sarn__page_u64(key + 8);
    if (!SARN__KEY_IS_COMMIT(number) && number != 0 &&
        page < salvage->pages.file_bytes / salvage->pages.page_bytes) {
        note(salvage, &salvage->records, SARN__KEY_POSITION(number),
             page * salvage->pages.page_bytes + SARN__PAGE_HEAD);
        look->entry_end = flags_at + 4 + 16; /* So many there can be, and no more. */
    }
}

static void
look_at_file(struct sarn__salvage *salvage, const struct look *look, uint32_t at)
{
    struct sarn_str value = {(const char *)look->bytes + at, SARN__FILE_BYTES};

    if (!salvage->has_file && look->size - at >= SARN__FILE_BYTES) {
        salvage->has_file = sarn__file_decode(value, &salvage->hash, false,
                                              &salvage->file, NULL) == SARN_OK;
    }
}

/* Everything begins at an even offset. */
static void look_through(struct sarn__salvage *salvage, struct look *look)
{
    uint32_t at = 0;

    while (at + 8 <= look->size) {
        uint32_t word = sarn__page_u32(look->bytes + at);
        uint32_t known = 0;

        if (word == RECORD_BEGIN) {
            known = look_at_record(salvage, look, at);
        } else if (word == BIG_ENTRY) {
            look_at_large(salvage, look, at);
        } else if (memcmp(look->bytes + at, FILE_BEGIN, 8) == 0) {
            look_at_file(salvage, look, at);
        }
        at += known != 0 ? known : 2;
    }
}

/* --- the file --- */

/* What the disk does not give any more is damage like any other: passed over. */
static void note_unreadable(struct sarn__salvage *salvage, uint64_t offset)
{
    if (salvage->unreadable == 0) {
        salvage->first_unreadable = offset;
    }
    salvage->unreadable += 1;
}

SARN_MUST_USE static sarn_status
look_at_pages(struct sarn__salvage *salvage,
              const char *path,
              const struct sarn__salvage_options *options,
              struct sarn_error *error)
{
    struct sarn__pages *pages = &salvage->pages;

    for (uint64_t offset = 0; offset < pages->file_bytes; offset += pages->page_bytes) {
        uint64_t left = pages->file_bytes - offset;
        struct look look = {salvage->page, pages->page_bytes, offset, 0};
        sarn_status status = SARN_OK;

        look.size = left < look.size ? (uint32_t)left : look.size;
        if (sarn__pages_read_at(pages, offset, salvage->page, look.size)) {
            look_through(salvage, &look);
        } else {
            note_unreadable(salvage, offset);
        }
        if (salvage->out_of_memory) {
            return sarn__fail(error, SARN_ERR_NOMEM,
                              "out of memory for what was found in \"%s\"", path);
        }
        if (options->progress != NULL &&
            offset / pages->page_bytes % PROGRESS_EVERY == 0) {
            status = options->progress(options->arg, offset, pages->file_bytes);
        }
        if (status != SARN_OK) {
            return sarn__fail(error, status, "it was ended by its progress handler");
        }
    }
    return SARN_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct sarn__salvaged *x = a, *y = b;

    return x->key != y->key ? (x->key > y->key) - (x->key < y->key)
                            : (x->offset > y->offset) - (x->offset < y->offset);
}

static void sort(struct list *list)
{
    if (list->count != 0) {
        qsort(list->items, list->count, sizeof(*list->items), by_key);
    }
}

sarn_status sarn__salvage_create(int fd,
                                 const char *path,
                                 const struct sarn__salvage_options *options,
                                 struct sarn__salvage **salvage,
                                 struct sarn_error *error)
{
    struct sarn_heap heap = sarn__heap_or_malloc(&options->heap);
    struct sarn__salvage *made = sarn__heap_alloc(&heap, sizeof(*made));
    sarn_status status = SARN_OK;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for looking at \"%s\"",
                          path);
    }
    made->heap = heap;
    made->hash = options->hash;
    made->looks = options->looks;
    status = sarn__pages_look(fd, path, &made->pages, made->good_metas, error);
    if (status == SARN_OK) {
        made->page = sarn__heap_alloc(&heap, made->pages.page_bytes);
        status = made->page != NULL
                     ? look_at_pages(made, path, options, error)
                     : sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a page");
    }
    if (status != SARN_OK) {
        sarn__salvage_destroy(made);
        return status;
    }
    sort(&made->records);
    sort(&made->commits);
    *salvage = made;
    return SARN_OK;
}

void sarn__salvage_destroy(struct sarn__salvage *salvage)
{
    struct sarn_heap heap;

    if (salvage == NULL) {
        return;
    }
    heap = salvage->heap;
    sarn__heap_free(&heap, salvage->records.items);
    sarn__heap_free(&heap, salvage->commits.items);
    sarn__heap_free(&heap, salvage->strays.items);
    sarn__heap_free(&heap, salvage->page);
    sarn__heap_free(&heap, salvage->value);
    sarn__heap_free(&heap, salvage);
}

/* --- what was found --- */

static const struct sarn__salvaged *
find(const struct list *list, uint64_t key, uint64_t *count)
{
    uint64_t low = 0, high = list->count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;

        if (list->items[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *count = 0;
    while (low + *count < list->count && list->items[low + *count].key == key) {
        *count += 1;
    }
    return *count == 0 ? NULL : &list->items[low];
}

const struct sarn__salvaged *sarn__salvage_records(const struct sarn__salvage *salvage,
                                                   uint64_t position,
                                                   uint64_t *count)
{
    return find(&salvage->records, position, count);
}

const struct sarn__salvaged *sarn__salvage_commits(const struct sarn__salvage *salvage,
                                                   uint64_t first,
                                                   uint64_t *count)
{
    return find(&salvage->commits, first, count);
}

static bool read_value(struct sarn__salvage *salvage, uint64_t offset, uint32_t bytes)
{
    if (bytes > salvage->value_room) {
        char *grown = sarn__heap_resize(&salvage->heap, salvage->value, bytes);

        if (grown == NULL) {
            salvage->out_of_memory = true;
            return false;
        }
        salvage->value = grown;
        salvage->value_room = bytes;
    }
    return sarn__pages_read_at(&salvage->pages, offset, salvage->value, bytes);
}

bool sarn__salvage_record(struct sarn__salvage *salvage,
                          uint64_t position,
                          uint64_t offset,
                          struct sarn_str *bytes)
{
    uint64_t left = salvage->pages.file_bytes - offset;
    uint32_t head = left < COMMIT_BYTES ? (uint32_t)left : COMMIT_BYTES;
    struct sarn_str value = {NULL, 0};

    if (offset > salvage->pages.file_bytes || !read_value(salvage, offset, head)) {
        return false;
    }
    value.size = salvage->looks.record_bytes((struct sarn_str){salvage->value, head});
    if (value.size == 0 || value.size > left ||
        !read_value(salvage, offset, value.size)) {
        return false;
    }
    value.data = salvage->value;
    if (!salvage->looks.is_record(salvage->looks.arg, position, value)) {
        return false;
    }
    *bytes = value;
    return true;
}

bool sarn__salvage_commit(struct sarn__salvage *salvage,
                          uint64_t offset,
                          struct sarn_str *bytes)
{
    if (!read_value(salvage, offset, COMMIT_BYTES)) {
        return false;
    }
    *bytes = (struct sarn_str){salvage->value, COMMIT_BYTES};
    return true;
}

bool sarn__salvage_stray(struct sarn__salvage *salvage,
                         uint64_t position,
                         uint64_t *offset)
{
    struct sarn_str bytes;

    for (uint64_t i = 0; i < salvage->strays.count; i++) {
        if (sarn__salvage_record(salvage, position, salvage->strays.items[i].offset,
                                 &bytes)) {
            *offset = salvage->strays.items[i].offset;
            return true;
        }
    }
    return false;
}

uint64_t sarn__salvage_unreadable(const struct sarn__salvage *salvage, uint64_t *first)
{
    *first = salvage->first_unreadable;
    return salvage->unreadable;
}

const struct sarn__file *sarn__salvage_file(const struct sarn__salvage *salvage)
{
    return salvage->has_file ? &salvage->file : NULL;
}

uint64_t sarn__salvage_highest(const struct sarn__salvage *salvage)
{
    return salvage->highest;
}

bool sarn__salvage_is_out_of_memory(const struct sarn__salvage *salvage)
{
    return salvage->out_of_memory;
}

static void note_finding(void *arg, const char *text)
{
    bool *certain = arg;

    (void)text;
    *certain = false;
}

/* Is the structure of the file whole? What is in records it does not matter here. */
static bool is_whole(const struct sarn__salvage *salvage)
{
    bool whole = true;
    struct sarn__check_options options = {.hash = salvage->hash,
                                          .heap = salvage->heap,
                                          .finding = note_finding,
                                          .arg = &whole};

    return sarn__check_pages(&salvage->pages, &options, NULL) == SARN_OK && whole;
}

/* Where the last commit ends. If it is whole it says so itself, whatever its key
 * became; if it is not, its key is believed. */
static uint64_t end_of_commit(const struct sarn__salvage *salvage,
                              const uint8_t commit[COMMIT_BYTES],
                              uint64_t position)
{
    struct sarn_str bytes = {(const char *)commit, COMMIT_BYTES};
    uint64_t first, last;

    return salvage->looks.is_commit(salvage->looks.arg, bytes, &first, &last)
               ? last
               : position;
}

bool sarn__salvage_end(struct sarn__salvage *salvage, struct sarn__salvage_end *end)
{
    const struct sarn__pages *pages = &salvage->pages;
    const struct sarn__page_meta *meta = &pages->metas[pages->newest];
    struct sarn__tree events;
    struct sarn__node last;
    uint64_t key;

    memset(end, 0, sizeof(*end));
    if (!salvage->good_metas[0] || !salvage->good_metas[1] ||
        meta->txn_id - pages->metas[1 - pages->newest].txn_id > 1 ||
        !sarn__pages_find_tree(pages, meta, SARN__DB_EVENTS, salvage->page, &events)) {
        return false;
    }
    if (events.root == SARN__PAGE_NONE) {
        end->certain = is_whole(salvage);
        return true;
    }
    if (!sarn__pages_last(pages, &events, salvage->page, &key, &last) ||
        !SARN__KEY_IS_COMMIT(key) || last.flags != 0 ||
        last.value_bytes != SARN__COMMIT_BYTES) {
        return false;
    }
    end->entries = events.entries;
    memcpy(end->commit, last.value, SARN__COMMIT_BYTES);
    end->last = end_of_commit(salvage, end->commit, SARN__KEY_POSITION(key));
    end->certain = is_whole(salvage);
    return true;
}
