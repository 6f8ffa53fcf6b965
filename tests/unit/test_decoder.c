/* domain/engine/decoder: records to events, by the modules' types, the log's schemas,
 * or not at all. */
#include "engine/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "engine/names.h"
#include "engine/page.h"
#include "infra/flatbuffers/codec.h"
#include "support/heap.h"
#include "support/ledger.h"
#include "support/test.h"

struct fixture {
    struct scribe scribe;
    struct sarn__store store;
    struct sarn__registry *registry;
    struct sarn__decoder *decoder;
    struct sarn__page page; /* One record. */
    struct sarn_arena *arena;
    struct sarn_event event;
    struct sarn_error error;
};

static void open_decoder(struct fixture *f, const struct sarn_module *module)
{
    const struct sarn_heap *heap = &f->scribe.ports.heap;

    assert_int_equal(sarn__registry_create(&module, module == NULL ? 0 : 1, heap,
                                           &f->registry, NULL),
                     SARN_OK);
    assert_int_equal(sarn__store_open(&f->store, &f->scribe.ports, false, NULL),
                     SARN_OK);
    assert_int_equal(
        sarn__decoder_create(&f->store, f->registry, &f->decoder, &f->error), SARN_OK);
}

static void begin(struct fixture *f, const struct sarn_module *module)
{
    memset(f, 0, sizeof(*f));
    scribe_init(&f->scribe);
    f->scribe.ports.codec = sarn__flatbuffers_codec();
    ledger_store_schemas(&f->scribe);
    f->arena = sarn_arena_create(NULL);
    assert_int_equal(sarn__page_init(&f->page, &f->scribe.ports.heap, NULL), SARN_OK);
    open_decoder(f, module);
}

static void end(struct fixture *f)
{
    sarn__decoder_destroy(f->decoder);
    sarn__store_close(&f->store);
    sarn__registry_destroy(f->registry);
    sarn__page_done(&f->page);
    sarn_arena_destroy(f->arena);
    scribe_done(&f->scribe);
}

/* Fold everything, and decode the last record. */
static sarn_status decode_last(struct fixture *f, uint32_t flags)
{
    uint64_t last = f->scribe.position;

    assert_int_equal(
        sarn__store_fold_tail(&f->store, NULL, NULL, NULL, NULL, &f->error), SARN_OK);
    assert_int_equal(sarn__page_forward(&f->page, &f->scribe.ports, last, last, NULL),
                     SARN_OK);
    sarn_arena_reset(f->arena);
    memset(&f->event, 0, sizeof(f->event));
    return sarn__decoder_event(f->decoder, &f->page.records[0], flags, f->arena,
                               &f->event, &f->error);
}

static bool is(struct sarn_str text, const char *expected)
{
    return sarn_str_equal(text, sarn_str(expected));
}

/* --- by the modules' types --- */

static const struct sarn_schema *stored_schema(struct sarn__decoder *decoder,
                                               uint32_t id)
{
    const struct sarn_schema *schema = NULL;

    assert_int_equal(sarn__decoder_schema(decoder, id, &schema, NULL), SARN_OK);
    return schema;
}

static void a_known_payload_becomes_its_struct(void **unused)
{
    const struct ledger_deposited *deposited;
    struct fixture f;

    (void)unused;
    begin(&f, &ledger_module);
    ledger_deposit(&f.scribe, "a", "ann", 12);
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_ptr_equal(f.event.type, &ledger_deposited_type);
    deposited = f.event.data;
    assert_true(is(deposited->account, "a") && is(deposited->owner, "ann"));
    assert_int_equal(deposited->amount, 12);
    assert_true(is(f.event.stream, "account-a"));
    assert_true(is(f.event.type_name, "ledger.Deposited"));
    assert_int_equal(f.event.position, 3);
    assert_int_equal(f.event.version, 0);
    assert_int_equal(f.event.schema_id, LEDGER_SCHEMA);
    ledger_deposit(&f.scribe, "a", NULL, 13);
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_int_equal(f.event.version, 1);
    assert_int_equal(((const struct ledger_deposited *)f.event.data)->amount, 13);
    end(&f);
}

static void raw_leaves_the_payload_alone(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, &ledger_module);
    ledger_deposit(&f.scribe, "a", "ann", 12);
    assert_int_equal(decode_last(&f, SARN__DECODE_RAW), SARN_OK);
    assert_null(f.event.type);
    assert_null(f.event.data);
    assert_true(f.event.payload.size > 0);
    assert_true(is(f.event.type_name, "ledger.Deposited"));
    end(&f);
}

static void plain_bytes_are_themselves(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, NULL);
    scribe_write(&f.scribe, &(struct scribe_event){.stream = "thing-1",
                                                   .type = "thing.Happened",
                                                   .text = "just text",
                                                   .actor = "ann",
                                                   .origin = "phone"});
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_ptr_equal(f.event.type, &sarn_bytes_type);
    assert_true(is(*(const struct sarn_str *)f.event.data, "just text"));
    assert_true(is(f.event.type_name, "thing.Happened"));
    assert_true(is(f.event.actor, "ann") && is(f.event.origin, "phone"));
    /* The second one finds the names in the caches, a new decoder in the store. */
    for (int i = 0; i < 2; i++) {
        scribe_write(&f.scribe, &(struct scribe_event){.stream = "thing-1",
                                                       .type = "thing.Happened",
                                                       .actor = "ann",
                                                       .origin = "phone"});
        assert_int_equal(decode_last(&f, 0), SARN_OK);
        assert_true(is(f.event.stream, "thing-1"));
        assert_true(is(f.event.actor, "ann") && is(f.event.origin, "phone"));
        sarn__decoder_destroy(f.decoder);
        assert_int_equal(sarn__decoder_create(&f.store, f.registry, &f.decoder, NULL),
                         SARN_OK);
    }
    end(&f);
}

/* Plain bytes under the name of a type are no struct of it. */
static void a_name_alone_is_no_type(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, &ledger_module);
    scribe_write(&f.scribe, &(struct scribe_event){.stream = "thing-1",
                                                   .type = "ledger.Deposited",
                                                   .text = "not that"});
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_ptr_equal(f.event.type, &sarn_bytes_type);
    end(&f);
}

static void a_streamless_event_has_no_stream(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, NULL);
    scribe_write(&f.scribe, &(struct scribe_event){.type = "sarn.CommandSettled",
                                                   .key = "k",
                                                   .status = SARN_ERR_REJECTED});
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_int_equal(f.event.stream.size, 0);
    end(&f);
}

/* --- by an upcaster --- */

static void write_old(struct fixture *f, int32_t hundreds)
{
    const struct ledger_old_deposited old = {.account = SARN_STR("a"),
                                             .hundreds = hundreds};

    scribe_write(&f->scribe,
                 &(struct scribe_event){.stream = "account-a",
                                        .schema = LEDGER_SCHEMA,
                                        .type = ledger_old_deposited_type.name,
                                        .struct_type = &ledger_old_deposited_type,
                                        .value = &old});
}

static void an_old_payload_becomes_a_new_one(void **unused)
{
    const struct ledger_deposited *deposited;
    struct fixture f;

    (void)unused;
    begin(&f, &ledger_upcasting_module);
    write_old(&f, 3);
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_ptr_equal(f.event.type, &ledger_deposited_type);
    assert_true(is(f.event.type_name, "ledger.Deposited"));
    deposited = f.event.data;
    assert_int_equal(deposited->amount, 300);
    assert_true(is(deposited->account, "a"));
    assert_int_equal(decode_last(&f, SARN__DECODE_RAW), SARN_OK);
    assert_true(is(f.event.type_name, "ledger.OldDeposited"));
    assert_true(sarn__decoder_type_is(f.decoder, f.page.records[0].type,
                                      sarn_str("ledger.OldDeposited")));
    assert_true(sarn__decoder_type_is(f.decoder, f.page.records[0].type,
                                      sarn_str("ledger.Deposited")));
    assert_false(sarn__decoder_type_is(f.decoder, f.page.records[0].type,
                                       sarn_str("ledger.Moved")));
    write_old(&f, -3);
    assert_int_equal(decode_last(&f, 0), SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text, "position 4: its payload does not read as "
                                      "'ledger.OldDeposited': its upcaster refuses it");
    end(&f);
}

/* --- by the schema in the log --- */

static void a_log_explains_itself_without_the_module(void **unused)
{
    const struct sarn_schema *schema;
    struct fixture f;
    uint32_t id = 77;

    (void)unused;
    begin(&f, NULL);
    ledger_deposit(&f.scribe, "a", "ann", 12);
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_non_null(f.event.type);
    assert_ptr_not_equal(f.event.type, &ledger_deposited_type);
    assert_string_equal(f.event.type->name, "ledger.Deposited");
    assert_non_null(f.event.data);
    schema = stored_schema(f.decoder, LEDGER_SCHEMA);
    assert_non_null(schema);
    assert_ptr_equal(schema, f.event.type->schema);
    assert_int_equal(sarn__decoder_schema_id(f.decoder, &ledger_schema, &id, NULL),
                     SARN_OK);
    assert_int_equal(id, LEDGER_SCHEMA);
    assert_null(stored_schema(f.decoder, 0));
    assert_null(stored_schema(f.decoder, 3));
    end(&f);
}

static void a_schema_that_is_not_stored_has_no_id(void **unused)
{
    struct sarn_schema other = ledger_schema;
    struct fixture f;
    uint32_t id = 77;

    (void)unused;
    begin(&f, &ledger_module);
    assert_int_equal(sarn__store_fold_tail(&f.store, NULL, NULL, NULL, NULL, NULL),
                     SARN_OK);
    other.bfbs_size -= 1;
    assert_int_equal(sarn__decoder_schema_id(f.decoder, &other, &id, NULL), SARN_OK);
    assert_int_equal(id, 0);
    end(&f);
}

/* Somebody else may have stored it. */
static void a_hostile_schema_leaves_its_events_raw(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, NULL);
    scribe_write(&f.scribe, &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                                   .schema_name = "evil",
                                                   .text = "this is no bfbs at all"});
    scribe_write(&f.scribe, &(struct scribe_event){.stream = "thing-1",
                                                   .schema = 3,
                                                   .type = "evil.Thing",
                                                   .text = "whatever"});
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_null(f.event.type);
    assert_null(f.event.data);
    assert_true(is(f.event.payload, "whatever"));
    assert_null(stored_schema(f.decoder, 3));
    end(&f);
}

/* A payload that its schema does not describe, with a good checksum. */
static void a_hostile_payload_is_told_by_its_position(void **unused)
{
    static const char noise[] = "\377\377\377\177noise noise noise";
    const struct ledger_noted noted = {.text = SARN_STR("x")};
    struct sarn_str payload;
    struct fixture f;

    (void)unused;
    begin(&f, NULL);
    assert_int_equal(f.scribe.ports.codec.ops->encode(f.scribe.ports.codec.self,
                                                      &ledger_noted_type, &noted,
                                                      f.arena, &payload, &f.error),
                     SARN_OK);
    scribe_write(&f.scribe, &(struct scribe_event){.stream = "notes-1",
                                                   .schema = LEDGER_SCHEMA,
                                                   .type = "ledger.Noted",
                                                   .codec = SARN__CODEC_FLATBUFFERS,
                                                   .bytes = payload});
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_non_null(f.event.data);
    scribe_write(&f.scribe, &(struct scribe_event){.stream = "notes-1",
                                                   .schema = LEDGER_SCHEMA,
                                                   .type = "ledger.Noted",
                                                   .codec = SARN__CODEC_FLATBUFFERS,
                                                   .bytes = {noise, sizeof(noise)}});
    assert_int_equal(decode_last(&f, 0), SARN_ERR_CORRUPT);
    assert_memory_equal(
        f.error.text, "position 4: its payload does not read as 'ledger.Noted': ", 57);
    assert_int_equal(decode_last(&f, SARN__DECODE_RAW), SARN_OK);
    end(&f);
}

static void a_payload_of_another_codec_stays_raw(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f, &ledger_module);
    scribe_write(&f.scribe, &(struct scribe_event){.stream = "notes-1",
                                                   .schema = LEDGER_SCHEMA,
                                                   .type = "ledger.Noted",
                                                   .codec = SARN__CODEC_MEMORY,
                                                   .bytes = SARN_STR("12345678")});
    assert_int_equal(decode_last(&f, 0), SARN_OK);
    assert_null(f.event.type);
    end(&f);
}

/* --- before it is folded --- */

static void a_record_with_its_names_needs_no_fold(void **unused)
{
    const struct sarn__record record = {.position = 9,
                                        .type = 40,
                                        .type_name = SARN_STR("new.Type"),
                                        .stream = 41,
                                        .stream_name = SARN_STR("new-1"),
                                        .actor = 42,
                                        .actor_name = SARN_STR("ann"),
                                        .payload = SARN_STR("x")};
    struct sarn__record unnamed = record;
    struct fixture f;

    (void)unused;
    begin(&f, NULL);
    assert_int_equal(
        sarn__decoder_event(f.decoder, &record, 0, f.arena, &f.event, &f.error),
        SARN_OK);
    assert_true(is(f.event.stream, "new-1") && is(f.event.type_name, "new.Type"));
    assert_true(is(f.event.actor, "ann"));
    /* It may never become durable: nothing of it is remembered. */
    unnamed.type_name = (struct sarn_str){NULL, 0};
    assert_int_equal(
        sarn__decoder_event(f.decoder, &unnamed, 0, f.arena, &f.event, &f.error),
        SARN_ERR_CORRUPT);
    assert_null(sarn__decoder_type(f.decoder, 40));
    unnamed = record;
    unnamed.stream_name = (struct sarn_str){NULL, 0};
    assert_int_equal(
        sarn__decoder_event(f.decoder, &unnamed, 0, f.arena, &f.event, &f.error),
        SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text,
                        "position 9: no event gave its stream, 41, a name");
    unnamed = record;
    unnamed.actor_name = (struct sarn_str){NULL, 0};
    assert_int_equal(
        sarn__decoder_event(f.decoder, &unnamed, 0, f.arena, &f.event, &f.error),
        SARN_ERR_CORRUPT);
    assert_string_equal(f.error.text,
                        "position 9: no event gave its actor, 42, a name");
    end(&f);
}

/* --- names --- */

static void names_are_kept_up_to_a_bound(void **unused)
{
    struct test_heap counted = {0};
    const struct sarn_heap heap = test_heap(&counted);
    struct sarn__names names;
    struct sarn_str first;
    char text[200];

    (void)unused;
    memset(text, 'n', sizeof(text));
    sarn__names_init(&names, &heap);
    assert_null(sarn__names_find(&names, 1));
    first = sarn__names_put(&names, 1, sarn_str("one"));
    assert_true(is(first, "one"));
    assert_true(is(*sarn__names_find(&names, 1), "one"));
    names.holds = 2; /* Somebody has names in hand, and calls back. */
    for (uint64_t number = 2; number < 60000; number++) {
        (void)sarn__names_put(&names, number, (struct sarn_str){text, sizeof(text)});
    }
    assert_true(is(first, "one"));
    assert_non_null(sarn__names_find(&names, 59999));
    names.holds = 1;
    (void)sarn__names_put(&names, 60000, sarn_str("last"));
    assert_true(is(first, "one")); /* For one generation more. */
    assert_null(sarn__names_find(&names, 1));
    for (uint64_t number = 0; number < 1000000; number++) {
        (void)sarn__names_put(&names, 200000 + number, sarn_str("short"));
    }
    assert_true(names.slot_count == SARN__NAMES_SLOTS_MAX);
    assert_true(is(*sarn__names_find(&names, 1199999), "short"));
    sarn__names_done(&names);
    assert_int_equal(counted.live, 0);
}

static void without_memory_names_are_not_kept(void **unused)
{
    (void)unused;
    for (uint64_t nth = 1; nth < 5; nth++) {
        struct test_heap counted = {.fail_at = nth, .broken = true};
        const struct sarn_heap heap = test_heap(&counted);
        struct sarn__names names;

        sarn__names_init(&names, &heap);
        for (uint64_t number = 1; number < 2000; number++) {
            assert_true(is(sarn__names_put(&names, number, sarn_str("name")), "name"));
        }
        sarn__names_done(&names);
        assert_int_equal(counted.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_payload_becomes_its_struct),
        cmocka_unit_test(raw_leaves_the_payload_alone),
        cmocka_unit_test(plain_bytes_are_themselves),
        cmocka_unit_test(a_name_alone_is_no_type),
        cmocka_unit_test(a_streamless_event_has_no_stream),
        cmocka_unit_test(an_old_payload_becomes_a_new_one),
        cmocka_unit_test(a_log_explains_itself_without_the_module),
        cmocka_unit_test(a_schema_that_is_not_stored_has_no_id),
        cmocka_unit_test(a_hostile_schema_leaves_its_events_raw),
        cmocka_unit_test(a_hostile_payload_is_told_by_its_position),
        cmocka_unit_test(a_payload_of_another_codec_stays_raw),
        cmocka_unit_test(a_record_with_its_names_needs_no_fold),
        cmocka_unit_test(names_are_kept_up_to_a_bound),
        cmocka_unit_test(without_memory_names_are_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
