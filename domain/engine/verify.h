/* verify.h - is a log whole? Fed with its records and commits in order, from wherever
 * they are read, it says what contradicts what.
 *
 * It checks that positions have no gap; that every record's checksum holds, its version
 * and previous position continue its stream, and time does not go back; that every
 * record is covered by a commit, the commits' hashes chain and their epochs do not go
 * back.
 *
 * It remembers where every stream stands: 24 to 48 bytes for each.
 *
 * Threads: one at a time.
 */
#ifndef SARN_ENGINE_VERIFY_H
#define SARN_ENGINE_VERIFY_H

#include "engine/commit.h"
#include "engine/record.h"
#include "sarn/archive.h"

/* When there are more findings, the log is beyond counting: SARN_ERR_CORRUPT. */
#define SARN__VERIFY_FINDINGS_MAX 64u
/* Records between two commits: more are taken for a missing commit. */
#define SARN__VERIFY_UNCOVERED_MAX (1u << 20)

struct sarn__verify;

SARN_MUST_USE sarn_status sarn__verify_create(const struct sarn_hash *hash,
                                              const struct sarn_heap *heap,
                                              sarn_finding_fn *finding,
                                              void *arg,
                                              struct sarn__verify **verify,
                                              struct sarn_error *error);
void sarn__verify_destroy(struct sarn__verify *verify);

/* Nothing was read yet: begin behind a commit, and believe that the log was whole up to
 * there. What streams continue from before it is not checked. */
void sarn__verify_begin(struct sarn__verify *verify,
                        const struct sarn_archive_end *begin);

/* The next record, or the commit record behind the last one it covers. What is wrong is
 * told to finding; the answer is SARN_OK, SARN_ERR_NOMEM, or SARN_ERR_CORRUPT when
 * there is no point in going on. */
SARN_MUST_USE sarn_status sarn__verify_record(struct sarn__verify *verify,
                                              uint64_t position,
                                              struct sarn_str bytes,
                                              struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__verify_commit(struct sarn__verify *verify,
                                              uint64_t position,
                                              struct sarn_str bytes,
                                              struct sarn_error *error);
/* That was all. */
void sarn__verify_end(struct sarn__verify *verify);

uint64_t sarn__verify_records(const struct sarn__verify *verify);
uint64_t sarn__verify_findings(const struct sarn__verify *verify);

/* The last commit, as far as there is one that could be read. */
void sarn__verify_where(const struct sarn__verify *verify,
                        struct sarn_archive_end *end);

/* All that journal holds; nothing was read before. progress may be NULL. The same
 * answers as from sarn__verify_record(). */
SARN_MUST_USE sarn_status sarn__verify_take(struct sarn__verify *verify,
                                            const struct sarn_journal *journal,
                                            sarn_progress_fn *progress,
                                            void *arg,
                                            struct sarn_error *error);

/* The whole of it for what a journal holds. SARN_ERR_CORRUPT: there were findings. */
SARN_MUST_USE sarn_status sarn__verify_journal(const struct sarn_journal *journal,
                                               const struct sarn_hash *hash,
                                               const struct sarn_heap *heap,
                                               struct sarn_check *check,
                                               struct sarn_error *error);

#endif
