/* log.h - reading a log: events, streams, statistics, schemas, checks.
 *
 * A struct sarn_log comes from sarn_log_open() (another process, read-only, also while
 * an owner is running or hanging) or from sarn_engine_log() (the owner itself).
 * Everything read is durable. Read transactions are short: long reads are cut into
 * slices inside.
 *
 * Threads: one thread at a time per log from sarn_log_open(). A log from
 *          sarn_engine_log() may be used from any thread: calls run on the dispatch
 *          thread and wait for it; handlers run there too and must not block.
 */
#ifndef SARN_LOG_H
#define SARN_LOG_H

#include "sarn/module.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sarn_log sarn_log;

struct sarn_log_options {
    uint32_t struct_size;
    uint32_t module_count;
    /* Whose types are decoded to structs, and whose projections sarn_log_check() can
     * fold; other payloads are decoded by the schemas stored in the log. */
    const struct sarn_module *const *modules;
    struct sarn_heap heap; /* All NULL: malloc. */
};
#define SARN_LOG_OPTIONS_INIT                                                          \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_log_options)                                 \
    }

/* Open path for reading. options may be NULL. Writes nothing but LMDB's reader slot.
 * SARN_ERR_NOT_FOUND, SARN_ERR_PERMISSION, SARN_ERR_CORRUPT (not a Sarn log, or
 * damaged), SARN_ERR_UNSUPPORTED (newer format), SARN_ERR_BUSY (this process owns it).
 */
SARN_API SARN_MUST_USE sarn_status sarn_log_open(const char *path,
                                                 const struct sarn_log_options *options,
                                                 sarn_log **log,
                                                 struct sarn_error *error);
/* For a log of sarn_log_open() only. NULL does nothing. */
SARN_API void sarn_log_close(sarn_log *log);
/* See what was appended since: fold the new tail. Cheap when there is none. */
SARN_API SARN_MUST_USE sarn_status sarn_log_refresh(sarn_log *log,
                                                    struct sarn_error *error);

/* --- reading and replay --- */

#define SARN_READ_BACKWARD 1u /* From the end of the range to its beginning. */
#define SARN_READ_RAW      2u /* Do not decode: data is NULL, payload as stored. */

/* Which events; zero or empty members do not restrict. */
struct sarn_range {
    uint32_t struct_size;
    uint32_t flags;
    uint64_t from, to;                /* Positions, both included; to 0: the end. */
    int64_t from_time_us, to_time_us; /* Both included. */
    struct sarn_str stream;           /* One stream; from_version below applies. */
    struct sarn_str category;
    struct sarn_str type;
    struct sarn_uuid correlation_id;
    uint64_t from_version;
    uint64_t limit;  /* Events at most. */
    uint32_t tenant; /* With stream or category. */
    uint32_t reserved;
};
#define SARN_RANGE_INIT                                                                \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_range)                                       \
    }

/* SARN_OK: go on. Anything else ends the read, which returns it. event and what it
 * points to die with the call. */
typedef sarn_status sarn_event_fn(void *arg, const struct sarn_event *event);

/* Replay: hand each event of range to handler, in order of position (or version).
 * range may be NULL: everything up to the last durable event at the time of the call.
 * SARN_ERR_NOT_FOUND: no such stream or category; SARN_ERR_DELETED: the stream was
 * deleted; SARN_ERR_CORRUPT: names the position. */
SARN_API SARN_MUST_USE sarn_status sarn_read(sarn_log *log,
                                             const struct sarn_range *range,
                                             sarn_event_fn *handler,
                                             void *arg,
                                             struct sarn_error *error);

/* event as one JSON object in arena: its metadata, and its data by its schema. */
SARN_API SARN_MUST_USE sarn_status sarn_event_json(sarn_log *log,
                                                   const struct sarn_event *event,
                                                   struct sarn_arena *arena,
                                                   struct sarn_str *json,
                                                   struct sarn_error *error);

/* --- streams --- */

struct sarn_stream_info {
    struct sarn_str name;
    uint32_t tenant;
    bool deleted;
    uint64_t number;  /* Its number inside the log. */
    uint64_t version; /* Of its last event. */
    uint64_t last_position;
    struct sarn_str metadata; /* As set; empty: none. */
};

SARN_API SARN_MUST_USE sarn_status sarn_log_stream(sarn_log *log,
                                                   uint32_t tenant,
                                                   struct sarn_str name,
                                                   struct sarn_arena *arena,
                                                   struct sarn_stream_info *info,
                                                   struct sarn_error *error);

typedef sarn_status sarn_stream_fn(void *arg, const struct sarn_stream_info *info);
/* Every stream whose name begins with prefix, in order of tenant and name. */
SARN_API SARN_MUST_USE sarn_status sarn_log_streams(sarn_log *log,
                                                    struct sarn_str prefix,
                                                    sarn_stream_fn *handler,
                                                    void *arg,
                                                    struct sarn_error *error);

/* --- statistics --- */

struct sarn_log_stats {
    uint32_t struct_size;
    uint32_t format;
    uint64_t last_position;
    uint64_t commits;
    uint64_t streams;
    uint64_t epoch;
    uint64_t flushed_position; /* Tables reach it; after it comes the tail. */
    int64_t first_time_us, last_time_us;
    uint64_t file_bytes, used_bytes, map_bytes;
    uint64_t readers;
    struct sarn_uuid log_id;
    uint8_t head_hash[32]; /* The chain's: export it to sign it elsewhere. */
    uint32_t owner_pid;    /* 0: nobody owns it now. */
    uint32_t reserved;
};
SARN_API SARN_MUST_USE sarn_status sarn_log_get_stats(sarn_log *log,
                                                      struct sarn_log_stats *stats,
                                                      struct sarn_error *error);

/* --- stored schemas --- */

struct sarn_stored_schema {
    uint32_t id;
    struct sarn_str name;
    struct sarn_str bfbs;
    uint64_t position; /* Of the event that stored it. */
};
typedef sarn_status sarn_schema_fn(void *arg, const struct sarn_stored_schema *schema);
SARN_API SARN_MUST_USE sarn_status sarn_log_schemas(sarn_log *log,
                                                    sarn_schema_fn *handler,
                                                    void *arg,
                                                    struct sarn_error *error);

/* --- projections and states --- */

/* Rows of a projection in order of their keys (or of an index's), as the module
 * declared them. Members as in struct sarn_range. */
struct sarn_query {
    uint32_t struct_size;
    uint32_t flags; /* SARN_READ_BACKWARD */
    const char *projection;
    const char *index;        /* NULL: by row key. */
    struct sarn_key from, to; /* Both included; empty: open. to also matches what
                                 begins with it. */
    uint64_t limit;
};
#define SARN_QUERY_INIT                                                                \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_query)                                       \
    }

/* row is a struct of the projection's row type; it dies with the call. */
typedef sarn_status sarn_row_fn(void *arg, struct sarn_str key, const void *row);
SARN_API SARN_MUST_USE sarn_status sarn_log_query(sarn_log *log,
                                                  const struct sarn_query *query,
                                                  sarn_row_fn *handler,
                                                  void *arg,
                                                  struct sarn_error *error);
/* One row, decoded into *row with arena. SARN_ERR_NOT_FOUND. */
SARN_API SARN_MUST_USE sarn_status sarn_log_row(sarn_log *log,
                                                const char *projection,
                                                const struct sarn_key *key,
                                                struct sarn_arena *arena,
                                                void *row,
                                                struct sarn_error *error);

/* Executions: execution.h. */

/* --- checks --- */

/* Called now and then during long work; returning anything but SARN_OK ends it. */
typedef sarn_status sarn_progress_fn(void *arg, uint64_t done, uint64_t total);
typedef void sarn_finding_fn(void *arg, const char *text);

struct sarn_check {
    uint32_t struct_size;
    uint32_t reserved;
    sarn_progress_fn *progress; /* May be NULL. */
    sarn_finding_fn *finding;   /* One sentence per difference; may be NULL. */
    void *arg;
    /* Results: */
    uint64_t events;
    uint64_t rows;
    uint64_t differences;
    uint64_t unchecked; /* Projections whose code is not loaded; each is a finding. */
    /* Of sarn_log_verify(): the file's bytes. Held ones were checked: no single one of
     * them changes unnoticed. Idle ones hold nothing (free pages, gaps, padding,
     * hints): they may have any value and a reader sees no difference. */
    uint64_t held_bytes, idle_bytes;
};
#define SARN_CHECK_INIT                                                                \
    {                                                                                  \
        .struct_size = sizeof(struct sarn_check)                                       \
    }

/* Fold the whole log from nothing, in memory, and compare with the stored tables:
 * stream heads, indexes, idempotency keys, executions, and the projections of known
 * modules. SARN_OK also when there are differences: look at check. */
SARN_API SARN_MUST_USE sarn_status sarn_log_check(sarn_log *log,
                                                  struct sarn_check *check,
                                                  struct sarn_error *error);

/* Verify the file at path: LMDB's structure, every checksum, versions, the hash chain.
 * Opens it itself. A damaged file can crash LMDB: call it in a child process.
 * SARN_ERR_CORRUPT: something is wrong: each finding says what and where, the first bad
 * record first. The progress and finding members of check are used. */
SARN_API SARN_MUST_USE sarn_status sarn_log_verify(const char *path,
                                                   struct sarn_check *check,
                                                   struct sarn_error *error);

#ifdef __cplusplus
}
#endif
#endif
