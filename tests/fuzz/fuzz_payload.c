/* A payload, as every type that there is: what passes verify is read, and is written
 * again as the same value. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "everything_schema.h"
#include "infra/flatbuffers/codec.h"
#include "infra/memory/codec.h"
#include "sarn/events.h"
#include "sarn/payments_schema.h"
#include "support/value.h"

static void try_as(struct sarn_codec codec,
                   const struct sarn_type *type,
                   struct sarn_str bytes,
                   struct sarn_arena *arena)
{
    void *value = sarn_arena_alloc(arena, type->size);
    void *back = sarn_arena_alloc(arena, type->size);
    struct sarn_str again;

    if (codec.ops->verify(codec.self, type, bytes, NULL) != SARN_OK) {
        return;
    }
    if (codec.ops->decode(codec.self, type, bytes, value, arena, NULL) != SARN_OK) {
        abort();
    }
    /* What shares parts may be too large when it does not. */
    if (codec.ops->encode(codec.self, type, value, arena, &again, NULL) != SARN_OK) {
        return;
    }
    if (codec.ops->verify(codec.self, type, again, NULL) != SARN_OK ||
        codec.ops->decode(codec.self, type, again, back, arena, NULL) != SARN_OK ||
        !value_equal(type, value, back)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sarn_schema *const schemas[] = {
        &everything_schema, &payments_schema, &sarn_events_schema};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    char *aligned = malloc(size + 1);
    struct sarn_str bytes = {aligned, (uint32_t)size};

    if (arena == NULL || aligned == NULL) {
        abort();
    }
    memcpy(aligned, data, size);
    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        for (uint32_t j = 0; j < schemas[i]->type_count; j++) {
            if (schemas[i]->types[j]->wire_size == 0) {
                try_as(sarn__flatbuffers_codec(), schemas[i]->types[j], bytes, arena);
                try_as(sarn__memory_codec(), schemas[i]->types[j], bytes, arena);
            }
        }
    }
    free(aligned);
    sarn_arena_destroy(arena);
    return 0;
}
