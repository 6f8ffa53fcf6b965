/* domain/engine/tables: after any crash, folding again gives what folding once gives.
 */
#include "engine/tables.h"

#include <stdlib.h>
#include <string.h>

#include "core/tree.h"
#include "support/overlay.h"

#define VALUE_MAX 64u

#define OPS_MAX  4000u
#define KEYS_MAX 300u

/* What event number position does; the log that tables are folded from. */
struct op {
    uint8_t kind; /* 0: remove, 1: put, 2: change, 3: insert. */
    uint32_t table, key, value;
};

struct property {
    struct overlay f;
    uint64_t seed;
    struct op ops[OPS_MAX + 1]; /* By position. */
    uint64_t position;
    struct model_row {
        bool in, ever;
        uint32_t value;
    } model[3][KEYS_MAX];
};

static uint32_t draw(struct property *p, uint32_t below_this)
{
    p->seed = p->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->seed >> 33) % below_this;
}

static struct sarn_str key_text(char text[16], uint32_t key)
{
    /* Of several sizes; all of a kind share their first bytes. */
    int size = snprintf(text, 16, key % 3 == 0 ? "%u" : "account-%03u", key);

    return (struct sarn_str){text, (uint32_t)size};
}

static struct sarn_str value_text(char text[VALUE_MAX], uint32_t value)
{
    memset(text, 'v', VALUE_MAX);
    snprintf(text, VALUE_MAX, "%u", value);
    return (struct sarn_str){text, value % VALUE_MAX};
}

/* A fold that skips what the row has seen, as all folds must. */
static void fold(struct property *p, uint64_t position)
{
    const struct op *op = &p->ops[position];
    char key_bytes[16], value_bytes[VALUE_MAX];
    struct sarn_str key = key_text(key_bytes, op->key);
    struct sarn_str value = value_text(value_bytes, op->value);
    struct sarn__tables *tables = p->f.tables;
    struct sarn__row_view view;

    assert_int_equal(sarn__tables_peek(tables, op->table, key, &view, NULL), SARN_OK);
    if (view.position >= position) {
        return;
    }
    if (op->kind == 0) {
        assert_int_equal(sarn__tables_remove(tables, op->table, key, position, NULL),
                         SARN_OK);
    } else if (op->kind == 3 && view.position == 0) {
        assert_int_equal(
            sarn__tables_insert(tables, op->table, key, value, position, NULL),
            SARN_OK);
    } else if (op->kind == 2 && view.found && view.size == value.size) {
        assert_int_equal(
            sarn__tables_change(tables, op->table, key, position, &view, NULL),
            SARN_OK);
        memcpy(view.value, value.data, value.size);
    } else {
        assert_int_equal(
            sarn__tables_put(tables, op->table, key, value, position, NULL), SARN_OK);
    }
}

static void next_event(struct property *p)
{
    struct op *op = &p->ops[++p->position];
    struct model_row *row;

    *op = (struct op){.kind = (uint8_t)draw(p, 4),
                      .table = 1 + draw(p, 3),
                      .key = draw(p, draw(p, 2) == 0 ? 10 : KEYS_MAX),
                      .value = draw(p, 1000)};
    row = &p->model[op->table - 1][op->key];
    row->in = op->kind != 0;
    row->value = op->value;
    overlay_append(&p->f, 1);
    fold(p, p->position);
}

struct expected {
    struct property *p;
    uint32_t table, next, step;
    struct sarn_str keys[KEYS_MAX];
    char bytes[KEYS_MAX][16];
    uint32_t values[KEYS_MAX];
    uint32_t count;
};

static int by_key(const void *a, const void *b)
{
    return sarn__bytes_compare(*(const struct sarn_str *)a,
                               *(const struct sarn_str *)b);
}

static sarn_status
as_expected(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct expected *expected = arg;
    char bytes[VALUE_MAX];
    struct sarn_str want;
    char text[16];
    uint32_t number;

    assert_true(position > 0 && position <= expected->p->position);
    assert_true(expected->next < expected->count);
    assert_true(sarn_str_equal(key, expected->keys[expected->next]));
    snprintf(text, sizeof(text), "%.*s", (int)key.size, key.data);
    number =
        (uint32_t)strtoul(text + (text[0] == 'a' ? strlen("account-") : 0), NULL, 10);
    want = value_text(bytes, expected->p->model[expected->table - 1][number].value);
    assert_true(sarn_str_equal(value, want));
    expected->next += expected->step;
    return SARN_OK;
}

/* All three tables, both ways, against the model. */
static void agrees(struct property *p)
{
    for (uint32_t table = 1; table <= 3; table++) {
        struct expected e = {.p = p, .table = table};
        struct sarn_table_range range = {.table = table};

        for (uint32_t i = 0; i < KEYS_MAX; i++) {
            if (p->model[table - 1][i].in) {
                e.keys[e.count] = key_text(e.bytes[e.count], i);
                e.count += 1;
            }
        }
        qsort(e.keys, e.count, sizeof(e.keys[0]), by_key);
        e.step = 1;
        assert_int_equal(sarn__tables_scan(p->f.tables, &range, as_expected, &e, NULL),
                         SARN_OK);
        assert_int_equal(e.next, e.count);
        range.backward = true;
        e.next = e.count - 1;
        e.step = UINT32_MAX;
        if (e.count > 0) {
            range.from = e.keys[0];
        }
        assert_int_equal(sarn__tables_scan(p->f.tables, &range, as_expected, &e, NULL),
                         SARN_OK);
        assert_int_equal(e.next, UINT32_MAX);
    }
}

static void crash_and_fold_again(struct property *p)
{
    struct sarn_journal_state state;

    overlay_crash(&p->f);
    assert_int_equal(p->f.journal.ops->state(p->f.journal.self, &state, NULL), SARN_OK);
    for (uint64_t position = state.through + 1; position <= p->position; position++) {
        fold(p, position);
    }
    agrees(p);
}

static void folding_again_after_any_crash_gives_the_same_rows(void **unused)
{
    static struct property p;

    (void)unused;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        bool out = false;
        struct sarn_flush flush = {.epoch = 0};

        p = (struct property){.seed = seed};
        overlay_begin(&p.f);
        overlay_crash(&p.f);
        for (uint32_t step = 0; p.position < OPS_MAX && step < 6000; step++) {
            uint32_t dice = draw(&p, 100);

            if (dice < 70) {
                next_event(&p);
            } else if (dice < 72 && !out) {
                sarn__tables_begin_round(p.f.tables, p.position);
            } else if (dice < 85 && !out && sarn__tables_in_round(p.f.tables)) {
                assert_int_equal(sarn__tables_slice(p.f.tables, 1 + draw(&p, 40), 4000,
                                                    &flush, NULL),
                                 SARN_OK);
                out = true;
            } else if (dice < 99 && out) {
                if (draw(&p, 8) == 0) {
                    sarn__memory_store_fail(p.f.store, 1, SARN__MEMORY_FULL);
                }
                sarn__tables_slice_done(
                    p.f.tables, p.f.journal.ops->flush(p.f.journal.self, &flush, NULL));
                out = false;
            } else if (dice == 99 && draw(&p, 3) == 0) {
                crash_and_fold_again(&p);
                out = false;
            }
            if (step % 500 == 0) {
                agrees(&p);
            }
        }
        if (out) {
            sarn__tables_slice_done(p.f.tables, SARN_ERR_FULL);
        }
        crash_and_fold_again(&p);
        overlay_end(&p.f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_again_after_any_crash_gives_the_same_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
