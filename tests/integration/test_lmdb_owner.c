/* infra/lmdb: who may have a log open, and who may write to it. */
#define _GNU_SOURCE

#include "support/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/memory/hash.h"
#include "support/faults.h"
#include "support/log_file.h"

static void one_process_has_it_open_once(void **state)
{
    struct log_file *f = *state;
    struct sarn_journal second;
    struct sarn_error error;

    log_file_begin(f);
    for (uint32_t i = 0; i < 4; i++) {
        f->options.read_only = i % 2 == 1;
        f->options.takeover = i / 2 == 1;
        assert_int_equal(sarn__lmdb_open(&f->options, &second, &error), SARN_ERR_BUSY);
        assert_non_null(strstr(error.text, "in this process"));
    }
    assert_int_equal(log_builder_append(&f->builder, 1, NULL), SARN_OK);
    log_file_close(f);
    f->options.read_only = true;
    assert_int_equal(log_file_open(f), SARN_OK);
    f->options.read_only = false;
    assert_int_equal(sarn__lmdb_open(&f->options, &second, &error), SARN_ERR_BUSY);
}

static uint64_t open_descriptors(uint32_t *inherited)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    uint64_t count = 0;

    *inherited = 0;
    while ((entry = readdir(directory)) != NULL) {
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && fd != dirfd(directory)) {
            count += 1;
            *inherited += (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0 ? 1 : 0;
        }
    }
    closedir(directory);
    return count;
}

static void no_descriptor_is_inherited_or_left_open(void **state)
{
    struct log_file *f = *state;
    uint32_t inherited_before, inherited;
    uint64_t before = open_descriptors(&inherited_before);

    log_file_begin(f);
    assert_true(open_descriptors(&inherited) > before);
    assert_int_equal(inherited, inherited_before);
    log_file_close(f);
    assert_int_equal(open_descriptors(&inherited), before);
    f->options.existing = true;
    f->options.path = f->dir.path;
    assert_int_equal(log_file_open(f),
                     SARN_ERR_INVALID); /* Failing leaves none, either. */
    assert_int_equal(open_descriptors(&inherited), before);
}

static bool is_useless_after_fork(struct log_file *f)
{
    struct sarn_journal_state state;
    struct sarn_flush flush = {.epoch = 1};
    struct sarn_journal *journal = &f->journal;
    bool useless =
        log_builder_append(&f->builder, 1, NULL) == SARN_ERR_STATE &&
        journal->ops->flush(journal->self, &flush, NULL) == SARN_ERR_STATE &&
        journal->ops->state(journal->self, &state, &f->error) == SARN_ERR_STATE &&
        strstr(f->error.text, "fork") != NULL;

    log_file_close(f);
    return useless;
}

static void a_child_cannot_use_it_and_does_no_harm(void **state)
{
    struct log_file *f = *state;

    log_file_begin(f);
    log_file_in_child(f, false, is_useless_after_fork);
    assert_int_equal(log_file_last(f), 3);
    assert_int_equal(log_builder_append(&f->builder, 2, NULL), SARN_OK);
    assert_int_equal(log_file_last(f), 5);
}

/* A process that owns the log and stops itself: in its next append, at the first call
 * of that kind, or (FAULT_NONE) between two appends. */
static pid_t start_stopped_owner(struct log_file *f, enum fault_call call)
{
    int how = 0;
    pid_t owner = fork();

    if (owner == 0) {
        log_file_begin(f);
        if (call == FAULT_NONE) {
            raise(SIGSTOP);
        }
        faults_set(call, 1, 1, FAULT_STOP);
        (void)!log_builder_append(&f->builder, 1, NULL);
        for (;;) {
            pause();
        }
    }
    assert_true(owner > 0);
    assert_int_equal(waitpid(owner, &how, WUNTRACED), owner);
    assert_true(WIFSTOPPED(how));
    return owner;
}

static void end_owner(pid_t owner)
{
    assert_int_equal(kill(owner, SIGKILL), 0);
    assert_int_equal(waitpid(owner, NULL, 0), owner);
}

static void assert_names(const struct log_file *f, pid_t owner)
{
    char text[32];

    snprintf(text, sizeof(text), "process %d", (int)owner);
    assert_non_null(strstr(f->error.text, text));
}

static void a_killed_owner_owns_no_more(void **state)
{
    struct log_file *f = *state;
    pid_t owner = start_stopped_owner(f, FAULT_WRITE_PAGES);

    log_file_refused(f, SARN_ERR_BUSY, "owned by");
    assert_names(f, owner);
    end_owner(owner);
    assert_int_equal(log_file_open(f), SARN_OK);
    assert_int_equal(log_file_last(f), 3); /* Of the last append nothing is there. */
}

static void an_owner_stopped_between_commits_is_deposed(void **state)
{
    struct log_file *f = *state;
    pid_t owner = start_stopped_owner(f, FAULT_NONE);
    struct sarn_journal_state now;

    f->options.takeover = true;
    assert_int_equal(log_file_open(f), SARN_OK);
    assert_int_equal(f->journal.ops->state(f->journal.self, &now, NULL), SARN_OK);
    assert_int_equal(now.owner_pid, owner); /* Until the epoch is taken. */
    f->builder = log_builder(&f->journal, sarn__memory_hash());
    f->builder.epoch = 2;
    f->builder.next_position = 4;
    /* The builder takes the epoch only at position 1: do as it would. */
    {
        uint64_t record[32] = {0}, commit[SARN__COMMIT_BYTES / 8] = {0};
        struct sarn_str records[] = {{(char *)record, sizeof(record)}};
        struct sarn_batch batch = {.epoch = 2,
                                   .take_epoch = true,
                                   .first = 4,
                                   .records = records,
                                   .count = 1,
                                   .commit = {(char *)commit, sizeof(commit)}};

        assert_int_equal(f->journal.ops->append(f->journal.self, &batch, NULL),
                         SARN_OK);
    }
    assert_int_equal(f->journal.ops->state(f->journal.self, &now, NULL), SARN_OK);
    assert_int_equal(now.owner_pid, getpid());
    assert_int_equal(now.epoch, 2);
    end_owner(owner);
}

static void an_owner_stopped_in_a_commit_blocks_a_taker_but_no_reader(void **state)
{
    struct log_file *f = *state;
    pid_t owner = start_stopped_owner(f, FAULT_WRITE_PAGES);
    struct sarn_journal_state now;

    f->options.takeover = true;
    f->options.takeover_ms = 100;
    log_file_refused(f, SARN_ERR_BUSY, "in the middle of a commit");
    assert_names(f, owner);
    f->options.takeover = false;
    f->options.read_only = true;
    assert_int_equal(log_file_open(f), SARN_OK);
    assert_int_equal(log_file_last(f), 3);
    assert_int_equal(f->journal.ops->state(f->journal.self, &now, NULL), SARN_OK);
    assert_int_equal(now.owner_pid, owner);
    log_file_close(f);
    end_owner(owner);
    f->options.read_only = false;
    assert_int_equal(log_file_open(f), SARN_OK);
}

static void an_owner_alone_is_taken_over_without_ado(void **state)
{
    struct log_file *f = *state;

    f->options.takeover = true;
    log_file_begin(f);
    assert_int_equal(log_file_last(f), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_FILE_CASE(one_process_has_it_open_once),
        LOG_FILE_CASE(no_descriptor_is_inherited_or_left_open),
        LOG_FILE_CASE(a_child_cannot_use_it_and_does_no_harm),
        LOG_FILE_CASE(a_killed_owner_owns_no_more),
        LOG_FILE_CASE(an_owner_stopped_between_commits_is_deposed),
        LOG_FILE_CASE(an_owner_stopped_in_a_commit_blocks_a_taker_but_no_reader),
        LOG_FILE_CASE(an_owner_alone_is_taken_over_without_ado),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
