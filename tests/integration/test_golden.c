/* Payloads written by earlier versions are read as what they meant. Runs in
 * schemas/golden/. */
#include "golden.h"

#include "infra/flatbuffers/codec.h"
#include "infra/yajl/json.h"
#include "support/test.h"
#include "support/value.h"

/* File number of type: false when there is none. */
static bool
check(const struct sarn_type *type, unsigned number, struct sarn_arena *arena)
{
    struct sarn_codec codec = sarn__flatbuffers_codec();
    struct sarn_json json = sarn__yajl_json();
    void *value = sarn_arena_alloc(arena, type->size);
    void *meant = sarn_arena_alloc(arena, type->size);
    struct sarn_error error = {0};
    char path[GOLDEN_PATH_BYTES];
    struct sarn_str bytes, text;

    golden_path(".", type, number, "bin", path);
    if (!golden_read(path, arena, &bytes)) {
        return false;
    }
    golden_path(".", type, number, "json", path);
    assert_true(golden_read(path, arena, &text));
    if (codec.ops->verify(codec.self, type, bytes, &error) != SARN_OK ||
        codec.ops->decode(codec.self, type, bytes, value, arena, &error) != SARN_OK ||
        json.ops->read(json.self, type, text, meant, arena, &error) != SARN_OK) {
        fail_msg("%s: %s", path, error.text);
    }
    if (!value_equal(type, value, meant)) {
        fail_msg("%s is not what the bytes say.", path);
    }
    return true;
}

static void every_frozen_payload_means_what_it_meant(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);

    (void)unused;
    for (uint32_t i = 0; golden_schemas[i] != NULL; i++) {
        for (uint32_t j = 0; j < golden_schemas[i]->type_count; j++) {
            const struct sarn_type *type = golden_schemas[i]->types[j];
            unsigned number = 1;

            if (!golden_covers(type)) {
                continue;
            }
            while (check(type, number, arena)) {
                number += 1;
                sarn_arena_reset(arena);
            }
            if (number == 1) {
                fail_msg("%s is not frozen: run scripts/freeze-schemas.", type->name);
            }
        }
    }
    sarn_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frozen_payload_means_what_it_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
