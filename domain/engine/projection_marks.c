/* How far each projection has got, kept as a row of SARN__TABLE_CHECKPOINTS:
 *   key    u32 id, big-endian
 *   value  u64 position it stopped at (0: it runs), then twice u64 fold, u64 seen
 *
 * Two marks are kept: one that counts already, and a newer one that will once the
 * tables' through has passed it. Were there one only, it would be replaced before it
 * counts, again and again.
 *
 * A writer that does not know the projection's code takes its promise away that it sees
 * everything: it has seen what it had when that writer came.
 */
#include "core/fail.h"
#include "core/heap.h"
#include "engine/bytes.h"
#include "engine/projection_state.h"

#define ROW_BYTES   40u
#define MARK_EVENTS 16u /* Marks are at least so many events apart. */

static struct sarn_str row_key(const struct sarn__view *view, char key[4])
{
    key[0] = (char)(view->id >> 24);
    key[1] = (char)(view->id >> 16);
    key[2] = (char)(view->id >> 8);
    key[3] = (char)view->id;
    return (struct sarn_str){key, 4};
}

static sarn_status read_marks(struct sarn__projections *projections,
                              struct sarn__view *view,
                              struct sarn_error *error)
{
    struct sarn__row_view found;
    const char *value;
    char key[4];

    view->stopped_at = 0;
    view->older = (struct sarn__mark){.fold = 0};
    view->newer = (struct sarn__mark){.fold = 0};
    SARN__TRY(sarn__tables_peek(projections->tables, SARN__TABLE_CHECKPOINTS,
                                row_key(view, key), &found, error));
    if (!found.found) {
        return SARN_OK;
    }
    if (found.size != ROW_BYTES) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the checkpoint of projection '%.60s' has %u bytes, not %u",
                          view->projection->name, found.size, ROW_BYTES);
    }
    value = found.value;
    view->stopped_at = sarn__get_u64(value);
    view->older.fold = sarn__get_u64(value + 8);
    view->older.seen = sarn__get_u64(value + 16);
    view->newer.fold = sarn__get_u64(value + 24);
    view->newer.seen = sarn__get_u64(value + 32);
    return SARN_OK;
}

static sarn_status write_marks(struct sarn__projections *projections,
                               const struct sarn__view *view,
                               struct sarn_error *error)
{
    char key[4], value[ROW_BYTES];

    sarn__put_u64(value, view->stopped_at);
    sarn__put_u64(value + 8, view->older.fold);
    sarn__put_u64(value + 16, view->older.seen);
    sarn__put_u64(value + 24, view->newer.fold);
    sarn__put_u64(value + 32, view->newer.seen);
    return sarn__tables_put(projections->tables, SARN__TABLE_CHECKPOINTS,
                            row_key(view, key), (struct sarn_str){value, ROW_BYTES},
                            projections->store->position, error);
}

static bool counts(const struct sarn__mark *mark, uint64_t through)
{
    return mark->fold != 0 && mark->fold < through;
}

/* The better of the stored marks that count; none: its fold is 0. */
static struct sarn__mark best_mark(const struct sarn__view *view, uint64_t through)
{
    if (counts(&view->newer, through)) {
        return view->newer;
    }
    return counts(&view->older, through) ? view->older : (struct sarn__mark){.fold = 0};
}

/* What is stored tells where view stood when the tables reached through. Live is who
 * will be handed every record after that. */
static void stand(struct sarn__view *view, uint64_t through, uint64_t position)
{
    struct sarn__mark best = best_mark(view, through);

    view->state = best.seen == SARN__SEEN_ALL && position == through
                      ? SARN__VIEW_LIVE
                      : SARN__VIEW_BEHIND;
    view->seen = best.seen == SARN__SEEN_ALL ? through : best.seen;
    if (view->stopped_at != 0) { /* Its code may be correct by now: try again. */
        view->state = SARN__VIEW_BEHIND;
        if (view->seen >= view->stopped_at) {
            view->seen = view->stopped_at - 1;
        }
        best.seen = view->seen;
    }
    view->older = best;
    view->newer = (struct sarn__mark){.fold = 0};
}

sarn_status sarn__view_resume(struct sarn__projections *projections,
                              struct sarn__view *view,
                              struct sarn_error *error)
{
    struct sarn__mark newer;

    SARN__TRY(read_marks(projections, view, error));
    newer = view->newer;
    stand(view, projections->through, projections->store->position);
    /* A mark that does not count was made by a writer whose rows were lost. It must be
     * gone before through passes it. */
    return newer.fold != 0 ? write_marks(projections, view, error) : SARN_OK;
}

sarn_status sarn__view_mark(struct sarn__projections *projections,
                            struct sarn__view *view,
                            struct sarn_error *error)
{
    const struct sarn_journal *journal = &projections->store->ports->journal;
    bool complete = view->state == SARN__VIEW_LIVE;
    struct sarn__mark mark = {.fold = projections->store->position,
                              .seen = complete ? SARN__SEEN_ALL : view->seen};
    struct sarn_journal_state state;
    bool passed;

    if (projections->shadow) {
        return SARN_OK;
    }
    if (view->state == SARN__VIEW_STOPPED) {
        return write_marks(projections, view, error);
    }
    passed = view->stopped_at != 0 && view->seen >= view->stopped_at;
    if (passed) {
        view->stopped_at = 0;
    }
    if (view->newer.fold != 0 && !complete && !passed &&
        mark.fold - view->newer.fold < MARK_EVENTS) {
        return SARN_OK;
    }
    SARN__TRY(journal->ops->state(journal->self, &state, error));
    if (counts(&view->newer, state.through)) {
        view->older = view->newer;
        view->newer = mark;
    } else if (view->newer.fold == 0 || complete) {
        view->newer = mark;
    } else if (!passed) {
        return SARN_OK;
    }
    return write_marks(projections, view, error);
}

/* --- those whose code is not here --- */

struct others {
    const struct sarn__projections *projections;
    uint32_t *ids;
    uint32_t count, room;
};

static sarn_status
note_other(void *arg, struct sarn_str name, const struct sarn__registration *registered)
{
    struct others *others = arg;
    const struct sarn_heap *heap = &others->projections->heap;

    if (sarn__projections_find(others->projections, name) != NULL) {
        return SARN_OK;
    }
    if (others->count == others->room) {
        uint32_t room = others->room == 0 ? 16 : others->room * 2;
        void *grown = sarn__heap_resize(heap, others->ids, room * sizeof(*others->ids));

        if (grown == NULL) {
            return SARN_ERR_NOMEM;
        }
        others->ids = grown;
        others->room = room;
    }
    others->ids[others->count++] = registered->id;
    return SARN_OK;
}

static sarn_status leave_other(struct sarn__projections *projections,
                               uint32_t id,
                               struct sarn_error *error)
{
    static const struct sarn_projection nobody = {.name = "of another program"};
    struct sarn__view view = {.projection = &nobody, .id = id};
    struct sarn__mark best;

    SARN__TRY(read_marks(projections, &view, error));
    best = best_mark(&view, projections->through);
    if (best.seen != SARN__SEEN_ALL &&
        (view.newer.fold == 0 || counts(&view.newer, projections->through))) {
        return SARN_OK; /* What is there stays true. */
    }
    view.older = best;
    if (best.seen == SARN__SEEN_ALL) {
        view.older.seen = projections->through;
    }
    view.newer = (struct sarn__mark){.fold = 0};
    return write_marks(projections, &view, error);
}

sarn_status sarn__projections_leave_others(struct sarn__projections *projections,
                                           struct sarn_error *error)
{
    struct others others = {.projections = projections};
    sarn_status status =
        sarn__store_projections(projections->store, note_other, &others, error);

    if (status == SARN_ERR_NOMEM) {
        status = sarn__fail(error, status, "out of memory for the projections");
    }
    for (uint32_t i = 0; i < others.count && status == SARN_OK; i++) {
        status = leave_other(projections, others.ids[i], error);
    }
    sarn__heap_free(&projections->heap, others.ids);
    return status;
}
