/* sarn_control_at() and its like: through the socket of a live owner, or as the owner
 * of a moment. */
#include <stdio.h>
#include <sys/stat.h>

#include "core/fail.h"
#include "infra/host/control_line.h"
#include "infra/host/host.h"
#include "infra/posix/line_client.h"
#include "infra/yajl/json.h"

#define WAIT_MS 30000u

/* Say line to whoever owns the log at path, and hear the reply. false: nobody listens.
 */
static bool ask_owner(const char *path,
                      struct sarn_str line,
                      struct sarn_arena *arena,
                      struct sarn_str *reply,
                      sarn_status *status,
                      struct sarn_error *error)
{
    char name[4096 + sizeof(SARN__CONTROL_SUFFIX)];
    int size = snprintf(name, sizeof(name), "%s%s", path, SARN__CONTROL_SUFFIX);
    struct stat file;

    if (size < 0 || (size_t)size >= sizeof(name) || stat(path, &file) != 0) {
        return false; /* Opening the log says what is wrong with it. */
    }
    *status = sarn__line_ask(name, file.st_uid, line, WAIT_MS, SARN__CONTROL_LINE_MAX,
                             arena, reply, error);
    return *status != SARN_ERR_NOT_FOUND;
}

/* Somebody owns it and does not listen. */
static sarn_status not_served(const char *path, struct sarn_error *error)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    sarn_log *log;

    if (sarn_log_open(path, NULL, &log, NULL) == SARN_OK) {
        if (sarn_log_get_stats(log, &stats, NULL) != SARN_OK) {
            stats.owner_pid = 0;
        }
        sarn_log_close(log);
    }
    return sarn__fail(error, SARN_ERR_BUSY,
                      "\"%s\" is owned by process %u, which serves no control socket: "
                      "let it open the log with SARN_OPEN_CONTROL, or ask again when "
                      "it has ended",
                      path, stats.owner_pid);
}

/* Own the log for a moment, with nobody's code. */
static sarn_status
do_it_here(const char *path, const struct sarn__said *said, struct sarn_error *error)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;
    sarn_status status = SARN_ERR_INVALID;

    options.flags = SARN_OPEN_EXISTING;
    options.misfits = SARN_MISFIT_PIN; /* Without code nothing fits. */
    SARN__TRY(sarn_open(path, &options, &engine, error));
    switch ((enum sarn__said_kind)said->kind) {
    case SARN__SAID_CONTROL:
        status = sarn_control_call(engine, &said->as.control, NULL, NULL, error);
        break;
    case SARN__SAID_SCHEDULE:
        status =
            sarn__host_schedule_put(engine, &said->as.schedule, said->input, error);
        break;
    case SARN__SAID_SCHEDULE_CHANGE:
        status = sarn_schedule_alter(engine, &said->as.schedule_change, error);
        break;
    }
    sarn_close(engine);
    return status;
}

static sarn_status say_at(const char *path,
                          const struct sarn__said *said,
                          struct sarn_arena *arena,
                          struct sarn_str *answer,
                          struct sarn_error *error)
{
    const struct sarn_json json = sarn__yajl_json();
    struct sarn_str line, reply;
    struct sarn_error busy;
    sarn_status status;

    SARN__TRY(sarn__control_line_write(&json, said, arena, &line, error));
    if (!ask_owner(path, line, arena, &reply, &status, error)) {
        status = do_it_here(path, said, &busy);
        if (status != SARN_ERR_BUSY) {
            return status == SARN_OK ? status
                                     : sarn__fail(error, status, "%s", busy.text);
        }
        /* Perhaps it opened the log between the two. */
        if (!ask_owner(path, line, arena, &reply, &status, error)) {
            return not_served(path, error);
        }
    }
    SARN__TRY(status);
    return sarn__control_reply_read(&json, reply, arena, answer, error);
}

/* The same, with an arena of its own where the caller has none. */
static sarn_status say(const char *path,
                       const struct sarn__said *said,
                       struct sarn_arena *arena,
                       struct sarn_str *answer,
                       struct sarn_error *error)
{
    struct sarn_str none = {NULL, 0};
    struct sarn_arena *own = NULL;
    sarn_status status;

    if (path == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "no path was given: name the log's file");
    }
    if (arena == NULL) {
        own = arena = sarn_arena_create(NULL);
        answer = NULL;
    }
    if (arena == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a request");
    }
    if (answer != NULL) {
        *answer = none;
    }
    status = say_at(path, said, arena, answer, error);
    sarn_arena_destroy(own);
    return status;
}

sarn_status sarn_control_at(const char *path,
                            const struct sarn_control *control,
                            struct sarn_arena *arena,
                            struct sarn_str *answer,
                            struct sarn_error *error)
{
    struct sarn__said said = {.kind = SARN__SAID_CONTROL};
    struct sarn_control *ours = &said.as.control;

    SARN__TRY(sarn__sized_copy(ours, sizeof(*ours), sizeof(*ours), control,
                               "sarn_control", error));
    if (ours->data != NULL) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "from outside of the owner a payload can only be JSON: set "
                          "json instead of data");
    }
    return say(path, &said, arena, answer, error);
}

sarn_status sarn_schedule_put_at(const char *path,
                                 const struct sarn_schedule *schedule,
                                 struct sarn_str json,
                                 struct sarn_error *error)
{
    struct sarn__said said = {.kind = SARN__SAID_SCHEDULE, .input = json};
    struct sarn_schedule *ours = &said.as.schedule;

    SARN__TRY(sarn__sized_copy(ours, sizeof(*ours), sizeof(*ours), schedule,
                               "sarn_schedule", error));
    ours->input = NULL;
    return say(path, &said, NULL, NULL, error);
}

sarn_status sarn_schedule_alter_at(const char *path,
                                   const struct sarn_schedule_change *change,
                                   struct sarn_error *error)
{
    struct sarn__said said = {.kind = SARN__SAID_SCHEDULE_CHANGE};
    struct sarn_schedule_change *ours = &said.as.schedule_change;

    SARN__TRY(sarn__sized_copy(ours, sizeof(*ours), sizeof(*ours), change,
                               "sarn_schedule_change", error));
    return say(path, &said, NULL, NULL, error);
}
