/* What is exported and imported, with files, is the same log: sarn_log_export(),
 * sarn_archive_look(), sarn_log_import(). */

#include "support/copied_log.h"
#include "support/whole_log.h"

/* --- there and back --- */

static void what_is_exported_and_imported_is_the_same_log(void **state)
{
    struct copied_log *f = *state;

    for (uint32_t format = 0; format < COPIED_LOG_FORMATS; format++) {
        struct sarn_log_stats stats = whole_log_stats(f->good.path);

        archive_bytes_of(&f->bytes, f->good.path, format);
        copied_log_look(f);
        assert_int_equal(f->info.format, format);
        assert_true(f->info.complete);
        assert_string_equal(f->info.why, "");
        assert_int_equal(f->info.begin.position, 0);
        assert_int_equal(f->info.end.position, stats.last_position);
        assert_int_equal(f->info.events, stats.last_position);
        assert_int_equal(f->info.commits, stats.commits);
        assert_memory_equal(f->info.end.hash, stats.head_hash, sizeof(stats.head_hash));
        assert_memory_equal(&f->info.log_id, &stats.log_id, sizeof(stats.log_id));
        assert_true(f->info.bytes < f->bytes.size); /* Without the mark. */
        assert_ok(copied_log_import(f, f->copy), &f->error);
        assert_true(f->in.complete);
        assert_int_equal(f->in.events, stats.last_position);
        assert_int_equal(f->in.commits, stats.commits);
        assert_int_equal(f->in.end.position, stats.last_position);
        assert_memory_equal(f->in.end.hash, stats.head_hash, sizeof(stats.head_hash));
        whole_log_assert_same(f->good.path, f->copy);
        assert_int_equal(whole_log_stats(f->copy).flushed_position,
                         stats.last_position);
        assert_int_equal(whole_log_stats(f->copy).owner_pid, 0);
        assert_int_equal(remove(f->copy), 0);
        archive_bytes_free(&f->bytes);
    }
}

static void it_may_come_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = {1, 7, 16, 127, 4096};
    struct copied_log *f = *state;

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        f->bytes.piece = pieces[i];
        copied_log_look(f);
        assert_true(f->info.complete);
        assert_ok(copied_log_import(f, f->copy), &f->error);
        whole_log_assert_same(f->good.path, f->copy);
        assert_int_equal(remove(f->copy), 0);
    }
}

static void a_restored_log_is_opened_and_goes_on(void **state)
{
    struct copied_log *f = *state;
    struct sarn_log_stats before = whole_log_stats(f->good.path);
    sarn_engine *engine;

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    assert_ok(copied_log_import(f, f->copy), &f->error);
    engine = copied_log_open(f, f->copy);
    copied_log_say(f, engine, "again");
    sarn_close(engine);
    assert_int_equal(whole_log_stats(f->copy).epoch, before.epoch + 1);
    assert_true(whole_log_stats(f->copy).last_position > before.last_position);
    whole_log_assert(f->copy);
}

static void importing_again_is_harmless(void **state)
{
    struct copied_log *f = *state;
    sarn_engine *engine;

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    assert_ok(copied_log_import(f, f->copy), &f->error);
    assert_ok(copied_log_import(f, f->copy), &f->error);
    assert_int_equal(f->in.events, 0);
    assert_int_equal(f->in.commits, 0);
    assert_true(f->in.complete);
    whole_log_assert_same(f->good.path, f->copy);
    engine = copied_log_open(f, f->good.path); /* Also into one that is further. */
    copied_log_say(f, engine, "more");
    sarn_close(engine);
    assert_ok(copied_log_import(f, f->good.path), &f->error);
    assert_int_equal(f->in.events, 0);
    assert_int_equal(f->in.end.position, whole_log_stats(f->good.path).last_position);
    whole_log_assert(f->good.path);
}

/* --- increments --- */

/* Say something more in the good log, and export what is new since f->info.end. */
static void
export_more(struct copied_log *f, struct archive_bytes *more, uint32_t format)
{
    sarn_engine *engine = copied_log_open(f, f->good.path);

    copied_log_say(f, engine, "one more");
    copied_log_say(f, engine, "two more");
    archive_bytes_after(more, sarn_engine_log(engine), format, &f->info.end);
    sarn_close(engine);
}

static void an_increment_goes_on_where_the_archive_before_it_ended(void **state)
{
    struct copied_log *f = *state;

    for (uint32_t format = 0; format < COPIED_LOG_FORMATS; format++) {
        struct archive_bytes first, more;
        struct sarn_archive_end end;

        archive_bytes_of(&first, f->good.path, format);
        f->bytes = first;
        copied_log_look(f);
        end = f->info.end;
        export_more(f, &more, format);
        f->bytes = more;
        copied_log_look(f);
        assert_true(f->info.complete);
        assert_int_equal(f->info.begin.position, end.position);
        assert_memory_equal(f->info.begin.hash, end.hash, sizeof(end.hash));
        assert_int_equal(copied_log_import(f, f->copy),
                         SARN_ERR_STATE); /* A gap, and no file. */
        assert_int_equal(sarn_log_open(f->copy, NULL, &(sarn_log *){NULL}, &f->error),
                         SARN_ERR_NOT_FOUND);
        f->bytes = first;
        f->in = (struct sarn_import)SARN_IMPORT_INIT;
        f->in.to = end.position - 1;
        assert_ok(archive_bytes_import(&f->bytes, f->copy, &f->in, &f->error),
                  &f->error);
        f->bytes = more;
        assert_int_equal(copied_log_import(f, f->copy),
                         SARN_ERR_STATE); /* A gap of one commit. */
        assert_int_equal(f->in.end.position, whole_log_stats(f->copy).last_position);
        f->bytes = first;
        assert_ok(copied_log_import(f, f->copy), &f->error);
        f->bytes = more;
        assert_ok(copied_log_import(f, f->copy), &f->error);
        assert_true(f->in.complete && f->in.events > 0);
        assert_int_equal(remove(f->copy), 0);
        archive_bytes_free(&first);
        f->bytes = more;
        archive_bytes_free(&f->bytes);
    }
}

static void what_was_cut_off_is_resumed_behind_its_last_whole_commit(void **state)
{
    struct copied_log *f = *state;

    for (uint32_t format = 0; format < COPIED_LOG_FORMATS; format++) {
        struct archive_bytes whole;
        struct sarn_export out = SARN_EXPORT_INIT;
        sarn_log *log;

        archive_bytes_of(&whole, f->good.path, format);
        assert_ok(sarn_log_open(f->good.path, NULL, &log, &f->error), &f->error);
        for (size_t cut = whole.size * 2 / 5; cut < whole.size; cut += 777) {
            f->bytes = whole;
            f->bytes.end = cut;
            copied_log_look(f);
            assert_false(f->info.complete);
            assert_true(f->info.why[0] != '\0');
            assert_true(f->info.bytes <= cut);
            f->bytes = (struct archive_bytes){.data = NULL};
            assert_ok(archive_bytes_write(&f->bytes, whole.data, f->info.bytes),
                      &f->error);
            out.format = format;
            out.after = &f->info.end;
            out.resume = true;
            out.write = archive_bytes_write;
            out.arg = &f->bytes;
            assert_ok(sarn_log_export(log, &out, &f->error), &f->error);
            assert_int_equal(f->bytes.size, whole.size);
            assert_memory_equal(f->bytes.data, whole.data, whole.size);
            archive_bytes_free(&f->bytes);
        }
        sarn_log_close(log);
        archive_bytes_free(&whole);
    }
}

static void an_end_of_another_history_is_refused(void **state)
{
    struct copied_log *f = *state;
    struct sarn_export out = SARN_EXPORT_INIT;
    struct sarn_archive_end end;
    sarn_log *log;

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    copied_log_look(f);
    end = f->info.end;
    assert_ok(sarn_log_open(f->good.path, NULL, &log, &f->error), &f->error);
    out.write = archive_bytes_write;
    out.arg = &f->bytes;
    out.after = &end;
    end.hash[3] ^= 1; /* Another hash; */
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_STATE);
    end.hash[3] ^= 1;
    end.position -= 1; /* another place; */
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_STATE);
    end.position += 2; /* behind the end; */
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_STATE);
    end.position = 1; /* inside a commit. */
    assert_int_equal(sarn_log_export(log, &out, &f->error), SARN_ERR_STATE);
    sarn_log_close(log);
}

static void parts_of_a_log_begin_and_end_with_commits(void **state)
{
    struct copied_log *f = *state;
    uint64_t last = whole_log_stats(f->good.path).last_position, begin = 0;
    sarn_log *log;

    assert_ok(sarn_log_open(f->good.path, NULL, &log, &f->error), &f->error);
    for (uint64_t at = 1; at <= last + 2; at++) {
        struct sarn_export out = SARN_EXPORT_INIT;

        out.write = archive_bytes_write;
        out.arg = &f->bytes;
        out.from = at;
        assert_ok(sarn_log_export(log, &out, &f->error), &f->error);
        copied_log_look(f);
        assert_true(f->info.complete);
        assert_true(f->info.begin.position < at || at == 0);
        assert_true(f->info.begin.position >= begin);
        assert_int_equal(f->info.end.position, last);
        begin = f->info.begin.position;
        f->bytes.size = 0;
        out.from = 0;
        out.to = at;
        assert_ok(sarn_log_export(log, &out, &f->error), &f->error);
        copied_log_look(f);
        assert_true(f->info.complete);
        assert_true(f->info.end.position <= at);
        assert_int_equal(out.end.position, f->info.end.position);
        assert_int_equal(out.events, f->info.events);
        assert_int_equal(out.commits, f->info.commits);
        f->bytes.size = 0;
    }
    assert_int_equal(begin, last);
    sarn_log_close(log);
}

/* --- to a position or time --- */

struct commits {
    uint64_t last[64];
    int64_t time_us[64];
    uint32_t count;
};

/* Where the archives of growing parts end. */
static struct commits commits_of(struct copied_log *f)
{
    uint64_t last = whole_log_stats(f->good.path).last_position;
    struct commits commits = {.count = 0};
    struct archive_bytes bytes = {.data = NULL};
    sarn_log *log;

    assert_ok(sarn_log_open(f->good.path, NULL, &log, &f->error), &f->error);
    for (uint64_t to = 1; to <= last; to++) {
        struct sarn_export out = SARN_EXPORT_INIT;

        out.write = archive_bytes_write;
        out.arg = &bytes;
        out.to = to;
        assert_ok(sarn_log_export(log, &out, &f->error), &f->error);
        if (out.end.position == to) {
            commits.last[commits.count] = to;
            commits.time_us[commits.count++] = out.end.time_us;
        }
        assert_true(commits.count < 64);
    }
    sarn_log_close(log);
    archive_bytes_free(&bytes);
    return commits;
}

static void an_import_stops_at_the_commit_at_or_before_a_position_or_time(void **state)
{
    struct copied_log *f = *state;
    struct commits commits = commits_of(f);

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    assert_true(commits.count > 20);
    for (uint32_t i = 0; i < commits.count; i += 5) {
        for (int by_time = 0; by_time < 2; by_time++) {
            uint32_t at = i;

            f->in = (struct sarn_import)SARN_IMPORT_INIT;
            f->in.to = by_time ? 0 : commits.last[i];
            f->in.to_time_us = by_time ? commits.time_us[i] : 0;
            while (by_time && at + 1 < commits.count &&
                   commits.time_us[at + 1] == commits.time_us[i]) {
                at++; /* Of the same moment. */
            }
            assert_ok(archive_bytes_import(&f->bytes, f->copy, &f->in, &f->error),
                      &f->error);
            assert_int_equal(f->in.end.position, commits.last[at]);
            assert_int_equal(f->in.end.time_us, commits.time_us[at]);
            assert_int_equal(f->in.complete, at + 1 == commits.count);
            assert_int_equal(whole_log_stats(f->copy).last_position, commits.last[at]);
            whole_log_assert(f->copy);
            assert_ok(copied_log_import(f, f->copy),
                      &f->error); /* And from there on. */
            whole_log_assert_same(f->good.path, f->copy);
            assert_int_equal(remove(f->copy), 0);
        }
    }
}

static void inside_a_commit_there_is_no_stopping(void **state)
{
    struct copied_log *f = *state;
    struct commits commits = commits_of(f);

    archive_bytes_of(&f->bytes, f->good.path, SARN_ARCHIVE_BINARY);
    assert_true(commits.last[0] > 1);
    f->in = (struct sarn_import)SARN_IMPORT_INIT;
    f->in.to = commits.last[0] - 1;
    assert_ok(archive_bytes_import(&f->bytes, f->copy, &f->in, &f->error), &f->error);
    assert_int_equal(f->in.end.position, 0);
    assert_false(f->in.complete);
    whole_log_assert(f->copy);
}

#define CASE(test)                                                                     \
    cmocka_unit_test_setup_teardown(test, copied_log_set_up, copied_log_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_exported_and_imported_is_the_same_log),
        CASE(it_may_come_in_pieces_of_any_size),
        CASE(a_restored_log_is_opened_and_goes_on),
        CASE(importing_again_is_harmless),
        CASE(an_increment_goes_on_where_the_archive_before_it_ended),
        CASE(what_was_cut_off_is_resumed_behind_its_last_whole_commit),
        CASE(an_end_of_another_history_is_refused),
        CASE(parts_of_a_log_begin_and_end_with_commits),
        CASE(an_import_stops_at_the_commit_at_or_before_a_position_or_time),
        CASE(inside_a_commit_there_is_no_stopping)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
