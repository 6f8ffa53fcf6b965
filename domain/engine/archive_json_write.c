/* Entries of an archive to lines of JSON. */
#include "engine/archive_json.h"

#include "core/fail.h"
#include "core/heap.h"
#include "engine/commit.h"
#include "engine/json_text.h"
#include "engine/log.h"
#include "engine/record.h"

struct encoder {
    sarn_log *log;
    struct sarn_arena *arena; /* Of one line. */
};

/* --- what several lines have --- */

static void put_hash(struct sarn__json_text *text, const uint8_t hash[32])
{
    static const char digits[] = "0123456789abcdef";
    char hex[64];

    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    SARN__JSON_LITERAL(text, "\"hash\":\"");
    sarn__json_put(text, (struct sarn_str){hex, sizeof(hex)});
    SARN__JSON_LITERAL(text, "\"");
}

static void put_time(struct sarn__json_text *text, int64_t time_us)
{
    SARN__JSON_LITERAL(text, "\"time\":");
    sarn__json_time(text, time_us);
    SARN__JSON_LITERAL(text, ",");
}

static void put_i64(struct sarn__json_text *text, int64_t value)
{
    if (value < 0) {
        SARN__JSON_LITERAL(text, "-");
    }
    sarn__json_u64(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void put_place(struct sarn__json_text *text, const struct sarn_archive_end *end)
{
    SARN__JSON_LITERAL(text, "{\"position\":");
    sarn__json_u64(text, end->position);
    SARN__JSON_LITERAL(text, ",");
    if (end->position > 0) {
        put_time(text, end->time_us);
    }
    SARN__JSON_LITERAL(text, "\"time_us\":");
    put_i64(text, end->time_us);
    SARN__JSON_LITERAL(text, ",");
    put_hash(text, end->hash);
    SARN__JSON_LITERAL(text, "}");
}

static void put_record(struct sarn__json_text *text, struct sarn_str bytes)
{
    SARN__JSON_LITERAL(text, ",\"record\":");
    sarn__json_base64(text, bytes);
    SARN__JSON_LITERAL(text, "}\n");
}

/* --- lines --- */

static void put_head(struct sarn__json_text *text,
                     const struct sarn__archive_entry *entry)
{
    char id[SARN_UUID_TEXT_BYTES];

    sarn_uuid_text(entry->log_id, id);
    SARN__JSON_LITERAL(text, "{\"sarn_archive\":{\"format\":");
    sarn__json_u64(text, SARN__ARCHIVE_JSON_FORMAT);
    SARN__JSON_LITERAL(text, ",\"log_id\":");
    sarn__json_string(text, sarn_str(id));
    SARN__JSON_LITERAL(text, ",\"begin\":");
    put_place(text, &entry->end);
    SARN__JSON_LITERAL(text, "}}\n");
}

/* record as `sarn log --json` shows it, decoded unless flags say not to. */
static sarn_status event_json(struct encoder *encoder,
                              const struct sarn__record *record,
                              uint32_t flags,
                              struct sarn_str *json,
                              struct sarn_error *error)
{
    struct sarn_event event;

    SARN__TRY(sarn__decoder_event(encoder->log->decoder, record, flags, encoder->arena,
                                  &event, error));
    return sarn_event_json(encoder->log, &event, encoder->arena, json, error);
}

/* A payload that does not read as what it should be is no reason to have no archive:
 * it is shown as it is stored. */
static sarn_status put_event(struct encoder *encoder,
                             struct sarn__json_text *text,
                             const struct sarn__archive_entry *entry,
                             struct sarn_error *error)
{
    const struct sarn_ports *ports = &encoder->log->ports;
    struct sarn__record record;
    struct sarn_str json;
    sarn_status status;

    SARN__TRY(sarn__record_decode(entry->position, entry->bytes, &ports->hash, &record,
                                  error));
    status = event_json(encoder, &record, 0, &json, error);
    if (status == SARN_ERR_NOMEM) {
        return status;
    }
    if (status != SARN_OK || json.size > SARN__ARCHIVE_JSON_EVENT_MAX) {
        SARN__TRY(event_json(encoder, &record, SARN__DECODE_RAW, &json, error));
    }
    json.size -= 1; /* It goes on. */
    sarn__json_put(text, json);
    put_record(text, entry->bytes);
    return SARN_OK;
}

static sarn_status put_commit(struct encoder *encoder,
                              struct sarn__json_text *text,
                              const struct sarn__archive_entry *entry,
                              struct sarn_error *error)
{
    struct sarn__commit commit;

    SARN__TRY(sarn__commit_decode(entry->position, entry->bytes,
                                  &encoder->log->ports.hash, &commit, error));
    SARN__JSON_LITERAL(text, "{\"commit\":{\"first\":");
    sarn__json_u64(text, commit.first);
    SARN__JSON_LITERAL(text, ",\"last\":");
    sarn__json_u64(text, commit.last);
    SARN__JSON_LITERAL(text, ",\"epoch\":");
    sarn__json_u64(text, commit.epoch);
    SARN__JSON_LITERAL(text, ",");
    put_time(text, commit.time_us);
    put_hash(text, commit.hash);
    SARN__JSON_LITERAL(text, "}");
    put_record(text, entry->bytes);
    return SARN_OK;
}

static sarn_status put_line(struct encoder *encoder,
                            struct sarn__json_text *text,
                            const struct sarn__archive_entry *entry,
                            struct sarn_error *error)
{
    switch (entry->kind) {
    case SARN__ARCHIVE_HEAD:
        put_head(text, entry);
        return SARN_OK;
    case SARN__ARCHIVE_RECORD:
        return put_event(encoder, text, entry, error);
    case SARN__ARCHIVE_COMMIT:
        return put_commit(encoder, text, entry, error);
    case SARN__ARCHIVE_END:
        SARN__JSON_LITERAL(text, "{\"end\":");
        put_place(text, &entry->end);
        SARN__JSON_LITERAL(text, "}\n");
        return SARN_OK;
    }
    return SARN_OK;
}

static sarn_status put(void *self,
                       const struct sarn__archive_entry *entry,
                       struct sarn__archive_out *out,
                       struct sarn_error *error)
{
    struct encoder *encoder = self;
    struct sarn__json_text text = {.arena = encoder->arena};
    struct sarn_str line;

    sarn_arena_reset(encoder->arena);
    SARN__TRY(put_line(encoder, &text, entry, error));
    if (sarn__json_done(&text, &line) != SARN_OK) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory for the line of position %llu",
                          (unsigned long long)entry->position);
    }
    return sarn__archive_put(out, line.data, line.size, error);
}

static void destroy(void *self)
{
    struct encoder *encoder = self;

    sarn_arena_destroy(encoder->arena);
    sarn__heap_free(&encoder->log->ports.heap, encoder);
}

sarn_status sarn__archive_json_encoder(sarn_log *log,
                                       struct sarn__archive_encoder *encoder,
                                       struct sarn_error *error)
{
    static const struct sarn__archive_encoder_ops ops = {.put = put,
                                                         .destroy = destroy};
    const struct sarn_heap *heap = &log->ports.heap;
    struct encoder *made = sarn__heap_alloc(heap, sizeof(*made));

    if (made != NULL) {
        *made = (struct encoder){.log = log, .arena = sarn_arena_create(heap)};
    }
    if (made == NULL || made->arena == NULL) {
        sarn__heap_free(heap, made);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an archive");
    }
    *encoder = (struct sarn__archive_encoder){.ops = &ops, .self = made};
    return SARN_OK;
}
