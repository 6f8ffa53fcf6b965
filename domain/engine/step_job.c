/* A step's call on a worker. */
#include "core/heap.h"
#include "engine/step_call.h"

static void work(struct sarn__job *job)
{
    sarn__step_call_make(&SARN__OF(job, struct sarn__step_job, job)->call);
}

struct sarn__step_job *sarn__step_job_create(const struct sarn_heap *heap)
{
    struct sarn_arena *arena = sarn_arena_create(heap);
    struct sarn__step_job *job =
        arena == NULL ? NULL : sarn_arena_alloc(arena, sizeof(*job));

    if (job == NULL) {
        sarn_arena_destroy(arena);
        return NULL;
    }
    job->job.kind = SARN__JOB_STEP;
    job->job.work = work;
    job->call.arena = arena;
    job->call.job = job;
    return job;
}

void sarn__step_job_destroy(struct sarn__step_job *job)
{
    if (job != NULL) {
        sarn_arena_destroy(job->call.arena);
    }
}
