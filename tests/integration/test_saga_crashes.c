/* Crash everywhere: whatever a saga is doing when the power goes, when the disk is full
 * or when a sync is in doubt, in the end every step stands once, or none does. */
#include <string.h>

#include "engine/state.h"
#include "support/heap.h"
#include "support/saga.h"

#define STEPS 4

static const char *const kinds[] = {"EEEE", "IIII", "LLLL", "EIIL", "IILE", "LIEI"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A saga whose step fail fails for good, unless fail is -1. */
static void begin(struct saga *saga,
                  const char *kind,
                  int fail,
                  uint64_t seed,
                  struct sarn__sim_outcome *out)
{
    saga_open(saga, kind, seed, NULL);
    saga->fail_step = fail;
    saga_send(saga, "0", "input", 0, out);
}

/* What was acknowledged is what it stays. */
static void check_kept(struct saga *saga, sarn_status before, const char *what)
{
    struct sarn__sim_outcome out;

    if (before == SARN_OK || before == SARN_ERR_COMPENSATED) {
        saga_send(saga, "0", "input", 0, &out);
        sarn__sim_run(saga->sim);
        if (out.status != before || !out.repeated) {
            fail_msg("%s: it had ended with %s and now with %s", what,
                     sarn_status_text(before), sarn_status_text(out.status));
        }
    }
}

static void after_a_crash_at_any_moment_all_steps_stand_or_none(void **unused)
{
    uint64_t boundaries = 0;

    (void)unused;
    for (size_t k = 0; k < KINDS; k++) {
        for (int fail = -1; fail < STEPS; fail++) {
            bool more = true;

            for (uint64_t moves = 1; more; moves++) {
                struct sarn__sim_outcome out;
                struct sarn_error error;
                struct saga saga;
                char what[64];

                snprintf(what, sizeof(what), "%s, s%d fails, crash after %" PRIu64,
                         kinds[k], fail, moves);
                begin(&saga, kinds[k], fail, moves, &out);
                more = sarn__sim_run_moves(saga.sim, moves);
                assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
                /* It goes on by itself: nobody has to ask for it. */
                sarn__sim_run(saga.sim);
                check_kept(&saga, out.status, what);
                saga_check(&saga, "0", false, what);
                saga_close(&saga);
                boundaries += 1;
            }
        }
    }
    print_message("%" PRIu64 " crashes\n", boundaries);
}

static void after_several_crashes_all_steps_stand_or_none(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 600; seed++) {
        const char *kind = kinds[seed % KINDS];
        int fail = (int)(seed / KINDS % (STEPS + 1)) - 1;
        struct sarn__sim_outcome out;
        struct sarn_error error;
        struct saga saga;
        char what[64];

        snprintf(what, sizeof(what), "%s, s%d fails, seed %" PRIu64, kind, fail, seed);
        begin(&saga, kind, fail, seed, &out);
        for (int crash = 0; crash < 5; crash++) {
            (void)sarn__sim_run_moves(saga.sim, sarn__sim_draw(saga.sim, 20));
            assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
        }
        sarn__sim_run(saga.sim);
        saga_check(&saga, "0", false, what);
        saga_close(&saga);
    }
}

/* Steps that nobody can be asked about park after a crash that leaves them in doubt;
 * but they never stand twice, and a crash that leaves nothing in doubt parks nothing.
 */
static void in_doubt_without_reconcile_parks_and_never_runs_twice(void **unused)
{
    uint32_t parked = 0, ended = 0;
    bool more = true;

    (void)unused;
    for (uint64_t moves = 1; more; moves++) {
        struct sarn__sim_outcome out, after;
        struct sarn_error error;
        struct saga saga;

        begin(&saga, "NN", -1, moves, &out);
        more = sarn__sim_run_moves(saga.sim, moves);
        assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
        sarn__sim_run(saga.sim);
        saga_send(&saga, "0", "input", 0, &after);
        sarn__sim_run(saga.sim);
        assert_true(saga.deeds[0][0].runs <= 1 && saga.deeds[0][1].runs <= 1);
        if (after.status == SARN_ERR_PARKED) {
            assert_non_null(strstr(after.text, "nobody knows"));
            assert_non_null(strstr(saga_history(&saga, "0"), "was unknown, parked"));
            parked += 1;
        } else {
            assert_int_equal(after.status, SARN_OK);
            ended += 1;
        }
        saga_close(&saga);
    }
    assert_true(parked > 0 && ended > 0);
}

static void a_reconcile_that_does_not_know_parks(void **unused)
{
    struct sarn__sim_outcome out;
    struct sarn_error error;
    struct saga saga;

    (void)unused;
    begin(&saga, "E", -1, 1, &out);
    saga.forgetful = true;
    while (saga.deeds[0][0].runs == 0) {
        assert_true(sarn__sim_move(saga.sim));
    }
    assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
    sarn__sim_run(saga.sim);
    assert_int_equal(saga.deeds[0][0].asked, 1);
    assert_int_equal(saga.deeds[0][0].runs, 1);
    assert_string_equal(saga_history(&saga, "0"),
                        "started, s0#1 begun, s0#1 was unknown, parked");
    /* It stays parked, and is not taken up again. */
    assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
    sarn__sim_run(saga.sim);
    assert_int_equal(saga.deeds[0][0].asked, 1);
    saga_close(&saga);
}

static void what_was_done_before_a_crash_is_not_done_again(void **unused)
{
    struct sarn__sim_outcome out;
    struct sarn_error error;
    struct saga saga;

    (void)unused;
    begin(&saga, "EL", -1, 1, &out);
    while (saga.deeds[0][0].runs == 0) {
        assert_true(sarn__sim_move(saga.sim));
    }
    assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
    sarn__sim_run(saga.sim);
    assert_int_equal(saga.deeds[0][0].runs, 1);
    assert_string_equal(saga_history(&saga, "0"),
                        "started, s0#1 begun, s0#1 was done, s1#1 ok, completed");
    saga_close(&saga);
}

/* --- disks --- */

static void a_full_disk_at_any_append_costs_time_and_nothing_else(void **unused)
{
    static const char *const all[] = {"EEEE", "NNNN", "IIII", "LLLL", "NIIL", "LINI"};

    (void)unused;
    for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
        for (int fail = -1; fail < STEPS; fail++) {
            for (uint32_t nth = 1; nth <= 12; nth++) {
                struct sarn__sim_outcome out;
                struct saga saga;
                char what[64];

                snprintf(what, sizeof(what), "%s, s%d fails, append %u finds no room",
                         all[k], fail, nth);
                begin(&saga, all[k], fail, nth, &out);
                sarn__sim_fail_append(saga.sim, nth, SARN__MEMORY_FULL);
                sarn__sim_run(saga.sim);
                assert_int_equal(out.answers, 1);
                /* Only a start that was not written fails, and may be repeated. */
                assert_int_equal(out.status == SARN_ERR_FULL, nth == 1);
                saga_check(&saga, "0", false, what);
                for (uint32_t i = 0; i < STEPS; i++) { /* No outcome was forgotten. */
                    const struct saga_deed *deed = &saga.deeds[0][i];

                    if (all[k][i] == 'N' && (int)i != fail && deed->runs > 1) {
                        fail_msg("%s: s%u ran %u times", what, i, deed->runs);
                    }
                }
                saga_close(&saga);
            }
        }
    }
}

static void a_sync_in_doubt_is_settled_by_the_next_open(void **unused)
{
    static const enum sarn__memory_fault faults[] = {SARN__MEMORY_IN_DOUBT_LOST,
                                                     SARN__MEMORY_IN_DOUBT_KEPT};

    (void)unused;
    for (size_t k = 0; k < KINDS; k++) {
        for (int fail = -1; fail < STEPS; fail++) {
            for (uint32_t nth = 1; nth <= 20; nth++) {
                struct sarn__sim_outcome out;
                struct sarn_error error;
                struct saga saga;
                char what[64];

                snprintf(what, sizeof(what), "%s, s%d fails, append %u in doubt",
                         kinds[k], fail, nth);
                begin(&saga, kinds[k], fail, nth, &out);
                sarn__sim_fail_append(saga.sim, nth / 2 + 1, faults[nth % 2]);
                sarn__sim_run(saga.sim);
                assert_int_equal(out.answers, 1);
                assert_true(
                    out.status == SARN_OK || out.status == SARN_ERR_COMPENSATED ||
                    out.status == SARN_ERR_IN_DOUBT || out.status == SARN_ERR_CLOSED);
                sarn__sim_fail_append(saga.sim, 1, SARN__MEMORY_NO_FAULT);
                assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
                sarn__sim_run(saga.sim);
                check_kept(&saga, out.status, what);
                saga_check(&saga, "0", false, what);
                saga_close(&saga);
            }
        }
    }
}

/* --- memory --- */

static void without_memory_at_any_moment_nothing_is_done_twice(void **unused)
{
    static const char *const all[] = {"NNN", "III", "LLL", "NIL"};

    (void)unused;
    for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
        bool more = true;

        for (uint64_t nth = 1; more; nth++) {
            struct test_heap heap = {.live = 0};
            struct sarn_options options = {.heap = test_heap(&heap)};
            struct sarn__sim_outcome out;
            struct saga saga;
            struct sarn_error error;
            bool reopened = false;
            char what[64];
            uint64_t fail_at = 0;

            snprintf(what, sizeof(what), "%s, allocation %" PRIu64, all[k], nth);
            saga_open(&saga, all[k], nth, &options);
            saga.fail_step = nth % 2 == 0 ? 2 : -1;
            saga_send(&saga, "0", "input", 0, &out);
            fail_at = heap.calls + nth;
            heap.fail_at = fail_at;
            sarn__sim_run(saga.sim);
            more = heap.calls >= fail_at;
            assert_int_equal(out.answers, 1);
            heap.fail_at = 0;
            if (sarn__sim_engine(saga.sim)->stopped != SARN_OK) {
                /* What is durable could not be folded: only a new open can. */
                assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
                reopened = true;
            }
            saga_check(&saga, "0", reopened, what);
            for (uint32_t i = 0; i < 3; i++) {
                assert_true(all[k][i] != 'N' || (int)i == saga.fail_step ||
                            saga.deeds[0][i].runs <= 1);
            }
            saga_close(&saga);
            assert_int_equal(heap.live, 0);
        }
    }
}

/* --- what stands and cannot be reached --- */

/* A step of a window that ran before the power went, and whose service answers no more:
 * it is undone all the same, and so are those that may have run after it. */
static void what_may_have_run_is_undone_after_a_crash(void **unused)
{
    uint32_t doubts = 0;
    bool more = true;

    (void)unused;
    for (uint64_t moves = 1; more; moves++) {
        struct sarn__sim_outcome out;
        struct sarn_error error;
        struct saga saga;
        char what[64];

        snprintf(what, sizeof(what), "crash after %" PRIu64, moves);
        begin(&saga, "IIIIE", 1, moves, &out);
        saga.ok_times = 1;
        more = sarn__sim_run_moves(saga.sim, moves);
        assert_int_equal(sarn__sim_crash_reopen(saga.sim, &error), SARN_OK);
        sarn__sim_run(saga.sim);
        saga_check(&saga, "0", false, what);
        doubts +=
            strstr(saga_history(&saga, "0"), "undoing [s1 s2 s3]") != NULL ? 1 : 0;
        saga_close(&saga);
    }
    assert_true(doubts > 0);
}

static void what_may_have_run_is_undone_after_a_full_disk(void **unused)
{
    uint32_t doubts = 0;

    (void)unused;
    for (uint32_t nth = 1; nth <= 8; nth++) {
        for (uint64_t seed = 0; seed < 8; seed++) {
            struct sarn__sim_outcome out;
            struct saga saga;
            char what[64];

            snprintf(what, sizeof(what), "append %u, seed %" PRIu64, nth, seed);
            begin(&saga, "IIIIE", 1, seed, &out);
            saga.ok_times = 1;
            sarn__sim_fail_append(saga.sim, nth, SARN__MEMORY_FULL);
            sarn__sim_run(saga.sim);
            saga_check(&saga, "0", false, what);
            doubts +=
                strstr(saga_history(&saga, "0"), "undoing [s1 s2 s3]") != NULL ? 1 : 0;
            saga_close(&saga);
        }
    }
    assert_true(doubts > 0);
}

/* --- other code --- */

/* Crash an execution of two steps somewhere in the first, and open it with one. */
static void open_with_one_step(struct saga *saga, uint32_t step)
{
    struct sarn__sim_outcome out;
    struct sarn_error error;

    begin(saga, "EE", -1, 1, &out);
    while (saga->deeds[0][0].runs == 0) {
        assert_true(sarn__sim_move(saga->sim));
    }
    sarn__sim_crash(saga->sim);
    saga->workflow.steps = &saga->steps[step];
    saga->workflow.step_count = 1;
    saga->workflow.version = 2;
    sarn__sim_next_options(saga->sim)->misfits = SARN_MISFIT_PARK;
    assert_int_equal(sarn__sim_open(saga->sim, NULL, 0, &error), SARN_OK);
    sarn__sim_run(saga->sim);
}

static void an_execution_goes_on_with_another_definition_that_fits(void **unused)
{
    struct saga saga;

    (void)unused;
    open_with_one_step(&saga, 0); /* It had not come to the second. */
    assert_string_equal(saga_history(&saga, "0"),
                        "started, s0#1 begun, sarn.ExecutionUpgraded, s0#1 was done, "
                        "completed");
    saga_close(&saga);
}

static void an_execution_of_a_definition_that_does_not_fit_parks(void **unused)
{
    struct saga saga;

    (void)unused;
    open_with_one_step(&saga, 1);
    assert_non_null(
        strstr(saga_info(&saga, "0"), "started with version 1, now version 2"));
    saga_close(&saga);
}

static void an_input_that_no_longer_fits_parks(void **unused)
{
    struct sarn__sim_outcome out;
    struct sarn_error error;
    struct saga saga;

    (void)unused;
    begin(&saga, "EE", -1, 1, &out);
    (void)sarn__sim_run_moves(saga.sim, 8);
    sarn__sim_crash(saga.sim);
    saga.workflow.input = NULL;
    assert_int_equal(sarn__sim_open(saga.sim, NULL, 0, &error), SARN_OK);
    sarn__sim_run(saga.sim);
    assert_non_null(strstr(saga_info(&saga, "0"), "recorded input does not fit"));
    saga_close(&saga);
}

static void without_its_module_an_execution_waits(void **unused)
{
    struct sarn__sim_outcome out;
    struct sarn_error error;
    struct saga saga;

    (void)unused;
    begin(&saga, "IL", -1, 1, &out);
    (void)sarn__sim_run_moves(saga.sim, 8);
    sarn__sim_crash(saga.sim);
    assert_int_equal(sarn__sim_open(saga.sim, saga.modules, 1, &error), SARN_OK);
    sarn__sim_run(saga.sim);
    assert_string_equal(saga_info(&saga, "0"), "running, 0 done");
    sarn__sim_crash(saga.sim);
    assert_int_equal(sarn__sim_open(saga.sim, saga.modules, 2, &error), SARN_OK);
    sarn__sim_run(saga.sim);
    assert_string_equal(saga_info(&saga, "0"), "completed, 2 done");
    saga_close(&saga);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_crash_at_any_moment_all_steps_stand_or_none),
        cmocka_unit_test(after_several_crashes_all_steps_stand_or_none),
        cmocka_unit_test(in_doubt_without_reconcile_parks_and_never_runs_twice),
        cmocka_unit_test(a_reconcile_that_does_not_know_parks),
        cmocka_unit_test(what_was_done_before_a_crash_is_not_done_again),
        cmocka_unit_test(a_full_disk_at_any_append_costs_time_and_nothing_else),
        cmocka_unit_test(a_sync_in_doubt_is_settled_by_the_next_open),
        cmocka_unit_test(without_memory_at_any_moment_nothing_is_done_twice),
        cmocka_unit_test(what_may_have_run_is_undone_after_a_crash),
        cmocka_unit_test(what_may_have_run_is_undone_after_a_full_disk),
        cmocka_unit_test(an_execution_goes_on_with_another_definition_that_fits),
        cmocka_unit_test(an_execution_of_a_definition_that_does_not_fit_parks),
        cmocka_unit_test(an_input_that_no_longer_fits_parks),
        cmocka_unit_test(without_its_module_an_execution_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
