#include "engine/execution_search.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "core/tree.h"
#include "engine/execution_rows.h"
#include "engine/projection_index.h"
#include "engine/projection_state.h"
#include "sarn/workflow.h"

#define TIME_BYTES   8u /* At the end of every index key. */
#define NUMBER_BYTES 4u /* Of the index, before it. */
#define SOURCES_MAX  65536u

/* One list, and where the merge is in it. */
struct source {
    struct sarn__cursor cursor;
    struct sarn__bounds bounds;
    const struct sarn__cursor_row *entry; /* NULL: at the end. */
    struct sarn_str started, row_key;     /* In entry. */
};

struct search {
    struct sarn__projections *projections;
    const struct sarn_execution_filter *filter;
    struct sarn__view *view;
    struct source **sources;
    uint32_t count, room;
    uint64_t left;
    struct sarn_arena *arena; /* Of one row. */
    sarn__entry_fn *visit;
    void *arg;
    struct sarn_error *error;
};

static bool backward(const struct search *search)
{
    return (search->filter->flags & SARN_READ_BACKWARD) != 0;
}

static sarn_status no_memory(const struct search *search)
{
    return sarn__fail(search->error, SARN_ERR_NOMEM,
                      "out of memory for a search of executions");
}

/* --- lists --- */

static void index_prefix(uint32_t index, char prefix[NUMBER_BYTES])
{
    memset(prefix, 0, NUMBER_BYTES);
    prefix[NUMBER_BYTES - 1] = (char)index;
}

struct first {
    char bytes[SARN__TABLE_KEY_BYTES_MAX];
    uint32_t size;
};

static sarn_status
take_first(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct first *first = arg;

    (void)value;
    (void)position;
    memcpy(first->bytes, key.data, key.size);
    first->size = key.size;
    return SARN_ERR_FULL; /* One will do. */
}

/* The list of the first entry at or after from, before to; its workflow is in first. */
static sarn_status next_list(struct search *search,
                             const struct sarn__entry *from,
                             const struct sarn__entry *to,
                             struct first *first,
                             struct sarn__execution_list *list)
{
    const struct sarn_table_range range = {.table = sarn__view_entries(search->view),
                                           .from = {from->bytes, from->size},
                                           .to = {to->bytes, to->size}};
    struct sarn_str index_key, row_key;
    uint32_t number;
    sarn_status status;

    first->size = 0;
    status = sarn__tables_scan(search->projections->tables, &range, take_first, first,
                               search->error);
    if (status != SARN_OK && first->size == 0) {
        return status;
    }
    if (first->size == 0) {
        return SARN_OK;
    }
    if (sarn__entry_parse((struct sarn_str){first->bytes, first->size}, &number,
                          &index_key, &row_key) != SARN_OK ||
        sarn__state_key_parse(index_key, &list->tenant, &list->workflow, &list->status,
                              &list->fingerprint) != SARN_OK) {
        return sarn__fail(search->error, SARN_ERR_CORRUPT,
                          "an index entry of executions does not read; rebuild the "
                          "projection '%s'",
                          SARN__EXECUTIONS_NAME);
    }
    return SARN_OK;
}

/* Every list whose key begins with prefix. */
static sarn_status each_list(struct search *search,
                             const struct sarn_key *prefix,
                             sarn__list_fn *visit,
                             void *arg)
{
    struct sarn__execution_list list;
    struct sarn__bounds all, one;
    char number[NUMBER_BYTES];
    struct sarn_key key;
    struct first first;

    index_prefix(SARN__BY_STATE, number);
    sarn__bounds_make(number, sizeof(number), prefix, prefix, &all);
    for (;;) {
        SARN__TRY(next_list(search, &all.from, &all.to, &first, &list));
        if (first.size == 0) {
            return SARN_OK;
        }
        SARN__TRY(visit(arg, &list));
        if (sarn__state_key(list.tenant, list.workflow, list.status, &list.fingerprint,
                            &key) != SARN_OK) {
            return SARN_ERR_CORRUPT; /* It was parsed from one of that size. */
        }
        sarn__bounds_make(number, sizeof(number), &key, &key, &one);
        if (one.to.size == 0) {
            return SARN_OK;
        }
        all.from = one.to; /* Past all of this list. */
    }
}

/* --- sources --- */

static sarn_status step(struct search *search, struct source *source)
{
    struct sarn_str index_key;
    uint32_t number;

    SARN__TRY(sarn__cursor_next(&source->cursor, &source->entry, search->error));
    if (source->entry == NULL) {
        return SARN_OK;
    }
    if (sarn__entry_parse(source->entry->key, &number, &index_key, &source->row_key) !=
            SARN_OK ||
        index_key.size < TIME_BYTES) {
        return sarn__fail(search->error, SARN_ERR_CORRUPT,
                          "an index entry of executions does not read; rebuild the "
                          "projection '%s'",
                          SARN__EXECUTIONS_NAME);
    }
    source->started =
        (struct sarn_str){index_key.data + index_key.size - TIME_BYTES, TIME_BYTES};
    return SARN_OK;
}

static sarn_status make_room(struct search *search)
{
    uint32_t room = search->room == 0 ? 16 : search->room * 2;
    struct source **sources = search->sources;

    if (search->count < search->room) {
        return SARN_OK;
    }
    if (search->count == SOURCES_MAX) {
        return sarn__fail(
            search->error, SARN_ERR_TOO_LARGE,
            "a search over more than %u workflows, statuses and versions; "
            "name the workflow",
            SOURCES_MAX);
    }
    sources = sarn__heap_resize(&search->projections->heap, sources,
                                room * sizeof(struct source *));
    if (sources == NULL) {
        return no_memory(search);
    }
    search->sources = sources;
    search->room = room;
    return SARN_OK;
}

/* Look through the entries of index that begin with key and were started in time. */
static sarn_status
add_source(struct search *search, uint32_t index, const struct sarn_key *key)
{
    const struct sarn_execution_filter *filter = search->filter;
    struct sarn_key from = *key, to = *key;
    struct sarn_table_range range = {.table = sarn__view_entries(search->view),
                                     .backward = backward(search)};
    char number[NUMBER_BYTES];
    struct source *source;

    if ((filter->from_us != 0 && sarn_key_add_i64(&from, filter->from_us) != SARN_OK) ||
        (filter->to_us != 0 && sarn_key_add_i64(&to, filter->to_us) != SARN_OK)) {
        return sarn__fail(search->error, SARN_ERR_INVALID, "too long a workflow name");
    }
    SARN__TRY(make_room(search));
    source = sarn__heap_alloc(&search->projections->heap, sizeof(*source));
    if (source == NULL) {
        return no_memory(search);
    }
    index_prefix(index, number);
    sarn__bounds_make(number, sizeof(number), &from, &to, &source->bounds);
    range.from = (struct sarn_str){source->bounds.from.bytes, source->bounds.from.size};
    range.to = (struct sarn_str){source->bounds.to.bytes, source->bounds.to.size};
    if (sarn__cursor_init(&source->cursor, search->projections->tables, &range,
                          &search->projections->heap, search->error) != SARN_OK) {
        sarn__heap_free(&search->projections->heap, source);
        return SARN_ERR_NOMEM;
    }
    search->sources[search->count++] = source;
    return step(search, source);
}

static sarn_status add_list(void *arg, const struct sarn__execution_list *list)
{
    struct search *search = arg;
    struct sarn_key key;

    if (search->filter->status != 0 && search->filter->status != list->status) {
        return SARN_OK;
    }
    SARN__TRY(sarn__state_key(list->tenant, list->workflow, list->status,
                              &list->fingerprint, &key));
    return add_source(search, SARN__BY_STATE, &key);
}

static sarn_status add_sources(struct search *search)
{
    const struct sarn_execution_filter *filter = search->filter;
    struct sarn_key key;
    sarn_status status;

    if (filter->attribute_count > 0) {
        status = sarn__attribute_key(filter->tenant, filter->attributes[0].name,
                                     filter->attributes[0].value, &key);
        return status == SARN_ERR_TOO_LARGE
                   ? SARN_OK /* Nobody can have it. */
                   : add_source(search, SARN__BY_ATTRIBUTE, &key);
    }
    if (sarn__state_key(filter->tenant, filter->workflow, filter->status, NULL, &key) !=
        SARN_OK) {
        return SARN_OK;
    }
    return each_list(search, &key, add_list, search);
}

static void drop_sources(struct search *search)
{
    for (uint32_t i = 0; i < search->count; i++) {
        sarn__cursor_done(&search->sources[i]->cursor);
        sarn__heap_free(&search->projections->heap, search->sources[i]);
    }
    sarn__heap_free(&search->projections->heap, search->sources);
}

/* --- the merge --- */

static int compare(const struct source *a, const struct source *b)
{
    int order = memcmp(a->started.data, b->started.data, TIME_BYTES);

    return order != 0 ? order : sarn__bytes_compare(a->row_key, b->row_key);
}

static struct source *pick(const struct search *search)
{
    struct source *best = NULL;

    for (uint32_t i = 0; i < search->count; i++) {
        struct source *source = search->sources[i];

        if (source->entry != NULL &&
            (best == NULL || (backward(search) ? compare(source, best) > 0
                                               : compare(source, best) < 0))) {
            best = source;
        }
    }
    return best;
}

static bool has_attribute(const struct sarn_execution_entry *entry,
                          const struct sarn_attribute *attribute)
{
    for (uint32_t i = 0; i < entry->attributes.size; i++) {
        if (sarn_str_equal(entry->attributes.data[i].name, attribute->name) &&
            sarn_str_equal(entry->attributes.data[i].value, attribute->value)) {
            return true;
        }
    }
    return false;
}

static bool matches(const struct sarn_execution_filter *filter,
                    const struct sarn_execution_entry *entry)
{
    bool all = (filter->workflow.size == 0 ||
                sarn_str_equal(filter->workflow, entry->workflow)) &&
               (filter->status == 0 || filter->status == entry->status);

    for (uint32_t i = 0; all && i < filter->attribute_count; i++) {
        all = has_attribute(entry, &filter->attributes[i]);
    }
    return all;
}

static sarn_status merge(struct search *search)
{
    struct source *source;

    while (search->left > 0 && (source = pick(search)) != NULL) {
        struct sarn_str row_key;
        void *row;

        sarn_arena_reset(search->arena);
        SARN__TRY(sarn__view_entry_row(search->projections, search->view, source->entry,
                                       search->arena, &row_key, &row, search->error));
        if (row != NULL && matches(search->filter, row)) {
            search->left -= 1;
            SARN__TRY(search->visit(search->arg, row));
        }
        SARN__TRY(step(search, source));
    }
    return SARN_OK;
}

/* --- questions --- */

static sarn_status begin(struct search *search)
{
    SARN__TRY(sarn__projections_ask(search->projections,
                                    sarn_str(SARN__EXECUTIONS_NAME), &search->view,
                                    search->error));
    search->arena = sarn_arena_create(&search->projections->heap);
    return search->arena == NULL ? no_memory(search) : SARN_OK;
}

static sarn_status run(struct search *search)
{
    SARN__TRY(begin(search));
    SARN__TRY(add_sources(search));
    return merge(search);
}

sarn_status sarn__execution_search(struct sarn__projections *projections,
                                   const struct sarn_execution_filter *filter,
                                   sarn__entry_fn *visit,
                                   void *arg,
                                   struct sarn_error *error)
{
    struct search search = {.projections = projections,
                            .filter = filter,
                            .left = filter->limit == 0 ? UINT64_MAX : filter->limit,
                            .visit = visit,
                            .arg = arg,
                            .error = error};
    sarn_status status;

    if (filter->attribute_count > SARN_ATTRIBUTES_MAX ||
        (filter->attribute_count > 0 && filter->attributes == NULL)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a search is for at most %u attributes, not %u",
                          SARN_ATTRIBUTES_MAX, filter->attribute_count);
    }
    status = run(&search);
    drop_sources(&search);
    sarn_arena_destroy(search.arena);
    return status;
}

sarn_status sarn__execution_lists(struct sarn__projections *projections,
                                  sarn__list_fn *visit,
                                  void *arg,
                                  struct sarn_error *error)
{
    struct search search = {.projections = projections, .error = error};
    const struct sarn_key everything = {.size = 0};

    SARN__TRY(sarn__projections_ask(projections, sarn_str(SARN__EXECUTIONS_NAME),
                                    &search.view, error));
    return each_list(&search, &everything, visit, arg);
}

sarn_status sarn__execution_list(struct sarn__projections *projections,
                                 const struct sarn__execution_list *list,
                                 sarn__entry_fn *visit,
                                 void *arg,
                                 struct sarn_error *error)
{
    const struct sarn_execution_filter filter = {.status = list->status};
    struct search search = {.projections = projections,
                            .filter = &filter,
                            .left = UINT64_MAX,
                            .visit = visit,
                            .arg = arg,
                            .error = error};
    sarn_status status = begin(&search);

    if (status == SARN_OK) {
        status = add_list(&search, list);
    }
    if (status == SARN_OK) {
        status = merge(&search);
    }
    drop_sources(&search);
    sarn_arena_destroy(search.arena);
    return status;
}
