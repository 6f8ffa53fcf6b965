/* The calls in front of the library's: each is a moment before, and one after. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <lmdb.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "takeover.h"

/* Globals, since the callers are libraries. The committer and the dispatch thread write
 * in turns, so that one transaction is open at most. */
static struct takeover_life *life;
static pid_t process; /* A child of it, which only tries, does not stop. */
static _Atomic(MDB_txn *) open_txn;

void takeover_moments_of(struct takeover_life *now)
{
    life = now;
    process = getpid();
    atomic_store(&open_txn, NULL);
}

static void moment(void)
{
    bool inside = atomic_load(&open_txn) != NULL;
    uint32_t number;

    if (life == NULL || getpid() != process) {
        return;
    }
    number = atomic_fetch_add(&life->moments, 1) + 1;
    if (number == atomic_load(&life->stop_at) ||
        (!inside && atomic_exchange(&life->stop_outside, false))) {
        atomic_store(&life->inside, inside);
        (void)raise(SIGSTOP);
    }
}

static void *original(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);

    if (found == NULL) {
        abort();
    }
    return found;
}

#define EXPORTED __attribute__((visibility("default")))

/* --- LMDB's --- */

EXPORTED int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    int (*begin)(MDB_env *, MDB_txn *, unsigned, MDB_txn **);
    int rc;

    *(void **)&begin = original("mdb_txn_begin");
    if ((flags & MDB_RDONLY) != 0) {
        return begin(env, parent, flags, txn);
    }
    moment();
    rc = begin(env, parent, flags, txn);
    if (rc == 0) {
        atomic_store(&open_txn, *txn);
    }
    moment();
    return rc;
}

EXPORTED int mdb_txn_commit(MDB_txn *txn)
{
    int (*commit)(MDB_txn *);
    int rc;

    *(void **)&commit = original("mdb_txn_commit");
    if (txn != atomic_load(&open_txn)) {
        return commit(txn);
    }
    moment();
    rc = commit(txn);
    atomic_store(&open_txn, NULL);
    moment();
    return rc;
}

EXPORTED void mdb_txn_abort(MDB_txn *txn)
{
    void (*end)(MDB_txn *);

    *(void **)&end = original("mdb_txn_abort");
    if (txn == NULL || txn != atomic_load(&open_txn)) {
        end(txn);
        return;
    }
    moment();
    end(txn);
    atomic_store(&open_txn, NULL);
    moment();
}

/* --- the system's; only inside of a transaction --- */

EXPORTED ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at);
EXPORTED ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at);
EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count);
EXPORTED int fdatasync(int fd);

static void moment_inside(void)
{
    if (atomic_load(&open_txn) != NULL) {
        moment();
    }
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    ssize_t written;

    moment_inside();
    written = syscall(SYS_pwrite64, fd, bytes, size, at);
    moment_inside();
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t at)
{
    return pwrite(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    ssize_t written;

    moment_inside();
    written = syscall(SYS_writev, fd, parts, count);
    moment_inside();
    return written;
}

int fdatasync(int fd)
{
    int rc;

    moment_inside();
    rc = (int)syscall(SYS_fdatasync, fd);
    moment_inside();
    return rc;
}
