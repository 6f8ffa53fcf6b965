/* copied_log.h - a good log, an archive of it, and where a copy is made from that. */
#ifndef SARN_TESTS_SUPPORT_COPIED_LOG_H
#define SARN_TESTS_SUPPORT_COPIED_LOG_H

#include "sarn/sarn.h"

#include "support/archive_bytes.h"
#include "support/good_log.h"

#define COPIED_LOG_FORMATS 2u /* enum sarn_archive_format */

struct copied_log {
    struct good_log good;
    char copy[256];
    struct archive_bytes bytes;
    struct sarn_archive_info info;
    struct sarn_import in;
    struct sarn_error error;
};

/* For cmocka: *state is a struct copied_log with its good log, and no archive yet. */
int copied_log_set_up(void **state);
int copied_log_tear_down(void **state);

sarn_engine *copied_log_open(struct copied_log *f, const char *path);
/* One event more. */
void copied_log_say(struct copied_log *f, sarn_engine *engine, const char *what);
/* Look at the archive, which is one. */
void copied_log_look(struct copied_log *f);
sarn_status copied_log_import(struct copied_log *f, const char *path);

#endif
