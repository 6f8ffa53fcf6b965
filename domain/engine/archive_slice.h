/* archive_slice.h - a log from commit to commit, a slice of copies at a time, held
 * against the chain.
 *
 * Filling is reading, for the dispatch thread; checking is arithmetic on copies, for
 * whoever waits for it.
 */
#ifndef SARN_ENGINE_ARCHIVE_SLICE_H
#define SARN_ENGINE_ARCHIVE_SLICE_H

#include "engine/archive.h"
#include "engine/commit.h"

/* A slice ends behind the entry that reaches one of these. */
#define SARN__SLICE_BYTES   (256u * 1024)
#define SARN__SLICE_ENTRIES 1024u
#define SARN__SLICE_COMMITS 256u

struct sarn__slice {
    struct sarn_arena *arena; /* The records'. */
    struct sarn__archive_entry entries[SARN__SLICE_ENTRIES];
    uint32_t count;
    uint32_t good; /* Checked: so many of them continue the chain. */
    uint64_t size; /* Bytes of records. */
    uint64_t next; /* The first record that is in no slice yet. */
    uint64_t last; /* The last one that is wanted, with its commit. */
    /* Commits that were read ahead, and those among them whose records the slice
     * begins and ends with. */
    struct {
        uint64_t position;
        uint32_t size;
        uint64_t bytes[SARN__COMMIT_BYTES / 8];
    } commits[SARN__SLICE_COMMITS];
    uint32_t commit_count, commit_first, commit_at;
    /* The check: the commit whose records come, and where the one before it ended. */
    bool in_commit;
    struct sarn__commit commit;
    struct sarn__commit_hasher hasher;
    struct sarn_archive_end checked;
};

/* Behind a commit (position 0: from the first record) and through last, a commit's end,
 * or before it: there is nothing. */
SARN_MUST_USE sarn_status sarn__slice_create(const struct sarn_heap *heap,
                                             struct sarn__slice **slice,
                                             struct sarn_error *error);
void sarn__slice_destroy(struct sarn__slice *slice, const struct sarn_heap *heap);
void sarn__slice_begin(struct sarn__slice *slice,
                       const struct sarn_archive_end *behind,
                       uint64_t last);

/* Replace its entries with the next ones; there are some. SARN_ERR_CORRUPT: says where.
 */
SARN_MUST_USE sarn_status sarn__slice_fill(struct sarn__slice *slice,
                                           const struct sarn_journal *journal,
                                           struct sarn_error *error);
/* SARN_ERR_CORRUPT: an entry does not continue the chain; those before it are good. */
SARN_MUST_USE sarn_status sarn__slice_check(struct sarn__slice *slice,
                                            const struct sarn_hash *hash,
                                            struct sarn_error *error);

#endif
