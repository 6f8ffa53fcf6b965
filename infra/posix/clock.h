/* clock.h - the clock port over CLOCK_REALTIME. */
#ifndef SARN_INFRA_POSIX_CLOCK_H
#define SARN_INFRA_POSIX_CLOCK_H

#include "ports/clock.h"

/* Needs no instance and no release. [any thread] */
struct sarn_clock sarn__posix_clock(void);

#endif
