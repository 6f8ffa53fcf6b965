/* log_file.h - one log on LMDB in a directory of its own, for tests of infra/lmdb. */
#ifndef SARN_TESTS_SUPPORT_LOG_FILE_H
#define SARN_TESTS_SUPPORT_LOG_FILE_H

#include "support/test.h"

#include "infra/lmdb/lmdb_journal.h"
#include "support/log_builder.h"
#include "support/tempdir.h"

#define LOG_FILE_MAP_BYTES (UINT64_C(1) << 28)

struct log_file {
    struct tempdir dir;
    char path[256], lock[264];
    struct sarn__lmdb_options options; /* For the next open. */
    struct sarn_journal journal;
    struct log_builder builder;
    struct sarn_error error; /* Of the last open. */
    bool open;
};

int log_file_set_up(void **state);
int log_file_tear_down(void **state);

sarn_status log_file_open(struct log_file *f);
void log_file_close(struct log_file *f);
/* Open a new one and write its first 3 records. */
void log_file_begin(struct log_file *f);
uint64_t log_file_last(struct log_file *f);
/* Opening is refused with that status, and text in the error. */
void log_file_refused(struct log_file *f, sarn_status status, const char *text);
/* test answers true in a child process; nobody: one without root's rights. */
void log_file_in_child(struct log_file *f,
                       bool nobody,
                       bool (*test)(struct log_file *f));

/* A test with a log file of its own. */
#define LOG_FILE_CASE(test)                                                            \
    cmocka_unit_test_setup_teardown(test, log_file_set_up, log_file_tear_down)

#endif
