/* The timeline of an execution: its own events in words, and, at their place between
 * them, those that it led to in other streams.
 *
 *   time                          since its start  who  what
 */
#include <string.h>

#include <sarn/events.h>
#include <sarn/execution.h>

#include "cli.h"

/* One event of its own stream, in the order of positions. */
struct line {
    struct line *next;
    uint64_t position;
    struct sarn_str text;
};

struct timeline {
    sarn_log *log;
    struct sarn_arena *arena;   /* Of all lines. */
    struct sarn_arena *scratch; /* Of one event. */
    struct sarn_error error;    /* Of what is called in a handler. */
    bool json, colored, any;
    struct line *first, **tail;
    uint64_t first_position, last_position;
    uint32_t tenant, who_width;
    struct sarn_uuid correlation_id, run_id;
    int64_t start_us;
    uint32_t status, status_before; /* enum sarn_execution_status */
};

/* Who did it, or at least from where. */
static struct sarn_str who(const struct sarn_event *event)
{
    return event->actor.size > 0 ? event->actor : event->origin;
}

/* --- first: what its own events say --- */

static bool is(const struct sarn_event *event, const struct sarn_type *type)
{
    return event->data != NULL &&
           sarn_str_equal(event->type_name, sarn_str(type->name));
}

static void look_at_start(struct timeline *t, const struct sarn_event *event)
{
    const struct sarn_execution_started *e = event->data;

    t->first_position = event->position;
    t->correlation_id = event->correlation_id;
    t->start_us = event->time_us;
    t->status = SARN_EXECUTION_RUNNING;
    if (e->run_id.size == sizeof(t->run_id.bytes)) {
        memcpy(t->run_id.bytes, e->run_id.data, sizeof(t->run_id.bytes));
    }
}

/* How an execution ended that was compensated, by the cause that its event names. */
static uint32_t status_of_cause(uint32_t cause)
{
    static const uint32_t statuses[] = {
        SARN_EXECUTION_COMPENSATED, SARN_EXECUTION_CANCELLED, SARN_EXECUTION_TERMINATED,
        SARN_EXECUTION_TIMED_OUT, SARN_EXECUTION_UNDONE};

    return cause < sizeof(statuses) / sizeof(statuses[0]) ? statuses[cause]
                                                          : SARN_EXECUTION_COMPENSATED;
}

static void look_at_status(struct timeline *t, const struct sarn_event *event)
{
    uint32_t before = t->status;

    if (is(event, &sarn_execution_started_type)) {
        look_at_start(t, event);
    } else if (is(event, &sarn_compensation_began_type) ||
               is(event, &sarn_reset_requested_type)) {
        t->status = SARN_EXECUTION_COMPENSATING;
    } else if (is(event, &sarn_execution_completed_type)) {
        t->status = SARN_EXECUTION_COMPLETED;
    } else if (is(event, &sarn_execution_compensated_type)) {
        const struct sarn_execution_compensated *e = event->data;

        t->status = status_of_cause(e->cause);
    } else if (is(event, &sarn_execution_continued_type)) {
        t->status = SARN_EXECUTION_CONTINUED;
    } else if (is(event, &sarn_execution_rewound_type)) {
        t->status = SARN_EXECUTION_RUNNING;
    } else if (is(event, &sarn_execution_parked_type)) {
        t->status = SARN_EXECUTION_PARKED;
        t->status_before = before;
    } else if (is(event, &sarn_execution_unparked_type)) {
        t->status = t->status_before;
    }
}

static sarn_status
add_line(void *arg, const struct sarn_event *event, struct sarn_str text)
{
    struct timeline *t = arg;
    struct line *line = sarn_arena_alloc(t->arena, sizeof(*line));

    if (line == NULL || sarn_arena_copy(t->arena, text, &line->text) != SARN_OK) {
        return SARN_ERR_NOMEM;
    }
    look_at_status(t, event);
    line->position = event->position;
    t->last_position = event->position;
    if (who(event).size > t->who_width) {
        t->who_width = who(event).size;
    }
    *t->tail = line;
    t->tail = &line->next;
    return SARN_OK;
}

/* --- then: all of them, printed --- */

static void print_text(struct timeline *t, const struct sarn_event *event)
{
    char time[CLI_TIME_BYTES];

    cli_time_text(event->time_us, time);
    cli_printf(t->colored, CLI_DIM, "%s  %+13.6f s  ", time,
               (double)(event->time_us - t->start_us) / 1e6);
    if (t->who_width > 0) {
        struct sarn_str name = who(event).size > 0 ? who(event) : sarn_str("-");

        cli_print(t->colored, CLI_NAME, name);
        printf("%*s", (int)(t->who_width - name.size) + 2, "");
    }
}

/* Good ends and bad ones are seen at once. */
static enum cli_style style_of(const struct sarn_event *event)
{
    if (is(event, &sarn_step_failed_type) || is(event, &sarn_step_timed_out_type) ||
        is(event, &sarn_execution_parked_type)) {
        return CLI_BAD;
    }
    if (is(event, &sarn_execution_completed_type)) {
        return CLI_GOOD;
    }
    return is(event, &sarn_execution_started_type) ||
                   is(event, &sarn_compensation_began_type) ||
                   is(event, &sarn_execution_compensated_type)
               ? CLI_BOLD
               : CLI_PLAIN;
}

static sarn_status print_related(struct timeline *t, const struct sarn_event *event)
{
    sarn_status status;

    print_text(t, event);
    fputs("    ", stdout);
    cli_print(t->colored, CLI_NAME, event->stream);
    cli_printf(t->colored, CLI_DIM, "@%llu  ", (unsigned long long)event->version);
    cli_print(t->colored, CLI_PLAIN, event->type_name);
    fputs("  ", stdout);
    status = cli_print_data(t->log, event, t->colored, t->scratch, &t->error);
    putchar('\n');
    return status;
}

/* text (may be empty) becomes one more member. */
static sarn_status
print_json(struct timeline *t, const struct sarn_event *event, struct sarn_str text)
{
    struct sarn_str json;
    sarn_status status = sarn_event_json(t->log, event, t->scratch, &json, &t->error);

    if (status != SARN_OK) {
        return status;
    }
    fputs(t->any ? "," : "", stdout);
    t->any = true;
    if (text.size == 0) {
        fwrite(json.data, 1, json.size, stdout);
        return SARN_OK;
    }
    fwrite(json.data, 1, json.size - 1, stdout); /* Without its closing brace. */
    printf(",\"text\":");
    cli_print_json(text);
    putchar('}');
    return SARN_OK;
}

static sarn_status print_event(void *arg, const struct sarn_event *event)
{
    struct timeline *t = arg;
    struct line *line = t->first;

    sarn_arena_reset(t->scratch);
    if (line == NULL || line->position != event->position) {
        return t->json ? print_json(t, event, (struct sarn_str){NULL, 0})
                       : print_related(t, event);
    }
    t->first = line->next;
    if (t->json) {
        return print_json(t, event, line->text);
    }
    print_text(t, event);
    cli_print(t->colored, style_of(event), line->text);
    putchar('\n');
    return SARN_OK;
}

static void print_head(const struct timeline *t, struct sarn_str stream)
{
    char run_id[SARN_UUID_TEXT_BYTES];
    const char *status = sarn_execution_status_text(t->status);

    sarn_uuid_text(t->run_id, run_id);
    if (t->json) {
        printf("{\"stream\":");
        cli_print_json(stream);
        printf(",\"tenant\":%u,\"status\":\"%s\",\"run_id\":\"%s\",\"events\":[",
               t->tenant, status, run_id);
        return;
    }
    cli_print(t->colored, CLI_BOLD, stream);
    printf("  %s  run %s\n", status, run_id);
}

static sarn_status
show(struct timeline *t, const struct cli_timeline *what, struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;
    sarn_status status;

    t->tail = &t->first;
    status = sarn_execution_timeline(t->log, what->tenant, what->workflow,
                                     what->workflow_id, what->run, add_line, t, error);
    if (status != SARN_OK) {
        return status;
    }
    print_head(t, what->stream);
    range.from = t->first_position;
    range.to = t->last_position;
    if (what->own_only || sarn_uuid_is_zero(t->correlation_id)) {
        range.stream = what->stream;
        range.tenant = what->tenant;
    } else {
        /* Its own events are the first and the last of all that belong to it. */
        range.correlation_id = t->correlation_id;
    }
    status = sarn_read(t->log, &range, print_event, t, error);
    if (t->json) {
        printf("]}\n");
    }
    return status;
}

sarn_status cli_print_timeline(sarn_log *log,
                               const struct cli_timeline *what,
                               bool json,
                               bool colored,
                               struct sarn_error *error)
{
    struct timeline t = {.log = log, .json = json, .colored = colored};
    sarn_status status = SARN_ERR_NOMEM;

    t.tenant = what->tenant;
    t.arena = sarn_arena_create(NULL);
    t.scratch = sarn_arena_create(NULL);
    if (t.arena != NULL && t.scratch != NULL) {
        status = show(&t, what, error);
    }
    if (t.error.text[0] != '\0') {
        *error = t.error;
    }
    sarn_arena_destroy(t.scratch);
    sarn_arena_destroy(t.arena);
    return status;
}
