/* domain/core/plan: steps that run in parallel. */
#include "support/planner.h"

#define GROUP(f, how, many)                                                            \
    static const struct sarn_group group = {                                           \
        .name = "g", .join = SARN_JOIN_##how, .count = (many)};                        \
    struct planner f = {.workflow = {.groups = &group, .group_count = 1}}

static void all_of_a_group_run_at_once_and_it_goes_on_when_all_are_done(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"),
              EXTERNAL("c", .group = "g"), EXTERNAL("d")),
        "started, a#1 begun, b#1 begun, c#1 begun | run a#1, run b#1, run c#1");
    assert_string_equal(planner_ok_of(&f, "b"), "b#1 ok | run a#1, run c#1");
    assert_string_equal(planner_ok_of(&f, "c"), "c#1 ok | run a#1");
    assert_string_equal(planner_ok_of(&f, "a"),
                        "a#1 ok, g joined by 3, d#1 begun | run d#1");
    assert_string_equal(planner_ok(&f), "d#1 ok, completed | over");
    planner_end(&f);
}

static void all_kinds_of_steps_stand_in_a_group(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, LOCAL("a", .group = "g"), REPEATABLE("b", .group = "g"),
              WAIT(SIGNAL, "c", .group = "g"),
              WAIT(TIMER, "d", .group = "g", .delay_us = MS(5))),
        "started, a#1 ok, b#1 begun, c waits, d waits until 5 | run b#1 until 5");
    assert_string_equal(planner_signal(&f, "c"), "signal, c#1 ok | run b#1 until 5");
    assert_string_equal(planner_at(&f, 5), "d#1 ok | run b#1");
    assert_string_equal(planner_ok(&f), "b#1 ok, g joined by 4, completed | over");
    planner_end(&f);
}

static void members_fail_and_are_retried_each_by_itself(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"));
    assert_string_equal(planner_fails_of(&f, "b", "busy"),
                        "b#1 failed, again at 100 | run a#1 until 100");
    assert_string_equal(planner_at(&f, 100), "b#2 begun | run a#1, run b#2");
    planner_ok_of(&f, "a");
    assert_string_equal(planner_ok_of(&f, "b"),
                        "b#2 ok, g joined by 2, completed | over");
    planner_end(&f);
}

static void the_first_one_is_enough_and_what_is_under_way_ends_by_itself(void **unused)
{
    GROUP(f, FIRST, 0);

    (void)unused;
    assert_string_equal(BEGIN(&f, EXTERNAL("a", .group = "g"),
                              EXTERNAL("b", .group = "g"),
                              WAIT(SIGNAL, "c", .group = "g"), EXTERNAL("d")),
                        "started, a#1 begun, b#1 begun, c waits | run a#1, run b#1");
    assert_string_equal(
        planner_ok_of(&f, "b"),
        "b#1 ok, c cancelled, g joined by 1, d#1 begun | run a#1, run d#1");
    assert_string_equal(planner_ok_of(&f, "d"), "d#1 ok | run a#1");
    /* It completes when nothing of it is under way. */
    assert_string_equal(planner_ok_of(&f, "a"), "a#1 ok, completed | over");
    planner_end(&f);
}

static void what_is_not_needed_any_more_is_not_retried_and_does_no_harm(void **unused)
{
    GROUP(f, FIRST, 0);

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"), EXTERNAL("d"));
    planner_ok_of(&f, "b");
    assert_string_equal(planner_fails_of(&f, "a", "busy"), "a#1 failed | run d#1");
    assert_string_equal(planner_ok(&f), "d#1 ok, completed | over");
    planner_end(&f);
}

static void a_member_left_behind_that_was_not_done_is_given_up(void **unused)
{
    GROUP(f, FIRST, 0);

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"));
    assert_string_equal(planner_ok_of(&f, "b"), "b#1 ok, g joined by 1 | run a#1");
    assert_string_equal(planner_crash(&f), " ask a#1");
    assert_string_equal(planner_was(&f, SARN_STEP_NOT_DONE),
                        "a#1 was not done, a cancelled, completed | over");
    planner_end(&f);
}

static void a_late_member_is_undone_with_the_rest(void **unused)
{
    GROUP(f, FIRST, 0);

    (void)unused;
    f.failing = "d";
    BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"), EXTERNAL("c"),
          LOCAL("d"));
    planner_ok_of(&f, "b");
    assert_string_equal(planner_ok_of(&f, "c"), "c#1 ok, d#1 failed | run a#1");
    assert_string_equal(planner_ok_of(&f, "a"),
                        "a#1 ok, undoing, undo a#1 begun | undo a#1");
    assert_true(sarn_str_equal(f.execution.failure.step, sarn_str("d")));
    assert_string_equal(planner_ok(&f), "undo a#1 ok, undo c#1 begun | undo c#1");
    assert_string_equal(planner_ok(&f), "undo c#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, compensated | over");
    planner_end(&f);
}

static void as_many_as_it_needs(void **unused)
{
    GROUP(f, COUNT, 2);

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g", .retry = {.maximum_attempts = 1}),
          EXTERNAL("b", .group = "g"), EXTERNAL("c", .group = "g"));
    assert_string_equal(planner_fails_of(&f, "a", "no"),
                        "a#1 failed | run b#1, run c#1");
    assert_string_equal(planner_ok_of(&f, "c"), "c#1 ok | run b#1");
    assert_string_equal(planner_ok_of(&f, "b"),
                        "b#1 ok, g joined by 2, completed | over");
    planner_end(&f);
}

static void a_group_that_cannot_succeed_winds_down_and_is_undone(void **unused)
{
    GROUP(f, COUNT, 2);

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g", .retry = {.maximum_attempts = 1}),
          EXTERNAL("b", .group = "g", .retry = {.maximum_attempts = 1}),
          EXTERNAL("c", .group = "g"));
    planner_fails_of(&f, "a", "no");
    assert_string_equal(planner_fails_of(&f, "b", "never"), "b#1 failed | run c#1");
    assert_true(f.plan.winding);
    assert_string_equal(planner_ok(&f), "c#1 ok, undoing, undo c#1 begun | undo c#1");
    assert_true(sarn_str_equal(f.execution.failure.step, sarn_str("b")));
    assert_string_equal(planner_ok(&f), "undo c#1 ok, compensated | over");
    planner_end(&f);
}

static void winding_down_gives_up_what_waits_and_backs_off(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g", .retry = {.maximum_attempts = 1}),
          EXTERNAL("b", .group = "g"), EXTERNAL("c", .group = "g"),
          WAIT(PROMISE, "d", .group = "g"));
    planner_fails_of(&f, "c", "busy");
    assert_string_equal(planner_fails_of(&f, "a", "no"),
                        "a#1 failed, c cancelled, d cancelled | run b#1");
    /* No new attempt. */
    assert_string_equal(planner_fails_of(&f, "b", "busy"),
                        "b#1 failed, again at 100, b cancelled, undoing, compensated "
                        "| over");
    assert_true(sarn_str_equal(f.execution.failure.step, sarn_str("a")));
    planner_end(&f);
}

static void a_local_member_that_fails_spares_those_not_begun(void **unused)
{
    struct planner f = {.failing = "a"};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, LOCAL("a", .group = "g"), EXTERNAL("b", .group = "g")),
        "started, a#1 failed, undoing, compensated | over");
    planner_end(&f);
}

static void a_group_survives_a_crash(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g"), REPEATABLE("b", .group = "g"),
          WAIT(SIGNAL, "c", .group = "g"), EXTERNAL("d"));
    assert_string_equal(planner_crash(&f), " ask a#1, run b#1");
    assert_string_equal(planner_was(&f, SARN_STEP_NOT_DONE),
                        "a#1 was not done, a#2 begun | run a#2, run b#1");
    planner_ok_of(&f, "b");
    planner_ok_of(&f, "a");
    assert_string_equal(planner_signal(&f, "c"),
                        "signal, c#1 ok, g joined by 3, d#1 begun | run d#1");
    planner_end(&f);
}

static void a_member_in_doubt_parks_when_the_others_have_ended(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"));
    planner_crash(&f);
    assert_string_equal(planner_was(&f, SARN_STEP_UNKNOWN),
                        "a#1 was unknown | ask b#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "b#1 was done, parked (in_doubt) | over");
    assert_string_equal(planner_unpark(&f, SARN__DECIDE_DONE),
                        "unparked, g joined by 2, completed | over");
    planner_end(&f);
}

static void what_a_group_left_in_doubt_parks_before_the_end(void **unused)
{
    GROUP(f, FIRST, 0);

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"), EXTERNAL("d"));
    planner_ok_of(&f, "b");
    planner_crash(&f);
    assert_string_equal(planner_was(&f, SARN_STEP_UNKNOWN),
                        "a#1 was unknown | ask d#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "d#1 was done, parked (in_doubt) | over");
    assert_string_equal(planner_unpark(&f, SARN__DECIDE_SKIP),
                        "unparked, completed | over");
    planner_end(&f);
}

static void groups_follow_groups(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g"),
          EXTERNAL("c", .group = "h"),
          EXTERNAL("d", .group = "h", .next = SARN_STEP_END), EXTERNAL("e"));
    planner_ok_of(&f, "a");
    assert_string_equal(
        planner_ok_of(&f, "b"),
        "b#1 ok, g joined by 2, c#1 begun, d#1 begun | run c#1, run d#1");
    planner_ok_of(&f, "c");
    assert_string_equal(planner_ok_of(&f, "d"),
                        "d#1 ok, h joined by 2, completed | over");
    planner_end(&f);
}

static void a_group_that_is_come_to_again_begins_anew(void **unused)
{
    GROUP(f, FIRST, 0);

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), LOCAL("b", .group = "g"), EXTERNAL("c", .group = "g"),
          EXTERNAL("d"));
    assert_string_equal(planner_ok(&f),
                        "a#1 ok, b#1 ok, g joined by 1, d#1 begun | run "
                        "d#1");
    assert_string_equal(
        planner_with(&f, NULL,
                     &(struct sarn__outcome){.chose = true, .next = SARN_STR("b")}),
        "d#1 ok, b@2#1 ok, g joined by 1, d@2#1 begun | run d@2#1");
    f.failing = "b";
    /* c was never come to: its first visit is numbered with those of b. */
    assert_string_equal(
        planner_with(&f, NULL,
                     &(struct sarn__outcome){.chose = true, .next = SARN_STR("c")}),
        "d@2#1 ok, b@3#1 failed, c@3#1 begun | run c@3#1");
    assert_string_equal(planner_ok(&f),
                        "c@3#1 ok, g joined by 1, d@3#1 begun | run d@3#1");
    planner_end(&f);
}

static void a_member_that_is_left_running_is_not_come_to_again(void **unused)
{
    GROUP(f, FIRST, 0);

    (void)unused;
    BEGIN(&f, EXTERNAL("b", .group = "g"), EXTERNAL("c", .group = "g"), EXTERNAL("d"));
    planner_ok_of(&f, "b");
    assert_string_equal(
        planner_with(&f, "d",
                     &(struct sarn__outcome){.chose = true, .next = SARN_STR("b")}),
        "d#1 ok, b@2#1 begun | run c#1, run b@2#1");
    /* Its turn comes when its first visit has ended. */
    assert_string_equal(planner_ok_of(&f, "c"),
                        "c#1 ok, c@2#1 begun | run b@2#1, run c@2#1");
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_group_run_at_once_and_it_goes_on_when_all_are_done),
        cmocka_unit_test(all_kinds_of_steps_stand_in_a_group),
        cmocka_unit_test(members_fail_and_are_retried_each_by_itself),
        cmocka_unit_test(the_first_one_is_enough_and_what_is_under_way_ends_by_itself),
        cmocka_unit_test(what_is_not_needed_any_more_is_not_retried_and_does_no_harm),
        cmocka_unit_test(a_member_left_behind_that_was_not_done_is_given_up),
        cmocka_unit_test(a_late_member_is_undone_with_the_rest),
        cmocka_unit_test(as_many_as_it_needs),
        cmocka_unit_test(a_group_that_cannot_succeed_winds_down_and_is_undone),
        cmocka_unit_test(winding_down_gives_up_what_waits_and_backs_off),
        cmocka_unit_test(a_local_member_that_fails_spares_those_not_begun),
        cmocka_unit_test(a_group_survives_a_crash),
        cmocka_unit_test(a_member_in_doubt_parks_when_the_others_have_ended),
        cmocka_unit_test(what_a_group_left_in_doubt_parks_before_the_end),
        cmocka_unit_test(groups_follow_groups),
        cmocka_unit_test(a_group_that_is_come_to_again_begins_anew),
        cmocka_unit_test(a_member_that_is_left_running_is_not_come_to_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
