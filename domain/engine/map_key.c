#include "engine/map_key.h"

#include <assert.h>
#include <string.h>

SARN_STATIC_ASSERT(SARN_KEY_BYTES_MAX <= SARN_STREAM_NAME_BYTES_MAX,
                   "an idempotency key fits where a stream's name does");

struct sarn_str sarn__map_key(char *bytes, uint32_t tenant, struct sarn_str name)
{
    assert(name.size <= SARN_STREAM_NAME_BYTES_MAX);
    memcpy(bytes, &tenant, SARN__MAP_KEY_TENANT_BYTES);
    memcpy(bytes + SARN__MAP_KEY_TENANT_BYTES, name.data, name.size);
    return (struct sarn_str){bytes, SARN__MAP_KEY_TENANT_BYTES + name.size};
}

struct sarn_str sarn__map_key_name(struct sarn_str key)
{
    return (struct sarn_str){key.data + SARN__MAP_KEY_TENANT_BYTES,
                             key.size - SARN__MAP_KEY_TENANT_BYTES};
}
