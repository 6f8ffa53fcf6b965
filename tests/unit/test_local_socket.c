/* infra/posix/local_socket: a private socket, at its name while somebody listens. */
#define _GNU_SOURCE

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra/posix/local_socket.h"
#include "support/heap.h"
#include "support/tempdir.h"

#include "support/test.h"

struct fixture {
    struct tempdir dir;
    char path[512];
    struct test_heap counts;
    struct sarn_heap heap;
    struct sarn__local_socket *socket;
    struct sarn_error error;
};

static void prepare(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    tempdir_make(&f->dir);
    snprintf(f->path, sizeof(f->path), "%s", tempdir_path(&f->dir, "log-control"));
    f->heap = test_heap(&f->counts);
}

static void listen_at(struct fixture *f)
{
    assert_ok(sarn__local_listen(f->path, &f->heap, &f->socket, &f->error), &f->error);
}

static void close_socket(struct fixture *f)
{
    sarn__local_destroy(f->socket);
    assert_int_equal(access(f->path, F_OK), -1);
    assert_int_equal(f->counts.live, 0);
    tempdir_remove(&f->dir);
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

static mode_t mode_of(const struct fixture *f)
{
    struct stat status;

    assert_int_equal(lstat(f->path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    return status.st_mode & 07777;
}

static void only_its_user_may_speak_to_it_whatever_the_umask(void **unused)
{
    static const mode_t masks[] = {0, 022, 077, 0777};

    (void)unused;
    for (size_t i = 0; i < COUNT(masks); i++) {
        struct fixture f;
        mode_t before;

        prepare(&f);
        before = umask(masks[i]);
        listen_at(&f);
        umask(before);
        assert_int_equal(mode_of(&f), 0600);
        close_socket(&f);
    }
}

static void what_a_dead_process_left_is_replaced_and_nothing_else(void **unused)
{
    struct fixture f;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int left = socket(AF_UNIX, SOCK_STREAM, 0);
    int fd;

    (void)unused;
    prepare(&f);
    snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", f.path);
    assert_int_equal(bind(left, (struct sockaddr *)&address, sizeof(address)), 0);
    close(left);
    assert_int_equal(try_join(&f), -1);
    assert_int_equal(f.error.status, SARN_ERR_NOT_FOUND);
    listen_at(&f);
    close(join(&f));
    close_socket(&f);

    prepare(&f);
    assert_int_equal(try_join(&f), -1); /* Nothing there. */
    assert_int_equal(f.error.status, SARN_ERR_NOT_FOUND);
    fd = open(f.path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(try_join(&f), -1); /* A file. */
    assert_int_equal(f.error.status, SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn__local_listen(f.path, &f.heap, &f.socket, &f.error),
                     SARN_ERR_EXISTS);
    assert_non_null(strstr(f.error.text, "move it away"));
    assert_int_equal(f.counts.live, 0);
    tempdir_remove(&f.dir);
}

static void the_socket_of_who_took_over_is_left_alone(void **unused)
{
    struct fixture f;
    struct sarn__local_socket *old;

    (void)unused;
    prepare(&f);
    listen_at(&f);
    old = f.socket;
    listen_at(&f); /* The next owner. */
    sarn__local_destroy(old);
    close(join(&f));
    close_socket(&f);
}

/* The name itself is longer than a socket's address. */
static void a_path_may_be_longer_than_an_address(void **unused)
{
    struct fixture f;
    char name[200];

    (void)unused;
    prepare(&f);
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    snprintf(f.path, sizeof(f.path), "%s", tempdir_path(&f.dir, name));
    listen_at(&f);
    assert_int_equal(mode_of(&f), 0600);
    close(join(&f));
    close_socket(&f);
}

static void a_directory_that_is_not_there_is_named(void **unused)
{
    struct fixture f;

    (void)unused;
    prepare(&f);
    snprintf(f.path, sizeof(f.path), "%s", tempdir_path(&f.dir, "no/log-control"));
    assert_int_equal(sarn__local_listen(f.path, &f.heap, &f.socket, &f.error),
                     SARN_ERR_IO);
    assert_non_null(strstr(f.error.text, "no/log-control"));
    tempdir_remove(&f.dir);
}

/* Run as another user; only root can. What it heard is its exit status. */
static int stranger(struct fixture *f)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        uint32_t pid;
        int fd;

        if (setgid(65534) != 0 || setuid(65534) != 0) {
            _exit(3);
        }
        if (sarn__local_connect(f->path, 0, 1000, &fd, &pid, NULL) != SARN_OK) {
            _exit(1); /* The mode kept it out. */
        }
        _exit(send(fd, "x\n", 2, MSG_NOSIGNAL) == 2 ? 2 : 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void another_user_is_not_heard(void **unused)
{
    struct fixture f;
    int fd;

    (void)unused;
    if (geteuid() != 0) {
        skip();
    }
    prepare(&f);
    listen_at(&f);
    assert_int_equal(chmod(f.dir.path, 0711), 0);
    assert_int_equal(stranger(&f), 1);
    assert_int_equal(chmod(f.path, 0666), 0); /* Somebody has widened it. */
    assert_int_equal(stranger(&f), 2);
    assert_int_equal(sarn__local_accept(f.socket), -1);
    close(join(&f)); /* Its own user is. */
    fd = sarn__local_accept(f.socket);
    assert_true(fd >= 0);
    close(fd);
    close_socket(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_user_may_speak_to_it_whatever_the_umask),
        cmocka_unit_test(what_a_dead_process_left_is_replaced_and_nothing_else),
        cmocka_unit_test(the_socket_of_who_took_over_is_left_alone),
        cmocka_unit_test(a_path_may_be_longer_than_an_address),
        cmocka_unit_test(a_directory_that_is_not_there_is_named),
        cmocka_unit_test(another_user_is_not_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
