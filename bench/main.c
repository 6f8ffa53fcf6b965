/* sarn-bench: how fast, beside raw LMDB in the same run. See docs/benchmarks.md. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static const struct {
    const char *name;
    void (*run)(const struct bench *bench);
    const char *text;
} benches[] = {
    {"append", bench_append,
     "durable appends: one client; 64 clients with a projection"},
    {"saga", bench_saga, "sagas of five steps, every kind, alone and 64 at a time"},
    {"replay", bench_replay, "decode and apply a log, beside a cursor summing bytes"},
    {"open", bench_open, "open a log and answer the first command"},
    {"size", bench_size, "what an append costs as the log grows"},
    {"timers", bench_timers, "as many pending timers as --events: memory, opening"},
    {"flight", bench_flight, "100,000 executions in flight: memory, recovery"},
};

#define COUNT (sizeof(benches) / sizeof(benches[0]))

static void help(FILE *out)
{
    fprintf(out,
            "usage: sarn-bench [OPTIONS] [NAME...]\n\n"
            "Measure Sarn beside raw LMDB in the same run. Without NAME: all.\n\n");
    for (size_t i = 0; i < COUNT; i++) {
        fprintf(out, "  %-8s %s\n", benches[i].name, benches[i].text);
    }
    fprintf(out,
            "\noptions:\n"
            "  --seconds S   about how long each side of a measurement takes (2)\n"
            "  --rounds N    turns between the two sides; medians are shown (5)\n"
            "  --events N    size of the logs that are built (1000000)\n"
            "  --folder DIR  where the files go: the disk that is measured (a new\n"
            "                folder under the current one)\n"
            "  --json        one JSON object a line\n");
}

/* The value of option argv[*i], which must be there. */
static const char *value(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) {
        fprintf(stderr, "sarn-bench: %s needs a value; see --help\n", argv[*i]);
        exit(2);
    }
    *i += 1;
    return argv[*i];
}

static double number(int argc, char **argv, int *i)
{
    const char *option = argv[*i];
    const char *text = value(argc, argv, i);
    char *end;
    double parsed = strtod(text, &end);

    if (end == text || *end != '\0' || parsed <= 0) {
        fprintf(stderr, "sarn-bench: %s takes a number over 0, not \"%s\"\n", option,
                text);
        exit(2);
    }
    return parsed;
}

static bool chosen(char **names, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return count == 0;
}

static void check_names(char **names, int count)
{
    for (int i = 0; i < count; i++) {
        bool known = false;

        for (size_t k = 0; k < COUNT; k++) {
            known = known || strcmp(names[i], benches[k].name) == 0;
        }
        if (!known) {
            fprintf(stderr, "sarn-bench: no benchmark \"%s\"; see --help\n", names[i]);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct bench bench = {.seconds = 2, .rounds = 5, .events = 1000000};
    char made[] = "./sarn-bench-XXXXXX";
    char **names = argv + 1;
    int name_count = 0;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            help(stdout);
            return 0;
        } else if (strcmp(argv[i], "--json") == 0) {
            bench.json = true;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            bench.seconds = number(argc, argv, &i);
        } else if (strcmp(argv[i], "--rounds") == 0) {
            bench.rounds = (uint32_t)number(argc, argv, &i);
        } else if (strcmp(argv[i], "--events") == 0) {
            bench.events = (uint64_t)number(argc, argv, &i);
        } else if (strcmp(argv[i], "--folder") == 0) {
            bench.folder = value(argc, argv, &i);
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "sarn-bench: no option \"%s\"; see --help\n", argv[i]);
            return 2;
        } else {
            names[name_count++] = argv[i];
        }
    }
    check_names(names, name_count);
    if (bench.rounds == 0 || bench.rounds > 64) {
        fprintf(stderr, "sarn-bench: --rounds is from 1 to 64\n");
        return 2;
    }
    if (bench.folder == NULL) {
        bench.folder = mkdtemp(made);
        if (bench.folder == NULL) {
            perror("sarn-bench: cannot make a folder here");
            return 2;
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (chosen(names, name_count, benches[i].name)) {
            benches[i].run(&bench);
        }
    }
    if (bench.folder == made) {
        (void)rmdir(made);
    }
    return 0;
}
