/* zone_rule.h - the rule for a zone's future: the TZ text that ends a TZif file, as in
 * POSIX and RFC 8536 section 3.3, such as CET-1CEST,M3.5.0,M10.5.0/3
 *
 * Threads: any; nothing is kept.
 */
#ifndef SARN_CORE_ZONE_RULE_H
#define SARN_CORE_ZONE_RULE_H

#include "sarn/types.h"

#define SARN__ZONE_OFFSET_MAX_S (26 * 3600) /* RFC 8536: under 26 hours either way. */

/* A day of every year, and the time of the change on it, by the clock before it. */
struct sarn__zone_date {
    char kind;      /* 'J': 1 to 365, never 29 February; 'N': 0 to 365; 'M': */
    uint32_t month; /* 1 to 12 */
    uint32_t week;  /* 1 to 5; 5 is the last. */
    uint32_t day;   /* M: of the week, 0 is Sunday. */
    int32_t time_s;
};

struct sarn__zone_rule {
    int32_t standard_s; /* East of UTC. */
    int32_t summer_s;
    bool has_summer;
    struct sarn__zone_date begin, end; /* Of summer time. */
};

/* SARN_ERR_INVALID: it is no such text. */
SARN_MUST_USE sarn_status sarn__zone_rule_parse(struct sarn_str text,
                                                struct sarn__zone_rule *rule);

/* Seconds east of UTC at utc_s; *until_s: they hold so long, at least. */
int32_t sarn__zone_rule_offset(const struct sarn__zone_rule *rule,
                               int64_t utc_s,
                               int64_t *until_s);

#endif
