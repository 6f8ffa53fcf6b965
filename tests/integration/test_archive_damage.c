/* An archive with any one bit wrong, or cut off anywhere: what came before is taken
 * over whole, nothing else is, and nobody is told that it was all. In memory, so that
 * each of them is tried. */
#include "support/test.h"

#include "core/heap.h"
#include "engine/archive_walk.h"
#include "engine/log.h"
#include "infra/memory/codec.h"
#include "infra/memory/hash.h"
#include "infra/memory/journal.h"
#include "infra/yajl/json.h"
#include "support/archive_bytes.h"
#include "support/log_builder.h"

#define COMMITS     3u
#define HEAD_BYTES  128u
#define MARK_BYTES  64u
#define COMMITS_MAX 8u

struct fixture {
    struct sarn__memory_store *store;
    struct sarn_ports ports;
    struct archive_bytes bytes;
    struct sarn_archive_end ends[COMMITS_MAX]; /* Of each commit; [0] before all. */
    size_t offsets[COMMITS_MAX];               /* Where each of them ends. */
    struct sarn_error error;
    /* The copy. */
    struct sarn__memory_store *copy;
    struct sarn_journal journal;
};

/* The store wants streams to be numbered in order, and types to be named. */
static void make_foldable(struct sarn__record *record)
{
    static const uint64_t numbers[] = {0, 3, 1, 2};

    record->stream = numbers[record->stream];
    if (record->position == 1) {
        record->type_name = sarn_str("said");
    }
}

static sarn_status open_log(struct fixture *f, sarn_log *log)
{
    *log = (sarn_log){.ports = f->ports};
    return sarn__log_init(log, NULL, 0, false, NULL, NULL, &f->error);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct log_builder builder;
    sarn_log log;

    *state = f;
    f->store = sarn__memory_store_create(NULL);
    f->ports = (struct sarn_ports){.codec = sarn__memory_codec(),
                                   .json = sarn__yajl_json(),
                                   .hash = sarn__memory_hash(),
                                   .heap = sarn__heap_or_malloc(NULL)};
    assert_int_equal(
        sarn__memory_journal_open(f->store, 0, 1, &f->ports.journal, &f->error),
        SARN_OK);
    builder = log_builder(&f->ports.journal, f->ports.hash);
    builder.spoil_record = make_foldable;
    builder.payload_bytes = 20;
    assert_ok(open_log(f, &log), &f->error);
    for (uint32_t i = 1; i <= COMMITS; i++) {
        assert_ok(log_builder_append(&builder, i, &f->error), &f->error);
        assert_ok(sarn__log_refresh(&log, &f->error), &f->error);
        archive_bytes_free(&f->bytes);
        archive_bytes_make(&f->bytes, &log, SARN_ARCHIVE_BINARY);
        f->ends[i] = (struct sarn_archive_end){.position = builder.commit.last,
                                               .time_us = builder.commit.time_us};
        memcpy(f->ends[i].hash, builder.commit.hash, sizeof(f->ends[i].hash));
        f->offsets[i] = f->bytes.size - MARK_BYTES;
    }
    f->offsets[0] = HEAD_BYTES;
    sarn__log_done(&log);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    archive_bytes_free(&f->bytes);
    f->ports.journal.ops->close(f->ports.journal.self);
    sarn__memory_store_destroy(f->store);
    free(f);
    return 0;
}

/* --- reading it --- */

static sarn_status look(struct fixture *f, struct sarn_archive_info *info)
{
    f->bytes.at = 0;
    *info = (struct sarn_archive_info)SARN_ARCHIVE_INFO_INIT;
    return sarn__archive_look(&f->ports, archive_bytes_read, &f->bytes, info,
                              &f->error);
}

static sarn_status open_copy(void *arg,
                             const struct sarn__archive_entry *head,
                             struct sarn_journal *journal,
                             struct sarn_error *error)
{
    struct fixture *f = arg;

    (void)head;
    if (f->copy == NULL) {
        f->copy = sarn__memory_store_create(NULL);
        assert_int_equal(sarn__memory_journal_open(f->copy, 0, 1, &f->journal, error),
                         SARN_OK);
    }
    *journal = f->journal;
    return SARN_OK;
}

static sarn_status import(struct fixture *f, struct sarn_import *in)
{
    f->bytes.at = 0;
    *in = (struct sarn_import)SARN_IMPORT_INIT;
    in->source = archive_bytes_read;
    in->arg = &f->bytes;
    return sarn__archive_import(&f->ports, open_copy, f, in, &f->error);
}

static sarn_status same_record(void *arg, uint64_t position, struct sarn_str value)
{
    struct sarn_str *found = arg;

    (void)position;
    *found = value; /* The memory journal's own: it stays. */
    return SARN_OK;
}

static struct sarn_str record_at(const struct sarn_journal *journal, uint64_t position)
{
    struct sarn_str found = {NULL, 0};
    uint64_t next;

    assert_int_equal(journal->ops->scan(journal->self, position, position, same_record,
                                        &found, &next, NULL),
                     SARN_OK);
    return found;
}

/* The copy has the first count commits, and no byte else. */
static void assert_copied(struct fixture *f, uint32_t count)
{
    struct sarn_journal_state state;
    struct sarn__commit commit;

    assert_int_equal(f->journal.ops->state(f->journal.self, &state, NULL), SARN_OK);
    assert_int_equal(state.commits, count);
    assert_int_equal(state.last_position, f->ends[count].position);
    assert_int_equal(state.through, state.last_position);
    if (state.last_commit != 0) {
        struct sarn_str bytes = {(const char *)state.commit, SARN__COMMIT_BYTES};

        assert_int_equal(sarn__commit_decode(state.last_commit, bytes, &f->ports.hash,
                                             &commit, NULL),
                         SARN_OK);
        assert_memory_equal(commit.hash, f->ends[count].hash, sizeof(commit.hash));
    }
    for (uint64_t at = 1; at <= state.last_position; at++) {
        struct sarn_str mine = record_at(&f->ports.journal, at);
        struct sarn_str yours = record_at(&f->journal, at);

        assert_true(sarn_str_equal(mine, yours));
    }
}

static void drop_copy(struct fixture *f)
{
    if (f->copy != NULL) {
        f->journal.ops->close(f->journal.self);
        sarn__memory_store_destroy(f->copy);
        f->copy = NULL;
    }
}

/* How many commits end at or before byte offset. */
static uint32_t commits_before(const struct fixture *f, size_t offset)
{
    uint32_t count = 0;

    while (count < COMMITS && f->offsets[count + 1] <= offset) {
        count += 1;
    }
    return count;
}

/* --- the tests --- */

static void the_archive_is_good_to_begin_with(void **state)
{
    struct fixture *f = *state;
    struct sarn_archive_info info;
    struct sarn_import in;

    assert_ok(look(f, &info), &f->error);
    assert_true(info.complete);
    assert_int_equal(info.bytes, f->offsets[COMMITS]);
    assert_ok(import(f, &in), &f->error);
    assert_true(in.complete);
    assert_copied(f, COMMITS);
    drop_copy(f);
}

static void every_wrong_bit_ends_it_at_the_last_good_commit(void **state)
{
    struct fixture *f = *state;

    for (size_t bit = 1; bit <= f->bytes.size * 8; bit++) {
        uint32_t good = commits_before(f, (bit - 1) / 8);
        bool in_head = (bit - 1) / 8 < HEAD_BYTES;
        struct sarn_archive_info info;
        struct sarn_import in;
        sarn_status looked, imported;

        f->bytes.flip_bit = bit;
        looked = look(f, &info);
        imported = import(f, &in);
        assert_false(in.complete);
        if (in_head) {
            assert_int_equal(imported, SARN_ERR_CORRUPT);
            assert_int_equal(looked, SARN_ERR_CORRUPT);
            assert_null(f->copy);
            continue;
        }
        /* A size that reaches behind the end looks like an archive cut off. */
        assert_true(imported == SARN_ERR_CORRUPT ||
                    (imported == SARN_OK && strstr(info.why, "cut off") != NULL));
        assert_int_equal(looked, SARN_OK);
        assert_false(info.complete);
        assert_true(info.why[0] != '\0');
        assert_int_equal(info.commits, good);
        assert_int_equal(info.end.position, f->ends[good].position);
        assert_int_equal(info.bytes, f->offsets[good]);
        assert_int_equal(in.end.position, f->ends[good].position);
        assert_copied(f, good);
        drop_copy(f);
    }
    f->bytes.flip_bit = 0;
}

static void cut_off_anywhere_it_is_good_up_to_there(void **state)
{
    struct fixture *f = *state;

    for (size_t end = 1; end < f->bytes.size; end++) {
        uint32_t good = commits_before(f, end);
        struct sarn_archive_info info;
        struct sarn_import in;
        sarn_status looked, imported;

        f->bytes.end = end;
        looked = look(f, &info);
        imported = import(f, &in);
        assert_false(in.complete);
        if (end < HEAD_BYTES) {
            assert_int_equal(looked, SARN_ERR_CORRUPT);
            assert_int_equal(imported, SARN_ERR_CORRUPT);
            assert_null(f->copy);
            continue;
        }
        assert_int_equal(looked, SARN_OK);
        assert_int_equal(imported, SARN_OK);
        assert_false(info.complete);
        assert_non_null(strstr(info.why, "cut off"));
        assert_int_equal(info.bytes, f->offsets[good]);
        assert_int_equal(info.end.position, f->ends[good].position);
        assert_int_equal(in.end.position, f->ends[good].position);
        assert_int_equal(in.commits, good);
        assert_copied(f, good);
        drop_copy(f);
    }
    f->bytes.end = 0;
}

/* Two archives' parts, one behind the other, in any way that whole entries can be mixed
 * up. */
static void entries_left_out_or_twice_end_it(void **state)
{
    struct fixture *f = *state;
    uint8_t *whole = f->bytes.data;
    size_t size = f->bytes.size;

    for (uint32_t i = 1; i < COMMITS; i++) {
        size_t from = f->offsets[i], to = f->offsets[i + 1];
        struct sarn_archive_info info;
        struct sarn_import in;

        /* Commit i + 1 is missing; */
        f->bytes.data = calloc(1, size * 2);
        memcpy(f->bytes.data, whole, from);
        memcpy(f->bytes.data + from, whole + to, size - to);
        f->bytes.size = size - (to - from);
        assert_int_equal(look(f, &info), SARN_OK);
        assert_false(info.complete);
        assert_int_equal(info.commits, i);
        assert_int_equal(import(f, &in), SARN_ERR_CORRUPT);
        assert_copied(f, i);
        drop_copy(f);
        /* and there it is twice. */
        memcpy(f->bytes.data, whole, to);
        memcpy(f->bytes.data + to, whole + from, size - from);
        f->bytes.size = size + (to - from);
        assert_int_equal(look(f, &info), SARN_OK);
        assert_false(info.complete);
        assert_int_equal(info.commits, i + 1);
        assert_int_equal(import(f, &in), SARN_ERR_CORRUPT);
        assert_copied(f, i + 1);
        drop_copy(f);
        free(f->bytes.data);
    }
    f->bytes.data = whole;
    f->bytes.size = size;
}

/* Bytes of each record, in turn. */
static void a_damaged_log_is_exported_up_to_the_damage(void **state)
{
    struct fixture *f = *state;
    struct sarn_archive_info info;
    sarn_log log;

    assert_ok(open_log(f, &log), &f->error);
    for (uint64_t position = 1; position <= f->ends[COMMITS].position; position++) {
        uint32_t size = record_at(&f->ports.journal, position).size;

        for (uint32_t offset = 0; offset < size; offset += 3) {
            struct sarn_export out = SARN_EXPORT_INIT;
            char place[32];

            sarn__memory_store_damage(f->store, position, offset, 0x10);
            f->bytes.size = 0;
            out.write = archive_bytes_write;
            out.arg = &f->bytes;
            assert_int_equal(sarn_log_export(&log, &out, &f->error), SARN_ERR_CORRUPT);
            snprintf(place, sizeof(place), "position %llu",
                     (unsigned long long)position);
            assert_non_null(strstr(f->error.text, place));
            assert_true(out.end.position < position);
            assert_ok(look(f, &info), &f->error);
            assert_false(info.complete);
            assert_int_equal(info.end.position, out.end.position);
            assert_int_equal(info.commits, out.commits);
            assert_int_equal(info.events, out.events);
            assert_int_equal(info.bytes, out.bytes);
            sarn__memory_store_damage(f->store, position, offset, 0x10);
        }
    }
    sarn__log_done(&log);
}

static void forget_what_was_before(struct sarn__commit *commit)
{
    if (commit->first > 1) {
        commit->previous_hash[5] ^= 1;
    }
}

static void commits_that_do_not_chain_are_not_exported(void **state)
{
    struct fixture *f = *state;
    struct sarn_export out = SARN_EXPORT_INIT;
    struct sarn_ports ports = f->ports;
    struct log_builder builder;
    sarn_log log;

    f->copy = sarn__memory_store_create(NULL);
    assert_int_equal(sarn__memory_journal_open(f->copy, 0, 1, &f->journal, NULL),
                     SARN_OK);
    ports.journal = f->journal;
    builder = log_builder(&ports.journal, ports.hash);
    builder.spoil_record = make_foldable;
    builder.spoil_commit = forget_what_was_before;
    assert_ok(log_builder_append(&builder, 3, &f->error), &f->error);
    assert_ok(log_builder_append(&builder, 2, &f->error), &f->error);
    log = (sarn_log){.ports = ports};
    assert_ok(sarn__log_init(&log, NULL, 0, false, NULL, NULL, &f->error), &f->error);
    f->bytes.size = 0;
    out.write = archive_bytes_write;
    out.arg = &f->bytes;
    assert_int_equal(sarn_log_export(&log, &out, &f->error), SARN_ERR_CORRUPT);
    assert_int_equal(out.end.position, 3);
    sarn__log_done(&log);
    drop_copy(f);
}

/* The same records, in other commits: what was one moment there was two here. */
static void
a_log_that_ends_inside_a_commit_of_the_archive_has_another_history(void **state)
{
    struct fixture *f = *state;
    struct log_builder builder;
    struct sarn_journal_state before, after;
    struct sarn_import in;

    f->copy = sarn__memory_store_create(NULL);
    assert_int_equal(sarn__memory_journal_open(f->copy, 0, 1, &f->journal, NULL),
                     SARN_OK);
    builder = log_builder(&f->journal, f->ports.hash);
    builder.spoil_record = make_foldable;
    builder.payload_bytes = 20;
    assert_ok(log_builder_append(&builder, 1, &f->error), &f->error);
    assert_ok(log_builder_append(&builder, 1, &f->error), &f->error); /* And not 2. */
    assert_int_equal(f->journal.ops->state(f->journal.self, &before, NULL), SARN_OK);
    assert_int_equal(import(f, &in), SARN_ERR_STATE);
    assert_int_equal(in.events, 0);
    assert_int_equal(in.end.position, 2);
    assert_int_equal(f->journal.ops->state(f->journal.self, &after, NULL), SARN_OK);
    assert_memory_equal(&before, &after, sizeof(before));
    drop_copy(f);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_archive_is_good_to_begin_with),
        CASE(every_wrong_bit_ends_it_at_the_last_good_commit),
        CASE(cut_off_anywhere_it_is_good_up_to_there),
        CASE(entries_left_out_or_twice_end_it),
        CASE(a_damaged_log_is_exported_up_to_the_damage),
        CASE(commits_that_do_not_chain_are_not_exported),
        CASE(a_log_that_ends_inside_a_commit_of_the_archive_has_another_history)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
