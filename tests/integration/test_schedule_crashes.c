/* Schedules and whatever can go wrong: no run is lost, and none is started twice. */
#include "engine/state.h"
#include "sarn/events.h"
#include "support/heap.h"
#include "support/schedule.h"
#include "support/test.h"
#include "support/ticker.h"

#define MINUTE_US (60 * SARN__SECOND_US)
#define HOUR_US   (60 * MINUTE_US)

#define deeds(ticker, said) assert_string_equal(ticker_deeds(ticker), said)

/* Hourly since 13:30, making up for everything; answered. */
static void given(struct ticker *ticker, uint32_t overlap, const struct sarn_heap *heap)
{
    struct sarn_schedule schedule = ticker_hourly();

    ticker_open(ticker, "2026-11-21 13:30", overlap, heap);
    schedule.overlap = overlap;
    schedule.catch_up_us = 24 * HOUR_US;
    assert_string_equal(ticker_put(ticker, &schedule), "ok");
}

/* Each of its times was settled once, and each run that it says to have started did its
 * work once: whatever was decided, it was decided whole. */
static void check(struct ticker *ticker, const char *what, uint64_t place)
{
    const char *history = ticker_history(ticker);
    char all[sizeof(ticker->text)];

    snprintf(all, sizeof(all), "%s", history);
    for (int hour = 14; hour <= 17; hour++) {
        char started[32], passed[32], deed[32];
        bool ran = false;

        snprintf(started, sizeof(started), "started %d:00", hour);
        snprintf(passed, sizeof(passed), "passed %d:00", hour);
        snprintf(deed, sizeof(deed), "%d:00 done", hour);
        ran = strstr(all, started) != NULL;
        if (ran == (strstr(all, passed) != NULL) ||
            (ran && strstr(strstr(all, started) + 1, started) != NULL) ||
            ran != (strstr(ticker_deeds(ticker), deed) != NULL) ||
            strstr(ticker_deeds(ticker), "done done") != NULL) {
            fail_msg("%s, at %" PRIu64 ": %s: %s", what, place, all,
                     ticker_deeds(ticker));
        }
    }
}

static void a_crash_at_any_move_loses_no_run_and_starts_none_twice(void **unused)
{
    static const uint32_t policies[] = {SARN_OVERLAP_SKIP, SARN_OVERLAP_BUFFER_ALL,
                                        SARN_OVERLAP_CANCEL, SARN_OVERLAP_ALLOW};
    uint64_t crashes = 0;

    (void)unused;
    for (size_t i = 0; i < COUNT(policies); i++) {
        bool whole = false;

        for (uint64_t moves = 0; !whole; moves++) {
            struct ticker ticker;

            given(&ticker, policies[i], NULL);
            ticker.takes_us = 40 * MINUTE_US;
            if (policies[i] == SARN_OVERLAP_CANCEL) {
                ticker.takes_us = 70 * MINUTE_US; /* Each is cancelled by the next. */
            }
            whole = ticker_run(&ticker, "2026-11-21 17:30", moves);
            ticker_crash(&ticker);
            ticker_until(&ticker, "2026-11-21 20:30");
            check(&ticker, "crash", moves);
            ticker_close(&ticker);
            crashes += 1;
        }
    }
    print_message("%" PRIu64 " crashes\n", crashes);
    assert_true(crashes > 200);
}

static void an_append_that_fails_is_made_good(void **unused)
{
    (void)unused;
    for (uint32_t nth = 1; nth <= 20; nth++) {
        struct ticker ticker;

        given(&ticker, SARN_OVERLAP_BUFFER_ALL, NULL);
        ticker.takes_us = 40 * MINUTE_US;
        sarn__sim_fail_append(ticker.sim, nth, SARN__MEMORY_FULL);
        ticker_until(&ticker, "2026-11-21 20:30");
        check(&ticker, "append", nth);
        ticker_close(&ticker);
    }
}

static void memory_that_runs_out_delays_a_run_and_loses_none(void **unused)
{
    uint32_t stopped = 0;

    (void)unused;
    for (uint64_t nth = 1; nth < 3000; nth += 7) {
        struct test_heap heap = {.fail_at = 0};
        struct sarn_heap from = test_heap(&heap);
        struct ticker ticker;

        given(&ticker, SARN_OVERLAP_BUFFER_ALL, &from);
        heap.fail_at = heap.calls + nth;
        ticker_until(&ticker, "2026-11-21 20:30");
        heap.fail_at = 0;
        if (sarn__sim_engine(ticker.sim)->stopped !=
            SARN_OK) { /* Nothing to fold in. */
            ticker_crash(&ticker);
            ticker_until(&ticker, "2026-11-21 23:30");
            stopped += 1;
        }
        check(&ticker, "memory", nth);
        ticker_close(&ticker);
        assert_int_equal(heap.live, 0);
    }
    assert_in_range(stopped, 0, 300); /* Most are survived without a restart. */
}

/* --- many --- */

#define SCHEDULES 1100u /* More than states are kept of. */

static sarn_status count_starts(void *arg, const struct sarn_event *event)
{
    uint32_t *started = arg;

    *started += event->type == &sarn_schedule_fired_type ? 1 : 0;
    return SARN_OK;
}

static void many_that_are_due_at_once_all_fire(void **unused)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct ticker ticker;
    uint32_t started = 0;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 12, NULL);
    for (uint32_t i = 0; i < SCHEDULES; i++) {
        struct sarn_schedule schedule = ticker_hourly();
        char id[16];

        snprintf(id, sizeof(id), "s%04u", i);
        schedule.id = sarn_str(id);
        assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    }
    ticker_crash(&ticker); /* They are found by when they are due. */
    ticker.deed_count = 0;
    ticker.takes_us = HOUR_US;
    while (!ticker_run(&ticker, "2026-11-21 14:00:30", 100000)) {
    }
    range.category = sarn_str("sarn_schedule");
    sarn__engine_settle(sarn__sim_engine(ticker.sim));
    assert_int_equal(sarn__log_read(sarn__engine_log(sarn__sim_engine(ticker.sim)),
                                    &range, count_starts, &started, NULL),
                     SARN_OK);
    assert_int_equal(started, SCHEDULES);
    ticker_close(&ticker);
}

/* --- long lives --- */

struct reading {
    uint32_t events, told_anew, since; /* since: the latest SET. */
};

static sarn_status count_events(void *arg, const struct sarn_event *event)
{
    struct reading *reading = arg;

    reading->events += 1;
    reading->since += 1;
    if (event->type == &sarn_schedule_set_type) {
        const struct sarn_schedule_set *data = event->data;

        reading->told_anew += data->told_anew ? 1 : 0;
        reading->since = 0;
    }
    return SARN_OK;
}

static void a_long_life_is_told_anew_now_and_then(void **unused)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct reading reading = {.events = 0};
    struct ticker ticker;

    (void)unused;
    given(&ticker, SARN_OVERLAP_BUFFER_ALL, NULL);
    ticker.takes_us = 90 * MINUTE_US;
    ticker_until(&ticker, "2026-11-21 15:10"); /* One runs, and one waits. */
    for (int i = 0; i < 1000; i++) {
        assert_string_equal(
            ticker_do(&ticker, i % 2 == 0 ? SARN_SCHEDULE_PAUSE : SARN_SCHEDULE_RESUME),
            "ok");
        if (i == 700) {
            ticker_crash(&ticker);
        }
    }
    range.stream = sarn_str("sarn_schedule-s");
    sarn__engine_settle(sarn__sim_engine(ticker.sim));
    assert_int_equal(sarn__log_read(sarn__engine_log(sarn__sim_engine(ticker.sim)),
                                    &range, count_events, &reading, NULL),
                     SARN_OK);
    assert_true(reading.events > 2000);
    assert_in_range(reading.told_anew, 1, 2);
    assert_true(reading.since < 1010);
    ticker_crash(&ticker);
    ticker_until(&ticker, "2026-11-21 20:30");
    deeds(&ticker, "14:00 done, 15:00 done, 16:00 done, 17:00 done, 18:00 done");
    ticker_close(&ticker);
}

/* --- how they stand --- */

static sarn_status say_info(void *arg, const struct sarn_schedule_info *info)
{
    char *text = arg, next[SARN__TIME_TEXT_BYTES], last[SARN__TIME_TEXT_BYTES];
    size_t used = strlen(text);

    sarn__time_text(info->next_us, next);
    sarn__time_text(info->last_us, last);
    snprintf(text + used, 1024 - used,
             "%u %.*s: %.*s %.*s %.*s %lld next %.16s last %.16s started %d passed %d "
             "running %u buffered %u%s\n",
             info->tenant, (int)info->id.size, info->id.data, (int)info->workflow.size,
             info->workflow.data, (int)info->cron.size, info->cron.data,
             (int)info->zone.size, info->zone.data, (long long)info->interval_us, next,
             last, (int)info->started, (int)info->passed_over, info->running,
             info->buffered, info->paused ? " paused" : "");
    return SARN_OK;
}

static sarn_status stop(void *arg, const struct sarn_schedule_info *info)
{
    (void)arg;
    (void)info;
    return SARN_ERR_CANCELLED;
}

static void all_are_listed_as_they_stand(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct sarn_error error = {SARN_OK, ""};
    struct ticker ticker;
    struct sarn_log *log = NULL;
    char text[1024] = "";

    (void)unused;
    given(&ticker, SARN_OVERLAP_BUFFER_ALL, NULL);
    ticker.takes_us = 90 * MINUTE_US;
    schedule.id = sarn_str("t");
    schedule.cron = "0 12 * * *";
    schedule.zone = "Europe/Prague";
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    schedule.id = sarn_str("gone");
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    schedule = ticker_hourly();
    schedule.tenant = 7;
    schedule.paused = true;
    schedule.cron = NULL;
    schedule.interval_us = HOUR_US;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 15:10");
    assert_string_equal(
        ticker_alter(&ticker, &(struct sarn_schedule_change){.op = SARN_SCHEDULE_DELETE,
                                                             .id = SARN_STR("gone")}),
        "ok");
    sarn__engine_settle(sarn__sim_engine(ticker.sim));
    log = sarn__engine_log(sarn__sim_engine(ticker.sim));
    assert_ok(sarn_schedules(log, say_info, text, &error), &error);
    assert_string_equal(
        text, "0 s: tick @hourly  0 next 2026-11-21T16:00 last 2026-11-21T15:00 "
              "started 1 passed 0 running 1 buffered 1\n"
              "0 t: tick 0 12 * * * Europe/Prague 0 next 2026-11-22T11:00 last "
              "1970-01-01T00:00 started 0 passed 0 running 0 buffered 0\n"
              "7 s: tick   3600000000 next 1970-01-01T00:00 last 1970-01-01T00:00 "
              "started 0 passed 0 running 0 buffered 0 paused\n");
    assert_int_equal(sarn_schedules(log, stop, NULL, &error), SARN_ERR_CANCELLED);
    assert_non_null(strstr(error.text, "the handler ended the list of schedules"));
    ticker_close(&ticker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_at_any_move_loses_no_run_and_starts_none_twice),
        cmocka_unit_test(an_append_that_fails_is_made_good),
        cmocka_unit_test(memory_that_runs_out_delays_a_run_and_loses_none),
        cmocka_unit_test(many_that_are_due_at_once_all_fire),
        cmocka_unit_test(a_long_life_is_told_anew_now_and_then),
        cmocka_unit_test(all_are_listed_as_they_stand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
