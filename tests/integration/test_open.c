/* Opening what cannot be opened: each error names the thing and says what to do. */
#define _GNU_SOURCE

#include <fcntl.h>
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/lmdb/format.h"
#include "infra/xxhash/checksum.h"
#include "sarn/payments.h"
#include "support/good_log.h"

#include "support/test.h"

#define NOBODY 65534

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Opening path, to write and to read, fails with status and both words in the text. */
static void assert_refused(const char *path,
                           uint32_t flags,
                           sarn_status status,
                           const char *thing,
                           const char *advice)
{
    for (int reading = 0; reading < 2; reading++) {
        struct sarn_options options = SARN_OPTIONS_INIT;
        struct sarn_error error = {SARN_OK, ""};
        sarn_engine *engine = NULL;
        sarn_log *log = NULL;
        sarn_status got;

        options.flags = flags;
        got = reading ? sarn_log_open(path, NULL, &log, &error)
                      : sarn_open(path, &options, &engine, &error);
        if (got != status || error.status != status || engine != NULL || log != NULL ||
            strstr(error.text, thing) == NULL || strstr(error.text, advice) == NULL) {
            fail_msg("%s: %d \"%s\", wanted %d with \"%s\" and \"%s\"",
                     reading ? "reading" : "writing", got, error.text, status, thing,
                     advice);
        }
    }
}

/* --- paths --- */

static void a_path_that_leads_nowhere_is_named(void **unused)
{
    struct good_log w;

    (void)unused;
    good_log_make(&w);
    assert_refused(tempdir_path(&w.dir, "none.sarn"), SARN_OPEN_EXISTING,
                   SARN_ERR_NOT_FOUND, "none.sarn", "check the path");
    assert_refused(tempdir_path(&w.dir, "no/such.sarn"), 0, SARN_ERR_NOT_FOUND,
                   "no/such.sarn", "create it, or check the path");
    assert_refused(w.dir.path, 0, SARN_ERR_INVALID, w.dir.path, "name a file");
    assert_refused("", 0, SARN_ERR_INVALID, "no path", "name the log's file");
    assert_refused(NULL, 0, SARN_ERR_INVALID, "no path", "name the log's file");
    good_log_remove(&w);
}

/* --- files of others, and damaged ones --- */

static void a_text_file_is_not_a_log_and_stays_as_it_is(void **unused)
{
    struct good_log w;
    char text[9000], after[9000];
    const char *path;
    FILE *file;

    (void)unused;
    good_log_make(&w);
    memset(text, 'a', sizeof(text));
    path = tempdir_path(&w.dir, "letter.txt");
    write_file(path, text, sizeof(text));
    assert_refused(path, 0, SARN_ERR_CORRUPT, "letter.txt", "check the path");
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(after, 1, sizeof(after), file), sizeof(after));
    fclose(file);
    assert_memory_equal(text, after, sizeof(text));
    write_file(path, "short", 5);
    assert_refused(path, 0, SARN_ERR_CORRUPT, "letter.txt", "check the path");
    good_log_remove(&w);
}

static MDB_env *open_raw(const char *path, MDB_txn **txn)
{
    MDB_env *env;

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, (size_t)1 << 30), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0644), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, txn), 0);
    return env;
}

static void another_programs_lmdb_file_is_not_a_log(void **unused)
{
    struct good_log w;
    const char *path;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {3, (void *)"key"}, value = {5, (void *)"value"};

    (void)unused;
    good_log_make(&w);
    path = tempdir_path(&w.dir, "other.mdb");
    env = open_raw(path, &txn);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_refused(path, 0, SARN_ERR_CORRUPT, "other.mdb", "another program");
    good_log_remove(&w);
}

static sarn_status no_digest(void *self,
                             const struct sarn_str *parts,
                             uint32_t count,
                             uint8_t digest[SARN__DIGEST_BYTES])
{
    (void)self;
    (void)parts;
    (void)count;
    (void)digest;
    return SARN_ERR_UNSUPPORTED;
}

/* Rewrite the log's description of itself. */
static void describe(const char *path, const struct sarn__file *file)
{
    static const struct sarn_hash_ops ops = {sarn__xxhash_checksum, no_digest};
    const struct sarn_hash hash = {&ops, NULL};
    uint8_t bytes[SARN__FILE_BYTES];
    MDB_val key = {strlen(SARN__FILE_KEY), (void *)SARN__FILE_KEY};
    MDB_val value = {sizeof(bytes), bytes};
    MDB_txn *txn;
    MDB_env *env = open_raw(path, &txn);
    MDB_dbi dbi;

    sarn__file_encode(file, &hash, bytes);
    assert_int_equal(mdb_dbi_open(txn, SARN__DB_META, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void a_newer_format_asks_for_a_newer_version(void **unused)
{
    struct good_log w;
    sarn_engine *engine = NULL;
    sarn_log *log;

    (void)unused;
    good_log_make(&w);
    describe(w.path, &(struct sarn__file){.format = SARN__FILE_FORMAT + 1});
    assert_refused(w.path, 0, SARN_ERR_UNSUPPORTED, "format 2", "use a newer version");
    describe(w.path,
             &(struct sarn__file){.format = SARN__FILE_FORMAT, .incompatible = 4});
    assert_refused(w.path, 0, SARN_ERR_UNSUPPORTED, "0x4", "use a newer version");
    /* What only writers must know does not keep readers out. */
    describe(w.path, &(struct sarn__file){.format = SARN__FILE_FORMAT,
                                          .read_only_compatible = 1});
    assert_int_equal(sarn_open(w.path, NULL, &engine, &w.error), SARN_ERR_UNSUPPORTED);
    assert_non_null(strstr(w.error.text, "can read the log but not write it"));
    assert_ok(sarn_log_open(w.path, NULL, &log, &w.error), &w.error);
    sarn_log_close(log);
    sarn_log_close(NULL);
    good_log_remove(&w);
}

static void a_truncated_log_says_what_is_missing(void **unused)
{
    struct good_log w;
    struct stat stat_;

    (void)unused;
    good_log_make(&w);
    assert_int_equal(stat(w.path, &stat_), 0);
    assert_int_equal(truncate(w.path, stat_.st_size / 2), 0);
    assert_refused(w.path, 0, SARN_ERR_CORRUPT, "good.sarn\" was cut off", "backup");
    assert_int_equal(truncate(w.path, 4096), 0); /* One meta page of two. */
    assert_refused(w.path, 0, SARN_ERR_CORRUPT, "good.sarn", "backup");
    good_log_remove(&w);
}

static void a_damaged_header_is_found(void **unused)
{
    struct good_log w;
    char junk[64];
    int fd;

    (void)unused;
    good_log_make(&w);
    memset(junk, 0x5a, sizeof(junk));
    fd = open(w.path, O_WRONLY);
    assert_true(fd >= 0);
    for (off_t page = 0; page < 2; page++) {
        assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096 + 16),
                         sizeof(junk));
    }
    close(fd);
    assert_refused(w.path, 0, SARN_ERR_CORRUPT, "good.sarn", "check the path");
    good_log_remove(&w);
}

/* --- another process --- */

static void open_it(struct good_log *w, struct finding *finding)
{
    sarn_engine *engine;

    finding->status = sarn_open(w->path, NULL, &engine, &finding->error);
}

static void open_as_nobody(struct good_log *w, struct finding *finding)
{
    if (getuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)) {
        _exit(1);
    }
    open_it(w, finding);
}

/* Own the log until the parent closes its end of the pipe. */
static void own_it(const char *path, int opened, int told)
{
    sarn_engine *engine;
    char byte = 0;
    bool fine = sarn_open(path, NULL, &engine, NULL) == SARN_OK;

    fine = fine && write(opened, &byte, 1) == 1 && read(told, &byte, 1) == 0;
    sarn_close(fine ? engine : NULL);
    _exit(fine ? 0 : 1);
}

static void a_log_that_another_process_owns_names_it(void **unused)
{
    struct good_log w;
    sarn_engine *engine = NULL;
    sarn_log *log;
    int opened[2], tell[2], status;
    char pid[32], byte;
    pid_t child;

    (void)unused;
    good_log_make(&w);
    assert_int_equal(pipe(opened), 0);
    assert_int_equal(pipe(tell), 0);
    child = fork();
    if (child == 0) {
        close(tell[1]);
        own_it(w.path, opened[1], tell[0]);
    }
    assert_int_equal(read(opened[0], &byte, 1), 1);
    snprintf(pid, sizeof(pid), "process %d", (int)child);
    assert_int_equal(sarn_open(w.path, NULL, &engine, &w.error), SARN_ERR_BUSY);
    assert_null(engine);
    assert_non_null(strstr(w.error.text, "good.sarn"));
    assert_non_null(strstr(w.error.text, pid));
    assert_non_null(strstr(w.error.text, "open with takeover"));
    assert_ok(sarn_log_open(w.path, NULL, &log, &w.error), &w.error); /* To read. */
    sarn_log_close(log);
    close(tell[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(sarn_open(w.path, NULL, &engine, &w.error), &w.error);
    sarn_close(engine);
    close(opened[0]);
    close(opened[1]);
    close(tell[0]);
    good_log_remove(&w);
}

static void a_log_is_open_once_in_a_process(void **unused)
{
    struct good_log w;
    sarn_engine *engine, *second = NULL;
    sarn_log *log = NULL;

    (void)unused;
    good_log_make(&w);
    assert_ok(sarn_open(w.path, NULL, &engine, &w.error), &w.error);
    assert_int_equal(sarn_open(w.path, NULL, &second, &w.error), SARN_ERR_BUSY);
    assert_non_null(strstr(w.error.text, "close it first"));
    assert_int_equal(sarn_log_open(w.path, NULL, &log, &w.error), SARN_ERR_BUSY);
    assert_non_null(strstr(w.error.text, "close it first"));
    assert_ok(good_log_append(engine, "talk-1", sarn_str("still there"), &w.error),
              &w.error);
    sarn_close(engine);
    assert_ok(sarn_open(w.path, NULL, &engine, &w.error), &w.error);
    sarn_close(engine);
    good_log_remove(&w);
}

static void a_read_only_directory_or_file_is_named(void **unused)
{
    struct good_log w;
    struct finding finding;

    (void)unused;
    good_log_make(&w);
    assert_int_equal(chmod(w.path, 0444), 0);
    assert_int_equal(chmod(w.dir.path, 0555), 0);
    finding = in_child(&w, open_as_nobody);
    assert_int_equal(finding.status, SARN_ERR_PERMISSION);
    assert_non_null(strstr(finding.error.text, "good.sarn"));
    assert_non_null(strstr(finding.error.text, "check the owner and mode"));
    snprintf(w.path, sizeof(w.path), "%s", tempdir_path(&w.dir, "new.sarn"));
    finding = in_child(&w, open_as_nobody);
    assert_int_equal(finding.status, SARN_ERR_PERMISSION);
    assert_non_null(strstr(finding.error.text, "new.sarn"));
    assert_non_null(strstr(finding.error.text, "directory"));
    assert_int_equal(chmod(w.dir.path, 0755), 0);
    good_log_remove(&w);
}

/* --- options --- */

static void options_that_make_no_sense_are_named(void **unused)
{
    static const struct sarn_module *const hole[] = {&sarn_payments_module, NULL};
    static const struct sarn_module *const twice[] = {&sarn_payments_module,
                                                      &sarn_payments_module};
    static const struct sarn_module newer = {
        .abi = 99, .struct_size = sizeof(newer), .name = "newer", .version = "1"};
    static const struct sarn_module *const too_new[] = {&newer};
    static const struct {
        struct sarn_options options;
        sarn_status status;
        const char *thing;
    } rows[] = {
        {{.struct_size = 4}, SARN_ERR_INVALID, "sarn_options has struct_size 4"},
        {{.flags = 1u << 20}, SARN_ERR_INVALID, "flags 0x100000"},
        {{.workers = 100000}, SARN_ERR_TOO_LARGE, "100000 workers"},
        {{.module_count = 1}, SARN_ERR_INVALID, "modules is NULL"},
        {{.modules = hole, .module_count = 2}, SARN_ERR_INVALID, "modules[1]"},
        {{.modules = twice, .module_count = 2}, SARN_ERR_INVALID, "payments"},
        {{.modules = too_new, .module_count = 1}, SARN_ERR_UNSUPPORTED, "newer"},
    };
    struct good_log w;

    (void)unused;
    good_log_make(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn_options options = rows[i].options;
        sarn_engine *engine = NULL;

        if (options.struct_size == 0) {
            options.struct_size = sizeof(options);
        }
        assert_int_equal(sarn_open(w.path, &options, &engine, &w.error),
                         rows[i].status);
        if (strstr(w.error.text, rows[i].thing) == NULL) {
            fail_msg("\"%s\" does not name %s", w.error.text, rows[i].thing);
        }
        assert_null(engine);
    }
    good_log_remove(&w);
}

static void failures_leave_nothing_open(void **unused)
{
    struct good_log w;
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;

    (void)unused;
    good_log_make(&w);
    for (int i = 0; i < 300; i++) { /* More than there are descriptors, if leaked. */
        struct rlimit few = {64, 64}, before;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few.rlim_max = before.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        options.modules = NULL;
        options.module_count = 1;
        assert_int_equal(sarn_open(w.path, &options, &engine, &w.error),
                         SARN_ERR_INVALID);
        assert_int_equal(sarn_open(w.dir.path, NULL, &engine, &w.error),
                         SARN_ERR_INVALID);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
    assert_ok(sarn_open(w.path, NULL, &engine, &w.error), &w.error);
    assert_string_equal(sarn_version(), "0.1.0");
    sarn_close(engine);
    good_log_remove(&w);
}

/* --- success --- */

/* An error is written on failure only: so what is looked for, and may not be there,
 * must leave no trace in it. */
static void what_succeeds_leaves_the_error_alone(void **unused)
{
    const struct sarn_module *const modules[] = {&sarn_payments_module};
    const struct sarn_error untouched = {SARN_OK, "as it was"};
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct sarn_log_options log_options = SARN_LOG_OPTIONS_INIT;
    struct sarn_error error = untouched;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_stream_info info;
    struct good_log w;
    sarn_engine *engine;
    sarn_log *log;

    (void)unused;
    good_log_make(&w);
    /* A log that knows nothing of the projection that it is opened with. */
    log_options.modules = modules;
    log_options.module_count = 1;
    assert_int_equal(sarn_log_open(w.path, &log_options, &log, &error), SARN_OK);
    assert_int_equal(sarn_log_stream(log, 0, sarn_str("talk-1"), arena, &info, &error),
                     SARN_OK);
    assert_int_equal(info.metadata.size, 0);
    sarn_log_close(log);
    options.modules = modules;
    options.module_count = 1;
    assert_int_equal(sarn_open(w.path, &options, &engine, &error), SARN_OK);
    sarn_close(engine);
    assert_memory_equal(&error, &untouched, sizeof(error));
    sarn_arena_destroy(arena);
    good_log_remove(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_that_leads_nowhere_is_named),
        cmocka_unit_test(a_text_file_is_not_a_log_and_stays_as_it_is),
        cmocka_unit_test(another_programs_lmdb_file_is_not_a_log),
        cmocka_unit_test(a_newer_format_asks_for_a_newer_version),
        cmocka_unit_test(a_truncated_log_says_what_is_missing),
        cmocka_unit_test(a_damaged_header_is_found),
        cmocka_unit_test(a_log_that_another_process_owns_names_it),
        cmocka_unit_test(a_log_is_open_once_in_a_process),
        cmocka_unit_test(a_read_only_directory_or_file_is_named),
        cmocka_unit_test(options_that_make_no_sense_are_named),
        cmocka_unit_test(failures_leave_nothing_open),
        cmocka_unit_test(what_succeeds_leaves_the_error_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
