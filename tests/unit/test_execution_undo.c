/* domain/core/execution: compensation, resets, decisions, cancel, pause. */
#include "core/execution.h"

#include "support/life.h"

static const struct sarn_str a_and_b[] = {SARN_STR("a"), SARN_STR("b")};
static const struct sarn_str a_only[] = {SARN_STR("a")};
static const struct sarn_str b_only[] = {SARN_STR("b")};
static const struct sarn_str b_twice[] = {SARN_STR("b"), SARN_STR("b")};

#define START_AB EVENT(STARTED, STEPS(a_and_b))
/* A has been done, and B fails: A is to be undone. */
#define UNDOING_A START, OK(A, N(1)), FAILED(B, N(1)), BEGAN(B)
#define STUCK_A                                                                        \
    UNDOING_A, INTENT(A, N(1), UNDO), FAILED(A, N(1), UNDO, .text = SARN_STR("no")),   \
        PARKED(A, UNDO)
#define UNKNOWN_A START, INTENT(A, N(1)), FATE(SARN_STEP_UNKNOWN, A, N(1)), PARKED(A)

/* --- compensation begins --- */

static void compensation_begins_with_a_failure(void **unused)
{
    (void)unused;
    assert_life("compensating @a: a done n1 o1; b failed n1", UNDOING_A);
    assert_not_life(START, BEGAN(A));
    assert_not_life(START, OK(A, N(1)), BEGAN(A));
    assert_not_life(START, FAILED(A, N(1)), BEGAN(A), BEGAN(A));
    assert_not_life(START, FAILED(A, N(1)), BEGAN(A, BY(RESET)));
}

static void compensation_begins_where_an_end_was_asked_for(void **unused)
{
    struct life f;

    (void)unused;
    assert_not_life(START, BEGAN(BY(CANCEL)));
    assert_not_life(START, CANCELS, BEGAN(BY(TERMINATE)));
    assert_life("compensating ending: a running n1", START, INTENT(A, N(1)), CANCELS,
                BEGAN(BY(CANCEL)));
    assert_life("compensating terminating: a running n1", START, INTENT(A, N(1)),
                TERMINATES, BEGAN(BY(TERMINATE)));
    assert_life("compensating: a running n1", START, INTENT(A, N(1)),
                BEGAN(BY(TIMEOUT)));
    life_begin(&f);
    LIFE(&f, START, CANCELS);
    assert_str_equal(f.execution.asked_text, "enough");
    LIFE(&f, BEGAN(BY(CANCEL), .code = SARN_STR("cancelled"), .text = SARN_STR("x")));
    assert_str_equal(f.execution.failure.code, "cancelled");
    assert_str_equal(f.execution.failure.text, "x");
    life_end(&f);
}

static void what_completed_is_undone_when_its_parent_asks(void **unused)
{
    (void)unused;
    assert_not_life(START, ASK_UNDO);
    assert_not_life(START, COMPLETED, ASK_UNDO, ASK_UNDO);
    assert_not_life(START, COMPLETED, ASK_UNDO, BEGAN(BY(CANCEL)));
    assert_life("completed to undo @a: a done n1 o1", START, OK(A, N(1)), COMPLETED,
                ASK_UNDO);
    assert_life("undone to undo @a: a undone n1 c1 o1", START, OK(A, N(1)), COMPLETED,
                ASK_UNDO, BEGAN(BY(PARENT)), INTENT(A, N(1), UNDO), OK(A, N(1), UNDO),
                COMPENSATED(PARENT));
    /* It can be parked on the way. */
    assert_life("completed to undo @a: a done n1 o1", START, OK(A, N(1)), COMPLETED,
                ASK_UNDO, PARKED(.was = SARN_EXECUTION_COMPLETED),
                DECIDED(RETRY, N(0)));
}

static void it_is_over_only_when_nothing_goes_on_by_itself(void **unused)
{
    static const struct {
        life_event events[6];
        bool over, closed;
    } rows[] = {
        {{START}, false, false},
        {{START, COMPLETED}, true, true},
        {{START, COMPLETED, ASK_UNDO}, false, false},
        {{START, PARKED(A)}, true, false},
        {{START, CANCELS, BEGAN(BY(CANCEL))}, false, false},
        {{START, CANCELS, BEGAN(BY(CANCEL)), COMPENSATED(CANCEL)}, true, true},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct life f;
        size_t count = 0;

        life_begin(&f);
        while (count < COUNT(rows[i].events) && rows[i].events[count].kind != 0) {
            count += 1;
        }
        life_fold(&f, rows[i].events, count);
        assert_int_equal(sarn__execution_is_over(&f.execution), rows[i].over);
        assert_int_equal(sarn__execution_is_closed(&f.execution), rows[i].closed);
        life_end(&f);
    }
}

/* --- in doubt --- */

static void what_a_window_permitted_can_be_in_doubt(void **unused)
{
    (void)unused;
    assert_life("compensating: a failed n1 permitted; b in doubt o1 permitted",
                START_AB, FAILED(A, N(1)), BEGAN(A, STEPS(b_only)));
    assert_life("compensating: a in doubt n1 o1 permitted; b in doubt o2 permitted",
                START_AB, FAILED(A, N(1)), BEGAN(A, STEPS(a_and_b)));
    assert_not_life(START, FAILED(A, N(1)), BEGAN(A, STEPS(b_only)));
    assert_not_life(START, OK(B, N(1)), FAILED(A, N(1)), BEGAN(A, STEPS(b_only)));
    assert_not_life(START_AB, FAILED(A, N(1)), BEGAN(A, STEPS(b_twice)));
    /* Undone by its key alone. */
    assert_life("compensated: a failed n1 permitted; b undone c1 o1 permitted",
                START_AB, FAILED(A, N(1)), BEGAN(A, STEPS(b_only)),
                INTENT(B, N(1), UNDO), OK(B, N(1), UNDO), COMPENSATED(FAILURE));
}

static void what_timed_out_under_its_key_is_in_doubt_by_itself(void **unused)
{
    (void)unused;
    assert_life("compensating: a in doubt n1 o1 (timeout: )", START, INTENT(A, N(1)),
                LATE(A, N(1)), BEGAN(A));
    /* Named or not, and before what is named. */
    assert_life("compensating: a in doubt n1 o1 (timeout: )", START, INTENT(A, N(1)),
                LATE(A, N(1)), BEGAN(A, STEPS(a_only)));
    assert_life("compensating ending: a in doubt n1 o1", START, INTENT(A, N(1)),
                LATE(A, N(1), .retry_at_us = 5), CANCELS, DROPPED(A),
                BEGAN(BY(CANCEL)));
    /* An earlier visit, too. */
    assert_life("compensating @group g: a in doubt n1 o3 (timeout: ); b done n1 o1; "
                "a#2 done n1 o2; c failed n1",
                START, INTENT(A, N(1), IN_G), INTENT(B, N(1), IN_G),
                LATE(A, N(1), IN_G), OK(B, N(1), IN_G), JOINED, OK(A, N(1), V(2), IN_G),
                FAILED(C, N(1)), BEGAN(C));
}

static void what_may_have_run_is_told_to_whoever_writes_it_down(void **unused)
{
    struct life f;
    struct sarn_str steps[4];

    (void)unused;
    life_begin(&f);
    LIFE(&f, START_AB);
    assert_int_equal(sarn__execution_doubts(&f.execution, steps), 0);
    sarn__execution_recovered(&f.execution, true);
    assert_int_equal(sarn__execution_doubts(&f.execution, steps), 2);
    assert_str_equal(steps[1], "b");
    assert_int_equal(
        sarn__execution_apply(&f.execution, &(life_event)FAILED(A, N(1)), &f.error),
        SARN_OK);
    assert_int_equal(sarn__execution_doubts(&f.execution, steps), 2);
    assert_int_equal(sarn__execution_apply(
                         &f.execution, &(life_event)BEGAN(A, STEPS(a_and_b)), &f.error),
                     SARN_OK);
    assert_int_equal(sarn__execution_doubts(&f.execution, steps), 0);
    life_end(&f);
}

static void what_is_under_way_may_end_while_the_rest_is_undone(void **unused)
{
    (void)unused;
    assert_life("compensating terminating: a done n1 o1", START, INTENT(A, N(1)),
                TERMINATES, BEGAN(BY(TERMINATE)), OK(A, N(1)));
    assert_life("compensating terminating: a failed n1", START, INTENT(A, N(1)),
                TERMINATES, BEGAN(BY(TERMINATE)), FAILED(A, N(1)));
    assert_life("compensating terminating @a: a done n1 o1; b done n1 o2", START,
                OK(A, N(1)), INTENT(B, N(1)), TERMINATES, BEGAN(BY(TERMINATE)),
                FATE(SARN_STEP_DONE, B, N(1)));
    assert_life("compensating terminating: a cancelled", START, AWAITS(A), TERMINATES,
                BEGAN(BY(TERMINATE)), DROPPED(A));
    assert_not_life(START, INTENT(A, N(1)), TERMINATES, BEGAN(BY(TERMINATE)),
                    COMPENSATED(TERMINATE));
    assert_not_life(START, AWAITS(A), TERMINATES, BEGAN(BY(TERMINATE)),
                    COMPENSATED(TERMINATE));
    /* What may have acted without a result is undone, too. */
    assert_life("compensating terminating: a in doubt n1 o1 (timeout: )", START,
                INTENT(A, N(1)), TERMINATES, BEGAN(BY(TERMINATE)), LATE(A, N(1)));
    assert_life("compensating: a in doubt n2 o1", START, INTENT(A, N(1)),
                LATE(A, N(1), .retry_at_us = 5), INTENT(A, N(2)), BEGAN(BY(TIMEOUT)),
                FAILED(A, N(2)));
    assert_life("compensating: a in doubt n1 o1 (timeout: )", START, INTENT(A, N(1)),
                RESET(A), LATE(A, N(1)));
    /* A child that completed is undone with the rest. */
    assert_life("compensating terminating: a done n1 o1", START,
                AWAITS(A, .child = SARN_STR("w-1")), CHILD(COMPLETED, A), TERMINATES,
                BEGAN(BY(TERMINATE)), OK(A, N(1)));
    assert_not_life(START, AWAITS(A, .child = SARN_STR("w-1")), TERMINATES,
                    BEGAN(BY(TERMINATE)), OK(A, N(1)));
    /* But nothing new begins. */
    assert_not_life(START, TERMINATES, BEGAN(BY(TERMINATE)), INTENT(A, N(1)));
    assert_not_life(START, TERMINATES, BEGAN(BY(TERMINATE)), OK(A, N(1)));
    assert_not_life(START, TERMINATES, BEGAN(BY(TERMINATE)), AWAITS(A));
    assert_not_life(START, OK(A, N(1)), TERMINATES, BEGAN(BY(TERMINATE)), DROPPED(A));
}

/* --- compensating --- */

static void only_what_completed_is_compensated_and_only_once(void **unused)
{
    (void)unused;
    assert_not_life(START, OK(A, N(1)), INTENT(A, N(1), UNDO));
    assert_not_life(START, FAILED(A, N(1)), BEGAN(A), INTENT(A, N(1), UNDO));
    assert_not_life(START, FAILED(A, N(1)), BEGAN(A), INTENT(B, N(1), UNDO));
    assert_not_life(UNDOING_A, OK(A, N(1), UNDO), OK(A, N(2), UNDO));
    assert_not_life(UNDOING_A, AWAITS(A, UNDO));
    assert_not_life(UNDOING_A, DROPPED(A, UNDO));
}

static void how_it_ended_is_the_cause(void **unused)
{
    (void)unused;
    assert_life("compensated @a: a done n1 o1; b failed n1", UNDOING_A,
                COMPENSATED(FAILURE));
    assert_life("cancelled ending", START, CANCELS, BEGAN(BY(CANCEL)),
                COMPENSATED(CANCEL));
    assert_life("terminated terminating", START, TERMINATES, BEGAN(BY(TERMINATE)),
                COMPENSATED(TERMINATE));
    assert_life("timed out", START, BEGAN(BY(TIMEOUT)), COMPENSATED(TIMEOUT));
    assert_not_life(START, BEGAN(BY(TIMEOUT)), COMPENSATED(CANCEL));
    assert_not_life(START, COMPENSATED(FAILURE));
    assert_not_life(START, FAILED(A, N(1)), COMPENSATED(FAILURE));
}

static void it_ends_only_when_nothing_is_left_half_undone(void **unused)
{
    (void)unused;
    assert_not_life(UNDOING_A, INTENT(A, N(1), UNDO), COMPENSATED(FAILURE));
    assert_not_life(UNDOING_A, INTENT(A, N(1), UNDO), AGAIN(A, N(1), UNDO),
                    COMPENSATED(FAILURE));
    assert_not_life(UNDOING_A, FAILED(A, N(1), UNDO), COMPENSATED(FAILURE));
}

/* --- parked, and decided --- */

static void a_compensation_that_is_stuck_is_decided_by_an_operator(void **unused)
{
    struct life f;

    (void)unused;
    assert_life("parked @a: a stuck n1 c1 o1 (: no); b failed n1", STUCK_A);
    life_begin(&f);
    assert_string_equal(LIFE(&f, STUCK_A, DECIDED(RETRY, A, UNDO, .time_us = 77)),
                        "compensating @a: a undo backoff n1 c1 o1 (: no); b failed n1");
    assert_int_equal(f.execution.first->retry_at_us, 77);
    assert_int_equal(f.execution.first->compensation_base, 1);
    assert_string_equal(LIFE(&f, INTENT(A, N(2), UNDO), OK(A, N(2), UNDO)),
                        "compensating @a: a undone n1 c2 o1; b failed n1");
    life_end(&f);
    assert_life("compensating @a: a undone n1 c1 o1 (: no); b failed n1", STUCK_A,
                DECIDED(SKIP, A, UNDO));
    assert_life("compensating @a: a undone n1 c1 o1 (: no); b failed n1", STUCK_A,
                DECIDED(DONE, A, UNDO));
    assert_not_life(STUCK_A, DECIDED(NOT_DONE, A, UNDO));
    assert_not_life(STUCK_A, DECIDED(SKIP, A));
    assert_not_life(STUCK_A, DECIDED(SKIP, B, UNDO));
    assert_not_life(STUCK_A, EVENT(UNPARKED, A, UNDO, .decision = 9));
    assert_not_life(UNDOING_A, DECIDED(SKIP, A, UNDO));
}

static void an_outcome_that_nobody_knows_is_decided_by_an_operator(void **unused)
{
    struct life f;

    (void)unused;
    assert_life("parked: a unknown n1", UNKNOWN_A);
    assert_life("running: a doubted n1", UNKNOWN_A, DECIDED(RETRY, A));
    assert_not_life(UNKNOWN_A, DECIDED(RETRY, A, UNDO));
    assert_life("running @a: a skipped n1", UNKNOWN_A, DECIDED(SKIP, A));
    assert_life("running: a waiting n1", UNKNOWN_A, DECIDED(NOT_DONE, A));
    assert_life("running: a running n2", UNKNOWN_A, DECIDED(NOT_DONE, A),
                INTENT(A, N(2)));
    life_begin(&f);
    assert_string_equal(
        LIFE(&f, UNKNOWN_A, DECIDED(DONE, A, .output = SARN_STR("out"))),
        "running @a: a done n1 o1");
    assert_str_equal(f.execution.first->output, "out");
    life_end(&f);
    /* In a group it does not move. */
    assert_life("running: a done n1 o1", START, INTENT(A, N(1), IN_G),
                FATE(SARN_STEP_UNKNOWN, A, N(1), IN_G), PARKED(A), DECIDED(DONE, A));
    /* While it is undone, too. */
    assert_life("compensating terminating: a done n1 o1", START, INTENT(A, N(1)),
                TERMINATES, BEGAN(BY(TERMINATE)), FATE(SARN_STEP_UNKNOWN, A, N(1)),
                PARKED(A), DECIDED(DONE, A));
}

static void what_does_not_fit_is_tried_again_as_a_whole(void **unused)
{
    (void)unused;
    assert_life("running @a: a done n1 o1", START, OK(A, N(1)), PARKED(A),
                DECIDED(RETRY, A));
    assert_life("running @a: a done n1 o1", START, OK(A, N(1)), PARKED(N(0)),
                DECIDED(RETRY, N(0)));
    assert_not_life(START, OK(A, N(1)), PARKED(A), DECIDED(SKIP, A));
    assert_not_life(START, OK(A, N(1)), PARKED(N(0)), DECIDED(SKIP, N(0)));
}

static void what_parked_it_is_known(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, UNDOING_A, INTENT(A, N(1), UNDO),
         FAILED(A, N(1), UNDO, .code = SARN_STR("x"), .text = SARN_STR("no")));
    assert_str_equal(f.execution.parked.step, "a"); /* Or is about to. */
    assert_str_equal(f.execution.parked.text, "no");
    LIFE(&f, PARKED(A, V(1), UNDO));
    assert_str_equal(f.execution.parked.text, "t");
    assert_int_equal(f.execution.parked_visit, 1);
    assert_true(f.execution.parked_compensation);
    assert_int_equal(f.execution.parked_from, SARN_EXECUTION_COMPENSATING);
    LIFE(&f, DECIDED(SKIP, A, UNDO));
    assert_int_equal(f.execution.parked.step.size, 0);
    life_end(&f);
}

static void what_is_under_way_may_end_while_it_is_parked(void **unused)
{
    (void)unused;
    assert_life("parked: a unknown n1; b done n1 o1", START, INTENT(A, N(1), IN_G),
                INTENT(B, N(1), IN_G), FATE(SARN_STEP_UNKNOWN, A, N(1), IN_G),
                PARKED(A), OK(B, N(1), IN_G));
    assert_life("parked @b: a undone n1 c1 o1; b stuck n1 c1 o2; c failed n1", START,
                OK(A, N(1)), OK(B, N(1)), FAILED(C, N(1)), BEGAN(C),
                INTENT(A, N(1), UNDO), INTENT(B, N(1), UNDO), FAILED(B, N(1), UNDO),
                PARKED(B, UNDO), OK(A, N(1), UNDO));
    assert_not_life(STUCK_A, INTENT(A, N(2), UNDO));
    assert_not_life(UNKNOWN_A, OK(B, N(1)));
}

/* --- cancel and pause --- */

static void a_cancel_is_asked_for_once_and_a_terminate_after_it(void **unused)
{
    (void)unused;
    assert_life("running ending", START, CANCELS);
    assert_life("running terminating", START, CANCELS, TERMINATES);
    assert_not_life(START, CANCELS, CANCELS);
    assert_not_life(START, TERMINATES, CANCELS);
    assert_not_life(START, TERMINATES, TERMINATES);
    assert_not_life(UNDOING_A, CANCELS);
    assert_not_life(START, COMPLETED, CANCELS);
    /* What is parked goes on, to its end. */
    assert_life("running ending: a unknown n1", UNKNOWN_A, CANCELS);
    assert_not_life(STUCK_A, CANCELS);
}

static void pause_and_resume_take_turns(void **unused)
{
    (void)unused;
    assert_life("running paused", START, PAUSE);
    assert_life("running", START, PAUSE, RESUME);
    assert_not_life(START, PAUSE, PAUSE);
    assert_not_life(START, RESUME);
    assert_not_life(START, COMPLETED, PAUSE);
    assert_life("parked", START, PAUSE, PARKED(A), RESUME);
}

/* --- resets --- */

static void what_a_reset_leaves_behind_does_not_count(void **unused)
{
    (void)unused;
    assert_life("running: a undone n1", START, AWAITS(A), LATE(A, N(1), NEXT("")),
                COMPLETED, RESET(A), REWOUND(A));
    assert_life("running: a undone n1", UNKNOWN_A, DECIDED(SKIP, A), RESET(A),
                REWOUND(A));
    assert_life("running: a undone n1", START, FAILED(A, N(1)), RESET(A), REWOUND(A));
}

static void a_reset_undoes_from_its_step_on_and_goes_forward_from_there(void **unused)
{
    struct life f;

    (void)unused;
    life_begin(&f);
    assert_string_equal(
        LIFE(&f, START, OK(A, N(1)), OK(B, N(1)), OK(C, N(1)), RESET(B)),
        "compensating @c: a done n1 o1; b done n1 o2; c done n1 o3");
    assert_int_equal(f.execution.cause, SARN__CAUSE_RESET);
    life_refuses(&f, &(life_event)INTENT(A, N(1), UNDO)); /* It stands. */
    LIFE(&f, OK(C, N(1), UNDO));
    life_refuses(&f, &(life_event)COMPENSATED(RESET));
    life_refuses(&f, &(life_event)REWOUND(A));
    /* B has nothing to undo, and does not count any more all the same. */
    assert_string_equal(LIFE(&f, REWOUND(B)), "running @a: a done n1 o1; b undone n1 "
                                              "o2; c undone n1 c1 o3");
    assert_int_equal(f.execution.done_count, 1);
    assert_int_equal(f.execution.reset_to.size, 0);
    assert_int_equal(f.execution.cause, SARN__CAUSE_FAILURE);
    assert_string_equal(LIFE(&f, OK(B, N(1), V(2)), COMPLETED),
                        "completed @b: a done n1 o1; b undone n1 o2; c undone n1 c1 "
                        "o3; b#2 done n1 o4");
    life_end(&f);
}

static void a_reset_is_for_what_runs_is_parked_or_completed(void **unused)
{
    (void)unused;
    assert_life("running: a undone n1 o1", START, OK(A, N(1)), COMPLETED, RESET(A),
                REWOUND(A));
    assert_life("compensating: a unknown n1", UNKNOWN_A, RESET(A));
    assert_not_life(START, RESET(A)); /* It has not begun. */
    assert_not_life(START_AB, OK(A, N(1)), RESET(B));
    assert_not_life(UNDOING_A, RESET(A));
    assert_not_life(STUCK_A, RESET(A));
    assert_not_life(UNDOING_A, COMPENSATED(FAILURE), RESET(A));
    assert_not_life(START, OK(A, N(1)), COMPLETED, ASK_UNDO, RESET(A));
    assert_not_life(START, OK(A, N(1)), RESET(A), RESET(A));
    assert_not_life(START, OK(A, N(1)), REWOUND(A));
}

static void a_reset_into_a_group_is_a_reset_to_all_of_it(void **unused)
{
    (void)unused;
    assert_life("running: a undone n1 o1; b undone n1 o2; c undone n1 o3", START,
                INTENT(A, N(1), IN_G), INTENT(B, N(1), IN_G), OK(A, N(1), IN_G),
                OK(B, N(1), IN_G), JOINED, OK(C, N(1)), RESET(B), REWOUND(B));
    /* Of the coming to it that counts. */
    assert_life("running @c>a: a done n1 o1; b done n1 o2; c done n1 o3; a#2 undone n1 "
                "o4; b#2 undone n1 o5",
                START, INTENT(A, N(1), IN_G), INTENT(B, N(1), IN_G), OK(A, N(1), IN_G),
                OK(B, N(1), IN_G), JOINED, OK(C, N(1), NEXT("a")),
                INTENT(A, N(1), V(2), IN_G), INTENT(B, N(1), V(2), IN_G),
                OK(A, N(1), V(2), IN_G), OK(B, N(1), V(2), IN_G), JOINED, RESET(B),
                REWOUND(B));
}

static void nothing_is_under_way_when_it_is_rewound(void **unused)
{
    (void)unused;
    assert_not_life(START, INTENT(A, N(1)), RESET(A), REWOUND(A));
    assert_not_life(START, AWAITS(A), RESET(A), REWOUND(A));
    assert_not_life(UNKNOWN_A, RESET(A), REWOUND(A));
    assert_not_life(START, OK(A, N(1)), RESET(A), INTENT(A, N(1), UNDO), REWOUND(A));
    assert_life("running: a cancelled", START, AWAITS(A), RESET(A), DROPPED(A),
                REWOUND(A));
    assert_life("running: a cancelled n1", START, AGAIN(A, N(1)), RESET(A), REWOUND(A));
    assert_life("running: a undone n1 o1", START, INTENT(A, N(1)), RESET(A),
                OK(A, N(1)), REWOUND(A));
}

static void what_a_reset_finds_in_doubt_is_undone_too(void **unused)
{
    (void)unused;
    assert_life("compensating @a: a done n1 o1 permitted; b in doubt o2 permitted",
                START_AB, OK(A, N(1)), RESET(A, STEPS(b_only)));
    assert_life("running: a undone n1 o1 permitted; b undone c1 o2 permitted", START_AB,
                OK(A, N(1)), RESET(A, STEPS(b_only)), INTENT(B, N(1), UNDO),
                OK(B, N(1), UNDO), REWOUND(A));
    assert_not_life(START, OK(A, N(1)), RESET(A, STEPS(b_only)));
    /* What was permitted and never begun is come to anew. */
    assert_life("running: a undone n1 o1 permitted; b cancelled permitted", START_AB,
                OK(A, N(1)), RESET(A), REWOUND(A));
    /* What timed out before the step that it goes back to stands. */
    assert_life("completed @c: a failed n1 acted (timeout: ); b done n1 o1; c undone "
                "n1 o2; c#2 done n1 o3",
                START, INTENT(A, N(1), IN_G), INTENT(B, N(1), IN_G),
                LATE(A, N(1), IN_G), OK(B, N(1), IN_G), JOINED, OK(C, N(1)), RESET(C),
                REWOUND(C), OK(C, N(1), V(2)), COMPLETED);
}

static void a_reset_takes_back_a_cancel_but_may_be_cancelled_itself(void **unused)
{
    (void)unused;
    assert_life("compensating @a: a done n1 o1", START, OK(A, N(1)), CANCELS, RESET(A));
    assert_life("running ending: a undone n1 o1", START, OK(A, N(1)), RESET(A), CANCELS,
                REWOUND(A));
    assert_life("running: a undone n1 o1", START,
                OK(A, N(1), .continues = true, .input = SARN_STR("x")), RESET(A),
                REWOUND(A));
    assert_life("running ending: a undone n1 c1 o1 (: no)", START, OK(A, N(1)),
                RESET(A), INTENT(A, N(1), UNDO),
                FAILED(A, N(1), UNDO, .text = SARN_STR("no")), PARKED(A, UNDO), CANCELS,
                DECIDED(SKIP, A, UNDO), REWOUND(A));
    assert_not_life(START, OK(A, N(1), .continues = true), RESET(A), REWOUND(A),
                    CONTINUED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compensation_begins_with_a_failure),
        cmocka_unit_test(compensation_begins_where_an_end_was_asked_for),
        cmocka_unit_test(what_completed_is_undone_when_its_parent_asks),
        cmocka_unit_test(it_is_over_only_when_nothing_goes_on_by_itself),
        cmocka_unit_test(what_a_window_permitted_can_be_in_doubt),
        cmocka_unit_test(what_timed_out_under_its_key_is_in_doubt_by_itself),
        cmocka_unit_test(what_may_have_run_is_told_to_whoever_writes_it_down),
        cmocka_unit_test(what_is_under_way_may_end_while_the_rest_is_undone),
        cmocka_unit_test(only_what_completed_is_compensated_and_only_once),
        cmocka_unit_test(how_it_ended_is_the_cause),
        cmocka_unit_test(it_ends_only_when_nothing_is_left_half_undone),
        cmocka_unit_test(a_compensation_that_is_stuck_is_decided_by_an_operator),
        cmocka_unit_test(an_outcome_that_nobody_knows_is_decided_by_an_operator),
        cmocka_unit_test(what_does_not_fit_is_tried_again_as_a_whole),
        cmocka_unit_test(what_parked_it_is_known),
        cmocka_unit_test(what_is_under_way_may_end_while_it_is_parked),
        cmocka_unit_test(a_cancel_is_asked_for_once_and_a_terminate_after_it),
        cmocka_unit_test(pause_and_resume_take_turns),
        cmocka_unit_test(a_reset_undoes_from_its_step_on_and_goes_forward_from_there),
        cmocka_unit_test(a_reset_is_for_what_runs_is_parked_or_completed),
        cmocka_unit_test(a_reset_into_a_group_is_a_reset_to_all_of_it),
        cmocka_unit_test(what_a_reset_leaves_behind_does_not_count),
        cmocka_unit_test(nothing_is_under_way_when_it_is_rewound),
        cmocka_unit_test(what_a_reset_finds_in_doubt_is_undone_too),
        cmocka_unit_test(a_reset_takes_back_a_cancel_but_may_be_cancelled_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
