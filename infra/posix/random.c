#define _GNU_SOURCE

#include "infra/posix/random.h"

#include <errno.h>
#include <sys/random.h>

static sarn_status fill(void *self, void *memory, size_t size)
{
    unsigned char *bytes = memory;

    (void)self;
    while (size > 0) {
        ssize_t got = getrandom(bytes, size, 0);

        if (got > 0) {
            bytes += got;
            size -= (size_t)got;
        } else if (errno != EINTR) {
            return SARN_ERR_IO;
        }
    }
    return SARN_OK;
}

static const struct sarn_random_ops ops = {.fill = fill};

struct sarn_random sarn__posix_random(void)
{
    return (struct sarn_random){.ops = &ops, .self = NULL};
}
