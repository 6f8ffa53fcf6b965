/* tempdir.h - a directory of one test's own, gone afterwards with all that is in it. */
#ifndef SARN_TESTS_SUPPORT_TEMPDIR_H
#define SARN_TESTS_SUPPORT_TEMPDIR_H

#include "support/test.h"

struct tempdir {
    char path[128];
    char text[256]; /* Of tempdir_path(). */
};

/* Under $TMPDIR, or /tmp. */
void tempdir_make(struct tempdir *dir);
/* Removes files, and directories of files. */
void tempdir_remove(struct tempdir *dir);
/* The path of name inside; dir's, until the next call. */
const char *tempdir_path(struct tempdir *dir, const char *name);

#endif
