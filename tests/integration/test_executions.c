/* sarn_executions and sarn_execution_counts over a log written by hand. */
#include <string.h>

#include "support/executions.h"
#include "support/heap.h"
#include "support/test.h"

/* --- rows --- */

static sarn_status keep_row(void *arg, const struct sarn_execution_row *row)
{
    *(struct sarn_execution_row *)arg = *row;
    return SARN_OK;
}

static void a_row_tells_of_the_latest_run(void **unused)
{
    const struct sarn_execution_started first = {.definition_version = 3,
                                                 .fingerprint = 77,
                                                 .run_id = SARN_STR("0123456789abcdef"),
                                                 .parent = SARN_STR("trip-9"),
                                                 .schedule = SARN_STR("nightly")};
    const struct sarn_compensation_began began = {.step = SARN_STR("charge"),
                                                  .code = SARN_STR("declined"),
                                                  .was = SARN_EXECUTION_RUNNING};
    const struct sarn_execution_upgraded upgraded = {.definition_version = 4,
                                                     .fingerprint = 78};
    const struct sarn_execution_compensated compensated = {.cause = 0};
    struct sarn_execution_row row;
    struct views v;

    (void)unused;
    executions_begin(&v);
    executions_start(&v, 0, "order-1", 100, first);
    executions_write(&v, 0, "order-1", 110, &sarn_execution_upgraded_type, &upgraded);
    executions_write(&v, 0, "order-1", 120, &sarn_compensation_began_type, &began);
    executions_write(&v, 0, "order-1", 130, &sarn_execution_compensated_type,
                     &compensated);
    executions_settle(&v);
    assert_int_equal(sarn_executions(&v.log, NULL, keep_row, &row, NULL), SARN_OK);
    assert_int_equal(row.status, SARN_EXECUTION_COMPENSATED);
    assert_int_equal(row.definition_version, 4);
    assert_int_equal(row.fingerprint, 78);
    assert_int_equal(row.started_us, 100);
    assert_int_equal(row.changed_us, 130);
    assert_int_equal(row.ended_us, 130);
    assert_int_equal(row.run_id.bytes[15], 'f');
    executions_start(
        &v, 0, "order-1", 200,
        (struct sarn_execution_started){.replaces = SARN_EXECUTION_COMPENSATED});
    assert_string_equal(executions_found(&v, NULL), "order-1 running");
    assert_int_equal(sarn_executions(&v.log, NULL, keep_row, &row, NULL), SARN_OK);
    assert_int_equal(row.started_us, 200);
    assert_int_equal(row.ended_us, 0);
    assert_int_equal(row.step.size, 0);
    assert_int_equal(row.schedule.size, 0);
    assert_string_equal(executions_counts(&v), "0/order running 1");
    views_end(&v);
}

static void every_event_that_changes_the_status_changes_the_row(void **unused)
{
    static const struct sarn_compensation_began began = {.was = SARN_EXECUTION_RUNNING};
    static const struct sarn_compensation_began undoing = {
        .was = SARN_EXECUTION_COMPLETED};
    static const struct sarn_execution_compensated ends[] = {
        {.cause = 0}, {.cause = 1}, {.cause = 2}, {.cause = 3}, {.cause = 4}};
    static const struct sarn_execution_parked stuck = {
        .was = SARN_EXECUTION_COMPENSATING, .compensation = true};
    static const struct sarn_execution_parked unknown = {.was = SARN_EXECUTION_RUNNING};
    static const struct sarn_execution_unparked retried = {
        .now = SARN_EXECUTION_COMPENSATING};
    static const struct sarn_cancel_requested cancel = {.was = SARN_EXECUTION_PARKED};
    static const struct sarn_cancel_requested cancel_running = {
        .was = SARN_EXECUTION_COMPENSATING};
    static const struct sarn_reset_requested reset = {.step = SARN_STR("a"),
                                                      .was = SARN_EXECUTION_RUNNING};
    static const struct sarn_execution_rewound rewound = {.step = SARN_STR("a")};
    static const struct sarn_execution_completed completed = {
        .was = SARN_EXECUTION_RUNNING};
    static const struct sarn_execution_continued continued = {.run_id = {NULL, 0}};
    static const struct {
        const struct sarn_type *type;
        const void *value;
        const char *status;
        bool again; /* A new run begins before. */
    } rows[] = {
        {&sarn_compensation_began_type, &began, "compensating", false},
        {&sarn_execution_parked_type, &stuck, "parked", false},
        {&sarn_execution_unparked_type, &retried, "compensating", false},
        {&sarn_cancel_requested_type, &cancel_running, "compensating", false},
        {&sarn_execution_compensated_type, &ends[0], "compensated", false},
        {&sarn_compensation_began_type, &began, "compensating", true},
        {&sarn_execution_compensated_type, &ends[1], "cancelled", false},
        {&sarn_compensation_began_type, &began, "compensating", true},
        {&sarn_execution_compensated_type, &ends[2], "terminated", false},
        {&sarn_compensation_began_type, &began, "compensating", true},
        {&sarn_execution_compensated_type, &ends[3], "timed out", false},
        {&sarn_execution_parked_type, &unknown, "parked", true},
        {&sarn_cancel_requested_type, &cancel, "running", false},
        {&sarn_reset_requested_type, &reset, "compensating", false},
        {&sarn_execution_rewound_type, &rewound, "running", false},
        {&sarn_execution_completed_type, &completed, "completed", false},
        {&sarn_compensation_began_type, &undoing, "compensating", false},
        {&sarn_execution_compensated_type, &ends[4], "undone", false},
        {&sarn_execution_continued_type, &continued, "continued", true},
    };
    char wanted[64];
    struct views v;
    uint32_t last = 0;

    (void)unused;
    executions_begin(&v);
    executions_start_plain(&v, "order-1", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].again) {
            struct sarn_execution_row row;

            assert_int_equal(sarn_executions(&v.log, NULL, keep_row, &row, NULL),
                             SARN_OK);
            last = row.status;
            executions_start(&v, 0, "order-1", 1 + (int64_t)i,
                             (struct sarn_execution_started){.replaces = last});
        }
        executions_write(&v, 0, "order-1", 2 + (int64_t)i, rows[i].type, rows[i].value);
        snprintf(wanted, sizeof(wanted), "order-1 %s", rows[i].status);
        assert_string_equal(executions_found(&v, NULL), wanted);
        snprintf(wanted, sizeof(wanted), "0/order %s 1", rows[i].status);
        assert_string_equal(executions_counts(&v), wanted);
    }
    views_end(&v);
}

static void the_first_logs_did_not_say_what_the_status_was(void **unused)
{
    const struct sarn_compensation_began began = {.step = SARN_STR("a")};
    const struct sarn_execution_parked stuck = {.compensation = true};
    const struct sarn_execution_parked unknown = {.compensation = false};
    const struct sarn_execution_completed completed = {.was = 0};
    struct views v;

    (void)unused;
    executions_begin(&v);
    executions_start_plain(&v, "order-1", 1);
    executions_start_plain(&v, "order-2", 2);
    executions_start_plain(&v, "order-3", 3);
    executions_write(&v, 0, "order-1", 4, &sarn_execution_completed_type, &completed);
    executions_write(&v, 0, "order-2", 5, &sarn_execution_parked_type, &unknown);
    executions_write(&v, 0, "order-3", 6, &sarn_compensation_began_type, &began);
    executions_write(&v, 0, "order-3", 7, &sarn_execution_parked_type, &stuck);
    assert_string_equal(executions_counts(&v), "0/order completed 1, 0/order parked 2");
    views_end(&v);
}

static void steps_set_attributes_and_take_them_away(void **unused)
{
    const struct sarn_attribute_value first[] = {{SARN_STR("city"), SARN_STR("Brno")},
                                                 {SARN_STR("tier"), SARN_STR("gold")}};
    const struct sarn_attribute_value second[] = {{SARN_STR("city"), SARN_STR("Praha")},
                                                  {SARN_STR("size"), SARN_STR("gold")},
                                                  {SARN_STR("tier"), SARN_STR("")}};
    const struct sarn_step_succeeded succeeded = {.step = SARN_STR("a"),
                                                  .attributes = {second, 3}};
    const struct sarn_step_succeeded other = {.step = SARN_STR("b")};
    static const struct {
        const char *name, *value, *found;
    } rows[] = {{"city", "Brno", ""},
                {"city", "Praha", "order-1 running"},
                {"tier", "gold", ""},
                {"size", "gold", "order-1 running"},
                {"siz", "egold", ""}};
    struct views v;

    (void)unused;
    executions_begin(&v);
    executions_start(&v, 0, "order-1", 1,
                     (struct sarn_execution_started){.attributes = {first, 2}});
    for (int round = 0; round < 2; round++) {
        const struct sarn_attribute sought = {SARN_STR("tier"), SARN_STR("gold")};
        struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;

        filter.attributes = &sought;
        filter.attribute_count = 1;
        assert_string_equal(executions_found(&v, &filter),
                            round == 0 ? "order-1 running" : "");
        executions_write(&v, 0, "order-1", 2, &sarn_step_succeeded_type, &other);
        executions_write(&v, 0, "order-1", 3, &sarn_step_succeeded_type, &succeeded);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sarn_attribute sought = {sarn_str(rows[i].name),
                                              sarn_str(rows[i].value)};
        struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;

        filter.attributes = &sought;
        filter.attribute_count = 1;
        assert_string_equal(executions_found(&v, &filter), rows[i].found);
    }
    assert_string_equal(views_check(&v, &v.log), "events=9 differences=0 unchecked=0");
    views_end(&v);
}

static void a_search_is_ordered_and_bounded(void **unused)
{
    struct sarn_execution_filter filter = SARN_EXECUTION_FILTER_INIT;
    struct views v;

    (void)unused;
    executions_begin(&v);
    executions_start_plain(&v, "order-3", 10);
    executions_start_plain(&v, "refund-1", 20);
    executions_start_plain(&v, "order-1", 30);
    executions_start_plain(&v, "order-2", 30);
    executions_complete(&v, "order-1", 40);
    assert_string_equal(executions_found(&v, &filter),
                        "order-3 running, refund-1 running, order-1 completed, "
                        "order-2 running");
    filter.limit = 2;
    filter.flags = SARN_READ_BACKWARD;
    assert_string_equal(executions_found(&v, &filter),
                        "order-2 running, order-1 completed");
    filter = (struct sarn_execution_filter)SARN_EXECUTION_FILTER_INIT;
    filter.from_us = 20;
    filter.to_us = 29;
    assert_string_equal(executions_found(&v, &filter), "refund-1 running");
    filter.to_us = 30;
    filter.workflow = sarn_str("order");
    assert_string_equal(executions_found(&v, &filter),
                        "order-1 completed, order-2 running");
    filter.status = SARN_EXECUTION_COMPLETED;
    assert_string_equal(executions_found(&v, &filter), "order-1 completed");
    filter.tenant = 7;
    assert_string_equal(executions_found(&v, &filter), "");
    filter.attribute_count = 1;
    assert_string_equal(executions_found(&v, &filter),
                        sarn_status_text(SARN_ERR_INVALID));
    filter.struct_size = 4;
    assert_string_equal(executions_found(&v, &filter),
                        sarn_status_text(SARN_ERR_INVALID));
    views_end(&v);
}

static sarn_status stop(void *arg, const struct sarn_execution_row *row)
{
    (void)arg;
    (void)row;
    return SARN_ERR_CANCELLED;
}

static void a_handler_may_end_a_search(void **unused)
{
    struct views v;

    (void)unused;
    executions_begin(&v);
    executions_start_plain(&v, "order-1", 1);
    executions_settle(&v);
    assert_int_equal(sarn_executions(&v.log, NULL, stop, NULL, &v.error),
                     SARN_ERR_CANCELLED);
    assert_string_equal(
        v.error.text,
        "the handler ended the search of executions: cancelled and compensated");
    views_end(&v);
}

static void a_log_that_was_never_opened_to_write_since_has_no_rows(void **unused)
{
    struct views v;

    (void)unused;
    views_begin(&v, NULL);
    executions_start_plain(&v, "order-1", 1);
    assert_string_equal(executions_found(&v, NULL), sarn_status_text(SARN_ERR_STATE));
    assert_string_equal(v.error.text,
                        "the log has no rows for version 1 of projection "
                        "'sarn.executions'; open it for writing with this module once");
    views_end(&v);
}

static void a_search_may_run_out_of_memory(void **unused)
{
    struct test_heap counted = {0};
    struct views v;
    uint64_t fail = 0;
    const char *answer;

    (void)unused;
    executions_begin(&v);
    for (uint32_t i = 0; i < 3; i++) {
        executions_start_plain(&v,
                               i == 0   ? "order-1"
                               : i == 1 ? "refund-1"
                                        : "trip-1",
                               i + 1);
    }
    executions_settle(&v);
    views_flush(&v, 100, UINT32_MAX);
    views_close(&v);
    v.scribe.ports.heap = test_heap(&counted);
    views_open(&v, NULL);
    executions_settle(&v);
    do {
        counted.fail_at = counted.calls + ++fail;
        answer = executions_found_in(&v, &v.log, NULL);
        counted.fail_at = 0;
        if (strcmp(answer, sarn_status_text(SARN_ERR_NOMEM)) == 0) {
            assert_int_equal(v.error.status, SARN_ERR_NOMEM);
        }
    } while (strcmp(answer, sarn_status_text(SARN_ERR_NOMEM)) == 0);
    assert_string_equal(answer, "order-1 running, refund-1 running, trip-1 running");
    assert_true(fail > 6);
    views_close(&v);
    assert_int_equal(counted.live, 0);
    v.scribe.ports.heap = (struct sarn_heap){0};
    views_end(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_tells_of_the_latest_run),
        cmocka_unit_test(every_event_that_changes_the_status_changes_the_row),
        cmocka_unit_test(the_first_logs_did_not_say_what_the_status_was),
        cmocka_unit_test(steps_set_attributes_and_take_them_away),
        cmocka_unit_test(a_search_is_ordered_and_bounded),
        cmocka_unit_test(a_handler_may_end_a_search),
        cmocka_unit_test(a_log_that_was_never_opened_to_write_since_has_no_rows),
        cmocka_unit_test(a_search_may_run_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
