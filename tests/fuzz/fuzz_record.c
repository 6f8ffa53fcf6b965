/* What lies in a log: records, commits, rows (items.h). What decodes is encoded again
 * as the same; a log that verify finds whole is not whole any more with one bit of it
 * changed. */
#include "fuzz.h"

#include <string.h>

#include "core/fail.h"
#include "engine/bytes.h"
#include "engine/execution_rows.h"
#include "engine/promise_id.h"
#include "engine/store_parts.h"
#include "engine/tables_rows.h"
#include "engine/verify.h"
#include "items.h"

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
static void check_record(const struct sarn_hash *hash,
                         const struct item *item,
                         struct sarn_arena *arena)
{
    uint64_t position = item->position;
    struct sarn_str bytes = item_str(item);
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
    again.data = sarn_arena_alloc(arena, again.size);
    must(again.data != NULL && again.size <= bytes.size);
    sarn__record_encode(&record, hash, (void *)(uintptr_t)again.data);
    must(sarn__record_decode(position, again, hash, &back, NULL) == SARN_OK);
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

/* --- commits --- */

static void check_commit(const struct items *items, const struct item *item)
{
    struct sarn__commit commit;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = sarn__commit_decode(item->position, item_str(item),
                                             &items->hash, &commit, &error);

    if (status != SARN_OK) {
        must(error.status == status && error.text[0] != '\0');
        return;
    }
    must(commit.last == item->position && commit.count != 0 &&
         commit.last - commit.first + 1 == commit.count);
}

/* --- verifying it --- */

static void count_finding(void *arg, const char *text)
{
    uint64_t *count = arg;

    must(text != NULL && text[0] != '\0');
    *count += 1;
}

/* Is it whole, as verify sees it? */
static bool is_whole(const struct items *items)
{
    struct sarn__verify *verify = NULL;
    uint64_t told = 0, findings;
    sarn_status status = SARN_OK;

    must(sarn__verify_create(&items->hash, NULL, count_finding, &told, &verify, NULL) ==
         SARN_OK);
    for (uint32_t i = 0; i < items->count && status == SARN_OK; i++) {
        const struct item *item = &items->items[i];

        if (item->kind != ITEM_ROW) {
            status =
                item->kind == ITEM_RECORD
                    ? sarn__verify_record(verify, item->position, item_str(item), NULL)
                    : sarn__verify_commit(verify, item->position, item_str(item), NULL);
        }
    }
    sarn__verify_end(verify);
    findings = sarn__verify_findings(verify);
    must(findings == told || findings > SARN__VERIFY_FINDINGS_MAX);
    must(status == SARN_OK || findings > 0);
    must(findings > 0 || sarn__verify_records(verify) == items->position);
    sarn__verify_destroy(verify);
    return findings == 0;
}

static void verify(struct items *items)
{
    struct item *item;

    if (!is_whole(items) || items->count == 0) {
        return;
    }
    item = &items->items[items->drawn % items->count];
    if (item->kind != ITEM_ROW) {
        item->bytes[items->drawn / 7 % item->size] ^= (uint8_t)(1u << items->drawn % 8);
        must(!is_whole(items));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct items *items = items_read(data, size);
    struct sarn_arena *arena = sarn_arena_create(NULL);

    must(arena != NULL);
    for (uint32_t i = 0; items != NULL && i < items->count; i++) {
        const struct item *item = &items->items[i];

        switch (item->kind) {
        case ITEM_RECORD:
            check_record(&items->hash, item, arena);
            break;
        case ITEM_COMMIT:
            check_commit(items, item);
            break;
        case ITEM_ROW:
            check_row(item_str(item));
            break;
        }
    }
    if (items != NULL) {
        verify(items);
    }
    sarn_arena_destroy(arena);
    items_free(items);
    return 0;
}
