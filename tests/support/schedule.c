#include "support/schedule.h"

#include "support/test.h"
#include "support/tzif.h"

#define TURNS_MAX 5000u

int64_t test_time_us(const char *text)
{
    struct sarn__civil civil = {.year = 0};
    long long year = 0;

    assert_true(sscanf(text, "%lld-%u-%u %u:%u:%u", &year, &civil.month, &civil.day,
                       &civil.hour, &civil.minute, &civil.second) >= 5);
    civil.year = year;
    return sarn__civil_seconds(&civil) * SARN__SECOND_US;
}

SARN_PRINTF(2, 3)
static void say(struct test_schedule *test, const char *format, ...)
{
    size_t used = strlen(test->trace);
    va_list args;

    if (used > 0) {
        used += (size_t)snprintf(test->trace + used, sizeof(test->trace) - used, "; ");
    }
    va_start(args, format);
    vsnprintf(test->trace + used, sizeof(test->trace) - used, format, args);
    va_end(args);
}

/* "11-21 14:00" */
static const char *short_time(int64_t time_us, char text[40])
{
    struct sarn__civil civil =
        sarn__civil_of(sarn__floor_div(time_us, SARN__SECOND_US));
    char seconds[16] = "";

    if (civil.second != 0) {
        snprintf(seconds, sizeof(seconds), ":%02u", civil.second);
    }
    snprintf(text, 40, "%02u-%02u %02u:%02u%s", civil.month, civil.day, civil.hour,
             civil.minute, seconds);
    return text;
}

static void apply(struct test_schedule *test, const struct sarn__schedule_event *event)
{
    struct sarn_error error = {SARN_OK, ""};

    assert_ok(sarn__schedule_apply(&test->schedule, event, &error), &error);
}

static void say_fired(struct test_schedule *test,
                      const struct sarn__schedule_plan *plan)
{
    static const char *const outcomes[] = {
        [SARN_SCHEDULE_STARTED] = "started",   [SARN_SCHEDULE_BUFFERED] = "buffered",
        [SARN_SCHEDULE_OVERLAPPED] = "passed", [SARN_SCHEDULE_MISSED] = "missed",
        [SARN_SCHEDULE_REFUSED] = "refused",
    };
    static const char *const causes[] = {"", " by trigger", " by backfill"};
    const struct sarn__schedule_event *event = &plan->event;
    char first[40], nominal[40];

    if (event->count > 1) {
        say(test, "%s %u, %s to %s%s", outcomes[event->outcome], event->count,
            short_time(event->first_us, first), short_time(event->nominal_us, nominal),
            causes[event->cause]);
    } else {
        say(test, "%s %s%s%s%s%s", outcomes[event->outcome],
            short_time(event->nominal_us, nominal), causes[event->cause],
            event->waited ? ", waited" : "", plan->cancels ? ", cancels" : "",
            plan->terminates ? ", terminates" : "");
    }
}

static const char *carry_on(struct test_schedule *test)
{
    struct sarn__schedule_plan plan;
    char text[40];

    for (uint32_t turn = 0;; turn++) {
        assert_true(turn < TURNS_MAX);
        sarn__schedule_plan(&test->schedule, &test->zone, test->now_us, &plan);
        if (!plan.fires) {
            break;
        }
        apply(test, &plan.event);
        say_fired(test, &plan);
    }
    if (plan.wake_us == INT64_MAX) {
        say(test, "sleeps");
    } else {
        say(test, "sleeps until %s", short_time(plan.wake_us, text));
    }
    return test->trace;
}

void test_schedule_init(struct test_schedule *test,
                        const char *at,
                        const struct sarn__schedule_spec *spec,
                        const char *rule)
{
    struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_SET, .spec = *spec};
    struct sarn_error error = {SARN_OK, ""};
    struct test_tzif tzif;

    *test = (struct test_schedule){.arena = sarn_arena_create(NULL),
                                   .now_us = test_time_us(at)};
    assert_ok(sarn__schedule_init(&test->schedule, sarn_str("s"), test->arena), &error);
    if (rule != NULL) {
        test_tzif(&tzif, 2, 0, NULL, 0, rule);
        assert_ok(
            sarn__zone_parse(test_tzif_bytes(&tzif), test->arena, &test->zone, &error),
            &error);
    }
    event.time_us = test->now_us;
    apply(test, &event);
}

void test_schedule_done(struct test_schedule *test)
{
    sarn_arena_destroy(test->arena);
}

const char *test_schedule_at(struct test_schedule *test, const char *at)
{
    test->trace[0] = '\0';
    test->now_us = test_time_us(at);
    return carry_on(test);
}

const char *test_schedule_ask(struct test_schedule *test,
                              const struct sarn_schedule_change *change)
{
    struct sarn__schedule_event event;
    struct sarn_error error = {SARN_OK, ""};

    test->trace[0] = '\0';
    if (sarn__schedule_decide(&test->schedule, change, &test->zone, test->now_us,
                              &event, &error) != SARN_OK) {
        say(test, "%s", error.text);
        return test->trace;
    }
    apply(test, &event);
    return carry_on(test);
}

const char *test_schedule_end(struct test_schedule *test, const char *nominal)
{
    struct sarn__schedule_event event = {.kind = SARN__SCHEDULE_RUN_ENDED,
                                         .time_us = test->now_us,
                                         .status = SARN_EXECUTION_COMPLETED};
    char id[SARN__SCHEDULE_RUN_ID_BYTES];
    uint32_t before = test->schedule.runs.count;

    test->trace[0] = '\0';
    event.workflow_id =
        sarn__schedule_run_id(test->schedule.id, test_time_us(nominal), id);
    apply(test, &event);
    assert_int_equal(test->schedule.runs.count, before - 1);
    return carry_on(test);
}

struct sarn__schedule_spec test_schedule_cron(const char *expression)
{
    return (struct sarn__schedule_spec){.workflow = SARN_STR("w"),
                                        .cron = sarn_str(expression)};
}

void test_schedule_hourly(struct test_schedule *test, uint32_t overlap)
{
    struct sarn__schedule_spec spec = test_schedule_cron("@hourly");

    spec.overlap = overlap;
    test_schedule_init(test, "2026-11-21 13:30", &spec, NULL);
    assert_string_equal(test_schedule_at(test, "2026-11-21 14:00"),
                        "started 11-21 14:00; sleeps until 11-21 15:00");
}
