/* Lines of JSON to entries of an archive. */
#include "engine/archive_json.h"

#include <string.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/archive_json_schema.h"

struct decoder {
    const struct sarn_ports *ports;
    struct sarn_arena *arena; /* Of one line. */
    uint64_t lines;           /* Before the next entry. */
    uint64_t position;        /* Of the last record. */
};

/* --- where a line ends --- */

static bool is_blank(char c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* An entry is a line with its newline, and the empty ones before it. */
static sarn_status cut(void *self,
                       struct sarn_str bytes,
                       size_t seen,
                       uint32_t *entry_bytes,
                       struct sarn_error *error)
{
    const struct decoder *decoder = self;
    const char *end = NULL;
    size_t at = 0, size;

    while (at < bytes.size && is_blank(bytes.data[at])) {
        at++;
    }
    at = at > seen ? at : seen;
    if (at < bytes.size) {
        end = memchr(bytes.data + at, '\n', bytes.size - at);
    }
    size = end == NULL ? bytes.size : (size_t)(end - bytes.data) + 1;
    if (size > SARN__ARCHIVE_JSON_LINE_MAX) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "line %llu is longer than %u bytes",
                          (unsigned long long)decoder->lines + 1,
                          SARN__ARCHIVE_JSON_LINE_MAX);
    }
    *entry_bytes = end == NULL ? 0 : (uint32_t)size;
    return SARN_OK;
}

/* bytes without the empty lines before it and without its end; the line that it is, is
 * counted. */
static struct sarn_str take_line(struct decoder *decoder, struct sarn_str bytes)
{
    while (bytes.size > 0 && is_blank(bytes.data[0])) {
        decoder->lines += bytes.data[0] == '\n';
        bytes.data += 1;
        bytes.size -= 1;
    }
    while (bytes.size > 0 && is_blank(bytes.data[bytes.size - 1])) {
        bytes.size -= 1;
    }
    decoder->lines += 1;
    return bytes;
}

/* --- what a line says --- */

static sarn_status bad_line(const struct decoder *decoder,
                            sarn_status status,
                            const char *what,
                            struct sarn_error *error)
{
    return sarn__fail(error, status, "line %llu: %s",
                      (unsigned long long)decoder->lines, what);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(struct sarn_str hex, uint8_t hash[32])
{
    if (hex.size != 64) {
        return false;
    }
    for (uint32_t i = 0; i < 64; i++) {
        int digit = hex_digit(hex.data[i]);

        if (digit < 0) {
            return false;
        }
        hash[i / 2] = (uint8_t)(hash[i / 2] << 4 | digit);
    }
    return true;
}

static sarn_status read_place(const struct decoder *decoder,
                              const struct sarn_archive_json_place *said,
                              struct sarn_archive_end *end,
                              struct sarn_error *error)
{
    end->position = said->position;
    end->time_us = said->time_us;
    if (said->position > SARN__ARCHIVE_JSON_POSITION_MAX) {
        return bad_line(decoder, SARN_ERR_CORRUPT, "no log has a position like this",
                        error);
    }
    return read_hash(said->hash, end->hash)
               ? SARN_OK
               : bad_line(decoder, SARN_ERR_CORRUPT,
                          "a hash has 64 hexadecimal digits, in small letters", error);
}

static sarn_status take_head(struct decoder *decoder,
                             const struct sarn_archive_json_head *said,
                             struct sarn__archive_entry *entry,
                             struct sarn_error *error)
{
    if (said->format > SARN__ARCHIVE_JSON_FORMAT) {
        return bad_line(decoder, SARN_ERR_UNSUPPORTED,
                        "this archive is of a newer format: a newer version of Sarn "
                        "can read it",
                        error);
    }
    if (said->format == 0 || sarn_uuid_parse(said->log_id, &entry->log_id) != SARN_OK) {
        return bad_line(decoder, SARN_ERR_CORRUPT,
                        said->format == 0 ? "it names no format" : "log_id is no UUID",
                        error);
    }
    entry->kind = SARN__ARCHIVE_HEAD;
    SARN__TRY(read_place(decoder, said->begin, &entry->end, error));
    entry->position = entry->end.position;
    decoder->position = entry->position;
    return SARN_OK;
}

static sarn_status take_said(struct decoder *decoder,
                             const struct sarn_archive_json_line *said,
                             struct sarn__archive_entry *entry,
                             struct sarn_error *error)
{
    if ((said->sarn_archive != NULL) + (said->record.size > 0) + (said->end != NULL) !=
        1) {
        return bad_line(decoder, SARN_ERR_CORRUPT,
                        "a line has one of \"sarn_archive\", \"record\" and \"end\"",
                        error);
    }
    if (said->sarn_archive != NULL) {
        return take_head(decoder, said->sarn_archive, entry, error);
    }
    if (said->end != NULL) {
        entry->kind = SARN__ARCHIVE_END;
        SARN__TRY(read_place(decoder, said->end, &entry->end, error));
        entry->position = entry->end.position;
        return SARN_OK;
    }
    decoder->position += said->commit == NULL;
    entry->kind = said->commit == NULL ? SARN__ARCHIVE_RECORD : SARN__ARCHIVE_COMMIT;
    entry->position = decoder->position;
    entry->bytes = said->record;
    return SARN_OK;
}

static sarn_status take(void *self,
                        struct sarn_str bytes,
                        struct sarn__archive_entry *entry,
                        struct sarn_error *error)
{
    struct decoder *decoder = self;
    const struct sarn_json *json = &decoder->ports->json;
    struct sarn_archive_json_line said;
    struct sarn__archive_entry taken = {.position = 0};
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    struct sarn_str line = take_line(decoder, bytes);
    sarn_status status;

    sarn_arena_reset(decoder->arena);
    status = json->ops->pick(json->self, &sarn_archive_json_line_type, line, &said,
                             decoder->arena, &why);
    if (status != SARN_OK) {
        return bad_line(decoder, status == SARN_ERR_NOMEM ? status : SARN_ERR_CORRUPT,
                        why.text, error);
    }
    SARN__TRY(take_said(decoder, &said, &taken, error));
    *entry = taken;
    return SARN_OK;
}

static void destroy(void *self)
{
    struct decoder *decoder = self;

    sarn_arena_destroy(decoder->arena);
    sarn__heap_free(&decoder->ports->heap, decoder);
}

sarn_status sarn__archive_json_decoder(const struct sarn_ports *ports,
                                       struct sarn__archive_decoder *decoder,
                                       struct sarn_error *error)
{
    static const struct sarn__archive_decoder_ops ops = {
        .cut = cut, .take = take, .destroy = destroy};
    struct decoder *made = sarn__heap_alloc(&ports->heap, sizeof(*made));

    if (made != NULL) {
        *made =
            (struct decoder){.ports = ports, .arena = sarn_arena_create(&ports->heap)};
    }
    if (made == NULL || made->arena == NULL) {
        sarn__heap_free(&ports->heap, made);
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for an archive");
    }
    *decoder = (struct sarn__archive_decoder){.ops = &ops, .self = made};
    return SARN_OK;
}
