/* domain/engine/store: what is folded from a log written by hand. */
#include "engine/store.h"

#include <string.h>

#include "sarn/events.h"
#include "support/folded.h"

/* --- streams --- */

static void heads_follow_their_streams(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    assert_string_equal(folded_head(&f, 0, "account-1"), "none");
    folded_record(&f,
                  &(struct scribe_event){.stream = "account-1", .type = "bank.Opened"});
    folded_record(&f,
                  &(struct scribe_event){.stream = "account-2", .type = "bank.Opened"});
    folded_record(
        &f, &(struct scribe_event){.stream = "account-1", .type = "bank.Credited"});
    assert_string_equal(folded_head(&f, 0, "account-1"), "#1 version 1 at 3 from 0");
    assert_string_equal(folded_head(&f, 0, "account-2"), "#2 version 0 at 2 from 0");
    /* Another tenant's is another stream. */
    assert_string_equal(folded_head(&f, 9, "account-1"), "none");
    folded_record(&f, &(struct scribe_event){
                          .stream = "account-1", .tenant = 9, .type = "bank.Opened"});
    assert_string_equal(folded_head(&f, 9, "account-1"), "#3 version 0 at 4 from 0");
    assert_int_equal(f.store.next_stream, 4);
    assert_int_equal(f.store.time_us, 4);
    folded_end(&f);
}

static void a_deleted_stream_goes_on_behind_its_end(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a-1", 3);
    folded_record(
        &f, &(struct scribe_event){.stream = "a-1", .type = "sarn.StreamDeleted"});
    assert_string_equal(folded_head(&f, 0, "a-1"), "#1 version 3 at 4 from 4 deleted");
    folded_many(&f, "a-1", 1);
    assert_string_equal(folded_head(&f, 0, "a-1"), "#1 version 4 at 5 from 4");
    folded_flush(&f);
    folded_crash(&f);
    assert_string_equal(folded_head(&f, 0, "a-1"), "#1 version 4 at 5 from 4");
    folded_end(&f);
}

static sarn_status
list_name(void *arg, uint32_t tenant, struct sarn_str name, uint64_t number)
{
    struct folded *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%u/%.*s=%" PRIu64 " ", tenant,
             (int)name.size, name.data, number);
    return SARN_OK;
}

static void streams_are_found_by_number_and_listed_by_name(void **unused)
{
    struct sarn_str name;
    uint32_t tenant;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "b", 1);
    folded_many(&f, "a-2", 1);
    folded_record(&f, &(struct scribe_event){
                          .stream = "a-1", .tenant = 256, .type = "test.Counted"});
    assert_int_equal(sarn__store_names(&f.store, 0, (struct sarn_str)SARN_STR(""),
                                       list_name, &f, NULL),
                     SARN_OK);
    assert_string_equal(f.text, "0/a-2=2 0/b=1 256/a-1=3 ");
    f.text[0] = '\0';
    assert_int_equal(sarn__store_names(&f.store, 0, (struct sarn_str)SARN_STR("b"),
                                       list_name, &f, NULL),
                     SARN_OK);
    assert_string_equal(f.text, "0/b=1 256/a-1=3 ");
    assert_int_equal(
        sarn__store_stream_name(&f.store, 3, f.arena, &tenant, &name, NULL), SARN_OK);
    assert_int_equal(tenant, 256);
    assert_true(sarn_str_equal(name, sarn_str("a-1")));
    assert_int_equal(
        sarn__store_stream_name(&f.store, 4, f.arena, &tenant, &name, &f.error),
        SARN_ERR_NOT_FOUND);
    folded_end(&f);
}

static void metadata_is_set_and_taken_away(void **unused)
{
    struct sarn_stream_metadata_set set = {.metadata = SARN_STR("{}")},
                                    none = {{NULL, 0}};
    struct sarn_str metadata;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_record(&f,
                  &(struct scribe_event){.stream = "a",
                                         .type = "sarn.StreamMetadataSet",
                                         .struct_type = &sarn_stream_metadata_set_type,
                                         .value = &set});
    assert_int_equal(sarn__store_metadata(&f.store, 1, f.arena, &metadata, NULL),
                     SARN_OK);
    assert_true(sarn_str_equal(metadata, set.metadata));
    folded_record(&f,
                  &(struct scribe_event){.stream = "a",
                                         .type = "sarn.StreamMetadataSet",
                                         .struct_type = &sarn_stream_metadata_set_type,
                                         .value = &none});
    assert_int_equal(sarn__store_metadata(&f.store, 1, f.arena, &metadata, NULL),
                     SARN_OK);
    assert_int_equal(metadata.size, 0);
    folded_end(&f);
}

/* --- names, schemas, keys --- */

static void words_have_numbers(void **unused)
{
    struct sarn_str name;
    uint32_t id, scope;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_record(&f, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                             .schema_name = "bank",
                                             .text = "BFBS"});
    folded_record(
        &f, &(struct scribe_event){.type = "bank.Opened", .schema = 1, .actor = "ann"});
    folded_record(&f, &(struct scribe_event){.type = "bank.Opened", .actor = "bob"});
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(sarn__store_word_id(&f.store, SARN__WORD_TYPE, 1,
                                             sarn_str("bank.Opened"), &id, NULL),
                         SARN_OK);
        assert_int_equal(id, 2);
        assert_int_equal(sarn__store_word_id(&f.store, SARN__WORD_TYPE, 0,
                                             sarn_str("bank.Opened"), &id, NULL),
                         SARN_OK);
        assert_int_equal(id, 3);
        assert_int_equal(sarn__store_word_id(&f.store, SARN__WORD_ORIGIN, 0,
                                             sarn_str("ann"), &id, NULL),
                         SARN_OK);
        assert_int_equal(id, 0);
        assert_int_equal(sarn__store_word(&f.store, SARN__WORD_TYPE, 2, f.arena, &scope,
                                          &name, NULL),
                         SARN_OK);
        assert_int_equal(scope, 1);
        assert_true(sarn_str_equal(name, sarn_str("bank.Opened")));
        assert_int_equal(sarn__store_word(&f.store, SARN__WORD_ACTOR, 2, f.arena,
                                          &scope, &name, NULL),
                         SARN_OK);
        assert_true(sarn_str_equal(name, sarn_str("bob")));
        assert_int_equal(sarn__store_word(&f.store, SARN__WORD_ACTOR, 3, f.arena,
                                          &scope, &name, &f.error),
                         SARN_ERR_NOT_FOUND);
        folded_flush(&f); /* And once more from below. */
        folded_crash(&f);
    }
    folded_end(&f);
}

static void schemas_are_numbered_as_they_come(void **unused)
{
    uint64_t position;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_record(&f, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                             .schema_name = "one",
                                             .text = "1"});
    folded_flush(&f);
    folded_record(&f, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                             .schema_name = "two",
                                             .text = "2"});
    sarn__tables_begin_round(f.store.tables, 2);
    folded_record(&f, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                             .schema_name = "three",
                                             .text = "3"});
    folded_flush_slice(&f,
                       1); /* The second one's row is below, and through is still 1. */
    folded_crash(&f);
    assert_int_equal(f.store.next_schema, 2);
    assert_int_equal(folded_tail(&f), SARN_OK);
    assert_int_equal(f.store.next_schema, 4);
    for (uint32_t id = 1; id <= 3; id++) {
        assert_int_equal(sarn__store_schema(&f.store, id, &position, NULL), SARN_OK);
        assert_int_equal(position, id);
    }
    assert_int_equal(sarn__store_schema(&f.store, 4, &position, &f.error),
                     SARN_ERR_NOT_FOUND);
    folded_end(&f);
}

static void commands_are_remembered_by_tenant_and_key(void **unused)
{
    struct sarn__command_result result;
    uint64_t position;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 1);
    folded_record(&f,
                  &(struct scribe_event){
                      .stream = "a", .type = "test.Counted", .key = "k1", .tenant = 0});
    folded_record(&f, &(struct scribe_event){.type = "sarn.CommandSettled",
                                             .tenant = 5,
                                             .key = "k1",
                                             .status = SARN_ERR_REJECTED,
                                             .status_text = "no money"});
    assert_int_equal(sarn__store_command(&f.store, 0, sarn_str("k1"), f.arena, &result,
                                         &position, NULL),
                     SARN_OK);
    assert_int_equal(position, 2);
    assert_int_equal(result.status, SARN_OK);
    assert_int_equal(result.event_count, 1);
    assert_int_equal(result.payload_hash[0], 7);
    assert_int_equal(sarn__store_command(&f.store, 5, sarn_str("k1"), f.arena, &result,
                                         &position, NULL),
                     SARN_OK);
    assert_int_equal(position, 3);
    assert_int_equal(result.status, SARN_ERR_REJECTED);
    assert_int_equal(result.event_count, 0);
    assert_true(sarn_str_equal(result.text, sarn_str("no money")));
    assert_true(sarn_str_equal(result.key, sarn_str("k1")));
    assert_int_equal(sarn__store_command(&f.store, 6, sarn_str("k1"), f.arena, &result,
                                         &position, &f.error),
                     SARN_ERR_NOT_FOUND);
    folded_end(&f);
}

/* --- executions, projections, epochs --- */

static sarn_status list_number(void *arg, uint64_t number)
{
    struct folded *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%" PRIu64 " ", number);
    return SARN_OK;
}

static const char *running(struct folded *f, uint64_t from, uint32_t limit)
{
    f->text[0] = '\0';
    assert_int_equal(
        sarn__store_executions(&f->store, from, limit, list_number, f, NULL), SARN_OK);
    return f->text;
}

static void running_executions_are_those_that_did_not_end(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    for (uint32_t i = 0; i < 2; i++) {
        static const char *const streams[2][4] = {{"wf-1", "wf-2", "wf-3", "wf-4"},
                                                  {"wf-5", "wf-6", "wf-7", "wf-8"}};
        static const char *const ends[] = {"sarn.ExecutionCompleted",
                                           "sarn.ExecutionCompensated",
                                           "sarn.ExecutionParked"};

        for (uint32_t j = 0; j < 4; j++) {
            folded_record(&f, &(struct scribe_event){.stream = streams[i][j],
                                                     .type = "sarn.ExecutionStarted"});
        }
        assert_string_equal(running(&f, 0, 99), i == 0 ? "1 2 3 4 " : "1 5 6 7 8 ");
        for (uint32_t j = 1; j < 4; j++) {
            folded_record(&f, &(struct scribe_event){.stream = streams[i][j],
                                                     .type = ends[j - 1]});
        }
        assert_string_equal(running(&f, 0, 99), i == 0 ? "1 " : "1 5 ");
        folded_flush(&f);
    }
    assert_string_equal(running(&f, 2, 99), "5 ");
    assert_string_equal(running(&f, 0, 1), "1 ");
    folded_crash(&f);
    assert_string_equal(running(&f, 0, 99), "1 5 ");
    folded_end(&f);
}

static sarn_status list_projection(void *arg,
                                   struct sarn_str name,
                                   const struct sarn__registration *registration)
{
    struct folded *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size,
             "%.*s=%u v%u mode %u row %" PRIu64 " at %" PRIu64 "; ", (int)name.size,
             name.data, registration->id, registration->version, registration->mode,
             registration->row_schema, registration->position);
    return SARN_OK;
}

static void
register_projection(struct folded *f, const char *name, uint32_t id, uint32_t version)
{
    struct sarn_projection_registered event = {.name = sarn_str(name),
                                               .id = id,
                                               .version = version,
                                               .row_schema = 77,
                                               .mode = 1};

    folded_record(
        f, &(struct scribe_event){.type = "sarn.ProjectionRegistered",
                                  .struct_type = &sarn_projection_registered_type,
                                  .value = &event});
}

static void projections_have_a_latest_registration(void **unused)
{
    struct sarn__registration registration;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    register_projection(&f, "totals", 1, 1);
    register_projection(&f, "balances", 2, 1);
    register_projection(&f, "totals", 3, 2);
    assert_int_equal(f.store.next_projection, 4);
    assert_int_equal(
        sarn__store_projection(&f.store, sarn_str("totals"), &registration, NULL),
        SARN_OK);
    assert_int_equal(registration.id, 3);
    assert_int_equal(sarn__store_projections(&f.store, list_projection, &f, NULL),
                     SARN_OK);
    assert_string_equal(f.text, "balances=2 v1 mode 1 row 77 at 2; "
                                "totals=3 v2 mode 1 row 77 at 3; ");
    assert_int_equal(
        sarn__store_projection(&f.store, sarn_str("none"), &registration, &f.error),
        SARN_ERR_NOT_FOUND);
    folded_end(&f);
}

static void record_epoch(struct folded *f, uint64_t epoch)
{
    struct sarn_epoch_began event = {.epoch = epoch};

    folded_record(f, &(struct scribe_event){.type = "sarn.EpochBegan",
                                            .struct_type = &sarn_epoch_began_type,
                                            .value = &event});
}

static void the_epoch_is_the_one_begun_last(void **unused)
{
    struct sarn_epoch_began again = {.epoch = 2};
    struct folded f;

    (void)unused;
    folded_begin(&f);
    record_epoch(&f, 1);
    record_epoch(&f, 2);
    assert_int_equal(f.store.epoch, 2);
    folded_flush(&f);
    folded_crash(&f);
    assert_int_equal(f.store.epoch, 2);
    assert_string_equal(
        folded_lie(&f, &(struct scribe_event){.type = "sarn.EpochBegan",
                                              .struct_type = &sarn_epoch_began_type,
                                              .value = &again}),
        "the record at position 3 begins epoch 2 after epoch 2");
    folded_end(&f);
}

/* --- snapshots --- */

static uint64_t snapshot_version(struct folded *f)
{
    struct sarn__snapshot found;
    sarn_status status =
        sarn__store_snapshot(&f->store, 1, f->arena, &found, &f->error);

    if (status == SARN_ERR_NOT_FOUND) {
        return 0;
    }
    assert_int_equal(status, SARN_OK);
    assert_int_equal(found.schema_hash, 11);
    assert_int_equal(found.apply_version, 22);
    assert_int_equal(found.position, found.version + 1);
    assert_true(sarn_str_equal(found.state, sarn_str("state")));
    return found.version;
}

static void put_snapshot(struct folded *f, uint64_t version)
{
    struct sarn__snapshot snapshot = {.version = version,
                                      .position = version + 1,
                                      .schema_hash = 11,
                                      .apply_version = 22,
                                      .state = SARN_STR("state")};

    assert_int_equal(sarn__store_put_snapshot(&f->store, 1, &snapshot, NULL), SARN_OK);
}

static void the_latest_snapshot_is_kept_until_the_stream_is_deleted(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 9);
    assert_int_equal(snapshot_version(&f), 0);
    put_snapshot(&f, 4);
    put_snapshot(&f, 8);
    put_snapshot(&f, 6); /* Late. */
    assert_int_equal(snapshot_version(&f), 8);
    folded_flush(&f);
    folded_crash(&f);
    assert_int_equal(snapshot_version(&f), 8);
    folded_record(&f,
                  &(struct scribe_event){.stream = "a", .type = "sarn.StreamDeleted"});
    assert_int_equal(snapshot_version(&f), 0);
    put_snapshot(&f, 8); /* Of the time before. */
    assert_int_equal(snapshot_version(&f), 0);
    folded_end(&f);
}

static sarn_status note_progress(void *arg, uint64_t done, uint64_t total)
{
    struct folded *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%" PRIu64 "/%" PRIu64 " ", done,
             total);
    return done < total ? SARN_OK : SARN_ERR_TIMEOUT;
}

static sarn_status count_record(void *arg, const struct sarn__record *seen)
{
    uint64_t *count = arg;

    *count += 1;
    assert_int_equal(seen->position, *count);
    return SARN_OK;
}

static void the_tail_reports_progress_and_every_record(void **unused)
{
    uint64_t count = 0;
    struct folded f;

    (void)unused;
    folded_begin(&f);
    for (uint32_t i = 0; i < 5000; i++) {
        scribe_write(&f.scribe,
                     &(struct scribe_event){.stream = "a", .type = "test.Counted"});
    }
    assert_int_equal(sarn__store_fold_tail(&f.store, count_record, &count,
                                           note_progress, &f, &f.error),
                     SARN_ERR_TIMEOUT);
    assert_string_equal(f.text, "4096/5000 5000/5000 ");
    assert_int_equal(count, 5000);
    folded_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_follow_their_streams),
        cmocka_unit_test(a_deleted_stream_goes_on_behind_its_end),
        cmocka_unit_test(streams_are_found_by_number_and_listed_by_name),
        cmocka_unit_test(metadata_is_set_and_taken_away),
        cmocka_unit_test(words_have_numbers),
        cmocka_unit_test(schemas_are_numbered_as_they_come),
        cmocka_unit_test(commands_are_remembered_by_tenant_and_key),
        cmocka_unit_test(running_executions_are_those_that_did_not_end),
        cmocka_unit_test(projections_have_a_latest_registration),
        cmocka_unit_test(the_epoch_is_the_one_begun_last),
        cmocka_unit_test(the_latest_snapshot_is_kept_until_the_stream_is_deleted),
        cmocka_unit_test(the_tail_reports_progress_and_every_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
