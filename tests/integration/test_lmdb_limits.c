/* infra/lmdb: how many read a log at once. */
#include <string.h>

#include "support/log_file.h"

#include "support/test.h"

#define READERS 512u

/* A visitor that visits: each visit under way has a read transaction. */
struct nest {
    struct log_file *file;
    uint32_t depth;
    sarn_status refused; /* The innermost, which found no room. */
    struct sarn_error error;
};

static sarn_status go_deeper(void *arg, uint64_t position, struct sarn_str value)
{
    struct nest *nest = arg;
    struct sarn_journal *journal = &nest->file->journal;
    struct sarn_error error;
    uint64_t next;
    sarn_status status;

    (void)position;
    (void)value;
    nest->depth += 1;
    assert_in_range(nest->depth, 1, READERS);
    status = journal->ops->scan(journal->self, 1, 1, go_deeper, nest, &next, &error);
    if (nest->refused == SARN_OK) {
        nest->refused = status;
        nest->error = error;
    }
    return SARN_ERR_TIMEOUT; /* And all the way back. */
}

static void a_log_has_512_readers_at_once(void **state)
{
    struct log_file *f = *state;
    struct nest nest = {.file = f};
    uint64_t next;

    log_file_begin(f);
    for (uint32_t i = 0; i < 2; i++) { /* Once they are gone there is room again. */
        nest.depth = 0;
        nest.refused = SARN_OK;
        assert_int_equal(
            f->journal.ops->scan(f->journal.self, 1, 1, go_deeper, &nest, &next, NULL),
            SARN_ERR_TIMEOUT);
        assert_int_equal(nest.depth, READERS);
        assert_int_equal(nest.refused, SARN_ERR_OVERLOADED);
        assert_non_null(strstr(nest.error.text, "too many processes read it"));
    }
    log_file_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_FILE_CASE(a_log_has_512_readers_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
