/* infra/posix/line_server, line_client: clients that say a line and get one back,
 * whatever else they do. */
#define _GNU_SOURCE

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/heap.h"
#include "infra/posix/line_client.h"
#include "infra/posix/line_server.h"
#include "support/heap.h"
#include "support/tempdir.h"

#include "support/test.h"

#define LINE_MAX_BYTES 64
#define CLIENTS        3

struct fixture {
    struct tempdir dir;
    char path[512];
    struct test_heap counts;
    struct sarn_heap heap;
    struct sarn__line_server *server;
    struct sarn__line_options options;
    struct sarn_error error;
    bool later;           /* Do not answer at once. */
    uint64_t last_client; /* Who said: */
    char last[LINE_MAX_BYTES];
    uint32_t lines;
};

/* Answers "<line>!". */
static void on_line(void *arg, uint64_t client, struct sarn_str line)
{
    struct fixture *f = arg;
    char answer[LINE_MAX_BYTES + 1];

    f->last_client = client;
    f->lines++;
    memcpy(f->last, line.data, line.size);
    f->last[line.size] = '\0';
    if (!f->later) {
        snprintf(answer, sizeof(answer), "%s!", f->last);
        sarn__line_server_answer(f->server, client, sarn_str(answer));
    }
}

static void prepare(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    tempdir_make(&f->dir);
    snprintf(f->path, sizeof(f->path), "%s", tempdir_path(&f->dir, "log-control"));
    f->heap = test_heap(&f->counts);
    f->options = (struct sarn__line_options){.clients_max = CLIENTS,
                                             .line_max = LINE_MAX_BYTES,
                                             .deadline_ms = 60000,
                                             .too_many = SARN_STR("too many\n"),
                                             .too_long = SARN_STR("too long\n"),
                                             .on_line = on_line,
                                             .arg = f};
}

static void serve_at(struct fixture *f)
{
    assert_ok(
        sarn__line_server_create(f->path, &f->options, &f->heap, &f->server, &f->error),
        &f->error);
}

static void open_server(struct fixture *f)
{
    prepare(f);
    serve_at(f);
}

static void close_server(struct fixture *f)
{
    sarn__line_server_destroy(f->server);
    assert_int_equal(access(f->path, F_OK), -1);
    assert_int_equal(f->counts.live, 0);
    tempdir_remove(&f->dir);
}

/* Let the server do what there is to do. */
static void pump(struct fixture *f)
{
    struct pollfd fd = {.fd = sarn__line_server_fd(f->server), .events = POLLIN};

    while (poll(&fd, 1, 0) == 1) {
        sarn__line_server_serve(f->server);
    }
}

static int try_join(struct fixture *f)
{
    uint32_t pid;
    int fd = -1;

    if (sarn__local_connect(f->path, geteuid(), 1000, &fd, &pid, &f->error) !=
        SARN_OK) {
        return -1;
    }
    assert_int_equal(pid, getpid());
    return fd;
}

static int join(struct fixture *f)
{
    int fd = try_join(f);

    assert_true(fd >= 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that has come, or "(closed)". */
static const char *heard(int fd)
{
    static char text[1024];
    ssize_t size = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

    if (size <= 0) {
        return size == 0 || errno == ECONNRESET ? "(closed)" : "";
    }
    text[size] = '\0';
    return text;
}

/* --- lines --- */

static void lines_are_answered_in_order_however_they_arrive(void **unused)
{
    struct fixture f;
    int fd;

    (void)unused;
    open_server(&f);
    fd = join(&f);
    say(fd, "hal");
    pump(&f);
    assert_string_equal(heard(fd), "");
    say(fd, "f\n");
    pump(&f);
    assert_string_equal(heard(fd), "half!\n");
    say(fd, "one\ntwo\n\nthr");
    pump(&f);
    assert_string_equal(heard(fd), "one!\ntwo!\n!\n");
    say(fd, "ee\n");
    pump(&f);
    assert_string_equal(heard(fd), "three!\n");
    close(fd);
    close_server(&f);
}

static void an_answer_may_come_later_and_lines_wait_for_it(void **unused)
{
    struct fixture f;
    int fd;

    (void)unused;
    open_server(&f);
    f.later = true;
    fd = join(&f);
    say(fd, "one\ntwo\n");
    pump(&f);
    assert_int_equal(f.lines, 1);
    assert_string_equal(heard(fd), "");
    sarn__line_server_answer(f.server, f.last_client, sarn_str("yes"));
    assert_string_equal(heard(fd), "yes\n");
    assert_int_equal(f.lines, 2);
    assert_string_equal(f.last, "two");
    sarn__line_server_answer(f.server, f.last_client, sarn_str("no"));
    assert_string_equal(heard(fd), "no\n");
    close(fd);
    close_server(&f);
}

static void who_hangs_up_has_not_said_its_line_or_does_not_hear(void **unused)
{
    struct fixture f;
    uint64_t gone;
    int fd;

    (void)unused;
    open_server(&f);
    fd = join(&f);
    pump(&f);
    say(fd, "never\n");
    close(fd);
    pump(&f);
    assert_int_equal(f.lines, 0);

    f.later = true;
    fd = join(&f);
    say(fd, "first\n");
    pump(&f);
    gone = f.last_client;
    close(fd);
    pump(&f);
    fd = join(&f); /* In the place of the one that has gone. */
    say(fd, "second\n");
    pump(&f);
    assert_int_equal(f.lines, 2);
    sarn__line_server_answer(f.server, gone, sarn_str("first"));
    assert_string_equal(heard(fd), "");
    sarn__line_server_answer(f.server, f.last_client, sarn_str("second"));
    assert_string_equal(heard(fd), "second\n");
    close(fd);
    close_server(&f);
}

static void who_only_closes_its_own_side_still_hears(void **unused)
{
    struct fixture f;
    int fd;

    (void)unused;
    open_server(&f);
    f.later = true;
    fd = join(&f);
    say(fd, "last\n");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    pump(&f);
    sarn__line_server_answer(f.server, f.last_client, sarn_str("heard"));
    pump(&f);
    assert_string_equal(heard(fd), "heard\n");
    assert_string_equal(heard(fd), "(closed)");
    close(fd);
    close_server(&f);
}

/* --- bounds --- */

static void a_line_that_is_too_long_ends_its_client_only(void **unused)
{
    struct fixture f;
    char text[LINE_MAX_BYTES + 1];
    int fd, other;

    (void)unused;
    open_server(&f);
    fd = join(&f);
    other = join(&f);
    memset(text, 'x', LINE_MAX_BYTES);
    text[LINE_MAX_BYTES - 1] = '\n';
    text[LINE_MAX_BYTES] = '\0';
    say(fd, text); /* As long as may be. */
    pump(&f);
    assert_int_equal(f.lines, 1);
    assert_int_equal(strlen(heard(fd)), LINE_MAX_BYTES + 1);
    text[LINE_MAX_BYTES - 1] = 'x';
    say(fd, text);
    pump(&f);
    assert_int_equal(f.lines, 1);
    assert_string_equal(heard(fd), "too long\n");
    assert_string_equal(heard(fd), "(closed)");
    say(other, "here\n");
    pump(&f);
    assert_string_equal(heard(other), "here!\n");
    close(fd);
    close(other);
    close_server(&f);
}

static void one_client_too_many_is_told_and_the_next_finds_room(void **unused)
{
    struct fixture f;
    int fds[CLIENTS + 1];

    (void)unused;
    open_server(&f);
    for (int i = 0; i < CLIENTS + 1; i++) {
        fds[i] = join(&f);
        pump(&f);
    }
    assert_string_equal(heard(fds[CLIENTS]), "too many\n");
    assert_string_equal(heard(fds[CLIENTS]), "(closed)");
    for (int i = 0; i < CLIENTS + 1; i++) {
        close(fds[i]);
    }
    pump(&f);
    fds[0] = join(&f);
    say(fds[0], "now\n");
    pump(&f);
    assert_string_equal(heard(fds[0]), "now!\n");
    close(fds[0]);
    close_server(&f);
}

static void who_takes_too_long_is_shut_out_and_who_waits_is_not(void **unused)
{
    struct fixture f;
    int slow, waiting;

    (void)unused;
    prepare(&f);
    f.options.deadline_ms = 1;
    serve_at(&f);
    f.later = true;
    waiting = join(&f);
    say(waiting, "wait\n");
    do { /* Unless its time was up before it was heard. */
        pump(&f);
        if (f.lines == 0) {
            close(waiting);
            waiting = join(&f);
            say(waiting, "wait\n");
        }
    } while (f.lines == 0);
    slow = join(&f);
    say(slow, "half a li");
    while (strcmp(heard(slow), "(closed)") != 0) {
        struct pollfd fd = {.fd = sarn__line_server_fd(f.server), .events = POLLIN};

        assert_int_equal(poll(&fd, 1, -1), 1);
        sarn__line_server_serve(f.server);
    }
    sarn__line_server_answer(f.server, f.last_client, sarn_str("done"));
    assert_string_equal(heard(waiting), "done\n");
    close(slow);
    close(waiting);
    close_server(&f);
}

static void after_stop_answers_go_out_and_nobody_comes_in(void **unused)
{
    struct fixture f;
    int idle, waiting;

    (void)unused;
    open_server(&f);
    f.later = true;
    idle = join(&f);
    waiting = join(&f);
    say(waiting, "one\n");
    pump(&f);
    sarn__line_server_stop(f.server);
    assert_string_equal(heard(idle), "(closed)");
    assert_int_equal(try_join(&f), -1);
    assert_int_equal(f.error.status, SARN_ERR_NOT_FOUND);
    sarn__line_server_answer(f.server, f.last_client, sarn_str("bye"));
    pump(&f);
    assert_string_equal(heard(waiting), "bye\n");
    assert_string_equal(heard(waiting), "(closed)");
    close(idle);
    close(waiting);
    close_server(&f);
}

static void without_memory_it_is_refused_or_its_client_is(void **unused)
{
    uint64_t failed = 0;
    bool created = false, heard_it = false;

    (void)unused;
    while (!heard_it) {
        struct fixture f;

        prepare(&f);
        f.counts.fail_at = ++failed;
        created = sarn__line_server_create(f.path, &f.options, &f.heap, &f.server,
                                           &f.error) == SARN_OK;
        if (created) {
            int fd = join(&f);

            say(fd, "well\n");
            pump(&f);
            heard_it = strcmp(heard(fd), "well!\n") == 0;
            close(fd);
            sarn__line_server_destroy(f.server);
        } else {
            assert_int_equal(f.error.status, SARN_ERR_NOMEM);
        }
        assert_int_equal(f.counts.live, 0);
        assert_int_equal(access(f.path, F_OK), -1);
        tempdir_remove(&f.dir);
    }
    assert_true(failed > 4);
}

/* --- the other side --- */

static void *serve_one(void *arg)
{
    struct fixture *f = arg;
    struct pollfd fd = {.fd = sarn__line_server_fd(f->server), .events = POLLIN};

    while (f->lines == 0) {
        poll(&fd, 1, -1);
        sarn__line_server_serve(f->server);
    }
    return NULL;
}

/* Ask, served by another thread. */
static sarn_status ask(struct fixture *f,
                       uint32_t answer_max,
                       struct sarn_arena *arena,
                       struct sarn_str *answer)
{
    pthread_t thread;
    sarn_status status;

    f->lines = 0;
    pthread_create(&thread, NULL, serve_one, f);
    status = sarn__line_ask(f->path, geteuid(), sarn_str("question"), 60000, answer_max,
                            arena, answer, &f->error);
    pthread_join(thread, NULL);
    return status;
}

static void a_client_asks_and_is_answered(void **unused)
{
    struct fixture f;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str answer;

    (void)unused;
    open_server(&f);
    assert_ok(ask(&f, 100, arena, &answer), &f.error);
    assert_str_equal(answer, "question!");
    assert_int_equal(ask(&f, 4, arena, &answer), SARN_ERR_TOO_LARGE);
    close_server(&f);
    sarn_arena_destroy(arena);
}

static void *serve_one_and_end(void *arg)
{
    struct fixture *f = arg;

    serve_one(f);
    sarn__line_server_destroy(f->server); /* Without an answer. */
    return NULL;
}

static void
an_owner_that_ends_before_it_answers_leaves_its_client_in_doubt(void **unused)
{
    struct fixture f;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str answer;
    pthread_t thread;

    (void)unused;
    open_server(&f);
    f.later = true;
    pthread_create(&thread, NULL, serve_one_and_end, &f);
    assert_int_equal(sarn__line_ask(f.path, geteuid(), sarn_str("question"), 60000, 100,
                                    arena, &answer, &f.error),
                     SARN_ERR_IN_DOUBT);
    pthread_join(thread, NULL);
    assert_non_null(strstr(f.error.text, "before it answered"));
    assert_int_equal(f.counts.live, 0);
    tempdir_remove(&f.dir);
    sarn_arena_destroy(arena);
}

static void an_owner_that_does_not_look_is_named(void **unused)
{
    struct fixture f;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str answer;
    char pid[32];

    (void)unused;
    open_server(&f);
    snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
    assert_int_equal(sarn__line_ask(f.path, geteuid(), sarn_str("question"), 1, 100,
                                    arena, &answer, &f.error),
                     SARN_ERR_TIMEOUT);
    assert_non_null(strstr(f.error.text, pid));
    pump(&f);
    assert_int_equal(f.lines, 0); /* It had given up: nothing is done behind it. */
    close_server(&f);
    sarn_arena_destroy(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_answered_in_order_however_they_arrive),
        cmocka_unit_test(an_answer_may_come_later_and_lines_wait_for_it),
        cmocka_unit_test(who_hangs_up_has_not_said_its_line_or_does_not_hear),
        cmocka_unit_test(who_only_closes_its_own_side_still_hears),
        cmocka_unit_test(a_line_that_is_too_long_ends_its_client_only),
        cmocka_unit_test(one_client_too_many_is_told_and_the_next_finds_room),
        cmocka_unit_test(who_takes_too_long_is_shut_out_and_who_waits_is_not),
        cmocka_unit_test(after_stop_answers_go_out_and_nobody_comes_in),
        cmocka_unit_test(without_memory_it_is_refused_or_its_client_is),
        cmocka_unit_test(a_client_asks_and_is_answered),
        cmocka_unit_test(
            an_owner_that_ends_before_it_answers_leaves_its_client_in_doubt),
        cmocka_unit_test(an_owner_that_does_not_look_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
