/* What an operator decides about executions, goes back to and forks; and what those in
 * another state are not told. */
#include <string.h>

#include "support/errand.h"

/* --- an operator's decisions --- */

static const char *decide(struct errand *f,
                          enum sarn_control_op op,
                          const char *id,
                          const char *step,
                          enum sarn_step_fate fate,
                          const char *json)
{
    struct sarn_control control = errand_control(op, id);

    control.step = sarn_str(step);
    control.fate = fate;
    control.json = sarn_str(json);
    control.actor = sarn_str("eva");
    control.reason = sarn_str("I was there");
    return errand_tell(f, &control);
}

static void what_could_not_be_undone_is_retried_skipped_or_resolved(void **unused)
{
    static const struct {
        enum sarn_control_op op;
        const char *step;
        enum sarn_step_fate fate;
        uint32_t undone;
    } rows[] = {{SARN_CONTROL_RETRY, NULL, SARN_STEP_UNKNOWN, 1},
                {SARN_CONTROL_RETRY, "fetch", SARN_STEP_UNKNOWN, 1},
                {SARN_CONTROL_SKIP, NULL, SARN_STEP_UNKNOWN, 0},
                {SARN_CONTROL_RESOLVE, "fetch", SARN_STEP_DONE, 0}};

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand f;

        errand_open(&f, i, NULL);
        errand_park_stuck(&f, "1");
        if (i % 2 == 1) { /* An operator comes later. */
            errand_reopen(&f, true);
            sarn__sim_run(f.sim);
        }
        assert_string_equal(
            decide(&f, rows[i].op, "1", rows[i].step, rows[i].fate, NULL), "ok");
        assert_string_equal(errand_state(&f, "1"), "cancelled, 0 done");
        assert_int_equal(f.undone, rows[i].undone);
        assert_non_null(strstr(errand_history(&f, "1"),
                               "ExecutionUnparked(fetch)[eva: I was there]"));
        errand_close(&f);
    }
}

static void what_nobody_knows_is_retried_skipped_or_resolved(void **unused)
{
    static const struct {
        enum sarn_control_op op;
        enum sarn_step_fate fate;
        const char *json, *answer, *state;
        uint32_t delivered;
    } rows[] = {
        {SARN_CONTROL_RETRY, SARN_STEP_UNKNOWN, NULL, "ok", "parked at deliver, 3 done",
         1}, /* Still nobody knows. */
        {SARN_CONTROL_SKIP, SARN_STEP_UNKNOWN, NULL, "ok", "completed, 3 done", 1},
        {SARN_CONTROL_RESOLVE, SARN_STEP_DONE, "{\"text\":\"at noon\"}", "ok",
         "completed, 4 done", 1},
        {SARN_CONTROL_RESOLVE, SARN_STEP_NOT_DONE, NULL, "ok", "completed, 4 done", 2},
        {SARN_CONTROL_RESOLVE, SARN_STEP_DONE, NULL,
         "does not fit the schema: this resolve takes a payload: a ledger.Noted",
         "parked at deliver, 3 done", 1},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand f;

        errand_open(&f, i, NULL);
        errand_park_unknown(&f, "1");
        assert_string_equal(
            decide(&f, rows[i].op, "1", NULL, rows[i].fate, rows[i].json),
            rows[i].answer);
        assert_non_null(strstr(errand_state(&f, "1"), rows[i].state));
        assert_int_equal(f.delivered, rows[i].delivered);
        errand_close(&f);
    }
}

static void decisions_that_decide_nothing_are_refused(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "0");
    assert_string_equal(decide(&f, SARN_CONTROL_RETRY, "0", NULL, 0, NULL),
                        "not allowed in this state: the execution is not parked but "
                        "running: there is nothing to decide");
    errand_park_stuck(&f, "1");
    assert_string_equal(decide(&f, SARN_CONTROL_SKIP, "1", "deliver", 0, NULL),
                        "not allowed in this state: there is nothing to decide about "
                        "step \"deliver\": the execution is parked at \"fetch\"");
    assert_string_equal(
        decide(&f, SARN_CONTROL_RESOLVE, "1", NULL, SARN_STEP_NOT_DONE, NULL),
        "not allowed in this state: step \"fetch\" could not be undone, and is not: "
        "let "
        "that be tried again, skipped, or say that it was done");
    assert_string_equal(decide(&f, SARN_CONTROL_RESOLVE, "1", NULL, 0, NULL),
                        "invalid argument: resolve says whether the step was done or "
                        "not done: set fate to SARN_STEP_DONE or SARN_STEP_NOT_DONE");
    assert_string_equal(decide(&f, SARN_CONTROL_RETRY, "1", NULL, 0, "{}"),
                        "invalid argument: retry takes no payload");
    assert_string_equal(decide(&f, SARN_CONTROL_CANCEL, "1", "fetch", 0, NULL),
                        "invalid argument: cancel takes no step");
    errand_close(&f);
}

/* --- reset and fork --- */

static void a_reset_undoes_from_the_step_on_and_goes_forward_again(void **unused)
{
    struct errand f;
    struct sarn_control control = errand_control(SARN_CONTROL_RESET, "1");

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_finish(&f, "1");
    control.step = sarn_str("go");
    assert_string_equal(errand_tell(&f, &control), "ok");
    assert_string_equal(errand_state(&f, "1"), "running at go, 1 done");
    assert_int_equal(f.undone, 0);
    control.step = sarn_str("fetch");
    assert_string_equal(errand_tell(&f, &control), "ok");
    assert_int_equal(f.undone, 1);
    assert_int_equal(f.fetched, 2);
    assert_string_equal(errand_state(&f, "1"), "running at go, 1 done");
    control.step = sarn_str("deliver");
    errand_start(&f, "2");
    control.workflow_id = sarn_str("2");
    assert_string_equal(errand_tell(&f, &control),
                        "not allowed in this state: the execution has not come to a "
                        "step \"deliver\"");
    control.step = sarn_str("nowhere");
    assert_string_equal(errand_tell(&f, &control),
                        "not found: workflow \"errand\" version 1 has no step "
                        "\"nowhere\"");
    errand_close(&f);
}

static const char *
fork_at(struct errand *f, const char *id, const char *step, const char *to)
{
    struct sarn_control control = errand_control(SARN_CONTROL_FORK, id);

    control.step = sarn_str(step);
    control.name = sarn_str(to);
    control.actor = sarn_str("eva");
    return errand_tell(f, &control);
}

static void a_fork_takes_over_what_was_done_and_goes_its_own_way(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_finish(&f, "1");
    assert_string_equal(fork_at(&f, "1", "receipt", "2"), "ok");
    assert_string_equal(errand_state(&f, "2"), "running at receipt, 2 done");
    assert_string_equal(errand_history(&f, "2"),
                        "ExecutionStarted[eva: ] StepInherited(fetch)[eva: ] "
                        "StepInherited(go)[eva: ] StepWaiting(receipt)");
    assert_int_equal(f.fetched, 1);
    errand_reopen(&f, true);
    sarn__sim_run(f.sim);
    assert_string_equal(errand_keep(&f, errand_promise(&f, "2"), "paid"), "ok");
    assert_string_equal(errand_state(&f, "2"), "completed, 4 done");
    assert_int_equal(f.delivered, 2);
    assert_string_equal(errand_state(&f, "1"), "completed, 4 done");
    assert_string_equal(fork_at(&f, "1", "fetch", "3"), "ok"); /* From the start. */
    assert_string_equal(errand_state(&f, "3"), "running at go, 1 done");
    assert_int_equal(f.fetched, 2);
    errand_close(&f);
}

/* What was inherited is the other's to undo. */
static void a_fork_that_is_cancelled_undoes_nothing_that_it_took_over(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    errand_signal(&f, "1", "hint", "for later");
    assert_string_equal(fork_at(&f, "1", "go", "2"), "ok");
    assert_string_equal(errand_do(&f, SARN_CONTROL_CANCEL, "2"), "ok");
    assert_string_equal(errand_state(&f, "2"), "cancelled, 1 done");
    assert_int_equal(f.undone, 0);
    assert_string_equal(errand_do(&f, SARN_CONTROL_CANCEL, "1"), "ok");
    assert_int_equal(f.undone, 1);
    errand_close(&f);
}

static void a_fork_of_what_is_not_there_is_refused(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    assert_string_equal(fork_at(&f, "1", "go", "1"),
                        "already exists: execution \"errand-1\" exists: choose another "
                        "id");
    assert_string_equal(fork_at(&f, "1", "deliver", "2"),
                        "not allowed in this state: the execution has not come to a "
                        "step \"deliver\"");
    assert_string_equal(fork_at(&f, "1", "nowhere", "2"),
                        "not found: workflow \"errand\" version 1 has no step "
                        "\"nowhere\"");
    assert_string_equal(fork_at(&f, "9", "go", "2"),
                        "not found: there is no execution \"errand-9\"");
    errand_do(&f, SARN_CONTROL_CANCEL, "1");
    assert_string_equal(
        fork_at(&f, "1", "go", "2"),
        "not allowed in this state: the execution is cancelled: what it "
        "undoes nobody can take over");
    assert_string_equal(errand_state(&f, "2"), "none");
    errand_close(&f);
}

/* --- who may --- */

/* Eva may do everything; everybody else nothing to execution 2. */
static sarn_status only_eva(void *arg, const struct sarn_command *command)
{
    bool eva = sarn_str_equal(command->actor, sarn_str("eva"));

    (void)arg;
    return eva || !sarn_str_equal(command->stream, sarn_str("errand-2"))
               ? SARN_OK
               : SARN_ERR_DENIED;
}

static void the_authorize_hook_is_asked_about_the_execution_and_its_fork(void **unused)
{
    struct errand f;
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_control fork = errand_control(SARN_CONTROL_FORK, "1");

    (void)unused;
    options.hooks.authorize = only_eva;
    errand_open(&f, 1, &options);
    errand_start(&f, "1");
    fork.step = sarn_str("go");
    fork.name = sarn_str("2");
    assert_non_null(strstr(errand_tell(&f, &fork), "not authorized: "));
    assert_string_equal(errand_state(&f, "2"), "none");
    assert_string_equal(fork_at(&f, "1", "go", "2"), "ok"); /* Says Eva. */
    assert_non_null(strstr(errand_do(&f, SARN_CONTROL_PAUSE, "2"), "not authorized: "));
    assert_string_equal(errand_do(&f, SARN_CONTROL_PAUSE, "1"), "ok");
    errand_close(&f);
}

/* --- what an undo would do --- */

static sarn_status add_undo(void *arg, const struct sarn_undo_step *step)
{
    static const char *const kinds[] = {"",          "compensate", "by key",
                                        "reconcile", "child",      "nothing"};
    struct errand *f = arg;
    size_t used = strlen(f->text);

    snprintf(f->text + used, sizeof(f->text) - used, "%s%.*s: %s%s%s",
             used == 0 ? "" : ", ", (int)step->step.size, step->step.data,
             kinds[step->undo], step->attempts > 0 ? " once" : "",
             step->stuck ? ", stuck" : "");
    return SARN_OK;
}

static const char *plan(struct errand *f, const char *id)
{
    struct sarn_error error = {SARN_OK, ""};
    sarn_status status;

    sarn__engine_settle(sarn__sim_engine(f->sim));
    f->text[0] = '\0';
    status = sarn_execution_plan(sarn__engine_log(sarn__sim_engine(f->sim)), 0,
                                 sarn_str("errand"), sarn_str(id), add_undo, f, &error);
    if (status != SARN_OK) {
        snprintf(f->text, sizeof(f->text), "%s", error.text);
    }
    return f->text;
}

static void a_plan_says_what_an_undo_would_do_and_does_nothing(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    assert_string_equal(plan(&f, "1"), "workflow \"errand\" has no execution \"1\"");
    errand_start(&f, "1");
    assert_string_equal(plan(&f, "1"), "fetch: compensate");
    errand_signal(&f, "1", "go", "now");
    assert_string_equal(plan(&f, "1"), "go: nothing, fetch: compensate");
    assert_string_equal(errand_state(&f, "1"), "running at receipt, 2 done");
    errand_park_stuck(&f, "2");
    assert_string_equal(plan(&f, "2"), "fetch: compensate once, stuck");
    errand_park_unknown(&f, "3");
    assert_string_equal(plan(&f, "3"), "deliver: reconcile, receipt: nothing, go: "
                                       "nothing, fetch: compensate");
    errand_finish(&f, "4");
    assert_string_equal(plan(&f, "4"),
                        "the execution is over, completed: there is nothing to undo");
    errand_do(&f, SARN_CONTROL_CANCEL, "1");
    assert_string_equal(plan(&f, "1"),
                        "the execution is over, cancelled: there is nothing to undo");
    errand_close(&f);
}

/* --- wrong states --- */

static void what_is_over_or_being_undone_is_told_nothing_more(void **unused)
{
    static const struct {
        enum sarn_control_op op;
        const char *over, *undone;
    } rows[] = {
        {SARN_CONTROL_CANCEL, "there is nothing to end", "there is nothing to end"},
        {SARN_CONTROL_TERMINATE, "there is nothing to end", "there is nothing to end"},
        {SARN_CONTROL_PAUSE, "there is nothing to pause", NULL},
        {SARN_CONTROL_RESUME, "nothing can go on", NULL},
    };
    struct errand f;
    char text[256];

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_finish(&f, "1");
    errand_park_stuck(&f, "2"); /* While it was undone. */
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(text, sizeof(text),
                 "not allowed in this state: the execution is over, completed: %s",
                 rows[i].over);
        assert_string_equal(errand_do(&f, rows[i].op, "1"), text);
        if (rows[i].undone != NULL) {
            snprintf(text, sizeof(text),
                     "not allowed in this state: the execution is being undone, since "
                     "it was cancelled: %s",
                     rows[i].undone);
            assert_string_equal(errand_do(&f, rows[i].op, "2"), text);
        }
    }
    assert_string_equal(errand_signal(&f, "1", "go", "x"),
                        "not allowed in this state: the execution is over, completed: "
                        "nobody will wait for the message");
    assert_string_equal(
        errand_signal(&f, "2", "go", "x"),
        "not allowed in this state: the execution is being undone, since "
        "it was cancelled: nobody will wait for the message");
    assert_string_equal(
        errand_rename(&f, "2", "eva"),
        "not allowed in this state: the execution is being undone, since "
        "it was cancelled: nobody will wait for the message");
    assert_string_equal(
        errand_keep(&f, errand_promise(&f, "2"), "paid"),
        "not allowed in this state: the execution is being undone, since "
        "it was cancelled: nobody waits for the promise");
    errand_close(&f);
}

static void requests_that_make_no_sense_are_refused_at_once(void **unused)
{
    struct errand f;
    struct sarn_control control = errand_control(SARN_CONTROL_CANCEL, "1");
    struct errand_reply reply;

    (void)unused;
    errand_open(&f, 1, NULL);
    control.op = 0;
    assert_int_equal(errand_send(&f, &control, &reply), SARN_ERR_INVALID);
    control.op = 99;
    assert_int_equal(errand_send(&f, &control, &reply), SARN_ERR_INVALID);
    control.op = SARN_CONTROL_CANCEL;
    control.flags = 1;
    assert_int_equal(errand_send(&f, &control, &reply), SARN_ERR_INVALID);
    control.flags = 0;
    control.workflow = sarn_str("err-and");
    assert_int_equal(errand_send(&f, &control, &reply), SARN_ERR_INVALID);
    control.workflow = sarn_str("");
    assert_int_equal(errand_send(&f, &control, &reply), SARN_ERR_INVALID);
    control.workflow = sarn_str("errand");
    control.name = sarn_str("x");
    assert_int_equal(errand_send(&f, &control, &reply), SARN_ERR_INVALID);
    control.name = (struct sarn_str){NULL, 0};
    control.reason = sarn_str("\xff");
    assert_int_equal(errand_send(&f, &control, &reply), SARN_ERR_INVALID);
    control.reason = (struct sarn_str){NULL, 0};
    assert_int_equal(errand_send(&f, &control, &reply), SARN_OK);
    sarn__sim_run(f.sim);
    assert_int_equal(reply.reply.status, SARN_ERR_NOT_FOUND);
    errand_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_not_be_undone_is_retried_skipped_or_resolved),
        cmocka_unit_test(what_nobody_knows_is_retried_skipped_or_resolved),
        cmocka_unit_test(decisions_that_decide_nothing_are_refused),
        cmocka_unit_test(a_reset_undoes_from_the_step_on_and_goes_forward_again),
        cmocka_unit_test(a_fork_takes_over_what_was_done_and_goes_its_own_way),
        cmocka_unit_test(a_fork_that_is_cancelled_undoes_nothing_that_it_took_over),
        cmocka_unit_test(a_fork_of_what_is_not_there_is_refused),
        cmocka_unit_test(the_authorize_hook_is_asked_about_the_execution_and_its_fork),
        cmocka_unit_test(a_plan_says_what_an_undo_would_do_and_does_nothing),
        cmocka_unit_test(what_is_over_or_being_undone_is_told_nothing_more),
        cmocka_unit_test(requests_that_make_no_sense_are_refused_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
