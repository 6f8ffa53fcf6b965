#include <stdalign.h>
#include <string.h>

#include "core/fail.h"
#include "engine/projection_index.h"
#include "engine/projection_state.h"

#define PAYLOAD_ALIGN 8u /* What the codec asks for. */

sarn_status sarn_keys_add(struct sarn_keys *keys, const struct sarn_key *key)
{
    if (key->size == 0 || key->size > SARN_ROW_KEY_BYTES_MAX) {
        return SARN_ERR_INVALID;
    }
    for (uint32_t i = 0; i < keys->count; i++) {
        if (keys->keys[i].size == key->size &&
            memcmp(keys->keys[i].bytes, key->bytes, key->size) == 0) {
            return SARN_OK; /* An event is folded into a row once. */
        }
    }
    if (keys->count == SARN__KEYS_MAX) {
        return SARN_ERR_TOO_LARGE;
    }
    keys->keys[keys->count].size = key->size;
    memcpy(keys->keys[keys->count].bytes, key->bytes, key->size);
    keys->count += 1;
    return SARN_OK;
}

bool sarn__view_wants(const struct sarn__view *view, const struct sarn_type *type)
{
    for (uint32_t i = 0; i < view->projection->event_count; i++) {
        if (view->events[i] == type) {
            return true;
        }
    }
    return false;
}

sarn_status sarn__view_stop(struct sarn__projections *projections,
                            struct sarn__view *view,
                            uint64_t position,
                            sarn_status status,
                            const char *what,
                            struct sarn_error *error)
{
    if (status == SARN_ERR_NOMEM) { /* Nobody's fault: what is missing is memory. */
        return sarn__fail(error, status,
                          "out of memory while projection '%.60s' folds position %llu",
                          view->projection->name, (unsigned long long)position);
    }
    view->state = SARN__VIEW_STOPPED;
    view->stopped_at = position;
    view->seen = position - 1;
    (void)!sarn__fail(
        &view->failure, status,
        "projection '%.60s' stopped at position %llu: %s; correct its code "
        "and open the log again",
        view->projection->name, (unsigned long long)position, what);
    sarn__projections_count_live(projections);
    return sarn__view_mark(projections, view, error);
}

/* What went wrong with one row, in words of the projection's author. */
struct trouble {
    const char *what; /* Not NULL: the projection is to be stopped. */
    sarn_status status;
    struct sarn_error error;
};

static bool went_wrong(struct trouble *trouble, sarn_status status, const char *what)
{
    if (status != SARN_OK) {
        trouble->what = what;
        trouble->status = status;
    }
    return status != SARN_OK;
}

/* --- index entries --- */

static bool index_keys(const struct sarn_projection *projection,
                       const void *row,
                       struct sarn_key *keys,
                       struct trouble *trouble)
{
    for (uint32_t i = 0; i < projection->index_count; i++) {
        keys[i].size = 0;
        if (went_wrong(trouble, projection->indexes[i].key(row, &keys[i]),
                       "its index function failed")) {
            return false;
        }
    }
    return true;
}

static bool same_key(const struct sarn_key *a, const struct sarn_key *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

enum change {
    REMOVE,
    WRITE,
    WRITE_NEW /* The row was not there before, and neither was an entry of it. */
};

/* Write or remove the entry of one index; an empty key has none. */
static sarn_status change_entry(struct sarn__projections *projections,
                                const struct sarn__view *view,
                                uint32_t index,
                                const struct sarn_key *key,
                                struct sarn_str row_key,
                                uint64_t position,
                                enum change change,
                                struct trouble *trouble,
                                struct sarn_error *error)
{
    const struct sarn_str nothing = {NULL, 0};
    struct sarn__entry entry;
    struct sarn_str bytes;

    if (key->size == 0 ||
        went_wrong(trouble,
                   sarn__entry_make(sarn__index_number(view->projection, index), key,
                                    row_key, &entry),
                   "an index key and its row's key are too long together")) {
        return SARN_OK;
    }
    bytes = (struct sarn_str){entry.bytes, entry.size};
    if (change == REMOVE) {
        return sarn__tables_remove(projections->tables, sarn__view_entries(view), bytes,
                                   position, error);
    }
    return (change == WRITE_NEW ? sarn__tables_insert : sarn__tables_put)(
        projections->tables, sarn__view_entries(view), bytes, nothing, position, error);
}

static sarn_status change_entries(struct sarn__projections *projections,
                                  const struct sarn__view *view,
                                  const struct sarn_row *row,
                                  uint64_t position,
                                  struct trouble *trouble,
                                  struct sarn_error *error)
{
    const struct sarn_key *old_keys = projections->old_keys;
    const struct sarn_key *new_keys = projections->new_keys;
    uint32_t count = view->projection->index_count;
    enum change write = row->existed ? WRITE : WRITE_NEW;

    /* All that go before all that come: keys of one index may have changed places. */
    for (uint32_t i = 0; i < count && trouble->what == NULL; i++) {
        if (!same_key(&old_keys[i], &new_keys[i])) {
            SARN__TRY(change_entry(projections, view, i, &old_keys[i], row->key,
                                   position, REMOVE, trouble, error));
        }
    }
    for (uint32_t i = 0; i < count && trouble->what == NULL; i++) {
        if (!same_key(&old_keys[i], &new_keys[i])) {
            SARN__TRY(change_entry(projections, view, i, &new_keys[i], row->key,
                                   position, write, trouble, error));
        }
    }
    return SARN_OK;
}

/* The row was flushed newer than the tables' through, its entries perhaps not: see to
 * it that the row as it is can be found. Entries of what it was before are left; a
 * query drops them. */
static sarn_status mend_entries(struct sarn__projections *projections,
                                const struct sarn__view *view,
                                struct sarn_str row_key,
                                const void *row,
                                uint64_t position,
                                struct trouble *trouble,
                                struct sarn_error *error)
{
    if (!index_keys(view->projection, row, projections->new_keys, trouble)) {
        return SARN_OK;
    }
    for (uint32_t i = 0; i < view->projection->index_count && trouble->what == NULL;
         i++) {
        SARN__TRY(change_entry(projections, view, i, &projections->new_keys[i], row_key,
                               position, WRITE, trouble, error));
    }
    return SARN_OK;
}

/* --- rows --- */

/* The row's struct as stored, or zeroes where there is none, in the row arena. It may
 * point into found's value, until the next call on the tables. */
static sarn_status unpack_row(struct sarn__projections *projections,
                              const struct sarn__view *view,
                              const struct sarn__row_view *found,
                              void **data,
                              struct sarn_error *error)
{
    const struct sarn_type *type = view->projection->row;
    struct sarn_str bytes = {found->value, found->size};

    *data = sarn_arena_alloc(projections->row_arena, type->size);
    if (*data == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a row");
    }
    if (!found->found) {
        return SARN_OK;
    }
    if ((uintptr_t)bytes.data % PAYLOAD_ALIGN != 0) {
        SARN__TRY(sarn_arena_copy(projections->row_arena, bytes, &bytes));
    }
    return projections->codec->ops->decode(projections->codec->self, type, bytes, *data,
                                           projections->row_arena, error);
}

static sarn_status store_row(struct sarn__projections *projections,
                             const struct sarn__view *view,
                             const struct sarn_row *row,
                             struct sarn__row_view *found,
                             uint64_t position,
                             struct trouble *trouble,
                             struct sarn_error *error)
{
    const struct sarn_codec *codec = projections->codec;
    uint32_t table = sarn__view_rows(view);
    struct sarn_str bytes;

    if (row->remove) {
        return row->existed ? sarn__tables_remove(projections->tables, table, row->key,
                                                  position, error)
                            : SARN_OK;
    }
    if (went_wrong(trouble,
                   codec->ops->encode(codec->self, view->projection->row, row->data,
                                      projections->row_arena, &bytes, &trouble->error),
                   trouble->error.text)) {
        return SARN_OK;
    }
    if (found->found && found->size == bytes.size) { /* Nearly all: in its place. */
        SARN__TRY(sarn__tables_change(projections->tables, table, row->key, position,
                                      found, error));
        if (bytes.size > 0) {
            memcpy(found->value, bytes.data, bytes.size);
        }
        return SARN_OK;
    }
    return sarn__tables_put(projections->tables, table, row->key, bytes, position,
                            error);
}

static void clear_keys(struct sarn_key *keys, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        keys[i].size = 0;
    }
}

/* The projection's own functions, on the row in memory. */
static bool apply(struct sarn__projections *projections,
                  const struct sarn__view *view,
                  struct sarn_row *row,
                  const struct sarn_event *event,
                  struct trouble *trouble)
{
    const struct sarn_projection *projection = view->projection;

    clear_keys(projections->old_keys, projection->index_count);
    clear_keys(projections->new_keys, projection->index_count);
    if (row->existed &&
        !index_keys(projection, row->data, projections->old_keys, trouble)) {
        return false;
    }
    if (went_wrong(trouble, projection->apply(row, event), "its apply failed")) {
        return false;
    }
    return row->remove ||
           index_keys(projection, row->data, projections->new_keys, trouble);
}

static sarn_status fold_row(struct sarn__projections *projections,
                            const struct sarn__view *view,
                            const struct sarn_key *key,
                            const struct sarn_event *event,
                            struct trouble *trouble,
                            struct sarn_error *error)
{
    struct sarn_row row = {.key = {(const char *)key->bytes, key->size},
                           .arena = projections->row_arena};
    struct sarn__row_view found;

    sarn_arena_reset(projections->row_arena);
    SARN__TRY(sarn__tables_peek(projections->tables, sarn__view_rows(view), row.key,
                                &found, error));
    if (found.position >= event->position &&
        (!found.found || view->projection->index_count == 0)) {
        return SARN_OK; /* Seen. */
    }
    SARN__TRY(unpack_row(projections, view, &found, &row.data, error));
    if (found.position >= event->position) {
        return mend_entries(projections, view, row.key, row.data, found.position,
                            trouble, error);
    }
    row.existed = found.found;
    if (!apply(projections, view, &row, event, trouble)) {
        return SARN_OK;
    }
    SARN__TRY(
        store_row(projections, view, &row, &found, event->position, trouble, error));
    return trouble->what != NULL ? SARN_OK
                                 : change_entries(projections, view, &row,
                                                  event->position, trouble, error);
}

sarn_status sarn__view_fold(struct sarn__projections *projections,
                            struct sarn__view *view,
                            const struct sarn_event *event,
                            struct sarn_error *error)
{
    struct trouble trouble = {.what = NULL};

    projections->keys.count = 0;
    if (!went_wrong(&trouble, view->projection->keys(event, &projections->keys),
                    "its keys failed")) {
        for (uint32_t i = 0; i < projections->keys.count && trouble.what == NULL; i++) {
            SARN__TRY(fold_row(projections, view, &projections->keys.keys[i], event,
                               &trouble, error));
        }
    }
    return trouble.what == NULL ? SARN_OK
                                : sarn__view_stop(projections, view, event->position,
                                                  trouble.status, trouble.what, error);
}

/* --- events --- */

static bool has_to_see(const struct sarn__view *view,
                       enum sarn__view_state state,
                       uint64_t position)
{
    return view->state == state &&
           (state != SARN__VIEW_BEHIND || view->seen < position);
}

/* The event cannot be read: that stops whoever wants it. */
static sarn_status stop_all(struct sarn__projections *projections,
                            enum sarn__view_state state,
                            const struct sarn__record *record,
                            const struct sarn_error *why,
                            struct sarn_error *error)
{
    const struct sarn_type *type =
        sarn__decoder_type(projections->decoder, record->type);

    for (uint32_t i = 0; i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];

        if (has_to_see(view, state, record->position) && sarn__view_wants(view, type)) {
            SARN__TRY(sarn__view_stop(projections, view, record->position, why->status,
                                      why->text, error));
        }
    }
    return SARN_OK;
}

sarn_status sarn__views_fold(struct sarn__projections *projections,
                             enum sarn__view_state state,
                             const struct sarn__record *record,
                             const struct sarn_event *event,
                             struct sarn_error *error)
{
    struct sarn_event decoded;
    struct sarn_error why;

    if (event == NULL) {
        sarn_arena_reset(projections->arena);
        if (sarn__decoder_event(projections->decoder, record, 0, projections->arena,
                                &decoded, &why) != SARN_OK) {
            return stop_all(projections, state, record, &why, error);
        }
        event = &decoded;
    }
    for (uint32_t i = 0; event->type != NULL && i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];

        if (has_to_see(view, state, event->position) &&
            sarn__view_wants(view, event->type)) {
            SARN__TRY(sarn__view_fold(projections, view, event, error));
        }
    }
    return SARN_OK;
}
