/* decoder.h - records to events: names for numbers, structs for payloads.
 *
 * A payload's type is found by name among the registry's modules (through an upcaster
 * where one is registered), else in the schema stored in the log, loaded and checked on
 * first use. What has neither stays raw: type and data are NULL.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_ENGINE_DECODER_H
#define SARN_ENGINE_DECODER_H

#include "engine/registry.h"
#include "engine/store.h"

struct sarn__decoder;

SARN_MUST_USE sarn_status sarn__decoder_create(struct sarn__store *store,
                                               const struct sarn__registry *registry,
                                               struct sarn__decoder **decoder,
                                               struct sarn_error *error);
void sarn__decoder_destroy(struct sarn__decoder *decoder);

#define SARN__DECODE_RAW 1u /* Leave type and data NULL. */

/* Fill event from record; both and arena live at least as long as event is used. Names
 * of streams, types, actors and origins come from small caches that the next call may
 * change, so event's strings die with it. The record must be folded or carry its names.
 * SARN_ERR_CORRUPT: the payload does not fit its schema. */
SARN_MUST_USE sarn_status sarn__decoder_event(struct sarn__decoder *decoder,
                                              const struct sarn__record *record,
                                              uint32_t flags,
                                              struct sarn_arena *arena,
                                              struct sarn_event *event,
                                              struct sarn_error *error);
/* The type that records of this type id decode to; NULL: none that is known. Cheap,
 * cached. SARN_ERR_CORRUPT: no folded event gave the id a name; SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__decoder_find_type(struct sarn__decoder *decoder,
                                                  uint32_t type_id,
                                                  const struct sarn_type **type,
                                                  struct sarn_error *error);
/* The same, and NULL for whatever reason. */
const struct sarn_type *sarn__decoder_type(struct sarn__decoder *decoder,
                                           uint32_t type_id);

/* Is name that of this type id, as stored or after upcasting? */
bool sarn__decoder_type_is(struct sarn__decoder *decoder,
                           uint32_t type_id,
                           struct sarn_str name);
/* The stream that a folded record belongs to; as the strings of an event. */
SARN_MUST_USE sarn_status sarn__decoder_stream(struct sarn__decoder *decoder,
                                               const struct sarn__record *record,
                                               struct sarn_arena *arena,
                                               struct sarn_str *name,
                                               struct sarn_error *error);
/* Around calls to whoever may come back into the decoder while an event is in use: its
 * strings then outlive nested calls. */
void sarn__decoder_hold(struct sarn__decoder *decoder);
void sarn__decoder_release(struct sarn__decoder *decoder);

/* The schema stored under id, or NULL where there is none or it does not check.
 * SARN_ERR_NOMEM, SARN_ERR_IO: nobody could look. */
SARN_MUST_USE sarn_status sarn__decoder_schema(struct sarn__decoder *decoder,
                                               uint32_t id,
                                               const struct sarn_schema **schema,
                                               struct sarn_error *error);
/* The id of the stored schema equal to schema's bfbs; 0: none. */
SARN_MUST_USE sarn_status sarn__decoder_schema_id(struct sarn__decoder *decoder,
                                                  const struct sarn_schema *schema,
                                                  uint32_t *id,
                                                  struct sarn_error *error);

#endif
