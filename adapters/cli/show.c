/* sarn show: the timeline of one execution, or the events of one stream.
 *
 * An execution's stream tells which steps ran; what they did to other streams carries
 * its correlation id, and is shown where it happened.
 */
#include <string.h>

#include <sarn/events.h>

#include "cli.h"

struct timeline {
    sarn_log *log;
    struct sarn_arena *arena;
    struct sarn_error error; /* Of what is called in a handler. */
    struct sarn_str stream;
    bool json, colored;
    bool is_execution, own_only, any;
    /* Of the execution's first event. */
    uint64_t first_position;
    uint32_t tenant;
    struct sarn_uuid correlation_id;
    int64_t start_us;
    char run_id[SARN_UUID_TEXT_BYTES];
    /* Folded on the way. */
    const char *status;
};

#define TEXT(str) (int)(str).size, (str).data

static bool is(const struct sarn_event *event, const struct sarn_type *type)
{
    return event->data != NULL &&
           sarn_str_equal(event->type_name, sarn_str(type->name));
}

/* --- one line of an execution --- */

static void line_start(const struct timeline *t, const struct sarn_event *event)
{
    double seconds = (double)(event->time_us - t->start_us) / 1e6;

    cli_printf(t->colored, CLI_DIM, "%8llu  %+10.6f s  ",
               (unsigned long long)event->position, seconds);
}

static void print_step(const struct timeline *t,
                       struct sarn_str step,
                       bool compensation,
                       enum cli_style style,
                       const char *what)
{
    cli_print(t->colored, CLI_NAME, step);
    fputs(compensation ? ": compensation " : ": ", stdout);
    cli_printf(t->colored, style, "%s", what);
}

static void
print_failure(const struct timeline *t, struct sarn_str code, struct sarn_str text)
{
    if (text.size > 0) {
        fputs(": ", stdout);
        cli_print(t->colored, CLI_PLAIN, text);
    }
    if (code.size > 0) {
        cli_printf(t->colored, CLI_DIM, " (%.*s)", TEXT(code));
    }
}

static void print_attempt(uint32_t attempt)
{
    if (attempt > 1) {
        printf(", attempt %u", attempt);
    }
}

static void print_started(struct timeline *t, const struct sarn_event *event)
{
    const struct sarn_execution_started *e = event->data;

    cli_printf(t->colored, CLI_BOLD, "started %.*s", TEXT(e->workflow));
    printf(" version %u", e->definition_version);
    if (event->actor.size > 0) {
        printf(" by ");
        cli_print(false, CLI_PLAIN, event->actor);
    }
    if (event->origin.size > 0) {
        printf(" from ");
        cli_print(false, CLI_PLAIN, event->origin);
    }
}

static void print_failed(const struct timeline *t, const struct sarn_event *event)
{
    const struct sarn_step_failed *e = event->data;
    char when[CLI_TIME_BYTES];

    print_step(t, e->step, e->compensation, CLI_BAD, "failed");
    print_attempt(e->attempt);
    print_failure(t, e->code, e->text);
    if (e->retry_at_us != 0) {
        cli_time_text(e->retry_at_us, when);
        printf("; again at %s", when);
    }
}

static void print_reconciled(const struct timeline *t, const struct sarn_event *event)
{
    static const char *const fates[] = {"in doubt", "found done", "found not done"};
    const struct sarn_step_reconciled *e = event->data;

    print_step(t, e->step, e->compensation, e->fate == 0 ? CLI_BAD : CLI_PLAIN,
               fates[e->fate < 3 ? e->fate : 0]);
    print_attempt(e->attempt);
    print_failure(t, (struct sarn_str){NULL, 0}, e->text);
}

/* false: it is no event of an execution. */
static bool print_end(struct timeline *t, const struct sarn_event *event)
{
    if (is(event, &sarn_compensation_began_type)) {
        const struct sarn_compensation_began *e = event->data;

        cli_printf(t->colored, CLI_BOLD, "compensating");
        printf(", since %.*s failed", TEXT(e->step));
        print_failure(t, e->code, e->text);
    } else if (is(event, &sarn_execution_completed_type)) {
        cli_printf(t->colored, CLI_GOOD, "completed");
    } else if (is(event, &sarn_execution_compensated_type)) {
        cli_printf(t->colored, CLI_BOLD, "compensated");
    } else if (is(event, &sarn_execution_parked_type)) {
        const struct sarn_execution_parked *e = event->data;

        cli_printf(t->colored, CLI_BAD, "parked");
        printf(" at %.*s%s", TEXT(e->step), e->compensation ? ", compensating" : "");
        print_failure(t, e->code, e->text);
    } else {
        return false;
    }
    return true;
}

static bool print_known(struct timeline *t, const struct sarn_event *event)
{
    if (is(event, &sarn_execution_started_type)) {
        print_started(t, event);
    } else if (is(event, &sarn_step_started_type)) {
        const struct sarn_step_started *e = event->data;

        print_step(t, e->step, e->compensation, CLI_PLAIN, "started");
        print_attempt(e->attempt);
    } else if (is(event, &sarn_step_succeeded_type)) {
        const struct sarn_step_succeeded *e = event->data;

        print_step(t, e->step, e->compensation, CLI_GOOD, "done");
        print_attempt(e->attempt);
    } else if (is(event, &sarn_step_failed_type)) {
        print_failed(t, event);
    } else if (is(event, &sarn_step_reconciled_type)) {
        print_reconciled(t, event);
    } else {
        return print_end(t, event);
    }
    return true;
}

static sarn_status print_execution_line(struct timeline *t,
                                        const struct sarn_event *event)
{
    sarn_status status = SARN_OK;

    line_start(t, event);
    if (!sarn_str_equal(event->stream, t->stream)) {
        fputs("    ", stdout);
        cli_print(t->colored, CLI_NAME, event->stream);
        cli_printf(t->colored, CLI_DIM, "@%llu  ", (unsigned long long)event->version);
        cli_print(t->colored, CLI_PLAIN, event->type_name);
        fputs("  ", stdout);
        status = cli_print_data(t->log, event, t->colored, t->arena, &t->error);
    } else if (!print_known(t, event)) {
        cli_print(t->colored, CLI_PLAIN, event->type_name);
    }
    putchar('\n');
    return status;
}

/* --- handlers --- */

static sarn_status print_json(struct timeline *t, const struct sarn_event *event)
{
    struct sarn_str json;
    sarn_status status = sarn_event_json(t->log, event, t->arena, &json, &t->error);

    if (status == SARN_OK) {
        fputs(t->any ? "," : "", stdout);
        fwrite(json.data, 1, json.size, stdout);
        t->any = true;
    }
    return status;
}

static sarn_status print_one(void *arg, const struct sarn_event *event)
{
    struct timeline *t = arg;

    sarn_arena_reset(t->arena);
    if (t->json) {
        return print_json(t, event);
    }
    return t->is_execution
               ? print_execution_line(t, event)
               : cli_print_event(t->log, event, t->colored, t->arena, &t->error);
}

static sarn_status look_at_first(void *arg, const struct sarn_event *event)
{
    struct timeline *t = arg;
    const struct sarn_execution_started *e = event->data;
    struct sarn_uuid run_id;

    t->first_position = event->position;
    t->correlation_id = event->correlation_id;
    t->start_us = event->time_us;
    t->is_execution = is(event, &sarn_execution_started_type);
    if (t->is_execution && e->run_id.size == sizeof(run_id.bytes)) {
        memcpy(run_id.bytes, e->run_id.data, sizeof(run_id.bytes));
        sarn_uuid_text(run_id, t->run_id);
    }
    return SARN_OK;
}

/* The status of an execution, from its last events. */
static sarn_status look_at_status(void *arg, const struct sarn_event *event)
{
    struct timeline *t = arg;

    if (is(event, &sarn_compensation_began_type)) {
        t->status = "compensating";
    } else if (is(event, &sarn_execution_completed_type)) {
        t->status = "completed";
    } else if (is(event, &sarn_execution_compensated_type)) {
        t->status = "compensated";
    } else if (is(event, &sarn_execution_parked_type)) {
        t->status = "parked";
    }
    return SARN_OK;
}

/* --- the command --- */

static sarn_status print_head(struct timeline *t, const struct sarn_stream_info *info)
{
    struct sarn_range range = SARN_RANGE_INIT;
    sarn_status status = SARN_OK;

    range.stream = t->stream;
    range.tenant = t->tenant;
    if (t->is_execution) {
        status = sarn_read(t->log, &range, look_at_status, t, &t->error);
    }
    if (t->json) {
        printf("{\"stream\":");
        cli_print_json(t->stream);
        printf(",\"tenant\":%u,\"version\":%llu,", t->tenant,
               (unsigned long long)info->version);
        if (t->is_execution) {
            printf("\"status\":\"%s\",\"run_id\":\"%s\",", t->status, t->run_id);
        }
        printf("\"events\":[");
    } else {
        cli_print(t->colored, CLI_BOLD, t->stream);
        if (t->is_execution) {
            printf("  %s  run %s", t->status, t->run_id);
        } else {
            printf("  %llu event%s", (unsigned long long)info->version + 1,
                   CLI_PLURAL(info->version + 1));
        }
        putchar('\n');
    }
    return status;
}

static sarn_status show(struct timeline *t, struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_stream_info info;
    bool related;
    sarn_status status =
        sarn_log_stream(t->log, t->tenant, t->stream, t->arena, &info, error);

    range.stream = t->stream;
    range.tenant = t->tenant;
    range.limit = 1;
    if (status == SARN_OK) {
        status = sarn_read(t->log, &range, look_at_first, t, error);
    }
    if (status == SARN_OK) {
        status = print_head(t, &info);
    }
    if (status != SARN_OK) {
        return status;
    }
    range.limit = 0;
    related = t->is_execution && !t->own_only && !sarn_uuid_is_zero(t->correlation_id);
    if (related) {
        /* Its own events are the first and the last of all that belong to it. */
        range = (struct sarn_range)SARN_RANGE_INIT;
        range.from = t->first_position;
        range.to = info.last_position;
        range.correlation_id = t->correlation_id;
    }
    status = sarn_read(t->log, &range, print_one, t, error);
    if (t->json) {
        printf("]}\n");
    }
    return status;
}

static int run(const struct cli_command *command, int argc, char **argv)
{
    struct timeline t = {.status = "running"};
    struct cli_common common = {0};
    struct sarn_error error = {SARN_OK, ""};
    const char *words[2] = {NULL, NULL};
    uint64_t tenant = 0;
    const struct cli_option options[] = {{"tenant", CLI_NUMBER, &tenant, 0},
                                         {"own", CLI_FLAG, &t.own_only, 0}};
    sarn_status status;
    int result;

    if (!cli_parse(command, argc, argv, options, 2, &common, words, 2, 2)) {
        return cli_parse_status(&common);
    }
    if (tenant > UINT32_MAX) {
        cli_complain("a tenant is a number of 32 bits");
        return CLI_USAGE;
    }
    t.tenant = (uint32_t)tenant;
    t.stream = sarn_str(words[1]);
    t.json = common.json;
    t.colored = cli_use_color(common.color);
    result = cli_open(words[0], NULL, &t.log);
    if (result != CLI_OK) {
        return result;
    }
    t.arena = sarn_arena_create(NULL);
    status = t.arena == NULL ? SARN_ERR_NOMEM : show(&t, &error);
    if (status == SARN_ERR_NOT_FOUND || status == SARN_ERR_DELETED) {
        cli_complain("%s", error.text);
        result = CLI_MISSING;
    } else if (status != SARN_OK) {
        result = cli_fail(status, t.error.text[0] != '\0' ? &t.error : &error);
    }
    sarn_arena_destroy(t.arena);
    sarn_log_close(t.log);
    return cli_finish(result);
}

const struct cli_command cli_show = {
    .name = "show",
    .summary = "the timeline of an execution, or the events of a stream",
    .usage = "sarn show LOG NAME [options] - show one stream (account-42), or one "
             "execution\n"
             "(funds_transfer-171812) as a timeline: its steps, their attempts and "
             "failures,\n"
             "what was undone, and the events that they led to in other streams.\n"
             "\n"
             "  --own       an execution's own events only\n"
             "  --tenant N  0 unless given\n"
             "  --json      one JSON object with the events in it\n"
             "\n"
             "Exit status: 0 done; 4 no such stream or execution; 1, 2, 5: see sarn "
             "--help.\n",
    .run = run,
};
