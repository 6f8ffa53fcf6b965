#include "engine/verify.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"

/* Commits are gathered a stretch at a time, so that none of the journal's read
 * transactions spans the reading of their records. */
#define STRETCH 64u

struct gathered {
    uint32_t count;
    struct {
        uint64_t position;
        uint32_t size;
        uint64_t bytes[SARN__COMMIT_BYTES / 8];
    } commits[STRETCH];
};

/* Answers anything but SARN_OK when it is full: that ends the reading. */
static sarn_status gather(void *arg, uint64_t position, struct sarn_str value)
{
    struct gathered *gathered = arg;
    uint32_t at = gathered->count;

    if (at == STRETCH) {
        return SARN_ERR_OVERLOADED;
    }
    gathered->commits[at].position = position;
    gathered->commits[at].size =
        value.size < SARN__COMMIT_BYTES ? value.size : SARN__COMMIT_BYTES;
    memcpy(gathered->commits[at].bytes, value.data, gathered->commits[at].size);
    gathered->count += 1;
    return SARN_OK;
}

/* One verification of a journal. */
struct run {
    const struct sarn_journal *journal;
    struct sarn__verify *verify;
    sarn_progress_fn *progress;
    void *arg;
    uint64_t last;  /* Where the log ended when it began. */
    uint64_t begin; /* The first record that no commit has covered yet. */
    struct sarn_error *error;
};

static sarn_status take_record(void *arg, uint64_t position, struct sarn_str value)
{
    struct run *run = arg;

    return sarn__verify_record(run->verify, position, value, run->error);
}

SARN_MUST_USE static sarn_status report(const struct run *run, uint64_t done)
{
    return run->progress == NULL ? SARN_OK : run->progress(run->arg, done, run->last);
}

SARN_MUST_USE static sarn_status
take_records(struct run *run, uint64_t from, uint64_t to)
{
    const struct sarn_journal *journal = run->journal;

    while (from != 0 && from <= to) {
        SARN__TRY(journal->ops->scan(journal->self, from, to, take_record, run, &from,
                                     run->error));
        SARN__TRY(report(run, from == 0 ? to : from - 1));
    }
    return SARN_OK;
}

/* The commits from position on with their records; *next: where to look for more, 0:
 * done. */
SARN_MUST_USE static sarn_status
take_stretch(struct run *run, uint64_t from, uint64_t *next)
{
    const struct sarn_journal *journal = run->journal;
    struct gathered gathered = {.count = 0};
    sarn_status status =
        journal->ops->commits(journal->self, from, gather, &gathered, next, run->error);

    if (status != SARN_OK && status != SARN_ERR_OVERLOADED) {
        return status;
    }
    for (uint32_t i = 0; i < gathered.count; i++) {
        uint64_t last = gathered.commits[i].position;
        struct sarn_str bytes = {(const char *)gathered.commits[i].bytes,
                                 gathered.commits[i].size};

        if (last > run->last) {
            *next = 0; /* Appended since. */
            return SARN_OK;
        }
        SARN__TRY(take_records(run, run->begin, last));
        SARN__TRY(sarn__verify_commit(run->verify, last, bytes, run->error));
        run->begin = last + 1;
    }
    if (status == SARN_ERR_OVERLOADED) {
        *next = run->begin;
    }
    return SARN_OK;
}

sarn_status sarn__verify_take(struct sarn__verify *verify,
                              const struct sarn_journal *journal,
                              sarn_progress_fn *progress,
                              void *arg,
                              struct sarn_error *error)
{
    struct run run = {.journal = journal,
                      .verify = verify,
                      .progress = progress,
                      .arg = arg,
                      .begin = 1,
                      .error = error};
    struct sarn_journal_state state;
    uint64_t from = 1;

    SARN__TRY(journal->ops->state(journal->self, &state, error));
    run.last = state.last_position;
    while (from != 0) {
        SARN__TRY(take_stretch(&run, from, &from));
    }
    SARN__TRY(take_records(&run, run.begin, run.last));
    sarn__verify_end(verify);
    return SARN_OK;
}

sarn_status sarn__verify_journal(const struct sarn_journal *journal,
                                 const struct sarn_hash *hash,
                                 const struct sarn_heap *heap,
                                 struct sarn_check *check,
                                 struct sarn_error *error)
{
    struct sarn__verify *verify;
    sarn_status status;

    SARN__TRY(
        sarn__verify_create(hash, heap, check->finding, check->arg, &verify, error));
    status = sarn__verify_take(verify, journal, check->progress, check->arg, error);
    check->events = sarn__verify_records(verify);
    check->differences = sarn__verify_findings(verify);
    sarn__verify_destroy(verify);
    if (status == SARN_OK && check->differences != 0) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "the log is damaged: %llu findings",
                          (unsigned long long)check->differences);
    }
    return status;
}
