/* process.h - the port to the question whether this process is still the one that
 * opened something, or a child that fork() made of it. Asked at every call, so it has
 * to be cheap. Not the engine's: a journal over a file needs it.
 *
 * Threads: is_ours from any thread at once.
 */
#ifndef SARN_PORTS_PROCESS_H
#define SARN_PORTS_PROCESS_H

#include "sarn/types.h"

struct sarn__process_mark;

struct sarn_process_ops {
    /* A mark of the calling process. SARN_ERR_NOMEM. */
    sarn_status (*mark_create)(struct sarn__process_mark **mark,
                               struct sarn_error *error);
    /* NULL does nothing. In a child too, where it frees the child's copy. */
    void (*mark_destroy)(struct sarn__process_mark *mark);
    /* Is this the process that created mark? */
    bool (*mark_is_ours)(const struct sarn__process_mark *mark);
};

#endif
