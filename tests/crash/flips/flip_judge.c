#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flips.h"
#include "sarn/log.h"

/* --- a file of its own --- */

static void put(struct flip_bench *bench, const uint8_t *bytes, size_t from, size_t to)
{
    if (pwrite(bench->fd, bytes + from, to - from, (off_t)from) !=
        (ssize_t)(to - from)) {
        flip_die(bench->path, strerror(errno));
    }
}

void flip_bench_open(struct flip_bench *bench,
                     const struct flip_log *log,
                     const char *folder,
                     uint32_t number)
{
    memset(bench, 0, sizeof(*bench));
    bench->log = log;
    snprintf(bench->path, sizeof(bench->path), "%s/damaged-%u.sarn", folder, number);
    snprintf(bench->repaired, sizeof(bench->repaired), "%s/repaired-%u.sarn", folder,
             number);
    bench->damage.bytes = malloc(FLIP_FILE_MAX + FLIP_GARBAGE_MAX);
    bench->fd = open(bench->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (bench->damage.bytes == NULL || bench->fd < 0) {
        flip_die(bench->path, "cannot be made");
    }
    memcpy(bench->damage.bytes, log->file.bytes, log->file.size);
    put(bench, log->file.bytes, 0, log->file.size);
}

void flip_remove_log(const char *path)
{
    char lock[FLIP_PATH_MAX + 8];

    snprintf(lock, sizeof(lock), "%s-lock", path);
    unlink(path);
    unlink(lock);
}

void flip_bench_close(struct flip_bench *bench)
{
    close(bench->fd);
    flip_remove_log(bench->path);
    free(bench->damage.bytes);
}

void flip_bench_damage(struct flip_bench *bench)
{
    const struct flip_damage *damage = &bench->damage;
    size_t size = bench->log->file.size;

    put(bench, damage->bytes, damage->from, damage->to);
    if (damage->size > size) {
        put(bench, damage->bytes, size, damage->size);
    } else if (damage->size < size && ftruncate(bench->fd, (off_t)damage->size) != 0) {
        flip_die(bench->path, strerror(errno));
    }
}

void flip_bench_restore(struct flip_bench *bench)
{
    const struct flip_version *file = &bench->log->file;
    struct flip_damage *damage = &bench->damage;
    size_t from = damage->from < damage->size ? damage->from : damage->size;
    size_t to = damage->size < file->size ? file->size : damage->to;

    put(bench, file->bytes, from, to);
    memcpy(damage->bytes + from, file->bytes + from, to - from);
    if (ftruncate(bench->fd, (off_t)file->size) != 0) {
        flip_die(bench->path, strerror(errno));
    }
}

/* --- verify --- */

static void keep_first(void *arg, const char *text)
{
    struct flip_bench *bench = arg;

    if (bench->why[0] == '\0') {
        snprintf(bench->why, sizeof(bench->why), "%s", text);
    }
}

static enum flip_verdict wrong(struct flip_bench *bench, const char *what)
{
    snprintf(bench->why, sizeof(bench->why), "%s", what);
    return FLIP_WRONG;
}

/* Verify says that all is well. Is it? */
static enum flip_verdict judge_content(struct flip_bench *bench)
{
    const struct flip_log *log = bench->log;
    uint64_t events = 0;
    bool of_meta = bench->damage.to <= 2 * (size_t)log->page_bytes &&
                   strncmp(bench->damage.text, "page ", 5) == 0;

    if (flip_content(bench->path) == log->content) {
        return FLIP_HARMLESS;
    }
    if (of_meta && flip_is_prefix(log, bench->path, &events)) {
        return FLIP_OLDER;
    }
    return wrong(bench, "verify says all is well, and the log reads otherwise");
}

enum flip_verdict flip_verify(struct flip_bench *bench)
{
    const struct flip_damage *damage = &bench->damage;
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error = {SARN_OK, ""};
    bool one_bit = damage->size == bench->log->file.size &&
                   damage->to - damage->from == 1 &&
                   strncmp(damage->text, "bit ", 4) == 0;
    sarn_status status;

    bench->why[0] = '\0';
    check.finding = keep_first;
    check.arg = bench;
    status = sarn_log_verify(bench->path, &check, &error);
    if (status == SARN_OK) {
        if (check.differences != 0 || bench->why[0] != '\0') {
            return wrong(bench, "there are findings, and verify says all is well");
        }
        if (one_bit && !damage->idle) {
            return wrong(bench, "verify calls this byte checked, and all well");
        }
        if (check.idle_bytes + check.held_bytes != damage->size) {
            return wrong(bench, "verify does not speak of each byte");
        }
        return judge_content(bench);
    }
    if (error.text[0] == '\0') {
        return wrong(bench, "it failed without a sentence");
    }
    if (damage->size == 0 && status == SARN_ERR_NOT_FOUND) {
        return FLIP_FOUND; /* Nothing is there to be damaged. */
    }
    if (status != SARN_ERR_CORRUPT || check.differences == 0 || bench->why[0] == '\0') {
        snprintf(bench->why, sizeof(bench->why), "verify failed otherwise: %s",
                 error.text);
        return FLIP_WRONG;
    }
    return FLIP_FOUND;
}
