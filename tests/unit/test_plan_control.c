/* domain/core/plan: cancelled, terminated, paused, reset, undone with its parent. */
#include "support/planner.h"

static const char *tell(struct planner *f, enum sarn__fact kind)
{
    return planner_tell(f, (struct sarn__execution_event){.kind = kind});
}

/* As the engine does: with what the reset leaves in doubt. */
static const char *reset(struct planner *f, const char *step)
{
    struct sarn_str *steps =
        sarn_arena_alloc(f->arena, (f->execution.step_count + 1) * sizeof(*steps));
    uint32_t count = sarn__plan_doubts(&f->execution, &f->definition, f->now_us, steps);

    return planner_tell(f, (struct sarn__execution_event){.kind = SARN__RESET_REQUESTED,
                                                          .step = sarn_str(step),
                                                          .steps = steps,
                                                          .step_count = count});
}

/* --- cancel --- */

static void a_cancel_hears_out_what_is_under_way_and_then_undoes(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), EXTERNAL("b"), EXTERNAL("c"));
    assert_string_equal(planner_cancel(&f), "asked to end | run b#1");
    assert_true(f.plan.winding);
    assert_string_equal(planner_ok(&f),
                        "b#1 ok, undoing, cancelled, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 ok, compensated | over");
    assert_int_equal(f.execution.status, SARN_EXECUTION_CANCELLED);
    planner_end(&f);
}

static void a_cancel_gives_up_what_waits(void **unused)
{
    struct planner f = {0}, g = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), WAIT(SIGNAL, "s"));
    assert_string_equal(planner_cancel(&f),
                        "asked to end, s cancelled, undoing, "
                        "cancelled, undo a#1 ok, compensated | over");
    planner_end(&f);
    BEGIN(&g, EXTERNAL("a"));
    planner_fails(&g, "busy");
    assert_string_equal(planner_cancel(&g), "asked to end, a cancelled, undoing, "
                                            "cancelled, compensated | over");
    planner_end(&g);
}

static void a_cancel_asks_about_what_is_in_doubt_first(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"));
    planner_crash(&f);
    assert_string_equal(planner_cancel(&f), "asked to end | ask a#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "a#1 was done, undoing, cancelled, undo a#1 begun | undo a#1");
    planner_end(&f);
}

static void a_cancel_waits_for_an_attempt_that_has_no_intent(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    planner_ok(&f);
    assert_string_equal(planner_cancel(&f), "asked to end | run b#1");
    assert_string_equal(planner_ok(&f),
                        "b#1 ok, undoing, cancelled, undo b#1 begun | undo b#1");
    planner_end(&f);
}

static void a_cancel_after_a_crash_undoes_the_whole_window(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    planner_crash(&f);
    assert_string_equal(planner_cancel(&f), "asked to end | run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok, undoing, cancelled [b c], undo c#1 "
                                        "begun | undo c#1");
    assert_string_equal(planner_ok(&f), "undo c#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void one_that_acted_before_it_backs_off_is_undone_by_its_key(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a", .timeouts = {.start_to_close_us = MS(50)}));
    planner_at(&f, 50);
    assert_string_equal(planner_cancel(&f),
                        "asked to end, undoing, cancelled, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void a_cancel_winds_down_what_was_parked(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), {.id = "b", .run = planner_function});
    assert_string_equal(planner_crash(&f), "b#1 was unknown, parked (in_doubt) | over");
    assert_string_equal(planner_cancel(&f),
                        "asked to end, undoing, cancelled, parked (in_doubt) | over");
    assert_string_equal(planner_unpark(&f, SARN__DECIDE_NOT_DONE),
                        "unparked, undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void a_time_that_is_up_ends_a_window_too(void **unused)
{
    struct planner f = {.beginning = {.deadline_us = MS(80)}};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    planner_ok(&f);
    assert_string_equal(planner_at(&f, 80), " run b#1");
    assert_string_equal(planner_ok(&f),
                        "b#1 ok, undoing, timeout, undo b#1 begun | undo b#1");
    planner_end(&f);
}

/* --- terminate --- */

static void
a_terminate_undoes_at_once_and_what_is_under_way_when_it_ended(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    planner_ok(&f);
    assert_string_equal(
        planner_terminate(&f),
        "asked to end, undoing, terminated, undo a#1 begun | run b#1, undo a#1");
    assert_string_equal(planner_ok_of(&f, "b"), "b#1 ok | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, compensated | over");
    assert_int_equal(f.execution.status, SARN_EXECUTION_TERMINATED);
    planner_end(&f);
}

static void a_terminate_leaves_attempts_without_intents_in_doubt(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    planner_ok(&f);
    assert_string_equal(planner_terminate(&f), "asked to end, undoing, terminated [b], "
                                               "undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void a_terminate_asks_about_what_nobody_knows(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), EXTERNAL("b"));
    planner_crash(&f);
    assert_string_equal(planner_terminate(&f),
                        "asked to end, undoing, terminated, undo a#1 ok | ask b#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "b#1 was done, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, compensated | over");
    planner_end(&f);
}

static void a_terminate_leaves_what_repeats_itself_to_its_key(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a", .timeouts = {.start_to_close_us = MS(50)}));
    assert_string_equal(planner_crash(&f), " run a#1 until 50");
    assert_string_equal(planner_terminate(&f), "asked to end, undoing, terminated [a], "
                                               "undo a#1 begun | undo a#1");
    planner_end(&f);
}

static void a_cancel_becomes_a_terminate(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), EXTERNAL("b"));
    planner_cancel(&f);
    assert_string_equal(planner_terminate(&f),
                        "asked to end, undoing, terminated, undo a#1 ok | run b#1");
    assert_string_equal(planner_fails(&f, "x"), "b#1 failed, compensated | over");
    planner_end(&f);
}

static void a_wait_is_given_up_by_a_terminate(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), WAIT(CHILD, "c", .child = "w"));
    assert_string_equal(planner_terminate(&f),
                        "asked to end, undoing, terminated, c cancelled, undo a#1 ok, "
                        "compensated | over");
    planner_end(&f);
}

/* --- pause --- */

static void while_paused_nothing_begins_and_what_ends_is_recorded(void **unused)
{
    struct planner f = {.beginning = {.deadline_us = MS(500)}};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .timeouts = {.start_to_close_us = MS(50)}), LOCAL("b"));
    assert_string_equal(tell(&f, SARN__PAUSED), "paused | run a#1");
    assert_string_equal(planner_at(&f, 50), " run a#1");
    assert_string_equal(planner_ok(&f), "a#1 ok | rest");
    assert_string_equal(planner_crash(&f), " rest");
    assert_string_equal(tell(&f, SARN__RESUMED), "resumed, b#1 ok, completed | over");
    planner_end(&f);
}

static void while_paused_a_compensation_ends_and_no_other_begins(void **unused)
{
    struct planner f = {.failing = "c"};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"), LOCAL("c"));
    planner_ok(&f);
    planner_ok(&f);
    assert_string_equal(tell(&f, SARN__PAUSED), "paused | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok | rest");
    assert_string_equal(tell(&f, SARN__RESUMED), "resumed, undo a#1 begun | undo a#1");
    planner_end(&f);
}

static void what_is_in_doubt_is_asked_about_while_paused(void **unused)
{
    struct planner f = {0}, g = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"));
    tell(&f, SARN__PAUSED);
    assert_string_equal(planner_crash(&f), " ask a#1");
    planner_end(&f);
    BEGIN(&g, {.id = "a", .run = planner_function});
    tell(&g, SARN__PAUSED);
    assert_string_equal(planner_crash(&g), " rest"); /* Nobody to ask: it would park. */
    planner_end(&g);
}

/* --- reset --- */

static void a_reset_undoes_what_came_after_and_goes_forward_from_there(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"), EXTERNAL("d"));
    planner_ok(&f);
    planner_ok(&f);
    assert_string_equal(planner_ok(&f), "c#1 ok, d#1 begun | run d#1");
    assert_string_equal(reset(&f, "b"), "reset | run d#1");
    assert_string_equal(planner_ok(&f), "d#1 ok, undo d#1 begun | undo d#1");
    assert_string_equal(planner_ok(&f), "undo d#1 ok, undo c#1 begun | undo c#1");
    assert_string_equal(planner_ok(&f), "undo c#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f),
                        "undo b#1 ok, rewound, b@2#1 begun | run b@2#1");
    planner_ok(&f);
    planner_ok(&f);
    assert_string_equal(planner_ok(&f), "d@2#1 ok, completed | over");
    planner_end(&f);
}

static void what_completed_can_be_reset(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), LOCAL("b"));
    assert_string_equal(reset(&f, "b"),
                        "reset, undo b#1 ok, rewound, b@2#1 ok, completed | over");
    assert_string_equal(reset(&f, "a"), "reset, undo b@2#1 ok, undo a#1 ok, rewound, "
                                        "a@2#1 ok, b@3#1 ok, completed | over");
    planner_end(&f);
}

static void a_reset_frees_what_failed_and_was_parked(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), {.id = "b", .run = planner_function});
    planner_crash(&f);
    planner_unpark(&f, SARN__DECIDE_RETRY);
    assert_string_equal(f.seen, "unparked, b#1 was unknown, parked (in_doubt) | over");
    /* Somebody has to say what became of b. */
    assert_string_equal(reset(&f, "a"), "reset, parked (in_doubt) | over");
    assert_string_equal(planner_unpark(&f, SARN__DECIDE_NOT_DONE),
                        "unparked, undo a#1 ok, rewound, a@2#1 ok, b@2#1 begun | run "
                        "b@2#1");
    planner_end(&f);
}

static void a_reset_gives_up_what_waits(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), WAIT(SIGNAL, "s"));
    assert_string_equal(reset(&f, "a"), "reset, s cancelled, undo a#1 ok, rewound, "
                                        "a@2#1 ok, s@2 waits | rest");
    planner_end(&f);
}

static void a_reset_into_a_group_begins_all_of_it_anew(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), LOCAL("b", .group = "g"), EXTERNAL("c", .group = "g"),
          EXTERNAL("d"));
    assert_string_equal(planner_ok(&f), "c#1 ok, g joined by 2, d#1 begun | run d#1");
    assert_string_equal(reset(&f, "c"), "reset | run d#1");
    assert_string_equal(planner_fails(&f, "x"),
                        "d#1 failed, undo c#1 begun | undo c#1");
    assert_string_equal(planner_ok(&f), "undo c#1 ok, undo b#1 ok, rewound, b@2#1 ok, "
                                        "c@2#1 begun | run c@2#1");
    planner_end(&f);
}

static void a_reset_undoes_by_its_key_what_may_be_out(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c"));
    planner_ok(&f);
    assert_string_equal(reset(&f, "a"), "reset [b], undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f),
                        "undo a#1 ok, rewound, a@2#1 begun | run a@2#1");
    planner_end(&f);
}

static void a_cancel_of_what_is_being_reset_undoes_the_rest_after_it(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, LOCAL("a"), EXTERNAL("b"), EXTERNAL("c"));
    planner_ok(&f);
    planner_ok(&f);
    reset(&f, "b");
    assert_string_equal(planner_ok(&f), "undo c#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(planner_cancel(&f), "asked to end | undo b#1");
    assert_string_equal(planner_ok(&f),
                        "undo b#1 ok, rewound, undoing, cancelled, undo "
                        "a#1 ok, compensated | over");
    planner_end(&f);
}

/* --- a child --- */

static void what_completed_is_undone_with_its_parent(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), LOCAL("b"));
    planner_ok(&f);
    assert_string_equal(
        tell(&f, SARN__UNDO_REQUESTED),
        "asked to undo, undoing, undone, undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    assert_int_equal(f.execution.status, SARN_EXECUTION_UNDONE);
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_hears_out_what_is_under_way_and_then_undoes),
        cmocka_unit_test(a_cancel_gives_up_what_waits),
        cmocka_unit_test(a_cancel_asks_about_what_is_in_doubt_first),
        cmocka_unit_test(a_cancel_waits_for_an_attempt_that_has_no_intent),
        cmocka_unit_test(a_cancel_after_a_crash_undoes_the_whole_window),
        cmocka_unit_test(one_that_acted_before_it_backs_off_is_undone_by_its_key),
        cmocka_unit_test(a_cancel_winds_down_what_was_parked),
        cmocka_unit_test(a_time_that_is_up_ends_a_window_too),
        cmocka_unit_test(
            a_terminate_undoes_at_once_and_what_is_under_way_when_it_ended),
        cmocka_unit_test(a_terminate_leaves_attempts_without_intents_in_doubt),
        cmocka_unit_test(a_terminate_asks_about_what_nobody_knows),
        cmocka_unit_test(a_terminate_leaves_what_repeats_itself_to_its_key),
        cmocka_unit_test(a_cancel_becomes_a_terminate),
        cmocka_unit_test(a_wait_is_given_up_by_a_terminate),
        cmocka_unit_test(while_paused_nothing_begins_and_what_ends_is_recorded),
        cmocka_unit_test(while_paused_a_compensation_ends_and_no_other_begins),
        cmocka_unit_test(what_is_in_doubt_is_asked_about_while_paused),
        cmocka_unit_test(a_reset_undoes_what_came_after_and_goes_forward_from_there),
        cmocka_unit_test(what_completed_can_be_reset),
        cmocka_unit_test(a_reset_frees_what_failed_and_was_parked),
        cmocka_unit_test(a_reset_gives_up_what_waits),
        cmocka_unit_test(a_reset_into_a_group_begins_all_of_it_anew),
        cmocka_unit_test(a_reset_undoes_by_its_key_what_may_be_out),
        cmocka_unit_test(a_cancel_of_what_is_being_reset_undoes_the_rest_after_it),
        cmocka_unit_test(what_completed_is_undone_with_its_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
