#define _GNU_SOURCE /* syscall */

#include "support/faults.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define METAS_END 8192

/* The one place where a test needs a global: the callers are libraries. */
static atomic_uint calls_left, failures_left, failures, syncs;
static atomic_int failing_call, failing_error;

void faults_set(enum fault_call call, uint32_t nth, uint32_t times, int error)
{
    atomic_store(&failures, 0);
    atomic_store(&failing_error, error);
    atomic_store(&calls_left, nth);
    atomic_store(&failures_left, times);
    atomic_store(&failing_call, call);
}

uint32_t faults_clear(void)
{
    atomic_store(&failing_call, FAULT_NONE);
    return atomic_load(&failures);
}

uint32_t faults_syncs(void)
{
    return atomic_load(&syncs);
}

static bool hits(enum fault_call call)
{
    if (atomic_load(&failing_call) != (int)call || atomic_load(&failures_left) == 0) {
        return false;
    }
    if (atomic_load(&calls_left) > 1) {
        atomic_fetch_sub(&calls_left, 1);
        return false;
    }
    atomic_fetch_sub(&failures_left, 1);
    atomic_fetch_add(&failures, 1);
    if (atomic_load(&failing_error) == FAULT_STOP) {
        raise(SIGSTOP);
        return false;
    }
    errno =
        atomic_load(&failing_error) == FAULT_LATE ? EIO : atomic_load(&failing_error);
    return true;
}

/* Is this the one that is done, and then fails? */
static bool is_done_late(void)
{
    return atomic_load(&failing_error) == FAULT_LATE && atomic_load(&failures) == 1;
}

#define EXPORTED __attribute__((visibility("default")))

EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at);
EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at);
EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count);
EXPORTED int fdatasync(int fd);

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    if (hits(at < METAS_END ? FAULT_WRITE_META : FAULT_WRITE_PAGES)) {
        if (is_done_late()) {
            (void)syscall(SYS_pwrite64, fd, bytes, size, at);
            errno = EIO;
        }
        if (errno != 0) {
            return -1;
        }
        size /= 2;
    }
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (fd > 2 && hits(FAULT_WRITE_PAGES)) {
        if (errno != 0) {
            return -1;
        }
        count = 1;
    }
    return syscall(SYS_writev, fd, parts, count);
}

int fdatasync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    if (hits(FAULT_SYNC)) {
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}
