/* infra/lmdb: what a full or failing disk does to a log, and how readers follow its
 * growth. */
#define _GNU_SOURCE

#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/faults.h"
#include "support/log_file.h"

static void a_full_disk_is_no_doubt_and_goes_on(void **state)
{
    static const int errors[] = {ENOSPC, EDQUOT, EFBIG};
    struct log_file *f = *state;

    log_file_begin(f);
    for (size_t i = 0; i < 3; i++) {
        faults_set(FAULT_WRITE_PAGES, 1, 100, errors[i]);
        assert_int_equal(log_builder_append(&f->builder, 100, &f->error),
                         SARN_ERR_FULL);
        assert_non_null(strstr(f->error.text, "nothing was written"));
        assert_true(faults_clear() > 0);
        assert_int_equal(log_file_last(f), 3);
    }
    /* The builder counted on what failed; so it cannot go on, but the journal can. */
    f->builder.streams[0].position = 0;
    assert_int_equal(log_builder_append(&f->builder, 1, NULL), SARN_OK);
    log_file_close(f);
    assert_int_equal(log_file_open(f), SARN_OK);
    assert_int_equal(log_file_last(f), 4);
}

static void a_failing_disk_is_in_doubt_and_stops(void **state)
{
    static const struct {
        enum fault_call call;
        int error;
    } rows[] = {{FAULT_WRITE_PAGES, EIO},
                {FAULT_WRITE_PAGES, 0}, /* Cut short, with the disk not full. */
                {FAULT_SYNC, EIO},
                {FAULT_WRITE_META, EIO},
                {FAULT_WRITE_META, ENOSPC}};
    struct log_file *f = *state;

    log_file_begin(f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn_journal_state now;

        faults_set(rows[i].call, 1, 1, rows[i].error);
        assert_int_equal(log_builder_append(&f->builder, 1, &f->error),
                         SARN_ERR_IN_DOUBT);
        assert_int_equal(faults_clear(), 1);
        assert_int_equal(log_builder_append(&f->builder, 1, NULL), SARN_ERR_IN_DOUBT);
        assert_int_equal(f->journal.ops->state(f->journal.self, &now, NULL),
                         SARN_ERR_IN_DOUBT);
        log_file_close(f);
        assert_int_equal(log_file_open(f), SARN_OK);
        assert_int_equal(log_file_last(f), 3);
    }
}

static bool put_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool put = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    close(fd);
    return put;
}

/* Mount a small disk for this process alone; false: that is not allowed here. */
static bool mount_small_disk(const char *where)
{
    char users[64], groups[64];
    bool root = geteuid() == 0;

    snprintf(users, sizeof(users), "0 %u 1", geteuid());
    snprintf(groups, sizeof(groups), "0 %u 1", getegid());
    return unshare(root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           (root || (put_text("/proc/self/setgroups", "deny") &&
                     put_text("/proc/self/uid_map", users) &&
                     put_text("/proc/self/gid_map", groups))) &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", where, "tmpfs", 0, "size=3m") == 0;
}

static bool fill_a_small_disk(struct log_file *f)
{
    char filler[300];
    sarn_status status;
    uint64_t last;
    bool room;
    int fd;

    if (!mount_small_disk(f->dir.path)) {
        print_message("cannot mount here: not tested\n");
        return true;
    }
    snprintf(filler, sizeof(filler), "%s/filler", f->dir.path);
    log_file_begin(f);
    fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    room = posix_fallocate(fd, 0, 1024 * 1024) == 0;
    close(fd);
    do {
        status = log_builder_append(&f->builder, 50, &f->error);
    } while (status == SARN_OK);
    last = log_file_last(f);
    if (!room || status != SARN_ERR_FULL ||
        strstr(f->error.text, "kept free") == NULL || last < 1000) {
        return false;
    }
    unlink(filler);
    return log_builder_append(&f->builder, 1, NULL) == SARN_OK &&
           log_file_last(f) == last + 1;
}

static void writing_stops_before_the_disk_is_full(void **state)
{
    log_file_in_child(*state, false, fill_a_small_disk);
}

/* --- reading what grows --- */

static void a_reader_follows_an_owner_with_a_larger_map(void **state)
{
    struct log_file *f = *state;
    int to_owner[2], to_reader[2];
    char byte = 'x';
    pid_t owner;

    f->options.map_bytes = 1024 * 1024;
    assert_int_equal(pipe2(to_owner, O_CLOEXEC), 0);
    assert_int_equal(pipe2(to_reader, O_CLOEXEC), 0);
    owner = fork();
    if (owner == 0) {
        bool good;

        log_file_begin(f);
        log_file_close(f);
        good = write(to_reader[1], &byte, 1) == 1 && read(to_owner[0], &byte, 1) == 1;
        f->options.map_bytes = LOG_FILE_MAP_BYTES;
        good = good && log_file_open(f) == SARN_OK;
        for (uint32_t i = 0; i < 100 && good; i++) { /* 3 MiB and more. */
            good = log_builder_append(&f->builder, 100, NULL) == SARN_OK;
        }
        _exit(good && write(to_reader[1], &byte, 1) == 1 ? 0 : 1);
    }
    assert_int_equal(read(to_reader[0], &byte, 1), 1);
    f->options.map_bytes = 0;
    f->options.read_only = true;
    assert_int_equal(log_file_open(f), SARN_OK);
    assert_int_equal(log_file_last(f), 3);
    assert_int_equal(write(to_owner[1], &byte, 1), 1);
    assert_int_equal(read(to_reader[0], &byte, 1), 1);
    assert_int_equal(log_file_last(f), 10003);
    assert_int_equal(waitpid(owner, NULL, 0), owner);
    for (int i = 0; i < 2; i++) {
        close(to_owner[i]);
        close(to_reader[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_FILE_CASE(a_full_disk_is_no_doubt_and_goes_on),
        LOG_FILE_CASE(a_failing_disk_is_in_doubt_and_stops),
        LOG_FILE_CASE(writing_stops_before_the_disk_is_full),
        LOG_FILE_CASE(a_reader_follows_an_owner_with_a_larger_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
