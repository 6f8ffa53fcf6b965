/* sarn streams: what streams there are. */
#include "cli.h"

struct listing {
    bool json, colored;
    bool any_tenant;
    uint32_t tenant;
};

static void print_json(const struct sarn_stream_info *info)
{
    printf("{\"stream\":");
    cli_print_json(info->name);
    printf(",\"tenant\":%u,\"number\":%llu,\"version\":%llu,\"last_position\":%llu,"
           "\"deleted\":%s",
           info->tenant, (unsigned long long)info->number,
           (unsigned long long)info->version, (unsigned long long)info->last_position,
           info->deleted ? "true" : "false");
    if (info->metadata.size > 0) {
        printf(",\"metadata\":");
        cli_print_json(info->metadata);
    }
    printf("}\n");
}

static sarn_status print_stream(void *arg, const struct sarn_stream_info *info)
{
    const struct listing *listing = arg;
    uint64_t events = info->version + 1;

    if (!listing->any_tenant && info->tenant != listing->tenant) {
        return SARN_OK;
    }
    if (listing->json) {
        print_json(info);
        return SARN_OK;
    }
    cli_print(listing->colored, CLI_NAME, info->name);
    cli_printf(listing->colored, CLI_PLAIN, "  %llu event%s",
               (unsigned long long)events, CLI_PLURAL(events));
    cli_printf(listing->colored, CLI_DIM, "  last at %llu",
               (unsigned long long)info->last_position);
    if (info->tenant != 0) {
        cli_printf(listing->colored, CLI_DIM, "  tenant %u", info->tenant);
    }
    if (info->deleted) {
        cli_printf(listing->colored, CLI_BAD, "  deleted");
    }
    putchar('\n');
    return SARN_OK;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct listing listing = {.any_tenant = true};
    struct cli_common common = {0};
    struct sarn_error error = {SARN_OK, ""};
    const char *words[2] = {NULL, NULL};
    uint64_t tenant = UINT64_MAX;
    const struct cli_option options[] = {{"tenant", CLI_NUMBER, &tenant, 0}};
    sarn_log *log;
    sarn_status status;
    int result;

    if (!cli_parse(command, argc, argv, options, 1, &common, words, 2, 1)) {
        return cli_parse_status(&common);
    }
    if (tenant != UINT64_MAX) {
        if (tenant > UINT32_MAX) {
            cli_complain("a tenant is a number of 32 bits");
            return CLI_USAGE;
        }
        listing.any_tenant = false;
        listing.tenant = (uint32_t)tenant;
    }
    listing.json = common.json;
    listing.colored = cli_use_color(common.color);
    result = cli_open(words[0], NULL, &log);
    if (result != CLI_OK) {
        return result;
    }
    status = sarn_log_streams(log, sarn_str(words[1]), print_stream, &listing, &error);
    result = status == SARN_OK ? CLI_OK : cli_fail(status, &error);
    sarn_log_close(log);
    return cli_finish(result);
}

const struct cli_command cli_streams = {
    .name = "streams",
    .summary = "list streams",
    .usage =
        "sarn streams LOG [PREFIX] [options] - list streams in order of their names\n"
        "\n"
        "  PREFIX        only those whose names begin so (account-)\n"
        "  --tenant N    only those of one tenant\n"
        "  --json        one JSON object a line\n"
        "\n"
        "Exit status: 0 done; 1, 2, 5: see sarn --help.\n",
    .run = run,
};
