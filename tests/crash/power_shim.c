/* power_shim.c - LD_PRELOAD: record what a program does to one log's file.
 *
 * Calls go to the kernel by number, so that it matters nothing which libc, sanitizer or
 * other shim stands behind. What LMDB's lock file goes through is not looked at: it is
 * made anew by whoever opens a log first. What the trace has no record for (a writable
 * map, a rename) is said in the trace, and the replayer refuses it; that nothing was
 * missed is seen when the file is rebuilt from the trace and compared.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "power_trace.h"

#define SHIM       __attribute__((visibility("default")))
#define FDS_MAX    1024
#define PIECES_MAX 1024
#define PAGE_BYTES 4096u

enum watched { OTHER, PLAIN, THROUGH, FOLDER };

static struct {
    pthread_mutex_t lock;
    int trace; /* -1: nothing is recorded. */
    uint64_t end;
    char file[PATH_MAX], folder[PATH_MAX];
    uint8_t fds[FDS_MAX]; /* enum watched */
    uint64_t ops, kill_at;
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER, .trace = -1};

/* --- recording --- */

static void emit(const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size != 0) {
        long put = syscall(SYS_write, shim.trace, from, size);

        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            _exit(99); /* A trace with a hole would tell lies. */
        }
        from += put;
        size -= (size_t)put;
    }
}

/* Where it begins in the trace. */
static uint64_t record(struct power_record head, const struct iovec *data, int pieces)
{
    static const char zeros[8] = "";
    size_t bytes = 0;
    int kept = errno;
    uint64_t at;

    for (int i = 0; i < pieces; i++) {
        bytes += data[i].iov_len;
    }
    head.bytes = (uint32_t)bytes;
    head.thread = (uint32_t)syscall(SYS_gettid);
    pthread_mutex_lock(&shim.lock);
    at = shim.end;
    emit(&head, sizeof(head));
    for (int i = 0; i < pieces; i++) {
        emit(data[i].iov_base, data[i].iov_len);
    }
    emit(zeros, (8 - bytes % 8) % 8);
    shim.end += sizeof(head) + (bytes + 7) / 8 * 8;
    pthread_mutex_unlock(&shim.lock);
    errno = kept;
    return at;
}

static void record_bare(uint32_t kind, uint64_t refers)
{
    (void)record((struct power_record){.kind = kind, .refers = refers}, NULL, 0);
}

static void refuse(const char *what)
{
    struct iovec text = {(void *)(uintptr_t)what, strlen(what)};

    (void)record((struct power_record){.kind = POWER_REFUSED}, &text, 1);
}

SHIM void power_mark(const struct power_mark *mark)
{
    struct iovec data = {(void *)(uintptr_t)mark, sizeof(*mark)};

    if (shim.trace >= 0) {
        (void)record((struct power_record){.kind = POWER_MARK}, &data, 1);
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *trace = getenv(POWER_ENV_TRACE), *file = getenv(POWER_ENV_FILE);
    const char *kill_at = getenv(POWER_ENV_KILL);
    char *slash;

    if (trace == NULL || file == NULL) {
        return;
    }
    snprintf(shim.file, sizeof(shim.file), "%s", file);
    snprintf(shim.folder, sizeof(shim.folder), "%s", file);
    slash = strrchr(shim.folder, '/');
    if (slash == NULL) {
        _exit(99);
    }
    slash[0] = '\0';
    shim.kill_at = kill_at == NULL ? 0 : strtoull(kill_at, NULL, 10);
    shim.trace = (int)syscall(SYS_openat, AT_FDCWD, trace,
                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (shim.trace < 0) {
        _exit(99);
    }
    shim.end = (uint64_t)lseek(shim.trace, 0, SEEK_END);
    record_bare(POWER_LIFE, 0);
}

static enum watched watched(int fd)
{
    return shim.trace < 0 || fd < 0 || fd >= FDS_MAX ? OTHER
                                                     : (enum watched)shim.fds[fd];
}

static bool is_file(int fd)
{
    return watched(fd) == PLAIN || watched(fd) == THROUGH;
}

/* Is this the one that is not survived? */
static bool is_last(void)
{
    bool last;

    pthread_mutex_lock(&shim.lock);
    shim.ops += 1;
    last = shim.ops == shim.kill_at;
    pthread_mutex_unlock(&shim.lock);
    return last;
}

static void end_here(void)
{
    record_bare(POWER_KILLED, 0);
    (void)syscall(SYS_kill, getpid(), SIGKILL);
    pause();
}

/* --- names --- */

/* The path without "/." at its end: that is how a folder is opened. */
static bool is_folder(const char *path)
{
    size_t size = strlen(shim.folder);

    return strncmp(path, shim.folder, size) == 0 &&
           (path[size] == '\0' || strcmp(path + size, "/.") == 0 ||
            strcmp(path + size, "/") == 0);
}

static void remember(int fd, const char *path, int flags)
{
    if (shim.trace < 0 || fd < 0) {
        return;
    }
    if (fd >= FDS_MAX) {
        refuse("a descriptor over the shim's limit");
        return;
    }
    shim.fds[fd] = OTHER;
    if (strcmp(path, shim.file) == 0) {
        shim.fds[fd] = (flags & (O_SYNC | O_DSYNC)) != 0 ? THROUGH : PLAIN;
        if ((flags & O_TRUNC) != 0) {
            (void)record((struct power_record){.kind = POWER_TRUNCATE}, NULL, 0);
        }
    } else if (is_folder(path)) {
        shim.fds[fd] = FOLDER;
    }
}

static int open_file(int folder, const char *path, int flags, unsigned mode)
{
    bool make = shim.trace >= 0 && (flags & O_CREAT) != 0 &&
                strcmp(path, shim.file) == 0 && access(path, F_OK) != 0;
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);

    if (fd >= 0 && make) {
        record_bare(POWER_CREATE, 0);
    }
    remember(fd, path, flags);
    return fd;
}

#define MODE_OF(flags)                                                                 \
    unsigned mode = 0;                                                                 \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                      \
        va_list more;                                                                  \
        va_start(more, flags);                                                         \
        mode = va_arg(more, unsigned);                                                 \
        va_end(more);                                                                  \
    }

SHIM int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_file(AT_FDCWD, path, flags, mode);
}

SHIM int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_file(AT_FDCWD, path, flags, mode);
}

SHIM int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_file(folder, path, flags, mode);
}

SHIM int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return open_file(folder, path, flags, mode);
}

int __open_2(const char *path, int flags);
SHIM int __open_2(const char *path, int flags)
{
    return open_file(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags);
SHIM int __open64_2(const char *path, int flags)
{
    return open_file(AT_FDCWD, path, flags, 0);
}

SHIM int creat(const char *path, mode_t mode)
{
    return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

SHIM int close(int fd)
{
    if (fd >= 0 && fd < FDS_MAX) {
        shim.fds[fd] = OTHER;
    }
    return (int)syscall(SYS_close, fd);
}

SHIM int dup(int fd)
{
    if (is_file(fd)) {
        refuse("dup of the log's descriptor");
    }
    return (int)syscall(SYS_dup, fd);
}

SHIM int rename(const char *from, const char *to)
{
    if (shim.trace >= 0 &&
        (strcmp(from, shim.file) == 0 || strcmp(to, shim.file) == 0)) {
        refuse("rename of the log");
    }
    return (int)syscall(SYS_rename, from, to);
}

SHIM int unlink(const char *path)
{
    if (shim.trace >= 0 && strcmp(path, shim.file) == 0) {
        refuse("unlink of the log");
    }
    return (int)syscall(SYS_unlink, path);
}

/* --- writes --- */

/* The first bytes of pieces, in to; how many pieces that are. */
static int
shorten(const struct iovec *pieces, int count, size_t bytes, struct iovec *to)
{
    int used = 0;

    for (int i = 0; i < count && i < PIECES_MAX && bytes != 0; i++, used++) {
        to[i] = pieces[i];
        to[i].iov_len = pieces[i].iov_len < bytes ? pieces[i].iov_len : bytes;
        bytes -= to[i].iov_len;
    }
    return used;
}

/* A signal ends a long write between two pages: sometimes so. */
static size_t last_bytes(size_t all)
{
    size_t pages = all / PAGE_BYTES;

    return pages < 2 || shim.kill_at % 3 != 0
               ? all
               : (1 + shim.kill_at / 3 % (pages - 1)) * PAGE_BYTES;
}

/* at: -1: where the descriptor is. */
static ssize_t write_file(int fd, const struct iovec *pieces, int count, off_t at)
{
    bool through = watched(fd) == THROUGH, last = is_last();
    off_t offset = at >= 0 ? at : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    struct iovec kept[PIECES_MAX];
    size_t bytes = 0;
    uint64_t begun;
    ssize_t put;

    for (int i = 0; i < count; i++) {
        bytes += pieces[i].iov_len;
    }
    if (last) {
        count = shorten(pieces, count, last_bytes(bytes), kept);
        bytes = last_bytes(bytes);
        pieces = kept;
    }
    begun = record((struct power_record){.kind = POWER_WRITE,
                                         .flags = through ? POWER_THROUGH : 0,
                                         .offset = (uint64_t)offset},
                   pieces, count);
    put = at >= 0 ? syscall(SYS_pwritev, fd, pieces, count, (long)at, 0L)
                  : syscall(SYS_writev, fd, pieces, count);
    if (put < 0 || (size_t)put != bytes) {
        refuse("a write that failed or was short");
    }
    if (last) {
        end_here();
    }
    if (through) {
        record_bare(POWER_DURABLE, begun);
    }
    return put;
}

SHIM ssize_t write(int fd, const void *bytes, size_t size)
{
    struct iovec piece = {(void *)(uintptr_t)bytes, size};

    return is_file(fd) ? write_file(fd, &piece, 1, -1)
                       : syscall(SYS_write, fd, bytes, size);
}

SHIM ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    struct iovec piece = {(void *)(uintptr_t)bytes, size};

    return is_file(fd) ? write_file(fd, &piece, 1, at)
                       : syscall(SYS_pwrite64, fd, bytes, size, at);
}

SHIM ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

SHIM ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    return is_file(fd) ? write_file(fd, pieces, count, -1)
                       : syscall(SYS_writev, fd, pieces, count);
}

SHIM ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at)
{
    return is_file(fd) ? write_file(fd, pieces, count, at)
                       : syscall(SYS_pwritev, fd, pieces, count, (long)at, 0L);
}

SHIM ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off_t at)
{
    return pwritev(fd, pieces, count, at);
}

/* --- sizes --- */

SHIM int ftruncate(int fd, off_t size)
{
    bool last;
    int rc;

    if (!is_file(fd)) {
        return (int)syscall(SYS_ftruncate, fd, size);
    }
    last = is_last();
    (void)record(
        (struct power_record){.kind = POWER_TRUNCATE, .offset = (uint64_t)size}, NULL,
        0);
    rc = (int)syscall(SYS_ftruncate, fd, size);
    if (rc != 0) {
        refuse("an ftruncate that failed");
    }
    if (last) {
        end_here();
    }
    return rc;
}

SHIM int ftruncate64(int fd, off_t size)
{
    return ftruncate(fd, size);
}

SHIM int fallocate(int fd, int mode, off_t at, off_t size)
{
    if (is_file(fd)) {
        refuse("fallocate of the log");
    }
    return (int)syscall(SYS_fallocate, fd, mode, at, size);
}

SHIM int fallocate64(int fd, int mode, off_t at, off_t size)
{
    return fallocate(fd, mode, at, size);
}

SHIM int posix_fallocate(int fd, off_t at, off_t size)
{
    return fallocate(fd, 0, at, size) == 0 ? 0 : errno;
}

SHIM int posix_fallocate64(int fd, off_t at, off_t size)
{
    return posix_fallocate(fd, at, size);
}

/* --- syncs --- */

static int sync_file(int fd, long call)
{
    bool last = is_last();
    uint64_t begun = record((struct power_record){.kind = POWER_SYNC_BEGIN}, NULL, 0);
    int rc;

    if (last) {
        end_here();
    }
    rc = (int)syscall(call, fd);
    if (rc != 0) {
        refuse("a sync that failed");
    } else {
        record_bare(POWER_SYNC_END, begun);
    }
    return rc;
}

static int sync_any(int fd, long call)
{
    int rc;

    if (is_file(fd)) {
        return sync_file(fd, call);
    }
    if (watched(fd) == FOLDER && is_last()) {
        end_here();
    }
    rc = (int)syscall(call, fd);
    if (rc == 0 && watched(fd) == FOLDER) {
        record_bare(POWER_FOLDER_SYNC, 0);
    }
    return rc;
}

SHIM int fsync(int fd)
{
    return sync_any(fd, SYS_fsync);
}

SHIM int fdatasync(int fd)
{
    return sync_any(fd, SYS_fdatasync);
}

/* Promises nothing: neither the size nor what is on its way inside the disk. */
SHIM int sync_file_range(int fd, off64_t at, off64_t size, unsigned flags)
{
    return (int)syscall(SYS_sync_file_range, fd, at, size, flags);
}

/* --- maps: the file is written by calls only --- */

/* So it has nothing to sync. */
SHIM int msync(void *at, size_t size, int flags)
{
    return (int)syscall(SYS_msync, at, size, flags);
}

SHIM void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if ((protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0 && is_file(fd)) {
        refuse("a writable map of the log");
    }
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

SHIM void *
mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}
