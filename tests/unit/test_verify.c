/* domain/engine/verify: each way in which a log can contradict itself is told, where it
 * begins and in words. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "engine/verify.h"
#include "infra/memory/hash.h"
#include "infra/memory/journal.h"
#include "support/heap.h"
#include "support/log_builder.h"

struct fixture {
    struct sarn__memory_store *store;
    struct sarn_journal journal;
    struct log_builder builder;
    char findings[4096]; /* One a line. */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->store = sarn__memory_store_create(NULL);
    *state = f;
    if (sarn__memory_journal_open(f->store, 0, 1, &f->journal, NULL) != SARN_OK) {
        return -1;
    }
    f->builder = log_builder(&f->journal, sarn__memory_hash());
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    f->journal.ops->close(f->journal.self);
    sarn__memory_store_destroy(f->store);
    free(f);
    return 0;
}

static void keep(void *arg, const char *text)
{
    struct fixture *f = arg;
    size_t used = strlen(f->findings);

    snprintf(f->findings + used, sizeof(f->findings) - used, "%s\n", text);
}

static struct sarn_check verify(struct fixture *f, sarn_status expected)
{
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn_check check = SARN_CHECK_INIT;

    check.finding = keep;
    check.arg = f;
    f->findings[0] = '\0';
    assert_int_equal(sarn__verify_journal(&f->journal, &hash, NULL, &check, NULL),
                     expected);
    return check;
}

/* The first finding has this in it. */
static void assert_found(struct fixture *f, const char *text)
{
    char first[512] = "";

    assert_true(verify(f, SARN_ERR_CORRUPT).differences > 0);
    snprintf(first, sizeof(first), "%.*s", (int)strcspn(f->findings, "\n"),
             f->findings);
    if (strstr(first, text) == NULL) {
        fail_msg("wanted \"%s\" in: %s", text, f->findings);
    }
}

static void append(struct fixture *f, uint32_t count)
{
    assert_int_equal(log_builder_append(&f->builder, count, NULL), SARN_OK);
}

static void a_whole_log_has_no_findings(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check;

    verify(f, SARN_OK); /* An empty one. */
    for (uint32_t i = 0; i < 200; i++) {
        append(f, 1 + i % 7);
    }
    append(f, 200); /* More than one group of digests. */
    check = verify(f, SARN_OK);
    assert_int_equal(check.differences, 0);
    assert_int_equal(check.events, f->builder.next_position - 1);
    assert_string_equal(f->findings, "");
}

static void every_flipped_bit_of_a_record_is_found_and_named(void **state)
{
    struct fixture *f = *state;

    append(f, 4);
    append(f, 4);
    append(f, 4);
    for (uint32_t offset = 0; offset < SARN__RECORD_HEADER_BYTES + 100; offset += 3) {
        sarn__memory_store_damage(f->store, 6, offset, (uint8_t)(1u << offset % 8));
        assert_found(f, "position 6");
        sarn__memory_store_damage(f->store, 6, offset, (uint8_t)(1u << offset % 8));
    }
    verify(f, SARN_OK);
}

static void wrong_version(struct sarn__record *record)
{
    record->version += record->position == 5 ? 1 : 0;
}

static void a_version_that_does_not_continue_its_stream_is_found(void **state)
{
    struct fixture *f = *state;

    append(f, 4);
    f->builder.spoil_record = wrong_version;
    append(f, 4);
    assert_found(f, "position 5 is version 2 of stream 2");
}

static void wrong_previous(struct sarn__record *record)
{
    record->previous -= record->position == 10 ? 1 : 0;
}

static void a_previous_position_of_another_stream_is_found(void **state)
{
    struct fixture *f = *state;

    append(f, 8);
    f->builder.spoil_record = wrong_previous;
    append(f, 4);
    assert_found(f, "position 10 ");
}

static void no_name(struct sarn__record *record)
{
    record->stream_name = (struct sarn_str){NULL, 0};
}

static void a_stream_without_a_name_is_found(void **state)
{
    struct fixture *f = *state;

    f->builder.spoil_record = no_name;
    append(f, 1);
    assert_found(f, "position 1 begins stream 2 without its name");
}

static void early(struct sarn__record *record)
{
    record->time_us -= record->position == 6 ? 100 : 0;
}

static void time_that_goes_back_is_found(void **state)
{
    struct fixture *f = *state;

    f->builder.spoil_record = early;
    append(f, 8);
    assert_found(f, "position 6 is from before");
}

static void other_chain(struct sarn__commit *commit)
{
    commit->previous_hash[7] ^= 1;
}

static void a_commit_that_does_not_continue_the_chain_is_found(void **state)
{
    struct fixture *f = *state;

    append(f, 3);
    f->builder.spoil_commit = other_chain;
    append(f, 2);
    f->builder.spoil_commit = NULL;
    append(f, 2);
    assert_found(f, "commit at position 5 does not continue the chain");
    assert_int_equal(verify(f, SARN_ERR_CORRUPT).differences,
                     1); /* And only that one. */
}

static void old_epoch(struct sarn__commit *commit)
{
    commit->epoch = 0;
}

static void an_epoch_that_goes_back_is_found(void **state)
{
    struct fixture *f = *state;

    append(f, 3);
    f->builder.spoil_commit = old_epoch;
    append(f, 2);
    assert_found(f, "commit at position 5 is of epoch 0, after epoch 1");
}

static void other_positions(struct sarn__commit *commit)
{
    commit->first -= 1;
    commit->count += 1;
}

static void a_commit_that_overlaps_another_is_found(void **state)
{
    struct fixture *f = *state;
    struct sarn_str records[4];
    uint64_t commit[SARN__COMMIT_BYTES / 8], bytes[64];
    struct sarn__record record = {.position = 4, .time_us = INT64_MAX};
    struct sarn__commit overlapping;
    struct sarn_batch batch = {.epoch = 1,
                               .first = 4,
                               .records = records,
                               .count = 1,
                               .commit = {(char *)commit, sizeof(commit)}};

    append(f, 3);
    sarn__record_encode(&record, &f->builder.hash, bytes);
    records[0] = (struct sarn_str){(char *)bytes, (uint32_t)sarn__record_size(&record)};
    records[1] = records[0];
    overlapping = (struct sarn__commit){.count = 1, .epoch = 1, .first = 4, .last = 4};
    memcpy(overlapping.previous_hash, f->builder.commit.hash, SARN__DIGEST_BYTES);
    other_positions(&overlapping);
    assert_int_equal(
        sarn__commit_seal(&overlapping, records, &f->builder.hash, (uint8_t *)commit),
        SARN_OK);
    assert_int_equal(f->journal.ops->append(f->journal.self, &batch, NULL), SARN_OK);
    assert_found(f, "commit at position 4 begins at 3, after one that ends at 3");
}

/* --- fed by hand: what a journal would refuse to hold --- */

static void gaps_and_uncovered_records_are_found(void **state)
{
    struct fixture *f = *state;
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn__record record = {.time_us = 1};
    struct sarn__verify *verify_log;
    uint64_t bytes[64];

    assert_int_equal(sarn__verify_create(&hash, NULL, keep, f, &verify_log, NULL),
                     SARN_OK);
    for (uint64_t position = 1; position < 12; position += position == 5 ? 3 : 2) {
        struct sarn_str view = {(char *)bytes, 0};

        record.position = position;
        sarn__record_encode(&record, &hash, bytes);
        view.size = (uint32_t)sarn__record_size(&record);
        assert_int_equal(sarn__verify_record(verify_log, position, view, NULL),
                         SARN_OK);
    }
    sarn__verify_end(verify_log);
    assert_string_equal(f->findings,
                        "the record at position 2 is missing\n"
                        "the record at position 4 is missing\n"
                        "the records from position 6 to 7 are missing\n"
                        "the record at position 9 is missing\n"
                        "the records from position 1 to 10 belong to no commit\n");
    assert_int_equal(sarn__verify_records(verify_log), 5);
    sarn__verify_destroy(verify_log);
}

static void beyond_counting_it_stops(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn_error error;

    for (uint32_t i = 0; i < 10; i++) {
        append(f, 20);
    }
    for (uint64_t position = 1; position <= 200; position++) {
        sarn__memory_store_damage(f->store, position, 60, 1);
    }
    assert_int_equal(sarn__verify_journal(&f->journal, &hash, NULL, &check, &error),
                     SARN_ERR_CORRUPT);
    assert_int_equal(check.differences, SARN__VERIFY_FINDINGS_MAX);
    assert_non_null(strstr(error.text, "not looked at"));
}

static sarn_status stop(void *arg, uint64_t done, uint64_t total)
{
    struct fixture *f = arg;

    snprintf(f->findings, sizeof(f->findings), "%d/%d", (int)done, (int)total);
    return SARN_ERR_TIMEOUT;
}

static void progress_is_told_and_may_end_it(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_hash hash = sarn__memory_hash();

    append(f, 20);
    append(f, 20);
    check.progress = stop;
    check.arg = f;
    assert_int_equal(sarn__verify_journal(&f->journal, &hash, NULL, &check, NULL),
                     SARN_ERR_TIMEOUT);
    assert_string_equal(f->findings, "20/40");
}

static void running_out_of_memory_is_an_error_and_no_finding(void **state)
{
    struct fixture *f = *state;
    struct sarn_hash hash = sarn__memory_hash();
    struct sarn_check check = SARN_CHECK_INIT;
    sarn_status status = SARN_ERR_NOMEM;
    struct test_heap memory = {.calls = 0};
    struct sarn_heap heap = test_heap(&memory);
    uint64_t fail_at = 0;

    append(f, 100);
    while (status == SARN_ERR_NOMEM) {
        memory.calls = 0;
        memory.fail_at = ++fail_at;
        status = sarn__verify_journal(&f->journal, &hash, &heap, &check, NULL);
        assert_int_equal(memory.live, 0);
    }
    assert_int_equal(status, SARN_OK);
    assert_true(fail_at > 4); /* The struct, the streams, the digests twice. */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_whole_log_has_no_findings),
        CASE(every_flipped_bit_of_a_record_is_found_and_named),
        CASE(a_version_that_does_not_continue_its_stream_is_found),
        CASE(a_previous_position_of_another_stream_is_found),
        CASE(a_stream_without_a_name_is_found),
        CASE(time_that_goes_back_is_found),
        CASE(a_commit_that_does_not_continue_the_chain_is_found),
        CASE(an_epoch_that_goes_back_is_found),
        CASE(a_commit_that_overlaps_another_is_found),
        CASE(gaps_and_uncovered_records_are_found),
        CASE(beyond_counting_it_stops),
        CASE(progress_is_told_and_may_end_it),
        CASE(running_out_of_memory_is_an_error_and_no_finding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
