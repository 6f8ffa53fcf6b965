#define _GNU_SOURCE

#include "crash/faults/drive.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_S   20u
#define BLOCKS_SHOWN 4u

/* --- files --- */

static void
name(char path[FAULT_PATH_BYTES], const struct fault_drive *drive, const char *what)
{
    snprintf(path, FAULT_PATH_BYTES, "%s/%s", drive->folder, what);
}

/* Remove all that scenes leave in their folder. */
static void sweep(const struct fault_drive *drive)
{
    static const char *const left[] = {"run.sarn",         "run.sarn-lock",
                                       "run.sarn-control", "other.sarn",
                                       "other.sarn-lock",  "other.sarn-control",
                                       "repaired.sarn",    "repaired.sarn-lock"};

    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        char path[FAULT_PATH_BYTES];

        name(path, drive, left[i]);
        (void)unlink(path);
    }
}

static bool copy(const char *from, const char *to)
{
    char bytes[65536];
    ssize_t got = 0;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = in >= 0 && out >= 0;

    while (good && (got = read(in, bytes, sizeof(bytes))) > 0) {
        good = write(out, bytes, (size_t)got) == got;
    }
    close(in);
    close(out);
    return good && got == 0;
}

/* --- the child --- */

static void check_blocks(struct fault_world *world)
{
    struct fault_block blocks[BLOCKS_SHOWN];
    uint32_t out = fault_blocks_out(blocks, BLOCKS_SHOWN);
    char text[512] = "";
    size_t size = 0;

    for (uint32_t i = 0; i < out && i < BLOCKS_SHOWN; i++) {
        Dl_info info = {.dli_fname = "?"};

        (void)dladdr(blocks[i].caller, &info);
        size += (size_t)snprintf(
            text + size, sizeof(text) - size, " %zu bytes by %s+0x%tx;", blocks[i].size,
            info.dli_fname, (const char *)blocks[i].caller - (char *)info.dli_fbase);
    }
    if (out != 0) {
        fault_end(world, FAULT_LEAKED, "%u blocks were not given back:%s", out, text);
    }
}

static void begin_world(struct fault_world *world,
                        const struct fault_drive *drive,
                        const struct fault_plan *plan)
{
    *world = (struct fault_world){
        .folder = drive->folder, .plan = plan, .report = drive->report};
    world->jar.context.struct_size = sizeof(world->jar.context);
    world->jar.context.transfers.struct_size = sizeof(world->jar.context.transfers);
    name(world->path, drive, "run.sarn");
}

static void play(const struct fault_drive *drive,
                 const struct fault_scene *scene,
                 const struct fault_plan *plan)
{
    struct fault_world world;

    begin_world(&world, drive, plan);
    fault_arm(plan);
    scene->play(&world);
    fault_disarm();
    for (int i = 0; i < FAULT_KINDS; i++) {
        drive->report->counts[i] = fault_count((enum fault_kind)i);
    }
    drive->report->struck = fault_struck();
    check_blocks(&world);
    world.strict = true;
    world.failed = false;
    scene->play(&world);
    if (!scene->no_log) {
        fault_judge(&world);
    }
    _exit(FAULT_GOOD);
}

/* The first of a process has caches to fill, which are nobody's leak. */
static void warm(const struct fault_drive *drive, const struct fault_scene *scene)
{
    const struct fault_plan none = {.n = 0};
    struct fault_world world;

    begin_world(&world, drive, &none);
    world.strict = true;
    world.loud = true;
    scene->play(&world);
    sweep(drive);
}

/* --- the parent --- */

static int wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

static enum fault_ending judge(const struct fault_drive *drive, int status)
{
    char *why = drive->report->why;
    size_t room = sizeof(drive->report->why);

    if (WIFEXITED(status)) {
        switch (WEXITSTATUS(status)) {
        case FAULT_GOOD:
            return FAULT_END_GOOD;
        case FAULT_LEAKED:
            return FAULT_END_LEAKED;
        case FAULT_LOST:
            return FAULT_END_LOST;
        case FAULT_UNCLEAR:
            return FAULT_END_UNCLEAR;
        default:
            snprintf(why, room, "exit %d in %s", WEXITSTATUS(status),
                     drive->report->call);
            return FAULT_END_CRASHED;
        }
    }
    if (WTERMSIG(status) == SIGALRM) {
        snprintf(why, room, "no end after %u s, in %s", PATIENCE_S,
                 drive->report->call);
        return FAULT_END_HUNG;
    }
    snprintf(why, room, "signal %d in %s", WTERMSIG(status), drive->report->call);
    return FAULT_END_CRASHED;
}

static void begin_log(const struct fault_drive *drive, const struct fault_scene *scene)
{
    char from[FAULT_PATH_BYTES], to[FAULT_PATH_BYTES];

    sweep(drive);
    if (scene->prepare != NULL) {
        name(from, drive, "prepared.sarn");
        name(to, drive, "run.sarn");
        if (!copy(from, to)) {
            fprintf(stderr, "faulttest: cannot copy %s\n", from);
            exit(2);
        }
    }
}

enum fault_ending fault_drive_one(const struct fault_drive *drive,
                                  const struct fault_scene *scene,
                                  const struct fault_plan *plan)
{
    pid_t child;

    memset(drive->report, 0, sizeof(*drive->report));
    begin_log(drive, scene);
    child = fork();
    if (child < 0) {
        perror("faulttest: fork");
        exit(2);
    }
    if (child == 0) {
        if (!drive->patient) {
            alarm(PATIENCE_S);
        }
        if (drive->shown) {
            fault_show_strikes();
        }
        play(drive, scene, plan);
    }
    return judge(drive, wait_for(child));
}

static void prepare(const struct fault_drive *drive, const struct fault_scene *scene)
{
    const struct fault_plan none = {.n = 0};
    struct fault_world world;
    char lock[FAULT_PATH_BYTES];

    begin_world(&world, drive, &none);
    world.strict = true;
    world.loud = true;
    name(world.path, drive, "prepared.sarn");
    name(lock, drive, "prepared.sarn-lock");
    (void)unlink(world.path);
    (void)unlink(lock);
    scene->prepare(&world);
    (void)unlink(lock);
}

void fault_drive_prepare(const struct fault_drive *drive,
                         const struct fault_scene *scene)
{
    memset(drive->report, 0, sizeof(*drive->report));
    if (scene->prepare != NULL) {
        prepare(drive, scene);
    }
    begin_log(drive, scene);
    warm(drive, scene);
}
