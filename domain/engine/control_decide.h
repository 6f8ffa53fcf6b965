/* control_decide.h - what a control request comes to: a pure function of the execution,
 * its definition and the request.
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_ENGINE_CONTROL_DECIDE_H
#define SARN_ENGINE_CONTROL_DECIDE_H

#include "core/execution.h"
#include "sarn/control.h"
#include "sarn/workflow.h"

/* The event that records what, but for its payload (input of a message, output of a
 * step) and an update's answer. workflow is the execution's own, or NULL: nobody knows
 * it. event points into all of them and arena. Every op but FORK.
 * SARN_ERR_STATE: not as the execution is now, says how it is. SARN_ERR_NOT_FOUND: no
 * such step or promise. SARN_ERR_OVERLOADED: too many messages nobody has waited for.
 * SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__control_decide(const struct sarn__execution *execution,
                                               const struct sarn_workflow *workflow,
                                               const struct sarn_control *what,
                                               struct sarn_arena *arena,
                                               struct sarn__execution_event *event,
                                               struct sarn_error *error);

/* The latest visit that began of the step called id, by that name or another one that
 * it has in workflow (may be NULL). SARN_ERR_NOT_FOUND: there is no such step;
 * SARN_ERR_STATE: the execution has not come to it. */
SARN_MUST_USE sarn_status sarn__control_visit(const struct sarn__execution *execution,
                                              const struct sarn_workflow *workflow,
                                              struct sarn_str id,
                                              const struct sarn__step **visit,
                                              struct sarn_error *error);

/* Does a step of workflow wait for the message called name? */
bool sarn__control_is_waited_for(const struct sarn_workflow *workflow,
                                 struct sarn_str name);

#endif
