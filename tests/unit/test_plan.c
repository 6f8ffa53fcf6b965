/* domain/core/plan: the conversation between an execution and whoever carries out its
 * duties, while nothing crashes. */
#include "support/planner.h"

/* --- forward --- */

static void five_external_steps_take_six_commits(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"),
                              EXTERNAL("d"), EXTERNAL("e")),
                        "started, a#1 begun | run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok, b#1 begun | run b#1");
    assert_string_equal(planner_ok(&f), "b#1 ok, c#1 begun | run c#1");
    assert_string_equal(planner_ok(&f), "c#1 ok, d#1 begun | run d#1");
    assert_string_equal(planner_ok(&f), "d#1 ok, e#1 begun | run e#1");
    assert_string_equal(planner_ok(&f), "e#1 ok, completed | over");
    assert_int_equal(f.commits, 6);
    assert_int_equal(f.syncs, 6);
    planner_end(&f);
}

static void five_idempotent_steps_take_two_syncs(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"),
                              REPEATABLE("d"), REPEATABLE("e")),
                        "started [a b c d e] | run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok ~ run b#1");
    assert_string_equal(planner_ok(&f), "b#1 ok ~ run c#1");
    assert_string_equal(planner_ok(&f), "c#1 ok ~ run d#1");
    assert_string_equal(planner_ok(&f), "d#1 ok ~ run e#1");
    assert_string_equal(planner_ok(&f), "e#1 ok, completed | over");
    assert_int_equal(f.syncs, 2);
    planner_end(&f);
}

static void five_local_steps_take_one_commit(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, LOCAL("a"), LOCAL("b"), LOCAL("c"), LOCAL("d"), LOCAL("e")),
        "started, a#1 ok, b#1 ok, c#1 ok, d#1 ok, e#1 ok, completed | over");
    assert_int_equal(f.syncs, 1);
    planner_end(&f);
}

static void a_run_of_local_steps_that_fails_is_undone_in_its_commit(void **unused)
{
    struct planner f = {.failing = "c"};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), LOCAL("b"), LOCAL("c")),
                        "started, a#1 ok, b#1 ok, c#1 failed, undoing, undo b#1 ok, "
                        "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void a_later_window_is_named_by_the_success_before_it(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, EXTERNAL("a"), REPEATABLE("b"), REPEATABLE("c"),
                              LOCAL("d"), REPEATABLE("e")),
                        "started, a#1 begun | run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok [b c] | run b#1");
    assert_string_equal(planner_ok(&f), "b#1 ok ~ run c#1");
    /* A local step ends a window, and opens the next one. */
    assert_string_equal(planner_ok(&f), "c#1 ok, d#1 ok [e] | run e#1");
    assert_string_equal(planner_ok(&f), "e#1 ok, completed | over");
    planner_end(&f);
}

static void a_step_that_is_not_idempotent_waits_for_the_window_before_it(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, REPEATABLE("a"), EXTERNAL("b")),
                        "started [a] | run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok, b#1 begun | run b#1");
    assert_string_equal(planner_ok(&f), "b#1 ok, completed | over");
    planner_end(&f);
}

static void a_window_has_a_limit_and_goes_on_with_the_next_sync(void **unused)
{
    static char ids[SARN__WINDOW_STEPS_MAX + 1][8];
    struct sarn_step steps[SARN__WINDOW_STEPS_MAX + 1];
    struct planner f = {0};

    (void)unused;
    for (uint32_t i = 0; i <= SARN__WINDOW_STEPS_MAX; i++) {
        snprintf(ids[i], sizeof(ids[i]), "s%" PRIu32, i);
        steps[i] = (struct sarn_step)REPEATABLE(ids[i]);
    }
    planner_begin(&f, steps, SARN__WINDOW_STEPS_MAX + 1);
    assert_int_equal(f.events[0].step_count, SARN__WINDOW_STEPS_MAX);
    f.count = f.durable = 0; /* The log of this test is too short for all of it. */
    for (uint32_t i = 0; i + 1 < SARN__WINDOW_STEPS_MAX; i++) {
        planner_ok(&f);
        f.count = 0;
    }
    assert_string_equal(planner_ok(&f), "s63#1 ok [s64] | run s64#1");
    assert_string_equal(planner_ok(&f), "s64#1 ok, completed | over");
    planner_end(&f);
}

/* --- failure --- */

static void a_failed_step_backs_off_and_then_undoes_what_completed(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"));
    planner_ok(&f);
    assert_string_equal(planner_ok(&f), "b#1 ok, c#1 begun | run c#1");
    assert_string_equal(planner_fails(&f, "busy"),
                        "c#1 failed, again at 100 | until 100");
    assert_string_equal(planner_at(&f, 99), " until 100");
    assert_string_equal(planner_at(&f, 100), "c#2 begun | run c#2");
    assert_string_equal(planner_fails(&f, "busy"),
                        "c#2 failed, again at 300 | until 300");
    assert_string_equal(planner_at(&f, 1000), "c#3 begun | run c#3");
    assert_string_equal(planner_fails(&f, "busy"),
                        "c#3 failed, undoing, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    assert_true(sarn_str_equal(f.execution.failure.code, sarn_str("busy")));
    planner_end(&f);
}

static void a_code_that_is_not_retryable_ends_it_at_once(void **unused)
{
    static const char *const codes[] = {"declined"};
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"),
          {.id = "b",
           .run = planner_function,
           .retry = {.non_retryable_count = 1, .non_retryable = codes}});
    planner_ok(&f);
    assert_string_equal(planner_fails(&f, "declined"),
                        "b#1 failed, undoing, undo a#1 begun | undo a#1");
    planner_end(&f);
}

static void a_failure_in_a_window_syncs_first(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    assert_string_equal(planner_ok(&f), "a#1 ok ~ run b#1");
    assert_string_equal(planner_fails(&f, "busy"),
                        "b#1 failed, again at 100 | until 100");
    assert_string_equal(planner_at(&f, 100),
                        " run b#2"); /* Still permitted: no intent. */
    assert_string_equal(planner_fails(&f, "busy"),
                        "b#2 failed, again at 300 | until 300");
    planner_at(&f, 300);
    /* c never ran: nobody crashed. */
    assert_string_equal(planner_fails(&f, "busy"),
                        "b#3 failed, undoing, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void steps_without_a_compensation_are_passed_over(void **unused)
{
    struct planner f = {.failing = "d"};

    (void)unused;
    BEGIN(&f, LOCAL("a"), {.id = "b", .run = planner_function}, EXTERNAL("c"),
          LOCAL("d"));
    planner_ok(&f);
    assert_string_equal(planner_ok(&f),
                        "c#1 ok, d#1 failed, undoing, undo c#1 begun | undo c#1");
    assert_string_equal(planner_ok(&f), "undo c#1 ok, undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void the_first_step_that_fails_leaves_nothing_to_undo(void **unused)
{
    struct planner f = {.failing = "a"};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), LOCAL("b")),
                        "started, a#1 failed, undoing, compensated | over");
    planner_end(&f);
}

static void a_compensation_has_its_own_retries_and_then_parks(void **unused)
{
    struct planner f = {.failing = "b"};

    (void)unused;
    BEGIN(&f,
          {.id = "a",
           .run = planner_function,
           .compensate = planner_function,
           .compensation_retry = {.maximum_attempts = 2}},
          LOCAL("b"));
    assert_string_equal(planner_ok(&f),
                        "a#1 ok, b#1 failed, undoing, undo a#1 begun | undo a#1");
    assert_string_equal(planner_fails(&f, "down"),
                        "undo a#1 failed, again at 100 | until 100");
    assert_string_equal(planner_at(&f, 100), "undo a#2 begun | undo a#2");
    assert_string_equal(planner_with(&f, NULL,
                                     &(struct sarn__outcome){
                                         .failed = true, .text = SARN_STR("no route")}),
                        "undo a#2 failed, parked (compensation_failed) | over");
    assert_true(sarn_str_equal(
        f.execution.parked.text,
        sarn_str("the compensation of step a failed for good: no route")));
    planner_end(&f);
}

static void a_local_compensation_that_fails_parks(void **unused)
{
    struct planner f = {.failing = "b", .undo_fails = true};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), LOCAL("b")),
                        "started, a#1 ok, b#1 failed, undoing, undo a#1 failed, "
                        "parked (compensation_failed) | over");
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_external_steps_take_six_commits),
        cmocka_unit_test(five_idempotent_steps_take_two_syncs),
        cmocka_unit_test(five_local_steps_take_one_commit),
        cmocka_unit_test(a_run_of_local_steps_that_fails_is_undone_in_its_commit),
        cmocka_unit_test(a_later_window_is_named_by_the_success_before_it),
        cmocka_unit_test(a_step_that_is_not_idempotent_waits_for_the_window_before_it),
        cmocka_unit_test(a_window_has_a_limit_and_goes_on_with_the_next_sync),
        cmocka_unit_test(a_failed_step_backs_off_and_then_undoes_what_completed),
        cmocka_unit_test(a_code_that_is_not_retryable_ends_it_at_once),
        cmocka_unit_test(a_failure_in_a_window_syncs_first),
        cmocka_unit_test(steps_without_a_compensation_are_passed_over),
        cmocka_unit_test(the_first_step_that_fails_leaves_nothing_to_undo),
        cmocka_unit_test(a_compensation_has_its_own_retries_and_then_parks),
        cmocka_unit_test(a_local_compensation_that_fails_parks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
