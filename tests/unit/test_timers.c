/* domain/core/timers: the earliest first, whatever is set, moved and cleared. */
#include "core/timers.h"

#include "core/heap.h"
#include "support/heap.h"
#include "support/test.h"

#define TIMERS 500

static struct sarn__timers given(uint32_t room)
{
    struct sarn_heap heap = {NULL, NULL};
    struct sarn__timers timers;

    heap = sarn__heap_or_malloc(&heap);
    sarn__timers_init(&timers, &heap);
    assert_int_equal(sarn__timers_reserve(&timers, room), SARN_OK);
    return timers;
}

/* Take them all out, and check that they come in order. */
static uint32_t drain(struct sarn__timers *timers)
{
    struct sarn__timer *timer = NULL;
    int64_t last_us = INT64_MIN;
    uint32_t count = 0;

    while ((timer = sarn__timers_first(timers)) != NULL) {
        assert_true(timer->due_us >= last_us);
        last_us = timer->due_us;
        sarn__timers_clear(timers, timer);
        assert_int_equal(timer->place, 0);
        count += 1;
    }
    return count;
}

static void timers_come_in_the_order_they_are_due(void **unused)
{
    struct sarn__timers timers = given(TIMERS);
    struct sarn__timer items[TIMERS] = {{0}};
    uint64_t random = 7;

    (void)unused;
    for (int i = 0; i < TIMERS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1;
        sarn__timers_set(&timers, &items[i], (int64_t)(random >> 56));
    }
    assert_int_equal(drain(&timers), TIMERS);
    assert_null(sarn__timers_first(&timers));
    sarn__timers_done(&timers);
}

static void timers_can_be_moved_and_cleared_anywhere(void **unused)
{
    struct sarn__timers timers = given(TIMERS);
    struct sarn__timer items[TIMERS] = {{0}};
    uint64_t random = 9;
    uint32_t set = 0;

    (void)unused;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < TIMERS; i++) {
            random = random * UINT64_C(6364136223846793005) + 1;
            if (random >> 62 == 0) {
                sarn__timers_clear(&timers, &items[i]);
            } else {
                sarn__timers_set(&timers, &items[i], (int64_t)(random >> 50) - 5000);
            }
        }
    }
    for (int i = 0; i < TIMERS; i++) {
        set += items[i].place != 0 ? 1 : 0;
    }
    assert_in_range(set, 1, TIMERS - 1);
    assert_int_equal(drain(&timers), set);
    sarn__timers_done(&timers);
}

static void clearing_what_is_not_set_does_nothing(void **unused)
{
    struct sarn__timers timers = given(1);
    struct sarn__timer one = {0}, other = {0};

    (void)unused;
    sarn__timers_set(&timers, &one, INT64_MAX);
    sarn__timers_clear(&timers, &other);
    assert_ptr_equal(sarn__timers_first(&timers), &one);
    sarn__timers_set(&timers, &one, INT64_MIN);
    assert_int_equal(drain(&timers), 1);
    sarn__timers_done(&timers);
}

static void room_is_made_before_and_may_be_refused(void **unused)
{
    struct test_heap faulty = {.fail_at = 1};
    struct sarn_heap heap = test_heap(&faulty);
    struct sarn__timers timers;
    struct sarn__timer timer = {0};

    (void)unused;
    sarn__timers_init(&timers, &heap);
    assert_int_equal(sarn__timers_reserve(&timers, 1), SARN_ERR_NOMEM);
    sarn__timers_done(&timers);
    timers = given(1);
    assert_int_equal(sarn__timers_reserve(&timers, UINT32_MAX), SARN_ERR_NOMEM);
    sarn__timers_set(&timers, &timer, 5); /* What there was, there is. */
    assert_int_equal(drain(&timers), 1);
    sarn__timers_done(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_in_the_order_they_are_due),
        cmocka_unit_test(timers_can_be_moved_and_cleared_anywhere),
        cmocka_unit_test(clearing_what_is_not_set_does_nothing),
        cmocka_unit_test(room_is_made_before_and_may_be_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
