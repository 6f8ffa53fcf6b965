/* What comes back from the committer: answered, folded, published; or forgotten. */
#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "engine/orchestrator.h"
#include "engine/schedules.h"
#include "engine/state.h"

/* --- folding --- */

static sarn_status fold_record(sarn_engine *engine,
                               const struct sarn__record *record,
                               struct sarn_error *error)
{
    struct sarn_log *log = &engine->log;
    struct sarn_event event;

    SARN__TRY(sarn__store_fold(&log->store, record, error));
    if (!sarn__bus_wants(engine->bus, record)) {
        return sarn__projections_fold(log->projections, record, NULL, error);
    }
    sarn_arena_reset(log->arena);
    SARN__TRY(sarn__decoder_event(log->decoder, record, 0, log->arena, &event, error));
    SARN__TRY(sarn__projections_fold(log->projections, record, &event, error));
    sarn__bus_publish(engine->bus, &event);
    return SARN_OK;
}

static sarn_status fold_batch(sarn_engine *engine,
                              const struct sarn__batch *batch,
                              struct sarn_error *error)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        struct sarn__record record;

        /* Our own bytes of a moment ago: the checksum is not looked at again. */
        SARN__TRY(sarn__record_decode(batch->first + i, batch->records[i], NULL,
                                      &record, error));
        SARN__TRY(fold_record(engine, &record, error));
    }
    for (const struct sarn__snapshot_note *note = batch->snapshots; note != NULL;
         note = note->next) {
        SARN__TRY(sarn__store_put_snapshot(&engine->log.store, note->stream,
                                           &note->snapshot, error));
    }
    return SARN_OK;
}

void sarn__settle_fold(sarn_engine *engine)
{
    struct sarn__batch *batch = engine->writer.settling;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_str nothing = {NULL, 0};
    uint64_t last;
    sarn_status status;

    if (batch == NULL) {
        return;
    }
    last = batch->first + batch->count - 1;
    status = fold_batch(engine, batch, &error);
    if (status != SARN_OK) {
        /* The log has it, memory does not: only a new fold can be trusted. */
        engine->unfolded = true;
        sarn__engine_halt(engine, status, &error);
    }
    sarn__engine_observe(engine, SARN_STAGE_PUBLISH, status, batch->count, last,
                         nothing);
    sarn__writer_settled(&engine->writer);
    sarn__keys_settled(engine);
    sarn__entities_trim(&engine->entities);
}

/* --- appends --- */

static void append_done(sarn_engine *engine, const struct sarn__commit_job *job)
{
    struct sarn_str nothing = {NULL, 0};

    memcpy(engine->chain, job->commit.hash, sizeof(engine->chain));
    engine->durable = job->commit.last;
    engine->counts.commits += 1;
    engine->counts.events += job->commit.count;
    sarn__writer_now_durable(&engine->writer);
    sarn__engine_observe(engine, SARN_STAGE_COMMIT, SARN_OK, job->commit.count,
                         job->commit.last, nothing);
    sarn__answer_all(engine, &engine->flight_answers, SARN_OK, NULL);
    sarn__orchestrator_durable(engine);
}

/* Nothing of the batch was written, or nobody knows; of what was decided on top of it,
 * nothing was. */
static void append_failed(sarn_engine *engine, const struct sarn__commit_job *job)
{
    struct sarn_str nothing = {NULL, 0};
    sarn_status status = job->status;
    struct sarn_error error = job->error;
    struct sarn_error later = error;

    if (status == SARN_ERR_IN_DOUBT || status == SARN_ERR_DEPOSED) {
        sarn__engine_halt(engine, status, &error);
        sarn__error_set(&later, engine->stopped_error.status,
                        "the engine stopped before this was written: %.180s",
                        error.text);
    }
    sarn__engine_observe(engine, SARN_STAGE_COMMIT, status, 0, 0, nothing);
    sarn__entities_forget(&engine->entities, engine->log.store.position);
    sarn__writer_forget(&engine->writer);
    sarn__orchestrator_append_failed(engine);
    sarn__schedules_append_failed(engine);
    sarn__answer_all(engine, &engine->flight_answers, status, &error);
    sarn__answer_all(engine, &engine->open_answers, later.status, &later);
}

void sarn__settle_unlaunched(sarn_engine *engine,
                             sarn_status status,
                             const struct sarn_error *error)
{
    struct sarn__commit_job *job = &engine->commit_job;

    assert(!engine->job_out && engine->writer.in_flight == NULL);
    sarn__settle_fold(engine); /* What is durable stays. */
    *job = (struct sarn__commit_job){.status = status, .error = *error};
    append_failed(engine, job);
}

/* --- flushes --- */

static void flush_done(sarn_engine *engine, const struct sarn__commit_job *job)
{
    sarn__tables_slice_done(engine->log.store.tables, job->status);
    if (job->status == SARN_OK) {
        engine->counts.flushes += 1;
        if (job->flush.through != 0) {
            engine->flushed_through = job->flush.through;
        }
    } else if (job->status == SARN_ERR_IN_DOUBT || job->status == SARN_ERR_DEPOSED) {
        sarn__engine_halt(engine, job->status, &job->error);
    } else {
        engine->flush_retry_us = sarn__writer_now(&engine->writer) + SARN__RETRY_US;
    }
}

void sarn__settle_job(sarn_engine *engine)
{
    struct sarn__commit_job *job = &engine->commit_job;

    assert(engine->job_finished);
    engine->job_finished = false;
    if (job->batch == NULL) {
        flush_done(engine, job);
        return;
    }
    sarn__settle_fold(engine); /* The one before, if it still is to be. */
    if (job->status == SARN_OK) {
        append_done(engine, job);
    } else {
        append_failed(engine, job);
    }
}
