/* powercut: what may a power cut leave of a log, and is all there that was promised?
 *
 * A program is recorded while it works (power_shim.c), and the log's file is made again
 * as a power cut at any moment could have left it; each such state is opened and
 * judged. Every third recording begins with no file, the others with a state of the one
 * before: so what follows a cut is cut, too, and what makes a log from an archive of
 * one. docs/hacking.md says how to look at one state.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sarn/archive.h>

#include "powercut.h"

#define STATES_OF_TRACE 250u
#define CHAIN           3u

struct options {
    uint64_t states, seed, state, each;
    bool one, exhaustive, quiet;
    uint32_t lies, workers;
    const char *lie;
    const char *trace, *folder, *keep, *shim, *self;
};

static void usage(FILE *to)
{
    fprintf(
        to,
        "usage: powercut --states N [--seed S] [--each N] [--workers W] "
        "[--exhaustive]\n"
        "                [--lie sync|meta|folder] [--quiet]\n"
        "       powercut --trace FILE --seed S --state K [--exhaustive]\n"
        "Judge N states in which a power cut can leave a log, or state K again.\n"
        "\n"
        "  --seed S       the first recording's (default 1)\n"
        "  --each N       states of each recording (default %u)\n"
        "  --workers W    processes that judge (default 2)\n"
        "  --exhaustive   not drawn: every subset of the pages under way, where they\n"
        "                 are at most 10\n"
        "  --lie WHAT     a disk that does not keep its word: sync: fdatasync and\n"
        "                 O_DSYNC do nothing; meta: O_DSYNC does nothing; folder: a\n"
        "                 folder's fsync does nothing. States must be lost.\n"
        "  --quiet        count failures, do not tell them\n"
        "  --keep DIR     where what fails is kept; must exist\n"
        "  --folder DIR   for files that come and go; must exist\n"
        "  --shim FILE    the recording shim\n",
        STATES_OF_TRACE);
}

static uint64_t number_of(const char *text)
{
    char *end;
    uint64_t number;

    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-') {
        power_die(text, "is no number");
    }
    return number;
}

static uint32_t lie_of(const char *text)
{
    static const char *const lies[] = {"sync", "meta", "folder"};

    for (uint32_t i = 0; i < 3; i++) {
        if (strcmp(text, lies[i]) == 0) {
            return 1u << i;
        }
    }
    power_die(text, "is no lie (there are: sync meta folder)");
    return 0;
}

/* The argument after a name; false: it has another name. */
static bool take_value(struct options *options, const char *name, const char *value)
{
    if (strcmp(name, "--states") == 0) {
        options->states = number_of(value);
    } else if (strcmp(name, "--seed") == 0) {
        options->seed = number_of(value);
    } else if (strcmp(name, "--state") == 0) {
        options->state = number_of(value);
        options->one = true;
    } else if (strcmp(name, "--each") == 0) {
        options->each = number_of(value);
    } else if (strcmp(name, "--workers") == 0) {
        options->workers = (uint32_t)number_of(value);
    } else if (strcmp(name, "--lie") == 0) {
        options->lies = lie_of(value);
        options->lie = value;
    } else if (strcmp(name, "--trace") == 0) {
        options->trace = value;
    } else if (strcmp(name, "--folder") == 0) {
        options->folder = value;
    } else if (strcmp(name, "--keep") == 0) {
        options->keep = value;
    } else if (strcmp(name, "--shim") == 0) {
        options->shim = value;
    } else {
        return false;
    }
    return true;
}

static void parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            usage(stdout);
            exit(0);
        } else if (strcmp(argv[i], "--exhaustive") == 0) {
            options->exhaustive = true;
        } else if (strcmp(argv[i], "--quiet") == 0) {
            options->quiet = true;
        } else if (i + 1 < argc && take_value(options, argv[i], argv[i + 1])) {
            i += 1;
        } else {
            usage(stderr);
            exit(2);
        }
    }
    if (options->folder == NULL || options->keep == NULL || options->workers == 0 ||
        options->each == 0 ||
        (options->one ? options->trace == NULL
                      : options->states == 0 || options->shim == NULL)) {
        usage(stderr);
        exit(2);
    }
}

/* --- one recording --- */

struct campaign {
    const struct options *options;
    struct power_recording recording;
    char base[POWER_PATH_MAX], archive[POWER_PATH_MAX];
    struct power_before before; /* What the next recording begins with. */
    bool failed;                /* The last recording: nothing is built on it. */
    uint64_t judged, lost, corrupt;
};

static void run_states(struct campaign *campaign,
                       const struct power_story *story,
                       uint64_t seed,
                       uint64_t first,
                       uint64_t count)
{
    const struct options *options = campaign->options;
    struct power_run run = {.story = story,
                            .folder = options->folder,
                            .keep = options->keep,
                            .seed = seed,
                            .first = first,
                            .count = count,
                            .lies = options->lies,
                            .lie = options->lie,
                            .workers = count == 1 ? 1 : options->workers,
                            .pages_max = options->exhaustive ? POWER_PAGES_MAX : 0,
                            .quiet = options->quiet};

    power_pool_run(&run);
    campaign->judged += run.judged;
    campaign->lost += run.lost;
    campaign->corrupt += run.corrupt;
    campaign->failed = run.lost + run.corrupt != 0;
    if (campaign->failed && options->trace == NULL) {
        char kept[POWER_PATH_MAX];

        snprintf(kept, sizeof(kept), "%s/trace-%llu", options->keep,
                 (unsigned long long)seed);
        power_copy(campaign->recording.trace, kept);
    }
}

static uint64_t states_of(const struct campaign *campaign,
                          const struct power_trace *trace)
{
    const struct options *options = campaign->options;
    uint64_t left = options->states - campaign->judged, count = options->each;

    if (options->exhaustive) {
        struct power_disk disk;

        power_disk_init(&disk, trace, options->lies);
        count = power_disk_count(&disk, POWER_PAGES_MAX);
        power_disk_done(&disk);
    }
    return count < left ? count : left;
}

static void
carry_marks(struct power_before *before, const struct power_trace *trace, uint32_t cut)
{
    before->mark_count = 0;
    before->marks = power_resize(before->marks, trace->count, sizeof(before->marks[0]));
    for (uint32_t i = 0; i < cut; i++) {
        const struct power_mark *mark = (const void *)power_data(trace->records[i]);

        if (trace->records[i]->kind == POWER_MARK && mark->kind != POWER_SEEN) {
            before->marks[before->mark_count++] = *mark;
        }
    }
}

static sarn_status write_archive(void *arg, const void *data, size_t size)
{
    return fwrite(data, 1, size, arg) == size ? SARN_OK : SARN_ERR_IO;
}

/* false: the file at path is no log. */
static bool export_log(const char *path, const char *archive)
{
    struct sarn_export out = SARN_EXPORT_INIT;
    struct sarn_error error;
    sarn_log *log;

    if (sarn_log_open(path, NULL, &log, &error) != SARN_OK) {
        return false;
    }
    out.write = write_archive;
    out.arg = fopen(archive, "wb");
    if (out.arg == NULL || sarn_log_export(log, &out, &error) != SARN_OK ||
        fclose(out.arg) != 0) {
        power_die("export", error.text);
    }
    sarn_log_close(log);
    return true;
}

/* A state of this recording is what the next one begins with, or an archive of it. */
static void
leave_base(struct campaign *campaign, const struct power_trace *trace, uint64_t seed)
{
    struct power_before *before = &campaign->before;
    uint64_t draws = power_mix(seed, 1);
    struct power_disk disk;

    power_disk_init(&disk, trace, 0);
    power_disk_draw(&disk, seed, UINT64_MAX);
    power_disk_write(&disk, campaign->base);
    carry_marks(before, trace, disk.cut);
    before->base = disk.exists ? campaign->base : NULL;
    before->archive = NULL;
    if (disk.exists && power_draw(&draws, 3) == 0 &&
        export_log(campaign->base, campaign->archive)) {
        before->base = NULL;
        before->archive = campaign->archive;
    }
    power_disk_done(&disk);
}

static void begin_chain(struct campaign *campaign, uint64_t seed)
{
    campaign->recording.seed = seed;
    campaign->recording.next_work = 1;
    campaign->before.mark_count = 0;
    campaign->before.base = campaign->before.archive = NULL;
}

static void run_recording(struct campaign *campaign, uint64_t number)
{
    struct power_recording *recording = &campaign->recording;
    uint64_t seed = campaign->options->seed + number;
    uint64_t draws = power_mix(seed, 0);
    const char *begun_with;
    struct power_trace trace;
    struct power_story story;

    if (number % CHAIN == 0 || campaign->failed) {
        begin_chain(campaign, seed);
    }
    begun_with = campaign->before.archive != NULL ? " after an import"
                 : campaign->before.base != NULL  ? " after a cut"
                                                  : "";
    recording->lives = 1 + (uint32_t)power_draw(&draws, 4);
    recording->works = 4 + (uint32_t)power_draw(&draws, 36);
    power_record(recording, &campaign->before);
    power_trace_open(&trace, recording->trace);
    power_story_read(&story, &trace, recording->file);
    run_states(campaign, &story, seed, 0, states_of(campaign, &trace));
    fprintf(stderr, "seed %llu: %u lives%s, %llu events; %llu of %llu states%s",
            (unsigned long long)seed, recording->lives, begun_with,
            (unsigned long long)story.event_count, (unsigned long long)campaign->judged,
            (unsigned long long)campaign->options->states,
            isatty(STDERR_FILENO) ? "\033[K\r" : "\n");
    leave_base(campaign, &trace, seed);
    power_story_done(&story);
    power_trace_close(&trace);
}

static void run_one(struct campaign *campaign)
{
    const struct options *options = campaign->options;
    struct power_trace trace;
    struct power_story story;

    power_trace_open(&trace, options->trace);
    power_story_read(&story, &trace, campaign->recording.file);
    run_states(campaign, &story, options->seed, options->state, 1);
    power_story_done(&story);
    power_trace_close(&trace);
}

int main(int argc, char **argv)
{
    struct options options = {
        .seed = 1, .each = STATES_OF_TRACE, .workers = 2, .self = argv[0]};
    struct campaign campaign = {.options = &options};

    if (argc == 6 && strcmp(argv[1], "--life") == 0) {
        return power_life(argv[2], number_of(argv[3]), number_of(argv[4]),
                          number_of(argv[5]));
    }
    if (argc == 4 && strcmp(argv[1], "--import") == 0) {
        return power_import(argv[2], argv[3]);
    }
    parse(&options, argc, argv);
    campaign.recording.self = options.self;
    campaign.recording.shim = options.shim;
    snprintf(campaign.recording.trace, sizeof(campaign.recording.trace), "%s/trace",
             options.folder);
    snprintf(campaign.recording.file, sizeof(campaign.recording.file),
             "%s/recorded.sarn", options.folder);
    snprintf(campaign.base, sizeof(campaign.base), "%s/base.sarn", options.folder);
    snprintf(campaign.archive, sizeof(campaign.archive), "%s/archive", options.folder);
    if (options.one) {
        run_one(&campaign);
    }
    for (uint64_t i = 0; !options.one && campaign.judged < options.states; i++) {
        run_recording(&campaign, i);
    }
    free(campaign.before.marks);
    printf("states=%llu lost=%llu corrupt=%llu\n", (unsigned long long)campaign.judged,
           (unsigned long long)campaign.lost, (unsigned long long)campaign.corrupt);
    return campaign.lost + campaign.corrupt == 0 ? 0 : 1;
}
