/* Runs: how they end, what comes after them, and what a start means where one is. */
#include <string.h>

#include "engine/orchestrator.h"
#include "engine/state.h"
#include "support/stage.h"

#define SECOND INT64_C(1000000)

/* --- branches and loops --- */

static sarn_status thrice(struct sarn_step_call *call)
{
    if (sarn_step_visit(call) < 3) {
        assert_int_equal(sarn_step_next(call, "nowhere"), SARN_ERR_NOT_FOUND);
        assert_int_equal(sarn_step_next(call, "a"), SARN_OK);
    } else {
        assert_int_equal(sarn_step_next(call, SARN_STEP_END), SARN_OK);
    }
    return stage_serve(call);
}

static void a_step_may_be_visited_again_under_another_key(void **unused)
{
    static const struct sarn_step steps[] = {{.id = "a", .run = stage_serve},
                                             {.id = "again", .run = thrice},
                                             {.id = "never", .run = stage_serve}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    assert_string_equal(stage_do(&stage, NULL), "ok");
    assert_string_equal(
        stage_history(&stage, "w-1"),
        "started, a#1 begun, a#1 ok, again#1 begun, again#1 ok -> a, a/2#1 begun, "
        "a/2#1 ok, again/2#1 begun, again/2#1 ok -> a, a/3#1 begun, a/3#1 ok, "
        "again/3#1 begun, again/3#1 ok -> , completed");
    assert_int_equal(stage.deed_count, 6);
    assert_int_equal(stage_served(&stage, "/run/a/2"), 1);
    assert_int_equal(stage_served(&stage, "/run/never"), 0);
    stage_close(&stage);
}

/* --- continue as new --- */

static sarn_status count_down(struct sarn_step_call *call)
{
    const struct sarn_str *left = sarn_step_input(call);
    struct sarn_str less;

    assert_non_null(left);
    if (left->size == 0 || left->size == 1) {
        return stage_serve(call);
    }
    less = (struct sarn_str){left->data, left->size - 1};
    assert_int_equal(sarn_step_continue_as_new(call, &less), SARN_OK);
    return stage_serve(call);
}

static void a_run_goes_on_as_a_new_one_and_its_starter_waits_for_the_last(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a", .run = count_down, .output = &sarn_bytes_type},
        {.id = "wait", .kind = SARN_STEP_SIGNAL, .signal = "go"}};
    const struct sarn_message go[] = {{.name = "go"}};
    const struct sarn_workflow w = {.name = "w",
                                    .version = 1,
                                    .input = &sarn_bytes_type,
                                    SARN_STEPS(steps),
                                    .messages = go,
                                    .message_count = 1};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__execution_event signal = {.kind = SARN__SIGNAL_RECEIVED,
                                           .name = SARN_STR("go")};
    struct sarn__sim_outcome out, again;
    struct stage stage;

    (void)unused;
    for (int crash = 0; crash < 2; crash++) {
        stage_open(&stage, workflows, 1, 1, NULL);
        stage_start(&stage, "w", "1", "xxx", SARN_EXISTS_JOIN, &out);
        while (stage_served(&stage, "/run/a") == 0) {
            assert_true(sarn__sim_move(stage.sim));
        }
        assert_int_equal(stage_tell(&stage, "w-1", &signal), SARN_OK);
        stage_settle(&stage);
        if (crash == 0) {
            assert_string_equal(stage_describe(&stage, &out), "ok");
        } else {
            stage_crash(&stage);
        }
        sarn__sim_run(stage.sim);
        assert_string_equal(
            stage_history(&stage, "w-1"),
            "started, a#1 begun, signal go, a#1 ok anew, continued, started, carried "
            "go, a#1 begun, a#1 ok anew, continued, started, carried go, a#1 begun, "
            "a#1 ok, wait waits, wait#1 ok (go), completed");
        assert_int_equal(stage_in_memory(&stage), 0);
        /* The first input is what it was started with. */
        stage_start(&stage, "w", "1", "xxx", SARN_EXISTS_JOIN, &again);
        sarn__sim_run(stage.sim);
        assert_string_equal(stage_describe(&stage, &again), "ok repeated");
        stage_close(&stage);
    }
}

static sarn_status for_ever(struct sarn_step_call *call)
{
    return sarn_step_continue_as_new(call, NULL);
}

static void runs_without_end_take_turns(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a", .run = for_ever, .kind = SARN_STEP_LOCAL}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__sim_outcome out;
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    assert_true(sarn__sim_run_moves(stage.sim, 200));
    stage_cancel(&stage, "w-1", false);
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_describe(&stage, &out),
                        "cancelled and compensated: no longer wanted");
    stage_close(&stage);
}

/* --- an id that exists --- */

static sarn_status as_told(struct sarn_step_call *call)
{
    const struct sarn_str *input = sarn_step_input(call);

    (void)stage_serve(call);
    return sarn_str_equal(*input, sarn_str("fail"))
               ? sarn_step_fail(call, "no", "as it was told")
               : SARN_OK;
}

static const struct sarn_step told[] = {
    {.id = "a", .run = as_told, .retry = {.maximum_attempts = 1}},
    {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = 60 * SECOND}};

static const char *start_again(struct stage *stage, const char *input, uint32_t exists)
{
    struct sarn__sim_outcome out;

    stage_start(stage, "w", "1", input, exists, &out);
    sarn__sim_run(stage->sim);
    return stage_describe(stage, &out);
}

static void an_id_that_has_ended_is_joined_refused_or_run_again(void **unused)
{
    const struct sarn_workflow w = {
        .name = "w", .version = 1, .input = &sarn_bytes_type, SARN_STEPS(told)};
    const struct sarn_workflow *workflows[] = {&w};
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    assert_string_equal(stage_do(&stage, "fail"),
                        "failed and was compensated: as it was told");
    assert_string_equal(start_again(&stage, "fail", SARN_EXISTS_JOIN),
                        "failed and was compensated: as it was told");
    assert_non_null(strstr(start_again(&stage, "other", SARN_EXISTS_JOIN),
                           "was started with another input"));
    assert_non_null(strstr(start_again(&stage, "fail", SARN_EXISTS_REFUSE),
                           "exists and has ended"));
    assert_string_equal(start_again(&stage, "go", SARN_EXISTS_RESTART_FAILED), "ok");
    assert_non_null(strstr(start_again(&stage, "go", SARN_EXISTS_RESTART_FAILED),
                           "exists and has ended"));
    stage_crash(&stage);
    assert_string_equal(start_again(&stage, "more", SARN_EXISTS_RESTART), "ok");
    assert_string_equal(start_again(&stage, "more", SARN_EXISTS_REPLACE), "ok");
    assert_string_equal(
        stage_history(&stage, "w-1"),
        "started, a#1 begun, a#1 failed, undoing, compensated, started, a#1 begun, a#1 "
        "ok, t waits, slept 60000ms, t#1 ok, completed, started, a#1 begun, a#1 ok, t "
        "waits, slept 60000ms, t#1 ok, completed, started, a#1 begun, a#1 ok, t waits, "
        "slept 60000ms, t#1 ok, completed");
    assert_int_equal(stage.deed_count, 4); /* Every run has keys of its own. */
    stage_close(&stage);
}

static void an_id_that_runs_is_joined_refused_or_replaced(void **unused)
{
    const struct sarn_workflow w = {
        .name = "w", .version = 1, .input = &sarn_bytes_type, SARN_STEPS(told)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__sim_outcome first, joined, refused, restarted, replaced;
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    stage_start(&stage, "w", "1", "go", SARN_EXISTS_JOIN, &first);
    stage_settle(&stage);
    stage_start(&stage, "w", "1", "go", SARN_EXISTS_JOIN, &joined);
    stage_start(&stage, "w", "1", "go", SARN_EXISTS_REFUSE, &refused);
    stage_start(&stage, "w", "1", "go", SARN_EXISTS_RESTART, &restarted);
    stage_settle(&stage);
    assert_int_equal(first.answers + joined.answers, 0);
    assert_non_null(strstr(stage_describe(&stage, &refused), "exists and is running"));
    assert_non_null(
        strstr(stage_describe(&stage, &restarted), "exists and is running"));
    stage_start(&stage, "w", "1", "anew", SARN_EXISTS_REPLACE, &replaced);
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_describe(&stage, &first),
                        "terminated and compensated: a new run replaces it");
    assert_string_equal(stage_describe(&stage, &joined),
                        "terminated and compensated: a new run replaces it");
    assert_string_equal(stage_describe(&stage, &replaced), "ok");
    assert_string_equal(
        stage_history(&stage, "w-1"),
        "started, a#1 begun, a#1 ok, t waits, slept 60000ms, terminate asked, undoing, "
        "t given up, terminated, started, a#1 begun, a#1 ok, t waits, slept 60000ms, "
        "t#1 ok, "
        "completed");
    stage_close(&stage);
}

/* It is to end, and sleeps all the same: it is paused. moves: after it was told. */
static void replace_a_sleeper(uint64_t moves)
{
    static const struct sarn__execution_event paused = {.kind = SARN__PAUSED},
                                              resumed = {.kind = SARN__RESUMED};
    const struct sarn_workflow w = {
        .name = "w", .version = 1, .input = &sarn_bytes_type, SARN_STEPS(told)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn_start start = SARN_START_INIT;
    struct sarn_str input = SARN_STR("go");
    struct sarn__sim_outcome first = {.answers = 0}, replaced;
    struct stage stage;

    stage_open(&stage, workflows, 1, 1, NULL);
    start.workflow = "w";
    start.workflow_id = sarn_str("1");
    start.input = &input;
    start.flags = SARN_START_DETACHED;
    stage_send(&stage, &start, &first);
    stage_settle(&stage);
    assert_int_equal(stage_tell(&stage, "w-1", &paused), SARN_OK);
    stage_cancel(&stage, "w-1", true);
    sarn__sim_poke(stage.sim);
    for (uint64_t i = 0; i < moves; i++) {
        (void)sarn__sim_move(stage.sim);
    }
    stage_start(&stage, "w", "1", "anew", SARN_EXISTS_REPLACE, &replaced);
    stage_settle(&stage);
    assert_int_equal(replaced.answers, 0);
    assert_int_equal(stage_tell(&stage, "w-1", &resumed), SARN_OK);
    sarn__sim_poke(stage.sim);
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_describe(&stage, &replaced), "ok");
    stage_close(&stage);
}

static void an_id_that_is_about_to_leave_memory_is_replaced_too(void **unused)
{
    (void)unused;
    for (uint64_t moves = 0; moves < 20; moves++) {
        replace_a_sleeper(moves);
    }
}

/* --- what it may say besides --- */

static sarn_status deadline_of(struct stage *stage, struct sarn_execution_info *info)
{
    const struct sarn_str workflow = SARN_STR("w"), id = SARN_STR("1");

    return sarn__engine_execution(sarn__sim_engine(stage->sim), 0, workflow, id,
                                  stage->arena, info, NULL);
}

static void a_start_may_say_how_long_and_under_which_attributes(void **unused)
{
    const struct sarn_attribute attributes[] = {{SARN_STR("customer"), SARN_STR("7")},
                                                {SARN_STR("customer"), SARN_STR("8")}};
    const struct sarn_workflow w = {.name = "w",
                                    .version = 3,
                                    .input = &sarn_bytes_type,
                                    SARN_STEPS(told),
                                    .timeout_us = 3600 * SECOND};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn_start start = SARN_START_INIT;
    struct sarn_str input = SARN_STR("go");
    struct sarn_execution_info info;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__sim_outcome out = {.answers = 0};
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    start.workflow = "w";
    start.workflow_id = sarn_str("1");
    start.input = &input;
    start.timeout_us = 10 * SECOND;
    start.attributes = attributes;
    start.attribute_count = 2;
    assert_int_equal(sarn__sim_start(stage.sim, &start, &out, &error),
                     SARN_ERR_INVALID);
    start.attribute_count = SARN_ATTRIBUTES_MAX + 1;
    assert_int_equal(sarn__sim_start(stage.sim, &start, &out, &error),
                     SARN_ERR_TOO_LARGE);
    start.attribute_count = 1;
    start.priority = 256;
    assert_int_equal(sarn__sim_start(stage.sim, &start, &out, &error),
                     SARN_ERR_INVALID);
    start.priority = 255;
    start.exists = SARN_EXISTS_REPLACE + 1;
    assert_int_equal(sarn__sim_start(stage.sim, &start, &out, &error),
                     SARN_ERR_INVALID);
    start.exists = SARN_EXISTS_JOIN;
    assert_int_equal(sarn__sim_start(stage.sim, &start, &out, &error), SARN_OK);
    stage_settle(&stage);
    assert_int_equal(deadline_of(&stage, &info), SARN_OK);
    assert_in_range(info.deadline_us, sarn__sim_now_us(stage.sim) + 9 * SECOND,
                    sarn__sim_now_us(stage.sim) + 10 * SECOND);
    assert_int_equal(info.definition_version, 3);
    assert_false(info.paused || info.ending);
    sarn__sim_run(stage.sim);
    assert_int_equal(out.status, SARN_ERR_TIMEOUT);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_may_be_visited_again_under_another_key),
        cmocka_unit_test(a_run_goes_on_as_a_new_one_and_its_starter_waits_for_the_last),
        cmocka_unit_test(runs_without_end_take_turns),
        cmocka_unit_test(an_id_that_has_ended_is_joined_refused_or_run_again),
        cmocka_unit_test(an_id_that_runs_is_joined_refused_or_replaced),
        cmocka_unit_test(an_id_that_is_about_to_leave_memory_is_replaced_too),
        cmocka_unit_test(a_start_may_say_how_long_and_under_which_attributes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
