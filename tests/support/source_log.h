/* source_log.h - a log in memory that is to be taken elsewhere: made by an engine, with
 * appends to some streams, under idempotency keys too, and executions that ended, that
 * sleep, and that were parked; and ways to compare what came of it.
 */
#ifndef SARN_TESTS_SUPPORT_SOURCE_LOG_H
#define SARN_TESTS_SUPPORT_SOURCE_LOG_H

#include "infra/memory/sim.h"
#include "ports/ports.h"

#include "support/test.h"

struct source_log {
    struct sarn__sim *sim; /* Closed: its store is what is left. */
    struct sarn_ports ports;
    struct sarn_journal_state state;
};

/* large: 24 appends of 384 KiB each. heap of ports: malloc. */
void source_log_make(struct source_log *source, bool large);
void source_log_remove(struct source_log *source);

/* The ports of source, over a store of one's own, opened for writing. */
struct sarn_ports source_log_ports(const struct source_log *source,
                                   struct sarn__memory_store *store);

/* Visit every commit's records, and behind them the commit, from position from on. */
typedef sarn_status source_log_fn(void *arg,
                                  bool is_commit,
                                  uint64_t position,
                                  struct sarn_str bytes,
                                  struct sarn_error *error);
sarn_status source_log_each(const struct sarn_journal *journal,
                            uint64_t from,
                            source_log_fn *visit,
                            void *arg,
                            struct sarn_error *error);

/* Is what copy has what source has, byte for byte, up to where copy ends? whole: and
 * does it end where source does? Fails the test. */
void source_log_compare(const struct source_log *source,
                        const struct sarn_journal *copy,
                        bool whole);
/* What the tables of ports' journal hold is what its log folds to. Fails the test. */
void source_log_check_tables(const struct sarn_ports *ports);

#endif
