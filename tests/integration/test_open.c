/* Bad input of every kind, as an embedder gives it: each error names the thing and says
 * what to do. */
#define _GNU_SOURCE

#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/lmdb/format.h"
#include "infra/openssl/digest.h"
#include "infra/xxhash/checksum.h"
#include "sarn/payments.h"
#include "sarn/sarn.h"
#include "support/tempdir.h"

#include "support/test.h"

#define NOBODY 65534

struct world {
    struct tempdir dir;
    struct sarn_error error;
    char log[256]; /* A good log of a few events. */
};

static const struct sarn_module *const modules[] = {&sarn_payments_module};

static sarn_status append_to(sarn_engine *engine,
                             const char *stream,
                             struct sarn_str payload,
                             struct sarn_error *error)
{
    struct sarn_new_event event = {.type_name = "said", .data = &payload};
    struct sarn_stream_append to = {.stream = sarn_str(stream),
                                    .expected_version = SARN_ANY,
                                    .events = &event,
                                    .event_count = 1};
    struct sarn_append append = SARN_APPEND_INIT;

    append.streams = &to;
    append.stream_count = 1;
    return sarn_append_call(engine, &append, NULL, error);
}

static void setup(struct world *w)
{
    sarn_engine *engine;

    memset(w, 0, sizeof(*w));
    tempdir_make(&w->dir);
    assert_int_equal(chmod(w->dir.path, 0755), 0); /* Others may look. */
    snprintf(w->log, sizeof(w->log), "%s", tempdir_path(&w->dir, "good.sarn"));
    assert_ok(sarn_open(w->log, NULL, &engine, &w->error), &w->error);
    for (int i = 0; i < 30; i++) {
        assert_ok(append_to(engine, "talk-1", sarn_str("hello"), &w->error), &w->error);
    }
    sarn_close(engine);
}

static void teardown(struct world *w)
{
    tempdir_remove(&w->dir);
}

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
    struct world w;

    (void)unused;
    setup(&w);
    assert_refused(tempdir_path(&w.dir, "none.sarn"), SARN_OPEN_EXISTING,
                   SARN_ERR_NOT_FOUND, "none.sarn", "check the path");
    assert_refused(tempdir_path(&w.dir, "no/such.sarn"), 0, SARN_ERR_NOT_FOUND,
                   "no/such.sarn", "create it, or check the path");
    assert_refused(w.dir.path, 0, SARN_ERR_INVALID, w.dir.path, "name a file");
    assert_refused("", 0, SARN_ERR_INVALID, "no path", "name the log's file");
    assert_refused(NULL, 0, SARN_ERR_INVALID, "no path", "name the log's file");
    teardown(&w);
}

/* --- files of others, and damaged ones --- */

static void a_text_file_is_not_a_log_and_stays_as_it_is(void **unused)
{
    struct world w;
    char text[9000], after[9000];
    const char *path;
    FILE *file;

    (void)unused;
    setup(&w);
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
    teardown(&w);
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
    struct world w;
    const char *path;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {3, (void *)"key"}, value = {5, (void *)"value"};

    (void)unused;
    setup(&w);
    path = tempdir_path(&w.dir, "other.mdb");
    env = open_raw(path, &txn);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    assert_refused(path, 0, SARN_ERR_CORRUPT, "other.mdb", "another program");
    teardown(&w);
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
    struct world w;
    sarn_engine *engine = NULL;
    sarn_log *log;

    (void)unused;
    setup(&w);
    describe(w.log, &(struct sarn__file){.format = SARN__FILE_FORMAT + 1});
    assert_refused(w.log, 0, SARN_ERR_UNSUPPORTED, "format 2", "use a newer version");
    describe(w.log,
             &(struct sarn__file){.format = SARN__FILE_FORMAT, .incompatible = 4});
    assert_refused(w.log, 0, SARN_ERR_UNSUPPORTED, "0x4", "use a newer version");
    /* What only writers must know does not keep readers out. */
    describe(w.log, &(struct sarn__file){.format = SARN__FILE_FORMAT,
                                         .read_only_compatible = 1});
    assert_int_equal(sarn_open(w.log, NULL, &engine, &w.error), SARN_ERR_UNSUPPORTED);
    assert_non_null(strstr(w.error.text, "can read the log but not write it"));
    assert_ok(sarn_log_open(w.log, NULL, &log, &w.error), &w.error);
    sarn_log_close(log);
    sarn_log_close(NULL);
    teardown(&w);
}

static void a_truncated_log_says_what_is_missing(void **unused)
{
    struct world w;
    struct stat stat_;

    (void)unused;
    setup(&w);
    assert_int_equal(stat(w.log, &stat_), 0);
    assert_int_equal(truncate(w.log, stat_.st_size / 2), 0);
    assert_refused(w.log, 0, SARN_ERR_CORRUPT, "good.sarn\" was cut off", "backup");
    assert_int_equal(truncate(w.log, 4096), 0); /* One meta page of two. */
    assert_refused(w.log, 0, SARN_ERR_CORRUPT, "good.sarn", "backup");
    teardown(&w);
}

static void a_damaged_header_is_found(void **unused)
{
    struct world w;
    char junk[64];
    int fd;

    (void)unused;
    setup(&w);
    memset(junk, 0x5a, sizeof(junk));
    fd = open(w.log, O_WRONLY);
    assert_true(fd >= 0);
    for (off_t page = 0; page < 2; page++) {
        assert_int_equal(pwrite(fd, junk, sizeof(junk), page * 4096 + 16),
                         sizeof(junk));
    }
    close(fd);
    assert_refused(w.log, 0, SARN_ERR_CORRUPT, "good.sarn", "check the path");
    teardown(&w);
}

/* --- another process --- */

/* What a child found out. */
struct finding {
    sarn_status status;
    struct sarn_error error;
    int extra;
};

/* Run find in a child process, which may give up its rights. */
static struct finding in_child(struct world *w,
                               void (*find)(struct world *w, struct finding *finding))
{
    struct finding finding = {.status = SARN_ERR_STATE};
    int ends[2], status;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        find(w, &finding);
        _exit(write(ends[1], &finding, sizeof(finding)) == sizeof(finding) ? 0 : 1);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &finding, sizeof(finding)), sizeof(finding));
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return finding;
}

static void open_it(struct world *w, struct finding *finding)
{
    sarn_engine *engine;

    finding->status = sarn_open(w->log, NULL, &engine, &finding->error);
}

static void open_as_nobody(struct world *w, struct finding *finding)
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
    struct world w;
    sarn_engine *engine = NULL;
    sarn_log *log;
    int opened[2], tell[2], status;
    char pid[32], byte;
    pid_t child;

    (void)unused;
    setup(&w);
    assert_int_equal(pipe(opened), 0);
    assert_int_equal(pipe(tell), 0);
    child = fork();
    if (child == 0) {
        close(tell[1]);
        own_it(w.log, opened[1], tell[0]);
    }
    assert_int_equal(read(opened[0], &byte, 1), 1);
    snprintf(pid, sizeof(pid), "process %d", (int)child);
    assert_int_equal(sarn_open(w.log, NULL, &engine, &w.error), SARN_ERR_BUSY);
    assert_null(engine);
    assert_non_null(strstr(w.error.text, "good.sarn"));
    assert_non_null(strstr(w.error.text, pid));
    assert_non_null(strstr(w.error.text, "open with takeover"));
    assert_ok(sarn_log_open(w.log, NULL, &log, &w.error), &w.error); /* To read. */
    sarn_log_close(log);
    close(tell[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_ok(sarn_open(w.log, NULL, &engine, &w.error), &w.error);
    sarn_close(engine);
    close(opened[0]);
    close(opened[1]);
    close(tell[0]);
    teardown(&w);
}

static void a_log_is_open_once_in_a_process(void **unused)
{
    struct world w;
    sarn_engine *engine, *second = NULL;
    sarn_log *log = NULL;

    (void)unused;
    setup(&w);
    assert_ok(sarn_open(w.log, NULL, &engine, &w.error), &w.error);
    assert_int_equal(sarn_open(w.log, NULL, &second, &w.error), SARN_ERR_BUSY);
    assert_non_null(strstr(w.error.text, "close it first"));
    assert_int_equal(sarn_log_open(w.log, NULL, &log, &w.error), SARN_ERR_BUSY);
    assert_non_null(strstr(w.error.text, "close it first"));
    assert_ok(append_to(engine, "talk-1", sarn_str("still there"), &w.error), &w.error);
    sarn_close(engine);
    assert_ok(sarn_open(w.log, NULL, &engine, &w.error), &w.error);
    sarn_close(engine);
    teardown(&w);
}

static void a_read_only_directory_or_file_is_named(void **unused)
{
    struct world w;
    struct finding finding;

    (void)unused;
    setup(&w);
    assert_int_equal(chmod(w.log, 0444), 0);
    assert_int_equal(chmod(w.dir.path, 0555), 0);
    finding = in_child(&w, open_as_nobody);
    assert_int_equal(finding.status, SARN_ERR_PERMISSION);
    assert_non_null(strstr(finding.error.text, "good.sarn"));
    assert_non_null(strstr(finding.error.text, "check the owner and mode"));
    snprintf(w.log, sizeof(w.log), "%s", tempdir_path(&w.dir, "new.sarn"));
    finding = in_child(&w, open_as_nobody);
    assert_int_equal(finding.status, SARN_ERR_PERMISSION);
    assert_non_null(strstr(finding.error.text, "new.sarn"));
    assert_non_null(strstr(finding.error.text, "directory"));
    assert_int_equal(chmod(w.dir.path, 0755), 0);
    teardown(&w);
}

/* --- no room --- */

/* Append until that fails; extra counts what went in before. */
static void fill(sarn_engine *engine, struct finding *finding)
{
    static char large[60000];
    struct sarn_str payload = {large, sizeof(large)};

    memset(large, 'x', sizeof(large));
    do {
        finding->status = append_to(engine, "talk-1", payload, &finding->error);
        finding->extra += finding->status == SARN_OK ? 1 : 0;
    } while (finding->status == SARN_OK && finding->extra < 10000);
}

static sarn_status count_event(void *arg, const struct sarn_event *event)
{
    (void)event;
    *(int *)arg += 1;
    return SARN_OK;
}

/* After it was full: everything is there, and what fits still goes in. */
static bool is_usable(sarn_engine *engine, int appended)
{
    struct sarn_range range = SARN_RANGE_INIT;
    int count = 0;

    range.stream = sarn_str("talk-1");
    return sarn_read(sarn_engine_log(engine), &range, count_event, &count, NULL) ==
               SARN_OK &&
           count == appended;
}

static void a_full_map_says_how_to_go_on(void **unused)
{
    struct world w;
    struct sarn_options options = SARN_OPTIONS_INIT;
    struct finding finding = {.status = SARN_OK};
    const char *path;
    sarn_engine *engine;

    (void)unused;
    setup(&w);
    path = tempdir_path(&w.dir, "small.sarn");
    options.map_bytes = 1u << 20;
    assert_ok(sarn_open(path, &options, &engine, &w.error), &w.error);
    fill(engine, &finding);
    assert_int_equal(finding.status, SARN_ERR_FULL);
    assert_non_null(strstr(finding.error.text, "small.sarn"));
    assert_non_null(strstr(finding.error.text, "larger map_bytes"));
    assert_true(finding.extra > 3);
    assert_true(is_usable(engine, finding.extra));
    sarn_close(engine);
    options.map_bytes = 16u << 20;
    assert_ok(sarn_open(path, &options, &engine, &w.error), &w.error);
    assert_true(is_usable(engine, finding.extra));
    assert_ok(append_to(engine, "talk-1", sarn_str("there is room"), &w.error),
              &w.error);
    sarn_close(engine);
    teardown(&w);
}

static void fill_under_a_limit(struct world *w, struct finding *finding)
{
    struct rlimit limit = {1u << 20, RLIM_INFINITY};
    sarn_engine *engine;

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        sarn_open(tempdir_path(&w->dir, "limited.sarn"), NULL, &engine,
                  &finding->error) != SARN_OK) {
        return;
    }
    fill(engine, finding);
    limit.rlim_cur = RLIM_INFINITY; /* As when somebody frees some space. */
    if (!is_usable(engine, finding->extra) || setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        append_to(engine, "talk-1", sarn_str("there is room"), NULL) != SARN_OK) {
        finding->extra = -1;
    }
    sarn_close(engine);
}

static void a_file_that_may_not_grow_refuses_and_goes_on(void **unused)
{
    struct world w;
    struct finding finding;

    (void)unused;
    setup(&w);
    finding = in_child(&w, fill_under_a_limit);
    assert_int_equal(finding.status, SARN_ERR_FULL);
    assert_non_null(strstr(finding.error.text, "limited.sarn"));
    assert_non_null(strstr(finding.error.text, "nothing was written"));
    assert_true(finding.extra > 3);
    teardown(&w);
}

static void a_full_disk_refuses_and_goes_on(void **unused)
{
    struct world w;
    struct finding finding = {.status = SARN_OK};
    const char *disk;
    sarn_engine *engine;

    (void)unused;
    setup(&w);
    disk = tempdir_path(&w.dir, "disk");
    assert_int_equal(mkdir(disk, 0755), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=2m") != 0) {
        teardown(&w);
        skip(); /* Only root may; the limit above shows most of it. */
    }
    assert_ok(
        sarn_open(tempdir_path(&w.dir, "disk/full.sarn"), NULL, &engine, &w.error),
        &w.error);
    fill(engine, &finding);
    assert_int_equal(finding.status, SARN_ERR_FULL);
    assert_non_null(strstr(finding.error.text, "full.sarn"));
    assert_non_null(strstr(finding.error.text, "free some space"));
    assert_true(is_usable(engine, finding.extra));
    sarn_close(engine);
    assert_int_equal(umount2(tempdir_path(&w.dir, "disk"), 0), 0);
    teardown(&w);
}

/* --- options and requests --- */

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
    struct world w;

    (void)unused;
    setup(&w);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sarn_options options = rows[i].options;
        sarn_engine *engine = NULL;

        if (options.struct_size == 0) {
            options.struct_size = sizeof(options);
        }
        assert_int_equal(sarn_open(w.log, &options, &engine, &w.error), rows[i].status);
        if (strstr(w.error.text, rows[i].thing) == NULL) {
            fail_msg("\"%s\" does not name %s", w.error.text, rows[i].thing);
        }
        assert_null(engine);
    }
    teardown(&w);
}

static sarn_engine *open_payments(struct world *w)
{
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;

    options.modules = modules;
    options.module_count = 1;
    assert_ok(sarn_open(w->log, &options, &engine, &w->error), &w->error);
    return engine;
}

static void a_command_of_the_wrong_type_or_name_is_refused(void **unused)
{
    struct world w;
    struct payments_credit credit = {.amount = {.minor = 1}};
    struct payments_balance balance = {.tenant = 0};
    char long_name[400];
    sarn_engine *engine;
    struct sarn_command command = SARN_COMMAND_INIT;

    (void)unused;
    setup(&w);
    engine = open_payments(&w);
    memset(long_name, 'n', sizeof(long_name));
    command.stream = sarn_str("account-1");
    command.type = &payments_balance_type; /* A row, not a command. */
    command.data = &balance;
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_INVALID);
    assert_non_null(strstr(w.error.text, "payments.Balance"));
    command.type = &payments_credit_type;
    command.data = &credit;
    command.stream = sarn_str("acount-1");
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_NOT_FOUND);
    assert_non_null(strstr(w.error.text, "\"acount\""));
    command.stream = (struct sarn_str){long_name, sizeof(long_name)};
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(w.error.text, "1 to 255 bytes, not 400"));
    command.stream = sarn_str("account-1");
    command.key = (struct sarn_str){long_name, sizeof(long_name)};
    assert_int_equal(sarn_call(engine, &command, NULL, &w.error), SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(w.error.text, "at most 255 bytes, not 400"));
    assert_int_equal(append_to(engine, "account-1", sarn_str("x"), &w.error),
                     SARN_ERR_INVALID);
    assert_non_null(strstr(w.error.text, "send it a command"));
    sarn_close(engine);
    teardown(&w);
}

static void a_payload_over_the_limit_is_refused(void **unused)
{
    struct world w;
    struct sarn_str payload = {NULL, SARN_PAYLOAD_BYTES_MAX + 1};
    sarn_engine *engine;
    char *large = calloc(1, payload.size);

    (void)unused;
    setup(&w);
    payload.data = large;
    assert_non_null(large);
    engine = open_payments(&w);
    assert_int_equal(append_to(engine, "talk-1", payload, &w.error),
                     SARN_ERR_TOO_LARGE);
    assert_non_null(strstr(w.error.text, "1048576"));
    payload.size--;
    assert_ok(append_to(engine, "talk-1", payload, &w.error), &w.error);
    sarn_close(engine);
    free(large);
    teardown(&w);
}

static void failures_leave_nothing_open(void **unused)
{
    struct world w;
    struct sarn_options options = SARN_OPTIONS_INIT;
    sarn_engine *engine;

    (void)unused;
    setup(&w);
    for (int i = 0; i < 300; i++) { /* More than there are descriptors, if leaked. */
        struct rlimit few = {64, 64}, before;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        few.rlim_max = before.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        options.modules = NULL;
        options.module_count = 1;
        assert_int_equal(sarn_open(w.log, &options, &engine, &w.error),
                         SARN_ERR_INVALID);
        assert_int_equal(sarn_open(w.dir.path, NULL, &engine, &w.error),
                         SARN_ERR_INVALID);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    }
    assert_ok(sarn_open(w.log, NULL, &engine, &w.error), &w.error);
    assert_string_equal(sarn_version(), "0.1.0");
    sarn_close(engine);
    teardown(&w);
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
        cmocka_unit_test(a_full_map_says_how_to_go_on),
        cmocka_unit_test(a_file_that_may_not_grow_refuses_and_goes_on),
        cmocka_unit_test(a_full_disk_refuses_and_goes_on),
        cmocka_unit_test(options_that_make_no_sense_are_named),
        cmocka_unit_test(a_command_of_the_wrong_type_or_name_is_refused),
        cmocka_unit_test(a_payload_over_the_limit_is_refused),
        cmocka_unit_test(failures_leave_nothing_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
