/* Archives into a log: what sarn restore and sarn import have in common. */
#include <string.h>

#include "archive.h"

struct importing {
    const struct cli_import *what;
    struct cli_source source; /* The archive that is read. */
    struct sarn_import in;    /* Its import; */
    uint64_t commits, events; /* all of them. */
    bool stopped;             /* By --to or --to-time. */
    bool cut_off;             /* The archive was, that was read last. */
    double seconds;
};

static sarn_status show_progress(void *arg, uint64_t done, uint64_t total)
{
    struct cli_source *source = arg;

    if (source->size > 0) {
        done = source->done;
        total = source->size;
    }
    cli_progress_show(&source->progress, done, total);
    return SARN_OK;
}

/* --- where it ended --- */

/* The log went further before we came: there is no way back. */
static bool is_past(const struct importing *importing)
{
    const struct cli_import *what = importing->what;
    const struct sarn_archive_end *end = &importing->in.end;

    return (what->to != 0 && end->position > what->to) ||
           (what->to_time_us != 0 && end->position > 0 &&
            end->time_us > what->to_time_us);
}

/* Hold where it ended against what was asked for. */
static int judge_end(const struct importing *importing)
{
    const struct cli_import *what = importing->what;
    unsigned long long position = importing->in.end.position, to = what->to;

    if (is_past(importing)) {
        cli_complain("%s has more than was asked for: it ends at position %llu, and a "
                     "log does not go back; restore into a new one",
                     what->log_path, position);
        return CLI_REFUSED;
    }
    if (to == 0 || position == to) {
        return CLI_OK;
    }
    if (!importing->stopped) {
        cli_complain("there is nothing to restore up to position %llu: %s ends at "
                     "position %llu",
                     to, importing->source.name, position);
        return CLI_WRONG;
    }
    cli_complain(
        "position %llu lies inside a commit, which begins at position %llu and "
        "is whole or not there: the log ends before it",
        to, position + 1);
    return CLI_OK;
}

static int judge_head(const struct importing *importing)
{
    const uint8_t *head = importing->in.end.hash;
    uint8_t expected[32];
    char text[CLI_HASH_BYTES];

    if (importing->what->expect == NULL) {
        return CLI_OK;
    }
    if (!cli_hash_parse(importing->what->expect, expected)) {
        return CLI_USAGE; /* Looked at before; does not happen. */
    }
    if (memcmp(head, expected, sizeof(expected)) == 0) {
        return CLI_OK;
    }
    cli_hash_text(head, text);
    cli_complain("the head is %s, and not what was expected: these are not the same "
                 "events",
                 text);
    return CLI_WRONG;
}

static void say(const struct importing *importing, bool complete)
{
    const struct cli_account account = {
        .done = "restored",
        .events = importing->events,
        .commits = importing->commits,
        .seconds = importing->seconds,
        .end = &importing->in.end,
        .complete = complete,
    };

    cli_say_archive(stdout, &account, importing->what->json);
}

/* --- one archive --- */

static int import_source(struct importing *importing)
{
    const struct cli_import *what = importing->what;
    struct sarn_import *in = &importing->in;
    struct cli_source *source = &importing->source;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    *in = (struct sarn_import)SARN_IMPORT_INIT;
    in->to = what->to;
    in->to_time_us = what->to_time_us;
    in->source = cli_source_read;
    in->progress = show_progress;
    in->arg = source;
    status = sarn_log_import(what->log_path, in, &error);
    cli_progress_clear(&source->progress);
    importing->commits += in->commits;
    importing->events += in->events;
    importing->seconds += cli_progress_seconds(&source->progress);
    if (status != SARN_OK) {
        return cli_source_fail(source, status, &error);
    }
    /* Who stops at a commit has not asked for what is behind it. */
    importing->cut_off = !in->complete && source->ended;
    importing->stopped = !in->complete && !source->ended;
    if (importing->cut_off) {
        cli_complain("%s was cut off: it is good, and restored, up to position %llu",
                     source->name, (unsigned long long)in->end.position);
    }
    return CLI_OK;
}

static int import_one(struct importing *importing, const char *path)
{
    int result;

    if (!cli_source_open(&importing->source, path)) {
        return CLI_FAILED;
    }
    result = import_source(importing);
    cli_source_close(&importing->source);
    return result;
}

int cli_import_archives(const struct cli_import *what)
{
    struct importing importing = {.what = what, .in = SARN_IMPORT_INIT};
    uint8_t expected[32];
    int result = CLI_OK, judged;

    if (what->expect != NULL && !cli_hash_parse(what->expect, expected)) {
        return CLI_USAGE;
    }
    for (size_t i = 0; i < what->archive_count && result == CLI_OK; i++) {
        result = import_one(&importing, what->archives[i]);
        if (importing.stopped ||
            (what->to != 0 && importing.in.end.position >= what->to)) {
            break;
        }
    }
    if (result == CLI_OK) {
        judged = judge_end(&importing);
        result = judge_head(&importing);
        result = result == CLI_OK ? judged : result;
        result = result == CLI_OK && importing.cut_off ? CLI_WRONG : result;
    }
    if (result != CLI_FAILED && result != CLI_REFUSED) {
        say(&importing, result == CLI_OK);
    }
    return result;
}

/* --- sarn import --- */

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_import what = {.archive_count = 1};
    struct cli_common common = {0};
    const char *words[2] = {NULL, NULL};
    const struct cli_option options[] = {{"to", CLI_POSITION, &what.to, 0},
                                         {"to-time", CLI_TIME, &what.to_time_us, 0},
                                         {"expect", CLI_TEXT, &what.expect, 0}};

    if (!cli_parse(command, argc, argv, options, 3, &common, words, 2, 1)) {
        return cli_parse_status(&common);
    }
    what.log_path = words[0];
    what.archives = &words[1];
    what.json = common.json;
    return cli_finish(cli_import_archives(&what));
}

const struct cli_command cli_import = {
    .name = "import",
    .summary = "make a log from an export of either format",
    .usage =
        "sarn import NEW [FILE] [options] - make the log NEW from an archive: from "
        "FILE,\n"
        "or from standard input; binary or lines of JSON, as it is found. It is the "
        "same\n"
        "log: the same positions, hashes and id. Of a line of JSON \"record\" is "
        "taken;\n"
        "what stands beside it is not looked at.\n"
        "\n"
        "  --to, --to-time, --expect, --json  as sarn restore has them\n"
        "\n"
        "sarn export OLD | ssh HOST sarn import NEW moves a log. See sarn restore "
        "--help\n"
        "for what it means that executions are in it.\n"
        "\n"
        "Exit status: as sarn restore.\n",
    .run = run,
};
