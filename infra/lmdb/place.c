#define _GNU_SOURCE /* O_PATH */

#include "infra/lmdb/env.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/fail.h"
#include "core/heap.h"

#define SPARE_FRACTION 64u

/* Other hosts may map these too, and no lock or page cache spans hosts. */
static bool is_network(uint32_t magic)
{
    static const uint32_t networks[] = {
        NFS_SUPER_MAGIC,       SMB_SUPER_MAGIC,   CIFS_SUPER_MAGIC,
        SMB2_SUPER_MAGIC,      AFS_SUPER_MAGIC,   AFS_FS_MAGIC,
        CODA_SUPER_MAGIC,      NCP_SUPER_MAGIC,   V9FS_MAGIC,
        CEPH_SUPER_MAGIC,      OCFS2_SUPER_MAGIC, 0x0BD00BD0 /* Lustre */,
        0x01161970 /* GFS2 */, 0x47504653 /* GPFS */};

    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (magic == networks[i]) {
            return true;
        }
    }
    return false;
}

/* Open the directory that path lies in; -1 with errno. */
static int open_directory(const char *path, int flags)
{
    char name[4096];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;

    if (size + 2 > sizeof(name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, path, size);
    memcpy(name + size, ".", 2);
    return open(name, flags | O_DIRECTORY | O_CLOEXEC);
}

/* Why an open failed: something that no other path would help. */
static bool is_system(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOMEM || why == EIO ||
           why == ENOSPC;
}

SARN_MUST_USE static sarn_status check_directory(const char *path,
                                                 struct sarn_error *error)
{
    int directory = open_directory(path, O_PATH);
    struct statfs disk;
    int rc;

    if (directory < 0 && is_system(errno)) {
        return sarn__fail(error, errno == ENOMEM ? SARN_ERR_NOMEM : SARN_ERR_IO,
                          "cannot enter the directory of \"%s\": %s; nothing is wrong "
                          "with the path: try again",
                          path, strerror(errno));
    }
    if (directory < 0) {
        return sarn__fail(
            error, errno == EACCES ? SARN_ERR_PERMISSION : SARN_ERR_NOT_FOUND,
            "cannot enter the directory of \"%s\": %s; create it, or check "
            "the path",
            path, strerror(errno));
    }
    rc = fstatfs(directory, &disk);
    close(directory);
    if (rc == 0 && is_network((uint32_t)disk.f_type)) {
        return sarn__fail(error, SARN_ERR_UNSUPPORTED,
                          "\"%s\" lies on a network file system, where no log is safe; "
                          "put it on a local disk",
                          path);
    }
    return SARN_OK;
}

SARN_MUST_USE static sarn_status fail_open(const struct sarn__lmdb_options *options,
                                           struct sarn_error *error)
{
    const char *path = options->path;

    switch (errno) {
    case ENOENT:
        return sarn__fail(error, SARN_ERR_NOT_FOUND,
                          "there is no log at \"%s\"; check the path", path);
    case EACCES:
    case EPERM:
    case EROFS:
        return sarn__fail(
            error, SARN_ERR_PERMISSION,
            "cannot open \"%s\" for %s: %s; check the owner and mode of the "
            "file and its directory",
            path, options->read_only ? "reading" : "writing", strerror(errno));
    case EISDIR:
        return sarn__fail(error, SARN_ERR_INVALID,
                          "\"%s\" is a directory; name a file in it", path);
    case ENOSPC:
    case EDQUOT:
        return sarn__fail(error, SARN_ERR_FULL,
                          "there is no space to create \"%s\"; free some", path);
    default:
        return sarn__fail(error, SARN_ERR_IO, "cannot open \"%s\": %s", path,
                          strerror(errno));
    }
}

sarn_status sarn__place_open(const struct sarn__lmdb_options *options,
                             int *fd,
                             struct sarn_error *error)
{
    int flags = options->read_only  ? O_RDONLY
                : options->existing ? O_RDWR
                                    : O_RDWR | O_CREAT;
    struct stat status;
    int opened;

    SARN__TRY(check_directory(options->path, error));
    /* Without O_NONBLOCK a pipe of that name would hold us up. */
    opened = open(options->path, flags | O_CLOEXEC | O_NONBLOCK, SARN__LMDB_FILE_MODE);
    if (opened < 0) {
        return fail_open(options, error);
    }
    if (fstat(opened, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(opened);
        return sarn__fail(
            error, SARN_ERR_INVALID,
            "\"%s\" is not a regular file; name a file that is, or a new one",
            options->path);
    }
    *fd = opened;
    return SARN_OK;
}

sarn_status sarn__place_sync(const char *path, struct sarn_error *error)
{
    int directory = open_directory(path, O_RDONLY);
    int rc = directory < 0 ? -1 : fsync(directory);
    int why = errno;

    if (directory >= 0) {
        close(directory);
    }
    /* Some file systems cannot sync a directory, and some directories may be entered
     * but not read; the file itself is synced. */
    if (rc != 0 && why != EINVAL && why != EACCES) {
        return sarn__fail(error, SARN_ERR_IO, "cannot sync the directory of \"%s\": %s",
                          path, strerror(why));
    }
    return SARN_OK;
}

sarn_status sarn__place_clear(int fd, const char *path, struct sarn_error *error)
{
    struct stat status;

    if (fstat(fd, &status) == 0 && status.st_size == 0) {
        return SARN_OK;
    }
    if (ftruncate(fd, 0) != 0) {
        return sarn__fail(error, SARN_ERR_IO,
                          "the making of \"%s\" was cut short, and cannot begin anew: "
                          "%s; check the disk",
                          path, strerror(errno));
    }
    return SARN_OK;
}

/* --- room --- */

sarn_status
sarn__place_has_room(int fd, const char *path, uint64_t bytes, struct sarn_error *error)
{
    struct statvfs disk;
    uint64_t available, spare;

    if (fstatvfs(fd, &disk) != 0) {
        return SARN_OK; /* Then the write itself will tell. */
    }
    available = (uint64_t)disk.f_bavail * disk.f_frsize;
    spare = (uint64_t)disk.f_blocks * disk.f_frsize / SPARE_FRACTION;
    spare = spare < SARN__LMDB_SPARE_BYTES ? spare : SARN__LMDB_SPARE_BYTES;
    if (available < spare + bytes) {
        return sarn__fail(error, SARN_ERR_FULL,
                          "the disk of \"%s\" has %llu KiB left and %llu KiB are kept "
                          "free; nothing was written: free some space and go on",
                          path, (unsigned long long)available / 1024,
                          (unsigned long long)spare / 1024);
    }
    return SARN_OK;
}

int sarn__place_shortage(int fd, uint64_t bytes)
{
    struct statvfs disk;
    struct rlimit limit;
    struct stat file;

    if (fstatvfs(fd, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize < bytes) {
        return ENOSPC;
    }
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        fstat(fd, &file) == 0 && (uint64_t)file.st_size + bytes > limit.rlim_cur) {
        return EFBIG;
    }
    return 0;
}
