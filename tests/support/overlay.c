#include "support/overlay.h"

#include <string.h>

void overlay_append(struct overlay *f, uint32_t count)
{
    static const uint64_t record[4] = {0};
    static const uint8_t commit[SARN__COMMIT_BYTES];
    struct sarn_str records[16];
    struct sarn_journal_state state;

    assert_int_equal(f->journal.ops->state(f->journal.self, &state, NULL), SARN_OK);
    for (uint32_t i = 0; i < 16; i++) {
        records[i] = (struct sarn_str){(const char *)record, sizeof(record)};
    }
    for (uint32_t done = 0; done < count; done += 16) {
        struct sarn_batch batch = {
            .first = state.last_position + 1 + done,
            .records = records,
            .count = count - done < 16 ? count - done : 16,
            .commit = {(const char *)commit, sizeof(commit)},
        };

        assert_int_equal(f->journal.ops->append(f->journal.self, &batch, NULL),
                         SARN_OK);
    }
}

static void overlay_open(struct overlay *f)
{
    struct sarn_error error;

    assert_int_equal(sarn__memory_journal_open(f->store, 0, 1, &f->journal, &error),
                     SARN_OK);
    assert_int_equal(sarn__tables_create(&f->journal, &f->heap, &f->tables, &error),
                     SARN_OK);
}

static void overlay_close(struct overlay *f)
{
    sarn__tables_destroy(f->tables);
    f->journal.ops->close(f->journal.self);
}

void overlay_begin(struct overlay *f)
{
    *f = (struct overlay){.text = ""};
    f->heap = test_heap(&f->counted);
    f->store = sarn__memory_store_create(NULL);
    f->arena = sarn_arena_create(NULL);
    assert_non_null(f->store);
    overlay_open(f);
    overlay_append(f, 1000);
}

void overlay_end(struct overlay *f)
{
    overlay_close(f);
    assert_int_equal(f->counted.live, 0);
    sarn_arena_destroy(f->arena);
    sarn__memory_store_destroy(f->store);
}

/* Everything in memory is lost. */
void overlay_crash(struct overlay *f)
{
    sarn__memory_store_crash(f->store);
    overlay_close(f);
    overlay_open(f);
}

/* --- rows --- */

void overlay_put(struct overlay *f,
                 const char *key,
                 const char *value,
                 uint64_t position)
{
    assert_int_equal(sarn__tables_put(f->tables, OVERLAY_TABLE, sarn_str(key),
                                      sarn_str(value), position, NULL),
                     SARN_OK);
}

void overlay_take(struct overlay *f, const char *key, uint64_t position)
{
    assert_int_equal(
        sarn__tables_remove(f->tables, OVERLAY_TABLE, sarn_str(key), position, NULL),
        SARN_OK);
}

/* "value@position", or "none@position". */
const char *overlay_get(struct overlay *f, const char *key)
{
    struct sarn_str value = {NULL, 0};
    uint64_t position = 99;
    sarn_status status = sarn__tables_get(f->tables, OVERLAY_TABLE, sarn_str(key),
                                          f->arena, &value, &position, NULL);

    assert_true(status == SARN_OK || status == SARN_ERR_NOT_FOUND);
    snprintf(f->text, sizeof(f->text), "%.*s@%" PRIu64,
             status == SARN_OK ? (int)value.size : 4,
             status == SARN_OK ? value.data : "none", position);
    return f->text;
}

static sarn_status
list_row(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct overlay *f = arg;
    size_t size = strlen(f->text);

    (void)position;
    snprintf(f->text + size, sizeof(f->text) - size, "%s%.*s=%.*s", size > 0 ? " " : "",
             (int)key.size, key.data, (int)value.size, value.data);
    return SARN_OK;
}

/* "key=value key=value" */
const char *
overlay_list(struct overlay *f, const char *from, const char *to, bool backward)
{
    struct sarn_table_range range = {.table = OVERLAY_TABLE,
                                     .backward = backward,
                                     .from = sarn_str(from),
                                     .to = sarn_str(to)};

    f->text[0] = '\0';
    assert_int_equal(sarn__tables_scan(f->tables, &range, list_row, f, NULL), SARN_OK);
    return f->text;
}

static sarn_status list_stored(void *arg, struct sarn_str key, struct sarn_str value)
{
    struct overlay *f = arg;
    size_t size = strlen(f->text);

    snprintf(f->text + size, sizeof(f->text) - size, "%s%.*s%s", size > 0 ? " " : "",
             (int)key.size, key.data, value.data[8] == 0 ? "" : "(removed)");
    return SARN_OK;
}

/* What lies in the journal: "key key(removed)". */
const char *overlay_below(struct overlay *f)
{
    struct sarn_table_range range = {.table = OVERLAY_TABLE};
    bool more;

    f->text[0] = '\0';
    assert_int_equal(
        f->journal.ops->rows(f->journal.self, &range, list_stored, f, &more, NULL),
        SARN_OK);
    return f->text;
}

/* One slice: "key key(-) through=N"; written, unless a fault was set. */
const char *overlay_slice(struct overlay *f, uint32_t rows_max)
{
    struct sarn_flush flush = {.epoch = 0};
    sarn_status status;
    size_t size = 0;

    assert_int_equal(sarn__tables_slice(f->tables, rows_max, 1u << 20, &flush, NULL),
                     SARN_OK);
    f->text[0] = '\0';
    for (uint32_t i = 0; i < flush.count; i++) {
        size += (size_t)snprintf(f->text + size, sizeof(f->text) - size, "%.*s%s ",
                                 (int)flush.rows[i].key.size, flush.rows[i].key.data,
                                 flush.rows[i].remove ? "(-)" : "");
    }
    snprintf(f->text + size, sizeof(f->text) - size, "through=%" PRIu64, flush.through);
    status = f->journal.ops->flush(f->journal.self, &flush, NULL);
    sarn__tables_slice_done(f->tables, status);
    return f->text;
}

void overlay_flush(struct overlay *f, uint64_t through)
{
    sarn__tables_begin_round(f->tables, through);
    while (sarn__tables_in_round(f->tables)) {
        overlay_slice(f, 100);
    }
}
