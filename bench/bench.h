/* bench.h - what every benchmark needs: a folder, a stopwatch, raw LMDB, a report.
 *
 * Each measurement stands beside raw LMDB in the same run: a loop that writes records
 * of the same bytes, events only, in commits of the same size, on the same disk, in
 * turns with Sarn. Only ratios of one run mean anything.
 */
#ifndef SARN_BENCH_H
#define SARN_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include <sarn/sarn.h>

#define BENCH_PATH_BYTES   512u
#define BENCH_HEADER_BYTES 152u /* Of a record; docs/format.md. */

struct bench {
    const char *folder; /* Emptied files live here; removed at the end. */
    bool json;          /* One JSON object a line instead of text. */
    double seconds;     /* Each measurement takes about so long, on each side. */
    uint32_t rounds;    /* Turns between the two sides. */
    uint64_t events;    /* Size of the logs that are built. */
};

/* One line of the report. */
struct bench_result {
    const char *name;
    const char *unit; /* Of both figures, per second. */
    double sarn, raw; /* Medians over the rounds; raw 0: nothing beside it. */
    double ratio;     /* Median of the rounds' ratios. */
    double goal;      /* Of the ratio; 0: none. */
    char note[160];
};

/* Write path of name in the folder to path. */
void bench_path(const struct bench *bench,
                const char *name,
                char path[BENCH_PATH_BYTES]);
/* Remove a log and its lock file, if they are there. */
void bench_remove(const struct bench *bench, const char *name);
/* Seconds since some moment. */
double bench_clock(void);
/* The next of a repeatable sequence. */
uint64_t bench_random(uint64_t *seed);
double bench_median(double *values, uint32_t count);
void bench_report(const struct bench *bench, const struct bench_result *result);
/* A line for the person who waits, on standard error. */
void bench_say(const char *format, ...) SARN_PRINTF(1, 2);
/* Say what failed and leave the program: a benchmark has nobody to answer to. */
void bench_must(sarn_status status, const struct sarn_error *error, const char *what);

/* --- raw LMDB --- */

struct bench_raw;
struct bench_raw *bench_raw_open(const struct bench *bench, const char *name);
/* One durable commit of count records of size bytes. */
void bench_raw_commit(struct bench_raw *raw, uint32_t count, uint32_t size);
void bench_raw_close(struct bench_raw *raw);
/* A cursor over the events of a closed Sarn log, adding every byte; the sum, and how
 * many records. */
uint64_t bench_raw_sum(const struct bench *bench, const char *name, uint64_t *records);

/* --- the benchmarks --- */

void bench_append(const struct bench *bench);
void bench_saga(const struct bench *bench);
void bench_replay(const struct bench *bench);
void bench_open(const struct bench *bench);
void bench_size(const struct bench *bench);
void bench_timers(const struct bench *bench);
void bench_flight(const struct bench *bench);

#endif
