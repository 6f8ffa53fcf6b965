#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "powercut.h"

/* Calls that change or sync the file in a life: some lives are killed at one of them,
 * others before they come to it. */
#define OPS_MAX   160u
#define FIRST_OPS 10u /* The making of a new log, or its taking. */

static void
put(FILE *trace, struct power_record record, const void *data, uint32_t bytes)
{
    static const char zeros[8] = "";

    record.bytes = bytes;
    if (fwrite(&record, sizeof(record), 1, trace) != 1 ||
        fwrite(data, 1, bytes, trace) != bytes ||
        fwrite(zeros, 1, (8 - bytes % 8) % 8, trace) != (8 - bytes % 8) % 8) {
        power_die("trace", "cannot be written");
    }
}

/* The whole file at path; NULL: there is none. */
static uint8_t *slurp(const char *path, uint64_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    uint8_t *bytes;
    uint64_t at = 0;

    if (fd < 0 || fstat(fd, &status) != 0) {
        return NULL;
    }
    *size = (uint64_t)status.st_size;
    bytes = power_resize(NULL, *size + 1, 1);
    while (at < *size) {
        ssize_t got = read(fd, bytes + at, *size - at);

        if (got <= 0) {
            power_die(path, "cannot be read");
        }
        at += (uint64_t)got;
    }
    close(fd);
    return bytes;
}

static void spill(const char *path, const uint8_t *bytes, uint64_t size)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        power_die(path, "cannot be made");
    }
}

void power_copy(const char *from, const char *to)
{
    uint64_t size = 0;
    uint8_t *bytes = slurp(from, &size);

    if (bytes == NULL) {
        power_die(from, "cannot be read");
    }
    spill(to, bytes, size);
    free(bytes);
}

static FILE *open_trace(const struct power_recording *recording, const char *mode)
{
    FILE *trace = fopen(recording->trace, mode);

    if (trace == NULL) {
        power_die(recording->trace, "cannot be made");
    }
    return trace;
}

static void close_trace(FILE *trace)
{
    if (fclose(trace) != 0) {
        power_die("trace", "cannot be written");
    }
}

/* The works of before: of what was made durable before this. */
static void carry(const struct power_recording *recording,
                  const struct power_before *before)
{
    const struct power_record mark = {.kind = POWER_MARK};
    FILE *trace = open_trace(recording, "ab");

    for (uint32_t i = 0; i < before->mark_count; i++) {
        put(trace, mark, &before->marks[i], sizeof(before->marks[i]));
    }
    close_trace(trace);
}

static void begin(const struct power_recording *recording,
                  const struct power_before *before)
{
    const struct power_record load = {.kind = POWER_LOAD,
                                      .offset = recording->next_work - 1,
                                      .refers = recording->seed};
    const struct power_record base = {.kind = POWER_BASE};
    FILE *trace = open_trace(recording, "wb");
    uint64_t size = 0;

    put(trace, load, "", 0);
    (void)unlink(recording->file);
    if (before->base != NULL) {
        uint8_t *bytes = slurp(before->base, &size);

        if (bytes == NULL) {
            power_die(before->base, "cannot be read");
        }
        spill(recording->file, bytes, size);
        put(trace, base, bytes, (uint32_t)size);
        free(bytes);
    }
    close_trace(trace);
}

/* In the child. archive: what is imported; NULL: works are done. */
static void
become(const struct power_recording *recording, uint64_t kill_at, const char *archive)
{
    char kill_text[24], seed[24], first[24], works[24];

    snprintf(kill_text, sizeof(kill_text), "%llu", (unsigned long long)kill_at);
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)recording->seed);
    snprintf(first, sizeof(first), "%llu", (unsigned long long)recording->next_work);
    snprintf(works, sizeof(works), "%u", recording->works);
    setenv(POWER_ENV_TRACE, recording->trace, 1);
    setenv(POWER_ENV_FILE, recording->file, 1);
    setenv(POWER_ENV_KILL, kill_text, 1);
    setenv("LD_PRELOAD", recording->shim, 1);
    if (archive != NULL) {
        execl(recording->self, recording->self, "--import", recording->file, archive,
              (char *)NULL);
    } else {
        execl(recording->self, recording->self, "--life", recording->file, seed, first,
              works, (char *)NULL);
    }
    _exit(127);
}

/* false: it was killed. */
static bool
live(const struct power_recording *recording, uint64_t kill_at, const char *archive)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        become(recording, kill_at, archive);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        power_die("life", "cannot be started");
    }
    if (status != 0 &&
        (kill_at == 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)) {
        char text[64];

        snprintf(text, sizeof(text), "ended with status %d", status);
        power_die("life", text);
    }
    return status == 0;
}

/* Was nothing missed? */
static void compare(const struct power_recording *recording)
{
    struct power_trace trace;
    struct power_disk disk;
    uint64_t size = 0;
    uint8_t *bytes = slurp(recording->file, &size);

    power_trace_open(&trace, recording->trace);
    power_disk_init(&disk, &trace, 0);
    power_disk_all(&disk, trace.count);
    if (bytes == NULL ? disk.exists
                      : !disk.exists || disk.size != size ||
                            memcmp(disk.bytes, bytes, size) != 0) {
        power_die(recording->trace, "it does not lead to the file that is there");
    }
    power_disk_done(&disk);
    power_trace_close(&trace);
    free(bytes);
}

void power_record(struct power_recording *recording, const struct power_before *before)
{
    uint64_t draws = power_mix(recording->seed, recording->next_work);

    begin(recording, before);
    if (before->archive != NULL) { /* Again, until it was not killed. */
        while (!live(recording, power_draw(&draws, 60), before->archive)) {
        }
    }
    carry(recording, before);
    for (uint32_t i = 0; i < recording->lives; i++) {
        bool making = before->base == NULL && before->archive == NULL && i == 0 &&
                      power_draw(&draws, 2) == 0;
        bool killed = making || power_draw(&draws, 3) != 0;
        uint64_t at = making || power_draw(&draws, 4) == 0 ? FIRST_OPS : OPS_MAX;

        (void)live(recording, killed ? 1 + power_draw(&draws, at) : 0, NULL);
        recording->next_work += recording->works;
    }
    compare(recording);
}
