/* sarn schedule: start executions by time, and stop doing so. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sarn/schedule.h>

#include "cli.h"

#define SECOND_US INT64_C(1000000)

struct asked {
    const char *path, *verb, *id; /* The words. */
    const char *workflow, *cron, *zone, *every, *offset, *overlap, *catch_up, *jitter;
    const char *input, *actor, *reason;
    int64_t from_us, to_us;
    uint64_t limit, tenant;
    bool paused;
    char login[CLI_LOGIN_BYTES];
};

static const struct {
    const char *name;
    uint32_t op; /* 0: put it. */
} verbs[] = {{"set", 0},
             {"pause", SARN_SCHEDULE_PAUSE},
             {"resume", SARN_SCHEDULE_RESUME},
             {"trigger", SARN_SCHEDULE_TRIGGER},
             {"backfill", SARN_SCHEDULE_BACKFILL},
             {"delete", SARN_SCHEDULE_DELETE}};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

/* --- values --- */

static int64_t unit_us(const char *unit, size_t size)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {{"s", SECOND_US},
                 {"m", 60 * SECOND_US},
                 {"h", 3600 * SECOND_US},
                 {"d", 86400 * SECOND_US},
                 {"ms", 1000}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strlen(units[i].name) == size && memcmp(units[i].name, unit, size) == 0) {
            return units[i].us;
        }
    }
    return 0;
}

/* "90s", "1h30m", "1d"; text NULL leaves *us as it is. */
static bool parse_duration(const char *option, const char *text, int64_t *us)
{
    const char *at = text;
    int64_t sum = 0;

    if (text == NULL) {
        return true;
    }
    while (*at >= '0' && *at <= '9') {
        char *end = NULL;
        unsigned long number = strtoul(at, &end, 10);
        size_t size = strcspn(end, "0123456789");
        int64_t unit = unit_us(end, size);

        if (unit == 0 || number > 1000000000 ||
            (int64_t)number > (INT64_MAX - sum) / unit) {
            break;
        }
        sum += (int64_t)number * unit;
        at = end + size;
    }
    if (at == text || *at != '\0') {
        cli_complain("--%s cannot be \"%s\": say 90s, 15m, 1h30m or 1d", option, text);
        return false;
    }
    *us = sum;
    return true;
}

static bool parse_overlap(const char *text, uint32_t *overlap)
{
    if (text != NULL && !cli_overlap_parse(text, overlap)) {
        cli_complain("--overlap is skip, buffer-one, buffer-all, cancel, terminate or "
                     "allow, not \"%s\"",
                     text);
        return false;
    }
    return true;
}

/* --- asking --- */

static struct sarn_str actor_of(struct asked *asked)
{
    return sarn_str(asked->actor != NULL ? asked->actor : cli_login_name(asked->login));
}

static int put(struct asked *asked, struct sarn_error *error, sarn_status *status)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;

    if (asked->workflow == NULL || asked->limit > UINT32_MAX) {
        cli_complain(asked->workflow == NULL
                         ? "which workflow is to be started? say --workflow NAME"
                         : "--limit is a number of 32 bits");
        return CLI_USAGE;
    }
    if (!parse_duration("every", asked->every, &schedule.interval_us) ||
        !parse_duration("offset", asked->offset, &schedule.offset_us) ||
        !parse_duration("catch-up", asked->catch_up, &schedule.catch_up_us) ||
        !parse_duration("jitter", asked->jitter, &schedule.jitter_us) ||
        !parse_overlap(asked->overlap, &schedule.overlap)) {
        return CLI_USAGE;
    }
    schedule.tenant = (uint32_t)asked->tenant;
    schedule.id = sarn_str(asked->id);
    schedule.workflow = asked->workflow;
    schedule.cron = asked->cron;
    schedule.zone = asked->zone;
    schedule.from_us = asked->from_us;
    schedule.to_us = asked->to_us;
    schedule.limit = (uint32_t)asked->limit;
    schedule.paused = asked->paused;
    schedule.actor = actor_of(asked);
    schedule.reason = sarn_str(asked->reason);
    *status =
        sarn_schedule_put_at(asked->path, &schedule, sarn_str(asked->input), error);
    return CLI_OK;
}

static int
alter(struct asked *asked, uint32_t op, struct sarn_error *error, sarn_status *status)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;

    if (!parse_overlap(asked->overlap, &change.overlap)) {
        return CLI_USAGE;
    }
    if (op == SARN_SCHEDULE_BACKFILL && (asked->from_us == 0 || asked->to_us == 0)) {
        cli_complain("which times? say --from TIME --to TIME");
        return CLI_USAGE;
    }
    change.op = op;
    change.tenant = (uint32_t)asked->tenant;
    change.id = sarn_str(asked->id);
    change.from_us = asked->from_us;
    change.to_us = asked->to_us;
    change.actor = actor_of(asked);
    change.reason = sarn_str(asked->reason);
    *status = sarn_schedule_alter_at(asked->path, &change, error);
    return CLI_OK;
}

static int ask(struct asked *asked, bool json)
{
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = SARN_OK;
    size_t verb = 0;
    int result = CLI_OK;

    while (verb < VERB_COUNT && strcmp(verbs[verb].name, asked->verb) != 0) {
        verb++;
    }
    if (verb == VERB_COUNT) {
        cli_complain("a schedule can be set, paused, resumed, triggered, backfilled or "
                     "deleted, not \"%s\"; see sarn schedule --help",
                     asked->verb);
        return CLI_USAGE;
    }
    if (access(asked->path, F_OK) != 0) {
        cli_complain("there is no log at \"%s\"; check the path", asked->path);
        return CLI_FAILED;
    }
    result = verbs[verb].op == 0 ? put(asked, &error, &status)
                                 : alter(asked, verbs[verb].op, &error, &status);
    if (result != CLI_OK) {
        return result;
    }
    if (status != SARN_OK) {
        cli_complain("%s", error.text);
    } else if (json) {
        printf("{\"done\":\"schedule %s\"}\n", asked->verb);
    }
    return cli_told(status);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct cli_common common = {0};
    struct asked asked = {.path = NULL};
    const char *words[3] = {NULL, NULL, NULL};
    const struct cli_option options[] = {
        {"workflow", CLI_TEXT, &asked.workflow, 0},
        {"cron", CLI_TEXT, &asked.cron, 0},
        {"zone", CLI_TEXT, &asked.zone, 0},
        {"every", CLI_TEXT, &asked.every, 0},
        {"offset", CLI_TEXT, &asked.offset, 0},
        {"overlap", CLI_TEXT, &asked.overlap, 0},
        {"catch-up", CLI_TEXT, &asked.catch_up, 0},
        {"jitter", CLI_TEXT, &asked.jitter, 0},
        {"input", CLI_TEXT, &asked.input, 0},
        {"from", CLI_TIME, &asked.from_us, 0},
        {"to", CLI_TIME, &asked.to_us, 0},
        {"limit", CLI_NUMBER, &asked.limit, 0},
        {"paused", CLI_FLAG, &asked.paused, 0},
        {"tenant", CLI_NUMBER, &asked.tenant, 0},
        {"actor", CLI_TEXT, &asked.actor, 0},
        {"reason", CLI_TEXT, &asked.reason, 0},
    };

    if (!cli_parse(command, argc, argv, options, sizeof(options) / sizeof(options[0]),
                   &common, words, 3, 3)) {
        return cli_parse_status(&common);
    }
    if (asked.tenant > UINT32_MAX) {
        cli_complain("a tenant is a number of 32 bits");
        return CLI_USAGE;
    }
    asked.path = words[0];
    asked.verb = words[1];
    asked.id = words[2];
    return cli_finish(ask(&asked, common.json));
}

const struct cli_command cli_schedule = {
    .name = "schedule",
    .summary = "start executions by time, or stop doing so",
    .usage =
        "sarn schedule LOG set ID --workflow NAME (--cron EXPRESSION [--zone ZONE] |\n"
        "              --every DURATION [--offset DURATION]) [options]\n"
        "sarn schedule LOG pause|resume|trigger|delete ID [options]\n"
        "sarn schedule LOG backfill ID --from TIME --to TIME [--overlap POLICY]\n"
        "\n"
        "set makes a schedule, or replaces it. What was started goes on.\n"
        "\n"
        "  --cron         minute hour day month weekday (\"0 9 * * mon-fri\"), or\n"
        "                 @hourly, @daily, @weekly, @monthly, @yearly\n"
        "  --zone         whose clocks are meant (Europe/Prague); UTC unless given\n"
        "  --every        90s, 15m, 1h30m, 1d: at multiples of it since 1970, plus\n"
        "  --offset       this\n"
        "  --input JSON   of the executions\n"
        "  --overlap      while one is under way: skip (unless given), buffer-one,\n"
        "                 buffer-all, cancel, terminate, allow\n"
        "  --catch-up     how late one may still be started; 1m unless given\n"
        "  --jitter       each starts up to this much later\n"
        "  --from, --to   none before, none after; backfill: the times to run now\n"
        "  --limit N      this many at most\n"
        "  --paused       not before it is resumed\n"
        "  --actor NAME   who asks; your login name unless given\n"
        "  --reason TEXT  why\n"
        "  --tenant N     0 unless given\n"
        "  --json         say so as one JSON object\n"
        "\n"
        "Whoever owns the log does it, asked through its control socket; where nobody\n"
        "does, it is recorded, and goes on from there when the program is next run.\n"
        "Exit status: 0 done; 4 no such schedule, workflow or zone; 6 refused, as it\n"
        "is now; 1, 2, 5: see sarn --help.\n",
    .run = run,
};
