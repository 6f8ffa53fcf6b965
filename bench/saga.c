/* Sagas of five steps: external, external and idempotent, local; alone and 64 at a
 * time; all succeeding, and step 4 failing so that 3 are compensated.
 *
 * Alone, the raw side makes the commits that the engine made for a saga, with as many
 * events of the same size. 64 at a time it makes an ideal group commit: the 64 sagas'
 * next events always in one. */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bench_schema.h"

#define AT_A_TIME  64u
#define ROUNDS_MAX 64u

/* --- a counter, for the local steps --- */

static sarn_status counter_decide(const void *state,
                                  const struct sarn_command_view *command,
                                  struct sarn_decision *decision)
{
    const struct bench_bump *bump = command->data;
    struct bench_bumped bumped = {.by = bump->by};

    (void)state;
    return sarn_emit(decision, &bench_bumped_type, &bumped);
}

static sarn_status
counter_apply(void *state, const struct sarn_event *event, struct sarn_arena *arena)
{
    struct bench_count *count = state;
    const struct bench_bumped *bumped = event->data;

    (void)arena;
    count->total += bumped->by;
    return SARN_OK;
}

static const struct sarn_type *const counter_commands[] = {&bench_bump_type};
static const struct sarn_type *const counter_events[] = {&bench_bumped_type};
static const struct sarn_aggregate counter = {.category = "counter",
                                              .apply_version = 1,
                                              .state = &bench_count_type,
                                              .decide = counter_decide,
                                              .apply = counter_apply,
                                              .commands = counter_commands,
                                              .command_count = 1,
                                              .events = counter_events,
                                              .event_count = 1};

/* --- the steps --- */

static sarn_status succeed(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static sarn_status fail(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "declined", "step 4 always fails");
}

static sarn_status bump_by(struct sarn_step_call *call, int64_t by)
{
    struct sarn_command command = SARN_COMMAND_INIT;
    struct bench_bump bump = {.by = by};
    char name[64];
    struct sarn_str id = sarn_step_workflow_id(call);
    int size = snprintf(name, sizeof(name), "counter-%.*s", (int)id.size, id.data);

    command.stream = (struct sarn_str){name, (uint32_t)size};
    command.type = &bench_bump_type;
    command.data = &bump;
    return sarn_step_command(call, &command);
}

static sarn_status bump(struct sarn_step_call *call)
{
    return bump_by(call, 1);
}

static sarn_status unbump(struct sarn_step_call *call)
{
    return bump_by(call, -1);
}

#define NO_RETRY                                                                       \
    {                                                                                  \
        .maximum_attempts = 1                                                          \
    }
#define FIVE(KIND, FLAGS, RUN, FOURTH, UNDO)                                           \
    {                                                                                  \
        {.id = "one",                                                                  \
         .run = (RUN),                                                                 \
         .compensate = (UNDO),                                                         \
         .kind = (KIND),                                                               \
         .flags = (FLAGS)},                                                            \
            {.id = "two",                                                              \
             .run = (RUN),                                                             \
             .compensate = (UNDO),                                                     \
             .kind = (KIND),                                                           \
             .flags = (FLAGS)},                                                        \
            {.id = "three",                                                            \
             .run = (RUN),                                                             \
             .compensate = (UNDO),                                                     \
             .kind = (KIND),                                                           \
             .flags = (FLAGS)},                                                        \
            {.id = "four",                                                             \
             .run = (FOURTH),                                                          \
             .compensate = (UNDO),                                                     \
             .kind = (KIND),                                                           \
             .flags = (FLAGS),                                                         \
             .retry = NO_RETRY},                                                       \
        {                                                                              \
            .id = "five", .run = (RUN), .compensate = (UNDO), .kind = (KIND),          \
            .flags = (FLAGS)                                                           \
        }                                                                              \
    }

static const struct sarn_step external[] =
    FIVE(SARN_STEP_EXTERNAL, 0, succeed, succeed, succeed);
static const struct sarn_step idempotent[] =
    FIVE(SARN_STEP_EXTERNAL, SARN_STEP_IDEMPOTENT, succeed, succeed, succeed);
static const struct sarn_step local[] = FIVE(SARN_STEP_LOCAL, 0, bump, bump, unbump);
static const struct sarn_step external_fail[] =
    FIVE(SARN_STEP_EXTERNAL, 0, succeed, fail, succeed);
static const struct sarn_step idempotent_fail[] =
    FIVE(SARN_STEP_EXTERNAL, SARN_STEP_IDEMPOTENT, succeed, fail, succeed);
static const struct sarn_step local_fail[] =
    FIVE(SARN_STEP_LOCAL, 0, bump, fail, unbump);

static const struct sarn_workflow workflows[] = {
    {"external", 1, NULL, SARN_STEPS(external)},
    {"idempotent", 1, NULL, SARN_STEPS(idempotent)},
    {"local", 1, NULL, SARN_STEPS(local)},
    {"external_fail", 1, NULL, SARN_STEPS(external_fail)},
    {"idempotent_fail", 1, NULL, SARN_STEPS(idempotent_fail)},
    {"local_fail", 1, NULL, SARN_STEPS(local_fail)},
};
#define WORKFLOWS (sizeof(workflows) / sizeof(workflows[0]))

static const struct sarn_aggregate *const aggregates[] = {&counter};
static const struct sarn_workflow *const workflow_list[] = {
    &workflows[0], &workflows[1], &workflows[2],
    &workflows[3], &workflows[4], &workflows[5]};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "bench_saga",
                                          .version = "1",
                                          .aggregates = aggregates,
                                          .workflows = workflow_list,
                                          .aggregate_count = 1,
                                          .workflow_count = WORKFLOWS};
static const struct sarn_module *const modules[] = {&module};

/* --- running them --- */

struct runner {
    sarn_engine *engine;
    const char *workflow;
    sarn_status expected;
    uint64_t next; /* Its workflow_id. */
    uint64_t done;
    uint32_t flying;
    double end;
};

static void check_end(const struct runner *runner, sarn_status status)
{
    if (status != runner->expected) {
        bench_must(status == SARN_OK ? SARN_ERR_STATE : status, NULL, runner->workflow);
    }
}

static void start_init(struct runner *runner, struct sarn_start *start, char id[32])
{
    int size = snprintf(id, 32, "%llu", (unsigned long long)runner->next);

    runner->next += 1;
    *start = (struct sarn_start)SARN_START_INIT;
    start->workflow = runner->workflow;
    start->workflow_id = (struct sarn_str){id, (uint32_t)size};
}

static double run_alone(struct runner *runner, double seconds)
{
    double begin = bench_clock();
    uint64_t count = 0;

    while (bench_clock() < begin + seconds) {
        struct sarn_start start;
        struct sarn_error error;
        char id[32];

        start_init(runner, &start, id);
        check_end(runner, sarn_execute(runner->engine, &start, NULL, &error));
        count += 1;
    }
    return (double)count / (bench_clock() - begin);
}

static void saga_ended(void *arg, const struct sarn_reply *reply);

static void saga_start(struct runner *runner)
{
    struct sarn_start start;
    struct sarn_error error;
    char id[32];

    start_init(runner, &start, id);
    runner->flying += 1;
    bench_must(sarn_execution_start(runner->engine, &start, saga_ended, runner, &error),
               &error, "start");
}

static void saga_ended(void *arg, const struct sarn_reply *reply)
{
    struct runner *runner = arg;

    check_end(runner, reply->status);
    runner->flying -= 1;
    runner->done += 1;
    if (bench_clock() < runner->end) {
        saga_start(runner);
    } else if (runner->flying == 0) {
        sarn_stop(runner->engine);
    }
}

static double run_many(struct runner *runner, double seconds)
{
    double begin = bench_clock();
    struct sarn_error error;

    runner->end = begin + seconds;
    runner->done = 0;
    for (uint32_t i = 0; i < AT_A_TIME; i++) {
        saga_start(runner);
    }
    bench_must(sarn_run(runner->engine, &error), &error, "run");
    return (double)runner->done / (bench_clock() - begin);
}

/* --- what a saga writes --- */

struct cost {
    uint32_t commits; /* For one saga alone. */
    uint32_t events;
    uint32_t bytes; /* Of a record, on average. */
};

static sarn_status add_bytes(void *arg, const struct sarn_event *event)
{
    uint64_t *bytes = arg;

    *bytes += BENCH_HEADER_BYTES + (event->payload.size + 7) / 8 * 8;
    return SARN_OK;
}

/* Run a few alone, and count. */
static struct cost cost_of(struct runner *runner)
{
    const uint32_t sample = 8;
    struct sarn_engine_stats before = {.struct_size = sizeof(before)};
    struct sarn_engine_stats after = {.struct_size = sizeof(after)};
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error;
    struct sarn_log_stats log = {.struct_size = sizeof(log)};
    uint64_t bytes = 0;
    struct cost cost;

    bench_must(sarn_log_get_stats(sarn_engine_log(runner->engine), &log, &error),
               &error, "stats");
    bench_must(sarn_engine_get_stats(runner->engine, &before, &error), &error, "stats");
    for (uint32_t i = 0; i < sample; i++) {
        struct sarn_start start;
        char id[32];

        start_init(runner, &start, id);
        check_end(runner, sarn_execute(runner->engine, &start, NULL, &error));
    }
    bench_must(sarn_engine_get_stats(runner->engine, &after, &error), &error, "stats");
    range.from = log.last_position + 1;
    range.flags = SARN_READ_RAW;
    bench_must(
        sarn_read(sarn_engine_log(runner->engine), &range, add_bytes, &bytes, &error),
        &error, "read");
    cost.commits = (uint32_t)((after.commits - before.commits + sample / 2) / sample);
    cost.events = (uint32_t)((after.events - before.events + sample / 2) / sample);
    cost.bytes = (uint32_t)(bytes / (after.events - before.events));
    return cost;
}

/* Sagas a second that raw LMDB could commit, so many at a time. */
static double raw_sagas(struct bench_raw *raw,
                        double seconds,
                        const struct cost *cost,
                        uint32_t at_a_time)
{
    double begin = bench_clock();
    uint64_t count = 0;

    while (bench_clock() < begin + seconds) {
        uint32_t left = cost->events * at_a_time;

        for (uint32_t i = 0; i < cost->commits; i++) {
            uint32_t batch = left / (cost->commits - i);

            bench_raw_commit(raw, batch > 0 ? batch : 1, cost->bytes);
            left -= batch;
        }
        count += at_a_time;
    }
    return (double)count / (bench_clock() - begin);
}

static void measure(const struct bench *bench,
                    sarn_engine *engine,
                    struct bench_raw *raw,
                    const char *workflow,
                    bool failing,
                    bool many)
{
    struct runner runner = {.engine = engine,
                            .workflow = workflow,
                            .expected = failing ? SARN_ERR_COMPENSATED : SARN_OK,
                            .next = many ? UINT64_C(1) << 32 : 1};
    struct cost cost = cost_of(&runner);
    struct bench_result result = {.unit = "sagas/s", .goal = many ? 0.8 : 0.9};
    double sarn[ROUNDS_MAX], beside[ROUNDS_MAX], ratio[ROUNDS_MAX];
    char name[64];

    for (uint32_t i = 0; i < bench->rounds; i++) {
        sarn[i] = many ? run_many(&runner, bench->seconds)
                       : run_alone(&runner, bench->seconds);
        beside[i] = raw_sagas(raw, bench->seconds, &cost, many ? AT_A_TIME : 1);
        ratio[i] = sarn[i] / beside[i];
    }
    snprintf(name, sizeof(name), "saga %s, %s", workflow,
             many ? "64 at a time" : "one");
    result.name = name;
    result.sarn = bench_median(sarn, bench->rounds);
    result.raw = bench_median(beside, bench->rounds);
    result.ratio = bench_median(ratio, bench->rounds);
    snprintf(result.note, sizeof(result.note),
             "%u commits, %u events of %u B each alone", cost.commits, cost.events,
             cost.bytes);
    bench_report(bench, &result);
}

void bench_saga(const struct bench *bench)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error;
    char path[BENCH_PATH_BYTES];
    sarn_engine *engine;
    struct bench_raw *raw;

    bench_remove(bench, "saga.sarn");
    bench_remove(bench, "raw.mdb");
    bench_path(bench, "saga.sarn", path);
    options.modules = modules;
    options.module_count = 1;
    bench_must(sarn_open(path, &options, &engine, &error), &error, "open");
    raw = bench_raw_open(bench, "raw.mdb");
    for (size_t i = 0; i < WORKFLOWS; i++) {
        bool failing = i >= WORKFLOWS / 2;

        measure(bench, engine, raw, workflows[i].name, failing, false);
        measure(bench, engine, raw, workflows[i].name, failing, true);
    }
    sarn_close(engine);
    bench_raw_close(raw);
    bench_remove(bench, "saga.sarn");
    bench_remove(bench, "raw.mdb");
}
