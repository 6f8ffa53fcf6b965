/* ledger.h - a small module under test: accounts, and what they hold, projected inline
 * and async; and ways to write its events by hand.
 *
 *   balances  inline: one row for each account that is not closed, with the indexes
 *             "owner" (rows without an owner are not in it) and "balance"
 *   later     the same rows, async
 *   notes     inline: one row for each text noted; the text "bad" it cannot fold
 */
#ifndef SARN_TESTS_SUPPORT_LEDGER_H
#define SARN_TESTS_SUPPORT_LEDGER_H

#include "ledger_schema.h"
#include "sarn/module.h"
#include "support/scribe.h"

extern const struct sarn_module ledger_module;
/* The same, with notes that can fold "bad". */
extern const struct sarn_module ledger_corrected_module;
/* The same without projections, and with an upcaster of ledger.OldDeposited. */
extern const struct sarn_module ledger_upcasting_module;

/* Ids of the stored schemas after ledger_begin(). */
#define LEDGER_CORE_SCHEMA 1u
#define LEDGER_SCHEMA      2u

/* A new log, with both schemas stored as the engine does; or only the latter. */
void ledger_begin(struct scribe *scribe);
void ledger_store_schemas(struct scribe *scribe);
/* Register a projection as the engine does. */
void ledger_register(struct scribe *scribe,
                     const struct sarn_projection *projection,
                     uint32_t id);
/* Each projection of the module, with ids from first_id on. */
void ledger_register_all(struct scribe *scribe,
                         const struct sarn_module *module,
                         uint32_t first_id);

/* One event each, in the stream "account-<account>". */
uint64_t ledger_deposit(struct scribe *scribe,
                        const char *account,
                        const char *owner,
                        int64_t amount);
uint64_t
ledger_move(struct scribe *scribe, const char *from, const char *to, int64_t amount);
uint64_t ledger_close(struct scribe *scribe, const char *account);
uint64_t ledger_note(struct scribe *scribe, const char *text);
/* Any of the above, drawn from seed, which moves on. */
uint64_t ledger_draw(struct scribe *scribe, uint64_t *seed);

#endif
