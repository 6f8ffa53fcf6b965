/* user.h - the aggregate "user", for the files of this module. */
#ifndef SARN_MODULES_USERS_USER_H
#define SARN_MODULES_USERS_USER_H

#include "sarn/users.h"

/* decide and apply of the aggregate (see struct sarn_aggregate). */
sarn_status sarn__user_decide(const void *state,
                              const struct sarn_command_view *command,
                              struct sarn_decision *decision);
sarn_status
sarn__user_apply(void *state, const struct sarn_event *event, struct sarn_arena *arena);

/* Which slot says that user owns account, or all that begin so (prefix), in these
 * words; accounts.size: none does. */
uint32_t sarn__user_ownership(const struct users_user *user,
                              struct sarn_str account,
                              bool prefix);
/* Ownerships there are. */
uint32_t sarn__user_ownership_count(const struct users_user *user);
/* Is account the user's, by its id or by a prefix? */
bool sarn__user_owns(const struct users_user *user, struct sarn_str account);

#endif
