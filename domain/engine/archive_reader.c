#include "engine/archive_reader.h"

#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "core/heap.h"

#define ROOM_FIRST 16384u
/* An entry is at most so large in any format; each has its own lower bounds. */
#define ENTRY_BYTES_MAX (64u * 1024 * 1024)

struct sarn__archive_reader {
    const struct sarn_ports *ports;
    struct sarn__archive_decoder decoder; /* No ops: no byte has come. */
    enum sarn_archive_format format;
    char *data; /* From the beginning of an entry on. */
    size_t size, room;
    size_t seen; /* So many of them did not make an entry whole. */
    uint64_t bytes, entries;
    bool ended, cut_off;
};

sarn_status sarn__archive_reader_create(const struct sarn_ports *ports,
                                        struct sarn__archive_reader **reader,
                                        struct sarn_error *error)
{
    struct sarn__archive_reader *made = sarn__heap_alloc(&ports->heap, sizeof(*made));

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM,
                          "out of memory for reading an archive");
    }
    made->ports = ports;
    *reader = made;
    return SARN_OK;
}

void sarn__archive_reader_destroy(struct sarn__archive_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->decoder.ops != NULL) {
        reader->decoder.ops->destroy(reader->decoder.self);
    }
    sarn__heap_free(&reader->ports->heap, reader->data);
    sarn__heap_free(&reader->ports->heap, reader);
}

bool sarn__archive_reader_ended(const struct sarn__archive_reader *reader)
{
    return reader->ended;
}

enum sarn_archive_format
sarn__archive_reader_format(const struct sarn__archive_reader *reader)
{
    return reader->format;
}

uint64_t sarn__archive_reader_bytes(const struct sarn__archive_reader *reader)
{
    return reader->bytes;
}

/* --- one entry --- */

/* What the decoder says, with the place. */
SARN_MUST_USE static sarn_status locate(const struct sarn__archive_reader *reader,
                                        sarn_status status,
                                        const struct sarn_error *why,
                                        struct sarn_error *error)
{
    if (status != SARN_ERR_CORRUPT) {
        return sarn__fail(error, status, "%s", why->text);
    }
    if (reader->entries == 0) {
        return sarn__fail(error, status, "this is no archive of Sarn: %s", why->text);
    }
    return sarn__fail(error, status, "the archive is damaged at byte %llu: %s",
                      (unsigned long long)reader->bytes, why->text);
}

SARN_MUST_USE static sarn_status check_order(struct sarn__archive_reader *reader,
                                             const struct sarn__archive_entry *entry,
                                             struct sarn_error *error)
{
    bool first = reader->entries == 0;

    if (first != (entry->kind == SARN__ARCHIVE_HEAD)) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          first ? "this is no archive of Sarn: it has no head"
                                : "the archive is damaged at byte %llu: another head "
                                  "follows inside it",
                          (unsigned long long)reader->bytes);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status hand_out(struct sarn__archive_reader *reader,
                                          struct sarn_str bytes,
                                          sarn__archive_entry_fn *visit,
                                          void *arg,
                                          struct sarn_error *error)
{
    const struct sarn__archive_decoder *decoder = &reader->decoder;
    struct sarn_error why = {.status = SARN_OK, .text = ""};
    struct sarn__archive_entry entry;
    sarn_status status = decoder->ops->take(decoder->self, bytes, &entry, &why);

    if (status != SARN_OK) {
        return locate(reader, status, &why, error);
    }
    SARN__TRY(check_order(reader, &entry, error));
    reader->bytes += bytes.size;
    reader->entries += 1;
    reader->ended = entry.kind == SARN__ARCHIVE_END;
    return visit(arg, &entry);
}

/* Hand out what is whole at data; *used of its size bytes. */
SARN_MUST_USE static sarn_status hand_out_all(struct sarn__archive_reader *reader,
                                              const char *data,
                                              size_t size,
                                              size_t *used,
                                              sarn__archive_entry_fn *visit,
                                              void *arg,
                                              struct sarn_error *error)
{
    const struct sarn__archive_decoder *decoder = &reader->decoder;
    struct sarn_error why = {.status = SARN_OK, .text = ""};

    *used = 0;
    while (!reader->ended) {
        struct sarn_str rest = {data + *used, (uint32_t)(size - *used)};
        uint32_t entry_bytes = 0;
        sarn_status status =
            decoder->ops->cut(decoder->self, rest, reader->seen, &entry_bytes, &why);

        if (status != SARN_OK) {
            return locate(reader, status, &why, error);
        }
        if (entry_bytes == 0 || entry_bytes > rest.size) {
            reader->seen = rest.size;
            break;
        }
        reader->seen = 0;
        SARN__TRY(hand_out(reader, (struct sarn_str){rest.data, entry_bytes}, visit,
                           arg, error));
        *used += entry_bytes;
    }
    return SARN_OK;
}

/* --- bytes --- */

SARN_MUST_USE static sarn_status
choose(struct sarn__archive_reader *reader, char first, struct sarn_error *error)
{
    if (reader->decoder.ops != NULL) {
        return SARN_OK;
    }
    if (first == SARN__ARCHIVE_JSON_FIRST) {
        reader->format = SARN_ARCHIVE_JSON_LINES;
        return sarn__archive_json_decoder(reader->ports, &reader->decoder, error);
    }
    return sarn__archive_binary_decoder(reader->ports, &reader->decoder, error);
}

SARN_MUST_USE static sarn_status keep(struct sarn__archive_reader *reader,
                                      struct sarn_str bytes,
                                      struct sarn_error *error)
{
    size_t room = reader->room == 0 ? ROOM_FIRST : reader->room;
    char *grown;

    while (room < reader->size + bytes.size) {
        room *= 2;
    }
    if (room > reader->room) {
        grown = sarn__heap_resize(&reader->ports->heap, reader->data, room);
        if (grown == NULL) {
            return sarn__fail(error, SARN_ERR_NOMEM,
                              "out of memory for an archive's entry");
        }
        reader->data = grown;
        reader->room = room;
    }
    memcpy(reader->data + reader->size, bytes.data, bytes.size);
    reader->size += bytes.size;
    return SARN_OK;
}

/* At most so many bytes are looked at together, so that what is kept stays bounded
 * whatever the size of the pieces. */
#define PIECE_BYTES 65536u

SARN_MUST_USE static sarn_status feed_piece(struct sarn__archive_reader *reader,
                                            struct sarn_str bytes,
                                            sarn__archive_entry_fn *visit,
                                            void *arg,
                                            struct sarn_error *error)
{
    size_t used;

    SARN__TRY(keep(reader, bytes, error));
    SARN__TRY(
        hand_out_all(reader, reader->data, reader->size, &used, visit, arg, error));
    reader->size -= used;
    if (used > 0) {
        memmove(reader->data, reader->data + used, reader->size);
    }
    assert(reader->size < ENTRY_BYTES_MAX); /* The formats see to it. */
    return SARN_OK;
}

sarn_status sarn__archive_reader_feed(struct sarn__archive_reader *reader,
                                      struct sarn_str bytes,
                                      sarn__archive_entry_fn *visit,
                                      void *arg,
                                      struct sarn_error *error)
{
    if (bytes.size == 0) {
        return SARN_OK;
    }
    SARN__TRY(choose(reader, bytes.data[0], error));
    while (bytes.size > 0 && !reader->ended) {
        uint32_t size = bytes.size < PIECE_BYTES ? bytes.size : PIECE_BYTES;

        SARN__TRY(
            feed_piece(reader, (struct sarn_str){bytes.data, size}, visit, arg, error));
        bytes.data += size;
        bytes.size -= size;
    }
    return SARN_OK;
}

bool sarn__archive_reader_cut_off(const struct sarn__archive_reader *reader)
{
    return reader->cut_off;
}

sarn_status sarn__archive_reader_end(struct sarn__archive_reader *reader,
                                     struct sarn_error *error)
{
    if (reader->ended) {
        return SARN_OK;
    }
    if (reader->entries == 0) {
        return sarn__fail(error, SARN_ERR_CORRUPT, "this is no archive of Sarn: it %s",
                          reader->size == 0 ? "is empty" : "ends inside its head");
    }
    reader->cut_off = true;
    return sarn__fail(error, SARN_ERR_CORRUPT,
                      "the archive was cut off behind byte %llu%s: its end mark is "
                      "missing",
                      (unsigned long long)(reader->bytes + reader->size),
                      reader->size == 0 ? "" : ", inside an entry");
}
