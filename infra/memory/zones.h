/* zones.h - the zones port for tests: a table of bytes. */
#ifndef SARN_INFRA_MEMORY_ZONES_H
#define SARN_INFRA_MEMORY_ZONES_H

#include "ports/zones.h"

struct sarn__memory_zone {
    const char *name;
    struct sarn_str bytes;
};

/* All zero knows no zone. May change between calls. */
struct sarn__memory_zones {
    const struct sarn__memory_zone *zones;
    uint32_t count;
};

/* The port; zones outlives it. */
struct sarn_zones sarn__memory_zones(struct sarn__memory_zones *zones);

#endif
