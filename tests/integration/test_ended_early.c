/* What is out, without an intent, when its execution is told to end or to go back: it
 * is undone by its key, but not while it is under way. */
#include "engine/control_decide.h"
#include "engine/orchestrator_state.h"
#include "support/stage.h"

/* Which of the two has been seen of the step "a". */
struct seen {
    bool run, undone, in_order;
};

static sarn_status see_run(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct seen *seen = stage->arg;

    seen->in_order = seen->in_order && !seen->undone;
    seen->run = true;
    return SARN_OK;
}

static sarn_status see_undone(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct seen *seen = stage->arg;

    seen->undone = true;
    return SARN_OK;
}

static void a_terminate_undoes_what_is_out_when_it_has_come_back(void **unused)
{
    static const struct sarn_step steps[] = {{.id = "a",
                                              .run = see_run,
                                              .compensate = see_undone,
                                              .flags = SARN_STEP_IDEMPOTENT}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    uint32_t out_meanwhile = 0;

    (void)unused;
    for (uint64_t seed = 0; seed < 600; seed++) {
        struct seen seen = {.in_order = true};
        struct sarn__sim_outcome out;
        struct stage stage;

        stage_open(&stage, workflows, 1, seed, &seen);
        stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
        while (sarn__sim_jobs(stage.sim, SARN__JOB_STEP) == 0) {
            assert_true(sarn__sim_move(stage.sim));
        }
        out_meanwhile += seen.run ? 0 : 1;
        stage_cancel(&stage, "w-1", true);
        sarn__sim_run(stage.sim);
        assert_int_equal(out.status, SARN_ERR_TERMINATED);
        assert_true(seen.run && seen.undone && seen.in_order);
        assert_int_equal(stage_in_memory(&stage), 0);
        stage_close(&stage);
    }
    assert_true(out_meanwhile > 0);
}

/* The same for a reset: it comes back to a, and what was out did not go unnoticed. */
static void a_reset_undoes_what_is_out_when_it_has_come_back(void **unused)
{
    static const struct sarn_step steps[] = {{.id = "f", .run = stage_serve},
                                             {.id = "a",
                                              .run = see_run,
                                              .compensate = see_undone,
                                              .flags = SARN_STEP_IDEMPOTENT}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    const struct sarn_control what = {.op = SARN_CONTROL_RESET, .step = SARN_STR("f")};
    struct sarn_error error;

    (void)unused;
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct seen seen = {.in_order = true};
        struct sarn__execution_event event;
        struct sarn__sim_outcome out;
        struct sarn__run *run = NULL;
        struct stage stage;

        stage_open(&stage, workflows, 1, seed, &seen);
        stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
        while (!seen.run) {
            assert_true(sarn__sim_move(stage.sim));
        }
        assert_int_equal(sarn__run_take_up(sarn__sim_engine(stage.sim), 0,
                                           sarn_str("w-1"), &run, &error),
                         SARN_OK);
        if (sarn__execution_step(run->execution, sarn_str("a"))->state ==
            SARN__WAITING) {
            assert_int_equal(sarn__control_decide(run->execution, &w, &what,
                                                  stage.arena, &event, &error),
                             SARN_OK);
            assert_int_equal(stage_tell(&stage, "w-1", &event), SARN_OK);
            sarn__sim_run(stage.sim);
            assert_true(seen.undone);
        }
        sarn__sim_run(stage.sim);
        assert_string_equal(stage_describe(&stage, &out), "ok");
        stage_close(&stage);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminate_undoes_what_is_out_when_it_has_come_back),
        cmocka_unit_test(a_reset_undoes_what_is_out_when_it_has_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
