/* What becomes of executions in flight when other code opens the log. */
#include <string.h>

#include "engine/misfits.h"
#include "sarn/events.h"
#include "sarn/execution.h"
#include "support/job.h"

/* --- row by row --- */

static void each_change_of_steps_means_what_the_table_says(void **unused)
{
    static const struct {
        const char *before, *after;
        const char *ran;    /* NULL: the open is refused, */
        const char *reason; /* with this in the words. */
    } rows[] = {
        /* Added: behind, and before the place. */
        {"a b? c", "a b? x c", "a x c", NULL},
        {"a b? c", "x a b? c", "a c", NULL},
        /* Removed: not reached, done, done and to be undone, at it. */
        {"a b? c d", "a b? d", "a d", NULL},
        {"a b? c", "b? c", "a c", NULL},
        {"a! b? c", "b? c", NULL, "step 'a'"},
        {"a b? c", "a c", NULL, "step 'b'"},
        /* Renamed. */
        {"a b? c", "a wait?=b c", "a c", NULL},
        {"a! b? c", "first!=a b? c", "a c", NULL},
        {"a b? c", "a wait? c", NULL, "step 'b'"},
        /* Moved: would run twice, would be skipped, in another order. */
        {"a b? c", "b? a c", NULL, "step 'a'"},
        {"a b? c d", "a c b? d", NULL, "step 'c'"},
        {"a b? c d", "a b? d c", "a d c", NULL},
        /* Of another kind: begun, and not begun. */
        {"a b? c", "a b c", NULL, "step 'b'"},
        {"a b? c", "a b? c*", "a c", NULL},
        /* No longer undoing: begun, and not begun. */
        {"a! b? c", "a b? c", NULL, "step 'a'"},
        {"a b? c!", "a b? c", "a c", NULL},
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *const texts[] = {NULL, rows[i].after};
        struct job job;
        sarn_status status;

        job_open(&job, rows[i].before);
        job_start(&job, "1");
        assert_string_equal(job.ran, "a");
        status = job_reopen(&job, texts, 2, SARN_MISFIT_REFUSE);
        if (rows[i].ran == NULL) {
            if (status != SARN_ERR_MISFIT ||
                strstr(job.error.text, rows[i].reason) == NULL) {
                fail_msg("%s -> %s: %s, %s", rows[i].before, rows[i].after,
                         sarn_status_text(status), job.error.text);
            }
        } else {
            if (status != SARN_OK) {
                fail_msg("%s -> %s: %s", rows[i].before, rows[i].after, job.error.text);
            }
            job_tell(&job, SARN_CONTROL_SIGNAL, "1");
            if (strcmp(job.ran, rows[i].ran) != 0) {
                fail_msg("%s -> %s: ran %s", rows[i].before, rows[i].after, job.ran);
            }
            assert_string_equal(job_state(&job, "1"), "completed");
        }
        job_close(&job);
    }
}

/* --- what becomes of those that do not fit --- */

static const char *const without_wait[] = {NULL, "a c"};
static const char *const both[] = {"a! b? c", "a c"};

static void open_misfits(struct job *job, enum sarn_misfit_policy misfits)
{
    job_open(job, "a! b? c");
    job_start(job, "1");
    job_start(job, "2");
    assert_int_equal(job_reopen(job, without_wait, 2, misfits),
                     misfits == SARN_MISFIT_REFUSE ? SARN_ERR_MISFIT : SARN_OK);
}

static void those_that_do_not_fit_are_listed_by_step_and_the_open_refused(void **unused)
{
    struct job job;

    (void)unused;
    open_misfits(&job, SARN_MISFIT_REFUSE);
    assert_non_null(strstr(job.told, "2 of job v1 at "));
    assert_null(strchr(job.told, ';'));
    assert_non_null(strstr(job.error.text, "2 executions in flight do not fit"));
    /* With the old version beside the new one all is well. */
    assert_int_equal(job_reopen(&job, both, 2, SARN_MISFIT_REFUSE), SARN_OK);
    assert_string_equal(job.told, "");
    job_tell(&job, SARN_CONTROL_SIGNAL, "1");
    assert_string_equal(job_state(&job, "1"), "completed");
    assert_string_equal(job.ran, "a a c");
    job_start(&job, "3"); /* By the new version: it waits for nothing. */
    assert_string_equal(job_state(&job, "3"), "completed");
    assert_string_equal(job.ran, "a a c a c");
    job_close(&job);
}

static void pinned_they_rest_until_their_version_is_back(void **unused)
{
    struct job job;

    (void)unused;
    open_misfits(&job, SARN_MISFIT_PIN);
    assert_non_null(strstr(job.told, "2 of job v1"));
    job_tell(&job, SARN_CONTROL_CANCEL, "2"); /* Only recorded: it is not undone. */
    assert_string_equal(job_state(&job, "1"), "running");
    assert_string_equal(job_state(&job, "2"), "running");
    assert_string_equal(job.ran, "a a");
    assert_int_equal(job_reopen(&job, both, 2, SARN_MISFIT_PIN), SARN_OK);
    assert_string_equal(job.told, "");
    job_tell(&job, SARN_CONTROL_SIGNAL, "1");
    assert_string_equal(job_state(&job, "1"), "completed");
    assert_string_equal(job_state(&job, "2"), "cancelled");
    assert_string_equal(job.ran, "a a -a c");
    job_close(&job);
}

static void what_may_have_begun_before_a_crash_is_pinned_too(void **unused)
{
    struct job job;

    (void)unused;
    job_open(&job, "a b!* c");
    job_begin(&job, "1"); /* So b may have begun, though nothing more says so. */
    assert_int_equal(job_reopen(&job, without_wait, 2, SARN_MISFIT_PIN), SARN_OK);
    assert_non_null(strstr(job.told, "1 of job v1 at b: the step may have run"));
    assert_string_equal(job_state(&job, "1"), "running");
    job_close(&job);
}

static void parked_they_wait_for_an_operator(void **unused)
{
    struct job job;

    (void)unused;
    open_misfits(&job, SARN_MISFIT_PARK);
    /* They slept: nothing else would have woken them. */
    assert_non_null(strstr(job_state(&job, "1"), "parked: started with version 1, "));
    assert_non_null(strstr(job_state(&job, "2"), "parked: "));
    /* With their version they go on. */
    assert_int_equal(job_reopen(&job, both, 2, SARN_MISFIT_REFUSE), SARN_OK);
    job_tell(&job, SARN_CONTROL_RETRY, "1");
    job_tell(&job, SARN_CONTROL_SIGNAL, "1");
    assert_string_equal(job_state(&job, "1"), "completed");
    job_tell(&job, SARN_CONTROL_CANCEL, "2");
    assert_string_equal(job.ran, "a a c -a");
    job_close(&job);
}

static void memory_may_run_out_at_any_moment_of_the_open(void **unused)
{
    sarn_status status;
    uint64_t fail = 0;
    struct job job;

    (void)unused;
    job_open(&job, "a! b? c");
    job_start(&job, "1");
    sarn__sim_crash(job.sim);
    job_register(&job, without_wait, 2);
    sarn__sim_next_options(job.sim)->misfits = SARN_MISFIT_PARK;
    do {
        job.heap.fail_at = job.heap.calls + ++fail;
        status = sarn__sim_open(job.sim, job.modules, 1, &job.error);
        job.heap.fail_at = 0;
    } while (status == SARN_ERR_NOMEM);
    assert_ok(status, &job.error);
    assert_true(fail > 100);
    sarn__sim_run(job.sim);
    assert_non_null(strstr(job_state(&job, "1"), "parked: "));
    job_close(&job);
    assert_int_equal(job.heap.live, 0);
}

static void what_nobody_registered_is_left_alone(void **unused)
{
    const char *const none[] = {NULL};
    struct job job;

    (void)unused;
    job_open(&job, "a b? c");
    job_start(&job, "1");
    assert_int_equal(job_reopen(&job, none, 1, SARN_MISFIT_REFUSE), SARN_OK);
    assert_string_equal(job.told, "");
    assert_string_equal(job_state(&job, "1"), "running");
    job_close(&job);
}

/* --- what the log knows --- */

static sarn_status count_registered(void *arg, const struct sarn_event *event)
{
    uint32_t *count = arg;

    *count += event->type == &sarn_workflow_registered_type ? 1 : 0;
    return SARN_OK;
}

static uint32_t registered(struct job *job)
{
    struct sarn_range range = SARN_RANGE_INIT;
    uint32_t count = 0;

    sarn__engine_settle(sarn__sim_engine(job->sim));
    assert_int_equal(sarn__log_read(sarn__engine_log(sarn__sim_engine(job->sim)),
                                    &range, count_registered, &count, NULL),
                     SARN_OK);
    return count;
}

static void a_version_is_recorded_once(void **unused)
{
    const char *const same[] = {"a b? c"};
    const char *const two[] = {"a b? c", "a b? x c"};
    struct job job;

    (void)unused;
    job_open(&job, "a b? c");
    assert_int_equal(registered(&job), 1);
    assert_int_equal(job_reopen(&job, same, 1, SARN_MISFIT_REFUSE), SARN_OK);
    assert_int_equal(registered(&job), 1);
    assert_int_equal(job_reopen(&job, two, 2, SARN_MISFIT_REFUSE), SARN_OK);
    assert_int_equal(registered(&job), 2);
    assert_int_equal(job_reopen(&job, two, 2, SARN_MISFIT_REFUSE), SARN_OK);
    assert_int_equal(registered(&job), 2);
    job_close(&job);
}

static sarn_status say_undo(void *arg, const struct sarn_undo_step *step)
{
    char *text = arg;
    size_t used = strlen(text);

    snprintf(text + used, 128 - used, "%s%.*s %u", used > 0 ? ", " : "",
             (int)step->step.size, step->step.data, step->undo);
    return SARN_OK;
}

static void an_undo_is_planned_without_the_code(void **unused)
{
    const char *const none[] = {NULL};
    char text[128] = "";
    struct job job;

    (void)unused;
    job_open(&job, "a! x b? c");
    job_start(&job, "1");
    assert_int_equal(job_reopen(&job, none, 1, SARN_MISFIT_REFUSE), SARN_OK);
    assert_int_equal(sarn_execution_plan(sarn__engine_log(sarn__sim_engine(job.sim)), 0,
                                         sarn_str("job"), sarn_str("1"), say_undo, text,
                                         &job.error),
                     SARN_OK);
    assert_non_null(strstr(text, "a 1"));
    job_close(&job);
}

/* --- what it costs --- */

#define MANY 10000u

struct counted {
    struct sarn_journal_ops ops;
    const struct sarn_journal_ops *real;
    void *self;
    uint64_t calls;
};

static sarn_status count_get(void *self,
                             uint32_t table,
                             struct sarn_str key,
                             struct sarn_arena *arena,
                             struct sarn_str *value,
                             struct sarn_error *error)
{
    struct counted *counted = self;

    counted->calls += 1;
    return counted->real->get(counted->self, table, key, arena, value, error);
}

static sarn_status count_rows(void *self,
                              const struct sarn_table_range *range,
                              sarn_table_fn *visit,
                              void *arg,
                              bool *more,
                              struct sarn_error *error)
{
    struct counted *counted = self;

    counted->calls += 1;
    return counted->real->rows(counted->self, range, visit, arg, more, error);
}

static sarn_status count_walk(void *self,
                              uint64_t start,
                              sarn_walk_fn *visit,
                              void *arg,
                              uint64_t *next,
                              struct sarn_error *error)
{
    struct counted *counted = self;

    counted->calls += 1;
    return counted->real->walk(counted->self, start, visit, arg, next, error);
}

static sarn_status count_scan(void *self,
                              uint64_t from,
                              uint64_t to,
                              sarn_record_fn *visit,
                              void *arg,
                              uint64_t *next,
                              struct sarn_error *error)
{
    struct counted *counted = self;

    counted->calls += 1;
    return counted->real->scan(counted->self, from, to, visit, arg, next, error);
}

/* Reads of the journal that the look at executions in flight makes. */
static uint64_t reads_of_check(struct job *job, sarn_status wanted)
{
    sarn_engine *engine = sarn__sim_engine(job->sim);
    struct sarn_journal *journal = &engine->log.ports.journal;
    struct counted counted = {
        .ops = *journal->ops, .real = journal->ops, .self = journal->self};
    sarn_status status;

    sarn__engine_settle(engine);
    counted.ops.get = count_get;
    counted.ops.rows = count_rows;
    counted.ops.walk = count_walk;
    counted.ops.scan = count_scan;
    *journal = (struct sarn_journal){&counted.ops, &counted};
    status = sarn__misfits_check(engine, &job->error);
    *journal = (struct sarn_journal){counted.real, counted.self};
    assert_int_equal(status, wanted);
    return counted.calls;
}

static void versions_that_are_registered_cost_nothing_at_open(void **unused)
{
    const char *const two[] = {"a b? c", "a c"};
    struct job job;

    (void)unused;
    job_open(&job, "a b? c");
    for (uint32_t i = 0; i < MANY; i++) {
        char id[16];

        snprintf(id, sizeof(id), "%u", i);
        job_start(&job, id);
    }
    assert_true(reads_of_check(&job, SARN_OK) < 10);
    assert_int_equal(job_reopen(&job, two, 2, SARN_MISFIT_REFUSE), SARN_OK);
    assert_true(reads_of_check(&job, SARN_OK) < 10);
    assert_int_equal(job_reopen(&job, without_wait, 2, SARN_MISFIT_REFUSE),
                     SARN_ERR_MISFIT);
    assert_non_null(strstr(job.told, "10000 of job v1"));
    job_close(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_of_steps_means_what_the_table_says),
        cmocka_unit_test(those_that_do_not_fit_are_listed_by_step_and_the_open_refused),
        cmocka_unit_test(pinned_they_rest_until_their_version_is_back),
        cmocka_unit_test(what_may_have_begun_before_a_crash_is_pinned_too),
        cmocka_unit_test(parked_they_wait_for_an_operator),
        cmocka_unit_test(memory_may_run_out_at_any_moment_of_the_open),
        cmocka_unit_test(what_nobody_registered_is_left_alone),
        cmocka_unit_test(a_version_is_recorded_once),
        cmocka_unit_test(an_undo_is_planned_without_the_code),
        cmocka_unit_test(versions_that_are_registered_cost_nothing_at_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
