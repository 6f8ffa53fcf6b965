/* log_parts.h - what the functions of sarn/log.h share on their way to the dispatch
 * thread.
 */
#ifndef SARN_ENGINE_LOG_PARTS_H
#define SARN_ENGINE_LOG_PARTS_H

#include "engine/log.h"

/* From sarn_log_open(): somebody else may be writing. */
static inline bool sarn__log_is_reader(const struct sarn_log *log)
{
    return log->release != NULL;
}

/* Run call(arg) on the dispatch thread and wait for it. */
SARN_MUST_USE sarn_status sarn__log_visit(struct sarn_log *log,
                                          sarn_status (*call)(void *arg),
                                          void *arg,
                                          struct sarn_error *error);
/* Copy a caller's struct called name, of which struct_size is the first member, to the
 * size bytes that this version knows. SARN_ERR_INVALID: struct_size is less. */
SARN_MUST_USE sarn_status sarn__log_take(void *to,
                                         size_t size,
                                         const void *from,
                                         const char *name,
                                         struct sarn_error *error);
/* In a reader, let projections see everything that the log has; the owner's engine
 * keeps its own up to date. */
SARN_MUST_USE sarn_status sarn__log_catch_up(struct sarn_log *log,
                                             struct sarn_error *error);

/* The type of that name: of the modules, or of the schemas that the log keeps.
 * SARN_ERR_NOT_FOUND. */
SARN_MUST_USE sarn_status sarn__log_type(struct sarn_log *log,
                                         struct sarn_str name,
                                         const struct sarn_type **type,
                                         struct sarn_error *error);

#endif
