/* domain/core/schedule: what cannot be, and what runs out of memory. */
#include "support/heap.h"
#include "support/schedule.h"
#include "support/test.h"

#define HOUR_US (3600 * SARN__SECOND_US)

static void a_schedule_that_contradicts_itself_is_refused(void **unused)
{
    struct sarn_str w = SARN_STR("w"), id = SARN_STR("id");
    const struct {
        struct sarn__schedule_spec spec;
        const char *said;
    } rows[] = {
        {{.workflow = w}, "a cron expression or an interval"},
        {{.workflow = w, .cron = sarn_str("@daily"), .interval_us = HOUR_US},
         "a cron expression or an interval"},
        {{.workflow = w, .cron = sarn_str("99 * * * *")}, "99 is not from 0 to 59"},
        {{.workflow = w, .cron = sarn_str("@daily"), .offset_us = HOUR_US},
         "offset_us goes with an interval"},
        {{.workflow = w, .interval_us = HOUR_US, .zone = sarn_str("Europe/Prague")},
         "a time zone goes with a cron expression"},
        {{.workflow = w, .interval_us = 1}, "whole seconds"},
        {{.workflow = w, .interval_us = 1500000}, "whole seconds"},
        {{.workflow = w, .interval_us = -HOUR_US}, "whole seconds"},
        {{.workflow = w, .interval_us = HOUR_US, .offset_us = 1}, "whole seconds"},
        {{.workflow = w, .interval_us = HOUR_US, .overlap = 6}, "overlap is 6"},
        {{.workflow = w, .interval_us = HOUR_US, .jitter_us = -1}, "not negative"},
        {{.workflow = w, .interval_us = HOUR_US, .catch_up_us = -1}, "not negative"},
        {{.workflow = w, .interval_us = HOUR_US, .from_us = 2, .to_us = 1},
         "ends (to_us) after it begins"},
    };
    char longest[SARN_STREAM_NAME_BYTES_MAX];

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn__schedule_spec spec = rows[i].spec;
        struct sarn_error error = {SARN_OK, ""};

        assert_int_equal(sarn__schedule_check(id, &spec, &error), SARN_ERR_INVALID);
        if (strstr(error.text, rows[i].said) == NULL) {
            fail_msg("%s, not %s", error.text, rows[i].said);
        }
    }
    memset(longest, 'x', sizeof(longest));
    for (uint32_t size = 0; size <= sizeof(longest); size++) {
        struct sarn__schedule_spec spec = test_schedule_cron("@daily");
        bool fits = size >= 1 && size <= 212;

        assert_int_equal(
            sarn__schedule_check((struct sarn_str){longest, size}, &spec, NULL),
            fits ? SARN_OK : SARN_ERR_INVALID);
    }
}

static void what_cannot_follow_is_corruption_and_changes_nothing(void **unused)
{
    const int64_t later = test_time_us("2026-11-21 15:00");
    const struct sarn__schedule_event rows[] = {
        {.kind = SARN__SCHEDULE_SET},
        {.kind = SARN__SCHEDULE_FIRED, .outcome = 1, .nominal_us = later - HOUR_US},
        {.kind = SARN__SCHEDULE_FIRED, .outcome = 0, .nominal_us = later},
        {.kind = SARN__SCHEDULE_FIRED, .outcome = 9, .nominal_us = later},
        {.kind = SARN__SCHEDULE_FIRED,
         .outcome = 1,
         .nominal_us = later,
         .waited = true},
        {.kind = SARN__SCHEDULE_FIRED, .outcome = 1, .nominal_us = later, .cause = 1},
        {.kind = SARN__SCHEDULE_FIRED, .outcome = 1, .nominal_us = later, .cause = 2},
        {.kind = SARN__SCHEDULE_FIRED, .outcome = 1, .nominal_us = later, .cause = 3},
        {.kind = SARN__SCHEDULE_BACKFILLED, .from_us = 2, .to_us = 1},
        {.kind = SARN__SCHEDULE_BACKFILLED, .overlap = 7},
        {.kind = (enum sarn__schedule_fact)99},
    };
    struct test_schedule test;
    struct sarn__schedule before;

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    before = test.schedule;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(sarn__schedule_apply(&test.schedule, &rows[i], NULL),
                         SARN_ERR_CORRUPT);
        assert_memory_equal(&test.schedule, &before, sizeof(before));
    }
    test_schedule_done(&test);
}

/* --- told anew --- */

/* The SET that says how test's schedule stands. */
static struct sarn__schedule_event told(const struct test_schedule *test,
                                        struct sarn__schedule_standing *standing)
{
    *standing = sarn__schedule_stand(&test->schedule);
    return (struct sarn__schedule_event){.kind = SARN__SCHEDULE_SET,
                                         .time_us = test->now_us,
                                         .spec = test->schedule.spec,
                                         .told_anew = true,
                                         .standing = standing};
}

static void given_much_to_do(struct test_schedule *test)
{
    struct sarn__schedule_event trigger = {.kind = SARN__SCHEDULE_TRIGGERED};
    struct sarn__schedule_event backfill = {.kind = SARN__SCHEDULE_BACKFILLED,
                                            .to_us = test_time_us("1970-01-01 03:00"),
                                            .overlap = SARN_OVERLAP_BUFFER_ALL};

    test_schedule_hourly(test, SARN_OVERLAP_BUFFER_ALL);
    (void)test_schedule_at(test, "2026-11-21 15:00");
    (void)test_schedule_at(test, "2026-11-21 16:00");
    trigger.time_us = backfill.time_us = test->now_us;
    assert_int_equal(sarn__schedule_apply(&test->schedule, &trigger, NULL), SARN_OK);
    assert_int_equal(sarn__schedule_apply(&test->schedule, &backfill, NULL), SARN_OK);
}

static void told_anew_it_goes_on_as_if_all_had_been_read(void **unused)
{
    struct test_schedule whole, anew;
    struct sarn__schedule_standing standing;
    struct sarn__schedule_event event;

    (void)unused;
    given_much_to_do(&whole);
    given_much_to_do(&anew);
    event = told(&anew, &standing);
    assert_int_equal(sarn__schedule_init(&anew.schedule, whole.schedule.id, anew.arena),
                     SARN_OK);
    assert_int_equal(sarn__schedule_apply(&anew.schedule, &event, NULL), SARN_OK);
    assert_int_equal(anew.schedule.started, whole.schedule.started);
    assert_int_equal(anew.schedule.last_us, whole.schedule.last_us);
    assert_int_equal(anew.schedule.last_trigger_us, whole.schedule.last_trigger_us);
    for (uint32_t i = 0; i < 4; i++) {
        static const char *const ends[] = {"2026-11-21 14:00", "2026-11-21 15:00",
                                           "2026-11-21 16:00", "2026-11-21 16:00"};
        const char *trace = NULL;
        char expected[sizeof(whole.trace)];

        trace = i < 3 ? test_schedule_end(&whole, ends[i])
                      : test_schedule_at(&whole, "2026-11-21 17:00");
        snprintf(expected, sizeof(expected), "%s", trace);
        trace = i < 3 ? test_schedule_end(&anew, ends[i])
                      : test_schedule_at(&anew, "2026-11-21 17:00");
        assert_string_equal(trace, expected);
    }
    test_schedule_done(&whole);
    test_schedule_done(&anew);
}

static void told_of_more_than_there_can_be_it_is_corruption(void **unused)
{
    struct sarn__schedule_standing standing;
    struct sarn__schedule_event event;
    struct sarn__schedule_backfill none = {.overlap = 99};
    struct test_schedule test;
    struct sarn__schedule before;
    uint32_t *const counts[] = {&standing.runs.count, &standing.triggers.count,
                                &standing.waits.count, &standing.backfills.count};

    (void)unused;
    test_schedule_hourly(&test, SARN_OVERLAP_ALLOW);
    before = test.schedule;
    for (size_t i = 0; i < COUNT(counts); i++) {
        event = told(&test, &standing);
        *counts[i] = 1001;
        assert_int_equal(sarn__schedule_apply(&test.schedule, &event, NULL),
                         SARN_ERR_CORRUPT);
        assert_memory_equal(&test.schedule, &before, sizeof(before));
    }
    event = told(&test, &standing);
    standing.backfills = (struct sarn__schedule_span){&none, 1};
    assert_int_equal(sarn__schedule_apply(&test.schedule, &event, NULL),
                     SARN_ERR_CORRUPT);
    test_schedule_done(&test);
}

/* --- without memory --- */

/* One life of a schedule over a heap; false: it ran out of memory, and nothing changed.
 */
static bool live(struct sarn_heap *heap)
{
    struct sarn__schedule_event set = {.kind = SARN__SCHEDULE_SET,
                                       .spec = test_schedule_cron("@hourly")};
    struct sarn_arena *arena = sarn_arena_create(heap);
    struct sarn__schedule schedule = {.exists = false}, before;
    struct sarn__schedule_plan plan;
    struct sarn__zone utc = {0};
    char input[70000] = "";
    sarn_status status = arena == NULL ? SARN_ERR_NOMEM : SARN_OK;

    set.spec.overlap = SARN_OVERLAP_ALLOW;
    set.spec.catch_up_us = 10000 * HOUR_US;
    set.spec.input = (struct sarn_str){input, sizeof(input)};
    if (status == SARN_OK) {
        status = sarn__schedule_init(&schedule, sarn_str("s"), arena);
    }
    before = schedule;
    if (status == SARN_OK) {
        status = sarn__schedule_apply(&schedule, &set, NULL);
    }
    for (int i = 0; i < 900 && status == SARN_OK; i++) {
        sarn__schedule_plan(&schedule, &utc, 1000 * HOUR_US, &plan);
        assert_true(plan.fires);
        before = schedule;
        status = sarn__schedule_apply(&schedule, &plan.event, NULL);
    }
    if (status != SARN_OK) {
        assert_int_equal(status, SARN_ERR_NOMEM);
        assert_int_equal(schedule.runs.count, before.runs.count);
        assert_int_equal(schedule.settled_us, before.settled_us);
        assert_int_equal(schedule.exists, before.exists);
    }
    sarn_arena_destroy(arena);
    return status == SARN_OK;
}

static void without_memory_nothing_changes(void **unused)
{
    struct test_heap heap = {.fail_at = 0};
    struct sarn_heap from = test_heap(&heap);
    uint64_t failures = 0;

    (void)unused;
    for (;; failures++) {
        heap.calls = 0;
        heap.fail_at = failures + 1;
        if (live(&from)) {
            break;
        }
        assert_int_equal(heap.live, 0);
    }
    assert_true(failures >= 3);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_that_contradicts_itself_is_refused),
        cmocka_unit_test(what_cannot_follow_is_corruption_and_changes_nothing),
        cmocka_unit_test(told_anew_it_goes_on_as_if_all_had_been_read),
        cmocka_unit_test(told_of_more_than_there_can_be_it_is_corruption),
        cmocka_unit_test(without_memory_nothing_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
