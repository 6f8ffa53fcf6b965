#define _POSIX_C_SOURCE 200809L

#include "infra/lmdb/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"
#include "infra/lmdb/env.h"
#include "infra/lmdb/owner.h"

#define TREES_MAX SARN__LMDB_DBS_MAX

enum kind { KIND_FREE, KIND_MAIN, KIND_META, KIND_EVENTS, KIND_ROWS, KIND_OTHER };

struct check;

/* One tree while it is walked. */
struct walk {
    struct check *check;
    enum kind kind;
    char name[32];
    bool integer_keys;
    struct sarn__tree told;    /* As its description has it. */
    struct sarn__tree counted; /* As it is. */
};

struct check {
    const struct sarn__pages *pages;
    const struct sarn__page_meta *meta;
    struct sarn__check_options *options;
    struct sarn_heap heap;
    struct sarn_error *error;
    sarn_status stopped; /* By entry. */
    uint64_t last_position;
    uint32_t findings;
    uint8_t *seen;        /* A bit for every page that the file has. */
    uint64_t there;       /* Pages that the file has, at most last_page + 1. */
    uint64_t free_beyond; /* Free pages behind the end of a short file. */
    uint8_t
        *levels[SARN__DEPTH_MAX]; /* A page of each level, made when first needed. */
    uint8_t *big;                 /* The last value read from overflow pages. */
    size_t big_bytes;
    bool out_of_memory;
    uint32_t tree_count;
    struct walk trees[TREES_MAX];
};

static void SARN_PRINTF(2, 3) find(struct check *check, const char *format, ...)
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

/* Too much was found to go on, or there is no memory to. */
static bool is_over(const struct check *check)
{
    return check->out_of_memory || check->stopped != SARN_OK ||
           check->findings >= SARN__CHECK_FINDINGS_MAX;
}

/* --- pages: each is used once --- */

/* Mark count pages from number on as used by what; false: some cannot be. */
static bool
claim(struct check *check, uint64_t number, uint64_t count, const char *what)
{
    if (number < 2 || number > check->meta->last_page ||
        count - 1 > check->meta->last_page - number) {
        find(check, "page %llu (%s) lies outside of the file",
             (unsigned long long)number, what);
        return false;
    }
    if (number + count > check->there) {
        find(check, "page %llu (%s) was cut off with the end of the file",
             (unsigned long long)number, what);
        return false;
    }
    for (uint64_t page = number; page < number + count; page++) {
        uint8_t bit = (uint8_t)(1u << page % 8);

        if ((check->seen[page / 8] & bit) != 0) {
            find(check, "page %llu (%s) is used twice", (unsigned long long)page, what);
            return false;
        }
        check->seen[page / 8] |= bit;
    }
    return true;
}

static void find_lost_pages(struct check *check)
{
    uint64_t lost = 0, first = 0;

    for (uint64_t page = 2; page < check->there; page++) {
        if ((check->seen[page / 8] & (1u << page % 8)) == 0) {
            first = lost++ == 0 ? page : first;
        }
    }
    if (lost != 0) {
        find(check, "%llu pages, the first of them %llu, are neither used nor free",
             (unsigned long long)lost, (unsigned long long)first);
    }
    lost = check->meta->last_page + 1 - check->there;
    if (lost != check->free_beyond) {
        find(check, "the file ends %llu pages early, of which %llu are free",
             (unsigned long long)lost, (unsigned long long)check->free_beyond);
    }
}

/* --- keys --- */

static int compare(const struct walk *walk, struct sarn_str a, struct sarn_str b)
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
static const char *check_key(const struct walk *walk,
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
static void find_page(struct walk *walk,
                      uint64_t number,
                      const struct bounds *bounds,
                      const char *what)
{
    uint64_t position = 0;

    if (walk->kind != KIND_EVENTS) {
        find(walk->check, "page %llu (%s) is damaged: %s", (unsigned long long)number,
             walk->name, what);
        return;
    }
    if (bounds->low.data != NULL) {
        memcpy(&position, bounds->low.data, sizeof(position));
        position = SARN__KEY_POSITION(position);
    }
    find(walk->check, "page %llu (%s from position %llu on) is damaged: %s",
         (unsigned long long)number, walk->name,
         (unsigned long long)(position == 0 ? 1 : position), what);
}

/* --- values --- */

/* The value of a leaf's entry, from overflow pages if it lies there; false: damaged. */
static bool
get_value(struct walk *walk, const struct sarn__node *node, struct sarn_str *value)
{
    struct check *check = walk->check;
    uint64_t number, needed, run;
    uint8_t head[SARN__PAGE_HEAD];

    *value = (struct sarn_str){(const char *)node->value, node->value_bytes};
    if ((node->flags & SARN__NODE_BIG) == 0) {
        return true;
    }
    memcpy(&number, node->value, sizeof(number));
    needed =
        (SARN__PAGE_HEAD + (uint64_t)node->value_bytes + check->pages->page_bytes - 1) /
        check->pages->page_bytes;
    if (!sarn__pages_read(check->pages, number, head, sizeof(head)) ||
        sarn__page_flags(head) != SARN__PAGE_OVERFLOW ||
        sarn__page_run(head) < needed || memcmp(head, &number, sizeof(number)) != 0) {
        find(check, "page %llu (%s, a large value) is damaged",
             (unsigned long long)number, walk->name);
        return false;
    }
    run = sarn__page_run(head);
    walk->counted.overflow_pages += run;
    if (!claim(check, number, run, walk->name)) {
        return false;
    }
    if (check->big_bytes < needed * check->pages->page_bytes) {
        size_t bytes = needed * check->pages->page_bytes;
        uint8_t *grown = sarn__heap_resize(&check->heap, check->big, bytes);

        if (grown == NULL) {
            check->out_of_memory = true;
            return false;
        }
        check->big = grown;
        check->big_bytes = bytes;
    }
    if (!sarn__pages_read(check->pages, number, check->big,
                          SARN__PAGE_HEAD + (size_t)node->value_bytes)) {
        find(check, "page %llu (%s, a large value) was cut off",
             (unsigned long long)number, walk->name);
        return false;
    }
    value->data = (const char *)check->big + SARN__PAGE_HEAD;
    return true;
}

/* The pages that one transaction freed: how many, then their numbers. */
static void check_free(struct check *check, struct sarn_str value)
{
    uint64_t count = 0, number;

    if (value.size >= sizeof(count)) {
        memcpy(&count, value.data, sizeof(count));
    }
    if (value.size % 8 != 0 || count > value.size / 8 - 1) {
        find(check, "a list of free pages is damaged: its size is impossible");
        return;
    }
    for (uint64_t i = 1; i <= count && !is_over(check); i++) {
        memcpy(&number, value.data + 8 * i, sizeof(number));
        if (number >= check->there && number <= check->meta->last_page) {
            check->free_beyond += 1;
        } else {
            (void)claim(check, number, 1, "free");
        }
    }
}

static enum kind kind_of(struct sarn_str name)
{
    static const struct {
        const char *name;
        enum kind kind;
    } known[] = {{SARN__DB_META, KIND_META},
                 {SARN__DB_EVENTS, KIND_EVENTS},
                 {SARN__DB_ROWS, KIND_ROWS}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (sarn_str_equal(name, sarn_str(known[i].name))) {
            return known[i].kind;
        }
    }
    return KIND_OTHER;
}

/* An entry of the main tree: another tree, walked later. */
static void note_tree(struct check *check, const struct sarn__node *node)
{
    struct walk *tree = &check->trees[check->tree_count];
    uint16_t unknown = SARN__TREE_DUPLICATES | SARN__TREE_REVERSE_KEY;

    if ((node->flags & SARN__NODE_TREE) == 0 || node->value_bytes != SARN__TREE_BYTES ||
        check->tree_count == TREES_MAX) {
        find(check, "the list of databases is damaged");
        return;
    }
    *tree = (struct walk){.check = check, .kind = kind_of(node->key)};
    snprintf(tree->name, sizeof(tree->name), "%.*s",
             (int)(node->key.size < 24 ? node->key.size : 24), node->key.data);
    tree->told = sarn__tree_get(node->value);
    tree->integer_keys = (tree->told.flags & SARN__TREE_INTEGER_KEY) != 0;
    if ((tree->told.flags & unknown) != 0 ||
        tree->integer_keys != (tree->kind == KIND_EVENTS)) {
        find(check, "the database \"%s\" has flags (0x%x) that Sarn's have not",
             tree->name, tree->told.flags);
        return;
    }
    check->tree_count += 1;
}

static void
check_meta_value(struct check *check, struct sarn_str key, struct sarn_str value)
{
    struct sarn__file_state state;
    struct sarn__file file;
    struct sarn_error error;

    if (sarn_str_equal(key, sarn_str(SARN__FILE_KEY)) &&
        sarn__file_decode(value, &check->options->hash, false, &file, &error) !=
            SARN_OK) {
        find(check, "%s", error.text);
    }
    if (!sarn_str_equal(key, sarn_str(SARN__STATE_KEY))) {
        return;
    }
    if (sarn__file_state_decode(value, &check->options->hash, &state, &error) !=
        SARN_OK) {
        find(check, "%s", error.text);
    } else if (state.through > check->last_position && check->findings == 0) {
        find(check, "the tables reach position %llu and the log ends at %llu",
             (unsigned long long)state.through,
             (unsigned long long)check->last_position);
    }
}

static void check_event(struct walk *walk, struct sarn_str key, struct sarn_str value)
{
    struct check *check = walk->check;
    struct sarn__check_options *options = check->options;
    uint64_t number, position;

    memcpy(&number, key.data, sizeof(number)); /* Its size was checked. */
    position = SARN__KEY_POSITION(number);
    check->last_position = position;
    if (options->entry != NULL) {
        check->stopped =
            options->entry(options->arg, SARN__KEY_IS_COMMIT(number), position, value,
                           walk->told.entries, check->error);
    }
}

static void check_row(struct check *check, struct sarn_str key, struct sarn_str value)
{
    struct sarn_str body;
    uint64_t sum = 0;
    uint32_t table;

    check->options->rows += 1;
    if (key.size > SARN__ROW_TABLE_BYTES && value.size >= SARN__ROW_CHECKSUM_BYTES) {
        body.data = value.data + SARN__ROW_CHECKSUM_BYTES;
        body.size = value.size - SARN__ROW_CHECKSUM_BYTES;
        memcpy(&sum, value.data, sizeof(sum));
        if (sarn__row_checksum(&check->options->hash, key, body) == sum) {
            return;
        }
    }
    memcpy(&table, key.data, key.size < sizeof(table) ? key.size : sizeof(table));
    find(check, "a row of table %u is damaged: its checksum does not match",
         key.size < sizeof(table) ? 0 : __builtin_bswap32(table));
}

static void check_entry(struct walk *walk, const struct sarn__node *node)
{
    struct check *check = walk->check;
    struct sarn_str value;

    walk->counted.entries += 1;
    if (walk->kind == KIND_MAIN) {
        note_tree(check, node);
        return;
    }
    if ((node->flags & ~SARN__NODE_BIG) != 0) {
        find(check, "an entry of \"%s\" has flags (0x%x) that Sarn's have not",
             walk->name, node->flags);
        return;
    }
    if (!get_value(walk, node, &value)) {
        return;
    }
    if (walk->kind == KIND_FREE) {
        check_free(check, value);
    } else if (walk->kind == KIND_EVENTS) {
        check_event(walk, node->key, value);
    } else if (walk->kind == KIND_META) {
        check_meta_value(check, node->key, value);
    } else if (walk->kind == KIND_ROWS) {
        check_row(check, node->key, value);
    }
}

/* --- trees --- */

/* A page of this level, read and found sound in itself; NULL: it was not. */
static const uint8_t *get_page(struct walk *walk,
                               uint64_t number,
                               uint32_t level,
                               const struct bounds *bounds)
{
    struct check *check = walk->check;
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
    if (!claim(check, number, 1, walk->name)) {
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
    return page;
}

static void check_leaf(struct walk *walk,
                       uint64_t number,
                       const uint8_t *page,
                       const struct bounds *bounds)
{
    struct sarn_str previous = {NULL, 0};

    walk->counted.leaf_pages += 1;
    for (uint32_t i = 0; i < sarn__page_nodes(page) && !is_over(walk->check); i++) {
        struct sarn__node node = sarn__page_node(page, i);
        const char *wrong = check_key(walk, bounds, previous, node.key);

        if (wrong != NULL) {
            find_page(walk, number, bounds, wrong);
            return;
        }
        check_entry(walk, &node);
        previous = node.key;
    }
}

static void check_page(struct walk *walk,
                       uint64_t number,
                       uint32_t level,
                       const struct bounds *bounds);

/* The first key of a branch is not looked at by LMDB: it stands for all that is lower.
 */
static void check_branch(struct walk *walk,
                         uint64_t number,
                         uint32_t level,
                         const uint8_t *page,
                         const struct bounds *bounds)
{
    uint32_t nodes = sarn__page_nodes(page);
    struct sarn_str previous = {NULL, 0};

    walk->counted.branch_pages += 1;
    if (nodes < 2 && walk->kind != KIND_FREE) { /* There LMDB lets it stand. */
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
    for (uint32_t i = 0; i < nodes && !is_over(walk->check); i++) {
        struct sarn__node node = sarn__page_node(page, i);
        struct bounds below = {i == 0 ? bounds->low : node.key,
                               i + 1 == nodes ? bounds->high
                                              : sarn__page_node(page, i + 1).key};

        check_page(walk, node.child, level + 1, &below);
    }
}

static void check_page(struct walk *walk,
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

static void check_tree(struct walk *walk)
{
    const struct sarn__tree *told = &walk->told, *counted = &walk->counted;
    uint32_t before = walk->check->findings;
    struct bounds open = {{NULL, 0}, {NULL, 0}};

    if (told->root == SARN__PAGE_NONE
            ? told->depth != 0
            : told->depth == 0 || told->depth >= SARN__DEPTH_MAX) {
        find(walk->check, "the database \"%s\" has an impossible depth", walk->name);
        return;
    }
    if (told->root != SARN__PAGE_NONE) {
        check_page(walk, told->root, 1, &open);
    }
    if (walk->check->findings == before && !is_over(walk->check) &&
        (told->entries != counted->entries || told->leaf_pages != counted->leaf_pages ||
         told->branch_pages != counted->branch_pages ||
         told->overflow_pages != counted->overflow_pages)) {
        find(
            walk->check,
            "the database \"%s\" says it has %llu entries and has %llu, or other pages",
            walk->name, (unsigned long long)told->entries,
            (unsigned long long)counted->entries);
    }
}

/* How many entries the tree of that name has in the main tree of meta; false: not to be
 * seen there. */
static bool entries_of(const struct check *check,
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
static void compare_snapshots(struct check *check)
{
    const struct sarn__page_meta *older =
        &check->pages->metas[1 - check->pages->newest];
    uint64_t before = 0, now = 0;

    if (older->txn_id < check->meta->txn_id && /* Else an owner went on meanwhile. */
        entries_of(check, older, SARN__DB_EVENTS, &before) &&
        entries_of(check, check->meta, SARN__DB_EVENTS, &now) && before > now) {
        find(check,
             "the meta page that does not count has %llu events and commits more than "
             "the "
             "one that does: a commit was in doubt and is lost, or a meta page is "
             "damaged and the last commit is missing",
             (unsigned long long)(before - now));
    }
}

static void check_trees(struct check *check)
{
    struct walk free = {.check = check,
                        .kind = KIND_FREE,
                        .name = "free pages",
                        .integer_keys = true,
                        .told = check->meta->free};
    struct walk main = {.check = check,
                        .kind = KIND_MAIN,
                        .name = "list of databases",
                        .told = check->meta->main};
    uint32_t known = 0;

    check_tree(&main);
    for (uint32_t i = 0; i < check->tree_count && !is_over(check); i++) {
        known += check->trees[i].kind != KIND_OTHER ? 1 : 0;
        check_tree(&check->trees[i]);
    }
    check_tree(&free);
    if (check->findings == 0 && !is_over(check) && known != 3) {
        find(check, "it is an LMDB file of another program, not a log of Sarn");
    }
    if (check->findings == 0 && !is_over(check)) {
        find_lost_pages(check); /* With damaged trees this would only repeat them. */
        compare_snapshots(check);
    }
}

sarn_status sarn__check_pages(const struct sarn__pages *pages,
                              struct sarn__check_options *options,
                              struct sarn_error *error)
{
    const struct sarn__page_meta *meta = &pages->metas[pages->newest];
    struct check check = {.pages = pages,
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
