/* promise_id.h - under which the world knows a promise of an execution.
 *
 *   "<run uuid>/<visit>/<size of the stream's name>/<stream>/<step>"
 *
 * The run is named, so that nobody keeps a promise of a run that is over; the size,
 * because a stream's name may hold slashes.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_ENGINE_PROMISE_ID_H
#define SARN_ENGINE_PROMISE_ID_H

#include "sarn/types.h"

struct sarn__promise_id {
    struct sarn_uuid run_id;
    uint32_t visit;
    struct sarn_str stream, step;
};

/* *text, NUL-terminated, is in arena. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__promise_id_write(const struct sarn__promise_id *id,
                                                 struct sarn_arena *arena,
                                                 struct sarn_str *text);
/* id points into text. SARN_ERR_INVALID: it is none. */
SARN_MUST_USE sarn_status sarn__promise_id_read(struct sarn_str text,
                                                struct sarn__promise_id *id);

#endif
