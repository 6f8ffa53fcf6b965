/* bank.h - a simulated engine with the payments module, for tests of the engine:
 * accounts that are opened, credited and debited, and what became of it, as text. */
#ifndef SARN_TESTS_SUPPORT_BANK_H
#define SARN_TESTS_SUPPORT_BANK_H

#include "infra/memory/sim.h"
#include "sarn/payments.h"

#include "support/test.h"

struct bank {
    struct sarn__sim *sim;
    struct sarn_arena *arena;
    char text[512]; /* What the last helper said. */
};

/* options (NULL: defaults) get the payments module. */
void bank_open(struct bank *bank, uint64_t seed, const struct sarn_options *options);
void bank_close(struct bank *bank);

/* Submit, not yet done. account "1" is the stream account-1. key NULL: none. */
void bank_send_open(struct bank *bank,
                    const char *account,
                    struct sarn__sim_outcome *out);
void bank_send_credit(struct bank *bank,
                      const char *account,
                      int64_t minor,
                      const char *key,
                      struct sarn__sim_outcome *out);
void bank_send_debit(struct bank *bank,
                     const char *account,
                     int64_t minor,
                     const char *key,
                     struct sarn__sim_outcome *out);
/* The same, run to the end, and described:
 * "ok position=5 version=2", "rejected: ...", "... repeated". */
const char *bank_do_open(struct bank *bank, const char *account);
const char *
bank_do_credit(struct bank *bank, const char *account, int64_t minor, const char *key);
const char *
bank_do_debit(struct bank *bank, const char *account, int64_t minor, const char *key);
const char *bank_describe(struct bank *bank, const struct sarn__sim_outcome *out);

/* The balance in the durable state, and in the projection's row; INT64_MIN: none. */
int64_t bank_balance(struct bank *bank, const char *account);
int64_t bank_row(struct bank *bank, const char *account);
/* Position of the log's last event. */
uint64_t bank_last(struct bank *bank);

#endif
