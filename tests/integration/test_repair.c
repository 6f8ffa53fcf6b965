/* sarn_log_repair: what is whole in a damaged file is saved, no more and no less; the
 * file stays as it is, and a repair that fails leaves nothing. tests/crash/flips
 * damages a log in every way; here is what is said, and who is refused. */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sarn/archive.h"
#include "support/good_log.h"

#include "support/test.h"

#define EVENTS 40u

struct fixture {
    struct good_log good;
    char new_path[300], part[308];
    struct sarn_repair repair;
    char findings[2048];
    uint8_t *bytes; /* Of the damaged file. */
    size_t size;
};

/* --- files --- */

static void read_file(const char *path, uint8_t **bytes, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &status), 0);
    *size = (size_t)status.st_size;
    *bytes = malloc(*size + 1);
    assert_int_equal(read(fd, *bytes, *size), *size);
    close(fd);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void add_event(sarn_engine *engine, uint32_t number)
{
    char text[32];
    struct sarn_error error;

    snprintf(text, sizeof(text), "event number %03u.", number);
    assert_ok(good_log_append(engine, "talk-1", sarn_str(text), &error), &error);
}

/* Events that can be told from each other, in a commit each. */
static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    sarn_engine *engine;

    tempdir_make(&f->good.dir);
    snprintf(f->good.path, sizeof(f->good.path), "%s",
             tempdir_path(&f->good.dir, "good.sarn"));
    snprintf(f->new_path, sizeof(f->new_path), "%s",
             tempdir_path(&f->good.dir, "new.sarn"));
    snprintf(f->part, sizeof(f->part), "%s-part", f->new_path);
    assert_ok(sarn_open(f->good.path, NULL, &engine, &f->good.error), &f->good.error);
    for (uint32_t i = 0; i < EVENTS; i++) {
        add_event(engine, i);
    }
    sarn_close(engine);
    read_file(f->good.path, &f->bytes, &f->size);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    tempdir_remove(&f->good.dir);
    free(f->bytes);
    free(f);
    return 0;
}

#define NONE UINT32_MAX

/* Change a byte in every copy of what is looked for but the one of that number; answers
 * how many there are. */
static uint32_t spoil(struct fixture *f, const char *what, uint32_t but)
{
    uint8_t *bytes = malloc(f->size), *at = bytes, *end = bytes + f->size;
    size_t size = strlen(what);
    uint32_t copies = 0;

    memcpy(bytes, f->bytes, f->size);
    while ((at = memmem(at, (size_t)(end - at), what, size)) != NULL) {
        at[size - 1] ^= copies++ == but ? 0 : 1;
        at += size;
    }
    write_file(f->good.path, bytes, f->size);
    free(bytes);
    return copies;
}

/* --- repairing --- */

static void keep(void *arg, const char *text)
{
    struct fixture *f = arg;
    size_t used = strlen(f->findings);

    snprintf(f->findings + used, sizeof(f->findings) - used, "%s\n", text);
}

static sarn_status repair(struct fixture *f)
{
    f->repair = (struct sarn_repair)SARN_REPAIR_INIT;
    f->repair.finding = keep;
    f->repair.arg = f;
    f->findings[0] = '\0';
    return sarn_log_repair(f->good.path, f->new_path, &f->repair, &f->good.error);
}

static struct sarn_log_stats stats_of(const char *path)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct sarn_error error;
    sarn_log *log;

    assert_ok(sarn_log_open(path, NULL, &log, &error), &error);
    assert_ok(sarn_log_get_stats(log, &stats, &error), &error);
    sarn_log_close(log);
    return stats;
}

/* It was refused, and left nothing. */
static void assert_refused(struct fixture *f, sarn_status status, const char *text)
{
    assert_int_equal(repair(f), status);
    if (strstr(f->good.error.text, text) == NULL) {
        fail_msg("wanted \"%s\" in \"%s\"", text, f->good.error.text);
    }
    assert_int_not_equal(access(f->new_path, F_OK), 0);
    assert_int_not_equal(access(f->part, F_OK), 0);
}

/* --- a disk that does not give everything --- */

/* Reads of this part of any file fail, in front of libc's. */
static off_t bad_from, bad_to;

ssize_t pread(int fd, void *buffer, size_t bytes, off_t at)
{
    if (at < bad_to && at + (off_t)bytes > bad_from) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, buffer, bytes, at);
}

/* --- what is saved --- */

static void a_whole_log_is_saved_whole(void **state)
{
    struct fixture *f = *state;
    struct sarn_log_stats before = stats_of(f->good.path), after;
    uint8_t *bytes;
    size_t size;

    assert_ok(repair(f), &f->good.error);
    assert_string_equal(f->findings, "");
    assert_int_equal(f->repair.lost_events, 0);
    assert_int_equal(f->repair.events, before.last_position);
    assert_ok(sarn_log_verify(f->new_path, NULL, &f->good.error), &f->good.error);
    after = stats_of(f->new_path);
    assert_int_equal(after.last_position, before.last_position);
    assert_int_equal(after.commits, f->repair.commits);
    assert_memory_equal(after.log_id.bytes, before.log_id.bytes, 16);
    assert_memory_equal(after.head_hash, before.head_hash, 32);
    assert_memory_equal(f->repair.end.hash, before.head_hash, 32);
    read_file(f->good.path, &bytes, &size);
    assert_int_equal(size, f->size);
    assert_memory_equal(bytes, f->bytes, size);
    free(bytes);
}

static void counts_of_a_repair_before_are_not_added_to(void **state)
{
    struct fixture *f = *state;
    uint64_t commits;

    assert_ok(repair(f), &f->good.error);
    commits = f->repair.commits;
    unlink(f->new_path);
    f->repair.lost_events = 7;
    assert_ok(sarn_log_repair(f->good.path, f->new_path, &f->repair, &f->good.error),
              &f->good.error);
    assert_int_equal(f->repair.commits, commits);
    assert_int_equal(f->repair.lost_events, 0);
}

static void a_damaged_record_ends_what_is_saved(void **state)
{
    struct fixture *f = *state;
    uint64_t last = stats_of(f->good.path).last_position;

    assert_true(spoil(f, "event number 017.", NONE) > 0);
    assert_ok(repair(f), &f->good.error);
    /* Event n has the same place from the end as number n of 0..39. */
    assert_int_equal(f->repair.end.position, last - (EVENTS - 17));
    assert_int_equal(f->repair.lost_events, EVENTS - 17);
    assert_non_null(strstr(f->findings, "is damaged or missing, so the commit of the "
                                        "positions "));
    assert_non_null(strstr(f->findings, "are not saved: at least 23, up to position "));
    assert_ok(sarn_log_verify(f->new_path, NULL, &f->good.error), &f->good.error);
}

static void one_copy_of_it_is_enough_wherever_it_lies(void **state)
{
    struct fixture *f = *state;
    uint64_t last = stats_of(f->good.path).last_position;
    uint32_t copies = 0;
    char text[32];

    for (uint32_t i = EVENTS; i > 0 && copies < 2; i--) {
        snprintf(text, sizeof(text), "event number %03u.", i - 1);
        copies = spoil(f, text, NONE); /* Free pages still hold it as it was. */
    }
    assert_true(copies > 1);
    for (uint32_t i = 0; i < copies; i++) {
        assert_int_equal(spoil(f, text, i), copies);
        assert_ok(repair(f), &f->good.error);
        assert_string_equal(f->findings, "");
        assert_int_equal(f->repair.end.position, last);
        unlink(f->new_path);
    }
}

static void without_metas_all_is_saved_and_the_end_is_not_certain(void **state)
{
    struct fixture *f = *state;
    struct sarn_log_stats before = stats_of(f->good.path);

    memset(f->bytes, 0, 8192);
    write_file(f->good.path, f->bytes, f->size);
    assert_ok(repair(f), &f->good.error);
    assert_int_equal(f->repair.events, before.last_position);
    assert_memory_equal(f->repair.end.hash, before.head_hash, 32);
    assert_non_null(strstr(f->findings, "where the log ended is no longer certain"));
}

static void a_last_commit_whose_key_is_damaged_says_itself_where_it_ends(void **state)
{
    struct fixture *f = *state;
    struct sarn_log_stats before = stats_of(f->good.path);
    uint64_t key = 2 * before.last_position + 1;
    uint8_t wanted[12] = {0}, *at = f->bytes, *end = f->bytes + f->size;
    uint32_t copies = 0;

    memcpy(wanted, &key, sizeof(key));
    wanted[8] = 1; /* What a commit record begins with. */
    while ((at = memmem(at, (size_t)(end - at), wanted, sizeof(wanted))) != NULL) {
        at[5] ^= 4; /* A position that no log ever had. */
        copies += 1;
    }
    assert_true(copies > 0);
    write_file(f->good.path, f->bytes, f->size);
    assert_ok(repair(f), &f->good.error);
    assert_int_equal(f->repair.events, before.last_position);
    assert_int_equal(f->repair.lost_events, 0);
}

static void a_page_that_the_disk_does_not_give_is_damage_like_any_other(void **state)
{
    struct fixture *f = *state;
    struct sarn_log_stats before = stats_of(f->good.path);

    for (off_t page = 0; page * 4096 < (off_t)f->size; page++) {
        sarn_status status;

        bad_from = page * 4096;
        bad_to = bad_from + 4096;
        status = repair(f);
        bad_from = bad_to = 0;
        assert_non_null(
            strstr(f->findings, "the disk does not give 1 page of the file"));
        if (status == SARN_OK) {
            assert_ok(sarn_log_verify(f->new_path, NULL, &f->good.error),
                      &f->good.error);
            assert_int_equal(f->repair.events + f->repair.lost_events,
                             before.last_position);
            unlink(f->new_path);
        } else {
            assert_int_equal(status, SARN_ERR_CORRUPT); /* The first event was there. */
        }
    }
}

static void without_its_description_it_gets_a_new_id(void **state)
{
    struct fixture *f = *state;
    struct sarn_log_stats before = stats_of(f->good.path), after;

    assert_true(spoil(f, "sarn log", NONE) > 0);
    assert_ok(repair(f), &f->good.error);
    assert_non_null(strstr(f->findings, "the new log has a new id"));
    after = stats_of(f->new_path);
    assert_int_equal(after.last_position, before.last_position);
    assert_memory_not_equal(after.log_id.bytes, before.log_id.bytes, 16);
}

static void a_cut_file_gives_its_beginning(void **state)
{
    struct fixture *f = *state;
    uint64_t last = stats_of(f->good.path).last_position, before = last;

    for (size_t size = f->size - 4096; size >= 8192; size -= 4096) {
        assert_int_equal(truncate(f->good.path, (off_t)size), 0);
        if (repair(f) != SARN_OK) {
            assert_int_equal(f->good.error.status, SARN_ERR_CORRUPT);
            assert_int_not_equal(access(f->new_path, F_OK), 0);
            continue;
        }
        assert_true(f->repair.events <= before);
        before = f->repair.events;
        assert_true(f->repair.events == last || f->findings[0] != '\0');
        assert_ok(sarn_log_verify(f->new_path, NULL, &f->good.error), &f->good.error);
        unlink(f->new_path);
    }
    assert_true(before < last);
}

/* A commit whose outcome was in doubt and that was lost, left in pages that are free
 * again: here behind the end of the file. */
static void a_lost_commit_does_not_come_back(void **state)
{
    struct fixture *f = *state;
    uint64_t last = stats_of(f->good.path).last_position;
    uint8_t *grown, *both;
    sarn_engine *engine;
    size_t size;

    assert_ok(sarn_open(f->good.path, NULL, &engine, &f->good.error), &f->good.error);
    add_event(engine, 99);
    sarn_close(engine);
    read_file(f->good.path, &grown, &size);
    both = malloc(f->size + size);
    memcpy(both, f->bytes, f->size);
    memcpy(both + f->size, grown, size);
    write_file(f->good.path, both, f->size + size);
    assert_ok(repair(f), &f->good.error);
    assert_string_equal(f->findings, "");
    assert_int_equal(f->repair.events, last);

    /* Another commit took its place: that is the one. */
    unlink(f->new_path);
    write_file(f->good.path, f->bytes, f->size);
    assert_ok(sarn_open(f->good.path, NULL, &engine, &f->good.error), &f->good.error);
    add_event(engine, 100);
    sarn_close(engine);
    free(f->bytes);
    read_file(f->good.path, &f->bytes, &f->size);
    free(both);
    both = malloc(f->size + size);
    memcpy(both, f->bytes, f->size);
    memcpy(both + f->size, grown, size);
    write_file(f->good.path, both, f->size + size);
    assert_ok(repair(f), &f->good.error);
    assert_string_equal(f->findings, "");
    f->good.error.text[0] = '\0';
    free(grown);
    read_file(f->new_path, &grown, &size);
    assert_non_null(memmem(grown, size, "event number 100.", 17));
    assert_null(memmem(grown, size, "event number 099.", 17));
    free(grown);
    free(both);
}

/* --- who is refused --- */

static void what_holds_no_log_gives_none(void **state)
{
    struct fixture *f = *state;

    memset(f->bytes, 'a', f->size);
    write_file(f->good.path, f->bytes, f->size);
    assert_refused(f, SARN_ERR_CORRUPT, "nothing can be saved");
    write_file(f->good.path, f->bytes, 0);
    assert_refused(f, SARN_ERR_NOT_FOUND, "is empty");
    unlink(f->good.path);
    assert_refused(f, SARN_ERR_NOT_FOUND, "there is no log");
    assert_int_equal(sarn_log_repair("", f->new_path, NULL, NULL), SARN_ERR_INVALID);
    assert_int_equal(sarn_log_repair(f->good.path, NULL, NULL, NULL), SARN_ERR_INVALID);
}

static void a_file_that_is_there_is_not_replaced(void **state)
{
    struct fixture *f = *state;
    uint8_t *bytes;
    size_t size;

    write_file(f->new_path, (const uint8_t *)"mine", 4);
    assert_int_equal(repair(f), SARN_ERR_EXISTS);
    read_file(f->new_path, &bytes, &size);
    assert_int_equal(size, 4);
    free(bytes);
    unlink(f->new_path);
    write_file(f->part, (const uint8_t *)"mine", 4);
    assert_int_equal(repair(f), SARN_ERR_EXISTS);
    assert_non_null(strstr(f->good.error.text, "new.sarn-part"));
    assert_int_equal(access(f->part, F_OK), 0);
}

static void own_and_wait(struct fixture *f, int ready, int done)
{
    struct sarn_error error;
    sarn_engine *engine;
    char byte = 'x';

    if (sarn_open(f->good.path, NULL, &engine, &error) != SARN_OK ||
        write(ready, &byte, 1) != 1 || read(done, &byte, 1) != 0) {
        _exit(1);
    }
    sarn_close(engine);
    _exit(0);
}

static void a_log_that_is_owned_is_left_alone(void **state)
{
    struct fixture *f = *state;
    int ready[2], done[2], how;
    sarn_engine *engine;
    char byte, pid[16];
    pid_t owner;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    assert_int_equal(pipe2(done, O_CLOEXEC), 0);
    owner = fork();
    if (owner == 0) {
        close(done[1]);
        own_and_wait(f, ready[1], done[0]);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    snprintf(pid, sizeof(pid), "%d", (int)owner);
    assert_refused(f, SARN_ERR_BUSY, pid);
    close(done[0]);
    close(done[1]);
    close(ready[0]);
    close(ready[1]);
    assert_int_equal(waitpid(owner, &how, 0), owner);
    assert_int_equal(how, 0);

    assert_ok(sarn_open(f->good.path, NULL, &engine, &f->good.error), &f->good.error);
    assert_refused(f, SARN_ERR_BUSY, "is open in this process");
    sarn_close(engine);
}

/* Meanwhile nobody can own it. */
static sarn_status try_to_own(void *arg, uint64_t done, uint64_t total)
{
    struct fixture *f = arg;
    int how = 0;
    pid_t child = fork();

    (void)done;
    (void)total;
    if (child == 0) {
        sarn_engine *engine;

        _exit(sarn_open(f->good.path, NULL, &engine, NULL) == SARN_ERR_BUSY ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    return SARN_ERR_TIMEOUT; /* And that ends it. */
}

static void nobody_owns_it_meanwhile_and_progress_ends_it(void **state)
{
    struct fixture *f = *state;

    f->repair = (struct sarn_repair)SARN_REPAIR_INIT;
    f->repair.progress = try_to_own;
    f->repair.arg = f;
    assert_int_equal(
        sarn_log_repair(f->good.path, f->new_path, &f->repair, &f->good.error),
        SARN_ERR_TIMEOUT);
    assert_int_not_equal(access(f->new_path, F_OK), 0);
}

/* --- what goes wrong on the way --- */

static void repair_without_room(struct good_log *good, struct finding *finding)
{
    const struct rlimit limit = {20000, 20000};
    char new_path[300];

    snprintf(new_path, sizeof(new_path), "%s", tempdir_path(&good->dir, "new.sarn"));
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    finding->status = sarn_log_repair(good->path, new_path, NULL, &finding->error);
}

static void without_room_nothing_is_left(void **state)
{
    struct fixture *f = *state;
    struct finding finding = in_child(&f->good, repair_without_room);

    assert_int_equal(finding.status, SARN_ERR_FULL);
    assert_true(finding.error.text[0] != '\0');
    assert_int_not_equal(access(f->new_path, F_OK), 0);
    assert_int_not_equal(access(f->part, F_OK), 0);
}

static void die(void *arg, const char *text)
{
    (void)arg;
    (void)text;
    raise(SIGKILL);
}

static void one_that_is_killed_leaves_no_log_behind(void **state)
{
    struct fixture *f = *state;
    int how = 0;
    pid_t child;

    spoil(f, "event number 017.", NONE); /* So that there is something to say. */
    child = fork();
    if (child == 0) {
        f->repair = (struct sarn_repair)SARN_REPAIR_INIT;
        f->repair.finding = die;
        _exit(sarn_log_repair(f->good.path, f->new_path, &f->repair, NULL) == SARN_OK
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    assert_int_not_equal(access(f->new_path, F_OK), 0);
    assert_int_equal(repair(f), SARN_ERR_EXISTS);
    assert_non_null(strstr(f->good.error.text, "left by a repair that was cut off"));
    unlink(f->part);
    assert_ok(repair(f), &f->good.error);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_whole_log_is_saved_whole),
        CASE(counts_of_a_repair_before_are_not_added_to),
        CASE(a_damaged_record_ends_what_is_saved),
        CASE(one_copy_of_it_is_enough_wherever_it_lies),
        CASE(without_metas_all_is_saved_and_the_end_is_not_certain),
        CASE(a_last_commit_whose_key_is_damaged_says_itself_where_it_ends),
        CASE(a_page_that_the_disk_does_not_give_is_damage_like_any_other),
        CASE(without_its_description_it_gets_a_new_id),
        CASE(a_cut_file_gives_its_beginning),
        CASE(a_lost_commit_does_not_come_back),
        CASE(what_holds_no_log_gives_none),
        CASE(a_file_that_is_there_is_not_replaced),
        CASE(a_log_that_is_owned_is_left_alone),
        CASE(nobody_owns_it_meanwhile_and_progress_ends_it),
        CASE(without_room_nothing_is_left),
        CASE(one_that_is_killed_leaves_no_log_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
