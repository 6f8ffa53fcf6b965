#include <assert.h>
#include <string.h>

#include "core/fail.h"
#include "infra/host/host.h"

sarn_status sarn__sized_check(const void *from,
                              size_t minimum,
                              const char *name,
                              struct sarn_error *error)
{
    uint32_t given;

    if (from == NULL) {
        return sarn__fail(error, SARN_ERR_INVALID, "struct %s is missing: it is NULL",
                          name);
    }
    memcpy(&given, from, sizeof(given));
    if (given < minimum) {
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "struct %s has struct_size %u, less than the %zu of version 1: "
            "set it to its size",
            name, given, minimum);
    }
    return SARN_OK;
}

sarn_status sarn__sized_copy(void *to,
                             size_t size,
                             size_t minimum,
                             const void *from,
                             const char *name,
                             struct sarn_error *error)
{
    uint32_t given;

    assert(minimum <= size);
    SARN__TRY(sarn__sized_check(from, minimum, name, error));
    memcpy(&given, from, sizeof(given));
    memset(to, 0, size);
    memcpy(to, from, given < size ? given : size);
    given = (uint32_t)size;
    memcpy(to, &given, sizeof(given));
    return SARN_OK;
}
