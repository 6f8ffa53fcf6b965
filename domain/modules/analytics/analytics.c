/* The module "analytics", as it is registered, and the names of its streams. */
#include "sarn/analytics.h"

#include "activity.h"

#define DAY_US   INT64_C(86400000000)
#define YEAR_MAX 9999

static const struct sarn_type *const commands[] = {
    &analytics_record_type,
    &analytics_reverse_type,
};

const struct sarn_type *const sarn__activity_events[SARN__ACTIVITY_EVENT_COUNT] = {
    &analytics_transaction_recorded_type,
    &analytics_transaction_reversed_type,
};

static const struct sarn_aggregate activity = {
    .category = SARN_ANALYTICS_CATEGORY,
    .apply_version = 1,
    .snapshot_every = 512,
    .state = &analytics_activity_type,
    .decide = sarn__activity_decide,
    .apply = sarn__activity_apply,
    .commands = commands,
    .command_count = sizeof(commands) / sizeof(commands[0]),
    .event_count = SARN__ACTIVITY_EVENT_COUNT,
    .events = sarn__activity_events,
};

static const struct sarn_aggregate *const aggregates[] = {&activity};
static const struct sarn_projection *const projections[] = {&sarn__activity_rows};

const struct sarn_module sarn_analytics_module = {
    .abi = SARN_MODULE_ABI,
    .struct_size = sizeof(struct sarn_module),
    .name = "analytics",
    .version = "1",
    .aggregates = aggregates,
    .projections = projections,
    .aggregate_count = 1,
    .projection_count = 1,
};

/* Days are counted from March 1st of the year 0 on, in cycles of 400 years, so that a
 * leap day is the last of its year. */
uint32_t sarn_analytics_day(int64_t time_us)
{
    int64_t days = time_us / DAY_US - (time_us % DAY_US < 0) + 719468;
    int64_t cycle = days / 146097;
    int64_t in_cycle = days % 146097;
    int64_t year =
        (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
    int64_t march = (5 * in_year + 2) / 153; /* Months since March. */
    int64_t day = in_year - (153 * march + 2) / 5 + 1;
    int64_t month = march < 10 ? march + 3 : march - 9;

    if (days < 0) {
        return 0;
    }
    year += cycle * 400 + (month <= 2);
    return year < 1 || year > YEAR_MAX ? 0
                                       : (uint32_t)(year * 10000 + month * 100 + day);
}

static void add_text(struct sarn_str *name, char *text, const char *added)
{
    for (; *added != '\0'; added++) {
        text[name->size++] = *added;
    }
}

static void add_number(struct sarn_str *name, char *text, uint32_t number)
{
    char digits[12];
    uint32_t at = sizeof(digits) - 1;

    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    add_text(name, text, digits + at);
}

struct sarn_str sarn_analytics_stream(uint32_t day,
                                      uint8_t kind,
                                      uint16_t currency,
                                      char text[SARN_ANALYTICS_STREAM_BYTES])
{
    struct sarn_str name = {text, 0};

    add_text(&name, text, SARN_ANALYTICS_CATEGORY "-");
    add_number(&name, text, day);
    add_text(&name, text, "-");
    add_number(&name, text, kind);
    add_text(&name, text, "-");
    add_number(&name, text, currency);
    text[name.size] = '\0';
    return name;
}
