/* sarn replay: fold the log from nothing, and compare with what it has stored. */
#include "cli.h"

struct replay {
    struct cli_progress progress;
    bool json, colored, first;
};

static sarn_status show_progress(void *arg, uint64_t done, uint64_t total)
{
    struct replay *replay = arg;

    cli_progress_show(&replay->progress, done, total);
    return SARN_OK;
}

static void print_finding(void *arg, const char *text)
{
    struct replay *replay = arg;

    cli_progress_clear(&replay->progress);
    if (replay->json) {
        fputs(replay->first ? "" : ",", stdout);
        cli_print_json(sarn_str(text));
        replay->first = false;
    } else {
        cli_print(replay->colored, CLI_BAD, sarn_str(text));
        putchar('\n');
    }
}

static void print_result(const struct replay *replay, const struct sarn_check *check)
{
    double seconds = cli_progress_seconds(&replay->progress);
    double rate = (double)check->events / seconds;

    if (replay->json) {
        printf(
            "],\"events\":%llu,\"rows\":%llu,\"differences\":%llu,\"unchecked\":%llu,"
            "\"seconds\":%.6f,\"events_per_second\":%.0f}\n",
            (unsigned long long)check->events, (unsigned long long)check->rows,
            (unsigned long long)check->differences,
            (unsigned long long)check->unchecked, seconds, rate);
        return;
    }
    printf("%llu event%s folded in %.2f s (%.0f events/s), %llu row%s compared: ",
           (unsigned long long)check->events, CLI_PLURAL(check->events), seconds, rate,
           (unsigned long long)check->rows, CLI_PLURAL(check->rows));
    cli_printf(replay->colored, check->differences == 0 ? CLI_GOOD : CLI_BAD,
               "%llu difference%s", (unsigned long long)check->differences,
               CLI_PLURAL(check->differences));
    if (check->unchecked > 0) {
        printf(", %llu projection%s not checked for want of their code: add --module",
               (unsigned long long)check->unchecked, CLI_PLURAL(check->unchecked));
    }
    putchar('\n');
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct replay replay = {.first = true};
    struct sarn_check check = SARN_CHECK_INIT;
    struct cli_common common = {0};
    struct cli_list modules = {.count = 0}, against = {.count = 0};
    uint64_t from = 0, to = 0;
    struct sarn_error error = {SARN_OK, ""};
    const char *words[1] = {NULL};
    const struct cli_option options[] = {{"module", CLI_LIST, &modules, 'm'},
                                         {"against", CLI_LIST, &against, 0},
                                         {"from", CLI_NUMBER, &from, 0},
                                         {"to", CLI_NUMBER, &to, 0}};
    sarn_log *log;
    sarn_status status;
    int result;

    if (!cli_parse(command, argc, argv, options, 4, &common, words, 1, 1)) {
        return cli_parse_status(&common);
    }
    if (against.count > 0) {
        return cli_replay_against(words[0], &modules, &against, from, to, &common);
    }
    if (from != 0 || to != 0) {
        cli_complain(
            "--from and --to are the range of --against; see sarn replay --help");
        return CLI_USAGE;
    }
    result = cli_open(words[0], &modules, &log);
    if (result != CLI_OK) {
        return result;
    }
    replay.json = common.json;
    replay.colored = cli_use_color(common.color);
    cli_progress_begin(&replay.progress);
    check.progress = show_progress;
    check.finding = print_finding;
    check.arg = &replay;
    if (replay.json) {
        fputs("{\"findings\":[", stdout);
    }
    status = sarn_log_check(log, &check, &error);
    cli_progress_clear(&replay.progress);
    print_result(&replay, &check);
    if (status != SARN_OK) {
        result = cli_fail(status, &error);
    } else if (check.differences > 0) {
        result = CLI_WRONG;
    } else if (check.unchecked > 0) {
        result = CLI_UNCHECKED;
    }
    sarn_log_close(log);
    return cli_finish(result);
}

const struct cli_command cli_replay = {
    .name = "replay",
    .summary = "fold the log from nothing and compare with its stored tables",
    .usage =
        "sarn replay LOG [options] - fold the log from nothing, in memory, and "
        "compare\n"
        "with what is stored: stream heads, indexes, idempotency keys, executions, "
        "and\n"
        "the projections of the modules whose code is here: payments, analytics,\n"
        "and those given by --module. Others are named.\n"
        "\n"
        "  -m, --module FILE.so  a module, by its function sarn_module_entry(); may "
        "be\n"
        "                        given more than once. It is code, and is run.\n"
        "  --json                one JSON object\n"
        "\n"
        "sarn replay LOG --against FILE.so [--from P] [--to P] - what would be "
        "different\n"
        "with the code of this module: run the executions that positions P to P have\n"
        "started again, in memory, external steps answered from history, and show "
        "which\n"
        "events, compensations and rows would be others. Rows are those that the\n"
        "bundled modules and --module make. LOG is only read.\n"
        "\n"
        "Exit status: 0 all is as stored; 1 something differs; 3 nothing differs, but "
        "the\n"
        "code of some projections is missing; 2, 5: see sarn --help.\n",
    .run = run,
};
