/* sarn/test.h, crash everywhere: it finds what is broken, says how to see it again, and
 * leaves alone what is not. */
#include <string.h>

#include "support/heap.h"
#include "support/order.h"
#include "support/test.h"

struct crashing {
    struct order_world world;
    struct sarn_options engine;
    struct sarn_test_options options;
    struct sarn_test_crash crash;
    struct sarn_test_crash_result result;
    struct sarn_arena *arena;
    struct sarn_error error;
};

static void begin(struct crashing *c, uint64_t seed)
{
    *c = (struct crashing){.world = {.refuses = -1},
                           .options = SARN_TEST_OPTIONS_INIT,
                           .crash = SARN_TEST_CRASH_INIT,
                           .result = SARN_TEST_CRASH_RESULT_INIT};
    c->engine = order_options(&c->world);
    c->options.engine = &c->engine;
    c->options.seed = seed;
    c->crash.options = &c->options;
    c->crash.arg = &c->world;
    c->crash.setup = order_setup;
    c->crash.drive = order_drive;
    c->crash.invariant = order_invariant;
    c->arena = sarn_arena_create(NULL);
    assert_non_null(c->arena);
}

static sarn_status search(struct crashing *c)
{
    return sarn_test_crash_everywhere(&c->crash, c->arena, &c->result, &c->error);
}

static void end(struct crashing *c)
{
    sarn_arena_destroy(c->arena);
}

/* --- what is well made holds --- */

static void a_good_workflow_survives_every_fault(void **unused)
{
    uint64_t faults = 0;

    (void)unused;
    for (int refuses = -1; refuses < ORDER_STEPS; refuses++) {
        for (uint64_t seed = 0; seed < 5; seed++) {
            struct crashing c;

            begin(&c, seed);
            c.world.refuses = refuses;
            c.crash.several = 50;
            if (search(&c) != SARN_OK) {
                fail_msg("%s\n%s", c.error.text, c.result.text);
            }
            assert_true(c.result.commits > 0 && c.result.calls >= 1);
            assert_int_equal(c.result.tried, c.result.faults + 50);
            assert_int_equal(c.result.runs, 1 + c.result.tried);
            /* Twice a commit; three ways a call, and one more where it is idempotent.
             */
            assert_true(c.result.faults >= 2 * c.result.commits + 3 * c.result.calls);
            assert_string_equal(c.result.text, "");
            faults += c.result.tried;
            end(&c);
        }
    }
    print_message("%" PRIu64 " faults survived\n", faults);
}

/* --- what is not is found --- */

static void a_step_that_is_not_idempotent_though_declared_so_is_found(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct crashing c;

        begin(&c, seed);
        c.world.charge_forgets_keys = true;
        assert_int_equal(search(&c), SARN_ERR_INVALID);
        assert_string_equal(c.result.why, "charge stands 2 times, not 1");
        assert_null(strchr(c.result.only, ',')); /* One fault is enough. */
        assert_non_null(strstr(c.error.text, c.result.only));
        assert_non_null(strstr(c.result.text, "charge stands 2 times, not 1"));
        assert_non_null(strstr(c.result.text, "order-1/charge, attempt 1: done"));
        end(&c);
    }
}

static void a_compensation_that_forgets_is_found_without_any_fault(void **unused)
{
    struct crashing c;

    (void)unused;
    begin(&c, 1);
    c.world.refund_does_nothing = true;
    c.world.refuses = ORDER_SHIP;
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    assert_string_equal(c.result.only, "");
    assert_string_equal(c.result.why, "charge stands 1 times, not 0");
    assert_non_null(strstr(c.result.text, "without any fault"));
    assert_non_null(
        strstr(c.result.text, "order-1/charge, compensate, attempt 1: done"));
    end(&c);
}

/* --- and seen again --- */

static void what_a_report_names_fails_again_and_alike(void **unused)
{
    struct crashing c;
    char only[SARN_TEST_FAULTS_BYTES];
    struct sarn_str text;

    (void)unused;
    begin(&c, 7);
    c.world.charge_forgets_keys = true;
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    memcpy(only, c.result.only, sizeof(only));
    assert_int_equal(sarn_arena_copy(c.arena, sarn_str(c.result.text), &text), SARN_OK);
    c.crash.only = only;
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    assert_int_equal(c.result.tried, 1);
    assert_string_equal(c.result.only, only);
    /* One seed is one run. */
    assert_true(sarn_str_equal(sarn_str(c.result.text), text));
    c.world.charge_forgets_keys = false; /* Mended. */
    assert_int_equal(search(&c), SARN_OK);
    end(&c);
}

static void what_is_not_come_by_is_not_tried(void **unused)
{
    struct crashing c;

    (void)unused;
    begin(&c, 7);
    c.crash.only = "after commit 1000";
    assert_int_equal(search(&c), SARN_OK);
    assert_int_equal(c.result.tried, 0);
    c.crash.only = "after commit 1";
    assert_int_equal(search(&c), SARN_OK);
    assert_int_equal(c.result.tried, 1);
    c.crash.only = "";
    assert_int_equal(search(&c), SARN_OK);
    assert_int_equal(c.result.tried, 1);
    end(&c);
}

static void several_faults_are_made_fewer(void **unused)
{
    struct crashing c;

    (void)unused;
    begin(&c, 3);
    c.world.charge_forgets_keys = true;
    c.crash.only = "reply 1 late, reply 2 twice, reply 3 overtaken";
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    c.crash.only = NULL;
    c.crash.runs_max = 1; /* What is found is found among those drawn. */
    c.crash.several = 200;
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    assert_null(strchr(c.result.only, ','));
    assert_true(c.result.runs > c.result.tried + 1); /* It looked for less. */
    end(&c);
}

static void what_is_too_much_is_drawn(void **unused)
{
    struct crashing c;

    (void)unused;
    begin(&c, 3);
    c.crash.runs_max = 5;
    assert_int_equal(search(&c), SARN_OK);
    assert_int_equal(c.result.tried, 5);
    assert_true(c.result.faults > 5);
    end(&c);
}

/* --- how it is asked --- */

static sarn_status stop_at_three(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    assert_true(done <= total);
    return done == 3 ? SARN_ERR_CLOSED : SARN_OK;
}

static void progress_is_told_and_can_end_it(void **unused)
{
    struct crashing c;

    (void)unused;
    begin(&c, 1);
    c.crash.progress = stop_at_three;
    assert_int_equal(search(&c), SARN_ERR_CLOSED);
    end(&c);
}

static sarn_status complain(void *arg, sarn_test *test, struct sarn_error *error)
{
    (void)arg;
    (void)test;
    (void)error;
    return SARN_ERR_DENIED; /* Without a word. */
}

static void what_the_user_says_is_passed_on(void **unused)
{
    struct crashing c;

    (void)unused;
    begin(&c, 1);
    c.crash.setup = complain;
    assert_int_equal(search(&c), SARN_ERR_DENIED);
    assert_string_equal(c.error.text, "not authorized");
    assert_int_equal(sarn_test_crash_everywhere(&c.crash, c.arena, &c.result, NULL),
                     SARN_ERR_DENIED);
    c.crash.setup = NULL;
    c.crash.drive = complain;
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    assert_string_equal(c.result.why, "not authorized");
    assert_non_null(strstr(c.error.text, "drive failed"));
    c.crash.drive = NULL;
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    end(&c);
}

static void faults_that_make_no_sense_are_refused(void **unused)
{
    static const char *const bad[] = {
        "x",
        "after commit 0",
        "reply 1",
        "after commit 1,",
        "after commit 1, ",
        "after commit 99999999999",
        "reply 1 lost, reply 2 lost, reply 3 lost, reply 4 lost"};
    struct crashing c;

    (void)unused;
    begin(&c, 1);
    for (size_t i = 0; i < COUNT(bad); i++) {
        c.crash.only = bad[i];
        assert_int_equal(search(&c), SARN_ERR_INVALID);
        assert_non_null(strstr(c.error.text, "does not name faults"));
    }
    end(&c);
}

/* Wherever memory runs out, it is said, or what the program does about it holds. */
static void without_memory_nothing_is_left_behind(void **unused)
{
    (void)unused;
    for (uint64_t nth = 1; nth < 6000; nth += 1 + nth / 8) {
        struct test_heap heap = {.fail_at = nth};
        struct crashing c;
        sarn_status status;

        begin(&c, 1);
        c.engine.heap = test_heap(&heap);
        c.crash.runs_max = 3;
        status = search(&c);
        assert_true(
            status == SARN_OK || status == SARN_ERR_NOMEM ||
            (status == SARN_ERR_INVALID && strstr(c.result.why, "memory") != NULL));
        assert_int_equal(heap.live, 0);
        end(&c);
    }
}

static sarn_status
fail_every_tenth(void *arg, sarn_test *test, struct sarn_error *error)
{
    struct order_world *world = arg;

    (void)test;
    (void)error;
    world->invariants += 1;
    return world->invariants % 10 == 0 ? SARN_ERR_INVALID : SARN_OK;
}

static void what_does_not_fail_again_is_said(void **unused)
{
    struct crashing c;

    (void)unused;
    begin(&c, 1);
    c.crash.invariant = fail_every_tenth;
    assert_int_equal(search(&c), SARN_ERR_INVALID);
    assert_string_equal(c.result.why, "invalid argument");
    assert_non_null(strstr(c.result.text, "made once more it held"));
    end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_workflow_survives_every_fault),
        cmocka_unit_test(a_step_that_is_not_idempotent_though_declared_so_is_found),
        cmocka_unit_test(a_compensation_that_forgets_is_found_without_any_fault),
        cmocka_unit_test(what_a_report_names_fails_again_and_alike),
        cmocka_unit_test(what_is_not_come_by_is_not_tried),
        cmocka_unit_test(several_faults_are_made_fewer),
        cmocka_unit_test(what_is_too_much_is_drawn),
        cmocka_unit_test(progress_is_told_and_can_end_it),
        cmocka_unit_test(what_the_user_says_is_passed_on),
        cmocka_unit_test(faults_that_make_no_sense_are_refused),
        cmocka_unit_test(what_does_not_fail_again_is_said),
        cmocka_unit_test(without_memory_nothing_is_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
