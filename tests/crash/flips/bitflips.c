/* bitflips: damage a small log in every way there is, and hold what the tools say of it
 * to their promises. scripts/bitflips runs it.
 */
#define _GNU_SOURCE

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flips.h"

#define WORKERS_MAX   16u
#define SILENT_LOOKS  150u /* So many at one damage: a hang. */
#define COMPLAINTS    20u
#define LOOK_EVERY_MS 200

/* What a worker tells: shared with it. */
struct tally {
    _Atomic uint64_t at; /* The damage it is at, counted over all kinds. */
    _Atomic uint64_t done, found, harmless, older, wrong, crashed;
    _Atomic uint64_t flips, repaired, commands, lmdb_crashed;
};

struct options {
    const char *folder, *sarn;
    uint64_t seed, every, repair_every, command_every;
    uint32_t workers;
    int kind; /* -1: all. */
};

struct worker {
    pid_t pid;
    uint32_t number;
    uint64_t last_at;
    uint32_t looks; /* Since it last moved. */
};

struct campaign {
    struct options options;
    struct flip_log log;
    struct tally *tallies; /* One for each worker. */
    uint64_t total;
};

/* --- a worker --- */

/* Number over all kinds -> kind and number in it. */
static enum flip_kind kind_of(const struct campaign *campaign, uint64_t *number)
{
    enum flip_kind kind = FLIP_BITS;

    while (*number >= flip_count(&campaign->log, kind)) {
        *number -= flip_count(&campaign->log, kind);
        kind++;
    }
    return kind;
}

static bool is_wanted(const struct campaign *campaign, uint64_t at)
{
    uint64_t number = at;
    enum flip_kind kind = kind_of(campaign, &number);
    const struct options *options = &campaign->options;

    return (options->kind < 0 || (int)kind == options->kind) &&
           (options->every == 1 || flip_is_chosen(&campaign->log, kind, number,
                                                  options->every, options->seed));
}

static void complain(struct tally *tally, const struct flip_bench *bench)
{
    if (atomic_fetch_add(&tally->wrong, 1) < COMPLAINTS) {
        fprintf(stderr, "\nWRONG %s: %s\n", bench->damage.text, bench->why);
    }
}

/* 1 in every is asked for, drawn. */
static bool is_due(const struct campaign *campaign, uint64_t every, uint64_t at)
{
    uint64_t drawn = campaign->options.seed + at * 3;

    return every != 0 && flip_draw(&drawn) % every == 0;
}

static void
ask_command(struct tally *tally, struct flip_bench *bench, enum flip_verdict verdict)
{
    uint32_t lmdb_crashed;

    atomic_fetch_add(&tally->commands, 1);
    if (!flip_command(bench, verdict, &lmdb_crashed)) {
        complain(tally, bench);
    }
    atomic_fetch_add(&tally->lmdb_crashed, lmdb_crashed);
    /* Who owns a log writes to it. */
    bench->damage.from = 0;
    bench->damage.to = bench->log->file.size;
}

static void
try_one(const struct campaign *campaign, struct flip_bench *bench, uint64_t at)
{
    struct tally *tally = &campaign->tallies[0];
    uint64_t number = at;
    enum flip_kind kind = kind_of(campaign, &number);
    enum flip_verdict verdict;

    if (!flip_apply(&campaign->log, kind, number, campaign->options.seed,
                    &bench->damage)) {
        flip_bench_restore(bench);
        return;
    }
    flip_bench_damage(bench);
    verdict = flip_verify(bench);
    atomic_fetch_add(&tally->flips, kind == FLIP_BITS ? 1 : 0);
    atomic_fetch_add(&tally->done, 1);
    if (verdict == FLIP_WRONG) {
        complain(tally, bench);
    } else {
        atomic_fetch_add(verdict == FLIP_FOUND   ? &tally->found
                         : verdict == FLIP_OLDER ? &tally->older
                                                 : &tally->harmless,
                         1);
    }
    if (verdict != FLIP_WRONG && is_due(campaign, campaign->options.repair_every, at)) {
        atomic_fetch_add(&tally->repaired, 1);
        if (!flip_repair(bench, kind, verdict)) {
            complain(tally, bench);
        }
    }
    if (bench->sarn != NULL &&
        is_due(campaign, campaign->options.command_every, at + 1)) {
        ask_command(tally, bench, verdict);
    }
    flip_bench_restore(bench);
}

static void
work(const struct campaign *campaign, uint32_t number, uint64_t from, uint64_t to)
{
    struct flip_bench bench;

    flip_bench_open(&bench, &campaign->log, campaign->options.folder, number);
    bench.sarn = campaign->options.sarn;
    for (uint64_t at = from; at < to; at++) {
        atomic_store(&campaign->tallies[number + 1].at, at);
        if (is_wanted(campaign, at)) {
            try_one(campaign, &bench, at);
        }
    }
    atomic_store(&campaign->tallies[number + 1].at, to);
    flip_bench_close(&bench);
    fflush(NULL);
    _exit(0);
}

/* --- the campaign --- */

static pid_t
start(const struct campaign *campaign, uint32_t number, uint64_t from, uint64_t to)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child < 0) {
        flip_die("worker", "cannot be started");
    }
    if (child == 0) {
        work(campaign, number, from, to);
    }
    return child;
}

static uint64_t end_of_share(const struct campaign *campaign, uint32_t number)
{
    return campaign->total * (number + 1) / campaign->options.workers;
}

/* A worker died, or was ended since it hung: name what it was at, and go on behind. */
static void bury(struct campaign *campaign, struct worker *worker, int how)
{
    uint64_t at = atomic_load(&campaign->tallies[worker->number + 1].at), number = at;
    enum flip_kind kind;
    static struct flip_damage damage;

    if (WIFEXITED(how) && WEXITSTATUS(how) == 0) {
        worker->pid = 0;
        return;
    }
    if (WIFEXITED(how)) {
        flip_die("worker", "failed");
    }
    kind = kind_of(campaign, &number);
    damage.bytes = malloc(FLIP_FILE_MAX + FLIP_GARBAGE_MAX);
    if (damage.bytes != NULL) {
        memcpy(damage.bytes, campaign->log.file.bytes, campaign->log.file.size);
        (void)flip_apply(&campaign->log, kind, number, campaign->options.seed, &damage);
        free(damage.bytes);
    }
    fprintf(stderr, "\nCRASHED by signal %d: %s\n", WTERMSIG(how), damage.text);
    atomic_fetch_add(&campaign->tallies[0].crashed, 1);
    atomic_fetch_add(&campaign->tallies[0].done, 1);
    worker->looks = 0;
    worker->pid =
        start(campaign, worker->number, at + 1, end_of_share(campaign, worker->number));
}

static void watch(struct campaign *campaign, struct worker *worker)
{
    uint64_t at = atomic_load(&campaign->tallies[worker->number + 1].at);
    int how;

    if (worker->pid == 0) {
        return;
    }
    if (at != worker->last_at) {
        worker->last_at = at;
        worker->looks = 0;
    } else if (++worker->looks > SILENT_LOOKS) {
        kill(worker->pid, SIGKILL); /* Ours, and not yet waited for. */
    }
    if (waitpid(worker->pid, &how, WNOHANG) == worker->pid) {
        bury(campaign, worker, how);
    }
}

static void show_progress(const struct campaign *campaign)
{
    const struct tally *tally = &campaign->tallies[0];
    uint64_t at = 0;

    for (uint32_t i = 0; i < campaign->options.workers; i++) {
        at += atomic_load(&campaign->tallies[i + 1].at) -
              (i == 0 ? 0 : end_of_share(campaign, i - 1));
    }
    fprintf(stderr, "\r%5.1f %% %llu done, %llu wrong, %llu crashed ",
            100.0 * (double)at / (double)campaign->total,
            (unsigned long long)atomic_load(&tally->done),
            (unsigned long long)atomic_load(&tally->wrong),
            (unsigned long long)atomic_load(&tally->crashed));
}

static void run_all(struct campaign *campaign)
{
    struct worker workers[WORKERS_MAX] = {{0}};
    bool more = true, terminal = isatty(STDERR_FILENO) != 0;
    uint64_t ticks = 0;

    for (uint32_t i = 0; i < campaign->options.workers; i++) {
        uint64_t from = i == 0 ? 0 : end_of_share(campaign, i - 1);

        atomic_store(&campaign->tallies[i + 1].at, from);
        workers[i] = (struct worker){
            start(campaign, i, from, end_of_share(campaign, i)), i, from, 0};
    }
    while (more) {
        (void)poll(NULL, 0, LOOK_EVERY_MS);
        more = false;
        for (uint32_t i = 0; i < campaign->options.workers; i++) {
            watch(campaign, &workers[i]);
            more = more || workers[i].pid != 0;
        }
        if (ticks++ % (terminal ? 5 : 300) == 0) {
            show_progress(campaign);
        }
    }
    fputc('\n', stderr);
}

static int conclude(const struct campaign *campaign)
{
    const struct tally *tally = &campaign->tallies[0];
    bool good = tally->wrong == 0 && tally->crashed == 0;

    printf("log: %zu bytes, %u pages, %llu events, %zu bytes idle\n",
           campaign->log.file.size, campaign->log.pages,
           (unsigned long long)campaign->log.events, campaign->log.idle_bytes);
    if (tally->commands != 0) {
        printf("sarn verify ended right %llu times; reading and owning the file anyway "
               "crashed in LMDB %llu times of %llu\n",
               (unsigned long long)tally->commands,
               (unsigned long long)tally->lmdb_crashed,
               (unsigned long long)tally->commands * 3);
    }
    if (tally->older != 0) {
        printf("a lost write of a meta page left the log as before its last commit "
               "%llu times, which no file can tell of itself\n",
               (unsigned long long)tally->older);
    }
    printf("flips=%llu damages=%llu found=%llu harmless=%llu repaired=%llu wrong=%llu "
           "crashed=%llu\n",
           (unsigned long long)tally->flips, (unsigned long long)tally->done,
           (unsigned long long)tally->found, (unsigned long long)tally->harmless,
           (unsigned long long)tally->repaired, (unsigned long long)tally->wrong,
           (unsigned long long)tally->crashed);
    return good ? 0 : 1;
}

/* --- the command line --- */

static void usage(FILE *to)
{
    fputs(
        "usage: bitflips [options] --folder FOLDER\n"
        "Damage a small log in every way there is, and hold what the tools say to "
        "their\n"
        "promises. The last line says how many damages were tried and how they ended;\n"
        "exit status 0: none wrong, no crash.\n"
        "\n"
        "  --every N         of the bits outside of the roots only 1 in N, drawn (1)\n"
        "  --seed S          of what is drawn (1)\n"
        "  --repair-every N  repair 1 in N of the damaged files; 0: none (16)\n"
        "  --command-every N run the command on 1 in N; 0: none (1024)\n"
        "  --sarn FILE       the command\n"
        "  --kind KIND       only bits, cuts, tails, sectors, pages, lost or drawn\n"
        "  --jobs N          processes (2)\n"
        "  --folder FOLDER   where files may lie; better in memory\n",
        to);
}

static bool take_number(const char *word, uint64_t *number)
{
    char *end;

    *number = strtoull(word, &end, 10);
    return *word != '\0' && *end == '\0';
}

static bool take(struct options *options, const char *name, const char *value)
{
    uint64_t jobs = 0;

    if (strcmp(name, "--folder") == 0) {
        options->folder = value;
    } else if (strcmp(name, "--sarn") == 0) {
        options->sarn = value;
    } else if (strcmp(name, "--every") == 0) {
        return take_number(value, &options->every) && options->every != 0;
    } else if (strcmp(name, "--seed") == 0) {
        return take_number(value, &options->seed);
    } else if (strcmp(name, "--repair-every") == 0) {
        return take_number(value, &options->repair_every);
    } else if (strcmp(name, "--command-every") == 0) {
        return take_number(value, &options->command_every);
    } else if (strcmp(name, "--jobs") == 0) {
        if (!take_number(value, &jobs) || jobs == 0 || jobs > WORKERS_MAX) {
            return false;
        }
        options->workers = (uint32_t)jobs;
    } else if (strcmp(name, "--kind") == 0) {
        for (options->kind = 0; options->kind < FLIP_KINDS; options->kind++) {
            if (strcmp(flip_kind_names[options->kind], value) == 0) {
                return true;
            }
        }
        return false;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct campaign campaign = {.options = {.seed = 1,
                                            .every = 1,
                                            .repair_every = 16,
                                            .command_every = 1024,
                                            .workers = 2,
                                            .kind = -1}};
    const size_t bytes = (WORKERS_MAX + 1) * sizeof(struct tally);
    const int how = MAP_SHARED | MAP_ANONYMOUS;
    struct options *options = &campaign.options;
    int result;

    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            return 0;
        }
        if (i + 1 == argc || !take(options, argv[i], argv[i + 1])) {
            usage(stderr);
            return 2;
        }
    }
    if (options->folder == NULL) {
        usage(stderr);
        return 2;
    }
    /* cppcheck-suppress invalidFunctionArg; anonymous memory has no descriptor. */
    campaign.tallies = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how, -1, 0);
    if (campaign.tallies == MAP_FAILED) {
        flip_die("memory", "is missing");
    }
    flip_log_make(&campaign.log, options->folder);
    for (int kind = 0; kind < FLIP_KINDS; kind++) {
        campaign.total += flip_count(&campaign.log, (enum flip_kind)kind);
    }
    run_all(&campaign);
    result = conclude(&campaign);
    flip_log_free(&campaign.log);
    return result;
}
