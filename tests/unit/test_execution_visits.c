/* domain/core/execution: visits, groups, branches, runs: where an execution is. */
#include "core/execution.h"

#include "support/life.h"

static const struct sarn_str b_only[] = {SARN_STR("b")};

/* --- visits --- */

static void a_step_that_is_over_is_visited_once_more(void **unused)
{
    (void)unused;
    assert_life("running @a>a: a done n1 o1; a#2 running n1", START,
                OK(A, N(1), NEXT("a")), INTENT(A, N(1), V(2)));
    assert_life("running @a: a done n1 o1; a#2 done n1 o2", START,
                OK(A, N(1), NEXT("a")), INTENT(A, N(1), V(2)), OK(A, N(1), V(2)));
    /* Numbers may be left out, but not taken again. */
    assert_life("running @a: a done n1 o1; a#5 running n1", START, OK(A, N(1)),
                INTENT(A, N(1), V(5)));
    assert_not_life(START, OK(A, N(1)), INTENT(A, N(1), V(5)), OK(A, N(1), V(5)),
                    INTENT(A, N(1), V(4)));
    assert_not_life(START, INTENT(A, N(1)), INTENT(A, N(1), V(2)));
    assert_not_life(START, AWAITS(A), AWAITS(A, V(2)));
}

static void the_visit_before_is_still_there(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, OK(A, N(1), .output = SARN_STR("one")), OK(B, N(1)),
         OK(A, N(1), V(2), .output = SARN_STR("two")));
    assert_int_equal(sarn__execution_step(&f.execution, sarn_str("a"))->visit, 2);
    assert_str_equal(sarn__execution_visit(&f.execution, sarn_str("a"), 0)->output,
                     "one");
    assert_str_equal(sarn__execution_visit(&f.execution, sarn_str("a"), 2)->output,
                     "two");
    assert_null(sarn__execution_visit(&f.execution, sarn_str("a"), 3));
    assert_null(sarn__execution_step(&f.execution, sarn_str("c")));
    /* And is undone by its own number. */
    assert_string_equal(
        LIFE(&f, FAILED(C, N(1)), BEGAN(C), OK(A, N(1), V(2), UNDO), OK(A, N(1), UNDO)),
        "compensating @a: a undone n1 c1 o1; b done n1 o2; "
        "a#2 undone n1 c1 o3; c failed n1");
    life_end(&f);
}

static void a_window_opens_again_for_the_next_visit(void **unused)
{
    (void)unused;
    assert_life("running @a: a done n1 o1; b done n1 o2 permitted; a#2 done n1 o3; "
                "b#2 waiting permitted",
                START, OK(A, N(1), STEPS(b_only)), OK(B, N(1), NEXT("a")),
                OK(A, N(1), V(2), STEPS(b_only)));
    assert_not_life(START, OK(A, N(1), STEPS(b_only)),
                    OK(A, N(1), V(2), STEPS(b_only)));
}

static void a_visit_remembers_when_and_where_it_began(void **unused)
{
    struct life f;
    const struct sarn__step *b = NULL;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, OK(A, N(1), STEPS(b_only), .time_us = 3),
         AGAIN(B, N(1), .time_us = 7), OK(B, N(2), .time_us = 20));
    b = sarn__execution_step(&f.execution, sarn_str("b"));
    assert_int_equal(b->scheduled_us, 7); /* Not when it was permitted. */
    assert_int_equal(b->begun, 2);
    assert_str_equal(b->before.id, "a");
    life_end(&f);
}

/* --- where it is --- */

static void a_step_chooses_what_follows(void **unused)
{
    (void)unused;
    assert_life("running @a>c: a done n1 o1", START, OK(A, N(1), NEXT("c")));
    assert_life("completed @a>: a done n1 o1", START, OK(A, N(1), NEXT("")), COMPLETED);
    /* What a window permitted and was passed by does not stand in the way. */
    assert_life("completed @a>: a done n1 o1; b waiting permitted", START,
                OK(A, N(1), STEPS(b_only), NEXT("")), COMPLETED);
}

static void members_of_a_group_do_not_move_it_until_they_are_joined(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    assert_string_equal(LIFE(&f, START, OK(A, N(1)), INTENT(B, N(1), IN_G),
                             INTENT(C, N(1), IN_G), OK(C, N(1), IN_G)),
                        "running @a: a done n1 o1; b running n1; c done n1 o2");
    assert_string_equal(LIFE(&f, JOINED),
                        "running @group g: a done n1 o1; b running n1; c done n1 o2");
    /* What its group did not need ends by itself. */
    assert_string_equal(LIFE(&f, OK(B, N(1), IN_G)),
                        "running @group g: a done n1 o1; b done n1 o3; c done n1 o2");
    life_end(&f);
    assert_not_life(START, OK(A, N(1)), JOINED);
}

static void members_that_began_at_one_place_belong_together(void **unused)
{
    struct life f;
    const struct sarn__step *b = NULL;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, INTENT(B, N(1), IN_G), INTENT(C, N(1), IN_G), OK(B, N(1), IN_G),
         OK(C, N(1), IN_G));
    b = sarn__execution_step(&f.execution, sarn_str("b"));
    assert_int_equal(b->before.serial, b->next->before.serial);
    assert_int_equal(b->before.serial, f.execution.place.serial);
    LIFE(&f, JOINED, OK(A, N(1), NEXT("b")));
    assert_int_not_equal(b->before.serial, f.execution.place.serial);
    LIFE(&f, INTENT(B, N(1), V(2), IN_G));
    b = sarn__execution_step(&f.execution, sarn_str("b"));
    assert_int_equal(b->visit, 2);
    assert_int_equal(b->before.serial, f.execution.place.serial);
    life_end(&f);
}

static void a_group_completes_with_members_that_failed_or_were_not_needed(void **unused)
{
    (void)unused;
    assert_life("completed @group g: a failed n1; b cancelled; c done n1 o1", START,
                INTENT(A, N(1), IN_G), AWAITS(B, IN_G), INTENT(C, N(1), IN_G),
                FAILED(A, N(1), IN_G), OK(C, N(1), IN_G), DROPPED(B, IN_G), JOINED,
                COMPLETED);
    assert_not_life(START, INTENT(A, N(1), IN_G), OK(B, N(1), IN_G), JOINED, COMPLETED);
    assert_not_life(START, AWAITS(A, IN_G), OK(B, N(1), IN_G), JOINED, COMPLETED);
    assert_not_life(START, AGAIN(A, N(1), IN_G), OK(B, N(1), IN_G), JOINED, COMPLETED);
}

static void it_does_not_complete_before_its_steps(void **unused)
{
    (void)unused;
    assert_not_life(START, INTENT(A, N(1)), COMPLETED);
    assert_not_life(START, AGAIN(A, N(1)), COMPLETED);
    assert_not_life(START, FAILED(A, N(1)), COMPLETED);
    assert_not_life(START, AWAITS(A), COMPLETED);
    assert_not_life(START, INTENT(A, N(1)), FATE(SARN_STEP_NOT_DONE, A, N(1)),
                    COMPLETED);
    assert_not_life(START, INTENT(A, N(1)), LATE(A, N(1), .in_doubt = true), COMPLETED);
    assert_not_life(START, OK(A, N(1)), FAILED(B, N(1)), BEGAN(B), COMPLETED);
}

static void its_output_is_what_the_end_says(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, OK(A, N(1)), EVENT(COMPLETED, .output = SARN_STR("result")));
    assert_str_equal(f.execution.output, "result");
    life_end(&f);
}

/* --- forks --- */

static void an_inherited_step_is_done_and_never_undone(void **unused)
{
    (void)unused;
    assert_life("running @a: a done o1 inherited", START, HAD(A));
    assert_life("running @a>c: a done o1 inherited", START, HAD(A, NEXT("c")));
    assert_life("running @group g: a done o1 inherited; b done o2 inherited", START,
                HAD(A, IN_G), HAD(B, IN_G), JOINED);
    assert_not_life(START, INTENT(A, N(1)), HAD(A));
    assert_not_life(START, HAD(A), FAILED(B, N(1)), BEGAN(B), INTENT(A, N(1), UNDO));
    assert_life("compensated @a: a done o1 inherited; b failed n1", START, HAD(A),
                FAILED(B, N(1)), BEGAN(B), COMPENSATED(FAILURE));
}

/* --- runs --- */

static void a_run_goes_on_as_a_new_one_when_a_step_said_so(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    assert_string_equal(LIFE(&f, START,
                             OK(A, N(1), .continues = true, .input = SARN_STR("again")),
                             CONTINUED),
                        "continued @a: a done n1 o1");
    assert_str_equal(f.execution.continue_input, "again");
    assert_true(sarn__execution_is_closed(&f.execution));
    assert_string_equal(LIFE(&f, START), "running");
    assert_false(f.execution.continues);
    assert_null(f.execution.first);
    life_end(&f);
    assert_not_life(START, OK(A, N(1)), CONTINUED);
}

static void a_new_run_begins_from_nothing(void **unused)
{
    (void)unused;
    assert_life("running: a running n1", START, SIGNAL(.carried = false), OK(A, N(1)),
                COMPLETED, START, INTENT(A, N(1)));
    assert_life("running", START, FAILED(A, N(1)), BEGAN(A), COMPENSATED(FAILURE),
                START);
    assert_life("running", START, CANCELS, BEGAN(BY(CANCEL)), COMPENSATED(CANCEL),
                START);
    assert_life("running", START, OK(A, N(1)), PAUSE, RESUME, COMPLETED, START);
    /* What is to be undone is not over. */
    assert_not_life(START, OK(A, N(1)), COMPLETED, ASK_UNDO, START);
}

static void another_definition_is_recorded(void **unused)
{
    static const struct sarn__beginning next = {.definition_version = 3,
                                                .fingerprint = 8};
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, OK(A, N(1)), EVENT(UPGRADED, .beginning = &next));
    assert_int_equal(f.execution.beginning.definition_version, 3);
    assert_int_equal(f.execution.beginning.fingerprint, 8);
    life_end(&f);
    assert_not_life(START, FAILED(A, N(1)), BEGAN(A), COMPENSATED(FAILURE),
                    EVENT(UPGRADED, .beginning = &next));
}

static void sleep_changes_nothing(void **unused)
{
    (void)unused;
    assert_life("running: a awaiting", START, AWAITS(A, .due_us = 9),
                EVENT(SLEPT, .due_us = 9));
    assert_not_life(EVENT(SLEPT, .due_us = 9));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_is_over_is_visited_once_more),
        cmocka_unit_test(the_visit_before_is_still_there),
        cmocka_unit_test(a_window_opens_again_for_the_next_visit),
        cmocka_unit_test(a_visit_remembers_when_and_where_it_began),
        cmocka_unit_test(a_step_chooses_what_follows),
        cmocka_unit_test(members_of_a_group_do_not_move_it_until_they_are_joined),
        cmocka_unit_test(members_that_began_at_one_place_belong_together),
        cmocka_unit_test(a_group_completes_with_members_that_failed_or_were_not_needed),
        cmocka_unit_test(it_does_not_complete_before_its_steps),
        cmocka_unit_test(its_output_is_what_the_end_says),
        cmocka_unit_test(an_inherited_step_is_done_and_never_undone),
        cmocka_unit_test(a_run_goes_on_as_a_new_one_when_a_step_said_so),
        cmocka_unit_test(a_new_run_begins_from_nothing),
        cmocka_unit_test(another_definition_is_recorded),
        cmocka_unit_test(sleep_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
