#include "core/cron.h"

#include <assert.h>
#include <string.h>

#include "core/civil.h"
#include "core/fail.h"

#define ALL_YEARS 400 /* After these, dates and their days of the week come again. */

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed",
                                            "thu", "fri", "sat"};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const struct field {
    const char *name;
    uint32_t least, most;
    const char *const *names; /* Of the numbers from least on; NULL: none. */
    uint32_t name_count;
} fields[FIELDS] = {
    [MINUTE] = {"minute", 0, 59, NULL, 0},
    [HOUR] = {"hour", 0, 23, NULL, 0},
    [DAY] = {"day of month", 1, 31, NULL, 0},
    [MONTH] = {"month", 1, 12, month_names, 12},
    [WEEKDAY] = {"day of week", 0, 7, weekday_names, 7},
};

static const struct {
    const char *name, *expression;
} shorthands[] = {
    {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"}, {"@daily", "0 0 * * *"},    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

struct parser {
    struct sarn_str text;
    uint32_t at;
    const struct field *field;
    struct sarn_error *error;
};

/* Say what is wrong at a place, counted from 1. */
static sarn_status
refuse(const struct parser *parser, uint32_t at, const char *what, const char *wanted)
{
    return sarn__fail(parser->error, SARN_ERR_INVALID,
                      "cron expression \"%.*s\", %s, character %u: %s%s",
                      (int)parser->text.size, parser->text.data, parser->field->name,
                      at + 1, what, wanted);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The character to be looked at; '\0': none is left. */
static char look(const struct parser *parser)
{
    return parser->at < parser->text.size ? parser->text.data[parser->at] : '\0';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Three letters of field's. */
static bool parse_name(struct parser *parser, uint32_t *value)
{
    const struct field *field = parser->field;

    if (parser->text.size - parser->at < 3) {
        return false;
    }
    for (uint32_t i = 0; i < field->name_count; i++) {
        const char *name = field->names[i], *have = parser->text.data + parser->at;

        if (lower(have[0]) == name[0] && lower(have[1]) == name[1] &&
            lower(have[2]) == name[2]) {
            *value = field->least + i;
            parser->at += 3;
            return true;
        }
    }
    return false;
}

static sarn_status parse_digits(struct parser *parser, uint32_t *value)
{
    uint32_t from = parser->at, number = 0;

    while (is_digit(look(parser)) && parser->at - from < 4) {
        number = number * 10 + (uint32_t)(look(parser) - '0');
        parser->at += 1;
    }
    if (parser->at == from) {
        return refuse(parser, from, "a number, a name or * is missing", "");
    }
    *value = number;
    return SARN_OK;
}

/* A number or name within the field. */
static sarn_status parse_value(struct parser *parser, uint32_t *value)
{
    const struct field *field = parser->field;
    uint32_t from = parser->at;

    if (is_letter(look(parser))) {
        if (field->names == NULL) {
            return refuse(parser, from, "this field has no names", "");
        }
        if (!parse_name(parser, value) || is_letter(look(parser))) {
            return refuse(parser, from, "not one of its names: ",
                          field->least == 0 ? "sun mon tue wed thu fri sat"
                                            : "jan feb mar apr may jun jul aug sep oct "
                                              "nov dec");
        }
        return SARN_OK;
    }
    SARN__TRY(parse_digits(parser, value));
    if (*value < field->least || *value > field->most) {
        return sarn__fail(parser->error, SARN_ERR_INVALID,
                          "cron expression \"%.*s\", %s, character %u: %u is not from "
                          "%u to %u",
                          (int)parser->text.size, parser->text.data, field->name,
                          from + 1, *value, field->least, field->most);
    }
    return SARN_OK;
}

/* "/n" behind * or a range; it has come as far as the slash. */
static sarn_status parse_step(struct parser *parser, bool allowed, uint32_t *step)
{
    uint32_t slash = parser->at;

    if (!allowed) {
        return refuse(parser, slash, "a step follows * or a range, as in 5-59/15", "");
    }
    parser->at += 1;
    SARN__TRY(parse_digits(parser, step));
    if (*step == 0) {
        return refuse(parser, slash + 1, "a step of 0 goes nowhere", "");
    }
    return SARN_OK;
}

/* One element of a list. */
static sarn_status parse_element(struct parser *parser, uint64_t *bits)
{
    uint32_t first = parser->field->least, last = parser->field->most, step = 1;
    uint32_t from = parser->at;
    bool range = true;

    if (look(parser) == '*') {
        parser->at += 1;
    } else {
        SARN__TRY(parse_value(parser, &first));
        range = look(parser) == '-';
        last = first;
        if (range) {
            parser->at += 1;
            SARN__TRY(parse_value(parser, &last));
        }
        if (first > last) {
            return refuse(parser, from, "the range ends before it begins", "");
        }
    }
    if (look(parser) == '/') {
        SARN__TRY(parse_step(parser, range, &step));
    }
    for (uint32_t value = first; value <= last; value += step) {
        *bits |= UINT64_C(1) << value;
    }
    return SARN_OK;
}

static sarn_status parse_field(struct parser *parser, uint64_t *bits, bool *restricted)
{
    *bits = 0;
    while (is_blank(look(parser))) {
        parser->at += 1;
    }
    *restricted = look(parser) != '*';
    for (;;) {
        SARN__TRY(parse_element(parser, bits));
        if (look(parser) != ',') {
            break;
        }
        parser->at += 1;
    }
    if (parser->at < parser->text.size && !is_blank(look(parser))) {
        return refuse(parser, parser->at, "it should have ended here", "");
    }
    return SARN_OK;
}

/* Some month has a day that both sets name; days of the week come to all of them. */
static bool ever_comes(const struct sarn__cron *cron)
{
    if (cron->either_day) {
        return true;
    }
    for (uint32_t month = 1; month <= 12; month++) {
        uint32_t days = sarn__month_days(2000, month); /* A leap year. */

        if ((cron->months >> month & 1) != 0 &&
            (cron->days & ((UINT64_C(1) << (days + 1)) - 1)) != 0) {
            return true;
        }
    }
    return false;
}

/* "@daily" as the five fields that it stands for. */
static sarn_status
expand(struct sarn_str text, struct sarn_str *expanded, struct sarn_error *error)
{
    *expanded = text;
    if (text.size == 0 || text.data[0] != '@') {
        return SARN_OK;
    }
    for (size_t i = 0; i < sizeof(shorthands) / sizeof(shorthands[0]); i++) {
        if (sarn_str_equal(text, sarn_str(shorthands[i].name))) {
            *expanded = sarn_str(shorthands[i].expression);
            return SARN_OK;
        }
    }
    return sarn__fail(error, SARN_ERR_INVALID,
                      "cron expression \"%.*s\" is none of @yearly, @annually, "
                      "@monthly, @weekly, @daily, @midnight, @hourly",
                      (int)text.size, text.data);
}

sarn_status sarn__cron_parse(struct sarn_str text,
                             struct sarn__cron *cron,
                             struct sarn_error *error)
{
    struct parser parser = {.error = error};
    uint64_t bits[FIELDS];
    bool restricted[FIELDS];
    struct sarn__cron parsed;

    if (text.size > SARN__CRON_BYTES_MAX) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "a cron expression has %u bytes at most, not %u",
                          SARN__CRON_BYTES_MAX, text.size);
    }
    SARN__TRY(expand(text, &parser.text, error));
    for (uint32_t i = 0; i < FIELDS; i++) {
        parser.field = &fields[i];
        SARN__TRY(parse_field(&parser, &bits[i], &restricted[i]));
    }
    while (is_blank(look(&parser))) {
        parser.at += 1;
    }
    if (parser.at < parser.text.size) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "cron expression \"%.*s\", character %u: a sixth field; it "
                          "has minute, hour, day of month, month, day of week",
                          (int)parser.text.size, parser.text.data, parser.at + 1);
    }
    parsed = (struct sarn__cron){
        .minutes = bits[MINUTE],
        .hours = (uint32_t)bits[HOUR],
        .days = (uint32_t)bits[DAY],
        .months = (uint32_t)bits[MONTH],
        .weekdays = (uint32_t)((bits[WEEKDAY] | bits[WEEKDAY] >> 7) & 0x7F),
        .either_day = restricted[DAY] && restricted[WEEKDAY],
    };
    if (!ever_comes(&parsed)) {
        return sarn__fail(error, SARN_ERR_INVALID,
                          "cron expression \"%.*s\": no such day comes in these months",
                          (int)text.size, text.data);
    }
    *cron = parsed;
    return SARN_OK;
}

/* --- the next time --- */

static bool names_day(const struct sarn__cron *cron, uint32_t day, uint32_t weekday)
{
    bool of_month = (cron->days >> day & 1) != 0;
    bool of_week = (cron->weekdays >> weekday & 1) != 0;

    return cron->either_day ? of_month || of_week : of_month && of_week;
}

/* The lowest number in bits from from on; 64: none. */
static uint32_t from_on(uint64_t bits, uint32_t from)
{
    for (uint32_t value = from; value < 64; value++) {
        if ((bits >> value & 1) != 0) {
            return value;
        }
    }
    return 64;
}

/* The first minute of the day that is named, from minute on; SARN__DAY_SECONDS: none.
 */
static int64_t next_of_day(const struct sarn__cron *cron, int64_t from_s)
{
    uint32_t hour = (uint32_t)(from_s / 3600);
    uint32_t minute = from_on(cron->minutes, (uint32_t)(from_s / 60 % 60));

    if ((cron->hours >> hour & 1) != 0 && minute < 64) {
        return hour * INT64_C(3600) + minute * INT64_C(60);
    }
    hour = from_on(cron->hours, hour + 1);
    if (hour == 64) {
        return SARN__DAY_SECONDS;
    }
    return hour * INT64_C(3600) + from_on(cron->minutes, 0) * INT64_C(60);
}

/* The first named day of a month from day on, or 0. */
static uint32_t
day_of_month(const struct sarn__cron *cron, int64_t year, uint32_t month, uint32_t day)
{
    uint32_t days = sarn__month_days(year, month);
    int64_t before = sarn__days(year, month, 1) - 1;

    for (; day <= days; day++) {
        if (names_day(cron, day, sarn__weekday(before + day))) {
            return day;
        }
    }
    return 0;
}

/* The first named day from civil's on, as days since 1970. */
static int64_t next_day(const struct sarn__cron *cron, const struct sarn__civil *civil)
{
    int64_t year = civil->year;
    uint32_t month = civil->month, day = civil->day;

    for (int64_t months = 0; months <= ALL_YEARS * 12; months++) {
        if ((cron->months >> month & 1) != 0) {
            uint32_t found = day_of_month(cron, year, month, day);

            if (found != 0) {
                return sarn__days(year, month, found);
            }
        }
        day = 1;
        month = month % 12 + 1;
        year += month == 1 ? 1 : 0;
    }
    assert(!"parsed as an expression that comes");
    return 0;
}

int64_t sarn__cron_next(const struct sarn__cron *cron, int64_t local_s)
{
    int64_t minute_s = (sarn__floor_div(local_s, 60) + 1) * 60;
    struct sarn__civil civil = sarn__civil_of(minute_s);
    int64_t today = sarn__floor_div(minute_s, SARN__DAY_SECONDS);
    int64_t day = next_day(cron, &civil), time = SARN__DAY_SECONDS;

    if (day == today) {
        time = next_of_day(cron, minute_s - today * SARN__DAY_SECONDS);
        if (time == SARN__DAY_SECONDS) {
            civil = sarn__civil_of((today + 1) * SARN__DAY_SECONDS);
            day = next_day(cron, &civil);
        }
    }
    if (time == SARN__DAY_SECONDS) {
        time = next_of_day(cron, 0);
    }
    assert(time < SARN__DAY_SECONDS);
    return day * SARN__DAY_SECONDS + time;
}
