/* domain/engine/store: who is awake, who sleeps until when, and where runs begin. */
#include <string.h>

#include "engine/store.h"
#include "sarn/events.h"
#include "support/folded.h"
#include "support/heap.h"

static void tell(struct folded *f, const char *stream, const char *type)
{
    folded_record(f, &(struct scribe_event){.stream = stream, .type = type});
}

static uint64_t write_sleep(struct folded *f, const char *stream, int64_t until_us)
{
    struct sarn_execution_slept slept = {.until_us = until_us};

    return scribe_write(
        &f->scribe, &(struct scribe_event){.stream = stream,
                                           .type = "sarn.ExecutionSlept",
                                           .struct_type = &sarn_execution_slept_type,
                                           .value = &slept});
}

static void put_to_sleep(struct folded *f, const char *stream, int64_t until_us)
{
    write_sleep(f, stream, until_us);
    assert_int_equal(folded_tail(f), SARN_OK);
}

static sarn_status list_number(void *arg, uint64_t number)
{
    struct folded *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%" PRIu64 " ", number);
    return SARN_OK;
}

static sarn_status list_due(void *arg, const struct sarn__due *due)
{
    return list_number(arg, due->number);
}

static const char *awake(struct folded *f)
{
    f->text[0] = '\0';
    assert_int_equal(sarn__store_executions(&f->store, 0, 99, list_number, f, NULL),
                     SARN_OK);
    return f->text;
}

static const char *
due_after(struct folded *f, struct sarn__due after, int64_t now_us, uint32_t limit)
{
    f->text[0] = '\0';
    assert_int_equal(
        sarn__store_due(&f->store, &after, now_us, limit, list_due, f, NULL), SARN_OK);
    return f->text;
}

static const char *due(struct folded *f, int64_t now_us, uint32_t limit)
{
    return due_after(f, (struct sarn__due){0, 0}, now_us, limit);
}

static int64_t next_due(struct folded *f)
{
    int64_t due_us = -1;

    assert_int_equal(sarn__store_next_due(&f->store, &due_us, NULL), SARN_OK);
    return due_us;
}

/* --- sleep --- */

static void what_sleeps_is_not_awake_and_is_found_when_it_is_due(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    assert_int_equal(next_due(&f), INT64_MAX);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    tell(&f, "wf-2", "sarn.ExecutionStarted");
    tell(&f, "wf-3", "sarn.ExecutionStarted");
    put_to_sleep(&f, "wf-1", 300);
    put_to_sleep(&f, "wf-3", 200);
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(awake(&f), "2 ");
        assert_int_equal(next_due(&f), 200);
        assert_string_equal(due(&f, 199, 9), "");
        assert_string_equal(due(&f, 200, 9), "3 ");
        assert_string_equal(due(&f, 300, 9), "3 1 ");
        assert_string_equal(due(&f, INT64_MAX, 1), "3 ");
        assert_string_equal(due(&f, -5, 9), "");
        folded_flush(&f); /* And once more from below. */
        folded_crash(&f);
    }
    folded_end(&f);
}

static void whatever_it_is_told_wakes_it(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    put_to_sleep(&f, "wf-1", 300);
    tell(&f, "wf-1", "sarn.SignalReceived");
    assert_string_equal(awake(&f), "1 ");
    assert_int_equal(next_due(&f), INT64_MAX);
    assert_string_equal(due(&f, INT64_MAX, 9), "");
    put_to_sleep(&f, "wf-1", 400);
    assert_int_equal(next_due(&f), 400);
    put_to_sleep(&f, "wf-1", 500); /* Turns over in its sleep. */
    assert_int_equal(next_due(&f), 500);
    assert_string_equal(due(&f, INT64_MAX, 9), "1 ");
    tell(&f, "wf-1", "sarn.ExecutionCompleted");
    assert_string_equal(awake(&f), "");
    assert_int_equal(next_due(&f), INT64_MAX);
    folded_end(&f);
}

static void what_is_not_its_own_event_does_not_wake_it(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    put_to_sleep(&f, "wf-1", 300);
    tell(&f, "wf-1", "test.Noted");
    assert_string_equal(awake(&f), "");
    assert_int_equal(next_due(&f), 300);
    folded_end(&f);
}

static void it_may_sleep_until_it_is_told_something(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    put_to_sleep(&f, "wf-1", 0);
    assert_string_equal(awake(&f), "");
    assert_int_equal(next_due(&f), INT64_MAX);
    tell(&f, "wf-1", "sarn.PromiseSettled");
    assert_string_equal(awake(&f), "1 ");
    put_to_sleep(&f, "wf-1", -7); /* No time at all. */
    assert_int_equal(next_due(&f), INT64_MAX);
    folded_end(&f);
}

static void what_is_parked_wakes_only_when_it_is_to_go_on(void **unused)
{
    static const char *const goes_on[] = {"sarn.ExecutionUnparked",
                                          "sarn.CancelRequested", "sarn.ResetRequested",
                                          "sarn.UndoRequested"};
    struct folded f;

    (void)unused;
    folded_begin(&f);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    for (size_t i = 0; i < sizeof(goes_on) / sizeof(goes_on[0]); i++) {
        tell(&f, "wf-1", "sarn.ExecutionParked");
        assert_string_equal(awake(&f), "");
        tell(&f, "wf-1", "sarn.SignalReceived");
        assert_string_equal(awake(&f), "");
        tell(&f, "wf-1", goes_on[i]);
        assert_string_equal(awake(&f), "1 ");
    }
    folded_end(&f);
}

static void schedules_wake_and_sleep_likewise(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    tell(&f, "sarn_schedule-a", "sarn.ScheduleSet");
    assert_string_equal(awake(&f), "1 ");
    put_to_sleep(&f, "sarn_schedule-a", 60);
    assert_int_equal(next_due(&f), 60);
    tell(&f, "sarn_schedule-a", "sarn.ScheduleFired");
    assert_string_equal(awake(&f), "1 ");
    put_to_sleep(&f, "sarn_schedule-a", 120);
    tell(&f, "sarn_schedule-a", "sarn.ScheduleDeleted");
    assert_string_equal(awake(&f), "");
    assert_int_equal(next_due(&f), INT64_MAX);
    tell(&f, "sarn_schedule-a", "sarn.ScheduleSet");
    assert_string_equal(awake(&f), "1 ");
    folded_end(&f);
}

/* --- after a crash --- */

static void set_metadata(struct folded *f, const char *stream)
{
    struct sarn_stream_metadata_set set = {.metadata = SARN_STR("{}")};

    folded_record(f,
                  &(struct scribe_event){.stream = stream,
                                         .type = "sarn.StreamMetadataSet",
                                         .struct_type = &sarn_stream_metadata_set_type,
                                         .value = &set});
}

/* The sleeper's row as the event at position made it reaches the journal, and no other
 * row with it: that it sleeps no more, or until it is told something. */
static void flush_sleeper(struct folded *f, uint64_t position, bool asleep)
{
    struct sarn_journal *journal = &f->scribe.ports.journal;
    char value[SARN__ROW_HEADER_BYTES + 8] = {(char)position};
    const struct sarn_table_row row = {
        .table = SARN__TABLE_SLEEPERS,
        .key = SARN_STR("\0\0\0\0\0\0\0\1"),
        .value = {value, asleep ? sizeof(value) : SARN__ROW_HEADER_BYTES}};
    const struct sarn_flush flush = {.rows = &row, .count = 1};

    value[8] = (char)(asleep ? SARN__ROW_LIVE : SARN__ROW_REMOVED);
    assert_int_equal(journal->ops->flush(journal->self, &flush, &f->error), SARN_OK);
}

static void a_timer_whose_sleeper_was_flushed_alone_goes_all_the_same(void **unused)
{
    struct folded f;

    (void)unused;
    for (uint32_t asleep = 0; asleep < 2; asleep++) {
        folded_begin(&f);
        tell(&f, "wf-1", "sarn.ExecutionStarted");
        put_to_sleep(&f, "wf-1", 300);
        folded_flush(&f);
        set_metadata(&f, "wf-1");
        tell(&f, "wf-1", "sarn.SignalReceived");
        set_metadata(&f, "wf-1");
        if (asleep) {
            put_to_sleep(&f, "wf-1", 0);
        }
        flush_sleeper(&f, asleep ? 6 : 4, asleep);
        folded_crash(&f);
        assert_int_equal(next_due(&f), 300);
        assert_int_equal(folded_tail(&f), SARN_OK);
        assert_string_equal(awake(&f), asleep ? "" : "1 ");
        assert_int_equal(next_due(&f), INT64_MAX);
        assert_string_equal(due(&f, INT64_MAX, 9), "");
        folded_end(&f);
    }
}

static void a_damaged_row_is_corruption_with_a_sentence(void **unused)
{
    const struct sarn__due nothing = {0, 0};
    const struct sarn_str key = SARN_STR("\0\0\0\0\0\0\0\1"), value = SARN_STR("abc");
    uint64_t version;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    put_to_sleep(&f, "wf-1", 300);
    assert_int_equal(
        sarn__tables_put(f.store.tables, SARN__TABLE_SLEEPERS, key, value, 2, NULL),
        SARN_OK);
    assert_int_equal(
        sarn__tables_put(f.store.tables, SARN__TABLE_RUNS, key, value, 2, NULL),
        SARN_OK);
    assert_int_equal(
        sarn__tables_put(f.store.tables, SARN__TABLE_TIMERS, key, value, 2, NULL),
        SARN_OK);
    assert_int_equal(sarn__store_run_start(&f.store, 1, &version, &f.error),
                     SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text,
                        "the row of an execution's latest run has 3 bytes");
    assert_int_equal(sarn__store_due(&f.store, &nothing, 1, 9, list_due, &f, &f.error),
                     SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text,
                        "a row of executions has a key of 8 bytes, not 16");
    assert_string_equal(
        folded_lie(&f, &(struct scribe_event){.stream = "wf-1",
                                              .type = "sarn.SignalReceived"}),
        "the row of an execution asleep has 3 bytes");
    folded_end(&f);
}

static void memory_may_run_out_while_it_falls_asleep_and_wakes(void **unused)
{
    struct test_heap counted = {0};
    struct folded f;

    (void)unused;
    folded_begin(&f);
    sarn__store_close(&f.store);
    f.scribe.ports.heap = test_heap(&counted);
    folded_open(&f);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    folded_flush(&f);
    for (uint32_t round = 0; round < 2; round++) {
        sarn_status status;
        uint64_t fail = 0;

        if (round == 0) {
            write_sleep(&f, "wf-1", 300);
        } else {
            folded_flush(&f);
            scribe_write(&f.scribe,
                         &(struct scribe_event){.stream = "wf-1",
                                                .type = "sarn.SignalReceived"});
        }
        do {
            counted.fail_at = counted.calls + ++fail;
            status = folded_tail(&f);
            counted.fail_at = 0;
        } while (status == SARN_ERR_NOMEM);
        assert_int_equal(status, SARN_OK);
        assert_true(fail > 1);
        assert_string_equal(awake(&f), round == 0 ? "" : "1 ");
        assert_int_equal(next_due(&f), round == 0 ? 300 : INT64_MAX);
    }
    folded_end(&f);
}

/* --- runs and definitions --- */

static uint64_t run_start(struct folded *f, uint64_t number)
{
    uint64_t version = 99;

    assert_int_equal(sarn__store_run_start(&f->store, number, &version, NULL), SARN_OK);
    return version;
}

static void the_latest_run_begins_at_its_start(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    assert_int_equal(run_start(&f, 1), 0);
    tell(&f, "wf-1", "sarn.ExecutionCompleted");
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    assert_int_equal(run_start(&f, 1), 2);
    assert_string_equal(awake(&f), "1 ");
    tell(&f, "wf-1", "sarn.ExecutionContinued");
    tell(&f, "wf-1", "sarn.ExecutionStarted");
    assert_int_equal(run_start(&f, 1), 4);
    folded_flush(&f);
    folded_crash(&f);
    assert_int_equal(run_start(&f, 1), 4);
    assert_int_equal(run_start(&f, 7), 0);
    folded_end(&f);
}

static void define(struct folded *f, const char *name, uint64_t fingerprint)
{
    struct sarn_workflow_registered event = {.name = sarn_str(name),
                                             .fingerprint = fingerprint};

    folded_record(f,
                  &(struct scribe_event){.type = "sarn.WorkflowRegistered",
                                         .struct_type = &sarn_workflow_registered_type,
                                         .value = &event});
}

static void definitions_are_found_by_name_and_fingerprint(void **unused)
{
    static char name[SARN_NAME_BYTES_MAX + 1];
    uint64_t position = 0;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    define(&f, "order", 7);
    define(&f, "order", 8);
    define(&f, "refund", 7);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(
            sarn__store_definition(&f.store, sarn_str("order"), 8, &position, NULL),
            SARN_OK);
        assert_int_equal(position, 2);
        assert_int_equal(
            sarn__store_definition(&f.store, sarn_str("refund"), 7, &position, NULL),
            SARN_OK);
        assert_int_equal(position, 3);
        folded_flush(&f);
        folded_crash(&f);
    }
    assert_int_equal(
        sarn__store_definition(&f.store, sarn_str("refund"), 8, &position, &f.error),
        SARN_ERR_NOT_FOUND);
    assert_string_equal(f.error.text, "the log does not know workflow \"refund\" with "
                                      "fingerprint 0000000000000008");
    memset(name, 'a', sizeof(name));
    assert_int_equal(sarn__store_definition(&f.store,
                                            (struct sarn_str){name, sizeof(name)}, 8,
                                            &position, NULL),
                     SARN_ERR_NOT_FOUND);
    folded_end(&f);
}

static void a_workflow_without_a_name_cannot_be_registered(void **unused)
{
    struct sarn_workflow_registered event = {.name = SARN_STR("")};
    struct folded f;

    (void)unused;
    folded_begin(&f);
    assert_string_equal(
        folded_lie(&f,
                   &(struct scribe_event){.type = "sarn.WorkflowRegistered",
                                          .struct_type = &sarn_workflow_registered_type,
                                          .value = &event}),
        "the record at position 1 registers a workflow without a proper name");
    folded_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_sleeps_is_not_awake_and_is_found_when_it_is_due),
        cmocka_unit_test(whatever_it_is_told_wakes_it),
        cmocka_unit_test(what_is_not_its_own_event_does_not_wake_it),
        cmocka_unit_test(it_may_sleep_until_it_is_told_something),
        cmocka_unit_test(what_is_parked_wakes_only_when_it_is_to_go_on),
        cmocka_unit_test(schedules_wake_and_sleep_likewise),
        cmocka_unit_test(a_timer_whose_sleeper_was_flushed_alone_goes_all_the_same),
        cmocka_unit_test(a_damaged_row_is_corruption_with_a_sentence),
        cmocka_unit_test(memory_may_run_out_while_it_falls_asleep_and_wakes),
        cmocka_unit_test(the_latest_run_begins_at_its_start),
        cmocka_unit_test(definitions_are_found_by_name_and_fingerprint),
        cmocka_unit_test(a_workflow_without_a_name_cannot_be_registered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
