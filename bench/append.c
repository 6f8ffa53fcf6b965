/* Durable appends of 256 bytes: one client that waits for each; 64 clients over 100,000
 * streams with one inline projection. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bench_schema.h"

#define PAYLOAD_BYTES 256u
#define STREAMS       100000u
#define CLIENTS       64u
#define ROUNDS_MAX    64u

static char payload[PAYLOAD_BYTES];

/* --- one inline projection: events and bytes of each stream --- */

static sarn_status sum_keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    struct sarn_key key = {.size = 0};
    sarn_status status = sarn_key_add_text(&key, event->stream);

    return status == SARN_OK ? sarn_keys_add(keys, &key) : status;
}

static sarn_status sum_apply(struct sarn_row *row, const struct sarn_event *event)
{
    struct bench_sum *sum = row->data;

    sum->events += 1;
    sum->bytes += event->payload.size;
    return SARN_OK;
}

static const struct sarn_type *const sum_events[] = {&sarn_bytes_type};
static const struct sarn_projection sums = {.name = "sums",
                                            .version = 1,
                                            .mode = SARN_INLINE,
                                            .row = &bench_sum_type,
                                            .keys = sum_keys,
                                            .apply = sum_apply,
                                            .events = sum_events,
                                            .event_count = 1};
static const struct sarn_projection *const projections[] = {&sums};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "bench_append",
                                          .version = "1",
                                          .projections = projections,
                                          .projection_count = 1};
static const struct sarn_module *const modules[] = {&module};

/* --- one append --- */

struct one {
    char name[32];
    struct sarn_str payload;
    struct sarn_new_event event;
    struct sarn_stream_append stream;
    struct sarn_append append;
};

static void one_init(struct one *one, uint64_t stream)
{
    int size =
        snprintf(one->name, sizeof(one->name), "item-%llu", (unsigned long long)stream);

    one->payload = (struct sarn_str){payload, PAYLOAD_BYTES};
    one->event = (struct sarn_new_event){.type_name = "moved", .data = &one->payload};
    one->stream = (struct sarn_stream_append){.stream = {one->name, (uint32_t)size},
                                              .expected_version = SARN_ANY,
                                              .events = &one->event,
                                              .event_count = 1};
    one->append = (struct sarn_append)SARN_APPEND_INIT;
    one->append.streams = &one->stream;
    one->append.stream_count = 1;
}

/* --- one client --- */

static double one_client(sarn_engine *engine, double seconds, uint64_t *seed)
{
    double begin = bench_clock();
    double end = begin + seconds;
    uint64_t count = 0;

    while (bench_clock() < end) {
        struct sarn_error error;
        struct one one;

        one_init(&one, bench_random(seed) % STREAMS);
        bench_must(sarn_append_call(engine, &one.append, NULL, &error), &error,
                   "append");
        count += 1;
    }
    return (double)count / (bench_clock() - begin);
}

static double raw_loop(struct bench_raw *raw, double seconds, uint32_t batch)
{
    double begin = bench_clock();
    double end = begin + seconds;
    uint64_t count = 0;

    while (bench_clock() < end) {
        bench_raw_commit(raw, batch, PAYLOAD_BYTES + BENCH_HEADER_BYTES);
        count += batch;
    }
    return (double)count / (bench_clock() - begin);
}

/* --- many clients --- */

struct clients {
    sarn_engine *engine;
    uint64_t seed;
    uint64_t done;
    uint32_t flying;
    double end;
};

static void client_replied(void *arg, const struct sarn_reply *reply);

static void client_send(struct clients *clients)
{
    struct sarn_error error;
    struct one one;

    one_init(&one, bench_random(&clients->seed) % STREAMS);
    clients->flying += 1;
    bench_must(sarn_append_submit(clients->engine, &one.append, client_replied, clients,
                                  &error),
               &error, "append");
}

static void client_replied(void *arg, const struct sarn_reply *reply)
{
    struct clients *clients = arg;

    bench_must(reply->status, NULL, "append");
    clients->flying -= 1;
    clients->done += 1;
    if (bench_clock() < clients->end) {
        client_send(clients);
    } else if (clients->flying == 0) {
        sarn_stop(clients->engine);
    }
}

/* Events a second; *batch: events a commit, rounded. */
static double
many_clients(sarn_engine *engine, double seconds, uint64_t *seed, uint32_t *batch)
{
    struct sarn_engine_stats before = {.struct_size = sizeof(before)};
    struct sarn_engine_stats after = {.struct_size = sizeof(after)};
    double begin = bench_clock();
    struct clients clients = {.engine = engine, .seed = *seed, .end = begin + seconds};
    struct sarn_error error;
    double rate;

    bench_must(sarn_engine_get_stats(engine, &before, &error), &error, "stats");
    for (uint32_t i = 0; i < CLIENTS; i++) {
        client_send(&clients);
    }
    bench_must(sarn_run(engine, &error), &error, "run");
    rate = (double)clients.done / (bench_clock() - begin);
    bench_must(sarn_engine_get_stats(engine, &after, &error), &error, "stats");
    *batch = (uint32_t)((double)(after.events - before.events) /
                            (double)(after.commits - before.commits) +
                        0.5);
    *seed = clients.seed;
    return rate;
}

/* --- the two measurements --- */

static sarn_engine *open_engine(const struct bench *bench, bool projected)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error;
    char path[BENCH_PATH_BYTES];
    sarn_engine *engine;

    bench_remove(bench, "append.sarn");
    bench_path(bench, "append.sarn", path);
    options.modules = modules;
    options.module_count = projected ? 1 : 0;
    bench_must(sarn_open(path, &options, &engine, &error), &error, "open");
    return engine;
}

static void measure(const struct bench *bench, bool many)
{
    struct bench_result result = {.name = many ? "append 256 B, 64 clients"
                                               : "append 256 B, one client",
                                  .unit = "events/s",
                                  .goal = many ? 0.8 : 0.9};
    double sarn[ROUNDS_MAX], raw[ROUNDS_MAX], ratio[ROUNDS_MAX];
    sarn_engine *engine = open_engine(bench, many);
    struct bench_raw *beside;
    uint64_t seed = 1;
    uint32_t batch = 1;

    bench_remove(bench, "raw.mdb");
    beside = bench_raw_open(bench, "raw.mdb");
    for (uint32_t i = 0; i < bench->rounds; i++) {
        sarn[i] = many ? many_clients(engine, bench->seconds, &seed, &batch)
                       : one_client(engine, bench->seconds, &seed);
        raw[i] = raw_loop(beside, bench->seconds, batch);
        ratio[i] = sarn[i] / raw[i];
    }
    sarn_close(engine);
    bench_raw_close(beside);
    bench_remove(bench, "append.sarn");
    bench_remove(bench, "raw.mdb");
    result.sarn = bench_median(sarn, bench->rounds);
    result.raw = bench_median(raw, bench->rounds);
    result.ratio = bench_median(ratio, bench->rounds);
    snprintf(result.note, sizeof(result.note), "%u events a commit%s", batch,
             many ? ", 100,000 streams, one inline projection" : "");
    bench_report(bench, &result);
}

void bench_append(const struct bench *bench)
{
    memset(payload, 'p', sizeof(payload));
    measure(bench, false);
    measure(bench, true);
}
