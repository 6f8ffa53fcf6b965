/* What the figures say: parts of the run are held against each other. The first tenth
 * is warming up: caches fill until they have what they may have. */
#include <stdlib.h>
#include <string.h>

#include "soak.h"

#define SECONDS_MIN 1800.0 /* Less says nothing about growth. */
#define ROWS_MIN    20u
#define GROWTH_MAX  0.30
#define DRIFT_MAX   0.30
#define DRIFT_MS    1.0 /* And this much: the clock of a busy machine. */

struct verdict {
    const struct soak_table *table;
    bool json, good;
    bool noisy; /* The machine drifted by itself: latencies cannot be judged. */
};

/* Rows from one part of the run to another. */
struct part {
    uint32_t from, to;
};

static struct part part_of(const struct soak_table *table, double from, double to)
{
    struct part part = {(uint32_t)((double)table->rows * from),
                        (uint32_t)((double)table->rows * to)};

    return part;
}

static double cell(const struct verdict *verdict, const char *name, uint32_t row)
{
    return soak_table_cell(verdict->table, soak_table_column(verdict->table, name),
                           row);
}

static double mean(const struct verdict *verdict, const char *name, struct part part)
{
    double sum = 0;

    for (uint32_t row = part.from; row < part.to; row++) {
        sum += cell(verdict, name, row);
    }
    return sum / (double)(part.to - part.from);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

/* What another program on the machine does to one row is no drift: the middle one. */
static double median(const struct verdict *verdict, const char *name, struct part part)
{
    uint32_t count = part.to - part.from;
    double *values = calloc(count, sizeof(*values));
    double middle;

    if (values == NULL) {
        soak_die("the verdict", "out of memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        values[i] = cell(verdict, name, part.from + i);
    }
    qsort(values, count, sizeof(*values), ascending);
    middle = values[count / 2];
    free(values);
    return middle;
}

/* How much file an event takes that is written in this part. */
static double bytes_per_event(const struct verdict *verdict, struct part part)
{
    double bytes = cell(verdict, "file_bytes", part.to - 1) -
                   cell(verdict, "file_bytes", part.from);
    double events =
        cell(verdict, "position", part.to - 1) - cell(verdict, "position", part.from);

    return events > 0 ? bytes / events : 0;
}

/* --- lines --- */

static void say(struct verdict *verdict,
                const char *name,
                const char *unit,
                double first,
                double last,
                bool good)
{
    bool unknown = verdict->noisy && !good;

    verdict->good = verdict->good && good;
    if (verdict->json) {
        printf(",\"%s\":{\"first\":%.3f,\"last\":%.3f,\"good\":%s}", name, first, last,
               good ? "true" : "false");
    } else {
        printf("%-13s %12.3f -> %12.3f %-12s %s\n", name, first, last, unit,
               good      ? "ok"
               : unknown ? "UNKNOWN: so does the machine"
                         : "DRIFTS");
    }
}

static bool grows(double first, double last, double part, double besides)
{
    return last > first * (1 + part) + besides;
}

static void judge_growth(struct verdict *verdict)
{
    const struct soak_table *table = verdict->table;
    struct part early = part_of(table, 0.3, 0.4), late = part_of(table, 0.9, 1);
    double first = mean(verdict, "anon_kib", early) / 1024;
    double last = mean(verdict, "anon_kib", late) / 1024;

    say(verdict, "memory", "MiB", first, last, !grows(first, last, GROWTH_MAX, 0));
    first = bytes_per_event(verdict, part_of(table, 0.1, 0.4));
    last = bytes_per_event(verdict, part_of(table, 0.7, 1));
    say(verdict, "file", "bytes/event", first, last,
        !grows(first, last, GROWTH_MAX, 0));
}

/* How long waking up and syncing take, Sarn aside. */
static void judge_machine(struct verdict *verdict)
{
    static const char *const names[] = {"wake_p99_ms", "sync_p99_ms"};
    struct part early = part_of(verdict->table, 0.1, 0.35);
    struct part late = part_of(verdict->table, 0.75, 1);
    double first = 0, last = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        first += median(verdict, names[i], early);
        last += median(verdict, names[i], late);
    }
    verdict->noisy = grows(first, last, DRIFT_MAX, DRIFT_MS);
    say(verdict, "machine", "ms", first, last, true);
}

static void judge_drift(struct verdict *verdict)
{
    static const char *const names[] = {"command_p99_ms", "append_p99_ms",
                                        "saga_p99_ms", "wait_p99_ms", "tell_p99_ms"};
    struct part early = part_of(verdict->table, 0.1, 0.35);
    struct part late = part_of(verdict->table, 0.75, 1);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        double first = median(verdict, names[i], early);
        double last = median(verdict, names[i], late);

        say(verdict, names[i], "ms", first, last,
            !grows(first, last, DRIFT_MAX, DRIFT_MS));
    }
}

static void judge_pace(struct verdict *verdict)
{
    double first = mean(verdict, "events_per_s", part_of(verdict->table, 0.1, 0.35));
    double last = mean(verdict, "events_per_s", part_of(verdict->table, 0.75, 1));

    say(verdict, "pace", "events/s", first, last,
        !grows(last, first, 0.05, 0) && !grows(first, last, 0.05, 0));
}

bool soak_judge(const struct soak_table *table, uint64_t errors, bool json)
{
    struct verdict verdict = {.table = table, .json = json, .good = true};
    double seconds, events, seen;
    bool judged;

    if (table->rows == 0) {
        soak_die("the figures", "have no row");
    }
    seconds = cell(&verdict, "elapsed_s", table->rows - 1);
    events = cell(&verdict, "position", table->rows - 1);
    seen = cell(&verdict, "errors", table->rows - 1);
    seen = (double)errors > seen ? (double)errors : seen;
    judged = seconds >= SECONDS_MIN && table->rows >= ROWS_MIN;
    verdict.good = seen == 0;
    if (json) {
        printf("{\"seconds\":%.0f,\"events\":%.0f,\"errors\":%.0f", seconds, events,
               seen);
    }
    if (judged) {
        judge_growth(&verdict);
        if (soak_table_has(table, "wake_p99_ms")) {
            judge_machine(&verdict);
        }
        judge_drift(&verdict);
        verdict.noisy = false;
        judge_pace(&verdict);
    }
    if (json) {
        printf(",\"judged\":%s,\"good\":%s}\n", judged ? "true" : "false",
               verdict.good ? "true" : "false");
    } else {
        printf("seconds=%.0f events=%.0f errors=%.0f growth=%s good=%s\n", seconds,
               events, seen, judged ? "judged" : "unknown (under half an hour)",
               verdict.good ? "yes" : "no");
    }
    return verdict.good;
}
