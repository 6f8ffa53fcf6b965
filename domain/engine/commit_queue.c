/* The commit queue: one append or one slice of the tables at a time, handed to the
 * committer. */
#include "core/fail.h"
#include "engine/orchestrator.h"
#include "engine/state.h"

#define SLICE_ROWS    4096u /* Bounded, so that appends wait little. */
#define SLICE_BYTES   (1024u * 1024)
#define SLICES        8u /* Between two appends, with a tail at its bound. */
#define OVERLAY_BYTES (48u * 1024 * 1024) /* More in memory: flush. */
#define QUICK_EVENTS  8u /* A batch so small is appended inline when all is quiet. */

static void commit_work(struct sarn__job *job)
{
    struct sarn__commit_job *commit = SARN__OF(job, struct sarn__commit_job, job);
    const struct sarn_journal *journal = &commit->journal;
    uint8_t bytes[SARN__COMMIT_BYTES];
    struct sarn_batch batch;

    commit->error = (struct sarn_error){SARN_OK, ""};
    if (commit->batch == NULL) {
        commit->status =
            journal->ops->flush(journal->self, &commit->flush, &commit->error);
        return;
    }
    commit->status = sarn__commit_seal(&commit->commit, commit->batch->records,
                                       &commit->hash, bytes);
    if (commit->status != SARN_OK) {
        sarn__error_set(&commit->error, commit->status,
                        "a commit could not be digested");
        return;
    }
    batch = (struct sarn_batch){.epoch = commit->commit.epoch,
                                .take_epoch = commit->take_epoch,
                                .first = commit->commit.first,
                                .records = commit->batch->records,
                                .count = commit->commit.count,
                                .commit = {(const char *)bytes, sizeof(bytes)}};
    commit->status = journal->ops->append(journal->self, &batch, &commit->error);
}

sarn_status sarn__engine_prepare_commit(sarn_engine *engine,
                                        bool take_epoch,
                                        struct sarn_error *error)
{
    struct sarn__commit_job *job = &engine->commit_job;
    struct sarn__batch *batch;

    SARN__TRY(sarn__writer_seal(&engine->writer, &batch, error));
    *job = (struct sarn__commit_job){
        .job = {.kind = SARN__JOB_COMMIT, .work = commit_work},
        .journal = engine->log.ports.journal,
        .hash = engine->log.ports.hash,
        .batch = batch,
        .take_epoch = take_epoch,
        .commit = {.count = batch->count,
                   .epoch = engine->epoch,
                   .first = batch->first,
                   .last = batch->first + batch->count - 1,
                   .time_us = batch->time_us}};
    for (uint32_t i = 0; i < SARN__DIGEST_BYTES; i++) {
        job->commit.previous_hash[i] = engine->chain[i];
    }
    engine->flight_answers = engine->open_answers;
    engine->open_answers = (struct sarn__answers){NULL, NULL};
    return SARN_OK;
}

static void launch_append(sarn_engine *engine)
{
    struct sarn_error error;
    sarn_status status;
    bool quick;

    status = sarn__engine_prepare_commit(engine, false, &error);
    if (status != SARN_OK) {
        /* Out of memory, perhaps for good: whoever waits is to hear of it. */
        sarn__settle_unlaunched(engine, status, &error);
        return;
    }
    quick = engine->queue_first == NULL &&
            engine->commit_job.commit.count <= QUICK_EVENTS &&
            sarn__orchestrator_running(engine) == 0;
    if (quick) {
        /* So little is folded faster than a thread is woken to do it beside the append.
         */
        sarn__settle_fold(engine);
    }
    engine->commit_job.job.quick = quick;
    engine->slices = 0;
    engine->job_out = true;
    sarn__engine_push_job(engine, &engine->commit_job.job);
}

/* Is it time to write tables? */
static bool wants_slice(sarn_engine *engine)
{
    struct sarn__tables *tables = engine->log.store.tables;
    uint64_t position = engine->log.store.position;

    if (engine->winding || engine->stopped != SARN_OK ||
        (engine->flush_retry_us != 0 &&
         sarn__writer_now(&engine->writer) < engine->flush_retry_us)) {
        return false;
    }
    if (!sarn__tables_in_round(tables) &&
        (position - engine->flushed_through > engine->options.tail_max / 2 ||
         sarn__tables_bytes(tables) > OVERLAY_BYTES) &&
        sarn__tables_dirty_rows(tables) > 0) {
        sarn__tables_begin_round(tables, position);
    }
    return sarn__tables_in_round(tables);
}

static bool launch_slice(sarn_engine *engine)
{
    struct sarn__commit_job *job = &engine->commit_job;
    struct sarn_error error;

    *job = (struct sarn__commit_job){
        .job = {.kind = SARN__JOB_COMMIT, .work = commit_work},
        .journal = engine->log.ports.journal};
    if (sarn__tables_slice(engine->log.store.tables, SLICE_ROWS, SLICE_BYTES,
                           &job->flush, &error) != SARN_OK) {
        engine->flush_retry_us = sarn__writer_now(&engine->writer) + SARN__RETRY_US;
        return false;
    }
    job->flush.epoch = engine->epoch;
    engine->flush_retry_us = 0;
    engine->slices += 1;
    engine->job_out = true;
    sarn__engine_push_job(engine, &job->job);
    return true;
}

/* How many slices may go between two appends: the longer the tail, the more, so that
 * writing the tables keeps up with whatever is appended. */
static uint64_t slices_allowed(const sarn_engine *engine)
{
    uint64_t tail = engine->log.store.position - engine->flushed_through;
    uint64_t half = engine->options.tail_max / 2;

    return tail <= half ? 1 : 1 + (tail - half) * SLICES / (half + 1);
}

void sarn__engine_launch(sarn_engine *engine)
{
    const struct sarn__batch *open = engine->writer.open;
    bool append = open->count > 0 && (open->waited || engine->winding ||
                                      sarn__writer_is_full(&engine->writer));
    bool slice;

    if (engine->job_out || engine->stopped != SARN_OK) {
        return;
    }
    slice = wants_slice(engine) && (!append || engine->slices < slices_allowed(engine));
    if ((!slice || !launch_slice(engine)) && append) {
        launch_append(engine);
    }
}
