#include "core/fail.h"
#include "engine/json_text.h"
#include "engine/log.h"

static void
put_uuid(struct sarn__json_text *text, struct sarn_str name, struct sarn_uuid id)
{
    char digits[SARN_UUID_TEXT_BYTES];

    if (!sarn_uuid_is_zero(id)) {
        sarn_uuid_text(id, digits);
        sarn__json_put(text, name);
        sarn__json_string(text, sarn_str(digits));
    }
}

static void
put_name(struct sarn__json_text *text, struct sarn_str name, struct sarn_str value)
{
    if (value.size > 0) {
        sarn__json_put(text, name);
        sarn__json_string(text, value);
    }
}

static void put_metadata(struct sarn__json_text *text, const struct sarn_event *event)
{
    SARN__JSON_LITERAL(text, "{\"position\":");
    sarn__json_u64(text, event->position);
    put_name(text, (struct sarn_str)SARN_STR(",\"stream\":"), event->stream);
    if (event->stream.size > 0) {
        SARN__JSON_LITERAL(text, ",\"version\":");
        sarn__json_u64(text, event->version);
    }
    SARN__JSON_LITERAL(text, ",\"type\":");
    sarn__json_string(text, event->type_name);
    SARN__JSON_LITERAL(text, ",\"time\":");
    sarn__json_time(text, event->time_us);
    put_uuid(text, (struct sarn_str)SARN_STR(",\"id\":"), event->id);
    put_uuid(text, (struct sarn_str)SARN_STR(",\"correlation_id\":"),
             event->correlation_id);
    put_uuid(text, (struct sarn_str)SARN_STR(",\"causation_id\":"),
             event->causation_id);
    if (event->tenant != 0) {
        SARN__JSON_LITERAL(text, ",\"tenant\":");
        sarn__json_u64(text, event->tenant);
    }
    put_name(text, (struct sarn_str)SARN_STR(",\"actor\":"), event->actor);
    put_name(text, (struct sarn_str)SARN_STR(",\"origin\":"), event->origin);
}

static void put_payload(struct sarn__json_text *text, struct sarn_str payload)
{
    if (sarn__json_printable(payload)) {
        SARN__JSON_LITERAL(text, "{\"text\":");
        sarn__json_string(text, payload);
    } else {
        SARN__JSON_LITERAL(text, "{\"base64\":");
        sarn__json_base64(text, payload);
    }
    SARN__JSON_LITERAL(text, "}");
}

sarn_status sarn_event_json(sarn_log *log,
                            const struct sarn_event *event,
                            struct sarn_arena *arena,
                            struct sarn_str *json,
                            struct sarn_error *error)
{
    const struct sarn_json *port = &log->ports.json;
    struct sarn__json_text text = {.arena = arena};

    put_metadata(&text, event);
    SARN__JSON_LITERAL(&text, ",\"data\":");
    if (event->type == NULL || event->data == NULL || event->type == &sarn_bytes_type) {
        put_payload(&text, event->payload);
    } else {
        struct sarn_str data;

        SARN__TRY(port->ops->write(port->self, event->type, event->data, arena, &data,
                                   error));
        sarn__json_put(&text, data);
    }
    SARN__JSON_LITERAL(&text, "}");
    return sarn__json_done(&text, json) == SARN_OK
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_NOMEM,
                            "out of memory for the JSON of the event at position %llu",
                            (unsigned long long)event->position);
}
