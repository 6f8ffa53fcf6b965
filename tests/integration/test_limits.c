/* Limits: how much goes on at once, how much begins in a second, and whose turn it is.
 */
#include <string.h>

#include "engine/orchestrator_state.h"
#include "support/heap.h"
#include "support/stage.h"

#define SECOND  INT64_C(1000000)
#define RUNS    12
#define ID_SIZE 8

/* What steps have seen. */
struct watch {
    uint32_t inside, most;
    char order[128]; /* The ids of executions, as their step began. */
    int64_t times_us[RUNS];
    uint32_t begun;
    uint32_t failures; /* To come. */
};

struct world {
    struct stage stage;
    struct sarn_limit limit;
    struct watch watch;
    struct sarn__sim_outcome outs[RUNS];
    char ids[RUNS][ID_SIZE];
    uint32_t count;
};

/* --- steps --- */

static sarn_status see(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct watch *watch = stage->arg;
    struct sarn_str id = sarn_step_workflow_id(call);

    if (watch->begun < RUNS) {
        watch->times_us[watch->begun] = sarn__sim_now_us(stage->sim);
    }
    watch->begun += 1;
    snprintf(watch->order + strlen(watch->order),
             sizeof(watch->order) - strlen(watch->order), "%.*s ", (int)id.size,
             id.data);
    if (watch->failures > 0) {
        watch->failures -= 1;
        return sarn_step_fail(call, "busy", "busy");
    }
    return SARN_OK;
}

static sarn_status come(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct watch *watch = stage->arg;

    watch->inside += 1;
    watch->most = watch->inside > watch->most ? watch->inside : watch->most;
    return see(call);
}

static sarn_status go(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct watch *watch = stage->arg;

    watch->inside -= 1;
    return SARN_OK;
}

static const struct sarn_step external_steps[] = {{.id = "a", .run = see}};
static const struct sarn_step idempotent_steps[] = {
    {.id = "a", .run = see, .flags = SARN_STEP_IDEMPOTENT},
    {.id = "b", .run = stage_serve, .flags = SARN_STEP_IDEMPOTENT}};
static const struct sarn_step two_steps[] = {{.id = "a", .run = come},
                                             {.id = "b", .run = go}};
static const struct sarn_step signal_steps[] = {{.id = "s", .kind = SARN_STEP_SIGNAL},
                                                {.id = "a", .run = see}};

static const struct sarn_workflow external = {
    .name = "w", .version = 1, SARN_STEPS(external_steps)};
static const struct sarn_workflow idempotent = {
    .name = "w", .version = 1, SARN_STEPS(idempotent_steps)};
static const struct sarn_workflow two = {
    .name = "w", .version = 1, SARN_STEPS(two_steps)};
static const struct sarn_workflow signalled = {
    .name = "w", .version = 1, SARN_STEPS(signal_steps)};

/* --- the world --- */

static void begin_in(struct world *world,
                     const struct sarn_workflow *workflow,
                     uint64_t seed,
                     struct sarn_limit limit,
                     struct sarn_heap heap)
{
    const struct sarn_workflow *workflows[] = {workflow};
    struct sarn_options options = {.limit_count = 1, .heap = heap};

    memset(world, 0, sizeof(*world));
    world->limit = limit;
    world->limit.workflow = "w";
    options.limits = &world->limit;
    stage_open_with(&world->stage, workflows, 1, seed, &world->watch, &options);
}

static void begin(struct world *world,
                  const struct sarn_workflow *workflow,
                  uint64_t seed,
                  struct sarn_limit limit)
{
    begin_in(world, workflow, seed, limit, (struct sarn_heap){NULL, NULL});
}

static void start(struct world *world, uint32_t tenant, uint32_t priority)
{
    struct sarn_start start = SARN_START_INIT;
    char *id = world->ids[world->count];

    snprintf(id, ID_SIZE, "%c", 'a' + (int)world->count);
    start.workflow = "w";
    start.workflow_id = sarn_str(id);
    start.tenant = tenant;
    start.priority = priority;
    stage_send(&world->stage, &start, &world->outs[world->count]);
    world->count += 1;
}

/* Run to the end; how many attempts were out at once, at most. */
static uint32_t run(struct world *world)
{
    uint32_t most = 0;

    do {
        while (sarn__sim_move(world->stage.sim)) {
            uint32_t jobs = sarn__sim_jobs(world->stage.sim, SARN__JOB_STEP);

            most = jobs > most ? jobs : most;
        }
    } while (sarn__sim_run_moves(world->stage.sim, 1));
    return most;
}

static void all_are_ok(struct world *world)
{
    for (uint32_t i = 0; i < world->count; i++) {
        assert_string_equal(stage_describe(&world->stage, &world->outs[i]), "ok");
    }
}

/* --- at once --- */

static void no_more_attempts_of_a_step_are_out_than_may_be(void **unused)
{
    const struct sarn_workflow *const workflows[] = {&external, &idempotent};

    (void)unused;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct world world;

        begin(&world, workflows[seed % 2], seed,
              (struct sarn_limit){.step = "a", .concurrency = 2});
        for (uint32_t i = 0; i < RUNS; i++) {
            start(&world, 0, 0);
        }
        if (seed % 2 == 0) { /* Steps of another name are not meant. */
            assert_int_equal(run(&world), 2);
        } else {
            run(&world);
        }
        all_are_ok(&world);
        assert_int_equal(world.watch.begun, RUNS);
        stage_close(&world.stage);
    }
}

static void no_more_executions_run_than_may(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct world world;

        begin(&world, &two, seed, (struct sarn_limit){.concurrency = 3});
        for (uint32_t i = 0; i < RUNS; i++) {
            start(&world, 0, 0);
        }
        run(&world);
        all_are_ok(&world);
        assert_int_equal(world.watch.most, 3);
        stage_close(&world.stage);
    }
}

static void who_waits_for_its_next_attempt_lets_others_pass(void **unused)
{
    struct world world;

    (void)unused;
    begin(&world, &external, 1, (struct sarn_limit){.step = "a", .concurrency = 1});
    world.watch.failures = 1;
    start(&world, 0, 0);
    start(&world, 0, 0);
    run(&world);
    all_are_ok(&world);
    assert_string_equal(world.watch.order, "a b a ");
    stage_close(&world.stage);
}

/* --- in a second --- */

static void no_more_attempts_begin_in_a_second_than_may(void **unused)
{
    const struct sarn_workflow *const workflows[] = {&external, &idempotent};

    (void)unused;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct world world;

        begin(&world, workflows[seed % 2], seed,
              (struct sarn_limit){.step = "a", .rate = 2, .burst = 3});
        for (uint32_t i = 0; i < RUNS; i++) {
            start(&world, 0, 0);
        }
        run(&world);
        all_are_ok(&world);
        for (uint32_t i = 3; i < RUNS; i++) {
            int64_t since_us = world.watch.times_us[i] - world.watch.times_us[i - 3];

            assert_true(since_us >= (i == 3 ? SECOND / 2 : SECOND) - SECOND / 100);
        }
        /* And not much fewer: nine after the burst, each half a second. */
        assert_in_range(world.watch.times_us[RUNS - 1] - world.watch.times_us[0],
                        4 * SECOND, 5 * SECOND);
        stage_close(&world.stage);
    }
}

static void no_more_executions_begin_in_a_second_than_may(void **unused)
{
    struct world world;

    (void)unused;
    begin(&world, &external, 3, (struct sarn_limit){.rate = 0.5});
    for (uint32_t i = 0; i < 4; i++) {
        start(&world, 0, 0);
    }
    run(&world);
    all_are_ok(&world);
    for (uint32_t i = 1; i < 4; i++) {
        assert_true(world.watch.times_us[i] - world.watch.times_us[i - 1] >=
                    2 * SECOND - SECOND / 100);
    }
    stage_close(&world.stage);
}

/* --- whose turn --- */

static void the_highest_priority_goes_first(void **unused)
{
    static const struct sarn_limit limits[] = {{.concurrency = 1},
                                               {.step = "a", .concurrency = 1}};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct world world;

        begin(&world, &external, 5, limits[i]);
        start(&world, 0, 1);
        stage_settle(&world.stage); /* Nobody else was there. */
        world.watch.order[0] = '\0';
        start(&world, 0, 1);
        start(&world, 0, 1);
        start(&world, 0, 1);
        start(&world, 0, 9);
        start(&world, 0, 200);
        run(&world);
        all_are_ok(&world);
        /* The first of them found the gate open. */
        assert_string_equal(world.watch.order, "b f e c d ");
        stage_close(&world.stage);
    }
}

static void tenants_share_evenly(void **unused)
{
    static const struct sarn_limit limits[] = {{.concurrency = 1},
                                               {.step = "a", .concurrency = 1}};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct world world;

        begin(&world, &external, 5, limits[i]);
        for (uint32_t one = 0; one < 6; one++) {
            start(&world, 1, 0);
        }
        for (uint32_t other = 0; other < 3; other++) {
            start(&world, 2, 0);
        }
        run(&world);
        all_are_ok(&world);
        assert_string_equal(world.watch.order, "a b g c h d i e f ");
        stage_close(&world.stage);
    }
}

/* Note who has a job out for the first time. */
static void note_launches(struct world *world, char *order)
{
    const struct sarn__orchestrator *orchestrator =
        sarn__sim_engine(world->stage.sim)->orchestrator;

    for (uint32_t i = 0; i < world->count; i++) {
        const char *id = world->ids[i];
        char stream[ID_SIZE + 2];

        snprintf(stream, sizeof(stream), "w-%s", id);
        for (uint32_t tenant = 0; tenant < 3; tenant++) {
            const struct sarn__run *run =
                sarn__run_find(orchestrator, tenant, sarn_str(stream));

            if (run != NULL && run->jobs != NULL && strchr(order, *id) == NULL) {
                order[strlen(order)] = *id;
            }
        }
    }
}

/* Those that no limit holds back stand in line for the workers in the same way. One
 * worker takes eight at once: a to h are out before anybody has ended. */
static void whoever_waits_for_a_worker_goes_by_priority_and_tenant(void **unused)
{
    const struct sarn_workflow *workflows[] = {&external};
    const struct sarn_options options = {.workers = 1};

    (void)unused;
    for (uint64_t seed = 0; seed < 20; seed++) {
        char order[RUNS + 4] = "";
        struct world world;

        memset(&world, 0, sizeof(world));
        stage_open_with(&world.stage, workflows, 1, seed, &world.watch, &options);
        for (uint32_t i = 0; i < RUNS; i++) {
            /* k is of the other tenant; l has a priority. */
            start(&world, i == 10 ? 2 : 1, i == 11 ? 7 : 0);
        }
        while (sarn__sim_move(world.stage.sim)) {
            note_launches(&world, order);
        }
        assert_string_equal(order, "abcdefghlikj");
        run(&world);
        all_are_ok(&world);
        stage_close(&world.stage);
    }
}

/* --- given up --- */

static void who_is_cancelled_while_it_waits_never_begins(void **unused)
{
    static const struct sarn_limit limits[] = {{.rate = 0.5},
                                               {.step = "a", .rate = 0.5}};

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct world world;

        begin(&world, &external, 5, limits[i]);
        start(&world, 0, 0);
        start(&world, 0, 0);
        start(&world, 0, 0);
        stage_settle(&world.stage);
        stage_cancel(&world.stage, "w-b", false);
        run(&world);
        assert_int_equal(world.outs[1].status, SARN_ERR_CANCELLED);
        assert_string_equal(world.watch.order, "a c ");
        stage_close(&world.stage);
    }
}

static void who_has_no_time_left_while_it_waits_never_begins(void **unused)
{
    struct sarn_start late = SARN_START_INIT;
    struct world world;

    (void)unused;
    begin(&world, &external, 5, (struct sarn_limit){.rate = 0.1});
    start(&world, 0, 0);
    late.workflow = "w";
    late.workflow_id = sarn_str("late");
    late.timeout_us = SECOND;
    stage_send(&world.stage, &late, &world.outs[1]);
    run(&world);
    assert_int_equal(world.outs[1].status, SARN_ERR_TIMEOUT);
    assert_string_equal(world.watch.order, "a ");
    stage_close(&world.stage);
}

/* --- what was there before --- */

static void after_a_crash_the_limits_hold_as_before(void **unused)
{
    static const struct sarn_limit limits[] = {{.concurrency = 2},
                                               {.step = "a", .concurrency = 2}};

    (void)unused;
    for (uint64_t moves = 1; moves < 60; moves++) {
        struct world world;

        begin(&world, &idempotent, moves, limits[moves % 2]);
        for (uint32_t i = 0; i < 6; i++) {
            start(&world, 0, 0);
        }
        sarn__sim_run_moves(world.stage.sim, moves);
        stage_crash(&world.stage);
        run(&world);
        for (uint32_t i = 0; i < 6; i++) {
            char stream[ID_SIZE + 2];

            snprintf(stream, sizeof(stream), "w-%s", world.ids[i]);
            if (world.outs[i].status == SARN_OK && world.outs[i].answers > 0) {
                assert_non_null(
                    strstr(stage_history(&world.stage, stream), "completed"));
            }
        }
        /* Nobody is left behind: one more finds the gate open. */
        start(&world, 0, 0);
        run(&world);
        assert_string_equal(stage_describe(&world.stage, &world.outs[6]), "ok");
        stage_close(&world.stage);
    }
}

static void who_sleeps_is_still_inside_after_a_reopen_too(void **unused)
{
    struct world world;

    (void)unused;
    for (int crash = 0; crash < 2; crash++) {
        begin(&world, &signalled, 5, (struct sarn_limit){.concurrency = 1});
        start(&world, 0, 0);
        run(&world);
        assert_int_equal(stage_in_memory(&world.stage), 1); /* Somebody waits for it. */
        if (crash == 1) {
            stage_crash(&world.stage);
            run(&world);
            assert_int_equal(stage_in_memory(&world.stage), 0);
        }
        start(&world, 0, 0);
        stage_settle(&world.stage);
        stage_signal(&world.stage, "w-b", "s");
        run(&world);
        assert_string_equal(world.watch.order, "");
        stage_signal(&world.stage, "w-a", "s");
        run(&world);
        assert_string_equal(world.watch.order, "a b ");
        assert_string_equal(stage_describe(&world.stage, &world.outs[1]), "ok");
        stage_close(&world.stage);
    }
}

/* Memory that is not there for a moment delays; nobody is forgotten at the gate. What
 * cannot be folded stops the engine, and goes on with the next one. */
static void without_memory_at_any_moment_everybody_passes_in_the_end(void **unused)
{
    static const struct sarn_limit limits[] = {{.concurrency = 1},
                                               {.step = "a", .concurrency = 1}};

    (void)unused;
    for (uint64_t at = 1; at < 400; at++) {
        struct test_heap heap = {.fail_at = 0};
        struct world world;

        begin_in(&world, &idempotent, at, limits[at % 2], test_heap(&heap));
        for (uint32_t i = 0; i < 4; i++) {
            start(&world, 0, i);
        }
        heap.fail_at = heap.calls + at;
        (void)sarn__sim_run_moves(world.stage.sim, 2000);
        heap.fail_at = 0;
        if (sarn__sim_engine(world.stage.sim)->stopped != SARN_OK) {
            stage_crash(&world.stage);
        }
        run(&world);
        for (uint32_t i = 0; i < 4; i++) {
            const char stream[] = {'w', '-', (char)('a' + (int)i), '\0'};
            bool began = strstr(stage_history(&world.stage, stream), "started") != NULL;

            assert_true(!began || strstr(world.stage.text, "completed") != NULL);
        }
        start(&world, 0, 0);
        run(&world);
        assert_string_equal(stage_describe(&world.stage, &world.outs[4]), "ok");
        stage_close(&world.stage);
        assert_int_equal(heap.live, 0);
    }
}

/* --- what never ends --- */

static sarn_status again(struct sarn_step_call *call)
{
    return sarn_step_next(call, "a");
}

static void a_loop_of_local_steps_is_ended_by_the_bound_of_a_run(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a", .run = again, .kind = SARN_STEP_LOCAL, .visits_max = 4096}};
    const struct sarn_workflow loop = {.name = "w", .version = 1, SARN_STEPS(steps)};
    struct world world;

    (void)unused;
    begin(&world, &loop, 1, (struct sarn_limit){.concurrency = 1});
    start(&world, 0, 0);
    run(&world);
    assert_int_equal(world.outs[0].status, SARN_ERR_COMPENSATED);
    assert_non_null(strstr(world.outs[0].text, "has to go on as a new run before"));
    stage_close(&world.stage);
}

/* --- refused --- */

static void a_limit_of_what_there_is_not_is_refused(void **unused)
{
    static const struct {
        struct sarn_limit limit;
        const char *text;
    } rows[] = {
        {{.workflow = "v", .concurrency = 1},
         "a limit is set for workflow 'v', which no module brings"},
        {{.workflow = "w", .step = "z", .concurrency = 1},
         "a limit is set for step 'z' of workflow 'w', which it does not have"},
        {{.workflow = "w"},
         "the limit of workflow 'w': it has neither concurrency nor rate, and so "
         "limits "
         "nothing"},
    };
    const struct sarn_workflow *workflows[] = {&external};
    const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                       .struct_size = sizeof(module),
                                       .name = "m",
                                       .version = "1",
                                       .workflows = workflows,
                                       .workflow_count = 1};
    const struct sarn_module *modules[] = {&module};

    (void)unused;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sarn__sim_options options = {.options = {.modules = modules,
                                                        .module_count = 1,
                                                        .limits = &rows[i].limit,
                                                        .limit_count = 1}};
        struct sarn__sim *sim = NULL;
        struct sarn_error error;

        assert_int_equal(sarn__sim_create(&options, &sim, &error), SARN_ERR_INVALID);
        assert_string_equal(error.text, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_attempts_of_a_step_are_out_than_may_be),
        cmocka_unit_test(no_more_executions_run_than_may),
        cmocka_unit_test(who_waits_for_its_next_attempt_lets_others_pass),
        cmocka_unit_test(no_more_attempts_begin_in_a_second_than_may),
        cmocka_unit_test(no_more_executions_begin_in_a_second_than_may),
        cmocka_unit_test(the_highest_priority_goes_first),
        cmocka_unit_test(tenants_share_evenly),
        cmocka_unit_test(whoever_waits_for_a_worker_goes_by_priority_and_tenant),
        cmocka_unit_test(who_is_cancelled_while_it_waits_never_begins),
        cmocka_unit_test(who_has_no_time_left_while_it_waits_never_begins),
        cmocka_unit_test(after_a_crash_the_limits_hold_as_before),
        cmocka_unit_test(who_sleeps_is_still_inside_after_a_reopen_too),
        cmocka_unit_test(without_memory_at_any_moment_everybody_passes_in_the_end),
        cmocka_unit_test(a_loop_of_local_steps_is_ended_by_the_bound_of_a_run),
        cmocka_unit_test(a_limit_of_what_there_is_not_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
