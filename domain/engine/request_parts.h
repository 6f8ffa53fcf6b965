/* request_parts.h - what the files share that check and copy requests (request.c,
 * request_control.c).
 *
 * Threads: any.
 */
#ifndef SARN_ENGINE_REQUEST_PARTS_H
#define SARN_ENGINE_REQUEST_PARTS_H

#include "engine/engine.h"

/* --- checks: what names the part in the error's sentence --- */

SARN_MUST_USE sarn_status sarn__request_check_size(struct sarn_str text,
                                                   uint32_t size_max,
                                                   const char *what,
                                                   struct sarn_error *error);
/* The same, and UTF-8. */
SARN_MUST_USE sarn_status sarn__request_check_text(struct sarn_str text,
                                                   uint32_t size_max,
                                                   const char *what,
                                                   struct sarn_error *error);
/* The same, not empty and without NUL: what becomes part of a stream's name. */
SARN_MUST_USE sarn_status sarn__request_check_name(struct sarn_str text,
                                                   uint32_t size_max,
                                                   const char *what,
                                                   struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__request_check_who(struct sarn_str key,
                                                  struct sarn_str actor,
                                                  struct sarn_str origin,
                                                  struct sarn_error *error);

/* --- copies --- */

/* An empty request of kind, in an arena of its own. */
SARN_MUST_USE sarn_status sarn__request_create(sarn_engine *engine,
                                               enum sarn__request_kind kind,
                                               struct sarn__request **request,
                                               struct sarn_error *error);
/* Each in its place. SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__request_copy_who(struct sarn_arena *arena,
                                                 struct sarn_str *key,
                                                 struct sarn_str *actor,
                                                 struct sarn_str *origin);
/* A struct of type (NULL: none), deeply. SARN_ERR_NOMEM and as sarn_type_copy(). */
SARN_MUST_USE sarn_status sarn__request_copy_data(struct sarn_arena *arena,
                                                  const struct sarn_type *type,
                                                  const void **data);
/* Hand made over as *request, or, where copying it failed, destroy it. */
SARN_MUST_USE sarn_status sarn__request_finish(struct sarn__request *made,
                                               sarn_status status,
                                               struct sarn__request **request,
                                               struct sarn_error *error);

#endif
