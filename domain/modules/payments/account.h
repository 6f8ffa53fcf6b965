/* account.h - the arithmetic and the reservations of one account, as pure functions.
 *
 * Invariant of a struct payments_account, held by every function here:
 *   reserved is the sum of the reservations, and balance - reserved fits an int64.
 * Nothing here knows overdraft limits or states: those are rules of decide.
 */
#ifndef SARN_MODULES_PAYMENTS_ACCOUNT_H
#define SARN_MODULES_PAYMENTS_ACCOUNT_H

#include "sarn/module.h"
#include "sarn/payments.h"

/* decide and apply of the aggregate (see struct sarn_aggregate). */
sarn_status sarn__account_decide(const void *state,
                                 const struct sarn_command_view *command,
                                 struct sarn_decision *decision);
sarn_status sarn__account_apply(void *state,
                                const struct sarn_event *event,
                                struct sarn_arena *arena);

/* Every event of an account. */
#define SARN__ACCOUNT_EVENT_COUNT 11u
extern const struct sarn_type *const sarn__account_events[SARN__ACCOUNT_EVENT_COUNT];

extern const struct sarn_projection sarn__balances;

/* Is the invariant kept? */
bool sarn__account_valid(const struct payments_account *account);

/* Book balance and reserved by these differences. false: a sum would overflow, or
 * reserved fall below zero; account is unchanged. */
SARN_MUST_USE bool
sarn__account_book(struct payments_account *account, int64_t balance, int64_t reserved);

/* The amount reserved under id; 0: none. */
int64_t sarn__account_reservation(const struct payments_account *account,
                                  struct sarn_str id);
/* Reservations there are. */
uint32_t sarn__account_reservation_count(const struct payments_account *account);

#endif
