#define _GNU_SOURCE

#include "infra/testkit/replay.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/fail.h"
#include "engine/registry.h"
#include "infra/host/host.h"
#include "sarn/events.h"

#define SUFFIX         ".sarn"
#define LINE_BYTES     1024u
#define PATH_BYTES_MAX 4096u

/* --- what is said --- */

void sarn__replay_say(struct sarn__replay *replay,
                      struct sarn_str stream,
                      uint64_t version,
                      const char *format,
                      ...)
{
    char what[512], line[LINE_BYTES];
    va_list list;

    va_start(list, format);
    vsnprintf(what, sizeof(what), format, list);
    va_end(list);
    if (stream.size == 0) {
        snprintf(line, sizeof(line), "%.200s: %s", replay->path, what);
    } else {
        snprintf(line, sizeof(line), "%.200s: %.*s@%llu: %s", replay->path,
                 (int)stream.size, stream.data, (unsigned long long)version, what);
    }
    replay->histories->misfits += 1;
    if (replay->histories->finding != NULL) {
        replay->histories->finding(replay->histories->arg, line);
    }
}

sarn_status sarn__replay_ended(struct sarn__replay *replay,
                               struct sarn_str stream,
                               sarn_status status,
                               const struct sarn_error *why)
{
    if (status != SARN_ERR_CORRUPT && status != SARN_ERR_SCHEMA) {
        return status == SARN_OK ? SARN_OK
                                 : sarn__fail(&replay->error, status, "%s", why->text);
    }
    replay->histories->misfits += 1;
    if (replay->histories->finding != NULL) {
        char line[LINE_BYTES];

        snprintf(line, sizeof(line), "%.200s: %.*s: %s", replay->path, (int)stream.size,
                 stream.data, why->text);
        replay->histories->finding(replay->histories->arg, line);
    }
    return SARN_OK;
}

/* --- one log --- */

static sarn_status note_execution(void *arg, const struct sarn_event *event)
{
    bool *is_execution = arg;

    *is_execution = event->type == &sarn_execution_started_type;
    return SARN_OK;
}

static sarn_status replay_stream(void *arg, const struct sarn_stream_info *info)
{
    struct sarn__replay *replay = arg;
    const struct sarn_aggregate *aggregate =
        sarn__registry_aggregate(replay->log->registry, sarn__category(info->name));
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error why = {SARN_OK, ""};
    bool is_execution = false;
    sarn_status status;

    if (info->deleted) {
        return SARN_OK;
    }
    sarn_arena_reset(replay->arena);
    if (aggregate != NULL) {
        return sarn__replay_state(replay, aggregate, info);
    }
    range.stream = info->name;
    range.tenant = info->tenant;
    range.type = sarn_str(sarn_execution_started_type.name);
    range.limit = 1;
    status = sarn_read(replay->log, &range, note_execution, &is_execution, &why);
    SARN__TRY(sarn__replay_ended(replay, info->name, status, &why));
    return is_execution ? sarn__replay_execution(replay, info) : SARN_OK;
}

static void say_finding(void *arg, const char *text)
{
    sarn__replay_say(arg, (struct sarn_str){NULL, 0}, 0, "%s", text);
}

static sarn_status replay_log(struct sarn__replay *replay, struct sarn_error *error)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error why = {SARN_OK, ""};
    sarn_status status;

    check.finding = say_finding;
    check.arg = replay;
    status = sarn_log_check(replay->log, &check, &why);
    status = sarn__replay_ended(replay, (struct sarn_str){NULL, 0}, status, &why);
    if (status == SARN_OK) {
        replay->histories->events += check.events;
        status = sarn_log_streams(replay->log, (struct sarn_str){NULL, 0},
                                  replay_stream, replay, &why);
    }
    return status == SARN_OK
               ? SARN_OK
               : sarn__fail(error, status, "%s",
                            replay->error.text[0] != '\0' ? replay->error.text
                                                          : why.text);
}

static sarn_status replay_file(struct sarn_test_histories *histories,
                               const char *path,
                               struct sarn_error *error)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn__replay replay = {.histories = histories, .path = path};
    sarn_status status;

    options.modules = histories->modules;
    options.module_count = histories->module_count;
    SARN__TRY(sarn_log_open(path, &options, &replay.log, error));
    replay.arena = sarn_arena_create(NULL);
    replay.scratch = sarn_arena_create(NULL);
    status = replay.arena == NULL || replay.scratch == NULL
                 ? sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a replay")
                 : replay_log(&replay, error);
    sarn_arena_destroy(replay.scratch);
    sarn_arena_destroy(replay.arena);
    sarn_log_close(replay.log);
    histories->logs += 1;
    return status;
}

/* --- paths --- */

static int is_log(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name), suffix = strlen(SUFFIX);

    return size > suffix && strcmp(entry->d_name + size - suffix, SUFFIX) == 0;
}

/* Every log in it, in order of name. */
static sarn_status replay_folder(struct sarn_test_histories *histories,
                                 const char *folder,
                                 struct sarn_error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_log, alphasort);
    sarn_status status = SARN_OK;

    if (count < 0) {
        char why[128];

        status = sarn__fail(error, errno == ENOMEM ? SARN_ERR_NOMEM : SARN_ERR_IO,
                            "cannot list %s: %s", folder,
                            strerror_r(errno, why, sizeof(why)));
    } else if (count == 0) {
        status = sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no *" SUFFIX " in %s",
                            folder);
    }
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES_MAX];

        if (status == SARN_OK && (size_t)snprintf(path, sizeof(path), "%s/%s", folder,
                                                  entries[i]->d_name) >= sizeof(path)) {
            status = sarn__fail(error, SARN_ERR_TOO_LARGE, "the path of %s is too long",
                                entries[i]->d_name);
        }
        if (status == SARN_OK) {
            status = replay_file(histories, path, error);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}

static sarn_status replay_path(struct sarn_test_histories *histories,
                               const char *path,
                               struct sarn_error *error)
{
    struct stat is;
    char why[128];

    if (path == NULL || stat(path, &is) != 0) {
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "no history at %s: %s",
                          path == NULL ? "NULL" : path,
                          path == NULL ? "no path was given"
                                       : strerror_r(errno, why, sizeof(why)));
    }
    return S_ISDIR(is.st_mode) ? replay_folder(histories, path, error)
                               : replay_file(histories, path, error);
}

sarn_status sarn_test_replay(struct sarn_test_histories *histories,
                             struct sarn_error *error)
{
    SARN__TRY(
        sarn__sized_check(histories, sizeof(*histories), "sarn_test_histories", error));
    histories->logs = 0;
    histories->executions = 0;
    histories->events = 0;
    histories->misfits = 0;
    for (uint32_t i = 0; i < histories->path_count; i++) {
        SARN__TRY(replay_path(histories, histories->paths[i], error));
    }
    return SARN_OK;
}
