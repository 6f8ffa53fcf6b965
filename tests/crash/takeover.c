/* takeover: processes fight for logs, and are stopped and continued at the worst
 * moments: at every moment of a short life, then in rounds drawn from a seed.
 *
 *   takeover [--walk] [--rounds N] [--seed S] [--jobs J] --folder FOLDER
 *
 * Who is stopped inside of a commit keeps a taker waiting for two seconds, so that
 * several logs are fought for at once.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */

#include "takeover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/number.h"

#define ROUNDS_OF_A_LOG 25u
#define JOBS_MAX        64u

struct shared {
    struct takeover_sums sums;
    atomic_uint next; /* The next moment, or log, that nobody has begun with. */
    atomic_bool walked, taker_walked;
    struct takeover_ring rings[JOBS_MAX];
};

struct arguments {
    const char *folder;
    uint64_t seed;
    uint32_t rounds, jobs;
    bool walk;
};

static void usage(FILE *to)
{
    fprintf(to,
            "usage: takeover [--walk] [--rounds N] [--seed S] [--jobs J] --folder "
            "FOLDER\n"
            "Let processes take a log from each other, stopped at every moment of a\n"
            "short life (--walk), and at N moments that a seed draws (--rounds).\n");
    exit(to == stdout ? 0 : 2);
}

static uint64_t number_of(const char *text, uint64_t most)
{
    uint64_t number;

    if (!number_parse(text, &number) || number > most) {
        usage(stderr);
    }
    return number;
}

static struct arguments parse(int argc, char **argv)
{
    struct arguments given = {.seed = 1, .jobs = 8};

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--walk") == 0) {
            given.walk = true;
            continue;
        }
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
        }
        if (value == NULL) {
            usage(stderr);
        }
        if (strcmp(argv[i], "--rounds") == 0) {
            given.rounds = (uint32_t)number_of(value, UINT32_MAX);
        } else if (strcmp(argv[i], "--seed") == 0) {
            given.seed = number_of(value, UINT64_MAX);
        } else if (strcmp(argv[i], "--jobs") == 0) {
            given.jobs = (uint32_t)number_of(value, JOBS_MAX);
        } else if (strcmp(argv[i], "--folder") == 0) {
            given.folder = value;
        } else {
            usage(stderr);
        }
        i++;
    }
    if (given.folder == NULL || given.jobs == 0) {
        usage(stderr);
    }
    return given;
}

/* --- jobs: processes that referee, each with a log of its own --- */

static void walk(struct shared *shared, struct takeover_ring *ring)
{
    while (!atomic_load(&shared->walked)) {
        uint32_t moment = atomic_fetch_add(&shared->next, 1) + 1;

        if (!takeover_walk(ring, moment, &shared->sums)) {
            atomic_store(&shared->walked, true);
        }
    }
}

static void walk_taker(struct shared *shared, struct takeover_ring *ring)
{
    while (!atomic_load(&shared->taker_walked)) {
        uint32_t moment = atomic_fetch_add(&shared->next, 1) + 1;

        if (!takeover_walk_taker(ring, moment, &shared->sums)) {
            atomic_store(&shared->taker_walked, true);
        }
    }
}

struct drawing {
    uint32_t rounds;
    uint64_t seed;
};

static void
fight(struct shared *shared, struct takeover_ring *ring, const struct arguments *given)
{
    uint32_t logs = (given->rounds + ROUNDS_OF_A_LOG - 1) / ROUNDS_OF_A_LOG;
    uint32_t log;

    while ((log = atomic_fetch_add(&shared->next, 1)) < logs) {
        uint32_t left = given->rounds - log * ROUNDS_OF_A_LOG;

        takeover_rounds(ring, left < ROUNDS_OF_A_LOG ? left : ROUNDS_OF_A_LOG,
                        given->seed + log, &shared->sums);
    }
}

enum what { WALK, WALK_TAKER, FIGHT };

static void job(struct shared *shared,
                uint32_t number,
                const struct arguments *given,
                enum what what)
{
    struct takeover_ring *ring = &shared->rings[number];

    if (what == WALK) {
        walk(shared, ring);
    } else if (what == WALK_TAKER) {
        walk_taker(shared, ring);
    } else {
        fight(shared, ring, given);
    }
}

static void show(const struct shared *shared, const char *what)
{
    const struct takeover_sums *sums = &shared->sums;

    printf("%s: stopped inside of a commit %u, outside %u; deposed %u, killed %u\n",
           what, atomic_load(&sums->inside), atomic_load(&sums->outside),
           atomic_load(&sums->deposed), atomic_load(&sums->killed));
    (void)fflush(stdout);
}

/* All jobs at once; the first that fails fails all. */
static bool run(struct shared *shared, const struct arguments *given, enum what what)
{
    bool good = true;
    int how;

    atomic_store(&shared->next, 0);
    (void)fflush(NULL);
    for (uint32_t i = 0; i < given->jobs; i++) {
        pid_t child = fork();

        if (child == 0) {
            job(shared, i, given, what);
            _exit(0);
        }
        good = good && child > 0;
    }
    while (wait(&how) > 0) {
        good = good && how == 0;
    }
    return good;
}

static struct shared *share(const char *folder)
{
    struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED) {
        fprintf(stderr, "takeover: out of memory\n");
        exit(2);
    }
    for (uint32_t i = 0; i < JOBS_MAX; i++) {
        snprintf(shared->rings[i].path, sizeof(shared->rings[i].path), "%s/%u.sarn",
                 folder, i);
    }
    return shared;
}

int main(int argc, char **argv)
{
    struct arguments given = parse(argc, argv);
    struct shared *shared = share(given.folder);
    bool good = true;

    if (given.walk) {
        good = run(shared, &given, WALK);
        show(shared, "every moment of an owner");
        good = run(shared, &given, WALK_TAKER) && good;
        show(shared, "every moment of a taker");
    }
    if (given.rounds > 0 && good) {
        good = run(shared, &given, FIGHT);
        show(shared, "rounds");
    }
    printf("rounds=%u lost=%u late=%u\n", atomic_load(&shared->sums.rounds),
           atomic_load(&shared->sums.lost), atomic_load(&shared->sums.late));
    return good && atomic_load(&shared->sums.lost) == 0 &&
                   atomic_load(&shared->sums.late) == 0
               ? 0
               : 1;
}
