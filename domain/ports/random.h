/* random.h - the port to randomness, for ids and jitter.
 *
 * Threads: the dispatch thread.
 */
#ifndef SARN_PORTS_RANDOM_H
#define SARN_PORTS_RANDOM_H

#include "sarn/types.h"

struct sarn_random_ops {
    /* Fill memory. SARN_ERR_IO: no randomness to be had. */
    sarn_status (*fill)(void *self, void *memory, size_t size);
};

struct sarn_random {
    const struct sarn_random_ops *ops;
    void *self;
};

#endif
