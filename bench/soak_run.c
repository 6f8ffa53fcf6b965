/* The run: the log is opened, held under load for its time, closed, and checked. */
#define _GNU_SOURCE

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"
#include "soak_schema.h"

#define DRAIN_S 60.0

struct runner {
    const struct soak_options *options;
    struct soak soak;
    struct soak_moment moment;
    char log[SOAK_PATH_BYTES];
    pid_t reader; /* The second process; 0: none. */
};

/* --- what the threads tell each other --- */

void soak_error(struct soak *soak, const char *what, const char *why)
{
    pthread_mutex_lock(&soak->mutex);
    soak->errors += 1;
    if (soak->errors <= 10) {
        fprintf(stderr, "sarn-soak: %s: %s\n", what, why);
    }
    pthread_mutex_unlock(&soak->mutex);
}

void soak_answered(struct soak *soak, enum soak_kind kind, int64_t us)
{
    pthread_mutex_lock(&soak->mutex);
    soak_latency_add(&soak->latency[kind], us);
    soak->commands += kind == SOAK_COMMAND ? 1 : 0;
    pthread_mutex_unlock(&soak->mutex);
}

bool soak_stopping(struct soak *soak)
{
    bool stopping;

    pthread_mutex_lock(&soak->mutex);
    stopping = soak->stopping;
    pthread_mutex_unlock(&soak->mutex);
    return stopping;
}

static uint64_t flying(struct soak *soak)
{
    uint64_t count;

    pthread_mutex_lock(&soak->mutex);
    count = soak->flying;
    pthread_mutex_unlock(&soak->mutex);
    return count;
}

/* --- opening and closing --- */

static sarn_status heard(void *arg, const struct sarn_event *event)
{
    struct soak *soak = arg;
    bool next;

    pthread_mutex_lock(&soak->mutex);
    next = event->position > soak->seen;
    soak->seen = event->position;
    pthread_mutex_unlock(&soak->mutex);
    if (!next) {
        soak_error(soak, "subscriber", "an event came twice or out of order");
    }
    return SARN_OK;
}

static void heard_no_more(void *arg, sarn_status status, uint64_t position)
{
    (void)position;
    if (status != SARN_OK && status != SARN_ERR_CLOSED) {
        soak_error(arg, "subscriber", sarn_status_text(status));
    }
}

static void put_schedules(sarn_engine *engine)
{
    const struct soak_errand errand = {.stream = SARN_STR("counter-0")};
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;
    struct sarn_error error;

    schedule.workflow = "tick";
    schedule.input = &errand;
    schedule.id = sarn_str("each-second");
    schedule.interval_us = 1000000;
    schedule.overlap = SARN_OVERLAP_ALLOW;
    soak_must(sarn_schedule_put(engine, &schedule, &error), &error, "schedule");
    schedule.id = sarn_str("each-minute");
    schedule.interval_us = 0;
    schedule.cron = "* * * * *";
    schedule.zone = "Europe/Prague";
    soak_must(sarn_schedule_put(engine, &schedule, &error), &error, "schedule");
}

/* Open the log, until the first reply. */
static void open_log(struct runner *runner)
{
    struct soak *soak = &runner->soak;
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_subscribe_options from = SARN_SUBSCRIBE_OPTIONS_INIT;
    struct sarn_error error;
    sarn_subscription *subscription;

    options.modules = soak_modules;
    options.module_count = 1;
    soak_must(sarn_open(runner->log, &options, &soak->engine, &error), &error, "open");
    put_schedules(soak->engine);
    from.from = soak->seen;
    soak_must(sarn_subscribe(soak->engine, &from, heard, heard_no_more, soak,
                             &subscription, &error),
              &error, "subscribe");
    soak_must(sarn_start(soak->engine, &error), &error, "start");
}

static void reopen(struct runner *runner)
{
    int64_t begin = soak_clock_us(), closed;

    soak_gate_shut(&runner->soak.gate);
    sarn_close(runner->soak.engine);
    closed = soak_clock_us();
    open_log(runner);
    runner->moment.close_ms = (double)(closed - begin) / 1000;
    runner->moment.open_ms = (double)(soak_clock_us() - closed) / 1000;
    soak_load_again(&runner->soak);
    soak_gate_open(&runner->soak.gate);
}

/* --- the second process --- */

static void send_reader(struct runner *runner)
{
    char program[] = "/proc/self/exe", option[] = "--look";
    char *argv[] = {program, option, runner->log, NULL};
    extern char **environ;

    if (runner->reader != 0) {
        return; /* The last one reads yet. */
    }
    if (posix_spawn(&runner->reader, program, NULL, NULL, argv, environ) != 0) {
        soak_die("a second process", "cannot be started");
    }
}

static void ask_reader(struct runner *runner, bool wait)
{
    int status = 0;

    if (runner->reader == 0 ||
        waitpid(runner->reader, &status, wait ? 0 : WNOHANG) != runner->reader) {
        return;
    }
    runner->reader = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        soak_error(&runner->soak, "second process", "could not read the log");
    } else {
        runner->moment.outside += 1;
    }
}

/* --- the run --- */

static void write_row(struct runner *runner, FILE *csv, double *last)
{
    double now = (double)(soak_clock_us() - runner->soak.begin_us) / 1e6;

    runner->moment.elapsed = now;
    runner->moment.seconds = now - *last;
    *last = now;
    ask_reader(runner, false);
    soak_row(&runner->soak, &runner->moment, csv);
}

/* Until the time is over: rows, readers and reopenings at their times. */
static void hold(struct runner *runner, FILE *csv)
{
    const struct soak_options *options = runner->options;
    int64_t begin = runner->soak.begin_us;
    double end = options->minutes * 60, row = options->interval, last = 0;
    double reopening = options->reopen, outside = options->outside;

    while (row <= end + 1e-6) {
        double next = row;

        next = options->reopen > 0 && reopening < next ? reopening : next;
        next = options->outside > 0 && outside < next ? outside : next;
        soak_sleep_until(begin + (int64_t)(next * 1e6));
        if (next == row) {
            write_row(runner, csv, &last);
            row += options->interval;
        } else if (next == reopening) {
            reopen(runner);
            reopening += options->reopen;
        } else {
            send_reader(runner);
            outside += options->outside;
        }
    }
}

/* Let everything that was begun come to its end. */
static void drain(struct runner *runner)
{
    int64_t end = soak_clock_us() + (int64_t)(DRAIN_S * 1e6);

    while (flying(&runner->soak) > 0 && soak_clock_us() < end) {
        soak_sleep_until(soak_clock_us() + 10000);
    }
    if (flying(&runner->soak) > 0) {
        soak_error(&runner->soak, "draining", "some operations were never answered");
    }
    ask_reader(runner, true);
}

static void run(struct runner *runner, const char *path)
{
    struct soak *soak = &runner->soak;
    pthread_t load, look, probe;
    FILE *csv = fopen(path, "w");

    if (csv == NULL) {
        soak_die(path, "cannot be written");
    }
    soak_row_head(csv);
    open_log(runner);
    soak->begin_us = soak_clock_us();
    if (pthread_create(&load, NULL, soak_load, soak) != 0 ||
        pthread_create(&look, NULL, soak_look, soak) != 0 ||
        pthread_create(&probe, NULL, soak_probe, soak) != 0) {
        soak_die("a thread", "cannot be started");
    }
    hold(runner, csv);
    pthread_mutex_lock(&soak->mutex);
    soak->stopping = true;
    pthread_mutex_unlock(&soak->mutex);
    pthread_join(load, NULL);
    pthread_join(look, NULL);
    pthread_join(probe, NULL);
    drain(runner);
    sarn_close(soak->engine);
    fclose(csv);
}

/* --- afterwards --- */

static void found(void *arg, const char *text)
{
    soak_error(arg, "check", text);
}

/* Every command acknowledged is in the log once. */
static void count_commands(struct soak *soak, sarn_log *log)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_key key = {.size = 0};
    struct soak_sum sum = {0};
    struct sarn_error error;

    soak_must(sarn_key_add_text(&key, sarn_str("command")), &error, "key");
    soak_must(sarn_log_row(log, "sources", &key, arena, &sum, &error), &error,
              "sources");
    sarn_arena_destroy(arena);
    if (sum.events != soak->commands) {
        char text[128];

        (void)snprintf(text, sizeof(text),
                       "%llu commands were acknowledged, %llu are "
                       "in the log",
                       (unsigned long long)soak->commands,
                       (unsigned long long)sum.events);
        soak_error(soak, "count", text);
    }
}

static void check(struct runner *runner)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_check verify = SARN_CHECK_INIT, check = SARN_CHECK_INIT;
    struct sarn_error error;
    sarn_log *log;

    options.modules = soak_modules;
    options.module_count = 1;
    verify.finding = found;
    verify.arg = &runner->soak;
    check.finding = found;
    check.arg = &runner->soak;
    if (sarn_log_verify(runner->log, &verify, &error) != SARN_OK) {
        soak_error(&runner->soak, "verify", error.text);
    }
    soak_must(sarn_log_open(runner->log, &options, &log, &error), &error, "open");
    soak_must(sarn_log_check(log, &check, &error), &error, "check");
    count_commands(&runner->soak, log);
    sarn_log_close(log);
    fprintf(stderr, "sarn-soak: %llu events verified, %llu rows checked, %llu errors\n",
            (unsigned long long)verify.events, (unsigned long long)check.rows,
            (unsigned long long)runner->soak.errors);
}

uint64_t soak_run(const struct soak_options *options, const char *csv)
{
    struct runner runner = {.options = options, .soak = {.rate = options->rate}};
    char lock[SOAK_PATH_BYTES + 8];

    pthread_mutex_init(&runner.soak.mutex, NULL);
    soak_gate_init(&runner.soak.gate);
    soak_path(options, "soak.sarn", runner.log);
    soak_path(options, "soak.probe", runner.soak.probe);
    (void)snprintf(lock, sizeof(lock), "%s-lock", runner.log);
    (void)unlink(runner.log);
    (void)unlink(lock);
    run(&runner, csv);
    check(&runner);
    if (!options->keep) {
        (void)unlink(runner.log);
        (void)unlink(lock);
    }
    soak_gate_done(&runner.soak.gate);
    pthread_mutex_destroy(&runner.soak.mutex);
    return runner.soak.errors;
}
