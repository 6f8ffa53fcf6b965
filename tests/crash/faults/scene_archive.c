/* A log as a stream of bytes, out and in; and what is saved of a file. */
#define _POSIX_C_SOURCE 200809L

#include "crash/faults/scenes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sarn/archive.h>

#define TAPE_BYTES (256u * 1024)

struct tape {
    char bytes[TAPE_BYTES];
    size_t size, at;
};

static sarn_status record(void *arg, const void *data, size_t size)
{
    struct tape *tape = arg;

    if (size > sizeof(tape->bytes) - tape->size) {
        return SARN_ERR_TOO_LARGE;
    }
    memcpy(tape->bytes + tape->size, data, size);
    tape->size += size;
    return SARN_OK;
}

static sarn_status play_back(void *arg, void *data, size_t *size)
{
    struct tape *tape = arg;
    size_t left = tape->size - tape->at;

    *size = *size < left ? *size : left;
    memcpy(data, tape->bytes + tape->at, *size);
    tape->at += *size;
    return SARN_OK;
}

/* path: another file in the scene's folder. */
static void
beside(const struct fault_world *world, char path[FAULT_PATH_BYTES], const char *name)
{
    (void)snprintf(path, FAULT_PATH_BYTES, "%s/%s", world->folder, name);
}

static bool take_out(struct fault_world *world, uint32_t format, struct tape *tape)
{
    struct sarn_export out = SARN_EXPORT_INIT;
    sarn_log *log = NULL;
    bool done = false;

    tape->size = tape->at = 0;
    out.format = format;
    out.write = record;
    out.arg = tape;
    if (DID(world, sarn_log_open(world->path, NULL, &log, &world->error))) {
        done = DID(world, sarn_log_export(log, &out, &world->error));
        sarn_log_close(log);
    }
    return done;
}

static void look(struct fault_world *world, struct tape *tape)
{
    struct sarn_archive_info info = SARN_ARCHIVE_INFO_INIT;

    tape->at = 0;
    if (DID(world, sarn_archive_look(play_back, tape, &info, &world->error))) {
        HOLDS(world, info.complete && info.events > 12);
    }
}

static void bring_in(struct fault_world *world, const char *path, struct tape *tape)
{
    struct sarn_import in = SARN_IMPORT_INIT;

    tape->at = 0;
    in.source = play_back;
    in.arg = tape;
    if (DID(world, sarn_log_import(path, &in, &world->error))) {
        HOLDS(world, in.complete && in.end.position > 12);
    }
}

static void verify(struct fault_world *world, const char *path)
{
    struct sarn_check check = SARN_CHECK_INIT;

    if (world->strict) {
        (void)DID(world, sarn_log_verify(path, &check, &world->error));
        HOLDS(world, check.events > 12);
    }
}

void scene_archive(struct fault_world *world)
{
    char path[FAULT_PATH_BYTES];
    struct tape tape;

    beside(world, path, "other.sarn");
    if (take_out(world, SARN_ARCHIVE_BINARY, &tape)) {
        look(world, &tape);
        bring_in(world, path, &tape);
    }
    if (take_out(world, SARN_ARCHIVE_JSON_LINES, &tape)) {
        look(world, &tape);
        bring_in(world, path, &tape); /* What is there already, or all of it. */
    }
    verify(world, path);
}

void scene_repair(struct fault_world *world)
{
    struct sarn_repair repair = {.struct_size = sizeof(repair)};
    char path[FAULT_PATH_BYTES], lock[FAULT_PATH_BYTES];

    beside(world, path, "repaired.sarn");
    beside(world, lock, "repaired.sarn-lock");
    (void)unlink(path);
    (void)unlink(lock);
    if (DID(world, sarn_log_repair(world->path, path, &repair, &world->error))) {
        HOLDS(world, repair.events > 12 && repair.lost_events == 0);
    }
    verify(world, path);
}
