/* sarn repair: what a damaged file still holds, as a new log. */
#include <sarn/archive.h>

#include "archive.h"

struct repairing {
    struct cli_progress progress;
    uint64_t findings;
    bool json, colored;
};

static sarn_status show_progress(void *arg, uint64_t done, uint64_t total)
{
    struct repairing *repairing = arg;

    cli_progress_show(&repairing->progress, done, total);
    return SARN_OK;
}

static void take_finding(void *arg, const char *text)
{
    struct repairing *repairing = arg;

    cli_progress_clear(&repairing->progress);
    if (repairing->json) {
        fputs(repairing->findings == 0 ? "" : ",", stdout);
        cli_print_json(sarn_str(text));
    } else {
        cli_print(repairing->colored, CLI_BAD, sarn_str(text));
        putchar('\n');
    }
    repairing->findings += 1;
}

static void conclude(const struct repairing *repairing,
                     const struct sarn_repair *repair,
                     const char *new_path)
{
    char time[CLI_TIME_BYTES], hash[CLI_HASH_BYTES];

    cli_time_text(repair->end.time_us, time);
    cli_hash_text(repair->end.hash, hash);
    if (repairing->json) {
        printf("],\"commits\":%llu,\"events\":%llu,\"lost_events\":%llu,\"end\":"
               "{\"position\":%llu,\"time_us\":%lld,\"hash\":\"%s\"},\"seconds\":%.6f}"
               "\n",
               (unsigned long long)repair->commits, (unsigned long long)repair->events,
               (unsigned long long)repair->lost_events,
               (unsigned long long)repair->end.position, (long long)repair->end.time_us,
               hash, cli_progress_seconds(&repairing->progress));
        return;
    }
    printf("%llu event%s in %llu commit%s saved, up to position %llu of %s: ",
           (unsigned long long)repair->events, CLI_PLURAL(repair->events),
           (unsigned long long)repair->commits, CLI_PLURAL(repair->commits),
           (unsigned long long)repair->end.position, time);
    if (repairing->findings == 0) {
        cli_printf(repairing->colored, CLI_GOOD, "all there was");
    } else if (repair->lost_events != 0) {
        cli_printf(repairing->colored, CLI_BAD, "at least %llu lost",
                   (unsigned long long)repair->lost_events);
    } else {
        cli_printf(repairing->colored, CLI_BAD, "see above");
    }
    printf("\nthe new log is ");
    cli_print(repairing->colored, CLI_NAME, sarn_str(new_path));
    putchar('\n');
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct sarn_repair repair = SARN_REPAIR_INIT;
    struct repairing repairing = {.findings = 0};
    struct cli_common common = {0};
    const char *words[2] = {NULL, NULL};
    struct sarn_error error;
    sarn_status status;
    int result;

    if (!cli_parse(command, argc, argv, NULL, 0, &common, words, 2, 2)) {
        return cli_parse_status(&common);
    }
    repairing.json = common.json;
    repairing.colored = cli_use_color(common.color);
    repair.progress = show_progress;
    repair.finding = take_finding;
    repair.arg = &repairing;
    if (repairing.json) {
        fputs("{\"findings\":[", stdout);
    }
    cli_progress_begin(&repairing.progress);
    status = sarn_log_repair(words[0], words[1], &repair, &error);
    cli_progress_clear(&repairing.progress);
    if (status != SARN_OK) {
        if (repairing.json) {
            fputs("],\"error\":", stdout);
            cli_print_json(sarn_str(error.text));
            fputs("}\n", stdout);
        }
        result = cli_fail(status, &error);
        return cli_finish(status == SARN_ERR_EXISTS ? CLI_REFUSED : result);
    }
    conclude(&repairing, &repair, words[1]);
    return cli_finish(repairing.findings == 0 ? CLI_OK : CLI_WRONG);
}

const struct cli_command cli_repair = {
    .name = "repair",
    .summary = "save all that is whole in a damaged log into a new one",
    .usage =
        "sarn repair LOG NEW [options] - read a damaged file page by page, and save "
        "all\n"
        "that is whole, from the first event up to the damage, as a new log: the same\n"
        "positions, hashes and id. LOG is only read, and nobody may own it. What is\n"
        "behind the damage is lost, even where it is whole: it no longer continues\n"
        "anything. Compare with what a backup has: see docs/operating.md.\n"
        "\n"
        "  --json             one JSON object\n"
        "\n"
        "Exit status: 0 all there was is saved; 1 something is lost, each on a line, "
        "or\n"
        "nothing could be saved; 5 also: somebody owns LOG; 6 there is a file at NEW; "
        "2:\n"
        "see sarn --help.\n",
    .run = run,
};
