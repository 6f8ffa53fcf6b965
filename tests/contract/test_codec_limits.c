/* How much a few bytes may become: FlatBuffers may say a table once and mean it often.
 */
#include "infra/flatbuffers/codec.h"

#include <stdlib.h>
#include <string.h>

#include "everything_schema.h"
#include "support/test.h"

static uint32_t u32_at(const char *bytes, uint32_t at)
{
    uint32_t value;

    memcpy(&value, bytes + at, sizeof(value));
    return value;
}

/* Where the vector of the first field of the table that bytes begin with has its count;
 * it is the only one. */
static uint32_t only_vector(struct sarn_str bytes)
{
    uint32_t table = u32_at(bytes.data, 0);
    uint32_t vtable = table - u32_at(bytes.data, table);
    uint16_t size, field = 0;

    memcpy(&size, bytes.data + vtable, sizeof(size));
    memcpy(&field, bytes.data + vtable + size - 2, sizeof(field));
    return table + field + u32_at(bytes.data, table + field);
}

/* Bytes that say little, and much when they are read: count times the same table, with
 * depth tables in it, read as type has it. */
static sarn_status verify_shared(const struct sarn_type *type,
                                 uint32_t count,
                                 uint32_t depth,
                                 struct sarn_error *error)
{
    const struct sarn_codec codec = sarn__flatbuffers_codec();
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct everything_inner *list = calloc(count, sizeof(*list)),
                            chain[SARN_DEPTH_MAX] = {0};
    struct everything_many many = {.inners = {list, count}};
    struct sarn_str bytes;
    uint32_t at, target;
    sarn_status status;

    assert_true(list != NULL && arena != NULL);
    for (uint32_t i = 0; i + 1 < depth; i++) {
        chain[i].next = &chain[i + 1];
    }
    list[count - 1].next = depth > 0 ? &chain[0] : NULL;
    assert_ok(codec.ops->encode(codec.self, &everything_many_type, &many, arena, &bytes,
                                error),
              error);
    at = only_vector(bytes) + 4;
    target = at + 4 * (count - 1);
    target += u32_at(bytes.data, target);
    for (uint32_t i = 0; i < count; i++, at += 4) {
        uint32_t offset = target - at;

        memcpy((char *)bytes.data + at, &offset, sizeof(offset));
    }
    status = codec.ops->verify(codec.self, type, bytes, error);
    sarn_arena_destroy(arena);
    free(list);
    return status;
}

static void a_payload_has_262144_tables(void **unused)
{
    const struct sarn_type *type = &everything_many_type;
    struct sarn_error error;

    (void)unused;
    /* The root, and in it 64 each. */
    assert_ok(verify_shared(type, 262144 / 64 - 1, 63, &error), &error);
    assert_int_equal(verify_shared(type, 262144 / 64, 63, &error), SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "too deep, or one too many"));
}

/* As if the struct of a table had 4 KiB: then 4096 of them are 16 MiB. */
static void what_would_be_too_large_decoded_is_refused(void **unused)
{
    struct sarn_field fields[32];
    struct sarn_type large = everything_inner_type, many = everything_many_type;
    struct sarn_error error;

    (void)unused;
    assert_in_range(many.field_count, 1, COUNT(fields));
    memcpy(fields, many.fields, many.field_count * sizeof(fields[0]));
    for (uint32_t i = 0; i < many.field_count; i++) {
        if (fields[i].kind == SARN_KIND_TABLE) {
            fields[i].type = &large;
        }
    }
    large.size = 4096;
    many.size = 4096;
    many.fields = fields;
    assert_ok(verify_shared(&many, 4095, 0, &error), &error);
    assert_int_equal(verify_shared(&many, 4096, 0, &error), SARN_ERR_CORRUPT);
    assert_non_null(strstr(error.text, "it is too large decoded"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payload_has_262144_tables),
        cmocka_unit_test(what_would_be_too_large_decoded_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
