/* sarn_log_repair(): what lies whole in a damaged file (infra/lmdb/salvage.h), up to
 * where its commits no longer chain (repair_chain.h), is written again as a new log
 * (engine/rebuild.h). */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"
#include "engine/rebuild.h"
#include "infra/host/host.h"
#include "infra/host/repair_chain.h"
#include "infra/openssl/digest.h"
#include "infra/xxhash/checksum.h"

#define PATH_MAX_BYTES 4096u

struct repairing {
    const char *path, *new_path;
    struct sarn_repair repair; /* Results are counted here. */
    struct sarn__salvage *salvage;
    struct sarn__chain chain;
    /* The log in the making; it gets its name when it is whole. */
    char part[PATH_MAX_BYTES], part_lock[PATH_MAX_BYTES];
    bool made;
    struct sarn__bare bare;
    struct sarn__rebuild *rebuild;
};

static void tell(const struct repairing *repairing, const char *text)
{
    if (repairing->repair.finding != NULL) {
        repairing->repair.finding(repairing->repair.arg, text);
    }
}

/* --- the new log --- */

SARN_MUST_USE static sarn_status name_part(struct repairing *repairing,
                                           struct sarn_error *error)
{
    struct stat status;

    if (snprintf(repairing->part, sizeof(repairing->part), "%s-part",
                 repairing->new_path) >= (int)sizeof(repairing->part) ||
        snprintf(repairing->part_lock, sizeof(repairing->part_lock), "%s-lock",
                 repairing->part) >= (int)sizeof(repairing->part_lock)) {
        return sarn__fail(error, SARN_ERR_INVALID, "the path of the log is too long");
    }
    if (lstat(repairing->new_path, &status) == 0) {
        return sarn__fail(error, SARN_ERR_EXISTS,
                          "there is a file at \"%s\" already; name another",
                          repairing->new_path);
    }
    if (lstat(repairing->part, &status) == 0) {
        return sarn__fail(error, SARN_ERR_EXISTS,
                          "there is a file at \"%s\", left by a repair that was cut "
                          "off, or under way; remove it and try again",
                          repairing->part);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status begin_log(struct repairing *repairing,
                                           struct sarn_error *error)
{
    const struct sarn__file *file = sarn__salvage_file(repairing->salvage);
    struct sarn_uuid id;
    sarn_status status;

    if (file == NULL) {
        tell(repairing, "the log's description of itself is damaged or missing: the "
                        "new log has a new id");
        SARN__TRY(sarn__bare_make_id(&id, error));
    } else {
        id = file->log_id;
    }
    status = sarn__bare_open(repairing->part, &id,
                             file != NULL ? file->created_us
                                          : repairing->chain.commit.time_us,
                             &repairing->bare, error);
    repairing->made = status != SARN_ERR_BUSY; /* Then it is another repair's. */
    SARN__TRY(status);
    status = sarn__rebuild_create(&repairing->bare.ports, NULL, NULL,
                                  &repairing->rebuild, error);
    if (status != SARN_OK) {
        sarn__bare_close(&repairing->bare);
        repairing->rebuild = NULL;
    }
    return status;
}

static void remove_part(const struct repairing *repairing)
{
    if (repairing->made) {
        unlink(repairing->part);
        unlink(repairing->part_lock);
    }
}

/* Give the new log its name, which nobody took meanwhile. */
SARN_MUST_USE static sarn_status name_log(const struct repairing *repairing,
                                          struct sarn_error *error)
{
    SARN__TRY(sarn__salvage_name(repairing->part, repairing->new_path, error));
    unlink(repairing->part_lock);
    return SARN_OK;
}

/* --- what is saved --- */

SARN_MUST_USE static sarn_status save_commit(struct repairing *repairing,
                                             struct sarn_error *error)
{
    struct sarn__chain *chain = &repairing->chain;
    const struct sarn__commit *commit = &chain->commit;
    struct sarn_str bytes;

    for (uint64_t position = commit->first; position <= commit->last; position++) {
        SARN__TRY(sarn__chain_read(chain, position, &bytes, error));
        SARN__TRY(sarn__rebuild_record(repairing->rebuild, position, bytes, error));
    }
    SARN__TRY(sarn__chain_read_commit(chain, &bytes, error));
    return sarn__rebuild_commit(repairing->rebuild, commit->last, bytes, error);
}

/* Walk the chain up to its end, or where the file says the log ended. *whole: it is
 * that. */
SARN_MUST_USE static sarn_status
save_all(struct repairing *repairing, bool *whole, struct sarn_error *error)
{
    struct sarn__chain *chain = &repairing->chain;
    bool certain = chain->end_told && chain->end.certain;
    uint64_t saved = 0;
    struct sarn_error why;
    sarn_status status;

    *whole = certain && chain->end.last == 0;
    while (!*whole) {
        status = sarn__chain_next(chain, error);
        if (status == SARN_ERR_NOT_FOUND) {
            return SARN_OK;
        }
        SARN__TRY(status);
        if (repairing->rebuild == NULL) {
            SARN__TRY(begin_log(repairing, error));
        }
        status = save_commit(repairing, &why);
        if (status == SARN_ERR_CORRUPT) { /* A whole commit of what cannot be. */
            memcpy(chain->why, why.text, sizeof(chain->why));
            return SARN_OK;
        }
        if (status != SARN_OK) {
            return sarn__fail(error, status, "%s", why.text);
        }
        saved += chain->commit.count + 1;
        repairing->repair.commits += 1;
        *whole =
            certain && chain->last == chain->end.last && saved == chain->end.entries;
    }
    return SARN_OK;
}

/* --- what is lost --- */

static void tell_unreadable(struct repairing *repairing)
{
    uint64_t first, count = sarn__salvage_unreadable(repairing->salvage, &first);
    char text[SARN_ERROR_TEXT_BYTES];

    if (count != 0) {
        snprintf(
            text, sizeof(text),
            "the disk does not give %llu page%s of the file, the first at byte %llu: "
            "what was there counts as damaged; look to the disk",
            (unsigned long long)count, count == 1 ? "" : "s",
            (unsigned long long)first);
        tell(repairing, text);
    }
}

static void tell_losses(struct repairing *repairing, bool whole)
{
    struct sarn_repair *repair = &repairing->repair;
    const struct sarn__chain *chain = &repairing->chain;
    uint64_t saved = repair->end.position;
    uint64_t last = chain->end.last, seen = sarn__salvage_highest(repairing->salvage);
    char text[SARN_ERROR_TEXT_BYTES];

    if (whole) {
        return;
    }
    if (chain->why[0] != '\0') {
        tell(repairing, chain->why);
    }
    last = !chain->end.certain && seen > last ? seen : last;
    repair->lost_events = last > saved ? last - saved : 0;
    if (repair->lost_events != 0) {
        snprintf(text, sizeof(text),
                 "the events behind position %llu are not saved: at least %llu, up to "
                 "position %llu",
                 (unsigned long long)saved, (unsigned long long)repair->lost_events,
                 (unsigned long long)last);
        tell(repairing, text);
    }
    if (!chain->end_told || saved > last) {
        tell(repairing, "where the log ended is no longer certain: its last commits "
                        "may be missing, or be ones that were in doubt and lost");
    }
}

SARN_MUST_USE static sarn_status save(struct repairing *repairing,
                                      struct sarn_error *error)
{
    struct sarn_repair *repair = &repairing->repair;
    bool whole = false;

    SARN__TRY(save_all(repairing, &whole, error));
    if (repairing->rebuild == NULL) {
        return sarn__fail(error, SARN_ERR_CORRUPT,
                          "nothing can be saved from \"%s\": %s", repairing->path,
                          whole ? "it holds no event"
                          : repairing->chain.why[0] != '\0'
                              ? repairing->chain.why
                              : "it holds no commit of a log of Sarn");
    }
    SARN__TRY(sarn__rebuild_finish(repairing->rebuild, error));
    repair->end = *sarn__rebuild_end(repairing->rebuild);
    repair->events = repair->end.position;
    tell_losses(repairing, whole);
    return SARN_OK;
}

/* --- the call --- */

/* Save, and leave nothing behind but a whole log, or no file. */
SARN_MUST_USE static sarn_status save_and_name(struct repairing *repairing,
                                               struct sarn_error *error)
{
    sarn_status status = save(repairing, error);

    if (repairing->rebuild != NULL) {
        sarn__rebuild_destroy(repairing->rebuild);
        sarn__bare_close(&repairing->bare);
    }
    if (status == SARN_OK) {
        status = name_log(repairing, error);
    }
    if (status != SARN_OK) {
        remove_part(repairing);
    }
    return status;
}

SARN_MUST_USE static sarn_status
repair_with(struct repairing *repairing, int fd, struct sarn_error *error)
{
    static const struct sarn_hash_ops ops = {.checksum = sarn__xxhash_checksum,
                                             .digest = sarn__openssl_digest};
    struct sarn__salvage_options options = {.progress = repairing->repair.progress,
                                            .arg = repairing->repair.arg};
    struct sarn__openssl *openssl;
    sarn_status status;

    SARN__TRY(sarn__openssl_create(NULL, &openssl, error));
    options.hash = (struct sarn_hash){.ops = &ops, .self = openssl};
    options.looks = sarn__chain_looks(&options.hash);
    status =
        sarn__salvage_create(fd, repairing->path, &options, &repairing->salvage, error);
    if (status == SARN_OK) {
        repairing->chain = (struct sarn__chain){.salvage = repairing->salvage,
                                                .hash = options.hash,
                                                .heap = sarn__heap_or_malloc(NULL)};
        tell_unreadable(repairing);
        repairing->chain.end_told =
            sarn__salvage_end(repairing->salvage, &repairing->chain.end);
        status = save_and_name(repairing, error);
        sarn__chain_done(&repairing->chain);
        sarn__salvage_destroy(repairing->salvage);
    }
    sarn__openssl_destroy(openssl);
    return status;
}

sarn_status sarn_log_repair(const char *path,
                            const char *new_path,
                            struct sarn_repair *repair,
                            struct sarn_error *error)
{
    struct repairing repairing = {
        .path = path, .new_path = new_path, .repair = SARN_REPAIR_INIT};
    sarn_status status;
    int fd;

    if (path == NULL || path[0] == '\0' || new_path == NULL || new_path[0] == '\0') {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a path is missing: name the damaged file and a new one");
    }
    if (repair != NULL) {
        SARN__TRY(sarn__sized_copy(&repairing.repair, sizeof(repairing.repair),
                                   sizeof(repairing.repair), repair, "sarn_repair",
                                   error));
        /* It may be that of a repair before. */
        repairing.repair.commits = repairing.repair.events = 0;
        repairing.repair.lost_events = 0;
    }
    SARN__TRY(name_part(&repairing, error));
    SARN__TRY(sarn__salvage_open(path, (uint32_t)getpid(), &fd, error));
    status = repair_with(&repairing, fd, error);
    close(fd);
    if (status == SARN_OK && repair != NULL) {
        repair->commits = repairing.repair.commits;
        repair->events = repairing.repair.events;
        repair->lost_events = repairing.repair.lost_events;
        repair->end = repairing.repair.end;
    }
    return status;
}
