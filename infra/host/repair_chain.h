/* repair_chain.h - which of the records found in a damaged file are the log.
 *
 * Candidates may be older copies, the same bytes, or what a commit left behind that was
 * lost; only the hash of a commit says which records it was made of, and only its
 * previous hash that it follows the one before it. So the log is walked from its first
 * position on, commit by commit, up to where none is whole.
 *
 * Memory: 8 bytes for each record of the largest commit.
 */
#ifndef SARN_INFRA_HOST_REPAIR_CHAIN_H
#define SARN_INFRA_HOST_REPAIR_CHAIN_H

#include "engine/commit.h"
#include "infra/lmdb/salvage.h"

struct sarn__chain {
    struct sarn__salvage *salvage;
    struct sarn_hash hash;
    struct sarn_heap heap;
    /* The last commit as the file tells, to choose it where another claims its place.
     */
    bool end_told;
    struct sarn__salvage_end end;
    uint64_t last; /* Where the last commit that was found ends; 0: before the first. */
    uint8_t last_hash[SARN__DIGEST_BYTES];
    /* The last commit found, and where it and its records lie. */
    struct sarn__commit commit;
    uint64_t commit_offset;
    uint64_t *records;
    uint64_t record_room;
    char why[SARN_ERROR_TEXT_BYTES]; /* There is no next one: what is wrong with it. */
};

/* What records look like, for the scanner; hash outlives it. */
struct sarn__salvage_looks sarn__chain_looks(const struct sarn_hash *hash);

/* Find the commit after the last one. SARN_ERR_NOT_FOUND: none is whole; why says what
 * is wrong, or is empty where nothing follows. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__chain_next(struct sarn__chain *chain,
                                           struct sarn_error *error);
/* Its records and then itself, as they are in the file; each is good until the next. */
SARN_MUST_USE sarn_status sarn__chain_read(struct sarn__chain *chain,
                                           uint64_t position,
                                           struct sarn_str *bytes,
                                           struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__chain_read_commit(struct sarn__chain *chain,
                                                  struct sarn_str *bytes,
                                                  struct sarn_error *error);
void sarn__chain_done(struct sarn__chain *chain);

#endif
