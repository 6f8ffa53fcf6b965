/* What executions are told, exactly once: under idempotency keys, with too little
 * memory, and through a crash at every move. */
#include <string.h>

#include "support/errand.h"
#include "support/heap.h"

/* --- keys --- */

static struct sarn_control rename_to(const char *json, const char *key)
{
    struct sarn_control control = errand_control(SARN_CONTROL_UPDATE, "1");

    control.name = sarn_str("rename");
    control.json = sarn_str(json);
    control.key = sarn_str(key);
    return control;
}

static void a_repeat_under_a_key_gets_the_first_answer(void **unused)
{
    struct errand f;
    struct sarn_control eva = rename_to("{\"text\":\"eva\"}", "k1");
    struct sarn_control jan = rename_to("{\"text\":\"jan\"}", "k2");
    struct sarn_control other = rename_to("{\"text\":\"jan\"}", "k1");
    struct errand_reply first, second;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    assert_string_equal(errand_tell(&f, &eva), "ok -> (no name)");
    assert_int_equal(errand_send(&f, &jan, &first), SARN_OK);
    assert_int_equal(errand_send(&f, &jan, &second),
                     SARN_OK); /* While it is under way. */
    sarn__sim_run(f.sim);
    assert_string_equal(first.output, "eva");
    assert_string_equal(second.output, "eva");
    assert_false(first.reply.repeated);
    assert_true(second.reply.repeated);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(errand_tell(&f, &eva), "ok -> (no name) repeated");
        assert_string_equal(errand_tell(&f, &jan), "ok -> eva repeated");
        assert_non_null(strstr(errand_tell(&f, &other), "idempotency key"));
        errand_reopen(&f, true);
        sarn__sim_run(f.sim);
    }
    assert_string_equal(
        errand_history(&f, "1"),
        "ExecutionStarted StepStarted(fetch) StepSucceeded(fetch) StepWaiting(go) "
        "UpdateAccepted(rename) UpdateAccepted(rename)");
    errand_close(&f);
}

static void
a_refusal_under_a_key_is_an_answer_to_be_kept_and_a_wrong_state_is_not(void **unused)
{
    struct errand f;
    struct sarn_control nobody = rename_to("{\"text\":\"nobody\"}", "k1");
    struct sarn_control resume = errand_control(SARN_CONTROL_RESUME, "1");

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    assert_string_equal(errand_tell(&f, &nobody), "command rejected: that is no name");
    errand_reopen(&f, true);
    sarn__sim_run(f.sim);
    assert_string_equal(errand_tell(&f, &nobody),
                        "command rejected: that is no name repeated");
    resume.key = sarn_str("k2");
    assert_non_null(strstr(errand_tell(&f, &resume), "not paused"));
    assert_string_equal(errand_do(&f, SARN_CONTROL_PAUSE, "1"), "ok");
    assert_string_equal(errand_tell(&f, &resume), "ok");
    assert_string_equal(errand_tell(&f, &resume), "ok repeated");
    errand_close(&f);
}

static void a_forks_key_is_kept_with_the_new_execution(void **unused)
{
    struct errand f;
    struct sarn_control fork = errand_control(SARN_CONTROL_FORK, "1");

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    fork.step = sarn_str("go");
    fork.name = sarn_str("2");
    fork.key = sarn_str("k1");
    assert_string_equal(errand_tell(&f, &fork), "ok");
    assert_string_equal(errand_tell(&f, &fork), "ok repeated");
    errand_reopen(&f, true);
    sarn__sim_run(f.sim);
    assert_string_equal(errand_tell(&f, &fork), "ok repeated");
    assert_string_equal(errand_history(&f, "2"),
                        "ExecutionStarted StepInherited(fetch) StepWaiting(go)");
    errand_close(&f);
}

/* --- crashes --- */

/* Every op, told to an execution that waits at "go", is paused there, or is parked. */
enum when { WAITING, PAUSED, STUCK, UNKNOWN };

static const struct {
    enum sarn_control_op op;
    enum when when;
    const char *name, *json, *step;
    enum sarn_step_fate fate;
    const char *history; /* From there on. */
    const char *id;      /* Of the execution that the history is of. */
} ops[] = {
    {SARN_CONTROL_SIGNAL, WAITING, "go", "{\"text\":\"now\"}", NULL, 0,
     "StepWaiting(go) SignalReceived(go) StepSucceeded(go) StepWaiting(receipt)", "1"},
    {SARN_CONTROL_SIGNAL, WAITING, "ring", NULL, NULL, 0,
     "StepWaiting(go) SignalReceived(ring)", "1"},
    {SARN_CONTROL_UPDATE, WAITING, "rename", "{\"text\":\"eva\"}", NULL, 0,
     "StepWaiting(go) UpdateAccepted(rename)", "1"},
    {SARN_CONTROL_CANCEL, WAITING, NULL, NULL, NULL, 0,
     "StepWaiting(go) CancelRequested StepCancelled(go) CompensationBegan "
     "StepStarted(fetch) StepSucceeded(fetch) ExecutionCompensated",
     "1"},
    {SARN_CONTROL_TERMINATE, WAITING, NULL, NULL, NULL, 0,
     "StepWaiting(go) CancelRequested CompensationBegan StepCancelled(go) "
     "StepStarted(fetch) StepSucceeded(fetch) ExecutionCompensated",
     "1"},
    {SARN_CONTROL_PAUSE, WAITING, NULL, NULL, NULL, 0,
     "StepWaiting(go) ExecutionPaused", "1"},
    {SARN_CONTROL_RESUME, PAUSED, NULL, NULL, NULL, 0,
     "StepWaiting(go) ExecutionPaused ExecutionResumed", "1"},
    {SARN_CONTROL_RESET, WAITING, NULL, NULL, "go", 0,
     "StepWaiting(go) ResetRequested(go) StepCancelled(go) ExecutionRewound(go) "
     "StepWaiting(go)",
     "1"},
    {SARN_CONTROL_FORK, WAITING, "2", NULL, "go", 0,
     "ExecutionStarted StepInherited(fetch) StepWaiting(go)", "2"},
    {SARN_CONTROL_PROMISE, WAITING, NULL, "{\"text\":\"paid\"}", NULL, 0,
     "StepWaiting(go) PromiseSettled(receipt)", "1"},
    {SARN_CONTROL_FAIL_PROMISE, WAITING, NULL, NULL, NULL, 0,
     "StepWaiting(go) PromiseSettled(receipt)", "1"},
    {SARN_CONTROL_RETRY, STUCK, NULL, NULL, NULL, 0,
     "ExecutionParked(fetch) ExecutionUnparked(fetch) StepStarted(fetch) "
     "StepSucceeded(fetch) ExecutionCompensated",
     "1"},
    {SARN_CONTROL_SKIP, STUCK, NULL, NULL, NULL, 0,
     "ExecutionParked(fetch) ExecutionUnparked(fetch) ExecutionCompensated", "1"},
    {SARN_CONTROL_RESOLVE, STUCK, NULL, NULL, "fetch", SARN_STEP_DONE,
     "ExecutionParked(fetch) ExecutionUnparked(fetch) ExecutionCompensated", "1"},
    {SARN_CONTROL_RESOLVE, UNKNOWN, NULL, "{\"text\":\"at noon\"}", NULL,
     SARN_STEP_DONE,
     "ExecutionParked(deliver) ExecutionUnparked(deliver) ExecutionCompleted", "1"},
    {SARN_CONTROL_SKIP, UNKNOWN, NULL, NULL, NULL, 0,
     "ExecutionParked(deliver) ExecutionUnparked(deliver) ExecutionCompleted", "1"},
};

static void bring_there(struct errand *f, enum when when)
{
    switch (when) {
    case WAITING:
        errand_start(f, "1");
        break;
    case PAUSED:
        errand_start(f, "1");
        assert_string_equal(errand_do(f, SARN_CONTROL_PAUSE, "1"), "ok");
        break;
    case STUCK:
        errand_park_stuck(f, "1");
        break;
    case UNKNOWN:
        errand_park_unknown(f, "1");
        break;
    }
}

static struct sarn_control op_control(struct errand *f, size_t op)
{
    struct sarn_control control = errand_control(ops[op].op, "1");

    if (ops[op].op == SARN_CONTROL_PROMISE || ops[op].op == SARN_CONTROL_FAIL_PROMISE) {
        control.workflow = control.workflow_id = (struct sarn_str){NULL, 0};
        control.name = errand_promise(f, "1");
    } else {
        control.name = sarn_str(ops[op].name);
    }
    control.json = sarn_str(ops[op].json);
    control.step = sarn_str(ops[op].step);
    control.fate = ops[op].fate;
    control.key = sarn_str("the key");
    return control;
}

/* The history from where the execution waited on; of a fork all of it. An attempt that
 * a crash has cut off is reconciled or made once more: which of them is not looked at.
 */
static void check_history(struct errand *f, size_t op, const char *when)
{
    const char *history = errand_history(f, ops[op].id);
    const char *from = ops[op].id[0] == '2'    ? "ExecutionStarted"
                       : ops[op].when >= STUCK ? "ExecutionParked"
                                               : "StepWaiting(go)";
    const char *tail = strstr(history, from);

    if (tail == NULL || strcmp(tail, ops[op].history) != 0) {
        fail_msg("op %d, %s: %s", (int)ops[op].op, when, history);
    }
}

/* Told, crashed after so many moves, and told again under the same key. false: there
 * were no more moves. */
static bool crash_after(size_t op, uint64_t seed, uint64_t moves)
{
    struct errand f;
    struct errand_reply reply;
    struct sarn_control control;
    char when[64];
    bool crashed;

    errand_open(&f, seed, NULL);
    bring_there(&f, ops[op].when);
    control = op_control(&f, op);
    assert_int_equal(errand_send(&f, &control, &reply), SARN_OK);
    crashed = sarn__sim_run_moves(f.sim, moves);
    snprintf(when, sizeof(when), "seed %d, crashed after %d moves", (int)seed,
             (int)moves);
    if (crashed && f.undone == 0) { /* A crash in the middle of an undo repeats it. */
        bool answered = reply.answers == 1;

        errand_reopen(&f, true);
        assert_non_null(
            strstr(errand_tell(&f, &control), answered ? " repeated" : "ok"));
    } else {
        sarn__sim_run(f.sim);
    }
    check_history(&f, op, when);
    errand_close(&f);
    return crashed;
}

static void told_again_after_a_crash_at_any_move_it_is_done_once(void **unused)
{
    uint64_t crashes = 0;

    (void)unused;
    for (size_t op = 0; op < COUNT(ops); op++) {
        for (uint64_t seed = 0; seed < 10; seed++) {
            uint64_t moves = 0;

            while (crash_after(op, seed, moves)) {
                moves += 1;
                crashes += 1;
            }
        }
    }
    assert_true(crashes > 200);
}

/* --- failed appends --- */

static void what_an_append_failed_to_write_was_not_said(void **unused)
{
    (void)unused;
    for (size_t op = 0; op < COUNT(ops); op++) {
        struct errand f;
        struct sarn_control control;

        errand_open(&f, op, NULL);
        bring_there(&f, ops[op].when);
        control = op_control(&f, op);
        sarn__sim_fail_append(f.sim, 1, SARN__MEMORY_FULL);
        assert_non_null(strstr(errand_tell(&f, &control), "no space left"));
        assert_non_null(strstr(errand_tell(&f, &control), "ok"));
        check_history(&f, op, "after an append that failed");
        errand_close(&f);
    }
}

/* --- memory --- */

/* Refused for want of memory, or done; and done in the end. */
static void fail_at(size_t op, uint64_t nth, bool *failed)
{
    struct errand f;
    struct test_heap counts = {.calls = 0};
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_control control;
    const char *answer;

    options.heap = test_heap(&counts);
    errand_open(&f, 1, &options);
    bring_there(&f, ops[op].when);
    control = op_control(&f, op);
    counts.fail_at = counts.calls + nth;
    answer = errand_tell(&f, &control);
    *failed = counts.calls >= counts.fail_at;
    counts.fail_at = 0;
    if (strncmp(answer, "ok", 2) != 0) {
        if (strstr(answer, "out of memory") == NULL) {
            fail_msg("op %d, allocation %d: %s", (int)ops[op].op, (int)nth, answer);
        }
        (void)errand_tell(&f, &control);
    }
    /* Where it was written and could not be folded, the engine has stopped. */
    errand_reopen(&f, true);
    sarn__sim_run(f.sim);
    assert_non_null(strstr(errand_tell(&f, &control), "ok"));
    check_history(&f, op, "with too little memory for a moment");
    errand_close(&f);
    assert_int_equal(counts.live, 0);
}

static void without_memory_it_is_refused_and_done_when_asked_again(void **unused)
{
    (void)unused;
    for (size_t op = 0; op < COUNT(ops); op++) {
        bool failed = true;

        for (uint64_t nth = 1; failed; nth++) {
            fail_at(op, nth, &failed);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeat_under_a_key_gets_the_first_answer),
        cmocka_unit_test(
            a_refusal_under_a_key_is_an_answer_to_be_kept_and_a_wrong_state_is_not),
        cmocka_unit_test(a_forks_key_is_kept_with_the_new_execution),
        cmocka_unit_test(told_again_after_a_crash_at_any_move_it_is_done_once),
        cmocka_unit_test(what_an_append_failed_to_write_was_not_said),
        cmocka_unit_test(without_memory_it_is_refused_and_done_when_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
