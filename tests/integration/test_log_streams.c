/* sarn/log.h: the streams and the schemas of a log. */
#include <string.h>

#include "sarn/events.h"
#include "support/test.h"
#include "support/views.h"

#define TEXT_BYTES 8192u

struct fixture {
    struct views v;
    struct sarn_arena *arena;
    char text[TEXT_BYTES];
    uint32_t calls, refuse_at;
};

/* Three streams: a-1 (also of tenant 7) with 11 events, a-2 with 1, b-1 with 2. */
static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    views_begin(&f->v, NULL);
    for (uint32_t i = 0; i < 11; i++) {
        scribe_write(&f->v.scribe,
                     &(struct scribe_event){.stream = "a-1", .type = "One"});
    }
    scribe_write(&f->v.scribe, &(struct scribe_event){.stream = "a-2", .type = "One"});
    scribe_write(&f->v.scribe, &(struct scribe_event){.stream = "b-1", .type = "One"});
    scribe_write(&f->v.scribe, &(struct scribe_event){.stream = "b-1", .type = "Two"});
    scribe_write(&f->v.scribe,
                 &(struct scribe_event){.stream = "a-1", .tenant = 7, .type = "One"});
    views_refresh(&f->v);
    f->arena = sarn_arena_create(NULL);
}

static void end(struct fixture *f)
{
    sarn_arena_destroy(f->arena);
    views_end(&f->v);
}

static sarn_status say_stream(void *arg, const struct sarn_stream_info *info)
{
    struct fixture *f = arg;
    size_t used = strlen(f->text);

    if (++f->calls == f->refuse_at) {
        return SARN_ERR_TIMEOUT;
    }
    snprintf(f->text + used, sizeof(f->text) - used, "%s%u:%.*s %" PRIu64 "%s",
             used == 0 ? "" : ", ", info->tenant, (int)info->name.size, info->name.data,
             info->version, info->deleted ? " deleted" : "");
    return SARN_OK;
}

static const char *streams(struct fixture *f, const char *prefix)
{
    f->text[0] = '\0';
    f->calls = 0;
    assert_int_equal(
        sarn_log_streams(&f->v.log, sarn_str(prefix), say_stream, f, &f->v.error),
        SARN_OK);
    return f->text;
}

static void streams_are_listed_by_tenant_and_name(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    scribe_write(&f.v.scribe,
                 &(struct scribe_event){.stream = "b-1", .type = "sarn.StreamDeleted"});
    scribe_write(&f.v.scribe, &(struct scribe_event){
                                  .stream = "z", .tenant = UINT32_MAX, .type = "One"});
    views_refresh(&f.v);
    assert_string_equal(streams(&f, NULL),
                        "0:a-1 10, 0:a-2 0, 0:b-1 2 deleted, 7:a-1 0, "
                        "4294967295:z 0");
    assert_string_equal(streams(&f, "a-1"), "0:a-1 10, 7:a-1 0");
    assert_string_equal(streams(&f, "a"), "0:a-1 10, 0:a-2 0, 7:a-1 0");
    assert_string_equal(streams(&f, "b-"), "0:b-1 2 deleted");
    assert_string_equal(streams(&f, "zz"), "");
    assert_string_equal(streams(&f, "z"), "4294967295:z 0");
    f.refuse_at = 2;
    f.calls = 0;
    assert_int_equal(
        sarn_log_streams(&f.v.log, sarn_str(""), say_stream, &f, &f.v.error),
        SARN_ERR_TIMEOUT);
    assert_string_equal(f.v.error.text,
                        "the handler ended the list of streams at 'a-2': timed out");
    end(&f);
}

static void many_streams_are_listed_once_each(void **unused)
{
    struct scribe_event event = {.type = "One"};
    char name[32];
    struct fixture f;

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < 400; i++) {
        snprintf(name, sizeof(name), "many-%03u", i);
        event.stream = name;
        event.tenant = i % 3;
        scribe_write(&f.v.scribe, &event);
        if (i == 200) {
            views_refresh(&f.v);
            views_flush(&f.v, 1000, UINT32_MAX);
        }
    }
    views_refresh(&f.v);
    streams(&f, "many-");
    assert_int_equal(f.calls, 400);
    streams(&f, "many-1");
    assert_int_equal(f.calls, 100);
    end(&f);
}

static void one_stream_is_described(void **unused)
{
    struct sarn_stream_info info;
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_int_equal(
        sarn_log_stream(&f.v.log, 0, sarn_str("a-1"), f.arena, &info, &f.v.error),
        SARN_OK);
    assert_int_equal(info.version, 10);
    assert_int_equal(info.last_position, 13);
    assert_int_equal(info.number, 1);
    assert_int_equal(info.metadata.size, 0);
    assert_int_equal(
        sarn_log_stream(&f.v.log, 0, sarn_str("nobody"), f.arena, &info, &f.v.error),
        SARN_ERR_NOT_FOUND);
    assert_string_equal(f.v.error.text, "stream 'nobody' of tenant 0 does not exist");
    assert_int_equal(
        sarn_log_stream(&f.v.log, 0, sarn_str(""), f.arena, &info, &f.v.error),
        SARN_ERR_INVALID);
    end(&f);
}

static sarn_status say_schema(void *arg, const struct sarn_stored_schema *schema)
{
    struct fixture *f = arg;
    size_t used = strlen(f->text);

    if (++f->calls == f->refuse_at) {
        return SARN_ERR_TIMEOUT;
    }
    snprintf(f->text + used, sizeof(f->text) - used, "%u %.*s at %" PRIu64 ";",
             schema->id, (int)schema->name.size, schema->name.data, schema->position);
    assert_true(
        schema->id != LEDGER_SCHEMA ||
        (schema->bfbs.size == ledger_schema.bfbs_size &&
         memcmp(schema->bfbs.data, ledger_schema.bfbs, schema->bfbs.size) == 0));
    return SARN_OK;
}

static void stored_schemas_are_handed_out(void **unused)
{
    char expected[64];
    struct fixture f;

    (void)unused;
    begin(&f);
    snprintf(expected, sizeof(expected), "1 %s at 1;2 %s at 2;",
             sarn_events_schema.name, ledger_schema.name);
    assert_int_equal(sarn_log_schemas(&f.v.log, say_schema, &f, NULL), SARN_OK);
    assert_string_equal(f.text, expected);
    f.calls = 0;
    f.refuse_at = 1;
    assert_int_equal(sarn_log_schemas(&f.v.log, say_schema, &f, &f.v.error),
                     SARN_ERR_TIMEOUT);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_listed_by_tenant_and_name),
        cmocka_unit_test(many_streams_are_listed_once_each),
        cmocka_unit_test(one_stream_is_described),
        cmocka_unit_test(stored_schemas_are_handed_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
