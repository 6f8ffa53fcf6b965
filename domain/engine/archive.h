/* archive.h - what the two formats of an archive have in common, so that neither the
 * making nor the reading of archives knows which one it has before it.
 *
 * An archive is a sequence of entries: one head, then each commit's records and behind
 * them the commit record, then one end mark. A format turns entries into bytes
 * (an encoder), says where in a stream of bytes an entry ends, and turns it back
 * (a decoder). It checks its own dress; what an entry says is checked by its callers:
 * archive_reader.h, and rebuild.h.
 *
 * Layers: archive_binary.c and archive_json.c are the formats; archive_reader.h cuts a
 * stream into entries; infra/host/archive*.c put files and threads around them.
 */
#ifndef SARN_ENGINE_ARCHIVE_H
#define SARN_ENGINE_ARCHIVE_H

#include "ports/ports.h"
#include "sarn/archive.h"

/* --- entries --- */

enum sarn__archive_kind {
    SARN__ARCHIVE_HEAD = 1, /* The first entry, and only that. */
    SARN__ARCHIVE_RECORD,   /* A record, as it lies in the log. */
    SARN__ARCHIVE_COMMIT,   /* A commit record, behind the last record it covers. */
    SARN__ARCHIVE_END       /* The last entry: nothing was cut off. */
};

struct sarn__archive_entry {
    enum sarn__archive_kind kind;
    uint64_t position;           /* Of a record or commit; of where the archive ends. */
    struct sarn_str bytes;       /* A record or commit, as stored. 8-aligned. */
    struct sarn_uuid log_id;     /* A head's. */
    struct sarn_archive_end end; /* Of a head: where the archive begins. Of an end
                                    mark: where it ends. */
};

/* --- out --- */

/* Bytes on their way to write(). What is put in stays until it is cleared. */
struct sarn__archive_out {
    struct sarn_heap heap;
    char *data;
    size_t size, room;
};

/* Append size bytes. SARN_ERR_NOMEM leaves out as it was. */
SARN_MUST_USE sarn_status sarn__archive_put(struct sarn__archive_out *out,
                                            const void *data,
                                            size_t size,
                                            struct sarn_error *error);
void sarn__archive_out_done(struct sarn__archive_out *out);

struct sarn__archive_encoder_ops {
    /* Append entry's bytes to out, whole or (an error) not at all. The entries come in
     * order, but not always from the first one on: with `resume` there is no head, and
     * the first record may be any. On the dispatch thread, outside of any read
     * transaction, and the record is durable and folded in the log. */
    sarn_status (*put)(void *self,
                       const struct sarn__archive_entry *entry,
                       struct sarn__archive_out *out,
                       struct sarn_error *error);
    void (*destroy)(void *self);
};

struct sarn__archive_encoder {
    const struct sarn__archive_encoder_ops *ops;
    void *self;
};

/* log outlives the encoder; its ports are used, and (JSON) its decoder. */
SARN_MUST_USE sarn_status sarn__archive_binary_encoder(
    sarn_log *log, struct sarn__archive_encoder *encoder, struct sarn_error *error);
SARN_MUST_USE sarn_status sarn__archive_json_encoder(
    sarn_log *log, struct sarn__archive_encoder *encoder, struct sarn_error *error);

/* --- in --- */

struct sarn__archive_decoder_ops {
    /* How many bytes the entry at the beginning of bytes has; 0: more must be seen to
     * tell. seen: so many of them were there when it was last asked (not a new line
     * among them, for a format of lines), 0 at an entry's beginning.
     * An entry that is too large for the format is SARN_ERR_CORRUPT before it has
     * arrived: so what is kept is bounded. */
    sarn_status (*cut)(void *self,
                       struct sarn_str bytes,
                       size_t seen,
                       uint32_t *entry_bytes,
                       struct sarn_error *error);
    /* bytes, an entry as cut, are turned back. What entry points to is in bytes, which
     * are 8-aligned, or kept by the decoder until it is next asked.
     * SARN_ERR_CORRUPT: says what is wrong with it, without its place, which the caller
     * knows. SARN_ERR_UNSUPPORTED: a head of a newer version. SARN_ERR_NOMEM. */
    sarn_status (*take)(void *self,
                        struct sarn_str bytes,
                        struct sarn__archive_entry *entry,
                        struct sarn_error *error);
    void (*destroy)(void *self);
};

struct sarn__archive_decoder {
    const struct sarn__archive_decoder_ops *ops;
    void *self;
};

/* ports outlives the decoder: hash, json and heap are used; journal may be unset. */
SARN_MUST_USE sarn_status
sarn__archive_binary_decoder(const struct sarn_ports *ports,
                             struct sarn__archive_decoder *decoder,
                             struct sarn_error *error);
SARN_MUST_USE sarn_status
sarn__archive_json_decoder(const struct sarn_ports *ports,
                           struct sarn__archive_decoder *decoder,
                           struct sarn_error *error);

/* An archive that begins with this byte is one of JSON lines, whose first line is the
 * head as an object. */
#define SARN__ARCHIVE_JSON_FIRST '{'

#endif
