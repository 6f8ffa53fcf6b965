#include "engine/projections.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/projection_state.h"
#include "sarn/events.h"

#define WANTS_MAX  1048576u /* Type ids that are remembered. */
#define WANTED     1u
#define NOT_WANTED 2u

/* --- life --- */

static sarn_status no_memory(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the projections");
}

/* Types are compared by address: two modules may each have their own descriptors of one
 * schema, so take the registry's. */
static sarn_status init_view(struct sarn__projections *projections,
                             struct sarn__view *view,
                             const struct sarn_projection *projection)
{
    *view = (struct sarn__view){.projection = projection};
    view->fingerprint = sarn__type_fingerprint(projection->row);
    view->events = sarn__heap_alloc(&projections->heap,
                                    projection->event_count * sizeof(*view->events));
    if (view->events == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < projection->event_count; i++) {
        const struct sarn_type *type = projection->events[i];

        view->events[i] =
            type == &sarn_bytes_type
                ? type
                : sarn__registry_type(projections->registry, sarn_str(type->name));
    }
    return SARN_OK;
}

static sarn_status init_views(struct sarn__projections *projections)
{
    uint32_t count = sarn__registry_projection_count(projections->registry);

    projections->views =
        sarn__heap_alloc(&projections->heap, (count + 1) * sizeof(*projections->views));
    if (projections->views == NULL) {
        return SARN_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++) {
        projections->count += 1;
        SARN__TRY(init_view(projections, &projections->views[i],
                            sarn__registry_projection(projections->registry, i)));
    }
    return SARN_OK;
}

sarn_status sarn__projections_create(struct sarn__store *store,
                                     struct sarn__decoder *decoder,
                                     const struct sarn__registry *registry,
                                     struct sarn__projections **projections,
                                     struct sarn_error *error)
{
    const struct sarn_heap *heap = &store->ports->heap;
    struct sarn__projections *made = sarn__heap_alloc(heap, sizeof(*made));

    if (made == NULL) {
        return no_memory(error);
    }
    made->store = store;
    made->tables = store->tables;
    made->decoder = decoder;
    made->registry = registry;
    made->codec = &store->ports->codec;
    made->heap = *heap;
    made->through = store->position;
    made->arena = sarn_arena_create(heap);
    made->row_arena = sarn_arena_create(heap);
    if (made->arena == NULL || made->row_arena == NULL || init_views(made) != SARN_OK) {
        sarn__projections_destroy(made);
        return no_memory(error);
    }
    *projections = made;
    return SARN_OK;
}

void sarn__projections_destroy(struct sarn__projections *projections)
{
    struct sarn_heap heap;

    if (projections == NULL) {
        return;
    }
    heap = projections->heap;
    for (uint32_t i = 0; i < projections->count; i++) {
        sarn__heap_free(&heap, projections->views[i].events);
    }
    sarn__heap_free(&heap, projections->views);
    sarn__heap_free(&heap, projections->wants);
    sarn_arena_destroy(projections->arena);
    sarn_arena_destroy(projections->row_arena);
    sarn__heap_free(&heap, projections);
}

struct sarn__view *sarn__projections_find(const struct sarn__projections *projections,
                                          struct sarn_str name)
{
    for (uint32_t i = 0; i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];

        if (sarn_str_equal(sarn_str(view->projection->name), name)) {
            return view;
        }
    }
    return NULL;
}

void sarn__projections_count_live(struct sarn__projections *projections)
{
    projections->live = 0;
    for (uint32_t i = 0; i < projections->count; i++) {
        projections->live += projections->views[i].state == SARN__VIEW_LIVE ? 1 : 0;
    }
}

/* --- binding --- */

static bool fits(const struct sarn__view *view,
                 const struct sarn__registration *registration)
{
    return registration->version == view->projection->version &&
           registration->mode == view->projection->mode &&
           registration->row_schema == view->fingerprint;
}

static sarn_status
clear_rows(struct sarn__projections *projections, uint32_t id, struct sarn_error *error)
{
    const struct sarn__view old = {.id = id};

    SARN__TRY(sarn__tables_clear(projections->tables, sarn__view_rows(&old), error));
    return sarn__tables_clear(projections->tables, sarn__view_entries(&old), error);
}

static sarn_status bind_view(struct sarn__projections *projections,
                             struct sarn__view *view,
                             struct sarn_error *error)
{
    struct sarn__registration registration;
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status = sarn__store_projection(
        projections->store, sarn_str(view->projection->name), &registration, &why);

    if (status == SARN_ERR_NOT_FOUND) {
        return SARN_OK; /* Not a failure: error stays as it is. */
    }
    if (status != SARN_OK) {
        return sarn__fail(error, status, "%s", why.text);
    }
    if (!fits(view, &registration)) {
        view->stale_id = registration.id;
        view->id = 0;
        view->state = SARN__VIEW_UNBOUND;
        return SARN_OK;
    }
    if (view->id == registration.id) {
        return SARN_OK;
    }
    if (view->stale_id != 0) { /* Nobody reads the rows of the old code any more. */
        SARN__TRY(clear_rows(projections, view->stale_id, error));
        view->stale_id = 0;
    }
    view->id = registration.id;
    status = sarn__view_resume(projections, view, error);
    if (status != SARN_OK) {
        view->id = 0;
        view->state = SARN__VIEW_UNBOUND;
    }
    return status;
}

static sarn_status bind_all(struct sarn__projections *projections,
                            uint32_t *unbound,
                            struct sarn_error *error)
{
    *unbound = 0;
    for (uint32_t i = 0; i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];

        SARN__TRY(bind_view(projections, view, error));
        *unbound += view->state == SARN__VIEW_UNBOUND ? 1 : 0;
    }
    return SARN_OK;
}

sarn_status sarn__projections_bind(struct sarn__projections *projections,
                                   uint32_t *missing,
                                   struct sarn_error *error)
{
    uint32_t unbound;
    sarn_status status;

    assert(!projections->shadow);
    status = bind_all(projections, &unbound, error);
    sarn__projections_count_live(projections);
    /* Without memory now, it is tried again before anything else is folded. */
    projections->to_bind = status != SARN_OK;
    SARN__TRY(status);
    *missing = unbound;
    return SARN_OK;
}

sarn_status sarn__projections_rebase(struct sarn__projections *projections,
                                     uint64_t through,
                                     struct sarn_error *error)
{
    uint32_t missing;

    projections->through = through;
    for (uint32_t i = 0; i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];

        view->id = 0;
        view->state = SARN__VIEW_UNBOUND;
        view->seen = 0;
        view->stopped_at = 0;
    }
    return sarn__projections_bind(projections, &missing, error);
}

const struct sarn_projection *
sarn__projections_missing(const struct sarn__projections *projections, uint32_t index)
{
    for (uint32_t i = 0; i < projections->count; i++) {
        const struct sarn__view *view = &projections->views[i];

        if (view->state == SARN__VIEW_UNBOUND && index-- == 0) {
            return view->projection;
        }
    }
    return NULL;
}

/* --- folding --- */

static bool look_for_want(const struct sarn__projections *projections,
                          const struct sarn_type *type)
{
    for (uint32_t i = 0; type != NULL && i < projections->count; i++) {
        if (sarn__view_wants(&projections->views[i], type)) {
            return true;
        }
    }
    return false;
}

/* Remember it, if memory allows. */
static void
note_want(struct sarn__projections *projections, uint32_t type_id, bool wanted)
{
    uint32_t room = projections->wants_room == 0 ? 64 : projections->wants_room;
    uint8_t *wants = projections->wants;

    while (room <= type_id && room < WANTS_MAX) {
        room *= 2;
    }
    if (room > projections->wants_room) {
        wants = sarn__heap_resize(&projections->heap, wants, room);
        if (wants == NULL) {
            return;
        }
        memset(wants + projections->wants_room, 0, room - projections->wants_room);
        projections->wants = wants;
        projections->wants_room = room;
    }
    if (type_id < room) {
        wants[type_id] = wanted ? WANTED : NOT_WANTED;
    }
}

sarn_status sarn__projections_want(struct sarn__projections *projections,
                                   uint32_t type_id,
                                   bool *wanted,
                                   struct sarn_error *error)
{
    const struct sarn_type *type;

    if (type_id < projections->wants_room && projections->wants[type_id] != 0) {
        *wanted = projections->wants[type_id] == WANTED;
        return SARN_OK;
    }
    SARN__TRY(sarn__decoder_find_type(projections->decoder, type_id, &type, error));
    *wanted = look_for_want(projections, type);
    note_want(projections, type_id, *wanted);
    return SARN_OK;
}

/* What could not be folded now, for want of memory, is folded when they follow. */
static void fall_behind(struct sarn__projections *projections, uint64_t seen)
{
    for (uint32_t i = 0; i < projections->count; i++) {
        struct sarn__view *view = &projections->views[i];

        if (view->state == SARN__VIEW_LIVE) {
            view->state = SARN__VIEW_BEHIND;
            view->seen = seen;
        }
    }
    projections->live = 0;
}

static sarn_status fold(struct sarn__projections *projections,
                        const struct sarn__record *record,
                        const struct sarn_event *event,
                        struct sarn_error *error)
{
    const struct sarn_type *type;
    uint32_t missing;
    bool wanted;

    SARN__TRY(
        sarn__decoder_find_type(projections->decoder, record->type, &type, error));
    if (!projections->shadow &&
        (projections->to_bind || type == &sarn_projection_registered_type)) {
        projections->to_bind = true;
        SARN__TRY(sarn__projections_bind(projections, &missing, error));
    }
    if (projections->live == 0) {
        return SARN_OK;
    }
    SARN__TRY(sarn__projections_want(projections, record->type, &wanted, error));
    return wanted ? sarn__views_fold(projections, SARN__VIEW_LIVE, record, event, error)
                  : SARN_OK;
}

sarn_status sarn__projections_fold(struct sarn__projections *projections,
                                   const struct sarn__record *record,
                                   const struct sarn_event *event,
                                   struct sarn_error *error)
{
    sarn_status status = fold(projections, record, event, error);

    if (status != SARN_OK) {
        projections->to_bind = !projections->shadow; /* It may have been one. */
        fall_behind(projections, record->position - 1);
    }
    return status;
}
