/* rebuild.h - a log is written again, commit by commit, as it was: for import and
 * repair.
 *
 * It is handed records and commit records in order, from wherever they come. Each
 * commit is held against everything that engine/verify.h knows before it is written;
 * several go into one durable transaction. Tables are folded behind them and flushed in
 * rounds, so that memory stays bounded and the log opens quickly.
 *
 * Threads: one at a time.
 */
#ifndef SARN_ENGINE_REBUILD_H
#define SARN_ENGINE_REBUILD_H

#include "ports/ports.h"
#include "sarn/archive.h"

struct sarn__rebuild;

/* Go on where ports->journal ends: what it has is read and verified first, with
 * progress (may be NULL). ports outlives the rebuild. SARN_ERR_CORRUPT: what it has is
 * damaged. */
SARN_MUST_USE sarn_status sarn__rebuild_create(const struct sarn_ports *ports,
                                               sarn_progress_fn *progress,
                                               void *arg,
                                               struct sarn__rebuild **rebuild,
                                               struct sarn_error *error);
void sarn__rebuild_destroy(struct sarn__rebuild *rebuild);

/* Where the log ends, with what is taken and not yet written. */
const struct sarn_archive_end *sarn__rebuild_end(const struct sarn__rebuild *rebuild);

/* The next record, copied; or the commit record behind the last one that it covers.
 * SARN_ERR_CORRUPT: it contradicts what came before; neither its commit nor anything
 * after it is taken, and what was taken before stays. */
SARN_MUST_USE sarn_status sarn__rebuild_record(struct sarn__rebuild *rebuild,
                                               uint64_t position,
                                               struct sarn_str bytes,
                                               struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__rebuild_commit(struct sarn__rebuild *rebuild,
                                               uint64_t position,
                                               struct sarn_str bytes,
                                               struct sarn_error *error);
/* Write what is taken, fold and flush all tables. Records without their commit are
 * dropped. To be called after a failure too: what was taken before is whole. */
SARN_MUST_USE sarn_status sarn__rebuild_finish(struct sarn__rebuild *rebuild,
                                               struct sarn_error *error);

#endif
