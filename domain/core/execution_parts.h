/* execution_parts.h - what the fold of an execution is made of, for its files.
 *
 *   execution.c          what may follow in which status; beginning, recovery
 *   execution_visit.c    visits: found, made ready, linked
 *   execution_step.c     the events of a step: may they follow?
 *   execution_move.c     what they leave behind
 *   execution_message.c  signals, updates, attributes, ends of children and promises
 *   execution_control.c  cancel, undo, pause, parked and unparked
 *   execution_undo.c     what is in doubt; compensation begins; the ends
 *   execution_reset.c    resets
 *
 * Every event is first held against what is there and made ready off to the side; then
 * nothing can fail any more, and it is put in place.
 */
#ifndef SARN_CORE_EXECUTION_PARTS_H
#define SARN_CORE_EXECUTION_PARTS_H

#include "core/execution.h"
#include "core/fail.h"

/* Of enum sarn__step_state, as a set. */
#define SARN__STATE(state) (1u << SARN__##state)
/* Nothing may end while a visit is in one of these. */
#define SARN__UNSETTLED                                                                \
    (SARN__STATE(RUNNING) | SARN__STATE(DOUBTED) | SARN__STATE(AWAITING) |             \
     SARN__STATE(UNKNOWN) | SARN__STATE(COMPENSATING) |                                \
     SARN__STATE(COMPENSATION_BACKOFF) | SARN__STATE(STUCK))

/* --- execution_visit.c --- */

/* Visits made ready off to the side. */
struct sarn__pending {
    struct sarn__step *first, *last;
    uint32_t count;
};

extern const char *const sarn__state_names[];

SARN_MUST_USE sarn_status sarn__execution_copy(struct sarn__execution *execution,
                                               struct sarn_str text,
                                               struct sarn_str *copy,
                                               struct sarn_error *error);
/* code, text and step of event; what is already kept of visit (may be NULL) is used. */
SARN_MUST_USE sarn_status
sarn__execution_trouble(struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        struct sarn__trouble *trouble,
                        struct sarn_error *error);
/* The visit that event names: one that is known, or a new one added to pending. */
SARN_MUST_USE sarn_status sarn__visit_touch(struct sarn__execution *execution,
                                            const struct sarn__execution_event *event,
                                            struct sarn__pending *pending,
                                            struct sarn__step **visit,
                                            struct sarn_error *error);
/* The same, and it has to be known. */
SARN_MUST_USE sarn_status sarn__visit_known(const struct sarn__execution *execution,
                                            const struct sarn__execution_event *event,
                                            struct sarn__step **visit,
                                            struct sarn_error *error);
/* Make the visits of event's window ready, at the end of pending. */
SARN_MUST_USE sarn_status
sarn__visit_prepare_window(struct sarn__execution *execution,
                           const struct sarn__execution_event *event,
                           struct sarn__pending *pending,
                           struct sarn_error *error);
void sarn__visit_link(struct sarn__execution *execution,
                      const struct sarn__pending *pending);

/* visit becomes DONE. */
void sarn__visit_done(struct sarn__execution *execution, struct sarn__step *visit);
/* visit becomes state, which is not DONE. */
void sarn__visit_become(struct sarn__execution *execution,
                        struct sarn__step *visit,
                        enum sarn__step_state state);
/* visit completed, in no group: the execution is there now. */
void sarn__execution_arrive(struct sarn__execution *execution,
                            const struct sarn__step *visit,
                            bool chose,
                            struct sarn_str next);

/* --- execution_step.c --- */

SARN_MUST_USE sarn_status
sarn__execution_step_changed(struct sarn__execution *execution,
                             const struct sarn__execution_event *event,
                             struct sarn_error *error);

/* --- execution_move.c --- */

/* What an event keeps besides the new state. */
struct sarn__kept {
    struct sarn_str group, output, child, next, continue_input;
    struct sarn_str code, text;
    struct sarn__attribute *attributes; /* NULL: as they were. */
    uint32_t attribute_count;
};

/* Does it count attempts? */
bool sarn__event_is_attempt(const struct sarn__execution_event *event);
SARN_MUST_USE sarn_status sarn__visit_keep(struct sarn__execution *execution,
                                           const struct sarn__step *visit,
                                           const struct sarn__execution_event *event,
                                           enum sarn__step_state to,
                                           struct sarn__kept *kept,
                                           struct sarn_error *error);
void sarn__visit_move(struct sarn__execution *execution,
                      struct sarn__step *visit,
                      const struct sarn__execution_event *event,
                      enum sarn__step_state to,
                      const struct sarn__kept *kept);
SARN_MUST_USE sarn_status
sarn__execution_group_joined(struct sarn__execution *execution,
                             const struct sarn__execution_event *event,
                             struct sarn_error *error);

/* --- execution_message.c --- */

SARN_MUST_USE sarn_status
sarn__execution_message(struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        struct sarn_error *error);
/* The earliest pending message called name was waited for: it is the latest now. There
 * is one. */
void sarn__execution_take_message(struct sarn__execution *execution,
                                  struct sarn_str name);
/* ChildEnded, PromiseSettled */
SARN_MUST_USE sarn_status
sarn__execution_settled(struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        struct sarn_error *error);
/* What the attributes are after event; *attributes NULL: as they were. */
SARN_MUST_USE sarn_status
sarn__execution_set_attributes(struct sarn__execution *execution,
                               const struct sarn__execution_event *event,
                               struct sarn__attribute **attributes,
                               uint32_t *count,
                               struct sarn_error *error);

/* --- execution_control.c --- */

SARN_MUST_USE sarn_status
sarn__execution_asked(struct sarn__execution *execution,
                      const struct sarn__execution_event *event,
                      struct sarn_error *error);
SARN_MUST_USE sarn_status
sarn__execution_paused(struct sarn__execution *execution,
                       const struct sarn__execution_event *event,
                       struct sarn_error *error);
SARN_MUST_USE sarn_status
sarn__execution_parked(struct sarn__execution *execution,
                       const struct sarn__execution_event *event,
                       struct sarn_error *error);
SARN_MUST_USE sarn_status
sarn__execution_unparked(struct sarn__execution *execution,
                         const struct sarn__execution_event *event,
                         struct sarn_error *error);

/* --- execution_undo.c --- */

SARN_MUST_USE sarn_status
sarn__execution_undo_began(struct sarn__execution *execution,
                           const struct sarn__execution_event *event,
                           struct sarn_error *error);
/* Completed, continued, wholly undone. */
SARN_MUST_USE sarn_status
sarn__execution_ended(struct sarn__execution *execution,
                      const struct sarn__execution_event *event,
                      struct sarn_error *error);

/* May the steps that event names be in doubt? */
SARN_MUST_USE sarn_status
sarn__execution_check_doubts(const struct sarn__execution *execution,
                             const struct sarn__execution_event *event,
                             struct sarn_error *error);
/* They are, and so is what acted; but nothing that began before begun. */
void sarn__execution_doubt(struct sarn__execution *execution,
                           const struct sarn__execution_event *event,
                           uint32_t begun);
/* visit came to its end while undoing was under way: if it may have acted, it is in
 * doubt, too. */
void sarn__execution_doubt_late(struct sarn__execution *execution,
                                struct sarn__step *visit);

/* --- execution_reset.c --- */

SARN_MUST_USE sarn_status
sarn__execution_reset(struct sarn__execution *execution,
                      const struct sarn__execution_event *event,
                      struct sarn_error *error);
SARN_MUST_USE sarn_status
sarn__execution_rewound(struct sarn__execution *execution,
                        const struct sarn__execution_event *event,
                        struct sarn_error *error);
#endif
