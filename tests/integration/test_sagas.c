/* Executions through the whole engine: commits, failures, retries, joining, closing. */
#include <string.h>

#include "engine/orchestrator.h"
#include "engine/state.h"
#include "support/saga.h"

#define MS INT64_C(1000)

/* --- all goes well --- */

static void each_kind_of_saga_has_its_commits(void **unused)
{
    static const struct {
        const char *kinds;
        uint64_t commits;
        const char *history;
    } rows[] = {
        {"EEEEE", 6,
         "started, s0#1 begun, s0#1 ok, s1#1 begun, s1#1 ok, s2#1 begun, s2#1 ok, "
         "s3#1 begun, s3#1 ok, s4#1 begun, s4#1 ok, completed"},
        {"IIIII", 2,
         "started [s0 s1 s2 s3 s4], s0#1 ok, s1#1 ok, s2#1 ok, s3#1 ok, s4#1 ok, "
         "completed"},
        {"LLLLL", 1, "started, s0#1 ok, s1#1 ok, s2#1 ok, s3#1 ok, s4#1 ok, completed"},
        {"LEIIL", 4,
         "started, s0#1 ok, s1#1 begun, s1#1 ok [s2 s3], s2#1 ok, s3#1 ok, s4#1 ok, "
         "completed"},
        {"LLLLI", 2,
         "started, s0#1 ok, s1#1 ok, s2#1 ok, s3#1 ok [s4], s4#1 ok, completed"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct saga saga;
        uint64_t before;

        saga_open(&saga, rows[i].kinds, i, NULL);
        before = saga_commits(&saga);
        assert_string_equal(saga_do(&saga, "0"), "ok");
        if (strcmp(rows[i].kinds, "LEIIL") != 0) {
            assert_int_equal(saga_commits(&saga) - before, rows[i].commits);
        }
        assert_string_equal(saga_history(&saga, "0"), rows[i].history);
        assert_string_equal(saga_info(&saga, "0"), "completed, 5 done");
        saga_check(&saga, "0", false, rows[i].kinds);
        saga_close(&saga);
    }
}

/* --- failure --- */

static void whichever_step_fails_the_ones_before_it_are_undone_in_reverse(void **unused)
{
    static const char *const kinds[] = {"EEEEE", "NNNNN", "IIIII", "LLLLL",
                                        "ELIIL", "LIELI", "IILNE"};

    (void)unused;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (int fail = 0; fail < 5; fail++) {
            struct saga saga;

            saga_open(&saga, kinds[k], k * 5 + (uint64_t)fail, NULL);
            saga.fail_step = fail;
            saga.fail_code = "declined";
            assert_string_equal(saga_do(&saga, "0"), "compensated: no");
            for (int i = 0; i < 5; i++) {
                assert_int_equal(saga.deeds[0][i].undos, i < fail ? 1 : 0);
                assert_int_equal(saga.deeds[0][i].runs > 0, i <= fail);
            }
            saga_check(&saga, "0", false, kinds[k]);
            saga_close(&saga);
        }
    }
}

static void step_four_of_five_fails_in_as_few_commits_as_it_needs(void **unused)
{
    static const struct {
        const char *kinds;
        uint64_t commits;
        const char *history;
    } rows[] = {
        {"EEEEE", 8,
         "started, s0#1 begun, s0#1 ok, s1#1 begun, s1#1 ok, s2#1 begun, s2#1 ok, "
         "s3#1 begun, s3#1 failed, undoing, undo s2#1 begun, undo s2#1 ok, "
         "undo s1#1 begun, undo s1#1 ok, undo s0#1 begun, undo s0#1 ok, compensated"},
        {"IIIII", 5,
         "started [s0 s1 s2 s3 s4], s0#1 ok, s1#1 ok, s2#1 ok, s3#1 failed, undoing, "
         "undo s2#1 begun, undo s2#1 ok, undo s1#1 begun, undo s1#1 ok, undo s0#1 "
         "begun, undo s0#1 ok, compensated"},
        {"LLLLL", 1,
         "started, s0#1 ok, s1#1 ok, s2#1 ok, s3#1 failed, undoing, undo s2#1 ok, "
         "undo s1#1 ok, undo s0#1 ok, compensated"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static const char *const final[] = {"declined"};
        struct saga saga;
        uint64_t before;

        saga_open(&saga, rows[i].kinds, i, NULL);
        saga.fail_step = 3;
        saga.fail_code = "declined";
        saga.steps[3].retry.non_retryable = final;
        saga.steps[3].retry.non_retryable_count = 1;
        before = saga_commits(&saga);
        assert_string_equal(saga_do(&saga, "0"), "compensated: no");
        assert_int_equal(saga_commits(&saga) - before, rows[i].commits);
        assert_string_equal(saga_history(&saga, "0"), rows[i].history);
        assert_string_equal(saga_info(&saga, "0"), "compensated, 0 done, at s3: no");
        saga_close(&saga);
    }
}

static void a_failing_step_is_tried_again_when_it_is_due(void **unused)
{
    static const char *const kinds[] = {"E", "I"};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct saga saga;
        int64_t began;

        saga_open(&saga, kinds[i], i, NULL);
        saga.fail_step = 0;
        saga.fail_times = 2;
        saga.fail_code = "busy";
        began = sarn__sim_now_us(saga.sim);
        assert_string_equal(saga_do(&saga, "0"), "ok");
        /* 100 ms, then 200 ms. */
        assert_in_range(sarn__sim_now_us(saga.sim) - began, 300 * MS, 310 * MS);
        assert_int_equal(saga.deeds[0][0].runs, 3);
        assert_int_equal(saga.deeds[0][0].last_attempt, 3);
        saga_check(&saga, "0", false, kinds[i]);
        saga_close(&saga);
    }
}

static void a_compensation_that_fails_for_good_parks(void **unused)
{
    struct saga saga;

    (void)unused;
    saga_open(&saga, "EL", 1, NULL);
    saga.fail_step = 1;
    saga.undo_fail_step = 0;
    assert_string_equal(saga_do(&saga, "0"),
                        "parked: the compensation of step s0 failed for good: not now");
    assert_int_equal(saga.deeds[0][0].undos, 3);
    assert_string_equal(saga_do(&saga, "0"),
                        "parked: the compensation of step s0 failed for good: not now "
                        "repeated");
    assert_string_equal(saga_info(&saga, "0"),
                        "parked, 0 done, at s0: the compensation of step s0 failed for "
                        "good: not now");
    saga_close(&saga);
}

static void a_compensation_that_fails_twice_is_tried_again(void **unused)
{
    struct saga saga;

    (void)unused;
    saga_open(&saga, "EL", 1, NULL);
    saga.fail_step = 1;
    saga.undo_fail_step = 0;
    saga.undo_fail_times = 2;
    assert_string_equal(saga_do(&saga, "0"), "compensated: no");
    saga_check(&saga, "0", false, "EL");
    saga_close(&saga);
}

/* --- ids --- */

static void the_same_id_and_input_is_the_same_execution(void **unused)
{
    struct sarn__sim_outcome first, joined, other, detached;
    struct sarn_error error;
    struct saga saga;

    (void)unused;
    saga_open(&saga, "EI", 1, NULL);
    saga_send(&saga, "0", "input", 0, &first);
    saga_send(&saga, "0", "input", 0, &joined);
    saga_send(&saga, "0", "something else", 0, &other);
    sarn__sim_run(saga.sim);
    assert_string_equal(saga_describe(&saga, &first), "ok");
    assert_string_equal(saga_describe(&saga, &joined), "ok repeated");
    assert_int_equal(other.status, SARN_ERR_KEY_REUSED);
    assert_non_null(strstr(other.text, "another input"));
    assert_int_equal(saga.deeds[0][0].runs, 1);
    /* Also when it has ended, and in the next process. */
    assert_string_equal(saga_do(&saga, "0"), "ok repeated");
    assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
    assert_string_equal(saga_do(&saga, "0"), "ok repeated");
    saga_send(&saga, "0", "something else", 0, &other);
    saga_send(&saga, "0", "input", SARN_START_DETACHED, &detached);
    sarn__sim_run(saga.sim);
    assert_int_equal(other.status, SARN_ERR_KEY_REUSED);
    assert_string_equal(saga_describe(&saga, &detached), "ok repeated");
    assert_int_equal(saga.deeds[0][0].runs, 1);
    /* Another id, and another tenant's same id, are others. */
    assert_string_equal(saga_do(&saga, "1"), "ok");
    saga_close(&saga);
}

static void a_detached_start_is_answered_when_it_is_durable(void **unused)
{
    struct sarn__sim_outcome out;
    struct saga saga;

    (void)unused;
    saga_open(&saga, "EE", 1, NULL);
    saga.fail_step = 1;
    saga_send(&saga, "0", "input", SARN_START_DETACHED, &out);
    while (out.answers == 0) {
        assert_true(sarn__sim_move(saga.sim));
    }
    assert_int_equal(out.status, SARN_OK);
    assert_string_equal(saga_info(&saga, "0"), "running, 0 done, at s0");
    assert_int_equal(saga.deeds[0][0].runs, 0);
    sarn__sim_run(saga.sim);
    assert_int_equal(out.answers, 1);
    assert_string_equal(saga_info(&saga, "0"), "compensated, 0 done, at s1: no");
    assert_string_equal(saga_do(&saga, "0"), "compensated: no repeated");
    saga_close(&saga);
}

static void an_execution_that_never_was_is_not_found(void **unused)
{
    struct saga saga;

    (void)unused;
    saga_open(&saga, "E", 1, NULL);
    assert_string_equal(saga_info(&saga, "3"), "not found");
    saga_close(&saga);
}

/* --- many, and their bounds --- */

static void no_more_steps_are_out_than_workers_can_take(void **unused)
{
    struct sarn_options options = {.workers = 1};
    struct sarn__sim_outcome out[200];
    struct sarn_error error = {SARN_OK, ""};
    struct sarn_str input = SARN_STR("input");
    uint32_t most = 0;
    struct saga saga;

    (void)unused;
    saga_open(&saga, "I", 3, &options);
    memset(out, 0, sizeof(out));
    for (int i = 0; i < 200; i++) {
        struct sarn_start start = SARN_START_INIT;
        char id[16];

        snprintf(id, sizeof(id), "0%d", i); /* One world for all of them. */
        start.workflow = "saga";
        start.workflow_id = sarn_str(id);
        start.input = &input;
        saga.fail_step = 0; /* It is the number of runs that counts here. */
        saga.fail_times = 0;
        assert_int_equal(sarn__sim_start(saga.sim, &start, &out[i], &error), SARN_OK);
    }
    while (sarn__sim_move(saga.sim)) {
        uint32_t jobs = sarn__sim_jobs(saga.sim, SARN__JOB_STEP);

        most = jobs > most ? jobs : most;
        memset(saga.deeds, 0, sizeof(saga.deeds)); /* Keys differ by execution. */
    }
    assert_int_equal(most, 8);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(out[i].answers, 1);
        assert_int_equal(out[i].status, SARN_OK);
    }
    assert_int_equal(sarn__orchestrator_executions(sarn__sim_engine(saga.sim)), 0);
    saga_close(&saga);
}

/* --- closing --- */

static void closing_at_any_moment_leaves_nothing_in_doubt(void **unused)
{
    static const char *const kinds[] = {"NNN", "INLI", "LNL"};

    (void)unused;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (int fail = -1; fail < 3; fail++) {
            bool more = true;

            for (uint64_t moves = 1; more; moves++) {
                struct sarn__sim_outcome out;
                struct sarn_error error;
                struct saga saga;
                char what[64];

                snprintf(what, sizeof(what), "%s, s%d fails, closed after %" PRIu64,
                         kinds[k], fail, moves);
                saga_open(&saga, kinds[k], moves, NULL);
                saga.fail_step = fail;
                saga_send(&saga, "0", "input", 0, &out);
                more = sarn__sim_run_moves(saga.sim, moves);
                sarn__sim_close(saga.sim);
                assert_int_equal(out.answers, 1);
                assert_int_equal(sarn__sim_open(saga.sim, NULL, 0, &error), SARN_OK);
                sarn__sim_run(saga.sim);
                saga_check(&saga, "0", false, what);
                for (int i = 0; i < 3; i++) { /* Not once too often, for all that. */
                    assert_true(saga.kinds[i] != 'N' || i == fail ||
                                saga.deeds[0][i].runs <= 1);
                }
                saga_close(&saga);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_saga_has_its_commits),
        cmocka_unit_test(whichever_step_fails_the_ones_before_it_are_undone_in_reverse),
        cmocka_unit_test(step_four_of_five_fails_in_as_few_commits_as_it_needs),
        cmocka_unit_test(a_failing_step_is_tried_again_when_it_is_due),
        cmocka_unit_test(a_compensation_that_fails_for_good_parks),
        cmocka_unit_test(a_compensation_that_fails_twice_is_tried_again),
        cmocka_unit_test(the_same_id_and_input_is_the_same_execution),
        cmocka_unit_test(a_detached_start_is_answered_when_it_is_durable),
        cmocka_unit_test(an_execution_that_never_was_is_not_found),
        cmocka_unit_test(no_more_steps_are_out_than_workers_can_take),
        cmocka_unit_test(closing_at_any_moment_leaves_nothing_in_doubt),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
