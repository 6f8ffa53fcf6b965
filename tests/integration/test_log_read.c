/* sarn/log.h: reading a log by every filter, from either end, and as JSON. */
#include <string.h>

#include "infra/flatbuffers/codec.h"
#include "infra/yajl/json.h"
#include "support/test.h"
#include "support/views.h"

#define TEXT_BYTES 8192u

struct fixture {
    struct views v;
    struct sarn_range range;
    struct sarn_arena *arena;
    char text[TEXT_BYTES];
    uint32_t calls, refuse_at;
};

/* A log of 17 events:
 *   1, 2   the schemas        3 a-1 One   4 b-1 One   5 a-2 Two   6 a-1 Two
 *   7..15  a-1 One, a note each            16 a-1 of tenant 7     17 b-1 Two
 * at times of 10 us each: 100 for the first, 110, ... */
static void write_log(struct scribe *scribe)
{
    static const struct scribe_event events[] = {
        {.stream = "a-1", .type = "One", .text = "3", .actor = "ann"},
        {.stream = "b-1", .type = "One", .text = "4"},
        {.stream = "a-2", .type = "Two", .text = "5", .origin = "phone"},
        {.stream = "a-1", .type = "Two", .text = "6"},
    };

    for (uint32_t i = 0; i < 4; i++) {
        struct scribe_event event = events[i];

        event.time_us = 120 + 10 * (int64_t)i;
        scribe_write(scribe, &event);
    }
    for (uint32_t i = 0; i < 9; i++) {
        scribe_write(scribe, &(struct scribe_event){.stream = "a-1",
                                                    .type = "One",
                                                    .text = "more",
                                                    .time_us = 160 + 10 * (int64_t)i});
    }
    scribe_write(scribe,
                 &(struct scribe_event){
                     .stream = "a-1", .tenant = 7, .type = "One", .time_us = 250});
    scribe_write(
        scribe, &(struct scribe_event){.stream = "b-1", .type = "Two", .time_us = 260});
}

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    views_begin(&f->v, NULL);
    write_log(&f->v.scribe);
    views_refresh(&f->v);
    f->range = (struct sarn_range)SARN_RANGE_INIT;
    f->arena = sarn_arena_create(NULL);
}

static void end(struct fixture *f)
{
    sarn_arena_destroy(f->arena);
    views_end(&f->v);
}

static sarn_status say_event(void *arg, const struct sarn_event *event)
{
    struct fixture *f = arg;
    size_t used = strlen(f->text);

    if (++f->calls == f->refuse_at) {
        return SARN_ERR_TIMEOUT;
    }
    snprintf(f->text + used, sizeof(f->text) - used, "%s%" PRIu64, used == 0 ? "" : " ",
             event->position);
    return SARN_OK;
}

/* The positions read, or the status. */
static const char *positions(struct fixture *f)
{
    sarn_status status;

    f->text[0] = '\0';
    status = sarn_read(&f->v.log, &f->range, say_event, f, &f->v.error);
    if (status != SARN_OK) {
        snprintf(f->text, sizeof(f->text), "%s", sarn_status_text(status));
    }
    return f->text;
}

/* The same range backward gives the same events, the other way round. */
static const char *both_ways(struct fixture *f)
{
    char forward[TEXT_BYTES], turned[TEXT_BYTES] = "";

    snprintf(forward, sizeof(forward), "%s", positions(f));
    f->range.flags |= SARN_READ_BACKWARD;
    positions(f);
    f->range.flags &= ~SARN_READ_BACKWARD;
    for (char *at = f->text; *at != '\0';) {
        char before[TEXT_BYTES];
        int size = (int)strcspn(at, " ");

        snprintf(before, sizeof(before), "%s", turned);
        snprintf(turned, sizeof(turned), "%.*s%s%.4000s", size, at,
                 before[0] == '\0' ? "" : " ", before);
        at += size + (at[size] == ' ' ? 1 : 0);
    }
    assert_string_equal(forward, turned);
    snprintf(f->text, sizeof(f->text), "%s", forward);
    return f->text;
}

static struct sarn_str str(const char *text)
{
    return sarn_str(text);
}

/* --- filters --- */

static void without_a_filter_everything_is_read(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_string_equal(both_ways(&f), "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17");
    f.text[0] = '\0';
    assert_int_equal(sarn_read(&f.v.log, NULL, say_event, &f, NULL), SARN_OK);
    assert_string_equal(f.text, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17");
    f.range.from = 4;
    f.range.to = 6;
    assert_string_equal(both_ways(&f), "4 5 6");
    f.range.limit = 2;
    assert_string_equal(positions(&f), "4 5");
    f.range.flags = SARN_READ_BACKWARD;
    assert_string_equal(positions(&f), "6 5");
    f.range.from = 16;
    f.range.to = 99;
    assert_string_equal(positions(&f), "17 16");
    f.range.from = 18;
    assert_string_equal(positions(&f), "");
    end(&f);
}

static void an_empty_log_reads_as_nothing(void **unused)
{
    struct fixture f;

    (void)unused;
    memset(&f, 0, sizeof(f));
    scribe_init(&f.v.scribe);
    views_open(&f.v, NULL);
    f.range = (struct sarn_range)SARN_RANGE_INIT;
    assert_string_equal(both_ways(&f), "");
    f.range.from_time_us = 5;
    f.range.to_time_us = 6;
    assert_string_equal(both_ways(&f), "");
    views_end(&f.v);
}

static void one_stream_is_read_by_version(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.range.stream = str("a-1");
    assert_string_equal(both_ways(&f), "3 6 7 8 9 10 11 12 13 14 15");
    f.range.from_version = 8;
    assert_string_equal(both_ways(&f), "13 14 15");
    f.range.from_version = 99;
    assert_string_equal(both_ways(&f), "");
    f.range.from_version = 0;
    f.range.from = 6;
    f.range.to = 9;
    assert_string_equal(both_ways(&f), "6 7 8 9");
    f.range.limit = 1;
    assert_string_equal(positions(&f), "6");
    f.range.tenant = 7;
    f.range.from = f.range.to = 0;
    assert_string_equal(both_ways(&f), "16");
    f.range.tenant = 8;
    assert_string_equal(positions(&f), "not found");
    assert_string_equal(f.v.error.text, "stream 'a-1' of tenant 8 does not exist");
    end(&f);
}

static void a_long_stream_is_read_in_pages(void **unused)
{
    struct fixture f;
    struct scribe_event event = {.stream = "long-1", .type = "One"};
    char expected[TEXT_BYTES] = "";

    (void)unused;
    begin(&f);
    for (uint32_t i = 0; i < 600; i++) { /* Others in between. */
        event.stream = i % 2 == 0 ? "long-1" : "long-2";
        scribe_write(&f.v.scribe, &event);
    }
    views_refresh(&f.v);
    for (uint32_t i = 0; i < 300; i++) {
        size_t used = strlen(expected);

        snprintf(expected + used, sizeof(expected) - used, "%s%u", i == 0 ? "" : " ",
                 18 + 2 * i);
    }
    f.range.stream = str("long-1");
    assert_string_equal(both_ways(&f), expected);
    f.range.stream = (struct sarn_str){NULL, 0};
    f.range.category = str("long");
    positions(&f);
    assert_int_equal(f.calls, 300 + 300 + 600);
    f.range.flags = SARN_READ_BACKWARD;
    f.range.limit = 598;
    positions(&f);
    assert_string_equal(f.text + strlen(f.text) - 6, " 21 20");
    end(&f);
}

static void a_deleted_stream_reads_as_deleted_until_it_lives_again(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    scribe_write(&f.v.scribe,
                 &(struct scribe_event){.stream = "b-1", .type = "sarn.StreamDeleted"});
    views_refresh(&f.v);
    f.range.stream = str("b-1");
    assert_string_equal(positions(&f), "stream deleted");
    assert_string_equal(f.v.error.text, "stream 'b-1' of tenant 0 was deleted");
    scribe_write(&f.v.scribe, &(struct scribe_event){.stream = "b-1", .type = "One"});
    views_refresh(&f.v);
    assert_string_equal(both_ways(&f), "19");
    f.range.stream = (struct sarn_str){NULL, 0};
    f.range.category = str("b");
    assert_string_equal(both_ways(&f), "4 17 18 19"); /* Its events stay in the log. */
    end(&f);
}

static void a_category_is_read_in_order_of_position(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.range.category = str("a");
    assert_string_equal(both_ways(&f), "3 5 6 7 8 9 10 11 12 13 14 15");
    f.range.from = 6;
    f.range.limit = 2;
    assert_string_equal(positions(&f), "6 7");
    f.range.limit = 0;
    f.range.type = str("Two");
    assert_string_equal(both_ways(&f), "6");
    f.range.tenant = 7;
    f.range.type = (struct sarn_str){NULL, 0};
    assert_string_equal(both_ways(&f), "16");
    f.range.category = str("c");
    assert_string_equal(positions(&f), "not found");
    assert_string_equal(f.v.error.text, "category 'c' of tenant 7 has no events");
    f.range.category = str("b"); /* A stream of another category is not in it. */
    f.range.stream = str("a-1");
    assert_string_equal(positions(&f), "");
    end(&f);
}

static void types_and_correlations_are_told_apart(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.range.type = str("Two");
    assert_string_equal(both_ways(&f), "5 6 17");
    f.range.stream = str("a-1");
    assert_string_equal(both_ways(&f), "6");
    f.range = (struct sarn_range)SARN_RANGE_INIT;
    f.range.type = str("Three");
    assert_string_equal(both_ways(&f), "");
    f.range.type = (struct sarn_str){NULL, 0};
    f.range.correlation_id.bytes[0] = 1;
    assert_string_equal(both_ways(&f), "");
    end(&f);
}

static void times_are_found_by_halving(void **unused)
{
    static const struct {
        int64_t from, to;
        const char *expected;
    } rows[] = {
        {250, 0, "16 17"}, {0, 120, "1 2 3"},
        {120, 120, "3"},   {125, 155, "4 5 6"},
        {261, 0, ""},      {0, 1, "1"},
        {-5, -1, ""},      {120, INT64_MAX, "3 4 5"},
    };
    struct fixture f;

    (void)unused;
    begin(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f.range.from_time_us = rows[i].from;
        f.range.to_time_us = rows[i].to;
        f.range.to = rows[i].to == INT64_MAX ? 5 : 0;
        assert_string_equal(both_ways(&f), rows[i].expected);
    }
    end(&f);
}

static void a_range_that_makes_no_sense_is_refused(void **unused)
{
    char long_name[300];
    struct fixture f;

    (void)unused;
    begin(&f);
    memset(long_name, 'n', sizeof(long_name));
    f.range.flags = 64;
    assert_string_equal(positions(&f), "invalid argument");
    f.range.flags = 0;
    f.range.struct_size = 8;
    assert_string_equal(positions(&f), "invalid argument");
    f.range = (struct sarn_range)SARN_RANGE_INIT;
    f.range.stream = (struct sarn_str){long_name, sizeof(long_name)};
    assert_string_equal(positions(&f), "over a limit");
    end(&f);
}

/* --- handlers --- */

static void a_handler_ends_a_read(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.refuse_at = 3;
    assert_string_equal(positions(&f), "timed out");
    assert_int_equal(f.calls, 3);
    assert_string_equal(f.v.error.text,
                        "the handler ended the read at position 3: timed out");
    end(&f);
}

static sarn_status read_more(void *arg, const struct sarn_event *event)
{
    struct fixture *f = arg;
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_stream_info info;
    struct sarn_str stream = event->stream;
    size_t used;

    if (stream.size == 0) {
        return SARN_OK;
    }
    range.stream = stream;
    range.tenant = event->tenant;
    range.limit = 1;
    assert_int_equal(sarn_read(&f->v.log, &range, say_event, f, NULL), SARN_OK);
    assert_int_equal(
        sarn_log_stream(&f->v.log, event->tenant, stream, f->arena, &info, NULL),
        SARN_OK);
    used = strlen(f->text);
    snprintf(f->text + used, sizeof(f->text) - used, "(%.*s)", (int)event->stream.size,
             event->stream.data);
    return SARN_OK;
}

static void a_handler_may_read_again(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    f.range.to = 6;
    assert_int_equal(sarn_read(&f.v.log, &f.range, read_more, &f, NULL), SARN_OK);
    assert_string_equal(f.text, "3(a-1) 4(b-1) 5(a-2) 3(a-1)");
    end(&f);
}

static void damage_is_told_by_its_position(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    sarn__memory_store_damage(f.v.scribe.store, 6, 153, 4);
    assert_string_equal(positions(&f), "stored data contradicts itself");
    assert_non_null(strstr(f.v.error.text, "6"));
    assert_int_equal(f.calls, 0); /* The page is not handed out at all. */
    f.range.to = 5;
    assert_string_equal(positions(&f), "1 2 3 4 5");
    end(&f);
}

/* --- JSON --- */

static sarn_status say_json(void *arg, const struct sarn_event *event)
{
    struct fixture *f = arg;
    struct sarn_str json;

    assert_int_equal(sarn_event_json(&f->v.log, event, f->arena, &json, &f->v.error),
                     SARN_OK);
    snprintf(f->text, sizeof(f->text), "%.*s", (int)json.size, json.data);
    return SARN_OK;
}

static const char *json_at(struct fixture *f, uint64_t position)
{
    f->range = (struct sarn_range)SARN_RANGE_INIT;
    f->range.from = f->range.to = position;
    assert_int_equal(sarn_read(&f->v.log, &f->range, say_json, f, &f->v.error),
                     SARN_OK);
    return f->text;
}

static void an_event_is_a_line_of_json(void **unused)
{
    struct fixture f;

    (void)unused;
    memset(&f, 0, sizeof(f));
    scribe_init(&f.v.scribe);
    f.v.scribe.ports.codec = sarn__flatbuffers_codec();
    f.v.scribe.ports.json = sarn__yajl_json();
    ledger_store_schemas(&f.v.scribe);
    f.arena = sarn_arena_create(NULL);
    ledger_deposit(&f.v.scribe, "a", "ann", 12);
    scribe_write(&f.v.scribe,
                 &(struct scribe_event){.stream = "quo\"te-1",
                                        .tenant = 7,
                                        .type = "plain",
                                        .actor = "\x01",
                                        .origin = "phone",
                                        .text = "line\nline",
                                        .time_us = INT64_C(1767312245123456)});
    scribe_write(&f.v.scribe, &(struct scribe_event){
                                  .stream = "b-1", .type = "plain", .text = "\x80"});
    for (int known = 0; known < 2; known++) { /* By the module, by the log's schema. */
        views_open(&f.v, known == 0 ? NULL : &ledger_module);
        assert_string_equal(
            json_at(&f, 3),
            "{\"position\":3,\"stream\":\"account-a\",\"version\":0,"
            "\"type\":\"ledger.Deposited\",\"time\":\"1970-01-01T00:00:00.000003Z\","
            "\"data\":{\"account\":\"a\",\"owner\":\"ann\",\"amount\":12}}");
        views_close(&f.v);
    }
    views_open(&f.v, NULL);
    assert_string_equal(json_at(&f, 4),
                        "{\"position\":4,\"stream\":\"quo\\\"te-1\",\"version\":0,"
                        "\"type\":\"plain\",\"time\":\"2026-01-02T00:04:05.123456Z\","
                        "\"tenant\":7,\"actor\":\"\\u0001\",\"origin\":\"phone\","
                        "\"data\":{\"text\":\"line\\nline\"}}");
    assert_non_null(strstr(json_at(&f, 5), "\"data\":{\"base64\":\"gA==\"}}"));
    sarn_arena_destroy(f.arena);
    views_end(&f.v);
}

static void ids_are_written_when_there_are_any(void **unused)
{
    struct sarn_event event = {.position = 1, .type_name = SARN_STR("t")};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_log log = {.registry = NULL};
    struct sarn_str json;
    char text[512];

    (void)unused;
    event.id.bytes[15] = 1;
    event.correlation_id.bytes[15] = 2;
    event.causation_id.bytes[15] = 3;
    assert_int_equal(sarn_event_json(&log, &event, arena, &json, NULL), SARN_OK);
    snprintf(text, sizeof(text), "%.*s", (int)json.size, json.data);
    assert_string_equal(
        text, "{\"position\":1,\"type\":\"t\",\"time\":\"1970-01-01T00:00:00.000000Z\","
              "\"id\":\"00000000-0000-0000-0000-000000000001\","
              "\"correlation_id\":\"00000000-0000-0000-0000-000000000002\","
              "\"causation_id\":\"00000000-0000-0000-0000-000000000003\","
              "\"data\":{\"text\":\"\"}}");
    sarn_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_filter_everything_is_read),
        cmocka_unit_test(an_empty_log_reads_as_nothing),
        cmocka_unit_test(one_stream_is_read_by_version),
        cmocka_unit_test(a_long_stream_is_read_in_pages),
        cmocka_unit_test(a_deleted_stream_reads_as_deleted_until_it_lives_again),
        cmocka_unit_test(a_category_is_read_in_order_of_position),
        cmocka_unit_test(types_and_correlations_are_told_apart),
        cmocka_unit_test(times_are_found_by_halving),
        cmocka_unit_test(a_range_that_makes_no_sense_is_refused),
        cmocka_unit_test(a_handler_ends_a_read),
        cmocka_unit_test(a_handler_may_read_again),
        cmocka_unit_test(damage_is_told_by_its_position),
        cmocka_unit_test(an_event_is_a_line_of_json),
        cmocka_unit_test(ids_are_written_when_there_are_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
