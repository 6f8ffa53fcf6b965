#define _GNU_SOURCE

#include "support/log_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/memory/hash.h"
#include "infra/posix/process.h"
#include "support/faults.h"

int log_file_set_up(void **state)
{
    struct log_file *f = calloc(1, sizeof(*f));

    tempdir_make(&f->dir);
    snprintf(f->path, sizeof(f->path), "%s", tempdir_path(&f->dir, "LOG.sarn"));
    snprintf(f->lock, sizeof(f->lock), "%s-lock", f->path);
    f->options = (struct sarn__lmdb_options){.path = f->path,
                                             .map_bytes = LOG_FILE_MAP_BYTES,
                                             .log_id = {{7}},
                                             .now_us = 1234,
                                             .process = sarn__posix_process(),
                                             .hash = sarn__memory_hash()};
    *state = f;
    return 0;
}

int log_file_tear_down(void **state)
{
    struct log_file *f = *state;

    (void)faults_clear();
    if (f->open) {
        f->journal.ops->close(f->journal.self);
    }
    tempdir_remove(&f->dir);
    free(f);
    return 0;
}

sarn_status log_file_open(struct log_file *f)
{
    sarn_status status;

    assert_false(f->open);
    f->error.text[0] = '\0';
    status = sarn__lmdb_open(&f->options, &f->journal, &f->error);
    f->open = status == SARN_OK;
    return status;
}

void log_file_close(struct log_file *f)
{
    assert_true(f->open);
    f->journal.ops->close(f->journal.self);
    f->open = false;
}

void log_file_begin(struct log_file *f)
{
    assert_int_equal(log_file_open(f), SARN_OK);
    f->builder = log_builder(&f->journal, f->options.hash);
    assert_int_equal(log_builder_append(&f->builder, 3, NULL), SARN_OK);
}

uint64_t log_file_last(struct log_file *f)
{
    struct sarn_journal_state state;

    assert_int_equal(f->journal.ops->state(f->journal.self, &state, NULL), SARN_OK);
    return state.last_position;
}

void log_file_refused(struct log_file *f, sarn_status status, const char *text)
{
    assert_int_equal(log_file_open(f), status);
    if (strstr(f->error.text, text) == NULL) {
        fail_msg("wanted \"%s\" in \"%s\"", text, f->error.text);
    }
}

void log_file_in_child(struct log_file *f,
                       bool nobody,
                       bool (*test)(struct log_file *f))
{
    int how = 0;
    pid_t child = fork();

    if (child == 0) {
        if (nobody && geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(2);
        }
        _exit(test(f) ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
}
