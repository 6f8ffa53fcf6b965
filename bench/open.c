/* Open a log and answer the first command. */
#include <stdio.h>

#include "build_log.h"

#define ROUNDS_MAX 64u

void bench_open(const struct bench *bench)
{
    struct bench_result result = {.name = "open to first reply", .unit = "opens/s"};
    double seconds[ROUNDS_MAX];
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    uint64_t seed = 1;
    uint64_t tail = 0;
    sarn_engine *engine;

    bench_remove(bench, "open.sarn");
    engine = bench_log_open(bench, "open.sarn");
    bench_log_grow(engine, bench->events, bench->events / 10 + 1, &seed);
    for (uint32_t i = 0; i < bench->rounds; i++) {
        struct sarn_error error;
        double begin;

        sarn_close(engine);
        begin = bench_clock();
        engine = bench_log_open(bench, "open.sarn");
        bench_log_grow(engine, 1, 1, &seed);
        seconds[i] = bench_clock() - begin;
        bench_must(sarn_log_get_stats(sarn_engine_log(engine), &stats, &error), &error,
                   "stats");
        tail = stats.last_position - stats.flushed_position;
    }
    sarn_close(engine);
    bench_remove(bench, "open.sarn");
    result.sarn = 1 / bench_median(seconds, bench->rounds);
    snprintf(
        result.note, sizeof(result.note),
        "%.1f ms with %llu events, a tail of %llu (goal: under 50 ms at 10 million)",
        1000 / result.sarn, (unsigned long long)stats.last_position,
        (unsigned long long)tail);
    bench_report(bench, &result);
}
