/* What a power cut leaves of a data file, where it is neither a log nor a damaged one;
 * found by scripts/powercut, and made by hand here. */
#define _POSIX_C_SOURCE 200809L

#include "support/test.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "infra/openssl/digest.h"
#include "infra/xxhash/checksum.h"
#include "sarn/log.h"
#include "support/log_file.h"

#define PAGE 4096u

static void write_file(const char *path, const void *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

/* Freed by the caller. */
static uint8_t *read_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    uint8_t *bytes;

    assert_int_equal(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    bytes = malloc(*size);
    assert_int_equal(read(fd, bytes, *size), *size);
    close(fd);
    return bytes;
}

/* The first two pages of a file that LMDB has just made. */
static void first_metas(const char *path, uint8_t metas[2 * PAGE])
{
    uint8_t *bytes;
    size_t size;
    MDB_env *env;

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    mdb_env_close(env);
    bytes = read_file(path, &size);
    assert_int_equal(size, 2 * PAGE);
    memcpy(metas, bytes, size);
    free(bytes);
}

static void is_empty_and_can_be_made(struct log_file *f)
{
    struct sarn_error error = {SARN_OK, "it is a log"};

    if (sarn_log_verify(f->path, NULL, &error) != SARN_ERR_NOT_FOUND) {
        fail_msg("wanted an empty file, but %s", error.text);
    }
    f->options.read_only = true;
    log_file_refused(f, SARN_ERR_NOT_FOUND, "is empty");
    f->options.read_only = false;
    f->options.existing = true;
    log_file_refused(f, SARN_ERR_NOT_FOUND, "is empty");
    f->options.existing = false;
    log_file_begin(f);
    assert_int_equal(log_file_last(f), 3);
    log_file_close(f);
}

static void half_of_the_first_metas_is_an_empty_log(void **state)
{
    static const struct {
        size_t zeros_from, zeros_to, size;
    } cuts[] = {{0, 0, 2 * PAGE},        /* Both are whole. */
                {0, 2 * PAGE, 2 * PAGE}, /* Only the size. */
                {0, 512, 2 * PAGE},
                {PAGE, PAGE + 512, 2 * PAGE},
                {0, 0, PAGE},
                {0, 0, 600},
                {0, PAGE, PAGE},
                {0, 512, PAGE + 512}};
    struct log_file *f = *state;
    uint8_t metas[2 * PAGE], cut[2 * PAGE];

    first_metas(f->path, metas);
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        memcpy(cut, metas, sizeof(cut));
        memset(cut + cuts[i].zeros_from, 0, cuts[i].zeros_to - cuts[i].zeros_from);
        write_file(f->path, cut, cuts[i].size);
        is_empty_and_can_be_made(f);
    }
}

static void what_may_be_somebody_elses_is_left_alone(void **state)
{
    struct log_file *f = *state;
    uint8_t metas[2 * PAGE], other[2 * PAGE], *after;
    size_t size;

    write_file(f->path, "\0", 1);
    log_file_refused(f, SARN_ERR_CORRUPT, "");
    unlink(f->path);
    first_metas(f->path, metas);
    for (size_t at = 200; at < sizeof(other); at += 511) {
        memcpy(other, metas, sizeof(other));
        memset(other, 0, 512); /* The first meta is missing: so is_unborn() is asked. */
        other[at] ^= 1;
        write_file(f->path, other, sizeof(other));
        log_file_refused(f, SARN_ERR_CORRUPT, "");
        after = read_file(f->path, &size);
        assert_int_equal(size, sizeof(other));
        assert_memory_equal(after, other, size);
        free(after);
    }
}

static void put_meta(const char *path, const uint8_t *metas)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_int_equal(pwrite(fd, metas, 2 * PAGE, 0), 2 * PAGE);
    close(fd);
}

static void keep(void *arg, const char *text)
{
    snprintf(((struct sarn_error *)arg)->text, SARN_ERROR_TEXT_BYTES, "%s", text);
}

/* The owner is killed while he writes a meta, which stays in the page cache; the next
 * one commits on top of it; the power goes when the pages of both commits are on the
 * disk, and neither meta. The log is whole, up to before the first of the two. */
static void two_commits_without_their_metas_are_not_missed(void **state)
{
    static const struct sarn_hash_ops real_ops = {.checksum = sarn__xxhash_checksum,
                                                  .digest = sarn__openssl_digest};
    struct log_file *f = *state;
    struct sarn__openssl *openssl;
    uint64_t last;

    assert_int_equal(sarn__openssl_create(NULL, &openssl, NULL), SARN_OK);
    f->options.hash = (struct sarn_hash){.ops = &real_ops, .self = openssl};
    log_file_begin(f);
    f->builder.hash = f->options.hash;
    for (uint32_t i = 0; i < 40; i++) {
        struct log_builder before = f->builder;
        struct sarn_check check = SARN_CHECK_INIT;
        struct sarn_error finding = {SARN_OK, ""};
        uint8_t *metas;
        size_t size;

        last = log_file_last(f);
        metas = read_file(f->path, &size);
        assert_int_equal(log_builder_append(&f->builder, 2, NULL), SARN_OK);
        assert_int_equal(log_builder_append(&f->builder, 2, NULL), SARN_OK);
        log_file_close(f);
        put_meta(f->path, metas);
        free(metas);
        check.finding = keep;
        check.arg = &finding;
        if (sarn_log_verify(f->path, &check, NULL) != SARN_OK) {
            fail_msg("after %u: %s", i, finding.text);
        }
        assert_int_equal(log_file_open(f), SARN_OK);
        assert_int_equal(log_file_last(f), last);
        f->builder = before;
        f->builder.journal = &f->journal;
        assert_int_equal(log_builder_append(&f->builder, 1 + i % 3, NULL), SARN_OK);
    }
    log_file_close(f);
    sarn__openssl_destroy(openssl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_FILE_CASE(half_of_the_first_metas_is_an_empty_log),
        LOG_FILE_CASE(what_may_be_somebody_elses_is_left_alone),
        LOG_FILE_CASE(two_commits_without_their_metas_are_not_missed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
