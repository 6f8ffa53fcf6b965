/* replay.h - one recorded log held against the code: the parts of sarn_test_replay().
 *
 *   replay.c            paths, logs, and what is said
 *   replay_execution.c  executions: could each go on, wherever it was?
 *   replay_state.c      aggregates: can each fold its events?
 */
#ifndef SARN_INFRA_TESTKIT_REPLAY_H
#define SARN_INFRA_TESTKIT_REPLAY_H

#include "engine/log.h"
#include "sarn/test.h"

struct sarn__replay {
    struct sarn_test_histories *histories;
    const char *path;
    sarn_log *log;
    struct sarn_arena *arena;   /* Of one stream. */
    struct sarn_arena *scratch; /* Of one event. */
    struct sarn_error error;    /* Of what is called in a handler. */
};

/* "PATH: STREAM@VERSION: ..."; counted. stream empty: of the log. */
void sarn__replay_say(struct sarn__replay *replay,
                      struct sarn_str stream,
                      uint64_t version,
                      const char *format,
                      ...) SARN_PRINTF(4, 5);
/* Does a read that ended so say something of the history (a payload that cannot be
 * decoded), and not of us? Then it is said, and SARN_OK. */
SARN_MUST_USE sarn_status sarn__replay_ended(struct sarn__replay *replay,
                                             struct sarn_str stream,
                                             sarn_status status,
                                             const struct sarn_error *why);

/* A stream that begins with an execution; the others of its workflow's name. */
SARN_MUST_USE sarn_status sarn__replay_execution(struct sarn__replay *replay,
                                                 const struct sarn_stream_info *stream);
SARN_MUST_USE sarn_status sarn__replay_state(struct sarn__replay *replay,
                                             const struct sarn_aggregate *aggregate,
                                             const struct sarn_stream_info *stream);

#endif
