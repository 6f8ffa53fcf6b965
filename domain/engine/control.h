/* control.h - telling an execution something from outside (sarn/control.h).
 *
 *   request_control.c  checked and copied, on the caller's thread
 *   control_payload.c  of which type a payload is, and its bytes
 *   control.c          the request's turn: answered, once, under its key
 *
 * Threads: the dispatch thread, but for what says otherwise.
 */
#ifndef SARN_ENGINE_CONTROL_H
#define SARN_ENGINE_CONTROL_H

#include "engine/state.h"
#include "sarn/workflow.h"

#define SARN__CONTROL_JSON_BYTES_MAX   (2u * SARN_PAYLOAD_BYTES_MAX)
#define SARN__CONTROL_REASON_BYTES_MAX 1024u
#define SARN__CONTROL_CODE_BYTES_MAX   127u
#define SARN__PROMISE_ID_BYTES_MAX     1024u

/* "signal", "fail promise"; op is one. [any thread] */
const char *sarn__control_op_text(uint32_t op);

/* --- control_payload.c --- */

/* The type of the payload that op (SIGNAL, UPDATE: with name; RESOLVE, PROMISE: with
 * step) has by workflow; *type NULL: it takes none. SARN_ERR_NOT_FOUND: the workflow
 * knows no such message or step. [any thread] */
SARN_MUST_USE sarn_status sarn__control_type(const struct sarn_workflow *workflow,
                                             uint32_t op,
                                             struct sarn_str name,
                                             struct sarn_str step,
                                             const struct sarn_type **type,
                                             struct sarn_error *error);
/* request's payload, encoded as type, in arena; empty: it has none. SARN_ERR_SCHEMA: it
 * does not fit, says why. SARN_ERR_TOO_LARGE, SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__control_payload(sarn_engine *engine,
                                                const struct sarn__request *request,
                                                const struct sarn_type *type,
                                                struct sarn_arena *arena,
                                                struct sarn_str *payload,
                                                struct sarn_error *error);

#endif
