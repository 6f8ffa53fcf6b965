/* domain/core/plan: an execution that another process left, or another definition. */
#include <string.h>

#include "support/planner.h"

/* --- recovery --- */

static void an_intent_without_a_result_is_reconciled(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    assert_string_equal(planner_crash(&f), " ask a#1");
    assert_string_equal(planner_was(&f, SARN_STEP_NOT_DONE),
                        "a#1 was not done, a#2 begun | run a#2");
    assert_string_equal(planner_crash(&f), " ask a#2");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "a#2 was done, b#1 begun | run b#1");
    assert_string_equal(planner_crash(&f), " ask b#1");
    assert_string_equal(planner_was(&f, SARN_STEP_UNKNOWN),
                        "b#1 was unknown, parked (in_doubt) | over");
    planner_end(&f);
}

static void nobody_to_ask_parks(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, {.id = "a", .run = planner_function});
    assert_string_equal(planner_crash(&f), "a#1 was unknown, parked (in_doubt) | over");
    assert_string_equal(planner_crash(&f), " over");
    planner_end(&f);
}

static void a_window_opens_also_when_the_step_before_it_was_reconciled(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), REPEATABLE("b"));
    planner_crash(&f);
    assert_string_equal(planner_was(&f, SARN_STEP_DONE), "a#1 was done [b] | run b#1");
    planner_end(&f);
}

static void a_window_is_run_again_after_a_crash(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    planner_ok(&f);
    assert_string_equal(planner_ok(&f), "b#1 ok ~ run c#1");
    assert_string_equal(planner_crash(&f), " run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok ~ run b#1");
    assert_string_equal(planner_ok(&f), "b#1 ok ~ run c#1");
    assert_string_equal(planner_ok(&f), "c#1 ok, completed | over");
    planner_end(&f);
}

static void after_a_crash_a_failure_undoes_what_may_have_run(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"), LOCAL("d"));
    planner_ok(&f);
    planner_ok(&f);
    planner_crash(&f); /* All three may have run. */
    planner_ok(&f);
    planner_fails(&f, "x");
    planner_at(&f, 100);
    planner_fails(&f, "x");
    planner_at(&f, 300);
    /* b itself too: that it fails now does not say that it did before the crash. */
    assert_string_equal(planner_fails(&f, "x"),
                        "b#3 failed, undoing [b c], undo c#1 begun | undo c#1");
    assert_string_equal(planner_crash(&f), " undo c#1");
    assert_string_equal(planner_ok(&f), "undo c#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void what_ran_again_is_no_longer_in_doubt(void **unused)
{
    struct planner f = {.failing = "c"};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), LOCAL("c"));
    planner_ok(&f);
    planner_crash(&f);
    planner_ok(&f);
    assert_string_equal(planner_ok(&f),
                        "b#1 ok, c#1 failed, undoing, undo b#1 begun | undo b#1");
    planner_end(&f);
}

static void a_crash_while_waiting_loses_no_attempt(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"));
    planner_fails(&f, "busy");
    assert_string_equal(planner_crash(&f), " until 100");
    assert_string_equal(planner_at(&f, 100), "a#2 begun | run a#2");
    planner_end(&f);
}

/* --- another definition --- */

static void a_definition_that_fits_is_said_once(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    assert_string_equal(UPGRADE(&f, EXTERNAL("a"), EXTERNAL("c"), EXTERNAL("b")),
                        "upgraded | run a#1");
    assert_int_equal(f.execution.beginning.fingerprint, f.definition.fingerprint);
    assert_string_equal(planner_crash(&f), " ask a#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "a#1 was done, c#1 begun | run c#1");
    planner_end(&f);
}

static void a_renamed_step_goes_on_under_the_id_that_it_was_recorded_with(void **unused)
{
    static const char *const aliases[] = {"a", NULL};
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), LOCAL("b"));
    UPGRADE(&f, EXTERNAL("z", .aliases = aliases), LOCAL("b"));
    f.failing = "b";
    assert_string_equal(planner_ok(&f),
                        "a#1 ok, b#1 failed, undoing, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void a_place_that_the_definition_does_not_have_parks(void **unused)
{
    struct planner f = {0};
    static const struct sarn_step other[] = {LOCAL("z")};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    planner_ok(&f);
    f.workflow.steps = other;
    f.workflow.step_count = 1;
    assert_string_equal(planner_at(&f, 1), "parked (definition_changed) | over");
    assert_non_null(strstr(f.execution.parked.text.data, "does not have step a"));
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_intent_without_a_result_is_reconciled),
        cmocka_unit_test(nobody_to_ask_parks),
        cmocka_unit_test(a_window_opens_also_when_the_step_before_it_was_reconciled),
        cmocka_unit_test(a_window_is_run_again_after_a_crash),
        cmocka_unit_test(after_a_crash_a_failure_undoes_what_may_have_run),
        cmocka_unit_test(what_ran_again_is_no_longer_in_doubt),
        cmocka_unit_test(a_crash_while_waiting_loses_no_attempt),
        cmocka_unit_test(a_definition_that_fits_is_said_once),
        cmocka_unit_test(a_renamed_step_goes_on_under_the_id_that_it_was_recorded_with),
        cmocka_unit_test(a_place_that_the_definition_does_not_have_parks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
