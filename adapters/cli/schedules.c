/* sarn schedules: what is started by time. */
#include <string.h>

#include <sarn/schedule.h>

#include "cli.h"

struct listing {
    bool json, colored;
};

static const char *const overlaps[] = {"skip",   "buffer-one", "buffer-all",
                                       "cancel", "terminate",  "allow"};

const char *cli_overlap_text(uint32_t overlap)
{
    return overlap < sizeof(overlaps) / sizeof(overlaps[0]) ? overlaps[overlap] : "?";
}

bool cli_overlap_parse(const char *text, uint32_t *overlap)
{
    for (uint32_t i = 0; i < sizeof(overlaps) / sizeof(overlaps[0]); i++) {
        if (strcmp(text, overlaps[i]) == 0) {
            *overlap = i;
            return true;
        }
    }
    return false;
}

static void print_json_text(const char *name, struct sarn_str text)
{
    if (text.size > 0) {
        printf(",\"%s\":", name);
        cli_print_json(text);
    }
}

static void print_json(const struct sarn_schedule_info *info)
{
    printf("{\"schedule\":");
    cli_print_json(info->id);
    printf(",\"tenant\":%u", info->tenant);
    print_json_text("workflow", info->workflow);
    print_json_text("cron", info->cron);
    print_json_text("zone", info->zone);
    if (info->interval_us != 0) {
        printf(",\"interval_us\":%lld", (long long)info->interval_us);
    }
    printf(",\"overlap\":\"%s\",\"paused\":%s,\"next_us\":%lld,\"last_us\":%lld,"
           "\"started\":%llu,\"passed_over\":%llu,\"running\":%u,\"buffered\":%u}\n",
           cli_overlap_text(info->overlap), info->paused ? "true" : "false",
           (long long)info->next_us, (long long)info->last_us,
           (unsigned long long)info->started, (unsigned long long)info->passed_over,
           info->running, info->buffered);
}

static void print_when(const struct listing *listing,
                       const struct sarn_schedule_info *info)
{
    char text[CLI_TIME_BYTES];

    if (info->interval_us != 0) {
        cli_printf(listing->colored, CLI_PLAIN, "  every %llds",
                   (long long)(info->interval_us / 1000000));
    } else {
        cli_printf(listing->colored, CLI_PLAIN, "  ");
        cli_print(listing->colored, CLI_PLAIN, info->cron);
        cli_printf(listing->colored, CLI_DIM, " ");
        cli_print(listing->colored, CLI_DIM,
                  info->zone.size > 0 ? info->zone : sarn_str("UTC"));
    }
    if (info->paused) {
        cli_printf(listing->colored, CLI_BAD, "  paused");
    } else if (info->next_us != 0) {
        cli_time_text(info->next_us, text);
        cli_printf(listing->colored, CLI_PLAIN, "  next %.19sZ", text);
    } else {
        cli_printf(listing->colored, CLI_DIM, "  never again");
    }
}

static sarn_status print_schedule(void *arg, const struct sarn_schedule_info *info)
{
    const struct listing *listing = arg;

    if (listing->json) {
        print_json(info);
        return SARN_OK;
    }
    cli_print(listing->colored, CLI_NAME, info->id);
    cli_printf(listing->colored, CLI_PLAIN, "  ");
    cli_print(listing->colored, CLI_PLAIN, info->workflow);
    print_when(listing, info);
    cli_printf(listing->colored, CLI_DIM,
               "  %s, %llu started, %llu passed over, %u running, %u waiting",
               cli_overlap_text(info->overlap), (unsigned long long)info->started,
               (unsigned long long)info->passed_over, info->running, info->buffered);
    if (info->tenant != 0) {
        cli_printf(listing->colored, CLI_DIM, "  tenant %u", info->tenant);
    }
    putchar('\n');
    return SARN_OK;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct listing listing = {.json = false};
    struct cli_common common = {0};
    struct sarn_error error = {SARN_OK, ""};
    const char *path = NULL;
    sarn_log *log;
    sarn_status status;
    int result;

    if (!cli_parse(command, argc, argv, NULL, 0, &common, &path, 1, 1)) {
        return cli_parse_status(&common);
    }
    listing.json = common.json;
    listing.colored = cli_use_color(common.color);
    result = cli_open(path, NULL, &log);
    if (result != CLI_OK) {
        return result;
    }
    status = sarn_schedules(log, print_schedule, &listing, &error);
    result = status == SARN_OK ? CLI_OK : cli_fail(status, &error);
    sarn_log_close(log);
    return cli_finish(result);
}

const struct cli_command cli_schedules = {
    .name = "schedules",
    .summary = "list what is started by time",
    .usage = "sarn schedules LOG [options] - list schedules and how they stand\n"
             "\n"
             "  --json        one JSON object a line\n"
             "\n"
             "Exit status: 0 done; 1, 2, 5: see sarn --help.\n",
    .run = run,
};
