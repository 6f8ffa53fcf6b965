/* ports/journal, the log: one suite, run against LMDB and against memory. */
#include "support/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "support/faults.h"
#include "support/journal_world.h"

/* --- the log --- */

struct seen {
    uint64_t positions[8];
    uint32_t count;
    uint32_t bytes;
    uint32_t stop_after; /* 0: never. */
};

static sarn_status see(void *arg, uint64_t position, struct sarn_str value)
{
    struct seen *seen = arg;
    uint64_t expected[512];

    assert_int_equal((uintptr_t)value.data % 8, 0);
    assert_true(value.size <= sizeof(expected));
    world_fill(expected, position, value.size);
    assert_memory_equal(value.data, expected, value.size);
    if (seen->count < 8) {
        seen->positions[seen->count] = position;
    }
    seen->count += 1;
    seen->bytes += value.size;
    return seen->count == seen->stop_after ? SARN_ERR_TIMEOUT : SARN_OK;
}

static void a_new_log_is_empty(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal_state state;
    struct seen seen = {.count = 0};
    uint64_t next = 99;

    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    state = world_state(world);
    assert_int_equal(state.last_position, 0);
    assert_int_equal(state.last_commit, 0);
    assert_int_equal(state.commits, 0);
    assert_int_equal(state.epoch, 0);
    assert_int_equal(state.through, 0);
    assert_int_equal(state.format, 1);
    assert_int_equal(state.owner_pid, getpid());
    assert_int_equal(state.log_id.bytes[0], 1);
    assert_int_equal(
        world->mine.ops->scan(world->mine.self, 1, UINT64_MAX, see, &seen, &next, NULL),
        SARN_OK);
    assert_int_equal(seen.count, 0);
    assert_int_equal(next, 0);
    assert_int_equal(
        world->mine.ops->commits(world->mine.self, 1, see, &seen, &next, NULL),
        SARN_OK);
    assert_int_equal(seen.count, 0);
}

static void what_was_appended_is_read_in_order_and_aligned(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct seen all = {.count = 0}, part = {.count = 0};
    uint64_t next = 99;

    world_begin(world);
    assert_int_equal(world_append(world, 2, 3), SARN_OK);
    assert_int_equal(world_append(world, 5, 1), SARN_OK);
    assert_int_equal(world_state(world).last_position, 5);
    assert_int_equal(mine->ops->scan(mine->self, 1, UINT64_MAX, see, &all, &next, NULL),
                     SARN_OK);
    assert_int_equal(all.count, 5);
    assert_int_equal(all.bytes, 5 * 160);
    assert_int_equal(next, 0);
    assert_int_equal(mine->ops->scan(mine->self, 2, 4, see, &part, &next, NULL),
                     SARN_OK);
    assert_int_equal(part.count, 3);
    assert_int_equal(part.positions[0], 2);
    assert_int_equal(part.positions[2], 4);
    assert_int_equal(next, 0);
}

static void records_of_every_size_come_back_whole(void **arg)
{
    static const uint32_t sizes[] = {8, 16, 2000, 2024, 2032, 2040, 4080, 4088, 4096};
    struct world *world = *arg;
    struct seen seen = {.count = 0};
    uint64_t next;
    uint32_t sum = 160;

    world_begin(world);
    for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(world_tell(world, (struct order){.verb = APPEND,
                                                          .epoch = 1,
                                                          .first = 2 + i,
                                                          .count = 1,
                                                          .bytes = sizes[i]}),
                         SARN_OK);
        sum += sizes[i];
    }
    assert_int_equal(
        world->mine.ops->scan(world->mine.self, 1, UINT64_MAX, see, &seen, &next, NULL),
        SARN_OK);
    assert_int_equal(seen.bytes, sum);
}

static void an_append_elsewhere_than_at_the_end_is_refused(void **arg)
{
    struct world *world = *arg;

    world_begin(world);
    assert_int_equal(world_append(world, 1, 1), SARN_ERR_WRONG_EXPECTED_VERSION);
    assert_int_equal(world_append(world, 3, 1), SARN_ERR_WRONG_EXPECTED_VERSION);
    assert_int_equal(world_state(world).last_position, 1);
    assert_int_equal(world_append(world, 2, 1), SARN_OK);
}

static void a_record_over_the_limit_is_refused_and_nothing_written(void **arg)
{
    struct world *world = *arg;

    world_begin(world);
    assert_int_equal(
        world_tell(world, (struct order){.verb = APPEND,
                                         .epoch = 1,
                                         .first = 2,
                                         .count = 1,
                                         .bytes = SARN__VALUE_BYTES_MAX + 8}),
        SARN_ERR_TOO_LARGE);
    assert_int_equal(world_state(world).last_position, 1);
    assert_int_equal(world_tell(world, (struct order){.verb = APPEND,
                                                      .epoch = 1,
                                                      .first = 2,
                                                      .count = 1,
                                                      .bytes = SARN__VALUE_BYTES_MAX}),
                     SARN_OK);
}

static void a_scan_is_cut_into_slices(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct seen seen = {.count = 0};
    uint64_t next = 0;

    world_begin(world);
    assert_int_equal(world_append(world, 2, SARN__READ_SLICE + 9), SARN_OK);
    assert_int_equal(
        mine->ops->scan(mine->self, 1, UINT64_MAX, see, &seen, &next, NULL), SARN_OK);
    assert_int_equal(seen.count, SARN__READ_SLICE);
    assert_int_equal(next, SARN__READ_SLICE + 1);
    assert_int_equal(
        mine->ops->scan(mine->self, next, UINT64_MAX, see, &seen, &next, NULL),
        SARN_OK);
    assert_int_equal(seen.count, SARN__READ_SLICE + 10);
    assert_int_equal(next, 0);
}

static void a_visitor_stops_a_scan_and_its_answer_comes_back(void **arg)
{
    struct world *world = *arg;
    struct seen seen = {.stop_after = 2};
    uint64_t next = 99;

    world_begin(world);
    assert_int_equal(world_append(world, 2, 3), SARN_OK);
    assert_int_equal(
        world->mine.ops->scan(world->mine.self, 1, UINT64_MAX, see, &seen, &next, NULL),
        SARN_ERR_TIMEOUT);
    assert_int_equal(seen.count, 2);
    assert_int_equal(next, 99); /* Written only on success. */
}

/* From position to position, two back each time. */
static sarn_status
two_back(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    *next = position > 2 ? position - 2 : 0;
    return see(arg, position, value);
}

static sarn_status
far_ahead(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    *next = position + 1000;
    return see(arg, position, value);
}

static sarn_status
one_back(void *arg, uint64_t position, struct sarn_str value, uint64_t *next)
{
    *next = position - 1;
    return see(arg, position, value);
}

static void a_walk_follows_the_positions_that_its_visitor_names(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct seen seen = {.count = 0};
    uint64_t next = 99;

    world_begin(world);
    assert_int_equal(world_append(world, 2, 6), SARN_OK);
    assert_int_equal(mine->ops->walk(mine->self, 7, two_back, &seen, &next, NULL),
                     SARN_OK);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.positions[0], 7);
    assert_int_equal(seen.positions[3], 1);
    assert_int_equal(next, 0);
    assert_int_equal(mine->ops->walk(mine->self, 1, far_ahead, &seen, &next, NULL),
                     SARN_ERR_CORRUPT);
}

static void a_walk_is_cut_into_slices(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct seen seen = {.count = 0};
    uint64_t next = 0;

    world_begin(world);
    assert_int_equal(world_append(world, 2, SARN__READ_SLICE + 1), SARN_OK);
    assert_int_equal(
        mine->ops->walk(mine->self, SARN__READ_SLICE + 2, one_back, &seen, &next, NULL),
        SARN_OK);
    assert_int_equal(seen.count, SARN__READ_SLICE);
    assert_int_equal(next, 2);
    assert_int_equal(mine->ops->walk(mine->self, next, one_back, &seen, &next, NULL),
                     SARN_OK);
    assert_int_equal(next, 0);
}

struct commits_seen {
    uint64_t lasts[4];
    uint32_t count;
};

static sarn_status see_commit(void *arg, uint64_t position, struct sarn_str value)
{
    struct commits_seen *seen = arg;
    uint64_t expected[SARN__COMMIT_BYTES / 8];

    assert_int_equal(value.size, SARN__COMMIT_BYTES);
    assert_int_equal((uintptr_t)value.data % 8, 0);
    world_fill(expected, ~position, sizeof(expected));
    assert_memory_equal(value.data, expected, sizeof(expected));
    if (seen->count < 4) {
        seen->lasts[seen->count] = position;
    }
    seen->count += 1;
    return SARN_OK;
}

static void commits_are_found_by_their_last_position(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct commits_seen all = {.count = 0}, late = {.count = 0};
    struct sarn_journal_state state;
    uint64_t expected[SARN__COMMIT_BYTES / 8];
    uint64_t next = 99;

    world_begin(world);
    assert_int_equal(world_append(world, 2, 3), SARN_OK);
    assert_int_equal(world_append(world, 5, 2), SARN_OK);
    assert_int_equal(mine->ops->commits(mine->self, 1, see_commit, &all, &next, NULL),
                     SARN_OK);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.lasts[0], 1);
    assert_int_equal(all.lasts[1], 4);
    assert_int_equal(all.lasts[2], 6);
    assert_int_equal(next, 0);
    assert_int_equal(mine->ops->commits(mine->self, 2, see_commit, &late, &next, NULL),
                     SARN_OK);
    assert_int_equal(late.count, 2);
    assert_int_equal(late.lasts[0], 4);
    state = world_state(world);
    assert_int_equal(state.commits, 3);
    assert_int_equal(state.last_commit, 6);
    world_fill(expected, ~UINT64_C(6), sizeof(expected));
    assert_memory_equal(state.commit, expected, sizeof(expected));
}

static void a_log_is_the_same_after_reopening(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal_state before, after;

    world_begin(world);
    assert_int_equal(world_append(world, 2, 7), SARN_OK);
    before = world_state(world);
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    after = world_state(world);
    assert_int_equal(after.last_position, before.last_position);
    assert_int_equal(after.epoch, before.epoch);
    assert_int_equal(after.commits, before.commits);
    assert_memory_equal(after.commit, before.commit, SARN__COMMIT_BYTES);
    assert_memory_equal(&after.log_id, &before.log_id, sizeof(after.log_id));
    assert_int_equal(world_append(world, 9, 1), SARN_OK);
}

/* --- owners --- */

static void a_second_owner_is_refused(void **arg)
{
    struct world *world = *arg;
    struct answer refused;
    char pid[32];

    world_begin(world);
    refused = world_ask_peer(world, (struct order){.verb = OPEN});
    assert_int_equal(refused.status, SARN_ERR_BUSY);
    snprintf(pid, sizeof(pid), "process %d", (int)getpid());
    assert_non_null(strstr(refused.text, pid));
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    assert_int_equal(world_tell_peer(world, (struct order){.verb = OPEN}), SARN_OK);
}

static void taking_over_deposes_the_owner(void **arg)
{
    struct world *world = *arg;

    world_begin(world);
    assert_int_equal(
        world_tell_peer(world, (struct order){.verb = OPEN, .flags = TAKEOVER}),
        SARN_OK);
    assert_int_equal(world_append(world, 2, 1),
                     SARN_OK); /* Not deposed before the epoch is. */
    assert_int_equal(world_tell_peer(world, (struct order){.verb = APPEND,
                                                           .take_epoch = true,
                                                           .epoch = 2,
                                                           .first = 3,
                                                           .count = 1,
                                                           .bytes = 160}),
                     SARN_OK);
    assert_int_equal(world_append(world, 4, 1), SARN_ERR_DEPOSED);
    assert_int_equal(world_append(world, 3, 1), SARN_ERR_DEPOSED);
    assert_int_equal(world_state(world).last_position, 3);
    assert_int_equal(world_state(world).epoch, 2);
    assert_int_equal(world_tell_peer(world, (struct order){.verb = APPEND,
                                                           .epoch = 2,
                                                           .first = 4,
                                                           .count = 1,
                                                           .bytes = 160}),
                     SARN_OK);
}

static void a_deposed_owner_flushes_nothing(void **arg)
{
    struct world *world = *arg;
    struct sarn_table_row row = {
        .table = 1, .key = SARN_STR("a"), .value = SARN_STR("x")};
    struct sarn_flush flush = {.epoch = 1, .rows = &row, .count = 1, .through = 1};
    struct sarn_journal *mine = &world->mine;

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
    assert_int_equal(mine->ops->flush(mine->self, &flush, NULL), SARN_ERR_DEPOSED);
    assert_int_equal(world_state(world).through, 0);
}

static void an_epoch_is_taken_one_after_the_other(void **arg)
{
    struct world *world = *arg;
    struct order skip = {.verb = APPEND,
                         .take_epoch = true,
                         .epoch = 3,
                         .first = 2,
                         .count = 1,
                         .bytes = 160};

    world_begin(world);
    assert_int_equal(world_tell(world, skip), SARN_ERR_DEPOSED);
    skip.epoch = 1;
    assert_int_equal(world_tell(world, skip), SARN_ERR_DEPOSED);
    skip.epoch = 2;
    assert_int_equal(world_tell(world, skip), SARN_OK);
    assert_int_equal(world_state(world).epoch, 2);
}

static void another_reads_while_the_owner_writes(void **arg)
{
    struct world *world = *arg;
    uint64_t before;

    world_begin(world);
    assert_int_equal(
        world_tell_peer(world, (struct order){.verb = OPEN, .flags = READ_ONLY}),
        SARN_OK);
    assert_int_equal(world_ask_peer(world, (struct order){.verb = LAST}).value, 1);
    before = world_ask_peer(world, (struct order){.verb = SUM}).value;
    for (uint64_t first = 2; first < 200; first += 3) {
        assert_int_equal(world_append(world, first, 3), SARN_OK);
        assert_int_equal(world_ask_peer(world, (struct order){.verb = LAST}).value,
                         first + 2);
    }
    assert_int_equal(world_ask_peer(world, (struct order){.verb = SUM}).value,
                     world_ask(world, (struct order){.verb = SUM}).value);
    assert_true(world_ask_peer(world, (struct order){.verb = SUM}).value != before);
    assert_int_equal(world_tell_peer(world, (struct order){.verb = APPEND,
                                                           .epoch = 1,
                                                           .first = 200,
                                                           .count = 1,
                                                           .bytes = 160}),
                     SARN_ERR_STATE);
}

/* What a thread that reads while another appends has seen. */
struct reading {
    struct world *world;
    atomic_bool *over;
    uint64_t rounds;
    bool good;
};

static sarn_status count_record(void *arg, uint64_t position, struct sarn_str value)
{
    uint64_t *next = arg;

    *next += 1;
    return position == *next && value.size == 160 ? SARN_OK : SARN_ERR_CORRUPT;
}

/* No assertions here: they belong to the test's own thread. */
static void *read_until_over(void *arg)
{
    struct reading *reading = arg;
    struct sarn_journal *mine = &reading->world->mine;
    uint64_t before = 0;

    reading->good = true;
    while (reading->good && (!atomic_load(reading->over) || reading->rounds == 0)) {
        struct sarn_journal_state state;
        uint64_t count = 0, next = 0;

        reading->good = mine->ops->state(mine->self, &state, NULL) == SARN_OK &&
                        state.last_position >= before &&
                        mine->ops->scan(mine->self, 1, state.last_position,
                                        count_record, &count, &next, NULL) == SARN_OK &&
                        count == state.last_position && next == 0;
        before = state.last_position;
        reading->rounds += 1;
    }
    return NULL;
}

static void threads_read_while_another_appends(void **arg)
{
    struct world *world = *arg;
    atomic_bool over = false;
    struct reading readings[3];
    pthread_t threads[3];

    world_begin(world);
    for (uint32_t i = 0; i < 3; i++) {
        readings[i] = (struct reading){.world = world, .over = &over};
        assert_int_equal(
            pthread_create(&threads[i], NULL, read_until_over, &readings[i]), 0);
    }
    for (uint64_t first = 2; first < 200; first += 2) {
        assert_int_equal(world_append(world, first, 2), SARN_OK);
    }
    atomic_store(&over, true);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(readings[i].good);
        assert_true(readings[i].rounds > 0);
    }
}

/* --- faults --- */

static void a_full_log_refuses_loses_nothing_and_stays_usable(void **arg)
{
    struct world *world = *arg;
    uint64_t last;
    sarn_status status;

    world->kind->limit(world, SMALL_BYTES);
    world_begin(world);
    do {
        last = world_state(world).last_position;
        status = world_tell(world, (struct order){.verb = APPEND,
                                                  .epoch = 1,
                                                  .first = last + 1,
                                                  .count = 16,
                                                  .bytes = 2048});
    } while (status == SARN_OK);
    assert_int_equal(status, SARN_ERR_FULL);
    assert_true(last > 100);
    assert_int_equal(world_state(world).last_position, last);
    assert_int_equal(world_tell(world, (struct order){.verb = SUM}), SARN_OK);
    assert_int_equal(world_append(world, last + 1, 1),
                     SARN_OK); /* A small one still fits. */
    assert_int_equal(world_state(world).last_position, last + 1);
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    world->kind->limit(world, 2 * SMALL_BYTES); /* And with more room it goes on. */
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = APPEND,
                                                      .epoch = 1,
                                                      .first = last + 2,
                                                      .count = 16,
                                                      .bytes = 2048}),
                     SARN_OK);
}

static void a_write_in_doubt_stops_the_journal_until_reopened(void **arg)
{
    struct world *world = *arg;
    struct sarn_flush flush = {.epoch = 1};
    struct sarn_journal *mine = &world->mine;

    world_begin(world);
    world->kind->doubt(world);
    assert_int_equal(world_append(world, 2, 1), SARN_ERR_IN_DOUBT);
    (void)faults_clear();
    assert_int_equal(world_append(world, 2, 1), SARN_ERR_IN_DOUBT);
    assert_int_equal(mine->ops->flush(mine->self, &flush, NULL), SARN_ERR_IN_DOUBT);
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    assert_int_equal(world_state(world).last_position, 1); /* This one was lost. */
    assert_int_equal(world_append(world, 2, 1), SARN_OK);
}

#define CASES(kind)                                                                    \
    WORLD_CASE(a_new_log_is_empty, kind),                                              \
        WORLD_CASE(what_was_appended_is_read_in_order_and_aligned, kind),              \
        WORLD_CASE(records_of_every_size_come_back_whole, kind),                       \
        WORLD_CASE(an_append_elsewhere_than_at_the_end_is_refused, kind),              \
        WORLD_CASE(a_record_over_the_limit_is_refused_and_nothing_written, kind),      \
        WORLD_CASE(a_scan_is_cut_into_slices, kind),                                   \
        WORLD_CASE(a_visitor_stops_a_scan_and_its_answer_comes_back, kind),            \
        WORLD_CASE(a_walk_follows_the_positions_that_its_visitor_names, kind),         \
        WORLD_CASE(a_walk_is_cut_into_slices, kind),                                   \
        WORLD_CASE(commits_are_found_by_their_last_position, kind),                    \
        WORLD_CASE(a_log_is_the_same_after_reopening, kind),                           \
        WORLD_CASE(a_second_owner_is_refused, kind),                                   \
        WORLD_CASE(taking_over_deposes_the_owner, kind),                               \
        WORLD_CASE(a_deposed_owner_flushes_nothing, kind),                             \
        WORLD_CASE(an_epoch_is_taken_one_after_the_other, kind),                       \
        WORLD_CASE(another_reads_while_the_owner_writes, kind),                        \
        WORLD_CASE(threads_read_while_another_appends, kind),                          \
        WORLD_CASE(a_full_log_refuses_loses_nothing_and_stays_usable, kind),           \
        WORLD_CASE(a_write_in_doubt_stops_the_journal_until_reopened, kind)

int main(void)
{
    const struct CMUnitTest in_memory[] = {CASES(world_in_memory)};
    const struct CMUnitTest on_lmdb[] = {CASES(world_on_lmdb)};
    int failed = cmocka_run_group_tests_name("log in memory", in_memory, NULL, NULL);

    return failed + cmocka_run_group_tests_name("log on LMDB", on_lmdb, NULL, NULL);
}
