/* A projection is rebuilt beside its rows, which change only where they differ: whoever
 * crashes in between leaves rows that are no worse than before. */
#include "core/fail.h"
#include "core/heap.h"
#include "engine/page.h"
#include "engine/projection_state.h"
#include "engine/tables_diff.h"

/* --- a shadow: the same projections, folded from nothing --- */

static sarn_status copy_views(const struct sarn__projections *from,
                              const struct sarn__view *only,
                              struct sarn__projections *shadow)
{
    shadow->views =
        sarn__heap_alloc(&shadow->heap, (from->count + 1) * sizeof(*shadow->views));
    if (shadow->views == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < from->count; i++) {
        const struct sarn__view *view = &from->views[i];
        struct sarn__view *copy = &shadow->views[shadow->count];

        if (view->id == 0 || (only != NULL && only != view)) {
            continue;
        }
        *copy = (struct sarn__view){.projection = view->projection,
                                    .fingerprint = view->fingerprint,
                                    .id = view->id,
                                    .state = SARN__VIEW_LIVE};
        copy->events = sarn__heap_alloc(&shadow->heap, view->projection->event_count *
                                                           sizeof(*copy->events));
        if (copy->events == NULL) {
            return SARN_ERR_NOMEM;
        }
        for (uint32_t event = 0; event < view->projection->event_count; event++) {
            copy->events[event] = view->events[event];
        }
        shadow->count += 1;
    }
    sarn__projections_count_live(shadow);
    return SARN_OK;
}

sarn_status sarn__projections_shadow(const struct sarn__projections *projections,
                                     const struct sarn__view *only,
                                     struct sarn__tables *tables,
                                     struct sarn__projections **shadow,
                                     struct sarn_error *error)
{
    const struct sarn_heap *heap = &projections->heap;
    struct sarn__projections *made = sarn__heap_alloc(heap, sizeof(*made));

    if (made != NULL) {
        made->store = projections->store;
        made->tables = tables;
        made->decoder = projections->decoder;
        made->registry = projections->registry;
        made->codec = projections->codec;
        made->heap = *heap;
        made->shadow = true;
        made->arena = sarn_arena_create(heap);
        made->row_arena = sarn_arena_create(heap);
    }
    if (made == NULL || made->arena == NULL || made->row_arena == NULL ||
        copy_views(projections, only, made) != SARN_OK) {
        sarn__projections_destroy(made);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the projections");
    }
    *shadow = made;
    return SARN_OK;
}

/* --- rebuilding --- */

struct rebuild {
    struct sarn__projections *projections;
    struct sarn__view *view;
    struct sarn__tables *tables; /* The shadow's. */
    struct sarn__projections *shadow;
    sarn_progress_fn *progress;
    void *arg;
    struct sarn_error *error;
};

static sarn_status fold_all(struct rebuild *rebuild, struct sarn__page *page)
{
    const struct sarn__store *store = rebuild->projections->store;
    uint64_t last = store->position;

    for (uint64_t done = 0; done < last && rebuild->shadow->live > 0;) {
        SARN__TRY(
            sarn__page_forward(page, store->ports, done + 1, last, rebuild->error));
        for (uint32_t i = 0; i < page->count; i++) {
            SARN__TRY(sarn__projections_fold(rebuild->shadow, &page->records[i], NULL,
                                             rebuild->error));
        }
        done += page->count;
        if (rebuild->progress != NULL) {
            sarn_status status = rebuild->progress(rebuild->arg, done, last);

            if (status != SARN_OK) {
                return sarn__fail(rebuild->error, status,
                                  "the rebuild of projection '%.60s' was ended at "
                                  "position %llu of %llu; its rows are as before",
                                  rebuild->view->projection->name,
                                  (unsigned long long)done, (unsigned long long)last);
            }
        }
    }
    return SARN_OK;
}

/* Make the stored row what the shadow says. */
static sarn_status mend(void *arg, const struct sarn__difference *difference)
{
    struct rebuild *rebuild = arg;
    struct sarn__tables *tables = rebuild->projections->tables;
    uint64_t position = rebuild->projections->store->position;

    return difference->wanted
               ? sarn__tables_put(tables, difference->table, difference->key,
                                  difference->wanted_value, position, rebuild->error)
               : sarn__tables_remove(tables, difference->table, difference->key,
                                     position, rebuild->error);
}

/* Everything through the store's position is in the rows now. */
static sarn_status take_over(struct rebuild *rebuild)
{
    struct sarn__projections *projections = rebuild->projections;
    struct sarn__view *view = rebuild->view;
    const struct sarn_heap *heap = &projections->heap;

    SARN__TRY(sarn__tables_diff(rebuild->tables, projections->tables,
                                sarn__view_rows(view), heap, mend, rebuild, NULL,
                                rebuild->error));
    SARN__TRY(sarn__tables_diff(rebuild->tables, projections->tables,
                                sarn__view_entries(view), heap, mend, rebuild, NULL,
                                rebuild->error));
    view->seen = projections->store->position;
    view->state =
        view->projection->mode == SARN_INLINE ? SARN__VIEW_LIVE : SARN__VIEW_BEHIND;
    sarn__projections_count_live(projections);
    return sarn__view_mark(projections, view, rebuild->error);
}

static sarn_status run(struct rebuild *rebuild)
{
    const struct sarn__view *shadow = &rebuild->shadow->views[0];
    struct sarn__page page;
    sarn_status status;

    SARN__TRY(sarn__page_init(&page, &rebuild->projections->heap, rebuild->error));
    status = fold_all(rebuild, &page);
    sarn__page_done(&page);
    SARN__TRY(status);
    if (shadow->state == SARN__VIEW_STOPPED) {
        return sarn__fail(rebuild->error, shadow->failure.status, "%s",
                          shadow->failure.text);
    }
    return take_over(rebuild);
}

sarn_status sarn__projections_rebuild(struct sarn__projections *projections,
                                      struct sarn_str name,
                                      sarn_progress_fn *progress,
                                      void *arg,
                                      struct sarn_error *error)
{
    const struct sarn_journal nothing = {.ops = NULL};
    struct rebuild rebuild = {
        .projections = projections, .progress = progress, .arg = arg, .error = error};
    sarn_status status;

    rebuild.view = sarn__projections_find(projections, name);
    if (rebuild.view == NULL || rebuild.view->id == 0) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "no module here has registered a projection '%.*s'",
                          (int)(name.size > 60 ? 60 : name.size), name.data);
    }
    SARN__TRY(
        sarn__tables_create(&nothing, &projections->heap, &rebuild.tables, error));
    status = sarn__projections_shadow(projections, rebuild.view, rebuild.tables,
                                      &rebuild.shadow, error);
    if (status == SARN_OK) {
        status = run(&rebuild);
        sarn__projections_destroy(rebuild.shadow);
    }
    sarn__tables_destroy(rebuild.tables);
    return status;
}
