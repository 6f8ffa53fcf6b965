/* domain/engine/store: however often it crashes, the store is what one fold gives. */
#include "engine/store.h"

#include <string.h>

#include "core/tree.h"
#include "sarn/events.h"
#include "support/folded.h"
#include "support/heap.h"

struct property {
    struct folded f;
    struct test_heap heap;
    struct sarn_ports reader_ports;
    struct sarn__store reader;
    uint64_t seed;
    uint32_t projections;
};

static uint32_t draw(struct property *p, uint32_t below)
{
    p->seed = p->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(p->seed >> 33) % below;
}

static void write_plain(struct property *p)
{
    char stream[32], type[32], actor[32], key[32];
    struct scribe_event event = {.stream = stream, .type = type};

    snprintf(stream, sizeof(stream), "%s-%u", draw(p, 3) == 0 ? "order" : "account",
             draw(p, draw(p, 2) == 0 ? 3 : 80));
    snprintf(type, sizeof(type), "test.Type%u", draw(p, 6));
    snprintf(actor, sizeof(actor), "actor%u", draw(p, 9));
    snprintf(key, sizeof(key), "key-%" PRIu64, p->f.scribe.position);
    event.tenant = draw(p, 8) == 0 ? 1 : 0;
    event.schema = draw(p, p->f.scribe.schema_count + 1) % 3;
    event.actor = draw(p, 4) == 0 ? actor : NULL;
    event.origin = draw(p, 4) == 0 ? actor : NULL;
    event.key = draw(p, 3) == 0 ? key : NULL;
    scribe_write(&p->f.scribe, &event);
}

static void write_sleep(struct property *p, const char *stream)
{
    struct sarn_execution_slept slept = {.until_us = draw(p, 4) * 100};

    scribe_write(&p->f.scribe,
                 &(struct scribe_event){.stream = stream,
                                        .type = "sarn.ExecutionSlept",
                                        .struct_type = &sarn_execution_slept_type,
                                        .value = &slept});
}

static void write_execution(struct property *p)
{
    static const char *const types[] = {
        "sarn.ExecutionCompleted", "sarn.ExecutionCompensated",
        "sarn.ExecutionParked",    "sarn.ExecutionStarted",
        "sarn.ExecutionUnparked",  "sarn.SignalReceived",
        "sarn.StepSucceeded",      "test.Type0"};
    char stream[32];
    const char *type = "sarn.ExecutionStarted";

    snprintf(stream, sizeof(stream), "wf-%u", draw(p, draw(p, 2) == 0 ? 4 : 40));
    if (scribe_stream(&p->f.scribe, 0, stream) != NULL) {
        if (draw(p, 3) == 0) {
            write_sleep(p, stream);
            return;
        }
        type = types[draw(p, 8)];
    }
    scribe_write(&p->f.scribe, &(struct scribe_event){.stream = stream, .type = type});
}

static void write_definition(struct property *p)
{
    struct sarn_workflow_registered event = {.name = SARN_STR("wf"),
                                             .fingerprint = draw(p, 3)};

    scribe_write(&p->f.scribe,
                 &(struct scribe_event){.type = "sarn.WorkflowRegistered",
                                        .struct_type = &sarn_workflow_registered_type,
                                        .value = &event});
}

static void write_core(struct property *p)
{
    struct sarn_epoch_began epoch = {.epoch = p->f.scribe.epoch + 1};
    struct sarn_stream_metadata_set metadata = {.metadata = SARN_STR("{}")};
    struct sarn_projection_registered projection = {
        .name = sarn_str(draw(p, 2) == 0 ? "totals" : "balances"),
        .id = p->projections + 1};
    char stream[32];

    snprintf(stream, sizeof(stream), "account-%u", draw(p, 3));
    switch (draw(p, 7)) {
    case 6:
        write_definition(p);
        break;
    case 0:
        p->f.scribe.epoch += 1;
        scribe_write(&p->f.scribe,
                     &(struct scribe_event){.type = "sarn.EpochBegan",
                                            .struct_type = &sarn_epoch_began_type,
                                            .value = &epoch});
        break;
    case 1:
        scribe_write(&p->f.scribe,
                     &(struct scribe_event){.type = "sarn.SchemaRegistered",
                                            .schema_name = "s",
                                            .text = "bfbs"});
        break;
    case 2:
        p->projections += 1;
        scribe_write(&p->f.scribe, &(struct scribe_event){
                                       .type = "sarn.ProjectionRegistered",
                                       .struct_type = &sarn_projection_registered_type,
                                       .value = &projection});
        break;
    case 3:
        scribe_write(&p->f.scribe, &(struct scribe_event){
                                       .stream = stream, .type = "sarn.StreamDeleted"});
        break;
    default:
        metadata.metadata.size = draw(p, 3);
        scribe_write(&p->f.scribe, &(struct scribe_event){
                                       .stream = stream,
                                       .type = "sarn.StreamMetadataSet",
                                       .struct_type = &sarn_stream_metadata_set_type,
                                       .value = &metadata});
        break;
    }
}

static void write_something(struct property *p)
{
    uint32_t dice = draw(p, 20);

    if (dice < 13) {
        write_plain(p);
    } else if (dice < 19) {
        write_execution(p);
    } else {
        write_core(p);
    }
}

/* --- a read model beside it: how many events each stream has --- */

#define COUNTS_TABLE SARN__TABLE_USER

struct counting {
    struct property *p;
    struct sarn__store *store;
};

static sarn_status count_event(void *arg, const struct sarn__record *seen)
{
    struct counting *counting = arg;
    struct sarn__tables *tables = counting->store->tables;
    const struct sarn_str key = {(const char *)&seen->stream, sizeof(seen->stream)};
    uint64_t fail_at = counting->p->heap.fail_at, count = 1;
    struct sarn__row_view view;

    counting->p->heap.fail_at = 0;
    assert_int_equal(sarn__tables_peek(tables, COUNTS_TABLE, key, &view, NULL),
                     SARN_OK);
    if (view.position < seen->position) {
        if (view.found) {
            memcpy(&count, view.value, sizeof(count));
            count += 1;
        }
        assert_int_equal(
            sarn__tables_put(tables, COUNTS_TABLE, key,
                             (struct sarn_str){(const char *)&count, sizeof(count)},
                             seen->position, NULL),
            SARN_OK);
    }
    counting->p->heap.fail_at = fail_at;
    return SARN_OK;
}

/* Fold what is new; now and then there is no memory half-way, and it is tried again. */
static void fold_both(struct property *p, struct sarn__store *store)
{
    struct counting counting = {p, store};
    sarn_status status;

    if (draw(p, 4) == 0) {
        p->heap.fail_at = p->heap.calls + 1 + draw(p, 20);
    }
    do {
        status = sarn__store_fold_tail(store, count_event, &counting, NULL, NULL,
                                       &p->f.error);
    } while (status == SARN_ERR_NOMEM);
    p->heap.fail_at = 0;
    if (status != SARN_OK) {
        fail_msg("%s", p->f.error.text);
    }
}

#define DUMP_ROWS 4096u
struct dump {
    struct sarn_arena *arena;
    struct {
        struct sarn_str key, value;
        uint64_t position;
    } rows[DUMP_ROWS];
    uint32_t count;
};

static sarn_status
dump_row(void *arg, struct sarn_str key, struct sarn_str value, uint64_t position)
{
    struct dump *dump = arg;

    assert_true(dump->count < DUMP_ROWS);
    assert_int_equal(sarn_arena_copy(dump->arena, key, &dump->rows[dump->count].key),
                     SARN_OK);
    assert_int_equal(
        sarn_arena_copy(dump->arena, value, &dump->rows[dump->count].value), SARN_OK);
    dump->rows[dump->count].position = position;
    dump->count += 1;
    return SARN_OK;
}

static void same_table(struct sarn__store *a, struct sarn__store *b, uint32_t table)
{
    static struct dump dumps[2];
    const struct sarn_table_range range = {.table = table};

    for (uint32_t i = 0; i < 2; i++) {
        dumps[i].count = 0;
        dumps[i].arena = sarn_arena_create(NULL);
        assert_int_equal(sarn__tables_scan((i == 0 ? a : b)->tables, &range, dump_row,
                                           &dumps[i], NULL),
                         SARN_OK);
    }
    assert_int_equal(dumps[0].count, dumps[1].count);
    for (uint32_t i = 0; i < dumps[0].count; i++) {
        assert_true(sarn_str_equal(dumps[0].rows[i].key, dumps[1].rows[i].key));
        assert_true(sarn_str_equal(dumps[0].rows[i].value, dumps[1].rows[i].value));
        assert_int_equal(dumps[0].rows[i].position, dumps[1].rows[i].position);
    }
    sarn_arena_destroy(dumps[0].arena);
    sarn_arena_destroy(dumps[1].arena);
}

static int64_t next_due(struct sarn__store *store)
{
    int64_t due_us = 0;

    assert_int_equal(sarn__store_next_due(store, &due_us, NULL), SARN_OK);
    return due_us;
}

static void same_store(struct sarn__store *a, struct sarn__store *b)
{
    assert_int_equal(next_due(a), next_due(b));
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->time_us, b->time_us);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->next_stream, b->next_stream);
    assert_int_equal(a->next_type, b->next_type);
    assert_int_equal(a->next_schema, b->next_schema);
    assert_int_equal(a->next_actor, b->next_actor);
    assert_int_equal(a->next_origin, b->next_origin);
    assert_int_equal(a->next_projection, b->next_projection);
    for (uint32_t table = SARN__TABLE_NAMES; table <= SARN__TABLE_RUNS; table++) {
        same_table(a, b, table);
    }
    same_table(a, b, COUNTS_TABLE);
}

/* The owner, and a reader of long standing, against a fold from nothing and the scribe.
 */
static void check(struct property *p)
{
    struct sarn__store bare;

    assert_int_equal(sarn__store_open(&bare, &p->f.scribe.ports, true, NULL), SARN_OK);
    fold_both(p, &bare);
    same_store(&p->f.store, &bare);
    fold_both(p, &p->reader);
    same_store(&p->reader, &bare);
    sarn__store_close(&bare);
    for (uint32_t i = 0; i < p->f.scribe.stream_count; i++) {
        const struct scribe_stream *stream = &p->f.scribe.streams[i];
        struct folded_span span = {.step = 1};
        struct sarn__head found;

        assert_int_equal(sarn__store_head(&p->f.store, stream->tenant,
                                          sarn_str(stream->name), &found, NULL),
                         SARN_OK);
        assert_int_equal(found.number, i + 1);
        assert_int_equal(found.version, stream->version);
        assert_int_equal(found.last_position, stream->last_position);
        assert_int_equal(found.first_version, stream->first_version);
        assert_int_equal(found.deleted, stream->deleted);
        assert_int_equal(sarn__store_read_forward(&p->f.store, &found, 0, UINT64_MAX,
                                                  folded_span, &span, &p->f.error),
                         SARN_OK);
        assert_int_equal(span.count, stream->version + 1 - stream->first_version);
    }
}

static void open_reader(struct property *p)
{
    p->reader_ports = scribe_reader(&p->f.scribe);
    assert_int_equal(sarn__store_open(&p->reader, &p->reader_ports, false, NULL),
                     SARN_OK);
}

static void close_reader(struct property *p)
{
    sarn__store_close(&p->reader);
    p->reader_ports.journal.ops->close(p->reader_ports.journal.self);
}

static void step(struct property *p)
{
    struct sarn__tables *tables = p->f.store.tables;
    uint32_t dice = draw(p, 200);

    if (dice < 120) {
        write_something(p);
        fold_both(p, &p->f.store);
        (void)next_due(&p->f.store); /* So that it is kept from here on. */
    } else if (dice < 125) {
        sarn__tables_begin_round(tables, p->f.store.position);
    } else if (dice < 190 && sarn__tables_in_round(tables)) {
        if (draw(p, 6) == 0) {
            sarn__memory_store_fail(p->f.scribe.store, 1, SARN__MEMORY_FULL);
        }
        if (draw(p, 6) == 0) {
            struct sarn_flush flush;

            p->heap.fail_at = p->heap.calls + 1;
            if (sarn__tables_slice(tables, 30, 1000, &flush, NULL) == SARN_OK) {
                sarn__tables_slice_done(tables, SARN_ERR_FULL);
            }
            p->heap.fail_at = 0;
        }
        folded_flush_slice(&p->f, 1 + draw(p, 30));
    } else if (dice < 192) {
        fold_both(p, &p->reader);
    } else if (dice < 194) {
        close_reader(p); /* All handles die with the power. */
        folded_crash(&p->f);
        if (draw(p, 2) == 0) {
            write_something(p); /* As the last thing before the power went. */
        }
        fold_both(p, &p->f.store);
        open_reader(p);
    }
}

static void folding_after_any_crash_gives_the_same_store(void **unused)
{
    static struct property p;

    (void)unused;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        memset(&p, 0, sizeof(p));
        p.seed = seed;
        folded_begin(&p.f);
        sarn__store_close(&p.f.store);
        p.f.scribe.ports.heap = test_heap(&p.heap);
        folded_open(&p.f);
        open_reader(&p);
        for (uint32_t i = 0; i < 4000; i++) {
            step(&p);
            if (i % 500 == 499) {
                check(&p);
            }
        }
        close_reader(&p);
        folded_end(&p.f);
        assert_int_equal(p.heap.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_after_any_crash_gives_the_same_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
