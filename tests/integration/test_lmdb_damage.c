/* sarn_log_verify and infra/lmdb/check: whatever happens to a file's bytes, nobody
 * crashes, and damage that could be read is found. */
#define _GNU_SOURCE

#include "support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/lmdb/check.h"
#include "infra/openssl/digest.h"
#include "infra/xxhash/checksum.h"
#include "sarn/log.h"
#include "support/log_file.h"

/* With the hashes of real logs: sarn_log_verify() brings its own. */
static const struct sarn_hash_ops real_ops = {.checksum = sarn__xxhash_checksum,
                                              .digest = sarn__openssl_digest};

struct fixture {
    struct log_file file;
    struct sarn__openssl *openssl;
    uint8_t *bytes; /* Of the whole file. */
    size_t size;
    char findings[4096];
};

/* --- a log with everything in it --- */

static void flush_rows(struct log_file *f, uint32_t round)
{
    static char large[9000];
    char keys[64][24];
    struct sarn_table_row rows[64];
    struct sarn_flush flush = {
        .epoch = 1, .rows = rows, .count = 64, .through = f->builder.next_position - 1};

    memset(large, 'a' + (int)(round % 26), sizeof(large));
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t row = round % 3 * 40 + i;

        snprintf(keys[i], sizeof(keys[i]), "row-%06u", row);
        rows[i] = (struct sarn_table_row){
            .table = 2 + (row >= 60 ? 1 : 0),
            .remove = (row + round) % 5 == 0,
            .key = sarn_str(keys[i]),
            .value = {large, row % 16 == 3 ? sizeof(large) : 40 + row}};
    }
    assert_int_equal(f->journal.ops->flush(f->journal.self, &flush, NULL), SARN_OK);
}

static void write_log(struct log_file *f)
{
    log_file_begin(f);
    f->builder.hash = f->options.hash;
    for (uint32_t i = 0; i < 60; i++) {
        f->builder.payload_bytes = i % 20 == 7 ? 6000 : 60 + i;
        assert_int_equal(log_builder_append(&f->builder, 1 + i % 9, NULL), SARN_OK);
        if (i % 4 == 0) {
            flush_rows(f, i);
        }
    }
    log_file_close(f);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct stat status;
    void *file = NULL;
    int fd;

    if (sarn__openssl_create(NULL, &f->openssl, NULL) != SARN_OK ||
        log_file_set_up(&file) != 0) {
        return -1;
    }
    f->file = *(struct log_file *)file;
    free(file);
    f->file.options.path = f->file.path;
    f->file.options.hash = (struct sarn_hash){.ops = &real_ops, .self = f->openssl};
    write_log(&f->file);
    fd = open(f->file.path, O_RDONLY | O_CLOEXEC);
    fstat(fd, &status);
    f->size = (size_t)status.st_size;
    f->bytes = malloc(f->size);
    assert_int_equal(read(fd, f->bytes, f->size), f->size);
    close(fd);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    tempdir_remove(&f->file.dir);
    sarn__openssl_destroy(f->openssl);
    free(f->bytes);
    free(f);
    return 0;
}

/* --- verifying --- */

static void keep(void *arg, const char *text)
{
    struct fixture *f = arg;
    size_t used = strlen(f->findings);

    snprintf(f->findings + used, sizeof(f->findings) - used, "%s\n", text);
}

static sarn_status verify(struct fixture *f, struct sarn_check *check)
{
    struct sarn_error error;

    *check = (struct sarn_check)SARN_CHECK_INIT;
    check->finding = keep;
    check->arg = f;
    f->findings[0] = '\0';
    return sarn_log_verify(f->file.path, check, &error);
}

static void put_byte(struct fixture *f, size_t at, uint8_t byte)
{
    int fd = open(f->file.path, O_WRONLY | O_CLOEXEC);

    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

/* --- what is in it, as one number --- */

struct sum {
    const struct sarn_hash *hash;
    uint64_t value;
};

static sarn_status sum_record(void *arg, uint64_t position, struct sarn_str value)
{
    struct sum *sum = arg;

    sum->value = sum->hash->ops->checksum(sum->hash->self, sum->value ^ position,
                                          value.data, value.size);
    return SARN_OK;
}

static sarn_status sum_row(void *arg, struct sarn_str key, struct sarn_str value)
{
    sum_record(arg, 1, key);
    return sum_record(arg, 2, value);
}

/* Of all that can be read; 0: it cannot. */
static uint64_t sum_of(struct fixture *f)
{
    struct log_file *file = &f->file;
    struct sum sum = {.hash = &file->options.hash};
    struct sarn_journal *journal = &file->journal;
    struct sarn_table_range range = {.table = 2};
    uint64_t next = 1;
    bool more, good;

    file->options.read_only = true;
    if (log_file_open(file) != SARN_OK) {
        return 0;
    }
    good = journal->ops->scan(journal->self, 1, UINT64_MAX, sum_record, &sum, &next,
                              NULL) == SARN_OK &&
           journal->ops->commits(journal->self, 1, sum_record, &sum, &next, NULL) ==
               SARN_OK;
    for (; range.table < 4; range.table++) {
        good = good && journal->ops->rows(journal->self, &range, sum_row, &sum, &more,
                                          NULL) == SARN_OK;
    }
    log_file_close(file);
    return good ? sum.value : 0;
}

/* --- the tests --- */

static void a_whole_file_has_no_findings(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check;

    assert_int_equal(verify(f, &check), SARN_OK);
    assert_string_equal(f->findings, "");
    assert_int_equal(check.events, f->file.builder.next_position - 1);
    assert_true(check.rows > 50);
    assert_int_equal(check.differences, 0);
}

/* Where the id lies that the builder gave position 100, in the page that counts: others
 * are older copies; 0: nowhere. */
static size_t find_record(struct fixture *f)
{
    const uint8_t id[16] = {[15] = 100};
    const uint8_t *end = f->bytes + f->size;
    struct sarn_check check;
    size_t at = 0;

    for (const uint8_t *found = memmem(f->bytes, f->size, id, sizeof(id));
         found != NULL && at == 0;
         found = memmem(found + 1, (size_t)(end - found - 1), id, sizeof(id))) {
        size_t last = (size_t)(found - f->bytes) + 15;

        put_byte(f, last, 99);
        at = verify(f, &check) == SARN_OK ? 0 : last;
        put_byte(f, last, 100);
    }
    return at;
}

static void a_damaged_record_is_named_by_its_position(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check;
    size_t at = find_record(f);

    assert_true(at != 0);
    put_byte(f, at, 99);
    assert_int_equal(verify(f, &check), SARN_ERR_CORRUPT);
    assert_memory_equal(f->findings, "the record at position 100 is damaged", 37);
    assert_int_equal(check.differences, 2); /* And its commit's hash. */
}

/* Each single byte of both metas that means something: never a crash, and never a
 * commit that vanishes without a word. */
static void a_damaged_meta_is_noticed_by_verify_and_open(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check;
    uint64_t whole = sum_of(f);

    assert_true(whole != 0);
    for (size_t page = 0; page < 2; page++) {
        for (size_t at = 0; at < 152; at++) {
            size_t offset = page * 4096 + at;
            sarn_status verified;

            put_byte(f, offset, f->bytes[offset] ^ (uint8_t)(1u << at % 8));
            verified = verify(f, &check);
            if (verified == SARN_OK) {
                assert_int_equal(sum_of(f), whole);
            } else {
                assert_int_equal(verified, SARN_ERR_CORRUPT);
                assert_true(check.differences > 0);
            }
            put_byte(f, offset, f->bytes[offset]);
        }
    }
}

static void an_older_meta_in_place_of_the_newest_is_noticed(void **state)
{
    struct fixture *f = *state;
    uint64_t numbers[2];
    size_t newest;
    struct sarn_check check;

    memcpy(&numbers[0], f->bytes + 16 + 128, 8);
    memcpy(&numbers[1], f->bytes + 4096 + 16 + 128, 8);
    newest = numbers[1] > numbers[0] ? 1 : 0;
    put_byte(f, newest * 4096 + 16 + 128, (uint8_t)(numbers[newest] - 2));
    assert_int_equal(verify(f, &check), SARN_ERR_CORRUPT);
    assert_non_null(strstr(f->findings, "meta page that does not count has "));
    put_byte(f, newest * 4096 + 16 + 128, (uint8_t)(numbers[newest] - 4));
    assert_int_equal(verify(f, &check), SARN_ERR_CORRUPT);
    assert_non_null(strstr(f->findings, "do not follow each other"));
    f->file.options.read_only = true;
    log_file_refused(&f->file, SARN_ERR_CORRUPT, "do not follow each other");
    f->file.options.read_only = false;
    log_file_refused(&f->file, SARN_ERR_CORRUPT, "do not follow each other");
}

/* Flips all over the file, page heads and pointers first of all. What verify lets pass
 * must read as before. */
static bool flip_and_verify(struct fixture *f, uint32_t count)
{
    uint64_t whole = sum_of(f), seed = 42;
    uint32_t found = 0;
    struct sarn_check check;

    for (uint32_t i = 0; i < count; i++) {
        size_t pages = f->size / 4096, offset;

        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        offset = (size_t)(seed >> 33) % pages * 4096;
        offset += (size_t)(seed >> 20) % (i % 2 == 0 ? 4096 : 64);
        put_byte(f, offset, f->bytes[offset] ^ (uint8_t)(1u << (seed >> 60) % 8));
        if (verify(f, &check) == SARN_OK) {
            if (sum_of(f) != whole) {
                print_message("a flip at %zu passed\n", offset);
                return false;
            }
        } else {
            found += 1;
        }
        put_byte(f, offset, f->bytes[offset]);
    }
    return found > count / 4;
}

/* A whole page of another place, of zeros, of noise. */
static bool replace_pages_and_verify(struct fixture *f)
{
    size_t pages = f->size / 4096;
    uint64_t whole = sum_of(f), seed = 7;
    struct sarn_check check;
    uint8_t page[4096];

    for (size_t at = 0; at < pages; at++) {
        int fd = open(f->file.path, O_WRONLY | O_CLOEXEC);

        for (size_t i = 0; i < sizeof(page); i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            page[i] = at % 3 == 0 ? 0 : (uint8_t)(seed >> 56);
        }
        if (at % 3 == 1) {
            memcpy(page, f->bytes + (at + 5) % pages * 4096, sizeof(page));
        }
        assert_int_equal(pwrite(fd, page, 4096, (off_t)(at * 4096)), 4096);
        if (verify(f, &check) == SARN_OK && sum_of(f) != whole) {
            print_message("another page %zu passed\n", at);
            return false;
        }
        assert_int_equal(pwrite(fd, f->bytes + at * 4096, 4096, (off_t)(at * 4096)),
                         4096);
        close(fd);
    }
    return verify(f, &check) == SARN_OK;
}

/* In a child, so that a crash is a failure and not the end of the tests. */
static void nothing_crashes_whatever_is_damaged(void **state)
{
    struct fixture *f = *state;
    int how = 0;
    pid_t child = fork();

    if (child == 0) {
        _exit(flip_and_verify(f, 800) && replace_pages_and_verify(f) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}

static void a_file_cut_anywhere_is_noticed(void **state)
{
    struct fixture *f = *state;
    uint64_t whole = sum_of(f);
    struct sarn_check check;
    uint32_t noticed = 0;

    for (size_t size = f->size - 4096; size > 8192; size -= size / 9) {
        assert_int_equal(truncate(f->file.path, (off_t)size), 0);
        if (verify(f, &check) == SARN_OK) { /* Then only free pages are missing. */
            assert_int_equal(sum_of(f), whole);
        } else {
            noticed += 1;
        }
    }
    assert_true(noticed > 10);
    assert_int_equal(truncate(f->file.path, 0), 0);
    assert_int_equal(verify(f, &check), SARN_ERR_NOT_FOUND);
    unlink(f->file.path);
    assert_int_equal(verify(f, &check), SARN_ERR_NOT_FOUND);
}

static sarn_status stop(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    assert_true(done <= total);
    return SARN_ERR_TIMEOUT;
}

static void the_progress_handler_ends_it(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check = SARN_CHECK_INIT;

    check.progress = stop;
    assert_int_equal(sarn_log_verify(f->file.path, &check, NULL), SARN_ERR_TIMEOUT);
    assert_int_equal(sarn_log_verify("", NULL, NULL), SARN_ERR_INVALID);
    assert_int_equal(sarn_log_verify(f->file.path, NULL, NULL), SARN_OK);
}

static void a_living_log_is_verified_too(void **state)
{
    struct fixture *f = *state;
    struct sarn_check check;
    int to_parent[2], how = 0;
    char byte = 'x';
    pid_t owner;

    assert_int_equal(pipe2(to_parent, O_CLOEXEC), 0);
    owner = fork();
    if (owner == 0) {
        bool good = log_file_open(&f->file) == SARN_OK;

        f->file.builder.journal = &f->file.journal;
        for (uint32_t i = 0; i < 600 && good; i++) {
            good = log_builder_append(&f->file.builder, 3, NULL) == SARN_OK;
            if (i == 5) {
                good = good && write(to_parent[1], &byte, 1) == 1;
            }
            if (i % 8 == 0) {
                flush_rows(&f->file, i);
            }
        }
        _exit(good ? 0 : 1);
    }
    assert_int_equal(read(to_parent[0], &byte, 1), 1);
    for (uint32_t i = 0; i < 8; i++) {
        sarn_status status = verify(f, &check);

        assert_string_equal(f->findings, "");
        assert_int_equal(status, SARN_OK);
    }
    assert_int_equal(waitpid(owner, &how, 0), owner);
    assert_int_equal(how, 0);
    close(to_parent[0]);
    close(to_parent[1]);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_whole_file_has_no_findings),
        CASE(a_damaged_record_is_named_by_its_position),
        CASE(a_damaged_meta_is_noticed_by_verify_and_open),
        CASE(an_older_meta_in_place_of_the_newest_is_noticed),
        CASE(nothing_crashes_whatever_is_damaged),
        CASE(a_file_cut_anywhere_is_noticed),
        CASE(the_progress_handler_ends_it),
        CASE(a_living_log_is_verified_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
