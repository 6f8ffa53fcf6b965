/* A log in which much is under way, taken elsewhere: its tables are folded to the same
 * rows, byte for byte, and what was under way goes on and ends. Also while it is
 * written to, and where the taking is killed. */
#define _GNU_SOURCE

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/log.h"
#include "engine/tables_diff.h"
#include "sarn/control.h"
#include "sarn/payments.h"
#include "sarn/sarn.h"
#include "sarn/schedule.h"
#include "support/archive_bytes.h"
#include "support/faults.h"
#include "support/good_log.h"
#include "support/tempdir.h"
#include "support/whole_log.h"

/* --- a module whose executions wait --- */

static sarn_status act(struct sarn_step_call *call)
{
    struct sarn_str id = sarn_step_workflow_id(call);

    return id.data[0] == 'p' && sarn_str_equal(sarn_step_id(call), sarn_str("end"))
               ? SARN_ERR_REJECTED
               : SARN_OK;
}

static sarn_status cannot_undo(struct sarn_step_call *call)
{
    (void)call;
    return SARN_ERR_REJECTED;
}

static const struct sarn_step errand_steps[] = {
    {.id = "act", .run = act, .compensate = cannot_undo},
    {.id = "go", .kind = SARN_STEP_SIGNAL},
    {.id = "end", .run = act}};
static const struct sarn_step nap_steps[] = {
    {.id = "sleep", .kind = SARN_STEP_TIMER, .delay_us = INT64_C(86400000000)},
    {.id = "end", .run = act}};
static const struct sarn_workflow errand = {"errand", 1, NULL,
                                            SARN_STEPS(errand_steps)};
static const struct sarn_workflow nap = {"nap", 1, NULL, SARN_STEPS(nap_steps)};
static const struct sarn_workflow *const workflows[] = {&errand, &nap};
static const struct sarn_module lives_module = {.abi = SARN_MODULE_ABI,
                                                .struct_size =
                                                    sizeof(struct sarn_module),
                                                .name = "lives",
                                                .version = "1",
                                                .workflows = workflows,
                                                .workflow_count = 2};
static const struct sarn_module *const modules[] = {
    &lives_module, &sarn_payments_module, &sarn_funds_transfer_module};

struct fixture {
    struct tempdir dir;
    char path[256], copy[256];
    sarn_engine *engine;
    struct archive_bytes bytes;
    struct sarn_import in;
    struct sarn_error error;
};

static void open_engine(struct fixture *f, const char *path)
{
    struct sarn_options options = SARN_OPTIONS_INIT;

    options.modules = modules;
    options.module_count = COUNT(modules);
    options.tail_max = 16; /* Tables are flushed all the time. */
    assert_ok(sarn_open(path, &options, &f->engine, &f->error), &f->error);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    *state = f;
    tempdir_make(&f->dir);
    snprintf(f->path, sizeof(f->path), "%s", tempdir_path(&f->dir, "lives.sarn"));
    snprintf(f->copy, sizeof(f->copy), "%s", tempdir_path(&f->dir, "copy.sarn"));
    open_engine(f, f->path);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    (void)faults_clear();
    if (f->engine != NULL) {
        sarn_close(f->engine);
    }
    archive_bytes_free(&f->bytes);
    tempdir_remove(&f->dir);
    free(f);
    return 0;
}

static void close_engine(struct fixture *f)
{
    sarn_close(f->engine);
    f->engine = NULL;
}

/* --- what is under way --- */

static void command(struct fixture *f,
                    const char *stream,
                    const struct sarn_type *type,
                    const void *data,
                    const char *key)
{
    struct sarn_command command = SARN_COMMAND_INIT;

    command.stream = sarn_str(stream);
    command.type = type;
    command.data = data;
    command.key = sarn_str(key);
    assert_ok(sarn_call(f->engine, &command, NULL, &f->error), &f->error);
}

static void put_money(struct fixture *f, const char *account, int64_t minor)
{
    struct payments_open_account open = {.currency = PAYMENTS_CURRENCY_CZK};
    struct payments_credit credit = {
        .amount = {.minor = minor, .currency = PAYMENTS_CURRENCY_CZK}};
    char key[64];

    command(f, account, &payments_open_account_type, &open, NULL);
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof(key), "credit %s %d", account, i);
        command(f, account, &payments_credit_type, &credit, key);
    }
}

static sarn_status
start(struct fixture *f, const char *workflow, const char *id, uint32_t flags)
{
    struct sarn_start what = SARN_START_INIT;

    what.workflow = workflow;
    what.workflow_id = sarn_str(id);
    what.flags = flags;
    return sarn_execute(f->engine, &what, NULL, &f->error);
}

static sarn_status signal_go(struct fixture *f, const char *id)
{
    struct sarn_control control = SARN_CONTROL_INIT;

    control.op = SARN_CONTROL_SIGNAL;
    control.workflow = sarn_str("errand");
    control.workflow_id = sarn_str(id);
    control.name = sarn_str("go");
    return sarn_control_call(f->engine, &control, NULL, NULL, &f->error);
}

/* Three that wait, one that sleeps, one done, one parked; accounts with projections; a
 * schedule that is not due for long. */
static void live(struct fixture *f)
{
    struct sarn_schedule schedule = SARN_SCHEDULE_INIT;

    put_money(f, "account-1", 100);
    put_money(f, "account-2", 7);
    for (const char *id = "abcdp"; *id != '\0'; id++) {
        char name[2] = {*id, '\0'};

        assert_ok(start(f, "errand", name, SARN_START_DETACHED), &f->error);
    }
    assert_ok(start(f, "nap", "n", SARN_START_DETACHED), &f->error);
    assert_ok(signal_go(f, "d"), &f->error);
    assert_ok(start(f, "errand", "d", 0), &f->error); /* Joins it, and waits. */
    assert_ok(signal_go(f, "p"), &f->error);
    assert_int_equal(start(f, "errand", "p", 0), SARN_ERR_PARKED);
    schedule.id = sarn_str("yearly");
    schedule.workflow = "nap";
    schedule.cron = "0 0 29 2 *";
    assert_ok(sarn_schedule_put(f->engine, &schedule, &f->error), &f->error);
}

/* Megabytes, so that there are several transactions. */
static void grow(struct fixture *f)
{
    char *text = calloc(1, 512 * 1024);

    memset(text, 'x', 512 * 1024);
    for (int i = 0; i < 24; i++) {
        assert_ok(good_log_append(f->engine, "talk-1",
                                  (struct sarn_str){text, 512 * 1024}, &f->error),
                  &f->error);
    }
    free(text);
}

static sarn_status import(struct fixture *f)
{
    f->in = (struct sarn_import)SARN_IMPORT_INIT;
    return archive_bytes_import(&f->bytes, f->copy, &f->in, &f->error);
}

/* --- the same rows --- */

static sarn_status no_difference(void *arg, const struct sarn__difference *difference)
{
    (void)arg;
    fail_msg("table %u differs: a row is %s", difference->table,
             difference->found ? (difference->wanted ? "another" : "too many")
                               : "missing");
    return SARN_OK;
}

static sarn_log *open_reader(struct fixture *f, const char *path)
{
    struct sarn_log_options options = SARN_LOG_OPTIONS_INIT;
    struct sarn_check check = SARN_CHECK_INIT;
    sarn_log *log;

    options.modules = modules;
    options.module_count = COUNT(modules);
    assert_ok(sarn_log_open(path, &options, &log, &f->error), &f->error);
    assert_ok(sarn_log_check(log, &check, &f->error), &f->error);
    assert_int_equal(check.differences, 0);
    assert_int_equal(check.unchecked, 0);
    return log;
}

/* Every row of every table. Checkpoints say how far a projection was when, and
 * snapshots what somebody had loaded: neither is folded from events. */
static uint64_t compare_tables(sarn_log *mine, sarn_log *yours)
{
    const struct sarn_heap *heap = &mine->ports.heap;
    struct sarn_error error;
    uint64_t rows = 0;

    for (uint32_t table = 1; table < SARN__TABLE_USER + 32; table++) {
        if (table == SARN__TABLE_CHECKPOINTS || table == SARN__TABLE_SNAPSHOTS) {
            continue;
        }
        assert_ok(sarn__tables_diff(mine->store.tables, yours->store.tables, table,
                                    heap, no_difference, NULL, &rows, &error),
                  &error);
    }
    return rows;
}

static void replaying_gives_the_same_rows_byte_for_byte(void **state)
{
    struct fixture *f = *state;
    sarn_log *mine, *yours;

    live(f);
    close_engine(f);
    archive_bytes_of(&f->bytes, f->path, SARN_ARCHIVE_BINARY);
    assert_ok(import(f), &f->error);
    whole_log_assert_same(f->path, f->copy);
    mine = open_reader(f, f->path);
    yours = open_reader(f, f->copy);
    assert_true(compare_tables(mine, yours) > 100);
    sarn_log_close(mine);
    sarn_log_close(yours);
}

static void an_archive_of_the_copy_is_the_same_archive(void **state)
{
    struct fixture *f = *state;

    live(f);
    close_engine(f);
    for (uint32_t format = 0; format < 2; format++) {
        struct archive_bytes again;

        archive_bytes_of(&f->bytes, f->path, format);
        assert_ok(import(f), &f->error);
        archive_bytes_of(&again, f->copy, format);
        assert_int_equal(again.size, f->bytes.size);
        assert_memory_equal(again.data, f->bytes.data, again.size);
        archive_bytes_free(&again);
        archive_bytes_free(&f->bytes);
        assert_int_equal(remove(f->copy), 0);
    }
}

static uint32_t status_of(struct fixture *f, const char *workflow, const char *id)
{
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_execution_info info;

    assert_ok(sarn_execution_get(f->engine, 0, workflow, sarn_str(id), arena, &info,
                                 &f->error),
              &f->error);
    sarn_arena_destroy(arena);
    return info.status;
}

static void what_was_under_way_goes_on_and_ends(void **state)
{
    struct fixture *f = *state;

    live(f);
    archive_bytes_make(&f->bytes, sarn_engine_log(f->engine), SARN_ARCHIVE_BINARY);
    close_engine(f);
    assert_ok(import(f), &f->error);
    open_engine(f, f->copy);
    assert_int_equal(status_of(f, "errand", "d"), SARN_EXECUTION_COMPLETED);
    assert_int_equal(status_of(f, "errand", "p"), SARN_EXECUTION_PARKED);
    assert_int_equal(status_of(f, "nap", "n"), SARN_EXECUTION_RUNNING);
    for (const char *id = "abc"; *id != '\0'; id++) {
        char name[2] = {*id, '\0'};

        assert_int_equal(status_of(f, "errand", name), SARN_EXECUTION_RUNNING);
        assert_ok(signal_go(f, name), &f->error);
        assert_ok(start(f, "errand", name, 0), &f->error);
        assert_int_equal(status_of(f, "errand", name), SARN_EXECUTION_COMPLETED);
    }
    put_money(f, "account-2", 7); /* The same keys: nothing happens twice. */
    put_money(f, "account-3", 1);
    close_engine(f);
    whole_log_assert(f->copy);
    sarn_log_close(open_reader(f, f->copy));
}

/* --- projections of code that the import has not --- */

static int64_t balance_of(struct fixture *f, const char *path, const char *account)
{
    struct sarn_key key = {.size = 0};
    struct payments_balance row;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    sarn_log *log = open_reader(f, path);

    assert_int_equal(sarn_key_add_u64(&key, 0), SARN_OK);
    assert_int_equal(sarn_key_add_text(&key, sarn_str(account)), SARN_OK);
    assert_ok(sarn_log_row(log, "balances", &key, arena, &row, &f->error), &f->error);
    sarn_log_close(log);
    sarn_arena_destroy(arena);
    return row.balance;
}

static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char bytes[65536];
    size_t size;

    assert_true(in != NULL && out != NULL);
    while ((size = fread(bytes, 1, sizeof(bytes), in)) > 0) {
        assert_int_equal(fwrite(bytes, 1, size, out), size);
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

/* A copy of the file itself, in which projections are complete, is kept fresh with what
 * was archived: by an import that has not their code. */
static void projections_see_what_was_imported_behind_them(void **state)
{
    struct fixture *f = *state;

    put_money(f, "account-1", 100);
    for (int i = 0; i < 8; i++) { /* Rounds of flushes. */
        char account[] = "account-k0";

        account[sizeof(account) - 2] = (char)('0' + i);
        put_money(f, account, 1);
    }
    close_engine(f);
    copy_file(f->path, f->copy);
    assert_true(whole_log_stats(f->copy).flushed_position > 20);
    assert_int_equal(balance_of(f, f->copy, "1"), 500);
    open_engine(f, f->path);
    command(f, "account-1", &payments_credit_type,
            &(struct payments_credit){
                .amount = {.minor = 3, .currency = PAYMENTS_CURRENCY_CZK}},
            NULL);
    put_money(f, "account-2", 3);
    close_engine(f);
    archive_bytes_of(&f->bytes, f->path, SARN_ARCHIVE_BINARY);
    assert_ok(import(f), &f->error);
    assert_true(f->in.events > 0);
    assert_int_equal(balance_of(f, f->copy, "1"), 503);
    assert_int_equal(balance_of(f, f->copy, "2"), 15);
}

/* --- while it is written to --- */

struct writer {
    sarn_engine *engine;
    atomic_bool over;
    atomic_uint written;
    sarn_status status;
};

static void *write_on(void *arg)
{
    struct writer *writer = arg;
    struct sarn_error error;

    while (!atomic_load(&writer->over) && writer->status == SARN_OK) {
        writer->status =
            good_log_append(writer->engine, "talk-1", sarn_str("more"), &error);
        atomic_fetch_add(&writer->written, 1);
    }
    return NULL;
}

/* As archive_bytes_write(), and the writer gets something done between any two calls.
 */
struct slow_export {
    struct archive_bytes bytes;
    struct writer *writer;
};

static sarn_status write_slowly(void *arg, const void *data, size_t size)
{
    struct slow_export *slow = arg;
    uint32_t before = atomic_load(&slow->writer->written);

    while (atomic_load(&slow->writer->written) < before + 3) {
        sched_yield(); /* Bounded: the writer writes until it is told to stop. */
    }
    return archive_bytes_write(&slow->bytes, data, size);
}

static void a_log_that_is_written_to_is_exported_up_to_where_it_was(void **state)
{
    struct fixture *f = *state;
    struct writer writer = {.engine = f->engine};
    struct slow_export slow = {.writer = &writer};
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    sarn_log *log = sarn_engine_log(f->engine);
    pthread_t thread;

    live(f);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    for (int i = 0; i < 4; i++) {
        struct sarn_export out = SARN_EXPORT_INIT;
        struct sarn_archive_info info;
        uint64_t before;

        assert_ok(sarn_log_get_stats(log, &stats, &f->error), &f->error);
        before = stats.last_position;
        slow.bytes.size = 0;
        out.format = (uint32_t)i % 2;
        out.write = write_slowly;
        out.arg = &slow;
        assert_ok(sarn_log_export(log, &out, &f->error), &f->error);
        assert_ok(sarn_log_get_stats(log, &stats, &f->error), &f->error);
        assert_true(out.end.position >= before);
        assert_true(out.end.position < stats.last_position);
        assert_ok(archive_bytes_look(&slow.bytes, &info, &f->error), &f->error);
        assert_true(info.complete);
        assert_int_equal(info.end.position, out.end.position);
    }
    atomic_store(&writer.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(writer.status, SARN_OK);
    f->bytes = slow.bytes;
    assert_ok(import(f), &f->error);
    assert_true(f->in.complete);
    whole_log_assert(f->copy);
    archive_bytes_free(&f->bytes); /* And what came since, from the live log. */
    archive_bytes_after(&f->bytes, log, SARN_ARCHIVE_BINARY, &f->in.end);
    assert_ok(import(f), &f->error);
    close_engine(f);
    archive_bytes_free(&f->bytes);
    archive_bytes_of(&f->bytes, f->path, SARN_ARCHIVE_BINARY);
    assert_ok(import(f), &f->error);
    whole_log_assert_same(f->path, f->copy);
}

/* --- interrupted --- */

/* Reads as archive_bytes, and kills the process at a byte. */
struct deadly {
    struct archive_bytes bytes;
    size_t at;
};

static sarn_status read_until_dead(void *arg, void *data, size_t *size)
{
    struct deadly *deadly = arg;

    if (deadly->bytes.at >= deadly->at) {
        (void)kill(getpid(), SIGKILL);
    }
    return archive_bytes_read(&deadly->bytes, data, size);
}

static void an_import_that_was_killed_is_given_again(void **state)
{
    struct fixture *f = *state;

    live(f);
    grow(f);
    close_engine(f);
    archive_bytes_of(&f->bytes, f->path, SARN_ARCHIVE_BINARY);
    for (int part = 1; part < 8; part++) { /* Each gets a little further. */
        pid_t child = fork();
        int status;

        assert_true(child >= 0);
        if (child == 0) {
            struct deadly deadly = {.bytes = f->bytes,
                                    .at = f->bytes.size / 8 * (size_t)part};
            struct sarn_import in = SARN_IMPORT_INIT;

            in.source = read_until_dead;
            in.arg = &deadly;
            _exit(sarn_log_import(f->copy, &in, NULL) == SARN_OK ? 0 : 1);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        if (access(f->copy, F_OK) == 0) {
            whole_log_assert(f->copy);
        }
    }
    assert_ok(import(f), &f->error);
    assert_true(f->in.complete);
    whole_log_assert_same(f->path, f->copy);
}

/* The nth write, sync or open of the import fails; given again, it is the same log. */
static void fail_each(struct fixture *f, enum fault_call call, int error)
{
    bool hit = true;

    for (uint32_t nth = 1; hit; nth++) {
        sarn_status status;

        faults_set(call, nth, 1, error);
        status = import(f);
        hit = faults_clear() > 0;
        assert_true(hit || status == SARN_OK);
        if (status != SARN_OK) {
            assert_true(f->error.text[0] != '\0');
            assert_ok(import(f), &f->error);
        }
        whole_log_assert_same(f->path, f->copy);
        assert_int_equal(remove(f->copy), 0);
        assert_true(nth < 200);
    }
}

static void an_import_whose_disk_fails_is_given_again(void **state)
{
    struct fixture *f = *state;

    live(f);
    close_engine(f);
    archive_bytes_of(&f->bytes, f->path, SARN_ARCHIVE_BINARY);
    fail_each(f, FAULT_WRITE_PAGES, ENOSPC);
    fail_each(f, FAULT_WRITE_META, EIO);
    fail_each(f, FAULT_SYNC, EIO);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(replaying_gives_the_same_rows_byte_for_byte),
        CASE(an_archive_of_the_copy_is_the_same_archive),
        CASE(what_was_under_way_goes_on_and_ends),
        CASE(projections_see_what_was_imported_behind_them),
        CASE(a_log_that_is_written_to_is_exported_up_to_where_it_was),
        CASE(an_import_that_was_killed_is_given_again),
        CASE(an_import_whose_disk_fails_is_given_again)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
