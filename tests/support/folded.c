#include "support/folded.h"

#include <string.h>

void folded_open(struct folded *f)
{
    assert_int_equal(sarn__store_open(&f->store, &f->scribe.ports, false, &f->error),
                     SARN_OK);
}

void folded_begin(struct folded *f)
{
    f->error = (struct sarn_error){.status = SARN_OK};
    f->text[0] = '\0';
    scribe_init(&f->scribe);
    f->arena = sarn_arena_create(NULL);
    folded_open(f);
}

void folded_end(struct folded *f)
{
    sarn__store_close(&f->store);
    sarn_arena_destroy(f->arena);
    scribe_done(&f->scribe);
}

sarn_status folded_tail(struct folded *f)
{
    return sarn__store_fold_tail(&f->store, NULL, NULL, NULL, NULL, &f->error);
}

/* Write one event and fold it. */
uint64_t folded_record(struct folded *f, const struct scribe_event *event)
{
    uint64_t position = scribe_write(&f->scribe, event);

    f->error.text[0] = '\0';
    if (folded_tail(f) != SARN_OK) {
        fail_msg("%s", f->error.text);
    }
    assert_int_equal(f->store.position, position);
    return position;
}

/* Write an event that contradicts the log; what the fold says of it. */
const char *folded_lie(struct folded *f, const struct scribe_event *event)
{
    scribe_write(&f->scribe, event);
    f->error.text[0] = '\0';
    assert_int_equal(folded_tail(f), SARN_ERR_CORRUPT);
    return f->error.text;
}

void folded_many(struct folded *f, const char *stream, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        folded_record(f,
                      &(struct scribe_event){.stream = stream, .type = "test.Counted"});
    }
}

/* One slice of rows to the journal. */
void folded_flush_slice(struct folded *f, uint32_t rows_max)
{
    struct sarn_journal *journal = &f->scribe.ports.journal;
    struct sarn_flush flush = {.epoch = 0};

    assert_int_equal(
        sarn__tables_slice(f->store.tables, rows_max, 1u << 20, &flush, &f->error),
        SARN_OK);
    sarn__tables_slice_done(f->store.tables,
                            journal->ops->flush(journal->self, &flush, &f->error));
}

void folded_flush(struct folded *f)
{
    sarn__tables_begin_round(f->store.tables, f->store.position);
    while (sarn__tables_in_round(f->store.tables)) {
        folded_flush_slice(f, 100);
    }
}

void folded_crash(struct folded *f)
{
    sarn__store_close(&f->store);
    scribe_crash(&f->scribe);
    folded_open(f);
}

/* "#2 version 5 at 17 from 0 deleted", or "none". */
const char *folded_head(struct folded *f, uint32_t tenant, const char *name)
{
    struct sarn__head found;

    assert_int_equal(
        sarn__store_head(&f->store, tenant, sarn_str(name), &found, &f->error),
        SARN_OK);
    snprintf(f->text, sizeof(f->text),
             "#%" PRIu64 " version %" PRIu64 " at %" PRIu64 " from %" PRIu64 "%s",
             found.number, found.version, found.last_position, found.first_version,
             found.deleted ? " deleted" : "");
    return found.number == 0 ? "none" : f->text;
}

sarn_status folded_span(void *arg, const struct sarn__record *seen)
{
    struct folded_span *span = arg;

    if (span->count > 0) {
        assert_int_equal(seen->version, span->last + (uint64_t)(int64_t)span->step);
    } else {
        span->first = seen->version;
    }
    span->last = seen->version;
    span->count += 1;
    return SARN_OK;
}

const char *
folded_read(struct folded *f, const char *name, int64_t from, uint64_t limit)
{
    struct folded_span span = {.step = from < 0 ? -1 : 1};
    struct sarn__head found;

    assert_int_equal(sarn__store_head(&f->store, 0, sarn_str(name), &found, NULL),
                     SARN_OK);
    assert_int_equal(from < 0 ? sarn__store_read_backward(&f->store, &found, limit,
                                                          folded_span, &span, &f->error)
                              : sarn__store_read_forward(&f->store, &found,
                                                         (uint64_t)from, limit,
                                                         folded_span, &span, &f->error),
                     SARN_OK);
    snprintf(f->text, sizeof(f->text), "%" PRIu64 "..%" PRIu64, span.first, span.last);
    return span.count == 0 ? "nothing" : f->text;
}
