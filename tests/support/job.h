/* job.h - a simulated engine with a workflow "job", whose code may be another at the
 * next open.
 *
 * Its steps are given by words: "a b? c!=old d*" is
 *   a     local
 *   b?    waits for the signal "go"
 *   c!    local, and has something to undo it with
 *   =old  of c: it was called so in an older version
 *   d*    external, idempotent
 */
#ifndef SARN_TESTS_SUPPORT_JOB_H
#define SARN_TESTS_SUPPORT_JOB_H

#include "infra/memory/sim.h"
#include "sarn/control.h"
#include "sarn/workflow.h"
#include "support/heap.h"
#include "support/test.h"

#define JOB_STEPS_MAX 8u
#define JOB_WORD      16u

struct job_version {
    char ids[JOB_STEPS_MAX][JOB_WORD], old[JOB_STEPS_MAX][JOB_WORD];
    const char *aliases[JOB_STEPS_MAX][2];
    struct sarn_step steps[JOB_STEPS_MAX];
    struct sarn_workflow workflow;
};

struct job {
    struct sarn__sim *sim;
    struct job_version versions[3];
    const struct sarn_workflow *workflows[3];
    struct sarn_module module;
    const struct sarn_module *modules[1];
    struct test_heap heap;
    char ran[256];  /* Steps that were run, and "-" undone, in order. */
    char told[512]; /* By the hook misfit. */
    struct sarn_error error;
};

/* Opened with version 1 alone. */
void job_open(struct job *job, const char *text);
/* Counts are looked at once more. */
void job_close(struct job *job);
/* Versions 1 to count of the workflow, by their words, are registered; NULL: not. */
void job_register(struct job *job, const char *const *texts, uint32_t count);
/* The power goes, and that code opens the log, and runs until nothing is left. */
sarn_status job_reopen(struct job *job,
                       const char *const *texts,
                       uint32_t count,
                       enum sarn_misfit_policy misfits);

/* Start execution id, detached, and run no further than to the reply. */
void job_begin(struct job *job, const char *id);
/* The same, until nothing is left. */
void job_start(struct job *job, const char *id);
/* Tell it something (a signal: "go"), and run. It must take it. */
void job_tell(struct job *job, enum sarn_control_op op, const char *id);
/* "completed", "parked: why" */
const char *job_state(struct job *job, const char *id);

#endif
