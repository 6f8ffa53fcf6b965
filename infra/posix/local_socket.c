#define _GNU_SOURCE /* accept4, O_PATH, struct ucred */

#include "infra/posix/local_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"

#define SOCKET_MODE   0600
#define BACKLOG       16
#define NAME_MAX_SIZE 256u

struct sarn__local_socket {
    struct sarn_heap heap;
    int fd;        /* -1: does not listen any more. */
    int directory; /* That the name is in. */
    dev_t device;
    ino_t inode; /* Of the name as we made it. */
    char name[NAME_MAX_SIZE];
};

/* --- names --- */

/* path as the directory it is in, opened, and the name there. */
static int open_parent(const char *path, const char **name)
{
    char directory[4096];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    *name = path + size;
    if (size + 2 > sizeof(directory) || strlen(*name) >= NAME_MAX_SIZE) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(directory, path, size);
    memcpy(directory + size, ".", 2);
    return open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The address of name in directory: never too long, whatever the path is. */
static void address_in(int directory, const char *name, struct sockaddr_un *address)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    (void)snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
                   directory, name);
}

SARN_MUST_USE static sarn_status
fail_listen(const char *path, int why, struct sarn_error *error)
{
    bool denied = why == EACCES || why == EPERM || why == EROFS;

    return sarn__fail(error, denied ? SARN_ERR_PERMISSION : SARN_ERR_IO,
                      "cannot make the socket \"%s\": %s; make its directory writable, "
                      "or open without it",
                      path, strerror(why));
}

/* --- listening --- */

/* A name that nobody else in the system has now. */
static void passing_name(int directory, char name[64])
{
    (void)snprintf(name, 64, ".sarn-control-%ld-%d", (long)getpid(), directory);
}

/* Bind under a passing name, listen, and move it into place. 0, or an errno. */
static int bind_private(struct sarn__local_socket *made)
{
    struct sockaddr_un address;
    struct stat status;
    char passing[64];
    int why = 0;

    passing_name(made->directory, passing);
    (void)unlinkat(made->directory, passing,
                   0); /* Of a process of that id, long ago. */
    address_in(made->directory, passing, &address);
    /* What bind() makes has the mode of the socket, less the umask: never a wider one.
     */
    if (fchmod(made->fd, SOCKET_MODE) != 0 ||
        bind(made->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        return errno;
    }
    if (fchmodat(made->directory, passing, SOCKET_MODE, 0) != 0 ||
        fstatat(made->directory, passing, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        listen(made->fd, BACKLOG) != 0 ||
        renameat(made->directory, passing, made->directory, made->name) != 0) {
        why = errno;
        (void)unlinkat(made->directory, passing, 0);
        return why;
    }
    made->device = status.st_dev;
    made->inode = status.st_ino;
    return 0;
}

/* Only a socket may be replaced: anything else is somebody's. */
SARN_MUST_USE static sarn_status check_place(const struct sarn__local_socket *made,
                                             const char *path,
                                             struct sarn_error *error)
{
    struct stat status;

    if (fstatat(made->directory, made->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISSOCK(status.st_mode)) {
        return sarn__fail(error, SARN_ERR_EXISTS,
                          "\"%s\" is in the way of the control socket and is no "
                          "socket; move it away",
                          path);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status
listen_in(struct sarn__local_socket *made, const char *path, struct sarn_error *error)
{
    const char *name;
    int why;

    made->directory = open_parent(path, &name);
    if (made->directory < 0) {
        return fail_listen(path, errno, error);
    }
    memcpy(made->name, name, strlen(name) + 1);
    SARN__TRY(check_place(made, path, error));
    made->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made->fd < 0) {
        return fail_listen(path, errno, error);
    }
    why = bind_private(made);
    return why == 0 ? SARN_OK : fail_listen(path, why, error);
}

sarn_status sarn__local_listen(const char *path,
                               const struct sarn_heap *heap,
                               struct sarn__local_socket **socket,
                               struct sarn_error *error)
{
    struct sarn__local_socket *made = sarn__heap_alloc(heap, sizeof(*made));
    sarn_status status;

    if (made == NULL) {
        return sarn__fail(error, SARN_ERR_NOMEM, "out of memory for a socket");
    }
    made->heap = *heap;
    made->fd = made->directory = -1;
    status = listen_in(made, path, error);
    if (status != SARN_OK) {
        sarn__local_destroy(made);
        return status;
    }
    *socket = made;
    return SARN_OK;
}

void sarn__local_unlisten(struct sarn__local_socket *socket)
{
    struct stat status;

    if (socket->fd < 0) {
        return;
    }
    close(socket->fd);
    socket->fd = -1;
    /* Whoever has taken the log over may have put its own there. */
    if (fstatat(socket->directory, socket->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_dev == socket->device && status.st_ino == socket->inode) {
        (void)unlinkat(socket->directory, socket->name, 0);
    }
}

void sarn__local_destroy(struct sarn__local_socket *socket)
{
    struct sarn_heap heap;

    if (socket == NULL) {
        return;
    }
    if (socket->inode != 0) {
        sarn__local_unlisten(socket);
    }
    if (socket->fd >= 0) {
        close(socket->fd);
    }
    if (socket->directory >= 0) {
        close(socket->directory);
    }
    heap = socket->heap;
    sarn__heap_free(&heap, socket);
}

int sarn__local_fd(const struct sarn__local_socket *socket)
{
    return socket->fd;
}

/* --- who is there --- */

static bool peer_of(int fd, struct ucred *peer)
{
    socklen_t size = sizeof(*peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size) == 0;
}

int sarn__local_accept(struct sarn__local_socket *socket)
{
    for (;;) {
        struct ucred peer;
        int fd = accept4(socket->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) {
            continue;
        }
        /* The mode keeps others out; this does where somebody has widened it. */
        if (fd < 0 ||
            (peer_of(fd, &peer) && (peer.uid == geteuid() || peer.uid == 0))) {
            return fd;
        }
        close(fd);
    }
}

/* --- connecting --- */

SARN_MUST_USE static sarn_status
fail_connect(const char *path, int why, struct sarn_error *error)
{
    switch (why) {
    case ENOENT:
    case ENOTDIR:
    case ECONNREFUSED: /* Left by a dead process, or no socket at all. */
    case ENOTSOCK:
        return sarn__fail(error, SARN_ERR_NOT_FOUND, "nobody listens at \"%s\"", path);
    case EACCES:
    case EPERM:
        return sarn__fail(error, SARN_ERR_PERMISSION,
                          "\"%s\" is another user's: only that user and root may speak "
                          "to it",
                          path);
    case EAGAIN:
    case ETIMEDOUT:
        return sarn__fail(error, SARN_ERR_TIMEOUT,
                          "too many wait at \"%s\" and its owner does not look; see "
                          "what that process is doing",
                          path);
    default:
        return sarn__fail(error, SARN_ERR_IO, "cannot connect to \"%s\": %s", path,
                          strerror(why));
    }
}

/* Connect fd to the socket that path names. 0, or an errno. */
static int connect_fd(int fd, const char *path, uint32_t wait_ms)
{
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000L};
    struct sockaddr_un address;
    const char *name;
    int directory = open_parent(path, &name);
    /* Itself and not its name: which may be longer than an address. */
    int named =
        directory < 0 ? -1 : openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int why = named < 0 ? errno : 0;

    if (why == 0) {
        memset(&address, 0, sizeof(address));
        address.sun_family = AF_UNIX;
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d",
                       named);
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
        why =
            connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
        close(named);
    }
    if (directory >= 0) {
        close(directory);
    }
    return why;
}

sarn_status sarn__local_connect(const char *path,
                                uint32_t owner_uid,
                                uint32_t wait_ms,
                                int *fd,
                                uint32_t *pid,
                                struct sarn_error *error)
{
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int why = made < 0 ? errno : connect_fd(made, path, wait_ms);
    struct ucred peer = {.uid = (uid_t)-1};
    bool known = why == 0 && peer_of(made, &peer) &&
                 (peer.uid == geteuid() || peer.uid == 0 || peer.uid == owner_uid);

    if (why == 0 && (!known || fcntl(made, F_SETFL, O_NONBLOCK) != 0)) {
        why = EPERM;
    }
    if (why != 0) {
        if (made >= 0) {
            close(made);
        }
        return fail_connect(path, why, error);
    }
    *fd = made;
    *pid = (uint32_t)peer.pid;
    return SARN_OK;
}
