/* Calls of a run on workers: out, back, silent, unwanted. */
#include <assert.h>
#include <stdio.h>

#include "core/fail.h"
#include "engine/orchestrator_state.h"

void sarn__run_observe(sarn_engine *engine,
                       const struct sarn__run *run,
                       const struct sarn_step_call *call)
{
    char subject[SARN_STREAM_NAME_BYTES_MAX + SARN_NAME_BYTES_MAX + 2];
    struct sarn_str stream = sarn__run_stream(run);
    int size = 0;

    if (engine->options.hooks.observe != NULL) {
        size = snprintf(subject, sizeof(subject), "%.*s/%s", (int)stream.size,
                        stream.data, call->step->id);
        sarn__engine_observe(engine, SARN_STAGE_STEP, call->status, call->attempt, 0,
                             (struct sarn_str){subject, (uint32_t)size});
    }
}

/* --- lists --- */

static void link_job(struct sarn__step_job **list, struct sarn__step_job *job)
{
    while (*list != NULL) { /* In the order of their coming: there are few. */
        list = &(*list)->next;
    }
    job->next = NULL;
    *list = job;
}

static void unlink_job(struct sarn__step_job **list, struct sarn__step_job *job)
{
    while (*list != job) {
        assert(*list != NULL);
        list = &(*list)->next;
    }
    *list = job->next;
    job->next = NULL;
}

void sarn__job_unlink(struct sarn__orchestrator *orchestrator,
                      struct sarn__step_job *job)
{
    unlink_job(job->run != NULL ? &job->run->jobs : &orchestrator->unwanted, job);
}

/* Nobody wants its outcome any more: it frees itself when it comes back. */
static void disown(struct sarn__orchestrator *orchestrator, struct sarn__step_job *job)
{
    (void)sarn__step_job_revoke(job); /* Better not begun at all. */
    atomic_store_explicit(&job->stop, true, memory_order_relaxed);
    unlink_job(&job->run->jobs, job);
    job->run = NULL;
    link_job(&orchestrator->unwanted, job);
}

/* --- out --- */

static bool is_for(const struct sarn__step_job *job, const struct sarn__duty *duty)
{
    return job->claim.kind == duty->kind &&
           job->claim.compensation == duty->compensation &&
           job->claim.visit == duty->visit_number &&
           job->claim.attempt == duty->attempt &&
           sarn_str_equal(job->claim.step_id, duty->step_id);
}

static struct sarn__step_job *find_job(struct sarn__step_job *jobs,
                                       const struct sarn__duty *duty)
{
    while (jobs != NULL && !is_for(jobs, duty)) {
        jobs = jobs->next;
    }
    return jobs;
}

static sarn_status launch(sarn_engine *engine,
                          struct sarn__run *run,
                          const struct sarn__duty *duty,
                          uint32_t asked)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__step_job *job = sarn__step_job_create(&orchestrator->runs.heap);
    sarn_status status = SARN_ERR_NOMEM;

    if (job != NULL) {
        job->claim = (struct sarn__claim){.kind = duty->kind,
                                          .compensation = duty->compensation,
                                          .visit = duty->visit_number,
                                          .attempt = duty->attempt};
        status = sarn_arena_copy(job->call.arena, duty->step_id, &job->claim.step_id);
    }
    if (status == SARN_OK) {
        status = sarn__step_call_init(&job->call, engine, run->execution,
                                      run->definition, duty, sarn__run_workflow_id(run),
                                      true, job->call.arena);
    }
    if (status != SARN_OK) {
        sarn__step_job_destroy(job);
        return status;
    }
    if (duty->kind == SARN__DUTY_CALL && !duty->compensation) {
        job->heartbeat_us = duty->step->timeouts.heartbeat_us;
    }
    job->asked = asked;
    atomic_init(&job->stop, false);
    job->run = run;
    link_job(&run->jobs, job);
    orchestrator->jobs_out += 1;
    sarn__engine_push_job(engine, &job->job);
    return SARN_OK;
}

bool sarn__run_calls(const struct sarn__run *run,
                     const struct sarn_step *step,
                     uint32_t visit)
{
    for (const struct sarn__step_job *job = run->jobs; job != NULL; job = job->next) {
        if (job->claim.kind == SARN__DUTY_CALL && !job->claim.compensation &&
            job->call.step == step && job->claim.visit == visit) {
            return true;
        }
    }
    return false;
}

static bool is_call(const struct sarn__duty *duty)
{
    return duty->kind == SARN__DUTY_CALL || duty->kind == SARN__DUTY_RECONCILE;
}

sarn_status sarn__run_launch(sarn_engine *engine,
                             struct sarn__run *run,
                             const struct sarn__plan *plan)
{
    const struct sarn__orchestrator *orchestrator = engine->orchestrator;
    int64_t now_us = sarn__writer_now(&engine->writer);

    for (uint32_t i = 0; i < plan->count; i++) {
        const struct sarn__duty *duty = &plan->duties[i];
        struct sarn__step_job *failed = find_job(run->held, duty);
        bool admitted = true;

        if (!is_call(duty) || find_job(run->jobs, duty) != NULL ||
            (duty->compensation &&
             sarn__run_calls(run, duty->step, duty->visit_number)) ||
            (failed != NULL && failed->again_us > now_us)) {
            continue;
        }
        if (orchestrator->jobs_out >= orchestrator->jobs_max) {
            return SARN_ERR_OVERLOADED;
        }
        if (duty->kind == SARN__DUTY_CALL) {
            SARN__TRY(sarn__admit_attempt(engine, run, duty, &admitted, NULL));
        }
        if (!admitted) {
            continue;
        }
        SARN__TRY(launch(engine, run, duty, failed == NULL ? 1 : failed->asked + 1));
        if (failed != NULL) {
            unlink_job(&run->held, failed);
            sarn__step_job_destroy(failed);
        }
    }
    return SARN_OK;
}

/* --- back --- */

void sarn__run_hold(struct sarn__run *run, struct sarn__step_job *job)
{
    link_job(&run->held, job);
}

void sarn__run_forget_held(struct sarn__run *run)
{
    struct sarn__step_job **link = &run->held;

    while (*link != NULL) {
        struct sarn__step_job *job = *link;

        if (job->used) {
            *link = job->next;
            sarn__step_job_destroy(job);
        } else {
            link = &job->next;
        }
    }
}

void sarn__run_drop_jobs(struct sarn__orchestrator *orchestrator, struct sarn__run *run)
{
    while (run->jobs != NULL) {
        disown(orchestrator, run->jobs);
    }
    while (run->held != NULL) {
        struct sarn__step_job *job = run->held;

        run->held = job->next;
        sarn__step_job_destroy(job);
    }
}

void sarn__run_hold_again(struct sarn__run *run)
{
    for (struct sarn__step_job *job = run->held; job != NULL; job = job->next) {
        job->used = false;
    }
}

/* What only chance can tell, where the step's policy asks for it. */
static sarn_status draw(struct sarn__unit *unit,
                        const struct sarn__duty *duty,
                        struct sarn__outcome *outcome,
                        struct sarn_error *error)
{
    const struct sarn_retry *policy =
        duty->compensation ? &duty->step->compensation_retry : &duty->step->retry;

    if (!outcome->failed || !(policy->jitter > 0)) {
        return SARN_OK;
    }
    return sarn__writer_random(&unit->engine->writer, &outcome->random, error);
}

static sarn_status
use(struct sarn__unit *unit, struct sarn__step_job *job, struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__execution_event event;
    struct sarn__outcome outcome;
    struct sarn__duty duty;

    /* It is not wanted when it timed out meanwhile, or when what it rested on was
     * forgotten: then the step is run again, under its key. */
    if (run->misfit ||
        !sarn__plan_claim(run->execution, run->definition, &job->claim, &duty)) {
        job->used = true;
        return SARN_OK;
    }
    if (job->again_us != 0) {
        return SARN_OK;
    }
    sarn__step_call_outcome(&job->call, &outcome);
    if (duty.kind == SARN__DUTY_RECONCILE && outcome.failed) {
        job->again_us =
            sarn__plan_ask_again_us(&duty, &outcome, job->asked, unit->meta.time_us);
        if (job->again_us != 0) {
            return SARN_OK;
        }
    }
    SARN__TRY(draw(unit, &duty, &outcome, error));
    if (sarn__plan_settle(run->execution, run->definition, unit->plan, &duty, &outcome,
                          unit->meta.time_us, unit->arena, &event) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    SARN__TRY(sarn__unit_record(unit, run, &event, error));
    job->used = true;
    return SARN_OK;
}

sarn_status sarn__run_use_held(struct sarn__unit *unit, struct sarn_error *error)
{
    for (struct sarn__step_job *job = unit->run->held; job != NULL; job = job->next) {
        if (!job->used) {
            SARN__TRY(use(unit, job, error));
        }
    }
    return SARN_OK;
}

/* --- silent, and unwanted --- */

/* One that no worker has begun yet is not silent: it is looked at again later. */
static int64_t silent_at(const struct sarn__step_job *job, int64_t now_us)
{
    int64_t sign_us = atomic_load_explicit(&job->sign_us, memory_order_relaxed);

    sign_us = sign_us == 0 ? now_us : sign_us;
    return job->heartbeat_us == 0 || sign_us > INT64_MAX - job->heartbeat_us
               ? INT64_MAX
               : sign_us + job->heartbeat_us;
}

sarn_status sarn__run_expire_silent(struct sarn__unit *unit, struct sarn_error *error)
{
    struct sarn__run *run = unit->run;

    for (const struct sarn__step_job *job = run->jobs; job != NULL; job = job->next) {
        struct sarn__execution_event event;
        struct sarn__duty duty;

        if (silent_at(job, unit->meta.time_us) > unit->meta.time_us ||
            !sarn__plan_claim(run->execution, run->definition, &job->claim, &duty)) {
            continue;
        }
        duty.kind = SARN__DUTY_EXPIRE;
        duty.timeout = SARN__HEARTBEAT;
        if (sarn__plan_settle(run->execution, run->definition, unit->plan, &duty, NULL,
                              unit->meta.time_us, unit->arena, &event) != SARN_OK) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
        }
        SARN__TRY(sarn__unit_record(unit, run, &event, error));
    }
    return SARN_OK;
}

/* Nobody waits for how this attempt ends, but what it did is undone by its key: when it
 * has ended. One that timed out is not waited for even so. */
static bool is_undone_after(const struct sarn__run *run,
                            const struct sarn__step_job *job)
{
    const struct sarn__step *visit =
        sarn__execution_visit(run->execution, job->claim.step_id, job->claim.visit);

    return visit != NULL && visit->permitted && job->claim.kind == SARN__DUTY_CALL &&
           !job->claim.compensation &&
           (visit->state == SARN__IN_DOUBT || visit->state == SARN__COMPENSATING ||
            visit->state == SARN__COMPENSATION_BACKOFF);
}

void sarn__run_review_jobs(sarn_engine *engine,
                           struct sarn__run *run,
                           const struct sarn__plan *plan)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__step_job *next = NULL;

    for (struct sarn__step_job *job = run->jobs; job != NULL; job = next) {
        struct sarn__duty duty;
        bool wanted =
            sarn__plan_claim(run->execution, run->definition, &job->claim, &duty);

        next = job->next;
        if (!wanted && !is_undone_after(run, job)) {
            disown(orchestrator, job);
        } else if (plan->winding) {
            atomic_store_explicit(&job->stop, true, memory_order_relaxed);
        }
    }
}

int64_t sarn__run_next_look(const struct sarn__run *run, int64_t now_us)
{
    int64_t first_us = INT64_MAX;

    for (const struct sarn__step_job *job = run->jobs; job != NULL; job = job->next) {
        int64_t at_us = silent_at(job, now_us);

        first_us = at_us < first_us ? at_us : first_us;
    }
    for (const struct sarn__step_job *job = run->held; job != NULL; job = job->next) {
        if (job->again_us != 0 && job->again_us < first_us) {
            first_us = job->again_us;
        }
    }
    return first_us;
}

/* --- never begun --- */

static bool was_not_begun(const struct sarn__run *run,
                          const struct sarn__step *visit,
                          struct sarn__duty *duty)
{
    struct sarn__claim claim = {.kind = SARN__DUTY_CALL,
                                .step_id = visit->id,
                                .visit = visit->visit,
                                .attempt = visit->attempts};

    return visit->state == SARN__RUNNING && !visit->orphaned &&
           sarn__plan_claim(run->execution, run->definition, &claim, duty) &&
           find_job(run->jobs, duty) == NULL && find_job(run->held, duty) == NULL;
}

/* The attempt of duty, whose intent is recorded, was not made. */
static sarn_status say_not_done(struct sarn__unit *unit,
                                const struct sarn__duty *duty,
                                struct sarn_error *error)
{
    struct sarn__run *run = unit->run;
    struct sarn__outcome outcome = {.fate = SARN_STEP_NOT_DONE};
    struct sarn__duty asked = *duty;
    struct sarn__execution_event event;

    asked.kind = SARN__DUTY_RECONCILE;
    if (sarn__plan_settle(run->execution, run->definition, unit->plan, &asked, &outcome,
                          unit->meta.time_us, unit->arena, &event) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an execution");
    }
    return sarn__unit_record(unit, run, &event, error);
}

sarn_status sarn__run_withdraw(struct sarn__unit *unit, struct sarn_error *error)
{
    for (const struct sarn__step *visit = unit->run->execution->first; visit != NULL;
         visit = visit->next) {
        struct sarn__duty duty;

        if (was_not_begun(unit->run, visit, &duty)) {
            SARN__TRY(say_not_done(unit, &duty, error));
        }
    }
    return SARN_OK;
}

sarn_status sarn__run_take_back(struct sarn__unit *unit,
                                const struct sarn__duty *duty,
                                bool *taken,
                                struct sarn_error *error)
{
    const struct sarn__step *visit = duty->visit;
    struct sarn__step_job *job = NULL;
    struct sarn__duty call = *duty;

    call.kind = SARN__DUTY_CALL;
    *taken = visit != NULL && visit->state == SARN__RUNNING && !visit->orphaned &&
             !duty->compensation && find_job(unit->run->held, &call) == NULL;
    if (*taken) {
        job = find_job(unit->run->jobs, &call);
        *taken = job == NULL || sarn__step_job_revoke(job);
    }
    return *taken ? say_not_done(unit, duty, error) : SARN_OK;
}
