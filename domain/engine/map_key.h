/* map_key.h - what the engine's maps find a tenant's things by: the tenant, then a
 * name.
 *
 * For memory only: the tables' keys are those of store_parts.h, which sort.
 */
#ifndef SARN_ENGINE_MAP_KEY_H
#define SARN_ENGINE_MAP_KEY_H

#include "sarn/types.h"

#define SARN__MAP_KEY_TENANT_BYTES 4u
/* Stream names and idempotency keys have the same bound. */
#define SARN__MAP_KEY_BYTES_MAX                                                        \
    (SARN__MAP_KEY_TENANT_BYTES + SARN_STREAM_NAME_BYTES_MAX)

/* Write the key to bytes, which has room for the tenant and all of name, and view it.
 */
struct sarn_str sarn__map_key(char *bytes, uint32_t tenant, struct sarn_str name);
/* The name in a key: a view into it. */
struct sarn_str sarn__map_key_name(struct sarn_str key);

#endif
