/* domain/core/tree: held against a sorted array, over many random keys. */
#include "core/tree.h"

#include <stdlib.h>
#include <string.h>

#include "core/hash_map.h"
#include "support/heap.h"
#include "support/test.h"

#define KEYS_MAX 5000u

struct item {
    struct sarn_str key;
    char bytes[96];
    bool in;
};

struct fixture {
    struct test_heap counted;
    struct sarn_heap heap;
    struct sarn__tree tree;
    struct item items[KEYS_MAX];
    struct sarn_str *sorted[KEYS_MAX]; /* The model. */
    uint32_t count;
    uint64_t seed;
};

static uint32_t draw(struct fixture *f, uint32_t below)
{
    f->seed = f->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(f->seed >> 33) % below;
}

static struct fixture *begin(uint64_t seed)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->seed = seed;
    f->heap = test_heap(&f->counted);
    sarn__tree_init(&f->tree, &f->heap);
    return f;
}

static void end(struct fixture *f)
{
    sarn__tree_done(&f->tree);
    assert_int_equal(f->counted.live, 0);
    free(f);
}

/* Where key is in the model, or would be. */
static uint32_t model_at(const struct fixture *f, struct sarn_str key)
{
    uint32_t low = 0, high = f->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (sarn__bytes_compare(*f->sorted[middle], key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Everything in order, both ways, and from any key on. */
static void agrees(struct fixture *f)
{
    const struct sarn_str first = {NULL, 0};
    struct sarn__tree_cursor cursor;
    struct sarn_str *key = sarn__tree_seek(&f->tree, first, &cursor);

    assert_int_equal(f->tree.count, f->count);
    for (uint32_t i = 0; i < f->count; i++) {
        assert_ptr_equal(key, f->sorted[i]);
        key = sarn__tree_next(&cursor);
    }
    assert_null(key);
    key = sarn__tree_seek_before(&f->tree, first, &cursor);
    for (uint32_t i = f->count; i > 0; i--) {
        assert_ptr_equal(key, f->sorted[i - 1]);
        key = sarn__tree_previous(&cursor);
    }
    assert_null(key);
    assert_null(sarn__tree_next(&cursor));
    for (uint32_t i = 0; i < 20; i++) {
        struct sarn_str near = f->items[draw(f, KEYS_MAX)].key;
        uint32_t at = model_at(f, near);

        if (near.size == 0) {
            continue;
        }
        assert_ptr_equal(sarn__tree_seek(&f->tree, near, &cursor),
                         at < f->count ? f->sorted[at] : NULL);
        assert_ptr_equal(sarn__tree_seek_before(&f->tree, near, &cursor),
                         at > 0 ? f->sorted[at - 1] : NULL);
    }
}

static void toggle(struct fixture *f, struct item *item)
{
    uint32_t at = model_at(f, item->key);

    if (item->in) {
        sarn__tree_remove(&f->tree, &item->key);
        f->count -= 1;
        memmove(&f->sorted[at], &f->sorted[at + 1],
                (f->count - at) * sizeof(f->sorted[0]));
    } else {
        assert_int_equal(sarn__tree_insert(&f->tree, &item->key), SARN_OK);
        memmove(&f->sorted[at + 1], &f->sorted[at],
                (f->count - at) * sizeof(f->sorted[0]));
        f->sorted[at] = &item->key;
        f->count += 1;
    }
    item->in = !item->in;
}

/* Keys of many sizes, zeros among them, that often share their beginnings, some longer
 * than what a node keeps of them. */
static void make_keys(struct fixture *f)
{
    for (uint32_t i = 0; i < KEYS_MAX; i++) {
        struct item *item = &f->items[i];
        uint32_t size = 1 + draw(f, 12), alike = draw(f, 3) * 30;

        memset(item->bytes, 'k', alike);
        size += alike;
        for (uint32_t j = alike; j < size; j++) {
            item->bytes[j] = (char)(draw(f, 4) == 0 ? draw(f, 256) : draw(f, 3));
        }
        snprintf(item->bytes + size, sizeof(item->bytes) - size, "%04x", i);
        item->key = (struct sarn_str){item->bytes, size + 4};
    }
}

static void random_keys_stay_in_order(void **unused)
{
    (void)unused;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct fixture *f = begin(seed);

        make_keys(f);
        for (uint32_t step = 0; step < 12000; step++) {
            toggle(f, &f->items[draw(f, seed % 2 == 0 ? KEYS_MAX : 300)]);
            if (step % 1000 == 0) {
                agrees(f);
            }
        }
        agrees(f);
        for (uint32_t i = 0; i < KEYS_MAX; i++) {
            if (f->items[i].in) {
                toggle(f, &f->items[i]);
            }
        }
        agrees(f);
        assert_int_equal(f->counted.live, 0); /* Empty nodes are gone. */
        end(f);
    }
}

/* count keys in ascending order. */
static void fill_ascending(struct fixture *f, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct item *item = &f->items[i];

        snprintf(item->bytes, sizeof(item->bytes), "%08x", i);
        item->key = (struct sarn_str){item->bytes, 8};
        toggle(f, item);
    }
}

static void ascending_keys_fill_their_leaves(void **unused)
{
    struct fixture *f = begin(1);

    (void)unused;
    fill_ascending(f, KEYS_MAX);
    agrees(f);
    /* A leaf and its separator for every 63 keys, and a few inner nodes. */
    assert_true(f->counted.live <= 2 * (KEYS_MAX / 63 + 1) + 4);
    end(f);
}

static void without_memory_nothing_changes(void **unused)
{
    (void)unused;
    for (uint64_t fail = 1; fail <= 60; fail++) {
        struct fixture *f = begin(fail);
        struct item extra = {.bytes = "0000"};
        bool failed = false;

        fill_ascending(f, 64 * 63 - 30);
        for (uint32_t i = 0; i < 200 && !failed; i++) {
            struct item *item = &f->items[64 * 63 - 30 + i];

            snprintf(item->bytes, sizeof(item->bytes), "00000%03x5", i * 7);
            item->key = (struct sarn_str){item->bytes, 9};
            f->counted.fail_at = f->counted.calls + 1 + fail % 3;
            failed = sarn__tree_insert(&f->tree, &item->key) == SARN_ERR_NOMEM;
            if (!failed) {
                sarn__tree_remove(&f->tree, &item->key);
                f->counted.fail_at = 0;
                toggle(f, item);
            }
        }
        f->counted.fail_at = 0;
        agrees(f);
        extra.key = (struct sarn_str){extra.bytes, 4};
        toggle(f, &extra);
        agrees(f);
        end(f);
    }
}

static void bytes_compare_as_in_a_dictionary(void **unused)
{
    static const struct {
        struct sarn_str a, b;
        int order;
    } rows[] = {
        {{NULL, 0}, {NULL, 0}, 0},
        {{NULL, 0}, SARN_STR("a"), -1},
        {SARN_STR("a"), SARN_STR("a\0"), -1},
        {SARN_STR("b"), SARN_STR("a\xff"), 1},
        {SARN_STR("\x7f"), SARN_STR("\x80"), -1},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int order = sarn__bytes_compare(rows[i].a, rows[i].b);

        assert_int_equal((order > 0) - (order < 0), rows[i].order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_keys_stay_in_order),
        cmocka_unit_test(ascending_keys_fill_their_leaves),
        cmocka_unit_test(without_memory_nothing_changes),
        cmocka_unit_test(bytes_compare_as_in_a_dictionary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
