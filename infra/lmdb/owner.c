#define _GNU_SOURCE /* F_OFD_SETLK, pipe2 */

#include "infra/lmdb/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/fail.h"
#include "infra/lmdb/env.h"

#define LOCKS_AT       (INT64_C(1) << 62) /* No file is as long as that. */
#define SLOT_BYTES     (INT64_C(1) << 32)
#define SLOTS          8
#define KEEP_OUT_TRIES 16u
#define PROBE_WORKS    'y'

/* --- slots --- */

/* The pid that holds a lock in the slots first..last by another open file; 0: none. */
static uint32_t held_by(int fd, int first, int last)
{
    struct flock lock = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = LOCKS_AT + first * SLOT_BYTES,
                         .l_len = (last - first + 1) * SLOT_BYTES};

    if (fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) {
        return 0;
    }
    return (uint32_t)lock.l_len;
}

static bool lock_slot(int fd, int slot, short type, uint32_t pid)
{
    struct flock lock = {.l_type = type,
                         .l_whence = SEEK_SET,
                         .l_start = LOCKS_AT + slot * SLOT_BYTES,
                         .l_len = pid};

    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

uint32_t sarn__owner_find(int fd, uint32_t likely)
{
    uint32_t found = 0;

    for (int slot = 0; slot < SLOTS; slot++) {
        uint32_t pid = held_by(fd, slot, slot);

        if (pid != 0 && (found == 0 || pid == likely)) {
            found = pid;
        }
    }
    return found;
}

/* pid 0: whoever it was has gone meanwhile. */
SARN_MUST_USE static sarn_status
busy(const char *path, uint32_t pid, struct sarn_error *error)
{
    if (pid == 0) {
        return sarn__fail(error, SARN_ERR_BUSY,
                          "\"%s\" had an owner until just now; try again", path);
    }
    if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
        return sarn__fail(error, SARN_ERR_BUSY,
                          "\"%s\" is held by a child that process %u left behind; end "
                          "that child, or open with takeover",
                          path, pid);
    }
    return sarn__fail(error, SARN_ERR_BUSY,
                      "\"%s\" is owned by process %u; close it there, or open with "
                      "takeover",
                      path, pid);
}

sarn_status sarn__owner_lock(int fd,
                             const char *path,
                             uint32_t pid,
                             bool takeover,
                             bool *alone,
                             struct sarn_error *error)
{
    uint32_t other = held_by(fd, 0, SLOTS - 1);
    int slot = 0;

    if (other != 0 && !takeover) {
        return busy(path, other, error);
    }
    while (slot < SLOTS && !lock_slot(fd, slot, F_WRLCK, pid)) {
        if (errno != EAGAIN && errno != EACCES) {
            return sarn__fail(error, SARN_ERR_IO, "cannot lock \"%s\": %s", path,
                              strerror(errno));
        }
        slot += takeover ? 1 : SLOTS;
    }
    other = held_by(fd, 0, SLOTS - 1); /* Who came between? */
    if (slot >= SLOTS || (other != 0 && !takeover)) {
        return busy(path, other, error);
    }
    *alone = other == 0;
    return SARN_OK;
}

sarn_status
sarn__owner_keep_out(int fd, const char *path, uint32_t pid, struct sarn_error *error)
{
    uint32_t other = 0;
    bool locked = false;

    /* Who had it may go just now: then again. */
    for (uint32_t i = 0; i < KEEP_OUT_TRIES && !locked && other == 0; i++) {
        /* A lock to read with: fd cannot have another, and it keeps writers out. */
        locked = lock_slot(fd, 0, F_RDLCK, pid);
        if (!locked && errno != EAGAIN && errno != EACCES) {
            return sarn__fail(error, SARN_ERR_IO, "cannot lock \"%s\": %s", path,
                              strerror(errno));
        }
        other = held_by(fd, 0, SLOTS - 1);
    }
    return locked && other == 0 ? SARN_OK : busy(path, other, error);
}

sarn_status
sarn__owner_alone(int fd, const char *path, uint32_t likely, struct sarn_error *error)
{
    uint32_t other = sarn__owner_find(fd, likely);

    return other == 0 ? SARN_OK : busy(path, other, error);
}

/* --- this process --- */

bool sarn__owner_is_this_process(const char *lock_path)
{
    struct stat wanted, open_file;
    const struct dirent *entry;
    bool found = false;
    DIR *directory;

    if (stat(lock_path, &wanted) != 0) {
        return false;
    }
    directory = opendir("/proc/self/fd");
    if (directory == NULL) {
        return false; /* Without /proc only a second owner is noticed, by its lock. */
    }
    while (!found && (entry = readdir(directory)) != NULL) {
        char *end;
        long fd = strtol(entry->d_name, &end, 10);

        found = end != entry->d_name && fstat((int)fd, &open_file) == 0 &&
                open_file.st_dev == wanted.st_dev && open_file.st_ino == wanted.st_ino;
    }
    closedir(directory);
    return found;
}

/* --- the probe --- */

/* In the child: only what can block, and nothing that the parent would have to undo. */
static void probe_and_exit(const char *path, int answer)
{
    char works = PROBE_WORKS;
    MDB_env *env;
    MDB_txn *txn;

    if (mdb_env_create(&env) == 0 &&
        mdb_env_open(env, path, SARN__LMDB_ENV_FLAGS, SARN__LMDB_FILE_MODE) == 0 &&
        mdb_txn_begin(env, NULL, 0, &txn) == 0) {
        mdb_txn_abort(txn);
        mdb_env_close(env);
        _exit(write(answer, &works, 1) == 1 ? 0 : 1);
    }
    _exit(1);
}

/* Has the child written its byte within ms? */
static bool answered(int from, uint32_t ms)
{
    struct pollfd wanted = {.fd = from, .events = POLLIN};
    char works = 0;
    int ready;

    do {
        ready = poll(&wanted, 1, (int)ms);
    } while (ready < 0 && errno == EINTR);
    return ready == 1 && read(from, &works, 1) == 1 && works == PROBE_WORKS;
}

/* --- who blocks --- */

/* Is process pid stopped? Without /proc nobody knows. */
static bool is_stopped(uint32_t pid)
{
    char path[32], stat[512];
    ssize_t size = -1;
    const char *state;
    int fd;

    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        size = read(fd, stat, sizeof(stat) - 1);
        close(fd);
    }
    if (size <= 0) {
        return false;
    }
    stat[size] = '\0';
    state = strrchr(stat, ')'); /* Behind the name, which may hold anything. */
    return state != NULL && state[1] == ' ' && (state[2] == 'T' || state[2] == 't');
}

/* Who owns it, or hangs around since it was deposed: those that have stopped, if any
 * has, as "12, 34". How many. */
static uint32_t name_owners(int fd, bool stopped, char *text, size_t size)
{
    uint32_t count = 0;
    size_t used = 0;

    text[0] = '\0';
    for (int slot = 0; slot < SLOTS; slot++) {
        uint32_t pid = held_by(fd, slot, slot);
        int wrote;

        if (pid == 0 || (stopped && !is_stopped(pid))) {
            continue;
        }
        wrote = snprintf(text + used, size - used, "%s%u", count == 0 ? "" : ", ", pid);
        used += wrote > 0 && (size_t)wrote < size - used ? (size_t)wrote : 0;
        count += 1;
    }
    return count;
}

/* Which of several is inside of the commit only LMDB's mutex knows. */
SARN_MUST_USE static sarn_status
blocked(int fd, const char *path, struct sarn_error *error)
{
    char pids[SLOTS * 12];
    uint32_t count = name_owners(fd, true, pids, sizeof(pids));

    if (count == 0) {
        count = name_owners(fd, false, pids, sizeof(pids));
    }
    if (count == 0) {
        return busy(path, 0, error);
    }
    if (count > 1) {
        return sarn__fail(
            error, SARN_ERR_BUSY,
            "\"%s\" is held by processes %s; one of them is stopped in the middle of a "
            "commit, and only its end frees the log: end that process",
            path, pids);
    }
    return sarn__fail(error, SARN_ERR_BUSY,
                      "\"%s\" is owned by process %s, which is stopped in the middle "
                      "of a commit; only its end frees the log: end that process",
                      path, pids);
}

/* --- taking over --- */

sarn_status
sarn__owner_probe(int fd, const char *path, uint32_t ms, struct sarn_error *error)
{
    int ends[2];
    bool works;
    pid_t child;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return sarn__fail(error, SARN_ERR_IO, "cannot make a pipe: %s",
                          strerror(errno));
    }
    child = fork();
    if (child == 0) {
        close(ends[0]);
        probe_and_exit(path, ends[1]);
    }
    close(ends[1]);
    works = child > 0 && answered(ends[0], ms);
    close(ends[0]);
    if (child < 0) {
        return sarn__fail(error, SARN_ERR_IO, "cannot fork to try the takeover: %s",
                          strerror(errno));
    }
    if (!works && waitpid(child, NULL, WNOHANG) == 0) {
        kill(child, SIGKILL); /* Ours, and not yet waited for: the pid is still its. */
        works = false;
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return works ? SARN_OK : blocked(fd, path, error);
}
