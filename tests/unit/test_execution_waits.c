/* domain/core/execution: timeouts, and steps that wait to be told. */
#include "core/execution.h"

#include "support/life.h"

/* --- timeouts --- */

static void an_attempt_that_timed_out_may_have_acted(void **unused)
{
    (void)unused;
    assert_life("running: a doubted n1", START, INTENT(A, N(1)),
                LATE(A, N(1), .in_doubt = true));
    assert_life("running: a backoff n1 acted", START, INTENT(A, N(1)),
                LATE(A, N(1), .retry_at_us = 5));
    assert_life("running: a failed n1 acted (timeout: too slow)", START,
                INTENT(A, N(1)), LATE(A, N(1), .text = SARN_STR("too slow")));
    /* Unless it was done in the end, or known not to be. */
    assert_life("running @a: a done n2 o1", START, INTENT(A, N(1)),
                LATE(A, N(1), .retry_at_us = 5), INTENT(A, N(2)), OK(A, N(2)));
    assert_life("running: a failed n2 acted", START, INTENT(A, N(1)),
                LATE(A, N(1), .retry_at_us = 5), INTENT(A, N(2)), FAILED(A, N(2)));
    assert_life("running: a waiting n1", START, INTENT(A, N(1)),
                LATE(A, N(1), .in_doubt = true), FATE(SARN_STEP_NOT_DONE, A, N(1)));
}

static void a_wait_that_timed_out_has_done_nothing(void **unused)
{
    (void)unused;
    assert_life("running: a failed n1 (timeout: )", START, AWAITS(A), LATE(A, N(1)));
    assert_life("running: a failed n1 (timeout: )", START, AGAIN(A, N(1)),
                LATE(A, N(1)));
    assert_life("running @a>c: a expired n1", START, AWAITS(A),
                LATE(A, N(1), NEXT("c")));
    assert_life("completed @a>: a expired n1", START, AWAITS(A),
                LATE(A, N(1), NEXT("")), COMPLETED);
    /* In a group it does not move. */
    assert_life("running: a expired n1", START, AWAITS(A, IN_G),
                LATE(A, N(1), IN_G, NEXT("c")));
    assert_not_life(START, AWAITS(A), LATE(A, N(1), .in_doubt = true));
    assert_not_life(START, AWAITS(A), LATE(A, N(1), .retry_at_us = 5));
}

static void what_is_in_doubt_is_asked_about_or_answers_late(void **unused)
{
    (void)unused;
    assert_life("running @a: a done n1 o1", START, INTENT(A, N(1)),
                LATE(A, N(1), .in_doubt = true), FATE(SARN_STEP_DONE, A, N(1)));
    assert_life("running @a: a done n1 o1", START, INTENT(A, N(1)),
                LATE(A, N(1), .in_doubt = true), OK(A, N(1)));
    assert_life("running: a backoff n1", START, INTENT(A, N(1)),
                LATE(A, N(1), .in_doubt = true), AGAIN(A, N(1)));
    assert_not_life(START, INTENT(A, N(1)), LATE(A, N(1), .in_doubt = true),
                    INTENT(A, N(2)));
}

static void a_compensation_times_out_and_is_tried_again_or_stuck(void **unused)
{
    (void)unused;
    assert_life("compensating @a: a undo backoff n1 c1 o1; b failed n1", START,
                OK(A, N(1)), FAILED(B, N(1)), BEGAN(B), INTENT(A, N(1), UNDO),
                LATE(A, N(1), UNDO, .retry_at_us = 5));
    assert_life("compensating @a: a stuck n1 c1 o1 (timeout: slow); b failed n1", START,
                OK(A, N(1)), FAILED(B, N(1)), BEGAN(B), INTENT(A, N(1), UNDO),
                LATE(A, N(1), UNDO, .text = SARN_STR("slow")));
}

static void deadlines_and_due_times_are_those_of_the_state(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, INTENT(A, N(1), .deadline_us = 50));
    assert_int_equal(f.execution.first->deadline_us, 50);
    LIFE(&f, AGAIN(A, N(1)));
    assert_int_equal(f.execution.first->deadline_us, 0);
    assert_int_equal(f.execution.first->retry_at_us, 9);
    LIFE(&f, OK(A, N(2)), AWAITS(B, .due_us = 70, .deadline_us = 60));
    assert_int_equal(f.execution.last->due_us, 70);
    assert_int_equal(f.execution.last->deadline_us, 60);
    life_end(&f);
}

/* --- signals and updates --- */

static void a_signal_is_kept_until_a_step_takes_it(void **unused)
{
    struct life f;
    struct sarn_str s = sarn_str("s");

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, SIGNAL(.input = SARN_STR("1")), SIGNAL(.input = SARN_STR("2")),
         EVENT(SIGNAL_RECEIVED, .name = SARN_STR("t"), .input = SARN_STR("3")),
         AWAITS(A));
    assert_str_equal(sarn__execution_pending_message(&f.execution, s)->payload, "1");
    assert_null(sarn__execution_latest_message(&f.execution, s));
    LIFE(&f, OK(A, N(1), .name = s));
    assert_str_equal(sarn__execution_latest_message(&f.execution, s)->payload, "1");
    assert_str_equal(sarn__execution_pending_message(&f.execution, s)->payload, "2");
    LIFE(&f, AWAITS(A, V(2)), OK(A, N(1), V(2), .name = s));
    assert_str_equal(sarn__execution_latest_message(&f.execution, s)->payload, "2");
    assert_null(sarn__execution_pending_message(&f.execution, s));
    assert_int_equal(f.execution.message_count, 1);
    /* What is at the end of the list may be taken, and more come. */
    LIFE(&f, AWAITS(B), OK(B, N(1), .name = sarn_str("t")),
         SIGNAL(.input = SARN_STR("4")));
    assert_str_equal(sarn__execution_pending_message(&f.execution, s)->payload, "4");
    life_end(&f);
}

static void a_signal_that_nobody_sent_is_not_taken(void **unused)
{
    (void)unused;
    assert_not_life(START, AWAITS(A), OK(A, N(1), .name = SARN_STR("s")));
    assert_not_life(START, SIGNAL(.carried = false), AWAITS(A),
                    OK(A, N(1), .name = SARN_STR("t")));
}

static void an_update_is_known_at_once_and_waited_for_where_a_step_does(void **unused)
{
    struct life f;
    struct sarn_str s = sarn_str("s");

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, UPDATE(.input = SARN_STR("1")));
    assert_str_equal(sarn__execution_latest_message(&f.execution, s)->payload, "1");
    assert_null(sarn__execution_pending_message(&f.execution, s));
    LIFE(&f, UPDATE(.input = SARN_STR("2"), .to_step = true));
    assert_str_equal(sarn__execution_latest_message(&f.execution, s)->payload, "2");
    assert_str_equal(sarn__execution_pending_message(&f.execution, s)->payload, "2");
    LIFE(&f, AWAITS(A), OK(A, N(1), .name = s));
    assert_null(sarn__execution_pending_message(&f.execution, s));
    life_end(&f);
}

static void signals_that_nobody_waits_for_are_bounded(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__execution execution;
    life_event update = UPDATE(.to_step = false);

    (void)unused;
    sarn__execution_init(&execution, arena);
    assert_int_equal(sarn__execution_apply(&execution, &(life_event)START, NULL),
                     SARN_OK);
    for (uint32_t i = 0; i < SARN__MESSAGES_MAX; i++) {
        assert_int_equal(sarn__execution_apply(
                             &execution, &(life_event)SIGNAL(.carried = true), NULL),
                         SARN_OK);
    }
    assert_int_equal(
        sarn__execution_apply(&execution, &(life_event)SIGNAL(.carried = true), NULL),
        SARN_ERR_CORRUPT);
    assert_int_equal(sarn__execution_apply(&execution, &update, NULL), SARN_OK);
    update.to_step = true;
    assert_int_equal(sarn__execution_apply(&execution, &update, NULL),
                     SARN_ERR_CORRUPT);
    sarn_arena_destroy(arena);
}

/* --- promises and children --- */

static void a_promise_is_settled_once_while_it_is_waited_for(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    assert_string_equal(
        LIFE(&f, START, AWAITS(A), PROMISE(A, .output = SARN_STR("kept"))),
        "running: a awaiting settled");
    assert_str_equal(f.execution.first->output, "kept");
    life_refuses(&f, &(life_event)PROMISE(A));
    assert_string_equal(LIFE(&f, OK(A, N(1), .output = SARN_STR("kept"))),
                        "running @a: a done n1 o1");
    life_refuses(&f, &(life_event)PROMISE(A));
    life_end(&f);
    assert_life(
        "running: a awaiting settled badly (no: never)", START, AWAITS(A),
        PROMISE(A, .failed = true, .code = SARN_STR("no"), .text = SARN_STR("never")));
    assert_not_life(START, INTENT(A, N(1)), PROMISE(A));
}

static void a_promise_may_be_kept_before_it_is_waited_for(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, PROMISE(A, .output = SARN_STR("early")));
    life_refuses(&f, &(life_event)PROMISE(A));
    assert_string_equal(LIFE(&f, AWAITS(A)), "running: a awaiting settled");
    assert_int_equal(f.execution.first->begun, 1);
    assert_str_equal(f.execution.first->output, "early");
    LIFE(&f, OK(A, N(1)), PROMISE(A, V(2)));
    assert_string_equal(life_text(&f), "running @a: a done n1 o1; a#2 waiting settled");
    life_end(&f);
    assert_life("completed: a waiting settled", START, PROMISE(A), COMPLETED);
}

static void a_child_ends_and_its_parent_knows(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START, AWAITS(A, .child = SARN_STR("w-1"), .run_id = {{7}}));
    assert_str_equal(f.execution.first->child, "w-1");
    assert_int_equal(f.execution.first->child_run.bytes[0], 7);
    assert_string_equal(LIFE(&f, CHILD(COMPLETED, A, .output = SARN_STR("o"))),
                        "running: a awaiting settled");
    assert_int_equal(f.execution.first->settled_status, SARN_EXECUTION_COMPLETED);
    life_refuses(&f, &(life_event)CHILD(COMPLETED, A));
    LIFE(&f, OK(A, N(1), .output = SARN_STR("o")));
    assert_str_equal(f.execution.first->child, "w-1");
    /* Undoing it asks the child, and hears of it. */
    LIFE(&f, FAILED(B, N(1)), BEGAN(B));
    life_refuses(&f, &(life_event)CHILD(UNDONE, A, UNDO));
    assert_string_equal(
        LIFE(&f, INTENT(A, N(1), UNDO), CHILD(UNDONE, A, UNDO), OK(A, N(1), UNDO)),
        "compensating @a: a undone n1 c1 o1; b failed n1");
    assert_str_equal(f.execution.first->output, "o");
    life_end(&f);
    assert_life(
        "running: a awaiting settled badly (no: it failed)", START,
        AWAITS(A, .child = SARN_STR("w-1")),
        CHILD(COMPENSATED, A, .code = SARN_STR("no"), .text = SARN_STR("it failed")));
    /* One that is not waited for has no say. */
    assert_not_life(START, AWAITS(A), CHILD(COMPLETED, A));
    assert_not_life(START, CHILD(COMPLETED, A));
    assert_not_life(START, AWAITS(A, .child = SARN_STR("w-1")), DROPPED(A),
                    CHILD(COMPLETED, A));
}

/* --- search attributes --- */

static void attributes_are_set_and_removed_by_what_succeeds(void **unused)
{
    static const struct sarn__attribute two[] = {{SARN_STR("x"), SARN_STR("1")},
                                                 {SARN_STR("y"), SARN_STR("2")}};
    static const struct sarn__attribute other[] = {{SARN_STR("x"), SARN_STR("")},
                                                   {SARN_STR("y"), SARN_STR("3")},
                                                   {SARN_STR("z"), SARN_STR("")}};
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, EVENT(STARTED, .attributes = two, .attribute_count = 2));
    assert_str_equal(sarn__execution_attribute(&f.execution, sarn_str("x")), "1");
    LIFE(&f, OK(A, N(1), .attributes = other, .attribute_count = 3));
    assert_int_equal(sarn__execution_attribute(&f.execution, sarn_str("x")).size, 0);
    assert_str_equal(sarn__execution_attribute(&f.execution, sarn_str("y")), "3");
    assert_int_equal(f.execution.attribute_count, 1);
    life_end(&f);
}

static void there_are_no_more_attributes_than_the_limit(void **unused)
{
    static char names[SARN_ATTRIBUTES_MAX + 1][4];
    struct sarn__attribute all[SARN_ATTRIBUTES_MAX + 1];
    struct life f;

    (void)unused;
    for (uint32_t i = 0; i < COUNT(all); i++) {
        snprintf(names[i], sizeof(names[i]), "%" PRIu32, i);
        all[i] = (struct sarn__attribute){sarn_str(names[i]), SARN_STR("v")};
    }
    life_begin(&f);
    life_refuses(&f, &(life_event)EVENT(STARTED, .attributes = all,
                                        .attribute_count = COUNT(all)));
    LIFE(&f, EVENT(STARTED, .attributes = all, .attribute_count = COUNT(all) - 1));
    life_refuses(&f, &(life_event)OK(A, N(1), .attributes = &all[COUNT(all) - 1],
                                     .attribute_count = 1));
    life_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_that_timed_out_may_have_acted),
        cmocka_unit_test(a_wait_that_timed_out_has_done_nothing),
        cmocka_unit_test(what_is_in_doubt_is_asked_about_or_answers_late),
        cmocka_unit_test(a_compensation_times_out_and_is_tried_again_or_stuck),
        cmocka_unit_test(deadlines_and_due_times_are_those_of_the_state),
        cmocka_unit_test(a_signal_is_kept_until_a_step_takes_it),
        cmocka_unit_test(a_signal_that_nobody_sent_is_not_taken),
        cmocka_unit_test(an_update_is_known_at_once_and_waited_for_where_a_step_does),
        cmocka_unit_test(signals_that_nobody_waits_for_are_bounded),
        cmocka_unit_test(a_promise_is_settled_once_while_it_is_waited_for),
        cmocka_unit_test(a_promise_may_be_kept_before_it_is_waited_for),
        cmocka_unit_test(a_child_ends_and_its_parent_knows),
        cmocka_unit_test(attributes_are_set_and_removed_by_what_succeeds),
        cmocka_unit_test(there_are_no_more_attributes_than_the_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
