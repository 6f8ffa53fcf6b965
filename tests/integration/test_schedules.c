/* Schedules through the whole engine, over virtual time. */
#include "support/schedule.h"
#include "support/test.h"
#include "support/ticker.h"

#define MINUTE_US (60 * SARN__SECOND_US)
#define HOUR_US   (60 * MINUTE_US)

#define history(ticker, said) assert_string_equal(ticker_history(ticker), said)
#define deeds(ticker, said)   assert_string_equal(ticker_deeds(ticker), said)

/* Hourly since 13:30; runs take 90 minutes. */
static void given_slow(struct ticker *ticker, uint32_t overlap)
{
    struct sarn_schedule schedule = ticker_hourly();

    ticker_open(ticker, "2026-11-21 13:30", overlap, NULL);
    ticker->takes_us = 90 * MINUTE_US;
    schedule.overlap = overlap;
    assert_string_equal(ticker_put(ticker, &schedule), "ok");
}

static void it_starts_a_run_at_each_of_its_times(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 1, NULL);
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 16:30");
    history(&ticker, "set, started 14:00, ended 14:00 completed, started 15:00, "
                     "ended 15:00 completed, started 16:00, ended 16:00 completed");
    deeds(&ticker, "14:00 done, 15:00 done, 16:00 done");
    assert_string_equal(ticker.deeds[0].id, "s-2026-11-21T14:00:00Z");
    ticker_close(&ticker);
}

static void an_interval_starts_runs_too(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 2, NULL);
    schedule.cron = NULL;
    schedule.interval_us = 20 * MINUTE_US;
    schedule.offset_us = 5 * MINUTE_US;
    schedule.limit = 3;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 16:00");
    deeds(&ticker, "13:45 done, 14:05 done, 14:25 done");
    ticker_close(&ticker);
}

static void a_zone_says_when_its_hour_is(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-10-24 00:00", 3, NULL);
    schedule.cron = "30 2 * * *";
    schedule.zone = "Europe/Prague";
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-10-26 12:00");
    /* Summer time ends on the 25th. */
    deeds(&ticker, "00:30 done, 00:30 done, 01:30 done");
    ticker_close(&ticker);
}

static void a_zone_that_is_gone_pauses_it_and_says_why(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 3, NULL);
    schedule.zone = "Europe/Prague";
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker.zones.count = 0;
    ticker_crash(&ticker);
    ticker_until(&ticker, "2026-11-21 14:30");
    history(&ticker, "set, paused: there is no time zone \"Europe/Prague\"");
    ticker.zones.count = 1;
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_RESUME), "ok");
    ticker_until(&ticker, "2026-11-21 15:30");
    deeds(&ticker, "15:00 done");
    ticker_close(&ticker);
}

/* --- overlap --- */

static void skip_passes_over_a_time_while_a_run_is_under_way(void **unused)
{
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_SKIP);
    ticker_until(&ticker, "2026-11-21 16:10");
    history(&ticker, "set, started 14:00, passed 15:00, ended 14:00 completed, "
                     "started 16:00");
    ticker_close(&ticker);
}

static void one_buffered_starts_when_the_other_ends(void **unused)
{
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_BUFFER_ONE);
    ticker.takes_us = 85 * MINUTE_US;
    ticker_until(&ticker, "2026-11-21 17:10");
    history(&ticker, "set, started 14:00, buffered 15:00, ended 14:00 completed, "
                     "started 15:00, buffered 16:00, ended 15:00 completed, "
                     "started 16:00, buffered 17:00");
    ticker_close(&ticker);
}

static void all_buffered_start_one_after_the_other(void **unused)
{
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_BUFFER_ALL);
    ticker.takes_us = 145 * MINUTE_US;
    ticker_until(&ticker, "2026-11-21 19:10");
    history(&ticker, "set, started 14:00, buffered 15:00, buffered 16:00, "
                     "ended 14:00 completed, started 15:00, buffered 17:00, "
                     "buffered 18:00, ended 15:00 completed, started 16:00, "
                     "buffered 19:00");
    ticker_close(&ticker);
}

static void cancel_undoes_the_other_and_then_starts(void **unused)
{
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_CANCEL);
    ticker_until(&ticker, "2026-11-21 15:10");
    history(&ticker, "set, started 14:00, buffered 15:00, ended 14:00 cancelled, "
                     "started 15:00");
    deeds(&ticker, "14:00 done undone, 15:00 done");
    ticker_close(&ticker);
}

static void terminate_does_so_at_once(void **unused)
{
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_TERMINATE);
    ticker_until(&ticker, "2026-11-21 15:10");
    history(&ticker, "set, started 14:00, buffered 15:00, ended 14:00 terminated, "
                     "started 15:00");
    deeds(&ticker, "14:00 done undone, 15:00 done");
    ticker_close(&ticker);
}

static void allowed_runs_are_side_by_side(void **unused)
{
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_ALLOW);
    ticker_until(&ticker, "2026-11-21 16:10");
    history(&ticker, "set, started 14:00, started 15:00, ended 14:00 completed, "
                     "started 16:00");
    ticker_close(&ticker);
}

/* --- while nobody was there --- */

static void after_a_restart_it_makes_up_for_what_is_in_the_window(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 00:30", 5, NULL);
    schedule.overlap = SARN_OVERLAP_ALLOW;
    schedule.catch_up_us = 90 * MINUTE_US;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 01:10");
    sarn__sim_advance(ticker.sim, 9 * HOUR_US);
    ticker_crash(&ticker);
    ticker_until(&ticker, "2026-11-21 10:30");
    history(&ticker, "set, started 01:00, ended 01:00 completed, missed 7 02:00-08:00, "
                     "started 09:00, started 10:00, ended 09:00 completed, "
                     "ended 10:00 completed");
    ticker_close(&ticker);
}

static void set_again_as_it_is_it_makes_up_for_what_was_due_meanwhile(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 00:30", 5, NULL);
    schedule.overlap = SARN_OVERLAP_ALLOW;
    schedule.catch_up_us = 90 * MINUTE_US;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 01:10");
    sarn__sim_advance(ticker.sim, 2 * HOUR_US);
    ticker_crash(&ticker);
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 03:30");
    assert_non_null(strstr(ticker_history(&ticker), "started 02:00"));
    assert_null(strstr(ticker_history(&ticker) + 1, "set,"));
    schedule.jitter_us = MINUTE_US; /* Another one. */
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    assert_non_null(strstr(ticker_history(&ticker) + 1, "set"));
    ticker_close(&ticker);
}

static void without_its_workflow_it_is_left_alone(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 6, NULL);
    schedule.catch_up_us = 2 * HOUR_US;
    schedule.overlap = SARN_OVERLAP_ALLOW;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_crash_without_module(&ticker);
    ticker_until(&ticker, "2026-11-21 15:30");
    history(&ticker, "set");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_TRIGGER), "ok");
    ticker_until(&ticker, "2026-11-21 15:40");
    history(&ticker, "set");
    ticker_crash(&ticker);
    ticker_until(&ticker, "2026-11-21 15:50");
    assert_non_null(
        strstr(ticker_history(&ticker),
               "set, trigger started now, started 14:00, started 15:00, ended "));
    ticker_close(&ticker);
}

/* --- by hand --- */

static void paused_it_rests_until_it_is_resumed(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 7, NULL);
    schedule.paused = true;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 15:30");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_PAUSE),
                        "schedule s is paused already");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_RESUME), "ok");
    ticker_until(&ticker, "2026-11-21 16:30");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_PAUSE), "ok");
    ticker_crash(&ticker);
    ticker_until(&ticker, "2026-11-21 18:30");
    history(&ticker, "set, resumed, started 16:00, ended 16:00 completed, paused");
    ticker_close(&ticker);
}

static void a_trigger_starts_a_run_at_once(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 8, NULL);
    schedule.overlap = SARN_OVERLAP_ALLOW;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_TRIGGER), "ok");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_TRIGGER), "ok");
    ticker_until(&ticker, "2026-11-21 13:40");
    deeds(&ticker, "now done, now done");
    ticker_close(&ticker);
}

static void a_backfill_runs_times_that_were_before_also_those_that_had_run(void **u)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)u;
    ticker_open(&ticker, "2026-11-21 13:30", 9, NULL);
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 14:30");
    change.op = SARN_SCHEDULE_BACKFILL;
    change.id = sarn_str("s");
    change.from_us = test_time_us("2026-11-21 12:30");
    change.to_us = test_time_us("2026-11-21 14:10");
    change.overlap = SARN_OVERLAP_BUFFER_ALL;
    assert_string_equal(ticker_alter(&ticker, &change), "ok");
    ticker_until(&ticker, "2026-11-21 14:40");
    history(&ticker, "set, started 14:00, ended 14:00 completed, "
                     "backfill started 13:00, ended 13:00 completed, "
                     "backfill started 14:00, ended 14:00 completed");
    deeds(&ticker, "14:00 done done, 13:00 done");
    ticker_close(&ticker);
}

static void a_backfill_passes_over_a_time_whose_run_is_under_way(void **unused)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_ALLOW);
    ticker_until(&ticker, "2026-11-21 14:30");
    change.op = SARN_SCHEDULE_BACKFILL;
    change.id = sarn_str("s");
    change.from_us = test_time_us("2026-11-21 12:30");
    change.to_us = test_time_us("2026-11-21 14:10");
    change.overlap = SARN_OVERLAP_ALLOW;
    assert_string_equal(ticker_alter(&ticker, &change), "ok");
    ticker_until(&ticker, "2026-11-21 14:40");
    history(&ticker, "set, started 14:00, backfill started 13:00, "
                     "backfill passed 14:00");
    ticker_close(&ticker);
}

static void jitter_makes_a_run_late_by_no_more_than_asked(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 10, NULL);
    schedule.jitter_us = 10 * MINUTE_US;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 14:00");
    deeds(&ticker, "");
    ticker_until(&ticker, "2026-11-21 14:10");
    ticker_until(&ticker, "2026-11-21 14:10:02");
    deeds(&ticker, "14:00 done");
    ticker_close(&ticker);
}

static void deleted_it_starts_nothing_and_may_be_put_again(void **unused)
{
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    given_slow(&ticker, SARN_OVERLAP_BUFFER_ALL);
    ticker_until(&ticker, "2026-11-21 15:10");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_DELETE), "ok");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_DELETE),
                        "there is no schedule \"s\"");
    ticker_until(&ticker, "2026-11-21 17:30");
    ticker.takes_us = SARN__SECOND_US;
    assert_string_equal(ticker_put(&ticker, &schedule), "ok");
    ticker_until(&ticker, "2026-11-21 18:10");
    history(&ticker, "set, started 14:00, buffered 15:00, deleted, "
                     "ended 14:00 completed, set, started 18:00, "
                     "ended 18:00 completed");
    ticker_close(&ticker);
}

static void what_cannot_be_is_refused_with_a_sentence(void **unused)
{
    struct sarn_schedule_change change = SARN_SCHEDULE_CHANGE_INIT;
    struct sarn_schedule schedule = ticker_hourly();
    struct ticker ticker;

    (void)unused;
    ticker_open(&ticker, "2026-11-21 13:30", 11, NULL);
    schedule.workflow = "tock";
    assert_string_equal(ticker_put(&ticker, &schedule),
                        "no module has a workflow \"tock\"");
    schedule = ticker_hourly();
    schedule.cron = "61 * * * *";
    assert_string_equal(ticker_put(&ticker, &schedule),
                        "cron expression \"61 * * * *\", minute, character 1: 61 is "
                        "not from 0 to 59");
    schedule = ticker_hourly();
    schedule.zone = "Europe/Atlantis";
    assert_string_equal(ticker_put(&ticker, &schedule),
                        "there is no time zone \"Europe/Atlantis\"");
    schedule = ticker_hourly();
    schedule.input = NULL;
    assert_string_equal(ticker_put(&ticker, &schedule),
                        "workflow \"tick\" takes an input");
    schedule = ticker_hourly();
    schedule.id = (struct sarn_str){NULL, 0};
    assert_non_null(strstr(ticker_put(&ticker, &schedule), "a schedule's id"));
    change.id = sarn_str("s");
    change.op = 9;
    assert_string_equal(ticker_alter(&ticker, &change),
                        "op is 9, not one of enum sarn_schedule_op");
    assert_string_equal(ticker_do(&ticker, SARN_SCHEDULE_TRIGGER),
                        "there is no schedule \"s\"");
    ticker_close(&ticker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_a_run_at_each_of_its_times),
        cmocka_unit_test(an_interval_starts_runs_too),
        cmocka_unit_test(a_zone_says_when_its_hour_is),
        cmocka_unit_test(a_zone_that_is_gone_pauses_it_and_says_why),
        cmocka_unit_test(skip_passes_over_a_time_while_a_run_is_under_way),
        cmocka_unit_test(one_buffered_starts_when_the_other_ends),
        cmocka_unit_test(all_buffered_start_one_after_the_other),
        cmocka_unit_test(cancel_undoes_the_other_and_then_starts),
        cmocka_unit_test(terminate_does_so_at_once),
        cmocka_unit_test(allowed_runs_are_side_by_side),
        cmocka_unit_test(after_a_restart_it_makes_up_for_what_is_in_the_window),
        cmocka_unit_test(set_again_as_it_is_it_makes_up_for_what_was_due_meanwhile),
        cmocka_unit_test(without_its_workflow_it_is_left_alone),
        cmocka_unit_test(paused_it_rests_until_it_is_resumed),
        cmocka_unit_test(a_trigger_starts_a_run_at_once),
        cmocka_unit_test(
            a_backfill_runs_times_that_were_before_also_those_that_had_run),
        cmocka_unit_test(a_backfill_passes_over_a_time_whose_run_is_under_way),
        cmocka_unit_test(jitter_makes_a_run_late_by_no_more_than_asked),
        cmocka_unit_test(deleted_it_starts_nothing_and_may_be_put_again),
        cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
