/* domain/engine/store: logs and tables that lie, and memory that runs out. */
#include "engine/store.h"

#include <string.h>

#include "sarn/events.h"
#include "support/folded.h"
#include "support/heap.h"

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
        {{.stream = "b",
          .type = "test.Counted",
          .stream_off = -1,
          .version_off = 2,
          .previous_off = 2},
         "the record at position 3 says anew whose stream 1 is"},
        {{.stream = "a", .type = "sarn.SchemaRegistered", .schema_name = "x"},
         "the record at position 3 is of a core type that has no stream"},
        {{.type = "sarn.StreamDeleted"},
         "the record at position 3 is of a core type that needs a stream"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct folded f;

        folded_begin(&f);
        folded_many(&f, "a", 2);
        assert_string_equal(folded_lie(&f, &rows[i].event), rows[i].text);
        assert_int_equal(f.store.position, 2);
        assert_string_equal(folded_head(&f, 0, "a"), "#1 version 1 at 2 from 0");
        folded_end(&f);
    }
}

static void a_name_is_given_once(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 1);
    f.scribe.streams[0].name[0] = 'z'; /* The scribe forgets. */
    assert_string_equal(
        folded_lie(&f, &(struct scribe_event){.stream = "a", .type = "test.Counted"}),
        "the record at position 2 names a stream as another one is named, \"a\"");
    folded_end(&f);
}

static void payloads_of_core_events_are_checked(void **unused)
{
    struct folded f;

    (void)unused;
    folded_begin(&f);
    scribe_write(&f.scribe, &(struct scribe_event){.type = "sarn.EpochBegan",
                                                   .text = "no struct"});
    assert_int_equal(folded_tail(&f), SARN_ERR_UNSUPPORTED);
    folded_end(&f);
}

static void a_record_out_of_turn_is_refused(void **unused)
{
    const struct sarn__record skipped = {.position = 7, .type = 1};
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 2);
    assert_int_equal(sarn__store_fold(&f.store, &skipped, &f.error), SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text,
                        "the record at position 7 does not follow position 2");
    folded_end(&f);
}

static void projections_are_registered_under_new_numbers(void **unused)
{
    static const struct {
        struct sarn_projection_registered event;
        const char *text;
    } rows[] = {
        {{.name = SARN_STR("again"), .id = 1},
         "the record at position 2 registers projection \"again\" under 1, which is "
         "taken"},
        {{.name = SARN_STR(""), .id = 2},
         "the record at position 2 registers a projection without a proper name"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_projection_registered first = {.name = SARN_STR("one"), .id = 1};
        struct scribe_event event = {.type = "sarn.ProjectionRegistered",
                                     .struct_type = &sarn_projection_registered_type,
                                     .value = &first};
        struct folded f;

        folded_begin(&f);
        folded_record(&f, &event);
        event.value = &rows[i].event;
        assert_string_equal(folded_lie(&f, &event), rows[i].text);
        folded_end(&f);
    }
}

/* --- damaged rows --- */

/* Ask everything that reads rows of stream 1, type 1, actor 1 and so on. */
static sarn_status ask_head(struct folded *f)
{
    struct sarn__head head;

    return sarn__store_head(&f->store, 0, sarn_str("a"), &head, &f->error);
}

static sarn_status ask_stream_name(struct folded *f)
{
    struct sarn_str name;
    uint32_t tenant;

    return sarn__store_stream_name(&f->store, 1, f->arena, &tenant, &name, &f->error);
}

static sarn_status ask_word_id(struct folded *f)
{
    uint32_t id;

    return sarn__store_word_id(&f->store, SARN__WORD_TYPE, 0, sarn_str("test.Counted"),
                               &id, &f->error);
}

static sarn_status ask_word(struct folded *f)
{
    struct sarn_str name;
    uint32_t scope;

    return sarn__store_word(&f->store, SARN__WORD_TYPE, 1, f->arena, &scope, &name,
                            &f->error);
}

static sarn_status ask_command(struct folded *f)
{
    struct sarn__command_result result;
    uint64_t position;

    return sarn__store_command(&f->store, 0, sarn_str("a"), f->arena, &result,
                               &position, &f->error);
}

static sarn_status ask_snapshot(struct folded *f)
{
    struct sarn__snapshot snapshot;

    return sarn__store_snapshot(&f->store, 1, f->arena, &snapshot, &f->error);
}

static sarn_status ask_projection(struct folded *f)
{
    struct sarn__registration registration;

    return sarn__store_projection(&f->store, sarn_str("a"), &registration, &f->error);
}

static sarn_status no_position(void *arg, uint64_t position)
{
    (void)arg;
    (void)position;
    return SARN_OK;
}

static sarn_status ask_category(struct folded *f)
{
    return sarn__store_category(&f->store, 0, sarn_str("a"), 0, 9, false, no_position,
                                NULL, &f->error);
}

static sarn_status
no_name(void *arg, uint32_t tenant, struct sarn_str name, uint64_t number)
{
    (void)arg;
    (void)tenant;
    (void)name;
    (void)number;
    return SARN_OK;
}

static sarn_status ask_names(struct folded *f)
{
    return sarn__store_names(&f->store, 0, sarn_str("a"), no_name, NULL, &f->error);
}

static sarn_status no_record(void *arg, const struct sarn__record *record)
{
    (void)arg;
    (void)record;
    return SARN_OK;
}

static sarn_status ask_events(struct folded *f)
{
    struct sarn__head head;
    sarn_status status =
        sarn__store_head(&f->store, 0, sarn_str("a"), &head, &f->error);

    return status != SARN_OK ? status
                             : sarn__store_read_forward(&f->store, &head, 0, 99,
                                                        no_record, NULL, &f->error);
}

static sarn_status ask_again(struct folded *f)
{
    folded_flush(f);
    sarn__store_close(&f->store);
    return sarn__store_open(&f->store, &f->scribe.ports, false, &f->error);
}

/* A row of the table, under a key of a kind, is one byte long. */
static void a_damaged_row_is_corruption_with_a_sentence(void **unused)
{
    static const struct {
        uint32_t table;
        struct sarn_str key;
        sarn_status (*ask)(struct folded *f);
        const char *text;
    } rows[] = {
        {SARN__TABLE_NAMES, SARN_STR("\0\0\0\0a"), ask_head,
         "the number of stream \"a\" has 1 bytes"},
        {SARN__TABLE_NAMES, SARN_STR("\0\0\0\0a"), ask_names,
         "the name of the stream begun at position 70 is damaged"},
        {SARN__TABLE_STREAMS, SARN_STR("\0\0\0\0\0\0\0\1"), ask_head,
         "the row of stream 1 has only 1 bytes"},
        {SARN__TABLE_STREAMS, SARN_STR("\0\0\0\0\0\0\0\1"), ask_stream_name,
         "the row of stream 1 has only 1 bytes"},
        {SARN__TABLE_INTERNED, SARN_STR("\1\0\0\0\0test.Counted"), ask_word_id,
         "the number of type \"test.Counted\" has 1 bytes"},
        {SARN__TABLE_WORDS, SARN_STR("\1\0\0\0\1"), ask_word,
         "the name of type 1 has 1 bytes"},
        {SARN__TABLE_WORDS, SARN_STR("\1\0\0\0\1"), ask_again,
         "the row of a type's name has 5 and 1 bytes"},
        {SARN__TABLE_COUNTS, SARN_STR("log"), ask_again,
         "the log's counts have only 1 bytes"},
        {SARN__TABLE_KEYS, SARN_STR("\0\0\0\0a"), ask_command,
         "the row of idempotency key \"a\" has 1 bytes"},
        {SARN__TABLE_SNAPSHOTS, SARN_STR("\0\0\0\0\0\0\0\1"), ask_snapshot,
         "the snapshot of stream 1 has 1 bytes"},
        {SARN__TABLE_PROJECTIONS, SARN_STR("a"), ask_projection,
         "the registration of projection \"a\" has 1 bytes"},
        {SARN__TABLE_CATEGORIES, SARN_STR("\0\0\0\0a\0\0\0\0\0\0\0\0\0"), ask_category,
         "a bitmap of positions has 1 bytes, not 512"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct folded f;

        folded_begin(&f);
        folded_many(&f, "a", 70);
        assert_int_equal(sarn__tables_put(f.store.tables, rows[i].table, rows[i].key,
                                          sarn_str("x"), 70, NULL),
                         SARN_OK);
        assert_int_equal(rows[i].ask(&f), SARN_ERR_CORRUPT);
        assert_string_equal(f.error.text, rows[i].text);
        folded_end(&f);
    }
}

static void an_index_that_lacks_a_version_is_corruption(void **unused)
{
    const struct sarn_str key = SARN_STR("\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\77");
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 70);
    assert_int_equal(ask_events(&f), SARN_OK);
    assert_int_equal(
        sarn__tables_remove(f.store.tables, SARN__TABLE_ANCHORS, key, 70, NULL),
        SARN_OK);
    assert_int_equal(ask_events(&f), SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text, "the index of stream 1 lacks version 63");
    folded_end(&f);
}

static void names_over_the_limit_are_nobodys(void **unused)
{
    static char bytes[400];
    const struct sarn_str name = {bytes, sizeof(bytes)};
    struct sarn__command_result result;
    struct sarn__registration registration;
    struct sarn__head head = {.number = 9};
    uint64_t position;
    uint32_t id = 9;
    struct folded f;

    (void)unused;
    memset(bytes, 'a', sizeof(bytes));
    folded_begin(&f);
    assert_int_equal(sarn__store_head(&f.store, 0, name, &head, NULL), SARN_OK);
    assert_int_equal(head.number, 0);
    assert_int_equal(
        sarn__store_word_id(&f.store, SARN__WORD_ACTOR, 0, name, &id, NULL), SARN_OK);
    assert_int_equal(id, 0);
    assert_int_equal(
        sarn__store_command(&f.store, 0, name, f.arena, &result, &position, NULL),
        SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn__store_projection(&f.store, name, &registration, NULL),
                     SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn__store_names(&f.store, 0, name, no_name, NULL, NULL),
                     SARN_OK);
    assert_int_equal(
        sarn__store_category(&f.store, 0, name, 0, 9, false, no_position, NULL, NULL),
        SARN_OK);
    folded_end(&f);
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
    struct folded f;
    uint64_t fail = 0;
    sarn_status status;

    (void)unused;
    folded_begin(&f);
    sarn__store_close(&f.store);
    f.scribe.ports.heap = test_heap(&counted);
    folded_open(&f);
    scribe_write(&f.scribe, &event);
    do {
        counted.fail_at = counted.calls + ++fail;
        status = folded_tail(&f);
        counted.fail_at = 0;
        if (status != SARN_OK) {
            assert_int_equal(status, SARN_ERR_NOMEM);
            assert_int_equal(f.error.status, SARN_ERR_NOMEM);
            assert_int_equal(f.store.position, 0);
            assert_int_equal(f.store.next_stream, 1);
        }
    } while (status != SARN_OK);
    assert_true(fail > 5);
    assert_string_equal(folded_head(&f, 0, "a-new"), "#1 version 0 at 1 from 0");
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
    folded_end(&f);
}

static void an_answer_needs_memory(void **unused)
{
    static sarn_status (*const asks[])(struct folded * f) = {ask_stream_name, ask_word,
                                                             ask_command, ask_snapshot};
    struct sarn__snapshot snapshot = {.position = 3, .state = SARN_STR("state")};
    struct test_heap counted = {0};
    const struct sarn_heap heap = test_heap(&counted);
    struct folded f;

    (void)unused;
    folded_begin(&f);
    folded_many(&f, "a", 2);
    folded_record(
        &f, &(struct scribe_event){.stream = "a", .type = "test.Counted", .key = "a"});
    assert_int_equal(sarn__store_put_snapshot(&f.store, 1, &snapshot, NULL), SARN_OK);
    sarn_arena_destroy(f.arena);
    f.arena = sarn_arena_create(&heap);
    assert_non_null(sarn_arena_alloc(f.arena, 928)); /* Its first block is full. */
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        counted.fail_at = counted.calls + 1;
        assert_int_equal(asks[i](&f), SARN_ERR_NOMEM);
        assert_int_equal(f.error.status, SARN_ERR_NOMEM);
    }
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        assert_int_equal(asks[i](&f), SARN_OK);
    }
    folded_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_contradicts_the_log_is_named),
        cmocka_unit_test(a_name_is_given_once),
        cmocka_unit_test(payloads_of_core_events_are_checked),
        cmocka_unit_test(a_record_out_of_turn_is_refused),
        cmocka_unit_test(projections_are_registered_under_new_numbers),
        cmocka_unit_test(a_damaged_row_is_corruption_with_a_sentence),
        cmocka_unit_test(an_index_that_lacks_a_version_is_corruption),
        cmocka_unit_test(names_over_the_limit_are_nobodys),
        cmocka_unit_test(a_fold_that_ran_out_of_memory_can_be_repeated),
        cmocka_unit_test(an_answer_needs_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
