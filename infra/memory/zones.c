#include "infra/memory/zones.h"

#include "core/fail.h"

static sarn_status load(void *self,
                        struct sarn_str name,
                        struct sarn_arena *arena,
                        struct sarn_str *bytes,
                        struct sarn_error *error)
{
    const struct sarn__memory_zones *zones = self;

    for (uint32_t i = 0; i < zones->count; i++) {
        if (!sarn_str_equal(sarn_str(zones->zones[i].name), name)) {
            continue;
        }
        if (sarn_arena_copy(arena, zones->zones[i].bytes, bytes) != SARN_OK) {
            return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a time zone");
        }
        return SARN_OK;
    }
    return sarn__fail(error, SARN_ERR_NOT_FOUND, "there is no time zone \"%.*s\"",
                      (int)name.size, name.data);
}

struct sarn_zones sarn__memory_zones(struct sarn__memory_zones *zones)
{
    static const struct sarn_zones_ops ops = {.load = load};

    return (struct sarn_zones){.ops = &ops, .self = zones};
}
