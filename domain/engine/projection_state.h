/* projection_state.h - inside the projections: each one's state, and what they share.
 *
 *   UNBOUND   the log has no registration of it (or of another version)
 *   BEHIND    it follows the log from position seen on
 *   LIVE      inline and complete: it folds with each durable record
 *   STOPPED   its code failed at an event; its rows stay as they are
 *
 *   UNBOUND -> BEHIND   registered
 *   BEHIND  -> LIVE     inline, and seen reaches the store's position
 *   LIVE    -> BEHIND   memory ran out while it folded
 *   BEHIND, LIVE -> STOPPED   its code fails
 *   STOPPED -> BEHIND   the log is opened again, or the projection is rebuilt
 *
 * A row carries the position of the last event folded into it, and folding skips what a
 * row has seen. So folding events again is harmless, and a checkpoint need only be a
 * lower bound.
 */
#ifndef SARN_ENGINE_PROJECTION_STATE_H
#define SARN_ENGINE_PROJECTION_STATE_H

#include "engine/module_check.h"
#include "engine/projections.h"
#include "engine/table_cursor.h"

#define SARN__KEYS_MAX 64u /* Rows that one event touches. */
/* Of one projection; Sarn's own have more than others may have. */
#define SARN__INDEX_KEYS_MAX 20u

enum sarn__view_state {
    SARN__VIEW_UNBOUND,
    SARN__VIEW_BEHIND,
    SARN__VIEW_LIVE,
    SARN__VIEW_STOPPED
};

/* When the store stood at fold, the projection had seen everything through seen. Rows
 * reach the journal late and in rounds, so a mark counts only where the tables' through
 * is past fold: then a round began after it, and took all rows along. */
struct sarn__mark {
    uint64_t fold, seen; /* fold 0: none. */
};
#define SARN__SEEN_ALL UINT64_MAX /* Everything, and it was LIVE from there on. */

/* One projection. */
struct sarn__view {
    const struct sarn_projection *projection;
    const struct sarn_type **events; /* Its event types, as the registry has them. */
    uint64_t fingerprint;            /* Of its row type. */
    uint32_t id;                     /* Of its tables; 0: UNBOUND. */
    uint32_t stale_id;               /* Tables of an older registration; 0: none. */
    enum sarn__view_state state;
    uint64_t seen;       /* BEHIND: followed through here. */
    uint64_t stopped_at; /* Position of the event that its code failed at; 0. */
    struct sarn_error failure;
    struct sarn__mark older, newer; /* As stored. */
};

struct sarn_keys {
    uint32_t count;
    struct sarn_key keys[SARN__KEYS_MAX];
};

struct sarn__projections {
    struct sarn__store *store;
    struct sarn__tables *tables; /* The store's, or a shadow's own. */
    struct sarn__decoder *decoder;
    const struct sarn__registry *registry;
    const struct sarn_codec *codec;
    struct sarn_heap heap;
    struct sarn_arena *arena; /* Of one event. */
    struct sarn_arena *row_arena;
    struct sarn__view *views;
    uint32_t count;
    uint32_t live;    /* Views that fold with each record. */
    bool shadow;      /* Folds from nothing, beside the stored rows. */
    bool to_bind;     /* Registrations are still to be looked at. */
    uint64_t through; /* What the tables reached when last opened below. */
    uint8_t *wants;   /* By type id: does any view want it? 0: not known. */
    uint32_t wants_room;
    /* For one event, and for one row. */
    struct sarn_keys keys;
    struct sarn_key old_keys[SARN__INDEX_KEYS_MAX], new_keys[SARN__INDEX_KEYS_MAX];
};

static inline uint32_t sarn__view_rows(const struct sarn__view *view)
{
    return SARN__TABLE_USER + 2 * view->id;
}
static inline uint32_t sarn__view_entries(const struct sarn__view *view)
{
    return SARN__TABLE_USER + 2 * view->id + 1;
}

/* --- projections.c --- */

struct sarn__view *sarn__projections_find(const struct sarn__projections *projections,
                                          struct sarn_str name);
/* May any view want records of this type id? Cheap. */
SARN_MUST_USE sarn_status sarn__projections_want(struct sarn__projections *projections,
                                                 uint32_t type_id,
                                                 bool *wanted,
                                                 struct sarn_error *error);
void sarn__projections_count_live(struct sarn__projections *projections);

/* --- projection_fold.c --- */

/* Fold event into the rows of view. Its own failure stops it and is no error here. */
SARN_MUST_USE sarn_status sarn__view_fold(struct sarn__projections *projections,
                                          struct sarn__view *view,
                                          const struct sarn_event *event,
                                          struct sarn_error *error);
bool sarn__view_wants(const struct sarn__view *view, const struct sarn_type *type);
/* The view's state is STOPPED from here on. */
SARN_MUST_USE sarn_status sarn__view_stop(struct sarn__projections *projections,
                                          struct sarn__view *view,
                                          uint64_t position,
                                          sarn_status status,
                                          const char *what,
                                          struct sarn_error *error);
/* Decode record and fold it into every view in state that has not seen it. */
SARN_MUST_USE sarn_status sarn__views_fold(struct sarn__projections *projections,
                                           enum sarn__view_state state,
                                           const struct sarn__record *record,
                                           const struct sarn_event *event,
                                           struct sarn_error *error);

/* --- projection_marks.c --- */

/* Where view stands by its stored marks, as of projections->through. */
SARN_MUST_USE sarn_status sarn__view_resume(struct sarn__projections *projections,
                                            struct sarn__view *view,
                                            struct sarn_error *error);
/* Note how far view has got, if that is news. */
SARN_MUST_USE sarn_status sarn__view_mark(struct sarn__projections *projections,
                                          struct sarn__view *view,
                                          struct sarn_error *error);

/* --- projection_query.c --- */

/* The view called name, if it can be asked. SARN_ERR_NOT_FOUND; SARN_ERR_STATE: the log
 * has no rows of it; or what stopped it. */
SARN_MUST_USE sarn_status
sarn__projections_ask(const struct sarn__projections *projections,
                      struct sarn_str name,
                      struct sarn__view **view,
                      struct sarn_error *error);
/* The row that an index entry leads to, in arena, and its key, in entry. *row NULL: the
 * entry is of what the row was before, and is dropped. */
SARN_MUST_USE sarn_status sarn__view_entry_row(struct sarn__projections *projections,
                                               const struct sarn__view *view,
                                               const struct sarn__cursor_row *entry,
                                               struct sarn_arena *arena,
                                               struct sarn_str *row_key,
                                               void **row,
                                               struct sarn_error *error);

/* --- projection_rebuild.c --- */

/* A second set of views with tables of their own (the caller's), all LIVE from position
 * 0: of the views bound here, or of only one (not NULL). */
SARN_MUST_USE sarn_status
sarn__projections_shadow(const struct sarn__projections *projections,
                         const struct sarn__view *only,
                         struct sarn__tables *tables,
                         struct sarn__projections **shadow,
                         struct sarn_error *error);

#endif
