/* killtest: kill -9 a program that works on a log, again and again, and hold the log to
 * its promises after each kill: what was read before is a prefix of what is read after;
 * what was acknowledged is there; nothing is there twice; what belongs together is
 * there or not there as one; sagas end as they must, and what they held is where it
 * belongs; the schedule has missed nothing; the log verifies; its tables are what a
 * fold gives; the books balance.
 *
 * The worker is killed after a number of acknowledgements drawn from the seed, and at a
 * further moment that nobody chose. After so many kills all that was begun is let come
 * to its end, and a new log is begun.
 */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "killtest.h"
#include "support/number.h"

#define ACKS_MAX       160u /* Before a kill, at most. */
#define SPIN_MAX       4000000u
#define KILLS_OF_A_LOG 100u /* Then a new one: each judgement reads all of it. */

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static pid_t
spawn(const char *self, const char *path, uint64_t first, uint64_t limit, int *out)
{
    int ends[2];
    pid_t child;

    if (pipe(ends) != 0 || (child = fork()) < 0) {
        kill_die("worker", "cannot be started");
        return -1;
    }
    if (child == 0) {
        char first_text[24], limit_text[24];

        snprintf(first_text, sizeof(first_text), "%llu", (unsigned long long)first);
        snprintf(limit_text, sizeof(limit_text), "%llu", (unsigned long long)limit);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(self, self, "--work", path, first_text, limit_text, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    return child;
}

/* Read one acknowledgement; false: the worker is gone. */
static bool take_ack(struct kill_judge *judge, int out)
{
    uint64_t n;

    if (read(out, &n, sizeof(n)) != sizeof(n)) {
        return false;
    }
    if (n >= KILL_WORKS_MAX) {
        kill_die("worker", "acknowledged what it was not asked");
    }
    judge->acked[n] = 1;
    judge->acks += 1;
    return true;
}

/* One life of the worker; limit 0: it is killed. */
static void
live(const char *self, struct kill_judge *judge, uint64_t *seed, uint64_t limit)
{
    uint64_t acks = draw(seed, ACKS_MAX);
    volatile uint64_t spin = draw(seed, SPIN_MAX);
    /* Some works again that were in flight, some new ones. */
    uint64_t back = draw(seed, KILL_BACK_MAX);
    uint64_t first = judge->begun_max > back ? judge->begun_max - back : 0;
    int status;
    int out = -1;
    pid_t child = spawn(self, judge->path, first, limit, &out);

    if (limit == 0) {
        while (acks > 0 && take_ack(judge, out)) {
            acks -= 1;
        }
        while (spin > 0) {
            spin -= 1;
        }
        if (kill(child, SIGKILL) != 0) {
            kill_die("worker", "ended by itself");
        }
    }
    while (take_ack(judge, out)) {
    }
    close(out);
    if (waitpid(child, &status, 0) != child ||
        (limit == 0 ? !WIFSIGNALED(status) : status != 0)) {
        fprintf(stderr, "killtest: the worker failed (status %d)\n", status);
        exit(1);
    }
}

struct sums {
    uint64_t kills, acks, events;
};

static void remove_log(const char *path)
{
    char lock[512];

    snprintf(lock, sizeof(lock), "%s-lock", path);
    (void)unlink(path);
    (void)unlink(lock);
}

/* A log from its first event to the end of all that was begun on it. */
static void kill_a_log(const char *self,
                       const char *path,
                       uint64_t kills,
                       uint64_t *seed,
                       struct sums *sums)
{
    struct kill_judge judge;

    remove_log(path);
    kill_judge_init(&judge, path);
    live(self, &judge, seed, 64); /* So that there is a log. */
    for (uint64_t i = 1; i <= kills; i++) {
        live(self, &judge, seed, 0);
        kill_judge_inspect(&judge, false);
        sums->kills += 1;
        if (sums->kills % 50 == 0) {
            printf("%llu kills, %llu acknowledged, %llu events\n",
                   (unsigned long long)sums->kills,
                   (unsigned long long)(sums->acks + judge.acks),
                   (unsigned long long)(sums->events + judge.events));
            fflush(stdout);
        }
    }
    live(self, &judge, seed, 128); /* Whatever was begun comes to its end. */
    kill_judge_inspect(&judge, true);
    sums->acks += judge.acks;
    sums->events += judge.events;
    kill_judge_done(&judge);
}

static void usage(FILE *to)
{
    fprintf(to, "usage: killtest --kills N [--seed S] --log FILE\n"
                "Kill a working program N times and check its log after each.\n");
    exit(to == stdout ? 0 : 2);
}

int main(int argc, char **argv)
{
    struct sums sums = {0};
    const char *path = NULL;
    uint64_t kills = 0;
    uint64_t seed = 1;

    if (argc == 5 && strcmp(argv[1], "--work") == 0) {
        return kill_work(argv[2], strtoull(argv[3], NULL, 10),
                         strtoull(argv[4], NULL, 10));
    }
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
        } else if (strcmp(argv[i], "--log") == 0) {
            path = value;
        } else if (!(strcmp(argv[i], "--kills") == 0 && number_parse(value, &kills)) &&
                   !(strcmp(argv[i], "--seed") == 0 && number_parse(value, &seed))) {
            usage(stderr);
        }
    }
    if (kills == 0 || path == NULL) {
        usage(stderr);
    }
    while (sums.kills < kills) {
        uint64_t left = kills - sums.kills;

        kill_a_log(argv[0], path, left < KILLS_OF_A_LOG ? left : KILLS_OF_A_LOG, &seed,
                   &sums);
    }
    printf("kills=%llu acknowledged=%llu events=%llu lost=0 twice=0\n",
           (unsigned long long)sums.kills, (unsigned long long)sums.acks,
           (unsigned long long)sums.events);
    return 0;
}
