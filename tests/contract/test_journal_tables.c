/* ports/journal, the tables: one suite, run against LMDB and against memory. */
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "support/journal_world.h"

/* --- rows --- */

#define ROWS_MAX 16

/* Rows as "table:key=value" texts, changed in one flush; "-table:key" removes. Single
 * characters throughout. */
static sarn_status
flush_texts(struct world *world, const char *const *texts, uint64_t through)
{
    struct sarn_table_row rows[ROWS_MAX];
    struct sarn_flush flush = {.epoch = 1, .rows = rows, .through = through};
    struct sarn_journal *mine = &world->mine;

    for (; *texts != NULL; texts++) {
        bool remove = (*texts)[0] == '-';
        const char *text = *texts + (remove ? 1 : 0);

        rows[flush.count++] = (struct sarn_table_row){
            .table = (uint32_t)(text[0] - '0'),
            .remove = remove,
            .key = {text + 2, 1},
            .value = remove ? (struct sarn_str){NULL, 0} : sarn_str(text + 4)};
    }
    return mine->ops->flush(mine->self, &flush, NULL);
}

struct shown {
    char text[64];
    uint32_t count, stop_after;
};

static sarn_status show(void *arg, struct sarn_str key, struct sarn_str value)
{
    struct shown *shown = arg;
    size_t used = strlen(shown->text);

    assert_int_equal((uintptr_t)value.data % 8, 0);
    snprintf(shown->text + used, sizeof(shown->text) - used, "%.*s=%.*s ",
             (int)key.size, key.data, (int)value.size, value.data);
    shown->count += 1;
    return shown->count == shown->stop_after ? SARN_ERR_TIMEOUT : SARN_OK;
}

static const char *range_of(struct world *world,
                            struct shown *shown,
                            uint32_t table,
                            const char *from,
                            const char *to,
                            bool backward)
{
    struct sarn_table_range range = {.table = table,
                                     .backward = backward,
                                     .from = sarn_str(from),
                                     .to = sarn_str(to)};
    struct sarn_journal *mine = &world->mine;
    bool more = true;

    *shown = (struct shown){.text = ""};
    assert_int_equal(mine->ops->rows(mine->self, &range, show, shown, &more, NULL),
                     SARN_OK);
    assert_false(more);
    return shown->text;
}

static void rows_are_scanned_in_order_both_ways(void **arg)
{
    static const char *const rows[] = {"1:b=one",  "1:d=two", "1:f=three",
                                       "2:a=four", "2:z=",    NULL};
    struct world *world = *arg;
    struct shown shown;

    world_begin(world);
    assert_int_equal(flush_texts(world, rows, 0), SARN_OK);
    assert_string_equal(range_of(world, &shown, 1, NULL, NULL, false),
                        "b=one d=two f=three ");
    assert_string_equal(range_of(world, &shown, 1, NULL, NULL, true),
                        "f=three d=two b=one ");
    assert_string_equal(range_of(world, &shown, 2, NULL, NULL, false), "a=four z= ");
    assert_string_equal(range_of(world, &shown, 2, NULL, NULL, true), "z= a=four ");
    assert_string_equal(range_of(world, &shown, 1, "c", "f", false), "d=two ");
    assert_string_equal(range_of(world, &shown, 1, "b", "f", true), "d=two b=one ");
    assert_string_equal(range_of(world, &shown, 1, "d", NULL, true), "f=three d=two ");
    assert_string_equal(range_of(world, &shown, 1, "g", NULL, false), "");
    assert_string_equal(range_of(world, &shown, 1, NULL, "b", true), "");
    assert_string_equal(range_of(world, &shown, 3, NULL, NULL, false), "");
    assert_string_equal(range_of(world, &shown, 3, NULL, NULL, true), "");
    assert_string_equal(range_of(world, &shown, 0, NULL, NULL, true), "");
}

static void the_last_table_of_all_is_scanned_too(void **arg)
{
    struct world *world = *arg;
    struct sarn_table_row row = {
        .table = UINT32_MAX, .key = SARN_STR("k"), .value = SARN_STR("v")};
    struct sarn_flush flush = {.epoch = 1, .rows = &row, .count = 1};
    struct sarn_journal *mine = &world->mine;
    struct shown shown;

    world_begin(world);
    assert_int_equal(mine->ops->flush(mine->self, &flush, NULL), SARN_OK);
    assert_string_equal(range_of(world, &shown, UINT32_MAX, NULL, NULL, false), "k=v ");
    assert_string_equal(range_of(world, &shown, UINT32_MAX, NULL, NULL, true), "k=v ");
}

static void rows_are_replaced_and_removed(void **arg)
{
    static const char *const first[] = {"1:a=1", "1:b=2", "1:c=3", NULL};
    static const char *const second[] = {"-1:a", "1:b=new", "-1:x", "1:y=4", NULL};
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str value = {NULL, 0};
    struct shown shown;

    world_begin(world);
    assert_int_equal(flush_texts(world, first, 0), SARN_OK);
    assert_int_equal(flush_texts(world, second, 0), SARN_OK);
    assert_string_equal(range_of(world, &shown, 1, NULL, NULL, false),
                        "b=new c=3 y=4 ");
    assert_int_equal(mine->ops->get(mine->self, 1, sarn_str("b"), arena, &value, NULL),
                     SARN_OK);
    assert_true(sarn_str_equal(value, sarn_str("new")));
    assert_int_equal(mine->ops->get(mine->self, 1, sarn_str("a"), arena, &value, NULL),
                     SARN_ERR_NOT_FOUND);
    assert_int_equal(mine->ops->get(mine->self, 2, sarn_str("b"), arena, &value, NULL),
                     SARN_ERR_NOT_FOUND);
    assert_true(sarn_str_equal(value, sarn_str("new"))); /* Left alone. */
    sarn_arena_destroy(arena);
}

static void a_flush_moves_through_and_survives_reopening(void **arg)
{
    static const char *const rows[] = {"1:a=1", NULL};
    static const char *const none[] = {NULL};
    struct world *world = *arg;
    struct shown shown;

    world_begin(world);
    assert_int_equal(world_append(world, 2, 3), SARN_OK);
    assert_int_equal(flush_texts(world, rows, 0), SARN_OK);
    assert_int_equal(world_state(world).through, 0);
    assert_int_equal(flush_texts(world, none, 3), SARN_OK);
    assert_int_equal(world_state(world).through, 3);
    assert_int_equal(world_append(world, 5, 1), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = CLOSE}), SARN_OK);
    assert_int_equal(world_tell(world, (struct order){.verb = OPEN}), SARN_OK);
    assert_int_equal(world_state(world).through, 3);
    assert_int_equal(world_state(world).last_position, 5);
    assert_string_equal(range_of(world, &shown, 1, NULL, NULL, false), "a=1 ");
}

static void a_flush_that_does_not_fit_changes_nothing(void **arg)
{
    static const char *const first[] = {"1:a=1", "1:k=2", NULL};
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    char *large = calloc(1, SMALL_BYTES);
    struct sarn_table_row rows[] = {
        {.table = 1, .key = SARN_STR("a"), .value = SARN_STR("changed")},
        {.table = 1, .key = SARN_STR("b"), .value = {large, SMALL_BYTES}},
        {.table = 1, .remove = true, .key = SARN_STR("k")}};
    struct sarn_flush flush = {.epoch = 1, .rows = rows, .count = 3, .through = 1};
    struct shown shown;

    world->kind->limit(world, SMALL_BYTES);
    world_begin(world);
    assert_int_equal(flush_texts(world, first, 0), SARN_OK);
    assert_int_equal(mine->ops->flush(mine->self, &flush, NULL), SARN_ERR_FULL);
    assert_string_equal(range_of(world, &shown, 1, NULL, NULL, false), "a=1 k=2 ");
    assert_int_equal(world_state(world).through, 0);
    assert_int_equal(world_append(world, 2, 1), SARN_OK);
    free(large);
}

static void keys_and_values_may_be_as_long_as_the_limits(void **arg)
{
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    char longest[SARN__TABLE_KEY_BYTES_MAX + 1];
    char *value = malloc(SARN__VALUE_BYTES_MAX + 1);
    struct sarn_table_row row = {.table = 7,
                                 .key = {longest, SARN__TABLE_KEY_BYTES_MAX},
                                 .value = {value, SARN__VALUE_BYTES_MAX}};
    struct sarn_flush flush = {.epoch = 1, .rows = &row, .count = 1};
    struct sarn_table_range after = {.table = 7, .from = {longest, sizeof(longest)}};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str got;
    struct shown shown = {.text = ""};
    bool more;

    world_begin(world);
    memset(longest, 'k', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memset(value, 'v', SARN__VALUE_BYTES_MAX + 1);
    assert_int_equal(mine->ops->flush(mine->self, &flush, NULL), SARN_OK);
    assert_int_equal(mine->ops->get(mine->self, 7, row.key, arena, &got, NULL),
                     SARN_OK);
    assert_int_equal(got.size, SARN__VALUE_BYTES_MAX);
    assert_memory_equal(got.data, value, got.size);
    /* Going on after the longest key is one byte more. */
    assert_int_equal(mine->ops->rows(mine->self, &after, show, &shown, &more, NULL),
                     SARN_OK);
    assert_int_equal(shown.count, 0);
    row.value.size += 1;
    assert_int_equal(mine->ops->flush(mine->self, &flush, NULL), SARN_ERR_TOO_LARGE);
    sarn_arena_destroy(arena);
    free(value);
}

static sarn_status count_row(void *arg, struct sarn_str key, struct sarn_str value)
{
    uint64_t *last = arg;

    assert_int_equal(key.size, 8);
    assert_int_equal(value.size, 5);
    memcpy(last, key.data, sizeof(*last));
    return SARN_OK;
}

static void a_scan_of_rows_is_cut_into_slices(void **arg)
{
    enum { COUNT = SARN__READ_SLICE + 100 };
    struct world *world = *arg;
    struct sarn_journal *mine = &world->mine;
    struct sarn_table_row *rows = calloc(COUNT, sizeof(*rows));
    uint64_t *keys = calloc(COUNT, sizeof(*keys));
    struct sarn_flush flush = {.epoch = 1, .rows = rows, .count = COUNT};
    struct sarn_table_range range = {.table = 5};
    uint64_t last = 0;
    bool more = false;

    world_begin(world);
    for (uint32_t i = 0; i < COUNT; i++) {
        keys[i] = __builtin_bswap64(i + 1);
        rows[i] = (struct sarn_table_row){
            .table = 5, .key = {(char *)&keys[i], 8}, .value = {"value", 5}};
    }
    assert_int_equal(mine->ops->flush(mine->self, &flush, NULL), SARN_OK);
    assert_int_equal(mine->ops->rows(mine->self, &range, count_row, &last, &more, NULL),
                     SARN_OK);
    assert_true(more);
    assert_int_equal(__builtin_bswap64(last), SARN__READ_SLICE);
    range.from = (struct sarn_str){(char *)&keys[SARN__READ_SLICE], 8};
    assert_int_equal(mine->ops->rows(mine->self, &range, count_row, &last, &more, NULL),
                     SARN_OK);
    assert_false(more);
    assert_int_equal(__builtin_bswap64(last), COUNT);
    range = (struct sarn_table_range){.table = 5, .backward = true};
    assert_int_equal(mine->ops->rows(mine->self, &range, count_row, &last, &more, NULL),
                     SARN_OK);
    assert_true(more);
    assert_int_equal(__builtin_bswap64(last), COUNT - SARN__READ_SLICE + 1);
    free(keys);
    free(rows);
}

static sarn_status get_within(void *arg, struct sarn_str key, struct sarn_str value)
{
    struct world *world = arg;
    struct sarn_arena *arena = sarn_arena_create(NULL);
    struct sarn_str again;

    assert_int_equal(
        world->mine.ops->get(world->mine.self, 1, key, arena, &again, NULL), SARN_OK);
    assert_true(sarn_str_equal(again, value));
    sarn_arena_destroy(arena);
    return SARN_OK;
}

static void a_visitor_may_read(void **arg)
{
    static const char *const rows[] = {"1:a=1", "1:b=2", NULL};
    struct world *world = *arg;
    struct sarn_table_range range = {.table = 1};
    bool more;

    world_begin(world);
    assert_int_equal(flush_texts(world, rows, 0), SARN_OK);
    assert_int_equal(
        world->mine.ops->rows(world->mine.self, &range, get_within, world, &more, NULL),
        SARN_OK);
}

#define CASES(kind)                                                                    \
    WORLD_CASE(rows_are_scanned_in_order_both_ways, kind),                             \
        WORLD_CASE(the_last_table_of_all_is_scanned_too, kind),                        \
        WORLD_CASE(rows_are_replaced_and_removed, kind),                               \
        WORLD_CASE(a_flush_moves_through_and_survives_reopening, kind),                \
        WORLD_CASE(a_flush_that_does_not_fit_changes_nothing, kind),                   \
        WORLD_CASE(keys_and_values_may_be_as_long_as_the_limits, kind),                \
        WORLD_CASE(a_scan_of_rows_is_cut_into_slices, kind),                           \
        WORLD_CASE(a_visitor_may_read, kind)

int main(void)
{
    const struct CMUnitTest in_memory[] = {CASES(world_in_memory)};
    const struct CMUnitTest on_lmdb[] = {CASES(world_on_lmdb)};
    int failed = cmocka_run_group_tests_name("tables in memory", in_memory, NULL, NULL);

    return failed + cmocka_run_group_tests_name("tables on LMDB", on_lmdb, NULL, NULL);
}
