/* What executions are told from outside: every op, every wrong state, and each of them
 * exactly once whatever happens. */
#include <string.h>

#include "ledger_schema.h"
#include "support/errand.h"
#include "support/heap.h"

/* --- signals --- */

static void a_signal_lets_its_step_go_on(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    assert_string_equal(errand_state(&f, "1"), "running at go, 1 done");
    assert_string_equal(errand_signal(&f, "1", "go", "now"), "ok");
    assert_string_equal(errand_state(&f, "1"), "running at receipt, 2 done");
    assert_string_equal(errand_history(&f, "1"),
                        "ExecutionStarted StepStarted(fetch) StepSucceeded(fetch) "
                        "StepWaiting(go) SignalReceived(go) StepSucceeded(go) "
                        "StepWaiting(receipt)");
    errand_close(&f);
}

static void a_payload_is_a_struct_or_json_of_the_right_type(void **unused)
{
    struct errand f;
    const struct ledger_noted noted = {.text = SARN_STR("a struct")};
    struct sarn_control control = errand_control(SARN_CONTROL_SIGNAL, "1");

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    control.name = sarn_str("hint");
    control.data = &noted;
    assert_string_equal(errand_tell(&f, &control), "ok");
    control.data = NULL;
    control.json = sarn_str("{\"text\":\"JSON\"}");
    assert_string_equal(errand_tell(&f, &control), "ok");
    control.data = &noted;
    assert_string_equal(errand_tell(&f, &control),
                        "invalid argument: a payload is given as data or as JSON, not "
                        "as both");
    control.data = NULL;
    control.json = sarn_str("{\"txt\":\"JSON\"}");
    assert_non_null(strstr(errand_tell(&f, &control), "does not fit the schema: "));
    assert_string_equal(errand_signal(&f, "1", "hint", NULL),
                        "does not fit the schema: this signal takes a payload: a "
                        "ledger.Noted");
    assert_string_equal(errand_signal(&f, "1", "ring", "loud"),
                        "does not fit the schema: this signal takes no payload");
    assert_string_equal(errand_signal(&f, "1", "ring", NULL), "ok");
    assert_string_equal(errand_signal(&f, "1", "rename", "x"),
                        "not found: workflow \"errand\" version 1 takes no signal "
                        "\"rename\"");
    assert_string_equal(errand_signal(&f, "1", "gone", "x"),
                        "not found: workflow \"errand\" version 1 takes no signal "
                        "\"gone\"");
    assert_string_equal(errand_signal(&f, "2", "go", "x"),
                        "not found: there is no execution \"errand-2\"");
    errand_close(&f);
}

static void signals_that_nobody_waits_for_are_kept_up_to_a_limit(void **unused)
{
    struct errand f;
    struct sarn_control control = errand_control(SARN_CONTROL_SIGNAL, "1");

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    control.name = sarn_str("ring");
    for (uint32_t i = 0; i < 1024; i++) {
        assert_string_equal(errand_tell(&f, &control), "ok");
    }
    assert_string_equal(errand_tell(&f, &control),
                        "queue full: 1024 messages are there that no step has waited "
                        "for yet, which is the limit: try again later");
    assert_string_equal(errand_state(&f, "1"), "running at go, 1 done");
    errand_close(&f);
}

/* --- updates and queries --- */

static const char *ask_name(struct errand *f, const char *id)
{
    const void *output = NULL;
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status = sarn__engine_query(
        sarn__sim_engine(f->sim), 0, sarn_str("errand"), sarn_str(id), sarn_str("name"),
        NULL, f->arena, &output, &error);
    const struct ledger_noted *name = output;

    if (status != SARN_OK) {
        snprintf(f->text, sizeof(f->text), "%s: %s", sarn_status_text(status),
                 error.text);
    } else {
        snprintf(f->text, sizeof(f->text), "%.*s", (int)name->text.size,
                 name->text.data);
    }
    return f->text;
}

static void an_update_is_validated_answered_and_then_there_for_queries(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    assert_string_equal(ask_name(&f, "1"), "command rejected: it has no name yet");
    assert_string_equal(errand_rename(&f, "1", "eva"), "ok -> (no name)");
    assert_string_equal(ask_name(&f, "1"), "eva");
    assert_string_equal(errand_rename(&f, "1", "jan"), "ok -> eva");
    assert_string_equal(errand_rename(&f, "1", "nobody"),
                        "command rejected: that is no name");
    assert_string_equal(ask_name(&f, "1"), "jan");
    errand_reopen(&f, true);
    sarn__sim_run(f.sim);
    assert_string_equal(ask_name(&f, "1"), "jan");
    assert_string_equal(
        errand_history(&f, "1"),
        "ExecutionStarted StepStarted(fetch) StepSucceeded(fetch) StepWaiting(go) "
        "UpdateAccepted(rename) UpdateAccepted(rename)");
    errand_close(&f);
}

static void a_query_writes_nothing_and_says_what_is_missing(void **unused)
{
    struct errand f;
    const void *output;
    struct sarn_error error;
    struct sarn_engine_stats before, after;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    errand_rename(&f, "1", "eva");
    sarn__engine_stats(sarn__sim_engine(f.sim), &before);
    assert_string_equal(ask_name(&f, "1"), "eva");
    sarn__sim_run(f.sim);
    sarn__engine_stats(sarn__sim_engine(f.sim), &after);
    assert_int_equal(before.events, after.events);
    assert_string_equal(ask_name(&f, "2"),
                        "not found: workflow \"errand\" has no execution \"2\"");
    assert_int_equal(sarn__engine_query(sarn__sim_engine(f.sim), 0, sarn_str("errand"),
                                        sarn_str("1"), sarn_str("rename"), NULL,
                                        f.arena, &output, &error),
                     SARN_ERR_NOT_FOUND); /* An update is no query. */
    assert_int_equal(sarn__engine_query(sarn__sim_engine(f.sim), 0, sarn_str("trip"),
                                        sarn_str("1"), sarn_str("name"), NULL, f.arena,
                                        &output, &error),
                     SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn__engine_query(sarn__sim_engine(f.sim), 0, sarn_str("errand"),
                                        sarn_str("1"), sarn_str("name"), &before,
                                        f.arena, &output, &error),
                     SARN_ERR_INVALID); /* It takes no input. */
    errand_close(&f);
}

/* --- stopping --- */

static void a_cancel_and_a_terminate_undo_what_was_done(void **unused)
{
    static const struct {
        enum sarn_control_op op;
        const char *state, *history;
    } rows[] = {{SARN_CONTROL_CANCEL, "cancelled, 0 done: enough",
                 "ExecutionStarted StepStarted(fetch) StepSucceeded(fetch) "
                 "StepWaiting(go) CancelRequested[eva: enough] StepCancelled(go) "
                 "CompensationBegan StepStarted(fetch) StepSucceeded(fetch) "
                 "ExecutionCompensated"},
                {SARN_CONTROL_TERMINATE, "terminated, 0 done: enough",
                 "ExecutionStarted StepStarted(fetch) StepSucceeded(fetch) "
                 "StepWaiting(go) CancelRequested[eva: enough] CompensationBegan "
                 "StepCancelled(go) StepStarted(fetch) StepSucceeded(fetch) "
                 "ExecutionCompensated"}};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand f;
        struct sarn_control control = errand_control(rows[i].op, "1");

        errand_open(&f, 1, NULL);
        errand_start(&f, "1");
        control.actor = sarn_str("eva");
        control.reason = sarn_str("enough");
        assert_string_equal(errand_tell(&f, &control), "ok");
        assert_string_equal(errand_state(&f, "1"), rows[i].state);
        assert_int_equal(f.undone, 1);
        assert_string_equal(errand_history(&f, "1"), rows[i].history);
        errand_close(&f);
    }
}

static void a_paused_execution_takes_signals_and_goes_on_when_resumed(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    assert_string_equal(errand_do(&f, SARN_CONTROL_PAUSE, "1"), "ok");
    assert_string_equal(errand_do(&f, SARN_CONTROL_PAUSE, "1"),
                        "not allowed in this state: the execution is paused already");
    assert_string_equal(errand_signal(&f, "1", "go", "now"), "ok");
    assert_string_equal(errand_state(&f, "1"), "paused, running at go, 1 done");
    assert_string_equal(errand_do(&f, SARN_CONTROL_RESUME, "1"), "ok");
    assert_string_equal(errand_state(&f, "1"), "running at receipt, 2 done");
    assert_string_equal(errand_do(&f, SARN_CONTROL_RESUME, "1"),
                        "not allowed in this state: the execution is not paused");
    errand_close(&f);
}

/* --- promises --- */

static void a_promise_is_kept_by_its_id_also_before_it_is_waited_for(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_finish(&f, "1");
    assert_string_equal(errand_state(&f, "1"), "completed, 4 done");
    errand_start(&f, "2");
    assert_string_equal(errand_keep(&f, errand_promise(&f, "2"), "paid"), "ok");
    assert_string_equal(
        errand_keep(&f, errand_promise(&f, "2"), "paid"),
        "not allowed in this state: the promise of step \"receipt\" was "
        "settled before, or nobody waits for it any more");
    assert_string_equal(errand_signal(&f, "2", "go", "now"), "ok");
    assert_string_equal(errand_state(&f, "2"), "completed, 4 done");
    errand_close(&f);
}

static void a_broken_promise_fails_its_step(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    errand_signal(&f, "1", "go", "now");
    assert_string_equal(errand_keep(&f, errand_promise(&f, "1"), NULL), "ok");
    assert_string_equal(errand_state(&f, "1"),
                        "compensated at receipt, 1 done: the paper is gone");
    errand_close(&f);
}

static void a_promise_of_nothing_is_told_apart(void **unused)
{
    static const struct {
        const char *from, *to; /* In the id. */
        const char *answer;
    } rows[] = {
        {"/1/8/", "/2/8/",
         "not found: the promise of step \"receipt\" is of a visit that has not come"},
        {"errand-1/receipt", "errand-1/deliver",
         "not found: workflow \"errand\" version 1 has no promise \"deliver\""},
        {"errand-1/receipt", "errand-1/nowhere",
         "not found: workflow \"errand\" version 1 has no promise \"nowhere\""},
        {"/8/errand-1", "/8/errand-2", "not found: there is no execution \"errand-2\""},
        {"-7", "-8",
         "not allowed in this state: the run that the promise belongs to is over: "
         "nobody waits for it any more"},
    };
    struct errand f;
    char id[256];

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn_str text = errand_promise(&f, "1");
        const char *at = strstr(text.data, rows[i].from);

        assert_non_null(at);
        snprintf(id, sizeof(id), "%.*s%s%s", (int)(at - text.data), text.data,
                 rows[i].to, at + strlen(rows[i].from));
        assert_string_equal(errand_keep(&f, sarn_str(id), "paid"), rows[i].answer);
    }
    assert_non_null(strstr(errand_keep(&f, sarn_str("receipt"), "paid"),
                           "not found: \"receipt\" is no promise's id"));
    errand_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_lets_its_step_go_on),
        cmocka_unit_test(a_payload_is_a_struct_or_json_of_the_right_type),
        cmocka_unit_test(signals_that_nobody_waits_for_are_kept_up_to_a_limit),
        cmocka_unit_test(an_update_is_validated_answered_and_then_there_for_queries),
        cmocka_unit_test(a_query_writes_nothing_and_says_what_is_missing),
        cmocka_unit_test(a_cancel_and_a_terminate_undo_what_was_done),
        cmocka_unit_test(a_paused_execution_takes_signals_and_goes_on_when_resumed),
        cmocka_unit_test(a_promise_is_kept_by_its_id_also_before_it_is_waited_for),
        cmocka_unit_test(a_broken_promise_fails_its_step),
        cmocka_unit_test(a_promise_of_nothing_is_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
