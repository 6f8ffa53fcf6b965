/* What is said to the sarn command: the words, options and filters of its commands,
 * over a small log in memory. What is found is what each event or execution, looked at
 * by itself, says that it should be; what would be told to an engine can be told.
 *
 * Input: argv, a word a line, from the command's name on. */
#include "fuzz.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/cli/cli.h"
#include "core/schedule.h"
#include "infra/yajl/json.h"
#include "said.h"
#include "support/executions.h"

#define WORDS_MAX 24u

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What the commands call in place of what has the name without fuzz_ (CMakeLists.txt).
 */
sarn_status fuzz_read(sarn_log *log,
                      const struct sarn_range *range,
                      sarn_event_fn *handler,
                      void *arg,
                      struct sarn_error *error);
sarn_status fuzz_executions(sarn_log *log,
                            const struct sarn_execution_filter *filter,
                            sarn_execution_fn *handler,
                            void *arg,
                            struct sarn_error *error);
sarn_status fuzz_control_at(const char *path,
                            const struct sarn_control *control,
                            struct sarn_arena *arena,
                            struct sarn_str *answer,
                            struct sarn_error *error);
sarn_status fuzz_schedule_put_at(const char *path,
                                 const struct sarn_schedule *schedule,
                                 struct sarn_str json,
                                 struct sarn_error *error);
sarn_status fuzz_schedule_alter_at(const char *path,
                                   const struct sarn_schedule_change *change,
                                   struct sarn_error *error);
int fuzz_access(const char *path, int mode);

/* --- the log, the same for every input --- */

#define SECOND_US INT64_C(1000000)
#define BEGUN_US  (INT64_C(1700000000) * SECOND_US)

static struct views views;

static void write_executions(void)
{
    static const char *const streams[] = {
        "order-1", "order-2", "pay-1", "pay-a-b", "order-\xc3\xa9", "p-1", "order-20"};
    struct sarn_attribute_value found[2] = {
        {.name = SARN_STR("city"), .value = SARN_STR("Prague")},
        {.name = SARN_STR("size"), .value = SARN_STR("")}};
    const struct sarn_execution_parked parked = {.step = SARN_STR("charge"),
                                                 .code = SARN_STR("declined"),
                                                 .was = SARN_EXECUTION_RUNNING};
    int64_t now_us = BEGUN_US;

    for (uint32_t i = 0; i < 21; i++) {
        struct sarn_execution_started started = {.fingerprint = i % 2,
                                                 .attributes = {found, i % 3}};

        now_us += SECOND_US;
        executions_start(&views, i % 4 == 3 ? 3 : 0, streams[i % 7], now_us, started);
        if (i % 5 == 1 && i % 4 != 3) {
            executions_complete(&views, streams[i % 7], now_us + 1);
        }
        if (i % 5 == 2 && i % 4 != 3) {
            executions_write(&views, 0, streams[i % 7], now_us + 2,
                             &sarn_execution_parked_type, &parked);
        }
    }
    executions_settle(&views);
}

static void prepare(void)
{
    static bool prepared = false;

    if (!prepared) {
        executions_begin(&views);
        views.log.ports.json = sarn__yajl_json();
        write_executions();
        must(freopen("/dev/null", "w", stdout) != NULL);
        prepared = true;
    }
}

/* --- the log, opened --- */

/* What adapters/cli/open.c has. */
int cli_open(const char *path, const struct cli_list *files, sarn_log **log)
{
    (void)files;
    must(path != NULL);
    *log = &views.log;
    return CLI_OK;
}

int cli_fail(sarn_status status, const struct sarn_error *error)
{
    must(status != SARN_OK && error->text[0] != '\0');
    return status == SARN_ERR_CORRUPT ? CLI_WRONG : CLI_FAILED;
}

/* Not on the terminal, but formatted. */
void cli_complain(const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    must(vsnprintf(text, sizeof(text), format, arguments) > 0);
    va_end(arguments);
}

/* --- events, as sarn_read() finds them and as one by one tells --- */

struct events {
    const struct sarn_range *range;
    sarn_event_fn *handler; /* NULL: only count. */
    void *arg;
    uint64_t count, last;
};

static bool is_within(int64_t value, int64_t from, int64_t to)
{
    return (from == 0 || value >= from) && (to == 0 || value <= to);
}

static struct sarn_str category(struct sarn_str stream)
{
    const char *dash = stream.size == 0 ? NULL : memchr(stream.data, '-', stream.size);

    return dash == NULL
               ? stream
               : (struct sarn_str){stream.data, (uint32_t)(dash - stream.data)};
}

static bool event_matches(const struct sarn_event *event,
                          const struct sarn_range *range)
{
    bool placed = range->stream.size > 0 || range->category.size > 0;

    return event->position >= range->from &&
           (range->to == 0 || event->position <= range->to) &&
           is_within(event->time_us, range->from_time_us, range->to_time_us) &&
           (!placed || (event->stream.size > 0 && event->tenant == range->tenant)) &&
           (range->stream.size == 0 || (sarn_str_equal(event->stream, range->stream) &&
                                        event->version >= range->from_version)) &&
           (range->category.size == 0 ||
            sarn_str_equal(category(event->stream), range->category)) &&
           (range->type.size == 0 || sarn_str_equal(event->type_name, range->type)) &&
           (sarn_uuid_is_zero(range->correlation_id) ||
            memcmp(&event->correlation_id, &range->correlation_id, 16) == 0);
}

static sarn_status check_event(void *arg, const struct sarn_event *event)
{
    struct events *events = arg;
    bool backward = (events->range->flags & SARN_READ_BACKWARD) != 0;

    if (events->handler == NULL) {
        events->count += event_matches(event, events->range) ? 1 : 0;
        return SARN_OK;
    }
    must(event_matches(event, events->range));
    must(events->count == 0 ||
         (backward ? event->position < events->last : event->position > events->last));
    events->count += 1;
    events->last = event->position;
    return events->handler(events->arg, event);
}

/* sarn_read(), and again by looking at each event. */
sarn_status fuzz_read(sarn_log *log,
                      const struct sarn_range *range,
                      sarn_event_fn *handler,
                      void *arg,
                      struct sarn_error *error)
{
    struct events found = {.range = range, .handler = handler, .arg = arg};
    struct events told = {.range = range};
    sarn_status status = sarn_read(log, range, check_event, &found, error);

    if (status == SARN_OK) {
        must(sarn_read(log, NULL, check_event, &told, NULL) == SARN_OK);
        must(found.count == (range->limit > 0 && range->limit < told.count
                                 ? range->limit
                                 : told.count));
    }
    return status;
}

/* --- executions, likewise --- */

struct executions {
    const struct sarn_execution_filter *filter;
    sarn_execution_fn *handler; /* NULL: only count. */
    void *arg;
    uint64_t count;
    int64_t last_us;
};

static bool has_attribute(const struct sarn_execution_row *row,
                          const struct sarn_attribute *attribute)
{
    for (uint32_t i = 0; i < row->attribute_count; i++) {
        if (sarn_str_equal(row->attributes[i].name, attribute->name) &&
            sarn_str_equal(row->attributes[i].value, attribute->value)) {
            return true;
        }
    }
    return false;
}

static bool execution_matches(const struct sarn_execution_row *row,
                              const struct sarn_execution_filter *filter)
{
    for (uint32_t i = 0; i < filter->attribute_count; i++) {
        if (!has_attribute(row, &filter->attributes[i])) {
            return false;
        }
    }
    return row->tenant == filter->tenant &&
           is_within(row->started_us, filter->from_us, filter->to_us) &&
           (filter->status == 0 || row->status == filter->status) &&
           (filter->workflow.size == 0 ||
            sarn_str_equal(row->workflow, filter->workflow));
}

static sarn_status check_execution(void *arg, const struct sarn_execution_row *row)
{
    struct executions *executions = arg;
    bool backward = (executions->filter->flags & SARN_READ_BACKWARD) != 0;

    if (executions->handler == NULL) {
        executions->count += execution_matches(row, executions->filter) ? 1 : 0;
        return SARN_OK;
    }
    must(execution_matches(row, executions->filter));
    must(executions->count == 0 || (backward ? row->started_us <= executions->last_us
                                             : row->started_us >= executions->last_us));
    executions->count += 1;
    executions->last_us = row->started_us;
    return executions->handler(executions->arg, row);
}

/* sarn_executions(), and again by looking at each. */
sarn_status fuzz_executions(sarn_log *log,
                            const struct sarn_execution_filter *filter,
                            sarn_execution_fn *handler,
                            void *arg,
                            struct sarn_error *error)
{
    struct sarn_execution_filter all = SARN_EXECUTION_FILTER_INIT;
    struct executions found = {.filter = filter, .handler = handler, .arg = arg};
    struct executions told = {.filter = filter};
    sarn_status status = sarn_executions(log, filter, check_execution, &found, error);

    if (status == SARN_OK) {
        all.tenant = filter->tenant;
        must(sarn_executions(log, &all, check_execution, &told, NULL) == SARN_OK);
        must(found.count == (filter->limit > 0 && filter->limit < told.count
                                 ? filter->limit
                                 : told.count));
    }
    return status;
}

/* --- what is told to an engine --- */

/* It goes as a line, from which the same is read; or cannot, and is refused. */
static sarn_status send(const struct sarn__said *said, struct sarn_error *error)
{
    const struct sarn_json json = sarn__yajl_json();
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__said back;
    struct sarn_str line;
    sarn_status status;

    must(arena != NULL);
    status = sarn__control_line_write(&json, said, arena, &line, error);
    if (status == SARN_OK) {
        must(memchr(line.data, '\n', line.size) == NULL);
        status = sarn__control_line_read(&json, line, arena, &back, error);
        must(status != SARN_OK || said_same(said, &back));
    }
    must(status == SARN_OK || error->text[0] != '\0');
    sarn_arena_destroy(arena);
    return status;
}

sarn_status fuzz_control_at(const char *path,
                            const struct sarn_control *control,
                            struct sarn_arena *arena,
                            struct sarn_str *answer,
                            struct sarn_error *error)
{
    const struct sarn__said said = {.kind = SARN__SAID_CONTROL,
                                    .as = {.control = *control}};

    (void)arena;
    (void)answer;
    must(path != NULL && control->op != 0);
    return send(&said, error);
}

sarn_status fuzz_schedule_put_at(const char *path,
                                 const struct sarn_schedule *schedule,
                                 struct sarn_str json,
                                 struct sarn_error *error)
{
    const struct sarn__said said = {
        .kind = SARN__SAID_SCHEDULE, .as = {.schedule = *schedule}, .input = json};
    struct sarn__schedule_spec spec = {.workflow = sarn_str(schedule->workflow),
                                       .cron = sarn_str(schedule->cron),
                                       .zone = sarn_str(schedule->zone),
                                       .interval_us = schedule->interval_us,
                                       .offset_us = schedule->offset_us,
                                       .from_us = schedule->from_us,
                                       .to_us = schedule->to_us,
                                       .catch_up_us = schedule->catch_up_us,
                                       .jitter_us = schedule->jitter_us,
                                       .limit = schedule->limit,
                                       .overlap = schedule->overlap};
    sarn_status status = sarn__schedule_check(schedule->id, &spec, error);

    must(path != NULL);
    return status == SARN_OK ? send(&said, error) : status;
}

sarn_status fuzz_schedule_alter_at(const char *path,
                                   const struct sarn_schedule_change *change,
                                   struct sarn_error *error)
{
    const struct sarn__said said = {.kind = SARN__SAID_SCHEDULE_CHANGE,
                                    .as = {.schedule_change = *change}};

    must(path != NULL && change->op != 0);
    return send(&said, error);
}

int fuzz_access(const char *path, int mode)
{
    (void)mode;
    must(path != NULL);
    return 0; /* There is such a log. */
}

/* --- the command line --- */

static const struct cli_command *find(const char *name)
{
    static const struct cli_command *const commands[] = {
        &cli_log,    &cli_show,      &cli_plan,   &cli_executions, &cli_streams,
        &cli_stats,  &cli_schedules, &cli_signal, &cli_update,     &cli_promise,
        &cli_cancel, &cli_terminate, &cli_pause,  &cli_resume,     &cli_reset,
        &cli_fork,   &cli_retry,     &cli_skip,   &cli_resolve,    &cli_schedule};

    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* Each in a block of its own, so that reading past it is seen. */
static int take_words(const uint8_t *data, size_t size, char **words)
{
    int count = 0;

    while (size > 0 && count < (int)WORDS_MAX) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end != NULL ? (size_t)(end - data) : size;

        words[count] = calloc(length + 1, 1);
        must(words[count] != NULL);
        memcpy(words[count++], data, length);
        length += end != NULL ? 1 : 0;
        data += length;
        size -= length;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words[WORDS_MAX + 1] = {NULL};
    int count = take_words(data, size, words);
    const struct cli_command *command = count > 0 ? find(words[0]) : NULL;
    bool follows = false; /* It would not come to an end. */

    prepare();
    for (int i = 1; i < count; i++) {
        follows =
            follows || strcmp(words[i], "-f") == 0 || strcmp(words[i], "--follow") == 0;
    }
    if (command != NULL && !follows) {
        int left_with = command->run(command, count, words);

        must(left_with >= CLI_OK && left_with <= CLI_REFUSED);
    }
    for (int i = 0; i < count; i++) {
        free(words[i]);
    }
    return 0;
}
