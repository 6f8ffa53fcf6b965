/* cron.h - a cron expression, and the next local time that it names.
 *
 *   minute  hour  day of month  month  day of week
 *   0-59    0-23  1-31          1-12   0-7, 0 and 7 are Sunday
 *
 *   each: * for all, a number, a range (1-5), all or a range in steps (1-5/2), or a
 * list of these (1,4-6); months and days of the week also by name (jan, mon) or
 * @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly
 *
 * A day is named when both its day of the month and its day of the week are. Where both
 * fields are restricted, that is where neither begins with *, one of them is enough:
 * crontab(5) has it so.
 *
 * Times are seconds since 1970 as the clocks of one place show them (core/zone.h).
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_CRON_H
#define SARN_CORE_CRON_H

#include "sarn/types.h"

#define SARN__CRON_BYTES_MAX 255u

/* Sets of numbers, as bits. */
struct sarn__cron {
    uint64_t minutes;
    uint32_t hours;
    uint32_t days;     /* Of the month. */
    uint32_t months;   /* Bit 1 is January. */
    uint32_t weekdays; /* Bit 0 is Sunday. */
    bool either_day;   /* One of the two kinds of days is enough. */
};

/* SARN_ERR_INVALID: not an expression, or one that never comes: says where and why. */
SARN_MUST_USE sarn_status sarn__cron_parse(struct sarn_str text,
                                           struct sarn__cron *cron,
                                           struct sarn_error *error);

/* The first time after local_s, exclusive, that cron names. */
int64_t sarn__cron_next(const struct sarn__cron *cron, int64_t local_s);

#endif
