/* sarn executions: which executions there are, and how many. */
#include <string.h>

#include <sarn/execution.h>

#include "cli.h"

struct executions {
    bool json, colored, counts;
    struct sarn_execution_filter filter;
    struct sarn_attribute attributes[CLI_LIST_MAX];
};

static enum cli_style style_of(uint32_t status)
{
    switch ((enum sarn_execution_status)status) {
    case SARN_EXECUTION_COMPLETED:
        return CLI_GOOD;
    case SARN_EXECUTION_PARKED:
        return CLI_BAD;
    case SARN_EXECUTION_RUNNING:
    case SARN_EXECUTION_COMPENSATING:
    case SARN_EXECUTION_COMPENSATED:
    case SARN_EXECUTION_CANCELLED:
    case SARN_EXECUTION_TERMINATED:
    case SARN_EXECUTION_TIMED_OUT:
    case SARN_EXECUTION_CONTINUED:
    case SARN_EXECUTION_UNDONE:
        break;
    }
    return CLI_PLAIN;
}

/* --- one execution --- */

static void print_member(const char *name, struct sarn_str value)
{
    if (value.size > 0) {
        printf(",\"%s\":", name);
        cli_print_json(value);
    }
}

static void print_json(const struct sarn_execution_row *row)
{
    char run_id[SARN_UUID_TEXT_BYTES];

    sarn_uuid_text(row->run_id, run_id);
    printf("{\"workflow\":");
    cli_print_json(row->workflow);
    printf(",\"workflow_id\":");
    cli_print_json(row->workflow_id);
    printf(",\"tenant\":%u,\"status\":\"%s\",\"run_id\":\"%s\","
           "\"definition_version\":%u,\"fingerprint\":\"%016llx\",\"started_us\":%lld,"
           "\"changed_us\":%lld,\"ended_us\":%lld",
           row->tenant, sarn_execution_status_text(row->status), run_id,
           row->definition_version, (unsigned long long)row->fingerprint,
           (long long)row->started_us, (long long)row->changed_us,
           (long long)row->ended_us);
    print_member("step", row->step);
    print_member("code", row->code);
    print_member("parent", row->parent);
    print_member("schedule", row->schedule);
    printf(",\"attributes\":{");
    for (uint32_t i = 0; i < row->attribute_count; i++) {
        fputs(i == 0 ? "" : ",", stdout);
        cli_print_json(row->attributes[i].name);
        putchar(':');
        cli_print_json(row->attributes[i].value);
    }
    printf("}}\n");
}

static void print_text(const struct executions *e, const struct sarn_execution_row *row)
{
    char started[CLI_TIME_BYTES];

    cli_time_text(row->started_us, started);
    cli_print(e->colored, CLI_NAME, row->workflow);
    cli_print(e->colored, CLI_NAME, sarn_str("-"));
    cli_print(e->colored, CLI_NAME, row->workflow_id);
    cli_printf(e->colored, style_of(row->status), "  %s",
               sarn_execution_status_text(row->status));
    if (row->step.size > 0) {
        cli_printf(e->colored, CLI_PLAIN, " at ");
        cli_print(e->colored, CLI_PLAIN, row->step);
    }
    if (row->code.size > 0) {
        cli_printf(e->colored, CLI_PLAIN, ", ");
        cli_print(e->colored, CLI_PLAIN, row->code);
    }
    cli_printf(e->colored, CLI_DIM, "  started %s  version %u", started,
               row->definition_version);
    if (row->tenant != 0) {
        cli_printf(e->colored, CLI_DIM, "  tenant %u", row->tenant);
    }
    for (uint32_t i = 0; i < row->attribute_count; i++) {
        cli_printf(e->colored, CLI_DIM, "  ");
        cli_print(e->colored, CLI_DIM, row->attributes[i].name);
        cli_printf(e->colored, CLI_DIM, "=");
        cli_print(e->colored, CLI_DIM, row->attributes[i].value);
    }
    putchar('\n');
}

static sarn_status print_execution(void *arg, const struct sarn_execution_row *row)
{
    const struct executions *e = arg;

    if (e->json) {
        print_json(row);
    } else {
        print_text(e, row);
    }
    return SARN_OK;
}

static sarn_status print_count(void *arg, const struct sarn_execution_count *count)
{
    const struct executions *e = arg;
    const char *status = sarn_execution_status_text(count->status);

    if (e->json) {
        printf("{\"tenant\":%u,\"workflow\":", count->tenant);
        cli_print_json(count->workflow);
        printf(",\"status\":\"%s\",\"count\":%llu}\n", status,
               (unsigned long long)count->count);
        return SARN_OK;
    }
    cli_print(e->colored, CLI_NAME, count->workflow);
    cli_printf(e->colored, style_of(count->status), "  %s", status);
    printf("  %llu", (unsigned long long)count->count);
    if (count->tenant != 0) {
        cli_printf(e->colored, CLI_DIM, "  tenant %u", count->tenant);
    }
    putchar('\n');
    return SARN_OK;
}

/* --- what is asked --- */

/* "timed-out" is easier to type than "timed out". */
static bool same_status(const char *word, const char *status)
{
    for (; *word != '\0' && (*word == *status || (*word == '-' && *status == ' '));
         word++) {
        status++;
    }
    return *word == '\0' && *status == '\0';
}

static bool take_status(struct executions *e, const char *word)
{
    for (uint32_t status = SARN_EXECUTION_RUNNING;
         word != NULL && status <= SARN_EXECUTION_UNDONE; status++) {
        if (same_status(word, sarn_execution_status_text(status))) {
            e->filter.status = status;
            return true;
        }
    }
    if (word != NULL) {
        cli_complain("there is no status \"%s\"; see sarn executions --help", word);
    }
    return word == NULL;
}

static bool take_attributes(struct executions *e, const struct cli_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const char *equals = strchr(list->items[i], '=');

        if (equals == NULL || equals == list->items[i]) {
            cli_complain("an attribute is NAME=VALUE, not \"%s\"", list->items[i]);
            return false;
        }
        e->attributes[i].name =
            (struct sarn_str){list->items[i], (uint32_t)(equals - list->items[i])};
        e->attributes[i].value = sarn_str(equals + 1);
    }
    e->filter.attributes = e->attributes;
    e->filter.attribute_count = list->count;
    return true;
}

static int list(struct executions *e, const char *path)
{
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;
    sarn_log *log;
    int result = cli_open(path, NULL, &log);

    if (result != CLI_OK) {
        return result;
    }
    status = e->counts ? sarn_execution_counts(log, print_count, e, &error)
                       : sarn_executions(log, &e->filter, print_execution, e, &error);
    result = status == SARN_OK ? CLI_OK : cli_fail(status, &error);
    sarn_log_close(log);
    return cli_finish(result);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct executions e = {.filter = SARN_EXECUTION_FILTER_INIT};
    struct cli_common common = {0};
    struct cli_list attributes = {.count = 0};
    const char *words[1] = {NULL};
    const char *workflow = NULL, *status = NULL;
    uint64_t tenant = 0, limit = UINT64_MAX;
    bool reverse = false;
    const struct cli_option options[] = {
        {"workflow", CLI_TEXT, &workflow, 'w'},
        {"status", CLI_TEXT, &status, 0},
        {"attribute", CLI_LIST, &attributes, 'a'},
        {"from", CLI_TIME, &e.filter.from_us, 0},
        {"to", CLI_TIME, &e.filter.to_us, 0},
        {"tenant", CLI_NUMBER, &tenant, 0},
        {"limit", CLI_NUMBER, &limit, 'n'},
        {"reverse", CLI_FLAG, &reverse, 0},
        {"counts", CLI_FLAG, &e.counts, 0},
    };

    if (!cli_parse(command, argc, argv, options, sizeof(options) / sizeof(options[0]),
                   &common, words, 1, 1)) {
        return cli_parse_status(&common);
    }
    if (!take_status(&e, status) || !take_attributes(&e, &attributes)) {
        return CLI_USAGE;
    }
    if (tenant > UINT32_MAX || limit == 0) {
        cli_complain(limit == 0 ? "a limit is at least 1"
                                : "a tenant is a number of 32 bits");
        return CLI_USAGE;
    }
    e.json = common.json;
    e.colored = cli_use_color(common.color);
    e.filter.workflow = sarn_str(workflow);
    e.filter.tenant = (uint32_t)tenant;
    e.filter.limit = limit;
    e.filter.flags = reverse ? SARN_READ_BACKWARD : 0;
    return list(&e, words[0]);
}

const struct cli_command cli_executions = {
    .name = "executions",
    .summary = "find executions by workflow, status, time and attribute, or count them",
    .usage =
        "sarn executions LOG [options] - list executions in order of their start\n"
        "\n"
        "  -w, --workflow NAME      only those of one workflow\n"
        "  --status STATUS          running, compensating, completed, compensated,\n"
        "                           parked, cancelled, terminated, timed-out,\n"
        "                           continued or undone\n"
        "  -a, --attribute N=VALUE  only those with this search attribute; may be\n"
        "                           given several times\n"
        "  --from TIME, --to TIME   when they were started, as 2026-11-21T11:17\n"
        "  --tenant N               of another tenant than 0\n"
        "  -n, --limit N            at most N\n"
        "  --reverse                the latest first\n"
        "  --counts                 how many there are, by workflow and status\n"
        "  --json                   one JSON object a line\n"
        "\n"
        "An execution that was run several times is listed as its latest run. All "
        "this\n"
        "is looked up, not searched for, however many executions there are.\n"
        "Exit status: 0 done; 1, 2, 5: see sarn --help.\n",
    .run = run,
};
