/* domain/core/execution: folding events, and refusing those that cannot follow. */
#include "core/execution.h"

#include "support/life.h"

static const struct sarn_str a_and_b[] = {SARN_STR("a"), SARN_STR("b")};
static const struct sarn_str b_only[] = {SARN_STR("b")};
static const struct sarn_str b_twice[] = {SARN_STR("b"), SARN_STR("b")};
static const struct sarn_str nameless[] = {{NULL, 0}};

#define START_AB EVENT(STARTED, STEPS(a_and_b))

static void a_sequence_is_done_step_by_step(void **unused)
{
    (void)unused;
    assert_life("running", START);
    assert_life("running: a running n1", START, INTENT(A, N(1)));
    assert_life("running @a: a done n1 o1", START, INTENT(A, N(1)), OK(A, N(1)));
    assert_life("completed @b: a done n1 o1; b done n2 o2", START, OK(A, N(1)),
                INTENT(B, N(1)), AGAIN(B, N(1)), INTENT(B, N(2)), OK(B, N(2)),
                COMPLETED);
    assert_life("running: a failed n1 (no: never)", START,
                FAILED(A, N(1), .code = SARN_STR("no"), .text = SARN_STR("never")));
}

static void attempts_are_counted_without_gaps(void **unused)
{
    (void)unused;
    assert_not_life(START, INTENT(A, N(0)));
    assert_not_life(START, INTENT(A, N(2)));
    assert_not_life(START, INTENT(A, N(1)), OK(A, N(2)));
    assert_not_life(START, INTENT(A, N(1)), INTENT(A, N(2)));
    assert_not_life(START, INTENT(A, N(1)), AGAIN(A, N(1)), OK(A, N(1)));
    assert_not_life(START, OK(A, N(1)), FAILED(B, N(1)), BEGAN(B),
                    INTENT(A, N(2), UNDO));
    /* A step that fails without one more attempt. */
    assert_life("running: a failed n1", START, AGAIN(A, N(1)), FAILED(A, N(1)));
    assert_life("running: a failed", START, FAILED(A, N(0)));
}

static void what_ended_does_not_go_on(void **unused)
{
    (void)unused;
    assert_not_life(START, OK(A, N(1)), OK(A, N(2)));
    assert_not_life(START, FAILED(A, N(1)), INTENT(A, N(2)));
    assert_not_life(START, INTENT(A, N(1)), FATE(SARN_STEP_UNKNOWN, A, N(1)),
                    OK(A, N(1)));
    assert_not_life(START, COMPLETED, INTENT(A, N(1)));
    assert_not_life(START, COMPLETED, COMPLETED);
    assert_not_life(START, COMPLETED, PARKED(A));
    assert_not_life(START, COMPLETED, BEGAN(BY(PARENT)));
    assert_not_life(START, FAILED(A, N(1)), BEGAN(A), COMPENSATED(FAILURE), PARKED(A));
    assert_not_life(START, PARKED(A), PARKED(A));
    assert_not_life(START, PARKED(A), INTENT(A, N(1)));
}

static void nothing_happens_before_the_start_and_no_two_runs_at_once(void **unused)
{
    (void)unused;
    assert_not_life(INTENT(A, N(1)));
    assert_not_life(COMPLETED);
    assert_not_life(PARKED(A));
    assert_not_life(CANCELS);
    assert_not_life(SIGNAL(.carried = true));
    assert_not_life(START, START);
    assert_not_life(START, PARKED(A), START);
    assert_not_life(START, {.kind = (enum sarn__fact)77});
    assert_not_life({.kind = (enum sarn__fact)0});
}

static void only_what_was_under_way_is_reconciled(void **unused)
{
    (void)unused;
    assert_not_life(START, FATE(SARN_STEP_DONE, A, N(1)));
    assert_not_life(START, OK(A, N(1)), FATE(SARN_STEP_DONE, A, N(1)));
    assert_not_life(START, INTENT(A, N(1)), FATE(3, A, N(1)));
    assert_not_life(START, OK(A, N(1)), FAILED(B, N(1)), BEGAN(B),
                    INTENT(A, N(1), UNDO), FATE(SARN_STEP_DONE, A, N(1), UNDO));
    assert_life("running @a: a done n1 o1", START, INTENT(A, N(1)),
                FATE(SARN_STEP_DONE, A, N(1)));
    assert_life("running: a waiting n1", START, INTENT(A, N(1)),
                FATE(SARN_STEP_NOT_DONE, A, N(1)));
    assert_life("running: a unknown n1 (: nobody knows)", START, INTENT(A, N(1)),
                FATE(SARN_STEP_UNKNOWN, A, N(1), .text = SARN_STR("nobody knows")));
}

static void a_window_permits_what_has_not_begun(void **unused)
{
    (void)unused;
    assert_life("running: a waiting permitted; b waiting permitted", START_AB);
    assert_life("running @a: a done n1 o1; b waiting permitted", START,
                OK(A, N(1), STEPS(b_only)));
    assert_not_life(START_AB, OK(A, N(1), STEPS(b_only)));
    assert_not_life(EVENT(STARTED, STEPS(b_twice)));
    assert_not_life(EVENT(STARTED, STEPS(nameless)));
    assert_not_life(START, INTENT(A, N(1), STEPS(b_only)));
    assert_not_life(START, OK(B, N(1), STEPS(b_only)));
    assert_not_life(START, OK(A, N(1), STEPS(b_twice)));
    /* Nor while it is undone. */
    assert_not_life(START, INTENT(A, N(1)), TERMINATES, BEGAN(BY(TERMINATE)),
                    OK(A, N(1), STEPS(b_only)));
}

static void the_status_before_is_held_against_what_the_event_says(void **unused)
{
    (void)unused;
    assert_not_life(START, PARKED(A, .was = SARN_EXECUTION_COMPENSATING));
    assert_life("parked", START, PARKED(A, .was = SARN_EXECUTION_RUNNING));
}

static void folding_keeps_what_later_steps_and_compensations_need(void **unused)
{
    static const struct sarn__beginning beginning = {
        .definition_version = 7,
        .fingerprint = 99,
        .run_id = {{1, 2}},
        .input = SARN_STR("input"),
        .input_hash = {3, 4},
        .parent = SARN_STR("p-1"),
        .parent_step = SARN_STR("ps"),
        .forked_from = SARN_STR("f-1"),
        .schedule = SARN_STR("daily"),
    };
    struct life f;
    const struct sarn__beginning *seen = &f.execution.beginning;

    (void)unused;
    life_begin(&f);
    LIFE(&f, EVENT(STARTED, STEPS(a_and_b), .beginning = &beginning, .time_us = 5),
         OK(A, N(1), .output = SARN_STR("out of a")));
    assert_int_equal(f.execution.started_us, 5);
    assert_int_equal(seen->definition_version, 7);
    assert_int_equal(seen->fingerprint, 99);
    assert_int_equal(seen->run_id.bytes[1], 2);
    assert_int_equal(seen->input_hash[1], 4);
    assert_str_equal(seen->input, "input");
    assert_true(seen->input.data != beginning.input.data);
    assert_str_equal(seen->parent, "p-1");
    assert_str_equal(seen->parent_step, "ps");
    assert_str_equal(seen->forked_from, "f-1");
    assert_str_equal(seen->schedule, "daily");
    assert_str_equal(f.execution.first->output, "out of a");
    assert_string_equal(
        LIFE(&f, AGAIN(B, N(1), .code = SARN_STR("busy"), .text = SARN_STR("later")),
             FAILED(B, N(2), .code = SARN_STR("no"), .text = SARN_STR("never")),
             BEGAN(B, STEPS(b_only)), INTENT(B, N(1), UNDO), OK(B, N(1), UNDO),
             INTENT(A, N(1), UNDO), AGAIN(A, N(1), UNDO), INTENT(A, N(2), UNDO),
             OK(A, N(2), UNDO), COMPENSATED(FAILURE)),
        "compensated @a: a undone n1 c2 o1 permitted; b undone n2 c1 o2 permitted");
    assert_str_equal(f.execution.first->output, "out of a");
    assert_str_equal(f.execution.failure.step, "b");
    assert_str_equal(f.execution.failure.code, "no");
    assert_str_equal(f.execution.failure.text, "never");
    life_end(&f);
}

static void only_what_may_have_run_is_orphaned(void **unused)
{
    static const struct {
        life_event events[4];
        bool intents, orphaned;
        const char *seen;
    } rows[] = {
        {{START_AB},
         true,
         false,
         "running: a waiting permitted orphaned; b waiting permitted orphaned"},
        {{START_AB, OK(A, N(1))},
         true,
         false,
         "running @a: a done n1 o1 permitted; b waiting permitted orphaned"},
        {{START_AB, AGAIN(A, N(1))},
         false,
         false,
         "running: a backoff n1 permitted orphaned; b waiting permitted orphaned"},
        {{START, INTENT(A, N(1))}, true, true, "running: a running n1 orphaned"},
        {{START, INTENT(A, N(1))}, false, false, "running: a running n1"},
        {{START, INTENT(A, N(1)), AGAIN(A, N(1))},
         true,
         false,
         "running: a backoff n1"},
        {{START, AWAITS(A)}, true, false, "running: a awaiting"},
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
        sarn__execution_recovered(&f.execution, rows[i].intents);
        assert_string_equal(life_text(&f), rows[i].seen);
        assert_int_equal(sarn__execution_is_orphaned(&f.execution), rows[i].orphaned);
        life_end(&f);
    }
}

static void a_thousand_attempts_take_no_more_memory_than_one(void **unused)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__execution execution;
    size_t bytes = 0;

    (void)unused;
    sarn__execution_init(&execution, arena);
    assert_int_equal(sarn__execution_apply(&execution, &(life_event)START_AB, NULL),
                     SARN_OK);
    for (uint32_t i = 1; i <= 1000; i++) {
        life_event failed =
            AGAIN(A, N(i), .code = SARN_STR("busy"), .text = SARN_STR("try later"));

        assert_int_equal(sarn__execution_apply(&execution, &failed, NULL), SARN_OK);
        if (i == 1) {
            bytes = sarn_arena_bytes(arena);
        }
    }
    assert_int_equal(sarn_arena_bytes(arena), bytes);
    assert_true(bytes < 1024);
    sarn_arena_destroy(arena);
}

static void a_saga_of_five_steps_takes_a_handful_of_blocks(void **unused)
{
    static const struct sarn_str steps[] = {SARN_STR("a"), SARN_STR("b"), SARN_STR("c"),
                                            SARN_STR("d"), SARN_STR("e")};
    struct life f;

    (void)unused;
    life_begin(&f);
    LIFE(&f, START);
    for (size_t i = 0; i < COUNT(steps); i++) {
        LIFE(&f, INTENT(N(1), .step = steps[i]),
             OK(N(1), .step = steps[i], .output = SARN_STR("forty bytes or so")));
    }
    assert_true(f.heap.calls <= 2);
    life_end(&f);
}

static void an_execution_of_too_many_visits_is_corruption(void **unused)
{
    static char ids[SARN__EXECUTION_STEPS_MAX + 1][16];
    static struct sarn_str steps[SARN__EXECUTION_STEPS_MAX + 1];
    life_event started = {.kind = SARN__STARTED, .steps = steps};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn__execution execution;

    (void)unused;
    for (uint32_t i = 0; i <= SARN__EXECUTION_STEPS_MAX; i++) {
        snprintf(ids[i], sizeof(ids[i]), "s%" PRIu32, i);
        steps[i] = sarn_str(ids[i]);
    }
    sarn__execution_init(&execution, arena);
    started.step_count = SARN__EXECUTION_STEPS_MAX + 1;
    assert_int_equal(sarn__execution_apply(&execution, &started, NULL),
                     SARN_ERR_CORRUPT);
    started.step_count = SARN__EXECUTION_STEPS_MAX;
    assert_int_equal(sarn__execution_apply(&execution, &started, NULL), SARN_OK);
    assert_int_equal(
        sarn__execution_apply(
            &execution,
            &(life_event)INTENT(N(1), .step = steps[SARN__EXECUTION_STEPS_MAX]), NULL),
        SARN_ERR_CORRUPT);
    assert_int_equal(execution.step_count, SARN__EXECUTION_STEPS_MAX);
    sarn_arena_destroy(arena);
}

static void a_step_without_a_name_is_corruption(void **unused)
{
    (void)unused;
    assert_not_life(START, INTENT(N(1)));
    assert_not_life(START, AWAITS(N(0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequence_is_done_step_by_step),
        cmocka_unit_test(attempts_are_counted_without_gaps),
        cmocka_unit_test(what_ended_does_not_go_on),
        cmocka_unit_test(nothing_happens_before_the_start_and_no_two_runs_at_once),
        cmocka_unit_test(only_what_was_under_way_is_reconciled),
        cmocka_unit_test(a_window_permits_what_has_not_begun),
        cmocka_unit_test(the_status_before_is_held_against_what_the_event_says),
        cmocka_unit_test(folding_keeps_what_later_steps_and_compensations_need),
        cmocka_unit_test(only_what_may_have_run_is_orphaned),
        cmocka_unit_test(a_thousand_attempts_take_no_more_memory_than_one),
        cmocka_unit_test(a_saga_of_five_steps_takes_a_handful_of_blocks),
        cmocka_unit_test(an_execution_of_too_many_visits_is_corruption),
        cmocka_unit_test(a_step_without_a_name_is_corruption),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
