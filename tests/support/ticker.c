#include "support/ticker.h"

#include "engine/state.h"
#include "infra/memory/codec.h"
#include "sarn/events.h"
#include "support/executions.h"
#include "support/schedule.h"
#include "support/test.h"

#define MOVES_MAX 200000u

/* --- the world --- */

static struct ticker_deed *deed_of(const struct sarn_step_call *call)
{
    struct ticker *ticker = sarn_step_context(call);
    struct sarn_str id = sarn_step_workflow_id(call), key = sarn_step_key(call);
    struct ticker_deed *deed = ticker->deeds;

    /* A compensation has a key of its own: it is for the latest run of the id. */
    for (deed += ticker->deed_count; deed > ticker->deeds; deed--) {
        if (sarn_str_equal(sarn_str(deed[-1].id), id)) {
            return &deed[-1];
        }
    }
    assert_true(ticker->deed_count < TICKER_DEEDS_MAX);
    assert_true(id.size < sizeof(deed->id) && key.size < sizeof(deed->key));
    deed = &ticker->deeds[ticker->deed_count++];
    memcpy(deed->id, id.data, id.size);
    return deed;
}

static sarn_status work(struct sarn_step_call *call)
{
    struct sarn_str key = sarn_step_key(call);
    struct ticker_deed *deed = deed_of(call);

    assert_non_null(sarn_step_input(call));
    if (!sarn_str_equal(sarn_str(deed->key), key)) {
        memset(deed->key, 0, sizeof(deed->key));
        memcpy(deed->key, key.data, key.size);
        deed->done += 1;
    }
    return SARN_OK;
}

static sarn_status undo(struct sarn_step_call *call)
{
    deed_of(call)->undone += 1;
    return SARN_OK;
}

static sarn_status take_time(struct sarn_step_call *call)
{
    const struct ticker *ticker = sarn_step_context(call);

    return sarn_step_wait_until(call, sarn_step_now_us(call) + ticker->takes_us);
}

/* --- life --- */

static void make_module(struct ticker *ticker)
{
    ticker->steps[0] = (struct sarn_step){
        .id = "work", .run = work, .compensate = undo, .flags = SARN_STEP_IDEMPOTENT};
    ticker->steps[1] =
        (struct sarn_step){.id = "time", .run = take_time, .kind = SARN_STEP_TIMER};
    ticker->workflow = (struct sarn_workflow){.name = "tick",
                                              .version = 1,
                                              .input = &sarn_bytes_type,
                                              .steps = ticker->steps,
                                              .step_count = 2,
                                              .step_size = sizeof(ticker->steps[0])};
    ticker->workflows[0] = &ticker->workflow;
    ticker->module = (struct sarn_module){.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(ticker->module),
                                          .name = "ticker",
                                          .version = "1",
                                          .workflows = ticker->workflows,
                                          .workflow_count = 1};
    ticker->modules[0] = &ticker->module;
}

void ticker_open(struct ticker *ticker,
                 const char *at,
                 uint64_t seed,
                 const struct sarn_heap *heap)
{
    struct sarn__sim_options options = {.seed = seed, .codec = sarn__memory_codec()};
    struct sarn_error error = {SARN_OK, ""};

    *ticker = (struct ticker){.takes_us = SARN__SECOND_US};
    make_module(ticker);
    test_tzif(&ticker->prague, 2, 3600, NULL, 0, TEST_PRAGUE);
    ticker->zone =
        (struct sarn__memory_zone){"Europe/Prague", test_tzif_bytes(&ticker->prague)};
    ticker->zones = (struct sarn__memory_zones){&ticker->zone, 1};
    options.zones = sarn__memory_zones(&ticker->zones);
    options.start_us = test_time_us(at);
    options.options.modules = ticker->modules;
    options.options.module_count = 1;
    options.options.context = ticker;
    if (heap != NULL) {
        options.options.heap = *heap;
    }
    assert_ok(sarn__sim_create(&options, &ticker->sim, &error), &error);
}

void ticker_close(struct ticker *ticker)
{
    sarn_engine *engine = sarn__sim_engine(ticker->sim);

    if (engine != NULL && engine->stopped == SARN_OK) {
        sarn__engine_settle(engine);
        executions_check_counts(sarn__engine_log(engine));
    }
    sarn__sim_destroy(ticker->sim);
}

void ticker_crash(struct ticker *ticker)
{
    struct sarn_error error = {SARN_OK, ""};

    sarn__sim_crash(ticker->sim);
    assert_ok(sarn__sim_open(ticker->sim, ticker->modules, 1, &error), &error);
}

void ticker_crash_without_module(struct ticker *ticker)
{
    struct sarn_error error = {SARN_OK, ""};

    sarn__sim_crash(ticker->sim);
    assert_ok(sarn__sim_open(ticker->sim, ticker->modules, 0, &error), &error);
}

/* --- asking --- */

struct sarn_schedule ticker_hourly(void)
{
    static const struct sarn_str input = SARN_STR("input");
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;

    schedule.id = sarn_str("s");
    schedule.workflow = "tick";
    schedule.input = &input;
    schedule.cron = "@hourly";
    return schedule;
}

static const char *answer(struct ticker *ticker, struct sarn__request *request)
{
    struct sarn__sim_outcome outcome = {.answers = 0};

    sarn__sim_request(ticker->sim, request, &outcome);
    for (uint32_t i = 0; outcome.answers == 0; i++) {
        assert_true(i < MOVES_MAX);
        assert_true(sarn__sim_run_moves(ticker->sim, 1));
    }
    snprintf(ticker->text, sizeof(ticker->text), "%s",
             outcome.status == SARN_OK ? "ok" : outcome.text);
    return ticker->text;
}

const char *ticker_put(struct ticker *ticker, const struct sarn_schedule *schedule)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__request *request = NULL;

    if (sarn__request_schedule_put(sarn__sim_engine(ticker->sim), schedule,
                                   (struct sarn_str){NULL, 0}, &request,
                                   &error) != SARN_OK) {
        snprintf(ticker->text, sizeof(ticker->text), "%s", error.text);
        return ticker->text;
    }
    return answer(ticker, request);
}

const char *ticker_alter(struct ticker *ticker,
                         const struct sarn_schedule_change *change)
{
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__request *request = NULL;

    if (sarn__request_schedule_alter(sarn__sim_engine(ticker->sim), change, &request,
                                     &error) != SARN_OK) {
        snprintf(ticker->text, sizeof(ticker->text), "%s", error.text);
        return ticker->text;
    }
    return answer(ticker, request);
}

const char *ticker_do(struct ticker *ticker, uint32_t op)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;

    change.op = op;
    change.id = sarn_str("s");
    return ticker_alter(ticker, &change);
}

/* --- time --- */

bool ticker_run(struct ticker *ticker, const char *until, uint64_t moves)
{
    int64_t until_us = test_time_us(until);

    for (uint64_t i = 0; sarn__sim_now_us(ticker->sim) < until_us; i++) {
        int64_t wake_us = 0;

        if (i == moves) {
            return false;
        }
        assert_true(i < MOVES_MAX);
        if (sarn__sim_move(ticker->sim)) {
            continue;
        }
        wake_us = sarn__sim_wake_us(ticker->sim);
        wake_us = wake_us < until_us ? wake_us : until_us;
        sarn__sim_advance(ticker->sim, wake_us - sarn__sim_now_us(ticker->sim));
    }
    return true;
}

void ticker_until(struct ticker *ticker, const char *until)
{
    assert_true(ticker_run(ticker, until, UINT64_MAX));
}

/* --- looking --- */

static void say(struct ticker *ticker, const char *format, ...) SARN_PRINTF(2, 3);

static void say(struct ticker *ticker, const char *format, ...)
{
    size_t used = strlen(ticker->text);
    va_list list;

    if (used > 0) {
        used +=
            (size_t)snprintf(ticker->text + used, sizeof(ticker->text) - used, ", ");
    }
    va_start(list, format);
    vsnprintf(ticker->text + used, sizeof(ticker->text) - used, format, list);
    va_end(list);
    assert_true(strlen(ticker->text) + 1 < sizeof(ticker->text));
}

/* "14:00" */
static const char *short_time(int64_t time_us, char text[16])
{
    char whole[SARN__TIME_TEXT_BYTES];

    sarn__time_text(time_us, whole);
    snprintf(text, 16, "%.*s", strncmp(whole + 17, "00Z", 3) == 0 ? 5 : 8, whole + 11);
    return text;
}

static void say_fired(struct ticker *ticker, const struct sarn_schedule_fired *data)
{
    static const char *const outcomes[] = {"?",      "started", "buffered",
                                           "passed", "missed",  "refused"};
    static const char *const kinds[] = {"", "trigger ", "backfill "};
    char first[16], nominal[16];

    short_time(data->nominal_us, nominal);
    if (data->count > 1) {
        say(ticker, "%s%s %" PRIu32 " %s-%s", kinds[data->kind],
            outcomes[data->outcome], data->count, short_time(data->first_us, first),
            nominal);
    } else {
        say(ticker, "%s%s %s%s%.*s", kinds[data->kind], outcomes[data->outcome],
            data->kind == SARN__SCHEDULE_BY_TRIGGER ? "now" : nominal,
            data->text.size > 0 ? ": " : "", (int)data->text.size, data->text.data);
    }
}

/* Of "s-2026-11-21T14:00:00Z": "14:00"; of a trigger's: "now". */
static const char *short_id(struct sarn_str id, char text[16])
{
    assert_true(id.size >= 22);
    snprintf(text, 16, "%.5s", id.data + 13);
    return id.size > 22 ? "now" : text;
}

static sarn_status say_event(void *arg, const struct sarn_event *event)
{
    struct ticker *ticker = arg;
    char text[16];

    if (event->type == &sarn_schedule_fired_type) {
        say_fired(ticker, event->data);
    } else if (event->type == &sarn_schedule_run_ended_type) {
        const struct sarn_schedule_run_ended *data = event->data;

        say(ticker, "ended %s %s", short_id(data->workflow_id, text),
            data->status == SARN_EXECUTION_COMPLETED    ? "completed"
            : data->status == SARN_EXECUTION_CANCELLED  ? "cancelled"
            : data->status == SARN_EXECUTION_TERMINATED ? "terminated"
                                                        : "?");
    } else if (event->type == &sarn_schedule_set_type) {
        const struct sarn_schedule_set *data = event->data;

        say(ticker, data->told_anew ? "told anew" : "set");
    } else if (event->type == &sarn_schedule_paused_type) {
        const struct sarn_schedule_paused *data = event->data;

        say(ticker, "paused%s%.*s", data->reason.size > 0 ? ": " : "",
            (int)data->reason.size, data->reason.data);
    } else if (event->type == &sarn_schedule_resumed_type) {
        say(ticker, "resumed");
    } else if (event->type == &sarn_schedule_deleted_type) {
        say(ticker, "deleted");
    }
    return SARN_OK;
}

const char *ticker_history(struct ticker *ticker)
{
    sarn_engine *engine = sarn__sim_engine(ticker->sim);
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error = {SARN_OK, ""};

    range.stream = sarn_str("sarn_schedule-s");
    ticker->text[0] = '\0';
    sarn__engine_settle(engine);
    assert_ok(
        sarn__log_read(sarn__engine_log(engine), &range, say_event, ticker, &error),
        &error);
    return ticker->text;
}

const char *ticker_deeds(struct ticker *ticker)
{
    ticker->text[0] = '\0';
    for (uint32_t i = 0; i < ticker->deed_count; i++) {
        const struct ticker_deed *deed = &ticker->deeds[i];
        char text[16];

        say(ticker, "%s", short_id(sarn_str(deed->id), text));
        for (uint32_t n = 0; n < deed->done; n++) {
            snprintf(ticker->text + strlen(ticker->text), 6, " done");
        }
        for (uint32_t n = 0; n < deed->undone; n++) {
            snprintf(ticker->text + strlen(ticker->text), 8, " undone");
        }
    }
    return ticker->text;
}
