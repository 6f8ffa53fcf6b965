/* zones.h - the port to the time zones of the world: the TZif bytes (core/zone.h) that
 * go by a name of the IANA database, such as "Europe/Prague".
 *
 * Threads: any.
 */
#ifndef SARN_PORTS_ZONES_H
#define SARN_PORTS_ZONES_H

#include "core/zone.h"

#define SARN__ZONE_NAME_BYTES_MAX 64u

struct sarn_zones_ops {
    /* At most SARN__ZONE_BYTES_MAX, in arena. They are not looked into.
     * SARN_ERR_NOT_FOUND: no such zone, or a name that can be none: says what to do.
     * SARN_ERR_IO; SARN_ERR_TOO_LARGE; SARN_ERR_NOMEM. */
    sarn_status (*load)(void *self,
                        struct sarn_str name,
                        struct sarn_arena *arena,
                        struct sarn_str *bytes,
                        struct sarn_error *error);
};

struct sarn_zones {
    const struct sarn_zones_ops *ops;
    void *self;
};

#endif
