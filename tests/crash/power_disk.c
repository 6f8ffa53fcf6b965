/* What a disk may hold after a power cut.
 *
 * A sector is written whole. Each sector of the file holds what the page cache had for
 * it at some moment since it was last made durable: so whole writes may be missing,
 * come in any order, or be torn between sectors. The file's size is on its own: as it
 * was made durable, or as any write or truncate since then made it; where there are no
 * data, there are zeros.
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "powercut.h"

#define PAGE 4096u

void power_disk_init(struct power_disk *disk,
                     const struct power_trace *trace,
                     uint32_t lies)
{
    uint64_t room = PAGE;

    *disk = (struct power_disk){.trace = trace, .lies = lies};
    for (uint32_t i = 0; i < trace->count; i++) {
        uint64_t end = trace->records[i]->offset + trace->records[i]->bytes;

        if (trace->records[i]->kind == POWER_REFUSED) {
            char text[100];

            snprintf(text, sizeof(text), "%.*s", (int)trace->records[i]->bytes,
                     (const char *)power_data(trace->records[i]));
            power_die("trace: it has what no state can be made of", text);
        }
        room = trace->records[i]->kind == POWER_LOAD || end < room ? room : end;
    }
    while (disk->first < trace->count &&
           trace->records[disk->first]->kind != POWER_LIFE) {
        disk->first += 1;
    }
    disk->room = (room + PAGE) / PAGE * PAGE;
    disk->bytes = power_resize(NULL, disk->room, 1);
    disk->durable = power_resize(NULL, disk->room / POWER_SECTOR, sizeof(uint32_t));
    disk->chosen = power_resize(NULL, disk->room / POWER_SECTOR, sizeof(uint32_t));
}

void power_disk_done(struct power_disk *disk)
{
    free(disk->bytes);
    free(disk->durable);
    free(disk->chosen);
    free(disk->pending);
    free(disk->moments);
}

/* --- up to the cut --- */

/* Change the bytes of sectors as record did, where wanted has a record as late. */
static void apply(struct power_disk *disk,
                  const struct power_pending *pending,
                  const uint32_t *wanted)
{
    const struct power_record *record = disk->trace->records[pending->record];

    for (uint64_t at = pending->from; at < pending->to;) {
        uint64_t sector = at / POWER_SECTOR, end = (sector + 1) * POWER_SECTOR;

        end = end < pending->to ? end : pending->to;
        if (wanted == NULL || wanted[sector] >= pending->record) {
            if (record->kind == POWER_TRUNCATE) {
                memset(disk->bytes + at, 0, end - at);
            } else {
                memcpy(disk->bytes + at, power_data(record) + (at - record->offset),
                       end - at);
            }
        }
        at = end;
    }
}

static void note_durable(struct power_disk *disk, const struct power_pending *pending)
{
    for (uint64_t at = pending->from / POWER_SECTOR; at * POWER_SECTOR < pending->to;
         at++) {
        if (disk->durable[at] < pending->record) {
            disk->durable[at] = pending->record;
        }
    }
}

static void note_size(struct power_disk *disk, const struct power_pending *pending)
{
    if (disk->durable_size_record <= pending->record) {
        disk->durable_size_record = pending->record;
        disk->durable_size = pending->size;
    }
}

/* What began before record is on the disk now. */
static void settle(struct power_disk *disk, uint32_t record)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < disk->pending_count; i++) {
        struct power_pending *pending = &disk->pending[i];

        if (pending->record >= record) {
            disk->pending[kept++] = *pending;
            continue;
        }
        apply(disk, pending, NULL);
        note_durable(disk, pending);
        note_size(disk, pending);
    }
    disk->pending_count = kept;
}

/* A write through the cache: its sectors, with whatever they had before. */
static void settle_one(struct power_disk *disk, uint32_t record)
{
    const struct power_pending *through = NULL;

    for (uint32_t i = 0; i < disk->pending_count; i++) {
        if (disk->pending[i].record == record) {
            through = &disk->pending[i];
        }
    }
    if (through == NULL) {
        return; /* A sync came first. */
    }
    note_durable(disk, through);
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        struct power_pending part = disk->pending[i];

        /* Whole sectors of it only. */
        uint64_t from = through->from / POWER_SECTOR * POWER_SECTOR;
        uint64_t to = (through->to + POWER_SECTOR - 1) / POWER_SECTOR * POWER_SECTOR;

        part.from = part.from > from ? part.from : from;
        part.to = part.to < to ? part.to : to;
        if (part.record <= record && part.from < part.to) {
            apply(disk, &part, NULL);
        }
    }
    if (through->to > disk->durable_size) {
        note_size(disk, through);
    }
}

static void add_pending(struct power_disk *disk, uint32_t index)
{
    const struct power_record *record = disk->trace->records[index];
    struct power_pending pending = {.record = index, .from = record->offset};

    if (record->kind == POWER_TRUNCATE) {
        pending.to = disk->now_size > record->offset ? disk->now_size : record->offset;
        pending.size = record->offset;
    } else {
        pending.to = record->offset + record->bytes;
        pending.size = disk->now_size > pending.to ? disk->now_size : pending.to;
    }
    disk->now_size = pending.size;
    if (disk->pending_count == disk->pending_room) {
        disk->pending_room = disk->pending_room * 2 + 64;
        disk->pending =
            power_resize(disk->pending, disk->pending_room, sizeof(disk->pending[0]));
    }
    disk->pending[disk->pending_count++] = pending;
}

static void happen(struct power_disk *disk, uint32_t index)
{
    const struct power_record *record = disk->trace->records[index];
    bool no_through = (disk->lies & (POWER_LIE_SYNC | POWER_LIE_META)) != 0;

    switch (record->kind) {
    case POWER_BASE:
        memcpy(disk->bytes, power_data(record), record->bytes);
        disk->durable_size = disk->now_size = record->bytes;
        disk->exists = disk->named = true;
        break;
    case POWER_CREATE:
        disk->exists = true;
        break;
    case POWER_FOLDER_SYNC:
        disk->named =
            disk->named || (disk->exists && (disk->lies & POWER_LIE_FOLDER) == 0);
        break;
    case POWER_WRITE:
    case POWER_TRUNCATE:
        add_pending(disk, index);
        break;
    case POWER_SYNC_END:
        if ((disk->lies & POWER_LIE_SYNC) == 0) {
            settle(disk, power_trace_find(disk->trace, record->refers));
        }
        break;
    case POWER_DURABLE:
        if (!no_through) {
            settle_one(disk, power_trace_find(disk->trace, record->refers));
        }
        break;
    default:
        break;
    }
}

/* What is durable when the records before cut have happened, and what was under way. */
static void rewind_to(struct power_disk *disk, uint32_t cut)
{
    memset(disk->bytes, 0, disk->room);
    memset(disk->durable, 0, disk->room / POWER_SECTOR * sizeof(uint32_t));
    disk->durable_size = disk->now_size = disk->durable_size_record = 0;
    disk->exists = disk->named = false;
    disk->pending_count = 0;
    disk->cut = cut;
    for (uint32_t i = 0; i < cut; i++) {
        happen(disk, i);
    }
    memcpy(disk->chosen, disk->durable, disk->room / POWER_SECTOR * sizeof(uint32_t));
}

/* --- one state --- */

/* Sectors of pending that reach the disk, by chance of 8; all: 8. */
static void choose(struct power_disk *disk, uint32_t i, uint64_t chance, uint64_t *seed)
{
    const struct power_pending *pending = &disk->pending[i];

    for (uint64_t at = pending->from / POWER_SECTOR; at * POWER_SECTOR < pending->to;
         at++) {
        if (disk->durable[at] < pending->record &&
            (chance == 8 || power_draw(seed, 8) < chance)) {
            disk->chosen[at] = pending->record;
        }
    }
}

/* Every sector as of the record that was chosen for it; then the size. */
static void materialize(struct power_disk *disk, uint64_t size)
{
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        apply(disk, &disk->pending[i], disk->chosen);
    }
    disk->size = size;
    memset(disk->bytes + size, 0, disk->room - size);
}

static void shuffle(uint32_t *order, uint32_t count, uint64_t *seed)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = (uint32_t)power_draw(seed, i + 1);

        order[i] = i;
        order[i] = order[j];
        order[j] = i;
    }
}

/* Writes by chance of 8, in any order, each whole or torn. */
static void
choose_any(struct power_disk *disk, uint64_t chance, bool torn, uint64_t *seed)
{
    uint32_t *order = power_resize(NULL, disk->pending_count + 1, sizeof(*order));

    shuffle(order, disk->pending_count, seed);
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        if (power_draw(seed, 8) < chance) {
            choose(disk, order[i], torn ? power_draw(seed, 9) : 8, seed);
        }
    }
    free(order);
}

static const char *choose_writes(struct power_disk *disk, uint64_t *seed)
{
    uint32_t count = disk->pending_count;
    uint32_t one = count == 0 ? 0 : (uint32_t)power_draw(seed, count);
    uint64_t kind = power_draw(seed, 10);

    switch (count == 0 ? 0 : kind) {
    case 0:
        return "none";
    case 1:
        choose_any(disk, 8, false, seed);
        return "all, in any order";
    case 2:
    case 3:
        for (uint32_t i = 0; i < one; i++) {
            choose(disk, i, 8, seed);
        }
        if (kind == 3) {
            choose(disk, one, power_draw(seed, 8), seed);
        }
        return kind == 3 ? "the first ones, the next torn" : "the first ones";
    case 4:
        choose(disk, count - 1, 8, seed);
        return "only the last";
    case 5:
        choose(disk, one, 8, seed);
        return "only one";
    case 6:
        for (uint32_t i = 0; i < count; i++) {
            if (i != one) {
                choose(disk, i, 8, seed);
            }
        }
        return "all but one";
    case 7:
        for (uint32_t i = 0; i < count; i++) {
            if (disk->pending[i].from < 2 * (uint64_t)PAGE) {
                choose(disk, i, 8, seed);
            }
        }
        return "only meta pages";
    case 8:
        choose_any(disk, 1 + power_draw(seed, 7), false, seed);
        return "some, in any order";
    default:
        choose_any(disk, 1 + power_draw(seed, 8), true, seed);
        return "some, torn, in any order";
    }
}

static uint64_t choose_size(struct power_disk *disk, uint64_t *seed)
{
    uint64_t draw = power_draw(seed, 3);

    if (disk->pending_count == 0 || draw == 0) {
        return disk->durable_size;
    }
    if (draw == 1) {
        return disk->now_size;
    }
    return disk->pending[power_draw(seed, disk->pending_count)].size;
}

void power_disk_draw(struct power_disk *disk, uint64_t seed, uint64_t number)
{
    uint64_t draws = power_mix(seed, number);
    const char *what;

    rewind_to(disk, disk->first + (uint32_t)power_draw(&draws, disk->trace->count -
                                                                   disk->first + 1));
    disk->exists = disk->exists && (disk->named || power_draw(&draws, 2) == 0);
    what = choose_writes(disk, &draws);
    materialize(disk, choose_size(disk, &draws));
    snprintf(disk->text, sizeof(disk->text), "cut before record %u, of %u writes %s%s",
             disk->cut, disk->pending_count, what, disk->exists ? "" : ", no file");
}

void power_disk_all(struct power_disk *disk, uint32_t cut)
{
    uint64_t unused = 0;

    rewind_to(disk, cut);
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        choose(disk, i, 8, &unused);
    }
    materialize(disk, disk->now_size);
}

/* --- every state of small moments --- */

/* Moments are before what ends a sync: all that may be missing is under way then. */
static bool is_moment(const struct power_record *record)
{
    return record->kind == POWER_SYNC_END || record->kind == POWER_DURABLE ||
           record->kind == POWER_KILLED;
}

static uint32_t pages_of(const struct power_pending *pending)
{
    return (uint32_t)((pending->to + PAGE - 1) / PAGE - pending->from / PAGE);
}

/* How many states the moment before record cut has; 0: too many pages. */
static uint64_t states_at(struct power_disk *disk, uint32_t cut, uint32_t pages_max)
{
    uint32_t pages = 0;

    rewind_to(disk, cut);
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        pages += pages_of(&disk->pending[i]);
    }
    return pages > pages_max ? 0 : UINT64_C(2) << pages;
}

uint64_t power_disk_count(struct power_disk *disk, uint32_t pages_max)
{
    uint64_t count = 0;

    disk->moments =
        power_resize(disk->moments, disk->trace->count, sizeof(disk->moments[0]));
    disk->moment_count = 0;
    for (uint32_t i = 0; i < disk->trace->count; i++) {
        uint64_t states =
            is_moment(disk->trace->records[i]) ? states_at(disk, i, pages_max) : 0;

        if (states != 0) {
            disk->moments[disk->moment_count++] = (struct power_moment){i, count};
            count += states;
        }
    }
    return count;
}

/* Page number of pending, as a write of its own. */
static struct power_pending page_of(const struct power_pending *pending,
                                    uint32_t number)
{
    struct power_pending page = *pending;
    uint64_t from = (pending->from / PAGE + number) * PAGE;

    page.from = page.from > from ? page.from : from;
    page.to = page.to < from + PAGE ? page.to : from + PAGE;
    return page;
}

static void choose_pages(struct power_disk *disk, uint64_t mask)
{
    for (uint32_t i = 0; i < disk->pending_count; i++) {
        for (uint32_t p = 0; p < pages_of(&disk->pending[i]); p++, mask >>= 1) {
            struct power_pending page = page_of(&disk->pending[i], p);

            for (uint64_t at = page.from / POWER_SECTOR;
                 (mask & 1) != 0 && at * POWER_SECTOR < page.to; at++) {
                if (disk->durable[at] < page.record) {
                    disk->chosen[at] = page.record;
                }
            }
        }
    }
}

void power_disk_choose(struct power_disk *disk, uint64_t number)
{
    const struct power_moment *moment = disk->moments;
    uint64_t state;

    for (uint32_t i = 0; i < disk->moment_count && disk->moments[i].first <= number;
         i++) {
        moment = &disk->moments[i];
    }
    state = number - moment->first;
    rewind_to(disk, moment->cut);
    choose_pages(disk, state / 2);
    materialize(disk, state % 2 == 0 ? disk->durable_size : disk->now_size);
    snprintf(disk->text, sizeof(disk->text),
             "cut before record %u, pages 0x%llx of %u writes", disk->cut,
             (unsigned long long)state / 2, disk->pending_count);
}

void power_disk_write(const struct power_disk *disk, const char *path)
{
    int fd;

    (void)unlink(path);
    if (!disk->exists) {
        return;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (uint64_t at = 0; fd >= 0 && at < disk->size;) {
        ssize_t put = write(fd, disk->bytes + at, disk->size - at);

        if (put <= 0) {
            power_die(path, "cannot be written");
        }
        at += (uint64_t)put;
    }
    if (fd < 0 || close(fd) != 0) {
        power_die(path, "cannot be written");
    }
}
