#include "support/log_builder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[LOG_BUILDER_STREAMS] = {"account-1", "account-2",
                                                       "transfer-7"};

struct log_builder log_builder(const struct sarn_journal *journal,
                               struct sarn_hash hash)
{
    return (struct log_builder){.journal = journal,
                                .hash = hash,
                                .epoch = 1,
                                .next_position = 1,
                                .time_us = 1000000,
                                .payload_bytes = 100};
}

/* The record at position; every fourth has no stream. */
static struct sarn__record next_record(struct log_builder *builder, uint64_t position)
{
    uint32_t at = (uint32_t)(position % (LOG_BUILDER_STREAMS + 1));
    struct sarn__record record = {
        .position = position, .type = 1, .time_us = builder->time_us};

    record.id.bytes[15] = (uint8_t)position;
    if (at < LOG_BUILDER_STREAMS) {
        bool first = builder->streams[at].position == 0;

        record.stream = at + 1;
        record.previous = builder->streams[at].position;
        record.version = first ? 0 : builder->streams[at].version + 1;
        record.stream_name = first ? sarn_str(names[at]) : (struct sarn_str){NULL, 0};
        builder->streams[at].version = record.version;
        builder->streams[at].position = position;
    }
    return record;
}

static struct sarn_str encode(struct log_builder *builder, uint64_t position)
{
    struct sarn__record record = next_record(builder, position);
    char *payload = malloc(builder->payload_bytes + 1);
    size_t size;
    void *bytes;

    memset(payload, 'a' + (int)(position % 26), builder->payload_bytes);
    record.payload = (struct sarn_str){payload, builder->payload_bytes};
    if (builder->spoil_record != NULL) {
        builder->spoil_record(&record);
    }
    size = sarn__record_size(&record);
    bytes = aligned_alloc(8, size);
    sarn__record_encode(&record, &builder->hash, bytes);
    free(payload);
    return (struct sarn_str){bytes, (uint32_t)size};
}

sarn_status log_builder_append(struct log_builder *builder,
                               uint32_t count,
                               struct sarn_error *error)
{
    struct sarn_str records[LOG_BUILDER_RECORDS_MAX];
    uint64_t bytes[SARN__COMMIT_BYTES / 8];
    struct sarn_batch batch = {.epoch = builder->epoch,
                               .take_epoch = builder->next_position == 1,
                               .first = builder->next_position,
                               .records = records,
                               .count = count,
                               .commit = {(char *)bytes, sizeof(bytes)}};
    sarn_status status;

    assert(count <= LOG_BUILDER_RECORDS_MAX);
    builder->time_us += 10;
    for (uint32_t i = 0; i < count; i++) {
        records[i] = encode(builder, builder->next_position + i);
    }
    memcpy(builder->commit.previous_hash, builder->commit.hash, SARN__DIGEST_BYTES);
    builder->commit.epoch = builder->epoch;
    builder->commit.count = count;
    builder->commit.first = builder->next_position;
    builder->commit.last = builder->next_position + count - 1;
    builder->commit.time_us = builder->time_us;
    if (builder->spoil_commit != NULL) {
        builder->spoil_commit(&builder->commit);
    }
    status =
        sarn__commit_seal(&builder->commit, records, &builder->hash, (uint8_t *)bytes);
    if (status == SARN_OK) {
        status = builder->journal->ops->append(builder->journal->self, &batch, error);
    }
    builder->next_position += status == SARN_OK ? count : 0;
    for (uint32_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)records[i].data);
    }
    return status;
}
