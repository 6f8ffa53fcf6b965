/* Readers: a thread of this process, and what a second process does. */
#include "soak.h"
#include "soak_schema.h"

#define LOOKS_PART 10.0 /* One for so many operations. */
#define ROWS       20u
#define RETIRED    100u /* A counter is deleted so long after its last command. */
#define OUTSIDE    2000u

struct looker {
    struct soak *soak;
    struct sarn_arena *arena;
};

static sarn_status take_event(void *arg, const struct sarn_event *event)
{
    (void)arg;
    (void)event;
    return SARN_OK;
}

static sarn_status take_row(void *arg, struct sarn_str key, const void *row)
{
    (void)arg;
    (void)key;
    (void)row;
    return SARN_OK;
}

static sarn_status take_execution(void *arg, const struct sarn_execution_row *row)
{
    (void)arg;
    (void)row;
    return SARN_OK;
}

static sarn_status look_at_row(sarn_log *log,
                               struct sarn_str stream,
                               struct sarn_arena *arena,
                               struct sarn_error *error)
{
    struct sarn_key key = {.size = 0};
    struct soak_sum sum;
    sarn_status status = sarn_key_add_text(&key, stream);

    return status == SARN_OK ? sarn_log_row(log, "counters", &key, arena, &sum, error)
                             : status;
}

static sarn_status look_at_rows(sarn_log *log, struct sarn_error *error)
{
    struct sarn_query query = SARN_QUERY_INIT;

    query.projection = "counters";
    query.flags = SARN_READ_BACKWARD;
    query.limit = ROWS;
    return sarn_log_query(log, &query, take_row, NULL, error);
}

static sarn_status look_at_executions(sarn_log *log, struct sarn_error *error)
{
    struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;

    filter.flags = SARN_READ_BACKWARD;
    filter.limit = ROWS;
    return sarn_executions(log, &filter, take_execution, NULL, error);
}

static sarn_status
look_at_stream(sarn_log *log, struct sarn_str stream, struct sarn_error *error)
{
    struct sarn_range range = SARN_RANGE_INIT;

    range.stream = stream;
    range.flags = SARN_READ_BACKWARD;
    range.limit = ROWS;
    return sarn_read(log, &range, take_event, NULL, error);
}

/* The counter that was given up some time ago goes. */
static sarn_status
delete_retired(sarn_engine *engine, uint64_t n, struct sarn_error *error)
{
    char name[32];

    if (n / SOAK_LIFE < RETIRED) {
        return SARN_OK;
    }
    (void)snprintf(name, sizeof(name), "counter-%llu",
                   (unsigned long long)(n / SOAK_LIFE - RETIRED));
    return sarn_stream_delete(engine, 0, sarn_str(name), SARN_ANY, error);
}

static sarn_status
look_once(struct looker *looker, uint64_t n, uint64_t at, struct sarn_error *error)
{
    sarn_engine *engine = looker->soak->engine;
    sarn_log *log = sarn_engine_log(engine);
    struct soak_count state;
    int64_t version;
    char name[32];

    soak_counter(at, name);
    sarn_arena_reset(looker->arena);
    switch (n % 6) {
    case 0:
        return sarn_load(engine, 0, sarn_str(name), looker->arena, &state, &version,
                         error);
    case 1:
        return look_at_row(log, sarn_str(name), looker->arena, error);
    case 2:
        return look_at_rows(log, error);
    case 3:
        return look_at_executions(log, error);
    case 4:
        return look_at_stream(log, sarn_str(name), error);
    default:
        return delete_retired(engine, at, error);
    }
}

void *soak_look(void *arg)
{
    struct soak *soak = arg;
    struct looker looker = {soak, sarn_arena_create(NULL)};
    int64_t lost = 0;
    uint64_t n = 0;

    if (looker.arena == NULL) {
        soak_die("a reader", "out of memory");
    }
    while (!soak_stopping(soak)) {
        double at = (double)n * LOOKS_PART;
        int64_t due = soak->begin_us + lost + (int64_t)(at * 1e6 / soak->rate);
        int64_t shut;

        soak_sleep_until(due);
        shut = soak_gate_enter(&soak->gate);
        if (shut == lost) {
            struct sarn_error error;
            sarn_status status = look_once(&looker, n, (uint64_t)at, &error);

            if (status != SARN_OK && status != SARN_ERR_NOT_FOUND &&
                status != SARN_ERR_DELETED) {
                soak_error(soak, "look", error.text);
            }
            soak_answered(soak, SOAK_LOOK, soak_clock_us() - due);
            n += 1;
        }
        lost = shut;
        soak_gate_leave(&soak->gate);
    }
    sarn_arena_destroy(looker.arena);
    return NULL;
}

/* --- a second process --- */

static sarn_status look_from_outside(sarn_log *log, struct sarn_error *error)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct sarn_range range = SARN_RANGE_INIT;
    sarn_status status = sarn_log_get_stats(log, &stats, error);

    range.from = stats.last_position > OUTSIDE ? stats.last_position - OUTSIDE : 1;
    if (status == SARN_OK) {
        status = sarn_read(log, &range, take_event, NULL, error);
    }
    if (status == SARN_OK) {
        status = look_at_rows(log, error);
    }
    return status == SARN_OK ? look_at_executions(log, error) : status;
}

int soak_look_outside(const char *path)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error;
    sarn_log *log;

    options.modules = soak_modules;
    options.module_count = 1;
    soak_must(sarn_log_open(path, &options, &log, &error), &error, "open for reading");
    for (uint32_t i = 0; i < 5; i++) {
        soak_must(look_from_outside(log, &error), &error, "read from outside");
        soak_sleep_until(soak_clock_us() + 200000);
        soak_must(sarn_log_refresh(log, &error), &error, "refresh from outside");
    }
    sarn_log_close(log);
    return 0;
}
