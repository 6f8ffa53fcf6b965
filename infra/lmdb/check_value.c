#include "infra/lmdb/check_walk.h"

#include <stdio.h>
#include <string.h>

#include "core/heap.h"

/* The value of a leaf's entry, from overflow pages if it lies there; false: damaged. */
static bool get_value(struct sarn__walk *walk,
                      const struct sarn__node *node,
                      struct sarn_str *value)
{
    struct sarn__check *check = walk->check;
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
        sarn__check_find(check, "page %llu (%s, a large value) is damaged",
                         (unsigned long long)number, walk->name);
        return false;
    }
    run = sarn__page_run(head);
    walk->counted.overflow_pages += run;
    if (!sarn__check_claim(check, number, run, walk->name)) {
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
        sarn__check_find(check, "page %llu (%s, a large value) was cut off",
                         (unsigned long long)number, walk->name);
        return false;
    }
    value->data = (const char *)check->big + SARN__PAGE_HEAD;
    sarn__check_idle(check, number, 8, 2);
    sarn__check_idle(check, number, SARN__PAGE_HEAD + (uint64_t)node->value_bytes,
                     run * check->pages->page_bytes - SARN__PAGE_HEAD -
                         node->value_bytes);
    return true;
}

/* bytes of an entry's value from at on are idle. */
static void note_idle(const struct sarn__walk *walk,
                      const struct sarn__node *node,
                      uint64_t at,
                      uint64_t bytes)
{
    uint64_t number = walk->number, begin = (uint64_t)(node->value - walk->page);

    if ((node->flags & SARN__NODE_BIG) != 0) {
        memcpy(&number, node->value, sizeof(number));
        begin = SARN__PAGE_HEAD;
    }
    sarn__check_idle(walk->check, number, begin + at, bytes);
}

/* The pages that one transaction freed: how many, then their numbers, falling. */
static void check_free(struct sarn__walk *walk,
                       const struct sarn__node *node,
                       struct sarn_str value)
{
    struct sarn__check *check = walk->check;
    uint64_t count = 0, number, before = UINT64_MAX;

    memcpy(&walk->last_key, node->key.data, sizeof(walk->last_key));
    if (walk->last_key == 0 || walk->last_key > check->meta->txn_id) {
        sarn__check_find(check,
                         "a list of free pages is of transaction %llu, which has not "
                         "been",
                         (unsigned long long)walk->last_key);
        return;
    }

    if (value.size >= sizeof(count)) {
        memcpy(&count, value.data, sizeof(count));
    }
    if (value.size < sizeof(count) || value.size % 8 != 0 ||
        count > value.size / 8 - 1) {
        sarn__check_find(check,
                         "a list of free pages is damaged: its size is impossible");
        return;
    }
    for (uint64_t i = 1; i <= count && !sarn__check_is_over(check); i++) {
        memcpy(&number, value.data + 8 * i, sizeof(number));
        if (number >= before) {
            sarn__check_find(check, "a list of free pages is out of order at page %llu",
                             (unsigned long long)number);
            return;
        }
        before = number;
        if (number >= check->there && number <= check->meta->last_page) {
            check->free_beyond += 1;
        } else if (sarn__check_claim(check, number, 1, "free")) {
            sarn__check_idle(check, number, 0, check->pages->page_bytes);
        }
    }
    if (walk->last_key != check->meta->txn_id) { /* Any other that is past will do. */
        sarn__check_idle(check, walk->number,
                         (uint64_t)((const uint8_t *)node->key.data - walk->page), 8);
    }
    note_idle(walk, node, 8 * (count + 1), value.size - 8 * (count + 1));
}

static enum sarn__walk_kind kind_of(struct sarn_str name)
{
    static const struct {
        const char *name;
        enum sarn__walk_kind kind;
    } known[] = {{SARN__DB_META, SARN__WALK_META},
                 {SARN__DB_EVENTS, SARN__WALK_EVENTS},
                 {SARN__DB_ROWS, SARN__WALK_ROWS}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (sarn_str_equal(name, sarn_str(known[i].name))) {
            return known[i].kind;
        }
    }
    return SARN__WALK_OTHER;
}

/* An entry of the main tree: another tree, walked later. */
static void note_tree(struct sarn__check *check, const struct sarn__node *node)
{
    struct sarn__walk *tree = &check->trees[check->tree_count];
    uint16_t wanted;

    if (node->flags != SARN__NODE_TREE || node->value_bytes != SARN__TREE_BYTES ||
        check->tree_count == SARN__LMDB_DBS_MAX) {
        sarn__check_find(check, "the list of databases is damaged");
        return;
    }
    *tree = (struct sarn__walk){.check = check, .kind = kind_of(node->key)};
    snprintf(tree->name, sizeof(tree->name), "%.*s",
             (int)(node->key.size < 24 ? node->key.size : 24), node->key.data);
    tree->told = sarn__tree_get(node->value);
    tree->integer_keys = (tree->told.flags & SARN__TREE_INTEGER_KEY) != 0;
    wanted = tree->kind == SARN__WALK_EVENTS ? SARN__TREE_INTEGER_KEY : 0;
    if (tree->told.flags != wanted) {
        sarn__check_find(check,
                         "the database \"%s\" has flags (0x%x) that Sarn's have not",
                         tree->name, tree->told.flags);
        return;
    }
    check->tree_count += 1;
}

static void check_meta_value(struct sarn__walk *walk,
                             const struct sarn__node *node,
                             struct sarn_str value)
{
    struct sarn__check *check = walk->check;
    const struct sarn_str key = node->key;
    bool is_file = sarn_str_equal(key, sarn_str(SARN__FILE_KEY));
    bool is_state = sarn_str_equal(key, sarn_str(SARN__STATE_KEY));
    struct sarn__file_state state;
    struct sarn__file file;
    struct sarn_error error;

    check->has_file |= is_file;
    check->has_state |= is_state;
    if (is_file && sarn__file_decode(value, &check->options->hash, false, &file,
                                     &error) != SARN_OK) {
        sarn__check_find(check, "%s", error.text);
    }
    if (!is_file && !is_state) {
        note_idle(walk, node, 0, value.size); /* Readers ignore it. */
    }
    if (!is_state) {
        return;
    }
    if (sarn__file_state_decode(value, &check->options->hash, &state, &error) !=
        SARN_OK) {
        sarn__check_find(check, "%s", error.text);
        return;
    }
    check->state = state;
    if (state.through > check->last_position && check->findings == 0) {
        sarn__check_find(check,
                         "the tables reach position %llu and the log ends at %llu",
                         (unsigned long long)state.through,
                         (unsigned long long)check->last_position);
    }
}

static void
check_event(struct sarn__walk *walk, struct sarn_str key, struct sarn_str value)
{
    struct sarn__check *check = walk->check;
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

static void
check_row(struct sarn__check *check, struct sarn_str key, struct sarn_str value)
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
            check->rows_sum += sum;
            return;
        }
    }
    memcpy(&table, key.data, key.size < sizeof(table) ? key.size : sizeof(table));
    sarn__check_find(check, "a row of table %u is damaged: its checksum does not match",
                     key.size < sizeof(table) ? 0 : __builtin_bswap32(table));
}

void sarn__check_entry(struct sarn__walk *walk, const struct sarn__node *node)
{
    struct sarn__check *check = walk->check;
    struct sarn_str value;

    walk->counted.entries += 1;
    if (walk->kind == SARN__WALK_MAIN) {
        note_tree(check, node);
        note_idle(walk, node, 0, 4); /* A field that is not used. */
        return;
    }
    if ((node->flags & ~SARN__NODE_BIG) != 0) {
        sarn__check_find(check,
                         "an entry of \"%s\" has flags (0x%x) that Sarn's have not",
                         walk->name, node->flags);
        return;
    }
    if (!get_value(walk, node, &value)) {
        return;
    }
    if (walk->kind == SARN__WALK_FREE) {
        check_free(walk, node, value);
    } else if (walk->kind == SARN__WALK_EVENTS) {
        check_event(walk, node->key, value);
    } else if (walk->kind == SARN__WALK_META) {
        check_meta_value(walk, node, value);
    } else if (walk->kind == SARN__WALK_ROWS) {
        check_row(check, node->key, value);
    } else {
        note_idle(walk, node, 0, value.size); /* Readers ignore it. */
    }
}
