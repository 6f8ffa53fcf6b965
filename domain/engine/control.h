/* control.h - telling an execution something from outside (sarn/control.h).
 *
 *   request_control.c  checked and copied, on the caller's thread
 *   control.c          the request's turn: answered, once, under its key
 *   control_decide.c   what it comes to in the state that the execution is in
 *   control_payload.c  of which type a payload is, and its bytes
 *   control_message.c  updates and queries: what handlers answer
 *   control_fork.c     a new execution out of the beginning of another
 *
 * Threads: the dispatch thread, but for what says otherwise.
 */
#ifndef SARN_ENGINE_CONTROL_H
#define SARN_ENGINE_CONTROL_H

#include "engine/orchestrator_state.h"
#include "sarn/workflow.h"

#define SARN__CONTROL_JSON_BYTES_MAX   (2u * SARN_PAYLOAD_BYTES_MAX)
#define SARN__CONTROL_REASON_BYTES_MAX 1024u
#define SARN__CONTROL_CODE_BYTES_MAX   (SARN__STEP_CODE_BYTES - 1)
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
/* The workflow that run is of, by its own version: as it is registered, or, without its
 * code, as the log has it, in arena. NULL: nobody knows it. */
SARN_MUST_USE sarn_status sarn__control_workflow(sarn_engine *engine,
                                                 const struct sarn__run *run,
                                                 struct sarn_arena *arena,
                                                 const struct sarn_workflow **workflow,
                                                 struct sarn_error *error);
/* The payload of request, which comes to event, encoded as what workflow (may be NULL)
 * takes; in the request's arena; empty: it has none. SARN_ERR_SCHEMA: it does not fit,
 * says why. SARN_ERR_NOT_FOUND: nobody knows such a message. SARN_ERR_TOO_LARGE,
 * SARN_ERR_NOMEM.
 */
SARN_MUST_USE sarn_status
sarn__control_payload(sarn_engine *engine,
                      const struct sarn__request *request,
                      const struct sarn_workflow *workflow,
                      const struct sarn__execution_event *event,
                      struct sarn_str *payload,
                      struct sarn_error *error);

/* --- control_message.c --- */

/* Ask the handler of the update that event records: its answer is in event, and in
 * reply. SARN_ERR_REJECTED: its words. SARN_ERR_STATE: its code is not here. */
SARN_MUST_USE sarn_status sarn__control_update(sarn_engine *engine,
                                               struct sarn__request *request,
                                               const struct sarn__run *run,
                                               struct sarn__execution_event *event,
                                               struct sarn_reply *reply,
                                               struct sarn_error *error);
/* request repeats an update that was accepted at position: its answer. Without the code
 * that can read it, there is none. */
void sarn__control_recall(sarn_engine *engine,
                          struct sarn__request *request,
                          uint64_t position,
                          struct sarn_reply *reply);

/* --- control_fork.c --- */

/* Begin the execution called as request says, with what run had done before its step.
 */
SARN_MUST_USE sarn_status sarn__control_fork(sarn_engine *engine,
                                             struct sarn__request *request,
                                             const struct sarn__meta *meta,
                                             const struct sarn__run *run,
                                             struct sarn_reply *reply,
                                             struct sarn_error *error);

#endif
