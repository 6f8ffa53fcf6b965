/* sarn show: the timeline of one execution, or the events of one stream. */
#include <string.h>

#include <sarn/events.h>

#include "cli.h"

struct show {
    sarn_log *log;
    struct sarn_arena *arena;
    struct sarn_error error; /* Of what is called in a handler. */
    struct cli_timeline what;
    bool json, colored;
    bool is_execution, any;
    char name[SARN_STREAM_NAME_BYTES_MAX + 1];
};

/* --- what a name names --- */

static bool take_name(struct show *show, const char *word)
{
    size_t size = strlen(word), split = strcspn(word, "-/");

    if (size == 0 || size > SARN_STREAM_NAME_BYTES_MAX) {
        cli_complain("a stream's name has 1 to %u bytes", SARN_STREAM_NAME_BYTES_MAX);
        return false;
    }
    memcpy(show->name, word, size);
    show->what.stream = (struct sarn_str){show->name, (uint32_t)size};
    show->what.workflow = (struct sarn_str){show->name, (uint32_t)split};
    if (split < size) {
        show->what.workflow_id =
            (struct sarn_str){show->name + split + 1, (uint32_t)(size - split - 1)};
    }
    return true;
}

/* An execution is WORKFLOW/ID, or called as its stream: WORKFLOW-ID. */
static sarn_status
find_stream(struct show *show, struct sarn_stream_info *info, struct sarn_error *error)
{
    sarn_status status = sarn_log_stream(show->log, show->what.tenant,
                                         show->what.stream, show->arena, info, error);
    char *split = show->name + show->what.workflow.size;

    if (status != SARN_ERR_NOT_FOUND || *split != '/') {
        return status;
    }
    *split = '-';
    return sarn_log_stream(show->log, show->what.tenant, show->what.stream, show->arena,
                           info, error);
}

static sarn_status note_start(void *arg, const struct sarn_event *event)
{
    struct show *show = arg;

    (void)event;
    show->is_execution = true;
    return SARN_OK;
}

/* --- a stream's events --- */

static sarn_status print_one(void *arg, const struct sarn_event *event)
{
    struct show *show = arg;
    struct sarn_str json;
    sarn_status status;

    sarn_arena_reset(show->arena);
    if (!show->json) {
        return cli_print_event(show->log, event, show->colored, show->arena,
                               &show->error);
    }
    status = sarn_event_json(show->log, event, show->arena, &json, &show->error);
    if (status == SARN_OK) {
        fputs(show->any ? "," : "", stdout);
        fwrite(json.data, 1, json.size, stdout);
        show->any = true;
    }
    return status;
}

static sarn_status show_stream(struct show *show,
                               const struct sarn_stream_info *info,
                               struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;
    sarn_status status;

    range.stream = show->what.stream;
    range.tenant = show->what.tenant;
    if (show->json) {
        printf("{\"stream\":");
        cli_print_json(show->what.stream);
        printf(",\"tenant\":%u,\"version\":%llu,\"events\":[", show->what.tenant,
               (unsigned long long)info->version);
    } else {
        cli_print(show->colored, CLI_BOLD, show->what.stream);
        printf("  %llu event%s\n", (unsigned long long)info->version + 1,
               CLI_PLURAL(info->version + 1));
    }
    status = sarn_read(show->log, &range, print_one, show, error);
    if (show->json) {
        printf("]}\n");
    }
    return status;
}

/* --- the command --- */

static sarn_status show_all(struct show *show, struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_stream_info info;
    sarn_status status = find_stream(show, &info, error);

    range.stream = show->what.stream;
    range.tenant = show->what.tenant;
    range.type = sarn_str(sarn_execution_started_type.name);
    range.limit = 1;
    if (status == SARN_OK) {
        status = sarn_read(show->log, &range, note_start, show, error);
    }
    if (status != SARN_OK) {
        return status;
    }
    return show->is_execution ? cli_print_timeline(show->log, &show->what, show->json,
                                                   show->colored, error)
                              : show_stream(show, &info, error);
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct show show = {.json = false};
    struct cli_common common = {0};
    struct sarn_error error = {SARN_OK, ""};
    const char *words[2] = {NULL, NULL};
    uint64_t tenant = 0, number = 0;
    const struct cli_option options[] = {{"tenant", CLI_NUMBER, &tenant, 0},
                                         {"run", CLI_NUMBER, &number, 0},
                                         {"own", CLI_FLAG, &show.what.own_only, 0}};
    sarn_status status;
    int result;

    if (!cli_parse(command, argc, argv, options, 3, &common, words, 2, 2)) {
        return cli_parse_status(&common);
    }
    if (tenant > UINT32_MAX || number > UINT32_MAX) {
        cli_complain("tenants and runs are numbers of 32 bits");
        return CLI_USAGE;
    }
    if (!take_name(&show, words[1])) {
        return CLI_USAGE;
    }
    show.what.tenant = (uint32_t)tenant;
    show.what.run = (uint32_t)number;
    show.json = common.json;
    show.colored = cli_use_color(common.color);
    result = cli_open(words[0], NULL, &show.log);
    if (result != CLI_OK) {
        return result;
    }
    show.arena = sarn_arena_create(NULL);
    status = show.arena == NULL ? SARN_ERR_NOMEM : show_all(&show, &error);
    if (status == SARN_ERR_NOT_FOUND || status == SARN_ERR_DELETED) {
        cli_complain("%s", error.text);
        result = CLI_MISSING;
    } else if (status != SARN_OK) {
        result = cli_fail(status, show.error.text[0] != '\0' ? &show.error : &error);
    }
    sarn_arena_destroy(show.arena);
    sarn_log_close(show.log);
    return cli_finish(result);
}

const struct cli_command cli_show = {
    .name = "show",
    .summary = "the timeline of an execution, or the events of a stream",
    .usage = "sarn show LOG NAME [options] - show one execution "
             "(funds_transfer/171812) as a\n"
             "timeline: when, how long after its start, who, and what: its steps, "
             "their attempts\n"
             "and failures, what was undone, and the events that they led to in other "
             "streams;\n"
             "or the events of one stream (account-42).\n"
             "\n"
             "  --own       an execution's own events only\n"
             "  --run N     its Nth run, from 1; else the latest\n"
             "  --tenant N  0 unless given\n"
             "  --json      one JSON object with the events in it, an execution's own\n"
             "              with their line as \"text\"\n"
             "\n"
             "Exit status: 0 done; 4 no such stream or execution; 1, 2, 5: see sarn "
             "--help.\n",
    .run = run,
};
