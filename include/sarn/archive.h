/* archive.h - a log as a stream of bytes: backup, restore, export, import, repair.
 *
 * An archive holds commits as they were made: every record byte for byte and, behind
 * them, the commit record that covers them. Who reads one can check the hash chain from
 * end to end, and makes the same log of it again: same positions, same hashes, same id.
 * Tables are not in it; they are folded again. What is free in the file is not in it
 * either, so an archive is also the log made compact.
 *
 * An archive may begin behind any commit: those that follow each other are a backup and
 * its increments. It ends with a mark that says how much there was; one without (its
 * making was cut off) is good up to its last whole commit. docs/archive.md has both
 * formats.
 *
 * A restored log is the same log: where both are opened by programs that run its
 * executions, both run them.
 *
 * Threads: sarn_log_export() as the log it is given; write() is called on the calling
 *          thread. The others: any thread; they block for as long as it takes.
 */
#ifndef SARN_ARCHIVE_H
#define SARN_ARCHIVE_H

#include "sarn/log.h"

#ifdef __cplusplus
extern "C" {
#endif

enum sarn_archive_format {
    SARN_ARCHIVE_BINARY,
    SARN_ARCHIVE_JSON_LINES /* A line for each event, readable, and one for each commit.
                               What is imported is the record that the line carries. */
};

/* Where a log, or an archive, ends. */
struct sarn_archive_end {
    uint64_t position; /* 0: before the first event. */
    int64_t time_us;   /* Of the last commit. */
    uint8_t hash[32];  /* The chain's, there; zero before the first event. */
};

/* Take size bytes. Anything but SARN_OK ends the export, which answers it. */
typedef sarn_status sarn_write_fn(void *arg, const void *data, size_t size);
/* Put at most size bytes into data, and how many into *size: 0 at the end, and only
 * there. Anything but SARN_OK ends the reading, which answers it. */
typedef sarn_status sarn_source_fn(void *arg, void *data, size_t *size);

/* --- out --- */

struct sarn_export {
    uint32_t struct_size;
    uint32_t format; /* enum sarn_archive_format */
    /* Begin with the commit that holds this position; 0 or 1: the first. Behind the
     * last: an archive of nothing. */
    uint64_t from;
    uint64_t
        to; /* The last commit that ends here or before; 0: the last durable one. */
    /* NULL, or where the archive before this one ended: from is then what follows it,
     * and a log that has another history there is refused. */
    const struct sarn_archive_end *after;
    /* after was the end of what write() has already: give no head, go on behind it. */
    bool resume;
    sarn_write_fn *write;
    sarn_progress_fn *progress; /* Positions done, and in all. May be NULL. */
    void *arg;
    /* Results, also when it fails: what was written whole. */
    uint64_t commits, events, bytes;
    struct sarn_archive_end end;
};
#define SARN_EXPORT_INIT                                                               \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_export)                                      \
    }

/* Write log as an archive. It is consistent: the end is fixed when the call begins, and
 * a log only grows. A live log may be written to meanwhile: reading is cut into short
 * slices. SARN_ERR_STATE: the log's history is not that of after. SARN_ERR_CORRUPT:
 * names the position; what was written up to there is whole. */
SARN_API SARN_MUST_USE sarn_status sarn_log_export(sarn_log *log,
                                                   struct sarn_export *out,
                                                   struct sarn_error *error);

/* --- looking --- */

struct sarn_archive_info {
    uint32_t struct_size;
    uint32_t format; /* enum sarn_archive_format, as found. */
    struct sarn_uuid log_id;
    struct sarn_archive_end begin, end; /* It holds what is between. */
    uint64_t commits, events;
    uint64_t bytes; /* Up to the end of the last whole commit: where to go on. */
    bool complete;  /* Its mark is there, and says the same. */
    char why[SARN_ERROR_TEXT_BYTES]; /* Not complete: what is behind the last whole
                                        commit; "" where nothing is. */
};
#define SARN_ARCHIVE_INFO_INIT                                                         \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_archive_info)                                \
    }

/* Read an archive from its beginning and check everything that can be checked without
 * the log: every checksum, every digest, the chain. SARN_ERR_CORRUPT: it is no archive,
 * not even its head. SARN_ERR_UNSUPPORTED: newer. A damaged or cut off one is SARN_OK
 * and not complete. */
SARN_API SARN_MUST_USE sarn_status sarn_archive_look(sarn_source_fn *source,
                                                     void *arg,
                                                     struct sarn_archive_info *info,
                                                     struct sarn_error *error);

/* --- in --- */

struct sarn_import {
    uint32_t struct_size;
    uint32_t reserved;
    /* Stop behind the last commit that ends here or before; 0: do not. A commit is one
     * moment of the log: there is no stopping inside it. */
    uint64_t to;
    int64_t to_time_us; /* The same by time; 0: do not. */
    sarn_source_fn *source;
    sarn_progress_fn *progress; /* Events done; total 0: unknown. May be NULL. */
    void *arg;
    /* Results, also when it fails: where the log ends now. */
    uint64_t commits, events; /* Taken over; what the log had is skipped. */
    struct sarn_archive_end end;
    bool complete; /* The archive was read to its mark; not where `to` ended it. */
};
#define SARN_IMPORT_INIT                                                               \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_import)                                      \
    }

/* Make the log at path from an archive, or make it go on with one: its end must lie in
 * the archive, and have the same hash there. Each commit is checked whole before it is
 * written: a bad archive is taken over up to its last good commit, and the answer says
 * where that was; so is one that was cut off, with SARN_OK and not complete. Tables are
 * folded and stored before this returns, so that opening is quick; projections of
 * modules follow when their code next opens the log. Importing again, after an
 * interruption too, is harmless.
 * SARN_ERR_CORRUPT: names the position. SARN_ERR_EXISTS: path is another log.
 * SARN_ERR_STATE: a gap lies between the log and the archive, or their histories part.
 * SARN_ERR_BUSY: somebody owns the log. SARN_ERR_FULL, and others as sarn_open(). */
SARN_API SARN_MUST_USE sarn_status sarn_log_import(const char *path,
                                                   struct sarn_import *in,
                                                   struct sarn_error *error);

/* --- out of a damaged file --- */

struct sarn_repair {
    uint32_t struct_size;
    uint32_t reserved;
    sarn_progress_fn *progress; /* Bytes read, and in all. May be NULL. */
    sarn_finding_fn *finding;   /* A sentence for each loss; may be NULL. */
    void *arg;
    /* Results: */
    uint64_t commits, events; /* Saved. */
    uint64_t lost_events; /* At least: as far as the file still says what there was. */
    struct sarn_archive_end end;
};
#define SARN_REPAIR_INIT                                                               \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_repair)                                      \
    }

/* Save into a new log at new_path all that is whole in the file at path, from the first
 * event up to the damage: whole commits whose chain holds. The file at path is only
 * read, without LMDB, page by page, so no damage can crash who asks; nobody may own it.
 * SARN_OK also where something was lost: look at repair. SARN_ERR_CORRUPT: nothing
 * could be saved, and no file was made. SARN_ERR_EXISTS: there is a file at new_path.
 * SARN_ERR_BUSY. */
SARN_API SARN_MUST_USE sarn_status sarn_log_repair(const char *path,
                                                   const char *new_path,
                                                   struct sarn_repair *repair,
                                                   struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
