/* zone.h - the clocks of one place: a time zone, read from TZif bytes (RFC 8536).
 *
 * Ownership: a zone lies in the arena that it was parsed into.
 * Threads:   any; a zone does not change.
 */
#ifndef SARN_CORE_ZONE_H
#define SARN_CORE_ZONE_H

#include "core/zone_rule.h"
#include "sarn/types.h"

#define SARN__ZONE_BYTES_MAX 65536u

struct sarn__zone_change {
    int64_t at_s;
    int32_t offset_s; /* East of UTC, from then on. */
};

/* All zero is UTC. */
struct sarn__zone {
    int32_t first_offset_s;                  /* Before the first change. */
    const struct sarn__zone_change *changes; /* Ascending. */
    uint32_t change_count;
    bool has_rule; /* For after the last change; else its offset stays. */
    struct sarn__zone_rule rule;
};

/* Read bytes, which nobody has checked. SARN_ERR_CORRUPT: says what is wrong;
 * SARN_ERR_UNSUPPORTED: it counts leap seconds, which Sarn's time does not have;
 * SARN_ERR_NOMEM. */
SARN_MUST_USE sarn_status sarn__zone_parse(struct sarn_str bytes,
                                           struct sarn_arena *arena,
                                           struct sarn__zone *zone,
                                           struct sarn_error *error);

/* What the clocks show at utc_s. */
int64_t sarn__zone_local(const struct sarn__zone *zone, int64_t utc_s);
/* The first moment at which the clocks show local_s or later: a time that they skip is
 * the end of the gap, one that they show twice is the first. */
int64_t sarn__zone_utc(const struct sarn__zone *zone, int64_t local_s);

#endif
