/* users.h - the bundled module of users: who they are, and what they may act on.
 *
 * Register sarn_users_module with sarn_open() and send commands to the streams
 * "user-<id>": users.Register, Verify, Suspend, Reinstate, Close, AddAccount,
 * RemoveAccount, MayAct. The structs and descriptors are in sarn/users_schema.h.
 *
 * The rules:
 *   - A user who was registered is active, and known at the level NONE until verified.
 *   - MayAct is a question: accepted, with no event, when the user is active, known at
 *     least at the level that is asked for, and owns the account.
 *   - A suspended user acts on nothing until reinstated; papers can be verified
 *     meanwhile. A closed user is never opened again; who owns accounts is not closed.
 *   - An institution may own all accounts whose ids begin with a prefix: another
 * bank's, as they stand in our books. A person owns accounts one by one.
 *   - Saying again what is so already is accepted and leads to no event.
 */
#ifndef SARN_USERS_H
#define SARN_USERS_H

#include "sarn/module.h"
#include "sarn/users_schema.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SARN_USERS_CATEGORY     "user"
#define SARN_USERS_ACCOUNTS_MAX 64u /* Of one user, a prefix being one. */

/* Aggregate "user". */
SARN_API extern const struct sarn_module sarn_users_module;

#ifdef __cplusplus
}
#endif
#endif
