/* Steps that wait: for a time, a signal, somebody's promise. Whoever waits for long is
 * not in memory. */
#include <stdlib.h>
#include <string.h>

#include "engine/orchestrator_state.h"
#include "support/stage.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

/* --- time --- */

static void a_timer_sleeps_in_the_log_and_goes_off_when_it_is_due(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a", .run = stage_serve, .output = &sarn_bytes_type},
        {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = HOUR},
        {.id = "b", .run = stage_serve}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__sim_outcome out;
    struct stage stage;
    int64_t began = 0;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    stage_settle(&stage);
    began = sarn__sim_now_us(stage.sim);
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, a#1 begun, a#1 ok, t waits, slept 3600000ms");
    assert_int_equal(stage_in_memory(&stage), 1); /* Its starter waits for the end. */
    assert_int_equal(out.answers, 0);
    stage_crash(&stage);
    stage_settle(&stage);
    assert_int_equal(stage_in_memory(&stage), 0);
    assert_in_range(sarn__sim_wake_us(stage.sim), began + HOUR - SECOND, began + HOUR);
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, a#1 begun, a#1 ok, t waits, slept 3600000ms, t#1 ok, "
                        "b#1 begun, b#1 ok, completed");
    assert_in_range(sarn__sim_now_us(stage.sim), began + HOUR - SECOND,
                    began + HOUR + SECOND);
    assert_int_equal(stage_in_memory(&stage), 0);
    stage_close(&stage);
}

static sarn_status until_tomorrow(struct sarn_step_call *call)
{
    return sarn_step_wait_until(call, sarn_step_now_us(call) + 24 * HOUR);
}

static void a_timer_may_say_until_when_and_a_short_one_is_waited_for(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "short", .kind = SARN_STEP_TIMER, .delay_us = SECOND / 2},
        {.id = "long",
         .kind = SARN_STEP_TIMER,
         .run = until_tomorrow,
         .delay_us = SECOND / 2}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    assert_string_equal(stage_do(&stage, NULL), "ok");
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, short waits, short#1 ok, long waits, slept "
                        "86400000ms, long#1 ok, completed");
    stage_close(&stage);
}

/* --- signals --- */

static sarn_status read_signal(struct sarn_step_call *call)
{
    const struct sarn_str *payload = sarn_step_message(call, "go");
    const struct sarn_str *output = sarn_step_output_of(call, "wait");

    assert_non_null(payload);
    assert_non_null(output);
    assert_true(sarn_str_equal(*payload, sarn_str("go")));
    assert_true(sarn_str_equal(*output, *payload));
    assert_null(sarn_step_message(call, "stop"));
    return stage_serve(call);
}

static const struct sarn_step waits_for_go[] = {
    {.id = "wait",
     .kind = SARN_STEP_SIGNAL,
     .signal = "go",
     .output = &sarn_bytes_type,
     .timeouts = {.schedule_to_close_us = HOUR}},
    {.id = "read", .run = read_signal}};

static void a_signal_wakes_who_waits_for_it_and_brings_its_payload(void **unused)
{
    const struct sarn_workflow w = {
        .name = "w", .version = 1, SARN_STEPS(waits_for_go)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__sim_outcome out;
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    stage_settle(&stage);
    stage_crash(&stage);
    stage_settle(&stage);
    assert_int_equal(stage_in_memory(&stage), 0);
    stage_signal(&stage, "w-1", "go");
    stage_settle(&stage);
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, wait waits, slept 3600000ms, signal go, wait#1 ok "
                        "(go), read#1 begun, read#1 ok, completed");
    assert_int_equal(stage_served(&stage, "/run/read"), 1);
    assert_int_equal(
        stage_tell(&stage, "w-1",
                   &(struct sarn__execution_event){.kind = SARN__SIGNAL_RECEIVED,
                                                   .name = SARN_STR("go")}),
        SARN_ERR_STATE);
    assert_int_equal(
        stage_tell(&stage, "w-2",
                   &(struct sarn__execution_event){.kind = SARN__SIGNAL_RECEIVED,
                                                   .name = SARN_STR("go")}),
        SARN_ERR_NOT_FOUND);
    stage_close(&stage);
}

static void a_signal_that_nobody_waits_for_yet_is_kept(void **unused)
{
    static const struct sarn_step steps[] = {{.id = "a", .run = stage_serve},
                                             {.id = "wait",
                                              .kind = SARN_STEP_SIGNAL,
                                              .signal = "go",
                                              .output = &sarn_bytes_type},
                                             {.id = "read", .run = read_signal}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__sim_outcome out;
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, NULL);
    stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    while (stage_served(&stage, "/run/a") == 0) {
        assert_true(sarn__sim_move(stage.sim));
    }
    stage_signal(&stage, "w-1", "go");
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_describe(&stage, &out), "ok");
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, a#1 begun, signal go, a#1 ok, wait waits, wait#1 ok "
                        "(go), read#1 begun, read#1 ok, completed");
    stage_close(&stage);
}

static void a_wait_that_times_out_fails_or_goes_on_elsewhere(void **unused)
{
    struct sarn_step steps[2];
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct stage stage;

    (void)unused;
    memcpy(steps, waits_for_go, sizeof(steps));
    steps[1].run = stage_serve;
    stage_open(&stage, workflows, 1, 1, NULL);
    assert_non_null(strstr(stage_do(&stage, NULL), "failed and was compensated"));
    stage_close(&stage);

    steps[0].on_timeout = "read";
    stage_open(&stage, workflows, 1, 1, NULL);
    assert_string_equal(stage_do(&stage, NULL), "ok");
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, wait waits, slept 3600000ms, wait#1 late (schedule) "
                        "-> read, read#1 begun, read#1 ok, completed");
    stage_close(&stage);
}

/* --- promises --- */

struct promised {
    char id[400];
};

static sarn_status hand_out(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct promised *promised = stage->arg;
    struct sarn_str id;

    assert_int_equal(sarn_step_promise(call, "nobody", &id), SARN_ERR_NOT_FOUND);
    assert_int_equal(sarn_step_promise(call, "approval", &id), SARN_OK);
    snprintf(promised->id, sizeof(promised->id), "%.*s", (int)id.size, id.data);
    return stage_serve(call);
}

static const struct sarn_step promises[] = {
    {.id = "ask", .run = hand_out, .compensate = stage_serve},
    {.id = "approval", .kind = SARN_STEP_PROMISE, .output = &sarn_bytes_type},
    {.id = "act", .run = stage_serve}};

static void a_promise_is_kept_or_broken_from_outside_by_its_id(void **unused)
{
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(promises)};
    const struct sarn_workflow *workflows[] = {&w};
    struct promised promised;
    struct sarn__sim_outcome out;
    struct stage stage;

    (void)unused;
    for (int broken = 0; broken < 2; broken++) {
        stage_open(&stage, workflows, 1, 1, &promised);
        stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
        stage_settle(&stage);
        assert_non_null(strstr(promised.id, "/1/3/w-1/approval"));
        assert_int_equal(stage_promise(&stage, sarn_str(promised.id), broken != 0),
                         SARN_OK);
        sarn__sim_run(stage.sim);
        assert_string_equal(stage_describe(&stage, &out),
                            broken != 0 ? "failed and was compensated: nobody came"
                                        : "ok");
        assert_string_equal(
            stage_history(&stage, "w-1"),
            broken != 0
                ? "started, ask#1 begun, ask#1 ok, approval waits, slept, promise "
                  "approval broken, approval#1 failed, undoing, undo ask#1 begun, undo "
                  "ask#1 ok, compensated"
                : "started, ask#1 begun, ask#1 ok, approval waits, slept, promise "
                  "approval kept, approval#1 ok, act#1 begun, act#1 ok, completed");
        /* It was settled, and is not twice. */
        assert_int_equal(stage_promise(&stage, sarn_str(promised.id), false),
                         SARN_ERR_STATE);
        stage_close(&stage);
    }
}

/* --- many --- */

#define MANY 3000u

static void thousands_that_are_due_at_once_all_go_on(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = HOUR}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__sim_outcome *out = calloc(MANY, sizeof(*out));
    struct sarn_start start = SARN_START_INIT;
    struct sarn_error error;
    struct stage stage;
    char id[16];

    (void)unused;
    assert_non_null(out);
    stage_open(&stage, workflows, 1, 1, NULL);
    start.workflow = "w";
    start.flags = SARN_START_DETACHED;
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(id, sizeof(id), "%" PRIu32, i);
        start.workflow_id = sarn_str(id);
        assert_int_equal(sarn__sim_start(stage.sim, &start, &out[i], &error), SARN_OK);
    }
    stage_settle(&stage);
    assert_int_equal(stage_in_memory(&stage), 0);
    stage_crash(&stage);
    sarn__sim_advance(stage.sim, HOUR);
    sarn__sim_run(stage.sim);
    for (uint32_t i = 0; i < MANY; i += 97) {
        snprintf(id, sizeof(id), "w-%" PRIu32, i);
        assert_string_equal(stage_history(&stage, id),
                            "started, t waits, slept 3600000ms, t#1 ok, completed");
    }
    assert_int_equal(stage_in_memory(&stage), 0);
    stage_close(&stage);
    free(out);
}

static void what_nobody_knows_here_sleeps_on_and_holds_nobody_up(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = HOUR}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow other = {.name = "o", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w, &other};
    struct sarn__sim_outcome out;
    struct sarn_error error;
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 2, 1, NULL);
    stage_start(&stage, "o", "1", NULL, SARN_EXISTS_JOIN, &out);
    stage_settle(&stage);
    stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    stage_settle(&stage);
    sarn__sim_crash(stage.sim);
    stage.module.workflow_count = 1;
    assert_int_equal(sarn__sim_open(stage.sim, NULL, 0, &error), SARN_OK);
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, t waits, slept 3600000ms, t#1 ok, completed");
    assert_string_equal(stage_history(&stage, "o-1"),
                        "started, t waits, slept 3600000ms");
    /* It is told something all the same: that is recorded, no more. */
    stage_cancel(&stage, "o-1", false);
    sarn__sim_run(stage.sim);
    assert_int_equal(stage_in_memory(&stage), 0);
    sarn__sim_crash(stage.sim);
    stage.module.workflow_count = 2;
    assert_int_equal(sarn__sim_open(stage.sim, NULL, 0, &error), SARN_OK);
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_history(&stage, "o-1"),
                        "started, t waits, slept 3600000ms, cancel asked, t given up, "
                        "undoing, cancelled");
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_sleeps_in_the_log_and_goes_off_when_it_is_due),
        cmocka_unit_test(a_timer_may_say_until_when_and_a_short_one_is_waited_for),
        cmocka_unit_test(a_signal_wakes_who_waits_for_it_and_brings_its_payload),
        cmocka_unit_test(a_signal_that_nobody_waits_for_yet_is_kept),
        cmocka_unit_test(a_wait_that_times_out_fails_or_goes_on_elsewhere),
        cmocka_unit_test(a_promise_is_kept_or_broken_from_outside_by_its_id),
        cmocka_unit_test(thousands_that_are_due_at_once_all_go_on),
        cmocka_unit_test(what_nobody_knows_here_sleeps_on_and_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
