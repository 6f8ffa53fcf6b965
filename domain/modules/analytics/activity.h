/* activity.h - the aggregate and the projection of analytics, and their arithmetic. */
#ifndef SARN_MODULES_ANALYTICS_ACTIVITY_H
#define SARN_MODULES_ANALYTICS_ACTIVITY_H

#include "sarn/analytics.h"

/* decide and apply of the aggregate (see struct sarn_aggregate). */
sarn_status sarn__activity_decide(const void *state,
                                  const struct sarn_command_view *command,
                                  struct sarn_decision *decision);
sarn_status sarn__activity_apply(void *state,
                                 const struct sarn_event *event,
                                 struct sarn_arena *arena);

/* Every event of an activity. */
#define SARN__ACTIVITY_EVENT_COUNT 2u
extern const struct sarn_type *const sarn__activity_events[SARN__ACTIVITY_EVENT_COUNT];

extern const struct sarn_projection sarn__activity_rows;

/* Count a transaction; the first one says of what day, kind and currency the activity
 * is. false: it is of another, or a number would overflow; activity is unchanged. */
SARN_MUST_USE bool
sarn__activity_record(struct analytics_activity *activity,
                      const struct analytics_transaction_recorded *e);
/* Take one out again. false: there is none like it; activity is unchanged. */
SARN_MUST_USE bool
sarn__activity_reverse(struct analytics_activity *activity,
                       const struct analytics_transaction_reversed *e);

#endif
