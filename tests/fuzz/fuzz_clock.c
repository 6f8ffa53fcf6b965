/* When something is due: cron expressions, as anybody may write them, and the time
 * zones of a machine's files. A time that is said to be next is what the expression
 * names, and no minute before it is; clocks that are set show what they are said to
 * show.
 *
 * Input: 'c', eight bytes of a time in seconds, an expression; or 'z', the same, a
 * file.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/cron.h"
#include "core/zone.h"
#include "engine/bytes.h"

#define HEAD        9u
#define NEXT_MAX    8u
#define BETWEEN_MAX 2000u
/* What fits into a time in microseconds. */
#define SECONDS_MAX (INT64_MAX / 1000000)

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool has(uint64_t set, int number)
{
    return (set >> number & 1) != 0;
}

/* By libc's calendar. */
static bool is_named(const struct sarn__cron *cron, int64_t local_s)
{
    time_t seconds = (time_t)local_s;
    struct tm tm;
    bool day, weekday;

    must(gmtime_r(&seconds, &tm) != NULL);
    day = has(cron->days, tm.tm_mday);
    weekday = has(cron->weekdays, tm.tm_wday);
    return tm.tm_sec == 0 && has(cron->minutes, tm.tm_min) &&
           has(cron->hours, tm.tm_hour) && has(cron->months, tm.tm_mon + 1) &&
           (cron->either_day ? day || weekday : day && weekday);
}

static void try_cron(struct sarn_str text, int64_t local_s)
{
    struct sarn__cron cron;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = sarn__cron_parse(text, &cron, &error);

    if (status != SARN_OK) {
        must(error.status == status && error.text[0] != '\0');
        return;
    }
    local_s %= SECONDS_MAX / 2;
    for (uint32_t i = 0; i < NEXT_MAX; i++) {
        int64_t next_s = sarn__cron_next(&cron, local_s);
        int64_t minute_s = local_s - local_s % 60 + (local_s < 0 ? -60 : 0);

        must(next_s > local_s && is_named(&cron, next_s));
        for (uint32_t k = 0; k < BETWEEN_MAX && minute_s < next_s; k++) {
            must(minute_s <= local_s || !is_named(&cron, minute_s));
            minute_s += 60;
        }
        local_s = next_s;
    }
}

static void try_zone(struct sarn_str bytes, int64_t at_s)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__zone zone;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    must(arena != NULL);
    status = sarn__zone_parse(bytes, arena, &zone, &error);
    must(status == SARN_OK || (error.status == status && error.text[0] != '\0'));
    at_s %= SECONDS_MAX / 2;
    if (status == SARN_OK) {
        int64_t local_s = sarn__zone_local(&zone, at_s);
        int64_t utc_s = sarn__zone_utc(&zone, at_s);

        /* The first moment that shows at_s or later. */
        must(sarn__zone_local(&zone, utc_s) >= at_s);
        must(sarn__zone_local(&zone, utc_s - 1) < at_s ||
             sarn__zone_local(&zone, utc_s) > at_s);
        must(sarn__zone_utc(&zone, local_s) <= at_s);
        for (uint32_t i = 0; i < zone.change_count && i < 64; i++) {
            if (zone.changes[i].at_s > -SECONDS_MAX &&
                zone.changes[i].at_s < SECONDS_MAX) {
                local_s = sarn__zone_local(&zone, zone.changes[i].at_s);
                must(sarn__zone_utc(&zone, local_s) <= zone.changes[i].at_s);
            }
        }
    }
    sarn_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= HEAD) {
        int64_t at_s = (int64_t)sarn__get_u64(data + 1);
        struct sarn_str rest = {(const char *)data + HEAD, (uint32_t)(size - HEAD)};

        if (data[0] == 'c') {
            try_cron(rest, at_s);
        } else if (data[0] == 'z') {
            try_zone(rest, at_s);
        }
    }
    return 0;
}
