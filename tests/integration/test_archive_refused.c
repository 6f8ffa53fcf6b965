/* What an export, an import or a look at an archive refuses, and leaves alone. */

#include "support/copied_log.h"
#include "support/whole_log.h"

/* --- what is refused --- */

static void another_log_is_left_alone(void **state)
{
    struct copied_log *f = *state;
    struct sarn_log_stats before;
    struct good_log other;

    good_log_make(&other);
    before = whole_log_stats(other.path);
    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    assert_int_equal(copied_log_import(f, other.path), SARN_ERR_EXISTS);
    assert_non_null(strstr(f->error.text, other.path));
    assert_memory_equal(before.head_hash, whole_log_stats(other.path).head_hash,
                        sizeof(before.head_hash));
    whole_log_assert(other.path);
    good_log_remove(&other);
}

static void a_log_that_went_another_way_is_left_alone(void **state)
{
    struct copied_log *f = *state;
    sarn_engine *engine;
    struct sarn_log_stats before;

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    assert_ok(copied_log_import(f, f->copy), &f->error);
    archive_bytes_free(&f->bytes);
    engine = copied_log_open(f, f->copy); /* Both go on, each in its way. */
    copied_log_say(f, engine, "this");
    sarn_close(engine);
    engine = copied_log_open(f, f->good.path);
    copied_log_say(f, engine, "that");
    copied_log_say(f, engine, "and more");
    sarn_close(engine);
    before = whole_log_stats(f->copy);
    for (uint32_t format = 0; format < COPIED_LOG_FORMATS; format++) {
        archive_bytes_of(&f->bytes, f->good.path, format);
        assert_int_equal(copied_log_import(f, f->copy), SARN_ERR_STATE);
        archive_bytes_free(&f->bytes);
    }
    assert_memory_equal(before.head_hash, whole_log_stats(f->copy).head_hash,
                        sizeof(before.head_hash));
    assert_int_equal(f->in.events, 0);
    whole_log_assert(f->copy);
}

static void an_owned_log_is_not_imported_into(void **state)
{
    struct copied_log *f = *state;
    sarn_engine *engine;

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    engine = copied_log_open(f, f->good.path);
    assert_int_equal(copied_log_import(f, f->good.path), SARN_ERR_BUSY);
    sarn_close(engine);
}

static void what_is_no_archive_is_said_to_be_none(void **state)
{
    static const char *const nothings[] = {
        "", "s", "sarn arc", "hello, this is a text", "{", "{}\n", "{\"sarn\": 1}\n"};
    struct copied_log *f = *state;

    for (size_t i = 0; i < COUNT(nothings); i++) {
        assert_ok(archive_bytes_write(&f->bytes, nothings[i], strlen(nothings[i])),
                  &f->error);
        assert_int_equal(archive_bytes_look(&f->bytes, &f->info, &f->error),
                         SARN_ERR_CORRUPT);
        assert_int_equal(copied_log_import(f, f->copy), SARN_ERR_CORRUPT);
        assert_int_equal(sarn_log_open(f->copy, NULL, &(sarn_log *){NULL}, &f->error),
                         SARN_ERR_NOT_FOUND);
        archive_bytes_free(&f->bytes);
    }
}

static void wrong_calls_are_refused(void **state)
{
    struct copied_log *f = *state;
    struct sarn_export out = SARN_EXPORT_INIT;
    struct sarn_import in = SARN_IMPORT_INIT;
    sarn_log *log;

    assert_ok(sarn_log_open(f->good.path, NULL, &log, &f->error), &f->error);
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_INVALID);
    out.write = archive_bytes_write;
    out.arg = &f->bytes;
    out.format = 9;
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_INVALID);
    out.format = SARN_ARCHIVE_BINARY;
    out.resume = true;
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_INVALID);
    out.struct_size = 8;
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_INVALID);
    assert_int_equal(f->bytes.size, 0);
    sarn_log_close(log);
    assert_int_equal(sarn_log_import(f->copy, &in, &f->error), SARN_ERR_INVALID);
    assert_int_equal(copied_log_import(f, ""), SARN_ERR_INVALID);
    assert_int_equal(sarn_archive_look(NULL, NULL, &f->info, &f->error),
                     SARN_ERR_INVALID);
}

/* --- what ends early --- */

static void a_write_that_fails_ends_the_export_and_what_is_there_is_told(void **state)
{
    struct copied_log *f = *state;
    struct sarn_export out = SARN_EXPORT_INIT;
    sarn_log *log;

    f->bytes.limit = 100;
    out.write = archive_bytes_write;
    out.arg = &f->bytes;
    assert_ok(sarn_log_open(f->good.path, NULL, &log, &f->error), &f->error);
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_FULL);
    assert_int_equal(out.bytes, 0);
    f->bytes.limit = 1000; /* The head, and no more. */
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_FULL);
    assert_int_equal(out.bytes, f->bytes.size);
    assert_int_equal(out.end.position, 0);
    assert_int_equal(out.events, 0);
    sarn_log_close(log);
}

static sarn_status stop(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)done;
    (void)total;
    return SARN_ERR_CANCELLED;
}

static void a_progress_handler_ends_it(void **state)
{
    struct copied_log *f = *state;
    struct sarn_export out = SARN_EXPORT_INIT;
    sarn_log *log;

    out.write = archive_bytes_write;
    out.arg = &f->bytes;
    out.progress = stop;
    assert_ok(sarn_log_open(f->good.path, NULL, &log, &f->error), &f->error);
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_CANCELLED);
    sarn_log_close(log);
    copied_log_look(f); /* What was written is good. */
    assert_false(f->info.complete);
    assert_int_equal(f->info.end.position, out.end.position);
    assert_int_equal(f->info.bytes, out.bytes);
}

static void a_source_that_fails_ends_it_and_what_came_before_is_taken(void **state)
{
    struct copied_log *f = *state;

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    f->bytes.piece = 512;
    f->bytes.fail_at = f->bytes.size - 2000; /* The schemas come first. */
    assert_int_equal(archive_bytes_look(&f->bytes, &f->info, &f->error), SARN_ERR_IO);
    assert_int_equal(copied_log_import(f, f->copy), SARN_ERR_IO);
    assert_true(f->in.events > 0);
    assert_int_equal(whole_log_stats(f->copy).last_position, f->in.end.position);
    whole_log_assert(f->copy);
    f->bytes.fail_at = 0;
    assert_ok(copied_log_import(f, f->copy), &f->error);
    whole_log_assert_same(f->good.path, f->copy);
}

#define CASE(test)                                                                     \
    cmocka_unit_test_setup_teardown(test, copied_log_set_up, copied_log_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(another_log_is_left_alone),
        CASE(a_log_that_went_another_way_is_left_alone),
        CASE(an_owned_log_is_not_imported_into),
        CASE(what_is_no_archive_is_said_to_be_none),
        CASE(wrong_calls_are_refused),
        CASE(a_write_that_fails_ends_the_export_and_what_is_there_is_told),
        CASE(a_progress_handler_ends_it),
        CASE(a_source_that_fails_ends_it_and_what_came_before_is_taken)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
