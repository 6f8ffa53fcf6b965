/* domain/core/plan: branches, loops, results, new runs, attributes; whose outcome it
 * is.
 */
#include "support/heap.h"
#include "support/planner.h"

#define CHOOSES(step)                                                                  \
    &(struct sarn__outcome)                                                            \
    {                                                                                  \
        .chose = true, .next = SARN_STR(step)                                          \
    }

/* --- what follows --- */

static void a_step_names_the_next_by_its_table_or_by_itself(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a", .next = "d"), LOCAL("b"), LOCAL("c"),
                              EXTERNAL("d"), LOCAL("e")),
                        "started, a#1 ok, d#1 begun | run d#1");
    f.next = SARN_STEP_END;
    assert_string_equal(planner_with(&f, NULL, CHOOSES("b")),
                        "d#1 ok, b#1 ok, completed | over");
    planner_end(&f);
}

static void a_step_that_is_come_to_again_is_visited_anew(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    planner_ok(&f);
    assert_string_equal(planner_with(&f, NULL, CHOOSES("a")),
                        "b#1 ok, a@2#1 begun | run a@2#1");
    assert_string_equal(planner_crash(&f), " ask a@2#1");
    assert_string_equal(planner_was(&f, SARN_STEP_DONE),
                        "a@2#1 was done, b@2#1 begun | run b@2#1");
    assert_string_equal(planner_fails(&f, "x"),
                        "b@2#1 failed, again at 100 | until 100");
    planner_cancel(&f);
    /* Each visit is undone. */
    assert_string_equal(f.seen, "asked to end, b@2 cancelled, undoing, cancelled, undo "
                                "a@2#1 begun | undo a@2#1");
    assert_string_equal(planner_ok(&f), "undo a@2#1 ok, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, undo a#1 begun | undo a#1");
    assert_string_equal(planner_ok(&f), "undo a#1 ok, compensated | over");
    planner_end(&f);
}

static void a_loop_has_a_bound(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, LOCAL("a", .visits_max = 3), LOCAL("b", .next = "a")),
        "started, a#1 ok, b#1 ok, a@2#1 ok, b@2#1 ok, a@3#1 ok, b@3#1 ok, a@4#1 "
        "failed, "
        "undoing, undo b@3#1 ok, undo a@3#1 ok, undo b@2#1 ok, undo a@2#1 ok, undo b#1 "
        "ok, undo a#1 ok, compensated | over");
    assert_true(sarn_str_equal(f.execution.failure.code, sarn_str("loop_limit")));
    assert_true(sarn_str_equal(
        f.execution.failure.text,
        sarn_str("step a was visited 3 times in one run, and its limit is 3")));
    planner_end(&f);
}

static void a_step_alone_can_loop_on_itself_a_hundred_times(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f,
          {.id = "a", .run = planner_function, .next = "a", .kind = SARN_STEP_LOCAL});
    assert_int_equal(f.execution.step_count, SARN__VISITS_DEFAULT + 1);
    assert_int_equal(f.execution.status, SARN_EXECUTION_COMPENSATED);
    planner_end(&f);
}

static void a_run_has_a_bound_over_all_its_steps(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f,
          {.id = "a", .run = planner_function, .visits_max = SARN__EXECUTION_STEPS_MAX},
          {.id = "b",
           .run = planner_function,
           .next = "a",
           .visits_max = SARN__EXECUTION_STEPS_MAX});
    while (f.execution.status == SARN_EXECUTION_RUNNING) {
        f.count = f.durable = 0; /* The log of this test is too short for all of it. */
        planner_ok(&f);
    }
    assert_int_equal(f.execution.status, SARN_EXECUTION_COMPENSATED);
    assert_true(sarn_str_equal(f.execution.failure.code, sarn_str("loop_limit")));
    assert_int_equal(f.execution.step_count, SARN__EXECUTION_STEPS_MAX - 128 + 1);
    planner_end(&f);
}

static void only_first_visits_are_in_a_window(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), LOCAL("c"));
    f.next = "a";
    planner_ok(&f);
    assert_string_equal(planner_ok(&f), "b#1 ok, c#1 ok, a@2#1 begun | run a@2#1");
    f.next = NULL;
    assert_string_equal(planner_ok(&f), "a@2#1 ok, b@2#1 begun | run b@2#1");
    planner_end(&f);
}

static void a_window_opens_where_a_step_chose_to_go_on(void **unused)
{
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), REPEATABLE("b"), REPEATABLE("c", .next = "e"),
          REPEATABLE("d"), REPEATABLE("e"));
    assert_string_equal(planner_with(&f, NULL, CHOOSES("c")), "a#1 ok [c] | run c#1");
    assert_string_equal(planner_ok(&f), "c#1 ok [e] | run e#1");
    planner_end(&f);
}

static void what_a_window_permitted_and_nobody_came_to_is_passed_over(void **unused)
{
    struct planner f = {0};

    (void)unused;
    assert_string_equal(BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"), LOCAL("c")),
                        "started [a b] | run a#1");
    assert_string_equal(planner_with(&f, NULL, CHOOSES("c")),
                        "a#1 ok, c#1 ok, completed | over");
    planner_end(&f);
}

/* --- the end --- */

static void the_result_is_the_output_of_its_step(void **unused)
{
    struct planner f = {.workflow = {.result = "a"}};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), LOCAL("b"));
    planner_ok(&f);
    assert_true(sarn_str_equal(f.execution.output, sarn_str("out")));
    planner_end(&f);
}

static void a_step_ends_its_run_and_a_new_one_goes_on(void **unused)
{
    struct planner f = {.continues = true};

    (void)unused;
    assert_string_equal(BEGIN(&f, LOCAL("a"), EXTERNAL("b")),
                        "started, a#1 ok, continued | over");
    assert_int_equal(f.execution.status, SARN_EXECUTION_CONTINUED);
    planner_end(&f);
}

static void attributes_are_set_with_what_they_were(void **unused)
{
    const struct sarn__attribute first = {SARN_STR("k"), SARN_STR("1")},
                                 second = {SARN_STR("k"), SARN_STR("2")};
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"));
    planner_with(&f, NULL,
                 &(struct sarn__outcome){.attributes = &first, .attribute_count = 1});
    planner_with(&f, NULL,
                 &(struct sarn__outcome){.attributes = &second, .attribute_count = 1});
    assert_true(sarn_str_equal(f.events[f.count - 2].removed[0].value, sarn_str("1")));
    assert_true(sarn_str_equal(sarn__execution_attribute(&f.execution, sarn_str("k")),
                               sarn_str("2")));
    planner_end(&f);
}

/* --- whose outcome it is --- */

static bool claims(struct planner *f, struct sarn__claim claim)
{
    struct sarn__duty duty;

    return sarn__plan_claim(&f->execution, &f->definition, &claim, &duty);
}

static void only_the_attempt_that_is_under_way_is_claimed(void **unused)
{
    static const struct sarn__claim first = {SARN__DUTY_CALL, false, SARN_STR("a"), 1,
                                             1};
    struct sarn__claim other = first;
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .timeouts = {.start_to_close_us = MS(50)}), EXTERNAL("b"));
    assert_true(claims(&f, first));
    other.attempt = 2;
    assert_false(claims(&f, other));
    other = first;
    other.visit = 2;
    assert_false(claims(&f, other));
    other = first;
    other.compensation = true;
    assert_false(claims(&f, other));
    other = first;
    other.kind = SARN__DUTY_RECONCILE; /* Nobody asked. */
    assert_false(claims(&f, other));
    other = first;
    other.step_id = sarn_str("b");
    assert_false(claims(&f, other));
    planner_at(&f, 50); /* It timed out: reconcile has the word. */
    assert_false(claims(&f, first));
    other = first;
    other.kind = SARN__DUTY_RECONCILE;
    assert_true(claims(&f, other));
    planner_end(&f);
}

static void an_attempt_without_an_intent_is_claimed_while_it_goes_forward(void **unused)
{
    static const struct sarn__claim first = {SARN__DUTY_CALL, false, SARN_STR("b"), 1,
                                             1};
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, REPEATABLE("a"), REPEATABLE("b"));
    planner_ok(&f);
    assert_true(claims(&f, first));
    planner_tell(&f, (struct sarn__execution_event){.kind = SARN__PAUSED});
    assert_true(claims(&f, first));
    planner_tell(&f, (struct sarn__execution_event){.kind = SARN__RESUMED});
    planner_terminate(&f);
    assert_false(claims(&f, first)); /* It is in doubt. */
    planner_end(&f);
}

static void a_reconcile_that_fails_is_asked_again_by_the_policy(void **unused)
{
    struct sarn__outcome failed = {.failed = true, .code = SARN_STR("down")};
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .retry = {.maximum_attempts = 2}));
    planner_crash(&f);
    assert_int_equal(sarn__plan_ask_again_us(&f.plan.duties[0], &failed, 1, MS(7)),
                     MS(107));
    assert_int_equal(sarn__plan_ask_again_us(&f.plan.duties[0], &failed, 2, MS(7)), 0);
    assert_string_equal(planner_with(&f, NULL, &failed),
                        "a#1 was unknown, parked (in_doubt) | over");
    planner_end(&f);
}

/* --- held back --- */

static void a_step_that_is_held_back_begins_when_it_is_let_go(void **unused)
{
    struct sarn__hold b = {.step = SARN_STR("b")};
    struct planner f = {.holds = &b};

    (void)unused;
    BEGIN(&f, EXTERNAL("a"), EXTERNAL("b"));
    assert_false(b.asked);
    assert_string_equal(planner_ok(&f), "a#1 ok | rest");
    assert_true(b.asked);
    f.holds = NULL;
    assert_string_equal(planner_at(&f, 5), "b#1 begun | run b#1");
    f.holds = &b;
    assert_string_equal(planner_at(&f, 6), " run b#1"); /* It has begun. */
    assert_string_equal(planner_fails(&f, "busy"),
                        "b#1 failed, again at 106 | until 106");
    assert_string_equal(planner_at(&f, 200), " rest"); /* Each attempt is one. */
    planner_end(&f);
}

static void one_that_is_held_back_holds_nobody_else_of_its_group(void **unused)
{
    struct sarn__hold a = {.step = SARN_STR("a")};
    struct planner f = {.holds = &a};

    (void)unused;
    assert_string_equal(
        BEGIN(&f, EXTERNAL("a", .group = "g"), EXTERNAL("b", .group = "g")),
        "started, b#1 begun | run b#1");
    planner_end(&f);
}

static void a_window_is_held_back_and_given_up_by_a_cancel(void **unused)
{
    struct sarn__hold a = {.step = SARN_STR("a")};
    struct planner f = {.holds = &a};

    (void)unused;
    assert_string_equal(BEGIN(&f, REPEATABLE("a"), REPEATABLE("b")),
                        "started [a b] | rest");
    assert_string_equal(planner_cancel(&f),
                        "asked to end, undoing, cancelled, compensated | over");
    planner_end(&f);
}

static void what_is_held_back_times_out_all_the_same(void **unused)
{
    struct sarn__hold a = {.step = SARN_STR("a")};
    struct planner f = {0};

    (void)unused;
    BEGIN(&f, EXTERNAL("a", .timeouts = {.schedule_to_close_us = MS(150)}));
    planner_fails(&f, "busy");
    f.holds = &a;
    assert_string_equal(planner_at(&f, 100), " until 150");
    assert_string_equal(planner_at(&f, 150),
                        "a#1 timed out as a whole, undoing, compensated | over");
    planner_end(&f);
}

/* The arena's first block takes some; then there is none left. */
static void nothing_is_settled_without_memory(void **unused)
{
    const struct sarn__outcome done = {.output = SARN_STR("out")};
    struct test_heap heap = {0};
    const struct sarn_heap limited = test_heap(&heap);
    struct sarn_arena *arena = sarn_arena_create(&limited);
    struct sarn__execution_event event;
    struct planner f = {0};

    (void)unused;
    assert_non_null(arena);
    BEGIN(&f, EXTERNAL("a"), REPEATABLE("b"));
    heap.fail_at = heap.calls + 1;
    heap.broken = true;
    while (sarn_arena_alloc(arena, 64) != NULL) {
    }
    assert_int_equal(sarn__plan_settle(&f.execution, &f.definition, &f.plan,
                                       &f.plan.duties[0], &done, 0, arena, &event),
                     SARN_ERR_NOMEM);
    sarn_arena_destroy(arena);
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_names_the_next_by_its_table_or_by_itself),
        cmocka_unit_test(a_step_that_is_come_to_again_is_visited_anew),
        cmocka_unit_test(a_loop_has_a_bound),
        cmocka_unit_test(a_step_alone_can_loop_on_itself_a_hundred_times),
        cmocka_unit_test(a_run_has_a_bound_over_all_its_steps),
        cmocka_unit_test(only_first_visits_are_in_a_window),
        cmocka_unit_test(a_window_opens_where_a_step_chose_to_go_on),
        cmocka_unit_test(what_a_window_permitted_and_nobody_came_to_is_passed_over),
        cmocka_unit_test(the_result_is_the_output_of_its_step),
        cmocka_unit_test(a_step_ends_its_run_and_a_new_one_goes_on),
        cmocka_unit_test(attributes_are_set_with_what_they_were),
        cmocka_unit_test(only_the_attempt_that_is_under_way_is_claimed),
        cmocka_unit_test(an_attempt_without_an_intent_is_claimed_while_it_goes_forward),
        cmocka_unit_test(a_reconcile_that_fails_is_asked_again_by_the_policy),
        cmocka_unit_test(a_step_that_is_held_back_begins_when_it_is_let_go),
        cmocka_unit_test(one_that_is_held_back_holds_nobody_else_of_its_group),
        cmocka_unit_test(a_window_is_held_back_and_given_up_by_a_cancel),
        cmocka_unit_test(what_is_held_back_times_out_all_the_same),
        cmocka_unit_test(nothing_is_settled_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
