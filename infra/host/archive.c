/* sarn_archive_look() and sarn_log_import(): what engine/archive_walk.h does, with the
 * file that is written to. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/archive_walk.h"
#include "infra/flatbuffers/codec.h"
#include "infra/host/host.h"
#include "infra/openssl/digest.h"
#include "infra/posix/clock.h"
#include "infra/xxhash/checksum.h"
#include "infra/yajl/json.h"

/* What archives are read with. */
struct reading {
    struct sarn_ports ports; /* Without a journal. */
    struct sarn__openssl *openssl;
};

SARN_MUST_USE static sarn_status begin_reading(struct reading *reading,
                                               struct sarn_error *error)
{
    static const struct sarn_hash_ops ops = {.checksum = sarn__xxhash_checksum,
                                             .digest = sarn__openssl_digest};

    SARN__TRY(sarn__openssl_create(NULL, &reading->openssl, error));
    reading->ports =
        (struct sarn_ports){.codec = sarn__flatbuffers_codec(),
                            .json = sarn__yajl_json(),
                            .hash = {.ops = &ops, .self = reading->openssl},
                            .heap = sarn__heap_or_malloc(NULL)};
    return SARN_OK;
}

static void end_reading(struct reading *reading)
{
    sarn__openssl_destroy(reading->openssl);
}

SARN_MUST_USE static sarn_status check_source(sarn_source_fn *source,
                                              struct sarn_error *error)
{
    return source != NULL
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_INVALID,
                            "the archive has no source function: where is it?");
}

/* --- looking --- */

sarn_status sarn_archive_look(sarn_source_fn *source,
                              void *arg,
                              struct sarn_archive_info *info,
                              struct sarn_error *error)
{
    struct sarn_archive_info found = SARN_ARCHIVE_INFO_INIT;
    struct reading reading;
    sarn_status status;

    SARN__TRY(check_source(source, error));
    SARN__TRY(sarn__sized_check(info, sizeof(*info), "sarn_archive_info", error));
    SARN__TRY(begin_reading(&reading, error));
    status = sarn__archive_look(&reading.ports, source, arg, &found, error);
    end_reading(&reading);
    if (status == SARN_OK) {
        found.struct_size = info->struct_size;
        *info = found;
    }
    return status;
}

/* --- importing --- */

struct importing {
    const char *path;
    struct sarn__bare bare;
    bool open;
};

/* An increment goes behind a log; it makes none. */
SARN_MUST_USE static sarn_status
check_there(const char *path, uint64_t begin, struct sarn_error *error)
{
    struct stat status;

    if (begin != 0 && stat(path, &status) != 0 && errno == ENOENT) {
        return sarn__fail(
            error, SARN_ERR_STATE,
            "the archive begins behind position %llu, and there is no log "
            "at \"%s\": import the archive of what is before that first",
            (unsigned long long)begin, path);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status check_id(const struct importing *importing,
                                          const struct sarn_uuid *log_id,
                                          struct sarn_error *error)
{
    const struct sarn_journal *journal = &importing->bare.ports.journal;
    struct sarn_journal_state state;

    SARN__TRY(journal->ops->state(journal->self, &state, error));
    return memcmp(&state.log_id, log_id, sizeof(*log_id)) == 0
               ? SARN_OK
               : sarn__fail(error, SARN_ERR_EXISTS,
                            "\"%s\" is another log than the one in the archive; import "
                            "to a path where nothing is",
                            importing->path);
}

static sarn_status open_journal(void *arg,
                                const struct sarn__archive_entry *head,
                                struct sarn_journal *journal,
                                struct sarn_error *error)
{
    struct importing *importing = arg;
    const struct sarn_clock clock = sarn__posix_clock();

    SARN__TRY(check_there(importing->path, head->end.position, error));
    SARN__TRY(sarn__bare_open(importing->path, &head->log_id,
                              clock.ops->now_us(clock.self), &importing->bare, error));
    importing->open = true;
    SARN__TRY(check_id(importing, &head->log_id, error));
    *journal = importing->bare.ports.journal;
    return SARN_OK;
}

SARN_MUST_USE static sarn_status
run(struct importing *importing, struct sarn_import *in, struct sarn_error *error)
{
    struct reading reading;
    sarn_status status;

    SARN__TRY(begin_reading(&reading, error));
    status = sarn__archive_import(&reading.ports, open_journal, importing, in, error);
    if (importing->open) {
        sarn__bare_close(&importing->bare);
    }
    end_reading(&reading);
    return status;
}

sarn_status
sarn_log_import(const char *path, struct sarn_import *in, struct sarn_error *error)
{
    struct importing importing = {.path = path};
    struct sarn_import how;
    sarn_status status;

    if (path == NULL || path[0] == '\0') {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "no path was given: name the log's file");
    }
    SARN__TRY(
        sarn__sized_copy(&how, sizeof(how), sizeof(how), in, "sarn_import", error));
    SARN__TRY(check_source(how.source, error));
    status = run(&importing, &how, error);
    in->commits = how.commits;
    in->events = how.events;
    in->end = how.end;
    in->complete = how.complete;
    return status;
}
