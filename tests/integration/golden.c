#include "golden.h"

#include <stdio.h>

#include "sarn/analytics_schema.h"
#include "sarn/compliance_schema.h"
#include "sarn/events.h"
#include "sarn/notifications_schema.h"
#include "sarn/payments_schema.h"
#include "sarn/transactions_schema.h"
#include "sarn/users_schema.h"

const struct sarn_schema *const golden_schemas[GOLDEN_SCHEMAS_MAX] = {
    &sarn_events_schema,   &analytics_schema, &compliance_schema,
    &notifications_schema, &payments_schema,  &transactions_schema,
    &users_schema,
};

bool golden_covers(const struct sarn_type *type)
{
    return type->role != SARN_ROLE_NONE;
}

void golden_path(const char *folder,
                 const struct sarn_type *type,
                 unsigned number,
                 const char *ext,
                 char path[GOLDEN_PATH_BYTES])
{
    snprintf(path, GOLDEN_PATH_BYTES, "%s/%s.%u.%s", folder, type->name, number, ext);
}

bool golden_read(const char *path, struct sarn_arena *arena, struct sarn_str *bytes)
{
    FILE *file = fopen(path, "rb");
    char *data;
    size_t size;

    if (file == NULL) {
        return false;
    }
    data = sarn_arena_alloc(arena, SARN_PAYLOAD_BYTES_MAX);
    size = data != NULL ? fread(data, 1, SARN_PAYLOAD_BYTES_MAX, file) : 0;
    fclose(file);
    *bytes = (struct sarn_str){data, (uint32_t)size};
    return data != NULL;
}
