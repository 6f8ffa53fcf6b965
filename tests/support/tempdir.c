#define _GNU_SOURCE

#include "support/tempdir.h"

#include <ftw.h>
#include <unistd.h>

void tempdir_make(struct tempdir *dir)
{
    const char *base = getenv("TMPDIR");

    snprintf(dir->path, sizeof(dir->path), "%s/sarn-test-XXXXXX",
             base != NULL && base[0] != '\0' ? base : "/tmp");
    assert_non_null(mkdtemp(dir->path));
}

static int
remove_one(const char *path, const struct stat *stat, int type, struct FTW *where)
{
    (void)stat;
    (void)type;
    (void)where;
    return remove(path);
}

void tempdir_remove(struct tempdir *dir)
{
    assert_int_equal(nftw(dir->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *tempdir_path(struct tempdir *dir, const char *name)
{
    snprintf(dir->text, sizeof(dir->text), "%s/%s", dir->path, name);
    return dir->text;
}
