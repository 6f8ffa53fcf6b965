/* A step's call on a worker. */
#include "core/heap.h"
#include "engine/step_call.h"

/* From queued on, once: the first to come decides. */
static bool move_on(struct sarn__step_job *job, enum sarn__job_stage to)
{
    uint32_t stage = SARN__JOB_QUEUED;

    return atomic_compare_exchange_strong(&job->stage, &stage, (uint32_t)to) ||
           stage == (uint32_t)to;
}

bool sarn__step_job_begin(struct sarn__step_job *job)
{
    const struct sarn_clock *clock = &job->call.ports->clock;
    bool begins = move_on(job, SARN__JOB_BEGUN);

    if (begins) {
        atomic_store_explicit(&job->sign_us, clock->ops->now_us(clock->self),
                              memory_order_relaxed);
    }
    return begins;
}

static void work(struct sarn__job *job)
{
    struct sarn__step_job *own = SARN__OF(job, struct sarn__step_job, job);

    if (sarn__step_job_begin(own)) {
        sarn__step_call_make(&own->call);
    }
}

bool sarn__step_job_revoke(struct sarn__step_job *job)
{
    return move_on(job, SARN__JOB_REVOKED);
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
