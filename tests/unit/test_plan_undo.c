/* domain/core/plan: in which order steps are undone, what parks it, and what an
 * operator decides. */
#include "support/planner.h"

/* Begin with all of them done, and b, a local step, about to fail. */
#define UNDOING(f, ...) BEGIN(f, __VA_ARGS__, LOCAL("fails"))

static void in_parallel_all_are_undone_at_once(void **unused)
{
    struct planner f = {.failing = "fails",
                        .workflow = {.undo_order = SARN_UNDO_PARALLEL}};

    (void)unused;
    UNDOING(&f, EXTERNAL("a"), LOCAL("b"), EXTERNAL("c"));
    planner_ok(&f);
    assert_string_equal(planner_ok(&f),
                        "c#1 ok, fails#1 failed, undoing, undo a#1 begun, undo b#1 ok, "
                        "undo c#1 begun | undo a#1, undo c#1");
    assert_string_equal(planner_crash(&f), " undo a#1, undo c#1");
    assert_string_equal(planner_fails_of(&f, "a", "busy"),
                        "undo a#1 failed, again at 100 | undo c#1 until 100");
    assert_string_equal(planner_ok_of(&f, "c"), "undo c#1 ok | until 100");
    assert_string_equal(planner_at(&f, 100), "undo a#2 begun | undo a#2");
    assert_string_equal(planner_ok(&f), "undo a#2 ok, compensated | over");
    planner_end(&f);
}

static void
in_parallel_one_that_is_stuck_parks_when_the_others_have_ended(void **unused)
{
    struct planner f = {.failing = "fails",
                        .workflow = {.undo_order = SARN_UNDO_PARALLEL}};
    static const struct sarn_retry once = {.maximum_attempts = 1};

    (void)unused;
    UNDOING(&f, EXTERNAL("a", .compensation_retry = once), EXTERNAL("b"));
    planner_ok(&f);
    planner_ok(&f);
    assert_string_equal(planner_fails_of(&f, "a", "no"), "undo a#1 failed | undo b#1");
    assert_string_equal(planner_fails_of(&f, "b", "busy"),
                        "undo b#1 failed, again at 100 | until 100");
    planner_at(&f, 100);
    assert_string_equal(planner_ok_of(&f, "b"),
                        "undo b#2 ok, parked (compensation_failed) | over");
    assert_true(sarn_str_equal(f.execution.parked.step, sarn_str("a")));
    planner_end(&f);
}

static void by_dependency_a_step_is_undone_when_all_that_rest_on_it_are(void **unused)
{
    static const char *const on_a[] = {"a", NULL}, *const on_b[] = {"b", "c", NULL};
    struct planner f = {.failing = "fails",
                        .workflow = {.undo_order = SARN_UNDO_DEPENDENCY}};

    (void)unused;
    UNDOING(&f, EXTERNAL("a"), EXTERNAL("b", .depends_on = on_a),
            EXTERNAL("c", .depends_on = on_a), EXTERNAL("d", .depends_on = on_b),
            EXTERNAL("e"));
    for (int i = 0; i < 4; i++) {
        planner_ok(&f);
    }
    assert_string_equal(planner_undo(&f), "d compensate, b compensate, c compensate, a "
                                          "compensate, e reconcile");
    assert_string_equal(planner_ok(&f), "e#1 ok, fails#1 failed, undoing, undo d#1 "
                                        "begun, undo e#1 begun | undo d#1, undo e#1");
    assert_string_equal(planner_ok_of(&f, "d"),
                        "undo d#1 ok, undo b#1 begun, undo c#1 begun | undo b#1, undo "
                        "c#1, undo e#1");
    planner_ok_of(&f, "c");
    assert_string_equal(planner_ok_of(&f, "b"),
                        "undo b#1 ok, undo a#1 begun | undo a#1, undo e#1");
    planner_ok_of(&f, "a");
    assert_string_equal(planner_ok_of(&f, "e"), "undo e#1 ok, compensated | over");
    planner_end(&f);
}

static void by_dependency_the_last_visit_of_a_step_is_undone_first(void **unused)
{
    struct planner f = {.workflow = {.undo_order = SARN_UNDO_DEPENDENCY}};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .visits_max = 2, .next = "a"));
    planner_ok(&f);
    assert_string_equal(
        planner_ok(&f),
        "a@2#1 ok, a@3#1 failed, undoing, undo a@2#1 begun | undo a@2#1");
    assert_string_equal(planner_ok(&f), "undo a@2#1 ok, undo a#1 begun | undo a#1");
    planner_end(&f);
}

static void only_so_many_compensations_are_under_way_at_once(void **unused)
{
    struct planner f = {.workflow = {.undo_order = SARN_UNDO_PARALLEL}};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .visits_max = SARN__DUTIES_MAX + 1, .next = "a"));
    for (uint32_t i = 0; i <= SARN__DUTIES_MAX; i++) {
        f.count = f.durable = 0; /* The log of this test is too short for all of it. */
        planner_ok(&f);
    }
    assert_int_equal(f.plan.count, SARN__DUTIES_MAX);
    for (uint32_t i = 0; i <= SARN__DUTIES_MAX; i++) {
        f.count = f.durable = 0;
        planner_ok(&f);
    }
    assert_int_equal(f.execution.status, SARN_EXECUTION_COMPENSATED);
    planner_end(&f);
}

/* --- what an operator decides --- */

static void an_operator_says_retry_and_the_policy_begins_anew(void **unused)
{
    struct planner f = {.failing = "fails"};
    static const struct sarn_retry twice = {.maximum_attempts = 2};

    (void)unused;
    UNDOING(&f, EXTERNAL("a", .compensation_retry = twice));
    planner_ok(&f);
    planner_fails(&f, "busy");
    planner_at(&f, 100);
    assert_string_equal(planner_fails(&f, "busy"),
                        "undo a#2 failed, parked (compensation_failed) | over");
    assert_string_equal(planner_unpark(&f, SARN__DECIDE_RETRY),
                        "unparked, undo a#3 begun | undo a#3");
    assert_string_equal(planner_fails(&f, "busy"),
                        "undo a#3 failed, again at 200 | until 200");
    planner_at(&f, 200);
    assert_string_equal(planner_ok(&f), "undo a#4 ok, compensated | over");
    planner_end(&f);
}

static void an_operator_skips_a_compensation(void **unused)
{
    struct planner f = {.failing = "fails", .undo_fails = true};

    (void)unused;
    UNDOING(&f, EXTERNAL("a"), LOCAL("b"));
    assert_string_equal(planner_ok(&f), "a#1 ok, b#1 ok, fails#1 failed, undoing, undo "
                                        "b#1 failed, parked (compensation_failed) | "
                                        "over");
    assert_string_equal(planner_undo(&f), "b compensate, a compensate");
    assert_string_equal(planner_unpark(&f, SARN__DECIDE_SKIP),
                        "unparked, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void an_operator_says_what_became_of_a_step(void **unused)
{
    static const struct {
        enum sarn__decision decision;
        const char *seen;
    } rows[] = {
        {SARN__DECIDE_DONE, "unparked, c#1 ok, completed | over"},
        {SARN__DECIDE_SKIP, "unparked, c#1 ok, completed | over"},
        {SARN__DECIDE_NOT_DONE, "unparked, b#2 begun | run b#2"},
        {SARN__DECIDE_RETRY, "unparked | ask b#1"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct planner f = {0};

        BEGIN(&f, LOCAL("a"), EXTERNAL("b"), LOCAL("c"));
        planner_crash(&f);
        planner_was(&f, SARN_STEP_UNKNOWN);
        assert_string_equal(planner_unpark(&f, rows[i].decision), rows[i].seen);
        planner_end(&f);
    }
}

static void
in_reverse_what_is_in_doubt_is_settled_before_what_came_before_it(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), EXTERNAL("b"));
    planner_crash(&f);
    planner_cancel(&f);
    assert_string_equal(
        planner_was(&f, SARN_STEP_UNKNOWN),
        "b#1 was unknown, undoing, cancelled, parked (in_doubt) | over");
    assert_string_equal(planner_unpark(&f, SARN__DECIDE_RETRY), "unparked | ask b#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "b#1 was done, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 ok, compensated | over");
    planner_end(&f);
}

/* --- what an undo would do --- */

static void an_undo_is_shown_without_doing_it(void **unused)
{
    struct planner f = {.now_us = MS(1)};

    (void)unused;
    BEGIN(&f, LOCAL("a"), {.id = "b", .run = planner_function, .kind = SARN_STEP_LOCAL},
          WAIT(TIMER, "t"), REPEATABLE("c"), REPEATABLE("d"), EXTERNAL("e"));
    assert_string_equal(planner_undo(&f), "t nothing, b nothing, a compensate");
    planner_crash(&f);
    assert_string_equal(planner_undo(&f), "d by key, c by key, t nothing, b nothing, a "
                                          "compensate");
    planner_ok(&f);
    planner_ok(&f);
    assert_string_equal(
        planner_undo(&f),
        "e reconcile, d compensate, c compensate, t nothing, b nothing, "
        "a compensate");
    planner_end(&f);
}

static void what_is_undone_is_not_shown(void **unused)
{
    struct planner f = {.failing = "fails"};

    (void)unused;
    UNDOING(&f, EXTERNAL("a"), EXTERNAL("b"));
    planner_ok(&f);
    planner_ok(&f);
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_undo(&f), "a compensate");
    planner_ok(&f);
    assert_string_equal(planner_undo(&f), "");
    planner_end(&f);
}

static void a_child_is_shown_as_one(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, WAIT(CHILD, "c", .child = "w"), EXTERNAL("b"));
    planner_tell(&f,
                 (struct sarn__execution_event){.kind = SARN__CHILD_ENDED,
                                                .step = sarn_str("c"),
                                                .status = SARN_EXECUTION_COMPLETED});
    assert_string_equal(planner_undo(&f), "b reconcile, c child");
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_parallel_all_are_undone_at_once),
        cmocka_unit_test(
            in_parallel_one_that_is_stuck_parks_when_the_others_have_ended),
        cmocka_unit_test(by_dependency_a_step_is_undone_when_all_that_rest_on_it_are),
        cmocka_unit_test(by_dependency_the_last_visit_of_a_step_is_undone_first),
        cmocka_unit_test(only_so_many_compensations_are_under_way_at_once),
        cmocka_unit_test(an_operator_says_retry_and_the_policy_begins_anew),
        cmocka_unit_test(an_operator_skips_a_compensation),
        cmocka_unit_test(an_operator_says_what_became_of_a_step),
        cmocka_unit_test(
            in_reverse_what_is_in_doubt_is_settled_before_what_came_before_it),
        cmocka_unit_test(an_undo_is_shown_without_doing_it),
        cmocka_unit_test(what_is_undone_is_not_shown),
        cmocka_unit_test(a_child_is_shown_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
