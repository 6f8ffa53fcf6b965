#include <stdio.h>
#include <string.h>

#include "core/fail.h"
#include "engine/check_parts.h"
#include "engine/json_text.h"
#include "engine/projection_index.h"
#include "engine/tables_diff.h"

#define KEY_BYTES_SHOWN 48u

/* The tables that are a function of the log; checkpoints and snapshots depend on when
 * they were made. */
static const struct {
    uint32_t table;
    const char *name;
} core_tables[] = {
    {SARN__TABLE_NAMES, "stream names"},
    {SARN__TABLE_STREAMS, "stream heads"},
    {SARN__TABLE_ANCHORS, "stream anchors"},
    {SARN__TABLE_INTERNED, "names to numbers"},
    {SARN__TABLE_WORDS, "numbers to names"},
    {SARN__TABLE_SCHEMAS, "schemas"},
    {SARN__TABLE_KEYS, "idempotency keys"},
    {SARN__TABLE_CATEGORIES, "category index"},
    {SARN__TABLE_METADATA, "stream metadata"},
    {SARN__TABLE_EXECUTIONS, "executions awake"},
    {SARN__TABLE_PROJECTIONS, "projection registrations"},
    {SARN__TABLE_COUNTS, "counts"},
    {SARN__TABLE_DEFINITIONS, "workflow registrations"},
    {SARN__TABLE_TIMERS, "timers"},
    {SARN__TABLE_SLEEPERS, "executions asleep"},
    {SARN__TABLE_RUNS, "latest runs"},
};

/* --- one difference --- */

/* A key for a person: as text where it is text, else in hexadecimal. */
struct shown_key {
    char text[2 * KEY_BYTES_SHOWN + 4];
};

static struct shown_key show_key(struct sarn_str key)
{
    uint32_t size = key.size < KEY_BYTES_SHOWN ? key.size : KEY_BYTES_SHOWN;
    struct shown_key shown = {.text = "0x"};

    if (sarn__json_printable((struct sarn_str){key.data, size})) {
        (void)snprintf(shown.text, sizeof(shown.text), "'%.*s'", (int)size, key.data);
        return shown;
    }
    for (uint32_t i = 0; i < size; i++) {
        (void)snprintf(shown.text + 2 + 2 * (size_t)i, 3, "%02x",
                       (unsigned)(unsigned char)key.data[i]);
    }
    return shown;
}

struct comparing {
    struct sarn__checking *checking;
    const char *kind, *name; /* "table", "stream heads" */
    const struct sarn__view *view;
    bool entries; /* Index entries of view. */
};

/* The owner may have flushed what is newer than all that was folded here. */
static sarn_status is_ahead(struct comparing *comparing,
                            const struct sarn__difference *difference,
                            bool *ahead)
{
    struct sarn_log *log = comparing->checking->log;
    uint64_t position = difference->found_position;
    struct sarn__row_view view;

    if (!difference->found) { /* Removed by a later event? */
        SARN__TRY(sarn__tables_peek(log->store.tables, difference->table,
                                    difference->key, &view,
                                    comparing->checking->error));
        position = view.position;
    }
    *ahead = position > log->store.position;
    return SARN_OK;
}

/* An entry that no longer leads to its row: queries leave it out, and so does this. */
static sarn_status
is_left_over(struct comparing *comparing, struct sarn_str key, bool *left_over)
{
    struct sarn__projections *projections = comparing->checking->log->projections;
    const struct sarn_projection *projection = comparing->view->projection;
    struct sarn_str index_key, row_key, value;
    struct sarn__row_view view;
    uint32_t number;
    void *row;

    *left_over = false;
    if (sarn__entry_parse(key, &number, &index_key, &row_key) != SARN_OK ||
        number >= projection->index_count) {
        return SARN_OK;
    }
    SARN__TRY(sarn__tables_peek(projections->tables, sarn__view_rows(comparing->view),
                                row_key, &view, comparing->checking->error));
    if (!view.found) {
        *left_over = true;
        return SARN_OK;
    }
    sarn_arena_reset(projections->row_arena);
    value = (struct sarn_str){view.value, view.size};
    row = sarn_arena_alloc(projections->row_arena, projection->row->size);
    if (row == NULL ||
        sarn_arena_copy(projections->row_arena, value, &value) != SARN_OK) {
        return sarn__fail(comparing->checking->error, SARN_ERR_NOMEM,
                          "out of memory for a check");
    }
    *left_over = projections->codec->ops->decode(
                     projections->codec->self, projection->row, value, row,
                     projections->row_arena, NULL) == SARN_OK &&
                 !sarn__entry_holds(projection, number, row, index_key);
    return SARN_OK;
}

static sarn_status differ(void *arg, const struct sarn__difference *difference)
{
    struct comparing *comparing = arg;
    struct shown_key key = show_key(difference->key);
    bool excused;

    SARN__TRY(is_ahead(comparing, difference, &excused));
    if (!excused && comparing->entries && !difference->wanted) {
        SARN__TRY(is_left_over(comparing, difference->key, &excused));
    }
    if (!excused) {
        sarn__check_differs(comparing->checking, "%s '%.60s', key %s: the row %s",
                            comparing->kind, comparing->name, key.text,
                            !difference->found    ? "is missing"
                            : !difference->wanted ? "should not be there"
                                                  : "is not what the events give");
    }
    return SARN_OK;
}

/* --- all of them --- */

static sarn_status compare_table(struct comparing *comparing, uint32_t table)
{
    struct sarn__checking *checking = comparing->checking;

    return sarn__tables_diff(checking->shadow.tables, checking->log->store.tables,
                             table, &checking->ports.heap, differ, comparing,
                             &checking->check.rows, checking->error);
}

/* Both stopped at one event: what is stored is what the code gives, up to there. */
static bool runs(struct sarn__checking *checking,
                 const struct sarn__view *stored,
                 const struct sarn__view *folded)
{
    const struct sarn__view *stopped =
        stored->state == SARN__VIEW_STOPPED ? stored : folded;

    if (stopped->state == SARN__VIEW_STOPPED) {
        sarn__check_differs(checking, "%s", stopped->failure.text);
    }
    return stopped->state != SARN__VIEW_STOPPED;
}

static sarn_status compare_view(struct sarn__checking *checking,
                                const struct sarn__view *folded)
{
    const char *name = folded->projection->name;
    const struct sarn__view *stored =
        sarn__projections_find(checking->log->projections, sarn_str(name));
    struct comparing comparing = {
        .checking = checking, .kind = "projection", .name = name, .view = stored};

    if (!runs(checking, stored, folded)) {
        return SARN_OK;
    }
    SARN__TRY(compare_table(&comparing, sarn__view_rows(stored)));
    comparing.kind = "index entries of projection";
    comparing.entries = true;
    return compare_table(&comparing, sarn__view_entries(stored));
}

/* A projection that the log knows and this program does not, or not in that version. */
static sarn_status find_unknown(void *arg,
                                struct sarn_str name,
                                const struct sarn__registration *registration)
{
    struct sarn__checking *checking = arg;
    const struct sarn__view *view =
        sarn__projections_find(checking->log->projections, name);

    if (view == NULL || view->id != registration->id) {
        sarn__check_unchecked(checking,
                              "projection '%.*s', version %u: not checked, since its "
                              "code is not loaded",
                              (int)name.size, name.data, registration->version);
    }
    return SARN_OK;
}

sarn_status sarn__check_rows(struct sarn__checking *checking)
{
    for (size_t i = 0; i < sizeof(core_tables) / sizeof(core_tables[0]); i++) {
        struct comparing comparing = {
            .checking = checking, .kind = "table", .name = core_tables[i].name};

        SARN__TRY(compare_table(&comparing, core_tables[i].table));
    }
    for (uint32_t i = 0; i < checking->projections->count; i++) {
        SARN__TRY(compare_view(checking, &checking->projections->views[i]));
    }
    return sarn__check_survive(checking, sarn__store_projections(&checking->log->store,
                                                                 find_unknown, checking,
                                                                 checking->error));
}
