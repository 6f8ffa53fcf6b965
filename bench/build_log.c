#include "build_log.h"

#include <stdio.h>
#include <string.h>

#include "bench_schema.h"

#define BATCH      512u /* Events of one append: building is not what is measured. */
#define NOTE_BYTES 200u

static const struct sarn_type *const event_types[] = {&bench_moved_type};

/* Something has to name the schema for it to be stored: a projection that keeps
 * nothing. */
static sarn_status no_keys(const struct sarn_event *event, struct sarn_keys *keys)
{
    (void)event;
    (void)keys;
    return SARN_OK;
}

static sarn_status no_apply(struct sarn_row *row, const struct sarn_event *event)
{
    (void)row;
    (void)event;
    return SARN_OK;
}

static const struct sarn_projection nothing = {.name = "nothing",
                                               .version = 1,
                                               .mode = SARN_ASYNC,
                                               .row = &bench_sum_type,
                                               .keys = no_keys,
                                               .apply = no_apply,
                                               .events = event_types,
                                               .event_count = 1};
static const struct sarn_projection *const projections[] = {&nothing};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "bench_log",
                                          .version = "1",
                                          .projections = projections,
                                          .projection_count = 1};
const struct sarn_module *const bench_log_modules[1] = {&module};

void bench_log_grow(sarn_engine *engine,
                    uint64_t events,
                    uint64_t streams,
                    uint64_t *seed)
{
    static char note[NOTE_BYTES];
    struct bench_moved moved[BATCH];
    struct sarn_new_event event[BATCH];
    struct sarn_stream_append stream[BATCH];
    char name[BATCH][32];
    uint64_t said = 0;

    memset(note, 'n', sizeof(note));
    for (uint64_t done = 0; done < events; done += BATCH) {
        struct sarn_append append = SARN_APPEND_INIT;
        struct sarn_error error;
        /* Neighbours, so that no stream is in an append twice. */
        uint64_t base = bench_random(seed) % streams;
        uint32_t count = streams < BATCH ? (uint32_t)streams : BATCH;

        for (uint32_t i = 0; i < count; i++) {
            int size = snprintf(name[i], sizeof(name[i]), "item-%llu",
                                (unsigned long long)((base + i) % streams));

            moved[i] = (struct bench_moved){
                .account = base, .amount = (int64_t)i, .note = {note, NOTE_BYTES}};
            event[i] =
                (struct sarn_new_event){.type = &bench_moved_type, .data = &moved[i]};
            stream[i] = (struct sarn_stream_append){.stream = {name[i], (uint32_t)size},
                                                    .expected_version = SARN_ANY,
                                                    .events = &event[i],
                                                    .event_count = 1};
        }
        append.streams = stream;
        append.stream_count = count;
        bench_must(sarn_append_call(engine, &append, NULL, &error), &error, "append");
        if (done - said >= 1000000) {
            said = done;
            bench_say("building a log: %llu of %llu events", (unsigned long long)done,
                      (unsigned long long)events);
        }
    }
}

sarn_engine *bench_log_open(const struct bench *bench, const char *name)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error;
    char path[BENCH_PATH_BYTES];
    sarn_engine *engine;

    bench_path(bench, name, path);
    options.modules = bench_log_modules;
    options.module_count = 1;
    bench_must(sarn_open(path, &options, &engine, &error), &error, "open");
    return engine;
}
