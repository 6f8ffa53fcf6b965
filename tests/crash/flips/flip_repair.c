#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flips.h"
#include "sarn/archive.h"
#include "sarn/payments.h"
#include "sarn/sarn.h"

static bool wrong(struct flip_bench *bench, const char *what, const char *detail)
{
    snprintf(bench->why, sizeof(bench->why), "repair: %.99s: %.300s", what, detail);
    return false;
}

/* Up to where all must be saved. One bit can spoil one record, which verify has named:
 * its commit is lost. Where nothing but trees, metas or what is free is damaged, all
 * is there. */
static uint64_t
owed(const struct flip_bench *bench, enum flip_kind kind, enum flip_verdict verdict)
{
    const char *named = strstr(bench->why, "record at position ");
    unsigned long long position = 0;

    if (verdict == FLIP_HARMLESS) {
        return bench->log->events;
    }
    if (kind != FLIP_BITS) {
        return 0;
    }
    if (named == NULL || sscanf(named, "record at position %llu", &position) != 1 ||
        position > bench->log->events) {
        return bench->log->events;
    }
    for (position--; position > 0 && bench->log->commit_end[position] != position;) {
        position--;
    }
    return position;
}

/* The engine takes it, and goes on. */
static bool goes_on(struct flip_bench *bench)
{
    static const struct sarn_module *const modules[] = {&sarn_payments_module};
    struct sarn_str payload = {"again", 5};
    struct sarn_new_event event = {.type_name = "said", .data = &payload};
    struct sarn_stream_append to = {.stream = sarn_str("talk-0"),
                                    .expected_version = SARN_ANY,
                                    .events = &event,
                                    .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_error error = {SARN_OK, ""};
    sarn_engine *engine;

    options.modules = modules;
    options.module_count = 1;
    if (sarn_open(bench->repaired, &options, &engine, &error) != SARN_OK) {
        return wrong(bench, "what is saved cannot be opened", error.text);
    }
    append.streams = &to;
    append.stream_count = 1;
    if (sarn_append_call(engine, &append, NULL, &error) != SARN_OK) {
        wrong(bench, "what is saved does not go on", error.text);
    }
    sarn_close(engine);
    if (error.status == SARN_OK &&
        sarn_log_verify(bench->repaired, NULL, &error) != SARN_OK) {
        return wrong(bench, "what went on does not verify", error.text);
    }
    return error.status == SARN_OK;
}

/* Is what was saved the beginning of the log? */
static bool is_prefix(struct flip_bench *bench, const struct sarn_repair *repair)
{
    struct sarn_error error;
    uint64_t events;

    if (sarn_log_verify(bench->repaired, NULL, &error) != SARN_OK) {
        return wrong(bench, "what is saved does not verify", error.text);
    }
    if (!flip_is_prefix(bench->log, bench->repaired, &events)) {
        return wrong(bench, "what is saved was never in the log", "");
    }
    return events == repair->events ||
           wrong(bench, "the number of events is another", "");
}

/* Nobody wrote to the damaged file, and nothing else is left. */
static bool left_alone(struct flip_bench *bench)
{
    static uint8_t bytes[FLIP_FILE_MAX + FLIP_GARBAGE_MAX];
    const struct flip_damage *damage = &bench->damage;
    char part[FLIP_PATH_MAX + 8];

    snprintf(part, sizeof(part), "%s-part", bench->repaired);
    if (access(part, F_OK) == 0) {
        return wrong(bench, "it leaves a file", part);
    }
    if (pread(bench->fd, bytes, sizeof(bytes), 0) != (ssize_t)damage->size ||
        memcmp(bytes, damage->bytes, damage->size) != 0) {
        return wrong(bench, "it wrote to the damaged file", "");
    }
    return true;
}

bool flip_repair(struct flip_bench *bench,
                 enum flip_kind kind,
                 enum flip_verdict verdict)
{
    uint64_t wanted = owed(bench, kind, verdict);
    struct sarn_repair repair = SARN_REPAIR_INIT;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = sarn_log_repair(bench->path, bench->repaired, &repair, &error);
    char text[FLIP_TEXT_BYTES];
    bool good;

    if (status != SARN_OK) {
        good = (status == SARN_ERR_CORRUPT ||
                (status == SARN_ERR_NOT_FOUND && bench->damage.size == 0)) &&
               wanted == 0 && error.text[0] != '\0' &&
               access(bench->repaired, F_OK) != 0;
        return good ? left_alone(bench) : wrong(bench, "it failed", error.text);
    }
    good = is_prefix(bench, &repair) && left_alone(bench);
    if (good && repair.events < wanted) {
        snprintf(text, sizeof(text), "%llu of %llu events are saved, %llu could be",
                 (unsigned long long)repair.events,
                 (unsigned long long)bench->log->events, (unsigned long long)wanted);
        good = wrong(bench, "too much is lost", text);
    }
    if (good && kind == FLIP_BITS &&
        repair.events + repair.lost_events != bench->log->events) {
        good = wrong(bench, "it does not say how much is lost", "");
    }
    good = good && goes_on(bench);
    flip_remove_log(bench->repaired);
    return good;
}
