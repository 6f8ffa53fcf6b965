/* Where the bytes of an archive come from. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive.h"

bool cli_source_of(struct cli_source *source, const char *name, int fd)
{
    struct stat status;

    *source = (struct cli_source){.name = name, .fd = fd};
    if (fstat(fd, &status) != 0) {
        cli_complain("cannot look at %s: %s", name, strerror(errno));
        return false;
    }
    if (S_ISREG(status.st_mode)) {
        source->size = (uint64_t)status.st_size;
        if (fd != STDIN_FILENO && lseek(fd, 0, SEEK_SET) != 0) {
            cli_complain("cannot read %s from its beginning: %s", name,
                         strerror(errno));
            return false;
        }
    }
    cli_progress_begin(&source->progress);
    return true;
}

bool cli_source_open(struct cli_source *source, const char *path)
{
    int fd;

    if (path == NULL || strcmp(path, "-") == 0) {
        if (isatty(STDIN_FILENO) == 1) {
            cli_complain("an archive is to come from standard input, which is a "
                         "terminal: name a file, or pipe one in");
            return false;
        }
        return cli_source_of(source, "standard input", STDIN_FILENO);
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        cli_complain("cannot open %s: %s", path, strerror(errno));
        return false;
    }
    if (!cli_source_of(source, path, fd)) {
        close(fd);
        return false;
    }
    source->owned = true;
    return true;
}

void cli_source_close(struct cli_source *source)
{
    if (source->owned) {
        close(source->fd);
    }
    source->owned = false;
}

sarn_status cli_source_read(void *arg, void *data, size_t *size)
{
    struct cli_source *source = arg;
    ssize_t n;

    do {
        n = read(source->fd, data, *size);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        source->error = errno;
        return SARN_ERR_IO;
    }
    *size = (size_t)n;
    source->ended = n == 0;
    source->done += (uint64_t)n;
    if (source->shows) {
        cli_progress_show(&source->progress, source->done, source->size);
    }
    return SARN_OK;
}

int cli_source_fail(const struct cli_source *source,
                    sarn_status status,
                    const struct sarn_error *error)
{
    if (source->error != 0) {
        cli_complain("cannot read %s: %s", source->name, strerror(source->error));
        return CLI_FAILED;
    }
    cli_complain("%s: %s", source->name, error->text);
    return cli_archive_status(status);
}

int cli_source_look(struct cli_source *source, struct sarn_archive_info *info)
{
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    source->shows = true;
    status = sarn_archive_look(cli_source_read, source, info, &error);
    cli_progress_clear(&source->progress);
    return status == SARN_OK ? CLI_OK : cli_source_fail(source, status, &error);
}
