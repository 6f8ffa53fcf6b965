#include "core/fail.h"
#include "engine/page.h"
#include "engine/projection_state.h"

/* Where the one furthest behind stands; the store's position when nobody is behind. */
static uint64_t furthest_behind(const struct sarn__projections *projections)
{
    uint64_t seen = projections->store->position;

    for (uint32_t i = 0; i < projections->count; i++) {
        const struct sarn__view *view = &projections->views[i];

        if (view->state == SARN__VIEW_BEHIND && view->seen < seen) {
            seen = view->seen;
        }
    }
    return seen;
}

static sarn_status fold_page(struct sarn__projections *projections,
                             const struct sarn__page *page,
                             struct sarn_error *error)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const struct sarn__record *record = &page->records[i];
        bool wanted;

        SARN__TRY(sarn__projections_want(projections, record->type, &wanted, error));
        if (wanted) {
            SARN__TRY(
                sarn__views_fold(projections, SARN__VIEW_BEHIND, record, NULL, error));
        }
    }
    return SARN_OK;
}

static void have_seen(struct sarn__projections *projections, uint64_t position)
{
    for (uint32_t i = 0; i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];

        if (view->state == SARN__VIEW_BEHIND && view->seen < position) {
            view->seen = position;
        }
    }
}

/* Inline ones that have seen everything go live; the others note how far they are. */
static sarn_status
settle(struct sarn__projections *projections, uint64_t from, struct sarn_error *error)
{
    uint64_t position = projections->store->position;

    for (uint32_t i = 0; i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];
        bool moved = view->seen > from;

        if (view->state != SARN__VIEW_BEHIND) {
            continue;
        }
        if (view->projection->mode == SARN_INLINE && view->seen == position) {
            view->state = SARN__VIEW_LIVE;
            moved = true;
        }
        if (moved) {
            SARN__TRY(sarn__view_mark(projections, view, error));
        }
    }
    sarn__projections_count_live(projections);
    return SARN_OK;
}

static sarn_status follow(struct sarn__projections *projections,
                          struct sarn__page *page,
                          uint64_t from,
                          uint64_t to,
                          struct sarn_error *error)
{
    while (from < to) {
        SARN__TRY(
            sarn__page_forward(page, projections->store->ports, from + 1, to, error));
        SARN__TRY(fold_page(projections, page, error));
        from = page->records[page->count - 1].position;
        have_seen(projections, from);
    }
    return SARN_OK;
}

sarn_status sarn__projections_follow(struct sarn__projections *projections,
                                     uint32_t limit,
                                     bool *behind,
                                     struct sarn_error *error)
{
    uint64_t position = projections->store->position;
    uint64_t from, to;
    struct sarn__page page;
    uint32_t missing;
    sarn_status status;

    if (projections->to_bind) {
        SARN__TRY(sarn__projections_bind(projections, &missing, error));
    }
    from = furthest_behind(projections);
    to = position - from > limit ? from + limit : position;
    if (from < to) {
        SARN__TRY(sarn__page_init(&page, &projections->heap, error));
        status = follow(projections, &page, from, to, error);
        sarn__page_done(&page);
        SARN__TRY(status);
    }
    SARN__TRY(settle(projections, from, error));
    *behind = to < position;
    return SARN_OK;
}
