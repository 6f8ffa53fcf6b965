/* owner.h - who may write the data file: OFD locks far behind its end.
 *
 * A lock's length is its owner's pid, so that whoever is refused can say by whom. There
 * are several slots: one for the owner, the others for takers over while it hangs; an
 * ordinary open needs all of them to be free.
 *
 * OFD locks belong to the open file: they conflict within a process too, and go when
 * the last copy of the descriptor is closed, however its holders end.
 */
#ifndef SARN_INFRA_LMDB_OWNER_H
#define SARN_INFRA_LMDB_OWNER_H

#include <stdbool.h>
#include <stdint.h>

#include "sarn/status.h"

/* Take ownership through fd, open for writing; it lasts until fd is closed. *alone:
 * nobody else has it; false only with takeover. SARN_ERR_BUSY: names the owner. */
SARN_MUST_USE sarn_status sarn__owner_lock(int fd,
                                           const char *path,
                                           uint32_t pid,
                                           bool takeover,
                                           bool *alone,
                                           struct sarn_error *error);

/* Keep owners out until fd, open for reading, is closed; takers over come in all the
 * same. SARN_ERR_BUSY: there is one, names it. */
SARN_MUST_USE sarn_status sarn__owner_keep_out(int fd,
                                               const char *path,
                                               uint32_t pid,
                                               struct sarn_error *error);

/* Is nobody else an owner, now? SARN_ERR_BUSY: names one, likely if it is one. */
SARN_MUST_USE sarn_status sarn__owner_alone(int fd,
                                            const char *path,
                                            uint32_t likely,
                                            struct sarn_error *error);

/* The pid of an owner other than through fd: likely's if it is one of them; 0: none. */
uint32_t sarn__owner_find(int fd, uint32_t likely);

/* Does this process have path-lock open already (an engine or a log of this file)? */
bool sarn__owner_is_this_process(const char *lock_path);

/* Try in a child process, for at most ms, whether a write transaction can be begun at
 * all. SARN_ERR_BUSY: an owner stopped inside a commit blocks it. Names it; where
 * several have stopped, all of them. */
SARN_MUST_USE sarn_status sarn__owner_probe(int fd,
                                            const char *path,
                                            uint32_t ms,
                                            struct sarn_error *error);

#endif
