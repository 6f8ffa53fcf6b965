/* Crash everywhere, for every kind of step and whatever an execution is told: wherever
 * the power goes, in the end each step stands as often as the end of the execution
 * says, and nothing was done twice. */
#include <string.h>

#include "engine/orchestrator.h"
#include "engine/state.h"
#include "support/heap.h"
#include "support/stage.h"

#define SECOND    INT64_C(1000000)
#define MOVES_MAX 3000u

/* --- the world's services --- */

/* The effect of a step's call is known by its key. */
static const struct stage_deed *find_deed(const struct stage *stage,
                                          struct sarn_str key)
{
    for (uint32_t i = 0; i < stage->deed_count; i++) {
        if (sarn_str_equal(sarn_str(stage->deeds[i].key), key)) {
            return &stage->deeds[i];
        }
    }
    return NULL;
}

static sarn_status know(struct sarn_step_call *call)
{
    const struct stage *stage = sarn_step_context(call);
    bool done = find_deed(stage, sarn_step_key(call)) != NULL;

    sarn_step_set_fate(call, done ? SARN_STEP_DONE : SARN_STEP_NOT_DONE);
    return SARN_OK;
}

static sarn_status refuse(struct sarn_step_call *call)
{
    return sarn_step_fail(call, "no", "no");
}

/* The first call takes too long. */
static sarn_status dawdle(struct sarn_step_call *call)
{
    struct stage *stage = sarn_step_context(call);

    if (find_deed(stage, sarn_step_key(call)) == NULL) {
        sarn__sim_advance(stage->sim, 5 * SECOND);
    }
    return stage_serve(call);
}

static sarn_status go_round(struct sarn_step_call *call)
{
    if (sarn_step_visit(call) < 3 && sarn_step_next(call, "a") != SARN_OK) {
        return SARN_ERR_INVALID;
    }
    return stage_serve(call);
}

static sarn_status go_on_anew(struct sarn_step_call *call)
{
    const struct sarn_str *left = sarn_step_input(call);
    struct sarn_str less = {left->data, left->size > 0 ? left->size - 1 : 0};

    if (left->size > 1 && sarn_step_continue_as_new(call, &less) != SARN_OK) {
        return SARN_ERR_INVALID;
    }
    return stage_serve(call);
}

/* How often the step called id stands, over all visits and runs: -1: an effect that
 * must not be repeated was. */
static int stands(const struct stage *stage, const struct sarn_step *step)
{
    char part[64];
    int count = 0;

    snprintf(part, sizeof(part), "/run/%s", step->id);
    for (uint32_t i = 0; i < stage->deed_count; i++) {
        const struct stage_deed *deed = &stage->deeds[i];
        const char *at = strstr(deed->key, part);
        char undone[sizeof(deed->key) + 16];

        if (at == NULL || (at[strlen(part)] != '\0' && at[strlen(part)] != '/')) {
            continue;
        }
        if (deed->calls > 1 && (step->flags & SARN_STEP_IDEMPOTENT) == 0) {
            return -1;
        }
        snprintf(undone, sizeof(undone), "%.*s/compensate/%s", (int)(at - deed->key),
                 deed->key, at + 5);
        count += find_deed(stage, sarn_str(undone)) == NULL ? 1 : 0;
    }
    return count;
}

/* --- the acts --- */

/* E: not idempotent, but its reconcile knows. I: idempotent. */
#define E(name)                                                                        \
    .id = (name), .run = stage_serve, .compensate = stage_serve, .reconcile = know
#define I(name)                                                                        \
    .id = (name), .run = stage_serve, .compensate = stage_serve,                       \
    .flags = SARN_STEP_IDEMPOTENT

static const struct sarn_step timer_steps[] = {
    {E("a")}, {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = 60 * SECOND}, {I("b")}};
static const struct sarn_step signal_steps[] = {
    {I("a")},
    {.id = "s",
     .kind = SARN_STEP_SIGNAL,
     .signal = "go",
     .timeouts = {.schedule_to_close_us = 3600 * SECOND}},
    {E("b")}};
static const struct sarn_step group_steps[] = {
    {E("a"), .group = "g"}, {I("b"), .group = "g"}, {E("c"), .group = "g"}, {I("d")}};
static const struct sarn_step broken_steps[] = {{E("a"), .group = "g"},
                                                {I("b"), .group = "g"},
                                                {.id = "c",
                                                 .run = refuse,
                                                 .reconcile = know,
                                                 .group = "g",
                                                 .retry = {.maximum_attempts = 1}},
                                                {I("d")}};
static const struct sarn_step race_steps[] = {
    {E("a"), .group = "g"},
    {.id = "t", .kind = SARN_STEP_TIMER, .delay_us = 60 * SECOND, .group = "g"},
    {E("b")}};
static const struct sarn_group race_groups[] = {{.name = "g", .join = SARN_JOIN_FIRST}};
static const struct sarn_step late_steps[] = {
    {.id = "a",
     .run = dawdle,
     .compensate = stage_serve,
     .flags = SARN_STEP_IDEMPOTENT,
     .timeouts = {.start_to_close_us = 2 * SECOND}},
    {.id = "b",
     .run = dawdle,
     .compensate = stage_serve,
     .reconcile = know,
     .timeouts = {.start_to_close_us = 2 * SECOND}}};
static const struct sarn_step plain_steps[] = {{E("a")}, {I("b")}, {I("c")}, {E("d")}};
static const struct sarn_step loop_steps[] = {{I("a")},
                                              {E("b")},
                                              {.id = "c",
                                               .run = go_round,
                                               .compensate = stage_serve,
                                               .flags = SARN_STEP_IDEMPOTENT}};
static const struct sarn_step anew_steps[] = {{E("a")},
                                              {.id = "b",
                                               .run = go_on_anew,
                                               .compensate = stage_serve,
                                               .flags = SARN_STEP_IDEMPOTENT}};
static const struct sarn_step kid_steps[] = {{E("k")}, {I("l")}};
static const struct sarn_step parent_steps[] = {
    {E("a")}, {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid"}, {I("b")}};
static const struct sarn_step orphan_steps[] = {
    {E("a")},
    {.id = "kid", .kind = SARN_STEP_CHILD, .child = "kid"},
    {.id = "b", .run = refuse, .reconcile = know, .retry = {.maximum_attempts = 1}}};

/* What it is told when its history shows something for the first time. */
struct cue {
    const char *when; /* NULL: nothing. */
    uint32_t op;      /* enum sarn_control_op */
    const char *step;
    const char *seen; /* In the history of the one that was told. */
};

struct act {
    const char *name;
    struct sarn_workflow w;
    struct cue cues[2];
    sarn_status ends[2]; /* One of them. */
    int times;           /* Each step stands when it completed. */
    const char *input;
};

#define W(steps_) .w = {.name = "w", .version = 1, SARN_STEPS(steps_)}

static const struct act acts[] = {
    {"timer", W(timer_steps), .times = 1},
    {"signal",
     W(signal_steps),
     {{"s waits", SARN_CONTROL_SIGNAL, NULL, "signal go"}},
     .times = 1},
    {"group", W(group_steps), .times = 1},
    {"broken group", W(broken_steps),
     .ends = {SARN_ERR_COMPENSATED, SARN_ERR_COMPENSATED}},
    {"race",
     .w = {.name = "w",
           .version = 1,
           SARN_STEPS(race_steps),
           .groups = race_groups,
           .group_count = 1},
     .times = 1},
    {"late", W(late_steps), .times = 1},
    {"cancel",
     W(plain_steps),
     {{"a#1 begun", SARN_CONTROL_CANCEL, NULL, "cancel asked"}},
     {SARN_ERR_CANCELLED, SARN_OK},
     1},
    {"cancel while a group is under way",
     W(group_steps),
     {{"a#1 begun", SARN_CONTROL_CANCEL, NULL, "cancel asked"}},
     {SARN_ERR_CANCELLED, SARN_OK},
     1},
    {"cancel what waits",
     W(signal_steps),
     {{"s waits", SARN_CONTROL_CANCEL, NULL, "cancel asked"}},
     {SARN_ERR_CANCELLED, SARN_ERR_CANCELLED}},
    {"terminate",
     W(plain_steps),
     {{"a#1 begun", SARN_CONTROL_TERMINATE, NULL, "terminate asked"}},
     {SARN_ERR_TERMINATED, SARN_OK},
     1},
    {"terminate while a group is under way",
     W(group_steps),
     {{"a#1 begun", SARN_CONTROL_TERMINATE, NULL, "terminate asked"}},
     {SARN_ERR_TERMINATED, SARN_OK},
     1},
    {"the time of the run is up",
     .w = {.name = "w",
           .version = 1,
           SARN_STEPS(timer_steps),
           .timeout_us = 30 * SECOND},
     .ends = {SARN_ERR_TIMEOUT, SARN_ERR_TIMEOUT}},
    {"loop", W(loop_steps), .times = 3},
    {"continue as new",
     .w =
         {.name = "w", .version = 1, .input = &sarn_bytes_type, SARN_STEPS(anew_steps)},
     .times = 3, .input = "xxx"},
    {"reset",
     W(plain_steps),
     {{"c#1 ok", SARN_CONTROL_RESET, "b", "reset to"}},
     {SARN_OK, SARN_OK},
     1},
    {"pause",
     W(plain_steps),
     {{"a#1 ok", SARN_CONTROL_PAUSE, NULL, "paused"},
      {"paused", SARN_CONTROL_RESUME, NULL, "resumed"}},
     .times = 1},
    {"child", W(parent_steps), .times = 1},
    {"child undone", W(orphan_steps),
     .ends = {SARN_ERR_COMPENSATED, SARN_ERR_COMPENSATED}},
    {"cancel a parent",
     W(parent_steps),
     {{"kid waits", SARN_CONTROL_CANCEL, NULL, "cancel asked"}},
     {SARN_ERR_CANCELLED, SARN_OK},
     1},
};
static const struct sarn_workflow kid = {
    .name = "kid", .version = 1, SARN_STEPS(kid_steps)};

/* --- on stage --- */

struct play {
    const struct act *act;
    struct stage stage;
    struct sarn__sim_outcome out;
    struct sarn__sim_outcome told[2];
    bool cued[2]; /* Told in this process. */
};

static void cue(struct play *play, uint32_t index)
{
    const struct cue *cue = &play->act->cues[index];
    struct sarn_control control = SARN_CONTROL_INIT;
    struct sarn_error error = {SARN_OK, ""};
    struct sarn__request *request = NULL;
    const char *history = NULL;

    if (play->told[index].answers > 0 && play->told[index].status != SARN_OK) {
        play->cued[index] = false; /* Once more. */
    }
    if (cue->when == NULL || play->cued[index]) {
        return;
    }
    history = stage_history(&play->stage, "w-1");
    if (strstr(history, cue->when) == NULL || strstr(history, cue->seen) != NULL) {
        return;
    }
    control.op = cue->op;
    control.workflow = sarn_str("w");
    control.workflow_id = sarn_str("1");
    control.name = sarn_str(cue->op == SARN_CONTROL_SIGNAL ? "go" : NULL);
    control.step = sarn_str(cue->step);
    play->told[index] = (struct sarn__sim_outcome){0};
    if (sarn__request_control(sarn__sim_engine(play->stage.sim), &control, &request,
                              &error) == SARN_OK) { /* Else once more. */
        play->cued[index] = true;
        sarn__sim_request(play->stage.sim, request, &play->told[index]);
    }
}

/* At most so many moves, and what is told at each of them. false: nothing was left. */
static bool go(struct play *play, uint64_t moves)
{
    for (uint64_t i = 0; i < moves; i++) {
        int64_t wake_us = 0;

        cue(play, 0);
        cue(play, 1);
        if (sarn__sim_move(play->stage.sim)) {
            continue;
        }
        wake_us = sarn__sim_wake_us(play->stage.sim);
        if (wake_us == INT64_MAX) {
            return false;
        }
        sarn__sim_advance(play->stage.sim, wake_us - sarn__sim_now_us(play->stage.sim));
    }
    return true;
}

static void
begin_in(struct play *play, const struct act *act, uint64_t seed, struct sarn_heap heap)
{
    const struct sarn_workflow *workflows[] = {&act->w, &kid};

    *play = (struct play){.act = act};
    stage_open_in(&play->stage, workflows, 2, seed, NULL, heap);
    stage_start(&play->stage, "w", "1", act->input, SARN_EXISTS_JOIN, &play->out);
}

static void begin(struct play *play, const struct act *act, uint64_t seed)
{
    begin_in(play, act, seed, (struct sarn_heap){NULL, NULL});
}

static void crash(struct play *play)
{
    stage_crash(&play->stage);
    play->cued[0] = play->cued[1] = false;
}

/* Does every step of workflow stand so often? */
static void check_steps(struct play *play,
                        const struct sarn_workflow *workflow,
                        int times,
                        const char *what)
{
    for (uint32_t i = 0; i < workflow->step_count; i++) {
        const struct sarn_step *step = &workflow->steps[i];
        int found = stands(&play->stage, step);

        if (step->compensate != NULL && found != times) {
            char own[4096];

            snprintf(own, sizeof(own), "%s", stage_history(&play->stage, "w-1"));
            fail_msg("%s: step %s stands %d times and not %d\n%s\nkid: %s", what,
                     step->id, found, times, own,
                     stage_history(&play->stage, "kid-1/kid"));
        }
    }
}

/* However it ended, it says so once more, and the world is as it says. */
static void check(struct play *play, const char *what)
{
    const struct act *act = play->act;
    sarn_status before = play->out.status;
    bool answered = play->out.answers == 1 && before != SARN_ERR_CLOSED;
    bool has_kid = false;
    int times = 0;

    stage_start(&play->stage, "w", "1", act->input, SARN_EXISTS_JOIN, &play->out);
    (void)go(play, MOVES_MAX);
    if (play->out.answers != 1 || (answered && play->out.status != before) ||
        (play->out.status != act->ends[0] && play->out.status != act->ends[1])) {
        fail_msg("%s: %u answers, %s: %s\n%s", what, play->out.answers,
                 sarn_status_text(play->out.status), play->out.text,
                 stage_history(&play->stage, "w-1"));
    }
    times = play->out.status == SARN_OK ? act->times : 0;
    check_steps(play, &act->w, times, what);
    for (uint32_t i = 0; i < act->w.step_count; i++) {
        has_kid = has_kid || act->w.steps[i].kind == SARN_STEP_CHILD;
    }
    if (has_kid) {
        check_steps(play, &kid, times, what);
    }
    assert_int_equal(sarn__orchestrator_running(sarn__sim_engine(play->stage.sim)), 0);
    assert_int_equal(stage_in_memory(&play->stage), 0);
}

/* --- the tests --- */

#define ACTS (sizeof(acts) / sizeof(acts[0]))

static void wherever_the_power_goes_all_steps_stand_or_none(void **unused)
{
    uint64_t crashes = 0;

    (void)unused;
    for (size_t a = 0; a < ACTS; a++) {
        bool more = true;

        for (uint64_t moves = 1; more; moves++) {
            struct play play;
            char what[128];

            snprintf(what, sizeof(what), "%s, crash after %" PRIu64, acts[a].name,
                     moves);
            begin(&play, &acts[a], moves);
            more = go(&play, moves);
            crash(&play);
            assert_false(go(&play, MOVES_MAX));
            check(&play, what);
            stage_close(&play.stage);
            crashes += 1;
        }
    }
    print_message("%" PRIu64 " crashes\n", crashes);
}

static void several_crashes_are_no_worse(void **unused)
{
    (void)unused;
    for (size_t a = 0; a < ACTS; a++) {
        for (uint64_t seed = 0; seed < 60; seed++) {
            struct play play;
            char what[128];

            snprintf(what, sizeof(what), "%s, crashes of seed %" PRIu64, acts[a].name,
                     seed);
            begin(&play, &acts[a], seed);
            for (int i = 0; i < 4; i++) {
                (void)go(&play, sarn__sim_draw(play.stage.sim, 30));
                crash(&play);
            }
            assert_false(go(&play, MOVES_MAX));
            check(&play, what);
            stage_close(&play.stage);
        }
    }
}

static void a_full_disk_costs_time_and_nothing_else(void **unused)
{
    (void)unused;
    for (size_t a = 0; a < ACTS; a++) {
        for (uint32_t nth = 2; nth <= 12; nth++) {
            for (uint64_t seed = 0; seed < 4; seed++) {
                struct play play;
                char what[128];

                snprintf(what, sizeof(what), "%s, no room at append %u, seed %" PRIu64,
                         acts[a].name, nth, seed);
                begin(&play, &acts[a], seed);
                sarn__sim_fail_append(play.stage.sim, nth, SARN__MEMORY_FULL);
                while (go(&play, MOVES_MAX)) {
                    fail_msg("%s: it has no end\n%s", what,
                             stage_history(&play.stage, "w-1"));
                }
                check(&play, what);
                stage_close(&play.stage);
            }
        }
    }
}

static void a_close_leaves_everything_as_the_next_open_needs_it(void **unused)
{
    (void)unused;
    for (size_t a = 0; a < ACTS; a++) {
        bool more = true;

        for (uint64_t moves = 1; more; moves++) {
            struct sarn_error error;
            struct play play;
            char what[128];

            snprintf(what, sizeof(what), "%s, closed after %" PRIu64, acts[a].name,
                     moves);
            begin(&play, &acts[a], moves);
            more = go(&play, moves);
            sarn__sim_close(play.stage.sim);
            play.cued[0] = play.cued[1] = false;
            assert_int_equal(sarn__sim_open(play.stage.sim, NULL, 0, &error), SARN_OK);
            assert_false(go(&play, MOVES_MAX));
            check(&play, what);
            stage_close(&play.stage);
        }
    }
}

static void without_memory_at_any_moment_nothing_is_done_twice(void **unused)
{
    (void)unused;
    for (size_t a = 0; a < ACTS; a++) {
        bool more = true;

        for (uint64_t nth = a % 3 + 1; more; nth += 3) {
            struct test_heap heap = {.live = 0};
            struct sarn_error error;
            struct play play;
            uint64_t fail_at = 0;
            char what[128];

            snprintf(what, sizeof(what), "%s, allocation %" PRIu64, acts[a].name, nth);
            begin_in(&play, &acts[a], nth, test_heap(&heap));
            fail_at = heap.calls + nth;
            heap.fail_at = fail_at;
            (void)go(&play, MOVES_MAX);
            more = heap.calls >= fail_at;
            heap.fail_at = 0;
            if (sarn__sim_engine(play.stage.sim)->stopped != SARN_OK) {
                /* What is durable could not be folded: only a new open can. */
                assert_int_equal(sarn__sim_crash_reopen(play.stage.sim, &error),
                                 SARN_OK);
            }
            play.cued[0] = play.cued[1] = false;
            assert_false(go(&play, MOVES_MAX));
            play.out.answers = 0; /* A start that failed for want of memory is none. */
            check(&play, what);
            stage_close(&play.stage);
            assert_int_equal(heap.live, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wherever_the_power_goes_all_steps_stand_or_none),
        cmocka_unit_test(several_crashes_are_no_worse),
        cmocka_unit_test(a_full_disk_costs_time_and_nothing_else),
        cmocka_unit_test(a_close_leaves_everything_as_the_next_open_needs_it),
        cmocka_unit_test(without_memory_at_any_moment_nothing_is_done_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
