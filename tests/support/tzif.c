#include "support/tzif.h"

#include "support/test.h"

static void put(struct test_tzif *tzif, const void *bytes, size_t size)
{
    assert_true(size <= sizeof(tzif->bytes) - tzif->size);
    memcpy(tzif->bytes + tzif->size, bytes, size);
    tzif->size += (uint32_t)size;
}

static void put_number(struct test_tzif *tzif, int64_t value, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)((uint64_t)value >> (8 * (size - 1 - i)));

        put(tzif, &byte, 1);
    }
}

static void put_header(struct test_tzif *tzif, int version, uint32_t changes)
{
    const char mark = version == 1 ? '\0' : (char)('0' + version);

    put(tzif, "TZif", 4);
    put(tzif, &mark, 1);
    put(tzif, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    put_number(tzif, 0, 4); /* Marks of UTC, */
    put_number(tzif, 0, 4); /* of standard time, */
    put_number(tzif, 0, 4); /* leap seconds, */
    put_number(tzif, changes, 4);
    put_number(tzif, changes + 1, 4); /* A type for each change, and the first one. */
    put_number(tzif, 4, 4);           /* "ABC" */
}

static void put_block(struct test_tzif *tzif,
                      uint32_t time_bytes,
                      int32_t first_offset_s,
                      const struct test_tzif_change *changes,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        put_number(tzif, changes[i].at_s, time_bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        put_number(tzif, i + 1, 1);
    }
    put_number(tzif, first_offset_s, 4);
    put(tzif, "\0\0", 2);
    for (uint32_t i = 0; i < count; i++) {
        put_number(tzif, changes[i].offset_s, 4);
        put(tzif, "\0\0", 2);
    }
    put(tzif, "ABC", 4);
}

void test_tzif(struct test_tzif *tzif,
               int version,
               int32_t first_offset_s,
               const struct test_tzif_change *changes,
               uint32_t count,
               const char *rule)
{
    tzif->size = 0;
    put_header(tzif, version, version == 1 ? count : 0);
    put_block(tzif, 4, first_offset_s, changes, version == 1 ? count : 0);
    if (version >= 2) {
        put_header(tzif, version, count);
        put_block(tzif, 8, first_offset_s, changes, count);
        put(tzif, "\n", 1);
        put(tzif, rule, strlen(rule));
        put(tzif, "\n", 1);
    }
}

struct sarn_str test_tzif_bytes(const struct test_tzif *tzif)
{
    return (struct sarn_str){tzif->bytes, tzif->size};
}
