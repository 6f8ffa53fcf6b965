/* A stored schema: what loads must work. */
#include "fuzz.h"

#include <stdlib.h>

#include "infra/flatbuffers/codec.h"
#include "support/sample.h"
#include "support/value.h"

/* A value of type goes there and back; where it may not be written, that is said. */
static void use(const struct sarn_type *type, struct sarn_arena *arena)
{
    struct sarn_codec codec = sarn__flatbuffers_codec();
    void *value = sample_value(type, arena);
    void *back = sarn_arena_alloc(arena, type->size);
    struct sarn_str bytes;

    if (codec.ops->encode(codec.self, type, value, arena, &bytes, NULL) != SARN_OK) {
        return;
    }
    if (codec.ops->verify(codec.self, type, bytes, NULL) != SARN_OK ||
        codec.ops->decode(codec.self, type, bytes, back, arena, NULL) != SARN_OK ||
        !value_equal(type, value, back)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sarn_codec codec = sarn__flatbuffers_codec();
    struct sarn_str bfbs = {(const char *)data, (uint32_t)size};
    struct sarn_str name = SARN_STR("fuzz");
    struct sarn_arena *arena = sarn_arena_create(NULL);
    const struct sarn_schema *schema;

    if (codec.ops->load_schema(codec.self, name, bfbs, arena, &schema, NULL) ==
        SARN_OK) {
        for (uint32_t i = 0; i < schema->type_count && i < 64; i++) {
            if (schema->types[i]->wire_size == 0) {
                use(schema->types[i], arena);
            }
        }
    }
    sarn_arena_destroy(arena);
    return 0;
}
