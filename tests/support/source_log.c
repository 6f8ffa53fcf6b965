#include "support/source_log.h"

#include "core/fail.h"
#include "core/heap.h"
#include "engine/log.h"
#include "infra/memory/codec.h"
#include "infra/memory/hash.h"
#include "sarn/workflow.h"

#define LARGE_BYTES (384u * 1024)

/* --- an engine's life --- */

static sarn_status run_step(struct sarn_step_call *call)
{
    struct sarn_str id = sarn_step_workflow_id(call);

    if (id.data[0] == 's') { /* Sleeps: fails for now, and the next try is far. */
        return SARN_ERR_TIMEOUT;
    }
    return id.data[0] == 'p' ? SARN_ERR_REJECTED : SARN_OK;
}

static sarn_status undo_step(struct sarn_step_call *call)
{
    (void)call;
    return SARN_ERR_REJECTED; /* Parks. */
}

static const struct sarn_step steps[] = {
    {.id = "one", .run = run_step, .compensate = undo_step},
    {.id = "two",
     .run = run_step,
     .retry = {.initial_interval_us = INT64_C(3600000000), .maximum_attempts = 5}}};
static const struct sarn_workflow workflow = {"errand", 1, NULL, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "errands",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

static void append(struct source_log *source, uint32_t number, struct sarn_str payload)
{
    struct sarn__sim_outcome *outcome = calloc(1, sizeof(*outcome));
    struct sarn_new_event event = {.type_name = "said", .data = &payload};
    struct sarn_stream_append stream = {
        .expected_version = SARN_ANY, .events = &event, .event_count = 1};
    struct sarn_append what = SARN_APPEND_INIT;
    struct sarn_error error;
    char name[32], key[32];

    assert_non_null(outcome);
    snprintf(name, sizeof(name), "talk-%u", number % 3);
    snprintf(key, sizeof(key), "key %u", number);
    stream.stream = sarn_str(name);
    what.streams = &stream;
    what.stream_count = 1;
    what.key = number % 2 == 0 ? sarn_str(key) : what.key;
    what.actor = sarn_str(number % 5 == 0 ? "ann" : "bob");
    assert_ok(sarn__sim_append(source->sim, &what, outcome, &error), &error);
    sarn__sim_run_moves(source->sim, 100);
    assert_int_equal(outcome->status, SARN_OK);
    free(outcome);
}

static void start(struct source_log *source, const char *id)
{
    static struct sarn__sim_outcome outcome;
    struct sarn_start what = SARN_START_INIT;
    struct sarn_error error;

    what.workflow = "errand";
    what.workflow_id = sarn_str(id);
    assert_ok(sarn__sim_start(source->sim, &what, &outcome, &error), &error);
    (void)sarn__sim_run_moves(source->sim, 200);
}

static void live(struct source_log *source, bool large)
{
    static const char *const ids[] = {"a", "b", "s1", "p1", "c", "s2", "p2"};
    char *bytes = calloc(1, LARGE_BYTES);

    assert_non_null(bytes);
    memset(bytes, 'x', LARGE_BYTES);
    for (uint32_t i = 0; i < 24; i++) {
        append(source, i, (struct sarn_str){bytes, large ? LARGE_BYTES : 10 + i});
        if (i % 3 == 0 && i / 3 < COUNT(ids)) {
            start(source, ids[i / 3]);
        }
        if (i == 12) { /* Another epoch. */
            assert_int_equal(sarn__sim_crash_reopen(source->sim, NULL), SARN_OK);
        }
    }
    free(bytes);
}

void source_log_make(struct source_log *source, bool large)
{
    struct sarn__sim_options options = {
        .seed = 7, .options = {.modules = modules, .module_count = 1}};
    struct sarn_error error;

    *source = (struct source_log){.sim = NULL};
    assert_ok(sarn__sim_create(&options, &source->sim, &error), &error);
    live(source, large);
    sarn__sim_close(source->sim);
    source->ports = (struct sarn_ports){.codec = sarn__memory_codec(),
                                        .hash = sarn__memory_hash(),
                                        .heap = sarn__heap_or_malloc(NULL)};
    assert_ok(sarn__memory_journal_open(sarn__sim_store(source->sim),
                                        SARN__MEMORY_READ_ONLY, 9,
                                        &source->ports.journal, &error),
              &error);
    assert_ok(source->ports.journal.ops->state(source->ports.journal.self,
                                               &source->state, &error),
              &error);
    assert_true(source->state.last_position > 60);
    assert_int_equal(source->state.epoch, 2);
}

void source_log_remove(struct source_log *source)
{
    source->ports.journal.ops->close(source->ports.journal.self);
    sarn__sim_destroy(source->sim);
}

struct sarn_ports source_log_ports(const struct source_log *source,
                                   struct sarn__memory_store *store)
{
    struct sarn_ports ports = source->ports;
    struct sarn_error error;

    assert_ok(sarn__memory_journal_open(store, 0, 1, &ports.journal, &error), &error);
    return ports;
}

/* --- going through it --- */

struct each {
    const struct sarn_journal *journal;
    uint64_t next; /* The first record not visited. */
    source_log_fn *visit;
    void *arg;
    struct sarn_error *error;
};

static sarn_status each_record(void *arg, uint64_t position, struct sarn_str value)
{
    struct each *each = arg;

    each->next = position + 1;
    return each->visit(each->arg, false, position, value, each->error);
}

static sarn_status each_commit(void *arg, uint64_t position, struct sarn_str value)
{
    struct each *each = arg;
    uint64_t from = each->next;

    while (from != 0 && from <= position) {
        SARN__TRY(each->journal->ops->scan(each->journal->self, from, position,
                                           each_record, each, &from, each->error));
    }
    return each->visit(each->arg, true, position, value, each->error);
}

sarn_status source_log_each(const struct sarn_journal *journal,
                            uint64_t from,
                            source_log_fn *visit,
                            void *arg,
                            struct sarn_error *error)
{
    struct each each = {journal, from, visit, arg, error};

    while (from != 0) {
        SARN__TRY(journal->ops->commits(journal->self, from, each_commit, &each, &from,
                                        error));
    }
    return SARN_OK;
}

/* --- comparing --- */

struct sum {
    uint64_t until;
    uint64_t entries, hash;
};

static sarn_status add_up(void *arg,
                          bool is_commit,
                          uint64_t position,
                          struct sarn_str bytes,
                          struct sarn_error *error)
{
    struct sum *sum = arg;
    struct sarn_hash hash = sarn__memory_hash();

    (void)error;
    if (position <= sum->until) {
        sum->entries += 1;
        sum->hash = hash.ops->checksum(hash.self, sum->hash ^ (is_commit ? 1 : 0),
                                       bytes.data, bytes.size);
    }
    return SARN_OK;
}

void source_log_compare(const struct source_log *source,
                        const struct sarn_journal *copy,
                        bool whole)
{
    struct sarn_journal_state state;
    struct sarn_error error;
    struct sum mine = {0}, yours = {0};

    assert_ok(copy->ops->state(copy->self, &state, &error), &error);
    assert_int_equal(state.last_commit, state.last_position);
    mine.until = yours.until = state.last_position;
    assert_ok(source_log_each(&source->ports.journal, 1, add_up, &mine, &error),
              &error);
    assert_ok(source_log_each(copy, 1, add_up, &yours, &error), &error);
    assert_int_equal(mine.entries, yours.entries);
    assert_true(mine.hash == yours.hash);
    if (whole) {
        assert_int_equal(state.last_position, source->state.last_position);
        assert_int_equal(state.commits, source->state.commits);
        assert_int_equal(state.epoch, source->state.epoch);
        assert_memory_equal(state.commit, source->state.commit, SARN__COMMIT_BYTES);
    }
}

static void tell(void *arg, const char *text)
{
    (void)arg;
    print_message("%s\n", text);
}

void source_log_check_tables(const struct sarn_ports *ports)
{
    struct sarn_check check = SARN_CHECK_INIT;
    struct sarn_log log = {.ports = *ports};
    struct sarn_error error;

    check.finding = tell;
    assert_ok(sarn__log_init(&log, NULL, 0, false, NULL, NULL, &error), &error);
    assert_ok(sarn_log_check(&log, &check, &error), &error);
    assert_int_equal(check.differences, 0);
    assert_true(log.store.position == 0 || check.rows > 0);
    sarn__log_done(&log);
}
