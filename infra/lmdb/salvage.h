/* salvage.h - records and commit records, wherever they lie in a damaged file.
 *
 * No tree is trusted, and no page: every byte of the file is looked at as where a
 * record could begin. A record's checksum is made with its position, so it is known
 * when it is seen, in a page whose head is gone, in a free page that still holds an
 * older copy, at the place of another page. What is found is a candidate: which of them
 * the log is made of only the chain of commits can tell (infra/host/repair_chain.c).
 *
 * Memory: 16 bytes for each record and commit record found, old copies included, and as
 * much again while they are sorted.
 *
 * Threads: one at a time. The file is only read.
 */
#ifndef SARN_INFRA_LMDB_SALVAGE_H
#define SARN_INFRA_LMDB_SALVAGE_H

#include "infra/lmdb/format.h"
#include "infra/lmdb/pages.h"
#include "ports/journal.h"
#include "sarn/log.h"

/* What records look like: the engine knows. */
struct sarn__salvage_looks {
    void *arg;
    /* How many bytes a record has that begins with head, which may be cut off; 0: none
     * begins so. */
    uint32_t (*record_bytes)(struct sarn_str head);
    /* Is this the record of that position, by its checksum? */
    bool (*is_record)(void *arg, uint64_t position, struct sarn_str bytes);
    /* Is this a commit record? *first and *last: the positions that it covers. */
    bool (*is_commit)(void *arg,
                      struct sarn_str bytes,
                      uint64_t *first,
                      uint64_t *last);
};

struct sarn__salvage_options {
    struct sarn_hash hash;
    struct sarn_heap heap; /* All NULL: malloc. */
    struct sarn__salvage_looks looks;
    sarn_progress_fn *progress; /* Bytes read, and in all; may be NULL. */
    void *arg;
};

struct sarn__salvage;

/* The log at part, which is closed, gets the name path, that of no file, durably.
 * SARN_ERR_EXISTS: there is one now. */
SARN_MUST_USE sarn_status sarn__salvage_name(const char *part,
                                             const char *path,
                                             struct sarn_error *error);

/* Open the damaged file at path to read it, and keep owners out as long as *fd is open.
 * SARN_ERR_BUSY: it has one, here or elsewhere. Others as sarn__lmdb_open(). */
SARN_MUST_USE sarn_status sarn__salvage_open(const char *path,
                                             uint32_t pid,
                                             int *fd,
                                             struct sarn_error *error);

/* Look through the file at fd, which stays the caller's and open.
 * SARN_ERR_NOT_FOUND: it is empty. SARN_ERR_IO, SARN_ERR_NOMEM, or what progress
 * answered. */
SARN_MUST_USE sarn_status
sarn__salvage_create(int fd,
                     const char *path,
                     const struct sarn__salvage_options *options,
                     struct sarn__salvage **salvage,
                     struct sarn_error *error);
void sarn__salvage_destroy(struct sarn__salvage *salvage);

/* Where candidates lie in the file; count of them. */
struct sarn__salvaged {
    uint64_t key; /* A record's position; where a commit begins. */
    uint64_t offset;
};
/* For the record at position, or for commits that begin there, by offset. Those of
 * records may still turn out to be none. */
const struct sarn__salvaged *sarn__salvage_records(const struct sarn__salvage *salvage,
                                                   uint64_t position,
                                                   uint64_t *count);
const struct sarn__salvaged *sarn__salvage_commits(const struct sarn__salvage *salvage,
                                                   uint64_t first,
                                                   uint64_t *count);

/* The record of position at offset; false: there is none. bytes is good until the next
 * call, and 8-aligned. */
bool sarn__salvage_record(struct sarn__salvage *salvage,
                          uint64_t position,
                          uint64_t offset,
                          struct sarn_str *bytes);
bool sarn__salvage_commit(struct sarn__salvage *salvage,
                          uint64_t offset,
                          struct sarn_str *bytes);
/* Look for the record of position among those that nothing says the position of. */
bool sarn__salvage_stray(struct sarn__salvage *salvage,
                         uint64_t position,
                         uint64_t *offset);

/* There was not enough memory to read something. */
bool sarn__salvage_is_out_of_memory(const struct sarn__salvage *salvage);
/* How many pages the disk did not give, and at which byte the first of them begins. */
uint64_t sarn__salvage_unreadable(const struct sarn__salvage *salvage, uint64_t *first);
/* What the file says of itself; NULL: nowhere. */
const struct sarn__file *sarn__salvage_file(const struct sarn__salvage *salvage);
/* The highest position of a record that was seen whole; 0: none. */
uint64_t sarn__salvage_highest(const struct sarn__salvage *salvage);
/* Where the log ended, as its newest snapshot tells. */
struct sarn__salvage_end {
    uint64_t last;                      /* Position; 0: it was empty. */
    uint64_t entries;                   /* Records and commit records. */
    uint8_t commit[SARN__COMMIT_BYTES]; /* The last one, as it lies there. */
    bool certain; /* Nothing is damaged in what tells it, or anywhere but in records. */
};
/* false: damage leaves it open. */
bool sarn__salvage_end(struct sarn__salvage *salvage, struct sarn__salvage_end *end);

#endif
