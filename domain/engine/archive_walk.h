/* archive_walk.h - an archive read from its source to its end: looked at, or taken over
 * into a journal. What sarn_archive_look() and sarn_log_import() do, without the files.
 *
 * A fuzzer's way in: ports over memory, a source that hands out its bytes, and open()
 * giving a memory journal.
 *
 * Threads: the source, the progress handler and open() are called on the caller's.
 */
#ifndef SARN_ENGINE_ARCHIVE_WALK_H
#define SARN_ENGINE_ARCHIVE_WALK_H

#include "engine/archive_reader.h"

/* ports' journal may be unset; info is of this version. */
SARN_MUST_USE sarn_status sarn__archive_look(const struct sarn_ports *ports,
                                             sarn_source_fn *source,
                                             void *arg,
                                             struct sarn_archive_info *info,
                                             struct sarn_error *error);

/* Open the journal that an archive with this head goes to, empty or not. It stays the
 * opener's, who closes it behind the import. Is it the same log? That is the opener's
 * to check: SARN_ERR_EXISTS. */
typedef sarn_status sarn__archive_open_fn(void *arg,
                                          const struct sarn__archive_entry *head,
                                          struct sarn_journal *journal,
                                          struct sarn_error *error);

/* ports' journal is not looked at; in is of this version. */
SARN_MUST_USE sarn_status sarn__archive_import(const struct sarn_ports *ports,
                                               sarn__archive_open_fn *open,
                                               void *open_arg,
                                               struct sarn_import *in,
                                               struct sarn_error *error);

/* Push all that source has through reader, up to the end mark. SARN_ERR_CORRUPT: also
 * where it ends without one. */
SARN_MUST_USE sarn_status sarn__archive_read(struct sarn__archive_reader *reader,
                                             const struct sarn_heap *heap,
                                             sarn_source_fn *source,
                                             void *source_arg,
                                             sarn__archive_entry_fn *visit,
                                             void *arg,
                                             struct sarn_error *error);

#endif
