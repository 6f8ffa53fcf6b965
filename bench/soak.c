/* sarn-soak: a mixed load for hours. See docs/benchmarks.md. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "soak.h"

void soak_die(const char *what, const char *why)
{
    fprintf(stderr, "sarn-soak: %s: %s\n", what, why);
    exit(2);
}

void soak_must(sarn_status status, const struct sarn_error *error, const char *what)
{
    if (status != SARN_OK) {
        soak_die(what, error->text);
    }
}

void soak_path(const struct soak_options *options,
               const char *name,
               char path[SOAK_PATH_BYTES])
{
    int size = snprintf(path, SOAK_PATH_BYTES, "%s/%s", options->folder, name);

    if (size < 0 || (unsigned)size >= SOAK_PATH_BYTES) {
        soak_die(options->folder, "the path is too long");
    }
}

static void help(FILE *out)
{
    fprintf(
        out,
        "usage: sarn-soak [OPTIONS]\n"
        "       sarn-soak --judge FILE.csv [--json]\n"
        "       sarn-soak --plot FILE.csv FILE.svg\n"
        "       sarn-soak --columns\n\n"
        "Hold a mixed load and say whether memory, file and latency keep still.\n"
        "Writes soak.csv, soak.svg and soak.sarn; 0: all is well, 1: it is not.\n\n"
        "  --minutes N   how long (60)\n"
        "  --rate R      operations a second, at their times (500)\n"
        "  --interval S  seconds between two rows (10)\n"
        "  --reopen S    close the log and open it again every S seconds (1800); 0:"
        " never\n"
        "  --outside S   let another process read it every S seconds (60); 0: never\n"
        "  --out FOLDER  where the files go (a new folder under the current one)\n"
        "  --keep        leave the log there\n"
        "  --json        the verdict as one JSON object\n");
}

static const char *value(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc) {
        soak_die(argv[*i], "needs a value; see --help");
    }
    *i += 1;
    return argv[*i];
}

static double number(int argc, char **argv, int *i, double least)
{
    const char *option = argv[*i];
    const char *text = value(argc, argv, i);
    char *end, why[128];
    double parsed = strtod(text, &end);

    if (end == text || *end != '\0' || !(parsed >= least && parsed <= 1e6)) {
        snprintf(why, sizeof(why), "takes a number from %g to %.0f, not \"%.40s\"",
                 least, 1e6, text);
        soak_die(option, why);
    }
    return parsed;
}

static void read_options(int argc, char **argv, struct soak_options *options)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            help(stdout);
            exit(0);
        } else if (strcmp(argv[i], "--minutes") == 0) {
            options->minutes = number(argc, argv, &i, 0.01);
        } else if (strcmp(argv[i], "--rate") == 0) {
            options->rate = number(argc, argv, &i, 1);
        } else if (strcmp(argv[i], "--interval") == 0) {
            options->interval = number(argc, argv, &i, 0.1);
        } else if (strcmp(argv[i], "--reopen") == 0) {
            options->reopen = number(argc, argv, &i, 0);
        } else if (strcmp(argv[i], "--outside") == 0) {
            options->outside = number(argc, argv, &i, 0);
        } else if (strcmp(argv[i], "--out") == 0) {
            options->folder = value(argc, argv, &i);
        } else if (strcmp(argv[i], "--keep") == 0) {
            options->keep = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            options->json = true;
        } else {
            soak_die(argv[i], "no such option; see --help");
        }
    }
}

/* Judge, and draw where svg is not NULL, what a CSV says. */
static bool tell(const char *csv, const char *svg, uint64_t errors, bool json)
{
    struct soak_table table;
    bool good;

    soak_table_read(csv, &table);
    good = svg == NULL || soak_plot(&table, svg);
    good = soak_judge(&table, errors, json) && good;
    soak_table_free(&table);
    return good;
}

static int draw(const char *csv, const char *svg)
{
    struct soak_table table;
    bool drawn;

    soak_table_read(csv, &table);
    drawn = soak_plot(&table, svg);
    soak_table_free(&table);
    return drawn ? 0 : 2;
}

int main(int argc, char **argv)
{
    struct soak_options options = {
        .minutes = 60, .rate = 500, .interval = 10, .reopen = 1800, .outside = 60};
    char made[] = "./sarn-soak-XXXXXX";
    char csv[SOAK_PATH_BYTES], svg[SOAK_PATH_BYTES];
    uint64_t errors;

    if (argc == 3 && strcmp(argv[1], "--look") == 0) {
        return soak_look_outside(argv[2]);
    }
    if (argc >= 3 && strcmp(argv[1], "--judge") == 0) {
        return tell(argv[2], NULL, 0, argc > 3 && strcmp(argv[3], "--json") == 0) ? 0
                                                                                  : 1;
    }
    if (argc == 4 && strcmp(argv[1], "--plot") == 0) {
        return draw(argv[2], argv[3]);
    }
    if (argc == 2 && strcmp(argv[1], "--columns") == 0) {
        soak_row_head(stdout);
        return 0;
    }
    read_options(argc, argv, &options);
    if (options.folder == NULL) {
        options.folder = mkdtemp(made);
    } else {
        (void)mkdir(options.folder, 0777);
    }
    if (options.folder == NULL) {
        soak_die("a folder", "cannot be made here");
    }
    soak_path(&options, "soak.csv", csv);
    soak_path(&options, "soak.svg", svg);
    errors = soak_run(&options, csv);
    return tell(csv, svg, errors, options.json) ? 0 : 1;
}
