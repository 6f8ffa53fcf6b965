#include "support/whole_log.h"

#include "sarn/sarn.h"

struct sarn_log_stats whole_log_stats(const char *path)
{
    struct sarn_log_stats stats = {.struct_size = sizeof(stats)};
    struct sarn_error error;
    sarn_log *log;

    assert_ok(sarn_log_open(path, NULL, &log, &error), &error);
    assert_ok(sarn_log_get_stats(log, &stats, &error), &error);
    sarn_log_close(log);
    return stats;
}

static void tell(void *arg, const char *text)
{
    (void)arg;
    print_message("%s\n", text);
}

void whole_log_assert(const char *path)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_error error;
    sarn_log *log;

    check.finding = tell;
    assert_ok(sarn_log_verify(path, &check, &error), &error);
    check.finding = NULL; /* It would tell of projections whose code is not here. */
    assert_ok(sarn_log_open(path, NULL, &log, &error), &error);
    assert_ok(sarn_log_check(log, &check, &error), &error);
    assert_int_equal(check.differences, 0);
    sarn_log_close(log);
}

void whole_log_assert_same(const char *path, const char *copy)
{
    struct sarn_log_stats mine = whole_log_stats(path), yours = whole_log_stats(copy);

    assert_memory_equal(mine.head_hash, yours.head_hash, sizeof(mine.head_hash));
    assert_memory_equal(&mine.log_id, &yours.log_id, sizeof(mine.log_id));
    assert_int_equal(mine.last_position, yours.last_position);
    assert_int_equal(mine.commits, yours.commits);
    assert_int_equal(mine.streams, yours.streams);
    assert_int_equal(mine.epoch, yours.epoch);
    assert_int_equal(mine.first_time_us, yours.first_time_us);
    assert_int_equal(mine.last_time_us, yours.last_time_us);
    whole_log_assert(copy);
}
