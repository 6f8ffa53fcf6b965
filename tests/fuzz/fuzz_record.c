/* What lies in a log: records, commits, rows. What decodes is encoded again as the
 * same; a log that verify finds whole is not whole any more with one bit of it changed.
 *
 * Input: a byte of flags, three that say which bit to change, then items, each: u8
 * kind, u16 size, bytes. So that changed inputs get past the checksums, flags make them
 * right: 1 checksums of records   2 commits (what they cover, the chain, the checksum)
 *   4 sizes in records       8 a record's stream, version and previous position
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/execution_rows.h"
#include "engine/promise_id.h"
#include "engine/store_parts.h"
#include "engine/tables_rows.h"
#include "engine/verify.h"
#include "infra/memory/hash.h"

#define ITEMS_MAX   256u
#define STREAMS_MAX 8u
#define ITEM_HEAD   3u

enum kind { RECORD, RECORD_TOO, COMMIT, ROW };
enum flag { CHECKSUMS = 1, COMMITS = 2, SIZES = 4, LINKS = 8 };

struct item {
    uint8_t kind; /* RECORD, COMMIT */
    uint64_t position;
    uint8_t *bytes;
    uint32_t size;
};

/* The log that the input describes. */
struct log {
    uint8_t flags;
    struct sarn_hash hash;
    struct sarn_arena *arena;
    struct item items[ITEMS_MAX];
    uint32_t count;
    uint64_t position; /* Of the last record. */
    struct sarn__commit commit;
    uint32_t uncovered; /* Records since. */
    uint64_t versions[STREAMS_MAX], previous[STREAMS_MAX];
};

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_inside(struct sarn_str part, struct sarn_str whole)
{
    return part.size == 0 ||
           (part.data >= whole.data &&
            (size_t)(part.data - whole.data) + part.size <= whole.size);
}

/* --- records --- */

static bool is_same_command(const struct sarn__command_result *a,
                            const struct sarn__command_result *b)
{
    return a->status == b->status && a->event_count == b->event_count &&
           memcmp(a->payload_hash, b->payload_hash, sizeof(a->payload_hash)) == 0 &&
           sarn_str_equal(a->key, b->key) && sarn_str_equal(a->text, b->text);
}

static bool is_same_record(const struct sarn__record *a, const struct sarn__record *b)
{
    return a->position == b->position && a->flags == b->flags && a->codec == b->codec &&
           a->type == b->type && a->schema == b->schema && a->tenant == b->tenant &&
           a->actor == b->actor && a->origin == b->origin && a->stream == b->stream &&
           a->version == b->version && a->previous == b->previous &&
           a->time_us == b->time_us && memcmp(&a->id, &b->id, sizeof(a->id)) == 0 &&
           memcmp(&a->correlation_id, &b->correlation_id, sizeof(a->id)) == 0 &&
           memcmp(&a->causation_id, &b->causation_id, sizeof(a->id)) == 0 &&
           sarn_str_equal(a->payload, b->payload) &&
           sarn_str_equal(a->stream_name, b->stream_name) &&
           sarn_str_equal(a->type_name, b->type_name) &&
           sarn_str_equal(a->actor_name, b->actor_name) &&
           sarn_str_equal(a->origin_name, b->origin_name) &&
           sarn_str_equal(a->schema_name, b->schema_name) &&
           a->has_command == b->has_command &&
           (!a->has_command || is_same_command(&a->command, &b->command));
}

static void check_views(const struct sarn__record *record, struct sarn_str bytes)
{
    must(is_inside(record->payload, bytes) && is_inside(record->stream_name, bytes) &&
         is_inside(record->type_name, bytes) && is_inside(record->actor_name, bytes) &&
         is_inside(record->origin_name, bytes) &&
         is_inside(record->schema_name, bytes));
    if (record->has_command) {
        must(is_inside(record->command.key, bytes) &&
             is_inside(record->command.text, bytes));
    }
}

/* What decodes can be encoded; what a newer version added is lost, no more. */
static void check_record(struct log *log, uint64_t position, struct sarn_str bytes)
{
    struct sarn__record record, back;
    struct sarn__record_links links;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = sarn__record_decode(position, bytes, NULL, &record, &error);
    struct sarn_str again;

    if (status != SARN_OK) {
        must(error.status == status && error.text[0] != '\0');
        return;
    }
    check_views(&record, bytes);
    must(sarn__record_links(position, bytes, &links, NULL) == SARN_OK &&
         links.stream == record.stream && links.version == record.version &&
         links.previous == record.previous);
    again.size = (uint32_t)sarn__record_size(&record);
    again.data = sarn_arena_alloc(log->arena, again.size);
    must(again.data != NULL && again.size <= bytes.size);
    sarn__record_encode(&record, &log->hash, (void *)(uintptr_t)again.data);
    must(sarn__record_decode(position, again, &log->hash, &back, NULL) == SARN_OK);
    must(is_same_record(&record, &back));
}

/* --- rows, and keys --- */

static void check_key(struct sarn_str bytes)
{
    struct sarn_str workflow;
    uint32_t tenant, status;
    uint64_t fingerprint;
    struct sarn_key key;

    if (sarn__state_key_parse(bytes, &tenant, &workflow, &status, &fingerprint) ==
        SARN_OK) {
        must(is_inside(workflow, bytes));
        if (sarn__state_key(tenant, workflow, status, &fingerprint, &key) == SARN_OK) {
            must(key.size <= bytes.size);
        }
    }
}

static void check_promise(struct sarn_str text)
{
    struct sarn__promise_id promise;

    if (sarn__promise_id_read(text, &promise) == SARN_OK) {
        must(is_inside(promise.stream, text) && is_inside(promise.step, text));
    }
}

static void check_row(struct sarn_str bytes)
{
    struct sarn__row_view view = {.found = false};
    struct sarn__stream_row stream;

    if (sarn__row_unpack(1, bytes, &view, NULL) == SARN_OK && view.found) {
        must(is_inside((struct sarn_str){view.value, view.size}, bytes));
        if (sarn__stream_unpack(7, &view, &stream, NULL) == SARN_OK) {
            must(is_inside(stream.name, bytes));
        }
    }
    check_key(bytes);
    check_promise(bytes);
}

/* --- the log --- */

static void put_links(struct log *log, struct item *item)
{
    uint64_t stream = sarn__get_u64(item->bytes + 24) % STREAMS_MAX;
    bool first = stream == 0 || log->previous[stream] == 0;

    sarn__put_u64(item->bytes + 24, stream);
    sarn__put_u64(item->bytes + 32, first ? 0 : ++log->versions[stream]);
    sarn__put_u64(item->bytes + 40, first ? 0 : log->previous[stream]);
    log->previous[stream] = item->position;
}

/* As record.h has it; an encoder would make other changes, too. */
static void put_checksum(struct log *log, struct item *item)
{
    uint64_t body = log->hash.ops->checksum(log->hash.self, 0,
                                            item->bytes + SARN__RECORD_HEADER_BYTES,
                                            item->size - SARN__RECORD_HEADER_BYTES);

    sarn__put_u64(item->bytes + 144,
                  log->hash.ops->checksum(log->hash.self, item->position ^ body,
                                          item->bytes, 144));
}

static void mend_record(struct log *log, struct item *item)
{
    uint16_t header;

    if (item->size < SARN__RECORD_HEADER_BYTES) {
        return;
    }
    if ((log->flags & LINKS) != 0) {
        put_links(log, item);
    }
    if ((log->flags & SIZES) != 0) {
        header = sarn__get_u16(item->bytes + 6) & 0xff8;
        if (header < SARN__RECORD_HEADER_BYTES || header > item->size) {
            header = SARN__RECORD_HEADER_BYTES;
        }
        sarn__put_u16(item->bytes, SARN__RECORD_FORMAT);
        sarn__put_u16(item->bytes + 2, 0);
        sarn__put_u16(item->bytes + 6, header);
        sarn__put_u32(item->bytes + 8, item->size - header);
    }
    if ((log->flags & CHECKSUMS) != 0) {
        put_checksum(log, item);
    }
}

static void take_record(struct log *log, struct item item)
{
    item.kind = RECORD;
    item.position = ++log->position;
    item.size -= item.size % 8;
    mend_record(log, &item);
    check_record(log, item.position,
                 (struct sarn_str){(const char *)item.bytes, item.size});
    log->items[log->count++] = item;
    log->uncovered += 1;
}

/* A commit of what is not covered yet, with epoch and time of the input's. */
static void seal(struct log *log, struct item *item)
{
    struct sarn_str records[ITEMS_MAX];

    memcpy(log->commit.previous_hash, log->commit.hash, SARN__DIGEST_BYTES);
    log->commit.count = log->uncovered;
    log->commit.first = log->position - log->uncovered + 1;
    log->commit.last = log->position;
    log->commit.epoch = item->size >= 16 ? sarn__get_u64(item->bytes + 8) : 1;
    log->commit.time_us =
        item->size >= 40 ? (int64_t)sarn__get_u64(item->bytes + 32) : INT64_MAX;
    for (uint32_t i = 0; i < log->uncovered; i++) {
        const struct item *record = &log->items[log->count - log->uncovered + i];

        records[i] = (struct sarn_str){(const char *)record->bytes, record->size};
    }
    item->size = SARN__COMMIT_BYTES;
    free(item->bytes);
    item->bytes = malloc(SARN__COMMIT_BYTES);
    must(item->bytes != NULL &&
         sarn__commit_seal(&log->commit, records, &log->hash, item->bytes) == SARN_OK);
}

static void take_commit(struct log *log, struct item item)
{
    struct sarn__commit commit;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    item.kind = COMMIT;
    item.position = log->position;
    if ((log->flags & COMMITS) != 0 && log->uncovered > 0) {
        seal(log, &item);
    }
    status = sarn__commit_decode(item.position,
                                 (struct sarn_str){(const char *)item.bytes, item.size},
                                 &log->hash, &commit, &error);
    must(status == SARN_OK || (error.status == status && error.text[0] != '\0'));
    if (status == SARN_OK) {
        must(commit.last == item.position && commit.count != 0 &&
             commit.last - commit.first + 1 == commit.count);
    }
    log->items[log->count++] = item;
    log->uncovered = 0;
}

/* A block of its own, so that reading past it is seen. */
static uint8_t *copy(const uint8_t *data, size_t size)
{
    uint8_t *block = malloc(size > 0 ? size : 1);

    must(block != NULL);
    if (size > 0) {
        memcpy(block, data, size);
    }
    return block;
}

static void take_item(struct log *log, uint8_t kind, struct item item)
{
    switch ((enum kind)(kind % 4)) {
    case RECORD:
    case RECORD_TOO:
        take_record(log, item);
        break;
    case COMMIT:
        take_commit(log, item);
        break;
    case ROW:
        check_row((struct sarn_str){(const char *)item.bytes, item.size});
        free(item.bytes);
        break;
    }
}

static void take_items(struct log *log, const uint8_t *data, size_t size)
{
    while (size >= ITEM_HEAD && log->count < ITEMS_MAX) {
        struct item item = {.size = sarn__get_u16(data + 1)};
        uint8_t kind = data[0];

        data += ITEM_HEAD;
        size -= ITEM_HEAD;
        item.size = item.size < size ? item.size : (uint32_t)size;
        data += item.size;
        size -= item.size;
        item.bytes = copy(data - item.size, item.size);
        take_item(log, kind, item);
    }
}

/* --- verifying it --- */

static void count_finding(void *arg, const char *text)
{
    uint64_t *count = arg;

    must(text != NULL && text[0] != '\0');
    *count += 1;
}

/* Is it whole, as verify sees it? */
static bool is_whole(const struct log *log)
{
    struct sarn__verify *verify = NULL;
    uint64_t told = 0, findings;
    sarn_status status = SARN_OK;

    must(sarn__verify_create(&log->hash, NULL, count_finding, &told, &verify, NULL) ==
         SARN_OK);
    for (uint32_t i = 0; i < log->count && status == SARN_OK; i++) {
        const struct item *item = &log->items[i];
        struct sarn_str bytes = {(const char *)item->bytes, item->size};

        status = item->kind == RECORD
                     ? sarn__verify_record(verify, item->position, bytes, NULL)
                     : sarn__verify_commit(verify, item->position, bytes, NULL);
    }
    sarn__verify_end(verify);
    findings = sarn__verify_findings(verify);
    must(findings == told || findings > SARN__VERIFY_FINDINGS_MAX);
    must(status == SARN_OK || findings > 0);
    must(findings > 0 || sarn__verify_records(verify) == log->position);
    sarn__verify_destroy(verify);
    return findings == 0;
}

static void verify(struct log *log, uint32_t drawn)
{
    struct item *item;

    if (!is_whole(log) || log->count == 0) {
        return;
    }
    item = &log->items[drawn % log->count];
    item->bytes[drawn / 7 % item->size] ^= (uint8_t)(1u << drawn % 8);
    must(!is_whole(log));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct log *log = calloc(1, sizeof(*log));

    must(log != NULL);
    log->hash = sarn__memory_hash();
    log->arena = sarn_arena_create(NULL);
    must(log->arena != NULL);
    if (size > 4) {
        log->flags = data[0];
        take_items(log, data + 4, size - 4);
        verify(log, sarn__get_u16(data + 1) | (uint32_t)data[3] << 16);
    }
    for (uint32_t i = 0; i < log->count; i++) {
        free(log->items[i].bytes);
    }
    sarn_arena_destroy(log->arena);
    free(log);
    return 0;
}
