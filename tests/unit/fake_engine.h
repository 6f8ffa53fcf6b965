/* fake_engine.h - an engine made up to try infra/host on: nothing is decided and
 * nothing stored. A command is answered when its commit job comes back, an execution
 * when its step does, and a test may hold either back at a gate.
 */
#ifndef SARN_TESTS_UNIT_FAKE_ENGINE_H
#define SARN_TESTS_UNIT_FAKE_ENGINE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "engine/engine.h"

#include "support/test.h"

/* Closed, until a test posts open. */
struct gate {
    sem_t arrived; /* Posted by each that comes. */
    sem_t open;
};

struct sarn_engine {
    struct sarn_log log;
    void *host;
    struct sarn__request *queue, **queue_tail, *flight, *running;
    struct sarn__job commit, *duty;
    bool commit_out, winding;
    struct gate *commit_gate; /* Each append passes it; NULL: none. */
    struct gate *step_gate;   /* Each step passes it; NULL: none. */
    pthread_t appended_by;
    atomic_uint appends, steps, answers;
};

/* An engine with its host around it, and what its replies were. */
struct fixture {
    sarn_engine engine;
    struct gate commit_gate, step_gate;
    struct sarn_error error;
    atomic_uint replies, failures;
    pthread_t replied_on;
    sarn_status seen; /* Of the last reply. */
};

/* Closed with sarn_close(&f->engine). */
void fake_open(struct fixture *f, uint32_t flags, uint32_t queue_max);

/* A reply function that notes in the fixture that arg is. */
void fake_on_reply(void *arg, const struct sarn_reply *reply);
/* Requests, whose content does not matter here. */
sarn_status fake_append_call(struct fixture *f);
sarn_status fake_append_submit(struct fixture *f);
sarn_status fake_execution_submit(struct fixture *f);

#endif
