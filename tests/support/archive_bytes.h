/* archive_bytes.h - an archive in memory: written by an export, read by who looks or
 * imports, in pieces of any size, cut off or with a wrong bit where a test wants it.
 */
#ifndef SARN_TESTS_SUPPORT_ARCHIVE_BYTES_H
#define SARN_TESTS_SUPPORT_ARCHIVE_BYTES_H

#include "sarn/archive.h"

#include "support/test.h"

struct archive_bytes {
    uint8_t *data;
    size_t size, room;
    size_t
        limit; /* Writing stops with SARN_ERR_FULL where it would be more; 0: never. */
    /* As it is read: */
    size_t at, piece; /* So many bytes at a time; 0: as many as are asked for. */
    size_t end;       /* It is cut off here; 0: not. */
    size_t fail_at;   /* SARN_ERR_IO from here on; 0: never. */
    size_t flip_bit;  /* Counted from 1; 0: none. */
};

/* sarn_write_fn and sarn_source_fn, for a struct archive_bytes. */
sarn_status archive_bytes_write(void *arg, const void *data, size_t size);
sarn_status archive_bytes_read(void *arg, void *data, size_t *size);
void archive_bytes_free(struct archive_bytes *bytes);

/* Everything that log has, from the beginning. */
void archive_bytes_make(struct archive_bytes *bytes, sarn_log *log, uint32_t format);
/* The same of the log at path. */
void archive_bytes_of(struct archive_bytes *bytes, const char *path, uint32_t format);
/* An increment: what log has behind after, as an archive of its own. */
void archive_bytes_after(struct archive_bytes *bytes,
                         sarn_log *log,
                         uint32_t format,
                         const struct sarn_archive_end *after);

/* Look, and import, from the first byte. */
sarn_status archive_bytes_look(struct archive_bytes *bytes,
                               struct sarn_archive_info *info,
                               struct sarn_error *error);
sarn_status archive_bytes_import(struct archive_bytes *bytes,
                                 const char *path,
                                 struct sarn_import *in,
                                 struct sarn_error *error);

#endif
