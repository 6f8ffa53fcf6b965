#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sarn/events.h>

#include "powercut.h"

static uint64_t mix_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    }
    return hash;
}

uint64_t power_event_hash(const struct sarn_event *event)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    hash = mix_bytes(hash, &event->position, sizeof(event->position));
    hash = mix_bytes(hash, &event->version, sizeof(event->version));
    hash = mix_bytes(hash, event->id.bytes, sizeof(event->id.bytes));
    hash = mix_bytes(hash, event->stream.data, event->stream.size);
    hash = mix_bytes(hash, event->type_name.data, event->type_name.size);
    return mix_bytes(hash, event->payload.data, event->payload.size);
}

/* --- marks --- */

static struct power_told *told(struct power_story *story, uint64_t number)
{
    if (number == 0 || number > story->work_count) {
        power_die("trace", "it tells of a work that nobody sent");
    }
    return &story->works[number];
}

static const struct power_mark *mark_of(const struct power_record *record)
{
    return record->kind == POWER_MARK ? (const void *)power_data(record) : NULL;
}

static void take_marks(struct power_story *story)
{
    const struct power_trace *trace = story->trace;

    story->work_count = trace->records[0]->offset;
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct power_mark *mark = mark_of(trace->records[i]);

        if (mark != NULL && mark->work > story->work_count) {
            story->work_count = mark->work;
        }
    }
    story->works = power_resize(NULL, story->work_count + 1, sizeof(story->works[0]));
    for (uint64_t n = 0; n <= story->work_count; n++) {
        story->works[n] = (struct power_told){
            .sent = UINT32_MAX, .acked = UINT32_MAX, .acted = UINT32_MAX};
    }
    for (uint32_t i = 0; i < trace->count; i++) {
        const struct power_mark *mark = mark_of(trace->records[i]);

        if (mark != NULL && mark->kind == POWER_SENT) {
            told(story, mark->work)->sent = i;
        } else if (mark != NULL && mark->kind == POWER_ACKED) {
            told(story, mark->work)->acked = i;
            told(story, mark->work)->status = (sarn_status)mark->status;
            told(story, mark->work)->position = mark->position;
        } else if (mark != NULL && mark->kind == POWER_ACTED &&
                   told(story, mark->work)->acted == UINT32_MAX) {
            told(story, mark->work)->acted = i;
        }
    }
}

/* --- the log that it led to --- */

static sarn_status take_event(void *arg, const struct sarn_event *event)
{
    struct power_story *story = arg;
    uint64_t voyage = power_number(event->stream, "voyage-v-");
    uint64_t transfer = power_number(event->stream, "funds_transfer-t-");

    if (event->position != story->event_count + 1) {
        power_die("the whole log", "it has a gap");
    }
    if (story->event_count % 1024 == 0) {
        story->hashes = power_resize(story->hashes, story->event_count + 1025,
                                     sizeof(story->hashes[0]));
    }
    story->event_count += 1;
    story->hashes[event->position] = power_event_hash(event);
    if (event->type == &sarn_execution_compensated_type && transfer != 0 &&
        transfer <= story->work_count) {
        story->works[transfer].undone_position = event->position;
    }
    if (event->type == &sarn_step_started_type && voyage != 0 &&
        voyage <= story->work_count) {
        const struct sarn_step_started *started = event->data;

        if (sarn_str_equal(started->step, sarn_str("book")) &&
            story->works[voyage].acted_position == 0) {
            story->works[voyage].acted_position = event->position;
        }
    }
    return SARN_OK;
}

static void
read_log(struct power_story *story, const char *path, sarn_event_fn *handler)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error;
    sarn_status status;
    sarn_log *log;

    options.modules = power_modules;
    options.module_count = 3;
    status = sarn_log_open(path, &options, &log, &error);
    if (status == SARN_ERR_NOT_FOUND) {
        return; /* It is no log yet. */
    }
    if (status != SARN_OK || sarn_read(log, NULL, handler, story, &error) != SARN_OK) {
        power_die("the whole log", error.text);
        return;
    }
    sarn_log_close(log);
}

static sarn_status count_event(void *arg, const struct sarn_event *event)
{
    ((struct power_story *)arg)->base_count = event->position;
    return SARN_OK;
}

void power_story_read(struct power_story *story,
                      const struct power_trace *trace,
                      const char *path)
{
    struct power_disk disk;

    if (trace->records[0]->kind != POWER_LOAD) {
        power_die("trace", "it is none");
    }
    *story = (struct power_story){.trace = trace, .seed = trace->records[0]->refers};
    take_marks(story);
    power_disk_init(&disk, trace, 0);
    power_disk_all(&disk, trace->count);
    power_disk_write(&disk, path);
    if (disk.exists) {
        read_log(story, path, take_event);
    }
    if (trace->count > 1 && trace->records[1]->kind == POWER_BASE) {
        power_disk_all(&disk, 2);
        power_disk_write(&disk, path);
        read_log(story, path, count_event);
    }
    (void)unlink(path);
    power_disk_done(&disk);
    for (uint64_t n = 1; n <= story->work_count; n++) {
        const struct power_told *work = &story->works[n];

        if (work->position > story->event_count ||
            (work->acted != UINT32_MAX && work->acted_position == 0) ||
            (work->acked != UINT32_MAX && work->status == SARN_ERR_COMPENSATED &&
             work->undone_position == 0)) {
            power_die("the whole log", "it lacks what was acknowledged");
        }
    }
}

void power_story_done(struct power_story *story)
{
    free(story->hashes);
    free(story->works);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t power_story_needs(const struct power_story *story, uint32_t cut)
{
    uint64_t needs = story->base_count;

    for (uint32_t i = 0; i < cut; i++) {
        const struct power_mark *mark = mark_of(story->trace->records[i]);

        if (mark == NULL) {
            continue;
        }
        needs = later(needs, mark->position);
        if (mark->kind == POWER_ACTED) {
            needs = later(needs, story->works[mark->work].acted_position);
        } else if (mark->kind == POWER_ACKED && mark->status == SARN_ERR_COMPENSATED) {
            /* An answer that is a failure has no position. */
            needs = later(needs, story->works[mark->work].undone_position);
        }
    }
    return needs;
}
