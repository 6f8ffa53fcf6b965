/* How far each projection has got, kept as a row of SARN__TABLE_CHECKPOINTS:
 *   key    u32 id, big-endian
 *   value  u64 position it stopped at (0: it runs), then twice u64 fold, u64 seen
 *
 * Two marks are kept: one that counts already, and a newer one that will once the
 * tables' through has passed it. Were there one only, it would be replaced before it
 * counts, again and again.
 */
#include "core/fail.h"
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

/* What is stored tells where view stood when the tables reached through. Live is who
 * will be handed every record after that. */
static void stand(struct sarn__view *view, uint64_t through, uint64_t position)
{
    struct sarn__mark best = {.fold = 0};

    if (counts(&view->newer, through)) {
        best = view->newer;
    } else if (counts(&view->older, through)) {
        best = view->older;
    }
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
