#include "core/zone_rule.h"

#include "core/civil.h"

#define HOUR_S           3600
#define CHANGE_TIME_S    (2 * HOUR_S) /* Where the text does not say when. */
#define OFFSET_HOURS_MAX 24u
#define TIME_HOURS_MAX   167u

/* --- reading it --- */

struct reader {
    const char *at, *end;
    bool bad;
};

static bool take(struct reader *reader, char c)
{
    if (reader->at == reader->end || *reader->at != c) {
        return false;
    }
    reader->at += 1;
    return true;
}

static uint32_t read_number(struct reader *reader, uint32_t least, uint32_t most)
{
    const char *from = reader->at;
    uint32_t number = 0;

    while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9' &&
           reader->at - from < 4) {
        number = number * 10 + (uint32_t)(*reader->at - '0');
        reader->at += 1;
    }
    if (reader->at == from || number < least || number > most) {
        reader->bad = true;
    }
    return number;
}

/* "CET", or "<+0530>". */
static void read_name(struct reader *reader)
{
    const char *from = reader->at;
    bool quoted = take(reader, '<');

    while (reader->at < reader->end) {
        char c = *reader->at;
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!letter && !(quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'))) {
            break;
        }
        reader->at += 1;
    }
    if (reader->at - from < 3 || (quoted && !take(reader, '>'))) {
        reader->bad = true;
    }
}

/* [+-]hh[:mm[:ss]] */
static int32_t read_time(struct reader *reader, uint32_t hours_max)
{
    bool negative = take(reader, '-');
    uint32_t seconds = 0;

    if (!negative) {
        (void)take(reader, '+');
    }
    seconds = read_number(reader, 0, hours_max) * HOUR_S;
    if (!reader->bad && take(reader, ':')) {
        seconds += read_number(reader, 0, 59) * 60;
        if (!reader->bad && take(reader, ':')) {
            seconds += read_number(reader, 0, 59);
        }
    }
    return reader->bad ? 0 : negative ? -(int32_t)seconds : (int32_t)seconds;
}

/* ",M3.5.0/2" */
static struct sarn__zone_date read_date(struct reader *reader)
{
    struct sarn__zone_date date = {.kind = 'N', .time_s = CHANGE_TIME_S};

    if (!take(reader, ',')) {
        reader->bad = true;
    } else if (take(reader, 'M')) {
        date.kind = 'M';
        date.month = read_number(reader, 1, 12);
        reader->bad = reader->bad || !take(reader, '.');
        date.week = read_number(reader, 1, 5);
        reader->bad = reader->bad || !take(reader, '.');
        date.day = read_number(reader, 0, 6);
    } else if (take(reader, 'J')) {
        date.kind = 'J';
        date.day = read_number(reader, 1, 365);
    } else {
        date.day = read_number(reader, 0, 365);
    }
    if (!reader->bad && take(reader, '/')) {
        date.time_s = read_time(reader, TIME_HOURS_MAX);
    }
    return date;
}

sarn_status sarn__zone_rule_parse(struct sarn_str text, struct sarn__zone_rule *rule)
{
    struct reader reader = {text.data, text.data + text.size, text.size == 0};
    struct sarn__zone_rule parsed = {.standard_s = 0};

    if (reader.bad) {
        return SARN_ERR_INVALID;
    }
    /* POSIX counts west of Greenwich. */
    read_name(&reader);
    parsed.standard_s = -read_time(&reader, OFFSET_HOURS_MAX);
    if (!reader.bad && reader.at < reader.end) {
        parsed.has_summer = true;
        parsed.summer_s = parsed.standard_s + HOUR_S;
        read_name(&reader);
        if (!reader.bad && reader.at < reader.end && *reader.at != ',') {
            parsed.summer_s = -read_time(&reader, OFFSET_HOURS_MAX);
        }
        parsed.begin = read_date(&reader);
        parsed.end = read_date(&reader);
    }
    if (reader.bad || reader.at < reader.end) {
        return SARN_ERR_INVALID;
    }
    *rule = parsed;
    return SARN_OK;
}

/* --- what it says --- */

/* When date is in a year, in seconds of the clock that is then changed. */
static int64_t date_seconds(const struct sarn__zone_date *date, int64_t year)
{
    int64_t day = sarn__days(year, 1, 1);

    if (date->kind == 'J') {
        bool past_february = date->day >= 60; /* 1 March of a year without a leap. */

        day += date->day - 1 + (past_february && sarn__is_leap_year(year) ? 1 : 0);
    } else if (date->kind == 'N') {
        day += date->day;
    } else {
        int64_t first = sarn__days(year, date->month, 1);
        uint32_t ahead = (date->day + 7 - sarn__weekday(first)) % 7;
        uint32_t in_month = 1 + ahead + (date->week - 1) * 7;

        if (in_month > sarn__month_days(year, date->month)) {
            in_month -= 7; /* The fifth is the last, which may be the fourth. */
        }
        day = first + in_month - 1;
    }
    return day * SARN__DAY_SECONDS + date->time_s;
}

struct change {
    int64_t at_s;
    int32_t offset_s; /* From then on. */
};

/* Put a change where it belongs by time; of two at once, the later put counts. */
static void put(struct change *changes, uint32_t *count, int64_t at_s, int32_t offset_s)
{
    uint32_t place = *count;

    while (place > 0 && changes[place - 1].at_s > at_s) {
        changes[place] = changes[place - 1];
        place -= 1;
    }
    changes[place] = (struct change){at_s, offset_s};
    *count += 1;
}

int32_t sarn__zone_rule_offset(const struct sarn__zone_rule *rule,
                               int64_t utc_s,
                               int64_t *until_s)
{
    int64_t year = sarn__civil_of(utc_s + rule->standard_s).year;
    struct change changes[6] = {{0, 0}};
    uint32_t count = 0;
    int32_t offset = rule->standard_s;

    *until_s = INT64_MAX;
    if (!rule->has_summer) {
        return offset;
    }
    /* Summer may be over the end of the year. That it ends as it begins means that it
     * never ends: so the ends come first. */
    for (int64_t y = year - 1; y <= year + 1; y++) {
        put(changes, &count, date_seconds(&rule->end, y) - rule->summer_s,
            rule->standard_s);
    }
    for (int64_t y = year - 1; y <= year + 1; y++) {
        put(changes, &count, date_seconds(&rule->begin, y) - rule->standard_s,
            rule->summer_s);
    }
    if (changes[0].offset_s == rule->standard_s) {
        offset = rule->summer_s;
    }
    *until_s = utc_s + SARN__DAY_SECONDS;
    for (uint32_t i = 0; i < count; i++) {
        if (changes[i].at_s > utc_s) {
            *until_s = changes[i].at_s;
            break;
        }
        offset = changes[i].offset_s;
    }
    return offset;
}
