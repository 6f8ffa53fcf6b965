/* linearize: contests for one log, seed by seed, each history judged twice.
 *
 *   linearize --histories N [--seed S] --log FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/contest.h"
#include "support/number.h"

#define STEPS_MAX 20000000u

static void usage(FILE *to)
{
    fprintf(to, "usage: linearize --histories N [--seed S] --log FILE\n"
                "Let clients contend for one log N times, and judge what they saw.\n");
    exit(to == stdout ? 0 : 2);
}

/* Small and large ones, with and without failing writes. */
static struct contest_options options_of(const char *path, uint64_t seed)
{
    return (struct contest_options){.path = path,
                                    .seed = seed,
                                    .clients = 2 + (uint32_t)(seed % 4),
                                    .rounds = 1 + (uint32_t)(seed / 4 % 3),
                                    .calls = 8 + (uint32_t)(seed / 16 % 3) * 12,
                                    .faults = seed % 2 == 0,
                                    .alone = seed % 6 == 0};
}

struct totals {
    uint64_t calls, read_along, in_doubt, in_doubt_done, steps, violations;
};

static void judge(const struct contest_options *options, struct totals *totals)
{
    struct contest contest;
    uint64_t steps = 0;
    bool good = contest_run(options, &contest);

    if (good) {
        good = linear_follow(&contest.history, contest.text, sizeof(contest.text)) &&
               linear_search(&contest.history, STEPS_MAX, &steps, contest.text,
                             sizeof(contest.text));
    }
    if (!good) {
        printf("seed %llu: %s\n", (unsigned long long)options->seed, contest.text);
        totals->violations += 1;
    }
    totals->calls += contest.history.op_count;
    totals->read_along += contest.read_along;
    totals->in_doubt += contest.in_doubt;
    totals->in_doubt_done += contest.in_doubt_done;
    totals->steps += steps;
    contest_release(&contest);
}

int main(int argc, char **argv)
{
    const char *path = NULL;
    uint64_t histories = 0;
    uint64_t seed = 1;
    struct totals totals = {0};

    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
        } else if (strcmp(argv[i], "--log") == 0) {
            path = value;
        } else if (!(strcmp(argv[i], "--histories") == 0 &&
                     number_parse(value, &histories)) &&
                   !(strcmp(argv[i], "--seed") == 0 && number_parse(value, &seed))) {
            usage(stderr);
        }
    }
    if (histories == 0 || path == NULL) {
        usage(stderr);
    }
    for (uint64_t i = 0; i < histories; i++) {
        struct contest_options options = options_of(path, seed + i);

        judge(&options, &totals);
        if ((i + 1) % 100 == 0 || i + 1 == histories) {
            printf("%llu histories: %llu calls, %llu of them by another process, %llu "
                   "in doubt (%llu were done); %llu steps of search\n",
                   (unsigned long long)(i + 1), (unsigned long long)totals.calls,
                   (unsigned long long)totals.read_along,
                   (unsigned long long)totals.in_doubt,
                   (unsigned long long)totals.in_doubt_done,
                   (unsigned long long)totals.steps);
            fflush(stdout);
        }
    }
    printf("histories=%llu violations=%llu\n", (unsigned long long)histories,
           (unsigned long long)totals.violations);
    return totals.violations == 0 ? 0 : 1;
}
