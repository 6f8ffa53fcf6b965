#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/fail.h"
#include "infra/lmdb/check.h"
#include "infra/lmdb/env.h"
#include "infra/lmdb/owner.h"

/* A snapshot of a file that an owner may be writing to: as long as its read transaction
 * lasts, its pages are not used anew. */
struct snapshot {
    MDB_env *env;
    MDB_txn *txn;
};

static void end(struct snapshot *snapshot)
{
    mdb_txn_abort(snapshot->txn);
    if (snapshot->env != NULL) {
        mdb_env_close(snapshot->env);
    }
}

/* LMDB reads nothing but the metas for this, and those were found sound. */
static int
begin(struct snapshot *snapshot, const char *path, const struct sarn__pages *pages)
{
    int rc = mdb_env_create(&snapshot->env);

    rc = rc == 0 ? mdb_env_set_mapsize(snapshot->env, pages->file_bytes) : rc;
    rc = rc == 0 ? mdb_env_open(snapshot->env, path, SARN__LMDB_ENV_FLAGS | MDB_RDONLY,
                                SARN__LMDB_FILE_MODE)
                 : rc;
    return rc == 0 ? mdb_txn_begin(snapshot->env, NULL, MDB_RDONLY, &snapshot->txn)
                   : rc;
}

/* Read the metas again, now that the snapshot keeps its pages, and point at its own. */
SARN_MUST_USE static sarn_status select_meta(const struct snapshot *snapshot,
                                             const char *path,
                                             struct sarn__pages *pages,
                                             struct sarn_error *error)
{
    uint64_t id = mdb_txn_id(snapshot->txn);

    for (uint32_t i = 0; i < 2; i++) {
        if (pages->metas[i].txn_id == id) {
            pages->newest = i;
            return SARN_OK;
        }
    }
    return sarn__fail(error, SARN_ERR_BUSY,
                      "\"%s\" is being written too fast to be looked at; try again",
                      path);
}

SARN_MUST_USE static sarn_status hold(struct snapshot *snapshot,
                                      int fd,
                                      const char *path,
                                      struct sarn__pages *pages,
                                      struct sarn_error *error)
{
    char lock_path[4096];
    int rc;

    SARN__TRY(sarn__pages_open(fd, path, pages, error));
    if (snprintf(lock_path, sizeof(lock_path), "%s-lock", path) >=
        (int)sizeof(lock_path)) {
        return sarn__fail(error, SARN_ERR_INVALID, "the path of the log is too long");
    }
    if (sarn__owner_is_this_process(lock_path)) {
        return sarn__fail(error, SARN_ERR_BUSY,
                          "\"%s\" is open in this process; close it first", path);
    }
    rc = begin(snapshot, path, pages);
    for (uint32_t i = 0; rc == MDB_MAP_RESIZED && i < 8; i++) {
        /* It grew since its metas were read: look again, with a larger map. */
        end(snapshot);
        *snapshot = (struct snapshot){NULL, NULL};
        SARN__TRY(sarn__pages_open(fd, path, pages, error));
        pages->file_bytes *= 2;
        rc = begin(snapshot, path, pages);
    }
    if (rc != 0) {
        return sarn__lmdb_fail(error, rc, "opening", path);
    }
    for (uint32_t i = 0; i < 16; i++) {
        SARN__TRY(sarn__pages_open(fd, path, pages, error));
        if (select_meta(snapshot, path, pages, NULL) == SARN_OK) {
            return SARN_OK;
        }
        mdb_txn_reset(snapshot->txn);
        rc = mdb_txn_renew(snapshot->txn);
        if (rc != 0) {
            return sarn__lmdb_fail(error, rc, "reading", path);
        }
    }
    return select_meta(snapshot, path, pages, error);
}

sarn_status sarn__check_file(const char *path,
                             struct sarn__check_options *options,
                             struct sarn_error *error)
{
    struct sarn__lmdb_options place = {.path = path, .read_only = true};
    struct snapshot snapshot = {NULL, NULL};
    struct sarn__pages pages;
    sarn_status status;
    int fd;

    SARN__TRY(sarn__place_open(&place, &fd, error));
    status = hold(&snapshot, fd, path, &pages, error);
    if (status == SARN_OK && sarn__page_meta_is_first(&pages.metas[pages.newest])) {
        status = sarn__fail(error, SARN_ERR_NOT_FOUND,
                            "\"%s\" is empty; nothing was ever written to it", path);
    }
    if (status == SARN_OK) {
        status = sarn__check_pages(&pages, options, error);
    }
    end(&snapshot);
    close(fd);
    return status;
}
