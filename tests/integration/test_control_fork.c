/* Forks and resets of executions that have chosen, looped and run in parallel. */
#include <string.h>

#include "engine/engine.h"
#include "infra/memory/codec.h"
#include "infra/memory/sim.h"
#include "sarn/workflow.h"

#include "support/test.h"

/* a, then b and c at once, then loop three times, which chooses end instead of never;
 * end waits for a signal. */
struct world {
    struct sarn__sim *sim;
    struct sarn_arena *arena;
    uint32_t runs[5]; /* Of a, b, c, loop, never. */
    char text[1024];
    char status[64];
};

static sarn_status act(struct sarn_step_call *call)
{
    struct world *w = sarn_step_context(call);
    static const char *const ids[] = {"a", "b", "c", "loop", "never"};

    for (size_t i = 0; i < COUNT(ids); i++) {
        w->runs[i] += sarn_str_equal(sarn_step_id(call), sarn_str(ids[i]));
    }
    if (sarn_str_equal(sarn_step_id(call), sarn_str("loop"))) {
        return sarn_step_next(call, sarn_step_visit(call) < 3 ? "loop" : "end");
    }
    return SARN_OK;
}

static const struct sarn_step steps[] = {
    {.id = "a", .run = act},
    {.id = "b", .run = act, .group = "both"},
    {.id = "c", .run = act, .group = "both"},
    {.id = "loop", .run = act},
    {.id = "never", .run = act},
    {.id = "end", .kind = SARN_STEP_SIGNAL},
};
static const struct sarn_workflow workflow = {
    .name = "maze", .version = 1, SARN_STEPS(steps)};
static const struct sarn_workflow *const workflows[] = {&workflow};
static const struct sarn_module module = {.abi = SARN_MODULE_ABI,
                                          .struct_size = sizeof(struct sarn_module),
                                          .name = "mazes",
                                          .version = "1",
                                          .workflows = workflows,
                                          .workflow_count = 1};
static const struct sarn_module *const modules[] = {&module};

static void open_world(struct world *w, uint64_t seed)
{
    struct sarn__sim_options options = {.seed = seed, .codec = sarn__memory_codec()};
    struct sarn_start start = SARN_START_INIT;
    struct sarn__sim_outcome outcome = {.answers = 0};
    struct sarn_error error;

    memset(w, 0, sizeof(*w));
    w->arena = sarn_arena_create(NULL);
    options.options.modules = modules;
    options.options.module_count = 1;
    options.options.context = w;
    assert_ok(sarn__sim_create(&options, &w->sim, &error), &error);
    start.flags = SARN_START_DETACHED;
    start.workflow = "maze";
    start.workflow_id = sarn_str("1");
    assert_ok(sarn__sim_start(w->sim, &start, &outcome, &error), &error);
    sarn__sim_run(w->sim);
    assert_int_equal(outcome.status, SARN_OK);
}

static void close_world(struct world *w)
{
    sarn__sim_destroy(w->sim);
    sarn_arena_destroy(w->arena);
}

static void tell(struct world *w,
                 enum sarn_control_op op,
                 const char *id,
                 const char *step,
                 const char *name)
{
    struct sarn_control control = SARN_CONTROL_INIT;
    struct sarn__sim_outcome outcome = {.answers = 0};
    struct sarn__request *request;
    struct sarn_error error;

    control.op = op;
    control.workflow = sarn_str("maze");
    control.workflow_id = sarn_str(id);
    control.step = sarn_str(step);
    control.name = sarn_str(name);
    assert_ok(
        sarn__request_control(sarn__sim_engine(w->sim), &control, &request, &error),
        &error);
    sarn__sim_request(w->sim, request, &outcome);
    sarn__sim_run(w->sim);
    if (outcome.status != SARN_OK) {
        fail_msg("%s", outcome.text);
    }
}

static const char *state(struct world *w, const char *id)
{
    struct sarn_execution_info info;
    struct sarn_error error;

    assert_ok(sarn__engine_execution(sarn__sim_engine(w->sim), 0, sarn_str("maze"),
                                     sarn_str(id), w->arena, &info, &error),
              &error);
    snprintf(w->status, sizeof(w->status), "%s%s%.*s, %u done",
             sarn_execution_status_text(info.status), info.step.size > 0 ? " at " : "",
             (int)info.step.size, info.step.data, info.steps_done);
    return w->status;
}

static sarn_status add_type(void *arg, const struct sarn_event *event)
{
    struct world *w = arg;
    size_t used = strlen(w->text);

    if (!sarn_str_equal(event->type_name, sarn_str("sarn.ExecutionSlept"))) {
        snprintf(w->text + used, sizeof(w->text) - used, "%s%.*s", used == 0 ? "" : " ",
                 (int)event->type_name.size - 5, event->type_name.data + 5);
    }
    return SARN_OK;
}

static const char *history(struct world *w, const char *stream)
{
    struct sarn_range range = SARN_RANGE_INIT;
    struct sarn_error error;

    range.stream = sarn_str(stream);
    w->text[0] = '\0';
    sarn__engine_settle(sarn__sim_engine(w->sim));
    assert_ok(sarn__log_read(sarn__engine_log(sarn__sim_engine(w->sim)), &range,
                             add_type, w, &error),
              &error);
    return w->text;
}

static void check_runs(const struct world *w, const uint32_t wanted[5])
{
    assert_memory_equal(w->runs, wanted, sizeof(w->runs));
}

static void a_fork_finds_its_way_past_groups_loops_and_choices(void **unused)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct world w;

        (void)unused;
        open_world(&w, seed);
        assert_string_equal(state(&w, "1"), "running at end, 6 done");
        check_runs(&w, (const uint32_t[]){1, 1, 1, 3, 0});
        tell(&w, SARN_CONTROL_FORK, "1", "end", "2");
        assert_string_equal(state(&w, "2"), "running at end, 6 done");
        check_runs(&w, (const uint32_t[]){1, 1, 1, 3, 0});
        assert_string_equal(
            history(&w, "maze-2"),
            "ExecutionStarted StepInherited StepInherited StepInherited "
            "GroupJoined StepInherited StepInherited StepInherited "
            "StepWaiting");
        tell(&w, SARN_CONTROL_SIGNAL, "2", NULL, "end");
        assert_string_equal(state(&w, "2"), "completed, 7 done");
        close_world(&w);
    }
}

static void a_fork_from_a_member_begins_its_whole_group_anew(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w, 1);
    tell(&w, SARN_CONTROL_FORK, "1", "c", "2");
    assert_string_equal(state(&w, "2"), "running at end, 6 done");
    check_runs(&w, (const uint32_t[]){1, 2, 2, 6, 0});
    close_world(&w);
}

/* Its latest visit: the two before are taken over, and the third is made again. */
static void a_fork_from_a_loop_takes_over_the_visits_before(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w, 1);
    tell(&w, SARN_CONTROL_FORK, "1", "loop", "2");
    assert_string_equal(state(&w, "2"), "running at end, 6 done");
    check_runs(&w, (const uint32_t[]){1, 1, 1, 4, 0});
    close_world(&w);
}

/* Visits that a reset has undone are not there for a fork; the loop's fourth is its
 * last one at once. */
static void a_fork_of_what_was_reset_and_a_reset_of_a_fork(void **unused)
{
    struct world w;

    (void)unused;
    open_world(&w, 1);
    tell(&w, SARN_CONTROL_RESET, "1", "b", NULL);
    assert_string_equal(state(&w, "1"), "running at end, 4 done");
    check_runs(&w, (const uint32_t[]){1, 2, 2, 4, 0});
    tell(&w, SARN_CONTROL_FORK, "1", "end", "2");
    assert_string_equal(state(&w, "2"), "running at end, 4 done");
    check_runs(&w, (const uint32_t[]){1, 2, 2, 4, 0});
    tell(&w, SARN_CONTROL_RESET, "2", "end", NULL);
    assert_string_equal(state(&w, "2"), "running at end, 4 done");
    tell(&w, SARN_CONTROL_SIGNAL, "2", NULL, "end");
    assert_string_equal(state(&w, "2"), "completed, 5 done");
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fork_finds_its_way_past_groups_loops_and_choices),
        cmocka_unit_test(a_fork_from_a_member_begins_its_whole_group_anew),
        cmocka_unit_test(a_fork_from_a_loop_takes_over_the_visits_before),
        cmocka_unit_test(a_fork_of_what_was_reset_and_a_reset_of_a_fork),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
