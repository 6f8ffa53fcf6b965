/* ports/journal, a log that is written again as it was: one suite, run against LMDB and
 * against memory. */
#include "support/test.h"

#include <stdlib.h>

#include "support/faults.h"
#include "support/journal_world.h"

/* Batches that follow each other, with bytes as world_append() makes them. */
struct again {
    struct sarn_batch batches[4];
    uint32_t count;
    struct sarn_str records[4][8];
    uint64_t bytes[4][8][20];
    uint64_t commits[4][SARN__COMMIT_BYTES / 8];
};

static void
add_batch(struct again *again, uint64_t epoch, uint64_t first, uint32_t count)
{
    uint32_t at = again->count++;

    assert_true(at < 4 && count <= 8);
    for (uint32_t i = 0; i < count; i++) {
        world_fill(again->bytes[at][i], first + i, 160);
        again->records[at][i] = (struct sarn_str){(char *)again->bytes[at][i], 160};
    }
    world_fill(again->commits[at], ~(first + count - 1), SARN__COMMIT_BYTES);
    again->batches[at] =
        (struct sarn_batch){.epoch = epoch,
                            .first = first,
                            .records = again->records[at],
                            .count = count,
                            .commit = {(char *)again->commits[at], SARN__COMMIT_BYTES}};
}

static sarn_status restore(struct world *world, const struct again *again)
{
    return world->mine.ops->restore(world->mine.self, again->batches, again->count,
                                    NULL);
}

/* Every record and commit is as it was written; *arg counts them. */
static sarn_status see(void *arg, uint64_t position, struct sarn_str value)
{
    uint64_t expected[20], *count = arg;

    assert_int_equal(value.size, sizeof(expected));
    world_fill(expected, position, sizeof(expected));
    assert_memory_equal(value.data, expected, sizeof(expected));
    *count += 1;
    return SARN_OK;
}

static sarn_status see_commit(void *arg, uint64_t position, struct sarn_str value)
{
    return see(arg, ~position, value);
}

static void a_log_is_written_again_many_commits_at_once(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct again again = {.count = 0};
    struct sarn_journal_state state;
    uint64_t next = 99, seen = 0, commits = 0;

    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    add_batch(&again, 1, 1, 1);
    add_batch(&again, 1, 2, 3);
    add_batch(&again, 7, 5, 2); /* Epochs that led to nothing left no commit. */
    assert_int_equal(restore(world, &again), SARN_OK);
    state = world_state(world);
    assert_int_equal(state.last_position, 6);
    assert_int_equal(state.last_commit, 6);
    assert_int_equal(state.commits, 3);
    assert_int_equal(state.epoch, 7);
    assert_int_equal(state.through, 0);
    assert_int_equal(
        mine->ops->scan(mine->self, 1, UINT64_MAX, see, &seen, &next, NULL), SARN_OK);
    assert_int_equal(seen, 6);
    assert_int_equal(
        mine->ops->commits(mine->self, 1, see_commit, &commits, &next, NULL), SARN_OK);
    assert_int_equal(commits, 3);
}

static void a_log_written_again_is_there_after_reopening_and_goes_on(void **arg)
{
    struct world *world = *arg;
    struct again again = {.count = 0}, more = {.count = 0};
    struct sarn_journal_state state;

    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    add_batch(&again, 2, 1, 2);
    assert_int_equal(restore(world, &again), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    state = world_state(world);
    assert_int_equal(state.last_position, 2);
    assert_int_equal(state.epoch, 2);
    add_batch(&more, 2, 3, 1);
    assert_int_equal(restore(world, &more), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = APPEND,
                                                      .take_epoch = true,
                                                      .epoch = 3,
                                                      .first = 4,
                                                      .count = 1,
                                                      .bytes = 160}),
                     SARN_OK);
    assert_int_equal(world_state(world).epoch, 3);
}

static void a_gap_before_or_between_commits_is_refused_and_nothing_written(void **arg)
{
    struct world *world = *arg;
    struct again before = {.count = 0}, between = {.count = 0}, behind = {.count = 0};

    world_begin(world);
    add_batch(&before, 1, 3, 1);
    assert_int_equal(restore(world, &before), SARN_ERR_WRONG_EXPECTED_VERSION);
    add_batch(&between, 1, 2, 2);
    add_batch(&between, 1, 5, 1);
    assert_int_equal(restore(world, &between), SARN_ERR_WRONG_EXPECTED_VERSION);
    add_batch(&behind, 1, 2, 2);
    add_batch(&behind, 1, 3, 1);
    assert_int_equal(restore(world, &behind), SARN_ERR_WRONG_EXPECTED_VERSION);
    assert_int_equal(world_state(world).last_position, 1);
    assert_int_equal(world_state(world).commits, 1);
    assert_int_equal(world_append(world, 2, 1), SARN_OK);
}

static void an_epoch_that_goes_back_is_refused_and_nothing_written(void **arg)
{
    struct world *world = *arg;
    struct again between = {.count = 0}, before = {.count = 0}, same = {.count = 0};

    world_begin(world);
    add_batch(&between, 3, 2, 1);
    add_batch(&between, 2, 3, 1);
    assert_int_equal(restore(world, &between), SARN_ERR_DEPOSED);
    assert_int_equal(world_state(world).last_position, 1);
    assert_int_equal(world_state(world).epoch, 1);
    add_batch(&before, 0, 2, 1);
    assert_int_equal(restore(world, &before), SARN_ERR_DEPOSED);
    add_batch(&same, 1, 2, 1);
    assert_int_equal(restore(world, &same), SARN_OK);
}

static void who_reads_writes_no_log_again(void **arg)
{
    struct world *world = *arg;
    struct again again = {.count = 0};

    world_begin(world);
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    assert_int_equal(
        world_tell(world, (struct order){.verb = OPEN, .flags = READ_ONLY}), SARN_OK);
    add_batch(&again, 1, 2, 1);
    assert_int_equal(restore(world, &again), SARN_ERR_STATE);
}

static void one_deposed_writes_no_log_again(void **arg)
{
    struct world *world = *arg;
    struct again again = {.count = 0};

    world_begin(world);
    assert_int_equal(
        world_tell_peer(world, (struct order){.verb = OPEN, .flags = TAKEOVER}),
        SARN_OK);
    assert_int_equal(world_tell_peer(world, (struct order){.verb = APPEND,
                                                           .take_epoch = true,
                                                           .epoch = 2,
                                                           .first = 2,
                                                           .count = 1,
                                                           .bytes = 160}),
                     SARN_OK);
    add_batch(&again, 1, 3, 1);
    assert_int_equal(restore(world, &again), SARN_ERR_DEPOSED);
}

static void sizes_are_bounded_for_each_record_and_for_all_together(void **arg)
{
    enum { RECORDS = 64 };
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    uint64_t commit[SARN__COMMIT_BYTES / 8];
    char *bytes = calloc(1, SARN__VALUE_BYTES_MAX + 8);
    struct sarn_str records[RECORDS], large = {bytes, SARN__VALUE_BYTES_MAX + 8};
    struct sarn_batch batches[3];

    assert_non_null(bytes);
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    world_fill(commit, 1, sizeof(commit));
    for (uint32_t i = 0; i < RECORDS; i++) {
        records[i] = (struct sarn_str){bytes, SARN__VALUE_BYTES_MAX};
    }
    for (uint32_t i = 0; i < 3; i++) { /* 128 MiB each, and 256 are allowed. */
        batches[i] = (struct sarn_batch){.epoch = 1,
                                         .first = 1 + i * RECORDS,
                                         .records = records,
                                         .count = RECORDS,
                                         .commit = {(char *)commit, sizeof(commit)}};
    }
    assert_int_equal(mine->ops->restore(mine->self, batches, 3, NULL),
                     SARN_ERR_TOO_LARGE);
    batches[0].records = &large;
    batches[0].count = 1;
    assert_int_equal(mine->ops->restore(mine->self, batches, 1, NULL),
                     SARN_ERR_TOO_LARGE);
    assert_int_equal(world_state(world).last_position, 0);
    free(bytes);
}

static void without_room_nothing_of_many_commits_is_written(void **arg)
{
    struct world *world = *arg;
    struct again again = {.count = 0};
    sarn_status status;
    uint64_t last;

    world->kind->limit(world, SMALL_BYTES);
    world_begin(world);
    do {
        last = world_state(world).last_position;
        again.count = 0;
        for (uint32_t i = 0; i < 4; i++) {
            add_batch(&again, 1, last + 1 + 8 * i, 8);
        }
        status = restore(world, &again);
    } while (status == SARN_OK);
    assert_int_equal(status, SARN_ERR_FULL);
    assert_true(last > 100);
    assert_int_equal(world_state(world).last_position, last);
    assert_int_equal((last - 1) % 32, 0); /* All four, or none. */
    assert_int_equal(world_tell(world, (struct order){.verb = SUM}), SARN_OK);
}

static void writing_again_in_doubt_stops_the_journal_until_reopened(void **arg)
{
    struct world *world = *arg;
    struct again again = {.count = 0};

    world_begin(world);
    add_batch(&again, 1, 2, 1);
    add_batch(&again, 1, 3, 2);
    world->kind->doubt(world);
    assert_int_equal(restore(world, &again), SARN_ERR_IN_DOUBT);
    (void)faults_clear();
    assert_int_equal(restore(world, &again), SARN_ERR_IN_DOUBT);
    assert_int_equal(world_append(world, 2, 1), SARN_ERR_IN_DOUBT);
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    assert_int_equal(world_state(world).last_position, 1);
    assert_int_equal(restore(world, &again), SARN_OK);
    assert_int_equal(world_state(world).last_position, 4);
}

#define CASES(kind)                                                                    \
    WORLD_CASE(a_log_is_written_again_many_commits_at_once, kind),                     \
        WORLD_CASE(a_log_written_again_is_there_after_reopening_and_goes_on, kind),    \
        WORLD_CASE(a_gap_before_or_between_commits_is_refused_and_nothing_written,     \
                   kind),                                                              \
        WORLD_CASE(an_epoch_that_goes_back_is_refused_and_nothing_written, kind),      \
        WORLD_CASE(who_reads_writes_no_log_again, kind),                               \
        WORLD_CASE(one_deposed_writes_no_log_again, kind),                             \
        WORLD_CASE(sizes_are_bounded_for_each_record_and_for_all_together, kind),      \
        WORLD_CASE(without_room_nothing_of_many_commits_is_written, kind),             \
        WORLD_CASE(writing_again_in_doubt_stops_the_journal_until_reopened, kind)

int main(void)
{
    const struct CMUnitTest in_memory[] = {CASES(world_in_memory)};
    const struct CMUnitTest on_lmdb[] = {CASES(world_on_lmdb)};
    int failed =
        cmocka_run_group_tests_name("restoring in memory", in_memory, NULL, NULL);

    return failed +
           cmocka_run_group_tests_name("restoring on LMDB", on_lmdb, NULL, NULL);
}
