/* domain/core/schedule: traces over virtual time. */
#include "support/schedule.h"

#include "support/test.h"
#include "support/tzif.h"

#define MINUTE_US (60 * SARN__SECOND_US)
#define HOUR_US   (60 * MINUTE_US)

#define trace(test, at, said) assert_string_equal(test_schedule_at(test, at), said)
#define ends(test, of, said)  assert_string_equal(test_schedule_end(test, of), said)

static struct sarn_schedule_change change(uint32_t op)
{
    struct sarn_schedule_change made = SARN_SCHEDULE_CHANGE_INIT;

    made.op = op;
    made.id = sarn_str("s");
    return made;
}

static const char *ask(struct test_schedule *test, uint32_t op)
{
    struct sarn_schedule_change asked = change(op);

    return test_schedule_ask(test, &asked);
}

static const char *
backfill(struct test_schedule *test, const char *from, const char *to, uint32_t overlap)
{
    struct sarn_schedule_change asked = change(SARN_SCHEDULE_BACKFILL);

    asked.from_us = test_time_us(from);
    asked.to_us = test_time_us(to);
    asked.overlap = overlap;
    return test_schedule_ask(test, &asked);
}

/* --- time --- */

static void it_fires_at_its_times_and_sleeps_in_between(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("0 9 * * mon-fri");
    struct test_schedule test;

    (void)unused;
    test_schedule_init(&test, "2026-11-20 08:00", &spec, NULL);
    trace(&test, "2026-11-20 08:00", "sleeps until 11-20 09:00");
    trace(&test, "2026-11-20 09:00", "started 11-20 09:00; sleeps until 11-23 09:00");
    ends(&test, "2026-11-20 09:00", "sleeps until 11-23 09:00");
    trace(&test, "2026-11-22 12:00", "sleeps until 11-23 09:00"); /* For nothing. */
    trace(&test, "2026-11-23 09:00:30",
          "started 11-23 09:00; sleeps until 11-24 09:00");
    test_schedule_done(&test);
}

static void an_interval_keeps_its_grid_from_1970(void **unused)
{
    struct sarn__schedule_spec spec = {.workflow = SARN_STR("w"),
                                       .interval_us = 7 * HOUR_US,
                                       .offset_us = -2 * HOUR_US};
    struct test_schedule test;

    (void)unused;
    /* 1970-01-01 05:00 and each 7 hours on. */
    test_schedule_init(&test, "1970-01-01 00:00", &spec, NULL);
    trace(&test, "1970-01-01 00:00", "sleeps until 01-01 05:00");
    trace(&test, "1970-01-01 05:00", "started 01-01 05:00; sleeps until 01-01 12:00");
    test_schedule_done(&test);
    test_schedule_init(&test, "1969-12-31 21:59", &spec, NULL);
    trace(&test, "1969-12-31 21:59", "sleeps until 12-31 22:00");
    test_schedule_done(&test);
}

static void a_time_that_spring_skips_is_run_at_the_end_of_the_gap(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("30 2 * * *");
    struct test_schedule test;

    (void)unused;
    spec.zone = sarn_str("Europe/Prague");
    test_schedule_init(&test, "2026-03-28 00:00", &spec, TEST_PRAGUE);
    trace(&test, "2026-03-28 01:30", "started 03-28 01:30; sleeps until 03-29 01:00");
    ends(&test, "2026-03-28 01:30", "sleeps until 03-29 01:00");
    /* 02:30 does not come: 03:00 is 01:00 UTC. The day after, 02:30 is 00:30 UTC. */
    trace(&test, "2026-03-29 01:00", "started 03-29 01:00; sleeps until 03-30 00:30");
    test_schedule_done(&test);
}

static void each_time_of_a_gap_is_the_same_one_run(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("*/20 * * * *");
    struct test_schedule test;

    (void)unused;
    spec.overlap = SARN_OVERLAP_ALLOW;
    test_schedule_init(&test, "2026-03-29 00:40", &spec, TEST_PRAGUE);
    trace(&test, "2026-03-29 00:40", "sleeps until 03-29 01:00");
    trace(&test, "2026-03-29 01:00", "started 03-29 01:00; sleeps until 03-29 01:20");
    test_schedule_done(&test);
}

static void a_time_that_autumn_repeats_is_run_the_first_time(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("30 2 * * *");
    struct test_schedule test;

    (void)unused;
    test_schedule_init(&test, "2026-10-24 12:00", &spec, TEST_PRAGUE);
    trace(&test, "2026-10-25 00:30", "started 10-25 00:30; sleeps until 10-26 01:30");
    ends(&test, "2026-10-25 00:30", "sleeps until 10-26 01:30");
    trace(&test, "2026-10-25 01:30", "sleeps until 10-26 01:30"); /* 02:30 again. */
    test_schedule_done(&test);
    /* Set in the hour that comes for the second time. */
    test_schedule_init(&test, "2026-10-25 01:15", &spec, TEST_PRAGUE);
    trace(&test, "2026-10-25 01:15", "sleeps until 10-26 01:30");
    test_schedule_done(&test);
}

static void months_leap_years_and_the_year_end_are_those_of_the_calendar(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("0 0 31 * *");
    struct test_schedule test;

    (void)unused;
    test_schedule_init(&test, "2026-12-31 00:00", &spec, NULL);
    trace(&test, "2026-12-31 00:00", "sleeps until 01-31 00:00");
    trace(&test, "2027-01-31 00:00", "started 01-31 00:00; sleeps until 03-31 00:00");
    test_schedule_done(&test);
    spec = test_schedule_cron("0 12 29 2 *");
    test_schedule_init(&test, "2096-02-29 12:00", &spec, NULL);
    (void)test_schedule_at(&test, "2096-02-29 12:00");
    assert_int_equal(sarn__schedule_next(&test.schedule, &test.zone),
                     test_time_us("2104-02-29 12:00"));
    test_schedule_done(&test);
}

static void nothing_runs_before_from_after_to_or_over_the_limit(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("@hourly");
    struct test_schedule test;

    (void)unused;
    spec.overlap = SARN_OVERLAP_ALLOW;
    spec.from_us = test_time_us("2026-11-21 10:00");
    spec.to_us = test_time_us("2026-11-21 12:00");
    test_schedule_init(&test, "2026-11-21 00:10", &spec, NULL);
    trace(&test, "2026-11-21 00:10", "sleeps until 11-21 10:00");
    trace(&test, "2026-11-21 10:00", "started 11-21 10:00; sleeps until 11-21 11:00");
    trace(&test, "2026-11-21 11:00", "started 11-21 11:00; sleeps until 11-21 12:00");
    trace(&test, "2026-11-21 12:00", "started 11-21 12:00; sleeps");
    test_schedule_done(&test);
    spec.limit = 2;
    test_schedule_init(&test, "2026-11-21 00:10", &spec, NULL);
    trace(&test, "2026-11-21 10:00", "started 11-21 10:00; sleeps until 11-21 11:00");
    trace(&test, "2026-11-21 11:00", "started 11-21 11:00; sleeps");
    assert_int_equal(sarn__schedule_next(&test.schedule, &test.zone), 0);
    test_schedule_done(&test);
}

static void jitter_is_later_by_no_more_than_asked_and_always_the_same(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("* * * * *");
    struct test_schedule test;
    int64_t least = INT64_MAX, most = 0;

    (void)unused;
    for (int64_t jitter = 30 * SARN__SECOND_US; jitter < 3 * HOUR_US; jitter *= 10) {
        int64_t bound = jitter < MINUTE_US ? jitter : MINUTE_US - 1;

        spec.jitter_us = jitter;
        test_schedule_init(&test, "2026-11-21 00:00", &spec, NULL);
        least = INT64_MAX;
        most = 0;
        for (int i = 0; i < 1000; i++) {
            struct sarn__schedule_plan plan, again;
            int64_t nominal = test_time_us("2026-11-21 00:00") + (i + 1) * MINUTE_US;

            test.schedule.settled_us = nominal - MINUTE_US;
            sarn__schedule_plan(&test.schedule, &test.zone, test.now_us, &plan);
            sarn__schedule_plan(&test.schedule, &test.zone, test.now_us, &again);
            assert_false(plan.fires);
            assert_int_equal(plan.wake_us, again.wake_us);
            assert_in_range(plan.wake_us, nominal, nominal + bound);
            least = plan.wake_us - nominal < least ? plan.wake_us - nominal : least;
            most = plan.wake_us - nominal > most ? plan.wake_us - nominal : most;
        }
        assert_true(least < bound / 50 && most > bound / 50 * 49);
        test_schedule_done(&test);
    }
}

/* --- what was due while nobody was there --- */

static void within_the_window_it_is_made_up_for_and_the_rest_is_missed(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("@hourly");
    struct test_schedule test;

    (void)unused;
    spec.overlap = SARN_OVERLAP_ALLOW;
    spec.catch_up_us = 2 * HOUR_US;
    test_schedule_init(&test, "2026-11-20 23:59", &spec, NULL);
    trace(&test, "2026-11-21 10:30",
          "missed 9, 11-21 00:00 to 11-21 08:00; started 11-21 09:00; "
          "started 11-21 10:00; sleeps until 11-21 11:00");
    assert_int_equal(test.schedule.started, 2);
    assert_int_equal(test.schedule.passed_over, 9);
    test_schedule_done(&test);
}

static void a_minute_is_what_it_makes_up_for_unless_told(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    trace(&test, "2026-11-21 15:01", "started 11-21 15:00; sleeps until 11-21 16:00");
    trace(&test, "2026-11-21 16:01:01", "missed 11-21 16:00; sleeps until 11-21 17:00");
    test_schedule_done(&test);
}

static void a_year_of_minutes_is_passed_over_by_few_events(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("* * * * *");
    struct sarn__schedule_plan plan;
    struct test_schedule test;
    uint32_t events = 0;

    (void)unused;
    test_schedule_init(&test, "2026-01-01 00:00", &spec, TEST_PRAGUE);
    test.now_us = test_time_us("2027-01-01 00:00") + 90 * SARN__SECOND_US;
    for (;; events++) {
        sarn__schedule_plan(&test.schedule, &test.zone, test.now_us, &plan);
        if (!plan.fires || plan.event.outcome != SARN_SCHEDULE_MISSED) {
            break;
        }
        assert_in_range(plan.event.count, 1, SARN__SCHEDULE_PASS_MAX);
        assert_int_equal(sarn__schedule_apply(&test.schedule, &plan.event, NULL),
                         SARN_OK);
    }
    assert_int_equal(events, 526);
    /* The hour that autumn repeats is run once. */
    assert_int_equal(test.schedule.passed_over, 365 * 24 * 60 - 60);
    test_schedule_done(&test);
    spec = (struct sarn__schedule_spec){.workflow = SARN_STR("w"),
                                        .interval_us = SARN__SECOND_US};
    test_schedule_init(&test, "2026-01-01 00:00", &spec, NULL);
    test.now_us = test_time_us("2027-01-01 00:00");
    sarn__schedule_plan(&test.schedule, &test.zone, test.now_us, &plan);
    assert_int_equal(plan.event.outcome, SARN_SCHEDULE_MISSED);
    assert_int_equal(plan.event.count, 365 * 24 * 3600 - 60 - 1);
    test_schedule_done(&test);
}

static void missed_times_stop_where_the_schedule_does(void **unused)
{
    struct sarn__schedule_spec spec = test_schedule_cron("@hourly");
    struct test_schedule test;

    (void)unused;
    spec.to_us = test_time_us("2026-11-21 03:30");
    test_schedule_init(&test, "2026-11-20 23:59", &spec, NULL);
    trace(&test, "2026-11-21 10:30", "missed 4, 11-21 00:00 to 11-21 03:00; sleeps");
    test_schedule_done(&test);
}

/* --- overlap --- */

static void skip_passes_over_what_overlaps(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_SKIP);
    trace(&test, "2026-11-21 15:00", "passed 11-21 15:00; sleeps until 11-21 16:00");
    ends(&test, "2026-11-21 14:00", "sleeps until 11-21 16:00");
    trace(&test, "2026-11-21 16:00", "started 11-21 16:00; sleeps until 11-21 17:00");
    test_schedule_done(&test);
}

static void one_buffered_waits_for_the_end_and_more_are_passed_over(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_BUFFER_ONE);
    trace(&test, "2026-11-21 15:00", "buffered 11-21 15:00; sleeps until 11-21 16:00");
    trace(&test, "2026-11-21 16:00", "passed 11-21 16:00; sleeps until 11-21 17:00");
    ends(&test, "2026-11-21 14:00",
         "started 11-21 15:00, waited; sleeps until 11-21 17:00");
    ends(&test, "2026-11-21 15:00", "sleeps until 11-21 17:00");
    test_schedule_done(&test);
}

static void all_buffered_run_in_order_one_by_one(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_BUFFER_ALL);
    trace(&test, "2026-11-21 15:00", "buffered 11-21 15:00; sleeps until 11-21 16:00");
    trace(&test, "2026-11-21 16:00", "buffered 11-21 16:00; sleeps until 11-21 17:00");
    ends(&test, "2026-11-21 14:00",
         "started 11-21 15:00, waited; sleeps until 11-21 17:00");
    ends(&test, "2026-11-21 15:00",
         "started 11-21 16:00, waited; sleeps until 11-21 17:00");
    test_schedule_done(&test);
}

static void only_so_many_runs_are_under_way(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    for (uint32_t i = 0; i < SARN__SCHEDULE_RUNS_MAX; i++) {
        char text[40];
        struct sarn__civil civil = sarn__civil_of(
            (test_time_us("2026-11-21 15:00") + i * HOUR_US) / SARN__SECOND_US);

        assert_int_equal(test.schedule.runs.count, i + 1);
        assert_int_equal(test.schedule.passed_over, 0);
        snprintf(text, sizeof(text), "%lld-%02u-%02u %02u:00", (long long)civil.year,
                 civil.month, civil.day, civil.hour);
        (void)test_schedule_at(&test, text);
    }
    assert_int_equal(test.schedule.runs.count, SARN__SCHEDULE_RUNS_MAX);
    assert_int_equal(test.schedule.passed_over, 1);
    test_schedule_done(&test);
}

static void the_buffer_has_a_limit(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_BUFFER_ALL);
    for (uint32_t i = 0; i < SARN__SCHEDULE_BUFFER_MAX + 5; i++) {
        char text[40];
        struct sarn__civil civil = sarn__civil_of(
            (test_time_us("2026-11-21 15:00") + i * HOUR_US) / SARN__SECOND_US);

        snprintf(text, sizeof(text), "%lld-%02u-%02u %02u:00", (long long)civil.year,
                 civil.month, civil.day, civil.hour);
        (void)test_schedule_at(&test, text);
    }
    assert_int_equal(test.schedule.waits.count, SARN__SCHEDULE_BUFFER_MAX);
    assert_int_equal(test.schedule.passed_over, 5);
    test_schedule_done(&test);
}

static void cancel_and_terminate_stop_the_other_first(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_CANCEL);
    trace(&test, "2026-11-21 15:00",
          "buffered 11-21 15:00, cancels; sleeps until 11-21 16:00");
    trace(&test, "2026-11-21 16:00", "passed 11-21 16:00; sleeps until 11-21 17:00");
    ends(&test, "2026-11-21 14:00",
         "started 11-21 15:00, waited; sleeps until 11-21 17:00");
    test_schedule_done(&test);
    test_schedule_hourly(&test, SARN_OVERLAP_TERMINATE);
    trace(&test, "2026-11-21 15:00",
          "buffered 11-21 15:00, terminates; sleeps until 11-21 16:00");
    test_schedule_done(&test);
}

static void allowed_they_run_side_by_side(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    trace(&test, "2026-11-21 15:00", "started 11-21 15:00; sleeps until 11-21 16:00");
    assert_int_equal(test.schedule.runs.count, 2);
    ends(&test, "2026-11-21 15:00", "sleeps until 11-21 16:00");
    ends(&test, "2026-11-21 14:00", "sleeps until 11-21 16:00");
    test_schedule_done(&test);
}

/* --- by hand --- */

static void paused_nothing_runs_and_what_passed_meanwhile_is_no_matter(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_BUFFER_ALL);
    trace(&test, "2026-11-21 15:00", "buffered 11-21 15:00; sleeps until 11-21 16:00");
    assert_string_equal(ask(&test, SARN_SCHEDULE_PAUSE), "sleeps");
    assert_string_equal(ask(&test, SARN_SCHEDULE_PAUSE),
                        "schedule s is paused already");
    ends(&test, "2026-11-21 14:00", "sleeps"); /* What waits waits on. */
    trace(&test, "2026-11-21 18:30", "sleeps");
    assert_string_equal(ask(&test, SARN_SCHEDULE_RESUME),
                        "started 11-21 15:00, waited; sleeps until 11-21 19:00");
    assert_string_equal(ask(&test, SARN_SCHEDULE_RESUME), "schedule s is not paused");
    test_schedule_done(&test);
}

static void a_trigger_runs_now_paused_or_not(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    (void)ask(&test, SARN_SCHEDULE_PAUSE);
    trace(&test, "2026-11-21 14:10:05", "sleeps");
    assert_string_equal(ask(&test, SARN_SCHEDULE_TRIGGER),
                        "started 11-21 14:10:05 by trigger; sleeps");
    /* Two at one moment have times of their own. */
    assert_string_equal(ask(&test, SARN_SCHEDULE_TRIGGER),
                        "started 11-21 14:10:05 by trigger; sleeps");
    assert_int_equal(test.schedule.runs.count, 3);
    assert_int_equal(test.schedule.last_us, test_time_us("2026-11-21 14:00"));
    test_schedule_done(&test);
}

static void a_trigger_overlaps_as_the_schedule_says(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_BUFFER_ONE);
    assert_string_equal(ask(&test, SARN_SCHEDULE_TRIGGER),
                        "buffered 11-21 14:00 by trigger; sleeps until 11-21 15:00");
    (void)ask(&test, SARN_SCHEDULE_PAUSE);
    ends(&test, "2026-11-21 14:00", "started 11-21 14:00 by trigger, waited; sleeps");
    test_schedule_done(&test);
}

static void a_backfill_runs_the_times_of_a_range_as_if_they_were_due(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_SKIP);
    ends(&test, "2026-11-21 14:00", "sleeps until 11-21 15:00");
    assert_string_equal(
        backfill(&test, "2026-11-20 10:00", "2026-11-20 12:30", SARN_OVERLAP_ALLOW),
        "started 11-20 10:00 by backfill; started 11-20 11:00 by backfill; "
        "started 11-20 12:00 by backfill; sleeps until 11-21 15:00");
    assert_int_equal(test.schedule.backfills.count, 0);
    test_schedule_done(&test);
}

static void a_backfill_that_buffers_all_goes_one_by_one(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    assert_string_equal(backfill(&test, "2026-11-20 10:00", "2026-11-20 11:00",
                                 SARN_OVERLAP_BUFFER_ALL),
                        "sleeps until 11-21 15:00");
    ends(&test, "2026-11-21 14:00",
         "started 11-20 10:00 by backfill; sleeps until 11-21 15:00");
    ends(&test, "2026-11-20 10:00",
         "started 11-20 11:00 by backfill; sleeps until 11-21 15:00");
    assert_int_equal(test.schedule.backfills.count, 0);
    test_schedule_done(&test);
}

static void a_backfill_that_skips_runs_one_and_passes_over_the_others_at_once(void **u)
{
    struct test_schedule test;

    (void)u;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    ends(&test, "2026-11-21 14:00", "sleeps until 11-21 15:00");
    assert_string_equal(
        backfill(&test, "2026-11-20 10:00", "2026-11-20 12:00", SARN_OVERLAP_SKIP),
        "started 11-20 10:00 by backfill; passed 2, 11-20 11:00 to 11-20 12:00 by "
        "backfill; sleeps until 11-21 15:00");
    test_schedule_done(&test);
}

static void a_backfill_is_of_times_that_have_been(void **unused)
{
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    assert_string_equal(
        backfill(&test, "2026-11-21 10:00", "2026-11-21 14:01", SARN_OVERLAP_ALLOW),
        "a backfill is of times that have been, from from_us to to_us");
    assert_string_equal(
        backfill(&test, "2026-11-21 10:00", "2026-11-21 09:00", SARN_OVERLAP_ALLOW),
        "a backfill is of times that have been, from from_us to to_us");
    assert_string_equal(
        backfill(&test, "2026-11-21 10:01", "2026-11-21 10:59", SARN_OVERLAP_ALLOW),
        "schedule s names no time from from_us to to_us");
    assert_string_equal(backfill(&test, "2026-11-21 10:00", "2026-11-21 11:00", 9),
                        "overlap is 9, not one of enum sarn_overlap");
    test_schedule_done(&test);
}

static void deleted_it_is_gone_until_it_is_set_again(void **unused)
{
    struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_SET,
                                         .spec = test_schedule_cron("@daily")};
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_BUFFER_ALL);
    trace(&test, "2026-11-21 15:00", "buffered 11-21 15:00; sleeps until 11-21 16:00");
    assert_string_equal(ask(&test, SARN_SCHEDULE_DELETE), "sleeps");
    assert_string_equal(ask(&test, SARN_SCHEDULE_TRIGGER),
                        "there is no schedule \"s\"");
    ends(&test, "2026-11-21 14:00", "sleeps");
    event.time_us = test.now_us;
    assert_int_equal(sarn__schedule_apply(&test.schedule, &event, NULL), SARN_OK);
    trace(&test, "2026-11-21 15:30", "sleeps until 11-22 00:00");
    assert_int_equal(test.schedule.started, 1); /* Ever. */
    test_schedule_done(&test);
}

static void set_anew_it_counts_from_then_and_forgets_what_waited(void **unused)
{
    struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_SET,
                                         .spec = test_schedule_cron("*/10 * * * *")};
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_BUFFER_ALL);
    trace(&test, "2026-11-21 15:00", "buffered 11-21 15:00; sleeps until 11-21 16:00");
    event.time_us = test.now_us;
    assert_int_equal(sarn__schedule_apply(&test.schedule, &event, NULL), SARN_OK);
    trace(&test, "2026-11-21 15:05", "sleeps until 11-21 15:10");
    trace(&test, "2026-11-21 15:10", "passed 11-21 15:10; sleeps until 11-21 15:20");
    ends(&test, "2026-11-21 14:00", "sleeps until 11-21 15:20");
    test_schedule_done(&test);
}

static void what_waits_to_be_carried_out_by_hand_has_limits(void **unused)
{
    struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_TRIGGERED};
    struct test_schedule test;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    for (uint32_t i = 0; i < SARN__SCHEDULE_TRIGGERS_MAX; i++) {
        assert_int_equal(sarn__schedule_apply(&test.schedule, &event, NULL), SARN_OK);
    }
    assert_string_equal(ask(&test, SARN_SCHEDULE_TRIGGER),
                        "schedule s has 100 triggers that are not carried out yet");
    assert_int_equal(sarn__schedule_apply(&test.schedule, &event, NULL),
                     SARN_ERR_CORRUPT);
    event = (struct sarn__schedule_event){.kind = SARN__SCHEDULE_BACKFILLED};
    for (uint32_t i = 0; i < SARN__SCHEDULE_BACKFILLS_MAX; i++) {
        assert_int_equal(sarn__schedule_apply(&test.schedule, &event, NULL), SARN_OK);
    }
    assert_string_equal(
        backfill(&test, "2026-11-21 10:00", "2026-11-21 11:00", SARN_OVERLAP_SKIP),
        "schedule s has 16 backfills that are not done yet");
    test_schedule_done(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_fires_at_its_times_and_sleeps_in_between),
        cmocka_unit_test(an_interval_keeps_its_grid_from_1970),
        cmocka_unit_test(a_time_that_spring_skips_is_run_at_the_end_of_the_gap),
        cmocka_unit_test(each_time_of_a_gap_is_the_same_one_run),
        cmocka_unit_test(a_time_that_autumn_repeats_is_run_the_first_time),
        cmocka_unit_test(months_leap_years_and_the_year_end_are_those_of_the_calendar),
        cmocka_unit_test(nothing_runs_before_from_after_to_or_over_the_limit),
        cmocka_unit_test(jitter_is_later_by_no_more_than_asked_and_always_the_same),
        cmocka_unit_test(within_the_window_it_is_made_up_for_and_the_rest_is_missed),
        cmocka_unit_test(a_minute_is_what_it_makes_up_for_unless_told),
        cmocka_unit_test(a_year_of_minutes_is_passed_over_by_few_events),
        cmocka_unit_test(missed_times_stop_where_the_schedule_does),
        cmocka_unit_test(skip_passes_over_what_overlaps),
        cmocka_unit_test(one_buffered_waits_for_the_end_and_more_are_passed_over),
        cmocka_unit_test(all_buffered_run_in_order_one_by_one),
        cmocka_unit_test(only_so_many_runs_are_under_way),
        cmocka_unit_test(the_buffer_has_a_limit),
        cmocka_unit_test(cancel_and_terminate_stop_the_other_first),
        cmocka_unit_test(allowed_they_run_side_by_side),
        cmocka_unit_test(paused_nothing_runs_and_what_passed_meanwhile_is_no_matter),
        cmocka_unit_test(a_trigger_runs_now_paused_or_not),
        cmocka_unit_test(a_trigger_overlaps_as_the_schedule_says),
        cmocka_unit_test(a_backfill_runs_the_times_of_a_range_as_if_they_were_due),
        cmocka_unit_test(a_backfill_that_buffers_all_goes_one_by_one),
        cmocka_unit_test(
            a_backfill_that_skips_runs_one_and_passes_over_the_others_at_once),
        cmocka_unit_test(a_backfill_is_of_times_that_have_been),
        cmocka_unit_test(deleted_it_is_gone_until_it_is_set_again),
        cmocka_unit_test(set_anew_it_counts_from_then_and_forgets_what_waited),
        cmocka_unit_test(what_waits_to_be_carried_out_by_hand_has_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
