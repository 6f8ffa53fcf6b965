/* domain/core/fit: may an execution go on with another definition? Each row of the
 * table in fit.h. */
#include "core/fit.h"

#include <string.h>

#include "support/planner.h"

#define STEPS(...) ((const struct sarn_step[]){__VA_ARGS__, {.id = NULL}})

/* A step that has nothing to undo it with. */
#define PLAIN(...)                                                                     \
    {                                                                                  \
        .run = planner_function, .id = __VA_ARGS__                                     \
    }

static const char *const was_b[] = {"b", NULL};

/* Begin with steps, the first done of them done. */
static void begin(struct planner *f, uint32_t done, const struct sarn_step *steps)
{
    size_t count = 0;

    *f = (struct planner){0};
    while (steps[count].id != NULL) {
        count++;
    }
    planner_begin(f, steps, count);
    for (uint32_t i = 0; i < done; i++) {
        planner_ok(f);
    }
}

static const char *verdict_from(struct planner *f,
                                const struct sarn__definition *old,
                                const struct sarn_step *steps)
{
    static struct sarn__misfit misfit;
    struct sarn_workflow workflow = f->workflow;
    struct sarn__definition next = {&workflow, 8};

    workflow.steps = steps;
    for (workflow.step_count = 0; steps[workflow.step_count].id != NULL;) {
        workflow.step_count += 1;
    }
    if (sarn__fits(&f->execution, old, &next, &misfit)) {
        return "fits";
    }
    return misfit.reason;
}

/* Why an execution of old with so many steps done cannot go on with steps. */
static const char *
verdict(uint32_t done, const struct sarn_step *old, const struct sarn_step *steps)
{
    struct planner f;
    const char *reason = NULL;

    begin(&f, done, old);
    reason = verdict_from(&f, &f.definition, steps);
    planner_end(&f);
    return reason;
}

/* The same when nobody knows old any more. */
static const char *
verdict_blind(uint32_t done, const struct sarn_step *old, const struct sarn_step *steps)
{
    struct planner f;
    const char *reason = NULL;

    begin(&f, done, old);
    reason = verdict_from(&f, NULL, steps);
    planner_end(&f);
    return reason;
}

#define BOTH(done, old, steps, reason)                                                 \
    do {                                                                               \
        assert_string_equal(verdict(done, old, steps), reason);                        \
        assert_string_equal(verdict_blind(done, old, steps), reason);                  \
    } while (0)

#define ABC STEPS(EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"))

static void
an_added_step_is_run_when_it_is_reached_and_never_when_it_is_past(void **unused)
{
    struct planner f;

    (void)unused;
    BOTH(1, ABC, STEPS(EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("n"), EXTERNAL("c")),
         "fits");
    BOTH(1, ABC, STEPS(EXTERNAL("n"), EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c")),
         "fits");
    begin(&f, 1, ABC);
    UPGRADE(&f, EXTERNAL("n"), EXTERNAL("a"), EXTERNAL("m"), EXTERNAL("b"),
            EXTERNAL("o"), EXTERNAL("c"));
    /* b has begun: n and m, before it, are past. */
    assert_string_equal(planner_ok(&f), "b#1 ok, o#1 begun | run o#1");
    planner_end(&f);
}

static void a_removed_step_that_it_has_not_come_to_is_nothing(void **unused)
{
    (void)unused;
    BOTH(1, ABC, STEPS(EXTERNAL("a"), EXTERNAL("b")), "fits");
}

static void a_removed_step_that_is_done_may_go_if_it_has_no_undo(void **unused)
{
    struct planner f;

    (void)unused;
    assert_string_equal(verdict(1, STEPS(PLAIN("a"), EXTERNAL("b"), EXTERNAL("c")),
                                STEPS(EXTERNAL("b"), EXTERNAL("c"))),
                        "fits");
    begin(&f, 1, STEPS(PLAIN("a"), EXTERNAL("b"), LOCAL("c")));
    assert_string_equal(UPGRADE(&f, EXTERNAL("b"), LOCAL("c")), "upgraded | run b#1");
    f.failing = "c";
    assert_string_equal(planner_ok(&f),
                        "b#1 ok, c#1 failed, undoing, undo b#1 begun | undo b#1");
    assert_string_equal(planner_ok(&f), "undo b#1 ok, compensated | over");
    planner_end(&f);
}

static void a_removed_step_that_is_done_and_undoes_does_not_fit(void **unused)
{
    (void)unused;
    assert_string_equal(
        verdict(1, ABC, STEPS(EXTERNAL("b"), EXTERNAL("c"))),
        "the step was done and is to be undone if it comes to that, and "
        "it was removed");
    assert_string_equal(
        verdict_blind(1, ABC, STEPS(EXTERNAL("b"), EXTERNAL("c"))),
        "the step was done, it was removed, and nobody knows whether it "
        "has something to undo");
}

static void a_removed_step_that_it_is_at_does_not_fit(void **unused)
{
    struct planner f;

    (void)unused;
    BOTH(1, ABC, STEPS(EXTERNAL("a"), EXTERNAL("c")),
         "the step has begun, and it was removed");
    begin(&f, 1, ABC);
    planner_fails(&f, "busy"); /* It backs off. */
    assert_string_equal(
        verdict_from(&f, &f.definition, STEPS(EXTERNAL("a"), EXTERNAL("c"))),
        "the step has begun, and it was removed");
    planner_end(&f);
}

static void a_removed_step_of_a_window_that_may_have_run_does_not_fit(void **unused)
{
    struct planner f;
    const struct sarn_step *steps = STEPS(REPEATABLE("a"), REPEATABLE("c"));

    (void)unused;
    begin(&f, 1, STEPS(REPEATABLE("a"), REPEATABLE("b"), REPEATABLE("c")));
    assert_string_equal(verdict_from(&f, &f.definition, steps), "fits");
    planner_crash(&f);
    assert_string_equal(verdict_from(&f, &f.definition, steps),
                        "the step may have run, and it was removed");
    planner_end(&f);
}

static void a_renamed_step_with_an_alias_goes_on_under_its_new_id(void **unused)
{
    struct planner f;
    const struct sarn_step *steps =
        STEPS(EXTERNAL("a"), EXTERNAL("n", .aliases = was_b), EXTERNAL("c"));

    (void)unused;
    BOTH(0, ABC, steps, "fits");
    BOTH(1, ABC, steps, "fits");
    BOTH(2, ABC, steps, "fits");
    begin(&f, 1, ABC);
    UPGRADE(&f, EXTERNAL("a"), EXTERNAL("n", .aliases = was_b, .next = "a"));
    assert_string_equal(planner_ok(&f), "b#1 ok, a@2#1 begun | run a@2#1");
    assert_string_equal(planner_ok(&f), "a@2#1 ok, n@2#1 begun | run n@2#1");
    planner_end(&f);
}

static void a_step_that_was_moved_runs_in_the_new_order(void **unused)
{
    (void)unused;
    BOTH(1, STEPS(EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("c"), EXTERNAL("d")),
         STEPS(EXTERNAL("a"), EXTERNAL("b"), EXTERNAL("d"), EXTERNAL("c")), "fits");
}

static void a_step_that_was_moved_and_would_be_skipped_does_not_fit(void **unused)
{
    (void)unused;
    assert_string_equal(
        verdict(1, ABC, STEPS(EXTERNAL("c"), EXTERNAL("a"), EXTERNAL("b"))),
        "the step was moved to before where the execution is, and would never be run");
    assert_string_equal(
        verdict(1, ABC, STEPS(EXTERNAL("a"), EXTERNAL("c"), EXTERNAL("b"))),
        "the step was moved to before where the execution is, and would never be run");
    /* Nobody can tell it from one that was added. */
    assert_string_equal(
        verdict_blind(1, ABC, STEPS(EXTERNAL("a"), EXTERNAL("c"), EXTERNAL("b"))),
        "fits");
}

static void a_step_that_was_moved_and_would_be_run_twice_does_not_fit(void **unused)
{
    (void)unused;
    BOTH(1, ABC, STEPS(EXTERNAL("b"), EXTERNAL("a"), EXTERNAL("c")),
         "the step was done, it was moved to behind where the execution is, and would "
         "be "
         "run once more");
    BOTH(1, ABC, STEPS(EXTERNAL("b"), EXTERNAL("c"), EXTERNAL("a")),
         "the step was done, it was moved to behind where the execution is, and would "
         "be "
         "run once more");
}

static void a_loop_is_no_move(void **unused)
{
    const struct sarn_step *loop = STEPS(EXTERNAL("a"), EXTERNAL("b", .next = "a"));

    (void)unused;
    BOTH(1, loop, STEPS(EXTERNAL("a"), EXTERNAL("n"), EXTERNAL("b", .next = "a")),
         "fits");
    BOTH(3, loop, STEPS(EXTERNAL("a"), EXTERNAL("n"), EXTERNAL("b", .next = "a")),
         "fits");
}

static void a_step_of_another_kind_fits_only_before_it_has_begun(void **unused)
{
    const struct sarn_step *local = STEPS(EXTERNAL("a"), LOCAL("b"), EXTERNAL("c"));

    (void)unused;
    BOTH(0, ABC, local, "fits");
    BOTH(1, ABC, local, "the step has begun, and it is of another kind");
    assert_string_equal(verdict(2, ABC, local),
                        "the step has begun, and it is of another kind");
}

static void a_step_of_another_group_fits_only_before_it_has_begun(void **unused)
{
    const struct sarn_step *grouped =
        STEPS(EXTERNAL("a"), EXTERNAL("b", .group = "g"), EXTERNAL("c", .group = "g"));

    (void)unused;
    BOTH(0, ABC, grouped, "fits");
    BOTH(1, ABC, grouped, "the step has begun, and it is in another group");
}

static void a_step_with_another_output_fits_only_before_it_has_begun(void **unused)
{
    static const struct sarn_type type = {.name = "t.Other"};
    const struct sarn_step *other =
        STEPS(EXTERNAL("a"), EXTERNAL("b", .output = &type), EXTERNAL("c"));

    (void)unused;
    assert_string_equal(verdict(0, ABC, other), "fits");
    assert_string_equal(verdict(1, ABC, other),
                        "the step has begun, and it has another type of output");
    assert_string_equal(verdict(2, ABC, other),
                        "the step has begun, and it has another type of output");
}

static void
a_step_that_cannot_be_undone_any_more_fits_only_before_it_has_begun(void **unused)
{
    struct planner f;
    const struct sarn_step *plain = STEPS(PLAIN("a"), EXTERNAL("b"), LOCAL("c"));

    (void)unused;
    assert_string_equal(
        verdict(1, ABC, STEPS(PLAIN("a"), EXTERNAL("b"), EXTERNAL("c"))),
        "the step has begun, and it has nothing to undo it with any "
        "more");
    /* While it is undone, that is seen without the old one, too. */
    begin(&f, 0, STEPS(EXTERNAL("a"), EXTERNAL("b"), LOCAL("c")));
    f.failing = "c";
    planner_ok(&f);
    planner_ok(&f);
    planner_ok(&f);
    planner_fails(&f, "busy");
    assert_string_equal(verdict_from(&f, NULL, plain),
                        "the step has begun, and it has nothing to undo it with any "
                        "more");
    planner_end(&f);
}

static void what_is_undone_needs_no_place_to_go_on_from(void **unused)
{
    struct planner f;

    (void)unused;
    begin(&f, 0, STEPS(PLAIN("a"), EXTERNAL("b"), LOCAL("c"), LOCAL("d")));
    f.failing = "c";
    planner_ok(&f);
    planner_ok(&f);
    assert_string_equal(verdict_from(&f, &f.definition, STEPS(EXTERNAL("b"))), "fits");
    planner_end(&f);
}

static void a_place_that_was_removed_between_two_steps_does_not_fit(void **unused)
{
    struct planner f;
    struct sarn__execution_event event = {
        .kind = SARN__STEP_SUCCEEDED, .step = SARN_STR("a"), .attempt = 1};

    (void)unused;
    begin(&f, 0, STEPS(PLAIN("a"), EXTERNAL("b")));
    assert_int_equal(sarn__execution_apply(&f.execution, &event, NULL), SARN_OK);
    assert_string_equal(verdict_from(&f, &f.definition, STEPS(EXTERNAL("b"))),
                        "the execution is behind this step, which was removed, or goes "
                        "on with a step that was");
    planner_end(&f);
}

static void the_other_order_of_the_undo_is_as_the_new_one_says(void **unused)
{
    struct planner f;
    struct sarn__misfit misfit;
    struct sarn_workflow workflow;
    struct sarn__definition next = {&workflow, 8};

    (void)unused;
    begin(&f, 1, ABC);
    workflow = f.workflow;
    workflow.undo_order = SARN_UNDO_PARALLEL;
    assert_true(sarn__fits(&f.execution, &f.definition, &next, &misfit));
    planner_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            an_added_step_is_run_when_it_is_reached_and_never_when_it_is_past),
        cmocka_unit_test(a_removed_step_that_it_has_not_come_to_is_nothing),
        cmocka_unit_test(a_removed_step_that_is_done_may_go_if_it_has_no_undo),
        cmocka_unit_test(a_removed_step_that_is_done_and_undoes_does_not_fit),
        cmocka_unit_test(a_removed_step_that_it_is_at_does_not_fit),
        cmocka_unit_test(a_removed_step_of_a_window_that_may_have_run_does_not_fit),
        cmocka_unit_test(a_renamed_step_with_an_alias_goes_on_under_its_new_id),
        cmocka_unit_test(a_step_that_was_moved_runs_in_the_new_order),
        cmocka_unit_test(a_step_that_was_moved_and_would_be_skipped_does_not_fit),
        cmocka_unit_test(a_step_that_was_moved_and_would_be_run_twice_does_not_fit),
        cmocka_unit_test(a_loop_is_no_move),
        cmocka_unit_test(a_step_of_another_kind_fits_only_before_it_has_begun),
        cmocka_unit_test(a_step_of_another_group_fits_only_before_it_has_begun),
        cmocka_unit_test(a_step_with_another_output_fits_only_before_it_has_begun),
        cmocka_unit_test(
            a_step_that_cannot_be_undone_any_more_fits_only_before_it_has_begun),
        cmocka_unit_test(what_is_undone_needs_no_place_to_go_on_from),
        cmocka_unit_test(a_place_that_was_removed_between_two_steps_does_not_fit),
        cmocka_unit_test(the_other_order_of_the_undo_is_as_the_new_one_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
