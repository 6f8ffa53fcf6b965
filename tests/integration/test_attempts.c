/* Attempts: several at once, late, silent, cancelled. */
#include <string.h>

#include "engine/orchestrator_state.h"
#include "support/stage.h"

#define SECOND INT64_C(1000000)

/* --- at once --- */

static sarn_status no(struct sarn_step_call *call)
{
    (void)stage_serve(call);
    return sarn_step_fail(call, "no", "no");
}

static const struct sarn_step group[] = {
    {.id = "a", .run = stage_serve, .compensate = stage_serve, .group = "g"},
    {.id = "b",
     .run = stage_serve,
     .compensate = stage_serve,
     .group = "g",
     .flags = SARN_STEP_IDEMPOTENT},
    {.id = "c", .run = stage_serve, .compensate = stage_serve, .group = "g"},
    {.id = "d", .run = stage_serve}};

static void
the_members_of_a_group_are_out_at_once_and_come_back_in_any_order(void **unused)
{
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(group)};
    const struct sarn_workflow *workflows[] = {&w};
    uint32_t most = 0, orders = 0;

    (void)unused;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct sarn__sim_outcome out;
        struct stage stage;

        stage_open(&stage, workflows, 1, seed, NULL);
        stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
        while (sarn__sim_move(stage.sim)) {
            uint32_t jobs = sarn__sim_jobs(stage.sim, SARN__JOB_STEP);

            most = jobs > most ? jobs : most;
        }
        assert_string_equal(stage_describe(&stage, &out), "ok");
        for (const char *key = "abcd"; *key != '\0'; key++) {
            char part[8];

            snprintf(part, sizeof(part), "/run/%c", *key);
            assert_int_equal(stage_served(&stage, part), 1);
        }
        orders |=
            strstr(stage_history(&stage, "w-1"), "a#1 ok, b#1 ok") != NULL ? 1 : 2;
        assert_non_null(strstr(stage.text, "g joined, d#1 begun, d#1 ok, completed"));
        stage_close(&stage);
    }
    assert_int_equal(most, 3);
    assert_int_equal(orders, 3); /* Both were seen. */
}

static void a_member_that_fails_undoes_the_others_when_they_have_ended(void **unused)
{
    struct sarn_step steps[4];
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};

    (void)unused;
    memcpy(steps, group, sizeof(steps));
    steps[1].run = no;
    steps[1].retry.maximum_attempts = 1;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct stage stage;

        stage_open(&stage, workflows, 1, seed, NULL);
        assert_string_equal(stage_do(&stage, NULL), "failed and was compensated: no");
        assert_int_equal(stage_served(&stage, "/run/a"), 1);
        assert_int_equal(stage_served(&stage, "/run/c"), 1);
        assert_int_equal(stage_served(&stage, "/compensate/a"), 1);
        assert_int_equal(stage_served(&stage, "/compensate/c"), 1);
        assert_int_equal(stage_served(&stage, "/run/d"), 0);
        stage_close(&stage);
    }
}

/* --- late --- */

/* A step's function that takes its time: as long as the stage's script says. */
struct slow {
    int64_t takes_us[4]; /* Each call of run. */
    uint32_t calls;
    bool beats;     /* It gives signs of life meanwhile. */
    bool cancelled; /* And was told to stop. */
    uint32_t asked;
    uint32_t fate;
};

static sarn_status take_time(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct slow *slow = stage->arg;
    int64_t left_us = slow->takes_us[slow->calls++ & 3];

    while (left_us > 0) {
        int64_t step_us = slow->beats && left_us > SECOND ? SECOND : left_us;

        sarn__sim_advance(stage->sim, step_us);
        left_us -= step_us;
        if (slow->beats && sarn_step_heartbeat(call) == SARN_ERR_CANCELLED) {
            slow->cancelled = true;
        }
    }
    return stage_serve(call);
}

static sarn_status say_fate(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct slow *slow = stage->arg;

    slow->asked += 1;
    sarn_step_set_fate(call, (enum sarn_step_fate)slow->fate);
    return SARN_OK;
}

/* Run "w-1" with seeds until its history holds part; false: it never does. */
static bool some_seed_shows(const struct sarn_workflow *w,
                            const struct slow *script,
                            const char *part,
                            struct stage *stage,
                            struct slow *slow)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        struct sarn__sim_outcome out;

        *slow = *script;
        stage_open(stage, &w, 1, seed, slow);
        stage_start(stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
        sarn__sim_run(stage->sim);
        assert_int_equal(out.answers, 1);
        assert_int_equal(sarn__orchestrator_running(sarn__sim_engine(stage->sim)), 0);
        assert_int_equal(stage_in_memory(stage), 0);
        if (strstr(stage_history(stage, "w-1"), part) != NULL) {
            return true;
        }
        stage_close(stage);
    }
    return false;
}

static void
a_late_attempt_of_an_idempotent_step_is_made_again_and_forgotten(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a",
         .run = take_time,
         .flags = SARN_STEP_IDEMPOTENT,
         .timeouts = {.start_to_close_us = 2 * SECOND}}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct slow script = {.takes_us = {5 * SECOND, 0, 0, 0}};
    struct stage stage;
    struct slow slow;

    (void)unused;
    assert_true(some_seed_shows(&w, &script,
                                "started, a#1 begun, a#1 late (start) for now, a#2 "
                                "begun, a#2 ok, completed",
                                &stage, &slow));
    assert_int_equal(slow.calls, 2);
    assert_int_equal(stage_served(&stage, "/run/a"), 2); /* Under one key. */
    stage_close(&stage);
}

static void a_late_attempt_of_another_step_is_in_doubt_and_asked_about(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a",
         .run = take_time,
         .reconcile = say_fate,
         .timeouts = {.start_to_close_us = 2 * SECOND}}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    struct slow script = {.takes_us = {5 * SECOND, 0, 0, 0}, .fate = SARN_STEP_DONE};
    struct stage stage;
    struct slow slow;

    (void)unused;
    assert_true(some_seed_shows(&w, &script,
                                "started, a#1 begun, a#1 late (start) in doubt, a#1 "
                                "was done, completed",
                                &stage, &slow));
    assert_int_equal(slow.calls, 1);
    stage_close(&stage);
    script.fate = SARN_STEP_NOT_DONE;
    assert_true(some_seed_shows(&w, &script,
                                "a#1 late (start) in doubt, a#1 was not done, a#2 "
                                "begun, a#2 ok, completed",
                                &stage, &slow));
    assert_int_equal(slow.calls, 2);
    stage_close(&stage);
    script.fate = SARN_STEP_UNKNOWN;
    assert_true(some_seed_shows(&w, &script,
                                "a#1 late (start) in doubt, a#1 was unknown, parked",
                                &stage, &slow));
    stage_close(&stage);
}

static void who_gives_no_sign_of_life_is_late_and_who_does_is_not(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a",
         .run = take_time,
         .flags = SARN_STEP_IDEMPOTENT,
         .timeouts = {.heartbeat_us = 2 * SECOND}}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    struct slow script = {.takes_us = {9 * SECOND, 0, 0, 0}};
    struct stage stage;
    struct slow slow;

    (void)unused;
    assert_true(some_seed_shows(&w, &script,
                                "a#1 begun, a#1 late (heartbeat) for now, a#2 begun",
                                &stage, &slow));
    stage_close(&stage);
    script.beats = true;
    assert_false(some_seed_shows(&w, &script, "late", &stage, &slow));
}

/* --- crowded --- */

#define CROWD 150u

/* The number that is the execution's id. */
static uint32_t number_of(const struct sarn_step_call *call)
{
    struct sarn_str id = sarn_step_workflow_id(call);
    uint32_t number = 0;

    for (uint32_t i = 0; i < id.size; i++) {
        number = number * 10 + (uint32_t)(id.data[i] - '0');
    }
    assert_true(number < CROWD);
    return number;
}

static sarn_status take_a_second(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    uint32_t *calls = stage->arg;

    sarn__sim_advance(stage->sim, SECOND);
    calls[number_of(call)] += 1;
    return SARN_OK;
}

static sarn_status know_calls(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    const uint32_t *calls = stage->arg;
    bool made = calls[number_of(call)] > 0;

    sarn_step_set_fate(call, made ? SARN_STEP_DONE : SARN_STEP_NOT_DONE);
    return SARN_OK;
}

static void what_no_worker_has_begun_is_not_late(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a",
         .run = take_a_second,
         .reconcile = know_calls,
         .timeouts = {.start_to_close_us = 200 * SECOND}}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    static struct sarn__sim_outcome out[CROWD];
    uint32_t calls[CROWD] = {0}, again = 0;
    struct stage stage;
    char id[16];

    (void)unused;
    stage_open(&stage, workflows, 1, 1, calls);
    for (uint32_t i = 0; i < CROWD; i++) {
        snprintf(id, sizeof(id), "%03" PRIu32, i);
        stage_start(&stage, "w", id, NULL, SARN_EXISTS_JOIN, &out[i]);
    }
    while (sarn__sim_jobs(stage.sim, SARN__JOB_STEP) == 0) {
        assert_true(sarn__sim_move(stage.sim));
    }
    /* All that are out at once, and none has begun: for longer than it may take. */
    assert_int_equal(sarn__sim_jobs(stage.sim, SARN__JOB_STEP), 64);
    sarn__sim_advance(stage.sim, 300 * SECOND);
    sarn__sim_run(stage.sim);
    for (uint32_t i = 0; i < CROWD; i++) {
        snprintf(id, sizeof(id), "w-%03" PRIu32, i);
        again += strstr(stage_history(&stage, id),
                        "a#1 begun, a#1 was not done, a#2 begun, ") != NULL;
        assert_int_equal(out[i].answers, 1);
        assert_int_equal(out[i].status, SARN_OK);
        assert_int_equal(calls[i], 1);
    }
    assert_true(again > 0 && again < CROWD);
    stage_close(&stage);
}

/* --- again --- */

/* When each attempt was made. */
struct tries {
    int64_t at_us[4];
    uint32_t count;
};

static sarn_status try_again(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct tries *tries = stage->arg;

    tries->at_us[tries->count++ & 3] = sarn__sim_now_us(stage->sim);
    return tries->count < 3 ? sarn_step_fail(call, "busy", "busy") : SARN_OK;
}

/* How long it waited before its second attempt. */
static int64_t waited_us(const struct sarn_workflow *w, uint64_t seed)
{
    struct tries tries = {.count = 0};
    struct stage stage;

    stage_open(&stage, &w, 1, seed, &tries);
    assert_string_equal(stage_do(&stage, NULL), "ok");
    assert_int_equal(tries.count, 3);
    stage_close(&stage);
    return tries.at_us[1] - tries.at_us[0];
}

static void
the_jitter_of_a_retry_is_drawn_by_chance_and_one_seed_is_one_chance(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a",
         .run = try_again,
         .retry = {.initial_interval_us = 100 * SECOND,
                   .maximum_interval_us = 100 * SECOND,
                   .jitter = 0.5}}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    int64_t least_us = INT64_MAX, most_us = 0;

    (void)unused;
    for (uint64_t seed = 0; seed < 30; seed++) {
        int64_t us = waited_us(&w, seed);

        assert_in_range(us, 50 * SECOND, 101 * SECOND);
        assert_int_equal(waited_us(&w, seed), us);
        least_us = us < least_us ? us : least_us;
        most_us = us > most_us ? us : most_us;
    }
    assert_true(least_us < 60 * SECOND && most_us > 90 * SECOND);
}

/* --- cancelled --- */

static const struct sarn_step cancelled[] = {
    {.id = "a", .run = stage_serve, .compensate = stage_serve},
    {.id = "b",
     .run = take_time,
     .compensate = stage_serve,
     .flags = SARN_STEP_IDEMPOTENT,
     .timeouts = {.start_to_close_us = 100 * SECOND}},
    {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = 3600 * SECOND}};

static void what_waits_is_given_up_by_a_cancel_and_undone(void **unused)
{
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(cancelled)};
    const struct sarn_workflow *workflows[] = {&w};
    struct slow slow = {.calls = 0};
    struct sarn__sim_outcome out;
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, &slow);
    stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    stage_settle(&stage);
    assert_int_equal(out.answers, 0);
    stage_cancel(&stage, "w-1", false);
    sarn__sim_run(stage.sim);
    assert_string_equal(stage_describe(&stage, &out),
                        "cancelled and compensated: no longer wanted");
    assert_non_null(strstr(stage_history(&stage, "w-1"),
                           "slept 3600000ms, cancel asked, t given up, undoing, undo "
                           "b#1 begun, undo b#1 ok, undo a#1 begun, undo a#1 ok, "
                           "cancelled"));
    stage_close(&stage);
}

/* Cancel while b is out; what the history says from there on. */
static void
cancel_in_b(bool terminate, uint64_t seed, struct stage *stage, struct slow *slow)
{
    static const struct sarn_workflow w = {
        .name = "w", .version = 1, SARN_STEPS(cancelled)};
    const struct sarn_workflow *workflows[] = {&w};
    struct sarn__sim_outcome out;

    *slow = (struct slow){.takes_us = {5 * SECOND, 0, 0, 0}, .beats = true};
    stage_open(stage, workflows, 1, seed, slow);
    stage_start(stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    while (sarn__sim_jobs(stage->sim, SARN__JOB_STEP) == 0 ||
           strstr(stage_history(stage, "w-1"), "b#1 begun") == NULL) {
        assert_true(sarn__sim_move(stage->sim));
    }
    stage_cancel(stage, "w-1", terminate);
    sarn__sim_run(stage->sim);
    assert_int_equal(out.status, terminate ? SARN_ERR_TERMINATED : SARN_ERR_CANCELLED);
    assert_int_equal(stage_served(stage, "/run/b"), 1);
    assert_int_equal(stage_served(stage, "/compensate/b"), 1);
    assert_int_equal(stage_served(stage, "/compensate/a"), 1);
    assert_int_equal(sarn__orchestrator_running(sarn__sim_engine(stage->sim)), 0);
    (void)stage_history(stage, "w-1");
}

static void what_is_under_way_is_told_of_a_cancel_and_heard_to_its_end(void **unused)
{
    uint32_t told = 0;

    (void)unused;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct stage stage;
        struct slow slow;

        cancel_in_b(false, seed, &stage, &slow);
        assert_non_null(strstr(
            stage.text, "cancel asked, b#1 ok, undoing, undo b#1 begun, undo b#1 "
                        "ok, undo a#1 begun, undo a#1 ok, cancelled"));
        told += slow.cancelled ? 1 : 0;
        stage_close(&stage);
    }
    assert_true(told > 0);
}

static void a_terminate_does_not_wait_for_what_is_under_way(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct stage stage;
        struct slow slow;

        cancel_in_b(true, seed, &stage, &slow);
        assert_non_null(strstr(stage.text, "terminate asked, undoing, undo a#1 begun"));
        assert_non_null(strstr(stage.text, "undo b#1 ok, terminated"));
        stage_close(&stage);
    }
}

static void a_run_whose_time_is_up_is_undone(void **unused)
{
    const struct sarn_workflow w = {
        .name = "w", .version = 1, SARN_STEPS(cancelled), .timeout_us = 60 * SECOND};
    const struct sarn_workflow *workflows[] = {&w};
    struct slow slow = {.calls = 0};
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, &slow);
    assert_string_equal(stage_do(&stage, NULL),
                        "timed out: the time of this run is up");
    assert_non_null(strstr(stage_history(&stage, "w-1"),
                           "t waits, slept 59999ms, t given up, undoing"));
    stage_close(&stage);
}

/* --- asking again --- */

static sarn_status do_not_know_yet(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);
    struct slow *slow = stage->arg;

    slow->asked += 1;
    if (slow->asked < 3) {
        return sarn_step_fail(call, "down", "the service is down");
    }
    sarn_step_set_fate(call, SARN_STEP_DONE);
    return SARN_OK;
}

static void a_reconcile_that_fails_is_asked_again(void **unused)
{
    static const struct sarn_step steps[] = {
        {.id = "a", .run = take_time, .reconcile = do_not_know_yet}};
    const struct sarn_workflow w = {.name = "w", .version = 1, SARN_STEPS(steps)};
    const struct sarn_workflow *workflows[] = {&w};
    struct slow slow = {.calls = 0};
    struct sarn__sim_outcome out;
    struct stage stage;

    (void)unused;
    stage_open(&stage, workflows, 1, 1, &slow);
    stage_start(&stage, "w", "1", NULL, SARN_EXISTS_JOIN, &out);
    while (slow.calls == 0) {
        assert_true(sarn__sim_move(stage.sim));
    }
    stage_crash(&stage);
    sarn__sim_run(stage.sim);
    assert_int_equal(slow.asked, 3);
    assert_string_equal(stage_history(&stage, "w-1"),
                        "started, a#1 begun, a#1 was done, completed");
    assert_int_equal(stage_in_memory(&stage), 0);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            the_members_of_a_group_are_out_at_once_and_come_back_in_any_order),
        cmocka_unit_test(a_member_that_fails_undoes_the_others_when_they_have_ended),
        cmocka_unit_test(
            a_late_attempt_of_an_idempotent_step_is_made_again_and_forgotten),
        cmocka_unit_test(a_late_attempt_of_another_step_is_in_doubt_and_asked_about),
        cmocka_unit_test(who_gives_no_sign_of_life_is_late_and_who_does_is_not),
        cmocka_unit_test(what_no_worker_has_begun_is_not_late),
        cmocka_unit_test(
            the_jitter_of_a_retry_is_drawn_by_chance_and_one_seed_is_one_chance),
        cmocka_unit_test(what_waits_is_given_up_by_a_cancel_and_undone),
        cmocka_unit_test(what_is_under_way_is_told_of_a_cancel_and_heard_to_its_end),
        cmocka_unit_test(a_terminate_does_not_wait_for_what_is_under_way),
        cmocka_unit_test(a_run_whose_time_is_up_is_undone),
        cmocka_unit_test(a_reconcile_that_fails_is_asked_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
