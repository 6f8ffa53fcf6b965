/* infra/memory/{clock,random}: the test doubles keep their promises. */
#include "infra/memory/clock.h"
#include "infra/memory/random.h"

#include "support/test.h"

static void the_clock_shows_what_it_was_set_to(void **unused)
{
    struct sarn__memory_clock clock = {.now_us = 5};
    struct sarn_clock port = sarn__memory_clock(&clock);

    (void)unused;
    assert_int_equal(port.ops->now_us(port.self), 5);
    assert_int_equal(port.ops->now_us(port.self), 5);
    clock.now_us = 3; /* A clock may be set back. */
    assert_int_equal(port.ops->now_us(port.self), 3);
}

static void one_seed_is_one_sequence(void **unused)
{
    struct sarn__memory_random a = {.state = 42}, b = {.state = 42}, c = {.state = 43};
    struct sarn_random port = sarn__memory_random(&a);
    uint8_t first[37], again[37], other[37];

    (void)unused;
    assert_int_equal(port.ops->fill(port.self, first, sizeof(first)), SARN_OK);
    port = sarn__memory_random(&b);
    assert_int_equal(port.ops->fill(port.self, again, sizeof(again)), SARN_OK);
    port = sarn__memory_random(&c);
    assert_int_equal(port.ops->fill(port.self, other, sizeof(other)), SARN_OK);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first, other, sizeof(first));
    assert_memory_not_equal(first, first + 16, 16);
}

static void broken_randomness_says_so_and_writes_nothing(void **unused)
{
    struct sarn__memory_random random = {.broken = true};
    struct sarn_random port = sarn__memory_random(&random);
    uint8_t byte = 9;

    (void)unused;
    assert_int_equal(port.ops->fill(port.self, &byte, 1), SARN_ERR_IO);
    assert_int_equal(byte, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_shows_what_it_was_set_to),
        cmocka_unit_test(one_seed_is_one_sequence),
        cmocka_unit_test(broken_randomness_says_so_and_writes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
