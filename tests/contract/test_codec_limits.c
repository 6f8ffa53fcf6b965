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

/* Bytes that say little, and much when they are decoded: count times the same table,
 * with tables in it. */
static sarn_status verify_shared(uint32_t count, struct sarn_error *error)
{
    const struct sarn_codec codec = sarn__flatbuffers_codec();
    const struct sarn_type *type = &everything_many_type;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct everything_inner *list = calloc(count, sizeof(*list)), chain[59] = {0};
    struct everything_many many = {.inners = {list, count}};
    struct sarn_str bytes;
    uint32_t at, target;
    sarn_status status;

    assert_true(list != NULL && arena != NULL);
    for (uint32_t i = 0; i + 1 < COUNT(chain); i++) {
        chain[i].next = &chain[i + 1];
    }
    list[count - 1].next = &chain[0];
    assert_ok(codec.ops->encode(codec.self, type, &many, arena, &bytes, error), error);
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

static void what_would_be_too_large_decoded_is_refused(void **unused)
{
    const uint32_t most =
        SARN__DECODED_BYTES_MAX / (60 * sizeof(struct everything_inner));
    struct sarn_error error;

    (void)unused;
    assert_ok(verify_shared(most - 100, &error), &error);
    assert_int_equal(verify_shared(most + 100, &error), SARN_ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_would_be_too_large_decoded_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
