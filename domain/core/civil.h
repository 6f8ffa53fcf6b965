/* civil.h - days and seconds since 1970 to dates of the proleptic Gregorian calendar,
 * and back.
 *
 * A date is counted in eras of 400 years, which all have the same number of days, and
 * in years that begin with March, so that the day that leap years add is their last:
 * the algorithm of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_CIVIL_H
#define SARN_CORE_CIVIL_H

#include "sarn/types.h"

#define SARN__SECOND_US   INT64_C(1000000)
#define SARN__DAY_SECONDS INT64_C(86400)

/* A date and a time of day, in whatever zone is meant. */
struct sarn__civil {
    int64_t year;
    uint32_t month; /* 1 to 12 */
    uint32_t day;   /* 1 to 31 */
    uint32_t hour, minute, second;
    uint32_t weekday; /* 0 is Sunday. */
};

/* a / b, towards minus infinity; b > 0. */
int64_t sarn__floor_div(int64_t a, int64_t b);

bool sarn__is_leap_year(int64_t year);
/* How many days a month has. */
uint32_t sarn__month_days(int64_t year, uint32_t month);
/* Days from 1970-01-01 to a date of the calendar. */
int64_t sarn__days(int64_t year, uint32_t month, uint32_t day);
/* 0 is Sunday. */
uint32_t sarn__weekday(int64_t days);

/* Seconds from 1970-01-01T00:00:00 to civil; its weekday is not looked at. */
int64_t sarn__civil_seconds(const struct sarn__civil *civil);
/* Any second whose year an int64_t of microseconds can reach. */
struct sarn__civil sarn__civil_of(int64_t seconds);

#define SARN__TIME_TEXT_BYTES 40u /* With its NUL. */
/* Write "2026-11-21T14:00:00Z", with six more digits where time_us has a fraction. */
void sarn__time_text(int64_t time_us, char text[SARN__TIME_TEXT_BYTES]);

#endif
