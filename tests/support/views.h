/* views.h - a log over the scribe's store, with the ledger's modules: opened, flushed
 * and crashed by hand, and its rows as text.
 */
#ifndef SARN_TESTS_SUPPORT_VIEWS_H
#define SARN_TESTS_SUPPORT_VIEWS_H

#include "engine/log.h"
#include "support/ledger.h"

#define VIEWS_TEXT_BYTES 4096u

struct views {
    struct scribe scribe;
    struct sarn_log log;
    const struct sarn_module *module;
    bool open;
    struct sarn_error error;
    char text[VIEWS_TEXT_BYTES];
};

/* A new log with the schemas stored, and module's projections registered (module may be
 * NULL: none); open. */
void views_begin(struct views *views, const struct sarn_module *module);
void views_end(struct views *views);
/* Open or close the owner's log; what is not flushed is lost. */
void views_open(struct views *views, const struct sarn_module *module);
void views_close(struct views *views);
/* The power goes; the same module is opened again. */
void views_crash(struct views *views);
/* Another process opens the log; close it with views_close_reader(). */
void views_open_reader(struct views *views,
                       const struct sarn_module *module,
                       struct sarn_log *reader);
void views_close_reader(struct sarn_log *reader);

/* Fold what was written, and let everybody follow to the end. */
void views_refresh(struct views *views);
void views_follow(struct views *views);
/* Flush a round in slices of rows_max rows; at most slices of them: the rest is as if
 * the power had gone. */
void views_flush(struct views *views, uint32_t rows_max, uint32_t slices);

/* Rows of a projection of balances in order of index (NULL: of key):
 * "a 10 ann #2, b -5 #1", or the error's status. */
const char *views_rows(struct views *views, const char *projection, const char *index);
const char *views_rows_of(struct views *views,
                          struct sarn_log *log,
                          const struct sarn_query *query);
/* Each finding on a line, then "events=5 differences=0 unchecked=0". */
const char *views_check(struct views *views, struct sarn_log *log);

#endif
