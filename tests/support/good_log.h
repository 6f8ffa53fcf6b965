/* good_log.h - a good log in a directory of its own, for tests that do it harm; and a
 * child process that tries something and tells.
 */
#ifndef SARN_TESTS_SUPPORT_GOOD_LOG_H
#define SARN_TESTS_SUPPORT_GOOD_LOG_H

#include "sarn/sarn.h"
#include "support/tempdir.h"

#include "support/test.h"

struct good_log {
    struct tempdir dir;
    struct sarn_error error;
    char path[256]; /* "good.sarn": 30 events in the stream "talk-1". */
};

/* Made and closed again. Everybody may look into the directory. */
void good_log_make(struct good_log *good);
void good_log_remove(struct good_log *good);

/* Append one event of plain bytes. */
sarn_status good_log_append(sarn_engine *engine,
                            const char *stream,
                            struct sarn_str payload,
                            struct sarn_error *error);

/* What a child found out. */
struct finding {
    sarn_status status;
    struct sarn_error error;
    int extra;
};

/* Run find in a child process, which may give up its rights. */
struct finding in_child(struct good_log *good,
                        void (*find)(struct good_log *good, struct finding *finding));

#endif
