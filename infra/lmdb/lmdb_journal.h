/* lmdb_journal.h - the journal port over LMDB: one data file, and beside it LMDB's lock
 * file (PATH-lock), which nobody else may ever open, copy over or delete.
 *
 * One owner writes. It holds an OFD lock on the data file, taken before LMDB opens it,
 * so that a second open for writing is refused, in the same process too. Any number of
 * other processes may read meanwhile, also while the owner hangs. Within one process a
 * log is open once: LMDB loses its own locks otherwise.
 *
 * A taker over goes without that lock when the owner still has it; what keeps the two
 * apart is the epoch, checked inside every transaction that writes.
 *
 * After fork() every call in the child answers SARN_ERR_STATE, and close only frees
 * memory.
 */
#ifndef SARN_INFRA_LMDB_LMDB_JOURNAL_H
#define SARN_INFRA_LMDB_LMDB_JOURNAL_H

#include "ports/hash.h"
#include "ports/journal.h"
#include "ports/process.h"

#define SARN__LMDB_MAP_BYTES (UINT64_C(1) << 40) /* Default: 1 TiB, sparse. */
#define SARN__LMDB_TAKEOVER_MS                                                         \
    2000u /* An owner stopped in a commit blocks for longer. */

/* Space kept free on the disk: writing is refused while less would be left than the
 * lower of this and a 64th of the disk. */
#define SARN__LMDB_SPARE_BYTES (UINT64_C(64) * 1024 * 1024)

struct sarn__lmdb_options {
    const char *path;        /* Copied. */
    bool read_only;          /* Needs write access to PATH-lock, to register there. */
    bool existing;           /* Do not create the file. */
    bool takeover;           /* Go on although somebody owns it, unless that blocks. */
    uint64_t map_bytes;      /* 0: the default; when reading, what the file says. */
    uint32_t takeover_ms;    /* 0: the default. */
    struct sarn_uuid log_id; /* Of a new file, and when it was made. */
    int64_t now_us;
    const struct sarn_process_ops *process;
    struct sarn_hash hash; /* What it stands on outlives the journal. */
    struct sarn_heap heap; /* All NULL: malloc. LMDB's own memory is malloc's. */
};

/* Open or create the log.
 * SARN_ERR_BUSY: somebody owns it, names the pid. SARN_ERR_NOT_FOUND: no such file or
 * directory. SARN_ERR_PERMISSION. SARN_ERR_CORRUPT: not a log of Sarn, or damaged.
 * SARN_ERR_UNSUPPORTED: a newer format, or a network file system. SARN_ERR_INVALID: not
 * a regular file. SARN_ERR_FULL, SARN_ERR_IO, SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__lmdb_open(const struct sarn__lmdb_options *options,
                                          struct sarn_journal *journal,
                                          struct sarn_error *error);

#endif
