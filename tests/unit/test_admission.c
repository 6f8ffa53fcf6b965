/* domain/core/admission: who may begin next. */
#include "core/admission.h"

#include <math.h>
#include <string.h>

#include "core/heap.h"
#include "support/heap.h"
#include "support/test.h"

#define S(seconds) ((int64_t)((seconds)*1000000))

/* Entries named by letters, at one gate. */
struct fixture {
    struct test_heap heap;
    struct sarn__admission *admission;
    struct sarn__gate *gate;
    struct sarn__entry entries['z' + 1];
    char seen[128];
};

static void begin(struct fixture *f, struct sarn_limit limit)
{
    struct sarn_heap heap;

    memset(f, 0, sizeof(*f));
    heap = test_heap(&f->heap);
    limit.workflow = "w";
    assert_int_equal(sarn__admission_create(&limit, 1, &heap, &f->admission, NULL),
                     SARN_OK);
    f->gate = sarn__admission_gate(f->admission, sarn_str("w"), sarn_str(limit.step));
    assert_non_null(f->gate);
}

static void end(struct fixture *f)
{
    sarn__admission_destroy(f->admission);
    assert_int_equal(f->heap.live, 0);
}

static void wait_as(struct fixture *f, int name, uint32_t tenant, uint32_t priority)
{
    assert_int_equal(sarn__gate_wait(f->gate, &f->entries[name], tenant, priority),
                     SARN_OK);
}

/* Everybody who may pass now, in order. */
static const char *passing(struct fixture *f, int64_t now_us)
{
    struct sarn__entry *entry = NULL;
    size_t count = 0;

    while ((entry = sarn__gate_pass(f->gate, now_us)) != NULL) {
        f->seen[count++] = (char)(entry - f->entries);
    }
    f->seen[count] = '\0';
    return f->seen;
}

/* The same where one leaves whenever one passes. */
static const char *passing_one_by_one(struct fixture *f)
{
    struct sarn__entry *entry = NULL;
    size_t count = 0;

    while ((entry = sarn__gate_pass(f->gate, 0)) != NULL) {
        f->seen[count++] = (char)(entry - f->entries);
        sarn__gate_leave(f->gate);
    }
    f->seen[count] = '\0';
    return f->seen;
}

/* --- room --- */

static void no_more_are_inside_than_may_be(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.concurrency = 2});
    assert_true(sarn__gate_enter(f.gate, 0));
    assert_true(sarn__gate_enter(f.gate, 0));
    assert_false(sarn__gate_enter(f.gate, 0));
    wait_as(&f, 'a', 0, 0);
    wait_as(&f, 'b', 0, 0);
    assert_string_equal(passing(&f, 0), "");
    assert_int_equal(sarn__gate_due_us(f.gate, 0), INT64_MAX);
    sarn__gate_leave(f.gate);
    assert_int_equal(sarn__gate_due_us(f.gate, 5), 5);
    assert_false(sarn__gate_enter(f.gate, 0)); /* Not past those who wait. */
    assert_string_equal(passing(&f, 0), "a");
    sarn__gate_leave(f.gate);
    assert_string_equal(passing(&f, 0), "b");
    assert_int_equal(sarn__gate_inside(f.gate), 2);
    end(&f);
}

static void who_was_inside_before_counts_even_beyond_the_limit(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.concurrency = 2});
    sarn__gate_occupy(f.gate, 3);
    assert_false(sarn__gate_enter(f.gate, 0));
    sarn__gate_leave(f.gate);
    assert_false(sarn__gate_enter(f.gate, 0));
    sarn__gate_leave(f.gate);
    assert_true(sarn__gate_enter(f.gate, 0));
    end(&f);
}

static void no_more_begin_in_a_second_than_may(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.rate = 2, .burst = 3});
    for (int name = 'a'; name <= 'i'; name++) {
        wait_as(&f, name, 0, 0);
    }
    assert_string_equal(passing(&f, S(10)), "abc"); /* The burst. */
    assert_int_equal(sarn__gate_due_us(f.gate, S(10)), S(10.5));
    assert_string_equal(passing(&f, S(10.499999)), "");
    assert_string_equal(passing(&f, S(10.5)), "d");
    assert_string_equal(passing(&f, S(11.9)), "ef");
    /* Not more than the burst, however long nobody came. */
    assert_string_equal(passing(&f, S(100)), "ghi");
    assert_int_equal(sarn__gate_due_us(f.gate, S(100)), INT64_MAX);
    end(&f);
}

static void a_rate_without_a_burst_lets_one_pass_at_a_time(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.rate = 0.5});
    assert_true(sarn__gate_enter(f.gate, S(1)));
    sarn__gate_leave(f.gate); /* Gives no token back. */
    assert_false(sarn__gate_enter(f.gate, S(1)));
    wait_as(&f, 'a', 0, 0);
    assert_int_equal(sarn__gate_due_us(f.gate, S(2)), S(3));
    assert_string_equal(passing(&f, S(3)), "a");
    end(&f);
}

static void over_a_long_time_the_rate_is_the_rate(void **unused)
{
    struct fixture f;
    uint32_t passed = 0;

    (void)unused;
    begin(&f, (struct sarn_limit){.rate = 3});
    for (int64_t now_us = 0; now_us < S(1000);) {
        wait_as(&f, 'a', 0, 0);
        now_us = sarn__gate_due_us(f.gate, now_us);
        assert_string_equal(passing(&f, now_us), "a");
        sarn__gate_leave(f.gate);
        passed += 1;
    }
    assert_in_range(passed, 3000, 3002);
    end(&f);
}

static void a_clock_that_goes_back_gives_no_tokens(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.rate = 1});
    assert_true(sarn__gate_enter(f.gate, S(10)));
    assert_false(sarn__gate_enter(f.gate, S(5)));
    assert_false(sarn__gate_enter(f.gate, S(10.5)));
    assert_true(sarn__gate_enter(f.gate, S(11)));
    end(&f);
}

static void a_rate_that_is_nearly_none_waits_for_ever(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.rate = 1e-300});
    assert_true(sarn__gate_enter(f.gate, S(10)));
    wait_as(&f, 'a', 0, 0);
    assert_int_equal(sarn__gate_due_us(f.gate, S(10)), INT64_MAX);
    sarn__gate_give_up(f.gate, &f.entries['a']);
    end(&f);
}

/* --- whose turn it is --- */

static void the_highest_priority_goes_first_and_then_who_came_first(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.concurrency = 1});
    wait_as(&f, 'a', 0, 0);
    wait_as(&f, 'b', 0, 255);
    wait_as(&f, 'c', 0, 7);
    wait_as(&f, 'd', 0, 255);
    wait_as(&f, 'e', 0, 1000); /* As 255. */
    wait_as(&f, 'f', 0, 64);
    assert_string_equal(passing_one_by_one(&f), "bdefca");
    end(&f);
}

static void tenants_take_turns(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.concurrency = 1});
    for (int name = 'a'; name <= 'f'; name++) {
        wait_as(&f, name, 1, 0);
    }
    wait_as(&f, 'p', 2, 0);
    wait_as(&f, 'q', 2, 0);
    wait_as(&f, 'x', 3, 0);
    assert_string_equal(passing_one_by_one(&f), "apxbqcdef");
    end(&f);
}

static void a_tenant_that_comes_back_stands_behind_the_others(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.concurrency = 1});
    wait_as(&f, 'a', 1, 0);
    wait_as(&f, 'p', 2, 0);
    wait_as(&f, 'q', 2, 0);
    assert_ptr_equal(sarn__gate_pass(f.gate, 0), &f.entries['a']);
    sarn__gate_leave(f.gate);
    wait_as(&f, 'b', 1, 0);
    assert_string_equal(passing_one_by_one(&f), "pbq");
    end(&f);
}

/* However many one tenant sends, another one's k-th passes after k turns of all. */
static void nobody_starves_beside_a_flood(void **unused)
{
    struct sarn__entry flood[500] = {{0}}, *entry = NULL;
    struct fixture f;
    uint32_t before = 0, seen = 0;

    (void)unused;
    begin(&f, (struct sarn_limit){.concurrency = 1});
    for (size_t i = 0; i < 500; i++) {
        assert_int_equal(sarn__gate_wait(f.gate, &flood[i], (uint32_t)(i % 4), 9),
                         SARN_OK);
    }
    for (int name = 'a'; name <= 'e'; name++) {
        wait_as(&f, name, 77, 9);
    }
    while ((entry = sarn__gate_pass(f.gate, 0)) != NULL) {
        sarn__gate_leave(f.gate);
        if (entry == &f.entries['a' + (int)seen]) {
            seen += 1;
            assert_true(before <= seen * 4);
        } else {
            before += 1;
        }
    }
    assert_int_equal(seen, 5);
    end(&f);
}

static void who_gives_up_is_passed_over(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, (struct sarn_limit){.concurrency = 1});
    wait_as(&f, 'a', 1, 0);
    wait_as(&f, 'b', 1, 0);
    wait_as(&f, 'c', 1, 0);
    wait_as(&f, 'p', 2, 0);
    sarn__gate_give_up(f.gate, &f.entries['b']);
    sarn__gate_give_up(f.gate, &f.entries['b']);
    sarn__gate_give_up(f.gate, &f.entries['p']);
    assert_int_equal(sarn__gate_waiting(f.gate), 2);
    assert_string_equal(passing_one_by_one(&f), "ac");
    end(&f);
}

/* --- limits --- */

static void each_limit_has_its_gate(void **unused)
{
    char workflow[] = "w"; /* Copied. */
    const struct sarn_limit limits[] = {{.workflow = workflow, .concurrency = 1},
                                        {.workflow = workflow, .step = "s", .rate = 1},
                                        {.workflow = "ws", .concurrency = 3}};
    struct test_heap counted = {0};
    const struct sarn_heap heap = test_heap(&counted);
    struct sarn__admission *admission = NULL;

    (void)unused;
    assert_int_equal(sarn__admission_create(limits, 3, &heap, &admission, NULL),
                     SARN_OK);
    workflow[0] = '?';
    assert_int_equal(sarn__admission_count(admission), 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct sarn_limit *limit =
            sarn__gate_limit(sarn__admission_gate_at(admission, i));

        assert_ptr_equal(sarn__admission_gate(admission, sarn_str(limit->workflow),
                                              sarn_str(limit->step)),
                         sarn__admission_gate_at(admission, i));
    }
    assert_null(sarn__admission_gate(admission, sarn_str("w"), sarn_str("t")));
    assert_null(sarn__admission_gate(admission, sarn_str("s"), sarn_str(NULL)));
    sarn__admission_destroy(admission);
    sarn__admission_destroy(NULL);
    assert_int_equal(counted.live, 0);
}

static void a_limit_that_makes_no_sense_is_refused(void **unused)
{
    static const struct {
        struct sarn_limit limit;
        const char *text;
    } rows[] = {
        {{.concurrency = 1}, "the limit of workflow '': it names no workflow"},
        {{.workflow = "w"},
         "the limit of workflow 'w': it has neither concurrency nor rate, and so "
         "limits "
         "nothing"},
        {{.workflow = "w", .step = "", .concurrency = 1},
         "the limit of a step of workflow 'w', : its names must have 1 to 255 bytes"},
        {{.workflow = "w", .rate = -1},
         "the limit of workflow 'w': its rate must be a number, and not negative"},
        {{.workflow = "w", .step = "s", .rate = (double)NAN},
         "the limit of a step of workflow 'w', s: its rate must be a number, and not "
         "negative"},
        {{.workflow = "w", .concurrency = 1, .burst = 2},
         "the limit of workflow 'w': it has a burst and no rate"},
        {{.workflow = "twice", .concurrency = 1},
         "the limit of workflow 'twice': there is another one of the same"},
    };
    const struct sarn_heap heap = {0};
    struct sarn__admission *admission = NULL;
    struct sarn_error error;

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_limit limits[] = {{.workflow = "twice", .rate = 1}, rows[i].limit};
        struct sarn_heap malloced = sarn__heap_or_malloc(&heap);

        assert_int_equal(
            sarn__admission_create(limits, 2, &malloced, &admission, &error),
            SARN_ERR_INVALID);
        assert_string_equal(error.text, rows[i].text);
    }
    assert_int_equal(sarn__admission_create(NULL, 2, &heap, &admission, &error),
                     SARN_ERR_INVALID);
}

static void without_memory_nobody_waits(void **unused)
{
    struct fixture f;
    struct sarn_limit limit = {.workflow = "w", .concurrency = 1};
    struct sarn__admission *admission = NULL;
    sarn_status status = SARN_ERR_NOMEM;

    (void)unused;
    for (uint64_t at = 1; status == SARN_ERR_NOMEM; at++) {
        struct test_heap counted = {.fail_at = at};
        const struct sarn_heap heap = test_heap(&counted);

        status = sarn__admission_create(&limit, 1, &heap, &admission, NULL);
        if (status == SARN_OK) {
            sarn__admission_destroy(admission);
        }
        assert_int_equal(counted.live, 0);
    }
    assert_int_equal(status, SARN_OK);
    begin(&f, limit);
    for (uint64_t more = 1; more <= 2; more++) {
        f.heap.fail_at = f.heap.calls + more;
        assert_int_equal(sarn__gate_wait(f.gate, &f.entries['a'], 1, 1),
                         SARN_ERR_NOMEM);
        assert_int_equal(sarn__gate_waiting(f.gate), 0);
    }
    wait_as(&f, 'a', 1, 1);
    assert_string_equal(passing(&f, 0), "a");
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_are_inside_than_may_be),
        cmocka_unit_test(who_was_inside_before_counts_even_beyond_the_limit),
        cmocka_unit_test(no_more_begin_in_a_second_than_may),
        cmocka_unit_test(a_rate_without_a_burst_lets_one_pass_at_a_time),
        cmocka_unit_test(over_a_long_time_the_rate_is_the_rate),
        cmocka_unit_test(a_clock_that_goes_back_gives_no_tokens),
        cmocka_unit_test(a_rate_that_is_nearly_none_waits_for_ever),
        cmocka_unit_test(the_highest_priority_goes_first_and_then_who_came_first),
        cmocka_unit_test(tenants_take_turns),
        cmocka_unit_test(a_tenant_that_comes_back_stands_behind_the_others),
        cmocka_unit_test(nobody_starves_beside_a_flood),
        cmocka_unit_test(who_gives_up_is_passed_over),
        cmocka_unit_test(each_limit_has_its_gate),
        cmocka_unit_test(a_limit_that_makes_no_sense_is_refused),
        cmocka_unit_test(without_memory_nobody_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
