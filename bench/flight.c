/* Executions that wait: a million of them for a time that is far off; a hundred
 * thousand with a step to run, in memory and found again by the next process.
 *
 * Memory is the process's anonymous pages: the mapped file is not counted. The raw side
 * of starting them makes as many commits of as many records, of the same bytes. */
#define _GNU_SOURCE

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define AT_A_TIME 1024u /* Starts on their way. */
#define DAY_US    (INT64_C(24) * 3600 * 1000000)
#define POLLS     100000u
#define IN_FLIGHT 100000u

/* --- workflows --- */

/* Calls of the slow step wait here. */
struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t moved;
    bool open;
};

static sarn_status slow(struct sarn_step_call *call)
{
    struct gate *gate = sarn_step_context(call);

    pthread_mutex_lock(&gate->mutex);
    while (!gate->open) {
        pthread_cond_wait(&gate->moved, &gate->mutex);
    }
    pthread_mutex_unlock(&gate->mutex);
    return SARN_OK;
}

static const struct sarn_step waiting_steps[] = {
    {.id = "wait", .kind = SARN_STEP_TIMER, .delay_us = DAY_US}};
static const struct sarn_step working_steps[] = {
    {.id = "work", .run = slow, .flags = SARN_STEP_IDEMPOTENT}};
static const struct sarn_workflow waiting = {
    .name = "waiting", .version = 1, SARN_STEPS(waiting_steps)};
static const struct sarn_workflow working = {
    .name = "working", .version = 1, SARN_STEPS(working_steps)};
static const struct sarn_workflow *const workflows[] = {&waiting, &working};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "bench_flight",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 2};
static const struct sarn_module *const modules[] = {&module};

static sarn_engine *open_log(const struct bench *bench, const char *name, void *context)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error;
    char path[BENCH_PATH_BYTES];
    sarn_engine *engine;

    bench_path(bench, name, path);
    options.modules = modules;
    options.module_count = 1;
    options.context = context;
    bench_must(sarn_open(path, &options, &engine, &error), &error, "open");
    return engine;
}

/* --- memory --- */

/* Bytes of this process that no file stands behind. */
static double anonymous_mib(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    double kib = 0;

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            kib = strtod(line + 8, NULL);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib / 1024;
}

/* --- starting many --- */

struct starter {
    sarn_engine *engine;
    const char *workflow;
    uint64_t next, wanted, done;
};

static void started(void *arg, const struct sarn_reply *reply);

static void start_one(struct starter *starter)
{
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error;
    char id[32];
    int size =
        snprintf(id, sizeof(id), "%llu", (unsigned long long)(starter->next += 1));

    start.workflow = starter->workflow;
    start.workflow_id = (struct sarn_str){id, (uint32_t)size};
    start.flags = SARN_START_DETACHED;
    bench_must(sarn_execution_start(starter->engine, &start, started, starter, &error),
               &error, "start");
}

static void started(void *arg, const struct sarn_reply *reply)
{
    struct starter *starter = arg;

    bench_must(reply->status, NULL, "a start");
    starter->done += 1;
    if (starter->next < starter->wanted) {
        start_one(starter);
    } else if (starter->done == starter->wanted) {
        sarn_stop(starter->engine);
    }
}

/* How many a second. */
static double start_all(sarn_engine *engine, const char *workflow, uint64_t count)
{
    struct starter starter = {.engine = engine, .workflow = workflow, .wanted = count};
    double begin = bench_clock();
    struct sarn_error error;

    while (starter.next < count && starter.next < AT_A_TIME) {
        start_one(&starter);
    }
    bench_must(sarn_run(engine, &error), &error, "run");
    return (double)count / (bench_clock() - begin);
}

static void append_one(sarn_engine *engine)
{
    struct sarn_str payload = SARN_STR("x");
    struct sarn_new_event event = {.type_name = "bench.Tick", .data = &payload};
    struct sarn_stream_append stream = {.stream = SARN_STR("tick-1"),
                                        .expected_version = SARN_ANY,
                                        .events = &event,
                                        .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;
    struct sarn_error error;

    append.streams = &stream;
    append.stream_count = 1;
    bench_must(sarn_append_call(engine, &append, NULL, &error), &error, "append");
}

/* --- timers --- */

static double poll_ns(sarn_engine *engine)
{
    double begin = bench_clock();
    struct sarn_error error;

    for (uint32_t i = 0; i < POLLS; i++) {
        bench_must(sarn_dispatch(engine, &error), &error, "dispatch");
    }
    return (bench_clock() - begin) * 1e9 / POLLS;
}

void bench_timers(const struct bench *bench)
{
    struct bench_result result = {.unit = "starts/s"};
    double before, after, idle, busy, begin, opened;
    sarn_engine *engine;

    bench_remove(bench, "timers.sarn");
    engine = open_log(bench, "timers.sarn", NULL);
    append_one(engine);
    idle = poll_ns(engine);
    before = anonymous_mib();
    result.sarn = start_all(engine, "waiting", bench->events);
    after = anonymous_mib();
    busy = poll_ns(engine);
    result.name = "start with a timer, 1024 at a time";
    snprintf(result.note, sizeof(result.note),
             "%llu pending: %.0f MiB more (tables in memory included); a poll %.0f ns, "
             "with none %.0f ns",
             (unsigned long long)bench->events, after - before, busy, idle);
    bench_report(bench, &result);
    sarn_close(engine);

    begin = bench_clock();
    engine = open_log(bench, "timers.sarn", NULL);
    append_one(engine);
    opened = bench_clock() - begin;
    result = (struct bench_result){
        .name = "open with timers pending", .unit = "opens/s", .sarn = 1 / opened};
    snprintf(result.note, sizeof(result.note),
             "%.1f ms to the first reply, %llu pending, %.0f MiB anonymous",
             opened * 1e3, (unsigned long long)bench->events, anonymous_mib());
    bench_report(bench, &result);
    sarn_close(engine);
    bench_remove(bench, "timers.sarn");
}

/* --- in flight --- */

/* What the process that is killed tells the one that recovers. */
struct told {
    double starts, mib;
};

/* Start them, and die with all of them in flight. */
static void fly_and_die(const struct bench *bench, int to)
{
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    sarn_engine *engine = open_log(bench, "flight.sarn", &gate);
    struct told told;

    append_one(engine);
    told.mib = anonymous_mib();
    told.starts = start_all(engine, "working", IN_FLIGHT);
    told.mib = anonymous_mib() - told.mib;
    if (write(to, &told, sizeof(told)) != (ssize_t)sizeof(told)) {
        _exit(1);
    }
    _exit(0); /* As a crash: nothing is closed. */
}

static uint64_t in_flight(sarn_engine *engine)
{
    struct sarn_engine_stats stats = {.struct_size = sizeof(stats)};
    struct sarn_error error;

    bench_must(sarn_engine_get_stats(engine, &stats, &error), &error, "stats");
    return stats.executions_running;
}

static void recover(const struct bench *bench)
{
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
    struct bench_result result = {.name = "recover 100,000 in flight",
                                  .unit = "runs/s"};
    double begin = bench_clock(), first, taken_up, mib;
    sarn_engine *engine = open_log(bench, "flight.sarn", &gate);
    struct sarn_error error;

    append_one(engine);
    first = bench_clock() - begin;
    while (in_flight(engine) < IN_FLIGHT) {
        bench_must(sarn_dispatch(engine, &error), &error, "dispatch");
    }
    taken_up = bench_clock() - begin;
    mib = anonymous_mib();
    pthread_mutex_lock(&gate.mutex);
    gate.open = true;
    pthread_cond_broadcast(&gate.moved);
    pthread_mutex_unlock(&gate.mutex);
    bench_must(sarn_start(engine, &error), &error, "start");
    while (in_flight(engine) > 0) {
        (void)usleep(1000);
    }
    sarn_close(engine);
    result.sarn = IN_FLIGHT / taken_up;
    snprintf(result.note, sizeof(result.note),
             "first reply after %.0f ms, all taken up after %.0f ms, all ended after "
             "%.0f ms; %.0f MiB anonymous",
             first * 1e3, taken_up * 1e3, (bench_clock() - begin) * 1e3, mib);
    bench_report(bench, &result);
}

void bench_flight(const struct bench *bench)
{
    struct bench_result result = {.name = "100,000 executions in flight",
                                  .unit = "starts/s"};
    struct told told = {0};
    int ends[2], status = 0;
    pid_t child;

    bench_remove(bench, "flight.sarn");
    if (pipe(ends) != 0 || (child = fork()) < 0) {
        perror("sarn-bench: cannot make a process");
        exit(2);
    }
    if (child == 0) {
        fly_and_die(bench, ends[1]);
    }
    close(ends[1]);
    if (read(ends[0], &told, sizeof(told)) != (ssize_t)sizeof(told) ||
        waitpid(child, &status, 0) != child) {
        fprintf(stderr, "sarn-bench: the process in flight did not say how it went\n");
        exit(2);
    }
    close(ends[0]);
    result.sarn = told.starts;
    snprintf(result.note, sizeof(result.note),
             "%.1f MiB more than before (goal: under 64)", told.mib);
    bench_report(bench, &result);
    recover(bench);
    bench_remove(bench, "flight.sarn");
}
