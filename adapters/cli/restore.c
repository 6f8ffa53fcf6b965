/* sarn restore: a log from a backup and its increments. */
#include "archive.h"

#define ARCHIVES_MAX 64u

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_import what = {.archive_count = 0};
    struct cli_common common = {0};
    const char *words[1 + ARCHIVES_MAX] = {NULL};
    const struct cli_option options[] = {{"to", CLI_POSITION, &what.to, 0},
                                         {"to-time", CLI_TIME, &what.to_time_us, 0},
                                         {"expect", CLI_TEXT, &what.expect, 0}};

    if (!cli_parse(command, argc, argv, options, 3, &common, words, 1 + ARCHIVES_MAX,
                   2)) {
        return cli_parse_status(&common);
    }
    what.log_path = words[0];
    what.archives = words + 1;
    while (what.archive_count < ARCHIVES_MAX &&
           what.archives[what.archive_count] != NULL) {
        what.archive_count += 1;
    }
    what.json = common.json;
    return cli_finish(cli_import_archives(&what));
}

const struct cli_command cli_restore = {
    .name = "restore",
    .summary = "make a log from a backup and its increments, up to a position or time",
    .usage =
        "sarn restore NEW BACKUP [INCREMENT...] [options] - make the log NEW from a\n"
        "backup and those that follow it, in order. Every checksum and hash is "
        "checked\n"
        "before it is written. Where NEW is there and is a beginning of the same log, "
        "it\n"
        "goes on with it: so one that was interrupted may be repeated.\n"
        "\n"
        "  --to POSITION  only the commits that end there or before\n"
        "  --to-time TIME only those of that time or before: 2026-11-21,\n"
        "                 2026-11-21T11:17:00.5Z, or microseconds since 1970; UTC\n"
        "  --expect HASH  the head must be this one, as sarn backup or stats printed "
        "it\n"
        "  --json         one JSON object\n"
        "\n"
        "A restored log is the same log. Its executions go on when a program that "
        "runs\n"
        "them opens it, from where it ends: steps that had been done after that are "
        "done\n"
        "again. And where the old log is still used, both run the same executions: "
        "see\n"
        "that only one of them is. docs/archive.md says more.\n"
        "\n"
        "Exit status: 0 restored; 1 a backup is damaged or cut off, ends too early, "
        "or\n"
        "the head is another: what is whole was restored; 6 NEW is another log, has "
        "more\n"
        "already, is owned, or a backup between is missing; 2, 5: see sarn --help.\n",
    .run = run,
};
