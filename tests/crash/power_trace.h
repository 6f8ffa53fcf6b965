/* power_trace.h - what a program did to its log's file, in order: the trace that
 * power_shim.c writes and powercut replays.
 *
 * A trace is records, one after the other: a head, then bytes of data, padded to 8. It
 * is written through, record by record, so that a killed program's is whole. Several
 * programs may follow each other in one trace, with the file as the page cache has it.
 *
 * Order: a write is recorded before it is made, and what says that it is durable after
 * it returned, so between the two it is under way. The same holds for a sync: it makes
 * durable what was recorded before its beginning, from its end on. A mark is recorded
 * by the program itself: an acknowledgement after the reply was received.
 */
#ifndef SARN_TESTS_CRASH_POWER_TRACE_H
#define SARN_TESTS_CRASH_POWER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum power_kind {
    POWER_LOAD = 1,   /* Comes first. refers: the seed of the works; offset: how many of
                         them were before. */
    POWER_BASE,       /* data: the file as the trace begins, on disk, name and all. */
    POWER_LIFE,       /* A program begins. */
    POWER_CREATE,     /* The file was made: its name is not yet durable. */
    POWER_WRITE,      /* data at offset. */
    POWER_TRUNCATE,   /* To offset bytes. */
    POWER_SYNC_BEGIN, /* fsync or fdatasync of the file. */
    POWER_SYNC_END,   /* refers: its beginning. */
    POWER_DURABLE,    /* refers: a write through O_DSYNC or O_SYNC that returned. */
    POWER_FOLDER_SYNC,
    POWER_MARK,   /* data: a struct power_mark. */
    POWER_KILLED, /* The program was ended here by the shim. */
    POWER_REFUSED /* data: text: what the replayer has no picture of. */
};

#define POWER_THROUGH 1u /* A write through O_DSYNC or O_SYNC. */

struct power_record {
    uint32_t kind;
    uint32_t flags;
    uint32_t thread;
    uint32_t bytes; /* Of data. */
    uint64_t offset;
    uint64_t refers; /* Where a record begins in the trace. */
};

/* What the program says of itself. */
enum power_mark_kind {
    POWER_SENT = 1, /* work was handed over. */
    POWER_ACKED,    /* work was answered: status, position of its last event. */
    POWER_ACTED,    /* A step that is no idempotent one acted for work. */
    POWER_SEEN      /* The event at position was published. */
};

struct power_mark {
    uint32_t kind;
    int32_t status;
    uint64_t work;
    uint64_t position;
};

/* In the environment of a program that is recorded. */
#define POWER_ENV_TRACE "SARN_POWER_TRACE" /* Appended to. */
#define POWER_ENV_FILE  "SARN_POWER_FILE"  /* The log's path, as it is opened. */
/* End it with SIGKILL at the n-th write, truncate or sync; 0 or absent: do not. */
#define POWER_ENV_KILL "SARN_POWER_KILL"

/* The shim's, where it is loaded. */
void power_mark(const struct power_mark *mark);

/* --- reading (power_trace.c) --- */

struct power_trace {
    const uint8_t *bytes;
    uint64_t size;
    const struct power_record **records; /* In order. */
    uint32_t count;
    bool mapped;
};

/* Ends the program when it is no trace. */
void power_trace_open(struct power_trace *trace, const char *path);
/* The same of bytes in memory, which stay the caller's. */
void power_trace_take(struct power_trace *trace, const void *bytes, uint64_t size);
void power_trace_close(struct power_trace *trace);
const uint8_t *power_data(const struct power_record *record);
/* Which record begins at offset of the trace. */
uint32_t power_trace_find(const struct power_trace *trace, uint64_t offset);

#endif
