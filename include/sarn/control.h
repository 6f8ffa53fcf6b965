/* control.h - telling an execution something from outside: signals, updates, cancel,
 * terminate, pause, resume, reset, fork, promises, and what an operator decides about a
 * parked one. Each is recorded with who and why.
 *
 * Inside the program that owns the log: sarn_control_submit(), _call(). From another
 * one, such as the sarn command: sarn_control_at(), which reaches a live owner through
 * its control socket, or takes the log over for a moment when there is none.
 */
#ifndef SARN_CONTROL_H
#define SARN_CONTROL_H

#include "sarn/execution.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sarn_engine sarn_engine;
struct sarn_reply;

enum sarn_control_op {
    SARN_CONTROL_SIGNAL = 1, /* name, payload. SARN_ERR_NOT_FOUND: no such signal;
                                SARN_ERR_OVERLOADED: too many nobody has waited for. */
    SARN_CONTROL_UPDATE,     /* name, payload; answered with the handler's output.
                                SARN_ERR_REJECTED: not accepted, nothing is recorded. */
    SARN_CONTROL_CANCEL,     /* What waits is given up, what is under way ends and is
                                told (sarn_step_heartbeat); then it is compensated. */
    SARN_CONTROL_TERMINATE,  /* The same at once: what is under way is in doubt. */
    SARN_CONTROL_PAUSE,      /* Nothing new begins; what ends is recorded. */
    SARN_CONTROL_RESUME,
    SARN_CONTROL_RESET,   /* step: undo what was done from its latest visit on, and go
                             forward from there. Running, parked or completed. */
    SARN_CONTROL_FORK,    /* name: a new workflow id, that takes over as done what was
                             done before step, and goes on from there on its own. */
    SARN_CONTROL_RETRY,   /* What is parked: try again: the compensation that failed,
                             reconcile, or a definition that did not fit. */
    SARN_CONTROL_SKIP,    /* Go on as if the step had nothing to do. */
    SARN_CONTROL_RESOLVE, /* fate: it was done (payload: its output), or was not. */
    SARN_CONTROL_PROMISE, /* name: the promise's id; payload: its output. */
    SARN_CONTROL_FAIL_PROMISE /* name: its id; code, reason. */
};

struct sarn_control {
    uint32_t struct_size;
    uint32_t op; /* enum sarn_control_op */
    uint32_t flags;
    uint32_t tenant;
    struct sarn_str workflow, workflow_id; /* Promises: empty, the id says it. */
    struct sarn_str step; /* RETRY, SKIP, RESOLVE: empty: the one that is parked. */
    struct sarn_str name;
    const void *data;     /* Payload: a struct of the type that the op asks for. */
    struct sarn_str json; /* Or as JSON; empty: none. Not both. */
    uint32_t fate;        /* RESOLVE: enum sarn_step_fate */
    uint32_t reserved;
    struct sarn_str code;
    struct sarn_str reason; /* Why. */
    struct sarn_str actor;  /* Who. */
    struct sarn_str origin;
    struct sarn_str key; /* Idempotency key; empty: none. */
};
#define SARN_CONTROL_INIT                                                              \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_control)                                     \
    }

/* reply comes when it is durable; its output is an update's answer. SARN_ERR_NOT_FOUND:
 * no such execution, step or message. SARN_ERR_STATE: not in the state it is in, says
 * which. SARN_ERR_SCHEMA: the payload. [any thread] */
typedef void sarn_reply_fn(void *arg, const struct sarn_reply *reply);
SARN_API SARN_MUST_USE sarn_status
sarn_control_submit(sarn_engine *engine,
                    const struct sarn_control *control,
                    sarn_reply_fn *reply,
                    void *arg,
                    struct sarn_error *error);
/* The same, waiting. arena and output may be NULL; *output is in arena. */
SARN_API SARN_MUST_USE sarn_status sarn_control_call(sarn_engine *engine,
                                                     const struct sarn_control *control,
                                                     struct sarn_arena *arena,
                                                     const void **output,
                                                     struct sarn_error *error);

/* Ask a query of a registered workflow: *output, of the message's output type, is in
 * arena. Reads durable state, writes nothing. Waits.
 * SARN_ERR_REJECTED: the handler's words. */
SARN_API SARN_MUST_USE sarn_status sarn_execution_query(sarn_engine *engine,
                                                        uint32_t tenant,
                                                        const char *workflow,
                                                        struct sarn_str workflow_id,
                                                        const char *name,
                                                        const void *input,
                                                        struct sarn_arena *arena,
                                                        const void **output,
                                                        struct sarn_error *error);

/* --- from outside the program that owns the log --- */

/* The same on the log at path: through the control socket of its live owner
 * ("<path>-control", mode 0600), or, when there is none, by owning the log for a moment
 * without module code: payloads then only as JSON, read by the schemas that the log
 * stores, and no update. answer (may be NULL) gets an update's answer as JSON, in
 * arena. SARN_ERR_BUSY: there is an owner without a control socket. */
SARN_API SARN_MUST_USE sarn_status sarn_control_at(const char *path,
                                                   const struct sarn_control *control,
                                                   struct sarn_arena *arena,
                                                   struct sarn_str *answer,
                                                   struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
