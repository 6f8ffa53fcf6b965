/* process.h - a mark that a forked child can see is not its own.
 *
 * An engine does not survive fork(): the child has its memory, but neither its threads
 * nor its locks. The mark is a page that the kernel empties in a child, so that asking
 * costs a load and no system call.
 *
 * Threads: any, also at once.
 */
#ifndef SARN_INFRA_POSIX_PROCESS_H
#define SARN_INFRA_POSIX_PROCESS_H

#include "ports/process.h"

/* SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__process_mark_create(struct sarn__process_mark **mark,
                                                    struct sarn_error *error);
/* NULL does nothing. */
void sarn__process_mark_destroy(struct sarn__process_mark *mark);
/* Is this the process that created mark? */
bool sarn__process_mark_is_ours(const struct sarn__process_mark *mark);

/* The three as the process port. Needs no release. [any thread] */
const struct sarn_process_ops *sarn__posix_process(void);

#endif
