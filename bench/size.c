/* What one durable append costs on a small log, and on one grown a hundredfold; raw
 * LMDB grows beside it. */
#include <stdio.h>

#include "build_log.h"

#define ROUNDS_MAX 64u
#define SMALL      100000u

static double
appends(sarn_engine *engine, double seconds, uint64_t streams, uint64_t *seed)
{
    double begin = bench_clock();
    uint64_t count = 0;

    while (bench_clock() < begin + seconds) {
        bench_log_grow(engine, 1, streams, seed);
        count += streams < 512 ? streams : 512;
    }
    return (double)count / (bench_clock() - begin);
}

static double raw_appends(struct bench_raw *raw, double seconds)
{
    double begin = bench_clock();
    uint64_t count = 0;

    while (bench_clock() < begin + seconds) {
        bench_raw_commit(raw, 512, 256 + BENCH_HEADER_BYTES);
        count += 512;
    }
    return (double)count / (bench_clock() - begin);
}

static double measure(const struct bench *bench,
                      sarn_engine *engine,
                      struct bench_raw *raw,
                      uint64_t events,
                      uint64_t streams,
                      uint64_t *seed)
{
    struct bench_result result = {.unit = "events/s"};
    double sarn[ROUNDS_MAX], beside[ROUNDS_MAX], ratio[ROUNDS_MAX];
    char name[64];

    for (uint32_t i = 0; i < bench->rounds; i++) {
        sarn[i] = appends(engine, bench->seconds, streams, seed);
        beside[i] = raw_appends(raw, bench->seconds);
        ratio[i] = sarn[i] / beside[i];
    }
    snprintf(name, sizeof(name), "append to a log of %llu", (unsigned long long)events);
    result.name = name;
    result.sarn = bench_median(sarn, bench->rounds);
    result.raw = bench_median(beside, bench->rounds);
    result.ratio = bench_median(ratio, bench->rounds);
    snprintf(result.note, sizeof(result.note), "512 a commit, %llu streams",
             (unsigned long long)streams);
    bench_report(bench, &result);
    return result.ratio;
}

void bench_size(const struct bench *bench)
{
    struct bench_result result = {.name = "cost of growth", .unit = "(small / grown)"};
    uint64_t seed = 1;
    uint64_t streams = bench->events / 10 > SMALL ? bench->events / 10 : SMALL;
    sarn_engine *engine;
    struct bench_raw *raw;
    double small, grown;

    bench_remove(bench, "size.sarn");
    bench_remove(bench, "raw.mdb");
    engine = bench_log_open(bench, "size.sarn");
    raw = bench_raw_open(bench, "raw.mdb");
    bench_log_grow(engine, SMALL, SMALL / 10, &seed);
    small = measure(bench, engine, raw, SMALL, SMALL / 10, &seed);
    bench_log_grow(engine, bench->events, streams, &seed);
    grown = measure(bench, engine, raw, bench->events, streams, &seed);
    sarn_close(engine);
    bench_raw_close(raw);
    bench_remove(bench, "size.sarn");
    bench_remove(bench, "raw.mdb");
    result.sarn = small / grown;
    snprintf(result.note, sizeof(result.note),
             "an append costs %.2f times as much (goal: under 1.3)", small / grown);
    bench_report(bench, &result);
}
