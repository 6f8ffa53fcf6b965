/* random.h - the randomness port for tests: one seed, one sequence. */
#ifndef SARN_INFRA_MEMORY_RANDOM_H
#define SARN_INFRA_MEMORY_RANDOM_H

#include "ports/random.h"

/* Any state is a seed, zero too. */
struct sarn__memory_random {
    uint64_t state;
    bool broken; /* Fail with SARN_ERR_IO. */
};

/* The port; random outlives it. */
struct sarn_random sarn__memory_random(struct sarn__memory_random *random);

/* The next 64 bits of the sequence, for tests that draw their own. */
uint64_t sarn__memory_random_next(struct sarn__memory_random *random);

#endif
