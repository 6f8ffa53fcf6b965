/* notice.h - the aggregate "notice", for the files of this module. */
#ifndef SARN_MODULES_NOTIFICATIONS_NOTICE_H
#define SARN_MODULES_NOTIFICATIONS_NOTICE_H

#include "sarn/notifications.h"

/* decide and apply of the aggregate (see struct sarn_aggregate). */
sarn_status sarn__notice_decide(const void *state,
                                const struct sarn_command_view *command,
                                struct sarn_decision *decision);
sarn_status sarn__notice_apply(void *state,
                               const struct sarn_event *event,
                               struct sarn_arena *arena);

#endif
