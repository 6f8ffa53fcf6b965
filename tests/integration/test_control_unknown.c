/* What executions are told where their workflow's code is not: read and checked by what
 * the log has of it, recorded, and found when the code is back. */
#include <string.h>

#include "support/errand.h"

static void lose_the_code(struct errand *f)
{
    static const struct sarn_module *const none[] = {NULL};
    struct sarn_error error;

    sarn__sim_close(f->sim);
    sarn__sim_next_options(f->sim)->misfits = SARN_MISFIT_PIN;
    assert_ok(sarn__sim_open(f->sim, none, 0, &error), &error);
    sarn__sim_run(f->sim);
}

static void get_it_back(struct errand *f)
{
    errand_reopen(f, false);
    sarn__sim_run(f->sim);
}

static void signals_and_promises_are_read_by_the_schemas_of_the_log(void **unused)
{
    struct errand f;
    struct sarn_str promise;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    promise = errand_promise(&f, "1");
    lose_the_code(&f);
    assert_non_null(
        strstr(errand_signal(&f, "1", "go", "with \\u0000"), "ok")); /* Any text. */
    assert_string_equal(errand_signal(&f, "1", "go", NULL),
                        "does not fit the schema: this signal takes a payload: a "
                        "ledger.Noted");
    assert_string_equal(errand_signal(&f, "1", "ring", "loud"),
                        "does not fit the schema: this signal takes no payload");
    assert_string_equal(errand_signal(&f, "1", "gone", "x"),
                        "not found: workflow \"errand\" version 1 takes no signal "
                        "\"gone\"");
    assert_string_equal(errand_keep(&f, promise, "paid"), "ok");
    assert_non_null(strstr(errand_keep(&f, promise, "paid"), "was settled before"));
    assert_int_equal(f.delivered, 0);
    get_it_back(&f);
    assert_string_equal(errand_state(&f, "1"), "completed, 4 done");
    assert_int_equal(f.delivered, 1);
    errand_close(&f);
}

static void updates_and_queries_need_the_code(void **unused)
{
    struct errand f;

    (void)unused;
    errand_open(&f, 1, NULL);
    errand_start(&f, "1");
    lose_the_code(&f);
    assert_string_equal(errand_rename(&f, "1", "eva"),
                        "not allowed in this state: the code of workflow \"errand\" is "
                        "not here to answer an update: ask the program that runs it");
    get_it_back(&f);
    assert_string_equal(errand_rename(&f, "1", "eva"), "ok -> (no name)");
    errand_close(&f);
}

/* Each is told without the code, and carried out with it. */
static void what_an_operator_says_is_recorded_and_goes_on_from_there(void **unused)
{
    static const struct {
        enum sarn_control_op op;
        const char *step, *name, *without, *with;
        const char *id; /* Whose state. */
    } rows[] = {
        {SARN_CONTROL_CANCEL, NULL, NULL, "running", "cancelled, 0 done", "1"},
        {SARN_CONTROL_TERMINATE, NULL, NULL, "running", "terminated, 0 done", "1"},
        {SARN_CONTROL_PAUSE, NULL, NULL, "paused, running", "paused, running", "1"},
        {SARN_CONTROL_RESET, "fetch", NULL, "compensating", "running at go, 1 done",
         "1"},
        {SARN_CONTROL_FORK, "go", "2", "running", "running at go, 1 done", "2"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand f;
        struct sarn_control control = errand_control(rows[i].op, "1");

        errand_open(&f, i, NULL);
        errand_start(&f, "1");
        lose_the_code(&f);
        control.step = sarn_str(rows[i].step);
        control.name = sarn_str(rows[i].name);
        assert_string_equal(errand_tell(&f, &control), "ok");
        assert_non_null(strstr(errand_state(&f, rows[i].id), rows[i].without));
        get_it_back(&f);
        assert_non_null(strstr(errand_state(&f, rows[i].id), rows[i].with));
        errand_close(&f);
    }
}

static void what_is_parked_is_decided_without_the_code(void **unused)
{
    static const struct {
        bool stuck;
        enum sarn_control_op op;
        enum sarn_step_fate fate;
        const char *json, *state;
    } rows[] = {
        {true, SARN_CONTROL_RETRY, 0, NULL, "cancelled, 0 done"},
        {true, SARN_CONTROL_SKIP, 0, NULL, "cancelled, 0 done"},
        {true, SARN_CONTROL_RESOLVE, SARN_STEP_DONE, NULL, "cancelled, 0 done"},
        {false, SARN_CONTROL_RESOLVE, SARN_STEP_DONE, "{\"text\":\"at noon\"}",
         "completed, 4 done"},
        {false, SARN_CONTROL_RESOLVE, SARN_STEP_NOT_DONE, NULL, "completed, 4 done"},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct errand f;
        struct sarn_control control = errand_control(rows[i].op, "1");

        errand_open(&f, i, NULL);
        if (rows[i].stuck) {
            errand_park_stuck(&f, "1");
        } else {
            errand_park_unknown(&f, "1");
        }
        lose_the_code(&f);
        control.fate = rows[i].fate;
        control.json = sarn_str(rows[i].json);
        assert_string_equal(errand_tell(&f, &control), "ok");
        get_it_back(&f);
        assert_non_null(strstr(errand_state(&f, "1"), rows[i].state));
        errand_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_and_promises_are_read_by_the_schemas_of_the_log),
        cmocka_unit_test(updates_and_queries_need_the_code),
        cmocka_unit_test(what_an_operator_says_is_recorded_and_goes_on_from_there),
        cmocka_unit_test(what_is_parked_is_decided_without_the_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
