#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/projection_index.h"
#include "engine/projection_state.h"
#include "engine/table_cursor.h"

/* Rows are handed out outside of any scan: so a handler may ask the log something
 * else. */
struct query {
    struct sarn__projections *projections;
    struct sarn__view *view;
    const struct sarn_query *options;
    const struct sarn_index *index; /* NULL: by row key. */
    uint32_t index_number;
    sarn_row_fn *handler;
    void *arg;
    struct sarn_error *error;
    struct sarn__bounds bounds;
    uint64_t left; /* Rows that may still be handed out. */
    struct sarn_arena *row_arena;
};

/* --- handing out --- */

/* value is 8-aligned. */
static sarn_status decode(const struct sarn__projections *projections,
                          const struct sarn__view *view,
                          struct sarn_str value,
                          struct sarn_arena *arena,
                          void **row,
                          struct sarn_error *error)
{
    const struct sarn_codec *codec = projections->codec;
    const struct sarn_type *type = view->projection->row;

    *row = sarn_arena_alloc(arena, type->size);
    if (*row == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a query");
    }
    return codec->ops->decode(codec->self, type, value, *row, arena, error);
}

static sarn_status hand_out(struct query *query, struct sarn_str key, const void *row)
{
    sarn_status status;

    query->left -= 1;
    status = query->handler(query->arg, key, row);
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(query->error, status,
                            "the handler ended the query of projection '%.60s': %s",
                            query->view->projection->name, sarn_status_text(status));
}

/* A crash between the flush of a row and that of its entries may leave an entry behind.
 * One that is as old as what was folded is of no use to anybody. */
static sarn_status drop_entry(struct sarn__projections *projections,
                              const struct sarn__view *view,
                              const struct sarn__cursor_row *entry,
                              struct sarn_error *error)
{
    return entry->position > projections->store->position
               ? SARN_OK
               : sarn__tables_remove(projections->tables, sarn__view_entries(view),
                                     entry->key, projections->store->position, error);
}

sarn_status sarn__view_entry_row(struct sarn__projections *projections,
                                 const struct sarn__view *view,
                                 const struct sarn__cursor_row *entry,
                                 struct sarn_arena *arena,
                                 struct sarn_str *row_key,
                                 void **row,
                                 struct sarn_error *error)
{
    struct sarn_str index_key, value;
    struct sarn__row_view found;
    uint32_t number;
    void *data;

    *row = NULL;
    if (sarn__entry_parse(entry->key, &number, &index_key, row_key) != SARN_OK ||
        number >= view->projection->index_count) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "an index entry of projection '%.60s' does not read; "
                          "rebuild the projection",
                          view->projection->name);
    }
    SARN__TRY(sarn__tables_peek(projections->tables, sarn__view_rows(view), *row_key,
                                &found, error));
    if (!found.found) {
        return drop_entry(projections, view, entry, error);
    }
    if (sarn_arena_copy(arena, (struct sarn_str){found.value, found.size}, &value) !=
        SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a query");
    }
    SARN__TRY(decode(projections, view, value, arena, &data, error));
    if (!sarn__entry_holds(view->projection, number, data, index_key)) {
        return drop_entry(projections, view, entry, error);
    }
    *row = data;
    return SARN_OK;
}

static sarn_status hand_out_entry(struct query *query,
                                  const struct sarn__cursor_row *entry)
{
    struct sarn_str row_key;
    void *row;

    SARN__TRY(sarn__view_entry_row(query->projections, query->view, entry,
                                   query->row_arena, &row_key, &row, query->error));
    return row == NULL ? SARN_OK : hand_out(query, row_key, row);
}

static sarn_status hand_out_row(struct query *query, const struct sarn__cursor_row *row)
{
    void *data;

    SARN__TRY(decode(query->projections, query->view, row->value, query->row_arena,
                     &data, query->error));
    return hand_out(query, row->key, data);
}

static sarn_status run_cursor(struct query *query, struct sarn__cursor *cursor)
{
    const struct sarn__cursor_row *row;

    do {
        SARN__TRY(sarn__cursor_next(cursor, &row, query->error));
        sarn_arena_reset(query->row_arena);
        if (row != NULL) {
            SARN__TRY(query->index != NULL ? hand_out_entry(query, row)
                                           : hand_out_row(query, row));
        }
    } while (row != NULL && query->left > 0);
    return SARN_OK;
}

static sarn_status run(struct query *query)
{
    struct sarn__projections *projections = query->projections;
    const struct sarn_table_range range = {
        .table = query->index == NULL ? sarn__view_rows(query->view)
                                      : sarn__view_entries(query->view),
        .backward = (query->options->flags & SARN_READ_BACKWARD) != 0,
        .from = {query->bounds.from.bytes, query->bounds.from.size},
        .to = {query->bounds.to.bytes, query->bounds.to.size},
    };
    struct sarn__cursor cursor;
    sarn_status status;

    SARN__TRY(sarn__cursor_init(&cursor, projections->tables, &range,
                                &projections->heap, query->error));
    status = run_cursor(query, &cursor);
    sarn__cursor_done(&cursor);
    return status;
}

/* --- questions --- */

sarn_status sarn__projections_ask(const struct sarn__projections *projections,
                                  struct sarn_str name,
                                  struct sarn__view **view,
                                  struct sarn_error *error)
{
    struct sarn__view *found = sarn__projections_find(projections, name);

    if (found == NULL) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no module here has a projection '%.*s'",
                          (int)(name.size > 60 ? 60 : name.size), name.data);
    }
    if (found->state == SARN__VIEW_UNBOUND) {
        return sarn__fail(
            error, SARN_ERR_STATE,
            "the log has no rows for version %u of projection '%.60s'; open "
            "it for writing with this module once",
            found->projection->version, found->projection->name);
    }
    if (found->state == SARN__VIEW_STOPPED) {
        sarn_status status = found->failure.status;

        assert(status != SARN_OK);
        return sarn__fail(error, status, "%s", found->failure.text);
    }
    *view = found;
    return SARN_OK;
}

static sarn_status find_index(struct query *query)
{
    const struct sarn_projection *projection = query->view->projection;

    for (uint32_t i = 0; i < projection->index_count; i++) {
        if (strcmp(projection->indexes[i].name, query->options->index) == 0) {
            query->index = &projection->indexes[i];
            query->index_number = i;
            return SARN_OK;
        }
    }
    return sarn__fail(query->error, SARN_ERR_NOT_FOUND,
                      "projection '%.60s' has no index '%.60s'", projection->name,
                      query->options->index);
}

static sarn_status prepare(struct query *query)
{
    const struct sarn_query *options = query->options;
    char prefix[4];

    if (options->projection == NULL || options->from.size > SARN_ROW_KEY_BYTES_MAX ||
        options->to.size > SARN_ROW_KEY_BYTES_MAX) {
        return sarn__fail(query->error, SARN_ERR_INVALID,
                          "a query names a projection, and its keys have at most %u "
                          "bytes",
                          SARN_ROW_KEY_BYTES_MAX);
    }
    SARN__TRY(sarn__projections_ask(query->projections, sarn_str(options->projection),
                                    &query->view, query->error));
    if (options->index != NULL) {
        SARN__TRY(find_index(query));
    }
    prefix[0] = (char)(query->index_number >> 24);
    prefix[1] = (char)(query->index_number >> 16);
    prefix[2] = (char)(query->index_number >> 8);
    prefix[3] = (char)query->index_number;
    sarn__bounds_make(prefix, query->index == NULL ? 0 : (uint32_t)sizeof(prefix),
                      &options->from, &options->to, &query->bounds);
    query->left = options->limit == 0 ? UINT64_MAX : options->limit;
    return SARN_OK;
}

sarn_status sarn__projections_query(struct sarn__projections *projections,
                                    const struct sarn_query *options,
                                    sarn_row_fn *handler,
                                    void *arg,
                                    struct sarn_error *error)
{
    struct query query = {.projections = projections,
                          .options = options,
                          .handler = handler,
                          .arg = arg,
                          .error = error};
    sarn_status status;

    query.row_arena = sarn_arena_create(&projections->heap);
    if (query.row_arena == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a query");
    }
    status = prepare(&query);
    if (status == SARN_OK) {
        status = run(&query);
    }
    sarn_arena_destroy(query.row_arena);
    return status;
}

sarn_status sarn__projections_row(struct sarn__projections *projections,
                                  struct sarn_str name,
                                  const struct sarn_key *key,
                                  struct sarn_arena *arena,
                                  void *row,
                                  struct sarn_error *error)
{
    const struct sarn_codec *codec = projections->codec;
    struct sarn__view *view;
    struct sarn__row_view found = {0};
    struct sarn_str value;

    if (key->size == 0 || key->size > SARN_ROW_KEY_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_INVALID, "a row's key has 1 to %u bytes",
                          SARN_ROW_KEY_BYTES_MAX);
    }
    SARN__TRY(sarn__projections_ask(projections, name, &view, error));
    SARN__TRY(sarn__tables_peek(projections->tables, sarn__view_rows(view),
                                (struct sarn_str){(const char *)key->bytes, key->size},
                                &found, error));
    if (!found.found) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "projection '%.60s' has no row of that key",
                          view->projection->name);
    }
    if (sarn_arena_copy(arena, (struct sarn_str){found.value, found.size}, &value) !=
        SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a row");
    }
    return codec->ops->decode(codec->self, view->projection->row, value, row, arena,
                              error);
}
