/* schedule.h - a schedule on its own, told as a trace: virtual time, no engine. */
#ifndef SARN_TESTS_SUPPORT_SCHEDULE_H
#define SARN_TESTS_SUPPORT_SCHEDULE_H

#include "core/schedule_plan.h"

struct test_schedule {
    struct sarn_arena *arena;
    struct sarn__schedule schedule;
    struct sarn__zone zone;
    int64_t now_us;
    char trace[2048]; /* Of the last call. */
};

/* "2026-11-21 14:00", with ":30" behind it or not, as UTC. */
int64_t test_time_us(const char *text);

/* Of workflow "w", with a cron expression. */
struct sarn__schedule_spec test_schedule_cron(const char *expression);

/* A schedule called "s", set to spec at a time; rule: TZ text of its zone, NULL: UTC.
 */
void test_schedule_init(struct test_schedule *test,
                        const char *at,
                        const struct sarn__schedule_spec *spec,
                        const char *rule);
/* Hourly at the full hour, since 2026-11-21 13:30; the run of 14:00 is under way. */
void test_schedule_hourly(struct test_schedule *test, uint32_t overlap);
void test_schedule_done(struct test_schedule *test);

/* Carry out what there is to do at a time, and say it: "started 11-21 14:00; sleeps
 * until 11-21 15:00". Times with seconds have them. */
const char *test_schedule_at(struct test_schedule *test, const char *at);
/* Ask for a change, at the time that it is, and carry on; or the error's text. */
const char *test_schedule_ask(struct test_schedule *test,
                              const struct sarn_schedule_change *change);
/* The run of a time ends, and it carries on. */
const char *test_schedule_end(struct test_schedule *test, const char *nominal);

#endif
