/* infra/lmdb: where a log may lie, and what is no log. */
#define _GNU_SOURCE

#include "support/test.h"

#include <fcntl.h>
#include <lmdb.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "infra/lmdb/format.h"
#include "infra/memory/hash.h"
#include "support/log_file.h"

static void what_is_not_there_is_named(void **state)
{
    struct log_file *f = *state;

    f->options.existing = true;
    log_file_refused(f, SARN_ERR_NOT_FOUND, "there is no log at");
    f->options.existing = false;
    f->options.read_only = true;
    log_file_refused(f, SARN_ERR_NOT_FOUND, "there is no log at");
    assert_int_equal(access(f->path, F_OK), -1); /* And none was made. */
    f->options.read_only = false;
    f->options.path = "/no/such/directory/LOG.sarn";
    log_file_refused(f, SARN_ERR_NOT_FOUND, "cannot enter the directory");
}

static void what_is_no_file_is_refused(void **state)
{
    struct log_file *f = *state;

    f->options.path = f->dir.path;
    log_file_refused(f, SARN_ERR_INVALID, "is a directory");
    f->options.path = f->path;
    assert_int_equal(mkfifo(f->path, 0600), 0);
    log_file_refused(f, SARN_ERR_INVALID, "not a regular file");
    f->options.read_only = true;
    log_file_refused(f, SARN_ERR_INVALID, "not a regular file");
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void an_empty_file_becomes_a_log_but_is_none(void **state)
{
    struct log_file *f = *state;

    write_file(f->path, "", 0);
    f->options.read_only = true;
    log_file_refused(f, SARN_ERR_NOT_FOUND, "is empty");
    f->options.read_only = false;
    f->options.existing = true;
    log_file_refused(f, SARN_ERR_NOT_FOUND, "is empty");
    f->options.existing = false;
    log_file_begin(f);
    assert_int_equal(log_file_last(f), 3);
}

static void a_file_of_something_else_is_refused_and_left_alone(void **state)
{
    struct log_file *f = *state;
    char text[10000], after[10000];
    int fd;

    memset(text, 'x', sizeof(text));
    write_file(f->path, text, sizeof(text));
    log_file_refused(f, SARN_ERR_CORRUPT, "is not a log of Sarn");
    fd = open(f->path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, after, sizeof(after)), sizeof(after));
    close(fd);
    assert_memory_equal(after, text, sizeof(text));
    write_file(f->path, "short", 5);
    log_file_refused(f, SARN_ERR_CORRUPT, "is not a log of Sarn");
}

/* Do something to the file with LMDB alone. */
static void with_lmdb(const char *path,
                      const char *db,
                      unsigned flags,
                      const char *key,
                      const void *value,
                      size_t size)
{
    MDB_val k = {strlen(key), (void *)(uintptr_t)key};
    MDB_val v = {size, (void *)(uintptr_t)value};
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_set_mapsize(env, LOG_FILE_MAP_BYTES), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    if (key[0] != '\0') {
        assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
        assert_int_equal(mdb_dbi_open(txn, db, flags, &dbi), 0);
        assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
        assert_int_equal(mdb_txn_commit(txn), 0);
    }
    mdb_env_close(env);
}

static void another_programs_lmdb_file_is_refused(void **state)
{
    static const struct {
        const char *db;
        const char *key;
    } rows[] = {{NULL, "anything"},
                {"stuff", "anything"},
                {"meta", "anything"},
                {"meta", "file"},
                {NULL, "meta"}};
    struct log_file *f = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        with_lmdb(f->path, rows[i].db, rows[i].db != NULL ? MDB_CREATE : 0, rows[i].key,
                  "some value", 10);
        log_file_refused(f, SARN_ERR_CORRUPT, "not a log of Sarn");
        f->options.read_only = true;
        log_file_refused(f, SARN_ERR_CORRUPT, "not a log of Sarn");
        f->options.read_only = false;
        unlink(f->path);
        unlink(f->lock);
    }
}

static void a_file_whose_making_was_cut_short_is_made(void **state)
{
    struct log_file *f = *state;

    with_lmdb(f->path, NULL, 0, "", NULL, 0); /* LMDB's pages, and nothing on them. */
    f->options.read_only = true;
    log_file_refused(f, SARN_ERR_NOT_FOUND, "is empty");
    f->options.read_only = false;
    log_file_begin(f);
}

static void a_file_that_was_cut_off_is_refused(void **state)
{
    struct log_file *f = *state;
    struct stat status;

    log_file_begin(f);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(log_builder_append(&f->builder, 50, NULL), SARN_OK);
    }
    log_file_close(f);
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(truncate(f->path, status.st_size / 2), 0);
    log_file_refused(f, SARN_ERR_CORRUPT, "was cut off");
    f->options.read_only = true;
    log_file_refused(f, SARN_ERR_CORRUPT, "was cut off");
    f->options.read_only = false;
    assert_int_equal(truncate(f->path, 5000), 0);
    log_file_refused(f, SARN_ERR_CORRUPT, "cut off");
}

static void a_newer_file_is_not_touched(void **state)
{
    static const struct {
        struct sarn__file file;
        sarn_status writing, reading;
        const char *text;
    } rows[] = {
        {{.format = 2}, SARN_ERR_UNSUPPORTED, SARN_ERR_UNSUPPORTED, "file format 2"},
        {{.format = 1, .incompatible = 4},
         SARN_ERR_UNSUPPORTED,
         SARN_ERR_UNSUPPORTED,
         "incompatible bits 0x4"},
        {{.format = 1, .read_only_compatible = 8},
         SARN_ERR_UNSUPPORTED,
         SARN_OK,
         "read the log but not write it"},
        {{.format = 1, .compatible = 16}, SARN_OK, SARN_OK, ""},
    };
    struct log_file *f = *state;
    struct sarn_hash hash = sarn__memory_hash();
    uint8_t bytes[SARN__FILE_BYTES];

    log_file_begin(f);
    log_file_close(f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        sarn__file_encode(&rows[i].file, &hash, bytes);
        with_lmdb(f->path, "meta", 0, "file", bytes, sizeof(bytes));
        assert_int_equal(log_file_open(f), rows[i].writing);
        assert_non_null(strstr(f->error.text, rows[i].text));
        if (f->open) {
            log_file_close(f);
        }
        f->options.read_only = true;
        assert_int_equal(log_file_open(f), rows[i].reading);
        if (f->open) {
            log_file_close(f);
        }
        f->options.read_only = false;
    }
    bytes[20] ^= 1;
    with_lmdb(f->path, "meta", 0, "file", bytes, sizeof(bytes));
    log_file_refused(f, SARN_ERR_CORRUPT, "description of itself is damaged");
}

static bool is_not_permitted(struct log_file *f)
{
    return log_file_open(f) == SARN_ERR_PERMISSION && strlen(f->error.text) > 20;
}

static bool is_permitted(struct log_file *f)
{
    return log_file_open(f) == SARN_OK && log_file_last(f) == 3;
}

static void missing_permissions_are_named(void **state)
{
    struct log_file *f = *state;

    assert_int_equal(chmod(f->dir.path, 0555), 0);
    log_file_in_child(f, true, is_not_permitted); /* A read-only directory. */
    assert_int_equal(chmod(f->dir.path, 0755), 0);
    log_file_begin(f);
    log_file_close(f);
    f->options.read_only = true;
    assert_int_equal(chmod(f->path, 0000), 0);
    log_file_in_child(f, true, is_not_permitted);
    assert_int_equal(chmod(f->path, 0444), 0);
    assert_int_equal(chmod(f->lock, 0444), 0); /* Where readers register. */
    log_file_in_child(f, true, is_not_permitted);
    assert_int_equal(chmod(f->lock, 0666), 0);
    log_file_in_child(f, true, is_permitted);
    f->options.read_only = false;
    log_file_in_child(f, true, is_not_permitted); /* To write. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_FILE_CASE(what_is_not_there_is_named),
        LOG_FILE_CASE(what_is_no_file_is_refused),
        LOG_FILE_CASE(an_empty_file_becomes_a_log_but_is_none),
        LOG_FILE_CASE(a_file_of_something_else_is_refused_and_left_alone),
        LOG_FILE_CASE(another_programs_lmdb_file_is_refused),
        LOG_FILE_CASE(a_file_whose_making_was_cut_short_is_made),
        LOG_FILE_CASE(a_file_that_was_cut_off_is_refused),
        LOG_FILE_CASE(a_newer_file_is_not_touched),
        LOG_FILE_CASE(missing_permissions_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
