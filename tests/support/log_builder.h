/* log_builder.h - logs of real records and commits, on any journal: for tests of what
 * reads them. Every append has some records of three streams and one without a stream.
 * A test may spoil what is about to be written.
 */
#ifndef SARN_TESTS_SUPPORT_LOG_BUILDER_H
#define SARN_TESTS_SUPPORT_LOG_BUILDER_H

#include "engine/commit.h"
#include "engine/record.h"

#define LOG_BUILDER_STREAMS     3u
#define LOG_BUILDER_RECORDS_MAX 256u

struct log_builder {
    const struct sarn_journal *journal;
    struct sarn_hash hash;
    uint64_t epoch, next_position;
    int64_t time_us;
    uint32_t payload_bytes;
    struct sarn__commit commit; /* The last one. */
    struct {
        uint64_t version, position;
    } streams[LOG_BUILDER_STREAMS];
    /* Called for each record before it is encoded, and for the commit before it is
     * sealed; may be NULL. */
    void (*spoil_record)(struct sarn__record *record);
    void (*spoil_commit)(struct sarn__commit *commit);
};

/* For an empty journal; the first append takes the first epoch. */
struct log_builder log_builder(const struct sarn_journal *journal,
                               struct sarn_hash hash);
/* Append count records. What the journal answers. */
SARN_MUST_USE sarn_status log_builder_append(struct log_builder *builder,
                                             uint32_t count,
                                             struct sarn_error *error);

#endif
