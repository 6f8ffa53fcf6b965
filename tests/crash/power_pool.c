/* States are judged in processes of their own, many in each: a file may crash who reads
 * it. What a process is at is in memory that all share, so that a crash has a name. */
#define _DEFAULT_SOURCE

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "powercut.h"

#define WORKERS_MAX 8u
#define BATCH       200u /* States of one process. */
#define STATE_S     60u  /* One that takes longer hangs. */

struct slot {
    volatile uint64_t next, end; /* Next: the state it is at. */
    volatile uint64_t judged, lost, corrupt;
    pid_t pid;
};

static void make_state(const struct power_run *run, struct power_disk *disk, uint64_t k)
{
    if (run->pages_max != 0) {
        power_disk_choose(disk, k);
    } else {
        power_disk_draw(disk, run->seed, k);
    }
}

static void tell(const struct power_run *run,
                 const struct power_disk *disk,
                 uint64_t k,
                 const char *verdict,
                 const char *text)
{
    char path[POWER_PATH_MAX];

    snprintf(path, sizeof(path), "%s/seed-%llu-state-%llu.sarn", run->keep,
             (unsigned long long)run->seed, (unsigned long long)k);
    power_disk_write(disk, path);
    if (!run->quiet) {
        fprintf(stderr,
                "powercut: %s: seed %llu, state %llu (%s): %s\n"
                "  the state's file: %s\n"
                "  again: scripts/powercut --trace %s/trace-%llu --seed %llu "
                "--state %llu%s%s%s\n",
                verdict, (unsigned long long)run->seed, (unsigned long long)k,
                disk->text, text, disk->exists ? path : "there is none", run->keep,
                (unsigned long long)run->seed, (unsigned long long)run->seed,
                (unsigned long long)k, run->pages_max != 0 ? " --exhaustive" : "",
                run->lie != NULL ? " --lie " : "", run->lie != NULL ? run->lie : "");
    }
}

static void judge_one(const struct power_run *run,
                      struct slot *slot,
                      struct power_disk *disk,
                      const char *path)
{
    struct power_finding finding;
    uint64_t k = slot->next;

    make_state(run, disk, k);
    (void)alarm(STATE_S);
    power_judge(run->story, disk, path, power_mix(run->seed, ~k), &finding);
    (void)alarm(0);
    if (finding.verdict != POWER_GOOD) {
        tell(run, disk, k, finding.verdict == POWER_LOST ? "lost" : "corrupt",
             finding.text);
    }
    slot->lost += finding.verdict == POWER_LOST ? 1 : 0;
    slot->corrupt += finding.verdict == POWER_CORRUPT ? 1 : 0;
    slot->judged += 1;
    slot->next = k + 1;
}

/* In a process of its own: go on with the slot's states. */
static void judge_some(const struct power_run *run, struct slot *slot, uint32_t number)
{
    char path[POWER_PATH_MAX];
    struct power_disk disk;
    uint64_t stop = slot->next + BATCH < slot->end ? slot->next + BATCH : slot->end;

    snprintf(path, sizeof(path), "%s/state-%u.sarn", run->folder, number);
    power_disk_init(&disk, run->story->trace, run->lies);
    if (run->pages_max != 0) {
        (void)power_disk_count(&disk, run->pages_max);
    }
    while (slot->next < stop) {
        judge_one(run, slot, &disk, path);
    }
    _exit(0);
}

/* It ended as it should not: the state that it was at did that. */
static void take_crash(const struct power_run *run, struct slot *slot, int status)
{
    struct power_disk disk;
    char text[80];

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        snprintf(text, sizeof(text), "it hangs");
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof(text), "it crashes (signal %d)", WTERMSIG(status));
    } else {
        snprintf(text, sizeof(text), "its judge ended with %d", WEXITSTATUS(status));
    }
    power_disk_init(&disk, run->story->trace, run->lies);
    if (run->pages_max != 0) {
        (void)power_disk_count(&disk, run->pages_max);
    }
    make_state(run, &disk, slot->next);
    tell(run, &disk, slot->next, "corrupt", text);
    power_disk_done(&disk);
    slot->corrupt += 1;
    slot->judged += 1;
    slot->next += 1;
}

static void spawn(const struct power_run *run, struct slot *slot, uint32_t number)
{
    pid_t pid;

    slot->pid = 0;
    if (slot->next >= slot->end) {
        return;
    }
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        judge_some(run, slot, number);
    }
    if (pid < 0) {
        power_die("judge", "cannot be started");
    }
    slot->pid = pid; /* By us: the slot is the child's, too. */
}

void power_pool_run(struct power_run *run)
{
    uint32_t workers = run->workers < WORKERS_MAX ? run->workers : WORKERS_MAX;
    const int flags = MAP_SHARED | MAP_ANONYMOUS;
    size_t bytes = sizeof(struct slot) * WORKERS_MAX;
    uint32_t alive = 0;
    struct slot *slots;

    /* cppcheck-suppress invalidFunctionArg; anonymous memory has no descriptor. */
    slots = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (slots == MAP_FAILED) {
        power_die("judge", "out of memory");
        return;
    }
    for (uint32_t i = 0; i < workers; i++) {
        slots[i].next = run->first + run->count * i / workers;
        slots[i].end = run->first + run->count * (i + 1) / workers;
        spawn(run, &slots[i], i);
        alive += slots[i].pid != 0 ? 1 : 0;
    }
    while (alive != 0) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, 0);

        for (uint32_t i = 0; i < workers; i++) {
            if (slots[i].pid != pid) {
                continue;
            }
            if (status != 0) {
                take_crash(run, &slots[i], status);
            }
            spawn(run, &slots[i], i);
            alive -= slots[i].pid == 0 ? 1 : 0;
        }
    }
    for (uint32_t i = 0; i < workers; i++) {
        run->judged += slots[i].judged;
        run->lost += slots[i].lost;
        run->corrupt += slots[i].corrupt;
    }
    munmap(slots, bytes);
}
