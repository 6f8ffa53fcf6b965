/* The zones port: one suite for the system's database and for the one in memory. */
#include "infra/memory/zones.h"
#include "infra/posix/zones.h"

#include "support/test.h"
#include "support/tzif.h"

static int set_up_posix(void **state)
{
    static struct sarn_zones zones;

    zones = sarn__posix_zones();
    *state = &zones;
    return 0;
}

static int set_up_memory(void **state)
{
    static struct sarn_zones port;
    static struct sarn__memory_zones zones;
    static struct sarn__memory_zone table[2];
    static struct test_tzif prague, utc;

    test_tzif(&prague, 2, 3600, NULL, 0, TEST_PRAGUE);
    test_tzif(&utc, 2, 0, NULL, 0, "UTC0");
    table[0] = (struct sarn__memory_zone){"Europe/Prague", test_tzif_bytes(&prague)};
    table[1] = (struct sarn__memory_zone){"UTC", test_tzif_bytes(&utc)};
    zones = (struct sarn__memory_zones){table, COUNT(table)};
    port = sarn__memory_zones(&zones);
    *state = &port;
    return 0;
}

/* What the clocks of a zone are ahead of UTC. */
static int64_t ahead(const struct sarn_zones *zones, const char *name, int64_t utc_s)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_str bytes;
    struct sarn__zone zone;
    int64_t offset = 0;

    assert_ok(zones->ops->load(zones->self, sarn_str(name), arena, &bytes, &error),
              &error);
    assert_ok(sarn__zone_parse(bytes, arena, &zone, &error), &error);
    offset = sarn__zone_local(&zone, utc_s) - utc_s;
    sarn_arena_destroy(arena);
    return offset;
}

static void a_zone_is_found_by_its_name(void **state)
{
    assert_int_equal(ahead(*state, "UTC", 1600000000), 0);
    assert_int_equal(ahead(*state, "Europe/Prague", 1600000000), 7200); /* September */
    assert_int_equal(ahead(*state, "Europe/Prague", 1610000000), 3600); /* January */
}

static const char too_long[] =
    "a2345678901234567890123456789012345678901234567890123456"
    "789012345678901234567890";

static void what_is_no_zone_is_not_found_and_nothing_else_is_opened(void **state)
{
    static const char *const names[] = {"Europe/Atlantis",
                                        "",
                                        "/etc/passwd",
                                        "../../../etc/passwd",
                                        "Europe/../Europe/Prague",
                                        "Europe/./Prague",
                                        "Europe//Prague",
                                        "Europe/",
                                        "Europe",
                                        "UTC/x",
                                        "Europe/Prague ",
                                        ".",
                                        "europe prague",
                                        too_long};
    const struct sarn_zones *zones = *state;
    struct sarn_arena *arena = sarn_arena_create(NULL);

    for (size_t i = 0; i < COUNT(names); i++) {
        struct sarn_str bytes = {"untouched", 9};
        struct sarn_error error = {SARN_OK, ""};

        assert_int_equal(
            zones->ops->load(zones->self, sarn_str(names[i]), arena, &bytes, &error),
            SARN_ERR_NOT_FOUND);
        assert_str_equal(bytes, "untouched");
        assert_non_null(strstr(error.text, names[i]));
    }
    sarn_arena_destroy(arena);
}

static void a_name_with_a_nul_in_it_is_no_zone(void **state)
{
    const struct sarn_zones *zones = *state;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str bytes;

    assert_int_equal(zones->ops->load(zones->self, (struct sarn_str){"UTC\0x", 5},
                                      arena, &bytes, NULL),
                     SARN_ERR_NOT_FOUND);
    sarn_arena_destroy(arena);
}

#define SUITE(impl)                                                                    \
    cmocka_unit_test_setup(a_zone_is_found_by_its_name, set_up_##impl),                \
        cmocka_unit_test_setup(                                                        \
            what_is_no_zone_is_not_found_and_nothing_else_is_opened, set_up_##impl),   \
        cmocka_unit_test_setup(a_name_with_a_nul_in_it_is_no_zone, set_up_##impl)

int main(void)
{
    const struct CMUnitTest tests[] = {SUITE(posix), SUITE(memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
