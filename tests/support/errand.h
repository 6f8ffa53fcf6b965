/* errand.h - a simulated engine with one workflow that is told things from outside.
 *
 *   fetch    external; its undo fails as often as undo_fails says. Its output is
 *            "fetched <id>".
 *   go       waits for the signal "go"
 *   receipt  a promise
 *   deliver  external, without a reconcile: in doubt, it parks. "delivered".
 *
 * Its payloads are ledger.Noted: a text. It is told the signals "hint" (which nobody
 * waits for) and "ring" (without payload), takes the update "rename" (which refuses
 * "nobody" and answers with the name before) and answers the query "name".
 */
#ifndef SARN_TESTS_SUPPORT_ERRAND_H
#define SARN_TESTS_SUPPORT_ERRAND_H

#include "engine/engine.h"
#include "infra/memory/sim.h"
#include "sarn/workflow.h"

#include "support/test.h"

struct errand {
    struct sarn__sim *sim;
    struct sarn_arena *arena;
    uint32_t undo_fails; /* How often, from now on. */
    uint32_t fetched, undone, delivered;
    char text[4096]; /* What the last helper said. */
};

/* How a request ended. */
struct errand_reply {
    uint32_t answers;
    struct sarn_reply reply;
    char text[SARN_ERROR_TEXT_BYTES];
    char output[128]; /* The text of an update's answer; "": none. */
};

extern const struct sarn_module errand_module;

/* options may be NULL; they get the module. */
void errand_open(struct errand *f, uint64_t seed, const struct sarn_options *options);
void errand_close(struct errand *f);
void errand_reopen(struct errand *f, bool crash);

/* Start execution id, detached, and run until nothing is left to do: it waits. */
void errand_start(struct errand *f, const char *id);

/* A request to errand id, to be filled in. */
struct sarn_control errand_control(enum sarn_control_op op, const char *id);
/* Hand it in; moves are the caller's. How it was refused at once, or SARN_OK. */
sarn_status errand_send(struct errand *f,
                        const struct sarn_control *control,
                        struct errand_reply *reply);
/* Hand it in, run, and say how it ended: "ok", "ok -> answer", "ok repeated",
 * "not allowed in this state: sentence". */
const char *errand_tell(struct errand *f, const struct sarn_control *control);
/* The same for the ops that need no more. */
const char *errand_do(struct errand *f, enum sarn_control_op op, const char *id);
/* Signal name with a text as JSON; text NULL: without payload. */
const char *
errand_signal(struct errand *f, const char *id, const char *name, const char *text);

/* Update "rename". */
const char *errand_rename(struct errand *f, const char *id, const char *name);
/* Keep a promise by its id with a text; NULL: break it, code "lost". */
const char *errand_keep(struct errand *f, struct sarn_str id, const char *text);
/* Start execution id and let it complete. */
void errand_finish(struct errand *f, const char *id);
/* Start it and park it: cancelled, by an undo that failed for good; or by a step of
 * which nobody knows whether it was done, since the power went. */
void errand_park_stuck(struct errand *f, const char *id);
void errand_park_unknown(struct errand *f, const char *id);

/* The id of the promise "receipt" of the execution's run. */
struct sarn_str errand_promise(struct errand *f, const char *id);

/* "running at go, 1 done", "parked at deliver: sentence", "none" */
const char *errand_state(struct errand *f, const char *id);
/* Its events by name, with what they are about: "ExecutionStarted StepStarted(fetch)
 * ..."; who and why in brackets: "CancelRequested[eva: enough]". Where it slept is left
 * out. */
const char *errand_history(struct errand *f, const char *id);

#endif
