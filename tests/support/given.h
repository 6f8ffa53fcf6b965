/* given.h - an aggregate under test: commands in, what they led to out, as text.
 *
 * No engine, no log: decide and apply are called directly, and each event is folded
 * into the state at once. A trace reads as
 *
 *     given_init(&g, &account, "account-1");
 *     when(&g, &payments_debit_type, &(struct payments_debit){...})
 *       -> "AccountDebited amount.minor=5 amount.currency=CZK"
 *       -> "rejected: account-1 was never opened"
 *       -> "nothing"
 */
#ifndef SARN_TESTS_SUPPORT_GIVEN_H
#define SARN_TESTS_SUPPORT_GIVEN_H

#include "sarn/module.h"

#include "support/test.h"

#define GIVEN_TEXT_BYTES 8192u
#define GIVEN_EVENTS_MAX 8u

struct given {
    const struct sarn_aggregate *aggregate;
    struct sarn_str stream;
    struct sarn_arena *arena; /* The state's, and all else. */
    void *state;
    uint64_t version; /* Of the next event. */
    int64_t now_us;
    struct sarn_event events[GIVEN_EVENTS_MAX]; /* Of the last command. */
    uint32_t event_count;
    char text[GIVEN_TEXT_BYTES];
};

void given_init(struct given *given,
                const struct sarn_aggregate *aggregate,
                const char *stream);
void given_done(struct given *given);

/* Decide, apply, and describe. Fails the test when decide or apply do anything that
 * they may not. The text is given's, until the next call. */
const char *
when(struct given *given, const struct sarn_type *type, const void *command);

/* The state, as text: its fields that are not zero. */
const char *given_state(struct given *given);

/* Fold event, made by hand; the state must be left alone when that fails. */
sarn_status
given_apply(struct given *given, const struct sarn_type *type, const void *event);

#endif
