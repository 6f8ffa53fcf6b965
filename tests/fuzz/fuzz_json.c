/* JSON, as every type that there is: what is read is written again as the same value.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "everything_schema.h"
#include "infra/yajl/json.h"
#include "sarn/events.h"
#include "sarn/payments_schema.h"
#include "support/value.h"

static void
try_as(const struct sarn_type *type, struct sarn_str text, struct sarn_arena *arena)
{
    struct sarn_json json = sarn__yajl_json();
    void *value = sarn_arena_alloc(arena, type->size);
    void *back = sarn_arena_alloc(arena, type->size);
    struct sarn_str again;

    if (json.ops->read(json.self, type, text, value, arena, NULL) != SARN_OK) {
        return;
    }
    if (json.ops->write(json.self, type, value, arena, &again, NULL) != SARN_OK ||
        json.ops->read(json.self, type, again, back, arena, NULL) != SARN_OK ||
        !value_equal(type, value, back)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sarn_schema *const schemas[] = {
        &everything_schema, &payments_schema, &sarn_events_schema};
    struct sarn_str text = {(const char *)data, (uint32_t)size};
    struct sarn_arena *arena = sarn_arena_create(NULL);

    if (arena == NULL) {
        abort();
    }
    try_as(&sarn_bytes_type, text, arena);
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        for (uint32_t j = 0; j < schemas[i]->type_count; j++) {
            try_as(schemas[i]->types[j], text, arena);
            sarn_arena_reset(arena);
        }
    }
    sarn_arena_destroy(arena);
    return 0;
}
