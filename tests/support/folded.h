/* folded.h - a store over a log written by hand (scribe.h): write, fold, flush, crash,
 * and ask. */
#ifndef SARN_TESTS_SUPPORT_FOLDED_H
#define SARN_TESTS_SUPPORT_FOLDED_H

#include "engine/store.h"
#include "support/scribe.h"
#include "support/test.h"

#define FOLDED_TEXT 1024u

struct folded {
    struct scribe scribe;
    struct sarn__store store;
    struct sarn_arena *arena;
    struct sarn_error error;
    char text[FOLDED_TEXT]; /* Of the last answer. */
};

void folded_begin(struct folded *f);
void folded_end(struct folded *f);
/* Open the store; begin has done so. */
void folded_open(struct folded *f);
/* The power goes; the store is opened anew, and has folded nothing yet. */
void folded_crash(struct folded *f);

sarn_status folded_tail(struct folded *f);
/* Write one event and fold it. Returns its position. */
uint64_t folded_record(struct folded *f, const struct scribe_event *event);
void folded_many(struct folded *f, const char *stream, uint32_t count);
/* Write an event that contradicts the log; what the fold says of it. */
const char *folded_lie(struct folded *f, const struct scribe_event *event);

/* Write one slice of rows to the journal; or all. */
void folded_flush_slice(struct folded *f, uint32_t rows_max);
void folded_flush(struct folded *f);

/* "#2 version 5 at 17 from 0 deleted", or "none". */
const char *folded_head(struct folded *f, uint32_t tenant, const char *name);

/* "from..to" of the versions seen, which have no gap, or "nothing". */
struct folded_span {
    uint64_t first, last;
    uint32_t count;
    int step; /* 1 or -1. */
};
sarn_status folded_span(void *arg, const struct sarn__record *record);
/* from -1: backward from the head. */
const char *
folded_read(struct folded *f, const char *name, int64_t from, uint64_t limit);

#endif
