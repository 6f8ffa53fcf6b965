/* sarn log: the events, filtered, as text or JSON lines, now or as they come. */
#include <string.h>
#include <time.h>

#include "cli.h"

#define POLL_MS 100

struct listing {
    sarn_log *log;
    struct sarn_arena *arena;
    struct sarn_error *error;  /* Of a read. */
    struct sarn_error failure; /* Of what failed in a read's handler. */
    uint64_t last;             /* The last position printed. */
    uint64_t left;             /* Of --limit; UINT64_MAX: no limit. */
    bool json, colored, failed;
};

static sarn_status print_event(void *arg, const struct sarn_event *event)
{
    struct listing *listing = arg;
    struct sarn_str json;
    sarn_status status;

    sarn_arena_reset(listing->arena);
    if (listing->json) {
        status = sarn_event_json(listing->log, event, listing->arena, &json,
                                 &listing->failure);
        if (status == SARN_OK) {
            fwrite(json.data, 1, json.size, stdout);
            putchar('\n');
        }
    } else {
        status = cli_print_event(listing->log, event, listing->colored, listing->arena,
                                 &listing->failure);
    }
    listing->failed = status != SARN_OK;
    listing->last = event->position;
    listing->left -= listing->left != UINT64_MAX;
    return status;
}

static sarn_status read_on(struct listing *listing, struct sarn_range *range)
{
    range->limit = listing->left == UINT64_MAX ? 0 : listing->left;
    return sarn_read(listing->log, range, print_event, listing, listing->error);
}

/* Print what is appended from now on, until interrupted or the limit is reached. */
static sarn_status follow(struct listing *listing, struct sarn_range *range)
{
    const struct timespec pause = {0, POLL_MS * 1000000};
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    uint64_t seen = 0;

    while (listing->left > 0) {
        sarn_status status = sarn_log_refresh(listing->log, listing->error);

        if (status == SARN_OK) {
            status = sarn_log_get_stats(listing->log, &stats, listing->error);
        }
        if (status != SARN_OK) {
            return status;
        }
        if (stats.last_position > seen) {
            seen = stats.last_position;
            range->to = seen;
            status = read_on(listing, range);
            /* A stream may come to be, or be deleted and revived. */
            if (status != SARN_OK &&
                (listing->failed ||
                 (status != SARN_ERR_NOT_FOUND && status != SARN_ERR_DELETED))) {
                return status;
            }
            range->from = seen + 1;
            if (fflush(stdout) != 0) {
                return SARN_OK; /* Nobody reads any more. */
            }
        }
        nanosleep(&pause, NULL);
    }
    return SARN_OK;
}

static int list(struct listing *listing, struct sarn_range *range, bool following)
{
    sarn_status status = following ? follow(listing, range) : read_on(listing, range);

    if ((status == SARN_ERR_NOT_FOUND || status == SARN_ERR_DELETED) &&
        !listing->failed) {
        cli_complain("%s", listing->error->text);
        return cli_finish(CLI_MISSING);
    }
    if (status != SARN_OK) {
        return cli_finish(
            cli_fail(status, listing->failed ? &listing->failure : listing->error));
    }
    return cli_finish(CLI_OK);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error = {SARN_OK, ""};
    struct listing listing = {.error = &error, .left = UINT64_MAX};
    struct cli_common common = {0};
    const char *words[1] = {NULL}, *stream = NULL, *category = NULL, *type = NULL;
    bool following = false, backward = false;
    uint64_t tenant = 0;
    const struct cli_option options[] = {
        {"stream", CLI_TEXT, &stream, 's'},
        {"category", CLI_TEXT, &category, 'c'},
        {"type", CLI_TEXT, &type, 't'},
        {"correlation", CLI_UUID, &range.correlation_id, 0},
        {"since", CLI_TIME, &range.from_time_us, 0},
        {"until", CLI_TIME, &range.to_time_us, 0},
        {"from", CLI_NUMBER, &range.from, 0},
        {"to", CLI_NUMBER, &range.to, 0},
        {"from-version", CLI_NUMBER, &range.from_version, 0},
        {"limit", CLI_NUMBER, &listing.left, 'n'},
        {"tenant", CLI_NUMBER, &tenant, 0},
        {"backward", CLI_FLAG, &backward, 'b'},
        {"follow", CLI_FLAG, &following, 'f'}};
    int result;

    if (!cli_parse(command, argc, argv, options, sizeof(options) / sizeof(options[0]),
                   &common, words, 1, 1)) {
        return cli_parse_status(&common);
    }
    if (following && (backward || range.to != 0)) {
        cli_complain("--follow goes on forward: it takes neither --backward nor --to");
        return CLI_USAGE;
    }
    if (tenant > UINT32_MAX || (stream != NULL && category != NULL)) {
        cli_complain(tenant > UINT32_MAX ? "a tenant is a number of 32 bits"
                                         : "--stream or --category, not both");
        return CLI_USAGE;
    }
    if (listing.left == 0) {
        return CLI_OK;
    }
    range.stream = sarn_str(stream);
    range.category = sarn_str(category);
    range.type = sarn_str(type);
    range.tenant = (uint32_t)tenant;
    range.flags = backward ? SARN_READ_BACKWARD : 0;
    listing.json = common.json;
    listing.colored = cli_use_color(common.color);
    result = cli_open(words[0], NULL, &listing.log);
    if (result != CLI_OK) {
        return result;
    }
    listing.arena = sarn_arena_create(NULL);
    if (listing.arena == NULL) {
        cli_complain("out of memory");
        result = CLI_FAILED;
    } else {
        result = list(&listing, &range, following);
    }
    sarn_arena_destroy(listing.arena);
    sarn_log_close(listing.log);
    return result;
}

const struct cli_command cli_log = {
    .name = "log",
    .summary = "print events, filtered, or follow them as they come",
    .usage =
        "sarn log LOG [options] - print events in order of position\n"
        "\n"
        "  -s, --stream NAME       of one stream (account-42)\n"
        "  -c, --category NAME     of the streams of a category (account)\n"
        "  -t, --type NAME         of one type (payments.AccountCredited)\n"
        "      --correlation UUID  that belong to one request or execution\n"
        "      --since TIME, --until TIME\n"
        "                          of that time, both included: 2026-11-21,\n"
        "                          2026-11-21T11:17:00.5Z, or microseconds since 1970; "
        "UTC\n"
        "      --from N, --to N    at these positions, both included\n"
        "      --from-version N    with --stream: from this version on\n"
        "  -n, --limit N           so many at most\n"
        "  -b, --backward          the last first\n"
        "  -f, --follow            go on as events are appended, until interrupted\n"
        "      --tenant N          with --stream or --category; 0 unless given\n"
        "      --json              one JSON object a line\n"
        "\n"
        "A line of text is: position, time, stream@version, type, data. The position "
        "and\n"
        "time of an event are what sarn restore --to and --to-time take.\n"
        "Exit status: 0 done; 4 no such stream or category; 1, 2, 5: see sarn "
        "--help.\n",
    .run = run,
};
