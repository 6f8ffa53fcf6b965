/* sarn archive: what an archive holds, and whether it is whole. */
#include "archive.h"

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct sarn_archive_info info = SARN_ARCHIVE_INFO_INIT;
    struct cli_common common = {0};
    struct cli_source source;
    const char *words[1] = {NULL};
    int result;

    if (!cli_parse(command, argc, argv, NULL, 0, &common, words, 1, 0)) {
        return cli_parse_status(&common);
    }
    if (!cli_source_open(&source, words[0])) {
        return CLI_FAILED;
    }
    result = cli_source_look(&source, &info);
    if (result == CLI_OK) {
        const struct cli_account account = {
            .done = "has",
            .events = info.events,
            .commits = info.commits,
            .bytes = info.bytes,
            .seconds = cli_progress_seconds(&source.progress),
            .log_id = &info.log_id,
            .format = cli_format_name(info.format),
            .begin = &info.begin,
            .end = &info.end,
            .complete = info.complete,
            .why = info.why,
        };

        cli_say_archive(stdout, &account, common.json);
        result = info.complete ? CLI_OK : CLI_WRONG;
    }
    cli_source_close(&source);
    return cli_finish(result);
}

const struct cli_command cli_archive = {
    .name = "archive",
    .summary = "what a backup or export holds, and whether it is whole",
    .usage =
        "sarn archive [FILE] [options] - read an archive (standard input without "
        "FILE)\n"
        "from end to end and check it without its log: every checksum, every hash, "
        "the\n"
        "chain from where it begins to where it ends, and the mark that ends it. Say\n"
        "which log it is of, from where to where it goes, and the head, which is what\n"
        "sarn stats says of a log that ends there.\n"
        "\n"
        "  --json  one JSON object\n"
        "\n"
        "One that is cut off or damaged is good up to its last whole commit: that is\n"
        "what is told of it, and what is wrong behind it.\n"
        "\n"
        "Exit status: 0 it is whole; 1 it is not, or is no archive; 5 it could not be\n"
        "read; 2: see sarn --help.\n",
    .run = run,
};
