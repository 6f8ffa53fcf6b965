#include "crash/faults/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct judged {
    struct fault_world *world;
    uint32_t found[FAULT_NOTES_MAX];
    uint64_t position;
};

static sarn_status judge_event(void *arg, const struct sarn_event *event)
{
    struct judged *judged = arg;
    char text[32] = "";

    judged->position += 1;
    if (event->position != judged->position) {
        fault_end(judged->world, FAULT_LOST, "a gap before position %llu",
                  (unsigned long long)event->position);
    }
    if (event->type == &jar_put_in_type) {
        const struct jar_put_in *in = event->data;

        if (in->note.size > 5 && in->note.size < sizeof(text) &&
            memcmp(in->note.data, "note-", 5) == 0) {
            unsigned long id;

            memcpy(text, in->note.data + 5, in->note.size - 5);
            id = strtoul(text, NULL, 10);
            judged->found[id < FAULT_NOTES_MAX ? id : 0] += 1;
        }
    }
    return SARN_OK;
}

static void keep_first(void *arg, const char *text)
{
    char *first = arg;

    if (first[0] == '\0') {
        snprintf(first, SARN_ERROR_TEXT_BYTES, "%s", text);
    }
}

static void judge_tables(struct fault_world *world, sarn_log *log)
{
    struct sarn_check check = SARN_CHECK_INIT;
    char first[SARN_ERROR_TEXT_BYTES] = "";

    check.finding = keep_first;
    check.arg = first;
    (void)DID(world, sarn_log_check(log, &check, &world->error));
    if (check.differences != 0) {
        fault_end(world, FAULT_LOST, "the tables are not those of the log: %s", first);
    }
}

static void judge_file(struct fault_world *world)
{
    struct sarn_check check = SARN_CHECK_INIT;
    char first[SARN_ERROR_TEXT_BYTES] = "";

    check.finding = keep_first;
    check.arg = first;
    fault_begin(world, "sarn_log_verify()");
    if (sarn_log_verify(world->path, &check, &world->error) != SARN_OK) {
        fault_end(world, FAULT_LOST, "the log does not verify: %s; %s",
                  world->error.text, first);
    }
}

void fault_judge(struct fault_world *world)
{
    const struct sarn_module *const modules[] = {&jar_module};
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct judged judged = {.world = world};
    sarn_log *log = NULL;

    options.modules = modules;
    options.module_count = 1;
    options.heap = fault_heap();
    (void)DID(world, sarn_log_open(world->path, &options, &log, &world->error));
    (void)DID(world, sarn_read(log, NULL, judge_event, &judged, &world->error));
    for (uint32_t id = 0; id < FAULT_NOTES_MAX; id++) {
        bool there = world->notes[id] == FAULT_ACKED;

        if (judged.found[id] > 1 || (there && judged.found[id] == 0)) {
            fault_end(world, FAULT_LOST, "note %u is in the log %u times", id,
                      judged.found[id]);
        }
    }
    judge_tables(world, log);
    sarn_log_close(log);
    judge_file(world);
}
