#include "core/civil.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define ERA_YEARS 400
#define ERA_DAYS  INT64_C(146097)
/* From 0000-03-01, where the first era begins, to 1970-01-01. */
#define EPOCH_DAYS INT64_C(719468)
/* Five months from March on, or from August, have 153 days. */
#define FIVE_MONTHS_DAYS 153

int64_t sarn__floor_div(int64_t a, int64_t b)
{
    assert(b > 0);
    return a / b - (a % b < 0 ? 1 : 0);
}

bool sarn__is_leap_year(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

uint32_t sarn__month_days(int64_t year, uint32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    assert(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && sarn__is_leap_year(year) ? 1u : 0u);
}

int64_t sarn__days(int64_t year, uint32_t month, uint32_t day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t march_month = month <= 2 ? month + 9 : month - 3; /* 0 is March. */
    int64_t era = sarn__floor_div(march_year, ERA_YEARS);
    int64_t year_of_era = march_year - era * ERA_YEARS;
    int64_t day_of_year = (FIVE_MONTHS_DAYS * march_month + 2) / 5 + day - 1;

    assert(month >= 1 && month <= 12 && day >= 1 && day <= 31);
    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - EPOCH_DAYS;
}

uint32_t sarn__weekday(int64_t days)
{
    int64_t since_sunday = days + 4; /* 1970-01-01 was a Thursday. */

    return (uint32_t)(since_sunday - sarn__floor_div(since_sunday, 7) * 7);
}

/* The date of a day since 1970. */
static void set_date(struct sarn__civil *civil, int64_t days)
{
    int64_t shifted = days + EPOCH_DAYS;
    int64_t era = sarn__floor_div(shifted, ERA_DAYS);
    int64_t day_of_era = shifted - era * ERA_DAYS;
    /* Without the leap days before it, every year has 365. */
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) /
        365;
    int64_t day_of_year =
        day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / FIVE_MONTHS_DAYS;

    civil->day = (uint32_t)(day_of_year - (FIVE_MONTHS_DAYS * march_month + 2) / 5 + 1);
    civil->month = (uint32_t)(march_month < 10 ? march_month + 3 : march_month - 9);
    civil->year = year_of_era + era * ERA_YEARS + (civil->month <= 2 ? 1 : 0);
    civil->weekday = sarn__weekday(days);
}

int64_t sarn__civil_seconds(const struct sarn__civil *civil)
{
    assert(civil->hour < 24 && civil->minute < 60 && civil->second < 60);
    return sarn__days(civil->year, civil->month, civil->day) * SARN__DAY_SECONDS +
           civil->hour * INT64_C(3600) + civil->minute * INT64_C(60) + civil->second;
}

struct sarn__civil sarn__civil_of(int64_t seconds)
{
    int64_t days = sarn__floor_div(seconds, SARN__DAY_SECONDS);
    uint32_t of_day = (uint32_t)(seconds - days * SARN__DAY_SECONDS);
    struct sarn__civil civil = {
        .hour = of_day / 3600, .minute = of_day / 60 % 60, .second = of_day % 60};

    set_date(&civil, days);
    return civil;
}

void sarn__time_text(int64_t time_us, char text[SARN__TIME_TEXT_BYTES])
{
    int64_t seconds = sarn__floor_div(time_us, SARN__SECOND_US);
    int64_t left = time_us % SARN__SECOND_US; /* Times of the first second fit so. */
    int64_t fraction = left < 0 ? left + SARN__SECOND_US : left;
    struct sarn__civil civil = sarn__civil_of(seconds);
    char digits[8] = "";

    if (fraction != 0) {
        snprintf(digits, sizeof(digits), ".%06" PRId64, fraction);
    }
    snprintf(text, SARN__TIME_TEXT_BYTES, "%04" PRId64 "-%02u-%02uT%02u:%02u:%02u%sZ",
             civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second,
             digits);
}
