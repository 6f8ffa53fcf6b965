/* The system calls that write, sync and open, in front of libc's. */
#define _GNU_SOURCE

#include "crash/faults/inject.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

/* --- writing --- */

/* A counter in the kernel, or the other end of a pipe to ourselves, cannot fail as a
 * disk or a network does. */
static bool can_fail(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 &&
           (S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode));
}

static bool is_synced(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_DSYNC) != 0;
}

/* Whether a write of size bytes to fd is to fail (-1), to be cut short (how many bytes
 * are left), or neither (size). */
static ssize_t allowed(int fd, size_t size, const char *call)
{
    if (!can_fail(fd) || !fault_strikes(FAULT_WRITE, call)) {
        return (ssize_t)size;
    }
    if (fault_error() == FAULT_SHORT && size > 1) {
        return (ssize_t)(size / 2);
    }
    return -1;
}

/* Written, but not known to be on the disk. */
static ssize_t synced(int fd, ssize_t written, const char *call)
{
    if (written >= 0 && is_synced(fd) && fault_strikes(FAULT_SYNC, call)) {
        return -1;
    }
    return written;
}

ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t some = allowed(fd, size, "write");

    return some < 0 ? -1 : synced(fd, syscall(SYS_write, fd, data, some), "write");
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    ssize_t some = allowed(fd, size, "pwrite");

    return some < 0 ? -1
                    : synced(fd, syscall(SYS_pwrite64, fd, data, some, at), "pwrite");
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return pwrite(fd, data, size, at);
}

/* Half of what parts hold: the first of them, whole or in part. */
static ssize_t write_first(int fd, const struct iovec *parts, ssize_t some)
{
    size_t size = parts[0].iov_len < (size_t)some ? parts[0].iov_len : (size_t)some;

    return syscall(SYS_write, fd, parts[0].iov_base, size);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    size_t size = 0;
    ssize_t some;

    for (int i = 0; i < count; i++) {
        size += parts[i].iov_len;
    }
    some = allowed(fd, size, "writev");
    if (some < 0) {
        return -1;
    }
    return synced(fd,
                  (size_t)some < size ? write_first(fd, parts, some)
                                      : syscall(SYS_writev, fd, parts, count),
                  "writev");
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    ssize_t some = allowed(fd, size, "send");

    return some < 0 ? -1 : syscall(SYS_sendto, fd, data, some, flags, NULL, 0);
}

int ftruncate(int fd, off_t size)
{
    if (can_fail(fd) && fault_strikes(FAULT_WRITE, "ftruncate")) {
        return -1;
    }
    return (int)syscall(SYS_ftruncate, fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

/* --- syncing --- */

int fsync(int fd)
{
    return fault_strikes(FAULT_SYNC, "fsync") ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return fault_strikes(FAULT_SYNC, "fdatasync") ? -1
                                                  : (int)syscall(SYS_fdatasync, fd);
}

int msync(void *memory, size_t size, int flags)
{
    return fault_strikes(FAULT_SYNC, "msync")
               ? -1
               : (int)syscall(SYS_msync, memory, size, flags);
}

/* --- opening --- */

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    return fault_strikes(FAULT_OPEN, "open")
               ? -1
               : (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* The mode is there only where a file may be made. */
static mode_t mode_of(int flags, va_list rest)
{
    return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_of(flags, rest);
    va_end(rest);
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_of(flags, rest);
    va_end(rest);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_of(flags, rest);
    va_end(rest);
    return open_at(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list rest;
    mode_t mode;

    va_start(rest, flags);
    mode = mode_of(flags, rest);
    va_end(rest);
    return open_at(folder, path, flags, mode);
}

/* What <fcntl.h> makes of open() where it checks its arguments. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_at(AT_FDCWD, path, flags, 0);
}

int __openat_2(int folder, const char *path, int flags)
{
    return open_at(folder, path, flags, 0);
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

int socket(int domain, int type, int protocol)
{
    return fault_strikes(FAULT_OPEN, "socket")
               ? -1
               : (int)syscall(SYS_socket, domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int ends[2])
{
    return fault_strikes(FAULT_OPEN, "socketpair")
               ? -1
               : (int)syscall(SYS_socketpair, domain, type, protocol, ends);
}

int pipe(int ends[2])
{
    return pipe2(ends, 0);
}

int pipe2(int ends[2], int flags)
{
    return fault_strikes(FAULT_OPEN, "pipe2") ? -1
                                              : (int)syscall(SYS_pipe2, ends, flags);
}

int eventfd(unsigned value, int flags)
{
    return fault_strikes(FAULT_OPEN, "eventfd")
               ? -1
               : (int)syscall(SYS_eventfd2, value, flags);
}

int epoll_create(int size)
{
    (void)size;
    return epoll_create1(0);
}

int epoll_create1(int flags)
{
    return fault_strikes(FAULT_OPEN, "epoll_create1")
               ? -1
               : (int)syscall(SYS_epoll_create1, flags);
}

int epoll_ctl(int poll_fd, int op, int fd, struct epoll_event *event)
{
    return op == EPOLL_CTL_ADD && fault_strikes(FAULT_OPEN, "epoll_ctl")
               ? -1
               : (int)syscall(SYS_epoll_ctl, poll_fd, op, fd, event);
}

int timerfd_create(clockid_t clock, int flags)
{
    return fault_strikes(FAULT_OPEN, "timerfd_create")
               ? -1
               : (int)syscall(SYS_timerfd_create, clock, flags);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fault_strikes(FAULT_OPEN, "mmap")) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): what the system call answers. */
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}

DIR *opendir(const char *path)
{
    static DIR *(*real)(const char *path);

    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "opendir");
    }
    return fault_strikes(FAULT_OPEN, "opendir") ? NULL : real(path);
}

int pthread_create(pthread_t *thread,
                   const pthread_attr_t *attributes,
                   void *(*start)(void *),
                   void *arg)
{
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    }
    return fault_strikes(FAULT_OPEN, "pthread_create")
               ? EAGAIN
               : real(thread, attributes, start, arg);
}
