#include "support/copied_log.h"

#include <stdio.h>
#include <stdlib.h>

#include "support/test.h"

int copied_log_set_up(void **state)
{
    struct copied_log *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    *state = f;
    good_log_make(&f->good);
    snprintf(f->copy, sizeof(f->copy), "%s", tempdir_path(&f->good.dir, "copy.sarn"));
    return 0;
}

int copied_log_tear_down(void **state)
{
    struct copied_log *f = *state;

    archive_bytes_free(&f->bytes);
    good_log_remove(&f->good);
    free(f);
    return 0;
}

sarn_engine *copied_log_open(struct copied_log *f, const char *path)
{
    sarn_engine *engine;

    assert_ok(sarn_open(path, NULL, &engine, &f->error), &f->error);
    return engine;
}

void copied_log_say(struct copied_log *f, sarn_engine *engine, const char *what)
{
    assert_ok(good_log_append(engine, "talk-1", sarn_str(what), &f->error), &f->error);
}

void copied_log_look(struct copied_log *f)
{
    assert_ok(archive_bytes_look(&f->bytes, &f->info, &f->error), &f->error);
}

sarn_status copied_log_import(struct copied_log *f, const char *path)
{
    f->in = (struct sarn_import)SARN_IMPORT_INIT;
    return archive_bytes_import(&f->bytes, path, &f->in, &f->error);
}
