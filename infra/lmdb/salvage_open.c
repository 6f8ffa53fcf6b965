#define _GNU_SOURCE /* renameat2 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/fail.h"
#include "infra/lmdb/env.h"
#include "infra/lmdb/owner.h"
#include "infra/lmdb/salvage.h"

sarn_status
sarn__salvage_open(const char *path, uint32_t pid, int *fd, struct sarn_error *error)
{
    struct sarn__lmdb_options place = {
        .path = path, .read_only = true, .existing = true};
    char lock_path[4096];
    sarn_status status;
    int opened;

    if (snprintf(lock_path, sizeof(lock_path), "%s-lock", path) >=
        (int)sizeof(lock_path)) {
        return sarn__fail(error, SARN_ERR_INVALID, "the path of the log is too long");
    }
    if (sarn__owner_is_this_process(lock_path)) {
        return sarn__fail(error, SARN_ERR_BUSY,
                          "\"%s\" is open in this process; close it first", path);
    }
    SARN__TRY(sarn__place_open(&place, &opened, error));
    status = sarn__owner_keep_out(opened, path, pid, error);
    if (status != SARN_OK) {
        close(opened);
        return status;
    }
    *fd = opened;
    return SARN_OK;
}

sarn_status
sarn__salvage_name(const char *part, const char *path, struct sarn_error *error)
{
    if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0) {
        return sarn__fail(error, errno == EEXIST ? SARN_ERR_EXISTS : SARN_ERR_IO,
                          "cannot name the new log \"%s\": %s", path, strerror(errno));
    }
    return sarn__place_sync(path, error);
}
