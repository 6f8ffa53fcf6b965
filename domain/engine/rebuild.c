/* A log is written again.
 *
 * What comes in is gathered in a group of whole commits, and the open one behind them.
 * A commit that is whole is held against the chain (verify.h) and folded into the
 * store, still in memory: what the store refuses, no engine could open. So nothing is
 * written that is not known to be good. A group is one durable transaction; then
 * projections, which may read what lies in the log, fold it too.
 *
 * When something fails, what is folded may be ahead of what is written. Then memory is
 * given up, and the log is folded anew from what is durable.
 */
#include "engine/rebuild.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/log.h"
#include "engine/verify.h"

/* A group is written when it has so many bytes or commits. */
#define GROUP_BYTES   (8u * 1024 * 1024)
#define GROUP_COMMITS 65536u

/* Tables are flushed when the tail or the changed rows are larger than these. */
#define TAIL_EVENTS   65536u
#define OVERLAY_BYTES (48u * 1024 * 1024)
#define SLICE_ROWS    16384u
#define SLICE_BYTES   (4u * 1024 * 1024)

struct sarn__rebuild {
    struct sarn_log log;
    struct sarn__verify *verify;
    char finding[SARN_ERROR_TEXT_BYTES]; /* The first that verify had. */
    struct sarn_archive_end end;         /* With what is in the group. */
    struct sarn_archive_end written;     /* Without. */
    uint64_t epoch;                      /* Of the last commit written. */
    uint64_t flushed;                    /* The tables reach this position. */

    /* The group. */
    struct sarn_arena *arena;
    struct sarn_batch *batches; /* Their records are set when they are written. */
    uint32_t batch_count, batch_room;
    uint32_t batches_written; /* The first so many, where the others failed. */
    uint64_t batch_bytes;
    struct sarn_str *records; /* Of all batches, and then of the open commit. */
    uint64_t record_count, record_room;
    uint64_t open_count, open_bytes; /* Of the open commit. */

    bool ahead;         /* Memory has folded more than is written. */
    sarn_status failed; /* Nothing more is taken; why. */
    struct sarn_error why;
};

/* --- life --- */

static void keep_first(void *arg, const char *text)
{
    struct sarn__rebuild *rebuild = arg;

    if (rebuild->finding[0] == '\0') {
        struct sarn_error first;

        (void)!sarn__fail(&first, SARN_ERR_CORRUPT, "%s", text);
        memcpy(rebuild->finding, first.text, sizeof(rebuild->finding));
    }
}

/* What verify had to say about what it was last given. */
SARN_MUST_USE static sarn_status
judge(const struct sarn__rebuild *rebuild, sarn_status status, struct sarn_error *error)
{
    if (status == SARN_OK && sarn__verify_findings(rebuild->verify) != 0) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "%s", rebuild->finding);
    }
    return status;
}

/* Fold what the journal has and the tables do not. */
SARN_MUST_USE static sarn_status open_log(struct sarn__rebuild *rebuild,
                                          struct sarn_error *error)
{
    struct sarn_log *log = &rebuild->log;
    const struct sarn_journal *journal = &log->ports.journal;
    struct sarn_journal_state state;

    SARN__TRY(journal->ops->state(journal->self, &state, error));
    SARN__TRY(sarn__log_init(log, NULL, 0, false, NULL, NULL, error));
    rebuild->epoch = state.epoch;
    rebuild->flushed = state.through;
    rebuild->ahead = false;
    return sarn__projections_leave_others(log->projections, error);
}

SARN_MUST_USE static sarn_status take_what_is_there(struct sarn__rebuild *rebuild,
                                                    sarn_progress_fn *progress,
                                                    void *arg,
                                                    struct sarn_error *error)
{
    sarn_status status = sarn__verify_take(rebuild->verify, &rebuild->log.ports.journal,
                                           progress, arg, error);

    SARN__TRY(judge(rebuild, status, error));
    sarn__verify_where(rebuild->verify, &rebuild->written);
    rebuild->end = rebuild->written;
    return open_log(rebuild, error);
}

sarn_status sarn__rebuild_create(const struct sarn_ports *ports,
                                 sarn_progress_fn *progress,
                                 void *arg,
                                 struct sarn__rebuild **rebuild,
                                 struct sarn_error *error)
{
    struct sarn__rebuild *made = sarn__heap_alloc(&ports->heap, sizeof(*made));
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for writing a log");
    }
    made->log.ports = *ports;
    made->arena = sarn_arena_create(&ports->heap);
    status = made->arena == NULL
                 ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for writing a log")
                 : sarn__verify_create(&ports->hash, &ports->heap, keep_first, made,
                                       &made->verify, error);
    if (status == SARN_OK) {
        status = take_what_is_there(made, progress, arg, error);
    }
    if (status != SARN_OK) {
        sarn__rebuild_destroy(made);
        return status;
    }
    *rebuild = made;
    return SARN_OK;
}

void sarn__rebuild_destroy(struct sarn__rebuild *rebuild)
{
    struct sarn_heap heap;

    if (rebuild == NULL) {
        return;
    }
    heap = rebuild->log.ports.heap;
    sarn__log_done(&rebuild->log);
    sarn__verify_destroy(rebuild->verify);
    sarn_arena_destroy(rebuild->arena);
    sarn__heap_free(&heap, rebuild->batches);
    sarn__heap_free(&heap, rebuild->records);
    sarn__heap_free(&heap, rebuild);
}

const struct sarn_archive_end *sarn__rebuild_end(const struct sarn__rebuild *rebuild)
{
    return &rebuild->end;
}

/* --- the group --- */

SARN_MUST_USE static sarn_status no_memory(struct sarn_error *error)
{
    return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for the log's records");
}

/* The open commit is dropped, and so is whatever comes. */
SARN_MUST_USE static sarn_status
give_up(struct sarn__rebuild *rebuild, sarn_status status, const struct sarn_error *why)
{
    rebuild->failed = status;
    rebuild->why = *why;
    rebuild->record_count -= rebuild->open_count;
    rebuild->open_count = 0;
    rebuild->open_bytes = 0;
    return status;
}

static void forget_group(struct sarn__rebuild *rebuild)
{
    rebuild->batch_count = 0;
    rebuild->batches_written = 0;
    rebuild->batch_bytes = 0;
    rebuild->record_count = 0;
    rebuild->open_count = 0;
    rebuild->open_bytes = 0;
    sarn_arena_reset(rebuild->arena);
}

/* Room for one more of size bytes in *array. */
SARN_MUST_USE static sarn_status reserve(const struct sarn_heap *heap,
                                         void **array,
                                         uint64_t count,
                                         uint64_t *room,
                                         size_t size)
{
    uint64_t wanted = *room == 0 ? 1024 : *room * 2;
    void *grown;

    if (count < *room) {
        return SARN_OK;
    }
    grown = sarn__heap_resize(heap, *array, wanted * size);
    if (grown == NULL) {
        return SARN_ERR_NOMEM;
    }
    *array = grown;
    *room = wanted;
    return SARN_OK;
}

/* A copy of bytes in the group, 8-aligned. */
SARN_MUST_USE static sarn_status
keep(struct sarn__rebuild *rebuild, struct sarn_str bytes, struct sarn_str *kept)
{
    char *copy = sarn_arena_alloc(rebuild->arena, bytes.size);

    if (copy == NULL) {
        return SARN_ERR_NOMEM;
    }
    memcpy(copy, bytes.data, bytes.size);
    *kept = (struct sarn_str){copy, bytes.size};
    return SARN_OK;
}

SARN_MUST_USE static sarn_status add_record(struct sarn__rebuild *rebuild,
                                            struct sarn_str bytes)
{
    void *records = rebuild->records;
    struct sarn_str kept;
    sarn_status status =
        reserve(&rebuild->log.ports.heap, &records, rebuild->record_count,
                &rebuild->record_room, sizeof(*rebuild->records));

    rebuild->records = records;
    SARN__TRY(status);
    SARN__TRY(keep(rebuild, bytes, &kept));
    rebuild->records[rebuild->record_count++] = kept;
    rebuild->open_count += 1;
    rebuild->open_bytes += bytes.size;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status add_batch(struct sarn__rebuild *rebuild,
                                           const struct sarn__commit *commit,
                                           struct sarn_str bytes)
{
    void *batches = rebuild->batches;
    uint64_t room = rebuild->batch_room;
    struct sarn_str kept;
    sarn_status status =
        reserve(&rebuild->log.ports.heap, &batches, rebuild->batch_count, &room,
                sizeof(*rebuild->batches));

    rebuild->batches = batches;
    rebuild->batch_room = (uint32_t)room;
    SARN__TRY(status);
    SARN__TRY(keep(rebuild, bytes, &kept));
    rebuild->batches[rebuild->batch_count++] =
        (struct sarn_batch){.epoch = commit->epoch,
                            .first = commit->first,
                            .count = commit->count,
                            .commit = kept};
    rebuild->batch_bytes += rebuild->open_bytes;
    rebuild->open_count = 0;
    rebuild->open_bytes = 0;
    return SARN_OK;
}

/* --- tables --- */

SARN_MUST_USE static sarn_status flush_slice(struct sarn__rebuild *rebuild,
                                             struct sarn_error *error)
{
    const struct sarn_journal *journal = &rebuild->log.ports.journal;
    struct sarn__tables *tables = rebuild->log.store.tables;
    struct sarn_flush flush = {.epoch = 0};
    sarn_status status;

    SARN__TRY(sarn__tables_slice(tables, SLICE_ROWS, SLICE_BYTES, &flush, error));
    flush.epoch = rebuild->epoch;
    status = journal->ops->flush(journal->self, &flush, error);
    sarn__tables_slice_done(tables, status);
    if (status == SARN_OK && flush.through != 0) {
        rebuild->flushed = flush.through;
    }
    return status;
}

/* One round, from its beginning to its end. */
SARN_MUST_USE static sarn_status flush(struct sarn__rebuild *rebuild,
                                       struct sarn_error *error)
{
    struct sarn__tables *tables = rebuild->log.store.tables;

    assert(!rebuild->ahead);
    sarn__tables_begin_round(tables, rebuild->log.store.position);
    while (sarn__tables_in_round(tables)) {
        SARN__TRY(flush_slice(rebuild, error));
    }
    return SARN_OK;
}

static bool wants_flush(const struct sarn__rebuild *rebuild)
{
    const struct sarn__store *store = &rebuild->log.store;

    return store->position - rebuild->flushed > TAIL_EVENTS ||
           sarn__tables_bytes(store->tables) > OVERLAY_BYTES;
}

/* --- folding --- */

/* The records that lie from index on, count of them; the first is at position. */
typedef sarn_status fold_fn(struct sarn_log *log,
                            const struct sarn__record *record,
                            struct sarn_error *error);

SARN_MUST_USE static sarn_status fold_records(struct sarn__rebuild *rebuild,
                                              uint64_t index,
                                              uint64_t count,
                                              uint64_t position,
                                              fold_fn *fold,
                                              struct sarn_error *error)
{
    for (uint64_t i = 0; i < count; i++) {
        struct sarn__record record;

        /* Its checksum was looked at when it came. */
        SARN__TRY(sarn__record_decode(position + i, rebuild->records[index + i], NULL,
                                      &record, error));
        SARN__TRY(fold(&rebuild->log, &record, error));
    }
    return SARN_OK;
}

static sarn_status fold_store(struct sarn_log *log,
                              const struct sarn__record *record,
                              struct sarn_error *error)
{
    return sarn__store_fold(&log->store, record, error);
}

static sarn_status fold_projections(struct sarn_log *log,
                                    const struct sarn__record *record,
                                    struct sarn_error *error)
{
    return sarn__projections_fold(log->projections, record, NULL, error);
}

/* Sarn's own projections, from where they stand to where the log does. */
SARN_MUST_USE static sarn_status follow(struct sarn__rebuild *rebuild,
                                        struct sarn_error *error)
{
    bool behind = true;

    while (behind) {
        SARN__TRY(sarn__projections_follow(rebuild->log.projections, TAIL_EVENTS,
                                           &behind, error));
        if (wants_flush(rebuild)) {
            SARN__TRY(flush(rebuild, error));
        }
    }
    return SARN_OK;
}

/* --- writing --- */

/* As many batches as one transaction may have, from the one at index on. */
static uint32_t count_fitting(const struct sarn__rebuild *rebuild, uint32_t index)
{
    uint64_t bytes = 0;
    uint32_t at = index;

    for (; at < rebuild->batch_count; at++) {
        const struct sarn_batch *batch = &rebuild->batches[at];

        for (uint32_t i = 0; i < batch->count; i++) {
            bytes += batch->records[i].size;
        }
        if (bytes > SARN__APPEND_BYTES_MAX) {
            break;
        }
    }
    assert(at > index); /* A commit over the limit is not taken. */
    return at - index;
}

/* The log ends with batch now. */
SARN_MUST_USE static sarn_status have_written(struct sarn__rebuild *rebuild,
                                              const struct sarn_batch *batch,
                                              struct sarn_error *error)
{
    struct sarn__commit commit;

    SARN__TRY(sarn__commit_decode(batch->first + batch->count - 1, batch->commit,
                                  &rebuild->log.ports.hash, &commit, error));
    rebuild->epoch = commit.epoch;
    rebuild->written =
        (struct sarn_archive_end){.position = commit.last, .time_us = commit.time_us};
    memcpy(rebuild->written.hash, commit.hash, sizeof(rebuild->written.hash));
    return SARN_OK;
}

SARN_MUST_USE static sarn_status write_batches(struct sarn__rebuild *rebuild,
                                               struct sarn_error *error)
{
    const struct sarn_journal *journal = &rebuild->log.ports.journal;
    uint64_t first = rebuild->batches[0].first;

    for (uint32_t i = 0; i < rebuild->batch_count; i++) {
        struct sarn_batch *batch = &rebuild->batches[i];

        batch->records = &rebuild->records[batch->first - first];
    }
    while (rebuild->batches_written < rebuild->batch_count) {
        uint32_t at = rebuild->batches_written;
        uint32_t count = count_fitting(rebuild, at);

        SARN__TRY(
            journal->ops->restore(journal->self, &rebuild->batches[at], count, error));
        rebuild->batches_written += count;
        SARN__TRY(have_written(rebuild, &rebuild->batches[at + count - 1], error));
    }
    return SARN_OK;
}

/* The group's whole commits; no commit is open. */
SARN_MUST_USE static sarn_status write_group(struct sarn__rebuild *rebuild,
                                             struct sarn_error *error)
{
    assert(rebuild->open_count == 0);
    if (rebuild->batch_count == 0) {
        return SARN_OK;
    }
    SARN__TRY(write_batches(rebuild, error));
    if (rebuild->failed == SARN_OK) {
        rebuild->ahead = false;
        SARN__TRY(fold_records(rebuild, 0, rebuild->record_count,
                               rebuild->batches[0].first, fold_projections, error));
    }
    forget_group(rebuild);
    return rebuild->failed == SARN_OK ? follow(rebuild, error) : SARN_OK;
}

/* --- records and commits --- */

SARN_MUST_USE static sarn_status take_record(struct sarn__rebuild *rebuild,
                                             uint64_t position,
                                             struct sarn_str bytes,
                                             struct sarn_error *error)
{
    sarn_status status;

    if (bytes.size == 0 || bytes.size % 8 != 0 || bytes.size > SARN__VALUE_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the record at position %llu has %u bytes, which is no size "
                          "of a record",
                          (unsigned long long)position, bytes.size);
    }
    if (rebuild->open_bytes + bytes.size > SARN__APPEND_BYTES_MAX ||
        rebuild->open_count == SARN__VERIFY_UNCOVERED_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "the commit that the record at position %llu belongs to is "
                          "larger than one can be: over %u records or %u bytes",
                          (unsigned long long)position, SARN__VERIFY_UNCOVERED_MAX,
                          SARN__APPEND_BYTES_MAX);
    }
    status = sarn__verify_record(rebuild->verify, position, bytes, error);
    SARN__TRY(judge(rebuild, status, error));
    return add_record(rebuild, bytes) == SARN_OK ? SARN_OK : no_memory(error);
}

SARN_MUST_USE static sarn_status take_commit(struct sarn__rebuild *rebuild,
                                             uint64_t position,
                                             struct sarn_str bytes,
                                             struct sarn_error *error)
{
    struct sarn__commit commit;
    sarn_status status = sarn__verify_commit(rebuild->verify, position, bytes, error);

    SARN__TRY(judge(rebuild, status, error));
    SARN__TRY(
        sarn__commit_decode(position, bytes, &rebuild->log.ports.hash, &commit, error));
    assert(commit.count == rebuild->open_count);
    rebuild->ahead = true;
    SARN__TRY(fold_records(rebuild, rebuild->record_count - rebuild->open_count,
                           commit.count, commit.first, fold_store, error));
    if (add_batch(rebuild, &commit, bytes) != SARN_OK) {
        return no_memory(error);
    }
    sarn__verify_where(rebuild->verify, &rebuild->end);
    return rebuild->batch_bytes < GROUP_BYTES && rebuild->batch_count < GROUP_COMMITS
               ? SARN_OK
               : write_group(rebuild, error);
}

typedef sarn_status take_fn(struct sarn__rebuild *rebuild,
                            uint64_t position,
                            struct sarn_str bytes,
                            struct sarn_error *error);

/* After the first failure nothing more is taken, and each call says why. */
SARN_MUST_USE static sarn_status take(struct sarn__rebuild *rebuild,
                                      take_fn *take_one,
                                      uint64_t position,
                                      struct sarn_str bytes,
                                      struct sarn_error *error)
{
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    sarn_status status;

    if (rebuild->failed == SARN_OK) {
        status = take_one(rebuild, position, bytes, &why);
        if (status == SARN_OK) {
            return SARN_OK;
        }
        (void)!give_up(rebuild, status, &why);
    }
    return sarn__fail(error, rebuild->failed, "%s", rebuild->why.text);
}

sarn_status sarn__rebuild_record(struct sarn__rebuild *rebuild,
                                 uint64_t position,
                                 struct sarn_str bytes,
                                 struct sarn_error *error)
{
    return take(rebuild, take_record, position, bytes, error);
}

sarn_status sarn__rebuild_commit(struct sarn__rebuild *rebuild,
                                 uint64_t position,
                                 struct sarn_str bytes,
                                 struct sarn_error *error)
{
    return take(rebuild, take_commit, position, bytes, error);
}

/* --- the end --- */

/* What is folded is given up for what the journal has. */
SARN_MUST_USE static sarn_status fold_anew(struct sarn__rebuild *rebuild,
                                           struct sarn_error *error)
{
    sarn__log_done(&rebuild->log);
    return open_log(rebuild, error);
}

SARN_MUST_USE static sarn_status write_rest(struct sarn__rebuild *rebuild,
                                            struct sarn_error *error)
{
    sarn_status status;

    rebuild->record_count -= rebuild->open_count;
    rebuild->open_count = 0;
    rebuild->open_bytes = 0;
    status = write_group(rebuild, error);
    if (status != SARN_OK) { /* It stays with what was written before. */
        forget_group(rebuild);
        rebuild->end = rebuild->written;
    }
    return status;
}

sarn_status sarn__rebuild_finish(struct sarn__rebuild *rebuild,
                                 struct sarn_error *error)
{
    bool failed = rebuild->failed != SARN_OK;

    SARN__TRY(write_rest(rebuild, error));
    if (failed) {
        SARN__TRY(fold_anew(rebuild, error));
    }
    SARN__TRY(follow(rebuild, error));
    if (rebuild->flushed == rebuild->log.store.position &&
        sarn__tables_dirty_rows(rebuild->log.store.tables) == 0) {
        return SARN_OK;
    }
    return flush(rebuild, error);
}
