/* The engine's turn, as far as executions go. See orchestrator_state.h for the rest. */
#include "engine/orchestrator.h"

#include <assert.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/orchestrator_state.h"

#define LAST_TRIES_MAX 3u /* Appends that may fail while winding up. */

/* --- create and destroy --- */

sarn_status sarn__orchestrator_create(sarn_engine *engine, struct sarn_error *error)
{
    const struct sarn_heap *heap = &engine->log.ports.heap;
    struct sarn__orchestrator *made = sarn__heap_alloc(heap, sizeof(*made));
    uint32_t workers = engine->options.workers > 0 ? engine->options.workers : 1;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    engine->orchestrator = made;
    sarn__map_init(&made->runs, heap);
    sarn__timers_init(&made->timers, heap);
    sarn__line_init(&made->line, heap);
    made->jobs_max = workers < UINT32_MAX / SARN__JOBS_PER_WORKER
                         ? workers * SARN__JOBS_PER_WORKER
                         : UINT32_MAX;
    made->bytes_max = SARN__RUN_BYTES_MAX;
    made->recover_from = 1;
    made->scratch = sarn_arena_create(heap);
    made->loading = sarn_arena_create(heap);
    made->plan = sarn__heap_alloc(heap, sizeof(*made->plan));
    if (made->scratch == NULL || made->loading == NULL || made->plan == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory opening the log");
    }
    return sarn__admit_create(engine, error);
}

void sarn__orchestrator_destroy(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn_heap heap = engine->log.ports.heap;
    struct sarn_error closed;

    if (orchestrator == NULL) {
        return;
    }
    sarn__error_set(&closed, SARN_ERR_CLOSED,
                    "the engine was closed; the execution goes on at the next open");
    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        while (orchestrator->runs.buckets[i] != NULL) {
            struct sarn__run *run =
                SARN__OF(orchestrator->runs.buckets[i], struct sarn__run, node);

            sarn__run_answer_error(engine, run, SARN_ERR_CLOSED, &closed);
            sarn__run_drop_jobs(orchestrator, run);
            sarn__run_destroy(orchestrator, run);
        }
    }
    while (orchestrator->unwanted != NULL) { /* Never handed out. */
        struct sarn__step_job *job = orchestrator->unwanted;

        orchestrator->unwanted = job->next;
        sarn__step_job_destroy(job);
    }
    for (uint32_t i = 0; i < orchestrator->definition_count; i++) {
        sarn__heap_free(&heap, orchestrator->definitions[i]);
    }
    sarn__heap_free(&heap, orchestrator->definitions);
    sarn__admission_destroy(orchestrator->admission);
    sarn__line_done(&orchestrator->line);
    sarn__map_done(&orchestrator->runs);
    sarn__timers_done(&orchestrator->timers);
    sarn__heap_free(&heap, orchestrator->later);
    sarn__heap_free(&heap, orchestrator->plan);
    sarn_arena_destroy(orchestrator->loading);
    sarn_arena_destroy(orchestrator->scratch);
    sarn__heap_free(&heap, orchestrator);
    engine->orchestrator = NULL;
}

/* --- attempts --- */

void sarn__orchestrator_finish(sarn_engine *engine, struct sarn__job *job)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn__step_job *finished = SARN__OF(job, struct sarn__step_job, job);
    struct sarn__run *run = finished->run;
    bool made = finished->call.made;
    bool revoked = atomic_load(&finished->stage) == SARN__JOB_REVOKED;

    assert(orchestrator->jobs_out > 0);
    orchestrator->jobs_out -= 1;
    sarn__job_unlink(orchestrator, finished);
    if (run != NULL && made && engine->stopped == SARN_OK) {
        sarn__run_observe(engine, run, &finished->call);
        sarn__run_hold(run, finished);
    } else { /* Nobody wants it; or its host is leaving; or the next open asks. */
        sarn__step_job_destroy(finished);
    }
    if (engine->stopped != SARN_OK) {
        return;
    }
    if (run != NULL && (made || revoked || engine->winding)) {
        sarn__run_advance(engine, run);
    }
    (void)sarn__runs_pump(engine);
    sarn__runs_trim(engine);
}

/* --- durability --- */

void sarn__orchestrator_durable(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    const struct sarn__runs *gated = &orchestrator->places[SARN__GATED];

    /* Whoever is gated anew on the way waits for what is written now. */
    while (gated->first != NULL && gated->first->gate <= engine->durable) {
        struct sarn__run *run = sarn__run_take_from(orchestrator, SARN__GATED);

        sarn__run_forget_held(run);
        run->tries = 0;
        if (run->execution != NULL) {
            run->orphaned = sarn__execution_is_orphaned(run->execution);
            sarn__run_answer(engine, run);
        }
        sarn__run_advance(engine, run);
    }
    (void)sarn__runs_pump(engine);
    sarn__runs_reap(engine);
    sarn__runs_trim(engine);
}

/* Nobody can know more than what is durable. What is held stays: the step was made. */
static void fall_back(sarn_engine *engine, struct sarn__run *run)
{
    sarn__run_drop_state(engine->orchestrator, run);
    run->last_position = run->gate = engine->durable;
    /* Results of its windows were lost: those steps may have run. */
    run->recovered = true;
    sarn__run_hold_again(run);
    if (run->where == SARN__READY) {
        return;
    }
    if (engine->winding && engine->orchestrator->last_tries < LAST_TRIES_MAX) {
        /* There will be no later, and what is held would have to be asked about. */
        sarn__run_move(engine->orchestrator, run, SARN__READY);
    } else {
        sarn__run_postpone(engine, run, &engine->commit_job.error);
    }
}

void sarn__orchestrator_append_failed(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;
    struct sarn_error error = engine->commit_job.error;

    if (engine->stopped != SARN_OK) {
        return; /* sarn__orchestrator_halted() has said so. */
    }
    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        struct sarn__map_node *node = orchestrator->runs.buckets[i];

        while (node != NULL) {
            struct sarn__run *run = SARN__OF(node, struct sarn__run, node);

            node = node->next;
            if (run->started_position > engine->durable) {
                sarn__run_answer_error(engine, run, engine->commit_job.status, &error);
                sarn__run_drop_jobs(orchestrator, run);
                sarn__run_destroy(orchestrator, run);
            } else if (run->last_position > engine->durable) {
                fall_back(engine, run);
            }
        }
    }
    if (engine->winding) {
        orchestrator->last_tries += 1;
        (void)sarn__runs_pump(engine);
    }
}

void sarn__orchestrator_halted(sarn_engine *engine, const struct sarn_error *why)
{
    const struct sarn__orchestrator *orchestrator = engine->orchestrator;

    if (orchestrator == NULL) {
        return;
    }
    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        for (struct sarn__map_node *node = orchestrator->runs.buckets[i]; node != NULL;
             node = node->next) {
            struct sarn__run *run = SARN__OF(node, struct sarn__run, node);
            bool known = run->last_position <= engine->durable;

            sarn__run_answer_error(
                engine, run, known ? engine->stopped_error.status : engine->stopped,
                known ? &engine->stopped_error : why);
        }
    }
}

/* Who was only waiting for memory or disk has an outcome to record, or an intent to
 * withdraw, like those that are ready. */
void sarn__orchestrator_stop(sarn_engine *engine)
{
    struct sarn__orchestrator *orchestrator = engine->orchestrator;

    for (uint32_t i = 0; i < orchestrator->runs.bucket_count; i++) {
        for (struct sarn__map_node *node = orchestrator->runs.buckets[i]; node != NULL;
             node = node->next) {
            struct sarn__run *run = SARN__OF(node, struct sarn__run, node);

            if (run->postponed) {
                run->postponed = false;
                sarn__timers_clear(&orchestrator->timers, &run->timer);
                sarn__run_move(orchestrator, run, SARN__READY);
            }
        }
    }
    (void)sarn__runs_pump(engine);
}
