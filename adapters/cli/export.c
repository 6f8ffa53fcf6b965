/* sarn export: a log, or a part of it, as a stream of bytes. */
#include <string.h>
#include <unistd.h>

#include "archive.h"

/* Positions of the first and last event of an export that wrote some. */
static uint64_t first_of(const struct sarn_export *out)
{
    return out->end.position - out->events + 1;
}

static void say(const struct sarn_export *out, const struct cli_sink *sink, bool json)
{
    struct sarn_archive_end begin = {.position = out->end.position - out->events};
    const struct cli_account account = {
        .done = "exported",
        .events = out->events,
        .commits = out->commits,
        .bytes = out->bytes,
        .seconds = cli_progress_seconds(&sink->progress),
        .format = cli_format_name(out->format),
        .begin = &begin,
        .end = &out->end,
        .complete = true,
    };
    FILE *to = sink->file ? stdout : stderr; /* Not among what is exported. */

    cli_say_archive(to, &account, json);
}

/* The range goes by commits, which are whole or not there. */
static void
say_bounds(const struct sarn_export *out, uint64_t from, uint64_t to, uint64_t last)
{
    if (out->events > 0 && from > 1 && first_of(out) != from) {
        cli_complain("position %llu lies inside a commit: it begins at position %llu",
                     (unsigned long long)from, (unsigned long long)first_of(out));
    }
    if (to != 0 && out->end.position < to && to <= last) {
        cli_complain("position %llu lies inside a commit, which is whole or not there: "
                     "the archive ends before it, at position %llu",
                     (unsigned long long)to, (unsigned long long)out->end.position);
    }
}

static int
export_to(sarn_log *log, struct sarn_export *out, struct cli_sink *sink, bool json)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct sarn_error error = {SARN_OK, ""};
    uint64_t from = out->from, to = out->to;
    sarn_status status = sarn_log_get_stats(log, &stats, &error);

    out->write = cli_sink_write;
    out->progress = cli_sink_progress;
    out->arg = sink;
    if (status == SARN_OK) {
        status = sarn_log_export(log, out, &error);
    }
    cli_progress_clear(&sink->progress);
    if (status == SARN_OK && cli_sink_sync(sink)) {
        say_bounds(out, from, to, stats.last_position);
        say(out, sink, json);
        return CLI_OK;
    }
    sink->done = 0; /* Of a new file nothing is kept. */
    if (sink->what == NULL) {
        cli_complain("%s", error.text);
        return cli_archive_status(status);
    }
    cli_complain("cannot %s %s: %s", sink->what, sink->name, strerror(sink->error));
    return CLI_FAILED;
}

static bool parse_format(const char *text, uint32_t *format)
{
    if (strcmp(text, "binary") == 0 || strcmp(text, "json") == 0) {
        *format = text[0] == 'j' ? SARN_ARCHIVE_JSON_LINES : SARN_ARCHIVE_BINARY;
        return true;
    }
    cli_complain("--format is binary or json, not %s", text);
    return false;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct sarn_export out = SARN_EXPORT_INIT;
    struct cli_sink sink;
    struct cli_common common = {0};
    const char *words[2] = {NULL, NULL}, *format = "binary";
    const struct cli_option options[] = {{"format", CLI_TEXT, &format, 'f'},
                                         {"from", CLI_POSITION, &out.from, 0},
                                         {"to", CLI_POSITION, &out.to, 0}};
    sarn_log *log;
    int result;

    if (!cli_parse(command, argc, argv, options, 3, &common, words, 2, 1)) {
        return cli_parse_status(&common);
    }
    if (!parse_format(format, &out.format)) {
        return CLI_USAGE;
    }
    if (words[1] != NULL && strcmp(words[1], "-") == 0) {
        words[1] = NULL;
    }
    if (words[1] == NULL && out.format == SARN_ARCHIVE_BINARY &&
        isatty(STDOUT_FILENO) == 1) {
        cli_complain(
            "standard output is a terminal: name a file, or say --format json");
        return CLI_USAGE;
    }
    result = cli_open(words[0], NULL, &log);
    if (result != CLI_OK) {
        return result;
    }
    result = cli_sink_open(&sink, words[1], words[0], CLI_SINK_NEW);
    if (result == CLI_OK) {
        result = export_to(log, &out, &sink, common.json);
        cli_sink_close(&sink);
    }
    sarn_log_close(log);
    return cli_finish(result);
}

const struct cli_command cli_export = {
    .name = "export",
    .summary = "write a log, or a part of it, as bytes or as lines of JSON",
    .usage =
        "sarn export LOG [FILE] [options] - write a log to standard output, or to a "
        "new\n"
        "FILE, as an archive: all records as they are, and the hash chain over them. "
        "A\n"
        "live log may be written to meanwhile: what it holds now is exported.\n"
        "\n"
        "  -f, --format binary  the smallest, and the quickest to import (the "
        "default)\n"
        "  -f, --format json    a line of JSON for each event, as sarn log --json "
        "shows\n"
        "                       it, with the record itself in \"record\"; and for each "
        "commit\n"
        "  --from N, --to N     the commits that hold position N and later; that end\n"
        "                       at position N or before\n"
        "  --json               say what was done as one JSON object\n"
        "\n"
        "What was done is said on standard output, or where the archive goes there, "
        "on\n"
        "standard error. A FILE that could not be written whole is removed.\n"
        "\n"
        "Exit status: 0 done, and a FILE is synced; 1 the log is damaged; 5 also: "
        "nobody\n"
        "reads any more, or no space is left; 6 FILE is there already; 2: see sarn "
        "--help.\n",
    .run = run,
};
