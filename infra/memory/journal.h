/* journal.h - the journal port in memory, for tests: fast, faulty on demand.
 *
 * A store is the file: it outlives its handles and holds what is durable. Handles are
 * the processes that have it open: several at once, so that takeover by epoch and
 * concurrent reading can be tested. Faults are set in advance and hit an exact append
 * or flush.
 *
 * Threads: any, for everything; calls on one store wait for each other.
 */
#ifndef SARN_INFRA_MEMORY_JOURNAL_H
#define SARN_INFRA_MEMORY_JOURNAL_H

#include "ports/journal.h"

struct sarn__memory_store;

/* heap NULL: malloc. NULL: out of memory. */
struct sarn__memory_store *sarn__memory_store_create(const struct sarn_heap *heap);
/* Every handle is closed. NULL does nothing. */
void sarn__memory_store_destroy(struct sarn__memory_store *store);

#define SARN__MEMORY_READ_ONLY 1u
#define SARN__MEMORY_TAKEOVER  2u /* Open even though somebody owns it. */

/* Open a handle. SARN_ERR_BUSY: an owner has it open. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__memory_journal_open(struct sarn__memory_store *store,
                                                    uint32_t flags,
                                                    uint32_t pid,
                                                    struct sarn_journal *journal,
                                                    struct sarn_error *error);

enum sarn__memory_fault {
    SARN__MEMORY_NO_FAULT,
    SARN__MEMORY_FULL,          /* Nothing written; goes on. */
    SARN__MEMORY_IO,            /* Nothing written; goes on. */
    SARN__MEMORY_IN_DOUBT_LOST, /* In doubt, and after reopening it turns out lost. */
    SARN__MEMORY_IN_DOUBT_KEPT  /* In doubt, and after reopening it is there. */
};

/* The nth append or flush from now (1: the next) ends in fault. One at a time: a new
 * call replaces the last. */
void sarn__memory_store_fail(struct sarn__memory_store *store,
                             uint32_t nth,
                             enum sarn__memory_fault fault);
/* Answer SARN_ERR_FULL beyond this many bytes of records and rows; 0: no limit. */
void sarn__memory_store_limit(struct sarn__memory_store *store, uint64_t bytes);
/* The power goes: every open handle answers SARN_ERR_CLOSED from now on, the owner's
 * hold is gone, and what was durable is there for the next to open. */
void sarn__memory_store_crash(struct sarn__memory_store *store);
/* Flip bits of one stored byte. Position and offset exist. */
void sarn__memory_store_damage(struct sarn__memory_store *store,
                               uint64_t position,
                               uint32_t offset,
                               uint8_t bits);
/* Records that are durable. */
uint64_t sarn__memory_store_records(struct sarn__memory_store *store);
/* Appends and flushes that were asked for so far, failed ones too. */
uint64_t sarn__memory_store_writes(struct sarn__memory_store *store);

#endif
