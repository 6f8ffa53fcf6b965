/* domain/core/plan: steps that wait, and times that are up. */
#include "support/planner.h"

/* --- waits --- */

static void a_timer_goes_off_after_its_delay(void **unused)
{
    struct planner f = {.now_us = MS(7)};

    (void)unused;
    assert_string_equal(BEGIN(&f, WAIT(TIMER, "t", .delay_us = MS(100)), LOCAL("b")),
                        "started, t waits until 107 | until 107");
    assert_string_equal(planner_at(&f, 106), " until 107");
    assert_string_equal(planner_crash(&f), " until 107");
    assert_string_equal(planner_at(&f, 107), "t#1 ok, b#1 ok, completed | over");
    planner_end(&f);
}

static void a_timer_without_a_delay_goes_off_at_once(void **unused)
{
    struct planner f = {.now_us = MS(7)};

    (void)unused;
    assert_string_equal(BEGIN(&f, WAIT(TIMER, "t")),
                        "started, t waits until 7, t#1 ok, completed | over");
    planner_end(&f);
}

static void a_timer_says_until_when(void **unused)
{
    struct planner f = {0};
    struct sarn__execution_event event;
    struct sarn__duty duty;

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), WAIT(TIMER, "t", .delay_us = MS(100)));
    duty = f.plan.duties[0];
    duty.kind = SARN__DUTY_AWAIT;
    duty.step = sarn__step_at(&f.workflow, 1);
    duty.step_id = sarn_str("t");
    assert_int_equal(sarn__plan_settle(&f.execution, &f.definition, &f.plan, &duty,
                                       &(struct sarn__outcome){.due_us = MS(9)}, 0,
                                       f.arena, &event),
                     SARN_OK);
    assert_int_equal(event.due_us, MS(9));
    assert_int_equal(sarn__plan_settle(&f.execution, &f.definition, &f.plan, &duty,
                                       &(struct sarn__outcome){.due_us = -MS(9)}, 0,
                                       f.arena, &event),
                     SARN_OK);
    assert_int_equal(event.due_us, 1); /* Long ago; 0 would be never. */
    planner_end(&f);
}

static void a_timer_whose_run_fails_has_failed(void **unused)
{
    struct planner f = {.failing = "t"};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, LOCAL("a"), WAIT(TIMER, "t", .run = planner_function)),
        "started, a#1 ok, t#1 failed, undoing, undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void a_signal_is_waited_for(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, WAIT(SIGNAL, "s", .signal = "go"), LOCAL("b")),
                        "started, s waits | rest");
    assert_string_equal(planner_signal(&f, "stop"), "signal | rest");
    assert_string_equal(planner_signal(&f, "go"),
                        "signal, s#1 ok, b#1 ok, completed | over");
    assert_true(
        sarn_str_equal(sarn__execution_step(&f.execution, sarn_str("s"))->output,
                       sarn_str("payload")));
    assert_non_null(sarn__execution_latest_message(&f.execution, sarn_str("go")));
    planner_end(&f);
}

static void a_signal_that_came_before_is_taken_at_once_and_once(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), WAIT(SIGNAL, "s", .signal = "go"),
          WAIT(SIGNAL, "t", .signal = "go"));
    assert_string_equal(planner_signal(&f, "go"), "signal | run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok, s waits, s#1 ok, t waits | rest");
    assert_string_equal(planner_signal(&f, "go"), "signal, t#1 ok, completed | over");
    planner_end(&f);
}

static const char *settle_promise(struct planner *f, const char *step, bool failed)
{
    return planner_tell(f, (struct sarn__execution_event){.kind = SARN__PROMISE_SETTLED,
                                                          .step = sarn_str(step),
                                                          .visit = 1,
                                                          .failed = failed,
                                                          .code = sarn_str("refused"),
                                                          .output = sarn_str("kept")});
}

static void a_promise_is_kept_or_broken_from_outside(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, WAIT(PROMISE, "p"), WAIT(PROMISE, "q", .retry = {0}), LOCAL("b")),
        "started, p waits | rest");
    assert_string_equal(settle_promise(&f, "p", false),
                        "p settled, p#1 ok, q waits | rest");
    assert_true(sarn_str_equal(
        sarn__execution_step(&f.execution, sarn_str("p"))->output, sarn_str("kept")));
    assert_string_equal(settle_promise(&f, "q", true),
                        "q settled, q#1 failed, undoing, compensated | over");
    assert_true(sarn_str_equal(f.execution.failure.code, sarn_str("refused")));
    planner_end(&f);
}

static void a_promise_may_be_kept_before_it_is_waited_for(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), WAIT(PROMISE, "p"));
    assert_int_equal(sarn__plan_visit_number(&f.execution, &f.definition, 1), 1);
    assert_string_equal(settle_promise(&f, "p", false), "p settled | run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok, p waits, p#1 ok, completed | over");
    planner_end(&f);
}

/* The promise of its next visit, though nobody knows yet whether it is come to. */
static void a_promise_of_the_next_visit_does_not_hide_this_one(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, WAIT(PROMISE, "p", .group = "g"), WAIT(SIGNAL, "s", .group = "g"));
    settle_promise(&f, "p", false);
    assert_string_equal(
        planner_tell(&f, (struct sarn__execution_event){.kind = SARN__PROMISE_SETTLED,
                                                        .step = sarn_str("p"),
                                                        .visit = 2}),
        "p@2 settled | rest");
    assert_string_equal(planner_signal(&f, "s"),
                        "signal, s#1 ok, g joined by 2, completed | over");
    planner_end(&f);
}

static const char *end_child(struct planner *f, uint32_t status, bool compensation)
{
    return planner_tell(f,
                        (struct sarn__execution_event){.kind = SARN__CHILD_ENDED,
                                                       .step = sarn_str("c"),
                                                       .compensation = compensation,
                                                       .status = status,
                                                       .code = sarn_str("why"),
                                                       .output = sarn_str("result")});
}

static void a_child_is_waited_for_and_undone_with_its_parent(void **unused)
{
    struct planner f = {.failing = "b"};

    (void)unused;
    assert_string_equal(BEGIN(&f, WAIT(CHILD, "c", .child = "w"), LOCAL("b")),
                        "started, c waits | rest");
    assert_string_equal(end_child(&f, SARN_EXECUTION_COMPLETED, false),
                        "c ended, c#1 ok, b#1 failed, undoing, undo c#1 begun | rest");
    assert_string_equal(planner_crash(&f), " rest");
    assert_string_equal(end_child(&f, SARN_EXECUTION_UNDONE, true),
                        "undo c ended, undo c#1 ok, compensated | over");
    planner_end(&f);
}

/* It has completed, and its parent comes to know when it is already to end. */
static void a_child_that_is_not_needed_any_more_is_undone_all_the_same(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, WAIT(CHILD, "c", .child = "w"));
    planner_tell(&f, (struct sarn__execution_event){.kind = SARN__PAUSED});
    end_child(&f, SARN_EXECUTION_COMPLETED, false);
    planner_cancel(&f);
    assert_string_equal(
        planner_tell(&f, (struct sarn__execution_event){.kind = SARN__RESUMED}),
        "resumed, c#1 ok, undoing, cancelled, undo c#1 begun | rest");
    assert_string_equal(end_child(&f, SARN_EXECUTION_UNDONE, true),
                        "undo c ended, undo c#1 ok, compensated | over");
    planner_end(&f);
}

static void a_child_that_was_undone_has_failed_for_good(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, WAIT(CHILD, "c", .child = "w"));
    assert_string_equal(end_child(&f, SARN_EXECUTION_COMPENSATED, false),
                        "c ended, c#1 failed, undoing, compensated | over");
    assert_true(sarn_str_equal(f.execution.failure.code, sarn_str("why")));
    planner_end(&f);
}

static void a_child_with_a_compensation_is_compensated_by_that(void **unused)
{
    struct planner f = {.failing = "b"};

    (void)unused;
    BEGIN(&f, WAIT(CHILD, "c", .child = "w", .compensate = planner_function),
          LOCAL("b"));
    assert_string_equal(
        end_child(&f, SARN_EXECUTION_COMPLETED, false),
        "c ended, c#1 ok, b#1 failed, undoing, undo c#1 ok, compensated | over");
    planner_end(&f);
}

static void a_wait_times_out_and_fails_or_goes_on_elsewhere(void **unused)
{
    static const struct sarn_timeouts limit = {.schedule_to_close_us = MS(50)};
    struct planner f = {0}, g = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, WAIT(SIGNAL, "s", .timeouts = limit), LOCAL("b")),
                        "started, s waits at most until 50 | until 50");
    assert_string_equal(planner_at(&f, 50),
                        "s#1 timed out as a whole, undoing, compensated | over");
    assert_true(sarn_str_equal(f.execution.failure.code, sarn_str("timeout")));
    planner_end(&f);
    BEGIN(&g, WAIT(SIGNAL, "s", .timeouts = limit, .on_timeout = "c"), LOCAL("b"),
          LOCAL("c"));
    assert_string_equal(planner_at(&g, 51),
                        "s#1 timed out as a whole, on to c, c#1 ok, "
                        "completed | over");
    planner_end(&g);
}

static void what_comes_in_time_is_taken_even_when_it_is_seen_late(void **unused)
{
    static const struct sarn_timeouts limit = {.schedule_to_close_us = MS(50)};
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, WAIT(SIGNAL, "s", .timeouts = limit));
    f.now_us = MS(60);
    assert_string_equal(planner_signal(&f, "s"), "signal, s#1 ok, completed | over");
    planner_end(&f);
}

/* --- attempts that take too long --- */

static void an_attempt_that_takes_too_long_is_in_doubt(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, EXTERNAL("a", .timeouts = {.start_to_close_us = MS(50)}), LOCAL("b")),
        "started, a#1 begun | run a#1 until 50");
    assert_string_equal(planner_at(&f, 50), "a#1 timed out, in doubt | ask a#1");
    assert_string_equal(planner_crash(&f), " ask a#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "a#1 was done, b#1 ok, completed | over");
    planner_end(&f);
}

static void
one_that_was_not_done_is_made_again_as_often_as_the_policy_says(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .timeouts = {.start_to_close_us = MS(50)},
                       .retry = {.maximum_attempts = 2}));
    planner_at(&f, 50);
    assert_string_equal(planner_was(&f, SARN_STEP_NOT_DONE),
                        "a#1 was not done, a#2 begun | run a#2 until 100");
    planner_at(&f, 100);
    assert_string_equal(planner_was(&f, SARN_STEP_NOT_DONE),
                        "a#2 was not done, a#2 timed out, undoing, compensated | over");
    planner_end(&f);
}

static void a_crash_is_no_timeout_and_costs_no_attempt(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .timeouts = {.start_to_close_us = MS(50)},
                       .retry = {.maximum_attempts = 1}));
    planner_crash(&f);
    assert_string_equal(planner_was(&f, SARN_STEP_NOT_DONE),
                        "a#1 was not done, a#2 begun | run a#2 until 50");
    planner_end(&f);
}

static void an_idempotent_attempt_that_takes_too_long_is_made_again(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, REPEATABLE("a", .timeouts = {.start_to_close_us = MS(50)})),
        "started, a#1 begun | run a#1 until 50");
    assert_string_equal(planner_at(&f, 50), "a#1 timed out, again at 150 | until 150");
    assert_string_equal(planner_at(&f, 150), "a#2 begun | run a#2 until 200");
    assert_string_equal(planner_ok(&f), "a#2 ok, completed | over");
    planner_end(&f);
}

static void one_that_may_have_acted_is_compensated_by_its_key(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a", .timeouts = {.start_to_close_us = MS(50)},
                         .retry = {.maximum_attempts = 2}));
    planner_at(&f, 50);
    planner_at(&f, 150);
    /* That the second was refused does not say that the first was. */
    assert_string_equal(planner_fails(&f, "no"),
                        "a#2 failed, undoing, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void all_attempts_together_have_a_time_too(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, EXTERNAL("a", .timeouts = {.schedule_to_close_us = MS(150)})),
        "started, a#1 begun | run a#1 until 150");
    assert_string_equal(planner_fails(&f, "busy"),
                        "a#1 failed, again at 100 | until 100");
    assert_string_equal(planner_at(&f, 100), "a#2 begun | run a#2 until 150");
    f.now_us = MS(110);
    assert_string_equal(planner_fails(&f, "busy"),
                        "a#2 failed, again at 310 | until 150");
    assert_string_equal(planner_at(&f, 150),
                        "a#2 timed out as a whole, undoing, compensated | over");
    planner_end(&f);
}

static void what_did_not_act_may_go_on_elsewhere(void **unused)
{
    static const struct sarn_timeouts limit = {.schedule_to_close_us = MS(150)};
    struct planner f = {0}, g = {0}, h = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .timeouts = limit, .on_timeout = "c"), LOCAL("b"),
          LOCAL("c"));
    f.now_us = MS(100);
    planner_fails(&f, "busy");
    assert_string_equal(planner_at(&f, 150),
                        "a#1 timed out as a whole, on to c, c#1 ok, completed | over");
    planner_end(&f);
    /* Under way: in doubt first. */
    BEGIN(&g, EXTERNAL("a", .timeouts = limit, .on_timeout = "c"), LOCAL("b"),
          LOCAL("c"));
    assert_string_equal(planner_at(&g, 150),
                        "a#1 timed out as a whole, in doubt | ask a#1");
    assert_string_equal(planner_was(&g, SARN_STEP_NOT_DONE),
                        "a#1 was not done, a#1 timed out as a whole, on to c, c#1 ok, "
                        "completed | over");
    planner_end(&g);
    /* It may have acted, under its key. */
    BEGIN(&h, REPEATABLE("a", .timeouts = limit, .on_timeout = "c"), LOCAL("b"),
          LOCAL("c"));
    assert_string_equal(planner_at(&h, 150),
                        "a#1 timed out as a whole, undoing, undo a#1 begun | undo a#1");
    planner_end(&h);
}

static void a_silent_attempt_is_one_that_takes_too_long(void **unused)
{
    struct planner f = {0}, g = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .timeouts = {.heartbeat_us = MS(5)}));
    assert_string_equal(planner_silent(&f, "a"),
                        "a#1 timed out in silence, in doubt | ask a#1");
    planner_end(&f);
    BEGIN(&g, REPEATABLE("a", .timeouts = {.heartbeat_us = MS(5)}));
    assert_string_equal(planner_silent(&g, "a"),
                        "a#1 timed out in silence, again at 100 | until 100");
    planner_end(&g);
}

static void a_compensation_takes_too_long_and_is_made_again(void **unused)
{
    struct planner f = {.failing = "b"};

    (void)unused;
    BEGIN(&f,
          EXTERNAL("a", .timeouts = {.compensation_us = MS(20)},
                   .compensation_retry = {.maximum_attempts = 2}),
          LOCAL("b"));
    assert_string_equal(planner_ok(&f), "a#1 ok, b#1 failed, undoing, undo a#1 begun | "
                                        "undo a#1 until 20");
    assert_string_equal(planner_at(&f, 20),
                        "undo a#1 timed out, again at 120 | until 120");
    assert_string_equal(planner_at(&f, 120), "undo a#2 begun | undo a#2 until 140");
    assert_string_equal(planner_at(&f, 140),
                        "undo a#2 timed out, parked (compensation_failed) | over");
    planner_end(&f);
}

static void a_run_has_a_time(void **unused)
{
    struct planner f = {.beginning = {.deadline_us = MS(80)}};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), EXTERNAL("b"), WAIT(SIGNAL, "c")),
                        "started, a#1 ok, b#1 begun | run b#1 until 80");
    /* What is under way is heard to its end. */
    assert_string_equal(planner_at(&f, 80), " run b#1");
    assert_true(f.plan.winding);
    assert_string_equal(planner_ok(&f),
                        "b#1 ok, undoing, timeout, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 ok, compensated | over");
    assert_int_equal(f.execution.status, SARN_EXECUTION_TIMED_OUT);
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_goes_off_after_its_delay),
        cmocka_unit_test(a_timer_without_a_delay_goes_off_at_once),
        cmocka_unit_test(a_timer_says_until_when),
        cmocka_unit_test(a_timer_whose_run_fails_has_failed),
        cmocka_unit_test(a_signal_is_waited_for),
        cmocka_unit_test(a_signal_that_came_before_is_taken_at_once_and_once),
        cmocka_unit_test(a_promise_is_kept_or_broken_from_outside),
        cmocka_unit_test(a_promise_may_be_kept_before_it_is_waited_for),
        cmocka_unit_test(a_promise_of_the_next_visit_does_not_hide_this_one),
        cmocka_unit_test(a_child_is_waited_for_and_undone_with_its_parent),
        cmocka_unit_test(a_child_that_is_not_needed_any_more_is_undone_all_the_same),
        cmocka_unit_test(a_child_that_was_undone_has_failed_for_good),
        cmocka_unit_test(a_child_with_a_compensation_is_compensated_by_that),
        cmocka_unit_test(a_wait_times_out_and_fails_or_goes_on_elsewhere),
        cmocka_unit_test(what_comes_in_time_is_taken_even_when_it_is_seen_late),
        cmocka_unit_test(an_attempt_that_takes_too_long_is_in_doubt),
        cmocka_unit_test(
            one_that_was_not_done_is_made_again_as_often_as_the_policy_says),
        cmocka_unit_test(a_crash_is_no_timeout_and_costs_no_attempt),
        cmocka_unit_test(an_idempotent_attempt_that_takes_too_long_is_made_again),
        cmocka_unit_test(one_that_may_have_acted_is_compensated_by_its_key),
        cmocka_unit_test(all_attempts_together_have_a_time_too),
        cmocka_unit_test(what_did_not_act_may_go_on_elsewhere),
        cmocka_unit_test(a_silent_attempt_is_one_that_takes_too_long),
        cmocka_unit_test(a_compensation_takes_too_long_and_is_made_again),
        cmocka_unit_test(a_run_has_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
