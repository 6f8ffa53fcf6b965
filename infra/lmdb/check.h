/* check.h - is the structure of an LMDB file whole? Asked page by page, without LMDB,
 * so that no damage can crash who asks.
 *
 * Every page of the file must be exactly one of: a meta, a page of one tree, a run of
 * overflow pages, or a free page. In a tree every page must say who it is, entries must
 * lie within it and in order, between the keys that lead to it, and the counts must be
 * those that the tree's description states. Rows and Sarn's own values are checked
 * against their checksums on the way; records are left to engine/verify.h.
 *
 * Bytes that may have any value, or any within what was checked, without a reader
 * seeing a difference are idle: free pages, gaps and padding in pages, fields that LMDB
 * never reads or reads as a hint, keys of its own that only have to be in order. All
 * others are held against something: no single one of them can change unnoticed.
 */
#ifndef SARN_INFRA_LMDB_CHECK_H
#define SARN_INFRA_LMDB_CHECK_H

#include "infra/lmdb/pages.h"
#include "ports/hash.h"
#include "sarn/log.h"

/* More than these are not told. */
#define SARN__CHECK_FINDINGS_MAX 32u

/* bytes from offset on are idle. */
typedef void sarn__idle_fn(void *arg, uint64_t offset, uint64_t bytes);

/* What a check is told to, and tells. */
struct sarn__check_options {
    struct sarn_hash hash;
    struct sarn_heap heap; /* All NULL: malloc. */
    sarn_finding_fn *finding;
    /* Each record, and each commit behind its last record, in order, with how many
     * there should be; anything but SARN_OK ends the check. bytes may be misaligned.
     * May be NULL. */
    sarn_status (*entry)(void *arg,
                         bool is_commit,
                         uint64_t position,
                         struct sarn_str bytes,
                         uint64_t total,
                         struct sarn_error *error);
    sarn__idle_fn *idle; /* May be NULL. */
    void *arg;
    /* Results: */
    uint64_t rows;
    uint64_t file_bytes, idle_bytes; /* Of all, those. */
};

/* Check the newest snapshot of pages; each finding is a sentence. The answer tells only
 * whether the check could be made: SARN_ERR_NOMEM, or what entry answered. */
SARN_MUST_USE sarn_status sarn__check_pages(const struct sarn__pages *pages,
                                            struct sarn__check_options *options,
                                            struct sarn_error *error);

/* The same for the file at path, which may have a living owner: the snapshot is held by
 * a read transaction meanwhile. SARN_ERR_CORRUPT: the metas are damaged, so nothing
 * else was looked at. Other errors: as sarn__lmdb_open() for reading. */
SARN_MUST_USE sarn_status sarn__check_file(const char *path,
                                           struct sarn__check_options *options,
                                           struct sarn_error *error);

#endif
