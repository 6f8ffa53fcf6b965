/* faulttest: make the n-th malloc, write, sync or open of a scene fail, for every n or
 * some, once and from then on, and hold what comes of it to the library's promises.
 *
 * Each fault has a name, SCENE/KIND/ERROR/MODE/N, that repeats it.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "crash/faults/drive.h"
#include "support/number.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define BEYOND_MAX    3u /* Threads: one run has more calls than another. */
#define FAILURES_TOLD 40u

static const char *const kinds[FAULT_KINDS] = {"malloc", "write", "sync", "open"};
static const char *const modes[] = {"once", "while", "on"};
static const char *const ends[FAULT_ENDS] = {"good",   "crashed", "hung",
                                             "leaked", "lost",    "unclear"};
static const struct {
    const char *name;
    int value;
} errors[] = {{"ENOMEM", ENOMEM},
              {"EIO", EIO},
              {"ENOSPC", ENOSPC},
              {"EMFILE", EMFILE},
              {"short", FAULT_SHORT}};

/* What each kind fails with. */
static const struct {
    enum fault_kind kind;
    int error;
} causes[] = {{FAULT_MALLOC, ENOMEM},     {FAULT_WRITE, EIO}, {FAULT_WRITE, ENOSPC},
              {FAULT_WRITE, FAULT_SHORT}, {FAULT_SYNC, EIO},  {FAULT_SYNC, ENOSPC},
              {FAULT_OPEN, EMFILE},       {FAULT_OPEN, EIO},  {FAULT_OPEN, ENOSPC}};

struct test {
    struct fault_drive drive;
    const char *scene; /* NULL: all. */
    const char *kind;
    uint64_t sample, seed; /* sample 0: every one. */
    uint64_t faults, stopped, ended[FAULT_ENDS];
};

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15)); /* splitmix64 */

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static const char *error_name(int error)
{
    for (size_t i = 0; i < COUNT(errors); i++) {
        if (errors[i].value == error) {
            return errors[i].name;
        }
    }
    return "?";
}

/* Play one, and tell if it ended badly. */
static void
try_one(struct test *test, const struct fault_scene *scene, struct fault_plan plan)
{
    enum fault_ending end = fault_drive_one(&test->drive, scene, &plan);

    test->faults += 1;
    test->ended[end] += 1;
    test->stopped += test->drive.report->stopped;
    if (end != FAULT_END_GOOD && test->faults - test->ended[0] <= FAILURES_TOLD) {
        printf("%s: %s\n    scripts/faulttest --case %s/%s/%s/%s/%llu\n", ends[end],
               test->drive.report->why, scene->name, kinds[plan.kind],
               error_name(plan.error), modes[plan.mode], (unsigned long long)plan.n);
        fflush(stdout);
    }
}

static void every(struct test *test,
                  const struct fault_scene *scene,
                  struct fault_plan plan,
                  uint64_t count)
{
    uint64_t beyond = 0;

    for (plan.n = 1; plan.n <= count || beyond < BEYOND_MAX; plan.n++) {
        try_one(test, scene, plan);
        if (plan.n > count && test->drive.report->struck == 0) {
            beyond += 1;
        }
    }
}

static void some(struct test *test,
                 const struct fault_scene *scene,
                 struct fault_plan plan,
                 uint64_t count)
{
    for (uint64_t i = 0; i < test->sample && count > 0; i++) {
        plan.n = 1 + draw(&test->seed, count);
        try_one(test, scene, plan);
    }
}

static void play_scene(struct test *test, const struct fault_scene *scene)
{
    const struct fault_plan none = {.n = 0};
    uint64_t counts[FAULT_KINDS];
    uint64_t before = test->faults, good = test->ended[0];

    fault_drive_prepare(&test->drive, scene);
    if (fault_drive_one(&test->drive, scene, &none) != FAULT_END_GOOD) {
        printf("%s goes wrong without any fault: %s\n", scene->name,
               test->drive.report->why);
        exit(1);
    }
    memcpy(counts, test->drive.report->counts, sizeof(counts));
    for (size_t i = 0; i < COUNT(causes); i++) {
        if (test->kind != NULL && strcmp(test->kind, kinds[causes[i].kind]) != 0) {
            continue;
        }
        for (size_t mode = 0; mode < COUNT(modes); mode++) {
            const struct fault_plan plan = {.kind = causes[i].kind,
                                            .mode = (enum fault_mode)mode,
                                            .error = causes[i].error};

            (test->sample == 0 ? every : some)(test, scene, plan, counts[plan.kind]);
        }
    }
    printf("%-12s %6llu faults, %llu bad (%llu mallocs, %llu writes, %llu syncs, "
           "%llu opens)\n",
           scene->name, (unsigned long long)(test->faults - before),
           (unsigned long long)(test->faults - before - (test->ended[0] - good)),
           (unsigned long long)counts[FAULT_MALLOC],
           (unsigned long long)counts[FAULT_WRITE],
           (unsigned long long)counts[FAULT_SYNC],
           (unsigned long long)counts[FAULT_OPEN]);
    fflush(stdout);
}

/* The index of word in words; ends the program when it is none of them. */
static size_t index_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (word != NULL && strcmp(word, words[i]) == 0) {
            return i;
        }
    }
    fprintf(stderr, "faulttest: \"%s\" is not known here\n", word == NULL ? "" : word);
    exit(2);
}

static const struct fault_scene *scene_of(const char *name)
{
    const char *names[64];

    for (uint32_t i = 0; i < fault_scene_count; i++) {
        names[i] = fault_scenes[i].name;
    }
    return &fault_scenes[index_of(name, names, fault_scene_count)];
}

/* SCENE/KIND/ERROR/MODE/N */
static void play_case(struct test *test, char *text)
{
    const char *error_names[COUNT(errors)];
    const char *parts[5] = {NULL};
    const struct fault_scene *scene;
    struct fault_plan plan;

    for (size_t i = 0; i < COUNT(parts); i++) {
        parts[i] = strsep(&text, "/");
    }
    for (size_t i = 0; i < COUNT(errors); i++) {
        error_names[i] = errors[i].name;
    }
    scene = scene_of(parts[0]);
    plan.kind = (enum fault_kind)index_of(parts[1], kinds, FAULT_KINDS);
    plan.error = errors[index_of(parts[2], error_names, COUNT(errors))].value;
    plan.mode = (enum fault_mode)index_of(parts[3], modes, COUNT(modes));
    plan.n = parts[4] == NULL ? 0 : strtoull(parts[4], NULL, 10);
    test->drive.shown = true;
    fault_drive_prepare(&test->drive, scene);
    try_one(test, scene, plan);
}

static void usage(FILE *to)
{
    fprintf(to,
            "usage: faulttest --folder DIR [--every | --sample K] [--seed S]\n"
            "                 [--scene NAME] [--kind malloc|write|sync|open]\n"
            "       faulttest --folder DIR --case SCENE/KIND/ERROR/MODE/N [--patient]\n"
            "Make the n-th call fail: for every n, or K of each sort (3).\n"
            "Scenes:");
    for (uint32_t i = 0; i < fault_scene_count; i++) {
        fprintf(to, " %s", fault_scenes[i].name);
    }
    fprintf(to, "\n");
}

static void *shared(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("faulttest: mmap");
        exit(2);
    }
    return memory;
}

/* Fill test from the command line; the case, or NULL. */
static char *read_options(struct test *test, int argc, char **argv)
{
    char *one = NULL;

    for (int i = 1; i < argc; i++) {
        char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            exit(0);
        } else if (strcmp(argv[i], "--every") == 0) {
            test->sample = 0;
            continue;
        } else if (strcmp(argv[i], "--patient") == 0) {
            test->drive.patient = true;
            continue;
        } else if (value == NULL) {
            usage(stderr);
            exit(2);
        } else if (strcmp(argv[i], "--folder") == 0) {
            test->drive.folder = value;
        } else if (strcmp(argv[i], "--scene") == 0) {
            test->scene = value;
        } else if (strcmp(argv[i], "--kind") == 0) {
            test->kind = value;
        } else if (strcmp(argv[i], "--case") == 0) {
            one = value;
        } else if (!(strcmp(argv[i], "--sample") == 0 &&
                     number_parse(value, &test->sample) && test->sample != 0) &&
                   !(strcmp(argv[i], "--seed") == 0 &&
                     number_parse(value, &test->seed))) {
            usage(stderr);
            exit(2);
        }
        i++;
    }
    return one;
}

int main(int argc, char **argv)
{
    struct test test = {.sample = 3, .seed = 1};
    char *one;

    test.drive.report = shared(sizeof(*test.drive.report));
    one = read_options(&test, argc, argv);
    if (test.drive.folder == NULL) {
        usage(stderr);
        return 2;
    }
    if (test.kind != NULL) {
        (void)index_of(test.kind, kinds, FAULT_KINDS);
    }
    if (one != NULL) {
        play_case(&test, one);
    } else if (test.scene != NULL) {
        play_scene(&test, scene_of(test.scene));
    } else {
        for (uint32_t i = 0; i < fault_scene_count; i++) {
            play_scene(&test, &fault_scenes[i]);
        }
    }
    printf("faults=%llu", (unsigned long long)test.faults);
    for (int i = FAULT_END_CRASHED; i < FAULT_ENDS; i++) {
        printf(" %s=%llu", ends[i], (unsigned long long)test.ended[i]);
    }
    printf("\n");
    return test.ended[FAULT_END_GOOD] == test.faults ? 0 : 1;
}
