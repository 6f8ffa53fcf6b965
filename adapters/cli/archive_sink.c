/* Where the bytes of an archive go. A power cut may come at any moment: what is in the
 * file is synced before anybody is told that it is there, and whoever reads it checks
 * every byte, so that a part of it that was not written is seen. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"

#define SYNC_EVERY_BYTES (UINT64_C(64) << 20)
#define FILE_MODE        0600 /* As of a log. */

/* --- opening --- */

static int refuse(const char *path, const char *why)
{
    cli_complain("%s %s", path, why);
    return CLI_REFUSED;
}

/* Is status that of path with suffix? */
static bool is_file(const struct stat *status, const char *path, const char *suffix)
{
    char name[4096 + 16];
    struct stat other;

    return snprintf(name, sizeof(name), "%s%s", path, suffix) < (int)sizeof(name) &&
           stat(name, &other) == 0 && other.st_dev == status->st_dev &&
           other.st_ino == status->st_ino;
}

/* May it be written to? Looked at before it is opened: closing a file that LMDB has
 * open would drop its locks. */
static int may_write(const char *path, const char *log_path, enum cli_sink_mode mode)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        return CLI_OK; /* Nothing is there, or opening it says what is wrong. */
    }
    if (is_file(&status, log_path, "") || is_file(&status, log_path, "-lock")) {
        return refuse(path, "is the log itself");
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse(path, "is no regular file: only to such can an archive be "
                            "written and synced; use sarn export for a pipe");
    }
    return mode == CLI_SINK_NEW ? refuse(path, "is there already") : CLI_OK;
}

/* Make what was done in path's folder durable. */
static bool sync_folder(const char *path)
{
    char *copy = strdup(path);
    int fd =
        copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Where folders cannot be synced, there is nothing to wait for. */
    bool synced = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);

    if (fd >= 0) {
        close(fd);
    }
    free(copy);
    return synced;
}

static int open_file(struct cli_sink *sink, enum cli_sink_mode mode)
{
    const char *path = sink->name;
    bool created = false;
    struct stat status;

    if (mode == CLI_SINK_GO_ON) {
        sink->fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    }
    if (mode == CLI_SINK_NEW || (sink->fd < 0 && errno == ENOENT)) {
        sink->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
        created = sink->fd >= 0;
    }
    if (sink->fd >= 0 && flock(sink->fd, LOCK_EX | LOCK_NB) != 0) {
        return refuse(path, "is being written to by another process");
    }
    if (sink->fd < 0 || fstat(sink->fd, &status) != 0) {
        cli_complain("cannot open %s for writing: %s", path, strerror(errno));
        return CLI_FAILED;
    }
    /* Who had the lock just now may have removed what was opened here. */
    if (!is_file(&status, path, "")) {
        return refuse(path, "was removed by another process meanwhile; try again");
    }
    sink->created = created; /* So its size is ours to judge, and it ours to remove. */
    sink->file = true;
    sink->done = sink->synced = sink->begin = (uint64_t)status.st_size;
    return CLI_OK;
}

int cli_sink_open(struct cli_sink *sink,
                  const char *path,
                  const char *log_path,
                  enum cli_sink_mode mode)
{
    int result = CLI_OK;

    *sink = (struct cli_sink){.fd = -1, .name = path};
    /* A reader that goes away and a limit of size are errors like others. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (path == NULL) {
        sink->name = "standard output";
        sink->fd = STDOUT_FILENO;
    } else {
        result = may_write(path, log_path, mode);
        result = result == CLI_OK ? open_file(sink, mode) : result;
    }
    if (result != CLI_OK) {
        cli_sink_close(sink);
    }
    cli_progress_begin(&sink->progress);
    return result;
}

void cli_sink_close(struct cli_sink *sink)
{
    if (sink->created && sink->done == 0) {
        unlink(sink->name); /* Nothing of it is to be kept. */
    }
    if (sink->fd >= 0 && sink->fd != STDOUT_FILENO) {
        close(sink->fd);
    }
    sink->fd = -1;
}

/* --- writing --- */

static sarn_status failed(struct cli_sink *sink, const char *what)
{
    sink->error = errno;
    sink->what = what;
    return sink->error == ENOSPC || sink->error == EDQUOT || sink->error == EFBIG
               ? SARN_ERR_FULL
               : SARN_ERR_IO;
}

/* A file begins with what this run appends: what was behind that goes. */
static sarn_status begin(struct cli_sink *sink)
{
    sink->begun = true;
    if (!sink->file) {
        return SARN_OK;
    }
    if (ftruncate(sink->fd, (off_t)sink->begin) != 0) {
        return failed(sink, "cut off the end of");
    }
    if (lseek(sink->fd, (off_t)sink->begin, SEEK_SET) < 0) {
        return failed(sink, "write to");
    }
    sink->done = sink->synced = sink->begin;
    return SARN_OK;
}

sarn_status cli_sink_write(void *arg, const void *data, size_t size)
{
    struct cli_sink *sink = arg;
    const char *at = data;

    if (!sink->begun) {
        sarn_status status = begin(sink);

        if (status != SARN_OK) {
            return status;
        }
    }
    while (size > 0) {
        ssize_t n = write(sink->fd, at, size);

        if (n < 0 && errno != EINTR) {
            return failed(sink, "write to");
        }
        n = n > 0 ? n : 0;
        at += n;
        size -= (size_t)n;
        sink->done += (uint64_t)n;
    }
    /* Now and then, so that little is left to do at the end, or lost at a power cut. */
    if (sink->file && sink->done - sink->synced >= SYNC_EVERY_BYTES) {
        if (fdatasync(sink->fd) != 0) {
            return failed(sink, "sync");
        }
        sink->synced = sink->done;
    }
    return SARN_OK;
}

sarn_status cli_sink_progress(void *arg, uint64_t done, uint64_t total)
{
    struct cli_sink *sink = arg;

    cli_progress_show(&sink->progress, done, total);
    return SARN_OK;
}

bool cli_sink_sync(struct cli_sink *sink)
{
    if (!sink->file) {
        return true;
    }
    if (fsync(sink->fd) != 0) {
        (void)failed(sink, "sync");
        return false;
    }
    sink->synced = sink->done;
    if (!sync_folder(sink->name)) {
        (void)failed(sink, "sync the folder of");
        return false;
    }
    return true;
}

/* What a failed sync has not written may look as if it were there until the power goes:
 * it is cut off. */
void cli_sink_keep(struct cli_sink *sink, uint64_t whole)
{
    uint64_t end = sink->begin + whole;

    if (!sink->file || !sink->begun) {
        return;
    }
    sink->lost = sink->what != NULL && strcmp(sink->what, "sync") == 0;
    end = sink->lost ? sink->synced : end;
    /* Why it failed is told already, and who reads the file checks it. */
    if (ftruncate(sink->fd, (off_t)end) == 0 && fsync(sink->fd) == 0) {
        sink->done = sink->synced = end;
    }
}
