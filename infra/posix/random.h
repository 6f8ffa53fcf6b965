/* random.h - the random port over getrandom(2). */
#ifndef SARN_INFRA_POSIX_RANDOM_H
#define SARN_INFRA_POSIX_RANDOM_H

#include "ports/random.h"

/* Needs no release. [any thread] */
struct sarn_random sarn__posix_random(void);

#endif
