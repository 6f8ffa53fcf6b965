/* infra/memory/sim: one seed is one run, and different seeds are different runs. What
 * the other tests show with it rests on that. */
#include "infra/memory/sim.h"

#include "support/test.h"

struct trace {
    struct sarn__sim *sim;
    struct sarn_error error;
    uint64_t hash; /* Of everything that happened. */
    uint32_t runs; /* Of steps. */
};

static void note(struct trace *t, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        t->hash = (t->hash ^ bytes[i]) * UINT64_C(1099511628211);
    }
}

static sarn_status act(struct sarn_step_call *call)
{
    struct trace *t = sarn_step_context(call);
    struct sarn_str id = sarn_step_workflow_id(call);
    struct sarn_str step = sarn_step_id(call);

    t->runs++;
    note(t, id.data, id.size);
    note(t, step.data, step.size);
    return SARN_OK;
}

static const struct sarn_step steps[] = {{.id = "one", .run = act},
                                         {.id = "two", .run = act}};
static const struct sarn_workflow workflow = {"errand", 1, NULL, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "errands",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

static void create(struct trace *t, uint64_t seed)
{
    struct sarn__sim_options options = {
        .seed = seed, .options = {.modules = modules, .module_count = 1, .context = t}};

    *t = (struct trace){.hash = UINT64_C(14695981039346656037)};
    assert_ok(sarn__sim_create(&options, &t->sim, &t->error), &t->error);
}

static sarn_status note_event(void *arg, const struct sarn_event *event)
{
    struct trace *t = arg;

    note(t, &event->position, sizeof(event->position));
    note(t, event->stream.data, event->stream.size);
    note(t, event->type_name.data, event->type_name.size);
    note(t, event->id.bytes, sizeof(event->id.bytes));
    note(t, &event->time_us, sizeof(event->time_us));
    return SARN_OK;
}

static void start(struct trace *t, unsigned number, struct sarn__sim_outcome *out)
{
    struct sarn_start errand = SARN_START_INIT;
    char id[16];

    snprintf(id, sizeof(id), "%u", number);
    errand.workflow = "errand";
    errand.workflow_id = sarn_str(id);
    assert_ok(sarn__sim_start(t->sim, &errand, out, &t->error), &t->error);
}

/* Five executions, a crash somewhere among their moves, and on to the end: hashed. */
static uint64_t run(uint64_t seed)
{
    struct trace t;
    struct sarn__sim_outcome first[5] = {{0}}, again[5] = {{0}};
    uint64_t hash;

    create(&t, seed);
    for (unsigned i = 0; i < 5; i++) {
        start(&t, i, &first[i]);
    }
    (void)sarn__sim_run_moves(t.sim, 5 + sarn__sim_draw(t.sim, 60));
    assert_ok(sarn__sim_crash_reopen(t.sim, &t.error), &t.error);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(first[i].answers, 1);
        start(&t, i, &again[i]);
    }
    sarn__sim_run(t.sim);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(again[i].answers, 1);
        /* A step that is not idempotent and was under way is nobody's to decide. */
        assert_true(again[i].status == SARN_OK || again[i].status == SARN_ERR_PARKED);
        if (first[i].status == SARN_OK) {
            assert_int_equal(again[i].status, SARN_OK);
        }
    }
    assert_ok(sarn_read(sarn__engine_log(sarn__sim_engine(t.sim)), NULL, note_event, &t,
                        &t.error),
              &t.error);
    hash = t.hash;
    sarn__sim_destroy(t.sim);
    return hash;
}

static void one_seed_is_one_run_to_the_last_bit(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_true(run(seed) == run(seed));
    }
}

static void other_seeds_are_other_runs(void **unused)
{
    uint64_t seen[20];

    (void)unused;
    for (uint64_t i = 0; i < COUNT(seen); i++) {
        seen[i] = run(1000 + i);
        for (uint64_t j = 0; j < i; j++) {
            assert_true(seen[i] != seen[j]);
        }
    }
}

static void nothing_happens_between_moves(void **unused)
{
    struct trace t;
    struct sarn__sim_outcome out = {0};
    int64_t before;

    (void)unused;
    create(&t, 1);
    sarn__sim_run(t.sim);
    assert_false(sarn__sim_move(t.sim));
    before = sarn__sim_now_us(t.sim);
    start(&t, 1, &out);
    assert_int_equal(out.answers, 0);
    assert_int_equal(sarn__sim_now_us(t.sim), before);
    assert_true(sarn__sim_move(t.sim));
    while (sarn__sim_jobs(t.sim, SARN__JOB_STEP) == 0) {
        assert_true(sarn__sim_move(t.sim));
    }
    assert_int_equal(t.runs, 0); /* Handed out, not yet done. */
    sarn__sim_run(t.sim);
    assert_int_equal(t.runs, 2);
    assert_int_equal(out.answers, 1);
    assert_int_equal(out.status, SARN_OK);
    sarn__sim_destroy(t.sim);
}

static void a_close_records_what_runs_and_loses_nothing(void **unused)
{
    (void)unused;
    for (uint64_t moves = 1; moves < 60; moves++) {
        struct trace t;
        struct sarn__sim_outcome first = {0}, again = {0};

        create(&t, moves);
        start(&t, 1, &first);
        (void)sarn__sim_run_moves(t.sim, moves);
        sarn__sim_close(t.sim);
        assert_int_equal(first.answers, 1);
        assert_ok(sarn__sim_open(t.sim, NULL, 0, &t.error), &t.error);
        start(&t, 1, &again);
        sarn__sim_run(t.sim);
        /* Whatever the moment: no step is in doubt, and none ran twice. */
        assert_int_equal(again.status, SARN_OK);
        assert_int_equal(t.runs, 2);
        sarn__sim_destroy(t.sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seed_is_one_run_to_the_last_bit),
        cmocka_unit_test(other_seeds_are_other_runs),
        cmocka_unit_test(nothing_happens_between_moves),
        cmocka_unit_test(a_close_records_what_runs_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
