/* Children: begun, waited for, undone, given up, in the commits of who has news. */
#include <string.h>

#include "engine/orchestrator.h"
#include "engine/state.h"
#include "support/stage.h"

#define SECOND INT64_C(1000000)

static sarn_status no(struct sarn_step_call *call)
{
    (void)stage_serve(call);
    return sarn_step_fail(call, "no", "no");
}

/* --- the child --- */

static const struct sarn_step child_steps[] = {{.id = "c",
                                                .run = stage_serve,
                                                .compensate = stage_serve,
                                                .output = &sarn_bytes_type}};
static const struct sarn_workflow child = {
    .name = "kid", .version = 1, SARN_STEPS(child_steps), .result = "c"};

static const struct sarn_step waiting_steps[] = {
    {.id = "c",
     .run = stage_serve,
     .compensate = stage_serve,
     .output = &sarn_bytes_type},
    {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = 3600 * SECOND}};
static const struct sarn_workflow waiting = {
    .name = "kid", .version = 1, SARN_STEPS(waiting_steps), .result = "c"};

static const struct sarn_step failing_steps[] = {
    {.id = "b",
     .run = stage_serve,
     .compensate = stage_serve,
     .output = &sarn_bytes_type},
    {.id = "c", .run = no, .retry = {.maximum_attempts = 1}}};
static const struct sarn_workflow failing = {
    .name = "kid", .version = 1, SARN_STEPS(failing_steps), .result = "b"};

/* --- the parent --- */

static sarn_status read_child(struct sarn_step_call *call)
{
    const struct sarn_str *output = sarn_step_output_of(call, "kid");

    assert_non_null(output);
    assert_true(sarn_str_equal(*output, sarn_str("c")));
    return stage_serve(call);
}

static const struct sarn_step parent_steps[] = {
    {.id = "a", .run = stage_serve, .compensate = stage_serve},
    {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid", .output = &sarn_bytes_type},
    {.id = "z", .run = read_child}};
static const struct sarn_workflow parent = {
    .name = "w", .version = 1, SARN_STEPS(parent_steps)};

static void open_family(struct stage *stage,
                        const struct sarn_workflow *w,
                        const struct sarn_workflow *kid,
                        uint64_t seed)
{
    const struct sarn_workflow *workflows[] = {w, kid};

    stage_open(stage, workflows, 2, seed, NULL);
}

static void a_child_is_waited_for_and_its_result_is_the_steps_output(void **unused)
{
    struct stage stage;

    (void)unused;
    for (uint64_t seed = 0; seed < 20; seed++) {
        open_family(&stage, &parent, &child, seed);
        assert_string_equal(stage_do(&stage, NULL), "ok");
        assert_string_equal(stage_history(&stage, "w-1"),
                            "started, a#1 begun, a#1 ok, kid waits for kid-1/kid, "
                            "slept, child kid 3, kid#1 ok, z#1 begun, z#1 ok, "
                            "completed");
        assert_string_equal(stage_history(&stage, "kid-1/kid"),
                            "started, c#1 begun, c#1 ok, completed");
        assert_int_equal(stage_in_memory(&stage), 0);
        stage_close(&stage);
    }
}

static void a_childs_id_has_200_bytes(void **unused)
{
    char id[200];
    struct stage stage;

    (void)unused;
    memset(id, 'n', sizeof(id));
    for (uint32_t i = 0; i < 2; i++) { /* "<id>/kid" has 200 bytes, and one more. */
        struct sarn__sim_outcome out = {0};

        open_family(&stage, &parent, &child, 1);
        id[196 + i] = '\0';
        stage_start(&stage, "w", id, NULL, SARN_EXISTS_JOIN, &out);
        sarn__sim_run(stage.sim);
        assert_string_equal(stage_describe(&stage, &out),
                            i == 0 ? "ok"
                                   : "failed and was compensated: the child's id is "
                                     "too long, or no UTF-8");
        id[196 + i] = 'n';
        stage_close(&stage);
    }
}

static void a_child_that_fails_fails_its_step(void **unused)
{
    struct stage stage;

    (void)unused;
    open_family(&stage, &parent, &failing, 1);
    assert_string_equal(stage_do(&stage, NULL), "failed and was compensated: no");
    assert_string_equal(stage_history(&stage, "kid-1/kid"),
                        "started, b#1 begun, b#1 ok, c#1 begun, c#1 failed, undoing, "
                        "undo b#1 begun, undo b#1 ok, compensated");
    assert_non_null(strstr(stage_history(&stage, "w-1"),
                           "child kid 4, kid#1 failed, undoing, undo a#1 begun, undo "
                           "a#1 ok, compensated"));
    stage_close(&stage);
}

/* --- undone --- */

static const struct sarn_step undone_steps[] = {
    {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid", .output = &sarn_bytes_type},
    {.id = "z", .run = no, .retry = {.maximum_attempts = 1}}};
static const struct sarn_workflow undone = {
    .name = "w", .version = 1, SARN_STEPS(undone_steps)};

static void a_child_that_completed_is_undone_with_its_parent(void **unused)
{
    struct stage stage;

    (void)unused;
    for (uint64_t seed = 0; seed < 20; seed++) {
        open_family(&stage, &undone, &child, seed);
        assert_string_equal(stage_do(&stage, NULL), "failed and was compensated: no");
        assert_string_equal(stage_history(&stage, "kid-1/kid"),
                            "started, c#1 begun, c#1 ok, completed, undo asked, "
                            "undoing, undo c#1 begun, undo c#1 ok, undone");
        assert_non_null(strstr(stage_history(&stage, "w-1"),
                               "undoing, undo kid#1 begun, slept, child undo kid 10, "
                               "undo kid#1 ok, compensated"));
        assert_int_equal(stage_served(&stage, "/compensate/c"), 1);
        assert_int_equal(stage_in_memory(&stage), 0);
        stage_close(&stage);
    }
}

/* --- given up --- */

static void cancel_parent(uint32_t policy, struct stage *stage)
{
    static struct sarn_step steps[3];
    static struct sarn_workflow w;
    struct sarn__sim_outcome out;

    memcpy(steps, parent_steps, sizeof(steps));
    steps[1].parent_close = policy;
    w = parent;
    w.steps = steps;
    open_family(stage, &w, &waiting, 1);
    stage_start(stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    stage_settle(stage);
    stage_cancel(stage, "w-1", false);
    stage_settle(stage);
    assert_int_equal(out.status, SARN_ERR_CANCELLED);
    assert_non_null(strstr(stage_history(stage, "w-1"),
                           "cancel asked, kid given up, undoing, undo a#1 begun, undo "
                           "a#1 ok, cancelled"));
}

static void a_child_that_runs_is_told_what_its_step_declares(void **unused)
{
    struct stage stage;

    (void)unused;
    cancel_parent(SARN_PARENT_CLOSE_CANCEL, &stage);
    assert_non_null(strstr(stage_history(&stage, "kid-1/kid"),
                           "slept 3600000ms, cancel asked, t given up, undoing, undo "
                           "c#1 begun, undo c#1 ok, cancelled"));
    stage_close(&stage);
    cancel_parent(SARN_PARENT_CLOSE_TERMINATE, &stage);
    assert_non_null(strstr(stage_history(&stage, "kid-1/kid"),
                           "slept 3600000ms, terminate asked, undoing, "));
    stage_close(&stage);
    cancel_parent(SARN_PARENT_CLOSE_ABANDON, &stage);
    assert_string_equal(stage_history(&stage, "kid-1/kid"),
                        "started, c#1 begun, c#1 ok, t waits, slept 3600000ms");
    sarn__sim_run(stage.sim); /* It goes on, and nobody hears of its end. */
    assert_non_null(strstr(stage_history(&stage, "kid-1/kid"), "t#1 ok, completed"));
    assert_null(strstr(stage_history(&stage, "w-1"), "child"));
    stage_close(&stage);
}

/* --- whose child? --- */

static void an_id_of_somebody_else_fails_the_step(void **unused)
{
    struct sarn__sim_outcome out;
    struct stage stage;

    (void)unused;
    open_family(&stage, &parent, &waiting, 1);
    stage_start(&stage, "kid", "1/kid", NULL, SARN_EXISTS_JOIN, &out);
    stage_settle(&stage);
    assert_non_null(strstr(stage_do(&stage, NULL), "is not this step's"));
    assert_non_null(strstr(stage_history(&stage, "w-1"),
                           "a#1 ok, kid#1 failed, undoing, undo a#1 begun"));
    stage_close(&stage);
}

static sarn_status name_it(struct sarn_step_call *call)
{
    const struct sarn_str id = SARN_STR("junior"), input = SARN_STR("from above");

    assert_int_equal(sarn_step_wait_until(call, 1), SARN_ERR_STATE);
    return sarn_step_child(call, id, &input);
}

static sarn_status read_input(struct sarn_step_call *call)
{
    const struct sarn_str *input = sarn_step_input(call);

    assert_non_null(input);
    assert_true(sarn_str_equal(*input, sarn_str("from above")));
    return stage_serve(call);
}

static void a_childs_id_and_input_are_said_by_its_step(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "kid", .run = name_it, .kind = SARN_STEP_CHILD, .child = "kid"}};
    static const struct sarn_step kid_steps[] = {{.id = "c", .run = read_input}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow kid = {
        .name = "kid", .version = 1, .input = &sarn_bytes_type, SARN_STEPS(kid_steps)};
    struct stage stage;

    (void)unused;
    open_family(&stage, &w, &kid, 1);
    assert_string_equal(stage_do(&stage, NULL), "ok");
    assert_string_equal(stage_history(&stage, "kid-junior"),
                        "started, c#1 begun, c#1 ok, completed");
    stage_close(&stage);
}

static sarn_status say_nothing(struct sarn_step_call *call)
{
    (void)call;
    return SARN_OK;
}

static void a_child_without_its_input_fails(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "kid", .run = say_nothing, .kind = SARN_STEP_CHILD, .child = "kid"}};
    static const struct sarn_step kid_steps[] = {{.id = "c", .run = read_input}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow kid = {
        .name = "kid", .version = 1, .input = &sarn_bytes_type, SARN_STEPS(kid_steps)};
    struct stage stage;

    (void)unused;
    open_family(&stage, &w, &kid, 1);
    assert_non_null(strstr(stage_do(&stage, NULL), "takes an input"));
    stage_close(&stage);
}

/* --- runs --- */

static sarn_status once_more(struct sarn_step_call *call)
{
    const struct stage *stage = sarn_step_context(call);

    (void)stage_serve(call);
    return stage_served(stage, "/run/again") < 3 ? sarn_step_continue_as_new(call, NULL)
                                                 : SARN_OK;
}

static void every_run_of_a_parent_has_a_child_of_the_same_id(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid"},
        {.id = "again", .run = once_more}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    struct stage stage;

    (void)unused;
    open_family(&stage, &w, &child, 1);
    assert_string_equal(stage_do(&stage, NULL), "ok");
    assert_string_equal(stage_history(&stage, "kid-1/kid"),
                        "started, c#1 begun, c#1 ok, completed, started, c#1 begun, "
                        "c#1 ok, completed, started, c#1 begun, c#1 ok, completed");
    stage_close(&stage);
}

static void a_child_that_goes_on_as_a_new_run_is_still_the_same_child(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid"}};
    static const struct sarn_step kid_steps[] = {{.id = "again", .run = once_more}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow kid = {
        .name = "kid", .version = 1, SARN_STEPS(kid_steps)};
    struct stage stage;

    (void)unused;
    open_family(&stage, &w, &kid, 1);
    assert_string_equal(stage_do(&stage, NULL), "ok");
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, kid waits for kid-1/kid, slept, child kid 3, kid#1 "
                        "ok, completed");
    stage_close(&stage);
}

/* --- crashes --- */

/* The same steps, which may all be repeated under their keys. */
static void make_repeatable(const struct sarn_workflow *from,
                            struct sarn_step steps[3],
                            struct sarn_workflow *to)
{
    *to = *from;
    to->steps = steps;
    memcpy(steps, from->steps, from->step_count * sizeof(steps[0]));
    for (uint32_t i = 0; i < from->step_count; i++) {
        steps[i].flags = steps[i].kind == SARN_STEP_EXTERNAL ? SARN_STEP_IDEMPOTENT : 0;
    }
}

static void check_family(const struct sarn_workflow *w,
                         const struct sarn_workflow *kid,
                         const char *end,
                         const char *kid_end)
{
    bool more = true;

    for (uint64_t moves = 1; more; moves++) {
        struct sarn__sim_outcome out;
        struct stage stage;

        open_family(&stage, w, kid, moves);
        stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
        more = sarn__sim_run_moves(stage.sim, moves);
        stage_crash(&stage);
        sarn__sim_run(stage.sim);
        stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
        sarn__sim_run(stage.sim);
        assert_non_null(strstr(stage_history(&stage, "w-1"), end));
        assert_non_null(strstr(stage_history(&stage, "kid-1/kid"), kid_end));
        assert_int_equal(stage_in_memory(&stage), 0);
        stage_close(&stage);
    }
}

static void wherever_the_power_goes_a_family_stays_one(void **unused)
{
    struct sarn_step steps[4][3];
    struct sarn_workflow parents[2], kids[2];

    (void)unused;
    make_repeatable(&parent, steps[0], &parents[0]);
    make_repeatable(&undone, steps[1], &parents[1]);
    make_repeatable(&child, steps[2], &kids[0]);
    make_repeatable(&failing, steps[3], &kids[1]);
    check_family(&parents[0], &kids[0], ", completed", ", completed");
    check_family(&parents[0], &kids[1], ", compensated", ", compensated");
    check_family(&parents[1], &kids[0], ", compensated", ", undone");
    check_family(&parents[1], &kids[1], ", compensated", ", compensated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_is_waited_for_and_its_result_is_the_steps_output),
        cmocka_unit_test(a_childs_id_has_200_bytes),
        cmocka_unit_test(a_child_that_fails_fails_its_step),
        cmocka_unit_test(a_child_that_completed_is_undone_with_its_parent),
        cmocka_unit_test(a_child_that_runs_is_told_what_its_step_declares),
        cmocka_unit_test(an_id_of_somebody_else_fails_the_step),
        cmocka_unit_test(a_childs_id_and_input_are_said_by_its_step),
        cmocka_unit_test(a_child_without_its_input_fails),
        cmocka_unit_test(every_run_of_a_parent_has_a_child_of_the_same_id),
        cmocka_unit_test(a_child_that_goes_on_as_a_new_run_is_still_the_same_child),
        cmocka_unit_test(wherever_the_power_goes_a_family_stays_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
