/* Replay: read a whole log, decode every event and apply it, beside a raw cursor that
 * adds every byte of the same records. */
#include <stdio.h>

#include "bench_schema.h"
#include "build_log.h"

#define ROUNDS_MAX 64u

struct replayed {
    uint64_t events;
    int64_t amount;
    uint64_t note_bytes;
};

static sarn_status replay_event(void *arg, const struct sarn_event *event)
{
    struct replayed *replayed = arg;

    if (event->type == &bench_moved_type) {
        const struct bench_moved *moved = event->data;

        replayed->amount += moved->amount;
        replayed->note_bytes += moved->note.size;
    }
    replayed->events += 1;
    return SARN_OK;
}

static double replay_once(const struct bench *bench)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct replayed replayed = {0, 0, 0};
    struct sarn_error error;
    char path[BENCH_PATH_BYTES];
    double begin, seconds;
    sarn_log *log;

    bench_path(bench, "replay.sarn", path);
    options.modules = bench_log_modules;
    options.module_count = 1;
    bench_must(sarn_log_open(path, &options, &log, &error), &error, "open");
    begin = bench_clock();
    bench_must(sarn_read(log, NULL, replay_event, &replayed, &error), &error, "read");
    seconds = bench_clock() - begin;
    sarn_log_close(log);
    if (replayed.note_bytes == 0) {
        bench_must(SARN_ERR_STATE, NULL, "nothing was decoded");
    }
    return (double)replayed.events / seconds;
}

void bench_replay(const struct bench *bench)
{
    struct bench_result result = {
        .name = "replay, decode and apply", .unit = "events/s", .goal = 0.8};
    double sarn[ROUNDS_MAX], raw[ROUNDS_MAX], ratio[ROUNDS_MAX];
    uint64_t seed = 1;
    uint64_t records = 0;
    uint64_t sum = 0;
    sarn_engine *engine;

    bench_remove(bench, "replay.sarn");
    engine = bench_log_open(bench, "replay.sarn");
    bench_log_grow(engine, bench->events, 100000, &seed);
    sarn_close(engine);
    for (uint32_t i = 0; i < bench->rounds; i++) {
        double begin;

        sarn[i] = replay_once(bench);
        begin = bench_clock();
        sum += bench_raw_sum(bench, "replay.sarn", &records);
        raw[i] = (double)records / (bench_clock() - begin);
        ratio[i] = sarn[i] / raw[i];
    }
    bench_remove(bench, "replay.sarn");
    result.sarn = bench_median(sarn, bench->rounds);
    result.raw = bench_median(raw, bench->rounds);
    result.ratio = bench_median(ratio, bench->rounds);
    snprintf(result.note, sizeof(result.note), "%llu events, byte sum %llx",
             (unsigned long long)records, (unsigned long long)sum);
    bench_report(bench, &result);
}
