/* A program as it is recorded: it opens the log, does works from several threads, and
 * says what was answered. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <sarn/archive.h>

#include "powercut.h"

#define THREADS_MAX 6u

/* The shim's, if it is there. */
extern void power_mark(const struct power_mark *mark) __attribute__((weak));

struct life {
    sarn_engine *engine;
    uint64_t seed;
    atomic_uint_fast64_t next;
    uint64_t end;
    bool started;
};

static void say(uint32_t kind, uint64_t work, sarn_status status, uint64_t position)
{
    struct power_mark mark = {
        .kind = kind, .status = (int32_t)status, .work = work, .position = position};

    if (power_mark != NULL) {
        power_mark(&mark);
    }
}

static void acted(void *arg, uint64_t work)
{
    (void)arg;
    say(POWER_ACTED, work, SARN_OK, 0);
}

static sarn_status seen(void *arg, const struct sarn_event *event)
{
    (void)arg;
    say(POWER_SEEN, 0, SARN_OK, event->position);
    return SARN_OK;
}

static void *work(void *arg)
{
    struct life *life = arg;

    for (;;) {
        uint64_t number = atomic_fetch_add(&life->next, 1);
        struct power_work work = power_work_of(life->seed, number);
        struct power_answer answer;

        if (number >= life->end) {
            return NULL;
        }
        say(POWER_SENT, number, SARN_OK, 0);
        power_do(life->engine, &work, life->started, &answer);
        if (!power_may_answer(&work, answer.status)) {
            power_die("a work failed", answer.text);
        }
        say(POWER_ACKED, number, answer.status, answer.position);
    }
}

static void subscribe(sarn_engine *engine)
{
    struct sarn_subscribe_options options = SARN_SUBSCRIBE_OPTIONS_INIT;
    sarn_subscription *subscription;
    struct sarn_error error;

    options.from = SARN_FROM_NOW;
    if (sarn_subscribe(engine, &options, seen, NULL, NULL, &subscription, &error) !=
        SARN_OK) {
        power_die("subscribe", error.text);
    }
}

static sarn_status read_archive(void *arg, void *data, size_t *size)
{
    *size = fread(data, 1, *size, arg);
    return ferror((FILE *)arg) ? SARN_ERR_IO : SARN_OK;
}

int power_import(const char *path, const char *archive)
{
    struct sarn_import in = SARN_IMPORT_INIT;
    struct sarn_error error;

    in.source = read_archive;
    in.arg = fopen(archive, "rb");
    if (in.arg == NULL) {
        power_die(archive, "cannot be read");
    }
    if (sarn_log_import(path, &in, &error) != SARN_OK || !in.complete) {
        power_die("import", error.text);
    }
    (void)fclose(in.arg);
    say(POWER_SEEN, 0, SARN_OK, in.end.position);
    return 0;
}

int power_life(const char *path, uint64_t seed, uint64_t first, uint64_t works)
{
    uint64_t draws = power_mix(seed, first);
    uint32_t threads = (uint32_t)power_draw(&draws, THREADS_MAX + 1);
    struct power_world world = {.acted = acted};
    struct sarn_options options = power_options(&world);
    struct life life = {.seed = seed, .end = first + works, .started = threads != 0};
    pthread_t ids[THREADS_MAX];
    struct sarn_error error;

    options.tail_max = 16u << power_draw(&draws, 5);
    atomic_init(&life.next, first);
    if (sarn_open(path, &options, &life.engine, &error) != SARN_OK) {
        power_die("open", error.text);
    }
    if (life.started && sarn_start(life.engine, &error) != SARN_OK) {
        power_die("start", error.text);
    }
    subscribe(life.engine);
    power_open_accounts(life.engine);
    for (uint32_t i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, work, &life) != 0) {
            power_die("thread", "cannot be made");
        }
    }
    if (threads == 0) { /* Who waits, dispatches. */
        (void)work(&life);
    }
    for (uint32_t i = 0; i < threads; i++) {
        (void)pthread_join(ids[i], NULL);
    }
    sarn_close(life.engine);
    return 0;
}
