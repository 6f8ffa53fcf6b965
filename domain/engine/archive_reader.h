/* archive_reader.h - an archive of either format, cut into entries as its bytes come.
 *
 * Bytes are pushed in, in pieces of any size; each entry that is whole is handed out.
 * No more than one entry is kept. Order is checked here: one head and first, nothing
 * behind the end mark; what records and commits say is the visitor's to check.
 *
 * Needs no files and no threads: a fuzzer may feed it, or sarn__archive_look() and
 * sarn__archive_import() (archive_walk.h), from bytes in memory.
 *
 * Threads: one at a time.
 */
#ifndef SARN_ENGINE_ARCHIVE_READER_H
#define SARN_ENGINE_ARCHIVE_READER_H

#include "engine/archive.h"

struct sarn__archive_reader;

/* ports outlives the reader; its journal may be unset. */
SARN_MUST_USE sarn_status
sarn__archive_reader_create(const struct sarn_ports *ports,
                            struct sarn__archive_reader **reader,
                            struct sarn_error *error);
void sarn__archive_reader_destroy(struct sarn__archive_reader *reader);

/* Anything but SARN_OK ends the reading, which returns it. The entry dies with the
 * call. */
typedef sarn_status sarn__archive_entry_fn(void *arg,
                                           const struct sarn__archive_entry *entry);

/* The next bytes. SARN_ERR_CORRUPT: names the place, and what is wrong there. Behind
 * the end mark nothing is looked at. */
SARN_MUST_USE sarn_status sarn__archive_reader_feed(struct sarn__archive_reader *reader,
                                                    struct sarn_str bytes,
                                                    sarn__archive_entry_fn *visit,
                                                    void *arg,
                                                    struct sarn_error *error);
/* There are no more. SARN_ERR_CORRUPT: it was cut off: there was no end mark. */
SARN_MUST_USE sarn_status sarn__archive_reader_end(struct sarn__archive_reader *reader,
                                                   struct sarn_error *error);
/* Was that the answer, behind a head that is whole? */
bool sarn__archive_reader_cut_off(const struct sarn__archive_reader *reader);

/* Was the end mark handed out? */
bool sarn__archive_reader_ended(const struct sarn__archive_reader *reader);
/* SARN_ARCHIVE_BINARY until the first byte says otherwise. */
enum sarn_archive_format
sarn__archive_reader_format(const struct sarn__archive_reader *reader);
/* Bytes up to the end of the entry that is, or was last, handed out. */
uint64_t sarn__archive_reader_bytes(const struct sarn__archive_reader *reader);

#endif
