#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

void bench_path(const struct bench *bench,
                const char *name,
                char path[BENCH_PATH_BYTES])
{
    int size = snprintf(path, BENCH_PATH_BYTES, "%s/%s", bench->folder, name);

    if (size < 0 || (unsigned)size >= BENCH_PATH_BYTES) {
        fprintf(stderr, "sarn-bench: the folder's path is too long\n");
        exit(2);
    }
}

void bench_remove(const struct bench *bench, const char *name)
{
    char path[BENCH_PATH_BYTES];
    char lock[BENCH_PATH_BYTES + 8];

    bench_path(bench, name, path);
    snprintf(lock, sizeof(lock), "%s-lock", path);
    (void)unlink(path);
    (void)unlink(lock);
}

double bench_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* splitmix64 (Steele, Lea, Flood, 2014). */
uint64_t bench_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *values, uint32_t count)
{
    qsort(values, count, sizeof(*values), ascending);
    return count % 2 == 1 ? values[count / 2]
                          : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void report_json(const struct bench_result *result)
{
    printf("{\"name\":\"%s\",\"unit\":\"%s\",\"sarn\":%.1f", result->name, result->unit,
           result->sarn);
    if (result->raw > 0) {
        printf(",\"raw\":%.1f,\"ratio\":%.3f", result->raw, result->ratio);
    }
    if (result->goal > 0) {
        printf(",\"goal\":%.2f,\"met\":%s", result->goal,
               result->ratio >= result->goal ? "true" : "false");
    }
    printf(",\"note\":\"%s\"}\n", result->note);
}

void bench_report(const struct bench *bench, const struct bench_result *result)
{
    if (bench->json) {
        report_json(result);
    } else {
        printf("%-34s %12.0f %s", result->name, result->sarn, result->unit);
        if (result->raw > 0) {
            printf("  raw %12.0f  ratio %.2f", result->raw, result->ratio);
        }
        if (result->goal > 0) {
            printf("  (goal %.2f: %s)", result->goal,
                   result->ratio >= result->goal ? "met" : "missed");
        }
        printf("%s%s\n", result->note[0] == '\0' ? "" : "  ", result->note);
    }
    fflush(stdout);
}

void bench_say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void bench_must(sarn_status status, const struct sarn_error *error, const char *what)
{
    if (status != SARN_OK) {
        fprintf(stderr, "sarn-bench: %s: %s\n", what,
                error != NULL && error->status == status ? error->text
                                                         : sarn_status_text(status));
        exit(2);
    }
}
