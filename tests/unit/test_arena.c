/* domain/core/arena, domain/core/heap: memory, and what happens when there is none. */
#include "core/heap.h"

#include "support/heap.h"
#include "support/test.h"

struct fixture {
    struct test_heap counts;
    struct sarn_heap heap;
    struct sarn_arena *arena;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->heap = test_heap(&f->counts);
    f->arena = sarn_arena_create(&f->heap);
    assert_non_null(f->arena);
    *state = f;
    return 0;
}

/* Whatever a test did, destroying the arena frees all of it. */
static int tear_down(void **state)
{
    struct fixture *f = *state;

    sarn_arena_destroy(f->arena);
    assert_int_equal(f->counts.live, 0);
    free(f);
    return 0;
}

static void memory_is_zeroed_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {1, 15, 16, 17, 0, 1000, 5000, 1, 100000, 3};
    struct fixture *f = *state;
    unsigned char *blocks[COUNT(sizes)];

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            blocks[i] = sarn_arena_alloc(f->arena, sizes[i]);
            assert_non_null(blocks[i]);
            assert_int_equal((uintptr_t)blocks[i] % 16, 0);
            for (size_t at = 0; at < sizes[i]; at++) {
                assert_int_equal(blocks[i][at], 0);
            }
            memset(blocks[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < COUNT(sizes); i++) {
            for (size_t at = 0; at < sizes[i]; at++) {
                assert_int_equal(blocks[i][at], i + 1);
            }
        }
        sarn_arena_reset(f->arena);
    }
}

static void what_was_handed_out_is_counted(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(sarn_arena_bytes(f->arena), 0);
    assert_non_null(sarn_arena_alloc(f->arena, 10));
    assert_in_range(sarn_arena_bytes(f->arena), 10, 16);
    assert_non_null(sarn_arena_alloc(f->arena, 100000));
    assert_in_range(sarn_arena_bytes(f->arena), 100010, 100032);
    sarn_arena_reset(f->arena);
    assert_int_equal(sarn_arena_bytes(f->arena), 0);
}

static void work_repeated_after_reset_asks_the_heap_for_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t calls;

    assert_non_null(sarn_arena_alloc(f->arena, 30000));
    sarn_arena_reset(f->arena);
    calls = f->counts.calls;
    for (int i = 0; i < 100; i++) {
        assert_non_null(sarn_arena_alloc(f->arena, 20000));
        assert_non_null(sarn_arena_alloc(f->arena, 10000 - 16));
        sarn_arena_reset(f->arena);
    }
    assert_int_equal(f->counts.calls, calls);
}

static void reset_keeps_one_block_and_no_giant(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 50; i++) {
        assert_non_null(sarn_arena_alloc(f->arena, 10000));
    }
    assert_true(f->counts.live > 2);
    sarn_arena_reset(f->arena);
    assert_int_equal(f->counts.live, 2); /* The arena itself, and the block. */
    assert_non_null(sarn_arena_alloc(f->arena, 10u << 20));
    sarn_arena_reset(f->arena);
    assert_int_equal(f->counts.live, 2);
    sarn_arena_reset(f->arena);
    assert_int_equal(f->counts.live, 2);
}

static void text_is_copied_with_a_nul_behind_it(void **state)
{
    static const char text[] = {'a', '\0', 'b'};
    struct fixture *f = *state;
    struct sarn_str copy = {NULL, 7};

    assert_int_equal(sarn_arena_copy(f->arena, (struct sarn_str){text, 3}, &copy),
                     SARN_OK);
    assert_int_equal(copy.size, 3);
    assert_memory_equal(copy.data, text, 3);
    assert_int_equal(copy.data[3], '\0');
    assert_ptr_not_equal(copy.data, text);
    assert_int_equal(sarn_arena_copy(f->arena, sarn_str(""), &copy), SARN_OK);
    assert_non_null(copy.data);
    assert_int_equal(copy.size, 0);
    assert_int_equal(sarn_arena_copy(f->arena, sarn_str(NULL), &copy), SARN_OK);
    assert_null(copy.data);
}

static void without_memory_nothing_is_changed(void **state)
{
    struct fixture *f = *state;
    struct sarn_str copy = sarn_str("before");
    char large[2000];

    memset(large, 'x', sizeof(large));
    f->counts.fail_at = f->counts.calls + 1;
    f->counts.broken = true;
    assert_null(sarn_arena_create(&f->heap));
    assert_null(sarn_arena_alloc(f->arena, 5000));
    assert_int_equal(
        sarn_arena_copy(f->arena, (struct sarn_str){large, sizeof(large)}, &copy),
        SARN_ERR_NOMEM);
    assert_str_equal(copy, "before");
    assert_int_equal(sarn_arena_bytes(f->arena), 0);
    assert_non_null(sarn_arena_alloc(f->arena, 100)); /* The first block has room. */
}

static void sizes_beyond_the_address_space_are_out_of_memory(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 16,
                                   SIZE_MAX - 31};
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_null(sarn_arena_alloc(f->arena, sizes[i]));
    }
    assert_non_null(sarn_arena_alloc(f->arena, 1));
}

static void destroying_no_arena_does_nothing(void **unused)
{
    (void)unused;
    sarn_arena_destroy(NULL);
}

static void without_a_heap_malloc_is_it(void **unused)
{
    struct sarn_heap heap = sarn__heap_or_malloc(NULL);
    struct sarn_heap none = {NULL, NULL};
    struct sarn_arena *arena = sarn_arena_create(NULL);
    char *memory;

    (void)unused;
    assert_non_null(arena);
    assert_non_null(sarn_arena_alloc(arena, 1u << 20));
    sarn_arena_destroy(arena);
    assert_non_null(heap.resize);
    assert_ptr_equal(sarn__heap_or_malloc(&none).resize, heap.resize);
    memory = sarn__heap_alloc(&heap, 100);
    assert_non_null(memory);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(memory[i], 0);
    }
    memcpy(memory, "kept", 5);
    memory = sarn__heap_resize(&heap, memory, 10000);
    assert_non_null(memory);
    assert_string_equal(memory, "kept");
    sarn__heap_free(&heap, memory);
}

static void nothing_is_a_size_too(void **state)
{
    struct fixture *f = *state;
    void *memory = sarn__heap_alloc(&f->heap, 0);

    assert_non_null(memory);
    memory = sarn__heap_resize(&f->heap, memory, 0);
    assert_non_null(memory);
    sarn__heap_free(&f->heap, memory);
    sarn__heap_free(&f->heap, NULL);
    assert_int_equal(f->counts.live, 1);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(memory_is_zeroed_aligned_and_apart),
        WITH_ARENA(what_was_handed_out_is_counted),
        WITH_ARENA(work_repeated_after_reset_asks_the_heap_for_nothing),
        WITH_ARENA(reset_keeps_one_block_and_no_giant),
        WITH_ARENA(text_is_copied_with_a_nul_behind_it),
        WITH_ARENA(without_memory_nothing_is_changed),
        WITH_ARENA(sizes_beyond_the_address_space_are_out_of_memory),
        cmocka_unit_test(destroying_no_arena_does_nothing),
        cmocka_unit_test(without_a_heap_malloc_is_it),
        WITH_ARENA(nothing_is_a_size_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
