/* domain/engine/store: a log written by hand, folded; traces, lies, and crashes. */
#include "engine/store.h"

#include <stdlib.h>
#include <string.h>

#include "core/tree.h"
#include "sarn/events.h"
#include "support/heap.h"
#include "support/scribe.h"
#include "support/test.h"

#define TEXT_MAX 1024u

struct fixture {
    struct scribe scribe;
    struct sarn__store store;
    struct sarn_arena *arena;
    struct sarn_error error;
    char text[TEXT_MAX];
};

static void open_store(struct fixture *f)
{
    assert_int_equal(sarn__store_open(&f->store, &f->scribe.ports, false, &f->error),
                     SARN_OK);
}

static void begin(struct fixture *f)
{
    f->error = (struct sarn_error){.status = SARN_OK};
    f->text[0] = '\0';
    scribe_init(&f->scribe);
    f->arena = sarn_arena_create(NULL);
    open_store(f);
}

static void end(struct fixture *f)
{
    sarn__store_close(&f->store);
    sarn_arena_destroy(f->arena);
    scribe_done(&f->scribe);
}

static sarn_status fold_tail(struct fixture *f)
{
    return sarn__store_fold_tail(&f->store, NULL, NULL, NULL, NULL, &f->error);
}

/* Write one event and fold it. */
static uint64_t record(struct fixture *f, const struct scribe_event *event)
{
    uint64_t position = scribe_write(&f->scribe, event);

    f->error.text[0] = '\0';
    if (fold_tail(f) != SARN_OK) {
        fail_msg("%s", f->error.text);
    }
    assert_int_equal(f->store.position, position);
    return position;
}

/* Write an event that contradicts the log; what the fold says of it. */
static const char *lie(struct fixture *f, const struct scribe_event *event)
{
    scribe_write(&f->scribe, event);
    f->error.text[0] = '\0';
    assert_int_equal(fold_tail(f), SARN_ERR_CORRUPT);
    return f->error.text;
}

static void many(struct fixture *f, const char *stream, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        record(f, &(struct scribe_event){.stream = stream, .type = "test.Counted"});
    }
}

/* One slice of rows to the journal. */
static void flush_slice(struct fixture *f, uint32_t rows_max)
{
    struct sarn_journal *journal = &f->scribe.ports.journal;
    struct sarn_flush flush = {.epoch = 0};

    assert_int_equal(
        sarn__tables_slice(f->store.tables, rows_max, 1u << 20, &flush, &f->error),
        SARN_OK);
    sarn__tables_slice_done(f->store.tables,
                            journal->ops->flush(journal->self, &flush, &f->error));
}

static void flush_all(struct fixture *f)
{
    sarn__tables_begin_round(f->store.tables, f->store.position);
    while (sarn__tables_in_round(f->store.tables)) {
        flush_slice(f, 100);
    }
}

static void crash(struct fixture *f)
{
    sarn__store_close(&f->store);
    scribe_crash(&f->scribe);
    open_store(f);
}

/* "#2 version 5 at 17 from 0 deleted", or "none". */
static const char *head(struct fixture *f, uint32_t tenant, const char *name)
{
    struct sarn__head found;

    assert_int_equal(
        sarn__store_head(&f->store, tenant, sarn_str(name), &found, &f->error),
        SARN_OK);
    snprintf(f->text, sizeof(f->text),
             "#%" PRIu64 " version %" PRIu64 " at %" PRIu64 " from %" PRIu64 "%s",
             found.number, found.version, found.last_position, found.first_version,
             found.deleted ? " deleted" : "");
    return found.number == 0 ? "none" : f->text;
}

/* --- streams --- */

static void heads_follow_their_streams(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_string_equal(head(&f, 0, "account-1"), "none");
    record(&f, &(struct scribe_event){.stream = "account-1", .type = "bank.Opened"});
    record(&f, &(struct scribe_event){.stream = "account-2", .type = "bank.Opened"});
    record(&f, &(struct scribe_event){.stream = "account-1", .type = "bank.Credited"});
    assert_string_equal(head(&f, 0, "account-1"), "#1 version 1 at 3 from 0");
    assert_string_equal(head(&f, 0, "account-2"), "#2 version 0 at 2 from 0");
    /* Another tenant's is another stream. */
    assert_string_equal(head(&f, 9, "account-1"), "none");
    record(&f, &(struct scribe_event){
                   .stream = "account-1", .tenant = 9, .type = "bank.Opened"});
    assert_string_equal(head(&f, 9, "account-1"), "#3 version 0 at 4 from 0");
    assert_int_equal(f.store.next_stream, 4);
    assert_int_equal(f.store.time_us, 4);
    end(&f);
}

static void a_deleted_stream_goes_on_behind_its_end(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    many(&f, "a-1", 3);
    record(&f, &(struct scribe_event){.stream = "a-1", .type = "sarn.StreamDeleted"});
    assert_string_equal(head(&f, 0, "a-1"), "#1 version 3 at 4 from 4 deleted");
    many(&f, "a-1", 1);
    assert_string_equal(head(&f, 0, "a-1"), "#1 version 4 at 5 from 4");
    flush_all(&f);
    crash(&f);
    assert_string_equal(head(&f, 0, "a-1"), "#1 version 4 at 5 from 4");
    end(&f);
}

static sarn_status
list_name(void *arg, uint32_t tenant, struct sarn_str name, uint64_t number)
{
    struct fixture *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%u/%.*s=%" PRIu64 " ", tenant,
             (int)name.size, name.data, number);
    return SARN_OK;
}

static void streams_are_found_by_number_and_listed_by_name(void **unused)
{
    struct sarn_str name;
    uint32_t tenant;
    struct fixture f;

    (void)unused;
    begin(&f);
    many(&f, "b", 1);
    many(&f, "a-2", 1);
    record(&f, &(struct scribe_event){
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
    end(&f);
}

static void metadata_is_set_and_taken_away(void **unused)
{
    struct sarn_stream_metadata_set set = {.metadata = SARN_STR("{}")},
                                    none = {{NULL, 0}};
    struct sarn_str metadata;
    struct fixture f;

    (void)unused;
    begin(&f);
    record(&f, &(struct scribe_event){.stream = "a",
                                      .type = "sarn.StreamMetadataSet",
                                      .struct_type = &sarn_stream_metadata_set_type,
                                      .value = &set});
    assert_int_equal(sarn__store_metadata(&f.store, 1, f.arena, &metadata, NULL),
                     SARN_OK);
    assert_true(sarn_str_equal(metadata, set.metadata));
    record(&f, &(struct scribe_event){.stream = "a",
                                      .type = "sarn.StreamMetadataSet",
                                      .struct_type = &sarn_stream_metadata_set_type,
                                      .value = &none});
    assert_int_equal(sarn__store_metadata(&f.store, 1, f.arena, &metadata, NULL),
                     SARN_OK);
    assert_int_equal(metadata.size, 0);
    end(&f);
}

/* --- names, schemas, keys --- */

static void words_have_numbers(void **unused)
{
    struct sarn_str name;
    uint32_t id, scope;
    struct fixture f;

    (void)unused;
    begin(&f);
    record(&f, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                      .schema_name = "bank",
                                      .text = "BFBS"});
    record(&f,
           &(struct scribe_event){.type = "bank.Opened", .schema = 1, .actor = "ann"});
    record(&f, &(struct scribe_event){.type = "bank.Opened", .actor = "bob"});
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
        flush_all(&f); /* And once more from below. */
        crash(&f);
    }
    end(&f);
}

static void schemas_are_numbered_as_they_come(void **unused)
{
    uint64_t position;
    struct fixture f;

    (void)unused;
    begin(&f);
    record(&f, &(struct scribe_event){
                   .type = "sarn.SchemaRegistered", .schema_name = "one", .text = "1"});
    flush_all(&f);
    record(&f, &(struct scribe_event){
                   .type = "sarn.SchemaRegistered", .schema_name = "two", .text = "2"});
    sarn__tables_begin_round(f.store.tables, 2);
    record(&f, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                      .schema_name = "three",
                                      .text = "3"});
    flush_slice(&f, 1); /* The second one's row is below, and through is still 1. */
    crash(&f);
    assert_int_equal(f.store.next_schema, 2);
    assert_int_equal(fold_tail(&f), SARN_OK);
    assert_int_equal(f.store.next_schema, 4);
    for (uint32_t id = 1; id <= 3; id++) {
        assert_int_equal(sarn__store_schema(&f.store, id, &position, NULL), SARN_OK);
        assert_int_equal(position, id);
    }
    assert_int_equal(sarn__store_schema(&f.store, 4, &position, &f.error),
                     SARN_ERR_NOT_FOUND);
    end(&f);
}

static void commands_are_remembered_by_tenant_and_key(void **unused)
{
    struct sarn__command_result result;
    uint64_t position;
    struct fixture f;

    (void)unused;
    begin(&f);
    many(&f, "a", 1);
    record(&f, &(struct scribe_event){
                   .stream = "a", .type = "test.Counted", .key = "k1", .tenant = 0});
    record(&f, &(struct scribe_event){.type = "sarn.CommandSettled",
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
    end(&f);
}

/* --- executions, projections, epochs --- */

static sarn_status list_number(void *arg, uint64_t number)
{
    struct fixture *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%" PRIu64 " ", number);
    return SARN_OK;
}

static const char *running(struct fixture *f, uint64_t from, uint32_t limit)
{
    f->text[0] = '\0';
    assert_int_equal(
        sarn__store_executions(&f->store, from, limit, list_number, f, NULL), SARN_OK);
    return f->text;
}

static void running_executions_are_those_that_did_not_end(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < 2; i++) {
        static const char *const streams[2][4] = {{"wf-1", "wf-2", "wf-3", "wf-4"},
                                                  {"wf-5", "wf-6", "wf-7", "wf-8"}};
        static const char *const ends[] = {"sarn.ExecutionCompleted",
                                           "sarn.ExecutionCompensated",
                                           "sarn.ExecutionParked"};

        for (uint32_t j = 0; j < 4; j++) {
            record(&f, &(struct scribe_event){.stream = streams[i][j],
                                              .type = "sarn.ExecutionStarted"});
        }
        assert_string_equal(running(&f, 0, 99), i == 0 ? "1 2 3 4 " : "1 5 6 7 8 ");
        for (uint32_t j = 1; j < 4; j++) {
            record(&f, &(struct scribe_event){.stream = streams[i][j],
                                              .type = ends[j - 1]});
        }
        assert_string_equal(running(&f, 0, 99), i == 0 ? "1 " : "1 5 ");
        flush_all(&f);
    }
    assert_string_equal(running(&f, 2, 99), "5 ");
    assert_string_equal(running(&f, 0, 1), "1 ");
    crash(&f);
    assert_string_equal(running(&f, 0, 99), "1 5 ");
    end(&f);
}

static sarn_status list_projection(void *arg,
                                   struct sarn_str name,
                                   const struct sarn__registration *registration)
{
    struct fixture *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size,
             "%.*s=%u v%u mode %u row %" PRIu64 " at %" PRIu64 "; ", (int)name.size,
             name.data, registration->id, registration->version, registration->mode,
             registration->row_schema, registration->position);
    return SARN_OK;
}

static void
register_projection(struct fixture *f, const char *name, uint32_t id, uint32_t version)
{
    struct sarn_projection_registered event = {.name = sarn_str(name),
                                               .id = id,
                                               .version = version,
                                               .row_schema = 77,
                                               .mode = 1};

    record(f, &(struct scribe_event){.type = "sarn.ProjectionRegistered",
                                     .struct_type = &sarn_projection_registered_type,
                                     .value = &event});
}

static void projections_have_a_latest_registration(void **unused)
{
    struct sarn__registration registration;
    struct fixture f;

    (void)unused;
    begin(&f);
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
    end(&f);
}

static void record_epoch(struct fixture *f, uint64_t epoch)
{
    struct sarn_epoch_began event = {.epoch = epoch};

    record(f, &(struct scribe_event){.type = "sarn.EpochBegan",
                                     .struct_type = &sarn_epoch_began_type,
                                     .value = &event});
}

static void the_epoch_is_the_one_begun_last(void **unused)
{
    struct sarn_epoch_began again = {.epoch = 2};
    struct fixture f;

    (void)unused;
    begin(&f);
    record_epoch(&f, 1);
    record_epoch(&f, 2);
    assert_int_equal(f.store.epoch, 2);
    flush_all(&f);
    crash(&f);
    assert_int_equal(f.store.epoch, 2);
    assert_string_equal(
        lie(&f, &(struct scribe_event){.type = "sarn.EpochBegan",
                                       .struct_type = &sarn_epoch_began_type,
                                       .value = &again}),
        "the record at position 3 begins epoch 2 after epoch 2");
    end(&f);
}

/* --- snapshots --- */

static uint64_t snapshot_version(struct fixture *f)
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

static void put_snapshot(struct fixture *f, uint64_t version)
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
    struct fixture f;

    (void)unused;
    begin(&f);
    many(&f, "a", 9);
    assert_int_equal(snapshot_version(&f), 0);
    put_snapshot(&f, 4);
    put_snapshot(&f, 8);
    put_snapshot(&f, 6); /* Late. */
    assert_int_equal(snapshot_version(&f), 8);
    flush_all(&f);
    crash(&f);
    assert_int_equal(snapshot_version(&f), 8);
    record(&f, &(struct scribe_event){.stream = "a", .type = "sarn.StreamDeleted"});
    assert_int_equal(snapshot_version(&f), 0);
    put_snapshot(&f, 8); /* Of the time before. */
    assert_int_equal(snapshot_version(&f), 0);
    end(&f);
}

/* --- reading --- */

static sarn_status list_record(void *arg, const struct sarn__record *seen)
{
    struct fixture *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%" PRIu64 " ", seen->version);
    return SARN_OK;
}

/* "from-to" of the versions seen, without a gap. */
struct span {
    uint64_t first, last;
    uint32_t count;
    int step;
};

static sarn_status span_record(void *arg, const struct sarn__record *seen)
{
    struct span *span = arg;

    if (span->count > 0) {
        assert_int_equal(seen->version, span->last + (uint64_t)(int64_t)span->step);
    } else {
        span->first = seen->version;
    }
    span->last = seen->version;
    span->count += 1;
    return SARN_OK;
}

static const char *
read_stream(struct fixture *f, const char *name, int64_t from, uint64_t limit)
{
    struct span span = {.step = from < 0 ? -1 : 1};
    struct sarn__head found;

    assert_int_equal(sarn__store_head(&f->store, 0, sarn_str(name), &found, NULL),
                     SARN_OK);
    assert_int_equal(from < 0 ? sarn__store_read_backward(&f->store, &found, limit,
                                                          span_record, &span, &f->error)
                              : sarn__store_read_forward(&f->store, &found,
                                                         (uint64_t)from, limit,
                                                         span_record, &span, &f->error),
                     SARN_OK);
    snprintf(f->text, sizeof(f->text), "%" PRIu64 "..%" PRIu64, span.first, span.last);
    return span.count == 0 ? "nothing" : f->text;
}

static void streams_are_read_forward_and_backward(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < 300; i++) {
        many(&f, "a", 1);
        many(&f, i % 3 == 0 ? "b" : "c", 1);
        if (i == 150) {
            flush_all(&f);
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(read_stream(&f, "a", 0, UINT64_MAX), "0..299");
        assert_string_equal(read_stream(&f, "a", 63, 2), "63..64");
        assert_string_equal(read_stream(&f, "a", 64, 64), "64..127");
        assert_string_equal(read_stream(&f, "a", 299, 9), "299..299");
        assert_string_equal(read_stream(&f, "a", 300, 9), "nothing");
        assert_string_equal(read_stream(&f, "a", 0, 0), "nothing");
        assert_string_equal(read_stream(&f, "b", 1, 1000), "1..99");
        assert_string_equal(read_stream(&f, "x", 0, 1000), "nothing");
        assert_string_equal(read_stream(&f, "a", -1, UINT64_MAX), "299..0");
        assert_string_equal(read_stream(&f, "a", -1, 3), "299..297");
        assert_string_equal(read_stream(&f, "a", -1, 0), "nothing");
        crash(&f);
        assert_int_equal(fold_tail(&f), SARN_OK);
    }
    record(&f, &(struct scribe_event){.stream = "a", .type = "sarn.StreamDeleted"});
    assert_string_equal(read_stream(&f, "a", 0, 1000), "nothing");
    assert_string_equal(read_stream(&f, "a", -1, 1000), "nothing");
    many(&f, "a", 5);
    assert_string_equal(read_stream(&f, "a", 0, 1000), "301..305");
    assert_string_equal(read_stream(&f, "a", -1, 1000), "305..301");
    end(&f);
}

static void long_streams_are_read_in_slices(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < SARN__READ_SLICE + 100; i++) {
        scribe_write(&f.scribe,
                     &(struct scribe_event){.stream = "a", .type = "test.Counted"});
    }
    assert_int_equal(fold_tail(&f), SARN_OK);
    assert_string_equal(read_stream(&f, "a", -1, UINT64_MAX), "4195..0");
    assert_string_equal(read_stream(&f, "a", 0, UINT64_MAX), "0..4195");
    end(&f);
}

struct nosy {
    struct fixture *f;
    uint32_t left;
};

static sarn_status look_around(void *arg, const struct sarn__record *seen)
{
    struct nosy *nosy = arg;
    struct sarn_str name;
    uint32_t tenant;

    assert_int_equal(sarn__store_stream_name(&nosy->f->store, seen->stream,
                                             nosy->f->arena, &tenant, &name, NULL),
                     SARN_OK);
    assert_true(sarn_str_equal(name, sarn_str("a")));
    nosy->left -= 1;
    return nosy->left == 0 ? SARN_ERR_TIMEOUT : SARN_OK;
}

static void a_visitor_may_end_a_read_and_look_things_up(void **unused)
{
    struct sarn__head found;
    struct fixture f;
    struct nosy nosy;

    (void)unused;
    begin(&f);
    many(&f, "a", 9);
    flush_all(&f);
    crash(&f);
    assert_int_equal(sarn__store_head(&f.store, 0, sarn_str("a"), &found, NULL),
                     SARN_OK);
    nosy = (struct nosy){&f, 3};
    assert_int_equal(
        sarn__store_read_forward(&f.store, &found, 0, 9, look_around, &nosy, NULL),
        SARN_ERR_TIMEOUT);
    nosy.left = 3;
    assert_int_equal(
        sarn__store_read_backward(&f.store, &found, 9, look_around, &nosy, NULL),
        SARN_ERR_TIMEOUT);
    assert_int_equal(nosy.left, 0);
    end(&f);
}

static void a_damaged_record_ends_a_read_with_its_position(void **unused)
{
    struct sarn__head found;
    struct fixture f;

    (void)unused;
    begin(&f);
    many(&f, "a", 9);
    sarn__memory_store_damage(f.scribe.store, 5, 24, 2); /* Its stream. */
    assert_int_equal(sarn__store_head(&f.store, 0, sarn_str("a"), &found, NULL),
                     SARN_OK);
    f.text[0] = '\0';
    assert_int_equal(
        sarn__store_read_forward(&f.store, &found, 0, 9, list_record, &f, &f.error),
        SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text, "the record at position 5 is not version 4 of "
                                      "stream 1, as its index says");
    assert_string_equal(f.text, "");
    assert_int_equal(
        sarn__store_read_backward(&f.store, &found, 9, list_record, &f, &f.error),
        SARN_ERR_CORRUPT);
    assert_string_equal(f.text, "8 7 6 5 ");
    assert_non_null(strstr(f.error.text, "position 5"));
    end(&f);
}

static const char *category(struct fixture *f,
                            uint32_t tenant,
                            const char *name,
                            uint64_t from,
                            uint64_t to,
                            bool backward)
{
    f->text[0] = '\0';
    assert_int_equal(sarn__store_category(&f->store, tenant, sarn_str(name), from, to,
                                          backward, list_number, f, NULL),
                     SARN_OK);
    return f->text;
}

static void categories_know_their_positions(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    many(&f, "account-1", 2);
    many(&f, "accounts-1", 1);
    many(&f, "account-2-b", 1);
    many(&f, "account", 1);
    record(&f, &(struct scribe_event){
                   .stream = "account-1", .tenant = 1, .type = "test.Counted"});
    for (uint32_t i = 0; i < 9000; i++) {
        scribe_write(&f.scribe,
                     &(struct scribe_event){.stream = "x", .type = "test.Counted"});
    }
    scribe_write(&f.scribe,
                 &(struct scribe_event){.stream = "account-1", .type = "test.Counted"});
    assert_int_equal(fold_tail(&f), SARN_OK);
    assert_string_equal(category(&f, 0, "account", 1, UINT64_MAX, false),
                        "1 2 4 5 9007 ");
    assert_string_equal(category(&f, 0, "account", 1, UINT64_MAX, true),
                        "9007 5 4 2 1 ");
    assert_string_equal(category(&f, 0, "account", 2, 4, false), "2 4 ");
    assert_string_equal(category(&f, 0, "account", 6, 9006, false), "");
    assert_string_equal(category(&f, 0, "account", 9007, 9007, true), "9007 ");
    assert_string_equal(category(&f, 0, "account", 5, 4, true), "");
    assert_string_equal(category(&f, 0, "accounts", 0, 99, false), "3 ");
    assert_string_equal(category(&f, 1, "account", 0, 99, false), "6 ");
    assert_string_equal(category(&f, 0, "nothing", 0, 99, false), "");
    end(&f);
}

/* --- lies --- */

static void a_record_that_contradicts_the_log_is_named(void **unused)
{
    static const struct {
        struct scribe_event event;
        const char *text;
    } rows[] = {
        {{.stream = "a", .type = "test.Counted", .version_off = 1},
         "the record at position 3 has version 3 of stream 1, which is at version 1"},
        {{.stream = "a", .type = "test.Counted", .previous_off = -1},
         "the record at position 3 links stream 1 to position 1, but its last event is "
         "at "
         "2"},
        {{.stream = "b", .type = "test.Counted", .stream_off = 1},
         "the record at position 3 begins stream 3, but the next one is 2"},
        {{.stream = "b", .type = "test.Counted", .version_off = 1, .previous_off = 1},
         "the record at position 3 begins stream 2, but with version 1"},
        {{.stream = "b", .type = "test.Counted", .unnamed = true},
         "the record at position 3 begins stream 2 under a name of 0 bytes"},
        {{.stream = "b", .type = "test.Counted", .stream_off = -1},
         "the record at position 3 has version 0 of stream 1, which is at version 1"},
        {{.stream = "a", .type = "test.New", .unnamed = true},
         "the record at position 3 uses type 2, which no record has named"},
        {{.stream = "a", .type = "test.New", .type_off = 1},
         "the record at position 3 names type 3, but the next one is 2"},
        {{.stream = "a", .type = "test.New", .type_off = -1},
         "the record at position 3 names type 1, but the next one is 2"},
        {{.stream = "a", .type = "test.Counted", .type_off = -1},
         "the record at position 3 has no type"},
        {{.stream = "a", .type = "test.Counted", .actor = "ann", .unnamed = true},
         "the record at position 3 uses actor 1, which no record has named"},
        {{.stream = "a", .type = "test.Counted", .origin = "web", .unnamed = true},
         "the record at position 3 uses origin 1, which no record has named"},
        {{.stream = "a", .type = "test.Other", .schema = 1},
         "the record at position 3 uses schema 1, which no record has stored"},
        {{.stream = "a", .type = "sarn.SchemaRegistered", .schema_name = "x"},
         "the record at position 3 is of a core type that has no stream"},
        {{.type = "sarn.StreamDeleted"},
         "the record at position 3 is of a core type that needs a stream"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct fixture f;

        begin(&f);
        many(&f, "a", 2);
        assert_string_equal(lie(&f, &rows[i].event), rows[i].text);
        assert_int_equal(f.store.position, 2);
        assert_string_equal(head(&f, 0, "a"), "#1 version 1 at 2 from 0");
        end(&f);
    }
}

static void a_name_is_given_once(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    many(&f, "a", 1);
    f.scribe.streams[0].name[0] = 'z'; /* The scribe forgets. */
    assert_string_equal(
        lie(&f, &(struct scribe_event){.stream = "a", .type = "test.Counted"}),
        "the record at position 2 names a stream as another one is named, \"a\"");
    end(&f);
}

static void payloads_of_core_events_are_checked(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    scribe_write(&f.scribe, &(struct scribe_event){.type = "sarn.EpochBegan",
                                                   .text = "no struct"});
    assert_int_equal(fold_tail(&f), SARN_ERR_UNSUPPORTED);
    end(&f);
}

/* --- running out of memory --- */

static void a_fold_that_ran_out_of_memory_can_be_repeated(void **unused)
{
    static const struct scribe_event event = {.stream = "a-new",
                                              .type = "sarn.ExecutionStarted",
                                              .actor = "ann",
                                              .origin = "web",
                                              .key = "k"};
    struct test_heap counted = {0};
    struct fixture f;
    uint64_t fail = 0;
    sarn_status status;

    (void)unused;
    begin(&f);
    sarn__store_close(&f.store);
    f.scribe.ports.heap = test_heap(&counted);
    open_store(&f);
    scribe_write(&f.scribe, &event);
    do {
        counted.fail_at = counted.calls + ++fail;
        status = fold_tail(&f);
        counted.fail_at = 0;
        if (status != SARN_OK) {
            assert_int_equal(status, SARN_ERR_NOMEM);
            assert_int_equal(f.error.status, SARN_ERR_NOMEM);
            assert_int_equal(f.store.position, 0);
            assert_int_equal(f.store.next_stream, 1);
        }
    } while (status != SARN_OK);
    assert_true(fail > 5);
    assert_string_equal(head(&f, 0, "a-new"), "#1 version 0 at 1 from 0");
    assert_int_equal(f.store.next_type, 2);
    sarn__store_close(&f.store);
    assert_int_equal(counted.live, 0);
    for (fail = 1;; fail++) { /* Opening, too. */
        counted.fail_at = counted.calls + fail;
        status = sarn__store_open(&f.store, &f.scribe.ports, false, &f.error);
        counted.fail_at = 0;
        if (status == SARN_OK) {
            break;
        }
        assert_int_equal(status, SARN_ERR_NOMEM);
        assert_int_equal(counted.live, 0);
    }
    end(&f);
}

static sarn_status note_progress(void *arg, uint64_t done, uint64_t total)
{
    struct fixture *f = arg;
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
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < 5000; i++) {
        scribe_write(&f.scribe,
                     &(struct scribe_event){.stream = "a", .type = "test.Counted"});
    }
    assert_int_equal(sarn__store_fold_tail(&f.store, count_record, &count,
                                           note_progress, &f, &f.error),
                     SARN_ERR_TIMEOUT);
    assert_string_equal(f.text, "4096/5000 5000/5000 ");
    assert_int_equal(count, 5000);
    end(&f);
}

/* --- the property: however often it crashes, the store is what one fold gives --- */

struct property {
    struct fixture f;
    struct test_heap heap;
    struct sarn_ports reader_ports;
    struct sarn__store reader;
    uint64_t seed;
    uint32_t projections;
};

static uint32_t draw(struct property *p, uint32_t below)
{
    p->seed = p->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->seed >> 33) % below;
}

static void write_plain(struct property *p)
{
    char stream[32], type[32], actor[32], key[32];
    struct scribe_event event = {.stream = stream, .type = type};

    snprintf(stream, sizeof(stream), "%s-%u", draw(p, 3) == 0 ? "order" : "account",
             draw(p, draw(p, 2) == 0 ? 3 : 80));
    snprintf(type, sizeof(type), "test.Type%u", draw(p, 6));
    snprintf(actor, sizeof(actor), "actor%u", draw(p, 9));
    snprintf(key, sizeof(key), "key-%" PRIu64, p->f.scribe.position);
    event.tenant = draw(p, 8) == 0 ? 1 : 0;
    event.schema = draw(p, p->f.scribe.schema_count + 1) % 3;
    event.actor = draw(p, 4) == 0 ? actor : NULL;
    event.origin = draw(p, 4) == 0 ? actor : NULL;
    event.key = draw(p, 3) == 0 ? key : NULL;
    scribe_write(&p->f.scribe, &event);
}

static void write_execution(struct property *p)
{
    static const char *const ends[] = {
        "sarn.ExecutionCompleted", "sarn.ExecutionCompensated", "sarn.ExecutionParked"};
    char stream[32];
    const char *type = "sarn.ExecutionStarted";

    snprintf(stream, sizeof(stream), "wf-%u", draw(p, 40));
    if (scribe_stream(&p->f.scribe, 0, stream) != NULL) {
        type = draw(p, 3) == 0 ? "sarn.ExecutionStarted" : ends[draw(p, 3)];
    }
    scribe_write(&p->f.scribe, &(struct scribe_event){.stream = stream, .type = type});
}

static void write_core(struct property *p)
{
    struct sarn_epoch_began epoch = {.epoch = p->f.scribe.epoch + 1};
    struct sarn_stream_metadata_set metadata = {.metadata = SARN_STR("{}")};
    struct sarn_projection_registered projection = {
        .name = sarn_str(draw(p, 2) == 0 ? "totals" : "balances"),
        .id = p->projections + 1};
    char stream[32];

    snprintf(stream, sizeof(stream), "account-%u", draw(p, 3));
    switch (draw(p, 6)) {
    case 0:
        p->f.scribe.epoch += 1;
        scribe_write(&p->f.scribe,
                     &(struct scribe_event){.type = "sarn.EpochBegan",
                                            .struct_type = &sarn_epoch_began_type,
                                            .value = &epoch});
        break;
    case 1:
        scribe_write(&p->f.scribe,
                     &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                            .schema_name = "s",
                                            .text = "bfbs"});
        break;
    case 2:
        p->projections += 1;
        scribe_write(&p->f.scribe, &(struct scribe_event){
                                       .type = "sarn.ProjectionRegistered",
                                       .struct_type = &sarn_projection_registered_type,
                                       .value = &projection});
        break;
    case 3:
        scribe_write(&p->f.scribe, &(struct scribe_event){
                                       .stream = stream, .type = "sarn.StreamDeleted"});
        break;
    default:
        metadata.metadata.size = draw(p, 3);
        scribe_write(&p->f.scribe, &(struct scribe_event){
                                       .stream = stream,
                                       .type = "sarn.StreamMetadataSet",
                                       .struct_type = &sarn_stream_metadata_set_type,
                                       .value = &metadata});
        break;
    }
}

static void write_something(struct property *p)
{
    uint32_t dice = draw(p, 20);

    if (dice < 13) {
        write_plain(p);
    } else if (dice < 19) {
        write_execution(p);
    } else {
        write_core(p);
    }
}

/* --- a read model beside it: how many events each stream has --- */

#define COUNTS_TABLE SARN__TABLE_USER

struct counting {
    struct property *p;
    struct sarn__store *store;
};

static sarn_status count_event(void *arg, const struct sarn__record *seen)
{
    struct counting *counting = arg;
    struct sarn__tables *tables = counting->store->tables;
    const struct sarn_str key = {(const char *)&seen->stream, sizeof(seen->stream)};
    uint64_t fail_at = counting->p->heap.fail_at, count = 1;
    struct sarn__row_view view;

    counting->p->heap.fail_at = 0;
    assert_int_equal(sarn__tables_peek(tables, COUNTS_TABLE, key, &view, NULL),
                     SARN_OK);
    if (view.position < seen->position) {
        if (view.found) {
            memcpy(&count, view.value, sizeof(count));
            count += 1;
        }
        assert_int_equal(
            sarn__tables_put(tables, COUNTS_TABLE, key,
                             (struct sarn_str){(const char *)&count, sizeof(count)},
                             seen->position, NULL),
            SARN_OK);
    }
    counting->p->heap.fail_at = fail_at;
    return SARN_OK;
}

/* Fold what is new; now and then there is no memory half-way, and it is tried again. */
static void fold_both(struct property *p, struct sarn__store *store)
{
    struct counting counting = {p, store};
    sarn_status status;

    if (draw(p, 4) == 0) {
        p->heap.fail_at = p->heap.calls + 1 + draw(p, 20);
    }
    do {
        status = sarn__store_fold_tail(store, count_event, &counting, NULL, NULL,
                                       &p->f.error);
    } while (status == SARN_ERR_NOMEM);
    p->heap.fail_at = 0;
    if (status != SARN_OK) {
        fail_msg("%s", p->f.error.text);
    }
}

#define DUMP_ROWS 4096u
struct dump {
    struct sarn_arena *arena;
    struct {
        struct sarn_str key, value;
        uint64_t position;
    } rows[DUMP_ROWS];
    uint32_t count;
};

static sarn_status
dump_row(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct dump *dump = arg;

    assert_true(dump->count < DUMP_ROWS);
    assert_int_equal(sarn_arena_copy(dump->arena, key, &dump->rows[dump->count].key),
                     SARN_OK);
    assert_int_equal(
        sarn_arena_copy(dump->arena, value, &dump->rows[dump->count].value), SARN_OK);
    dump->rows[dump->count].position = position;
    dump->count += 1;
    return SARN_OK;
}

static void same_table(struct sarn__store *a, struct sarn__store *b, uint32_t table)
{
    static struct dump dumps[2];
    const struct sarn_table_range range = {.table = table};

    for (uint32_t i = 0; i < 2; i++) {
        dumps[i].count = 0;
        dumps[i].arena = sarn_arena_create(NULL);
        assert_int_equal(sarn__tables_scan((i == 0 ? a : b)->tables, &range, dump_row,
                                           &dumps[i], NULL),
                         SARN_OK);
    }
    assert_int_equal(dumps[0].count, dumps[1].count);
    for (uint32_t i = 0; i < dumps[0].count; i++) {
        assert_true(sarn_str_equal(dumps[0].rows[i].key, dumps[1].rows[i].key));
        assert_true(sarn_str_equal(dumps[0].rows[i].value, dumps[1].rows[i].value));
        assert_int_equal(dumps[0].rows[i].position, dumps[1].rows[i].position);
    }
    sarn_arena_destroy(dumps[0].arena);
    sarn_arena_destroy(dumps[1].arena);
}

static void same_store(struct sarn__store *a, struct sarn__store *b)
{
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->time_us, b->time_us);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->next_stream, b->next_stream);
    assert_int_equal(a->next_type, b->next_type);
    assert_int_equal(a->next_schema, b->next_schema);
    assert_int_equal(a->next_actor, b->next_actor);
    assert_int_equal(a->next_origin, b->next_origin);
    assert_int_equal(a->next_projection, b->next_projection);
    for (uint32_t table = SARN__TABLE_NAMES; table <= SARN__TABLE_COUNTS; table++) {
        same_table(a, b, table);
    }
    same_table(a, b, COUNTS_TABLE);
}

/* The owner, and a reader of long standing, against a fold from nothing and the scribe.
 */
static void check(struct property *p)
{
    struct sarn__store bare;

    assert_int_equal(sarn__store_open(&bare, &p->f.scribe.ports, true, NULL), SARN_OK);
    fold_both(p, &bare);
    same_store(&p->f.store, &bare);
    fold_both(p, &p->reader);
    same_store(&p->reader, &bare);
    sarn__store_close(&bare);
    for (uint32_t i = 0; i < p->f.scribe.stream_count; i++) {
        const struct scribe_stream *stream = &p->f.scribe.streams[i];
        struct span span = {.step = 1};
        struct sarn__head found;

        assert_int_equal(sarn__store_head(&p->f.store, stream->tenant,
                                          sarn_str(stream->name), &found, NULL),
                         SARN_OK);
        assert_int_equal(found.number, i + 1);
        assert_int_equal(found.version, stream->version);
        assert_int_equal(found.last_position, stream->last_position);
        assert_int_equal(found.first_version, stream->first_version);
        assert_int_equal(found.deleted, stream->deleted);
        assert_int_equal(sarn__store_read_forward(&p->f.store, &found, 0, UINT64_MAX,
                                                  span_record, &span, &p->f.error),
                         SARN_OK);
        assert_int_equal(span.count, stream->version + 1 - stream->first_version);
    }
}

static void open_reader(struct property *p)
{
    p->reader_ports = scribe_reader(&p->f.scribe);
    assert_int_equal(sarn__store_open(&p->reader, &p->reader_ports, false, NULL),
                     SARN_OK);
}

static void close_reader(struct property *p)
{
    sarn__store_close(&p->reader);
    p->reader_ports.journal.ops->close(p->reader_ports.journal.self);
}

static void step(struct property *p)
{
    struct sarn__tables *tables = p->f.store.tables;
    uint32_t dice = draw(p, 200);

    if (dice < 120) {
        write_something(p);
        fold_both(p, &p->f.store);
    } else if (dice < 125) {
        sarn__tables_begin_round(tables, p->f.store.position);
    } else if (dice < 190 && sarn__tables_in_round(tables)) {
        if (draw(p, 6) == 0) {
            sarn__memory_store_fail(p->f.scribe.store, 1, SARN__MEMORY_FULL);
        }
        if (draw(p, 6) == 0) {
            struct sarn_flush flush;

            p->heap.fail_at = p->heap.calls + 1;
            if (sarn__tables_slice(tables, 30, 1000, &flush, NULL) == SARN_OK) {
                sarn__tables_slice_done(tables, SARN_ERR_FULL);
            }
            p->heap.fail_at = 0;
        }
        flush_slice(&p->f, 1 + draw(p, 30));
    } else if (dice < 192) {
        fold_both(p, &p->reader);
    } else if (dice < 194) {
        close_reader(p); /* All handles die with the power. */
        crash(&p->f);
        if (draw(p, 2) == 0) {
            write_something(p); /* As the last thing before the power went. */
        }
        fold_both(p, &p->f.store);
        open_reader(p);
    }
}

static void folding_after_any_crash_gives_the_same_store(void **unused)
{
    static struct property p;

    (void)unused;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        memset(&p, 0, sizeof(p));
        p.seed = seed;
        begin(&p.f);
        sarn__store_close(&p.f.store);
        p.f.scribe.ports.heap = test_heap(&p.heap);
        open_store(&p.f);
        open_reader(&p);
        for (uint32_t i = 0; i < 4000; i++) {
            step(&p);
            if (i % 500 == 499) {
                check(&p);
            }
        }
        close_reader(&p);
        end(&p.f);
        assert_int_equal(p.heap.live, 0);
    }
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
        cmocka_unit_test(streams_are_read_forward_and_backward),
        cmocka_unit_test(long_streams_are_read_in_slices),
        cmocka_unit_test(a_visitor_may_end_a_read_and_look_things_up),
        cmocka_unit_test(a_damaged_record_ends_a_read_with_its_position),
        cmocka_unit_test(categories_know_their_positions),
        cmocka_unit_test(a_record_that_contradicts_the_log_is_named),
        cmocka_unit_test(a_name_is_given_once),
        cmocka_unit_test(payloads_of_core_events_are_checked),
        cmocka_unit_test(a_fold_that_ran_out_of_memory_can_be_repeated),
        cmocka_unit_test(the_tail_reports_progress_and_every_record),
        cmocka_unit_test(folding_after_any_crash_gives_the_same_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
