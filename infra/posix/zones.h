/* zones.h - the zones port over the system's database (Debian: tzdata). */
#ifndef SARN_INFRA_POSIX_ZONES_H
#define SARN_INFRA_POSIX_ZONES_H

#include "ports/zones.h"

struct sarn_zones sarn__posix_zones(void);

#endif
