/* domain/engine/archive_json: entries of an archive to lines of JSON, and back. */
#include "engine/archive_json.h"

#include <string.h>

#include "engine/commit.h"
#include "engine/json_text.h"
#include "infra/flatbuffers/codec.h"
#include "infra/yajl/json.h"
#include "support/heap.h"
#include "support/test.h"
#include "support/views.h"

#define ENTRIES_MAX 64u

/* A log, its entries as an archive of all of it has them, and their lines. */
struct fixture {
    struct views v;
    struct sarn_arena *arena;
    struct sarn__archive_entry entries[ENTRIES_MAX];
    uint32_t count;
    struct sarn__commit last;
    struct sarn__archive_out out;
    struct sarn_error error;
};

static struct sarn__archive_entry *add(struct fixture *f, enum sarn__archive_kind kind)
{
    assert_true(f->count < ENTRIES_MAX);
    f->entries[f->count].kind = kind;
    return &f->entries[f->count++];
}

/* A commit for each record, since those of the scribe are empty. */
static sarn_status add_record(void *arg, uint64_t position, struct sarn_str bytes)
{
    struct fixture *f = arg;
    struct sarn__archive_entry *entry = add(f, SARN__ARCHIVE_RECORD);
    char *commit = sarn_arena_alloc(f->arena, SARN__COMMIT_BYTES);

    entry->position = position;
    assert_int_equal(sarn_arena_copy(f->arena, bytes, &entry->bytes), SARN_OK);
    memcpy(f->last.previous_hash, f->last.hash, sizeof(f->last.hash));
    f->last.count = 1;
    f->last.epoch = 1;
    f->last.first = f->last.last = position;
    f->last.time_us = (int64_t)position;
    assert_int_equal(sarn__commit_seal(&f->last, &entry->bytes, &f->v.scribe.ports.hash,
                                       (uint8_t *)commit),
                     SARN_OK);
    entry = add(f, SARN__ARCHIVE_COMMIT);
    entry->position = position;
    entry->bytes = (struct sarn_str){commit, SARN__COMMIT_BYTES};
    return SARN_OK;
}

static void add_end(struct fixture *f)
{
    struct sarn__archive_entry *end = add(f, SARN__ARCHIVE_END);

    end->position = end->end.position = f->last.last;
    end->end.time_us = f->last.time_us;
    memcpy(end->end.hash, f->last.hash, sizeof(end->end.hash));
}

static void begin(struct fixture *f)
{
    const struct sarn_journal *journal;
    uint64_t next;

    memset(f, 0, sizeof(*f));
    scribe_init(&f->v.scribe);
    f->v.scribe.ports.codec = sarn__flatbuffers_codec();
    f->v.scribe.ports.json = sarn__yajl_json();
    f->arena = sarn_arena_create(NULL);
    ledger_store_schemas(&f->v.scribe);
    ledger_deposit(&f->v.scribe, "a", "ann", 12);
    scribe_write(&f->v.scribe, &(struct scribe_event){.stream = "quo\"te-1",
                                                      .tenant = 7,
                                                      .type = "plain",
                                                      .actor = "\x01",
                                                      .text = "line\nline"});
    /* What the schema says of it is not true. */
    scribe_write(&f->v.scribe, &(struct scribe_event){.stream = "account-b",
                                                      .type = "ledger.Deposited",
                                                      .schema = LEDGER_SCHEMA,
                                                      .codec = 1,
                                                      .bytes = SARN_STR("no buffer")});
    views_open(&f->v, NULL);
    add(f, SARN__ARCHIVE_HEAD)->log_id = (struct sarn_uuid){.bytes = {1, 2, 3}};
    journal = &f->v.scribe.ports.journal;
    assert_int_equal(journal->ops->scan(journal->self, 1, f->v.scribe.position,
                                        add_record, f, &next, NULL),
                     SARN_OK);
    add_end(f);
    f->out.heap = f->v.scribe.ports.heap;
}

static void end(struct fixture *f)
{
    sarn__archive_out_done(&f->out);
    sarn_arena_destroy(f->arena);
    views_end(&f->v);
}

static sarn_status write_all(struct fixture *f, struct sarn_log *log)
{
    struct sarn__archive_encoder encoder;
    sarn_status status = sarn__archive_json_encoder(log, &encoder, &f->error);

    if (status != SARN_OK) {
        return status;
    }
    for (uint32_t i = 0; i < f->count && status == SARN_OK; i++) {
        status = encoder.ops->put(encoder.self, &f->entries[i], &f->out, &f->error);
    }
    encoder.ops->destroy(encoder.self);
    return status;
}

/* The lines, with a NUL behind them. */
static char *lines_of(struct fixture *f)
{
    char *text;

    if (write_all(f, &f->v.log) != SARN_OK) {
        fail_msg("%s", f->error.text);
    }
    text = sarn_arena_alloc(f->arena, f->out.size + 1);
    memcpy(text, f->out.data, f->out.size);
    return text;
}

static char *line_with(struct fixture *f, const char *part)
{
    for (char *line = lines_of(f), *next; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (strstr(line, part) != NULL) {
            return line;
        }
    }
    fail_msg("no line has %s", part);
    return NULL;
}

/* --- reading them again --- */

/* What is not as it was written: "" when all is. */
static bool same(const struct sarn__archive_entry *a,
                 const struct sarn__archive_entry *b)
{
    return a->kind == b->kind && a->position == b->position &&
           sarn_str_equal(a->bytes, b->bytes) &&
           (a->kind != SARN__ARCHIVE_HEAD ||
            memcmp(&a->log_id, &b->log_id, sizeof(a->log_id)) == 0) &&
           memcmp(&a->end, &b->end, sizeof(a->end)) == 0;
}

/* Take text apart as a reader does that gets step bytes at a time; how many entries are
 * as they were written. */
static sarn_status read_back(struct fixture *f,
                             const struct sarn_ports *ports,
                             struct sarn_str text,
                             uint32_t step,
                             uint32_t *matching)
{
    struct sarn__archive_decoder decoder;
    sarn_status status = sarn__archive_json_decoder(ports, &decoder, &f->error);
    uint32_t have = 0, seen = 0, size = 0;

    *matching = 0;
    if (status != SARN_OK) {
        return status;
    }
    while (status == SARN_OK && text.size > 0) {
        struct sarn_str bytes = {text.data, have};
        struct sarn__archive_entry entry;

        status = decoder.ops->cut(decoder.self, bytes, seen, &size, &f->error);
        if (status == SARN_OK && size == 0) {
            if (have == text.size) {
                break; /* What is left is no line. */
            }
            seen = have;
            have = have + step < text.size ? have + step : text.size;
            continue;
        }
        if (status == SARN_OK) {
            status = decoder.ops->take(decoder.self, (struct sarn_str){text.data, size},
                                       &entry, &f->error);
        }
        if (status == SARN_OK) {
            assert_int_equal((uintptr_t)entry.bytes.data % 8, 0);
            *matching += *matching < f->count && same(&entry, &f->entries[*matching]);
            text.data += size;
            text.size -= size;
            have -= size;
            seen = 0;
        }
    }
    decoder.ops->destroy(decoder.self);
    return status;
}

static void comes_back(struct fixture *f, const char *text, uint32_t step)
{
    uint32_t matching;

    if (read_back(f, &f->v.scribe.ports, sarn_str(text), step, &matching) != SARN_OK) {
        fail_msg("%s", f->error.text);
    }
    assert_int_equal(matching, f->count);
}

/* text with each `from` in it as `to`. */
static char *
replaced(struct fixture *f, const char *text, const char *from, const char *to)
{
    size_t room = 4 * strlen(text) + 1, used = 0;
    char *result = sarn_arena_alloc(f->arena, room);

    for (const char *at = text; *at != '\0';) {
        bool here = strncmp(at, from, strlen(from)) == 0;

        used += (size_t)snprintf(result + used, room - used, "%.*s",
                                 here ? (int)strlen(to) : 1, here ? to : at);
        at += here ? strlen(from) : 1;
    }
    return result;
}

/* --- cases --- */

static void an_event_is_as_the_log_shows_it_and_its_record(void **unused)
{
    struct fixture f;
    struct sarn__json_text record;
    struct sarn_str base64;
    const char *line, *found;

    (void)unused;
    begin(&f);
    line = line_with(&f, "\"ledger.Deposited\"");
    found = "{\"position\":3,\"stream\":\"account-a\",\"version\":0,"
            "\"type\":\"ledger.Deposited\",\"time\":\"1970-01-01T00:00:00.000003Z\","
            "\"data\":{\"account\":\"a\",\"owner\":\"ann\",\"amount\":12},\"record\":";
    assert_memory_equal(line, found, strlen(found));
    record = (struct sarn__json_text){.arena = f.arena};
    sarn__json_base64(&record, f.entries[5].bytes);
    assert_int_equal(sarn__json_done(&record, &base64), SARN_OK);
    line += strlen(found);
    assert_int_equal(strlen(line), base64.size + 1);
    assert_memory_equal(line, base64.data, base64.size);
    end(&f);
}

static void head_commits_and_end_say_what_they_are(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_string_equal(
        line_with(&f, "sarn_archive"),
        "{\"sarn_archive\":{\"format\":1,"
        "\"log_id\":\"01020300-0000-0000-0000-000000000000\",\"begin\":{\"position\":0,"
        "\"time_us\":0,\"hash\":\""
        "0000000000000000000000000000000000000000000000000000000000000000\"}}}");
    f.out.size = 0;
    assert_non_null(strstr(line_with(&f, "\"last\":4"),
                           "{\"commit\":{\"first\":4,\"last\":4,\"epoch\":1,"
                           "\"time\":\"1970-01-01T00:00:00.000004Z\",\"hash\":\""));
    f.out.size = 0;
    assert_non_null(strstr(line_with(&f, "{\"end\":"),
                           "{\"end\":{\"position\":5,"
                           "\"time\":\"1970-01-01T00:00:00.000005Z\",\"time_us\":5,"
                           "\"hash\":\""));
    end(&f);
}

static void a_payload_that_does_not_fit_is_shown_as_it_is_stored(void **unused)
{
    struct fixture f;

    (void)unused;
    begin(&f);
    assert_non_null(strstr(line_with(&f, "\"stream\":\"account-b\""),
                           "\"data\":{\"text\":\"no buffer\"},\"record\":\""));
    end(&f);
}

static void what_is_written_comes_back(void **unused)
{
    static const uint32_t steps[] = {1, 7, 64, 100000};
    struct fixture f;
    const char *text;

    (void)unused;
    begin(&f);
    text = lines_of(&f);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        comes_back(&f, text, steps[i]);
    }
    end(&f);
}

static void what_stands_beside_the_record_is_not_looked_at(void **unused)
{
    struct fixture f;
    const char *text;

    (void)unused;
    begin(&f);
    text = lines_of(&f);
    comes_back(&f, replaced(&f, text, "\n", "\r\n"), 5);
    comes_back(&f, replaced(&f, text, "\n", "\n\r\n \n"), 5);
    comes_back(&f, replaced(&f, text, "{\"", " { \"new\" : [{\"record\":7}], \""), 64);
    comes_back(&f, replaced(&f, text, "\"account\":\"a\"", "\"lie\":-1.5"), 64);
    comes_back(&f, replaced(&f, text, "{\"position\":4,", "{\"position\":\"400\","),
               64);
    comes_back(&f, replaced(&f, text, "\"first\":4,\"last\":4,\"epoch\":1,", ""), 64);
    end(&f);
}

static void each_fault_is_named_with_its_line(void **unused)
{
    static const struct {
        const char *from, *to;
        sarn_status status;
        const char *says;
    } rows[] = {
        {"\"format\":1", "\"format\":2", SARN_ERR_UNSUPPORTED, "line 1: this archive"},
        {"\"format\":1", "\"format\":0", SARN_ERR_CORRUPT,
         "line 1: it names no format"},
        {"\"log_id\":\"0102", "\"log_id\":\"g102", SARN_ERR_CORRUPT,
         "line 1: log_id is no UUID"},
        {"\"log_id\"", "\"id\"", SARN_ERR_CORRUPT, "line 1: sarn_archive_json.Head"},
        {"\"hash\":\"0000", "\"hash\":\"00", SARN_ERR_CORRUPT, "line 1: a hash has 64"},
        {"\"hash\":\"0000", "\"hash\":\"000G", SARN_ERR_CORRUPT,
         "line 1: a hash has 64"},
        {"\"begin\":{\"position\":0,", "\"begin\":{\"position\":18446744073709551615,",
         SARN_ERR_CORRUPT, "line 1: no log has a position"},
        {"{\"commit\":{\"first\":1,",
         "{\"end\":{\"hash\":\"\"},\"commit\":{\"first\":1,", SARN_ERR_CORRUPT,
         "line 3: a line has one of"},
        {"{\"commit\":{\"first\":2,", "{\"record\":\"\",\"commit\":{\"first\":2,",
         SARN_ERR_CORRUPT, "line 5: sarn_archive_json.Line.record is there twice"},
        {"{\"end\":", "{\"fin\":", SARN_ERR_CORRUPT, "line 12: a line has one of"},
        {"{\"position\":3,", "{\"position\":3;", SARN_ERR_CORRUPT, "line 6: "},
        {"\"time_us\":5,", "\"time_us\":\"5\",", SARN_ERR_CORRUPT, "line 12: "},
        {"{\"position\":2,", "\xC0{\"position\":2,", SARN_ERR_CORRUPT, "line 4: "},
        {"{\"position\":1,", "\n\n[]\n{\"position\":1,", SARN_ERR_CORRUPT, "line 4: "},
    };
    struct fixture f;
    const char *text;

    (void)unused;
    begin(&f);
    text = lines_of(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *bad = replaced(&f, text, rows[i].from, rows[i].to);
        uint32_t matching;
        sarn_status status =
            read_back(&f, &f.v.scribe.ports, sarn_str(bad), 999, &matching);

        if (status != rows[i].status || strstr(f.error.text, rows[i].says) == NULL) {
            fail_msg("%s: %d, \"%s\"", rows[i].to, (int)status, f.error.text);
        }
    }
    end(&f);
}

static void a_line_without_an_end_is_refused_before_it_fills_the_memory(void **unused)
{
    const size_t size = SARN__ARCHIVE_JSON_LINE_MAX + 1;
    struct fixture f;
    struct sarn__archive_decoder decoder;
    char *text;
    uint32_t cut;

    (void)unused;
    begin(&f);
    text = sarn_arena_alloc(f.arena, size);
    assert_int_equal(sarn__archive_json_decoder(&f.v.scribe.ports, &decoder, &f.error),
                     SARN_OK);
    for (int blank = 0; blank < 2; blank++) {
        struct sarn_str bytes = {text, (uint32_t)size};

        memset(text, blank ? ' ' : 'x', size);
        assert_int_equal(decoder.ops->cut(decoder.self, bytes, 0, &cut, &f.error),
                         SARN_ERR_CORRUPT);
        assert_non_null(strstr(f.error.text, "line 1 is longer than"));
        text[size - 1] = '\n';
        assert_int_equal(decoder.ops->cut(decoder.self, bytes, 0, &cut, &f.error),
                         SARN_ERR_CORRUPT);
        bytes.size -= 1;
        assert_int_equal(decoder.ops->cut(decoder.self, bytes, 0, &cut, &f.error),
                         SARN_OK);
        assert_int_equal(cut, 0);
    }
    decoder.ops->destroy(decoder.self);
    end(&f);
}

static void damaged_lines_never_crash(void **unused)
{
    struct fixture f;
    char *text;
    uint32_t size, matching;

    (void)unused;
    begin(&f);
    text = lines_of(&f);
    size = (uint32_t)strlen(text);
    for (uint32_t bit = 0; bit < 8 * size; bit += 211) {
        char *at = &text[bit / 8];
        sarn_status status;

        *at = (char)(*at ^ 1 << bit % 8);
        status = read_back(&f, &f.v.scribe.ports, (struct sarn_str){text, size}, size,
                           &matching);
        *at = (char)(*at ^ 1 << bit % 8);
        if (status != SARN_OK) {
            assert_true(status == SARN_ERR_CORRUPT || status == SARN_ERR_UNSUPPORTED);
        }
    }
    end(&f);
}

static void running_out_of_memory_is_an_error(void **unused)
{
    struct fixture f;
    sarn_status status = SARN_ERR_NOMEM;

    (void)unused;
    begin(&f);
    for (uint64_t at = 1; status != SARN_OK; at++) {
        struct test_heap heap = {.fail_at = at, .broken = true};
        struct sarn_log log = f.v.log;
        uint32_t matching;

        log.ports.heap = test_heap(&heap);
        f.out = (struct sarn__archive_out){.heap = test_heap(&heap)};
        status = write_all(&f, &log);
        if (status == SARN_OK) {
            status = read_back(&f, &log.ports,
                               (struct sarn_str){f.out.data, (uint32_t)f.out.size}, 64,
                               &matching);
        }
        assert_true(status == SARN_OK || status == SARN_ERR_NOMEM);
        sarn__archive_out_done(&f.out);
        assert_int_equal(heap.live, 0);
        assert_true(at < 1000);
    }
    f.out = (struct sarn__archive_out){.heap = f.v.scribe.ports.heap};
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_as_the_log_shows_it_and_its_record),
        cmocka_unit_test(head_commits_and_end_say_what_they_are),
        cmocka_unit_test(a_payload_that_does_not_fit_is_shown_as_it_is_stored),
        cmocka_unit_test(what_is_written_comes_back),
        cmocka_unit_test(what_stands_beside_the_record_is_not_looked_at),
        cmocka_unit_test(each_fault_is_named_with_its_line),
        cmocka_unit_test(a_line_without_an_end_is_refused_before_it_fills_the_memory),
        cmocka_unit_test(damaged_lines_never_crash),
        cmocka_unit_test(running_out_of_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
