#define _GNU_SOURCE

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flips.h"
#include "sarn/sarn.h"

#define SECONDS_MAX 20u

/* Run "sarn WORD FILE", heard by nobody; how it ended. */
static int run(const struct flip_bench *bench, const char *word)
{
    int how = 0;
    pid_t child = fork();

    if (child == 0) {
        int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
        alarm(SECONDS_MAX);
        execl(bench->sarn, bench->sarn, word, bench->path, (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &how, 0) != child) {
        flip_die(bench->sarn, "cannot be run");
    }
    return how;
}

/* Own the log for a moment, in a child. */
static int own(const struct flip_bench *bench)
{
    int how = 0;
    pid_t child = fork();

    if (child == 0) {
        struct sarn_error error;
        sarn_engine *engine;

        alarm(SECONDS_MAX);
        if (sarn_open(bench->path, NULL, &engine, &error) == SARN_OK) {
            sarn_close(engine);
            _exit(0);
        }
        _exit(error.text[0] == '\0' ? 127 : 1);
    }
    if (child < 0 || waitpid(child, &how, 0) != child) {
        flip_die("a child", "cannot be made");
    }
    return how;
}

bool flip_command(struct flip_bench *bench,
                  enum flip_verdict verdict,
                  uint32_t *lmdb_crashed)
{
    int wanted = verdict != FLIP_FOUND ? 0 : bench->damage.size == 0 ? 5 : 1;
    int ends[4] = {run(bench, "verify"), run(bench, "log"), run(bench, "stats"),
                   own(bench)};

    *lmdb_crashed = 0;
    if (!WIFEXITED(ends[0]) || WEXITSTATUS(ends[0]) != wanted) {
        snprintf(bench->why, sizeof(bench->why),
                 "sarn verify ended with 0x%x instead of status %d", (unsigned)ends[0],
                 wanted);
        return false;
    }
    for (int i = 1; i < 4; i++) {
        if (!WIFEXITED(ends[i])) {
            *lmdb_crashed += 1; /* It believes what it reads: known, and counted. */
        } else if (WEXITSTATUS(ends[i]) == 127 ||
                   (verdict != FLIP_FOUND && WEXITSTATUS(ends[i]) != 0)) {
            snprintf(bench->why, sizeof(bench->why),
                     "using the log (%d) ended with 0x%x", i, (unsigned)ends[i]);
            return false;
        }
    }
    return true;
}
